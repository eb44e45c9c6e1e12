//! Delivery reports: RFC 3464 first, then the plain texts of qmail, Exim, Exchange, Gmail and Postfix.
//! Absence notices and ticket receipts are no reports; their words are read like any answer. Called by `mail::parse`.

use crate::domain::address::{Address, MessageId};
use crate::domain::reply::{Bounce, BounceClass};

/// Parts of a mail that can hold a report.
#[derive(Debug, Default)]
pub struct ReportParts<'a> {
    /// The mail is `multipart/report; report-type=delivery-status`.
    pub is_report: bool,
    /// Body of `message/delivery-status`.
    pub delivery_status: Option<&'a str>,
    /// Message-ID of the returned mail or of its returned header.
    pub original: Option<MessageId>,
    /// Visible text.
    pub text: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Local part of the From address.
    pub from_local: &'a str,
    /// Return-Path is `<>`.
    pub null_reverse_path: bool,
}

/// What the mail reports, if it is a report of failure or delay.
#[must_use]
pub fn parse(parts: &ReportParts<'_>) -> Option<Bounce> {
    let by_status = parts.delivery_status.map(delivery_status);
    match by_status {
        // RFC 3464 §2.3.3: delivered, relayed and expanded are good news.
        Some(Some(Action::Good)) => None,
        Some(Some(Action::Bad { class, recipient })) => Some(Bounce {
            class,
            recipient: recipient.or_else(|| first_address(parts.text)),
            original: original(parts),
        }),
        Some(None) | None => plain(parts),
    }
}

enum Action {
    Good,
    Bad { class: BounceClass, recipient: Option<Address> },
}

/// Reads the per-recipient groups (RFC 3464 §2.3); the first failure wins over delays, those over success.
fn delivery_status(body: &str) -> Option<Action> {
    let mut found: Option<Action> = None;
    for group in blank_line_groups(body).take(200) {
        let field = |name: &str| {
            group.iter().find_map(|l| {
                let (n, v) = l.split_once(':')?;
                n.trim().eq_ignore_ascii_case(name).then(|| v.trim())
            })
        };
        let status = field("Status").and_then(|s| s.trim_start().chars().next());
        let action = field("Action").map(|a| a.split_whitespace().next().unwrap_or_default().to_ascii_lowercase());
        let class = match (action.as_deref(), status) {
            (Some("failed"), _) | (None, Some('5')) => BounceClass::Permanent,
            (Some("delayed"), _) | (None, Some('4')) => BounceClass::Temporary,
            (Some("delivered" | "relayed" | "expanded"), _) | (None, Some('2')) => {
                found.get_or_insert(Action::Good);
                continue;
            }
            (Some(_), Some('5')) => BounceClass::Permanent,
            (Some(_), Some('4')) => BounceClass::Temporary,
            _ => continue,
        };
        let recipient = field("Original-Recipient")
            .and_then(typed_address)
            .or_else(|| field("Final-Recipient").and_then(typed_address));
        if class == BounceClass::Permanent {
            return Some(Action::Bad { class, recipient });
        }
        if !matches!(found, Some(Action::Bad { .. })) {
            found = Some(Action::Bad { class, recipient });
        }
    }
    found
}

/// Unfolded header lines in groups parted by empty lines.
fn blank_line_groups(body: &str) -> impl Iterator<Item = Vec<String>> {
    let mut groups = vec![Vec::<String>::new()];
    for line in body.lines().take(5_000) {
        if line.trim().is_empty() {
            groups.push(Vec::new());
        } else if let Some(group) = groups.last_mut() {
            match group.last_mut() {
                Some(previous) if line.starts_with([' ', '\t']) => previous.push_str(line),
                _ => group.push(line.to_owned()),
            }
        }
    }
    groups.into_iter().filter(|g| !g.is_empty())
}

/// `rfc822; user@host` (RFC 3464 §2.3.1).
fn typed_address(value: &str) -> Option<Address> {
    let address = value.split_once(';').map_or(value, |(_, a)| a).trim().trim_matches(['<', '>']);
    Address::parse(address).ok()
}

/// Phrases that only a mail system writes, in lower case, and what they mean.
const PLAIN: &[(&str, BounceClass)] = &[
    ("this is the qmail-send program", BounceClass::Permanent),
    ("this message was created automatically by mail delivery software", BounceClass::Permanent),
    ("delivery has failed to these recipients", BounceClass::Permanent),
    ("your message couldn't be delivered", BounceClass::Permanent),
    ("your message wasn't delivered", BounceClass::Permanent),
    ("could not be delivered to one or more recipients", BounceClass::Permanent),
    ("i'm sorry to have to inform you that your message could not", BounceClass::Permanent),
    ("undelivered mail returned to sender", BounceClass::Permanent),
    ("mail delivery failed", BounceClass::Permanent),
    ("returned mail: see transcript", BounceClass::Permanent),
    ("delivery status notification (failure)", BounceClass::Permanent),
    ("undeliverable:", BounceClass::Permanent),
    ("address not found", BounceClass::Permanent),
    ("delivery incomplete", BounceClass::Temporary),
    ("delivery status notification (delay)", BounceClass::Temporary),
    ("warning: message delayed", BounceClass::Temporary),
    ("warning: could not send message", BounceClass::Temporary),
    ("delivery delayed:", BounceClass::Temporary),
];

