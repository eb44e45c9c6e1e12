//! Names of glyphs to characters: ASCII, letters with accents composed from their parts, Cyrillic by its old numbers,
//! and Unicode values written out. Called by the font reader.

/// Accents, each with the letters that take it and what comes out.
const ACCENTS: &[(&str, &str)] = &[
    ("caron", "cčsšzžCČSŠZŽdďtťnňrřeěDĎTŤNŇRŘEĚlľLĽaǎgǧ"),
    ("acute", "aáeéiíoóuúyýcćnńsśzźlĺrŕAÁEÉIÍOÓUÚYÝCĆNŃSŚZŹLĹRŔ"),
    ("grave", "aàeèiìoòuùAÀEÈIÌOÒUÙ"),
    ("circumflex", "aâeêiîoôuûAÂEÊIÎOÔUÛwŵyŷ"),
    ("dieresis", "aäeëiïoöuüyÿAÄEËIÏOÖUÜYŸ"),
    ("tilde", "aãnñoõAÃNÑOÕ"),
    ("cedilla", "cçsşCÇSŞtţTŢ"),
    ("commaaccent", "sșSȘtțTȚgģkķlļnņrŗ"),
    ("ring", "aåuůAÅUŮ"),
    ("ogonek", "aąeęiįuųAĄEĘIĮUŲ"),
    ("hungarumlaut", "oőuűOŐUŰ"),
    ("breve", "aăgğAĂGĞuŭ"),
    ("dotaccent", "zżeėcċZŻEĖIİ"),
    ("macron", "aāeēiīoōuūAĀEĒIĪOŌUŪ"),
    ("slash", "oølłOØLŁ"),
];

/// Names, each with its character behind it.
const NAMES: &str = " exclam ! quotedbl \" numbersign # dollar $ percent % ampersand & quotesingle ' parenleft ( \
    parenright ) asterisk * plus + comma , hyphen - minus − period . slash / zero 0 one 1 two 2 three 3 four 4 five 5 \
    six 6 seven 7 eight 8 nine 9 colon : semicolon ; less < equal = greater > question ? at @ bracketleft [ backslash \\ \
    bracketright ] asciicircum ^ underscore _ grave ` braceleft { bar | braceright } asciitilde ~ quoteleft ‘ quoteright ’ \
    quotedblleft “ quotedblright ” quotedblbase „ quotesinglbase ‚ guillemotleft « guillemotright » guilsinglleft ‹ \
    guilsinglright › endash – emdash — bullet • ellipsis … dagger † section § degree ° copyright © registered ® \
    trademark ™ germandbls ß ae æ AE Æ oe œ OE Œ dcroat đ Dcroat Đ dmacron đ Dmacron Đ dslash đ Dslash Đ eth ð Eth Ð \
    thorn þ Thorn Þ dotlessi ı Euro € euro € sterling £ yen ¥ cent ¢ periodcentered · middot · exclamdown ¡ \
    questiondown ¿ ordfeminine ª ordmasculine º multiply × divide ÷ plusminus ± paragraph ¶ onehalf ½ fraction ⁄ \
    afii61352 № afii10145 Џ afii10193 џ sfthyphen - minute ′ ";

/// The characters of a glyph.
pub(super) fn characters(name: &str) -> Option<String> {
    // Variants such as `a.alt` are the same letter.
    let name = name.split_once('.').filter(|(base, _)| !base.is_empty()).map_or(name, |(base, _)| base);
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => return Some(only.to_string()),
        (None, _) => return None,
        _ => {}
    }
    match name {
        "space" | "nbspace" | "nonbreakingspace" => return Some(" ".to_owned()),
        "fi" | "fl" | "ff" | "ffi" | "ffl" => return Some(name.to_owned()),
        "f_i" | "f_l" | "f_f" | "t_t" => return Some(name.replace('_', "")),
        _ => {}
    }
    let found = NAMES.find(&format!(" {name} ")).and_then(|at| NAMES.get(at + name.len() + 2..)?.chars().next());
    found.or_else(|| accented(name)).or_else(|| cyrillic(name)).or_else(|| written_out(name)).map(String::from)
}

fn accented(name: &str) -> Option<char> {
    let base = name.chars().next()?;
    let accent = name.get(base.len_utf8()..)?;
    let (_, pairs) = ACCENTS.iter().find(|(a, _)| *a == accent)?;
    let mut chars = pairs.chars();
    while let (Some(letter), Some(whole)) = (chars.next(), chars.next()) {
        if letter == base {
            return Some(whole);
        }
    }
    None
}

/// `afii10017` and the like: the Cyrillic letters in their order, Ё after Е.
fn cyrillic(name: &str) -> Option<char> {
    const MORE: [char; 13] = ['Ґ', 'Ђ', 'Ѓ', 'Є', 'Ѕ', 'І', 'Ї', 'Ј', 'Љ', 'Њ', 'Ћ', 'Ќ', 'Ў'];
    let number: u32 = name.strip_prefix("afii")?.parse().ok()?;
    let (number, is_lower) = if number >= 10_065 { (number - 48, true) } else { (number, false) };
    let upper = match number {
        10_017..=10_022 => char::from_u32(0x410 + number - 10_017),
        10_023 => Some('Ё'),
        10_024..=10_049 => char::from_u32(0x410 + number - 10_018),
        10_050..=10_062 => MORE.get(number as usize - 10_050).copied(),
        _ => None,
    }?;
    if is_lower { upper.to_lowercase().next() } else { Some(upper) }
}

/// `uni0107`, `u1F600`.
fn written_out(name: &str) -> Option<char> {
    let digits = name.strip_prefix("uni").or_else(|| name.strip_prefix('u'))?;
    let digits = digits.get(..digits.len().min(6))?;
    let digits = if name.starts_with("uni") { digits.get(..4)? } else { digits };
    char::from_u32(u32::from_str_radix(digits, 16).ok()?).filter(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_their_letters() {
        for (name, expected) in [
            ("ccaron", "č"),
            ("Dcroat", "Đ"),
            ("afii10049", "Я"),
            ("afii10097", "я"),
            ("afii10099", "ђ"),
            ("afii10058", "Љ"),
            ("uni017E", "ž"),
            ("A", "A"),
            ("ffi", "ffi"),
            ("udieresis", "ü"),
            ("ogonek", "\0"),
        ] {
            assert_eq!(characters(name).as_deref().unwrap_or("\0"), expected, "{name}");
        }
    }
}
