//! Signatures, lines of devices, legal notices and warnings of gateways: what stands around the words of the answer
//! without being part of it. Each rule needs a clear mark. Called by `quoting`.

use super::headline::is_rule;
use super::words;

/// Lines below a line of two dashes that can be a signature.
const DASHED_MAX: usize = 15;
/// Lines below a closing that can be a signature.
const CLOSED_MAX: usize = 9;

/// The lines without what is not the answer.
pub(super) fn stripped<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let mut kept = without_warning(lines).to_vec();
    for _ in 0..3 {
        let before = kept.len();
        trim_end(&mut kept);
        without_notices(&mut kept);
        without_devices(&mut kept);
        without_dashed(&mut kept);
        without_closing(&mut kept);
        if kept.len() == before {
            break;
        }
    }
    kept
}

fn trim_end(lines: &mut Vec<&str>) {
    while lines.last().is_some_and(|l| l.trim().is_empty()) {
        lines.pop();
    }
}

fn has_words(lines: &[&str]) -> bool {
    lines.iter().any(|l| l.chars().any(char::is_alphanumeric))
}

/// Whether a text holds one of many phrases. Most are ruled out by the pairs of bytes that the text has, which costs less
/// than a search for each.
fn holds_one(text: &str, phrases: &[&str]) -> bool {
    const BITS: usize = 1 << 12;
    let place = |pair: &[u8]| match pair {
        [a, b] => (usize::from(*a) << 4 ^ usize::from(*b)) % BITS,
        _ => 0,
    };
    let mut pairs = [0u64; BITS / 64];
    for pair in text.as_bytes().windows(2) {
        pairs[place(pair) / 64] |= 1 << (place(pair) % 64);
    }
    let may_hold = |phrase: &&&str| {
        phrase.len() <= text.len()
            && phrase.as_bytes().windows(2).all(|p| pairs[place(p) / 64] & 1 << (place(p) % 64) != 0)
    };
    phrases.iter().filter(may_hold).any(|phrase| text.contains(phrase))
}

/// A gateway's warning at the top.
fn without_warning<'a, 't>(lines: &'a [&'t str]) -> &'a [&'t str] {
    let start = lines.iter().position(|l| !l.trim().is_empty()).unwrap_or(0);
    let rest = lines.get(start..).unwrap_or_default();
    let length = rest.iter().take(6).position(|l| l.trim().is_empty()).unwrap_or(0);
    let paragraph: String = rest.iter().take(length).map(|l| l.to_lowercase() + " ").collect();
    let is_warning = holds_one(&paragraph, words::WARNINGS);
    match rest.get(length..) {
        Some(after) if is_warning && has_words(after) => after,
        _ => lines,
    }
}

/// Legal notices: each paragraph that has their words goes, with the rule above it.
fn without_notices(lines: &mut Vec<&str>) {
    let mut end = lines.len();
    while end > 0 {
        let start = (0..end).rev().find(|i| lines[*i].trim().is_empty()).map_or(0, |i| i + 1);
        let text: String = lines[start..end].iter().take(60).map(|l| l.to_lowercase() + " ").collect();
        let is_notice = holds_one(&text, words::NOTICES);
        // A notice in the same paragraph as the answer is left where it is, unless a line of it begins one.
        let from = if is_notice { first_of_notice(&lines[start..end]).map(|i| start + i) } else { None };
        match from {
            Some(from) if has_words(&lines[..from]) => {
                lines.drain(from..end);
                trim_end(lines);
                while lines.last().is_some_and(|l| is_rule(l.trim()) || l.trim().is_empty()) {
                    lines.pop();
                }
                end = lines.len();
            }
            // Notices stand last; behind one may stand another in the next language.
            _ => return,
        }
    }
}

/// The line of a paragraph at which its notice begins.
fn first_of_notice(lines: &[&str]) -> Option<usize> {
    let whole = lines.len() <= 1 || lines.iter().take(2).any(|l| begins_notice(l));
    if whole {
        return Some(0);
    }
    let at = lines.iter().position(|l| begins_notice(l))?;
    Some(at)
}

fn begins_notice(line: &str) -> bool {
    let line = line.trim().trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    words::NOTICE_STARTS.iter().any(|s| line.starts_with(s)) || holds_one(&line, words::NOTICES)
}

/// `Sent from my phone`. What stands below it is an earlier mail whose headline was not known.
fn without_devices(lines: &mut Vec<&str>) {
    let at = lines.iter().position(|l| is_device(l));
    if let Some(at) = at.filter(|at| has_words(&lines[..*at])) {
        lines.truncate(at);
    }
}

fn is_device(line: &str) -> bool {
    let line = line.trim().trim_matches(['-', '*', '_', ' ', '—']).trim_start_matches(['(', '[', '<']);
    let lower = line.to_lowercase();
    let text = lower.split(['<', '(', '[']).next().unwrap_or_default().trim_end();
    let is_short = text.chars().count() <= 90 && text.split_whitespace().count() <= 12;
    if !is_short {
        return false;
    }
    let found = words::DEVICES.iter().any(|d| text.starts_with(d));
    let closes = words::DEVICES_END
        .iter()
        .any(|(start, end)| text.starts_with(start) && text.trim_end_matches('.').ends_with(end));
    // "Sent from my desk, it is easier." is a sentence.
    (found || closes) && !(text.ends_with('.') && text.contains(','))
}

