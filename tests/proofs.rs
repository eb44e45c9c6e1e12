//! Signatures in the life of a case: when DNS is asked, what is kept, and what happens when nobody answers.

use crate::support::name_server::NameServer;
use crate::support::signing::{rsa_record, signed};
use odjava::clock::{Clock, VirtualClock};
use odjava::config::lexicon;
use odjava::daemon::{self, Parts, intake, verify};
use odjava::domain::reply::Authenticity;
use odjava::domain::reply::proof::Finding;
use odjava::mail::dkim::Answer;
use odjava::rulebook::ConfiguredRules;
use odjava::store::{CaseRow, InboxRow, InboxStatus, Store};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "s1._domainkey.carrier.example";

/// A case that waits for its answer, a mailbox, and a name server.
struct Waiting {
    folder: tempfile::TempDir,
    clock: Arc<VirtualClock>,
    parts: Parts,
    names: NameServer,
    thread: String,
}

impl Waiting {
    fn new() -> Self {
        Self::with("")
    }

    /// `trust`: lines of that section.
    fn with(trust: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("odjava.toml");
        let text = format!(
            "[account.home]\nname = \"Li Wei\"\naddress = \"li.wei@mailhost.example\"\ntime_zone = \"Europe/Belgrade\"\n\
             maildir = \"in\"\n[account.home.smtp]\nmaildir = \"out\"\n[store]\npath = \"odjava.db\"\n\
             [trust]\n{trust}\n[nudge]\nquiet_hours = \"off\"\n"
        );
        std::fs::write(&config, text).unwrap();
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(folder.path().join("in").join(part)).unwrap();
        }
        let command = |words: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_odjava"));
            let output = program.arg("--config").arg(&config).args(words).arg("--json").output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
        };
        let case = command(&["new", "--carrier", "other", "--to", "service@carrier.example", "--order", "A-4711"]);
        command(&["approve", case["reference"].as_str().unwrap()]);
        let clock = Arc::new(VirtualClock::new(chrono::Utc::now(), 1));
        let shared: Arc<dyn Clock> = Arc::<VirtualClock>::clone(&clock);
        let rules = Arc::new(ConfiguredRules::load(&config, &|_| None).unwrap());
        let names = NameServer::start();
        let tested = rules.config.trust.verify_dkim;
        let resolver = verify::Resolver::new(&[names.address], Duration::from_millis(200), Arc::clone(&shared));
        let parts = Parts {
            config: Arc::clone(&rules.config),
            public_domains: Arc::new(rules.directory.public_domains()),
            rules,
            clock: shared,
            lexicon: Arc::new(lexicon::built_in().unwrap()),
            resolver: tested.then(|| Arc::new(resolver)),
            store: daemon::start_store(&folder.path().join("odjava.db")).unwrap(),
        };
        let mut home = Self { folder, clock, parts, names, thread: String::new() };
        home.work();
        home.thread = home.sent_id();
        home
    }

    fn sent_id(&self) -> String {
        let sent = std::fs::read_dir(self.folder.path().join("out/new")).unwrap();
        let texts = sent.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        let request = texts.into_iter().find(|t| t.contains("service@carrier.example")).expect("the request left");
        let line = request.lines().find(|l| l.to_lowercase().starts_with("message-id:")).unwrap();
        line.split_once(':').unwrap().1.trim().to_owned()
    }

    /// Does what is due, once.
    fn work(&self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(daemon::run_once(self.parts.clone(), &self.store_file())).unwrap();
    }

    fn store_file(&self) -> PathBuf {
        self.folder.path().join("odjava.db")
    }

    fn store(&self) -> Store {
        Store::open(&self.store_file()).unwrap()
    }

    fn pass(&self, minutes: i64) {
        self.clock.advance(chrono::TimeDelta::minutes(minutes));
    }

    /// The carrier's answer, not signed yet.
    fn answer(&self, id: &str) -> String {
        format!(
            "From: Service <service@carrier.example>\r\nTo: li.wei@mailhost.example\r\nSubject: Your request\r\n\
             Date: Thu, 12 Nov 2026 10:00:00 +0100\r\nMessage-ID: <{id}@carrier.example>\r\nIn-Reply-To: {}\r\n\
             Content-Type: text/plain\r\n\r\nYour contract has been terminated.\r\n",
            self.thread
        )
    }

    fn receive(&self, raw: &str) {
        let name = format!("{}.test", ring_name(raw));
        std::fs::write(self.folder.path().join("in/new").join(name), raw).unwrap();
        self.work();
    }

    /// The case, and the carrier's mail in the store.
    fn now(&self) -> (CaseRow, InboxRow) {
        let mut store = self.store();
        let case = store.read(|tx| tx.cases(false)).unwrap().remove(0);
        let all = rusqlite::Connection::open(self.store_file()).unwrap();
        let key: i64 = all.query_row("SELECT max(id) FROM inbox", [], |r| r.get(0)).unwrap();
        let row = store.read(|tx| tx.message(odjava::domain::reply::MessageKey(key))).unwrap().unwrap();
        (case, row)
    }

    fn check(&self, what: &str, state: &str, status: InboxStatus) -> InboxRow {
        let (case, row) = self.now();
        assert_eq!((case.case.state.name(), row.status), (state, status), "{what}: {}", row.reading);
        row
    }
}

