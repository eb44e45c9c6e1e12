//! The IMAP side of mail-in: connect, find folders, read what is new by UID, wait for more. Hands raw bytes to an
//! [`Inbox`] and knows no case; never sets a flag, moves or deletes. Called by the daemon's tasks and by `check`.

mod append;
mod base64;
mod connection;
mod error;
mod folders;
mod glance;
mod guard;
mod idle;
mod inbox;
mod reply;
mod session;
mod sync;
mod watch;

pub use append::{AppendOutcome, append, find_message_id};
pub use connection::{Answer, Limits};
pub use error::{Class, Fault, ImapError};
pub use folders::{Folder, FolderWishes, Folders, Role, discover};
pub use glance::{GLANCE_FIELDS, HeaderGlance};
pub use inbox::{Cursor, FetchedMessage, Inbox, InboxError, Interest, Place};
pub use reply::{Code, ListedFolder, MessageData, Reply, StatusWord};
pub use session::{ImapSession, Opened, connect};
pub use sync::{SyncMemory, Synced, sync_folder};
pub use watch::{AskSecret, WatchEvent, WatchOptions, Watcher};
