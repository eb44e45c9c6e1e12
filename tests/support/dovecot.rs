//! A Dovecot of one test: its configuration, its process, its mailboxes as files.
//! Mail comes in by LMTP; called by `servers`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::pki::Pki;
use super::process::{Guarded, is_running, run};
use super::servers::{Options, read_reply};
use super::{PATIENCE, free_port, wait_until};

/// A mail as it lies in a Maildir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMail {
    /// The bytes, line ends as Dovecot wrote them (LF).
    pub raw: Vec<u8>,
    /// Maildir flag letters; `S` is `\Seen`, `D` `\Draft`, `T` `\Deleted`.
    pub flags: String,
    /// The file.
    pub path: PathBuf,
}

/// A Dovecot with IMAP, LMTP and a SASL service for Postfix.
pub struct Dovecot {
    dir: PathBuf,
    process: Option<Guarded>,
    /// IMAP with implicit TLS.
    pub imaps_port: u16,
    /// IMAP with STARTTLS offered. Login without it works too: Dovecot 2.3 takes loopback for secure whatever
    /// `ssl` says, and a proxy that must read along needs it.
    pub imap_port: u16,
    /// LMTP, no TLS, no login.
    pub lmtp_port: u16,
    /// SASL for Postfix.
    pub auth_port: u16,
}

impl Dovecot {
    /// Writes the configuration into `dir` and starts the server.
    pub fn start(dir: &Path, pki: &Pki, users: &[(String, String)], options: &Options) -> Dovecot {
        let mut dovecot = Dovecot {
            dir: dir.to_owned(),
            process: None,
            imaps_port: free_port(),
            imap_port: free_port(),
            lmtp_port: free_port(),
            auth_port: free_port(),
        };
        for folder in ["run", "lib", "mail"] {
            std::fs::create_dir_all(dir.join(folder)).expect("make Dovecot's folders");
        }
        run("chown", &["vmail:vmail", &dovecot.text_path("mail")]);
        let passwd: String =
            users.iter().map(|(name, password)| format!("{name}:{{PLAIN}}{password}::::::\n")).collect();
        std::fs::write(dir.join("users"), passwd).expect("write the users");
        std::fs::write(dir.join("dovecot.conf"), dovecot.configuration(pki, options)).expect("write dovecot.conf");
        dovecot.launch();
        dovecot
    }

    /// Starts the server again on the same ports; does nothing while it runs.
    pub fn launch(&mut self) {
        if self.process.is_some() {
            return;
        }
        let config = self.text_path("dovecot.conf");
        let server = Guarded::start("dovecot", &["-F", "-c", &config], &self.dir.join("dovecot.out"));
        for (port, greeting) in [(self.imap_port, "* OK"), (self.lmtp_port, "220 ")] {
            wait_until(PATIENCE, &format!("Dovecot's greeting on port {port}\n{}", self.log_tail()), || {
                assert!(is_running(server.pid()), "Dovecot ended at once:\n{}", self.log_tail());
                let mut socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
                socket.set_read_timeout(Some(PATIENCE)).ok()?;
                let mut first = [0_u8; 4];
                socket.read_exact(&mut first).ok()?;
                (first == *greeting.as_bytes()).then_some(())
            });
        }
        for port in [self.imaps_port, self.auth_port] {
            wait_until(PATIENCE, &format!("Dovecot on port {port}"), || {
                TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
            });
        }
        self.process = Some(server);
    }

    /// Tells the server to end and does not wait; `stop` does.
    pub fn begin_stop(&mut self) {
        if let Some(process) = &mut self.process {
            process.begin_stop();
        }
    }

