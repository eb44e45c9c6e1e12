//! `MailServers`: one Dovecot and one Postfix with users, in a folder of their own, for one test.
//! What the servers are configured with lives in `dovecot` and `postfix`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::dovecot::{Dovecot, StoredMail};
use super::pki::Pki;
use super::postfix::Postfix;
use super::process::{living_in, send};
use super::{PATIENCE, wait_until};

/// The account holder of most tests.
pub const HOLDER: &str = "holder@example.test";
/// The holder of a second account.
pub const SECOND: &str = "second@example.test";
/// The carrier that is written to.
pub const CARRIER: &str = "carrier@example.test";
/// Accepted by Postfix, unknown to Dovecot: the sender gets a real delivery status notification.
pub const GONE: &str = "gone@example.test";
/// The authserv-id that the holder's server would write into Authentication-Results.
pub const AUTHSERV_ID: &str = "mx.example.test";

/// What a test may want to be otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// Offer IDLE.
    pub idle: bool,
    /// Mark Sent, Junk and Drafts by SPECIAL-USE (RFC 6154).
    pub special_use: bool,
    /// Have Sent, Junk and Drafts at all.
    pub special_folders: bool,
    /// Postfix's limit in bytes.
    pub message_size_limit: u64,
    /// Certificates to use instead of fresh good ones.
    pub pki: Option<Pki>,
}

impl Default for Options {
    fn default() -> Options {
        Options { idle: true, special_use: true, special_folders: true, message_size_limit: 60 << 20, pki: None }
    }
}

/// A pair of mail servers; dropping it ends them and removes their folder (kept if `ODJAVA_KEEP` is set).
pub struct MailServers {
    dir: PathBuf,
    /// IMAP and LMTP.
    pub dovecot: Dovecot,
    /// SMTP.
    pub postfix: Postfix,
    /// The certificates both use.
    pub pki: Pki,
}

impl MailServers {
    /// Starts both servers with these users (whole addresses, any test domain).
    pub fn start(users: &[&str]) -> MailServers {
        MailServers::start_with(users, &Options::default())
    }

    /// Starts both servers, some things being otherwise.
    ///
    /// # Panics
    /// Without root, `vmail` or the packages; the text says what to do.
    pub fn start_with(users: &[&str], options: &Options) -> MailServers {
        check_machine();
        // Short, because Unix socket paths below it end at 107 bytes.
        let dir = tempfile::Builder::new()
            .prefix("odj")
            .rand_bytes(5)
            .tempdir_in("/tmp")
            .expect("make a folder in /tmp")
            .keep();
        // vmail, postfix and the login processes must be able to pass.
        std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o755)).expect("open the folder");
        let pki = options.pki.clone().unwrap_or_else(|| Pki::create(&dir.join("pki")));
        let accounts: Vec<_> = users.iter().map(|user| ((*user).to_owned(), password(user))).collect();
        let mut addresses: Vec<_> = users.iter().map(|user| (*user).to_owned()).collect();
        addresses.push(GONE.to_owned());
        let dovecot = Dovecot::start(&dir, &pki, &accounts, options);
        let postfix = Postfix::start(&dir, &pki, &addresses, dovecot.lmtp_port, dovecot.auth_port, options);
        MailServers { dir, dovecot, postfix, pki }
    }

    /// The folder of this pair; tests may put their own files into it.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stores a mail in the user's INBOX by LMTP, as from the carrier.
    pub fn deliver_lmtp(&self, user: &str, raw: &[u8]) {
        let reply = self.dovecot.deliver_lmtp(user, CARRIER, raw);
        assert!(reply.starts_with("250"), "LMTP delivery to {user} failed: {reply}");
    }

    /// Submits a mail over the plain port and returns the server's last reply (`250 ...` if it was taken).
    pub fn submit_plain(&self, from: &str, to: &str, raw: &[u8]) -> String {
        submit_plain(self.postfix.plain_port, from, to, raw)
    }

    /// The raw mails in a folder, oldest first.
    pub fn mailbox(&self, user: &str, folder: &str) -> Vec<Vec<u8>> {
        self.dovecot.stored(user, folder).into_iter().map(|mail| mail.raw).collect()
    }

    /// The mails in a folder with their flags.
    pub fn stored(&self, user: &str, folder: &str) -> Vec<StoredMail> {
        self.dovecot.stored(user, folder)
    }

    /// Waits until a folder holds at least `count` mails, and returns them all.
    pub fn wait_for_mail(&self, user: &str, folder: &str, count: usize) -> Vec<Vec<u8>> {
        wait_until(PATIENCE, &format!("{count} mail(s) in {folder} of {user}"), || {
            Some(self.mailbox(user, folder)).filter(|mails| mails.len() >= count)
        })
    }

    /// Puts a mail into any folder, with notice to open sessions.
    pub fn put_in_folder(&self, user: &str, folder: &str, raw: &[u8]) {
        self.dovecot.put_in_folder(user, folder, raw);
    }

    /// Ends Dovecot and starts it again on the same ports.
    pub fn restart_dovecot(&mut self) {
        self.dovecot.stop();
        self.dovecot.launch();
    }

    /// Ends Dovecot.
    pub fn stop_dovecot(&mut self) {
        self.dovecot.stop();
    }

    /// Starts Dovecot again.
    pub fn start_dovecot(&mut self) {
        self.dovecot.launch();
    }

    /// Ends Postfix.
    pub fn stop_postfix(&mut self) {
        self.postfix.stop();
    }

    /// Starts Postfix again.
    pub fn start_postfix(&mut self) {
        self.postfix.launch();
    }

    /// Throws all IMAP sessions of a user out.
    pub fn kick(&self, user: &str) {
        self.dovecot.kick(user);
    }

    /// Gives a folder a new UIDVALIDITY and returns it.
    pub fn reset_uidvalidity(&self, user: &str, folder: &str) -> u32 {
        self.dovecot.reset_uid_validity(user, folder)
    }
}

