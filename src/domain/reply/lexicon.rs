//! Phrases as data: word sets, rules and guards of each language, compiled from what `config::lexicon` reads.
//! The pattern language is described at the head of `config/lexicon/en.toml`. Knows no kind precedence: see `classify`.

use super::Kind;
use super::normalize::{self, Text, Token, TokenKind};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// A script, as far as languages are told apart by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// Latin letters.
    Latin,
    /// Cyrillic letters.
    Cyrillic,
    /// Chinese characters.
    Han,
}

/// One language as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageSource {
    /// BCP 47 tag of the language, script left out: `sr`.
    pub language: String,
    /// A closely related language whose sets and rules hold too.
    #[serde(default)]
    pub extends: Option<String>,
    /// Scripts it is written in.
    pub scripts: Vec<Script>,
    /// Frequent small words that tell the language.
    pub markers: Vec<String>,
    /// Twelve entries, January first; each a list of forms parted by spaces.
    #[serde(default)]
    pub months: Vec<String>,
    /// Words that open a new clause.
    #[serde(default)]
    pub clause_breaks: Vec<String>,
    /// Words behind which a ticket number stands.
    #[serde(default)]
    pub ticket_labels: Vec<String>,
    /// Named alternatives.
    #[serde(default)]
    pub sets: BTreeMap<String, Vec<String>>,
    /// What phrases mean.
    #[serde(default)]
    pub rule: Vec<RuleSource>,
}

/// One rule as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSource {
    /// Name, unique within language and kind.
    pub id: String,
    /// What it means when it is met.
    pub kind: Kind,
    /// Patterns, any of which meets it.
    pub any: Vec<String>,
    /// Patterns that must not stand in the same sentence.
    #[serde(default)]
    pub unless: Vec<String>,
    /// A confirmation in the present tense: certain only with a date in the sentence.
    #[serde(default)]
    pub needs_date: bool,
    /// 1 a hint, 2 the usual, 3 stands above the rest.
    #[serde(default = "usual_weight")]
    pub weight: u8,
    /// An identity document is asked for.
    #[serde(default)]
    pub id_document: bool,
    /// Says that the end has not come: stands against any confirmation.
    #[serde(default)]
    pub pending: bool,
    /// A sentence that meets it.
    pub example: String,
}

fn usual_weight() -> u8 {
    2
}

/// What is wrong with a lexicon file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("lexicon `{language}`, {place}: {problem}")]
pub struct LexiconProblem {
    /// Which file.
    pub language: String,
    /// Rule or set.
    pub place: String,
    /// What and how to mend it.
    pub problem: String,
}

/// A word that a token is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Date,
    Number,
    Phone,
}

impl Atom {
    fn meets(&self, token: &Token) -> bool {
        match self {
            Self::Exact(w) => token.text == *w,
            Self::Prefix(w) => token.text.starts_with(w.as_str()),
            Self::Suffix(w) => token.text.ends_with(w.as_str()),
            Self::Date => matches!(token.kind, TokenKind::Date(_)),
            Self::Number => token.kind == TokenKind::Number,
            Self::Phone => matches!(token.kind, TokenKind::Phone | TokenKind::MaskedTail),
        }
    }
}

#[derive(Debug, Clone)]
enum Element {
    Atom(Atom),
    /// Up to so many tokens.
    Gap(usize),
    Alternatives(Vec<Vec<Element>>),
    Set(usize),
    SentenceStart,
    SentenceEnd,
}

/// A compiled pattern.
#[derive(Debug, Clone)]
struct Pattern {
    elements: Vec<Element>,
    starts: Starts,
}

/// First letters that a match can begin with, sorted; `None` when any may. Spares most attempts.
type Starts = Option<Vec<char>>;

/// A compiled rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `sr.confirmed.contract_ended`.
    pub name: String,
    /// As in [`RuleSource`].
    pub kind: Kind,
    /// As in [`RuleSource`].
    pub needs_date: bool,
    /// As in [`RuleSource`].
    pub weight: u8,
    /// As in [`RuleSource`].
    pub id_document: bool,
    /// As in [`RuleSource`].
    pub pending: bool,
    any: Vec<Pattern>,
    unless: Vec<Pattern>,
}

