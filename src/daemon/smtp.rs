//! Submits one mail over one connection, in two steps: `prepare` says nothing that could deliver the mail,
//! `hand_over` does, so that the caller can write its claim down in between. lettre speaks the protocol; the
//! connection, its time limits and the judgement are ours. Knows no case and no store. Called by dispatch.

mod connect;
mod failure;
mod line_gate;

pub use failure::{Enhanced, Stage, classify_failure, enhanced_of, told};

use crate::config::account::{Endpoint, Login, Mechanism as Sasl};
use crate::domain::address::Address;
use crate::domain::event::{AcceptedBy, FailureClass, SubmitOutcome};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Auth, Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use line_gate::Seen;
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// One mail with its envelope.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Reverse path.
    pub from: &'a Address,
    /// The one forward path: with several, one refusal would stop all.
    pub to: &'a Address,
    /// The composed bytes, see [`crate::mail::compose`].
    pub raw: &'a [u8],
}

/// How long each step may take. lettre's own limit covers only the connect.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Name look-up, and the TCP connect to each address.
    pub connect: Duration,
    /// TLS handshake, greeting and EHLO together.
    pub greeting: Duration,
    /// One command and its whole answer.
    pub command: Duration,
    /// DATA and its 354.
    pub data_start: Duration,
    /// The content; grows with its size at `bytes_per_second`.
    pub content: Duration,
    /// Slowest line that is waited for.
    pub bytes_per_second: u64,
    /// From the final dot to the answer.
    pub final_reply: Duration,
    /// QUIT, whose answer nobody needs.
    pub quit: Duration,
}

impl Default for Limits {
    /// RFC 5321 §4.5.3.2.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_secs(300),
            command: Duration::from_secs(300),
            data_start: Duration::from_secs(120),
            content: Duration::from_secs(180),
            bytes_per_second: 4096,
            final_reply: Duration::from_secs(600),
            quit: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// For the content of `size` bytes and the answer to it.
    fn delivery(&self, size: usize) -> Duration {
        let by_size = u64::try_from(size).unwrap_or(u64::MAX) / self.bytes_per_second.max(1);
        self.content.saturating_add(Duration::from_secs(by_size)).saturating_add(self.final_reply)
    }
}

/// Why a mail was surely not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SubmitError {
    /// Whether trying again can help.
    pub class: FailureClass,
    /// Reply code, where there was one.
    pub code: Option<u16>,
    /// What happened, without addresses and secrets.
    pub reason: String,
}

impl SubmitError {
    fn account(reason: impl Into<String>) -> Self {
        Self { class: FailureClass::Account, code: None, reason: reason.into() }
    }

    fn transient(reason: impl Into<String>) -> Self {
        Self { class: FailureClass::Transient, code: None, reason: reason.into() }
    }

    /// A negative reply.
    fn refused(stage: Stage, code: u16, text: &str, secrets: &[String]) -> Self {
        let class = classify_failure(stage, Some(code), enhanced_of(text));
        let text = told(text, secrets);
        let remedy = if stage == Stage::Auth && class == FailureClass::Account {
            "; compare username and password in the config with the mail account's"
        } else {
            ""
        };
        let reason = format!("the mail server refused {} ({code} {text}){remedy}", stage.name());
        Self { class, code: Some(code), reason: reason.replace(" )", ")") }
    }

    fn late(stage: Stage, limit: Duration) -> Self {
        Self::transient(format!("no answer to {} within {} s", stage.name(), limit.as_secs_f32()))
    }

    fn lettre(stage: Stage, error: &lettre::transport::smtp::Error, secrets: &[String]) -> Self {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        match error.status() {
            Some(code) => Self::refused(stage, code.into(), &cause, secrets),
            None => Self::transient(format!("no usable answer to {} ({})", stage.name(), told(&cause, secrets))),
        }
    }
}

impl From<SubmitError> for SubmitOutcome {
    fn from(error: SubmitError) -> Self {
        Self::NotSent { class: error.class, code: error.code, reason: error.reason }
    }
}

/// A transaction whose sender and recipient the server has taken, and nothing more. Dropping it sends nothing.
pub struct Prepared {
    connection: AsyncSmtpConnection,
    seen: Arc<Seen>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared(..)")
    }
}

