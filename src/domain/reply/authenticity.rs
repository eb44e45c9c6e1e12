//! Is it really the carrier: the verdicts of the holder's own server against the domains that may answer; where that
//! server says nothing, what the mail's own signatures prove.

use super::message::{ArcSet, AuthResults, InboundMessage, MethodResult};
use super::proof::{Finding, Inquiry, Proof};
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
    /// The mail's own signatures may still prove it, and nobody has looked at them.
    pub inquiry: Option<Inquiry>,
}

/// Assesses a message. `carrier_domains` are those of the record, `asked_domains` those our request went to.
#[must_use]
pub fn assess(
    message: &InboundMessage,
    carrier_domains: &[String],
    asked_domains: &[String],
    trust: &Trust,
) -> Assessment {
    let say = |authenticity, reason: String, in_record| Assessment { authenticity, reason, in_record, inquiry: None };
    let Some(author) = message.sole_author() else {
        let reason = "it has not exactly one From address, so nobody can vouch for its sender".to_owned();
        return say(Authenticity::Contradicted, reason, false);
    };
    let domain = author.domain.as_str();
    let is_public = |d: &str| trust.public_domains.iter().any(|p| is_same_or_below(d, p));
    let in_record = !is_public(domain) && carrier_domains.iter().any(|d| is_same_or_below(domain, d));
    let asked = !is_public(domain) && asked_domains.iter().any(|d| is_same_or_below(domain, d));
    let ours = own_results(message, trust);
    if ours.is_empty() && carrier_domains.is_empty() && asked_domains.is_empty() {
        return say(Authenticity::Unproven, "your mail server wrote no verdict about its sender".to_owned(), false);
    }
    if is_public(domain) {
        return say(Authenticity::Contradicted, format!("anybody can have a mailbox at {domain}"), false);
    }
    if !in_record && !asked {
        return say(Authenticity::Contradicted, format!("{domain} is no domain of this carrier"), false);
    }
    let known: Vec<String> =
        carrier_domains.iter().chain(asked_domains).filter(|d| !is_public(d)).map(|d| d.to_ascii_lowercase()).collect();
    let by_server = verdict(&ours, domain, &known);
    if let Verdict::Pass(method) = by_server {
        return say(Authenticity::Aligned, format!("{method} passed for {domain}"), in_record);
    }
    let chain_passed = ours.iter().flat_map(|f| &f.results).any(|r| r.method == "arc" && r.result == "pass");
    if chain_passed && let Some(sealer) = sealed_pass(&message.arc_sets, &trust.arc_sealers, domain, &known) {
        return say(Authenticity::Aligned, format!("{sealer} sealed that it passed for {domain}"), in_record);
    }
    if let Verdict::Fail(method) = by_server {
        return say(Authenticity::Contradicted, format!("{method} failed for {domain}"), false);
    }
    if has_judged(&ours) {
        return say(Authenticity::Unproven, format!("your mail server found no proof that {domain} sent it"), false);
    }
    match &message.proof {
        Some(proof) => {
            let (authenticity, reason) = weigh(proof, &message.arc_sets, trust, domain, &known);
            say(authenticity, reason, in_record && authenticity == Authenticity::Aligned)
        }
        None => Assessment {
            authenticity: Authenticity::Unproven,
            reason: "your mail server wrote no verdict about its sender".to_owned(),
            in_record: false,
            inquiry: Some(Inquiry {
                from_domain: domain.to_owned(),
                carrier_domains: known,
                arc_sealers: trust.arc_sealers.clone(),
            }),
        },
    }
}

/// The fields of the holder's own servers that no stranger can have written (RFC 8601 §5).
///
/// The topmost of ours counts unless its place gives it away (`stands_on_our_side`). A server that runs one filter for
/// DKIM and another for DMARC writes several; those right below it count too, as long as they stand above the Received
/// field of reception: a sender's own header begins below that. Where the filters write below it, nothing tells the
/// second of ours from a forged one.
fn own_results<'m>(message: &'m InboundMessage, trust: &Trust) -> Vec<&'m AuthResults> {
    let is_ours = |r: &&AuthResults| trust.authserv_ids.iter().any(|id| id.eq_ignore_ascii_case(&r.authserv_id));
    let mut run = message.auth_results.iter().skip_while(|r| !is_ours(r));
    let Some(first) = run.next().filter(|f| stands_on_our_side(f, &message.receptions)) else { return Vec::new() };
    let rest = run.take_while(|r| is_ours(r) && r.above_reception).filter(|_| first.above_reception);
    std::iter::once(first).chain(rest).collect()
}

/// Whether a field of ours stands where our server can have written it.
///
/// Some servers write above their Received field, some below it, and inner hops may have any name. So the rule is: below a
/// Received field of our side (the host is named like the authserv-id) comes nothing of ours that another host's Received
/// field stands above. Who forges one where our server writes none must leave it right below our reception, and there our
/// server removes it (RFC 8601 §5).
fn stands_on_our_side(field: &AuthResults, receptions: &[String]) -> bool {
    let above = receptions.get(..field.receptions_above).unwrap_or(receptions);
    let is_ours = |host: &String| is_of_server(host, &field.authserv_id);
    above.last().is_none_or(is_ours) || !above.iter().any(is_ours)
}

