//! What the second reader thinks and what weight it has: it may speak against a confirmation and settle the kind of a
//! mail that the rules leave open. It never makes a confirmation.

use super::judge::Strangers;
use super::{Classified, Ground, Standing};
use crate::domain::reply::concepts::Concept;
use crate::domain::reply::normalize::{Text, TokenKind};
use crate::domain::reply::statistics::{KIND_COUNT, KINDS, Statistics};
use crate::domain::reply::{EvidenceWords, Kind};

/// A confirmation in known words that the second reader finds less likely than this is none.
const KNOWN_MIN: f32 = 0.75;
/// The same where they name our line by its number: more likely than all other kinds together.
const OURS_MIN: f32 = 0.5;
/// The same when something else in the mail makes one wonder.
const DOUBTED_MIN: f32 = 0.85;
/// The same with unknown words in its sentence, and with some in its clause.
const NEARBY_MIN: f32 = 0.9;
const STRANGERS_MIN: f32 = 0.98;
/// The same for words that something milder takes back, and where no rule speaks.
const TAKEN_BACK_MIN: f32 = 0.96;
const WORDS_MIN: f32 = 0.95;
/// The same when something else in the mail speaks against it.
const CONTRADICTED_MIN: f32 = 0.95;
/// Without a clear rule it takes this to end a case without asking the holder.
const SURE_MIN: f32 = 0.97;
/// A kind that is less likely than this among the kinds it may settle is left open.
const SETTLED_MIN: f32 = 0.45;
/// The same for what would be put away unseen and no rule knows.
const UNHEARD_OF_MIN: f32 = 0.96;
/// A text of fewer words is not judged by examples alone.
const WORDS_FEW: usize = 3;
/// Words of evidence shown of one sentence.
const SHOWN_MAX: usize = 160;

/// Probabilities of the kinds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opinion([f32; KIND_COUNT]);

impl Standing {
    /// Whether it stands where there is no second reader.
    pub fn bears_itself(&self) -> bool {
        matches!(self.ground, Ground::Rule(Strangers::None)) && !self.contradicted && !self.doubted
    }
}

impl Opinion {
    pub fn of(read: [f32; KIND_COUNT]) -> Self {
        Self(read)
    }

    fn on(&self, kind: Kind) -> f32 {
        KINDS.iter().position(|k| *k == kind).and_then(|i| self.0.get(i).copied()).unwrap_or(0.0)
    }

    /// Whether a confirmation may stand.
    pub fn bears(&self, standing: &Standing) -> bool {
        let clear = standing.ground == Ground::Rule(Strangers::None) && !standing.doubted && !standing.contradicted;
        let floor = match standing.ground {
            // It cannot tell our number from others', and takes some for another line's.
            _ if clear && standing.names_ours => OURS_MIN,
            Ground::Rule(Strangers::None) => KNOWN_MIN,
            Ground::Rule(Strangers::InSentence) => NEARBY_MIN,
            Ground::Rule(Strangers::One | Strangers::Several) => STRANGERS_MIN,
            Ground::TakenBack => TAKEN_BACK_MIN,
            Ground::Words => WORDS_MIN,
        };
        let floor = if standing.doubted { floor.max(DOUBTED_MIN) } else { floor };
        self.on(Kind::Confirmed) >= if standing.contradicted { floor.max(CONTRADICTED_MIN) } else { floor }
    }

    /// Whether a confirmation that stands needs no look of the holder's.
    pub fn is_sure(&self, standing: &Standing) -> bool {
        let clear = matches!(standing.ground, Ground::Rule(_)) && !standing.contradicted;
        clear || self.on(Kind::Confirmed) >= SURE_MIN
    }

    /// The kind of a mail that is no confirmation: `read` is the guess of the rules, who are not overruled where there
    /// is hardly a word to go by.
    pub fn settle(&self, read: Classified, body: &Text) -> Classified {
        let words = body.tokens.iter().filter(|t| t.kind == TokenKind::Word).take(WORDS_FEW).count();
        if words < WORDS_FEW && read.kind == Kind::Unclear {
            return read;
        }
        let others = KINDS.iter().filter(|k| **k != Kind::Confirmed);
        let Some(best) = others.max_by(|a, b| self.on(**a).total_cmp(&self.on(**b))).copied() else { return read };
        let rest = 1.0 - self.on(Kind::Confirmed);
        // It looks like a confirmation that no rule knows well: a person should see that.
        if self.on(Kind::Confirmed) > self.on(best) {
            return Classified::plain(Kind::Unclear, false);
        }
        // What is called unrelated is put away; without a rule that says so, that takes more.
        let unheard_of = best == Kind::Unrelated && read.kind == Kind::Unclear;
        if self.on(best) >= if unheard_of { UNHEARD_OF_MIN } else { SETTLED_MIN } * rest {
            return Classified::plain(best, self.on(best) >= 2.0 * SETTLED_MIN * rest || read.kind == best);
        }
        read
    }

