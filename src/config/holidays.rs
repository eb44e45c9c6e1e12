//! Holidays and office hours of countries, compiled in from `config/holidays`. The arithmetic is
//! `domain::holidays`. Called by `Config::policy_for`.

use super::reader::{Document, Problems, Section};
use super::{cron_text, embedded};
use crate::domain::Date;
use crate::domain::holidays::{Holiday, HolidayRules, Moves, When, holidays};
use chrono::{Datelike, Weekday};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// The years a policy carries holidays for. Fixed, so that a policy does not change with the day it is made.
const YEARS: RangeInclusive<i32> = 2025..=2045;

const MOVES: [(&str, Moves); 4] = [
    ("never", Moves::Never),
    ("sunday_to_next_working_day", Moves::SundayToNextWorkingDay),
    ("weekend_to_next_working_day", Moves::WeekendToNextWorkingDay),
    ("sunday_to_day_before", Moves::SundayToDayBefore),
];

/// What is known of a country.
#[derive(Debug)]
struct Country {
    holidays: Vec<Date>,
    office_hours: Option<String>,
}

/// Computed once: a policy is made for every event.
static BY_COUNTRY: LazyLock<BTreeMap<String, Country>> = LazyLock::new(|| {
    let rules = embedded::HOLIDAYS.iter().filter_map(|(name, text)| parse(name, text).ok());
    rules
        .map(|r| {
            let days = YEARS.flat_map(|year| holidays(&r, year)).collect();
            (r.country, Country { holidays: days, office_hours: r.office_hours })
        })
        .collect()
});

/// The holidays of a country from 2025 to 2045; none for a country without rules.
#[must_use]
pub fn of_country(country: &str) -> Vec<Date> {
    BY_COUNTRY.get(country).map(|c| c.holidays.clone()).unwrap_or_default()
}

/// When offices of a country work, as a cron expression (six fields, local time), where a source says so.
#[must_use]
pub fn office_hours(country: &str) -> Option<&'static str> {
    BY_COUNTRY.get(country)?.office_hours.as_deref()
}

/// Reads the rules of one country.
///
/// # Errors
/// Every problem of the file with its line.
pub fn parse(name: &str, text: &str) -> Result<HolidayRules, Problems> {
    let document = Document::new(name, text);
    let table = document.parse();
    let root = Section::root(&document, &table);
    let country = root.required("country").unwrap_or_default();
    root.required("source");
    root.required("source_date");
    let office_hours = root.section("office_hours").and_then(|section| {
        section.required("source");
        section.required("source_date");
        let hours = section.required("cron").and_then(|_| section.parsed("cron", cron_text::parse));
        section.finish();
        hours
    });
    let holidays: Vec<Holiday> = root.sections("holiday").iter().filter_map(holiday).collect();
    root.finish();
    let problems = document.into_problems();
    if problems.is_empty() { Ok(HolidayRules { country, holidays, office_hours }) } else { Err(Problems(problems)) }
}

fn holiday(section: &Section<'_, '_>) -> Option<Holiday> {
    let name = section.required("name");
    let mut ways = Vec::new();
    ways.extend(section.parsed("day", month_and_day).map(|(month, day)| When::Fixed(month, day)));
    let offset = |key| section.integer(key, -100..=100).and_then(|n| i16::try_from(n).ok());
    ways.extend(offset("western_easter").map(When::WesternEaster));
    ways.extend(offset("orthodox_easter").map(When::OrthodoxEaster));
    let weekday = section.parsed("weekday", weekday_of);
    let from = section.parsed("from", month_and_day);
    let unless = section.parsed("unless", weekday_of);
    match (weekday, from) {
        (Some(weekday), Some(from)) => ways.push(When::Weekday { weekday, from, unless }),
        (None, None) if unless.is_none() => {}
        _ => section.problem_here("`weekday` and `from` go together (and `unless` with them)"),
    }
    let dates = section.strings("dates").and_then(|texts| {
        let dates: Option<Vec<Date>> = texts.iter().map(|t| t.parse().ok()).collect();
        if dates.is_none() {
            section.problem("dates", "must be days such as \"2026-02-17\"");
        }
        dates
    });
    ways.extend(dates.map(When::Dates));
    let moves = section.choice("moves", &MOVES).unwrap_or(Moves::Never);
    let year = |key, usual| section.integer(key, 1900..=2100).and_then(|y| i32::try_from(y).ok()).unwrap_or(usual);
    let years = year("first_year", 1900)..=year("last_year", 2100);
    section.finish();
    if ways.len() != 1 {
        section.problem_here(
            "a holiday has one of `day`, `western_easter`, `orthodox_easter`, `weekday` with `from`, or `dates`",
        );
        return None;
    }
    Some(Holiday { name: name?, when: ways.pop()?, moves, years })
}

