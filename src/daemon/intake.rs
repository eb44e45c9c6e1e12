//! From a stored message to its case: parse, match, authenticate, classify, apply. Called by the daemon for
//! new mail and by `odjava resolve --file` and `--trust` for mail the holder vouches for. Where the signatures of a mail
//! must be looked at, or another reader is asked about it, that is done between two transactions.

use super::{Parts, opinion, verify};
use crate::domain::address::MessageId;
use crate::domain::decide;
use crate::domain::effect::NudgeKind;
use crate::domain::event::{Event, ResolveAct};
use crate::domain::reply::proof::{Inquiry, Proof};
use crate::domain::reply::second_opinion::{self, SecondOpinion};
use crate::domain::reply::{self, Authenticity, CaseDirectory, MatchBasis, MessageKey, Reading};
use crate::engine::EngineError;
use crate::mail::parse;
use crate::store::{CaseId, InboxRow, InboxStatus, Store, StoreError, Tx};
use chrono::TimeDelta;
use futures_util::future::join_all;
use std::collections::BTreeMap;

/// Messages read per turn of the store's thread: others want it too.
const BATCH: u32 = 5;
/// Tries to read one message.
const TRIES_MAX: u32 = 3;

/// How long a message waits for DNS before it is judged without.
const WAIT_MAX: TimeDelta = TimeDelta::hours(24);
/// First wait, doubled each time up to the longest.
const WAIT_FIRST: TimeDelta = TimeDelta::minutes(1);
const WAIT_LONGEST: TimeDelta = TimeDelta::hours(2);

/// How long an answer is waited for when the daemon is to stop.
const LAST_ANSWER: std::time::Duration = std::time::Duration::from_secs(5);

/// What must be asked before a message can be applied.
enum Question {
    /// DNS: what its signatures prove.
    Proof(Inquiry),
    /// Another reader: what this text says.
    Opinion(String),
}

/// What was answered.
enum Answer {
    /// Kept; the message is read anew with it.
    Proof(Proof),
    /// Perhaps nothing; the message is applied.
    Opinion(Option<SecondOpinion>),
}

/// A message with what must be asked first.
struct Pending {
    row: InboxRow,
    question: Question,
}

/// What one turn came to.
#[derive(Default)]
struct Turn {
    /// Messages that were taken up.
    count: usize,
    /// Those of them that must be asked about first.
    pending: Vec<Pending>,
}

/// What another reader says of a message.
enum Second {
    /// It was not asked.
    NotAsked,
    /// It was; it may have said nothing.
    Asked(Option<SecondOpinion>),
}

/// Reads all stored messages that were not read yet, each in its own transaction; looks at their signatures and asks
/// another reader where that is needed.
///
/// # Errors
/// [`EngineError::Store`] when the store fails. A message that cannot be read is tried three times and
/// then set aside and shown; it never stops the others.
pub async fn read_new(parts: &Parts) -> Result<usize, EngineError> {
    let mut count = 0;
    loop {
        match turn(parts).await? {
            0 => return Ok(count),
            read => count += read,
        }
    }
}

/// Reads a few messages; returns how many were taken up.
async fn turn(parts: &Parts) -> Result<usize, EngineError> {
    let mine = parts.clone();
    let turn = parts.store.read(move |store| read_some(&mine, store)).await?;
    // No network inside a transaction: those are over, and others keep or apply what is found.
    let asked = turn.pending.into_iter().map(|p| async move { (answer(parts, &p.row, p.question).await, p.row) });
    let answered = join_all(asked).await;
    if !answered.is_empty() {
        let mine = parts.clone();
        parts.store.read(move |store: &mut Store| take_answers(&mine, store, answered)).await?;
    }
    Ok(turn.count)
}

/// Asks DNS or another reader.
async fn answer(parts: &Parts, row: &InboxRow, question: Question) -> Answer {
    match question {
        Question::Proof(inquiry) => Answer::Proof(match &parts.resolver {
            Some(resolver) => verify::verify(resolver, &row.raw, &inquiry, row.received_at).await,
            None => Proof::impossible("its signatures are not tested"),
        }),
        Question::Opinion(text) => Answer::Opinion(match &parts.config.reader {
            Some(reader) => opinion::ask(reader, &text).await,
            None => None,
        }),
    }
}

