//! Phrases as data: word sets, rules and guards of each language, compiled from what `config::lexicon` reads.
//! The pattern language is described at the head of `config/lexicon/en.toml`. Knows no kind precedence: see `classify`.

pub mod days;
pub mod guards;
mod hash;
pub mod pattern;
pub mod source;

pub use days::Days;
pub use guards::{Guard, Guards, guards};
pub use source::{LanguageSource, LexiconProblem, RuleSource, Script};

use super::Kind;
use super::normalize::{self, Scanned, Text};
use super::statistics::Statistics;
use days::Words;
use hash::{Map, Set};
use pattern::{Atoms, Element, First, Marked, Matcher, SetEnds, first_of};
use std::collections::{BTreeMap, HashMap};

/// A range of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of the first token.
    pub first: usize,
    /// Index behind the last token.
    pub last: usize,
}

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
    /// As in [`RuleSource`].
    pub loose: bool,
    any: Vec<Vec<Element>>,
    unless: Vec<Vec<Element>>,
}

/// One language, compiled.
#[derive(Debug, Clone)]
pub struct Language {
    /// Its tag.
    pub tag: String,
    /// Its rules.
    pub rules: Vec<Rule>,
    scripts: Vec<Script>,
    markers: Set<String>,
    clause_breaks: Set<String>,
    sets: Vec<Vec<Vec<Element>>>,
    set_names: HashMap<String, usize>,
    /// Sets that a clause of confirmation may be made of; empty when the language does not close its vocabulary.
    vocabulary: Vec<usize>,
    /// Sets whose words say an end.
    endings: Vec<usize>,
    /// Entries of sets that name no other set, by the atom they begin with: (set, entry).
    entries: Index,
    /// Entries that name other sets, in an order in which those come first, with what they can begin with.
    nested: Vec<(usize, usize, First)>,
    /// Patterns of rules: (rule, pattern).
    patterns: Index,
    /// What the patterns of confirmation name by themselves.
    confirming: Set<pattern::AtomId>,
}

/// Pairs of numbers by what they begin with.
#[derive(Debug, Clone, Default)]
struct Index {
    by_atom: Map<pattern::AtomId, Vec<(usize, usize)>>,
    by_set: Map<usize, Vec<(usize, usize)>>,
    any: Vec<(usize, usize)>,
}

impl Index {
    fn add(&mut self, elements: &[Element], entry: (usize, usize)) {
        let First { atoms, sets, any } = first_of(elements);
        if any {
            self.any.push(entry);
            return;
        }
        for atom in atoms {
            self.by_atom.entry(atom).or_default().push(entry);
        }
        for set in sets {
            self.by_set.entry(set).or_default().push(entry);
        }
    }
}

/// All languages, compiled.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// The languages in the order they were given.
    pub languages: Vec<Language>,
    /// The second reader, where there is one.
    pub second: Option<Statistics>,
    /// The words for days, of all languages.
    pub days: Days,
    atoms: Atoms,
    ticket_labels: Words<()>,
}

