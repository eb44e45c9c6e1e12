//! daemon

pub mod imap;
pub mod tls;
