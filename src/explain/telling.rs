//! An explanation as a person reads it: the deciding words in their sentence, the rule, the rung and the verdict in
//! words, what would happen. Foreign text is shown without anything that a terminal would obey.

use super::Explanation;
use crate::domain::reply::{BounceClass, EvidenceWords, Kind};

/// Characters shown on each side of the deciding words.
const CONTEXT_MAX: usize = 160;
/// Bytes of a reply, more or less, in which deciding words are looked up.
const TEXT_MAX: usize = 60_000;
/// Characters of a subject, a name or a rule that are shown.
const LINE_MAX: usize = 1_000;
/// Width of the column of names.
const COLUMN: usize = 10;

/// Terminal attributes around what matters; none by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    /// Before what matters most.
    pub strong: &'static str,
    /// Before what matters less.
    pub faint: &'static str,
    /// Behind either.
    pub plain: &'static str,
}

impl Explanation {
    /// The explanation as a person reads it.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        let Paint { strong, faint, plain } = paint;
        let mut out = format!("{strong}{}{plain}\n", safe(&self.file));
        let mut line = |name: &str, text: &str| {
            out.push_str(&format!("  {faint}{name:<COLUMN$}{plain} {text}\n"));
        };
        line("subject", &safe(&self.subject));
        let sure = if self.certain { "sure" } else { "not sure" };
        line("kind", &format!("{strong}{}{plain} ({sure}): {}", self.kind.name(), kind_in_words(self.kind)));
        for (name, date) in
            [("ends", self.effective_date), ("promised", self.promised_date), ("returns", self.returns_on)]
        {
            if let Some(date) = date {
                line(name, &date.to_string());
            }
        }
        if let Some(ticket) = &self.ticket {
            line("ticket", &safe(ticket));
        }
        let body = paragraphs(&self.reply_text);
        let subject = safe(&self.subject);
        for (i, evidence) in self.deciding.iter().enumerate() {
            let name = if i == 0 { "because" } else { "" };
            line(name, &in_context(&body, &subject, &evidence.words, paint));
            line("", &format!("{faint}{}{plain}", rule_in_words(evidence)));
        }
        if self.deciding.is_empty() && self.kind != Kind::Bounce {
            line("because", "no rule recognises any of its words");
        }
        if let Some(bounce) = &self.bounce {
            let class = match bounce.class {
                BounceClass::Permanent => "permanent: it will never arrive",
                BounceClass::Temporary => "temporary: the server tries on",
            };
            line("bounce", &format!("{class}; {}", safe(bounce.recipient.as_deref().unwrap_or("no recipient named"))));
        }
        line("match", &self.match_in_words());
        line("authentic", &format!("{}: {}", self.authentic, safe(&self.authentic_reason)));
        line("language", &language_in_words(&self.language));
        line("would do", &format!("{strong}{}{plain}: {}", self.would_do, deed_in_words(&self.would_do)));
        out
    }

    fn match_in_words(&self) -> String {
        let Some(case) = &self.matched.case else {
            return if self.guesses.is_empty() {
                "no case".to_owned()
            } else {
                format!("no case; perhaps {}", self.guesses.join(", "))
            };
        };
        let rung = match self.matched.by {
            "reply_tag" => "it was sent to the reply address of this case alone",
            "thread" => "it answers a mail of this case",
            "reference" => "it names the reference of this case",
            "ticket" => "it comes from the carrier and names its ticket number",
            "line" => "it comes from the carrier and names the line, for which one case is open",
            _ => "you filed it there",
        };
        let ours = if self.ours { "; but it is your own mail, which answers nothing" } else { "" };
        format!("{case} by {}: {rung}{ours}", self.matched.by)
    }
}

/// What a message of a kind says.
fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Confirmed => "the line is ended, or ends on a stated day",
        Kind::Acknowledged => "received, in progress, or promised",
        Kind::NeedsInfo => "it asks for data, a document or an answer",
        Kind::NeedsPayment => "something must be paid first",
        Kind::NeedsOtherChannel => "not by e-mail, but another way",
        Kind::Refused => "declined; the line stays",
        Kind::Retention => "an offer, so that you stay",
        Kind::Billing => "an invoice, a reminder or a top-up",
        Kind::Unrelated => "about something else",
        Kind::AutoReply => "somebody is away",
        Kind::Bounce => "a mail could not be delivered, or not yet",
        Kind::Unclear => "no rule is sure; a person must read it",
    }
}

