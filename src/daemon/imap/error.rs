//! What goes wrong on the way to a mailbox, and what follows from it: one error, one class, a text for the
//! holder. Server words are cleaned before they enter a text; mail content, secrets and addresses never do.

use std::fmt;
use std::io;

/// Whose move it is after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The network or the server: another attempt may mend it.
    Transient,
    /// Login, certificate, folder name, config: a person must mend it. Attempts go on, but rarely.
    Account,
    /// The server says something that cannot be understood or trusted. Attempts go on.
    Protocol,
    /// Our own side could not keep a message. Attempts go on.
    Store,
}

/// What exactly went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No connection, or none any more.
    Lost,
    /// The server stayed silent.
    TimedOut,
    /// The server answered NO or BAD to one command; the connection is still in step.
    Refused,
    /// The login was refused.
    Login,
    /// The server is not able to log anybody in for the moment.
    LoginLater,
    /// TLS: certificate, missing STARTTLS, or a plain line off loopback.
    Tls,
    /// The config asks for something that cannot be done.
    Config,
    /// A configured folder is not on the server.
    NoFolder,
    /// An announced length is over the limit.
    TooLarge,
    /// The server's lines cannot be parsed, or contradict each other.
    Unreadable,
    /// The caller's store failed.
    Store,
}

impl Fault {
    /// The class of the fault. The one place where it is decided.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Lost | Self::TimedOut | Self::Refused | Self::LoginLater => Class::Transient,
            Self::Login | Self::Tls | Self::Config | Self::NoFolder => Class::Account,
            Self::TooLarge | Self::Unreadable => Class::Protocol,
            Self::Store => Class::Store,
        }
    }
}

/// A failure, with a text that names the thing and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ImapError {
    /// What went wrong.
    pub fault: Fault,
    /// For the holder and the log.
    pub reason: String,
}

impl ImapError {
    /// An error of the given fault.
    pub fn new(fault: Fault, reason: impl Into<String>) -> Self {
        Self { fault, reason: reason.into() }
    }

    /// Whose move it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.fault.class()
    }

    /// Takes what a read or write came to. A parse error of the IMAP crate quotes raw server data (it may be
    /// mail), so its text is never passed on.
    pub(super) fn from_io(error: &io::Error) -> Self {
        if let Some(limit) = error.get_ref().and_then(|e| e.downcast_ref::<OverLimit>()) {
            return Self::new(Fault::TooLarge, limit.to_string());
        }
        match error.kind() {
            io::ErrorKind::Other => {
                Self::new(Fault::Unreadable, "the IMAP server sent a line that cannot be understood")
            }
            io::ErrorKind::TimedOut => Self::new(Fault::TimedOut, "the IMAP server did not answer in time"),
            kind => Self::new(Fault::Lost, format!("the connection to the IMAP server was lost ({kind})")),
        }
    }
}

/// What the guard on the line refuses to let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverLimit {
    /// A literal was announced that would make one response this large.
    Literal(u64),
    /// A line did not end.
    Line,
    /// The answer to one command did not end.
    Answer,
}

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(n) => write!(f, "the IMAP server announced {n} bytes where far fewer are allowed"),
            Self::Line => f.write_str("the IMAP server sent a line that does not end"),
            Self::Answer => f.write_str("the IMAP server sent far more than was asked for"),
        }
    }
}

impl std::error::Error for OverLimit {}

/// A server's own words, fit for a log: one line, 160 characters at most, without anything that looks like an
/// address, a long number or a token.
pub(super) fn tidy(text: &str) -> String {
    let word = |w: &str| {
        let digits = w.chars().filter(char::is_ascii_digit).count();
        let masked = w.contains('@') || digits > 5 || w.chars().count() > 40;
        if masked { "…".to_owned() } else { w.chars().filter(|c| !c.is_control()).collect() }
    };
    let line = text.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    line.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_words_lose_addresses_numbers_and_line_breaks() {
        let check = |given: &str, expected: &str| assert_eq!(tidy(given), expected);
        check("user li.wei@x.example\r\nis unknown", "user … is unknown");
        check("call +381641234567 now", "call … now");
        check("[AUTHENTICATIONFAILED] Authentication failed.", "[AUTHENTICATIONFAILED] Authentication failed.");
    }

    #[test]
    fn raw_server_data_of_a_parse_error_is_not_passed_on() {
        let error = io::Error::other("during parsing of \"* 1 FETCH (BODY[] secret words\"");
        assert!(!ImapError::from_io(&error).to_string().contains("secret"));
    }
}
