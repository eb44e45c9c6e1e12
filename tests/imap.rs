//! IMAP against a scripted peer that misbehaves as no real server would.

use crate::support::imap_peer::{Peer, PeerFolder, Quirk};
use odjava::clock::SystemClock;
use odjava::config::account::{Endpoint, Login, Mechanism, SecretSource, Security};
use odjava::daemon::imap::*;
use odjava::domain::Date;
use odjava::domain::address::MessageId;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

const CASE_MAIL: &str =
    "From: a@carrier.example\r\nSubject: case one\r\nMessage-ID: <m1@carrier.example>\r\n\r\nhello\r\n";
const OTHER_MAIL: &str = "From: a@shop.example\r\nSubject: sale\r\n\r\nbuy 7Q2M now\r\n";

#[derive(Debug, Default, Clone)]
struct Kept {
    cursors: BTreeMap<String, Cursor>,
    /// (folder, UIDVALIDITY, UID) -> (bytes, truncated)
    stored: BTreeMap<(String, u32, u64), (Vec<u8>, bool)>,
    since: Option<Date>,
    markers: Vec<String>,
    ends: usize,
    full: bool,
}

impl Kept {
    fn uids(&self) -> Vec<u64> {
        self.stored.keys().map(|k| k.2).collect()
    }
}

/// Keeps mail in memory; takes an interest in subjects with `case`.
struct Keeper(watch::Sender<Kept>);

impl Keeper {
    fn new() -> Self {
        let since = Date::from_ymd_opt(2026, 1, 1);
        Self(watch::channel(Kept { since, ..Kept::default() }).0)
    }

    async fn until(&self, done: impl FnMut(&Kept) -> bool) {
        let waiting = async { self.0.subscribe().wait_for(done).await.map(|_| ()) };
        timeout(Duration::from_secs(20), waiting).await.expect("it never happened").unwrap();
    }
}

impl Inbox for Keeper {
    async fn cursor(&self, folder: &str) -> Result<Option<Cursor>, InboxError> {
        Ok(self.0.borrow().cursors.get(folder).copied())
    }
    async fn wanted_since(&self, _: &str) -> Result<Option<Date>, InboxError> {
        Ok(self.0.borrow().since)
    }
    async fn concerns(&self, _: &Place<'_>, glance: &HeaderGlance) -> Result<Interest, InboxError> {
        Ok(if glance.subject().contains("case") { Interest::Fetch } else { Interest::Ignore })
    }
    async fn body_markers(&self) -> Result<Vec<String>, InboxError> {
        Ok(self.0.borrow().markers.clone())
    }
    async fn store(&self, place: &Place<'_>, message: FetchedMessage) -> Result<(), InboxError> {
        if self.0.borrow().full {
            return Err(InboxError("the disk is full".into()));
        }
        let key = (place.folder.to_owned(), place.uid_validity, message.uid);
        self.0.send_modify(|k| _ = k.stored.insert(key, (message.raw, message.truncated)));
        Ok(())
    }
    async fn advance(&self, folder: &str, cursor: Cursor) -> Result<(), InboxError> {
        self.0.send_modify(|k| _ = k.cursors.insert(folder.to_owned(), cursor));
        Ok(())
    }
    async fn read_to_end(&self, _: &str) -> Result<(), InboxError> {
        self.0.send_modify(|k| k.ends += 1);
        Ok(())
    }
}

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        command: Duration::from_millis(700),
        probe: Duration::from_millis(400),
        message_max: 100_000,
        truncated_to: 10_000,
    }
}

fn endpoint(peer: &Peer) -> Endpoint {
    Endpoint {
        host: "127.0.0.1".into(),
        port: peer.address.port(),
        security: Security::None,
        ca_file: None,
        login: Some(Login {
            username: "li.wei@home.example".into(),
            mechanism: Mechanism::Password,
            secret: SecretSource::Env("UNUSED".into()),
        }),
    }
}

async fn logged_in(peer: &Peer) -> Result<ImapSession, ImapError> {
    connect(&endpoint(peer), Some(&SecretString::from("s3cret pass")), limits()).await
}

fn inbox() -> Folder {
    Folder::named(Role::Inbox, "INBOX")
}

