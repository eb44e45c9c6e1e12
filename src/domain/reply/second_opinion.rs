//! An opinion from outside on a mail that odjava finds unclear: what is asked, with all that names somebody taken out,
//! and how much the answer counts. Pure; the asking is in `daemon::opinion`.

use super::normalize::{fold, is_cjk};
use super::{Kind, KnownCase, Reading, Reply, numbers};
use serde::{Deserialize, Serialize};

/// Characters of a mail that are shown to the other reader.
const TEXT_MAX: usize = 4_000;
/// Characters of its reason that are kept.
const REASON_MAX: usize = 200;
/// Words of a sender's name that name no person.
const ROLES: &[&str] = &[
    "support",
    "service",
    "services",
    "customer",
    "care",
    "team",
    "info",
    "help",
    "desk",
    "reply",
    "noreply",
    "billing",
    "mobile",
    "telecom",
    "telekom",
    "podrska",
    "sluzba",
    "korisnicka",
    "korisnik",
    "kundenservice",
    "clients",
    "client",
    "cliente",
    "clienti",
    "atencion",
    "assistenza",
    "客服",
];

/// What another reader thinks of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// What it takes the mail for.
    pub kind: Kind,
    /// Why, in its words.
    pub reason: String,
}

impl SecondOpinion {
    /// Reads `{"kind": "needs_info", "reason": "..."}`, alone or within other text. `None` when it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let object = text.get(text.find('{')?..=text.rfind('}')?)?;
        let Self { kind, reason } = serde_json::from_str(object).ok()?;
        if kind == Kind::Unclear {
            return None;
        }
        // It has read a stranger's words: no link of theirs comes to the holder in its name.
        let leads_away = |w: &str| w.contains("://") || w.contains("www.") || w.contains('@');
        let hidden = |c: char| {
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let clean: String = reason.chars().take(4 * REASON_MAX).map(|c| if hidden(c) { ' ' } else { c }).collect();
        let words: Vec<&str> = clean.split_whitespace().map(|w| if leads_away(w) { "…" } else { w }).collect();
        Some(Self { kind, reason: words.join(" ").chars().take(REASON_MAX).collect() })
    }

    /// Whether the mail is taken for that. Nothing that ends a case, and nothing that gives it up, is.
    #[must_use]
    pub fn settles(&self) -> bool {
        match self.kind {
            Kind::Acknowledged | Kind::NeedsInfo | Kind::NeedsPayment | Kind::NeedsOtherChannel | Kind::Unrelated => {
                true
            }
            Kind::Confirmed
            | Kind::Refused
            | Kind::Retention
            | Kind::Billing
            | Kind::AutoReply
            | Kind::Bounce
            | Kind::Unclear => false,
        }
    }
}

impl Reply {
    /// Takes another reader's opinion on an unclear mail: shown, and followed where that cannot end a case.
    pub fn hear(&mut self, opinion: SecondOpinion) {
        if self.kind != Kind::Unclear {
            return;
        }
        if opinion.settles() {
            self.kind = opinion.kind;
            self.certain = false;
        }
        self.opinion = Some(opinion);
    }
}

/// What another reader may be asked about a mail: only one that is unclear, proven and of a case.
#[must_use]
pub fn question(reading: &Reading) -> Option<String> {
    let (case, _) = reading.matched.as_ref()?;
    if reading.ours || reading.reply.kind != Kind::Unclear || !reading.reply.authenticity.is_proven() {
        return None;
    }
    let text = format!("Subject: {}\n\n{}", reading.reply.subject, reading.reply_text);
    Some(masked(&text, &reading.sender_name, case))
}

