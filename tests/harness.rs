//! Proves that the test servers are what the other tests take them for. No line of odjava runs here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::carrier::{Answer, Carrier};
use crate::support::pki::Pki;
use crate::support::process::{is_running, living_in};
use crate::support::proxy::{Fault, FaultProxy};
use crate::support::servers::{CARRIER, GONE, HOLDER, MailServers, Options, password, read_reply, submit_plain};
use crate::support::{PATIENCE, wait_until};

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn mail(subject: &str) -> Vec<u8> {
    format!(
        "From: <{HOLDER}>\r\nTo: <{CARRIER}>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.test>\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\n.one dot\r\nbody\r\n"
    )
    .into_bytes()
}

fn count(mails: &[Vec<u8>], subject: &str) -> usize {
    let wanted = format!("Subject: {subject}");
    mails.iter().filter(|raw| String::from_utf8_lossy(raw).lines().any(|line| line == wanted)).count()
}

fn tls(socket: TcpStream, pki: &Pki) -> std::io::Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&pki.ca_pem).expect("a PEM certificate")).expect("a CA");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let mut session = ClientConnection::new(Arc::new(config), name).expect("a TLS client");
    let mut socket = socket;
    while session.is_handshaking() {
        session.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(session, socket))
}

fn connect(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    socket.set_read_timeout(Some(PATIENCE)).expect("set a time limit");
    socket
}

/// A bare IMAP dialogue over TLS, logged in.
struct Imap(BufReader<Tls>);

impl Imap {
    fn login(servers: &MailServers, user: &str) -> Imap {
        let socket = connect(servers.dovecot.imaps_port);
        let mut imap = Imap(BufReader::new(tls(socket, &servers.pki).expect("a good certificate")));
        assert!(imap.line().starts_with("* OK"), "a greeting comes first");
        let reply = imap.command(&format!("LOGIN {user} {}", password(user)));
        assert!(reply.contains("a OK"), "login: {reply}");
        imap
    }

    /// One line; empty when the server closed.
    fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.0.read_line(&mut line);
        line
    }

    fn send(&mut self, text: &str) {
        write!(self.0.get_mut(), "{text}\r\n").expect("write to IMAP");
    }

    fn command(&mut self, text: &str) -> String {
        self.send(&format!("a {text}"));
        self.until("a ")
    }

    /// All lines up to the one that begins with `start`, or to the end of the connection.
    fn until(&mut self, start: &str) -> String {
        let mut all = String::new();
        loop {
            let line = self.line();
            all.push_str(&line);
            if line.is_empty() || line.starts_with(start) {
                return all;
            }
        }
    }
}

#[test]
fn submitted_mail_reaches_the_carrier_once() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    let reply = servers.submit_plain(HOLDER, CARRIER, &mail("one"));
    assert!(reply.starts_with("250"), "{reply}");
    let mails = servers.wait_for_mail(CARRIER, "INBOX", 1);
    assert_eq!(count(&mails, "one"), 1);
    assert!(String::from_utf8_lossy(&mails[0]).contains("\n.one dot\n"), "dots survive");
    assert!(servers.mailbox(HOLDER, "INBOX").is_empty());
}

#[test]
fn submission_ports_want_tls_and_the_right_password() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    // base64 of NUL user NUL password, made by hand: "\0holder@example.test\0pw-holder".
    let good = "AGhvbGRlckBleGFtcGxlLnRlc3QAcHctaG9sZGVy";
    let bad = "AGhvbGRlckBleGFtcGxlLnRlc3QAd3Jvbmc=";
    for port in [servers.postfix.tls_port, servers.postfix.starttls_port] {
        for (secret, expected) in [(good, "235"), (bad, "535")] {
            let mut socket = connect(port);
            if port == servers.postfix.starttls_port {
                read_reply(&mut socket);
                for (line, expected) in
                    [("EHLO test.example", "250"), ("MAIL FROM:<holder@example.test>", "530"), ("STARTTLS", "220")]
                {
                    write!(socket, "{line}\r\n").expect("write");
                    let reply = read_reply(&mut socket);
                    assert!(reply.starts_with(expected), "{line}: {reply}");
                }
            }
            let mut session = tls(socket, &servers.pki).expect("a good certificate");
            if port == servers.postfix.tls_port {
                read_reply(&mut session);
            }
            write!(session, "EHLO test.example\r\n").expect("write");
            read_reply(&mut session);
            write!(session, "AUTH PLAIN {secret}\r\n").expect("write");
            let reply = read_reply(&mut session);
            assert!(reply.starts_with(expected), "AUTH on {port}: {reply}");
        }
    }
}

