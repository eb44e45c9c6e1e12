//! The function at the centre: what a case becomes and what must be done, given one event.
//! Total over states and events; only acts of a person can be refused. Called by the engine alone.

mod holder;
mod replies;
mod sending;
mod timers;

use super::Timestamp;
use super::address::{Address, CaseSeed, MessageId, Reference};
use super::case::{Case, Evidence, Letters, Outgoing, PausedClock, Progress, Question, Resume, State};
use super::draft;
use super::effect::{Effect, Nudge, NudgeKind};
use super::event::Event;
use super::identity::Line;
use super::policy::{Approval, Policy, Span};
use super::reply::{MessageKey, Reply};
use super::schedule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What follows from an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The case as it then is.
    pub next: Case,
    /// What the shell must do.
    pub effects: Vec<Effect>,
}

/// Why an act of a person is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The act does not fit the situation.
    #[error("{act} is not possible while case {reference} is `{state}`: {instead}")]
    NotPossible {
        /// The act.
        act: &'static str,
        /// The case.
        reference: Reference,
        /// The name of its state.
        state: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The text is not the one that was read.
    #[error(
        "the text of case {reference} is not the one you read (it is {current} now); read it with \
         `odjava draft {reference}` and approve it then"
    )]
    TextChanged {
        /// The case.
        reference: Reference,
        /// Digest of the text as it is.
        current: String,
    },
    /// A date that must lie ahead does not.
    #[error("{0} is not in the future; give a later date")]
    DateNotAhead(super::Date),
    /// This mail is not owed (any more): it must not be handed over.
    #[error("that mail is no longer owed")]
    NotOwed,
}

/// The first line of every journal: what a case is opened with. Its facts follow as an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Reference, drawn by the engine and free in the store.
    pub reference: Reference,
    /// Random bits, drawn by the engine.
    pub seed: CaseSeed,
    /// Account in the config.
    pub account: String,
    /// Carrier record.
    pub carrier: String,
    /// Carrier name for people.
    pub carrier_name: String,
    /// Language of the letters.
    pub letter_language: String,
}

/// A case that has just been opened: nothing is known yet.
#[must_use]
pub fn open(opening: &Opening, now: Timestamp) -> Case {
    Case {
        reference: opening.reference.clone(),
        seed: opening.seed.clone(),
        account: opening.account.clone(),
        holder_name: String::new(),
        carrier: opening.carrier.clone(),
        carrier_name: opening.carrier_name.clone(),
        letter_language: opening.letter_language.clone(),
        line: Line::default(),
        recipients: Vec::new(),
        recipient: 0,
        letters: None,
        follow_ups_approved: false,
        attachments: Vec::new(),
        documents: super::document::Held::default(),
        mails: Vec::new(),
        tickets: Vec::new(),
        hold: None,
        state: State::Collecting { missing: Vec::new(), nudge_at: None },
        opened_at: now,
    }
}

/// Decides what `case` becomes and what must be done, given one event.
///
/// Same arguments, same answer: a journal line (event, instant, policy) can be replayed.
///
/// # Errors
/// [`Refusal`] for acts of a person that do not fit, and for [`Event::SubmitStarted`] of a mail that is
/// not owed. Replies, alarms and outcomes are never refused: what does not matter changes nothing.
pub fn decide(case: &Case, event: &Event, policy: &Policy, now: Timestamp) -> Result<Decision, Refusal> {
    let mut turn = Turn { case: case.clone(), policy, now, effects: Vec::new() };
    match event {
        Event::FactsGiven { .. } => turn.on_facts_given(event)?,
        Event::DraftEdited { letter } => turn.on_draft_edited(letter)?,
        Event::DraftApproved { digest } => turn.on_draft_approved(digest)?,
        Event::SubmitStarted { mail } => turn.on_submit_started(mail)?,
        Event::SubmitDeferred { mail, until } => turn.on_submit_deferred(mail, *until),
        Event::SubmitSettled { mail, outcome } => turn.on_submit_settled(mail, outcome),
        Event::ReplyReceived { reply } => turn.on_reply(reply),
        Event::TimerFired { timer, inbox_read_at } => turn.on_timer(*timer, *inbox_read_at),
        Event::HoldSet { until } => turn.on_hold_set(*until)?,
        Event::AnswerDrafted { mail } => turn.on_answer_drafted(mail)?,
        Event::Resolved { act } => turn.on_resolved(act)?,
        Event::Withdrawn => turn.on_withdrawn()?,
    }
    turn.look_after_documents(event);
    Ok(Decision { next: turn.case, effects: turn.effects })
}

