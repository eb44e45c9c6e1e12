//! Which country calling codes there are, and how long their numbers are. A small extract of libphonenumber's
//! data: all of it would be larger than the rest of the program's data together.

/// The extract; its first lines name the source.
static TABLE: &str = include_str!("numbering.txt");

/// What is known of the numbers behind one calling code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbering {
    /// The code, without plus.
    pub code: &'static str,
    /// What is dialled before a number inside the country; empty where nothing is.
    pub trunk_prefix: &'static str,
    /// Lengths of national numbers as `9` or `8-10` or `6,9`.
    lengths: &'static str,
}

impl Numbering {
    /// Whether a national number, without its trunk prefix, can have so many digits.
    #[must_use]
    pub fn has_length(&self, digits: usize) -> bool {
        self.lengths.split(',').any(|part| {
            let (least, most) = part.split_once('-').unwrap_or((part, part));
            let bound = |text: &str| text.parse::<usize>().ok();
            bound(least).is_some_and(|n| n <= digits) && bound(most).is_some_and(|n| digits <= n)
        })
    }

    /// The lengths for people: `8 to 10`, `6 or 9`.
    #[must_use]
    pub fn lengths_told(&self) -> String {
        self.lengths.replace('-', " to ").replace(',', " or ")
    }
}

/// The numbering behind a calling code.
#[must_use]
pub fn of_code(code: &str) -> Option<Numbering> {
    all().find(|n| n.code == code)
}

/// The numbering of an international number without plus. No code begins with another.
#[must_use]
pub fn of_number(digits: &str) -> Option<Numbering> {
    all().find(|n| digits.starts_with(n.code))
}

fn all() -> impl Iterator<Item = Numbering> {
    TABLE.lines().filter(|l| !l.starts_with('#')).filter_map(|line| {
        let mut fields = line.split(' ');
        let (code, _region, trunk, lengths) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        Some(Numbering { code, trunk_prefix: if trunk == "-" { "" } else { trunk }, lengths })
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_no_code_begins_with_another() {
        let codes: Vec<&str> = all().map(|n| n.code).collect();
        assert_eq!(codes.len(), TABLE.lines().filter(|l| !l.starts_with('#')).count());
        for code in &codes {
            assert!(code.parse::<u16>().is_ok_and(|n| n < 1000), "{code}");
            assert_eq!(of_number(&format!("{code}123456789")).unwrap().code, *code);
        }
    }

    #[test]
    fn lengths_are_ranges_and_lists() {
        let check = |code: &str, digits: usize, expected: bool| {
            assert_eq!(of_code(code).unwrap().has_length(digits), expected, "+{code} {digits}");
        };
        check("381", 9, true);
        check("381", 6, false);
        check("31", 9, true);
        check("31", 10, false);
        check("34", 9, true);
        check("34", 10, false);
        assert_eq!(of_code("36").unwrap().trunk_prefix, "06");
    }
}
