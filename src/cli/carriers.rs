//! `odjava carriers`: the directory, searched and shown with its sources.

use super::arguments::{Carriers, CarriersAct};
use super::desk::Place;
use super::output::{Output, paint};
use crate::config::carriers::Directory;
use crate::domain::carrier::{CarrierProfile, Channel, EmailTermination, Source, Sourced};
use crate::domain::decide::serde_name;
use anyhow::bail;
use std::process::ExitCode;

/// Searches the directory, or shows one record. Works without a config: the built-in records are there.
pub(super) fn carriers(place: &Place, what: &Carriers, output: &mut Output) -> anyhow::Result<ExitCode> {
    let directory = directory(place)?;
    if let Some(CarriersAct::Show { id }) = &what.act {
        let profile = super::new::find_carrier(&directory, id).map_err(|problem| anyhow::anyhow!(problem))?;
        if output.json() {
            output.object(profile)?;
        } else {
            show(profile, output)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let text = what.text.join(" ");
    let found: Vec<(&CarrierProfile, String)> = if text.trim().is_empty() {
        directory.all().map(|p| (p, String::new())).collect()
    } else {
        directory.find(&text).into_iter().map(|m| (m.profile, m.why.to_string())).collect()
    };
    if found.is_empty() {
        bail!(
            "no carrier is found by `{text}`; `odjava carriers` lists all, `odjava new --carrier other --to ADDRESS` writes to any"
        );
    }
    for (profile, why) in found {
        if output.json() {
            output.object(&serde_json::json!({"id": profile.id, "name": profile.name, "country": profile.country,
                "aliases": profile.aliases, "found_by": why, "email_termination": profile.email_termination,
                "addresses": profile.request_addresses()}))?;
            continue;
        }
        let country = profile.country.as_deref().unwrap_or("");
        output.line(format!("{}{:<14}{} {} {country}", paint::STRONG, profile.id, paint::PLAIN, profile.name))?;
        if !why.is_empty() {
            output.line(format!("{:15}{}{why}{}", "", paint::FAINT, paint::PLAIN))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn directory(place: &Place) -> anyhow::Result<Directory> {
    let path = place.config_path();
    match path {
        Ok(path) if path.exists() => Ok(place.rules()?.directory),
        Ok(path) if place.config.is_some() => bail!("{}: there is no such file", path.display()),
        _ => Ok(Directory::load(None)?),
    }
}

fn source(source: &Source) -> String {
    let standing = serde_name(&source.standing).replace('_', " ");
    format!("{}[{standing}; {}; {}]{}", paint::FAINT, source.text, source.date, paint::PLAIN)
}

fn sourced(output: &mut Output, name: &str, fact: &Sourced) -> std::io::Result<()> {
    let note = fact.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
    output.line(format!("  {name}: {}{note} {}", fact.value, source(&fact.source)))
}

fn channel(output: &mut Output, channel: &Channel) -> std::io::Result<()> {
    let note = channel.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
    output.line(format!(
        "    {} for {}: {}{note} {}",
        channel.kind.name().replace('_', " "),
        channel.purpose.name().replace('_', " "),
        channel.value.as_deref().unwrap_or("-"),
        source(&channel.source)
    ))
}

fn show(profile: &CarrierProfile, output: &mut Output) -> anyhow::Result<()> {
    output.line(format!("{}{}{}  {}", paint::STRONG, profile.id, paint::PLAIN, profile.name))?;
    if !profile.aliases.is_empty() {
        output.line(format!("  known as: {}", profile.aliases.join(", ")))?;
    }
    if let Some(name) = &profile.legal_name {
        sourced(output, "company", name)?;
    }
    for other in &profile.not_the_same {
        sourced(output, "not the same as", other)?;
    }
    output.line(match profile.email_termination {
        EmailTermination::Accepted => "  by e-mail: accepted",
        EmailTermination::Unverified => "  by e-mail: nobody knows; worth a first try",
        EmailTermination::Refused => "  by e-mail: refused",
    })?;
    if let Some(note) = &profile.email_termination_note {
        sourced(output, "why", note)?;
    }
    output.line("  ways to reach it:")?;
    for way in &profile.channels {
        channel(output, way)?;
    }
    let flags = |facts: &[crate::domain::case::Fact]| facts.iter().map(|f| f.flag()).collect::<Vec<_>>().join(", ");
    output.line(format!("  wants: {}", flags(&profile.required)))?;
    output.line(format!("  also told: {}", flags(&profile.optional)))?;
    output.line(format!("  identity document: {}", serde_name(&profile.id_document).replace('_', " ")))?;
    for domain in &profile.sender_domains {
        let public = if domain.public_mailbox { " (anybody can have a mailbox there: proves nothing)" } else { "" };
        output.line(format!("  answers from: {}{public} {}", domain.domain, source(&domain.source)))?;
    }
    for term in &profile.terms {
        let name = serde_name(&term.kind);
        let note = term.note.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
        output.line(format!("  term, {name}: {} days{note} {}", term.days, source(&term.source)))?;
    }
    if let Some(fact) = &profile.prepaid_lapse {
        sourced(output, "prepaid", fact)?;
    }
    if let Some(fact) = &profile.office_hours {
        sourced(output, "office hours", fact)?;
    }
    if let Some(regulator) = &profile.regulator {
        let email = regulator.email.as_ref().map(ToString::to_string).unwrap_or_default();
        output.line(format!(
            "  regulator: {} ({}) {email} {}",
            regulator.name,
            regulator.short_name,
            source(&regulator.source)
        ))?;
    }
    if let Some(day) = profile.check_again {
        output.line(format!("  look at this record again after {day}"))?;
    }
    Ok(())
}
