//! A record of the carrier directory: where to write, what the carrier wants to know, which domains may
//! answer. Every fact keeps its source and how sure it is. Records are read by `config`, used by everyone.

mod names;
mod regulator;

pub use names::fold_name;
pub use regulator::{Regulator, Term, TermKind};

use super::address::{Address, NotAnAddress};
use super::case::Fact;
use super::identity::Line;
use super::{Date, Standing};
use serde::{Deserialize, Serialize};

/// Id of the built-in record for carriers that the directory does not know.
pub const OTHER: &str = "other";

/// Where a fact was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Page or document, in a few words.
    pub text: String,
    /// Day, month or year the source shows, or `undated`.
    pub date: String,
    /// How sure the fact is on this source.
    pub standing: Standing,
}

/// One carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierProfile {
    /// Id such as `mts-rs`.
    pub id: String,
    /// What it sells.
    pub kind: CarrierKind,
    /// Name in lists and letters.
    pub name: String,
    /// ISO 3166-1 alpha-2 code, where known.
    pub country: Option<String>,
    /// Name in the register.
    pub legal_name: Option<Sourced>,
    /// Names under which it sells.
    pub brands: Option<Names>,
    /// Names it used to have.
    pub former_names: Option<Names>,
    /// Other spellings and scripts: what people may type. They claim nothing, so they need no source.
    pub aliases: Vec<String>,
    /// Companies it is often mistaken for.
    pub not_the_same: Vec<Sourced>,
    /// IANA zone of its office.
    pub time_zone: chrono_tz::Tz,
    /// Country calling code without plus, for numbers typed the national way.
    pub calling_code: Option<String>,
    /// Languages it reads letters in, best first.
    pub letter_languages: Vec<String>,
    /// Ways to reach it, best first.
    pub channels: Vec<Channel>,
    /// Whether a termination by plain e-mail is accepted.
    pub email_termination: EmailTermination,
    /// Why that is thought, for the holder.
    pub email_termination_note: Option<Sourced>,
    /// Facts a request must have.
    pub required: Vec<Fact>,
    /// Facts worth adding where the holder knows them.
    pub optional: Vec<Fact>,
    /// Why these, where a source says so.
    pub facts_note: Option<Sourced>,
    /// How the holder proves to be the holder.
    pub proof: Proof,
    /// Domains that may answer.
    pub sender_domains: Vec<SenderDomain>,
    /// Numbers and cards first given to it.
    pub prefixes: Option<Prefixes>,
    /// How a prepaid line ends by itself.
    pub prepaid_lapse: Option<Sourced>,
    /// What else the holder should know: refunds, renewals, how an account is deleted.
    pub good_to_know: Vec<Sourced>,
    /// Terms of its contracts, then those of its country's law.
    pub terms: Vec<Term>,
    /// Who supervises it: the regulator of its country, where that has a record.
    pub regulator: Option<Regulator>,
    /// When its office works, in words.
    pub office_hours: Option<Sourced>,
    /// Cron expression (six fields, its zone) of the instants at which follow-ups may leave.
    pub send_window: Option<String>,
    /// Day after which the record should be looked at again.
    pub check_again: Option<Date>,
}

/// A text with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sourced {
    /// The fact.
    pub value: String,
    /// Further words for the holder.
    pub note: Option<String>,
    /// Where it was read.
    pub source: Source,
}

/// Names with the source that shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The names.
    pub names: Vec<String>,
    /// Where they were read.
    pub source: Source,
}

/// What a carrier sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierKind {
    /// Lines with a number, on its own network or another's.
    Operator,
    /// Prepaid data for travellers, on the profile of some foreign network.
    TravelEsim,
}

impl CarrierKind {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 2] = [("operator", Self::Operator), ("travel_esim", Self::TravelEsim)];

    /// The name used in files and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, k)| *k == self).map_or("", |(name, _)| name)
    }
}

/// Numbers and cards first given to a carrier. Numbers are portable and cards are resold: a hint, never an
/// addressee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefixes {
    /// Number ranges, E.164 with plus.
    pub msisdn: Vec<String>,
    /// ICCID issuer prefixes (ITU-T E.118).
    pub iccid: Vec<String>,
    /// Where they were read.
    pub source: Source,
}

/// How a carrier wants the holder to prove to be the holder. What no source says is `Unknown`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Whether the request must be signed.
    pub signature: Signature,
    /// Where that was read.
    pub signature_note: Option<Sourced>,
    /// Whether the mail must come from the address the carrier has on file.
    pub registered_address: RegisteredAddress,
    /// Where that was read.
    pub registered_address_note: Option<Sourced>,
    /// When a copy of an identity document goes along.
    pub id_document: IdDocument,
    /// Fields of the document that may be covered, in words.
    pub id_document_may_mask: Vec<String>,
    /// Where that was read.
    pub id_document_note: Option<Sourced>,
}

