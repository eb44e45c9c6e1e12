//! What goes wrong around the daemon, one trouble per test: it must lose nothing, double nothing, and go on.

use crate::support::carrier::{Answer, Carrier};
use crate::support::home::{AccountLines, Home};
use crate::support::proxy::{Fault, FaultProxy};
use crate::support::servers::{CARRIER, HOLDER, MailServers, SECOND};
use crate::support::{PATIENCE, wait_until};
use std::time::{Duration, Instant};

const NUMBER: &str = "+381601234567";
const OTHER: &str = "+381607654321";
const RECEIVED: &str = "Poštovani, primili smo Vaš zahtev, broj predmeta: 5188. Javićemo se.";
const CONFIRMED: &str = "Poštovani, ugovor za broj 060 123 45 67 je raskinut 10.11.2026. i broj je isključen.";
const PROMPT: &str = "[follow_up]\nretry_after = \"1s\"\n";

fn started() -> MailServers {
    MailServers::start(&[HOLDER, CARRIER])
}

fn home(servers: &MailServers, rest: &str) -> Home {
    Home::new(servers, &[AccountLines::tls("home", HOLDER, servers)], rest)
}

/// A home whose mail leaves through a proxy.
fn proxied(servers: &MailServers) -> (Home, FaultProxy) {
    let proxy = FaultProxy::before(servers.postfix.plain_port);
    let accounts = [AccountLines::tls("home", HOLDER, servers).plain_smtp(proxy.port)];
    (Home::new(servers, &accounts, PROMPT), proxy)
}

fn logged(home: &Home, words: &str) {
    wait_until(PATIENCE, &format!("the log to say `{words}`"), || home.log_text().contains(words).then_some(()));
}

#[test]
fn a_mail_of_unknown_fate_holds_up_no_other() {
    let mut servers = started();
    let (home, proxy) = proxied(&servers);
    proxy.set(Fault::CutAfter(b"\r\n.\r\n".to_vec()));
    let first = home.approved("home", NUMBER, &[CARRIER]);
    // Nobody can be asked whether it left.
    servers.stop_dovecot();
    let _daemon = home.daemon();
    logged(&home, "cannot look for a mail of unknown fate");
    let began = Instant::now();
    let second = home.approved("home", OTHER, &[CARRIER]);
    home.wait_for(&second, "awaiting_reply");
    // The other is looked for during ten seconds; a busy machine needs three for this.
    assert!(began.elapsed() < Duration::from_secs(8), "an approved mail leaves at once: {:?}", began.elapsed());
    assert_eq!(home.state(&first), "sending");
}

#[test]
fn the_daemon_stops_soon_while_a_server_is_silent_or_a_mail_is_looked_for() {
    let mut servers = started();
    let (home, proxy) = proxied(&servers);
    let stopped_soon = |daemon: crate::support::home::Daemon, what: &str| {
        let began = Instant::now();
        assert!(daemon.stop());
        assert!(began.elapsed() < Duration::from_secs(5), "{what}: {:?}", began.elapsed());
    };
    proxy.set(Fault::BlackHole);
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let daemon = home.daemon();
    wait_until(PATIENCE, "a connection", || (proxy.accepted() > 0).then_some(()));
    stopped_soon(daemon, "a silent SMTP server");
    assert_eq!(home.state(&case), "sending", "owed as before");

    proxy.set(Fault::CutAfter(b"\r\n.\r\n".to_vec()));
    servers.stop_dovecot();
    let daemon = home.daemon();
    logged(&home, "cannot look for a mail of unknown fate");
    stopped_soon(daemon, "a mail of unknown fate");
    servers.start_dovecot();
    let _daemon = home.daemon();
    home.wait_for(&case, "needs_you:send_unknown");
}

