//! The words of all mails: templates compiled in, a user's folder over them, each compiled and rendered with
//! sample facts when loaded. Which facts there are is said by `domain::draft` and [`NudgeContext`]. Called by
//! main to load, by cli and daemon to render.

use super::embedded;
use super::reader::{Problem, Problems};
use super::template_check;
use crate::domain::Date;
use crate::domain::case::{Letter, Letters, Purpose, Question};
use crate::domain::draft::{AnswerKind, LetterFacts, write_date};
use crate::domain::effect::NudgeKind;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Instructions a rendering may take; the longest of ours takes a few hundred.
const FUEL: u64 = 20_000;
/// Longest text a template may give, in bytes.
const TEXT_SIZE_MAX: usize = 64 * 1024;
/// The language that everything exists in.
const FALLBACK: &str = "en";

/// All templates, ready to render.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    /// What the error texts call each template: a file, or `built-in ...`.
    shown_names: BTreeMap<String, String>,
}

/// A text could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template failed on these facts.
    #[error("{file}{}: {reason}", line.map(|l| format!(":{l}")).unwrap_or_default())]
    Failed {
        /// The template's file.
        file: String,
        /// Line in it.
        line: Option<usize>,
        /// What went wrong, and the remedy.
        reason: String,
    },
    /// The letter says that something is enclosed, and nothing is.
    #[error("nothing is enclosed: name the document with --attach FILE")]
    NothingEnclosed,
}

/// What a mail to the holder is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NudgeContext {
    /// Which template; [`NudgeKind::Digest`] and others without a case leave the case's fields empty.
    pub kind: Option<NudgeKind>,
    /// Reference of the case.
    pub reference: Option<String>,
    /// Name of the carrier.
    pub carrier_name: Option<String>,
    /// The line, masked ([`crate::domain::identity::Line::label_masked`]).
    pub line: Option<String>,
    /// What is asked of the holder.
    pub question: Option<Question>,
    /// [`crate::domain::effect::Nudge::facts`]. A name that is not in [`NudgeContext::FACTS`] is not shown.
    pub facts: BTreeMap<String, String>,
}

impl NudgeContext {
    /// Names of the facts a nudge template can use as `facts.NAME`; `none` when not given. A fact that is a
    /// day (`2026-11-30`) is shown as the language writes days.
    pub const FACTS: [&'static str; 22] = [
        "words",
        "subject",
        "from_domain",
        "reason",
        "effective_date",
        "digest",
        "missing",
        "code",
        "due",
        "message",
        "account",
        "since",
        "text",
        "purpose",
        "ticket",
        "follow_up_number",
        "list",
        "to",
        "amount",
        "date",
        "opinion",
        "opinion_kind",
    ];

    /// Names of the values of a nudge template.
    pub const NAMES: [&'static str; 5] = ["reference", "carrier_name", "line", "question", "facts"];
}

/// The name of a question in templates, JSON and DESIGN §2.
#[must_use]
pub fn question_name(question: Question) -> &'static str {
    match question {
        Question::MissingInfo => "missing_info",
        Question::IdDocument => "id_document",
        Question::Payment => "payment",
        Question::OtherChannel => "other_channel",
        Question::RetentionOffer => "retention_offer",
        Question::Refused => "refused",
        Question::Undeliverable => "undeliverable",
        Question::SendUnknown => "send_unknown",
        Question::UnclearReply => "unclear_reply",
        Question::LateReply => "late_reply",
        Question::BilledAfterEnd => "billed_after_end",
        Question::NoAnswer => "no_answer",
    }
}

