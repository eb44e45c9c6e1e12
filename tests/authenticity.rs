//! Forged and genuine mail against the judgement of its sender by signatures and chains of seals.
//! Signatures are made, and judged a second time, by another implementation.

use crate::support::signing::*;
use mail_auth::common::cache::NoCache;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dmarc::Dmarc;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::{AuthenticatedMessage, DkimResult, DnsError, MessageAuthenticator, Parameters, ResolverCache, Txt};
use odjava::config::lexicon;
use odjava::domain::reply::proof::{Inquiry, Proof};
use odjava::explain::{Context, Explanation, FileDirectory, Prover, explain_proven};
use odjava::mail::dkim::{Answer, Answers, Step, examine};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

static CONTEXT: LazyLock<Context<FileDirectory>> = LazyLock::new(|| {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies/cases.toml");
    let (directory, mut trust) = FileDirectory::load(&cases).expect("the cases load");
    trust.arc_sealers = vec!["forwarder.example".to_owned(), "list.example".to_owned()];
    trust.public_domains.push("freemail.example".to_owned());
    Context { directory, trust, lexicon: lexicon::built_in().expect("the lexicon"), now: chrono::Utc::now() }
});

/// A confirmation in the thread of case 7Q2M, with these fields on top and nobody's verdict.
pub fn mail(top: &str) -> String {
    format!(
        "{top}From: Info <info@dunavtel.example>\r\nTo: marko.petrovic@odjava.example\r\n\
         Date: Thu, 12 Nov 2026 10:00:00 +0100\r\nMessage-ID: <x.1@dunavtel.example>\r\n\
         In-Reply-To: <case-7Q2M.1@odjava.example>\r\nSubject: Your contract\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nYour contract has been terminated.\r\nRegards,  Info\r\n\r\n"
    )
}

/// The records that the usual signatures need.
pub fn records() -> Answers {
    Answers::from([
        ("s1._domainkey.dunavtel.example".to_owned(), rsa_record()),
        ("e1._domainkey.dunavtel.example".to_owned(), ed25519_record()),
        ("s1._domainkey.mail.dunavtel.example".to_owned(), rsa_record()),
        ("s1._domainkey.evil.example".to_owned(), rsa_record()),
        ("a1._domainkey.forwarder.example".to_owned(), rsa_record()),
        ("a1._domainkey.list.example".to_owned(), rsa_record()),
        ("a1._domainkey.evil.example".to_owned(), rsa_record()),
        ("a1._domainkey.dunavtel.example".to_owned(), rsa_record()),
    ])
}

/// Examines with these answers; what is not among them does not exist. Gives the names asked for as well.
fn examined(raw: &[u8], inquiry: &Inquiry, known: &Answers) -> (Proof, Vec<String>) {
    let (mut answers, mut asked) = (Answers::new(), Vec::new());
    for _ in 0..30 {
        match examine(raw, inquiry, &answers, chrono::Utc::now()) {
            Step::Done(proof) => return (proof, asked),
            Step::Ask(names) => {
                assert!(!names.is_empty());
                for name in names {
                    answers.insert(name.clone(), known.get(&name).cloned().unwrap_or(Answer::Absent));
                    asked.push(name);
                }
            }
        }
    }
    panic!("the examination never ends");
}

pub fn judged(raw: &str, known: &Answers) -> (Explanation, Vec<String>) {
    let (known, asked) = (known.clone(), Arc::new(Mutex::new(Vec::new())));
    let all = Arc::clone(&asked);
    let prover: Box<Prover> = Box::new(move |raw, inquiry| {
        let (proof, asked) = examined(raw, inquiry, &known);
        all.lock().unwrap().extend(asked);
        proof
    });
    let e = explain_proven("mail", raw.as_bytes(), false, &CONTEXT, Some(&*prover)).expect("a file directory answers");
    let asked = asked.lock().unwrap().clone();
    (e, asked)
}

/// The judgement of a mail; whatever is accepted must be valid to the other implementation too.
fn check_with(what: &str, raw: &str, known: &Answers, expected: &str) -> Vec<String> {
    let (e, asked) = judged(raw, known);
    assert_eq!(e.authentic, expected, "{what}: {}", e.authentic_reason);
    assert_eq!(e.would_do == "done", expected == "yes", "{what}: {}", e.would_do);
    if e.authentic_reason.contains("valid signature") {
        assert!(others_dkim(raw, known).contains(&DkimResult::Pass), "{what}: accepted by nobody else");
    }
    asked
}