/// The mail that waits for approval, if one does.
#[must_use]
pub fn awaiting_approval(case: &Case) -> Option<&Outgoing> {
    match &case.state {
        State::Drafted { mail, .. } | State::NeedsYou { answer: Some(mail), .. } => Some(mail),
        State::Collecting { .. }
        | State::Sending { .. }
        | State::AwaitingReply { .. }
        | State::NeedsYou { answer: None, .. }
        | State::Confirmed { .. }
        | State::Done { .. }
        | State::Closed { .. } => None,
    }
}

/// The later letters that an approval of `mail` covers as well.
#[must_use]
pub fn covered_letters<'a>(case: &'a Case, mail: &Outgoing, policy: &Policy) -> Option<&'a Letters> {
    let covers = mail.purpose == super::case::Purpose::Request && policy.approval == Approval::First;
    case.letters.as_ref().filter(|_| covers)
}

/// The digest a person must have read to approve `mail`.
#[must_use]
pub fn approval_digest(case: &Case, mail: &Outgoing, policy: &Policy) -> String {
    let covered = covered_letters(case, mail, policy);
    // A request may move on to the next address when one bounces; any other mail goes to the one in use.
    let recipients: &[Address] = if mail.purpose == super::case::Purpose::Request {
        &case.recipients
    } else {
        case.to().map(std::slice::from_ref).unwrap_or_default()
    };
    draft::digest(&policy.from, recipients, mail, covered)
}

/// Whether a mail that the holder wrote without odjava, in the thread of the case, answers what the carrier asked:
/// it must go to the carrier. One that is merely passed on to somebody else leaves the question open.
#[must_use]
pub fn own_mail_answers(case: &Case, to: &[Address], carrier_domains: &[String]) -> bool {
    let is_carrier = |address: &Address| {
        let domain = address.domain();
        case.recipients.iter().any(|r| r.same_mailbox(address))
            || carrier_domains.iter().any(|d| super::reply::authenticity::is_same_or_below(&domain, d))
    };
    let State::NeedsYou { question, clock, .. } = &case.state else { return false };
    let asked_by_carrier = match question {
        Question::MissingInfo
        | Question::IdDocument
        | Question::Payment
        | Question::OtherChannel
        | Question::RetentionOffer
        | Question::Refused
        | Question::UnclearReply => true,
        Question::Undeliverable
        | Question::SendUnknown
        | Question::LateReply
        | Question::BilledAfterEnd
        | Question::NoAnswer => false,
    };
    asked_by_carrier && matches!(clock.resume, Resume::Waiting { .. }) && to.iter().any(is_carrier)
}

