//! Files to checked values: the config, the carrier directory, the holidays and the templates. Unknown keys
//! are refused and all problems reported at once, with their lines. Called by main, cli and daemon only to
//! load; the values are plain.
//!
//! | file | reads |
//! |---|---|
//! | `file`, `account_file` | `odjava.toml` |
//! | `carriers`, `carrier_record`, `regulator_record`, `record_parts` | `config/carriers/**.toml` |
//! | `carrier_search`, `carrier_lint` | nothing: they search and examine the directory |
//! | `holidays` | `config/holidays/*.toml` |
//! | `templates` | `templates/<language>/<purpose>/{subject,body}.txt` |
//! | `lexicon` | `config/lexicon/*.toml` |

pub mod account;
mod account_file;
pub mod carrier_lint;
pub mod carrier_record;
pub mod carrier_search;
pub mod carriers;
pub mod cron_text;
pub mod embedded;
mod file;
pub mod holidays;
pub mod lexicon;
pub mod reader;
mod record_parts;
mod regulator_record;
pub mod secret;
pub mod spelling;
mod template_check;
pub mod templates;

use crate::domain::carrier::CarrierProfile;
use crate::domain::document;
use crate::domain::policy::{Approval, Policy, Rate, Span};
use crate::domain::reply::Trust;
use account::Account;
use chrono::NaiveTime;
pub use reader::{Problem, Problems as ConfigProblems};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The window in which follow-ups leave where neither config nor record nor country names one.
pub const USUAL_SEND_WINDOW: &str = "0 * 9-16 * * Mon-Fri";

/// Most mail to one domain where the config names no rate: far more than one holder has lines, far less than looks
/// like spam.
pub const USUAL_RATE: Rate = Rate { mails: 20, per: Span::hours(1) };

/// Everything `odjava.toml` says.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Accounts by name; at least one.
    pub accounts: BTreeMap<String, Account>,
    /// `[follow_up]`.
    pub follow_up: FollowUpRules,
    /// `[nudge]`.
    pub nudge: NudgeRules,
    /// `[trust]`: authserv-ids believed where an account names none of its own.
    pub authserv_ids: Vec<String>,
    /// The rest of `[trust]`.
    pub trust: TrustRules,
    /// `[store]`.
    pub store: StorePlace,
    /// `[directory]`.
    pub directory: DirectoryPlaces,
    /// `[limits]`.
    pub limits: Limits,
    /// `[documents]`.
    pub documents: DocumentRules,
    /// `[reader]`: who is asked about unclear mail; nobody unless it is there.
    pub reader: Option<SecondReader>,
}

/// An OpenAI-compatible endpoint on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondReader {
    /// A loopback address or `localhost`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Path of chat completions.
    pub path: String,
    /// What it calls its model.
    pub model: String,
    /// How long it may take.
    pub timeout: Duration,
}

/// How mail is proven that the holder's server says nothing about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustRules {
    /// Signatures of such mail are tested here.
    pub verify_dkim: bool,
    /// Name servers to ask; empty: those of the system.
    pub dns: Vec<SocketAddr>,
    /// Forwarders whose sealed verdicts (ARC) count.
    pub arc_sealers: Vec<String>,
}

impl Default for TrustRules {
    fn default() -> Self {
        Self { verify_dkim: true, dns: Vec::new(), arc_sealers: Vec::new() }
    }
}

/// When a silent carrier is written to again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpRules {
    /// What needs approval.
    pub approval: Approval,
    /// Silence before follow-up 1.
    pub after: Span,
    /// Silence before follow-up 2.
    pub second_after: Span,
    /// Silence before the formal notice.
    pub notice_after: Span,
    /// Silence after it before the holder is asked.
    pub give_up_after: Span,
    /// Wait for any sign of receipt.
    pub no_sign_after: Span,
    /// Age of the last look into the inbox beyond which nobody is followed up.
    pub inbox_stale_after: Span,
    /// First wait after a mail server refused for the moment; none: by its reply code.
    pub retry_after: Option<Span>,
    /// When follow-ups may leave.
    pub send_window: SendWindow,
    /// The window holds back requests and answers too.
    pub window_for_all: bool,
    /// Most mail to one domain in a time.
    pub rate: SendRate,
}

