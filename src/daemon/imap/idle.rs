//! IDLE (RFC 2177) by hand: the crate's own waits for ever on a NO and takes a closed line for an interruption.
//! One IDLE, from the command to its tagged answer; when to give it is the watcher's business.

use super::error::{Fault, ImapError};
use super::session::ImapSession;
use std::future::Future;

impl ImapSession {
    /// Waits in IDLE until the open folder changes (`None`) or `until` is over (`Some`).
    ///
    /// # Errors
    /// [`Fault::Refused`] when the server does not want to (the session goes on); anything else ends the session.
    pub(super) async fn idle<T>(&mut self, until: impl Future<Output = T>) -> Result<Option<T>, ImapError> {
        let line = &mut self.connection;
        let budget = line.limits.probe;
        let tag = line.send("IDLE", budget).await?;
        let (idling, _) = line.continuation(&tag, budget).await?;
        if !idling {
            return Err(ImapError::new(Fault::Refused, "the IMAP server ended IDLE before it began"));
        }
        tokio::pin!(until);
        let woke = loop {
            // News may have come before the continuation, or with an earlier command.
            if line.has_changed() {
                break None;
            }
            tokio::select! {
                over = &mut until => break Some(over),
                reply = line.read() => {
                    if let Some(verdict) = line.verdict(&tag, &reply?) {
                        // The server ended IDLE by itself.
                        return verdict.map(|()| None);
                    }
                }
            }
        };
        line.write(&[b"DONE\r\n"], budget).await?;
        match line.finish(&tag, budget).await {
            // IDLE is over either way, and the session in step.
            Err(e) if e.fault != Fault::Refused => Err(e),
            _ => Ok(woke),
        }
    }
}
