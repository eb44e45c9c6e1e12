//! The holder's mailbox as the daemon uses it: what of it is kept in the store, whether a mail is there, the
//! copy in the Sent folder. Binds the IMAP and Maildir readers to the store; decides nothing about cases.

use super::imap::{self, FetchedMessage, FolderWishes, HeaderGlance, InboxError, Interest, Place, Role, WatchEvent};
use super::maildir_in::{self, MaildirFolder, MaildirOptions, MaildirReader};
use super::{Parts, Stop};
use crate::config::account::{Account, Endpoint, ImapSource, MailSink, MailSource, SentCopy};
use crate::daemon::local_out;
use crate::domain::Date;
use crate::domain::address::{MessageId, Reference};
use crate::domain::reply::CaseDirectory;
use crate::engine::EngineError;
use crate::store::{self, NewMessage, OutboxRow, Store, StoreError, Tx};
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::path::Path;
use std::time::Duration;
use tokio::sync::Notify;

/// Copies filed per connection.
const COPIES: u32 = 50;
/// Capability of servers that put sent mail into the Sent folder by themselves.
const FILES_BY_ITSELF: &str = "X-GM-EXT-1";
/// Time a server gets to file a sent mail itself before odjava does.
const FILES_WITHIN: Duration = Duration::from_secs(3);

/// The secret of an endpoint, asked anew at each connection.
///
/// # Errors
/// A sentence for the holder.
pub async fn secret_of(endpoint: &Endpoint) -> Result<Option<SecretString>, String> {
    let Some(login) = endpoint.login.clone() else { return Ok(None) };
    let asked = tokio::task::spawn_blocking(move || login.secret.resolve(&|name| std::env::var(name).ok()));
    match asked.await {
        Ok(found) => found.map(Some).map_err(|e| e.to_string()),
        Err(_) => Err("the secret could not be asked for".to_owned()),
    }
}

/// Keeps an account's mail in the store.
struct Kept {
    parts: Parts,
    account: String,
}

fn kept_error(error: StoreError) -> InboxError {
    InboxError(error.to_string())
}

impl Kept {
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, InboxError> {
        let account = self.account.clone();
        let asked = self.parts.store.read(move |s: &mut Store| s.read(|tx| work(tx, &account)));
        asked.await.map_err(kept_error)
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, InboxError> {
        let account = self.account.clone();
        let done = self.parts.store.read(move |s: &mut Store| s.transaction(|tx| work(tx, &account)));
        done.await.map_err(kept_error)
    }
}

impl imap::Inbox for Kept {
    async fn cursor(&self, folder: &str) -> Result<Option<imap::Cursor>, InboxError> {
        let folder = folder.to_owned();
        let found = self.ask(move |tx, account| tx.cursor(account, &folder)).await?;
        Ok(found.map(|c| imap::Cursor { uid_validity: c.uid_validity, next_uid: c.next_uid }))
    }

    async fn wanted_since(&self, _folder: &str) -> Result<Option<Date>, InboxError> {
        let since = self.ask(|tx, account| tx.watched_since(account)).await?;
        // A day earlier, because servers compare INTERNALDATE without its time zone (RFC 3501 §6.4.4).
        Ok(since.and_then(|at| at.date_naive().pred_opt()))
    }

    async fn concerns(&self, place: &Place<'_>, glance: &HeaderGlance) -> Result<Interest, InboxError> {
        let (glance, sent) = (glance.clone(), place.role == Role::Sent);
        self.ask(move |tx, account| concerns(tx, account, &glance, sent)).await
    }

    async fn body_markers(&self) -> Result<Vec<String>, InboxError> {
        self.ask(|tx, account| tx.open_references(account, 20)).await
    }

    async fn seen(&self, place: &Place<'_>, uid: u64) -> Result<bool, InboxError> {
        let (folder, validity) = (place.folder.to_owned(), i64::from(place.uid_validity));
        self.ask(move |tx, account| Ok(tx.seen(account, &folder, validity, row_uid(uid))?.is_some())).await
    }

    async fn store(&self, place: &Place<'_>, message: FetchedMessage) -> Result<(), InboxError> {
        let (folder, validity, role) = (place.folder.to_owned(), i64::from(place.uid_validity), role_name(place.role));
        let now = self.parts.clock.now();
        super::fault::point("before_store");
        self.change(move |tx, account| {
            let new = NewMessage {
                account,
                folder: &folder,
                role,
                uid_validity: validity,
                uid: row_uid(message.uid),
                raw: &message.raw,
                truncated: message.truncated,
                // A server's clock may be ahead; nothing is received later than it is read.
                received_at: message.received_at.map_or(now, |at| at.min(now)),
            };
            tx.store_message(&new, now).map(drop)
        })
        .await?;
        super::fault::point("after_store");
        self.parts.store.note_change();
        Ok(())
    }

