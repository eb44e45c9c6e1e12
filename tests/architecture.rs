//! Holds `src/` to the import table of the architecture page (`src/lib.rs`), and the tree to the habits that a reader
//! relies on. Imports are resolved, grouped and relative ones too: what is not allowed here is not possible.

mod source;

use source::{Source, mentions, sources};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A folder or file below `src/`, the parts of odjava it may use beside itself, and the crates.
struct Rule {
    place: &'static str,
    parts: &'static [&'static str],
    crates: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        place: "domain",
        parts: &[],
        crates: &[
            "chrono",
            "chrono_tz",
            "cron",
            "idna",
            "ring::digest",
            "ring::hmac",
            "serde",
            "serde_json",
            "thiserror",
            "unicode_normalization",
        ],
    },
    Rule { place: "clock", parts: &["domain"], crates: &["chrono", "ring"] },
    Rule {
        place: "mail",
        parts: &["domain"],
        crates: &[
            "idna",
            "lettre::message",
            "lettre::address",
            "lettre::error",
            "mail_parser",
            "ring::digest",
            "ring::signature",
            "thiserror",
        ],
    },
    Rule {
        place: "store",
        parts: &["domain"],
        crates: &["chrono", "ring::digest", "rusqlite", "serde_json", "thiserror"],
    },
    Rule {
        place: "config",
        parts: &["domain"],
        crates: &["chrono", "chrono_tz", "cron", "minijinja", "secrecy", "thiserror", "toml"],
    },
    Rule { place: "engine", parts: &["clock", "domain", "mail", "store"], crates: &["thiserror", "tracing"] },
    Rule { place: "explain", parts: &["domain", "mail", "config"], crates: &["serde", "thiserror", "toml"] },
    Rule {
        place: "rulebook",
        parts: &["domain", "config", "engine", "store"],
        crates: &["chrono", "chrono_tz", "tracing"],
    },
    Rule {
        place: "daemon",
        parts: &["clock", "domain", "mail", "store", "config", "engine"],
        crates: &[
            "async_imap",
            "chrono",
            "chrono_tz",
            "futures_util",
            "lettre",
            "mail_parser",
            "ring",
            "rustls",
            "rustls_native_certs",
            "secrecy",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio_rustls",
            "tracing",
            "tracing_subscriber",
        ],
    },
    Rule {
        place: "cli",
        parts: &["clock", "domain", "mail", "store", "config", "engine", "explain", "rulebook", "daemon"],
        crates: &[
            "anstream",
            "anyhow",
            "chrono",
            "chrono_tz",
            "clap",
            "clap_complete",
            "comfy_table",
            "dialoguer",
            "mail_parser",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
        ],
    },
    Rule { place: "main", parts: &["cli"], crates: &[] },
    Rule {
        place: "lib",
        parts: &["cli", "clock", "config", "daemon", "domain", "engine", "explain", "mail", "rulebook", "store"],
        crates: &[],
    },
];

/// Words that only some places may have: what is forbidden, and where it is at home.
const AT_HOME: &[(&[&str], &[&str])] = &[
    // One place reads the time, so that a test can move it. How long a wait on another program or lock takes is
    // measured by the machine's own watch.
    (&["Utc::now", "Local::now", "SystemTime::now"], &["clock"]),
    (&["Instant::now"], &["config/secret", "store/mod"]),
    (&["SystemRandom", "SecureRandom"], &["clock"]),
    (&["rusqlite"], &["store"]),
    (&["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "tokio::net"], &["daemon"]),
    // Secrets are named by a variable and read when they are needed; see also `daemon::fault`.
    (&["std::env"], &["cli", "daemon/fault", "daemon/mailbox"]),
    (&["std::process::Command", "tokio::process"], &["config/secret", "daemon/local_out", "cli"]),
];

/// What no pure code does; the files of the embedded tables are read by the compiler.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io",
    "std::thread",
    "std::time",
    "async",
    "println",
    "static mut",
    "Mutex",
    "RefCell",
    "OnceLock",
    "LazyLock",
];

/// The rule for a file: the folder or the file name below `src/`.
fn rule_of(file: &Source) -> Option<&'static Rule> {
    let place = file.modules.first().map_or("lib", String::as_str);
    RULES.iter().find(|rule| rule.place == place)
}

