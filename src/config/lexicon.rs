//! `config/lexicon/*.toml`, compiled into the binary, to the domain's [`Lexicon`]. The format is described at the
//! head of `en.toml`. Called by main, explain and the tests.

use crate::domain::reply::lexicon::{LanguageSource, Lexicon, LexiconProblem};

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

/// Parses the files compiled in.
///
/// # Errors
/// Every problem found, with file and place.
pub fn sources() -> Result<Vec<LanguageSource>, Vec<LexiconProblem>> {
    let mut out = Vec::new();
    let mut problems = Vec::new();
    for (name, text) in FILES {
        match toml::from_str::<LanguageSource>(text) {
            Ok(source) => out.push(source),
            Err(e) => problems.push(LexiconProblem {
                language: (*name).to_owned(),
                place: e
                    .span()
                    .map_or_else(String::new, |s| format!("line {}", text[..s.start].lines().count().max(1))),
                problem: e.message().to_owned(),
            }),
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

/// The lexicon compiled in.
///
/// # Errors
/// Every problem found, with file and place.
pub fn built_in() -> Result<Lexicon, Vec<LexiconProblem>> {
    Lexicon::compile(&sources()?)
}
