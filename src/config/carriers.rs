//! The carrier directory: the records compiled in, a user's folder over them, and the search by name,
//! number or card. What a record looks like is in `carrier_record`. Called by main, cli and daemon.

use super::embedded;
use super::reader::{Problem, Problems};
use super::{carrier_record, spelling};
use crate::domain::carrier::{CarrierProfile, OTHER, fold_name};
use crate::domain::identity::{Iccid, Msisdn};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every known carrier, by id.
#[derive(Debug, Clone)]
pub struct Directory {
    profiles: BTreeMap<String, CarrierProfile>,
}

/// A carrier found, and what spoke for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'d> {
    /// The record.
    pub profile: &'d CarrierProfile,
    /// Why it was found.
    pub why: Why,
}

/// What a search text met. Earlier ones are surer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The id of the record.
    Id,
    /// Its name or one of its other names, whole.
    Name(String),
    /// The beginning or a part of a name.
    PartOfName(String),
    /// A name that is spelt nearly so.
    Misspelt(String),
    /// The card was issued by this network. A travel eSIM carries the number of some foreign issuer.
    IccidPrefix(String),
    /// The number was first given to this network; numbers are portable.
    MsisdnPrefix(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id => f.write_str("its id"),
            Self::Name(name) => write!(f, "known as {name}"),
            Self::PartOfName(name) => write!(f, "part of the name {name}"),
            Self::Misspelt(name) => write!(f, "spelt nearly like {name}"),
            Self::IccidPrefix(prefix) => {
                write!(f, "issuer of cards {prefix}…; a reseller may be your contract partner")
            }
            Self::MsisdnPrefix(prefix) => {
                write!(f, "original network of {prefix}… only; the number may have been moved since")
            }
        }
    }
}

/// Hosts of public mailboxes that are no carriers.
const PUBLIC_MAILBOX_DOMAINS: &str = include_str!("../../config/public_mailbox_domains.txt");

impl Directory {
    /// The records compiled in, overridden and extended by those of a folder (`*.toml`, at any depth).
    ///
    /// # Errors
    /// Every problem of every record with file and line; a folder that cannot be read; a sender domain that
    /// stands in the records of two carriers.
    pub fn load(folder: Option<&Path>) -> Result<Self, Problems> {
        let mut texts: Vec<(String, String)> =
            embedded::CARRIERS.iter().map(|(name, text)| (format!("built-in {name}"), (*text).to_owned())).collect();
        let mut problems = Vec::new();
        if let Some(folder) = folder {
            read_folder(folder, &mut texts, &mut problems);
        }
        let mut profiles: BTreeMap<String, (String, CarrierProfile)> = BTreeMap::new();
        let built_in = embedded::CARRIERS.len();
        for (position, (name, text)) in texts.iter().enumerate() {
            let profile = match carrier_record::parse(name, text) {
                Ok(profile) => profile,
                Err(found) => {
                    problems.extend(found);
                    continue;
                }
            };
            let id = profile.id.clone();
            let earlier = profiles.insert(id.clone(), (name.clone(), profile));
            // A user's record may replace a built-in one, but no other of the user's.
            if let Some((other, _)) =
                earlier.filter(|(other, _)| position >= built_in && !other.starts_with("built-in "))
            {
                problems.push(whole_file(name, format!("the id `{id}` is already that of {other}")));
            }
        }
        problems.extend(shared_domains(&profiles));
        if problems.is_empty() {
            return Ok(Self { profiles: profiles.into_iter().map(|(id, (_, profile))| (id, profile)).collect() });
        }
        problems.sort();
        Err(Problems(problems))
    }

    /// The record of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CarrierProfile> {
        self.profiles.get(id)
    }

    /// All records in the order of their ids, that for unknown carriers left out.
    pub fn all(&self) -> impl Iterator<Item = &CarrierProfile> {
        self.profiles.values().filter(|p| p.id != OTHER)
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

    /// Finds carriers by id, name, alias, former name, misspelling, phone number or ICCID, best first.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Match<'_>> {
        let mut found: Vec<Match<'_>> = Vec::new();
        for profile in self.profiles.values() {
            let only_by_id = profile.id == OTHER;
            let why = if profile.id == text.trim().to_ascii_lowercase() {
                Some(Why::Id)
            } else if only_by_id {
                None
            } else {
                by_number(profile, text).or_else(|| by_name(profile, text))
            };
            found.extend(why.map(|why| Match { profile, why }));
        }
        found.sort_by(|a, b| rank(&a.why).cmp(&rank(&b.why)).then(a.profile.id.cmp(&b.profile.id)));
        // A sure hit makes the guesses noise.
        let best = found.first().map_or(0, |m| rank(&m.why));
        if best <= 2 {
            found.retain(|m| rank(&m.why) <= 2);
        }
        found
    }
}

