//! Whether a mail's own signatures hold: DKIM (RFC 6376, 8301, 8463), the alignment that DMARC asks for (RFC 7489), and
//! ARC chains (RFC 8617). Asks nobody: what DNS must be asked for is named, and the answers are handed in.

mod canonical;
mod chain;
mod key;
mod signature;
pub(crate) mod tags;

use crate::domain::Timestamp;
use crate::domain::reply::authenticity::{Alignment, alignment};
use crate::domain::reply::proof::{Checked, Finding, Inquiry, Proof};
use canonical::{Fields, Form};
use key::Key;
use signature::{Role, Signature};
use std::collections::BTreeMap;

/// Signatures for the author's domain that are looked at in one mail; real mail carries one to three.
const SIGNATURES_MAX: usize = 8;
/// Steps up from the author's domain in search of a DMARC record.
const POLICY_STEPS_MAX: usize = 4;

/// What DNS says to the question for text records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// There are these; not none.
    Texts(Vec<String>),
    /// There is none.
    Absent,
    /// No answer, or one that says that the server is in trouble: another time perhaps.
    Failed,
}

/// Answers by name, lower case, without a final dot.
pub type Answers = BTreeMap<String, Answer>;

/// How far an examination has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It needs the text records of these names.
    Ask(Vec<String>),
    /// It is over.
    Done(Proof),
}

/// Examines the signatures of a mail that may answer `inquiry`, as far as `answers` go. `at` is when the mail arrived.
#[must_use]
pub fn examine(raw: &[u8], inquiry: &Inquiry, answers: &Answers, at: Timestamp) -> Step {
    let Some(fields) = Fields::of(raw).filter(|f| f.count("from") == 1) else {
        return Step::Done(Proof::impossible("its header is not in a form that signatures can be tested on"));
    };
    let mut exam = Exam { fields: &fields, answers, at: at.timestamp(), bodies: Vec::new(), ask: Vec::new() };
    let mut proof = Proof::default();
    let mut looked_at = 0;
    let speaks = |domain: &str| alignment(domain, &inquiry.from_domain, &inquiry.carrier_domains);
    for field in fields.list.iter().filter(|f| f.name == "dkim-signature") {
        let text = field.text();
        // Another domain's signature proves nothing here, so it costs nothing either.
        let Some(domain) = signature::claimed_domain(&text).filter(|d| speaks(d).is_some()) else { continue };
        if looked_at == SIGNATURES_MAX {
            break;
        }
        looked_at += 1;
        let checked = match Signature::parse(&text, Role::Author) {
            Ok(signature) => exam.check(&signature, field),
            Err(note) => Some(told(&domain, "", Finding::Unusable, note)),
        };
        proof.signatures.extend(checked);
    }
    let passed = |wanted: Alignment, proof: &Proof| {
        proof.signatures.iter().any(|c| c.finding == Finding::Pass && speaks(&c.domain) == Some(wanted))
    };
    if passed(Alignment::Exact, &proof) {
        return Step::Done(proof);
    }
    if !exam.ask.is_empty() {
        return Step::Ask(exam.ask);
    }
    if passed(Alignment::Relaxed, &proof) {
        match wants_exact_alignment(&inquiry.from_domain, answers) {
            Policy::Relaxed => return Step::Done(proof),
            Policy::Strict => proof.strict = true,
            Policy::Ask(name) => return Step::Ask(vec![name]),
            Policy::Failed => {
                for checked in proof.signatures.iter_mut().filter(|c| c.finding == Finding::Pass) {
                    checked.finding = Finding::Unanswered;
                    "could not be weighed, because DNS gave no answer".clone_into(&mut checked.note);
                }
            }
        }
    }
    if !inquiry.arc_sealers.is_empty() {
        proof.arc = chain::check(&mut exam, &inquiry.arc_sealers);
        if !exam.ask.is_empty() {
            return Step::Ask(exam.ask);
        }
    }
    Step::Done(proof)
}

/// A mail under examination.
struct Exam<'e> {
    fields: &'e Fields<'e>,
    answers: &'e Answers,
    /// Seconds since 1970.
    at: i64,
    /// Hash and length of the body, by form: hashed once, however many signatures there are.
    bodies: Vec<(Form, Vec<u8>, u64)>,
    /// Names that must be asked for.
    ask: Vec<String>,
}

