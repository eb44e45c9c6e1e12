//! How good the reader is on labelled mail: run by `tests/score`. A folder holds `labels.tsv` and the mails it names
//! (columns as in `tests/corpus/replies`), a `.tsv` file holds sentences (kind, language, text), each of which is read
//! as a proven mail of the carrier in the thread of case 7Q2M. Exit code 1 on any false `confirmed`.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::print_stderr, reason = "a test program")]

#[path = "labelled.rs"]
mod labelled;

use labelled::{Label, labelled};
use odjava::config::lexicon;
use odjava::explain::{Context, Explanation, FileDirectory, explain_bytes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: tests/score [--misses] [--rules-only] [--lexicon DIR] [--cases FILE] FOLDER|SENTENCES.tsv ...\n\
    prints the confusion matrix, false confirmations, recall per kind and language, dates, authenticity and reply \
    texts\nexample: tests/score tests/corpus/replies";

/// One mail with its label and reading.
struct Read {
    label: Label,
    read: Explanation,
}

struct Options {
    misses: bool,
    rules_only: bool,
    lexicon: Option<PathBuf>,
    cases: Option<PathBuf>,
    inputs: Vec<PathBuf>,
}

fn options() -> Option<Options> {
    let mut out = Options { misses: false, rules_only: false, lexicon: None, cases: None, inputs: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--misses" => out.misses = true,
            "--rules-only" => out.rules_only = true,
            "--lexicon" => out.lexicon = Some(arguments.next()?.into()),
            "--cases" => out.cases = Some(arguments.next()?.into()),
            flag if flag.starts_with('-') => return None,
            _ => out.inputs.push(argument.into()),
        }
    }
    (!out.inputs.is_empty()).then_some(out)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut all = Vec::new();
    for input in &options.inputs {
        match score(input, &options) {
            Ok(read) => all.extend(read),
            Err(problem) => {
                eprintln!("{}: {problem}", input.display());
                return ExitCode::FAILURE;
            }
        }
    }
    let false_confirmed = report(&all, options.misses);
    if false_confirmed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn score(input: &Path, options: &Options) -> Result<Vec<Read>, String> {
    let own_cases = input.join("cases.toml");
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies/cases.toml");
    let cases = options.cases.clone().or_else(|| own_cases.exists().then_some(own_cases)).unwrap_or(usual);
    let (directory, trust) = FileDirectory::load(&cases).map_err(|e| e.to_string())?;
    let mut lexicon = lexicon::load(options.lexicon.as_deref())
        .map_err(|p| p.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    if options.rules_only {
        lexicon.second = None;
    }
    let now = "2026-11-25T12:00:00Z".parse().expect("an instant");
    let context = Context { directory, trust, lexicon, now };
    labelled(input)?
        .into_iter()
        .map(|(label, raw)| {
            let read = explain_bytes(&label.name, &raw, false, &context).map_err(|e| e.to_string())?;
            Ok(Read { label, read })
        })
        .collect()
}

/// Prints everything; returns the number of false confirmations.
fn report(all: &[Read], misses: bool) -> usize {
    if misses {
        for r in all.iter().filter(|r| r.read.kind.name() != r.label.kind) {
            let text: String = r.read.reply_text.split_whitespace().collect::<Vec<_>>().join(" ");
            let text: String = text.chars().take(400).collect();
            println!(
                "{}\t{}\t{} read as {}\t{text}\t{:?}",
                r.label.name,
                r.label.language,
                r.label.kind,
                r.read.kind.name(),
                r.read.evidence
            );
        }
        println!();
    }
    confusion(all);
    per_language(all);
    figures(all, misses)
}

fn confusion(all: &[Read]) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut columns = BTreeSet::new();
    for r in all {
        *counts.entry((r.label.kind.as_str(), r.read.kind.name())).or_default() += 1;
        columns.insert(r.read.kind.name());
    }
    let rows: BTreeSet<&str> = counts.keys().map(|(meant, _)| *meant).collect();
    print!("{:<22}", "meant \\ read as");
    columns.iter().for_each(|c| print!("{:>9}", c.chars().take(8).collect::<String>()));
    println!("{:>9}", "recall");
    for row in rows {
        print!("{row:<22}");
        let mut total = 0;
        for column in &columns {
            let count = counts.get(&(row, *column)).copied().unwrap_or(0);
            total += count;
            print!("{:>9}", if count == 0 { "-".to_owned() } else { count.to_string() });
        }
        let right = counts.get(&(row, row)).copied().unwrap_or(0);
        println!("{:>9}", percent(right, total));
    }
    println!();
}

fn per_language(all: &[Read]) {
    let mut languages: BTreeMap<&str, Vec<&Read>> = BTreeMap::new();
    for r in all {
        languages.entry(r.label.language.as_str()).or_default().push(r);
    }
    println!(
        "{:<10}{:>7}{:>9}{:>10}{:>17}{:>18}",
        "language", "mails", "right", "unclear", "confirmed found", "false confirmed"
    );
    for (language, reads) in languages {
        let (right, unclear, confirmed, found, wrong) = counts(&reads);
        println!(
            "{language:<10}{:>7}{:>9}{:>10}{:>17}{wrong:>18}",
            reads.len(),
            percent(right, reads.len()),
            percent(unclear, reads.len()),
            format!("{found} of {confirmed}"),
        );
    }
    println!();
}

/// Kinds right, unclear, confirmations, found, false ones.
fn counts(reads: &[&Read]) -> (usize, usize, usize, usize, usize) {
    let count = |test: &dyn Fn(&Read) -> bool| reads.iter().filter(|r| test(r)).count();
    (
        count(&|r| r.read.kind.name() == r.label.kind),
        count(&|r| r.read.kind.name() == "unclear"),
        count(&|r| r.label.kind == "confirmed"),
        count(&|r| r.label.kind == "confirmed" && r.read.kind.name() == "confirmed"),
        count(&|r| r.label.kind != "confirmed" && r.read.kind.name() == "confirmed"),
    )
}

fn figures(all: &[Read], misses: bool) -> usize {
    let everything: Vec<&Read> = all.iter().collect();
    let (right, unclear, confirmed, found, wrong) = counts(&everything);
    let line = |what: &str, right: usize, of: usize| {
        if of > 0 {
            println!("{what:<28}{right:>5} of {of:<5} {}", percent(right, of));
        }
    };
    line("kind right", right, all.len());
    line("unclear", unclear, all.len());
    line("true confirmations found", found, confirmed);
    let genuine: Vec<&Read> = all.iter().filter(|r| r.label.kind == "confirmed" && r.label.authentic != "no").collect();
    let acted = |r: &&&Read| matches!(r.read.would_do.as_str(), "done" | "confirmed");
    line("  genuine ones acted on", genuine.iter().filter(acted).count(), genuine.len());
    println!("{:<28}{wrong:>5}", "FALSE CONFIRMED");
    let dated: Vec<&Read> =
        all.iter().filter(|r| r.label.kind == "confirmed" && !r.label.effective_date.is_empty()).collect();
    let date_of = |r: &Read| r.read.effective_date.map_or_else(|| "-".to_owned(), |d| d.to_string());
    let read_confirmed: Vec<&&Read> = dated.iter().filter(|r| r.read.kind.name() == "confirmed").collect();
    let right_dates = read_confirmed.iter().filter(|r| date_of(r) == r.label.effective_date).count();
    line("effective date right", right_dates, read_confirmed.len());
    let authentic: Vec<&Read> = all.iter().filter(|r| !r.label.authentic.is_empty()).collect();
    let expected = |r: &Read| if r.label.authentic == "na" { "unknown".to_owned() } else { r.label.authentic.clone() };
    let right_authentic = authentic.iter().filter(|r| r.read.authentic == expected(r)).count();
    line("authentic right", right_authentic, authentic.len());
    let bounces: Vec<&Read> = all.iter().filter(|r| !matches!(r.label.bounce_class.as_str(), "" | "-")).collect();
    let class = |r: &Read| r.read.bounce.as_ref().map(|b| format!("{:?}", b.class).to_lowercase()).unwrap_or_default();
    line("bounce class right", bounces.iter().filter(|r| class(r) == r.label.bounce_class).count(), bounces.len());
    let texts: Vec<(&Read, &str)> = all.iter().filter_map(|r| Some((r, r.label.reply_text.as_deref()?))).collect();
    let same = |(r, text): &&(&Read, &str)| words(&r.read.reply_text) == words(text);
    line("reply text exact", texts.iter().filter(same).count(), texts.len());
    if misses {
        for r in read_confirmed.iter().filter(|r| date_of(r) != r.label.effective_date) {
            println!("date: {}\t{} read as {}", r.label.name, r.label.effective_date, date_of(r));
        }
        for r in authentic.iter().filter(|r| r.read.authentic != expected(r)) {
            println!(
                "authentic: {}\t{} read as {}: {}",
                r.label.name, r.label.authentic, r.read.authentic, r.read.authentic_reason
            );
        }
    }
    for r in all.iter().filter(|r| r.label.kind != "confirmed" && r.read.kind.name() == "confirmed") {
        println!("false confirmed: {}\t{}\t{:?}", r.label.name, r.label.kind, r.read.evidence);
    }
    wrong
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}
