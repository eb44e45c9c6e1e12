//! Character references of HTML: numbers, and the names that occur in mail. Called by the renderer.

/// Names, each with its character behind it.
const NAMES: &str = " AElig Æ Aacute Á Acirc Â Agrave À Aring Å Atilde Ã Auml Ä Cacute Ć Ccaron Č Ccedil Ç Dcaron Ď Dstrok Đ ETH Ð \
    Eacute É Ecaron Ě Ecirc Ê Egrave È Eogon Ę Euml Ë Iacute Í Icirc Î Igrave Ì Iuml Ï Lstrok Ł Ntilde Ñ OElig Œ \
    Oacute Ó Ocirc Ô Ograve Ò Oslash Ø Otilde Õ Ouml Ö Rcaron Ř Sacute Ś Scaron Š Uacute Ú Ucirc Û Ugrave Ù Uuml Ü \
    Yacute Ý Zcaron Ž Zdot Ż aacute á acirc â acute ´ aelig æ agrave à aogon ą aring å atilde ã auml ä bdquo „ \
    bull • cacute ć ccaron č ccedil ç cent ¢ check ✓ colon : comma , commat @ copy © dagger † darr ↓ dcaron ď \
    deg ° dstrok đ eacute é ecaron ě ecirc ê egrave è eogon ę eth ð euml ë euro € excl ! frac12 ½ hellip … \
    iacute í icirc î iexcl ¡ igrave ì iquest ¿ iuml ï laquo « larr ← ldquo “ lpar ( lsaquo ‹ lsquo ‘ lstrok ł \
    mdash — middot · minus − ndash – ntilde ñ num # oacute ó ocirc ô oelig œ ograve ò ordf ª ordm º oslash ø \
    otilde õ ouml ö para ¶ percnt % period . plus + pound £ quest ? raquo » rarr → rcaron ř rdquo ” reg ® rpar ) \
    rsaquo › rsquo ’ sacute ś sbquo ‚ scaron š sect § semi ; sol / szlig ß times × trade ™ uacute ú uarr ↑ ucirc û \
    ugrave ù uuml ü yacute ý yen ¥ yuml ÿ zacute ź zcaron ž zdot ż ";

/// The text with its character references resolved; what is none stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let end = tail.bytes().skip(1).take(10).take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count() + 1;
        match character(&tail[1..end]) {
            Some(c) => {
                out.push(c);
                rest = tail[end..].strip_prefix(';').unwrap_or(&tail[end..]);
            }
            None => {
                out.push('&');
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn named(name: &str) -> Option<char> {
    match name {
        "" => None,
        "nbsp" => Some('\u{a0}'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "shy" => Some('\u{ad}'),
        "zwj" => Some('\u{200d}'),
        "zwnj" => Some('\u{200c}'),
        "thinsp" | "ensp" | "emsp" | "Tab" => Some(' '),
        "NewLine" => Some('\n'),
        name => {
            let at = NAMES.find(&format!(" {name} "))?;
            NAMES.get(at + name.len() + 2..)?.chars().next()
        }
    }
}

fn character(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return named(name);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    // The numbers 128 to 159 are meant as windows-1252 (HTML living standard, numeric character references).
    let byte = u8::try_from(code).ok().filter(|b| (0x80..0xa0).contains(b));
    match byte {
        Some(byte) => super::super::charset::decode("windows-1252", &[byte])?.chars().next(),
        None => char::from_u32(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        assert_eq!(
            decoded("a&nbsp;b &amp; &#8364; &#x20ac; &#150; &unknown; &zcaron;"),
            "a\u{a0}b & € € – &unknown; ž"
        );
    }
}