/// Later words of a delay: the text says that somebody keeps trying.
const STILL_TRYING: &[&str] = &[
    "will keep trying",
    "will continue to be made",
    "will be retried",
    "still being retried",
    "has not yet been delivered",
    "no action is required on your part",
    "delivery attempts will continue",
];

/// Reads a report that is no RFC 3464 one. A person's mail must never pass for one, so both the sender and the
/// words have to be those of a mail system.
fn plain(parts: &ReportParts<'_>) -> Option<Bounce> {
    let local = parts.from_local.to_ascii_lowercase();
    let from_system =
        ["mailer-daemon", "mailerdaemon", "postmaster", "mail-daemon", "mdaemon"].iter().any(|s| local.starts_with(s));
    if !from_system && !parts.is_report {
        return None;
    }
    let head: String = parts.text.chars().take(4_000).collect::<String>().to_lowercase().replace('\u{2019}', "'");
    let subject = parts.subject.to_lowercase();
    let hit = PLAIN.iter().find(|(p, _)| head.contains(p) || subject.contains(p)).map(|(_, class)| *class);
    let class = hit.or_else(|| (parts.is_report || parts.null_reverse_path).then(|| code_class(&head)).flatten())?;
    let class = if STILL_TRYING.iter().any(|p| head.contains(p)) { BounceClass::Temporary } else { class };
    Some(Bounce { class, recipient: first_address(parts.text), original: original(parts) })
}

/// Class of the first `5.1.1` or `4.7.0` (RFC 3463) in a text.
fn code_class(text: &str) -> Option<BounceClass> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|w| {
        let mut parts = w.trim_matches('.').split('.');
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
        let short = |s: &str| (1..=3).contains(&s.len());
        match a {
            "5" if short(b) && short(c) && parts.next().is_none() => Some(BounceClass::Permanent),
            "4" if short(b) && short(c) && parts.next().is_none() => Some(BounceClass::Temporary),
            _ => None,
        }
    })
}

/// The id of our mail: from the returned part, else from a returned header in the text.
fn original(parts: &ReportParts<'_>) -> Option<MessageId> {
    parts.original.clone().or_else(|| message_id_line(parts.text))
}

/// The last `Message-ID:` line of a text.
#[must_use]
pub fn message_id_line(text: &str) -> Option<MessageId> {
    text.lines().rev().find_map(|l| {
        let (name, value) = l.trim_start_matches(['>', ' ', '\t']).split_once(':')?;
        name.trim().eq_ignore_ascii_case("message-id").then(|| MessageId::parse(value)).flatten()
    })
}

/// The first address in a text.
fn first_address(text: &str) -> Option<Address> {
    let stop = |c: char| c.is_whitespace() || "<>(),;:\"'[]".contains(c);
    text.split(stop).filter(|w| w.contains('@')).take(20).find_map(|w| Address::parse(w.trim_matches('.')).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(parts: &ReportParts<'_>) -> Option<BounceClass> {
        parse(parts).map(|b| b.class)
    }

    #[test]
    fn good_news_is_no_bounce() {
        let good = ReportParts {
            is_report: true,
            delivery_status: Some(
                "Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; b@a.example\nAction: delivered\nStatus: 2.0.0\n",
            ),
            ..ReportParts::default()
        };
        assert_eq!(class_of(&good), None);
    }

    #[test]
    fn a_failure_after_four_days_of_4xx_is_permanent() {
        let status = "Reporting-MTA: dns; a.example\r\n\r\nFinal-Recipient: rfc822;\r\n b@a.example\r\nAction: failed\r\nStatus: 4.4.1\r\n";
        let bounce = parse(&ReportParts { delivery_status: Some(status), ..ReportParts::default() });
        assert_eq!(bounce.as_ref().map(|b| b.class), Some(BounceClass::Permanent));
        assert_eq!(bounce.and_then(|b| b.recipient).map(String::from), Some("b@a.example".to_owned()));
    }

    #[test]
    fn a_plain_text_bounce_needs_a_mail_system_as_sender() {
        let text = "Hi. This is the qmail-send program at a.example.\n\n<b@a.example>:\nno such mailbox (#5.1.1)\n\n--- Below this line\nMessage-ID: <x.1@y.example>\n";
        let person = ReportParts { text, from_local: "ana", ..ReportParts::default() };
        assert_eq!(class_of(&person), None);
        let daemon = ReportParts { text, from_local: "MAILER-DAEMON", ..ReportParts::default() };
        let bounce = parse(&daemon);
        assert_eq!(bounce.as_ref().and_then(|b| b.original.as_ref()).map(MessageId::as_str), Some("x.1@y.example"));
        assert_eq!(bounce.map(|b| b.class), Some(BounceClass::Permanent));
    }

    #[test]
    fn a_delay_is_temporary() {
        let text = "Warning: message delayed. Delivery attempts will continue. 4.4.1";
        assert_eq!(
            class_of(&ReportParts { text, from_local: "mailer-daemon", ..ReportParts::default() }),
            Some(BounceClass::Temporary)
        );
    }
}
