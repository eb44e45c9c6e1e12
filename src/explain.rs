//! How odjava reads a message, for people and programs: kind, why, match, authenticity, what would happen.
//! Uses the same reading as the daemon; changes nothing. Called by the command line and the tests.

mod telling;

pub use telling::Paint;

use crate::domain::address::{Address, MessageId, Reference};
use crate::domain::identity::{CarrierNumber, Iccid, Line, Msisdn};
use crate::domain::reply::proof::{Inquiry, Proof};
use crate::domain::reply::{
    Authenticity, BounceClass, CaseDirectory, EvidenceWords, InboundMessage, Kind, KnownCase, Lexicon, Reading, Trust,
    authenticity, read, would_do,
};
use crate::domain::{Date, Timestamp};
use crate::mail;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::path::{Path, PathBuf};

/// Bytes of a file that are read.
pub const FILE_MAX: u64 = 64 << 20;

/// Why a file could not be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// It cannot be read.
    #[error("{} cannot be read; name a file that is there and that you may read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The `--cases` file is wrong.
    #[error("{}: {problem}", path.display())]
    Cases {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The open cases could not be looked up.
    #[error("the open cases cannot be looked up: {0}")]
    Directory(String),
}

/// Against what messages are read.
#[derive(Debug, Clone)]
pub struct Context<D, L = Lexicon> {
    /// The cases they may belong to.
    pub directory: D,
    /// What the reader of the mailbox trusts.
    pub trust: Trust,
    /// The phrases, owned or borrowed.
    pub lexicon: L,
    /// When they are read.
    pub now: Timestamp,
}

/// One message, explained; serialises to the object of `explain --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The file as it was named.
    pub file: String,
    /// What it says.
    pub kind: Kind,
    /// Stated end of the line.
    pub effective_date: Option<Date>,
    /// `yes`, `no` or `unknown`.
    pub authentic: &'static str,
    /// Which case, and by which rung.
    #[serde(rename = "match")]
    pub matched: MatchExplained,
    /// For a delivery failure or delay.
    pub bounce: Option<BounceExplained>,
    /// BCP 47 tag.
    pub language: String,
    /// The author's own words.
    pub reply_text: String,
    /// What decided, words and rule.
    pub evidence: Vec<String>,
    /// What would happen.
    pub would_do: String,
    /// Why it is or is not authentic.
    #[serde(skip)]
    pub authentic_reason: String,
    /// Cases it may belong to when none was matched.
    #[serde(skip)]
    pub guesses: Vec<String>,
    /// Its subject.
    #[serde(skip)]
    pub subject: String,
    /// No other kind is near.
    #[serde(skip)]
    pub certain: bool,
    /// The evidence, words and rule apart.
    #[serde(skip)]
    pub deciding: Vec<EvidenceWords>,
    /// Day by which something is promised.
    #[serde(skip)]
    pub promised_date: Option<Date>,
    /// First day back of an absent person.
    #[serde(skip)]
    pub returns_on: Option<Date>,
    /// Ticket number the carrier gave.
    #[serde(skip)]
    pub ticket: Option<String>,
    /// It is the holder's own mail.
    #[serde(skip)]
    pub ours: bool,
    /// It has no field that every mail has some of: a picture, a table, nothing at all.
    #[serde(skip)]
    pub no_mail: bool,
}

/// Which case, and by which rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchExplained {
    /// Reference of the case.
    pub case: Option<String>,
    /// `reply_tag`, `thread`, `reference`, `ticket`, `line` or `none`.
    pub by: &'static str,
}

/// Class and recipient of a delivery failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BounceExplained {
    /// `permanent` or `temporary`.
    pub class: BounceClass,
    /// The recipient that failed, if named.
    pub recipient: Option<String>,
}

/// Finds out what the signatures in the bytes of a message prove; asks DNS for that.
pub type Prover = dyn Fn(&[u8], &Inquiry) -> Proof + Sync;

/// Explains the bytes of one message that is called `name`, without asking anybody.
///
/// # Errors
/// When the cases cannot be looked up.
pub fn explain_bytes<D, L>(
    name: &str,
    raw: &[u8],
    truncated: bool,
    context: &Context<D, L>,
) -> Result<Explanation, ExplainError>
where
    D: CaseDirectory,
    D::Error: std::fmt::Display,
    L: Borrow<Lexicon>,
{
    explain_proven(name, raw, truncated, context, None)
}

/// As [`explain_bytes`]; `prover` looks at signatures where the holder's server wrote no verdict.
///
/// # Errors
/// When the cases cannot be looked up.
pub fn explain_proven<D, L>(
    name: &str,
    raw: &[u8],
    truncated: bool,
    context: &Context<D, L>,
    prover: Option<&Prover>,
) -> Result<Explanation, ExplainError>
where
    D: CaseDirectory,
    D::Error: std::fmt::Display,
    L: Borrow<Lexicon>,
{
    let mut message = mail::parse::parse(raw, truncated);
    let read = |message: &InboundMessage| {
        read(message, &context.directory, &context.trust, context.lexicon.borrow(), context.now)
            .map_err(|e| ExplainError::Directory(e.to_string()))
    };
    let mut reading = read(&message)?;
    if let (Some(prover), Some(inquiry)) = (prover, reading.inquiry.take()) {
        message.proof = Some(prover(raw, &inquiry));
        reading = read(&message)?;
    }
    Ok(explanation(name, &message, reading, context.now))
}

/// Whether none of the fields was found that a mail has, however broken.
fn is_no_mail(message: &InboundMessage) -> bool {
    message.from_fields == 0
        && message.date.is_none()
        && message.message_id.is_none()
        && message.receptions.is_empty()
        && message.recipients.is_empty()
        && message.subject.is_empty()
}

