//! Calendar days in a text, in the forms of the languages we read; a missing year is the nearest to the mail's day.

use super::normalize::{MonthOf, Token, TokenKind};
use crate::domain::Date;
use chrono::Datelike;

/// Replaces the tokens of each date by one token.
#[must_use]
pub fn merge(raw: Vec<Token>, months: MonthOf<'_>, today: Date) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(raw.len());
    let mut i = 0;
    while i < raw.len() {
        let found = date_at(&raw, i, months, today);
        if let (Some((used, date)), Some(first)) = (found, raw.get(i))
            && let Some(last) = raw.get(i + used - 1)
        {
            let (start, end) = (first.start, last.end);
            out.push(Token { text: date.to_string(), kind: TokenKind::Date(date), start, end, sentence: 0, clause: 0 });
            i += used;
            continue;
        }
        out.extend(raw.get(i).cloned());
        i += 1;
    }
    out
}

/// Reads tokens one after the other.
struct Cursor<'a> {
    raw: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.raw.get(self.at)
    }

    fn number(&mut self) -> Option<(u32, usize)> {
        let token = self.peek().filter(|t| t.kind == TokenKind::Number && t.text.len() <= 4)?;
        let value = token.text.parse().ok()?;
        self.at += 1;
        Some((value, token.text.len()))
    }

    fn mark(&mut self, wanted: &[char]) -> Option<char> {
        match self.peek()?.kind {
            TokenKind::Mark(c) if wanted.contains(&c) => {
                self.at += 1;
                Some(c)
            }
            _ => None,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let token = self.peek().filter(|t| t.kind == TokenKind::Word)?;
        self.at += 1;
        Some(token.text.as_str())
    }

    fn is_word(&self, wanted: &[&str]) -> bool {
        self.peek().is_some_and(|t| t.kind == TokenKind::Word && wanted.contains(&t.text.as_str()))
    }

    /// A year of four digits, or one of two behind a dotted date.
    fn year(&mut self) -> Option<i32> {
        let before = self.at;
        match self.number() {
            Some((value @ 1990..=2100, 4)) => i32::try_from(value).ok(),
            _ => {
                self.at = before;
                None
            }
        }
    }
}

fn date_at(raw: &[Token], i: usize, months: MonthOf<'_>, today: Date) -> Option<(usize, Date)> {
    let start = || Cursor { raw, at: i };
    match raw.get(i)?.kind {
        TokenKind::Number => numeric(start(), raw, i, today)
            .or_else(|| chinese(start(), today))
            .or_else(|| day_first(start(), months, today)),
        TokenKind::Word => month_first(start(), months, today).or_else(|| month_end(start(), months, today)),
        _ => None,
    }
    .map(|(end, date)| (end - i, date))
}

/// `30.11.2026.`, `30. 11. 2026`, `30/11/2026`, `30-11-2026`, `2026-11-30`, `30.11.` (only with its last dot).
fn numeric(mut c: Cursor<'_>, raw: &[Token], i: usize, today: Date) -> Option<(usize, Date)> {
    let (a, a_len) = c.number()?;
    let separator = c.mark(&['.', '/', '-'])?;
    let (b, b_len) = c.number()?;
    if a_len == 4 {
        c.mark(&[separator])?;
        let (d, d_len) = c.number()?;
        let date = Date::from_ymd_opt(i32::try_from(a).ok()?, b, d)?;
        return (b_len <= 2 && d_len <= 2 && (1990..=2100).contains(&a)).then_some((c.at, date));
    }
    if a_len > 2 || b_len > 2 {
        return None;
    }
    // Day first everywhere but where that cannot be.
    let (day, month) = if b > 12 && separator == '/' { (b, a) } else { (a, b) };
    let before_year = c.at;
    if c.mark(&[separator]).is_some() {
        let (year, length) = match c.number() {
            Some(found) => found,
            None if separator == '.' => return yearless(day, month, before_year + 1, raw, i, today),
            None => return None,
        };
        let year = match length {
            4 => i32::try_from(year).ok()?,
            2 => 2000 + i32::try_from(year).ok()?,
            _ if separator == '.' => return yearless(day, month, before_year + 1, raw, i, today),
            _ => return None,
        };
        let date = Date::from_ymd_opt(year, month, day).filter(|d| (1990..=2100).contains(&d.year()))?;
        if separator == '.' {
            c.mark(&['.']);
        }
        return Some((c.at, date));
    }
    None
}

