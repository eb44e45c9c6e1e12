//! Documents as the holder meets them: what is taken, what is kept back, what is shown, and when the copies go.

use crate::cli::{Home, fails, texts};
use crate::scenarios::language::facts;
use crate::scenarios::{World, policy};
use chrono::TimeDelta;
use odjava::domain::Timestamp;
use odjava::domain::case::{Attachment, Case, Question, State, Timer};
use odjava::domain::decide;
use odjava::domain::effect::Effect;
use odjava::domain::event::{AcceptedBy, Event, ResolveAct, SubmitOutcome};
use odjava::domain::reply::{Authenticity, Kind, MatchBasis, MessageKey, Reply};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A passport, as far as a test needs one.
pub(crate) const PASSPORT: &[u8] = include_bytes!("../src/cli/demo/passport.png");

fn home() -> Home {
    let home = Home::new();
    std::fs::write(home.path("passport.png"), PASSPORT).unwrap();
    home
}

/// `new` with a document, for a carrier of the directory that asks for one on request.
fn new_at_mts<'a>(file: &'a str, number: &'a str) -> Vec<&'a str> {
    vec!["new", "--carrier", "mts-rs", "--msisdn", number, "--to", "desk@carrier.example", "--attach", file]
}

fn new_elsewhere(file: &str) -> Vec<&str> {
    vec!["new", "--carrier", "other", "--to", "a@carrier.example", "--order", "A-1", "--attach", file]
}

#[test]
fn a_document_waits_until_it_is_asked_for() {
    let home = home();
    let file = home.path("passport.png").display().to_string();
    let case = home.object(&new_at_mts(&file, "+381601234567"));
    assert_eq!(case["draft"]["attachments"], serde_json::json!([]));
    assert_eq!(case["draft"]["kept_back"][0]["file_name"], "passport.jpg");
    let reference = case["reference"].as_str().unwrap();
    let shown = texts(&home.run(&["draft", reference])).0;
    assert!(shown.contains("Kept ready, not enclosed: passport.jpg (sent only if"), "{shown}");
    assert!(!case["draft"]["body"].as_str().unwrap().contains("passport"), "the request speaks of no document");
    // One carrier demands it with the request.
    let tomato = ["new", "--carrier", "tomato", "--msisdn", "+385921234567"];
    fails(&home.run(&tomato), 1, &["--attach", "is missing", "Tomato wants a copy of an identity document"]);
    let case = home.object(&[tomato.as_slice(), &["--attach", &file]].concat());
    assert_eq!(case["draft"]["attachments"][0]["file_name"], "passport.jpg");
    assert!(case["draft"]["body"].as_str().unwrap().contains("passport.jpg"), "the letter names it: {case}");
    // Of a carrier that is in no directory the holder knows best.
    let case = home.object(&new_elsewhere(&file));
    assert_eq!(case["draft"]["attachments"][0]["media_type"], "image/jpeg");
}

#[test]
fn the_copy_can_be_looked_at_and_is_nobody_elses() {
    let home = home();
    let (file, folder) = (home.path("passport.png").display().to_string(), home.path("look").display().to_string());
    let case = home.object(&new_elsewhere(&file));
    let reference = case["reference"].as_str().unwrap();
    home.object(&["draft", reference, "--save-attachments", &folder]);
    let path = home.path("look/passport.jpg");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let copy = std::fs::read(&path).unwrap();
    assert!(copy.starts_with(b"\xff\xd8\xff"));
    assert_eq!(case["draft"]["attachments"][0]["size"], copy.len());
    fails(&home.run(&["draft", reference, "--save-attachments", &folder]), 1, &["passport.jpg cannot be written"]);
    let store = std::fs::read(home.path("odjava.db")).unwrap();
    assert!(!holds(&store, &PASSPORT[100..200]), "the original is not kept");
}

pub(crate) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

#[test]
fn a_new_number_needs_a_new_copy() {
    let home = home();
    let file = home.path("passport.png").display().to_string();
    let case = home.object(&new_at_mts(&file, "+381601234567"));
    let reference = case["reference"].as_str().unwrap();
    let edit = |more: &[&str]| home.run(&[&["edit", reference, "--msisdn", "+381609999999"], more].concat());
    fails(&edit(&[]), 1, &["passport.jpg", "former number", "--attach FILE", "--no-attachments"]);
    assert_eq!(home.object(&["show", reference])["msisdn"], "+381601234567", "nothing is half changed");
    assert!(edit(&["--attach", &file]).status.success());
    let digest = |case: &serde_json::Value| case["draft"]["digest"].clone();
    let before = digest(&home.object(&["draft", reference]));
    assert!(edit(&["--no-attachments"]).status.success());
    assert_eq!(digest(&home.object(&["draft", reference])), before, "what is not enclosed is not approved");
}

