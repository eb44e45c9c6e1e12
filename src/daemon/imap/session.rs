//! From an endpoint to a logged-in session: TCP, TLS or STARTTLS, login, capabilities. Gives checked commands to
//! the rest of this folder; opens folders; fetches nothing.

use super::base64;
use super::connection::{Answer, Connection, Limits, Line};
use super::error::{Fault, ImapError, tidy};
use super::folders::Folder;
use super::reply::{Code, Reply, StatusWord};
use crate::config::account::{Endpoint, Login, Mechanism, Security};
use crate::daemon::tls;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// A logged-in connection.
#[derive(Debug)]
pub struct ImapSession {
    pub(super) connection: Connection,
    capabilities: BTreeSet<String>,
    /// Name on the line of the folder that is open.
    open: Option<String>,
}

/// What opening a folder told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT, where the server tells.
    pub uid_next: Option<u32>,
}

/// Connects and logs in. `secret` is the password or the access token.
///
/// # Errors
/// [`ImapError`], whose class says whether another attempt may help.
pub async fn connect(
    endpoint: &Endpoint,
    secret: Option<&SecretString>,
    limits: Limits,
) -> Result<ImapSession, ImapError> {
    let tcp = dial(endpoint, &limits).await?;
    let (mut connection, greeting) = match endpoint.security {
        Security::None => greeted(Box::new(tcp), limits).await?,
        Security::Tls => greeted(Box::new(handshake(endpoint, tcp, &limits).await?), limits).await?,
        Security::Starttls => {
            let (plain, greeting) = greeted(Box::new(tcp), limits).await?;
            let line = starttls(plain, &greeting, endpoint).await?;
            let tls = handshake(endpoint, line, &limits).await?;
            // RFC 3501 §6.2.1: what was said before TLS is forgotten, capabilities included.
            (Connection::new(Box::new(tls), limits), Greeting { preauth: false, capabilities: None })
        }
    };
    let mut capabilities = match greeting.capabilities {
        Some(capabilities) => capabilities,
        None => ask_capabilities(&mut connection).await?,
    };
    if let Some(login) = endpoint.login.as_ref().filter(|_| !greeting.preauth) {
        let told = log_in(&mut connection, &capabilities, login, secret).await?;
        capabilities = match told {
            Some(capabilities) => capabilities,
            None => ask_capabilities(&mut connection).await?,
        };
    }
    Ok(ImapSession { connection, capabilities, open: None })
}

async fn dial(endpoint: &Endpoint, limits: &Limits) -> Result<TcpStream, ImapError> {
    let place = format!("{}:{}", endpoint.host, endpoint.port);
    let lost = |what: &str| ImapError::new(Fault::Lost, format!("the IMAP server {place} cannot be reached ({what})"));
    let dialling = async {
        let addresses = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await?;
        let addresses: Vec<_> = addresses.collect();
        if endpoint.security == Security::None && !addresses.iter().all(|a| a.ip().is_loopback()) {
            return Ok(None);
        }
        // An address that swallows packets must not use up the time of the next one.
        let share = limits.connect / u32::try_from(addresses.len().clamp(1, 4)).unwrap_or(1);
        let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
        for address in addresses {
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => return Ok(Some(tcp)),
                Ok(Err(e)) => last = e,
                Err(_) => last = std::io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    };
    let tcp = match timeout(limits.connect, dialling).await {
        Err(_) => return Err(lost("no answer in time")),
        Ok(Err(e)) => return Err(lost(&tidy(&e.to_string()))),
        Ok(Ok(None)) => {
            return Err(ImapError::new(
                Fault::Tls,
                format!(
                    "{place} is not on this machine: a connection without TLS would show the password; set `security = \"tls\"`"
                ),
            ));
        }
        Ok(Ok(Some(tcp))) => tcp,
    };
    // Best effort: commands are short and wait for their answer.
    let _ = tcp.set_nodelay(true);
    Ok(tcp)
}

async fn handshake<S>(
    endpoint: &Endpoint,
    line: S,
    limits: &Limits,
) -> Result<tokio_rustls::client::TlsStream<S>, ImapError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let config =
        tls::client_config(endpoint.ca_file.as_deref()).map_err(|e| ImapError::new(Fault::Tls, e.to_string()))?;
    let name = tls::server_name(&endpoint.host).map_err(|e| ImapError::new(Fault::Tls, e.to_string()))?;
    match timeout(limits.connect, TlsConnector::from(config).connect(name, line)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(e)) => Err(match tls::certificate_fault(&e, &endpoint.host) {
            Some(text) => ImapError::new(Fault::Tls, text),
            None => ImapError::new(
                Fault::Lost,
                format!("no TLS connection to {}: {} (is the port right for `security`?)", endpoint.host, e.kind()),
            ),
        }),
        Err(_) => Err(ImapError::new(
            Fault::TimedOut,
            format!("{} did not finish the TLS handshake (is the port right for `security`?)", endpoint.host),
        )),
    }
}

/// What the first line said.
struct Greeting {
    preauth: bool,
    capabilities: Option<BTreeSet<String>>,
}

