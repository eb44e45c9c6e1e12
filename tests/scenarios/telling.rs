//! How an answer of the core is written in a story: the situation in words, the orders, the alarms.

use super::World;
use odjava::domain::Timestamp;
use odjava::domain::address::MessageId;
use odjava::domain::case::{Attempt, Case, Evidence, Progress, State};
use odjava::domain::decide::Refusal;
use odjava::domain::effect::Effect;

/// The indented lines under an event.
pub fn answer(before: &Case, world: &World, answer: Result<&Vec<Effect>, &Refusal>, now: Timestamp) -> Vec<String> {
    let effects = match answer {
        Err(refusal) => return vec![format!("  -> refused: {refusal}")],
        Ok(effects) => effects,
    };
    let case = &world.case;
    if before == case && effects.is_empty() {
        return vec!["  -> nothing changes".to_owned()];
    }
    let mut lines = vec![format!("  -> {}", situation(case, world))];
    lines.extend(effects.iter().map(|e| format!("     {}", order(e, world, now))));
    let timers: Vec<String> =
        case.timers().iter().map(|(timer, at)| format!("{} {}", timer.name(), time(world, *at))).collect();
    if !timers.is_empty() {
        lines.push(format!("     alarms: {}", timers.join(", ")));
    }
    lines
}

fn time(world: &World, at: Timestamp) -> String {
    let local = at.with_timezone(&world.policy.carrier_time_zone);
    let short = local.format("%a %Y-%m-%d %H:%M").to_string();
    if at.timestamp() % 60 == 0 { short } else { local.format("%a %Y-%m-%d %H:%M:%S").to_string() }
}

fn named<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn situation(case: &Case, world: &World) -> String {
    let mut notes: Vec<String> = Vec::new();
    let head = match &case.state {
        State::Collecting { missing, .. } => {
            let flags: Vec<&str> = missing.iter().map(|f| f.flag()).collect();
            notes.push(format!("missing: {}", flags.join(" ")));
            "collecting".to_owned()
        }
        State::Drafted { mail, .. } => format!("drafted {}", mail.purpose.name()),
        State::Sending { purpose, attempt, failures, .. } => {
            if *failures > 0 {
                notes.push(format!("failed {failures} times"));
            }
            match attempt {
                Attempt::Waiting => {}
                Attempt::InFlight => notes.push("being handed over".to_owned()),
                Attempt::InFlightWithdrawn => notes.push("being handed over, withdrawn".to_owned()),
            }
            format!("sending {}", purpose.name())
        }
        State::AwaitingReply { .. } => "awaiting_reply".to_owned(),
        State::NeedsYou { question, clock, answer, .. } => {
            if let Some(ms) = clock.remaining_ms {
                notes.push(format!("{} kept", length(ms)));
            }
            if answer.is_some() {
                notes.push("an answer waits for approval".to_owned());
            }
            format!("needs_you: {}", named(question))
        }
        State::Confirmed { effective_date, evidence, .. } => {
            notes.push(proof(evidence));
            format!("confirmed for {effective_date}")
        }
        State::Done { evidence, effective_date, .. } => {
            notes.extend(effective_date.map(|d| format!("ended {d}")));
            notes.push(proof(evidence));
            "done".to_owned()
        }
        State::Closed { resolution, .. } => format!("closed: {}", named(resolution)),
    };
    if !matches!(case.state, State::Closed { .. } | State::Done { .. }) {
        notes.extend(so_far(case.state.progress(), case));
    }
    if let Some(hold) = &case.hold {
        notes.push(format!("on hold until {} by the {}", time(world, hold.until), named(&hold.by)));
    }
    if notes.is_empty() { head } else { format!("{head} ({})", notes.join("; ")) }
}

fn so_far(progress: &Progress, case: &Case) -> Vec<String> {
    let mut notes = Vec::new();
    if progress.follow_ups_sent > 0 {
        notes.push(format!("{} follow-ups sent", progress.follow_ups_sent));
    }
    if progress.acknowledged_at.is_some() {
        notes.push("acknowledged".to_owned());
    }
    notes.extend(case.tickets.last().map(|t| format!("ticket {t}")));
    notes.extend(progress.promised.map(|d| format!("promised for {d}")));
    notes
}

fn proof(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Mail { .. } => "proof: a mail".to_owned(),
        Evidence::Holder { message: Some(_) } => "proof: the holder's word about a mail".to_owned(),
        Evidence::Holder { message: None } => "proof: the holder's word".to_owned(),
    }
}

fn length(ms: i64) -> String {
    let minutes = ms / 60_000;
    format!("{} days {:02}:{:02}", minutes / 1_440, minutes / 60 % 24, minutes % 60)
}

fn number(case: &Case, id: &MessageId) -> usize {
    case.mails.iter().position(|m| m.message_id == *id).unwrap() + 1
}

fn order(effect: &Effect, world: &World, now: Timestamp) -> String {
    let case = &world.case;
    let when = |at: Timestamp| if at > now { format!(", not before {}", time(world, at)) } else { String::new() };
    match effect {
        Effect::Submit { mail } => {
            let (n, name) = (number(case, &mail.message_id), mail.purpose.name());
            let body = mail.body.replace('\n', " / ");
            format!("submit mail {n} ({name}) to {}{}: {body}", mail.to, when(mail.not_before))
        }
        Effect::Resubmit { mail, not_before } => format!("try mail {} again{}", number(case, mail), when(*not_before)),
        Effect::CancelSubmit { mail } => format!("take back mail {}", number(case, mail)),
        Effect::DeleteDocuments { digests } => format!("delete {} documents", digests.len()),
        Effect::Nudge { nudge } => match nudge.facts.get("reason").filter(|reason| !reason.contains("dmarc")) {
            Some(reason) => format!("nudge: {}, {reason}", nudge.kind.name()),
            None => format!("nudge: {}", nudge.kind.name()),
        },
    }
}
