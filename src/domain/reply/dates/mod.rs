//! Calendar days in a text, in the forms of the languages we read; a missing year is the nearest to the mail's day.

mod chinese;
mod nearby;

use super::normalize::{Token, TokenKind};
use crate::domain::Date;
use chinese::chinese;
use chrono::{Datelike, Weekday};
use nearby::{day_of_month, on_weekday, ordinal};

/// What a phrase says of a day, apart from the month that it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayPhrase {
    /// The day of the mail.
    Today,
    /// The day before.
    Yesterday,
    /// The day after.
    Tomorrow,
    /// The last day of the month of the mail.
    MonthEnd,
    /// The last day of the month after.
    NextMonthEnd,
    /// The first day of the month after.
    NextMonthStart,
    /// The last day of the year of the mail.
    YearEnd,
    /// The last day of the month that follows.
    EndOf,
    /// The first day of the month that follows.
    FirstOf,
    /// Behind the number of a day: of the month of the mail.
    ThisMonth,
    /// Behind the number of a day: of the month after.
    NextMonth,
    /// Behind the number of a day: of the month before.
    LastMonth,
}

/// The words for days, asked of the lexicon.
pub trait DateWords {
    /// Month number of a folded word.
    fn month(&self, word: &str) -> Option<u32>;
    /// The longest phrase that these folded words begin with, and how many of them it takes.
    fn phrase(&self, words: &[&str]) -> Option<(usize, DayPhrase)>;
    /// Weekday of a folded word.
    fn weekday(&self, word: &str) -> Option<Weekday>;
    /// Whether a day without a year may follow this folded word (`on`, `zum`, `od`).
    fn announces(&self, word: &str) -> bool;
}

/// What stands behind the number of a day in some languages.
const ORDINALS: &[&str] = &["st", "nd", "rd", "th", "er", "o", "º", "go", "e"];

/// Words of the longest phrase that is looked for.
const PHRASE_MAX: usize = 8;

