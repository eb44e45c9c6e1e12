//! A case as JSON: the fields that scripts rely on. Derived only; nothing is decided here.

use super::cautions;
use super::desk::Desk;
use super::timeline;
use crate::domain::case::{Attachment, Case, State};
use crate::domain::decide::{self, serde_name};
use crate::domain::identity::masked;
use crate::domain::{Date, Timestamp};
use crate::engine::{Engine, EngineError};
use crate::store::{CaseRow, OutboxStatus, Tx};
use serde::Serialize;
use serde_json::{Value, json};

/// What `list --json` prints of a case, and `show --json` begins with.
#[derive(Debug, Serialize)]
pub(super) struct CaseView {
    reference: String,
    carrier: String,
    carrier_name: String,
    state: &'static str,
    question: Option<String>,
    account: String,
    holder_name: String,
    msisdn: Option<String>,
    iccid: Option<String>,
    eid: Option<String>,
    customer_number: Option<String>,
    contract_number: Option<String>,
    order_number: Option<String>,
    also_named: Vec<String>,
    // Nobody needs these in full from here: what is sent shows them.
    jmbg: Option<String>,
    passport_number: Option<String>,
    postal_address: Option<String>,
    contract_date: Option<Date>,
    to: Option<String>,
    fall_backs: Vec<String>,
    missing: Vec<&'static str>,
    letter_language: String,
    opened_at: Timestamp,
    updated_at: Timestamp,
    requested_at: Option<Timestamp>,
    last_sent_at: Option<Timestamp>,
    last_sign_at: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
    promised: Option<Date>,
    follow_ups_sent: u8,
    ticket: Option<String>,
    effective_date: Option<Date>,
    hold_until: Option<Timestamp>,
    resolution: Option<String>,
    asked_in: Option<i64>,
    next_action_at: Option<Timestamp>,
    yours: bool,
}

/// The fields of one case.
pub(super) fn case_view(tx: &Tx<'_>, row: &CaseRow) -> Result<CaseView, EngineError> {
    let case = &row.case;
    let progress = case.state.progress();
    let line = &case.line;
    Ok(CaseView {
        reference: case.reference.to_string(),
        carrier: case.carrier.clone(),
        carrier_name: case.carrier_name.clone(),
        state: case.state.name(),
        question: case.question().map(|q| serde_name(&q)),
        account: case.account.clone(),
        holder_name: case.holder_name.clone(),
        msisdn: line.msisdn.as_ref().map(ToString::to_string),
        iccid: line.iccid.as_ref().map(ToString::to_string),
        eid: line.eid.as_ref().map(ToString::to_string),
        customer_number: line.customer_number.as_ref().map(ToString::to_string),
        contract_number: line.contract_number.as_ref().map(ToString::to_string),
        order_number: line.order_number.as_ref().map(ToString::to_string),
        also_named: line.also_named.iter().map(ToString::to_string).collect(),
        jmbg: line.jmbg.as_deref().map(masked),
        passport_number: line.passport_number.as_deref().map(masked),
        postal_address: line.postal_address.as_deref().map(masked),
        contract_date: line.contract_date,
        to: case.to().map(ToString::to_string),
        fall_backs: case.recipients.iter().skip(case.recipient + 1).map(ToString::to_string).collect(),
        missing: match &case.state {
            State::Collecting { missing, .. } => missing.iter().map(|f| f.flag()).collect(),
            _ => Vec::new(),
        },
        letter_language: case.letter_language.clone(),
        opened_at: case.opened_at,
        updated_at: row.updated_at,
        requested_at: progress.requested_at,
        last_sent_at: progress.last_sent_at,
        last_sign_at: progress.last_sign_at,
        acknowledged_at: progress.acknowledged_at,
        promised: progress.promised,
        follow_ups_sent: progress.follow_ups_sent,
        ticket: case.tickets.last().cloned(),
        effective_date: case.effective_date(),
        hold_until: case.hold.as_ref().map(|h| h.until),
        resolution: match &case.state {
            State::Closed { resolution, .. } => Some(serde_name(resolution)),
            _ => None,
        },
        asked_in: match &case.state {
            State::NeedsYou { asked_in, .. } => asked_in.map(|m| m.0),
            _ => None,
        },
        next_action_at: next_action_at(tx, case)?,
        yours: is_yours(case),
    })
}

