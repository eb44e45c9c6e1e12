//! What the configuration adds to the facts of a nudge before its template sees them.

use odjava::domain::address::{CaseSeed, Reference};
use odjava::domain::case::{Case, PausedClock, Progress, Question, Resume, State};
use odjava::domain::decide::{Opening, open};
use odjava::domain::effect::NudgeKind;
use odjava::engine::{NudgeFacts, Rulebook};
use odjava::rulebook::ConfiguredRules;
use std::collections::BTreeMap;

const CONFIG: &str = r#"
[account.home]
name = "Li Wei"
address = "li.wei@posta.example"
language = "en"
time_zone = "Europe/Belgrade"
maildir = "mailbox"
[account.home.smtp]
maildir = "outgoing"
[store]
path = "odjava.db"
"#;

/// A case that asks its holder this.
fn asking(question: Question) -> Case {
    let now = "2026-11-02T09:00:00Z".parse().unwrap();
    let opening = Opening {
        reference: Reference::parse("7Q2M").unwrap(),
        seed: CaseSeed([7; 16]),
        account: "home".to_owned(),
        carrier: "mts-rs".to_owned(),
        carrier_name: "mts".to_owned(),
        letter_language: "en".to_owned(),
    };
    let resume = Resume::Waiting { progress: Progress::default() };
    let clock = PausedClock { remaining_ms: None, resume };
    Case { state: State::NeedsYou { question, asked_in: None, clock, answer: None }, ..open(&opening, now) }
}

#[test]
fn silence_is_told_with_the_other_ways_and_the_regulator() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odjava.toml");
    std::fs::write(&path, CONFIG).unwrap();
    let rules = ConfiguredRules::load(&path, &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
    let body = |question| {
        let case = asking(question);
        let nudge = NudgeFacts { kind: NudgeKind::NeedsYou, case: Some(&case), facts: &BTreeMap::new() };
        rules.nudge("home", &nudge, case.opened_at).unwrap().body
    };
    let silence = body(Question::NoAnswer);
    assert!(silence.contains("- shop") && silence.contains("RATEL"), "{silence}");
    assert!(!body(Question::MissingInfo).contains("RATEL"));
}