fn explanation(name: &str, message: &InboundMessage, reading: Reading, now: Timestamp) -> Explanation {
    let reply = &reading.reply;
    let matched = reading.matched.is_some() && !reading.ours;
    Explanation {
        file: name.to_owned(),
        kind: reply.kind,
        effective_date: reply.effective_date,
        authentic: match reply.authenticity {
            Authenticity::Aligned if reading.proven_in_record => "yes",
            Authenticity::Contradicted => "no",
            Authenticity::Aligned | Authenticity::Unproven | Authenticity::Vouched => "unknown",
        },
        matched: MatchExplained {
            case: reading.matched.as_ref().map(|(c, _)| c.reference.as_str().to_owned()),
            by: reading.matched.as_ref().map_or("none", |(_, b)| b.name()),
        },
        bounce: reply.bounce.as_ref().filter(|_| reply.kind == Kind::Bounce).map(|b| BounceExplained {
            class: b.class,
            recipient: b.recipient.as_ref().map(|r| r.as_str().to_owned()),
        }),
        would_do: would_do(reply, matched, now.date_naive()).name(),
        evidence: reply.evidence.iter().map(|e| format!("{} ({})", e.words, e.rule)).collect(),
        authentic_reason: reply.authenticity_reason.clone(),
        guesses: reading.guesses.iter().map(|r| r.as_str().to_owned()).collect(),
        subject: message.subject.clone(),
        certain: reply.certain,
        deciding: reply.evidence.clone(),
        promised_date: reply.promised_date,
        returns_on: reply.returns_on,
        ticket: reply.ticket.clone(),
        ours: reading.ours,
        no_mail: is_no_mail(message),
        language: reading.language,
        reply_text: reading.reply_text,
    }
}

/// Open cases from a `--cases` file.
#[derive(Debug, Clone, Default)]
pub struct FileDirectory {
    cases: Vec<KnownCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesFile {
    trusted_authserv_id: String,
    #[serde(default)]
    own_addresses: Vec<String>,
    #[serde(default)]
    carrier_domains: Vec<String>,
    #[serde(default)]
    public_domains: Vec<String>,
    #[serde(default)]
    arc_sealers: Vec<String>,
    #[serde(default, rename = "case")]
    cases: Vec<CaseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseEntry {
    reference: String,
    holder: String,
    #[serde(default)]
    request_message_ids: Vec<String>,
    msisdn: Option<String>,
    iccid: Option<String>,
    order: Option<String>,
    customer_number: Option<String>,
    #[serde(default)]
    tickets: Vec<String>,
}

impl FileDirectory {
    /// Reads a `--cases` file: the cases, and what the mailbox trusts.
    ///
    /// # Errors
    /// [`ExplainError`] naming the file and what is wrong with it.
    pub fn load(path: &Path) -> Result<(Self, Trust), ExplainError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ExplainError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|problem| ExplainError::Cases { path: path.to_owned(), problem })
    }

    /// Reads the text of a `--cases` file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<(Self, Trust), String> {
        let file: CasesFile = toml::from_str(text).map_err(|e| e.to_string())?;
        let own_addresses: Result<Vec<_>, _> = file.own_addresses.iter().map(|a| Address::parse(a)).collect();
        let trust = Trust {
            authserv_ids: vec![file.trusted_authserv_id],
            own_addresses: own_addresses.map_err(|e| e.to_string())?,
            public_domains: file.public_domains,
            arc_sealers: file.arc_sealers,
        };
        let cases: Result<Vec<_>, String> = file.cases.into_iter().map(|c| known(c, &file.carrier_domains)).collect();
        Ok((Self { cases: cases? }, trust))
    }
}

fn known(entry: CaseEntry, carrier_domains: &[String]) -> Result<KnownCase, String> {
    let reference = Reference::parse(&entry.reference)
        .ok_or_else(|| format!("`{}` is not a case reference such as 7Q2M", entry.reference))?;
    let ids: Option<Vec<_>> = entry.request_message_ids.iter().map(|i| MessageId::parse(i)).collect();
    Ok(KnownCase {
        open: true,
        reply_tag: None,
        message_ids: ids.ok_or_else(|| format!("case {reference}: a request_message_id is no Message-ID"))?,
        tickets: entry.tickets,
        carrier_domains: carrier_domains.to_vec(),
        asked_domains: Vec::new(),
        line: Line {
            msisdn: entry.msisdn.map(|m| Msisdn::parse(&m, None)).transpose().map_err(|e| e.to_string())?,
            iccid: entry.iccid.map(|i| Iccid::parse(&i)).transpose().map_err(|e| e.to_string())?,
            order_number: entry.order.map(CarrierNumber::try_from).transpose().map_err(|e| e.to_string())?,
            customer_number: entry
                .customer_number
                .map(CarrierNumber::try_from)
                .transpose()
                .map_err(|e| e.to_string())?,
            ..Line::default()
        },
        holder_name: entry.holder,
        country_code: None,
        reference,
    })
}

impl CaseDirectory for FileDirectory {
    type Error = std::convert::Infallible;

    fn by_message_id(&self, id: &MessageId) -> Result<Option<KnownCase>, Self::Error> {
        Ok(self.cases.iter().find(|c| c.message_ids.contains(id)).cloned())
    }

    fn by_reference(&self, reference: &Reference) -> Result<Option<KnownCase>, Self::Error> {
        Ok(self.cases.iter().find(|c| c.reference == *reference).cloned())
    }

    fn by_domain(&self, domain: &str) -> Result<Vec<KnownCase>, Self::Error> {
        let may_answer = |c: &&KnownCase| c.carrier_domains.iter().any(|d| authenticity::is_same_or_below(domain, d));
        Ok(self.cases.iter().filter(may_answer).take(200).cloned().collect())
    }
}