#[test]
fn the_approval_covers_the_very_copy() {
    let home = home();
    let file = home.path("passport.png").display().to_string();
    let case = home.object(&new_elsewhere(&file));
    let reference = case["reference"].as_str().unwrap();
    let digest = case["draft"]["digest"].as_str().unwrap();
    let other = [PASSPORT, b"more behind the end"].concat();
    std::fs::write(home.path("second.png"), other).unwrap();
    let second = home.path("second.png").display().to_string();
    home.object(&["edit", reference, "--attach", &second]);
    fails(&home.run(&["approve", reference, "--digest", digest]), 1, &["is not the one you read"]);
}

/// Files that nobody can use: each complaint names file and remedy, nothing is opened, and neither time nor memory runs
/// out.
#[test]
fn a_bad_file_gets_one_clear_message() {
    let home = home();
    // 400 megapixels that say so; the CRC is right.
    let huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x06\0\0\0\xe3\x70\x46\x39\0\0\0\x04IDAT...."
        .to_vec();
    let encrypted =
        b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R/Encrypt 2 0 R>>\nstartxref\n0\n%%EOF\n";
    let text_page = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n4 0 obj<</Length 30>>stream\nBT /F1 12 Tf (bank slip) Tj ET \nendstream endobj\n\
        trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n";
    let files: [(&str, &[u8], &[&str]); 8] = [
        ("huge.png", &huge, &["20000 x 20000", "fewer dots"]),
        ("locked.pdf", encrypted, &["encrypted", "without a password"]),
        ("short.pdf", b"%PDF-1.7\n1 0 obj<</Type/Catalog", &["cut off or damaged", "again"]),
        ("slip.pdf", text_page, &["page 1", "pdftoppm"]),
        ("liar.jpg", b"MZ\x90\0", &["a program", "whatever its name says"]),
        ("half.png", &PASSPORT[..1_000], &["PNG file that is cut off or damaged"]),
        ("photo.jpg", b"\0\0\0\x18ftypheic", &["HEIC", "save it as JPEG"]),
        ("empty.png", b"", &["is empty"]),
    ];
    for (name, bytes, words) in files {
        std::fs::write(home.path(name), bytes).unwrap();
        let path = home.path(name).display().to_string();
        // As much room as the program needs for itself.
        let config = home.path("odjava.toml");
        let line =
            format!("ulimit -v 700000; exec {} --config {} \"$@\"", env!("CARGO_BIN_EXE_odjava"), config.display());
        let began = std::time::Instant::now();
        let output = Command::new("sh").args(["-c", &line, "sh"]).args(new_elsewhere(&path)).output().unwrap();
        fails(&output, 1, &[&["--attach", name], words].concat());
        assert!(began.elapsed().as_secs() < 20, "{name}");
    }
    let pipe = home.path("pipe.png");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fails(&home.run(&new_elsewhere(&pipe.display().to_string())), 1, &["pipe.png is no file"]);
    assert!(home.json(&["list", "--all"]).is_empty());
}

/// A case that waits for the carrier, with a passport that was given with its facts.
fn waiting(with_request: bool) -> (World, Timestamp) {
    let mut policy = policy();
    policy.documents_with_request = with_request;
    let now = "2026-11-02T09:00:00Z".parse().unwrap();
    let mut world = World::open(policy, now);
    let Event::FactsGiven { holder_name, line, recipients, missing, letters, .. } =
        facts(&["desk@dunavtel.example"], Vec::new())
    else {
        panic!("facts are facts")
    };
    let attachments = vec![passport()];
    world.apply(&Event::FactsGiven { holder_name, line, recipients, attachments, missing, letters }, now).unwrap();
    let effects = approve(&mut world, now);
    let enclosed = if with_request { vec![passport()] } else { Vec::new() };
    assert!(matches!(effects.as_slice(), [Effect::Submit { mail }] if mail.attachments == enclosed), "{effects:?}");
    taken(&mut world, now);
    (world, now)
}

