//! How one server of an account is reached: place, protection, login. Read from the config, used by the daemon.

use secrecy::SecretString;
use std::path::PathBuf;

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

/// SASL family.
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
