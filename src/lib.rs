//! odjava gets a phone line or eSIM cancelled by e-mail and makes sure that it really was.
//!
//! # The idea
//!
//! A case is a person's wish to cancel a mobile subscription. Mail, the clock and people say that something
//! happened; one pure function says what the case becomes and what must be done; the shell does it.
//!
//! ```text
//! event ──> decide(case, event, policy, now) ──> next case + effects ──> shell ──> event ...
//! ```
//!
//! # The map
//!
//! | where | what | may use |
//! |---|---|---|
//! | [`domain`] | the pure core: cases, events, effects, [`domain::decide::decide`], reading of replies | itself only |
//! | [`mail`] | bytes to domain types and back | domain |
//! | [`document`] | files of the holder to the copies that may leave: pixels only, scaled, marked | domain, mail |
//! | [`store`] | SQLite; nobody else knows SQL | domain |
//! | [`config`] | files to checked values | domain |
//! | [`clock`] | the one place that reads the time and draws random bytes | domain |
//! | [`engine`] | applies one event: all that follows commits together | domain, mail, store, clock |
//! | [`rulebook`] | rules and words of the configuration for the engine | domain, config, store, engine |
//! | [`explain`] | how messages are read, for people | domain, mail, config |
//! | [`daemon`] | tasks, sockets, the clock's ticking | all but rulebook, explain and cli |
//! | [`cli`] | the commands | all of the above |
//!
//! `tests/architecture.rs` holds the source to this table, and names the crates that each part may use.
//!
//! # Three flows
//!
//! 1. **Draft to sent.** `new` opens a case, renders its letters and puts the request before the holder.
//!    `approve` carries the digest of the text that was read; another text is refused. The same transaction
//!    writes the state, the journal line and the outbox row with the final bytes. [`daemon::dispatch`] connects,
//!    names sender and recipient, claims the row on disk, hands the mail over, and settles the row.
//! 2. **Mail to case.** [`daemon::imap`] stores raw bytes with their place; [`daemon::intake`] parses, matches,
//!    authenticates and classifies ([`domain::reply::read`]), and applies what the reply means. Where the holder's
//!    server says nothing of the sender, [`daemon::verify`] first asks DNS for the keys of the mail's signatures
//!    ([`mail::dkim`]). No match: a person decides.
//! 3. **Alarm to follow-up.** [`daemon::timekeeper`] rings what is due; the state is looked at again, because an
//!    alarm is a question, not an order.
//!
//! # Invariants
//!
//! - State, journal line, timers and outbox rows of one event commit together or not at all.
//! - No network call happens inside a transaction; no effect runs before its row is committed.
//! - The outbox row holds the final bytes, Date and Message-ID included. A row found half sent after a crash is
//!   first looked up by its Message-ID; if that decides nothing, the holder is asked. Never guessed.
//! - 250 means *accepted*, not delivered and not read. Only an authentic, certain confirmation, or the holder's
//!   own word, makes a case confirmed or done.
//! - Nothing goes to a carrier that a person has not approved; follow-ups are approved with the request.
//! - Timers are derived from the state ([`domain::case::Case::timers`]); the store only indexes them.

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod document;
pub mod domain;
pub mod engine;
pub mod explain;
pub mod mail;
pub mod rulebook;
pub mod store;
