//! odjava gets a phone line or eSIM cancelled by e-mail and makes sure that it really was.

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod domain;
pub mod engine;
pub mod explain;
pub mod mail;
pub mod rulebook;
pub mod store;
