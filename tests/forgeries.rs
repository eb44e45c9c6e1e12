//! Forged and genuine verdicts of servers, and forged authors.

use crate::authenticity::{check, judged, mail, records};

#[test]
fn forged_verdicts_are_not_believed() {
    let ours = "Received: from out.example by mx.odjava.example with ESMTPS id 1; Thu, 12 Nov 2026 10:00:05 +0100\r\n";
    let store =
        "Received: from mx.odjava.example by store.odjava.example with LMTP id 2; Thu, 12 Nov 2026 10:00:06 +0100\r\n";
    let relay = "Received: from a by relay.evil.example with ESMTP id 3; Thu, 12 Nov 2026 09:00:00 +0100\r\n";
    let hop = "Received: by 2002:a05:6402:6347:b0 with SMTP id 6; Thu, 12 Nov 2026 10:00:07 +0100\r\n";
    let said = |text: &str| format!("Authentication-Results:{text}\r\n");
    let filter = "Received: from mx.odjava.example ([127.0.0.1]) by localhost (mx.odjava.example [127.0.0.1]) (amavisd-new, \
                  port 10024) with ESMTP id 4; Thu, 12 Nov 2026 10:00:06 +0100\r\n";
    let real = said(" mx.odjava.example; dmarc=pass header.from=dunavtel.example");
    // Where our server writes, above or below its Received field, it is believed.
    for top in [
        vec![&*real],
        vec![&*real, ours],
        vec![ours, &*real],
        vec![store, &*real, ours],
        vec![store, filter, &*real, ours],
        vec![store, filter, ours, &*real],
        vec![store, ours, &*real],
        vec![hop, &*real, ours],
        vec![ours, &*real, relay],
        vec![&*real, relay],
    ] {
        check(&top.concat(), &mail(&top.concat()), "yes");
    }
    // Below the field of another host that stands below ours, a stranger wrote it.
    for top in [
        vec![ours, relay, &*real],
        vec![store, ours, relay, &*real],
        vec![ours, hop, &*real],
        vec![ours, relay, relay, &*real],
    ] {
        check(&top.concat(), &mail(&top.concat()), "unknown");
    }
    let pass = "dmarc=pass header.from=dunavtel.example";
    for (text, expected) in [
        (" mx.odjava.example; dmarc=pass header.from=dunavtel.example", "yes"),
        (" MX.Odjava.Example 1; DMARC=PASS Header.From=DunavTel.example", "yes"),
        ("\r\n mx.odjava.example;\r\n\tdmarc=pass\r\n header.from=dunavtel.example", "yes"),
        (" mx.odjava.example (a; comment); dmarc=pass (p=none) header.from=\"dunavtel.example\"", "yes"),
        (" mx.odjava.example; dmarc=pass policy.dmarc=none header.from=dunavtel.example.", "yes"),
        (" mx.odjava.example; dkim=pass header.d=mail.dunavtel.example", "yes"),
        (" mx.odjava.example; dkim=pass header.i=@dunavtel.example", "yes"),
        (" mx.odjava.example; dkim=fail header.d=dunavtel.example; dkim=pass header.d=dunavtel.example", "yes"),
        (" mx.odjava.example.evil.test; PASS", "unknown"),
        (" evil.mx.odjava.example; PASS", "unknown"),
        (" mx-odjava.example; PASS", "unknown"),
        (" mx.odjava.example.; PASS", "unknown"),
        (" mx.odjava.exаmple; PASS", "unknown"),
        (" mx.odjava.example\u{a0}; PASS", "unknown"),
        (" mx.odjava.example\u{200b}; PASS", "unknown"),
        (" mx.odjava.example 2; PASS", "unknown"),
        (" mx.odjava.example evil.test; PASS", "unknown"),
        (" evil.test mx.odjava.example; PASS", "unknown"),
        (" evil.test; mx.odjava.example; PASS", "unknown"),
        (" (mx.odjava.example;) evil.test; PASS", "unknown"),
        (" \"mx.odjava.example\"evil; PASS", "unknown"),
        (" \"mx.odjava.example; \"; PASS", "unknown"),
        (" mx.odjava.example, evil.test; PASS", "unknown"),
        (" mx.odjava.example@evil.test; PASS", "unknown"),
        (" xn--mx-odjava.example; PASS", "unknown"),
        (" ; PASS", "unknown"),
        (" PASS", "unknown"),
        (" =?utf-8?q?mx.odjava.example?=; PASS", "unknown"),
        (" mx.odjava.example; (PASS)", "unknown"),
        (" mx.odjava.example; spf=pass (dmarc=pass header.from=dunavtel.example)", "unknown"),
        (" mx.odjava.example; spf=fail reason=\"dmarc=pass\"", "unknown"),
        (" mx.odjava.example; spf=pass reason=\"; PASS\"", "unknown"),
        (" mx.odjava.example; spf=pass smtp.mailfrom=\"x; PASS\"@evil.test", "unknown"),
        (" mx.odjava.example; x-dmarc=pass header.from=dunavtel.example", "unknown"),
        (" mx.odjava.example; dmarc-pass=pass", "unknown"),
        (" mx.odjava.example; dmarc=bestguesspass header.from=dunavtel.example", "unknown"),
        (" mx.odjava.example; dmarc=passed header.from=dunavtel.example", "unknown"),
        (" mx.odjava.example; dmarc=none; dmarc = \"\"", "unknown"),
        (" mx.odjava.example; dmarc=fail header.from=dunavtel.example; PASS", "no"),
        (" mx.odjava.example; PASS; dmarc=fail header.from=dunavtel.example", "no"),
        (" mx.odjava.example; dmarc=pass header.from=evil.test", "no"),
        (" mx.odjava.example; dmarc=pass header.from=dunavtel.example.evil.test", "no"),
        (" mx.odjava.example; dmarc=pass header.from=evil.test header.from=dunavtel.example", "no"),
        (" mx.odjava.example; dmarc=pass header.from=dunavtel.example@evil.test", "no"),
        (" mx.odjava.example; dkim=pass header.d=evil.test", "unknown"),
        (" mx.odjava.example; dkim=pass header.d=evil.test header.i=@dunavtel.example", "unknown"),
        (" mx.odjava.example; dkim=pass header.i=dunavtel.example@evil.test", "unknown"),
        (" mx.odjava.example; dkim=pass header.d=example", "unknown"),
        (" mx.odjava.example; dkim=fail header.d=dunavtel.example; spf=pass smtp.mailfrom=dunavtel.example", "no"),
        (" mx.odjava.example; spf=pass smtp.mailfrom=dunavtel.example", "unknown"),
        (" mx.odjava.example; none", "unknown"),
    ] {
        let field = said(&text.replace("PASS", if text.contains("DMARC=PASS") { "PASS" } else { pass }));
        check(text, &mail(&format!("{ours}{field}")), expected);
    }
}

