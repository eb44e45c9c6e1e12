//! Mail out through a program and into a Maildir. The programs are `sh -c` texts, which see the arguments that
//! a sendmail would.

use odjava::daemon::local_out::{Filed, copy_to_maildir, deliver_to_maildir, maildir_holds, sendmail};
use odjava::daemon::smtp::Letter;
use odjava::domain::address::{Address, MessageId};
use odjava::domain::event::{AcceptedBy, FailureClass, SubmitOutcome};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const RAW: &[u8] = b"Subject: x\r\nMessage-ID: <1@holder.example>\r\n\r\n.\r\nend\r\n";
const LONG: Duration = Duration::from_secs(20);

async fn run(argv: &[&str], limit: Duration) -> SubmitOutcome {
    let from = Address::parse("li.wei@holder.example").unwrap();
    let to = Address::parse("support@carrier.example").unwrap();
    let argv: Vec<String> = argv.iter().map(|a| (*a).to_owned()).collect();
    sendmail(&argv, &Letter { from: &from, to: &to, raw: RAW }, limit).await
}

async fn run_script(script: &str, limit: Duration) -> SubmitOutcome {
    run(&["sh", "-c", script, "sendmail"], limit).await
}

fn id() -> MessageId {
    MessageId::parse("1@holder.example").unwrap()
}

#[tokio::test]
async fn a_program_gets_the_envelope_as_arguments_and_the_mail_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().display();
    let script = format!("echo \"$@\" > {at}/args; cat > {at}/mail");
    assert_eq!(run_script(&script, LONG).await, SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply });
    let arguments = std::fs::read_to_string(dir.path().join("args")).unwrap();
    assert_eq!(arguments, "-i -f li.wei@holder.example -- support@carrier.example\n");
    let mail = std::fs::read_to_string(dir.path().join("mail")).unwrap();
    assert_eq!(mail, "Subject: x\nMessage-ID: <1@holder.example>\n\n.\nend\n");
}

