//! The form of an ARC chain (RFC 8617 §4): seals and sealed verdicts in their order. Whether the seals hold is found out
//! in `mail::dkim` or said by the holder's server; whom to believe is decided in `domain::reply::authenticity`.

use super::auth_results;
use super::dkim::tags::Tags;
use crate::domain::reply::message::{ArcSet, AuthResults};
use std::collections::BTreeMap;

/// RFC 8617 §4.2.1: no chain is longer.
const SETS_MAX: u32 = 50;

/// The ARC fields of a mail, as they are met.
#[derive(Debug, Default)]
pub(super) struct Chain {
    seals: BTreeMap<u32, (String, String)>,
    signatures: BTreeMap<u32, ()>,
    results: BTreeMap<u32, AuthResults>,
    broken: bool,
}

impl Chain {
    pub(super) fn take_seal(&mut self, body: &str) {
        let seal = Tags::parse(body).and_then(|t| {
            let domain = t.get("d")?.to_ascii_lowercase();
            Some((instance(t.get("i")?)?, (domain, t.get("cv")?.to_ascii_lowercase())))
        });
        self.broken |= seal.is_none_or(|(i, seal)| self.seals.insert(i, seal).is_some());
    }

    pub(super) fn take_signature(&mut self, body: &str) {
        let found = Tags::parse(body).and_then(|t| instance(t.get("i")?));
        self.broken |= found.is_none_or(|i| self.signatures.insert(i, ()).is_some());
    }

    pub(super) fn take_results(&mut self, body: &str) {
        let parted = body.split_once(';').and_then(|(first, rest)| {
            let (name, number) = first.split_once('=')?;
            (name.trim() == "i").then_some((instance(number)?, auth_results::parse(rest)))
        });
        self.broken |= parted.is_none_or(|(i, results)| self.results.insert(i, results).is_some());
    }

    /// The sets, oldest first; none when a set is incomplete, doubled or missing, or a sealer says that it is broken.
    pub(super) fn sets(self) -> Vec<ArcSet> {
        let count = self.seals.len();
        let in_order = |i: usize, n: u32| usize::try_from(n) == Ok(i + 1);
        let complete = self.signatures.len() == count
            && self.results.len() == count
            && self.seals.keys().enumerate().all(|(i, n)| in_order(i, *n))
            && self.signatures.keys().enumerate().all(|(i, n)| in_order(i, *n))
            && self.results.keys().enumerate().all(|(i, n)| in_order(i, *n))
            && self.seals.iter().all(|(n, (_, cv))| cv == if *n == 1 { "none" } else { "pass" });
        if self.broken || !complete {
            return Vec::new();
        }
        let pairs = self.seals.into_values().zip(self.results.into_values());
        pairs.map(|((sealer, _), results)| ArcSet { sealer, results }).collect()
    }
}

/// An instance number.
fn instance(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|n| (1..=SETS_MAX).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields as (kind, body); the sealers of the chain they make.
    fn check(fields: &[(char, &str)], expected: &[&str]) {
        let mut chain = Chain::default();
        for (kind, body) in fields {
            match kind {
                's' => chain.take_seal(body),
                'm' => chain.take_signature(body),
                _ => chain.take_results(body),
            }
        }
        let sets = chain.sets();
        let sealers: Vec<&str> = sets.iter().map(|s| s.sealer.as_str()).collect();
        assert_eq!(sealers, expected, "{fields:?}");
    }

    #[test]
    fn only_a_whole_chain_is_a_chain() {
        let first = [('s', "i=1; d=One.example; cv=none"), ('m', "i=1; d=x"), ('r', "i=1; mx.one.example; dmarc=pass")];
        let second = [('s', "i=2; d=two.example; cv=pass"), ('m', "i=2; d=x"), ('r', " i = 2 ; mx.two; arc=pass")];
        let with = |more: &[(char, &'static str)]| [&first, more].concat();
        check(&first, &["one.example"]);
        check(&with(&second), &["one.example", "two.example"]);
        check(&[second, first].concat(), &["one.example", "two.example"]);
        check(&[], &[]);
        check(&second, &[]);
        check(&first[..2], &[]);
        check(&with(&second[..2]), &[]);
        check(&with(&first), &[]);
        check(&with(&[('s', "i=2; d=two.example; cv=fail"), second[1], second[2]]), &[]);
        check(&with(&[('s', "i=2; d=a.example; d=b.example; cv=pass"), second[1], second[2]]), &[]);
        check(&with(&[('s', "i=51; d=two.example; cv=pass"), ('m', "i=51"), ('r', "i=51; x")]), &[]);
        check(&[('s', "i=1; d=one.example; cv=pass"), first[1], first[2]], &[]);
    }
}
