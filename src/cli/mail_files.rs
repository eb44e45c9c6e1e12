//! The messages that `explain` is given, one after another: files, folders, Maildirs, mboxes and standard input.
//! Knows no case; holds one message at a time.

use crate::explain::FILE_MAX;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Files up to this size are read at once; larger ones by whoever explains them.
const SMALL: u64 = 256 << 10;
/// Bytes of a line that are looked at together.
const LINE_MAX: u64 = 64 << 10;
/// Folders below folders that are looked into.
const DEPTH_MAX: usize = 32;
/// How an mbox begins, and each message in it (RFC 4155).
const FROM: &[u8] = b"From ";

/// One message, or why there is none.
pub(super) struct Message {
    /// The file as it was named; `FILE#N` in an mbox.
    pub(super) name: String,
    /// Where it is.
    pub(super) content: Content,
}

/// Where the bytes of a message are.
pub(super) enum Content {
    /// Here; cut when there were more.
    Bytes { raw: Vec<u8>, truncated: bool },
    /// In a file of this size that is read when its turn comes.
    Large(PathBuf, u64),
    /// Nowhere: what to tell.
    Missing(String),
}

impl Message {
    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::Bytes { raw, .. } => raw.len(),
            Content::Large(_, size) => usize::try_from((*size).min(FILE_MAX)).unwrap_or(usize::MAX),
            Content::Missing(_) => 0,
        }
    }
}

impl Content {
    /// The bytes, and whether there were more.
    ///
    /// # Errors
    /// What to tell when the file cannot be read.
    pub(super) fn read(self) -> Result<(Vec<u8>, bool), String> {
        match self {
            Self::Bytes { raw, truncated } => Ok((raw, truncated)),
            Self::Large(path, size) => {
                let file = File::open(&path).map_err(|e| unreadable(&path, &e))?;
                read_all(file, size).map_err(|e| unreadable(&path, &e))
            }
            Self::Missing(problem) => Err(problem),
        }
    }
}

/// Takes messages; breaks when no more are wanted.
pub(super) type Take<'a> = dyn FnMut(Message) -> ControlFlow<()> + 'a;

/// Hands on every message of what was named, in order.
pub(super) fn each(named: &[PathBuf], take: &mut Take<'_>) -> ControlFlow<()> {
    for path in named {
        if path == Path::new("-") {
            stream("-", io::stdin().lock(), take)?;
        } else if path.is_dir() {
            let mut count = 0;
            let mut counted = |message: Message| {
                count += 1;
                take(message)
            };
            folder(path, 0, &mut counted)?;
            if count == 0 {
                let problem =
                    format!("{} holds no message: name .eml files, or a folder that holds some", path.display());
                take(missing(path, problem))?;
            }
        } else {
            file(path, is_single(path), take)?;
        }
    }
    ControlFlow::Continue(())
}

/// The messages below a folder: `.eml` and `.mbox` files, and all files in the `cur` and `new` of a Maildir. Links to
/// folders are not followed, so that no circle is walked.
fn folder(path: &Path, depth: usize, take: &mut Take<'_>) -> ControlFlow<()> {
    let entries = std::fs::read_dir(path).and_then(|entries| {
        let pairs = entries.map(|e| e.and_then(|e| Ok((e.path(), e.file_type()?.is_dir()))));
        pairs.collect::<io::Result<Vec<(PathBuf, bool)>>>()
    });
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return take(missing(path, unreadable(path, &error))),
    };
    entries.sort();
    let in_maildir = path.file_name().is_some_and(|n| n == "cur" || n == "new");
    for (path, is_folder) in entries {
        if is_folder {
            if depth < DEPTH_MAX {
                folder(&path, depth + 1, take)?;
            }
        } else if in_maildir || is_single(&path) || has_extension(&path, &["mbox", "mbx"]) {
            file(&path, in_maildir || is_single(&path), take)?;
        }
    }
    ControlFlow::Continue(())
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    path.extension().is_some_and(|e| known.iter().any(|k| e.eq_ignore_ascii_case(k)))
}

