//! What identifies a line to its carrier: MSISDN, ICCID, EID, customer and order numbers.
//! Checked on entry, kept as text, masked whenever shown in a log, a list or an error.

use serde::{Deserialize, Serialize};
use std::fmt;

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

/// Keeps the last four characters and stars the rest, as bank letters do.
#[must_use]
pub fn masked(text: &str) -> String {
    let n = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if n > 4 && i + 4 < n && c.is_alphanumeric() { '*' } else { c }).collect()
}

/// A phone number as E.164 wants it: `+` and at most 15 digits, country code first (ITU-T E.164 §6).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Msisdn(String);

impl Msisdn {
    /// Parses a number in any usual spelling: `+381 60 123-45-67`, `00381…`, or national with a trunk
    /// `0` when `country_code` (digits, no plus) says which country is meant.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] naming what is wrong: letters, too short or long, or a national number
    /// without a country to read it in.
    pub fn parse(text: &str, country_code: Option<&str>) -> Result<Self, NotAnIdentifier> {
        let fail = |reason: String| NotAnIdentifier { text: masked(text.trim()), wanted: "a phone number", reason };
        let mut digits = String::new();
        let mut plus = false;
        for (i, c) in text.trim().replace("(0)", "").chars().enumerate() {
            match c {
                '+' | '＋' if i == 0 => plus = true,
                c if c.is_ascii_digit() => digits.push(c),
                ' ' | '-' | '/' | '.' | '(' | ')' | '\u{a0}' | '\u{2011}' | '\u{2013}' => {}
                _ => return Err(fail("write it with digits, such as +381601234567".into())),
            }
        }
        let international = if plus {
            digits
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(country) = country_code {
            match digits.strip_prefix('0') {
                Some(national) => format!("{country}{national}"),
                None if digits.starts_with(country) && digits.len() > 9 => digits,
                None => format!("{country}{digits}"),
            }
        } else {
            return Err(fail("it has no country code; write it as +381601234567".into()));
        };
        if !(8..=15).contains(&international.len()) || international.starts_with('0') {
            return Err(fail("with its country code a number has 8 to 15 digits".into()));
        }
        Ok(Self(format!("+{international}")))
    }

    /// The number with its plus.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without the plus.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

/// A SIM or eSIM profile number (ITU-T E.118): 18 to 20 digits, beginning with 89.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iccid(String);

impl Iccid {
    /// Parses an ICCID with spaces or dashes; a filler `F` at the end is dropped.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] when it does not begin with 89 or has not 18 to 20 digits.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let fail =
            |reason: &str| NotAnIdentifier { text: masked(text.trim()), wanted: "an ICCID", reason: reason.to_owned() };
        let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let digits = compact.trim_end_matches(['F', 'f']);
        if !digits.bytes().all(|b| b.is_ascii_digit()) || !(18..=20).contains(&digits.len()) {
            return Err(fail("it has 18 to 20 digits, printed on the card or shown in the phone's settings"));
        }
        if !digits.starts_with("89") {
            return Err(fail("an ICCID begins with 89"));
        }
        Ok(Self(digits.to_owned()))
    }

    /// Whether the Luhn check digit is right. Real cards exist that fail it, so this only warns.
    #[must_use]
    pub fn luhn_ok(&self) -> bool {
        let sum: u32 = self
            .0
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, b)| {
                let d = u32::from(b - b'0');
                if i % 2 == 1 { if d > 4 { d * 2 - 9 } else { d * 2 } } else { d }
            })
            .sum();
        sum.is_multiple_of(10)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of an eUICC chip (GSMA SGP.02 annex J, SGP.29): 32 digits with check value mod 97 = 1.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Eid(String);

impl Eid {
    /// Parses an EID with spaces or dashes.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] when it has not 32 digits or fails the check of ISO 7064 mod 97-10.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let fail =
            |reason: &str| NotAnIdentifier { text: masked(text.trim()), wanted: "an EID", reason: reason.to_owned() };
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail("it has 32 digits, shown in the phone's settings"));
        }
        if digits.bytes().fold(0u32, |r, b| (r * 10 + u32::from(b - b'0')) % 97) != 1 {
            return Err(fail("its check digits are wrong; please compare it once more"));
        }
        Ok(Self(digits))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! identifier_text {
    ($type:ident, $parse:expr) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), masked(&self.0))
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $type {
            type Error = NotAnIdentifier;
            fn try_from(text: String) -> Result<Self, NotAnIdentifier> {
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

identifier_text!(Msisdn, |t: &str| Msisdn::parse(t, None));
identifier_text!(Iccid, Iccid::parse);
identifier_text!(Eid, Eid::parse);

/// What a carrier may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Name of the holder as registered with the carrier.
    Name,
    /// Phone number.
    Msisdn,
    /// SIM number.
    Iccid,
    /// Chip number.
    Eid,
    /// Customer or contract number.
    CustomerNumber,
    /// Order number.
    OrderNumber,
    /// Day the contract was signed.
    ContractDate,
    /// Any of the numbers that identify the line.
    LineNumber,
    /// An address that takes such requests.
    ContactAddress,
}

impl Fact {
    /// The flag of `odjava new` and `odjava edit` that gives it.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Name => "--name",
            Self::Msisdn | Self::LineNumber => "--msisdn",
            Self::Iccid => "--iccid",
            Self::Eid => "--eid",
            Self::CustomerNumber => "--customer-number",
            Self::OrderNumber => "--order",
            Self::ContractDate => "--contract-date",
            Self::ContactAddress => "--to",
        }
    }
}

