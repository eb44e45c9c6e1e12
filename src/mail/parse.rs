//! RFC 5322/MIME bytes to an [`InboundMessage`] and its defects; never fails, never panics, bounded.
//! What the message means is no concern of this file. Called by intake and `explain`.

use super::{HEADERS_MAX, IDS_MAX, PARTS_MAX, auth_results, report, text};
use crate::domain::address::{Address, MessageId};
use crate::domain::reply::message::{Attachment, Author, Defect, InboundMessage};
use crate::domain::{Date, Timestamp};
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// Reads one message. `truncated` says that `raw` is only its beginning.
#[must_use]
pub fn parse(raw: &[u8], truncated: bool) -> InboundMessage {
    let mut out = InboundMessage { truncated, ..InboundMessage::default() };
    let Some(message) = MessageParser::default().parse(raw).filter(|m| !m.parts.is_empty()) else {
        out.defects.push(Defect::NotAMessage);
        return out;
    };
    headers(&message, &mut out);
    body(&message, &mut out);
    if out.from_fields != 1 {
        out.defects.push(Defect::FromCount);
    }
    if out.date.is_none() {
        out.defects.push(Defect::NoDate);
    }
    if out.text.contains('\u{fffd}') || out.subject.contains('\u{fffd}') {
        out.defects.push(Defect::UndecodableText);
    }
    out
}

/// Header fields in their order; mail-parser's accessors would give the last of several.
fn headers(message: &Message<'_>, out: &mut InboundMessage) {
    let raw = message.raw_message.as_ref();
    let mut above_reception = None;
    for header in message.headers().iter().take(HEADERS_MAX) {
        let value = &header.value;
        let body = || {
            raw.get(header.offset_start as usize..header.offset_end as usize)
                .map(String::from_utf8_lossy)
                .unwrap_or_default()
        };
        match &header.name {
            HeaderName::From => {
                out.from_fields += 1;
                out.from.extend(authors(value));
            }
            HeaderName::To | HeaderName::Cc => out.recipients.extend(addresses(value)),
            HeaderName::ReplyTo => out.reply_to.extend(addresses(value)),
            HeaderName::Subject => out.subject = value.as_text().map(one_line).unwrap_or_default(),
            HeaderName::MessageId => out.message_id = ids(value).next(),
            HeaderName::InReplyTo => out.in_reply_to.extend(ids(value)),
            HeaderName::References => out.references.extend(ids(value)),
            HeaderName::Date => (out.date, out.local_date) = date(value),
            HeaderName::Received => {
                if out.received_at.is_none() {
                    out.received_at = value.as_received().and_then(|r| r.date()).and_then(|d| instant(&d));
                }
                if above_reception.is_none() && !is_local_delivery(value) {
                    above_reception = Some(out.auth_results.len());
                }
            }
            HeaderName::ReturnPath => {
                out.machine.null_reverse_path = matches!(value, HeaderValue::Empty) || body().trim() == "<>";
            }
            HeaderName::ListId | HeaderName::ListUnsubscribe => out.machine.list = true,
            name => other_header(name.as_str(), &body(), out),
        }
    }
    for results in out.auth_results.iter_mut().take(above_reception.unwrap_or(0)) {
        results.above_reception = true;
    }
    out.recipients.truncate(500);
    out.from.truncate(100);
    out.in_reply_to.truncate(IDS_MAX);
    // The newest ids stand last; the thread id of ours first.
    if out.references.len() > IDS_MAX {
        out.references.drain(IDS_MAX / 2..out.references.len() - IDS_MAX / 2);
    }
}

/// Whether a Received field tells of the last step inside the holder's own server (LMTP, RFC 3848), not of reception.
fn is_local_delivery(received: &HeaderValue<'_>) -> bool {
    use mail_parser::Protocol::{LMTP, LMTPA, LMTPS, LMTPSA};
    let with = received.as_received().and_then(mail_parser::Received::with);
    matches!(with, Some(LMTP | LMTPA | LMTPS | LMTPSA))
}

fn other_header(name: &str, body: &str, out: &mut InboundMessage) {
    let value = one_line(body);
    let lower = value.to_ascii_lowercase();
    match name.to_ascii_lowercase().as_str() {
        "authentication-results" if out.auth_results.len() < 50 => out.auth_results.push(auth_results::parse(body)),
        "delivered-to" | "x-original-to" | "envelope-to" => {
            out.recipients.extend(Address::parse(value.trim_matches(['<', '>'])));
        }
        // RFC 3834 §5: anything but `no` was not written by a person.
        "auto-submitted" => {
            let word = lower.split([';', ' ', '(']).next().unwrap_or_default().to_owned();
            if !word.is_empty() && word != "no" {
                out.machine.auto_submitted = Some(word);
            }
        }
        "precedence" => {
            out.machine.bulk |= matches!(lower.trim(), "bulk" | "junk" | "list" | "auto_reply" | "auto-reply");
            out.machine.auto_response |= lower.contains("auto");
        }
        "x-autoreply" | "x-autorespond" | "x-autoresponder" | "x-auto-reply" | "x-mail-autoreply" => {
            out.machine.auto_response |= !matches!(lower.trim(), "no" | "false" | "0");
        }
        _ => {}
    }
}

