//! Reads what is new in one folder: UIDs, headers, then bodies of what is of interest. Opens folders read-only
//! and peeks only. Decides nothing about messages; asks the [`Inbox`].

use super::error::{Fault, ImapError};
use super::folders::Folder;
use super::glance::{GLANCE_FIELDS, HeaderGlance};
use super::inbox::{Cursor, FetchedMessage, Inbox, InboxError, Interest, Place};
use super::reply::Reply;
use super::session::{ImapSession, Opened};
use crate::domain::{Date, Timestamp};
use chrono::{DateTime, Days, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Messages looked at per command.
const BATCH: usize = 50;
/// Bytes of header that a glance takes.
const GLANCE_BYTES: u32 = 32 * 1024;
/// Markers looked for in bodies.
const MARKERS_MAX: usize = 20;

/// What one connection has taught about the server for the next one.
#[derive(Debug, Default)]
pub struct SyncMemory {
    /// Searching bodies is refused or too slow here.
    no_body_search: bool,
    /// Messages that are larger than the server says.
    larger_than_said: BTreeSet<(String, u32)>,
}

/// What a look into a folder came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Synced {
    /// Messages looked at.
    pub seen: usize,
    /// Messages stored.
    pub stored: usize,
}

impl From<InboxError> for ImapError {
    fn from(error: InboxError) -> Self {
        Self::new(Fault::Store, format!("incoming mail cannot be kept: {error}"))
    }
}

/// Reads what is new in `folder`.
///
/// # Errors
/// [`ImapError`]; everything before the last [`Inbox::advance`] is done with, the rest is done again next time.
pub async fn sync_folder<I: Inbox>(
    session: &mut ImapSession,
    folder: &Folder,
    inbox: &I,
    memory: &mut SyncMemory,
) -> Result<Synced, ImapError> {
    let opened = session.examine(folder).await?;
    let place = Place { role: folder.role, folder: &folder.name, uid_validity: opened.uid_validity };
    let cursor = inbox.cursor(&folder.name).await?.filter(|c| still_valid(*c, opened));
    session.connection.begin_look();
    let uids = match cursor {
        Some(cursor) => new_uids(session, cursor.next_uid).await?,
        None => first_uids(session, folder, inbox, opened).await?,
    };
    let uids: Vec<u32> = uids.into_iter().collect();
    let markers = if uids.is_empty() { Vec::new() } else { inbox.body_markers().await? };
    let mut synced = Synced::default();
    for batch in uids.chunks(BATCH) {
        let mut look = Look { session, place: &place, inbox, memory, markers: &markers };
        synced.stored += look.batch(batch).await?;
        synced.seen += batch.len();
        if let Some(last) = batch.last() {
            let next_uid = last.saturating_add(1);
            inbox.advance(&folder.name, Cursor { uid_validity: opened.uid_validity, next_uid }).await?;
        }
    }
    inbox.read_to_end(&folder.name).await?;
    Ok(synced)
}

/// UIDVALIDITY is the same, and the numbers have not been given out anew all the same (which some servers do).
fn still_valid(cursor: Cursor, opened: Opened) -> bool {
    cursor.uid_validity == opened.uid_validity && opened.uid_next.is_none_or(|next| next >= cursor.next_uid)
}

async fn new_uids(session: &mut ImapSession, next_uid: u32) -> Result<BTreeSet<u32>, ImapError> {
    let found = session.uid_search(&format!("UID {next_uid}:*")).await?;
    // RFC 3501 §6.4.8: `n:*` names the last message even where n lies beyond it.
    Ok(found.into_iter().filter(|u| *u >= next_uid).collect())
}

/// For a folder without a valid cursor: what came since the wanted day. Where nothing did, or nothing is wanted,
/// the cursor is put at the end at once.
async fn first_uids<I: Inbox>(
    session: &mut ImapSession,
    folder: &Folder,
    inbox: &I,
    opened: Opened,
) -> Result<BTreeSet<u32>, ImapError> {
    let found = match inbox.wanted_since(&folder.name).await? {
        Some(day) => session.uid_search(&format!("SINCE {}", search_date(day))).await?,
        None => BTreeSet::new(),
    };
    if found.is_empty() {
        let next_uid = match opened.uid_next {
            Some(next) => next,
            None => session.uid_search("UID *").await?.last().map_or(1, |last| last.saturating_add(1)),
        };
        inbox.advance(&folder.name, Cursor { uid_validity: opened.uid_validity, next_uid }).await?;
    }
    Ok(found)
}