/// Words that stand around a phrase and change what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Takes other guards' words away: "no longer", "as you requested".
    Harmless,
    /// not, no, without.
    Negator,
    /// if, once, as soon as.
    Condition,
    /// whether; a question without its mark.
    Question,
    /// please, kindly: somebody wishes it.
    Plea,
    /// will, shall.
    Future,
    /// probably, planned, should.
    Hedge,
    /// Before a date: not later than.
    ByDate,
    /// It is the request, the ticket, the message that something happened to.
    Request,
    /// A package, an appointment, a newsletter: no line.
    OtherThing,
    /// Blocked or paused, not ended.
    Suspended,
    /// Send, pay, call: somebody is told to do something first.
    Imperative,
    /// or.
    Or,
    /// Opens a clause that the one before it governs: "it is not true *that* ...".
    That,
}

const GUARDS: &[(Guard, &str)] = &[
    (Guard::Harmless, "harmless"),
    (Guard::Negator, "negator"),
    (Guard::Condition, "condition"),
    (Guard::Question, "question"),
    (Guard::Plea, "plea"),
    (Guard::Future, "future"),
    (Guard::Hedge, "hedge"),
    (Guard::ByDate, "by_date"),
    (Guard::Request, "request"),
    (Guard::OtherThing, "other_thing"),
    (Guard::Suspended, "suspended"),
    (Guard::Imperative, "imperative"),
    (Guard::Or, "or"),
    (Guard::That, "that"),
];

/// Where words of a guard stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of the first token.
    pub first: usize,
    /// Index behind the last token.
    pub last: usize,
}

/// Where the words of each guard stand, those of harmless phrases left out. A mail that mixes languages may say "not"
/// in one and "cancelled" in another, so the words of all of them count.
#[must_use]
pub fn guards(languages: &[&Language], text: &Text) -> HashMap<Guard, Vec<Span>> {
    let mut harmless = vec![false; text.tokens.len()];
    for span in languages.iter().flat_map(|l| l.spans("harmless", text)) {
        harmless.iter_mut().take(span.last).skip(span.first).for_each(|h| *h = true);
    }
    let small =
        |i: usize| languages.first().is_some_and(|l| text.tokens.get(i).is_some_and(|t| l.markers.contains(&t.text)));
    GUARDS
        .iter()
        .skip(1)
        .map(|(guard, set)| {
            let mut spans: Vec<Span> = Vec::new();
            for (rank, language) in languages.iter().enumerate() {
                let mut found = language.spans(set, text);
                // French "ce" is no Serbian "će": a small word of the likeliest language is read in that one.
                found.retain(|s| rank == 0 || !(s.first..s.last).all(small));
                spans.append(&mut found);
            }
            spans.sort_by_key(|s| (s.first, s.last));
            spans.retain(|s| !(s.first..s.last).all(|i| harmless.get(i).copied().unwrap_or(false)));
            (*guard, spans)
        })
        .collect()
}

/// One language, compiled.
#[derive(Debug, Clone)]
pub struct Language {
    /// Its tag.
    pub tag: String,
    /// Its rules.
    pub rules: Vec<Rule>,
    scripts: Vec<Script>,
    markers: Vec<String>,
    clause_breaks: Vec<String>,
    sets: Vec<Vec<Vec<Element>>>,
    /// What each set begins with.
    set_starts: Vec<Starts>,
    set_names: HashMap<String, usize>,
}

/// All languages, compiled.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// The languages in the order they were given.
    pub languages: Vec<Language>,
    months: HashMap<String, u32>,
    month_stems: Vec<(String, u32)>,
    ticket_labels: Vec<String>,
}

impl Lexicon {
    /// Compiles language files.
    ///
    /// # Errors
    /// All problems at once: unknown set, empty pattern, a rule without example or twice.
    pub fn compile(sources: &[LanguageSource]) -> Result<Self, Vec<LexiconProblem>> {
        let mut problems = Vec::new();
        let mut out = Self::default();
        for source in sources {
            let parent = source.extends.as_ref().map(|p| sources.iter().find(|s| s.language == *p));
            if let Some(None) = parent {
                problems.push(LexiconProblem {
                    language: source.language.clone(),
                    place: "extends".to_owned(),
                    problem: "there is no such language file".to_owned(),
                });
            }
            out.languages.push(compile_language(source, parent.flatten(), &mut problems));
            for (number, forms) in (1u32..).zip(&source.months) {
                for form in forms.split_whitespace() {
                    match form.strip_suffix('*') {
                        Some(stem) => out.month_stems.push((normalize::fold(stem), number)),
                        None => drop(out.months.insert(normalize::fold(form), number)),
                    }
                }
            }
            out.ticket_labels.extend(source.ticket_labels.iter().map(|w| normalize::fold(w)));
        }
        if problems.is_empty() { Ok(out) } else { Err(problems) }
    }

