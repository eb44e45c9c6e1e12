//! The whole way from a parsed mail to a [`Reply`]: ours? whose? authentic? what does it say?

use super::classify::{Circumstances, Classified, classify};
use super::lexicon::Lexicon;
use super::message::InboundMessage;
use super::normalize::{Text, tokenise};
use super::{
    Authenticity, CaseDirectory, Kind, KnownCase, MatchBasis, MessageKey, Reply, Trust, authenticity, matching,
    numbers, quoting,
};
use crate::domain::Timestamp;
use crate::domain::address::Reference;

/// A message, read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// It is the holder's or our own mail: it answers nothing.
    pub ours: bool,
    /// The case it belongs to, and the rung.
    pub matched: Option<(KnownCase, MatchBasis)>,
    /// Cases it may belong to, when no rung named one.
    pub guesses: Vec<Reference>,
    /// What it says; its `message` key is 0 until the caller knows it.
    pub reply: Reply,
    /// The author's own words: no quotes, no signature.
    pub reply_text: String,
    /// Language and, where there are two, script: `sr-Latn`, `en`, `zh-Hans`; `und` when nothing tells.
    pub language: String,
    /// The proof is for a domain of the carrier's own record.
    pub proven_in_record: bool,
}

/// Reads one message.
///
/// # Errors
/// When the directory cannot be asked.
pub fn read<D: CaseDirectory>(
    message: &InboundMessage,
    directory: &D,
    trust: &Trust,
    lexicon: &Lexicon,
    now: Timestamp,
) -> Result<Reading, D::Error> {
    let received_at = message.received_at.or(message.date).unwrap_or(now).min(now);
    let today = message.local_date.unwrap_or_else(|| received_at.date_naive());
    let parted = quoting::part(&message.text);
    // What an attached document says is said by the mail; it may be all that the mail says.
    let with_document = |words: &str| match message.attached_text.as_str() {
        "" => words.to_owned(),
        document => format!("{words}\n\n{document}"),
    };
    let own = with_document(&parted.own);
    let months = |w: &str| lexicon.month(w);
    let plain = |source: &str| tokenise(source, &months, today, &|_| false);
    // What joins clauses in one language is a pronoun in the next, so the language comes first.
    let languages = lexicon.languages_of(&plain(&own));
    let first = languages.first().copied();
    let text = |source: &str| tokenise(source, &months, today, &|w| first.is_some_and(|l| l.breaks_clause(w)));
    let body = text(&own);
    let subject = text(own_subject(&message.subject));
    let ours = matching::is_ours(message, directory, trust)?;
    let found = if ours {
        matching::Matched::default()
    } else {
        matching::find(message, &plain(&with_document(&message.text)), directory)?
    };

    let matched_case = found.case.as_ref().map(|(c, _)| c);
    let domains = |of: fn(&KnownCase) -> &Vec<String>| match matched_case {
        Some(case) => of(case).clone(),
        None => found.of_domain.iter().flat_map(|c| of(c).clone()).collect(),
    };
    let mut proof =
        authenticity::assess(message, &domains(|c| &c.carrier_domains), &domains(|c| &c.asked_domains), trust);

    let circumstances = Circumstances {
        line: matched_case.map(|c| &c.line),
        machine: message.machine.auto_submitted.is_some()
            || message.machine.auto_response
            || message.machine.null_reverse_path,
        bulk: message.machine.list || message.machine.bulk,
        today,
        matched: matched_case.is_some(),
        threaded: matches!(found.case, Some((_, MatchBasis::ReplyTag | MatchBasis::Thread | MatchBasis::Reference))),
    };
    let mut classified = match &message.report {
        Some(_) => bounce(),
        None => classify(&body, &subject, &languages, circumstances),
    };
    // A mail system of somebody else has no domain of the carrier to be held against.
    if classified.kind == Kind::Bounce && proof.authenticity == Authenticity::Contradicted {
        proof.authenticity = Authenticity::Unproven;
    }
    if message.truncated && classified.kind == Kind::Confirmed {
        // What was not fetched may take back what was.
        classified.certain = false;
    }
    let reply = reply(message, classified, &proof, received_at, found.case.as_ref().map(|(_, b)| *b), lexicon, &own);
    let language = tag(&body, &languages);
    Ok(Reading {
        ours,
        matched: found.case,
        guesses: found.guesses,
        reply,
        reply_text: parted.own,
        language,
        proven_in_record: proof.in_record && proof.authenticity == Authenticity::Aligned,
    })
}

