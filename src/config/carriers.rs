//! The carrier directory: the records compiled in and a user's folder over them. What a record looks like is in
//! `carrier_record`, how one is found in `carrier_search`. Called by main, cli and daemon.

use super::carrier_record::{self, Parsed, Record};
use super::reader::{Problem, Problems};
use super::{carrier_search, embedded};
use crate::domain::carrier::{CarrierProfile, OTHER, Regulator};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every known carrier and regulator, by id.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    profiles: BTreeMap<String, CarrierProfile>,
    regulators: BTreeMap<String, Regulator>,
    /// Where each record was read, by id.
    files: BTreeMap<String, String>,
    /// All names of each carrier beside their folded forms, by id: a file of ten thousand rows asks for them.
    folded: BTreeMap<String, Vec<(String, String)>>,
}

/// Hosts of public mailboxes that are no carriers.
const PUBLIC_MAILBOX_DOMAINS: &str = include_str!("../../config/public_mailbox_domains.txt");

/// What the records compiled in are called in messages.
const BUILT_IN: &str = "built-in ";

impl Directory {
    /// The records compiled in, overridden and extended by those of a folder (`*.toml`, at any depth).
    ///
    /// # Errors
    /// Every problem of every record with file and line; a folder that cannot be read; a sender domain that
    /// stands in the records of two carriers; two regulators for one country.
    pub fn load(folder: Option<&Path>) -> Result<Self, Problems> {
        let mut texts: Vec<(String, String)> =
            embedded::CARRIERS.iter().map(|(name, text)| (format!("{BUILT_IN}{name}"), (*text).to_owned())).collect();
        let mut problems = Vec::new();
        if let Some(folder) = folder {
            read_folder(folder, 0, &mut texts, &mut problems);
        }
        let mut records: BTreeMap<String, (String, Parsed)> = BTreeMap::new();
        for (name, text) in &texts {
            let parsed = match carrier_record::parse(name, text) {
                Ok(parsed) => parsed,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            let (id, line) = (parsed.record.id().to_owned(), parsed.id_line);
            let earlier = records.insert(id.clone(), (name.clone(), parsed));
            // A user's record may replace a built-in one, but no other of the user's.
            let twice = |other: &str| other.starts_with(BUILT_IN) == name.starts_with(BUILT_IN);
            if let Some((other, _)) = earlier.filter(|(other, _)| twice(other)) {
                problems.push(at(name, line, format!("the id `{id}` is already that of {other}")));
            }
        }
        problems.extend(shared_domains(&records));
        let mut directory = Self::default();
        for (id, (file, parsed)) in records {
            match parsed.record {
                Record::Carrier(profile) => _ = directory.profiles.insert(id.clone(), *profile),
                Record::Regulator(regulator) => {
                    if let Some(other) = directory.regulators.values().find(|r| r.country == regulator.country) {
                        let message = format!("`{}` is already the regulator of {}", other.id, other.country);
                        problems.push(at(&file, parsed.id_line, message));
                    }
                    directory.regulators.insert(id.clone(), *regulator);
                }
            }
            directory.files.insert(id, file);
        }
        if problems.is_empty() {
            directory.apply_law();
            let folded = |p: &CarrierProfile| (p.id.clone(), carrier_search::fold_all(p.all_names()));
            directory.folded = directory.all().map(folded).collect();
            return Ok(directory);
        }
        problems.sort();
        Err(Problems(problems))
    }

    /// Gives each carrier the regulator of its country, and the terms of its law that the carrier's own record does
    /// not set otherwise.
    fn apply_law(&mut self) {
        for profile in self.profiles.values_mut() {
            let country = profile.country.as_deref();
            let Some(regulator) = self.regulators.values().find(|r| Some(r.country.as_str()) == country) else {
                continue;
            };
            let own: Vec<_> = profile.terms.iter().map(|t| t.kind).collect();
            profile.terms.extend(regulator.terms.iter().filter(|t| !own.contains(&t.kind)).cloned());
            profile.regulator = Some(regulator.clone());
        }
    }

    /// The record of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CarrierProfile> {
        self.profiles.get(id)
    }

    /// The names of a carrier as the search compares them, each beside the name itself.
    pub(super) fn folded_names(&self, id: &str) -> &[(String, String)] {
        self.folded.get(id).map_or(&[], Vec::as_slice)
    }

    /// The regulator of an id.
    #[must_use]
    pub fn regulator(&self, id: &str) -> Option<&Regulator> {
        self.regulators.get(id)
    }

