//! daemon

pub mod imap;
pub mod maildir_in;
pub mod tls;
