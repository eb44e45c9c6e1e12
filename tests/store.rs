//! The store as a file: versions, locks, journals that lead to what is stored.

use odjava::domain::Timestamp;
use odjava::domain::address::{Address, MessageId};
use odjava::store::{
    CaseRow, Cursor, DaemonLock, InboxStatus, NewMessage, NewOutgoing, OutboxKind, OutboxStatus, Sighting, Store,
    StoreError, replay,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn at(seconds: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn message<'a>(folder: &'a str, validity: i64, uid: i64, raw: &'a [u8]) -> NewMessage<'a> {
    NewMessage {
        account: "home",
        folder,
        role: "inbox",
        uid_validity: validity,
        uid,
        raw,
        truncated: false,
        received_at: at(0),
    }
}

fn changed<T>(store: &mut Store, work: impl FnOnce(&odjava::store::Tx<'_>) -> Result<T, StoreError>) -> T {
    store.transaction(work).unwrap()
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odjava.db");
    drop(Store::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date_with_its_mail() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odjava.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../src/store/migrations/0001_initial.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute(
        "INSERT INTO inbox (account, folder, role, uid_validity, uid, digest, raw, truncated, received_at, stored_at, status)
         VALUES ('home', 'INBOX', 'inbox', 1, 1, 'd', x'41', 0, 1, 1, 'new')",
        [],
    )
    .unwrap();
    drop(old);
    let mut store = Store::open(&path).unwrap();
    let mails = changed(&mut store, |tx| tx.new_messages(at(0), 10));
    assert_eq!((mails.len(), mails[0].proof.clone(), mails[0].looks), (1, None, 0));
}

#[test]
fn a_file_that_is_no_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odjava.db");
    std::fs::write(&path, "this is a letter to my aunt, long enough to be looked at as a database header".repeat(20))
        .unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn one_daemon_holds_the_lock_and_its_end_frees_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odjava.db");
    let first = DaemonLock::acquire(&path).unwrap();
    assert!(matches!(DaemonLock::acquire(&path), Err(StoreError::InUse { .. })));
    drop(first);
    DaemonLock::acquire(&path).unwrap();
}

#[test]
fn only_the_owner_can_read_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/odjava.db");
    let mut store = Store::open(&path).unwrap();
    changed(&mut store, |tx| tx.set_last_run("x", at(0)));
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap().path();
        assert_eq!(mode(&entry), 0o600, "{}", entry.display());
    }
}

#[test]
fn many_processes_may_open_a_new_store_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odjava.db");
    let opened: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(&path).map(drop))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for outcome in opened {
        outcome.unwrap();
    }
}

#[test]
fn what_fails_in_a_transaction_leaves_nothing_behind() {
    let mut store = Store::in_memory().unwrap();
    let failed: Result<(), StoreError> = store.transaction(|tx| {
        tx.set_last_run("digest", at(0))?;
        Err(StoreError::Full)
    });
    assert!(failed.is_err());
    assert_eq!(changed(&mut store, |tx| tx.last_run("digest")), None);
}

#[test]
fn the_same_mail_is_kept_once_wherever_it_is_seen() {
    let mut store = Store::in_memory().unwrap();
    let first = changed(&mut store, |tx| tx.store_message(&message("INBOX", 1, 7, b"one"), at(1)));
    let Sighting::First(key) = first else { panic!("{first:?}") };
    let again = changed(&mut store, |tx| tx.store_message(&message("INBOX", 1, 7, b"one"), at(2)));
    assert_eq!(again, Sighting::Known(key));
    let moved = changed(&mut store, |tx| tx.store_message(&message("INBOX", 2, 1, b"one"), at(3)));
    assert_eq!(moved, Sighting::Copy(key));
    let other = changed(&mut store, |tx| tx.store_message(&message("Junk", 1, 7, b"two"), at(4)));
    assert!(matches!(other, Sighting::First(_)));
    assert_eq!(changed(&mut store, |tx| tx.new_messages(at(0), 10)).len(), 2, "two mails to read");
}

#[test]
fn tries_to_read_a_mail_are_counted_and_one_set_aside_is_not_read_again() {
    let mut store = Store::in_memory().unwrap();
    let Sighting::First(key) = changed(&mut store, |tx| tx.store_message(&message("INBOX", 1, 1, b"x"), at(1))) else {
        panic!("it is new");
    };
    let before: Vec<u32> = (0..3).map(|_| changed(&mut store, |tx| tx.reading_begins(key))).collect();
    assert_eq!(before, [0, 1, 2]);
    changed(&mut store, |tx| tx.reading_put_back(key));
    assert_eq!(changed(&mut store, |tx| tx.reading_begins(key)), 2, "a failure of the store is no try");
    changed(&mut store, |tx| tx.set_aside(key));
    assert_eq!(changed(&mut store, |tx| tx.message(key)).unwrap().status, InboxStatus::SetAside);
    assert!(changed(&mut store, |tx| tx.new_messages(at(0), 10)).is_empty());
}

