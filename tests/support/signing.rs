//! Signs and seals mail as carriers and forwarders do, with another implementation than the one under test.

use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults};
use odjava::mail::dkim::Answer;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer};
use std::sync::LazyLock;

/// The public half of `signing_key.pem`, a key that was made for these tests.
const RSA_PUBLIC: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqgNBLPaOr5B6Jrr1XymUZk9NhOl4SeTFazjt1tVclFEDn3KrYEPTNhX8dOB7CiyufFgpzGDMvPjAUplW6vmyPGH03rLMorrigWAB83tsm8rID6wt6M8yzB2v9L79qgol+kPcbLjo3VecWwQHLLOVjJ9HRApa3dMdJEyjRSbpwc854KYDkf6daIJiyizqJ8gTiTcL0oXLzGgYQYeSDjJhyhE706StUmqZld6TiUhG8KfUs6Dk6nBxQ77Im3aMXVP+g5mMoeChv4Wck4BOH9NsMnHZG6Nb3KDFSkMS3CC2TAzyr5XRQ1FvXnbMVmBwvDGGf5zSapqVDM+zgN6BOig0wQIDAQAB";

/// A key of 512 bits, as old records hold them.
pub const SHORT_KEY: &str = "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK/r1DG54OGdjdet4ijg+wVVjs3vwi1X8wfxh6HWzrIWqf8iMrj1khrZfVImrgpDQMi6xC6rhdwC8HIWeXgTX0cCAwEAAQ==";

static ED25519: LazyLock<Vec<u8>> = LazyLock::new(|| Ed25519Key::generate_pkcs8().expect("a key"));

/// What is signed when a test does not say.
pub const USUAL: &[&str] = &["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Content-Type"];

fn rsa() -> RsaKey<Sha256> {
    let pem = include_bytes!("signing_key.pem");
    let der = PrivatePkcs1KeyDer::from_pem_slice(pem).expect("a key file");
    RsaKey::from_key_der(PrivateKeyDer::Pkcs1(der)).expect("an RSA key")
}

fn ed25519() -> Ed25519Key {
    Ed25519Key::from_pkcs8_der(&ED25519).expect("a key")
}

/// The record of the RSA key.
pub fn rsa_record() -> Answer {
    text(&format!("v=DKIM1; k=rsa; p={RSA_PUBLIC}"))
}

/// The record of the Ed25519 key.
pub fn ed25519_record() -> Answer {
    text(&format!("v=DKIM1; k=ed25519; p={}", base64(&ed25519().public_key())))
}

/// One text record.
pub fn text(record: &str) -> Answer {
    Answer::Texts(vec![record.to_owned()])
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sixes = |chunk: &[u8]| {
        let word = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        let digit = |i: usize| char::from(ALPHABET[(word >> (18 - 6 * i) & 63) as usize]);
        (0..4).map(|i| if i <= chunk.len() { digit(i) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(sixes).collect()
}

/// Signs with RSA as `domain`, key `s1`.
pub fn signed(raw: &str, domain: &str) -> String {
    signed_over(raw, domain, USUAL)
}

/// Signs these fields with RSA.
pub fn signed_over(raw: &str, domain: &str, fields: &[&str]) -> String {
    sign(raw, rsa(), domain, "s1", fields)
}

/// Signs with Ed25519, key `e1`.
pub fn signed_ed25519(raw: &str, domain: &str) -> String {
    sign(raw, ed25519(), domain, "e1", USUAL)
}

fn sign<K: SigningKey<Hasher = Sha256>>(raw: &str, key: K, domain: &str, selector: &str, fields: &[&str]) -> String {
    let signer = DkimSigner::from_key(key).domain(domain).selector(selector).headers(fields.iter().copied());
    let signature = signer.sign(raw.as_bytes()).expect("a signature");
    format!("{}{raw}", signature.to_header())
}

/// Signs with an end: it expires after so many seconds.
pub fn signed_until(raw: &str, domain: &str, seconds: u64) -> String {
    let signer = DkimSigner::from_key(rsa()).domain(domain).selector("s1").headers(USUAL.iter().copied());
    let signature = signer.expiration(seconds).sign(raw.as_bytes()).expect("a signature");
    format!("{}{raw}", signature.to_header())
}

/// Signs the text as it is, saying how long it is.
pub fn signed_with_length(raw: &str, domain: &str) -> String {
    let signer = DkimSigner::from_key(rsa()).domain(domain).selector("s1").headers(USUAL.iter().copied());
    let signature = signer.body_length(true).sign(raw.as_bytes()).expect("a signature");
    format!("{}{raw}", signature.to_header())
}

/// Adds the next ARC set of `sealer` (key `a1`); `verdict` is what it says it found, `before` what it knows of the chain.
pub fn sealed(raw: &str, sealer: &str, verdict: &str, before: &ArcOutput<'_>) -> String {
    let message = AuthenticatedMessage::parse(raw.as_bytes()).expect("a mail");
    // The verdict is put in by hand: the host name is followed by the results, and both are signed as one text.
    let host = format!("mx.{sealer}; {verdict}");
    let results = AuthenticationResults::new(&host);
    let set = ArcSealer::from_key(rsa())
        .domain(sealer)
        .selector("a1")
        .headers(["From", "To", "Subject", "Date", "Message-ID", "DKIM-Signature"])
        .seal(&message, &results, before)
        .expect("a seal");
    format!("{}{raw}", set.to_header())
}