/// One decision in the making.
struct Turn<'a> {
    case: Case,
    policy: &'a Policy,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Turn<'_> {
    fn refuse(&self, act: &'static str, instead: &'static str) -> Refusal {
        Refusal::NotPossible { act, reference: self.case.reference.clone(), state: self.case.state.name(), instead }
    }

    fn after(&self, wait: Span) -> Timestamp {
        schedule::after(self.now, wait, self.policy)
    }

    /// Orders a mail to the holder. Invariant: `cause` is unique in the case, so nothing is told twice.
    fn nudge(&mut self, kind: NudgeKind, cause: String, facts: &[(&str, String)]) {
        let facts: BTreeMap<String, String> =
            facts.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        self.effects.push(Effect::Nudge { nudge: Nudge { kind, cause, facts } });
    }

    /// Stops the clock and asks the holder.
    fn ask(&mut self, question: Question, reply: Option<&Reply>, resume: Resume, answer: Option<Outgoing>) {
        let remaining_ms = match &self.case.state {
            State::AwaitingReply { follow_up_at, .. } => Some((*follow_up_at - self.now).num_milliseconds().max(0)),
            State::NeedsYou { clock, .. } => clock.remaining_ms,
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => None,
        };
        self.case.state = State::NeedsYou {
            question,
            asked_in: reply.map(|r| r.message),
            clock: PausedClock { remaining_ms, resume },
            answer: answer.clone(),
        };
        let about = reply.map_or_else(
            || format!("{}:{}", self.now.timestamp_millis(), self.case.mails.len()),
            |r| format!("message {}", r.message.0),
        );
        let name = serde_name(&question);
        let mut facts = vec![("question", name.clone())];
        facts.extend(reply.map(reply_facts).unwrap_or_default());
        if let Some(mail) = &answer {
            facts.push(("digest", approval_digest(&self.case, mail, self.policy)));
            facts.push(("text", self.as_sent(&mail.letter.body, self.case.state.progress())));
        }
        self.nudge(NudgeKind::NeedsYou, format!("{name}:{about}"), &facts);
    }

    /// Waits for the carrier, the silence counted from now.
    fn wait_anew(&mut self, progress: Progress) {
        let follow_up_at = self.after(self.silence(&progress));
        self.wait_until(follow_up_at, progress);
    }

    /// How long the carrier may be silent.
    fn silence(&self, progress: &Progress) -> Span {
        match progress.follow_ups_sent {
            0 => self.policy.follow_up_after,
            1 => self.policy.second_after,
            2 => self.policy.notice_after,
            _ => self.policy.give_up_after,
        }
    }

    /// Puts an instant off as far as a promise of the carrier or a hold reaches.
    fn put_off(&self, at: Timestamp, progress: &Progress) -> Timestamp {
        let promised = progress.promised.map(|day| {
            // What is promised for a day cannot be asked for before the working day after it.
            let day = schedule::working_days_after(day, 1, &self.policy.holidays);
            schedule::start_of_day(self.policy.carrier_time_zone, day)
        });
        let held = self.case.hold.as_ref().map(|hold| hold.until);
        promised.into_iter().chain(held).fold(at, Timestamp::max)
    }

    /// Waits for the carrier until an instant, or longer if a promise or a hold reaches further.
    fn wait_until(&mut self, at: Timestamp, progress: Progress) {
        let follow_up_at = self.put_off(at, &progress);
        self.case.state = State::AwaitingReply { progress, follow_up_at, no_sign_at: None, bounce_final_at: None };
    }

    /// Takes the carrier's (or the holder's) word that the line is or will be ended.
    fn confirm(&mut self, evidence: Evidence, effective: Option<super::Date>, facts: &[(&str, String)]) {
        let progress = self.case.state.progress().clone();
        let zone = self.policy.carrier_time_zone;
        let mut facts = facts.to_vec();
        facts.push(("effective_date", effective.map(|d| d.to_string()).unwrap_or_default()));
        if let Some(day) = effective.filter(|d| *d > schedule::day_of(zone, self.now)) {
            let due_at = schedule::end_of_day(zone, day);
            self.case.state =
                State::Confirmed { evidence, confirmed_at: self.now, effective_date: day, due_at, progress };
            self.nudge(NudgeKind::Confirmed, format!("confirmed:{day}:{}", self.now.timestamp_millis()), &facts);
        } else {
            self.finish(evidence, self.now, effective, progress, &facts);
        }
    }

    /// The line is ended.
    fn finish(
        &mut self,
        evidence: Evidence,
        confirmed_at: Timestamp,
        effective_date: Option<super::Date>,
        progress: Progress,
        facts: &[(&str, String)],
    ) {
        self.case.hold = None;
        self.case.state = State::Done {
            evidence,
            confirmed_at,
            effective_date,
            aftercare: super::case::Aftercare {
                device_check_at: Some(self.after(self.policy.device_check_after)),
                bill_watch_at: Some(self.after(self.policy.bill_watch_for)),
            },
            progress,
        };
        self.nudge(NudgeKind::Done, format!("done:{}", self.now.timestamp_millis()), facts);
    }

    /// Keeps in mind which copies of documents came into the store, and once the case is over, how long they stay.
    fn look_after_documents(&mut self, event: &Event) {
        let given: &[super::case::Attachment] = match event {
            Event::FactsGiven { attachments, .. } => attachments,
            Event::AnswerDrafted { mail } => &mail.attachments,
            Event::DraftEdited { .. }
            | Event::DraftApproved { .. }
            | Event::SubmitStarted { .. }
            | Event::SubmitDeferred { .. }
            | Event::SubmitSettled { .. }
            | Event::ReplyReceived { .. }
            | Event::TimerFired { .. }
            | Event::HoldSet { .. }
            | Event::Resolved { .. }
            | Event::Withdrawn => &[],
        };
        let held = &mut self.case.documents.digests;
        for document in self.case.attachments.iter().chain(given) {
            if !held.contains(&document.digest) {
                held.push(document.digest.clone());
            }
        }
        let is_over = !self.case.documents.digests.is_empty() && !self.case.is_open();
        let delete_at = self.case.documents.delete_at.unwrap_or_else(|| self.after(self.policy.documents_kept_for));
        self.case.documents.delete_at = is_over.then_some(delete_at);
    }

    /// The documents that go with the request.
    fn request_documents(&self) -> Vec<super::case::Attachment> {
        if self.policy.documents_with_request { self.case.attachments.clone() } else { Vec::new() }
    }

    /// Takes back a mail that is owed and not yet handed over; whether there was one.
    fn cancel_waiting(&mut self) -> Option<MessageId> {
        let State::Sending { mail, attempt: super::case::Attempt::Waiting, .. } = &self.case.state else {
            return None;
        };
        let mail = mail.clone();
        self.effects.push(Effect::CancelSubmit { mail: mail.clone() });
        Some(mail)
    }
}

