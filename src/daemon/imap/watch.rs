//! The watch over one account: connect, read, wait, read again, reconnect with growing pauses, until told to stop.
//! Called by a daemon task per account; tells what happens by a callback and keeps nothing itself.

use super::connection::Limits;
use super::error::{Class, Fault, ImapError};
use super::folders::{Folder, FolderWishes, Folders, Role, discover};
use super::inbox::Inbox;
use super::session::{ImapSession, connect};
use super::sync::{SyncMemory, sync_folder};
use crate::clock::Clock;
use crate::config::account::Endpoint;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::future::Future;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// How an account is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchOptions {
    /// Folders named in the config.
    pub folders: FolderWishes,
    /// Limits of the connection.
    pub limits: Limits,
    /// Use IDLE where it is offered.
    pub idle: bool,
    /// IDLE is given anew after this; short enough for the NAT boxes on the way.
    pub idle_reissue: Duration,
    /// Junk and Sent are read this often; INBOX too where there is no IDLE.
    pub poll: Duration,
    /// First pause before another attempt; doubles with each.
    pub retry_min: Duration,
    /// Longest pause; at once where a person has to mend something.
    pub retry_max: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            folders: FolderWishes::default(),
            limits: Limits::default(),
            idle: true,
            idle_reissue: Duration::from_secs(300),
            poll: Duration::from_secs(60),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(300),
        }
    }
}

/// What a watch tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// Logged in, folders found; `idle` says whether mail is pushed.
    Connected {
        /// Mail is pushed, not polled.
        idle: bool,
    },
    /// A folder was read to its end.
    ReadToEnd {
        /// Its name.
        folder: String,
        /// What it is for.
        role: Role,
    },
    /// A folder other than the inbox could not be read this time.
    Skipped {
        /// Its name.
        folder: String,
        /// Why.
        reason: String,
    },
    /// The connection is gone, or never stood.
    Lost {
        /// Whose move it is.
        class: Class,
        /// For the holder.
        reason: String,
        /// Until the next attempt.
        retry_in: Duration,
    },
}

/// Asks for the password or token; the text of an error is for the holder.
pub type AskSecret<'a> = dyn Fn() -> BoxFuture<'a, Result<Option<SecretString>, String>> + Send + Sync + 'a;

/// The watch over one account.
pub struct Watcher<'a, I> {
    /// The server.
    pub endpoint: &'a Endpoint,
    /// Gives the secret, anew at each connection.
    pub secret: &'a AskSecret<'a>,
    /// How to watch.
    pub options: &'a WatchOptions,
    /// Who keeps the mail.
    pub inbox: &'a I,
    /// Random bytes for the pauses.
    pub clock: &'a dyn Clock,
    /// Told what happens.
    pub report: &'a (dyn Fn(WatchEvent) + Send + Sync),
    /// Makes the watcher read at once.
    pub wake: &'a Notify,
}

/// Why a wait ended.
enum Woke {
    Stop,
    Asked,
    Due,
}

