//! Files to checked values.

pub mod account;
pub mod lexicon;
