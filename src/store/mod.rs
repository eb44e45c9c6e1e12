//! The store: one SQLite file. Nothing else knows SQL. Called by engine, daemon and cli.
//! Opening, pragmas, migrations, the transaction; the tables are in the files beside this one.

mod cases;
mod inbox;
mod outbox;
mod watch;

pub use cases::{CaseId, CaseRow, JournalLine, LineKeys, replay};
pub use inbox::{InboxRow, InboxStatus, NewMessage, Sighting};
pub use outbox::{NewOutgoing, OutboxKind, OutboxRow, OutboxStatus};
pub use watch::{Cursor, Watch};

use crate::domain::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Append only: a migration that has been released is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_proofs.sql"),
    include_str!("migrations/0003_turns.sql"),
];

/// How long one process waits for the other to finish its transaction.
const BUSY: Duration = Duration::from_secs(10);

/// Between two tries to switch a new store to WAL.
const PAUSE: Duration = Duration::from_millis(20);

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("cannot open the store {path}: {reason}; check that the folder exists and is yours to write")]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file was written by a newer odjava.
    #[error("the store {path} is of version {found}, this odjava knows {known}; install the newer odjava again")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another daemon has it.
    #[error("another odjava already runs on the store {path}; stop it first, or give this one its own [store] path")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// No room left.
    #[error("the disk is full: nothing of this step was written; free some space and try again")]
    Full,
    /// The file cannot be written.
    #[error("the store is read-only: nothing of this step was written; make the file and its folder writable")]
    ReadOnly,
    /// The disk, or what stands for it, failed.
    #[error(
        "the disk does not take or give what the store needs ({0}): nothing of this step was written; check it and its free space"
    )]
    Disk(String),
    /// Another process holds the file for too long.
    #[error("the store was busy for {} seconds; try again", BUSY.as_secs())]
    Busy,
    /// A row that this version cannot read.
    #[error("the store holds something odjava cannot read ({what}); restore a backup or ask for help")]
    Corrupt {
        /// Which row or file.
        what: String,
    },
    /// Anything else SQLite says.
    #[error("the store failed: {0}")]
    Sqlite(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::Disk(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { what: "the file is damaged or no SQLite file".to_owned() }
            }
            _ => Self::Sqlite(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // The text of a serde error may quote the value; only its place is kept.
        Self::Corrupt { what: format!("JSON, line {} column {}", error.line(), error.column()) }
    }
}

/// The store of one daemon, shared with the command line.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the store, makes it when it is not there (file 0600, folder 0700), and brings it up to date.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be opened, is from a newer version, or cannot be migrated.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |reason: String| StoreError::CannotOpen { path: path.to_owned(), reason };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            make_private_folder(folder).map_err(|e| fail(e.to_string()))?;
        }
        if !path.exists() {
            private_file(path).map_err(|e| fail(e.to_string()))?;
        }
        let connection = Connection::open(path).map_err(|e| fail(e.to_string()))?;
        Self::prepare(connection, path)
    }

    /// A store that lives in memory, for tests.
    ///
    /// # Errors
    /// [`StoreError`] when SQLite cannot make one.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?, Path::new(":memory:"))
    }

    fn prepare(mut connection: Connection, path: &Path) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY)?;
        // Switching to WAL does not wait for another process that does the same; so it is tried again.
        let mut tries = BUSY.as_millis() / PAUSE.as_millis();
        while let Err(error) = connection.pragma_update(None, "journal_mode", "WAL").map_err(StoreError::from) {
            if !matches!(error, StoreError::Busy) || tries == 0 {
                return Err(error);
            }
            tries -= 1;
            std::thread::sleep(PAUSE);
        }
        // FULL: a commit is on the disk before the mail it orders can leave.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // What is deleted is overwritten: copies of identity documents must not lie about in free pages.
        connection.pragma_update(None, "secure_delete", "ON")?;
        migrate(&mut connection, path)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Runs `work` in one immediate transaction: all of it is kept, or none. Invariant: no network call
    /// happens inside.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError`] when beginning or committing fails.
    pub fn transaction<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let tx = Tx { transaction };
        let done = work(&tx)?;
        tx.transaction.commit().map_err(StoreError::from)?;
        Ok(done)
    }

    /// Reads in one consistent snapshot; never waits for a writer.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError`].
    pub fn read<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.connection.transaction().map_err(StoreError::from)?;
        work(&Tx { transaction })
    }

    /// A number that changes whenever another process has committed (SQLite's `data_version`).
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.connection.pragma_query_value(None, "data_version", |r| r.get(0))?)
    }

    /// Takes what was deleted out of the write-ahead log too. Where somebody reads just now it stays there until the log
    /// is written over.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn empty_log(&self) -> Result<(), StoreError> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Brings a store up to date. The version is read again inside the write transaction, because daemon and
/// command line may open a new store at the same moment.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version = |c: &Connection| c.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0));
    let found = version(connection)?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    if found == known {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = usize::try_from(version(&tx)?).unwrap_or(0);
    for sql in MIGRATIONS.iter().skip(done) {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "user_version", known)?;
    Ok(tx.commit()?)
}

/// An open transaction; the tables are its methods.
pub struct Tx<'a> {
    transaction: Transaction<'a>,
}

/// How long a lock that somebody has is asked for again.
const LOCK_PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

/// Held by the daemon as long as it runs. The system releases it with the process, however that ends.
#[derive(Debug)]
pub struct DaemonLock {
    _file: File,
}

impl DaemonLock {
    /// Whether a daemon has the lock; an odd lock file counts as none.
    #[must_use]
    pub fn is_held(store: &Path) -> bool {
        let file = File::open(store.with_extension("lock"));
        file.is_ok_and(|f| matches!(f.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
    }

    /// Takes the lock beside the store file.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when a daemon has it, [`StoreError::CannotOpen`] when the file cannot be made.
    pub fn acquire(store: &Path) -> Result<Self, StoreError> {
        let path = store.with_extension("lock");
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            make_private_folder(folder)
                .map_err(|e| StoreError::CannotOpen { path: path.clone(), reason: e.to_string() })?;
        }
        let file =
            private_file(&path).map_err(|e| StoreError::CannotOpen { path: path.clone(), reason: e.to_string() })?;
        // A child of the last holder keeps its lock alive between fork and exec: that is over in a moment.
        let patience = std::time::Instant::now() + LOCK_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(std::fs::TryLockError::WouldBlock) if std::time::Instant::now() < patience => {
                    std::thread::sleep(LOCK_PATIENCE / 50);
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(StoreError::InUse { path: store.to_owned() });
                }
                Err(std::fs::TryLockError::Error(e)) => {
                    return Err(StoreError::CannotOpen { path, reason: e.to_string() });
                }
            }
        }
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that nobody else can look into; one that exists stays as it is.
///
/// # Errors
/// What the file system says.
pub fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// An instant as the store keeps it.
fn ms(at: Timestamp) -> i64 {
    at.timestamp_millis()
}

/// An instant read back; 0 is "none".
fn at(ms: i64) -> Option<Timestamp> {
    chrono::DateTime::from_timestamp_millis(ms).filter(|_| ms != 0)
}