impl Lexicon {
    /// Compiles language files.
    ///
    /// # Errors
    /// All problems at once: unknown set, empty pattern, a set that names itself.
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
            out.languages.push(compile_language(source, parent.flatten(), &mut out.atoms, &mut problems));
            out.days.add(source);
            source.ticket_labels.iter().for_each(|label| out.ticket_labels.insert(label, ()));
        }
        if problems.is_empty() { Ok(out) } else { Err(problems) }
    }

    /// Whether a ticket number may follow this folded word.
    #[must_use]
    pub fn is_ticket_label(&self, word: &str) -> bool {
        self.ticket_labels.get(word).is_some()
    }

    /// The languages a text may be in, most likely first; all of them when no small word tells.
    #[must_use]
    pub fn languages_of(&self, text: &Scanned<'_>) -> Vec<&Language> {
        let scripts = scripts_of(text.source);
        let mut scored: Vec<(usize, &Language)> = self
            .languages
            .iter()
            .filter(|l| l.scripts.iter().any(|s| scripts.contains(s)))
            .map(|l| (text.words().take(2_000).filter(|w| l.is_marker(w)).count(), l))
            .collect();
        let best = scored.iter().map(|(s, _)| *s).max().unwrap_or(0);
        if best == 0 {
            return scored.into_iter().map(|(_, l)| l).collect();
        }
        scored.retain(|(s, _)| *s > 0 && s * 3 >= best);
        scored.sort_by_key(|(s, _)| std::cmp::Reverse(*s));
        scored.into_iter().map(|(_, l)| l).collect()
    }

    /// Finds what the tokens of a text meet.
    #[must_use]
    pub fn mark<'t>(&self, text: &'t Text) -> Marked<'t> {
        self.atoms.mark(text)
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
    atoms: &mut Atoms,
    problems: &mut Vec<LexiconProblem>,
) -> Language {
    let both = || parent.into_iter().chain([source]);
    let mut sets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, entries) in both().flat_map(|p| &p.sets) {
        sets.entry(name).or_default().extend(entries.iter().map(String::as_str));
    }
    let set_names: HashMap<String, usize> = sets.keys().enumerate().map(|(i, n)| ((*n).to_owned(), i)).collect();
    let mut note = |place: String, problem: String| {
        problems.push(LexiconProblem { language: source.language.clone(), place, problem });
    };
    let mut compiled_sets = Vec::new();
    for (name, entries) in &sets {
        let mut compiled = Vec::new();
        for entry in entries {
            match pattern::compile(entry, &set_names, atoms) {
                Ok(elements) => compiled.push(elements),
                Err(problem) => note(format!("set `{name}`, `{entry}`"), problem),
            }
        }
        compiled_sets.push(compiled);
    }
    let mut named = |key: &str, list: fn(&LanguageSource) -> &Vec<String>| {
        let mut out = Vec::new();
        for name in both().flat_map(list) {
            match set_names.get(name) {
                Some(set) => out.push(*set),
                None => note(key.to_owned(), format!("there is no set `{name}`")),
            }
        }
        out
    };
    let vocabulary = named("vocabulary", |s| &s.vocabulary);
    let mut endings = named("endings", |s| &s.endings);
    if endings.is_empty() {
        endings.extend(set_names.get("ended"));
    }
    let mut rules = Vec::new();
    for rule in both().flat_map(|p| &p.rule) {
        let mut patterns = |list: &[String]| {
            let mut out = Vec::new();
            for text in list {
                match pattern::compile(text, &set_names, atoms) {
                    Ok(elements) => out.push(elements),
                    Err(problem) => note(format!("rule `{}`, `{text}`", rule.id), problem),
                }
            }
            out
        };
        let (any, unless) = (patterns(&rule.any), patterns(&rule.unless));
        rules.push(Rule {
            name: format!("{}.{}.{}", source.language, rule.kind.name(), rule.id),
            kind: rule.kind,
            needs_date: rule.needs_date,
            weight: rule.weight,
            id_document: rule.id_document,
            pending: rule.pending,
            loose: rule.loose,
            any,
            unless,
        });
    }
    let begins = |(set, entry): (usize, usize)| {
        let elements = compiled_sets.get(set).and_then(|list| list.get(entry));
        (set, entry, elements.map(|e| first_of(e)).unwrap_or_default())
    };
    let nested = match nested_order(&compiled_sets) {
        Ok(order) => order.into_iter().map(begins).collect(),
        Err(set) => {
            let name = sets.keys().nth(set).copied().unwrap_or_default();
            note(format!("set `{name}`"), "it names itself, directly or through other sets".to_owned());
            Vec::new()
        }
    };
    let mut entries = Index::default();
    for (set, list) in compiled_sets.iter().enumerate() {
        for (entry, elements) in list.iter().enumerate().filter(|(_, e)| !names_a_set(e)) {
            entries.add(elements, (set, entry));
        }
    }
    let mut patterns = Index::default();
    for (number, rule) in rules.iter().enumerate() {
        rule.any.iter().enumerate().for_each(|(p, elements)| patterns.add(elements, (number, p)));
    }
    let mut confirming = Set::default();
    for elements in rules.iter().filter(|r| r.kind == Kind::Confirmed).flat_map(|r| &r.any) {
        pattern::atoms_in(elements, &mut confirming);
    }
    let words = |list: fn(&LanguageSource) -> &Vec<String>| {
        both().flat_map(list).map(|w| normalize::fold(w)).collect::<Set<_>>()
    };
    Language {
        tag: source.language.clone(),
        rules,
        scripts: source.scripts.clone(),
        markers: source.markers.iter().map(|w| normalize::fold(w)).collect(),
        clause_breaks: words(|s| &s.clause_breaks),
        sets: compiled_sets,
        set_names,
        vocabulary,
        endings,
        entries,
        nested,
        patterns,
        confirming,
    }
}

fn names_a_set(elements: &[Element]) -> bool {
    let mut sets = Vec::new();
    pattern::sets_in(elements, &mut sets);
    !sets.is_empty()
}