fn take_answers(parts: &Parts, store: &mut Store, answered: Vec<(Answer, InboxRow)>) -> Result<(), EngineError> {
    let now = parts.clock.now();
    for (answer, row) in answered {
        match answer {
            Answer::Proof(proof) => store.transaction(|tx| keep(tx, &row, &proof, now))?,
            Answer::Opinion(said) => take_up(parts, store, &row, Second::Asked(said)).map(drop)?,
        }
    }
    Ok(())
}

/// Keeps what was found. What DNS left open is asked again later, for a day; then the message is read as it stands.
fn keep(tx: &Tx<'_>, row: &InboxRow, proof: &Proof, now: crate::domain::Timestamp) -> Result<(), EngineError> {
    let wait = (WAIT_FIRST * 2i32.pow(row.looks.min(10))).min(WAIT_LONGEST);
    if proof.is_open() && now - row.stored_at < WAIT_MAX {
        tracing::warn!(message = row.key.0, "DNS gave no answer for the signature of message {}", row.key.0);
        return Ok(tx.read_later(row.key, now + wait)?);
    }
    Ok(tx.keep_proof(row.key, proof)?)
}

/// Reads a few messages that nobody need be asked about; returns the others.
fn read_some(parts: &Parts, store: &mut Store) -> Result<Turn, EngineError> {
    let now = parts.clock.now();
    let rows = store.read(|tx| tx.new_messages(now, BATCH))?;
    let mut turn = Turn { count: rows.len(), pending: Vec::new() };
    for row in rows {
        if store.transaction(|tx| tx.reading_begins(row.key))? >= TRIES_MAX {
            give_up(parts, store, &row)?;
            continue;
        }
        super::fault::point("before_reading");
        // The try stays counted until something is found: a mail that ends the process when it is looked at must not
        // do so for ever.
        if let Some(question) = take_up(parts, store, &row, Second::NotAsked)? {
            turn.pending.push(Pending { row, question });
        }
    }
    Ok(turn)
}

/// Applies a message in a transaction, or returns what must be asked first.
fn take_up(parts: &Parts, store: &mut Store, row: &InboxRow, second: Second) -> Result<Option<Question>, EngineError> {
    match store.transaction(|tx| take_in(parts, tx, row, second)) {
        Ok(question) => Ok(question),
        Err(EngineError::Store(error)) if !matches!(error, StoreError::Corrupt { .. }) => {
            // Not the message's fault. Should this fail too, it is shown to the holder sooner, no worse.
            let _ = store.transaction(|tx| tx.reading_put_back(row.key));
            Err(error.into())
        }
        Err(error) => {
            tracing::error!(message = row.key.0, %error, "a message could not be applied");
            Ok(None)
        }
    }
}

/// Sets a message aside and tells the holder. What stands in the way of telling (the account left the config,
/// say) must not stop the mail of others.
fn give_up(parts: &Parts, store: &mut Store, row: &InboxRow) -> Result<(), EngineError> {
    store.transaction(|tx| tx.set_aside(row.key))?;
    let facts = BTreeMap::from([("message".to_owned(), row.key.0.to_string())]);
    let cause = format!("unmatched {}", row.key.0);
    let told =
        store.transaction(|tx| parts.engine().nudge_account(tx, &row.account, NudgeKind::Unmatched, &cause, &facts));
    if let Err(error) = told {
        tracing::error!(message = row.key.0, %error, "a message was set aside and the holder could not be told");
    }
    Ok(())
}

/// Reads one message: who it is from and what it says.
fn read(parts: &Parts, tx: &Tx<'_>, row: &InboxRow) -> Result<Reading, EngineError> {
    let mut message = parse::parse(&row.raw, row.truncated);
    message.proof.clone_from(&row.proof);
    let mut reading = reply::read(&message, tx, &parts.trust_of(&row.account), &parts.lexicon, parts.clock.now())?;
    reading.reply.message = row.key;
    reading.reply.received_at = row.received_at;
    if row.truncated {
        // What was not fetched may say the opposite; a person looks at it.
        reading.reply.certain = false;
    }
    Ok(reading)
}

