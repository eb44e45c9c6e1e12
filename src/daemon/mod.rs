//! daemon

pub mod local_out;
pub mod smtp;
pub mod tls;