/// `23.11.`: a time or a sum would not end in a dot before a small letter, so what follows decides nothing here;
/// a number right before it would.
fn yearless(day: u32, month: u32, end: usize, raw: &[Token], i: usize, today: Date) -> Option<(usize, Date)> {
    let after_number = i.checked_sub(1).and_then(|b| raw.get(b)).is_some_and(|t| t.kind == TokenKind::Number);
    (!after_number).then(|| nearest(day, month, today)).flatten().map(|d| (end, d))
}

/// `2026年12月15日`, `12月15日`, `15号`.
fn chinese(mut c: Cursor<'_>, today: Date) -> Option<(usize, Date)> {
    let (first, length) = c.number()?;
    match c.word()? {
        "年" if length == 4 => {
            let (month, _) = c.number()?;
            (c.word()? == "月").then_some(())?;
            let (day, _) = c.number()?;
            matches!(c.word()?, "日" | "号").then_some(())?;
            Some((c.at, Date::from_ymd_opt(i32::try_from(first).ok()?, month, day)?))
        }
        "月" => {
            if c.is_word(&["底", "末"]) {
                return Some((c.at + 1, last_of_month(nearest(28, first, today)?)?));
            }
            let (day, _) = c.number()?;
            matches!(c.word()?, "日" | "号").then_some(())?;
            Some((c.at, nearest(day, first, today)?))
        }
        _ => None,
    }
}

/// `30 November 2026`, `30. novembra 2026.`, `the 1st of January 2027`, `12 de noviembre de 2026`, `1er janvier`.
fn day_first(mut c: Cursor<'_>, months: MonthOf<'_>, today: Date) -> Option<(usize, Date)> {
    let (day, length) = c.number()?;
    if length > 2 {
        return None;
    }
    c.mark(&['.', 'º', '°']);
    if c.is_word(&["st", "nd", "rd", "th", "er", "o", "º", "go", "e"]) {
        c.at += 1;
    }
    if c.is_word(&["of", "de", "di"]) {
        c.at += 1;
    }
    let month = months(c.word()?)?;
    let end = c.at;
    c.mark(&[',', '.']);
    if c.is_word(&["de", "del"]) {
        c.at += 1;
    }
    if let Some(year) = c.year() {
        let date = Date::from_ymd_opt(year, month, day)?;
        if c.peek().is_some_and(|t| t.kind == TokenKind::Mark('.'))
            && c.raw.get(c.at + 1).is_some_and(|t| t.kind == TokenKind::Word && t.text.chars().all(char::is_alphabetic))
        {
            // "30. novembra 2026. godine": the dot belongs to the ordinal year.
            if c.raw.get(c.at + 1).is_some_and(|t| matches!(t.text.as_str(), "godine" | "god" | "g")) {
                c.at += 2;
            }
        } else if c.is_word(&["godine", "goda", "года"]) {
            c.at += 1;
        }
        return Some((c.at, date));
    }
    Some((end, nearest(day, month, today)?))
}

/// `November 30, 2026`, `Nov. 30th`.
fn month_first(mut c: Cursor<'_>, months: MonthOf<'_>, today: Date) -> Option<(usize, Date)> {
    let month = months(c.word()?)?;
    c.mark(&['.']);
    let (day, length) = c.number()?;
    if length > 2 {
        return None;
    }
    if c.is_word(&["st", "nd", "rd", "th"]) {
        c.at += 1;
    }
    let end = c.at;
    c.mark(&[',']);
    if let Some(year) = c.year() {
        return Some((c.at, Date::from_ymd_opt(year, month, day)?));
    }
    Some((end, nearest(day, month, today)?))
}

