//! Is it really the carrier: the verdicts of the holder's own server against the domains that may answer.

use super::message::{AuthResults, InboundMessage};
use super::{Authenticity, Trust};

/// The verdict, and why in words for the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The verdict.
    pub authenticity: Authenticity,
    /// Why.
    pub reason: String,
    /// The proven domain stands in the carrier's record (not only among those the request went to).
    pub in_record: bool,
}

/// Assesses a message. `carrier_domains` are those of the record, `asked_domains` those our request went to.
#[must_use]
pub fn assess(
    message: &InboundMessage,
    carrier_domains: &[String],
    asked_domains: &[String],
    trust: &Trust,
) -> Assessment {
    let say = |authenticity, reason: String, in_record| Assessment { authenticity, reason, in_record };
    let Some(author) = message.sole_author() else {
        let reason = "it has not exactly one From address, so nobody can vouch for its sender".to_owned();
        return say(Authenticity::Contradicted, reason, false);
    };
    let domain = author.domain.as_str();
    let is_public = trust.public_domains.iter().any(|p| is_same_or_below(domain, p));
    let in_record = !is_public && carrier_domains.iter().any(|d| is_same_or_below(domain, d));
    let asked = !is_public && asked_domains.iter().any(|d| is_same_or_below(domain, d));
    let ours = own_results(&message.auth_results, trust);
    if ours.is_empty() {
        return say(Authenticity::Unproven, "your mail server wrote no verdict about its sender".to_owned(), false);
    }
    if is_public {
        return say(Authenticity::Contradicted, format!("anybody can have a mailbox at {domain}"), false);
    }
    if !in_record && !asked {
        return say(Authenticity::Contradicted, format!("{domain} is no domain of this carrier"), false);
    }
    match verdict(&ours, domain) {
        Verdict::Pass(method) => say(Authenticity::Aligned, format!("{method} passed for {domain}"), in_record),
        Verdict::Fail(method) => say(Authenticity::Contradicted, format!("{method} failed for {domain}"), false),
        Verdict::Nothing => {
            say(Authenticity::Unproven, format!("your mail server found no proof that {domain} sent it"), false)
        }
    }
}

/// The fields of the holder's own servers that no stranger can have written (RFC 8601 §5).
///
/// The topmost of ours always counts. A server that runs one filter for DKIM and another for DMARC writes several; those
/// right below it count too, as long as they stand above the Received field of reception: a sender's own header begins
/// below that. Where the filters write below it, nothing tells the second of ours from a forged one.
fn own_results<'m>(fields: &'m [AuthResults], trust: &Trust) -> Vec<&'m AuthResults> {
    let is_ours = |r: &&AuthResults| trust.authserv_ids.iter().any(|id| id.eq_ignore_ascii_case(&r.authserv_id));
    let mut run = fields.iter().skip_while(|r| !is_ours(r));
    let Some(first) = run.next() else { return Vec::new() };
    let rest = run.take_while(|r| is_ours(r) && r.above_reception).filter(|_| first.above_reception);
    std::iter::once(first).chain(rest).collect()
}

