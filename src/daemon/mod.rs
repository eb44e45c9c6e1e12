//! daemon

pub mod tls;