/// One connection, one look into INBOX.
async fn look(peer: &Peer, keeper: &Keeper) -> Result<Synced, ImapError> {
    let mut session = logged_in(peer).await?;
    sync_folder(&mut session, &inbox(), keeper, &mut SyncMemory::default()).await
}

#[tokio::test]
async fn new_mail_of_interest_is_stored_once_and_nothing_is_marked() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    peer.add("INBOX", 3, CASE_MAIL);
    peer.add("INBOX", 9, OTHER_MAIL);
    assert_eq!(look(&peer, &keeper).await.unwrap(), Synced { seen: 2, stored: 1 });
    assert_eq!(keeper.0.borrow().stored[&("INBOX".into(), 7, 3)], (CASE_MAIL.as_bytes().to_vec(), false));
    // `UID 10:*` names the last message although it was seen: it is not looked at again.
    assert_eq!(look(&peer, &keeper).await.unwrap(), Synced::default());
    peer.add("INBOX", 12, CASE_MAIL);
    assert_eq!(look(&peer, &keeper).await.unwrap(), Synced { seen: 1, stored: 1 });
    assert_eq!(peer.count("SELECT"), 0);
    let fetched = peer.commands.borrow().clone();
    assert!(fetched.iter().filter(|c| c.contains("FETCH")).all(|c| c.contains("BODY.PEEK[") && !c.contains("BODY[")));
}

#[tokio::test]
async fn a_refusal_or_a_cut_line_is_never_an_empty_answer() {
    let steps = ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH"];
    let quirks = [
        (Quirk::Say("{tag} NO not today\r\n".into()), None),
        (Quirk::Say("{tag} BAD what\r\n".into()), None),
        (Quirk::Say("* SEARCH 3\r\n{tag} NO not today\r\n".into()), None),
        (Quirk::SayAndClose(String::new()), Some(Fault::Lost)),
        (Quirk::SayAndClose("* SEARCH 3\r\n* OK so f".into()), Some(Fault::Lost)),
        (Quirk::SayAndClose("* BYE going down\r\n".into()), Some(Fault::Lost)),
        (Quirk::Silence, Some(Fault::TimedOut)),
        (Quirk::Say("X999 OK done\r\n".into()), Some(Fault::Unreadable)),
        (Quirk::Say("\x01\x02 garbage {\r\n".into()), Some(Fault::Unreadable)),
    ];
    for step in steps {
        for (quirk, fault) in &quirks {
            let (peer, keeper) = (Peer::start().await, Keeper::new());
            peer.add("INBOX", 3, CASE_MAIL);
            peer.quirk(step, 1, quirk.clone());
            let error = look(&peer, &keeper).await.expect_err(&format!("{step} {quirk:?}"));
            let expected = fault.unwrap_or(if step == "AUTHENTICATE" { Fault::Login } else { Fault::Refused });
            assert_eq!(error.fault, expected, "{step} {quirk:?}: {error}");
            assert_eq!(keeper.0.borrow().ends, 0, "{step} {quirk:?}");
        }
    }
}

#[tokio::test]
async fn a_fetch_that_fails_midway_leaves_the_cursor_before_it() {
    for quirk in [
        Quirk::SayAndClose("* 1 FETCH (UID 3 BODY[] {50}\r\nhalf".into()),
        Quirk::SayAndClose("* BYE\r\n".into()),
        Quirk::Silence,
    ] {
        let (peer, keeper) = (Peer::start().await, Keeper::new());
        peer.add("INBOX", 3, CASE_MAIL);
        peer.quirk("UID FETCH 3 (UID BODY.PEEK[])", 1, quirk.clone());
        assert_eq!(look(&peer, &keeper).await.unwrap_err().class(), Class::Transient, "{quirk:?}");
        assert!(keeper.0.borrow().cursors.is_empty() && keeper.0.borrow().ends == 0);
        look(&peer, &keeper).await.unwrap();
        assert_eq!(keeper.0.borrow().uids(), [3]);
    }
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_cursor_before_the_message() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    peer.add("INBOX", 3, CASE_MAIL);
    keeper.0.send_modify(|k| k.full = true);
    let error = look(&peer, &keeper).await.unwrap_err();
    assert_eq!(error.class(), Class::Store);
    assert!(keeper.0.borrow().cursors.is_empty());
}

