//! Hands owed mails over, one account after the other within itself, all accounts side by side. What an
//! outcome means is decided by the engine; here it is only made sure that nothing is handed over twice.
//!
//! Order of one mail: connect, log in, name sender and recipient · claim it (committed) · hand it over ·
//! settle it (committed). A mail of unknown fate is looked for by its Message-ID beside the others, which do
//! not wait for it.

use super::{Parts, Stop, mailbox};
use crate::config::account::{Account, MailSink};
use crate::daemon::{local_out, smtp};
use crate::domain::address::MessageId;
use crate::domain::event::{AcceptedBy, Event, FailureClass, SubmitOutcome};
use crate::domain::{Timestamp, schedule};
use crate::engine::{EngineError, Refusal};
use crate::store::{CaseId, OutboxKind, OutboxRow, OutboxStatus, Store, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Pauses before each look for a mail whose fate is unknown: a server that files sent mail itself needs a moment.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(3), Duration::from_secs(10)];
/// How often a mailbox that cannot be reached is tried before the holder is asked instead.
const LOOK_FAILURES_MAX: u32 = 10;
/// Attempts at a nudge before it is given up; at most four hours lie between two.
const NUDGE_ATTEMPTS_MAX: u32 = 40;
/// How long a mail waits whose case cannot be decided (its carrier left the directory, say).
const PUT_OFF_MINUTES: i64 = 10;
/// First pause before an outcome that could not be written down is tried again; it doubles.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// A way out that stands open; nothing that could deliver the mail has happened yet.
enum Way {
    Smtp(Box<smtp::Prepared>),
    Sendmail(Vec<String>),
    Maildir(PathBuf),
}

/// What of an owed mail is needed to write down what became of it.
#[derive(Clone)]
struct Owed {
    id: i64,
    case: Option<CaseId>,
    kind: OutboxKind,
    message_id: MessageId,
    attempts: u32,
}

impl Owed {
    fn of(row: &OutboxRow) -> Self {
        let message_id = row.message_id.clone();
        Self { id: row.id, case: row.case, kind: row.kind, message_id, attempts: row.attempts }
    }
}

/// The mails of one account on their way.
struct Dispatcher {
    parts: Parts,
    account: Arc<Account>,
    /// Mails that may have left: looked for, and written down, beside the others.
    doubts: JoinSet<()>,
    /// One look into the mailbox at a time.
    looking: Arc<Mutex<()>>,
}

/// The task of one account.
pub(super) async fn run(parts: Parts, account: Account, mut stop: Stop) {
    let mut changes = parts.store.changes();
    let mut dispatcher = Dispatcher::new(parts, account);
    let mut is_started = false;
    loop {
        changes.borrow_and_update();
        let wait = match dispatcher.round(&mut is_started, &mut stop).await {
            Ok(next) => next.map_or(super::LONG, |at| super::until(at, dispatcher.parts.clock.now())),
            Err(error) => {
                let account = dispatcher.account.name.as_str();
                tracing::error!(account, %error, "owed mail could not be looked at; trying again");
                super::AFTER_FAILURE
            }
        };
        tokio::select! {
            // What is still looked for stays claimed, and is looked for at the next start.
            () = stop.asked() => return,
            () = tokio::time::sleep(wait) => {}
            _ = changes.changed() => {}
        }
    }
}

/// Settles what a crash left and hands over everything due; returns when the next mail is due.
///
/// # Errors
/// [`EngineError::Store`] when the store fails.
pub async fn once(parts: &Parts, account: &Account) -> Result<Option<Timestamp>, EngineError> {
    let (_never, asked) = tokio::sync::watch::channel(false);
    let mut dispatcher = Dispatcher::new(parts.clone(), account.clone());
    let next = dispatcher.round(&mut false, &mut Stop(asked)).await?;
    while dispatcher.doubts.join_next().await.is_some() {}
    Ok(next)
}

