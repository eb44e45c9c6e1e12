//! Days of which only the number is told: of this month, behind a weekday, the nearest one.

use super::{Cursor, DateWords, ORDINALS, last_of_previous_month, next_month, of_month};
use crate::domain::Date;
use crate::domain::reply::normalize::{Token, TokenKind};
use chrono::Datelike;

/// `30. ovog meseca`, `the 30th of this month`, `30 числа`.
pub(super) fn day_of_month(mut c: Cursor<'_>, words: &dyn DateWords, today: Date) -> Option<(usize, Date)> {
    let (day, length) = c.number()?;
    (length <= 2).then_some(())?;
    c.mark(&['.', 'º', '°']);
    c.take(ORDINALS);
    let phrase = c.phrase(words)?;
    let within = of_month(phrase, today)?;
    Some((c.at, Date::from_ymd_opt(within.year(), within.month(), day)?))
}

/// `since the 9th`, `on the 4th`: the nearest such day, behind a word that announces one.
pub(super) fn ordinal(
    mut c: Cursor<'_>,
    raw: &[Token],
    i: usize,
    words: &dyn DateWords,
    today: Date,
) -> Option<(usize, Date)> {
    let (day, length) = c.number()?;
    (length <= 2 && c.take(&["st", "nd", "rd", "th"])).then_some(())?;
    let before = |n: usize| i.checked_sub(n).and_then(|b| raw.get(b)).filter(|t| t.kind == TokenKind::Word);
    let announced = before(1)?.text == "the" && words.announces(&before(2)?.text);
    // "on the 4th floor"
    let counts =
        c.peek().is_some_and(|t| t.kind == TokenKind::Word && !["and", "so", "at", "but"].contains(&t.text.as_str()));
    (announced && !counts).then_some(())?;
    let months = [last_of_previous_month(today)?, today, next_month(today)?];
    let days = months.into_iter().filter_map(|m| Date::from_ymd_opt(m.year(), m.month(), day));
    Some((c.at, days.min_by_key(|d| (*d - today).num_days().abs())?))
}

/// `petak 13.`, `Friday the 13th`: the month in which the day is that weekday tells itself, if it is near. A month may
/// not follow: then the day is told in full.
pub(super) fn on_weekday(mut c: Cursor<'_>, words: &dyn DateWords, today: Date) -> Option<(usize, Date)> {
    let weekday = words.weekday(c.word()?)?;
    c.mark(&[',', '.']);
    c.take(&["the", "den", "le", "el", "il", "dem"]);
    let (day, length) = c.number()?;
    (length <= 2).then_some(())?;
    let dotted = c.mark(&['.', 'º', '°']).is_some();
    let ordinal = c.take(ORDINALS);
    let names_a_month = c.peek().is_some_and(|t| match t.kind {
        TokenKind::Word => words.month(&t.text).is_some() || ["of", "de", "di"].contains(&t.text.as_str()),
        TokenKind::Number => dotted,
        // "Friday 10:30", "Friday 15/12", "Friday 10-12"
        TokenKind::Mark(mark) => [':', '/', '-', '–'].contains(&mark),
        _ => false,
    });
    // "Friday 13 cases": a bare number may count something.
    let stands_alone = dotted || ordinal || !c.peek().is_some_and(|t| t.kind == TokenKind::Word);
    (!names_a_month && stands_alone).then_some(())?;
    let months = [last_of_previous_month(today)?, today, next_month(today)?];
    let days = months.into_iter().filter_map(|m| Date::from_ymd_opt(m.year(), m.month(), day));
    let date = days.filter(|d| d.weekday() == weekday).min_by_key(|d| (*d - today).num_days().abs())?;
    Some((c.at, date))
}
