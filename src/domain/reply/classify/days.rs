//! Which of the days in a text is the end of the line, the day something is promised for, the day of a return.

use super::judge::Hit;
use crate::domain::Date;
use crate::domain::reply::Kind;
use crate::domain::reply::lexicon::Span;
use crate::domain::reply::normalize::{Text, TokenKind};

/// How much further away a day seems that stands before the words of the end.
const BEFORE: usize = 10;
/// The same for the day of a letter, and for a day that is told by its place to the mail's.
const OF_LETTER: usize = 1_000;
const RELATIVE: usize = 15;
/// Letters of a word that may stand there.
const SMALL_WORD: usize = 4;
/// Words between the word for a letter and its day: "your mail of the", "обращение от".
const LETTER_REACH: usize = 3;

/// The day of the end: in the sentence of a confirmation the one that stands nearest to its words, in their clause rather
/// than in another, behind them rather than before; else the only day of the sentence before, or of the whole text. The
/// day of a letter ("your request of 9 November") is none.
pub(super) fn effective_date(body: &Text, confirmations: &[Span], letters: &[Span]) -> Option<Date> {
    let of_letter = |i: usize| {
        let small = |s: &Span| {
            let between = body.tokens.get(s.last..i).unwrap_or_default();
            between.len() < LETTER_REACH && between.iter().all(|t| t.text.chars().count() <= SMALL_WORD)
        };
        letters.iter().any(|s| s.last <= i && small(s))
    };
    let days = || {
        body.tokens.iter().enumerate().filter_map(|(i, t)| match t.kind {
            TokenKind::Date(date) => Some((i, t, date)),
            _ => None,
        })
    };
    let mut best: Option<(usize, Date)> = None;
    for span in confirmations {
        let last = body.tokens.get(span.last.saturating_sub(1))?;
        for (i, token, date) in days().filter(|(_, t, _)| t.sentence == last.sentence) {
            let mut distance = if i < span.first { BEFORE + (span.first - i) * 2 } else { i.saturating_sub(span.last) };
            distance += if token.clause == last.clause { 0 } else { 20 };
            distance += if of_letter(i) { OF_LETTER } else { 0 };
            // "On 20 November, and the contract with that day": what a relative word repeats is told in full elsewhere.
            distance += if token.text == date.to_string() { 0 } else { RELATIVE };
            if best.is_none_or(|(d, _)| distance < d) {
                best = Some((distance, date));
            }
        }
    }
    let only = |mut dates: Box<dyn Iterator<Item = Date> + '_>| {
        let first = dates.next()?;
        dates.all(|d| d == first).then_some(first)
    };
    // "The number was moved on 17 November. With that the contract has ended."
    let before = || {
        confirmations.iter().find_map(|span| {
            let sentence = body.tokens.get(span.first)?.sentence.checked_sub(1)?;
            let here = days().filter(move |(i, t, _)| t.sentence == sentence && !of_letter(*i));
            only(Box::new(here.map(|(_, _, d)| d)))
        })
    };
    // "Your contract has ended. Last day: 14.11.2026": a single day in the whole text is that day.
    best.map(|(_, d)| d)
        .or_else(|| only(Box::new(days().filter(|(i, ..)| !of_letter(*i)).map(|(_, _, d)| d))))
        .or_else(before)
        .or(best.map(|(_, d)| d))
}

pub(super) fn promised(body: &Text, hits: &[Hit<'_>]) -> Option<Date> {
    hits.iter().filter(|h| h.rule.kind == Kind::Acknowledged || h.veto.is_some()).find_map(|h| {
        let sentence = body.tokens.get(h.span.first)?.sentence;
        body.tokens.iter().filter(|t| t.sentence == sentence).find_map(|t| match t.kind {
            TokenKind::Date(d) => Some(d),
            _ => None,
        })
    })
}

/// The day behind a word of return, or the day after the end of the absence.
pub(super) fn returns_on(body: &Text, backs: &[Span]) -> Option<Date> {
    let dates: Vec<(usize, Date)> = body
        .tokens
        .iter()
        .enumerate()
        .filter_map(|(i, t)| match t.kind {
            TokenKind::Date(d) => Some((i, d)),
            _ => None,
        })
        .collect();
    for (i, date) in &dates {
        let sentence = body.tokens.get(*i).map(|t| t.sentence);
        if backs.iter().any(|s| s.first < *i && body.tokens.get(s.first).map(|t| t.sentence) == sentence) {
            return Some(*date);
        }
    }
    dates.iter().map(|(_, d)| *d).max().and_then(|d| d.succ_opt())
}