fn rank(why: &Why) -> u8 {
    match why {
        Why::Id => 0,
        Why::Name(_) => 1,
        Why::PartOfName(_) => 2,
        Why::Misspelt(_) => 3,
        Why::IccidPrefix(_) => 4,
        Why::MsisdnPrefix(_) => 5,
    }
}

fn by_name(profile: &CarrierProfile, text: &str) -> Option<Why> {
    let wanted = fold_name(text);
    if wanted.is_empty() {
        return None;
    }
    let names: Vec<&str> = std::iter::once(profile.name.as_str())
        .chain(profile.legal_name.iter().map(|l| l.value.as_str()))
        .chain(profile.aliases.iter().map(String::as_str))
        .collect();
    let met = |test: &dyn Fn(&str) -> bool| names.iter().find(|n| test(&fold_name(n))).map(|n| (*n).to_owned());
    let words = |name: &str| name.split(' ').map(str::to_owned).collect::<Vec<_>>();
    met(&|name| name == wanted)
        .map(Why::Name)
        .or_else(|| {
            let long_enough = wanted.chars().count() >= 3 || !wanted.is_ascii();
            met(&|name| long_enough && (name.starts_with(&wanted) || words(name).contains(&wanted)))
                .map(Why::PartOfName)
        })
        .or_else(|| {
            let allowed = spelling::tolerance(wanted.chars().count());
            met(&|name| {
                spelling::distance(name, &wanted) <= allowed
                    || words(name).iter().any(|w| w.chars().count() > 3 && spelling::distance(w, &wanted) <= allowed)
            })
            .map(Why::Misspelt)
        })
}

/// By a whole number or the beginning of one: `064`, `+38164`, `0641234567`, `8938103`.
fn by_number(profile: &CarrierProfile, text: &str) -> Option<Why> {
    let compact: String = text.chars().filter(char::is_ascii_digit).collect();
    if compact.len() < 3 || text.chars().any(char::is_alphabetic) {
        return None;
    }
    let met = |prefixes: &[String], number: &str| prefixes.iter().find(|p| number.starts_with(p.as_str())).cloned();
    if Iccid::parse(text).is_ok() || (compact.starts_with("89") && compact.len() >= 7) {
        return met(&profile.iccid_prefixes, &compact).map(Why::IccidPrefix);
    }
    let code = profile.calling_code.as_deref();
    let whole = Msisdn::parse(text, code).ok().map(|n| n.as_str().to_owned());
    // Too short for a number: the beginning of one.
    let beginning = || match (text.trim().starts_with('+'), compact.strip_prefix("00"), compact.strip_prefix('0')) {
        (true, _, _) => Some(format!("+{compact}")),
        (false, Some(international), _) => Some(format!("+{international}")),
        (false, None, national) => Some(format!("+{}{}", code?, national?)),
    };
    met(&profile.msisdn_prefixes, &whole.or_else(beginning)?).map(Why::MsisdnPrefix)
}

fn whole_file(file: &str, message: String) -> Problem {
    Problem { file: file.to_owned(), line: 0, message }
}

fn shared_domains(profiles: &BTreeMap<String, (String, CarrierProfile)>) -> Vec<Problem> {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    let mut out = Vec::new();
    for (file, profile) in profiles.values() {
        for domain in &profile.sender_domains {
            if let Some(other) = owner.insert(&domain.domain, &profile.id) {
                let message = format!(
                    "the sender domain `{}` is already that of `{other}`: a reply could be credited to the wrong carrier",
                    domain.domain
                );
                out.push(whole_file(file, message));
            }
        }
    }
    out
}

fn read_folder(folder: &Path, texts: &mut Vec<(String, String)>, problems: &mut Vec<Problem>) {
    let name = folder.display().to_string();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => return problems.push(whole_file(&name, format!("this folder cannot be read: {e}"))),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, texts, problems);
        } else if path.extension().is_some_and(|e| e == "toml") {
            let name = path.display().to_string();
            match std::fs::read_to_string(&path) {
                Ok(text) => texts.push((name, text)),
                Err(e) => problems.push(whole_file(&name, format!("this file cannot be read: {e}"))),
            }
        }
    }
}
