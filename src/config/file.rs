//! Reads `odjava.toml`: every section but the accounts, which are in `account_file`. Called by `mod`.

use super::account::Account;
use super::reader::{Document, Problems, Section};
use super::{
    Config, DirectoryPlaces, DocumentRules, FollowUpRules, Limits, NudgeRules, QuietHours, SecondReader, SendRate,
    SendWindow, StorePlace, TrustRules, account_file, cron_text,
};
use crate::domain::policy::{Approval, Rate, Span};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another reader may take, and at most.
const READER_TIMEOUT: Duration = Duration::from_secs(20);
const READER_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// Where the file lies, and what may be taken from there.
pub(super) struct Place<'p> {
    /// The file.
    pub(super) file: &'p Path,
    /// Only its owner can read it.
    pub(super) is_private: bool,
    /// Environment.
    pub(super) env: &'p dyn Fn(&str) -> Option<String>,
}

impl Place<'_> {
    /// The folder of the file.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }

    /// A path as the file means it.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        account_file::resolved(text, self.folder(), (self.env)("HOME").as_deref())
    }
}

/// Reads the text of a config.
pub(super) fn read(text: &str, place: &Place<'_>) -> Result<Config, Problems> {
    let document = Document::new(place.file.display().to_string(), text);
    let table = document.parse();
    let root = Section::root(&document, &table);
    let accounts = accounts(&root, place);
    let follow_up = follow_up(root.section("follow_up").as_ref());
    let nudge = nudge(root.section("nudge").as_ref());
    let trust = root.section("trust");
    let authserv_ids = trust.as_ref().and_then(authserv_ids).unwrap_or_default();
    let trust_rules = trust.as_ref().map(trust_rules).unwrap_or_default();
    trust.iter().for_each(Section::finish);
    let store = store(root.section("store").as_ref(), place);
    if store.is_none() && !root.has("store") {
        root.problem("store", "there is no usual place for data here (HOME is not set); add [store] path = \"PATH\"");
    }
    let directory = directory(root.section("directory").as_ref(), place);
    let limits = limits(root.section("limits").as_ref());
    let documents = documents(root.section("documents").as_ref());
    let reader = reader(root.section("reader").as_ref());
    root.finish();
    let problems = document.into_problems();
    match store {
        Some(store) if problems.is_empty() => Ok(Config {
            file: place.file.to_owned(),
            accounts,
            follow_up,
            nudge,
            authserv_ids,
            trust: trust_rules,
            store,
            directory,
            limits,
            documents,
            reader,
        }),
        _ => Err(Problems(problems)),
    }
}

fn accounts(root: &Section<'_, '_>, place: &Place<'_>) -> BTreeMap<String, Account> {
    let mut out = BTreeMap::new();
    let named = root.section("account").map(|s| s.named_sections()).unwrap_or_default();
    if named.is_empty() {
        root.problem("account", "there is no account: add [account.NAME] with name, address, imap and smtp");
    }
    for (name, section) in named {
        if let Some(account) = account_file::read(&name, &section, place) {
            out.insert(name, account);
        }
    }
    out
}

/// A wait, as exact time or working days.
fn span(section: &Section<'_, '_>, key: &'static str) -> Option<Span> {
    section.parsed(key, Span::parse)
}

/// An exact wait.
pub(super) fn exact(section: &Section<'_, '_>, key: &'static str) -> Option<Duration> {
    match span(section, key)? {
        Span::Exact(ms) => u64::try_from(ms).ok().map(Duration::from_millis),
        Span::WorkingDays(_) => {
            section.problem(key, "cannot be counted in working days; write it as `60s` or `5 minutes`");
            None
        }
    }
}

/// The servers whose verdicts are believed, as `[trust]` and accounts name them.
pub(super) fn authserv_ids(section: &Section<'_, '_>) -> Option<Vec<String>> {
    let ids = section.strings("authserv_id")?;
    let ok =
        !ids.is_empty() && ids.iter().all(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_graphic() && c != ';'));
    if !ok {
        section.problem(
            "authserv_id",
            "names mail servers, such as \"mx.mailhost.example\" (first word of their Authentication-Results)",
        );
    }
    ok.then(|| ids.iter().map(|id| id.to_ascii_lowercase()).collect())
}