pub fn check(what: &str, raw: &str, expected: &str) {
    check_with(what, raw, &records(), expected);
}

struct Known<'a>(&'a Answers);

impl ResolverCache<Box<str>, Txt> for Known<'_> {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        let found = self.0.iter().find(|(n, _)| {
            let key: Box<str> = format!("{n}.").into_boxed_str();
            <Box<str> as std::borrow::Borrow<Q>>::borrow(&key) == name
        });
        Some(match found {
            Some((n, Answer::Texts(texts))) if n.starts_with("_dmarc.") => Dmarc::parse(texts[0].as_bytes()).into(),
            Some((_, Answer::Texts(texts))) => DomainKey::parse(texts[0].as_bytes()).into(),
            _ => Txt::Error(mail_auth::Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain))),
        })
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

/// Runs the other implementation with the same records.
macro_rules! others {
    ($raw:expr, $known:expr, $method:ident, $message:ident, $found:ident => $then:expr) => {{
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let $message = AuthenticatedMessage::parse($raw.as_bytes()).unwrap();
        let stub = Known($known);
        runtime.block_on(async {
            let server = MessageAuthenticator::new(ResolverConfig::default(), ResolverOpts::default()).unwrap();
            let $found = server
                .$method(Parameters {
                    params: &$message,
                    cache_txt: Some(&stub),
                    cache_mx: None::<&NoCache<_, _>>,
                    cache_ptr: None::<&NoCache<_, _>>,
                    cache_ipv4: None::<&NoCache<_, _>>,
                    cache_ipv6: None::<&NoCache<_, _>>,
                })
                .await;
            $then
        })
    }};
}

fn others_dkim(raw: &str, known: &Answers) -> Vec<DkimResult> {
    others!(raw, known, verify_dkim, message, found => found.iter().map(|o| o.result().clone()).collect())
}

/// The next ARC set on a mail that may have some.
fn seal(raw: &str, sealer: &str, verdict: &str) -> String {
    others!(raw, &records(), verify_arc, message, found => sealed(raw, sealer, verdict, &found))
}

fn others_arc(raw: &str) -> DkimResult {
    others!(raw, &records(), verify_arc, message, found => found.result().clone())
}

#[test]
fn good_signatures_are_accepted_in_every_form() {
    let plain = mail("");
    let good = signed(&plain, "dunavtel.example");
    check("RSA", &good, "yes");
    check("Ed25519", &signed_ed25519(&plain, "dunavtel.example"), "yes");
    check("both", &signed_ed25519(&good, "dunavtel.example"), "yes");
    check("of a subdomain", &signed(&plain, "mail.dunavtel.example"), "yes");
    check("not expired", &signed_until(&plain, "dunavtel.example", 86_400), "yes");
    // What transport does to a mail.
    check(
        "fields on top",
        &format!("Received: from a by b; Thu, 12 Nov 2026 10:00:00 +0100\r\nX-Spam: no\r\n{good}"),
        "yes",
    );
    check("line ends of a file", &good.replace("\r\n", "\n"), "yes");
    check("more empty lines", &format!("{good}\r\n\r\n"), "yes");
    check("fewer blanks", &good.replace("Regards,  Info", "Regards, Info\t"), "yes");
    check("a name in capitals", &good.replace("Subject: Your", "SUBJECT:  Your"), "yes");
    check("a bad one beside it", &signed(&good, "evil.example"), "yes");
    // Sent once more to others.
    check(
        "more recipients",
        &format!("Bcc: a@b.example\r\nDelivered-To: c@d.example\r\nResent-To: e@f.example\r\n{good}"),
        "yes",
    );
    // Google signs no Content-Type.
    let google = ["to", "subject", "message-id", "date", "from", "in-reply-to", "from", "to", "cc", "subject", "date"];
    check("signed as Google does", &signed_over(&plain, "dunavtel.example", &google[..6]), "yes");
}

