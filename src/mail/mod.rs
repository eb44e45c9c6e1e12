//! mail

pub mod compose;