/// Whether a request must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// No source says.
    #[default]
    Unknown,
    /// Plain text is enough.
    None,
    /// By hand: a scan or photograph of a signed letter.
    Handwritten,
    /// A qualified electronic signature.
    Electronic,
}

impl Signature {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 4] = [
        ("unknown", Self::Unknown),
        ("none", Self::None),
        ("handwritten", Self::Handwritten),
        ("electronic", Self::Electronic),
    ];
}

/// Whether a request must come from the address the carrier has on file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisteredAddress {
    /// No source says.
    #[default]
    Unknown,
    /// Only from there.
    Required,
    /// From any.
    NotRequired,
}

impl RegisteredAddress {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 3] =
        [("unknown", Self::Unknown), ("required", Self::Required), ("not_required", Self::NotRequired)];
}

/// A way to reach a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Which way.
    pub kind: ChannelKind,
    /// What it is for.
    pub purpose: ChannelPurpose,
    /// Address, number or page; none where only the way is known, not the place.
    pub value: Option<String>,
    /// When somebody is there, in words.
    pub hours: Option<String>,
    /// Further words for the holder.
    pub note: Option<String>,
    /// Where it was read.
    pub source: Source,
}

/// The ways of DESIGN §1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// E-mail.
    Email,
    /// Form on a web page.
    WebForm,
    /// Chat.
    Chat,
    /// Phone.
    Phone,
    /// Shop.
    Shop,
    /// Letter.
    Post,
}

impl ChannelKind {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 6] = [
        ("email", Self::Email),
        ("web_form", Self::WebForm),
        ("chat", Self::Chat),
        ("phone", Self::Phone),
        ("shop", Self::Shop),
        ("post", Self::Post),
    ];

    /// The name used in files and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, k)| *k == self).map_or("", |(name, _)| name)
    }
}

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelPurpose {
    /// Terminations.
    Termination,
    /// Complaints.
    Complaint,
    /// Anything.
    General,
    /// Data protection only.
    DataProtection,
}

impl ChannelPurpose {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 4] = [
        ("termination", Self::Termination),
        ("complaint", Self::Complaint),
        ("general", Self::General),
        ("data_protection", Self::DataProtection),
    ];

    /// The name used in files and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, p)| *p == self).map_or("", |(name, _)| name)
    }
}

/// Whether plain e-mail ends a contract there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailTermination {
    /// The carrier says so.
    Accepted,
    /// Nobody knows; worth a first try.
    Unverified,
    /// The carrier says no.
    Refused,
}

/// When a copy of an identity document is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdDocument {
    /// Not at all.
    Never,
    /// When a reply asks for it.
    #[default]
    OnRequest,
    /// With the first mail.
    WithRequest,
}

/// A domain the carrier writes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderDomain {
    /// Domain in lower case; its subdomains count too.
    pub domain: String,
    /// Anybody can have a mailbox there, so it proves nothing.
    pub public_mailbox: bool,
    /// Further words.
    pub note: Option<String>,
    /// Where it was read.
    pub source: Source,
}

impl CarrierProfile {
    /// The addresses a request may go to, best first: those for terminations, then complaints, then general
    /// ones. Obsolete and unverified addresses and data-protection mailboxes are not among them, and there are
    /// none where the carrier refuses e-mail: a request holds what an impostor needs, so it goes to no address
    /// that is only guessed at.
    #[must_use]
    pub fn request_addresses(&self) -> Vec<Address> {
        let mut out = Vec::new();
        if self.email_termination == EmailTermination::Refused {
            return out;
        }
        for purpose in [ChannelPurpose::Termination, ChannelPurpose::Complaint, ChannelPurpose::General] {
            for channel in self.usable_channels() {
                let sure = channel.source.standing != Standing::Unverified;
                if channel.kind == ChannelKind::Email && channel.purpose == purpose && sure {
                    out.extend(channel.address().and_then(Result::ok));
                }
            }
        }
        out
    }