/// A text without numbers, addresses and names, cut.
fn masked(text: &str, sender: &str, case: &KnownCase) -> String {
    let mut text: String = text.chars().take(TEXT_MAX).collect();
    let brand =
        |w: &str| ROLES.contains(&w) || case.carrier_domains.iter().any(|d| d.split('.').any(|label| label == w));
    let mut names: Vec<String> = Vec::new();
    for word in [case.holder_name.as_str(), sender].into_iter().flat_map(|n| n.split(|c: char| !c.is_alphanumeric())) {
        if word.chars().any(is_cjk) && word.chars().count() > 1 && !brand(word) {
            // Written without spaces, so it may stand in the middle of a run.
            text = text.replace(word, " [NAME] ");
        }
        let folded = fold(word);
        if folded.chars().count() > 1 && !brand(&folded) {
            names.push(folded);
        }
    }
    let line = &case.line;
    let given = [&line.customer_number, &line.contract_number, &line.order_number].map(|n| n.as_deref());
    let own: Vec<String> = given
        .into_iter()
        .chain([line.jmbg.as_deref(), line.passport_number.as_deref()])
        .flatten()
        .chain(case.tickets.iter().map(String::as_str))
        .chain([case.reference.as_str()])
        .map(numbers::compact)
        .collect();
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().map(|w| masked_word(w, &names, &own)).collect();
        without_numbers(&words)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn masked_word<'w>(word: &'w str, names: &[String], own: &[String]) -> &'w str {
    if word.contains('@') {
        return "[ADDRESS]";
    }
    if word.contains("://") || word.to_ascii_lowercase().starts_with("www.") {
        return "[LINK]";
    }
    let compact = numbers::compact(word);
    if own.iter().any(|o| !o.is_empty() && compact.contains(o.as_str())) {
        return "[REFERENCE]";
    }
    let digits = word.chars().filter(|c| c.is_numeric()).count();
    // Chinese and Japanese dates stand among letters.
    if digits >= 2 && word.chars().any(|c| c.is_alphabetic() && !is_cjk(c)) && compact.chars().count() >= 4 {
        return "[REFERENCE]";
    }
    let pieces = word.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty());
    if pieces.map(fold).any(|piece| names.iter().any(|name| is_form_of(&piece, name))) {
        return "[NAME]";
    }
    word
}

/// Whether a word is a name, perhaps declined.
fn is_form_of(word: &str, name: &str) -> bool {
    let length = name.chars().count();
    let stem: String = name.chars().take(if length > 4 { length - 1 } else { length }).collect();
    word == name || (length > 2 && word.starts_with(&stem) && word.chars().count() <= length + 3)
}

/// Joins words; numbers of five and more digits, in groups or not, become one placeholder, days stay.
fn without_numbers(words: &[&str]) -> String {
    let is_number = |w: &str| {
        w.chars().any(char::is_numeric)
            && w.chars().all(|c| c.is_numeric() || !c.is_alphabetic())
            && !w.starts_with('[')
    };
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let run = words.iter().skip(at).take_while(|w| is_number(w)).count();
        let numbers = words.get(at..at + run).unwrap_or_default();
        let digits: usize = numbers.iter().map(|w| w.chars().filter(|c| c.is_numeric()).count()).sum();
        let all_days = numbers.iter().all(|w| is_day(w));
        if run > 0 && digits >= 5 && !all_days {
            out.push("[NUMBER]".to_owned());
        } else if run > 0 {
            out.extend(numbers.iter().map(|w| (*w).to_owned()));
        } else {
            out.push(without_long_runs(word));
        }
        at += run.max(1);
    }
    out.join(" ")
}

/// A run of letters and digits, as Chinese writes them: long runs of digits go, days stay.
fn without_long_runs(word: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    let close = |run: &mut String, out: &mut String| {
        let digits = run.chars().filter(|c| c.is_numeric()).count();
        out.push_str(if digits >= 5 && !is_day(run) { "[NUMBER]" } else { run.as_str() });
        run.clear();
    };
    for c in word.chars() {
        if c.is_numeric() || (!run.is_empty() && matches!(c, '-' | '/' | '.' | '*')) {
            run.push(c);
        } else {
            close(&mut run, &mut out);
            out.push(c);
        }
    }
    close(&mut run, &mut out);
    out
}

