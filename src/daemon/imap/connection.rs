//! One line to a server: commands out, checked answers in. The crate parses; tags, writing and the verdict are
//! ours, because its own calls take NO, BAD and a cut line for success. Knows nothing of logins and folders.

use super::error::{Fault, ImapError, tidy};
use super::guard::{ByteLimits, Guarded};
use super::reply::{Reply, StatusWord};
use std::fmt;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// Time and size limits of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the TCP connection stands.
    pub connect: Duration,
    /// Until a command is answered in full; bodies get more by their size (8 KB/s).
    pub command: Duration,
    /// Until a NOOP is answered by a line that may be dead, and until a LOGOUT is.
    pub probe: Duration,
    /// Bytes of a message that are fetched whole.
    pub message_max: u32,
    /// Bytes that are fetched of a larger one.
    pub truncated_to: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            command: Duration::from_secs(60),
            probe: Duration::from_secs(15),
            message_max: 10 * 1024 * 1024,
            truncated_to: 1024 * 1024,
        }
    }
}

impl Limits {
    const SLACK: u64 = 64 * 1024;
    const LINE: u64 = 1024 * 1024;

    pub(super) fn bytes(&self) -> ByteLimits {
        let response = u64::from(self.message_max.max(self.truncated_to)) + Self::SLACK;
        ByteLimits { response, line: Self::LINE, answer: response + 16 * Self::LINE }
    }

    /// Time for an answer of about `bytes`.
    #[must_use]
    pub fn for_bytes(&self, bytes: u64) -> Duration {
        self.command + Duration::from_millis(bytes / 8)
    }
}

/// Anything that bytes go through: TLS or loopback TCP.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Line for T {}

/// What came back, ending with the tagged OK.
pub type Answer = Vec<Reply>;

/// A connection, and whether it can still be used.
#[derive(Debug)]
pub(super) struct Connection {
    client: async_imap::Client<Guarded<Box<dyn Line>>>,
    pub(super) limits: Limits,
    tags: u32,
    usable: bool,
    /// Messages in the open folder, as last told.
    exists: u32,
    /// That number changed since [`Connection::begin_look`].
    changed: bool,
}

impl Connection {
    pub(super) fn new(line: Box<dyn Line>, limits: Limits) -> Self {
        let client = async_imap::Client::new(Guarded::new(line, limits.bytes()));
        Self { client, limits, tags: 0, usable: true, exists: 0, changed: false }
    }

    /// Gives the bare stream back. Bytes that came in already are dropped with the parser, as STARTTLS demands.
    pub(super) fn into_line(self) -> Box<dyn Line> {
        self.client.into_inner().into_inner()
    }

    /// Whether nothing has gone wrong on this line yet.
    pub(super) const fn is_usable(&self) -> bool {
        self.usable
    }

    /// The folder is about to be searched: from here on, new mail counts as unseen.
    pub(super) const fn begin_look(&mut self) {
        self.changed = false;
    }

    /// Whether the folder changed since [`Connection::begin_look`].
    pub(super) const fn has_changed(&self) -> bool {
        self.changed
    }

    /// Marks the line as unusable after errors that leave it out of step.
    fn fail<T>(&mut self, error: ImapError) -> Result<T, ImapError> {
        self.usable = self.usable && error.fault == Fault::Refused;
        Err(error)
    }

    /// Writes raw bytes and flushes.
    pub(super) async fn write(&mut self, parts: &[&[u8]], budget: Duration) -> Result<(), ImapError> {
        if !self.usable {
            return Err(not_usable());
        }
        let stream = self.client.get_mut();
        let writing = async {
            for part in parts {
                stream.write_all(part).await?;
            }
            stream.flush().await
        };
        match timeout(budget, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => self.fail(ImapError::from_io(&e)),
            Err(_) => self.fail(timed_out()),
        }
    }

    /// Begins a command: the tag that its answer will carry.
    pub(super) fn next_tag(&mut self) -> String {
        self.tags += 1;
        self.client.get_mut().begin_answer();
        format!("A{:04}", self.tags)
    }

    /// Writes one command line; refuses a line break in it, which would make it two commands.
    pub(super) async fn send(&mut self, command: &str, budget: Duration) -> Result<String, ImapError> {
        if command.contains(['\r', '\n', '\0']) {
            return Err(ImapError::new(Fault::Config, "a name or search text for the IMAP server holds a line break"));
        }
        let tag = self.next_tag();
        self.write(&[tag.as_bytes(), b" ", command.as_bytes(), b"\r\n"], budget).await?;
        Ok(tag)
    }

