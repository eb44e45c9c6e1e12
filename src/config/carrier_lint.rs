//! What is doubtful about a record that can be read all the same: past its date, claims without weight, names that
//! two carriers of a country share. `odjava check` shows it; the test suite holds the shipped records to it.

use super::carriers::Directory;
use crate::domain::carrier::{CarrierProfile, Channel, ChannelKind, Source, fold_name};
use crate::domain::{Date, Standing};
use std::collections::BTreeMap;

/// One doubt about one record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// The file of the record, as messages call it.
    pub file: String,
    /// Its id.
    pub id: String,
    /// What is doubtful, and the remedy.
    pub text: String,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file, self.text)
    }
}

/// Examines every record of the directory as of a day.
#[must_use]
pub fn lint(directory: &Directory, today: Date) -> Vec<Doubt> {
    let mut found: Vec<(String, String)> = Vec::new();
    let public = directory.public_domains();
    for profile in directory.all() {
        let mut doubt = |text: String| found.push((profile.id.clone(), text));
        check_date(profile.check_again, today, &mut doubt);
        for source in sources(profile) {
            weigh(source, today, &mut doubt);
        }
        if profile.usable_channels().next().is_none() {
            doubt("names no way to reach the carrier; add a [[channel]]".to_owned());
        }
        for channel in profile.usable_channels() {
            check_address(channel, &public, &mut doubt);
        }
        if profile.country.is_some() && profile.time_zone == chrono_tz::UTC {
            doubt("knows the country but not its `time_zone`".to_owned());
        }
    }
    for regulator in directory.regulators() {
        let mut doubt = |text: String| found.push((regulator.id.clone(), text));
        check_date(regulator.check_again, today, &mut doubt);
        let notes = regulator.good_to_know.iter().map(|n| &n.source);
        for source in std::iter::once(&regulator.source).chain(regulator.terms.iter().map(|t| &t.source)).chain(notes) {
            weigh(source, today, &mut doubt);
        }
    }
    found.extend(shared_names(directory));
    let file = |id: &str| directory.file(id).to_owned();
    let mut out: Vec<Doubt> =
        found.into_iter().map(|(id, text)| Doubt { file: file(&id), id: id.clone(), text }).collect();
    out.sort();
    out.dedup();
    out
}

fn check_date(check_again: Option<Date>, today: Date, doubt: &mut dyn FnMut(String)) {
    match check_again {
        None => doubt("has no `check_again`: no record stays true for ever".to_owned()),
        Some(day) if day < today => doubt(format!("should have been looked at again by {day}")),
        Some(_) => {}
    }
}

/// A source that cannot carry what it is said to carry.
fn weigh(source: &Source, today: Date, doubt: &mut dyn FnMut(String)) {
    let general = source.text.to_lowercase().contains("common knowledge");
    if general && source.standing != Standing::Unverified {
        doubt(format!("calls something {} on common knowledge; that is `unverified`", source.standing.name()));
    }
    // `2026`, `2026-03` and `2026-03-01` compare with a day as texts do.
    if source.date != "undated" && source.date > today.to_string() {
        doubt(format!("has the source \"{}\" of a day to come, {}", source.text, source.date));
    }
}

fn check_address(channel: &Channel, public: &[String], doubt: &mut dyn FnMut(String)) {
    let address = channel.address().and_then(Result::ok);
    if let Some(address) = address.filter(|a| public.contains(&a.domain())) {
        doubt(format!("lists {address}, a mailbox that anybody could have opened"));
    }
    let needs_value = matches!(channel.kind, ChannelKind::Phone | ChannelKind::Post);
    if needs_value && channel.value.is_none() {
        doubt(format!("has a {} channel that leads nowhere; add its `value`", channel.kind.name()));
    }
}

fn sources(profile: &CarrierProfile) -> Vec<&Source> {
    let proof = &profile.proof;
    let notes = [
        &profile.legal_name,
        &profile.email_termination_note,
        &profile.facts_note,
        &proof.signature_note,
        &proof.registered_address_note,
        &proof.id_document_note,
        &profile.prepaid_lapse,
        &profile.office_hours,
    ];
    let mut out: Vec<&Source> = notes.into_iter().flatten().map(|s| &s.source).collect();
    out.extend(profile.not_the_same.iter().chain(&profile.good_to_know).map(|s| &s.source));
    out.extend([&profile.brands, &profile.former_names].into_iter().flatten().map(|n| &n.source));
    out.extend(profile.channels.iter().map(|c| &c.source));
    out.extend(profile.sender_domains.iter().map(|d| &d.source));
    out.extend(profile.prefixes.iter().map(|p| &p.source));
    out.extend(profile.terms.iter().map(|t| &t.source));
    out
}

/// Names that lead to two carriers of the same country: a person would be asked which one is meant, always.
fn shared_names(directory: &Directory) -> Vec<(String, String)> {
    let mut owners: BTreeMap<(Option<&str>, String), &str> = BTreeMap::new();
    let mut out = Vec::new();
    // The user's own records come last: a doubt should name the file that can be changed.
    let mut ordered: Vec<&CarrierProfile> = directory.all().collect();
    ordered.sort_by_key(|p| !directory.is_built_in(&p.id));
    for profile in ordered {
        for name in profile.all_names() {
            let key = (profile.country.as_deref(), fold_name(name));
            match owners.get(&key) {
                Some(other) if *other != profile.id => {
                    out.push((profile.id.clone(), format!("the name `{name}` also leads to `{other}`")));
                }
                _ => _ = owners.insert(key, &profile.id),
            }
        }
    }
    out
}
