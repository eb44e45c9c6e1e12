//! The facts of a case, from flags, a CSV row or a terminal: checked all at once, then made into the event
//! that opens or changes a case. Called by `new`, `edit` and `answer`.

use super::arguments::{FactFlags, date};
use super::documents::{self, Document};
use crate::config::account::Account;
use crate::domain::Date;
use crate::domain::address::{Address, Reference};
use crate::domain::carrier::CarrierProfile;
use crate::domain::case::{Attachment, Case};
use crate::domain::document::{self, Limits, Occasion};
use crate::domain::event::Event;
use crate::domain::identity::{
    CarrierNumber, Eid, HolderName, Iccid, Line, Msisdn, PassportNumber, PersonalNumber, PostalAddress, masked,
};
use crate::engine::EngineError;
use crate::rulebook::{ConfiguredRules, LetterSubject};
use crate::store::Tx;

/// One fact that cannot be taken, by its flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FactProblem {
    /// `--msisdn` ...
    pub(super) flag: &'static str,
    /// What is wrong and how it should look.
    pub(super) text: String,
}

impl std::fmt::Display for FactProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.flag, self.text)
    }
}

/// Everything a holder says about a case.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Name as the carrier knows it.
    pub(super) holder_name: String,
    /// The line.
    pub(super) line: Line,
    /// Where to write, best first.
    pub(super) recipients: Vec<Address>,
    /// Documents in the store already.
    pub(super) kept: Vec<Attachment>,
    /// Documents to be stored.
    pub(super) documents: Vec<Document>,
    /// What a document may be.
    pub(super) limits: Limits,
}

