//! What a person sees of a mail: the right one of alternative parts, joined inline parts, HTML rendered, lines of
//! flowed text rejoined, and the words of attached PDF files. Called by `mail::parse`.

use super::{PARTS_MAX, TEXT_MAX, charset, html, pdf};
use crate::domain::reply::message::Defect;
use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode};
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;

/// Parts within parts that are looked into.
const DEPTH_MAX: usize = 40;
/// Characters of attached documents that are kept: a confirmation is short, terms and conditions are not.
const ATTACHED_MAX: usize = 4_000;
/// Attached documents that are read, and the bytes of each.
const DOCUMENTS_MAX: usize = 3;
const DOCUMENT_MAX: usize = 8 << 20;

/// Words of a mail.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Visible text of the body.
    pub(super) body: String,
    /// Text of attached PDF files.
    pub(super) attached: String,
}

/// Reads the words of a mail and notes what is wrong with their form.
pub(super) fn words(message: &Message<'_>, defects: &mut Vec<Defect>) -> Words {
    let mut reader = Reader { message, defects, parts: 0, deep: false, cut: false };
    let body = clean(&reader.part(0, 0));
    if reader.deep {
        reader.defects.push(Defect::DeepHtml);
    }
    if reader.cut {
        reader.defects.push(Defect::TextCut);
    }
    Words { body, attached: attached(message) }
}

struct Reader<'m, 'd> {
    message: &'m Message<'m>,
    defects: &'d mut Vec<Defect>,
    /// Parts looked at so far.
    parts: usize,
    deep: bool,
    cut: bool,
}

impl Reader<'_, '_> {
    fn part(&mut self, id: u32, depth: usize) -> String {
        self.parts += 1;
        let Some(part) = self.message.part(id) else { return String::new() };
        if self.parts > PARTS_MAX || depth > DEPTH_MAX || is_attachment(part) {
            return String::new();
        }
        match &part.body {
            PartType::Text(_) if is_readable(part) => self.plain(part),
            PartType::Html(_) => self.page(part),
            PartType::Multipart(children) => {
                let subtype = part.content_type().and_then(|c| c.subtype()).unwrap_or_default().to_ascii_lowercase();
                self.multipart(&subtype, children, depth + 1)
            }
            _ => String::new(),
        }
    }

    fn multipart(&mut self, subtype: &str, children: &[u32], depth: usize) -> String {
        let has_page = |id: &u32| self.has_page(*id, 0);
        let pages: Vec<u32> = children.iter().copied().filter(|id| has_page(id)).take(20).collect();
        let others = || children.iter().copied().filter(|id| !pages.contains(id));
        if subtype == "alternative" || subtype == "related" {
            let plain = self.joined(others(), depth);
            let Some(&page) = pages.last() else { return plain };
            // RFC 2046 §5.1.4: the last part is the richest, and all say the same; the plain one is the simplest.
            if plain.len() > 2_000 && !is_stub(&plain) {
                return plain;
            }
            let rich = self.part(page, depth);
            return if is_hollow(&plain, &rich) { rich } else { plain };
        }
        self.joined(children.iter().copied(), depth)
    }

    /// The parts one after another; what only repeats an earlier one is left out.
    fn joined(&mut self, children: impl Iterator<Item = u32>, depth: usize) -> String {
        let mut out = String::new();
        let mut pieces = 0;
        for id in children {
            let text = self.part(id, depth);
            if text.trim().is_empty() {
                continue;
            }
            if pieces == 1 && self.has_page(id, 0) {
                if is_stub(&out) || repeats(&text, &out) {
                    out.clear();
                } else if repeats(&out, &text) {
                    continue;
                }
            }
            if !out.is_empty() {
                out.push('\n');
            }
            let room = TEXT_MAX.saturating_sub(out.len());
            self.cut |= text.len() > room;
            out.push_str(cut(&text, room));
            pieces += 1;
        }
        out
    }