/// Entries that name sets, those of named sets first; the set that names itself when there is one.
fn nested_order(sets: &[Vec<Vec<Element>>]) -> Result<Vec<(usize, usize)>, usize> {
    let needs: Vec<Vec<usize>> = sets
        .iter()
        .map(|list| {
            let mut out = Vec::new();
            list.iter().for_each(|e| pattern::sets_in(e, &mut out));
            out
        })
        .collect();
    let mut ready: Vec<bool> = needs.iter().map(Vec::is_empty).collect();
    let mut order = Vec::new();
    loop {
        let next =
            (0..sets.len()).find(|s| !ready[*s] && needs[*s].iter().all(|n| ready.get(*n).copied().unwrap_or(true)));
        match (next, ready.iter().position(|r| !r)) {
            (Some(set), _) => {
                ready[set] = true;
                let nested = sets[set].iter().enumerate().filter(|(_, e)| names_a_set(e));
                order.extend(nested.map(|(entry, _)| (set, entry)));
            }
            (None, Some(set)) => return Err(set),
            (None, None) => return Ok(order),
        }
    }
}

impl Language {
    /// Whether this folded word opens a clause.
    #[must_use]
    pub fn breaks_clause(&self, word: &str) -> bool {
        self.clause_breaks.contains(word)
    }

    /// Whether this folded word is one of its frequent small ones.
    #[must_use]
    pub fn is_marker(&self, word: &str) -> bool {
        self.markers.contains(word)
    }

    /// Whether the language has this set.
    #[must_use]
    pub fn has_set(&self, name: &str) -> bool {
        self.set_names.contains_key(name)
    }

    /// Finds the entries of all sets in a text.
    #[must_use]
    pub fn look<'l, 'a>(&'l self, marked: &'a Marked<'a>) -> Sight<'l, 'a> {
        let mut sight = Sight { language: self, marked, ends: vec![Vec::new(); self.sets.len()] };
        let text = marked.text;
        let none = SetEnds::new();
        for sentence in &text.sentences {
            let matcher = Matcher { marked, ends: &none, bounds: Span { first: sentence.first, last: sentence.last } };
            for at in sentence.first..sentence.last {
                let found = marked.atoms(at).iter().filter_map(|atom| self.entries.by_atom.get(atom)).flatten();
                for (set, entry) in found.chain(&self.entries.any) {
                    let elements = self.sets.get(*set).and_then(|list| list.get(*entry));
                    let end = elements.and_then(|e| matcher.at(e, at)).filter(|end| *end > at);
                    if let (Some(end), Some(ends)) = (end, sight.ends.get_mut(*set)) {
                        ends.push((at, end));
                    }
                }
            }
        }
        sight.sort();
        let mut last_set = None;
        for (set, entry, first) in &self.nested {
            if last_set.is_some_and(|l| l != *set) {
                sight.sort();
            }
            last_set = Some(*set);
            let Some(elements) = self.sets.get(*set).and_then(|list| list.get(*entry)) else { continue };
            let found = sight.all_matches(elements, first);
            if let Some(ends) = sight.ends.get_mut(*set) {
                ends.extend(found);
            }
        }
        sight.sort();
        sight
    }
}

/// What the sets of one language find in one text.
#[derive(Debug, Clone)]
pub struct Sight<'l, 'a> {
    /// The language.
    pub language: &'l Language,
    /// The text.
    pub marked: &'a Marked<'a>,
    ends: SetEnds,
}

impl Sight<'_, '_> {
    fn sort(&mut self) {
        for ends in &mut self.ends {
            ends.sort_unstable();
            ends.dedup();
        }
    }