/// Whether the ball is with the holder.
pub(super) fn is_yours(case: &Case) -> bool {
    matches!(case.state, State::Collecting { .. } | State::Drafted { .. } | State::NeedsYou { .. })
}

/// When odjava does something next by itself: the earliest alarm, or when the owed mail leaves.
pub(super) fn next_action_at(tx: &Tx<'_>, case: &Case) -> Result<Option<Timestamp>, EngineError> {
    if let State::Sending { mail, .. } = &case.state {
        let row = tx.mail_by_id(mail)?;
        return Ok(row.filter(|r| r.status == OutboxStatus::Queued).map(|r| r.not_before));
    }
    Ok(case.timers().into_iter().map(|(_, at)| at).min())
}

/// The text that waits for approval, with all that the approval covers.
fn draft_view(engine: &Engine<'_>, case: &Case) -> Result<Option<Value>, EngineError> {
    let Some(mail) = decide::awaiting_approval(case) else { return Ok(None) };
    let policy = engine.rules.policy(case)?;
    let covers: Vec<Value> = decide::covered_letters(case, mail, &policy)
        .into_iter()
        .flat_map(|l| [("follow_up_1", &l.follow_up_1), ("follow_up_2", &l.follow_up_2), ("notice", &l.notice)])
        .zip([policy.follow_up_after, policy.second_after, policy.notice_after])
        .map(|((purpose, letter), after)| {
            json!({"purpose": purpose, "subject": letter.subject, "body": letter.body,
                   "reading_aid": letter.reading_aid, "after_silence_of": after})
        })
        .collect();
    Ok(Some(json!({
        "digest": decide::approval_digest(case, mail, &policy),
        "purpose": mail.purpose,
        "from": policy.from,
        "to": case.to(),
        "subject": mail.letter.subject,
        "body": mail.letter.body,
        "reading_aid": mail.letter.reading_aid,
        "kept_back": kept_back(case, mail).iter().map(attachment_view).collect::<Vec<_>>(),
        "attachments": mail.attachments.iter().map(attachment_view).collect::<Vec<_>>(),
        "in_reply_to": mail.in_reply_to,
        "covers": covers,
    })))
}

/// Documents that lie ready and do not go with this mail.
fn kept_back<'c>(case: &'c Case, mail: &crate::domain::case::Outgoing) -> &'c [Attachment] {
    if mail.attachments.is_empty() { &case.attachments } else { &[] }
}

fn attachment_view(attachment: &Attachment) -> Value {
    json!({"file_name": attachment.file_name, "media_type": attachment.media_type, "size": attachment.size})
}

/// What the carrier's record says to read before a letter is approved; nothing once there is none to approve.
pub(super) fn cautions(desk: &Desk, case: &Case) -> Vec<String> {
    if !matches!(case.state, State::Collecting { .. } | State::Drafted { .. }) {
        return Vec::new();
    }
    let profile = desk.rules.directory.get(&case.carrier);
    let Some(profile) = profile else { return Vec::new() };
    let mut out = cautions::of(profile, desk.clock.now().date_naive(), case.to());
    if case.to().is_some() {
        let written = |language: &str| desk.rules.letter_language(language);
        out.extend(cautions::of_language(profile, &case.letter_language, written));
    }
    out
}

/// What `show --json` and every act print: the case with its timeline and its messages.
pub(super) fn full_view(desk: &mut Desk, row: &CaseRow) -> anyhow::Result<Value> {
    let cautions = cautions(desk, &row.case);
    let (engine, _, store) = desk.parts();
    store.read(|tx| {
        let mut value = serde_json::to_value(case_view(tx, row)?)?;
        let told = timeline::of_case(tx, row)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("draft".to_owned(), serde_json::to_value(draft_view(&engine, &row.case)?)?);
            fields.insert("cautions".to_owned(), json!(cautions));
            fields.insert("timeline".to_owned(), serde_json::to_value(&told)?);
            fields.insert("messages".to_owned(), serde_json::to_value(timeline::messages(tx, row)?)?);
        }
        Ok(value)
    })
}