#[test]
fn changed_mail_is_contradicted() {
    let good = signed(&mail(""), "dunavtel.example");
    for (what, from, to) in [
        ("a word of the text", "terminated", "prolonged"),
        ("an added word", "Regards", "Best regards"),
        ("the subject", "Subject: Your contract", "Subject: Your Contract"),
        ("the author", "Info <info@", "Boss <info@"),
        ("the thread", "In-Reply-To: <case-7Q2M.1@odjava.example>", "In-Reply-To: <case-7Q2M.1@odjava.example> "),
        ("the recipient", "To: marko", "To: anna.schmidt@odjava.example, marko"),
        ("the type", "text/plain", "text/html"),
        ("the date", "12 Nov", "13 Nov"),
        ("the body hash", "bh=", "bh=AAAA"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(good, bad);
        // White space at the end of a field is no change in the relaxed form.
        check(what, &bad, if what == "the thread" { "yes" } else { "no" });
    }
    check("text put behind", &format!("{good}We take that back.\r\n"), "no");
    check("text put before", &good.replacen("\r\n\r\nYour", "\r\n\r\nNo. Your", 1), "no");
}

#[test]
fn signatures_that_prove_nothing_are_not_accepted() {
    let plain = mail("");
    let good = signed(&plain, "dunavtel.example");
    let tag = |from: &str, to: &str| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(good, bad, "{from}");
        bad
    };
    check("none", &plain, "unknown");
    check("another domain's", &signed(&plain, "evil.example"), "unknown");
    check("a look-alike domain's", &signed(&plain, "dunavtel.example.evil.example"), "unknown");
    check("of the top-level domain", &signed(&plain, "example"), "unknown");
    check("without the subject", &signed_over(&plain, "dunavtel.example", &["From", "Date"]), "unknown");
    check("without the author", &signed_over(&plain, "dunavtel.example", &["Subject", "Date"]), "unknown");
    check(
        "with a length, and text behind",
        &format!("{}More.\r\n", signed_with_length(&plain, "dunavtel.example")),
        "unknown",
    );
    check("expired", &signed_until(&plain, "dunavtel.example", 0).replacen(" t=", " x=1; t=", 1), "unknown");
    check("a second tag d", &tag("d=dunavtel.example", "d=evil.example; d=dunavtel.example"), "unknown");
    check("SHA-1", &tag("a=rsa-sha256", "a=rsa-sha1"), "unknown");
    check("no version", &tag("v=1;", ""), "unknown");
    check("another version", &tag("v=1;", "v=2;"), "unknown");
    check(
        "an empty signature",
        &format!("DKIM-Signature: v=1; a=rsa-sha256; d=dunavtel.example; s=s1; h=from; bh=; b=\r\n{plain}"),
        "unknown",
    );
    check("another algorithm than the key's", &tag("a=rsa-sha256", "a=ed25519-sha256"), "no");
    check("an identity elsewhere", &tag("d=dunavtel.example", "d=dunavtel.example; i=@evil.example"), "unknown");
    check("a selector with a hole", &tag("s=s1", "s=s1..x"), "unknown");
    check("an end before the beginning", &tag("v=1;", "v=1; x=5;"), "unknown");
    // Copies that are not covered: which of them a reader sees is anybody's guess.
    check("a second From", &format!("From: Evil <a@evil.example>\r\n{good}"), "no");
    check("the same From twice", &format!("From: Info <info@dunavtel.example>\r\n{good}"), "no");
    check("a second Subject", &format!("Subject: Your contract is terminated\r\n{good}"), "unknown");
    check("a second type", &format!("Content-Type: text/html\r\n{good}"), "unknown");
    check("a second thread", &format!("In-Reply-To: <case-K4TD.1@odjava.example>\r\n{good}"), "unknown");
    check(
        "a type where none was signed",
        &format!("Content-Type: text/html\r\n{}", signed_over(&plain, "dunavtel.example", &["From", "Subject"])),
        "unknown",
    );
}

