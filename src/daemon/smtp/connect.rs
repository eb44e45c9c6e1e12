//! From an endpoint to a connection that lettre can speak over: look-up, connect, protection, greeting. Each step
//! is limited, and a fault of the configuration is told from one of the line. Used by `smtp` alone.

use super::line_gate::{LineGate, Seen};
use super::{Limits, Stage, SubmitError, in_turn, told};
use crate::config::account::{Endpoint, Security};
use crate::daemon::tls;
use lettre::transport::smtp::client::AsyncTokioStream;
use lettre::transport::smtp::commands::{Ehlo, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use lettre::transport::smtp::response::Response;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What lettre speaks over.
pub(super) type Stream = Box<dyn AsyncTokioStream>;

/// A connection protected as configured, greeted, before EHLO; lettre is handed a greeting of ours.
pub(super) async fn connect(
    endpoint: &Endpoint,
    client: &ClientId,
    limits: &Limits,
) -> Result<(Stream, Arc<Seen>), SubmitError> {
    let (stream, peer) = dial(endpoint, limits).await?;
    let mut plain = LineGate::new(stream, peer);
    match endpoint.security {
        Security::None => {
            greeted(&mut plain, limits).await?;
            Ok(handed_on(plain))
        }
        Security::Tls => {
            let mut gate = LineGate::new(handshake(endpoint, plain.into_inner(), limits).await?, peer);
            greeted(&mut gate, limits).await?;
            Ok(handed_on(gate))
        }
        Security::Starttls => {
            greeted(&mut plain, limits).await?;
            let upgrade = timeout(limits.greeting, starttls(&mut plain, client)).await;
            upgrade.map_err(|_| SubmitError::late(Stage::Starttls, limits.greeting))??;
            Ok(handed_on(LineGate::new(handshake(endpoint, plain.into_inner(), limits).await?, peer)))
        }
    }
}

fn handed_on<S>(gate: LineGate<S>) -> (Stream, Arc<Seen>)
where
    LineGate<S>: AsyncTokioStream + 'static,
{
    let gate = gate.with_greeting();
    let seen = gate.seen();
    (Box::new(gate), seen)
}

/// Reads the greeting here, because lettre reads it together with the answer to EHLO, and a second line behind
/// it would be taken for that.
async fn greeted<S: AsyncRead + Unpin>(gate: &mut LineGate<S>, limits: &Limits) -> Result<(), SubmitError> {
    let greeting = timeout(limits.greeting, gate.reply()).await;
    positive(Stage::Greeting, greeting.map_err(|_| SubmitError::late(Stage::Greeting, limits.greeting))?)?;
    in_turn(&gate.seen())
}

async fn dial(endpoint: &Endpoint, limits: &Limits) -> Result<(TcpStream, SocketAddr), SubmitError> {
    let Endpoint { host, port, .. } = endpoint;
    let found = timeout(limits.connect, tokio::net::lookup_host((host.as_str(), *port))).await;
    let addresses: Vec<SocketAddr> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err(SubmitError::transient(format!("the host {host} is not found ({error})"))),
        Err(_) => return Err(SubmitError::transient(format!("the host {host} is not found in time"))),
    };
    // The very addresses that are connected to are judged, not the name, which may mean another one a moment later.
    if endpoint.security == Security::None && !addresses.iter().all(|a| a.ip().to_canonical().is_loopback()) {
        return Err(SubmitError::account(format!(
            "{host} is not this machine, and without protection everyone on the way can read mail and password: \
             set `security` to \"tls\" or \"starttls\""
        )));
    }
    let mut reason = format!("the host {host} has no address");
    for address in addresses {
        match timeout(limits.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error)) => reason = format!("{host}:{port} does not take the connection ({error})"),
            Err(_) => reason = format!("{host}:{port} does not answer"),
        }
    }
    Err(SubmitError::transient(reason))
}

type TlsStream = tokio_rustls::client::TlsStream<TcpStream>;

async fn handshake(endpoint: &Endpoint, stream: TcpStream, limits: &Limits) -> Result<TlsStream, SubmitError> {
    let Endpoint { host, port, ca_file, .. } = endpoint;
    let config = tls::client_config(ca_file.as_deref()).map_err(|e| SubmitError::account(e.to_string()))?;
    let name = tls::server_name(host).map_err(|e| SubmitError::account(e.to_string()))?;
    let connector = tokio_rustls::TlsConnector::from(config);
    match timeout(limits.greeting, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(match tls::certificate_fault(&error, host) {
            Some(fault) => SubmitError::account(fault),
            None if tls::spoke_plain_text(&error) => SubmitError::account(format!(
                "{host}:{port} does not speak TLS from the first byte: set `security` to \"starttls\", or the port to 465"
            )),
            None => SubmitError::transient(format!("the TLS handshake with {host} failed ({error})")),
        }),
        Err(_) => Err(SubmitError::transient(format!("the TLS handshake with {host} took too long"))),
    }
}

/// EHLO and STARTTLS in plain text. Not left to lettre, which keeps what it read ahead: an answer
/// injected behind the 220 would be taken for one given under TLS (as in CVE-2011-0411).
async fn starttls(gate: &mut LineGate<TcpStream>, client: &ClientId) -> Result<(), SubmitError> {
    let hello = ask(gate, Ehlo::new(client.clone())).await;
    let hello = positive(Stage::Greeting, hello)?;
    let offered = ServerInfo::from_response(&hello).is_ok_and(|info| info.supports_feature(Extension::StartTls));
    if !offered {
        return Err(SubmitError::account(
            "the mail server offers no STARTTLS, so nothing was sent: set `security` to \"tls\" with port 465, \
             or ask its operator",
        ));
    }
    let ready = ask(gate, Starttls).await;
    positive(Stage::Starttls, ready)?;
    if gate.seen().spoke_out_of_turn() {
        return Err(SubmitError::account(
            "something was slipped in before the encryption began; nothing was sent: this network may be hostile",
        ));
    }
    Ok(())
}

async fn ask(gate: &mut LineGate<TcpStream>, command: impl Display) -> io::Result<String> {
    gate.write_all(command.to_string().as_bytes()).await?;
    gate.flush().await?;
    gate.reply().await
}

fn positive(stage: Stage, reply: io::Result<String>) -> Result<Response, SubmitError> {
    let reply = reply.map_err(|e| {
        SubmitError::transient(format!("no usable answer to {} ({})", stage.name(), told(&e.to_string(), &[])))
    })?;
    let Ok(response) = reply.parse::<Response>() else {
        return Err(SubmitError::transient(format!("the answer to {} is not SMTP", stage.name())));
    };
    let code = u16::from(response.code());
    if (200..300).contains(&code) {
        return Ok(response);
    }
    let text: Vec<&str> = response.message().collect();
    Err(SubmitError::refused(stage, code, &text.join(" "), &[]))
}
