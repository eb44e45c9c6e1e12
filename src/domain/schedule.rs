//! When things happen: waits in working days, send windows and digests from cron expressions, back-off.
//! All arithmetic on local wall-clock time is here, because that is where daylight saving goes wrong.

use super::case::Purpose;
use super::policy::{Policy, Span};
use super::{Date, Timestamp};
use chrono::{Datelike, Days, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use std::str::FromStr;

/// Longest wait on the carrier's word alone (a promise, an absence): somebody else can answer, and a date can be
/// misread.
pub const CARRIER_WAIT_MAX: TimeDelta = TimeDelta::days(31);

/// Longest believable time until a confirmed end: a contract of two years (the longest first term that Directive (EU)
/// 2018/1972 art. 105 allows) and a notice period on top.
pub const NOTICE_MAX: TimeDelta = TimeDelta::days(800);

/// Why a cron expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` is no usable cron expression: {reason}")]
pub struct BadCron {
    /// The expression.
    pub expression: String,
    /// What is wrong and how it should look.
    pub reason: String,
}

/// A cron expression with seconds (`sec min hour day month weekday`), to be read in some local time.
#[derive(Debug, Clone)]
pub struct Cron {
    schedule: cron::Schedule,
}

impl Cron {
    /// Parses five fields (as crontab(5), `0` seconds put before) or six and seven as the cron crate has
    /// them. Weekdays must be names: the crate counts 1 as Sunday, crontab(5) as Monday.
    ///
    /// # Errors
    /// [`BadCron`] for a syntax error, weekday digits, or an expression that never comes true.
    pub fn parse(expression: &str) -> Result<Self, BadCron> {
        let fail = |reason: &str| BadCron { expression: expression.to_owned(), reason: reason.to_owned() };
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let shorthand = expression.trim_start().starts_with('@');
        let full = if fields.len() == 5 { format!("0 {}", fields.join(" ")) } else { fields.join(" ") };
        if !shorthand {
            let weekday = full
                .split(' ')
                .nth(5)
                .ok_or_else(|| fail("it has five fields (minute hour day month weekday) or six with seconds first"))?;
            let without_step = weekday.split('/').next().unwrap_or(weekday);
            if without_step.bytes().any(|b| b.is_ascii_digit()) {
                return Err(fail(
                    "write weekdays as names, such as Mon-Fri: their numbers mean different days to different programs",
                ));
            }
        }
        let schedule = cron::Schedule::from_str(&full)
            .map_err(|_| fail("it should look like `0 9 * * Mon-Fri` (minute hour day month weekday)"))?;
        let any = schedule.after(&Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().unwrap_or_default()).next();
        any.map(|_| Self { schedule }).ok_or_else(|| fail("it never comes true"))
    }

    /// The first local time strictly after `after`.
    fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        // Evaluated as if local time were UTC: the iterator over DateTime<Tz> loses and doubles days when
        // clocks change.
        self.schedule.after(&Utc.from_utc_datetime(&after)).next().map(|t| t.naive_utc())
    }

    /// The first instant strictly after `after` at which the expression is true in `zone`. A local time
    /// that is skipped in spring comes at the first moment after the gap; one that occurs twice in
    /// autumn comes once.
    #[must_use]
    pub fn next_after(&self, zone: Tz, after: Timestamp) -> Option<Timestamp> {
        let mut local = after.with_timezone(&zone).naive_local();
        // Two steps suffice (an hour repeated in autumn); the bound guards against a faulty expression.
        for _ in 0..10_000 {
            local = self.next_local(local)?;
            let at = instant_of(zone, local);
            if at > after {
                return Some(at);
            }
        }
        None
    }

    /// The first instant not before `at` that lies in a minute the expression names, on no holiday.
    #[must_use]
    pub fn window_at(&self, zone: Tz, holidays: &[Date], at: Timestamp) -> Option<Timestamp> {
        let here = at.with_timezone(&zone).naive_local();
        let minute = here.with_second(0).and_then(|t| t.with_nanosecond(0)).unwrap_or(here);
        let mut from = minute - TimeDelta::seconds(1);
        for _ in 0..400 {
            let found = self.next_local(from)?;
            if holidays.contains(&found.date()) {
                from = found.date().and_time(NaiveTime::MIN) + TimeDelta::days(1) - TimeDelta::seconds(1);
                continue;
            }
            return Some(if found <= here { at } else { instant_of(zone, found).max(at) });
        }
        None
    }
}

