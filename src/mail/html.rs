//! HTML of a mail to the text a person would see: hidden elements out, blocks kept apart, quotes marked.
//! html2text renders; what it cannot know (hidden text, hostile nesting) is handled before. Called by `mail::parse`.

/// Elements nested deeper than this are read as bare words.
const DEPTH_MAX: usize = 150;

/// Visible text, and whether the nesting was too deep to render.
#[must_use]
pub fn to_text(html: &str) -> (String, bool) {
    let cleaned = visible(html);
    if cleaned.depth <= DEPTH_MAX {
        let config = html2text::config::plain_no_decorate().raw_mode(true).no_link_wrapping().allow_width_overflow();
        if let Ok(text) = config.string_from_read(cleaned.html.as_bytes(), 20_000) {
            return (text, false);
        }
    }
    (bare_words(&cleaned.html), true)
}

/// HTML without its hidden elements.
struct Visible {
    html: String,
    /// Deepest nesting of open elements.
    depth: usize,
}

const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
const UNSEEN: &[&str] =
    &["head", "style", "script", "title", "template", "noscript", "textarea", "select", "svg", "object"];

/// Copies the HTML, leaving out comments, images and each element that a reader cannot see.
fn visible(html: &str) -> Visible {
    let hidden_classes = hidden_classes(html);
    let mut out = String::with_capacity(html.len());
    let (mut depth, mut deepest) = (0usize, 0usize);
    // Name and nesting count of the hidden element that we are inside of.
    let mut hidden: Option<(String, usize)> = None;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tail) = rest.split_at(at);
        if hidden.is_none() {
            out.push_str(text);
        }
        if let Some(comment) = tail.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(length) = tag_length(tail) else {
            if hidden.is_none() {
                out.push_str("&lt;");
            }
            rest = &tail[1..];
            continue;
        };
        let (tag, after) = tail.split_at(length);
        rest = after;
        let closing = tag.starts_with("</");
        let name: String = tag
            .trim_start_matches(['<', '/'])
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(20)
            .collect::<String>()
            .to_ascii_lowercase();
        let is_void = VOID.contains(&name.as_str()) || tag.ends_with("/>");
        match &mut hidden {
            Some((element, nested)) if *element == name => {
                if closing {
                    *nested -= 1;
                } else if !is_void {
                    *nested += 1;
                }
                if *nested == 0 {
                    hidden = None;
                }
            }
            Some(_) => {}
            None if closing => {
                depth = depth.saturating_sub(1);
                out.push_str(tag);
            }
            None => {
                if UNSEEN.contains(&name.as_str()) || is_hidden(tag, &hidden_classes) {
                    if !is_void {
                        hidden = Some((name, 1));
                    }
                } else if name != "img" {
                    if !is_void && name != "p" && name != "li" {
                        depth += 1;
                        deepest = deepest.max(depth);
                    }
                    out.push_str(tag);
                }
            }
        }
    }
    if hidden.is_none() {
        out.push_str(rest);
    }
    Visible { html: out, depth: deepest }
}

/// Length of the tag at the start of `text`, quotes respected; `None` if it is no tag.
fn tag_length(text: &str) -> Option<usize> {
    let second = text[1..].chars().next()?;
    if !(second.is_ascii_alphabetic() || matches!(second, '/' | '!' | '?')) {
        return None;
    }
    let mut quote = None;
    let mut last = '<';
    for (i, c) in text.char_indices().take(20_000) {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            // A quote opens a value only after `=`: a stray apostrophe must not swallow the page.
            (None, '"' | '\'') if last == '=' => quote = Some(c),
            (None, '>') => return Some(i + 1),
            _ => {}
        }
        if !c.is_whitespace() {
            last = c;
        }
    }
    text.find('>').map(|i| i + 1)
}

