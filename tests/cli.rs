//! The program as a person or a script uses it: arguments, exit codes, JSON, complaints. Each test has a folder
//! of its own with config, store and Maildirs.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CONFIG: &str = r#"[account.home]
name = "Li Wei"
address = "li.wei@mailhost.example"
time_zone = "Europe/Belgrade"
maildir = "in"
[account.home.smtp]
maildir = "out"
[store]
path = "odjava.db"
"#;

pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with(CONFIG)
    }

    fn with(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("odjava.toml"), config).unwrap();
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(folder.path().join("in").join(part)).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        run_with(&self.path("odjava.toml"), words)
    }

    /// Runs a command that must succeed and gives its JSON objects.
    pub(crate) fn json(&self, words: &[&str]) -> Vec<Value> {
        let output = self.run(&[words, &["--json"]].concat());
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {err}");
        out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// Runs a command that must succeed and print one object.
    pub(crate) fn object(&self, words: &[&str]) -> Value {
        let mut all = self.json(words);
        assert_eq!(all.len(), 1, "{words:?}");
        all.remove(0)
    }

    /// A mail arrives in the Maildir, and odjava looks once.
    fn receive(&self, name: &str, headers: &str, body: &str) {
        let text = format!(
            "From: Carrier <support@carrier.example>\r\nTo: li.wei@mailhost.example\r\n{headers}\r\n\r\n{body}\r\n"
        );
        std::fs::write(self.path("in/new").join(name), text).unwrap();
        let output = self.run(&["run", "--once"]);
        assert_eq!(output.status.code(), Some(0), "{}", texts(&output).1);
    }

    fn new_case(&self) -> String {
        let case = self.object(&["new", "--carrier", "other", "--to", "service@carrier.example", "--order", "A-4711"]);
        case["reference"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn run_with(config: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_odjava"))
        .arg("--config")
        .arg(config)
        .args(words)
        .env_clear()
        .env("HOME", config.parent().unwrap())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// A command fails with this exit code and a complaint that holds all these words.
pub(crate) fn fails(output: &Output, code: i32, words: &[&str]) {
    let (out, err) = texts(output);
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    for word in words {
        assert!(err.contains(word), "`{word}` is not in: {err}");
    }
    if code == 1 {
        assert!(err.starts_with("odjava: "), "{err}");
    }
}

#[test]
fn a_case_goes_from_new_to_withdrawn() {
    let home = Home::new();
    let reference = home.new_case();
    let case = home.object(&["show", &reference]);
    for field in ["reference", "carrier", "state", "question", "account", "msisdn", "follow_ups_sent"] {
        assert!(case.get(field).is_some(), "{field}");
    }
    for field in ["acknowledged_at", "ticket", "effective_date", "next_action_at", "timeline", "messages"] {
        assert!(case.get(field).is_some(), "{field}");
    }
    assert_eq!(case["state"], "drafted");
    assert_eq!(case["draft"]["to"], "service@carrier.example");
    assert_eq!(case["draft"]["covers"].as_array().unwrap().len(), 3);
    assert!(case["next_action_at"].as_str().unwrap().ends_with('Z'));
    let listed = home.json(&["list"]);
    assert_eq!((listed.len(), &listed[0]["reference"]), (1, &reference.clone().into()));
    assert!(listed[0].get("draft").is_none(), "a list holds no letters");
    let approved = home.object(&["approve", &reference]);
    assert_eq!(approved["state"], "sending");
    assert_eq!(approved["messages"][0]["direction"], "out");
    assert_eq!(home.object(&["hold", &reference, "--until", "2099-01-01"])["hold_until"], "2099-01-01T00:00:00Z");
    assert_eq!(home.object(&["hold", &reference, "--lift"])["hold_until"], Value::Null);
    let closed = home.object(&["withdraw", &reference]);
    assert_eq!((&closed["state"], &closed["resolution"]), (&"closed".into(), &"withdrawn".into()));
    assert!(home.json(&["list"]).is_empty());
    assert_eq!(home.json(&["list", "--all"]).len(), 1);
}

#[test]
fn what_new_prints_for_people_counts_as_read() {
    let home = Home::new();
    let output = home.run(&["new", "--carrier", "other", "--to", "service@carrier.example", "--order", "A-4711"]);
    let (out, _) = texts(&output);
    let reference = out.split_whitespace().next().unwrap();
    assert!(out.contains("To: service@carrier.example") && out.contains(&format!("odjava approve {reference}")));
    assert!(out.contains("formal notice, after 7 days of silence"), "{out}");
    assert!(!out.contains('\u{1b}'), "colour without a terminal");
    assert_eq!(home.run(&["approve", reference]).status.code(), Some(0));
}

#[test]
fn a_text_that_changed_since_it_was_read_is_not_approved() {
    let home = Home::new();
    let reference = home.new_case();
    let read = home.object(&["draft", &reference])["draft"]["digest"].as_str().unwrap().to_owned();
    std::fs::write(home.path("letter.txt"), "Please end my contract.\n").unwrap();
    let file = home.path("letter.txt").display().to_string();
    let edited = home.object(&["edit", &reference, "--body-file", &file]);
    assert_eq!(edited["draft"]["body"], "Please end my contract.\n");
    let words = ["is not the one you read", "odjava draft"];
    fails(&home.run(&["approve", &reference, "--digest", &read]), 1, &words);
    assert_eq!(home.object(&["show", &reference])["state"], "drafted");
    assert_eq!(home.object(&["approve", &reference])["state"], "sending");
}

#[test]
fn a_text_nobody_was_shown_is_not_approved() {
    let home = Home::new();
    std::fs::write(home.path("lines.csv"), "carrier;order;to\nother;A-1;a@carrier.example\n").unwrap();
    let file = home.path("lines.csv").display().to_string();
    assert_eq!(home.run(&["new", "--from-csv", &file]).status.code(), Some(0));
    let reference = home.json(&["list"])[0]["reference"].as_str().unwrap().to_owned();
    fails(&home.run(&["approve", &reference]), 1, &["not read", &format!("odjava draft {reference}")]);
}

#[test]
fn a_carrier_without_an_address_waits_for_one() {
    let home = Home::new();
    let case = home.object(&["new", "--carrier", "mts", "--msisdn", "064 123-4567"]);
    assert_eq!((&case["state"], &case["msisdn"]), (&"collecting".into(), &"+381641234567".into()));
    assert_eq!(case["missing"], serde_json::json!(["--to"]));
    let reference = case["reference"].as_str().unwrap();
    let case = home.object(&["edit", reference, "--to", "korisnik@carrier.example"]);
    assert_eq!(case["state"], "drafted");
    let again = home.run(&["new", "--carrier", "mts", "--msisdn", "+381641234567"]);
    fails(&again, 1, &["already cancels this line", reference]);
}

#[test]
fn bad_input_gets_one_clear_message() {
    let home = Home::new();
    let reference = home.new_case();
    fails(
        &home.run(&["new", "--carrier", "yetell x", "--msisdn", "064"]),
        1,
        &["no carrier `yetell x`", "yettel-rs", "--carrier other --to ADDRESS"],
    );
    fails(&home.run(&["new", "--carrier", "mts", "--msisdn", "12ab567890"]), 1, &["--msisdn", "******7890"]);
    fails(&home.run(&["new"]), 1, &["--carrier", "--msisdn"]);
    fails(&home.run(&["new", "--carrier", "other", "--order", "A-9"]), 1, &["--to", "is missing"]);
    fails(&home.run(&["show", "ZZZ9"]), 1, &["no case ZZZ9", "odjava list --all"]);
    fails(&home.run(&["show", "nonsense!"]), 2, &["looks like 7Q2M", "--help"]);
    fails(&home.run(&["resolve", &reference]), 2, &["--keep-waiting"]);
    fails(&home.run(&["resolve", &reference, "--sent"]), 1, &["no mail is in doubt"]);
    fails(&home.run(&["hold", &reference, "--until", "2020-01-01"]), 1, &["not in the future"]);
    fails(&home.run(&["resolve", &reference, "--trust", "99"]), 1, &["no message 99"]);
    fails(&home.run(&["nonsense"]), 2, &["unrecognized subcommand"]);
    fails(&run_with(&home.path("nowhere.toml"), &["list"]), 1, &["nowhere.toml", "odjava init"]);
}

#[test]
fn a_bad_config_is_told_with_its_lines_and_without_its_secrets() {
    let check = |config: &str, words: &[&str]| {
        let home = Home::with(config);
        let output = home.run(&["list"]);
        fails(&output, 1, words);
        assert!(!texts(&output).1.contains("s3cret"));
    };
    check(&CONFIG.replace("time_zone", "timezone"), &["odjava.toml:4", "timezone", "time_zone"]);
    check(&CONFIG.replace("\"Li Wei\"", "7"), &["odjava.toml:2", "name"]);
    let imap = "[account.home]\nname = \"Li\"\naddress = \"li@mailhost.example\"\n[account.home.imap]\nhost = \"i.example\"\n[account.home.smtp]\nmaildir = \"out\"\n";
    check(imap, &["odjava.toml:4", "password"]);
    check(&imap.replace("host =", "password = \"s3cret\"\nhost ="), &["chmod 600"]);
}

#[test]
fn check_names_what_is_to_be_mended() {
    let home = Home::new();
    let all: Vec<Value> = home.json(&["check", "--offline"]);
    assert!(all.iter().all(|f| f["ok"] == true) && all.len() >= 5, "{all:?}");
    let text = "[account.home]\nname = \"Li\"\naddress = \"li@mailhost.example\"\n[account.home.imap]\nhost = \"i.example\"\npassword = { env = \"NOT_SET_ANYWHERE\" }\n[account.home.smtp]\nmaildir = \"out\"\n[store]\npath = \"odjava.db\"\n";
    let output = Home::with(text).run(&["check", "--offline"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(texts(&output).0.contains("NOT_SET_ANYWHERE"));
    let nowhere = Home::with(&CONFIG.replace("maildir = \"in\"", "maildir = \"nowhere\""));
    assert!(texts(&nowhere.run(&["check", "--offline"])).0.contains("nowhere is not there; make it"));
}

#[test]
fn a_store_that_cannot_be_used_is_left_as_it_is() {
    let home = Home::new();
    home.new_case();
    let store = rusqlite::Connection::open(home.path("odjava.db")).unwrap();
    store.pragma_update(None, "user_version", 999).unwrap();
    drop(store);
    fails(&home.run(&["list"]), 1, &["odjava.db", "version 999", "newer odjava"]);
    let home = Home::new();
    std::fs::write(home.path("odjava.db"), "this is no database, and never was one at all").unwrap();
    fails(&home.run(&["list"]), 1, &["damaged or no SQLite file"]);
    let nowhere = Home::with(&CONFIG.replace("odjava.db", "odjava.toml/odjava.db"));
    fails(&nowhere.run(&["list"]), 1, &["cannot open the store", "yours to write"]);
}

#[test]
fn init_writes_a_private_config_once() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let path = home.path("new/odjava.toml");
    let words = ["init", "--name", "Ana Anić", "--address", "ana@mailhost.example"];
    assert_eq!(run_with(&path, &words).status.code(), Some(0));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&path).unwrap().contains("name = \"Ana Anić\""));
    fails(&run_with(&path, &words), 1, &["is there already", "--force"]);
}

#[test]
fn carriers_are_found_without_a_config() {
    let home = Home::new();
    let nowhere = home.path("none");
    std::fs::create_dir(&nowhere).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_odjava"))
        .args(["carriers", "telenor"])
        .env_clear()
        .env("HOME", &nowhere)
        .output()
        .unwrap();
    assert!(texts(&output).0.contains("yettel-rs"));
    assert_eq!(home.object(&["carriers", "show", "mts-rs"])["id"], "mts-rs");
    fails(&home.run(&["carriers", "show", "nobody"]), 1, &["no carrier `nobody`"]);
}

#[test]
fn a_record_is_shown_by_any_name_of_its_carrier() {
    let home = Home::new();
    for name in ["yettel-rs", "Telenor Srbija", "Јетел", "yettel"] {
        let shown = home.object(&["carriers", "show", name]);
        assert_eq!(shown["id"], "yettel-rs", "{name}");
    }
    fails(&home.run(&["carriers", "show", "nobody"]), 1, &["nobody", "nearest"]);
    fails(&home.run(&["carriers", "show", "Теленор"]), 1, &["which one is meant", "yettel-rs", "telenor-se"]);
}

#[test]
fn completions_are_printed_for_shells() {
    let output = Home::new().run(&["completions", "bash"]);
    assert!(texts(&output).0.contains("_odjava"));
}

#[test]
fn an_unproven_confirmation_counts_only_on_the_holders_word() {
    let home = Home::new();
    let reference = home.new_case();
    home.object(&["approve", &reference]);
    assert_eq!(home.run(&["run", "--once"]).status.code(), Some(0));
    let sent = home.object(&["show", &reference]);
    assert_eq!(sent["state"], "awaiting_reply");
    let id = sent["messages"][0]["message_id"].as_str().unwrap();
    let headers = format!("Subject: Re: your request\r\nMessage-ID: <c1@carrier.example>\r\nIn-Reply-To: <{id}>");
    home.receive("1.reply", &headers, "We confirm that your contract has been terminated.");
    let case = home.object(&["show", &reference]);
    assert_eq!(case["state"], "awaiting_reply");
    let reply = case["messages"].as_array().unwrap().iter().find(|m| m["direction"] == "in").unwrap().clone();
    assert_eq!((&reply["kind"], &reply["authentic"]), (&"confirmed".into(), &"unknown".into()));
    let number = reply["message"].as_i64().unwrap().to_string();
    assert_eq!(home.object(&["resolve", &reference, "--trust", &number])["state"], "done");
}

#[test]
fn a_message_without_a_case_waits_to_be_filed() {
    let home = Home::new();
    let reference = home.new_case();
    home.object(&["approve", &reference]);
    home.run(&["run", "--once"]);
    let headers = "Subject: About your line\r\nMessage-ID: <c2@carrier.example>";
    home.receive("2.stray", headers, "Please send us a copy of the contract.");
    let unfiled = home.json(&["list", "--unfiled"]);
    assert_eq!(unfiled.len(), 1, "{unfiled:?}");
    let number = unfiled[0]["message"].as_i64().unwrap().to_string();
    let (out, _) = texts(&home.run(&["list"]));
    assert!(out.contains("odjava list --unfiled"), "{out}");
    let case = home.object(&["resolve", &reference, "--file", &number]);
    let filed = case["messages"].as_array().unwrap().iter().find(|m| m["direction"] == "in").unwrap();
    assert_eq!(filed["message"], unfiled[0]["message"]);
    assert!(home.json(&["list", "--unfiled"]).is_empty());
}

const BELIEVING: &str = "\n[trust]\nauthserv_id = \"mx.mailhost.example\"\n";

/// A case at a carrier of the directory, whose proven reply has come.
fn answered_by_yettel(home: &Home, said: &str) -> String {
    let words = ["new", "--carrier", "yettel", "--to", "prekid@yettel.rs", "--msisdn", "0631234567"];
    let reference = home.object(&words)["reference"].as_str().unwrap().to_owned();
    home.object(&["approve", &reference]);
    assert_eq!(home.run(&["run", "--once"]).status.code(), Some(0));
    let text = format!(
        "Authentication-Results: mx.mailhost.example; dmarc=pass header.from=yettel.rs\r\nFrom: podrska@yettel.rs\r\n\
         To: li.wei@mailhost.example\r\nMessage-ID: <1@yettel.rs>\r\nSubject: Re: [{reference}]\r\n\r\n{said}\r\n"
    );
    std::fs::write(home.path("in/new/1.answer"), text).unwrap();
    assert_eq!(home.run(&["run", "--once"]).status.code(), Some(0));
    reference
}

/// All mails that left, one after the other.
fn mails_sent(home: &Home) -> String {
    let all = std::fs::read_dir(home.path("out/new")).unwrap();
    let raw = all.map(|e| std::fs::read(e.unwrap().path()).unwrap());
    let parser = mail_parser::MessageParser::new();
    raw.map(|r| parser.parse(&r[..]).unwrap().body_text(0).unwrap_or_default().into_owned()).collect()
}

#[test]
fn who_must_go_another_way_is_told_which_there_are() {
    let home = Home::with(&format!("{CONFIG}{BELIEVING}"));
    let said = "Zahtev za raskid ugovora mozete podneti iskljucivo licno na prodajnom mestu.";
    let reference = answered_by_yettel(&home, said);
    let (shown, _) = texts(&home.run(&["show", &reference]));
    assert!(shown.contains("wants another way"), "{shown}");
    let mails = mails_sent(&home);
    for way in ["- shop", "- post: Yettel", "RATEL: ratel@ratel.rs"] {
        assert!(shown.contains(way) && mails.contains(way), "{way}: {shown}\n{mails}");
    }
    assert_eq!(shown.matches("raskid ugovora mozete podneti").count(), 1, "quoted twice: {shown}");
}

#[test]
fn a_letter_in_a_nudge_shows_no_bare_slots() {
    let home = Home::with(&format!("{CONFIG}{BELIEVING}"));
    let reference =
        answered_by_yettel(&home, "Nudimo Vam 50% popusta narednih 6 meseci ukoliko ostanete nas korisnik.");
    assert_eq!(home.object(&["show", &reference])["question"], "retention_offer");
    let mails = mails_sent(&home);
    assert!(mails.contains(&format!("odjava approve {reference}")), "{mails}");
    assert!(!mails.contains("[["), "{mails}");
}

#[test]
fn an_identity_document_is_named_when_one_is_asked_for() {
    let home = Home::with(&format!("{CONFIG}{BELIEVING}"));
    let reference = answered_by_yettel(&home, "Potrebno je da nam dostavite kopiju licne karte ili pasosa.");
    let case = home.object(&["show", &reference]);
    assert_eq!(case["question"], "id_document");
    let told: Vec<&str> = case["timeline"].as_array().unwrap().iter().filter_map(|t| t["text"].as_str()).collect();
    assert!(told.iter().any(|t| t.contains("asks for an identity document")), "{told:?}");
}

#[test]
fn who_withdraws_after_sending_hears_that_the_carrier_was_not_told() {
    let home = Home::new();
    let reference = home.new_case();
    home.object(&["approve", &reference]);
    assert_eq!(home.run(&["run", "--once"]).status.code(), Some(0));
    let (_, told) = texts(&home.run(&["withdraw", &reference]));
    assert!(told.contains("carrier.example") && told.contains("write to it"), "{told}");
}

#[test]
fn the_table_names_the_account_where_there_are_several() {
    let second = "[account.office]\nname = \"Ana\"\naddress = \"ana@mailhost.example\"\nmaildir = \"in\"\n\
                  [account.office.smtp]\nmaildir = \"out\"\n";
    let home = Home::with(&format!("{CONFIG}{second}"));
    let open = |account: &str, order: &str| {
        let to = "service@carrier.example";
        home.object(&["new", "--account", account, "--carrier", "other", "--to", to, "--order", order]);
        texts(&home.run(&["list"])).0
    };
    let one = open("home", "A-1");
    assert!(!one.contains("account"), "{one}");
    let both = open("office", "A-2");
    assert!(both.contains("account") && both.contains("office") && both.contains("home"), "{both}");
}

#[test]
fn check_says_when_no_reply_can_be_proven() {
    let check = |config: &str, mark: &str| {
        let output = Home::with(config).run(&["check", "--offline"]);
        let (out, _) = texts(&output);
        assert!(output.status.success() && out.contains(mark), "{mark}: {out}");
    };
    check(CONFIG, "note  account home, trust: no server's verdict on senders is believed");
    check(&format!("{CONFIG}{BELIEVING}"), "ok    account home, trust: verdicts of mx.mailhost.example");
}

#[test]
fn logs_hold_no_number_and_no_address() {
    let home = Home::new();
    let words = ["-vv", "new", "--carrier", "other", "--to", "service@carrier.example", "--msisdn", "+381601234567"];
    let (_, err) = texts(&home.run(&[&words[..], &["--iccid", "8938101234567890123", "--json"]].concat()));
    assert!(err.contains("event applied") && err.contains("check digit"), "{err}");
    for secret in ["60123", "12345678901", "service@", "li.wei"] {
        assert!(!err.contains(secret), "{secret}: {err}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let home = Home::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_odjava"))
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .current_dir(home.folder.path())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), texts(&output).1.as_str()), (Some(0), ""));
}

