//! The pure core: what a case is, what can happen to it, and what follows.
//!
//! Layer rule: nothing in this folder reads a clock, draws randomness, does I/O, logs, or knows SQL,
//! sockets or async. Time and facts arrive as arguments. Anyone may call it; it calls no sibling folder.

pub mod address;
pub mod carrier;
pub mod case;
pub mod decide;
pub mod document;
pub mod draft;
pub mod effect;
pub mod event;
pub mod holidays;
pub mod identity;
pub mod letter;
pub mod policy;
pub mod reply;
pub mod schedule;

/// An instant on the UTC time line.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// A calendar day without a time zone; what it means is said where it is used.
pub type Date = chrono::NaiveDate;

/// How sure an address, a rule or a mark in the carrier directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Seen on the carrier's own page or in a public register.
    Verified,
    /// Seen in a reputable or repeated secondary source.
    SecondHand,
    /// Plausible, never checked against a source.
    Unverified,
    /// Once true of a former brand or an old page; never used for sending.
    Obsolete,
}

impl Standing {
    /// The name used in files and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::SecondHand => "second_hand",
            Self::Unverified => "unverified",
            Self::Obsolete => "obsolete",
        }
    }
}
