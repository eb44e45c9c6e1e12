//! The little of CSS that decides whether words are seen: display, size, place, and colour on colour. Style sheets are
//! read for plain selectors only; where a rule is not understood, words are taken as seen. Called by the renderer.

use super::tag::Tag;
use std::collections::HashMap;

/// Bytes of style sheets that are read, and rules that are kept.
const SHEETS_MAX: usize = 256 * 1024;
const RULES_MAX: usize = 4_000;

/// A colour.
type Rgb = [u8; 3];

/// What is behind the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    Colour(Rgb),
    /// A picture, or a colour that was not understood.
    Unknown,
}

/// How an element and what it inherits looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    gone: bool,
    invisible: bool,
    no_size: bool,
    ink: Option<Rgb>,
    ground: Ground,
    white_space: bool,
    tight: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            gone: false,
            invisible: false,
            no_size: false,
            ink: None,
            ground: Ground::Colour([255; 3]),
            white_space: false,
            tight: false,
        }
    }
}

impl Look {
    /// Whether words in it are seen.
    pub(super) fn is_seen(&self) -> bool {
        let merges = match (self.ink, self.ground) {
            (Some(ink), Ground::Colour(ground)) => ink.iter().zip(ground).all(|(a, b)| a.abs_diff(b) <= 6),
            _ => false,
        };
        !(self.gone || self.invisible || self.no_size || merges)
    }

    /// The same, but never seen.
    pub(super) fn hidden(self) -> Self {
        Self { gone: true, ..self }
    }

    /// Whether its white space counts.
    pub(super) fn keeps_white_space(&self) -> bool {
        self.white_space
    }

    /// Whether it has no margin above and below.
    pub(super) fn is_tight(&self) -> bool {
        self.tight
    }
}

/// Declarations for one element; what is not declared is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Declared {
    gone: Option<bool>,
    /// Made unseen by other means than `display`.
    unseen: bool,
    invisible: Option<bool>,
    no_size: Option<bool>,
    ink: Option<Rgb>,
    ground: Option<Ground>,
    white_space: Option<bool>,
    tight: bool,
}

/// Rules of the style sheets by tag, class or id.
#[derive(Default)]
pub(super) struct Rules {
    by_key: HashMap<String, Vec<(Option<String>, Declared)>>,
}

impl Rules {
    /// How an element looks inside of one that looks like `parent`.
    pub(super) fn look(&self, parent: &Look, name: &str, tag: &Tag<'_>) -> Look {
        let mut look = Look { tight: false, ..*parent };
        let mut gone = None;
        let mut put = |d: &Declared| apply(d, &mut look, &mut gone);
        if !self.by_key.is_empty() {
            let fits = |element: &Option<String>| element.as_ref().is_none_or(|e| e == name);
            let classes = tag.class.split_ascii_whitespace().take(20).map(|c| format!(".{c}"));
            let id = (!tag.id.is_empty()).then(|| format!("#{}", tag.id));
            for key in std::iter::once(name.to_owned()).chain(classes).chain(id) {
                for (_, declared) in self.by_key.get(&key).into_iter().flatten().filter(|(e, _)| fits(e)) {
                    put(declared);
                }
            }
        }
        if name == "font" {
            put(&Declared { ink: colour(tag.get("color")), ..Declared::default() });
        }
        if !tag.get("background").is_empty() {
            put(&Declared { ground: Some(Ground::Unknown), ..Declared::default() });
        } else if !tag.get("bgcolor").is_empty() {
            let ground = colour(tag.get("bgcolor")).map_or(Ground::Unknown, Ground::Colour);
            put(&Declared { ground: Some(ground), ..Declared::default() });
        }
        if !tag.style().is_empty() {
            put(&declared(tag.style()));
        }
        look.gone |= gone == Some(true) || tag.hidden;
        look.tight |= tag.class.contains("msonormal");
        look
    }
}

