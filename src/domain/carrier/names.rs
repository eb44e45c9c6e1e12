//! Names as people type them: one spelling for every script, so that a search finds them. Called by the
//! directory's search.

/// A name without case, diacritics, script and punctuation, so that `Телеком Србија`, `TELEKOM-SRBIJA` and
/// `telekom srbija` are one.
#[must_use]
pub fn fold_name(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        match latin_of(c) {
            Some(latin) => out.push_str(latin),
            None => {
                out.extend(c.nfd().filter(|d| !unicode_normalization::char::is_combining_mark(*d)).filter_map(kept))
            }
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Letters and digits stay, word separators become a space, `:` and the like vanish (`m:ts`).
fn kept(c: char) -> Option<char> {
    match c {
        'đ' => Some('d'),
        'ø' => Some('o'),
        'ł' => Some('l'),
        c if c.is_alphanumeric() => Some(c),
        c if c.is_whitespace() || matches!(c, '-' | '_' | '/') => Some(' '),
        _ => None,
    }
}

/// Letters that become others or several: Cyrillic to Latin without diacritics, as people type it.
fn latin_of(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' | 'ђ' => "d",
        'е' => "e",
        'ж' | 'з' => "z",
        'и' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' | 'ш' => "s",
        'т' => "t",
        'ћ' | 'ц' | 'ч' => "c",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'џ' => "dz",
        // Bulgarian and Russian.
        'й' => "i",
        'щ' => "st",
        'ъ' | 'ь' => "",
        'ы' => "y",
        'э' => "e",
        'ю' => "ju",
        'я' => "ja",
        // German.
        'ß' => "ss",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_in_every_script() {
        for (text, expected) in [
            ("Телеком Србија", "telekom srbija"),
            ("TELEKOM-SRBIJA", "telekom srbija"),
            ("m:ts", "mts"),
            ("Јетел", "jetel"),
            ("А1 Србија", "a1 srbija"),
            ("Đorđe", "dorde"),
            ("Виваком", "vivakom"),
            ("Österreich", "osterreich"),
            ("Telefónica", "telefonica"),
            ("塞尔维亚电信", "塞尔维亚电信"),
        ] {
            assert_eq!(fold_name(text), expected);
        }
    }
}
