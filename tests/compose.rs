//! Composed mails: byte for byte against `tests/golden/*.eml`, and no field can break out of its header.
//! `UPDATE_GOLDEN=1` rewrites the files; look at the difference before committing it.

use chrono::{DateTime, TimeZone, Utc};
use odjava::domain::address::{Address, MessageId};
use odjava::domain::case::{Attachment, Purpose};
use odjava::domain::effect::OutgoingMessage;
use odjava::mail::compose::{ComposeError, NudgeMessage, compose, compose_nudge};
use std::path::Path;

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn request() -> OutgoingMessage {
    OutgoingMessage {
        message_id: id("7q2m.1.0123456789abcdef@holder.example"),
        date: Utc.with_ymd_and_hms(2026, 11, 9, 8, 5, 3).unwrap(),
        purpose: Purpose::Request,
        from: ("Wei Li".into(), address("li.wei@holder.example")),
        reply_to: None,
        to: address("support@carrier.example"),
        subject: "Cancellation of +381601234567 [7Q2M]".into(),
        body: "Dear Sir or Madam,\n\nplease cancel my line.\n.\n.. dots at the start of a line\n\nWei Li\n".into(),
        references: vec![id("7q2m.case.fedcba9876543210@holder.example")],
        in_reply_to: None,
        attachments: vec![],
        not_before: Utc.with_ymd_and_hms(2026, 11, 9, 8, 0, 0).unwrap(),
    }
}

fn follow_up_in_cyrillic() -> OutgoingMessage {
    OutgoingMessage {
        message_id: id("7q2m.2.0123456789abcdef@holder.example"),
        from: ("Петар Петровић".into(), address("petar@holder.example")),
        reply_to: Some(address("petar+od-7q2m-0123456789abcdef@holder.example")),
        subject: "Раскид уговора за број +381601234567 – друго обавештење о раскиду [7Q2M]".into(),
        body: "Поштовани,\n\nпре седам дана сам тражио раскид.\n\nПетар Петровић\n".into(),
        references: vec![id("7q2m.case.fedcba9876543210@holder.example"), id("7q2m.1.0123456789abcdef@holder.example")],
        in_reply_to: Some(id("7q2m.1.0123456789abcdef@holder.example")),
        ..request()
    }
}

fn document(file_name: &str, media_type: &str, bytes: &[u8]) -> (Attachment, Vec<u8>) {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    let digest = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let attachment =
        Attachment { file_name: file_name.into(), media_type: media_type.into(), digest, size: bytes.len() as u64 };
    (attachment, bytes.to_vec())
}

fn with(documents: &[(Attachment, Vec<u8>)]) -> OutgoingMessage {
    OutgoingMessage { attachments: documents.iter().map(|(a, _)| a.clone()).collect(), ..request() }
}

fn nudge() -> NudgeMessage {
    NudgeMessage {
        message_id: id("7q2m.nudge.0123456789abcdef@holder.example"),
        date: Utc.with_ymd_and_hms(2026, 11, 9, 8, 6, 0).unwrap(),
        account: address("li.wei@holder.example"),
        to: address("li.wei@holder.example"),
        subject: "7Q2M：请批准发给运营商的邮件".into(),
        body: "草稿已写好。\n\n    odjava approve 7Q2M\n".into(),
        in_reply_to: Some(id("7q2m.case.fedcba9876543210@holder.example")),
        references: vec![id("7q2m.case.fedcba9876543210@holder.example")],
    }
}

fn check_golden(name: &str, raw: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, raw).unwrap();
    }
    let golden = std::fs::read(&path).unwrap_or_default();
    assert!(
        golden == raw,
        "{name} is not what it was; now:\n{}\n(UPDATE_GOLDEN=1 accepts it)",
        String::from_utf8_lossy(raw)
    );
}

#[test]
fn a_plain_request_is_the_golden_one() {
    check_golden("request_plain.eml", &compose(&request(), &[]).unwrap());
}

#[test]
fn a_cyrillic_follow_up_is_the_golden_one() {
    check_golden("follow_up_cyrillic.eml", &compose(&follow_up_in_cyrillic(), &[]).unwrap());
}

#[test]
fn a_request_with_documents_is_the_golden_one() {
    let documents = [
        document("лична карта \"a\".pdf", "application/pdf", b"%PDF-1.7 line\nline\r\n"),
        document("/home/wei/private/scan.jpg", "image/jpeg", &[0xff, 0xd8, 0, 1, 2]),
        document("old mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny\r\n"),
    ];
    check_golden("request_documents.eml", &compose(&with(&documents), &documents).unwrap());
}

#[test]
fn a_nudge_is_the_golden_one() {
    check_golden("nudge.eml", &compose_nudge(&nudge()).unwrap());
}

