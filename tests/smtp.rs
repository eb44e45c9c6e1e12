//! Submission against a server that misbehaves: each misbehaviour has its outcome, and none of them is a
//! mail that is believed sent and was not, or surely not sent and was.

use crate::support::authority::Authority;
use crate::support::smtp_peer::{Act, Protection, Script, SmtpPeer};
use odjava::config::account::{Endpoint, Login, Mechanism, SecretSource, Security};
use odjava::daemon::smtp::{Letter, Limits, SubmitError, prepare};
use odjava::domain::address::Address;
use odjava::domain::event::{AcceptedBy, FailureClass, SubmitOutcome};
use secrecy::SecretString;
use std::time::Duration;

use Act::{Cut, CutInContent, Drip, Endless, Say, SayAndCut, Silence, Take};
use Protection::{Plain, Starttls, Tls};

const SECRET: &str = "hunter2-and-more";
const RAW: &[u8] = b"From: a@holder.example\r\nMessage-ID: <1@holder.example>\r\n\r\n.\r\n..two\r\n.x\r\nend\r\n";

/// Long enough for a slow machine; a test that waits for a limit shortens that one.
fn limits() -> Limits {
    let long = Duration::from_secs(20);
    Limits {
        connect: long,
        greeting: long,
        command: long,
        data_start: long,
        content: long,
        bytes_per_second: 100_000,
        final_reply: long,
        quit: Duration::from_millis(200),
    }
}

fn short() -> Duration {
    Duration::from_millis(200)
}

fn login(mechanism: Mechanism) -> Login {
    Login { username: "li.wei".into(), mechanism, secret: SecretSource::Literal(SECRET.into()) }
}

fn endpoint(peer: &SmtpPeer, security: Security) -> Endpoint {
    Endpoint {
        host: "localhost".into(),
        port: peer.port,
        security,
        ca_file: (security != Security::None).then(|| Authority::shared().ca_file()),
        login: Some(login(Mechanism::Password)),
    }
}

async fn submit(endpoint: &Endpoint, raw: &[u8], limits: &Limits) -> SubmitOutcome {
    let from = Address::parse("li.wei@holder.example").unwrap();
    let to = Address::parse("support@carrier.example").unwrap();
    let secret = SecretString::from(SECRET);
    match prepare(endpoint, Some(&secret), &Letter { from: &from, to: &to, raw }, limits).await {
        Ok(prepared) => prepared.hand_over(raw, limits).await,
        Err(error) => error.into(),
    }
}

/// The outcome in one word.
fn word(outcome: &SubmitOutcome) -> &'static str {
    match outcome {
        SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply } => "accepted",
        SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound } => "found",
        SubmitOutcome::NotSent { class: FailureClass::Transient, .. } => "transient",
        SubmitOutcome::NotSent { class: FailureClass::Permanent, .. } => "permanent",
        SubmitOutcome::NotSent { class: FailureClass::Account, .. } => "account",
        SubmitOutcome::Unknown { .. } => "unknown",
    }
}

fn reason(outcome: &SubmitOutcome) -> String {
    match outcome {
        SubmitOutcome::NotSent { reason, .. } | SubmitOutcome::Unknown { reason } => reason.clone(),
        SubmitOutcome::Accepted { .. } => String::new(),
    }
}

/// Submits once; checks the outcome, and what must hold whatever the outcome is.
async fn check(script: Script, limits: &Limits, expected: &str) -> SubmitOutcome {
    let security = match script.protection {
        Plain => Security::None,
        Tls(_) => Security::Tls,
        Starttls(_) => Security::Starttls,
    };
    let told = format!("{script:?}");
    let peer = SmtpPeer::start(script).await;
    let outcome = submit(&endpoint(&peer, security), RAW, limits).await;
    assert_eq!(word(&outcome), expected, "{told}: {outcome:?}");
    let taken = peer.taken();
    match &outcome {
        SubmitOutcome::Accepted { .. } => assert_eq!(taken, [RAW], "{told}"),
        SubmitOutcome::NotSent { .. } => assert!(taken.is_empty(), "{told}: taken, yet called not sent"),
        SubmitOutcome::Unknown { .. } => {}
    }
    let text = format!("{outcome:?}");
    for private in [SECRET, "aHVudGVy", "bGkud2Vp", "li.wei", "@carrier.example", "@holder.example"] {
        assert!(!text.contains(private), "{told}: {text} gives away {private}");
    }
    outcome
}

