//! `odjava answer`: an answer to what the carrier asked, as a draft to approve.

use super::acts::read_text;
use super::arguments::{Answer, FactFlags};
use super::cases::print_case;
use super::desk::{Desk, Place, find};
use super::documents;
use super::facts::{Facts, listed};
use super::output::Output;
use crate::domain::address::MessageId;
use crate::domain::case::{Outgoing, Purpose, Question, State};
use crate::domain::document::{self, Occasion};
use crate::domain::draft::AnswerKind;
use crate::domain::event::Event;
use crate::domain::reply::MessageKey;
use crate::domain::schedule;
use crate::rulebook::LetterSubject;
use crate::store::{CaseRow, Tx};
use anyhow::bail;
use std::process::ExitCode;

/// Drafts an answer; `--approve` approves it at once.
pub(super) fn answer(place: &Place, what: &Answer, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    let text = match (&what.text, &what.text_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read_text(path)?,
        (None, None) => String::new(),
    };
    let mut row = draft(&mut desk, what, &text)?;
    if what.approve {
        let (engine, ..) = desk.parts();
        if let Some(digest) = engine.approval_digest(&row.case)? {
            row = desk.apply(&what.reference, &Event::DraftApproved { digest })?;
        }
    }
    print_case(&mut desk, &row, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the answer as a draft.
pub(super) fn draft(desk: &mut Desk, what: &Answer, text: &str) -> anyhow::Result<CaseRow> {
    let mut given = Facts { limits: desk.rules.config.documents.limits, ..Facts::default() };
    let flags = FactFlags { attach: what.attach.clone(), ..FactFlags::default() };
    if let Err(problems) = given.take(&flags, None) {
        bail!("{}", listed(&problems));
    }
    let (engine, rules, store) = desk.parts();
    store.transaction(|tx| {
        let row = find(tx, &what.reference)?;
        let case = &row.case;
        let question = case.question();
        let kind = match what.template.as_deref() {
            Some("document_enclosed") => AnswerKind::DocumentEnclosed,
            Some("payment_proof") => AnswerKind::PaymentProof,
            Some(_) => AnswerKind::Free,
            None if what.attach.is_empty() => AnswerKind::Free,
            None if question == Some(Question::Payment) => AnswerKind::PaymentProof,
            None => AnswerKind::DocumentEnclosed,
        };
        if kind == AnswerKind::Free && text.trim().is_empty() {
            bail!("say what to answer with --text TEXT or --text-file FILE, or enclose something with --attach FILE");
        }
        let carrier = rules.carrier(&case.carrier)?;
        let words = document::words(&Occasion {
            language: &case.letter_language,
            line: &case.line,
            carrier: &case.carrier_name,
            date: schedule::day_of(carrier.time_zone, engine.clock.now()),
        });
        let mut attachments = documents::stored(tx, &given.documents, &words)?;
        if attachments.is_empty() && kind == AnswerKind::DocumentEnclosed {
            // What was given with the facts lies ready for this.
            attachments.clone_from(&case.attachments);
        }
        let subject = LetterSubject {
            reference: &case.reference,
            account: rules.account(&case.account)?,
            carrier,
            carrier_name: &case.carrier_name,
            language: &case.letter_language,
            holder_name: &case.holder_name,
            line: &case.line,
            attachments: &attachments,
        };
        let mail = Outgoing {
            purpose: Purpose::Answer,
            letter: rules.answer(kind, &subject, text)?,
            in_reply_to: answered_message(tx, &row)?,
            attachments,
        };
        Ok(engine.apply(tx, row.id, &Event::AnswerDrafted { mail })?)
    })
}

/// The Message-ID of the message that asks, else of the carrier's last proven one.
fn answered_message(tx: &Tx<'_>, row: &CaseRow) -> anyhow::Result<Option<MessageId>> {
    let asked_in: Option<MessageKey> = match &row.case.state {
        State::NeedsYou { asked_in, .. } => *asked_in,
        _ => None,
    };
    let mut found = None;
    for line in tx.journal(row.id)? {
        let Some(Event::ReplyReceived { reply }) = line.event else { continue };
        match asked_in {
            Some(key) if reply.message == key => return Ok(reply.message_id),
            Some(_) => {}
            None if reply.authenticity.is_proven() => found = reply.message_id.or(found),
            None => {}
        }
    }
    Ok(found)
}
