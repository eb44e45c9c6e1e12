//! The daemon itself against a real Dovecot and a real Postfix: what is not run against the real thing is not done.

use crate::support::carrier::{Answer, Carrier};
use crate::support::home::{AccountLines, Home};
use crate::support::proxy::{Fault, FaultProxy};
use crate::support::servers::{CARRIER, GONE, HOLDER, MailServers, Options, SECOND};
use crate::support::{PATIENCE, wait_until};

const NUMBER: &str = "+381601234567";
const RECEIVED: &str = "Poštovani, primili smo Vaš zahtev, broj predmeta: 5188. Javićemo se.";
const CONFIRMED: &str = "Poštovani, ugovor za broj 060 123 45 67 je raskinut 10.11.2026. i broj je isključen.";
const PROMPT: &str = "[follow_up]\nretry_after = \"1s\"\n";

fn started() -> MailServers {
    MailServers::start(&[HOLDER, CARRIER])
}

fn home(servers: &MailServers) -> Home {
    Home::new(servers, &[AccountLines::tls("home", HOLDER, servers)], PROMPT)
}

/// Mails in a folder whose subject holds `words`.
fn subjects_with(servers: &MailServers, user: &str, folder: &str, words: &str) -> usize {
    let mails = servers.mailbox(user, folder);
    mails.iter().filter(|raw| subject_of(raw).contains(words)).count()
}

fn subject_of(raw: &[u8]) -> String {
    let message = mail_parser::MessageParser::default().parse(raw);
    message.and_then(|m| m.subject().map(str::to_owned)).unwrap_or_default()
}

#[test]
fn a_case_travels_from_draft_to_done() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let daemon = home.daemon();
    let case = home.open("home", NUMBER, &[CARRIER]);
    assert_eq!(home.state(&case), "drafted");
    home.ok(&["approve", &case]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    servers.wait_for_mail(HOLDER, "Sent", 1);

    carrier.answer(&request, &Answer::saying(RECEIVED));
    let shown = wait_until(PATIENCE, "the ticket", || Some(home.show(&case)).filter(|s| s["ticket"] == "5188"));
    assert_eq!(shown["state"], "awaiting_reply", "a receipt is no confirmation");
    assert!(shown["acknowledged_at"].is_string());

    carrier.answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
    assert_eq!(home.show(&case)["effective_date"], "2026-11-10");

    // The nudges: sent, and done with the proof.
    servers.wait_for_mail(HOLDER, "INBOX", 4);
    assert!(daemon.stop(), "the daemon ends well when asked to");
    assert_eq!(carrier.received().len(), 1, "one request");
    assert_eq!(servers.mailbox(HOLDER, "Sent").len(), 1, "one copy in Sent");
    for mail in servers.stored(HOLDER, "INBOX") {
        assert!(!mail.flags.contains('S'), "nothing in the inbox is marked as read");
    }
}

#[test]
fn starttls_and_polling_serve_as_well() {
    let servers = MailServers::start_with(&[HOLDER, CARRIER], &Options { idle: false, ..Options::default() });
    let home = Home::new(&servers, &[AccountLines::starttls("home", HOLDER, &servers)], PROMPT);
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
}

#[test]
fn silence_leads_to_a_follow_up() {
    let servers = started();
    let accounts = [AccountLines::tls("home", HOLDER, &servers)];
    let home = Home::new(&servers, &accounts, "[follow_up]\nafter = \"3s\"\nsecond_after = \"1 hour\"\n");
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    let reminder = carrier.wait_for(2);
    assert!(reminder.header("References").contains(&request.message_id()), "one thread");
    wait_until(PATIENCE, "the follow-up to be counted", || (home.show(&case)["follow_ups_sent"] == 1).then_some(()));
    assert_eq!(home.state(&case), "awaiting_reply");
}

#[test]
fn a_forged_confirmation_changes_nothing() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    let before = home.show(&case)["next_action_at"].clone();
    carrier.answer(&request, &Answer::forged(CONFIRMED));
    wait_until(PATIENCE, "the forgery to be shown", || {
        let shown = home.show(&case);
        shown["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["direction"] == "in")).then_some(())
    });
    assert_eq!(home.state(&case), "awaiting_reply");
    assert_eq!(home.show(&case)["next_action_at"], before, "not even the clock moves");
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
}

