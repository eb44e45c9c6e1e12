//! Mail of machines against its labels: reports in the style of many mail systems, and mail that only looks like one.

use crate::replies::explain;
use odjava::domain::address::{Address, MessageId};
use odjava::domain::reply::BounceClass;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/machine")
}

/// What is wrong with the reading of a labelled mail, empty if nothing is.
fn check(raw: &[u8], kind: &str, class: &str, recipient: &str, original: &str) -> String {
    let found = explain(raw).kind.name();
    let kind_right = if kind == "*" { found != "bounce" && found != "confirmed" } else { found == kind };
    let report = odjava::mail::parse::parse(raw, false).report;
    let found_class = report.as_ref().map_or("-", |b| match b.class {
        BounceClass::Permanent => "permanent",
        BounceClass::Temporary => "temporary",
    });
    let found_recipient = report.as_ref().and_then(|b| b.recipient.as_ref()).map_or("-", Address::as_str);
    let found_original = report.as_ref().and_then(|b| b.original.as_ref()).map_or("-", MessageId::as_str);
    let pairs = [(found_class, class), (found_recipient, recipient), (found_original, original)];
    if kind_right && pairs.iter().all(|(a, b)| a == b) {
        return String::new();
    }
    format!("{found} {found_class} {found_recipient} {found_original}, not {kind} {class} {recipient} {original}\n")
}

#[test]
fn mail_of_machines_is_read_and_mail_of_people_is_none() {
    let table = std::fs::read_to_string(corpus().join("labels.tsv")).expect("labels");
    let mut wrong = String::new();
    let mut bounces = 0;
    for line in table.lines().skip(1) {
        let c: Vec<&str> = line.split('\t').collect();
        let raw = std::fs::read(corpus().join(c[0])).expect("a labelled file");
        let problem = check(&raw, c[1], c[2], c[3], c[4]);
        if !problem.is_empty() {
            wrong.push_str(&format!("{}: {problem}", c[0]));
        }
        bounces += usize::from(c[1] == "bounce");
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(bounces >= 30, "{bounces}");
}

#[test]
fn a_report_cut_anywhere_is_still_answered() {
    for entry in std::fs::read_dir(corpus()).expect("the folder").flatten() {
        if entry.path().extension().is_none_or(|e| e != "eml") {
            continue;
        }
        let raw = std::fs::read(entry.path()).expect("a file");
        for tenth in 0..10 {
            let cut = &raw[..raw.len() * tenth / 10];
            let _ = odjava::mail::parse::parse(cut, true);
        }
    }
}

#[test]
fn hostile_reports_are_read_in_time() {
    let head = "From: MAILER-DAEMON@a.example\nSubject: failure notice\nContent-Type: multipart/report; boundary=b\n\n";
    let part = |media: &str, body: &str| format!("{head}--b\nContent-Type: {media}\n\n{body}\n--b--\n");
    let mails = [
        part("message/delivery-status", &"Final-Recipient: rfc822; a@a.example\nAction: x\n\n".repeat(40_000)),
        part("message/delivery-status", &format!("Diagnostic-Code: x{}", "\n y".repeat(400_000))),
        part("message/delivery-status", &"Final-Recipient: rfc822; a@a.example\n".repeat(60_000)),
        part("text/plain", &"a@a.example,".repeat(200_000)),
        part("text/plain", &format!("{}a@a.example", "İ<@".repeat(300_000))),
        part("text/plain", &"original\n".repeat(200_000)),
        part("text/plain", &"Message-ID:\n".repeat(200_000)),
        part("text/rfc822-headers", &"To: x\nReceived: for <\n".repeat(100_000)),
        part("text/plain", &"4.4.4.4 550550 ".repeat(150_000)),
        format!("X-Failed-Recipients: {}\n{head}", "a@a.example, ".repeat(100_000)),
    ];
    for (number, mail) in mails.iter().enumerate() {
        let started = std::time::Instant::now();
        let _ = odjava::mail::parse::parse(mail.as_bytes(), false);
        let took = started.elapsed();
        assert!(took.as_secs_f32() < 2.0, "mail {number} took {took:?}");
    }
}