impl Dispatcher {
    fn new(parts: Parts, account: Account) -> Self {
        Self { parts, account: Arc::new(account), doubts: JoinSet::new(), looking: Arc::default() }
    }

    /// Takes up what a former life left, the first time, and hands over what is due.
    async fn round(&mut self, is_started: &mut bool, stop: &mut Stop) -> Result<Option<Timestamp>, EngineError> {
        if !*is_started {
            let name = self.account.name.clone();
            let claimed = self.parts.store.read(move |s| s.read(|tx| tx.claimed_mails(&name))).await?;
            // Nothing was handed over by this life yet, so each of them is from a former one.
            for row in claimed {
                self.look_later(&row, "odjava stopped while the mail was being handed over".to_owned());
            }
            *is_started = true;
        }
        while !stop.is_asked() {
            let (name, now) = (self.account.name.clone(), self.parts.clock.now());
            let due = self.parts.store.read(move |s| s.read(|tx| tx.due_mails(&name, now, 1))).await?;
            let Some(row) = due.into_iter().next() else { break };
            let owed = Owed::of(&row);
            let outcome = match defer(&self.parts, &owed).await {
                Ok(true) => continue,
                Ok(false) => self.hand_over(row, stop).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => {}
                Err(error @ EngineError::Store(_)) => return Err(error),
                // One case that cannot be decided must not stop the others.
                Err(error) => self.put_off(&owed, &error.to_string()).await?,
            }
        }
        while self.doubts.try_join_next().is_some() {}
        let name = self.account.name.clone();
        self.parts.store.read(move |s| s.read(|tx| tx.next_mail_at(&name)).map_err(EngineError::from)).await
    }

    async fn hand_over(&mut self, row: OutboxRow, stop: &mut Stop) -> Result<(), EngineError> {
        let owed = Owed::of(&row);
        let way = tokio::select! {
            // Nothing that could deliver it was said: it is owed as before.
            () = stop.asked() => return Ok(()),
            way = open_way(&self.account, &row) => way,
        };
        let way = match way {
            Ok(way) => way,
            Err(outcome) => return settle(&self.parts, &owed, outcome).await,
        };
        super::fault::point("before_claim");
        // Invariant: the claim is on the disk before the first byte that could deliver the mail.
        let claimed = claim(&self.parts, &owed).await;
        if !matches!(claimed, Ok(true)) {
            if let Way::Smtp(prepared) = way {
                prepared.abandon(&smtp::Limits::default()).await;
            }
            claimed?;
            // Withdrawn a moment ago, as a rule. A row that nobody owes and nobody cancelled must not be
            // taken up again at once, for ever.
            return self.put_off(&owed, "the case does not owe this mail").await;
        }
        super::fault::point("after_claim");
        let outcome = deliver(way, &row).await;
        super::fault::point("after_hand_over");
        match outcome {
            SubmitOutcome::Unknown { reason } => self.look_later(&row, reason),
            known => {
                if let Err(error) = settle(&self.parts, &owed, known.clone()).await {
                    self.settle_later(owed, known, &error);
                }
            }
        }
        Ok(())
    }

    /// Looks for a mail that may have left, and writes down what was found.
    fn look_later(&mut self, row: &OutboxRow, reason: String) {
        let (parts, account, looking) = (self.parts.clone(), Arc::clone(&self.account), Arc::clone(&self.looking));
        let owed = Owed::of(row);
        self.doubts.spawn(async move {
            let outcome = look_for(&account, &owed.message_id, reason, &looking).await;
            if let Err(error) = settle(&parts, &owed, outcome.clone()).await {
                settle_surely(parts, owed, outcome, error.to_string()).await;
            }
        });
    }

    /// What a server said of a mail must not be forgotten because a disk is full: it would be asked of the holder.
    fn settle_later(&mut self, owed: Owed, outcome: SubmitOutcome, error: &EngineError) {
        self.doubts.spawn(settle_surely(self.parts.clone(), owed, outcome, error.to_string()));
    }

