//! Phone numbers, masked numbers and ticket numbers in a text, and whether a number is that of a line.

use super::normalize::{Token, TokenKind};
use crate::domain::identity::{CarrierNumber, Line};

/// Joins digits that make up one phone number into one token, and finds the tails of masked numbers.
#[must_use]
pub fn merge_phones(mut raw: Vec<Token>, source: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(raw.len());
    let mut i = 0;
    while i < raw.len() {
        if let Some((used, digits)) = phone_at(&raw, i, source) {
            let (Some(first), Some(last)) = (raw.get(i), raw.get(i + used - 1)) else { break };
            let (start, end) = (first.start, last.end);
            out.push(Token { text: digits, kind: TokenKind::Phone, start, end, sentence: 0, clause: 0 });
            i += used;
            continue;
        }
        let Some(token) = raw.get_mut(i) else { break };
        // What stands before a number is looked up in the source, so that no token is needed twice.
        let text = std::mem::take(&mut token.text);
        let mut token = Token { text, ..token.clone() };
        if token.kind == TokenKind::Number
            && (3..=6).contains(&token.text.len())
            && is_masked_before(source, token.start)
        {
            token.kind = TokenKind::MaskedTail;
        }
        out.push(token);
        i += 1;
    }
    out
}

fn is_masked_before(source: &str, at: usize) -> bool {
    let masked = source[..at]
        .chars()
        .rev()
        .skip_while(|c| matches!(c, ' ' | '-'))
        .take_while(|c| matches!(c, '*' | '•' | '×' | 'x' | 'X' | '#'))
        .count();
    masked >= 2
}

/// Number of tokens and digits of the phone number that begins at token `i`.
fn phone_at(raw: &[Token], i: usize, source: &str) -> Option<(usize, String)> {
    let first = raw.get(i)?;
    let plus = matches!(first.kind, TokenKind::Mark('+' | '＋'));
    if !plus && first.kind != TokenKind::Number && first.kind != TokenKind::Mark('(') {
        return None;
    }
    if source[..first.start].ends_with(|c: char| c.is_alphanumeric() && !super::normalize::is_cjk(c)) {
        return None;
    }
    let mut digits = String::new();
    let mut groups = Vec::new();
    let (mut used, mut marks, mut end) = (0, 0, first.start);
    for (n, token) in raw.iter().enumerate().skip(i).take(20) {
        let gap = source.get(end..token.start).unwrap_or_default().chars().count();
        match token.kind {
            TokenKind::Number if gap <= 2 && token.text.is_ascii() => {
                digits.push_str(&token.text);
                groups.push(token.text.len());
                used = n + 1 - i;
                marks = 0;
            }
            TokenKind::Mark('+' | '＋') if n == i => {}
            TokenKind::Mark('/' | '-' | '.' | '(' | ')' | '\u{2011}' | '–') if gap <= 1 && marks < 2 => marks += 1,
            _ => break,
        }
        end = token.end;
        if digits.len() > 15 {
            break;
        }
    }
    let shape = plus
        || digits.starts_with('0')
        || (groups.len() == 1 && digits.len() >= 8)
        || (groups.len() >= 3 && digits.len() >= 10 && groups.iter().all(|g| *g >= 2))
        // "600 778 123", as in Spain and France; no sum is that large.
        || (groups.len() >= 3 && digits.len() == 9 && groups.iter().all(|g| (2..=3).contains(g)));
    let length = if plus || digits.starts_with('0') { 7..=15 } else { 8..=15 };
    // A sum of money follows its digits with a decimal comma or a currency; a card number is longer.
    (shape && length.contains(&digits.len()) && !groups.is_empty()).then_some((used, digits))
}

/// Whether the digits of a phone number in any spelling are those of `line`, ICCID and own numbers included.
#[must_use]
pub fn is_of_line(digits: &str, line: &Line) -> bool {
    let bare = digits.trim_start_matches('0');
    let by_msisdn = line.msisdn.as_ref().is_some_and(|m| {
        let own = m.digits();
        own == bare || (bare.len() >= 7 && own.len() <= bare.len() + 3 && own.ends_with(bare))
    });
    let exactly = |text: &Option<CarrierNumber>| {
        text.as_ref()
            .is_some_and(|t| !t.is_empty() && t.chars().filter(char::is_ascii_digit).collect::<String>() == digits)
    };
    by_msisdn
        || line
            .iccid
            .as_ref()
            .is_some_and(|i| i.as_str() == digits || (digits.len() >= 8 && i.as_str().ends_with(digits)))
        || line.eid.as_ref().is_some_and(|e| e.as_str() == digits)
        || exactly(&line.customer_number)
        || exactly(&line.contract_number)
        || exactly(&line.order_number)
}

