//! Runs the stories of tests/scenarios/*.txt against the pure core: each line is an event, the indented lines under
//! it say what the case becomes and what must be done. `UPDATE_GOLDEN=1` rewrites the indented lines, to be read as a
//! diff. A story ends with a replay of its journal. Coverage of the table of exits is asserted here too.

mod exits;
pub mod language;
mod telling;

use chrono::TimeDelta;
use language::{Line, Story};
use odjava::domain::Timestamp;
use odjava::domain::address::{Address, CaseSeed, Reference};
use odjava::domain::case::Case;
use odjava::domain::decide::{Opening, Refusal, decide, open};
use odjava::domain::effect::Effect;
use odjava::domain::event::Event;
use odjava::domain::policy::{Approval, Policy, Span};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rules of the stories unless a `policy` line says otherwise: the defaults of the product, a carrier in Belgrade.
pub fn policy() -> Policy {
    Policy {
        approval: Approval::First,
        follow_up_after: Span::days(7),
        second_after: Span::days(7),
        notice_after: Span::days(7),
        give_up_after: Span::days(7),
        no_sign_after: Span::WorkingDays(2),
        inbox_stale_after: Span::hours(1),
        collecting_nudge_after: Span::days(3),
        draft_nudges_after: [Span::days(1), Span::days(4)],
        bounce_final_after: Span::hours(48),
        device_check_after: Span::days(1),
        bill_watch_for: Span::days(35),
        send_give_up_after: Span::days(5),
        send_problem_after: Span::hours(4),
        documents_with_request: true,
        documents_kept_for: Span::days(30),
        retry_after: None,
        carrier_time_zone: chrono_tz::Europe::Belgrade,
        send_window: None,
        window_for_all: false,
        rate: None,
        holidays: Vec::new(),
        from: Address::parse("li.wei@posta.example").unwrap(),
        plus_addressing: false,
        holder_time_zone: chrono_tz::Europe::Belgrade,
    }
}

/// One case with its journal, as the engine would keep it.
pub struct World {
    pub policy: Policy,
    pub case: Case,
    opening: Opening,
    journal: Vec<(Timestamp, Event)>,
    /// Causes of the nudges so far.
    told: BTreeSet<String>,
}

impl World {
    pub fn open(policy: Policy, now: Timestamp) -> Self {
        let opening = Opening {
            reference: Reference::parse("7Q2M").unwrap(),
            seed: CaseSeed([7; 16]),
            account: "home".to_owned(),
            carrier: "dunavtel".to_owned(),
            carrier_name: "Dunavtel".to_owned(),
            letter_language: "en".to_owned(),
        };
        let case = open(&opening, now);
        Self { policy, case, opening, journal: Vec::new(), told: BTreeSet::new() }
    }

    /// Applies one event. Of the nudges only those of a new cause remain, as in the store; that a swallowed one was a
    /// repetition and no news is asserted.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> Result<Vec<Effect>, Refusal> {
        let decision = decide(&self.case, event, &self.policy, now)?;
        self.journal.push((now, event.clone()));
        self.case = decision.next;
        let mut effects = decision.effects;
        effects.retain(|effect| match effect {
            Effect::Nudge { nudge } => {
                let is_new = self.told.insert(nudge.cause.clone());
                // The one cause that is told of on every attempt, and therefore only once.
                assert!(is_new || nudge.cause.starts_with("send:"), "the cause `{}` would not be told", nudge.cause);
                is_new
            }
            Effect::Submit { .. }
            | Effect::Resubmit { .. }
            | Effect::CancelSubmit { .. }
            | Effect::DeleteDocuments { .. } => true,
        });
        Ok(effects)
    }

    /// The case as it follows from its journal alone, after a round trip through JSON.
    pub fn replayed(&self) -> Case {
        let mut case = open(&self.opening, self.case.opened_at);
        for (step, (at, event)) in self.journal.iter().enumerate() {
            let kept: Event = serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap();
            assert_eq!(&kept, event, "an event must survive the journal");
            case = decide(&case, &kept, &self.policy, *at).unwrap().next;
            if step % 4 == 0 {
                case = serde_json::from_str(&serde_json::to_string(&case).unwrap()).unwrap();
            }
        }
        case
    }
}

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    paths
}

/// What a story came to.
struct Told {
    /// The story with the lines that the core really answers.
    text: String,
    /// The exits it took: state and event.
    exits: Vec<(String, String)>,
    /// The case after each event, and when.
    moments: Vec<(Case, Timestamp)>,
    /// The rules it was told under.
    policy: Policy,
}