#[test]
fn keys_that_prove_nothing_are_not_accepted() {
    let good = signed(&mail(""), "dunavtel.example");
    let key = |answer: Answer| Answers::from([("s1._domainkey.dunavtel.example".to_owned(), answer)]);
    let Answer::Texts(record) = rsa_record() else { panic!() };
    let record = &record[0];
    for (what, answer, expected) in [
        ("withdrawn", text("v=DKIM1; k=rsa; p="), "unknown"),
        ("none", Answer::Absent, "unknown"),
        ("no answer", Answer::Failed, "unknown"),
        ("too short", text(SHORT_KEY), "unknown"),
        ("another one", ed25519_record(), "no"),
        ("no record", text("v=spf1 -all"), "unknown"),
        ("for other services", text(&format!("{record}; s=tlsrpt")), "unknown"),
        ("for SHA-1", text(&format!("{record}; h=sha1")), "unknown"),
        ("damaged", text(&record.replacen("MIIB", "MIIC", 1)), "unknown"),
        ("with notes", text(&format!("{record}; n=a note; t=y:s; h=sha1:sha256; s=email")), "yes"),
        ("in two strings", Answer::Texts(vec!["v=spf1 -all".to_owned(), record.clone()]), "yes"),
    ] {
        let (e, _) = judged(&good, &key(answer));
        assert_eq!(e.authentic, expected, "{what}: {}", e.authentic_reason);
    }
}

#[test]
fn a_domain_may_insist_on_its_very_own_signature() {
    let relative = signed(&mail(""), "mail.dunavtel.example");
    let exact = signed(&mail(""), "dunavtel.example");
    for (policy, expected) in [
        (text("v=DMARC1; p=reject; adkim=s"), "unknown"),
        (text("v=DMARC1; p=reject; adkim=r"), "yes"),
        (text("v=DMARC1; p=none"), "yes"),
        (text("something else"), "yes"),
        (Answer::Absent, "yes"),
        (Answer::Failed, "unknown"),
    ] {
        let mut known = records();
        known.insert("_dmarc.dunavtel.example".to_owned(), policy.clone());
        let asked = check_with(&format!("{policy:?}"), &relative, &known, expected);
        assert!(asked.contains(&"_dmarc.dunavtel.example".to_owned()));
        // Who signs as the very domain needs no policy, and none is asked for.
        let asked = check_with("exact", &exact, &known, "yes");
        assert_eq!(asked, ["s1._domainkey.dunavtel.example"]);
    }
}

#[test]
fn questions_are_few_whatever_a_mail_carries() {
    let stranger = (0..50).fold(mail(""), |raw, i| {
        format!("DKIM-Signature: v=1; a=rsa-sha256; d=e{i}.example; s=a; h=from:subject; bh=AA==; b=AA==\r\n{raw}")
    });
    assert!(check_with("fifty of strangers", &stranger, &records(), "unknown").is_empty());
    let good = signed(&mail(""), "dunavtel.example");
    let signature = good.split_once("From:").unwrap().0;
    let many = (0..50).fold(mail(""), |raw, i| format!("{}{raw}", signature.replacen("s=s1", &format!("s=k{i}"), 1)));
    assert!(check_with("fifty with keys of their own", &many, &records(), "unknown").len() <= 8);
    // A text that was changed is not worth a question.
    assert!(check_with("changed", &good.replacen("terminated", "kept", 1), &records(), "no").is_empty());
    // Our server has judged; nobody is asked.
    let told = format!("Authentication-Results: mx.odjava.example; dmarc=none; dkim=none\r\n{good}");
    assert!(check_with("judged", &told, &records(), "unknown").is_empty());
    let open = format!(
        "Authentication-Results: mx.odjava.example; spf=pass smtp.mailfrom=dunavtel.example; dkim=temperror\r\n{good}"
    );
    assert_eq!(check_with("not judged", &open, &records(), "yes").len(), 1);
    // A mail of no case, of a stranger, of a public mailbox.
    assert!(
        check_with("no case", &signed(&mail("").replace("7Q2M", "ZZZZ"), "dunavtel.example"), &records(), "unknown")
            .is_empty()
    );
    let stranger = signed(&mail("").replace("info@dunavtel", "info@dunavtei"), "dunavtei.example");
    assert!(check_with("a look-alike", &stranger, &records(), "no").is_empty());
    let public = signed(&mail("").replace("info@dunavtel", "dunavtel@freemail"), "freemail.example");
    assert!(check_with("a public mailbox", &public, &records(), "no").is_empty());
}

