//! Status codes: RFC 3463 (`5.1.1`) and RFC 5321 replies (`550`), found in fields and in prose.
//! What class a report has is decided by its callers, `rfc3464` and `prose`.

use crate::domain::reply::BounceClass;

/// A status code of RFC 3463 §2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    class: u8,
    subject: u16,
}

impl Code {
    /// The class that the first digit names; none for success.
    pub(super) fn class(self) -> Option<BounceClass> {
        class_of(self.class)
    }

    /// Success (2.x.x).
    pub(super) fn is_success(self) -> bool {
        self.class == b'2'
    }

    /// Says what failed; `5.0.0` does not.
    pub(super) fn is_telling(self) -> bool {
        self.subject != 0
    }
}

fn class_of(digit: u8) -> Option<BounceClass> {
    match digit {
        b'5' => Some(BounceClass::Permanent),
        b'4' => Some(BounceClass::Temporary),
        _ => None,
    }
}

/// The value of a Status field: the code may stand alone, before a comment, or be cut short (`5`, `5.1`).
pub(super) fn field(value: &str) -> Option<Code> {
    let value = value.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut parts = value.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.split('.');
    let class = parts.next()?;
    let subject = parts.next().and_then(|s| s.parse().ok()).unwrap_or(0);
    match class.as_bytes() {
        [digit @ (b'2' | b'4' | b'5')] => Some(Code { class: *digit, subject }),
        // Written together, as `550` or `511`.
        [digit @ (b'2' | b'4' | b'5'), _, _] => Some(Code { class: *digit, subject: 0 }),
        _ => None,
    }
}

/// The first enhanced code in a text; digits that belong to an IP address or a version are none.
pub(super) fn enhanced(text: &str) -> Option<Code> {
    let is_code = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| !is_code(c)).find_map(|word| {
        let mut parts = word.trim_matches('.').split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let short = |s: &str| (1..=3).contains(&s.len());
        if parts.next().is_some() || !short(subject) || !short(detail) {
            return None;
        }
        match class.as_bytes() {
            [digit @ (b'4' | b'5')] => Some(Code { class: *digit, subject: subject.parse().unwrap_or(0) }),
            _ => None,
        }
    })
}

/// Class of the first SMTP reply in a text: `550`, `<<< 452`, `said: 550-`, `[550`, `error 552`.
pub(super) fn reply(text: &str) -> Option<BounceClass> {
    let mut before = ' ';
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let starts = matches!(c, '4' | '5') && !before.is_ascii_alphanumeric() && !matches!(before, '.' | '-' | '@');
        before = c;
        if !starts {
            continue;
        }
        let Some([first, second @ b'0'..=b'7', b'0'..=b'9']) = bytes.get(at..at + 3) else { continue };
        let after = bytes.get(at + 3).copied().unwrap_or(b' ');
        // `500 KB`, `5000` and `451.23` are no replies; a reply is followed by its text.
        if !matches!(after, b' ' | b'-' | b'\n' | b'\t' | b']' | b':' | b',' | b';' | b'\'') {
            continue;
        }
        let line = bytes.get(at + 4..).unwrap_or_default();
        let unit = line.get(..2).unwrap_or_default().to_ascii_lowercase();
        if *second <= b'5' && !matches!(unit.as_slice(), b"kb" | b"mb" | b"by" | b"li") {
            return class_of(*first);
        }
    }
    None
}

/// Class of the first code of either form, the enhanced one before the reply.
pub(super) fn any(text: &str) -> Option<BounceClass> {
    enhanced(text).and_then(Code::class).or_else(|| reply(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_field_is_read_whole_or_cut_short() {
        let check = |value: &str, expected: Option<BounceClass>| {
            assert_eq!(field(value).and_then(Code::class), expected, "{value}");
        };
        check("5.1.1", Some(BounceClass::Permanent));
        check(" 4.4.7 (expired)", Some(BounceClass::Temporary));
        check("smtp; 550", Some(BounceClass::Permanent));
        check("5", Some(BounceClass::Permanent));
        check("2.0.0", None);
        check("unknown", None);
    }

    #[test]
    fn only_codes_are_codes() {
        let check = |text: &str, expected: Option<BounceClass>| assert_eq!(any(text), expected, "{text}");
        check("said: 550 5.1.1 no such user", Some(BounceClass::Permanent));
        check("(#4.4.1)", Some(BounceClass::Temporary));
        check("<<< 452 try later", Some(BounceClass::Temporary));
        check("host mx.example [192.5.1.1] at 5.1.1.2 port 25", None);
        check("the first 500 lines, at most 450 KB", None);
        check("room 554b, flight X-512-9", None);
    }
}
