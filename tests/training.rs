//! Trains the second reader (`domain::reply::statistics`): run by `tests/train`. Reads labelled sentences and mails,
//! and writes the table; `--cross-validate` says first how well it reads what it was not trained on.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::print_stderr, reason = "a test program")]

#[path = "labelled.rs"]
mod labelled;

use labelled::labelled;
use odjava::config::lexicon;
use odjava::domain::reply::features;
use odjava::domain::reply::lexicon::Lexicon;
use odjava::domain::reply::statistics::{BUCKETS, Features, KIND_COUNT, KINDS, Statistics, softmax};
use odjava::explain::FileDirectory;
use odjava::mail;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: tests/train [--cross-validate] [--out TABLE] FOLDER|SENTENCES.tsv ...";

/// Runs whose mean is taken: by itself each reads a few mails in a hundred otherwise, as the order of examples falls.
const RUNS: u64 = 5;
/// Rounds over all examples.
const EPOCHS: usize = 20;
/// Length of a step (AdaGrad).
const RATE: f32 = 0.6;
/// How much each weight shrinks a round: rare features say less.
const DECAY: f32 = 0.002;
/// Parts of a cross-validation; neighbouring lines are often variants of each other and stay in one part.
const FOLDS: usize = 5;
const NEIGHBOURS: usize = 40;

struct Example {
    kind: usize,
    features: Features,
}

fn main() -> ExitCode {
    let (mut inputs, mut out, mut validate) = (Vec::new(), None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--cross-validate" => validate = true,
            "--out" => out = arguments.next().map(PathBuf::from),
            flag if flag.starts_with('-') => inputs.clear(),
            _ => inputs.push(PathBuf::from(argument)),
        }
    }
    if inputs.is_empty() {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let examples = match read(&inputs) {
        Ok(examples) => examples,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    println!("{} examples", examples.len());
    if validate {
        cross_validate(&examples);
    }
    if let Some(out) = out {
        let table = train(examples.iter());
        if let Err(error) = std::fs::write(&out, table.to_bytes()) {
            eprintln!("{}: {error}", out.display());
            return ExitCode::FAILURE;
        }
        println!("written {}", out.display());
    }
    ExitCode::SUCCESS
}

fn read(inputs: &[PathBuf]) -> Result<Vec<Example>, String> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies/cases.toml");
    let (directory, trust) = FileDirectory::load(&cases).map_err(|e| e.to_string())?;
    // Without the table built in: it may be of an older layout.
    let lexicon = Lexicon::compile(&lexicon::sources().expect("the lexicon parses")).expect("the lexicon compiles");
    let now = "2026-11-25T12:00:00Z".parse().expect("an instant");
    let mut out = Vec::new();
    for input in inputs {
        for (label, raw) in labelled(input).map_err(|e| format!("{}: {e}", input.display()))? {
            let Some(kind) = KINDS.iter().position(|k| k.name() == label.kind) else { continue };
            let message = mail::parse::parse(&raw, false);
            let found = features(&message, &directory, &trust, &lexicon, now).expect("a file directory answers");
            out.extend(found.map(|features| Example { kind, features }));
        }
    }
    Ok(out)
}

/// Softmax regression, the mean of several runs; the same examples give the same table.
fn train<'e>(examples: impl Iterator<Item = &'e Example>) -> Statistics {
    let examples: Vec<&Example> = examples.collect();
    let (mut weights, mut biases) = (vec![0.0f32; BUCKETS * KIND_COUNT], [0.0f32; KIND_COUNT]);
    for run in 0..RUNS {
        let (own, own_biases) = train_once(&examples, run);
        weights.iter_mut().zip(own).for_each(|(w, o)| *w += o / RUNS as f32);
        biases.iter_mut().zip(own_biases).for_each(|(b, o)| *b += o / RUNS as f32);
    }
    Statistics::of_model(&weights, biases)
}

/// One run of AdaGrad over the examples in an order of its own.
fn train_once(examples: &[&Example], run: u64) -> (Vec<f32>, [f32; KIND_COUNT]) {
    let mut weights = vec![0.0f32; BUCKETS * KIND_COUNT];
    let mut squares = vec![1e-6f32; BUCKETS * KIND_COUNT];
    let (mut biases, mut bias_squares) = ([0.0f32; KIND_COUNT], [1e-6f32; KIND_COUNT]);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut dice = 0x2545_f491_4f6c_dd1du64 ^ (run << 32);
    for _ in 0..EPOCHS {
        for i in (1..order.len()).rev() {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            order.swap(i, (dice % (i as u64 + 1)) as usize);
        }
        for example in order.iter().map(|i| examples[*i]) {
            let mut logits = biases;
            for (bucket, value) in &example.features.0 {
                let row = &weights[usize::from(*bucket) * KIND_COUNT..][..KIND_COUNT];
                logits.iter_mut().zip(row).for_each(|(l, w)| *l += value * w);
            }
            let mut errors = softmax(logits);
            errors[example.kind] -= 1.0;
            for (bucket, value) in &example.features.0 {
                let at = usize::from(*bucket) * KIND_COUNT;
                for (k, error) in errors.iter().enumerate() {
                    let slope = error * value;
                    squares[at + k] += slope * slope;
                    weights[at + k] -= RATE * slope / squares[at + k].sqrt().max(0.05);
                }
            }
            for (k, error) in errors.iter().enumerate() {
                bias_squares[k] += error * error;
                biases[k] -= 0.1 * error / bias_squares[k].sqrt();
            }
        }
        weights.iter_mut().for_each(|w| *w *= 1.0 - DECAY);
    }
    (weights, biases)
}

fn cross_validate(examples: &[Example]) {
    let confirmed = KINDS.iter().position(|k| k.name() == "confirmed").expect("a kind");
    let (mut right, mut seen) = ([0usize; KIND_COUNT], [0usize; KIND_COUNT]);
    let mut confirmations: Vec<(f32, bool)> = Vec::new();
    for fold in 0..FOLDS {
        let held_out = |i: usize| (i / NEIGHBOURS) % FOLDS == fold;
        let table = train(examples.iter().enumerate().filter(|(i, _)| !held_out(*i)).map(|(_, e)| e));
        for example in examples.iter().enumerate().filter(|(i, _)| held_out(*i)).map(|(_, e)| e) {
            let read = table.read(&example.features);
            let best = (0..KIND_COUNT).max_by(|a, b| read[*a].total_cmp(&read[*b])).expect("kinds");
            seen[example.kind] += 1;
            right[example.kind] += usize::from(best == example.kind);
            confirmations.push((read[confirmed], example.kind == confirmed));
        }
    }
    for (k, kind) in KINDS.iter().enumerate() {
        println!("{:<22}{:>5} of {:>5}", kind.name(), right[k], seen[k]);
    }
    let (right, seen): (usize, usize) = (right.iter().sum(), seen.iter().sum());
    println!("{:<22}{right:>5} of {seen:>5} ({:.1} %)", "all", right as f64 * 100.0 / seen as f64);
    for floor in [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9] {
        let above = |truth: bool| confirmations.iter().filter(|(p, c)| *p > floor && *c == truth).count();
        println!("confirmed above {floor}: {} true, {} false", above(true), above(false));
    }
}
