//! What holds for a case whatever happens in whatever order: random events, plausible and not, at random times.
//! A failing case is printed as the list of its moves, shrunk by proptest.

use crate::scenarios::language::{KINDS, TIMERS, answer_mail, current_mail, facts, letter, plain_reply};
use crate::scenarios::{World, policy};
use chrono::TimeDelta;
use odjava::domain::address::MessageId;
use odjava::domain::case::{Attempt, Case, Evidence, Fact, Letters, Outgoing, Purpose, Resume, State, Timer};
use odjava::domain::decide::{Refusal, approval_digest, awaiting_approval};
use odjava::domain::effect::Effect;
use odjava::domain::event::{AcceptedBy, Event, FailureClass, ResolveAct, SubmitOutcome};
use odjava::domain::policy::Approval;
use odjava::domain::reply::{Authenticity, Bounce, BounceClass, Kind, MessageKey};
use odjava::domain::{Timestamp, schedule};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Something that happens, still without the names of the case it happens to.
#[derive(Debug, Clone)]
enum Move {
    Facts { addresses: usize, is_complete: bool },
    EditText,
    Approve { is_current: bool },
    Start { nth: Option<usize> },
    Settle { nth: Option<usize>, outcome: SubmitOutcome },
    Reply(Said),
    Rings { timer: Timer, is_when_due: bool, inbox_age_minutes: Option<i64> },
    Hold { days: Option<i64> },
    Answer,
    Resolve(ResolveAct),
    Withdraw,
}

/// What a reply says.
#[derive(Debug, Clone)]
struct Said {
    kind: Kind,
    authenticity: Authenticity,
    is_certain: bool,
    ends_in: Option<i64>,
    promised_in: Option<i64>,
    ticket: Option<u8>,
    /// The mail that a bounce is about, or a mail of nobody.
    bounced: Option<usize>,
    class: BounceClass,
}

fn outcomes() -> impl Strategy<Value = SubmitOutcome> {
    let failed = |class, code| SubmitOutcome::NotSent { class, code, reason: "reason".to_owned() };
    prop_oneof![
        6 => select(vec![AcceptedBy::ServerReply, AcceptedBy::CopyFound])
            .prop_map(|known_by| SubmitOutcome::Accepted { known_by }),
        1 => Just(SubmitOutcome::Unknown { reason: "reason".to_owned() }),
        1 => Just(failed(FailureClass::Transient, Some(451))),
        1 => Just(failed(FailureClass::Permanent, Some(550))),
        1 => Just(failed(FailureClass::Account, None)),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let authenticity = prop_oneof![
        5 => Just(Authenticity::Aligned),
        1 => Just(Authenticity::Vouched),
        1 => Just(Authenticity::Unproven),
        1 => Just(Authenticity::Contradicted),
    ];
    (
        select(KINDS.to_vec()),
        authenticity,
        prop::bool::weighted(0.7),
        prop::option::of(-5_i64..40),
        prop::option::weighted(0.2, -5_i64..20),
        prop::option::weighted(0.3, 0_u8..3),
        prop::option::weighted(0.8, 0_usize..4),
        select(vec![BounceClass::Permanent, BounceClass::Temporary]),
    )
        .prop_map(|(kind, authenticity, is_certain, ends_in, promised_in, ticket, bounced, class)| Said {
            kind,
            authenticity,
            is_certain,
            ends_in,
            promised_in,
            ticket,
            bounced,
            class,
        })
}

fn acts() -> impl Strategy<Value = ResolveAct> {
    prop_oneof![
        5 => Just(ResolveAct::KeepWaiting),
        2 => Just(ResolveAct::Answered),
        1 => Just(ResolveAct::Confirmed { effective_date: None }),
        2 => Just(ResolveAct::SentBy { channel: "shop".to_owned() }),
        2 => Just(ResolveAct::Sent),
        2 => Just(ResolveAct::NotSent),
        1 => Just(ResolveAct::Refused),
        1 => Just(ResolveAct::Lapsed),
        1 => Just(ResolveAct::Filed { message: MessageKey(1) }),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    let stray = || prop::option::weighted(0.2, 0_usize..4);
    prop_oneof![
        2 => (0_usize..3, prop::bool::weighted(0.8))
            .prop_map(|(addresses, is_complete)| Move::Facts { addresses, is_complete }),
        1 => Just(Move::EditText),
        6 => prop::bool::weighted(0.9).prop_map(|is_current| Move::Approve { is_current }),
        5 => stray().prop_map(|nth| Move::Start { nth }),
        7 => (stray(), outcomes()).prop_map(|(nth, outcome)| Move::Settle { nth, outcome }),
        8 => said().prop_map(Move::Reply),
        8 => (select(TIMERS.to_vec()), prop::bool::weighted(0.8), prop::option::weighted(0.9, 0_i64..90)).prop_map(
            |(timer, is_when_due, inbox_age_minutes)| Move::Rings { timer, is_when_due, inbox_age_minutes }
        ),
        4 => Just(Move::Rings { timer: Timer::FollowUp, is_when_due: true, inbox_age_minutes: Some(1) }),
        1 => prop::option::of(-2_i64..20).prop_map(|days| Move::Hold { days }),
        2 => Just(Move::Answer),
        4 => acts().prop_map(Move::Resolve),
        1 => Just(Move::Withdraw),
    ]
}

/// A wait before a move: none, minutes, hours, days.
fn waits() -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0_i64), 4 => 1_i64..60, 2 => 60_i64..2_000, 1 => 2_000_i64..20_000]
}

