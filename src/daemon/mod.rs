//! The daemon. The only folder with tokio and sockets; called by main.

pub mod imap;
pub mod smtp;
pub mod tls;
