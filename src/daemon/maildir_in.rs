//! A local Maildir as the place where mail comes in, for people whose mail another program syncs. Looks by polling;
//! reads only: never moves, renames or deletes. Hands raw bytes to the same [`Inbox`] as IMAP does.

use super::imap::{Class, FetchedMessage, HeaderGlance, Inbox, InboxError, Interest, Place, Role, Synced, WatchEvent};
use crate::domain::{Date, Timestamp};
use chrono::{DateTime, Days, Utc};
use mail_parser::MessageParser;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::{Notify, watch};

/// Bytes of a file that a glance takes.
const GLANCE_BYTES: u64 = 32 * 1024;

/// One Maildir and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaildirFolder {
    /// What it is for.
    pub role: Role,
    /// Its name in the store.
    pub name: String,
    /// The directory that holds `new` and `cur`.
    pub path: PathBuf,
}

/// How Maildirs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaildirOptions {
    /// Between two looks.
    pub poll: Duration,
    /// Bytes of a message that are read whole.
    pub message_max: u64,
    /// Bytes that are read of a larger one.
    pub truncated_to: u64,
}

impl Default for MaildirOptions {
    fn default() -> Self {
        Self { poll: Duration::from_secs(5), message_max: 10 * 1024 * 1024, truncated_to: 1024 * 1024 }
    }
}

/// Why a Maildir could not be read. Each text names the directory and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum MaildirError {
    /// There is none.
    #[error("{} is no Maildir (it has no `new` and `cur`): correct its path in the config", path.display())]
    NotAMaildir {
        /// The directory.
        path: PathBuf,
    },
    /// The system refused.
    #[error("the Maildir {} cannot be read ({source}): check its permissions", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The caller's store failed.
    #[error("incoming mail cannot be kept: {0}")]
    Store(#[from] InboxError),
}

impl MaildirError {
    /// Whose move it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::NotAMaildir { .. } | Self::Unreadable { .. } => Class::Account,
            Self::Store(_) => Class::Store,
        }
    }
}

/// The Maildir at `root` as the inbox, and its junk and sent folders by their usual Maildir++ names.
#[must_use]
pub fn maildir_folders(root: &Path) -> Vec<MaildirFolder> {
    let named = |role, names: &[&str]| {
        let found = names.iter().find(|n| root.join(n).join("cur").is_dir())?;
        Some(MaildirFolder { role, name: found.trim_start_matches('.').to_owned(), path: root.join(found) })
    };
    let inbox = MaildirFolder { role: Role::Inbox, name: "INBOX".into(), path: root.to_owned() };
    let junk = named(Role::Junk, &[".Junk", ".Spam", "Junk", "Spam"]);
    let sent = named(Role::Sent, &[".Sent", ".Sent Items", "Sent"]);
    [Some(inbox), junk, sent].into_iter().flatten().collect()
}

/// Reads one Maildir again and again; remembers what it has looked at.
#[derive(Debug)]
pub struct MaildirReader {
    folder: MaildirFolder,
    options: MaildirOptions,
    /// Base names that were looked at; a renamed file (other flags, `new` to `cur`) keeps its base name.
    done: BTreeSet<String>,
}

impl MaildirReader {
    /// A reader that has seen nothing yet; the store tells it what was kept before.
    #[must_use]
    pub const fn new(folder: MaildirFolder, options: MaildirOptions) -> Self {
        Self { folder, options, done: BTreeSet::new() }
    }

    /// Looks at what is new.
    ///
    /// # Errors
    /// [`MaildirError`]; what was not looked at is looked at next time.
    pub async fn scan<I: Inbox>(&mut self, inbox: &I) -> Result<Synced, MaildirError> {
        let files = self.list().await?;
        self.done.retain(|base| files.contains_key(base));
        let since = inbox.wanted_since(&self.folder.name).await?;
        let markers = inbox.body_markers().await?;
        let (mut synced, mut complete, mut unreadable) = (Synced::default(), true, None);
        for (base, path) in files {
            if self.done.contains(&base) {
                continue;
            }
            match self.one(&base, &path, inbox, since, &markers).await {
                Ok(Looked::NotWanted) => continue,
                Ok(Looked::Passed) => {}
                Ok(Looked::Stored) => synced.stored += 1,
                // Renamed by its owner since it was listed: there again next time.
                Err(Trouble::File(e)) if e.kind() == io::ErrorKind::NotFound => {
                    complete = false;
                    continue;
                }
                // One bad file must not hide those after it; it is told at the end.
                Err(Trouble::File(source)) => {
                    unreadable = Some(source);
                    continue;
                }
                Err(Trouble::Store(e)) => return Err(e.into()),
            }
            synced.seen += 1;
            self.done.insert(base);
        }
        if let Some(source) = unreadable {
            return Err(self.unreadable(source));
        }
        if complete {
            inbox.read_to_end(&self.folder.name).await?;
        }
        Ok(synced)
    }

