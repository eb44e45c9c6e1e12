//! `odjava explain`: how messages are read, without changing anything. One thread finds the messages, as many as there
//! are cores read them, and they are told in the order in which they were found; few are held at a time.

use super::arguments::Explain;
use super::desk::{Desk, Place};
use super::mail_files::{self, Message};
use super::output::{Output, paint};
use super::run;
use crate::domain::Timestamp;
use crate::domain::address::{MessageId, Reference};
use crate::domain::reply::{CaseDirectory, Kind, KnownCase, Lexicon, Trust};
use crate::explain::{Context, FileDirectory, Paint, Prover, explain_proven};
use crate::store::{Store, StoreError, Tx};
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

/// Messages that one thread takes at once, and bytes after which it takes no more.
const BATCH: usize = 16;
const BATCH_BYTES: usize = 128 << 10;
/// Bytes of messages that are held at a time; a single larger message is held alone.
const HELD_MAX: usize = 128 << 20;
/// Threads that read.
const READERS_MAX: usize = 64;
/// Files that could not be read and are named.
const NAMED_MAX: usize = 200;
/// What is shown on a terminal that would else show nothing, and how often.
const PATIENCE: chrono::TimeDelta = chrono::TimeDelta::seconds(1);
const PROGRESS: chrono::TimeDelta = chrono::TimeDelta::milliseconds(200);

/// Says how each message is read; exit code 1 when one could not be read.
pub(super) fn explain(place: &Place, what: &Explain, output: &mut Output) -> anyhow::Result<ExitCode> {
    let now = place.clock.now();
    let (cases, trust, folder) = match &what.cases {
        Some(file) => {
            let (directory, trust) = FileDirectory::load(file)?;
            (Cases::File(directory), trust, None)
        }
        None => {
            let desk =
                Desk::open(place).context("without --cases FILE the messages are read against the open cases")?;
            let folder = desk.rules.config.directory.lexicon.clone();
            (Cases::Store(desk.store.path().to_owned()), trust_of_all(&desk), folder)
        }
    };
    let lexicon = run::lexicon_with(what.lexicon.as_deref().or(folder.as_deref()))?;
    let prover = what.verify.then(|| run::prover(place)).transpose()?;
    let shared = Shared { cases, trust, lexicon, now, prover, json: output.json() };
    let mut told = Told::new(place);
    let readers = std::thread::available_parallelism().map_or(1, usize::from).min(READERS_MAX);
    read_all(&shared, &what.files, readers, &mut |answers| told.tell(answers, output))?;
    // The program ends soon; taking the phrases apart would only take time.
    std::mem::forget(shared);
    told.end(output)
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

/// Against which cases messages are read.
enum Cases {
    File(FileDirectory),
    /// Each thread opens the store for itself.
    Store(PathBuf),
}

/// What all threads use.
struct Shared {
    cases: Cases,
    trust: Trust,
    lexicon: Lexicon,
    now: Timestamp,
    /// Tests signatures, when that is asked for.
    prover: Option<Box<Prover>>,
    json: bool,
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

/// One message, told; or why it could not be read.
type Answer = Result<(Kind, String), String>;

/// Some messages with their place in the order.
struct Batch<T> {
    number: usize,
    /// Bytes that its messages take.
    size: usize,
    of: Vec<T>,
}

/// Reads all messages and hands on what is told of them, in order.
fn read_all(
    shared: &Shared,
    named: &[PathBuf],
    readers: usize,
    tell: &mut dyn FnMut(Vec<Answer>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let gate = Gate { batches_max: 4 * readers + 4, held: Mutex::default(), freed: Condvar::new() };
    let (jobs, queue) = mpsc::channel::<Batch<Message>>();
    let (results, answered) = mpsc::channel::<Batch<Answer>>();
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        scope.spawn(|| find(named, &gate, jobs));
        for _ in 0..readers {
            let results = results.clone();
            scope.spawn(|| reader(shared, &queue, results));
        }
        drop(results);
        // Whatever happens, nobody waits at the gate for ever.
        let _open = OpenAtEnd(&gate);
        let mut early = BTreeMap::new();
        let mut next = 0;
        for batch in answered {
            early.insert(batch.number, batch);
            while let Some(batch) = early.remove(&next) {
                next += 1;
                tell(batch.of)?;
                gate.leave(batch.size);
            }
        }
        Ok(())
    })
}

/// Finds the messages and hands them out in batches.
fn find(named: &[PathBuf], gate: &Gate, jobs: mpsc::Sender<Batch<Message>>) {
    let mut number = 0;
    let mut batch: Vec<Message> = Vec::new();
    let mut size = 0;
    let mut flush = |batch: &mut Vec<Message>, size: &mut usize| {
        let (of, held) = (std::mem::take(batch), std::mem::take(size));
        let sent = of.is_empty() || gate.enter(held) && jobs.send(Batch { number, size: held, of }).is_ok();
        number += 1;
        if sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let all = mail_files::each(named, &mut |message| {
        size += message.size();
        batch.push(message);
        if batch.len() >= BATCH || size >= BATCH_BYTES {
            flush(&mut batch, &mut size)
        } else {
            ControlFlow::Continue(())
        }
    });
    if all.is_continue() && !batch.is_empty() {
        let _ = flush(&mut batch, &mut size);
    }
}

/// One of the threads that read.
fn reader(shared: &Shared, queue: &Mutex<mpsc::Receiver<Batch<Message>>>, results: mpsc::Sender<Batch<Answer>>) {
    let Shared { trust, lexicon, now, json, .. } = shared;
    let prover = shared.prover.as_deref();
    match &shared.cases {
        Cases::File(directory) => {
            let context = Context { directory: directory.clone(), trust: trust.clone(), lexicon, now: *now };
            work(queue, &results, |message| explained(message, &context, prover, *json));
        }
        Cases::Store(path) => {
            let all: Result<(), StoreError> = Store::open(path).and_then(|mut store| {
                store.read(|tx| {
                    let context = Context { directory: Stored(tx), trust: trust.clone(), lexicon, now: *now };
                    work(queue, &results, |message| explained(message, &context, prover, *json));
                    Ok(())
                })
            });
            if let Err(error) = all {
                // The store is gone: what is left is told so.
                work(queue, &results, |message| Err(format!("{}: {error}", message.name)));
            }
        }
    }
}

fn work(
    queue: &Mutex<mpsc::Receiver<Batch<Message>>>,
    results: &mpsc::Sender<Batch<Answer>>,
    read: impl Fn(Message) -> Answer,
) {
    loop {
        let Ok(Batch { number, size, of }) = locked(queue).recv() else { return };
        let answers = Batch { number, size, of: of.into_iter().map(&read).collect() };
        if results.send(answers).is_err() {
            return;
        }
    }
}

fn explained<D>(message: Message, context: &Context<D, &Lexicon>, prover: Option<&Prover>, json: bool) -> Answer
where
    D: CaseDirectory,
    D::Error: std::fmt::Display,
{
    let Message { name, content } = message;
    let (raw, truncated) = content.read()?;
    let explanation = explain_proven(&name, &raw, truncated, context, prover).map_err(|e| format!("{name}: {e}"))?;
    if explanation.no_mail {
        return Err(format!("{name}: this is no mail; name a message as your mail program saves it (.eml) or an mbox"));
    }
    let text = if json {
        serde_json::to_string(&explanation).map_err(|e| format!("{name}: {e}"))?
    } else {
        explanation.render(Paint { strong: paint::STRONG, faint: paint::FAINT, plain: paint::PLAIN })
    };
    Ok((explanation.kind, text))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets in only as much as may be held at a time: found, being read, or waiting for its turn to be told.
struct Gate {
    batches_max: usize,
    held: Mutex<Held>,
    freed: Condvar,
}

#[derive(Default)]
struct Held {
    batches: usize,
    bytes: usize,
    /// Nothing more is wanted.
    closed: bool,
}

impl Gate {
    /// Waits for room; `false` when nothing more is wanted.
    fn enter(&self, bytes: usize) -> bool {
        let full = |held: &mut Held| {
            !held.closed
                && held.batches > 0
                && (held.batches >= self.batches_max || held.bytes.saturating_add(bytes) > HELD_MAX)
        };
        let mut held = self.freed.wait_while(locked(&self.held), full).unwrap_or_else(PoisonError::into_inner);
        held.batches += 1;
        held.bytes += bytes;
        !held.closed
    }

    fn leave(&self, bytes: usize) {
        let mut held = locked(&self.held);
        held.batches -= 1;
        held.bytes -= bytes;
        self.freed.notify_one();
    }
}

/// Opens the gate for good when it is dropped.
struct OpenAtEnd<'a>(&'a Gate);

impl Drop for OpenAtEnd<'_> {
    fn drop(&mut self) {
        locked(&self.0.held).closed = true;
        self.0.freed.notify_all();
    }
}

/// What was told, for the line at the end and the line meanwhile.
struct Told<'p> {
    place: &'p Place,
    began: Timestamp,
    /// Somebody waits before an empty terminal.
    watched: bool,
    shown_at: Option<Timestamp>,
    count: usize,
    kinds: BTreeMap<&'static str, usize>,
    failed: usize,
    named: Vec<String>,
}