/// What would happen, by the name that the JSON has.
fn deed_in_words(would_do: &str) -> &'static str {
    match would_do {
        "done" => "the case is over, with this mail as its proof",
        "confirmed" => "the case waits for the day of the end",
        "keep_waiting" => "the carrier has shown a sign of life; odjava waits on",
        "hold" => "follow-ups wait until the person is back",
        "note" => "it is kept with the case and changes nothing",
        "review" => "it is kept and shown to you; it changes nothing",
        "needs_you:missing_info" => "the clock stops, and you are asked for what is missing",
        "needs_you:id_document" => "the clock stops, and you are asked for the document",
        "needs_you:payment" => "the clock stops, and you are told what is to be paid",
        "needs_you:other_channel" => "the clock stops, and you are told the other ways",
        "needs_you:refused" => "the clock stops, and you are told of the refusal",
        "needs_you:retention_offer" => "the clock stops, and you are asked about the offer",
        "needs_you:undeliverable" => "the next address is tried, or you are asked for one",
        "needs_you:unclear_reply" => "the clock stops, and you are asked to read it",
        _ => "the clock stops, and you are asked",
    }
}

fn language_in_words(tag: &str) -> String {
    let name = language_name(tag.split('-').next().unwrap_or(tag));
    let script = match tag.split('-').nth(1) {
        Some("Latn") => ", Latin letters",
        Some("Cyrl") => ", Cyrillic letters",
        Some("Hans") => ", simplified",
        Some("Hant") => ", traditional",
        _ => "",
    };
    if tag == "und" { "und: none that is known".to_owned() } else { format!("{tag}: {}{script}", name.unwrap_or(tag)) }
}

fn language_name(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "en" => "English",
        "sr" => "Serbian",
        "hr" => "Croatian or Bosnian",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "it" => "Italian",
        "ru" => "Russian",
        "zh" => "Chinese",
        _ => return None,
    })
}

/// `en.confirmed.contract_ended but negation`, as a sentence.
fn rule_in_words(evidence: &EvidenceWords) -> String {
    let rule = evidence.rule.as_str();
    if let Some(opinion) = rule.strip_prefix("statistics.") {
        return format!("second reader: {} (by examples, not by a rule)", safe(opinion));
    }
    let (name, veto) = rule.split_once(" but ").map_or((rule, None), |(name, veto)| (name, Some(veto)));
    let mut parts = name.splitn(3, '.');
    let (Some(tag), Some(kind), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return format!("rule {}", safe(rule));
    };
    let language = language_name(tag).unwrap_or(tag);
    let but = veto.map_or_else(String::new, |veto| format!(", but {}", veto_in_words(veto)));
    format!("{} rule “{}” for {}{}", safe(language), safe(id).replace('_', " "), safe(kind), but)
}

fn veto_in_words(veto: &str) -> &str {
    match veto {
        "question" => "it is asked, not said",
        "condition" => "only on a condition",
        "order" => "you are told to do something first",
        "plea" => "it is somebody's wish",
        "negation" => "it is denied",
        "request" => "it is said of the request, not of the line",
        "otherthing" => "it is said of something else",
        "suspended" => "that is a suspension",
        "hedge" => "it is not said for certain",
        "undated" => "it lies ahead without a day",
        "noday" => "no day is named",
        "unknown" => "a word beside it could turn the sense",
        other => other,
    }
}

/// The deciding words within the sentence they stand in, marked.
fn in_context(body: &str, subject: &str, words: &str, paint: Paint) -> String {
    let words = safe(words);
    let marked = format!("«{}{words}{}»", paint.strong, paint.plain);
    if words.is_empty() {
        return "its subject or its form".to_owned();
    }
    if let Some(at) = body.find(&words) {
        let (before, after) = sentence_around(body, at, at + words.len());
        return format!("{before}{marked}{after}");
    }
    match subject.find(&words) {
        Some(at) => {
            let after = subject.get(at + words.len()..).unwrap_or_default();
            format!("subject: {}{marked}{after}", subject.get(..at).unwrap_or_default())
        }
        None => marked,
    }
}

