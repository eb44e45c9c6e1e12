//! Tag lists (RFC 6376 §3.2): signatures and key records alike, and the base 64 in them.

/// The tags of one list, in order; names as they are written (they are case-sensitive).
#[derive(Debug)]
pub(crate) struct Tags<'t>(Vec<(&'t str, &'t str)>);

/// Tags of one list that are looked at; real ones have fifteen.
const TAGS_MAX: usize = 40;

impl<'t> Tags<'t> {
    /// Reads a list. `None` when it is none, or a tag stands twice: then nobody knows which one counts.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for piece in text.split(';') {
            let piece = piece.trim_matches(is_blank);
            if piece.is_empty() {
                continue;
            }
            let (name, value) = piece.split_once('=')?;
            let name = name.trim_end_matches(is_blank);
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name || tags.len() == TAGS_MAX || tags.iter().any(|(n, _)| *n == name) {
                return None;
            }
            tags.push((name, value.trim_start_matches(is_blank)));
        }
        Some(Self(tags))
    }

    /// The value of a tag.
    pub(crate) fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }

    /// The name of the first tag.
    pub(crate) fn first(&self) -> Option<&'t str> {
        self.0.first().map(|(n, _)| *n)
    }
}

/// Folding white space.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Decodes base 64 (RFC 4648 §4) with white space in it.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches(|c| is_blank(c) || c == '=');
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0x3fff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_double_tags_refused() {
        let tags = Tags::parse(" v=1; a = rsa-sha256;\r\n\tb=ab=\r\n c= ; d=x.example;;").expect("a list");
        assert_eq!(tags.first(), Some("v"));
        for (name, value) in [("a", "rsa-sha256"), ("b", "ab=\r\n c="), ("d", "x.example")] {
            assert_eq!(tags.get(name), Some(value));
        }
        assert_eq!(tags.get("c"), None);
        for text in ["d=a; d=b", "d", "=x", "d=a; 1=b", "v=1; d a=b"] {
            assert!(Tags::parse(text).is_none(), "{text}");
        }
        assert!(Tags::parse("").is_some_and(|t| t.first().is_none()));
    }

    #[test]
    fn base64_is_decoded_over_folds() {
        assert_eq!(base64("aGVs\r\n bG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(base64("").as_deref(), Some(&b""[..]));
        assert_eq!(base64("a*b"), None);
    }
}
