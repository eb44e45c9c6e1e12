//! The daemon. The only folder with tokio and sockets; called by main.

pub mod imap;
pub mod local_out;
pub mod maildir_in;
pub mod smtp;
pub mod tls;
