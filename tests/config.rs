//! Config and holidays as the program reads them; the carrier directory is in `directory`.

use crate::directory::directory;
use odjava::config::account::{MailSink, MailSource, Security};
use odjava::config::{
    Config, ConfigProblems, FollowUpRules, Limits, SendRate, SendWindow, USUAL_RATE, USUAL_SEND_WINDOW, embedded,
};
use odjava::domain::policy::Span;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

#[test]
fn every_file_of_the_folders_is_compiled_in() {
    for (root, embedded) in [("config/carriers", embedded::CARRIERS), ("config/holidays", embedded::HOLIDAYS)] {
        let mut on_disk = Vec::new();
        below(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(root), "", &mut on_disk);
        on_disk.sort();
        let listed: Vec<String> = embedded.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, on_disk, "src/config/embedded.rs and {root} differ");
    }
}

/// Files below a folder, as paths relative to it.
pub fn below(folder: &Path, prefix: &str, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            below(&entry.path(), &format!("{name}/"), out);
        } else {
            out.push(name);
        }
    }
}

// ---- odjava.toml ----

fn env(name: &str) -> Option<String> {
    (name == "HOME").then(|| "/home/li".to_owned())
}

/// Writes a config with the given mode and loads it.
fn load(text: &str, mode: u32) -> Result<Config, ConfigProblems> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odjava.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    Config::load(&path, &env)
}

const SMALL: &str = r#"[account.home]
name = "Li Wei"
address = "li.wei@mailhost.example"
[account.home.imap]
host = "imap.mailhost.example"
password = { env = "PASSWORD" }
[account.home.smtp]
host = "smtp.mailhost.example"
password = { env = "PASSWORD" }
"#;

/// The problems of a config, each as `LINE: message`, must be these (by part) and no others.
fn problems(text: &str, expected: &[(usize, &str)]) {
    let Err(found) = load(text, 0o644) else { panic!("no problem found in:\n{text}") };
    let shown = found.to_string();
    assert_eq!(found.0.len(), expected.len(), "{shown}\n-- of --\n{text}");
    for (problem, (line, part)) in found.0.iter().zip(expected) {
        assert!(problem.line == *line && problem.message.contains(part), "wanted {line}: {part}\n{shown}\n{text}");
    }
}

#[test]
fn the_example_config_is_complete_and_loads() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/odjava.example.toml");
    let config = Config::load(&path, &env).map_err(|e| panic!("{e}")).unwrap();
    let account = config.account(None).unwrap();
    assert_eq!(account.address.as_str(), "li.wei@mailhost.example");
    assert_eq!(config.store.path, PathBuf::from("/home/li/.local/state/odjava/odjava.db"));
    assert_eq!(config.nudge.digest.as_deref(), Some("0 0 8 * * Mon"));
}

#[test]
fn every_line_of_the_example_that_is_commented_out_is_what_holds_anyway_or_loads() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/odjava.example.toml");
    let text = std::fs::read_to_string(path).unwrap();
    // Alternatives to lines that are there; the others may all be switched on together.
    let alternatives = [
        "oauth2_token",
        "maildir",
        "sendmail",
        "maildir_sent",
        "quiet_hours",
        "digest",
        "carriers",
        "templates",
        "lexicon",
        "url",
        "model",
        "timeout",
        "retry_after",
    ];
    let on: String = text
        .lines()
        .map(|line| {
            match line.strip_prefix("# ").filter(|l| {
                l.split_once(" = ")
                    .is_some_and(|(k, _)| k.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()))
            }) {
                Some(setting) if !alternatives.iter().any(|a| setting.starts_with(&format!("{a} ="))) => {
                    format!("{setting}\n")
                }
                _ => format!("{line}\n"),
            }
        })
        .collect();
    let config = load(&on, 0o644).map_err(|e| panic!("{e}\n{on}")).unwrap();
    assert_eq!(config.follow_up.send_window, SendWindow::Cron("0 * 9-16 * * Mon-Fri".into()));
    assert_eq!(config.follow_up.rate, SendRate::Stated(USUAL_RATE));
    let as_usual = FollowUpRules { send_window: SendWindow::Usual, rate: SendRate::Usual, ..config.follow_up };
    assert_eq!(as_usual, FollowUpRules::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.reader, None, "nobody is asked");
    let asking = text.split("# [reader]").nth(1).unwrap().replace("\n# ", "\n");
    let reader = load(&format!("{SMALL}\n[reader]{asking}"), 0o644).map_err(|e| panic!("{e}")).unwrap().reader.unwrap();
    assert_eq!((reader.host.as_str(), reader.port, reader.path.as_str()), ("127.0.0.1", 11434, "/v1/chat/completions"));
}