/// Connects, authenticates, MAIL, RCPT; returns a prepared transaction: nothing that could deliver the mail
/// has been said yet. `secret` is the password or access token of `endpoint.login`.
///
/// # Errors
/// [`SubmitError`] when any of that was refused or not answered in time; the mail is surely not sent.
pub async fn prepare(
    endpoint: &Endpoint,
    secret: Option<&SecretString>,
    letter: &Letter<'_>,
    limits: &Limits,
) -> Result<Prepared, SubmitError> {
    if !letter.raw.is_ascii() {
        let reason = "the mail holds bytes outside ASCII, which not every server takes".to_owned();
        return Err(SubmitError { class: FailureClass::Permanent, code: None, reason });
    }
    // The holder's domain, not the name of this machine, which is nobody's business.
    let client = ClientId::Domain(letter.from.domain());
    let (stream, seen) = connect::connect(endpoint, &client, limits).await?;
    let greeting = AsyncSmtpConnection::connect_with_transport(stream, &client);
    let mut connection = within(Stage::Greeting, limits.greeting, &[], greeting).await?;
    in_turn(&seen)?;
    if let Some(login) = &endpoint.login {
        let secret = secret.ok_or_else(|| SubmitError::account("there is no password or token: check `smtp` login"))?;
        authenticate(&mut connection, login, secret, limits).await?;
    }
    let (from, to) = (envelope(letter.from)?, envelope(letter.to)?);
    step(&mut connection, Stage::Mail, Mail::new(Some(from), vec![]), limits.command).await?;
    step(&mut connection, Stage::Rcpt, Rcpt::new(to, vec![]), limits.command).await?;
    in_turn(&seen)?;
    Ok(Prepared { connection, seen })
}

/// With an answer too many, every later answer would be taken for the one before it, and at the end a yes
/// to RCPT for a yes to the mail.
fn in_turn(seen: &Seen) -> Result<(), SubmitError> {
    if seen.spoke_out_of_turn() {
        return Err(SubmitError::transient("the mail server answered more than it was asked"));
    }
    Ok(())
}

impl Prepared {
    /// Sends the content. Whatever is returned is final: nothing is tried twice here. Cancelled half-way, the fate of
    /// the mail is unknown, and only the caller's claim says so.
    ///
    /// `Accepted` only on 250 to the final dot; `NotSent` when the server refused, or when the final dot was
    /// never given to the connection (RFC 5321 §4.1.1.4: without it there is no mail); else `Unknown`.
    pub async fn hand_over(mut self, raw: &[u8], limits: &Limits) -> SubmitOutcome {
        match within(Stage::Data, limits.data_start, &[], self.connection.command(Data)).await {
            Ok(reply) if reply.has_code(354) && !self.seen.spoke_out_of_turn() => {}
            Ok(_) => return SubmitError::transient("the mail server's answer to DATA was not a plain 354").into(),
            Err(error) => return error.into(),
        }
        // lettre ends the content with CRLF, dot, CRLF whatever it ends with.
        let content = raw.strip_suffix(b"\r\n").unwrap_or(raw);
        let budget = limits.delivery(content.len());
        let answer = timeout(budget, self.connection.message(content)).await;
        let outcome = match answer {
            Ok(Ok(reply)) if reply.has_code(250) => SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply },
            Ok(Ok(reply)) => self.uncertain(&format!("the answer was {}", u16::from(reply.code()))),
            Ok(Err(error)) if error.status().is_some() => SubmitError::lettre(Stage::Content, &error, &[]).into(),
            Ok(Err(error)) => self.after_break(&error, limits).await,
            Err(_) => self.uncertain(&format!("no answer within {} s", budget.as_secs_f32())),
        };
        if matches!(outcome, SubmitOutcome::Accepted { .. }) {
            // Not waited for: the answer to QUIT changes nothing, and the outcome should be on record soon.
            let limits = *limits;
            tokio::spawn(async move { self.quit(&limits).await });
        }
        outcome
    }

    /// Ends the connection without sending.
    pub async fn abandon(mut self, limits: &Limits) {
        self.quit(limits).await;
    }

    async fn quit(&mut self, limits: &Limits) {
        let _ = timeout(limits.quit, self.connection.quit()).await;
    }

    /// The line broke while the content was on its way. A server that refuses early answers and hangs up, so its
    /// answer may still lie there.
    async fn after_break(&mut self, error: &lettre::transport::smtp::Error, limits: &Limits) -> SubmitOutcome {
        if let Ok(Err(answer)) = timeout(limits.quit, self.connection.read_response()).await
            && answer.status().is_some()
        {
            return SubmitError::lettre(Stage::Content, &answer, &[]).into();
        }
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        self.uncertain(&told(&cause, &[]))
    }

    fn uncertain(&self, what: &str) -> SubmitOutcome {
        if self.seen.end_of_data_offered() {
            let reason = format!("the mail server may or may not have taken the mail: {what}");
            SubmitOutcome::Unknown { reason }
        } else {
            SubmitError::transient(format!("the connection broke before the end of the mail: {what}")).into()
        }
    }
}

