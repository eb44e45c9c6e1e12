//! RFC 5322/MIME bytes to an [`InboundMessage`] and its defects; never fails, never panics, bounded.
//! What the message means is no concern of this file. Called by intake and `explain`.

use super::text::{clean, cut};
use super::{HEADERS_MAX, IDS_MAX, PARTS_MAX, TEXT_MAX, arc, auth_results, author, html, report, text};
use crate::domain::address::{Address, MessageId};
use crate::domain::reply::Bounce;
use crate::domain::reply::message::{Attachment, AuthResults, Defect, InboundMessage};
use crate::domain::{Date, Timestamp};
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// Reads one message. `truncated` says that `raw` is only its beginning.
#[must_use]
pub fn parse(raw: &[u8], truncated: bool) -> InboundMessage {
    let mut out = InboundMessage { truncated, ..InboundMessage::default() };
    // Exported mails may begin with empty lines; what follows is still their header.
    let raw = raw.trim_ascii_start();
    let with_line_feeds = lone_returns_replaced(raw);
    let raw = with_line_feeds.as_deref().unwrap_or(raw);
    // The parser calls itself for each mail in a mail: thousands of them would end the program.
    let raw = match deep_inside(raw) {
        Some(end) => {
            out.truncated = true;
            raw.get(..end).unwrap_or(raw)
        }
        None => raw,
    };
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

/// Mails within mails within mails that are read.
const NESTED_MAX: usize = 100;

/// Where a mail becomes deeper than any person's or program's is.
fn deep_inside(raw: &[u8]) -> Option<usize> {
    const NESTED: [&[u8]; 2] = [b"message/rfc822", b"message/global"];
    let nested = |w: &&[u8]| matches!(w, [b'm' | b'M', ..]) && NESTED.iter().any(|n| w.eq_ignore_ascii_case(n));
    raw.windows(14).enumerate().filter(|(_, w)| nested(w)).map(|(at, _)| at).nth(NESTED_MAX)
}

/// Lines ended by a carriage return alone, as old exports have them, get line feeds.
fn lone_returns_replaced(raw: &[u8]) -> Option<Vec<u8>> {
    let is_old = !raw.contains(&b'\n') && raw.contains(&b'\r');
    is_old.then(|| raw.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect())
}

/// Header fields in their order; mail-parser's accessors would give the last of several.
fn headers(message: &Message<'_>, out: &mut InboundMessage) {
    let raw = message.raw_message.as_ref();
    let mut above_reception = None;
    let mut chain = arc::Chain::default();
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
                out.from.extend(author::authors(value, &body()));
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
                out.receptions.push(taken_by(value));
            }
            HeaderName::ArcSeal => chain.take_seal(&body()),
            HeaderName::ArcMessageSignature => chain.take_signature(&body()),
            HeaderName::ArcAuthenticationResults => chain.take_results(&body()),
            HeaderName::ReturnPath => {
                let path = body();
                let path = path.trim().trim_matches(['<', '>']).to_ascii_lowercase();
                out.machine.null_reverse_path = matches!(value, HeaderValue::Empty) || path.is_empty();
                out.machine.system_reverse_path = path.starts_with("mailer-daemon");
            }
            HeaderName::ListId | HeaderName::ListUnsubscribe => out.machine.list = true,
            name => other_header(name.as_str(), &body(), out),
        }
    }
    for results in out.auth_results.iter_mut().take(above_reception.unwrap_or(0)) {
        results.above_reception = true;
    }
    out.arc_sets = chain.sets();
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

/// The host that wrote a Received field (RFC 5321 §4.4, `By-domain`).
fn taken_by(received: &HeaderValue<'_>) -> String {
    match received.as_received().and_then(mail_parser::Received::by) {
        Some(mail_parser::Host::Name(name)) => name.trim_end_matches('.').to_ascii_lowercase(),
        Some(mail_parser::Host::IpAddr(address)) if address.is_loopback() => "localhost".to_owned(),
        Some(mail_parser::Host::IpAddr(_)) | None => String::new(),
    }
}

fn other_header(name: &str, body: &str, out: &mut InboundMessage) {
    let value = one_line(body);
    let lower = value.to_ascii_lowercase();
    match name.to_ascii_lowercase().as_str() {
        "authentication-results" if out.auth_results.len() < 50 => {
            let receptions_above = out.receptions.len();
            out.auth_results.push(AuthResults { receptions_above, ..auth_results::parse(body) });
        }
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
        // Exim, Gmail and their kin name here whom they could not reach.
        "x-failed-recipients" => {
            let named = value.split([',', ' ']).filter_map(|a| Address::parse(a.trim_matches(['<', '>'])).ok());
            out.machine.failed_recipients.extend(named.take(50));
            out.machine.failed_recipients.truncate(50);
        }
        "x-autoreply" | "x-autorespond" | "x-autoresponder" | "x-auto-reply" | "x-mail-autoreply" => {
            out.machine.auto_response |= !matches!(lower.trim(), "no" | "false" | "0");
        }
        _ => {}
    }
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
pub(super) fn one_line(text: &str) -> String {
    let cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4_000).collect();
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parts of a mail sorted by what they are good for.
#[derive(Default)]
struct Parts<'m> {
    plain: Vec<&'m str>,
    html: Vec<&'m str>,
    report: ReportFinds,
}

/// What a mail holds of a delivery report besides its text.
#[derive(Default)]
struct ReportFinds {
    report_type: Option<String>,
    delivery_status: Vec<String>,
    inner_status: Vec<String>,
    is_complaint: bool,
    is_receipt: bool,
    returned: Option<report::Returned>,
}

