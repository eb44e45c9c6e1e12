//! Where an earlier mail begins: "On … wrote:", the header lines that Outlook and its kin write, the line between
//! dashes, and the marks of help desks. Called by `quoting` line by line.

use super::words;

/// Lines that one headline may take.
const LINES_MAX: usize = 4;
/// Characters of a headline.
const LENGTH_MAX: usize = 300;

/// What begins at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// A headline of so many lines; quotes follow, marked or not.
    Headline(usize),
    /// A separator of so many lines, then the earlier mail to the end.
    Mail(usize),
}

/// What begins at line `i`, if anything does.
pub(super) fn start(lines: &[&str], i: usize) -> Option<Start> {
    let line = bare(lines.get(i)?);
    if line.is_empty() {
        return None;
    }
    if is_separator(line) || begins_forward(line) {
        return Some(Start::Mail(1));
    }
    // A line of underscores or dashes says little by itself.
    if is_rule(line) {
        let next = lines.iter().skip(i + 1).take(3).position(|l| !l.trim().is_empty()).map(|p| i + 1 + p)?;
        return header_block(lines, next).then_some(Start::Mail(next - i));
    }
    if header_block(lines, i) {
        return Some(Start::Mail(0));
    }
    attribution(lines, i).map(Start::Headline)
}

fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '*')
}

/// Lower case; the text is short.
fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// Lines taken by an attribution that begins at line `i`.
fn attribution(lines: &[&str], i: usize) -> Option<usize> {
    let first = lines.get(i)?.trim();
    let mut joined = String::new();
    let mut counted = 0;
    for length in 1..=LINES_MAX {
        let line = lines.get(i + length - 1)?.trim();
        if line.is_empty() || (line.starts_with('>') && !matches!(line, ">:" | "> :" | "> wrote:" | ">wrote:")) {
            break;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
        counted += line.chars().count();
        if counted > LENGTH_MAX {
            break;
        }
        let rest = || lines.get(i + length..).unwrap_or_default();
        if joined.ends_with([':', '：']) {
            if is_attribution(&joined, rest()) {
                return Some(length);
            }
            break;
        }
        if ends_without_colon(&joined, rest()) {
            return Some(length);
        }
        // Only what looks like the beginning of a headline is followed over lines.
        if length == 1 && !may_go_on(first) {
            break;
        }
    }
    None
}

fn may_go_on(line: &str) -> bool {
    line.chars().any(|c| c.is_ascii_digit()) || line.contains('@') || line.ends_with('<')
}

fn quotes_follow(rest: &[&str]) -> bool {
    rest.iter().take(5).find(|l| !l.trim().is_empty()).is_some_and(|l| l.trim_start().starts_with('>'))
}

/// Whether a date or a time of day stands in it.
fn is_dated(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 5 || (digits >= 3 && has_time(text))
}

/// `10:05`, `10h05` or `10.05`, but no part of `01.12.2026`.
fn has_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let is_dot = |i: usize| bytes.get(i) == Some(&b'.');
    (1..bytes.len()).any(|i| {
        let digits = is_digit(i - 1) && is_digit(i + 1) && is_digit(i + 2);
        match bytes[i] {
            b':' | b'h' => digits,
            b'.' => digits && !is_digit(i + 3) && !is_dot(i + 3) && !(2..=3).any(|back| i >= back && is_dot(i - back)),
            _ => false,
        }
    })
}

