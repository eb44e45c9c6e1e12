//! Folded text to a kind with the words that decided it: phrases, what stands around them, and which kind wins.
//! The phrases themselves are data (`config/lexicon`). Not sure means `unclear`; any doubt about a confirmation does.

use super::lexicon::{self, Guard, Language, Rule, Span};
use super::normalize::{Text, TokenKind};
use super::numbers;
use super::scope::{self, Links};
use super::{EvidenceWords, Kind};
use crate::domain::Date;
use crate::domain::identity::Line;
use std::collections::HashMap;

/// Why a phrase of confirmation confirms nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Veto {
    Question,
    Condition,
    /// The customer is told to do something first.
    Order,
    Plea,
    Negation,
    Request,
    OtherThing,
    Suspended,
    Hedge,
    /// In the future, and no day is named.
    Undated,
    /// In the present tense, which confirms with a day only.
    NoDay,
}

/// A rule met at a place.
#[derive(Debug, Clone)]
struct Hit<'l> {
    rule: &'l Rule,
    span: Span,
    veto: Option<Veto>,
}

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The kind.
    pub kind: Kind,
    /// No other kind is near and no guard in the way.
    pub certain: bool,
    /// Stated end of the line, for a confirmation.
    pub effective_date: Option<Date>,
    /// Day by which something is promised.
    pub promised_date: Option<Date>,
    /// First day back of an absent person.
    pub returns_on: Option<Date>,
    /// An identity document is asked for.
    pub wants_id_document: bool,
    /// What decided.
    pub evidence: Vec<EvidenceWords>,
}

impl Classified {
    fn plain(kind: Kind, certain: bool) -> Self {
        Self {
            kind,
            certain,
            effective_date: None,
            promised_date: None,
            returns_on: None,
            wants_id_document: false,
            evidence: Vec::new(),
        }
    }
}

/// What the classifier knows besides the words.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The line the message was matched to.
    pub line: Option<&'a Line>,
    /// Headers say that a machine sent it.
    pub machine: bool,
    /// Sent to a list, or in bulk.
    pub bulk: bool,
    /// It belongs to a case.
    pub matched: bool,
    /// It answers a mail of ours, by its thread or its recipient.
    pub threaded: bool,
    /// The day on which the mail was written.
    pub today: Date,
}

/// Places that may meet rules in one mail. No answer of a person has so many; reading them all would be slow.
const HITS_MAX: usize = 400;

