//! A record of the carrier directory: where to write, what the carrier wants to know, which domains may
//! answer. Every fact keeps its source and how sure it is. Records are read by `config`, used by everyone.

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
    /// Name in lists and letters.
    pub name: String,
    /// ISO 3166-1 alpha-2 code, where known.
    pub country: Option<String>,
    /// Name in the register.
    pub legal_name: Option<Sourced>,
    /// Brands, former names, other scripts: what people may call it.
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
    /// When a copy of an identity document goes along.
    pub id_document: IdDocument,
    /// Domains that may answer.
    pub sender_domains: Vec<SenderDomain>,
    /// Number ranges first given to it, E.164 with plus. Numbers are portable: a hint, never an addressee.
    pub msisdn_prefixes: Vec<String>,
    /// ICCID issuer prefixes (ITU-T E.118).
    pub iccid_prefixes: Vec<String>,
    /// How a prepaid line ends by itself.
    pub prepaid_lapse: Option<Sourced>,
    /// Terms of law or contract.
    pub terms: Vec<Term>,
    /// Who supervises it.
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

/// A way to reach a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Which way.
    pub kind: ChannelKind,
    /// What it is for.
    pub purpose: ChannelPurpose,
    /// Address, number or page; none where only the way is known, not the place.
    pub value: Option<String>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdDocument {
    /// Not at all.
    Never,
    /// When a reply asks for it.
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

/// A number of days that law or contract sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// What it limits.
    pub kind: TermKind,
    /// Calendar days.
    pub days: u32,
    /// Further words.
    pub note: Option<String>,
    /// Where it was read.
    pub source: Source,
}

/// What a term limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// Longest notice period.
    Notice,
    /// The carrier's decision on a termination.
    Decision,
    /// The carrier's answer to a complaint.
    Complaint,
    /// Going to the regulator after that.
    Regulator,
}

impl TermKind {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 4] = [
        ("notice", Self::Notice),
        ("decision", Self::Decision),
        ("complaint", Self::Complaint),
        ("regulator", Self::Regulator),
    ];
}

/// A supervisor of carriers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regulator {
    /// Full name.
    pub name: String,
    /// What people call it.
    pub short_name: String,
    /// Post.
    pub address: Option<String>,
    /// E-mail.
    pub email: Option<Address>,
    /// Page for complaints.
    pub url: Option<String>,
    /// Where it was read.
    pub source: Source,
}

impl CarrierProfile {
    /// The addresses a request may go to, best first: those for terminations, then complaints, then general
    /// ones. Obsolete addresses and data-protection mailboxes are not among them.
    #[must_use]
    pub fn request_addresses(&self) -> Vec<Address> {
        let mut out = Vec::new();
        for purpose in [ChannelPurpose::Termination, ChannelPurpose::Complaint, ChannelPurpose::General] {
            for channel in self.usable_channels() {
                if channel.kind == ChannelKind::Email && channel.purpose == purpose {
                    out.extend(channel.address().and_then(Result::ok));
                }
            }
        }
        out
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
            let value = channel.value.as_deref().map(|v| format!(": {v}")).unwrap_or_default();
            let note = channel.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
            out.push(format!(
                "- {}{value}{note} [{}]",
                channel.kind.name(),
                channel.source.standing.name().replace('_', " ")
            ));
        }
        if let Some(r) = &self.regulator {
            let places = [r.email.as_ref().map(Address::as_str), r.url.as_deref(), r.address.as_deref()];
            let places: Vec<&str> = places.into_iter().flatten().collect();
            out.push(format!(
                "- {}: {} [{}]",
                r.short_name,
                places.join(", "),
                r.source.standing.name().replace('_', " ")
            ));
        }
        out
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
                Fact::LineNumber => best_number(line).is_none(),
                Fact::ContactAddress => recipients.is_empty(),
                other => !knows(line, *other),
            })
            .collect();
        if recipients.is_empty() && !out.contains(&Fact::ContactAddress) {
            out.push(Fact::ContactAddress);
        }
        out
    }

    /// The facts about this line that go into letters: what the record asks for or welcomes, and no more.
    /// The EID goes only where the record requires it.
    #[must_use]
    pub fn facts_to_send(&self, line: &Line) -> Vec<Fact> {
        let mut out = Vec::new();
        let mut add = |fact: Fact| {
            if knows(line, fact) && !out.contains(&fact) {
                out.push(fact);
            }
        };
        for fact in &self.required {
            match fact {
                Fact::LineNumber => best_number(line).into_iter().for_each(&mut add),
                other => add(*other),
            }
        }
        self.optional.iter().filter(|f| **f != Fact::Eid).for_each(|fact| add(*fact));
        out
    }
}

/// The number that names the line best and gives away least.
fn best_number(line: &Line) -> Option<Fact> {
    [Fact::Msisdn, Fact::CustomerNumber, Fact::OrderNumber, Fact::Iccid].into_iter().find(|f| knows(line, *f))
}

fn knows(line: &Line, fact: Fact) -> bool {
    match fact {
        Fact::Msisdn => line.msisdn.is_some(),
        Fact::Iccid => line.iccid.is_some(),
        Fact::Eid => line.eid.is_some(),
        Fact::CustomerNumber => line.customer_number.is_some(),
        Fact::OrderNumber => line.order_number.is_some(),
        Fact::ContractDate => line.contract_date.is_some(),
        Fact::Name | Fact::LineNumber | Fact::ContactAddress => false,
    }
}

impl Channel {
    /// The address of an e-mail channel, checked.
    #[must_use]
    pub fn address(&self) -> Option<Result<Address, NotAnAddress>> {
        let value = self.value.as_deref().filter(|_| self.kind == ChannelKind::Email)?;
        Some(Address::parse(value))
    }
}

/// A name without case, diacritics, script and punctuation, so that `Телеком Србија`, `TELEKOM-SRBIJA` and
/// `telekom srbija` are one.
#[must_use]
pub fn fold_name(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        match latin_of(c) {
            Some(latin) => out.push_str(latin),
            None => {
                out.extend(c.nfd().filter(|d| !unicode_normalization::char::is_combining_mark(*d)).filter_map(kept))
            }
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Letters and digits stay, word separators become a space, `:` and the like vanish (`m:ts`).
fn kept(c: char) -> Option<char> {
    match c {
        'đ' => Some('d'),
        c if c.is_alphanumeric() => Some(c),
        c if c.is_whitespace() || matches!(c, '-' | '_' | '/') => Some(' '),
        _ => None,
    }
}

/// Serbian Cyrillic to Latin without diacritics, as people type it.
fn latin_of(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' | 'ђ' => "d",
        'е' => "e",
        'ж' | 'з' => "z",
        'и' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' | 'ш' => "s",
        'т' => "t",
        'ћ' | 'ц' | 'ч' => "c",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'џ' => "dz",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_in_every_script() {
        for (text, expected) in [
            ("Телеком Србија", "telekom srbija"),
            ("TELEKOM-SRBIJA", "telekom srbija"),
            ("m:ts", "mts"),
            ("Јетел", "jetel"),
            ("А1 Србија", "a1 srbija"),
            ("Đorđe", "dorde"),
            ("塞尔维亚电信", "塞尔维亚电信"),
        ] {
            assert_eq!(fold_name(text), expected);
        }
    }
}
