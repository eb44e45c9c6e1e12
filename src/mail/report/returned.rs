//! Where the words of a mail system end and the returned mail begins, and what the returned mail says of itself.
//! Called by the modules beside it with text that `mail::parse` has taken out of the mail.

use crate::domain::address::{Address, MessageId};

/// Lines of a report text that are looked at.
pub(super) const LINES_MAX: usize = 5_000;

/// What stands between report and returned mail, in lower case; found anywhere in a short line.
const SEPARATORS: &[&str] = &[
    "below this line is",
    "below the next line is a copy",
    "a copy of the original message below this line",
    "this is a copy of",
    "here is a copy of",
    "is a copy of the message",
    "is a copy of your message",
    "original message follows",
    "original message is attached",
    "original message as follows",
    "original message as received is as follows",
    "original mail as follows",
    "--- original message",
    "-----original message",
    "-- original message",
    "original message headers:",
    "original message header:",
    "header of the original message",
    "message headers follow",
    "message header follows",
    "message header and top",
    "the header and top",
    "header of the source mail",
    "included is a copy of the message header",
    "unsent message",
    "undelivered message follows",
    "undelivered message headers",
    "returned message",
    "returned mail follows",
    "returned mail ---",
    "start of returned",
    "message text follows",
    "message body follows",
    "lines of your original message",
    "lines of the original message",
    "attachment contains the original mail headers",
    "your message reads",
    "summary of the undelivered message",
    "original mail info",
    "старое сообщение",
    "ниже этой линии",
    "копия сообщения",
    "копия вашего сообщения",
    "mensaje original",
    "mensagem original",
    "message d'origine",
    "originalnachricht",
    "ursprüngliche nachricht",
    "kopie ihrer nachricht",
    "kopie der nachricht",
    "原信件",
    "原始邮件",
    "元のメッセージ",
    "old message:",
    "no message was collected",
];

/// Report text in two: the words of the mail system, and the returned mail behind them (empty if none).
pub(super) fn split(text: &str) -> (&str, &str) {
    let mut at = 0;
    let mut words_seen = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let here = at;
        at += line.len();
        if number >= LINES_MAX {
            break;
        }
        let bare = line.trim().trim_start_matches(['>', '|', ' ']);
        if bare.is_empty() {
            continue;
        }
        if words_seen && (is_separator(bare) || starts_a_header(bare)) {
            // The separator's own line stays with the report: it may name the mail.
            return (text.get(..here).unwrap_or_default(), text.get(here..).unwrap_or_default());
        }
        words_seen = true;
    }
    (text, "")
}

fn is_separator(line: &str) -> bool {
    if line.len() > 240 {
        return false;
    }
    let lower = line.to_lowercase();
    SEPARATORS.iter().any(|s| lower.contains(s))
}

/// The first field of a returned header block: nobody writes it in prose.
fn starts_a_header(line: &str) -> bool {
    let starts = |prefix: &str| line.get(..prefix.len()).is_some_and(|l| l.eq_ignore_ascii_case(prefix));
    (starts("Received:") && (line.contains("from ") || line.contains("by ")))
        || starts("Return-Path: <")
        || starts("DKIM-Signature: ")
        || starts("Delivered-To: ")
}

/// The value of the first field `name` in a text, folded lines joined; quoted lines count.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    let bare = |l: &str| l.trim_start_matches(['>', '|', ' ']).trim_end().to_owned();
    let mut lines = text.lines().take(LINES_MAX).peekable();
    while let Some(line) = lines.next() {
        let line = bare(line);
        let Some((n, value)) = line.split_once(':') else { continue };
        if !n.trim().eq_ignore_ascii_case(name) {
            continue;
        }
        let mut value = value.trim().to_owned();
        if let (true, Some(next)) = (value.len() < 4, lines.peek()) {
            value.push_str(bare(next).trim());
        }
        return Some(value.chars().take(2_000).collect());
    }
    None
}

/// The id in the first `Message-ID` field of a text.
pub(super) fn message_id(text: &str) -> Option<MessageId> {
    let value = field(text, "message-id").or_else(|| field(text, "message-id (original)"))?;
    let inner = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default().to_owned(),
        None => value.split_whitespace().next().unwrap_or_default().to_owned(),
    };
    MessageId::parse(&inner).filter(|id| id.as_str().contains('@'))
}

/// Whether a text has the fields that mail systems write; what people quote has none of them.
pub(super) fn is_header(text: &str) -> bool {
    message_id(text).is_some() || field(text, "received").is_some() || field(text, "return-path").is_some()
}

/// Whom the returned mail was written to: its first `To`, else `for <...>` of its topmost Received field.
pub(super) fn addressee(text: &str) -> Option<Address> {
    let to = field(text, "to").and_then(|v| first(&v));
    to.or_else(|| {
        text.lines().take(LINES_MAX).find_map(|l| {
            let (_, rest) = l.split_once("for <")?;
            Address::parse(rest.split('>').next()?).ok()
        })
    })
}

fn first(value: &str) -> Option<Address> {
    value
        .split(|c: char| c.is_whitespace() || "<>(),;:\"'[]".contains(c))
        .filter(|w| w.contains('@'))
        .take(10)
        .find_map(|w| Address::parse(w).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_returned_mail_begins_behind_the_words_of_the_mail_system() {
        let check = |text: &str, report: &str| assert_eq!(split(text).0, report);
        check("failed\n--- Below this line is a copy of the message.\nTo: x", "failed\n");
        check("failed\n\nReceived: from a by b\nTo: x", "failed\n\n");
        check("all words\nand no mail", "all words\nand no mail");
    }

    #[test]
    fn a_folded_message_id_is_read() {
        let id = message_id("To: a@a.example\n> Message-ID:\n>  <x.1@y.example>\n");
        assert_eq!(id.as_ref().map(MessageId::as_str), Some("x.1@y.example"));
        assert_eq!(message_id("Message-ID: none"), None);
    }
}
