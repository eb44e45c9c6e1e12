//! Everything that can be wrong with a template, found when it is loaded and not when it is needed.
//! Called by `templates` only.

use super::reader::Problem;
use super::spelling;
use super::templates::{NudgeContext, TemplateError, Templates};
use crate::domain::Date;
use crate::domain::address::{Address, Reference};
use crate::domain::case::{Fact, Purpose, Question};
use crate::domain::draft::{AnswerKind, LetterFacts};
use crate::domain::effect::NudgeKind;
use crate::domain::identity::{
    CarrierNumber, Eid, HolderName, Iccid, Line, Msisdn, PassportNumber, PersonalNumber, PostalAddress,
};
use minijinja::Environment;
use std::collections::{BTreeMap, BTreeSet};

/// Largest template file, in bytes.
const SOURCE_SIZE_MAX: usize = 64 * 1024;

/// Every question, so that each has its words.
const QUESTIONS: [Question; 12] = [
    Question::MissingInfo,
    Question::IdDocument,
    Question::Payment,
    Question::OtherChannel,
    Question::RetentionOffer,
    Question::Refused,
    Question::Undeliverable,
    Question::SendUnknown,
    Question::UnclearReply,
    Question::LateReply,
    Question::BilledAfterEnd,
    Question::NoAnswer,
];

/// Names of all template folders below a language.
pub(super) fn purposes() -> Vec<String> {
    let letters =
        [Purpose::Request, Purpose::FollowUp1, Purpose::FollowUp2, Purpose::Notice].map(|p| p.name().to_owned());
    let answers = AnswerKind::ALL.map(|k| k.name().to_owned());
    let nudges = NudgeKind::ALL.map(|k| format!("nudge_{}", k.name()));
    letters.into_iter().chain(answers).chain(nudges).collect()
}

/// A file whose path means nothing, or that is too large.
pub(super) fn source_problem(name: &str, shown: &str, text: &str) -> Option<Problem> {
    let fail = |message: String| Some(Problem { file: shown.to_owned(), line: 0, message });
    let parts: Vec<&str> = name.split('/').collect();
    let [_, purpose, file] = parts.as_slice() else {
        return fail("lies in the wrong place; templates are <language>/<purpose>/{subject,body}.txt".to_owned());
    };
    let known = purposes();
    if !known.iter().any(|p| p == purpose) {
        let near = spelling::nearest(purpose, known.iter().map(String::as_str));
        let hint = near.map_or_else(|| format!("there are {}", known.join(", ")), |n| format!("did you mean `{n}`?"));
        return fail(format!("`{purpose}` is no kind of mail; {hint}"));
    }
    if !matches!(*file, "subject.txt" | "body.txt") {
        return fail("must be called subject.txt or body.txt".to_owned());
    }
    if text.len() > SOURCE_SIZE_MAX {
        return fail(format!("is larger than {} KB", SOURCE_SIZE_MAX / 1024));
    }
    None
}

/// A body without a subject, or the other way round.
pub(super) fn unpaired(texts: &BTreeMap<String, (String, String)>) -> Vec<Problem> {
    let mut out = Vec::new();
    for (name, (shown, _)) in texts {
        let partner = match name.rsplit_once('/') {
            Some((folder, "subject.txt")) => format!("{folder}/body.txt"),
            Some((folder, "body.txt")) => format!("{folder}/subject.txt"),
            _ => continue,
        };
        if !texts.contains_key(&partner) {
            let message = format!("needs {} beside it", partner.rsplit('/').next().unwrap_or_default());
            out.push(Problem { file: shown.clone(), line: 0, message });
        }
    }
    out
}