impl Drop for MailServers {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- Dovecot ---\n{}--- Postfix ---\n{}", self.dovecot.log_tail(), self.postfix.log_tail());
        }
        // Both at once: Dovecot's log process takes a second to go.
        self.dovecot.begin_stop();
        self.postfix.stop();
        self.dovecot.stop();
        // Workers end just after their master; no panic here, the test may be unwinding.
        let began = std::time::Instant::now();
        while !living_in(&self.dir).is_empty() && began.elapsed() < PATIENCE {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        for pid in living_in(&self.dir) {
            eprintln!("process {pid} in {} outlived its server, killing it", self.dir.display());
            send("KILL", pid);
        }
        if std::env::var_os("ODJAVA_KEEP").is_some() {
            eprintln!("kept: {}", self.dir.display());
        } else if let Err(e) = std::fs::remove_dir_all(&self.dir) {
            eprintln!("{} could not be removed: {e}", self.dir.display());
        }
    }
}

/// The password of a test user.
pub fn password(user: &str) -> String {
    format!("pw-{}", user.split('@').next().unwrap_or(user))
}

/// Submits one mail without TLS or login and returns the last reply.
pub fn submit_plain(port: u16, from: &str, to: &str, raw: &[u8]) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("connect to SMTP");
    // Well below the patience of who calls: a Postfix that was seen to greet late on a busy machine is asked again.
    socket.set_read_timeout(Some(PATIENCE / 3)).expect("set a time limit");
    read_reply(&mut socket);
    let lines =
        ["EHLO test.example".to_owned(), format!("MAIL FROM:<{from}>"), format!("RCPT TO:<{to}>"), "DATA".to_owned()];
    for line in lines {
        write!(socket, "{line}\r\n").expect("write to SMTP");
        let reply = read_reply(&mut socket);
        if !reply.starts_with(['2', '3']) {
            return reply;
        }
    }
    socket.write_all(&dot_stuffed(raw)).expect("write the mail");
    let reply = read_reply(&mut socket);
    let _ = socket.write_all(b"QUIT\r\n");
    reply
}

/// The last line of one SMTP or LMTP reply; empty if the connection ended.
pub fn read_reply(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0_u8];
    loop {
        match from.read(&mut byte) {
            Ok(1) => line.push(byte[0]),
            _ => return String::new(),
        }
        if line.ends_with(b"\r\n") {
            // RFC 5321 §4.2.1: a hyphen after the code means that more lines follow.
            if line.get(3) != Some(&b'-') {
                return String::from_utf8_lossy(&line).trim_end().to_owned();
            }
            line.clear();
        }
    }
}

/// A mail ready for DATA: CRLF line ends, leading dots doubled (RFC 5321 §4.5.2), the final dot appended.
pub fn dot_stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32 + 8);
    for line in raw.strip_suffix(b"\n").unwrap_or(raw).split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The last lines of a log file; empty if there is none.
pub fn tail(path: &Path) -> String {
    let text = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].iter().map(|line| format!("{line}\n")).collect()
}

fn check_machine() {
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    assert!(root, "Dovecot and Postfix must be started by root: run `tests/run`, which uses sudo if it must");
    let known = Command::new("id").arg("vmail").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(known.is_ok_and(|s| s.success()), "there is no user `vmail`: `tests/run` makes it (useradd -r -U vmail)");
}
