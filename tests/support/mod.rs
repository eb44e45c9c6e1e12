//! Peers and material shared by the integration tests.

pub mod imap_peer;