impl<'p> Told<'p> {
    fn new(place: &'p Place) -> Self {
        Self {
            place,
            began: place.clock.now(),
            watched: io::stderr().is_terminal() && !io::stdout().is_terminal(),
            shown_at: None,
            count: 0,
            kinds: BTreeMap::new(),
            failed: 0,
            named: Vec::new(),
        }
    }

    fn tell(&mut self, answers: Vec<Answer>, output: &mut Output) -> anyhow::Result<()> {
        let mut text = String::new();
        for answer in answers {
            match answer {
                Ok((kind, told)) => {
                    self.count += 1;
                    *self.kinds.entry(kind.name()).or_default() += 1;
                    text.push_str(&told);
                    text.push('\n');
                }
                Err(problem) => {
                    self.failed += 1;
                    if self.named.len() < NAMED_MAX {
                        self.named.push(problem);
                    }
                }
            }
        }
        output.raw(text.as_bytes())?;
        self.progress();
        Ok(())
    }

    fn progress(&mut self) {
        if !self.watched {
            return;
        }
        let now = self.place.clock.now();
        if now - self.began > PATIENCE && self.shown_at.is_none_or(|at| now - at > PROGRESS) {
            self.shown_at = Some(now);
            let _ = write!(io::stderr(), "\r{} messages read", self.count);
        }
    }

    /// The kinds by number, what could not be read, and the exit code.
    fn end(self, output: &mut Output) -> anyhow::Result<ExitCode> {
        if self.shown_at.is_some() {
            // Takes the line of progress away (ECMA-48 EL).
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        if !output.json() && self.count > 1 {
            let mut kinds: Vec<(&str, usize)> = self.kinds.into_iter().collect();
            kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            let kinds: Vec<String> = kinds.into_iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            output.line(format!("{} messages: {}", self.count, kinds.join(", ")))?;
        }
        if self.failed == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        let mut problems = self.named.join("\n");
        if self.failed > self.named.len() {
            write!(problems, "\nand {} more", self.failed - self.named.len())?;
        }
        bail!("{problems}")
    }
}
