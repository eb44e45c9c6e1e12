//! Trains the second reader: run by `tests/train`. Reads labelled sentences and mails, prints or writes its table.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::print_stderr, reason = "a test program")]

#[path = "labelled.rs"]
mod labelled;

use labelled::{Label, labelled};
use odjava::config::lexicon;
use odjava::domain::reply::features;
use odjava::explain::FileDirectory;
use odjava::mail;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let inputs: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies/cases.toml");
    let (directory, trust) = FileDirectory::load(&cases).expect("the cases load");
    let lexicon = lexicon::load(None).expect("the lexicon compiles");
    let now = "2026-11-25T12:00:00Z".parse().expect("an instant");
    for input in &inputs {
        let mails = match labelled(input) {
            Ok(mails) => mails,
            Err(problem) => {
                eprintln!("{}: {problem}", input.display());
                return ExitCode::FAILURE;
            }
        };
        for (Label { name, kind, language, .. }, raw) in mails {
            let message = mail::parse::parse(&raw, false);
            let Ok(Some(features)) = features(&message, &directory, &trust, &lexicon, now) else { continue };
            let groups: Vec<String> = features
                .buckets
                .iter()
                .map(|g| g.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
                .collect();
            println!("{name}\t{kind}\t{language}\t{}", groups.join("\t"));
        }
    }
    ExitCode::SUCCESS
}