    /// Month number of a folded word.
    #[must_use]
    pub fn month(&self, word: &str) -> Option<u32> {
        self.months
            .get(word)
            .copied()
            .or_else(|| self.month_stems.iter().find(|(s, _)| word.starts_with(s.as_str())).map(|(_, n)| *n))
    }

    /// Whether a ticket number may follow this folded word.
    #[must_use]
    pub fn is_ticket_label(&self, word: &str) -> bool {
        self.ticket_labels.iter().any(|l| match l.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => l == word,
        })
    }

    /// The languages a text may be in, most likely first; all of them when no small word tells.
    #[must_use]
    pub fn languages_of(&self, text: &Text) -> Vec<&Language> {
        let scripts = scripts_of(&text.source);
        let mut scored: Vec<(usize, &Language)> = self
            .languages
            .iter()
            .filter(|l| l.scripts.iter().any(|s| scripts.contains(s)))
            .map(|l| (text.tokens.iter().take(2_000).filter(|t| l.markers.contains(&t.text)).count(), l))
            .collect();
        let best = scored.iter().map(|(s, _)| *s).max().unwrap_or(0);
        if best == 0 {
            return scored.into_iter().map(|(_, l)| l).collect();
        }
        scored.retain(|(s, _)| *s > 0 && s * 3 >= best);
        scored.sort_by_key(|(s, _)| std::cmp::Reverse(*s));
        scored.into_iter().map(|(_, l)| l).collect()
    }
}

/// The scripts that at least a fifth of the letters belong to.
fn scripts_of(text: &str) -> Vec<Script> {
    let mut counts = [0usize; 3];
    for c in text.chars().take(20_000).filter(|c| c.is_alphabetic()) {
        match c {
            '\u{400}'..='\u{52f}' => counts[1] += 1,
            // A Chinese character says as much as a few letters.
            c if normalize::is_cjk(c) => counts[2] += 3,
            _ => counts[0] += 1,
        }
    }
    let all: usize = counts.iter().sum();
    let scripts = [Script::Latin, Script::Cyrillic, Script::Han];
    scripts.into_iter().zip(counts).filter(|(_, n)| *n > 0 && *n * 5 >= all).map(|(s, _)| s).collect()
}

fn compile_language(
    source: &LanguageSource,
    parent: Option<&LanguageSource>,
    problems: &mut Vec<LexiconProblem>,
) -> Language {
    let mut sets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, entries) in parent.iter().flat_map(|p| &p.sets).chain(&source.sets) {
        sets.entry(name).or_default().extend(entries.iter().map(String::as_str));
    }
    let set_names: HashMap<String, usize> = sets.keys().enumerate().map(|(i, n)| ((*n).to_owned(), i)).collect();
    let mut language = Language {
        tag: source.language.clone(),
        rules: Vec::new(),
        scripts: source.scripts.clone(),
        markers: source.markers.iter().map(|w| normalize::fold(w)).collect(),
        clause_breaks: parent
            .iter()
            .flat_map(|p| &p.clause_breaks)
            .chain(&source.clause_breaks)
            .map(|w| normalize::fold(w))
            .collect(),
        sets: Vec::new(),
        set_starts: Vec::new(),
        set_names,
    };
    let mut compile = |text: &str, place: String, names: &HashMap<String, usize>| match compile_pattern(text, names) {
        Ok(elements) => Some(elements),
        Err(problem) => {
            problems.push(LexiconProblem { language: source.language.clone(), place, problem });
            None
        }
    };
    for (name, entries) in &sets {
        let compiled =
            entries.iter().filter_map(|e| compile(e, format!("set `{name}`, `{e}`"), &language.set_names)).collect();
        language.sets.push(compiled);
    }
    // A set may begin with another one; they nest two deep at most.
    language.set_starts = vec![None; language.sets.len()];
    for _ in 0..3 {
        let found: Vec<Starts> =
            language.sets.iter().map(|set| union(set.iter().map(|e| starts(e, &language.set_starts)))).collect();
        language.set_starts = found;
    }
    for rule in parent.iter().flat_map(|p| &p.rule).chain(&source.rule) {
        let mut patterns = |list: &[String]| {
            list.iter()
                .filter_map(|p| compile(p, format!("rule `{}`, `{p}`", rule.id), &language.set_names))
                .map(|elements| Pattern { starts: starts(&elements, &language.set_starts), elements })
                .collect::<Vec<_>>()
        };
        let (any, unless) = (patterns(&rule.any), patterns(&rule.unless));
        language.rules.push(Rule {
            name: format!("{}.{}.{}", source.language, rule.kind.name(), rule.id),
            kind: rule.kind,
            needs_date: rule.needs_date,
            weight: rule.weight,
            id_document: rule.id_document,
            pending: rule.pending,
            any,
            unless,
        });
    }
    language
}

