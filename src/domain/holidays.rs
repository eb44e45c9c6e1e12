//! Public holidays of a country as rules, and the days they give in a year. Pure arithmetic; the rules
//! themselves are data read by `config`. Called there, and through `Policy` by the schedule.

use super::Date;
use chrono::{Datelike, Days, TimeDelta, Weekday};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The rules of one country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidayRules {
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// Its holidays.
    pub holidays: Vec<Holiday>,
    /// Cron expression (six fields, local time) of the hours in which offices there work, where known.
    pub office_hours: Option<String>,
}

/// A day on which nobody works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// What it is called.
    pub name: String,
    /// On which day of a year.
    pub when: When,
    /// Whether another day is free when it falls on a weekend.
    pub moves: Moves,
    /// Years in which it is kept.
    pub years: RangeInclusive<i32>,
}

/// On which day of a year a holiday falls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Month and day.
    Fixed(u32, u32),
    /// Days after Easter Sunday of the western churches; negative before it.
    WesternEaster(i16),
    /// Days after Easter Sunday of the Orthodox churches.
    OrthodoxEaster(i16),
    /// The first such weekday on or after a month and day (the last Monday of May is the first from 25 May on).
    Weekday {
        /// The weekday.
        weekday: Weekday,
        /// Month and day to count from.
        from: (u32, u32),
        /// On that month and day itself when it is this weekday.
        unless: Option<Weekday>,
    },
    /// Announced year by year.
    Dates(Vec<Date>),
}

/// What a weekend does to a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// Nothing.
    Never,
    /// A Sunday frees the next working day (in Serbia: state holidays do so, religious ones do not).
    SundayToNextWorkingDay,
    /// A Saturday or Sunday frees the next working day.
    WeekendToNextWorkingDay,
    /// It is kept on the Saturday instead of the Sunday.
    SundayToDayBefore,
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
    march_or_april(year, d + e + 114)?.checked_add_days(Days::new(13))
}

/// Easter Sunday of the western churches, in the Gregorian calendar (from 1583 on).
///
/// The algorithm of Meeus, Jones and Butcher (Astronomical Algorithms, chapter 8).
#[must_use]
pub fn western_easter(year: i32) -> Option<Date> {
    if year < 1583 {
        return None;
    }
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    march_or_april(year, h + l - 7 * m + 114)
}

fn march_or_april(year: i32, sum: i32) -> Option<Date> {
    Date::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}

/// The days of a year on which nobody works, ascending.
#[must_use]
pub fn holidays(rules: &HolidayRules, year: i32) -> Vec<Date> {
    let (mut days, mut moving) = (BTreeSet::new(), BTreeSet::new());
    for holiday in rules.holidays.iter().filter(|h| h.years.contains(&year)) {
        for day in days_of(&holiday.when, year) {
            let moves = match holiday.moves {
                Moves::Never => false,
                Moves::SundayToNextWorkingDay => day.weekday() == Weekday::Sun,
                Moves::WeekendToNextWorkingDay => is_weekend(day),
                Moves::SundayToDayBefore => {
                    let before = day.pred_opt().filter(|_| day.weekday() == Weekday::Sun);
                    days.insert(before.unwrap_or(day));
                    continue;
                }
            };
            days.insert(day);
            moving.extend(moves.then_some(day));
        }
    }
    for day in moving {
        // The next working day may itself be free already (2 May 2027 is a Sunday and Orthodox Easter).
        let free = day.iter_days().skip(1).find(|d| !days.contains(d) && !is_weekend(*d));
        days.extend(free);
    }
    days.into_iter().collect()
}

fn days_of(when: &When, year: i32) -> Vec<Date> {
    let from_easter = |easter: Option<Date>, offset: i16| {
        easter.and_then(|sunday| sunday.checked_add_signed(TimeDelta::days(i64::from(offset))))
    };
    let one = match when {
        When::Fixed(month, day) => Date::from_ymd_opt(year, *month, *day),
        When::WesternEaster(offset) => from_easter(western_easter(year), *offset),
        When::OrthodoxEaster(offset) => from_easter(orthodox_easter(year), *offset),
        When::Weekday { weekday, from: (month, day), unless } => {
            Date::from_ymd_opt(year, *month, *day).and_then(|from| {
                if *unless == Some(from.weekday()) {
                    return Some(from);
                }
                from.iter_days().take(7).find(|d| d.weekday() == *weekday)
            })
        }
        When::Dates(dates) => return dates.iter().copied().filter(|d| d.year() == year).collect(),
    };
    one.into_iter().collect()
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

    #[test]
    fn western_easter_is_where_the_calendar_has_it() {
        // 1954 and 1981 are the years on which simpler formulas fail; 2038 is the latest day possible.
        for text in ["1954-04-18", "1981-04-19", "2000-04-23", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25"] {
            let day: Date = text.parse().unwrap();
            assert_eq!(western_easter(day.year()), Some(day));
        }
    }

    fn kept(when: When, moves: Moves, expected: &str) {
        let day: Date = expected.split(' ').next().unwrap().parse().unwrap();
        let holiday = Holiday { name: "Feast".into(), when, moves, years: 2000..=2100 };
        let rules = HolidayRules { country: "XX".into(), holidays: vec![holiday], office_hours: None };
        let days: Vec<String> = holidays(&rules, day.year()).iter().map(ToString::to_string).collect();
        assert_eq!(days.join(" "), expected);
    }

    #[test]
    fn each_rule_says_its_day() {
        use Moves::*;
        let monday = |month, day, unless| When::Weekday { weekday: Weekday::Mon, from: (month, day), unless };
        kept(monday(5, 25, None), Never, "2026-05-25");
        kept(monday(5, 25, None), Never, "2027-05-31");
        kept(monday(2, 1, Some(Weekday::Fri)), Never, "2030-02-01");
        kept(monday(2, 1, Some(Weekday::Fri)), Never, "2028-02-07");
        kept(When::Fixed(4, 27), SundayToDayBefore, "2031-04-26");
        kept(When::Fixed(4, 27), SundayToDayBefore, "2030-04-27");
        kept(When::Fixed(12, 26), WeekendToNextWorkingDay, "2026-12-26 2026-12-28");
        kept(When::Fixed(12, 26), SundayToNextWorkingDay, "2026-12-26");
        kept(When::WesternEaster(39), Never, "2026-05-14");
        kept(When::Dates(vec!["2026-02-17".parse().unwrap(), "2027-02-06".parse().unwrap()]), Never, "2026-02-17");
    }
}