#[tokio::test]
async fn a_greeting_decides_what_happens_next() {
    let check = async |greeting: &str, expected: Result<(), Fault>| {
        let peer = Peer::start().await;
        peer.with(|s| s.greeting = greeting.into());
        let got = logged_in(&peer).await.map(|_| ()).map_err(|e| e.fault);
        assert_eq!(got, expected, "{greeting:?}");
        peer
    };
    check("* OK hi\r\n", Ok(())).await;
    let peer = check("* PREAUTH you are known\r\n", Ok(())).await;
    assert_eq!(peer.count("LOGIN") + peer.count("AUTHENTICATE"), 0);
    check("* BYE too many\r\n", Err(Fault::Lost)).await;
    check("", Err(Fault::TimedOut)).await;
    check("220 smtp.example ESMTP\r\n", Err(Fault::Unreadable)).await;
    check("HTTP/1.1 400 Bad Request\r\n", Err(Fault::Unreadable)).await;
}

#[tokio::test]
async fn a_login_error_says_whose_move_it_is_and_no_secret() {
    let check = async |capabilities: &str, answer: &str, fault: Fault| {
        let peer = Peer::start().await;
        peer.with(|s| s.capabilities = capabilities.into());
        peer.quirk("LOGIN", 1, Quirk::Say(answer.into()));
        peer.quirk("AUTHENTICATE", 1, Quirk::Say(answer.into()));
        let error = logged_in(&peer).await.expect_err(answer);
        assert_eq!(error.fault, fault, "{answer}");
        assert!(!error.to_string().contains("s3cret") && !error.to_string().contains("li.wei"), "{error}");
    };
    check("IMAP4rev1", "{tag} NO [AUTHENTICATIONFAILED] li.wei@home.example is wrong\r\n", Fault::Login).await;
    check("IMAP4rev1 AUTH=PLAIN", "{tag} NO [UNAVAILABLE] backend down\r\n", Fault::LoginLater).await;
    check("IMAP4rev1 LOGINDISABLED", "{tag} OK\r\n", Fault::Login).await;
    check("IMAP4rev1 AUTH=PLAIN SASL-IR", "{tag} NO wrong\r\n", Fault::Login).await;
}

#[tokio::test]
async fn logindisabled_keeps_the_password_off_the_line() {
    let peer = Peer::start().await;
    peer.with(|s| s.capabilities = "IMAP4rev1 LOGINDISABLED".into());
    assert!(logged_in(&peer).await.is_err());
    assert!(!peer.commands.borrow().iter().any(|c| c.contains("s3cret")));
}

#[tokio::test]
async fn a_plain_connection_off_loopback_and_a_missing_starttls_are_refused() {
    let peer = Peer::start().await;
    let far = Endpoint { host: "192.0.2.1".into(), ..endpoint(&peer) };
    assert_eq!(connect(&far, None, limits()).await.unwrap_err().fault, Fault::Tls);
    let starttls = Endpoint { security: Security::Starttls, ..endpoint(&peer) };
    let error = connect(&starttls, None, limits()).await.unwrap_err();
    assert_eq!(error.fault, Fault::Tls);
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    peer.with(|s| s.greeting = "* PREAUTH come in\r\n".into());
    assert_eq!(connect(&starttls, None, limits()).await.unwrap_err().fault, Fault::Tls);
    assert!(!peer.commands.borrow().iter().any(|c| c.contains("AUTHENTICATE")));
}

#[tokio::test]
async fn an_announced_flood_is_refused_before_it_comes() {
    for flood in ["* 1 FETCH (UID 3 BODY[] {400000000}\r\nx".to_owned(), "* OK ".to_owned() + &"x".repeat(2_000_000)] {
        let (peer, keeper) = (Peer::start().await, Keeper::new());
        peer.add("INBOX", 3, CASE_MAIL);
        peer.quirk("UID FETCH 3 (UID BODY.PEEK[])", 1, Quirk::Say(flood));
        // Time enough for the flood: it must be stopped by its size.
        let patient = Limits { command: Duration::from_secs(60), ..limits() };
        let mut session = connect(&endpoint(&peer), Some(&SecretString::from("x")), patient).await.unwrap();
        let error = sync_folder(&mut session, &inbox(), &keeper, &mut SyncMemory::default()).await.unwrap_err();
        assert_eq!(error.fault, Fault::TooLarge);
    }
}