fn passport() -> Attachment {
    Attachment { file_name: "passport.jpg".into(), media_type: "image/jpeg".into(), digest: "ab".repeat(32), size: 9 }
}

fn approve(world: &mut World, now: Timestamp) -> Vec<Effect> {
    let mail = decide::awaiting_approval(&world.case).unwrap().clone();
    let digest = decide::approval_digest(&world.case, &mail, &world.policy);
    world.apply(&Event::DraftApproved { digest }, now).unwrap()
}

fn taken(world: &mut World, now: Timestamp) {
    let mail = world.case.mails.last().unwrap().message_id.clone();
    world.apply(&Event::SubmitStarted { mail: mail.clone() }, now).unwrap();
    let outcome = SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply };
    world.apply(&Event::SubmitSettled { mail, outcome }, now).unwrap();
}

fn reply(kind: Kind, number: i64, now: Timestamp) -> Event {
    let reply = Reply {
        message: MessageKey(number),
        message_id: None,
        received_at: now,
        from_domain: "dunavtel.example".to_owned(),
        subject: "Re: line".to_owned(),
        kind,
        certain: true,
        authenticity: Authenticity::Aligned,
        authenticity_reason: String::new(),
        basis: MatchBasis::Thread,
        effective_date: None,
        promised_date: None,
        returns_on: None,
        ticket: None,
        wants_id_document: kind == Kind::NeedsInfo,
        bounce: None,
        evidence: Vec::new(),
        opinion: None,
    };
    Event::ReplyReceived { reply }
}

fn deletion(case: &Case) -> Option<Timestamp> {
    case.timers().into_iter().find(|(timer, _)| *timer == Timer::DeleteDocuments).map(|(_, at)| at)
}

#[test]
fn the_copy_that_waits_is_put_forward_when_it_is_asked_for() {
    let (mut world, now) = waiting(false);
    world.apply(&reply(Kind::NeedsInfo, 1, now), now).unwrap();
    let State::NeedsYou { question: Question::IdDocument, answer: Some(answer), .. } = &world.case.state else {
        panic!("{:?}", world.case.state)
    };
    assert_eq!(answer.attachments, [passport()]);
    let digest = decide::approval_digest(&world.case, answer, &world.policy);
    let mut without = answer.clone();
    without.attachments.clear();
    assert_ne!(decide::approval_digest(&world.case, &without, &world.policy), digest);
    let effects = approve(&mut world, now);
    assert!(matches!(effects.as_slice(), [Effect::Submit { mail }] if mail.attachments == [passport()]), "{effects:?}");
}

#[test]
fn copies_go_thirty_days_after_the_end_and_not_before() {
    let (mut world, sent_at) = waiting(true);
    assert_eq!(deletion(&world.case), None, "an open case keeps what it may need again");
    let ended = sent_at + TimeDelta::days(3);
    world.apply(&reply(Kind::Confirmed, 1, ended), ended).unwrap();
    assert_eq!(deletion(&world.case), Some(ended + TimeDelta::days(30)));
    // A late reply changes nothing about that.
    let later = ended + TimeDelta::days(5);
    world.apply(&reply(Kind::Refused, 2, later), later).unwrap();
    assert_eq!(deletion(&world.case), Some(ended + TimeDelta::days(30)));
    let rings = |world: &mut World, at: Timestamp| {
        let event = Event::TimerFired { timer: Timer::DeleteDocuments, inbox_read_at: None };
        world.apply(&event, at).unwrap()
    };
    assert_eq!(rings(&mut world, ended + TimeDelta::days(29)), []);
    let digests = vec![passport().digest];
    assert_eq!(rings(&mut world, ended + TimeDelta::days(30)), [Effect::DeleteDocuments { digests }]);
    assert!(world.case.attachments.is_empty() && world.case.documents.digests.is_empty());
    assert_eq!(rings(&mut world, ended + TimeDelta::days(31)), [], "once");
}

#[test]
fn every_end_is_an_end() {
    for end in
        [Event::Withdrawn, Event::Resolved { act: ResolveAct::Lapsed }, Event::Resolved { act: ResolveAct::Refused }]
    {
        let (mut world, now) = waiting(false);
        world.apply(&end, now).unwrap();
        assert_eq!(deletion(&world.case), Some(now + TimeDelta::days(30)), "{end:?}");
    }
}