#[tokio::test]
async fn a_mail_arrives_byte_for_byte_whatever_the_protection() {
    for protection in [Plain, Tls("server"), Starttls("server")] {
        check(Script::new(protection), &limits(), "accepted").await;
    }
}

#[tokio::test]
async fn a_large_mail_arrives_byte_for_byte() {
    let raw = [RAW, b".line of a larger mail\r\n".repeat(100_000).as_slice()].concat();
    let peer = SmtpPeer::start(Script::new(Tls("server"))).await;
    assert_eq!(word(&submit(&endpoint(&peer, Security::Tls), &raw, &limits()).await), "accepted");
    assert!(peer.taken() == [raw]);
}

#[tokio::test]
async fn a_refusal_at_each_step_has_its_class() {
    let table: &[(&str, &str, &str)] = &[
        ("greeting", "421 busy\r\n", "transient"),
        ("greeting", "554 go away\r\n", "transient"),
        ("ehlo", "451 later\r\n", "transient"),
        ("auth", "535 5.7.8 wrong password\r\n", "account"),
        ("auth", "534-5.7.9 use an app\r\n534 5.7.9 password\r\n", "account"),
        ("auth", "454 4.7.0 later\r\n", "transient"),
        ("auth", "250 ok\r\n", "transient"),
        ("mail", "451 later\r\n", "transient"),
        ("mail", "550 5.7.1 not your address\r\n", "account"),
        ("mail", "552 5.3.4 too big\r\n", "permanent"),
        ("mail", "354 go\r\n", "transient"),
        ("rcpt", "450 4.2.0 greylisted\r\n", "transient"),
        ("rcpt", "550 5.1.1 <support@carrier.example> unknown\r\n", "permanent"),
        ("rcpt", "571 no\r\n", "permanent"),
        ("rcpt", "530 5.7.0 log in\r\n", "account"),
        ("rcpt", "554 5.7.1 relay access denied\r\n", "account"),
        ("data", "451 later\r\n", "transient"),
        ("data", "554 no\r\n", "permanent"),
        ("data", "250 ok\r\n", "transient"),
        ("data", "354 go\r\n250 already\r\n", "transient"),
        ("greeting", "220 hi\r\n250 hi\r\n", "transient"),
        ("rcpt", "250 ok\r\n250 ok\r\n", "transient"),
        ("content", "452 4.3.1 full\r\n", "transient"),
        ("content", "421 going down\r\n", "transient"),
        ("content", "550 5.7.1 spam\r\n", "permanent"),
        ("content", "550 5.4.5 quota\r\n", "transient"),
    ];
    for (step, text, expected) in table {
        check(Script::new(Plain).but(step, Say(text)), &limits(), expected).await;
    }
}

#[tokio::test]
async fn a_cut_line_is_unknown_only_after_the_final_dot() {
    for step in ["greeting", "ehlo", "auth", "mail", "rcpt", "data"] {
        check(Script::new(Plain).but(step, Cut), &limits(), "transient").await;
        check(Script::new(Tls("server")).but(step, Cut), &limits(), "transient").await;
    }
    for act in
        [Cut, Take(Box::new(Cut)), SayAndCut("25"), SayAndCut("250-queued\r\n"), Take(Box::new(SayAndCut("250 q")))]
    {
        check(Script::new(Plain).but("content", act.clone()), &limits(), "unknown").await;
        check(Script::new(Tls("server")).but("content", act), &limits(), "unknown").await;
    }
}