    async fn advance(&self, folder: &str, cursor: imap::Cursor) -> Result<(), InboxError> {
        let (folder, now) = (folder.to_owned(), self.parts.clock.now());
        super::fault::point("before_advance");
        let cursor = store::Cursor { uid_validity: cursor.uid_validity, next_uid: cursor.next_uid };
        self.change(move |tx, account| {
            if tx.cursor(account, &folder)? == Some(cursor) {
                return Ok(());
            }
            tx.set_cursor(account, &folder, cursor, now)
        })
        .await
    }

    async fn read_to_end(&self, _folder: &str) -> Result<(), InboxError> {
        Ok(())
    }
}

/// UIDs fit: 32 bits on IMAP, 63 in a Maildir.
fn row_uid(uid: u64) -> i64 {
    i64::try_from(uid).unwrap_or(i64::MAX)
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Inbox => "inbox",
        Role::Junk => "junk",
        Role::Sent => "sent",
    }
}

/// Whether a mail may concern a case, by its header. When in doubt it is fetched: a reply lost is worse than
/// a newsletter read.
fn concerns(tx: &Tx<'_>, account: &str, glance: &HeaderGlance, sent: bool) -> Result<Interest, StoreError> {
    if let Some(id) = glance.message_id()
        && tx.is_ours(&id)?
    {
        return Ok(Interest::Ignore);
    }
    for id in glance.references() {
        if tx.by_message_id(&id)?.is_some() || tx.is_ours(&id)? {
            return Ok(Interest::Fetch);
        }
    }
    if sent {
        return Ok(Interest::Ignore);
    }
    for address in glance.senders() {
        if tx.knows_address(&address)? {
            return Ok(Interest::Fetch);
        }
        if let Some((_, domain)) = address.rsplit_once('@')
            && tx.knows_domain(domain)?
        {
            return Ok(Interest::Fetch);
        }
    }
    if glance.recipients().iter().any(|r| r.contains("+od-")) {
        return Ok(Interest::Fetch);
    }
    for word in glance.subject().split(|c: char| !c.is_ascii_alphanumeric()) {
        if let Some(reference) = Reference::parse(word)
            && word.len() >= Reference::LENGTH_MIN
            && tx.case_by_reference(&reference)?.is_some()
        {
            return Ok(Interest::Fetch);
        }
    }
    let watched = looks_like_a_bounce(glance) && tx.watched_since(account)?.is_some();
    Ok(if watched { Interest::Fetch } else { Interest::Ignore })
}

fn looks_like_a_bounce(glance: &HeaderGlance) -> bool {
    let from_daemon = glance.senders().iter().any(|s| {
        let local = s.split('@').next().unwrap_or_default();
        ["mailer-daemon", "postmaster", "mail-daemon", "mdaemon"].contains(&local)
    });
    from_daemon
        || glance.all("return-path").any(|v| v.trim() == "<>")
        || glance.all("content-type").any(|v| v.to_ascii_lowercase().contains("multipart/report"))
        || glance.all("x-failed-recipients").next().is_some()
}

fn wishes(source: &ImapSource) -> FolderWishes {
    FolderWishes {
        inbox: (!source.inbox.eq_ignore_ascii_case("INBOX")).then(|| source.inbox.clone()),
        junk: source.junk.clone(),
        sent: source.sent.clone(),
    }
}

fn limits(parts: &Parts) -> imap::Limits {
    let message_max = u32::try_from(parts.config.limits.message_size_max).unwrap_or(u32::MAX);
    imap::Limits { message_max, ..imap::Limits::default() }
}

async fn connect(source: &ImapSource, limits: imap::Limits) -> Result<imap::ImapSession, String> {
    let secret = secret_of(&source.endpoint).await?;
    imap::connect(&source.endpoint, secret.as_ref(), limits).await.map_err(|e| e.reason)
}

