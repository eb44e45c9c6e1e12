//! The carrier directory: what is shipped, how a carrier is found, and what becomes of a case at each. Faulty
//! records are in `records`.

use crate::cli::{Home, fails, texts};
use odjava::config::carrier_lint;
use odjava::config::carriers::Directory;
use odjava::config::embedded;
use odjava::domain::carrier::{CarrierKind, ChannelPurpose, EmailTermination};
use odjava::domain::{Date, Standing};
use serde_json::Value;
use std::collections::BTreeSet;

/// A day on which no shipped record was past its date.
pub(crate) const TODAY: &str = "2026-11-25";

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn directory() -> Directory {
    Directory::load(None).map_err(|e| panic!("{e}")).unwrap()
}

// ---- what is shipped ----

#[test]
fn the_directory_is_as_wide_as_promised() {
    let directory = directory();
    let sellers = directory.all().filter(|p| p.kind == CarrierKind::TravelEsim).count();
    assert!(directory.all().count() >= 30 && sellers >= 8, "{} with {sellers}", directory.all().count());
    for id in ["mts-rs", "yettel-rs", "a1-rs", "globaltel-rs"] {
        let regulator = directory.get(id).unwrap().regulator.as_ref().map(|r| r.id.as_str());
        assert_eq!(regulator, Some("ratel"), "{id}");
    }
}

#[test]
fn the_shipped_records_are_beyond_doubt() {
    assert_eq!(carrier_lint::lint(&directory(), day(TODAY)), []);
}

/// Walks all of a record: whatever has a standing must say where it was read and when.
fn sourced(at: &str, value: &Value, seen: &mut usize) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("standing") {
                let said = |key: &str| fields[key].as_str().is_some_and(|t| !t.trim().is_empty());
                assert!(said("text") && said("date"), "{at}: {value}");
                *seen += 1;
            }
            fields.iter().for_each(|(key, v)| sourced(&format!("{at}.{key}"), v, seen));
        }
        Value::Array(items) => items.iter().for_each(|v| sourced(at, v, seen)),
        _ => {}
    }
}

#[test]
fn every_fact_has_a_source_and_a_date() {
    let directory = directory();
    for profile in directory.all() {
        let mut seen = 0;
        sourced(&profile.id, &serde_json::to_value(profile).unwrap(), &mut seen);
        assert!(seen >= 3, "{} rests on {seen} sources", profile.id);
    }
}

#[test]
fn a_record_lies_in_the_folder_of_its_country() {
    let directory = directory();
    for (path, _) in embedded::CARRIERS.iter().filter(|(path, _)| path.contains('/')) {
        let (folder, file) = path.split_once('/').unwrap();
        let id = file.trim_end_matches(".toml");
        let country = match (directory.get(id), directory.regulator(id)) {
            (Some(p), None) if p.kind == CarrierKind::TravelEsim => Some("TRAVEL".to_owned()),
            (Some(p), None) => p.country.clone(),
            (None, Some(r)) => Some(r.country.clone()),
            _ => None,
        };
        assert_eq!(country, Some(folder.to_ascii_uppercase()), "{path}");
    }
}

#[test]
fn only_addresses_that_may_take_a_request_are_written_to() {
    let directory = directory();
    let mut written_to = Vec::new();
    for profile in directory.all() {
        for address in profile.request_addresses() {
            let channel = profile.channels.iter().find(|c| c.value.as_deref() == Some(address.as_str())).unwrap();
            let fit = matches!(channel.source.standing, Standing::Verified | Standing::SecondHand);
            assert!(fit && channel.purpose != ChannelPurpose::DataProtection, "{}: {address}", profile.id);
            assert_ne!(profile.email_termination, EmailTermination::Refused, "{}", profile.id);
            written_to.push(format!("{} {address}", profile.id));
        }
    }
    // A change here is a change of whom people's data are sent to.
    let expected = [
        "1global business.help@1global.com",
        "airalo support@airalo.com",
        "dna-fi palvelu@dna.fi",
        "globaltel-rs office@globaltel.rs",
        "holafly help@holafly.com",
        "lidl-connect-de lidl-connect-kundenbetreuung@vodafone.de",
        "maya-mobile support@maya.net",
        "mtel-me korisnicki.servis@mtel.me",
        "nomad hello-cs@getnomad.app",
        "one-me reklamacije@1.me",
        "saily support@saily.com",
        "tomato-hr info@tomato.com.hr",
        "yesim info@yesim.app",
    ];
    assert_eq!(written_to, expected);
    assert!(directory.get("other").unwrap().request_addresses().is_empty());
}

