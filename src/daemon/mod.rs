//! The daemon: tasks around the one store thread, started together, stopped in order. The only folder with
//! tokio and sockets; called by main. No rule about cases lives here.

pub mod dispatch;
pub mod fault;
pub mod imap;
pub mod intake;
pub mod local_out;
pub mod mailbox;
pub mod maildir_in;
mod opinion;
pub mod smtp;
mod store_thread;
pub mod telemetry;
pub mod timekeeper;
pub mod tls;
pub mod verify;

pub use store_thread::StoreHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Timestamp;
use crate::domain::reply::Trust;
use crate::domain::reply::lexicon::Lexicon;
use crate::engine::{Engine, EngineError, Rulebook};
use crate::store::{DaemonLock, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long to sleep when nothing is due.
const LONG: Duration = Duration::from_secs(3600);
/// How long to wait after the store failed (a full disk, say).
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// How often to look whether the command line has changed the store.
const NOTICE: Duration = Duration::from_millis(250);
/// How long tasks may take to finish what they are doing when asked to stop: a mail half handed over, as a rule.
const STOP: Duration = Duration::from_secs(15);

/// Everything the tasks share.
#[derive(Clone)]
pub struct Parts {
    /// The configuration.
    pub config: Arc<Config>,
    /// Rules and words.
    pub rules: Arc<dyn Rulebook>,
    /// Time and randomness.
    pub clock: Arc<dyn Clock>,
    /// How replies are read.
    pub lexicon: Arc<Lexicon>,
    /// Domains where anybody can have a mailbox.
    pub public_domains: Arc<Vec<String>>,
    /// Asks for keys of signatures; `None`: signatures are not tested.
    pub resolver: Option<Arc<verify::Resolver>>,
    /// The store's thread.
    pub store: StoreHandle,
}

impl Parts {
    /// The engine over these parts.
    #[must_use]
    pub fn engine(&self) -> Engine<'_> {
        Engine { rules: self.rules.as_ref(), clock: self.clock.as_ref() }
    }

    /// What the reader of an account's mail trusts.
    #[must_use]
    pub fn trust_of(&self, account: &str) -> Trust {
        let public = self.public_domains.as_ref().clone();
        self.config.accounts.get(account).map(|a| self.config.trust_for(a, public)).unwrap_or_default()
    }

    /// An instant as the holder of an account reads it.
    #[must_use]
    pub fn local_time(&self, account: &str, at: Timestamp) -> String {
        let zone = self.config.accounts.get(account).map_or(chrono_tz::UTC, |a| a.time_zone);
        at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
    }
}

/// Tells a task to stop.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits until the daemon is asked to stop.
    async fn asked(&mut self) {
        // The sender is gone only when the daemon is over.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// Runs until SIGINT or SIGTERM. One daemon per store.
///
/// # Errors
/// [`EngineError::Store`] when another daemon has the store, or it cannot be opened.
pub async fn run(parts: Parts, store_file: &std::path::Path) -> Result<(), EngineError> {
    let lock = DaemonLock::acquire(store_file)?;
    let (stop, stopping) = watch::channel(false);
    let stopping = Stop(stopping);
    let mut tasks = JoinSet::new();
    tasks.spawn(notice_others(parts.clone(), Store::open(store_file)?, stopping.clone()));
    tasks.spawn(timekeeper::run(parts.clone(), stopping.clone()));
    tasks.spawn(intake::run(parts.clone(), stopping.clone()));
    for account in parts.config.accounts.values() {
        tasks.spawn(dispatch::run(parts.clone(), account.clone(), stopping.clone()));
        tasks.spawn(mailbox::run(parts.clone(), account.clone(), stopping.clone()));
        tasks.spawn(mailbox::run_copies(parts.clone(), account.clone(), stopping.clone()));
    }
    tracing::info!(accounts = parts.config.accounts.len(), "odjava is running");
    let ended = tokio::select! {
        signal = signalled() => signal.map(|name| tracing::info!(name, "asked to stop")),
        // No task ends by itself; one that did would leave the daemon half alive.
        _ = tasks.join_next() => Err(std::io::Error::other("a task of the daemon ended")),
    };
    stop.send_replace(true);
    let finished = tokio::time::timeout(STOP, async { while tasks.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!("some tasks did not finish in time; what they were doing is settled at the next start");
    }
    drop(lock);
    ended.map_err(|e| EngineError::Rules(e.to_string()))
}

/// Does everything that is due, once, and returns.
///
/// # Errors
/// As [`run`]; also when an account could not be read or a mail not be handed over.
pub async fn run_once(parts: Parts, store_file: &std::path::Path) -> Result<(), EngineError> {
    let lock = DaemonLock::acquire(store_file)?;
    let mut trouble = Vec::new();
    for account in parts.config.accounts.values() {
        if let Err(reason) = mailbox::look_once(&parts, account).await {
            trouble.push(format!("account `{}`: {reason}", account.name));
        }
    }
    intake::read_new(&parts).await?;
    parts.store.note_change();
    timekeeper::ring_due(&parts).await?;
    for account in parts.config.accounts.values() {
        dispatch::once(&parts, account).await?;
        mailbox::file_copies(&parts, account).await?;
    }
    drop(lock);
    if trouble.is_empty() { Ok(()) } else { Err(EngineError::Rules(trouble.join("\n"))) }
}

/// Sees changes that the command line makes, within a quarter of a second.
async fn notice_others(parts: Parts, eye: Store, mut stop: Stop) {
    let mut seen = eye.data_version().unwrap_or_default();
    loop {
        tokio::select! {
            () = stop.asked() => return,
            () = tokio::time::sleep(NOTICE) => {}
        }
        match eye.data_version() {
            Ok(version) if version != seen => {
                seen = version;
                parts.store.note_change();
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the store cannot be watched for changes"),
        }
    }
}

#[cfg(unix)]
async fn signalled() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(tokio::select! {
        _ = term.recv() => "SIGTERM",
        _ = int.recv() => "SIGINT",
    })
}

#[cfg(not(unix))]
async fn signalled() -> std::io::Result<&'static str> {
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C")
}

/// The time left until an instant; a little at least, so that a due thing that cannot be done does not spin.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    (at - now).to_std().unwrap_or(Duration::ZERO).clamp(Duration::from_millis(20), LONG)
}

/// Opens the store and starts its thread.
///
/// # Errors
/// [`StoreError`] when it cannot be opened.
pub fn start_store(path: &std::path::Path) -> Result<StoreHandle, StoreError> {
    StoreHandle::start(Store::open(path)?)
}
