//! Files to checked values.

pub mod account;
