//! The one place that reads the time and draws random bytes. Everything else is handed both.

use crate::domain::Timestamp;
use chrono::{SubsecRound, TimeDelta};
use std::sync::Mutex;

/// Time and randomness.
pub trait Clock: Send + Sync {
    /// The present instant, to the millisecond (what the store keeps).
    fn now(&self) -> Timestamp;
    /// Sixteen unpredictable bytes.
    fn random(&self) -> [u8; 16];
}

/// The machine's clock and its random source.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        chrono::Utc::now().trunc_subsecs(3)
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // A machine without a random source cannot have unguessable names; going on would be unsafe.
        let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
        if filled.is_err() {
            std::process::abort();
        }
        bytes
    }
}

/// A clock that stands still until it is moved, with numbered instead of random bytes: for tests and
/// for `odjava demo`.
#[derive(Debug)]
pub struct VirtualClock {
    inner: Mutex<(Timestamp, u64)>,
}

impl VirtualClock {
    /// A clock standing at `start`; `seed` sets its byte sequence.
    #[must_use]
    pub fn new(start: Timestamp, seed: u64) -> Self {
        Self { inner: Mutex::new((start, seed)) }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, (Timestamp, u64)> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Moves the clock on.
    pub fn advance(&self, by: TimeDelta) {
        self.locked().0 += by;
    }

    /// Sets the clock.
    pub fn set(&self, to: Timestamp) {
        self.locked().0 = to;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.locked().0
    }

    fn random(&self) -> [u8; 16] {
        let mut inner = self.locked();
        inner.1 = inner.1.wrapping_add(1);
        let hash = ring::digest::digest(&ring::digest::SHA256, &inner.1.to_be_bytes());
        let mut out = [0; 16];
        out.copy_from_slice(hash.as_ref().get(..16).unwrap_or(&[0; 16]));
        out
    }
}
