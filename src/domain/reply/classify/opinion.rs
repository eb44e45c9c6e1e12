//! What the second reader thinks and what weight it has: it may speak against a confirmation and settle the kind of a
//! mail that the rules leave open. It never makes a confirmation.

use super::Classified;
use super::judge::{Hit, Veto};
use crate::domain::reply::normalize::Text;
use crate::domain::reply::statistics::{KIND_COUNT, KINDS};
use crate::domain::reply::{EvidenceWords, Kind};

/// A confirmation that the second reader finds less likely than this is none.
const CONFIRMED_MIN: f32 = 0.3;
/// The same when something in the mail makes one wonder.
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
    pub fn bears(&self, hits: &[Hit<'_>]) -> bool {
        let doubted = hits.iter().any(|h| match h.rule.kind {
            Kind::Confirmed => matches!(
                h.veto,
                Some(
                    Veto::Undated
                        | Veto::Hedge
                        | Veto::Suspended
                        | Veto::Condition
                        | Veto::Order
                        | Veto::Question
                        | Veto::Plea
                        | Veto::Request
                )
            ),
            Kind::NeedsPayment | Kind::NeedsInfo | Kind::NeedsOtherChannel | Kind::Refused | Kind::Retention => {
                h.rule.weight >= 2
            }
            _ => false,
        });
        self.on(Kind::Confirmed) >= if doubted { DOUBTED_MIN } else { CONFIRMED_MIN }
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