#[test]
fn a_public_mailbox_domain_proves_nothing() {
    let directory = directory();
    assert_eq!(directory.get("mts-rs").unwrap().proving_domains().collect::<Vec<_>>(), ["telekom.rs"]);
    let public = directory.public_domains();
    assert!(public.iter().any(|d| d == "mts.rs") && public.iter().any(|d| d == "gmail.com"), "{public:?}");
    for profile in directory.all() {
        let proving: Vec<&str> = profile.proving_domains().filter(|d| public.iter().any(|p| p == d)).collect();
        assert!(proving.is_empty(), "{}: {proving:?}", profile.id);
    }
}

#[test]
fn the_law_of_a_country_holds_for_its_carriers() {
    let directory = directory();
    let told = |id: &str| -> Vec<(String, u32, bool)> {
        let terms = &directory.get(id).unwrap().terms;
        terms.iter().map(|t| (format!("{:?}", t.kind), t.days, t.working_days)).collect()
    };
    let term = |kind: &str, days: u32, working: bool| (kind.to_owned(), days, working);
    assert_eq!(told("a1-rs"), [term("Notice", 30, false), term("Complaint", 15, false), term("Regulator", 15, false)]);
    assert_eq!(told("a1-hr")[0], term("Decision", 1, true));
    assert_eq!(told("mucho-ch"), [term("Notice", 60, false)]);
}

// ---- finding one ----

