//! Which of the addresses in the words of a mail system is the recipient that failed.
//! Every address is judged by its place in the line and by what stands around it; nothing here knows MIME.

use super::returned::LINES_MAX;
use crate::domain::address::Address;

/// Addresses that are weighed.
const ADDRESSES_MAX: usize = 200;

/// Words before an address that name it as the recipient.
const LABELS: &[&str] = &[
    "recipient",
    "rcpt to",
    "addressed to",
    "was addressed",
    "target mail address",
    "addressee",
    "delivered to",
    "delivering your mail to",
    "deliver your message to",
    "deliver message to",
    "deliver mail to",
    "delivery to",
    "delivery of email to this address",
    "undeliverable to",
    "unknown user",
    "user unknown",
    "userid",
    "user mailbox",
    "error-for",
    "failed",
    "your message to",
    "your mail to",
    "sent mail to",
    "message to",
    "attempts",
    "mailbox is full",
    "quota",
    "address",
    "empfänger",
    "destinatario",
    "destinataire",
    "destinatário",
    "delivre a",
    "адрес",
    "получател",
    "收件人",
    "宛先",
];

/// Words in a line that speak of the failure of the address in it.
const FAILURES: &[&str] = &[
    "unknown",
    "does not exist",
    "doesn't",
    "no such",
    "not found",
    "full",
    "quota",
    "rejected",
    "failed",
    "could not",
    "unable",
    "not listed",
    "invalid",
    "disabled",
    "unavailable",
    "over ",
    "did not exactly match",
    "no mailbox",
    "not accept",
];

/// Lines that announce the recipients below them.
const ANNOUNCEMENTS: &[&str] = &[
    "following address",
    "following recipient",
    "following user",
    "recipients of",
    "recipient(s)",
    "addresses had",
    "addresses did not",
    "recipients did not",
    "recipients were",
    "address(es)",
    "could not be delivered to",
    "was not delivered to",
    "not delivered to the",
    "delivered to:",
    "undeliverable to",
    "failed recipients",
    "failed addresses",
    "failure reasons",
    "was undeliverable",
    "did not reach",
    "destinatario",
    "destinataire",
    "empfänger",
    "folgende",
    "адрес",
    "получател",
    "收件人",
    "地址",
    "宛先",
    "アドレス",
];

/// Words before an address that name somebody else.
const OTHERS: &[&str] = &[
    "from:",
    "from <",
    "mail from",
    "sender",
    "sent by",
    "contact",
    "help",
    "reply to",
    "reply-to",
    "message-id",
    "mailto:",
    "questions",
    "support",
    "send mail to <postmaster",
    "expanded from",
    "generated from",
    "forward",
    "http",
    "cc:",
    "sorry ",
    "hello",
    "dear",
];