fn authors(value: &HeaderValue<'_>) -> Vec<Author> {
    let Some(list) = value.as_address() else { return vec![Author::default()] };
    list.iter()
        .take(100)
        .map(|a| {
            let spec = a.address().unwrap_or_default().trim();
            let address = Address::parse(spec).ok();
            let domain = address.as_ref().map_or_else(
                || spec.rsplit_once('@').map_or(String::new(), |(_, d)| d.trim_end_matches('.').to_lowercase()),
                Address::domain,
            );
            Author { name: a.name().map(one_line).unwrap_or_default(), address, domain }
        })
        .collect()
}

fn addresses<'a>(value: &'a HeaderValue<'_>) -> impl Iterator<Item = Address> + 'a {
    value.as_address().into_iter().flat_map(|l| l.iter().take(200)).filter_map(|a| Address::parse(a.address()?).ok())
}

fn ids<'a>(value: &'a HeaderValue<'_>) -> impl Iterator<Item = MessageId> + 'a {
    value.as_text_list().unwrap_or_default().iter().take(10_000).filter_map(|t| MessageId::parse(t))
}

fn date(value: &HeaderValue<'_>) -> (Option<Timestamp>, Option<Date>) {
    let Some(date) = value.as_datetime() else { return (None, None) };
    (instant(date), Date::from_ymd_opt(i32::from(date.year), date.month.into(), date.day.into()))
}

fn instant(date: &mail_parser::DateTime) -> Option<Timestamp> {
    // A date outside these years is a broken clock, not a date.
    let plausible = date.is_valid() && (1990..=2100).contains(&date.year);
    plausible.then(|| Timestamp::from_timestamp(date.to_timestamp(), 0)).flatten()
}

/// Without control characters, white space folded.
fn one_line(text: &str) -> String {
    let cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4_000).collect();
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parts of a mail sorted by what they are good for.
#[derive(Default)]
struct Parts {
    delivery_status: Option<String>,
    original: Option<MessageId>,
    is_report: bool,
}

fn body(message: &Message<'_>, out: &mut InboundMessage) {
    let mut parts = Parts::default();
    if message.parts.len() > PARTS_MAX {
        out.defects.push(Defect::TooManyParts);
    }
    for part in message.parts.iter().take(PARTS_MAX) {
        take_part(part, &mut parts, out);
    }
    let words = text::words(message, &mut out.defects);
    (out.text, out.attached_text) = (words.body, words.attached);
    let from_local = out.from.first().and_then(|a| a.address.as_ref()).map_or("", Address::local_part);
    out.report = report::parse(&report::ReportParts {
        is_report: parts.is_report,
        delivery_status: parts.delivery_status.as_deref(),
        original: parts.original.clone(),
        text: &out.text,
        subject: &out.subject,
        from_local,
        null_reverse_path: out.machine.null_reverse_path,
    });
}

fn take_part(part: &MessagePart<'_>, parts: &mut Parts, out: &mut InboundMessage) {
    let media_type = part.content_type().map_or_else(String::new, |c| {
        format!("{}/{}", c.ctype(), c.subtype().unwrap_or_default()).to_ascii_lowercase()
    });
    let is_attachment = part.content_disposition().is_some_and(|d| d.is_attachment());
    let name = part.attachment_name().map(one_line).unwrap_or_default();
    let mut attach = |size: usize| {
        if out.attachments.len() < PARTS_MAX {
            out.attachments.push(Attachment { name: name.clone(), media_type: media_type.clone(), size });
        }
    };
    match &part.body {
        PartType::Multipart(_) => {
            let report_type = part.content_type().and_then(|c| c.attribute("report-type"));
            parts.is_report |= media_type == "multipart/report"
                && report_type.is_none_or(|t| t.eq_ignore_ascii_case("delivery-status"));
        }
        PartType::Message(inner) if media_type.ends_with("delivery-status") => {
            parts.delivery_status = Some(String::from_utf8_lossy(inner.raw_message()).into_owned());
        }
        PartType::Message(inner) => {
            parts.original = parts.original.take().or_else(|| inner.message_id().and_then(MessageId::parse));
            attach(part.raw_len() as usize);
        }
        _ if media_type.ends_with("/delivery-status") || media_type == "message/global-delivery-status" => {
            parts.delivery_status.get_or_insert(String::from_utf8_lossy(part.contents()).into_owned());
        }
        _ if media_type.ends_with("/rfc822-headers") || media_type == "message/global-headers" => {
            let text = String::from_utf8_lossy(part.contents());
            parts.original = parts.original.take().or_else(|| report::message_id_line(&text));
        }
        PartType::Text(_) | PartType::Html(_) if !is_attachment => {}
        other => attach(other.len()),
    }
}
