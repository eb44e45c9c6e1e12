//! A stream that counts: between TLS and the IMAP parser it follows lines and literals and fails before
//! anybody reserves memory for what a server merely announces. It knows no command and keeps no data.

use super::error::OverLimit;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much may come in, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteLimits {
    /// One response with all its literals.
    pub response: u64,
    /// The text of one response outside its literals.
    pub line: u64,
    /// All responses to one command.
    pub answer: u64,
}

/// How far the end of the line looks like `{123}` CR LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Announcement {
    None,
    Open,
    Digits(u64),
    Closed(u64),
    Return(u64),
}

/// Follows the bytes of RFC 3501 responses.
#[derive(Debug)]
struct Scanner {
    limits: ByteLimits,
    announcement: Announcement,
    /// The first bytes of the response, lower case: they tell a status line from data.
    head: [u8; 12],
    head_len: usize,
    literal_left: u64,
    line: u64,
    response: u64,
    answer: u64,
}

impl Scanner {
    const fn new(limits: ByteLimits) -> Self {
        Self {
            limits,
            announcement: Announcement::None,
            head: [0; 12],
            head_len: 0,
            literal_left: 0,
            line: 0,
            response: 0,
            answer: 0,
        }
    }

    /// Status lines end in free text, in which `{5}` announces nothing; the parser sees it so as well.
    fn is_free_text(&self) -> bool {
        let head = self.head.get(..self.head_len).unwrap_or_default();
        let Some(data) = head.strip_prefix(b"* ") else { return true };
        [b"ok".as_slice(), b"no", b"bad", b"bye", b"preauth"]
            .iter()
            .any(|word| data.strip_prefix(*word).is_some_and(|rest| matches!(rest.first(), None | Some(b' '))))
    }

    fn scan(&mut self, mut bytes: &[u8]) -> Result<(), OverLimit> {
        self.answer += bytes.len() as u64;
        if self.answer > self.limits.answer {
            return Err(OverLimit::Answer);
        }
        while let Some(&byte) = bytes.first() {
            if self.literal_left > 0 {
                let skipped = self.literal_left.min(bytes.len() as u64);
                self.literal_left -= skipped;
                self.response += skipped;
                bytes = bytes.get(usize::try_from(skipped).unwrap_or(usize::MAX)..).unwrap_or_default();
                continue;
            }
            self.step(byte)?;
            bytes = bytes.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), OverLimit> {
        self.line += 1;
        self.response += 1;
        if self.line > self.limits.line {
            return Err(OverLimit::Line);
        }
        if let Some(slot) = self.head.get_mut(self.head_len).filter(|_| byte != b'\r' && byte != b'\n') {
            *slot = byte.to_ascii_lowercase();
            self.head_len += 1;
        }
        self.announcement = match (self.announcement, byte) {
            (_, b'{') => Announcement::Open,
            (Announcement::Open, b'0'..=b'9') => Announcement::Digits(u64::from(byte - b'0')),
            (Announcement::Digits(n), b'0'..=b'9') => {
                Announcement::Digits(n.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
            }
            (Announcement::Digits(n), b'}') => Announcement::Closed(n),
            (Announcement::Closed(n), b'\r') => Announcement::Return(n),
            (Announcement::Return(n), b'\n') => return self.literal(n),
            (_, b'\n') => {
                self.end_response();
                Announcement::None
            }
            _ => Announcement::None,
        };
        Ok(())
    }

    fn literal(&mut self, length: u64) -> Result<(), OverLimit> {
        if self.response.saturating_add(length) > self.limits.response {
            return Err(OverLimit::Literal(length));
        }
        self.announcement = Announcement::None;
        if self.is_free_text() {
            self.end_response();
        } else {
            self.literal_left = length;
        }
        Ok(())
    }

    fn end_response(&mut self) {
        self.head_len = 0;
        self.line = 0;
        self.response = 0;
    }
}

/// A stream under byte limits.
#[derive(Debug)]
pub(super) struct Guarded<S> {
    inner: S,
    scanner: Scanner,
}

impl<S> Guarded<S> {
    pub(super) const fn new(inner: S, limits: ByteLimits) -> Self {
        Self { inner, scanner: Scanner::new(limits) }
    }

    /// A new command begins: what it may bring in is counted from here.
    pub(super) fn begin_answer(&mut self) {
        self.scanner.answer = 0;
    }

    /// Bytes that came since [`Guarded::begin_answer`].
    pub(super) const fn answered(&self) -> u64 {
        self.scanner.answer
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        let new = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.scanner.scan(new).map_err(|over| io::Error::new(io::ErrorKind::InvalidData, over)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ByteLimits = ByteLimits { response: 200, line: 100, answer: 1_000 };

    /// Feeds the text whole and byte by byte: both must come to the same.
    fn check(text: &str, expected: Result<(), OverLimit>) {
        assert_eq!(Scanner::new(LIMITS).scan(text.as_bytes()), expected, "{text:?} at once");
        let mut scanner = Scanner::new(LIMITS);
        let stepwise = text.bytes().try_for_each(|b| scanner.scan(&[b]));
        assert_eq!(stepwise, expected, "{text:?} byte by byte");
    }

    #[test]
    fn a_literal_is_refused_when_it_is_announced() {
        check("* 1 FETCH (BODY[] {100}\r\n", Ok(()));
        check("* 1 FETCH (BODY[] {400000000}\r\n", Err(OverLimit::Literal(400_000_000)));
        check("* 1 FETCH (BODY[] {99999999999999999999999}\r\n", Err(OverLimit::Literal(u64::MAX)));
    }

    #[test]
    fn literals_of_one_response_add_up() {
        let part = "BODY[1] {90}\r\n".to_owned() + &"x".repeat(90);
        check(&format!("* 1 FETCH ({part} {part}"), Err(OverLimit::Literal(90)));
        check(&format!("* 1 FETCH ({part})\r\n* 2 FETCH ({part})\r\n"), Ok(()));
    }

    #[test]
    fn what_a_mail_says_about_literals_means_nothing() {
        let body = "look: {99999999}\r\n".to_owned() + &"y".repeat(120);
        check(&format!("* 1 FETCH (BODY[] {{{}}}\r\n{body})\r\n", body.len()), Ok(()));
    }

    #[test]
    fn a_status_line_cannot_hide_an_announcement() {
        check("* OK hello {60}\r\n* 1 FETCH (BODY[] {400000000}\r\n", Err(OverLimit::Literal(400_000_000)));
        check("A0001 OK hello {60}\r\n* 1 FETCH (BODY[] {400000000}\r\n", Err(OverLimit::Literal(400_000_000)));
        check("* NO [BADCHARSET ({400000000}\r\n", Err(OverLimit::Literal(400_000_000)));
    }

    #[test]
    fn a_line_and_an_answer_must_end() {
        check(&"x".repeat(101), Err(OverLimit::Line));
        check(&("* OK ".to_owned() + &"x".repeat(90) + "\r\n"), Ok(()));
        check(&"* 5 EXISTS\r\n".repeat(100), Err(OverLimit::Answer));
    }
}