fn says_wrote(lower: &str) -> bool {
    let body = lower.trim_end_matches([':', '：', ' ', '-', '*']);
    words::WROTE.iter().any(|w| match body.rfind(w) {
        // Word boundaries, where the script has them.
        Some(at) if w.is_ascii() || w.chars().all(|c| (c as u32) < 0x500) => {
            let before = body[..at].chars().next_back();
            let after = body[at + w.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        }
        Some(_) => true,
        None => false,
    })
}

fn is_attribution(line: &str, rest: &[&str]) -> bool {
    let lower = lower(line);
    let follow = quotes_follow(rest);
    let dated = is_dated(&lower);
    let has_address = lower.contains('@');
    if says_wrote(&lower) {
        // A sentence that ends in a colon may have such a verb too: it must look like a headline.
        let starts = starts_like_headline(&lower);
        return follow && (dated || has_address || starts)
            || dated && (has_address || has_time(&lower) || starts)
            || has_address && (starts || lower.ends_with(">:"));
    }
    let ends_with_address = lower.trim_end_matches([':', '：', ' ']).ends_with(['>', ']', ')']);
    has_address && ends_with_address && dated && (has_time(&lower) || follow)
}

fn starts_like_headline(lower: &str) -> bool {
    let line = lower.trim_start_matches(['-', ' ', '*']);
    line.starts_with(|c: char| c.is_ascii_digit())
        || words::HEADLINE_STARTS.iter().any(|start| {
            // What is given without a space is the short name of a day.
            line.strip_prefix(start).is_some_and(|rest| start.ends_with(' ') || !rest.starts_with(char::is_alphabetic))
        })
        || line.starts_with('在')
}

/// `2011/4/7 Nathan <a@b>` above quotes, `---- On … wrote ----`, `On … wrote`.
fn ends_without_colon(line: &str, rest: &[&str]) -> bool {
    let lower = lower(line);
    let dashed = lower.starts_with("--") && lower.ends_with("--");
    let body = lower.trim_matches(['-', ' ']);
    let ends_in_verb = words::WROTE.iter().any(|w| body.ends_with(w)) && says_wrote(body);
    if ends_in_verb && (dashed || is_dated(body) && (starts_like_headline(body) && body.contains('@'))) {
        return true;
    }
    let starts_with_year = body.starts_with("20") && body.chars().take(4).filter(char::is_ascii_digit).count() == 4;
    starts_with_year && body.ends_with('>') && body.contains('@') && quotes_follow(rest)
}

/// Where an attribution begins on a line that opens with words of the author; only with quotes below it.
pub(super) fn shared_line(line: &str, rest: &[&str]) -> Option<usize> {
    let trimmed = line.trim_end();
    if !trimmed.ends_with("wrote:") || !quotes_follow(rest) {
        return None;
    }
    let at = trimmed.find("--- On ").or_else(|| trimmed.find(" On "))?;
    let headline = trimmed[at..].trim_start_matches(['-', ' ']);
    (at > 0 && is_attribution(headline, rest)).then_some(at)
}

/// Dashes on both sides of a few known words.
fn is_separator(line: &str) -> bool {
    if line.len() > 120 {
        return false;
    }
    let core = line.trim_matches(|c: char| matches!(c, '-' | '_' | '—' | '–' | ' ' | '*' | '=' | '─' | '#'));
    let is_marked = core.len() + 3 <= line.len() && line.starts_with(['-', '_', '—', '–', '=', '─']);
    let core = lower(core.trim_end_matches([':', '：']));
    is_marked && words::ORIGINAL.contains(&core.as_str())
}

/// `Begin forwarded message:`
fn begins_forward(line: &str) -> bool {
    line.ends_with([':', '：']) && line.len() < 100 && {
        let core = lower(line.trim_end_matches([':', '：', ' ']));
        words::FORWARDED.contains(&core.as_str())
    }
}

/// A line of nothing but dashes or underscores.
pub(super) fn is_rule(line: &str) -> bool {
    line.len() >= 5 && line.chars().all(|c| matches!(c, '_' | '-' | '—' | '=' | '*' | '─' | ' '))
}

/// The sort of header line, and its value.
fn label(line: &str) -> Option<(u8, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '|' | '>'));
    let (label, value) = line.split_once([':', '：'])?;
    let label = label.trim_matches(|c: char| c.is_whitespace() || c == '*');
    if label.is_empty() || label.chars().count() > 25 {
        return None;
    }
    let label = lower(label);
    let sort = words::LABELS.iter().position(|set| set.contains(&label.as_str()))?;
    Some((sort as u8, value.trim_matches(|c: char| c.is_whitespace() || c == '*')))
}

/// Whether three or more header lines of an earlier mail stand here: some programs write them without further mark.
fn header_block(lines: &[&str], i: usize) -> bool {
    let Some((first, _)) = lines.get(i).and_then(|l| label(l)) else { return false };
    let mut sorts = 1u8 << first;
    let (mut has_address, mut has_clock) = (false, false);
    let mut strange = 0;
    for line in lines.iter().skip(i).take(16) {
        if line.trim().is_empty() {
            // Some put an empty line after each; the block ends where words stand behind one.
            strange += usize::from(strange > 0);
            continue;
        }
        match label(line) {
            Some((sort, value)) => {
                sorts |= 1 << sort;
                has_clock |= has_time(value);
                strange = 0;
                has_address |= value.contains('@');
            }
            None => {
                // A long value goes on in the next line.
                strange += 1;
                has_address |= strange == 1 && line.contains('@');
                if strange > 2 {
                    break;
                }
            }
        }
    }
    let has_from = sorts & 1 != 0;
    let count = sorts.count_ones();
    match (has_address, has_clock) {
        (true, _) => count >= 3 || count == 2 && (has_from || sorts & 0b110 == 0b110),
        (false, true) => count >= 3 && has_from,
        // A letter has its own "Date:" and "Subject:"; a mail has also a sender.
        (false, false) => count >= 4 && has_from,
    }
}

/// Whether the line asks to write above it, as help desks do.
pub(super) fn is_reply_mark(line: &str) -> bool {
    let line = line.trim();
    if line.len() > 200 || line.len() < 6 {
        return false;
    }
    let lower = lower(line);
    let core = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let is_dressed = line.starts_with(['#', '-', '=', '*', '_', '—', '[', '~'])
        && line.ends_with(['#', '-', '=', '*', '_', '—', ']', '~']);
    words::REPLY_MARKS.iter().any(|mark| if is_dressed { core.contains(mark) } else { core == *mark })
}
