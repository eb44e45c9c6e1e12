//! The `message/delivery-status` part (RFC 3464, and RFC 6533 for internationalised addresses), however malformed.
//! Whether the mail is a report at all is decided by the module above.

use super::status::{self, Code};
use crate::domain::address::{Address, MessageId};
use crate::domain::reply::BounceClass;

/// What the part says of all recipients together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Delivered, relayed or expanded: good news.
    Good,
    /// Failed or delayed.
    Bad {
        /// Class of the worst group.
        class: BounceClass,
        /// The recipient of that group, as we wrote it if that is stated.
        recipient: Option<Address>,
    },
    /// There are groups, but none says what happened.
    Silent {
        /// The first recipient named.
        recipient: Option<Address>,
    },
}

/// Lines that are looked at.
const LINES_MAX: usize = 5_000;
/// Groups that are looked at.
const GROUPS_MAX: usize = 500;

/// One per-recipient group (RFC 3464 §2.3).
#[derive(Debug, Default)]
struct Group {
    original: Option<Address>,
    last: Option<Address>,
    has_recipient: bool,
    action: Option<Action>,
    status: Option<Code>,
    diagnosis: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Failed,
    Delayed,
    Good,
}

/// Reads the part: the first failure wins over delays, those over success.
pub(super) fn read(body: &str) -> Option<Outcome> {
    let mut worst: Option<Outcome> = None;
    for group in groups(body) {
        let found = group.outcome();
        let rank = |o: &Outcome| match o {
            Outcome::Silent { .. } => 0,
            Outcome::Good => 1,
            Outcome::Bad { class: BounceClass::Temporary, .. } => 2,
            Outcome::Bad { class: BounceClass::Permanent, .. } => 3,
        };
        if worst.as_ref().is_none_or(|w| rank(&found) > rank(w)) {
            worst = Some(found);
        }
    }
    worst
}

/// The id of the original mail, where a field states it.
pub(super) fn original_id(body: &str) -> Option<MessageId> {
    body.lines().take(LINES_MAX).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named =
            ["x-original-message-id", "original-message-id"].iter().any(|n| name.trim().eq_ignore_ascii_case(n));
        named.then(|| MessageId::parse(value)).flatten()
    })
}

impl Group {
    fn outcome(&self) -> Outcome {
        let recipient = self.original.clone().or_else(|| self.last.clone());
        let class = self.class();
        match (self.action, class) {
            // RFC 3464 §2.3.3: a delay is a delay whatever caused it.
            (Some(Action::Delayed), _) => Outcome::Bad { class: BounceClass::Temporary, recipient },
            (Some(Action::Failed), class) => Outcome::Bad { class: class.unwrap_or(BounceClass::Permanent), recipient },
            (Some(Action::Good), _) => Outcome::Good,
            (None, Some(class)) => Outcome::Bad { class, recipient },
            (None, None) if self.status.is_some_and(Code::is_success) => Outcome::Good,
            (None, None) => Outcome::Silent { recipient },
        }
    }

    /// Class by the status code. `5.0.0` says nothing, so a telling code in the diagnosis goes before it.
    fn class(&self) -> Option<BounceClass> {
        let diagnosed = status::enhanced(&self.diagnosis);
        match self.status {
            Some(code) if code.is_telling() => code.class(),
            Some(code) => diagnosed.filter(|d| d.is_telling()).and_then(Code::class).or_else(|| code.class()),
            None => diagnosed.and_then(Code::class).or_else(|| status::reply(&self.diagnosis)),
        }
    }

    fn says_nothing(&self) -> bool {
        self.action.is_none() && self.status.is_none() && self.diagnosis.is_empty()
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "original-recipient" => {
                self.has_recipient = true;
                self.original = self.original.take().or_else(|| address(value));
            }
            "final-recipient" => {
                self.has_recipient = true;
                self.last = self.last.take().or_else(|| address(value));
                // "|/usr/bin/filter (expanded from: <user@host>)": the address is the one we wrote to.
                if let Some((_, from)) = value.split_once("expanded from:") {
                    self.original = self.original.take().or_else(|| address(from.trim_end_matches(')')));
                }
            }
            "x-actual-recipient" => self.last = self.last.take().or_else(|| address(value)),
            "action" => self.action = self.action.or_else(|| action(value)),
            "status" => self.status = self.status.or_else(|| status::field(value)),
            "diagnostic-code" if self.diagnosis.is_empty() => self.diagnosis = value.chars().take(2_000).collect(),
            _ => {}
        }
    }
}

fn action(value: &str) -> Option<Action> {
    let lower = value.trim().to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|w| lower.starts_with(w));
    if starts(&["fail", "error", "undeliver", "reject"]) {
        Some(Action::Failed)
    } else if starts(&["delay"]) {
        Some(Action::Delayed)
    } else if starts(&["deliver", "relay", "expand", "success"]) {
        Some(Action::Good)
    } else {
        None
    }
}