/// A name of a file for these bytes.
fn ring_name(raw: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    raw.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_signed_confirmation_ends_a_case_without_a_word_of_the_server() {
    let home = Waiting::new();
    home.names.set(KEY, rsa_record());
    home.receive(&signed(&home.answer("1"), "carrier.example"));
    let row = home.check("signed", "done", InboxStatus::Applied);
    let proof = row.proof.expect("the proof is kept");
    assert_eq!(proof.signatures[0].finding, Finding::Pass);
    assert!(proof.signatures[0].key.contains("p=MII"), "the key is kept with it");
    assert_eq!(home.names.asked(), [KEY]);
    assert_eq!(home.names.asked(), Vec::<String>::new());
}

#[test]
fn a_forged_confirmation_changes_nothing_and_is_shown_with_the_reason() {
    let home = Waiting::new();
    home.names.set(KEY, rsa_record());
    home.receive(&signed(&home.answer("1"), "carrier.example").replace("Your contract", "Your whole contract"));
    let row = home.check("changed", "awaiting_reply", InboxStatus::Applied);
    assert!(row.reading.contains("contradicted") && row.reading.contains("does not fit its text"), "{}", row.reading);
    home.receive(&home.answer("2"));
    let row = home.check("not signed", "awaiting_reply", InboxStatus::Applied);
    assert!(row.reading.contains("unproven") && row.reading.contains("carries no signature"), "{}", row.reading);
}

#[test]
fn what_was_proven_stays_proven_when_the_key_is_gone() {
    let home = Waiting::new();
    home.names.set(KEY, rsa_record());
    home.receive(&signed(&home.answer("1"), "carrier.example"));
    let (case, row) = home.now();
    home.names.asked();
    home.names.set(KEY, Answer::Absent);
    home.pass(10_000);
    let parts = home.parts.clone();
    home.store().transaction(|tx| intake::reread(&parts, tx, row.key, case.id, false)).unwrap();
    let row = home.check("read again", "done", InboxStatus::Applied);
    assert!(row.reading.contains("valid signature of carrier.example"), "{}", row.reading);
    assert!(home.names.asked().is_empty());
}

#[test]
fn a_name_server_in_trouble_is_asked_again_and_nothing_is_judged_before() {
    let home = Waiting::new();
    home.names.set(KEY, Answer::Failed);
    home.receive(&signed(&home.answer("1"), "carrier.example"));
    let row = home.check("SERVFAIL", "awaiting_reply", InboxStatus::New);
    assert_eq!((row.looks, row.attempts), (1, 0));
    assert!(!home.names.asked().is_empty());
    home.work();
    assert!(home.names.asked().is_empty(), "not again at once");
    home.pass(2);
    home.names.be_silent(true);
    home.work();
    let row = home.check("silence", "awaiting_reply", InboxStatus::New);
    assert_eq!(row.looks, 2);
    home.pass(1);
    home.names.be_silent(false);
    home.names.set(KEY, rsa_record());
    home.names.asked();
    home.work();
    assert!(home.names.asked().is_empty(), "the second wait is longer");
    home.pass(2);
    home.work();
    home.check("an answer", "done", InboxStatus::Applied);
}

#[test]
fn after_a_day_without_dns_a_mail_is_read_unproven() {
    let home = Waiting::new();
    home.names.set(KEY, Answer::Failed);
    home.receive(&signed(&home.answer("1"), "carrier.example"));
    let mut looks = 0;
    for _ in 0..60 {
        home.pass(30);
        home.work();
        looks = looks.max(home.now().1.looks);
    }
    let row = home.check("a day later", "awaiting_reply", InboxStatus::Applied);
    assert!(row.reading.contains("unproven") && row.reading.contains("DNS gave no answer"), "{}", row.reading);
    assert!((5..30).contains(&looks), "{looks} looks");
}

#[test]
fn a_follow_up_does_not_overtake_an_answer_that_waits_for_dns() {
    let home = Waiting::new();
    home.names.set(KEY, Answer::Failed);
    home.pass(7 * 24 * 60 - 5);
    home.receive(&signed(&home.answer("1"), "carrier.example"));
    for _ in 0..12 {
        home.pass(60);
        home.work();
    }
    let (case, row) = home.now();
    assert_eq!(row.status, InboxStatus::New);
    assert_eq!(case.case.state.name(), "awaiting_reply");
    home.names.set(KEY, rsa_record());
    home.pass(121);
    home.work();
    home.check("an answer at last", "done", InboxStatus::Applied);
    let sent = std::fs::read_dir(home.folder.path().join("out/new")).unwrap();
    let to_carrier = sent.filter(|e| {
        let text = std::fs::read_to_string(e.as_ref().unwrap().path()).unwrap();
        text.lines().any(|l| l.starts_with("To:") && l.contains("service@carrier.example"))
    });
    assert_eq!(to_carrier.count(), 1, "only the request");
}

#[test]
fn dns_is_asked_only_where_it_can_prove_something() {
    let home = Waiting::with("authserv_id = \"mx.mailhost.example\"");
    home.names.set(KEY, rsa_record());
    let answer = home.answer("1");
    home.receive(&format!(
        "Authentication-Results: mx.mailhost.example; dkim=none; dmarc=none\r\n{}",
        signed(&answer, "carrier.example")
    ));
    home.check("judged by our server", "awaiting_reply", InboxStatus::Applied);
    home.receive(&signed(&answer.replace("carrier.example>\r\nTo", "stranger.example>\r\nTo"), "stranger.example"));
    home.receive(&signed(
        &answer.replace(&home.thread, "<other@x.example>").replace("Your request", "x"),
        "carrier.example",
    ));
    assert_eq!(home.names.asked(), Vec::<String>::new());
    home.receive(&signed(&home.answer("4"), "carrier.example"));
    home.check("not judged", "done", InboxStatus::Applied);
    assert_eq!(home.names.asked(), [KEY]);
    let off = Waiting::with("verify_dkim = false");
    off.receive(&signed(&off.answer("1"), "carrier.example"));
    let row = off.check("switched off", "awaiting_reply", InboxStatus::Applied);
    assert!(row.reading.contains("unproven"), "{}", row.reading);
    assert!(off.names.asked().is_empty());
}

#[test]
fn answers_are_remembered_as_long_as_they_say() {
    let home = Waiting::new();
    home.names.set(KEY, rsa_record());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let raw = signed(&home.answer("1"), "carrier.example");
    let inquiry = odjava::domain::reply::proof::Inquiry {
        from_domain: "carrier.example".to_owned(),
        carrier_domains: vec!["carrier.example".to_owned()],
        arc_sealers: vec![],
    };
    let look = || {
        let resolver = home.parts.resolver.as_ref().unwrap();
        let proof = runtime.block_on(verify::verify(resolver, raw.as_bytes(), &inquiry, home.clock.now()));
        assert_eq!(proof.signatures[0].finding, Finding::Pass);
        home.names.asked().len()
    };
    assert_eq!((look(), look()), (1, 0));
    home.pass(4);
    assert_eq!(look(), 0);
    home.pass(2);
    assert_eq!(look(), 1);
}

#[test]
fn explain_asks_dns_when_it_is_told_to() {
    let home = Waiting::new();
    home.names.set(KEY, rsa_record());
    let config = home.folder.path().join("odjava.toml");
    let with_dns = std::fs::read_to_string(&config)
        .unwrap()
        .replace("[trust]\n", &format!("[trust]\ndns = [\"{}\"]\n", home.names.address));
    std::fs::write(&config, with_dns).unwrap();
    let file = home.folder.path().join("answer.eml");
    std::fs::write(&file, signed(&home.answer("1"), "carrier.example")).unwrap();
    let explained = |words: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_odjava"));
        let output =
            program.arg("--config").arg(&config).args(["explain", "--json"]).args(words).arg(&file).output().unwrap();
        let e: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (e["authentic"].as_str().unwrap().to_owned(), e["would_do"].as_str().unwrap().to_owned())
    };
    assert_eq!(explained(&[]).1, "review");
    assert!(home.names.asked().is_empty());
    assert_eq!(explained(&["--verify"]).1, "done");
    assert_eq!(home.names.asked(), [KEY]);
}

#[test]
fn a_vouched_mail_needs_no_dns() {
    let home = Waiting::new();
    home.names.set(KEY, Answer::Failed);
    home.receive(&signed(&home.answer("1"), "carrier.example"));
    let (case, row) = home.now();
    let parts = home.parts.clone();
    home.store().transaction(|tx| intake::reread(&parts, tx, row.key, case.id, true)).unwrap();
    let row = home.check("vouched", "done", InboxStatus::Applied);
    assert!(row.reading.contains("vouched"), "{}", row.reading);
    assert!(Authenticity::Vouched.is_proven());
}