#[test]
fn hostile_signatures_are_answered_at_once() {
    let names = "from:".repeat(100_000);
    let long = format!(
        "DKIM-Signature: v=1; a=rsa-sha256; d=dunavtel.example; s=s1; h={names}from; bh=AA==; b=AA==\r\n{}",
        mail("")
    );
    check("endless names", &long, "unknown");
    let many = format!("{}{}", "X-A: b\r\n".repeat(100_000), signed(&mail(""), "dunavtel.example"));
    let (e, _) = judged(&many, &records());
    assert_ne!(e.authentic, "yes");
    let tags = format!("DKIM-Signature: {}\r\n{}", "a=b;".repeat(100_000), mail(""));
    check("endless tags", &tags, "unknown");
    let deep = format!("DKIM-Signature: v=1; d=dunavtel.example; b={}\r\n{}", "A".repeat(300_000), mail(""));
    check("an endless signature", &deep, "unknown");
    let chain = (1..=60).fold(mail(""), |raw, i| {
        format!("ARC-Seal: i={i}; a=rsa-sha256; cv=pass; d=forwarder.example; s=a1; b=AA==\r\nARC-Message-Signature: i={i}\r\nARC-Authentication-Results: i={i}; x; dmarc=pass\r\n{raw}")
    });
    check("an endless chain", &chain, "unknown");
    let body = format!("{}{}", signed(&mail(""), "dunavtel.example"), "\r\n \t".repeat(500_000));
    assert_eq!(judged(&body, &records()).0.authentic, "yes");
}

#[test]
fn every_mail_of_the_corpus_is_in_a_form_that_can_be_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies");
    let inquiry = Inquiry { from_domain: "x.example".to_owned(), ..Inquiry::default() };
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mails: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "eml")).collect();
    assert!(mails.len() >= 80);
    for path in mails {
        let (proof, _) = examined(&std::fs::read(&path).unwrap(), &inquiry, &Answers::new());
        assert_eq!(proof.obstacle, None, "{}", path.display());
    }
}

proptest::proptest! {
    /// No change of a byte that both implementations see is accepted by ours alone.
    #[test]
    fn no_mutation_is_accepted_that_the_other_implementation_refuses(
        at in 0usize..1_400, byte in proptest::prelude::any::<u8>(), insert in proptest::prelude::any::<bool>()
    ) {
        static GOOD: LazyLock<String> = LazyLock::new(|| signed(&mail(""), "dunavtel.example"));
        let mut raw = GOOD.clone().into_bytes();
        let at = at % raw.len();
        if insert { raw.insert(at, byte) } else { raw[at] = byte }
        let Ok(raw) = String::from_utf8(raw) else { return Ok(()) };
        let (e, _) = judged(&raw, &records());
        if e.authentic == "yes" {
            proptest::prop_assert!(others_dkim(&raw, &records()).contains(&DkimResult::Pass), "{raw}");
        }
    }

    /// The same of chains.
    #[test]
    fn no_mutation_of_a_chain_is_accepted_that_the_other_implementation_refuses(
        at in 0usize..10_000, byte in proptest::prelude::any::<u8>(), insert in proptest::prelude::any::<bool>()
    ) {
        static GOOD: LazyLock<String> = LazyLock::new(|| {
            seal(&seal(&mail(""), "forwarder.example", PASS), "list.example", "arc=pass; dmarc=fail")
        });
        let mut raw = GOOD.clone().into_bytes();
        let at = at % raw.len();
        if insert { raw.insert(at, byte) } else { raw[at] = byte }
        let Ok(raw) = String::from_utf8(raw) else { return Ok(()) };
        let (e, _) = judged(&raw, &records());
        if e.authentic == "yes" {
            proptest::prop_assert_eq!(others_arc(&raw), DkimResult::Pass, "{}", raw);
        }
    }
}

const PASS: &str = "dmarc=pass header.from=dunavtel.example";