#[test]
fn lmtp_delivery_is_seen_by_an_imap_client_over_tls() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    servers.deliver_lmtp(HOLDER, &mail("reply"));
    servers.put_in_folder(HOLDER, "Junk", &mail("junked"));
    let mut imap = Imap::login(&servers, HOLDER);
    let capabilities = imap.command("CAPABILITY");
    assert!(capabilities.contains(" IDLE"), "{capabilities}");
    let list = imap.command("LIST \"\" \"*\" RETURN (SPECIAL-USE)");
    assert!(list.contains("\\Junk") && list.contains("\\Sent"), "{list}");
    for (folder, subject) in [("INBOX", "reply"), ("Junk", "junked")] {
        imap.command(&format!("SELECT {folder}"));
        let fetched = imap.command("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
        assert!(fetched.contains(&format!("Subject: {subject}")), "{folder}: {fetched}");
    }
    assert!(servers.stored(HOLDER, "INBOX").iter().all(|mail| !mail.flags.contains('S')), "PEEK leaves no mark");
}

#[test]
fn idle_hears_of_new_mail_and_of_a_kick() {
    let servers = MailServers::start(&[HOLDER]);
    let mut imap = Imap::login(&servers, HOLDER);
    imap.command("SELECT INBOX");
    imap.send("a IDLE");
    imap.until("+ ");
    servers.deliver_lmtp(HOLDER, &mail("pushed"));
    assert!(imap.until("* 1 EXISTS").contains("EXISTS"));
    servers.kick(HOLDER);
    assert!(imap.until("* BYE").contains("* BYE"));
}

#[test]
fn options_take_idle_and_special_folders_away() {
    let options = Options { idle: false, special_folders: false, ..Options::default() };
    let servers = MailServers::start_with(&[HOLDER], &options);
    let mut imap = Imap::login(&servers, HOLDER);
    let capabilities = imap.command("CAPABILITY");
    assert!(capabilities.contains("IMAP4rev1") && !capabilities.contains("IDLE"), "{capabilities}");
    let list = imap.command("LIST \"\" \"*\"");
    assert!(!list.contains("Junk") && !list.contains("Sent"), "{list}");
}

#[test]
fn the_plain_imap_port_offers_starttls_and_takes_a_login_without() {
    let servers = MailServers::start(&[HOLDER]);
    let mut imap = BufReader::new(connect(servers.dovecot.imap_port));
    let mut line = String::new();
    imap.read_line(&mut line).expect("a greeting");
    assert!(line.starts_with("* OK") && line.contains("STARTTLS"), "{line}");
    write!(imap.get_mut(), "a STARTTLS\r\n").expect("write");
    line.clear();
    imap.read_line(&mut line).expect("an answer");
    assert!(line.starts_with("a OK"), "{line}");
    tls(imap.into_inner(), &servers.pki).expect("a good certificate");

    let mut imap = BufReader::new(connect(servers.dovecot.imap_port));
    write!(imap.get_mut(), "a LOGIN {HOLDER} {}\r\n", password(HOLDER)).expect("write");
    line.clear();
    while !line.starts_with("a ") {
        line.clear();
        assert!(imap.read_line(&mut line).expect("an answer") > 0, "the server hung up");
    }
    assert!(line.starts_with("a OK"), "{line}");
}

#[test]
fn two_pairs_run_beside_each_other() {
    let one = MailServers::start(&[HOLDER, CARRIER]);
    let two = MailServers::start(&[HOLDER, CARRIER]);
    one.submit_plain(HOLDER, CARRIER, &mail("to-one"));
    two.submit_plain(HOLDER, CARRIER, &mail("to-two"));
    assert_eq!(count(&one.wait_for_mail(CARRIER, "INBOX", 1), "to-one"), 1);
    assert_eq!(count(&two.wait_for_mail(CARRIER, "INBOX", 1), "to-two"), 1);
}

