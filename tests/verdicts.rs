//! Whole mails with several Authentication-Results fields, genuine and forged, and mails that want an identity document.

use crate::replies::{explain, mail};

const OURS: &str = "Authentication-Results: mx.odjava.example;";
const TAKEN: &str = "Received: from out.dunavtel.example (out.dunavtel.example [192.0.2.7]) by mx.odjava.example with ESMTPS id 1;\
                     \r\n Thu, 12 Nov 2026 10:00:05 +0100\r\n";
const DELIVERED: &str =
    "Received: from mx.odjava.example by store.odjava.example with LMTP id 2; Thu, 12 Nov 2026 10:00:06 +0100\r\n";

/// The verdict on a confirmation with these fields on top.
fn check(fields: &[&str], expected: &str) {
    let text = String::from_utf8(mail("Your contract has been terminated.")).expect("text");
    let rest = text.split_once("\r\nFrom:").expect("a From field").1;
    let raw = format!("{}From:{rest}", fields.concat());
    let e = explain(raw.as_bytes());
    assert_eq!(e.authentic, expected, "{}", fields.concat());
    assert_eq!(e.would_do, if expected == "yes" { "done" } else { "review" }, "{}", fields.concat());
}

fn ours(verdict: &str) -> String {
    format!("{OURS} {verdict}\r\n")
}

#[test]
fn verdicts_of_several_filters_of_ours_are_read_together() {
    let spf = ours("spf=pass smtp.mailfrom=dunavtel.example");
    let pass = ours("dmarc=pass header.from=dunavtel.example");
    let fail = ours("dmarc=fail header.from=dunavtel.example");
    check(&[&spf, &pass, TAKEN], "yes");
    check(&[DELIVERED, &spf, &pass, TAKEN], "yes");
    check(&[&spf, "Received-SPF: pass\r\n", &pass, TAKEN], "yes");
    // One that fails outweighs the others.
    check(&[&pass, &fail, TAKEN], "no");
    check(&[&fail, &pass, TAKEN], "no");
}

#[test]
fn a_verdict_that_a_stranger_may_have_written_is_not_read() {
    let none = ours("none");
    let spf = ours("spf=fail smtp.mailfrom=evil.example");
    let forged = ours("dmarc=pass header.from=dunavtel.example");
    let foreign = "Authentication-Results: mx.other.example; spf=pass\r\n";
    let forged_reception = "Received: from a by mx.odjava.example with ESMTP id 9; Thu, 12 Nov 2026 09:00:00 +0100\r\n";
    let forged_delivery = "Received: from a by mx.odjava.example with LMTP id 9; Thu, 12 Nov 2026 09:00:00 +0100\r\n";
    // Below the field of reception.
    check(&[&spf, TAKEN, &forged], "unknown");
    check(&[DELIVERED, &spf, TAKEN, &forged], "unknown");
    check(&[&none, TAKEN, forged_delivery, &forged], "unknown");
    // Our filter wrote below that field: nothing tells its next one from a forged one, whatever else is forged.
    check(&[TAKEN, &spf, &forged], "unknown");
    check(&[TAKEN, &spf, &forged, forged_reception], "unknown");
    check(&[TAKEN, &none, forged_delivery, &forged, forged_reception], "unknown");
    check(&[DELIVERED, TAKEN, &none, &forged, forged_reception], "unknown");
    // No field of reception at all: nothing says where the sender's header begins.
    check(&[&none, &forged], "unknown");
    // Behind a field of another host.
    check(&[&none, foreign, &forged, TAKEN], "unknown");
}

#[test]
fn a_wanted_identity_document_is_known() {
    let wanted = [
        "Dear Li Wei,\r\n\r\nregarding ticket DT-58214:\r\nplease send us a copy of your passport, so that we can go on.",
        "Please send a copy of your passport.",
        "We still need a scan of your ID card.",
        "Molimo Vas da nam pošaljete kopiju lične karte.",
        "Saljite kopiju pasosa pa nastavljamo.",
        "Потребна је копија пасоша.",
        "Dostavite očitanu ličnu kartu.",
        "Bitte senden Sie uns eine Ausweiskopie.",
        "Wir brauchen noch eine Kopie Ihres Reisepasses.",
        "Merci de nous envoyer une copie de votre passeport.",
        "Envíenos una copia de su DNI.",
        "Ci mandi copia del passaporto.",
        "Пришлите скан паспорта.",
        "请您发送护照复印件。",
    ];
    for text in wanted {
        let e = explain(&mail(text));
        assert_eq!(e.would_do, "needs_you:id_document", "{text} {:?}", e.evidence);
    }
    for text in [
        "Please send us your customer number.",
        "Please quote your ticket ID.",
        "We received the copy of your passport.",
    ] {
        assert_ne!(explain(&mail(text)).would_do, "needs_you:id_document", "{text}");
    }
}