/// Applies a message, or says what must be asked first; then nothing is changed.
fn take_in(parts: &Parts, tx: &Tx<'_>, row: &InboxRow, second: Second) -> Result<Option<Question>, EngineError> {
    let mut reading = read(parts, tx, row)?;
    if let Some(inquiry) = reading.inquiry.take().filter(|_| !row.in_sent && parts.resolver.is_some()) {
        return Ok(Some(Question::Proof(inquiry)));
    }
    let question = second_opinion::question(&reading).filter(|_| parts.config.reader.is_some() && !row.in_sent);
    match (question, second) {
        (Some(text), Second::NotAsked) => return Ok(Some(Question::Opinion(text))),
        (Some(_), Second::Asked(Some(said))) => reading.reply.hear(said),
        _ => {}
    }
    apply(parts, tx, row, reading).map(|()| None)
}

fn apply(parts: &Parts, tx: &Tx<'_>, row: &InboxRow, reading: Reading) -> Result<(), EngineError> {
    let summary = summary(&reading);
    // In the Sent folder lies what the holder wrote, under whatever address.
    if reading.ours || row.in_sent {
        note_own_answer(parts, tx, row)?;
        return Ok(tx.settle_message(row.key, InboxStatus::Ignored, None, &summary)?);
    }
    let Some((known, _)) = &reading.matched else {
        return unmatched(parts, tx, row, &reading, &summary);
    };
    let case = tx
        .case_by_reference(&known.reference)?
        .ok_or_else(|| EngineError::Rules("a matched case is gone".to_owned()))?;
    if case.case.account != row.account {
        // Each account trusts its own server only; what came through another one is shown, not believed.
        return unmatched(parts, tx, row, &reading, &summary);
    }
    tx.settle_message(row.key, InboxStatus::Applied, Some(case.id), &summary)?;
    parts.engine().apply(tx, case.id, &Event::ReplyReceived { reply: reading.reply }).map(drop)
}

/// What is kept of a reading beside the message, for `show`. No word of the message beyond the evidence.
fn summary(reading: &Reading) -> String {
    serde_json::json!({
        "kind": reading.reply.kind,
        "authenticity": reading.reply.authenticity,
        "reason": reading.reply.authenticity_reason,
        "basis": reading.matched.as_ref().map(|(_, basis)| basis.name()),
        "subject": reading.reply.subject,
        "from_domain": reading.reply.from_domain,
        "language": reading.language,
        "guesses": reading.guesses,
        "opinion": reading.reply.opinion,
    })
    .to_string()
}

/// Whether a mail is from the very address that a request went to: at a public mailbox host the domain alone
/// says nothing.
fn from_asked_address(tx: &Tx<'_>, row: &InboxRow) -> Result<bool, EngineError> {
    let message = parse::parse(&row.raw, row.truncated);
    match message.sole_author().and_then(|a| a.address.as_ref()) {
        Some(address) => Ok(tx.knows_address(address.as_str())?),
        None => Ok(false),
    }
}

/// Mail of nobody's case: shown to the holder once if it may concern one, else left alone.
fn unmatched(parts: &Parts, tx: &Tx<'_>, row: &InboxRow, reading: &Reading, summary: &str) -> Result<(), EngineError> {
    let concerns = reading.matched.is_some()
        || !reading.guesses.is_empty()
        || tx.knows_domain(&reading.reply.from_domain)?
        || from_asked_address(tx, row)?;
    if !concerns {
        return Ok(tx.settle_message(row.key, InboxStatus::Ignored, None, summary)?);
    }
    tx.settle_message(row.key, InboxStatus::Unmatched, None, summary)?;
    if matches!(reading.reply.kind, reply::Kind::Unrelated | reply::Kind::Billing) {
        // A newsletter, most likely: listed among the unfiled, and nobody is woken for it.
        return Ok(());
    }
    let guesses: Vec<&str> = reading.guesses.iter().map(|r| r.as_str()).collect();
    let facts = BTreeMap::from([
        ("message".to_owned(), row.key.0.to_string()),
        ("subject".to_owned(), reading.reply.subject.clone()),
        ("from_domain".to_owned(), reading.reply.from_domain.clone()),
        ("list".to_owned(), guesses.join(", ")),
    ]);
    let cause = format!("unmatched {}", row.key.0);
    parts.engine().nudge_account(tx, &row.account, NudgeKind::Unmatched, &cause, &facts)?;
    Ok(())
}