/// What a file does that its rule does not allow.
fn trespasses(file: &Source) -> Vec<String> {
    let Some(rule) = rule_of(file) else { return vec![format!("{}: no rule for it", file.name)] };
    let mut out = Vec::new();
    for path in file.paths() {
        let (root, rest) = path.split_first().map(|(root, rest)| (root.as_str(), rest)).unwrap_or_default();
        let written = path.join("::");
        match root {
            "crate" | "odjava" => {
                let part = rest.first().map_or("", String::as_str);
                if part != rule.place && !rule.parts.contains(&part) {
                    out.push(format!("{}: `{written}` is not for `{}`", file.name, rule.place));
                }
            }
            _ if crates().contains(root) => {
                let allowed = |name: &&str| written == **name || written.starts_with(&format!("{name}::"));
                if !rule.crates.iter().any(allowed) {
                    out.push(format!("{}: `{written}` is not for `{}`", file.name, rule.place));
                }
            }
            _ => {}
        }
    }
    out
}

/// The crates of Cargo.toml as code names them.
fn crates() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names = section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.replace('-', "_"));
    names.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn none(what: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{what}:\n{}", broken.join("\n"));
}

#[test]
fn imports_point_one_way() {
    let files = sources(&root().join("src"));
    assert!(files.len() > 80, "only {} files were looked at: has the layout moved?", files.len());
    none("forbidden imports", &files.iter().flat_map(trespasses).collect::<Vec<_>>());
}

#[test]
fn a_forbidden_import_is_seen_however_it_is_written() {
    let seen = |file: &str, code: &str| !trespasses(&Source::new(file, code)).is_empty();
    for (file, code) in [
        ("domain/case.rs", "use crate::store::Tx;"),
        ("domain/case.rs", "use crate::{mail, store};"),
        ("domain/case.rs", "use crate::{domain::case, config::{self, Config}};"),
        ("domain/decide/mod.rs", "use super::super::store;"),
        ("domain/decide/holder.rs", "fn f() { super::super::super::mail::parse::parse(b\"\") }"),
        ("domain/case.rs", "use super::super::{clock::Clock};"),
        ("domain/case.rs", "fn f() { crate\n    ::store::open() }"),
        ("domain/case.rs", "use ::tokio as quiet;"),
        ("domain/case.rs", "use {std::fmt, tokio::spawn};"),
        ("domain/case.rs", "fn f() { tracing::info!(\"x\") }"),
        ("domain/case.rs", "use ring::rand;"),
        ("domain/case.rs", "#[cfg(test)]\nmod tests { }\nuse crate::store::Tx;"),
        ("mail/compose.rs", "use lettre::SmtpTransport;"),
        ("cli/new.rs", "use rusqlite::Connection;"),
        ("engine.rs", "use crate::daemon;"),
        ("brand_new/mod.rs", ""),
    ] {
        assert!(seen(file, code), "{file}: `{code}` is not seen");
    }
    for (file, code) in [
        ("domain/case.rs", "// crate::store is not used\n/* nor tokio::spawn */ use super::{Date, reply::Reply};"),
        ("domain/case.rs", "const TEXT: &str = \"crate::store and \\\" tokio::spawn\"; const C: char = '\"';"),
        ("domain/case.rs", "#[cfg(test)]\nmod tests { use crate::store::Tx; }"),
        ("domain/reply/dates.rs", "use super::super::draft;"),
        ("engine.rs", "use crate::{mail::compose, store::Tx};"),
    ] {
        assert!(!seen(file, code), "{file}: `{code}` is taken for a trespass");
    }
}

#[test]
fn clock_dice_sockets_and_the_database_have_one_home() {
    let mut broken = Vec::new();
    for file in sources(&root().join("src")) {
        let place = file.modules.join("/");
        for (words, homes) in AT_HOME {
            let is_home = homes.iter().any(|home| place == *home || file.name == format!("{home}.rs"))
                || homes.iter().any(|home| place.starts_with(&format!("{home}/")));
            for word in words.iter().filter(|word| !is_home && mentions(&file.code, word)) {
                broken.push(format!("{}: `{word}`", file.name));
            }
        }
        for word in IMPURE.iter().filter(|word| place.starts_with("domain") && mentions(&file.code, word)) {
            broken.push(format!("{}: `{word}` in the pure core", file.name));
        }
    }
    none("out of place", &broken);
}

