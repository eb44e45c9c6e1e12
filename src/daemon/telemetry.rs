//! Logging: set up once by main. Ids and masked values only; the libraries that would log whole lines of
//! the mail protocols are kept silent at every level.

use tracing_subscriber::EnvFilter;

/// Crates whose debug and trace output holds passwords and mail bodies.
const SILENCED: [&str; 6] = ["lettre", "async_imap", "imap_proto", "rustls", "html5ever", "mail_parser"];

/// Sends log lines to standard error. `verbosity` 0 is warnings, 1 what happens, 2 details.
pub fn init(verbosity: u8, json: bool) {
    let level = match verbosity {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let mut filter = EnvFilter::new(format!("off,odjava={level}"));
    for name in SILENCED {
        if let Ok(directive) = format!("{name}=off").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second initialisation (tests) changes nothing.
    let _ = if json { builder.json().try_init() } else { builder.with_ansi(false).try_init() };
}