/// The words of a message that decided its kind, each once: rules overlap, and nobody reads a sentence twice.
#[must_use]
pub fn deciding_words(reply: &Reply) -> Vec<&str> {
    let all: Vec<&str> = reply.evidence.iter().map(|e| e.words.as_str()).collect();
    let said_elsewhere = |i: usize, words: &str| {
        let others = all.iter().enumerate().filter(|(j, _)| *j != i);
        others.into_iter().any(|(j, other)| other.contains(words) && (other.len() > words.len() || j < i))
    };
    all.iter().enumerate().filter(|(i, words)| !said_elsewhere(*i, words)).map(|(_, words)| *words).collect()
}

/// The facts of a reply that a nudge may show.
fn reply_facts(reply: &Reply) -> Vec<(&'static str, String)> {
    vec![
        ("words", deciding_words(reply).join(" … ")),
        ("subject", reply.subject.clone()),
        ("from_domain", reply.from_domain.clone()),
        ("message", reply.message.0.to_string()),
        ("reason", reply.authenticity_reason.clone()),
        ("ticket", reply.ticket.clone().unwrap_or_default()),
        ("opinion", reply.opinion.as_ref().map(|o| o.reason.clone()).unwrap_or_default()),
        ("opinion_kind", reply.opinion.as_ref().map(|o| o.kind.name().to_owned()).unwrap_or_default()),
    ]
}

/// The snake_case name of a closed enum, as JSON has it.
pub(crate) fn serde_name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The message behind an evidence, if there is one.
#[must_use]
pub fn evidence_message(evidence: &Evidence) -> Option<MessageKey> {
    match evidence {
        Evidence::Mail { message } => Some(*message),
        Evidence::Holder { message } => *message,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn answers(question: Question, to: &str, expected: bool) {
        let opening = Opening {
            reference: Reference::parse("7Q2M").unwrap(),
            seed: CaseSeed([7; 16]),
            account: "home".to_owned(),
            carrier: "other".to_owned(),
            carrier_name: "Dunavtel".to_owned(),
            letter_language: "en".to_owned(),
        };
        let mut case = open(&opening, Timestamp::default());
        case.recipients = vec![Address::parse("clerk@free.example").unwrap()];
        let resume = Resume::Waiting { progress: Progress::default() };
        case.state = State::NeedsYou {
            question,
            asked_in: None,
            clock: PausedClock { remaining_ms: None, resume },
            answer: None,
        };
        let to = [Address::parse(to).unwrap()];
        assert_eq!(own_mail_answers(&case, &to, &["dunavtel.example".to_owned()]), expected, "{question:?} {to:?}");
    }

    #[test]
    fn only_a_mail_to_the_carrier_answers_its_question() {
        answers(Question::IdDocument, "desk@mail.dunavtel.example", true);
        answers(Question::IdDocument, "Clerk@free.example", true);
        answers(Question::IdDocument, "friend@free.example", false);
        answers(Question::IdDocument, "friend@elsewhere.example", false);
        answers(Question::NoAnswer, "desk@dunavtel.example", false);
        answers(Question::SendUnknown, "desk@dunavtel.example", false);
    }
}