fn approvals() -> impl Strategy<Value = Approval> {
    prop_oneof![3 => Just(Approval::First), 2 => Just(Approval::Each), 1 => Just(Approval::None)]
}

fn nth_mail(case: &Case, nth: Option<usize>) -> MessageId {
    let stray = nth.and_then(|n| case.mails.get(n)).map(|m| m.message_id.clone());
    stray.unwrap_or_else(|| current_mail(case))
}

impl Move {
    /// When it happens: an alarm that is awaited rings when it is due.
    fn at(&self, case: &Case, now: Timestamp) -> Timestamp {
        let Self::Rings { timer, is_when_due: true, .. } = self else { return now };
        case.timers().into_iter().filter(|(set, _)| set == timer).map(|(_, at)| at.max(now)).next().unwrap_or(now)
    }

    fn event(&self, world: &World, key: i64, now: Timestamp) -> Event {
        let case = &world.case;
        let in_days = |days: i64| (now + TimeDelta::days(days)).date_naive();
        match self {
            Self::Facts { addresses, is_complete } => {
                let all = ["podrska@dunavtel.example", "kontakt@dunavtel.example", "info@dunavtel.example"];
                let missing = if *is_complete { Vec::new() } else { vec![Fact::ContactAddress] };
                let mut event = facts(all.get(..=*addresses).unwrap(), missing);
                if let Event::FactsGiven { letters: Some(letters), .. } = &mut event {
                    // Written anew: what was approved before does not cover it.
                    let Letters { request, follow_up_1, follow_up_2, notice, decline_offer: _, document_enclosed: _ } =
                        letters;
                    for letter in [request, follow_up_1, follow_up_2, notice] {
                        letter.body = format!("Version {key}. {}", letter.body);
                    }
                }
                event
            }
            Self::EditText => Event::DraftEdited { letter: letter(&format!("Words number {key}.")) },
            Self::Approve { is_current } => Event::DraftApproved {
                digest: match awaiting_approval(case) {
                    Some(mail) if *is_current => approval_digest(case, mail, &world.policy),
                    _ => "000000000000".to_owned(),
                },
            },
            Self::Start { nth } => Event::SubmitStarted { mail: nth_mail(case, *nth) },
            Self::Settle { nth, outcome } => {
                Event::SubmitSettled { mail: nth_mail(case, *nth), outcome: outcome.clone() }
            }
            Self::Reply(said) => {
                let mut reply = plain_reply(said.kind, key, now);
                reply.authenticity = said.authenticity;
                reply.certain = said.is_certain;
                reply.effective_date = said.ends_in.map(in_days);
                reply.promised_date = said.promised_in.map(in_days);
                reply.returns_on = said.promised_in.map(in_days);
                reply.ticket = said.ticket.map(|n| format!("T-{n}"));
                reply.wants_id_document = said.ticket.is_some();
                reply.bounce = (said.kind == Kind::Bounce).then(|| Bounce {
                    class: said.class,
                    recipient: None,
                    original: said.bounced.map(|n| nth_mail(case, Some(n))),
                });
                Event::ReplyReceived { reply }
            }
            Self::Rings { timer, inbox_age_minutes, .. } => Event::TimerFired {
                timer: *timer,
                inbox_read_at: inbox_age_minutes.map(|age| now - TimeDelta::minutes(age)),
            },
            Self::Hold { days } => Event::HoldSet { until: days.map(in_days) },
            Self::Answer => Event::AnswerDrafted { mail: answer_mail(&format!("Answer number {key}.")) },
            Self::Resolve(act) => Event::Resolved { act: act.clone() },
            Self::Withdraw => Event::Withdrawn,
        }
    }
}

