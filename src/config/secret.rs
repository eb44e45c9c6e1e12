//! Fetches a secret from where the config says it lies. Blocking; an error names the place and the remedy,
//! never the secret. Called by whoever logs in (daemon, `check`), at each connection.

use super::account::SecretSource;
use secrecy::SecretString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command that gives a password may ask a key agent, but not for ever.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// Longer than any password or token.
const SECRET_SIZE_MAX: u64 = 64 * 1024;

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The command could not be started.
    #[error("the command `{program}` that gives the secret cannot be run: {reason}")]
    CommandNotRun {
        /// Its program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The command failed.
    #[error("the command `{program}` that gives the secret failed ({status}); run it by hand to see why")]
    CommandFailed {
        /// Its program.
        program: String,
        /// Exit status.
        status: String,
    },
    /// The command did not end.
    #[error("the command `{program}` that gives the secret did not end within {seconds} s")]
    CommandTimeout {
        /// Its program.
        program: String,
        /// The limit.
        seconds: u64,
    },
    /// A file could not be read.
    #[error("the file {path} with the secret cannot be read: {reason}")]
    FileNotRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file others can read.
    #[error("the file {path} with the secret can be read by others; run `chmod 600 {path}`")]
    FileNotPrivate {
        /// The file.
        path: PathBuf,
    },
    /// The environment variable is not set.
    #[error("the environment variable {0} that should hold the secret is not set")]
    NoVariable(String),
    /// Not started by systemd with this credential.
    #[error("the credential `{0}` is not there: start odjava by systemd with LoadCredential={0}:FILE")]
    NoCredential(String),
    /// Nothing in it.
    #[error("{0} gave an empty secret")]
    Empty(String),
}

impl SecretSource {
    /// The secret as it is at this moment: the first line, without its line end.
    ///
    /// # Errors
    /// [`SecretError`] naming the source and what to do.
    pub fn resolve(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, SecretError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::Command(words) => from_command(words, COMMAND_TIMEOUT),
            Self::File(path) => from_file(path, true),
            Self::Env(name) => {
                let value = env(name).ok_or_else(|| SecretError::NoVariable(name.clone()))?;
                first_line(&value, || format!("the environment variable {name}"))
            }
            Self::Credential(name) => {
                let folder = env("CREDENTIALS_DIRECTORY").ok_or_else(|| SecretError::NoCredential(name.clone()))?;
                let path = Path::new(&folder).join(name);
                if !path.exists() {
                    return Err(SecretError::NoCredential(name.clone()));
                }
                // systemd guards its own folder, with modes of its own.
                from_file(&path, false)
            }
        }
    }
}

fn first_line(text: &str, source: impl FnOnce() -> String) -> Result<SecretString, SecretError> {
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(SecretString::from(line)),
        None => Err(SecretError::Empty(source())),
    }
}

fn from_file(path: &Path, must_be_private: bool) -> Result<SecretString, SecretError> {
    let fail = |e: std::io::Error| SecretError::FileNotRead { path: path.to_owned(), reason: e.to_string() };
    let file = std::fs::File::open(path).map_err(fail)?;
    if must_be_private && !is_private(&file.metadata().map_err(fail)?) {
        return Err(SecretError::FileNotPrivate { path: path.to_owned() });
    }
    let mut text = String::new();
    file.take(SECRET_SIZE_MAX).read_to_string(&mut text).map_err(fail)?;
    first_line(&text, || format!("the file {}", path.display()))
}

/// Whether only the owner can read a file.
#[must_use]
pub fn is_private(metadata: &std::fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        metadata.permissions().mode() & 0o077 == 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        true
    }
}

fn from_command(words: &[String], timeout: Duration) -> Result<SecretString, SecretError> {
    let program = words.first().cloned().unwrap_or_default();
    let not_run = |e: std::io::Error| SecretError::CommandNotRun { program: program.clone(), reason: e.to_string() };
    let mut command = Command::new(&program);
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(not_run)?;
    let Some(stdout) = child.stdout.take() else {
        return Err(SecretError::CommandFailed { program, status: "no output".into() });
    };
    // Read beside the wait: a command that prints more than a pipe holds would otherwise never end. The
    // channel, not a join, is waited for: a grandchild may keep the pipe open after the command is gone.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.take(SECRET_SIZE_MAX).read_to_string(&mut text);
        let _ = sender.send(read.map(|_| text));
    });
    let deadline = Instant::now() + timeout;
    let too_late = || SecretError::CommandTimeout { program: program.clone(), seconds: timeout.as_secs() };
    let text = receiver.recv_timeout(timeout);
    let status = loop {
        match child.try_wait().map_err(not_run)? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(too_late());
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    if !status.success() {
        return Err(SecretError::CommandFailed { program, status: status.to_string() });
    }
    let text = text.map_err(|_| too_late())?.map_err(not_run)?;
    first_line(&text, || format!("the command `{program}`"))
}

#[cfg(test)]
#[expect(clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    fn check(source: &SecretSource, expected: Result<&str, &str>) {
        let env = |name: &str| (name == "SET").then(|| "from env\n".to_owned());
        match (source.resolve(&env), expected) {
            (Ok(secret), Ok(wanted)) => assert_eq!(secret.expose_secret(), wanted),
            (Err(e), Err(part)) => assert!(e.to_string().contains(part), "{e}"),
            (got, wanted) => panic!("{got:?} instead of {wanted:?}"),
        }
    }

    #[test]
    fn a_secret_is_the_first_line_of_its_source() {
        check(&SecretSource::Command(sh("echo 'pa ss '; echo more")), Ok("pa ss "));
        check(&SecretSource::Env("SET".into()), Ok("from env"));
        check(&SecretSource::Env("UNSET".into()), Err("UNSET that should hold the secret is not set"));
        check(&SecretSource::Command(sh("echo s3cret; exit 3")), Err("`sh` that gives the secret failed"));
        check(&SecretSource::Command(sh(":")), Err("gave an empty secret"));
        check(&SecretSource::Command(vec!["/nowhere/pass".into()]), Err("cannot be run"));
        check(&SecretSource::Credential("imap".into()), Err("LoadCredential=imap"));
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let words = sh("exec sleep 600");
        assert!(matches!(from_command(&words, Duration::from_millis(50)), Err(SecretError::CommandTimeout { .. })));
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::unwrap_used, reason = "tests")]
    fn a_secret_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "s3cret\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        check(&SecretSource::File(path.clone()), Err("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        check(&SecretSource::File(path), Ok("s3cret"));
    }
}
