//! Which event leads out of which state: the table that the stories must cover and the core must obey.

use odjava::domain::event::{Event, ResolveAct, SubmitOutcome};
use std::collections::BTreeSet;

/// The name of an event, fine enough to tell apart what may lead to different places.
pub fn label(event: &Event) -> String {
    match event {
        Event::FactsGiven { .. } => "edit".to_owned(),
        Event::DraftEdited { .. } => "edit the text".to_owned(),
        Event::DraftApproved { .. } => "approve".to_owned(),
        Event::SubmitStarted { .. } => "handing over".to_owned(),
        Event::SubmitDeferred { .. } => "deferred".to_owned(),
        Event::SubmitSettled { outcome, .. } => match outcome {
            SubmitOutcome::Accepted { .. } => "sent",
            SubmitOutcome::NotSent { .. } => "not sent",
            SubmitOutcome::Unknown { .. } => "unknown",
        }
        .to_owned(),
        Event::ReplyReceived { reply } => format!("reply {}", reply.kind.name()),
        Event::TimerFired { timer, .. } => format!("{} rings", timer.name()),
        Event::HoldSet { .. } => "hold".to_owned(),
        Event::AnswerDrafted { .. } => "answer".to_owned(),
        Event::Resolved { act } => match act {
            ResolveAct::KeepWaiting => "resolve --keep-waiting",
            ResolveAct::Confirmed { .. } => "resolve --confirmed",
            ResolveAct::Answered => "resolve --answered",
            ResolveAct::SentBy { .. } => "resolve --sent-by",
            ResolveAct::Sent => "resolve --sent",
            ResolveAct::NotSent => "resolve --not-sent",
            ResolveAct::Refused => "resolve --refused",
            ResolveAct::Lapsed => "resolve --lapsed",
            ResolveAct::Filed { .. } => "resolve --file",
        }
        .to_owned(),
        Event::Withdrawn => "withdraw".to_owned(),
    }
}

/// Whether a person does it (or the shell asks whether it may): only that can be refused.
pub fn is_an_act(event: &Event) -> bool {
    match event {
        Event::SubmitDeferred { .. }
        | Event::SubmitSettled { .. }
        | Event::ReplyReceived { .. }
        | Event::TimerFired { .. } => false,
        Event::FactsGiven { .. }
        | Event::DraftEdited { .. }
        | Event::DraftApproved { .. }
        | Event::SubmitStarted { .. }
        | Event::HoldSet { .. }
        | Event::AnswerDrafted { .. }
        | Event::Resolved { .. }
        | Event::Withdrawn => true,
    }
}

/// State by state, the events that may lead to another state; `questions` stands for the replies that call for a
/// person, whatever was asked of the carrier. All other events leave a case where it is.
const TABLE: &[(&str, &[&str])] = &[
    ("collecting", &["edit", "resolve --sent-by", "resolve --refused", "resolve --lapsed", "withdraw"]),
    (
        "drafted",
        &[
            "edit",
            "approve",
            "reply acknowledged",
            "reply confirmed",
            "questions",
            "resolve --keep-waiting",
            "resolve --confirmed",
            "resolve --sent-by",
            "resolve --refused",
            "resolve --lapsed",
            "withdraw",
        ],
    ),
    (
        "sending",
        &[
            "sent",
            "not sent",
            "unknown",
            "reply acknowledged",
            "reply auto_reply",
            "reply bounce",
            "reply confirmed",
            "questions",
            "hold",
            "resolve --confirmed",
            "resolve --refused",
            "resolve --lapsed",
            "withdraw",
        ],
    ),
    (
        "awaiting_reply",
        &[
            "follow_up rings",
            "bounce_final rings",
            "reply bounce",
            "reply confirmed",
            "questions",
            "answer",
            "resolve --confirmed",
            "resolve --refused",
            "resolve --lapsed",
            "withdraw",
        ],
    ),
    (
        "needs_you",
        &[
            "edit",
            "approve",
            "answer",
            "sent",
            "reply acknowledged",
            "reply bounce",
            "reply confirmed",
            "resolve --keep-waiting",
            "resolve --answered",
            "resolve --confirmed",
            "resolve --sent-by",
            "resolve --sent",
            "resolve --not-sent",
            "resolve --refused",
            "resolve --lapsed",
            "withdraw",
        ],
    ),
    (
        "confirmed",
        &[
            "effective_date rings",
            "reply confirmed",
            "late questions",
            "resolve --confirmed",
            "resolve --refused",
            "resolve --lapsed",
        ],
    ),
    ("done", &["reply billing", "late questions"]),
    ("closed", &["reply confirmed", "late questions"]),
];

/// What a carrier may ask or refuse after the end; an offer to stay is no question then.
const LATE_QUESTIONS: &[&str] =
    &["reply needs_info", "reply needs_payment", "reply needs_other_channel", "reply refused", "reply unclear"];

/// The table as pairs of state and event.
pub fn table() -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for (state, events) in TABLE {
        for event in *events {
            let all: Vec<&str> = match *event {
                "late questions" => LATE_QUESTIONS.to_vec(),
                "questions" => LATE_QUESTIONS.iter().copied().chain(["reply retention"]).collect(),
                event => vec![event],
            };
            pairs.extend(all.into_iter().map(|event| ((*state).to_owned(), event.to_owned())));
        }
    }
    pairs
}