fn union(all: impl Iterator<Item = Starts>) -> Starts {
    let mut out = Vec::new();
    for starts in all {
        out.extend(starts?);
    }
    out.sort_unstable();
    out.dedup();
    Some(out)
}

fn starts(elements: &[Element], sets: &[Starts]) -> Starts {
    match elements.first()? {
        Element::Atom(Atom::Exact(word) | Atom::Prefix(word)) => Some(word.chars().take(1).collect()),
        Element::Atom(_) | Element::Gap(_) | Element::SentenceEnd => None,
        Element::Alternatives(list) => union(list.iter().map(|a| starts(a, sets))),
        Element::Set(index) => sets.get(*index)?.clone(),
        Element::SentenceStart => starts(elements.get(1..)?, sets),
    }
}

/// Whether a match may begin at this token.
fn may_start(starts: &Starts, token: Option<&Token>) -> bool {
    let (Some(starts), Some(token)) = (starts, token) else { return true };
    token.text.chars().next().is_some_and(|c| starts.binary_search(&c).is_ok())
}

fn compile_pattern(text: &str, sets: &HashMap<String, usize>) -> Result<Vec<Element>, String> {
    let mut out = Vec::new();
    for piece in text.split_whitespace() {
        match piece {
            "..." => out.push(Element::Gap(9)),
            ".." => out.push(Element::Gap(3)),
            "^" => out.push(Element::SentenceStart),
            "$" => out.push(Element::SentenceEnd),
            piece if piece.contains('|') => {
                let alternatives: Result<Vec<_>, _> = piece.split('|').map(|a| compile_words(a, sets)).collect();
                out.push(Element::Alternatives(alternatives?));
            }
            piece => out.extend(compile_words(piece, sets)?),
        }
    }
    if !out.iter().any(|e| matches!(e, Element::Atom(_) | Element::Alternatives(_) | Element::Set(_))) {
        return Err("a pattern needs at least one word".to_owned());
    }
    Ok(out)
}

fn compile_words(piece: &str, sets: &HashMap<String, usize>) -> Result<Vec<Element>, String> {
    if let Some(name) = piece.strip_prefix('<').and_then(|p| p.strip_suffix('>')) {
        let set = sets.get(name).ok_or_else(|| format!("there is no set `{name}`"))?;
        return Ok(vec![Element::Set(*set)]);
    }
    normalize::split_words(&piece.replace('_', " "))
        .into_iter()
        .map(|word| {
            Ok(Element::Atom(match word.as_str() {
                "#date" => Atom::Date,
                "#number" => Atom::Number,
                "#phone" => Atom::Phone,
                w => match (w.strip_suffix('*'), w.strip_prefix('*')) {
                    (Some(stem), _) if stem.chars().count() >= 2 => Atom::Prefix(folded(stem)),
                    (None, Some(tail)) if tail.chars().count() >= 2 => Atom::Suffix(folded(tail)),
                    (None, None) => Atom::Exact(folded(w)),
                    _ => return Err("a stem has at least two letters".to_owned()),
                },
            }))
        })
        .collect()
}

fn folded(word: &str) -> String {
    normalize::fold(word).replace(['\'', '\u{2019}'], "")
}

impl Language {
    /// Whether this folded word opens a clause.
    #[must_use]
    pub fn breaks_clause(&self, word: &str) -> bool {
        self.clause_breaks.iter().any(|b| b == word)
    }

    /// Every place in the text that meets a rule: rule index and token span.
    #[must_use]
    pub fn hits(&self, text: &Text) -> Vec<(usize, Span)> {
        let mut out = Vec::new();
        for sentence in &text.sentences {
            let bounds = (sentence.first, sentence.last);
            for (number, rule) in self.rules.iter().enumerate() {
                let mut at = sentence.first;
                while at < sentence.last {
                    let Some(end) = rule.any.iter().filter_map(|p| self.pattern_at(p, &text.tokens, at, bounds)).min()
                    else {
                        at += 1;
                        continue;
                    };
                    let spoils = |p: &Pattern| {
                        (sentence.first..sentence.last).any(|i| self.pattern_at(p, &text.tokens, i, bounds).is_some())
                    };
                    if !rule.unless.iter().any(spoils) {
                        out.push((number, Span { first: at, last: end }));
                    }
                    at = end.max(at + 1);
                }
            }
        }
        out
    }

