//! The texts to the carrier: the facts they are made of, what stands in for facts not known yet, how those
//! are filled in, and the digest that an approval covers. The words are in `config::templates`.

use super::Date;
use super::address::{Address, Reference};
use super::carrier::CarrierProfile;
use super::case::{Attachment, Fact, Letter, Letters, Outgoing};
use super::identity::{Line, in_other_script};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for the day the request was sent, in the letters rendered before that.
pub const SLOT_REQUEST_DATE: &str = "[[request_date]]";
/// Stands for the carrier's ticket number; a line that holds it is left out while none is known.
pub const SLOT_TICKET: &str = "[[ticket]]";
/// Stands for the days on which follow-ups were sent.
pub const SLOT_FOLLOW_UP_DATES: &str = "[[follow_up_dates]]";

/// Facts that fill the slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotFacts {
    /// Day of the request, as written in the letter's language.
    pub request_date: String,
    /// Ticket number of the carrier.
    pub ticket: Option<String>,
    /// Days of the follow-ups, comma separated.
    pub follow_up_dates: String,
}

/// Fills the slots of one text. Lines about facts that do not exist are left out.
#[must_use]
pub fn fill(text: &str, facts: &SlotFacts) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let missing = (line.contains(SLOT_TICKET) && facts.ticket.is_none())
            || (line.contains(SLOT_FOLLOW_UP_DATES) && facts.follow_up_dates.is_empty());
        if missing {
            continue;
        }
        lines.push(
            line.replace(SLOT_REQUEST_DATE, &facts.request_date)
                .replace(SLOT_TICKET, facts.ticket.as_deref().unwrap_or(""))
                .replace(SLOT_FOLLOW_UP_DATES, &facts.follow_up_dates),
        );
    }
    lines.join("\n")
}

/// Everything a letter to a carrier may say. Only the facts in `send` are written into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterFacts {
    /// Language of the letter.
    pub language: String,
    /// Language of the reading aid; none is made when both are the same.
    pub aid_language: String,
    /// Reference of the case.
    pub reference: Reference,
    /// Holder, as the carrier knows the name.
    pub holder_name: String,
    /// Address the letter comes from and answers go to.
    pub holder_address: Address,
    /// Carrier, as letters call it.
    pub carrier_name: String,
    /// Country of the carrier, where known.
    pub country: Option<String>,
    /// What people call its regulator, where known.
    pub regulator: Option<String>,
    /// The line, with more than the letter may say.
    pub line: Line,
    /// Which facts of the line go into the letter.
    pub send: Vec<Fact>,
    /// Names of the documents that go with this very mail.
    pub enclosed: Vec<String>,
    /// Documents go with the request; else they wait until they are asked for.
    pub documents_with_request: bool,
}

impl LetterFacts {
    /// The facts for letters to a carrier, as far as its record asks for them.
    #[must_use]
    pub fn new(
        carrier: &CarrierProfile,
        language: &str,
        aid_language: &str,
        reference: Reference,
        holder: (&str, Address),
        line: &Line,
    ) -> Self {
        Self {
            language: language.to_owned(),
            aid_language: aid_language.to_owned(),
            reference,
            holder_name: holder.0.to_owned(),
            holder_address: holder.1,
            carrier_name: carrier.name.clone(),
            country: carrier.country.clone(),
            regulator: carrier.regulator.as_ref().map(|r| r.short_name.clone()),
            line: line.clone(),
            send: carrier.facts_to_send(line),
            enclosed: Vec::new(),
            documents_with_request: super::document::go_with_request(carrier),
        }
    }

    /// Names of the values of a letter; a template can use no other.
    pub const NAMES: [&'static str; 22] = [
        "reference",
        "holder_name",
        "holder_names",
        "holder_address",
        "carrier_name",
        "country",
        "regulator",
        "msisdn",
        "iccid",
        "eid",
        "customer_number",
        "contract_number",
        "order_number",
        "contract_date",
        "jmbg",
        "passport_number",
        "postal_address",
        "enclosed",
        "text",
        "request_date",
        "ticket",
        "follow_up_dates",
    ];

    /// The name as registered, and behind it the other forms that the carrier may have: those the holder gave, and
    /// in a Serbian letter (and in its reading aid) the other script.
    fn holder_names(&self) -> String {
        let mut others: Vec<String> = self.line.also_named.iter().map(ToString::to_string).collect();
        if self.language.split('-').next() == Some("sr") {
            others.extend(in_other_script(&self.holder_name));
        }
        let mut told = BTreeSet::from([self.holder_name.clone()]);
        others.retain(|name| told.insert(name.clone()));
        if others.is_empty() {
            self.holder_name.clone()
        } else {
            format!("{} ({})", self.holder_name, others.join(", "))
        }
    }

