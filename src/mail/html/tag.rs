//! One tag of HTML: where it ends, its name and the few attributes that decide what is seen.
//! Called by the renderer and the reader of style sheets.

use std::borrow::Cow;

/// Bytes of a tag that are looked at with its quotes respected.
const TAG_MAX: usize = 20_000;

/// A tag.
pub(super) struct Tag<'h> {
    /// Name in lower case.
    pub(super) name: String,
    /// It closes.
    pub(super) closing: bool,
    /// `class` in lower case.
    pub(super) class: String,
    /// `id` in lower case.
    pub(super) id: String,
    /// `hidden` is set.
    pub(super) hidden: bool,
    style: String,
    others: Vec<(String, &'h str)>,
}

impl<'h> Tag<'h> {
    /// Reads a tag from "<" to ">".
    pub(super) fn parse(source: &'h str) -> Self {
        let inner = source.trim_start_matches('<').trim_end_matches('>');
        let closing = inner.starts_with('/');
        let inner = inner.trim_start_matches('/');
        let end = inner.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inner.len());
        let (name, mut rest) = inner.split_at(end);
        let mut tag = Self {
            name: super::super::text::cut(name, 20).to_ascii_lowercase(),
            closing,
            class: String::new(),
            id: String::new(),
            hidden: false,
            style: String::new(),
            others: Vec::new(),
        };
        for _ in 0..100 {
            let Some((key, value, after)) = attribute(rest) else { break };
            rest = after;
            match key.to_ascii_lowercase().as_str() {
                "style" if tag.style.is_empty() => tag.style = decoded(value).to_ascii_lowercase(),
                "class" => tag.class = value.to_ascii_lowercase(),
                "id" => tag.id = value.to_ascii_lowercase(),
                "hidden" => tag.hidden = !value.eq_ignore_ascii_case("false"),
                key @ ("color" | "bgcolor" | "background" | "type" | "tabindex" | "size") => {
                    tag.others.push((key.to_owned(), value));
                }
                _ => {}
            }
        }
        tag
    }

    /// An attribute that is no style, class or id; empty if it is not there.
    pub(super) fn get(&self, key: &str) -> &str {
        self.others.iter().find(|(k, _)| k == key).map_or("", |(_, v)| *v)
    }

    /// The `style` attribute in lower case.
    pub(super) fn style(&self) -> &str {
        &self.style
    }
}

fn decoded(value: &str) -> Cow<'_, str> {
    if value.contains('&') { super::entity::decoded(value).into() } else { value.into() }
}

/// The first attribute: its name, its value, and what follows.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    if text.is_empty() {
        return None;
    }
    let is_end = |c: char| c.is_whitespace() || matches!(c, '=' | '/');
    // A stray "=" is taken as part of a name.
    let end = text.char_indices().skip(1).find(|(_, c)| is_end(*c)).map_or(text.len(), |(i, _)| i);
    let (key, rest) = text.split_at(end);
    let Some(value) = rest.trim_start().strip_prefix('=') else { return Some((key, "", rest)) };
    let value = value.trim_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return Some(quoted.split_once(quote).map_or((key, quoted, ""), |(v, after)| (key, v, after)));
        }
    }
    let end = value.find(char::is_whitespace).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    Some((key, value, rest))
}

/// Whether a tag begins here, rather than a "less than".
pub(super) fn begins(text: &str) -> bool {
    text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

/// Length of the tag at the start of `text`, quotes respected; `None` if it is no tag.
pub(super) fn length(text: &str) -> Option<usize> {
    if !begins(text) {
        return None;
    }
    let mut quote = None;
    let mut last = b'<';
    for (i, c) in text.bytes().enumerate().take(TAG_MAX) {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            // A quote opens a value only after `=`: a stray apostrophe must not swallow the page.
            (None, b'"' | b'\'') if last == b'=' => quote = Some(c),
            (None, b'>') => return Some(i + 1),
            _ => {}
        }
        if !c.is_ascii_whitespace() {
            last = c;
        }
    }
    text.find('>').map(|i| i + 1)
}

/// What follows the content of an element that holds no markup.
pub(super) fn after_raw<'h>(rest: &'h str, name: &str) -> &'h str {
    let mut at = 0;
    while let Some(found) = rest[at..].find("</") {
        let start = at + found + 2;
        let is_end = rest.get(start..start + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name));
        if is_end {
            return rest[start..].find('>').map_or("", |end| &rest[start + end + 1..]);
        }
        at = start;
    }
    ""
}