/// Runs a story.
fn run(text: &str) -> Told {
    let story = Story::parse(text);
    let mut world: Option<World> = None;
    let mut now = None;
    let mut out = Vec::new();
    let mut exits = Vec::new();
    let mut moments = Vec::new();
    for line in &story.lines {
        match line {
            Line::Kept(text) => out.push(text.clone()),
            Line::Told { when, what, text } => {
                let policy = story.policy.clone();
                let at = when.instant(now, world.as_ref().map(|w| &w.case), what, &policy);
                assert!(now.is_none_or(|before| before <= at), "time runs backwards at `{text}`");
                now = Some(at);
                let world = world.get_or_insert_with(|| World::open(policy, at));
                out.push(text.clone());
                for (step, event) in language::events(what, world, at).iter().enumerate() {
                    let before = world.case.clone();
                    let answer = world.apply(event, at);
                    moments.push((world.case.clone(), at));
                    let label = exits::label(event);
                    if before.state.name() != world.case.state.name() && step_counts(&before, world) {
                        exits.push((before.state.name().to_owned(), label));
                    }
                    // Handing over is told with its outcome; alone it is a line of its own.
                    if step == 0 && what.contains("(") && matches!(event, Event::SubmitStarted { .. }) {
                        continue;
                    }
                    out.extend(telling::answer(&before, world, answer.as_ref(), at));
                }
            }
        }
    }
    let world = world.unwrap();
    assert_eq!(world.replayed(), world.case, "the journal leads to another case");
    Told { text: out.join("\n") + "\n", exits, moments, policy: story.policy }
}

/// The opening itself is no exit: a case begins in `collecting` and the first facts are part of `new`.
fn step_counts(before: &Case, world: &World) -> bool {
    world.journal.len() > 1 || before.state.name() != "collecting"
}

#[test]
fn every_story_goes_as_written() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let paths = stories();
    for path in &paths {
        let written = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        let told = match std::panic::catch_unwind(|| run(&written)) {
            Ok(told) => told.text,
            Err(_) => {
                wrong.push(format!("{name}: see the panic above"));
                continue;
            }
        };
        if told == written {
            continue;
        }
        if update {
            std::fs::write(path, told).unwrap();
        } else {
            let at = told.lines().zip(written.lines()).position(|(a, b)| a != b).unwrap_or(written.lines().count());
            let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
            wrong.push(format!("{name}:{}\n  written: {}\n  told:    {}", at + 1, line(&written), line(&told)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} stories go otherwise:\n{}", wrong.len(), paths.len(), wrong.join("\n"));
    assert!(paths.len() >= 40 || update, "only {} stories", paths.len());
}

#[test]
fn every_exit_of_the_table_is_in_a_story() {
    let mut taken = BTreeSet::new();
    for path in stories() {
        taken.extend(run(&std::fs::read_to_string(path).unwrap()).exits);
    }
    let table = exits::table();
    let untold: Vec<_> = table.difference(&taken).collect();
    let unknown: Vec<_> = taken.difference(&table).collect();
    assert!(untold.is_empty(), "exits that no story takes: {untold:#?}");
    assert!(unknown.is_empty(), "exits that the table does not know: {unknown:#?}");
}

/// Every situation of every story meets every event, at once and long after: nothing panics, whoever is no person is
/// not refused, and only the exits of the table lead anywhere.
#[test]
fn every_state_meets_every_event() {
    let table = exits::table();
    let mut met = BTreeSet::new();
    let mut left = BTreeSet::new();
    for path in stories() {
        let told = run(&std::fs::read_to_string(path).unwrap());
        for (case, at) in &told.moments {
            for wait in [TimeDelta::minutes(1), TimeDelta::days(400)] {
                let now = *at + wait;
                for event in language::every_event(case, &told.policy, now) {
                    let label = exits::label(&event);
                    let state = case.state.name();
                    met.insert((state, label.clone()));
                    match decide(case, &event, &told.policy, now) {
                        Ok(decision) if decision.next.state.name() != state => {
                            left.insert((state.to_owned(), label));
                        }
                        Ok(_) => {}
                        Err(refusal) => assert!(exits::is_an_act(&event), "{state} refuses {label}: {refusal}"),
                    }
                }
            }
        }
    }
    let states: BTreeSet<_> = met.iter().map(|(state, _)| *state).collect();
    let events: BTreeSet<_> = met.iter().map(|(_, event)| event).collect();
    assert_eq!(states.len(), 8, "{states:?}");
    // 12 kinds of replies, 9 ways to resolve, 8 alarms, 3 outcomes and 8 more.
    assert_eq!(events.len(), 40, "{events:?}");
    assert_eq!(met.len(), states.len() * events.len());
    let unknown: Vec<_> = left.difference(&table).collect();
    let shut: Vec<_> = table.difference(&left).collect();
    assert!(unknown.is_empty(), "exits that the table does not know: {unknown:#?}");
    assert!(shut.is_empty(), "exits of the table that lead nowhere: {shut:#?}");
}