/// Most mail to one domain in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendRate {
    /// [`USUAL_RATE`]; unbounded while `after` is shorter than a day.
    Usual,
    /// No bound.
    Unbounded,
    /// This one.
    Stated(Rate),
}

/// When follow-ups may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendWindow {
    /// As the carrier's record says, else its country, else [`USUAL_SEND_WINDOW`]; any time while `after` is shorter than a
    /// day, because then somebody is trying odjava out.
    Usual,
    /// Any time.
    Any,
    /// At the instants of a cron expression (six fields, the carrier's zone).
    Cron(String),
}

impl Default for FollowUpRules {
    fn default() -> Self {
        let week = Span::days(7);
        Self {
            approval: Approval::First,
            after: week,
            second_after: week,
            notice_after: week,
            give_up_after: week,
            no_sign_after: Span::WorkingDays(2),
            inbox_stale_after: Span::hours(1),
            retry_after: None,
            send_window: SendWindow::Usual,
            window_for_all: false,
            rate: SendRate::Usual,
        }
    }
}

/// When and of what the holder is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NudgeRules {
    /// Hours, in the holder's zone, in which no nudge leaves.
    pub quiet_hours: Option<QuietHours>,
    /// When the overview leaves: cron expression (six fields, the holder's zone).
    pub digest: Option<String>,
    /// Whether to tell that a request left.
    pub on_sent: bool,
    /// Whether to tell that a follow-up left.
    pub on_followed_up: bool,
}

impl Default for NudgeRules {
    fn default() -> Self {
        Self { quiet_hours: None, digest: None, on_sent: true, on_followed_up: true }
    }
}

/// A part of each day, from the first time of day to just before the second; it may lie across midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// First quiet minute.
    pub from: NaiveTime,
    /// First minute that is not quiet.
    pub to: NaiveTime,
}

impl QuietHours {
    /// Parses `22:00-07:00`.
    ///
    /// # Errors
    /// A sentence for the person who wrote it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fail = || format!("`{text}` is not a time of day such as 22:00-07:00 (or \"off\")");
        let (from, to) = text.split_once('-').ok_or_else(fail)?;
        let time = |t: &str| NaiveTime::parse_from_str(t.trim(), "%H:%M").map_err(|_| fail());
        let hours = Self { from: time(from)?, to: time(to)? };
        if hours.from == hours.to { Err(fail()) } else { Ok(hours) }
    }

    /// Whether a time of day is quiet.
    #[must_use]
    pub fn contains(self, time: NaiveTime) -> bool {
        if self.from < self.to { self.from <= time && time < self.to } else { self.from <= time || time < self.to }
    }
}

/// Where the store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePlace {
    /// The database file.
    pub path: PathBuf,
}

/// Folders that add to or override what is compiled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryPlaces {
    /// Carrier records.
    pub carriers: Option<PathBuf>,
    /// Templates.
    pub templates: Option<PathBuf>,
    /// Phrases of more languages, or more phrases.
    pub lexicon: Option<PathBuf>,
}

/// Bounds on what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message that is fetched whole, in bytes.
    pub message_size_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_size_max: 10_000_000 }
    }
}

/// What documents may be, and how long their copies are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRules {
    /// What a file may be at most.
    pub limits: document::Limits,
    /// How long after the end of a case the copies are kept.
    pub kept_for: Span,
}

impl Default for DocumentRules {
    fn default() -> Self {
        Self { limits: document::Limits::default(), kept_for: Span::days(30) }
    }
}

/// No account goes by that name, or none was named and there are several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchAccount {
    /// The name is not in the config.
    #[error("there is no account `{name}` in the config; there is {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names in the config.
        known: String,
    },
    /// There are several and none is meant by itself.
    #[error("which account is meant? Name it with --account; there are {0}")]
    Several(String),
}

