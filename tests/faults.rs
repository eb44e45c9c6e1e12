//! What goes wrong around the daemon, one trouble per test: it must lose nothing, double nothing, and go on.

use crate::support::carrier::{Answer, Carrier};
use crate::support::home::{AccountLines, Home};
use crate::support::servers::{CARRIER, HOLDER, MailServers, SECOND};
use crate::support::{PATIENCE, wait_until};

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

fn logged(home: &Home, words: &str) {
    wait_until(PATIENCE, &format!("the log to say `{words}`"), || home.log_text().contains(words).then_some(()));
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