/// A text as approved: what for, the body before its slots are filled.
type Approved = (Purpose, String);

/// Waits in minutes and moves, printed one a line.
#[derive(Clone)]
struct Tale(Vec<(i64, Move)>);

impl fmt::Debug for Tale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(wait, step)| write!(f, "\n  +{wait} min  {step:?}"))
    }
}

/// What an observer who knows nothing of `decide` keeps about a case.
#[derive(Default)]
struct Observer {
    /// Mails owed and not yet handed over.
    owed: BTreeSet<MessageId>,
    /// Mails that are being handed over.
    in_flight: BTreeSet<MessageId>,
    /// Texts that a person approved, as `(purpose, body)`.
    approved: Vec<Approved>,
    /// Message-IDs of all mails ordered.
    ids: BTreeSet<MessageId>,
    /// Messages that are authentic and surely a confirmation.
    proofs: BTreeSet<MessageKey>,
    /// The holder said that it is confirmed.
    is_confirmed_by_holder: bool,
}

impl Observer {
    /// Notes what an accepted event says.
    fn see(&mut self, before: &Case, event: &Event, world: &World) {
        match event {
            Event::DraftApproved { digest } => {
                let mail = awaiting_approval(before).expect("approved without a draft");
                assert_eq!(*digest, approval_digest(before, mail, &world.policy), "another text was approved");
                self.approve(mail, before, world);
            }
            Event::SubmitStarted { mail } => {
                assert!(self.owed.remove(mail), "a mail is handed over that is not owed");
                self.in_flight.insert(mail.clone());
            }
            Event::SubmitSettled { mail, outcome } => {
                let is_over = !matches!(outcome, SubmitOutcome::NotSent { .. });
                if is_over && (self.in_flight.remove(mail) || current(before) == Some(mail)) {
                    self.owed.remove(mail);
                }
            }
            Event::ReplyReceived { reply } => {
                if reply.kind == Kind::Confirmed && reply.certain && reply.authenticity.is_proven() {
                    self.proofs.insert(reply.message);
                }
            }
            Event::Resolved { act: ResolveAct::Confirmed { .. } } => self.is_confirmed_by_holder = true,
            Event::FactsGiven { .. }
            | Event::DraftEdited { .. }
            | Event::SubmitDeferred { .. }
            | Event::TimerFired { .. }
            | Event::HoldSet { .. }
            | Event::AnswerDrafted { .. }
            | Event::Resolved { .. }
            | Event::Withdrawn => {}
        }
    }

    fn approve(&mut self, mail: &Outgoing, before: &Case, world: &World) {
        self.approved.push((mail.purpose, mail.letter.body.clone()));
        if mail.purpose == Purpose::Request && world.policy.approval == Approval::First {
            let Letters { follow_up_1, follow_up_2, notice, .. } = before.letters.as_ref().unwrap();
            self.approved.push((Purpose::FollowUp1, follow_up_1.body.clone()));
            self.approved.push((Purpose::FollowUp2, follow_up_2.body.clone()));
            self.approved.push((Purpose::Notice, notice.body.clone()));
        }
    }