#[test]
fn a_secret_command_that_hangs_does_not_keep_the_daemon() {
    let servers = started();
    let home = home(&servers, PROMPT);
    let config = std::fs::read_to_string(home.config()).expect("the config");
    let hanging = config.replacen(
        "password = \"pw-holder\"",
        "password = { command = [\"sh\", \"-c\", \"touch asked; exec sleep 600\"] }",
        1,
    );
    assert_ne!(config, hanging);
    home.write_config(&hanging);
    let daemon = home.daemon();
    wait_until(PATIENCE, "the question for the secret", || home.dir().join("asked").exists().then_some(()));
    let began = Instant::now();
    assert!(daemon.stop());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// How often it was tried to read the carrier's stored answer.
fn tries_of_the_answer(home: &Home) -> i64 {
    let sql = "SELECT coalesce(max(attempts), 0) FROM inbox WHERE cast(raw AS TEXT) LIKE '%Message-ID: <answer-%'";
    store_of(home).query_row(sql, [], |r| r.get(0)).expect("SQL")
}

fn store_of(home: &Home) -> rusqlite::Connection {
    rusqlite::Connection::open(home.dir().join("odjava.db")).expect("the store")
}

#[test]
fn a_message_that_ends_the_process_is_set_aside_and_shown() {
    let servers = started();
    let home = home(&servers, PROMPT);
    let carrier = Carrier::at(&servers);
    let daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    assert!(daemon.stop());
    carrier.answer(&request, &Answer::saying(RECEIVED));
    // The holder's own mails may come first.
    while tries_of_the_answer(&home) < 3 {
        assert!(!home.daemon_with(&[("ODJAVA_STOP_AT", "before_reading")]).wait_for_end().success());
    }
    let _daemon = home.daemon();
    logged(&home, "odjava is running");
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
    assert!(home.show(&case)["ticket"].is_null(), "the first message was not read");
    let nudges = servers.mailbox(HOLDER, "INBOX");
    assert!(nudges.iter().any(|raw| String::from_utf8_lossy(raw).contains("--file")), "the holder is told of it");
}

#[test]
fn what_lies_in_the_store_is_read_before_anybody_is_called_silent() {
    let servers = started();
    let home = home(&servers, "[follow_up]\nafter = \"6s\"\nretry_after = \"1s\"\n");
    let carrier = Carrier::at(&servers);
    let daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    assert!(daemon.stop());
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    while tries_of_the_answer(&home) == 0 {
        assert!(!home.daemon_with(&[("ODJAVA_STOP_AT", "before_reading")]).wait_for_end().success());
    }
    let due = home.show(&case)["next_action_at"].as_str().expect("an alarm").to_owned();
    let due = chrono::DateTime::parse_from_rfc3339(&due).expect("RFC 3339");
    wait_until(PATIENCE, "the follow-up to be due", || (chrono::Utc::now() > due).then_some(()));
    let _daemon = home.daemon();
    home.wait_for(&case, "done");
    assert_eq!(carrier.received().len(), 1, "no follow-up to a carrier that has answered");
}

#[test]
fn a_case_that_cannot_be_decided_holds_up_no_other() {
    let servers = started();
    let home = home(&servers, PROMPT);
    let lost = home.approved("home", NUMBER, &[CARRIER]);
    // The carrier leaves the directory, as when a user's own record is taken away.
    let store = store_of(&home);
    let changed = store
        .execute(
            "UPDATE cases SET carrier = 'gone', json = replace(json, '\"carrier\":\"mts-rs\"', '\"carrier\":\"gone\"')",
            [],
        )
        .expect("SQL");
    assert_eq!(changed, 1);
    let other = home.approved("home", OTHER, &[CARRIER]);
    let _daemon = home.daemon();
    home.wait_for(&other, "awaiting_reply");
    logged(&home, "a mail is put off");
    let state: String = store
        .query_row("SELECT status FROM outbox WHERE case_id = 1 AND kind = 'carrier'", [], |r| r.get(0))
        .expect("SQL");
    assert_eq!(state, "queued", "the mail of {lost} is still owed");
}

#[test]
fn a_reply_in_another_holders_mailbox_moves_nothing() {
    let servers = MailServers::start(&[HOLDER, SECOND, CARRIER]);
    let accounts = [AccountLines::tls("one", HOLDER, &servers), AccountLines::tls("two", SECOND, &servers)];
    let home = Home::new(&servers, &accounts, PROMPT);
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let case = home.approved("one", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    // The second account must watch as well, so it has a case of its own.
    let own = home.approved("two", OTHER, &[CARRIER]);
    home.wait_for(&own, "awaiting_reply");
    let seen = servers.mailbox(SECOND, "INBOX").len();
    carrier.answer_in_folder(&request, &Answer::saying(CONFIRMED), SECOND, "INBOX");
    // The holder of the mailbox is asked whose it is.
    wait_until(PATIENCE, "a word about it", || {
        let mails = servers.mailbox(SECOND, "INBOX");
        mails.iter().skip(seen).any(|raw| String::from_utf8_lossy(raw).contains("--file")).then_some(())
    });
    assert_eq!(home.state(&case), "awaiting_reply");
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
}

/// Starts the daemon in a way that lets `room` take the disk away: SIGXFSZ ignored, a write beyond the limit fails.
fn daemon_on_a_small_disk(home: &Home) -> crate::support::home::Daemon {
    home.daemon_through(&["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"])
}

/// Gives the daemon no room on the disk, or all of it again.
fn room(daemon: &crate::support::home::Daemon, given: bool) {
    let limit = if given { "--fsize=unlimited:" } else { "--fsize=1:" };
    crate::support::process::run("prlimit", &["--pid", &daemon.pid().to_string(), limit]);
}

#[test]
fn a_full_disk_stops_nothing_for_good() {
    let servers = started();
    let home = home(&servers, PROMPT);
    let carrier = Carrier::at(&servers);
    let daemon = daemon_on_a_small_disk(&home);
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    room(&daemon, false);
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    logged(&home, "nothing of this step was written");
    assert_eq!(home.state(&case), "awaiting_reply");
    room(&daemon, true);
    home.wait_for(&case, "done");
    assert!(daemon.stop(), "it has lived through it");
    assert_eq!(carrier.received().len(), 1);
}

#[test]
fn a_yes_of_the_server_is_not_forgotten_when_the_disk_is_full() {
    let servers = started();
    let (home, proxy) = proxied(&servers);
    let daemon = daemon_on_a_small_disk(&home);
    logged(&home, "odjava is running");
    // Slow enough to take the disk away between the claim and the answer.
    proxy.set(Fault::Delay(Duration::from_millis(700)));
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let store = store_of(&home);
    wait_until(PATIENCE, "the claim", || {
        let claimed: i64 =
            store.query_row("SELECT count(*) FROM outbox WHERE status = 'claimed'", [], |r| r.get(0)).expect("SQL");
        (claimed == 1).then_some(())
    });
    room(&daemon, false);
    logged(&home, "could not be written down");
    room(&daemon, true);
    home.wait_for(&case, "awaiting_reply");
    assert!(!home.log_text().contains("fate of a mail unknown"));
    assert_eq!(Carrier::at(&servers).received().len(), 1);
}
