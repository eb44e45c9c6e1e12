//! Reads a TOML text key by key, keeping where each value stands, so that all problems of a file are
//! reported at once with their lines. What the keys mean is not known here. Called by the other readers
//! of this folder.

use super::spelling;
use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as it was named to us.
    pub file: String,
    /// Line, counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong, and the remedy. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// Everything wrong with a set of files, one problem a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Problems {
    /// A single problem about a whole file.
    #[must_use]
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Problem { file: file.into(), line: 0, message: message.into() }])
    }
}

/// A file being read, and what was found wrong with it so far.
pub(super) struct Document<'t> {
    name: String,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Document<'t> {
    /// A text and the name its problems go by.
    pub(super) fn new(name: impl Into<String>, text: &'t str) -> Self {
        Self { name: name.into(), text, problems: RefCell::default() }
    }

    /// The table of the whole file. Syntax errors become problems; what could be read is still given.
    pub(super) fn parse(&self) -> Spanned<DeTable<'t>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            // The reader's own texts quote nothing of the file, so no secret can be in them.
            self.problem(error.span(), format!("this is not TOML: {}", error.message()));
        }
        table
    }

    /// Notes a problem at a place.
    pub(super) fn problem(&self, at: Option<Range<usize>>, message: impl Into<String>) {
        let line = at.map_or(0, |range| self.line(range.start));
        self.problems.borrow_mut().push(Problem { file: self.name.clone(), line, message: message.into() });
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|b| **b == b'\n').count() + 1
    }

    /// What was found, in the order of lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems.dedup();
        problems
    }
}

/// One table of a file. Every key asked for counts as known; [`Section::finish`] reports the others.
pub(super) struct Section<'d, 't> {
    document: &'d Document<'t>,
    table: &'d DeTable<'t>,
    path: String,
    at: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d, 't> Section<'d, 't> {
    /// The outermost table of a file.
    pub(super) fn root(document: &'d Document<'t>, table: &'d Spanned<DeTable<'t>>) -> Self {
        // The whole file is meant when a key is missing at its top.
        Self { document, table: table.get_ref(), path: String::new(), at: 0..0, asked: RefCell::default() }
    }

    fn inner(&self, name: &str, table: &'d DeTable<'t>, at: Range<usize>) -> Self {
        Self { document: self.document, table, path: self.full(name), at, asked: RefCell::default() }
    }

    /// `account.home.imap` for messages.
    fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn ask(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    /// Whether the key stands there, whatever its value.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.ask(key).is_some()
    }

    /// Notes a problem with the value of a key, or with the section when the key is not there.
    pub(super) fn problem(&self, key: &str, message: impl fmt::Display) {
        let at = self.table.get(key).map_or_else(|| self.at.clone(), Spanned::span);
        self.document.problem(Some(at), format!("`{}`: {message}", self.full(key)));
    }

    /// The line of a key, or of the section when the key is not there.
    pub(super) fn line(&self, key: &str) -> usize {
        let at = self.table.get(key).map_or_else(|| self.at.clone(), Spanned::span);
        self.document.line(at.start)
    }

    /// Notes a problem with the section as a whole.
    pub(super) fn problem_here(&self, message: impl fmt::Display) {
        let name = if self.path.is_empty() { String::new() } else { format!("[{}] ", self.path) };
        self.document.problem(Some(self.at.clone()), format!("{name}{message}"));
    }

    fn wrong_type(&self, key: &str, wanted: &str, found: &DeValue<'_>) {
        self.problem(key, format!("must be {wanted}, not {}", article(found.type_str())));
    }

    /// A text, if the key is there.
    pub(super) fn string(&self, key: &'static str) -> Option<String> {
        let value = self.ask(key)?.get_ref();
        match value.as_str() {
            Some(text) if text.trim().is_empty() => self.problem(key, "must not be empty; leave the line out instead"),
            Some(text) if text.chars().any(|c| c.is_control() && c != '\n') => {
                self.problem(key, "holds a control character");
            }
            Some(text) => return Some(text.to_owned()),
            None => self.wrong_type(key, "a text in quotes", value),
        }
        None
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &'static str) -> Option<String> {
        if !self.has(key) {
            self.problem(key, "is missing");
            return None;
        }
        self.string(key)
    }

