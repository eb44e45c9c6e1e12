//! Mail seen: raw bytes first, what became of them later. Nothing seen is ever dropped silently.

use super::{CaseId, StoreError, Tx, at, ms};
use crate::domain::Timestamp;
use crate::domain::reply::MessageKey;
use crate::domain::reply::proof::Proof;
use rusqlite::{OptionalExtension, Row, params};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxStatus {
    /// Stored, not read yet.
    New,
    /// Given to its case.
    Applied,
    /// May concern a case; the holder files it.
    Unmatched,
    /// Concerns no case.
    Ignored,
    /// The same bytes were seen before.
    Duplicate,
    /// Reading it failed three times.
    SetAside,
}

impl InboxStatus {
    /// The name in the store and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Applied => "applied",
            Self::Unmatched => "unmatched",
            Self::Ignored => "ignored",
            Self::Duplicate => "duplicate",
            Self::SetAside => "set_aside",
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        [Self::New, Self::Applied, Self::Unmatched, Self::Ignored, Self::Duplicate, Self::SetAside]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// A message as the watcher brings it.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    /// Account whose mailbox it is in.
    pub account: &'a str,
    /// Folder.
    pub folder: &'a str,
    /// What the folder is for: `inbox`, `junk` or `sent`.
    pub role: &'a str,
    /// UIDVALIDITY; 0 in a Maildir.
    pub uid_validity: i64,
    /// UID; a hash of the base name in a Maildir.
    pub uid: i64,
    /// The bytes.
    pub raw: &'a [u8],
    /// Only the beginning was fetched.
    pub truncated: bool,
    /// When the server received it.
    pub received_at: Timestamp,
}

/// What storing a message found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// Stored now.
    First(MessageKey),
    /// This very place was stored before.
    Known(MessageKey),
    /// The same bytes were seen elsewhere (another folder, a new UIDVALIDITY).
    Copy(MessageKey),
}

/// A stored message.
#[derive(Debug, Clone)]
pub struct InboxRow {
    /// Its key.
    pub key: MessageKey,
    /// Account.
    pub account: String,
    /// Folder.
    pub folder: String,
    /// It lies in the Sent folder, where nobody but the holder can put a mail.
    pub in_sent: bool,
    /// The bytes.
    pub raw: Vec<u8>,
    /// Only the beginning was fetched.
    pub truncated: bool,
    /// When the server received it.
    pub received_at: Timestamp,
    /// What became of it.
    pub status: InboxStatus,
    /// Its case.
    pub case: Option<CaseId>,
    /// How it was read, JSON; empty until then.
    pub reading: String,
    /// Failed tries to read it.
    pub attempts: u32,
    /// When it was stored.
    pub stored_at: Timestamp,
    /// What its own signatures proved when they were looked at.
    pub proof: Option<Proof>,
    /// Looks at them that DNS left open.
    pub looks: u32,
}

const COLUMNS: &str = "id, account, folder, raw, truncated, received_at, status, case_id, reading, attempts, role, \
                       stored_at, proof, looks";

fn row_of(row: &Row<'_>) -> Result<InboxRow, StoreError> {
    let case: i64 = row.get(7)?;
    let proof: String = row.get(12)?;
    Ok(InboxRow {
        key: MessageKey(row.get(0)?),
        account: row.get(1)?,
        folder: row.get(2)?,
        raw: row.get(3)?,
        truncated: row.get(4)?,
        received_at: at(row.get(5)?).unwrap_or_default(),
        status: InboxStatus::by_name(&row.get::<_, String>(6)?)
            .ok_or_else(|| StoreError::Corrupt { what: "inbox, status".to_owned() })?,
        case: (case != 0).then_some(CaseId(case)),
        reading: row.get(8)?,
        attempts: row.get(9)?,
        in_sent: row.get::<_, String>(10)? == "sent",
        stored_at: at(row.get(11)?).unwrap_or_default(),
        proof: if proof.is_empty() { None } else { Some(serde_json::from_str(&proof)?) },
        looks: row.get(13)?,
    })
}