/// A day as SEARCH writes it, one earlier: the server's day may begin in another zone than ours.
fn search_date(day: Date) -> String {
    day.checked_sub_days(Days::new(1)).unwrap_or(day).format("%-d-%b-%Y").to_string()
}

/// One message as far as a FETCH told.
#[derive(Debug, Default)]
struct Item {
    size: Option<u32>,
    received_at: Option<Timestamp>,
    header: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
}

/// A look into an open folder.
struct Look<'a, 'p, I> {
    session: &'a mut ImapSession,
    place: &'a Place<'p>,
    inbox: &'a I,
    memory: &'a mut SyncMemory,
    markers: &'a [String],
}

impl<I: Inbox> Look<'_, '_, I> {
    /// Looks at these messages and stores those of interest; how many.
    async fn batch(&mut self, uids: &[u32]) -> Result<usize, ImapError> {
        let items = self.glances(uids).await?;
        let mut wanted = BTreeSet::new();
        let mut silent = Vec::new();
        for (uid, item) in &items {
            let header = item.header.as_deref().unwrap_or_default();
            let glance = HeaderGlance::parse(u64::from(*uid), item.size.map(u64::from), item.received_at, header);
            match self.inbox.concerns(self.place, &glance).await? {
                Interest::Fetch => _ = wanted.insert(*uid),
                Interest::Ignore => silent.push(*uid),
            }
        }
        wanted.extend(self.marked(&silent).await?);
        let mut stored = 0;
        for uid in wanted {
            let item = items.get(&uid);
            let size = item.and_then(|i| i.size);
            let Some((raw, truncated)) = self.body(uid, size).await? else { continue };
            let received_at = item.and_then(|i| i.received_at);
            let message = FetchedMessage { uid: u64::from(uid), raw, truncated, received_at };
            self.inbox.store(self.place, message).await?;
            stored += 1;
        }
        Ok(stored)
    }