#[tokio::test]
async fn a_large_message_is_cut_also_when_the_server_lies_about_its_size() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    let large = CASE_MAIL.to_owned() + &"x".repeat(300_000);
    peer.add("INBOX", 3, &large);
    look(&peer, &keeper).await.unwrap();
    let stored = keeper.0.borrow().stored[&("INBOX".into(), 7, 3)].clone();
    assert_eq!((stored.0.len(), stored.1), (10_000, true));

    let keeper = Keeper::new();
    peer.with(|s| s.told_size.insert(3, 500));
    let mut memory = SyncMemory::default();
    let mut session = logged_in(&peer).await.unwrap();
    let error = sync_folder(&mut session, &inbox(), &keeper, &mut memory).await.unwrap_err();
    assert_eq!(error.fault, Fault::TooLarge);
    let mut session = logged_in(&peer).await.unwrap();
    sync_folder(&mut session, &inbox(), &keeper, &mut memory).await.unwrap();
    assert!(keeper.0.borrow().stored[&("INBOX".into(), 7, 3)].1);
}

#[tokio::test]
async fn a_new_uidvalidity_means_looking_again_from_the_wanted_day() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    peer.add("INBOX", 30, CASE_MAIL);
    look(&peer, &keeper).await.unwrap();
    peer.with(|s| {
        s.folders.insert("INBOX".into(), PeerFolder { uid_validity: 8, uid_next: Some(3), ..PeerFolder::default() })
    });
    peer.add("INBOX", 1, CASE_MAIL);
    peer.add("INBOX", 2, OTHER_MAIL);
    look(&peer, &keeper).await.unwrap();
    assert_eq!(peer.count("UID SEARCH SINCE 31-Dec-2025"), 2);
    assert!(keeper.0.borrow().stored.contains_key(&("INBOX".into(), 8, 1)));
    assert_eq!(keeper.0.borrow().cursors["INBOX"], Cursor { uid_validity: 8, next_uid: 3 });
}

#[tokio::test]
async fn where_nothing_is_wanted_only_mail_to_come_counts() {
    for uid_next in [Some(10), None] {
        let (peer, keeper) = (Peer::start().await, Keeper::new());
        keeper.0.send_modify(|k| k.since = None);
        peer.add("INBOX", 9, CASE_MAIL);
        peer.with(|s| s.folders.get_mut("INBOX").unwrap().uid_next = uid_next);
        assert_eq!(look(&peer, &keeper).await.unwrap(), Synced::default());
        assert_eq!(keeper.0.borrow().cursors["INBOX"].next_uid, 10);
    }
}

#[tokio::test]
async fn a_message_that_fetch_leaves_out_is_asked_for_again() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    peer.add("INBOX", 3, CASE_MAIL);
    peer.add("INBOX", 4, CASE_MAIL);
    // News of other kinds stand in between, without and with a UID.
    let partial = "* 9 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (UID 4 FLAGS ())\r\n{tag} OK done\r\n";
    peer.quirk("UID FETCH 3:4", 1, Quirk::Say(partial.into()));
    assert_eq!(look(&peer, &keeper).await.unwrap().stored, 2);
}

#[tokio::test]
async fn a_message_deleted_meanwhile_is_passed_over_but_one_withheld_is_not() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    peer.add("INBOX", 3, CASE_MAIL);
    peer.quirk("UID SEARCH SINCE", 1, Quirk::Say("* SEARCH 2 3\r\n{tag} OK done\r\n".into()));
    assert_eq!(look(&peer, &keeper).await.unwrap().stored, 1);

    let keeper = Keeper::new();
    peer.quirk("UID FETCH 3 (UID BODY.PEEK[])", 9, Quirk::Say("{tag} OK done\r\n".into()));
    let error = look(&peer, &keeper).await.unwrap_err();
    assert_eq!(error.fault, Fault::Unreadable);
    assert!(error.to_string().contains("message 3 in `INBOX`"), "{error}");
    assert!(keeper.0.borrow().cursors.is_empty());
}

