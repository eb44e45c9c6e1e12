//! An SMTP server that does at each step what the test tells it to, right or wrong.

use super::authority::Authority;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the peer does at one step.
#[derive(Debug, Clone)]
pub enum Act {
    /// Says this; line ends included.
    Say(&'static str),
    /// Says this byte by byte, slowly.
    Drip(&'static str),
    /// Says this again and again.
    Endless(&'static str),
    /// Hangs up.
    Cut,
    /// Says this, then hangs up.
    SayAndCut(&'static str),
    /// Says nothing and keeps the line.
    Silence,
    /// At `content`: takes the mail for delivery, then does the rest.
    Take(Box<Act>),
    /// At `data`: says 354, reads this many bytes of the content, says this, hangs up without reading on.
    CutInContent(usize, &'static str),
}

/// How the peer protects the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Plain text.
    Plain,
    /// TLS at once, with this certificate.
    Tls(&'static str),
    /// STARTTLS, with this certificate.
    Starttls(&'static str),
}

/// What happens at which step: `greeting`, `ehlo`, `starttls`, `auth`, `empty`, `mail`, `rcpt`, `data`, `content`.
#[derive(Debug, Clone)]
pub struct Script {
    pub protection: Protection,
    pub acts: HashMap<&'static str, Act>,
}

impl Script {
    /// A well-behaved server.
    pub fn new(protection: Protection) -> Self {
        Self { protection, acts: HashMap::new() }
    }

    /// The same, but for one step.
    pub fn but(mut self, step: &'static str, act: Act) -> Self {
        self.acts.insert(step, act);
        self
    }

    fn act(&self, step: &'static str) -> Act {
        let usual = match step {
            "greeting" => Act::Say("220 mail.test ESMTP\r\n"),
            "ehlo" => match self.protection {
                Protection::Starttls(_) => Act::Say("250-mail.test\r\n250-STARTTLS\r\n250 SIZE 1000000\r\n"),
                _ => Act::Say(AUTH_OFFERED),
            },
            "ehlo_tls" => Act::Say(AUTH_OFFERED),
            "starttls" => Act::Say("220 go\r\n"),
            "auth" => Act::Say("235 2.7.0 welcome\r\n"),
            "data" => Act::Say("354 go\r\n"),
            "content" => Act::Take(Box::new(Act::Say("250 2.0.0 queued\r\n"))),
            _ => Act::Say("250 ok\r\n"),
        };
        self.acts.get(step).cloned().unwrap_or(usual)
    }
}

const AUTH_OFFERED: &str = "250-mail.test\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 8BITMIME\r\n";

/// What the peer saw.
#[derive(Debug, Default)]
pub struct Record {
    /// Every command line, without its line end.
    pub commands: Vec<String>,
    /// Every mail taken, dots unstuffed, exactly the bytes between 354 and the final dot line.
    pub taken: Vec<Vec<u8>>,
}

/// The running peer; ends with the value.
pub struct SmtpPeer {
    pub port: u16,
    pub record: Arc<Mutex<Record>>,
    task: JoinHandle<()>,
}

impl Drop for SmtpPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpPeer {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let record = Arc::new(Mutex::new(Record::default()));
        let seen = Arc::clone(&record);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that hangs up is no failure of the peer.
                tokio::spawn(serve(script.clone(), stream, Arc::clone(&seen)));
            }
        });
        Self { port, record, task }
    }

    /// Mails taken so far.
    pub fn taken(&self) -> Vec<Vec<u8>> {
        self.record.lock().unwrap().taken.clone()
    }

    /// Commands heard so far.
    pub fn commands(&self) -> Vec<String> {
        self.record.lock().unwrap().commands.clone()
    }
}

/// `None` ends the connection.
type Flow = Option<()>;

async fn serve(script: Script, stream: TcpStream, record: Arc<Mutex<Record>>) -> Flow {
    match script.protection {
        Protection::Plain => {
            let mut stream = BufReader::new(stream);
            perform(&mut stream, script.act("greeting")).await?;
            talk(&script, &mut stream, &record, "ehlo").await
        }
        Protection::Tls(certificate) => {
            let mut stream = BufReader::new(encrypt(stream, certificate).await?);
            perform(&mut stream, script.act("greeting")).await?;
            talk(&script, &mut stream, &record, "ehlo").await
        }
        Protection::Starttls(certificate) => {
            let mut stream = BufReader::new(stream);
            perform(&mut stream, script.act("greeting")).await?;
            talk(&script, &mut stream, &record, "ehlo").await?;
            let mut stream = BufReader::new(encrypt(stream.into_inner(), certificate).await?);
            talk(&script, &mut stream, &record, "ehlo_tls").await
        }
    }
}

async fn encrypt(stream: TcpStream, certificate: &str) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let acceptor = tokio_rustls::TlsAcceptor::from(Authority::shared().server_config(certificate));
    acceptor.accept(stream).await.ok()
}

async fn perform<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, act: Act) -> Flow {
    match act {
        Act::Say(text) => say(stream, text.as_bytes()).await,
        Act::SayAndCut(text) => {
            say(stream, text.as_bytes()).await?;
            stream.shutdown().await.ok()?;
            None
        }
        Act::Drip(text) => {
            let mut tick = tokio::time::interval(Duration::from_millis(50));
            for byte in text.as_bytes() {
                tick.tick().await;
                say(stream, &[*byte]).await?;
            }
            Some(())
        }
        Act::Endless(text) => loop {
            say(stream, text.as_bytes()).await?;
        },
        Act::Silence => std::future::pending().await,
        Act::Cut | Act::Take(_) | Act::CutInContent(..) => None,
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, bytes: &[u8]) -> Flow {
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

/// Answers commands until the client leaves, or until it may begin TLS (`Some`).
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    script: &Script,
    stream: &mut BufReader<S>,
    record: &Mutex<Record>,
    ehlo: &'static str,
) -> Flow {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        record.lock().unwrap().commands.push(line.to_owned());
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => perform(stream, script.act(ehlo)).await?,
            "STARTTLS" => return perform(stream, script.act("starttls")).await,
            "AUTH" => {
                if line == "AUTH LOGIN" {
                    for challenge in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                        say(stream, challenge.as_bytes()).await?;
                        let mut answer = String::new();
                        stream.read_line(&mut answer).await.ok()?;
                        record.lock().unwrap().commands.push(answer.trim_end().to_owned());
                    }
                }
                perform(stream, script.act("auth")).await?;
            }
            "" => perform(stream, script.act("empty")).await?,
            "MAIL" => perform(stream, script.act("mail")).await?,
            "RCPT" => perform(stream, script.act("rcpt")).await?,
            "DATA" => data(script, stream, record).await?,
            "QUIT" => {
                say(stream, b"221 bye\r\n").await?;
                return None;
            }
            _ => say(stream, b"500 what?\r\n").await?,
        }
    }
}

async fn data<S: AsyncRead + AsyncWrite + Unpin>(
    script: &Script,
    stream: &mut BufReader<S>,
    record: &Mutex<Record>,
) -> Flow {
    let act = script.act("data");
    if let Act::CutInContent(size, text) = act {
        say(stream, b"354 go\r\n").await?;
        let mut content = vec![0; size];
        stream.read_exact(&mut content).await.ok()?;
        say(stream, text.as_bytes()).await?;
        return None;
    }
    let goes_on = matches!(&act, Act::Say(text) | Act::Drip(text) if text.starts_with("354"));
    perform(stream, act).await?;
    if !goes_on {
        return Some(());
    }
    let mut mail = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            break;
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    match script.act("content") {
        Act::Take(then) => {
            record.lock().unwrap().taken.push(mail);
            perform(stream, *then).await
        }
        other => perform(stream, other).await,
    }
}
