//! The two canonical forms of header fields and bodies (RFC 6376 §3.4), and the fields of a mail as they are signed.

use mail_parser::MessageParser;
use mail_parser::parsers::MessageStream;
use ring::digest::{Context, Digest, SHA256};

/// Bytes of header that are looked at.
const HEADER_MAX: usize = 512 << 10;

/// One header field: its name in lower case, and its bytes.
#[derive(Debug, Clone)]
pub(super) struct Field<'m> {
    /// Lower case.
    pub(super) name: String,
    /// As written.
    pub(super) raw_name: &'m [u8],
    /// What stands behind the colon, the final line break included.
    pub(super) value: &'m [u8],
}

impl Field<'_> {
    /// The value as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.value).into_owned()
    }
}

/// Header fields from top to bottom, and the body.
pub(super) struct Fields<'m> {
    pub(super) list: Vec<Field<'m>>,
    pub(super) body: &'m [u8],
}

impl<'m> Fields<'m> {
    /// Parts a mail, with the same parser that reads it, so that nobody can sign one header and show another.
    /// `None` when the header is too long, a name is not written as names are, or something stands between the fields:
    /// another parser may take that for a part of them.
    pub(super) fn of(raw: &'m [u8]) -> Option<Self> {
        let mut stream = MessageStream::new(raw);
        let mut headers = Vec::new();
        let has_body = stream.parse_headers(&MessageParser::default(), &mut headers);
        let body_at = if has_body { stream.offset() } else { raw.len() };
        if body_at > HEADER_MAX || headers.len() > crate::mail::HEADERS_MAX {
            return None;
        }
        let mut list = Vec::with_capacity(headers.len());
        let mut next_at = 0;
        for header in &headers {
            if header.offset_field != next_at {
                return None;
            }
            next_at = header.offset_end;
            let start = header.offset_start as usize;
            let raw_name = raw.get(header.offset_field as usize..start.checked_sub(1)?)?;
            let value = raw.get(start..header.offset_end as usize)?;
            let written = std::str::from_utf8(raw_name).ok()?.trim_end_matches([' ', '\t']);
            if !written.eq_ignore_ascii_case(header.name.as_str()) {
                return None;
            }
            list.push(Field { name: written.to_ascii_lowercase(), raw_name, value });
        }
        let end = raw.get(next_at as usize..body_at)?;
        matches!(end, b"" | b"\n" | b"\r\n").then_some(Self { list, body: raw.get(body_at..).unwrap_or_default() })
    }

    /// How often a field stands there.
    pub(super) fn count(&self, name: &str) -> usize {
        self.list.iter().filter(|f| f.name == name).count()
    }

    /// The fields that a list of names signs, in its order: of equal ones the lowest first (RFC 6376 §5.4.2).
    pub(super) fn signed(&self, names: &[String]) -> Vec<&Field<'m>> {
        let mut left: std::collections::HashMap<&str, Vec<&Field<'m>>> = std::collections::HashMap::new();
        for field in &self.list {
            left.entry(field.name.as_str()).or_default().push(field);
        }
        names.iter().filter_map(|name| left.get_mut(name.as_str())?.pop()).collect()
    }
}

/// A canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Simple,
    Relaxed,
}

