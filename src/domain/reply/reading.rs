//! The whole way from a parsed mail to a [`Reply`]: ours? whose? authentic? what does it say?

use super::classify::{self, Circumstances, Classified, classify};
use super::lexicon::{Language, Lexicon};
use super::message::{Defect, InboundMessage};
use super::normalize::{Scanned, Text, tokenise};
use super::proof::Inquiry;
use super::statistics::Features;
use super::{
    Authenticity, CaseDirectory, Kind, KnownCase, MatchBasis, MessageKey, Reply, Trust, authenticity, matching,
    numbers, quoting,
};
use crate::domain::address::Reference;
use crate::domain::{Date, Timestamp};

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
    /// What the sender calls itself.
    pub sender_name: String,
    /// The author's own words: no quotes, no signature.
    pub reply_text: String,
    /// Language and, where there are two, script: `sr-Latn`, `en`, `zh-Hans`; `und` when nothing tells.
    pub language: String,
    /// The proof is for a domain of the carrier's own record.
    pub proven_in_record: bool,
    /// It is a case's, nothing is known of its sender yet, and its own signatures may tell.
    pub inquiry: Option<Inquiry>,
}

/// A message with what is known of it before its words are read.
struct Prepared<'l> {
    received_at: Timestamp,
    today: Date,
    own: String,
    languages: Vec<&'l Language>,
    body: Text,
    subject: Text,
    ours: bool,
    found: matching::Matched,
    names: Vec<String>,
}

impl<'l> Prepared<'l> {
    fn of<D: CaseDirectory>(
        message: &InboundMessage,
        directory: &D,
        trust: &Trust,
        lexicon: &'l Lexicon,
        now: Timestamp,
    ) -> Result<Self, D::Error> {
        let received_at = message.received_at.or(message.date).unwrap_or(now).min(now);
        let today = message.local_date.unwrap_or_else(|| received_at.date_naive());
        let own = quoting::part(&message.text).own;
        // What an attached document says is said by the mail; it may be all that the mail says.
        let with_document = |words: &str| match message.attached_text.as_str() {
            "" => words.to_owned(),
            document => format!("{words}\n\n{document}"),
        };
        let read = with_document(&own);
        // What joins clauses in one language is a pronoun in the next, so the language comes first.
        let scanned = Scanned::of(&read, &lexicon.days, today);
        let languages = lexicon.languages_of(&scanned);
        let first = languages.first().copied();
        let breaks = |w: &str| first.is_some_and(|l| l.breaks_clause(w));
        let body = scanned.arranged(&breaks);
        let subject = tokenise(own_subject(&message.subject), &lexicon.days, today, &breaks);
        let ours = matching::is_ours(message, directory, trust)?;
        let found = if ours {
            matching::Matched::default()
        } else {
            let whole = || tokenise(&with_document(&message.text), &lexicon.days, today, &|_| false);
            matching::find(message, &whole, directory)?
        };
        let names = names(message, found.case.as_ref().map(|(c, _)| c));
        Ok(Self { received_at, today, own, languages, body, subject, ours, found, names })
    }

    fn case(&self) -> Option<&KnownCase> {
        self.found.case.as_ref().map(|(c, _)| c)
    }

    fn circumstances(&self, message: &InboundMessage) -> Circumstances<'_> {
        let threaded = [MatchBasis::ReplyTag, MatchBasis::Thread, MatchBasis::Reference];
        Circumstances {
            names: &self.names,
            line: self.case().map(|c| &c.line),
            machine: message.machine.auto_submitted.is_some()
                || message.machine.auto_response
                || message.machine.null_reverse_path,
            bulk: message.machine.list || message.machine.bulk,
            today: self.today,
            matched: self.found.case.is_some(),
            threaded: self.found.case.as_ref().is_some_and(|(_, basis)| threaded.contains(basis)),
        }
    }
}

/// What the second reader sees of a message; `None` when its words are not read. For its training.
///
/// # Errors
/// When the directory cannot be asked.
pub fn features<D: CaseDirectory>(
    message: &InboundMessage,
    directory: &D,
    trust: &Trust,
    lexicon: &Lexicon,
    now: Timestamp,
) -> Result<Option<Features>, D::Error> {
    let seen = Prepared::of(message, directory, trust, lexicon, now)?;
    if message.report.is_some() {
        return Ok(None);
    }
    Ok(classify::features(&seen.body, &seen.subject, lexicon, &seen.languages, seen.circumstances(message)))
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
    let seen = Prepared::of(message, directory, trust, lexicon, now)?;
    let domains = |of: fn(&KnownCase) -> &Vec<String>| match seen.case() {
        Some(case) => of(case).clone(),
        None => seen.found.of_domain.iter().flat_map(|c| of(c).clone()).collect(),
    };
    let mut proof =
        authenticity::assess(message, &domains(|c| &c.carrier_domains), &domains(|c| &c.asked_domains), trust);
    let mut classified = match &message.report {
        Some(_) => bounce(),
        None => classify(&seen.body, &seen.subject, lexicon, &seen.languages, seen.circumstances(message)),
    };
    // Whatever else it says, our mail has not reached anybody; a person has to see what the guard wants.
    if message.machine.challenge && classified.kind != Kind::Bounce {
        classified.kind = Kind::Unclear;
        classified.certain = false;
        classified.effective_date = None;
    }
    // No phrase says what it is, but its form does: nobody has read the mail yet.
    if message.machine.absence
        && !message.machine.challenge
        && matches!(classified.kind, Kind::Unclear | Kind::Unrelated)
    {
        classified.kind = Kind::AutoReply;
    }
    // A mail system of somebody else has no domain of the carrier to be held against.
    if classified.kind == Kind::Bounce && proof.authenticity == Authenticity::Contradicted {
        proof.authenticity = Authenticity::Unproven;
    }
    // What was not read may take back what was.
    let cut = message.truncated || message.defects.contains(&Defect::TextCut);
    if cut && classified.kind == Kind::Confirmed {
        classified.kind = Kind::Unclear;
        classified.certain = false;
        classified.effective_date = None;
    }
    let language = tag(&seen.body, &seen.languages);
    let seen_words = seen.body.source.clone();
    let Prepared { received_at, own, ours, found, .. } = seen;
    let basis = found.case.as_ref().map(|(_, b)| *b);
    // A stranger's mail is not worth a question to anybody, nor is a bounce, which nobody signs for the carrier; what
    // was not fetched whole fits no signature.
    let worth_asking = !ours && found.case.is_some() && message.report.is_none() && !message.truncated;
    Ok(Reading {
        ours,
        reply: reply(message, classified, &proof, received_at, basis, lexicon, &seen_words),
        matched: found.case,
        guesses: found.guesses,
        sender_name: message.from.first().map_or_else(String::new, |a| a.name.clone()),
        reply_text: own,
        language,
        proven_in_record: proof.in_record && proof.authenticity == Authenticity::Aligned,
        inquiry: proof.inquiry.filter(|_| worth_asking),
    })
}

/// Folded words of the holder's and the sender's names and of the sender's domain.
fn names(message: &InboundMessage, case: Option<&KnownCase>) -> Vec<String> {
    let author = message.from.first();
    let spoken = [case.map_or("", |c| c.holder_name.as_str()), author.map_or("", |a| a.name.as_str())];
    let words = spoken.into_iter().flat_map(|n| n.split(|c: char| !c.is_alphanumeric()));
    let labels = message.from_domain().split('.');
    words.chain(labels).filter(|w| w.chars().count() > 2).map(super::normalize::fold).collect()
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
        opinion: None,
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
fn tag(body: &Text, languages: &[&Language]) -> String {
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
