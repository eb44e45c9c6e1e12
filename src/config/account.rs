//! One account of the config: whose it is, where its mail comes in and goes out, and how each server is
//! reached. Plain values, read by `account_file`, used by main, cli and daemon.

use crate::domain::address::Address;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// One mailbox of one holder.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name in the config, `[account.NAME]`.
    pub name: String,
    /// Name of the holder, as it stands in From.
    pub holder_name: String,
    /// Address registered with the carriers; From of every mail to them.
    pub address: Address,
    /// Language of nudges and reading aids.
    pub language: String,
    /// IANA zone of the holder.
    pub time_zone: chrono_tz::Tz,
    /// Where nudges go, if not to `address`.
    pub nudge_to: Option<Address>,
    /// The server delivers `name+detail@domain` to `name@domain` (RFC 5233).
    pub plus_addressing: bool,
    /// Where replies are looked for.
    pub source: MailSource,
    /// How mail leaves.
    pub sink: MailSink,
    /// Who puts a mail into the Sent folder.
    pub sent_copy: SentCopy,
    /// authserv-ids (RFC 8601 §2.5) believed for this account; none: those of `[trust]`.
    pub authserv_ids: Option<Vec<String>>,
}

/// Where replies are looked for.
#[derive(Debug, Clone)]
pub enum MailSource {
    /// An IMAP server.
    Imap(ImapSource),
    /// A local Maildir, filled by another program.
    Maildir {
        /// The folder that holds `cur`, `new` and `tmp`.
        path: PathBuf,
        /// Maildir of the holder's own mail, where there is one.
        sent: Option<PathBuf>,
    },
}

/// An IMAP mailbox and how it is watched.
#[derive(Debug, Clone)]
pub struct ImapSource {
    /// The server.
    pub endpoint: Endpoint,
    /// Folder of incoming mail.
    pub inbox: String,
    /// Junk folder; none: the one the server marks so (RFC 6154).
    pub junk: Option<String>,
    /// Sent folder; none: the one the server marks so.
    pub sent: Option<String>,
    /// Time between two looks where IDLE is not offered.
    pub poll: Duration,
    /// Time after which IDLE is issued anew (RFC 2177: less than 29 minutes).
    pub idle_reissue: Duration,
    /// Whether IDLE may be used.
    pub idle: bool,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub enum MailSink {
    /// A submission server.
    Smtp(Endpoint),
    /// A program that takes a mail on its standard input, `-i -f FROM -- TO` appended.
    Sendmail(Vec<String>),
    /// A local Maildir that another program sends from.
    Maildir(PathBuf),
}

/// Who puts a mail into the Sent folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentCopy {
    /// odjava, unless the server has done so by itself.
    Auto,
    /// odjava.
    Always,
    /// Nobody.
    Never,
}

/// Protection of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 §3).
    Tls,
    /// STARTTLS, required (RFC 3207, RFC 3501 §6.2.1).
    Starttls,
    /// Plain text; only to loopback.
    None,
}

/// One server.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Host name, also the name its certificate must carry.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection.
    pub security: Security,
    /// Further certificate authorities, PEM; beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Who logs in; `None` where the server asks for no login (loopback only).
    pub login: Option<Login>,
}

/// Who logs in, and how.
#[derive(Debug, Clone)]
pub struct Login {
    /// User name.
    pub username: String,
    /// What proves it.
    pub mechanism: Mechanism,
    /// Where password or token come from; asked at each connection, so that a changed one is seen.
    pub secret: SecretSource,
}

/// How a login is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN or LOGIN, whichever the server offers.
    Password,
    /// XOAUTH2 with an access token.
    Xoauth2,
}

/// Where a secret comes from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Standing in the config itself (a file only its owner can read).
    Literal(SecretString),
    /// First line of what a command prints.
    Command(Vec<String>),
    /// First line of a file only its owner can read.
    File(PathBuf),
    /// An environment variable.
    Env(String),
    /// A systemd credential (`$CREDENTIALS_DIRECTORY/NAME`).
    Credential(String),
}
