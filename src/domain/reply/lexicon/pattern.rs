//! Patterns over folded tokens. Each word of a pattern is an atom with a number; the atoms that a token meets are
//! found once, so that matching compares numbers and only patterns that can begin at a token are tried there.

use super::Span;
use super::hash::{Map, Set};
use crate::domain::reply::normalize::{self, Text, Token, TokenKind};
use std::collections::HashMap;

/// Number of an atom in the [`Atoms`] of a lexicon.
pub type AtomId = u32;

const DATE: AtomId = 0;
const NUMBER: AtomId = 1;
const PHONE: AtomId = 2;

/// What two words that make up one phrase never have between them.
const PARTING: &[char] = &[',', ';', '，', '；', '、', '(', ')', '（', '）'];

/// Shortest stem or ending that a pattern may name.
const STEM_MIN: usize = 2;

/// Every word, stem and ending that some pattern names.
#[derive(Debug, Clone)]
pub struct Atoms {
    exact: Map<String, AtomId>,
    stems: Map<String, AtomId>,
    tails: Vec<(String, AtomId)>,
    /// Bytes of the longest stem.
    stem_longest: usize,
    count: AtomId,
}

impl Default for Atoms {
    fn default() -> Self {
        Self { exact: Map::default(), stems: Map::default(), tails: Vec::new(), stem_longest: 0, count: PHONE + 1 }
    }
}

impl Atoms {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    fn number(&mut self, word: &str) -> Result<AtomId, String> {
        match word {
            "#date" => return Ok(DATE),
            "#number" => return Ok(NUMBER),
            "#phone" => return Ok(PHONE),
            _ => {}
        }
        // What is among the folded words is folded.
        if let Some(id) = self.exact.get(word) {
            return Ok(*id);
        }
        let next = self.count;
        let id = match (word.strip_suffix('*'), word.strip_prefix('*')) {
            (Some(stem), _) if stem.chars().count() >= STEM_MIN => {
                let stem = folded(stem);
                self.stem_longest = self.stem_longest.max(stem.len());
                *self.stems.entry(stem).or_insert(next)
            }
            (None, Some(tail)) if tail.chars().count() >= STEM_MIN => {
                let tail = folded(tail);
                match self.tails.iter().find(|(t, _)| *t == tail) {
                    Some((_, id)) => *id,
                    None => {
                        self.tails.push((tail, next));
                        next
                    }
                }
            }
            (None, None) if !word.starts_with('#') => *self.exact.entry(folded(word)).or_insert(next),
            (None, None) => return Err(format!("`{word}` is none of #date, #number, #phone")),
            _ => return Err("a stem has at least two letters".to_owned()),
        };
        self.count = self.count.max(id + 1);
        Ok(id)
    }

    fn met_by(&self, token: &Token, out: &mut Vec<AtomId>) {
        match token.kind {
            TokenKind::Date(_) => out.push(DATE),
            TokenKind::Number => out.push(NUMBER),
            TokenKind::Phone | TokenKind::MaskedTail => out.push(PHONE),
            TokenKind::Word | TokenKind::Mark(_) => {}
        }
        let word = token.text.as_str();
        out.extend(self.exact.get(word));
        for end in (STEM_MIN..=word.len().min(self.stem_longest)).filter(|e| word.is_char_boundary(*e)) {
            out.extend(self.stems.get(&word[..end]));
        }
        out.extend(self.tails.iter().filter(|(t, _)| word.ends_with(t.as_str())).map(|(_, id)| id));
    }

    /// The atoms that each token of `text` meets.
    #[must_use]
    pub fn mark<'t>(&self, text: &'t Text) -> Marked<'t> {
        let mut met = Vec::with_capacity(text.tokens.len() * 3);
        let mut starts = Vec::with_capacity(text.tokens.len() + 1);
        for token in &text.tokens {
            starts.push(met.len());
            self.met_by(token, &mut met);
        }
        starts.push(met.len());
        let between = |pair: &[Token]| match pair {
            [a, b] => text.source.get(a.end..b.start).unwrap_or_default().contains(PARTING),
            _ => false,
        };
        let parted = std::iter::once(true).chain(text.tokens.windows(2).map(between)).collect();
        Marked { text, met, starts, parted }
    }
}

