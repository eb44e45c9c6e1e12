//! Public holidays of a country as rules, and the days they give in a year. Pure arithmetic; the rules
//! themselves are data read by `config`. Called there, and through `Policy` by the schedule.

use super::Date;
use chrono::{Datelike, Days, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The rules of one country.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayRules {
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// Days with a fixed date.
    pub fixed: Vec<FixedHoliday>,
    /// Days counted from Orthodox Easter Sunday, such as -2 for Good Friday.
    pub orthodox_easter_offsets: Vec<i16>,
    /// A moving holiday on a Sunday makes the next working day free.
    pub sunday_moves: bool,
}

/// A holiday with a fixed date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedHoliday {
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month.
    pub day: u32,
    /// Falls under the Sunday rule (in Serbia: state holidays do, religious ones do not).
    pub moves: bool,
}

/// Orthodox Easter Sunday in the Gregorian calendar, for 1900 to 2099.
///
/// Meeus' Julian algorithm (Astronomical Algorithms, chapter 8); 13 days lie between the calendars then.
#[must_use]
pub fn orthodox_easter(year: i32) -> Option<Date> {
    if !(1900..=2099).contains(&year) {
        return None;
    }
    let (a, b, c) = (year % 4, year % 7, year % 19);
    let d = (19 * c + 15) % 30;
    let e = (2 * a + 4 * b - d + 34) % 7;
    let sum = d + e + 114;
    let julian = Date::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)?;
    julian.checked_add_days(Days::new(13))
}

/// The days of a year on which nobody works, ascending.
#[must_use]
pub fn holidays(rules: &HolidayRules, year: i32) -> Vec<Date> {
    let mut days = BTreeSet::new();
    let mut moving = Vec::new();
    for fixed in &rules.fixed {
        let Some(day) = Date::from_ymd_opt(year, fixed.month, fixed.day) else { continue };
        days.insert(day);
        if fixed.moves && rules.sunday_moves && day.weekday() == Weekday::Sun {
            moving.push(day);
        }
    }
    if let Some(easter) = orthodox_easter(year) {
        for offset in &rules.orthodox_easter_offsets {
            days.extend(easter.checked_add_signed(chrono::TimeDelta::days(i64::from(*offset))));
        }
    }
    for sunday in moving {
        // The next working day may itself be free already (2 May 2027 is a Sunday and Easter).
        let free = sunday.iter_days().skip(1).find(|d| !days.contains(d) && !is_weekend(*d));
        days.extend(free);
    }
    days.into_iter().collect()
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn orthodox_easter_is_where_the_calendar_has_it() {
        for text in ["2026-04-12", "2027-05-02", "2028-04-16", "2029-04-08", "2030-04-28", "2031-04-13"] {
            let day: Date = text.parse().unwrap();
            assert_eq!(orthodox_easter(day.year()), Some(day));
        }
    }
}
