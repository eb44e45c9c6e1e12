//! Outgoing messages to RFC 5322 bytes, through lettre's builder. Date and Message-ID are given, the MIME
//! boundary is derived, so equal input gives equal bytes. Sends nothing and reads no clock. Called by the
//! engine, which stores the bytes before anything is sent.

use crate::domain::Timestamp;
use crate::domain::address::{Address, MessageId};
use crate::domain::case::Attachment;
use crate::domain::effect::OutgoingMessage;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use std::time::{Duration, SystemTime};

/// Longest subject, display name or file name in characters; far beyond what is read, far below what breaks.
pub const FIELD_CHARS_MAX: usize = 400;

/// Most ids in References; the thread id stays first, the oldest after it go.
pub const REFERENCES_MAX: usize = 20;

/// Longest line on the wire without its CRLF (RFC 5322 §2.1.1).
const LINE_MAX: usize = 998;

/// Why a message cannot be composed. The field is named, its content never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A line break or another control character where it could start a header of its own.
    #[error("{field} holds a line break or another control character: take it out")]
    ControlCharacter {
        /// Which field.
        field: &'static str,
    },
    /// Text that mail programs would decode into something else (RFC 2047).
    #[error("{field} holds `=?`, which mail programs decode: write it differently")]
    EncodedWord {
        /// Which field.
        field: &'static str,
    },
    /// A field that is empty and may not be.
    #[error("{field} is empty: fill it in")]
    Empty {
        /// Which field.
        field: &'static str,
    },
    /// A field over [`FIELD_CHARS_MAX`].
    #[error("{field} is longer than {FIELD_CHARS_MAX} characters: shorten it")]
    TooLong {
        /// Which field.
        field: &'static str,
    },
    /// A Message-ID that is not printable ASCII without spaces, or ours without a domain.
    #[error("{field} is no message identifier (RFC 5322 §3.6.4)")]
    BadMessageId {
        /// Which field.
        field: &'static str,
    },
    /// An address that the mail library refuses.
    #[error("{field} is no address that can be written into a header: correct it")]
    BadAddress {
        /// Which field.
        field: &'static str,
    },
    /// A Date outside 1970 to 9999.
    #[error("the date of the mail lies outside the years 1970 to 9999: is this machine's clock right?")]
    BadDate,
    /// A media type that is not `type/subtype`.
    #[error("document {number}: its media type is not of the form type/subtype")]
    BadMediaType {
        /// Position, from 1.
        number: usize,
    },
    /// The documents handed over are not those that the message names.
    #[error("document {number} is not the one that was approved: attach it again")]
    DocumentMismatch {
        /// Position, from 1.
        number: usize,
    },
    /// The finished text is no clean RFC 5322 text; a fault of this program.
    #[error("the composed mail breaks RFC 5322 ({reason}): please report it")]
    Unclean {
        /// What is wrong.
        reason: &'static str,
    },
}

/// A mail to the holder, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NudgeMessage {
    /// Its Message-ID.
    pub message_id: MessageId,
    /// Its Date header.
    pub date: Timestamp,
    /// Address of the account it leaves from; the display name is `odjava`.
    pub account: Address,
    /// The holder.
    pub to: Address,
    /// Subject.
    pub subject: String,
    /// Body, `\n` line ends.
    pub body: String,
    /// Message it follows, so that mail programs show the nudges of a case together.
    pub in_reply_to: Option<MessageId>,
    /// The thread id of the case and earlier ids, oldest first.
    pub references: Vec<MessageId>,
}

/// Composes a mail to the carrier. `documents` are the message's attachments with their bytes, same order.
///
/// The result is ASCII with CRLF line ends only, ready for SMTP DATA before dot-stuffing.
///
/// # Errors
/// [`ComposeError`] when a field could break out of its header, or a document is not the approved one.
pub fn compose(message: &OutgoingMessage, documents: &[(Attachment, Vec<u8>)]) -> Result<Vec<u8>, ComposeError> {
    let (name, address) = &message.from;
    let mut builder = Message::builder().date(date_header(message.date)?).from(mailbox(Some(name), address, "From")?);
    if let Some(reply_to) = &message.reply_to {
        builder = builder.reply_to(mailbox(None, reply_to, "Reply-To")?);
    }
    builder = builder.to(mailbox(None, &message.to, "To")?).subject(subject(&message.subject)?);
    builder = thread(builder, &message.message_id, message.in_reply_to.as_ref(), &message.references)?;
    let text = SinglePart::plain(body(&message.body)?);
    check_documents(&message.attachments, documents)?;
    let composed = if documents.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().boundary(boundary(&message.message_id)).singlepart(text);
        for (number, (document, bytes)) in (1..).zip(documents) {
            parts = parts.singlepart(attachment(number, document, bytes)?);
        }
        builder.multipart(parts)
    };
    wire(composed)
}

