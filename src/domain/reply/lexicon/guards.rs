//! Words that stand around a phrase and change what it means: not, if, please, perhaps. Which words they are is data;
//! what they do to a confirmation is said in `classify`.

use super::{Sight, Span};
use crate::domain::reply::normalize::{Sentence, Text};
use std::collections::HashMap;

/// What a word around a phrase does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Takes other guards' words away: "no longer", "as you requested".
    Harmless,
    /// not, no, without.
    Negator,
    /// if, once, as soon as.
    Condition,
    /// whether; a question without its mark.
    Question,
    /// please, kindly: somebody wishes it.
    Plea,
    /// will, shall.
    Future,
    /// probably, planned, should.
    Hedge,
    /// Before a date: not later than.
    ByDate,
    /// It is the request, the ticket, the message that something happened to.
    Request,
    /// A package, an appointment, a newsletter: no line.
    OtherThing,
    /// Blocked or paused, not ended.
    Suspended,
    /// Send, pay, call: somebody is told to do something first.
    Imperative,
    /// or.
    Or,
    /// Opens a clause that the one before it governs: "it is not true *that* ...".
    That,
}

const GUARDS: &[(Guard, &str)] = &[
    (Guard::Negator, "negator"),
    (Guard::Condition, "condition"),
    (Guard::Question, "question"),
    (Guard::Plea, "plea"),
    (Guard::Future, "future"),
    (Guard::Hedge, "hedge"),
    (Guard::ByDate, "by_date"),
    (Guard::Request, "request"),
    (Guard::OtherThing, "other_thing"),
    (Guard::Suspended, "suspended"),
    (Guard::Imperative, "imperative"),
    (Guard::Or, "or"),
    (Guard::That, "that"),
];

/// Where words of each guard stand.
pub type Guards = HashMap<Guard, Vec<Span>>;

/// Where the words of each guard stand, those of harmless phrases left out. A mail that mixes languages may say "not"
/// in one and "cancelled" in another, so the words of all of them count. `sights` come likeliest language first.
#[must_use]
pub fn guards(sights: &[Sight<'_, '_>]) -> Guards {
    let Some(text) = sights.first().map(|s| s.marked.text) else { return Guards::new() };
    let mut harmless = vec![false; text.tokens.len()];
    for span in sights.iter().flat_map(|s| s.spans("harmless")) {
        harmless.iter_mut().take(span.last).skip(span.first).for_each(|h| *h = true);
    }
    let spoken = spoken(text, sights);
    let small =
        |i: usize| sights.first().is_some_and(|s| text.tokens.get(i).is_some_and(|t| s.language.is_marker(&t.text)));
    GUARDS
        .iter()
        .map(|(guard, set)| {
            let mut spans: Vec<Span> = Vec::new();
            for (rank, sight) in sights.iter().enumerate() {
                let mut found = sight.spans(set);
                // French "ce" is no Serbian "će": a small word of the likeliest language is read in that one.
                found.retain(|s| {
                    let sentence = text.tokens.get(s.first).map_or(0, |t| t.sentence);
                    let here = spoken.get(sentence).and_then(|languages| languages.get(rank)).copied().unwrap_or(true);
                    rank == 0 || (here && !(s.first..s.last).all(small))
                });
                spans.append(&mut found);
            }
            spans.sort_by_key(|s| (s.first, s.last));
            spans.retain(|s| !(s.first..s.last).all(|i| harmless.get(i).copied().unwrap_or(false)));
            (*guard, spans)
        })
        .collect()
}

/// For each sentence which of the languages it may be in: by its small words, those that are at least half as many as the
/// most frequent one's.
fn spoken(text: &Text, sights: &[Sight<'_, '_>]) -> Vec<Vec<bool>> {
    let sentence = |s: &Sentence| {
        let tokens = text.tokens.get(s.first..s.last).unwrap_or_default();
        let count = |sight: &Sight<'_, '_>| tokens.iter().filter(|t| sight.language.is_marker(&t.text)).count();
        let counts: Vec<usize> = sights.iter().map(count).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        counts.iter().map(|count| count * 2 >= most).collect()
    };
    text.sentences.iter().map(sentence).collect()
}
