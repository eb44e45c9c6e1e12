//! All integration tests in one binary; each subject is a module.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests"
)]

mod acts;
mod architecture;
mod authenticity;
mod batches;
mod cli;
mod compose;
mod config;
mod directory;
mod documents;
mod explain;
mod faults;
mod forgeries;
mod harness;
mod imap;
mod local_out;
mod machine;
mod opinion;
mod passport;
mod proofs;
mod properties;
mod real_servers;
mod records;
mod replies;
mod rulebook;
mod scenarios;
mod sentences;
mod smtp;
mod store;
mod support;
mod templates;
mod verdicts;
mod words;