/// Whether a start tag hides its element.
fn is_hidden(tag: &str, classes: &[String]) -> bool {
    let lower = tag.to_ascii_lowercase();
    let compact: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    let by_style = compact.find("style=").is_some_and(|at| hides(&compact[at + 6..]));
    let by_attribute = lower
        .trim_end_matches(['>', '/'])
        .split_whitespace()
        .skip(1)
        .any(|a| a == "hidden" || a.starts_with("hidden="));
    let by_class = !classes.is_empty()
        && lower.find("class=").is_some_and(|at| {
            let value = lower[at + 6..].trim_start_matches(['"', '\'']);
            let value = value.split(['"', '\'', '>']).next().unwrap_or_default();
            value.split_whitespace().any(|c| classes.iter().any(|h| h == c))
        });
    by_style || by_attribute || by_class
}

/// Whether declarations without white space hide what they apply to.
fn hides(style: &str) -> bool {
    const HIDING: &[&str] = &["display:none", "visibility:hidden", "mso-hide:all", "opacity:0;", "opacity:0\""];
    if HIDING.iter().any(|h| style.contains(h)) {
        return true;
    }
    ["font-size:0", "max-height:0", "font:0"].iter().any(|h| {
        style.match_indices(h).any(|(at, _)| {
            // `font-size:0` and `0px`, but not `0.9em`.
            let after = style[at + h.len()..].trim_start_matches("px").trim_start_matches("pt");
            !after.starts_with(|c: char| c == '.' || c.is_ascii_digit() || c == 'e')
        })
    })
}

/// Classes that a `<style>` block hides, such as `.preheader { display: none }`.
fn hidden_classes(html: &str) -> Vec<String> {
    let lower = html.to_ascii_lowercase();
    let Some(start) = lower.find("<style") else { return Vec::new() };
    let end = lower[start..].rfind("</style").map_or(lower.len(), |e| start + e);
    let mut out = Vec::new();
    // Rules inside `@media` apply to some screens only; they are not looked at.
    for rule in lower[start..end].split('}').take(500) {
        let Some((selectors, declarations)) = rule.rsplit_once('{') else { continue };
        if selectors.contains('{') {
            continue;
        }
        let compact: String = declarations.chars().filter(|c| !c.is_whitespace()).collect();
        if hides(&format!("{compact};")) {
            let last = selectors.rsplit(['>', ';']).next().unwrap_or_default();
            for selector in last.split(',') {
                if let Some(class) = selector.trim().strip_prefix('.') {
                    out.push(class.to_owned());
                }
            }
        }
    }
    out
}

/// The words between the tags, for HTML that cannot be rendered.
fn bare_words(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = tag_length(&rest[at..]).map_or(&rest[at + 1..], |l| &rest[at + l..]);
    }
    out.push_str(rest);
    out.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &str) {
        let text = to_text(html).0;
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(lines.join("|"), expected, "{html}");
    }

    #[test]
    fn hidden_words_are_not_read() {
        check("<p>seen</p><div style=\"display: none\">not <div>seen</div> still not</div><p>again</p>", "seen|again");
        check("<p>a <span style='font-size:0px'>not</span> b</p>", "a b");
        check("<p>a <span style='font-size:0.9em'>small</span> b</p>", "a small b");
        check("<style>.pre { display:none }</style><p class=\"x pre\">not</p><p>seen</p>", "seen");
        check("<p hidden>not</p><p>a<!-- not --> b</p><script>not</script>", "a b");
    }

    #[test]
    fn blocks_stay_apart_and_cells_too() {
        check("<table><tr><td>one</td><td>two</td></tr><tr><td>three</td></tr></table>", "one|two|three");
        check("<div>one</div><div>two<br>three</div>", "one|two|three");
        check("1 < 2 &amp; 3 > 2", "1 < 2 & 3 > 2");
    }

    #[test]
    fn quotes_are_marked() {
        check("<div>mine</div><blockquote>theirs</blockquote>", "mine|> theirs");
    }

    #[test]
    fn hostile_nesting_is_answered() {
        let html = format!("{}word{}", "<div>".repeat(50_000), "</div>".repeat(50_000));
        let (text, deep) = to_text(&html);
        assert!(deep && text.contains("word"));
    }
}