#[test]
fn the_demo_tells_a_whole_life_and_leaves_its_mails() {
    let home = Home::new();
    let folder = home.path("demo").display().to_string();
    let told = home.json(&["demo", "--dir", &folder]);
    let end = told.last().unwrap();
    assert_eq!(end["done"], true);
    let states: Vec<&str> = told.iter().filter_map(|t| t["state"].as_str()).collect();
    for state in ["drafted", "awaiting_reply", "needs_you", "confirmed", "done"] {
        assert!(states.contains(&state), "{state} is not in {states:?}");
    }
    assert!(std::fs::read_dir(home.path("demo/mails")).unwrap().count() >= 12);
    let config = home.path("demo/odjava.toml");
    let reference = end["reference"].as_str().unwrap();
    let shown = run_with(&config, &["show", reference, "--json"]);
    let case: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&case["state"], &case["ticket"]), (&"done".into(), &"DT-58214".into()));
    assert_eq!((&case["follow_ups_sent"], &case["effective_date"]), (&1.into(), &"2026-03-31".into()));
    let forged = case["messages"].as_array().unwrap().iter().find(|m| m["authentic"] == "no").unwrap();
    assert_eq!(forged["kind"], "confirmed");
    let explained = run_with(&config, &["explain", "--json", &format!("{folder}/mails")]);
    assert!(texts(&explained).0.lines().count() >= 12);
    fails(&home.run(&["demo", "--dir", &folder]), 1, &["is not empty", "--dir"]);
}