/// Everything known of the line. At least one of the numbers is there once a case leaves `collecting`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Phone number.
    pub msisdn: Option<Msisdn>,
    /// SIM or profile number.
    pub iccid: Option<Iccid>,
    /// Chip number; never sent unless a carrier asks.
    pub eid: Option<Eid>,
    /// Customer, account or contract number at the carrier.
    pub customer_number: Option<String>,
    /// Order number of a travel-eSIM purchase.
    pub order_number: Option<String>,
    /// Day the contract was signed.
    pub contract_date: Option<super::Date>,
}

impl Line {
    /// The identifier a person would call the line by, masked.
    #[must_use]
    pub fn label_masked(&self) -> String {
        let text = self
            .msisdn
            .as_ref()
            .map(Msisdn::as_str)
            .or(self.iccid.as_ref().map(Iccid::as_str))
            .or(self.customer_number.as_deref())
            .or(self.order_number.as_deref())
            .unwrap_or("-");
        masked(text)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn msisdn(text: &str, country: Option<&str>, expected: Option<&str>) {
        assert_eq!(Msisdn::parse(text, country).ok().as_ref().map(Msisdn::as_str), expected, "{text}");
    }

    #[test]
    fn numbers_are_read_in_the_usual_spellings() {
        msisdn("+381 60 123-45-67", None, Some("+381601234567"));
        msisdn("00381601234567", None, Some("+381601234567"));
        msisdn("060/123-4567", Some("381"), Some("+381601234567"));
        msisdn("+381 (0)60 1234567", None, Some("+381601234567"));
        msisdn("381601234567", Some("381"), Some("+381601234567"));
        msisdn("0601234567", None, None);
        msisdn("call me", Some("381"), None);
        msisdn("12", Some("381"), None);
    }

    #[test]
    fn an_eid_is_held_to_its_check_digits() {
        assert!(Eid::parse("89034011560010000000000000000121").is_ok());
        assert!(Eid::parse("89034011560010000000000000000122").is_err());
    }

    #[test]
    fn an_iccid_may_fail_luhn_but_must_look_like_one() {
        assert!(Iccid::parse("89450421180216254864").unwrap().luhn_ok());
        assert!(Iccid::parse("12345678901234567890").is_err());
        assert_eq!(format!("{:?}", Iccid::parse("8938103000012345673F").unwrap()), "Iccid(***************5673)");
    }
}