    /// All records in the order of their ids, that for unknown carriers left out.
    pub fn all(&self) -> impl Iterator<Item = &CarrierProfile> {
        self.profiles.values().filter(|p| p.id != OTHER)
    }

    /// All regulators in the order of their ids.
    pub fn regulators(&self) -> impl Iterator<Item = &Regulator> {
        self.regulators.values()
    }

    /// The file that a record was read from, as messages call it.
    #[must_use]
    pub fn file(&self, id: &str) -> &str {
        self.files.get(id).map_or("", String::as_str)
    }

    /// Whether a record is the one compiled in.
    #[must_use]
    pub fn is_built_in(&self, id: &str) -> bool {
        self.file(id).starts_with(BUILT_IN)
    }

    /// Domains at which anybody can have a mailbox, as the records say.
    #[must_use]
    pub fn public_domains(&self) -> Vec<String> {
        let mut out: Vec<String> = self
            .profiles
            .values()
            .flat_map(|p| &p.sender_domains)
            .filter(|d| d.public_mailbox)
            .map(|d| d.domain.clone())
            .chain(PUBLIC_MAILBOX_DOMAINS.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned))
            .collect();
        out.sort();
        out.dedup();
        out
    }
}

impl Record {
    /// The id, of whatever kind the record is.
    fn id(&self) -> &str {
        match self {
            Self::Carrier(profile) => &profile.id,
            Self::Regulator(regulator) => &regulator.id,
        }
    }
}

fn at(file: &str, line: usize, message: String) -> Problem {
    Problem { file: file.to_owned(), line, message }
}

/// Sender domains count with their subdomains, so one below another's is shared as well.
fn shared_domains(records: &BTreeMap<String, (String, Parsed)>) -> Vec<Problem> {
    let mut owners: Vec<(&str, &str)> = Vec::new();
    let mut out = Vec::new();
    let below = |a: &str, b: &str| a == b || a.strip_suffix(b).is_some_and(|rest| rest.ends_with('.'));
    // The user's own records come last: a message should name the file that can be changed.
    let mut ordered: Vec<_> = records.values().collect();
    ordered.sort_by_key(|(file, _)| !file.starts_with(BUILT_IN));
    for (file, parsed) in ordered {
        let Record::Carrier(profile) = &parsed.record else { continue };
        for (domain, line) in profile.sender_domains.iter().zip(&parsed.domain_lines) {
            let domain = domain.domain.as_str();
            if let Some((met, other)) = owners.iter().find(|(met, _)| below(domain, met) || below(met, domain)) {
                let met = if *met == domain { String::new() } else { format!(" (as `{met}`)") };
                out.push(at(
                    file,
                    *line,
                    format!(
                        "the sender domain `{domain}` is already that of `{other}`{met}: a reply could be credited to \
                         the wrong carrier; take it out of one of the two"
                    ),
                ));
            } else {
                owners.push((domain, &profile.id));
            }
        }
    }
    out
}

/// Deepest folder that is read: links that lead back up end here.
const FOLDER_DEPTH_MAX: usize = 8;
/// Largest record, in bytes; the largest that is shipped has 8 kB.
const RECORD_SIZE_MAX: u64 = 256 * 1024;

fn read_folder(folder: &Path, depth: usize, texts: &mut Vec<(String, String)>, problems: &mut Vec<Problem>) {
    let name = folder.display().to_string();
    if depth > FOLDER_DEPTH_MAX {
        let message = format!("lies more than {FOLDER_DEPTH_MAX} folders deep; does a link lead back up?");
        return problems.push(at(&name, 0, message));
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => return problems.push(at(&name, 0, format!("this folder cannot be read: {e}"))),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, depth + 1, texts, problems);
        } else if path.extension().is_some_and(|e| e == "toml") {
            let name = path.display().to_string();
            match read_record(&path) {
                Ok(text) => texts.push((name, text)),
                Err(e) => problems.push(at(&name, 0, e)),
            }
        }
    }
}

/// The text of a record. A pipe would be waited for without end, so only files are opened.
fn read_record(path: &Path) -> Result<String, String> {
    let fail = |e: std::io::Error| format!("this file cannot be read: {e}");
    let about = std::fs::metadata(path).map_err(fail)?;
    if !about.is_file() {
        return Err("this is no file; take it out of the folder".to_owned());
    }
    if about.len() > RECORD_SIZE_MAX {
        return Err(format!("this file has {} kB; a record has a few", about.len() / 1024));
    }
    std::fs::read_to_string(path).map_err(fail)
}
