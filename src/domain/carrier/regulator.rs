//! Who supervises carriers, and the terms that a law or a contract sets. A regulator has a record of its own;
//! its country's law holds for every carrier there.

use super::super::Date;
use super::super::address::Address;
use super::{Source, Sourced};
use serde::{Deserialize, Serialize};

/// A supervisor of carriers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regulator {
    /// Id such as `ratel`.
    pub id: String,
    /// Full name.
    pub name: String,
    /// What people call it.
    pub short_name: String,
    /// Other spellings and scripts.
    pub aliases: Vec<String>,
    /// ISO 3166-1 alpha-2 code of the country whose carriers it supervises.
    pub country: String,
    /// Post.
    pub address: Option<String>,
    /// E-mail.
    pub email: Option<Address>,
    /// Page for complaints.
    pub url: Option<String>,
    /// Phone, with its hours.
    pub phone: Option<String>,
    /// What a complaint must hold to be complete.
    pub wants: Vec<String>,
    /// Where name and places were read.
    pub source: Source,
    /// Terms of the country's law; a carrier's own term of the same kind goes before.
    pub terms: Vec<Term>,
    /// What else a holder should know before turning to it.
    pub good_to_know: Vec<Sourced>,
    /// Day after which the record should be looked at again.
    pub check_again: Option<Date>,
}

impl Regulator {
    /// Where it is reached, best first.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        let email = self.email.as_ref().map(Address::as_str);
        [email, self.url.as_deref(), self.address.as_deref(), self.phone.as_deref()].into_iter().flatten().collect()
    }
}

/// A number of days that law or contract sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// What it limits.
    pub kind: TermKind,
    /// How many days.
    pub days: u32,
    /// Whether only working days count; calendar days otherwise.
    pub working_days: bool,
    /// The rule that sets it, as lawyers cite it, or the contract.
    pub law: Option<String>,
    /// Further words.
    pub note: Option<String>,
    /// Where it was read.
    pub source: Source,
}

/// What a term limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// Longest notice period.
    Notice,
    /// The carrier's decision on a termination.
    Decision,
    /// The carrier's answer to a complaint.
    Complaint,
    /// Going to the regulator after that.
    Regulator,
}

impl TermKind {
    /// All, with their names in files and JSON.
    pub const ALL: [(&'static str, Self); 4] = [
        ("notice", Self::Notice),
        ("decision", Self::Decision),
        ("complaint", Self::Complaint),
        ("regulator", Self::Regulator),
    ];
}