#[test]
fn a_mail_program_reads_back_what_was_written() {
    let documents = [document("лична карта.pdf", "application/pdf", b"%PDF-1.7 a\nb\r\nc\r")];
    let message = OutgoingMessage { attachments: vec![documents[0].0.clone()], ..follow_up_in_cyrillic() };
    let raw = compose(&message, &documents).unwrap();
    let read = mail_parser::MessageParser::default().parse(&raw).unwrap();
    assert_eq!(read.subject(), Some(message.subject.as_str()));
    assert_eq!(read.message_id(), Some(message.message_id.as_str()));
    let from = read.from().and_then(|a| a.first()).unwrap();
    assert_eq!((from.name(), from.address()), (Some("Петар Петровић"), Some("petar@holder.example")));
    assert_eq!(read.date().unwrap().to_timestamp(), message.date.timestamp());
    assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), message.body.trim_end());
    let attached = read.attachment(0).unwrap();
    assert_eq!(mail_parser::MimeHeaders::attachment_name(attached), Some("лична карта.pdf"));
    assert_eq!(attached.contents(), documents[0].1.as_slice());
}

#[test]
fn equal_input_gives_equal_bytes() {
    let documents = [document("a.pdf", "application/pdf", b"a")];
    let message = with(&documents);
    assert_eq!(compose(&message, &documents).unwrap(), compose(&message, &documents).unwrap());
}

