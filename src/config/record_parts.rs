//! What the records of carriers and regulators have in common: facts with their source, terms, country codes.
//! Called by the readers of both.

use super::reader::Section;
use crate::domain::Standing;
use crate::domain::carrier::{Names, Source, Sourced, Term, TermKind};

const STANDINGS: [(&str, Standing); 4] = [
    ("verified", Standing::Verified),
    ("second_hand", Standing::SecondHand),
    ("unverified", Standing::Unverified),
    ("obsolete", Standing::Obsolete),
];

/// An id of small letters, digits and `-`.
pub(super) fn id(root: &Section<'_, '_>) -> Option<String> {
    root.required("id").filter(|id| {
        let ok = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !ok {
            root.problem("id", "has small letters, digits and `-` only, such as `mts-rs`");
        }
        ok
    })
}

/// A country code (ISO 3166-1 alpha-2).
pub(super) fn country(text: &str) -> Result<String, &'static str> {
    let ok = text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase());
    ok.then(|| text.to_owned()).ok_or("must be a country code of two capital letters, such as RS")
}

/// So many digits and nothing else.
pub(super) fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Result<String, String> {
    let ok = length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    ok.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` must be digits only"))
}

/// The three keys that say where a fact was read; every fact must have them.
pub(super) fn source(section: &Section<'_, '_>) -> Source {
    if !section.has("standing") {
        section.problem("standing", "is missing: say how sure this fact is");
    }
    let standing = section.choice("standing", &STANDINGS).unwrap_or(Standing::Unverified);
    let text = section.required("source").unwrap_or_default();
    if !section.has("source_date") {
        section.problem("source_date", "is missing; write \"undated\" when the source shows none");
    }
    let date = section.parsed("source_date", source_date).unwrap_or_default();
    Source { text, date, standing }
}

fn source_date(text: &str) -> Result<String, &'static str> {
    let parts: Vec<&str> = text.split('-').collect();
    let all_digits = parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    let ok = text == "undated" || (all_digits && matches!(lengths.as_slice(), [4] | [4, 2] | [4, 2, 2]));
    ok.then(|| text.to_owned())
        .ok_or("must be a year, month or day such as 2024, 2024-03 or 2024-03-25, or \"undated\"")
}

/// A text with its source.
pub(super) fn sourced(section: &Section<'_, '_>) -> Sourced {
    let out = Sourced {
        value: section.required("value").unwrap_or_default(),
        note: section.string("note"),
        source: source(section),
    };
    section.finish();
    out
}

/// Names with the source that shows them.
pub(super) fn names(section: &Section<'_, '_>) -> Names {
    if !section.has("names") {
        section.problem("names", "is missing: a list of names");
    }
    let out = Names { names: section.strings("names").unwrap_or_default(), source: source(section) };
    section.finish();
    out
}

/// A term of law or contract.
pub(super) fn term(section: &Section<'_, '_>) -> Option<Term> {
    let kind = section.choice("kind", &TermKind::ALL);
    if kind.is_none() && !section.has("kind") {
        section.problem("kind", "is missing");
    }
    let counted = |key: &'static str| section.integer(key, 1..=730).and_then(|d| u32::try_from(d).ok());
    let (days, working) = (counted("days"), counted("working_days"));
    match (section.has("days"), section.has("working_days")) {
        (false, false) => section.problem("days", "is missing; it may be `working_days` instead"),
        (true, true) => section.problem("working_days", "stands beside `days`: a term is counted one way"),
        _ => {}
    }
    let law = section.string("law");
    let note = section.string("note");
    let source = source(section);
    section.finish();
    Some(Term { kind: kind?, days: days.or(working)?, working_days: working.is_some(), law, note, source })
}