#[test]
fn nothing_is_left_behind() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    let _busy = Imap::login(&servers, HOLDER);
    assert!(servers.submit_plain(HOLDER, CARRIER, &mail("last")).starts_with("250"));
    servers.wait_for_mail(CARRIER, "INBOX", 1);
    let dir = servers.dir().to_owned();
    let masters = [servers.dovecot.pid(), servers.postfix.pid()].map(|pid| pid.expect("it runs"));
    let workers = living_in(&dir);
    assert!(workers.len() > 4, "workers are found by their folder: {workers:?}");
    drop(servers);
    let left: Vec<_> = masters.into_iter().chain(workers).filter(|pid| is_running(*pid)).collect();
    assert!(left.is_empty(), "still there: {left:?}");
    assert!(!dir.exists());
}

#[test]
fn stopped_servers_come_back_on_the_same_ports_with_their_mail() {
    let mut servers = MailServers::start(&[HOLDER, CARRIER]);
    servers.deliver_lmtp(HOLDER, &mail("before"));
    let mut idling = Imap::login(&servers, HOLDER);
    idling.command("SELECT INBOX");
    idling.send("a IDLE");
    idling.until("+ ");
    servers.stop_dovecot();
    idling.until("never");
    assert!(TcpStream::connect(("127.0.0.1", servers.dovecot.imaps_port)).is_err());
    // Postfix takes mail meanwhile and delivers it when Dovecot is back.
    wait_until(PATIENCE * 2, "Postfix to take a mail", || {
        servers.submit_plain(CARRIER, HOLDER, &mail("meanwhile")).starts_with("250").then_some(())
    });
    servers.start_dovecot();
    assert_eq!(count(&servers.wait_for_mail(HOLDER, "INBOX", 2), "meanwhile"), 1);
    servers.stop_postfix();
    assert!(TcpStream::connect(("127.0.0.1", servers.postfix.plain_port)).is_err());
    servers.start_postfix();
    assert!(servers.submit_plain(HOLDER, CARRIER, &mail("after")).starts_with("250"));
    servers.wait_for_mail(CARRIER, "INBOX", 1);
}

#[test]
fn uidvalidity_really_changes() {
    let servers = MailServers::start(&[HOLDER]);
    servers.deliver_lmtp(HOLDER, &mail("one"));
    servers.deliver_lmtp(HOLDER, &mail("two"));
    let seen = |servers: &MailServers| {
        let selected = Imap::login(servers, HOLDER).command("SELECT INBOX");
        let value = selected.split("UIDVALIDITY ").nth(1).and_then(|rest| rest.split(']').next()).map(str::to_owned);
        value.unwrap_or_else(|| panic!("no UIDVALIDITY in {selected}"))
    };
    let before = seen(&servers);
    let new = servers.reset_uidvalidity(HOLDER, "INBOX");
    let after = seen(&servers);
    assert_ne!(before, after);
    assert_eq!(after, new.to_string());
    assert_eq!(servers.mailbox(HOLDER, "INBOX").len(), 2, "the mails stay");
}

#[test]
fn no_mail_leaves_the_test_domain() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    for stranger in ["someone@elsewhere.example", "nobody@example.test"] {
        let reply = servers.submit_plain(HOLDER, stranger, &mail("out"));
        assert!(reply.starts_with("550"), "{stranger}: {reply}");
    }
}

#[test]
fn a_vanished_recipient_brings_a_real_bounce() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    assert!(servers.submit_plain(HOLDER, GONE, &mail("lost")).starts_with("250"));
    let bounce = String::from_utf8(servers.wait_for_mail(HOLDER, "INBOX", 1).remove(0)).expect("a bounce is ASCII");
    for part in ["report-type=delivery-status", "Action: failed", "Status: 5.1.1", "Message-ID: <lost@example.test>"] {
        assert!(bounce.contains(part), "{part} is missing in\n{bounce}");
    }
}

#[test]
fn a_recipient_is_refused_until_it_is_not() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    servers.postfix.refuse_recipient(CARRIER, Some("450 4.2.1 mailbox busy"));
    let reply = servers.submit_plain(HOLDER, CARRIER, &mail("early"));
    assert!(reply.starts_with("450"), "{reply}");
    servers.postfix.refuse_recipient(CARRIER, None);
    let reply = servers.submit_plain(HOLDER, CARRIER, &mail("late"));
    assert!(reply.starts_with("250"), "{reply}");
    servers.wait_for_mail(CARRIER, "INBOX", 1);
}

