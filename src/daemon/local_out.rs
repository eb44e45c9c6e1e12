//! Mail out without a server of our own choosing: through the machine's sendmail program, or straight into a
//! Maildir; and the copy for a local Sent folder. Knows no case and no store. Called by dispatch.

use super::smtp::{Letter, told};
use crate::domain::address::MessageId;
use crate::domain::event::{AcceptedBy, FailureClass, SubmitOutcome};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a sendmail program may take, from start to exit.
pub const SENDMAIL_LIMIT: Duration = Duration::from_secs(600);

/// How long the pipes of a program that has ended are listened to.
const PIPE_GRACE: Duration = Duration::from_millis(500);

/// Most bytes kept of what a program complains of.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// Most bytes read of a header while looking for a Message-ID.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// Hands one mail to the program `argv` (its own arguments first), called as `... -i -f FROM -- TO` with the mail on
/// standard input. There is no step before which nothing can be delivered: the caller's claim must stand already.
///
/// The exit status is read as `sysexits.h` has it. A program that is killed or does not end in `limit` may or
/// may not have queued the mail.
pub async fn sendmail(argv: &[String], letter: &Letter<'_>, limit: Duration) -> SubmitOutcome {
    let Some((program, arguments)) = argv.split_first() else {
        return not_sent(FailureClass::Account, "no sendmail program is named: set `sendmail` to its path");
    };
    let started = Command::new(program)
        .args(arguments)
        .args(["-i", "-f", letter.from.as_str(), "--", letter.to.as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            let reason = format!("{program} cannot be started ({error}): correct `sendmail` or install the program");
            return not_sent(FailureClass::Account, reason);
        }
    };
    match timeout(limit, feed(&mut child, letter.raw)).await {
        Ok(Ok(ended)) => judge(program, &ended),
        Ok(Err(error)) => unknown(format!("{program} could not be waited for ({error})")),
        Err(_) => unknown(format!("{program} did not end within {} s", limit.as_secs_f32())),
    }
}

/// How a program ended.
struct Ended {
    status: ExitStatus,
    complaint: String,
    read_all: bool,
}

/// Writes the mail, reads what the program complains of, waits for its end. Its end decides and not that of the pipes:
/// a program that delivers in the background leaves them open in a child of its own.
async fn feed(child: &mut Child, raw: &[u8]) -> io::Result<Ended> {
    // Text on a Unix pipe ends its lines with LF; some programs would send a CR before it on as part of the line.
    let text: Vec<u8> = raw.iter().copied().filter(|b| *b != b'\r').collect();
    let stdin = child.stdin.take();
    let mut writer = tokio::spawn(async move {
        let Some(mut stdin) = stdin else { return false };
        stdin.write_all(&text).await.is_ok() && stdin.shutdown().await.is_ok()
    });
    let stderr = child.stderr.take();
    let complaint = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&complaint);
    let mut reader = tokio::spawn(async move {
        let Some(mut stderr) = stderr else { return };
        let mut chunk = [0; 1024];
        // Read to the end, though little is kept, or a talkative program would wait for us for ever.
        while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.len() < COMPLAINT_BYTES_MAX {
                heard.extend_from_slice(chunk.get(..length).unwrap_or_default());
            }
        }
    });
    let status = child.wait().await;
    let read_all = matches!(timeout(PIPE_GRACE, &mut writer).await, Ok(Ok(true)));
    let _ = timeout(PIPE_GRACE, &mut reader).await;
    writer.abort();
    reader.abort();
    let complaint = complaint.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Ended { status: status?, complaint: String::from_utf8_lossy(&complaint).into_owned(), read_all })
}

fn judge(program: &str, ended: &Ended) -> SubmitOutcome {
    let complaint = told(&ended.complaint, &[]);
    let Some(code) = ended.status.code() else {
        return unknown(format!("{program} was killed by signal {}", ended.status.signal().unwrap_or_default()));
    };
    let class = match code {
        0 if !ended.read_all => return unknown(format!("{program} ended well without reading the whole mail")),
        0 => return SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply },
        // EX_DATAERR, EX_NOUSER, EX_NOHOST: this mail to this address.
        65 | 67 | 68 => FailureClass::Permanent,
        // EX_USAGE, EX_NOPERM, EX_CONFIG, and a shell that did not find the program: our own set-up.
        64 | 77 | 78 | 126 | 127 => FailureClass::Account,
        // EX_TEMPFAIL and the rest of sysexits.h, and programs that know no code but 1.
        _ => FailureClass::Transient,
    };
    let reason = format!("{program} ended with status {code}: {complaint}");
    not_sent(class, reason.trim_end_matches([':', ' ']))
}

fn not_sent(class: FailureClass, reason: impl Into<String>) -> SubmitOutcome {
    SubmitOutcome::NotSent { class, code: None, reason: reason.into() }
}

fn unknown(reason: impl Into<String>) -> SubmitOutcome {
    SubmitOutcome::Unknown { reason: reason.into() }
}

/// What became of a mail for a Maildir.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// It was written.
    Written,
    /// It was there already, and was not written again.
    AlreadyThere,
}