/// How mail is proven that no server has judged.
fn trust_rules(section: &Section<'_, '_>) -> TrustRules {
    let mut rules = TrustRules::default();
    rules.verify_dkim = section.boolean("verify_dkim").unwrap_or(rules.verify_dkim);
    for text in section.strings("dns").unwrap_or_default() {
        let address = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)).or_else(|_| text.parse());
        match address {
            Ok(address) => rules.dns.push(address),
            Err(_) => {
                section.problem("dns", "names name servers by address, such as \"192.0.2.53\" or \"127.0.0.1:5353\"")
            }
        }
    }
    for domain in section.strings("arc_sealers").unwrap_or_default() {
        let is_domain = domain.split('.').count() > 1
            && domain.split('.').all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        match is_domain {
            true => rules.arc_sealers.push(domain.to_ascii_lowercase()),
            false => section
                .problem("arc_sealers", "names domains of forwarders that you trust, such as \"forwarder.example\""),
        }
    }
    rules
}

fn follow_up(section: Option<&Section<'_, '_>>) -> FollowUpRules {
    let mut rules = FollowUpRules::default();
    let Some(section) = section else { return rules };
    let approvals = [("first", Approval::First), ("each", Approval::Each), ("none", Approval::None)];
    rules.approval = section.choice("approval", &approvals).unwrap_or(rules.approval);
    // Whoever shortens the first wait means the rhythm, not one beat of it.
    let after = span(section, "after").unwrap_or(rules.after);
    rules.after = after;
    rules.second_after = span(section, "second_after").unwrap_or(after);
    rules.notice_after = span(section, "notice_after").unwrap_or(after);
    rules.give_up_after = span(section, "give_up_after").unwrap_or(after);
    rules.no_sign_after = span(section, "no_sign_after").unwrap_or(rules.no_sign_after);
    rules.retry_after = span(section, "retry_after");
    rules.inbox_stale_after = span(section, "inbox_stale_after").unwrap_or(rules.inbox_stale_after);
    let window = section.parsed("send_window", |text| match text {
        "any" => Ok(SendWindow::Any),
        cron => cron_text::parse(cron).map(SendWindow::Cron),
    });
    rules.send_window = window.unwrap_or(SendWindow::Usual);
    rules.window_for_all = section.choice("window_for", &[("follow_ups", false), ("all", true)]).unwrap_or(false);
    let rate = section.parsed("rate", |text| match text {
        "any" => Ok(SendRate::Unbounded),
        rate => Rate::parse(rate).map(SendRate::Stated),
    });
    rules.rate = rate.unwrap_or(SendRate::Usual);
    section.finish();
    rules
}

fn nudge(section: Option<&Section<'_, '_>>) -> NudgeRules {
    let mut rules = NudgeRules::default();
    let Some(section) = section else { return rules };
    rules.quiet_hours = section
        .parsed("quiet_hours", |text| match text {
            "off" => Ok(None),
            hours => QuietHours::parse(hours).map(Some),
        })
        .flatten();
    rules.digest = section
        .parsed("digest", |text| match text {
            "off" => Ok(None),
            cron => cron_text::parse(cron).map(Some),
        })
        .flatten();
    rules.on_sent = section.boolean("on_sent").unwrap_or(rules.on_sent);
    rules.on_followed_up = section.boolean("on_followed_up").unwrap_or(rules.on_followed_up);
    section.finish();
    rules
}

fn store(section: Option<&Section<'_, '_>>, place: &Place<'_>) -> Option<StorePlace> {
    let path = section.and_then(|s| s.string("path")).map(|text| place.path(&text));
    section.into_iter().for_each(Section::finish);
    let path = path.or_else(|| usual_store(place.env))?;
    Some(StorePlace { path })
}

/// systemd's state directory where there is one, else the XDG one.
fn usual_store(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| env(name).filter(|v| !v.is_empty());
    // systemd may name several, separated by colons; the first is ours.
    if let Some(folder) = set("STATE_DIRECTORY").and_then(|v| v.split(':').next().map(PathBuf::from)) {
        return Some(folder.join("odjava.db"));
    }
    let state =
        set("XDG_STATE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/state")))?;
    Some(state.join("odjava/odjava.db"))
}