#[tokio::test]
async fn an_exit_status_has_its_class() {
    for (status, expected) in [
        (1, FailureClass::Transient),
        (64, FailureClass::Account),
        (65, FailureClass::Permanent),
        (67, FailureClass::Permanent),
        (68, FailureClass::Permanent),
        (69, FailureClass::Transient),
        (75, FailureClass::Transient),
        (77, FailureClass::Account),
        (78, FailureClass::Account),
        (127, FailureClass::Account),
    ] {
        let script = format!("cat > /dev/null; echo 'no support@carrier.example here' >&2; exit {status}");
        match run_script(&script, LONG).await {
            SubmitOutcome::NotSent { class, code, reason } => {
                assert_eq!((class, code), (expected, None), "{status}");
                assert_eq!(reason, format!("sh ended with status {status}: no *** here"));
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_the_accounts_trouble() {
    for argv in [&[][..], &["/nowhere/sendmail"], &["/etc"]] {
        match run(argv, LONG).await {
            SubmitOutcome::NotSent { class: FailureClass::Account, reason, .. } => {
                assert!(reason.contains("`sendmail`"), "{reason}");
            }
            other => panic!("{argv:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_killed_or_stuck_program_leaves_the_fate_unknown() {
    for (script, limit) in [("cat > /dev/null; kill -9 $$", LONG), ("exec sleep 60", Duration::from_millis(200))] {
        let outcome = run_script(script, limit).await;
        assert!(matches!(outcome, SubmitOutcome::Unknown { .. }), "{script}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_program_that_goes_on_in_the_background_is_not_waited_for() {
    let outcome = run_script("cat > /dev/null; sleep 30 & exit 0", Duration::from_secs(10)).await;
    assert_eq!(outcome, SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply });
}

#[tokio::test]
async fn a_talkative_program_does_not_block() {
    let outcome = run_script("cat > /dev/null; head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 75", LONG).await;
    let SubmitOutcome::NotSent { reason, .. } = outcome else { panic!("{outcome:?}") };
    assert!(reason.len() < 300);
}

fn files(dir: &Path, folder: &str) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir.join(folder)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const WRITTEN: SubmitOutcome = SubmitOutcome::Accepted { known_by: AcceptedBy::ServerReply };
const FOUND: SubmitOutcome = SubmitOutcome::Accepted { known_by: AcceptedBy::CopyFound };

#[tokio::test]
async fn a_maildir_gets_a_mail_exactly_once() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("Maildir");
    assert_eq!(deliver_to_maildir(&dir, &id(), RAW).await, WRITTEN);
    assert_eq!(deliver_to_maildir(&dir, &id(), RAW).await, FOUND);
    let name = files(&dir, "new").pop().unwrap();
    assert_eq!(std::fs::read(dir.join("new").join(&name)).unwrap(), RAW);
    for folder in ["", "tmp", "new", "cur"] {
        let mode = std::fs::metadata(dir.join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
    // Read by a mail program, which moves it and adds flags.
    for seen in [format!("{name}:2,S"), format!("{name},S=53:2,RS")] {
        let old = if files(&dir, "new").is_empty() {
            dir.join("cur").join(&files(&dir, "cur")[0])
        } else {
            dir.join("new").join(&name)
        };
        std::fs::rename(old, dir.join("cur").join(&seen)).unwrap();
        assert_eq!(deliver_to_maildir(&dir, &id(), RAW).await, FOUND, "{seen}");
    }
    assert_eq!((files(&dir, "new").len(), files(&dir, "cur").len(), files(&dir, "tmp").len()), (0, 1, 0));
}

#[tokio::test]
async fn half_a_mail_left_by_a_crash_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    deliver_to_maildir(dir.path(), &id(), RAW).await;
    let name = files(dir.path(), "new").pop().unwrap();
    std::fs::remove_file(dir.path().join("new").join(&name)).unwrap();
    std::fs::write(
        dir.path().join("tmp").join(&name),
        b"Subject: x\r\nand far more than the whole mail, half written".repeat(9),
    )
    .unwrap();
    assert_eq!(deliver_to_maildir(dir.path(), &id(), RAW).await, WRITTEN);
    assert_eq!(std::fs::read(dir.path().join("new").join(&name)).unwrap(), RAW);
    assert!(files(dir.path(), "tmp").is_empty());
}

#[tokio::test]
async fn a_maildir_below_a_missing_or_closed_folder_is_the_accounts_trouble() {
    let parent = tempfile::tempdir().unwrap();
    std::fs::write(parent.path().join("file"), b"").unwrap();
    for path in ["missing/Maildir", "file", "file/Maildir"] {
        let dir = parent.path().join(path);
        match deliver_to_maildir(&dir, &id(), RAW).await {
            SubmitOutcome::NotSent { class: FailureClass::Account, reason, .. } => {
                assert!(reason.contains(path) && reason.contains("must exist"), "{reason}");
            }
            other => panic!("{path}: {other:?}"),
        }
        assert!(!parent.path().join("missing").exists());
    }
}

#[tokio::test]
async fn the_sent_folder_gets_one_copy_whoever_files_it() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("Sent");
    assert!(!maildir_holds(&dir, &id()).await.unwrap(), "a folder that is not there holds nothing");
    assert_eq!(copy_to_maildir(&dir, &id(), RAW).await.unwrap(), Filed::Written);
    assert_eq!(copy_to_maildir(&dir, &id(), RAW).await.unwrap(), Filed::AlreadyThere);
    let names = files(&dir, "cur");
    assert!(names.len() == 1 && names[0].ends_with(":2,S"), "{names:?}");

    let other = parent.path().join("Other");
    let theirs = MessageId::parse("2@holder.example").unwrap();
    copy_to_maildir(&other, &id(), RAW).await.unwrap();
    let folded = b"Subject: Message-ID: <3@holder.example>\nmessage-id:\n <2@holder.example>\n\nMessage-ID: <4@holder.example>\n";
    std::fs::write(other.join("cur/1.2.host:2,S"), folded).unwrap();
    assert_eq!(copy_to_maildir(&other, &theirs, RAW).await.unwrap(), Filed::AlreadyThere);
    for absent in ["3@holder.example", "4@holder.example"] {
        assert!(!maildir_holds(&other, &MessageId::parse(absent).unwrap()).await.unwrap(), "{absent}");
    }
}