    fn matcher(&self, bounds: Span) -> Matcher<'_> {
        Matcher { marked: self.marked, ends: &self.ends, bounds }
    }

    fn all_matches(&self, elements: &[Element], first: &First) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        for sentence in &self.marked.text.sentences {
            let matcher = self.matcher(Span { first: sentence.first, last: sentence.last });
            for at in sentence.first..sentence.last {
                let starts = first.any
                    || self.marked.atoms(at).iter().any(|a| first.atoms.contains(a))
                    || first.sets.iter().any(|s| self.ends.get(*s).is_some_and(|e| starts_at(e, at)));
                if starts && let Some(end) = matcher.at(elements, at).filter(|end| *end > at) {
                    out.push((at, end));
                }
            }
        }
        out
    }

    /// Where entries of a set stand, the longest at each place.
    #[must_use]
    pub fn spans(&self, set: &str) -> Vec<Span> {
        longest(self.language.set_names.get(set).and_then(|index| self.ends.get(*index)).into_iter().flatten())
    }

    /// Where words stand that say an end.
    #[must_use]
    pub fn endings(&self) -> Vec<Span> {
        let mut found: Vec<&(usize, usize)> =
            self.language.endings.iter().filter_map(|s| self.ends.get(*s)).flatten().collect();
        found.sort_unstable();
        longest(found.into_iter())
    }

    /// Every place in the text that meets a rule: rule index and token span.
    #[must_use]
    pub fn hits(&self) -> Vec<(usize, Span)> {
        let language = self.language;
        let mut sets_at: Vec<Vec<usize>> = vec![Vec::new(); self.marked.text.tokens.len()];
        for (set, ends) in self.ends.iter().enumerate().filter(|(s, _)| language.patterns.by_set.contains_key(s)) {
            for (at, _) in ends {
                if let Some(list) = sets_at.get_mut(*at).filter(|l| l.last() != Some(&set)) {
                    list.push(set);
                }
            }
        }
        let mut out = Vec::new();
        for sentence in &self.marked.text.sentences {
            let bounds = Span { first: sentence.first, last: sentence.last };
            let matcher = self.matcher(bounds);
            let mut found: Vec<(usize, usize, usize)> = Vec::new();
            for at in bounds.first..bounds.last {
                let by_atom = self.marked.atoms(at).iter().filter_map(|a| language.patterns.by_atom.get(a)).flatten();
                let by_set = sets_at.get(at).into_iter().flatten().filter_map(|s| language.patterns.by_set.get(s));
                for (rule, pattern) in by_atom.chain(by_set.flatten()).chain(&language.patterns.any) {
                    let elements = language.rules.get(*rule).and_then(|r| r.any.get(*pattern));
                    if let Some(end) = elements.and_then(|e| matcher.at(e, at)) {
                        found.push((*rule, at, end));
                    }
                }
            }
            found.sort_unstable();
            // From each beginning the shortest match. Of several that overlap the first stands for all, but not where
            // each is judged by itself: what speaks against a long one may not touch a short one inside it.
            let mut taken: Option<(usize, usize)> = None;
            for (number, at, end) in found {
                let confirms = language.rules.get(number).is_some_and(|r| r.kind == Kind::Confirmed);
                let behind = taken.filter(|(rule, _)| *rule == number).map_or(0, |(_, behind)| behind);
                if at < behind {
                    continue;
                }
                taken = Some((number, if confirms { at + 1 } else { end.max(at + 1) }));
                let spoils = |p: &Vec<Element>| (bounds.first..bounds.last).any(|i| matcher.at(p, i).is_some());
                if language.rules.get(number).is_some_and(|r| !r.unless.iter().any(spoils)) {
                    out.push((number, Span { first: at, last: end }));
                }
            }
        }
        out
    }

    /// Which tokens an entry of one of `sets` covers.
    #[must_use]
    pub fn covered_by(&self, sets: &[&str]) -> Vec<bool> {
        self.covered(sets.iter().filter_map(|name| self.language.set_names.get(*name).copied()))
    }

    /// Which tokens an entry of any set covers.
    #[must_use]
    pub fn covered_by_any(&self) -> Vec<bool> {
        self.covered(0..self.ends.len())
    }

    /// Which tokens the closed vocabulary covers, small words included; `None` when the language has none.
    #[must_use]
    pub fn familiar(&self) -> Option<Vec<bool>> {
        if self.language.vocabulary.is_empty() {
            return None;
        }
        let mut covered = self.covered(self.language.vocabulary.iter().copied());
        for (known, token) in covered.iter_mut().zip(&self.marked.text.tokens) {
            *known |= self.language.is_marker(&token.text) || self.language.breaks_clause(&token.text);
        }
        for (at, known) in covered.iter_mut().enumerate() {
            *known |= self.marked.atoms(at).iter().any(|a| self.language.confirming.contains(a));
        }
        Some(covered)
    }

    fn covered(&self, sets: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut covered = vec![false; self.marked.text.tokens.len()];
        for (first, last) in sets.filter_map(|s| self.ends.get(s)).flatten() {
            covered.iter_mut().take(*last).skip(*first).for_each(|c| *c = true);
        }
        covered
    }
}

/// Of sorted places that begin alike the longest.
fn longest<'e>(places: impl Iterator<Item = &'e (usize, usize)>) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for (first, last) in places.copied() {
        match out.last_mut().filter(|s| s.first == first) {
            Some(same) => same.last = last,
            None => out.push(Span { first, last }),
        }
    }
    out
}

fn starts_at(ends: &[(usize, usize)], at: usize) -> bool {
    ends.get(ends.partition_point(|(start, _)| *start < at)).is_some_and(|(start, _)| *start == at)
}
