//! The reader against labelled mail and against sentences made to mislead it.

use odjava::config::lexicon;
use odjava::domain::Timestamp;
use odjava::domain::reply::lexicon::{Guard, LanguageSource, Lexicon, guards};
use odjava::domain::reply::normalize::tokenise;
use odjava::explain::{Context, Explanation, FileDirectory, explain_bytes};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies")
}

static CONTEXT: LazyLock<Context<FileDirectory>> = LazyLock::new(|| {
    let (directory, trust) = FileDirectory::load(&corpus().join("cases.toml")).expect("the cases load");
    let now: Timestamp = "2026-11-23T12:00:00Z".parse().expect("an instant");
    Context { directory, trust, lexicon: lexicon::built_in().expect("the lexicon compiles"), now }
});

pub fn explain(raw: &[u8]) -> Explanation {
    explain_bytes("mail", raw, false, &CONTEXT).expect("a file directory always answers")
}

struct Label {
    file: String,
    kind: String,
    effective_date: String,
    authentic: String,
    bounce_class: String,
    case_hint: String,
}

fn labelled() -> Vec<(Label, Explanation)> {
    let table = std::fs::read_to_string(corpus().join("labels.tsv")).expect("labels");
    let rows = table.lines().skip(1).map(|line| {
        let c: Vec<&str> = line.split('\t').collect();
        let label = Label {
            file: c[0].into(),
            kind: c[1].into(),
            effective_date: c[3].into(),
            authentic: c[4].into(),
            bounce_class: c[6].into(),
            case_hint: c[7].into(),
        };
        let raw = std::fs::read(corpus().join(c[0])).expect("a labelled file");
        let explanation = explain(&raw);
        (label, explanation)
    });
    rows.collect()
}

#[test]
fn labelled_replies_are_read_and_none_is_falsely_confirmed() {
    let all = labelled();
    assert!(all.len() >= 80);
    let mut right = 0;
    let (mut confirmed, mut found, mut unclear) = (0, 0, 0);
    for (label, e) in &all {
        let kind = e.kind.name();
        right += usize::from(kind == label.kind);
        unclear += usize::from(kind == "unclear");
        if kind != label.kind {
            println!("{} {} read as {kind}: {:?}", label.file, label.kind, e.evidence);
        }
        assert!(
            kind != "confirmed" || label.kind == "confirmed",
            "{} is falsely confirmed: {:?}",
            label.file,
            e.evidence
        );
        let expected = if label.authentic == "na" { "unknown" } else { label.authentic.as_str() };
        assert_eq!(e.authentic, expected, "{}: {}", label.file, e.authentic_reason);
        if kind == "confirmed" {
            let date = e.effective_date.map_or_else(|| "-".to_owned(), |d| d.to_string());
            assert_eq!(date, label.effective_date, "{}", label.file);
        }
        if label.kind == "confirmed" && label.authentic == "yes" {
            confirmed += 1;
            found += usize::from(kind == "confirmed");
            assert!(
                kind != "confirmed" || matches!(e.would_do.as_str(), "done" | "confirmed") || e.matched.case.is_none()
            );
        }
        if label.authentic == "no" {
            assert_eq!(e.would_do, "review", "{} is a spoof", label.file);
        }
        if label.kind == "bounce" {
            let class = e.bounce.as_ref().map(|b| format!("{:?}", b.class).to_lowercase());
            assert_eq!(class.as_deref(), Some(label.bounce_class.as_str()), "{}", label.file);
            assert!(e.bounce.as_ref().is_some_and(|b| b.recipient.is_some()), "{}", label.file);
        }
        let by = match label.case_hint.as_str() {
            "thread" => "thread",
            "msisdn" => "line",
            _ => continue,
        };
        assert_eq!(e.matched.by, by, "{}", label.file);
    }
    println!("kinds right {right} of {}, confirmed {found} of {confirmed}, unclear {unclear}", all.len());
    assert!(found * 10 >= confirmed * 8, "{found} of {confirmed} true confirmations found");
    assert!(right * 100 >= all.len() * 95, "{right} of {} kinds right", all.len());
}

