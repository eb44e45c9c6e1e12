//! `odjava new`: from flags and answers at the terminal to an opened case; many at once are in `batch`. What a request needs is
//! said by the carrier's record.

use super::arguments::{FactFlags, New};
use super::choose::{choose, pick, remarks};
use super::desk::{Desk, Place};
use super::documents;
use super::facts::{FactProblem, Facts, Whose, listed};
use super::output::Output;
use super::{batch, cases, csv};
use crate::config::account::Account;
use crate::domain::address::CaseSeed;
use crate::domain::carrier::{CarrierKind, CarrierProfile, ChannelKind, EmailTermination, OTHER, Source};
use crate::domain::case::{Case, Fact, State};
use crate::domain::decide::{Opening, serde_name};
use crate::domain::schedule;
use crate::engine::Engine;
use crate::rulebook::ConfiguredRules;
use crate::store::{CaseRow, Tx};
use anyhow::{Context, bail};
use std::process::ExitCode;
use std::sync::Arc;

/// Opens one case, or one for each row of a file.
pub(super) fn new(place: &Place, what: &New, output: &mut Output) -> anyhow::Result<ExitCode> {
    if what.csv_header {
        return batch::header(output);
    }
    let mut desk = Desk::open(place)?;
    if let Some(path) = &what.from_csv {
        let bytes = read_bounded(path).with_context(|| format!("{} cannot be read", path.display()))?;
        return batch::from_csv(&mut desk, what, &path.display().to_string(), &bytes, output);
    }
    let mut what = what.clone();
    if what.carrier.is_none() && output.can_ask() {
        what.carrier = Some(ask("Carrier (name, your number, or `other`)", false)?);
    }
    let mut said = settle_carrier(&desk, &mut what, output)?;
    if output.can_ask() {
        said.drain(..).for_each(|remark| output.remark(remark));
    }
    let order = match Order::of(&desk, &what) {
        Ok(order) => order,
        Err(problems) => bail!("{}", listed(&problems)),
    };
    let order = complete(order, output)?;
    said.extend(order.facts.doubts());
    said.extend(order.moved_number(&desk).filter(|_| !output.json()));
    let row = open(&mut desk, &order)?;
    said.into_iter().for_each(|remark| output.remark(remark));
    cases::print_case(&mut desk, &row, output)?;
    Ok(ExitCode::SUCCESS)
}

