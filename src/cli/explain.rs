//! `odjava explain`: how messages are read, without changing anything.

use super::arguments::Explain;
use super::desk::{Desk, Place};
use super::output::Output;
use super::{facts, run, wording};
use crate::config::lexicon;
use crate::domain::address::{MessageId, Reference};
use crate::domain::reply::{CaseDirectory, KnownCase, Trust};
use crate::explain::{Context, ExplainError, Explanation, FileDirectory, Prover, explain_file, explain_proven};
use crate::store::{StoreError, Tx};
use anyhow::{Context as _, anyhow, bail};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longest message taken from standard input.
const STDIN_MAX: u64 = 64 << 20;

/// Says how each file is read; exit code 1 when one could not be read.
pub(super) fn explain(place: &Place, what: &Explain, output: &mut Output) -> anyhow::Result<ExitCode> {
    let lexicon = lexicon::built_in().map_err(|problems| anyhow!("{}", facts::listed(&problems)))?;
    let files = files_of(&what.files)?;
    let now = place.clock.now();
    let prover = what.verify.then(|| run::prover(place)).transpose()?;
    let prover = prover.as_deref();
    if let Some(cases) = &what.cases {
        let (directory, trust) = FileDirectory::load(cases)?;
        return each(&files, &Context { directory, trust, lexicon, now }, prover, output);
    }
    let mut desk = Desk::open(place).context("without --cases FILE the messages are read against the open cases")?;
    let trust = trust_of_all(&desk);
    desk.store.read(|tx| each(&files, &Context { directory: Stored(tx), trust, lexicon, now }, prover, output))
}

/// A file says not whose mailbox it is from: whoever one account believes is believed.
fn trust_of_all(desk: &Desk) -> Trust {
    let mut all = Trust::default();
    for account in desk.rules.config.accounts.values() {
        let trust = desk.rules.trust_of(account);
        all.authserv_ids.extend(trust.authserv_ids);
        all.own_addresses = trust.own_addresses;
        all.public_domains = trust.public_domains;
        all.arc_sealers = trust.arc_sealers;
    }
    all
}

/// The cases of the store.
struct Stored<'a, 'b>(&'a Tx<'b>);

impl CaseDirectory for Stored<'_, '_> {
    type Error = StoreError;

    fn by_message_id(&self, id: &MessageId) -> Result<Option<KnownCase>, StoreError> {
        self.0.by_message_id(id)
    }

    fn by_reference(&self, reference: &Reference) -> Result<Option<KnownCase>, StoreError> {
        self.0.by_reference(reference)
    }

    fn by_domain(&self, domain: &str) -> Result<Vec<KnownCase>, StoreError> {
        self.0.by_domain(domain)
    }
}

fn each<D>(
    files: &[PathBuf],
    context: &Context<D>,
    prover: Option<&Prover>,
    output: &mut Output,
) -> anyhow::Result<ExitCode>
where
    D: CaseDirectory,
    D::Error: std::fmt::Display,
{
    let mut failed = Vec::new();
    for file in files {
        match one(file, context, prover) {
            Ok(explanation) if output.json() => output.object(&explanation)?,
            Ok(explanation) => output.line(wording::safe_lines(&explanation.render()))?,
            Err(error) => failed.push(error),
        }
    }
    if failed.is_empty() { Ok(ExitCode::SUCCESS) } else { bail!("{}", facts::listed(&failed)) }
}

fn one<D>(file: &Path, context: &Context<D>, prover: Option<&Prover>) -> Result<Explanation, ExplainError>
where
    D: CaseDirectory,
    D::Error: std::fmt::Display,
{
    if file != Path::new("-") {
        return explain_file(file, context, prover);
    }
    let mut raw = Vec::new();
    let read = std::io::stdin().take(STDIN_MAX).read_to_end(&mut raw);
    read.map_err(|source| ExplainError::Unreadable { path: file.to_owned(), source })?;
    explain_proven("-", &raw, raw.len() as u64 == STDIN_MAX, context, prover)
}

/// The messages named: files as they are, folders with all `.eml` files and Maildir messages below them.
fn files_of(named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let before = files.len();
            below(path, &mut files)?;
            if files.len() == before {
                bail!("{} holds no message: name .eml files, or a folder that holds some", path.display());
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    let in_maildir = folder.file_name().is_some_and(|n| n == "cur" || n == "new");
    for path in paths {
        if path.is_dir() {
            below(&path, files)?;
        } else if in_maildir || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("eml")) {
            files.push(path);
        }
    }
    Ok(())
}
