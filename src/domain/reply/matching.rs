//! Which case a message belongs to, and on what basis (DESIGN §4, rungs 1 to 5). The first rung that names one case
//! wins; a rung that names two decides nothing and leaves guesses.

use super::message::InboundMessage;
use super::normalize::{Text, TokenKind};
use super::{CaseDirectory, KnownCase, MatchBasis, Trust, numbers};
use crate::domain::address::Reference;

/// References of one text that are looked up.
const REFERENCES_MAX: usize = 40;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Matched {
    /// The case, with its rung.
    pub case: Option<(KnownCase, MatchBasis)>,
    /// Cases that it may belong to, when none or two were found.
    pub guesses: Vec<Reference>,
    /// Cases whose carrier may send from the From domain.
    pub of_domain: Vec<KnownCase>,
}

/// Whether the message is one of ours: written by the holder, or by odjava under one of its ids.
///
/// # Errors
/// When a look-up fails.
pub fn is_ours<D: CaseDirectory>(message: &InboundMessage, directory: &D, trust: &Trust) -> Result<bool, D::Error> {
    let own = |a: &crate::domain::address::Address| trust.own_addresses.iter().any(|o| o.same_mailbox(a));
    if !message.from.is_empty() && message.from.iter().all(|f| f.address.as_ref().is_some_and(own)) {
        return Ok(true);
    }
    message.message_id.as_ref().map_or(Ok(false), |id| Ok(directory.by_message_id(id)?.is_some()))
}

/// Finds the case. `whole` gives the whole text, quotes included; only the last rung needs it.
///
/// # Errors
/// When a look-up fails.
pub fn find<D: CaseDirectory>(
    message: &InboundMessage,
    whole: &dyn Fn() -> Text,
    directory: &D,
) -> Result<Matched, D::Error> {
    let mut out = Matched { of_domain: directory.by_domain(message.from_domain())?, ..Matched::default() };
    let rungs = [MatchBasis::ReplyTag, MatchBasis::Thread, MatchBasis::Reference, MatchBasis::Ticket, MatchBasis::Line];
    for basis in rungs {
        let cases = match basis {
            MatchBasis::ReplyTag => by_reply_tag(message, directory)?,
            MatchBasis::Thread => by_thread(message, directory)?,
            MatchBasis::Reference => by_reference(message, directory)?,
            MatchBasis::Ticket => by_ticket(message, &out.of_domain),
            MatchBasis::Line if out.of_domain.iter().any(|c| c.open) => by_line(message, &whole(), &out.of_domain),
            MatchBasis::Line | MatchBasis::Holder => Vec::new(),
        };
        match cases.as_slice() {
            [] => {}
            [case] => {
                out.case = Some((case.clone(), basis));
                out.guesses.clear();
                return Ok(out);
            }
            several => {
                out.guesses = several.iter().map(|c| c.reference.clone()).collect();
                return Ok(out);
            }
        }
    }
    out.guesses = out.of_domain.iter().filter(|c| c.open).map(|c| c.reference.clone()).take(5).collect();
    Ok(out)
}

fn add(list: &mut Vec<KnownCase>, case: Option<KnownCase>) {
    if let Some(case) = case.filter(|c| list.iter().all(|l| l.reference != c.reference)) {
        list.push(case);
    }
}

/// Rung 1: `local+od-7q2m-<16 hex digits>@…` among the recipients, its hash checked.
fn by_reply_tag<D: CaseDirectory>(message: &InboundMessage, directory: &D) -> Result<Vec<KnownCase>, D::Error> {
    let mut out = Vec::new();
    for recipient in &message.recipients {
        let Some((_, detail)) = recipient.local_part().split_once('+') else { continue };
        let detail = detail.to_ascii_lowercase();
        let Some(reference) = detail.strip_prefix("od-").and_then(|d| d.split('-').next()).and_then(Reference::parse)
        else {
            continue;
        };
        let case = directory.by_reference(&reference)?;
        add(&mut out, case.filter(|c| c.reply_tag.as_deref() == Some(detail.as_str())));
    }
    Ok(out)
}

/// Rung 2: an id of ours in In-Reply-To or References, or the id of the mail that bounced.
fn by_thread<D: CaseDirectory>(message: &InboundMessage, directory: &D) -> Result<Vec<KnownCase>, D::Error> {
    let mut out = Vec::new();
    let returned = message.report.iter().filter_map(|b| b.original.as_ref());
    for id in returned.chain(&message.in_reply_to).chain(message.references.iter().rev()) {
        add(&mut out, directory.by_message_id(id)?);
    }
    Ok(out)
}

/// Rung 3: `[7Q2M]`, `ref. 7Q2M` or the bare reference in capitals, in the subject or anywhere in the text.
fn by_reference<D: CaseDirectory>(message: &InboundMessage, directory: &D) -> Result<Vec<KnownCase>, D::Error> {
    let mut out = Vec::new();
    let mut looked_up: Vec<Reference> = Vec::new();
    for word in message.subject.split_whitespace().chain(message.text.split_whitespace().take(20_000)) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let shaped = (Reference::LENGTH_MIN..=10).contains(&bare.len())
            && bare.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
            && bare.bytes().any(|b| b.is_ascii_digit());
        let Some(reference) = shaped.then(|| Reference::parse(bare)).flatten().filter(|r| r.as_str() == bare) else {
            continue;
        };
        if looked_up.contains(&reference) {
            continue;
        }
        if looked_up.len() >= REFERENCES_MAX {
            break;
        }
        add(&mut out, directory.by_reference(&reference)?);
        looked_up.push(reference);
    }
    Ok(out)
}

/// Rung 4: a ticket number that this carrier gave before.
fn by_ticket(message: &InboundMessage, of_domain: &[KnownCase]) -> Vec<KnownCase> {
    let mut out = Vec::new();
    for case in of_domain {
        let named =
            case.tickets.iter().any(|t| numbers::mentions(&message.subject, t) || numbers::mentions(&message.text, t));
        add(&mut out, named.then(|| case.clone()));
    }
    out
}

/// Rung 5: the line, customer or order number of exactly one open case of this carrier.
fn by_line(message: &InboundMessage, whole: &Text, of_domain: &[KnownCase]) -> Vec<KnownCase> {
    let subject = digits_of(&message.subject);
    let phones: Vec<&str> = whole
        .tokens
        .iter()
        .filter(|t| matches!(t.kind, TokenKind::Phone | TokenKind::Number) && t.text.len() >= 7)
        .map(|t| t.text.as_str())
        .chain(subject.iter().map(String::as_str))
        .take(200)
        .collect();
    let mut out = Vec::new();
    for case in of_domain.iter().filter(|c| c.open) {
        let line = &case.line;
        let own_numbers = [&line.customer_number, &line.contract_number, &line.order_number];
        let named = phones.iter().any(|p| numbers::is_of_line(p, line))
            || own_numbers
                .into_iter()
                .flatten()
                .any(|n| numbers::mentions(&message.subject, n) || numbers::mentions(&message.text, n));
        add(&mut out, named.then(|| case.clone()));
    }
    out
}

/// Runs of at least seven digits in a subject, the usual separators skipped.
fn digits_of(subject: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut run = String::new();
    for c in subject.chars().chain(std::iter::once('x')) {
        match c {
            c if c.is_ascii_digit() => run.push(c),
            ' ' | '-' | '/' | '.' | '(' | ')' | '+' => {}
            _ => {
                if run.len() >= 7 {
                    out.push(std::mem::take(&mut run));
                }
                run.clear();
            }
        }
    }
    out
}