    /// Headers of these messages; those deleted meanwhile are not among them.
    async fn glances(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, Item>, ImapError> {
        let peek = format!("UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS ({GLANCE_FIELDS})]");
        let budget = self.session.connection.limits.command * 2;
        let asked = format!("UID FETCH {} ({peek}<0.{GLANCE_BYTES}>)", uid_set(uids));
        let mut items = self.fetch(&asked, uids, budget).await?;
        for uid in uids {
            if items.get(uid).is_some_and(|i| i.header.is_some()) {
                continue;
            }
            let again = self.fetch(&format!("UID FETCH {uid} ({peek})"), &[*uid], budget).await?;
            match again.into_iter().find(|(_, i)| i.header.is_some()) {
                Some((uid, item)) => _ = items.insert(uid, item),
                None if self.exists(*uid).await? => return Err(self.withheld(*uid)),
                None => _ = items.remove(uid),
            }
        }
        Ok(items)
    }

    /// The bytes of a message and whether they are only its beginning; `None` when it was deleted meanwhile.
    async fn body(&mut self, uid: u32, size: Option<u32>) -> Result<Option<(Vec<u8>, bool)>, ImapError> {
        let limits = self.session.connection.limits;
        let key = (self.place.folder.to_owned(), uid);
        let whole = size.is_some_and(|s| s <= limits.message_max) && !self.memory.larger_than_said.contains(&key);
        let (section, budget) = if whole {
            ("BODY.PEEK[]".to_owned(), limits.for_bytes(u64::from(size.unwrap_or_default())))
        } else {
            (format!("BODY.PEEK[]<0.{}>", limits.truncated_to), limits.for_bytes(u64::from(limits.truncated_to)))
        };
        for _ in 0..2 {
            let fetched = self.fetch(&format!("UID FETCH {uid} (UID {section})"), &[uid], budget).await;
            if fetched.as_ref().is_err_and(|e| e.fault == Fault::TooLarge) {
                self.memory.larger_than_said.insert(key.clone());
            }
            if let Some(raw) = fetched?.remove(&uid).and_then(|i| i.body) {
                let cut = !whole && raw.len() >= usize::try_from(limits.truncated_to).unwrap_or(usize::MAX);
                return Ok(Some((raw, cut)));
            }
        }
        if self.exists(uid).await? { Err(self.withheld(uid)) } else { Ok(None) }
    }

    /// Which of these messages hold one of the markers in their body. A server that cannot search bodies finds
    /// none, and is not asked again.
    async fn marked(&mut self, uids: &[u32]) -> Result<BTreeSet<u32>, ImapError> {
        let usable = |m: &&String| m.len() >= 3 && m.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        let keys: Vec<String> = self
            .markers
            .iter()
            .filter(usable)
            .take(MARKERS_MAX)
            .filter_map(|m| super::connection::quote(m).ok())
            .map(|m| format!("BODY {m}"))
            .collect();
        if uids.is_empty() || keys.is_empty() || self.memory.no_body_search {
            return Ok(BTreeSet::new());
        }
        let ors = "OR ".repeat(keys.len() - 1);
        match self.session.uid_search(&format!("UID {} {ors}{}", uid_set(uids), keys.join(" "))).await {
            Ok(found) => Ok(found.into_iter().filter(|u| uids.contains(u)).collect()),
            Err(e) if e.fault == Fault::Refused => {
                self.memory.no_body_search = true;
                Ok(BTreeSet::new())
            }
            Err(e) => {
                self.memory.no_body_search |= e.fault == Fault::TimedOut;
                Err(e)
            }
        }
    }

    /// Runs a FETCH; what came of the messages asked for. A refusal (some servers refuse a set in which one
    /// message is gone) is an empty answer: each message missing is asked for again.
    async fn fetch(
        &mut self,
        command: &str,
        uids: &[u32],
        budget: std::time::Duration,
    ) -> Result<BTreeMap<u32, Item>, ImapError> {
        let answer = match self.session.exec_within(command, budget).await {
            Err(e) if e.fault == Fault::Refused => Vec::new(),
            other => other?,
        };
        let mut items: BTreeMap<u32, Item> = BTreeMap::new();
        for reply in answer {
            add(&mut items, uids, reply);
        }
        Ok(items)
    }

    async fn exists(&mut self, uid: u32) -> Result<bool, ImapError> {
        Ok(self.session.uid_search(&format!("UID {uid}")).await?.contains(&uid))
    }

    fn withheld(&self, uid: u32) -> ImapError {
        let folder = self.place.folder;
        ImapError::new(
            Fault::Unreadable,
            format!(
                "the IMAP server lists message {uid} in `{folder}` but does not hand it out; reading stops before it"
            ),
        )
    }
}

/// Adds what one response says of the messages asked for; flag updates and strangers are passed over. A server may
/// tell of one message in several responses.
fn add(items: &mut BTreeMap<u32, Item>, uids: &[u32], reply: Reply) {
    let Reply::Fetch(data) = reply else { return };
    let Some(uid) = data.uid.filter(|u| uids.contains(u)) else { return };
    let item = items.entry(uid).or_default();
    item.size = data.size.or(item.size);
    item.received_at = data.internal_date.as_deref().and_then(internal_date).or(item.received_at);
    item.header = data.header.or_else(|| item.header.take());
    item.body = data.body.or_else(|| item.body.take());
}

/// INTERNALDATE (RFC 3501 §9, date-time).
fn internal_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok().map(|t| t.with_timezone(&Utc))
}

/// A sequence set of ascending UIDs, runs drawn together.
pub(super) fn uid_set(uids: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match runs.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*uid) => *end = *uid,
            _ => runs.push((*uid, *uid)),
        }
    }
    let text = |(a, b): &(u32, u32)| if a == b { a.to_string() } else { format!("{a}:{b}") };
    runs.iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn runs_of_uids_are_drawn_together() {
        let check = |uids: &[u32], expected: &str| assert_eq!(uid_set(uids), expected);
        check(&[5], "5");
        check(&[1, 2, 3, 7, 9, 10], "1:3,7,9:10");
        check(&[u32::MAX], "4294967295");
    }

    #[test]
    fn an_internal_date_is_read_with_its_zone() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(internal_date(text).map(|t| t.to_rfc3339()).as_deref(), expected, "{text}");
        };
        check(" 5-Nov-2026 10:00:00 +0100", Some("2026-11-05T09:00:00+00:00"));
        check("22-Nov-2026 00:30:00 +0200", Some("2026-11-21T22:30:00+00:00"));
        check("soon", None);
    }

    #[test]
    fn a_search_begins_a_day_early() {
        assert_eq!(search_date(Date::from_ymd_opt(2026, 3, 1).unwrap()), "28-Feb-2026");
    }

    #[test]
    fn a_cursor_ends_with_uidvalidity_and_when_numbers_run_backwards() {
        let cursor = Cursor { uid_validity: 3, next_uid: 50 };
        let check = |uid_validity, uid_next, expected| {
            assert_eq!(still_valid(cursor, Opened { uid_validity, uid_next }), expected);
        };
        check(3, Some(50), true);
        check(3, None, true);
        check(4, Some(60), false);
        check(3, Some(2), false);
    }
}