#[test]
fn a_restarted_server_and_a_kicked_session_lose_no_reply() {
    let mut servers = started();
    let home = home(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = Carrier::at(&servers).wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    servers.kick(HOLDER);
    Carrier::at(&servers).answer(&request, &Answer::saying(RECEIVED));
    wait_until(PATIENCE, "the reply after the kick", || (home.show(&case)["ticket"] == "5188").then_some(()));
    servers.restart_dovecot();
    Carrier::at(&servers).answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
}

#[test]
fn a_cut_after_the_final_dot_is_never_answered_by_a_second_mail() {
    let servers = started();
    let proxy = FaultProxy::before(servers.postfix.plain_port);
    let accounts = [AccountLines::tls("home", HOLDER, &servers).plain_smtp(proxy.port)];
    let home = Home::new(&servers, &accounts, PROMPT);
    let carrier = Carrier::at(&servers);
    proxy.set(Fault::CutAfter(b"\r\n.\r\n".to_vec()));
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    carrier.wait_for(1);
    home.wait_for(&case, "needs_you:send_unknown");
    home.ok(&["resolve", &case, "--sent"]);
    home.wait_for(&case, "awaiting_reply");
    servers.wait_for_mail(HOLDER, "Sent", 1);
    assert_eq!(carrier.received().len(), 1);
}

#[test]
fn a_cut_before_the_final_dot_is_tried_again() {
    let servers = started();
    let proxy = FaultProxy::before(servers.postfix.plain_port);
    let accounts = [AccountLines::tls("home", HOLDER, &servers).plain_smtp(proxy.port)];
    let home = Home::new(&servers, &accounts, PROMPT);
    let carrier = Carrier::at(&servers);
    proxy.set(Fault::CutBefore(b"DATA".to_vec()));
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    home.wait_for(&case, "awaiting_reply");
    carrier.wait_for(1);
    assert_eq!(carrier.received().len(), 1);
    assert!(proxy.fired() > 0, "the first try was cut");
}

#[test]
fn a_refusal_for_now_is_tried_again_and_one_for_good_is_not() {
    let servers = MailServers::start(&[HOLDER, CARRIER, SECOND]);
    servers.postfix.refuse_recipient(CARRIER, Some("450 4.2.1 come back later"));
    let home = home(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    wait_until(PATIENCE, "the first refusal", || home.log_text().contains("mail not sent").then_some(()));
    servers.postfix.refuse_recipient(CARRIER, None);
    home.wait_for(&case, "awaiting_reply");
    Carrier::at(&servers).wait_for(1);
    assert_eq!(Carrier::at(&servers).received().len(), 1);

    servers.postfix.refuse_recipient(CARRIER, Some("550 5.1.1 no such user"));
    let second = home.approved("home", "+381601234568", &[CARRIER, SECOND]);
    home.wait_for(&second, "awaiting_reply");
    Carrier::with_address(&servers, SECOND).wait_for(1);
    assert_eq!(Carrier::with_address(&servers, SECOND).received().len(), 1, "the fall-back address");
    let third = home.approved("home", "+381601234569", &[CARRIER]);
    home.wait_for(&third, "needs_you:undeliverable");
}

#[test]
fn a_bounce_makes_the_case_the_holders() {
    let servers = started();
    let home = home(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[GONE]);
    home.wait_for(&case, "needs_you:undeliverable");
}

#[test]
fn a_reply_in_junk_and_one_while_the_daemon_was_down_are_found() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    carrier.answer_in_folder(&request, &Answer::saying(RECEIVED), HOLDER, "Junk");
    wait_until(PATIENCE, "the reply in Junk", || (home.show(&case)["ticket"] == "5188").then_some(()));
    assert!(daemon.stop());
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    let _daemon = home.daemon();
    home.wait_for(&case, "done");
}

#[test]
fn two_accounts_do_not_mix() {
    let servers = MailServers::start(&[HOLDER, SECOND, CARRIER]);
    let accounts = [AccountLines::tls("one", HOLDER, &servers), AccountLines::tls("two", SECOND, &servers)];
    let home = Home::new(&servers, &accounts, PROMPT);
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let first = home.approved("one", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    let second = home.approved("two", "+381607654321", &[CARRIER]);
    carrier.wait_for(2);
    home.wait_for(&first, "awaiting_reply");
    home.wait_for(&second, "awaiting_reply");
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    home.wait_for(&first, "done");
    assert_eq!(home.state(&second), "awaiting_reply");
    servers.wait_for_mail(SECOND, "Sent", 1);
    assert_eq!(servers.mailbox(SECOND, "Sent").len(), 1);
}

#[test]
fn a_new_uidvalidity_applies_nothing_twice_and_misses_nothing() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    carrier.answer(&request, &Answer::saying(RECEIVED));
    wait_until(PATIENCE, "the receipt", || (home.show(&case)["ticket"] == "5188").then_some(()));
    assert!(daemon.stop());
    let replies = |home: &Home| {
        let shown = home.show(&case);
        shown["messages"].as_array().map_or(0, |m| m.iter().filter(|m| m["direction"] == "in").count())
    };
    assert_eq!(replies(&home), 1);
    servers.reset_uidvalidity(HOLDER, "INBOX");
    carrier.answer(&request, &Answer::saying(CONFIRMED));
    let _daemon = home.daemon();
    home.wait_for(&case, "done");
    assert_eq!(replies(&home), 2, "the receipt was not read a second time");
}

#[test]
fn a_mail_of_30_mb_and_one_of_5000_parts_are_taken_in() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");

    let head = |subject: &str| {
        format!(
            "Authentication-Results: mx.example.test; dmarc=pass header.from=example.test\r\nFrom: <{CARRIER}>\r\nTo: <{HOLDER}>\r\n\
             Subject: {subject}\r\nMessage-ID: <{subject}@example.test>\r\nIn-Reply-To: {}\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
            request.message_id()
        )
    };
    let mut many = format!("{}{RECEIVED}\r\n", head("parts"));
    for _ in 0..5000 {
        many.push_str("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n");
    }
    many.push_str("--b--\r\n");
    servers.deliver_lmtp(HOLDER, many.as_bytes());
    wait_until(PATIENCE, "the mail of many parts", || (home.show(&case)["ticket"] == "5188").then_some(()));

    let mut large = format!(
        "{}{CONFIRMED}\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        head("large")
    );
    let line = format!("{}\r\n", "QUJD".repeat(19));
    while large.len() < 30_000_000 {
        large.push_str(&line);
    }
    large.push_str("--b--\r\n");
    servers.deliver_lmtp(HOLDER, large.as_bytes());
    // What was not fetched may say otherwise, so a person looks at it.
    home.wait_for(&case, "needs_you:unclear_reply");
}

