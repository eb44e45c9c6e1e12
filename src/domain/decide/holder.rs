//! What the holder does: gives facts, approves, edits, answers, waits, settles, withdraws.

use super::{Turn, approval_digest, awaiting_approval, covered_letters, evidence_message};
use crate::domain::Date;
use crate::domain::case::{
    Attempt, Evidence, Hold, HoldBy, Letter, Outgoing, PausedClock, Progress, Purpose, Question, Resolution, Resume,
    State,
};
use crate::domain::decide::Refusal;
use crate::domain::event::{Event, ResolveAct};
use crate::domain::policy::Approval;
use crate::domain::schedule;
use chrono::TimeDelta;

impl Turn<'_> {
    pub(super) fn on_facts_given(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::FactsGiven { holder_name, line, recipients, attachments, missing, letters } = event else {
            return Ok(());
        };
        match &self.case.state {
            State::Collecting { .. } => {}
            State::Drafted { mail, .. } if mail.purpose == Purpose::Request => {}
            State::NeedsYou { question: Question::Undeliverable, .. } => {}
            State::Confirmed { .. } => {
                return Err(self.refuse("changing the facts", "the carrier has confirmed already"));
            }
            State::NeedsYou { clock: PausedClock { resume: Resume::Ended { .. }, .. }, .. } => {
                return Err(self.refuse("changing the facts", "the carrier wrote after the end; see `odjava show`"));
            }
            State::Done { .. } | State::Closed { .. } => {
                return Err(self.refuse("changing the facts", "the case is over; `odjava new` opens another"));
            }
            State::Sending { purpose: Purpose::Request, attempt: Attempt::Waiting, .. } => {
                return Err(self.refuse(
                    "changing the facts",
                    "the request is approved and about to leave; `odjava withdraw` still takes it back",
                ));
            }
            State::Drafted { .. } | State::Sending { .. } | State::AwaitingReply { .. } | State::NeedsYou { .. } => {
                return Err(self
                    .refuse("changing the facts", "the request has left; write to the carrier with `odjava answer`"));
            }
        }
        let progress = self.case.state.progress().clone();
        self.case.holder_name.clone_from(holder_name);
        self.case.line.clone_from(line);
        self.case.recipients.clone_from(recipients);
        self.case.recipient = 0;
        self.case.attachments.clone_from(attachments);
        self.case.letters.clone_from(letters);
        self.case.follow_ups_approved = false;
        match letters {
            Some(texts) if missing.is_empty() => {
                let mail = Outgoing {
                    purpose: Purpose::Request,
                    letter: texts.request.clone(),
                    attachments: self.request_documents(),
                    in_reply_to: None,
                };
                self.put_forward(mail, progress);
            }
            _ => {
                let nudge_at = Some(self.after(self.policy.collecting_nudge_after));
                self.case.state = State::Collecting { missing: missing.clone(), nudge_at };
            }
        }
        Ok(())
    }

    /// Asks for approval, or sends where none is wanted.
    fn put_forward(&mut self, mail: Outgoing, progress: Progress) {
        if self.policy.approval == Approval::None { self.owe(&mail, progress) } else { self.draft(mail, progress) }
    }

    pub(super) fn on_draft_edited(&mut self, letter: &Letter) -> Result<(), Refusal> {
        match &mut self.case.state {
            State::Drafted { mail, .. } | State::NeedsYou { answer: Some(mail), .. } => {
                mail.letter = letter.clone();
                if mail.purpose == Purpose::Request
                    && let Some(letters) = &mut self.case.letters
                {
                    letters.request = letter.clone();
                }
                Ok(())
            }
            State::Collecting { .. }
            | State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::NeedsYou { answer: None, .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => Err(self.refuse("editing", "no text waits for approval; see `odjava show`")),
        }
    }

    pub(super) fn on_draft_approved(&mut self, digest: &str) -> Result<(), Refusal> {
        let Some(mail) = awaiting_approval(&self.case).cloned() else {
            return Err(self.refuse("approving", "no text waits for approval; see `odjava show`"));
        };
        let current = approval_digest(&self.case, &mail, self.policy);
        // Invariant: what leaves is what a person read.
        if current != digest {
            return Err(Refusal::TextChanged { reference: self.case.reference.clone(), current });
        }
        if covered_letters(&self.case, &mail, self.policy).is_some() {
            self.case.follow_ups_approved = true;
        }
        let progress = self.case.state.progress().clone();
        self.owe(&mail, progress);
        Ok(())
    }

    pub(super) fn on_hold_set(&mut self, until: Option<Date>) -> Result<(), Refusal> {
        if !self.case.is_open() {
            return Err(self.refuse("holding", "the case is over"));
        }
        let hold = match until {
            None => None,
            Some(day) => {
                let at = schedule::start_of_day(self.policy.carrier_time_zone, day);
                if at <= self.now {
                    return Err(Refusal::DateNotAhead(day));
                }
                Some(Hold { until: at, by: HoldBy::Holder, reason: "odjava hold".to_owned() })
            }
        };
        let lifted = std::mem::replace(&mut self.case.hold, hold);
        let was_held = lifted.as_ref().is_some_and(|h| h.by == HoldBy::Holder && h.until > self.now);
        match &self.case.state {
            State::AwaitingReply { progress, follow_up_at, .. } => {
                let mut at = *follow_up_at;
                if lifted.is_some() {
                    // Without the former hold the silence counts from the last word of either side.
                    let spoke = progress.last_sent_at.max(progress.last_sign_at).max(progress.requested_at);
                    let due = schedule::after(spoke.unwrap_or(self.now), self.silence(progress), self.policy);
                    at = at.min(due.max(self.now));
                }
                let at = self.put_off(at, progress);
                if let State::AwaitingReply { follow_up_at, .. } = &mut self.case.state {
                    *follow_up_at = at;
                }
            }
            // Nobody is followed up while on hold: a reminder that has not left yet is taken back.
            State::Sending { attempt: Attempt::Waiting, purpose, progress, .. }
                if self.case.hold.is_some() && purpose.is_reminder() =>
            {
                let progress = progress.clone();
                self.cancel_waiting();
                self.wait_until(self.now, progress);
            }
            State::Sending { attempt: Attempt::Waiting, .. } if self.case.hold.is_some() || was_held => {
                self.move_waiting();
            }
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::NeedsYou { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => {}
        }
        Ok(())
    }

    pub(super) fn on_answer_drafted(&mut self, mail: &Outgoing) -> Result<(), Refusal> {
        let progress = match &self.case.state {
            State::NeedsYou { question: Question::SendUnknown, .. } => {
                return Err(self.refuse(
                    "answering",
                    "settle first whether the mail left: `odjava resolve --sent` or `--not-sent`",
                ));
            }
            State::NeedsYou { clock, .. } => match &clock.resume {
                Resume::Waiting { progress } | Resume::Unsettled { progress, .. } => progress.clone(),
                Resume::Ended { .. } => {
                    return Err(self.refuse(
                        "answering",
                        "the case is over; answer from your mailbox, then `odjava resolve --answered`",
                    ));
                }
            },
            State::AwaitingReply { progress, .. } => progress.clone(),
            State::Drafted { mail, progress, .. } if mail.purpose == Purpose::Answer => progress.clone(),
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => {
                return Err(self.refuse("answering", "there is nothing to answer; see `odjava show`"));
            }
        };
        self.put_forward(mail.clone(), progress);
        Ok(())
    }

    pub(super) fn on_resolved(&mut self, act: &ResolveAct) -> Result<(), Refusal> {
        match act {
            ResolveAct::KeepWaiting => self.keep_waiting(),
            ResolveAct::Confirmed { effective_date } => self.confirmed_by_holder(*effective_date),
            ResolveAct::Answered => self.answered(),
            ResolveAct::SentBy { .. } => self.sent_by_channel(),
            ResolveAct::Sent | ResolveAct::NotSent => self.settle_unknown(*act == ResolveAct::Sent),
            ResolveAct::Refused => self.close_as(Resolution::Refused, "accepting the refusal"),
            ResolveAct::Lapsed => self.close_as(Resolution::Lapsed, "marking it lapsed"),
            // What the message says comes as a reply event of its own.
            ResolveAct::Filed { .. } => Ok(()),
        }
    }

    fn keep_waiting(&mut self) -> Result<(), Refusal> {
        let (question, clock) = match &self.case.state {
            State::NeedsYou { question, clock, .. } => (question, clock),
            State::AwaitingReply { .. } => return Ok(()),
            // A reminder or an answer is dropped, not the case.
            State::Drafted { mail, progress, .. }
                if mail.purpose != Purpose::Request && progress.requested_at.is_some() =>
            {
                let progress = progress.clone();
                self.wait_anew(progress);
                return Ok(());
            }
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => {
                return Err(self.refuse("waiting on", "nothing is asked of you; see `odjava show`"));
            }
        };
        match clock.resume.clone() {
            Resume::Ended { state } => self.case.state = *state,
            Resume::Unsettled { .. } => {
                return Err(self
                    .refuse("waiting on", "say first whether the mail left: `odjava resolve --sent` or `--not-sent`"));
            }
            Resume::Waiting { progress } => {
                if *question == Question::Undeliverable
                    && progress.last_sent.is_none()
                    && progress.requested_at.is_none()
                {
                    return Err(self.refuse(
                        "waiting on",
                        "the request reached nobody; give an address with `odjava edit --to`, or `odjava resolve --sent-by`",
                    ));
                }
                match clock.remaining_ms.filter(|_| *question != Question::NoAnswer) {
                    Some(left) => self.wait_until(self.now + TimeDelta::milliseconds(left), progress),
                    None => self.wait_anew(progress),
                }
            }
        }
        Ok(())
    }

    fn confirmed_by_holder(&mut self, effective: Option<Date>) -> Result<(), Refusal> {
        let message = match &self.case.state {
            State::NeedsYou { clock: PausedClock { resume: Resume::Ended { state }, .. }, .. }
                if matches!(**state, State::Done { .. }) =>
            {
                return Err(self.refuse(
                    "confirming",
                    "it is done and proven already; `odjava resolve --keep-waiting` puts the message aside",
                ));
            }
            State::NeedsYou { asked_in, .. } => *asked_in,
            // The mail that proved it before still does.
            State::Confirmed { evidence, .. } => evidence_message(evidence),
            State::AwaitingReply { .. } => None,
            State::Drafted { progress, .. } if progress.requested_at.is_some() => None,
            State::Sending { attempt: Attempt::Waiting, .. } => {
                self.cancel_waiting();
                None
            }
            State::Sending { .. } => {
                return Err(self.refuse("confirming", "a mail is being handed over right now; try again in a minute"));
            }
            State::Collecting { .. } | State::Drafted { .. } => {
                return Err(self.refuse(
                    "confirming",
                    "nothing was asked of the carrier yet; `odjava resolve --lapsed` or `odjava withdraw` closes it",
                ));
            }
            State::Done { .. } | State::Closed { .. } => {
                return Err(self.refuse("confirming", "the case is over already"));
            }
        };
        self.confirm(Evidence::Holder { message }, effective, &[]);
        Ok(())
    }

    fn answered(&mut self) -> Result<(), Refusal> {
        let State::NeedsYou { clock, .. } = &self.case.state else {
            return Err(self.refuse("marking it answered", "nothing is asked of you; see `odjava show`"));
        };
        match clock.resume.clone() {
            Resume::Waiting { progress } => self.wait_anew(progress),
            Resume::Ended { state } => self.case.state = *state,
            Resume::Unsettled { .. } => {
                return Err(self.refuse(
                    "marking it answered",
                    "say first whether the mail left: `odjava resolve --sent` or `--not-sent`",
                ));
            }
        }
        Ok(())
    }

    fn sent_by_channel(&mut self) -> Result<(), Refusal> {
        let fits = match &self.case.state {
            State::Collecting { .. } | State::Drafted { .. } | State::AwaitingReply { .. } => true,
            State::NeedsYou { clock, .. } => matches!(clock.resume, Resume::Waiting { .. }),
            State::Sending { .. } | State::Confirmed { .. } | State::Done { .. } | State::Closed { .. } => false,
        };
        if !fits {
            return Err(self.refuse("noting another channel", "see `odjava show` for what the case waits for"));
        }
        let mut progress = self.case.state.progress().clone();
        progress.requested_at = Some(self.now);
        progress.promised = None;
        self.wait_anew(progress);
        Ok(())
    }

    fn settle_unknown(&mut self, did_leave: bool) -> Result<(), Refusal> {
        let State::NeedsYou { question: Question::SendUnknown, clock, .. } = &self.case.state else {
            return Err(self.refuse("settling a send", "no mail is in doubt; see `odjava show`"));
        };
        let Resume::Unsettled { mail, purpose, progress } = clock.resume.clone() else {
            return Err(self.refuse("settling a send", "no mail is in doubt; see `odjava show`"));
        };
        if did_leave {
            self.taken(&mail, purpose, progress)
        } else {
            self.owe_again(mail, purpose, progress)
        }
        Ok(())
    }

    fn close_as(&mut self, resolution: Resolution, act: &'static str) -> Result<(), Refusal> {
        if !self.case.is_open() {
            return Err(self.refuse(act, "the case is over already"));
        }
        if matches!(&self.case.state, State::Sending { attempt: Attempt::InFlight | Attempt::InFlightWithdrawn, .. }) {
            return Err(self.refuse(act, "a mail is being handed over right now; try again in a minute"));
        }
        self.cancel_waiting();
        let progress = self.case.state.progress().clone();
        self.case.hold = None;
        self.case.state = State::Closed { resolution, progress };
        Ok(())
    }

    pub(super) fn on_withdrawn(&mut self) -> Result<(), Refusal> {
        let resolution = match &mut self.case.state {
            State::Sending { attempt: attempt @ (Attempt::InFlight | Attempt::InFlightWithdrawn), .. } => {
                // Too late to take back; what became of it decides what is told.
                *attempt = Attempt::InFlightWithdrawn;
                return Ok(());
            }
            State::Collecting { .. } | State::Drafted { .. } | State::Sending { .. } | State::AwaitingReply { .. } => {
                Resolution::Withdrawn
            }
            State::NeedsYou { question, clock, .. } => match (&clock.resume, question) {
                (Resume::Ended { .. }, _) => {
                    return Err(self.refuse(
                        "withdrawing",
                        "the case is over; `odjava resolve --keep-waiting` puts the reply aside",
                    ));
                }
                (_, Question::NoAnswer | Question::Undeliverable | Question::Refused | Question::OtherChannel) => {
                    Resolution::Abandoned
                }
                _ => Resolution::Withdrawn,
            },
            State::Confirmed { .. } => {
                return Err(self.refuse("withdrawing", "the carrier has confirmed already; ask the carrier to undo it"));
            }
            State::Done { .. } | State::Closed { .. } => {
                return Err(self.refuse("withdrawing", "the case is over already"));
            }
        };
        self.cancel_waiting();
        let progress = self.case.state.progress().clone();
        self.case.hold = None;
        self.case.state = State::Closed { resolution, progress };
        Ok(())
    }
}
