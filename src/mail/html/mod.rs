//! HTML of a mail to the text a person would see: one line per block, hidden text left out, quotes marked with ">".
//! One pass without a tree, so that hostile nesting costs no more than its bytes. Called by `mail::text`.

mod entity;
mod style;
mod tag;

use style::{Look, Rules};
use tag::Tag;

/// Open elements that are kept in mind; those nested deeper take the look of the last.
const DEPTH_MAX: usize = 1_000;
/// Quotes within quotes that are told apart.
const QUOTES_MAX: usize = 5;
/// How far a closing tag looks for the element that it closes.
const REACH: usize = 64;

/// Visible text, and whether the nesting was too deep to keep in mind.
#[must_use]
pub fn to_text(html: &str) -> (String, bool) {
    let mut page = Page { rules: style::rules(html), ..Page::default() };
    page.read(html);
    (page.out.finish(), page.deep)
}

/// An element that is open.
#[derive(Debug, Clone)]
struct Open {
    name: &'static str,
    look: Look,
    /// It quotes.
    quote: bool,
    /// Its white space counts.
    pre: bool,
    /// Number of its next item, for an ordered list.
    item: Option<u32>,
}

#[derive(Default)]
struct Page {
    rules: Rules,
    stack: Vec<Open>,
    out: Lines,
    deep: bool,
    /// Nothing behind this point closes a tag.
    no_more_tags: bool,
}

const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "param"];
/// Elements whose content is no markup.
const RAW: &[&str] = &["style", "script", "title", "textarea", "iframe", "noembed", "noframes", "xmp"];
/// Elements that nobody sees.
const UNSEEN: &[&str] = &["head", "template", "select", "svg", "object", "datalist", "audio", "video", "canvas", "map"];
/// Elements that stand apart by an empty line.
const PARAGRAPHS: &[&str] =
    &["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "figure", "fieldset"];
/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "div",
    "table",
    "tr",
    "li",
    "dt",
    "dd",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "form",
    "center",
    "address",
    "caption",
    "legend",
    "figcaption",
    "tbody",
    "thead",
    "tfoot",
    "body",
    "html",
    "details",
    "summary",
    "hgroup",
];
const OTHERS: &[&str] = &[
    "td", "th", "a", "b", "i", "u", "s", "em", "strong", "span", "font", "small", "big", "sub", "sup", "label",
    "button", "code", "tt", "cite", "q", "ins", "del", "strike", "abbr", "o:p", "noscript", "bdo", "bdi", "mark",
];

/// The name as it is kept; elements that mean nothing to us share one.
fn known(name: &str) -> &'static str {
    [VOID, RAW, UNSEEN, PARAGRAPHS, BLOCKS, OTHERS]
        .iter()
        .find_map(|group| group.iter().find(|n| **n == name))
        .copied()
        .unwrap_or("other")
}