    /// Checks and carries out the orders.
    fn obey(&mut self, effects: &[Effect], world: &World) {
        for effect in effects {
            match effect {
                Effect::Submit { mail } => {
                    assert!(self.ids.insert(mail.message_id.clone()), "a Message-ID is used twice");
                    assert!(self.owed.insert(mail.message_id.clone()));
                    let is_approved = world.policy.approval == Approval::None
                        || self
                            .approved
                            .iter()
                            .any(|(purpose, body)| *purpose == mail.purpose && fits(body, &mail.body));
                    assert!(is_approved, "a {} leaves that nobody approved: {}", mail.purpose.name(), mail.body);
                }
                Effect::Resubmit { mail, .. } => {
                    assert!(self.ids.contains(mail), "a mail is tried again that was never owed");
                    self.in_flight.remove(mail);
                    self.owed.insert(mail.clone());
                }
                Effect::DeleteDocuments { .. } => assert!(!world.case.is_open(), "an open case loses its documents"),
                Effect::CancelSubmit { mail } => {
                    // Taking back what is not owed (any more) does nothing.
                    assert!(self.ids.contains(mail), "a mail is taken back that was never owed");
                    self.owed.remove(mail);
                    self.in_flight.remove(mail);
                }
                // `World::apply` holds that no cause is used twice.
                Effect::Nudge { .. } => {}
            }
        }
    }

    /// What must hold after every event.
    fn check(&self, world: &World) {
        let case = &world.case;
        assert!(self.owed.len() <= 1, "{} mails are owed at once", self.owed.len());
        let is_owed = |mail: &MessageId| self.owed.contains(mail);
        match &case.state {
            State::Sending { mail, attempt: Attempt::Waiting, .. } => assert!(is_owed(mail), "nothing is owed"),
            State::Sending { mail, .. } => assert!(self.in_flight.contains(mail), "nothing is under way"),
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::AwaitingReply { .. }
            | State::NeedsYou { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => assert!(self.owed.is_empty(), "a mail is owed while {}", case.state.name()),
        }
        let alarms: Vec<Timer> = case.timers().iter().map(|(timer, _)| *timer).collect();
        match &case.state {
            State::AwaitingReply { .. } => assert!(alarms.contains(&Timer::FollowUp), "nothing would ever happen"),
            State::Confirmed { due_at, effective_date, .. } => {
                assert!(alarms.contains(&Timer::EffectiveDate));
                assert_eq!(*due_at, schedule::end_of_day(world.policy.carrier_time_zone, *effective_date));
            }
            // The holder was told and acts; reminders of a draft run out.
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::NeedsYou { .. }
            | State::Done { .. }
            | State::Closed { .. } => {}
        }
        self.check_end(&case.state);
    }

    /// Invariant of invariants: no end without an authentic, certain confirmation or the holder's word.
    fn check_end(&self, state: &State) {
        match state {
            State::Confirmed { evidence, .. } | State::Done { evidence, .. } => match evidence {
                Evidence::Mail { message } => assert!(self.proofs.contains(message), "a false end by {message:?}"),
                Evidence::Holder { .. } => assert!(self.is_confirmed_by_holder, "the holder never said so"),
            },
            State::NeedsYou { clock, .. } => {
                if let Resume::Ended { state } = &clock.resume {
                    self.check_end(state);
                }
            }
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::Closed { .. } => {}
        }
    }
}

/// Nobody is followed up by an alarm while on hold or while the inbox is not read.
fn check_patience(before: &Case, event: &Event, effects: &[Effect], now: Timestamp) {
    let Event::TimerFired { timer: Timer::FollowUp, inbox_read_at } = event else { return };
    if effects.iter().any(|e| matches!(e, Effect::Submit { .. })) {
        assert!(before.hold.as_ref().is_none_or(|hold| hold.until <= now), "followed up while on hold");
        assert!(inbox_read_at.is_some_and(|at| now - at <= TimeDelta::hours(1)), "followed up without looking");
    }
}

fn current(case: &Case) -> Option<&MessageId> {
    match &case.state {
        State::Sending { mail, .. } => Some(mail),
        _ => None,
    }
}

/// Whether a body is the template with its slots filled: the words around the slots are there. A line about a ticket
/// that nobody knows is left out.
fn fits(template: &str, body: &str) -> bool {
    let start = template.split("[[").next().unwrap();
    let is_filled = !body.contains("[[");
    is_filled && body.starts_with(start) && (template.contains("[[") || template == body)
}

/// An unproven message may be shown; nothing else may follow from it.
fn check_stranger(before: &Case, event: &Event, world: &World, effects: &[Effect]) {
    let Event::ReplyReceived { reply } = event else { return };
    if reply.authenticity.is_proven() || reply.kind == Kind::Bounce {
        return;
    }
    assert_eq!(before, &world.case, "a stranger's message moves the case");
    assert!(effects.iter().all(|e| matches!(e, Effect::Nudge { .. })));
    assert!(effects.len() <= 1);
}

/// Lives through the moves; gives back the states it came through.
fn live(approval: Approval, window: bool, moves: &[(i64, Move)]) -> BTreeSet<&'static str> {
    let mut rules = policy();
    rules.approval = approval;
    rules.send_window = window.then(|| "* 9-16 * * Mon-Fri".to_owned());
    rules.window_for_all = window;
    let mut now = schedule::instant_of(
        rules.carrier_time_zone,
        chrono::NaiveDate::from_ymd_opt(2026, 10, 19).unwrap().and_hms_opt(10, 0, 0).unwrap(),
    );
    let mut world = World::open(rules, now);
    let mut observer = Observer::default();
    let mut states = BTreeSet::new();
    for (number, (wait, step)) in moves.iter().enumerate() {
        // Two events never share a millisecond: the store is one writer.
        now = step.at(&world.case, now + TimeDelta::minutes(*wait) + TimeDelta::milliseconds(1));
        let before = world.case.clone();
        let event = step.event(&world, i64::try_from(number).unwrap() + 1, now);
        let effects = match world.apply(&event, now) {
            Ok(effects) => effects,
            Err(refusal) => {
                assert_eq!(before, world.case);
                let by_machine = matches!(refusal, Refusal::NotOwed);
                assert_eq!(by_machine, matches!(event, Event::SubmitStarted { .. }), "{refusal}");
                continue;
            }
        };
        observer.see(&before, &event, &world);
        observer.obey(&effects, &world);
        observer.check(&world);
        check_patience(&before, &event, &effects, now);
        check_stranger(&before, &event, &world, &effects);
        states.insert(world.case.state.name());
    }
    assert_eq!(world.replayed(), world.case, "the journal leads to another case");
    states
}

