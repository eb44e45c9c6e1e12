//! Days in Chinese characters and in the counting of the Republic of China.

use super::{Cursor, last_of_month, last_of_previous_month, nearest, next_month};
use crate::domain::Date;
use crate::domain::reply::normalize::TokenKind;
use chrono::Datelike;

/// A number in digits or in Chinese characters, up to 39.
fn number(c: &mut Cursor<'_>) -> Option<(u32, usize)> {
    if let Some(found) = c.number() {
        return Some(found);
    }
    let digit = |w: &str| match "〇一二三四五六七八九".find(w) {
        // Each of them takes three bytes.
        Some(at) if w.len() == 3 => Some(at / 3),
        _ => (w == "零").then_some(0),
    };
    let (mut value, mut length) = (0u32, 0usize);
    while let Some(word) = c.peek().filter(|t| t.kind == TokenKind::Word).map(|t| t.text.as_str()) {
        value = match (word, digit(word)) {
            ("十", _) => value.max(1) * 10,
            ("廿", _) => 20,
            (_, Some(d)) if value >= 10 && value % 10 == 0 && length < 3 => value + u32::try_from(d).ok()?,
            (_, Some(d)) => value * 10 + u32::try_from(d).ok()?,
            _ => break,
        };
        c.at += 1;
        length += 1;
        if length > 4 {
            return None;
        }
    }
    (length > 0).then_some((value, length))
}

/// `2026年12月15日`, `115年12月15日` (counted from 1911), `12月15日`, `十二月一日`, `12月底`, `下月1日`, `本月三十日`.
pub(super) fn chinese(mut c: Cursor<'_>, today: Date) -> Option<(usize, Date)> {
    if let Some(first @ ("下" | "本" | "当" | "这" | "今" | "上")) = c.peek().map(|t| t.text.as_str()) {
        c.word()?;
        let within = match first {
            "下" => next_month(today)?,
            "上" => last_of_previous_month(today)?,
            _ => today,
        };
        c.take(&["个"]);
        (c.word()? == "月").then_some(())?;
        let (day, _) = number(&mut c)?;
        matches!(c.word()?, "日" | "号").then_some(())?;
        return Some((c.at, Date::from_ymd_opt(within.year(), within.month(), day)?));
    }
    let (first, length) = number(&mut c)?;
    let year = match c.word()? {
        "年" => {
            let year = match length {
                4 => first,
                _ if (100..200).contains(&first) => first + 1911,
                2 if first >= 20 => 2000 + first,
                _ => return None,
            };
            let (month, _) = number(&mut c)?;
            (c.word()? == "月").then_some(())?;
            Some((i32::try_from(year).ok()?, month))
        }
        "月" => None,
        _ => return None,
    };
    let (year, month) = year.map_or((None, first), |(y, m)| (Some(y), m));
    if c.take(&["底", "末"]) {
        let within = match year {
            Some(y) => Date::from_ymd_opt(y, month, 1)?,
            None => nearest(28, month, today)?,
        };
        return Some((c.at, last_of_month(within)?));
    }
    let (day, _) = number(&mut c)?;
    matches!(c.word()?, "日" | "号").then_some(())?;
    let date = match year {
        Some(y) => Date::from_ymd_opt(y, month, day)?,
        None => nearest(day, month, today)?,
    };
    Some((c.at, date))
}
