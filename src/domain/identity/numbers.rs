//! Numbers of a line: MSISDN, ICCID, EID, and those the carrier itself gave out.

use super::{NotAnIdentifier, identifier_text, numbering};
use serde::{Deserialize, Serialize};

/// A phone number as E.164 wants it: `+` and at most 15 digits, country code first (ITU-T E.164 §6).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Msisdn(String);

impl Msisdn {
    /// Parses a number in any usual spelling: `+381 60 123-45-67`, `00381…`, or national with the trunk
    /// prefix of the country that `country_code` (digits, no plus) names. The code must exist, and the number
    /// must be as long as numbers there are.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] naming what is wrong: letters, too short or long, no such code, or a national number
    /// without a country to read it in.
    pub fn parse(text: &str, country_code: Option<&str>) -> Result<Self, NotAnIdentifier> {
        let fail = |reason: String| NotAnIdentifier::new(text, "a phone number", reason);
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
            international_of(&digits, country)
        } else {
            return Err(fail("it has no country code; write it as +381601234567".into()));
        };
        if !(7..=15).contains(&international.len()) {
            return Err(fail("with its country code a number has 7 to 15 digits".into()));
        }
        let numbering = numbering::of_number(&international)
            .ok_or_else(|| fail("no country has such a code; write it as +381601234567".into()))?;
        let national = international.len() - numbering.code.len();
        if !numbering.has_length(national) {
            let lengths = numbering.lengths_told();
            return Err(fail(format!("after +{} come {lengths} digits, and not {national}", numbering.code)));
        }
        Ok(Self(format!("+{international}")))
    }

    /// A number that was checked before: only its shape is looked at, so that what is stored stays readable when
    /// numbering plans change.
    fn stored(text: &str) -> Result<Self, NotAnIdentifier> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let ok = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if ok { Ok(Self(text.to_owned())) } else { Self::parse(text, None) }
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

/// A number dialled inside a country, or written with its code and no plus, with the code in front.
fn international_of(digits: &str, country: &str) -> String {
    let Some(numbering) = numbering::of_code(country) else { return format!("{country}{digits}") };
    let long_enough = |national: &str| numbering.has_length(national.len());
    let without = |prefix: &str| digits.strip_prefix(prefix).filter(|_| !prefix.is_empty());
    let national = without(numbering.trunk_prefix)
        .filter(|n| long_enough(n))
        .or_else(|| without(country).filter(|n| digits.len() > 9 && long_enough(n)))
        .unwrap_or(digits);
    format!("{country}{national}")
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
        let fail = |reason: &str| NotAnIdentifier::new(text, "an ICCID", reason);
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
        let fail = |reason: &str| NotAnIdentifier::new(text, "an EID", reason);
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

/// Longest number a carrier gives out.
const CARRIER_NUMBER_CHARS_MAX: usize = 60;

/// A number that the carrier gave out: of a customer, a contract, an order.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CarrierNumber(String);

impl CarrierNumber {
    /// Parses such a number; they follow no standard.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] for anything but letters, digits and the usual marks, or without a digit.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let trimmed = text.trim();
        let ok = trimmed.chars().count() <= CARRIER_NUMBER_CHARS_MAX
            && trimmed.chars().all(|c| c.is_alphanumeric() || " -/._#".contains(c))
            && trimmed.chars().any(|c| c.is_ascii_digit());
        let reason = "it has digits, letters and - / . _ # only, at least one digit, and at most 60 characters";
        ok.then(|| Self(trimmed.to_owned())).ok_or_else(|| NotAnIdentifier::new(text, "a number of a carrier", reason))
    }
}

identifier_text!(Msisdn, Msisdn::stored);
identifier_text!(Iccid, Iccid::parse);
identifier_text!(Eid, Eid::parse);
identifier_text!(CarrierNumber, CarrierNumber::parse);

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn msisdn(text: &str, country: Option<&str>, expected: Result<&str, &str>) {
        let got = Msisdn::parse(text, country);
        match (got, expected) {
            (Ok(number), Ok(expected)) => assert_eq!(number.as_str(), expected, "{text}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (got, expected) => assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{text}"),
        }
    }

    #[test]
    fn numbers_are_read_in_the_usual_spellings() {
        msisdn("+381 60 123-45-67", None, Ok("+381601234567"));
        msisdn("00381601234567", None, Ok("+381601234567"));
        msisdn("060/123-4567", Some("381"), Ok("+381601234567"));
        msisdn("+381 (0)60 1234567", None, Ok("+381601234567"));
        msisdn("381601234567", Some("381"), Ok("+381601234567"));
        msisdn("0176 12345678", Some("49"), Ok("+4917612345678"));
        msisdn("06 20 123 4567", Some("36"), Ok("+36201234567"));
        msisdn("612 345 678", Some("34"), Ok("+34612345678"));
        msisdn("345 1234567", Some("39"), Ok("+393451234567"));
    }

    #[test]
    fn a_number_that_cannot_be_is_refused_with_the_reason() {
        msisdn("0601234567", None, Err("no country code"));
        msisdn("call me", Some("381"), Err("write it with digits"));
        msisdn("12", Some("381"), Err("7 to 15 digits"));
        msisdn("+3816012", None, Err("7 to 12 digits, and not 4"));
        msisdn("+45123", None, Err("7 to 15 digits"));
        msisdn("+45123456789", None, Err("after +45 come 8 digits, and not 9"));
        msisdn("+9991234567", None, Err("no country has such a code"));
        msisdn("+381601234567890123", None, Err("7 to 15 digits"));
    }

    #[test]
    fn an_eid_is_held_to_its_check_digits() {
        for eid in ["89034011560010000000000000000121", "8900 1012 0123 4123 4012 3456 7890 1224"] {
            assert!(Eid::parse(eid).is_ok(), "{eid}");
        }
        assert!(Eid::parse("89034011560010000000000000000122").is_err());
    }

    #[test]
    fn an_iccid_may_fail_luhn_but_must_look_like_one() {
        assert!(Iccid::parse("89450421180216254864").unwrap().luhn_ok());
        assert!(!Iccid::parse("8938103000012345674F").unwrap().luhn_ok());
        assert!(Iccid::parse("12345678901234567890").is_err());
        assert!(Iccid::parse("89381030000123456").is_err());
        assert_eq!(format!("{:?}", Iccid::parse("8938103000012345673F").unwrap()), "Iccid(***************5673)");
    }

    #[test]
    fn a_number_of_a_carrier_is_a_number() {
        assert_eq!(CarrierNumber::parse(" 555123/4 ").unwrap().to_string(), "555123/4");
        for text in ["", "none", "1\n2", "1;2", &"1".repeat(61)] {
            assert!(CarrierNumber::parse(text).is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", CarrierNumber::parse("555123/4").unwrap()), "CarrierNumber(****23/4)");
    }
}