impl Facts {
    /// What a case already knows.
    pub(super) fn of_case(case: &Case) -> Self {
        Self {
            holder_name: case.holder_name.clone(),
            line: case.line.clone(),
            recipients: case.recipients.clone(),
            kept: case.attachments.clone(),
            documents: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Takes what the flags say over what is known. All problems are reported together.
    pub(super) fn take(&mut self, flags: &FactFlags, carrier: Option<&CarrierProfile>) -> Result<(), Vec<FactProblem>> {
        let calling_code = carrier.and_then(|c| c.calling_code.as_deref());
        let mut check = Checker { problems: Vec::new() };
        let name = |t: &str| HolderName::parse(t).map_err(text);
        if let Some(name) = check.given("--name", flags.name.as_deref(), name) {
            self.holder_name = name.into();
        }
        let line = &mut self.line;
        let msisdn = |t: &str| Msisdn::parse(t, calling_code).map_err(|e| e.to_string());
        set(&mut line.msisdn, check.given("--msisdn", flags.msisdn.as_deref(), msisdn));
        set(&mut line.iccid, check.given("--iccid", flags.iccid.as_deref(), |t| Iccid::parse(t).map_err(text)));
        set(&mut line.eid, check.given("--eid", flags.eid.as_deref(), |t| Eid::parse(t).map_err(text)));
        let number = |t: &str| CarrierNumber::parse(t).map_err(text);
        set(&mut line.customer_number, check.given("--customer-number", flags.customer_number.as_deref(), number));
        set(&mut line.contract_number, check.given("--contract-number", flags.contract_number.as_deref(), number));
        set(&mut line.order_number, check.given("--order", flags.order.as_deref(), number));
        let jmbg = |t: &str| PersonalNumber::parse(t).map_err(text);
        set(&mut line.jmbg, check.given("--jmbg", flags.jmbg.as_deref(), jmbg));
        let passport = |t: &str| PassportNumber::parse(t).map_err(text);
        set(&mut line.passport_number, check.given("--passport-number", flags.passport_number.as_deref(), passport));
        let address = |t: &str| PostalAddress::parse(t).map_err(text);
        set(&mut line.postal_address, check.given("--postal-address", flags.postal_address.as_deref(), address));
        let names: Vec<HolderName> =
            flags.also_named.iter().filter_map(|t| check.given("--also-named", Some(t), name)).collect();
        if !flags.also_named.is_empty() {
            line.also_named = names;
        }
        set(&mut line.contract_date, check.given("--contract-date", flags.contract_date.as_deref(), date));
        let to = |t: &str| Address::parse(t).map_err(text).and_then(|a| may_be_written_to(a, carrier));
        let addresses: Vec<Address> = flags.to.iter().filter_map(|t| check.given("--to", Some(t), to)).collect();
        if !flags.to.is_empty() {
            self.recipients = addresses;
        }
        let documents: Vec<Document> =
            flags.attach.iter().filter_map(|p| check.result("--attach", Document::read(p, self.limits))).collect();
        if !flags.attach.is_empty() {
            self.kept.clear();
            self.documents = documents;
        }
        if check.problems.is_empty() { Ok(()) } else { Err(check.problems) }
    }

    /// The event that gives these facts to a case, with its letters where nothing is missing. Documents are
    /// stored on the way.
    pub(super) fn event(&self, rules: &ConfiguredRules, tx: &Tx<'_>, whose: &Whose<'_>) -> Result<Event, EngineError> {
        let attachments = self.attachments(tx, whose)?;
        let missing = whose.carrier.missing(&self.holder_name, &self.line, &self.recipients);
        let subject = LetterSubject {
            reference: whose.reference,
            account: whose.account,
            carrier: whose.carrier,
            carrier_name: whose.carrier_name,
            language: whose.language,
            holder_name: &self.holder_name,
            line: &self.line,
            attachments: &attachments,
        };
        let letters = if missing.is_empty() { Some(rules.letters(&subject)?) } else { None };
        Ok(Event::FactsGiven {
            holder_name: self.holder_name.clone(),
            line: self.line.clone(),
            recipients: self.recipients.clone(),
            attachments,
            missing,
            letters,
        })
    }

    /// What looks wrong and may be right all the same: real cards exist that fail their check digit.
    pub(super) fn doubts(&self) -> Vec<String> {
        let iccid = self.line.iccid.as_deref().filter(|_| self.line.iccid.as_ref().is_some_and(|i| !i.luhn_ok()));
        let jmbg = self.line.jmbg.as_deref().filter(|_| self.line.jmbg.as_ref().is_some_and(|j| !j.check_ok()));
        let doubted = [("ICCID", iccid), ("JMBG", jmbg)].into_iter();
        let told = doubted.filter_map(|(kind, number)| {
            let shown = masked(number?);
            Some(format!("please compare the {kind} {shown} once more: its check digit does not fit"))
        });
        told.collect()
    }

    /// All documents, copies of those read just now stored.
    fn attachments(&self, tx: &Tx<'_>, whose: &Whose<'_>) -> Result<Vec<Attachment>, EngineError> {
        let Whose { language, carrier_name, today, .. } = *whose;
        let words = document::words(&Occasion { language, line: &self.line, carrier: carrier_name, date: today });
        Ok([self.kept.clone(), documents::stored(tx, &self.documents, &words)?].concat())
    }
}

/// Whose letters are written, and for what case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose<'a> {
    /// The case.
    pub(super) reference: &'a Reference,
    /// The account.
    pub(super) account: &'a Account,
    /// The carrier.
    pub(super) carrier: &'a CarrierProfile,
    /// What letters call the carrier.
    pub(super) carrier_name: &'a str,
    /// Language of the letters.
    pub(super) language: &'a str,
    /// The day, at the carrier.
    pub(super) today: Date,
}

/// The address, unless the carrier's record says that such a request is lost or wrong there.
fn may_be_written_to(address: Address, carrier: Option<&CarrierProfile>) -> Result<Address, String> {
    let Some((carrier, (why, source))) = carrier.and_then(|c| Some((c, c.never_written_to(&address)?))) else {
        return Ok(address);
    };
    Err(format!(
        "{address} is marked `{why}` in the record of {} ({}, {}), and such mailboxes are never written to; `odjava carriers show {}` \
         has its channels",
        carrier.name, source.text, source.date, carrier.id
    ))
}

struct Checker {
    problems: Vec<FactProblem>,
}

impl Checker {
    fn given<T>(
        &mut self,
        flag: &'static str,
        value: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        value.and_then(|v| self.result(flag, parse(v)))
    }

    fn result<T>(&mut self, flag: &'static str, result: Result<T, String>) -> Option<T> {
        result.map_err(|text| self.problems.push(FactProblem { flag, text })).ok()
    }
}

fn set<T>(place: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *place = value;
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Problems one below the other, as the text of an error.
pub(super) fn listed<T: std::fmt::Display>(problems: &[T]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let flags = FactFlags {
            msisdn: Some("call me".into()),
            eid: Some("123".into()),
            contract_date: Some("soon".into()),
            to: vec!["nobody".into()],
            ..FactFlags::default()
        };
        let problems = Facts::default().take(&flags, None).unwrap_err();
        let named: Vec<&str> = problems.iter().map(|p| p.flag).collect();
        assert_eq!(named, ["--msisdn", "--eid", "--contract-date", "--to"]);
    }
}