/// Whether a word is a day such as `15.11.2026.`, `2026-11-15` or a year.
fn is_day(word: &str) -> bool {
    let groups: Vec<&str> = word.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    let number = |i: usize| groups.get(i).and_then(|g: &&str| g.parse::<u32>().ok()).unwrap_or(0);
    let year = |n: u32| (1990..2100).contains(&n) || n < 100;
    let (day, month) = (1..=31, 1..=12);
    match groups.len() {
        1 => number(0) >= 1990 && year(number(0)) && !word.starts_with('+'),
        3 => {
            let last = month.contains(&number(1)) && day.contains(&number(0)) && year(number(2));
            let first = number(0) >= 1990 && year(number(0)) && month.contains(&number(1)) && day.contains(&number(2));
            last || first
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::Reference;
    use crate::domain::identity::{CarrierNumber, Line};

    fn case() -> Option<KnownCase> {
        Some(KnownCase {
            reference: Reference::parse("7Q2M")?,
            open: true,
            reply_tag: None,
            message_ids: Vec::new(),
            tickets: vec!["GS-204".to_owned()],
            carrier_domains: vec!["dunavtel.example".to_owned()],
            asked_domains: Vec::new(),
            line: Line { customer_number: CarrierNumber::parse("K/77").ok(), ..Line::default() },
            holder_name: "Marko Petrović / 李伟".to_owned(),
            country_code: None,
        })
    }

    fn check(text: &str, expected: &str) {
        let shown = case().map(|case| masked(text, "Ana Jović, Dunavtel Support", &case));
        assert_eq!(shown.as_deref(), Some(expected));
    }

    #[test]
    fn nothing_that_names_somebody_is_shown() {
        check("Poštovani Marko Petroviću,", "Poštovani [NAME] [NAME]");
        check("Dear M. PETROVIC, yours Ana", "Dear M. [NAME] yours [NAME]");
        check("尊敬的李伟先生，号码0601234567已", "尊敬的 [NAME] 先生，号码[NUMBER]已");
        check("line 060/123-45-67 or +381 60 123 45 67 now", "line [NUMBER] or [NUMBER] now");
        check(
            "SIM 8938103000012345673, no. K/77, [7Q2M] and gs-204",
            "SIM [NUMBER] no. [REFERENCE] [REFERENCE] and [REFERENCE]",
        );
        check("ticket INC0012345 at a@b.example or https://x.example/a", "ticket [REFERENCE] at [ADDRESS] or [LINK]");
        check("number ****567 or 60***4567", "number ****567 or [NUMBER]");
    }

    #[test]
    fn days_and_ordinary_words_are_shown() {
        for text in
            ["ends 15.11.2026. in 4 days", "2026-11-15 or 1/12/2026", "2026年11月15日销户", "Dunavtel Support, 4G"]
        {
            check(text, text);
        }
    }

    #[test]
    fn a_long_mail_is_cut() {
        assert!(case().is_some_and(|c| masked(&"long ".repeat(10_000), "", &c).len() <= TEXT_MAX));
    }

    #[test]
    fn an_answer_is_read_or_it_is_none() {
        let parsed = |text: &str| SecondOpinion::parse(text).map(|o| (o.kind, o.reason));
        let good = Some((Kind::NeedsInfo, "They ask.".to_owned()));
        assert_eq!(parsed(r#"{"kind": "needs_info", "reason": "They ask."}"#), good);
        assert_eq!(parsed("Sure:\n```json\n{\"reason\":\"They ask.\",\"kind\":\"needs_info\"}\n```"), good);
        for bad in [
            "",
            "needs_info",
            "}{",
            "{}",
            r#"{"kind": "certain", "reason": "x"}"#,
            r#"{"kind": "unclear", "reason": "x"}"#,
            r#"{"kind": "needs_info"}"#,
            r#"{"kind": ["needs_info"], "reason": "x"}"#,
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
        let long = format!(
            r#"{{"kind": "refused", "reason": "Go to https://evil.example now \u001b[2J{}"}}"#,
            "x ".repeat(900)
        );
        let reason = parsed(&long).map(|(_, r)| r).unwrap_or_default();
        assert!(reason.starts_with("Go to … now [2Jx x") && reason.chars().count() <= REASON_MAX, "{reason}");
    }
}