/// The task of one account: watches it until the daemon stops.
pub(super) async fn run(parts: Parts, account: Account, stop: Stop) {
    let kept = Kept { parts: parts.clone(), account: account.name.clone() };
    note_start(&parts, &account.name).await;
    let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
    let report = move |event| {
        // The receiver lives as long as the watch.
        let _ = events.send(event);
    };
    let watching = async {
        match &account.source {
            MailSource::Imap(source) => watch_imap(&parts, source, &kept, &report, stop).await,
            MailSource::Maildir { path, sent } => {
                let watcher = maildir_in::MaildirWatcher {
                    folders: maildir_folders(path, sent.as_deref()),
                    options: maildir_options(&parts),
                    inbox: &kept,
                    report: &report,
                    wake: &Notify::new(),
                };
                watcher.run(stop.0).await;
            }
        }
    };
    let noting = async {
        while let Some(event) = told.recv().await {
            note(&parts, &account, event).await;
        }
    };
    tokio::select! {
        () = watching => {}
        () = noting => {}
    }
}

async fn watch_imap(
    parts: &Parts,
    source: &ImapSource,
    kept: &Kept,
    report: &(dyn Fn(WatchEvent) + Send + Sync),
    stop: Stop,
) {
    let options = imap::WatchOptions {
        folders: wishes(source),
        limits: limits(parts),
        idle: source.idle,
        idle_reissue: source.idle_reissue,
        poll: source.poll,
        ..imap::WatchOptions::default()
    };
    let secret = || -> BoxFuture<'_, Result<Option<SecretString>, String>> { Box::pin(secret_of(&source.endpoint)) };
    let watcher = imap::Watcher {
        endpoint: &source.endpoint,
        secret: &secret,
        options: &options,
        inbox: kept,
        clock: parts.clock.as_ref(),
        report,
        wake: &Notify::new(),
    };
    watcher.run(stop.0).await;
}

/// The Maildirs of an account: those found under the inbox, and the Sent folder the config names.
fn maildir_folders(inbox: &Path, sent: Option<&Path>) -> Vec<MaildirFolder> {
    let mut folders = maildir_in::maildir_folders(inbox);
    if let Some(path) = sent {
        folders.retain(|f| f.role != Role::Sent);
        folders.push(MaildirFolder { role: Role::Sent, name: "Sent".to_owned(), path: path.to_owned() });
    }
    folders
}

fn maildir_options(parts: &Parts) -> MaildirOptions {
    let message_max = parts.config.limits.message_size_max;
    MaildirOptions { message_max, poll: Duration::from_secs(2), ..MaildirOptions::default() }
}

/// Reads an account's folders once, for `odjava run --once`.
///
/// # Errors
/// A sentence for the holder.
pub async fn look_once(parts: &Parts, account: &Account) -> Result<(), String> {
    let kept = Kept { parts: parts.clone(), account: account.name.clone() };
    note_start(parts, &account.name).await;
    let looked = match &account.source {
        MailSource::Imap(source) => look_once_imap(parts, source, &kept).await,
        MailSource::Maildir { path, sent } => look_once_maildir(parts, path, sent.as_deref(), &kept).await,
    };
    match &looked {
        Ok(()) => note_read(parts, &account.name, "once").await,
        Err(reason) => note_trouble(parts, &account.name, reason).await,
    }
    looked
}

async fn look_once_imap(parts: &Parts, source: &ImapSource, kept: &Kept) -> Result<(), String> {
    let mut session = connect(source, limits(parts)).await?;
    let folders = imap::discover(&mut session, &wishes(source)).await.map_err(|e| e.reason)?;
    let mut memory = imap::SyncMemory::default();
    for folder in folders.junk.iter().chain(&folders.sent).chain([&folders.inbox]) {
        imap::sync_folder(&mut session, folder, kept, &mut memory).await.map_err(|e| e.reason)?;
    }
    session.logout().await;
    Ok(())
}