impl Page {
    fn read(&mut self, html: &str) {
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            let (text, tail) = rest.split_at(at);
            self.text(text);
            rest = self.markup(tail);
        }
        self.text(rest);
    }

    /// Takes what stands at a "<" and gives the rest.
    fn markup<'h>(&mut self, tail: &'h str) -> &'h str {
        if let Some(comment) = tail.strip_prefix("<!--") {
            let comment = comment.strip_prefix('>').map_or(comment, |_| "-->");
            return comment.find("-->").map_or("", |end| &tail[tail.len() - comment.len() + end + 3..]);
        }
        let length = if self.no_more_tags { None } else { tag::length(tail) };
        let Some(length) = length else {
            self.no_more_tags |= tag::begins(tail);
            self.text("<");
            return &tail[1..];
        };
        let (source, rest) = tail.split_at(length);
        let tag = Tag::parse(source);
        let name = known(&tag.name);
        if tag.closing {
            self.close(name);
            return rest;
        }
        if RAW.contains(&name) {
            return tag::after_raw(rest, name);
        }
        if name == "br" {
            if self.is_seen() {
                self.out.line_break();
            }
        } else if name == "hr" {
            if self.is_seen() {
                self.out.rule(tag.id == "stopspelling" || tag.get("tabindex") == "-1");
            }
        } else if !VOID.contains(&name) {
            self.open(name, &tag, rest);
        }
        rest
    }

    fn open(&mut self, name: &'static str, tag: &Tag<'_>, rest: &str) {
        match name {
            "body" => self.stack.clear(),
            "p" | "div" | "table" | "ul" | "ol" | "h1" | "h2" | "h3" | "blockquote" => self.close_within(&["p"], &[]),
            "li" => self.close_within(&["li", "p"], &["ul", "ol"]),
            "td" | "th" => self.close_within(&["td", "th", "p"], &["tr", "table"]),
            "tr" => self.close_within(&["tr", "td", "th", "p"], &["table", "tbody", "thead"]),
            _ => {}
        }
        let parent = self.stack.last();
        let look = self.rules.look(parent.map(|p| &p.look).unwrap_or(&Look::default()), name, tag);
        let look = if UNSEEN.contains(&name) { look.hidden() } else { look };
        let pre = name == "pre" || parent.is_some_and(|p| p.pre) || look.keeps_white_space();
        let quotes = self.stack.iter().filter(|o| o.quote).count();
        let quote = is_quote(name, tag, rest) && quotes < QUOTES_MAX;
        let starts_quoted_mail = is_reply_header(tag);
        if look.is_seen() {
            self.boundary(name, tag);
            if starts_quoted_mail {
                self.out.mail_follows();
            }
            if name == "li" {
                let list = self.stack.iter_mut().rev().take(REACH).find(|o| matches!(o.name, "ul" | "ol"));
                let mark = match list.and_then(|l| l.item.as_mut()) {
                    Some(number) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    None => "- ".to_owned(),
                };
                self.out.item(&mark);
            }
        }
        if self.stack.len() >= DEPTH_MAX {
            self.deep = true;
            return;
        }
        self.out.depth += usize::from(quote);
        self.stack.push(Open { name, look, quote, pre, item: (name == "ol").then_some(1) });
    }

    fn close(&mut self, name: &'static str) {
        if name == "p" || name == "br" {
            // Closing what is not open still breaks the line.
            if self.is_seen() {
                self.out.end_line();
            }
        }
        let is_table_part = matches!(name, "table" | "tr" | "td" | "th" | "tbody" | "thead" | "tfoot");
        let found = self
            .stack
            .iter()
            .rev()
            .take(REACH)
            .take_while(|o| is_table_part || name == "div" || !matches!(o.name, "td" | "th" | "table"))
            .position(|o| o.name == name);
        if let Some(above) = found {
            self.pop(above + 1);
        }
    }

    /// Closes the innermost of `names` and all within it, unless one of `fence` is open inside of it.
    fn close_within(&mut self, names: &[&str], fence: &[&str]) {
        let blocks = ["div", "table", "td", "th", "blockquote", "ul", "ol", "body", "li", "tr"];
        let stops = |o: &&Open| !fence.contains(&o.name) && (names.contains(&o.name) || !blocks.contains(&o.name));
        // The outermost one before the fence: an open paragraph in a cell ends with the cell.
        let inside = self.stack.iter().rev().take(REACH).take_while(stops);
        if let Some(above) = inside.enumerate().filter(|(_, o)| names.contains(&o.name)).map(|(i, _)| i).last() {
            self.pop(above + 1);
        }
    }

    fn pop(&mut self, count: usize) {
        for _ in 0..count {
            let Some(open) = self.stack.pop() else { return };
            if open.look.is_seen() {
                if PARAGRAPHS.contains(&open.name) && !open.look.is_tight() {
                    self.out.paragraph();
                } else if BLOCKS.contains(&open.name) || PARAGRAPHS.contains(&open.name) || open.quote {
                    self.out.end_line();
                } else if matches!(open.name, "td" | "th") {
                    self.out.cell();
                }
            }
            self.out.depth -= usize::from(open.quote);
        }
    }

    fn boundary(&mut self, name: &str, tag: &Tag<'_>) {
        let tight = tag.class.contains("msonormal") || style::is_tight(tag.style());
        if PARAGRAPHS.contains(&name) && !tight {
            self.out.paragraph();
        } else if BLOCKS.contains(&name) || PARAGRAPHS.contains(&name) {
            self.out.end_line();
        }
    }

    fn is_seen(&self) -> bool {
        self.stack.last().is_none_or(|o| o.look.is_seen())
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() || !self.is_seen() {
            return;
        }
        let pre = self.stack.last().is_some_and(|o| o.pre);
        if text.contains('&') {
            self.out.words(&entity::decoded(text), pre);
        } else {
            self.out.words(text, pre);
        }
    }
}