#[test]
fn one_daemon_per_store() {
    let servers = started();
    let home = home(&servers);
    let _daemon = home.daemon();
    wait_until(PATIENCE, "the daemon to hold the store", || {
        home.log_text().contains("odjava is running").then_some(())
    });
    let second = home.run(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another odjava already runs"));
}

/// Every named stop point between approval and done: the process ends there as in a power cut, a new one
/// takes over, and the end is the same.
#[test]
fn a_stop_at_any_step_loses_nothing_and_doubles_nothing() {
    let points = [
        "before_claim",
        "after_claim",
        "after_hand_over",
        "before_copy",
        "after_copy",
        "before_store",
        "after_store",
        "before_advance",
    ];
    let servers = started();
    for (number, point) in points.iter().enumerate() {
        println!("stop at {point}");
        let home = home(&servers);
        let carrier = Carrier::at(&servers);
        let mails = carrier.received().len();
        let copies = servers.mailbox(HOLDER, "Sent").len();
        let case = home.approved("home", &format!("+38160123450{number}"), &[CARRIER]);
        let sending = ["before_claim", "after_claim", "after_hand_over", "before_copy", "after_copy"].contains(point);
        let mut daemon = home.daemon_with(&[("ODJAVA_STOP_AT", if sending { point } else { "none" })]);
        if sending {
            assert!(!daemon.wait_for_end().success());
            daemon = home.daemon();
            let after = wait_until(PATIENCE, "the case to go on", || {
                Some(home.state(&case)).filter(|s| s == "awaiting_reply" || s == "needs_you:send_unknown")
            });
            if after == "needs_you:send_unknown" {
                // The holder looks and tells what is true.
                let arrived = carrier.received().len() > mails;
                home.ok(&["resolve", &case, if arrived { "--sent" } else { "--not-sent" }]);
            }
        }
        let request = carrier.wait_for(mails + 1);
        home.wait_for(&case, "awaiting_reply");
        servers.wait_for_mail(HOLDER, "Sent", copies + 1);
        if !sending {
            assert!(daemon.stop());
            carrier.answer(&request, &Answer::saying(RECEIVED));
            daemon = home.daemon_with(&[("ODJAVA_STOP_AT", point)]);
            assert!(!daemon.wait_for_end().success());
            daemon = home.daemon();
            wait_until(PATIENCE, "the receipt", || (home.show(&case)["ticket"] == "5188").then_some(()));
        }
        carrier.answer(&request, &Answer::saying(&CONFIRMED.replace("060 123 45 67", &format!("060 123 450{number}"))));
        home.wait_for(&case, "done");
        assert!(daemon.stop());
        assert_eq!(carrier.received().len(), mails + 1, "{point}: one request at the carrier");
        assert_eq!(servers.mailbox(HOLDER, "Sent").len(), copies + 1, "{point}: one copy in Sent");
        let shown = home.show(&case);
        let replies = shown["messages"].as_array().map_or(0, |m| m.iter().filter(|m| m["direction"] == "in").count());
        assert_eq!(replies, if sending { 1 } else { 2 }, "{point}: each reply once");
    }
    assert!(subjects_with(&servers, HOLDER, "INBOX", "[") > 0);
}

/// `kill -9` at moments nobody chose.
#[test]
fn kills_at_random_moments_lose_nothing_and_double_nothing() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let mut cases = Vec::new();
    for round in 0u32..12 {
        let case = home.approved("home", &format!("+3816012346{round:02}"), &[CARRIER]);
        let daemon = home.daemon();
        // A few looks at the store are a moment of varying length; the kill may meet any step.
        for _ in 0..(round * 7) % 5 {
            home.state(&case);
        }
        daemon.kill();
        cases.push(case);
    }
    let daemon = home.daemon();
    for case in &cases {
        let state = wait_until(PATIENCE, "a settled case", || {
            Some(home.state(case)).filter(|s| s == "awaiting_reply" || s == "needs_you:send_unknown")
        });
        if state == "needs_you:send_unknown" {
            let arrived = carrier.received().iter().any(|r| String::from_utf8_lossy(&r.raw).contains(case.as_str()));
            home.ok(&["resolve", case, if arrived { "--sent" } else { "--not-sent" }]);
        }
        home.wait_for(case, "awaiting_reply");
    }
    carrier.wait_for(cases.len());
    servers.wait_for_mail(HOLDER, "Sent", cases.len());
    assert!(daemon.stop());
    for case in &cases {
        let marker = format!("[{case}]");
        assert_eq!(subjects_with(&servers, CARRIER, "INBOX", &marker), 1, "one request of {case} at the carrier");
        assert_eq!(subjects_with(&servers, HOLDER, "Sent", &marker), 1, "one copy of {case}");
    }
}