#[test]
fn only_the_store_speaks_sql() {
    let is_sql = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let pair = |first: &str, second: &str| words.windows(2).any(|w| w[0] == first && w[1] == second);
        let select = words.contains(&"SELECT") && words.contains(&"FROM");
        select
            || pair("INSERT", "INTO")
            || pair("INSERT", "OR")
            || pair("DELETE", "FROM")
            || pair("CREATE", "TABLE")
            || (words.contains(&"UPDATE") && words.contains(&"SET"))
            || words.first() == Some(&"PRAGMA")
    };
    let files = sources(&root().join("src"));
    let (store, others): (Vec<_>, Vec<_>) = files.iter().partition(|f| f.name.starts_with("store/"));
    assert!(store.iter().flat_map(|f| &f.texts).filter(|t| is_sql(t)).count() > 10, "SQL is not recognised any more");
    let broken = others.iter().flat_map(|f| f.texts.iter().filter(|t| is_sql(t)).map(|t| format!("{}: {t}", f.name)));
    none("SQL outside of src/store", &broken.collect::<Vec<_>>());
}

/// Files that are longer than a reader likes, and by how much they may be.
const LONG: &[(&str, usize)] = &[
    ("src/domain/reply/lexicon/mod.rs", 560),
    ("src/daemon/mailbox.rs", 650),
    ("src/store/cases.rs", 560),
    ("tests/imap.rs", 700),
    ("tests/replies.rs", 700),
];

#[test]
fn every_file_says_what_lives_in_it_and_stays_readable() {
    let mut broken = Vec::new();
    for folder in ["src", "tests"] {
        for file in sources(&root().join(folder)) {
            let name = format!("{folder}/{}", file.name);
            let head = file.text.lines().take_while(|line| line.starts_with("//!")).count();
            if head == 0 {
                broken.push(format!("{name}: begins without `//!`"));
            }
            let lines = file.text.lines().count();
            let most = LONG.iter().find(|(long, _)| *long == name).map_or(520, |(_, most)| *most);
            if lines > most {
                broken.push(format!("{name}: {lines} lines; split it by subject"));
            }
            for word in ["#[allow", "#![allow"] {
                if file.code.contains(word) && folder == "src" {
                    broken.push(format!("{name}: `{word}`: write `expect` with a reason"));
                }
            }
        }
    }
    none("hard to read", &broken);
}

/// Words that mean a test waits for time to pass instead of for something to happen.
#[test]
fn no_test_sleeps_outside_of_the_polling_helpers() {
    let homes = ["support/mod.rs", "support/process.rs", "support/servers.rs", "support/proxy.rs", "architecture.rs"];
    let files = sources(&root().join("tests"));
    let sleeping = files.iter().filter(|f| mentions(&f.code, "sleep") && !homes.contains(&f.name.as_str()));
    none("tests that sleep", &sleeping.map(|f| f.name.clone()).collect::<Vec<_>>());
}

#[test]
fn every_crate_of_the_manifest_is_used() {
    let files: Vec<Source> = ["src", "tests"].iter().flat_map(|f| sources(&root().join(f))).collect();
    let used: BTreeSet<String> = files.iter().flat_map(Source::paths).filter_map(|p| p.first().cloned()).collect();
    let unused: Vec<String> = crates().difference(&used).cloned().collect();
    none("crates that nothing uses", &unused);
}

/// The folders whose files are compiled in are compared with the lists by `tests/config.rs` and `tests/templates.rs`;
/// here every one of them is loaded as the program does it.
#[test]
fn everything_that_is_compiled_in_loads() {
    use odjava::config::{carriers::Directory, embedded, templates::Templates};
    let directory = Directory::load(None).unwrap_or_else(|problems| panic!("{problems}"));
    for (path, _) in embedded::CARRIERS {
        let id = Path::new(path).file_stem().unwrap().to_string_lossy();
        let there = directory.get(&id).is_some() || directory.regulator(&id).is_some();
        assert!(there, "{path} gives no record `{id}`");
    }
    Templates::load(None).unwrap_or_else(|problems| panic!("{problems}"));
    for (name, text) in embedded::CARRIERS.iter().chain(embedded::HOLIDAYS).chain(embedded::TEMPLATES) {
        assert!(!text.trim().is_empty(), "{name} is empty");
    }
}
