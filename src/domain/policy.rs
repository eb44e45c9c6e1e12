//! The rules a case is decided under: waits, windows, names of the account. A value, stored with the
//! journal by its digest, so that every line can be replayed under the rules of its time.

use super::Date;
use super::address::Address;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A wait: exact time, or working days in the carrier's country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// So many milliseconds.
    Exact(i64),
    /// So many working days: no weekends, no public holidays.
    WorkingDays(u32),
}

/// Why a text is no wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration; write it as `7 days`, `36 hours`, `90s` or `2 working days`")]
pub struct NotASpan(pub String);

impl Span {
    /// So many calendar days of 24 hours.
    #[must_use]
    pub const fn days(n: i64) -> Self {
        Self::Exact(n * 86_400_000)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(n: i64) -> Self {
        Self::Exact(n * 3_600_000)
    }

    /// Parses `7 days`, `36h`, `90s`, `500ms`, `2 working days`.
    ///
    /// # Errors
    /// [`NotASpan`] for anything else, zero or more than ten years.
    pub fn parse(text: &str) -> Result<Self, NotASpan> {
        let fail = || NotASpan(text.chars().take(40).collect());
        let trimmed = text.trim();
        let split = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        let number: i64 = trimmed.get(..split).and_then(|n| n.parse().ok()).ok_or_else(fail)?;
        let unit = trimmed.get(split..).unwrap_or("").trim().to_ascii_lowercase();
        let ms = match unit.as_str() {
            "working day" | "working days" => {
                let days = u32::try_from(number).ok().filter(|d| (1..=2_500).contains(d)).ok_or_else(fail)?;
                return Ok(Self::WorkingDays(days));
            }
            "ms" => 1,
            "s" | "sec" | "second" | "seconds" => 1_000,
            "m" | "min" | "minute" | "minutes" => 60_000,
            "h" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            "w" | "week" | "weeks" => 604_800_000,
            _ => return Err(fail()),
        };
        let total = number.checked_mul(ms).filter(|t| (1..=315_360_000_000).contains(t)).ok_or_else(fail)?;
        Ok(Self::Exact(total))
    }

    /// The exact length, counting a working day as a day.
    #[must_use]
    pub fn approximate(self) -> TimeDelta {
        match self {
            Self::Exact(ms) => TimeDelta::milliseconds(ms),
            Self::WorkingDays(n) => TimeDelta::days(i64::from(n)),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |n: i64, unit: &str| if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") };
        match *self {
            Self::WorkingDays(n) => f.write_str(&plural(i64::from(n), "working day")),
            Self::Exact(ms) if ms % 86_400_000 == 0 => f.write_str(&plural(ms / 86_400_000, "day")),
            Self::Exact(ms) if ms % 3_600_000 == 0 => f.write_str(&plural(ms / 3_600_000, "hour")),
            Self::Exact(ms) if ms % 1_000 == 0 => f.write_str(&plural(ms / 1_000, "second")),
            Self::Exact(ms) => write!(f, "{ms} ms"),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;
    fn try_from(text: String) -> Result<Self, NotASpan> {
        Self::parse(&text)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

/// How much mail one domain gets in a time, so that many requests at once do not look like spam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    /// So many mails, at least one.
    pub mails: u32,
    /// In this time.
    pub per: Span,
}

impl Rate {
    /// Parses `20 per hour`, `100 per day` or `1 per 90s`.
    ///
    /// # Errors
    /// A sentence for the person who wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fail = || format!("`{}` is not a rate such as `20 per hour`", text.chars().take(40).collect::<String>());
        let (mails, time) = text.split_once(" per ").ok_or_else(fail)?;
        let mails = mails.trim().parse().ok().filter(|n| (1..=100_000).contains(n)).ok_or_else(fail)?;
        let per = Span::parse(time).or_else(|_| Span::parse(&format!("1 {}", time.trim()))).map_err(|_| fail())?;
        if matches!(per, Span::WorkingDays(_)) { Err(fail()) } else { Ok(Self { mails, per }) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per {}", self.mails, self.per)
    }
}

impl TryFrom<String> for Rate {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

/// What the holder approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// The request, and with it its follow-ups.
    #[default]
    First,
    /// Every mail.
    Each,
    /// Nothing is asked.
    None,
}

/// Everything `decide` needs to know that is not in the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What needs approval.
    pub approval: Approval,
    /// Silence before follow-up 1, counted from the last sign of life.
    pub follow_up_after: Span,
    /// Silence before follow-up 2.
    pub second_after: Span,
    /// Silence before the formal notice.
    pub notice_after: Span,
    /// Silence after it before the holder is asked (`no_answer`).
    pub give_up_after: Span,
    /// Wait for any sign of receipt before the holder is told.
    pub no_sign_after: Span,
    /// Age of the last look into the inbox beyond which nobody is followed up.
    pub inbox_stale_after: Span,
    /// Wait before reminding of what is missing.
    pub collecting_nudge_after: Span,
    /// Waits before the first and the second reminder of a draft, both from when it was made.
    pub draft_nudges_after: [Span; 2],
    /// A temporary delivery failure counts as permanent after this.
    pub bounce_final_after: Span,
    /// Time after the end until the device is asked about.
    pub device_check_after: Span,
    /// Time after the end during which bills are looked out for.
    pub bill_watch_for: Span,
    /// An owed mail that cannot be handed over for this long becomes the holder's to decide.
    pub send_give_up_after: Span,
    /// The holder is told of a send problem after this.
    pub send_problem_after: Span,
    /// First wait after a refusal for the moment; none: by its reply code, see [`super::schedule::back_off`].
    pub retry_after: Option<Span>,
    /// IANA zone of the carrier.
    pub carrier_time_zone: chrono_tz::Tz,
    /// Cron expression (six fields, seconds first, in the carrier's zone) whose instants follow-ups may leave at.
    pub send_window: Option<String>,
    /// The window holds back approved requests and answers too, not only follow-ups.
    pub window_for_all: bool,
    /// Most mail that one domain gets from this account in a time; the rest waits its turn.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// Public holidays of the carrier's country in the years around.
    pub holidays: Vec<Date>,
    /// Address and display name that mails to the carrier come from.
    pub from: Address,
    /// The account's server delivers `name+detail@domain` to `name@domain`.
    pub plus_addressing: bool,
    /// IANA zone of the holder, for dates shown.
    pub holder_time_zone: chrono_tz::Tz,
    /// Documents go with the request; else they wait until a reply asks for them.
    #[serde(default = "always")]
    pub documents_with_request: bool,
    /// How long after the end copies of documents are kept.
    #[serde(default = "thirty_days")]
    pub documents_kept_for: Span,
}

// What journals of before these rules were decided by.
fn always() -> bool {
    true
}

fn thirty_days() -> Span {
    Span::days(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, expected: Option<Span>) {
        assert_eq!(Span::parse(text).ok(), expected, "{text}");
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        span("7 days", Some(Span::days(7)));
        span("3s", Some(Span::Exact(3_000)));
        span("2 working days", Some(Span::WorkingDays(2)));
        span("36h", Some(Span::hours(36)));
        span("0 days", None);
        span("soon", None);
        span("-1 days", None);
        span("99999999999999999999 days", None);
    }

    #[test]
    fn a_rate_is_read_as_people_write_it() {
        for (text, expected) in [
            ("20 per hour", Some("20 per 1 hour")),
            ("100 per 1 day", Some("100 per 1 day")),
            ("1 per 90s", Some("1 per 90 seconds")),
            ("0 per hour", None),
            ("20", None),
            ("20 per blue moon", None),
            ("2 per 3 working days", None),
        ] {
            let rate = Rate::parse(text).ok().map(|r| r.to_string());
            assert_eq!(rate.as_deref(), expected, "{text}");
            assert!(rate.is_none_or(|r| Rate::parse(&r).is_ok()));
        }
    }

    #[test]
    fn a_duration_survives_being_written() {
        for text in ["7 days", "1 day", "36 hours", "90 seconds", "2 working days", "500 ms"] {
            let span = Span::parse(text).map(|s| s.to_string());
            assert_eq!(span.as_deref(), Ok(text));
        }
    }
}