    fn pattern_at(
        &self,
        pattern: &Pattern,
        tokens: &[Token],
        at: usize,
        (first, last): (usize, usize),
    ) -> Option<usize> {
        may_start(&pattern.starts, tokens.get(at))
            .then(|| self.match_at(&pattern.elements, tokens, at, first, last))
            .flatten()
    }

    /// Whether the language has this set.
    #[must_use]
    pub fn has_set(&self, name: &str) -> bool {
        self.set_names.contains_key(name)
    }

    /// Whether this folded word may stand before the noun of a line and leave it the line.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        let sets = ["modifier", "link", "determiner", "line", "ended", "ended_by_us", "event"];
        let index = |name: &&str| self.set_names.get(*name).copied();
        self.has_word(word, sets.iter().filter_map(index).filter_map(|i| self.sets.get(i)))
    }

    /// Whether this folded word stands in any set of the language or among its small words.
    #[must_use]
    pub fn knows_at_all(&self, word: &str) -> bool {
        self.has_word(word, self.sets.iter())
    }

    fn has_word<'s>(&self, word: &str, mut sets: impl Iterator<Item = &'s Vec<Vec<Element>>>) -> bool {
        let is = |element: &Element| match element {
            Element::Atom(Atom::Exact(w)) => w == word,
            Element::Atom(Atom::Prefix(w)) => word.starts_with(w.as_str()),
            _ => false,
        };
        self.markers.iter().any(|m| m == word) || sets.any(|set| set.iter().flatten().any(is))
    }

    /// Where the entries of a set stand.
    #[must_use]
    pub fn spans(&self, set: &str, text: &Text) -> Vec<Span> {
        let Some(index) = self.set_names.get(set).copied() else { return Vec::new() };
        let (Some(alternatives), Some(starts)) = (self.sets.get(index), self.set_starts.get(index)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for sentence in &text.sentences {
            for at in sentence.first..sentence.last {
                if !may_start(starts, text.tokens.get(at)) {
                    continue;
                }
                let end = alternatives
                    .iter()
                    .filter_map(|a| self.match_at(a, &text.tokens, at, sentence.first, sentence.last))
                    .max();
                if let Some(last) = end.filter(|e| *e > at) {
                    out.push(Span { first: at, last });
                }
            }
        }
        out
    }

    /// Matches elements from token `at`, inside one sentence; gives the index behind the match.
    fn match_at(&self, elements: &[Element], tokens: &[Token], at: usize, first: usize, last: usize) -> Option<usize> {
        let Some((element, rest)) = elements.split_first() else { return Some(at) };
        match element {
            Element::Atom(atom) => {
                (at < last && tokens.get(at).is_some_and(|t| atom.meets(t))).then_some(())?;
                self.match_at(rest, tokens, at + 1, first, last)
            }
            Element::Gap(most) => {
                (at..=(at + most).min(last)).find_map(|i| self.match_at(rest, tokens, i, first, last))
            }
            Element::Alternatives(list) => self.match_any(list, rest, tokens, at, first, last),
            Element::Set(index) if !may_start(self.set_starts.get(*index)?, tokens.get(at)) => None,
            Element::Set(index) => self.match_any(self.sets.get(*index)?, rest, tokens, at, first, last),
            Element::SentenceStart => (at == first).then(|| self.match_at(rest, tokens, at, first, last)).flatten(),
            Element::SentenceEnd => (at == last).then(|| self.match_at(rest, tokens, at, first, last)).flatten(),
        }
    }

    fn match_any(
        &self,
        list: &[Vec<Element>],
        rest: &[Element],
        tokens: &[Token],
        at: usize,
        first: usize,
        last: usize,
    ) -> Option<usize> {
        let mut tried: Option<usize> = None;
        list.iter().find_map(|alternative| {
            let end = self.match_at(alternative, tokens, at, first, last)?;
            if tried == Some(end) {
                return None;
            }
            tried = Some(end);
            self.match_at(rest, tokens, end, first, last)
        })
    }
}