    fn has_page(&self, id: u32, depth: usize) -> bool {
        match self.message.part(id) {
            Some(part) if !is_attachment(part) => match &part.body {
                PartType::Html(_) => true,
                PartType::Multipart(children) if depth < 6 => {
                    children.iter().take(20).any(|id| self.has_page(*id, depth + 1))
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn plain(&mut self, part: &MessagePart<'_>) -> String {
        let text = self.bounded(characters(self.message, part));
        let start = text.trim_start().get(..9).unwrap_or_default().to_ascii_lowercase();
        if start.starts_with("<html") || start.starts_with("<!doctype") {
            return self.rendered(&text);
        }
        let attribute = |name: &str| part.content_type().and_then(|c| c.attribute(name)).unwrap_or_default();
        if attribute("format").eq_ignore_ascii_case("flowed") {
            return unflowed(&text, attribute("delsp").eq_ignore_ascii_case("yes"));
        }
        text
    }

    fn page(&mut self, part: &MessagePart<'_>) -> String {
        let page = self.bounded(characters(self.message, part));
        self.rendered(&page)
    }

    fn rendered(&mut self, page: &str) -> String {
        let (text, deep) = html::to_text(page);
        self.deep |= deep;
        text
    }

    fn bounded(&mut self, text: Cow<'_, str>) -> String {
        self.cut |= text.len() > TEXT_MAX;
        if text.len() > TEXT_MAX { cut(&text, TEXT_MAX).to_owned() } else { text.into_owned() }
    }
}

fn is_attachment(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(|d| d.is_attachment())
}

/// Whether text of its kind is meant for eyes.
fn is_readable(part: &MessagePart<'_>) -> bool {
    const NOT: &[&str] = &[
        "calendar",
        "x-amp-html",
        "vcard",
        "x-vcard",
        "directory",
        "css",
        "csv",
        "xml",
        "javascript",
        "rtf",
        "rfc822-headers",
        "x-pgp-signature",
    ];
    part.content_type().is_none_or(|c| {
        c.ctype().eq_ignore_ascii_case("text")
            && !c.subtype().is_some_and(|s| NOT.iter().any(|n| s.eq_ignore_ascii_case(n)))
    })
}

/// The characters of a text part, the declared character set mended where it is false.
fn characters<'m>(message: &'m Message<'_>, part: &'m MessagePart<'_>) -> Cow<'m, str> {
    let (PartType::Text(text) | PartType::Html(text)) = &part.body else { return Cow::Borrowed("") };
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let declared = part.content_type().and_then(|c| c.attribute("charset"));
    let raw = message.raw_message.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default();
    let bytes = match part.encoding {
        Encoding::None => Some(Cow::Borrowed(raw)),
        Encoding::QuotedPrintable => quoted_printable_decode(raw).map(Cow::Owned),
        Encoding::Base64 => base64_decode(raw).map(Cow::Owned),
    };
    let mended = bytes.and_then(|bytes| charset::mended(text, declared, &bytes));
    mended.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Whether a plain part says nothing but "look at the HTML".
fn is_stub(plain: &str) -> bool {
    const STUBS: &[&str] = &[
        "html",
        "browser",
        "webversion",
        "web version",
        "view this email",
        "online version",
        "浏览器",
        "瀏覽器",
        "браузер",
    ];
    let trimmed = plain.trim();
    if trimmed.chars().filter(|c| c.is_alphanumeric()).take(3).count() < 3 {
        // A lone "Da." or "好" is an answer.
        return !trimmed.chars().any(char::is_alphanumeric);
    }
    if trimmed.len() >= 400 {
        return false;
    }
    let lower = trimmed.to_lowercase();
    lower.split_whitespace().count() < 40 && STUBS.iter().any(|s| lower.contains(s))
}

/// Whether the plain part says less than the page beside it, and something else.
fn is_hollow(plain: &str, rich: &str) -> bool {
    if rich.trim().chars().take(3).count() < 2 {
        return false;
    }
    if is_stub(plain) {
        return true;
    }
    if plain.len() * 3 >= rich.len() {
        return false;
    }
    let page = letters(rich);
    !plain.lines().map(letters).filter(|l| l.chars().nth(1).is_some()).any(|line| page.contains(&line))
}

/// Whether `text` holds all the words of `part` in their order.
fn repeats(text: &str, part: &str) -> bool {
    text.len() < 100_000 && part.len() < 100_000 && letters(text).contains(&letters(part))
}

fn letters(text: &str) -> String {
    cut(text, 100_000).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// RFC 3676 §4: lines that end with a space go on in the next one of the same quote depth.
fn unflowed(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let words = &line[depth..];
        let words = words.strip_prefix(' ').unwrap_or(words);
        let is_signature = words == "-- ";
        if open == Some(depth) && !is_signature {
            out.push_str(words);
        } else {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                out.push(' ');
            }
            out.push_str(words);
        }
        if words.ends_with(' ') && !is_signature {
            if delete_space {
                out.pop();
            }
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    out
}

/// Text of the attached PDF files.
fn attached(message: &Message<'_>) -> String {
    let mut out = String::new();
    let mut documents = 0;
    for part in message.parts.iter().take(PARTS_MAX) {
        let (PartType::Binary(bytes) | PartType::InlineBinary(bytes)) = &part.body else { continue };
        if !bytes.get(..1_024).unwrap_or(bytes).windows(5).any(|w| w == b"%PDF-") || bytes.len() > DOCUMENT_MAX {
            continue;
        }
        documents += 1;
        if documents > DOCUMENTS_MAX || out.len() >= ATTACHED_MAX {
            break;
        }
        let text = clean(&pdf::to_text(bytes));
        if !text.trim().is_empty() {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            out.push_str(text.trim());
        }
    }
    if let Some((end, _)) = out.char_indices().nth(ATTACHED_MAX) {
        let end = out[..end].rfind('\n').unwrap_or(end);
        out.truncate(end);
    }
    out
}

/// At most `max` bytes, cut at a character.
pub(super) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    &text[..end]
}

/// Line feeds only; no control or invisible characters.
pub(super) fn clean(text: &str) -> String {
    let unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{34f}');
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            '\u{a0}' | '\u{2007}' | '\u{202f}' => out.push(' '),
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            c if c.is_control() || unseen(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flowed_lines_are_rejoined() {
        assert_eq!(unflowed("one \ntwo\n> three \n> four\n> -- \n> x", false), "one two\n> three four\n> -- \n> x\n");
        assert_eq!(unflowed(" >stuffed\na \n>b", true), ">stuffed\na\n> b\n");
    }

    #[test]
    fn a_stub_is_told_from_a_short_answer() {
        for stub in ["", " \n", "View this email in your browser", "Your client cannot show HTML"] {
            assert!(is_stub(stub), "{stub}");
        }
        for answer in ["Da.", "好", "Your line ended yesterday."] {
            assert!(!is_stub(answer), "{answer}");
        }
        assert!(is_hollow("See below.", &"The contract ends on the first of May. ".repeat(3)));
        assert!(!is_hollow("Ends 1 May.", "Ends 1 May. Regards, the whole of our team and all that is said below it"));
    }
}