    fn unreadable(&self, source: io::Error) -> MaildirError {
        MaildirError::Unreadable { path: self.folder.path.clone(), source }
    }

    /// Base name -> file. `new` is listed before `cur`, so that a file on its way is seen at least once.
    async fn list(&self) -> Result<BTreeMap<String, PathBuf>, MaildirError> {
        let mut files = BTreeMap::new();
        for part in ["new", "cur"] {
            let mut entries = match tokio::fs::read_dir(self.folder.path.join(part)).await {
                Ok(entries) => entries,
                Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Err(MaildirError::NotAMaildir { path: self.folder.path.clone() });
                }
                Err(e) => return Err(self.unreadable(e)),
            };
            while let Some(entry) = entries.next_entry().await.map_err(|e| self.unreadable(e))? {
                // A name that is no UTF-8 is still a name; lossy, it stays as unique as any hash of it.
                let name = entry.file_name().to_string_lossy().into_owned();
                let base = name.split(':').next().unwrap_or_default();
                if !base.is_empty() && !base.starts_with('.') {
                    files.insert(base.to_owned(), entry.path());
                }
            }
        }
        Ok(files)
    }

    async fn one<I: Inbox>(
        &self,
        base: &str,
        path: &Path,
        inbox: &I,
        since: Option<Date>,
        markers: &[String],
    ) -> Result<Looked, Trouble> {
        let about = tokio::fs::symlink_metadata(path).await?;
        if !about.is_file() {
            return Ok(Looked::Passed);
        }
        let received_at: Option<Timestamp> = about.modified().ok().map(DateTime::<Utc>::from);
        // A day of slack: the wanted day may begin in another zone.
        let first_day = since.map(|day| day.checked_sub_days(Days::new(1)).unwrap_or(day));
        let Some(first_day) = first_day else { return Ok(Looked::NotWanted) };
        if received_at.is_some_and(|at| at.date_naive() < first_day) {
            return Ok(Looked::NotWanted);
        }
        let place = Place { role: self.folder.role, folder: &self.folder.name, uid_validity: 0 };
        let uid = uid_of(base);
        if inbox.seen(&place, uid).await? {
            return Ok(Looked::Passed);
        }
        let header = head(&read(path, GLANCE_BYTES).await?);
        let glance = HeaderGlance::parse(uid, Some(about.len()), received_at, &header);
        let interest = inbox.concerns(&place, &glance).await?;
        if interest == Interest::Ignore && markers.is_empty() {
            return Ok(Looked::Passed);
        }
        let truncated = about.len() > self.options.message_max;
        let raw = read(path, if truncated { self.options.truncated_to } else { self.options.message_max }).await?;
        if interest == Interest::Ignore && !holds_marker(&raw, markers) {
            return Ok(Looked::Passed);
        }
        inbox.store(&place, FetchedMessage { uid, raw, truncated, received_at }).await?;
        Ok(Looked::Stored)
    }
}

/// What a look at one file came to.
enum Looked {
    /// Too old to matter as things stand; asked again next time, when more may be wanted.
    NotWanted,
    /// Known, or of no interest.
    Passed,
    Stored,
}

enum Trouble {
    File(io::Error),
    Store(InboxError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<InboxError> for Trouble {
    fn from(error: InboxError) -> Self {
        Self::Store(error)
    }
}

async fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    tokio::fs::File::open(path).await?.take(most).read_to_end(&mut raw).await?;
    Ok(raw)
}

/// The lines before the first empty one.
fn head(raw: &[u8]) -> Vec<u8> {
    let ends = [b"\n\n".as_slice(), b"\r\n\r\n"];
    let end = ends.iter().filter_map(|e| raw.windows(e.len()).position(|w| w == *e)).min();
    raw.get(..end.unwrap_or(raw.len())).unwrap_or(raw).to_vec()
}

/// Whether one of the words stands in the text, encoded or not.
fn holds_marker(raw: &[u8], markers: &[String]) -> bool {
    let Some(message) = MessageParser::default().parse(raw) else { return false };
    let texts: Vec<_> = (0..message.text_body_count().min(8)).filter_map(|i| message.body_text(i)).collect();
    markers.iter().take(20).any(|m| m.len() >= 3 && texts.iter().any(|t| t.contains(m.as_str())))
}

/// 63 bits of the base name's SHA-256: stable, and fit for SQLite's INTEGER.
fn uid_of(base: &str) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, base.as_bytes());
    digest.as_ref().iter().take(8).fold(0u64, |acc, b| acc << 8 | u64::from(*b)) >> 1
}