    /// Reads one response. A goodbye is the end of the connection, not a response. Safe to cancel.
    pub(super) async fn read(&mut self) -> Result<Reply, ImapError> {
        if !self.usable {
            return Err(not_usable());
        }
        let reply = match self.client.read_response().await {
            Ok(Some(response)) => Reply::from_parsed(response.parsed()),
            Ok(None) => return self.fail(ImapError::new(Fault::Lost, "the IMAP server closed the connection")),
            Err(e) => return self.fail(ImapError::from_io(&e)),
        };
        match &reply {
            Reply::Status { tag: None, word: StatusWord::Bye, text, .. } => {
                let reason = format!("the IMAP server ended the session: {}", tidy(text));
                return self.fail(ImapError::new(Fault::Lost, reason));
            }
            Reply::Exists(n) => {
                self.changed |= *n != self.exists;
                self.exists = *n;
            }
            Reply::Expunge => self.exists = self.exists.saturating_sub(1),
            _ => {}
        }
        Ok(reply)
    }

    /// Whether `reply` ends the command `tag`: `Some(Ok)` for OK, `Some(Err)` for NO and BAD.
    pub(super) fn verdict(&mut self, tag: &str, reply: &Reply) -> Option<Result<(), ImapError>> {
        let Reply::Status { tag: Some(got), word, text, .. } = reply else { return None };
        if got != tag {
            let error = ImapError::new(Fault::Unreadable, "the IMAP server answered a command that was not given");
            return Some(self.fail(error));
        }
        let refused =
            |what: &str| Err(ImapError::new(Fault::Refused, format!("the IMAP server {what}: {}", tidy(text))));
        Some(match word {
            StatusWord::Ok => Ok(()),
            StatusWord::No => refused("refused"),
            StatusWord::Bad => refused("did not accept the command"),
            StatusWord::PreAuth | StatusWord::Bye => {
                self.fail(ImapError::new(Fault::Unreadable, "the IMAP server gave an answer that is no verdict"))
            }
        })
    }

    /// Reads until the command `tag` has its verdict. `budget` bounds the whole; silence in between is bounded
    /// by the command limit, however large the budget of a body is.
    pub(super) async fn finish(&mut self, tag: &str, budget: Duration) -> Result<Answer, ImapError> {
        let over = sleep(budget);
        tokio::pin!(over);
        let mut answer = Answer::new();
        loop {
            let before = self.client.get_ref().answered();
            let silence = self.limits.command.min(budget);
            tokio::select! {
                reply = self.read() => {
                    let reply = reply?;
                    let verdict = self.verdict(tag, &reply);
                    answer.push(reply);
                    if let Some(verdict) = verdict {
                        return verdict.map(|()| answer);
                    }
                }
                () = &mut over => return self.fail(timed_out()),
                () = sleep(silence) => {
                    if self.client.get_ref().answered() == before {
                        return self.fail(timed_out());
                    }
                }
            }
        }
    }

    /// Gives a command and returns all responses if, and only if, its tagged answer is OK.
    pub(super) async fn exec(&mut self, command: &str, budget: Duration) -> Result<Answer, ImapError> {
        let tag = self.send(command, budget).await?;
        self.finish(&tag, budget).await
    }

    /// Reads until a continuation (`Ok(true)`) or the tagged OK (`Ok(false)`); other responses are passed over.
    pub(super) async fn continuation(
        &mut self,
        tag: &str,
        budget: Duration,
    ) -> Result<(bool, Option<Reply>), ImapError> {
        let reading = async {
            loop {
                let response = self.read().await?;
                if response == Reply::Continue {
                    return Ok((true, Some(response)));
                }
                if let Some(verdict) = self.verdict(tag, &response) {
                    return verdict.map(|()| (false, Some(response)));
                }
            }
        };
        match timeout(budget, reading).await {
            Ok(result) => result,
            Err(_) => self.fail(timed_out()),
        }
    }
}

fn not_usable() -> ImapError {
    ImapError::new(Fault::Lost, "the connection to the IMAP server is not usable any more")
}

fn timed_out() -> ImapError {
    ImapError::new(Fault::TimedOut, "the IMAP server did not answer in time")
}

/// A quoted string (RFC 3501 §4.3).
///
/// # Errors
/// [`Fault::Config`] for a text with a line break or NUL: it would become another command.
pub(super) fn quote(text: &str) -> Result<String, ImapError> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(ImapError::new(Fault::Config, "a name or search text for the IMAP server holds a line break"));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_cannot_become_a_command() {
        assert_eq!(quote("a\"b\\c").as_deref(), Ok("\"a\\\"b\\\\c\""));
        assert!(quote("x\r\nA9 LOGOUT").is_err());
        assert!(quote("x\nA9 LOGOUT").is_err());
    }
}
