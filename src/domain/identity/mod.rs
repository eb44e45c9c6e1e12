//! What identifies a line and its holder to a carrier: numbers of the line (`numbers`), of the person
//! (`personal`), names in other scripts (`script`). Checked on entry, kept as text, masked whenever shown in a
//! log, a list or an error.

mod line;
mod numbering;
mod numbers;
mod personal;
mod script;

pub use line::{Fact, Line};
pub use numbers::{CarrierNumber, Eid, Iccid, Msisdn};
pub use personal::{HolderName, PassportNumber, PersonalNumber, PostalAddress};
pub use script::in_other_script;

/// Why a text is no identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}: {reason}")]
pub struct NotAnIdentifier {
    /// What was given, masked.
    pub text: String,
    /// "a phone number", "an ICCID" ...
    pub wanted: &'static str,
    /// What is wrong and how it should look.
    pub reason: String,
}

impl NotAnIdentifier {
    fn new(text: &str, wanted: &'static str, reason: impl Into<String>) -> Self {
        let shown: String = text.trim().chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { text: masked(&shown), wanted, reason: reason.into() }
    }
}

/// Stars all but the last characters, as bank letters do: four are left of a long number, a third of a short one.
#[must_use]
pub fn masked(text: &str) -> String {
    let n = text.chars().count();
    let left = if n >= 8 { 4 } else { n / 3 };
    text.chars().enumerate().map(|(i, c)| if i + left < n && c.is_alphanumeric() { '*' } else { c }).collect()
}

/// `Debug` masks, `Display` is the text, serde goes through the text.
macro_rules! identifier_text {
    ($type:ident, $parse:expr) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($type), $crate::domain::identity::masked(&self.0))
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::ops::Deref for $type {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $type {
            type Error = $crate::domain::identity::NotAnIdentifier;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                $parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.0
            }
        }
    };
}
use identifier_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_left_of_what_is_masked() {
        for (text, expected) in [
            ("+381601234567", "+********4567"),
            ("4711", "***1"),
            ("12", "**"),
            ("A-1234", "*-**34"),
            ("89381030000", "*******0000"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
