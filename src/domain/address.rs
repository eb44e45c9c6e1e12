//! Mail identities: addr-spec, msg-id, and the names a case goes by in mail (reference, seed, reply tag).
//! Checked on entry, so that nothing that reaches a header can carry a line break. No I/O, no randomness.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An RFC 5321 mailbox (`local-part@domain`) in ASCII; an internationalised domain is kept as A-labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// Why a text is no address we can send to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an e-mail address: {reason}")]
pub struct NotAnAddress {
    /// What was given, cut to 80 characters.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Address {
    /// Parses an addr-spec (RFC 5322 §3.4.1, dot-atom local parts only).
    ///
    /// # Errors
    /// [`NotAnAddress`] when the text has no single `@`, an empty or over-long part (RFC 5321 §4.5.3.1),
    /// a character outside dot-atom, or a domain that IDNA refuses.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let fail = |reason| NotAnAddress { text: text.chars().take(80).collect(), reason };
        let trimmed = text.trim();
        let (local, domain) = trimmed.rsplit_once('@').ok_or_else(|| fail("there is no @"))?;
        if local.is_empty() || local.len() > 64 {
            return Err(fail("the part before the @ must have 1 to 64 characters"));
        }
        let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        if !local.chars().all(atext) || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(fail("the part before the @ has a character that is not allowed there"));
        }
        let domain = idna::domain_to_ascii(domain).map_err(|_| fail("the domain is not valid"))?;
        let label_ok = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        if domain.len() > 255 || !domain.split('.').all(label_ok) {
            return Err(fail("the domain is not valid"));
        }
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain in lower case (RFC 5321 §2.4: domains compare without case).
    #[must_use]
    pub fn domain(&self) -> String {
        self.0.rsplit_once('@').map_or_else(String::new, |(_, d)| d.to_ascii_lowercase())
    }

    /// The part before the `@`, as given.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(l, _)| l)
    }

    /// Whether both name the same mailbox: domain without case, local part without case and without a
    /// `+detail` (what nearly every mailbox host does, and what "is this my own mail" needs).
    #[must_use]
    pub fn same_mailbox(&self, other: &Self) -> bool {
        let plain = |a: &Self| {
            let local = a.local_part().to_ascii_lowercase();
            local.split_once('+').map_or(local.clone(), |(l, _)| l.to_owned())
        };
        self.domain() == other.domain() && plain(self) == plain(other)
    }

    /// The same mailbox with `+detail` before the `@` (RFC 5233 subaddress).
    ///
    /// # Errors
    /// [`NotAnAddress`] when the local part grows over its limit.
    pub fn with_detail(&self, detail: &str) -> Result<Self, NotAnAddress> {
        Self::parse(&format!("{}+{detail}@{}", self.local_part(), self.domain()))
    }

    /// First character and domain only: for logs and error texts.
    #[must_use]
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('*');
        format!("{first}***@{}", self.domain())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;
    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

/// A msg-id (RFC 5322 §3.6.4) without its angle brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(String);

impl MessageId {
    /// Takes a msg-id with or without angle brackets. Foreign ids are taken as they are, as long as
    /// they are printable ASCII without spaces: they are compared and quoted, never interpreted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
        let ok = !inner.is_empty()
            && inner.len() <= 900
            && inner.chars().all(|c| c.is_ascii_graphic() && c != '<' && c != '>');
        ok.then(|| Self(inner.to_owned()))
    }

    /// The id without brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as it stands in a header.
    #[must_use]
    pub fn bracketed(&self) -> String {
        format!("<{}>", self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Crockford's base 32 digits: no I, L, O, U (<https://www.crockford.com/base32.html>).
pub const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a person and a carrier call a case: `7Q2M`. Holds at least one letter and one digit, so that
/// neither a year nor a word can be taken for one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

impl Reference {
    /// Length of the shortest reference.
    pub const LENGTH_MIN: usize = 4;

    /// Parses a reference as a person types it: lower case, `I`/`L` for 1 and `O` for 0 are forgiven.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut out = String::with_capacity(8);
        for c in text.trim().trim_matches(['[', ']', '#']).chars() {
            let c = match c.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            if !c.is_ascii() || !CROCKFORD.contains(&(c as u8)) {
                return None;
            }
            out.push(c);
        }
        let mixed = out.bytes().any(|b| b.is_ascii_digit()) && out.bytes().any(|b| b.is_ascii_alphabetic());
        ((Self::LENGTH_MIN..=10).contains(&out.len()) && mixed).then_some(Self(out))
    }

    /// Builds a reference of `length` characters from random bytes; `None` when the bytes give one
    /// without a letter or without a digit (draw again).
    #[must_use]
    pub fn from_random(bytes: &[u8], length: usize) -> Option<Self> {
        let text: String = bytes.iter().take(length).map(|b| char::from(CROCKFORD[usize::from(b & 31)])).collect();
        (text.len() == length).then_some(text).and_then(|t| Self::parse(&t))
    }

    /// The reference as text, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Reference {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a case reference such as 7Q2M"))
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

/// 128 random bits drawn once when a case is opened. Every unguessable name of the case (Message-IDs,
/// thread id, reply tag) is a keyed hash of a label under it, so that `decide` stays pure and a replay
/// finds the same names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseSeed(pub [u8; 16]);

impl fmt::Debug for CaseSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaseSeed(..)")
    }
}