fn finds(text: &str, expected: &[&str]) {
    let directory = directory();
    let found: Vec<&str> = directory.find(text).iter().map(|m| m.profile.id.as_str()).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn carriers_are_found_by_every_name_people_use() {
    finds("mts-rs", &["mts-rs"]);
    finds("MTS RS", &["mts-rs"]);
    finds("m:ts", &["mts-rs", "mts-xk"]);
    finds("Телеком Србија", &["mts-rs"]);
    finds("塞尔维亚电信", &["mts-rs"]);
    finds("塞爾維亞電信", &["mts-rs"]);
    finds("mts d.o.o.", &["mts-xk"]);
    finds("мтс д.о.о.", &["mts-xk"]);
    finds("yetell", &["yettel-rs"]);
    finds("Јетел", &["yettel-rs"]);
    finds("Telenor Srbija", &["yettel-rs"]);
    finds("vip mobile", &["a1-rs"]);
    finds("А1 Србија", &["a1-rs"]);
    finds("A1 Österreich", &["a1-at"]);
    finds("Global Tel", &["globaltel-rs"]);
    finds("globltel", &["globaltel-rs"]);
    finds("Deutsche Telekom", &["telekom-de"]);
    finds("德国电信", &["telekom-de"]);
    finds("winsim", &["drillisch-de"]);
    finds("Виваком", &["vivacom-bg"]);
    finds("truphone", &["1global"]);
    finds("holaffly", &["holafly"]);
    finds("other", &["other"]);
    finds("067", &[]);
    finds("nobody at all", &[]);
    finds("", &[]);
    // Names of several companies find them all; none is chosen.
    finds("A1", &["a1-at", "a1-hr", "a1-rs"]);
    finds("Telenor", &["one-me", "telenor-dk", "telenor-no", "telenor-se", "yettel-rs"]);
    finds("telekom", &["a1-at", "mts-rs", "telekom-de"]);
    // Other companies with such a name are not taken for the ones we know.
    finds("Yettel Bank", &[]);
    finds("MTS Russia", &[]);
    finds("МТС Россия", &[]);
    for other in ["Orange ES", "Vodafone UK", "Yettel BG", "O2 CZ", "A1 MK", "A1 Makedonija", "mts by"] {
        finds(other, &[]);
    }
}

#[test]
fn a_number_shows_the_original_network_and_says_so() {
    let directory = directory();
    for (text, id) in [
        ("+381641234567", "mts-rs"),
        ("+381 63/123-456", "yettel-rs"),
        ("0677123456", "globaltel-rs"),
        ("8938105000012345678", "a1-rs"),
        ("8938103", "mts-rs"),
        ("064", "mts-rs"),
        ("+38168", "a1-rs"),
        ("0038162", "yettel-rs"),
        ("+385 91 123 4567", "a1-hr"),
        ("+43 664 1234567", "a1-at"),
        ("+382 69 123 456", "one-me"),
    ] {
        let found = directory.find(text);
        let first = found.first().unwrap_or_else(|| panic!("nothing by {text}"));
        assert_eq!(first.profile.id, id, "{text}");
        assert!(found.iter().all(|m| m.why.is_prefix()), "{text}");
        let why = first.why.to_string();
        assert!(why.contains("original network") || why.contains("issuer of cards"), "{why}");
    }
}

#[test]
fn a_number_without_its_country_is_read_in_every_country() {
    finds("063/123-456", &["one-me", "yettel-rs"]);
    finds("064", &["mts-rs"]);
}

#[test]
fn a_regulator_is_found_like_a_carrier() {
    let directory = directory();
    for (text, id) in [("ratel", "ratel"), ("РАТЕЛ", "ratel"), ("BNetzA", "bnetza"), ("hakom", "hakom")] {
        let found: Vec<&str> = directory.find_regulators(text).iter().map(|r| r.id.as_str()).collect();
        assert_eq!(found, [id], "{text}");
    }
    let home = Home::new();
    let shown = home.object(&["carriers", "show", "Ratel"]);
    assert_eq!((&shown["email"], &shown["country"]), (&"ratel@ratel.rs".into(), &"RS".into()));
    let (out, _) = texts(&home.run(&["carriers", "show", "ratel"]));
    assert!(
        out.contains("Palmotićeva 2") && out.contains("[verified; ratel.rs") && out.contains("article 129"),
        "{out}"
    );
    fails(&home.run(&["new", "--carrier", "RATEL", "--msisdn", "0641234567"]), 1, &["is a regulator", "show ratel"]);
}

#[test]
fn a_name_of_several_companies_is_never_settled_silently() {
    let home = Home::new();
    let new = |name: &str| home.run(&["new", "--carrier", name, "--order", "A-1"]);
    fails(&new("A1"), 1, &["which one is meant", "a1-at", "a1-hr", "a1-rs", "A1 Srbija, RS"]);
    fails(&new("Telenor"), 1, &["which one is meant", "yettel-rs", "one-me", "telenor-no"]);
    fails(&new("Yettel Bank"), 1, &["yettel-rs is not Yettel Bank", "--carrier other"]);
    fails(&new("MTS Russia"), 1, &["mts-rs is not MTS (Russia"]);
    fails(&new("0641234567"), 1, &["a prefix shows only the original network", "mts-rs"]);
    fails(&new("8938105000012345678"), 1, &["a prefix shows only the original network", "a1-rs"]);
    assert!(home.json(&["list", "--all"]).is_empty(), "nothing is half created");
    let (_, err) = texts(&new("mts"));
    assert!(err.contains("not the same: mts d.o.o. (Kosovo") && err.contains("MTS (Russia"), "{err}");
    let (_, err) = texts(&home.run(&["new", "--carrier", "yetell", "--msisdn", "+381641234567"]));
    assert!(err.contains("`yetell` is taken for Yettel, RS") && err.contains("first given to mts (mts-rs)"), "{err}");
}

// ---- what becomes of a case ----

#[test]
fn a_case_at_each_carrier_ends_in_a_draft_or_names_the_way() {
    let home = Home::new();
    let directory = directory();
    let mut drafted = BTreeSet::new();
    for (i, profile) in directory.all().enumerate() {
        let number = format!("+38164123{:04}", i);
        let words = ["new", "--carrier", &profile.id, "--msisdn", &number, "--order", "A-17", "--name", "Li Wei"];
        let output = home.run(&words);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{}: {err}", profile.id);
        let may_be_written_to = profile.request_addresses();
        match out.lines().find_map(|l| l.trim().strip_prefix("To: ")) {
            Some(to) => {
                assert_eq!(Some(to), may_be_written_to.first().map(|a| a.as_str()), "{}", profile.id);
                assert!(out.contains(&format!("odjava approve {}", &out[..4])), "{out}");
                drafted.insert(profile.id.clone());
            }
            None => {
                let honest = out.contains("Here is the way:") || out.contains("No other way is known");
                assert!(honest && out.contains("--to ADDRESS"), "{}: {out}", profile.id);
            }
        }
    }
    assert_eq!(drafted.len(), 13, "{drafted:?}");
}

#[test]
fn a_carrier_that_refuses_mail_says_so_and_how_it_is_done() {
    let home = Home::new();
    let (out, _) = texts(&home.run(&["new", "--carrier", "mucho", "--msisdn", "+41791234567"]));
    for part in ["takes no terminations by e-mail", "0800 077 800", "+41 22 307 76 54", "[verified; muchomobile.ch"] {
        assert!(out.contains(part), "`{part}` is not in {out}");
    }
    // Whoever has an address all the same is told before approving.
    let case = home.object(&["edit", &out[..4], "--to", "somebody@carrier.example"]);
    assert!(case["cautions"][0].as_str().unwrap().contains("takes no terminations by e-mail"), "{case}");
}

#[test]
fn what_a_carrier_wants_beside_the_letter_is_said_with_the_draft() {
    let home = Home::new();
    let (out, _) = texts(&home.run(&["new", "--carrier", "tomato", "--msisdn", "+385921234567"]));
    for part in ["signed by hand", "the address it has on file", "copy of an identity document with the request"] {
        assert!(out.contains(part), "`{part}` is not in {out}");
    }
    let (out, _) = texts(&home.run(&["new", "--carrier", "airalo", "--order", "A-17"]));
    assert!(out.contains("The address is second hand: public repositories of 2026"), "{out}");
}

#[test]
fn every_fact_of_a_record_is_shown_with_its_standing_source_and_date() {
    let home = Home::new();
    for profile in directory().all() {
        let (out, err) = texts(&home.run(&["carriers", "show", &profile.id]));
        assert!(err.is_empty(), "{}: {err}", profile.id);
        let mut wanted = BTreeSet::new();
        sources(&serde_json::to_value(profile).unwrap(), &mut wanted);
        for source in wanted {
            assert!(out.contains(&source), "{}: `{source}` is not in\n{out}", profile.id);
        }
    }
}

/// The sources of a record as `carriers show` prints them.
fn sources(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        // The regulator has a record of its own.
        Value::Object(fields) => {
            if let (Some(standing), Some(text), Some(date)) =
                (fields.get("standing"), fields.get("text"), fields.get("date"))
            {
                let word = |v: &Value| v.as_str().unwrap().to_owned();
                out.insert(format!("[{}; {}; {}]", word(standing).replace('_', " "), word(text), word(date)));
            }
            fields.iter().filter(|(key, _)| *key != "regulator").for_each(|(_, v)| sources(v, out));
        }
        Value::Array(items) => items.iter().for_each(|v| sources(v, out)),
        _ => {}
    }
}

