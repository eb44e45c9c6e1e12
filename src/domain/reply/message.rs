//! A received mail as owned values: what matching, authentication and classification get to see of it.
//! Filled by `mail::parse`, which knows the bytes; nothing here knows MIME.

use super::proof::Proof;
use super::{Bounce, BounceClass};
use crate::domain::address::{Address, MessageId};
use crate::domain::{Date, Timestamp};

/// One author in a From field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// Display name, control characters removed.
    pub name: String,
    /// The addr-spec when it is one we could write to.
    pub address: Option<Address>,
    /// What stood in the place of the address, cut short, when it is none.
    pub spec: String,
    /// Domain of the addr-spec in lower-case A-labels, or what stands behind its last `@`.
    pub domain: String,
}

/// One verdict of an Authentication-Results field (RFC 8601 §2.2, `resinfo`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodResult {
    /// Method in lower case: `dkim`, `spf`, `dmarc`, `arc`.
    pub method: String,
    /// Result in lower case: `pass`, `fail`, `none`, `temperror` and so on.
    pub result: String,
    /// Properties as (`ptype.property`, value), both in lower case.
    pub properties: Vec<(String, String)>,
}

impl MethodResult {
    /// The value of a property such as `header.from`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// One Authentication-Results field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthResults {
    /// Who wrote it (RFC 8601 §2.5), lower case; empty when the field names nobody.
    pub authserv_id: String,
    /// Its verdicts in order; empty for `none`.
    pub results: Vec<MethodResult>,
    /// It stands above the Received field with which our side took the mail over SMTP (RFC 5321 §4.4): whoever sent the
    /// mail cannot have written there. `false` when no such field exists.
    pub above_reception: bool,
    /// How many of [`InboundMessage::receptions`] stand above it.
    pub receptions_above: usize,
}

/// One set of an ARC chain (RFC 8617 §4.1): who sealed the mail, and what they had found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArcSet {
    /// Domain of the sealer, lower case.
    pub sealer: String,
    /// What the sealer had found, from its ARC-Authentication-Results.
    pub results: AuthResults,
}

/// Signs that no person wrote the mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineMarks {
    /// Auto-Submitted other than `no` (RFC 3834 §5), lower case.
    pub auto_submitted: Option<String>,
    /// Return-Path is `<>`.
    pub null_reverse_path: bool,
    /// Return-Path is MAILER-DAEMON, as some servers write the null path.
    pub system_reverse_path: bool,
    /// X-Failed-Recipients.
    pub failed_recipients: Vec<Address>,
    /// Precedence is `bulk`, `junk`, `list` or `auto_reply`.
    pub bulk: bool,
    /// X-Autoreply, X-Autorespond, Precedence `auto_reply` and the like. Not X-Auto-Response-Suppress: ticket systems
    /// write it on what their people answer.
    pub auto_response: bool,
    /// Header, subject and words together are those of an absence notice.
    pub absence: bool,
    /// A guard asks to be answered before it lets our mail through.
    pub challenge: bool,
    /// List-Id or List-Unsubscribe.
    pub list: bool,
}

/// One attachment, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name, control characters removed.
    pub name: String,
    /// Media type in lower case.
    pub media_type: String,
    /// Decoded size in bytes.
    pub size: usize,
}

/// Something wrong with the form of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// No header could be read at all.
    NotAMessage,
    /// No From field, or several.
    FromCount,
    /// No usable Date.
    NoDate,
    /// Bytes that fit no character set became U+FFFD.
    UndecodableText,
    /// More parts than are looked at.
    TooManyParts,
    /// More text than is read.
    TextCut,
    /// HTML nested so deeply that only its bare words were taken.
    DeepHtml,
}

/// A mail, parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboundMessage {
    /// Message-ID.
    pub message_id: Option<MessageId>,
    /// In-Reply-To.
    pub in_reply_to: Vec<MessageId>,
    /// References, oldest first.
    pub references: Vec<MessageId>,
    /// All authors of all From fields.
    pub from: Vec<Author>,
    /// Number of From fields; RFC 5322 §3.6 wants one.
    pub from_fields: usize,
    /// Reply-To.
    pub reply_to: Vec<Address>,
    /// To, Cc, Delivered-To and X-Original-To.
    pub recipients: Vec<Address>,
    /// Subject, decoded, control characters removed.
    pub subject: String,
    /// Date field.
    pub date: Option<Timestamp>,
    /// Calendar day of the Date field where it was written: days without a year refer to it.
    pub local_date: Option<Date>,
    /// Date of the topmost Received field: when our server took it.
    pub received_at: Option<Timestamp>,
    /// Authentication-Results fields, top to bottom.
    pub auth_results: Vec<AuthResults>,
    /// The hosts that took the mail, from its Received fields, top to bottom, lower case; empty where one is not named.
    pub receptions: Vec<String>,
    /// The ARC chain, oldest set first; empty when it is broken in form.
    pub arc_sets: Vec<ArcSet>,
    /// What a look at the mail's own signatures found, when somebody looked.
    pub proof: Option<Proof>,
    /// Signs of a machine.
    pub machine: MachineMarks,
    /// Delivery failure or delay that it reports.
    pub report: Option<Bounce>,
    /// Visible text, quotes and signature included.
    pub text: String,
    /// Text of attached documents, of bounded length.
    pub attached_text: String,
    /// Attachments in order.
    pub attachments: Vec<Attachment>,
    /// What is wrong with its form.
    pub defects: Vec<Defect>,
    /// Only a part of the bytes was fetched.
    pub truncated: bool,
}

impl InboundMessage {
    /// The only author, if there is exactly one From field with exactly one address.
    #[must_use]
    pub fn sole_author(&self) -> Option<&Author> {
        match self.from.as_slice() {
            [only] if self.from_fields == 1 && !only.domain.is_empty() => Some(only),
            _ => None,
        }
    }

    /// Domain of the first author, empty if there is none.
    #[must_use]
    pub fn from_domain(&self) -> &str {
        self.from.first().map_or("", |a| a.domain.as_str())
    }

    /// Whether it reports a failure that lasts.
    #[must_use]
    pub fn is_permanent_failure(&self) -> bool {
        self.report.as_ref().is_some_and(|b| b.class == BounceClass::Permanent)
    }
}