/// Composes a mail to the holder, marked as written by a program (RFC 3834 §5), so that nobody's absence
/// notice answers it.
///
/// # Errors
/// [`ComposeError`] when a field could break out of its header.
pub fn compose_nudge(nudge: &NudgeMessage) -> Result<Vec<u8>, ComposeError> {
    let builder = Message::builder()
        .date(date_header(nudge.date)?)
        .from(mailbox(Some("odjava"), &nudge.account, "From")?)
        .to(mailbox(None, &nudge.to, "To")?)
        .subject(subject(&nudge.subject)?);
    let builder = thread(builder, &nudge.message_id, nudge.in_reply_to.as_ref(), &nudge.references)?
        .raw_header(fixed_header(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"))
        // [MS-OXCMAIL] §2.1.3.2.17: Exchange heeds this one and not always Auto-Submitted.
        .raw_header(fixed_header(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"));
    wire(builder.singlepart(SinglePart::plain(body(&nudge.body)?)))
}

fn fixed_header(name: HeaderName, value: &str) -> HeaderValue {
    HeaderValue::new(name, value.to_owned())
}

fn date_header(date: Timestamp) -> Result<SystemTime, ComposeError> {
    // lettre's date type panics outside these years.
    let seconds = u64::try_from(date.timestamp()).map_err(|_| ComposeError::BadDate)?;
    if seconds >= 253_402_300_800 {
        return Err(ComposeError::BadDate);
    }
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// What must not stand in a header: control characters, and what some readers take for line ends (U+2028, U+2029)
/// or reorder text by (U+202A to U+202E, U+2066 to U+2069).
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Makes text of strangers fit for a mail to the holder: everything [`compose_nudge`] would refuse becomes a
/// space. A nudge that cannot be composed would keep the event it tells of from being applied.
#[must_use]
pub fn harmless(text: &str, keep_lines: bool) -> String {
    let clean: String = text
        .replace("\r\n", "\n")
        .replace("=?", "= ?")
        .chars()
        .map(|c| if is_forbidden(c) && !(keep_lines && (c == '\n' || c == '\t')) { ' ' } else { c })
        .collect();
    if keep_lines { clean } else { clean.chars().take(FIELD_CHARS_MAX).collect() }
}

/// Refuses what could end a header or be decoded into another: lettre encodes CR and LF but lets the other
/// control characters through, and leaves a ready-made encoded word as it is.
fn checked<'a>(text: &'a str, field: &'static str) -> Result<&'a str, ComposeError> {
    if text.chars().any(is_forbidden) {
        return Err(ComposeError::ControlCharacter { field });
    }
    if text.contains("=?") {
        return Err(ComposeError::EncodedWord { field });
    }
    if text.chars().count() > FIELD_CHARS_MAX {
        return Err(ComposeError::TooLong { field });
    }
    Ok(text)
}

fn mailbox(name: Option<&str>, address: &Address, field: &'static str) -> Result<Mailbox, ComposeError> {
    let name = checked(name.unwrap_or_default(), field)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let address = address.as_str().parse().map_err(|_| ComposeError::BadAddress { field })?;
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

fn subject(text: &str) -> Result<String, ComposeError> {
    // Runs of spaces are one space: between two encoded words they would be lost altogether (RFC 2047 §6.2).
    let text = checked(text, "Subject")?.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { Err(ComposeError::Empty { field: "Subject" }) } else { Ok(text) }
}

fn thread(
    builder: MessageBuilder,
    id: &MessageId,
    in_reply_to: Option<&MessageId>,
    references: &[MessageId],
) -> Result<MessageBuilder, ComposeError> {
    if !id.as_str().split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty()) {
        return Err(ComposeError::BadMessageId { field: "Message-ID" });
    }
    let mut builder = builder.message_id(Some(msg_id(id, "Message-ID")?));
    if let Some(parent) = in_reply_to {
        builder = builder.in_reply_to(msg_id(parent, "In-Reply-To")?);
    }
    if !references.is_empty() {
        let dropped = references.len().saturating_sub(REFERENCES_MAX);
        let kept = references.iter().enumerate().filter(|(n, _)| *n == 0 || *n > dropped).map(|(_, id)| id);
        let ids: Result<Vec<String>, ComposeError> = kept.map(|id| msg_id(id, "References")).collect();
        builder = builder.references(ids?.join(" "));
    }
    Ok(builder)
}

/// The id in its brackets. Checked again here, because a stored id is read back without its check.
fn msg_id(id: &MessageId, field: &'static str) -> Result<String, ComposeError> {
    match MessageId::parse(id.as_str()) {
        Some(parsed) if parsed == *id => Ok(id.bracketed()),
        _ => Err(ComposeError::BadMessageId { field }),
    }
}

/// The body with `\n` line ends and without blank lines at its end; lettre writes the CRLFs and the last one.
fn body(text: &str) -> Result<String, ComposeError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(ComposeError::ControlCharacter { field: "the body" });
    }
    let text = text.trim_end();
    if text.is_empty() { Err(ComposeError::Empty { field: "the body" }) } else { Ok(text.to_owned()) }
}

fn boundary(id: &MessageId) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, id.as_str().as_bytes());
    // `=_` cannot occur in quoted-printable nor `_` in base64 (RFC 2045 §6.7), so no encoded part holds it.
    format!("=_{}", hex(hash.as_ref().get(..16).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn check_documents(approved: &[Attachment], documents: &[(Attachment, Vec<u8>)]) -> Result<(), ComposeError> {
    if approved.len() != documents.len() {
        return Err(ComposeError::DocumentMismatch { number: approved.len().min(documents.len()) + 1 });
    }
    for (number, (expected, (given, bytes))) in (1..).zip(approved.iter().zip(documents)) {
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
        if expected != given || digest != expected.digest || bytes.len() as u64 != expected.size {
            return Err(ComposeError::DocumentMismatch { number });
        }
    }
    Ok(())
}

fn attachment(number: usize, document: &Attachment, bytes: &[u8]) -> Result<SinglePart, ComposeError> {
    let field = "the file name of a document";
    let name = checked(&document.file_name, field)?.trim();
    // A name, not a path: what stands before the last separator is the holder's private folder structure.
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.is_empty() {
        return Err(ComposeError::Empty { field });
    }
    Ok(SinglePart::builder()
        .header(media_type(number, &document.media_type)?)
        .header(ContentDisposition::attachment(name))
        // Always base64: any other encoding would let line ends of the document be rewritten on the way.
        .header(ContentTransferEncoding::Base64)
        .body(bytes.to_vec()))
}

fn media_type(number: usize, text: &str) -> Result<ContentType, ComposeError> {
    let bad = ComposeError::BadMediaType { number };
    // RFC 6838 §4.2: restricted-name; parameters are not needed and would be a way in.
    let restricted = |part: &str| {
        (1..=127).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    match text.split_once('/') {
        Some((kind, subtype)) if restricted(kind) && restricted(subtype) => {
            // RFC 2045 §6.4: base64 is not allowed on composite types.
            let composite = kind.eq_ignore_ascii_case("message") || kind.eq_ignore_ascii_case("multipart");
            ContentType::parse(if composite { "application/octet-stream" } else { text }).map_err(|_| bad)
        }
        _ => Err(bad),
    }
}

/// The bytes, after a look at the promises that others build on: ASCII, CRLF only, no over-long line.
fn wire(composed: Result<Message, lettre::error::Error>) -> Result<Vec<u8>, ComposeError> {
    let unclean = |reason| ComposeError::Unclean { reason };
    let raw = composed.map_err(|_| unclean("the message is not complete"))?.formatted();
    if !raw.is_ascii() {
        return Err(unclean("a character outside ASCII"));
    }
    let text = raw.strip_suffix(b"\r\n").ok_or(unclean("no line end at the end"))?;
    for line in text.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.contains(&b'\r') || line.contains(&0) {
            return Err(unclean("a bare CR or NUL"));
        }
        if line.len() > LINE_MAX {
            return Err(unclean("a line of more than 998 characters"));
        }
    }
    let breaks = raw.iter().filter(|b| **b == b'\n').count();
    if raw.windows(2).filter(|pair| pair == b"\r\n").count() == breaks { Ok(raw) } else { Err(unclean("a bare LF")) }
}