fn apply(declared: &Declared, look: &mut Look, gone: &mut Option<bool>) {
    *gone = declared.gone.or(*gone);
    look.gone |= declared.unseen;
    look.invisible = declared.invisible.unwrap_or(look.invisible);
    look.no_size = declared.no_size.unwrap_or(look.no_size);
    look.ink = declared.ink.or(look.ink);
    look.ground = declared.ground.unwrap_or(look.ground);
    look.white_space = declared.white_space.unwrap_or(look.white_space);
    look.tight |= declared.tight;
}

/// Whether declarations take the margins away.
pub(super) fn is_tight(style: &str) -> bool {
    !style.is_empty() && declared(style).tight
}

/// Reads `property: value; ...` in lower case.
fn declared(style: &str) -> Declared {
    let mut out = Declared::default();
    let (mut clips, mut no_height, mut floats, mut away) = (false, false, false, false);
    for declaration in style.split(';').take(200) {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let value = value.trim().trim_end_matches("!important").trim();
        match property.trim() {
            "display" => out.gone = Some(value == "none"),
            "visibility" => out.invisible = Some(matches!(value, "hidden" | "collapse")),
            "mso-hide" => out.unseen |= value == "all",
            "opacity" => out.unseen |= value.trim_end_matches('%').parse::<f32>().is_ok_and(|n| n <= 0.02),
            "font-size" => out.no_size = size(value).map(|n| n <= 1.0),
            "font" => out.no_size = value.split([' ', '/']).find_map(size).map(|n| n <= 1.0).or(out.no_size),
            "overflow" => clips = value == "hidden",
            "height" | "max-height" | "width" | "max-width" => no_height |= size(value).is_some_and(|n| n <= 1.0),
            "position" => floats = matches!(value, "absolute" | "fixed"),
            "left" | "top" | "right" | "bottom" => away |= size(value).is_some_and(|n| n <= -300.0),
            "clip" => away |= value.replace([' ', ','], "").starts_with("rect(00") || value.contains("1px"),
            "text-indent" | "margin-left" | "margin-top" => {
                out.unseen |= size(value).is_some_and(|n| n <= -900.0);
            }
            "color" if value == "transparent" => out.unseen = true,
            "color" => out.ink = colour(value),
            "background" | "background-color" | "background-image" => out.ground = ground(value).or(out.ground),
            "white-space" => out.white_space = Some(value.starts_with("pre") || value == "break-spaces"),
            "margin" => out.tight = value.split(' ').next().and_then(size).is_some_and(|n| n == 0.0),
            _ => {}
        }
    }
    out.unseen |= clips && no_height || floats && away;
    out
}

/// A length as a number; zero in any unit, others in `px` or `pt` only.
fn size(value: &str) -> Option<f32> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let number: f32 = number.parse().ok()?;
    let plain = matches!(unit.trim(), "" | "px" | "pt");
    // Other units are no pixels: ten is surely more than one of them.
    if number == 0.0 || plain { Some(number) } else { Some(number * 10.0) }
}

fn ground(value: &str) -> Option<Ground> {
    if value.contains("url(") || value.contains("gradient") {
        return Some(Ground::Unknown);
    }
    match value {
        "transparent" | "none" | "inherit" | "initial" | "unset" | "" => None,
        value => {
            let found = colour(value).or_else(|| value.split(' ').find_map(colour));
            Some(found.map_or(Ground::Unknown, Ground::Colour))
        }
    }
}

fn colour(value: &str) -> Option<Rgb> {
    let value = value.trim().to_ascii_lowercase();
    if let Some(hex) = value.strip_prefix('#') {
        if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let byte = |at: usize, length: usize| u8::from_str_radix(hex.get(at..at + length)?, 16).ok();
        return match hex.len() {
            3 => Some([byte(0, 1)? * 17, byte(1, 1)? * 17, byte(2, 1)? * 17]),
            6 => Some([byte(0, 2)?, byte(2, 2)?, byte(4, 2)?]),
            _ => None,
        };
    }
    if let Some(rest) = value.strip_prefix("rgb(") {
        let mut parts = rest.trim_end_matches(')').split([',', ' ']).filter(|p| !p.is_empty());
        let mut next = || parts.next()?.parse::<u8>().ok();
        return Some([next()?, next()?, next()?]);
    }
    match value.as_str() {
        "white" => Some([255; 3]),
        "black" => Some([0; 3]),
        "red" => Some([255, 0, 0]),
        "blue" => Some([0, 0, 255]),
        "green" => Some([0, 128, 0]),
        "gray" | "grey" => Some([128; 3]),
        "silver" => Some([192; 3]),
        "navy" => Some([0, 0, 128]),
        "yellow" => Some([255, 255, 0]),
        "orange" => Some([255, 165, 0]),
        "snow" => Some([255, 250, 250]),
        "whitesmoke" => Some([245; 3]),
        "ffffff" => Some([255; 3]),
        "000000" => Some([0; 3]),
        _ => None,
    }
}

