//! Whether the seals of an ARC chain hold (RFC 8617 §5.2).

use super::canonical::{self, Field, Form};
use super::signature::{Role, Signature, is_dns_name, kind};
use super::tags::{Tags, base64};
use super::{Exam, Known, NO_ANSWER, told};
use crate::domain::reply::authenticity::is_same_or_below;
use crate::domain::reply::proof::{Checked, Finding};

/// Longest chain that is tested; real ones have one to four sets.
const SETS_MAX: usize = 10;

/// A seal as it is written.
struct Seal {
    kind: super::key::Kind,
    domain: String,
    selector: String,
    signature: Vec<u8>,
    cv: String,
}

impl Seal {
    fn parse(text: &str) -> Option<Self> {
        let tags = Tags::parse(text)?;
        let (domain, selector) = (tags.get("d")?.to_ascii_lowercase(), tags.get("s")?.to_ascii_lowercase());
        // RFC 8617 §4.1.3: a seal lists no fields.
        let well = is_dns_name(&domain) && is_dns_name(&selector) && tags.get("h").is_none();
        well.then_some(Self {
            kind: kind(tags.get("a")?).ok()?,
            signature: base64(tags.get("b")?)?,
            cv: tags.get("cv")?.to_ascii_lowercase(),
            domain,
            selector,
        })
    }

    fn key_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

/// The fields of one set.
type Set<'s> = [&'s Field<'s>; 3];

/// Checks the chain when its last sealer is trusted. `None`: there is no such chain, or keys must be asked for first.
pub(super) fn check(exam: &mut Exam<'_>, sealers: &[String]) -> Option<Checked> {
    let list = &exam.fields.list;
    let mut last = list.iter().filter(|f| f.name == "arc-seal").filter_map(|f| Seal::parse(&f.text()));
    // Whoever sealed last says the most; without trust in one of them nothing needs to be asked.
    if !last.any(|seal| sealers.iter().any(|s| is_same_or_below(&seal.domain, s))) {
        return None;
    }
    let fields = exam.fields;
    let Some(sets) = sets(&fields.list) else { return Some(told("", "", Finding::Fail, "is a broken chain")) };
    let seals: Option<Vec<Seal>> = sets.iter().map(|[_, _, seal]| Seal::parse(&seal.text())).collect();
    let seals = seals?;
    let (newest, signature) = (seals.last()?, sets.last()?[1]);
    let tell = |finding, note: &str| Some(told(&newest.domain, &newest.selector, finding, note));
    if !sealers.iter().any(|s| is_same_or_below(&newest.domain, s)) {
        return None;
    }
    let cv_is_well = |(i, seal): (usize, &Seal)| seal.cv == if i == 0 { "none" } else { "pass" };
    if !seals.iter().enumerate().all(cv_is_well) {
        return tell(Finding::Fail, "ends a chain that was broken before");
    }
    let parsed = match Signature::parse(&signature.text(), Role::Forwarder) {
        Ok(parsed) if parsed.names.iter().any(|n| n == "arc-seal") => return tell(Finding::Fail, "is malformed"),
        Ok(parsed) => parsed,
        Err(note) => return tell(Finding::Unusable, note),
    };
    // RFC 8617 §4.1.2: who seals is who signs; odjava insists, because trust is given to the sealer.
    if !is_same_or_below(&parsed.domain, &newest.domain) && !is_same_or_below(&newest.domain, &parsed.domain) {
        return tell(Finding::Unusable, "stands beside another domain's signature");
    }
    match exam.check(&parsed, signature) {
        Some(found) if found.finding == Finding::Pass => {}
        Some(found) => return Some(found),
        None => return None,
    }
    let mut record = String::new();
    let mut asked = false;
    for (i, seal) in seals.iter().enumerate().rev() {
        match exam.key(&seal.key_name()) {
            Known::Asked => asked = true,
            Known::Unanswered => return tell(Finding::Unanswered, NO_ANSWER),
            Known::Useless(note) => return tell(Finding::Unusable, note),
            Known::Key(_, key) if !key.fits(seal.kind, &sealed(&sets, i), &seal.signature) => {
                return tell(Finding::Fail, "does not fit the chain");
            }
            Known::Key(text, _) => record = if record.is_empty() { text } else { record },
        }
    }
    (!asked).then(|| Checked { key: record, ..told(&newest.domain, &newest.selector, Finding::Pass, "is valid") })
}

/// The sets in their order, each as results, signature, seal; `None` when one is incomplete, doubled or missing.
fn sets<'s>(list: &'s [Field<'s>]) -> Option<Vec<Set<'s>>> {
    let of = |name: &str| -> Option<Vec<&'s Field<'s>>> {
        let mut found: Vec<(usize, &Field<'_>)> = list
            .iter()
            .filter(|f| f.name == name)
            .map(|f| Some((instance(&f.text(), name == "arc-authentication-results")?, f)))
            .collect::<Option<_>>()?;
        found.sort_by_key(|(i, _)| *i);
        let in_order = found.iter().enumerate().all(|(at, (i, _))| *i == at + 1);
        in_order.then(|| found.into_iter().map(|(_, f)| f).collect())
    };
    let (results, signatures, seals) =
        (of("arc-authentication-results")?, of("arc-message-signature")?, of("arc-seal")?);
    let count = seals.len();
    if count == 0 || count > SETS_MAX || results.len() != count || signatures.len() != count {
        return None;
    }
    Some(results.into_iter().zip(signatures).zip(seals).map(|((r, m), s)| [r, m, s]).collect())
}

fn instance(text: &str, is_results: bool) -> Option<usize> {
    let number = match is_results {
        true => text.split_once(';')?.0.split_once('=').filter(|(name, _)| name.trim() == "i")?.1,
        false => Tags::parse(text)?.get("i")?,
    };
    number.trim().parse().ok()
}

/// What the seal of set `i` signs (RFC 8617 §5.1.1): all sets up to it, relaxed, its own signature taken out.
fn sealed(sets: &[Set<'_>], i: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, [results, signature, seal]) in sets.iter().take(i + 1).enumerate() {
        canonical::field(Form::Relaxed, results.raw_name, results.value, &mut out);
        canonical::field(Form::Relaxed, signature.raw_name, signature.value, &mut out);
        if at < i {
            canonical::field(Form::Relaxed, seal.raw_name, seal.value, &mut out);
        } else {
            canonical::field(Form::Relaxed, seal.raw_name, &canonical::without_signature(seal.value), &mut out);
            out.truncate(out.len().saturating_sub(2));
        }
    }
    out
}
