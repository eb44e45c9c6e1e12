//! The story of a case: its journal as readable lines, and the messages that went to and fro. Text about
//! facts only; what they mean was decided when they happened.

use super::wording;
use crate::domain::Timestamp;
use crate::domain::case::{Question, Timer};
use crate::domain::decide::{deciding_words, serde_name};
use crate::domain::event::{AcceptedBy, Event, FailureClass, ResolveAct, SubmitOutcome};
use crate::domain::reply::{Authenticity, Kind, Reply};
use crate::store::{CaseRow, JournalLine, OutboxKind, OutboxStatus, Tx};
use serde::Serialize;
use serde_json::Value;

/// One line of the story.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Step {
    /// When.
    pub(super) at: Timestamp,
    /// Name of the event, `opened` for the first.
    pub(super) event: String,
    /// What happened, in words.
    pub(super) text: String,
    /// State after it.
    pub(super) state: String,
    /// Question after it.
    pub(super) question: Option<String>,
}

/// One message between holder and carrier.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MessageView {
    direction: &'static str,
    /// Number of an incoming message, for `resolve --file` and `--trust`.
    message: Option<i64>,
    message_id: Option<String>,
    at: Timestamp,
    subject: String,
    /// What it says, or why it was sent.
    kind: Option<String>,
    authentic: Option<&'static str>,
    reason: Option<String>,
    /// Domain it came from, or address it went to.
    peer: String,
    status: String,
}

/// The journal of a case, one line an event.
pub(super) fn of_case(tx: &Tx<'_>, row: &CaseRow) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    for line in tx.journal(row.id)? {
        steps.push(step(&line, row));
    }
    Ok(steps)
}

fn step(line: &JournalLine, row: &CaseRow) -> Step {
    let (event, text) = match &line.event {
        None => ("opened".to_owned(), format!("case opened: {}", row.case.carrier_name)),
        Some(event) => (event_name(event), told(event, row, &line.question)),
    };
    let question = Some(line.question.clone()).filter(|q| !q.is_empty());
    Step { at: line.at, event, text, state: line.state.clone(), question }
}

fn event_name(event: &Event) -> String {
    match serde_json::to_value(event) {
        Ok(Value::Object(fields)) => fields.get("event").and_then(Value::as_str).unwrap_or("event").to_owned(),
        _ => "event".to_owned(),
    }
}

/// The event in words. What a message asks for is known by the question that it led to.
fn told(event: &Event, row: &CaseRow, question: &str) -> String {
    let mail_of = |id: &crate::domain::address::MessageId| {
        let sent = row.case.mails.iter().find(|m| m.message_id == *id);
        sent.map_or_else(|| "the mail".to_owned(), |m| format!("{} to {}", wording::purpose(m.purpose), m.to))
    };
    match event {
        Event::FactsGiven { missing, .. } if missing.is_empty() => "facts complete, letters written".to_owned(),
        Event::FactsGiven { missing, .. } => {
            let flags: Vec<&str> = missing.iter().map(|f| f.flag()).collect();
            format!("facts given; still missing: {}", flags.join(", "))
        }
        Event::DraftEdited { .. } => "text changed by you".to_owned(),
        Event::DraftApproved { digest } => format!("text {digest} approved by you"),
        Event::SubmitStarted { mail } => format!("handing over {}", mail_of(mail)),
        Event::SubmitDeferred { mail, until } => {
            format!("{} waits its turn until {}", mail_of(mail), until.format("%Y-%m-%d %H:%M UTC"))
        }
        Event::SubmitSettled { mail, outcome } => outcome_told(&mail_of(mail), outcome),
        Event::ReplyReceived { reply } => reply_told(reply, question),
        Event::TimerFired { timer: Timer::DeleteDocuments, .. } => {
            "copies of documents deleted: the case has been over for long enough".to_owned()
        }
        Event::TimerFired { timer, .. } => format!("alarm: {}", wording::timer(*timer)),
        Event::HoldSet { until: Some(day) } => format!("on hold until {day}, by you"),
        Event::HoldSet { until: None } => "hold lifted by you".to_owned(),
        Event::AnswerDrafted { mail } => {
            let enclosed: Vec<String> = mail.attachments.iter().map(|a| wording::safe(&a.file_name)).collect();
            let with = if enclosed.is_empty() { String::new() } else { format!(", with {}", enclosed.join(", ")) };
            format!("answer written: {}{with}", wording::safe(&mail.letter.subject))
        }
        Event::Resolved { act } => resolved_told(act),
        Event::Withdrawn => "withdrawn by you".to_owned(),
    }
}

fn outcome_told(mail: &str, outcome: &SubmitOutcome) -> String {
    match outcome {
        SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply } => format!("{mail}: taken by the mail server"),
        SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound } => format!("{mail}: had left, its copy was found"),
        SubmitOutcome::NotSent { class, reason, .. } => {
            let next = match class {
                FailureClass::Transient => "will be tried again",
                FailureClass::Permanent => "will never be taken there",
                FailureClass::Account => "the account needs care; will be tried again",
            };
            format!("{mail}: not sent ({}); {next}", wording::safe(reason))
        }
        SubmitOutcome::Unknown { reason } => {
            format!("{mail}: nobody knows whether it left ({})", wording::safe(reason))
        }
    }
}

