//! The passport on real servers: asked for by a reply, prepared, approved, enclosed, received and opened at the other
//! end, deleted on the day.

use crate::documents::{PASSPORT, holds};
use crate::support::carrier::{Answer, Carrier, Request};
use crate::support::home::{AccountLines, Home};
use crate::support::servers::{CARRIER, HOLDER, MailServers};
use crate::support::{PATIENCE, wait_until};
use mail_parser::{MessageParser, MimeHeaders};
use std::os::unix::fs::PermissionsExt;

const ASKED: &str = "Poštovani, molimo Vas da nam pošaljete kopiju pasoša ili lične karte.";
const CONFIRMED: &str = "Poštovani, ugovor za broj 060 123 45 67 je raskinut 10.11.2026. i broj je isključen.";

/// The one document of a mail, as the carrier's mail program takes it out: name, media type and bytes.
fn enclosed(mail: &Request) -> Vec<(String, String, Vec<u8>)> {
    let message = MessageParser::default().parse(&mail.raw).unwrap();
    let parts = message.attachments().map(|part| {
        let kind = part.content_type().map(|c| format!("{}/{}", c.ctype(), c.subtype().unwrap_or_default()));
        (part.attachment_name().unwrap_or_default().to_owned(), kind.unwrap_or_default(), part.contents().to_vec())
    });
    parts.collect()
}

/// All that lies in the holder's folder: the store with what SQLite keeps beside it, and the log.
fn lying_about(home: &Home) -> Vec<u8> {
    let files = std::fs::read_dir(home.dir()).unwrap().filter_map(|e| e.ok()).filter(|e| e.path().is_file());
    files.filter(|e| !e.path().ends_with("passport.png")).flat_map(|e| std::fs::read(e.path()).unwrap()).collect()
}

#[test]
fn a_passport_is_asked_for_sent_opened_and_forgotten() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    let home = Home::new(&servers, &[AccountLines::tls("home", HOLDER, &servers)], "[documents]\nkeep = \"4s\"\n");
    let carrier = Carrier::at(&servers);
    std::fs::write(home.dir().join("passport.png"), PASSPORT).unwrap();
    let _daemon = home.daemon();
    let case = home.approved("home", "+381601234567", &[CARRIER]);
    let request = carrier.wait_for(1);
    assert_eq!(enclosed(&request), []);
    home.wait_for(&case, "awaiting_reply");

    carrier.answer(&request, &Answer::saying(ASKED));
    home.wait_for(&case, "needs_you:id_document");
    home.ok(&["answer", &case, "--attach", "passport.png"]);
    assert_eq!(home.state(&case), "drafted");
    let looked_at = tempfile::tempdir().unwrap();
    home.ok(&["draft", &case, "--save-attachments", looked_at.path().to_str().unwrap()]);
    let copy = std::fs::read(looked_at.path().join("passport.jpg")).unwrap();
    home.ok(&["approve", &case]);

    let answer = carrier.wait_for(2);
    assert!(answer.header("References").contains(&request.message_id()), "one thread");
    let received = enclosed(&answer);
    assert_eq!(received.len(), 1);
    let (name, kind, bytes) = &received[0];
    assert_eq!((name.as_str(), kind.as_str()), ("passport.jpg", "image/jpeg"));
    assert!(*bytes == copy, "what arrives is what was looked at");
    let mut opened = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(bytes));
    let pixels = opened.decode().unwrap();
    assert_eq!((opened.dimensions(), pixels.len()), (Some((1_400, 919)), 3 * 1_400 * 919));
    assert!(opened.exif().is_none());

    let modes = |home: &Home| {
        for entry in std::fs::read_dir(home.dir()).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with("odjava.db") {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{:?}", entry.file_name());
            }
        }
    };
    modes(&home);
    let base64_line = answer.raw.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end).filter(|l| l.len() == 76).nth(40);
    let (middle, base64_line) = (&bytes[3_000..3_060], base64_line.unwrap());
    assert!(holds(&lying_about(&home), middle) && holds(&lying_about(&home), base64_line));

    home.wait_for(&case, "awaiting_reply");
    carrier.answer(&answer, &Answer::saying(CONFIRMED));
    home.wait_for(&case, "done");
    let told = wait_until(PATIENCE, "the copies to be deleted", || {
        let shown = home.show(&case);
        shown["timeline"]
            .as_array()?
            .iter()
            .find(|s| s["text"].as_str().unwrap().contains("copies of documents"))
            .cloned()
    });
    assert!(told["text"].as_str().unwrap().contains("deleted"), "{told}");
    wait_until(PATIENCE, "the last trace to go", || {
        let all = lying_about(&home);
        (!holds(&all, middle) && !holds(&all, base64_line)).then_some(())
    });
    modes(&home);
    // The mail itself stays as evidence, in the store and at both ends.
    let shown = home.show(&case);
    assert_eq!(shown["state"], "done");
    assert_eq!(shown["messages"].as_array().unwrap().iter().filter(|m| m["direction"] == "out").count(), 2);
    assert_eq!(servers.mailbox(HOLDER, "Sent").len(), 2);
}

#[test]
fn a_passport_given_at_the_beginning_is_sent_by_one_approval_when_asked_for() {
    let servers = MailServers::start(&[HOLDER, CARRIER]);
    let home = Home::new(&servers, &[AccountLines::tls("home", HOLDER, &servers)], "");
    let carrier = Carrier::at(&servers);
    std::fs::write(home.dir().join("passport.png"), PASSPORT).unwrap();
    let _daemon = home.daemon();
    let new = ["new", "--carrier", "mts-rs", "--msisdn", "+381601234567", "--customer-number", "12345/1"];
    let given = ["--contract-date", "2024-05-01", "--to", CARRIER, "--attach", "passport.png"];
    let case = home.json(&[new.as_slice(), &given].concat())["reference"].as_str().unwrap().to_owned();
    home.ok(&["approve", &case]);
    let request = carrier.wait_for(1);
    assert_eq!(enclosed(&request), []);
    home.wait_for(&case, "awaiting_reply");
    carrier.answer(&request, &Answer::saying(ASKED));
    home.wait_for(&case, "needs_you:id_document");
    let draft = home.json(&["draft", &case]);
    assert_eq!(draft["draft"]["attachments"][0]["file_name"], "passport.jpg");
    home.ok(&["approve", &case]);
    let received = enclosed(&carrier.wait_for(2));
    assert_eq!(received.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["passport.jpg"]);
}