    /// Lets a mail wait that is still queued.
    async fn put_off(&self, owed: &Owed, reason: &str) -> Result<(), EngineError> {
        let not_before = self.parts.clock.now() + chrono::TimeDelta::minutes(PUT_OFF_MINUTES);
        let (id, text) = (owed.message_id.clone(), reason.to_owned());
        let waits = self.parts.store.read(move |store: &mut Store| {
            store.transaction(|tx| tx.put_off(&id, not_before, &text).map_err(EngineError::from))
        });
        if waits.await? {
            tracing::error!(case.id = owed.case.map_or(0, |c| c.0), mail = owed.id, reason, "a mail is put off");
        }
        Ok(())
    }
}

/// Writes an outcome down as soon as that is possible.
async fn settle_surely(parts: Parts, owed: Owed, outcome: SubmitOutcome, first_error: String) {
    let (mut pause, mut error) = (SETTLE_AGAIN, first_error);
    loop {
        tracing::error!(mail = owed.id, error, "what became of a mail could not be written down; trying again");
        tokio::time::sleep(pause).await;
        match settle(&parts, &owed, outcome.clone()).await {
            Ok(()) => return,
            Err(again) => error = again.to_string(),
        }
        pause = (pause * 2).min(super::AFTER_FAILURE);
    }
}

async fn open_way(account: &Account, row: &OutboxRow) -> Result<Way, SubmitOutcome> {
    match &account.sink {
        MailSink::Smtp(endpoint) => {
            let secret = mailbox::secret_of(endpoint).await.map_err(|reason| SubmitOutcome::NotSent {
                class: FailureClass::Account,
                code: None,
                reason,
            })?;
            let letter = smtp::Letter { from: &row.sender, to: &row.recipient, raw: &row.raw };
            let prepared = smtp::prepare(endpoint, secret.as_ref(), &letter, &smtp::Limits::default()).await?;
            Ok(Way::Smtp(Box::new(prepared)))
        }
        MailSink::Sendmail(argv) => Ok(Way::Sendmail(argv.clone())),
        MailSink::Maildir(path) => Ok(Way::Maildir(path.clone())),
    }
}

async fn deliver(way: Way, row: &OutboxRow) -> SubmitOutcome {
    match way {
        Way::Smtp(prepared) => prepared.hand_over(&row.raw, &smtp::Limits::default()).await,
        Way::Sendmail(argv) => {
            let letter = smtp::Letter { from: &row.sender, to: &row.recipient, raw: &row.raw };
            local_out::sendmail(&argv, &letter, local_out::SENDMAIL_LIMIT).await
        }
        Way::Maildir(path) => local_out::deliver_to_maildir(&path, &row.message_id, &row.raw).await,
    }
}

/// Whether a mail to a carrier has to wait its turn; it then has its hour.
async fn defer(parts: &Parts, owed: &Owed) -> Result<bool, EngineError> {
    let (mine, owed) = (parts.clone(), owed.clone());
    let (OutboxKind::Carrier, Some(case)) = (owed.kind, owed.case) else { return Ok(false) };
    let deferred = parts
        .store
        .read(move |store: &mut Store| store.transaction(|tx| mine.engine().defer(tx, case, &owed.message_id)));
    Ok(deferred.await?.is_some())
}

/// Claims a mail; `false` when it is no longer owed (withdrawn a moment ago).
async fn claim(parts: &Parts, owed: &Owed) -> Result<bool, EngineError> {
    let (mine, owed) = (parts.clone(), owed.clone());
    let claimed = parts.store.read(move |store: &mut Store| {
        store.transaction(|tx| match (owed.kind, owed.case) {
            (OutboxKind::Carrier, Some(case)) => {
                mine.engine().apply(tx, case, &Event::SubmitStarted { mail: owed.message_id }).map(|_| true)
            }
            (OutboxKind::Carrier | OutboxKind::Nudge, _) => Ok(tx.claim(owed.id)?),
        })
    });
    match claimed.await {
        Err(EngineError::Refused(Refusal::NotOwed)) => Ok(false),
        other => other,
    }
}

