//! Applies events: load the case, decide, and commit all that follows in the caller's one transaction.
//! Called by daemon and cli. Knows no socket and no file; rules and words come from a [`Rulebook`].

use crate::clock::Clock;
use crate::domain::address::{Address, MessageId, Reference};
use crate::domain::case::{Case, Resume, State};
pub use crate::domain::decide::Refusal;
use crate::domain::decide::{self, Opening};
use crate::domain::effect::{Effect, Nudge, NudgeKind, OutgoingMessage};
use crate::domain::event::{Event, ResolveAct, SubmitOutcome};
use crate::domain::policy::Policy;
use crate::domain::{Timestamp, draft, schedule};
use crate::mail::compose::{self, ComposeError, NudgeMessage};
use crate::mail::redact;
use crate::store::{CaseId, CaseRow, LineKeys, NewOutgoing, OutboxKind, OutboxStatus, StoreError, Tx};
use std::collections::BTreeMap;

/// Rules and words that come from the configuration.
pub trait Rulebook: Send + Sync {
    /// The rules a case is decided under.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when the account or the carrier of the case is no longer configured.
    fn policy(&self, case: &Case) -> Result<Policy, EngineError>;

    /// Who may answer for the carrier of a case.
    fn line_keys(&self, case: &Case) -> LineKeys;

    /// Whether the holder of an account wants to be told of this at all.
    fn wants(&self, account: &str, kind: NudgeKind) -> bool {
        let _ = (account, kind);
        true
    }

    /// Renders a nudge in the language of the account's holder.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when the account is unknown. A template that fails is not an error: plain
    /// words are given instead, because a nudge that is not sent is worse than one without style.
    fn nudge(&self, account: &str, facts: &NudgeFacts<'_>, now: Timestamp) -> Result<NudgeText, EngineError>;
}

/// What a nudge is about.
#[derive(Debug, Clone)]
pub struct NudgeFacts<'a> {
    /// Which template.
    pub kind: NudgeKind,
    /// The case; `None` for a nudge about an account.
    pub case: Option<&'a Case>,
    /// Facts by name.
    pub facts: &'a BTreeMap<String, String>,
}

/// A nudge in words, and where it goes.
#[derive(Debug, Clone)]
pub struct NudgeText {
    /// The account's own address.
    pub from: Address,
    /// The holder.
    pub to: Address,
    /// Subject.
    pub subject: String,
    /// Body.
    pub body: String,
    /// Not to leave before (quiet hours).
    pub not_before: Timestamp,
}

/// Why an event was not applied. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The act does not fit the case.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration lacks something the case needs.
    #[error("{0}")]
    Rules(String),
    /// The mail cannot be composed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The line already has an open case.
    #[error("case {0} already cancels this line; see `odjava show {0}`")]
    AlreadyOpen(Reference),
}

/// Applies events to cases.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    /// Rules and words.
    pub rules: &'a dyn Rulebook,
    /// Time and randomness.
    pub clock: &'a dyn Clock,
}

