//! What a phrase of confirmation is said of, and how: of a line or of something that only shares its noun, asserted
//! or merely quoted, chosen from or left to be filled in. Called by `classify`; the words are data (`config/lexicon`).

use super::lexicon::{Sight, Span};
use super::normalize::{Text, TokenKind};
use crate::domain::Date;

/// Words behind a preposition that may say whose or which line is meant.
const COMPLEMENT_REACH: usize = 4;
/// Days that the stated end may lie before the mail: an older one is the end of an older contract.
const PAST_DAYS: i64 = 92;
/// Days that it may lie ahead; no notice period is longer.
const AHEAD_DAYS: i64 = 800;

/// Where the words that link an object to its end stand, for one language and one text.
#[derive(Debug, Clone)]
pub struct Links {
    lines: Vec<Span>,
    prepositions: Vec<Span>,
    sources: Vec<Span>,
    determiners: Vec<Span>,
    own: Vec<Span>,
    heads: Vec<Span>,
    genitives: Vec<Span>,
    /// Words that may stand before the noun and leave it the line, in languages that put a narrowing noun there:
    /// "loyalty account".
    compounds: Option<Vec<bool>>,
    /// Words known at all, in languages that put it behind: "compte fidélité".
    appositions: Option<Vec<bool>>,
}

impl Links {
    /// Finds them.
    #[must_use]
    pub fn of(sight: &Sight<'_, '_>) -> Self {
        const BEFORE: &[&str] = &["modifier", "link", "determiner", "line", "ended", "ended_by_us", "event"];
        let language = sight.language;
        let and_small = |mut known: Vec<bool>| {
            for (known, token) in known.iter_mut().zip(&sight.marked.text.tokens) {
                *known |= language.is_marker(&token.text);
            }
            known
        };
        Self {
            lines: sight.spans("line"),
            prepositions: sight.spans("preposition"),
            sources: sight.spans("from"),
            determiners: ["determiner", "link"].iter().flat_map(|set| sight.spans(set)).collect(),
            heads: ["line", "event", "topic"].iter().flat_map(|set| sight.spans(set)).collect(),
            own: sight.spans("own"),
            genitives: sight.spans("genitive"),
            compounds: language.has_set("modifier").then(|| and_small(sight.covered_by(BEFORE))),
            appositions: language.has_set("apposition").then(|| and_small(sight.covered_by_any())),
        }
    }

    /// Whether the end is said of something that need not be the line: "account *for our portal*", "*loyalty*
    /// account", "*calls on* your line", "removed *from our list*". A noun that may name many things counts as the
    /// line only when nothing says otherwise.
    #[must_use]
    pub fn narrowed(&self, hit: Span, text: &Text) -> bool {
        let mut lines = self.lines.iter().filter(|s| s.first >= hit.first && s.last <= hit.last);
        lines.any(|line| {
            self.below_another(*line, text)
                || self.compound(*line, text)
                || self.apposition(*line, text)
                || self.foreign(&self.prepositions, line.last, text)
        }) || self.foreign(&self.sources, hit.last, text)
    }

    /// Whether a preposition at `at` leads to a noun that is none of the line's own.
    fn foreign(&self, prepositions: &[Span], at: usize, text: &Text) -> bool {
        let Some(preposition) = prepositions.iter().find(|p| p.first == at) else { return false };
        let sentence = text.tokens.get(at).map(|t| t.sentence);
        let noun = (preposition.last..preposition.last + COMPLEMENT_REACH)
            .find(|i| !covers(&self.determiners, *i) || covers(&self.own, *i));
        let Some((noun, token)) = noun.and_then(|i| Some((i, text.tokens.get(i)?))) else { return false };
        Some(token.sentence) == sentence
            && token.kind == TokenKind::Word
            && !covers(&self.own, noun)
            && !covers(&self.lines, noun)
    }

    /// Whether the noun only belongs to a subject that is no line: "calls on your line".
    fn below_another(&self, line: Span, text: &Text) -> bool {
        let Some(token) = text.tokens.get(line.first) else { return false };
        let reach = line.first.saturating_sub(COMPLEMENT_REACH);
        let Some(before) = (reach..line.first).rev().find(|i| !covers(&self.determiners, *i)) else { return false };
        let here =
            |i: usize| text.tokens.get(i).is_some_and(|t| (t.sentence, t.clause) == (token.sentence, token.clause));
        // "Die Mailbox Ihrer Rufnummer", "dodatak Vašeg broja": the case says what the preposition says elsewhere.
        if (before + 1..line.last).any(|i| covers(&self.genitives, i)) {
            let word = text.tokens.get(before).is_some_and(|t| t.kind == TokenKind::Word);
            return word && here(before) && !covers(&self.heads, before);
        }
        let Some(head) = before.checked_sub(1) else { return false };
        self.prepositions.iter().any(|p| p.first == before) && here(before) && here(head) && !covers(&self.heads, head)
    }

    /// Whether an unknown word stands right behind the noun, in languages that narrow a noun so.
    fn apposition(&self, line: Span, text: &Text) -> bool {
        let (Some(noun), Some(next)) = (text.tokens.get(line.first), text.tokens.get(line.last)) else { return false };
        let known = |known: &Vec<bool>| known.get(line.last).copied().unwrap_or(false);
        self.appositions.as_ref().is_some_and(|k| !known(k))
            && next.kind == TokenKind::Word
            && (next.sentence, next.clause) == (noun.sentence, noun.clause)
    }