    /// All its names, the spellings that people may type included.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        let listed = [&self.brands, &self.former_names].into_iter().flatten().flat_map(|n| &n.names);
        std::iter::once(&self.name)
            .chain(self.legal_name.iter().map(|l| &l.value))
            .chain(listed)
            .chain(&self.aliases)
            .map(String::as_str)
    }

    /// Where an address of its channels was read.
    #[must_use]
    pub fn address_source(&self, address: &Address) -> Option<&Source> {
        self.channels.iter().find(|c| c.address().is_some_and(|a| a.as_ref() == Ok(address))).map(|c| &c.source)
    }

    /// Why its record forbids to write to an address, `obsolete` or `data_protection`; nothing for one that it does
    /// not know, or that it lists for other ends as well.
    #[must_use]
    pub fn never_written_to(&self, address: &Address) -> Option<(&'static str, &Source)> {
        let is_it = |c: &&Channel| {
            c.kind == ChannelKind::Email
                && c.address().and_then(Result::ok).is_some_and(|a| a.as_str().eq_ignore_ascii_case(address.as_str()))
        };
        let mut why = None;
        for channel in self.channels.iter().filter(is_it) {
            let name = match (channel.source.standing, channel.purpose) {
                (Standing::Obsolete, _) => Standing::Obsolete.name(),
                (_, ChannelPurpose::DataProtection) => ChannelPurpose::DataProtection.name(),
                _ => return None,
            };
            why = why.or(Some((name, &channel.source)));
        }
        why
    }

    /// Channels that may be used: everything but the obsolete.
    pub fn usable_channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter().filter(|c| c.source.standing != Standing::Obsolete)
    }

    /// Domains whose authentic mail is the carrier's word: those without public mailboxes.
    pub fn proving_domains(&self) -> impl Iterator<Item = &str> {
        self.sender_domains.iter().filter(|d| !d.public_mailbox).map(|d| d.domain.as_str())
    }

    /// The language its letters are best written in.
    #[must_use]
    pub fn letter_language(&self) -> &str {
        self.letter_languages.first().map_or("en", String::as_str)
    }

    /// Whether the record should have been looked at again by that day.
    #[must_use]
    pub fn is_past_its_check(&self, today: Date) -> bool {
        self.check_again.is_some_and(|day| day < today)
    }

    /// The ways other than e-mail and then the regulator, one a line, each with how sure it is: what a nudge
    /// shows as `facts.list` when the carrier wants another way or does not answer.
    #[must_use]
    pub fn other_ways(&self) -> Vec<String> {
        let mut out = Vec::new();
        for channel in self.usable_channels().filter(|c| c.kind != ChannelKind::Email) {
            out.push(format!("- {} [{}]", channel.told(), channel.source.standing.name().replace('_', " ")));
        }
        if let Some(r) = &self.regulator {
            let standing = r.source.standing.name().replace('_', " ");
            out.push(format!("- {}: {} [{standing}]", r.short_name, r.places().join(", ")));
        }
        out
    }

    /// The way to take where it refuses e-mail: the best one that its record knows.
    #[must_use]
    pub fn way_instead_of_email(&self) -> Option<ChannelKind> {
        let refuses = self.email_termination == EmailTermination::Refused;
        let mut ways = self
            .usable_channels()
            .filter(|c| refuses && c.kind != ChannelKind::Email && c.purpose != ChannelPurpose::DataProtection);
        ways.next().map(|c| c.kind)
    }

    /// What is missing for a request, in the order of the record.
    #[must_use]
    pub fn missing(&self, holder_name: &str, line: &Line, recipients: &[Address]) -> Vec<Fact> {
        let mut out: Vec<Fact> = self
            .required
            .iter()
            .copied()
            .filter(|fact| match fact {
                Fact::Name => holder_name.trim().is_empty(),
                Fact::LineNumber => line.best_number().is_none(),
                Fact::ContactAddress => recipients.is_empty(),
                other => !line.knows(*other),
            })
            .collect();
        if recipients.is_empty() && !out.contains(&Fact::ContactAddress) {
            out.push(Fact::ContactAddress);
        }
        out
    }

    /// The facts about this line that go into letters: what the record asks for or welcomes, and no more.
    /// What could harm the holder ([`Fact::is_sensitive`]) goes only where the record requires it.
    #[must_use]
    pub fn facts_to_send(&self, line: &Line) -> Vec<Fact> {
        let mut out = Vec::new();
        let mut add = |fact: Fact| {
            if line.knows(fact) && !out.contains(&fact) {
                out.push(fact);
            }
        };
        for fact in &self.required {
            match fact {
                Fact::LineNumber => line.best_number().into_iter().for_each(&mut add),
                other => add(*other),
            }
        }
        self.optional.iter().filter(|f| !f.is_sensitive()).for_each(|fact| add(*fact));
        out
    }
}

impl Channel {
    /// The way in one line: `phone: 0800 100 100, Mon-Fri 8-20 (free of charge)`.
    #[must_use]
    pub fn told(&self) -> String {
        let value = self.value.as_deref().map(|v| format!(": {v}")).unwrap_or_default();
        let hours = self.hours.as_deref().map(|h| format!(", {h}")).unwrap_or_default();
        let note = self.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
        format!("{}{value}{hours}{note}", self.kind.name().replace('_', " "))
    }

    /// The address of an e-mail channel, checked.
    #[must_use]
    pub fn address(&self) -> Option<Result<Address, NotAnAddress>> {
        let value = self.value.as_deref().filter(|_| self.kind == ChannelKind::Email)?;
        Some(Address::parse(value))
    }
}