/// AUTH, spoken here and not by lettre, which waits for an answer to QUIT before it tells of a refusal.
async fn authenticate(
    connection: &mut AsyncSmtpConnection,
    login: &Login,
    secret: &SecretString,
    limits: &Limits,
) -> Result<(), SubmitError> {
    let wanted: &[Mechanism] = match login.mechanism {
        Sasl::Password => &[Mechanism::Plain, Mechanism::Login],
        Sasl::Xoauth2 => &[Mechanism::Xoauth2],
    };
    let mechanism = connection.server_info().get_auth_mechanism(wanted).ok_or_else(|| {
        let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        SubmitError::account(format!("the mail server offers no login by {}", names.join(" or ")))
    })?;
    let credentials = Credentials::new(login.username.clone(), secret.expose_secret().to_owned());
    let secrets = spoken_secrets(&login.username, secret, &credentials);
    let unusable = |_| SubmitError::account("the mail server asks for something else than user name and password");
    let mut command = Auth::new(mechanism, credentials.clone(), None).map_err(unusable)?.to_string();
    for _ in 0..4 {
        let answer = within(Stage::Auth, limits.command, &secrets, connection.command(&command)).await?;
        if answer.has_code(235) {
            return Ok(());
        }
        if !answer.has_code(334) {
            return Err(SubmitError::transient("the mail server's answer to the login was neither yes nor no"));
        }
        command = match mechanism {
            // A refused token comes as a challenge; an empty answer fetches the reply code.
            Mechanism::Xoauth2 => "\r\n".into(),
            _ => Auth::new_from_response(mechanism, credentials.clone(), &answer).map_err(unusable)?.to_string(),
        };
    }
    Err(SubmitError::account("the mail server asks again and again instead of logging in"))
}

/// What the login says on the wire, in each form: a server may echo it, and it must not reach a reason.
fn spoken_secrets(username: &str, secret: &SecretString, credentials: &Credentials) -> Vec<String> {
    let spoken = [
        Auth::new(Mechanism::Plain, credentials.clone(), None),
        Auth::new(Mechanism::Login, credentials.clone(), Some("Username:".into())),
        Auth::new(Mechanism::Login, credentials.clone(), Some("Password:".into())),
        Auth::new(Mechanism::Xoauth2, credentials.clone(), None),
    ];
    let encoded =
        spoken.into_iter().flatten().filter_map(|a| a.to_string().split_whitespace().last().map(str::to_owned));
    [secret.expose_secret().to_owned(), username.to_owned()].into_iter().chain(encoded).collect()
}

fn envelope(address: &Address) -> Result<lettre::Address, SubmitError> {
    address.as_str().parse().map_err(|_| SubmitError {
        class: FailureClass::Permanent,
        code: None,
        reason: format!("{} is no address for an envelope", address.masked()),
    })
}

/// MAIL or RCPT: only a 2xx goes on.
async fn step(
    connection: &mut AsyncSmtpConnection,
    stage: Stage,
    command: impl Display,
    limit: Duration,
) -> Result<(), SubmitError> {
    let answer = within(stage, limit, &[], connection.command(command)).await?;
    if (200..300).contains(&u16::from(answer.code())) {
        return Ok(());
    }
    Err(SubmitError::transient(format!("the mail server's answer to {} was neither yes nor no", stage.name())))
}

/// One exchange within its limit.
async fn within<T>(
    stage: Stage,
    limit: Duration,
    secrets: &[String],
    exchange: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, SubmitError> {
    match timeout(limit, exchange).await {
        Ok(result) => result.map_err(|error| SubmitError::lettre(stage, &error, secrets)),
        Err(_) => Err(SubmitError::late(stage, limit)),
    }
}
