//! How far each folder was read, how the watcher of each account fares, and when scheduled work last ran.

use super::{StoreError, Tx, at, ms};
use crate::domain::Timestamp;
use rusqlite::{OptionalExtension, params};

/// How far a folder was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// UIDVALIDITY of the folder (RFC 3501 §2.3.1.1).
    pub uid_validity: u32,
    /// All UIDs below it are stored or of no concern.
    pub next_uid: u32,
}

/// How the watcher of an account fares.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// When the inbox was last read to its end.
    pub read_at: Option<Timestamp>,
    /// `idle`, `polling`, `maildir`, or empty.
    pub mode: String,
    /// Last trouble; empty when all is well.
    pub last_error: String,
    /// The blindness that was told, by the instant it began.
    pub blind_told: Option<Timestamp>,
    /// When the watcher first tried.
    pub since: Option<Timestamp>,
}

impl Tx<'_> {
    /// How far a folder was read.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn cursor(&self, account: &str, folder: &str) -> Result<Option<Cursor>, StoreError> {
        Ok(self
            .transaction
            .query_row(
                "SELECT uid_validity, next_uid FROM folders WHERE account = ?1 AND folder = ?2",
                [account, folder],
                |r| Ok(Cursor { uid_validity: r.get(0)?, next_uid: r.get(1)? }),
            )
            .optional()?)
    }

    /// Moves the cursor of a folder.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn set_cursor(&self, account: &str, folder: &str, cursor: Cursor, now: Timestamp) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO folders (account, folder, uid_validity, next_uid, read_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (account, folder) DO UPDATE SET uid_validity = ?3, next_uid = ?4, read_at = ?5",
            params![account, folder, cursor.uid_validity, cursor.next_uid, ms(now)],
        )?;
        Ok(())
    }

    /// How the watcher of an account fares.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn watch(&self, account: &str) -> Result<Watch, StoreError> {
        Ok(self
            .transaction
            .query_row(
                "SELECT read_at, mode, last_error, blind_told, since FROM watch WHERE account = ?1",
                [account],
                |r| {
                    Ok(Watch {
                        read_at: at(r.get(0)?),
                        mode: r.get(1)?,
                        last_error: r.get(2)?,
                        blind_told: at(r.get(3)?),
                        since: at(r.get(4)?),
                    })
                },
            )
            .optional()?
            .unwrap_or_default())
    }

    /// Notes how the watcher of an account fares.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn set_watch(&self, account: &str, watch: &Watch) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO watch (account, read_at, mode, last_error, blind_told, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (account) DO UPDATE SET read_at = ?2, mode = ?3, last_error = ?4, blind_told = ?5, since = ?6",
            params![
                account,
                watch.read_at.map_or(0, ms),
                watch.mode,
                watch.last_error,
                watch.blind_told.map_or(0, ms),
                watch.since.map_or(0, ms)
            ],
        )?;
        Ok(())
    }

    /// When scheduled work of a name last ran.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn last_run(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<i64> =
            self.transaction.query_row("SELECT last_at FROM runs WHERE name = ?1", [name], |r| r.get(0)).optional()?;
        Ok(found.and_then(at))
    }

    /// Notes that scheduled work ran.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn set_last_run(&self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO runs (name, last_at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET last_at = ?2",
            params![name, ms(now)],
        )?;
        Ok(())
    }
}
