//! One server process owned by a test: started, watched, and ended with the test, whatever becomes of it.
//! Knows nothing of mail; called by `dovecot` and `postfix`.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts the server, says its pid, and ends it when our end of the pipe closes: by `stop`, by a panic,
/// or because the kernel closed it after this test process was killed.
const GUARD: &str =
    r#""$@" </dev/null >&2 & server=$!; echo "$server"; read -r _; kill -TERM "$server" 2>/dev/null; wait "$server""#;

/// A running server and the small shell that guards it.
pub struct Guarded {
    guard: Child,
    pid: u32,
}

impl Guarded {
    /// Starts `program` with `arguments` in a process group of its own; its output is appended to `output`.
    pub fn start(program: &str, arguments: &[&str], output: &Path) -> Guarded {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(output).expect("open the output file");
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard", program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("start sh");
        let mut line = String::new();
        BufReader::new(guard.stdout.take().expect("piped")).read_line(&mut line).expect("the guard says a pid");
        let pid = line.trim().parse().expect("a pid");
        Guarded { guard, pid }
    }

    /// The pid of the server itself.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the server still runs (a zombie does not).
    pub fn is_running(&self) -> bool {
        is_running(self.pid)
    }

    /// Sends the server SIGTERM and does not wait.
    pub fn begin_stop(&mut self) {
        drop(self.guard.stdin.take());
    }

    /// Ends the server (SIGTERM) and waits until it is gone; SIGKILL to this one process after 60 seconds.
    pub fn stop(&mut self) {
        self.begin_stop();
        let began = Instant::now();
        loop {
            match self.guard.try_wait() {
                Ok(Some(_)) | Err(_) => return,
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            }
            if began.elapsed() > Duration::from_secs(60) {
                eprintln!("process {} ignored SIGTERM for 60 s, killing it", self.pid);
                send("KILL", self.pid);
                let _ = self.guard.wait();
                return;
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to one process.
pub fn send(signal: &str, pid: u32) {
    let _ = Command::new("kill").args([format!("-{signal}"), pid.to_string()]).stderr(Stdio::null()).status();
}

/// Whether a process with this pid exists and is not a zombie.
pub fn is_running(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z')))
}

/// The processes whose working folder lies in `folder`: every worker of a server that lives there.
pub fn living_in(folder: &Path) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)) && is_running(pid) {
            found.push(pid);
        }
    }
    found
}

/// Runs a helper program to its end and returns its standard output.
///
/// # Panics
/// With the program's own words if it cannot be started or fails.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let out = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{program} cannot be started ({e}); `tests/run` installs what the tests need"));
    assert!(
        out.status.success(),
        "{program} {arguments:?} failed:\n{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).into_owned()
}