impl Engine<'_> {
    /// Draws a reference that is free in the store; longer ones once the short are crowded.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the store cannot be read.
    pub fn draw_reference(&self, tx: &Tx<'_>) -> Result<Reference, EngineError> {
        for attempt in 0..64 {
            let length = Reference::LENGTH_MIN + attempt / 16;
            let Some(reference) = Reference::from_random(&self.clock.random(), length) else { continue };
            if tx.case_by_reference(&reference)?.is_none() {
                return Ok(reference);
            }
        }
        Err(EngineError::Rules("no free case reference was found; try again".to_owned()))
    }

    /// Opens a case with its facts (an [`Event::FactsGiven`]).
    ///
    /// # Errors
    /// [`EngineError::AlreadyOpen`] for a second open case of the line, else as [`Engine::apply`].
    pub fn open(&self, tx: &Tx<'_>, opening: &Opening, facts: &Event) -> Result<CaseRow, EngineError> {
        if let Event::FactsGiven { line, .. } = facts
            && let Some(reference) = tx.open_case_of_line(&opening.carrier, line, None)?
        {
            return Err(EngineError::AlreadyOpen(reference));
        }
        let now = self.clock.now();
        let id = tx.insert_case(&decide::open(opening, now), opening, now)?;
        self.apply(tx, id, facts)
    }

    /// Applies one event. Invariant: state, journal line, timers and outbox rows commit together or not
    /// at all; no effect is carried out here.
    ///
    /// # Errors
    /// [`EngineError`]; the transaction must then be dropped.
    pub fn apply(&self, tx: &Tx<'_>, id: CaseId, event: &Event) -> Result<CaseRow, EngineError> {
        let now = self.clock.now();
        let before = tx.case(id)?;
        let policy = self.rules.policy(&before.case)?;
        let decision = decide::decide(&before.case, event, &policy, now)?;
        let quiet = matches!(event, Event::TimerFired { .. }) && decision.next == before.case;
        if quiet && decision.effects.is_empty() {
            // A stale alarm: only the timers are put right.
            tx.save_case(id, &decision.next, &self.rules.line_keys(&decision.next), now)?;
            return Ok(before);
        }
        self.settle_outbox(tx, &before.case, event, now)?;
        for effect in &decision.effects {
            self.order(tx, id, &decision.next, effect, now)?;
        }
        tx.append_journal(id, now, event, &policy, &decision.next)?;
        tx.save_case(id, &decision.next, &self.rules.line_keys(&decision.next), now)?;
        tracing::info!(case.id = %id, state = decision.next.state.name(), effects = decision.effects.len(), "event applied");
        Ok(CaseRow { id, case: decision.next, read_digest: before.read_digest, updated_at: now })
    }

    /// Puts an owed mail behind the others to its domain where the rate demands it; until when.
    ///
    /// # Errors
    /// As [`Engine::apply`].
    pub fn defer(&self, tx: &Tx<'_>, id: CaseId, mail: &MessageId) -> Result<Option<Timestamp>, EngineError> {
        let now = self.clock.now();
        let (case, row) = (tx.case(id)?.case, tx.mail_by_id(mail)?);
        let State::Sending { purpose, mail: owed, .. } = &case.state else { return Ok(None) };
        let policy = self.rules.policy(&case)?;
        let (Some(rate), Some(row)) = (policy.rate, row.filter(|_| owed == mail)) else { return Ok(None) };
        let since = now - rate.per.approximate();
        let taken = tx.turns_taken(&row.account, &row.recipient.domain(), since, now, rate.mails)?;
        let until = schedule::turn(&policy, *purpose, &taken, now);
        if until <= now {
            return Ok(None);
        }
        self.apply(tx, id, &Event::SubmitDeferred { mail: mail.clone(), until })?;
        Ok(Some(until))
    }

    /// Brings the outbox row in step with what happened to its mail.
    fn settle_outbox(&self, tx: &Tx<'_>, before: &Case, event: &Event, now: Timestamp) -> Result<(), EngineError> {
        match event {
            Event::SubmitStarted { mail } => {
                // A hold may have put it off since it was found due.
                let row = tx.mail_by_id(mail)?.filter(|row| row.not_before <= now);
                let claimed = row.map(|r| tx.claim(r.id)).transpose()?.unwrap_or(false);
                if !claimed {
                    return Err(EngineError::Refused(Refusal::NotOwed));
                }
            }
            Event::SubmitSettled { mail, outcome } => {
                if let Some(row) = tx.mail_by_id(mail)? {
                    match outcome {
                        SubmitOutcome::Accepted { .. } => tx.settle(row.id, OutboxStatus::Sent, true, "", now)?,
                        SubmitOutcome::Unknown { reason } => {
                            tx.settle(row.id, OutboxStatus::Unknown, false, reason, now)?
                        }
                        SubmitOutcome::NotSent { reason, .. } if holds(before, mail) => {
                            tx.release(mail, now, reason)?
                        }
                        // The case moved on meanwhile: nobody wants this mail any more.
                        SubmitOutcome::NotSent { .. } => tx.cancel(mail, now)?,
                    }
                }
            }
            Event::Resolved { act: ResolveAct::Sent } => {
                if let State::NeedsYou { clock, .. } = &before.state
                    && let Resume::Unsettled { mail, .. } = &clock.resume
                    && let Some(row) = tx.mail_by_id(mail)?
                {
                    tx.settle(row.id, OutboxStatus::Sent, true, "", now)?;
                }
            }
            Event::FactsGiven { .. }
            | Event::DraftEdited { .. }
            | Event::DraftApproved { .. }
            | Event::SubmitDeferred { .. }
            | Event::ReplyReceived { .. }
            | Event::TimerFired { .. }
            | Event::HoldSet { .. }
            | Event::AnswerDrafted { .. }
            | Event::Resolved { .. }
            | Event::Withdrawn => {}
        }
        Ok(())
    }

    fn order(&self, tx: &Tx<'_>, id: CaseId, case: &Case, effect: &Effect, now: Timestamp) -> Result<(), EngineError> {
        match effect {
            Effect::Submit { mail } => self.owe_mail(tx, id, &case.account, mail, now),
            Effect::Resubmit { mail, not_before } => Ok(tx.release(mail, *not_before, "")?),
            Effect::CancelSubmit { mail } => Ok(tx.cancel(mail, now)?),
            Effect::Nudge { nudge } => self.owe_nudge(tx, id, case, nudge, now),
            Effect::DeleteDocuments { digests } => delete_documents(tx, id, digests),
        }
    }

    fn owe_mail(
        &self,
        tx: &Tx<'_>,
        id: CaseId,
        account: &str,
        mail: &OutgoingMessage,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut documents = Vec::with_capacity(mail.attachments.len());
        for attachment in &mail.attachments {
            documents.push((attachment.clone(), tx.document(&attachment.digest)?));
        }
        let raw = compose::compose(mail, &documents)?;
        let owed = NewOutgoing {
            case: Some(id),
            account,
            kind: OutboxKind::Carrier,
            cause: mail.message_id.as_str(),
            message_id: &mail.message_id,
            sender: &mail.from.1,
            recipient: &mail.to,
            raw: &raw,
            not_before: mail.not_before,
        };
        tx.owe(&owed, now)?;
        Ok(())
    }

    fn owe_nudge(
        &self,
        tx: &Tx<'_>,
        id: CaseId,
        case: &Case,
        nudge: &Nudge,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if !self.rules.wants(&case.account, nudge.kind) {
            return Ok(());
        }
        let facts = NudgeFacts { kind: nudge.kind, case: Some(case), facts: &nudge.facts };
        let text = self.rules.nudge(&case.account, &facts, now)?;
        let domain = text.from.domain();
        let message_id = case.seed.nudge_id(&case.reference, &nudge.cause, &domain);
        // One thread per case in the holder's mailbox, apart from the one with the carrier.
        let root = case.seed.nudge_id(&case.reference, "", &domain);
        self.owe_to_holder(tx, Some(id), &case.account, &nudge.cause, &message_id, vec![root], &text, now)?;
        Ok(())
    }

    /// Owes the holder a mail about an account. The same cause is told once: `false` when it was.
    ///
    /// # Errors
    /// [`EngineError`] when it cannot be rendered or stored.
    pub fn nudge_account(
        &self,
        tx: &Tx<'_>,
        account: &str,
        kind: NudgeKind,
        cause: &str,
        facts: &BTreeMap<String, String>,
    ) -> Result<bool, EngineError> {
        let now = self.clock.now();
        let text = self.rules.nudge(account, &NudgeFacts { kind, case: None, facts }, now)?;
        let random: String = self.clock.random().iter().map(|b| format!("{b:02x}")).collect();
        let id = format!("account.nudge.{random}@{}", text.from.domain());
        let message_id = MessageId::parse(&id)
            .ok_or_else(|| EngineError::Rules("the account's domain cannot stand in a Message-ID".to_owned()))?;
        self.owe_to_holder(tx, None, account, cause, &message_id, Vec::new(), &text, now)
    }

    #[expect(clippy::too_many_arguments, reason = "one row has that many columns")]
    fn owe_to_holder(
        &self,
        tx: &Tx<'_>,
        case: Option<CaseId>,
        account: &str,
        cause: &str,
        message_id: &MessageId,
        references: Vec<MessageId>,
        text: &NudgeText,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let raw = compose::compose_nudge(&NudgeMessage {
            message_id: message_id.clone(),
            date: now,
            account: text.from.clone(),
            to: text.to.clone(),
            subject: compose::harmless(&text.subject, false),
            body: compose::harmless(&text.body, true),
            in_reply_to: None,
            references,
        })?;
        let owed = NewOutgoing {
            case,
            account,
            kind: OutboxKind::Nudge,
            cause,
            message_id,
            sender: &text.from,
            recipient: &text.to,
            raw: &raw,
            not_before: text.not_before,
        };
        Ok(tx.owe(&owed, now)?)
    }

    /// The digest of the text that waits for approval, if one does.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when the account or carrier is no longer configured.
    pub fn approval_digest(&self, case: &Case) -> Result<Option<String>, EngineError> {
        let Some(mail) = decide::awaiting_approval(case) else { return Ok(None) };
        let policy = self.rules.policy(case)?;
        Ok(Some(decide::approval_digest(case, mail, &policy)))
    }
}