/// Replaces the tokens of each date by one token. One that is only told by its place to the mail's day ("tomorrow")
/// keeps its words as its text.
#[must_use]
pub fn merge(raw: Vec<Token>, words: &dyn DateWords, today: Date) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(raw.len());
    let mut i = 0;
    while i < raw.len() {
        let found = date_at(&raw, i, words, today);
        if let (Some((used, date, relative)), Some(first)) = (found, raw.get(i))
            && let Some(last) = raw.get(i + used - 1)
        {
            let (start, end) = (first.start, last.end);
            let words = || raw.iter().skip(i).take(used).map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            let text = if relative { words() } else { date.to_string() };
            out.push(Token { text, kind: TokenKind::Date(date), start, end, sentence: 0, clause: 0 });
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
    /// The next token but for one line end: lines are wrapped inside of days, too.
    fn ahead(&self) -> usize {
        let line_end = self.raw.get(self.at).is_some_and(|t| t.kind == TokenKind::Mark('\n'));
        self.at + usize::from(line_end)
    }

    fn peek(&self) -> Option<&'a Token> {
        self.raw.get(self.ahead())
    }

    fn number(&mut self) -> Option<(u32, usize)> {
        let token = self.peek().filter(|t| t.kind == TokenKind::Number && t.text.len() <= 4)?;
        let value = token.text.parse().ok()?;
        self.at = self.ahead() + 1;
        Some((value, token.text.len()))
    }

    fn mark(&mut self, wanted: &[char]) -> Option<char> {
        match self.peek()?.kind {
            TokenKind::Mark(c) if wanted.contains(&c) => {
                self.at = self.ahead() + 1;
                Some(c)
            }
            _ => None,
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let token = self.peek().filter(|t| t.kind == TokenKind::Word)?;
        self.at = self.ahead() + 1;
        Some(token.text.as_str())
    }

    /// Takes the next word if it is one of these.
    fn take(&mut self, wanted: &[&str]) -> bool {
        let is = self.peek().is_some_and(|t| t.kind == TokenKind::Word && wanted.contains(&t.text.as_str()));
        if is {
            self.at = self.ahead() + 1;
        }
        is
    }

    /// What the words ahead say of a day; takes them.
    fn phrase(&mut self, words: &dyn DateWords) -> Option<DayPhrase> {
        let place = |t: &Token| matches!(t.kind, TokenKind::Word | TokenKind::Mark('\n' | '\'' | '\u{2019}'));
        let here = self.raw.iter().enumerate().skip(self.at).take(PHRASE_MAX).take_while(|(_, t)| place(t));
        let here: Vec<(usize, &str)> =
            here.filter(|(_, t)| t.kind == TokenKind::Word).map(|(i, t)| (i, t.text.as_str())).collect();
        let (used, phrase) = words.phrase(&here.iter().map(|(_, w)| *w).collect::<Vec<_>>())?;
        self.at = here.get(used.checked_sub(1)?)?.0 + 1;
        Some(phrase)
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

fn date_at(raw: &[Token], i: usize, words: &dyn DateWords, today: Date) -> Option<(usize, Date, bool)> {
    let start = || Cursor { raw, at: i };
    let absolute = |(end, date): (usize, Date)| (end - i, date, false);
    match raw.get(i)?.kind {
        TokenKind::Number => numeric(start(), raw, i, words, today)
            .or_else(|| chinese(start(), today))
            .or_else(|| day_first(start(), words, today))
            .or_else(|| day_of_month(start(), words, today))
            .or_else(|| ordinal(start(), raw, i, words, today))
            .map(absolute),
        TokenKind::Word => month_first(start(), words, today)
            .or_else(|| chinese(start(), today))
            .or_else(|| on_weekday(start(), words, today))
            .map(absolute)
            .or_else(|| {
                let (end, date, relative) = told(start(), words, today)?;
                Some((end - i, date, relative))
            }),
        _ => None,
    }
}

/// `30.11.2026.`, `30. 11. 2026`, `30/11/2026`, `30-11-2026`, `2026-11-30`, `30.11.` (only with its last dot).
fn numeric(mut c: Cursor<'_>, raw: &[Token], i: usize, words: &dyn DateWords, today: Date) -> Option<(usize, Date)> {
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
            None => return announced(day, month, before_year, raw, i, words, today),
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
    announced(day, month, before_year, raw, i, words, today)
}

/// `le 15/12`, `с 15.12`: two numbers are a day only behind a word that announces one.
fn announced(
    day: u32,
    month: u32,
    end: usize,
    raw: &[Token],
    i: usize,
    words: &dyn DateWords,
    today: Date,
) -> Option<(usize, Date)> {
    let before = i.checked_sub(1).and_then(|b| raw.get(b)).filter(|t| t.kind == TokenKind::Word)?;
    // Nor may a third part, a unit or a percent sign follow.
    let goes_on = raw.get(end).is_some_and(|t| matches!(t.kind, TokenKind::Number | TokenKind::Mark('%' | '/' | ':')));
    (words.announces(&before.text) && !goes_on).then(|| nearest(day, month, today)).flatten().map(|d| (end, d))
}

/// `23.11.`: a time or a sum would not end in a dot before a small letter, so what follows decides nothing here;
/// a number right before it would.
fn yearless(day: u32, month: u32, end: usize, raw: &[Token], i: usize, today: Date) -> Option<(usize, Date)> {
    let after_number = i.checked_sub(1).and_then(|b| raw.get(b)).is_some_and(|t| t.kind == TokenKind::Number);
    (!after_number).then(|| nearest(day, month, today)).flatten().map(|d| (end, d))
}

/// `30 November 2026`, `30. novembra 2026.`, `the 1st of January 2027`, `12 de noviembre de 2026`, `1er janvier`.
fn day_first(mut c: Cursor<'_>, words: &dyn DateWords, today: Date) -> Option<(usize, Date)> {
    let (day, length) = c.number()?;
    if length > 2 {
        return None;
    }
    c.mark(&['.', 'º', '°', '-', '/']);
    c.take(ORDINALS);
    c.take(&["of", "de", "di"]);
    let name = c.word()?;
    let roman = roman_month(name);
    let month = words.month(name).or(roman)?;
    let end = c.at;
    c.mark(&[',', '.', '-', '/']);
    c.take(&["de", "del", "of"]);
    if let Some(year) = c.year() {
        let date = Date::from_ymd_opt(year, month, day)?;
        if c.peek().is_some_and(|t| t.kind == TokenKind::Mark('.'))
            && c.raw.get(c.at + 1).is_some_and(|t| t.kind == TokenKind::Word && t.text.chars().all(char::is_alphabetic))
        {
            // "30. novembra 2026. godine": the dot belongs to the ordinal year.
            if c.raw.get(c.at + 1).is_some_and(|t| matches!(t.text.as_str(), "godine" | "god" | "g")) {
                c.at += 2;
            }
        } else {
            c.take(&["godine", "goda"]);
        }
        return Some((c.at, date));
    }
    // "30 i ..." is no date.
    (roman.is_none() || words.month(name).is_some()).then_some(())?;
    Some((end, nearest(day, month, today)?))
}

/// Month of a Roman numeral, as in `30. XI 2026.`
fn roman_month(word: &str) -> Option<u32> {
    const MONTHS: &[&str] = &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];
    MONTHS.iter().zip(1u32..).find(|(m, _)| **m == word).map(|(_, n)| n)
}

/// `November 30, 2026`, `Nov. 30th`.
fn month_first(mut c: Cursor<'_>, words: &dyn DateWords, today: Date) -> Option<(usize, Date)> {
    let month = words.month(c.word()?)?;
    c.mark(&['.']);
    let (day, length) = c.number()?;
    if length > 2 {
        return None;
    }
    c.take(&["st", "nd", "rd", "th"]);
    let end = c.at;
    c.mark(&[',']);
    if let Some(year) = c.year() {
        return Some((c.at, Date::from_ymd_opt(year, month, day)?));
    }
    Some((end, nearest(day, month, today)?))
}

/// `today`, `zum Monatsende`, `end of November`, `prvog decembra 2026.`; whether only its place to the mail tells it.
fn told(mut c: Cursor<'_>, words: &dyn DateWords, today: Date) -> Option<(usize, Date, bool)> {
    let phrase = c.phrase(words)?;
    let date = match phrase {
        DayPhrase::Today => today,
        DayPhrase::Yesterday => today.pred_opt()?,
        DayPhrase::Tomorrow => today.succ_opt()?,
        DayPhrase::MonthEnd => last_of_month(today)?,
        DayPhrase::NextMonthEnd => last_of_month(next_month(today)?)?,
        DayPhrase::NextMonthStart => next_month(today)?,
        DayPhrase::YearEnd => Date::from_ymd_opt(today.year(), 12, 31)?,
        DayPhrase::ThisMonth | DayPhrase::NextMonth | DayPhrase::LastMonth => return None,
        DayPhrase::EndOf | DayPhrase::FirstOf => {
            if let Some(month) = c.phrase(words) {
                let within = of_month(month, today)?;
                let date = if phrase == DayPhrase::EndOf { last_of_month(within)? } else { within.with_day(1)? };
                return Some((c.at, date, true));
            }
            let month = words.month(c.word()?)?;
            let end = c.at;
            c.take(&["de", "del", "of"]);
            let year = c.year();
            let day = if phrase == DayPhrase::EndOf { 28 } else { 1 };
            let within = match year {
                Some(year) => Date::from_ymd_opt(year, month, day)?,
                None => nearest(day, month, today)?,
            };
            let date = if phrase == DayPhrase::EndOf { last_of_month(within)? } else { within };
            return Some((if year.is_some() { c.at } else { end }, date, false));
        }
    };
    Some((c.at, date, true))
}

/// A day in the month that the phrase speaks of, if it speaks of one.
fn of_month(phrase: DayPhrase, today: Date) -> Option<Date> {
    match phrase {
        DayPhrase::ThisMonth => Some(today),
        DayPhrase::NextMonth => next_month(today),
        DayPhrase::LastMonth => last_of_previous_month(today),
        _ => None,
    }
}

fn last_of_previous_month(today: Date) -> Option<Date> {
    today.with_day(1)?.pred_opt()
}

/// The first day of the month after.
fn next_month(today: Date) -> Option<Date> {
    last_of_month(today)?.succ_opt()
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

    struct Few;

    impl DateWords for Few {
        fn month(&self, word: &str) -> Option<u32> {
            let all =
                ["janvier janua janvar", "", "", "", "", "", "", "", "", "", "novem nov nojabr", "decem dezem dekabr"];
            all.iter()
                .position(|m| m.split(' ').any(|s| !s.is_empty() && word.starts_with(s)))
                .and_then(|p| u32::try_from(p + 1).ok())
        }

        fn phrase(&self, words: &[&str]) -> Option<(usize, DayPhrase)> {
            let is = |phrase: &[&str]| words.starts_with(phrase).then_some(phrase.len());
            let all = [
                (is(&["tomorrow"]), DayPhrase::Tomorrow),
                (is(&["monatsende"]), DayPhrase::MonthEnd),
                (is(&["end", "of"]), DayPhrase::EndOf),
                (is(&["prvog"]), DayPhrase::FirstOf),
                (is(&["of", "this", "month"]).or(is(&["this", "month"])), DayPhrase::ThisMonth),
                (is(&["sledeceg", "meseca"]), DayPhrase::NextMonth),
            ];
            all.into_iter().find_map(|(used, phrase)| Some((used?, phrase)))
        }

        fn weekday(&self, word: &str) -> Option<Weekday> {
            ["petka", "friday", "vendredi"].contains(&word).then_some(Weekday::Fri)
        }

        fn announces(&self, word: &str) -> bool {
            ["le", "since"].contains(&word)
        }
    }

    fn check(text: &str, expected: &str) {
        let tokens = tokenise(text, &Few, Date::from_ymd_opt(2026, 11, 13).unwrap(), &|_| false).tokens;
        let found: Vec<String> = tokens
            .iter()
            .filter_map(|t| if let TokenKind::Date(d) = t.kind { Some(d.to_string()) } else { None })
            .collect();
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
        check("off tomorrow, really", "2026-11-14");
        check("prvog decembra 2026. godine", "2026-12-01");
        check("30. XI 2026.", "2026-11-30");
        check("30-Nov-2026", "2026-11-30");
        check("le 15/12 au matin", "2026-12-15");
        check("115年12月15日", "2026-12-15");
        check("二〇二六年十二月一日", "2026-12-01");
        check("十一月三十日", "2026-11-30");
        check("12月底", "2026-12-31");
        check("下月1日", "2026-12-01");
        check("於本月三十日屆滿", "2026-11-30");
        check("the 30th of this month", "2026-11-30");
        check("od 1. sledeceg meseca", "2026-12-01");
        check("on 30\nNovember 2026", "2026-11-30");
        check("on the 30th of\nthis month", "2026-11-30");
        check("the end of this month", "2026-11-30");
        check("prvog sledeceg meseca", "2026-12-01");
        check("od petka 13. je mrtva", "2026-11-13");
        check("on Friday the 27th.", "2026-11-27");
        check("vendredi 4 décembre 2026", "2026-12-04");
        check("off since the 9th and gone", "2026-11-09");
        check("since the 4th line is open", "");
    }

    #[test]
    fn a_weekday_and_a_number_are_a_day_only_if_they_fit() {
        check("on Friday the 26th", "");
        check("Friday 10:30", "");
        check("Friday 13 cases were closed", "");
        check("friday 15/12", "");
        check("ticket 12\n\nNovember", "");
    }

    #[test]
    fn sums_and_times_are_no_days() {
        check("EUR 31.10 due", "");
        check("at 14.30 and 19,90 EUR", "");
        check("060/123-4567", "");
        check("1.055,00 dinara", "");
        check("32.13.2026", "");
        check("10/12 of them", "");
        check("30 i vise", "");
    }
}
