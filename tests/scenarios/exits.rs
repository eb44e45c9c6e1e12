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

/// The kinds of replies that call for a person, whatever they say.
const ASKING: &str = "reply needs_info, reply needs_payment, reply needs_other_channel, reply refused, reply retention, \
                      reply unclear";

/// State by state, the events that may lead to another state. All others leave the case where it is.
const TABLE: &[(&str, &str)] = &[];

/// The table as pairs of state and event.
pub fn table() -> BTreeSet<(String, String)> {
    let _ = ASKING;
    let mut pairs = BTreeSet::new();
    for (state, events) in TABLE {
        pairs.extend(events.split(", ").map(|event| ((*state).to_owned(), event.to_owned())));
    }
    pairs
}