impl Tx<'_> {
    /// Stores a message once. The same place or the same bytes a second time change nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn store_message(&self, message: &NewMessage<'_>, now: Timestamp) -> Result<Sighting, StoreError> {
        if let Some(key) = self.seen(message.account, message.folder, message.uid_validity, message.uid)? {
            return Ok(Sighting::Known(key));
        }
        let hash = ring::digest::digest(&ring::digest::SHA256, message.raw);
        let digest: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let earlier: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM inbox WHERE account = ?1 AND digest = ?2 AND duplicate_of = 0")?
            .query_row(params![message.account, digest], |r| r.get(0))
            .optional()?;
        let empty: &[u8] = &[];
        self.transaction
            .prepare_cached(
                "INSERT INTO inbox (account, folder, role, uid_validity, uid, digest, raw, truncated, received_at, stored_at, duplicate_of, status)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                message.account,
                message.folder,
                message.role,
                message.uid_validity,
                message.uid,
                digest,
                if earlier.is_some() { empty } else { message.raw },
                message.truncated,
                ms(message.received_at),
                ms(now),
                earlier.unwrap_or(0),
                if earlier.is_some() { "duplicate" } else { "new" }
            ])?;
        let key = MessageKey(self.transaction.last_insert_rowid());
        Ok(earlier.map_or(Sighting::First(key), |first| Sighting::Copy(MessageKey(first))))
    }

    /// The message at a place, if it was stored.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn seen(
        &self,
        account: &str,
        folder: &str,
        uid_validity: i64,
        uid: i64,
    ) -> Result<Option<MessageKey>, StoreError> {
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT id FROM inbox WHERE account = ?1 AND folder = ?2 AND uid_validity = ?3 AND uid = ?4",
            )?
            .query_row(params![account, folder, uid_validity, uid], |r| r.get(0).map(MessageKey))
            .optional()?)
    }

    /// Messages not read yet that need not wait, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn new_messages(&self, now: Timestamp, most: u32) -> Result<Vec<InboxRow>, StoreError> {
        self.inbox_where(
            "status = 'new' AND read_after <= ?1 ORDER BY received_at, id LIMIT ?2",
            params![ms(now), most],
        )
    }

    /// When the next of the messages that wait is to be read.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn next_reading_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> =
            self.transaction.query_row("SELECT min(read_after) FROM inbox WHERE status = 'new'", [], |r| r.get(0))?;
        Ok(next.and_then(at))
    }

    /// Whether a message of an account waits for DNS.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn waits_for_dns(&self, account: &str) -> Result<bool, StoreError> {
        let found = "SELECT EXISTS (SELECT 1 FROM inbox WHERE status = 'new' AND read_after > 0 AND account = ?1)";
        Ok(self.transaction.prepare_cached(found)?.query_row([account], |r| r.get(0))?)
    }

    /// Keeps what the signatures of a message prove: their keys may be gone tomorrow. The message is to be read now.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn keep_proof(&self, key: MessageKey, proof: &Proof) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE inbox SET proof = ?2, read_after = 0, attempts = 0 WHERE id = ?1",
            params![key.0, serde_json::to_string(proof)?],
        )?;
        Ok(())
    }

    /// Puts the reading of a message off; it stays new.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn read_later(&self, key: MessageKey, at: Timestamp) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE inbox SET read_after = ?2, looks = looks + 1, attempts = 0 WHERE id = ?1",
            params![key.0, ms(at)],
        )?;
        Ok(())
    }

    /// Messages of a case, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn messages_of_case(&self, case: CaseId) -> Result<Vec<InboxRow>, StoreError> {
        self.inbox_where("case_id = ?1 AND status <> 'duplicate' ORDER BY received_at, id", params![case.0])
    }

    /// Messages no case claims, or that could not be read, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn unfiled_messages(&self, most: u32) -> Result<Vec<InboxRow>, StoreError> {
        self.inbox_where("status IN ('unmatched', 'set_aside') ORDER BY id DESC LIMIT ?1", params![most])
    }

    /// Replaces the bytes of a message: what it brought back is to be forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn replace_message(&self, key: MessageKey, raw: &[u8]) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE inbox SET raw = ?2 WHERE id = ?1", params![key.0, raw])?;
        Ok(())
    }

    fn inbox_where(&self, rest: &'static str, values: impl rusqlite::Params) -> Result<Vec<InboxRow>, StoreError> {
        let mut statement = self.transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM inbox WHERE {rest}"))?;
        let mut rows = statement.query(values)?;
        let mut messages = Vec::new();
        while let Some(row) = rows.next()? {
            messages.push(row_of(row)?);
        }
        Ok(messages)
    }

    /// One message.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn message(&self, key: MessageKey) -> Result<Option<InboxRow>, StoreError> {
        Ok(self.inbox_where("id = ?1", params![key.0])?.into_iter().next())
    }

    /// Notes what became of a message.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn settle_message(
        &self,
        key: MessageKey,
        status: InboxStatus,
        case: Option<CaseId>,
        reading: &str,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE inbox SET status = ?2, case_id = ?3, reading = ?4 WHERE id = ?1",
            params![key.0, status.name(), case.map_or(0, |c| c.0), reading],
        )?;
        Ok(())
    }

    /// Counts a try to read a message, before it begins, and returns how many there were before: a message that
    /// ends the whole process must not be tried for ever.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn reading_begins(&self, key: MessageKey) -> Result<u32, StoreError> {
        let tries: u32 = self.transaction.query_row(
            "UPDATE inbox SET attempts = attempts + 1 WHERE id = ?1 RETURNING attempts",
            [key.0],
            |r| r.get(0),
        )?;
        Ok(tries.saturating_sub(1))
    }

    /// Takes a counted try back: it was the store that failed.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn reading_put_back(&self, key: MessageKey) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE inbox SET attempts = max(attempts - 1, 0) WHERE id = ?1", [key.0])?;
        Ok(())
    }

    /// Puts a message aside that cannot be read; the holder can file it.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn set_aside(&self, key: MessageKey) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE inbox SET status = 'set_aside' WHERE id = ?1", [key.0])?;
        Ok(())
    }
}
