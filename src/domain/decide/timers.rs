//! Alarms. An alarm is a question, not an order: the state is looked at again when it rings.

use super::{Turn, approval_digest};
use crate::domain::case::{Outgoing, Progress, Purpose, Question, Resume, State, Timer};
use crate::domain::effect::{Effect, NudgeKind};
use crate::domain::policy::Approval;
use crate::domain::{Timestamp, schedule};
use chrono::TimeDelta;

impl Turn<'_> {
    pub(super) fn on_timer(&mut self, timer: Timer, inbox_read_at: Option<Timestamp>) {
        let due = self.case.timers().into_iter().any(|(set, at)| set == timer && at <= self.now);
        if !due {
            return;
        }
        match timer {
            Timer::Reminder => self.remind(),
            Timer::NoSign => self.no_sign(inbox_read_at),
            Timer::FollowUp => self.follow_up(inbox_read_at),
            Timer::BounceFinal => self.bounce_is_final(inbox_read_at),
            Timer::EffectiveDate => self.effective_date_over(),
            Timer::DeviceCheck => self.device_check(),
            Timer::BillWatch => self.bill_watch_over(),
            Timer::DeleteDocuments => self.delete_documents(),
        }
    }

    fn remind(&mut self) {
        let [first, second] = self.policy.draft_nudges_after;
        let between = (second.approximate() - first.approximate()).max(TimeDelta::hours(1));
        let now = self.now;
        let mut told = None;
        match &mut self.case.state {
            State::Collecting { missing, nudge_at } => {
                *nudge_at = None;
                let flags: Vec<&str> = missing.iter().map(|f| f.flag()).collect();
                let cause = format!("facts_missing:{}", now.timestamp_millis());
                told = Some((NudgeKind::FactsMissing, cause, vec![("missing", flags.join(", "))]));
            }
            State::Drafted { nudge_at, nudges_given, .. } => {
                *nudges_given = nudges_given.saturating_add(1);
                *nudge_at = (*nudges_given < 2).then_some(now + between);
                let cause = format!("draft_waits:{}", now.timestamp_millis());
                told = Some((NudgeKind::DraftReady, cause, Vec::new()));
            }
            State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::NeedsYou { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => {}
        }
        if let Some((kind, cause, mut facts)) = told {
            facts.extend(self.draft_facts());
            self.nudge(kind, cause, &facts);
        }
    }

    /// Digest and text of the draft, for the nudge that asks to read it.
    fn draft_facts(&self) -> Vec<(&'static str, String)> {
        let State::Drafted { mail, progress, .. } = &self.case.state else { return Vec::new() };
        vec![
            ("digest", approval_digest(&self.case, mail, self.policy)),
            ("text", self.as_sent(&mail.letter.body, progress)),
            ("purpose", mail.purpose.name().to_owned()),
        ]
    }

    /// Whether the inbox was read recently enough to speak of silence.
    fn inbox_is_stale(&self, read_at: Option<Timestamp>) -> bool {
        read_at.is_none_or(|at| schedule::after(at, self.policy.inbox_stale_after, self.policy) < self.now)
    }

    /// When to look again after an alarm that could not be answered.
    fn soon(&self) -> Timestamp {
        self.now + self.policy.inbox_stale_after.approximate().min(TimeDelta::minutes(5)).max(TimeDelta::seconds(1))
    }

    fn no_sign(&mut self, inbox_read_at: Option<Timestamp>) {
        let stale = self.inbox_is_stale(inbox_read_at);
        let soon = self.soon();
        let State::AwaitingReply { no_sign_at, progress, .. } = &mut self.case.state else { return };
        if stale {
            *no_sign_at = Some(soon);
            return;
        }
        *no_sign_at = None;
        let cause = format!("no_sign:{}", progress.last_sent.as_ref().map_or("", |m| m.as_str()));
        self.nudge(NudgeKind::NoSign, cause, &[]);
    }

    fn follow_up(&mut self, inbox_read_at: Option<Timestamp>) {
        let opens_at = schedule::send_window(self.policy, self.now);
        let put_off = match &self.case.hold {
            Some(hold) if hold.until > self.now => Some(hold.until),
            _ if self.inbox_is_stale(inbox_read_at) => Some(self.soon()),
            // Looked at again when the window opens, so that a reply read meanwhile still counts.
            _ => Some(opens_at).filter(|at| *at > self.now),
        };
        let State::AwaitingReply { progress, follow_up_at, .. } = &mut self.case.state else { return };
        if let Some(at) = put_off {
            *follow_up_at = at;
            return;
        }
        let progress = progress.clone();
        self.case.hold = None;
        match self.next_letter(&progress) {
            None => self.ask(Question::NoAnswer, None, Resume::Waiting { progress }, None),
            Some(mail) if self.may_leave_unasked() => self.owe(&mail, progress),
            Some(mail) => self.put_before_holder(mail, progress),
        }
    }

    /// Invariant: no follow-up leaves that was not approved. The texts may have changed since the request, or the
    /// request may have gone by another channel.
    pub(super) fn may_leave_unasked(&self) -> bool {
        match self.policy.approval {
            Approval::First => self.case.follow_ups_approved,
            Approval::Each => false,
            Approval::None => true,
        }
    }

    fn next_letter(&self, progress: &Progress) -> Option<Outgoing> {
        let purpose = Purpose::follow_up(progress.follow_ups_sent)?;
        let letter = self.case.letters.as_ref()?.of(purpose)?.clone();
        self.case.to()?;
        // Nothing can be followed up by mail that was never asked by mail.
        progress.last_sent.as_ref()?;
        Some(Outgoing { purpose, letter, attachments: Vec::new(), in_reply_to: None })
    }

    /// Makes a mail wait for approval; the holder, whose act it follows from, has it on the screen.
    pub(super) fn draft(&mut self, mail: Outgoing, progress: Progress) {
        let nudge_at = Some(self.after(self.policy.draft_nudges_after[0]));
        self.case.state = State::Drafted { mail, progress, nudge_at, nudges_given: 0 };
    }

    /// Makes a mail wait for approval and says so: nobody asked for it at this moment.
    pub(super) fn put_before_holder(&mut self, mail: Outgoing, progress: Progress) {
        let cause = format!("draft:{}:{}", mail.purpose.name(), self.now.timestamp_millis());
        self.draft(mail, progress);
        let facts = self.draft_facts();
        self.nudge(NudgeKind::DraftReady, cause, &facts);
    }

    fn bounce_is_final(&mut self, inbox_read_at: Option<Timestamp>) {
        let stale = self.inbox_is_stale(inbox_read_at);
        let soon = self.soon();
        let State::AwaitingReply { progress, bounce_final_at: Some((at, mail)), .. } = &mut self.case.state else {
            return;
        };
        if stale {
            // An answer that shows that the mail arrived may lie there unread.
            *at = soon;
            return;
        }
        let (progress, mail) = (progress.clone(), mail.clone());
        let purpose = self.case.mails.iter().find(|m| m.message_id == mail).map_or(Purpose::Answer, |m| m.purpose);
        self.address_failed(purpose, progress, "the mail could not be delivered for two days");
    }

    fn effective_date_over(&mut self) {
        let State::Confirmed { evidence, confirmed_at, effective_date, progress, .. } = &self.case.state else {
            return;
        };
        let (evidence, at, day, progress) = (evidence.clone(), *confirmed_at, *effective_date, progress.clone());
        self.finish(evidence, at, Some(day), progress, &[("effective_date", day.to_string())]);
    }

    fn device_check(&mut self) {
        let State::Done { aftercare, .. } = &mut self.case.state else { return };
        aftercare.device_check_at = None;
        let cause = format!("device_check:{}", self.now.timestamp_millis());
        self.nudge(NudgeKind::DeviceCheck, cause, &[]);
    }

    /// Only a case that is over has this alarm.
    fn delete_documents(&mut self) {
        let digests = std::mem::take(&mut self.case.documents).digests;
        self.case.attachments.clear();
        if let Some(letters) = &mut self.case.letters {
            letters.document_enclosed = None;
        }
        self.effects.push(Effect::DeleteDocuments { digests });
    }

    fn bill_watch_over(&mut self) {
        let State::Done { aftercare, .. } = &mut self.case.state else { return };
        aftercare.bill_watch_at = None;
        let cause = format!("bill_watch_over:{}", self.now.timestamp_millis());
        self.nudge(NudgeKind::BillWatchOver, cause, &[]);
    }
}