#[tokio::test]
async fn a_marker_in_the_body_makes_a_message_of_interest() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    keeper.0.send_modify(|k| k.markers = vec!["nothing".into(), "7Q2M".into(), "x\r\nA9 LOGOUT".into()]);
    peer.add("INBOX", 3, OTHER_MAIL);
    assert_eq!(look(&peer, &keeper).await.unwrap().stored, 1);
    assert_eq!(peer.count("UID SEARCH UID 3 OR BODY \"nothing\" BODY \"7Q2M\""), 1);
    let keeper = Keeper::new();
    keeper.0.send_modify(|k| k.markers = vec!["7Q2M".into()]);
    peer.quirk("UID SEARCH UID 3 BODY", 1, Quirk::Say("{tag} NO cannot search bodies\r\n".into()));
    assert_eq!(look(&peer, &keeper).await.unwrap(), Synced { seen: 1, stored: 0 });
}

#[tokio::test]
async fn a_folder_name_cannot_smuggle_a_command() {
    let peer = Peer::start().await;
    let mut session = logged_in(&peer).await.unwrap();
    for name in ["x\r\nA9 DELETE INBOX", "x\" \"y", "a\\", "x\nA9 LOGOUT"] {
        let folder = Folder::named(Role::Junk, name);
        assert!(session.examine(&folder).await.is_err(), "{name:?}");
    }
    assert!(session.exec("NOOP\r\nA9 DELETE INBOX").await.is_err());
    assert!(session.probe().await.is_ok());
    assert_eq!(peer.count("DELETE"), 0);
    assert!(peer.commands.borrow().iter().any(|c| c == "EXAMINE \"x\\\" \\\"y\""));
}

#[tokio::test]
async fn folders_are_found_and_a_missing_one_is_named() {
    let peer = Peer::start().await;
    peer.with(|s| {
        let marked = |a: &str| PeerFolder { attributes: a.into(), ..PeerFolder::default() };
        s.folders.insert("Bulk".into(), marked("\\HasNoChildren \\Junk"));
        s.folders.insert("&BB8EPgRBBDsEMARCBD4-".into(), marked(""));
    });
    let mut session = logged_in(&peer).await.unwrap();
    let found = discover(&mut session, &FolderWishes::default()).await.unwrap();
    assert_eq!(found.junk.unwrap().name, "Bulk");
    assert_eq!(found.sent.unwrap().name, "Послато");
    let wishes = FolderWishes { sent: Some("Outbox".into()), ..FolderWishes::default() };
    let error = discover(&mut session, &wishes).await.unwrap_err();
    assert_eq!((error.fault, error.class()), (Fault::NoFolder, Class::Account));
    assert!(error.to_string().contains("`Outbox`") && error.to_string().contains("`Послато`"), "{error}");
}

#[tokio::test]
async fn a_message_id_is_found_only_when_it_is_exactly_that() {
    let peer = Peer::start().await;
    peer.add("INBOX", 3, "Message-ID: <one.two@x.example>\r\n\r\n");
    let id = |text: &str| MessageId::parse(text).unwrap();
    let mut session = logged_in(&peer).await.unwrap();
    assert_eq!(find_message_id(&mut session, &inbox(), &id("one.two@x.example")).await, Ok(true));
    assert_eq!(find_message_id(&mut session, &inbox(), &id("two@x.example")).await, Ok(false));
    assert_eq!(find_message_id(&mut session, &inbox(), &id("none@x.example")).await, Ok(false));
    peer.quirk("UID SEARCH HEADER", 1, Quirk::Say("{tag} NO search is off\r\n".into()));
    assert!(find_message_id(&mut session, &inbox(), &id("one.two@x.example")).await.is_err());
    peer.quirk("UID FETCH", 1, Quirk::Say("{tag} OK nothing to show\r\n".into()));
    assert!(find_message_id(&mut session, &inbox(), &id("one.two@x.example")).await.is_err());
}

