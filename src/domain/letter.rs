//! The mails of a case to its carrier as values: texts, documents, what for, and which were sent. How texts are
//! rendered is in `config::templates`, how they are filled in and hashed in `draft`.

use super::Timestamp;
use super::address::{Address, MessageId};
use serde::{Deserialize, Serialize};

/// Why a mail goes to the carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first mail.
    Request,
    /// First reminder, polite.
    FollowUp1,
    /// Second reminder, firm.
    FollowUp2,
    /// The formal last one.
    Notice,
    /// Our answer to a question.
    Answer,
}

impl Purpose {
    /// The follow-up that comes after `sent` of them.
    #[must_use]
    pub fn follow_up(sent: u8) -> Option<Self> {
        match sent {
            0 => Some(Self::FollowUp1),
            1 => Some(Self::FollowUp2),
            2 => Some(Self::Notice),
            _ => None,
        }
    }

    /// Whether it reminds the carrier of what was asked before.
    #[must_use]
    pub fn is_reminder(self) -> bool {
        match self {
            Self::FollowUp1 | Self::FollowUp2 | Self::Notice => true,
            Self::Request | Self::Answer => false,
        }
    }

    /// The name used in files, templates and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::FollowUp1 => "follow_up_1",
            Self::FollowUp2 => "follow_up_2",
            Self::Notice => "notice",
            Self::Answer => "answer",
        }
    }
}

/// Subject and body of one mail to the carrier, with the same text in the holder's language.
///
/// A text may hold the slots of [`super::draft`]; they stand for facts known only when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Subject, one line.
    pub subject: String,
    /// Body, plain text with `\n` line ends.
    pub body: String,
    /// Subject and body in the holder's language, for reading only; never sent.
    pub reading_aid: Option<String>,
}

/// All texts of a case, rendered together, so that approving the first can cover the later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letters {
    /// The request.
    pub request: Letter,
    /// First reminder.
    pub follow_up_1: Letter,
    /// Second reminder.
    pub follow_up_2: Letter,
    /// Formal notice.
    pub notice: Letter,
    /// Answer to an offer: no, thank you, please proceed.
    pub decline_offer: Letter,
    /// Answer to the wish for a document, where one lies ready.
    #[serde(default)]
    pub document_enclosed: Option<Letter>,
}

impl Letters {
    /// The text for a purpose; an answer has none of its own here.
    #[must_use]
    pub fn of(&self, purpose: Purpose) -> Option<&Letter> {
        match purpose {
            Purpose::Request => Some(&self.request),
            Purpose::FollowUp1 => Some(&self.follow_up_1),
            Purpose::FollowUp2 => Some(&self.follow_up_2),
            Purpose::Notice => Some(&self.notice),
            Purpose::Answer => None,
        }
    }
}

/// A mail ready to be approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Why it is sent.
    pub purpose: Purpose,
    /// The text.
    pub letter: Letter,
    /// What goes with it.
    pub attachments: Vec<Attachment>,
    /// Message of the carrier it answers, if any.
    pub in_reply_to: Option<MessageId>,
}

/// A document that goes with a mail; its bytes lie in the store under the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Name shown to the recipient.
    pub file_name: String,
    /// Media type, such as `image/jpeg`.
    pub media_type: String,
    /// SHA-256 of the bytes, lower-case hex.
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
}

/// A mail of ours to the carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMail {
    /// Its Message-ID.
    pub message_id: MessageId,
    /// Why it was sent.
    pub purpose: Purpose,
    /// To whom.
    pub to: Address,
    /// Its Date header.
    pub date: Timestamp,
    /// When a server took it; `None` until then.
    pub accepted_at: Option<Timestamp>,
}