/// Reads `body` (the author's own words) and `subject` (empty when it only repeats ours).
#[must_use]
pub fn classify(body: &Text, subject: &Text, languages: &[&Language], at: Circumstances<'_>) -> Classified {
    let mut found: Vec<(&Language, Vec<Hit<'_>>)> = languages.iter().map(|l| (*l, hits_of(l, body))).collect();
    if found.iter().map(|(_, hits)| hits.len()).sum::<usize>() > HITS_MAX {
        return Classified::plain(Kind::Unclear, false);
    }
    let guards = lexicon::guards(languages, body);
    let quotations = scope::quotations(&body.source);
    for (language, hits) in &mut found {
        judge(language, hits, body, &guards, &quotations);
    }
    let hits: Vec<Hit<'_>> = found.into_iter().flat_map(|(_, hits)| hits).collect();
    // What stands behind the end of the reading may take back what stands before it.
    if body.cut && hits.iter().any(|h| h.rule.kind == Kind::Confirmed) {
        return Classified::plain(Kind::Unclear, false);
    }
    let hints: Vec<Hit<'_>> =
        languages.iter().flat_map(|l| hits_of(l, subject)).filter(|h| h.rule.kind != Kind::Confirmed).collect();
    let confirmations: Vec<&Hit<'_>> =
        hits.iter().filter(|h| h.rule.kind == Kind::Confirmed && h.veto.is_none()).collect();
    let mut scores = scores(&hits, &hints, at);
    let mut out = if confirmations.is_empty() {
        without_confirmation(&mut scores, at)
    } else {
        with_confirmation(body, &hits, &confirmations, languages, at)
    };
    out.evidence = evidence(body, &hits, subject, &hints, out.kind);
    out.wants_id_document = out.kind == Kind::NeedsInfo && hits.iter().any(|h| h.rule.id_document);
    match out.kind {
        Kind::Acknowledged => out.promised_date = promised(body, &hits),
        Kind::AutoReply => out.returns_on = returns_on(body, languages),
        _ => {}
    }
    out
}

/// Takes back the phrases of confirmation that are not said of the line.
fn judge(
    language: &Language,
    hits: &mut [Hit<'_>],
    text: &Text,
    guards: &HashMap<Guard, Vec<Span>>,
    quotations: &[(usize, usize)],
) {
    let links = Links::of(language, text);
    for hit in hits.iter_mut().filter(|h| h.rule.kind == Kind::Confirmed) {
        hit.veto = if scope::quoted(hit.span, text, quotations) {
            Some(Veto::Plea)
        } else {
            veto(hit, text, guards).or_else(|| links.narrowed(hit.span, text).then_some(Veto::OtherThing))
        };
    }
    // "Ends on 30 November if the invoice is paid": money first, whatever else the sentence says.
    let money: Vec<usize> = hits
        .iter()
        .filter(|h| h.rule.kind == Kind::NeedsPayment && h.rule.weight >= 3)
        .filter_map(|h| text.tokens.get(h.span.first).map(|t| t.sentence))
        .collect();
    for hit in hits.iter_mut().filter(|h| h.rule.kind == Kind::Confirmed && h.veto.is_none()) {
        if text.tokens.get(hit.span.first).is_some_and(|t| money.contains(&t.sentence)) {
            hit.veto = Some(Veto::Condition);
        }
    }
    // "We have not cut the line and ended the contract": what is denied of one half is denied of the sentence.
    let denied: Vec<(usize, Veto)> = hits
        .iter()
        .filter_map(|h| {
            let veto = h.veto.filter(|v| matches!(v, Veto::Negation | Veto::Undated | Veto::Hedge | Veto::Plea))?;
            Some((text.tokens.get(h.span.first)?.sentence, veto))
        })
        .collect();
    for hit in hits.iter_mut().filter(|h| h.rule.kind == Kind::Confirmed && h.veto.is_none()) {
        let sentence = text.tokens.get(hit.span.first).map(|t| t.sentence);
        hit.veto = denied.iter().find(|(s, _)| Some(*s) == sentence).map(|(_, v)| *v);
    }
}

fn hits_of<'l>(language: &'l Language, text: &Text) -> Vec<Hit<'l>> {
    language
        .hits(text)
        .into_iter()
        .filter_map(|(number, span)| Some(Hit { rule: language.rules.get(number)?, span, veto: None }))
        .collect()
}

/// What governs a phrase of confirmation so that it confirms nothing.
fn veto(hit: &Hit<'_>, text: &Text, guards: &HashMap<Guard, Vec<Span>>) -> Option<Veto> {
    let first = text.tokens.get(hit.span.first)?;
    let last = text.tokens.get(hit.span.last.saturating_sub(1))?;
    let sentence = text.sentences.get(first.sentence)?;
    let in_sentence = |g: Guard| {
        guards.get(&g).is_some_and(|spans| spans.iter().any(|s| s.first >= sentence.first && s.last <= sentence.last))
    };
    let in_clause = |g: Guard| {
        guards.get(&g).is_some_and(|spans| {
            spans.iter().any(|s| {
                s.first >= sentence.first
                    && s.last <= sentence.last
                    && text.tokens.get(s.first).is_some_and(|t| (first.clause..=last.clause).contains(&t.clause))
            })
        })
    };
    let before = |g: Guard, end: usize| {
        let spans = guards.get(&g).map(Vec::as_slice).unwrap_or_default();
        spans.iter().filter(|s| s.first >= sentence.first && s.last <= end).map(|s| s.first).next_back()
    };
    // "It is not, as you were told, so that the contract has ended": what governs a clause denies it from afar.
    let denied_above = before(Guard::That, hit.span.first).is_some_and(|at| before(Guard::Negator, at).is_some());
    let or = guards.get(&Guard::Or).map(Vec::as_slice).unwrap_or_default();
    let dated = text
        .tokens
        .get(sentence.first..sentence.last)
        .unwrap_or_default()
        .iter()
        .any(|t| matches!(t.kind, TokenKind::Date(_)));
    let checks = [
        (sentence.asks || in_sentence(Guard::Question), Veto::Question),
        (in_sentence(Guard::Condition), Veto::Condition),
        (before(Guard::Imperative, hit.span.first).is_some(), Veto::Order),
        (in_clause(Guard::Plea), Veto::Plea),
        (in_clause(Guard::Negator) || denied_above, Veto::Negation),
        (in_clause(Guard::Request), Veto::Request),
        (in_clause(Guard::OtherThing), Veto::OtherThing),
        (in_clause(Guard::Suspended), Veto::Suspended),
        (in_sentence(Guard::Hedge) || scope::alternative(hit.span, text, or), Veto::Hedge),
        (in_clause(Guard::Future) && (!dated || in_sentence(Guard::ByDate)), Veto::Undated),
        (hit.rule.needs_date && (!dated || in_sentence(Guard::ByDate)), Veto::NoDay),
    ];
    checks.into_iter().find(|(met, _)| *met).map(|(_, veto)| veto)
}

