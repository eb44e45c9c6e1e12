//! Hands owed mails over, one account after the other within itself, all accounts side by side. What an
//! outcome means is decided by the engine; here it is only made sure that nothing is handed over twice.
//!
//! Order of one mail: connect, log in, name sender and recipient · claim it (committed) · hand it over ·
//! settle it (committed). Found claimed after a crash, its Message-ID is looked for before anything else.

use super::{Parts, Stop, mailbox};
use crate::config::account::{Account, MailSink};
use crate::daemon::{local_out, smtp};
use crate::domain::event::{AcceptedBy, Event, FailureClass, SubmitOutcome};
use crate::domain::{Timestamp, schedule};
use crate::engine::{EngineError, Refusal};
use crate::store::{OutboxKind, OutboxRow, OutboxStatus, Store, StoreError};
use std::path::PathBuf;
use std::time::Duration;

/// Mails taken from the outbox at a time.
const BATCH: u32 = 20;
/// Pauses before each look for a mail whose fate is unknown: a server that files sent mail itself needs a moment.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(3), Duration::from_secs(10)];
/// How often a mailbox that cannot be reached is tried before the holder is asked instead.
const LOOK_FAILURES_MAX: u32 = 10;
/// Attempts at a nudge before it is given up; at most four hours lie between two.
const NUDGE_ATTEMPTS_MAX: u32 = 40;

/// A way out that stands open; nothing that could deliver the mail has happened yet.
enum Way {
    Smtp(Box<smtp::Prepared>),
    Sendmail(Vec<String>),
    Maildir(PathBuf),
}

/// The task of one account.
pub(super) async fn run(parts: Parts, account: Account, mut stop: Stop) {
    let mut changes = parts.store.changes();
    loop {
        changes.borrow_and_update();
        let wait = match once(&parts, &account).await {
            Ok(next) => next.map_or(super::LONG, |at| super::until(at, parts.clock.now())),
            Err(error) => {
                tracing::error!(account = account.name, %error, "owed mail could not be looked at; trying again");
                super::AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stop.asked() => return,
            () = tokio::time::sleep(wait) => {}
            _ = changes.changed() => {}
        }
        if stop.is_asked() {
            return;
        }
    }
}

/// Settles what a crash left and hands over everything due; returns when the next mail is due.
///
/// # Errors
/// [`EngineError::Store`] when the store fails.
pub async fn once(parts: &Parts, account: &Account) -> Result<Option<Timestamp>, EngineError> {
    let name = account.name.clone();
    let claimed = parts.store.read(move |s| s.read(|tx| tx.claimed_mails(&name))).await?;
    for row in claimed {
        // Nothing else of this account is claimed while this function runs: it is from a former life.
        let outcome = look_for(account, &row, "odjava stopped while the mail was being handed over").await;
        settle(parts, row, outcome).await?;
    }
    loop {
        let (name, now) = (account.name.clone(), parts.clock.now());
        let due = parts.store.read(move |s| s.read(|tx| tx.due_mails(&name, now, BATCH))).await?;
        if due.is_empty() {
            break;
        }
        for row in due {
            hand_over(parts, account, row).await?;
        }
    }
    let name = account.name.clone();
    parts.store.read(move |s| s.read(|tx| tx.next_mail_at(&name)).map_err(EngineError::from)).await
}

async fn hand_over(parts: &Parts, account: &Account, row: OutboxRow) -> Result<(), EngineError> {
    let way = match open_way(account, &row).await {
        Ok(way) => way,
        Err(outcome) => return settle(parts, row, outcome).await,
    };
    super::fault::point("before_claim");
    // Invariant: the claim is on the disk before the first byte that could deliver the mail.
    if !claim(parts, &row).await? {
        if let Way::Smtp(prepared) = way {
            prepared.abandon(&smtp::Limits::default()).await;
        }
        return Ok(());
    }
    super::fault::point("after_claim");
    let outcome = match deliver(way, &row).await {
        SubmitOutcome::Unknown { reason } => look_for(account, &row, &reason).await,
        known => known,
    };
    super::fault::point("after_hand_over");
    settle(parts, row, outcome).await
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

/// Claims a mail; `false` when it is no longer owed (withdrawn a moment ago).
async fn claim(parts: &Parts, row: &OutboxRow) -> Result<bool, EngineError> {
    let (mine, id, kind, case, mail) = (parts.clone(), row.id, row.kind, row.case, row.message_id.clone());
    let claimed = parts.store.read(move |store: &mut Store| {
        store.transaction(|tx| match (kind, case) {
            (OutboxKind::Carrier, Some(case)) => {
                mine.engine().apply(tx, case, &Event::SubmitStarted { mail }).map(|_| true)
            }
            (OutboxKind::Carrier | OutboxKind::Nudge, _) => Ok(tx.claim(id)?),
        })
    });
    match claimed.await {
        Err(EngineError::Refused(Refusal::NotOwed)) => Ok(false),
        other => other,
    }
}

/// Writes down what became of a mail.
async fn settle(parts: &Parts, row: OutboxRow, outcome: SubmitOutcome) -> Result<(), EngineError> {
    log_outcome(&row, &outcome);
    let mine = parts.clone();
    parts
        .store
        .write(move |store: &mut Store| {
            store.transaction(|tx| match (row.kind, row.case) {
                (OutboxKind::Carrier, Some(case)) => {
                    let event = Event::SubmitSettled { mail: row.message_id.clone(), outcome };
                    mine.engine().apply(tx, case, &event).map(drop)
                }
                (OutboxKind::Carrier | OutboxKind::Nudge, _) => {
                    settle_nudge(tx, &row, &outcome, mine.clock.now()).map_err(EngineError::from)
                }
            })
        })
        .await
}

fn log_outcome(row: &OutboxRow, outcome: &SubmitOutcome) {
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
    row: &OutboxRow,
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
async fn look_for(account: &Account, row: &OutboxRow, reason: &str) -> SubmitOutcome {
    let mut failures = 0;
    let mut looks = LOOKS.iter();
    let mut pause = *looks.next().unwrap_or(&Duration::ZERO);
    loop {
        tokio::time::sleep(pause).await;
        match mailbox::has_message(account, &row.message_id).await {
            Ok(true) => return SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound },
            Ok(false) => match looks.next() {
                Some(next) => pause = *next,
                None => return SubmitOutcome::Unknown { reason: reason.to_owned() },
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