impl Templates {
    /// The templates compiled in, those of a folder over and beside them.
    ///
    /// # Errors
    /// Every template that does not compile, uses a value that there is not, fails on sample facts or runs
    /// too long, with file and line; every file with a name that means nothing.
    pub fn load(folder: Option<&Path>) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut texts: BTreeMap<String, (String, String)> = embedded::TEMPLATES
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (format!("built-in templates/{name}"), (*text).to_owned())))
            .collect();
        if let Some(folder) = folder {
            read_folder(folder, &mut texts, &mut problems);
        }
        let mut templates = Self { environment: environment(), shown_names: BTreeMap::new() };
        for (name, (shown, text)) in &texts {
            templates.shown_names.insert(name.clone(), shown.clone());
            problems.extend(template_check::source_problem(name, shown, text));
            if let Err(e) = templates.environment.add_template_owned(name.clone(), text.clone()) {
                problems.push(problem(shown, &e));
                continue;
            }
            problems.extend(template_check::unknown_values(&templates.environment, name, shown, text));
        }
        problems.extend(template_check::unpaired(&texts));
        if problems.is_empty() {
            problems.extend(template_check::sample_problems(&templates));
        }
        if problems.is_empty() {
            return Ok(templates);
        }
        problems.sort();
        problems.dedup();
        Err(Problems(problems))
    }

    /// The languages that have any template, in the order of their tags.
    #[must_use]
    pub fn languages(&self) -> Vec<String> {
        let all: BTreeSet<&str> = self.shown_names.keys().filter_map(|n| n.split('/').next()).collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// The language a text is really written in: the one asked for, a variety of it (`sr` for `sr-Latn`,
    /// `zh` for `zh-CN`), else English.
    #[must_use]
    pub fn language_for(&self, language: &str, purpose: &str) -> String {
        let exists = |l: &str| self.shown_names.contains_key(&format!("{l}/{purpose}/body.txt"));
        if exists(language) {
            return language.to_owned();
        }
        let primary = language.split('-').next().unwrap_or(language);
        // Latin before Cyrillic: what the Serbian carriers themselves write.
        let mut varieties = self.languages();
        varieties.sort_by_key(|l| (l != primary, !l.ends_with("Latn"), l.clone()));
        let variety = varieties.into_iter().find(|l| l.split('-').next() == Some(primary) && exists(l));
        variety.unwrap_or_else(|| FALLBACK.to_owned())
    }

    /// The letters of a case, all at once, so that approving the first can cover the later ones.
    ///
    /// # Errors
    /// [`TemplateError::Failed`] naming the template.
    pub fn letters(&self, facts: &LetterFacts) -> Result<Letters, TemplateError> {
        // The later letters carry nothing, nor does a request that goes without what may be asked for.
        let later = LetterFacts { enclosed: Vec::new(), ..facts.clone() };
        let first = if facts.documents_with_request { facts } else { &later };
        let enclosed = AnswerKind::DocumentEnclosed.name();
        Ok(Letters {
            request: self.letter(Purpose::Request.name(), first, None)?,
            follow_up_1: self.letter(Purpose::FollowUp1.name(), &later, None)?,
            follow_up_2: self.letter(Purpose::FollowUp2.name(), &later, None)?,
            notice: self.letter(Purpose::Notice.name(), &later, None)?,
            decline_offer: self.letter(AnswerKind::DeclineOffer.name(), &later, None)?,
            document_enclosed: match facts.enclosed.as_slice() {
                [] => None,
                _ => Some(self.letter(enclosed, facts, None)?),
            },
        })
    }

    /// An answer to the carrier; `text` is what the holder says in own words.
    ///
    /// # Errors
    /// [`TemplateError::NothingEnclosed`] for a document that is not there, else [`TemplateError::Failed`].
    pub fn answer(&self, kind: AnswerKind, facts: &LetterFacts, text: Option<&str>) -> Result<Letter, TemplateError> {
        if kind == AnswerKind::DocumentEnclosed && facts.enclosed.is_empty() {
            return Err(TemplateError::NothingEnclosed);
        }
        self.letter(kind.name(), facts, text)
    }

    fn letter(&self, purpose: &str, facts: &LetterFacts, text: Option<&str>) -> Result<Letter, TemplateError> {
        let language = self.language_for(&facts.language, purpose);
        let aid_language = self.language_for(&facts.aid_language, purpose);
        let values = |language: &str| map_of(facts.values(language, text));
        let (subject, body) = self.pair(&language, purpose, &values(&language))?;
        let reading_aid = if aid_language == language {
            None
        } else {
            let (subject, body) = self.pair(&aid_language, purpose, &values(&aid_language))?;
            Some(format!("{subject}\n\n{body}"))
        };
        Ok(Letter { subject, body, reading_aid })
    }

    /// Subject and body of a mail to the holder.
    ///
    /// # Errors
    /// [`TemplateError::Failed`] naming the template.
    pub fn nudge(&self, language: &str, context: &NudgeContext) -> Result<(String, String), TemplateError> {
        let purpose = format!("nudge_{}", context.kind.unwrap_or(NudgeKind::Digest).name());
        let language = self.language_for(language, &purpose);
        let given = |name: &str| {
            let value = context.facts.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())?;
            // Days come as 2026-11-30 and are shown as the language writes them.
            Some(value.parse::<Date>().map_or_else(|_| value.to_owned(), |day| write_date(&language, day)))
        };
        let facts = map_of(NudgeContext::FACTS.map(|name| (name, given(name))));
        let values = minijinja::context! {
            reference => context.reference.clone(),
            carrier_name => context.carrier_name.clone(),
            line => context.line.clone(),
            question => context.question.map(question_name),
            facts => facts,
        };
        self.pair(&language, &purpose, &values)
    }

    fn pair(&self, language: &str, purpose: &str, values: &Value) -> Result<(String, String), TemplateError> {
        let subject = self.render(&format!("{language}/{purpose}/subject.txt"), values)?;
        let body = self.render(&format!("{language}/{purpose}/body.txt"), values)?;
        let one_line: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Ok((one_line.split_whitespace().collect::<Vec<_>>().join(" "), tidy(&body)))
    }

    /// Renders one template.
    fn render(&self, name: &str, values: &Value) -> Result<String, TemplateError> {
        let shown = self.shown_names.get(name).map_or(name, String::as_str);
        let fail = |e: &minijinja::Error| {
            let Problem { file, line, message } = problem(shown, e);
            TemplateError::Failed { file, line: Some(line).filter(|l| *l > 0), reason: message }
        };
        let template = self.environment.get_template(name).map_err(|e| fail(&e))?;
        let text = template.render(values).map_err(|e| fail(&e))?;
        if text.len() > TEXT_SIZE_MAX || text.trim().is_empty() {
            let reason = format!("gives a text that is empty or longer than {} KB", TEXT_SIZE_MAX / 1024);
            return Err(TemplateError::Failed { file: shown.to_owned(), line: None, reason });
        }
        Ok(text)
    }
}

