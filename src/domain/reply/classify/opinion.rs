//! What the second reader thinks and what weight it has: it may speak against a confirmation and settle the kind of a
//! mail that the rules leave open. It never makes a confirmation.

use super::judge::Strangers;
use super::{Classified, Standing};
use crate::domain::reply::normalize::Text;
use crate::domain::reply::statistics::{KIND_COUNT, KINDS};
use crate::domain::reply::{EvidenceWords, Kind};

/// A confirmation in known words that the second reader finds less likely than this is none.
const KNOWN_MIN: f32 = 0.05;
/// The same with unknown words in its sentence, with one in its clause, with several there.
const NEARBY_MIN: f32 = 0.4;
const ONE_STRANGER_MIN: f32 = 0.7;
const STRANGERS_MIN: f32 = 0.9;
/// The same when something else in the mail makes one wonder.
const DOUBTED_MIN: f32 = 0.6;
/// A kind that is less likely than this among the kinds it may settle is left open.
const SETTLED_MIN: f32 = 0.45;
/// Words of evidence shown of one sentence.
const SHOWN_MAX: usize = 160;

/// Probabilities of the kinds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opinion([f32; KIND_COUNT]);

impl Opinion {
    pub fn of(read: [f32; KIND_COUNT]) -> Self {
        Self(read)
    }

    fn on(&self, kind: Kind) -> f32 {
        KINDS.iter().position(|k| *k == kind).and_then(|i| self.0.get(i).copied()).unwrap_or(0.0)
    }

    /// Whether a confirmation that the rules found may stand.
    pub fn bears(&self, standing: &Standing) -> bool {
        let floor = match standing.strangers {
            Strangers::None => KNOWN_MIN,
            Strangers::InSentence => NEARBY_MIN,
            Strangers::One => ONE_STRANGER_MIN,
            Strangers::Several => STRANGERS_MIN,
        };
        self.on(Kind::Confirmed) >= if standing.doubted { floor.max(DOUBTED_MIN) } else { floor }
    }

    /// The kind of a mail that the rules leave open: `read` is their guess.
    pub fn settle(&self, read: Classified) -> Classified {
        let others = KINDS.iter().filter(|k| **k != Kind::Confirmed);
        let Some(best) = others.max_by(|a, b| self.on(**a).total_cmp(&self.on(**b))).copied() else { return read };
        let rest = 1.0 - self.on(Kind::Confirmed);
        // It looks like a confirmation that no rule knows: a person should see that.
        if self.on(Kind::Confirmed) > self.on(best) && read.kind != best {
            return Classified::plain(Kind::Unclear, false);
        }
        if self.on(best) >= SETTLED_MIN * rest {
            return Classified::plain(best, self.on(best) >= 2.0 * SETTLED_MIN * rest || read.kind == best);
        }
        read
    }

    /// Its share in the evidence.
    pub fn evidence(&self, body: &Text, kind: Kind) -> Option<EvidenceWords> {
        let sentence = body.sentences.first()?;
        let words = body.words(sentence.first, sentence.last).split_whitespace().collect::<Vec<_>>().join(" ");
        let percent = (self.on(kind) * 100.0).round();
        (kind != Kind::Unclear).then(|| EvidenceWords {
            words: words.chars().take(SHOWN_MAX).collect(),
            rule: format!("statistics.{} {percent} %", kind.name()),
        })
    }
}