#[test]
fn a_forged_author_is_contradicted_whoever_passed() {
    let pass = |from: &str| {
        let raw = mail(&format!("Authentication-Results: mx.odjava.example; dmarc=pass header.from={from}\r\n"));
        move |author: &str| raw.replace("From: Info <info@dunavtel.example>", &format!("From: {author}"))
    };
    for author in [
        "info@dunavtei.example",
        "info@dunavtel.example.evil.test",
        "info@dunavtel-help.example",
        "info@dunavt\u{435}l.example",
        "\"info@dunavtel.example\" <x@evil.test>",
        "=?utf-8?q?info=40dunavtel=2Eexample?= <x@evil.test>",
        "=?utf-8?b?PGluZm9AZHVuYXZ0ZWwuZXhhbXBsZT4=?= <x@evil.test>",
        "info@dunavtel.example <x@evil.test>",
        "<info@dunavtel.example> <x@evil.test>",
        "x@evil.test, info@dunavtel.example",
        "info@dunavtel.example, x@evil.test",
        "info@dunavtel.example\r\nFrom: x@evil.test",
        "Dunavtel: info@dunavtel.example, x@evil.test;",
        "x@evil.test (info@dunavtel.example)",
        "dunavtel@freemail.example",
        "Dunavtel <info>",
        "",
    ] {
        for domain in ["dunavtel.example", "evil.test", "freemail.example"] {
            let (e, _) = judged(&pass(domain)(author), &records());
            assert_eq!(e.authentic, "no", "{author:?} {domain}: {}", e.authentic_reason);
        }
    }
    for author in ["\"evil@evil.test\" <info@dunavtel.example>", "info@DUNAVTEL.example (evil@evil.test)"] {
        let (e, _) = judged(&pass("dunavtel.example")(author), &records());
        assert_eq!(e.authentic, "yes", "{author:?}: {}", e.authentic_reason);
    }
}