#[test]
fn each_lexicon_example_meets_its_rule_and_no_counter_example_does() {
    use odjava::domain::reply::normalize::tokenise;
    let lexicon = &CONTEXT.lexicon;
    let today = "2026-11-10".parse().expect("a day");
    let mut missed = Vec::new();
    for source in lexicon::sources().expect("the files parse") {
        let language = lexicon.languages.iter().find(|l| l.tag == source.language).expect("compiled");
        for rule in &source.rule {
            let name = format!("{}.{}.{}", source.language, rule.kind.name(), rule.id);
            let meets = |sentence: &str| {
                let text = tokenise(sentence, &lexicon.days, today, &|w| language.breaks_clause(w));
                let marked = lexicon.mark(&text);
                language.look(&marked).hits().iter().any(|(n, _)| language.rules[*n].name == name)
            };
            if !meets(&rule.example) {
                missed.push(format!("{name} is not met by {}", rule.example));
            }
            let wrong = rule.counter_examples.iter().filter(|s| meets(s));
            missed.extend(wrong.map(|s| format!("{name} is met by its counter example {s}")));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A mail of the carrier in the thread of case 7Q2M, proven by our server.
pub fn mail(body: &str) -> Vec<u8> {
    mail_with(body, "Subject: Re: 7 dana\r\nContent-Type: text/plain; charset=utf-8\r\n")
}

pub fn mail_with(body: &str, headers: &str) -> Vec<u8> {
    format!(
        "Return-Path: <a@dunavtel.example>\r\nAuthentication-Results: mx.odjava.example; dmarc=pass header.from=dunavtel.example\r\n\
         From: Info <info@dunavtel.example>\r\nTo: marko.petrovic@odjava.example\r\nDate: Thu, 12 Nov 2026 10:00:00 +0100\r\n\
         Message-ID: <x.1@dunavtel.example>\r\nIn-Reply-To: <case-7Q2M.1@odjava.example>\r\nMIME-Version: 1.0\r\n{headers}\r\n{body}\r\n"
    )
    .into_bytes()
}

/// Sentences that must not be taken for a confirmation, whatever else they are taken for.
const NO_CONFIRMATION: &[&str] = &[
    // English
    "We confirm receipt of your request to cancel your line.",
    "Your cancellation request has been registered under number 88213.",
    "Once you return the router, your contract will be terminated.",
    "If we do not hear from you, your number will be deactivated on 30 November 2026.",
    "Has your contract been cancelled by another operator?",
    "Your subscription has not been cancelled.",
    "Your termination request has been cancelled at your own wish.",
    "Please confirm that your contract has been terminated by the other provider.",
    "You asked us to confirm that your subscription has been terminated.",
    "Your line has been suspended as you requested.",
    "Your roaming package has been cancelled as of 12 November 2026.",
    "The ticket about your line has been closed.",
    "We will terminate your subscription shortly.",
    "Your contract should be terminated by the end of the week.",
    "The appointment for your number has been cancelled.",
    "Unfortunately we were unable to close your account.",
    "Your account will be closed after the outstanding balance is settled.",
    "Nothing has been cancelled on your line yet.",
    "We have cancelled your direct debit, the contract itself runs on.",
    "The order for the new SIM has been cancelled.",
    "Your old number was terminated in 2019, the current one remains active.",
    "Would you like your subscription to be terminated on 30 November 2026?",
    "To have your line deactivated, please call 1234.",
    "Your subscription is being cancelled.",
    "As soon as the subscription has been terminated we will write to you.",
    "We can only confirm the termination after we have checked your identity.",
    "No contract has been terminated under your name.",
    "Your cancellation has been received and your line is in the queue to be switched off.",
    "Your line is expected to be disconnected on 20 November 2026.",
    "The number 064 999 8877 has been disconnected and the contract is closed.",
    "The line ending in 4321 has been disconnected.",
    "The termination of your contract was reversed on 10 November 2026.",
    "Your mobile subscription has been renewed.",
    "We regret that you want your contract terminated.",
    "Your contract can be terminated on 31 March 2027 at the earliest.",
    // Serbian, three spellings
    "Potvrđujemo da je vaš zahtev za raskid ugovora primljen.",
    "Potvrdjujemo prijem zahteva za raskid ugovora.",
    "Потврђујемо пријем захтева за раскид уговора.",
    "Vaš ugovor još uvek nije raskinut.",
    "Vas broj jos nije ugasen.",
    "Ваш број још није угашен.",
    "Broj će biti ugašen čim vratite uređaj.",
    "Број ће бити угашен када измирите дуг.",
    "Ugovor ce biti raskinut u narednih 30 dana.",
    "Da li je vaš ugovor raskinut?",
    "Da li zelite da broj bude ugasen 30.11.2026.?",
    "Ako ne vratite karticu, ugovor neće biti raskinut.",
    "Zahtev za raskid je poništen, ugovor ostaje na snazi.",
    "Захтев за раскид је сторниран.",
    "Tiket broj 5150 je zatvoren.",
    "Linija je suspendovana na vaš zahtev.",
    "Vaša linija je privremeno isključena.",
    "Roming paket je deaktiviran od 12.11.2026.",
    "Dodatni paket na vašem broju je ugašen.",
    "Broj 065/888-7766 je ugašen 10.11.2026.",
    "Молимо да нам потврдите да је уговор раскинут.",
    "Nismo raskinuli ugovor i ugasili broj.",
    "Raskid ugovora biće sproveden nakon uplate.",
    "Ugovor verovatno ističe 30.11.2026.",
    "Ne možemo da potvrdimo da je broj ugašen.",
    "Kada ugovor bude raskinut, dobićete potvrdu.",
    "Trajni nalog za vaš ugovor je ukinut.",
    "Broj bi trebalo da je ugašen.",
    "The fee for your line has been cancelled.",
    "We have cancelled the charge on your line.",
    "Kamata na vaš broj je ukinuta.",
    "Wir haben die Gebühr für Ihren Anschluss gelöscht.",
    "La factura de su línea ha sido cancelada.",
    "La pénalité sur votre ligne a été annulée.",
    // others
    "Wir bestätigen den Eingang Ihrer Kündigung zum 31.12.2026.",
    "Ihr Vertrag ist noch nicht gekündigt.",
    "Sobald Sie zahlen, wird Ihr Vertrag beendet.",
    "Ihre Kündigung wurde storniert.",
    "Möchten Sie, dass Ihr Anschluss am 30.11.2026 abgeschaltet wird?",
    "Ihre Roaming-Option wurde am 12.11.2026 deaktiviert.",
    "Votre demande de résiliation a bien été enregistrée.",
    "Votre ligne sera fermée dès que la facture sera payée.",
    "Votre contrat n'a pas été résilié.",
    "Su solicitud de baja ha sido cancelada.",
    "Su línea no ha sido cancelada.",
    "Si paga la deuda, su contrato será cancelado el 30 de noviembre de 2026.",
    "La sua richiesta di recesso è stata annullata.",
    "La linea non è stata ancora disattivata.",
    "Ваш договор ещё не расторгнут.",
    "Заявка на расторжение договора закрыта.",
    "您的销户申请已收到。",
    "您的号码尚未注销。",
    "您的号码已停机。",
    "结清欠费后号码将于2026年11月30日注销。",
    "您的漫游包已取消。",
    "是否需要注销您的号码？",
    "Ugovor još nije raskinut, čekamo potvrdu voditelja.",
];

#[test]
fn sentences_made_to_mislead_are_not_confirmations() {
    let taken: Vec<String> = NO_CONFIRMATION
        .iter()
        .map(|s| (s, explain(&mail(s))))
        .filter(|(_, e)| e.kind.name() == "confirmed")
        .map(|(s, e)| format!("{s}\n    {:?}", e.evidence))
        .collect();
    assert!(NO_CONFIRMATION.len() >= 60);
    assert!(taken.is_empty(), "{} taken for confirmations:\n{}", taken.len(), taken.join("\n"));
}

/// Confirmations, with the day they state.
const CONFIRMATION: &[(&str, &str)] = &[
    ("Your contract was terminated on 10 November 2026.", "2026-11-10"),
    ("We have deactivated your number today, as requested.", "2026-11-12"),
    ("Your eSIM has been deleted and the account is closed.", "-"),
    ("As per your request, your line 060 123 45 67 was disconnected on November 11, 2026.", "2026-11-11"),
    ("This is to confirm the termination of your contract effective 30 November 2026.", "2026-11-30"),
    ("Your cancellation is complete. No further charges will apply.", "-"),
    ("Your subscription will end on 31 December 2026 and will not be renewed.", "2026-12-31"),
    ("Hello,\n\nyour number has now been disconnected.\n\nKind regards\nAna", "-"),
    ("We cancelled your plan on 11/11/2026. If you have any questions, call 0800 123 456.", "2026-11-11"),
    ("You are no longer a customer of ours since 9 November 2026.", "2026-11-09"),
    ("Your number was ported out on 9 November 2026.", "2026-11-09"),
    ("Thank you for your message. Your subscription was cancelled yesterday.", "2026-11-11"),
    ("Your line will be switched off on 30 November 2026.", "2026-11-30"),
    ("Vaš ugovor je raskinut 10.11.2026. godine.", "2026-11-10"),
    ("Vas ugovor je raskinut 10.11.2026.", "2026-11-10"),
    ("Ваш уговор је раскинут 10.11.2026.", "2026-11-10"),
    ("Obaveštavamo Vas da je broj 060/123-45-67 isključen iz mreže.", "-"),
    ("Ugasili smo vašu eSIM karticu, hvala na saradnji.", "-"),
    ("Na vaš zahtev, broj je deaktiviran danas.", "2026-11-12"),
    ("Po vašem zahtevu ugovor je raskinut sa danom 11.11.2026.", "2026-11-11"),
    ("Линија је искључена, уговор више не важи.", "-"),
    ("Ovim putem potvrđujemo raskid ugovora sa danom 30.11.2026.", "2026-11-30"),
    ("Pretplata prestaje 30. novembra 2026.", "2026-11-30"),
    ("Raskid je uspešno realizovan.", "-"),
    ("Broj će biti isključen 30.11.2026.", "2026-11-30"),
    ("Poštovani, vaša pretplata je ukinuta. Nemate više obaveza prema nama.", "-"),
    ("Ihr Vertrag endet am 31.12.2026.", "2026-12-31"),
    ("Hiermit bestätigen wir Ihre Kündigung zum 30. November 2026.", "2026-11-30"),
    ("Ihr Anschluss wurde heute abgeschaltet.", "2026-11-12"),
    ("Votre contrat a été résilié le 10 novembre 2026.", "2026-11-10"),
    ("Votre ligne est désormais fermée.", "-"),
    ("Su contrato ha sido cancelado con fecha 10 de noviembre de 2026.", "2026-11-10"),
    ("Il suo contratto è stato chiuso il 10 novembre 2026.", "2026-11-10"),
    ("Ваш номер отключен 10 ноября 2026 года.", "2026-11-10"),
    ("您的号码已于2026年11月10日注销。", "2026-11-10"),
    ("您的合約已終止，感謝您的使用。", "-"),
    ("Vaš ugovor raskinut je s danom 10.11.2026.", "2026-11-10"),
];

#[test]
fn confirmations_are_found_with_their_day() {
    let mut missed = Vec::new();
    for (sentence, day) in CONFIRMATION {
        let e = explain(&mail(sentence));
        let found = e.effective_date.map_or_else(|| "-".to_owned(), |d| d.to_string());
        if e.kind.name() != "confirmed" || found != *day {
            missed.push(format!("{sentence}\n    {} {found} {:?} [{}]", e.kind.name(), e.evidence, e.language));
        }
    }
    assert!(CONFIRMATION.len() >= 30);
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn another_line_is_never_ours() {
    let kind = |body: &str| explain(&mail(body)).kind.name();
    assert_eq!(kind("Your line 065 777 12 12 was disconnected today."), "unrelated");
    assert_eq!(kind("Broj: 065/777-1212. Ugovor je raskinut 10.11.2026."), "unrelated");
    assert_eq!(kind("Your line 060 123 45 67 was disconnected today."), "confirmed");
    assert_eq!(kind("Your line ****4567 was disconnected today."), "confirmed");
    assert_eq!(kind("Your line ****4568 was disconnected today."), "unrelated");
    // Two lines, one done: a person looks.
    assert_eq!(kind("Your line 060 123 45 67 and your line 065 777 12 12 were disconnected."), "unclear");
}

#[test]
fn a_quoted_confirmation_confirms_nothing() {
    let body = "We are still checking this.\r\n\r\nOn 12 Nov 2026, Marko wrote:\r\n> Your subscription has been terminated.\r\n";
    let e = explain(&mail(body));
    assert_ne!(e.kind.name(), "confirmed");
    assert_eq!(e.reply_text, "We are still checking this.");
}

#[test]
fn hidden_words_of_a_page_confirm_nothing() {
    let html = "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n";
    let page =
        "<p>We got your mail and will reply.</p><div style='display:none'>Your subscription has been terminated.</div>";
    assert_eq!(explain(&mail_with(page, html)).kind.name(), "acknowledged");
}

#[test]
fn our_own_mail_never_matches() {
    let raw = String::from_utf8(mail("Your subscription has been terminated.")).expect("text");
    let e = explain(raw.replace("info@dunavtel.example", "Marko.Petrovic+x@odjava.example").as_bytes());
    assert_eq!((e.matched.by, e.would_do.as_str()), ("none", "review"));
}

#[test]
fn a_confirmation_with_two_from_fields_moves_nothing() {
    let raw = String::from_utf8(mail("Your subscription has been terminated.")).expect("text");
    let e = explain(raw.replace("To: marko", "From: x <x@evil.example>\r\nTo: marko").as_bytes());
    assert_eq!((e.authentic, e.would_do.as_str()), ("no", "review"));
}

#[test]
fn a_day_ahead_is_confirmed_and_a_day_past_is_done() {
    let doing = |body: &str| explain(&mail(body)).would_do;
    assert_eq!(doing("Your subscription ends on 31 December 2026."), "confirmed");
    assert_eq!(doing("Your subscription was terminated on 10 November 2026."), "done");
    assert_eq!(doing("Please send a copy of your passport."), "needs_you:id_document");
    assert_eq!(doing("We have received your request."), "keep_waiting");
    assert_eq!(doing("Hm."), "needs_you:unclear_reply");
}

#[test]
fn an_absent_person_says_when_they_are_back() {
    let message =
        odjava::mail::parse::parse(&mail("I am out of the office until 20 November, back on 23 November."), false);
    let reading =
        odjava::domain::reply::read(&message, &CONTEXT.directory, &CONTEXT.trust, &CONTEXT.lexicon, CONTEXT.now);
    let reply = reading.expect("a file directory always answers").reply;
    assert_eq!(reply.kind.name(), "auto_reply");
    assert_eq!(reply.returns_on.map(|d| d.to_string()).as_deref(), Some("2026-11-23"));
}

#[test]
fn a_mail_of_5000_parts_is_answered_at_once() {
    let mut body = String::new();
    for i in 0..5_000 {
        body.push_str(&format!("--b\r\nContent-Type: text/plain\r\n\r\npart {i}\r\n"));
    }
    body.push_str("--b--\r\n");
    let raw = mail_with(&body, "Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n");
    let started = std::time::Instant::now();
    let e = explain(&raw);
    assert_ne!(e.kind.name(), "confirmed");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn json_has_the_fields_of_the_interface() {
    let json = serde_json::to_value(explain(&mail("We have received your request."))).expect("serialises");
    let mut keys: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    let mut expected = [
        "file",
        "kind",
        "effective_date",
        "authentic",
        "match",
        "bounce",
        "language",
        "reply_text",
        "evidence",
        "would_do",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(json["match"], serde_json::json!({ "case": "7Q2M", "by": "thread" }));
    assert_eq!(json["effective_date"], serde_json::Value::Null);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn mutated_mail_is_read_without_panic(
        pick in 0usize..80,
        cut in 0usize..6_000,
        edits in proptest::collection::vec((0usize..6_000, proptest::prelude::any::<u8>()), 0..30),
    ) {
        let name = format!("d{:03}.eml", pick + 1);
        let mut raw = std::fs::read(corpus().join(name)).expect("a labelled file");
        for (at, byte) in edits {
            let at = at % raw.len();
            raw[at] = byte;
        }
        if cut < raw.len() {
            raw.truncate(cut);
        }
        let e = explain(&raw);
        proptest::prop_assert!(e.would_do != "done" || e.authentic == "yes");
    }
}

#[test]
fn sentences_of_all_kinds_are_read_and_none_is_falsely_confirmed() {
    let table = std::fs::read_to_string(corpus().join("sentences.tsv")).expect("sentences");
    let (mut right, mut all, mut unclear, mut confirmed, mut found) = (0, 0, 0, 0, 0);
    let mut false_confirmations = Vec::new();
    for line in table.lines().skip(1) {
        let (kind, text) = line.split_once('\t').expect("two columns");
        let e = explain(&mail(&text.replace("\\n", "\r\n")));
        let read = e.kind.name();
        all += 1;
        right += usize::from(read == kind);
        unclear += usize::from(read == "unclear");
        confirmed += usize::from(kind == "confirmed");
        found += usize::from(kind == "confirmed" && read == "confirmed");
        if read != kind {
            println!("{kind} read as {read}: {text} {:?}", e.evidence);
        }
        if read == "confirmed" && kind != "confirmed" {
            false_confirmations.push(text.to_owned());
        }
    }
    println!("kinds right {right} of {all}, confirmed {found} of {confirmed}, unclear {unclear}");
    assert!(false_confirmations.is_empty(), "{}", false_confirmations.join("\n"));
    assert!(right * 100 >= all * 85, "{right} of {all} kinds right");
    assert!(found * 100 >= confirmed * 95, "{found} of {confirmed} confirmations found");
}

#[test]
fn endless_repetition_is_answered_at_once() {
    let started = std::time::Instant::now();
    for piece in [
        "your contract is not yet cancelled ",
        "contract ",
        "if ",
        "已注销",
        "<div>",
        "> ",
        "On 1 Nov Ana wrote:\r\n",
        "0601234567 ",
    ] {
        let e = explain(&mail(&piece.repeat(1_000_000 / piece.len())));
        assert_ne!(e.kind.name(), "confirmed", "{piece}");
        println!("{piece:?} after {:?}", started.elapsed());
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn the_beginning_of_a_mail_settles_nothing() {
    let raw = mail("Your subscription has been terminated.");
    let doing = |truncated| explain_bytes("mail", &raw, truncated, &CONTEXT).expect("answers").would_do;
    assert_eq!(doing(false), "done");
    assert_eq!(doing(true), "needs_you:unclear_reply");
}

#[test]
fn a_reference_and_a_line_match_but_two_references_do_not() {
    let raw = String::from_utf8(mail("We have received your request.").to_vec()).expect("text");
    let bare = raw.replace("In-Reply-To: <case-7Q2M.1@odjava.example>\r\n", "");
    let by = |raw: &str| {
        let e = explain(raw.as_bytes());
        (e.matched.case.unwrap_or_default(), e.matched.by)
    };
    assert_eq!(by(&bare), (String::new(), "none"));
    assert_eq!(by(&bare.replace("7 dana", "[7Q2M] raskid")), ("7Q2M".to_owned(), "reference"));
    assert_eq!(by(&bare.replace("your request", "your request 060/123-4567")), ("7Q2M".to_owned(), "line"));
    // Two references claim it: a person decides.
    assert_eq!(by(&bare.replace("7 dana", "7Q2M 5MPA")), (String::new(), "none"));
}

#[test]
fn human_output_shows_kind_words_rung_and_verdict() {
    let text = explain(&mail("Your subscription was terminated on 10 November 2026.")).render(Default::default());
    for part in [
        "confirmed (sure)",
        "ends       2026-11-10",
        "«subscription was terminated",
        "English rule",
        "7Q2M by thread: it answers a mail of this case",
        "yes: DMARC passed",
        "done: the case is over",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

/// One case with a reply tag and a ticket.
struct OneCase(odjava::domain::reply::KnownCase);

impl odjava::domain::reply::CaseDirectory for OneCase {
    type Error = std::convert::Infallible;
    fn by_message_id(
        &self,
        _: &odjava::domain::address::MessageId,
    ) -> Result<Option<odjava::domain::reply::KnownCase>, Self::Error> {
        Ok(None)
    }
    fn by_reference(
        &self,
        reference: &odjava::domain::address::Reference,
    ) -> Result<Option<odjava::domain::reply::KnownCase>, Self::Error> {
        Ok((self.0.reference == *reference).then(|| self.0.clone()))
    }
    fn by_domain(&self, domain: &str) -> Result<Vec<odjava::domain::reply::KnownCase>, Self::Error> {
        Ok(self.0.carrier_domains.iter().filter(|d| *d == domain).map(|_| self.0.clone()).collect())
    }
}

#[test]
fn a_reply_tag_matches_with_its_hash_and_a_ticket_from_the_carrier_only() {
    use odjava::domain::address::Reference;
    use odjava::domain::reply::{KnownCase, read};
    let tag = "od-7q2m-0123456789abcdef";
    let directory = OneCase(KnownCase {
        reference: Reference::parse("7Q2M").expect("a reference"),
        open: true,
        reply_tag: Some(tag.to_owned()),
        message_ids: vec![],
        tickets: vec!["GS-204".to_owned()],
        carrier_domains: vec!["dunavtel.example".to_owned()],
        asked_domains: vec![],
        line: odjava::domain::identity::Line::default(),
        holder_name: "Marko".to_owned(),
        country_code: None,
    });
    let raw = String::from_utf8(mail("We have received your request gs-204.")).expect("text");
    let by = |raw: &str| {
        let message = odjava::mail::parse::parse(raw.as_bytes(), false);
        let reading = read(&message, &directory, &CONTEXT.trust, &CONTEXT.lexicon, CONTEXT.now).expect("answers");
        reading.matched.map(|(_, basis)| basis.name())
    };
    let to = |detail: &str| raw.replace("To: marko.petrovic@", &format!("To: marko.petrovic+{detail}@"));
    assert_eq!(by(&to(tag)), Some("reply_tag"));
    assert_eq!(by(&to("od-7q2m-0123456789abcdee").replace("gs-204", "x")), None);
    assert_eq!(by(&raw), Some("ticket"));
    assert_eq!(by(&raw.replace("info@dunavtel", "info@stranger")), None);
}

#[test]
fn the_second_readers_evidence_is_the_sentence_that_decided() {
    let text = "Hello Mr Li, thanks for your patience. We looked into it with the whole team. \
                The fee of 20 EUR is to be settled first, otherwise nothing happens. Kind regards from all of us";
    let e = explain(&mail(text));
    assert_eq!(e.kind.name(), "needs_payment");
    let told: Vec<&String> = e.evidence.iter().filter(|words| words.contains("(statistics.")).collect();
    assert!(matches!(told.as_slice(), [one] if one.contains("fee of 20 EUR")), "{:?}", e.evidence);
}

#[test]
fn a_guard_counts_in_the_sentences_of_its_language() {
    // "quelle" asks in French and points in Italian.
    let language = |text: &str| toml::from_str::<LanguageSource>(text).expect("a language");
    let italian =
        language("language = 'it'\nscripts = ['latin']\nmarkers = ['la', 'non', 'piu', 'tra']\n[sets]\nbenign = ['x']");
    let french =
        language("language = 'fr'\nscripts = ['latin']\nmarkers = ['la', 'est', 'de']\n[sets]\nquestion = ['quelle']");
    let lexicon = Lexicon::compile(&[italian, french]).expect("it compiles");
    let questions = |words: &str| {
        let today = "2026-11-12".parse().expect("a day");
        let text = tokenise(words, &lexicon.days, today, &|_| false);
        let marked = lexicon.mark(&text);
        let sights: Vec<_> = lexicon.languages.iter().map(|l| l.look(&marked)).collect();
        guards(&sights).get(&Guard::Question).map_or(0, Vec::len)
    };
    assert_eq!(questions("la linea non risulta piu tra quelle attive"), 0);
    assert_eq!(questions("quelle est la date de fin"), 1);
    assert_eq!(questions("la linea non risulta piu tra quelle attive. quelle est la date de fin?"), 1);
}

#[test]
fn nine_digits_in_threes_are_a_number() {
    let e = explain(&mail("La línea 600 778 123 fue dada de baja el 11 de noviembre de 2026."));
    assert_eq!(e.kind.name(), "unrelated", "{:?}", e.evidence);
}

#[test]
fn mails_within_mails_without_end_end_nothing() {
    let nested = "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n".repeat(15_000);
    let raw = format!("From: Info <info@dunavtel.example>\r\n{nested}\r\n\r\nYour contract has been terminated.\r\n");
    assert_ne!(explain(raw.as_bytes()).kind.name(), "confirmed");
}

#[test]
fn what_was_not_read_may_take_back_what_was() {
    let text = format!("Your contract has been terminated.{}But only once you have paid.", "\r\n".repeat(600_000));
    assert_eq!(explain(&mail(&text)).kind.name(), "unclear");
}