async fn greeted(line: Box<dyn Line>, limits: Limits) -> Result<(Connection, Greeting), ImapError> {
    let mut connection = Connection::new(line, limits);
    let response = match timeout(limits.command, connection.read()).await {
        Ok(response) => response?,
        Err(_) => {
            return Err(ImapError::new(
                Fault::TimedOut,
                "the IMAP server said nothing after connecting (is the port right for `security`?)",
            ));
        }
    };
    let greeting = match &response {
        Reply::Status { tag: None, word: StatusWord::Ok, .. } => {
            Greeting { preauth: false, capabilities: told(&response) }
        }
        Reply::Status { tag: None, word: StatusWord::PreAuth, .. } => {
            Greeting { preauth: true, capabilities: told(&response) }
        }
        _ => {
            return Err(ImapError::new(Fault::Unreadable, "what answers on this port is no IMAP server: check `port`"));
        }
    };
    Ok((connection, greeting))
}

async fn starttls(
    mut connection: Connection,
    greeting: &Greeting,
    endpoint: &Endpoint,
) -> Result<Box<dyn Line>, ImapError> {
    let refused = || {
        ImapError::new(
            Fault::Tls,
            format!("{} does not offer STARTTLS: set `security = \"tls\"` and its port (usually 993)", endpoint.host),
        )
    };
    // RFC 3501 §6.2.1: STARTTLS is not allowed once logged in; PREAUTH here is how a go-between keeps TLS off.
    if greeting.preauth {
        return Err(refused());
    }
    let capabilities = match &greeting.capabilities {
        Some(capabilities) => capabilities.clone(),
        None => ask_capabilities(&mut connection).await?,
    };
    if !capabilities.contains("STARTTLS") {
        return Err(refused());
    }
    match connection.exec("STARTTLS", connection.limits.command).await {
        Ok(_) => Ok(connection.into_line()),
        Err(e) if e.fault == Fault::Refused => Err(refused()),
        Err(e) => Err(e),
    }
}

async fn ask_capabilities(connection: &mut Connection) -> Result<BTreeSet<String>, ImapError> {
    let answer = connection.exec("CAPABILITY", connection.limits.command).await?;
    let found = answer.iter().find_map(told);
    found.ok_or_else(|| ImapError::new(Fault::Unreadable, "the IMAP server does not say what it is capable of"))
}

fn told(reply: &Reply) -> Option<BTreeSet<String>> {
    reply.capabilities().cloned()
}

async fn log_in(
    connection: &mut Connection,
    capabilities: &BTreeSet<String>,
    login: &Login,
    secret: Option<&SecretString>,
) -> Result<Option<BTreeSet<String>>, ImapError> {
    let secret = secret.ok_or_else(|| {
        ImapError::new(Fault::Login, "no password or token is at hand for the IMAP login: set one in the config")
    })?;
    let (user, secret) = (login.username.as_str(), secret.expose_secret());
    let offers = |name: &str| capabilities.contains(name);
    match login.mechanism {
        Mechanism::Xoauth2 if offers("AUTH=XOAUTH2") => {
            let token = format!("user={user}\x01auth=Bearer {secret}\x01\x01");
            authenticate(connection, "XOAUTH2", token.as_bytes(), offers("SASL-IR")).await
        }
        Mechanism::Xoauth2 => Err(ImapError::new(
            Fault::Login,
            "the IMAP server does not offer XOAUTH2: configure a password (an app password, where there are such)",
        )),
        // PLAIN first: it carries any byte, where LOGIN quotes and is ASCII by the letter.
        Mechanism::Password if offers("AUTH=PLAIN") => {
            if user.contains('\0') || secret.contains('\0') {
                return Err(ImapError::new(Fault::Login, "user name and password must not hold a NUL"));
            }
            authenticate(connection, "PLAIN", format!("\0{user}\0{secret}").as_bytes(), offers("SASL-IR")).await
        }
        Mechanism::Password if !offers("LOGINDISABLED") => plain_login(connection, user, secret).await,
        Mechanism::Password => Err(ImapError::new(
            Fault::Login,
            "the IMAP server takes no password on this connection (LOGINDISABLED): set `security = \"tls\"`, or oauth2",
        )),
    }
}

async fn plain_login(
    connection: &mut Connection,
    user: &str,
    secret: &str,
) -> Result<Option<BTreeSet<String>>, ImapError> {
    let quoted = |text: &str| {
        super::connection::quote(text)
            .map_err(|_| ImapError::new(Fault::Login, "user name and password must not hold a line break"))
    };
    let command = format!("LOGIN {} {}", quoted(user)?, quoted(secret)?);
    let answer = connection.exec(&command, connection.limits.command).await.map_err(login_error)?;
    Ok(answer.iter().find_map(told))
}