impl<I: Inbox> Watcher<'_, I> {
    /// Watches until `shutdown` becomes true or its sender is gone.
    pub async fn run(&self, mut shutdown: watch::Receiver<bool>) {
        let mut memory = SyncMemory::default();
        let mut failures = 0;
        loop {
            let Err(error) = self.serve(&mut shutdown, &mut memory, &mut failures).await else { return };
            let retry_in = self.pause(error.class(), failures);
            failures = failures.saturating_add(1);
            (self.report)(WatchEvent::Lost { class: error.class(), reason: error.reason.clone(), retry_in });
            tokio::select! {
                () = stopped(&mut shutdown) => return,
                () = sleep(retry_in) => {}
                // A refused login is not tried more often: servers lock accounts for that.
                () = self.wake.notified(), if error.class() != Class::Account => {}
            }
        }
    }

    /// The pause before the next attempt: exponential, between half and all of it by chance, so that many
    /// clients do not come back at once.
    fn pause(&self, class: Class, failures: u32) -> Duration {
        let options = self.options;
        let full = match class {
            Class::Account => options.retry_max,
            _ => options.retry_min.saturating_mul(1 << failures.min(16)).min(options.retry_max),
        };
        let [chance, ..] = self.clock.random();
        full / 2 + full.mul_f64(f64::from(chance) / 510.0)
    }

    /// One connection, from login to its end: `Ok` when told to stop.
    async fn serve(
        &self,
        shutdown: &mut watch::Receiver<bool>,
        memory: &mut SyncMemory,
        failures: &mut u32,
    ) -> Result<(), ImapError> {
        let Some(opened) = or_stop(shutdown, self.open()).await else { return Ok(()) };
        let (mut session, folders) = opened?;
        let mut idle = self.options.idle && session.offers("IDLE");
        (self.report)(WatchEvent::Connected { idle });
        loop {
            for folder in folders.inbox_last() {
                let Some(looked) = or_stop(shutdown, self.look(&mut session, folder, memory)).await else {
                    return Ok(());
                };
                looked?;
            }
            if self.wait_round(&mut session, &folders, shutdown, memory, &mut idle).await? {
                session.logout().await;
                return Ok(());
            }
            // Only a connection that lasted counts: a server that ends each one at once is left in peace.
            *failures = 0;
        }
    }

    async fn open(&self) -> Result<(ImapSession, Folders), ImapError> {
        let secret = (self.secret)().await.map_err(|reason| ImapError::new(Fault::Config, reason))?;
        let mut session = connect(self.endpoint, secret.as_ref(), self.options.limits).await?;
        let folders = discover(&mut session, &self.options.folders).await?;
        Ok((session, folders))
    }

    /// Reads one folder. Trouble that lies in Junk or Sent alone does not keep the inbox from being read.
    async fn look(&self, session: &mut ImapSession, folder: &Folder, memory: &mut SyncMemory) -> Result<(), ImapError> {
        match sync_folder(session, folder, self.inbox, memory).await {
            Ok(_) => (self.report)(WatchEvent::ReadToEnd { folder: folder.name.clone(), role: folder.role }),
            Err(e) if folder.role != Role::Inbox && session.is_usable() && e.class() != Class::Store => {
                (self.report)(WatchEvent::Skipped { folder: folder.name.clone(), reason: e.reason });
            }
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Waits until all folders are due again, reading the inbox whenever it changes; `true` when told to stop.
    async fn wait_round(
        &self,
        session: &mut ImapSession,
        folders: &Folders,
        shutdown: &mut watch::Receiver<bool>,
        memory: &mut SyncMemory,
        idle: &mut bool,
    ) -> Result<bool, ImapError> {
        let due = sleep(self.options.poll);
        tokio::pin!(due);
        while !due.is_elapsed() {
            let until = async {
                tokio::select! {
                    () = stopped(shutdown) => Woke::Stop,
                    () = self.wake.notified() => Woke::Asked,
                    () = &mut due => Woke::Due,
                    () = sleep(self.options.idle_reissue), if *idle => Woke::Due,
                }
            };
            let woke = if *idle { session.idle(until).await } else { Ok(Some(until.await)) };
            match woke {
                Err(e) if e.fault == Fault::Refused => {
                    *idle = false;
                    (self.report)(WatchEvent::Connected { idle: false });
                    continue;
                }
                Err(e) => return Err(e),
                Ok(Some(Woke::Stop)) => return Ok(true),
                Ok(Some(Woke::Asked | Woke::Due)) => {
                    session.probe().await?;
                    return Ok(false);
                }
                Ok(None) => session.probe().await?,
            }
            let Some(looked) = or_stop(shutdown, self.look(session, &folders.inbox, memory)).await else {
                return Ok(true);
            };
            looked?;
        }
        Ok(false)
    }
}

/// Ends when told to stop.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error means that whoever could tell is gone: stop as well.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// The work's outcome, or `None` when told to stop first. What is dropped midway is done again next time.
async fn or_stop<T>(shutdown: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        () = stopped(shutdown) => None,
        outcome = work => Some(outcome),
    }
}