fn directory(section: Option<&Section<'_, '_>>, place: &Place<'_>) -> DirectoryPlaces {
    let folder = |key: &'static str| {
        let stated = section.and_then(|s| s.string(key)).map(|text| place.path(&text));
        if let (Some(path), Some(section)) = (&stated, section)
            && !path.is_dir()
        {
            section.problem(key, format!("there is no folder {}", path.display()));
        }
        // Beside the config a folder counts when it is there.
        stated.or_else(|| Some(place.folder().join(key)).filter(|p| p.is_dir()))
    };
    let out =
        DirectoryPlaces { carriers: folder("carriers"), templates: folder("templates"), lexicon: folder("lexicon") };
    section.into_iter().for_each(Section::finish);
    out
}

/// Who is asked about unclear mail. Only on this machine: mail is nobody else's business.
fn reader(section: Option<&Section<'_, '_>>) -> Option<SecondReader> {
    let section = section?;
    let place = section.parsed("url", parse_url);
    if !section.has("url") {
        section.problem("url", "is missing; such as \"http://127.0.0.1:11434/v1/chat/completions\"");
    }
    let model = section.required("model");
    let timeout = exact(section, "timeout").unwrap_or(READER_TIMEOUT);
    if timeout > READER_TIMEOUT_MAX {
        section.problem("timeout", "is longer than 5 minutes; other mail waits meanwhile");
    }
    section.finish();
    let (host, port, path) = place?;
    Some(SecondReader { host, port, path, model: model?, timeout })
}

/// Host, port and path of `http://HOST[:PORT]/PATH` on this machine.
fn parse_url(url: &str) -> Result<(String, u16, String), String> {
    let fail = || format!("`{url}` is not an address such as http://127.0.0.1:11434/v1/chat/completions");
    let rest = url.strip_prefix("http://").ok_or_else(fail)?;
    let (authority, path) = rest.split_once('/').ok_or_else(fail)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|p| *p > 0).ok_or_else(fail)?),
        _ => (authority, 80),
    };
    if !account_file::is_loopback(host) {
        return Err(format!("`{host}` is not this machine; only 127.0.0.1, [::1] and localhost are allowed"));
    }
    if path.is_empty() || !path.chars().all(|c| c.is_ascii_graphic() && c != '#') {
        return Err(fail());
    }
    Ok((host.trim_start_matches('[').trim_end_matches(']').to_owned(), port, format!("/{path}")))
}

fn limits(section: Option<&Section<'_, '_>>) -> Limits {
    let mut limits = Limits::default();
    let Some(section) = section else { return limits };
    let size = section.parsed("max_message", parse_size);
    limits.message_size_max = size.unwrap_or(limits.message_size_max);
    section.finish();
    limits
}

fn documents(section: Option<&Section<'_, '_>>) -> DocumentRules {
    let mut rules = DocumentRules::default();
    let Some(section) = section else { return rules };
    let limits = &mut rules.limits;
    limits.size_max = section.parsed("max_size", parse_size).unwrap_or(limits.size_max);
    let count = |key, bounds| section.integer(key, bounds).and_then(|n| u32::try_from(n).ok());
    limits.pages_max = count("max_pages", 1..=100).map_or(limits.pages_max, |n| n as usize);
    limits.pixels_max = count("max_megapixels", 1..=200).map_or(limits.pixels_max, |n| u64::from(n) * 1_000_000);
    limits.side_max = count("longest_side", 1_000..=6_000).unwrap_or(limits.side_max);
    rules.kept_for = span(section, "keep").unwrap_or(rules.kept_for);
    section.finish();
    rules
}

fn parse_size(text: &str) -> Result<u64, String> {
    let fail = || format!("`{text}` is not a size between 64 KB and 200 MB; write it as `40 MB`");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text.get(..split).and_then(|n| n.parse().ok()).ok_or_else(fail)?;
    let unit = match text.get(split..).unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        _ => return Err(fail()),
    };
    number.checked_mul(unit).filter(|n| (64_000..=200_000_000).contains(n)).ok_or_else(fail)
}