/// `end of November`, `kraj novembra`, `krajem novembra`, `Ende November`, `fin novembre`, `zum Monatsende`.
fn month_end(mut c: Cursor<'_>, months: MonthOf<'_>, today: Date) -> Option<(usize, Date)> {
    const END: &[&str] = &[
        "end", "kraj", "kraja", "kraju", "krajem", "ende", "fin", "fine", "finales", "konca", "konec", "konce", "koncu",
    ];
    const THIS: &[&str] = &["monatsende", "月底", "ultimo"];
    let word = c.word()?;
    if THIS.contains(&word) {
        return Some((c.at, last_of_month(today)?));
    }
    if !END.contains(&word) {
        return None;
    }
    while c.is_word(&["of", "the", "de", "di", "del", "ovog", "tekuceg", "this", "des", "diesen"]) {
        c.at += 1;
    }
    if c.is_word(&["month", "meseca", "mjeseca", "monats", "mois", "mes", "mese", "mesjaca"]) {
        return Some((c.at + 1, last_of_month(today)?));
    }
    let month = months(c.word()?)?;
    let end = c.at;
    if let Some(year) = c.year() {
        return Some((c.at, last_of_month(Date::from_ymd_opt(year, month, 1)?)?));
    }
    Some((end, last_of_month(nearest(28, month, today)?)?))
}

/// The year in which the day lies nearest to `today`.
fn nearest(day: u32, month: u32, today: Date) -> Option<Date> {
    [today.year() - 1, today.year(), today.year() + 1]
        .into_iter()
        .filter_map(|y| Date::from_ymd_opt(y, month, day))
        .min_by_key(|d| (*d - today).num_days().abs())
}

fn last_of_month(date: Date) -> Option<Date> {
    let (year, month) = if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
    Date::from_ymd_opt(year, month, 1)?.pred_opt()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::normalize::{TokenKind, tokenise};
    use super::*;

    fn check(text: &str, expected: &str) {
        let months = |w: &str| {
            let all =
                ["janvier janua janvar", "", "", "", "", "", "", "", "", "", "novem nov nojabr", "decem dezem dekabr"];
            all.iter()
                .position(|m| m.split(' ').any(|s| !s.is_empty() && w.starts_with(s)))
                .and_then(|p| u32::try_from(p + 1).ok())
        };
        let tokens = tokenise(text, &months, Date::from_ymd_opt(2026, 11, 13).unwrap(), &|_| false).tokens;
        let found: Vec<String> =
            tokens.iter().filter(|t| matches!(t.kind, TokenKind::Date(_))).map(|t| t.text.clone()).collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }

    #[test]
    fn days_are_read_in_the_usual_forms() {
        check("ukinut 30.11.2026. godine", "2026-11-30");
        check("30. 11. 2026", "2026-11-30");
        check("od 30. novembra", "2026-11-30");
        check("30. novembra 2026. godine prestaje", "2026-11-30");
        check("on 30 November 2026", "2026-11-30");
        check("on November 30, 2026", "2026-11-30");
        check("Nov. 30th", "2026-11-30");
        check("1 January 2027", "2027-01-01");
        check("le 1er janvier", "2027-01-01");
        check("合约自2026年12月15日起", "2026-12-15");
        check("12月15日", "2026-12-15");
        check("zum 15. Dezember 2026", "2026-12-15");
        check("17 novembre 2026", "2026-11-17");
        check("15 декабря", "2026-12-15");
        check("12 de noviembre de 2026", "2026-11-12");
        check("at the end of November", "2026-11-30");
        check("zum Monatsende", "2026-11-30");
        check("2026-11-30", "2026-11-30");
        check("30/11/2026", "2026-11-30");
        check("u ponedeljak 23.11. Hvala", "2026-11-23");
    }

    #[test]
    fn sums_and_times_are_no_days() {
        check("EUR 31.10 due", "");
        check("at 14.30 and 19,90 EUR", "");
        check("060/123-4567", "");
        check("1.055,00 dinara", "");
        check("32.13.2026", "");
    }
}