impl Config {
    /// Reads and checks a config file.
    ///
    /// # Errors
    /// Every problem of the file with its line, or why it cannot be read at all.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigProblems> {
        let fail = |e: std::io::Error| {
            let remedy = match e.kind() {
                std::io::ErrorKind::NotFound => "there is no such file; write one with `odjava init`".to_owned(),
                _ => format!("cannot be read: {e}"),
            };
            ConfigProblems::of_file(path.display().to_string(), remedy)
        };
        let bytes = std::fs::read(path).map_err(fail)?;
        let is_private = secret::is_private(&std::fs::metadata(path).map_err(fail)?);
        let text = String::from_utf8(bytes)
            .map_err(|_| ConfigProblems::of_file(path.display().to_string(), "is not UTF-8 text; save it as UTF-8"))?;
        file::read(text.trim_start_matches('\u{feff}'), &file::Place { file: path, is_private, env })
    }

    /// Where the config lies when nobody says otherwise: `$XDG_CONFIG_HOME/odjava/odjava.toml`, with
    /// `~/.config` for an unset variable. None without a home.
    #[must_use]
    pub fn usual_path(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let set = |name: &str| env(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
        Some(folder.join("odjava/odjava.toml"))
    }

    /// The account of a name, or the only one.
    ///
    /// # Errors
    /// [`NoSuchAccount`] naming those there are.
    pub fn account(&self, name: Option<&str>) -> Result<&Account, NoSuchAccount> {
        let known = || self.accounts.keys().cloned().collect::<Vec<_>>().join(", ");
        match name {
            Some(name) => {
                self.accounts.get(name).ok_or_else(|| NoSuchAccount::Unknown { name: name.to_owned(), known: known() })
            }
            None if self.accounts.len() == 1 => {
                self.accounts.values().next().ok_or_else(|| NoSuchAccount::Several(known()))
            }
            None => Err(NoSuchAccount::Several(known())),
        }
    }

    /// The rules for cases of an account at a carrier: DESIGN §5, the config and the carrier's record over it.
    #[must_use]
    pub fn policy_for(&self, account: &Account, carrier: &CarrierProfile) -> Policy {
        let rules = &self.follow_up;
        Policy {
            approval: rules.approval,
            follow_up_after: rules.after,
            second_after: rules.second_after,
            notice_after: rules.notice_after,
            give_up_after: rules.give_up_after,
            no_sign_after: rules.no_sign_after,
            inbox_stale_after: rules.inbox_stale_after,
            collecting_nudge_after: Span::days(3),
            draft_nudges_after: [Span::days(1), Span::days(4)],
            bounce_final_after: Span::hours(48),
            device_check_after: Span::days(1),
            bill_watch_for: Span::days(35),
            send_give_up_after: Span::days(5),
            send_problem_after: Span::hours(4),
            retry_after: rules.retry_after,
            carrier_time_zone: carrier.time_zone,
            send_window: self.send_window(carrier),
            window_for_all: rules.window_for_all,
            rate: self.rate(),
            holidays: carrier.country.as_deref().map(holidays::of_country).unwrap_or_default(),
            from: account.address.clone(),
            plus_addressing: account.plus_addressing,
            holder_time_zone: account.time_zone,
            documents_with_request: document::go_with_request(carrier),
            documents_kept_for: self.documents.kept_for,
        }
    }

    /// As for the window: whoever tries odjava out does not wait.
    fn rate(&self) -> Option<Rate> {
        match self.follow_up.rate {
            SendRate::Unbounded => None,
            SendRate::Stated(rate) => Some(rate),
            SendRate::Usual if self.follow_up.after.approximate() < chrono::TimeDelta::days(1) => None,
            SendRate::Usual => Some(USUAL_RATE),
        }
    }

    fn send_window(&self, carrier: &CarrierProfile) -> Option<String> {
        match &self.follow_up.send_window {
            SendWindow::Any => None,
            SendWindow::Cron(cron) => Some(cron.clone()),
            // A wait below a day means that somebody is trying odjava out; office hours would only puzzle them.
            SendWindow::Usual if self.follow_up.after.approximate() < chrono::TimeDelta::days(1) => None,
            SendWindow::Usual => {
                let country = carrier.country.as_deref().and_then(holidays::office_hours);
                Some(carrier.send_window.as_deref().or(country).unwrap_or(USUAL_SEND_WINDOW).to_owned())
            }
        }
    }

    /// Whom the reader of an account's mail believes. `public_domains` come from the directory.
    #[must_use]
    pub fn trust_for(&self, account: &Account, public_domains: Vec<String>) -> Trust {
        Trust {
            authserv_ids: account.authserv_ids.clone().unwrap_or_else(|| self.authserv_ids.clone()),
            own_addresses: self.accounts.values().map(|a| a.address.clone()).collect(),
            public_domains,
            arc_sealers: self.trust.arc_sealers.clone(),
        }
    }
}
