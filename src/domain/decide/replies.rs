//! What a message does to a case. A stranger's message does nothing but be shown; a machine's is not an
//! answer; only an authentic, certain confirmation ends a case.

use super::sending::note_taken;
use super::{Turn, reply_facts};
use crate::domain::address::MessageId;
use crate::domain::case::{
    Attachment, Attempt, Evidence, Hold, HoldBy, Letter, Outgoing, PausedClock, Progress, Purpose, Question,
    Resolution, Resume, State,
};
use crate::domain::effect::NudgeKind;
use crate::domain::reply::{Authenticity, Bounce, BounceClass, Kind, Reply};
use crate::domain::{Timestamp, schedule};
use chrono::TimeDelta;

/// Absence notices that may move the clock; after that an absent clerk counts as silence.
const ABSENCES_MAX: u8 = 2;

impl Turn<'_> {
    pub(super) fn on_reply(&mut self, reply: &Reply) {
        if reply.kind == Kind::Bounce {
            // A bounce is rarely authentic; the 64 random bits of our Message-ID are what proves it.
            if let Some(bounce) = &reply.bounce {
                self.on_bounce(reply, bounce);
            }
            return;
        }
        match reply.authenticity {
            // Anyone can write a From header: a claim without proof moves neither state nor clock.
            Authenticity::Unproven | Authenticity::Contradicted => self.note_unproven(reply),
            Authenticity::Aligned | Authenticity::Vouched => self.on_proven_reply(reply),
        }
    }

    fn note_unproven(&mut self, reply: &Reply) {
        if reply.kind == Kind::Unrelated {
            return;
        }
        self.nudge(NudgeKind::Unproven, format!("unproven:message {}", reply.message.0), &reply_facts(reply));
    }

    fn on_proven_reply(&mut self, reply: &Reply) {
        match &self.case.state {
            // Nothing was asked yet, so nothing is answered: kept in the timeline.
            State::Collecting { .. } => {}
            State::Drafted { progress, .. } if progress.last_sent.is_none() && progress.requested_at.is_none() => {}
            State::Drafted { mail, progress, .. } => {
                let (purpose, progress) = (mail.purpose, progress.clone());
                if !self.is_passing(reply) || (purpose.is_reminder() && reply.kind == Kind::Acknowledged) {
                    self.on_awaited(reply, progress);
                } else if reply.kind == Kind::Acknowledged {
                    let progress = self.learn(reply, progress);
                    self.set_progress(progress);
                }
            }
            State::Sending { attempt, purpose, progress, .. } => {
                let (attempt, purpose, progress) = (*attempt, *purpose, progress.clone());
                self.on_reply_while_sending(reply, attempt, purpose, progress);
            }
            State::AwaitingReply { progress, .. } => {
                let progress = progress.clone();
                self.on_awaited(reply, progress);
            }
            State::NeedsYou { clock, .. } => match &clock.resume {
                Resume::Waiting { progress } => {
                    let progress = progress.clone();
                    self.on_reply_while_asking(reply, progress);
                }
                Resume::Unsettled { mail, purpose, progress } => {
                    let (mail, purpose, mut progress) = (mail.clone(), *purpose, progress.clone());
                    if purpose == Purpose::Request && !self.is_passing(reply) {
                        // Whoever answers has the request.
                        self.mark_accepted(&mail);
                        note_taken(&mut progress, &mail, purpose, self.now);
                    }
                    self.on_reply_while_asking(reply, progress);
                }
                Resume::Ended { state } => {
                    let state = state.as_ref().clone();
                    self.on_late(reply, &state);
                }
            },
            State::Confirmed { .. } | State::Done { .. } | State::Closed { .. } => {
                let state = self.case.state.clone();
                self.on_late(reply, &state);
            }
        }
    }

    /// Whether a reply says nothing that changes what must be done.
    fn is_passing(&self, reply: &Reply) -> bool {
        match reply.kind {
            Kind::Acknowledged | Kind::AutoReply | Kind::Billing | Kind::Unrelated | Kind::Bounce => true,
            Kind::Confirmed
            | Kind::NeedsInfo
            | Kind::NeedsPayment
            | Kind::NeedsOtherChannel
            | Kind::Refused
            | Kind::Retention
            | Kind::Unclear => false,
        }
    }

    /// A reminder that waits for office hours is taken back by any sign of life; a request or an answer
    /// only by something decisive. What is already being handed over cannot be taken back.
    fn on_reply_while_sending(&mut self, reply: &Reply, attempt: Attempt, purpose: Purpose, progress: Progress) {
        let reminder = purpose.is_reminder();
        let absent = reply.kind == Kind::AutoReply && progress.absences < ABSENCES_MAX;
        let waiting = attempt == Attempt::Waiting;
        if attempt == Attempt::InFlightWithdrawn {
            // What the carrier asks or says must reach the holder, who has withdrawn: told as after the end.
            // The outcome of the mail under way is noted when it comes.
            self.on_late(reply, &State::Closed { resolution: Resolution::Withdrawn, progress });
            return;
        }
        if !self.is_passing(reply) || (reminder && waiting && (absent || reply.kind == Kind::Acknowledged)) {
            self.cancel_waiting();
            if absent {
                self.wait_until(self.now, progress.clone());
            }
            self.on_awaited(reply, progress);
        } else if reply.kind == Kind::Acknowledged {
            // An automatic receipt may be read before the outcome of the very mail it acknowledges is known.
            let progress = self.learn(reply, progress);
            self.set_progress(progress);
        }
    }

    fn on_reply_while_asking(&mut self, reply: &Reply, progress: Progress) {
        if !self.is_passing(reply) {
            self.on_awaited(reply, progress);
            return;
        }
        if reply.kind == Kind::Acknowledged {
            let learned = self.learn(reply, progress);
            if self.case.question() == Some(Question::NoAnswer) {
                // "No answer" is no longer true, so it is no longer asked.
                self.wait_anew(learned);
            } else {
                // The question stays with the holder; what is learned is kept for when the clock goes on.
                self.set_progress(learned);
            }
        }
    }

    /// Keeps what a sign of life tells: that it came, a ticket, a promised date.
    fn learn(&mut self, reply: &Reply, mut progress: Progress) -> Progress {
        progress.acknowledged_at = progress.acknowledged_at.or(Some(self.now));
        progress.last_sign_at = Some(self.now);
        let today = schedule::day_of(self.policy.carrier_time_zone, self.now);
        if let Some(day) = reply.promised_date.filter(|d| *d >= today) {
            // One misread year must not silence the follow-ups for ever.
            progress.promised = Some(day.min(today + schedule::CARRIER_WAIT_MAX));
        }
        if let Some(ticket) = &reply.ticket
            && !self.case.tickets.contains(ticket)
        {
            self.case.tickets.push(ticket.clone());
        }
        progress
    }

    /// The heart: a proven reply while an answer is awaited (DESIGN §4, "what a kind does").
    fn on_awaited(&mut self, reply: &Reply, progress: Progress) {
        match reply.kind {
            Kind::Billing | Kind::Unrelated | Kind::Bounce => {}
            Kind::AutoReply => self.on_absence(reply, progress),
            Kind::Acknowledged => {
                let progress = self.learn(reply, progress);
                self.wait_anew(progress);
            }
            Kind::Confirmed if self.is_sure(reply) => {
                let progress = self.learn(reply, progress);
                self.set_progress(progress);
                let evidence = Evidence::Mail { message: reply.message };
                self.confirm(evidence, reply.effective_date, &reply_facts(reply));
            }
            // Invariant: words that are not surely a confirmation never end a case; a person reads them.
            Kind::Confirmed | Kind::Unclear => self.ask_about(Question::UnclearReply, reply, progress),
            Kind::NeedsInfo if reply.wants_id_document => self.ask_about(Question::IdDocument, reply, progress),
            Kind::NeedsInfo => self.ask_about(Question::MissingInfo, reply, progress),
            Kind::NeedsPayment => self.ask_about(Question::Payment, reply, progress),
            Kind::NeedsOtherChannel => self.ask_about(Question::OtherChannel, reply, progress),
            Kind::Refused => self.ask_about(Question::Refused, reply, progress),
            Kind::Retention => self.ask_about(Question::RetentionOffer, reply, progress),
        }
    }

    /// Whether a confirmation may be taken as it was read. An end that lies too far ahead is more likely a misread
    /// year, and would keep a case waiting for it.
    fn is_sure(&self, reply: &Reply) -> bool {
        let latest = schedule::day_of(self.policy.carrier_time_zone, self.now) + schedule::NOTICE_MAX;
        reply.certain && reply.effective_date.is_none_or(|day| day <= latest)
    }

    fn set_progress(&mut self, learned: Progress) {
        if let Some(progress) = self.case.state.progress_mut() {
            *progress = learned;
        }
    }

    fn ask_about(&mut self, question: Question, reply: &Reply, progress: Progress) {
        let progress = self.learn(reply, progress);
        let answer = self.ready_answer(question).map(|(letter, attachments)| Outgoing {
            purpose: Purpose::Answer,
            letter,
            attachments,
            in_reply_to: reply.message_id.clone(),
        });
        self.ask(question, Some(reply), Resume::Waiting { progress }, answer);
    }

    /// A letter that answers the question as it is, with what goes along.
    fn ready_answer(&self, question: Question) -> Option<(Letter, Vec<Attachment>)> {
        let letters = self.case.letters.as_ref()?;
        match question {
            Question::RetentionOffer => Some((letters.decline_offer.clone(), Vec::new())),
            Question::IdDocument if !self.case.attachments.is_empty() => {
                Some((letters.document_enclosed.clone()?, self.case.attachments.clone()))
            }
            _ => None,
        }
    }

    /// An absent clerk: wait until a working day after the return, a week when no date is given.
    fn on_absence(&mut self, reply: &Reply, mut progress: Progress) {
        let State::AwaitingReply { follow_up_at, no_sign_at, bounce_final_at, .. } = &mut self.case.state else {
            return;
        };
        // Whoever answers automatically has received: this is proven, unlike a stranger's notice.
        *no_sign_at = None;
        *bounce_final_at = None;
        let follow_up_at = *follow_up_at;
        if progress.absences >= ABSENCES_MAX {
            return;
        }
        progress.absences += 1;
        let zone = self.policy.carrier_time_zone;
        let until: Timestamp = match reply.returns_on.filter(|d| *d >= schedule::day_of(zone, self.now)) {
            Some(day) => {
                let day = schedule::working_days_after(day, 1, &self.policy.holidays);
                // A return date far away is not waited for: somebody else can answer.
                schedule::start_of_day(zone, day).min(self.now + schedule::CARRIER_WAIT_MAX)
            }
            None => self.now + TimeDelta::days(7),
        };
        let due = follow_up_at.max(until);
        // A longer hold of the holder stays.
        if self.case.hold.as_ref().is_none_or(|hold| hold.until < until) {
            self.case.hold = Some(Hold { until, by: HoldBy::Carrier, reason: "absence notice".to_owned() });
        }
        if let State::AwaitingReply { follow_up_at, progress: kept, .. } = &mut self.case.state {
            *follow_up_at = due;
            *kept = progress;
        }
    }

    /// After the end nothing reopens by itself.
    fn on_late(&mut self, reply: &Reply, ended: &State) {
        let question = match (ended, reply.kind) {
            (_, Kind::Acknowledged | Kind::AutoReply | Kind::Unrelated | Kind::Retention | Kind::Bounce) => return,
            (State::Confirmed { .. }, Kind::Confirmed) if self.is_sure(reply) => {
                self.confirmed_again(reply);
                return;
            }
            (State::Done { .. }, Kind::Confirmed) => return,
            // Until the end bills are due; after it they are not.
            (State::Done { .. }, Kind::Billing | Kind::NeedsPayment) => Question::BilledAfterEnd,
            (_, Kind::Billing) => return,
            (
                _,
                Kind::Confirmed
                | Kind::NeedsInfo
                | Kind::NeedsPayment
                | Kind::NeedsOtherChannel
                | Kind::Refused
                | Kind::Unclear,
            ) => Question::LateReply,
        };
        self.ask(question, Some(reply), Resume::Ended { state: Box::new(ended.clone()) }, None);
    }

    /// A second confirmation may correct the date; one without a date adds nothing.
    fn confirmed_again(&mut self, reply: &Reply) {
        let Some(day) = reply.effective_date else { return };
        let known = self.case.effective_date();
        if known != Some(day) {
            self.confirm(Evidence::Mail { message: reply.message }, Some(day), &reply_facts(reply));
        }
    }

    fn on_bounce(&mut self, reply: &Reply, bounce: &Bounce) {
        let Some(original) = &bounce.original else { return };
        let Some(mail) = self.case.mails.iter().find(|m| m.message_id == *original).cloned() else { return };
        // A bounce from an address already given up says nothing new.
        let current = self.case.to() == Some(&mail.to);
        match (&self.case.state, bounce.class) {
            (State::AwaitingReply { progress, .. }, BounceClass::Permanent) if current => {
                let progress = progress.clone();
                let reason =
                    if reply.subject.is_empty() { "the mail came back".to_owned() } else { reply.subject.clone() };
                self.address_failed(mail.purpose, progress, &reason);
            }
            (State::AwaitingReply { .. }, BounceClass::Temporary) if current => self.await_final_bounce(original),
            // It came back before its outcome was known: so it had left.
            (State::Sending { mail: owed, attempt: Attempt::InFlight, progress, .. }, BounceClass::Permanent)
                if current && owed == original =>
            {
                let progress = progress.clone();
                self.address_failed(mail.purpose, progress, "the mail came back");
            }
            // The mail of `send_unknown` came back: so it had left.
            (State::NeedsYou { question: Question::SendUnknown, clock, .. }, BounceClass::Permanent) if current => {
                let progress = clock.resume.progress().clone();
                self.address_failed(mail.purpose, progress, "the mail came back");
            }
            // Whoever says that it is on its way has it; it may still come back.
            (
                State::NeedsYou {
                    clock: PausedClock { resume: Resume::Unsettled { mail: owed, progress, .. }, .. },
                    ..
                },
                BounceClass::Temporary,
            ) if current && owed == original => {
                let progress = progress.clone();
                self.taken(original, mail.purpose, progress);
                self.await_final_bounce(original);
            }
            _ => {}
        }
    }

    fn await_final_bounce(&mut self, mail: &MessageId) {
        let at = self.after(self.policy.bounce_final_after);
        if let State::AwaitingReply { bounce_final_at: pending @ None, .. } = &mut self.case.state {
            *pending = Some((at, mail.clone()));
        }
    }
}