/// Whether a host belongs to the server that calls itself `id`: `store.mailhost.example` to `mx.mailhost.example`, and
/// what a filter on the same machine is called.
fn is_of_server(host: &str, id: &str) -> bool {
    let parent = id.split_once('.').map_or("", |(_, parent)| parent);
    let is_local = !host.is_empty() && !host.contains(['.', ':']) || host == "localhost.localdomain";
    is_local || host == id || is_same_or_below(host, id) || is_same_or_below(host, parent)
}

/// Whether the server looked at DKIM or DMARC and came to an end.
fn has_judged(fields: &[&AuthResults]) -> bool {
    let counts = |r: &MethodResult| matches!(r.method.as_str(), "dkim" | "dmarc") && r.result != "temperror";
    fields.iter().flat_map(|f| &f.results).any(counts)
}

enum Verdict {
    Pass(&'static str),
    Fail(&'static str),
    Nothing,
}

/// DMARC for the From domain, else DKIM aligned with it (RFC 7489 §3.1.1, relaxed).
fn verdict(fields: &[&AuthResults], domain: &str, known: &[String]) -> Verdict {
    let results = || fields.iter().flat_map(|f| &f.results);
    let dmarc: Vec<_> = results().filter(|r| r.method == "dmarc").collect();
    if dmarc.iter().any(|r| matches!(r.result.as_str(), "fail" | "permerror" | "quarantine" | "reject")) {
        return Verdict::Fail("DMARC");
    }
    let names_another = |r: &MethodResult| {
        let named = r.properties.iter().filter(|(n, _)| n == "header.from");
        named.map(|(_, v)| domain_of(v)).any(|d| d != domain)
    };
    let mut passes = dmarc.iter().filter(|r| r.result == "pass").peekable();
    if passes.peek().is_some() {
        return if passes.any(|r| names_another(r)) { Verdict::Fail("DMARC") } else { Verdict::Pass("DMARC") };
    }
    let aligned = |r: &&MethodResult| {
        let signer = r.property("header.d").or_else(|| r.property("header.i"));
        signer.is_some_and(|s| alignment(&domain_of(s), domain, known).is_some())
    };
    let mut dkim = results().filter(|r| r.method == "dkim").filter(aligned);
    match dkim.clone().any(|r| r.result == "pass") {
        true => Verdict::Pass("DKIM"),
        false if dkim.any(|r| r.result == "fail") => Verdict::Fail("DKIM"),
        false => Verdict::Nothing,
    }
}

/// The domain that a property names, alone or in an address, in A-labels.
fn domain_of(value: &str) -> String {
    let domain = value.rsplit('@').next().unwrap_or(value).trim_end_matches('.');
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_ascii_lowercase())
}

/// The trusted sealer whose sealed verdict is a pass for the domain, in a chain that is known to hold.
///
/// A chain proves that nothing was changed since the last sealer; what an earlier one found counts only when everybody
/// after it is trusted as well, who could have rewritten it all.
fn sealed_pass<'m>(sets: &'m [ArcSet], sealers: &[String], domain: &str, known: &[String]) -> Option<&'m str> {
    let is_trusted = |set: &&ArcSet| sealers.iter().any(|s| is_same_or_below(&set.sealer, s));
    let passes = |set: &&ArcSet| matches!(verdict(&[&set.results], domain, known), Verdict::Pass(_));
    sets.iter().rev().take_while(is_trusted).find(passes).map(|set| set.sealer.as_str())
}

/// What the signatures that were looked at come to.
fn weigh(proof: &Proof, sets: &[ArcSet], trust: &Trust, domain: &str, known: &[String]) -> (Authenticity, String) {
    let counts = |signer: &str| match alignment(signer, domain, known) {
        Some(Alignment::Exact) => true,
        Some(Alignment::Relaxed) => !proof.strict,
        None => false,
    };
    let mine = || proof.signatures.iter().filter(|c| counts(&c.domain));
    if let Some(good) = mine().find(|c| c.finding == Finding::Pass) {
        return (Authenticity::Aligned, format!("it carries a valid signature of {}", good.domain));
    }
    if proof.arc.as_ref().is_some_and(|c| c.finding == Finding::Pass)
        && let Some(sealer) = sealed_pass(sets, &trust.arc_sealers, domain, known)
    {
        return (Authenticity::Aligned, format!("{sealer} sealed that it passed for {domain}"));
    }
    if let Some(bad) = mine().find(|c| c.finding == Finding::Fail) {
        return (Authenticity::Contradicted, format!("the signature of {} {}", bad.domain, bad.note));
    }
    let why = match (&proof.obstacle, mine().next()) {
        (Some(obstacle), _) => obstacle.clone(),
        (None, Some(weak)) => format!("the signature of {} {}", weak.domain, weak.note),
        (None, None) => format!("it carries no signature of {domain}"),
    };
    (Authenticity::Unproven, format!("your mail server wrote no verdict about its sender, and {why}"))
}

/// How close a signer is to the author's domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// The very same domain.
    Exact,
    /// Another domain of one organisation.
    Relaxed,
}

/// How `signer` is aligned with `domain` (RFC 7489 §3.1): one stands below the other, or both below a domain that is known
/// to be the carrier's. A list of public suffixes is not needed for that.
#[must_use]
pub fn alignment(signer: &str, domain: &str, known: &[String]) -> Option<Alignment> {
    if signer == domain && domain.contains('.') {
        return Some(Alignment::Exact);
    }
    let one_house = || known.iter().any(|k| is_same_or_below(signer, k) && is_same_or_below(domain, k));
    (is_same_or_below(domain, signer) || is_same_or_below(signer, domain) || one_house()).then_some(Alignment::Relaxed)
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
                    receptions_above: 0,
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
