//! A Postfix of one test: its configuration and its process. Nothing it takes leaves the machine.
//! Local addresses go to Dovecot by LMTP; called by `servers`.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::pki::Pki;
use super::process::{Guarded, is_running, run};
use super::servers::{Options, read_reply, tail};
use super::{PATIENCE, free_port, wait_until};

/// A Postfix with a plain relay port and two submission ports.
pub struct Postfix {
    dir: PathBuf,
    process: Option<Guarded>,
    /// Plain text, no login, no STARTTLS: for incoming mail, and for a client with security = none.
    pub plain_port: u16,
    /// Submission: STARTTLS and login required.
    pub starttls_port: u16,
    /// Submission: implicit TLS, login required.
    pub tls_port: u16,
}

impl Postfix {
    /// Writes the configuration below `dir` and starts the server. `addresses` are the deliverable ones.
    pub fn start(dir: &Path, pki: &Pki, addresses: &[String], lmtp: u16, auth: u16, options: &Options) -> Postfix {
        let mut postfix = Postfix {
            dir: dir.join("pf"),
            process: None,
            plain_port: free_port(),
            starttls_port: free_port(),
            tls_port: free_port(),
        };
        for folder in ["etc", "queue", "data"] {
            std::fs::create_dir_all(postfix.dir.join(folder)).expect("make Postfix's folders");
        }
        run("chown", &["postfix", &postfix.text_path("data")]);
        let main = postfix.main_cf(pki, addresses, lmtp, auth, options);
        postfix.write("etc/main.cf", &main);
        postfix.write("etc/master.cf", &postfix.master_cf());
        postfix.write("etc/recipients", "");
        // Makes the queue folders with their owners.
        run("postfix", &["-c", &postfix.text_path("etc"), "check"]);
        postfix.launch();
        postfix
    }

    /// Starts the server again on the same ports; does nothing while it runs.
    pub fn launch(&mut self) {
        if self.process.is_some() {
            return;
        }
        // The master itself, and not `postfix start-fg`: so that the pid we end is the one that listens.
        let master = format!("{}/master", daemon_directory());
        let server = Guarded::start(&master, &["-c", &self.text_path("etc"), "-s"], &self.dir.join("postfix.out"));
        wait_until(PATIENCE, "Postfix's greeting on its plain port", || {
            assert!(is_running(server.pid()), "Postfix ended at once:\n{}", self.log_tail());
            let mut socket = TcpStream::connect(("127.0.0.1", self.plain_port)).ok()?;
            socket.set_read_timeout(Some(PATIENCE)).ok()?;
            read_reply(&mut socket).starts_with("220 ").then_some(())
        });
        for port in [self.starttls_port, self.tls_port] {
            wait_until(PATIENCE, &format!("Postfix on port {port}"), || {
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

    /// Ends the server; queued mail stays in its queue.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// The master's pid while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Guarded::pid)
    }

    /// Answers RCPT for `address` with `reply` (for example `450 4.2.1 try later`) on every port; `None` ends that.
    pub fn refuse_recipient(&self, address: &str, reply: Option<&str>) {
        let line = reply.map(|reply| format!("{address} {reply}\n")).unwrap_or_default();
        self.write("etc/recipients", &line);
    }

    /// Tries queued mail again at once.
    pub fn flush(&self) {
        run("postfix", &["-c", &self.text_path("etc"), "flush"]);
    }

    /// The end of the server's log.
    pub fn log_tail(&self) -> String {
        ["postfix.out", "maillog"].map(|name| tail(&self.dir.join(name))).concat()
    }

    /// Writes a configuration file and dates it back: Postfix waits two seconds before it reads a fresh one.
    fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        std::fs::write(&path, text).expect("write a Postfix file");
        let file = std::fs::File::options().write(true).open(&path).expect("open a Postfix file");
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).expect("date a Postfix file back");
    }

    fn text_path(&self, name: &str) -> String {
        self.dir.join(name).to_str().expect("UTF-8 path").to_owned()
    }

    fn main_cf(&self, pki: &Pki, addresses: &[String], lmtp: u16, auth: u16, options: &Options) -> String {
        let dir = self.dir.display();
        let (cert, key) = (pki.cert_pem.display(), pki.key_pem.display());
        let recipients = addresses.iter().map(|a| format!("{a}=OK")).collect::<Vec<_>>().join(", ");
        let mut domains: Vec<&str> = addresses.iter().filter_map(|a| a.rsplit('@').next()).collect();
        domains.sort_unstable();
        domains.dedup();
        let domains = domains.join(" ");
        let size = options.message_size_limit;
        let daemons = daemon_directory();
        format!(
            r#"compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
myhostname = mx.example.test
mydomain = example.test
myorigin = example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
recipient_delimiter = +
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = inline:{{{recipients}}}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
# Nothing ever leaves the machine, and no name is ever looked up.
default_transport = error:5.1.2 test server, no outside delivery
relay_transport = error:5.1.2 test server, no outside delivery
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
notify_classes =
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{dir}/etc/recipients
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtputf8_enable = yes
"#
        )
    }

    fn master_cf(&self) -> String {
        let Postfix { plain_port, starttls_port, tls_port, .. } = self;
        // A new process for each connection, so that none answers from an old table of refusals.
        let smtpd = "inet n - n - - smtpd\n  -o max_use=1\n";
        let login = "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject\n";
        let mut text = format!(
            "127.0.0.1:{plain_port} {smtpd}  -o smtpd_tls_security_level=none\n\
             127.0.0.1:{starttls_port} {smtpd}  -o smtpd_tls_security_level=encrypt\n{login}\
             127.0.0.1:{tls_port} {smtpd}  -o smtpd_tls_wrappermode=yes\n{login}"
        );
        text.push_str(
            "pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 1 1 qmgr\n\
             tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n\
             defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n\
             flush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\nproxywrite unix - - n - 1 proxymap\n\
             smtp unix - - n - - smtp\nrelay unix - - n - - smtp\nshowq unix n - n - - showq\n\
             error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\n\
             local unix - n n - - local\nvirtual unix - n n - - virtual\nlmtp unix - - n - - lmtp\n\
             anvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\npostlog unix-dgram n - n - 1 postlogd\n",
        );
        text
    }
}

/// Where this machine keeps Postfix's daemons.
fn daemon_directory() -> String {
    run("postconf", &["-d", "-h", "daemon_directory"]).trim().to_owned()
}