#[test]
fn what_is_not_written_has_a_sensible_value() {
    let config = load(SMALL, 0o644).map_err(|e| panic!("{e}")).unwrap();
    let account = config.account(Some("home")).unwrap();
    let MailSource::Imap(imap) = &account.source else { panic!() };
    assert_eq!((imap.endpoint.port, imap.endpoint.security), (993, Security::Tls));
    assert_eq!(imap.endpoint.login.as_ref().unwrap().username, "li.wei@mailhost.example");
    let MailSink::Smtp(smtp) = &account.sink else { panic!() };
    assert_eq!((smtp.port, smtp.security), (465, Security::Tls));
    let directory = directory();
    let policy = config.policy_for(account, directory.get("mts-rs").unwrap());
    assert_eq!(policy.follow_up_after, Span::days(7));
    assert_eq!(policy.send_window.as_deref(), Some("0 * 8-15 * * Mon-Fri"), "office hours in Serbia");
    assert!(policy.holidays.contains(&"2026-02-17".parse().unwrap()));
    let elsewhere = config.policy_for(account, directory.get("other").unwrap());
    assert!(elsewhere.holidays.is_empty());
    assert_eq!(elsewhere.send_window.as_deref(), Some(USUAL_SEND_WINDOW));
}

#[test]
fn a_short_first_wait_sets_the_rhythm_and_opens_the_window() {
    let config = load(&format!("{SMALL}[follow_up]\nafter = \"3s\"\n"), 0o644).unwrap();
    let directory = directory();
    let policy = config.policy_for(config.account(None).unwrap(), directory.get("mts-rs").unwrap());
    assert_eq!([policy.second_after, policy.notice_after, policy.give_up_after], [Span::Exact(3_000); 3]);
    assert_eq!(policy.no_sign_after, Span::WorkingDays(2));
    assert_eq!(policy.send_window, None);
    let strict =
        load(&format!("{SMALL}[follow_up]\nafter = \"3s\"\nsend_window = \"0 * 9 * * Mon\"\n"), 0o644).unwrap();
    let policy = strict.policy_for(strict.account(None).unwrap(), directory.get("mts-rs").unwrap());
    assert_eq!(policy.send_window.as_deref(), Some("0 * 9 * * Mon"));
}

#[test]
fn a_password_in_the_file_needs_a_private_file() {
    let text = SMALL.replacen("{ env = \"PASSWORD\" }", "\"s3cret\"", 1);
    assert!(load(&text, 0o600).is_ok());
    problems(&text, &[(6, "chmod 600")]);
    let Err(found) = load(&text, 0o640) else { panic!() };
    assert!(!found.to_string().contains("s3cret"));
}

#[test]
fn a_syntax_error_beside_a_password_does_not_show_it() {
    for broken in ["\"s3cret", "s3cret", "\"s3cret\" s3cret", "\"s3cret\\q\"", "{ env = s3cret"] {
        let text = SMALL.replacen("{ env = \"PASSWORD\" }", broken, 1);
        let found = load(&text, 0o600).unwrap_err().to_string();
        assert!(found.contains("odjava.toml:6:") && !found.contains("s3cret"), "{found}");
    }
}

