//! Holds `src/` to the import table of the architecture page (`src/lib.rs`).

use std::fs;
use std::path::{Path, PathBuf};

/// folder or file below `src/`, and the words its code must never mention.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::mail",
            "crate::store",
            "crate::config",
            "crate::daemon",
            "crate::engine",
            "crate::cli",
            "crate::clock",
            "tokio",
            "lettre",
            "mail_parser",
            "async_imap",
            "rusqlite",
            "tracing",
            "::now()",
            "rand::",
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
        ],
    ),
    (
        "mail",
        &[
            "crate::store",
            "crate::daemon",
            "crate::config",
            "crate::engine",
            "crate::cli",
            "crate::clock",
            "tokio",
            "std::net",
            "::now()",
            "rusqlite",
            "async_imap",
        ],
    ),
    (
        "store",
        &[
            "crate::mail",
            "crate::daemon",
            "crate::config",
            "crate::engine",
            "crate::cli",
            "tokio",
            "lettre",
            "mail_parser",
            "::now()",
        ],
    ),
    ("config", &["crate::store", "crate::daemon", "crate::mail", "crate::engine", "crate::cli", "rusqlite", "tokio"]),
    ("engine.rs", &["crate::daemon", "crate::cli", "tokio", "std::net", "rusqlite", "::now()"]),
    ("daemon", &["rusqlite", "::now()"]),
    ("cli", &["rusqlite", "::now()"]),
    ("cli.rs", &["rusqlite", "::now()"]),
];

fn sources(at: &Path, out: &mut Vec<PathBuf>) {
    if at.is_file() {
        out.push(at.to_owned());
    } else if let Ok(entries) = fs::read_dir(at) {
        for entry in entries.flatten() {
            sources(&entry.path(), out);
        }
    }
}

/// The code of a file: comments, doc comments and the test module at its end removed.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file can be read");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    let mut broken = Vec::new();
    for (place, words) in FORBIDDEN {
        let mut files = Vec::new();
        sources(&root.join(place), &mut files);
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
            seen += 1;
            let code = code_of(file);
            for word in *words {
                if code.contains(word) {
                    broken.push(format!("{}: mentions `{word}`", file.display()));
                }
            }
        }
    }
    assert!(seen > 10, "only {seen} files were looked at: has the layout moved?");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
