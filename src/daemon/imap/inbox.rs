//! What mail-in asks of whoever keeps the mail: where it stopped, what is of interest, and to keep messages.
//! Implemented over the store; called by IMAP sync and by the Maildir reader, which know no case.

use super::folders::Role;
use super::glance::HeaderGlance;
use crate::domain::{Date, Timestamp};
use std::future::Future;

/// How far a folder has been read: every message below `next_uid` was stored or is of no interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// UIDVALIDITY under which the numbers hold (RFC 3501 §2.3.1.1).
    pub uid_validity: u32,
    /// First UID that was not looked at.
    pub next_uid: u32,
}

/// Where a message was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// What the folder is for.
    pub role: Role,
    /// Its name as people read it.
    pub folder: &'a str,
    /// UIDVALIDITY; 0 for a Maildir.
    pub uid_validity: u32,
}

/// Whether a message is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// It cannot concern a case.
    Ignore,
    /// It may.
    Fetch,
}

/// A message to keep.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedMessage {
    /// UID, or for a Maildir a 63-bit hash of the file's base name. Fits SQLite's INTEGER.
    pub uid: u64,
    /// Its bytes, as they came.
    pub raw: Vec<u8>,
    /// The message is larger than the limit; `raw` is only its beginning.
    pub truncated: bool,
    /// When the server received it (INTERNALDATE; for a Maildir the file's time).
    pub received_at: Option<Timestamp>,
}

/// Why a message could not be kept, without its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InboxError(pub String);

/// The keeper of mail.
///
/// A stop at any moment is harmless because [`Inbox::advance`] comes after everything below it was stored, and
/// storing one (folder, UIDVALIDITY, UID) twice changes nothing.
pub trait Inbox: Send + Sync {
    /// How far `folder` was read; `None` for one never seen.
    fn cursor(&self, folder: &str) -> impl Future<Output = Result<Option<Cursor>, InboxError>> + Send;

    /// For a folder without a valid cursor: the day from which its mail may matter; `None` when only mail that
    /// is yet to come does.
    fn wanted_since(&self, folder: &str) -> impl Future<Output = Result<Option<Date>, InboxError>> + Send;

    /// Whether a message may concern a case, by its header.
    fn concerns(
        &self,
        place: &Place<'_>,
        glance: &HeaderGlance,
    ) -> impl Future<Output = Result<Interest, InboxError>> + Send;

    /// ASCII words whose presence in a body makes a message of interest (case references); the first 20 are
    /// looked for.
    fn body_markers(&self) -> impl Future<Output = Result<Vec<String>, InboxError>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Whether this message was stored already. Asked for a Maildir only, which has no cursor.
    fn seen(&self, place: &Place<'_>, uid: u64) -> impl Future<Output = Result<bool, InboxError>> + Send {
        let _ = (place, uid);
        async { Ok(false) }
    }

    /// Keeps a message for good before it returns. Keeping it again changes nothing.
    fn store(&self, place: &Place<'_>, message: FetchedMessage) -> impl Future<Output = Result<(), InboxError>> + Send;

    /// Moves the cursor: all below it is done with.
    fn advance(&self, folder: &str, cursor: Cursor) -> impl Future<Output = Result<(), InboxError>> + Send;

    /// The folder has just been read to its end.
    fn read_to_end(&self, folder: &str) -> impl Future<Output = Result<(), InboxError>> + Send;
}