/// The moves with a beginning that most of them need: facts, and in most cases a request under way.
fn tale(mut moves: Tale, is_sent: bool) -> Vec<(i64, Move)> {
    let is_complete = is_sent || !moves.0.len().is_multiple_of(5);
    let mut all = vec![(0, Move::Facts { addresses: 1, is_complete })];
    if is_sent {
        let accepted = SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply };
        all.push((1, Move::Approve { is_current: true }));
        all.push((1, Move::Start { nth: None }));
        all.push((1, Move::Settle { nth: None, outcome: accepted }));
    }
    all.append(&mut moves.0);
    all
}

#[test]
fn no_order_of_events_breaks_a_promise() {
    let mut config =
        ProptestConfig { max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() };
    // The same cases on every run, so that a failure is about the change at hand; PROPTEST_CASES=20000 hunts for more.
    let mut runner = if std::env::var_os("PROPTEST_CASES").is_some() {
        TestRunner::new(config)
    } else {
        config.cases = 1_500;
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    };
    let moves = prop::collection::vec((waits(), moves()), 1..30).prop_map(Tale);
    let seen = RefCell::new(HashMap::new());
    let outcome = runner.run(&(approvals(), any::<bool>(), prop::bool::weighted(0.7), moves), |input| {
        let (approval, window, is_sent, moves) = input;
        for state in live(approval, window, &tale(moves, is_sent)) {
            *seen.borrow_mut().entry(state).or_insert(0_u32) += 1;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // A test that never gets anywhere proves nothing.
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert!(seen.values().all(|count| *count >= 20), "{seen:?}");
}