/// Whether the name says that it is one message, however it begins.
fn is_single(path: &Path) -> bool {
    let in_maildir = path.parent().and_then(Path::file_name).is_some_and(|n| n == "cur" || n == "new");
    in_maildir || has_extension(path, &["eml"])
}

fn file(path: &Path, single: bool, take: &mut Take<'_>) -> ControlFlow<()> {
    let name = || path.display().to_string();
    let opened = File::open(path).and_then(|file| file.metadata().map(|m| (file, m)));
    let (mut file, metadata) = match opened {
        Ok(opened) => opened,
        Err(error) => return take(missing(path, unreadable(path, &error))),
    };
    if !metadata.is_file() {
        return stream(&name(), BufReader::new(file), take);
    }
    let size = metadata.len();
    if size > SMALL {
        let mut start = Vec::new();
        match (&mut file).take(FROM.len() as u64).read_to_end(&mut start) {
            Ok(_) if start == FROM && !single => return mbox(&name(), BufReader::new(start.chain(file)), take),
            Ok(_) => return take(Message { name: name(), content: Content::Large(path.to_owned(), size) }),
            Err(error) => return take(missing(path, unreadable(path, &error))),
        }
    }
    match read_all(file, size) {
        Ok((raw, _)) if raw.starts_with(FROM) && !single => mbox(&name(), raw.as_slice(), take),
        Ok((raw, truncated)) => take(Message { name: name(), content: Content::Bytes { raw, truncated } }),
        Err(error) => take(missing(path, unreadable(path, &error))),
    }
}

/// What comes from a pipe: an mbox, or one message.
fn stream(name: &str, mut reader: impl BufRead, take: &mut Take<'_>) -> ControlFlow<()> {
    let mut start = Vec::new();
    let read = reader.by_ref().take(FROM.len() as u64).read_to_end(&mut start);
    if read.is_ok() && start == FROM {
        return mbox(name, start.chain(reader), take);
    }
    match read.and_then(|_| read_all(start.chain(reader), 0)) {
        Ok((raw, truncated)) => take(Message { name: name.to_owned(), content: Content::Bytes { raw, truncated } }),
        Err(error) => take(missing(Path::new(name), unreadable(Path::new(name), &error))),
    }
}

/// Reads one message of about this size, and whether there is more of it than is read.
fn read_all(reader: impl Read, size: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut raw = Vec::with_capacity(usize::try_from(size.min(FILE_MAX)).unwrap_or_default() + 1);
    reader.take(FILE_MAX + 1).read_to_end(&mut raw)?;
    let truncated = raw.len() as u64 > FILE_MAX;
    Ok((raw, truncated))
}

fn missing(path: &Path, problem: String) -> Message {
    Message { name: path.display().to_string(), content: Content::Missing(problem) }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "name a file that is there".to_owned(),
        io::ErrorKind::PermissionDenied => "name a file that you may read".to_owned(),
        _ => error.to_string(),
    };
    format!("{} cannot be read; {remedy}", path.display())
}

/// Whether a line parts messages: one that begins so behind an empty line, and names a time of day if the first such
/// line of the file does (a paragraph may begin with this word).
fn parts(line: &[u8], timed: bool) -> bool {
    line.starts_with(FROM) && (!timed || has_time(line))
}

fn has_time(line: &[u8]) -> bool {
    line.windows(5).any(|w| matches!(w, [a, b, b':', c, d] if [a, b, c, d].iter().all(|x| x.is_ascii_digit())))
}