/// A file, or as much of one as is surely too much (a device never ends).
fn read_bounded(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(csv::SIZE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Asks which carrier is meant where several could be and somebody can answer; what there is to say of the choice.
fn settle_carrier(desk: &Desk, what: &mut New, output: &mut Output) -> anyhow::Result<Vec<String>> {
    let Some(text) = what.carrier.clone() else { return Ok(Vec::new()) };
    let found = match choose(&desk.rules.directory, &text) {
        Ok(found) => found,
        // The list of problems is made later, with those of the other flags.
        Err(_) if !output.can_ask() => return Ok(Vec::new()),
        Err(_) => pick(&desk.rules.directory, &text, output)?,
    };
    what.carrier = Some(found.profile.id.clone());
    Ok(if output.json() { Vec::new() } else { remarks(&found, &text) })
}

/// Opens a case from flags alone.
pub(super) fn open_as_told(desk: &mut Desk, what: &New) -> anyhow::Result<CaseRow> {
    let order = Order::of(desk, what).map_err(|problems| anyhow::anyhow!("{}", listed(&problems)))?;
    open(desk, &order)
}

/// A case about to be opened.
pub(super) struct Order {
    account: String,
    /// The carrier.
    pub(super) carrier: CarrierProfile,
    language: String,
    /// All that was said.
    pub(super) facts: Facts,
    missing: Vec<Fact>,
}

impl Order {
    /// What flags or a row say, checked; facts may still be missing.
    pub(super) fn of(desk: &Desk, what: &New) -> Result<Self, Vec<FactProblem>> {
        let problem = |flag: &'static str, text: String| vec![FactProblem { flag, text }];
        let account =
            desk.rules.config.account(what.account.as_deref()).map_err(|e| problem("--account", e.to_string()))?;
        let Some(name) = &what.carrier else {
            let text = "is missing; `odjava carriers` shows those in the directory".to_owned();
            let mut problems = problem("--carrier", text);
            if what.facts.msisdn.is_none() && what.facts.iccid.is_none() && what.facts.order.is_none() {
                problems.push(FactProblem { flag: "--msisdn", text: "is missing".to_owned() });
            }
            return Err(problems);
        };
        let carrier =
            choose(&desk.rules.directory, name).map_err(|unclear| problem("--carrier", unclear.to_string()))?.profile;
        let mut facts = Facts {
            holder_name: account.holder_name.clone(),
            recipients: carrier.request_addresses(),
            limits: desk.rules.config.documents.limits,
            ..Facts::default()
        };
        facts.take(&what.facts, Some(carrier))?;
        let language = language_of(desk, what, carrier).map_err(|text| problem("--language", text))?;
        Ok(Self {
            account: account.name.clone(),
            carrier: carrier.clone(),
            language,
            missing: carrier.missing(&facts.holder_name, &facts.line, &facts.recipients),
            facts,
        })
    }

    /// A word when the number was first given to another network: moved since, or the wrong carrier.
    fn moved_number(&self, desk: &Desk) -> Option<String> {
        let number = self.facts.line.msisdn.as_ref().filter(|_| self.carrier.kind == CarrierKind::Operator)?;
        let first: Vec<_> = desk.rules.directory.find(number.as_str());
        if self.carrier.id == OTHER || first.iter().any(|m| m.profile.id == self.carrier.id) {
            return None;
        }
        let first = first.first().filter(|m| m.why.is_prefix())?.profile;
        Some(format!(
            "please compare: this number was first given to {} ({}); that is right if it was moved to {} since",
            first.name, first.id, self.carrier.name
        ))
    }

    /// Facts without which no case is opened: an address may be found later, a line must be named.
    pub(super) fn missing_now(&self) -> Vec<FactProblem> {
        let waits = |fact: &&Fact| **fact != Fact::ContactAddress || self.carrier.id == OTHER;
        let document = self.wants_document().then(|| FactProblem {
            flag: "--attach",
            text: format!(
                "is missing; {} wants a copy of an identity document with the request (odjava marks it for this use)",
                self.carrier.name
            ),
        });
        let facts = self.missing.iter().filter(waits).map(|fact| FactProblem {
            flag: fact.flag(),
            text: format!("is missing; {} needs {}", self.carrier.name, wanted(*fact)),
        });
        facts.chain(document).collect()
    }

    /// The carrier's record demands a document, and none was given.
    fn wants_document(&self) -> bool {
        documents::wanted_at_once(&self.carrier) && self.facts.documents.is_empty()
    }
}

/// The language of the letters: the one asked for, which must exist, or the best that the carrier reads.
fn language_of(desk: &Desk, what: &New, carrier: &CarrierProfile) -> Result<String, String> {
    let Some(asked) = &what.language else {
        let best = carrier.letter_languages.first().map_or("en", String::as_str);
        return Ok(desk.rules.letter_language(best));
    };
    let found = desk.rules.letter_language(asked);
    let same = found.split('-').next() == asked.split('-').next();
    same.then_some(found).ok_or_else(|| {
        let known = desk.rules.templates.languages().join(", ");
        format!("there are no letters in `{}`; there are {known}", super::wording::safe(asked))
    })
}

fn wanted(fact: Fact) -> &'static str {
    match fact {
        Fact::Name => "the holder's name",
        Fact::Msisdn => "the phone number",
        Fact::Iccid => "the number of the SIM card",
        Fact::Eid => "the number of the eSIM chip",
        Fact::CustomerNumber => "the customer number",
        Fact::ContractNumber => "the contract number",
        Fact::Jmbg => "the JMBG (or EBS)",
        Fact::PassportNumber => "the passport number",
        Fact::PostalAddress => "the postal address",
        Fact::OrderNumber => "the order number",
        Fact::ContractDate => "the day the contract was signed",
        Fact::LineNumber => "the phone number (or --customer-number, --contract-number, --order, --iccid)",
        Fact::ContactAddress => "an address to write to",
    }
}

/// Asks for what is missing where somebody can answer; otherwise names every flag.
fn complete(mut order: Order, output: &mut Output) -> anyhow::Result<Order> {
    let mut tries = 0;
    while output.can_ask() && !order.missing.is_empty() && tries < 5 {
        tries += 1;
        let mut flags = FactFlags::default();
        for fact in order.missing.clone() {
            if fact == Fact::ContactAddress && order.carrier.id != OTHER {
                output.remark(channels_told(&order.carrier));
            }
            if fact == Fact::LineNumber {
                ask_number(&mut flags)?;
                continue;
            }
            let may_be_empty = fact == Fact::ContactAddress && order.carrier.id != OTHER;
            let text = ask(prompt(fact, may_be_empty), may_be_empty)?;
            let slot = match fact {
                Fact::Name => &mut flags.name,
                Fact::Msisdn | Fact::LineNumber => &mut flags.msisdn,
                Fact::Iccid => &mut flags.iccid,
                Fact::Eid => &mut flags.eid,
                Fact::CustomerNumber => &mut flags.customer_number,
                Fact::ContractNumber => &mut flags.contract_number,
                Fact::Jmbg => &mut flags.jmbg,
                Fact::PassportNumber => &mut flags.passport_number,
                Fact::PostalAddress => &mut flags.postal_address,
                Fact::OrderNumber => &mut flags.order,
                Fact::ContractDate => &mut flags.contract_date,
                Fact::ContactAddress => {
                    flags.to = text.split_whitespace().map(str::to_owned).collect();
                    continue;
                }
            };
            *slot = Some(text);
        }
        if let Err(problems) = order.facts.take(&flags, Some(&order.carrier)) {
            output.remark(listed(&problems));
        }
        order.missing = order.carrier.missing(&order.facts.holder_name, &order.facts.line, &order.facts.recipients);
        if order.missing == [Fact::ContactAddress] && order.carrier.id != OTHER {
            break;
        }
    }
    while output.can_ask() && order.wants_document() && tries < 5 {
        tries += 1;
        let path = ask("File with a copy of your identity document (JPEG, PNG or scanned PDF)", false)?;
        let flags = FactFlags { attach: vec![path.into()], ..FactFlags::default() };
        if let Err(problems) = order.facts.take(&flags, None) {
            output.remark(listed(&problems));
        }
    }
    let missing = order.missing_now();
    if missing.is_empty() { Ok(order) } else { bail!("{}", listed(&missing)) }
}

/// Any one number that names the line.
fn ask_number(flags: &mut FactFlags) -> anyhow::Result<()> {
    let ways = [
        ("Phone number (empty if there is none)", &mut flags.msisdn),
        ("Order number (empty if there is none)", &mut flags.order),
        ("Customer number (empty if there is none)", &mut flags.customer_number),
        ("Contract number (empty if there is none)", &mut flags.contract_number),
        ("Number of the SIM card, ICCID", &mut flags.iccid),
    ];
    for (prompt, slot) in ways {
        let text = ask(prompt, true)?;
        if !text.is_empty() {
            *slot = Some(text);
            break;
        }
    }
    Ok(())
}

fn prompt(fact: Fact, may_be_empty: bool) -> &'static str {
    match fact {
        Fact::Name => "Name of the holder, as the carrier knows it",
        Fact::Msisdn | Fact::LineNumber => "Phone number",
        Fact::Iccid => "Number of the SIM card (ICCID)",
        Fact::Eid => "Number of the eSIM chip (EID)",
        Fact::CustomerNumber => "Customer number",
        Fact::ContractNumber => "Contract number",
        Fact::Jmbg => "JMBG (or EBS)",
        Fact::PassportNumber => "Passport number",
        Fact::PostalAddress => "Postal address",
        Fact::OrderNumber => "Order number",
        Fact::ContractDate => "Day the contract was signed",
        Fact::ContactAddress if may_be_empty => "Address to write to (empty: later)",
        Fact::ContactAddress => "Address to write to",
    }
}