#[test]
fn a_config_never_shows_its_secrets() {
    let text = SMALL.replace("{ env = \"PASSWORD\" }", "\"s3cret\"");
    assert!(!format!("{:?}", load(&text, 0o600).unwrap()).contains("s3cret"));
}

#[test]
fn several_accounts_need_a_name() {
    let other = SMALL.replace("account.home", "account.work");
    let config = load(&format!("{SMALL}{other}"), 0o644).unwrap();
    assert!(config.account(None).unwrap_err().to_string().contains("home, work"));
    assert!(config.account(Some("wrok")).unwrap_err().to_string().contains("no account `wrok`"));
}

#[test]
fn mail_may_come_and_go_through_local_folders() {
    let text = r#"
[account.home]
name = "Li Wei"
address = "li.wei@mailhost.example"
maildir = "mail/in"
maildir_sent = ".Sent"
[account.home.smtp]
maildir = "~/out"
"#;
    let config = load(text, 0o644).map_err(|e| panic!("{e}")).unwrap();
    let account = config.account(None).unwrap();
    let MailSource::Maildir { path, sent } = &account.source else { panic!() };
    assert!(path.ends_with("mail/in") && path.is_absolute());
    assert!(sent.as_ref().unwrap().ends_with("mail/in/.Sent"));
    assert!(matches!(&account.sink, MailSink::Maildir(path) if path == &PathBuf::from("/home/li/out")));
}

#[test]
fn all_problems_of_a_config_are_reported_with_their_lines() {
    let text = r#"[account.home]
name = "Li Wei"
adress = "li.wei@mailhost.example"
time_zone = "Europe/Beograd"
[account.home.imap]
host = "imap.mailhost.example"
port = "993"
password = { keyring = "mail" }
[account.home.smtp]
host = "smtp.mailhost.example"
security = "none"
port = 25
pasword = { env = "P" }
[follow_up]
after = "soon"
send_window = "0 0 9 * * 1-5"
[nudge]
quiet_hours = "22-7"
on_sent = "yes"
[colour]
"#;
    problems(
        text,
        &[
            (1, "`account.home.address`: is missing"),
            (3, "unknown key `account.home.adress`; did you mean `address`?"),
            (4, "`Europe/Beograd` is not a time zone"),
            (7, "`account.home.imap.port`: must be a whole number, not a string"),
            (8, "reads no keyring; use { command"),
            (9, "[account.home.smtp] needs `password`"),
            (11, "allowed only to this machine"),
            (13, "unknown key `account.home.smtp.pasword`; did you mean `password`?"),
            (15, "`soon` is not a duration"),
            (16, "weekdays as names"),
            (18, "`22-7` is not a time of day"),
            (19, "`nudge.on_sent`: must be true or false (without quotes), not a string"),
            (20, "unknown key `colour`; known here: account"),
        ],
    );
}