/// The instant of a local time: the first of two when clocks are set back, the first after the gap when
/// they are set forward.
#[must_use]
pub fn instant_of(zone: Tz, local: NaiveDateTime) -> Timestamp {
    use chrono::offset::LocalResult;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => t.to_utc(),
        LocalResult::None => {
            // Gaps are at most a few hours and begin on a full minute in every zone of today.
            let mut later = local.with_second(0).unwrap_or(local);
            for _ in 0..(48 * 60) {
                later += TimeDelta::minutes(1);
                if let Some(t) = zone.from_local_datetime(&later).earliest() {
                    return t.to_utc();
                }
            }
            Utc.from_utc_datetime(&local)
        }
    }
}

/// The calendar day of an instant in a zone.
#[must_use]
pub fn day_of(zone: Tz, at: Timestamp) -> Date {
    at.with_timezone(&zone).date_naive()
}

/// The first instant of a day in a zone.
#[must_use]
pub fn start_of_day(zone: Tz, day: Date) -> Timestamp {
    instant_of(zone, day.and_time(NaiveTime::MIN))
}

/// The first instant after a day in a zone.
#[must_use]
pub fn end_of_day(zone: Tz, day: Date) -> Timestamp {
    start_of_day(zone, next_day(day))
}

fn next_day(day: Date) -> Date {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// Whether people work on that day: no Saturday, no Sunday, no holiday.
#[must_use]
pub fn is_working_day(day: Date, holidays: &[Date]) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !holidays.contains(&day)
}

/// The day `count` working days after `day`.
#[must_use]
pub fn working_days_after(day: Date, count: u32, holidays: &[Date]) -> Date {
    let mut day = day;
    let mut left = count;
    while left > 0 {
        let next = next_day(day);
        if next == day {
            break;
        }
        day = next;
        if is_working_day(day, holidays) {
            left -= 1;
        }
    }
    day
}

/// The instant a wait is over, working days counted in the carrier's country at the same local time.
#[must_use]
pub fn after(start: Timestamp, wait: Span, policy: &Policy) -> Timestamp {
    match wait {
        Span::Exact(ms) => start + TimeDelta::milliseconds(ms),
        Span::WorkingDays(count) => {
            let local = start.with_timezone(&policy.carrier_time_zone).naive_local();
            let day = working_days_after(local.date(), count, &policy.holidays);
            instant_of(policy.carrier_time_zone, day.and_time(local.time()))
        }
    }
}

/// The first instant not before `at` at which a follow-up may leave. Without a window, or with one
/// that never opens again, `at` itself.
#[must_use]
pub fn send_window(policy: &Policy, at: Timestamp) -> Timestamp {
    let cron = policy.send_window.as_deref().and_then(|w| Cron::parse(w).ok());
    cron.and_then(|c| c.window_at(policy.carrier_time_zone, &policy.holidays, at)).unwrap_or(at)
}

/// When it is the turn of a mail of this purpose, given when others to the same domain left or will leave: as soon
/// as the rate allows, and then in the send window. Answers do not wait: the carrier has asked for them, and they
/// are no batch.
#[must_use]
pub fn turn(policy: &Policy, purpose: Purpose, taken: &[Timestamp], now: Timestamp) -> Timestamp {
    let Some(rate) = policy.rate.filter(|_| purpose != Purpose::Answer) else { return now };
    let mut taken = taken.to_vec();
    taken.sort_unstable();
    // The mail that must have left the span before this one may follow.
    let before = usize::try_from(rate.mails).ok().and_then(|n| taken.len().checked_sub(n)).and_then(|i| taken.get(i));
    match before.map(|at| *at + rate.per.approximate()) {
        Some(free_at) if free_at > now => send_window(policy, free_at),
        _ => now,
    }
}