fn ask(prompt: &str, may_be_empty: bool) -> anyhow::Result<String> {
    let input = dialoguer::Input::<String>::new().with_prompt(prompt).allow_empty(may_be_empty);
    Ok(input.interact_text()?.trim().to_owned())
}

/// Opens cases in one transaction: all of them or none.
pub(super) fn open_all(desk: &mut Desk, orders: &[Order], output: &mut Output) -> anyhow::Result<Vec<CaseRow>> {
    let clock = Arc::clone(&desk.clock);
    let (engine, rules, store) = desk.parts();
    let rows = store.transaction(|tx| {
        let opened = orders.iter().enumerate().map(|(done, order)| {
            if done % 100 == 0 && orders.len() > 100 {
                output.progress(&format!("{done} of {} opened", orders.len()));
            }
            open_one(&engine, rules, tx, order, CaseSeed(clock.random()))
        });
        opened.collect()
    });
    output.progress("");
    rows
}

fn open_one(
    engine: &Engine<'_>,
    rules: &ConfiguredRules,
    tx: &Tx<'_>,
    order: &Order,
    seed: CaseSeed,
) -> anyhow::Result<CaseRow> {
    let account: &Account = rules.account(&order.account)?;
    let carrier_name = carrier_name(order);
    let reference = engine.draw_reference(tx)?;
    let whose = Whose {
        reference: &reference,
        account,
        carrier: &order.carrier,
        carrier_name: &carrier_name,
        language: &order.language,
        today: schedule::day_of(order.carrier.time_zone, engine.clock.now()),
    };
    let event = order.facts.event(rules, tx, &whose)?;
    let opening = Opening {
        reference: reference.clone(),
        seed,
        account: order.account.clone(),
        carrier: order.carrier.id.clone(),
        carrier_name: carrier_name.clone(),
        letter_language: order.language.clone(),
    };
    Ok(engine.open(tx, &opening, &event)?)
}

