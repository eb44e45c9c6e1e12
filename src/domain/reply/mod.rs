//! From an inbound message to what it means for a case: match, then authenticate, then classify.
//! Pure; the cases it may belong to are asked of a [`CaseDirectory`].

pub mod authenticity;
pub mod classify;
pub mod concepts;
pub mod dates;
pub mod lexicon;
pub mod matching;
pub mod message;
pub mod normalize;
pub mod numbers;
pub mod proof;
pub mod quoting;
mod reading;
mod scope;
pub mod second_opinion;
mod simplified;
pub mod statistics;
pub mod verdict;

pub use lexicon::Lexicon;
pub use message::InboundMessage;
pub use reading::{Reading, features, read};
pub use verdict::{WouldDo, would_do};

use super::address::{Address, MessageId, Reference};
use super::{Date, Timestamp};
use serde::{Deserialize, Serialize};

/// Key of a stored inbound message (row id of the inbox table; 0 in `explain`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageKey(pub i64);

/// What a message says (DESIGN §4; definitions in the README of `tests/corpus/replies`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The line is ended, or definitely ends on a stated date.
    Confirmed,
    /// Received, in progress, promised without a date.
    Acknowledged,
    /// Documents, data or an answer are asked for.
    NeedsInfo,
    /// Something must be paid first.
    NeedsPayment,
    /// Not by e-mail.
    NeedsOtherChannel,
    /// Declined; the line stays.
    Refused,
    /// An offer to stay.
    Retention,
    /// Invoice, reminder or top-up.
    Billing,
    /// Anything else.
    Unrelated,
    /// Absence notice of a person.
    AutoReply,
    /// Delivery failure or delay.
    Bounce,
    /// No rule is sure.
    Unclear,
}

impl Kind {
    /// The name used in JSON and labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Acknowledged => "acknowledged",
            Self::NeedsInfo => "needs_info",
            Self::NeedsPayment => "needs_payment",
            Self::NeedsOtherChannel => "needs_other_channel",
            Self::Refused => "refused",
            Self::Retention => "retention",
            Self::Billing => "billing",
            Self::Unrelated => "unrelated",
            Self::AutoReply => "auto_reply",
            Self::Bounce => "bounce",
            Self::Unclear => "unclear",
        }
    }
}

/// Is it really the carrier?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticity {
    /// DMARC or an aligned DKIM passed for a domain of the carrier.
    Aligned,
    /// Nothing proves or disproves it.
    Unproven,
    /// The holder's own server says it is not, or the domain is not the carrier's.
    Contradicted,
    /// The holder vouched for it (`resolve --trust`).
    Vouched,
}

impl Authenticity {
    /// Whether the message may move a case.
    #[must_use]
    pub fn is_proven(self) -> bool {
        matches!(self, Self::Aligned | Self::Vouched)
    }
}

/// On which rung a message was matched (DESIGN §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchBasis {
    /// 1: our reply tag.
    ReplyTag,
    /// 2: an id of ours in In-Reply-To or References.
    Thread,
    /// 3: our reference in the subject or the quoted text.
    Reference,
    /// 4: the carrier's ticket number.
    Ticket,
    /// 5: the line, and one open case only.
    Line,
    /// The holder filed it.
    Holder,
}

impl MatchBasis {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReplyTag => "reply_tag",
            Self::Thread => "thread",
            Self::Reference => "reference",
            Self::Ticket => "ticket",
            Self::Line => "line",
            Self::Holder => "holder",
        }
    }
}

/// Delivery failure as RFC 3464 and its many relatives report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// Whether trying again can help.
    pub class: BounceClass,
    /// The recipient that failed, if named.
    pub recipient: Option<Address>,
    /// The mail of ours that came back; a bounce without it moves nothing.
    pub original: Option<MessageId>,
}

/// RFC 3463 classes 5 and 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceClass {
    /// 5.x.x: will never arrive.
    Permanent,
    /// 4.x.x or "still trying".
    Temporary,
}

/// A piece of a message that decided something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceWords {
    /// The words as they stand in the message.
    pub words: String,
    /// The rule they met, such as `sr.confirmed.contract_ended`.
    pub rule: String,
}

/// A message, read: what `decide` gets to see of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The stored message.
    pub message: MessageKey,
    /// Its Message-ID, to be answered to.
    pub message_id: Option<MessageId>,
    /// When our server received it, else its Date, never later than when we read it.
    pub received_at: Timestamp,
    /// Domain of its From address.
    pub from_domain: String,
    /// Its subject, control characters removed.
    pub subject: String,
    /// What it says.
    pub kind: Kind,
    /// One kind clearly ahead, no guard in the way (DESIGN §4, "strong").
    pub certain: bool,
    /// Is it really the carrier?
    pub authenticity: Authenticity,
    /// Why, in words for the holder.
    pub authenticity_reason: String,
    /// How it was matched.
    pub basis: MatchBasis,
    /// Stated end of the line.
    pub effective_date: Option<Date>,
    /// Date by which something is promised.
    pub promised_date: Option<Date>,
    /// First day back of an absent person.
    pub returns_on: Option<Date>,
    /// Ticket number the carrier gave.
    pub ticket: Option<String>,
    /// An identity document is among what is asked.
    pub wants_id_document: bool,
    /// Delivery failure, for `Kind::Bounce`.
    pub bounce: Option<Bounce>,
    /// What decided.
    pub evidence: Vec<EvidenceWords>,
    /// What another reader thinks of it, when odjava found it unclear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<second_opinion::SecondOpinion>,
}

/// What of a case helps to recognise its mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCase {
    /// Its reference.
    pub reference: Reference,
    /// Whether it still waits for something.
    pub open: bool,
    /// Detail part of its reply address.
    pub reply_tag: Option<String>,
    /// Ids of our mails and the thread id.
    pub message_ids: Vec<MessageId>,
    /// Ticket numbers of the carrier.
    pub tickets: Vec<String>,
    /// Domains of the carrier's record that only the carrier can send from.
    pub carrier_domains: Vec<String>,
    /// Domains (not public mailbox hosts) our request went to.
    pub asked_domains: Vec<String>,
    /// The line.
    pub line: super::identity::Line,
    /// The holder's name or names.
    pub holder_name: String,
    /// Dial code of the carrier's country, to read national numbers with.
    pub country_code: Option<String>,
}

/// Finds the cases a message may belong to. The store answers with indexed look-ups, `explain` from a file.
pub trait CaseDirectory {
    /// Why a look-up failed.
    type Error;
    /// The case whose mail or thread has this id.
    ///
    /// # Errors
    /// When the look-up itself fails.
    fn by_message_id(&self, id: &MessageId) -> Result<Option<KnownCase>, Self::Error>;
    /// The case of a reference.
    ///
    /// # Errors
    /// When the look-up itself fails.
    fn by_reference(&self, reference: &Reference) -> Result<Option<KnownCase>, Self::Error>;
    /// Cases (open or not) for which the domain or a parent of it may answer, open ones first, at most 200.
    ///
    /// # Errors
    /// When the look-up itself fails.
    fn by_domain(&self, domain: &str) -> Result<Vec<KnownCase>, Self::Error>;
}

/// What the reader of this mailbox trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// authserv-ids (RFC 8601 §2.5) of the holder's own servers.
    pub authserv_ids: Vec<String>,
    /// The holder's own addresses: mail from them never matches.
    pub own_addresses: Vec<Address>,
    /// Domains where anybody can have a mailbox.
    pub public_domains: Vec<String>,
    /// Forwarders whose sealed verdicts (ARC, RFC 8617) count.
    pub arc_sealers: Vec<String>,
}