fn month_and_day(text: &str) -> Result<(u32, u32), String> {
    // A leap year, so that 29 February is a day.
    let day = format!("2024-{text}").parse::<Date>();
    day.map(|d| (d.month(), d.day())).map_err(|_| format!("`{text}` is not a month and day such as 05-01"))
}

fn weekday_of(text: &str) -> Result<Weekday, String> {
    text.parse().map_err(|_| format!("`{text}` is not a weekday such as Mon"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn of(file: &str) -> HolidayRules {
        let (name, text) = embedded::HOLIDAYS.iter().find(|(name, _)| *name == file).unwrap();
        parse(name, text).unwrap()
    }

    fn check(file: &str, year: i32, expected: &str) {
        let days: Vec<String> = holidays(&of(file), year).iter().map(|d| d.format("%m-%d").to_string()).collect();
        assert_eq!(days.join(" "), expected, "{file} {year}");
    }

    #[test]
    fn a_state_holiday_on_a_sunday_makes_the_next_working_day_free() {
        check("rs.toml", 2026, "01-01 01-02 01-07 02-15 02-16 02-17 04-10 04-11 04-12 04-13 05-01 05-02 11-11");
    }

    #[test]
    fn labour_day_on_easter_sunday_moves_behind_easter() {
        check("rs.toml", 2027, "01-01 01-02 01-07 02-15 02-16 04-30 05-01 05-02 05-03 05-04 11-11");
    }

    #[test]
    fn a_religious_holiday_on_a_sunday_does_not_move() {
        assert!(!holidays(&of("rs.toml"), 2029).contains(&"2029-01-08".parse().unwrap()));
    }

    /// The oracle is a program of other people; `tests/golden/holidays.txt` says which.
    #[test]
    fn every_country_has_the_weekdays_that_others_compute() {
        let golden = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/holidays.txt"));
        let mut seen = std::collections::BTreeSet::new();
        for line in golden.lines().filter(|l| !l.starts_with('#')) {
            let (head, expected) = line.split_once(':').unwrap();
            let (country, year) = head.split_once(' ').unwrap();
            let file = format!("{}.toml", country.to_lowercase());
            let days = holidays(&of(&file), year.parse().unwrap());
            let weekdays = days.iter().filter(|d| !matches!(d.weekday(), Weekday::Sat | Weekday::Sun));
            let told: Vec<String> = weekdays.map(|d| d.format("%m-%d").to_string()).collect();
            assert_eq!(told.join(" "), expected.trim(), "{head}");
            seen.insert(file);
        }
        let all: std::collections::BTreeSet<String> =
            embedded::HOLIDAYS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(seen, all, "every country is compared");
    }

    #[test]
    fn all_rules_compiled_in_are_read() {
        for (name, text) in embedded::HOLIDAYS {
            let rules = parse(name, text);
            assert!(rules.is_ok(), "{rules:?}");
            assert_eq!(name.strip_suffix(".toml").map(str::to_uppercase), rules.ok().map(|r| r.country));
        }
    }

    #[test]
    fn a_complaint_names_line_and_key() {
        let head = "country = \"XX\"\nsource = \"s\"\nsource_date = \"2026\"\n[[holiday]]\nname = \"Feast\"\n";
        let bad = |rest: &str, part: &str| {
            let told = parse("xx.toml", &format!("{head}{rest}")).unwrap_err().to_string();
            assert!(told.contains(part) && told.contains("xx.toml"), "{told}");
        };
        bad("", "one of `day`");
        bad("day = \"13-01\"", "month and day");
        bad("day = \"05-01\"\nwestern_easter = 1", "one of `day`");
        bad("weekday = \"Mon\"", "go together");
        bad("weekday = \"Moonday\"\nfrom = \"05-01\"", "weekday such as Mon");
        bad("dates = [\"soon\"]", "2026-02-17");
        bad("day = \"05-01\"\nmoves = \"sometimes\"", "moves");
        bad("day = \"05-01\"\nday_off = true", "day_off");
    }
}
