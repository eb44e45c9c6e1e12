//! Records of the carrier directory as a user writes them: overriding, adding, faulty, doubtful.

use crate::cli::{Home, texts};
use crate::directory::{TODAY, day};
use odjava::config::carrier_lint::{self, Doubt};
use odjava::config::carrier_record;
use odjava::config::carriers::Directory;

const RECORD: &str = r#"id = "test-rs"
name = "Testnet"
time_zone = "Europe/Belgrade"
"#;

const VERIFIED: &str = "standing = \"verified\"\nsource = \"a page\"\nsource_date = \"2024\"\n";

fn record(text: &str, line: usize, part: &str) {
    let found = carrier_record::parse("test.toml", text).unwrap_err();
    assert!(found.len() == 1 && found[0].line == line && found[0].message.contains(part), "{part}: {found:?}");
}

#[test]
fn a_faulty_carrier_record_is_refused_with_its_line() {
    assert!(carrier_record::parse("test.toml", RECORD).is_ok());
    let channel = |value: &str, source: &str| {
        format!(
            "{RECORD}[[channel]]\nkind = \"email\"\npurpose = \"general\"\nvalue = \"{value}\"\nstanding = \"verified\"\n{source}"
        )
    };
    let source = "source = \"page\"\nsource_date = \"2024-03\"\n";
    record(&format!("{RECORD}colour = \"red\"\n"), 4, "unknown key `colour`");
    record(&channel("a@b.example", "source_date = \"2024\"\n"), 4, "`channel.source`: is missing");
    record(&channel("a@b.example", "source = \"x\"\nsource_date = \"last year\"\n"), 10, "year, month or day");
    record(&channel("nobody", source), 7, "is not an e-mail address");
    record(&RECORD.replace("Belgrade", "Beograd"), 3, "is not a time zone");
    record(
        &format!(
            "{RECORD}[[channel]]\nkind = \"phone\"\npurpose = \"general\"\nvalue = \"soon\"\nstanding = \"verified\"\n{source}"
        ),
        7,
        "is no phone number",
    );
    record(
        &format!("{RECORD}[[term]]\nkind = \"notice\"\nstanding = \"verified\"\n{source}"),
        4,
        "it may be `working_days`",
    );
    record(&format!("{RECORD}kind = \"airline\"\n"), 4, "must be one of \"operator\"");
    record(&format!("{RECORD}required_facts = [\"shoe_size\"]\n"), 4, "`shoe_size` is no fact");
    record(
        &format!("{RECORD}[[sender_domain]]\ndomain = \"rs\"\nstanding = \"verified\"\n{source}"),
        5,
        "is not a domain",
    );
}

#[test]
fn a_users_record_overrides_and_adds_but_shares_no_domain() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("mine.toml", &RECORD.replace("test-rs", "mts-rs"));
    write("new.toml", RECORD);
    let directory = Directory::load(Some(folder.path())).map_err(|e| panic!("{e}")).unwrap();
    assert_eq!(directory.get("mts-rs").unwrap().name, "Testnet");
    assert!(directory.get("test-rs").is_some() && directory.get("a1-rs").is_some());
    let shares = |domain: &str, owner: &str| {
        let text = format!("{RECORD}\n[[sender_domain]]\n# a comment\ndomain = \"{domain}\"\n{VERIFIED}");
        write("new.toml", &text);
        let found = Directory::load(Some(folder.path())).unwrap_err().to_string();
        assert!(
            found.contains(&format!("new.toml:7: the sender domain `{domain}` is already that of `{owner}`")),
            "{found}"
        );
    };
    shares("a1.rs", "a1-rs");
    shares("mail.a1.rs", "a1-rs");
    write("new.toml", &RECORD.replace("test-rs", "mts-rs"));
    let found = Directory::load(Some(folder.path())).unwrap_err().to_string();
    assert!(found.contains("new.toml:1: the id `mts-rs` is already that of"), "{found}");
}

#[test]
fn claims_need_their_source() {
    for (line, key) in [
        ("email_termination = \"accepted\"", "email_termination"),
        ("email_termination = \"refused\"", "email_termination"),
        ("signature = \"handwritten\"", "signature"),
        ("registered_address = \"required\"", "registered_address"),
        ("id_document = \"with_request\"", "id_document"),
    ] {
        record(&format!("{RECORD}{line}\n"), 4, &format!("needs a section [{key}_note] with its source"));
        let note = format!("[{key}_note]\nvalue = \"x\"\n{VERIFIED}");
        assert!(carrier_record::parse("test.toml", &format!("{RECORD}{line}\n{note}")).is_ok(), "{line}");
    }
}

#[test]
fn a_regulator_has_a_record_of_its_own() {
    let text = format!(
        "id = \"authority\"\nkind = \"regulator\"\nname = \"Authority\"\ncountry = \"CH\"\nurl = \"https://authority.example\"\n{VERIFIED}"
    );
    assert!(carrier_record::parse("test.toml", &text).is_ok());
    record(&text.replace("country = \"CH\"\n", ""), 1, "supervises the carriers of a country");
    record(&text.replace("url = \"https://authority.example\"\n", ""), 1, "says not how the regulator is reached");
    record(&text.replace("url =", "legal_name = \"x\"\nurl ="), 5, "unknown key `legal_name`");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("authority.toml"), &text).unwrap();
    let directory = Directory::load(Some(folder.path())).map_err(|e| panic!("{e}")).unwrap();
    assert_eq!(directory.get("mucho-ch").unwrap().regulator.as_ref().unwrap().name, "Authority");
    std::fs::write(folder.path().join("authority.toml"), text.replace("CH", "RS")).unwrap();
    let found = Directory::load(Some(folder.path())).unwrap_err().to_string();
    assert!(found.contains("already the regulator of RS"), "{found}");
}