/// `rfc822; user@host` (RFC 3464 §2.3.1), with or without type, brackets or a comment; X.400 names are none.
fn address(value: &str) -> Option<Address> {
    let value = value.split_once(';').map_or(value, |(_, a)| a);
    value
        .split(|c: char| c.is_whitespace() || "<>(),;\"'[]".contains(c))
        .filter(|w| w.contains('@'))
        .take(5)
        .find_map(|w| Address::parse(w.trim_matches(['.', ':'])).ok())
}

/// Unfolded fields, in groups. An empty line ends a group, and so does a second recipient; a group that names a
/// recipient and nothing else goes on behind the empty line.
fn groups(body: &str) -> Vec<Group> {
    let mut out: Vec<Group> = vec![Group::default()];
    let mut pending: Option<(String, String)> = None;
    for line in body.lines().take(LINES_MAX) {
        if let (true, Some((_, value))) = (line.starts_with([' ', '\t']) && !line.trim().is_empty(), &mut pending) {
            if value.len() < 4_000 {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        close(&mut out, pending.take());
        if line.trim().is_empty() {
            if out.last().is_some_and(|g| !g.says_nothing()) && out.len() < GROUPS_MAX {
                out.push(Group::default());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            pending = Some((name.trim().to_ascii_lowercase(), value.trim().chars().take(4_000).collect()));
        }
    }
    close(&mut out, pending);
    out.retain(|g| g.has_recipient || !g.says_nothing());
    out
}

fn close(groups: &mut Vec<Group>, field: Option<(String, String)>) {
    let Some((name, value)) = field else { return };
    let full = groups.last().is_some_and(|g| match name.as_str() {
        "final-recipient" => g.last.is_some() && !g.says_nothing(),
        "original-recipient" => g.has_recipient && !g.says_nothing(),
        _ => false,
    });
    if full && groups.len() < GROUPS_MAX {
        groups.push(Group::default());
    }
    if let Some(group) = groups.last_mut() {
        group.take(&name, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, class: Option<BounceClass>, recipient: &str) {
        match read(body) {
            Some(Outcome::Bad { class: found, recipient: who }) => {
                assert_eq!(Some(found), class, "{body}");
                assert_eq!(who.as_ref().map_or("", Address::as_str), recipient, "{body}");
            }
            other => assert_eq!(class, None, "{other:?} {body}"),
        }
    }

    #[test]
    fn success_is_no_failure() {
        for action in ["delivered", "relayed (to mailer)", "Expanded"] {
            check(&format!("Final-Recipient: rfc822; b@a.example\nAction: {action}\nStatus: 2.1.5\n"), None, "");
        }
    }

    #[test]
    fn the_status_code_gives_the_class_and_a_delay_is_temporary() {
        let permanent = Some(BounceClass::Permanent);
        let temporary = Some(BounceClass::Temporary);
        check(
            "Final-Recipient: rfc822;\r\n b@a.example\r\nAction: failed\r\nStatus: 4.4.7\r\n",
            temporary,
            "b@a.example",
        );
        check("Final-Recipient: rfc822; b@a.example\nAction: delayed\nStatus: 5.0.0\n", temporary, "b@a.example");
        check("Final-Recipient: b@a.example\nAction: failed\n", permanent, "b@a.example");
        check(
            "Final-Recipient: rfc822; b@a.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 452 4.2.2 full\n",
            temporary,
            "b@a.example",
        );
    }

    #[test]
    fn the_address_that_we_wrote_is_named_before_the_one_it_became() {
        let body = "Original-Recipient: rfc822;a@a.example\nFinal-Recipient: rfc822;b@b.example\nAction: failed\nStatus: 5.1.1\n";
        check(body, Some(BounceClass::Permanent), "a@a.example");
        check(
            "Final-Recipient: x-unix; |/bin/f (expanded from: <a@a.example>)\nAction: failed\nStatus: 5.3.0\n",
            Some(BounceClass::Permanent),
            "a@a.example",
        );
    }

    #[test]
    fn the_failed_recipient_is_found_among_several() {
        let body = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@a.example\nAction: delivered\n\nFinal-Recipient: rfc822; b@a.example\nAction: delayed\nStatus: 4.4.1\n\nFinal-Recipient: rfc822; c@a.example\nAction: failed\nStatus: 5.1.1\n";
        check(body, Some(BounceClass::Permanent), "c@a.example");
        check(&body.replace("\n\n", "\n"), Some(BounceClass::Permanent), "c@a.example");
    }

    #[test]
    fn an_empty_line_in_the_middle_of_a_group_does_not_lose_it() {
        check(
            "Final-Recipient: rfc822; a@a.example\n\nAction: failed\nStatus: 5.1.1\n",
            Some(BounceClass::Permanent),
            "a@a.example",
        );
    }
}