    /// Whether an unknown word stands right before the noun, in languages that narrow a noun so.
    fn compound(&self, line: Span, text: &Text) -> bool {
        let (Some(known), Some(at)) = (&self.compounds, line.first.checked_sub(1)) else { return false };
        let (Some(first), Some(before)) = (text.tokens.get(line.first), text.tokens.get(at)) else { return false };
        before.kind == TokenKind::Word
            && before.clause == first.clause
            && before.sentence == first.sentence
            && !known.get(at).copied().unwrap_or(false)
    }
}

fn covers(spans: &[Span], at: usize) -> bool {
    spans.iter().any(|s| (s.first..s.last).contains(&at))
}

/// Byte ranges in quotation marks, none longer than its paragraph. An opening mark without its closing one quotes
/// nothing.
#[must_use]
pub fn quotations(source: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut open: Option<usize> = None;
    for (at, c) in source.char_indices() {
        match (c, open) {
            ('\n', _) => open = None,
            ('"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '‟', None) => open = Some(at),
            ('"' | '“' | '”' | '«' | '»' | '」' | '‟', Some(from)) => {
                out.push((from, at));
                open = None;
            }
            _ => {}
        }
    }
    out
}

/// Whether a phrase stands in quotation marks as a whole: it is mentioned, not said.
#[must_use]
pub fn quoted(hit: Span, text: &Text, quotations: &[(usize, usize)]) -> bool {
    let (Some(first), Some(last)) = (text.tokens.get(hit.first), text.tokens.get(hit.last.saturating_sub(1))) else {
        return false;
    };
    let index = quotations.partition_point(|(_, close)| *close < last.end);
    quotations.get(index).is_some_and(|(open, _)| *open < first.start)
}

/// Whether the text is a form or a template that nobody has filled in: what it offers to tick is not said.
#[must_use]
pub fn unfilled(source: &str) -> bool {
    const BLANKS: &[&str] =
        &["[ ]", "☐", "□", "{{", "{%", "[]", "( )", "<DATE>", "DD.MM.", "dd.mm.", "xx.xx.", "XX.XX."];
    BLANKS.iter().any(|b| source.contains(b))
        || source.lines().any(|l| l.contains("____") && l.chars().any(char::is_alphanumeric))
}

/// Whether `hit` is one of two that are offered: the word for "or" in it or right behind it.
#[must_use]
pub fn alternative(hit: Span, text: &Text, disjunctions: &[Span]) -> bool {
    let sentence = |i: usize| text.tokens.get(i).map(|t| (t.sentence, t.clause));
    disjunctions.iter().any(|d| {
        (d.first > hit.first && d.last < hit.last)
            || ((hit.last..=hit.last + 1).contains(&d.first)
                && sentence(d.first).map(|s| s.0) == sentence(hit.first).map(|s| s.0))
    })
}

/// Whether a stated end cannot be that of a line that somebody has just asked to end.
#[must_use]
pub fn implausible(end: Date, today: Date) -> bool {
    let days = end.signed_duration_since(today).num_days();
    !(-PAST_DAYS..=AHEAD_DAYS).contains(&days)
}

/// Whether a sentence names a year gone by and no day: it tells of the past.
#[must_use]
pub fn tells_of_the_past(hit: Span, text: &Text, today: Date) -> bool {
    use chrono::Datelike as _;
    let Some(sentence) = text.tokens.get(hit.first).and_then(|t| text.sentences.get(t.sentence)) else { return false };
    let tokens = text.tokens.get(sentence.first..sentence.last).unwrap_or_default();
    let dated = tokens.iter().any(|t| matches!(t.kind, TokenKind::Date(_)));
    let old = |t: &str| t.len() == 4 && t.parse::<i32>().is_ok_and(|y| (1990..today.year()).contains(&y));
    !dated && tokens.iter().any(|t| t.kind == TokenKind::Number && old(&t.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_are_paired_within_a_line() {
        let check = |source: &str, expected: &[&str]| {
            let found: Vec<_> = quotations(source).iter().map(|(a, b)| &source[*a..*b]).collect();
            assert_eq!(found, expected, "{source}");
        };
        check("you wrote \"it is off\", we did not", &["\"it is off"]);
        check("„ugašen“ i «raskinut» i “off”", &["„ugašen", "«raskinut", "“off"]);
        check("a 7\" screen\nand a \"word\"", &["\"word"]);
    }

    #[test]
    fn a_form_that_nobody_filled_in_is_seen() {
        let check = |source: &str, expected| assert_eq!(unfilled(source), expected, "{source}");
        check("Terminated [ ] refused [ ]", true);
        check("Reason: ________", true);
        check("Dear {{name}}", true);
        check("________________\nYour contract has ended.", false);
    }

    #[test]
    fn an_end_long_past_or_far_ahead_is_implausible() {
        let day = |d: &str| d.parse::<Date>().unwrap_or_default();
        let check = |end: &str, expected| assert_eq!(implausible(day(end), day("2026-11-12")), expected, "{end}");
        check("2026-11-12", false);
        check("2026-09-01", false);
        check("2026-06-01", true);
        check("2028-11-12", false);
        check("2030-01-01", true);
    }
}