/// How long to wait before attempt number `failures + 1`, by the reply code of the last failure.
///
/// RFC 5321 §4.5.4.1 wants half an hour for busy relays; a person waits here, and one mail is no load,
/// so the first retries come sooner: at once-ish without a connection, after five minutes for
/// greylisting (450, 451), after a quarter of an hour when the server names a lack of room (452).
///
/// `first` replaces the first of these waits. Each further failure doubles the wait, up to four hours.
#[must_use]
pub fn back_off(failures: u32, code: Option<u16>, first: Option<Span>) -> TimeDelta {
    let usual = TimeDelta::seconds(match code {
        None => 15,
        Some(421) => 60,
        Some(450 | 451) => 300,
        Some(452) => 900,
        Some(_) => 120,
    });
    let first = first.map_or(usual, Span::approximate);
    first.checked_mul(1 << failures.saturating_sub(1).min(10)).unwrap_or(TimeDelta::MAX).min(TimeDelta::hours(4))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use chrono_tz::Europe::Belgrade;

    fn at(text: &str) -> Timestamp {
        chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn next(expression: &str, after: &str, expected: &str) {
        let got = Cron::parse(expression).unwrap().next_after(Belgrade, at(after)).unwrap();
        assert_eq!(got, at(expected), "{expression} after {after}");
    }

    #[test]
    fn a_time_skipped_in_spring_comes_after_the_gap() {
        next("0 30 2 * * *", "2027-03-27T12:00:00Z", "2027-03-28T03:00:00+02:00");
        next("0 30 2 * * *", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00");
    }

    #[test]
    fn a_time_repeated_in_autumn_comes_once() {
        next("0 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T02:30:00+02:00");
        next("0 30 2 * * *", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00");
    }

    fn bad(expression: &str, part: &str) {
        let error = Cron::parse(expression).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(part), "{expression}: {error}");
    }

    #[test]
    fn expressions_that_mislead_are_refused() {
        bad("0 9 * * 1-5", "names");
        bad("0 0 9 * * 1-5", "names");
        bad("0 0 31 2 *", "never");
        bad("soon", "five fields");
        bad("61 9 * * Mon", "should look like");
        assert!(Cron::parse("0 9 * * Mon-Fri").is_ok());
        assert!(Cron::parse("@daily").is_ok());
    }

    fn window(now: &str, expected: &str) {
        let holidays = [Date::from_ymd_opt(2026, 11, 11).unwrap()];
        let cron = Cron::parse("* 9-16 * * Mon-Fri").unwrap();
        assert_eq!(cron.window_at(Belgrade, &holidays, at(now)).unwrap(), at(expected), "{now}");
    }

    #[test]
    fn mail_leaves_in_office_hours_only() {
        window("2026-11-10T10:15:30+01:00", "2026-11-10T10:15:30+01:00");
        window("2026-11-10T16:59:59+01:00", "2026-11-10T16:59:59+01:00");
        // Evening before a holiday: the day after it.
        window("2026-11-10T17:00:00+01:00", "2026-11-12T09:00:00+01:00");
        window("2026-11-07T10:00:00+01:00", "2026-11-09T09:00:00+01:00");
    }

    #[test]
    fn working_days_skip_weekends_and_holidays() {
        let holidays = [Date::from_ymd_opt(2026, 11, 11).unwrap()];
        let day = |d| Date::from_ymd_opt(2026, 11, d).unwrap();
        assert_eq!(working_days_after(day(6), 2, &holidays), day(10));
        assert_eq!(working_days_after(day(10), 1, &holidays), day(12));
    }

    #[test]
    fn back_off_grows_and_is_bounded() {
        assert_eq!(back_off(1, None, None), TimeDelta::seconds(15));
        assert_eq!(back_off(1, Some(451), None), TimeDelta::seconds(300));
        assert!(back_off(2, Some(421), None) > back_off(1, Some(421), None));
        assert_eq!(back_off(u32::MAX, Some(452), None), TimeDelta::hours(4));
    }
}
