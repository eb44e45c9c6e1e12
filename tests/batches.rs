//! Many cases at once: read from a spreadsheet, checked whole, and sent in their turn.

use crate::cli::{Home, fails};
use odjava::domain::Timestamp;
use odjava::domain::case::Purpose;
use odjava::domain::policy::Rate;
use odjava::domain::schedule::turn;
use serde_json::Value;

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

#[test]
fn a_batch_waits_its_turn_and_an_answer_does_not() {
    let mut policy = crate::scenarios::policy();
    policy.rate = Rate::parse("2 per hour").ok();
    policy.send_window = Some("0 * 9-16 * * Mon-Fri".into());
    let check = |purpose, taken: &[&str], now: &str, expected: &str| {
        let taken: Vec<Timestamp> = taken.iter().map(|t| at(t)).collect();
        assert_eq!(turn(&policy, purpose, &taken, at(now)), at(expected), "{taken:?}");
    };
    let now = "2026-11-10T10:00:00+01:00";
    check(Purpose::Request, &["2026-11-10T09:30:00+01:00"], now, now);
    check(
        Purpose::Request,
        &["2026-11-10T09:30:00+01:00", "2026-11-10T09:50:00+01:00"],
        now,
        "2026-11-10T10:30:00+01:00",
    );
    // Those that wait already have their turn before it; the evening waits for the next working day.
    let late = ["2026-11-06T16:30:00+01:00", "2026-11-06T15:30:00+01:00", "2026-11-06T16:00:00+01:00"];
    check(Purpose::FollowUp1, &late, "2026-11-06T15:40:00+01:00", "2026-11-09T09:00:00+01:00");
    check(Purpose::Answer, &late, "2026-11-06T15:40:00+01:00", "2026-11-06T15:40:00+01:00");
    policy.rate = None;
    assert_eq!(turn(&policy, Purpose::Request, &[at(now), at(now)], at(now)), at(now));
}

/// The daemon asks the rule before each mail, and what waits has its hour in the store and in the timeline.
#[test]
fn the_third_request_of_an_hour_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    for folder in ["in/cur", "in/new", "in/tmp", "out/cur", "out/new", "out/tmp"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let config = format!(
        "[account.home]\nname = \"Li Wei\"\naddress = \"li.wei@mailhost.example\"\nmaildir = \"{}\"\n\
         [account.home.smtp]\nmaildir = \"{}\"\n[store]\npath = \"odjava.db\"\n\
         [follow_up]\napproval = \"none\"\nrate = \"2 per hour\"\nsend_window = \"any\"\n",
        path("in"),
        path("out")
    );
    std::fs::write(path("odjava.toml"), config).unwrap();
    let rows = "carrier,order,to\nother,A-1,a@carrier.example\nother,A-2,b@carrier.example\nother,A-3,a@carrier.example\nother,B-1,a@other.example\n";
    std::fs::write(path("lines.csv"), rows).unwrap();
    let run = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_odjava");
        let output =
            std::process::Command::new(program).arg("--config").arg(path("odjava.toml")).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["new", "--from-csv", &path("lines.csv")]);
    let before = chrono::Utc::now();
    run(&["run", "--once"]);
    let told = run(&["list", "--all", "--json"]);
    let cases: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let waiting: Vec<&Value> = cases.iter().filter(|c| c["state"] == "sending").collect();
    assert_eq!((cases.len(), waiting.len()), (4, 1), "{told}");
    let next = at(waiting[0]["next_action_at"].as_str().unwrap());
    let wait = (next - before).num_minutes();
    assert!((59..=61).contains(&wait), "{wait} minutes");
    let reference = waiting[0]["reference"].as_str().unwrap();
    assert!(run(&["show", reference]).contains("waits its turn until"));
    // Asked again, it keeps its hour.
    run(&["run", "--once"]);
    let again: Value = serde_json::from_str(&run(&["show", reference, "--json"])).unwrap();
    assert_eq!(again["next_action_at"], waiting[0]["next_action_at"]);
}

