//! Sentences written by an author who had not seen the reader, read as a proven mail of the carrier in the thread of
//! case 7Q2M. The deadly error is a case closed by words that confirm nothing: none is borne, recall has a floor.

use crate::replies::{explain, mail, mail_with};
use std::collections::BTreeMap;
use std::path::Path;

/// What the reader made of one table of `tests/corpus/sentences`.
struct Measured {
    /// (kind meant, kind read) to how often.
    confusion: BTreeMap<(String, String), usize>,
    /// Sentences that confirm nothing and were read as `confirmed`.
    false_confirmed: Vec<String>,
    /// Those of them that would have closed the case.
    closed: usize,
    /// Confirmations in the table, and those found and acted on.
    confirmations: usize,
    found: usize,
}

fn measure(file: &str) -> Measured {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/sentences").join(file);
    let table = std::fs::read_to_string(path).expect("the sentences");
    let mut m =
        Measured { confusion: BTreeMap::new(), false_confirmed: Vec::new(), closed: 0, confirmations: 0, found: 0 };
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [kind, language, text] = columns[..] else { panic!("three columns: {line}") };
        let body = text.replace("\\n", "\r\n");
        let raw = if text.starts_with('<') {
            mail_with(&body, "Subject: Re: 7 dana\r\nContent-Type: text/html; charset=utf-8\r\n")
        } else {
            mail(&body)
        };
        let e = explain(&raw);
        let read = e.kind.name();
        let closes = e.would_do == "done" || e.would_do == "confirmed";
        *m.confusion.entry((kind.to_owned(), read.to_owned())).or_default() += 1;
        if kind == "confirmed" {
            m.confirmations += 1;
            m.found += usize::from(closes);
        } else if read == "confirmed" {
            m.false_confirmed.push(format!("{kind} {language}: {text} {:?}", e.evidence));
            m.closed += usize::from(closes);
        }
        if kind != read {
            println!("{kind} read as {read} ({}) {language}: {text} {:?}", e.would_do, e.evidence);
        }
    }
    m
}

fn report(file: &str, m: &Measured) {
    println!("{file}: meant -> read");
    for ((meant, read), count) in &m.confusion {
        println!("  {meant:>20} -> {read:<20} {count:>4}");
    }
    println!(
        "{file}: false confirmed {} (of them closing the case {}), confirmations found {} of {}",
        m.false_confirmed.len(),
        m.closed,
        m.found,
        m.confirmations
    );
}

/// Holds one table: no false confirmation, and at least `floor` percent of the confirmations found.
fn check(file: &str, floor: usize) {
    let m = measure(file);
    report(file, &m);
    assert!(m.false_confirmed.is_empty(), "{}", m.false_confirmed.join("\n"));
    assert!(m.found * 100 >= m.confirmations * floor, "{} of {} confirmations found", m.found, m.confirmations);
}

#[test]
fn the_first_sentences_of_a_stranger_confirm_nothing_falsely() {
    check("first.tsv", 95);
}

#[test]
fn the_second_sentences_of_a_stranger_confirm_nothing_falsely() {
    check("second.tsv", 95);
}

#[test]
fn the_third_sentences_of_a_stranger_confirm_nothing_falsely() {
    check("third.tsv", 95);
}

#[test]
fn the_fourth_sentences_of_a_stranger_confirm_nothing_falsely() {
    check("fourth.tsv", 95);
}