/// Bytes of text that are read for a delivery report.
const REPORT_MAX: usize = 64 << 10;
/// Delivery-status parts that are kept.
const STATUSES_MAX: usize = 20;

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
    let found = std::mem::take(&mut parts.report);
    out.report = report_of(found, &parts, out);
    out.machine.challenge = out.report.is_none() && report::absence::is_challenge(&out.text);
    out.machine.absence = report::absence::is_notice(&out.subject, &out.text, &out.machine);
}

/// All words of a mail in which a report may be told, returned mails in text included.
fn report_text(parts: &Parts<'_>) -> String {
    let mut text = String::new();
    for plain in &parts.plain {
        let room = REPORT_MAX.saturating_sub(text.len());
        text.push_str(cut(plain, room));
        text.push('\n');
        if room == 0 {
            break;
        }
    }
    if text.trim().is_empty() {
        let pages = parts.html.iter().take(3).map(|page| html::to_text(cut(page, REPORT_MAX)).0);
        text = pages.collect::<Vec<_>>().join("\n");
    }
    clean(&text)
}

fn report_of(found: ReportFinds, parts: &Parts<'_>, out: &InboundMessage) -> Option<Bounce> {
    let author = out.from.first();
    let mut strangers: Vec<Address> = out.from.iter().take(5).filter_map(|a| a.address.clone()).collect();
    strangers.extend(out.recipients.iter().take(20).cloned());
    let mut report = report::ReportParts {
        report_type: found.report_type,
        delivery_status: found.delivery_status,
        inner_status: found.inner_status,
        is_complaint: found.is_complaint,
        is_receipt: found.is_receipt,
        returned: found.returned,
        failed_recipients: out.machine.failed_recipients.clone(),
        text: "",
        subject: &out.subject,
        from_local: author.map_or("", |a| {
            let spec = a.spec.rsplit_once('@').map_or(a.spec.as_str(), |(local, _)| local);
            a.address.as_ref().map_or(spec, Address::local_part)
        }),
        from_domain: out.from_domain(),
        from_name: author.map_or("", |a| a.name.as_str()),
        answers: out.in_reply_to.last().or_else(|| out.references.last()).cloned(),
        strangers,
        null_reverse_path: out.machine.null_reverse_path || out.machine.system_reverse_path,
    };
    if !report::may_report(&report) {
        return None;
    }
    let text = report_text(parts);
    report.text = &text;
    report::parse(&report)
}

fn take_part<'m>(part: &'m MessagePart<'_>, parts: &mut Parts<'m>, out: &mut InboundMessage) {
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
    if take_report_part(part, &media_type, &mut parts.report) {
        return;
    }
    match &part.body {
        PartType::Multipart(_) => {}
        PartType::Message(inner) => {
            take_returned(inner, &mut parts.report);
            attach(part.raw_len() as usize);
        }
        PartType::Text(text) if !is_attachment => parts.plain.push(text),
        PartType::Html(text) if !is_attachment => parts.html.push(text),
        other => attach(other.len()),
    }
}

/// Keeps what only reports have; says whether the part is done with.
fn take_report_part(part: &MessagePart<'_>, media_type: &str, found: &mut ReportFinds) -> bool {
    let text = || String::from_utf8_lossy(part.contents()).into_owned();
    match media_type {
        "multipart/report" => {
            let named = part.content_type().and_then(|c| c.attribute("report-type"));
            let named = named.map(|t| t.trim().to_ascii_lowercase()).unwrap_or_default();
            found.report_type.get_or_insert(named);
            // Without its boundaries, as archives have left many reports, it is all text.
            matches!(part.body, PartType::Multipart(_))
        }
        "message/delivery-status" | "message/global-delivery-status" | "text/delivery-status" => {
            let body = match &part.body {
                PartType::Message(inner) => String::from_utf8_lossy(inner.raw_message()).into_owned(),
                _ => text(),
            };
            if found.delivery_status.len() < STATUSES_MAX {
                found.delivery_status.push(cut(&body, TEXT_MAX).to_owned());
            }
            true
        }
        "message/feedback-report" => {
            found.is_complaint = true;
            true
        }
        "message/disposition-notification" | "message/global-disposition-notification" => {
            found.is_receipt = true;
            true
        }
        "text/rfc822-headers"
        | "message/rfc822-headers"
        | "text/rfc822-header"
        | "message/partial"
        | "message/global-headers" => {
            found.returned.get_or_insert_with(|| report::Returned::from_header(cut(&text(), REPORT_MAX)));
            true
        }
        // A returned mail that could not be read as one is still its header.
        "message/rfc822" | "message/global" | "text/rfc822" if !matches!(part.body, PartType::Message(_)) => {
            found.returned.get_or_insert_with(|| report::Returned::from_header(cut(&text(), REPORT_MAX)));
            true
        }
        _ => false,
    }
}

fn take_returned(inner: &Message<'_>, found: &mut ReportFinds) {
    for part in inner.parts.iter().take(PARTS_MAX) {
        let is_status = part.content_type().is_some_and(|c| {
            c.ctype().eq_ignore_ascii_case("message")
                && c.subtype().is_some_and(|s| s.to_ascii_lowercase().ends_with("delivery-status"))
        });
        if is_status && found.inner_status.len() < STATUSES_MAX {
            found.inner_status.push(cut(&String::from_utf8_lossy(part.contents()), TEXT_MAX).to_owned());
        }
    }
    let returned = report::Returned {
        id: inner.message_id().and_then(MessageId::parse),
        addressee: inner.to().and_then(|to| to.first()).and_then(|a| Address::parse(a.address()?).ok()),
    };
    found.returned.get_or_insert(returned);
}