/// Whether the element holds words of an earlier mail.
fn is_quote(name: &str, tag: &Tag<'_>, rest: &str) -> bool {
    const CLASSES: &[&str] = &["yahoo_quoted", "protonmail_quote", "moz-cite-prefix", "quote_prefix", "zmail_extra"];
    if name == "blockquote" {
        // A blockquote without border is how several editors indent.
        let style = tag.style();
        let indents = style.replace(' ', "").contains("border:none") && tag.get("type") != "cite";
        return !indents;
    }
    let has = |class: &str| tag.class.split_ascii_whitespace().any(|c| c == class);
    if has("gmail_attr") {
        // The head of a forwarded mail has the same class; what it heads is not quoted by marks.
        return !rest.trim_start().starts_with('-') && !rest.contains_within(200, "-----");
    }
    if CLASSES.iter().any(|c| has(c)) {
        return true;
    }
    // Outlook's bar at the left; a coloured box of one's own begins otherwise.
    name == "div" && tag.style().replace(' ', "").starts_with("border:none;border-left:solid")
}

/// Whether the header lines of an earlier mail begin here, as Outlook and its kin mark them.
fn is_reply_header(tag: &Tag<'_>) -> bool {
    let style = || tag.style().replace(' ', "");
    matches!(tag.id.as_str(), "divrplyfwdmsg" | "olk_src_body_section" | "isforwardcontent" | "replysplit")
        || tag.id == "mail-editor-reference-message-container"
        || (tag.name == "div" && {
            let style = style();
            style.starts_with("border:none;border-top:solid#") && style.contains("padding:3.0pt0")
        })
}

/// Looks into the beginning of a text.
trait ContainsWithin {
    /// Whether `needle` stands within the first `bytes`.
    fn contains_within(&self, bytes: usize, needle: &str) -> bool;
}

impl ContainsWithin for str {
    fn contains_within(&self, bytes: usize, needle: &str) -> bool {
        super::text::cut(self, bytes).contains(needle)
    }
}

/// The text as it grows.
#[derive(Default)]
struct Lines {
    text: String,
    line: String,
    /// Quotes that we are inside of.
    depth: usize,
    /// A space is due before the next word.
    space: bool,
    /// An empty line is due before the next one, in the quote of this depth.
    blank: Option<usize>,
    /// The line holds the mark of an item and no word yet.
    only_mark: bool,
}

impl Lines {
    fn words(&mut self, text: &str, pre: bool) {
        if pre {
            for (i, piece) in text.split('\n').enumerate() {
                if i > 0 {
                    self.line_break();
                }
                self.push(piece.trim_end_matches('\r'));
            }
            return;
        }
        let is_space = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t' | '\u{c}');
        self.space |= text.starts_with(is_space);
        let mut first = true;
        for word in text.split(is_space).filter(|w| !w.is_empty()) {
            self.space |= !first;
            first = false;
            self.push(word);
        }
        self.space |= !first && text.ends_with(is_space);
    }

    fn push(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if self.space && !self.line.is_empty() && !self.only_mark && !self.line.ends_with('\t') {
            self.line.push(' ');
        }
        self.space = false;
        self.only_mark = false;
        self.line.push_str(word);
    }

    fn item(&mut self, mark: &str) {
        self.end_line();
        self.line.push_str(mark);
        self.only_mark = true;
    }

    fn cell(&mut self) {
        if !self.line.is_empty() && !self.line.ends_with('\t') {
            self.line.push('\t');
        }
        self.space = false;
    }

    fn end_line(&mut self) {
        self.space = false;
        if self.only_mark {
            return;
        }
        let whole = std::mem::take(&mut self.line);
        let line = whole.trim_end();
        if !line.trim_matches(['\u{a0}', '\u{200c}', '\u{ad}', '\u{34f}', ' ']).is_empty() {
            self.put(line);
        } else if !whole.is_empty() {
            // A line of a hard space is how editors write an empty one.
            self.blank_line();
        }
    }

