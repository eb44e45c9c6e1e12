//! What the acts do and say at the first try: when a mail leaves, where none may go, what the next step is.

use crate::cli::{Home, fails, texts};
use odjava::store::DaemonLock;

/// A case that waits for approval; its reference.
fn drafted(home: &Home, more: &[&str]) -> String {
    let case = home.object(&[&["new"], more].concat());
    let reference = case["reference"].as_str().unwrap().to_owned();
    home.run(&["draft", &reference]);
    reference
}

const OTHER: [&str; 6] = ["--carrier", "other", "--to", "service@carrier.example", "--order", "A-4711"];

/// How many mails lie in the Maildir that stands for the mail server, those to the holder aside.
fn left(home: &Home) -> usize {
    home.run(&["run", "--once"]);
    let files = std::fs::read_dir(home.path("out/new")).map(|all| all.flatten().collect::<Vec<_>>());
    let texts = files.unwrap_or_default().into_iter().map(|f| std::fs::read_to_string(f.path()).unwrap());
    texts.filter(|t| t.contains("service@carrier.example")).count()
}

#[test]
fn what_is_approved_on_hold_leaves_after_the_date_and_the_act_says_when() {
    let home = Home::new();
    let reference = drafted(&home, &OTHER);
    home.run(&["hold", &reference, "--until", "2099-01-01"]);
    let (out, _) = texts(&home.run(&["approve", &reference]));
    let next = out.lines().find(|l| l.contains("next:")).unwrap();
    assert!(next.contains("leaves Thu 2099-01-01 0") && !next.contains("due"), "{out}");
    assert_eq!(left(&home), 0, "nobody is written to before the date");
    home.run(&["hold", &reference, "--lift"]);
    assert_eq!(left(&home), 1);
}

#[test]
fn an_address_that_the_record_forbids_is_refused_with_its_standing() {
    let home = Home::new();
    let refused = |carrier: &str, address: &str, standing: &str| {
        let new = ["new", "--carrier", carrier, "--customer-number", "4711", "--name", "Li Wei", "--to", address];
        fails(&home.run(&new), 1, &["--to: ", address, standing, carrier]);
    };
    refused("mts-rs", "info@telekom.rs", "`obsolete`");
    refused("mts-rs", "Info@telekom.rs", "`obsolete`");
    refused("fl1-li", "datenschutz@telecom.li", "`data_protection`");
    assert!(home.json(&["list", "--all"]).is_empty(), "nothing was opened");
    let reference =
        drafted(&home, &["--carrier", "mts-rs", "--customer-number", "4711", "--to", "ana@carrier.example"]);
    fails(&home.run(&["edit", &reference, "--to", "info@telekom.rs"]), 1, &["`obsolete`"]);
    assert_eq!(home.object(&["show", &reference])["to"], "ana@carrier.example");
    drafted(&home, &["--carrier", "other", "--order", "A-1", "--to", "info@telekom.rs"]);
}

#[test]
fn the_next_step_at_a_carrier_that_refuses_e_mail_is_the_way_of_its_record() {
    let home = Home::new();
    let (out, _) = texts(&home.run(&["new", "--carrier", "mucho", "--msisdn", "+41791234567"]));
    let reference = out.split_whitespace().next().unwrap();
    let next = format!("odjava resolve {reference} --sent-by phone");
    assert!(out.lines().any(|l| l.contains("next:") && l.contains(&next)), "{out}");
    let words = ["resolve", reference, "--sent-by", "phone"];
    assert_eq!(home.object(&words)["state"], "awaiting_reply", "the step can be taken as it is named");
}

#[test]
fn approve_says_that_nobody_sends_while_no_daemon_runs() {
    let home = Home::new();
    let check = |running: bool| {
        let reference = drafted(&home, &OTHER);
        let lock = running.then(|| DaemonLock::acquire(&home.path("odjava.db")).unwrap());
        let (_, err) = texts(&home.run(&["approve", &reference]));
        assert_eq!(err.contains("odjava is not running") && err.contains("`odjava run`"), !running, "{err}");
        drop(lock);
        home.run(&["withdraw", &reference]);
    };
    check(false);
    check(true);
    check(false);
}

#[test]
fn explain_says_that_a_picture_is_no_mail() {
    let home = Home::new();
    let check = |name: &str, bytes: &[u8]| {
        std::fs::write(home.path(name), bytes).unwrap();
        let path = home.path(name).display().to_string();
        for json in [&[][..], &["--json"]] {
            let output = home.run(&[&["explain", &path], json].concat());
            assert_eq!(output.status.code(), Some(1), "{name}");
            let (out, err) = texts(&output);
            assert!(err.contains(&format!("{name}: this is no mail")) && !out.contains("unrelated"), "{out}\n{err}");
        }
    };
    check("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89");
    check("a.csv", b"name,number\nLi Wei,+381641234567\n");
    check("b.csv", b"name;time\nLi Wei;10:00\n");
    check("empty.eml", b"");
    check("blank", b"\r\n\r\n");
}
#[test]
fn a_letter_in_english_for_want_of_another_says_so() {
    let home = Home::new();
    let cautions = |carrier: &str, more: &[&str]| {
        let to = ["--carrier", carrier, "--customer-number", "4711", "--to", "ana@carrier.example"];
        let reference = drafted(&home, &[&to, more].concat());
        let case = home.object(&["show", &reference]);
        home.run(&["withdraw", &reference]);
        case["cautions"].to_string()
    };
    let told = "reads letters in `de`; odjava has no letters in that language, so this one is in English";
    let german = cautions("fl1-li", &[]);
    assert!(german.contains(told), "{german}");
    for other in [cautions("mts-rs", &[]), cautions("mts-rs", &["--language", "en"])] {
        assert!(!other.contains("no letters"), "{other}");
    }
}
