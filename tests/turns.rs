//! A batch of requests to one carrier waits its turn.

use odjava::domain::Timestamp;
use odjava::domain::case::Purpose;
use odjava::domain::policy::Rate;
use odjava::domain::schedule::turn;

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
    let cases: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let waiting: Vec<&serde_json::Value> = cases.iter().filter(|c| c["state"] == "sending").collect();
    assert_eq!((cases.len(), waiting.len()), (4, 1), "{told}");
    let next = at(waiting[0]["next_action_at"].as_str().unwrap());
    let wait = (next - before).num_minutes();
    assert!((59..=61).contains(&wait), "{wait} minutes");
    let reference = waiting[0]["reference"].as_str().unwrap();
    assert!(run(&["show", reference]).contains("waits its turn until"));
    // Asked again, it keeps its hour.
    run(&["run", "--once"]);
    let again: serde_json::Value = serde_json::from_str(&run(&["show", reference, "--json"])).unwrap();
    assert_eq!(again["next_action_at"], waiting[0]["next_action_at"]);
}
