//! The few header fields that decide whether a message is fetched: unfolded, looked at broadly, never trusted.
//! Real parsing is the business of `mail`; this only must not miss anything.

use crate::domain::Timestamp;
use crate::domain::address::MessageId;
use mail_parser::MessageParser;

/// The fields that are asked for.
pub const GLANCE_FIELDS: &str = "From Sender Reply-To To Cc Delivered-To X-Original-To X-Failed-Recipients Subject Date \
     Message-ID In-Reply-To References Auto-Submitted Return-Path Content-Type List-Id";

/// A first look at a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderGlance {
    /// Its number in the folder.
    pub uid: u64,
    /// Its size in bytes as the server says, where it does.
    pub size: Option<u64>,
    /// When the server received it, where known.
    pub received_at: Option<Timestamp>,
    fields: Vec<(String, String)>,
}

impl HeaderGlance {
    /// Reads header lines up to the first empty one; whatever is no header line is passed over.
    #[must_use]
    pub fn parse(uid: u64, size: Option<u64>, received_at: Option<Timestamp>, header: &[u8]) -> Self {
        let text = String::from_utf8_lossy(header);
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { uid, size, received_at, fields }
    }

    /// All values of a field, top to bottom, unfolded, not decoded.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Everything in From, Sender, Reply-To and Return-Path that looks like an address, in lower case.
    #[must_use]
    pub fn senders(&self) -> Vec<String> {
        self.addresses(&["from", "sender", "reply-to", "return-path"])
    }

    /// Everything in To, Cc, Delivered-To, X-Original-To and X-Failed-Recipients that looks like an address, in
    /// lower case.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        self.addresses(&["to", "cc", "delivered-to", "x-original-to", "x-failed-recipients"])
    }

    fn addresses(&self, names: &[&str]) -> Vec<String> {
        let values = self.fields.iter().filter(|(n, _)| names.contains(&n.as_str()));
        let edge = |c: char| c.is_whitespace() || "<>,;:\"()[]".contains(c);
        let words = values.flat_map(|(_, v)| v.split(edge)).filter(|w| w.contains('@'));
        words.map(str::to_lowercase).collect()
    }

    /// The subject, encoded words decoded; empty where there is none.
    #[must_use]
    pub fn subject(&self) -> String {
        let raw: Vec<_> = self.all("subject").collect();
        let block = format!("Subject: {}\r\n\r\n", raw.join(" "));
        let parsed = MessageParser::default().parse_headers(block.as_bytes());
        parsed.as_ref().and_then(|m| m.subject()).unwrap_or_default().to_owned()
    }

    /// Its own Message-ID.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        self.all("message-id").find_map(|v| msg_ids(v).into_iter().next())
    }

    /// Every id in In-Reply-To and References.
    #[must_use]
    pub fn references(&self) -> Vec<MessageId> {
        self.all("in-reply-to").chain(self.all("references")).flat_map(msg_ids).collect()
    }
}

/// Message ids in a field value, with or without brackets.
fn msg_ids(value: &str) -> Vec<MessageId> {
    let words = value.split(|c: char| c.is_whitespace() || "<>,".contains(c)).filter(|w| !w.is_empty());
    words.filter_map(MessageId::parse).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_glance_unfolds_decodes_and_finds_ids_and_addresses() {
        let header = b"From: \"Podr\xc5\xa1ka\" <Info@Carrier.Example>\r\nReturn-Path: <bounce@x.example>\r\n\
            Subject: =?utf-8?B?T2RqYXZh?=\r\n =?utf-8?Q?_linije?=\r\nMESSAGE-ID:\r\n <a@b.example>\r\n\
            References: <one@x.example>\r\n\t<two@x.example>\r\nnonsense\r\nTo: me@home.example\r\n\r\nTo: not@header.example\r\n";
        let glance = HeaderGlance::parse(7, Some(10), None, header);
        assert_eq!(glance.senders(), ["info@carrier.example", "bounce@x.example"]);
        assert_eq!(glance.recipients(), ["me@home.example"]);
        assert_eq!(glance.subject(), "Odjava linije");
        assert_eq!(glance.message_id().unwrap().as_str(), "a@b.example");
        let ids: Vec<_> = glance.references().iter().map(|m| m.as_str().to_owned()).collect();
        assert_eq!(ids, ["one@x.example", "two@x.example"]);
    }

    #[test]
    fn a_glance_at_garbage_is_empty() {
        let glance = HeaderGlance::parse(1, None, None, b"\xff\xfe\0\0 : \r\n folded first");
        assert!(glance.senders().is_empty() && glance.subject().is_empty() && glance.message_id().is_none());
    }
}
