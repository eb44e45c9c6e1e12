//! How a story is read: `when  what`, two spaces between. `when` is `Mon 2026-11-02 10:05` (carrier's local time, the
//! weekday is checked), `+7 days` after the line before, `then` (a minute later) or `due` (when that alarm rings).

use super::World;
use chrono::{NaiveDateTime, TimeDelta};
use odjava::domain::address::{Address, MessageId};
use odjava::domain::case::{Attempt, Case, Fact, Letter, Letters, Outgoing, Purpose, State, Timer};
use odjava::domain::decide::{approval_digest, awaiting_approval};
use odjava::domain::event::{AcceptedBy, Event, FailureClass, ResolveAct, SubmitOutcome};
use odjava::domain::identity::{Line as PhoneLine, Msisdn};
use odjava::domain::policy::{Approval, Policy, Span};
use odjava::domain::reply::{Authenticity, Bounce, BounceClass, EvidenceWords, Kind, MatchBasis, MessageKey, Reply};
use odjava::domain::{Date, Timestamp, schedule};

/// A story, read.
pub struct Story {
    pub policy: Policy,
    pub lines: Vec<Line>,
}

/// A line of a story that is not an answer.
pub enum Line {
    /// Comments, blank lines, rules: kept as they are.
    Kept(String),
    /// Something that happens.
    Told { when: When, what: String, text: String },
}

/// When something happens.
pub enum When {
    At(NaiveDateTime),
    After(TimeDelta),
    Due,
}

impl Story {
    pub fn parse(text: &str) -> Self {
        let mut policy = super::policy();
        let mut lines = Vec::new();
        for line in text.lines() {
            if line.starts_with(' ') {
                continue; // an answer: written anew
            }
            if let Some(rules) = line.strip_prefix("policy ") {
                rules.split(';').for_each(|rule| set(&mut policy, rule));
            }
            if line.is_empty() || line.starts_with('#') || line.starts_with("policy ") {
                lines.push(Line::Kept(line.to_owned()));
                continue;
            }
            let (when, what) = line.split_once("  ").unwrap_or_else(|| panic!("no two spaces in `{line}`"));
            let (when, what) = (When::parse(when.trim()), what.trim().to_owned());
            lines.push(Line::Told { when, what, text: line.to_owned() });
        }
        Self { policy, lines }
    }
}

fn set(policy: &mut Policy, rule: &str) {
    let (name, value) = rule.split_once('=').unwrap_or_else(|| panic!("no rule: `{rule}`"));
    let value = value.trim();
    let span = || Span::parse(value).unwrap();
    match name.trim() {
        "approval" => {
            policy.approval = match value {
                "first" => Approval::First,
                "each" => Approval::Each,
                "none" => Approval::None,
                other => panic!("approval `{other}`"),
            }
        }
        "follow_up_after" => policy.follow_up_after = span(),
        "no_sign_after" => policy.no_sign_after = span(),
        "send_window" => policy.send_window = Some(value.to_owned()),
        "window_for_all" => policy.window_for_all = value == "yes",
        "holidays" => policy.holidays = value.split(' ').map(day).collect(),
        other => panic!("the rule `{other}` is unknown to the stories"),
    }
}

fn day(text: &str) -> Date {
    Date::parse_from_str(text, "%Y-%m-%d").unwrap_or_else(|_| panic!("`{text}` is no day"))
}

fn wait(text: &str) -> TimeDelta {
    Span::parse(text).unwrap_or_else(|e| panic!("{e}")).approximate()
}

impl When {
    fn parse(text: &str) -> Self {
        match text {
            "then" => Self::After(TimeDelta::minutes(1)),
            "due" => Self::Due,
            _ => match text.strip_prefix('+') {
                Some(span) => Self::After(wait(span)),
                None => Self::At(
                    NaiveDateTime::parse_from_str(text, "%a %Y-%m-%d %H:%M")
                        .unwrap_or_else(|e| panic!("`{text}` is no time such as `Mon 2026-11-02 10:05`: {e}")),
                ),
            },
        }
    }

    pub fn instant(&self, before: Option<Timestamp>, case: Option<&Case>, what: &str, policy: &Policy) -> Timestamp {
        match self {
            Self::At(local) => schedule::instant_of(policy.carrier_time_zone, *local),
            Self::After(wait) => before.expect("the first line needs a date") + *wait,
            Self::Due => {
                let (name, _) = what.split_once(" rings").unwrap_or_else(|| panic!("only alarms are due: `{what}`"));
                let wanted = Timer::by_name(name).unwrap_or_else(|| panic!("no alarm `{name}`"));
                let timers = case.map(Case::timers).unwrap_or_default();
                let due = timers.into_iter().find(|(timer, _)| *timer == wanted);
                due.unwrap_or_else(|| panic!("the alarm {name} is not set")).1
            }
        }
    }
}

