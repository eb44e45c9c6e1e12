//! `explain` as a person or a script uses it: what it takes, in which order it tells, what it says where it cannot read,
//! and the folder in which a native speaker adds phrases.

use crate::cli::{Home, fails, texts};
use std::process::Command;

/// A mail of the demo carrier.
fn mail_of(number: usize, body: &str) -> String {
    format!("From: Ana <info@carrier.example>\nTo: li.wei@mailhost.example\nSubject: Nr {number}\n\n{body}\n")
}

#[test]
fn explain_reads_files_folders_maildirs_mboxes_and_standard_input_in_order() {
    let home = Home::new();
    let received = "We have received your request.";
    let ended = "Your contract has been terminated.";
    std::fs::create_dir_all(home.path("mails/below")).unwrap();
    for number in 0..60 {
        let text = mail_of(number, if number % 2 == 0 { received } else { ended });
        std::fs::write(home.path(&format!("mails/{number:02}.eml")), text).unwrap();
    }
    std::fs::write(home.path("mails/below/z.txt"), "no mail").unwrap();
    std::fs::write(home.path("in/cur/1.x:2,S"), mail_of(60, received)).unwrap();
    let line = "From ana@carrier.example Thu Nov 12 09:14:03 2026\n";
    let mbox = format!("{line}{}\n{line}{}\n", mail_of(61, received), mail_of(62, ">From here on"));
    std::fs::write(home.path("box"), &mbox).unwrap();
    let path = |name: &str| home.path(name).display().to_string();
    let read = home.json(&["explain", &path("mails"), &path("in"), &path("box")]);
    let files: Vec<&str> = read.iter().map(|r| r["file"].as_str().unwrap()).collect();
    assert_eq!(files.len(), 63);
    assert!(files[0].ends_with("mails/00.eml") && files[59].ends_with("mails/59.eml"), "{files:?}");
    assert!(files[60].ends_with("in/cur/1.x:2,S") && files[61].ends_with("box#1") && files[62].ends_with("box#2"));
    assert!(read[62]["reply_text"].as_str().unwrap().starts_with("From here on"));
    let fields: Vec<&String> = read[0].as_object().unwrap().keys().collect();
    let known = "authentic bounce effective_date evidence file kind language match reply_text would_do";
    assert_eq!(fields.len(), known.split(' ').filter(|k| fields.iter().any(|f| f == k)).count());
    let told = texts(&home.run(&["explain", &path("mails"), &path("box")])).0;
    assert!(told.lines().last().unwrap().starts_with("62 messages: "), "{told}");
    assert!(!told.contains('\x1b') && told.contains("«"), "marked, and not coloured in a pipe");

    let mut command = Command::new(env!("CARGO_BIN_EXE_odjava"));
    command.arg("--config").arg(home.path("odjava.toml")).args(["explain", "-", "--json"]);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), mbox.as_bytes()).unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(out.contains("\"file\":\"-#1\"") && out.contains("\"file\":\"-#2\""), "{out}");
}

#[test]
fn what_cannot_be_read_is_named_at_the_end_and_the_rest_is_answered() {
    let home = Home::new();
    std::fs::write(home.path("a.eml"), mail_of(1, "We have received your request.")).unwrap();
    std::fs::create_dir(home.path("empty")).unwrap();
    let path = |name: &str| home.path(name).display().to_string();
    let output = home.run(&["explain", &path("gone.eml"), &path("a.eml"), &path("empty"), &path("a.eml")]);
    fails(&output, 1, &["gone.eml cannot be read; name a file that is there", "empty holds no message"]);
    let (out, _) = texts(&output);
    assert_eq!(out.matches("would do").count(), 2, "{out}");
}

#[test]
fn a_native_speaker_adds_phrases_beside_the_config() {
    let home = Home::new();
    std::fs::write(home.path("a.eml"), mail_of(1, "Your zzyzx is frobnicated by us.")).unwrap();
    let file = home.path("a.eml").display().to_string();
    assert_ne!(home.object(&["explain", &file])["kind"], "refused");
    let lexicon = "language = \"en\"\nextends = \"en\"\n[[rule]]\nid = \"mine\"\nkind = \"refused\"\nweight = 3\n\
                   any = [\"zzyzx is frobnicated\"]\nexample = \"Your zzyzx is frobnicated.\"\n";
    std::fs::create_dir_all(home.path("other")).unwrap();
    std::fs::write(home.path("other/mine.toml"), lexicon).unwrap();
    let other = home.path("other").display().to_string();
    assert_eq!(home.object(&["explain", "--lexicon", &other, &file])["kind"], "refused");
    std::fs::rename(home.path("other"), home.path("lexicon")).unwrap();
    assert_eq!(home.object(&["explain", &file])["kind"], "refused");
    let (told, _) = texts(&home.run(&["check", "--offline"]));
    assert!(told.contains("lexicon: replies are read in en, sr"), "{told}");
    std::fs::write(home.path("lexicon/mine.toml"), lexicon.replace("zzyzx is", "<nothing>")).unwrap();
    let checked = home.run(&["check", "--offline"]);
    let (told, _) = texts(&checked);
    assert_eq!(checked.status.code(), Some(1));
    assert!(told.contains("MEND") && told.contains("mine.toml") && told.contains("rule `mine`"), "{told}");
    fails(&home.run(&["explain", &file]), 1, &["mine.toml", "rule `mine`"]);
}
