//! A byte stream that hands on one SMTP reply line at a time, bounded and made plain ASCII. It stands between
//! the socket (or TLS) and lettre's client, which reads ahead, knows no bounds before a line end, and
//! misreads lines that RFC 5321 allows. Knows nothing of the dialogue; used by `smtp` alone.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Longest line taken, in bytes; RFC 5321 §4.5.3.1.5 allows 512.
const LINE_BYTES_MAX: usize = 1000;
/// Most lines taken on one connection; a whole dialogue has some thirty. lettre reads a reply again from its
/// start with each line, so that thousands of them would keep it busy for a long time.
const LINES_MAX: usize = 500;
/// What ends the content (RFC 5321 §4.1.1.4), in the one write in which lettre makes it.
const END_OF_DATA: &[u8] = b"\r\n.\r\n";

/// What the gate saw, for those who no longer hold it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ahead: AtomicBool,
    end_of_data: AtomicBool,
}

impl Seen {
    /// Whether the server has said more than was asked: its next "answer" would belong to no command of ours.
    pub(super) fn spoke_out_of_turn(&self) -> bool {
        self.ahead.load(Ordering::Acquire)
    }

    /// Whether the line that ends the content was given to the connection, wholly or in part.
    pub(super) fn end_of_data_offered(&self) -> bool {
        self.end_of_data.load(Ordering::Acquire)
    }
}

/// The gate.
#[derive(Debug)]
pub(super) struct LineGate<S> {
    stream: S,
    peer: SocketAddr,
    /// As received, not looked at yet.
    raw: Vec<u8>,
    /// The line being handed on, and how much of it was.
    line: Vec<u8>,
    handed: usize,
    lines: usize,
    seen: Arc<Seen>,
}

impl<S> LineGate<S> {
    /// A gate before `stream`.
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, raw: Vec::new(), line: Vec::new(), handed: 0, lines: 0, seen: Arc::default() }
    }

    /// The same gate with one line to hand on before anything is read: lettre waits for a greeting, which was read
    /// already, or does not come again after STARTTLS (RFC 3207 §4.2).
    pub(super) fn with_greeting(mut self) -> Self {
        self.line = b"220 ready\r\n".to_vec();
        self.handed = 0;
        self
    }

    /// What the gate sees.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }

    /// The stream behind the gate; what was read and not handed on is lost, so ask `spoke_out_of_turn` first.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> LineGate<S> {
    /// One whole reply of any number of lines.
    ///
    /// # Errors
    /// As the stream; `UnexpectedEof` when it ends before the reply does.
    pub(super) async fn reply(&mut self) -> io::Result<String> {
        let mut reply = String::new();
        loop {
            let mut line = [0; LINE_BYTES_MAX + 8];
            let length = self.read(&mut line).await?;
            let line = String::from_utf8_lossy(line.get(..length).unwrap_or_default());
            if line.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(reply);
            }
        }
    }
}

/// A reply line as lettre's parser takes it. Bytes outside ASCII (localised servers) and control characters
/// become `?`; a code without text, which RFC 5321 §4.2 tells clients to accept, gets its space; a second
/// digit outside the grammar becomes 5, as only the first one decides (RFC 5321 §4.2.1); a line of spaces,
/// on which lettre's EHLO parser panics, becomes empty; AUTH is read without regard to case (RFC 5321 §2.4).
fn plain(raw: &[u8]) -> Vec<u8> {
    let mut line: Vec<u8> = raw
        .trim_ascii_end()
        .iter()
        .map(|b| match b {
            b' '..=b'~' => *b,
            b'\t' => b' ',
            _ => b'?',
        })
        .collect();
    if line.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit)) {
        if let Some(second) = line.get_mut(1) {
            *second = if *second > b'5' { b'5' } else { *second };
        }
        if line.len() == 3 {
            line.push(b' ');
        }
        if line.starts_with(b"250") && line.get(4..9).is_some_and(|word| word.eq_ignore_ascii_case(b"AUTH ")) {
            line.make_ascii_uppercase();
        }
    }
    line.extend_from_slice(b"\r\n");
    line
}

impl<S: AsyncRead + Unpin> AsyncRead for LineGate<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        loop {
            let rest = gate.line.get(gate.handed..).unwrap_or_default();
            if !rest.is_empty() {
                let length = rest.len().min(out.remaining());
                out.put_slice(rest.get(..length).unwrap_or_default());
                gate.handed += length;
                return Poll::Ready(Ok(()));
            }
            let end = gate.raw.iter().position(|b| *b == b'\n');
            if end.unwrap_or(gate.raw.len()) > LINE_BYTES_MAX || gate.lines > LINES_MAX {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the server talks without end")));
            }
            if let Some(end) = end {
                let raw: Vec<u8> = gate.raw.drain(..=end).collect();
                gate.line = plain(&raw);
                gate.handed = 0;
                gate.lines += 1;
                gate.seen.ahead.store(!gate.raw.is_empty(), Ordering::Release);
                continue;
            }
            let mut chunk = [0; 1024];
            let mut buffer = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut gate.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(())); // the end of the stream; half a line is no answer
            }
            gate.raw.extend_from_slice(buffer.filled());
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LineGate<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        // Dot-stuffed content never holds these five bytes, so no other write can be mistaken for it.
        if bytes == END_OF_DATA {
            gate.seen.end_of_data.store(true, Ordering::Release);
        }
        Pin::new(&mut gate.stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream for LineGate<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_but_unusual_lines_become_readable() {
        let check = |raw: &[u8], expected: &str| {
            assert_eq!(String::from_utf8_lossy(&plain(raw)), format!("{expected}\r\n"));
        };
        check(b"250\r\n", "250 ");
        check(b"250 ok\n", "250 ok");
        check(b"250-   \r\n", "250-");
        check(b"250-auth plain login\r\n", "250-AUTH PLAIN LOGIN");
        check(b"334 VXNlcm5hbWU6\r\n", "334 VXNlcm5hbWU6");
        check(b"571 no\r\n", "551 no");
        check(b"550 \xd0\xbf\x07\r\n", "550 ???");
        check(b"garbage\r\n", "garbage");
    }
}
