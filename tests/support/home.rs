//! A holder's set-up in a test: a folder with a config, the program itself, and its daemon as a process.

use super::servers::{AUTHSERV_ID, MailServers, password};
use super::{PATIENCE, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder with a config and a store.
pub struct Home {
    dir: tempfile::TempDir,
}

/// One account of a config.
pub struct AccountLines<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its address on the test servers.
    pub user: &'a str,
    /// Lines for its IMAP section beside host, port and login.
    pub imap: String,
    /// Its whole SMTP section.
    pub smtp: String,
}

impl<'a> AccountLines<'a> {
    /// IMAP over TLS, SMTP over TLS.
    pub fn tls(name: &'a str, user: &'a str, servers: &MailServers) -> Self {
        let smtp = format!(
            "host = \"localhost\"\nport = {}\nsecurity = \"tls\"\nca_file = \"{}\"\npassword = \"{}\"\n",
            servers.postfix.tls_port,
            servers.pki.ca_pem.display(),
            password(user)
        );
        Self { name, user, imap: String::new(), smtp }
    }

    /// As [`AccountLines::tls`], with SMTP over STARTTLS.
    pub fn starttls(name: &'a str, user: &'a str, servers: &MailServers) -> Self {
        let mut lines = Self::tls(name, user, servers);
        lines.smtp = lines.smtp.replace("\"tls\"", "\"starttls\"");
        let ports = (servers.postfix.tls_port.to_string(), servers.postfix.starttls_port.to_string());
        lines.smtp = lines.smtp.replace(&ports.0, &ports.1);
        lines
    }

    /// SMTP in plain text to a loopback port: a proxy, say.
    pub fn plain_smtp(mut self, port: u16) -> Self {
        self.smtp = format!("host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n");
        self
    }
}

impl Home {
    /// Writes a config for these accounts; `rest` is appended (`[follow_up]` and so on).
    pub fn new(servers: &MailServers, accounts: &[AccountLines<'_>], rest: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut text = String::new();
        for account in accounts {
            let (name, user) = (account.name, account.user);
            write!(
                text,
                "[account.{name}]\nname = \"Li Wei\"\naddress = \"{user}\"\nlanguage = \"en\"\ntime_zone = \"Europe/Belgrade\"\n\
                 [account.{name}.imap]\nhost = \"localhost\"\nport = {}\nsecurity = \"tls\"\nca_file = \"{}\"\npassword = \"{}\"\n\
                 poll = \"1s\"\n{}\n[account.{name}.smtp]\n{}\n",
                servers.dovecot.imaps_port,
                servers.pki.ca_pem.display(),
                password(user),
                account.imap,
                account.smtp,
            )
            .expect("text");
        }
        write!(text, "[trust]\nauthserv_id = \"{AUTHSERV_ID}\"\n[store]\npath = \"odjava.db\"\n{rest}\n")
            .expect("text");
        let home = Self { dir };
        home.write_config(&text);
        home
    }

    /// Replaces the config.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.config(), text).expect("write the config");
        std::fs::set_permissions(self.config(), std::fs::Permissions::from_mode(0o600)).expect("chmod");
    }

    /// The config file.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("odjava.toml")
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The program with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_odjava"));
        command.arg("--config").arg(self.config()).args(arguments).stdin(Stdio::null()).current_dir(self.dir.path());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs the program, which must succeed; its standard output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "odjava {arguments:?}: {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs the program with `--json`, which must succeed and print one object.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?} printed no JSON object ({e}): {text}"))
    }

    /// Opens a case for `number` at the test carrier and returns its reference.
    pub fn open(&self, account: &str, number: &str, to: &[&str]) -> String {
        let mut arguments = vec!["new", "--account", account, "--carrier", "mts-rs", "--name", "Li Wei"];
        arguments.extend(["--msisdn", number, "--customer-number", "12345/1", "--contract-date", "2024-05-01"]);
        for address in to {
            arguments.extend(["--to", address]);
        }
        self.json(&arguments)["reference"].as_str().expect("a reference").to_owned()
    }

    /// Opens a case and approves its request.
    pub fn approved(&self, account: &str, number: &str, to: &[&str]) -> String {
        let reference = self.open(account, number, to);
        self.ok(&["approve", &reference]);
        reference
    }

    /// `show --json` of a case.
    pub fn show(&self, reference: &str) -> Value {
        self.json(&["show", reference])
    }

    /// State and question of a case, `needs_you:send_unknown`.
    pub fn state(&self, reference: &str) -> String {
        let shown = self.show(reference);
        let state = shown["state"].as_str().unwrap_or_default().to_owned();
        shown["question"].as_str().map_or(state.clone(), |q| format!("{state}:{q}"))
    }

    /// Waits until a case is in a state.
    pub fn wait_for(&self, reference: &str, state: &str) {
        let mut seen = String::new();
        wait_until(PATIENCE, &format!("case {reference} to be {state}"), || {
            let now = self.state(reference);
            if now != seen {
                println!("case {reference}: {now}");
                seen.clone_from(&now);
            }
            (now == state).then_some(())
        });
    }

    /// Starts the daemon.
    pub fn daemon(&self) -> Daemon {
        self.daemon_with(&[])
    }

    /// Starts the daemon with environment variables.
    pub fn daemon_with(&self, environment: &[(&str, &str)]) -> Daemon {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("the log");
        let mut command = self.command(&["run"]);
        command.stdout(Stdio::null()).stderr(log).envs(environment.iter().copied());
        Daemon { child: command.spawn().expect("the daemon starts") }
    }

    /// Starts the daemon through another program, which must become it. Its log goes through a pipe, so that it can
    /// tell of a disk without room.
    pub fn daemon_through(&self, program: &[&str]) -> Daemon {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("the log");
        let daemon = self.command(&["run"]);
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(daemon.get_program()).args(daemon.get_args()).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the daemon starts");
        let mut said = child.stderr.take().expect("piped");
        std::thread::spawn(move || std::io::copy(&mut said, &mut log));
        Daemon { child }
    }

    /// The daemon's log.
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("daemon.log")
    }

    /// What the daemon has logged.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("--- daemon log\n{}", self.log_text());
            println!("--- cases\n{}", String::from_utf8_lossy(&self.run(&["list", "--all"]).stdout));
        }
    }
}

/// A running daemon, ended with the test.
pub struct Daemon {
    child: Child,
}

impl Daemon {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Asks it to stop (SIGTERM) and waits; whether it ended well.
    pub fn stop(mut self) -> bool {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(asked.success());
        self.child.wait().expect("wait").success()
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_end(mut self) -> std::process::ExitStatus {
        wait_until(PATIENCE, "the daemon to end", || self.child.try_wait().expect("wait"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