/// A text with the atoms that its tokens meet.
#[derive(Debug, Clone)]
pub struct Marked<'t> {
    /// The text.
    pub text: &'t Text,
    met: Vec<AtomId>,
    starts: Vec<usize>,
    /// Whether a comma or the like stands right before the token.
    parted: Vec<bool>,
}

impl Marked<'_> {
    /// Atoms that the token meets.
    #[must_use]
    pub fn atoms(&self, at: usize) -> &[AtomId] {
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => self.met.get(*from..*to).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// A piece of a pattern.
#[derive(Debug, Clone)]
pub enum Element {
    /// A token that meets it.
    Atom(AtomId),
    /// Up to so many tokens.
    Gap(usize),
    /// A token that meets one of these.
    OneOf(Vec<AtomId>),
    /// One of several.
    Alternatives(Vec<Vec<Element>>),
    /// An entry of a set.
    Set(usize),
    /// Beginning of the sentence.
    SentenceStart,
    /// End of the sentence.
    SentenceEnd,
}

/// With what a match can begin.
#[derive(Debug, Clone, Default)]
pub struct First {
    /// One of these atoms.
    pub atoms: Vec<AtomId>,
    /// An entry of one of these sets.
    pub sets: Vec<usize>,
    /// Anything.
    pub any: bool,
}

/// With what matches of these elements can begin.
#[must_use]
pub fn first_of(elements: &[Element]) -> First {
    let mut out = First::default();
    match elements.first() {
        Some(Element::Atom(id)) => out.atoms.push(*id),
        Some(Element::OneOf(ids)) => out.atoms.extend(ids),
        Some(Element::Set(set)) => out.sets.push(*set),
        // The beginning takes no token: what follows it begins the match.
        Some(Element::SentenceStart) => return first_of(elements.get(1..).unwrap_or_default()),
        Some(Element::Alternatives(list)) => {
            for alternative in list {
                let first = match alternative.as_slice() {
                    [Element::SentenceStart] => First { any: true, ..First::default() },
                    other => first_of(other),
                };
                out.atoms.extend(first.atoms);
                out.sets.extend(first.sets);
                out.any |= first.any;
            }
        }
        Some(Element::Gap(_) | Element::SentenceEnd) | None => out.any = true,
    }
    out.atoms.sort_unstable();
    out.atoms.dedup();
    out.sets.sort_unstable();
    out.sets.dedup();
    out
}

/// The sets that these elements name.
pub fn sets_in(elements: &[Element], out: &mut Vec<usize>) {
    for element in elements {
        match element {
            Element::Set(set) => out.push(*set),
            Element::Alternatives(list) => list.iter().for_each(|a| sets_in(a, out)),
            _ => {}
        }
    }
}

/// The words, stems and endings that these elements name by themselves.
pub fn atoms_in(elements: &[Element], out: &mut Set<AtomId>) {
    for element in elements {
        match element {
            Element::Atom(id) => drop(out.insert(*id)),
            Element::OneOf(ids) => out.extend(ids),
            Element::Alternatives(list) => list.iter().for_each(|a| atoms_in(a, out)),
            _ => {}
        }
    }
}

/// Compiles one pattern; `sets` are the names it may use.
///
/// # Errors
/// What is wrong with it.
pub fn compile(text: &str, sets: &HashMap<String, usize>, atoms: &mut Atoms) -> Result<Vec<Element>, String> {
    let mut out = Vec::new();
    for piece in text.split_whitespace() {
        match piece {
            "..." => out.push(Element::Gap(9)),
            ".." => out.push(Element::Gap(3)),
            "^" => out.push(Element::SentenceStart),
            "$" => out.push(Element::SentenceEnd),
            piece if piece.contains('|') => {
                out.push(alternatives(piece, sets, atoms)?);
            }
            piece => words(piece, sets, atoms, &mut out)?,
        }
    }
    if !out
        .iter()
        .any(|e| matches!(e, Element::Atom(_) | Element::OneOf(_) | Element::Alternatives(_) | Element::Set(_)))
    {
        return Err("a pattern needs at least one word".to_owned());
    }
    Ok(out)
}

/// `a|b|c`: mostly single words, which are looked for together.
fn alternatives(piece: &str, sets: &HashMap<String, usize>, atoms: &mut Atoms) -> Result<Element, String> {
    let mut list = Vec::new();
    for alternative in piece.split('|') {
        let mut elements = Vec::new();
        words(alternative, sets, atoms, &mut elements)?;
        list.push(elements);
    }
    let single = |elements: &Vec<Element>| match elements.as_slice() {
        [Element::Atom(id)] => Some(*id),
        _ => None,
    };
    let ids: Option<Vec<AtomId>> = list.iter().map(single).collect();
    Ok(ids.map_or(Element::Alternatives(list), Element::OneOf))
}

fn words(piece: &str, sets: &HashMap<String, usize>, atoms: &mut Atoms, out: &mut Vec<Element>) -> Result<(), String> {
    if let Some(name) = piece.strip_prefix('<').and_then(|p| p.strip_suffix('>')) {
        let set = sets.get(name).ok_or_else(|| format!("there is no set `{name}`"))?;
        out.push(Element::Set(*set));
        return Ok(());
    }
    let bound = match piece {
        "^" => Some(Element::SentenceStart),
        "$" => Some(Element::SentenceEnd),
        _ if piece.contains(['^', '$']) => return Err("^ and $ stand by themselves, parted by spaces".to_owned()),
        _ => None,
    };
    if bound.is_some() {
        out.extend(bound);
        return Ok(());
    }
    let before = out.len();
    let mut start = 0;
    for (at, c) in piece.char_indices() {
        let behind = at + c.len_utf8();
        if c != '_' && !normalize::is_cjk(c) {
            continue;
        }
        for word in [piece.get(start..at), piece.get(at..behind).filter(|_| c != '_')].into_iter().flatten() {
            if !word.is_empty() {
                out.push(Element::Atom(atoms.number(word)?));
            }
        }
        start = behind;
    }
    if let Some(word) = piece.get(start..).filter(|w| !w.is_empty()) {
        out.push(Element::Atom(atoms.number(word)?));
    }
    if out.len() == before { Err("an alternative is empty".to_owned()) } else { Ok(()) }
}

fn folded(word: &str) -> String {
    let mut out = normalize::fold(word);
    out.retain(|c| !matches!(c, '\'' | '\u{2019}'));
    out
}

/// Where the entries of each set stand: (first token, behind the last), sorted, every possible end.
pub type SetEnds = Vec<Vec<(usize, usize)>>;

/// Matches elements from token `at` within a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Matcher<'a> {
    /// The tokens.
    pub marked: &'a Marked<'a>,
    /// What sets were found.
    pub ends: &'a SetEnds,
    /// The sentence.
    pub bounds: Span,
}

