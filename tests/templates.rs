//! The words of all mails: every template renders for every carrier and language, says no more than it may,
//! and a faulty one of the user's is named with file and line.

use odjava::config::carriers::Directory;
use odjava::config::embedded;
use odjava::config::templates::{NudgeContext, TemplateError, Templates, question_name};
use odjava::domain::address::{Address, Reference};
use odjava::domain::case::{Letter, Letters, Question};
use odjava::domain::draft::{AnswerKind, LetterFacts, SLOT_REQUEST_DATE, SLOT_TICKET, SlotFacts, fill};
use odjava::domain::effect::NudgeKind;
use odjava::domain::identity::{
    CarrierNumber, Eid, HolderName, Iccid, Line, Msisdn, PassportNumber, PersonalNumber, PostalAddress,
};
use std::path::PathBuf;

const MSISDN: &str = "+381641234567";
const ICCID: &str = "8938103000012345673";
const JMBG: &str = "0101006500006";
const PASSPORT: &str = "E12345678";
const POST: &str = "Ulica lipa 17, 11000 Beograd";
const EID: &str = "89034011560010000000000000000121";

fn templates() -> Templates {
    Templates::load(None).map_err(|e| panic!("{e}")).unwrap()
}

/// A line of which everything is known.
fn full_line() -> Line {
    Line {
        msisdn: Msisdn::parse(MSISDN, None).ok(),
        iccid: Iccid::parse(ICCID).ok(),
        eid: Eid::parse(EID).ok(),
        customer_number: CarrierNumber::parse("555123/4").ok(),
        contract_number: CarrierNumber::parse("U-20931/24").ok(),
        order_number: CarrierNumber::parse("ORD-20931").ok(),
        contract_date: "2024-05-06".parse().ok(),
        also_named: HolderName::parse("李伟").ok().into_iter().collect(),
        jmbg: PersonalNumber::parse(JMBG).ok(),
        passport_number: PassportNumber::parse(PASSPORT).ok(),
        postal_address: PostalAddress::parse(POST).ok(),
    }
}

fn facts(carrier: &str, language: &str, aid: &str, line: &Line) -> LetterFacts {
    let directory = Directory::load(None).unwrap();
    let holder = ("Li Wei", Address::parse("li.wei@mailhost.example").unwrap());
    LetterFacts::new(directory.get(carrier).unwrap(), language, aid, Reference::parse("7Q2M").unwrap(), holder, line)
}

fn each(letters: &Letters) -> [&Letter; 5] {
    [&letters.request, &letters.follow_up_1, &letters.follow_up_2, &letters.notice, &letters.decline_offer]
}

const CARRIERS: [&str; 5] = ["mts-rs", "yettel-rs", "a1-rs", "globaltel-rs", "other"];
const LETTER_LANGUAGES: [&str; 4] = ["sr-Latn", "sr-Cyrl", "en", "zh-CN"];
const NUDGE_LANGUAGES: [&str; 3] = ["en", "zh-CN", "sr-Latn"];
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

#[test]
fn every_template_file_is_compiled_in() {
    let mut on_disk = Vec::new();
    super::config::below(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("templates"), "", &mut on_disk);
    on_disk.retain(|name| name.ends_with(".txt"));
    on_disk.sort();
    let listed: Vec<String> = embedded::TEMPLATES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, on_disk, "src/config/embedded.rs and templates/ differ");
}

#[test]
fn every_letter_renders_for_every_carrier_and_language_and_leaks_nothing() {
    let templates = templates();
    for carrier in CARRIERS {
        for language in LETTER_LANGUAGES {
            for aid in NUDGE_LANGUAGES {
                let mut facts = facts(carrier, language, aid, &full_line());
                let letters = templates.letters(&facts).map_err(|e| panic!("{e}")).unwrap();
                facts.enclosed = vec!["pasos.jpg".into()];
                let mut all: Vec<Letter> = each(&letters).map(Clone::clone).to_vec();
                all.extend(AnswerKind::ALL.map(|k| templates.answer(k, &facts, Some("...")).unwrap()));
                for letter in all {
                    let place = format!("{carrier} {language}:\n{}\n{}", letter.subject, letter.body);
                    assert!(letter.subject.ends_with("[7Q2M]") && !letter.subject.contains('\n'), "{place}");
                    for wanted in ["Ref: 7Q2M", "Li Wei", "li.wei@mailhost.example", MSISDN, "555123/4"] {
                        assert!(letter.body.contains(wanted), "{wanted} is missing: {place}");
                    }
                    assert_eq!(letter.body.contains("ORD-20931"), carrier == "other", "{place}");
                    assert_eq!(letter.body.contains("2024"), matches!(carrier, "mts-rs" | "other"), "{place}");
                    let aid_text = letter.reading_aid.unwrap_or_default();
                    assert!(letter.body.contains("U-20931") && letter.body.contains("(李伟)"), "{place}");
                    assert_eq!(letter.body.contains(POST), carrier == "yettel-rs", "{place}");
                    for never in [EID, ICCID, JMBG, PASSPORT] {
                        assert!(!letter.body.contains(never) && !aid_text.contains(never), "{never}: {place}");
                    }
                    assert!(!letter.body.contains("{{") && !letter.body.contains("none"), "{place}");
                    assert_eq!(aid_text.is_empty(), aid == language, "{place}");
                }
            }
        }
    }
}