#[test]
fn the_other_ways_of_a_carrier_are_listed_with_their_standing() {
    let directory = directory();
    let ways = directory.get("mts-rs").unwrap().other_ways().join("\n");
    assert!(ways.contains("- phone: 0800 100 100") && ways.contains("[verified]"), "{ways}");
    assert!(ways.contains("- RATEL: ratel@ratel.rs") && !ways.contains("mtsinfo@telekom.rs"), "{ways}");
}

#[test]
fn a_record_past_its_date_says_so() {
    let directory = directory();
    let mts = directory.get("mts-rs").unwrap();
    assert!(!mts.is_past_its_check("2027-02-22".parse().unwrap()));
    assert!(mts.is_past_its_check("2027-02-23".parse().unwrap()));
}

#[test]
fn what_a_request_lacks_is_named() {
    use odjava::domain::address::Address;
    use odjava::domain::case::Fact;
    use odjava::domain::identity::{Iccid, Line};
    let directory = directory();
    let mts = directory.get("mts-rs").unwrap();
    let to = [Address::parse("care@carrier.example").unwrap()];
    assert_eq!(mts.missing("", &Line::default(), &[]), [Fact::Name, Fact::LineNumber, Fact::ContactAddress]);
    let line = Line { iccid: Iccid::parse("8938103000012345673").ok(), ..Line::default() };
    assert!(mts.missing("Li Wei", &line, &to).is_empty());
}
