//! Which of the days in a text is the end of the line, the day something is promised for, the day of a return.

use super::judge::Hit;
use crate::domain::Date;
use crate::domain::reply::Kind;
use crate::domain::reply::lexicon::Span;
use crate::domain::reply::normalize::{Text, TokenKind};

/// The day in a sentence of confirmation that stands nearest to its words: in their clause rather than in another,
/// behind them rather than before, and not the day of a letter ("your request of 9 November").
pub(super) fn effective_date(body: &Text, confirmations: &[Span], letters: &[Span]) -> Option<Date> {
    let mut best: Option<(usize, Date)> = None;
    for span in confirmations {
        let last = body.tokens.get(span.last.saturating_sub(1))?;
        for (i, token) in body.tokens.iter().enumerate().filter(|(_, t)| t.sentence == last.sentence) {
            let TokenKind::Date(date) = token.kind else { continue };
            let mut distance = if i < span.first { (span.first - i) * 2 } else { i.saturating_sub(span.last) };
            distance += if token.clause == last.clause { 0 } else { 20 };
            distance += if letters.iter().any(|s| s.last <= i && i - s.last <= 2) { 60 } else { 0 };
            if best.is_none_or(|(d, _)| distance < d) {
                best = Some((distance, date));
            }
        }
    }
    // "Your contract has ended. Last day: 14.11.2026": a single day in the whole text is that day.
    best.map(|(_, d)| d).or_else(|| {
        let mut dates = body.tokens.iter().enumerate().filter_map(|(i, t)| match t.kind {
            TokenKind::Date(d) if !letters.iter().any(|s| s.last <= i && i - s.last <= 2) => Some(d),
            _ => None,
        });
        let only = dates.next()?;
        dates.all(|d| d == only).then_some(only)
    })
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
