//! Numbers, names and addresses of the holder. They go to a carrier only where its record asks for them.

use super::{NotAnIdentifier, identifier_text};
use crate::domain::Date;
use serde::{Deserialize, Serialize};

/// A JMBG, the personal number of a citizen, or an EBS, that of a registered foreigner: 13 digits, the first
/// seven of them the day of birth.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonalNumber(String);

impl PersonalNumber {
    /// Parses it, with spaces or dashes.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] when it has not 13 digits or begins with no day.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let fail = |reason: &str| NotAnIdentifier::new(text, "a JMBG or EBS", reason);
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.len() != 13 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail("it has 13 digits"));
        }
        if born_on(&digits).is_none() {
            return Err(fail("its first digits are the day of birth, as DDMMYYY"));
        }
        Ok(Self(digits))
    }

    /// Whether the check digit fits. Only a warning: whether every EBS carries one is not established.
    ///
    /// Weights 7 6 5 4 3 2 twice, 11 less the remainder by 11, and 0 for 10 and 11 (dpavlin, gist 473799; the
    /// same in python-stdnum, ba/jmbg).
    #[must_use]
    pub fn check_ok(&self) -> bool {
        let weights = [7, 6, 5, 4, 3, 2].into_iter().cycle().take(12);
        let mut digits = self.0.bytes().map(|b| u32::from(b - b'0'));
        let sum: u32 = weights.zip(digits.by_ref()).map(|(w, d)| w * d).sum();
        let check = match 11 - sum % 11 {
            10 | 11 => 0,
            k => k,
        };
        self.0.bytes().last().is_some_and(|b| u32::from(b - b'0') == check)
    }
}

/// The year has its last three digits only: 1900 and later for 8 and 9 in front, else this millennium.
fn born_on(digits: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let year = part(4..7)?;
    let year = if year >= 800 { 1000 + year } else { 2000 + year };
    Date::from_ymd_opt(i32::try_from(year).ok()?, part(2..4)?, part(0..2)?)
}

/// The number of a passport or other travel document.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PassportNumber(String);

impl PassportNumber {
    /// Parses it: letters and digits, kept in upper case.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] for anything else, or without a digit.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let compact: String =
            text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        let ok = (5..=20).contains(&compact.len())
            && compact.bytes().all(|b| b.is_ascii_alphanumeric())
            && compact.bytes().any(|b| b.is_ascii_digit());
        let reason = "it has 5 to 20 letters and digits, as printed on the page with the photograph";
        ok.then_some(Self(compact)).ok_or_else(|| NotAnIdentifier::new(text, "a passport number", reason))
    }
}

/// A postal address on one line, its parts set off by commas.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PostalAddress(String);

impl PostalAddress {
    /// Parses an address; lines are joined by commas.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] when nothing is left, or more than 200 characters, or control characters.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let lines: Vec<&str> = text.lines().map(|l| l.trim().trim_end_matches(',')).filter(|l| !l.is_empty()).collect();
        let reason = "write street, number, postcode and town, in at most 200 characters";
        line_of_text(&lines.join(", ")).map(Self).ok_or_else(|| NotAnIdentifier::new(text, "a postal address", reason))
    }
}

/// The name of a holder, as some carrier may have it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HolderName(String);

impl HolderName {
    /// Parses a name in any script.
    ///
    /// # Errors
    /// [`NotAnIdentifier`] for line breaks and control characters, marks that turn the writing around, more than
    /// 200 characters, or no letter.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let reason = "write it as one line with letters, in at most 200 characters";
        line_of_text(text)
            .filter(|name| name.chars().any(char::is_alphabetic))
            .map(Self)
            .ok_or_else(|| NotAnIdentifier::new(text, "a name", reason))
    }
}

/// A text without surrounding and doubled blanks, if it is one harmless line.
fn line_of_text(text: &str) -> Option<String> {
    // Zero width and direction marks (U+200B-U+200F, U+202A-U+202E, U+2066-U+2069) show one text and hold another.
    let is_hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.chars().count() > 200 || trimmed.chars().any(|c| c.is_control() || is_hidden(c)) {
        return None;
    }
    Some(trimmed.split_whitespace().collect::<Vec<_>>().join(" "))
}

identifier_text!(PersonalNumber, PersonalNumber::parse);
identifier_text!(PassportNumber, PassportNumber::parse);
identifier_text!(PostalAddress, PostalAddress::parse);
identifier_text!(HolderName, HolderName::parse);

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_personal_number_has_a_day_and_a_check_digit() {
        let check = |text: &str, expected: Option<bool>| {
            assert_eq!(PersonalNumber::parse(text).ok().map(|n| n.check_ok()), expected, "{text}");
        };
        // Invented: 1 January 2006, region 50, serial 0; 31 December 1899 is no birthday of a living holder.
        check("0101006500006", Some(true));
        check("010100 650000-6", Some(true));
        check("0101006500007", Some(false));
        check("3102990500003", None);
        check("0113990500003", None);
        check("010100650000", None);
        check("01010065000O6", None);
        assert_eq!(format!("{:?}", PersonalNumber::parse("0101006500006").unwrap()), "PersonalNumber(*********0006)");
    }

    #[test]
    fn a_passport_number_is_letters_and_digits() {
        assert_eq!(PassportNumber::parse(" e 1234-5678").unwrap().to_string(), "E12345678");
        for text in ["", "1234", "PASSPORT", "E1234567\u{410}", &"1".repeat(21)] {
            assert!(PassportNumber::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_one_line() {
        assert_eq!(PostalAddress::parse("Ulica 1,\r\n11000 Beograd\n").unwrap().to_string(), "Ulica 1, 11000 Beograd");
        assert!(PostalAddress::parse(" \n ").is_err());
        assert!(PostalAddress::parse("Ulica\u{0} 1").is_err());
    }

    #[test]
    fn a_name_is_one_line_of_letters_in_any_script() {
        for text in ["Li Wei", "李伟", "Петар Петровић", "O'Neill-Jović"] {
            assert_eq!(HolderName::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "A\nBcc: x", "A\u{202e}B", "A\u{7}", "123", &"a".repeat(201)] {
            assert!(HolderName::parse(text).is_err(), "{text:?}");
        }
    }
}
