//! Which line the sentences of confirmation speak of.

use crate::domain::identity::Line;
use crate::domain::reply::lexicon::Span;
use crate::domain::reply::normalize::{Text, TokenKind};
use crate::domain::reply::numbers;

/// Whose end it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// Our line's, as far as numbers tell.
    Ours,
    /// That of a line with another number.
    OtherLine,
    /// Numbers of ours and of others stand there.
    Both,
}

/// Which line the sentences of confirmation speak of, by the full or masked numbers in them.
pub(super) fn numbers_meant(body: &Text, confirmations: &[Span], line: Option<&Line>) -> Meant {
    let Some(line) = line else { return Meant::Ours };
    let sentences: Vec<usize> =
        confirmations.iter().filter_map(|s| body.tokens.get(s.first).map(|t| t.sentence)).collect();
    let mut ours_here = false;
    let mut other_here = false;
    let mut ours_anywhere = false;
    let mut other_anywhere = false;
    for (i, token) in body.tokens.iter().enumerate() {
        let ours = match token.kind {
            TokenKind::Phone => numbers::is_of_line(&token.text, line),
            TokenKind::MaskedTail => match numbers::tail_is_of_line(&token.text, line) {
                Some(ours) => ours,
                None => continue,
            },
            TokenKind::Number if is_tail(body, i) => match numbers::tail_is_of_line(&token.text, line) {
                Some(ours) => ours,
                None => continue,
            },
            _ => continue,
        };
        // Hotlines are named beside lines; a free number is nobody's line.
        if !ours && token.kind == TokenKind::Phone && is_hotline(&token.text) {
            continue;
        }
        if ours {
            ours_anywhere = true;
        } else {
            other_anywhere = true;
        }
        if sentences.contains(&token.sentence) {
            if ours {
                ours_here = true;
            } else {
                other_here = true;
            }
        }
    }
    match (ours_here, other_here) {
        (true, true) => Meant::Both,
        (false, true) => Meant::OtherLine,
        (true, false) => Meant::Ours,
        // "Line 065 …: ended." in two sentences.
        (false, false) if other_anywhere && !ours_anywhere => Meant::OtherLine,
        (false, false) if other_anywhere => Meant::Both,
        (false, false) => Meant::Ours,
    }
}

/// Whether a sentence of confirmation names our line by its whole number.
pub(super) fn names_ours(body: &Text, confirmations: &[Span], line: Option<&Line>) -> bool {
    let Some(line) = line else { return false };
    let of = |span: &Span| body.tokens.get(span.first).map(|t| t.sentence);
    let sentences: Vec<_> = confirmations.iter().filter_map(of).collect();
    let phones = body.tokens.iter().filter(|t| t.kind == TokenKind::Phone && sentences.contains(&t.sentence));
    phones.into_iter().any(|t| numbers::is_of_line(&t.text, line))
}

/// Free-phone numbers.
fn is_hotline(digits: &str) -> bool {
    ["0800", "00800", "0900", "0700", "1800", "800"].iter().any(|p| digits.starts_with(p))
}

/// Whether the digits at `i` are announced as the end of a number: `尾号8000`, "ending in 567".
fn is_tail(body: &Text, i: usize) -> bool {
    const BEFORE: &[&str] = &[
        "尾号",
        "号尾",
        "末四位",
        "ending",
        "ends",
        "endet",
        "endend",
        "zavrsava",
        "zavrsetkom",
        "terminant ",
        "terminando ",
        "termina ",
        "zakancivaet",
        "okancivaet",
        "finissant",
    ];
    let digits = body.tokens.get(i).map_or(0, |t| t.text.len());
    if !(3..=6).contains(&digits) {
        return false;
    }
    let from = i.saturating_sub(3);
    let before: Vec<&str> = body.tokens.get(from..i).unwrap_or_default().iter().map(|t| t.text.as_str()).collect();
    let joined = before.concat();
    BEFORE.iter().any(|b| {
        before.iter().any(|w| b.strip_suffix(' ').map_or_else(|| w.starts_with(b), |whole| *w == whole))
            || (b.len() > 3 && !b.is_ascii() && joined.contains(b))
    })
}