impl CaseSeed {
    /// The first 64 bits of HMAC-SHA-256(seed, label) in lower-case hex.
    fn keyed(&self, label: &str) -> String {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.0);
        let tag = ring::hmac::sign(&key, label.as_bytes());
        tag.as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// The Message-ID of the `number`-th mail of the case (64 unguessable bits: a bounce counts only
    /// when it carries one).
    #[must_use]
    pub fn message_id(&self, reference: &Reference, number: u32, domain: &str) -> MessageId {
        let reference = reference.as_str().to_ascii_lowercase();
        MessageId(format!("{reference}.{number}.{}@{domain}", self.keyed(&format!("mail {number}"))))
    }

    /// The pseudo-id that stands first in the References of every mail of the case.
    #[must_use]
    pub fn thread_id(&self, reference: &Reference, domain: &str) -> MessageId {
        let reference = reference.as_str().to_ascii_lowercase();
        MessageId(format!("{reference}.case.{}@{domain}", self.keyed("thread")))
    }

    /// The Message-ID of a nudge; `cause` is what the nudge is about and never repeats within a case.
    #[must_use]
    pub fn nudge_id(&self, reference: &Reference, cause: &str, domain: &str) -> MessageId {
        let reference = reference.as_str().to_ascii_lowercase();
        MessageId(format!("{reference}.nudge.{}@{domain}", self.keyed(&format!("nudge {cause}"))))
    }

    /// The detail of the reply address: `od-7q2m-<16 hex digits>`.
    #[must_use]
    pub fn reply_tag(&self, reference: &Reference) -> String {
        format!("od-{}-{}", reference.as_str().to_ascii_lowercase(), self.keyed("reply tag"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_line_break_is_refused() {
        assert!(Address::parse("a@b.example\r\nBcc: x@y.example").is_err());
        assert!(Address::parse("a b@c.example").is_err());
        assert!(Address::parse("a@-x.example").is_err());
    }

    #[test]
    fn an_internationalised_domain_becomes_a_labels() {
        assert_eq!(Address::parse("a@пример.срб").unwrap().as_str(), "a@xn--e1afmkfd.xn--90a3ac");
    }

    #[test]
    fn a_year_or_a_word_is_no_reference() {
        assert!(Reference::parse("2026").is_none());
        assert!(Reference::parse("CASE").is_none());
        assert_eq!(Reference::parse("7q2m").unwrap().as_str(), "7Q2M");
    }

    #[test]
    fn own_mailbox_is_recognised_with_a_detail() {
        let a = Address::parse("Li.Wei@x.example").unwrap();
        assert!(a.same_mailbox(&Address::parse("li.wei+od-7q2m-00@X.example").unwrap()));
        assert!(!a.same_mailbox(&Address::parse("li@x.example").unwrap()));
    }

    #[test]
    fn names_of_a_case_depend_on_its_seed_alone() {
        let r = Reference::parse("7Q2M").unwrap();
        let (a, b) = (CaseSeed([1; 16]), CaseSeed([2; 16]));
        assert_eq!(a.message_id(&r, 1, "x.example"), a.message_id(&r, 1, "x.example"));
        assert_ne!(a.message_id(&r, 1, "x.example"), b.message_id(&r, 1, "x.example"));
        assert_ne!(a.message_id(&r, 1, "x.example"), a.message_id(&r, 2, "x.example"));
    }
}
