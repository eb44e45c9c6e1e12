//! English words for states, questions, kinds and times, as lists and timelines show them.

use crate::domain::case::{Attempt, Case, Fact, Purpose, Question, Resolution, State, Timer};
use crate::domain::reply::Kind;
use crate::domain::{Timestamp, schedule};

/// Foreign text without anything a terminal would obey, cut to a length fit for a line.
pub(super) fn safe(text: &str) -> String {
    let hides = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = text.chars().take(300).map(|c| if hides(c) { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of several lines without anything a terminal would obey.
pub(super) fn safe_lines(text: &str) -> String {
    text.lines().map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// An instant on the holder's clock.
pub(super) fn local(at: Timestamp, zone: chrono_tz::Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// An instant with its weekday, and how far it is.
pub(super) fn local_and_distance(at: Timestamp, zone: chrono_tz::Tz, now: Timestamp) -> String {
    let days = (schedule::day_of(zone, at) - schedule::day_of(zone, now)).num_days();
    let distance = match days {
        _ if at <= now => "due".to_owned(),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        n => format!("in {n} days"),
    };
    format!("{} ({distance})", at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M"))
}

/// Why a mail is sent.
pub(super) fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Request => "request",
        Purpose::FollowUp1 => "first reminder",
        Purpose::FollowUp2 => "second reminder",
        Purpose::Notice => "formal notice",
        Purpose::Answer => "answer",
    }
}

/// What an alarm is about.
pub(super) fn timer(timer: Timer) -> &'static str {
    match timer {
        Timer::Reminder => "something waits for you",
        Timer::NoSign => "no sign of receipt",
        Timer::FollowUp => "the carrier has been silent for long enough",
        Timer::BounceFinal => "a delivery failure has lasted too long",
        Timer::EffectiveDate => "the effective date is over",
        Timer::DeviceCheck => "time to look at the phone",
        Timer::BillWatch => "the watch for bills ends",
        Timer::DeleteDocuments => "copies of documents have been kept for long enough",
    }
}

/// What a message says.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Confirmed => "confirms the cancellation",
        Kind::Acknowledged => "says it was received",
        Kind::NeedsInfo => "asks for something",
        Kind::NeedsPayment => "wants a payment first",
        Kind::NeedsOtherChannel => "wants another way than e-mail",
        Kind::Refused => "refuses",
        Kind::Retention => "offers something to make you stay",
        Kind::Billing => "a bill",
        Kind::Unrelated => "something else",
        Kind::AutoReply => "an absence notice",
        Kind::Bounce => "a delivery failure",
        Kind::Unclear => "unclear, a person must read it",
    }
}

/// What the holder is asked.
fn question(question: Question) -> &'static str {
    match question {
        Question::MissingInfo => "the carrier asks for data",
        Question::IdDocument => "the carrier asks for an identity document",
        Question::Payment => "the carrier wants a payment first",
        Question::OtherChannel => "the carrier wants another way than e-mail",
        Question::RetentionOffer => "the carrier makes an offer to stay",
        Question::Refused => "the carrier refuses",
        Question::Undeliverable => "no address takes the request",
        Question::SendUnknown => "did the mail leave?",
        Question::UnclearReply => "a reply that you must read",
        Question::LateReply => "a reply after the end",
        Question::BilledAfterEnd => "a bill after the end",
        Question::NoAnswer => "no answer to any reminder",
    }
}

/// The situation in a few words.
pub(super) fn situation(case: &Case) -> String {
    match &case.state {
        State::Collecting { .. } => "something is missing".to_owned(),
        State::Drafted { mail, .. } => format!("{} waits for approval", purpose(mail.purpose)),
        State::Sending { purpose: why, attempt: Attempt::Waiting, .. } => format!("{} approved", purpose(*why)),
        State::Sending { purpose: why, .. } => format!("{} is being handed over", purpose(*why)),
        State::AwaitingReply { progress, .. } => {
            let sent = match progress.follow_ups_sent {
                0 if progress.last_sent.is_none() => "asked by another channel".to_owned(),
                0 => "request sent".to_owned(),
                1 => "reminded once".to_owned(),
                2 => "reminded twice".to_owned(),
                _ => "formal notice sent".to_owned(),
            };
            let sign = if progress.acknowledged_at.is_some() { ", received by the carrier" } else { "" };
            format!("{sent}{sign}")
        }
        State::NeedsYou { question: asked, .. } => question(*asked).to_owned(),
        State::Confirmed { effective_date, .. } => format!("confirmed, ends {effective_date}"),
        State::Done { effective_date: Some(day), .. } => format!("cancelled, ended {day}"),
        State::Done { .. } => "cancelled".to_owned(),
        State::Closed { resolution, .. } => match resolution {
            Resolution::Withdrawn => "withdrawn by you",
            Resolution::Lapsed => "ended by itself",
            Resolution::Refused => "refused, and you accepted that",
            Resolution::Abandoned => "given up",
        }
        .to_owned(),
    }
}

