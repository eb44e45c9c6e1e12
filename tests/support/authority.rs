//! The certificates of scripted peers: good, expired, misnamed, of another authority; made once per test run.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

/// The authority and the certificates it issued, all in one folder.
pub struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    /// The one of this test run.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Authority> = OnceLock::new();
        SHARED.get_or_init(Self::make)
    }

    fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        for ca in ["ca", "other_ca"] {
            let (key, pem) = (format!("{ca}.key"), format!("{ca}.pem"));
            let subject = format!("/CN=test {ca}");
            let mut arguments = vec!["req", "-x509", "-days", "30", "-subj", &subject, "-keyout", &key, "-out", &pem];
            arguments.extend(["-addext", "basicConstraints=critical,CA:TRUE"]);
            arguments.extend(["-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
            openssl(at, &[&arguments[..], NEW_KEY].concat());
        }
        std::fs::write(at.join("local.cnf"), "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n").unwrap();
        std::fs::write(at.join("other.cnf"), "subjectAltName=DNS:other.example\nextendedKeyUsage=serverAuth\n")
            .unwrap();
        for (name, extensions, days) in
            [("server", "local.cnf", "30"), ("other_name", "other.cnf", "30"), ("expired", "local.cnf", "-1")]
        {
            let (key, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
            openssl(at, &[&["req", "-subj", "/CN=localhost", "-keyout", &key, "-out", &csr], NEW_KEY].concat());
            let mut arguments = vec!["x509", "-req", "-in", &csr, "-CA", "ca.pem", "-CAkey", "ca.key"];
            arguments.extend(["-CAcreateserial", "-out", &pem, "-days", days, "-extfile", extensions]);
            openssl(at, &arguments);
        }
        Self { dir }
    }

    /// The authority's own certificate (PEM).
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Another authority, which issued nothing.
    pub fn other_ca_file(&self) -> PathBuf {
        self.dir.path().join("other_ca.pem")
    }

    /// What a server with the certificate `name` (`server`, `other_name`, `expired`) needs.
    pub fn server_config(&self, name: &str) -> Arc<rustls::ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.dir.path().join(format!("{name}.pem"))).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.dir.path().join(format!("{name}.key"))).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Arc::new(config)
    }
}

const NEW_KEY: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

fn openssl(dir: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(dir).stdin(Stdio::null()).output();
    let output = output.expect("the openssl program is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
