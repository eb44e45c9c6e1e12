//! The reader against labelled mail and against sentences made to mislead it.

use odjava::config::lexicon;
use odjava::domain::Timestamp;
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

fn explain(raw: &[u8]) -> Explanation {
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
    assert!(right * 100 >= all.len() * 80, "{right} of {} kinds right", all.len());
}

#[test]
fn each_lexicon_example_meets_its_rule() {
    use odjava::domain::reply::normalize::tokenise;
    let lexicon = &CONTEXT.lexicon;
    let today = "2026-11-10".parse().expect("a day");
    let mut missed = Vec::new();
    for source in lexicon::sources().expect("the files parse") {
        let language = lexicon.languages.iter().find(|l| l.tag == source.language).expect("compiled");
        for rule in &source.rule {
            let text = tokenise(&rule.example, &|w| lexicon.month(w), today, &|w| lexicon.breaks_clause(w));
            let name = format!("{}.{}.{}", source.language, rule.kind.name(), rule.id);
            if !language.hits(&text).iter().any(|(n, _)| language.rules[*n].name == name) {
                missed.push(format!("{name}: {}", rule.example));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