impl Matcher<'_> {
    /// The index behind the first match that begins at token `at`.
    #[must_use]
    pub fn at(&self, elements: &[Element], at: usize) -> Option<usize> {
        self.from(elements, at, false)
    }

    /// `tight`: the element follows another one at once, so that no comma may stand between them.
    fn from(&self, elements: &[Element], at: usize, tight: bool) -> Option<usize> {
        let Some((element, rest)) = elements.split_first() else { return Some(at) };
        let parted = tight && self.marked.parted.get(at).copied().unwrap_or(false);
        match element {
            Element::Atom(atom) => {
                (at < self.bounds.last && !parted && self.marked.atoms(at).contains(atom)).then_some(())?;
                self.from(rest, at + 1, true)
            }
            Element::OneOf(atoms) => {
                let met = || self.marked.atoms(at).iter().any(|a| atoms.contains(a));
                (at < self.bounds.last && !parted && met()).then_some(())?;
                self.from(rest, at + 1, true)
            }
            Element::Gap(most) => (at..=(at + most).min(self.bounds.last)).find_map(|i| self.from(rest, i, false)),
            Element::Alternatives(list) => {
                let mut tried: Option<usize> = None;
                list.iter().find_map(|alternative| {
                    let end = self.from(alternative, at, tight)?;
                    if tried == Some(end) {
                        return None;
                    }
                    tried = Some(end);
                    self.from(rest, end, true)
                })
            }
            Element::Set(_) if parted => None,
            Element::Set(set) => {
                let found = self.ends.get(*set)?;
                let from = found.partition_point(|(start, _)| *start < at);
                let here = found.get(from..)?.iter().take_while(|(start, _)| *start == at);
                here.filter(|(_, end)| *end <= self.bounds.last).find_map(|(_, end)| self.from(rest, *end, true))
            }
            Element::SentenceStart => (at == self.bounds.first).then(|| self.from(rest, at, false)).flatten(),
            Element::SentenceEnd => (at == self.bounds.last).then(|| self.from(rest, at, false)).flatten(),
        }
    }
}