/// Kinds in the order in which they win when equally strong.
const PRECEDENCE: &[Kind] = &[
    Kind::NeedsPayment,
    Kind::NeedsOtherChannel,
    Kind::NeedsInfo,
    Kind::Refused,
    Kind::Retention,
    Kind::Billing,
    Kind::AutoReply,
    Kind::Acknowledged,
    Kind::Unrelated,
];

/// Strength of each kind but `confirmed`, 0 to 30.
fn scores(hits: &[Hit<'_>], hints: &[Hit<'_>], at: Circumstances<'_>) -> HashMap<Kind, u8> {
    let mut out: HashMap<Kind, u8> = HashMap::new();
    let mut raise = |kind: Kind, score: u8| {
        let entry = out.entry(kind).or_default();
        *entry = (*entry).max(score);
    };
    for hit in hits {
        let weight = hit.rule.weight * 10;
        match (hit.rule.kind, hit.veto) {
            (Kind::Confirmed, None) => {}
            (Kind::Confirmed, Some(veto)) => match veto {
                Veto::Negation | Veto::Undated | Veto::NoDay | Veto::Suspended => raise(Kind::Acknowledged, 15),
                Veto::Hedge | Veto::Condition | Veto::Request => raise(Kind::Acknowledged, 8),
                Veto::Question | Veto::Order => raise(Kind::NeedsInfo, 8),
                Veto::OtherThing => raise(Kind::Unrelated, 15),
                Veto::Plea => {}
            },
            // An absence notice that a person sends by hand is still one, but machines write most of them.
            (Kind::AutoReply, _) => raise(Kind::AutoReply, weight + if at.machine { 5 } else { 0 }),
            // Money that is merely owed is a reminder, unless it is said in answer to our request.
            (Kind::NeedsPayment, _) if !at.threaded && weight < 30 => raise(Kind::Billing, weight),
            (kind, _) => raise(kind, weight),
        }
    }
    for hint in hints {
        raise(hint.rule.kind, hint.rule.weight * 5);
    }
    if at.bulk {
        raise(Kind::Unrelated, 7);
    }
    out
}

fn without_confirmation(scores: &mut HashMap<Kind, u8>, at: Circumstances<'_>) -> Classified {
    let best = PRECEDENCE.iter().filter_map(|k| scores.get(k).map(|s| (*k, *s))).fold(
        None,
        |best: Option<(Kind, u8)>, (k, s)| match best {
            Some((_, top)) if top >= s => best,
            _ => Some((k, s)),
        },
    );
    match best {
        Some((kind, score)) => Classified::plain(kind, score >= 10),
        // Nobody asked about a case: what says nothing about one is not about one.
        None if !at.matched => Classified::plain(Kind::Unrelated, false),
        None => Classified::plain(Kind::Unclear, false),
    }
}

