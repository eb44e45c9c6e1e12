//! A language file as it is written: what `config::lexicon` reads and [`super::Lexicon::compile`] takes.
//! The format is described at the head of `config/lexicon/en.toml`.

use crate::domain::reply::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;

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
    /// A language whose sets and rules hold too: a closely related one, or itself to add to what is built in.
    #[serde(default)]
    pub extends: Option<String>,
    /// Scripts it is written in.
    #[serde(default)]
    pub scripts: Vec<Script>,
    /// Frequent small words that tell the language.
    #[serde(default)]
    pub markers: Vec<String>,
    /// Twelve entries, January first; each a list of forms parted by spaces.
    #[serde(default)]
    pub months: Vec<String>,
    /// Words for days.
    #[serde(default)]
    pub dates: DatesSource,
    /// Words that open a new clause.
    #[serde(default)]
    pub clause_breaks: Vec<String>,
    /// Words behind which a ticket number stands.
    #[serde(default)]
    pub ticket_labels: Vec<String>,
    /// Sets whose words may stand in a clause of confirmation; any other word there leaves it `unclear`.
    #[serde(default)]
    pub vocabulary: Vec<String>,
    /// Sets whose words say an end: "terminated".
    #[serde(default)]
    pub endings: Vec<String>,
    /// Named alternatives.
    #[serde(default)]
    pub sets: BTreeMap<String, Vec<String>>,
    /// What phrases mean.
    #[serde(default)]
    pub rule: Vec<RuleSource>,
}

/// How days are told without a date, each a list of whole phrases.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatesSource {
    /// The day of the mail.
    pub today: Vec<String>,
    /// The day before.
    pub yesterday: Vec<String>,
    /// The day after.
    pub tomorrow: Vec<String>,
    /// The last day of this month.
    pub month_end: Vec<String>,
    /// The last day of the next.
    pub next_month_end: Vec<String>,
    /// The first day of the next.
    pub next_month_start: Vec<String>,
    /// The last day of this year.
    pub year_end: Vec<String>,
    /// Before a month: its last day.
    pub end_of: Vec<String>,
    /// Before a month: its first day.
    pub first_of: Vec<String>,
    /// Behind the number of a day: of this month.
    pub this_month: Vec<String>,
    /// Behind the number of a day: of the next month.
    pub next_month: Vec<String>,
    /// Behind the number of a day: of the month before.
    pub last_month: Vec<String>,
    /// Seven entries, Monday first; each a list of forms parted by spaces.
    pub weekdays: Vec<String>,
    /// Words behind which `15/12` is a day.
    pub before: Vec<String>,
}

impl DatesSource {
    fn add(&mut self, other: Self) {
        self.today.extend(other.today);
        self.yesterday.extend(other.yesterday);
        self.tomorrow.extend(other.tomorrow);
        self.month_end.extend(other.month_end);
        self.next_month_end.extend(other.next_month_end);
        self.next_month_start.extend(other.next_month_start);
        self.year_end.extend(other.year_end);
        self.end_of.extend(other.end_of);
        self.first_of.extend(other.first_of);
        self.this_month.extend(other.this_month);
        self.next_month.extend(other.next_month);
        self.last_month.extend(other.last_month);
        join_forms(&mut self.weekdays, other.weekdays);
        self.before.extend(other.before);
    }
}

impl LanguageSource {
    /// Adds what another file says of the same language; a rule of the same name and kind takes the place of ours.
    pub fn add(&mut self, other: Self) {
        self.scripts.extend(other.scripts);
        self.markers.extend(other.markers);
        self.clause_breaks.extend(other.clause_breaks);
        self.ticket_labels.extend(other.ticket_labels);
        self.vocabulary.extend(other.vocabulary);
        self.endings.extend(other.endings);
        join_forms(&mut self.months, other.months);
        self.dates.add(other.dates);
        for (name, entries) in other.sets {
            self.sets.entry(name).or_default().extend(entries);
        }
        for rule in other.rule {
            self.rule.retain(|r| (&r.id, r.kind) != (&rule.id, rule.kind));
            self.rule.push(rule);
        }
    }
}

/// Adds the forms of another list to each entry of ours.
fn join_forms(ours: &mut Vec<String>, theirs: Vec<String>) {
    if ours.is_empty() {
        *ours = theirs;
        return;
    }
    for (our, their) in ours.iter_mut().zip(theirs) {
        our.push(' ');
        our.push_str(&their);
    }
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
    /// A confirmation in loose words: it counts only where the second reader has no doubt.
    #[serde(default)]
    pub loose: bool,
    /// A sentence that meets it.
    pub example: String,
    /// Sentences that do not meet it.
    #[serde(default)]
    pub counter_examples: Vec<String>,
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