/// Hands on the messages of an mbox (RFC 4155; quoted as mboxrd: one `>` is taken from each `>From `). The only
/// message of a file has the name of the file.
fn mbox(name: &str, mut reader: impl BufRead, take: &mut Take<'_>) -> ControlFlow<()> {
    let mut line = Vec::new();
    let mut now = Part::default();
    let mut first: Option<Part> = None;
    let mut count = 0usize;
    let (mut timed, mut at_start, mut behind_empty) = (false, true, true);
    let mut hand_on = |part: Part, number: usize| {
        let content = Content::Bytes { raw: part.raw, truncated: part.truncated };
        take(Message { name: format!("{name}#{number}"), content })
    };
    loop {
        line.clear();
        match reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                // What was read of the last message is no message.
                if let Some(first) = first.take() {
                    hand_on(first, 1)?;
                }
                return take(missing(Path::new(name), unreadable(Path::new(name), &error)));
            }
        }
        let ends = line.ends_with(b"\n");
        if at_start && behind_empty && parts(&line, timed) {
            timed |= count == 0 && has_time(&line);
            count += 1;
            let done = std::mem::take(&mut now);
            match count {
                1 => {}
                2 => first = Some(done),
                _ => {
                    if let Some(first) = first.take() {
                        hand_on(first, 1)?;
                    }
                    hand_on(done, count - 1)?;
                }
            }
            behind_empty = false;
        } else {
            now.add(unquoted(&line, at_start));
            behind_empty = at_start && matches!(line.as_slice(), b"\n" | b"\r\n");
        }
        at_start = ends;
    }
    match first {
        Some(first) => {
            hand_on(first, 1)?;
            hand_on(now, count)
        }
        None if count > 1 => hand_on(now, count),
        None => {
            let content = Content::Bytes { raw: now.raw, truncated: now.truncated };
            take(Message { name: name.to_owned(), content })
        }
    }
}

/// One message of an mbox, as far as it was read.
#[derive(Default)]
struct Part {
    raw: Vec<u8>,
    truncated: bool,
}

impl Part {
    fn add(&mut self, line: &[u8]) {
        let room = usize::try_from(FILE_MAX).unwrap_or(usize::MAX).saturating_sub(self.raw.len());
        self.truncated |= line.len() > room;
        self.raw.extend_from_slice(line.get(..room.min(line.len())).unwrap_or_default());
    }
}

fn unquoted(line: &[u8], at_start: bool) -> &[u8] {
    let quoted = line.iter().take_while(|b| **b == b'>').count();
    match line.get(quoted..) {
        Some(rest) if at_start && quoted > 0 && rest.starts_with(FROM) => line.get(1..).unwrap_or_default(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mbox_text: &str, expected: &[(&str, &str)]) {
        let mut found = Vec::new();
        let _ = mbox("box", mbox_text.as_bytes(), &mut |m| {
            let (raw, _) = m.content.read().unwrap_or_default();
            found.push((m.name, String::from_utf8(raw).unwrap_or_default()));
            ControlFlow::Continue(())
        });
        let found: Vec<(&str, &str)> = found.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert_eq!(found, expected, "{mbox_text}");
    }

    const LINE: &str = "From ana@dunavtel.example Thu Nov 12 09:14:03 2026\n";

    #[test]
    fn an_mbox_is_parted_where_messages_begin() {
        check(&format!("{LINE}A: 1\n\na\n"), &[("box", "A: 1\n\na\n")]);
        check(
            &format!("{LINE}A: 1\n\na\n\n{LINE}B: 2\n\nb\n\n{LINE}C: 3\n"),
            &[("box#1", "A: 1\n\na\n\n"), ("box#2", "B: 2\n\nb\n\n"), ("box#3", "C: 3\n")],
        );
        check(
            &format!("{LINE}A: 1\r\n\r\na\r\n\r\n{LINE}B: 2\r\n"),
            &[("box#1", "A: 1\r\n\r\na\r\n\r\n"), ("box#2", "B: 2\r\n")],
        );
    }

    #[test]
    fn a_body_that_speaks_of_from_is_one_message() {
        check(
            &format!("{LINE}A: 1\n\n>From here\n>>From there\n\nFrom now on\nFrom 09:14:03\n"),
            &[("box", "A: 1\n\nFrom here\n>From there\n\nFrom now on\nFrom 09:14:03\n")],
        );
    }

    #[test]
    fn a_line_without_end_is_read_in_pieces() {
        let long = format!("{}\n\nFrom x 10:00", "y".repeat(200_000));
        let mut sizes = Vec::new();
        let _ = mbox("box", format!("{LINE}{long}").as_bytes(), &mut |m| {
            sizes.push(m.size());
            ControlFlow::Continue(())
        });
        assert_eq!(sizes, [200_002, 0]);
    }
}