#[test]
fn wrong_certificates_are_seen_as_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let other_ca = Pki::create(folder.path());
    let servers = MailServers::start(&[HOLDER]);
    assert!(tls(connect(servers.dovecot.imaps_port), &servers.pki).is_ok());
    assert!(tls(connect(servers.dovecot.imaps_port), &other_ca).is_err(), "another CA");
    drop(servers);
    let misnamed = Pki::with_wrong_name(&folder.path().join("misnamed"));
    let servers = MailServers::start_with(&[HOLDER], &Options { pki: Some(misnamed), ..Options::default() });
    assert!(tls(connect(servers.dovecot.imaps_port), &servers.pki).is_err(), "another name");
}

#[test]
fn the_proxy_cuts_after_the_final_dot_with_the_mail_taken() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    let proxy = FaultProxy::before(servers.postfix.plain_port);
    proxy.set(Fault::CutAfter(b"\r\n.\r\n".to_vec()));
    assert_eq!(submit_plain(proxy.port, HOLDER, CARRIER, &mail("taken")), "", "no reply reaches the client");
    assert_eq!(proxy.fired(), 1);
    assert_eq!(count(&servers.wait_for_mail(CARRIER, "INBOX", 1), "taken"), 1);

    proxy.set(Fault::CutBefore(b"\r\n.\r\n".to_vec()));
    assert_eq!(submit_plain(proxy.port, HOLDER, CARRIER, &mail("not-taken")), "");
    assert!(submit_plain(proxy.port, HOLDER, CARRIER, &mail("third")).starts_with("250"), "the fault is over");
    let mails = servers.wait_for_mail(CARRIER, "INBOX", 2);
    assert_eq!((count(&mails, "not-taken"), count(&mails, "third")), (0, 1));
    assert_eq!((proxy.fired(), proxy.accepted()), (2, 3));
}

#[test]
fn the_proxy_delays_garbles_swallows_and_refuses() {
    let servers = MailServers::start(&[HOLDER]);
    let proxy = FaultProxy::before(servers.postfix.plain_port);
    let first_bytes = |wait: Duration| {
        let mut socket = connect(proxy.port);
        socket.set_read_timeout(Some(wait)).expect("set a time limit");
        let mut bytes = [0_u8; 4];
        socket.read_exact(&mut bytes).map(|()| bytes)
    };
    assert_eq!(first_bytes(PATIENCE).expect("a greeting"), *b"220 ");
    let began = Instant::now();
    proxy.set(Fault::Delay(Duration::from_millis(200)));
    assert_eq!(first_bytes(PATIENCE).expect("a late greeting"), *b"220 ");
    assert!(began.elapsed() >= Duration::from_millis(200));
    proxy.set(Fault::Garble);
    assert_ne!(first_bytes(PATIENCE).expect("a garbled greeting"), *b"220 ");
    proxy.set(Fault::BlackHole);
    assert!(first_bytes(Duration::from_millis(300)).is_err());
    proxy.set(Fault::Refuse);
    assert!(first_bytes(PATIENCE).is_err());
    proxy.set(Fault::None);
    let mut open = connect(proxy.port);
    read_reply(&mut open);
    proxy.cut_all();
    assert_eq!(read_reply(&mut open), "");
}

#[test]
fn the_carrier_answers_in_the_thread() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    assert!(servers.submit_plain(HOLDER, CARRIER, &mail("request")).starts_with("250"));
    let carrier = Carrier::at(&servers);
    let request = carrier.wait_for(1);
    assert_eq!(request.message_id(), "<request@example.test>");
    assert_eq!(request.reply_to(), HOLDER);
    carrier.answer(&request, &Answer::saying("Hvala, linija je raskinuta."));
    carrier.answer_in_folder(&request, &Answer::forged("Done!"), HOLDER, "Junk");
    let reply = String::from_utf8(servers.wait_for_mail(HOLDER, "INBOX", 1).remove(0)).expect("UTF-8");
    for part in ["In-Reply-To: <request@example.test>", "dmarc=pass", "Subject: Re: request", "raskinuta."] {
        assert!(reply.contains(part), "{part} is missing in\n{reply}");
    }
    assert_eq!(servers.mailbox(HOLDER, "Junk").len(), 1);
    assert_eq!(carrier.received().len(), 1);
}

#[test]
#[should_panic(expected = "in vain for: a thing that never comes")]
fn waiting_ends_and_says_for_what() {
    wait_until(Duration::from_millis(40), "a thing that never comes", || None::<()>);
}