fn bounce() -> Classified {
    Classified {
        kind: Kind::Bounce,
        certain: true,
        effective_date: None,
        promised_date: None,
        returns_on: None,
        wants_id_document: false,
        evidence: Vec::new(),
    }
}

fn reply(
    message: &InboundMessage,
    classified: Classified,
    proof: &authenticity::Assessment,
    received_at: Timestamp,
    basis: Option<MatchBasis>,
    lexicon: &Lexicon,
    own: &str,
) -> Reply {
    let is_label = |w: &str| lexicon.is_ticket_label(w);
    let ticket = numbers::ticket_after_label(&message.subject, &is_label)
        .or_else(|| numbers::ticket_after_label(own, &is_label));
    Reply {
        message: MessageKey(0),
        message_id: message.message_id.clone(),
        received_at,
        from_domain: message.from_domain().to_owned(),
        subject: message.subject.clone(),
        kind: classified.kind,
        certain: classified.certain,
        authenticity: proof.authenticity,
        authenticity_reason: proof.reason.clone(),
        basis: basis.unwrap_or(MatchBasis::Holder),
        effective_date: classified.effective_date,
        promised_date: classified.promised_date,
        returns_on: classified.returns_on,
        ticket,
        wants_id_document: classified.wants_id_document,
        bounce: message.report.clone(),
        evidence: classified.evidence,
    }
}

/// The subject, unless it only repeats ours: what stands behind "Re:" is not the carrier's word.
fn own_subject(subject: &str) -> &str {
    const REPLY: &[&str] = &[
        "re:",
        "aw:",
        "sv:",
        "odg:",
        "ha:",
        "fw:",
        "fwd:",
        "wg:",
        "tr:",
        "rv:",
        "rif:",
        "ri:",
        "r:",
        "vs:",
        "antw:",
        "回复:",
        "回复：",
        "答复:",
        "答复：",
        "回覆:",
        "回覆：",
        "re：",
        "одг:",
        "на:",
    ];
    let lower = subject.trim_start().to_lowercase();
    if REPLY.iter().any(|p| lower.starts_with(p)) { "" } else { subject }
}

/// BCP 47 tag of the most likely language.
fn tag(body: &Text, languages: &[&super::lexicon::Language]) -> String {
    let count = |test: &dyn Fn(char) -> bool| body.source.chars().take(20_000).filter(|c| test(*c)).count();
    let cyrillic = count(&|c| ('\u{400}'..='\u{4ff}').contains(&c));
    let latin = count(&|c| c.is_alphabetic() && (c as u32) < 0x250);
    let han = count(&super::normalize::is_cjk);
    if han * 2 > latin.max(cyrillic) && han > 0 {
        let traditional = body
            .source
            .chars()
            .take(5_000)
            .any(|c| super::normalize::is_cjk(c) && super::normalize::fold(&c.to_string()) != c.to_string());
        return if traditional { "zh-Hant" } else { "zh-Hans" }.to_owned();
    }
    if cyrillic > latin {
        let russian = count(&|c| "ыэъщёйЫЭЪЩЁЙьЬяЯюЮ".contains(c));
        let serbian = count(&|c| "ђјљњћџЂЈЉЊЋЏ".contains(c));
        return if russian > serbian { "ru" } else { "sr-Cyrl" }.to_owned();
    }
    match languages.first().map(|l| l.tag.as_str()) {
        _ if latin == 0 => "und".to_owned(),
        Some("sr") => "sr-Latn".to_owned(),
        Some(other) => other.to_owned(),
        None => "und".to_owned(),
    }
}
