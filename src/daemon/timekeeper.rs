//! Rings alarms that are due, sends overviews by schedule, and tells the holder once when an inbox has not
//! been read for too long. A task of the daemon; what an alarm means is decided by the engine.

use super::{Parts, intake};
use crate::domain::case::{State, Timer};
use crate::domain::effect::NudgeKind;
use crate::domain::event::Event;
use crate::domain::{Timestamp, schedule};
use crate::engine::EngineError;
use crate::store::{CaseId, Store, Tx, Watch};
use std::collections::BTreeMap;

/// Alarms rung per transaction.
const BATCH: u32 = 100;

/// How long alarms wait while mail waits to be read.
const UNREAD: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// What a look at the alarms came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// Alarms rung.
    pub count: usize,
    /// When to look again; `None`: nothing is set.
    pub next: Option<Timestamp>,
}

/// Rings everything that is due. Invariant: nobody is called silent while mail of theirs lies unread in the store.
///
/// # Errors
/// [`EngineError`] when the store fails; what was rung before stays rung.
pub async fn ring_due(parts: &Parts) -> Result<Rung, EngineError> {
    let now = parts.clock.now();
    let due = parts.store.read(move |store: &mut Store| store.read(|tx| tx.due_timers(now, 1))).await;
    if !due.map_err(EngineError::from)?.is_empty() {
        intake::read_new(parts).await?;
    }
    let mine = parts.clone();
    parts.store.read(move |store| ring(&mine, store)).await
}

fn ring(parts: &Parts, store: &mut Store) -> Result<Rung, EngineError> {
    let mut count = 0;
    loop {
        let now = parts.clock.now();
        let due = store.read(|tx| tx.due_timers(now, BATCH))?;
        if due.is_empty() {
            break;
        }
        for (id, timer) in due {
            count += 1;
            let rung = store.transaction(|tx| {
                let account = tx.case(id)?.case.account;
                // A mail of a carrier whose signature waits for DNS is unread mail. It waits for a day at most.
                if tx.waits_for_dns(&account)? {
                    return Ok(tx.postpone_timers(id, now + UNREAD)?);
                }
                let inbox_read_at = read_at(&tx.watch(&account)?, now);
                parts.engine().apply(tx, id, &Event::TimerFired { timer, inbox_read_at }).map(drop)
            });
            match rung {
                Err(error) => put_off(parts, store, id, &error)?,
                Ok(()) if timer == Timer::DeleteDocuments => store.empty_log()?,
                Ok(()) => {}
            }
        }
    }
    Ok(Rung { count, next: scheduled_work(parts, store)? })
}

/// When the inbox was read. An instant ahead was written under a clock that was wrong: it proves nothing.
fn read_at(watch: &Watch, now: Timestamp) -> Option<Timestamp> {
    watch.read_at.filter(|at| *at <= now)
}

/// A case that cannot be decided (its account left the config, say) must not stop the others. Its alarm
/// stays set and is tried again at the next look.
fn put_off(parts: &Parts, store: &mut Store, id: CaseId, error: &EngineError) -> Result<(), EngineError> {
    tracing::error!(case.id = %id, %error, "an alarm could not be answered");
    let retry_at = parts.clock.now() + chrono::TimeDelta::minutes(10);
    store.transaction(|tx| tx.postpone_timers(id, retry_at).map_err(EngineError::from))
}

/// Overviews and blindness; returns when the next thing is due.
fn scheduled_work(parts: &Parts, store: &mut Store) -> Result<Option<Timestamp>, EngineError> {
    let mut next = store.read(|tx| tx.next_timer_at())?;
    for name in parts.config.accounts.keys() {
        for at in
            [store.transaction(|tx| digest(parts, tx, name))?, store.transaction(|tx| blindness(parts, tx, name))?]
        {
            next = [next, at].into_iter().flatten().min();
        }
    }
    Ok(next)
}