#[test]
fn a_card_number_goes_out_only_where_nothing_else_names_the_line() {
    let line = Line { iccid: Iccid::parse(ICCID).ok(), eid: Eid::parse(EID).ok(), ..Line::default() };
    let letters = templates().letters(&facts("mts-rs", "sr-Latn", "en", &line)).unwrap();
    assert!(letters.request.body.contains(ICCID) && !letters.request.body.contains(EID));
}

#[test]
fn what_could_harm_the_holder_goes_out_only_where_the_record_demands_it() {
    use odjava::domain::case::Fact;
    let mut carrier = Directory::load(None).unwrap().get("mts-rs").unwrap().clone();
    let line = full_line();
    for fact in [Fact::Jmbg, Fact::PassportNumber, Fact::Eid] {
        carrier.optional.push(fact);
        assert!(!carrier.facts_to_send(&line).contains(&fact), "{fact:?} as a welcome fact");
        carrier.required.push(fact);
        assert!(carrier.facts_to_send(&line).contains(&fact), "{fact:?} as a required fact");
        assert!(carrier.missing("Li Wei", &Line::default(), &[]).contains(&fact));
    }
}

#[test]
fn a_serbian_letter_has_the_name_in_both_scripts() {
    let mut facts = facts("mts-rs", "sr-Latn", "en", &Line { also_named: Vec::new(), ..full_line() });
    facts.holder_name = "Petar Njegoš".into();
    let letter = templates().letters(&facts).unwrap().request;
    for text in [&letter.body, &letter.reading_aid.unwrap()] {
        assert!(text.contains("Petar Njegoš (Петар Његош)") && text.trim_end().ends_with("\nPetar Njegoš"), "{text}");
    }
    facts.language = "en".into();
    assert!(!templates().letters(&facts).unwrap().request.body.contains("Петар"));
}

#[test]
fn the_request_asks_for_everything_the_holder_needs() {
    let letters = templates().letters(&facts("mts-rs", "sr-Latn", "en", &full_line())).unwrap();
    let aid = letters.request.reading_aid.unwrap();
    for (said, read) in [
        ("pismeno potvrdite", "confirm in writing"),
        ("datum od kojeg raskid važi", "date on which the termination takes effect"),
        ("konačni obračun", "final account"),
        ("više neće naplaćivati", "nothing will be charged"),
        ("Broj treba da bude ugašen", "number is to be closed"),
        ("nije zahtev za prenos broja", "not a request to move"),
    ] {
        assert!(letters.request.body.contains(said), "{said}");
        assert!(aid.replace("\n  ", " ").replace('\n', " ").contains(read), "{read}: {aid}");
    }
    assert!(letters.notice.body.contains("podnosim prigovor") && letters.notice.body.contains("RATEL"));
}

#[test]
fn no_letter_claims_an_enclosure_that_is_not_there() {
    let templates = templates();
    let mut facts = facts("mts-rs", "sr-Latn", "sr-Latn", &full_line());
    for letter in each(&templates.letters(&facts).unwrap()) {
        assert!(!letter.body.contains("prilogu"), "{}", letter.body);
    }
    let refused = templates.answer(AnswerKind::DocumentEnclosed, &facts, None);
    assert!(matches!(refused, Err(TemplateError::NothingEnclosed)));
    assert!(!templates.answer(AnswerKind::PaymentProof, &facts, None).unwrap().body.contains("prilogu"));
    facts.enclosed = vec!["pasoš.jpg".into()];
    // It waits until it is asked for, unless the carrier's record demands it at once.
    let letters = templates.letters(&facts).unwrap();
    assert!(!letters.request.body.contains("prilogu"));
    assert!(letters.document_enclosed.unwrap().body.contains("pasoš.jpg"));
    facts.documents_with_request = true;
    let letters = templates.letters(&facts).unwrap();
    assert!(letters.request.body.contains("U prilogu dostavljam: pasoš.jpg"));
    assert!(!letters.follow_up_1.body.contains("pasoš.jpg"));
}

