//! The second opinion: a reader on this machine is asked about unclear mail, its word counts for little, and whatever it
//! does wrong changes nothing. The whole program against a stub.

use crate::support::stub_reader::{Manner, StubReader, completion};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Words that no rule knows.
const UNCLEAR: &str = "Dear Li Wei, line 060/123-4567 zzyzx quux frobnicate A-4711, see me@carrier.example. Ana";

struct Home {
    folder: tempfile::TempDir,
    reference: String,
    received: std::cell::Cell<usize>,
}

impl Home {
    /// A case that waits for an answer.
    fn waiting(reader: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[account.home]\nname = \"Li Wei\"\naddress = \"li.wei@mailhost.example\"\ntime_zone = \"Europe/Belgrade\"\n\
             maildir = \"in\"\n[account.home.smtp]\nmaildir = \"out\"\n[trust]\nauthserv_id = \"mx.mailhost.example\"\n\
             [store]\npath = \"odjava.db\"\n{reader}"
        );
        std::fs::write(folder.path().join("odjava.toml"), config).unwrap();
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(folder.path().join("in").join(part)).unwrap();
        }
        let mut home = Self { folder, reference: String::new(), received: 0.into() };
        let case = home.object(&["new", "--carrier", "other", "--to", "service@carrier.example", "--order", "A-4711"]);
        home.reference = case["reference"].as_str().unwrap().to_owned();
        home.object(&["approve", &home.reference]);
        home.once();
        home
    }

    fn asking(stub: &StubReader) -> Self {
        Self::waiting(&format!(
            "[reader]\nurl = \"http://127.0.0.1:{}/v1/chat/completions\"\nmodel = \"small\"\ntimeout = \"1s\"\n",
            stub.port
        ))
    }

    fn run(&self, words: &[&str]) -> Output {
        let config: PathBuf = self.folder.path().join("odjava.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_odjava"));
        command.arg("--config").arg(config).args(words).env_clear().env("HOME", self.folder.path());
        command.stdin(std::process::Stdio::null()).output().unwrap()
    }

    fn object(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn once(&self) -> String {
        let output = self.run(&["run", "--once"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        said
    }

    /// A genuine mail of the carrier arrives; its kind, the state of the case, and what was logged.
    fn receive(&self, body: &str, verdict: &str) -> (String, String, String) {
        let number = self.received.get() + 1;
        self.received.set(number);
        let sent = self.object(&["show", &self.reference]);
        let id = sent["messages"][0]["message_id"].as_str().unwrap();
        let text = format!(
            "Authentication-Results: mx.mailhost.example; dmarc={verdict} header.from=carrier.example\r\n\
             From: Ana Ruiz <service@carrier.example>\r\nTo: li.wei@mailhost.example\r\n\
             Message-ID: <a{number}@carrier.example>\r\nIn-Reply-To: <{id}>\r\nSubject: Re: your line\r\n\r\n{body}\r\n"
        );
        std::fs::write(self.folder.path().join(format!("in/new/{number}.x")), text).unwrap();
        let said = self.once();
        let case = self.object(&["show", &self.reference]);
        let messages = case["messages"].as_array().unwrap();
        let last = messages.iter().rfind(|m| m["direction"] == "in").unwrap();
        let state = format!("{}:{}", case["state"].as_str().unwrap(), case["question"].as_str().unwrap_or("-"));
        (last["kind"].as_str().unwrap().to_owned(), state, said)
    }

    /// The texts of all mails to the holder.
    fn nudges(&self) -> String {
        let all = std::fs::read_dir(self.folder.path().join("out/new")).unwrap();
        all.map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap()).collect()
    }
}

fn says(kind: &str) -> String {
    format!("{{\"kind\": \"{kind}\", \"reason\": \"It reads like that.\"}}")
}

const ASKED: &str = "needs_you:unclear_reply";

#[test]
fn an_opinion_settles_what_can_do_no_harm_and_is_shown() {
    let stub = StubReader::start();
    for (kind, state) in [
        ("acknowledged", "awaiting_reply:-"),
        ("unrelated", "awaiting_reply:-"),
        ("needs_info", "needs_you:missing_info"),
        ("needs_payment", "needs_you:payment"),
        ("needs_other_channel", "needs_you:other_channel"),
    ] {
        let home = Home::asking(&stub);
        stub.set(Manner::SaysInChunks(says(kind)));
        let (read, became, said) = home.receive(UNCLEAR, "pass");
        assert_eq!((read.as_str(), became.as_str()), (kind, state), "{said}");
        if kind.starts_with("needs") {
            let nudges = home.nudges();
            assert!(nudges.contains("It reads like that.") && nudges.contains("follows that opinion"), "{nudges}");
        }
    }
}

#[test]
fn an_opinion_that_would_end_or_give_up_a_case_is_only_shown() {
    let stub = StubReader::start();
    for kind in ["confirmed", "refused", "retention", "billing", "auto_reply", "bounce"] {
        let home = Home::asking(&stub);
        stub.set(Manner::Says(says(kind)));
        let (read, became, _) = home.receive(UNCLEAR, "pass");
        assert_eq!((read.as_str(), became.as_str()), ("unclear", ASKED), "{kind}");
        let nudges = home.nudges();
        assert!(nudges.contains("It reads like that.") && nudges.contains("has changed nothing"), "{nudges}");
    }
}

#[test]
fn a_reader_that_fails_changes_nothing() {
    let stub = StubReader::start();
    let home = Home::asking(&stub);
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let elsewhere =
        format!("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:{}/v1\r\nContent-Length: 0\r\n\r\n", stub.port);
    for (what, manner) in [
        ("silence", Manner::Silent),
        ("nothing", Manner::Sends(Vec::new())),
        ("another protocol", Manner::Sends(b"220 mail ESMTP\r\n".to_vec())),
        ("a fault of its own", Manner::Sends(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec())),
        ("a redirection", Manner::Sends(elsewhere.into_bytes())),
        ("half an answer", Manner::Sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".to_vec())),
        ("a huge answer", Manner::Sends(ok(&completion(&says("acknowledged")).repeat(2_000)))),
        ("endless chunks", Manner::Endless(chunked, b"1\r\n \r\n".to_vec())),
        ("an endless header", Manner::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'y'; 4096])),
        ("no JSON", Manner::Sends(ok("acknowledged"))),
        ("other JSON", Manner::Sends(ok("{\"kind\": \"acknowledged\"}"))),
        ("no object", Manner::Says("acknowledged".to_owned())),
        ("an unknown kind", Manner::Says(says("fine"))),
        ("no opinion", Manner::Says(says("unclear"))),
        ("nested beyond reason", Manner::Sends(ok(&"[".repeat(60_000)))),
    ] {
        stub.set(manner);
        let asked = stub.asked().len();
        let (read, became, said) = home.receive(UNCLEAR, "pass");
        assert_eq!((read.as_str(), became.as_str()), ("unclear", ASKED), "{what}");
        assert_eq!(stub.asked().len(), asked + 1, "{what}: asked once");
        assert!(said.contains("gave no opinion"), "{what}: {said}");
        assert!(!said.contains("frobnicate"), "{what}: no word of a mail is logged");
    }
    assert!(!home.nudges().contains("It reads like that."));
}