    /// Ends the server; open sessions get a BYE.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// The master's pid while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Guarded::pid)
    }

    /// Delivers one mail by LMTP and returns the server's last word: `250 ...` if it was stored.
    pub fn deliver_lmtp(&self, user: &str, reverse_path: &str, raw: &[u8]) -> String {
        let mut socket = TcpStream::connect(("127.0.0.1", self.lmtp_port)).expect("connect to LMTP");
        socket.set_read_timeout(Some(PATIENCE)).expect("set a time limit");
        read_reply(&mut socket);
        let lines =
            ["LHLO test.example".to_owned(), format!("MAIL FROM:<{reverse_path}>"), format!("RCPT TO:<{user}>")];
        for line in lines {
            write!(socket, "{line}\r\n").expect("write to LMTP");
            let reply = read_reply(&mut socket);
            if !reply.starts_with('2') {
                return reply;
            }
        }
        socket.write_all(b"DATA\r\n").expect("write to LMTP");
        read_reply(&mut socket);
        socket.write_all(&super::servers::dot_stuffed(raw)).expect("write the mail");
        let reply = read_reply(&mut socket);
        socket.write_all(b"QUIT\r\n").expect("write to LMTP");
        reply
    }

    /// The mails of a folder (`INBOX` or a name), oldest delivery first; empty if there is no such folder.
    pub fn stored(&self, user: &str, folder: &str) -> Vec<StoredMail> {
        let at = self.maildir(user, folder);
        let mut found = Vec::new();
        for part in ["new", "cur"] {
            for entry in std::fs::read_dir(at.join(part)).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let flags =
                    name.split_once(":2,").map_or("", |(_, flags)| flags.split(',').next().unwrap_or("")).to_owned();
                // A file may move from new/ to cur/ between listing and reading.
                let Ok(raw) = std::fs::read(entry.path()) else { return self.stored(user, folder) };
                found.push((name, StoredMail { raw, flags, path: entry.path() }));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        // It may also be seen twice while it moves: the unique part of the name tells.
        found.dedup_by(|a, b| a.0.split(':').next() == b.0.split(':').next());
        found.into_iter().map(|(_, mail)| mail).collect()
    }

    /// The folder's Maildir (Maildir++: sub-folders begin with a dot).
    pub fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let top = self.dir.join("mail").join(user).join("Maildir");
        if folder.eq_ignore_ascii_case("INBOX") { top } else { top.join(format!(".{}", folder.replace('/', "."))) }
    }

    /// Puts a mail into any folder as a filter of the server would; open sessions hear of it.
    pub fn put_in_folder(&self, user: &str, folder: &str, raw: &[u8]) {
        let mut child = Command::new("doveadm")
            .args(["-c", &self.text_path("dovecot.conf"), "save", "-u", user, "-m", folder])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start doveadm");
        child.stdin.take().expect("piped").write_all(raw).expect("hand the mail to doveadm");
        let out = child.wait_with_output().expect("doveadm ends");
        assert!(out.status.success(), "doveadm save failed: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// Throws all sessions of a user out.
    pub fn kick(&self, user: &str) {
        self.doveadm(&["kick", user]);
    }

    /// How many IMAP sessions the user has open.
    pub fn sessions(&self, user: &str) -> usize {
        self.doveadm(&["-f", "tab", "who", "-1", user]).lines().skip(1).filter(|line| line.contains("imap")).count()
    }

    /// The folder's UIDVALIDITY.
    pub fn uid_validity(&self, user: &str, folder: &str) -> u32 {
        let status = self.doveadm(&["-f", "flow", "mailbox", "status", "-u", user, "uidvalidity", folder]);
        status
            .trim()
            .rsplit('=')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or_else(|| panic!("no UIDVALIDITY in {status:?}"))
    }

    /// Makes the folder forget its UIDs: a new UIDVALIDITY, UIDs counted from 1 again. Ends the user's sessions.
    pub fn reset_uid_validity(&self, user: &str, folder: &str) -> u32 {
        let before = self.uid_validity(user, folder);
        if self.sessions(user) > 0 {
            self.kick(user);
        }
        for entry in std::fs::read_dir(self.maildir(user, folder)).expect("the Maildir is there").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                std::fs::remove_file(entry.path()).expect("remove the UID list");
            }
        }
        let after = self.uid_validity(user, folder);
        assert_ne!(before, after, "UIDVALIDITY of {folder} did not change");
        after
    }

    /// Runs doveadm on this instance.
    pub fn doveadm(&self, arguments: &[&str]) -> String {
        let config = self.text_path("dovecot.conf");
        run("doveadm", &[&["-c", config.as_str()][..], arguments].concat())
    }

    /// The end of the server's log.
    pub fn log_tail(&self) -> String {
        ["dovecot.out", "dovecot.log"].map(|name| super::servers::tail(&self.dir.join(name))).concat()
    }

    fn text_path(&self, name: &str) -> String {
        self.dir.join(name).to_str().expect("UTF-8 path").to_owned()
    }

    fn configuration(&self, pki: &Pki, options: &Options) -> String {
        let dir = self.dir.display();
        let Dovecot { imaps_port, imap_port, lmtp_port, auth_port, .. } = self;
        let version = run("dovecot", &["--version"]);
        let by_version =
            if version.starts_with("2.3.") { self.settings_2_3(pki, options) } else { self.settings_2_4(pki, options) };
        let mailboxes: String = [("Drafts", "subscribe"), ("Sent", "subscribe"), ("Junk", "create")]
            .iter()
            .filter(|_| options.special_folders)
            .map(|(name, auto)| {
                let special = if options.special_use { format!("    special_use = \\{name}\n") } else { String::new() };
                format!("  mailbox {name} {{\n    auto = {auto}\n{special}  }}\n")
            })
            .collect();
        format!(
            r#"{by_version}base_dir = {dir}/run
state_dir = {dir}/lib
instance_name = odjava-{imap_port}
protocols = imap lmtp
listen = 127.0.0.1
log_path = {dir}/dovecot.log
auth_verbose = yes
ssl = yes
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login
auth_failure_delay = 0
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 1
first_valid_gid = 1
recipient_delimiter = +
hostname = mx.example.test
postmaster_address = postmaster@example.test
imap_idle_notify_interval = 10 s
namespace inbox {{
  inbox = yes
  separator = /
{mailboxes}}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
}}
service auth {{
  inet_listener sasl {{
    port = {auth_port}
  }}
}}
"#
        )
    }

    /// What Dovecot 2.3 (Debian 12, Ubuntu up to 24.04) writes in its own way.
    fn settings_2_3(&self, pki: &Pki, options: &Options) -> String {
        let (dir, cert, key) = (self.dir.display(), pki.cert_pem.display(), pki.key_pem.display());
        let no_idle =
            "imap_capability = IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ UIDPLUS NAMESPACE UNSELECT\n";
        let capability = if options.idle { "" } else { no_idle };
        format!(
            r#"{capability}ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
mail_home = {dir}/mail/%u
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {dir}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {dir}/users
  default_fields = uid=vmail gid=vmail home={dir}/mail/%u
}}
"#
        )
    }

    /// What Dovecot 2.4 (Debian 13) writes in its own way.
    fn settings_2_4(&self, pki: &Pki, options: &Options) -> String {
        let (dir, cert, key) = (self.dir.display(), pki.cert_pem.display(), pki.key_pem.display());
        let capability = if options.idle { "" } else { "imap_capability {\n  IDLE = no\n}\n" };
        format!(
            r#"dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
{capability}ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
auth_allow_cleartext = yes
mail_home = {dir}/mail/%{{user}}
mail_driver = maildir
mail_path = ~/Maildir
passdb passwd-file {{
  passwd_file_path = {dir}/users
}}
userdb passwd-file {{
  passwd_file_path = {dir}/users
  fields {{
    uid = vmail
    gid = vmail
    home = {dir}/mail/%{{user}}
  }}
}}
"#
        )
    }
}