fn with_confirmation(
    body: &Text,
    hits: &[Hit<'_>],
    confirmations: &[&Hit<'_>],
    languages: &[&Language],
    at: Circumstances<'_>,
) -> Classified {
    match numbers_meant(body, confirmations, at.line) {
        Meant::OtherLine => return Classified::plain(Kind::Unrelated, true),
        Meant::Both => return Classified::plain(Kind::Unclear, false),
        Meant::Ours => {}
    }
    let against = hits.iter().any(|h| match h.rule.kind {
        Kind::Confirmed => matches!(
            h.veto,
            Some(
                Veto::Negation
                    | Veto::Undated
                    | Veto::Hedge
                    | Veto::Suspended
                    | Veto::Condition
                    | Veto::Order
                    | Veto::Question
                    | Veto::Plea
            )
        ),
        Kind::NeedsPayment | Kind::NeedsInfo | Kind::NeedsOtherChannel | Kind::Refused | Kind::Retention => {
            h.rule.weight >= 2
        }
        _ => h.rule.pending,
    });
    if against {
        // "Switched off by mistake, on again since": a rule that stands above the rest knows better.
        let above = hits.iter().filter(|h| h.rule.weight >= 3 && h.rule.kind != Kind::Confirmed);
        let kind = above.map(|h| h.rule.kind).min_by_key(|k| PRECEDENCE.iter().position(|p| p == k));
        return Classified::plain(kind.unwrap_or(Kind::Unclear), false);
    }
    let mut out = Classified::plain(Kind::Confirmed, true);
    out.effective_date = effective_date(body, confirmations, languages);
    let past = confirmations.iter().all(|h| scope::tells_of_the_past(h.span, body, at.today));
    if past || scope::unfilled(&body.source) || out.effective_date.is_some_and(|d| scope::implausible(d, at.today)) {
        return Classified::plain(Kind::Unclear, false);
    }
    out
}

enum Meant {
    Ours,
    OtherLine,
    Both,
}

/// Which line the sentences of confirmation speak of, by the full or masked numbers in them.
fn numbers_meant(body: &Text, confirmations: &[&Hit<'_>], line: Option<&Line>) -> Meant {
    let Some(line) = line else { return Meant::Ours };
    let sentences: Vec<usize> =
        confirmations.iter().filter_map(|h| body.tokens.get(h.span.first).map(|t| t.sentence)).collect();
    let mut ours_here = false;
    let mut other_here = false;
    let mut ours_anywhere = false;
    let mut other_anywhere = false;
    for (i, token) in body.tokens.iter().enumerate() {
        let ours = match token.kind {
            TokenKind::Phone => numbers::is_of_line(&token.text, line),
            TokenKind::MaskedTail => match numbers::tail_is_of_line(&token.text, line) {
                Some(ours) => ours,
                None => continue,
            },
            TokenKind::Number if is_tail(body, i) => match numbers::tail_is_of_line(&token.text, line) {
                Some(ours) => ours,
                None => continue,
            },
            _ => continue,
        };
        // Hotlines are named beside lines; a free number is nobody's line.
        if !ours && token.kind == TokenKind::Phone && is_hotline(&token.text) {
            continue;
        }
        if ours {
            ours_anywhere = true;
        } else {
            other_anywhere = true;
        }
        if sentences.contains(&token.sentence) {
            if ours {
                ours_here = true;
            } else {
                other_here = true;
            }
        }
    }
    match (ours_here, other_here) {
        (true, true) => Meant::Both,
        (false, true) => Meant::OtherLine,
        (true, false) => Meant::Ours,
        // "Line 065 …: ended." in two sentences.
        (false, false) if other_anywhere && !ours_anywhere => Meant::OtherLine,
        (false, false) if other_anywhere => Meant::Both,
        (false, false) => Meant::Ours,
    }
}

/// Free-phone numbers.
fn is_hotline(digits: &str) -> bool {
    ["0800", "00800", "0900", "0700", "1800", "800"].iter().any(|p| digits.starts_with(p))
}

/// Whether the digits at `i` are announced as the end of a number: `尾号8000`, "ending in 567".
fn is_tail(body: &Text, i: usize) -> bool {
    const BEFORE: &[&str] = &[
        "尾号",
        "号尾",
        "末四位",
        "ending",
        "ends",
        "endet",
        "endend",
        "zavrsava",
        "zavrsetkom",
        "termina",
        "terminant",
        "terminando",
        "zakancivaet",
        "okancivaet",
        "finissant",
    ];
    let digits = body.tokens.get(i).map_or(0, |t| t.text.len());
    if !(3..=6).contains(&digits) {
        return false;
    }
    let from = i.saturating_sub(3);
    let before: Vec<&str> = body.tokens.get(from..i).unwrap_or_default().iter().map(|t| t.text.as_str()).collect();
    let joined = before.concat();
    BEFORE
        .iter()
        .any(|b| before.iter().any(|w| w.starts_with(b)) || (b.len() > 3 && !b.is_ascii() && joined.contains(b)))
}

/// The day in a sentence of confirmation that stands nearest to its words: in their clause rather than in another,
/// behind them rather than before, and not the day of a letter ("your request of 9 November").
fn effective_date(body: &Text, confirmations: &[&Hit<'_>], languages: &[&Language]) -> Option<Date> {
    let letters: Vec<Span> = languages.iter().flat_map(|l| l.spans("request", body)).collect();
    let mut best: Option<(usize, Date)> = None;
    for hit in confirmations {
        let last = body.tokens.get(hit.span.last.saturating_sub(1))?;
        for (i, token) in body.tokens.iter().enumerate().filter(|(_, t)| t.sentence == last.sentence) {
            let TokenKind::Date(date) = token.kind else { continue };
            let mut distance =
                if i < hit.span.first { (hit.span.first - i) * 2 } else { i.saturating_sub(hit.span.last) };
            distance += if token.clause == last.clause { 0 } else { 20 };
            distance += if letters.iter().any(|s| s.last <= i && i - s.last <= 2) { 60 } else { 0 };
            if best.is_none_or(|(d, _)| distance < d) {
                best = Some((distance, date));
            }
        }
    }
    // "Your contract has ended. Last day: 14.11.2026": a single day in the whole text is that day.
    best.map(|(_, d)| d).or_else(|| {
        let mut dates = body.tokens.iter().enumerate().filter_map(|(i, t)| match t.kind {
            TokenKind::Date(d) if !letters.iter().any(|s| s.last <= i && i - s.last <= 2) => Some(d),
            _ => None,
        });
        let only = dates.next()?;
        dates.all(|d| d == only).then_some(only)
    })
}

fn promised(body: &Text, hits: &[Hit<'_>]) -> Option<Date> {
    hits.iter().filter(|h| h.rule.kind == Kind::Acknowledged || h.veto.is_some()).find_map(|h| {
        let sentence = body.tokens.get(h.span.first)?.sentence;
        body.tokens.iter().filter(|t| t.sentence == sentence).find_map(|t| match t.kind {
            TokenKind::Date(d) => Some(d),
            _ => None,
        })
    })
}

/// The day behind a word of return, or the day after the end of the absence.
fn returns_on(body: &Text, languages: &[&Language]) -> Option<Date> {
    let dates: Vec<(usize, Date)> = body
        .tokens
        .iter()
        .enumerate()
        .filter_map(|(i, t)| match t.kind {
            TokenKind::Date(d) => Some((i, d)),
            _ => None,
        })
        .collect();
    let backs: Vec<Span> = languages.iter().flat_map(|l| l.spans("back", body)).collect();
    for (i, date) in &dates {
        let sentence = body.tokens.get(*i).map(|t| t.sentence);
        if backs.iter().any(|s| s.first < *i && body.tokens.get(s.first).map(|t| t.sentence) == sentence) {
            return Some(*date);
        }
    }
    dates.iter().map(|(_, d)| *d).max().and_then(|d| d.succ_opt())
}

/// The words that decided, at most six pieces, those of the kind itself first.
fn evidence(body: &Text, hits: &[Hit<'_>], subject: &Text, hints: &[Hit<'_>], kind: Kind) -> Vec<EvidenceWords> {
    let piece = |text: &Text, hit: &Hit<'_>| EvidenceWords {
        words: text.words(hit.span.first, hit.span.last).split_whitespace().collect::<Vec<_>>().join(" "),
        rule: match hit.veto {
            Some(veto) => format!("{} but {}", hit.rule.name, format!("{veto:?}").to_lowercase()),
            None => hit.rule.name.clone(),
        },
    };
    let mut out: Vec<EvidenceWords> =
        hits.iter().filter(|h| h.rule.kind == kind && h.veto.is_none()).map(|h| piece(body, h)).collect();
    out.extend(hits.iter().filter(|h| h.rule.kind != kind || h.veto.is_some()).map(|h| piece(body, h)));
    out.extend(hints.iter().map(|h| piece(subject, h)));
    out.dedup();
    out.truncate(6);
    out
}