/// Sends the overview when its time has come; a time missed while the daemon was down is made up once.
fn digest(parts: &Parts, tx: &Tx<'_>, account: &str) -> Result<Option<Timestamp>, EngineError> {
    let (Some(expression), Some(settings)) = (&parts.config.nudge.digest, parts.config.accounts.get(account)) else {
        return Ok(None);
    };
    let cron = schedule::Cron::parse(expression).map_err(|e| EngineError::Rules(e.to_string()))?;
    let now = parts.clock.now();
    let name = format!("digest {account}");
    let Some(last) = tx.last_run(&name)? else {
        tx.set_last_run(&name, now)?;
        return Ok(cron.next_after(settings.time_zone, now));
    };
    let Some(due) = cron.next_after(settings.time_zone, last) else { return Ok(None) };
    if due > now {
        return Ok(Some(due));
    }
    tx.set_last_run(&name, now)?;
    let list = overview(tx, account)?;
    if !list.is_empty() {
        let facts = BTreeMap::from([("list".to_owned(), list), ("account".to_owned(), account.to_owned())]);
        parts.engine().nudge_account(tx, account, NudgeKind::Digest, &format!("digest {}", due.timestamp()), &facts)?;
    }
    Ok(cron.next_after(settings.time_zone, now))
}

/// One line per case that is open or asks something, those that wait for the holder first.
fn overview(tx: &Tx<'_>, account: &str) -> Result<String, EngineError> {
    let mut lines: Vec<(bool, String)> = Vec::new();
    for row in tx.cases(false)?.into_iter().filter(|r| r.case.account == account) {
        let case = &row.case;
        let yours = matches!(case.state, State::NeedsYou { .. } | State::Drafted { .. } | State::Collecting { .. });
        if !yours && !case.is_open() {
            continue;
        }
        let state = case.question().map_or_else(
            || case.state.name().to_owned(),
            |q| format!("{}: {}", case.state.name(), crate::domain::decide::serde_name(&q)),
        );
        lines.push((
            !yours,
            format!("{}  {}  {}  {state}", case.reference, case.carrier_name, case.line.label_masked()),
        ));
    }
    lines.sort();
    Ok(lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n"))
}

/// Tells the holder once per blindness, while there is a case that waits for mail.
fn blindness(parts: &Parts, tx: &Tx<'_>, account: &str) -> Result<Option<Timestamp>, EngineError> {
    let now = parts.clock.now();
    let mut watch = tx.watch(account)?;
    let stale_after = parts.config.follow_up.inbox_stale_after.approximate();
    let Some(seen_at) = read_at(&watch, now).or(watch.since) else { return Ok(None) };
    if seen_at + stale_after > now {
        return Ok(Some(seen_at + stale_after));
    }
    if watch.blind_told == Some(seen_at) || tx.watched_since(account)?.is_none() {
        return Ok(None);
    }
    watch.blind_told = Some(seen_at);
    tx.set_watch(account, &watch)?;
    let facts = BTreeMap::from([
        ("account".to_owned(), account.to_owned()),
        ("since".to_owned(), parts.local_time(account, seen_at)),
        ("reason".to_owned(), watch.last_error.clone()),
    ]);
    let cause = format!("blind {}", seen_at.timestamp_millis());
    parts.engine().nudge_account(tx, account, NudgeKind::WatcherBlind, &cause, &facts)?;
    tracing::warn!(account, "the inbox has not been read for too long");
    Ok(None)
}

/// The task: rings, then sleeps until the next alarm or a change of the store.
pub(super) async fn run(parts: Parts, mut stop: super::Stop) {
    let mut changes = parts.store.changes();
    loop {
        changes.borrow_and_update();
        let wait = match ring_due(&parts).await {
            Ok(rung) => {
                if rung.count > 0 {
                    parts.store.note_change();
                    changes.borrow_and_update();
                }
                rung.next.map_or(super::LONG, |at| super::until(at, parts.clock.now()))
            }
            Err(error) => {
                tracing::error!(%error, "alarms could not be looked at; trying again");
                super::AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stop.asked() => return,
            () = tokio::time::sleep(wait) => {}
            _ = changes.changed() => {}
        }
    }
}
