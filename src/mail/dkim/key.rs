//! Key records (RFC 6376 §3.6.1) and the test of a signature with one.

use super::tags::{Tags, base64};
use ring::signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};

/// RFC 8301 §3.2: shorter keys prove nothing.
const RSA_BITS_MIN: usize = 1024;

/// Kind of key and signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    Ed25519,
}

/// A key that may be used.
#[derive(Debug)]
pub(super) struct Key {
    kind: Kind,
    bytes: Vec<u8>,
    /// `t=s`: the signer's identity must be of the very domain.
    pub(super) exact_identity: bool,
}

impl Key {
    /// Reads a record; why it cannot be used, in words that follow "its signature".
    pub(super) fn parse(record: &str) -> Result<Self, &'static str> {
        const NO_KEY: &str = "has no usable key";
        let tags = Tags::parse(record).ok_or(NO_KEY)?;
        let version_is_well = match tags.get("v") {
            Some(version) => version == "DKIM1" && tags.first() == Some("v"),
            None => true,
        };
        let lists = |name: &str, wanted: &[&str]| {
            tags.get(name).is_none_or(|v| v.split(':').any(|word| wanted.contains(&word.trim())))
        };
        if !version_is_well || !lists("h", &["sha256"]) || !lists("s", &["*", "email"]) {
            return Err(NO_KEY);
        }
        let bytes = base64(tags.get("p").ok_or(NO_KEY)?).ok_or(NO_KEY)?;
        if bytes.is_empty() {
            return Err("has a key that was withdrawn");
        }
        let exact_identity = tags.get("t").is_some_and(|t| t.split(':').any(|word| word.trim() == "s"));
        match tags.get("k").unwrap_or("rsa") {
            "rsa" => {
                let bytes = rsa_public_key(&bytes).ok_or(NO_KEY)?;
                if modulus_bits(&bytes).ok_or(NO_KEY)? < RSA_BITS_MIN {
                    return Err("has a key that is too short to prove anything");
                }
                Ok(Self { kind: Kind::Rsa, bytes, exact_identity })
            }
            "ed25519" if bytes.len() == 32 => Ok(Self { kind: Kind::Ed25519, bytes, exact_identity }),
            _ => Err(NO_KEY),
        }
    }

    pub(super) fn fits(&self, kind: Kind, signed: &[u8], signature: &[u8]) -> bool {
        kind == self.kind
            && match kind {
                Kind::Rsa => UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &self.bytes)
                    .verify(signed, signature)
                    .is_ok(),
                // RFC 8463 §3: what is signed is the hash.
                Kind::Ed25519 => {
                    let hash = ring::digest::digest(&ring::digest::SHA256, signed);
                    UnparsedPublicKey::new(&ED25519, &self.bytes).verify(hash.as_ref(), signature).is_ok()
                }
            }
    }
}

/// One value of DER: its tag, its content, and what follows.
fn der(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest.get(count..)?)
    };
    Some((*tag, rest.get(..length)?, rest.get(length..)?))
}

/// The bare RSAPublicKey (RFC 8017 §A.1.1), which records wrap in a SubjectPublicKeyInfo or not.
fn rsa_public_key(bytes: &[u8]) -> Option<Vec<u8>> {
    const SEQUENCE: u8 = 0x30;
    let (SEQUENCE, inner, _) = der(bytes)? else { return None };
    match der(inner)? {
        (SEQUENCE, _, rest) => match der(rest)? {
            (0x03, bits, _) => bits.strip_prefix(&[0]).map(<[u8]>::to_vec),
            _ => None,
        },
        _ => Some(bytes.to_vec()),
    }
}

fn modulus_bits(key: &[u8]) -> Option<usize> {
    let (0x02, modulus, _) = der(der(key)?.1)? else { return None };
    let first = modulus.iter().position(|b| *b != 0)?;
    Some((modulus.len() - first) * 8 - usize::try_from(modulus.get(first)?.leading_zeros()).ok()?)
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn unusable_records_are_refused() {
        let ed = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        for record in [
            String::new(),
            "v=DKIM1".to_owned(),
            "v=DKIM1; p=".to_owned(),
            format!("v=DKIM2; k=ed25519; p={ed}"),
            format!("k=ed25519; v=DKIM1; p={ed}"),
            format!("v=DKIM1; k=ed25519; h=sha1; p={ed}"),
            format!("v=DKIM1; k=ed25519; s=tlsrpt; p={ed}"),
            format!("v=DKIM1; k=rsa; p={ed}"),
            format!("v=DKIM1; k=ed448; p={ed}"),
            format!("v=DKIM1; k=ed25519; p={ed}; p={ed}"),
            "v=DKIM1; k=ed25519; p=AAAA".to_owned(),
            "v=spf1 -all".to_owned(),
            "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ".to_owned(),
        ] {
            assert!(Key::parse(&record).is_err(), "{record}");
        }
        let key = Key::parse(&format!("v=DKIM1; k=ed25519; t=y:s; s=email; p={ed}")).expect("a key");
        assert!(key.exact_identity && !key.fits(Kind::Rsa, b"", b"") && !key.fits(Kind::Ed25519, b"", &[0; 64]));
    }
}
