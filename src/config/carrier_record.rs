//! One record of the carrier directory: TOML text to a checked [`CarrierProfile`]. The directory as a whole
//! is in `carriers`, the only caller.

use super::cron_text;
use super::reader::{Document, Problem, Section};
use super::record_parts::{country, digits, id, names, source, sourced, term};
use super::regulator_record;
use crate::domain::address::Address;
use crate::domain::carrier::{
    CarrierKind, CarrierProfile, Channel, ChannelKind, ChannelPurpose, EmailTermination, IdDocument, Prefixes, Proof,
    RegisteredAddress, Regulator, SenderDomain, Signature,
};
use crate::domain::case::Fact;

/// The values of `kind`; a regulator is no kind of carrier.
const KINDS: [(&str, Option<CarrierKind>); 3] =
    [("operator", Some(CarrierKind::Operator)), ("travel_esim", Some(CarrierKind::TravelEsim)), ("regulator", None)];

const EMAIL: [(&str, EmailTermination); 3] = [
    ("accepted", EmailTermination::Accepted),
    ("unverified", EmailTermination::Unverified),
    ("refused", EmailTermination::Refused),
];

const ID_DOCUMENT: [(&str, IdDocument); 3] =
    [("never", IdDocument::Never), ("on_request", IdDocument::OnRequest), ("with_request", IdDocument::WithRequest)];

/// What a file of the directory describes.
#[derive(Debug, Clone)]
pub enum Record {
    /// A carrier.
    Carrier(Box<CarrierProfile>),
    /// A supervisor of carriers.
    Regulator(Box<Regulator>),
}

/// A record and where in its file stands what other records may contradict.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The record.
    pub record: Record,
    /// Line of the id.
    pub id_line: usize,
    /// Line of each sender domain, in their order.
    pub domain_lines: Vec<usize>,
}

/// Reads and checks one record; `name` is what its problems are reported under.
///
/// # Errors
/// Every problem of the file with its line: unknown keys, wrong types, missing sources, addresses that are
/// none, unknown time zones.
pub fn parse(name: &str, text: &str) -> Result<Parsed, Vec<Problem>> {
    let document = Document::new(name, text);
    let table = document.parse();
    let root = Section::root(&document, &table);
    let regulator = root.has("kind") && root.choice("kind", &KINDS) == Some(None);
    let domain_lines =
        if regulator { Vec::new() } else { root.sections("sender_domain").iter().map(|s| s.line("domain")).collect() };
    let record = if regulator {
        regulator_record::read(&root).map(|r| Record::Regulator(Box::new(r)))
    } else {
        read(&root).map(|profile| Record::Carrier(Box::new(profile)))
    };
    let id_line = root.line("id");
    root.finish();
    let problems = document.into_problems();
    match record {
        Some(record) if problems.is_empty() => Ok(Parsed { record, id_line, domain_lines }),
        _ => Err(problems),
    }
}

fn read(root: &Section<'_, '_>) -> Option<CarrierProfile> {
    let id = id(root);
    let display_name = root.required("name");
    root.has("time_zone").then_some(()).or_else(|| {
        root.problem("time_zone", "is missing");
        None
    });
    let time_zone = root.parsed("time_zone", |t| {
        t.parse::<chrono_tz::Tz>().map_err(|_| format!("`{t}` is not a time zone such as Europe/Belgrade"))
    });
    let profile = CarrierProfile {
        id: id.clone().unwrap_or_default(),
        kind: root.choice("kind", &KINDS).flatten().unwrap_or(CarrierKind::Operator),
        name: display_name.clone().unwrap_or_default(),
        country: root.parsed("country", country),
        legal_name: root.section("legal_name").map(|s| sourced(&s)),
        brands: root.section("brands").map(|s| names(&s)),
        former_names: root.section("former_names").map(|s| names(&s)),
        aliases: root.strings("aliases").unwrap_or_default(),
        not_the_same: root.sections("not_the_same").iter().map(sourced).collect(),
        time_zone: time_zone.unwrap_or(chrono_tz::UTC),
        calling_code: root.parsed("calling_code", |t| digits(t, 1..=3)),
        letter_languages: root.strings("letter_languages").unwrap_or_else(|| vec!["en".to_owned()]),
        channels: root.sections("channel").iter().filter_map(channel).collect(),
        email_termination: claim(
            root,
            "email_termination",
            "email_termination_note",
            &EMAIL,
            EmailTermination::Unverified,
        ),
        email_termination_note: root.section("email_termination_note").map(|s| sourced(&s)),
        required: facts(root, "required_facts").unwrap_or_else(|| vec![Fact::Name, Fact::LineNumber]),
        optional: facts(root, "optional_facts").unwrap_or_default(),
        facts_note: root.section("facts_note").map(|s| sourced(&s)),
        proof: proof(root),
        sender_domains: root.sections("sender_domain").iter().filter_map(sender_domain).collect(),
        prefixes: root.section("prefixes").map(|s| prefixes(&s)),
        prepaid_lapse: root.section("prepaid_lapse").map(|s| sourced(&s)),
        good_to_know: root.sections("good_to_know").iter().map(sourced).collect(),
        terms: root.sections("term").iter().filter_map(term).collect(),
        // The directory fills it in by country.
        regulator: None,
        office_hours: root.section("office_hours").map(|s| sourced(&s)),
        send_window: root.parsed("send_window", cron_text::parse),
        check_again: root.date("check_again"),
    };
    (id.is_some() && display_name.is_some() && time_zone.is_some()).then_some(profile)
}