fn open(desk: &mut Desk, order: &Order) -> anyhow::Result<CaseRow> {
    let clock = Arc::clone(&desk.clock);
    let (engine, rules, store) = desk.parts();
    store.transaction(|tx| open_one(&engine, rules, tx, order, CaseSeed(clock.random())))
}

/// A carrier outside the directory is called by the domain it is written to.
fn carrier_name(order: &Order) -> String {
    match order.facts.recipients.first() {
        Some(to) if order.carrier.id == OTHER => to.domain(),
        _ => order.carrier.name.clone(),
    }
}

/// Why a case waits for an address, and which ways the record knows.
pub(super) fn channels_told(carrier: &CarrierProfile) -> String {
    let source = |s: &Source| format!("[{}; {}]", serde_name(&s.standing).replace('_', " "), s.text);
    let mut out = match carrier.email_termination {
        EmailTermination::Refused => format!("{} takes no terminations by e-mail.", carrier.name),
        _ => format!("No address of {} that takes such requests is known.", carrier.name),
    };
    if let Some(note) = &carrier.email_termination_note {
        out.push_str(&format!("\n  {} {}", note.value, source(&note.source)));
    }
    let ways: Vec<_> = carrier.usable_channels().filter(|c| c.kind != ChannelKind::Email).collect();
    out.push_str(if ways.is_empty() { "\nNo other way is known; look at its website." } else { "\nHere is the way:" });
    for channel in ways {
        out.push_str(&format!("\n  {} {}", channel.told(), source(&channel.source)));
    }
    if !carrier.good_to_know.is_empty() {
        out.push_str("\nWorth knowing:");
    }
    for fact in &carrier.good_to_know {
        out.push_str(&format!("\n  {} {}", fact.value, source(&fact.source)));
    }
    out
}

/// What `new` says of a case without an address.
pub(super) fn address_wanted(desk: &Desk, case: &Case) -> Option<String> {
    let State::Collecting { missing, .. } = &case.state else { return None };
    if !missing.contains(&Fact::ContactAddress) {
        return None;
    }
    let told = desk.rules.directory.get(&case.carrier).map(channels_told).unwrap_or_default();
    Some(format!(
        "{told}\nFound one? odjava edit {r} --to ADDRESS\nWent another way? odjava resolve {r} --sent-by CHANNEL",
        r = case.reference
    ))
}
