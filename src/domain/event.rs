//! Everything that can happen to a case. Past facts, never orders; each becomes one journal line.

use super::address::MessageId;
use super::case::{Attachment, Fact, Letter, Letters, Outgoing, Timer};
use super::identity::Line;
use super::reply::{MessageKey, Reply};
use super::{Date, Timestamp, address::Address};
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The facts of the case were given or changed, and with them its texts.
    FactsGiven {
        /// Name of the holder as the carrier knows it.
        holder_name: String,
        /// The line.
        line: Line,
        /// Addresses, best first.
        recipients: Vec<Address>,
        /// Documents for the request.
        attachments: Vec<Attachment>,
        /// What is still missing; when empty, `letters` is there.
        missing: Vec<Fact>,
        /// The rendered texts.
        letters: Option<Letters>,
    },
    /// The holder changed the text that waits for approval.
    DraftEdited {
        /// The new text.
        letter: Letter,
    },
    /// The holder approved the text with this digest.
    DraftApproved {
        /// See [`super::draft::digest`].
        digest: String,
    },
    /// The mail is about to be handed to the server: from here on its fate may be unknown.
    SubmitStarted {
        /// Which mail.
        mail: MessageId,
    },
    /// The mail waits its turn: the domain it goes to has had its share for now ([`super::schedule::turn`]).
    SubmitDeferred {
        /// Which mail.
        mail: MessageId,
        /// When its turn comes.
        until: Timestamp,
    },
    /// What became of the attempt.
    SubmitSettled {
        /// Which mail.
        mail: MessageId,
        /// The outcome, after any look-up.
        outcome: SubmitOutcome,
    },
    /// A message was matched to this case and read.
    ReplyReceived {
        /// What it says and what speaks for it.
        reply: Reply,
    },
    /// An alarm rang.
    TimerFired {
        /// Which.
        timer: Timer,
        /// When the account's inbox was last read to its end; `None` when never.
        inbox_read_at: Option<Timestamp>,
    },
    /// The holder asked to wait.
    HoldSet {
        /// First day on which to go on; `None` lifts the hold.
        until: Option<Date>,
    },
    /// The holder wrote an answer to the carrier's question.
    AnswerDrafted {
        /// The mail.
        mail: Outgoing,
    },
    /// The holder settled a question.
    Resolved {
        /// How.
        act: ResolveAct,
    },
    /// The holder took the case back.
    Withdrawn,
}

/// What became of an attempt to hand over a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SubmitOutcome {
    /// The server answered 250, or a copy of the mail was found.
    Accepted {
        /// How we know.
        known_by: AcceptedBy,
    },
    /// It was surely not taken.
    NotSent {
        /// Whether trying again can help.
        class: FailureClass,
        /// SMTP reply code, where there was one.
        code: Option<u16>,
        /// What the server or system said, without addresses.
        reason: String,
    },
    /// It may or may not have been taken, and no copy was found.
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// How we know that a mail was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedBy {
    /// The server's own answer.
    ServerReply,
    /// Its Message-ID was found in the mailbox.
    CopyFound,
}

/// What a failed attempt says of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Try again later (4xx, no connection).
    Transient,
    /// This mail to this address will never be taken (5xx to RCPT or DATA).
    Permanent,
    /// Our own account is the trouble (login refused, certificate mistrusted): retried, and told once.
    Account,
}

/// The ways to settle a question (DESIGN §7, `resolve`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum ResolveAct {
    /// Nothing to do: go on as before.
    KeepWaiting,
    /// The holder knows that it is cancelled.
    Confirmed {
        /// From when.
        effective_date: Option<Date>,
    },
    /// The holder answered the carrier without odjava.
    Answered,
    /// The request went by another channel.
    SentBy {
        /// Which: `shop`, `phone`, `web_form` ...
        channel: String,
    },
    /// The mail of `send_unknown` did leave.
    Sent,
    /// The mail of `send_unknown` did not leave.
    NotSent,
    /// The holder takes the carrier's no.
    Refused,
    /// The line ended by itself.
    Lapsed,
    /// An unmatched message belongs to this case; read again and given as [`Event::ReplyReceived`] too.
    Filed {
        /// The message.
        message: MessageKey,
    },
}
