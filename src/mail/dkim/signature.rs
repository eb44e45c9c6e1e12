//! One signature field, DKIM-Signature or ARC-Message-Signature: what it says, and what can be said of it without its key.

use super::canonical::{Fields, Form};
use super::key::Kind;
use super::tags::{Tags, base64};

/// Names that one signature lists.
const NAMES_MAX: usize = 200;

/// Fields that no reader expects twice (RFC 5322 §3.6): a copy that the signature does not cover could be the one shown.
const SINGLE: &[&str] = &[
    "from",
    "subject",
    "date",
    "to",
    "cc",
    "sender",
    "reply-to",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// A signature as it is written.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) kind: Kind,
    pub(super) domain: String,
    pub(super) selector: String,
    /// Domain of the identity in `i=`, if it names one.
    pub(super) identity: Option<String>,
    pub(super) signature: Vec<u8>,
    pub(super) body_hash: Vec<u8>,
    pub(super) names: Vec<String>,
    pub(super) header_form: Form,
    pub(super) body_form: Form,
    pub(super) length: Option<u64>,
    pub(super) expires_at: Option<i64>,
}

/// Who signs: the author's side (RFC 6376) or a forwarder (RFC 8617), whose `i=` is a number and who writes no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Author,
    Forwarder,
}

/// The domain a field claims to be signed by, whatever else is wrong with it.
pub(super) fn claimed_domain(text: &str) -> Option<String> {
    Tags::parse(text)?.get("d").map(str::to_ascii_lowercase)
}

impl Signature {
    /// Reads a signature; why it cannot count, in words that follow "its signature".
    pub(super) fn parse(text: &str, role: Role) -> Result<Self, &'static str> {
        const MALFORMED: &str = "is malformed";
        let tags = Tags::parse(text).ok_or(MALFORMED)?;
        let tag = |name: &str| tags.get(name).ok_or(MALFORMED);
        if role == Role::Author && tag("v")? != "1" {
            return Err(MALFORMED);
        }
        let domain = tag("d")?.to_ascii_lowercase();
        let selector = tag("s")?.to_ascii_lowercase();
        if !is_dns_name(&domain) || !is_dns_name(&selector) || domain.len() + selector.len() > 230 {
            return Err(MALFORMED);
        }
        let identity = match (role, tags.get("i")) {
            (Role::Author, Some(i)) => Some(i.rsplit_once('@').ok_or(MALFORMED)?.1.to_ascii_lowercase()),
            _ => None,
        };
        let (header_form, body_form) = forms(tags.get("c").unwrap_or("simple")).ok_or(MALFORMED)?;
        let names: Vec<String> = tag("h")?.split(':').map(|n| n.trim().to_ascii_lowercase()).collect();
        if names.len() > NAMES_MAX || names.iter().any(String::is_empty) {
            return Err(MALFORMED);
        }
        let number = |name: &str| match tags.get(name) {
            Some(digits) if !digits.bytes().all(|b| b.is_ascii_digit()) => Err(MALFORMED),
            Some(digits) => digits.parse::<i64>().map(Some).map_err(|_| MALFORMED),
            None => Ok(None),
        };
        let (made_at, expires_at) = (number("t")?, number("x")?);
        if expires_at.is_some_and(|x| made_at.is_some_and(|t| x < t)) {
            return Err(MALFORMED);
        }
        Ok(Self {
            kind: kind(tag("a")?)?,
            signature: base64(tag("b")?).filter(|b| !b.is_empty()).ok_or(MALFORMED)?,
            body_hash: base64(tag("bh")?).ok_or(MALFORMED)?,
            length: number("l")?.and_then(|l| u64::try_from(l).ok()),
            domain,
            selector,
            identity,
            names,
            header_form,
            body_form,
            expires_at,
        })
    }

    /// The name its key is published under.
    pub(super) fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// Why it cannot count for this mail at an instant (seconds since 1970), before its hashes are looked at.
    pub(super) fn flaw(&self, fields: &Fields<'_>, at: i64) -> Option<String> {
        if self.expires_at.is_some_and(|x| x <= at) {
            return Some("has expired".to_owned());
        }
        // RFC 6376 §5.4: the author must be signed. So must the subject, which is read with the text.
        let signed = |name: &str| self.names.iter().filter(|n| *n == name).count();
        for name in ["from", "subject"] {
            if signed(name) == 0 && fields.count(name) > 0 {
                return Some(format!("does not cover the field {name}"));
            }
        }
        let doubled = SINGLE.iter().find(|name| fields.count(name) > 1 && fields.count(name) > signed(name));
        if let Some(name) = doubled {
            return Some(format!("leaves a second field {name} uncovered"));
        }
        let foreign = self.identity.as_ref().is_some_and(|i| {
            *i != self.domain && !i.strip_suffix(self.domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
        });
        foreign.then(|| "speaks for another domain".to_owned())
    }
}

/// Signature algorithms that prove something; RFC 8301 §3.1 ended the use of SHA-1.
pub(super) fn kind(algorithm: &str) -> Result<Kind, &'static str> {
    match algorithm.to_ascii_lowercase().as_str() {
        "rsa-sha256" => Ok(Kind::Rsa),
        "ed25519-sha256" => Ok(Kind::Ed25519),
        _ => Err("is of a kind that proves nothing"),
    }
}

fn forms(text: &str) -> Option<(Form, Form)> {
    let form = |word: &str| match word.trim().to_ascii_lowercase().as_str() {
        "simple" => Some(Form::Simple),
        "relaxed" => Some(Form::Relaxed),
        _ => None,
    };
    let (header, body) = text.split_once('/').unwrap_or((text, "simple"));
    Some((form(header)?, form(body)?))
}

/// Whether DNS can be asked for a name.
pub(super) fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 200 && name.split('.').all(is_label)
}