/// Appends a field in its canonical form.
pub(super) fn field(form: Form, raw_name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    // A lone CR is no line break but a byte like any other.
    let lines = value.strip_suffix(b"\n").unwrap_or(value).split(|b| *b == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    match form {
        Form::Simple => {
            out.extend_from_slice(raw_name);
            out.push(b':');
            for (i, line) in lines.enumerate() {
                if i > 0 {
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(line);
            }
        }
        Form::Relaxed => {
            out.extend(raw_name.trim_ascii_end().iter().map(u8::to_ascii_lowercase));
            out.push(b':');
            let start = out.len();
            let mut gap = false;
            for byte in lines.flatten() {
                if matches!(byte, b' ' | b'\t') {
                    gap = true;
                } else {
                    if gap && out.len() > start {
                        out.push(b' ');
                    }
                    gap = false;
                    out.push(*byte);
                }
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// The value of a signature field without what stands behind its `b=` (RFC 6376 §3.7), and without the final line break.
pub(super) fn without_signature(value: &[u8]) -> Vec<u8> {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let mut out = Vec::with_capacity(value.len());
    for (i, piece) in value.split(|b| *b == b';').enumerate() {
        if i > 0 {
            out.push(b';');
        }
        let equals = piece.iter().position(|b| *b == b'=');
        let name = equals.and_then(|at| piece.get(..at)).unwrap_or_default();
        match equals {
            Some(at) if name.trim_ascii() == b"b" => out.extend_from_slice(piece.get(..=at).unwrap_or_default()),
            _ => out.extend_from_slice(piece),
        }
    }
    out
}

/// SHA-256 of a body in its canonical form, and how long that form is.
pub(super) fn body(form: Form, body: &[u8]) -> (Digest, u64) {
    let mut hash = Context::new(&SHA256);
    let (mut length, mut empty_lines) = (0u64, 0u64);
    let mut line_out = Vec::new();
    for line in body.strip_suffix(b"\n").unwrap_or(body).split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line_out.clear();
        match form {
            Form::Simple => line_out.extend_from_slice(line),
            Form::Relaxed => {
                let mut gap = false;
                for byte in line {
                    if matches!(byte, b' ' | b'\t') {
                        gap = true;
                    } else {
                        if gap {
                            line_out.push(b' ');
                        }
                        gap = false;
                        line_out.push(*byte);
                    }
                }
            }
        }
        if line_out.is_empty() {
            empty_lines += 1;
            continue;
        }
        line_out.extend_from_slice(b"\r\n");
        length += empty_lines * 2 + line_out.len() as u64;
        for _ in 0..std::mem::take(&mut empty_lines) {
            hash.update(b"\r\n");
        }
        hash.update(&line_out);
    }
    // RFC 6376 §3.4.3: the simple form of an empty body is one line break.
    if form == Form::Simple && length == 0 {
        hash.update(b"\r\n");
        length = 2;
    }
    (hash.finish(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        ring::digest::digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    }

    #[test]
    fn bodies_take_the_forms_of_the_standard() {
        let check = |form, raw: &str, canonical: &str| {
            let (digest, length) = body(form, raw.as_bytes());
            assert_eq!((digest.as_ref(), length), (hex(canonical).as_slice(), canonical.len() as u64), "{raw:?}");
        };
        // RFC 6376 §3.4.5.
        check(Form::Relaxed, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n");
        check(Form::Simple, " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n");
        check(Form::Relaxed, "", "");
        check(Form::Relaxed, "\r\n\r\n", "");
        check(Form::Relaxed, " \r\n", "");
        check(Form::Simple, "", "\r\n");
        check(Form::Simple, "\r\n\r\n", "\r\n");
        check(Form::Simple, "a\n\nb\n", "a\r\n\r\nb\r\n");
        check(Form::Simple, "a", "a\r\n");
    }

    #[test]
    fn fields_take_the_forms_of_the_standard() {
        let check = |form, name: &str, value: &str, expected: &str| {
            let mut out = Vec::new();
            field(form, name.as_bytes(), value.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        };
        check(Form::Relaxed, "A", " X\r\n", "a:X\r\n");
        check(Form::Relaxed, "B ", " Y\t\r\n\tZ  \r\n", "b:Y Z\r\n");
        check(Form::Simple, "B ", " Y\t\r\n\tZ  \r\n", "B : Y\t\r\n\tZ  \r\n");
        check(Form::Relaxed, "C", "\r\n", "c:\r\n");
        check(Form::Relaxed, "D", " X\r \r\n", "d:X\r\r\n");
        assert_eq!(without_signature(b" a=x; b=AB\r\n CD ; bh=Q\r\n"), b" a=x; b=; bh=Q");
        assert_eq!(without_signature(b" bh=Q; b =AB=\r\n"), b" bh=Q; b =");
    }
}