#[test]
fn all_rows_of_a_file_are_checked_before_one_case_is_opened() {
    let home = Home::new();
    let rows = "\u{feff}carrier,order,to,msisdn\nother,A-1,a@carrier.example,\nmts,,,nonsense\nnobody at all,,,\nother,A-1,a@carrier.example,\n";
    std::fs::write(home.path("lines.csv"), rows).unwrap();
    let file = home.path("lines.csv").display().to_string();
    let output = home.run(&["new", "--from-csv", &file]);
    fails(&output, 1, &["line 3, column msisdn", "line 4, column carrier", "line 5: the same line", "--skip-bad"]);
    assert!(home.json(&["list", "--all"]).is_empty());
    assert_eq!(home.json(&["new", "--from-csv", &file, "--skip-bad"]).len(), 1);
}

#[test]
fn a_spreadsheet_of_any_sort_opens_its_cases() {
    let home = Home::new();
    let file = home.path("lines.csv");
    let path = file.display().to_string();
    let open = |bytes: &[u8], more: &[&str]| {
        std::fs::write(&file, bytes).unwrap();
        home.run(&[&["new", "--from-csv", &path, "--json"], more].concat())
    };
    let header = String::from_utf8(home.run(&["new", "--csv-header"]).stdout).unwrap();
    let filled = format!(
        "\u{feff}{header}mts,Li Wei,060 1112223,,,K-1,U-1,,2024-05-06,李伟,0101006500006,E12345678,\"Ulica 1\r\n11000 Beograd\",a@carrier.example,,home,en\r\n"
    );
    let case: Value = serde_json::from_slice(&open(filled.as_bytes(), &[]).stdout).unwrap();
    assert_eq!((&case["also_named"][0], &case["contract_number"]), (&"李伟".into(), &"U-1".into()));
    assert_eq!((&case["jmbg"], &case["passport_number"]), (&"*********0006".into(), &"*****5678".into()));
    let body = case["draft"]["body"].as_str().unwrap();
    assert!(body.contains("U-1") && !body.contains("0101006500006") && !body.contains("E12345678"), "{body}");

    let latin = b"carrier;order;to;name\nother;A-1;a@carrier.example;Petar Petrovi\xe6\n";
    let output = open(latin, &[]);
    let case: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(case["holder_name"], "Petar Petrović");
    assert!(String::from_utf8_lossy(&output.stderr).contains("windows-1250"));
    let chinese = b"carrier\torder\tto\tname\nother\tA-2\ta@carrier.example\t\xc0\xee\xce\xb0\n";
    fails(&open(chinese, &[]), 1, &["lines.csv: line 2", "--csv-encoding"]);
    let case: Value = serde_json::from_slice(&open(chinese, &["--csv-encoding", "gbk"]).stdout).unwrap();
    assert_eq!(case["holder_name"], "李伟");
}

#[test]
fn a_table_that_cannot_be_meant_opens_nothing() {
    let home = Home::new();
    let file = home.path("lines.csv");
    let path = file.display().to_string();
    let check = |text: &str, expected: &[&str]| {
        std::fs::write(&file, text).unwrap();
        fails(&home.run(&["new", "--from-csv", &path]), 1, expected);
        assert!(home.json(&["list", "--all"]).is_empty(), "{text}");
    };
    check("carrier,msisdm\nmts,1\n", &["no column `msisdm`; did you mean `msisdn`?"]);
    check("carrier,order,order\n", &["`order` is there twice"]);
    check("order\nA-1\n", &["the column `carrier` is missing", "--csv-header"]);
    check("carrier,order\n", &["no row is left"]);
    check("carrier,name,order,to\nother,\"A\nBcc: x\",A-1,a@b.example\n", &["line 2, column name", "one line"]);
    check(
        "carrier,order,to\nother,A-1,a@b.example\nother,a-1,a@b.example\n",
        &["line 3: the same line stands on line 2"],
    );
    check("carrier,order,to\nother,A-1\n", &["line 2: has 2 fields, the first line has 3"]);
    check("carrier,order,to\nother,\"A-1,a@b.example\n", &["a quote that begins on line 2 is not closed"]);
}