#[test]
fn a_mail_is_owed_once_per_cause_and_claimed_once() {
    let mut store = Store::in_memory().unwrap();
    let (id, other) = (MessageId::parse("a@x.example").unwrap(), MessageId::parse("b@x.example").unwrap());
    let address = Address::parse("li@x.example").unwrap();
    let mail = |message_id| NewOutgoing {
        case: None,
        account: "home",
        kind: OutboxKind::Nudge,
        cause: "blind",
        message_id,
        sender: &address,
        recipient: &address,
        raw: b"raw",
        not_before: at(5),
    };
    assert!(changed(&mut store, |tx| tx.owe(&mail(&id), at(0))));
    assert!(!changed(&mut store, |tx| tx.owe(&mail(&other), at(0))), "the same cause");
    assert!(changed(&mut store, |tx| tx.due_mails("home", at(4), 10)).is_empty(), "not before its time");
    let row = changed(&mut store, |tx| tx.due_mails("home", at(5), 10)).remove(0);
    assert!(changed(&mut store, |tx| tx.claim(row.id)));
    assert!(!changed(&mut store, |tx| tx.claim(row.id)), "claimed already");
    assert_eq!(changed(&mut store, |tx| tx.claimed_mails("home")).len(), 1);
    changed(&mut store, |tx| tx.settle(row.id, OutboxStatus::Sent, true, "", at(6)));
    assert_eq!(changed(&mut store, |tx| tx.copies_owed("home", 10)).len(), 1);
    changed(&mut store, |tx| tx.cancel(&id, at(7)));
    let settled = changed(&mut store, |tx| tx.mail_by_id(&id)).unwrap();
    assert_eq!(settled.status, OutboxStatus::Sent, "what was taken cannot be taken back");
}

#[test]
fn a_cursor_is_kept_per_folder() {
    let mut store = Store::in_memory().unwrap();
    let cursor = Cursor { uid_validity: 3, next_uid: 4_000_000_000 };
    changed(&mut store, |tx| tx.set_cursor("home", "INBOX", cursor, at(0)));
    assert_eq!(changed(&mut store, |tx| tx.cursor("home", "INBOX")), Some(cursor));
    assert_eq!(changed(&mut store, |tx| tx.cursor("home", "Junk")), None);
}

/// The whole life of the demo, written by the real engine: its journal, played again, gives the stored case.
#[test]
fn a_journal_leads_to_the_stored_case() {
    let dir = tempfile::tempdir().unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_odjava"))
        .args(["demo", "--dir"])
        .arg(dir.path().join("demo"))
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let mut store = Store::open(&dir.path().join("demo/odjava.db")).unwrap();
    let rows: Vec<CaseRow> = changed(&mut store, |tx| tx.cases(false));
    assert!(!rows.is_empty());
    for row in rows {
        let lines = changed(&mut store, |tx| tx.journal(row.id));
        assert!(lines.len() > 10, "a whole life");
        assert_eq!(replay(&lines).unwrap(), row.case);
    }
}

/// Anybody can have a mailbox at a public host: the domain proves nothing, and the address is still looked out for.
#[test]
fn an_address_at_a_public_host_is_known_and_its_domain_is_not() {
    use odjava::domain::address::{CaseSeed, Reference};
    use odjava::domain::decide::{Opening, open};
    use odjava::domain::reply::CaseDirectory;
    use odjava::store::LineKeys;

    let mut store = Store::in_memory().unwrap();
    let opening = Opening {
        reference: Reference::parse("7Q2M").unwrap(),
        seed: CaseSeed([7; 16]),
        account: "home".to_owned(),
        carrier: "other".to_owned(),
        carrier_name: "Dunavtel".to_owned(),
        letter_language: "en".to_owned(),
    };
    let mut case = open(&opening, at(0));
    case.recipients =
        vec![Address::parse("Clerk@free.example").unwrap(), Address::parse("a@dunavtel.example").unwrap()];
    let keys = LineKeys { public_domains: vec!["free.example".to_owned()], ..LineKeys::default() };
    changed(&mut store, |tx| {
        let id = tx.insert_case(&case, &opening, at(0))?;
        tx.save_case(id, &case, &keys, at(0))
    });
    assert!(!changed(&mut store, |tx| tx.knows_domain("free.example")));
    assert!(changed(&mut store, |tx| tx.knows_domain("mail.dunavtel.example")));
    assert!(changed(&mut store, |tx| tx.knows_address("clerk@free.example")));
    assert!(!changed(&mut store, |tx| tx.knows_address("other@free.example")));
    let known = changed(&mut store, |tx| tx.by_reference(&opening.reference)).unwrap();
    assert_eq!(known.asked_domains, ["dunavtel.example"]);
}