#[test]
fn one_wrong_line_gives_one_message() {
    for (wrong, line, part) in [
        ("[limits]\nmax_message = \"lots\"", 11, "is not a size"),
        ("[limits]\nmax_message = 5", 11, "must be a text in quotes, not an integer"),
        ("[trust]\nauthserv_id = [1]", 11, "must be a list of texts"),
        ("[trust]\nverify_dkim = \"yes\"", 11, "must be true or false"),
        ("[trust]\ndns = [\"dns.example\"]", 11, "names name servers by address"),
        ("[trust]\narc_sealers = [\"forwarder\"]", 11, "names domains of forwarders"),
        ("[nudge]\ndigest = \"0 0 8 31 2 *\"", 11, "never comes"),
        ("[nudge]\ndigest = \"weekly\"", 11, "has six fields"),
        ("[directory]\ncarriers = \"nowhere\"", 11, "there is no folder"),
        ("[follow_up]\napproval = \"once\"", 11, "one of \"first\", \"each\", \"none\""),
        ("[follow_up]\ninbox_stale_after = \"0 hours\"", 11, "is not a duration"),
        ("[store]\nkeep_raw = \"365 days\"", 11, "unknown key `store.keep_raw`"),
        (
            "[account.two]\nname = \"A\"\naddress = \"a@mailhost.example\"\n[account.two.smtp]\nmaildir = \"out\"\n\
             [account.two.imap]\nhost = \"h.example\"\npassword = { env = \"PASSWORD\" }\npoll = \"2 working days\"",
            18,
            "cannot be counted in working days",
        ),
        ("[directory]\nlexicon = \"nowhere\"", 11, "there is no folder"),
        ("[reader]\nurl = \"http://10.0.0.1/v1\"\nmodel = \"m\"", 11, "is not this machine"),
        ("[reader]\nurl = \"http://localhost.example/v1\"\nmodel = \"m\"", 11, "is not this machine"),
        ("[reader]\nurl = \"http://127.0.0.1@far.example/v1\"\nmodel = \"m\"", 11, "is not this machine"),
        ("[reader]\nurl = \"https://localhost/v1\"\nmodel = \"m\"", 11, "is not an address such as"),
        ("[reader]\nurl = \"http://localhost:99999/v1\"\nmodel = \"m\"", 11, "is not an address such as"),
        ("[reader]\nurl = \"http://localhost/a b\"\nmodel = \"m\"", 11, "is not an address such as"),
        ("[reader]\nmodel = \"m\"", 10, "is missing; such as"),
        ("[reader]\nurl = \"http://[::1]:8080/v1\"", 10, "model"),
        ("[reader]\nurl = \"http://[::1]/v1\"\nmodel = \"m\"\nkey = \"x\"", 13, "unknown key `reader.key`"),
        ("[store]\npath = \"\"", 11, "must not be empty"),
        ("follow_up = 3", 10, "unknown key"),
        (
            "[account.two]\nname = \"A\"\naddress = \"not an address\"\nmaildir = \"x\"\n[account.two.smtp]\nmaildir = \"y\"",
            12,
            "is not an e-mail address",
        ),
        (
            "[account.two]\nname = \"A\"\naddress = \"a@b.example\"\nmaildir = \"x\"\nsmtp = { maildir = \"y\", host = \"localhost\" }",
            14,
            "exactly one of `host`",
        ),
        (
            "[account.two]\nname = \"A\"\naddress = \"a@b.example\"\nsmtp = { maildir = \"y\" }",
            10,
            "says not where mail comes in",
        ),
        ("[account.two]\nname = \"A\"\naddress = \"a@b.example\"\nmaildir = \"x\"", 10, "says not how mail leaves"),
        (
            "[account.two]\nname = \"A\"\naddress = \"a@b.example\"\nmaildir = \"x\"\nsmtp = { host = \"h.example\", password = { env = \"A\", file = \"b\" } }",
            14,
            "exactly one of command",
        ),
        (
            "[account.two]\nname = \"A\"\naddress = \"a@b.example\"\nlanguage = \"English please\"\nmaildir = \"x\"\nsmtp = { maildir = \"y\" }",
            13,
            "must be a language tag",
        ),
        ("[follow_up", 10, "this is not TOML"),
        (
            "[account.two]\nname = \"A\"\naddress = \"a@b.example\"\nmaildir = \"x\"\nsmtp = { host = \"localhost:25\" }",
            14,
            "is a host name only",
        ),
    ] {
        problems(&format!("{SMALL}{wrong}\n"), &[(line, part)]);
    }
}

#[test]
fn a_config_that_is_not_there_names_the_remedy() {
    let found = Config::load(Path::new("/nowhere/odjava.toml"), &env).unwrap_err();
    assert!(found.to_string().contains("odjava init"), "{found}");
}