pub fn letter(text: &str) -> Letter {
    Letter { subject: "Line +381601234567".to_owned(), body: text.to_owned(), reading_aid: None }
}

pub fn letters() -> Letters {
    Letters {
        request: letter("Please end this line."),
        follow_up_1: letter("I wrote on [[request_date]]."),
        follow_up_2: letter("I wrote on [[request_date]] and on [[follow_up_dates]].\nYour ticket: [[ticket]]"),
        notice: letter("I wrote on [[request_date]] and on [[follow_up_dates]]. This is formal notice."),
        decline_offer: letter("No, thank you. Please proceed."),
        document_enclosed: Some(letter("Please find enclosed what you asked for.")),
    }
}

/// Facts for `+381601234567`; without a recipient the contact address is missing.
pub fn facts(recipients: &[&str], missing: Vec<Fact>) -> Event {
    let line = PhoneLine { msisdn: Msisdn::parse("+381601234567", None).ok(), ..PhoneLine::default() };
    Event::FactsGiven {
        holder_name: "Li Wei".to_owned(),
        line,
        recipients: recipients.iter().map(|a| Address::parse(a).unwrap()).collect(),
        attachments: Vec::new(),
        letters: missing.is_empty().then(letters),
        missing,
    }
}

pub fn answer_mail(text: &str) -> Outgoing {
    Outgoing { purpose: Purpose::Answer, letter: letter(text), attachments: Vec::new(), in_reply_to: None }
}

/// The mail of `sending`, or the one in doubt, or else the last.
pub fn current_mail(case: &Case) -> MessageId {
    match &case.state {
        State::Sending { mail, .. } => mail.clone(),
        _ => case.mails.last().map_or_else(stranger, |m| m.message_id.clone()),
    }
}

fn stranger() -> MessageId {
    MessageId::parse("nobody.knows@elsewhere.example").unwrap()
}

/// The events of one line. A `(…)` outcome stands for handing the mail over and what came of it.
pub fn events(what: &str, world: &World, now: Timestamp) -> Vec<Event> {
    let case = &world.case;
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    match verb {
        "new" | "edit" => match rest {
            "without an address" => vec![facts(&[], vec![Fact::ContactAddress])],
            "the text" => vec![Event::DraftEdited { letter: letter("Please end this line at once.") }],
            _ => {
                let to = rest.strip_prefix("to ").unwrap_or_else(|| panic!("`{what}`"));
                vec![facts(&to.split(", ").collect::<Vec<_>>(), Vec::new())]
            }
        },
        "approve" => vec![Event::DraftApproved {
            digest: match awaiting_approval(case) {
                Some(mail) if rest.is_empty() => approval_digest(case, mail, &world.policy),
                _ => "000000000000".to_owned(),
            },
        }],
        "handing" => vec![Event::SubmitStarted { mail: current_mail(case) }],
        "sent" | "not" | "copy" | "unknown" => settle(what, case),
        "reply" => vec![reply(rest, now)],
        "bounce" => vec![bounce(rest, case, now)],
        "hold" => vec![Event::HoldSet { until: rest.strip_prefix("until ").map(day) }],
        "answer" => vec![Event::AnswerDrafted { mail: answer_mail(rest) }],
        "resolve" => vec![Event::Resolved { act: act(rest) }],
        "withdraw" => vec![Event::Withdrawn],
        _ => {
            let (name, read) = what.split_once(" rings").unwrap_or_else(|| panic!("not understood: `{what}`"));
            let timer = Timer::by_name(name).unwrap_or_else(|| panic!("no alarm `{name}`"));
            let inbox_read_at = match read.strip_prefix(", inbox ") {
                Some("never read") => None,
                Some(ago) => Some(now - wait(ago.strip_prefix("read ").unwrap().strip_suffix(" ago").unwrap())),
                None => Some(now - TimeDelta::minutes(5)),
            };
            vec![Event::TimerFired { timer, inbox_read_at }]
        }
    }
}

