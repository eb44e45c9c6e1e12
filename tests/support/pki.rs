//! Throw-away certificates made with the openssl program: a small CA and one server certificate.
//! rustls refuses a self-signed end certificate, hence the CA. Called by everything that speaks TLS in tests.

use std::path::{Path, PathBuf};

use super::process::run;

/// Paths of the PEM files.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The CA to trust.
    pub ca_pem: PathBuf,
    /// The server's certificate.
    pub cert_pem: PathBuf,
    /// The server's private key.
    pub key_pem: PathBuf,
}

impl Pki {
    /// A certificate for `localhost` and 127.0.0.1, in `dir` (made if missing).
    pub fn create(dir: &Path) -> Pki {
        Pki::for_names(dir, "DNS:localhost,IP:127.0.0.1")
    }

    /// A certificate of a good CA that is for some other host.
    pub fn with_wrong_name(dir: &Path) -> Pki {
        Pki::for_names(dir, "DNS:elsewhere.example")
    }

    /// A certificate for the given `subjectAltName` value, by a CA of its own: two calls, two CAs.
    pub fn for_names(dir: &Path, names: &str) -> Pki {
        std::fs::create_dir_all(dir).expect("make the folder for certificates");
        let at = |name: &str| dir.join(name).to_str().expect("UTF-8 path").to_owned();
        let (ca, ca_key, cert, key) = (at("ca.pem"), at("ca.key"), at("srv.pem"), at("srv.key"));
        let (request, extensions) = (at("srv.csr"), at("ext.cnf"));
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let ca_arguments = [
            &["req", "-x509"][..],
            &new_key,
            &["-keyout", &ca_key, "-out", &ca, "-days", "30", "-subj", "/CN=odjava test CA"],
            &["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        ];
        run("openssl", &ca_arguments.concat());
        let request_arguments =
            [&["req"][..], &new_key, &["-keyout", &key, "-out", &request, "-subj", "/CN=odjava test server"]];
        run("openssl", &request_arguments.concat());
        std::fs::write(
            &extensions,
            format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"),
        )
        .expect("write the certificate extensions");
        let sign = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
        run("openssl", &[&sign[..], &["-out", &cert, "-days", "30", "-extfile", &extensions]].concat());
        Pki { ca_pem: ca.into(), cert_pem: cert.into(), key_pem: key.into() }
    }
}