/// Writes down what became of a mail.
async fn settle(parts: &Parts, owed: &Owed, outcome: SubmitOutcome) -> Result<(), EngineError> {
    log_outcome(owed, &outcome);
    let (mine, owed) = (parts.clone(), owed.clone());
    parts
        .store
        .write(move |store: &mut Store| {
            store.transaction(|tx| match (owed.kind, owed.case) {
                (OutboxKind::Carrier, Some(case)) => {
                    let event = Event::SubmitSettled { mail: owed.message_id, outcome };
                    mine.engine().apply(tx, case, &event).map(drop)
                }
                (OutboxKind::Carrier | OutboxKind::Nudge, _) => {
                    settle_nudge(tx, &owed, &outcome, mine.clock.now()).map_err(EngineError::from)
                }
            })
        })
        .await
}

fn log_outcome(row: &Owed, outcome: &SubmitOutcome) {
    let case = row.case.map_or(0, |c| c.0);
    match outcome {
        SubmitOutcome::Accepted { .. } => tracing::info!(case.id = case, mail = row.id, "mail taken by the server"),
        SubmitOutcome::NotSent { class, code, reason } => {
            tracing::warn!(case.id = case, mail = row.id, ?class, ?code, reason, "mail not sent");
        }
        SubmitOutcome::Unknown { reason } => {
            tracing::warn!(case.id = case, mail = row.id, reason, "fate of a mail unknown")
        }
    }
}

/// A nudge is no letter to a carrier: a second one does no harm, a lost one leaves the holder waiting. So
/// one of unknown fate that is not in the mailbox is sent once more, under the same Message-ID.
fn settle_nudge(
    tx: &crate::store::Tx<'_>,
    row: &Owed,
    outcome: &SubmitOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let attempts = row.attempts.saturating_add(1);
    match outcome {
        SubmitOutcome::Accepted { .. } => tx.settle(row.id, OutboxStatus::Sent, false, "", now),
        SubmitOutcome::Unknown { reason } if attempts < 2 => {
            tx.release(&row.message_id, now + chrono::TimeDelta::minutes(2), reason)
        }
        SubmitOutcome::Unknown { reason } => tx.settle(row.id, OutboxStatus::Unknown, false, reason, now),
        SubmitOutcome::NotSent { class, code, reason } => {
            tx.count_attempt(row.id)?;
            if attempts >= NUDGE_ATTEMPTS_MAX || *class == FailureClass::Permanent {
                return tx.settle(row.id, OutboxStatus::Cancelled, false, reason, now);
            }
            tx.release(&row.message_id, now + schedule::back_off(attempts, *code, None), reason)
        }
    }
}

/// Looks for a mail whose fate is unknown. Found: it was taken. Not found: nobody knows, because a server
/// need not file what it takes.
async fn look_for(account: &Account, id: &MessageId, reason: String, looking: &Mutex<()>) -> SubmitOutcome {
    let mut failures = 0;
    let mut looks = LOOKS.iter();
    let mut pause = *looks.next().unwrap_or(&Duration::ZERO);
    loop {
        tokio::time::sleep(pause).await;
        let found = {
            let _one_at_a_time = looking.lock().await;
            mailbox::has_message(account, id).await
        };
        match found {
            Ok(true) => return SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound },
            Ok(false) => match looks.next() {
                Some(next) => pause = *next,
                None => return SubmitOutcome::Unknown { reason },
            },
            Err(error) => {
                failures += 1;
                tracing::warn!(account = account.name, error, "cannot look for a mail of unknown fate");
                if failures >= LOOK_FAILURES_MAX {
                    return SubmitOutcome::Unknown { reason: format!("{reason}; {error}") };
                }
                pause = Duration::from_secs(2 << failures.min(5));
            }
        }
    }
}