/// The holder answered the carrier from the mailbox itself: the question is no longer open. Only mail in
/// the Sent folder counts, where nobody but the holder can put it.
fn note_own_answer(parts: &Parts, tx: &Tx<'_>, row: &InboxRow) -> Result<(), EngineError> {
    let message = parse::parse(&row.raw, row.truncated);
    let ours = message.message_id.as_ref().map(|id| tx.is_ours(id)).transpose()?.unwrap_or(false);
    if ours || !row.in_sent {
        return Ok(());
    }
    let ids: Vec<&MessageId> = message.in_reply_to.iter().chain(&message.references).collect();
    for id in ids {
        let Some(known) = tx.by_message_id(id)? else { continue };
        let Some(case) = tx.case_by_reference(&known.reference)? else { continue };
        let own_account = case.case.account == row.account;
        if own_account && decide::own_mail_answers(&case.case, &message.recipients, &known.carrier_domains) {
            parts.engine().apply(tx, case.id, &Event::Resolved { act: ResolveAct::Answered })?;
        }
        return Ok(());
    }
    Ok(())
}

/// Reads a stored message once more for a case, on the holder's word: `vouched` says that it really is
/// the carrier's.
///
/// # Errors
/// [`EngineError::Rules`] when there is no such message, or it belongs to another case.
pub fn reread(parts: &Parts, tx: &Tx<'_>, key: MessageKey, case: CaseId, vouched: bool) -> Result<(), EngineError> {
    let row = tx.message(key)?.ok_or_else(|| EngineError::Rules(format!("there is no message {}", key.0)))?;
    let target = tx.case(case)?;
    if row.account != target.case.account || row.case.is_some_and(|c| c != case) {
        return Err(EngineError::Rules(format!("message {} belongs to another case", key.0)));
    }
    let mut reading = read(parts, tx, &row)?;
    let matched = reading.matched.as_ref().is_some_and(|(known, _)| known.reference == target.case.reference);
    if !matched {
        reading.reply.basis = MatchBasis::Holder;
    }
    if vouched {
        reading.reply.authenticity = Authenticity::Vouched;
        "you vouched for it".clone_into(&mut reading.reply.authenticity_reason);
    }
    tx.settle_message(key, InboxStatus::Applied, Some(case), &summary(&reading))?;
    if !matched && row.case.is_none() {
        parts.engine().apply(tx, case, &Event::Resolved { act: ResolveAct::Filed { message: key } })?;
    }
    parts.engine().apply(tx, case, &Event::ReplyReceived { reply: reading.reply }).map(drop)
}

/// The task: reads what is stored, then waits for more.
pub(super) async fn run(parts: Parts, mut stop: super::Stop) {
    let mut changes = parts.store.changes();
    loop {
        changes.borrow_and_update();
        let mut turning = std::pin::pin!(turn(&parts));
        let done = tokio::select! {
            done = &mut turning => done,
            // Whoever is being asked is not waited for long: the message is read at the next start.
            () = stop.asked() => match tokio::time::timeout(LAST_ANSWER, turning).await {
                Ok(done) => done,
                Err(_) => return,
            },
        };
        let wait = match done {
            Ok(0) => next_reading(&parts).await,
            Ok(_) => {
                parts.store.note_change();
                if stop.is_asked() {
                    return;
                }
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "new mail could not be read; trying again");
                super::AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stop.asked() => return,
            () = tokio::time::sleep(wait) => {}
            _ = changes.changed() => {}
        }
    }
}

/// Time until a message that waits for DNS is to be read.
async fn next_reading(parts: &Parts) -> std::time::Duration {
    match parts.store.read(|store: &mut Store| store.read(|tx| tx.next_reading_at())).await {
        Ok(next) => next.map_or(super::LONG, |at| super::until(at, parts.clock.now())),
        Err(_) => super::AFTER_FAILURE,
    }
}
