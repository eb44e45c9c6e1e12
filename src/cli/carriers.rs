//! `odjava carriers`: the directory, searched and shown with its sources.

use super::arguments::{Carriers, CarriersAct};
use super::choose::{Unclear, choose};
use super::desk::Place;
use super::output::{Output, paint};
use crate::config::carriers::Directory;
use crate::domain::Date;
use crate::domain::carrier::{CarrierProfile, EmailTermination, Names, Regulator, Source, Sourced, Term};
use crate::domain::case::Fact;
use crate::domain::decide::serde_name;
use anyhow::bail;
use serde_json::json;
use std::io;
use std::process::ExitCode;

/// Searches the directory, or shows one record. Works without a config: the built-in records are there.
pub(super) fn carriers(place: &Place, what: &Carriers, output: &mut Output) -> anyhow::Result<ExitCode> {
    let directory = directory(place)?;
    if let Some(CarriersAct::Show { id }) = &what.act {
        show(&directory, id, place.clock.now().date_naive(), output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = what.text.join(" ");
    let everything = text.trim().is_empty();
    let found: Vec<(&CarrierProfile, String)> = if everything {
        directory.all().map(|p| (p, String::new())).collect()
    } else {
        directory.find(&text).into_iter().map(|m| (m.profile, m.why.to_string())).collect()
    };
    let regulators: Vec<&Regulator> =
        if everything { directory.regulators().collect() } else { directory.find_regulators(&text) };
    if found.is_empty() && regulators.is_empty() {
        let unclear = choose(&directory, &text).err().unwrap_or_else(|| Unclear::Unknown(String::new()));
        bail!("{unclear}\n`odjava carriers` lists all");
    }
    for (profile, why) in found {
        if output.json() {
            output.object(&json!({"id": profile.id, "kind": profile.kind, "name": profile.name,
                "country": profile.country, "aliases": profile.aliases, "found_by": why,
                "email_termination": profile.email_termination, "addresses": profile.request_addresses()}))?;
            continue;
        }
        list_line(&profile.id, &profile.name, profile.country.as_deref().unwrap_or(""), output)?;
        if !why.is_empty() {
            output.line(format!("{:21}{}{why}{}", "", paint::FAINT, paint::PLAIN))?;
        }
    }
    for regulator in regulators {
        if output.json() {
            output.object(&json!({"id": regulator.id, "kind": "regulator", "name": regulator.name,
                "country": regulator.country}))?;
        } else {
            let country = format!("{} (regulator)", regulator.country);
            list_line(&regulator.id, &regulator.short_name, &country, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list_line(id: &str, name: &str, country: &str, output: &mut Output) -> io::Result<()> {
    output.line(format!("{}{id:<20}{} {name} {country}", paint::STRONG, paint::PLAIN).trim_end().to_owned())
}

fn directory(place: &Place) -> anyhow::Result<Directory> {
    let path = place.config_path();
    match path {
        Ok(path) if path.exists() => Ok(place.rules()?.directory),
        Ok(path) if place.config.is_some() => bail!("{}: there is no such file", path.display()),
        _ => Ok(Directory::load(None)?),
    }
}

/// One record, of a carrier or of a regulator, by any name.
fn show(directory: &Directory, text: &str, today: Date, output: &mut Output) -> anyhow::Result<()> {
    match choose(directory, text) {
        Ok(found) if output.json() => output.object(found.profile),
        Ok(found) => Ok(show_carrier(found.profile, today, output)?),
        Err(unclear) => match (&unclear, directory.find_regulators(text).as_slice()) {
            (Unclear::Unknown(_), [regulator]) if output.json() => output.object(regulator),
            (Unclear::Unknown(_), [regulator]) => Ok(show_regulator(regulator, today, output)?),
            _ => bail!("{unclear}"),
        },
    }
}

fn source(source: &Source) -> String {
    let standing = serde_name(&source.standing).replace('_', " ");
    format!("{}[{standing}; {}; {}]{}", paint::FAINT, source.text, source.date, paint::PLAIN)
}

fn sourced(output: &mut Output, name: &str, fact: &Sourced) -> io::Result<()> {
    let note = fact.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
    output.line(format!("  {name}: {}{note} {}", fact.value, source(&fact.source)))
}

fn names(output: &mut Output, name: &str, names: Option<&Names>) -> io::Result<()> {
    let Some(names) = names else { return Ok(()) };
    output.line(format!("  {name}: {} {}", names.names.join(", "), source(&names.source)))
}

/// A rule and, where there is one, the fact it rests on.
fn rule(output: &mut Output, name: &str, rule: &str, note: Option<&Sourced>) -> io::Result<()> {
    match note {
        Some(note) => sourced(output, name, &Sourced { value: format!("{rule}. {}", note.value), ..note.clone() }),
        None => output.line(format!("  {name}: {rule}")),
    }
}

fn terms(output: &mut Output, terms: &[Term]) -> io::Result<()> {
    for term in terms {
        let days = if term.working_days { "working days" } else { "days" };
        let law = term.law.as_deref().map(|l| format!(", {l}")).unwrap_or_default();
        let note = term.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
        let kind = serde_name(&term.kind);
        output.line(format!("  term, {kind}: {} {days}{law}{note} {}", term.days, source(&term.source)))?;
    }
    Ok(())
}

fn look_again(output: &mut Output, check_again: Option<Date>, today: Date) -> io::Result<()> {
    match check_again {
        Some(day) if day < today => {
            output.line(format!("  {}should have been looked at again by {day}{}", paint::YOURS, paint::PLAIN))
        }
        Some(day) => output.line(format!("  look at this record again after {day}")),
        None => Ok(()),
    }
}

fn show_carrier(profile: &CarrierProfile, today: Date, output: &mut Output) -> io::Result<()> {
    let country = profile.country.as_deref().unwrap_or("");
    let kind = profile.kind.name().replace('_', " ");
    output.line(format!("{}{}{}  {}  {country}  {kind}", paint::STRONG, profile.id, paint::PLAIN, profile.name))?;
    if let Some(name) = &profile.legal_name {
        sourced(output, "company", name)?;
    }
    names(output, "brands", profile.brands.as_ref())?;
    names(output, "formerly", profile.former_names.as_ref())?;
    if !profile.aliases.is_empty() {
        output.line(format!("  found as: {}", profile.aliases.join(", ")))?;
    }
    for other in &profile.not_the_same {
        sourced(output, "not the same as", other)?;
    }
    let email = match profile.email_termination {
        EmailTermination::Accepted => "accepted",
        EmailTermination::Unverified => "nobody knows; worth a first try",
        EmailTermination::Refused => "refused",
    };
    rule(output, "by e-mail", email, profile.email_termination_note.as_ref())?;
    output.line("  ways to reach it:")?;
    for way in &profile.channels {
        let purpose = way.purpose.name().replace('_', " ");
        output.line(format!("    for {purpose}, {} {}", way.told(), source(&way.source)))?;
    }
    if let Some(fact) = &profile.office_hours {
        sourced(output, "office hours", fact)?;
    }
    let flags = |facts: &[Fact]| facts.iter().map(|f| f.flag()).collect::<Vec<_>>().join(", ");
    rule(output, "wants", &flags(&profile.required), profile.facts_note.as_ref())?;
    output.line(format!("  also told: {}", flags(&profile.optional)))?;
    show_proof(profile, output)?;
    for domain in &profile.sender_domains {
        let public = if domain.public_mailbox { " (anybody can have a mailbox there: proves nothing)" } else { "" };
        let note = domain.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
        output.line(format!("  answers from: {}{public}{note} {}", domain.domain, source(&domain.source)))?;
    }
    if let Some(prefixes) = &profile.prefixes {
        let all =
            prefixes.msisdn.iter().map(|p| format!("{p}…")).chain(prefixes.iccid.iter().map(|p| format!("SIM {p}…")));
        let all = all.collect::<Vec<_>>().join(", ");
        output.line(format!("  original network of: {all} {}", source(&prefixes.source)))?;
    }
    if let Some(fact) = &profile.prepaid_lapse {
        sourced(output, "prepaid", fact)?;
    }
    for fact in &profile.good_to_know {
        sourced(output, "good to know", fact)?;
    }
    terms(output, &profile.terms)?;
    output.line(format!(
        "  letters in: {}; time zone {}",
        profile.letter_languages.join(", "),
        profile.time_zone.name()
    ))?;
    if let Some(regulator) = &profile.regulator {
        let places = regulator.places().join(", ");
        let (name, short) = (&regulator.name, &regulator.short_name);
        output.line(format!("  regulator: {name} ({short}) {places} {}", source(&regulator.source)))?;
    }
    look_again(output, profile.check_again, today)
}

fn show_proof(profile: &CarrierProfile, output: &mut Output) -> io::Result<()> {
    let proof = &profile.proof;
    let word = |text: String| text.replace('_', " ");
    let signature = word(serde_name(&proof.signature));
    rule(output, "signature", &signature, proof.signature_note.as_ref())?;
    let address = word(serde_name(&proof.registered_address));
    rule(output, "from the address on file", &address, proof.registered_address_note.as_ref())?;
    let mask = &proof.id_document_may_mask;
    let mask = if mask.is_empty() { String::new() } else { format!(", may be covered: {}", mask.join(", ")) };
    let document = format!("{}{mask}", word(serde_name(&proof.id_document)));
    rule(output, "identity document", &document, proof.id_document_note.as_ref())
}

fn show_regulator(regulator: &Regulator, today: Date, output: &mut Output) -> io::Result<()> {
    let (id, name, country) = (&regulator.id, &regulator.name, &regulator.country);
    output.line(format!("{}{id}{}  {name}  {country}  regulator", paint::STRONG, paint::PLAIN))?;
    if !regulator.aliases.is_empty() {
        output.line(format!("  found as: {}", regulator.aliases.join(", ")))?;
    }
    for place in regulator.places() {
        output.line(format!("  {place} {}", source(&regulator.source)))?;
    }
    if !regulator.wants.is_empty() {
        let wants = regulator.wants.join("; ");
        output.line(format!("  a complaint says: {wants} {}", source(&regulator.source)))?;
    }
    terms(output, &regulator.terms)?;
    for fact in &regulator.good_to_know {
        sourced(output, "good to know", fact)?;
    }
    look_again(output, regulator.check_again, today)
}