fn reply_told(reply: &Reply, question: &str) -> String {
    let mut text = format!("message {} from {}", reply.message.0, wording::safe(&reply.from_domain));
    match reply.authenticity {
        Authenticity::Aligned => {}
        Authenticity::Vouched => text.push_str(" (you vouched for it)"),
        Authenticity::Unproven | Authenticity::Contradicted if reply.kind == Kind::Bounce => {}
        Authenticity::Unproven => text.push_str(" (not proven to be the carrier's: nothing changed)"),
        Authenticity::Contradicted => text.push_str(" (not from the carrier: nothing changed)"),
    }
    let asks_who_you_are = reply.kind == Kind::NeedsInfo && question == serde_name(&Question::IdDocument);
    let says = if asks_who_you_are { "asks for an identity document" } else { wording::kind(reply.kind) };
    text.push_str(&format!(": {says}"));
    if reply.kind == Kind::Confirmed && !reply.certain {
        text.push_str(", not quite certain");
    }
    if let Some(day) = reply.effective_date {
        text.push_str(&format!(", effective {day}"));
    }
    if let Some(ticket) = &reply.ticket {
        text.push_str(&format!(", ticket {}", wording::safe(ticket)));
    }
    let words: Vec<String> =
        deciding_words(reply).into_iter().take(3).map(|w| format!("“{}”", wording::safe(w))).collect();
    if !words.is_empty() {
        text.push_str(&format!(" {}", words.join(" ")));
    }
    text
}

fn resolved_told(act: &ResolveAct) -> String {
    match act {
        ResolveAct::KeepWaiting => "you: keep waiting".to_owned(),
        ResolveAct::Confirmed { effective_date: Some(day) } => format!("you: it is confirmed, effective {day}"),
        ResolveAct::Confirmed { effective_date: None } => "you: it is confirmed".to_owned(),
        ResolveAct::Answered => "answered from the mailbox".to_owned(),
        ResolveAct::SentBy { channel } => format!("you: the request went by {channel}"),
        ResolveAct::Sent => "you: the mail did leave".to_owned(),
        ResolveAct::NotSent => "you: the mail did not leave".to_owned(),
        ResolveAct::Refused => "you: the refusal is accepted".to_owned(),
        ResolveAct::Lapsed => "you: the line ended by itself".to_owned(),
        ResolveAct::Filed { message } => format!("you: message {} belongs here", message.0),
    }
}

/// The messages of a case, oldest first.
pub(super) fn messages(tx: &Tx<'_>, row: &CaseRow) -> anyhow::Result<Vec<MessageView>> {
    let mut out = Vec::new();
    for mail in tx.mails_of_case(row.id)?.into_iter().filter(|m| m.kind == OutboxKind::Carrier) {
        let known = row.case.mails.iter().find(|m| m.message_id == mail.message_id);
        let sent = mail.status == OutboxStatus::Sent;
        out.push(MessageView {
            direction: "out",
            message: None,
            message_id: Some(mail.message_id.to_string()),
            at: mail.settled_at.filter(|_| sent).unwrap_or(mail.not_before),
            subject: subject_of(&mail.raw),
            kind: known.map(|m| m.purpose.name().to_owned()),
            authentic: None,
            reason: Some(mail.last_error).filter(|e| !e.is_empty()),
            peer: mail.recipient.to_string(),
            status: mail.status.name().to_owned(),
        });
    }
    for message in tx.messages_of_case(row.id)? {
        let reading: Value = serde_json::from_str(&message.reading).unwrap_or(Value::Null);
        let field = |name: &str| reading.get(name).and_then(Value::as_str).map(str::to_owned);
        out.push(MessageView {
            direction: "in",
            message: Some(message.key.0),
            message_id: None,
            at: message.received_at,
            subject: field("subject").unwrap_or_else(|| subject_of(&message.raw)),
            kind: field("kind"),
            authentic: Some(authentic(field("authenticity").as_deref())),
            reason: field("reason"),
            peer: field("from_domain").unwrap_or_default(),
            status: message.status.name().to_owned(),
        });
    }
    out.sort_by_key(|m| m.at);
    Ok(out)
}

/// The verdict as `explain` words it; `vouched` where the holder's word stands for it.
pub(super) fn authentic(name: Option<&str>) -> &'static str {
    let is = |a: Authenticity| name == Some(serde_name(&a).as_str());
    match name {
        _ if is(Authenticity::Aligned) => "yes",
        _ if is(Authenticity::Vouched) => "vouched",
        _ if is(Authenticity::Contradicted) => "no",
        _ => "unknown",
    }
}

/// The subject of a stored mail.
pub(super) fn subject_of(raw: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::new().parse_headers(raw);
    wording::safe(parsed.as_ref().and_then(|m| m.subject()).unwrap_or_default())
}

impl MessageView {
    /// The message in one line, for people.
    pub(super) fn told(&self, zone: chrono_tz::Tz) -> String {
        let at = wording::local(self.at, zone);
        let subject = wording::safe(&self.subject);
        let kind = self.kind.as_deref().unwrap_or("not read yet");
        match self.message {
            Some(number) => {
                let proof = self.authentic.unwrap_or("unknown");
                format!("{at}  in  #{number}  {subject}  [{kind}; authentic: {proof}]  {}", wording::safe(&self.peer))
            }
            None => format!("{at}  out  {subject}  [{kind}; {}]  {}", self.status, self.peer),
        }
    }
}
