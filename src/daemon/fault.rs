//! Stops the process at a named point, for the tests that prove that no stop loses or doubles anything.
//! Without the environment variable it does nothing.

use std::sync::OnceLock;

/// Names the point at which to stop, `NAME` or `NAME:N` for the N-th time it is passed.
pub const VARIABLE: &str = "ODJAVA_STOP_AT";

/// Ends the process without any clean-up, as a power cut would, when this point was asked for.
pub fn point(name: &str) {
    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var(VARIABLE).ok()?;
        let (point, count) = text.split_once(':').unwrap_or((text.as_str(), "1"));
        Some((point.to_owned(), count.parse().unwrap_or(1)))
    });
    if let Some((point, count)) = wanted
        && point == name
        && PASSED.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == *count
    {
        std::process::abort();
    }
}