#[test]
fn a_sealed_verdict_counts_from_a_trusted_forwarder_only() {
    let broken = signed(&mail(""), "dunavtel.example").replacen("Regards", "Forwarded by us. Regards", 1);
    check("broken on the way", &broken, "no");
    let good = seal(&broken, "forwarder.example", PASS);
    assert_eq!(others_arc(&good), DkimResult::Pass);
    check("sealed", &good, "yes");
    check("sealed over DKIM", &seal(&broken, "forwarder.example", "dkim=pass header.d=dunavtel.example"), "yes");
    let twice = seal(&good, "list.example", "arc=pass; dkim=fail header.d=dunavtel.example");
    assert_eq!(others_arc(&twice), DkimResult::Pass);
    check("sealed twice", &twice, "yes");
    check("sealed by a stranger", &seal(&broken, "evil.example", PASS), "no");
    check("sealed by the carrier itself", &seal(&broken, "dunavtel.example", PASS), "no");
    check("sealed by a stranger afterwards", &seal(&good, "evil.example", "arc=pass"), "no");
    check(
        "sealed by a stranger before",
        &seal(&seal(&broken, "evil.example", PASS), "list.example", "arc=pass; dmarc=fail"),
        "no",
    );
    for verdict in [
        "dmarc=fail header.from=dunavtel.example",
        "none",
        "dmarc=pass header.from=evil.example",
        "spf=pass",
        "dkim=pass header.d=evil.example",
        "x=(dmarc=pass)",
    ] {
        check(verdict, &seal(&broken, "forwarder.example", verdict), "no");
    }
    for (what, from, to) in [
        ("the sealed verdict", "dmarc=pass header.from=dunavtel", "dmarc=pass  header.from=evil"),
        ("the text", "terminated", "prolonged"),
        ("the subject", "Subject: Your contract", "Subject: Contract"),
        ("cv=fail", "cv=none", "cv=fail"),
        ("cv=pass on the first", "cv=none", "cv=pass"),
        ("the number of the seal", "ARC-Seal: i=1", "ARC-Seal: i=2"),
        ("the number of the verdict", "ARC-Authentication-Results: i=1", "ARC-Authentication-Results: i=2"),
        ("no seal", "ARC-Seal:", "X-Seal:"),
        ("no signature", "ARC-Message-Signature:", "X-Signature:"),
        ("the sealer", "d=forwarder.example", "d=list.example"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(good, bad, "{what}");
        assert_ne!(others_arc(&bad), DkimResult::Pass, "{what}");
        let (e, _) = judged(&bad, &records());
        assert_ne!(e.authentic, "yes", "{what}: {}", e.authentic_reason);
    }
    check("a gap", &twice.replacen("i=2", "i=3", 3), "no");
    let second = format!(
        "ARC-Authentication-Results: i=1; mx.forwarder.example; {PASS}\r\n{}",
        seal(&broken, "forwarder.example", "none")
    );
    check("two verdicts of one number", &second, "no");
    check("another From on top", &format!("From: Info <info@dunavtel.example>\r\n{good}"), "no");
    check("another Subject on top", &format!("Subject: x\r\n{good}"), "unknown");
}

#[test]
fn a_chain_that_our_server_found_whole_counts_as_far_as_its_sealers_do() {
    let ours = |verdict: &str, raw: &str| format!("Authentication-Results: mx.odjava.example; {verdict}\r\n{raw}");
    let chain = |sealer: &str, verdict: &str| seal(&mail(""), sealer, verdict);
    let failed = "dmarc=fail header.from=dunavtel.example";
    check("held", &ours(&format!("arc=pass; {failed}"), &chain("forwarder.example", PASS)), "yes");
    check("held, DMARC silent", &ours("arc=pass; dkim=none", &chain("forwarder.example", PASS)), "yes");
    check("a stranger's", &ours(&format!("arc=pass; {failed}"), &chain("evil.example", PASS)), "no");
    check("broken", &ours(&format!("arc=fail; {failed}"), &chain("forwarder.example", PASS)), "no");
    check("not looked at", &ours(failed, &chain("forwarder.example", PASS)), "no");
    check(
        "said by another server",
        &format!(
            "Authentication-Results: mx.evil.example; arc=pass\r\n{}",
            ours(failed, &chain("forwarder.example", PASS))
        ),
        "no",
    );
    check("sealed failure", &ours(&format!("arc=pass; {failed}"), &chain("forwarder.example", failed)), "no");
    check("no chain at all", &ours(&format!("arc=pass; {failed}"), &mail("")), "no");
    // Nobody is trusted unless the holder says so.
    let mut context = CONTEXT.clone();
    context.trust.arc_sealers.clear();
    let raw = ours(&format!("arc=pass; {failed}"), &chain("forwarder.example", PASS));
    let e = explain_proven("mail", raw.as_bytes(), false, &context, None).unwrap();
    assert_eq!(e.authentic, "no");
}
