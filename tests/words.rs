//! The visible, own words of whole mails: tests/corpus/words holds each mail with the words that its author wrote.

use crate::replies::explain;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn the_own_words_of_each_mail_are_read_exactly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/words");
    let mut mails: Vec<_> = std::fs::read_dir(folder).expect("the mails").map(|e| e.expect("a file").path()).collect();
    mails.retain(|path| path.extension().is_some_and(|e| e == "eml"));
    mails.sort();
    assert!(mails.len() >= 60);
    let mut wrong = Vec::new();
    for path in &mails {
        let expected = std::fs::read_to_string(path.with_extension("txt")).expect("the expected words");
        let read = explain(&std::fs::read(path).expect("a mail")).reply_text;
        if read.trim() != expected.trim() {
            wrong.push(format!("{}:\n  want {expected:?}\n  read {read:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A mail of one part.
fn mail(media_type: &str, body: &[u8]) -> Vec<u8> {
    let mut raw =
        format!("From: a@dunavtel.example\r\nMIME-Version: 1.0\r\nContent-Type: {media_type}\r\n\r\n").into_bytes();
    raw.extend_from_slice(body);
    raw
}

#[test]
fn hostile_pages_and_documents_are_answered_at_once() {
    let pieces = [
        "<div>",
        "<a b='",
        "<a b=\"x",
        "<",
        "<!--",
        "&#",
        "<p hidden>",
        "<td><tr><table>",
        "<style>.a{",
        "{",
        "<li>",
        "<blockquote>",
        "<br>",
        "</div>",
        "<script>",
        "<font color=white>",
        "<p style='display:none'>",
        "On 1.1.2026 10:05 a@b.example\n",
        "From:\n",
    ];
    let mut mails: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        let body = piece.repeat(100_000 / piece.len());
        let kind = if piece.ends_with('\n') { "plain" } else { "html" };
        mails.push(mail(&format!("text/{kind}; charset=utf-8"), body.as_bytes()));
    }
    for piece in [
        "1 0 obj<<",
        "1 0 obj<</Type/Page/Kids[1 0 R]>>stream\n",
        "[",
        "(",
        "<<",
        "1 0 obj<</Type/ObjStm/N 9/First 0>>stream\n",
    ] {
        let body = format!("%PDF-1.4\n{}", piece.repeat(100_000 / piece.len()));
        mails.push(mail("application/pdf", body.as_bytes()));
    }
    for raw in mails {
        let start = Instant::now();
        explain(&raw);
        let head = String::from_utf8_lossy(&raw[..raw.len().min(150)]).into_owned();
        // The bound for a release build is 2 s; this one is slower.
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} for {head}", start.elapsed());
        if start.elapsed() > Duration::from_secs(1) {
            println!("{:?} for {head}", start.elapsed());
        }
    }
}
