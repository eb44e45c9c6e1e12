//! The words of a PDF file, so that a confirmation that comes as an attachment is read. Files that are encrypted,
//! broken or not text give nothing; all work is bounded, whatever the file claims. Called by `mail::text`.

mod filter;
mod font;
mod glyphs;
mod inflate;
mod object;
mod page;
mod paint;
pub mod scan;

use object::{Dict, File, Object};
use std::collections::HashSet;

/// Pages that are read.
const PAGES_MAX: usize = 20;
/// Bytes of text after which reading stops.
const TEXT_MAX: usize = 64 * 1024;

/// The text of the first pages, one line per line of print; empty when there is none to be had.
#[must_use]
pub fn to_text(bytes: &[u8]) -> String {
    let Some(file) = File::open(bytes) else { return String::new() };
    let mut text = String::new();
    for (page, resources) in pages(&file) {
        if text.len() > TEXT_MAX {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&page::text(&file, &page, &resources));
    }
    text
}

/// The first pages in their order, each with its resources.
fn pages(file: &File<'_>) -> Vec<(Dict, Dict)> {
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    for root in file.dicts_of_type("Catalog") {
        if let Some(tree) = root.get("Pages") {
            walk(file, tree, &Dict::default(), 0, &mut seen, &mut out);
        }
    }
    if out.is_empty() {
        // A broken tree: the pages as they come.
        let loose = file.dicts_of_type("Page").into_iter().take(PAGES_MAX);
        out.extend(loose.map(|page| {
            let resources = page.get("Resources").and_then(|r| file.dict(r)).unwrap_or_default();
            (page, resources)
        }));
    }
    out
}

fn walk(
    file: &File<'_>,
    node: &Object,
    inherited: &Dict,
    depth: usize,
    seen: &mut HashSet<u32>,
    out: &mut Vec<(Dict, Dict)>,
) {
    if let Object::Reference(id) = node
        && !seen.insert(*id)
    {
        return;
    }
    if depth > 30 || seen.len() > 2_000 || out.len() >= PAGES_MAX {
        return;
    }
    let Some(dict) = file.dict(node) else { return };
    let own = dict.get("Resources").and_then(|r| file.dict(r));
    let resources = own.unwrap_or_else(|| inherited.clone());
    match dict.get("Kids").map(|k| file.resolved(k)) {
        Some(Object::Array(kids)) => {
            for kid in kids.iter().take(1_000) {
                walk(file, kid, &resources, depth + 1, seen, out);
            }
        }
        _ => out.push((dict, resources)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one page with these contents and this font.
    fn file(font: &str, contents: &[u8], filter: &str) -> Vec<u8> {
        let mut out = format!(
            "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
             3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n5 0 obj{font}endobj\n\
             4 0 obj<<{filter}/Length {}>>stream\n",
            contents.len()
        )
        .into_bytes();
        out.extend_from_slice(contents);
        out.extend_from_slice(b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF");
        out
    }

    fn check(font: &str, contents: &str, expected: &str) {
        assert_eq!(to_text(&file(font, contents.as_bytes(), "")).trim(), expected, "{contents}");
    }

    const PLAIN: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";

    #[test]
    fn shown_strings_are_read_line_by_line() {
        check(
            PLAIN,
            "BT /F1 12 Tf 50 700 Td (Your line) Tj 0 -14 Td (ends \\(now\\).) Tj ET",
            "Your line\nends (now).",
        );
        check(PLAIN, "BT /F1 12 Tf 14 TL 50 700 Td (one) Tj T* (two) Tj (three) ' ET", "one\ntwo\nthree");
        check(PLAIN, "BT /F1 12 Tf 50 700 Td [(Po) 20 (tvrda) -300 (raskida)] TJ ET", "Potvrda raskida");
        check(PLAIN, "BT /F1 12 Tf 1 0 0 1 50 700 Tm (a) Tj 1 0 0 1 50 650 Tm <62> Tj ET", "a\n\nb");
        check(PLAIN, "BT /F1 12 Tf 50 700 Td (left) Tj 200 0 Td (right) Tj ET", "left right");
    }

    #[test]
    fn letters_beyond_ascii_are_named_or_mapped() {
        let named = "<</Type/Font/Subtype/Type1/Encoding<</Differences[128/ccaron/cacute/dcroat/scaron/zcaron 200/afii10017/afii10071/afii10106/uni0436/fi]>>>>";
        check(named, "BT /F1 9 Tf <8081828384> Tj <20C8C9CACBCC> Tj ET", "čćđšž Аёљжfi");
        check(PLAIN, "BT /F1 9 Tf <4bfc6e646967756e6720803f> Tj ET", "Kündigung €?");
    }

    #[test]
    fn two_byte_fonts_are_read_by_their_map() {
        let map = "1 beginbfchar <0003> <0020> endbfchar 2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<017E> <0107>] endbfrange";
        let mut bytes = file(
            "<</Type/Font/Subtype/Type0/Encoding/Identity-H/ToUnicode 6 0 R>>",
            b"BT /F1 9 Tf <001000110012000300200021> Tj ET",
            "",
        );
        bytes.extend_from_slice(
            format!("\n6 0 obj<</Length {}>>stream\n{map}\nendstream endobj\n", map.len()).as_bytes(),
        );
        assert_eq!(to_text(&bytes).trim(), "ABC žć");
        let ucs2 = "<</Type/Font/Subtype/Type0/Encoding/UniGB-UCS2-H>>";
        check(ucs2, "BT /F1 9 Tf <5DF2953B6237> Tj ET", "已锻户");
    }

    #[test]
    fn filters_are_undone() {
        let hex: String = b"BT /F1 9 Tf (hex) Tj ET".iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(to_text(&file(PLAIN, format!("{hex}>").as_bytes(), "/Filter/ASCIIHexDecode")).trim(), "hex");
        assert_eq!(to_text(&file(PLAIN, b"6>:@'+@/\\TAR8mTDB)A3,tjlRBRGpp<+06U!!~>", "/Filter/LZWDecode")).trim(), "");
    }

    #[test]
    fn encrypted_and_broken_files_give_nothing() {
        let mut locked = file(PLAIN, b"BT /F1 9 Tf (secret) Tj ET", "");
        locked.extend_from_slice(b"trailer<</Encrypt 9 0 R>>");
        assert_eq!(to_text(&locked), "");
        assert_eq!(to_text(b"%PDF-1.7"), "");
        let whole = file(PLAIN, b"BT /F1 9 Tf (word) Tj ET", "");
        for end in 0..whole.len() {
            let _ = to_text(&whole[..end]);
        }
        for piece in
            ["1 0 obj<<", "[", "<<", "(", "1 0 obj<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>>stream\n", "BI ID ", "<"]
        {
            let _ = to_text(format!("%PDF-1.4\n{}", piece.repeat(100_000)).as_bytes());
        }
    }
}