/// What comes next: the holder's command, or what odjava does and when.
/// `other_way` is the channel to take where the carrier's record refuses e-mail.
pub(super) fn next(
    case: &Case,
    at: Option<Timestamp>,
    zone: chrono_tz::Tz,
    now: Timestamp,
    other_way: Option<&str>,
) -> String {
    let reference = &case.reference;
    let when = at.map(|at| local_and_distance(at, zone, now)).unwrap_or_default();
    match &case.state {
        State::Collecting { missing, .. } => {
            if let Some(channel) = other_way.filter(|_| missing.contains(&Fact::ContactAddress)) {
                return format!("odjava resolve {reference} --sent-by {channel}");
            }
            let flags: Vec<String> = missing.iter().map(|f| format!("{} {}", f.flag(), value_of(*f))).collect();
            format!("odjava edit {reference} {}", flags.join(" "))
        }
        State::Drafted { .. } => format!("odjava draft {reference}, then approve"),
        State::NeedsYou { answer: Some(_), .. } => format!("odjava draft {reference}, then approve or resolve"),
        State::NeedsYou { question, .. } => needed(*question, case),
        State::Sending { .. } if when.is_empty() => "the outcome is awaited".to_owned(),
        State::Sending { .. } => format!("leaves {when}"),
        State::AwaitingReply { progress, follow_up_at, .. } => {
            let what = match Purpose::follow_up(progress.follow_ups_sent) {
                Some(why) if progress.last_sent.is_some() => purpose(why),
                _ => "you are asked",
            };
            let hold = if case.hold.as_ref().is_some_and(|h| h.until > now) { "on hold; " } else { "" };
            format!("{hold}{what} {}", local_and_distance(*follow_up_at, zone, now))
        }
        State::Confirmed { .. } => format!("looked at again {when}"),
        State::Done { aftercare, .. } => match (aftercare.device_check_at, aftercare.bill_watch_at) {
            // The next alarm may be another one: copies of documents are deleted meanwhile.
            (Some(at), _) => format!("phone check {}", local_and_distance(at, zone, now)),
            (None, Some(at)) => format!("bills watched until {}", local_and_distance(at, zone, now)),
            (None, None) => "-".to_owned(),
        },
        State::Closed { .. } => "-".to_owned(),
    }
}

/// What stands behind the flag of a fact.
fn value_of(fact: Fact) -> &'static str {
    match fact {
        Fact::Name => "NAME",
        Fact::ContractDate => "DATE",
        Fact::ContactAddress => "ADDRESS",
        Fact::PostalAddress => "ADDRESS",
        Fact::Iccid | Fact::Eid | Fact::Jmbg => "DIGITS",
        Fact::Msisdn
        | Fact::LineNumber
        | Fact::CustomerNumber
        | Fact::ContractNumber
        | Fact::OrderNumber
        | Fact::PassportNumber => "NUMBER",
    }
}

fn needed(question: Question, case: &Case) -> String {
    let reference = &case.reference;
    match question {
        Question::IdDocument => format!("odjava answer {reference} --attach FILE"),
        Question::MissingInfo => format!("odjava answer {reference} --text TEXT"),
        Question::Payment => format!("pay, then odjava answer {reference} --attach FILE"),
        Question::OtherChannel | Question::NoAnswer => format!("odjava resolve {reference} --sent-by CHANNEL"),
        Question::RetentionOffer => format!("odjava draft {reference}, then approve"),
        Question::Refused => format!("odjava answer {reference}, or resolve {reference} --refused"),
        Question::Undeliverable => format!("odjava edit {reference} --to ADDRESS"),
        Question::SendUnknown => format!("odjava resolve {reference} --sent or --not-sent"),
        Question::UnclearReply => {
            format!("odjava show {reference}; resolve {reference} --confirmed or --keep-waiting, or answer")
        }
        Question::LateReply | Question::BilledAfterEnd => {
            format!("odjava show {reference}, then resolve {reference} --keep-waiting")
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::domain::address::{CaseSeed, Reference};
    use crate::domain::case::{Aftercare, Evidence, Progress};
    use crate::domain::decide::{Opening, open};
    use chrono::TimeDelta;

    #[test]
    fn the_next_step_of_an_ended_case_is_its_own_and_not_the_next_alarm() {
        let now = Timestamp::default();
        let opening = Opening {
            reference: Reference::parse("7Q2M").unwrap(),
            seed: CaseSeed([7; 16]),
            account: "home".to_owned(),
            carrier: "dunavtel".to_owned(),
            carrier_name: "Dunavtel".to_owned(),
            letter_language: "en".to_owned(),
        };
        let mut case = open(&opening, now);
        let deletion = Some(now + TimeDelta::days(30));
        let mut check = |device_check_at, bill_watch_at, expected: &str| {
            case.state = State::Done {
                evidence: Evidence::Holder { message: None },
                confirmed_at: now,
                effective_date: None,
                aftercare: Aftercare { device_check_at, bill_watch_at },
                progress: Progress::default(),
            };
            assert_eq!(next(&case, deletion, chrono_tz::UTC, now, None), expected);
        };
        let watched = Some(now + TimeDelta::days(35));
        check(None, watched, "bills watched until Thu 1970-02-05 00:00 (in 35 days)");
        check(Some(now + TimeDelta::days(31)), watched, "phone check Sun 1970-02-01 00:00 (in 31 days)");
        check(None, None, "-");
    }

    #[test]
    fn foreign_text_cannot_command_the_terminal() {
        assert_eq!(safe("Hello\x1b[2J\r\nworld\u{202e}!"), "Hello [2J world !");
        assert_eq!(safe_lines("a\x1b[2J\n\tb\r\n"), "a[2J\nb");
    }
}