    fn put(&mut self, line: &str) {
        if let Some(depth) = self.blank.take()
            && !self.text.is_empty()
        {
            self.marks(depth.min(self.depth));
            self.text.push('\n');
        }
        self.marks(self.depth);
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn marks(&mut self, depth: usize) {
        for _ in 0..depth {
            self.text.push_str("> ");
        }
    }

    fn line_break(&mut self) {
        if self.line.trim().is_empty() {
            self.blank_line();
            self.line.clear();
            self.only_mark = false;
        }
        self.end_line();
    }

    fn paragraph(&mut self) {
        self.end_line();
        if !self.only_mark {
            self.blank_line();
        }
    }

    fn blank_line(&mut self) {
        self.blank = Some(self.blank.map_or(self.depth, |depth| depth.min(self.depth)));
    }

    fn rule(&mut self, of_a_reply: bool) {
        self.paragraph();
        if of_a_reply {
            self.put("________________________________");
        }
    }

    fn mail_follows(&mut self) {
        self.paragraph();
        self.put("-----Original Message-----");
    }

    fn finish(mut self) -> String {
        self.only_mark = false;
        self.end_line();
        self.text
    }
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
        check("<div style='max-height:0;overflow:hidden'>not</div>seen", "seen");
        check("<div style='position:absolute; left:-9999px'>not</div>seen", "seen");
        check("<p>a <font color=white>not</font> <span style='color:#FFFFFF'>nor</span> b</p>", "a b");
        check("<span style='mso-hide:all'>not</span><span style='opacity:0'>not</span>seen", "seen");
    }

    #[test]
    fn words_that_are_seen_are_read() {
        check("<td style='font-size:0px'><div style='font-size:13px'>seen</div></td>", "seen");
        check("<td bgcolor='#cc0000'><span style='color:#fff'>seen</span></td>", "seen");
        check("<style>.b{background:#c00}</style><td class=b><a style='color:white'>seen</a></td>", "seen");
        check("<style>@media (max-width:600px){.m{display:none}}</style><p class=m>seen</p>", "seen");
        check("<p style='display:none'>not<p>seen", "seen");
        check("<div style='max-height:none;opacity:0.9'>seen</div>", "seen");
    }

    #[test]
    fn blocks_stay_apart_and_a_row_is_one_line() {
        check("<table><tr><td>one</td><td>two</td></tr><tr><td>three</td></tr></table>", "one\ttwo|three");
        check("<div>one</div><div>two<br>three</div>", "one|two|three");
        check("<ul><li>one<li>two</ul><ol><li>a</li><li>b</li></ol>", "- one|- two|1. a|2. b");
        check("1 < 2 &amp; 3 > 2 &scaron;&#x111;&#269;", "1 < 2 & 3 > 2 šđč");
        assert_eq!(to_text("<p>a</p>\n<p>b<br><br>c</p>").0, "a\n\nb\n\nc\n");
        assert_eq!(to_text("<div>a</div><div><br></div><div>b</div><div>c</div>").0, "a\n\nb\nc\n");
    }

    #[test]
    fn quotes_are_marked() {
        check("<div>mine</div><blockquote type=cite>theirs</blockquote>", "mine|> theirs");
        check("<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>mine</blockquote>", "mine");
        check(
            "mine<div class='gmail_attr'>On 1 Nov:<br></div><blockquote>theirs</blockquote>",
            "mine|> On 1 Nov:|> theirs",
        );
        check("mine<div id=divRplyFwdMsg><b>X:</b> y</div>", "mine|-----Original Message-----|X: y");
    }

    #[test]
    fn hostile_nesting_is_answered() {
        let html = format!("{}word{}", "<div>".repeat(50_000), "</div>".repeat(50_000));
        let (text, deep) = to_text(&html);
        assert!(deep && text.contains("word"));
        for piece in ["<a ", "<a b='", "<!--", "<", "&", "<p><b>", "<table><tr><td>", "<style>", "<blockquote>", "</p>"]
        {
            let _ = to_text(&piece.repeat(100_000));
        }
    }
}
