//! From an approved text to a mail that a server took: owing, attempts, outcomes, next address.

use super::Turn;
use crate::domain::Timestamp;
use crate::domain::address::MessageId;
use crate::domain::case::{
    Attempt, HoldBy, Outgoing, Progress, Purpose, Question, Resolution, Resume, SentMail, State,
};
use crate::domain::decide::Refusal;
use crate::domain::draft::{self, SlotFacts};
use crate::domain::effect::{Effect, NudgeKind, OutgoingMessage};
use crate::domain::event::{FailureClass, SubmitOutcome};
use crate::domain::schedule;

/// Most ids named in References; older ones in the middle are left out, as RFC 5322 §3.6.4 allows.
const REFERENCES_MAX: usize = 20;

impl Turn<'_> {
    /// Owes `mail` to the carrier. Without an address nothing can be owed: the holder is asked.
    pub(super) fn owe(&mut self, mail: &Outgoing, progress: Progress) {
        let Some(to) = self.case.to().cloned() else {
            self.ask(Question::Undeliverable, None, Resume::Waiting { progress }, None);
            return;
        };
        let number = u32::try_from(self.case.mails.len()).unwrap_or(u32::MAX).saturating_add(1);
        let domain = self.policy.from.domain();
        let message_id = self.case.seed.message_id(&self.case.reference, number, &domain);
        let not_before = self.leaves_at(mail.purpose);
        // A request that a hold moves is written anew; other bytes may leave sooner, and no mail is of tomorrow.
        let date = if mail.purpose == Purpose::Request || self.held_until().is_none() { not_before } else { self.now };
        let facts = self.slot_facts(&progress);
        let reply_to = self
            .policy
            .plus_addressing
            .then(|| self.policy.from.with_detail(&self.case.seed.reply_tag(&self.case.reference)).ok())
            .flatten();
        let message = OutgoingMessage {
            message_id: message_id.clone(),
            date,
            purpose: mail.purpose,
            from: (self.case.holder_name.clone(), self.policy.from.clone()),
            reply_to,
            to: to.clone(),
            subject: draft::fill(&mail.letter.subject, &facts),
            body: draft::fill(&mail.letter.body, &facts),
            references: self.references(mail, &domain),
            in_reply_to: mail.in_reply_to.clone().or_else(|| progress.last_sent.clone()),
            attachments: mail.attachments.clone(),
            not_before,
        };
        self.case.mails.push(SentMail {
            message_id: message_id.clone(),
            purpose: mail.purpose,
            to,
            date,
            accepted_at: None,
        });
        self.effects.push(Effect::Submit { mail: message });
        self.case.state = State::Sending {
            mail: message_id,
            purpose: mail.purpose,
            progress,
            attempt: Attempt::Waiting,
            owed_since: not_before,
            failures: 0,
        };
    }

    /// Until when the holder wants nobody written to.
    pub(super) fn held_until(&self) -> Option<Timestamp> {
        let held = self.case.hold.as_ref().filter(|h| h.by == HoldBy::Holder && h.until > self.now);
        held.map(|h| h.until)
    }

    /// When a mail of this purpose may leave: once a hold is over, and in the send window where it counts.
    fn leaves_at(&self, purpose: Purpose) -> Timestamp {
        let windowed = self.policy.window_for_all || !matches!(purpose, Purpose::Request | Purpose::Answer);
        let from = self.held_until().unwrap_or(self.now);
        if windowed { schedule::send_window(self.policy, from) } else { from }
    }

    /// Moves an approved mail that has not left to where a hold set or lifted puts it.
    pub(super) fn move_waiting(&mut self) {
        let State::Sending { mail, purpose, progress, attempt: Attempt::Waiting, failures, .. } = &self.case.state
        else {
            return;
        };
        let (mail, purpose, progress, failures) = (mail.clone(), *purpose, progress.clone(), *failures);
        let request = self.case.letters.as_ref().map(|l| l.request.clone());
        if let Some(letter) = request
            && purpose == Purpose::Request
            && failures == 0
        {
            self.cancel_waiting();
            let attachments = self.request_documents();
            self.owe(&Outgoing { purpose, letter, attachments, in_reply_to: None }, progress);
            return;
        }
        let not_before = self.leaves_at(purpose);
        self.effects.push(Effect::Resubmit { mail, not_before });
        if let State::Sending { owed_since, .. } = &mut self.case.state {
            *owed_since = not_before;
        }
    }

    fn references(&self, mail: &Outgoing, domain: &str) -> Vec<MessageId> {
        let mut ids = vec![self.case.seed.thread_id(&self.case.reference, domain)];
        let sent: Vec<_> = self.case.mails.iter().filter(|m| m.accepted_at.is_some()).collect();
        ids.extend(sent.iter().skip(sent.len().saturating_sub(REFERENCES_MAX)).map(|m| m.message_id.clone()));
        ids.extend(mail.in_reply_to.clone());
        ids
    }

    /// A text as it would read if it were sent now.
    pub(super) fn as_sent(&self, text: &str, progress: &Progress) -> String {
        draft::fill(text, &self.slot_facts(progress))
    }

    /// What is known for the slots of the letters.
    fn slot_facts(&self, progress: &Progress) -> SlotFacts {
        let zone = self.policy.carrier_time_zone;
        let written = |at: Timestamp| draft::write_date(&self.case.letter_language, schedule::day_of(zone, at));
        let reminders = self.case.mails.iter().filter(|m| m.purpose.is_reminder()).filter_map(|m| m.accepted_at);
        let reminders: Vec<Timestamp> = reminders.collect();
        // Those before the last request went to an address that is given up.
        let earlier = reminders.len().saturating_sub(usize::from(progress.follow_ups_sent));
        let follow_ups: Vec<String> = reminders.into_iter().skip(earlier).map(written).collect();
        SlotFacts {
            request_date: written(progress.requested_at.unwrap_or(self.now)),
            ticket: self.case.tickets.last().cloned(),
            follow_up_dates: follow_ups.join(", "),
        }
    }

    /// Invariant: nothing is handed over that is not owed at this very moment.
    pub(super) fn on_submit_started(&mut self, started: &MessageId) -> Result<(), Refusal> {
        match &mut self.case.state {
            State::Sending { mail, attempt, .. } if mail == started && *attempt == Attempt::Waiting => {
                *attempt = Attempt::InFlight;
                Ok(())
            }
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::NeedsYou { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => Err(Refusal::NotOwed),
        }
    }

    /// The wait is none of the server's: what counts failures and days begins when the turn has come.
    pub(super) fn on_submit_deferred(&mut self, deferred: &MessageId, until: Timestamp) {
        if let State::Sending { mail, attempt: Attempt::Waiting, owed_since, .. } = &mut self.case.state
            && mail == deferred
            && until > self.now
        {
            *owed_since = until.max(*owed_since);
            self.effects.push(Effect::Resubmit { mail: deferred.clone(), not_before: until });
        }
    }

    pub(super) fn on_submit_settled(&mut self, settled: &MessageId, outcome: &SubmitOutcome) {
        let (purpose, progress, attempt, owed_since, failures) = match &self.case.state {
            State::Sending { mail, purpose, progress, attempt, owed_since, failures } if mail == settled => {
                (*purpose, progress.clone(), *attempt, *owed_since, *failures)
            }
            State::NeedsYou { question: Question::SendUnknown, clock, .. } => {
                if let Resume::Unsettled { mail, purpose, progress } = &clock.resume
                    && mail == settled
                    && matches!(outcome, SubmitOutcome::Accepted { .. })
                {
                    let (purpose, progress) = (*purpose, progress.clone());
                    self.taken(settled, purpose, progress);
                }
                return;
            }
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::NeedsYou { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => {
                self.settled_too_late(settled, outcome);
                return;
            }
        };
        let withdrawn = attempt == Attempt::InFlightWithdrawn;
        match outcome {
            SubmitOutcome::Accepted { .. } if withdrawn => {
                self.mark_accepted(settled);
                self.close_withdrawn(
                    settled,
                    "it had already left when you withdrew; the carrier may act on it",
                    progress,
                );
            }
            SubmitOutcome::Unknown { .. } if withdrawn => {
                self.close_withdrawn(settled, "it may have left before you withdrew", progress);
            }
            SubmitOutcome::NotSent { .. } if withdrawn => {
                self.effects.push(Effect::CancelSubmit { mail: settled.clone() });
                self.case.state = State::Closed { resolution: Resolution::Withdrawn, progress };
            }
            SubmitOutcome::Accepted { .. } => self.taken(settled, purpose, progress),
            SubmitOutcome::Unknown { .. } => {
                let resume = Resume::Unsettled { mail: settled.clone(), purpose, progress };
                self.ask(Question::SendUnknown, None, resume, None);
            }
            SubmitOutcome::NotSent { class: FailureClass::Permanent, reason, .. } => {
                self.effects.push(Effect::CancelSubmit { mail: settled.clone() });
                self.address_failed(purpose, progress, reason);
            }
            SubmitOutcome::NotSent { class, code, reason } => {
                self.try_again(settled, *class, *code, reason, owed_since, failures);
            }
        }
    }

    /// The case moved on while the mail was under way: the facts are kept for later mails, the state stays.
    fn settled_too_late(&mut self, settled: &MessageId, outcome: &SubmitOutcome) {
        let Some(mail) = self.case.mails.iter().find(|m| m.message_id == *settled && m.accepted_at.is_none()) else {
            return;
        };
        let purpose = mail.purpose;
        match outcome {
            SubmitOutcome::Accepted { .. } => {
                self.mark_accepted(settled);
                let now = self.now;
                if let Some(progress) = self.case.state.progress_mut() {
                    note_taken(progress, settled, purpose, now);
                }
            }
            // It is not tried again.
            SubmitOutcome::NotSent { .. } => self.effects.push(Effect::CancelSubmit { mail: settled.clone() }),
            SubmitOutcome::Unknown { .. } => {}
        }
    }

    /// A server took the mail: the carrier's clock starts.
    pub(super) fn taken(&mut self, mail: &MessageId, purpose: Purpose, mut progress: Progress) {
        self.mark_accepted(mail);
        note_taken(&mut progress, mail, purpose, self.now);
        let cause = format!("taken:{mail}");
        match purpose {
            Purpose::Request => {
                self.nudge(NudgeKind::Sent, cause, &[("purpose", purpose.name().to_owned())]);
            }
            Purpose::FollowUp1 | Purpose::FollowUp2 | Purpose::Notice => {
                let number = progress.follow_ups_sent.to_string();
                self.nudge(
                    NudgeKind::FollowedUp,
                    cause,
                    &[("purpose", purpose.name().to_owned()), ("follow_up_number", number)],
                );
            }
            Purpose::Answer => {
                self.nudge(NudgeKind::Sent, cause, &[("purpose", purpose.name().to_owned())]);
            }
        }
        let told = progress.acknowledged_at.is_some() || purpose != Purpose::Request;
        self.wait_anew(progress);
        let no_sign = self.after(self.policy.no_sign_after);
        if let State::AwaitingReply { no_sign_at, .. } = &mut self.case.state
            && !told
        {
            *no_sign_at = Some(no_sign);
        }
    }

    pub(super) fn mark_accepted(&mut self, id: &MessageId) {
        let now = self.now;
        if let Some(mail) = self.case.mails.iter_mut().find(|m| m.message_id == *id) {
            mail.accepted_at = mail.accepted_at.or(Some(now));
        }
    }

    fn close_withdrawn(&mut self, mail: &MessageId, reason: &str, progress: Progress) {
        self.case.state = State::Closed { resolution: Resolution::Withdrawn, progress };
        self.nudge(NudgeKind::SendProblem, format!("withdrawn:{mail}"), &[("reason", reason.to_owned())]);
    }

    /// This address will never take it: the next one, or the holder.
    pub(super) fn address_failed(&mut self, purpose: Purpose, progress: Progress, reason: &str) {
        let request = self.case.letters.as_ref().map(|l| l.request.clone());
        // Nobody at the next address knows what a reminder is about: they get the request itself.
        if let Some(letter) = request
            && (purpose == Purpose::Request || purpose.is_reminder())
            && self.case.recipient + 1 < self.case.recipients.len()
        {
            self.case.recipient += 1;
            let attachments = self.request_documents();
            let mail = Outgoing { purpose: Purpose::Request, letter, attachments, in_reply_to: None };
            // The approval named all addresses, so the next one needs no further question. When a reminder fails,
            // the request as it stands may be one that never was approved.
            if purpose == Purpose::Request || self.may_leave_unasked() {
                self.owe(&mail, progress);
            } else {
                self.put_before_holder(mail, progress);
            }
            return;
        }
        self.undeliverable(progress, reason);
    }

    fn undeliverable(&mut self, progress: Progress, reason: &str) {
        self.ask(Question::Undeliverable, None, Resume::Waiting { progress }, None);
        if let Some(Effect::Nudge { nudge }) = self.effects.last_mut() {
            nudge.facts.insert("reason".to_owned(), reason.to_owned());
        }
    }

    fn try_again(
        &mut self,
        mail: &MessageId,
        class: FailureClass,
        code: Option<u16>,
        reason: &str,
        since: Timestamp,
        failed: u32,
    ) {
        let failures_now = failed.saturating_add(1);
        let overdue = |limit| schedule::after(since, limit, self.policy) <= self.now;
        let give_up = overdue(self.policy.send_give_up_after);
        let tell = class == FailureClass::Account || overdue(self.policy.send_problem_after);
        let not_before = self.now + schedule::back_off(failures_now, code, self.policy.retry_after);
        let held_until = self.held_until();
        let not_before = held_until.map_or(not_before, |until| until.max(not_before));
        if give_up {
            self.effects.push(Effect::CancelSubmit { mail: mail.clone() });
            let progress = self.case.state.progress().clone();
            self.undeliverable(progress, reason);
            return;
        }
        if tell {
            self.nudge(NudgeKind::SendProblem, format!("send:{mail}"), &[("reason", reason.to_owned())]);
        }
        self.effects.push(Effect::Resubmit { mail: mail.clone(), not_before });
        if let State::Sending { attempt, failures, owed_since, .. } = &mut self.case.state {
            *attempt = Attempt::Waiting;
            *failures = failures_now;
            // What the holder puts off is none of the server's doing.
            *owed_since = held_until.map_or(*owed_since, |until| until.max(*owed_since));
        }
    }

    /// The holder says that the unsettled mail did not leave: the same bytes are owed again.
    pub(super) fn owe_again(&mut self, mail: MessageId, purpose: Purpose, progress: Progress) {
        let not_before = self.held_until().unwrap_or(self.now);
        self.effects.push(Effect::Resubmit { mail: mail.clone(), not_before });
        self.case.state =
            State::Sending { mail, purpose, progress, attempt: Attempt::Waiting, owed_since: not_before, failures: 0 };
    }
}

/// Keeps in mind that a server took a mail.
pub(super) fn note_taken(progress: &mut Progress, mail: &MessageId, purpose: Purpose, now: Timestamp) {
    progress.last_sent = Some(mail.clone());
    progress.last_sent_at = Some(now);
    match purpose {
        Purpose::Request => {
            // A request that came back was none; this is the one to refer to.
            progress.requested_at = Some(now);
            progress.follow_ups_sent = 0;
        }
        Purpose::FollowUp1 | Purpose::FollowUp2 | Purpose::Notice => {
            progress.follow_ups_sent = progress.follow_ups_sent.saturating_add(1);
            // What was promised before this mail has not been kept.
            progress.promised = None;
        }
        Purpose::Answer => progress.promised = None,
    }
}