    /// Its share in the evidence: the sentence that speaks most for the kind.
    pub fn evidence(&self, body: &Text, concepts: &[Concept], table: &Statistics, kind: Kind) -> Option<EvidenceWords> {
        let number = table.strongest_sentence(body, concepts, KINDS.iter().position(|k| *k == kind)?)?;
        let sentence = body.sentences.get(number)?;
        let words = body.words(sentence.first, sentence.last).split_whitespace().collect::<Vec<_>>().join(" ");
        let percent = (self.on(kind) * 100.0).round();
        Some(EvidenceWords {
            words: words.chars().take(SHOWN_MAX).collect(),
            rule: format!("statistics.{} {percent} %", kind.name()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Certain of one kind, what is left shared by the rest.
    fn sure_of(kind: usize, share: f32) -> Opinion {
        let rest = (1.0 - share) / (KIND_COUNT - 1) as f32;
        let mut read = [rest; KIND_COUNT];
        read[kind] = share;
        Opinion::of(read)
    }

    #[test]
    fn no_opinion_makes_a_confirmation() {
        for kind in 0..KIND_COUNT {
            for share in [0.1, 0.3, 0.5, 0.9, 1.0] {
                for open in KINDS.iter().filter(|k| **k != Kind::Confirmed).chain([&Kind::Unclear]) {
                    let settled = sure_of(kind, share).settle(Classified::plain(*open, false), &Text::default());
                    assert_ne!(settled.kind, Kind::Confirmed, "{kind} {share} {open:?}");
                }
            }
        }
    }

    #[test]
    fn what_looks_confirmed_to_it_alone_is_left_to_the_holder() {
        let settled = sure_of(0, 0.9).settle(Classified::plain(Kind::Unclear, false), &Text::default());
        assert_eq!((settled.kind, settled.certain), (Kind::Unclear, false));
    }

    #[test]
    fn the_bar_for_a_confirmation_rises_with_strangers_doubts_and_weaker_words() {
        let check = |ground, contradicted, share, expected| {
            let standing = Standing { ground, doubted: false, contradicted, names_ours: false };
            assert_eq!(sure_of(0, share).bears(&standing), expected, "{standing:?} {share}");
        };
        check(Ground::Rule(Strangers::None), false, 0.8, true);
        check(Ground::Rule(Strangers::None), false, 0.4, false);
        check(Ground::Rule(Strangers::None), true, 0.9, false);
        check(Ground::Rule(Strangers::None), true, 0.96, true);
        check(Ground::Rule(Strangers::InSentence), false, 0.85, false);
        check(Ground::Rule(Strangers::One), false, 0.95, false);
        check(Ground::Rule(Strangers::Several), false, 0.99, true);
        check(Ground::TakenBack, false, 0.9, false);
        check(Ground::Words, false, 0.9, false);
        check(Ground::Words, false, 0.96, true);
    }

    #[test]
    fn our_number_in_a_clear_rule_lowers_the_bar_but_not_below_the_half() {
        let check = |ground, doubted, share, expected| {
            let standing = Standing { ground, doubted, contradicted: false, names_ours: true };
            assert_eq!(sure_of(0, share).bears(&standing), expected, "{standing:?} {share}");
        };
        check(Ground::Rule(Strangers::None), false, 0.6, true);
        check(Ground::Rule(Strangers::None), false, 0.4, false);
        check(Ground::Rule(Strangers::None), true, 0.6, false);
        check(Ground::Rule(Strangers::InSentence), false, 0.6, false);
        check(Ground::Words, false, 0.6, false);
    }

    #[test]
    fn weak_words_end_no_case_unless_the_second_reader_is_sure() {
        let check = |ground, contradicted, share, expected| {
            let standing = Standing { ground, doubted: false, contradicted, names_ours: false };
            assert_eq!(sure_of(0, share).is_sure(&standing), expected, "{standing:?} {share}");
        };
        check(Ground::Rule(Strangers::None), false, 0.86, true);
        check(Ground::Rule(Strangers::None), true, 0.96, false);
        check(Ground::Words, false, 0.96, false);
        check(Ground::Words, false, 0.98, true);
    }
}
