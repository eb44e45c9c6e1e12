//! Bytes of a text part to characters where the declared character set is missing or false: the letters that come out
//! decide. Called by `mail::text` and for the characters of single-byte fonts.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Bytes that a guess looks at.
const SAMPLE: usize = 20_000;

/// Decodes by the name of a character set; `None` if nobody knows it.
pub(super) fn decode(name: &str, bytes: &[u8]) -> Option<String> {
    charset_decoder(name.as_bytes()).map(|decode| decode(bytes))
}

/// The text of a part, when what was declared does not fit its bytes; `None` when `decoded` is right.
pub(super) fn mended(decoded: &str, declared: Option<&str>, bytes: &[u8]) -> Option<String> {
    if bytes.is_ascii() {
        return None;
    }
    let name = declared.unwrap_or_default().trim().to_ascii_lowercase().replace('_', "-");
    let is_utf8 = std::str::from_utf8(bytes);
    if matches!(name.as_str(), "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "unknown-8bit" | "8bit" | "x-unknown")
        || charset_decoder(name.as_bytes()).is_none()
    {
        return match is_utf8 {
            Ok(text) => (text != decoded).then(|| text.to_owned()),
            Err(_) => Some(guessed(bytes)),
        };
    }
    let is_single_byte =
        ["windows", "iso-8859", "latin", "koi8", "ibm", "cp12", "mac"].iter().any(|p| name.starts_with(p));
    if is_single_byte {
        // By chance a text in a single-byte set is hardly ever well-formed UTF-8.
        if let Ok(text) = is_utf8 {
            return Some(text.to_owned());
        }
        let is_western = matches!(name.as_str(), "iso-8859-1" | "windows-1252" | "latin1" | "iso-8859-15" | "cp1252");
        // Programs of the Balkans that declare the western set and write the central European one.
        return (is_western && !is_dense(bytes)).then(|| central(bytes)).flatten();
    }
    decoded.contains('\u{fffd}').then(|| guessed(bytes))
}

/// The most likely text of bytes that are not UTF-8.
pub(super) fn guessed(bytes: &[u8]) -> String {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    if is_mostly_utf8(sample) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut best = (0.0, "");
    for name in ["gb18030", "big5"] {
        let score = chinese(name, sample);
        if score > 0.85 && score > best.0 {
            best = (score, name);
        }
    }
    if is_dense(sample) {
        for name in ["windows-1251", "koi8-r", "iso-8859-5"] {
            let score = decode(name, sample).map_or(0.0, |text| cyrillic(&text));
            if score > 0.6 && score > best.0 {
                best = (score, name);
            }
        }
    }
    let name = match best.1 {
        "" if central(sample).is_some() => return central(bytes).unwrap_or_default(),
        "" => "windows-1252",
        name => name,
    };
    decode(name, bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Whether a broken character or two are all that is not UTF-8.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 4 * bad
}

/// Whether bytes above 127 stand in runs, as they do where they are the alphabet and not its accents.
fn is_dense(bytes: &[u8]) -> bool {
    let (mut in_runs, mut all) = (0, 0);
    for run in bytes.split(u8::is_ascii) {
        all += run.len();
        in_runs += if run.len() >= 3 { run.len() } else { 0 };
    }
    in_runs * 2 > all
}

/// Share of the characters that are common ones; 0 if there are impossible ones.
fn chinese(name: &str, bytes: &[u8]) -> f32 {
    let (mut common, mut all) = (0, 0);
    let mut rest = bytes.iter().copied();
    while let Some(lead) = rest.next() {
        if lead < 0x80 {
            continue;
        }
        let Some(trail) = rest.next() else { break };
        all += 1;
        common += match (name, lead, trail) {
            (_, _, 0..=0x3f | 0x7f | 0xff) => return 0.0,
            ("gb18030", 0xa1..=0xa3 | 0xb0..=0xd7, 0xa1..) => 1,
            ("big5", 0xa1..=0xc6, 0x40..=0x7e | 0xa1..) => 1,
            _ => 0,
        };
    }
    if all == 0 { 0.0 } else { common as f32 / all as f32 }
}

/// Share of the letters that stand in words of likely case.
fn cyrillic(text: &str) -> f32 {
    let (mut good, mut all) = (0i32, 0i32);
    let mut before = ' ';
    for c in text.chars() {
        if !c.is_ascii() {
            all += 1;
            let is_letter = ('\u{400}'..='\u{45f}').contains(&c);
            good += match (is_letter, c.is_lowercase(), before.is_alphabetic(), before.is_lowercase()) {
                (true, true, _, _) => 1,
                (true, false, true, true) => -2,
                // All in capitals is rarer than all in the small letters of another set.
                (true, false, true, false) => 0,
                (true, false, false, _) => 1,
                (false, _, false, _) if "«»“”„–—№’".contains(c) => 1,
                _ => -1,
            };
        }
        before = c;
    }
    if all == 0 { 0.0 } else { good as f32 / all as f32 }
}

/// Read as a central European set, if its letters fit better than the western ones.
fn central(bytes: &[u8]) -> Option<String> {
    // Words that are common in the one region and no words of the other.
    const CENTRAL: &[&str] = &["je", "na", "za", "se", "da", "broj", "vas", "vaš", "jest", "nie", "i", "u", "od"];
    const WESTERN: &[&str] =
        &["le", "la", "les", "vous", "est", "pour", "di", "che", "per", "und", "der", "die", "que", "el", "et"];
    const ACCENTS: &str = "čćžšđČĆŽŠĐśźżńęąłŚŹŻŁěřůýťďňĚŘŮŇőű";
    const OTHERS: &str = "èæðÈÆÐàêùâëïòìñåøãõ";
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let sum = |text: &str, set: &str| text.chars().filter(|c| set.contains(*c)).count() as i32;
    let western = decode("windows-1252", sample)?;
    let is_word = |list: &[&str]| {
        western.split(|c: char| !c.is_alphabetic()).filter(|w| list.contains(&w.to_lowercase().as_str())).count() as i32
    };
    let prior = 2 * (is_word(CENTRAL) - is_word(WESTERN));
    let strangers = sum(&western, "æðÆÐ") - sum(&western, "àùòìñøåãõ");
    let both = sum(&western, ACCENTS);
    let (name, text) = ["windows-1250", "iso-8859-2"]
        .into_iter()
        .filter_map(|name| decode(name, sample).map(|text| (name, text)))
        .max_by_key(|(name, text)| (sum(text, ACCENTS) - sum(text, "ąľ©®\u{9a}\u{9e}ŕ"), *name == "windows-1250"))?;
    let gain = sum(&text, ACCENTS) - both.min(sum(&text, ACCENTS));
    let moved = sum(&western, OTHERS);
    (gain > 0 && moved + gain > 0 && prior + 3 * strangers > 0).then(|| decode(name, bytes)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(guessed(bytes), expected);
    }

    #[test]
    fn bytes_without_a_character_set_are_guessed() {
        check(
            b"Po\x9atovani, Va\x9a ra\xe8un je pla\xe6en i zahtev je prihva\xe6en.",
            "Poštovani, Vaš račun je plaćen i zahtev je prihvaćen.",
        );
        check(b"Po\xb9tovani, Va\xb9 ra\xe8un je ve\xe6 pla\xe6en.", "Poštovani, Vaš račun je već plaćen.");
        check(b"Tr\xe8s bien, le contrat est r\xe9sili\xe9 pour vous.", "Très bien, le contrat est résilié pour vous.");
        check(b"K\xfcndigung best\xe4tigt. Gr\xfc\xdfe", "Kündigung bestätigt. Grüße");
        check(b"\xcf\xee\xf8\xf2\xee\xe2\xe0\xed\xe8, \xf3\xe3\xee\xe2\xee\xf0 \xbc\xe5 \xf0\xe0\xf1\xea\xe8\xed\xf3\xf2.", "Поштовани, уговор је раскинут.");
        check(b"\xe4\xcf\xc7\xcf\xd7\xcf\xd2 \xd2\xc1\xd3\xd4\xcf\xd2\xc7\xce\xd5\xd4.", "Договор расторгнут.");
        check(b"\xc4\xfa\xb5\xc4\xba\xc5\xc2\xeb\xd2\xd1\xcf\xfa\xbb\xa7\xa1\xa3", "您的号码已销户。");
        check(b"\xb1z\xaa\xba\xaa\xf9\xb8\xb9\xa4w\xb8g\xa8\xfa\xae\xf8\xa1C", "您的門號已經取消。");
    }

    #[test]
    fn a_false_declaration_is_seen_through() {
        assert_eq!(mended("ra\u{c4}\u{8d}un", Some("iso-8859-1"), "račun".as_bytes()).as_deref(), Some("račun"));
        assert_eq!(mended("Grüße", Some("iso-8859-1"), b"Gr\xfc\xdfe"), None);
        assert_eq!(mended("x", Some("windows-1250"), b"ra\xe8un"), None);
        let read = mended("", Some("iso-8859-1"), b"Va\x9a ugovor je prekinut, a ra\xe8un pla\xe6en na vreme.");
        assert_eq!(read.as_deref(), Some("Vaš ugovor je prekinut, a račun plaćen na vreme."));
        assert_eq!(mended("", Some("utf-8"), b"Gr\xfc\xdfe und Dank").as_deref(), Some("Grüße und Dank"));
    }
}