fn facts(root: &Section<'_, '_>, key: &'static str) -> Option<Vec<Fact>> {
    let mut out = Vec::new();
    for word in root.strings(key)? {
        match Fact::ALL.iter().find(|(name, _)| *name == word) {
            Some((_, fact)) => out.push(*fact),
            None => {
                let all: Vec<&str> = Fact::ALL.iter().map(|(name, _)| *name).collect();
                root.problem(key, format!("`{word}` is no fact; there are {}", all.join(", ")));
            }
        }
    }
    Some(out)
}

/// A claim that needs a note with its source unless it is the cautious one.
fn claim<T: Copy + PartialEq>(
    root: &Section<'_, '_>,
    key: &'static str,
    note: &'static str,
    words: &[(&str, T)],
    cautious: T,
) -> T {
    let value = root.choice(key, words).unwrap_or(cautious);
    if value != cautious && !root.has(note) {
        root.problem(key, format!("says more than nobody knows, so it needs a section [{note}] with its source"));
    }
    value
}

fn proof(root: &Section<'_, '_>) -> Proof {
    let address = ("registered_address", "registered_address_note");
    let note = |key: &'static str| root.section(key).map(|s| sourced(&s));
    Proof {
        signature: claim(root, "signature", "signature_note", &Signature::ALL, Signature::Unknown),
        signature_note: note("signature_note"),
        registered_address: claim(root, address.0, address.1, &RegisteredAddress::ALL, RegisteredAddress::Unknown),
        registered_address_note: note(address.1),
        id_document: claim(root, "id_document", "id_document_note", &ID_DOCUMENT, IdDocument::OnRequest),
        id_document_may_mask: root.strings("id_document_may_mask").unwrap_or_default(),
        id_document_note: note("id_document_note"),
    }
}

fn prefixes(section: &Section<'_, '_>) -> Prefixes {
    let msisdn = section.strings("msisdn").unwrap_or_default();
    for prefix in &msisdn {
        if prefix.strip_prefix('+').is_none_or(|d| digits(d, 1..=14).is_err()) {
            section.problem("msisdn", format!("`{prefix}` is not a number prefix such as +38164"));
        }
    }
    let iccid = section.strings("iccid").unwrap_or_default();
    for prefix in &iccid {
        if !prefix.starts_with("89") || digits(prefix, 4..=10).is_err() {
            section.problem("iccid", format!("`{prefix}` is not an ICCID prefix: digits, beginning with 89"));
        }
    }
    let source = source(section);
    section.finish();
    Prefixes { msisdn, iccid, source }
}

fn channel(section: &Section<'_, '_>) -> Option<Channel> {
    let kind = section.choice("kind", &ChannelKind::ALL);
    let purpose = section.choice("purpose", &ChannelPurpose::ALL);
    for key in ["kind", "purpose"] {
        if !section.has(key) {
            section.problem(key, "is missing");
        }
    }
    let value = section.string("value");
    let hours = section.string("hours");
    let note = section.string("note");
    let source = source(section);
    section.finish();
    let channel = Channel { kind: kind?, purpose: purpose?, value, hours, note, source };
    match channel.address() {
        Some(Err(e)) => section.problem("value", e),
        None if channel.kind == ChannelKind::Email => {
            section.problem("value", "is missing: an e-mail channel has an address")
        }
        None if channel.kind == ChannelKind::Phone && !channel.value.as_deref().is_some_and(has_digits) => {
            section.problem("value", "is no phone number");
        }
        _ => {}
    }
    Some(channel)
}

fn has_digits(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

fn sender_domain(section: &Section<'_, '_>) -> Option<SenderDomain> {
    let domain = section.required("domain").map(|d| d.to_ascii_lowercase());
    let out = SenderDomain {
        domain: domain.clone().unwrap_or_default(),
        public_mailbox: section.boolean("public_mailbox").unwrap_or(false),
        note: section.string("note"),
        source: source(section),
    };
    section.finish();
    if !domain?.contains('.') || Address::parse(&format!("x@{}", out.domain)).is_err() {
        section.problem("domain", format!("`{}` is not a domain", out.domain));
    }
    Some(out)
}
