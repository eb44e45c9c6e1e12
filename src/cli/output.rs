//! Where the words of a command go: text or JSON to stdout, complaints to stderr. Colour only where somebody
//! sees it. Knows no case.

use anstream::{AutoStream, ColorChoice as Choice};
use clap::ColorChoice;
use serde::Serialize;
use std::io::{self, IsTerminal, Stderr, Stdout, Write};

/// The two streams of a command.
pub(super) struct Output {
    json: bool,
    out: AutoStream<Stdout>,
    err: AutoStream<Stderr>,
}

impl Output {
    /// Streams that colour as asked.
    pub(super) fn new(json: bool, color: ColorChoice) -> Self {
        let choice = |auto: Choice| match color {
            ColorChoice::Auto => auto,
            ColorChoice::Always => Choice::AlwaysAnsi,
            ColorChoice::Never => Choice::Never,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let (for_out, for_err) = (AutoStream::choice(&out), AutoStream::choice(&err));
        Self { json, out: AutoStream::new(out, choice(for_out)), err: AutoStream::new(err, choice(for_err)) }
    }

    /// Whether JSON is wanted.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// Whether a person can be asked.
    pub(super) fn can_ask(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// A line of text.
    pub(super) fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// One JSON object on one line.
    pub(super) fn object(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string(value)?;
        writeln!(self.out, "{text}")?;
        Ok(())
    }

    /// Something the person should know that is not the result: to stderr.
    pub(super) fn remark(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.err, "{text}");
    }

    /// How far a long act is, on one line that the next call writes over; only for somebody who watches. An empty
    /// text takes the line away.
    pub(super) fn progress(&mut self, text: &str) {
        if !self.json && io::stderr().is_terminal() {
            let _ = write!(self.err, "\r\u{1b}[K{text}");
            let _ = self.err.flush();
        }
    }

    /// Why the command failed. The last resort, so its own failure is not looked at.
    pub(super) fn complain(&mut self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        let mut lines = text.lines();
        let first = lines.next().unwrap_or("failed");
        let _ = writeln!(self.err, "{}odjava:{} {first}", paint::BAD, paint::PLAIN);
        for line in lines {
            let _ = writeln!(self.err, "        {line}");
        }
    }
}

/// Terminal attributes (ECMA-48 SGR); the streams take them out where nobody sees them.
pub(super) mod paint {
    /// Back to normal.
    pub(in crate::cli) const PLAIN: &str = "\x1b[0m";
    /// Names and headings.
    pub(in crate::cli) const STRONG: &str = "\x1b[1m";
    /// What matters less.
    pub(in crate::cli) const FAINT: &str = "\x1b[2m";
    /// The person must do something.
    pub(in crate::cli) const YOURS: &str = "\x1b[1;33m";
    /// All is well.
    pub(in crate::cli) const GOOD: &str = "\x1b[32m";
    /// Failed.
    pub(in crate::cli) const BAD: &str = "\x1b[1;31m";
}