enum Verdict {
    Pass(&'static str),
    Fail(&'static str),
    Nothing,
}

/// DMARC for the From domain, else DKIM aligned with it (RFC 7489 §3.1.1, relaxed).
fn verdict(fields: &[&AuthResults], domain: &str) -> Verdict {
    let results = || fields.iter().flat_map(|f| &f.results);
    let dmarc: Vec<_> = results().filter(|r| r.method == "dmarc").collect();
    if dmarc.iter().any(|r| matches!(r.result.as_str(), "fail" | "permerror" | "quarantine" | "reject")) {
        return Verdict::Fail("DMARC");
    }
    let names_another = |r: &super::message::MethodResult| {
        r.property("header.from").is_some_and(|f| f.rsplit('@').next().unwrap_or(f) != domain)
    };
    if let Some(pass) = dmarc.iter().find(|r| r.result == "pass") {
        return if names_another(pass) { Verdict::Fail("DMARC") } else { Verdict::Pass("DMARC") };
    }
    let aligned = |r: &&super::message::MethodResult| {
        let signer =
            r.property("header.d").or_else(|| r.property("header.i").map(|i| i.rsplit('@').next().unwrap_or(i)));
        signer.is_some_and(|s| is_same_or_below(domain, s) || is_same_or_below(s, domain))
    };
    let mut dkim = results().filter(|r| r.method == "dkim").filter(aligned);
    match dkim.clone().any(|r| r.result == "pass") {
        true => Verdict::Pass("DKIM"),
        false if dkim.any(|r| r.result == "fail") => Verdict::Fail("DKIM"),
        false => Verdict::Nothing,
    }
}

/// Whether `domain` is `parent` or a subdomain of it. A bare top-level domain is nobody's parent.
#[must_use]
pub fn is_same_or_below(domain: &str, parent: &str) -> bool {
    let (domain, parent) =
        (domain.trim_end_matches('.').to_ascii_lowercase(), parent.trim_end_matches('.').to_ascii_lowercase());
    if parent.is_empty() || !parent.contains('.') {
        return false;
    }
    domain == parent || domain.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::super::message::{Author, MethodResult};
    use super::*;

    /// A field: authserv-id, and its verdicts as (method, result, domain).
    type Field<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)]);

    fn message(from: &str, fields: &[Field<'_>]) -> InboundMessage {
        let results = |list: &[(&str, &str, &str)]| {
            list.iter()
                .map(|(method, result, domain)| MethodResult {
                    method: (*method).to_owned(),
                    result: (*result).to_owned(),
                    properties: vec![(
                        (if *method == "dmarc" { "header.from" } else { "header.d" }).to_owned(),
                        (*domain).to_owned(),
                    )],
                })
                .collect()
        };
        InboundMessage {
            from_fields: 1,
            from: vec![Author { domain: from.to_owned(), ..Author::default() }],
            auth_results: fields
                .iter()
                .map(|(id, list)| AuthResults {
                    authserv_id: (*id).to_owned(),
                    results: results(list),
                    above_reception: false,
                })
                .collect(),
            ..InboundMessage::default()
        }
    }

    fn check(from: &str, fields: &[Field<'_>], expected: Authenticity) {
        let trust = Trust {
            authserv_ids: vec!["mx.me.example".to_owned()],
            public_domains: vec!["free.example".to_owned()],
            ..Trust::default()
        };
        let carriers = ["tel.example".to_owned(), "free.example".to_owned()];
        let found = assess(&message(from, fields), &carriers, &["asked.example".to_owned()], &trust);
        assert_eq!(found.authenticity, expected, "{from} {fields:?}: {}", found.reason);
    }

    #[test]
    fn only_our_own_topmost_verdict_counts() {
        let pass: &[(&str, &str, &str)] = &[("dmarc", "pass", "tel.example")];
        let fail: &[(&str, &str, &str)] = &[("dmarc", "fail", "tel.example")];
        check("tel.example", &[("mx.me.example", pass)], Authenticity::Aligned);
        check("tel.example", &[("mx.other.example", fail), ("mx.me.example", pass)], Authenticity::Aligned);
        check("tel.example", &[("mx.me.example", fail), ("mx.me.example", pass)], Authenticity::Contradicted);
        check("tel.example", &[("mx.me.example.evil.example", pass)], Authenticity::Unproven);
        check("tel.example", &[("xmx.me.example", pass)], Authenticity::Unproven);
        check("tel.example", &[], Authenticity::Unproven);
        check("tel.example", &[("mx.me.example", &[]), ("mx.me.example", pass)], Authenticity::Unproven);
    }

    #[test]
    fn dkim_must_be_aligned() {
        check("mail.tel.example", &[("mx.me.example", &[("dkim", "pass", "tel.example")])], Authenticity::Aligned);
        check("tel.example", &[("mx.me.example", &[("dkim", "pass", "evil.example")])], Authenticity::Unproven);
        check("tel.example", &[("mx.me.example", &[("spf", "pass", "tel.example")])], Authenticity::Unproven);
        check("tel.example", &[("mx.me.example", &[("dmarc", "pass", "evil.example")])], Authenticity::Contradicted);
    }

    #[test]
    fn a_look_alike_or_public_domain_proves_nothing() {
        check(
            "tel-help.example",
            &[("mx.me.example", &[("dmarc", "pass", "tel-help.example")])],
            Authenticity::Contradicted,
        );
        check(
            "nottel.example",
            &[("mx.me.example", &[("dmarc", "pass", "nottel.example")])],
            Authenticity::Contradicted,
        );
        check("free.example", &[("mx.me.example", &[("dmarc", "pass", "free.example")])], Authenticity::Contradicted);
        check("asked.example", &[("mx.me.example", &[("dmarc", "pass", "asked.example")])], Authenticity::Aligned);
    }

    #[test]
    fn two_from_fields_are_never_proven() {
        let mut twice = message("tel.example", &[("mx.me.example", &[("dmarc", "pass", "tel.example")])]);
        twice.from_fields = 2;
        let trust = Trust { authserv_ids: vec!["mx.me.example".to_owned()], ..Trust::default() };
        assert_eq!(assess(&twice, &["tel.example".to_owned()], &[], &trust).authenticity, Authenticity::Contradicted);
    }
}
