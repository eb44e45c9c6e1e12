//! Holiday rules of countries, compiled in from `config/holidays`. The arithmetic is `domain::holidays`.
//! Called by `Config::policy_for`.

use super::embedded;
use super::reader::{Document, Problems, Section};
use crate::domain::Date;
use crate::domain::holidays::{FixedHoliday, HolidayRules, holidays};
use chrono::Datelike;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// The years a policy carries holidays for. Fixed, so that a policy does not change with the day it is made.
const YEARS: RangeInclusive<i32> = 2025..=2045;

/// Computed once: a policy is made for every event.
static BY_COUNTRY: LazyLock<BTreeMap<String, Vec<Date>>> = LazyLock::new(|| {
    let rules = embedded::HOLIDAYS.iter().filter_map(|(name, text)| parse(name, text).ok());
    rules.map(|r| (r.country.clone(), YEARS.flat_map(|year| holidays(&r, year)).collect())).collect()
});

/// The holidays of a country from 2025 to 2045; none for a country without rules.
#[must_use]
pub fn of_country(country: &str) -> Vec<Date> {
    BY_COUNTRY.get(country).cloned().unwrap_or_default()
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
    let fixed = root.sections("fixed").iter().filter_map(fixed).collect();
    let orthodox_easter_offsets = root.integers("orthodox_easter_offsets", -100..=100).unwrap_or_default();
    let sunday_moves = root.boolean("sunday_moves").unwrap_or(false);
    root.finish();
    let problems = document.into_problems();
    if problems.is_empty() {
        Ok(HolidayRules { country, fixed, orthodox_easter_offsets, sunday_moves })
    } else {
        Err(Problems(problems))
    }
}

fn fixed(section: &Section<'_, '_>) -> Option<FixedHoliday> {
    let day = section.parsed("day", |text| {
        // A leap year, so that 29 February is a day.
        let day = format!("2024-{text}").parse::<Date>();
        day.map_err(|_| format!("`{text}` is not a month and day such as 05-01"))
    });
    if !section.has("day") {
        section.problem("day", "is missing");
    }
    section.required("name");
    let moves = section.boolean("moves").unwrap_or(false);
    section.finish();
    day.map(|d| FixedHoliday { month: d.month(), day: d.day(), moves })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn serbia(year: i32) -> Vec<String> {
        let rules = embedded::HOLIDAYS.iter().find(|(name, _)| *name == "rs.toml").unwrap();
        let rules = parse(rules.0, rules.1).unwrap();
        holidays(&rules, year).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_state_holiday_on_a_sunday_makes_the_next_working_day_free() {
        assert_eq!(
            serbia(2026),
            [
                "2026-01-01",
                "2026-01-02",
                "2026-01-07",
                "2026-02-15",
                "2026-02-16",
                "2026-02-17",
                "2026-04-10",
                "2026-04-11",
                "2026-04-12",
                "2026-04-13",
                "2026-05-01",
                "2026-05-02",
                "2026-11-11",
            ]
        );
    }

    #[test]
    fn labour_day_on_easter_sunday_moves_behind_easter() {
        assert_eq!(
            serbia(2027),
            [
                "2027-01-01",
                "2027-01-02",
                "2027-01-07",
                "2027-02-15",
                "2027-02-16",
                "2027-04-30",
                "2027-05-01",
                "2027-05-02",
                "2027-05-03",
                "2027-05-04",
                "2027-11-11",
            ]
        );
    }

    #[test]
    fn a_religious_holiday_on_a_sunday_does_not_move() {
        assert!(!serbia(2029).contains(&"2029-01-08".to_owned()));
    }

    #[test]
    fn all_rules_compiled_in_are_read() {
        for (name, text) in embedded::HOLIDAYS {
            let rules = parse(name, text);
            assert!(rules.is_ok(), "{rules:?}");
        }
    }
}
