//! Takes an enclosed document out of a stored mail, whether we sent it or somebody sent it back. The rest of the mail
//! stays as it is, as evidence. Called by the engine.

/// Bytes of a document in one line of base 64 (RFC 2045 §6.8: 76 characters).
const LINE: usize = 57;
/// What stands in the document's place.
const NOTE: &[u8] = b"(deleted)";

/// The mail without the document; `None` if it does not hold it.
#[must_use]
pub fn without(raw: &[u8], document: &[u8]) -> Option<Vec<u8>> {
    let first = encoded(document.get(..LINE)?);
    let mut out = Vec::with_capacity(raw.len());
    let (mut found, mut within) = (false, false);
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii();
        if text == first.as_bytes() {
            (found, within) = (true, true);
            out.extend_from_slice(NOTE);
            out.extend_from_slice(if line.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
            continue;
        }
        // Its lines go on until an empty one, or the boundary of the next part.
        within = within && !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b));
        if !within {
            out.extend_from_slice(line);
        }
    }
    found.then_some(out)
}

fn encoded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let words = bytes.chunks_exact(3).map(|c| c.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)));
    words.flat_map(|w| [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(w >> shift & 63) as usize]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_goes_and_the_rest_of_the_mail_stays() {
        let document: Vec<u8> = (0..200u8).collect();
        let lines: Vec<String> = document.chunks(LINE).map(encoded).collect();
        let mail = format!("Subject: x\r\n\r\n--b\r\n\r\n{}==\r\n--b--\r\nend\r\n", lines.join("\r\n"));
        let left = without(mail.as_bytes(), &document);
        assert_eq!(left.as_deref(), Some(&b"Subject: x\r\n\r\n--b\r\n\r\n(deleted)\r\n--b--\r\nend\r\n"[..]));
        assert_eq!(without(b"Subject: x\r\n\r\nnothing\r\n", &document), None);
        assert_eq!(without(mail.as_bytes(), &[]), None);
    }
}
