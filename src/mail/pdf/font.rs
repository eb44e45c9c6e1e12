//! Fonts of a PDF file: how the bytes of a shown string become characters, and how wide they are. Called by the page
//! reader.

use super::glyphs;
use super::object::{Dict, File, Lexer, Object};
use crate::mail::charset;
use std::collections::HashMap;

/// Codes that a character map may name.
const CODES_MAX: usize = 70_000;

/// How codes of more than one byte are read where no map helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    /// One byte is one code.
    No,
    /// Glyph numbers: without a map they mean nothing.
    Numbers,
    /// UTF-16.
    Unicode,
    /// A character set of that name.
    Set(&'static str),
}

/// A font.
#[derive(Debug)]
pub(super) struct Font {
    wide: Wide,
    /// Characters of single bytes.
    single: Vec<Option<String>>,
    map: HashMap<u32, String>,
    widths: HashMap<u32, f32>,
    default_width: Option<f32>,
}

impl Font {
    /// Reads a font dictionary.
    pub(super) fn read(file: &File<'_>, dict: &Dict) -> Self {
        let is_wide = dict.get("Subtype").and_then(Object::name) == Some("Type0");
        let encoding = dict.get("Encoding").map(|e| file.resolved(e));
        let wide = match encoding.as_ref().and_then(Object::name) {
            _ if !is_wide => Wide::No,
            Some(name) if name.contains("UCS2") || name.contains("UTF16") => Wide::Unicode,
            Some(name) if name.starts_with("GB") => Wide::Set("gb18030"),
            Some(name) if name.contains("B5") => Wide::Set("big5"),
            Some(name) if name.contains("RKSJ") => Wide::Set("shift_jis"),
            Some(name) if name.starts_with("KSC") => Wide::Set("euc-kr"),
            _ => Wide::Numbers,
        };
        let single = if is_wide { Vec::new() } else { single_bytes(file, encoding.as_ref()) };
        let map = dict.get("ToUnicode").and_then(|m| file.stream(m)).map(|(_, data)| map(&data)).unwrap_or_default();
        let (widths, default_width) = if is_wide { wide_widths(file, dict) } else { (widths(file, dict), None) };
        Self { wide, single, map, widths, default_width }
    }

    /// The characters of a string and its width in thousandths of the font size; `spaces` counts single-byte spaces.
    pub(super) fn shown(&self, bytes: &[u8], out: &mut String) -> Shown {
        let mut shown = Shown::default();
        if let Wide::Set(name) = self.wide {
            let text = charset::decode(name, bytes).unwrap_or_default();
            shown.codes = text.chars().count();
            shown.width = shown.codes as f32 * 1_000.0;
            out.push_str(&text);
            return shown;
        }
        let size = if self.wide == Wide::No { 1 } else { 2 };
        for code in bytes.chunks(size) {
            let number = code.iter().fold(0u32, |sum, b| sum * 256 + u32::from(*b));
            let before = out.len();
            if let Some(text) = self.map.get(&number) {
                out.push_str(text);
            } else if self.wide == Wide::No {
                let text = self.single.get(number as usize).and_then(Option::as_ref);
                out.push_str(text.map_or("", String::as_str));
            } else if self.wide == Wide::Unicode {
                out.extend(char::from_u32(number));
            }
            shown.codes += 1;
            shown.spaces += usize::from(size == 1 && number == 32);
            shown.width += self.width(number, out.get(before..).unwrap_or_default());
        }
        shown
    }

    fn width(&self, code: u32, text: &str) -> f32 {
        if let Some(width) = self.widths.get(&code) {
            return *width;
        }
        // The standard fonts come without widths; these are near those of Helvetica.
        self.default_width.unwrap_or(match text.chars().next() {
            Some('i' | 'j' | 'l' | 't' | 'f' | 'I' | '.' | ',' | ':' | ';' | '!' | '|' | '\'' | ' ') => 278.0,
            Some('(' | ')' | '[' | ']' | '-' | 'r' | '/') => 330.0,
            Some('m' | 'M' | 'W' | '@' | '%') => 850.0,
            Some(c) if c.is_uppercase() => 690.0,
            _ => 540.0,
        })
    }
}

/// What showing a string takes.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) width: f32,
    pub(super) codes: usize,
    pub(super) spaces: usize,
}

