//! What the words of a sentence mean to the lexicon, whatever the language: a line, an end, not, if, please. Their order is
//! what the second reader learns across languages; a line and an end in one sentence is the least that a confirmation
//! must show. Called by `classify` and `statistics`.

use super::lexicon::{Sight, Span};
use super::normalize::{Text, TokenKind};

/// The sets of the lexicon that are looked at, besides those of `endings`.
const SETS: &[&str] = &[
    "line",
    "ends",
    "event",
    "carried_out",
    "revoked",
    "undone",
    "no_more",
    "operator",
    "paid",
    "owed",
    "data",
    "ask",
    "channel",
    "addon",
    "negator",
    "harmless",
    "condition",
    "question",
    "plea",
    "future",
    "hedge",
    "by_date",
    "request",
    "other_thing",
    "suspended",
    "back",
    "imperative",
    "or",
    "that",
];

/// The name under which all sets that say an end are one.
const END: &str = "ended";

/// Concepts of one text that are kept: no answer of a person has so many.
const CONCEPTS_MAX: usize = 2_000;

/// One word or phrase and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Concept {
    /// Its first token.
    pub first: usize,
    /// Behind its last token.
    pub last: usize,
    /// Name of the set.
    pub name: &'static str,
}

/// The concepts of a text in their order.
#[must_use]
pub fn concepts(text: &Text, sights: &[Sight<'_, '_>]) -> Vec<Concept> {
    let mut out: Vec<Concept> = Vec::new();
    for sight in sights {
        let mut note = |name, spans: Vec<Span>| {
            out.extend(spans.into_iter().map(|Span { first, last }| Concept { first, last, name }));
        };
        SETS.iter().for_each(|set| note(set, sight.spans(set)));
        note(END, sight.endings());
    }
    for (first, token) in text.tokens.iter().enumerate() {
        let name = match token.kind {
            TokenKind::Date(_) => "#date",
            TokenKind::Phone | TokenKind::MaskedTail => "#phone",
            _ => continue,
        };
        out.push(Concept { first, last: first + 1, name });
    }
    out.sort_unstable();
    out.dedup();
    out.truncate(CONCEPTS_MAX);
    out
}

/// Where the words for an end stand that share a sentence with a line.
#[must_use]
pub fn ends_of_lines(text: &Text, concepts: &[Concept]) -> Vec<Span> {
    let sentence = |c: &Concept| text.tokens.get(c.first).map(|t| t.sentence);
    let lines: Vec<_> = concepts.iter().filter(|c| ["line", "#phone"].contains(&c.name)).map(sentence).collect();
    let ends = concepts.iter().filter(|c| [END, "ends", "carried_out"].contains(&c.name));
    ends.filter(|c| lines.contains(&sentence(c))).map(|c| Span { first: c.first, last: c.last }).collect()
}