/// Whether the visible tail of a masked number may be that of `line`; `None` when nothing is known to compare.
#[must_use]
pub fn tail_is_of_line(tail: &str, line: &Line) -> Option<bool> {
    let known: Vec<&str> = [
        line.msisdn.as_ref().map(|m| m.digits()),
        line.iccid.as_ref().map(|i| i.as_str()),
        line.customer_number.as_deref(),
        line.contract_number.as_deref(),
        line.order_number.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!known.is_empty()).then(|| known.iter().any(|k| k.ends_with(tail)))
}

/// A number such as `AIR-20931` compared without case and marks.
#[must_use]
pub fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether `number` (an order or customer number) stands in `text` as a word of its own.
#[must_use]
pub fn mentions(text: &str, number: &str) -> bool {
    let wanted = compact(number);
    if wanted.len() < 4 {
        return false;
    }
    // Candidates are runs without spaces: `AIR-20931`, `#AIR 20931` is found by joining two neighbours.
    let words: Vec<String> = text.split_whitespace().take(20_000).map(compact).filter(|w| !w.is_empty()).collect();
    words.contains(&wanted)
        || words.windows(2).any(|w| matches!(w, [a, b] if a.len() + b.len() == wanted.len() && wanted.starts_with(a.as_str()) && wanted.ends_with(b.as_str())))
}

/// Ticket number after one of `labels` (folded words such as `tiket`, `ticket`, `case`), in a subject or a text.
/// Takes `5150`, `GS-204`, `#12345`, `INC0012345`, `2026-11-0042`.
#[must_use]
pub fn ticket_after_label(source: &str, is_label: &dyn Fn(&str) -> bool) -> Option<String> {
    if let Some(at) = source.find("[#") {
        let id: String =
            source[at + 2..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(30).collect();
        if id.len() >= 3 && id.bytes().any(|b| b.is_ascii_digit()) && source[at + 2 + id.len()..].starts_with(']') {
            return Some(id);
        }
    }
    let words: Vec<&str> = source.split_whitespace().take(3_000).collect();
    for (i, word) in words.iter().enumerate() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let (label, glued) = match bare.split_once([':', '#']) {
            Some((label, rest)) => (label, Some(rest)),
            None => (bare, None),
        };
        if !is_label(&super::normalize::fold(label)) {
            continue;
        }
        if let Some(id) = glued.and_then(ticket_id) {
            return Some(id);
        }
        // The number follows at once, or after words such as "number", "ID:", "je", "is".
        for next in words.iter().skip(i + 1).take(4) {
            if let Some(id) = ticket_id(next) {
                return Some(id);
            }
            if word.ends_with(['.', ',', ';', '!', '?', ')']) && !word.ends_with("br.") {
                break;
            }
        }
    }
    None
}

/// A word that can be a ticket number: 3 to 30 letters, digits and dashes, at least 3 digits, no date and no sum.
fn ticket_id(word: &str) -> Option<String> {
    let id = word.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = id.bytes().filter(u8::is_ascii_digit).count();
    let shaped = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (shaped && (3..=30).contains(&id.len()) && digits >= 3 && !id.starts_with("-")).then(|| id.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::domain::identity::Msisdn;

    fn line() -> Line {
        Line { msisdn: Some(Msisdn::parse("+381601234567", None).unwrap()), ..Line::default() }
    }

    #[test]
    fn a_number_is_known_in_any_spelling() {
        for digits in ["0601234567", "381601234567", "00381601234567", "601234567"] {
            assert!(is_of_line(digits, &line()), "{digits}");
        }
        for digits in ["0601234568", "1234567", "01234567", "0657771212"] {
            assert!(!is_of_line(digits, &line()), "{digits}");
        }
    }

    #[test]
    fn ticket_numbers_are_found_behind_their_labels() {
        let check = |text: &str, expected: Option<&str>| {
            let found = ticket_after_label(text, &|w| ["ticket", "tiket", "predmeta", "as"].contains(&w));
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("Otvoren je tiket 5150. Status", Some("5150"));
        check("Ваш број предмета је 5188.", Some("5188"));
        check("Ticket ID: GS-204", Some("GS-204"));
        check("[#12345] Re: cancel", Some("12345"));
        check("Ticket#98765 received", Some("98765"));
        check("your ticket. In 2026 we", None);
    }
}
