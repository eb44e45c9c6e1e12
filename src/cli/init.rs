//! `odjava init`: the commented config, with what the flags say filled in.

use super::arguments::Init;
use super::desk::{Place, env};
use super::output::{Output, paint};
use crate::config::Config;
use anyhow::{Context, bail};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The example that is part of the manual, compiled in.
const EXAMPLE: &str = include_str!("../../config/odjava.example.toml");

/// Writes the config; one that is there is left alone.
pub(super) fn init(place: &Place, what: &Init, output: &mut Output) -> anyhow::Result<ExitCode> {
    let path = place.config_path()?;
    if path.exists() && !what.force {
        bail!("{} is there already; change it with an editor, or write it anew with --force", path.display());
    }
    let text = filled(what)?;
    write_private(&path, &text).with_context(|| format!("{} cannot be written", path.display()))?;
    let left: Vec<&str> = to_fill_in(what);
    let fit = Config::load(&path, &env);
    if output.json() {
        output.object(&json!({"config": path, "to_fill_in": left}))?;
    } else {
        output.line(format!("{}{}{} written.", paint::STRONG, path.display(), paint::PLAIN))?;
        if !left.is_empty() {
            output.line(format!("Fill in: {}.", left.join(", ")))?;
        }
        output.line("Then see whether all is well: odjava check")?;
    }
    fit.map(|_| ExitCode::SUCCESS).map_err(Into::into)
}

fn to_fill_in(what: &Init) -> Vec<&'static str> {
    let wanted = [
        ("name", what.name.is_none()),
        ("address", what.address.is_none()),
        ("imap host", what.imap_host.is_none()),
        ("smtp host", what.smtp_host.is_none()),
        ("both passwords", what.password_command.is_none()),
        ("time_zone", what.time_zone.is_none()),
    ];
    wanted.into_iter().filter(|(_, left)| *left).map(|(name, _)| name).collect()
}

/// The example with the lines of the account replaced.
fn filled(what: &Init) -> anyhow::Result<String> {
    let mut section = String::new();
    let mut out = String::with_capacity(EXAMPLE.len());
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            line.clone_into(&mut section);
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        let value = match (section.as_str(), key) {
            ("[account.home]", "name") => what.name.clone(),
            ("[account.home]", "address") => what.address.as_ref().map(ToString::to_string),
            ("[account.home]", "language") => what.language.clone(),
            ("[account.home]", "time_zone") => what.time_zone.clone(),
            ("[account.home.imap]", "host") => what.imap_host.clone(),
            ("[account.home.smtp]", "host") => what.smtp_host.clone(),
            (_, "password") => what.password_command.clone(),
            _ => None,
        };
        match value {
            Some(value) if key == "password" => {
                out.push_str(&format!("password = {{ command = {} }}", quoted(&value)?))
            }
            Some(value) => out.push_str(&format!("{key} = {}", quoted(&value)?)),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

/// A TOML basic string; its escapes are those of JSON.
fn quoted(text: &str) -> anyhow::Result<String> {
    Ok(serde_json::to_string(text)?)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        crate::store::make_private_folder(folder)?;
    }
    // Beside it first, so that a full disk leaves the old one whole.
    let beside = path.with_extension("toml.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_the_flags_say_stands_in_the_config() {
        let what = Init {
            name: Some("Ana \"Anči\" Anić".into()),
            address: None,
            language: None,
            time_zone: None,
            imap_host: Some("in.mailhost.example".into()),
            smtp_host: Some("out.mailhost.example".into()),
            password_command: Some("pass show 'my mail'".into()),
            force: false,
        };
        let text = filled(&what).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odjava.toml");
        write_private(&path, &text).unwrap();
        let config = Config::load(&path, &|n| (n == "HOME").then(|| "/home/ana".to_owned())).unwrap();
        assert_eq!(config.account(None).unwrap().holder_name, "Ana \"Anči\" Anić");
        assert!(text.contains("in.mailhost.example") && text.contains("out.mailhost.example"));
    }
}