    /// The values by name, in the spelling of `language`; `text` is the holder's own words in an answer. A
    /// value that is not known, or that the record does not ask for, is there as `None`.
    #[must_use]
    pub fn values(&self, language: &str, text: Option<&str>) -> BTreeMap<&'static str, Option<String>> {
        let mut out: BTreeMap<&'static str, Option<String>> = Self::NAMES.iter().map(|n| (*n, None)).collect();
        let mut set = |name: &'static str, value: Option<String>| {
            out.insert(name, value.map(|v| one_line(&v)).filter(|v| !v.is_empty()));
        };
        set("reference", Some(self.reference.to_string()));
        set("holder_name", Some(self.holder_name.clone()));
        set("holder_names", Some(self.holder_names()));
        set("holder_address", Some(self.holder_address.to_string()));
        set("carrier_name", Some(self.carrier_name.clone()));
        set("country", self.country.clone());
        set("regulator", self.regulator.clone());
        for fact in &self.send {
            match fact {
                Fact::Msisdn => set("msisdn", self.line.msisdn.as_ref().map(ToString::to_string)),
                Fact::Iccid => set("iccid", self.line.iccid.as_ref().map(ToString::to_string)),
                Fact::Eid => set("eid", self.line.eid.as_ref().map(ToString::to_string)),
                Fact::CustomerNumber => {
                    set("customer_number", self.line.customer_number.as_ref().map(ToString::to_string))
                }
                Fact::ContractNumber => {
                    set("contract_number", self.line.contract_number.as_ref().map(ToString::to_string))
                }
                Fact::OrderNumber => set("order_number", self.line.order_number.as_ref().map(ToString::to_string)),
                Fact::Jmbg => set("jmbg", self.line.jmbg.as_ref().map(ToString::to_string)),
                Fact::PassportNumber => {
                    set("passport_number", self.line.passport_number.as_ref().map(ToString::to_string))
                }
                Fact::PostalAddress => {
                    set("postal_address", self.line.postal_address.as_ref().map(ToString::to_string))
                }
                Fact::ContractDate => set("contract_date", self.line.contract_date.map(|d| write_date(language, d))),
                Fact::Name | Fact::LineNumber | Fact::ContactAddress => {}
            }
        }
        set("enclosed", Some(self.enclosed.join(", ")));
        set("request_date", Some(SLOT_REQUEST_DATE.to_owned()));
        set("ticket", Some(SLOT_TICKET.to_owned()));
        set("follow_up_dates", Some(SLOT_FOLLOW_UP_DATES.to_owned()));
        out.insert("text", text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()));
        out
    }
}

/// What an answer to the carrier says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerKind {
    /// No to an offer, please proceed.
    DeclineOffer,
    /// The document that was asked for.
    DocumentEnclosed,
    /// It has been paid.
    PaymentProof,
    /// The holder's own words.
    Free,
}

impl AnswerKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::DeclineOffer, Self::DocumentEnclosed, Self::PaymentProof, Self::Free];

    /// The name of the template folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DeclineOffer => "decline_offer",
            Self::DocumentEnclosed => "document_enclosed",
            Self::PaymentProof => "payment_proof",
            Self::Free => "answer",
        }
    }
}

/// Control characters and line breaks become spaces: one fact is one line of a letter.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A day as a letter of that language writes it: `09.11.2026.`, `2026年11月9日`, `9 November 2026`.
#[must_use]
pub fn write_date(language: &str, day: Date) -> String {
    let format = match language.split('-').next().unwrap_or_default() {
        "sr" | "hr" | "bs" => "%d.%m.%Y.",
        "zh" => "%Y年%-m月%-d日",
        "de" => "%d.%m.%Y",
        _ => "%-d %B %Y",
    };
    day.format(format).to_string()
}

/// Feeds one field with its length, so that no two different drafts hash alike.
fn feed(context: &mut ring::digest::Context, field: &str) {
    context.update(&(field.len() as u64).to_be_bytes());
    context.update(field.as_bytes());
}

fn feed_letter(context: &mut ring::digest::Context, letter: &Letter) {
    feed(context, &letter.subject);
    feed(context, &letter.body);
}

fn feed_attachments(context: &mut ring::digest::Context, attachments: &[Attachment]) {
    for a in attachments {
        feed(context, &a.file_name);
        feed(context, &a.media_type);
        feed(context, &a.digest);
    }
}

/// The digest of everything that leaves when this draft is approved: sender, recipients, text,
/// documents and, where the approval covers them, the later letters. Twelve hex digits of SHA-256.
#[must_use]
pub fn digest(from: &Address, recipients: &[Address], mail: &Outgoing, covered: Option<&Letters>) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    feed(&mut context, from.as_str());
    for to in recipients {
        feed(&mut context, to.as_str());
    }
    feed(&mut context, mail.purpose.name());
    feed_letter(&mut context, &mail.letter);
    feed_attachments(&mut context, &mail.attachments);
    if let Some(letters) = covered {
        for letter in [&letters.follow_up_1, &letters.follow_up_2, &letters.notice] {
            feed_letter(&mut context, letter);
        }
    }
    context.finish().as_ref().iter().take(6).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_the_language_writes_it() {
        let day = Date::from_ymd_opt(2026, 11, 9).unwrap();
        for (language, expected) in [
            ("sr-Latn", "09.11.2026."),
            ("sr-Cyrl", "09.11.2026."),
            ("zh-CN", "2026年11月9日"),
            ("en", "9 November 2026"),
        ] {
            assert_eq!(write_date(language, day), expected);
        }
    }

    #[test]
    fn a_line_about_an_unknown_ticket_is_left_out() {
        let text = "Dear Sir,\nyour number: [[ticket]]\nsent on [[request_date]].";
        let facts = SlotFacts { request_date: "9 November 2026".into(), ..SlotFacts::default() };
        assert_eq!(fill(text, &facts), "Dear Sir,\nsent on 9 November 2026.");
    }
}