#[test]
fn nothing_but_the_known_headers_leaves() {
    let known = [
        "Date",
        "From",
        "Reply-To",
        "To",
        "Subject",
        "Message-ID",
        "In-Reply-To",
        "References",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    let raw = String::from_utf8(compose(&follow_up_in_cyrillic(), &[]).unwrap()).unwrap();
    let head = raw.split("\r\n\r\n").next().unwrap();
    let names: Vec<&str> =
        head.split("\r\n").filter(|l| !l.starts_with([' ', '\t'])).map(|l| l.split(':').next().unwrap()).collect();
    assert_eq!(names, known);
}

/// Puts a text into one field.
type Put = fn(&mut OutgoingMessage, &str);

/// Every text that a header is made of, with a way to put something into it.
fn fields() -> Vec<(&'static str, Put)> {
    vec![
        ("Subject", |m, t| m.subject = t.into()),
        ("From", |m, t| m.from.0 = t.into()),
        ("the file name of a document", |m, t| m.attachments[0].file_name = t.into()),
    ]
}

#[test]
fn no_field_can_start_a_header_of_its_own() {
    let hostile = [
        "a\r\nBcc: thief@evil.example",
        "a\nBcc: thief@evil.example",
        "a\rBcc: thief@evil.example",
        "a\r\n\r\n<html>",
        "a\u{0}b",
        "a\u{b}b",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "=?utf-8?q?a=0D=0ABcc:_thief@evil.example?=",
    ];
    for (field, put) in fields() {
        for text in hostile {
            let mut documents = [document("a.pdf", "application/pdf", b"a")];
            let mut message = with(&documents);
            put(&mut message, text);
            documents[0].0 = message.attachments[0].clone();
            let error = compose(&message, &documents).expect_err(&format!("{field} took {text:?}"));
            let expected = if text.starts_with("=?") {
                ComposeError::EncodedWord { field }
            } else {
                ComposeError::ControlCharacter { field }
            };
            assert_eq!(error, expected, "{text:?}");
            assert!(!error.to_string().contains("evil"), "the text of a field is shown: {error}");
        }
    }
}

#[test]
fn a_stored_id_or_address_with_a_line_break_is_refused() {
    // Ids are read from the store without their check.
    let bad: MessageId = serde_json::from_str(r#""a@b>\r\nBcc: <thief@evil.example""#).unwrap();
    let check = |message: OutgoingMessage, field| {
        assert_eq!(compose(&message, &[]).unwrap_err(), ComposeError::BadMessageId { field });
    };
    check(OutgoingMessage { message_id: bad.clone(), ..request() }, "Message-ID");
    check(OutgoingMessage { message_id: id("no-domain"), ..request() }, "Message-ID");
    check(OutgoingMessage { in_reply_to: Some(bad.clone()), ..request() }, "In-Reply-To");
    check(OutgoingMessage { references: vec![id("a@b"), bad], ..request() }, "References");
    let address: Result<Address, _> = serde_json::from_str(r#""a@b.example\r\nBcc: c@d.example""#);
    assert!(address.is_err());
}

#[test]
fn a_nudge_keeps_the_same_rules() {
    let bad = NudgeMessage { subject: "a\nBcc: b@c.example".into(), ..nudge() };
    assert_eq!(compose_nudge(&bad).unwrap_err(), ComposeError::ControlCharacter { field: "Subject" });
    let bad = NudgeMessage { body: "bell \u{7}".into(), ..nudge() };
    assert_eq!(compose_nudge(&bad).unwrap_err(), ComposeError::ControlCharacter { field: "the body" });
}

#[test]
fn a_media_type_is_two_plain_words() {
    for media_type in ["", "pdf", "a/b; name=x", "a/b\r\nBcc: c@d.example", "a/", "/b", "a b/c", "ч/б"] {
        let documents = [document("a.pdf", media_type, b"a")];
        let error = compose(&with(&documents), &documents).unwrap_err();
        assert_eq!(error, ComposeError::BadMediaType { number: 1 }, "{media_type:?}");
    }
}

#[test]
fn only_the_approved_documents_leave() {
    let approved = [document("a.pdf", "application/pdf", b"a"), document("b.pdf", "application/pdf", b"b")];
    let message = with(&approved);
    let check = |documents: &[(Attachment, Vec<u8>)], number| {
        assert_eq!(compose(&message, documents).unwrap_err(), ComposeError::DocumentMismatch { number });
    };
    check(&[], 1);
    check(&approved[..1], 2);
    check(&[approved[1].clone(), approved[0].clone()], 1);
    check(&[approved[0].clone(), (approved[1].0.clone(), b"x".to_vec())], 2);
    assert!(compose(&message, &approved).is_ok());
}

#[test]
fn long_and_strange_texts_stay_clean_on_the_wire() {
    let check = |change: fn(&mut OutgoingMessage)| {
        let mut message = request();
        change(&mut message);
        let raw = compose(&message, &[]).unwrap();
        assert!(raw.is_ascii());
        for line in raw.split(|b| *b == b'\n') {
            assert!(line.len() <= 999, "a line of {} bytes", line.len());
        }
    };
    check(|m| m.body = "x".repeat(20_000));
    check(|m| m.body = "ж".repeat(20_000));
    check(|m| m.body = "a\rb\r\nc\n\n\r\rd".into());
    check(|m| m.subject = "x".repeat(400));
    check(|m| m.subject = "ж ".repeat(200));
    check(|m| m.from.0 = "Ж".repeat(400));
    check(|m| m.references = (0..500).map(|n| id(&format!("{n}{}@b.example", "r".repeat(880)))).collect());
}

#[test]
fn the_thread_id_stays_first_when_references_are_cut() {
    let mut message = request();
    message.references = (0..30).map(|n| id(&format!("{n}@b.example"))).collect();
    let raw = compose(&message, &[]).unwrap();
    let read = mail_parser::MessageParser::default().parse(&raw).unwrap();
    let ids = read.references().as_text_list().unwrap().to_vec();
    assert_eq!(ids.len(), 20);
    assert_eq!((ids[0].as_ref(), ids[1].as_ref(), ids[19].as_ref()), ("0@b.example", "11@b.example", "29@b.example"));
}

fn header_names(raw: &[u8]) -> Vec<String> {
    let head = String::from_utf8(raw.to_vec()).unwrap();
    let head = head.split("\r\n\r\n").next().unwrap().to_owned();
    let starts = head.split("\r\n").filter(|l| !l.starts_with([' ', '\t']));
    starts.map(|l| l.split(':').next().unwrap().to_owned()).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest::proptest! {
    #[test]
    fn whatever_is_written_the_headers_stay_the_same_and_read_back(
        subject in "([a-zA-Z0-9 ,.:;<>@\\\"=?_]|\\PC){1,60}",
        name in "([a-zA-Z0-9 ,.:;<>@\\\"()]|\\PC){0,40}",
        body in "([a-z .\n]|\\PC|\r|\t){1,200}",
    ) {
        let message = OutgoingMessage { from: (name, request().from.1), subject, body, ..request() };
        let Ok(raw) = compose(&message, &[]) else { return Ok(()) };
        let expected = header_names(&compose(&request(), &[]).unwrap());
        proptest::prop_assert_eq!(header_names(&raw), expected);
        let read = mail_parser::MessageParser::default().parse(&raw).unwrap();
        proptest::prop_assert_eq!(squeezed(read.subject().unwrap()), squeezed(&message.subject));
        let from = read.from().and_then(|a| a.first()).unwrap();
        proptest::prop_assert_eq!(from.address(), Some("li.wei@holder.example"));
        proptest::prop_assert_eq!(squeezed(from.name().unwrap_or_default()), squeezed(&message.from.0));
        let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned();
        proptest::prop_assert_eq!(lines(&read.body_text(0).unwrap()), lines(&message.body));
    }
}

#[test]
fn a_date_beyond_four_digits_is_refused() {
    for seconds in [-1, 253_402_300_800] {
        let message = OutgoingMessage { date: DateTime::from_timestamp(seconds, 0).unwrap(), ..request() };
        assert_eq!(compose(&message, &[]).unwrap_err(), ComposeError::BadDate);
    }
}

#[test]
fn a_nudge_about_hostile_words_can_always_be_composed() {
    for words in ["a\u{0b}b", "x\r\nBcc: y@z.example", "=?utf-8?q?=0D=0A?=", "\u{202e}txet", "\0", &"long ".repeat(500)]
    {
        let nudge = NudgeMessage {
            subject: odjava::mail::compose::harmless(&format!("[7Q2M] {words}"), false),
            body: odjava::mail::compose::harmless(&format!("They say:\n{words}"), true),
            ..nudge()
        };
        let raw = compose_nudge(&nudge).unwrap_or_else(|e| panic!("{words:?}: {e}"));
        assert_eq!(header_names(&raw), header_names(&compose_nudge(&self::nudge()).unwrap()), "{words:?}");
    }
}
