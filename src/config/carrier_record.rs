//! One record of the carrier directory: TOML text to a checked [`CarrierProfile`]. The directory as a whole
//! is in `carriers`, the only caller.

use super::cron_text;
use super::reader::{Document, Problem, Section};
use crate::domain::Standing;
use crate::domain::address::Address;
use crate::domain::carrier::{
    CarrierProfile, Channel, ChannelKind, ChannelPurpose, EmailTermination, IdDocument, Regulator, SenderDomain,
    Source, Sourced, Term, TermKind,
};
use crate::domain::case::Fact;

const STANDINGS: [(&str, Standing); 4] = [
    ("verified", Standing::Verified),
    ("second_hand", Standing::SecondHand),
    ("unverified", Standing::Unverified),
    ("obsolete", Standing::Obsolete),
];

const FACTS: [(&str, Fact); 9] = [
    ("name", Fact::Name),
    ("msisdn", Fact::Msisdn),
    ("iccid", Fact::Iccid),
    ("eid", Fact::Eid),
    ("customer_number", Fact::CustomerNumber),
    ("order_number", Fact::OrderNumber),
    ("contract_date", Fact::ContractDate),
    ("line_number", Fact::LineNumber),
    ("contact_address", Fact::ContactAddress),
];

/// Reads and checks one record; `name` is what its problems are reported under.
///
/// # Errors
/// Every problem of the file with its line: unknown keys, wrong types, missing sources, addresses that are
/// none, unknown time zones.
pub fn parse(name: &str, text: &str) -> Result<CarrierProfile, Vec<Problem>> {
    let document = Document::new(name, text);
    let table = document.parse();
    let root = Section::root(&document, &table);
    let profile = read(&root);
    root.finish();
    let problems = document.into_problems();
    match profile {
        Some(profile) if problems.is_empty() => Ok(profile),
        _ => Err(problems),
    }
}

fn read(root: &Section<'_, '_>) -> Option<CarrierProfile> {
    let id = root.required("id").filter(|id| {
        let ok = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !ok {
            root.problem("id", "has small letters, digits and `-` only, such as `mts-rs`");
        }
        ok
    });
    let display_name = root.required("name");
    root.has("time_zone").then_some(()).or_else(|| {
        root.problem("time_zone", "is missing");
        None
    });
    let time_zone = root.parsed("time_zone", |t| {
        t.parse::<chrono_tz::Tz>().map_err(|_| format!("`{t}` is not a time zone such as Europe/Belgrade"))
    });
    let (msisdn_prefixes, iccid_prefixes) = prefixes(root);
    let profile = CarrierProfile {
        id: id.clone().unwrap_or_default(),
        name: display_name.clone().unwrap_or_default(),
        country: root.parsed("country", country),
        legal_name: root.section("legal_name").map(|s| sourced(&s)),
        aliases: root.strings("aliases").unwrap_or_default(),
        not_the_same: root.sections("not_the_same").iter().map(sourced).collect(),
        time_zone: time_zone.unwrap_or(chrono_tz::UTC),
        calling_code: root.parsed("calling_code", |t| digits(t, 1..=3)),
        letter_languages: root.strings("letter_languages").unwrap_or_else(|| vec!["en".to_owned()]),
        channels: root.sections("channel").iter().filter_map(channel).collect(),
        email_termination: root
            .choice(
                "email_termination",
                &[
                    ("accepted", EmailTermination::Accepted),
                    ("unverified", EmailTermination::Unverified),
                    ("refused", EmailTermination::Refused),
                ],
            )
            .unwrap_or(EmailTermination::Unverified),
        email_termination_note: root.section("email_termination_note").map(|s| sourced(&s)),
        required: facts(root, "required_facts").unwrap_or_else(|| vec![Fact::Name, Fact::LineNumber]),
        optional: facts(root, "optional_facts").unwrap_or_default(),
        id_document: root
            .choice(
                "id_document",
                &[
                    ("never", IdDocument::Never),
                    ("on_request", IdDocument::OnRequest),
                    ("with_request", IdDocument::WithRequest),
                ],
            )
            .unwrap_or(IdDocument::OnRequest),
        sender_domains: root.sections("sender_domain").iter().filter_map(sender_domain).collect(),
        msisdn_prefixes,
        iccid_prefixes,
        prepaid_lapse: root.section("prepaid_lapse").map(|s| sourced(&s)),
        terms: root.sections("term").iter().filter_map(term).collect(),
        regulator: root.section("regulator").map(|s| regulator(&s)),
        office_hours: root.section("office_hours").map(|s| sourced(&s)),
        send_window: root.parsed("send_window", cron_text::parse),
        check_again: root.date("check_again"),
    };
    (id.is_some() && display_name.is_some() && time_zone.is_some()).then_some(profile)
}

