//! Everything the shell can be asked to do. Effects are orders; they are stored in the same transaction
//! as the state that ordered them, and carried out afterwards.

use super::Timestamp;
use super::address::{Address, MessageId};
use super::case::{Attachment, Purpose};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One order to the shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Owe this mail to the carrier.
    Submit {
        /// The mail.
        mail: OutgoingMessage,
    },
    /// Try an owed mail again, same bytes.
    Resubmit {
        /// Which.
        mail: MessageId,
        /// Not before.
        not_before: Timestamp,
    },
    /// Take back an owed mail that was not handed over.
    CancelSubmit {
        /// Which.
        mail: MessageId,
    },
    /// Tell the holder something.
    Nudge {
        /// What.
        nudge: Nudge,
    },
    /// Delete copies of documents, and what the stored mails of the case hold of them.
    DeleteDocuments {
        /// Digests of their bytes.
        digests: Vec<String>,
    },
}

/// A mail to the carrier, complete: composing it is a pure function of this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMessage {
    /// Its Message-ID.
    pub message_id: MessageId,
    /// Its Date header.
    pub date: Timestamp,
    /// Why it is sent.
    pub purpose: Purpose,
    /// Display name and address of the holder.
    pub from: (String, Address),
    /// Where answers should go, if elsewhere.
    pub reply_to: Option<Address>,
    /// The one recipient.
    pub to: Address,
    /// Subject, slots filled.
    pub subject: String,
    /// Body, slots filled, `\n` line ends.
    pub body: String,
    /// The thread id and the ids of the exchange, oldest first.
    pub references: Vec<MessageId>,
    /// The message answered or followed up.
    pub in_reply_to: Option<MessageId>,
    /// Documents, bytes in the store.
    pub attachments: Vec<Attachment>,
    /// Not to leave before this instant (send window).
    pub not_before: Timestamp,
}

/// A mail to the holder. Rendered from `templates/<language>/nudge_<kind>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nudge {
    /// Which template.
    pub kind: NudgeKind,
    /// What it is about; unique in the case, so that no cause is told twice.
    pub cause: String,
    /// Facts for the template, by name.
    pub facts: BTreeMap<String, String>,
}

/// The kinds of DESIGN §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NudgeKind {
    /// Something is missing before a draft can be made.
    FactsMissing,
    /// A draft waits for approval.
    DraftReady,
    /// The request left.
    Sent,
    /// No sign of receipt.
    NoSign,
    /// A follow-up left.
    FollowedUp,
    /// The carrier asks, or something else is the holder's to decide: `question` says what.
    NeedsYou,
    /// A message that claims to be the carrier's and is not proven to be.
    Unproven,
    /// Confirmed for a future date.
    Confirmed,
    /// Cancelled, with the device checklist.
    Done,
    /// One day later: is the profile off the phone?
    DeviceCheck,
    /// The bill watch is over without a bill.
    BillWatchOver,
    /// The mail server does not take our mail.
    SendProblem,
    /// The inbox could not be read.
    WatcherBlind,
    /// A mail that no case claims.
    Unmatched,
    /// Overview by schedule.
    Digest,
}

impl NudgeKind {
    /// All kinds, for tests that every template exists.
    pub const ALL: [Self; 15] = [
        Self::FactsMissing,
        Self::DraftReady,
        Self::Sent,
        Self::NoSign,
        Self::FollowedUp,
        Self::NeedsYou,
        Self::Unproven,
        Self::Confirmed,
        Self::Done,
        Self::DeviceCheck,
        Self::BillWatchOver,
        Self::SendProblem,
        Self::WatcherBlind,
        Self::Unmatched,
        Self::Digest,
    ];

    /// The name of the template folder, after `nudge_`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FactsMissing => "facts_missing",
            Self::DraftReady => "draft_ready",
            Self::Sent => "sent",
            Self::NoSign => "no_sign",
            Self::FollowedUp => "followed_up",
            Self::NeedsYou => "needs_you",
            Self::Unproven => "unproven",
            Self::Confirmed => "confirmed",
            Self::Done => "done",
            Self::DeviceCheck => "device_check",
            Self::BillWatchOver => "bill_watch_over",
            Self::SendProblem => "send_problem",
            Self::WatcherBlind => "watcher_blind",
            Self::Unmatched => "unmatched",
            Self::Digest => "digest",
        }
    }
}
