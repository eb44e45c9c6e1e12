//! A name in the other script of Serbian. Letters convert one to one but for lj, nj and dž; a name with letters
//! that Serbian has not is left as it is, because nobody can know how an office wrote it.

/// Latin letters and pairs with their Cyrillic ones (Pravopis srpskoga jezika: the two alphabets of 30 letters).
const PAIRS: [(&str, char); 30] = [
    ("lj", 'љ'),
    ("nj", 'њ'),
    ("dž", 'џ'),
    ("a", 'а'),
    ("b", 'б'),
    ("v", 'в'),
    ("g", 'г'),
    ("d", 'д'),
    ("đ", 'ђ'),
    ("e", 'е'),
    ("ž", 'ж'),
    ("z", 'з'),
    ("i", 'и'),
    ("j", 'ј'),
    ("k", 'к'),
    ("l", 'л'),
    ("m", 'м'),
    ("n", 'н'),
    ("o", 'о'),
    ("p", 'п'),
    ("r", 'р'),
    ("s", 'с'),
    ("t", 'т'),
    ("ć", 'ћ'),
    ("u", 'у'),
    ("f", 'ф'),
    ("h", 'х'),
    ("c", 'ц'),
    ("č", 'ч'),
    ("š", 'ш'),
];

/// The name in Cyrillic if it is in Latin letters, and in Latin letters if it is in Cyrillic; `None` for a name
/// that has letters of neither alphabet, or of both.
#[must_use]
pub fn in_other_script(name: &str) -> Option<String> {
    use unicode_normalization::UnicodeNormalization;
    // Composed, so that a c with a caron of its own is one letter.
    let name: String = name.nfc().collect();
    let is_cyrillic = name.chars().any(|c| PAIRS.iter().any(|(_, cyrillic)| c.to_lowercase().eq([*cyrillic])));
    let other = if is_cyrillic { to_latin(&name) } else { to_cyrillic(&name) }?;
    (other != name).then_some(other)
}

fn to_latin(name: &str) -> Option<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        let lower = c.to_lowercase().next()?;
        match PAIRS.iter().find(|(_, cyrillic)| *cyrillic == lower) {
            Some((latin, _)) if *c == lower => out.push_str(latin),
            // ЉУБА becomes LJUBA, Љуба becomes Ljuba.
            Some((latin, _)) => {
                let shouts = |at: Option<usize>| at.and_then(|i| chars.get(i)).filter(|c| c.is_alphabetic());
                let next = shouts(i.checked_add(1)).or_else(|| shouts(i.checked_sub(1)));
                let all = next.is_some_and(|n| n.is_uppercase());
                out.extend(latin.chars().enumerate().flat_map(|(at, l)| {
                    let upper = at == 0 || all;
                    if upper { l.to_uppercase().collect::<Vec<_>>() } else { vec![l] }
                }));
            }
            None if c.is_alphabetic() => return None,
            None => out.push(*c),
        }
    }
    Some(out)
}

fn to_cyrillic(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if !c.is_alphabetic() {
            out.push(c);
            rest = rest.get(c.len_utf8()..)?;
            continue;
        }
        // The pairs come first in the table. That nj is two letters in a few words (injekcija) hardly concerns names.
        let (latin, cyrillic) = PAIRS.iter().find(|(latin, _)| {
            let mut chars = rest.chars().flat_map(char::to_lowercase);
            latin.chars().all(|l| chars.next() == Some(l))
        })?;
        if c.is_uppercase() {
            out.extend(cyrillic.to_uppercase())
        } else {
            out.push(*cyrillic)
        }
        let length: usize = rest.chars().take(latin.chars().count()).map(char::len_utf8).sum();
        rest = rest.get(length..)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(in_other_script(name).as_deref(), expected, "{name}");
    }

    #[test]
    fn serbian_names_have_two_scripts() {
        for (latin, cyrillic) in [
            ("Petar Petrović", "Петар Петровић"),
            ("Ljubica Njegovan-Džajić", "Љубица Његован-Џајић"),
            ("ĐORĐE LJUBIŠIĆ", "ЂОРЂЕ ЉУБИШИЋ"),
        ] {
            check(latin, Some(cyrillic));
            check(cyrillic, Some(latin));
        }
        check("Nikola S\u{30c}ic\u{301}", Some("Никола Шић"));
    }

    #[test]
    fn other_names_are_left_alone() {
        check("Li Wei", None);
        check("李伟", None);
        check("Max Müller", None);
        check("Юрий", None);
        check("", None);
    }
}
