//! Folded text to a kind with the words that decided it: phrases, what stands around them, and which kind wins.
//! The phrases themselves are data (`config/lexicon`). Not sure means `unclear`; any doubt about a confirmation does.

mod days;
mod judge;
mod lines;
mod opinion;

use super::concepts::{self, Concept};
use super::lexicon::{self, Language, Lexicon, Sight, Span};
use super::normalize::Text;
use super::scope;
use super::statistics::{self, Features};
use super::{EvidenceWords, Kind};
use crate::domain::Date;
use crate::domain::identity::Line;
use days::{effective_date, promised, returns_on};
use judge::{Hit, Judge, Strangers, Veto};
use lines::{Meant, names_ours, numbers_meant};
use opinion::Opinion;
use std::collections::HashMap;

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// The kind.
    pub kind: Kind,
    /// No other kind is near and no guard in the way.
    pub certain: bool,
    /// Stated end of the line, for a confirmation.
    pub effective_date: Option<Date>,
    /// Day by which something is promised.
    pub promised_date: Option<Date>,
    /// First day back of an absent person.
    pub returns_on: Option<Date>,
    /// An identity document is asked for.
    pub wants_id_document: bool,
    /// What decided.
    pub evidence: Vec<EvidenceWords>,
}

impl Classified {
    fn plain(kind: Kind, certain: bool) -> Self {
        Self {
            kind,
            certain,
            effective_date: None,
            promised_date: None,
            returns_on: None,
            wants_id_document: false,
            evidence: Vec::new(),
        }
    }
}

/// What the classifier knows besides the words.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The line the message was matched to.
    pub line: Option<&'a Line>,
    /// Headers say that a machine sent it.
    pub machine: bool,
    /// Sent to a list, or in bulk.
    pub bulk: bool,
    /// It belongs to a case.
    pub matched: bool,
    /// It answers a mail of ours, by its thread or its recipient.
    pub threaded: bool,
    /// The day on which the mail was written.
    pub today: Date,
    /// Folded words of names that anybody may name: the holder's, the sender's, those of the carrier's domain.
    pub names: &'a [String],
}

/// Places that may meet rules in one mail. No answer of a person has so many; reading them all would be slow.
const HITS_MAX: usize = 400;

/// What was found in a mail before anything is decided.
struct Scene<'l> {
    /// What the rules meet in the body, judged.
    hits: Vec<Hit<'l>>,
    /// What they meet in the subject, confirmations left out: nobody reads a subject as closely as a sentence.
    hints: Vec<Hit<'l>>,
    /// Where the words for requests and letters and those for a return stand.
    letters: Vec<Span>,
    returns: Vec<Span>,
    /// What the words mean, in their order.
    concepts: Vec<Concept>,
}