/// The watch over the Maildirs of one account.
pub struct MaildirWatcher<'a, I> {
    /// What to read.
    pub folders: Vec<MaildirFolder>,
    /// How.
    pub options: MaildirOptions,
    /// Who keeps the mail.
    pub inbox: &'a I,
    /// Told what happens.
    pub report: &'a (dyn Fn(WatchEvent) + Send + Sync),
    /// Makes the watcher look at once.
    pub wake: &'a Notify,
}

impl<I: Inbox> MaildirWatcher<'_, I> {
    /// Watches until `shutdown` becomes true or its sender is gone.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let options = self.options;
        let mut readers: Vec<_> = self.folders.into_iter().map(|f| MaildirReader::new(f, options)).collect();
        let mut connected = false;
        loop {
            for reader in &mut readers {
                let outcome = reader.scan(self.inbox).await;
                let MaildirFolder { name, role, .. } = &reader.folder;
                match outcome {
                    Ok(_) => {
                        if !std::mem::replace(&mut connected, true) {
                            (self.report)(WatchEvent::Connected { idle: false });
                        }
                        (self.report)(WatchEvent::ReadToEnd { folder: name.clone(), role: *role });
                    }
                    Err(e) => {
                        connected = false;
                        let (class, reason) = (e.class(), e.to_string());
                        (self.report)(WatchEvent::Lost { class, reason, retry_in: options.poll });
                    }
                }
            }
            tokio::select! {
                // An error means that whoever could tell is gone: stop as well.
                _ = shutdown.wait_for(|stop| *stop) => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(options.poll) => {}
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::daemon::imap::Cursor;
    use std::fs;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Keeper {
        kept: Mutex<BTreeMap<u64, (Vec<u8>, bool)>>,
        since: Mutex<Option<Date>>,
        markers: Vec<String>,
    }

    impl Inbox for Keeper {
        async fn cursor(&self, _: &str) -> Result<Option<Cursor>, InboxError> {
            Ok(None)
        }
        async fn wanted_since(&self, _: &str) -> Result<Option<Date>, InboxError> {
            Ok(*self.since.lock().unwrap())
        }
        async fn concerns(&self, _: &Place<'_>, glance: &HeaderGlance) -> Result<Interest, InboxError> {
            Ok(if glance.subject().contains("case") { Interest::Fetch } else { Interest::Ignore })
        }
        async fn body_markers(&self) -> Result<Vec<String>, InboxError> {
            Ok(self.markers.clone())
        }
        async fn seen(&self, _: &Place<'_>, uid: u64) -> Result<bool, InboxError> {
            Ok(self.kept.lock().unwrap().contains_key(&uid))
        }
        async fn store(&self, _: &Place<'_>, message: FetchedMessage) -> Result<(), InboxError> {
            self.kept.lock().unwrap().insert(message.uid, (message.raw, message.truncated));
            Ok(())
        }
        async fn advance(&self, _: &str, _: Cursor) -> Result<(), InboxError> {
            Ok(())
        }
        async fn read_to_end(&self, _: &str) -> Result<(), InboxError> {
            Ok(())
        }
    }

    fn maildir() -> (tempfile::TempDir, MaildirReader) {
        let dir = tempfile::tempdir().unwrap();
        for part in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(part)).unwrap();
        }
        let folder = MaildirFolder { role: Role::Inbox, name: "INBOX".into(), path: dir.path().to_owned() };
        let options = MaildirOptions { message_max: 1_000, truncated_to: 100, ..MaildirOptions::default() };
        (dir, MaildirReader::new(folder, options))
    }

    fn wanting(markers: &[&str]) -> Keeper {
        Keeper {
            since: Mutex::new(Date::from_ymd_opt(2020, 1, 1)),
            markers: markers.iter().map(|m| (*m).to_owned()).collect(),
            ..Keeper::default()
        }
    }

    #[tokio::test]
    async fn a_message_is_kept_once_whatever_its_file_is_called() {
        let ((dir, mut reader), keeper) = (maildir(), wanting(&[]));
        let new = dir.path().join("new/1700000000.a.host");
        fs::write(&new, "Subject: case\n\nhello").unwrap();
        assert_eq!(reader.scan(&keeper).await.unwrap(), Synced { seen: 1, stored: 1 });
        fs::rename(&new, dir.path().join("cur/1700000000.a.host:2,S")).unwrap();
        assert_eq!(reader.scan(&keeper).await.unwrap(), Synced::default());
        let mut restarted = MaildirReader::new(reader.folder.clone(), reader.options);
        assert_eq!(restarted.scan(&keeper).await.unwrap().stored, 0);
        assert!(dir.path().join("cur/1700000000.a.host:2,S").exists());
    }

    #[tokio::test]
    async fn mail_is_wanted_only_once_a_case_is_open() {
        let ((dir, mut reader), keeper) = (maildir(), Keeper::default());
        fs::write(dir.path().join("new/1.a"), "Subject: case\n\nhello").unwrap();
        assert_eq!(reader.scan(&keeper).await.unwrap(), Synced::default());
        *keeper.since.lock().unwrap() = Date::from_ymd_opt(2020, 1, 1);
        assert_eq!(reader.scan(&keeper).await.unwrap().stored, 1);
    }

    #[tokio::test]
    async fn a_large_file_is_cut_and_a_marker_is_found_in_encoded_text() {
        let ((dir, mut reader), keeper) = (maildir(), wanting(&["7Q2M"]));
        fs::write(dir.path().join("cur/1.large:2,"), format!("Subject: case\n\n{}", "x".repeat(5_000))).unwrap();
        let encoded = "Subject: x\nContent-Transfer-Encoding: quoted-printable\n\nre 7Q=\n2M\n";
        fs::write(dir.path().join("new/2.marked"), encoded).unwrap();
        fs::write(dir.path().join("new/3.other"), "Subject: x\n\nsale\n").unwrap();
        assert_eq!(reader.scan(&keeper).await.unwrap(), Synced { seen: 3, stored: 2 });
        let kept = keeper.kept.lock().unwrap();
        let large = &kept[&uid_of("1.large")];
        assert_eq!((large.0.len(), large.1), (100, true));
        assert!(kept.contains_key(&uid_of("2.marked")));
    }

    #[tokio::test]
    async fn a_directory_that_is_no_maildir_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let folder = maildir_folders(dir.path()).remove(0);
        let error = MaildirReader::new(folder, MaildirOptions::default()).scan(&wanting(&[])).await.unwrap_err();
        assert_eq!(error.class(), Class::Account);
        assert!(error.to_string().contains(&dir.path().display().to_string()));
    }

    #[tokio::test]
    async fn a_watch_tells_of_trouble_reads_when_woken_and_stops() {
        let (dir, reader) = maildir();
        let keeper = std::sync::Arc::new(wanting(&[]));
        let (wake, events) = (std::sync::Arc::new(Notify::new()), watch::channel(Vec::new()).0);
        let (stop, stopped) = watch::channel(false);
        let mut told = events.subscribe();
        fs::rename(dir.path().join("cur"), dir.path().join("away")).unwrap();
        let (inbox, woken) = (keeper.clone(), wake.clone());
        let task = tokio::spawn(async move {
            let watcher = MaildirWatcher {
                folders: vec![reader.folder],
                options: MaildirOptions { poll: Duration::from_secs(3600), ..reader.options },
                inbox: inbox.as_ref(),
                report: &|event| events.send_modify(|all| all.push(event)),
                wake: &woken,
            };
            watcher.run(stopped).await;
        });
        let lost = |e: &WatchEvent| matches!(e, WatchEvent::Lost { class: Class::Account, .. });
        told.wait_for(|all: &Vec<WatchEvent>| all.iter().any(lost)).await.unwrap();
        fs::rename(dir.path().join("away"), dir.path().join("cur")).unwrap();
        fs::write(dir.path().join("new/1.a"), "Subject: case\n\nhello").unwrap();
        wake.notify_one();
        told.wait_for(|all| all.iter().any(|e| matches!(e, WatchEvent::ReadToEnd { .. }))).await.unwrap();
        assert_eq!(keeper.kept.lock().unwrap().len(), 1);
        stop.send(true).unwrap();
        task.await.unwrap();
    }
}
