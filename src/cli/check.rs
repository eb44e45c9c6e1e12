//! `odjava check`: each thing that odjava needs, looked at, with what to mend.

use super::desk::{Place, env};
use super::output::{Output, paint};
use crate::config::account::{Account, Endpoint, MailSink, MailSource};
use crate::config::carrier_lint;
use crate::rulebook::ConfiguredRules;
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// A clock before this build was made is wrong (2026-11-01).
const CLOCK_MIN: i64 = 1_793_491_200;

/// What one look found.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at.
    what: String,
    ok: bool,
    /// What was found, or what to mend.
    text: String,
    /// It works, but worse than it could.
    #[serde(skip)]
    hint: bool,
}

/// Looks at everything; exit code 1 when something is to be mended.
pub(super) fn check(place: &Place, offline: bool, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut findings = Findings { list: Vec::new() };
    let path = place.config_path()?;
    let rules = findings.take(
        "config",
        ConfiguredRules::load(&path, &env)
            .map(|rules| (format!("{}, {}", path.display(), accounts_told(&rules)), rules)),
    );
    if let Some(rules) = rules {
        findings.good("templates", format!("languages {}", rules.templates.languages().join(", ")));
        let (carriers, regulators) = (rules.directory.all().count(), rules.directory.regulators().count());
        findings.good("carriers", format!("{carriers} in the directory, and {regulators} regulators"));
        carriers_linted(&rules, place, &mut findings);
        findings.add("lexicon", lexicon(&rules));
        findings.add("store", store(&rules.config.store.path));
        for account in rules.config.accounts.values() {
            account_offline(account, &mut findings);
            believed(&rules, account, &mut findings);
        }
        // Servers are asked only when there is a store to work with and nothing at home is broken.
        if !offline && findings.list.iter().all(|f| f.ok) {
            for (what, found) in super::run::ask_servers(place, rules)? {
                findings.add(&what, found);
            }
        } else if !offline {
            output.remark("the servers were not asked: mend the rest first");
        }
    }
    findings.add("clock", clock(place));
    let all_well = findings.list.iter().all(|f| f.ok);
    for finding in &findings.list {
        if output.json() {
            output.object(finding)?;
        } else {
            let (paint, mark) = match finding.ok {
                true if finding.hint => (paint::YOURS, "note"),
                true => (paint::GOOD, "ok  "),
                false => (paint::BAD, "MEND"),
            };
            let mut lines = finding.text.lines();
            output.line(format!(
                "{paint}{mark}{}  {}: {}",
                paint::PLAIN,
                finding.what,
                lines.next().unwrap_or_default()
            ))?;
            for line in lines {
                output.line(format!("      {line}"))?;
            }
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn accounts_told(rules: &ConfiguredRules) -> String {
    let names: Vec<&str> = rules.config.accounts.keys().map(String::as_str).collect();
    format!("{} {}", if names.len() == 1 { "account" } else { "accounts" }, names.join(", "))
}

/// Doubts about records: each of the holder's own, and in one line the built-in ones, which only a newer odjava mends.
fn carriers_linted(rules: &ConfiguredRules, place: &Place, findings: &mut Findings) {
    let doubts = carrier_lint::lint(&rules.directory, place.clock.now().date_naive());
    let (built_in, own): (Vec<_>, Vec<_>) = doubts.into_iter().partition(|d| rules.directory.is_built_in(&d.id));
    for doubt in own {
        findings.hint(&format!("carrier {}", doubt.id), doubt.to_string());
    }
    if let Some(first) = built_in.first() {
        let text = format!("{} doubts about built-in records; a newer odjava may know better: {first}", built_in.len());
        findings.hint("carriers", text);
    }
}

/// The languages in which replies are read, and the folder that adds to them.
fn lexicon(rules: &ConfiguredRules) -> Result<String, String> {
    let lexicon = super::run::lexicon_of(rules).map_err(|e| e.to_string())?;
    let languages: Vec<&str> = lexicon.languages.iter().map(|l| l.tag.as_str()).collect();
    let folder =
        rules.config.directory.lexicon.as_ref().map_or_else(String::new, |f| format!(", {} read", f.display()));
    Ok(format!("replies are read in {}{folder}", languages.join(", ")))
}

/// Whose verdict on a sender is believed; nobody's is allowed, and worth a word.
fn believed(rules: &ConfiguredRules, account: &Account, findings: &mut Findings) {
    let what = format!("account {}, trust", account.name);
    let named = rules.trust_of(account).authserv_ids;
    if named.is_empty() {
        findings.hint(
            &what,
            format!(
                "no server's verdict on senders is believed, so {}: set authserv_id in [trust] to the first word of \
                 Authentication-Results in a mail that you received",
                if rules.config.trust.verify_dkim {
                    "only signed replies are proven genuine"
                } else {
                    "you are asked about each reply"
                }
            ),
        );
    } else {
        findings.good(&what, format!("verdicts of {} are believed", named.join(", ")));
    }
}

struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    fn good(&mut self, what: &str, text: String) {
        self.list.push(Finding { what: what.to_owned(), ok: true, text, hint: false });
    }

    fn hint(&mut self, what: &str, text: String) {
        self.list.push(Finding { what: what.to_owned(), ok: true, text, hint: true });
    }

    fn add(&mut self, what: &str, found: Result<String, String>) {
        let ok = found.is_ok();
        let text = found.unwrap_or_else(|e| e);
        self.list.push(Finding { what: what.to_owned(), ok, text, hint: false });
    }

    fn take<T, E: std::fmt::Display>(&mut self, what: &str, found: Result<(String, T), E>) -> Option<T> {
        match found {
            Ok((text, value)) => {
                self.good(what, text);
                Some(value)
            }
            Err(error) => {
                self.add(what, Err(error.to_string()));
                None
            }
        }
    }
}

/// Opens the store and writes to it in a transaction that is dropped, so that a read-only file is seen.
fn store(path: &Path) -> Result<String, String> {
    let mut store = Store::open(path).map_err(|e| e.to_string())?;
    let tried: Result<(), Dropped> = store.transaction(|tx| {
        tx.set_last_run("check", crate::domain::Timestamp::UNIX_EPOCH)?;
        Err(Dropped::OnPurpose)
    });
    match tried {
        Ok(()) | Err(Dropped::OnPurpose) => Ok(format!("{}, can be read and written", path.display())),
        Err(Dropped::Store(error)) => Err(format!("{}: {error}", path.display())),
    }
}

enum Dropped {
    OnPurpose,
    Store(StoreError),
}

impl From<StoreError> for Dropped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn clock(place: &Place) -> Result<String, String> {
    let now = place.clock.now();
    if now.timestamp() < CLOCK_MIN {
        return Err(format!(
            "it shows {}, which is past; set it, mails carry its date",
            now.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    Ok(now.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn account_offline(account: &Account, findings: &mut Findings) {
    let what = |part: &str| format!("account {}, {part}", account.name);
    match &account.source {
        MailSource::Imap(imap) => secret(&what("imap password"), &imap.endpoint, findings),
        MailSource::Maildir { path, .. } => findings.add(&what("mail in"), maildir(path, false)),
    }
    match &account.sink {
        MailSink::Smtp(endpoint) => secret(&what("smtp password"), endpoint, findings),
        MailSink::Sendmail(words) => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            let found = program.contains('/') && !Path::new(program).exists();
            let text = format!("the program {program}");
            findings.add(
                &what("mail out"),
                if found {
                    Err(format!("{text} is not there; install it or name another in `sendmail`"))
                } else {
                    Ok(text)
                },
            );
        }
        MailSink::Maildir(path) => findings.add(&what("mail out"), maildir(path, true)),
    }
}

/// Whether a Maildir can be used. The one for mail out is made at first use.
fn maildir(path: &Path, will_be_made: bool) -> Result<String, String> {
    let shown = path.display();
    if !path.exists() && will_be_made && path.parent().is_some_and(Path::is_dir) {
        return Ok(format!("{shown}, will be made"));
    }
    if !path.exists() {
        return Err(format!("{shown} is not there; make it, or correct its path in the config"));
    }
    let missing: Vec<&str> = ["cur", "new", "tmp"].into_iter().filter(|sub| !path.join(sub).is_dir()).collect();
    if missing.is_empty() {
        Ok(format!("{shown}"))
    } else {
        Err(format!(
            "{shown} is no Maildir: it has no {}; name the folder that holds cur, new and tmp",
            missing.join(", ")
        ))
    }
}

fn secret(what: &str, endpoint: &Endpoint, findings: &mut Findings) {
    if let Some(ca_file) = &endpoint.ca_file
        && let Err(error) = std::fs::metadata(ca_file)
    {
        findings.add(what, Err(format!("the ca_file {} cannot be read: {error}", ca_file.display())));
    }
    match &endpoint.login {
        None => findings.good(what, format!("{} asks for no login", endpoint.host)),
        Some(login) => {
            let found = login.secret.resolve(&env).map(|_| "found".to_owned()).map_err(|e| e.to_string());
            findings.add(what, found);
        }
    }
}