impl<'l> Scene<'l> {
    /// `None` when there is too much of everything.
    fn of(
        body: &Text,
        subject: &Text,
        lexicon: &Lexicon,
        languages: &[&'l Language],
        names: &[String],
    ) -> Option<Self> {
        let marked = lexicon.mark(body);
        let sights: Vec<Sight<'l, '_>> = languages.iter().map(|l| l.look(&marked)).collect();
        let mut found: Vec<(&Sight<'l, '_>, Vec<Hit<'l>>)> = sights.iter().map(|s| (s, Hit::all(s))).collect();
        if found.iter().map(|(_, hits)| hits.len()).sum::<usize>() > HITS_MAX {
            return None;
        }
        let guards = lexicon::guards(&sights);
        let quotations = scope::quotations(&body.source);
        for (sight, hits) in &mut found {
            Judge::new(sight, &guards, &quotations, names).judge(hits);
        }
        let hits = found.into_iter().flat_map(|(_, hits)| hits).collect();
        let marked_subject = lexicon.mark(subject);
        let hints = languages.iter().flat_map(|l| Hit::all(&l.look(&marked_subject)));
        Some(Self {
            hits,
            hints: hints.filter(|h| h.rule.kind != Kind::Confirmed).collect(),
            letters: sights.iter().flat_map(|s| [s.spans("request"), s.spans("letter")].concat()).collect(),
            returns: sights.iter().flat_map(|s| s.spans("back")).collect(),
            concepts: concepts::concepts(body, &sights),
        })
    }

    /// What there is for a confirmation, and where.
    fn standing(&self, body: &Text, line: Option<&Line>) -> Option<(Standing, Vec<Span>)> {
        let found = || self.hits.iter().filter(|h| h.rule.kind == Kind::Confirmed);
        let spans =
            |test: &dyn Fn(&Hit<'_>) -> bool| -> Vec<Span> { found().filter(|h| test(h)).map(|h| h.span).collect() };
        let (ground, places) = match found().filter(|h| h.confirms()).map(|h| h.strangers).min() {
            Some(strangers) => (Ground::Rule(strangers), spans(&|h| h.confirms())),
            None if found().any(|h| !h.rule.loose && h.veto.is_some_and(|v| !v.is_soft())) => return None,
            None => match spans(&|h| !h.rule.loose) {
                none if none.is_empty() => {
                    let mut loose = spans(&|h| h.veto.is_none());
                    loose.extend(concepts::ends_of_lines(body, &self.concepts));
                    (Ground::Words, loose)
                }
                taken_back => (Ground::TakenBack, taken_back),
            },
        };
        let standing = Standing {
            ground,
            doubted: self.hits.iter().any(doubts),
            contradicted: self.hits.iter().any(contradicts),
            names_ours: names_ours(body, &places, line),
        };
        (!places.is_empty()).then_some((standing, places))
    }

    fn features(&self, body: &Text, at: Circumstances<'_>) -> Features {
        let mut found: Vec<String> = Vec::new();
        for (place, list) in [("", &self.hits), ("subject ", &self.hints)] {
            // A clean confirmation is left out: the second reader judges it by its own lights, not by ours.
            let own = |h: &&Hit<'_>| !(h.rule.kind == Kind::Confirmed && h.veto.is_none());
            for hit in list.iter().filter(own) {
                let veto = hit.veto.map_or("", Veto::name);
                let loose = if hit.rule.loose { " loose" } else { "" };
                found.push(format!("{place}{} {}{loose} {veto}", hit.rule.kind.name(), hit.rule.weight));
            }
        }
        let circumstances = [(at.machine, "machine"), (at.bulk, "bulk"), (at.matched, "matched")];
        found.extend(circumstances.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()));
        statistics::features(body, &self.concepts, found.iter().map(String::as_str))
    }
}

/// What speaks for a confirmation before the second reader is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// A rule, with so many unknown words around it.
    Rule(Strangers),
    /// A rule whose words something milder takes back.
    TakenBack,
    /// No clear rule; loose ones, or a line and an end in one sentence.
    Words,
}

/// How well a confirmation stands, before the second reader is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    ground: Ground,
    /// Something else in the mail makes one wonder.
    doubted: bool,
    /// Something else in the mail says that it is none.
    contradicted: bool,
    /// Our line is named by its number.
    names_ours: bool,
}

/// What the second reader sees of a mail; for its training.
#[must_use]
pub fn features(
    body: &Text,
    subject: &Text,
    lexicon: &Lexicon,
    languages: &[&Language],
    at: Circumstances<'_>,
) -> Option<Features> {
    Scene::of(body, subject, lexicon, languages, at.names).map(|scene| scene.features(body, at))
}