/// `sent (250)`, `not sent (451)`, `not sent (no connection)`, `not sent (login refused)`, `unknown (cut off)`,
/// `copy found`; 5xx is for good, anything else may be tried again.
fn settle(what: &str, case: &Case) -> Vec<Event> {
    let (what, mail) = match what.split_once(" of mail ") {
        Some((what, number)) => (what, case.mails[number.parse::<usize>().unwrap() - 1].message_id.clone()),
        None => (what, current_mail(case)),
    };
    let detail = what.split_once('(').map_or("", |(_, d)| d.trim_end_matches(')'));
    let code: Option<u16> = detail.parse().ok();
    let outcome = match what.split(" (").next().unwrap() {
        "sent" => SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply },
        "copy found" => SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound },
        "unknown" => SubmitOutcome::Unknown { reason: detail.to_owned() },
        "not sent" => {
            let class = match code {
                Some(500..=599) => FailureClass::Permanent,
                _ if detail == "login refused" => FailureClass::Account,
                _ => FailureClass::Transient,
            };
            SubmitOutcome::NotSent { class, code, reason: detail.to_owned() }
        }
        other => panic!("no outcome: `{other}`"),
    };
    let waiting = matches!(&case.state, State::Sending { attempt: Attempt::Waiting, .. });
    let mut events = vec![Event::SubmitSettled { mail: mail.clone(), outcome }];
    if waiting && what.contains('(') {
        events.insert(0, Event::SubmitStarted { mail });
    }
    events
}

pub fn plain_reply(kind: Kind, message: i64, now: Timestamp) -> Reply {
    Reply {
        message: MessageKey(message),
        message_id: MessageId::parse(&format!("m{message}@dunavtel.example")),
        received_at: now,
        from_domain: "dunavtel.example".to_owned(),
        subject: "Re: line".to_owned(),
        kind,
        certain: true,
        authenticity: Authenticity::Aligned,
        authenticity_reason: "dmarc=pass".to_owned(),
        basis: MatchBasis::Thread,
        effective_date: None,
        promised_date: None,
        returns_on: None,
        ticket: None,
        wants_id_document: false,
        bounce: None,
        evidence: vec![EvidenceWords { words: "words".to_owned(), rule: "test".to_owned() }],
        opinion: None,
    }
}

/// The key of a message that came now; no two come in one minute of a story.
fn next_message(now: Timestamp) -> i64 {
    now.timestamp() / 60
}

fn reply(rest: &str, now: Timestamp) -> Event {
    let mut parts = rest.split(", ");
    let name = parts.next().unwrap();
    let kind: Kind = serde_json::from_value(serde_json::Value::String(name.to_owned()))
        .unwrap_or_else(|_| panic!("no kind of reply: `{name}`"));
    let mut reply = plain_reply(kind, next_message(now), now);
    for part in parts {
        let (word, value) = part.rsplit_once(' ').unwrap_or((part, ""));
        match (part, word) {
            ("not certain", _) => reply.certain = false,
            ("unproven", _) => reply.authenticity = Authenticity::Unproven,
            ("forged", _) => reply.authenticity = Authenticity::Contradicted,
            ("vouched for by the holder", _) => reply.authenticity = Authenticity::Vouched,
            ("id document wanted", _) => reply.wants_id_document = true,
            (_, "ends") => reply.effective_date = Some(day(value)),
            (_, "promised for") => reply.promised_date = Some(day(value)),
            (_, "back on") => reply.returns_on = Some(day(value)),
            (_, "ticket") => reply.ticket = Some(value.to_owned()),
            _ => panic!("not understood in a reply: `{part}`"),
        }
    }
    Event::ReplyReceived { reply }
}

/// `bounce of mail 1, permanent`; `bounce of an unknown mail, permanent`.
fn bounce(rest: &str, case: &Case, now: Timestamp) -> Event {
    let (of, class) = rest.split_once(", ").unwrap_or_else(|| panic!("`bounce {rest}`"));
    let original = of.strip_prefix("of mail ").map(|n| {
        let number: usize = n.parse().unwrap();
        case.mails[number - 1].message_id.clone()
    });
    let class = if class == "permanent" { BounceClass::Permanent } else { BounceClass::Temporary };
    let mut reply = plain_reply(Kind::Bounce, next_message(now), now);
    reply.authenticity = Authenticity::Unproven;
    reply.bounce = Some(Bounce { class, recipient: None, original: original.or_else(|| Some(stranger())) });
    Event::ReplyReceived { reply }
}