#[test]
fn a_blind_watcher_follows_nobody_up_and_tells_the_holder_once() {
    let mut servers = started();
    // Without a login at the mail server, so that it goes on taking mail while Dovecot is away.
    let accounts = [AccountLines::tls("home", HOLDER, &servers).plain_smtp(servers.postfix.plain_port)];
    let rules = "[follow_up]\nafter = \"7s\"\nsecond_after = \"1 hour\"\ninbox_stale_after = \"5s\"\n";
    let home = Home::new(&servers, &accounts, rules);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    home.wait_for(&case, "awaiting_reply");
    let due = home.show(&case)["next_action_at"].clone();
    servers.kick(HOLDER);
    servers.stop_dovecot();
    wait_until(PATIENCE, "the blindness to be noticed", || {
        home.log_text().contains("the inbox has not been read for too long").then_some(())
    });
    wait_until(PATIENCE, "the alarm to be put off", || (home.show(&case)["next_action_at"] != due).then_some(()));
    assert_eq!(home.show(&case)["follow_ups_sent"], 0, "silence is not known while nobody listens");
    servers.start_dovecot();
    wait_until(PATIENCE, "the follow-up", || (home.show(&case)["follow_ups_sent"] == 1).then_some(()));
    let told = |servers: &MailServers| subjects_with(servers, HOLDER, "INBOX", "cannot be read");
    wait_until(PATIENCE, "the nudge", || (told(&servers) == 1).then_some(()));
}

#[test]
fn an_answer_the_holder_wrote_without_odjava_settles_the_question() {
    let servers = started();
    let home = home(&servers);
    let carrier = Carrier::at(&servers);
    let _daemon = home.daemon();
    let case = home.approved("home", NUMBER, &[CARRIER]);
    let request = carrier.wait_for(1);
    home.wait_for(&case, "awaiting_reply");
    carrier.answer(&request, &Answer::saying("Molimo Vas da dostavite kopiju lične karte."));
    home.wait_for(&case, "needs_you:id_document");
    let raw = format!(
        "From: <{HOLDER}>\r\nTo: <{CARRIER}>\r\nSubject: Re: kopija\r\nMessage-ID: <mine@example.test>\r\n\
         In-Reply-To: {}\r\n\r\nU prilogu.\r\n",
        request.message_id()
    );
    servers.put_in_folder(HOLDER, "Sent", raw.as_bytes());
    home.wait_for(&case, "awaiting_reply");
}