#[test]
fn only_unclear_and_proven_mail_is_shown_to_the_reader_and_without_names() {
    let stub = StubReader::start();
    stub.set(Manner::Says(says("acknowledged")));
    let home = Home::asking(&stub);
    let (_, became, _) = home.receive(UNCLEAR, "fail");
    assert_eq!(
        (became.as_str(), stub.asked().len()),
        ("awaiting_reply:-", 0),
        "a stranger's mail is nobody's business"
    );
    let (read, ..) = home.receive("We have received your request.", "pass");
    assert_eq!((read.as_str(), stub.asked().len()), ("acknowledged", 0), "clear mail needs no opinion");
    home.receive(UNCLEAR, "pass");
    let asked = stub.asked();
    let request = asked.first().expect("one question");
    assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&body["model"], &body["temperature"], &body["stream"]), (&"small".into(), &0.into(), &false.into()));
    let shown = body["messages"][1]["content"].as_str().unwrap();
    assert!(shown.contains("zzyzx quux frobnicate"), "{shown}");
    for secret in ["Li", "Wei", "Ana", "123", "4711", "me@", &home.reference] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn nobody_is_asked_unless_the_config_says_so() {
    let home = Home::waiting("");
    let (read, became, _) = home.receive(UNCLEAR, "pass");
    assert_eq!((read.as_str(), became.as_str()), ("unclear", ASKED));
    assert!(!home.nudges().contains("second reader"));
}