fn facts(root: &Section<'_, '_>, key: &'static str) -> Option<Vec<Fact>> {
    let mut out = Vec::new();
    for word in root.strings(key)? {
        match FACTS.iter().find(|(name, _)| *name == word) {
            Some((_, fact)) => out.push(*fact),
            None => {
                let all: Vec<&str> = FACTS.iter().map(|(name, _)| *name).collect();
                root.problem(key, format!("`{word}` is no fact; there are {}", all.join(", ")));
            }
        }
    }
    Some(out)
}

fn prefixes(root: &Section<'_, '_>) -> (Vec<String>, Vec<String>) {
    let Some(section) = root.section("prefixes") else { return Default::default() };
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
    source(&section);
    section.finish();
    (msisdn, iccid)
}

fn country(text: &str) -> Result<String, &'static str> {
    let ok = text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase());
    ok.then(|| text.to_owned()).ok_or("must be a country code of two capital letters, such as RS")
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Result<String, String> {
    let ok = length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    ok.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` must be digits only"))
}

/// The three keys that say where a fact was read; every fact must have them.
fn source(section: &Section<'_, '_>) -> Source {
    if !section.has("standing") {
        section.problem("standing", "is missing: say how sure this fact is");
    }
    let standing = section.choice("standing", &STANDINGS).unwrap_or(Standing::Unverified);
    let text = section.required("source").unwrap_or_default();
    if !section.has("source_date") {
        section.problem("source_date", "is missing; write \"undated\" when the source shows none");
    }
    let date = section.parsed("source_date", source_date).unwrap_or_default();
    Source { text, date, standing }
}

fn source_date(text: &str) -> Result<String, &'static str> {
    let parts: Vec<&str> = text.split('-').collect();
    let all_digits = parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    let ok = text == "undated" || (all_digits && matches!(lengths.as_slice(), [4] | [4, 2] | [4, 2, 2]));
    ok.then(|| text.to_owned())
        .ok_or("must be a year, month or day such as 2024, 2024-03 or 2024-03-25, or \"undated\"")
}

fn sourced(section: &Section<'_, '_>) -> Sourced {
    let out = Sourced {
        value: section.required("value").unwrap_or_default(),
        note: section.string("note"),
        source: source(section),
    };
    section.finish();
    out
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
    let note = section.string("note");
    let source = source(section);
    section.finish();
    let channel = Channel { kind: kind?, purpose: purpose?, value, note, source };
    match channel.address() {
        Some(Err(e)) => section.problem("value", e),
        None if channel.kind == ChannelKind::Email => {
            section.problem("value", "is missing: an e-mail channel has an address")
        }
        _ => {}
    }
    Some(channel)
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

fn term(section: &Section<'_, '_>) -> Option<Term> {
    let kind = section.choice("kind", &TermKind::ALL);
    if kind.is_none() && !section.has("kind") {
        section.problem("kind", "is missing");
    }
    let days = section.integer("days", 1..=730).and_then(|d| u32::try_from(d).ok());
    if days.is_none() && !section.has("days") {
        section.problem("days", "is missing");
    }
    let note = section.string("note");
    let source = source(section);
    section.finish();
    Some(Term { kind: kind?, days: days?, note, source })
}

fn regulator(section: &Section<'_, '_>) -> Regulator {
    let name = section.required("name").unwrap_or_default();
    let out = Regulator {
        short_name: section.string("short_name").unwrap_or_else(|| name.clone()),
        name,
        address: section.string("address"),
        email: section.parsed("email", Address::parse),
        url: section.string("url"),
        source: source(section),
    };
    section.finish();
    out
}