/// RFC 3676 §4.3: a line of two dashes and a space; the space often gets lost, and other lines are used.
fn without_dashed(lines: &mut Vec<&str>) {
    let is_mark = |line: &str| {
        let bare = line.trim();
        line == "-- "
            || (2..=4).contains(&bare.chars().count()) && bare.chars().all(|c| matches!(c, '-' | '_' | '—' | '–' | '='))
            || (bare.len() >= 5 && bare.chars().all(|c| matches!(c, '_' | '—' | '─')))
    };
    let exact = lines.iter().position(|l| *l == "-- ");
    let Some(at) = exact.or_else(|| lines.iter().rposition(|l| is_mark(l))) else { return };
    let below = lines.len() - at;
    let last = lines.iter().rposition(|l| is_mark(l)).unwrap_or(at);
    let at = if below > DASHED_MAX { last } else { at };
    let short = lines.get(at + 1..).unwrap_or_default();
    let is_long = short.iter().any(|l| l.chars().count() > 200)
        || short.iter().filter(|l| !l.trim().is_empty()).count() > DASHED_MAX;
    // A long rule may as well part a letter: below it must stand who somebody is, and nothing else.
    let is_rule = lines.get(at).is_some_and(|l| l.trim().chars().count() >= 5);
    let is_whose = |l: &&str| l.trim().is_empty() || is_of_signature(l.trim());
    let contact = |l: &&str| l.contains('@') || l.contains("://") || !l.trim_start().starts_with(char::is_lowercase);
    let fits = !is_rule || short.iter().all(is_whose) && short.iter().filter(|l| !l.trim().is_empty()).any(contact);
    if at > 0 && has_words(&lines[..at]) && fits && !is_long && (exact == Some(at) || !reads_as_text(short)) {
        lines.truncate(at);
    }
}

/// Whether lines below a mark are sentences to somebody rather than who somebody is.
fn reads_as_text(lines: &[&str]) -> bool {
    let is_sentence = |l: &&&str| {
        let l = l.trim();
        l.ends_with(['.', '?', '!']) && l.split_whitespace().count() >= 6
    };
    lines.iter().filter(is_sentence).count() >= 2
}

/// `Best regards,` and who sends them.
fn without_closing(lines: &mut Vec<&str>) {
    let from = lines.len().saturating_sub(CLOSED_MAX * 2 + 2);
    // The first closing below which nothing but a signature stands.
    let cut = (from..lines.len()).find(|&i| {
        let Some(rest) = closing(lines[i]) else { return false };
        let below: Vec<&str> = lines[i + 1..].iter().map(|l| l.trim()).filter(|l| !l.is_empty()).collect();
        let thanks = words::THANKS.iter().any(|t| lines[i].trim().to_lowercase().starts_with(t));
        has_words(&lines[..i])
            // Thanks alone are words to somebody; with a name below they close.
            && !(thanks && rest.is_empty() && below.is_empty())
            && below.len() <= CLOSED_MAX
            && below.iter().all(|l| is_of_signature(l))
            && (rest.is_empty() || rest.split_whitespace().count() <= 5 && is_of_signature(rest))
    });
    if let Some(at) = cut {
        lines.truncate(at);
    }
}

/// What stands behind the closing on its line, if the line is one.
fn closing(line: &str) -> Option<&str> {
    let bare = line.trim().trim_start_matches(['*', '_', '-', ' ']);
    let length = bare.chars().count();
    if length > 200 {
        return None;
    }
    let lower = bare.to_lowercase();
    if words::FORMULAS.iter().any(|f| lower.starts_with(f)) {
        return Some("");
    }
    if length > 80 {
        return None;
    }
    let found = words::CLOSINGS.iter().filter(|c| lower.starts_with(**c)).max_by_key(|c| c.len())?;
    // Lower case may have another length; the rest is counted in characters.
    let at = bare.char_indices().nth(found.chars().count()).map_or(bare.len(), |(i, _)| i);
    let rest = &bare[at..];
    let is_whole = rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    // "Thanks," closes; "Thanks for the mail" does not.
    let is_bound = rest.trim_start().starts_with([',', '!', '.', '，', '！', '-', '–', '*']);
    if is_whole {
        return Some("");
    }
    let rest = rest.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
    let is_more = words::CLOSING_TAILS
        .iter()
        .any(|t| rest.to_lowercase() == *t || rest.to_lowercase().starts_with(&format!("{t},")));
    if is_more {
        return Some("");
    }
    (is_bound && !words::WEAK.contains(found)).then_some(rest)
}

/// A name, a title, a number, an address: a short line that is no sentence.
fn is_of_signature(line: &str) -> bool {
    let count = line.chars().count();
    let words = line.split_whitespace().count();
    let is_contact = line.contains('@') || line.contains("://") || line.to_lowercase().starts_with("www.");
    if is_contact {
        return words <= 12;
    }
    let cjk = line.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
    if cjk > 0 {
        return cjk <= 24 && !line.ends_with(['。', '？', '！', '?']);
    }
    let is_sentence = line.ends_with(['.', '!', '?', ';']) && words >= 5 || line.ends_with('?') || line.ends_with(':');
    // Names and titles are written large: most of their long words are.
    let long: Vec<&str> = line.split_whitespace().filter(|w| w.chars().count() > 3).collect();
    let large =
        long.iter().filter(|w| w.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_alphabetic())).count();
    let is_named = large * 2 >= long.len() || words <= 4;
    count <= 90 && words <= 11 && !is_sentence && is_named
}
