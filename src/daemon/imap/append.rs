//! The Sent folder: is a message there, and put it there. Never puts it twice by itself; the caller looks first.

use super::connection::quote;
use super::error::{Fault, ImapError};
use super::folders::Folder;
use super::glance::HeaderGlance;
use super::reply::{Code, MessageData, Reply};
use super::session::ImapSession;
use super::sync::uid_set;
use crate::domain::address::MessageId;
use std::collections::BTreeSet;

/// What the server said when it took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AppendOutcome {
    /// UIDVALIDITY of the folder, where the server has UIDPLUS (RFC 4315).
    pub uid_validity: Option<u32>,
    /// The message's UID, likewise.
    pub uid: Option<u32>,
}

/// Whether `folder` holds a message with this Message-ID. `Ok(false)` is a proven absence.
///
/// # Errors
/// [`ImapError`] whenever the question could not be answered.
pub async fn find_message_id(session: &mut ImapSession, folder: &Folder, id: &MessageId) -> Result<bool, ImapError> {
    session.examine(folder).await?;
    let found = session.uid_search(&format!("HEADER Message-ID {}", quote(id.as_str())?)).await?;
    let found: Vec<u32> = found.into_iter().collect();
    // SEARCH finds substrings (RFC 3501 §6.4.4), so each hit is read; one that cannot be read proves nothing.
    for uids in found.chunks(50) {
        let command = format!("UID FETCH {} (UID BODY.PEEK[HEADER.FIELDS (Message-ID)])", uid_set(uids));
        let mut unread: BTreeSet<u32> = uids.iter().copied().collect();
        for reply in session.exec(&command).await? {
            let Reply::Fetch(MessageData { uid: Some(uid), header: Some(header), .. }) = reply else { continue };
            if HeaderGlance::parse(0, None, None, &header).message_id().as_ref() == Some(id) {
                return Ok(true);
            }
            unread.remove(&uid);
        }
        if !unread.is_empty() {
            let reason = format!("the IMAP server found messages in `{}` and did not show them", folder.name);
            return Err(ImapError::new(Fault::Unreadable, reason));
        }
    }
    Ok(false)
}

/// Puts a message into a folder, marked as read.
///
/// # Errors
/// [`Fault::Refused`]: it is not there. Anything else: it may be; look for it before another try.
pub async fn append(session: &mut ImapSession, folder: &Folder, raw: &[u8]) -> Result<AppendOutcome, ImapError> {
    if raw.contains(&0) {
        return Err(ImapError::new(Fault::Config, "a message with a NUL byte cannot be filed by IMAP"));
    }
    let name = folder.quoted()?;
    // RFC 7888 §5: LITERAL- is LITERAL+ up to 4096 bytes.
    let at_once = session.offers("LITERAL+") || (session.offers("LITERAL-") && raw.len() <= 4096);
    let sign = if at_once { "+" } else { "" };
    let line = &mut session.connection;
    let budget = line.limits.for_bytes(raw.len() as u64);
    let tag = line.next_tag();
    let command = format!("{tag} APPEND {name} (\\Seen) {{{}{sign}}}\r\n", raw.len());
    if at_once {
        line.write(&[command.as_bytes(), raw, b"\r\n"], budget).await?;
    } else {
        line.write(&[command.as_bytes()], budget).await?;
        let (goes_on, _) = line.continuation(&tag, budget).await?;
        if !goes_on {
            return Err(ImapError::new(
                Fault::Unreadable,
                "the IMAP server claims to have filed a message it never got",
            ));
        }
        line.write(&[raw, b"\r\n"], budget).await?;
    }
    let answer = line.finish(&tag, budget).await?;
    Ok(match answer.last() {
        Some(Reply::Status { code: Code::AppendUid(validity, uid), .. }) => {
            AppendOutcome { uid_validity: Some(*validity), uid: *uid }
        }
        _ => AppendOutcome::default(),
    })
}