/// Local parts of people who look after mail.
const KEEPERS: &[&str] =
    &["postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "noreply", "no-reply", "hostmaster"];

/// The recipient that failed, as far as the words tell. `strangers` are the addresses of this very mail: its author
/// and the mailbox that it came to.
pub(super) fn failed(report: &str, strangers: &[Address]) -> Option<Address> {
    best(report, strangers).filter(|(score, _)| *score > -3).map(|(_, a)| a)
}

/// Whether the words name a recipient as such: at the head of a line, behind a label or below an announcement.
pub(super) fn named(report: &str, strangers: &[Address]) -> bool {
    best(report, strangers).is_some_and(|(score, _)| score >= 5)
}

fn best(report: &str, strangers: &[Address]) -> Option<(i32, Address)> {
    let mut best: Option<(i32, Address)> = None;
    let mut announced = 0_u8;
    let mut seen = 0;
    for line in report.lines().take(LINES_MAX) {
        let lower = line.to_lowercase();
        if lower.trim().is_empty() {
            continue;
        }
        for (at, address) in addresses(line) {
            seen += 1;
            if seen > ADDRESSES_MAX {
                break;
            }
            let score = weigh(line, &lower, at, &address, announced > 0, strangers);
            if best.as_ref().is_none_or(|(top, _)| score > *top) {
                best = Some((score, address));
            }
        }
        announced = if ANNOUNCEMENTS.iter().any(|a| lower.contains(a)) { 4 } else { announced.saturating_sub(1) };
    }
    best
}

/// A name without a domain below an announcement, as mailbox hosts name their own users.
pub(super) fn bare_name(report: &str, domain: &str) -> Option<Address> {
    let mut announced = 0_u8;
    for line in report.lines().take(LINES_MAX) {
        let name = line.trim();
        let is_name = (2..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
            && name.chars().any(|c| c.is_ascii_alphabetic());
        if announced > 0 && is_name {
            return Address::parse(&format!("{name}@{domain}")).ok();
        }
        if !name.is_empty() {
            let lower = line.to_lowercase();
            announced = if ANNOUNCEMENTS.iter().any(|a| lower.contains(a)) { 3 } else { announced.saturating_sub(1) };
        }
    }
    None
}

fn weigh(line: &str, lower: &str, at: usize, address: &Address, announced: bool, strangers: &[Address]) -> i32 {
    let before = line.get(..at).unwrap_or_default();
    // Lower case may be longer or shorter than the line; the words before the address are lowered by themselves.
    let before_lower = before.to_lowercase();
    let near: String = {
        let chars: Vec<char> = before_lower.chars().collect();
        chars.iter().skip(chars.len().saturating_sub(60)).collect()
    };
    let mut score = 0;
    let opens = before.trim().chars().all(|c| "<\"'*>-•([#|".contains(c)) || before.trim().is_empty();
    score += i32::from(opens) * 5;
    score += i32::from(LABELS.iter().any(|l| near.contains(l))) * 4;
    score += i32::from(announced) * 3;
    score += i32::from(FAILURES.iter().any(|f| lower.contains(f))) * 2;
    if near.trim_end().ends_with("to:") || near.trim_end().ends_with("to: <") || near.trim_end().ends_with("to:<") {
        score += 2;
    }
    score -= i32::from(OTHERS.iter().any(|o| near.contains(o))) * 5;
    let local = address.local_part().to_ascii_lowercase();
    score -= i32::from(KEEPERS.iter().any(|k| local == *k)) * 6;
    score -= i32::from(strangers.iter().any(|s| s.same_mailbox(address))) * 8;
    score
}

/// The addresses of a line with the place where each begins.
fn addresses(line: &str) -> impl Iterator<Item = (usize, Address)> {
    let stop = |c: char| c.is_whitespace() || "<>(),;:\"'[]|{}*".contains(c) || !c.is_ascii();
    let mut start = 0;
    let mut out = Vec::new();
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        if !stop(c) {
            continue;
        }
        let word = line.get(start..at).unwrap_or_default();
        if word.len() <= 400
            && let Some(address) = one(word)
        {
            out.push((start, address));
        }
        start = at + c.len_utf8();
        if out.len() >= 20 {
            break;
        }
    }
    out.into_iter()
}

/// A word as an address; `smtp=user@host` and a full stop behind it are shed.
fn one(word: &str) -> Option<Address> {
    let (_, domain) = word.split_once('@')?;
    if !domain.contains(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let word = ["smtp=", "rfc822="].iter().find(|p| lower.starts_with(**p)).map_or(word, |p| &word[p.len()..]);
    Address::parse(word.trim_matches(['.', '!', '?', '-', '=', '\\', '/', '`', '_'])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failed_recipient_is_told_from_the_other_addresses() {
        let check = |report: &str, expected: &str| {
            let ours: Vec<Address> = Address::parse("me@own.example").into_iter().collect();
            assert_eq!(failed(report, &ours).as_ref().map_or("", Address::as_str), expected, "{report}");
        };
        check("For help write to <postmaster@a.example>.\n\n<b@a.example>: host said: 550 no such user", "b@a.example");
        check("Your message from me@own.example\ncould not be delivered to:\n\n   b@a.example", "b@a.example");
        check(
            "To: list@c.example\ndid not reach the following recipient(s):\nb@a.example on Fri, 20 Nov",
            "b@a.example",
        );
        check("Recipient: [SMTP:b@a.example]", "b@a.example");
        check("Sorry me@own.example, no luck", "");
    }
}