async fn authenticate(
    connection: &mut Connection,
    mechanism: &str,
    token: &[u8],
    initial_response: bool,
) -> Result<Option<BTreeSet<String>>, ImapError> {
    let budget = connection.limits.command;
    let token = base64::encode(token);
    let tag = if initial_response {
        connection.send(&format!("AUTHENTICATE {mechanism} {token}"), budget).await?
    } else {
        connection.send(&format!("AUTHENTICATE {mechanism}"), budget).await?
    };
    let mut said = initial_response;
    // A second challenge is a refusal with its reason (XOAUTH2); the verdict follows an empty answer.
    for _ in 0..4 {
        let (goes_on, response) = connection.continuation(&tag, budget).await.map_err(login_error)?;
        if !goes_on {
            return Ok(response.as_ref().and_then(told));
        }
        let line = if said { "" } else { token.as_str() };
        connection.write(&[line.as_bytes(), b"\r\n"], budget).await?;
        said = true;
    }
    Err(ImapError::new(Fault::Unreadable, "the IMAP server keeps asking during the login"))
}

/// A refused login is the holder's to mend, unless the server says that it is only for now (RFC 5530).
fn login_error(error: ImapError) -> ImapError {
    if error.fault != Fault::Refused {
        return error;
    }
    let text = error.reason.to_ascii_lowercase();
    let passing =
        ["[unavailable]", "[inuse]", "[limit]", "[serverbug]", "temporar", "too many", "try again", "later", "timeout"];
    if passing.iter().any(|p| text.contains(p)) {
        ImapError::new(Fault::LoginLater, format!("no login for the moment: {}", error.reason))
    } else {
        ImapError::new(
            Fault::Login,
            format!(
                "the login was refused; check user name and password, or whether an app password is needed: {}",
                error.reason
            ),
        )
    }
}

impl ImapSession {
    /// Gives a command; every response if, and only if, its tagged answer is OK.
    ///
    /// # Errors
    /// [`Fault::Refused`] for NO and BAD (the session may go on); anything else ends the session.
    pub async fn exec(&mut self, command: &str) -> Result<Answer, ImapError> {
        self.exec_within(command, self.connection.limits.command).await
    }

    /// The same with another time limit.
    pub(super) async fn exec_within(&mut self, command: &str, budget: Duration) -> Result<Answer, ImapError> {
        self.connection.exec(command, budget).await
    }

    /// Whether the server offers a capability (upper case).
    #[must_use]
    pub fn offers(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Whether the session can take another command.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.connection.is_usable()
    }

    /// Finds out whether the line is still alive.
    ///
    /// # Errors
    /// Whatever ended it.
    pub async fn probe(&mut self) -> Result<(), ImapError> {
        self.exec_within("NOOP", self.connection.limits.probe).await.map(|_| ())
    }

    /// Opens a folder for reading only, so that nothing done in it can set a flag.
    ///
    /// # Errors
    /// [`Fault::Refused`] when the server does not open it; [`Fault::Unreadable`] without UIDVALIDITY.
    pub async fn examine(&mut self, folder: &Folder) -> Result<Opened, ImapError> {
        let name = folder.quoted()?;
        self.open = None;
        let answer = match self.exec(&format!("EXAMINE {name}")).await {
            // Reading is by BODY.PEEK only, so SELECT is as harmless where EXAMINE is not to be had.
            Err(e) if e.fault == Fault::Refused => match self.exec(&format!("SELECT {name}")).await {
                Err(e) if e.fault == Fault::Refused => return Err(cannot_open(folder, &e)),
                other => other?,
            },
            other => other?,
        };
        let codes = answer.iter().filter_map(|r| if let Reply::Status { code, .. } = r { Some(code) } else { None });
        let (mut uid_validity, mut uid_next) = (None, None);
        for code in codes {
            match code {
                Code::UidValidity(n) if *n > 0 => uid_validity = Some(*n),
                Code::UidNext(n) if *n > 0 => uid_next = Some(*n),
                _ => {}
            }
        }
        let uid_validity = uid_validity.ok_or_else(|| {
            ImapError::new(Fault::Unreadable, format!("the IMAP server gives no UIDVALIDITY for `{}`", folder.name))
        })?;
        self.open = Some(folder.wire.clone());
        Ok(Opened { uid_validity, uid_next })
    }

    /// Gives a UID SEARCH; the UIDs in ascending order.
    ///
    /// # Errors
    /// What [`ImapSession::exec`] gives.
    pub(super) async fn uid_search(&mut self, criteria: &str) -> Result<BTreeSet<u32>, ImapError> {
        let answer = self.exec(&format!("UID SEARCH {criteria}")).await?;
        let uids = answer.iter().filter_map(|r| if let Reply::Search(uids) = r { Some(uids) } else { None });
        Ok(uids.flatten().copied().filter(|u| *u > 0).collect())
    }

    /// Says goodbye; what comes of it does not matter.
    pub async fn logout(mut self) {
        // The answer is BYE, which ends the session like any other goodbye.
        let budget = self.connection.limits.probe.min(Duration::from_secs(2));
        let _ = self.exec_within("LOGOUT", budget).await;
    }
}

/// A refusal that names the folder. It stays [`Fault::Refused`]: folders are looked up anew at each connection.
fn cannot_open(folder: &Folder, error: &ImapError) -> ImapError {
    ImapError::new(Fault::Refused, format!("the folder `{}` cannot be opened: {}", folder.name, error.reason))
}