#[tokio::test]
async fn an_unclear_answer_to_the_final_dot_is_unknown() {
    for text in ["221 bye\r\n", "354 go\r\n", "251 hm\r\n", "ok\r\n", "\r\n", "200\r\n", "250-a\r\n550 b\r\n"] {
        check(Script::new(Plain).but("content", Take(Box::new(Say(text)))), &limits(), "unknown").await;
    }
}

#[tokio::test]
async fn an_unusual_but_allowed_yes_is_a_yes() {
    for text in ["250\r\n", "250 \r\n", "250 ok\n", "250-2.0.0 a\r\n250 2.0.0 b\r\n", "250 \u{43e}\u{43a}\r\n"] {
        check(Script::new(Plain).but("content", Take(Box::new(Say(text)))), &limits(), "accepted").await;
    }
    check(Script::new(Plain).but("content", Take(Box::new(Drip("250 ok\r\n")))), &limits(), "accepted").await;
    check(
        Script::new(Plain).but("ehlo", Say("250-x\r\n250-   \r\n250-auth login\r\n250 x\r\n")),
        &limits(),
        "accepted",
    )
    .await;
}

#[tokio::test]
async fn silence_ends_at_its_own_limit() {
    let at = |step: &str| {
        let mut limits = limits();
        match step {
            "greeting" | "ehlo" | "starttls" => limits.greeting = short(),
            "auth" | "mail" | "rcpt" => limits.command = short(),
            "data" => limits.data_start = short(),
            _ => (limits.content, limits.final_reply) = (short(), short()),
        }
        limits
    };
    for step in ["greeting", "ehlo", "auth", "mail", "rcpt", "data"] {
        check(Script::new(Plain).but(step, Silence), &at(step), "transient").await;
        let drip = Drip("250-drop by drop, and never an end to it\r\n250-drop by drop, and never an end to it\r\n");
        check(Script::new(Plain).but(step, drip), &at(step), "transient").await;
    }
    check(Script::new(Starttls("server")).but("starttls", Silence), &at("starttls"), "transient").await;
    for act in [Silence, Take(Box::new(Silence)), Take(Box::new(Drip("250-drop by drop, and never an end to it\r\n")))]
    {
        check(Script::new(Plain).but("content", act), &at("content"), "unknown").await;
    }
}

#[tokio::test]
async fn a_server_that_talks_without_end_is_left() {
    for text in ["220-welcome\r\n", "x", "220 a\r\n", "\r\n", "\u{0}\u{ff}\r\n"] {
        check(Script::new(Plain).but("greeting", Endless(text)), &limits(), "transient").await;
    }
    check(Script::new(Plain).but("content", Take(Box::new(Endless("250-x\r\n")))), &limits(), "unknown").await;
}

#[tokio::test]
async fn garbage_is_no_answer() {
    for step in ["greeting", "ehlo", "auth", "mail", "rcpt", "data"] {
        for text in ["HTTP/1.1 400 Bad Request\r\n", "\u{16}\u{3}\u{1}\r\n", "99\r\n", "250_ok\r\n"] {
            check(Script::new(Plain).but(step, Say(text)), &limits(), "transient").await;
        }
    }
}

