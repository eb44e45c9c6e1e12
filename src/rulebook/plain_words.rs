//! A nudge in plain English, for when its template fails: one without style is better than none. Called by
//! the rulebook alone.

use crate::config::account::Account;
use crate::domain::case::Case;
use crate::domain::effect::NudgeKind;
use crate::engine::NudgeFacts;
use std::fmt::Write;

/// Subject and body of a nudge.
pub(super) fn nudge(facts: &NudgeFacts<'_>, account: &Account) -> (String, String) {
    let what = sentence(facts.kind);
    let subject = match facts.case {
        Some(case) => format!("[{}] {}: {what}", case.reference, case.carrier_name),
        None => format!("odjava, {}: {what}", account.name),
    };
    let mut body = format!("{what}.\n");
    if let Some(case) = facts.case {
        let _ = write!(body, "\nCase {}: {} at {}.\n", case.reference, case.line.label_masked(), case.carrier_name);
    }
    let told = facts.facts.iter().filter(|(name, _)| name.as_str() != "text");
    for (i, (name, value)) in told.enumerate() {
        let _ = writeln!(body, "{}{}: {value}", if i == 0 { "\n" } else { "" }, name.replace('_', " "));
    }
    if let Some(text) = facts.facts.get("text") {
        let _ = write!(body, "\n{}\n", indented(text));
    }
    for command in commands(facts.kind, facts.case) {
        let _ = write!(body, "\n    {command}");
    }
    body.push('\n');
    (subject.chars().take(300).collect(), body)
}

fn indented(text: &str) -> String {
    text.lines().map(|l| if l.is_empty() { String::new() } else { format!("    {l}") }).collect::<Vec<_>>().join("\n")
}

fn sentence(kind: NudgeKind) -> &'static str {
    match kind {
        NudgeKind::FactsMissing => "Something is missing before the request can be written",
        NudgeKind::DraftReady => "A letter waits for your approval",
        NudgeKind::Sent => "Your letter has left",
        NudgeKind::NoSign => "No sign of receipt yet",
        NudgeKind::FollowedUp => "A reminder has left",
        NudgeKind::NeedsYou => "It is your turn",
        NudgeKind::Unproven => "A message that is not proven to be the carrier's; nothing was changed",
        NudgeKind::Confirmed => "The carrier has confirmed the end of the contract",
        NudgeKind::Done => {
            "It is cancelled. Keep the carrier's mail, pay the last bill, remove the profile from the phone"
        }
        NudgeKind::DeviceCheck => {
            "Is the profile off your phone, and does the phone work without it? Delete the eSIM or take the card out"
        }
        NudgeKind::BillWatchOver => "No bill has come since the end; the watch is over",
        NudgeKind::SendProblem => "A letter could not be sent",
        NudgeKind::WatcherBlind => "Your inbox cannot be read; nobody is reminded until it can",
        NudgeKind::Unmatched => "A message that no case claims",
        NudgeKind::Digest => "Overview of your cases",
    }
}

fn commands(kind: NudgeKind, case: Option<&Case>) -> Vec<String> {
    let Some(case) = case else {
        return match kind {
            NudgeKind::WatcherBlind => vec!["odjava check".to_owned()],
            NudgeKind::Unmatched => {
                vec!["odjava list --unfiled".to_owned(), "odjava resolve REF --file MESSAGE".to_owned()]
            }
            _ => vec!["odjava list".to_owned()],
        };
    };
    let reference = &case.reference;
    match kind {
        NudgeKind::FactsMissing => vec![format!("odjava edit {reference}")],
        NudgeKind::DraftReady => vec![format!("odjava draft {reference}"), format!("odjava approve {reference}")],
        NudgeKind::Unproven => {
            vec![format!("odjava show {reference}"), format!("odjava resolve {reference} --trust MESSAGE")]
        }
        NudgeKind::NeedsYou => vec![
            format!("odjava show {reference}"),
            format!("odjava answer {reference} --text TEXT"),
            format!("odjava resolve {reference} --keep-waiting"),
        ],
        _ => vec![format!("odjava show {reference}")],
    }
}