fn single_bytes(file: &File<'_>, encoding: Option<&Object>) -> Vec<Option<String>> {
    let (base, differences) = match encoding {
        Some(Object::Name(name)) => (Some(name.clone()), None),
        Some(Object::Dict(dict)) => {
            let base = dict.get("BaseEncoding").and_then(Object::name).map(str::to_owned);
            (base, dict.get("Differences").map(|d| file.resolved(d)))
        }
        _ => (None, None),
    };
    let set = if base.as_deref() == Some("MacRomanEncoding") { "macintosh" } else { "windows-1252" };
    let mut out: Vec<Option<String>> = (0..=255u8)
        .map(|byte| match (base.as_deref(), byte) {
            (_, 0..=31) => None,
            // The standard encoding has these elsewhere.
            (None, 0x27) => Some("’".to_owned()),
            (None, 0xae) => Some("fi".to_owned()),
            (None, 0xaf) => Some("fl".to_owned()),
            (None, 0xb1) => Some("–".to_owned()),
            (None, 0xd0) => Some("—".to_owned()),
            _ => charset::decode(set, &[byte]),
        })
        .collect();
    if let Some(Object::Array(differences)) = differences {
        let mut code = 0usize;
        for item in differences {
            match item {
                Object::Number(n) => code = n as usize,
                Object::Name(name) => {
                    if let Some(place) = out.get_mut(code) {
                        *place = glyphs::characters(&name);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    out
}

fn widths(file: &File<'_>, dict: &Dict) -> HashMap<u32, f32> {
    let first = dict.get("FirstChar").and_then(Object::number).unwrap_or(0.0) as u32;
    let Some(Object::Array(list)) = dict.get("Widths").map(|w| file.resolved(w)) else { return HashMap::new() };
    let is_type3 = dict.get("Subtype").and_then(Object::name) == Some("Type3");
    let numbers = list.iter().take(256).enumerate().filter_map(|(i, w)| Some((first + i as u32, w.number()?)));
    // The glyph space of a Type 3 font is its own; its widths are no thousandths.
    if is_type3 { HashMap::new() } else { numbers.collect() }
}

/// §9.7.4.3: `c [w1 w2 ...]` or `first last w`.
fn wide_widths(file: &File<'_>, dict: &Dict) -> (HashMap<u32, f32>, Option<f32>) {
    let descendants = dict.get("DescendantFonts").map(|d| file.resolved(d));
    let Some(Object::Array(fonts)) = descendants else { return (HashMap::new(), Some(1_000.0)) };
    let Some(font) = fonts.first().and_then(|f| file.dict(f)) else { return (HashMap::new(), Some(1_000.0)) };
    let default = font.get("DW").and_then(Object::number).unwrap_or(1_000.0);
    let mut out = HashMap::new();
    let mut entries = 0;
    if let Some(Object::Array(list)) = font.get("W").map(|w| file.resolved(w)) {
        let mut items = list.iter();
        while let Some(first) = items.next().and_then(Object::number) {
            entries += 1;
            match items.next().map(|i| file.resolved(i)) {
                Some(Object::Array(each)) => {
                    let numbered =
                        each.iter().enumerate().filter_map(|(i, w)| Some((first as u32 + i as u32, w.number()?)));
                    out.extend(numbered.take(CODES_MAX));
                }
                Some(Object::Number(last)) => {
                    let Some(width) = items.next().and_then(Object::number) else { break };
                    out.extend((first as u32..=last as u32).take(5_000).map(|code| (code, width)));
                }
                _ => break,
            }
            if entries > 2_000 {
                break;
            }
        }
    }
    (out, Some(default))
}

/// §9.10.3: a map from codes to UTF-16.
fn map(data: &[u8]) -> HashMap<u32, String> {
    let mut out = HashMap::new();
    let mut lexer = Lexer::new(data);
    let mut held: Vec<Object> = Vec::new();
    let mut section = "";
    // Codes named so far, the same ones again too.
    let mut named = 0;
    while let Some(object) = lexer.next() {
        match object {
            Object::Word(word) => {
                section = match word.as_str() {
                    "beginbfchar" => "char",
                    "beginbfrange" => "range",
                    _ => "",
                };
                held.clear();
            }
            object => held.push(object),
        }
        if named > CODES_MAX {
            break;
        }
        match (section, held.as_slice()) {
            ("char", [Object::Text(code), Object::Text(text)]) => {
                named += 1;
                out.insert(number(code), utf16(text, 0));
                held.clear();
            }
            ("range", [Object::Text(first), Object::Text(last), to]) => {
                let (first, last) = (number(first), number(last));
                let codes = (first..=last).take(0x1_0000);
                named += codes.clone().count();
                match to {
                    Object::Text(text) => out.extend(codes.zip(0..=u16::MAX).map(|(code, i)| (code, utf16(text, i)))),
                    Object::Array(each) => out.extend(codes.zip(each).filter_map(|(code, to)| match to {
                        Object::Text(text) => Some((code, utf16(text, 0))),
                        _ => None,
                    })),
                    _ => {}
                }
                held.clear();
            }
            ("" | "char" | "range", held_now) if held_now.len() > 8 => held.clear(),
            _ => {}
        }
    }
    out
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0u32, |sum, b| (sum << 8) | u32::from(*b))
}

/// UTF-16BE, its last unit raised by `plus`.
fn utf16(bytes: &[u8], plus: u16) -> String {
    let mut units: Vec<u16> = bytes
        .get(..16)
        .unwrap_or(bytes)
        .chunks(2)
        .map(|pair| pair.iter().fold(0u16, |sum, b| (sum << 8) | u16::from(*b)))
        .collect();
    if let Some(last) = units.last_mut() {
        *last = last.wrapping_add(plus);
    }
    char::decode_utf16(units).flatten().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_over_all_codes_is_read() {
        let all = map(b"1 beginbfrange <0000> <FFFF> <0000> endbfrange");
        assert_eq!(all.get(&0x41).map(String::as_str), Some("A"));
    }
}