#[test]
fn doubts_about_a_record_are_told_by_check_and_with_the_draft() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("carriers/ch")).unwrap();
    let text = format!(
        "{RECORD}check_again = 2020-01-01\n[[channel]]\nkind = \"email\"\npurpose = \"termination\"\nvalue = \"a@carrier.example\"\n{VERIFIED}"
    );
    std::fs::write(home.path("carriers/ch/mine.toml"), &text).unwrap();
    let (out, _) = texts(&home.run(&["check", "--offline"]));
    assert!(out.contains("note") && out.contains("mine.toml: should have been looked at again by 2020-01-01"), "{out}");
    let (out, _) = texts(&home.run(&["new", "--carrier", "test-rs", "--order", "A-1"]));
    assert!(out.contains("Note:") && out.contains("should have been looked at again by 2020-01-01"), "{out}");
    let shown = home.object(&["draft", &out[..4]]);
    assert!(shown["cautions"][0].as_str().unwrap().contains("2020-01-01"), "{shown}");
    std::fs::write(home.path("carriers/ch/mine.toml"), text.replace("a@carrier.example", "nobody")).unwrap();
    let output = home.run(&["check", "--offline"]);
    assert_eq!(output.status.code(), Some(1));
    let (out, _) = texts(&output);
    assert!(out.contains("mine.toml:8: `channel.value`: `nobody` is not an e-mail address"), "{out}");
}

/// The doubts about one record must be these, by part.
fn doubts(text: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    let directory = Directory::load(Some(folder.path())).map_err(|e| panic!("{e}")).unwrap();
    let found: Vec<Doubt> = carrier_lint::lint(&directory, day(TODAY));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for part in expected {
        assert!(found.iter().any(|d| d.id == "test-rs" && d.text.contains(part)), "{part}: {found:?}");
    }
}

#[test]
fn a_readable_record_may_be_doubtful_all_the_same() {
    let phone = format!("[[channel]]\nkind = \"phone\"\npurpose = \"general\"\nvalue = \"0800 123\"\n{VERIFIED}");
    let good = format!("{RECORD}check_again = 2027-01-01\n{phone}");
    doubts(&good, &[]);
    doubts(&good.replace("check_again = 2027-01-01\n", ""), &["has no `check_again`"]);
    doubts(&format!("{RECORD}check_again = 2027-01-01\n"), &["names no way to reach"]);
    doubts(&good.replace("\"a page\"", "\"common knowledge\""), &["that is `unverified`"]);
    doubts(&good.replace("\"2024\"", "\"2030\""), &["of a day to come"]);
    doubts(
        &good.replace("Testnet", "Yettel").replace("id =", "country = \"RS\"\nid ="),
        &["also leads to `yettel-rs`"],
    );
    let public = "kind = \"email\"\npurpose = \"general\"\nvalue = \"carrier@gmail.com\"";
    doubts(
        &good.replace("kind = \"phone\"\npurpose = \"general\"\nvalue = \"0800 123\"", public),
        &["a mailbox that anybody could have opened"],
    );
}

#[test]
fn an_unverified_address_is_shown_and_not_used() {
    let text = format!(
        "{RECORD}[[channel]]\nkind = \"email\"\npurpose = \"termination\"\nvalue = \"a@carrier.example\"\n\
         standing = \"unverified\"\nsource = \"a guess\"\nsource_date = \"2024\"\n"
    );
    let addresses = |text: &str| match carrier_record::parse("test.toml", text).unwrap().record {
        carrier_record::Record::Carrier(profile) => profile.request_addresses(),
        carrier_record::Record::Regulator(_) => panic!(),
    };
    assert!(addresses(&text).is_empty());
    assert_eq!(addresses(&text.replace("unverified", "second_hand")).len(), 1);
}

#[test]
fn what_is_no_record_is_named_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let told = |part: &str| {
        let found = Directory::load(Some(folder.path())).unwrap_err().to_string();
        assert!(found.contains(part), "{part}: {found}");
    };
    let made = std::process::Command::new("mkfifo").arg(path("pipe.toml")).status().unwrap();
    assert!(made.success());
    told("pipe.toml: this is no file");
    std::fs::remove_file(path("pipe.toml")).unwrap();
    std::fs::write(path("binary.toml"), b"id = \"\xff\xfe\"").unwrap();
    told("binary.toml: this file cannot be read: stream did not contain valid UTF-8");
    std::fs::write(path("binary.toml"), "#".repeat(300_000)).unwrap();
    told("binary.toml: this file has 292 kB");
    std::fs::write(path("binary.toml"), "id = [[[[").unwrap();
    told("binary.toml:1: this is not TOML");
    std::fs::remove_file(path("binary.toml")).unwrap();
    std::os::unix::fs::symlink(folder.path(), path("loop")).unwrap();
    told("does a link lead back up?");
}