    /// A text read into a value.
    pub(super) fn parsed<T, E: fmt::Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.string(key)?;
        parse(&text).map_err(|e| self.problem(key, e)).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.problem(key, format!("must be one of {}", all.join(", ")));
        }
        found
    }

    /// True or false.
    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.ask(key)?.get_ref();
        let found = value.as_bool();
        if found.is_none() {
            self.wrong_type(key, "true or false (without quotes)", value);
        }
        found
    }

    /// A whole number between two bounds.
    pub(super) fn integer(&self, key: &'static str, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let value = self.ask(key)?.get_ref();
        let Some(integer) = value.as_integer() else {
            self.wrong_type(key, "a whole number", value);
            return None;
        };
        let found = i64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| bounds.contains(n));
        if found.is_none() {
            self.problem(key, format!("must lie between {} and {}", bounds.start(), bounds.end()));
        }
        found
    }

    /// A calendar day, written without quotes.
    pub(super) fn date(&self, key: &'static str) -> Option<chrono::NaiveDate> {
        let value = self.ask(key)?.get_ref();
        let day = value.as_datetime().filter(|d| d.time.is_none()).and_then(|d| d.date);
        let day = day.and_then(|d| chrono::NaiveDate::from_ymd_opt(d.year.into(), d.month.into(), d.day.into()));
        if day.is_none() {
            self.wrong_type(key, "a day such as 2027-05-31, without quotes", value);
        }
        day
    }

    /// A list of texts; a single text counts as a list of one.
    pub(super) fn strings(&self, key: &'static str) -> Option<Vec<String>> {
        let value = self.ask(key)?.get_ref();
        if let Some(text) = value.as_str() {
            return Some(vec![text.to_owned()]);
        }
        let texts =
            value.as_array().and_then(|list| list.iter().map(|v| v.get_ref().as_str()).collect::<Option<Vec<_>>>());
        let Some(texts) = texts else {
            self.wrong_type(key, "a list of texts, such as [\"one\", \"two\"]", value);
            return None;
        };
        Some(texts.into_iter().map(str::to_owned).collect())
    }

    /// A table below this one.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'d, 't>> {
        let value = self.ask(key)?;
        let found = value.get_ref().as_table().map(|table| self.inner(key, table, value.span()));
        if found.is_none() {
            self.wrong_type(key, &format!("a section [{}]", self.full(key)), value.get_ref());
        }
        found
    }

    /// A list of tables (`[[key]]`).
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'d, 't>> {
        let Some(value) = self.ask(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, &format!("a list of sections [[{}]]", self.full(key)), value.get_ref());
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(table) => out.push(self.inner(key, table, item.span())),
                None => self.wrong_type(key, &format!("a list of sections [[{}]]", self.full(key)), item.get_ref()),
            }
        }
        out
    }

    /// All tables below this one, whatever they are called.
    pub(super) fn named_sections(&self) -> Vec<(String, Section<'d, 't>)> {
        let mut out = Vec::new();
        for (key, value) in self.table {
            let name = key.get_ref().as_ref();
            match value.get_ref().as_table() {
                Some(table) => out.push((name.to_owned(), self.inner(name, table, key.span()))),
                None => {
                    self.document.problem(Some(key.span()), format!("`{}` must be a section [{0}]", self.full(name)))
                }
            }
        }
        out
    }

    /// The value of a key as it stands, for the readers of values with several forms.
    pub(super) fn raw(&self, key: &'static str) -> Option<&'d DeValue<'t>> {
        self.ask(key).map(Spanned::get_ref)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(&self) {
        let known = self.asked.borrow();
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let hint = match spelling::nearest(name, known.iter().copied()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => {
                    let mut all: Vec<&str> = known.clone();
                    all.sort_unstable();
                    all.dedup();
                    format!("; known here: {}", all.join(", "))
                }
            };
            self.document.problem(Some(key.span()), format!("unknown key `{}`{hint}", self.full(name)));
        }
    }
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}
