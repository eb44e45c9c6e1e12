//! Bytes and domain types; no sockets, no clock. Called by daemon, engine and `explain`.
//! Here: the limits that the modules below share.

pub mod arc;
pub mod auth_results;
pub mod author;
mod charset;
pub mod compose;
pub mod dkim;
pub mod html;
pub mod parse;
pub mod pdf;
pub mod redact;
pub mod report;
mod text;

/// Parts of one mail that are looked at.
pub const PARTS_MAX: usize = 200;
/// Bytes of visible text that are read.
pub const TEXT_MAX: usize = 1 << 20;
/// Header fields that are looked at.
pub const HEADERS_MAX: usize = 1_000;
/// Message ids taken from References or In-Reply-To.
pub const IDS_MAX: usize = 200;

/// Bytes as text in a charset of any usual name; `None` where nobody knows the name.
#[must_use]
pub fn text_in_charset(name: &str, bytes: &[u8]) -> Option<String> {
    charset::decode(name, bytes)
}