impl Exam<'_> {
    /// Checks a signature; `None` while its key is not known.
    fn check(&mut self, signature: &Signature, field: &canonical::Field<'_>) -> Option<Checked> {
        let tell = |finding, note: &str| Some(told(&signature.domain, &signature.selector, finding, note));
        if let Some(flaw) = signature.flaw(self.fields, self.at) {
            return tell(Finding::Unusable, &flaw);
        }
        let (hash, length) = self.body(signature.body_form);
        if signature.length.is_some_and(|l| l < length) {
            return tell(Finding::Unusable, "leaves a part of the text uncovered");
        }
        if hash != signature.body_hash || signature.length.is_some_and(|l| l > length) {
            return tell(Finding::Fail, "does not fit its text, which was changed");
        }
        let (record, key) = match self.key(&signature.key_name()) {
            Known::Key(record, key) => (record, key),
            Known::Useless(note) => return tell(Finding::Unusable, note),
            Known::Unanswered => return tell(Finding::Unanswered, NO_ANSWER),
            Known::Asked => return None,
        };
        if key.exact_identity && signature.identity.as_ref().is_some_and(|i| *i != signature.domain) {
            return tell(Finding::Unusable, "speaks for another domain");
        }
        let mut signed = Vec::new();
        for f in self.fields.signed(&signature.names) {
            canonical::field(signature.header_form, f.raw_name, f.value, &mut signed);
        }
        canonical::field(
            signature.header_form,
            field.raw_name,
            &canonical::without_signature(field.value),
            &mut signed,
        );
        // RFC 6376 §3.7: the signature's own field is signed without its line break.
        signed.truncate(signed.len().saturating_sub(2));
        let (finding, note) = match key.fits(signature.kind, &signed, &signature.signature) {
            true => (Finding::Pass, "is valid"),
            false => (Finding::Fail, "does not fit it"),
        };
        Some(Checked { key: record, ..told(&signature.domain, &signature.selector, finding, note) })
    }

    fn body(&mut self, form: Form) -> (Vec<u8>, u64) {
        if let Some((_, hash, length)) = self.bodies.iter().find(|(f, ..)| *f == form) {
            return (hash.clone(), *length);
        }
        let (hash, length) = canonical::body(form, self.fields.body);
        self.bodies.push((form, hash.as_ref().to_vec(), length));
        (hash.as_ref().to_vec(), length)
    }

    /// The key of a name; the name is asked for when nothing is known yet.
    fn key(&mut self, name: &str) -> Known {
        match self.answers.get(name) {
            None => {
                if !self.ask.iter().any(|n| n == name) {
                    self.ask.push(name.to_owned());
                }
                Known::Asked
            }
            Some(Answer::Failed) => Known::Unanswered,
            Some(Answer::Absent) => Known::Useless("has no key"),
            Some(Answer::Texts(records)) => {
                let mut why = "has no key";
                for record in records.iter().take(10) {
                    match Key::parse(record) {
                        Ok(key) => return Known::Key(record.clone(), key),
                        Err(note) => why = note,
                    }
                }
                Known::Useless(why)
            }
        }
    }
}

const NO_ANSWER: &str = "could not be tested, because DNS gave no answer";

/// What is known of a key.
enum Known {
    Key(String, Key),
    Useless(&'static str),
    Unanswered,
    Asked,
}

fn told(domain: &str, selector: &str, finding: Finding, note: &str) -> Checked {
    Checked {
        domain: domain.to_owned(),
        selector: selector.to_owned(),
        finding,
        note: note.to_owned(),
        key: String::new(),
    }
}

/// What a domain asks of the signatures of its mail.
enum Policy {
    Relaxed,
    Strict,
    Ask(String),
    Failed,
}

/// Whether the author's domain wants signatures of the very same domain: the first DMARC record (RFC 7489 §6.3) found on
/// the way up from it.
fn wants_exact_alignment(from: &str, answers: &Answers) -> Policy {
    let mut domain = from;
    for _ in 0..POLICY_STEPS_MAX {
        let name = format!("_dmarc.{domain}");
        match answers.get(&name) {
            None => return Policy::Ask(name),
            Some(Answer::Failed) => return Policy::Failed,
            Some(Answer::Absent) => {}
            Some(Answer::Texts(records)) => {
                let records = records.iter().filter_map(|r| tags::Tags::parse(r));
                if let Some(record) =
                    records.into_iter().find(|t| t.first() == Some("v") && t.get("v") == Some("DMARC1"))
                {
                    let strict = record.get("adkim").is_some_and(|a| a.eq_ignore_ascii_case("s"));
                    return if strict { Policy::Strict } else { Policy::Relaxed };
                }
            }
        }
        match domain.split_once('.') {
            Some((_, parent)) if parent.contains('.') => domain = parent,
            _ => break,
        }
    }
    Policy::Relaxed
}