#[tokio::test]
async fn append_survives_news_before_the_continuation() {
    for capabilities in ["IMAP4rev1 AUTH=PLAIN LITERAL+", "IMAP4rev1 AUTH=PLAIN LITERAL-", "IMAP4rev1 AUTH=PLAIN"] {
        let peer = Peer::start().await;
        peer.with(|s| s.capabilities = capabilities.into());
        let mut session = logged_in(&peer).await.unwrap();
        peer.quirk("APPEND", 1, Quirk::First("* 5 EXISTS\r\n* OK news\r\n".into()));
        let raw = [CASE_MAIL.as_bytes(), &[0xff; 5_000], b"\r\n"].concat();
        let outcome = append(&mut session, &inbox(), &raw).await.unwrap();
        assert_eq!(outcome, AppendOutcome { uid_validity: Some(9), uid: Some(42) }, "{capabilities}");
        assert_eq!(peer.with(|s| s.appended.clone()), [raw], "{capabilities}");
        session.probe().await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_append_is_known_to_have_failed() {
    let peer = Peer::start().await;
    peer.with(|s| s.capabilities = "IMAP4rev1".into());
    let mut session = logged_in(&peer).await.unwrap();
    peer.quirk("APPEND", 1, Quirk::Say("* OK news\r\n{tag} NO [TRYCREATE] no such folder\r\n".into()));
    let error = append(&mut session, &inbox(), b"x\r\n").await.unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    session.probe().await.unwrap();
    peer.quirk("APPEND", 1, Quirk::Silence);
    assert_eq!(append(&mut session, &inbox(), b"x\r\n").await.unwrap_err().fault, Fault::TimedOut);
    assert!(!session.is_usable() && session.probe().await.is_err());
}

#[tokio::test]
async fn a_token_goes_out_once_and_its_refusal_is_heard_out() {
    // base64 of user=li.wei@home.example^Aauth=Bearer tok^A^A
    let token = "dXNlcj1saS53ZWlAaG9tZS5leGFtcGxlAWF1dGg9QmVhcmVyIHRvawEB";
    for (capabilities, commands) in [
        ("IMAP4rev1 AUTH=XOAUTH2 SASL-IR", vec![format!("AUTHENTICATE XOAUTH2 {token}")]),
        ("IMAP4rev1 AUTH=XOAUTH2", vec!["AUTHENTICATE XOAUTH2".to_owned()]),
    ] {
        let peer = Peer::start().await;
        peer.with(|s| s.capabilities = capabilities.into());
        if commands[0].ends_with('2') {
            peer.quirk("AUTHENTICATE", 1, Quirk::Say("* OK news\r\n+ \r\n".into()));
            peer.quirk("", 1, Quirk::Say("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n".into()));
        } else {
            peer.quirk("AUTHENTICATE", 1, Quirk::Say("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n".into()));
        }
        peer.quirk("", 1, Quirk::Say("A0002 NO [AUTHENTICATIONFAILED] bad token\r\n".into()));
        peer.with(|s| s.quirks.insert(0, ("CAPABILITY".into(), 1, Quirk::First(String::new()))));
        let mut endpoint = endpoint(&peer);
        endpoint.login.as_mut().unwrap().mechanism = Mechanism::Xoauth2;
        let error = connect(&endpoint, Some(&SecretString::from("tok")), limits()).await.unwrap_err();
        assert_eq!(error.fault, Fault::Login, "{error}");
        let sent = peer.commands.borrow().clone();
        assert!(commands.iter().all(|c| sent.contains(c)), "{sent:?}");
    }
}

#[tokio::test]
async fn silence_within_a_body_ends_the_wait_however_large_the_body() {
    let (peer, keeper) = (Peer::start().await, Keeper::new());
    peer.add("INBOX", 3, &(CASE_MAIL.to_owned() + &"x".repeat(90_000)));
    peer.quirk("UID FETCH 3 (UID BODY.PEEK[])", 1, Quirk::Say("* 1 FETCH (UID 3 BODY[] {90000}\r\nhalf".into()));
    // By size alone the body would have eleven seconds.
    let error = timeout(Duration::from_secs(6), look(&peer, &keeper)).await.unwrap().unwrap_err();
    assert_eq!(error.fault, Fault::TimedOut);
}

/// A running watch and what it told.
struct Watched {
    keeper: Arc<Keeper>,
    events: watch::Receiver<Vec<WatchEvent>>,
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Watched {
    fn start(peer: &Peer, change: impl FnOnce(&mut WatchOptions)) -> Self {
        let mut options = WatchOptions {
            limits: limits(),
            retry_min: Duration::from_millis(5),
            retry_max: Duration::from_millis(50),
            poll: Duration::from_secs(60),
            idle_reissue: Duration::from_secs(60),
            ..WatchOptions::default()
        };
        change(&mut options);
        let endpoint = endpoint(peer);
        let keeper = Arc::new(Keeper::new());
        let wake = Arc::new(Notify::new());
        let (told, events) = watch::channel(Vec::new());
        let (stop, stopped) = watch::channel(false);
        let (inbox, woken) = (Arc::clone(&keeper), Arc::clone(&wake));
        let task = tokio::spawn(async move {
            let watcher = Watcher {
                endpoint: &endpoint,
                secret: &|| Box::pin(async { Ok(Some(SecretString::from("s3cret pass"))) }),
                options: &options,
                inbox: inbox.as_ref(),
                clock: &SystemClock,
                report: &|event| told.send_modify(|all| all.push(event)),
                wake: &woken,
            };
            watcher.run(stopped).await;
        });
        Self { keeper, events, wake, stop, task }
    }

    async fn told(&mut self, done: impl FnMut(&Vec<WatchEvent>) -> bool) {
        let waiting = async { self.events.wait_for(done).await.map(|_| ()) };
        timeout(Duration::from_secs(20), waiting).await.expect("it was never told").unwrap();
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        timeout(Duration::from_secs(5), self.task).await.expect("the watch did not end").unwrap();
    }
}

fn losses(events: &[WatchEvent]) -> usize {
    events.iter().filter(|e| matches!(e, WatchEvent::Lost { .. })).count()
}

#[tokio::test]
async fn pushed_mail_is_read_at_once_and_a_stop_says_goodbye() {
    let peer = Peer::start().await;
    let watched = Watched::start(&peer, |_| {});
    peer.received("IDLE", 1).await;
    peer.add("INBOX", 5, CASE_MAIL);
    peer.push("* OK still here\r\n* 1 EXISTS\r\n* 1 RECENT\r\n");
    watched.keeper.until(|k| k.uids() == [5]).await;
    peer.received("IDLE", 2).await;
    watched.stop().await;
    assert_eq!(peer.count("LOGOUT"), 1);
}

#[tokio::test]
async fn mail_that_comes_between_the_look_and_idle_is_not_slept_over() {
    let peer = Peer::start().await;
    peer.quirk("UID SEARCH", 1, Quirk::Say("* SEARCH\r\n* 1 EXISTS\r\n{tag} OK done\r\n".into()));
    peer.add("INBOX", 5, CASE_MAIL);
    // EXAMINE tells one message already; make it tell none, so that EXISTS is news.
    peer.quirk(
        "EXAMINE",
        1,
        Quirk::Say("* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 5] x\r\n{tag} OK done\r\n".into()),
    );
    let watched = Watched::start(&peer, |_| {});
    watched.keeper.until(|k| k.uids() == [5]).await;
    watched.stop().await;
}

#[tokio::test]
async fn a_kick_during_idle_is_noticed_and_mended() {
    for kick in ["* BYE kicked\r\n", ""] {
        let peer = Peer::start().await;
        let mut watched = Watched::start(&peer, |_| {});
        peer.received("IDLE", 1).await;
        peer.add("INBOX", 5, CASE_MAIL);
        peer.push(kick);
        watched.told(|e| losses(e) == 1).await;
        watched.keeper.until(|k| k.uids() == [5]).await;
        watched.stop().await;
    }
}

#[tokio::test]
async fn a_dead_line_is_noticed_when_idle_is_given_anew() {
    let peer = Peer::start().await;
    let mut watched = Watched::start(&peer, |o| o.idle_reissue = Duration::from_millis(100));
    peer.quirk("NOOP", 1, Quirk::Silence);
    watched.told(|e| losses(e) == 1).await;
    watched.told(|e| e.iter().filter(|e| matches!(e, WatchEvent::Connected { .. })).count() == 2).await;
    watched.stop().await;
}

#[tokio::test]
async fn where_idle_is_refused_mail_is_polled() {
    for refusal in ["{tag} NO not now\r\n", "{tag} BAD idle?\r\n", "{tag} OK over already\r\n"] {
        let peer = Peer::start().await;
        peer.quirk("IDLE", 9, Quirk::Say(refusal.into()));
        let mut watched = Watched::start(&peer, |o| o.poll = Duration::from_millis(50));
        watched.told(|e| e.contains(&WatchEvent::Connected { idle: false })).await;
        peer.add("INBOX", 5, CASE_MAIL);
        watched.keeper.until(|k| k.uids() == [5]).await;
        assert_eq!((peer.count("IDLE"), losses(&watched.events.borrow())), (1, 0));
        watched.stop().await;
    }
}

#[tokio::test]
async fn a_wake_reads_at_once() {
    let peer = Peer::start().await;
    let watched = Watched::start(&peer, |o| o.idle = false);
    watched.keeper.until(|k| k.ends == 1).await;
    peer.add("INBOX", 5, CASE_MAIL);
    watched.wake.notify_one();
    watched.keeper.until(|k| k.uids() == [5]).await;
    watched.stop().await;
}

#[tokio::test]
async fn a_junk_folder_that_cannot_be_opened_does_not_hide_the_inbox() {
    let peer = Peer::start().await;
    peer.with(|s| s.folders.insert("Junk".into(), PeerFolder { uid_validity: 2, ..PeerFolder::default() }));
    peer.add("INBOX", 5, CASE_MAIL);
    peer.quirk("EXAMINE \"Junk\"", 9, Quirk::Say("{tag} NO [NOPERM] no\r\n".into()));
    let mut watched = Watched::start(&peer, |_| {});
    watched.keeper.until(|k| k.uids() == [5]).await;
    watched.told(|e| e.iter().any(|e| matches!(e, WatchEvent::Skipped { folder, .. } if folder == "Junk"))).await;
    watched.stop().await;
}

#[tokio::test]
async fn a_refused_login_is_told_and_tried_rarely() {
    let peer = Peer::start().await;
    peer.quirk("AUTHENTICATE", 99, Quirk::Say("{tag} NO [AUTHENTICATIONFAILED] no\r\n".into()));
    let mut watched = Watched::start(&peer, |o| o.retry_max = Duration::from_secs(3600));
    watched.told(|e| losses(e) == 1).await;
    let event = watched.events.borrow().last().cloned().unwrap();
    let WatchEvent::Lost { class, retry_in, .. } = event else { panic!("{event:?}") };
    assert_eq!(class, Class::Account);
    assert!(retry_in >= Duration::from_secs(1800) && retry_in <= Duration::from_secs(3600), "{retry_in:?}");
    watched.wake.notify_one();
    watched.stop().await;
    assert_eq!(peer.count("AUTHENTICATE"), 1);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_silent_server() {
    let peer = Peer::start().await;
    peer.quirk("UID SEARCH", 1, Quirk::Silence);
    let watched = Watched::start(&peer, |o| o.limits.command = Duration::from_secs(3600));
    peer.received("UID SEARCH", 1).await;
    watched.stop().await;
}

#[tokio::test]
async fn pauses_grow_while_a_server_ends_every_connection_at_once() {
    let peer = Peer::start().await;
    peer.quirk("IDLE", 4, Quirk::SayAndClose("* BYE enough\r\n".into()));
    let mut watched = Watched::start(&peer, |o| o.retry_max = Duration::from_secs(3600));
    watched.told(|e| losses(e) == 4).await;
    let events = watched.events.borrow().clone();
    let pauses =
        events.iter().filter_map(|e| if let WatchEvent::Lost { retry_in, .. } = e { Some(*retry_in) } else { None });
    // The pauses are 5, 10, 20, 40 ms, each shortened by up to half.
    for (number, pause) in pauses.enumerate() {
        let full = Duration::from_millis(5 << number);
        assert!(pause >= full / 2 && pause <= full, "{number}: {pause:?}");
    }
    watched.stop().await;
}
