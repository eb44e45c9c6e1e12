//! Peers and material shared by the integration tests.

pub mod pki;
pub mod smtp_peer;