async fn look_once_maildir(parts: &Parts, inbox: &Path, sent: Option<&Path>, kept: &Kept) -> Result<(), String> {
    for folder in maildir_folders(inbox, sent) {
        let needed = folder.role == Role::Inbox;
        let looked = MaildirReader::new(folder, maildir_options(parts)).scan(kept).await;
        match looked {
            Ok(_) => {}
            // A Sent folder that is made with the first copy is no reason to stop.
            Err(error) if !needed => tracing::info!(%error, "a folder could not be read"),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

/// Logs in and finds the folders, for `odjava check`; returns what was found, in words.
///
/// # Errors
/// A sentence for the holder.
pub async fn check(parts: &Parts, account: &Account) -> Result<String, String> {
    match &account.source {
        MailSource::Imap(source) => {
            let mut session = connect(source, limits(parts)).await?;
            let folders = imap::discover(&mut session, &wishes(source)).await.map_err(|e| e.reason)?;
            let idle = if session.offers("IDLE") { "mail is pushed (IDLE)" } else { "mail is polled (no IDLE)" };
            session.logout().await;
            let name = |f: &Option<imap::Folder>| f.as_ref().map_or("none", |f| f.name.as_str()).to_owned();
            Ok(format!(
                "login ok; inbox `{}`, junk `{}`, sent `{}`; {idle}",
                folders.inbox.name,
                name(&folders.junk),
                name(&folders.sent)
            ))
        }
        MailSource::Maildir { path, .. } if path.is_dir() => Ok(format!("Maildir {} is there", path.display())),
        MailSource::Maildir { path, .. } => {
            Err(format!("the Maildir {} is not there; make it or correct the path", path.display()))
        }
    }
}

async fn note(parts: &Parts, account: &Account, event: WatchEvent) {
    let maildir = matches!(account.source, MailSource::Maildir { .. });
    let account = account.name.as_str();
    match event {
        WatchEvent::Connected { idle } => {
            tracing::info!(account, idle, "mailbox connected");
            let mode = if maildir {
                "maildir"
            } else if idle {
                "idle"
            } else {
                "polling"
            };
            note_mode(parts, account, mode).await;
        }
        WatchEvent::ReadToEnd { role: Role::Inbox, .. } => note_read(parts, account, "").await,
        WatchEvent::ReadToEnd { .. } => {}
        WatchEvent::Skipped { folder, reason } => tracing::warn!(account, folder, reason, "a folder could not be read"),
        WatchEvent::Lost { reason, retry_in, .. } => {
            tracing::warn!(account, reason, retry_in_s = retry_in.as_secs(), "mailbox lost");
            note_trouble(parts, account, &reason).await;
        }
    }
}

async fn note_start(parts: &Parts, account: &str) {
    let now = parts.clock.now();
    change_watch(parts, account, move |w| w.since = w.since.or(Some(now))).await;
}

async fn note_mode(parts: &Parts, account: &str, mode: &'static str) {
    change_watch(parts, account, move |w| mode.clone_into(&mut w.mode)).await;
}

async fn note_read(parts: &Parts, account: &str, mode: &'static str) {
    let now = parts.clock.now();
    change_watch(parts, account, move |w| {
        w.read_at = Some(now);
        w.last_error.clear();
        if !mode.is_empty() {
            mode.clone_into(&mut w.mode);
        }
    })
    .await;
}

async fn note_trouble(parts: &Parts, account: &str, reason: &str) {
    let reason = reason.to_owned();
    change_watch(parts, account, move |w| w.last_error = reason).await;
}

/// Notes how the watcher fares. What fails here shows itself as a stale inbox, so it is only logged.
async fn change_watch(parts: &Parts, account: &str, change: impl FnOnce(&mut store::Watch) + Send + 'static) {
    let name = account.to_owned();
    let done = parts
        .store
        .read(move |s: &mut Store| {
            s.transaction(|tx| {
                let mut watch = tx.watch(&name)?;
                change(&mut watch);
                tx.set_watch(&name, &watch)
            })
        })
        .await;
    if let Err(error) = done {
        tracing::warn!(account, %error, "the state of the watcher could not be noted");
    }
}

/// Whether a mail lies in the holder's Sent folder, inbox, or the Maildir it was delivered to. `Ok(false)` says only that it is not there.
///
/// # Errors
/// A sentence, when the mailbox could not be looked into.
pub async fn has_message(account: &Account, id: &MessageId) -> Result<bool, String> {
    if let MailSink::Maildir(path) = &account.sink
        && local_out::maildir_holds(path, id).await.map_err(|e| unreadable(path, &e))?
    {
        return Ok(true);
    }
    match &account.source {
        MailSource::Imap(source) => {
            let mut session = connect(source, imap::Limits::default()).await?;
            let folders = imap::discover(&mut session, &wishes(source)).await.map_err(|e| e.reason)?;
            let mut found = false;
            for folder in folders.sent.iter().chain([&folders.inbox]) {
                found = found || imap::find_message_id(&mut session, folder, id).await.map_err(|e| e.reason)?;
            }
            session.logout().await;
            Ok(found)
        }
        MailSource::Maildir { path, sent } => {
            for place in sent.iter().chain([path]) {
                let looked = local_out::maildir_holds(place, id).await;
                if looked.map_err(|e| unreadable(place, &e))? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

fn unreadable(maildir: &Path, error: &std::io::Error) -> String {
    format!("the Maildir {} cannot be read: {error}", maildir.display())
}

/// The task that files copies: apart from sending, because a server that files them itself is given a moment.
pub(super) async fn run_copies(parts: Parts, account: Account, mut stop: Stop) {
    let mut changes = parts.store.changes();
    let mut failures = 0;
    loop {
        changes.borrow_and_update();
        let filed = tokio::select! {
            // A copy half filed is looked for before it is filed again.
            () = stop.asked() => return,
            filed = file_copies(&parts, &account) => filed,
        };
        let failed = match filed {
            Ok(all) => !all,
            Err(error) => {
                tracing::error!(account = account.name, %error, "copies owed could not be looked at; trying again");
                true
            }
        };
        failures = if failed { failures + 1 } else { 0 };
        tokio::select! {
            () = stop.asked() => return,
            // A server that refuses the login is not asked at each change of the store.
            () = tokio::time::sleep(copy_pause(failures)) => {}
            _ = changes.changed(), if !failed => {}
        }
    }
}

/// Until copies are looked at again after so many failures: a minute, growing to an hour.
fn copy_pause(failures: u32) -> Duration {
    if failures == 0 { super::LONG } else { Duration::from_secs(60 << (failures - 1).min(6)).min(super::LONG) }
}

/// Files the copies that are owed; `false` when some could not be.
///
/// # Errors
/// [`EngineError::Store`] when the store fails.
pub async fn file_copies(parts: &Parts, account: &Account) -> Result<bool, EngineError> {
    let name = account.name.clone();
    let owed = parts.store.read(move |s: &mut Store| s.read(|tx| tx.copies_owed(&name, COPIES))).await?;
    if owed.is_empty() {
        return Ok(true);
    }
    let filed = file(parts, account, &owed).await;
    if let Err(reason) = &filed {
        tracing::warn!(account = account.name, reason, "a sent mail could not be filed yet");
    }
    Ok(filed.is_ok())
}

async fn file(parts: &Parts, account: &Account, owed: &[OutboxRow]) -> Result<(), String> {
    if account.sent_copy == SentCopy::Never {
        return filed(parts, owed.iter().map(|r| r.id).collect()).await;
    }
    match &account.source {
        MailSource::Maildir { sent: None, .. } => filed(parts, owed.iter().map(|r| r.id).collect()).await,
        MailSource::Maildir { sent: Some(sent), .. } => {
            for row in owed {
                let copied = local_out::copy_to_maildir(sent, &row.message_id, &row.raw).await;
                copied.map_err(|e| format!("the Maildir {} cannot be written: {e}", sent.display()))?;
                filed(parts, vec![row.id]).await?;
            }
            Ok(())
        }
        MailSource::Imap(source) => file_by_imap(parts, account, source, owed).await,
    }
}

async fn file_by_imap(parts: &Parts, account: &Account, source: &ImapSource, owed: &[OutboxRow]) -> Result<(), String> {
    let mut session = connect(source, limits(parts)).await?;
    let folders = imap::discover(&mut session, &wishes(source)).await.map_err(|e| e.reason)?;
    let server_files = account.sent_copy == SentCopy::Auto && session.offers(FILES_BY_ITSELF);
    let Some(sent) = folders.sent.filter(|_| !server_files) else {
        // Nothing to file into, or filed by the server already.
        return filed(parts, owed.iter().map(|r| r.id).collect()).await;
    };
    for (number, row) in owed.iter().enumerate() {
        let mut there = imap::find_message_id(&mut session, &sent, &row.message_id).await.map_err(|e| e.reason)?;
        if !there && number == 0 && account.sent_copy == SentCopy::Auto {
            tokio::time::sleep(FILES_WITHIN).await;
            there = imap::find_message_id(&mut session, &sent, &row.message_id).await.map_err(|e| e.reason)?;
        }
        if !there {
            super::fault::point("before_copy");
            imap::append(&mut session, &sent, &row.raw).await.map_err(|e| e.reason)?;
            super::fault::point("after_copy");
        }
        filed(parts, vec![row.id]).await?;
    }
    session.logout().await;
    Ok(())
}

async fn filed(parts: &Parts, ids: Vec<i64>) -> Result<(), String> {
    let done = parts.store.read(move |s: &mut Store| {
        s.transaction(|tx| {
            for id in &ids {
                tx.copy_filed(*id)?;
            }
            Ok::<(), StoreError>(())
        })
    });
    done.await.map_err(|e| e.to_string())
}