#[test]
fn a_line_about_an_unknown_ticket_leaves_no_trace() {
    let letters = templates().letters(&facts("mts-rs", "en", "en", &full_line())).unwrap();
    let dates =
        SlotFacts { request_date: "9 November 2026".into(), ticket: None, follow_up_dates: "16 November 2026".into() };
    for letter in [&letters.follow_up_1, &letters.follow_up_2, &letters.notice] {
        assert!(letter.body.contains(SLOT_REQUEST_DATE) && letter.body.contains(SLOT_TICKET));
        let text = fill(&letter.body, &dates);
        assert!(text.contains("9 November 2026") && !text.contains("case number") && !text.contains("[["), "{text}");
        let text = fill(&letter.body, &SlotFacts { ticket: Some("4711".into()), ..dates.clone() });
        assert!(text.contains("Your case number: 4711"), "{text}");
    }
    assert!(!letters.request.body.contains("[["), "nothing in a request waits for a later fact");
}

/// Serbian Cyrillic to Latin, letter by letter.
fn latin(text: &str) -> String {
    let pairs = "аaбbвvгgдdђđеeжžзzиiјjкkлlмmнnоoпpрrсsтtћćуuфfхhцcчčшš";
    let mut table: Vec<(char, String)> = Vec::new();
    let letters: Vec<char> = pairs.chars().collect();
    for pair in letters.chunks(2) {
        table.push((pair[0], pair[1].to_string()));
    }
    table.extend([('љ', "lj".to_owned()), ('њ', "nj".to_owned()), ('џ', "dž".to_owned())]);
    text.chars()
        .map(|c| {
            let low = c.to_lowercase().next().unwrap_or(c);
            match table.iter().find(|(cyrillic, _)| *cyrillic == low) {
                Some((_, l)) if c == low => l.clone(),
                Some((_, l)) => {
                    let mut upper: String = l.chars().take(1).flat_map(char::to_uppercase).collect();
                    upper.extend(l.chars().skip(1));
                    upper
                }
                None => c.to_string(),
            }
        })
        .collect()
}

#[test]
fn both_serbian_scripts_say_the_same() {
    for (name, text) in embedded::TEMPLATES.iter().filter(|(name, _)| name.starts_with("sr-Cyrl/")) {
        let twin = name.replace("sr-Cyrl", "sr-Latn");
        let other = embedded::TEMPLATES.iter().find(|(n, _)| *n == twin).unwrap();
        assert_eq!(latin(text), other.1, "{name}");
    }
}

#[test]
fn every_language_uses_the_same_facts() {
    let values = |text: &str| {
        let mut found: Vec<String> = Vec::new();
        for piece in text.split("{{").skip(1) {
            // `carrier_name or "the carrier"` names one value.
            let value = piece.split("}}").next().unwrap().split(" or ").next().unwrap();
            found.push(value.trim().to_owned());
        }
        found.sort();
        found.dedup();
        found
    };
    for (name, text) in embedded::TEMPLATES.iter().filter(|(name, _)| name.starts_with("en/")) {
        for language in ["sr-Latn", "zh-CN"] {
            let twin = name.replacen("en", language, 1);
            let other = embedded::TEMPLATES.iter().find(|(n, _)| *n == twin);
            assert_eq!(values(other.unwrap().1), values(text), "{twin}");
        }
    }
}

