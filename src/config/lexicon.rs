//! `config/lexicon/*.toml`, compiled into the binary, to the domain's [`Lexicon`]. The format is described at the
//! head of `en.toml`. Called by main, explain and the tests.

use crate::domain::reply::lexicon::{LanguageSource, Lexicon, LexiconProblem};
use crate::domain::reply::statistics::Statistics;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Language files in the order in which equals are preferred.
pub const FILES: &[(&str, &str)] = &[
    ("en", include_str!("../../config/lexicon/en.toml")),
    ("sr", include_str!("../../config/lexicon/sr.toml")),
    ("hr", include_str!("../../config/lexicon/hr.toml")),
    ("de", include_str!("../../config/lexicon/de.toml")),
    ("fr", include_str!("../../config/lexicon/fr.toml")),
    ("es", include_str!("../../config/lexicon/es.toml")),
    ("it", include_str!("../../config/lexicon/it.toml")),
    ("ru", include_str!("../../config/lexicon/ru.toml")),
    ("zh", include_str!("../../config/lexicon/zh.toml")),
];

/// The table of the second reader, written by `tests/train`.
const SECOND_READER: &[u8] = include_bytes!("../../config/lexicon/second_reader.bin");

/// Bytes of one language file of the user's that are read.
const FILE_MAX: u64 = 4 << 20;

/// Parses the files compiled in.
///
/// # Errors
/// Every problem found, with file and place.
pub fn sources() -> Result<Vec<LanguageSource>, Vec<LexiconProblem>> {
    let mut out = Vec::new();
    let mut problems = Vec::new();
    for (name, text) in FILES {
        match parse(name, text) {
            Ok(source) => out.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// The lexicon compiled in.
///
/// # Errors
/// Every problem found, with file and place.
pub fn built_in() -> Result<Lexicon, Vec<LexiconProblem>> {
    with_second_reader(Lexicon::compile(&sources()?)?)
}

/// The lexicon compiled in, with the files of a folder: one that `extends` its own language adds to it, any other
/// takes the place of the language it names or adds a new one.
///
/// # Errors
/// Every problem found, with file and place.
pub fn load(folder: Option<&Path>) -> Result<Lexicon, Vec<LexiconProblem>> {
    let mut all = sources()?;
    let mut problems = Vec::new();
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in folder.map_or_else(|| Ok(Vec::new()), files_of).map_err(|p| vec![p])? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = read_text(&path).map_err(|e| problem(&name, "the file", &format!("{e}; mend it or take it away")));
        match read.and_then(|text| parse(&name, &text)) {
            Ok(source) => {
                files.entry(source.language.clone()).or_default().push(name);
                take(&mut all, source);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // What does not fit together is in what was added: the files built in fit.
    let blamed = |mut problem: LexiconProblem| {
        if let Some(names) = files.get(&problem.language) {
            problem.language = names.join(", ");
        }
        problem
    };
    let lexicon = Lexicon::compile(&all);
    with_second_reader(lexicon.map_err(|found| found.into_iter().map(blamed).collect::<Vec<_>>())?)
}

fn with_second_reader(mut lexicon: Lexicon) -> Result<Lexicon, Vec<LexiconProblem>> {
    let table = Statistics::parse(SECOND_READER);
    lexicon.second = Some(table.ok_or_else(|| {
        vec![problem("second_reader.bin", "the file", "it is no table of this version; run tests/train")]
    })?);
    Ok(lexicon)
}

fn problem(language: &str, place: &str, problem: &str) -> LexiconProblem {
    LexiconProblem { language: language.to_owned(), place: place.to_owned(), problem: problem.to_owned() }
}

fn parse(name: &str, text: &str) -> Result<LanguageSource, LexiconProblem> {
    toml::from_str::<LanguageSource>(text).map_err(|e| {
        let line = e.span().and_then(|s| text.get(..s.start)).map(|before| before.lines().count().max(1));
        problem(name, &line.map_or_else(String::new, |l| format!("line {l}")), e.message())
    })
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, LexiconProblem> {
    let unreadable = |e: std::io::Error| problem(&folder.display().to_string(), "the folder", &e.to_string());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn take(all: &mut Vec<LanguageSource>, source: LanguageSource) {
    let own = all.iter_mut().find(|s| s.language == source.language);
    match own {
        Some(own) if source.extends.as_deref() == Some(source.language.as_str()) => own.add(source),
        Some(own) => *own = source,
        None => all.push(source),
    }
}