/// Reads `body` (the author's own words) and `subject` (empty when it only repeats ours).
#[must_use]
pub fn classify(
    body: &Text,
    subject: &Text,
    lexicon: &Lexicon,
    languages: &[&Language],
    at: Circumstances<'_>,
) -> Classified {
    let Some(scene) = Scene::of(body, subject, lexicon, languages, at.names) else {
        return Classified::plain(Kind::Unclear, false);
    };
    let Scene { hits, hints, .. } = &scene;
    // What stands behind the end of the reading may take back what stands before it.
    if body.cut && hits.iter().any(|h| h.rule.kind == Kind::Confirmed) {
        return Classified::plain(Kind::Unclear, false);
    }
    let opinion = lexicon.second.as_ref().map(|s| Opinion::of(s.read(&scene.features(body, at))));
    let standing = if body.cut { None } else { scene.standing(body, at.line) };
    let confirmed = standing.map(|(standing, places)| (standing, confirmation(body, &scene, &places, standing, at)));
    let mut by_opinion = false;
    let mut out = match (confirmed, &opinion) {
        // Another line, or an old story: no opinion turns that into ours.
        (Some((_, Some(read))), _) if read.kind != Kind::Confirmed => read,
        (Some((standing, Some(read))), Some(opinion)) if opinion.bears(&standing) => {
            by_opinion = !matches!(standing.ground, Ground::Rule(_));
            Classified { certain: opinion.is_sure(&standing), ..read }
        }
        (Some((standing, Some(read))), None) if standing.bears_itself() => read,
        _ => {
            let read = without_confirmation(&scores(hits, hints, at), at);
            by_opinion = opinion.is_some();
            match &opinion {
                Some(opinion) => opinion.settle(read, body),
                None => read,
            }
        }
    };
    out.evidence = evidence(body, hits, subject, hints, out.kind);
    if let (Some(opinion), Some(table), true) = (opinion, &lexicon.second, by_opinion) {
        out.evidence.extend(opinion.evidence(body, &scene.concepts, table, out.kind));
    }
    out.wants_id_document = out.kind == Kind::NeedsInfo && hits.iter().any(|h| h.rule.id_document);
    match out.kind {
        Kind::Acknowledged => out.promised_date = promised(body, hits),
        Kind::AutoReply => out.returns_on = returns_on(body, &scene.returns),
        _ => {}
    }
    out
}

/// Kinds in the order in which they win when equally strong.
const PRECEDENCE: &[Kind] = &[
    Kind::NeedsPayment,
    Kind::NeedsOtherChannel,
    Kind::NeedsInfo,
    Kind::Refused,
    Kind::Retention,
    Kind::Billing,
    Kind::AutoReply,
    Kind::Acknowledged,
    Kind::Unrelated,
];

/// Strength of each kind but `confirmed`, 0 to 30.
fn scores(hits: &[Hit<'_>], hints: &[Hit<'_>], at: Circumstances<'_>) -> HashMap<Kind, u8> {
    let mut out: HashMap<Kind, u8> = HashMap::new();
    let mut raise = |kind: Kind, score: u8| {
        let entry = out.entry(kind).or_default();
        *entry = (*entry).max(score);
    };
    for hit in hits {
        let weight = hit.rule.weight * 10;
        match (hit.rule.kind, hit.veto) {
            (Kind::Confirmed, _) if hit.rule.loose => {}
            (Kind::Confirmed, None) => {}
            (Kind::Confirmed, Some(veto)) => match veto {
                Veto::Negation | Veto::Undated | Veto::NoDay | Veto::Suspended => raise(Kind::Acknowledged, 15),
                Veto::Hedge | Veto::Condition | Veto::Request => raise(Kind::Acknowledged, 8),
                Veto::Question | Veto::Order => raise(Kind::NeedsInfo, 8),
                Veto::OtherThing => raise(Kind::Unrelated, 15),
                Veto::Plea => {}
            },
            // An absence notice that a person sends by hand is still one, but machines write most of them.
            (Kind::AutoReply, _) => raise(Kind::AutoReply, weight + if at.machine { 5 } else { 0 }),
            // Money that is merely owed is a reminder, unless it is said in answer to our request.
            (Kind::NeedsPayment, _) if !at.threaded && weight < 30 => raise(Kind::Billing, weight),
            (kind, _) => raise(kind, weight),
        }
    }
    for hint in hints {
        raise(hint.rule.kind, hint.rule.weight * 5);
    }
    if at.bulk {
        raise(Kind::Unrelated, 7);
    }
    out
}

fn without_confirmation(scores: &HashMap<Kind, u8>, at: Circumstances<'_>) -> Classified {
    let best = PRECEDENCE.iter().filter_map(|k| scores.get(k).map(|s| (*k, *s))).fold(
        None,
        |best: Option<(Kind, u8)>, (k, s)| match best {
            Some((_, top)) if top >= s => best,
            _ => Some((k, s)),
        },
    );
    match best {
        Some((kind, score)) => Classified::plain(kind, score >= 10),
        // Nobody asked about a case: what says nothing about one is not about one.
        None if !at.matched => Classified::plain(Kind::Unrelated, false),
        None => Classified::plain(Kind::Unclear, false),
    }
}