fn act(flags: &str) -> ResolveAct {
    let (flag, value) = flags.split_once(' ').unwrap_or((flags, ""));
    match flag {
        "--keep-waiting" => ResolveAct::KeepWaiting,
        "--confirmed" => ResolveAct::Confirmed { effective_date: value.strip_prefix("--effective ").map(day) },
        "--answered" => ResolveAct::Answered,
        "--sent-by" => ResolveAct::SentBy { channel: value.to_owned() },
        "--sent" => ResolveAct::Sent,
        "--not-sent" => ResolveAct::NotSent,
        "--refused" => ResolveAct::Refused,
        "--lapsed" => ResolveAct::Lapsed,
        "--file" => ResolveAct::Filed { message: MessageKey(value.parse().unwrap()) },
        other => panic!("no such act: `{other}`"),
    }
}

/// All kinds of replies.
pub const KINDS: [Kind; 12] = [
    Kind::Confirmed,
    Kind::Acknowledged,
    Kind::NeedsInfo,
    Kind::NeedsPayment,
    Kind::NeedsOtherChannel,
    Kind::Refused,
    Kind::Retention,
    Kind::Billing,
    Kind::Unrelated,
    Kind::AutoReply,
    Kind::Bounce,
    Kind::Unclear,
];

/// All alarms.
pub const TIMERS: [Timer; 8] = [
    Timer::Reminder,
    Timer::NoSign,
    Timer::FollowUp,
    Timer::BounceFinal,
    Timer::EffectiveDate,
    Timer::DeviceCheck,
    Timer::BillWatch,
    Timer::DeleteDocuments,
];

/// At least one of each event, as fit for the case as can be.
pub fn every_event(case: &Case, policy: &Policy, now: Timestamp) -> Vec<Event> {
    let tomorrow = (now + TimeDelta::days(2)).date_naive();
    let mail = current_mail(case);
    let digest = awaiting_approval(case).map(|m| approval_digest(case, m, policy)).unwrap_or_default();
    let mut events = vec![
        facts(&["podrska@dunavtel.example"], Vec::new()),
        facts(&[], vec![Fact::ContactAddress]),
        Event::DraftEdited { letter: letter("Other words.") },
        Event::DraftApproved { digest },
        Event::SubmitStarted { mail: mail.clone() },
        Event::SubmitDeferred { mail: mail.clone(), until: now + chrono::TimeDelta::hours(3) },
        Event::HoldSet { until: Some(tomorrow) },
        Event::HoldSet { until: None },
        Event::AnswerDrafted { mail: answer_mail("Hello.") },
        Event::Withdrawn,
    ];
    let reason = || "reason".to_owned();
    let failed = |class| SubmitOutcome::NotSent { class, code: None, reason: reason() };
    let outcomes = [
        SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply },
        SubmitOutcome::Unknown { reason: reason() },
        failed(FailureClass::Transient),
        failed(FailureClass::Permanent),
        failed(FailureClass::Account),
    ];
    events.extend(outcomes.map(|outcome| Event::SubmitSettled { mail: mail.clone(), outcome }));
    for inbox_read_at in [None, Some(now)] {
        events.extend(TIMERS.map(|timer| Event::TimerFired { timer, inbox_read_at }));
    }
    let acts = [
        ResolveAct::KeepWaiting,
        ResolveAct::Confirmed { effective_date: None },
        ResolveAct::Confirmed { effective_date: Some(tomorrow) },
        ResolveAct::Answered,
        ResolveAct::SentBy { channel: "shop".to_owned() },
        ResolveAct::Sent,
        ResolveAct::NotSent,
        ResolveAct::Refused,
        ResolveAct::Lapsed,
        ResolveAct::Filed { message: MessageKey(1) },
    ];
    events.extend(acts.map(|act| Event::Resolved { act }));
    for kind in KINDS {
        for class in [BounceClass::Permanent, BounceClass::Temporary] {
            for authenticity in [Authenticity::Aligned, Authenticity::Contradicted] {
                for (certain, ends) in [(true, None), (true, Some(tomorrow)), (false, Some(tomorrow))] {
                    let mut reply = plain_reply(kind, 1, now);
                    reply.authenticity = authenticity;
                    reply.certain = certain;
                    reply.effective_date = ends;
                    let original = Some(mail.clone());
                    reply.bounce = (kind == Kind::Bounce).then_some(Bounce { class, recipient: None, original });
                    events.push(Event::ReplyReceived { reply });
                }
            }
        }
    }
    events
}
