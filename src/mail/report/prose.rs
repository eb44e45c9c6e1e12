//! Reports in words: what mail systems that write no RFC 3464 part say, in many languages, as data.
//! Who may be believed to be a mail system is decided by the module above.

use super::status;
use crate::domain::reply::BounceClass;
use std::sync::LazyLock;

/// How sure a phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// A person may say it too.
    Plain,
    /// Only mail systems write it.
    Strong,
}

/// What the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Surest phrase.
    pub weight: Weight,
    /// Somebody keeps trying.
    pub still_trying: bool,
    /// Where the surest phrase stands, in bytes of the folded text.
    pub at: usize,
}

/// The phrases by what they say.
#[derive(Debug, Default)]
struct Phrases {
    strong: Vec<&'static str>,
    plain: Vec<&'static str>,
    still_trying: Vec<&'static str>,
    given_up: Vec<&'static str>,
    subject: Vec<&'static str>,
    delay_subject: Vec<&'static str>,
    other_machine: Vec<&'static str>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::parse(include_str!("phrases.txt")));

impl Phrases {
    fn parse(text: &'static str) -> Self {
        let mut out = Self::default();
        let mut none = Vec::new();
        let mut section = "";
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name;
                continue;
            }
            let list = match section {
                "strong" => &mut out.strong,
                "plain" => &mut out.plain,
                "still_trying" => &mut out.still_trying,
                "given_up" => &mut out.given_up,
                "subject" => &mut out.subject,
                "delay_subject" => &mut out.delay_subject,
                "other_machine" => &mut out.other_machine,
                _ => &mut none,
            };
            list.push(line);
        }
        out
    }
}

/// Characters of a report that are searched for phrases.
const HEAD_MAX: usize = 6_000;

/// Lower case, one kind of apostrophe, white space folded: phrases run over line ends.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(HEAD_MAX * 2));
    for c in text.chars().take(HEAD_MAX) {
        match c {
            '\u{2019}' | '\u{2018}' | '`' | '\u{b4}' => out.push('\''),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Reads folded words of a report.
pub(super) fn read(folded: &str) -> Option<Found> {
    let still_trying =
        PHRASES.still_trying.iter().any(|p| folded.contains(p)) && !PHRASES.given_up.iter().any(|p| folded.contains(p));
    let hit = |phrases: &[&'static str]| phrases.iter().filter_map(|p| folded.find(p)).min();
    let (weight, at) = match hit(&PHRASES.strong) {
        Some(at) => (Weight::Strong, at),
        None => match hit(&PHRASES.plain) {
            Some(at) => (Weight::Plain, at),
            None if still_trying => (Weight::Plain, hit(&PHRASES.still_trying)?),
            None => return None,
        },
    };
    Some(Found { weight, still_trying, at })
}

/// Whether a subject is that of a report.
pub(super) fn subject(folded: &str) -> Option<usize> {
    PHRASES.subject.iter().filter_map(|p| folded.find(p)).min()
}

/// Class of a report in words: still trying, else its code, else what an undelivered mail is: lost. A full mailbox
/// without a code is permanent too, since the mail was returned and nobody tries again.
pub(super) fn class(found: Option<Found>, subject: &str, folded: &str) -> BounceClass {
    let delayed = found.is_some_and(|f| f.still_trying) || PHRASES.delay_subject.iter().any(|s| subject.contains(s));
    if delayed {
        return BounceClass::Temporary;
    }
    status::any(folded).unwrap_or(BounceClass::Permanent)
}

/// Whether the words are those of somebody who is away or wants to be asked first: no report whoever sent it.
pub(super) fn is_other_machine(folded: &str) -> bool {
    PHRASES.other_machine.iter().any(|p| folded.contains(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(text: &str) -> BounceClass {
        let folded = folded(text);
        class(read(&folded), "", &folded)
    }

    #[test]
    fn who_keeps_trying_reports_a_delay_and_who_gave_up_does_not() {
        let check = |text: &str, expected: BounceClass| assert_eq!(class_of(text), expected, "{text}");
        check(
            "Your message has not yet been delivered. Delivery attempts will continue. 5.1.1",
            BounceClass::Temporary,
        );
        check("This is a permanent error; I've given up. (#5.1.1)", BounceClass::Permanent);
        check("Your message was delayed. This is a permanent failure, no further attempts", BounceClass::Permanent);
        check("The mailbox is full", BounceClass::Permanent);
        check("452 4.2.2 The mailbox is full", BounceClass::Temporary);
        check("b@a.example: retry timeout exceeded", BounceClass::Permanent);
    }

    #[test]
    fn every_phrase_stands_in_a_known_section_as_it_is_searched() {
        let lines = include_str!("phrases.txt").lines().filter(|l| !l.is_empty() && !l.starts_with(['#', '[']));
        let lists = [
            &PHRASES.strong,
            &PHRASES.plain,
            &PHRASES.still_trying,
            &PHRASES.given_up,
            &PHRASES.subject,
            &PHRASES.delay_subject,
            &PHRASES.other_machine,
        ];
        assert_eq!(lines.count(), lists.iter().map(|l| l.len()).sum::<usize>());
        for phrase in lists.into_iter().flatten() {
            assert_eq!(&folded(phrase), phrase);
        }
    }

    #[test]
    fn phrases_run_over_line_ends_and_know_every_apostrophe() {
        let found =
            read(&folded("I\u{2019}m sorry to have to inform\n  you that your message could not\nbe delivered"));
        assert_eq!(found.map(|f| f.weight), Some(Weight::Strong));
        assert_eq!(read(&folded("we got your mail")), None);
    }
}