/// Named values for a template; an unknown one is `none` there.
fn map_of(values: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Value {
    Value::from_pairs(values)
}

/// At most one empty line in a row, no blanks at line ends, one line break at the end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && empty) {
            out.push_str(line);
            out.push('\n');
        }
        empty = line.is_empty();
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(32);
    let syntax = minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            let detail = "a value that is not always known; write it between {% if NAME %} and {% endif %}";
            return Err(minijinja::Error::new(ErrorKind::UndefinedError, detail));
        }
        minijinja::escape_formatter(out, state, value)
    });
    // Words of a mail from outside: marked line by line, so that nobody takes them for ours.
    environment.add_filter("quoted", |text: String| {
        text.trim().lines().map(|line| format!("> {}", line.trim_end())).collect::<Vec<_>>().join("\n")
    });
    environment
}

/// What a template error says to the person who wrote the template.
pub(super) fn problem(shown: &str, error: &minijinja::Error) -> Problem {
    let detail = error.detail().unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::OutOfFuel => "runs too long: is there a loop that does not end?".to_owned(),
        ErrorKind::SyntaxError => format!("is not a valid template: {detail}"),
        ErrorKind::UndefinedError if detail.is_empty() => "uses a value that there is not".to_owned(),
        ErrorKind::UndefinedError => format!("uses {detail}"),
        kind if detail.is_empty() => format!("cannot be rendered: {kind}"),
        kind => format!("cannot be rendered: {kind}: {detail}"),
    };
    Problem { file: shown.to_owned(), line: error.line().unwrap_or(0), message }
}

fn read_folder(folder: &Path, texts: &mut BTreeMap<String, (String, String)>, problems: &mut Vec<Problem>) {
    let mut pending = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        let shown = folder.display().to_string();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) => {
                problems.push(Problem { file: shown, line: 0, message: format!("this folder cannot be read: {e}") });
                continue;
            }
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
            let shown = path.display().to_string();
            // Deeper than <language>/<purpose>/<file> nothing is meant, and a link may lead in a circle.
            if path.is_dir() && name.matches('/').count() < 2 {
                pending.push((path, format!("{name}/")));
            } else if path.extension().is_some_and(|e| e == "txt") {
                match std::fs::read_to_string(&path) {
                    Ok(text) => drop(texts.insert(name, (shown, text))),
                    Err(e) => {
                        problems.push(Problem { file: shown, line: 0, message: format!("cannot be read: {e}") });
                    }
                }
            }
        }
    }
}
