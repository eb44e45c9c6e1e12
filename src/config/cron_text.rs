//! Checks a cron expression as a person wrote it, at load time, so that none can fail later.
//! When it fires is `domain::schedule`. Called by the readers of this folder.

use chrono::TimeZone;
use std::str::FromStr;

/// Reads a cron expression of six fields (seconds first), or of five with the seconds left out, and gives
/// it with six.
///
/// # Errors
/// A sentence for the person who wrote it: wrong number of fields, weekday digits (which mean different
/// days in different programs), a field the `cron` crate refuses, or an expression with no instant at all.
pub fn parse(text: &str) -> Result<String, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let full = match fields.len() {
        1 if text.trim().starts_with('@') => text.trim().to_owned(),
        5 => format!("0 {}", fields.join(" ")),
        6 | 7 => fields.join(" "),
        n => {
            return Err(format!(
                "a cron expression has six fields (second minute hour day month weekday), this has {n}; \
                 such as \"0 * 9-16 * * Mon-Fri\""
            ));
        }
    };
    let weekday = full.split(' ').nth(5).unwrap_or("*");
    let digit_before_step =
        weekday.split(',').any(|part| part.split('/').next().unwrap_or("").chars().any(|c| c.is_ascii_digit()));
    if digit_before_step {
        return Err(
            "write weekdays as names (Mon-Fri, Sat): a number means different days in different programs".into()
        );
    }
    let schedule = cron::Schedule::from_str(&full)
        .map_err(|_| format!("`{full}` is not a cron expression (second minute hour day month weekday)"))?;
    // A fixed start: whether an expression is any good must not depend on the day it is read.
    let start = chrono::Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().unwrap_or_default();
    if schedule.after(&start).next().is_none() {
        return Err(format!("`{full}` never comes: there is no such day"));
    }
    Ok(full)
}

#[cfg(test)]
#[expect(clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let got = parse(text);
        match (&got, expected) {
            (Ok(full), Ok(wanted)) => assert_eq!(full, wanted),
            (Err(message), Err(part)) => assert!(message.contains(part), "{text}: {message}"),
            _ => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn cron_expressions_are_checked_when_read() {
        check("0 * 9-16 * * Mon-Fri", Ok("0 * 9-16 * * Mon-Fri"));
        check("30 8 * * Mon", Ok("0 30 8 * * Mon"));
        check("@daily", Ok("@daily"));
        check("0 0 9 * * 1-5", Err("as names"));
        check("0 9 * * 1", Err("as names"));
        check("0 0 25 * * *", Err("is not a cron expression"));
        check("0 0 9 31 2 *", Err("never comes"));
        check("every day", Err("has six fields"));
        check("0 0 9 * * */2", Ok("0 0 9 * * */2"));
    }
}