/// Whether what was found elsewhere in the mail stands against any confirmation.
fn contradicts(hit: &Hit<'_>) -> bool {
    let speaks = match hit.rule.kind {
        Kind::Confirmed => hit.veto == Some(Veto::Negation) && !hit.rule.loose,
        Kind::NeedsPayment | Kind::NeedsInfo | Kind::NeedsOtherChannel | Kind::Refused | Kind::Retention => {
            hit.rule.weight >= 3
        }
        _ => false,
    };
    (speaks || hit.rule.pending) && !hit.quoted
}

/// Whether what was found elsewhere in the mail makes one wonder about a confirmation.
fn doubts(hit: &Hit<'_>) -> bool {
    match hit.rule.kind {
        Kind::Confirmed => {
            hit.veto.is_some_and(|v| !matches!(v, Veto::OtherThing | Veto::NoDay)) && !hit.quoted && !hit.rule.loose
        }
        Kind::NeedsPayment | Kind::NeedsInfo | Kind::NeedsOtherChannel | Kind::Refused | Kind::Retention => {
            hit.rule.weight >= 2
        }
        _ => false,
    }
}

/// What a mail with words of confirmation at `places` says, as far as lines and days tell; `None` where weak words
/// speak of another line: they say nothing of either.
fn confirmation(
    body: &Text,
    scene: &Scene<'_>,
    places: &[Span],
    standing: Standing,
    at: Circumstances<'_>,
) -> Option<Classified> {
    let by_rule = matches!(standing.ground, Ground::Rule(_));
    match numbers_meant(body, places, at.line) {
        Meant::Ours => {}
        _ if !by_rule => return None,
        Meant::OtherLine => return Some(Classified::plain(Kind::Unrelated, true)),
        Meant::Both => return Some(Classified::plain(Kind::Unclear, false)),
    }
    let mut out = Classified::plain(Kind::Confirmed, true);
    // "The contract has ended. Its last day would be ...": where the clear words name no day, those beside them may.
    let beside = || {
        let all = scene.hits.iter().filter(|h| h.rule.kind == Kind::Confirmed && !h.quoted);
        all.filter(|h| h.veto.is_none_or(Veto::is_soft)).map(|h| h.span).collect::<Vec<_>>()
    };
    out.effective_date =
        effective_date(body, places, &scene.letters).or_else(|| effective_date(body, &beside(), &scene.letters));
    let past = places.iter().all(|place| scope::tells_of_the_past(*place, body, at.today));
    if past || scope::unfilled(&body.source) || out.effective_date.is_some_and(|d| scope::implausible(d, at.today)) {
        return by_rule.then(|| Classified::plain(Kind::Unclear, false));
    }
    Some(out)
}

/// The words that decided, at most six pieces, those of the kind itself first.
fn evidence(body: &Text, hits: &[Hit<'_>], subject: &Text, hints: &[Hit<'_>], kind: Kind) -> Vec<EvidenceWords> {
    let piece = |text: &Text, hit: &Hit<'_>| EvidenceWords {
        words: text.words(hit.span.first, hit.span.last).split_whitespace().collect::<Vec<_>>().join(" "),
        rule: match hit.veto {
            Some(veto) => format!("{} but {}", hit.rule.name, veto.name()),
            None => hit.rule.name.clone(),
        },
    };
    let decided = |h: &&Hit<'_>| h.rule.kind == kind && h.veto.is_none();
    let mut shown: Vec<&Hit<'_>> = Vec::new();
    // Several rules, or one rule from several beginnings, often see the same words: they are shown once.
    for hit in hits.iter().filter(decided).chain(hits.iter().filter(|h| !decided(h))) {
        let overlaps = |s: &&Hit<'_>| s.span.first < hit.span.last && hit.span.first < s.span.last;
        if !shown.iter().any(overlaps) {
            shown.push(hit);
        }
    }
    let mut out: Vec<EvidenceWords> = shown.into_iter().map(|h| piece(body, h)).collect();
    out.extend(hints.iter().map(|h| piece(subject, h)));
    out.dedup();
    out.truncate(6);
    out
}