fn nudge(kind: NudgeKind, question: Option<Question>, given: &[(&str, &str)]) -> NudgeContext {
    NudgeContext {
        kind: Some(kind),
        reference: Some("7Q2M".into()),
        carrier_name: Some("mts".into()),
        line: Some("+********4567".into()),
        question,
        facts: given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

/// A reference or a closing bracket is never run into the next line's words.
fn no_glued_lines(body: &str) -> bool {
    let glued =
        |mark: &str| body.split(mark).skip(1).any(|rest| rest.chars().next().is_some_and(|c| c.is_alphanumeric()));
    !glued("7Q2M") && !glued("+********4567)")
}

#[test]
fn every_nudge_renders_in_every_language_with_its_reference() {
    let templates = templates();
    for language in NUDGE_LANGUAGES {
        let mut subjects = std::collections::BTreeSet::new();
        for kind in NudgeKind::ALL {
            let (subject, body) =
                templates.nudge(language, &nudge(kind, None, &[])).map_err(|e| panic!("{e}")).unwrap();
            assert!(subject.contains("[7Q2M]"), "{subject}");
            assert!(body.contains("odjava | ") && body.contains("7Q2M") && body.contains("+********4567"), "{body}");
            assert!(no_glued_lines(&body), "{language} {}: {body}", kind.name());
            subjects.insert(subject);
        }
        assert_eq!(subjects.len(), NudgeKind::ALL.len());
    }
}

#[test]
fn every_question_has_its_own_words_and_commands() {
    let templates = templates();
    for language in NUDGE_LANGUAGES {
        let mut bodies = std::collections::BTreeSet::new();
        for question in QUESTIONS {
            let (subject, body) = templates.nudge(language, &nudge(NudgeKind::NeedsYou, Some(question), &[])).unwrap();
            let commands = body.matches("odjava ").count();
            assert!(commands >= 3 && body.contains("7Q2M"), "{} {language}: {body}", question_name(question));
            assert!(no_glued_lines(&body), "{language}: {body}");
            bodies.insert(subject + &body);
        }
        assert_eq!(bodies.len(), QUESTIONS.len(), "{language}");
    }
}

#[test]
fn words_from_outside_are_quoted_line_by_line() {
    let given = [("words", "Ugovor je raskinut.\nodjava approve 7Q2M"), ("effective_date", "2026-12-31")];
    let (subject, body) = templates().nudge("en", &nudge(NudgeKind::Done, None, &given)).unwrap();
    assert!(subject.contains("Done") && body.contains("> Ugovor je raskinut.\n> odjava approve 7Q2M\n"), "{body}");
    assert!(body.contains("effective 31 December 2026."));
}

#[test]
fn a_line_break_in_a_fact_never_reaches_a_subject() {
    let mut context = nudge(NudgeKind::Done, None, &[]);
    context.carrier_name = Some("mts\r\nBcc: a@b.example".into());
    assert!(!templates().nudge("en", &context).unwrap().0.contains(['\r', '\n']));
    let mut facts = facts("mts-rs", "en", "en", &full_line());
    facts.holder_name = "Li\nWei".into();
    assert!(templates().letters(&facts).unwrap().request.body.contains("Name: Li Wei (李伟)\n"));
}

#[test]
fn a_language_without_templates_falls_back() {
    let templates = templates();
    for (asked, got) in
        [("fr", "en"), ("en-GB", "en"), ("zh", "zh-CN"), ("zh-TW", "zh-CN"), ("sr", "sr-Latn"), ("sr-Cyrl", "sr-Cyrl")]
    {
        assert_eq!(templates.language_for(asked, "request"), got, "{asked}");
    }
    assert_eq!(templates.language_for("sr-Cyrl", "nudge_done"), "sr-Latn");
}

/// Loads with one template of the user's and expects this problem.
fn refused(path: &str, text: &str, line: usize, parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    let found = Templates::load(Some(folder.path())).unwrap_err();
    let problem = &found.0[0];
    assert!(problem.file.ends_with(path) && problem.line == line, "{found}");
    for part in parts {
        assert!(problem.message.contains(part), "{part}: {found}");
    }
}

#[test]
fn a_faulty_template_is_named_with_its_line() {
    refused(
        "en/request/body.txt",
        "Dear\n{{ msisdm }}\n",
        2,
        &["no value `msisdm`", "did you mean `msisdn`", "holder_name"],
    );
    refused("en/request/body.txt", "Dear\n\n{% if msisdn %}\n", 3, &["not a valid template"]);
    refused("en/request/body.txt", "Dear\n{{ msisdn }}\n", 2, &["not always known", "{% if NAME %}"]);
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    refused("en/request/body.txt", endless, 1, &["runs too long"]);
    refused(
        "en/nudge_done/body.txt",
        "x\n{{ facts.wrods }}",
        2,
        &["no value `facts.wrods`", "did you mean `facts.words`"],
    );
    refused("en/reqest/body.txt", "x", 0, &["did you mean `request`"]);
    refused("en/request/text.txt", "x", 0, &["subject.txt or body.txt"]);
    refused("en/body.txt", "x", 0, &["lies in the wrong place"]);
    refused("de/request/body.txt", "x", 0, &["needs subject.txt beside it"]);
    refused("en/request/body.txt", "\n", 0, &["empty"]);
    refused("en/request/body.txt", "{{ msisdn | shout }}", 1, &["cannot be rendered", "shout"]);
}

#[test]
fn a_users_folder_overrides_and_adds_languages() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("de/request/subject.txt", "Kündigung [{{ reference }}]");
    write("de/request/body.txt", "Hiermit kündige ich.\n");
    write("en/request/body.txt", "Mine.\n");
    let templates = Templates::load(Some(folder.path())).map_err(|e| panic!("{e}")).unwrap();
    let letters = templates.letters(&facts("other", "de", "en", &full_line())).unwrap();
    assert_eq!(letters.request.subject, "Kündigung [7Q2M]");
    assert!(letters.request.reading_aid.unwrap().ends_with("\n\nMine.\n"));
    assert!(letters.notice.body.contains("I lodge a complaint"), "what German lacks comes in English");
}
