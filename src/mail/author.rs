//! The From field: whose address it holds, read so that no reader of the mail can be shown another one.
//! Called by `mail::parse`.

use super::parse::one_line;
use super::text::cut;
use crate::domain::address::Address;
use crate::domain::reply::message::Author;
use mail_parser::HeaderValue;

/// The authors that one From field names. A field in which different addresses can be seen names several.
pub(super) fn authors(value: &HeaderValue<'_>, body: &str) -> Vec<Author> {
    let Some(list) = value.as_address() else { return vec![Author::default()] };
    let mut out: Vec<Author> = list
        .iter()
        .take(100)
        .map(|a| {
            let spec = a.address().unwrap_or_default().trim();
            let address = Address::parse(spec).ok();
            let domain = address.as_ref().map_or_else(
                || spec.rsplit_once('@').map_or(String::new(), |(_, d)| d.trim_end_matches('.').to_lowercase()),
                Address::domain,
            );
            let spec = if address.is_none() { one_line(cut(spec, 200)) } else { String::new() };
            Author { name: a.name().map(one_line).unwrap_or_default(), address, spec, domain }
        })
        .collect();
    // "Jelena, Veza Plus <jelena@tel.example>" without its quotation marks: what stands before the comma names nobody.
    if out.iter().filter(|a| !a.domain.is_empty()).count() == 1 && bare_addresses(body).len() == 1 {
        out.retain(|a| !a.domain.is_empty());
    }
    if let [only] = out.as_slice()
        && let Some(other) = bare_addresses(body).into_iter().find(|d| *d != only.domain)
    {
        out.push(Author { domain: other, ..Author::default() });
    }
    out
}

/// Domains of what looks like an address outside of quoted strings and comments, in A-labels where they have them.
///
/// `info@tel.example <x@evil.example>` and `<info@tel.example> <x@evil.example>` are no addresses (RFC 5322 §3.4), and
/// mail programs do not agree which of the two they show.
fn bare_addresses(body: &str) -> Vec<String> {
    let mut domains = Vec::new();
    let (mut depth, mut quoted, mut escaped) = (0u32, false, false);
    let mut word = String::new();
    for c in body.chars().chain([' ']) {
        let mut ends = true;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || depth > 0 => escaped = true,
            // A quoted local part belongs to its address.
            '"' if depth == 0 => (quoted, ends) = (!quoted, false),
            _ if quoted => ends = false,
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '<' | '>' | ',' | ';' | ':' => {}
            c if c.is_whitespace() => {}
            c => {
                word.push(c);
                ends = false;
            }
        }
        if ends && !word.is_empty() {
            let is_encoded = word.starts_with("=?") && word.ends_with("?=");
            let domain = word.rsplit_once('@').filter(|_| !is_encoded).map_or("", |(_, d)| d.trim_end_matches('.'));
            if !domain.is_empty() && domains.len() < 100 {
                domains.push(idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase()));
            }
            word.clear();
        }
    }
    domains
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;

    /// The only author's domain, or "" when there is none.
    fn check(from: &str, expected: &str) {
        let message = parse(format!("From: {from}\r\nSubject: x\r\n\r\ntext\r\n").as_bytes(), false);
        assert_eq!(message.sole_author().map_or("", |a| a.domain.as_str()), expected, "{from}: {:?}", message.from);
    }

    #[test]
    fn one_address_is_one_author_however_it_is_dressed() {
        check("info@tel.example", "tel.example");
        check("Info <info@tel.example>", "tel.example");
        check("\"info@evil.example\" <info@tel.example>", "tel.example");
        check("info@tel.example <info@tel.example>", "tel.example");
        check("(a@evil.example) <info@TEL.example>", "tel.example");
        check("=?utf-8?q?info=40evil=2Eexample?= <info@tel.example>", "tel.example");
        check("=?utf-8?b?PGluZm9AZXZpbC5leGFtcGxlPg==?= <info@tel.example>", "tel.example");
        check("=?utf-8?q?x@evil.example?= <info@tel.example>", "tel.example");
        check("Info\r\n <info@tel.example>", "tel.example");
        check("Jelena, Veza Plus <info@tel.example>", "tel.example");
        check("Jelena, Veza Plus <info@tel.example>, x@evil.example", "");
    }

    #[test]
    fn a_display_name_never_lends_its_domain() {
        check("\"info@tel.example\" <x@evil.example>", "evil.example");
        check("=?utf-8?q?info=40tel=2Eexample?= <x@evil.example>", "evil.example");
        check("=?utf-8?q?=3Cinfo=40tel=2Eexample=3E?= <x@evil.example>", "evil.example");
        check("x@evil.example (info@tel.example)", "evil.example");
        check("\"a\\\" <info@tel.example>\" <x@evil.example>", "evil.example");
    }

    #[test]
    fn two_addresses_in_sight_are_no_sole_author() {
        check("info@tel.example <x@evil.example>", "");
        check("<info@tel.example> <x@evil.example>", "");
        check("<x@evil.example> <info@tel.example>", "");
        check("info@tel.example, x@evil.example", "");
        check("Tel: info@tel.example, x@evil.example;", "");
        check("<x@evil.example>, info@tel.example", "");
        check("", "");
        check("nobody", "");
    }
}
