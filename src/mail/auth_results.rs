//! Authentication-Results (RFC 8601): text of one field to its verdicts. Whom to believe is decided in
//! `domain::reply::authenticity`, not here. Called by `mail::parse`.

use crate::domain::reply::message::{AuthResults, MethodResult};

/// Verdicts taken from one field.
const RESULTS_MAX: usize = 50;

/// One lexical piece of the field body.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// A word or a quoted string, unquoted.
    Text(String),
    Semicolon,
    Equals,
}

/// Splits a field body, dropping comments (nested, RFC 5322 §3.2.2) and undoing quotes.
fn pieces(body: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut chars = body.chars();
    let flush = |word: &mut String, out: &mut Vec<Piece>| {
        if !word.is_empty() {
            out.push(Piece::Text(std::mem::take(word)));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                flush(&mut word, &mut out);
                let mut depth = 1u32;
                while depth > 0 {
                    match chars.next() {
                        Some('\\') => drop(chars.next()),
                        Some('(') => depth += 1,
                        Some(')') => depth -= 1,
                        Some(_) => {}
                        None => return out,
                    }
                }
            }
            '"' => {
                flush(&mut word, &mut out);
                let mut quoted = String::new();
                loop {
                    match chars.next() {
                        Some('\\') => quoted.extend(chars.next()),
                        Some('"') | None => break,
                        Some(other) => quoted.push(other),
                    }
                }
                out.push(Piece::Text(quoted));
            }
            ';' => {
                flush(&mut word, &mut out);
                out.push(Piece::Semicolon);
            }
            '=' => {
                flush(&mut word, &mut out);
                out.push(Piece::Equals);
            }
            // Nothing else parts words: a look-alike of a blank is a letter of the name it stands in.
            ' ' | '\t' | '\r' | '\n' => flush(&mut word, &mut out),
            c => word.push(c),
        }
    }
    flush(&mut word, &mut out);
    out
}

/// Parses the body of one Authentication-Results field; what cannot be understood is left out.
#[must_use]
pub fn parse(body: &str) -> AuthResults {
    let pieces = pieces(body);
    let mut segments = pieces.split(|p| *p == Piece::Semicolon);
    let mut authserv_id = String::new();
    let mut results = Vec::new();
    let head = segments.next().unwrap_or_default();
    match head {
        // Some servers leave the authserv-id out: then nobody is named and nobody believed.
        [Piece::Text(_), Piece::Equals, ..] => results.extend(resinfo(head)),
        [Piece::Text(id)] => authserv_id = id.to_ascii_lowercase(),
        // RFC 8601 §2.2: a version may follow, and there is only one. Whatever else follows, the name is not this word.
        [Piece::Text(id), Piece::Text(version)] if version == "1" => authserv_id = id.to_ascii_lowercase(),
        _ => {}
    }
    for segment in segments.take(RESULTS_MAX) {
        results.extend(resinfo(segment));
    }
    AuthResults { authserv_id, results, above_reception: false, receptions_above: 0 }
}

/// `method [/version] = result *( ptype.property = value )`.
fn resinfo(segment: &[Piece]) -> Option<MethodResult> {
    let [Piece::Text(method), Piece::Equals, Piece::Text(result), rest @ ..] = segment else { return None };
    let method = method.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut properties = Vec::new();
    for window in rest.windows(3) {
        if let [Piece::Text(name), Piece::Equals, Piece::Text(value)] = window {
            properties.push((name.to_ascii_lowercase(), value.to_ascii_lowercase()));
        }
    }
    Some(MethodResult { method, result: result.to_ascii_lowercase(), properties })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, id: &str, results: &[(&str, &str)]) {
        let parsed = parse(body);
        assert_eq!(parsed.authserv_id, id, "{body}");
        let found: Vec<_> = parsed.results.iter().map(|r| (r.method.as_str(), r.result.as_str())).collect();
        assert_eq!(found, results, "{body}");
    }

    #[test]
    fn fields_are_read_as_rfc_8601_writes_them() {
        check("mx.example; none", "mx.example", &[]);
        check("MX.Example 1; DMARC=Pass header.from=a.example", "mx.example", &[("dmarc", "pass")]);
        check("\"mx.example\" (a (nested; dkim=pass) comment); spf/1 = fail", "mx.example", &[("spf", "fail")]);
        check(
            "mx.example; spf=fail reason=\"a; dkim=pass\"; dkim=none",
            "mx.example",
            &[("spf", "fail"), ("dkim", "none")],
        );
        check("spf=pass smtp.mailfrom=a.example; dkim=pass", "", &[("spf", "pass"), ("dkim", "pass")]);
        check("", "", &[]);
        check("mx.example; dkim=pass reason=\"dmarc=pass\" (dmarc=pass)", "mx.example", &[("dkim", "pass")]);
        check(
            "mx.example;\r\n\tdkim=pass\r\n header.d=a.example;\r\n dmarc=pass",
            "mx.example",
            &[("dkim", "pass"), ("dmarc", "pass")],
        );
    }

    #[test]
    fn a_field_that_names_more_than_one_word_names_nobody() {
        for body in [
            "mx.example 2; dmarc=pass",
            "mx.example evil.example; dmarc=pass",
            "mx.exa(x)mple; dmarc=pass",
            "\"mx.example\".evil.example; dmarc=pass",
            "mx.example\"\" x; dmarc=pass",
            "; mx.example; dmarc=pass",
        ] {
            check(body, "", &[("dmarc", "pass")]);
        }
        for (body, id) in [
            ("mx.example\u{a0}; dmarc=pass", "mx.example\u{a0}"),
            ("mx.example, evil.example", ""),
            ("mx.example.; dmarc=pass", "mx.example."),
            ("mx.ex\u{430}mple; dmarc=pass", "mx.ex\u{430}mple"),
        ] {
            assert_eq!(parse(body).authserv_id, id, "{body}");
        }
        check("mx.example; dkim=pass (unterminated", "mx.example", &[("dkim", "pass")]);
    }

    #[test]
    fn properties_are_kept_with_their_type() {
        let parsed = parse("mx.example; dkim=pass (2048-bit key) header.d=A.example header.i=@a.example");
        assert_eq!(parsed.results.first().and_then(|r| r.property("header.d")), Some("a.example"));
        assert_eq!(parsed.results.first().and_then(|r| r.property("header.i")), Some("@a.example"));
    }
}
