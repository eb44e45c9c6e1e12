//! TLS towards mail servers: which authorities are trusted, which protocol versions are spoken, and what a
//! failed handshake means. Shared by the SMTP and IMAP clients; holds no connection itself.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why no TLS connection can be attempted. Every text names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// `ca_file` cannot be read.
    #[error("the certificate file {} cannot be read ({source}): correct `ca_file` or its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `ca_file` holds no certificate that can be used.
    #[error(
        "the certificate file {} holds no usable certificate ({reason}): `ca_file` must be PEM, \
         with the lines BEGIN CERTIFICATE and END CERTIFICATE", path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Neither the system nor the config names an authority.
    #[error("this machine has no list of certificate authorities: install `ca-certificates`, or set `ca_file`")]
    NoAuthorities,
    /// The host name cannot stand in a certificate.
    #[error("`{host}` is neither a host name nor an IP address: correct `host`")]
    BadHostName {
        /// As configured.
        host: String,
    },
    /// The TLS library refused its own set-up.
    #[error("TLS cannot be set up: {reason}")]
    Setup {
        /// What it said.
        reason: String,
    },
}

/// A client configuration that trusts the authorities of the system and those in `ca_file` (PEM), speaks TLS 1.2
/// or later (RFC 8997) and shows no client certificate. Reads files: build it once per connection attempt, so
/// that a renewed file is seen, or keep it.
///
/// # Errors
/// [`TlsError`] when `ca_file` is unreadable or empty, or when nobody at all would be trusted.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    // A system store with one damaged file is still a store; that it is empty is an error only without `ca_file`.
    let _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        add_file(&mut roots, path)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoAuthorities);
    }
    // The provider is named, because a process-wide default depends on which crates happen to be linked.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|e| TlsError::Setup { reason: e.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsError> {
    let pem = std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    let fail = |reason: String| TlsError::NoCertificate { path: path.to_owned(), reason };
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| fail(format!("{e:?}")))?;
        roots.add(certificate).map_err(|e| fail(e.to_string()))?;
        added += 1;
    }
    if added == 0 { Err(fail("no certificate in it".into())) } else { Ok(()) }
}

/// The name that the server's certificate must carry.
///
/// # Errors
/// [`TlsError::BadHostName`] when `host` is no DNS name and no IP address.
pub fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::BadHostName { host: host.to_owned() })
}

/// What a failed handshake says when the server's certificate is the trouble: reason and remedy, for the holder.
/// `None` when the line just failed, which another attempt may mend.
#[must_use]
pub fn certificate_fault(error: &io::Error, host: &str) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let text = match inner {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!(
                    "the certificate of {host} has expired: its operator must renew it (is this machine's clock right?)"
                )
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                format!("the certificate of {host} is not valid yet: is this machine's clock right?")
            }
            CertificateError::UnknownIssuer => format!(
                "the certificate of {host} was issued by an authority that is not trusted here: \
                 if it is your own, name its PEM file as `ca_file`"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("the certificate shown by {host} is for another name: correct `host`")
            }
            other => format!("the certificate of {host} is not valid ({other:?})"),
        },
        rustls::Error::NoCertificatesPresented => format!("{host} showed no certificate"),
        rustls::Error::PeerIncompatible(_) => format!("{host} offers no TLS 1.2 or later"),
        rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) => {
            format!("{host} offers no TLS 1.2 or later")
        }
        _ => return None,
    };
    Some(text)
}

/// Whether the handshake failed because the other side does not speak TLS at all: wrong port or wrong `security`.
#[must_use]
pub fn spoke_plain_text(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_bad_ca_file_is_named_with_its_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, content: Option<&[u8]>, expected: &str| {
            let path = dir.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let text = client_config(Some(&path)).unwrap_err().to_string();
            assert!(text.contains(name) && text.contains(expected), "{text}");
        };
        check("missing.pem", None, "correct `ca_file`");
        check("empty.pem", Some(b""), "must be PEM");
        check("der.pem", Some(&[0x30, 0x82, 0x01]), "must be PEM");
        check("broken.pem", Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "must be PEM");
        check("cut.pem", Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n"), "must be PEM");
    }

    #[test]
    fn a_host_may_be_a_name_or_an_address() {
        assert!(server_name("mail.example").is_ok());
        assert!(server_name("127.0.0.1").is_ok());
        assert!(server_name("two words").is_err());
    }
}