/// Values a template uses that there are not, with the line of their first use and those there are.
pub(super) fn unknown_values(environment: &Environment<'_>, name: &str, shown: &str, text: &str) -> Vec<Problem> {
    let is_nudge = name.split('/').nth(1).is_some_and(|p| p.starts_with("nudge_"));
    let mut known: BTreeSet<String> = BTreeSet::new();
    if is_nudge {
        known.extend(NudgeContext::NAMES.map(str::to_owned));
        known.extend(NudgeContext::FACTS.map(|f| format!("facts.{f}")));
    } else {
        known.extend(LetterFacts::NAMES.map(str::to_owned));
    }
    let Ok(template) = environment.get_template(name) else { return Vec::new() };
    let mut used: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    used.sort();
    let globals: BTreeSet<String> = environment.globals().map(|(n, _)| n.to_owned()).collect();
    let mut out = Vec::new();
    for value in used.into_iter().filter(|v| !known.contains(v) && !globals.contains(v)) {
        let line = text.lines().position(|l| l.contains(&value)).map_or(0, |i| i + 1);
        let near = spelling::nearest(&value, known.iter().map(String::as_str));
        let hint = near.map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
        let all: Vec<&str> = known.iter().map(String::as_str).collect();
        let message = format!("there is no value `{value}`; {hint}There are {}", all.join(", "));
        out.push(Problem { file: shown.to_owned(), line, message });
    }
    out
}

/// What goes wrong with all facts known, and with as few as there can be.
pub(super) fn sample_problems(templates: &Templates) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut note = |result: Result<(), TemplateError>| {
        if let Err(TemplateError::Failed { file, line, reason }) = result {
            out.push(Problem { file, line: line.unwrap_or(0), message: reason });
        }
    };
    for language in templates.languages() {
        for facts in letter_samples(&language) {
            note(templates.letters(&facts).map(drop));
            for kind in AnswerKind::ALL {
                for text in [None, Some("...")] {
                    note(templates.answer(kind, &facts, text).map(drop));
                }
            }
        }
        for context in nudge_samples() {
            note(templates.nudge(&language, &context).map(drop));
        }
    }
    out
}

fn letter_samples(language: &str) -> Vec<LetterFacts> {
    let (Some(reference), Ok(address)) = (Reference::parse("7Q2M"), Address::parse("holder@mail.example")) else {
        return Vec::new();
    };
    let least = LetterFacts {
        language: language.to_owned(),
        aid_language: language.to_owned(),
        reference,
        holder_name: "Holder".to_owned(),
        holder_address: address,
        carrier_name: "Carrier".to_owned(),
        country: None,
        regulator: None,
        line: Line::default(),
        send: Vec::new(),
        enclosed: Vec::new(),
        documents_with_request: true,
    };
    let line = Line {
        msisdn: Msisdn::parse("+381601234567", None).ok(),
        iccid: Iccid::parse("8938103000012345673").ok(),
        eid: Eid::parse("89034011560010000000000000000121").ok(),
        customer_number: CarrierNumber::parse("123/4").ok(),
        contract_number: CarrierNumber::parse("U-55").ok(),
        order_number: CarrierNumber::parse("A-1").ok(),
        contract_date: Date::from_ymd_opt(2024, 5, 6),
        also_named: HolderName::parse("李伟").ok().into_iter().collect(),
        jmbg: PersonalNumber::parse("0101006500006").ok(),
        passport_number: PassportNumber::parse("E12345678").ok(),
        postal_address: PostalAddress::parse("Street 1, Town").ok(),
    };
    let full = LetterFacts {
        country: Some("RS".to_owned()),
        regulator: Some("Regulator".to_owned()),
        send: Fact::ALL.into_iter().map(|(_, fact)| fact).filter(|fact| line.knows(*fact)).collect(),
        line,
        enclosed: vec!["document.pdf".to_owned()],
        ..least.clone()
    };
    vec![least, full]
}

fn nudge_samples() -> Vec<NudgeContext> {
    let mut out = Vec::new();
    for kind in NudgeKind::ALL {
        let questions: Vec<Option<Question>> = match kind {
            NudgeKind::NeedsYou => QUESTIONS.into_iter().map(Some).collect(),
            _ => vec![None],
        };
        for question in questions {
            let least = NudgeContext { kind: Some(kind), question, ..NudgeContext::default() };
            out.push(NudgeContext {
                reference: Some("7Q2M".to_owned()),
                carrier_name: Some("Carrier".to_owned()),
                line: Some("+********4567".to_owned()),
                facts: NudgeContext::FACTS.iter().map(|f| ((*f).to_owned(), "1".to_owned())).collect(),
                ..least.clone()
            });
            out.push(least);
        }
    }
    out
}