/// The rules of all style sheets of a page.
pub(super) fn rules(html: &str) -> Rules {
    let mut rules = Rules::default();
    let mut count = 0;
    let mut read = 0;
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        let start = at + found + 1;
        at = start;
        if html[start..].starts_with("!--") {
            // What stands in a comment is for Outlook alone.
            let Some(end) = html[start..].find("-->") else { break };
            at = start + end;
            continue;
        }
        if !html.get(start..start + 5).is_some_and(|n| n.eq_ignore_ascii_case("style")) {
            continue;
        }
        let Some(open) = html[start..].find('>') else { break };
        let rest = &html[start + open + 1..];
        let after = super::tag::after_raw(rest, "style");
        let sheet = super::super::text::cut(&rest[..rest.len() - after.len()], SHEETS_MAX.saturating_sub(read));
        read += sheet.len();
        add(sheet, &mut rules, &mut count);
        at = html.len() - after.len();
    }
    rules
}

fn add(sheet: &str, rules: &mut Rules, count: &mut usize) {
    let mut rest = sheet;
    while let Some(open) = rest.find('{') {
        let head = without_comments(&rest[..open]);
        let head = head.rsplit(';').next().unwrap_or_default().trim().trim_start_matches("<!--").trim().to_lowercase();
        rest = &rest[open + 1..];
        if head.starts_with('@') {
            // What holds for a small screen or for print only says nothing about this one.
            if !matches!(head.as_str(), "@media screen" | "@media all") {
                rest = after_block(rest);
            }
            continue;
        }
        let close = rest.find('}').unwrap_or(rest.len());
        let head = head.trim_start_matches(['}', ' ', '\n', '\r', '\t']);
        let declared = declared(&without_comments(&rest[..close]).to_lowercase());
        rest = rest.get(close + 1..).unwrap_or_default();
        if declared == Declared::default() {
            continue;
        }
        for selector in head.split(',') {
            *count += 1;
            if *count > RULES_MAX {
                return;
            }
            if let Some((key, element, exact)) = key(selector.trim()) {
                let declared = if exact {
                    declared.clone()
                } else {
                    // It may or may not hold: then the ground is not known, and nothing is hidden.
                    Declared { ground: declared.ground.map(|_| Ground::Unknown), ..Declared::default() }
                };
                rules.by_key.entry(key).or_default().push((element, declared));
            }
        }
    }
}

/// Key of the last part of a selector, the element that it is bound to, and whether that is all of the selector.
fn key(selector: &str) -> Option<(String, Option<String>, bool)> {
    let last = selector.rsplit([' ', '>', '+', '~']).next()?;
    let mut exact = last.len() == selector.len() && !last.contains([':', '[', '*']);
    let last = last.split([':', '[']).next()?;
    let marks: Vec<usize> = last.match_indices(['.', '#']).map(|(i, _)| i).take(3).collect();
    exact &= marks.len() <= 1;
    match marks.as_slice() {
        [] => (!last.is_empty()).then(|| (last.to_owned(), None, exact)),
        [first, ..] => {
            let end = marks.get(1).copied().unwrap_or(last.len());
            let element = last.get(..*first).filter(|e| !e.is_empty()).map(str::to_owned);
            Some((last.get(*first..end)?.to_owned(), element, exact))
        }
    }
}

fn after_block(text: &str) -> &str {
    let mut depth = 1;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[i + 1..];
        }
    }
    ""
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, r)| r);
    }
    out.push_str(rest);
    out
}