/// Deletes documents, and what the stored mails of a case hold of them: those we sent, and those that brought them
/// back (a bounce, say).
fn delete_documents(tx: &Tx<'_>, id: CaseId, digests: &[String]) -> Result<(), EngineError> {
    let sent = tx.mails_of_case(id)?;
    let received = tx.messages_of_case(id)?;
    for digest in digests {
        let bytes = match tx.document(digest) {
            Ok(bytes) => bytes,
            // Gone already.
            Err(StoreError::Corrupt { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        for mail in &sent {
            if let Some(raw) = redact::without(&mail.raw, &bytes) {
                tx.replace_sent(mail.id, &raw)?;
            }
        }
        for message in &received {
            if let Some(raw) = redact::without(&message.raw, &bytes) {
                tx.replace_message(message.key, &raw)?;
            }
        }
        tx.delete_document(digest, id)?;
    }
    Ok(())
}

/// Whether the case still owes this very mail.
fn holds(case: &Case, mail: &MessageId) -> bool {
    matches!(&case.state, State::Sending { mail: owed, .. } if owed == mail)
}

/// A letter with its slots shown as they will be read before sending: `[[ticket]]` lines stay visible.
#[must_use]
pub fn preview(text: &str) -> String {
    text.replace(draft::SLOT_REQUEST_DATE, "«date of the request»")
        .replace(draft::SLOT_TICKET, "«ticket number, once known»")
        .replace(draft::SLOT_FOLLOW_UP_DATES, "«dates of the reminders»")
}