/// What stands before and behind a place in the same sentence, as far as it is shown.
fn sentence_around(text: &str, start: usize, end: usize) -> (String, String) {
    let mut before: Vec<char> = Vec::new();
    let mut cut = "";
    let mut next = None;
    for c in text.get(..start).unwrap_or_default().chars().rev() {
        if c == '\n' || (ends_sentence(c) && next.is_none_or(|n: char| n == ' ' || ends_wide(c))) {
            break;
        }
        if before.len() >= CONTEXT_MAX {
            cut = "…";
            break;
        }
        before.push(c);
        next = Some(c);
    }
    let before: String = before.into_iter().rev().collect();
    let mut after = String::new();
    let mut chars = text.get(end..).unwrap_or_default().chars().peekable();
    let mut count = 0;
    while let Some(c) = chars.next().filter(|c| *c != '\n') {
        count += 1;
        if count > CONTEXT_MAX {
            after.push('…');
            break;
        }
        after.push(c);
        if ends_sentence(c) && (ends_wide(c) || chars.peek().is_none_or(|n| *n == ' ' || *n == '\n')) {
            break;
        }
    }
    (format!("{cut}{}", before.trim_start()), after)
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?') || ends_wide(c)
}

/// Marks behind which no space is written.
fn ends_wide(c: char) -> bool {
    matches!(c, '。' | '！' | '？')
}

/// A text with one space between words and one line per paragraph, so that wrapped words are found.
fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    let mut parted = false;
    for line in text.lines() {
        let line = collapsed(line, TEXT_MAX);
        if line.is_empty() {
            parted = true;
            continue;
        }
        if !out.is_empty() {
            out.push(if parted { '\n' } else { ' ' });
        }
        out.push_str(&line);
        parted = false;
        if out.len() > TEXT_MAX {
            break;
        }
    }
    out
}

/// Characters that command a terminal or turn the direction of writing.
fn hides(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Foreign text on one line.
fn safe(text: &str) -> String {
    collapsed(text, LINE_MAX)
}

fn collapsed(text: &str, most: usize) -> String {
    let clean: String = text.chars().take(most).map(|c| if hides(c) { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deciding_words_stand_marked_in_their_sentence() {
        let check = |text: &str, words: &str, expected: &str| {
            assert_eq!(in_context(&paragraphs(text), "Re: ugovor", words, Paint::default()), expected);
        };
        check("Hello.\nYour line is\nclosed. Bye.", "line is closed", "Your «line is closed».");
        check("Ends on 30.11.2026 for good. Bye", "for good", "Ends on 30.11.2026 «for good».");
        check("Dear Anna\n\nit is closed", "closed", "it is «closed»");
        check("您好。号码已销户。谢谢", "已销户", "号码«已销户»。");
        check("nothing here", "ugovor", "subject: Re: «ugovor»");
        check("nothing here", "elsewhere", "«elsewhere»");
        let long = "word ".repeat(200);
        let shown = in_context(&paragraphs(&format!("{long}closed {long}")), "", "closed", Paint::default());
        assert!(shown.chars().count() < 2 * CONTEXT_MAX + 20 && shown.starts_with('…') && shown.ends_with('…'));
    }

    #[test]
    fn rules_are_told_in_words() {
        let check = |rule: &str, expected: &str| {
            let evidence = EvidenceWords { words: String::new(), rule: rule.to_owned() };
            assert_eq!(rule_in_words(&evidence), expected);
        };
        check("sr.confirmed.contract_ended", "Serbian rule “contract ended” for confirmed");
        check("de.confirmed.ended but negation", "German rule “ended” for confirmed, but it is denied");
        check("statistics.refused 71 %", "second reader: refused 71 % (by examples, not by a rule)");
        check("something", "rule something");
    }

    #[test]
    fn foreign_text_cannot_command_the_terminal() {
        let shown = in_context(&paragraphs("a\x1b[2Jb \u{202e}c closed"), "", "closed", Paint::default());
        assert!(!shown.contains(['\x1b', '\u{202e}']), "{shown}");
    }
}