/// Delivers a mail into `new/` of the Maildir `dir`, exactly once however often it is called: its file name follows
/// from its Message-ID. The folder is made if only itself is missing, and its parent is there.
pub async fn deliver_to_maildir(dir: &Path, message_id: &MessageId, raw: &[u8]) -> SubmitOutcome {
    let (at, id, bytes) = (dir.to_owned(), message_id.clone(), raw.to_owned());
    let filed = tokio::task::spawn_blocking(move || {
        prepare_folders(&at)?;
        let name = unique_name(&id);
        if by_name(&at, &name)? { Ok(Filed::AlreadyThere) } else { file(&at, &name, "new", "", &bytes) }
    });
    match filed.await {
        Ok(Ok(Filed::Written)) => SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply },
        Ok(Ok(Filed::AlreadyThere)) => SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound },
        Ok(Err(error)) => maildir_fault(dir, &error),
        Err(_) => unknown(format!("the delivery into {} was broken off", dir.display())),
    }
}

/// Puts a copy, marked as read, into `cur/` of the Maildir `dir` (the Sent folder) unless a mail with this Message-ID is
/// there, whoever put it there.
///
/// # Errors
/// As the file system says; calling it again is safe.
pub async fn copy_to_maildir(dir: &Path, message_id: &MessageId, raw: &[u8]) -> io::Result<Filed> {
    let (dir, id, raw) = (dir.to_owned(), message_id.clone(), raw.to_owned());
    blocking(move || {
        prepare_folders(&dir)?;
        if holds(&dir, &id)? { Ok(Filed::AlreadyThere) } else { file(&dir, &unique_name(&id), "cur", ":2,S", &raw) }
    })
    .await
}

/// Whether the Maildir `dir` holds a mail with this Message-ID. Reads the header of every mail in it. A folder that
/// does not exist holds nothing.
///
/// # Errors
/// As the file system says: then nothing is known.
pub async fn maildir_holds(dir: &Path, message_id: &MessageId) -> io::Result<bool> {
    let (dir, id) = (dir.to_owned(), message_id.clone());
    blocking(move || holds(&dir, &id)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn maildir_fault(dir: &Path, error: &io::Error) -> SubmitOutcome {
    use io::ErrorKind::{AlreadyExists, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    let kind = error.kind();
    let reason = format!("the Maildir {} cannot be written ({error})", dir.display());
    if matches!(kind, NotFound | NotADirectory | AlreadyExists | PermissionDenied | ReadOnlyFilesystem) {
        let remedy = "correct its path or permissions; the folder above it must exist";
        return not_sent(FailureClass::Account, format!("{reason}: {remedy}"));
    }
    not_sent(FailureClass::Transient, reason)
}

/// Makes the Maildir, but not the folders above it: a path mistyped, or a volume not mounted, should be noticed.
fn prepare_folders(dir: &Path) -> io::Result<()> {
    for folder in [dir.to_owned(), dir.join("tmp"), dir.join("new"), dir.join("cur")] {
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            made => made?,
        }
    }
    Ok(())
}

/// The part of the file name before the flags; the same for the same Message-ID.
fn unique_name(id: &MessageId) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, id.as_str().as_bytes());
    let hex: String = hash.as_ref().iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("{hex}.odjava")
}

fn mails(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in ["new", "cur"] {
        match std::fs::read_dir(dir.join(folder)) {
            Ok(entries) => {
                for entry in entries {
                    found.push(entry?.path());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether a mail has this unique name, with any flags or additions that a mail program gave it.
fn by_name(dir: &Path, name: &str) -> io::Result<bool> {
    let same = |path: &PathBuf| {
        let rest = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ',', ';', '!']))
    };
    Ok(mails(dir)?.iter().any(same))
}

fn holds(dir: &Path, id: &MessageId) -> io::Result<bool> {
    if by_name(dir, &unique_name(id))? {
        return Ok(true);
    }
    for path in mails(dir)? {
        match message_id_of(&path) {
            Ok(found) if found.as_ref() == Some(id) => return Ok(true),
            Ok(_) => {}
            // Moved or deleted by a mail program since the folder was listed: it may be there under its new name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if mails(dir)?.iter().any(|p| message_id_of(p).is_ok_and(|found| found.as_ref() == Some(id))) {
                    return Ok(true);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// The Message-ID in the header of a file, unfolded (RFC 5322 §2.2.3).
fn message_id_of(path: &Path) -> io::Result<Option<MessageId>> {
    let mut value: Option<String> = None;
    for line in BufReader::new(File::open(path)?.take(HEAD_BYTES_MAX)).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if let Some(value) = &mut value {
            if !line.starts_with([' ', '\t']) {
                break;
            }
            value.push_str(line.trim());
        } else if line.is_empty() {
            break;
        } else if line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")) {
            value = Some(line.get(11..).unwrap_or_default().trim().to_owned());
        }
    }
    Ok(value.and_then(|v| MessageId::parse(&v)))
}

/// Writes to `tmp/`, then moves: a reader never sees half a mail, and after a crash it is wholly there or not at all.
fn file(dir: &Path, name: &str, folder: &str, flags: &str, raw: &[u8]) -> io::Result<Filed> {
    let temporary = dir.join("tmp").join(name);
    // A file left there by a crash is begun anew.
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    out.write_all(raw)?;
    out.sync_all()?;
    let folder = dir.join(folder);
    std::fs::rename(&temporary, folder.join(format!("{name}{flags}")))?;
    // The move itself lies in the folder.
    File::open(&folder)?.sync_all()?;
    Ok(Filed::Written)
}