#[tokio::test]
async fn a_mail_cut_before_its_final_dot_was_not_sent() {
    let raw = [RAW, b"line of a larger mail\r\n".repeat(400_000).as_slice()].concat();
    for text in ["", "552 5.3.4 too big\r\n"] {
        let peer = SmtpPeer::start(Script::new(Plain).but("data", CutInContent(10_000, text))).await;
        let outcome = submit(&endpoint(&peer, Security::None), &raw, &limits()).await;
        assert!(matches!(outcome, SubmitOutcome::NotSent { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn nothing_that_could_deliver_is_said_before_the_hand_over() {
    let peer = SmtpPeer::start(Script::new(Plain)).await;
    let endpoint = endpoint(&peer, Security::None);
    let (from, to) = (Address::parse("a@holder.example").unwrap(), Address::parse("b@carrier.example").unwrap());
    let secret = SecretString::from(SECRET);
    let letter = Letter { from: &from, to: &to, raw: RAW };
    prepare(&endpoint, Some(&secret), &letter, &limits()).await.unwrap().abandon(&limits()).await;
    let commands = peer.commands();
    let verbs: Vec<&str> = commands.iter().map(|c| c.split(' ').next().unwrap()).collect();
    assert_eq!(verbs, ["EHLO", "AUTH", "MAIL", "RCPT", "QUIT"]);
    assert_eq!(commands[0], "EHLO holder.example", "the machine's own name is not for others");
    assert!(peer.taken().is_empty());
}

async fn account_fault(endpoint: &Endpoint, expected: &str) {
    let outcome = submit(endpoint, RAW, &limits()).await;
    assert_eq!(word(&outcome), "account", "{outcome:?}");
    assert!(reason(&outcome).contains(expected), "{outcome:?} does not say {expected}");
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_is_the_accounts_trouble() {
    for protection in [Tls, Starttls] {
        let security = if protection("server") == Tls("server") { Security::Tls } else { Security::Starttls };
        let peer = SmtpPeer::start(Script::new(protection("server"))).await;
        let good = endpoint(&peer, security);
        account_fault(&Endpoint { ca_file: Some(Authority::shared().other_ca_file()), ..good.clone() }, "`ca_file`")
            .await;
        account_fault(&Endpoint { ca_file: Some("/nowhere/ca.pem".into()), ..good.clone() }, "/nowhere/ca.pem").await;
        account_fault(&Endpoint { host: "127.0.0.1".into(), ..good }, "correct `host`").await;
        for (certificate, expected) in [("other_name", "correct `host`"), ("expired", "expired")] {
            let peer = SmtpPeer::start(Script::new(protection(certificate))).await;
            account_fault(&endpoint(&peer, security), expected).await;
        }
        assert!(!peer.commands().iter().any(|c| c.starts_with("AUTH") || c.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn a_server_without_starttls_hears_nothing_private() {
    for hello in ["250-mail.test\r\n250 AUTH PLAIN\r\n", "250 mail.test\r\n"] {
        let peer = SmtpPeer::start(Script::new(Starttls("server")).but("ehlo", Say(hello))).await;
        account_fault(&endpoint(&peer, Security::Starttls), "STARTTLS").await;
        assert!(peer.commands().iter().all(|c| c.starts_with("EHLO")), "{:?}", peer.commands());
    }
}

#[tokio::test]
async fn plain_text_slipped_in_before_tls_is_never_read_as_an_answer() {
    let injected = Say("220 go\r\n250-mail.test\r\n250 AUTH PLAIN\r\n");
    let peer = SmtpPeer::start(Script::new(Starttls("server")).but("starttls", injected)).await;
    account_fault(&endpoint(&peer, Security::Starttls), "slipped in").await;
    assert_eq!(peer.commands().last().map(String::as_str), Some("STARTTLS"));
    check(Script::new(Starttls("server")).but("starttls", Say("454 4.7.0 later\r\n")), &limits(), "transient").await;
}

#[tokio::test]
async fn tls_to_a_plain_text_port_names_the_setting() {
    let peer = SmtpPeer::start(Script::new(Plain)).await;
    account_fault(&endpoint(&peer, Security::Tls), "starttls").await;
}

#[tokio::test]
async fn plain_text_goes_to_this_machine_only() {
    // TEST-NET-1 (RFC 5737): refused before any connection is made.
    let peer = SmtpPeer::start(Script::new(Plain)).await;
    account_fault(&Endpoint { host: "192.0.2.1".into(), ..endpoint(&peer, Security::None) }, "`security`").await;
}

#[tokio::test]
async fn each_login_is_spoken_as_the_server_offers_it() {
    let script = Script::new(Plain).but("ehlo", Say("250-mail.test\r\n250 AUTH LOGIN\r\n"));
    let peer = SmtpPeer::start(script).await;
    assert_eq!(word(&submit(&endpoint(&peer, Security::None), RAW, &limits()).await), "accepted");
    assert_eq!(peer.commands()[1..4], ["AUTH LOGIN", "bGkud2Vp", "aHVudGVyMi1hbmQtbW9yZQ=="]);

    let peer = SmtpPeer::start(Script::new(Plain)).await;
    let xoauth2 = Endpoint { login: Some(login(Mechanism::Xoauth2)), ..endpoint(&peer, Security::None) };
    assert_eq!(word(&submit(&xoauth2, RAW, &limits()).await), "accepted");
    assert!(peer.commands()[1].starts_with("AUTH XOAUTH2 "));

    let peer = SmtpPeer::start(Script::new(Plain)).await;
    let nobody = Endpoint { login: None, ..endpoint(&peer, Security::None) };
    assert_eq!(word(&submit(&nobody, RAW, &limits()).await), "accepted");
    assert!(!peer.commands().iter().any(|c| c.starts_with("AUTH")));
}

#[tokio::test]
async fn a_login_that_cannot_succeed_is_the_accounts_trouble() {
    // A refused token comes as a challenge first; the code follows an empty answer.
    let script = Script::new(Plain)
        .but("auth", Say("334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"))
        .but("empty", Say("535 5.7.8 token refused\r\n"));
    let peer = SmtpPeer::start(script).await;
    let xoauth2 = Endpoint { login: Some(login(Mechanism::Xoauth2)), ..endpoint(&peer, Security::None) };
    account_fault(&xoauth2, "token refused").await;

    let script = Script::new(Plain).but("ehlo", Say("250-mail.test\r\n250 AUTH CRAM-MD5\r\n"));
    let peer = SmtpPeer::start(script).await;
    account_fault(&endpoint(&peer, Security::None), "PLAIN or LOGIN").await;

    // LOGIN refused, and not a word after: lettre's own dialogue would wait for the answer to QUIT.
    let script =
        Script::new(Plain).but("ehlo", Say("250-mail.test\r\n250 AUTH LOGIN\r\n")).but("auth", Say("535 5.7.8 no\r\n"));
    let peer = SmtpPeer::start(script).await;
    account_fault(&endpoint(&peer, Security::None), "535").await;
}

#[tokio::test]
async fn a_server_that_echoes_the_login_does_not_get_it_into_the_journal() {
    let echo = Say(
        "535 5.7.8 li.wei said AGxpLndlaQBodW50ZXIyLWFuZC1tb3Jl or hunter2-and-more or aHVudGVyMi1hbmQtbW9yZQ==\r\n",
    );
    let outcome = check(Script::new(Plain).but("auth", echo), &limits(), "account").await;
    assert!(!reason(&outcome).contains("AGxp"), "{outcome:?}");
}

#[tokio::test]
async fn a_missing_secret_is_said_before_the_server_is_asked_for_a_login() {
    let peer = SmtpPeer::start(Script::new(Plain)).await;
    let (from, to) = (Address::parse("a@holder.example").unwrap(), Address::parse("b@carrier.example").unwrap());
    let letter = Letter { from: &from, to: &to, raw: RAW };
    let error: SubmitError = prepare(&endpoint(&peer, Security::None), None, &letter, &limits()).await.unwrap_err();
    assert_eq!(error.class, FailureClass::Account);
    assert!(!peer.commands().iter().any(|c| c.starts_with("AUTH")));
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let peer = SmtpPeer::start(Script::new(Plain)).await;
    let gone = endpoint(&peer, Security::None);
    drop(peer);
    let outcome = submit(&gone, RAW, &limits()).await;
    assert_eq!(word(&outcome), "transient", "{outcome:?}");
}
