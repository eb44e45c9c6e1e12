//! What the integration tests stand on: real mail servers on loopback, a carrier to talk to, faults on demand.
//! No test lives here; the proofs that this works are in `tests/harness.rs`.
#![allow(dead_code, reason = "each test module uses its own part of the harness")]

pub mod authority;
pub mod carrier;
pub mod dovecot;
pub mod home;
pub mod imap_peer;
pub mod name_server;
pub mod pki;
pub mod postfix;
pub mod process;
pub mod proxy;
pub mod servers;
pub mod signing;
pub mod smtp_peer;
pub mod stub_reader;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// How long the harness itself waits for a server to come up, to go away, or to deliver a mail.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks `look` again and again until it answers, and returns the answer.
///
/// The only place in the tests that lets time pass: state that lives in another process (files, sockets)
/// sends us no event.
///
/// # Panics
/// Names `what` when `patience` is over.
pub fn wait_until<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < patience, "waited {patience:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// Reserves a loopback port that nobody listens on and that this process has not handed out before.
///
/// Ports come from below the range the kernel uses for outgoing connections (`ip_local_port_range`, from 32768),
/// so that a stopped server finds its port still free when it is started again.
pub fn free_port() -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two test processes on one machine begin at different places.
    let start = std::process::id().wrapping_mul(97) % u32::from(COUNT);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from((start + step) % u32::from(COUNT)).expect("below 20000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free loopback port between {FIRST} and {}", FIRST + COUNT);
}
