//! Whether a phrase of confirmation confirms: what governs it (not, if, please, perhaps), what it is said of, and
//! whether every word around it is known. One word that nobody vouches for is reason enough to ask the holder.

use crate::domain::reply::Kind;
use crate::domain::reply::lexicon::{Guard, Guards, Rule, Sight, Span};
use crate::domain::reply::normalize::{Sentence, Text, Token, TokenKind};
use crate::domain::reply::scope::{self, Links};

/// Why a phrase of confirmation confirms nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Veto {
    Question,
    Condition,
    /// The customer is told to do something first.
    Order,
    Plea,
    Negation,
    Request,
    OtherThing,
    Suspended,
    Hedge,
    /// In the future, and no day is named.
    Undated,
    /// In the present tense, which confirms with a day only.
    NoDay,
}

impl Veto {
    /// Whether other words of the sentence may outweigh it: a hedge may belong to another matter, a negation not.
    pub fn is_soft(self) -> bool {
        matches!(self, Self::Hedge | Self::OtherThing | Self::Request | Self::Undated | Self::Condition | Self::Plea)
    }

    /// Its name in evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Condition => "condition",
            Self::Order => "order",
            Self::Plea => "plea",
            Self::Negation => "negation",
            Self::Request => "request",
            Self::OtherThing => "otherthing",
            Self::Suspended => "suspended",
            Self::Hedge => "hedge",
            Self::Undated => "undated",
            Self::NoDay => "noday",
        }
    }
}

/// A rule met at a place.
#[derive(Debug, Clone)]
pub(super) struct Hit<'l> {
    pub rule: &'l Rule,
    pub span: Span,
    pub veto: Option<Veto>,
    /// It stands in quotation marks as a whole: it is mentioned, not said.
    pub quoted: bool,
    /// How many words around it are in no vocabulary.
    pub strangers: Strangers,
}

/// Words around a phrase of confirmation that its language's vocabulary does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strangers {
    /// None in its sentence.
    None,
    /// Some in its sentence, none in its clause.
    InSentence,
    /// One in its clause.
    One,
    /// Several in its clause.
    Several,
}

impl<'l> Hit<'l> {
    /// All that the rules of a language find.
    pub fn all(sight: &Sight<'l, '_>) -> Vec<Self> {
        let found = sight.hits().into_iter();
        found
            .filter_map(|(number, span)| {
                Some(Hit {
                    rule: sight.language.rules.get(number)?,
                    span,
                    veto: None,
                    quoted: false,
                    strangers: Strangers::None,
                })
            })
            .collect()
    }

    /// Whether it is a clear confirmation that nothing takes back.
    pub fn confirms(&self) -> bool {
        self.rule.kind == Kind::Confirmed && self.veto.is_none() && !self.rule.loose
    }
}

/// Judges the phrases of confirmation of one language in one text.
pub(super) struct Judge<'a> {
    text: &'a Text,
    guards: &'a Guards,
    quotations: &'a [(usize, usize)],
    links: Links,
    /// Which tokens the vocabulary of the language holds; `None` when it has none.
    familiar: Option<Vec<bool>>,
}

impl<'a> Judge<'a> {
    pub fn new(
        sight: &'a Sight<'_, 'a>,
        guards: &'a Guards,
        quotations: &'a [(usize, usize)],
        names: &[String],
    ) -> Self {
        let text = sight.marked.text;
        let mut familiar = sight.familiar();
        for (known, token) in familiar.iter_mut().flatten().zip(&text.tokens) {
            // A letter by itself belongs to a number or an abbreviation.
            let letter = token.text.len() == 1;
            *known |= token.kind != TokenKind::Word || letter || names.contains(&token.text);
        }
        Self { text, guards, quotations, links: Links::of(sight), familiar }
    }

    /// Takes back the phrases that confirm nothing.
    pub fn judge(&self, hits: &mut [Hit<'_>]) {
        for hit in hits.iter_mut() {
            hit.quoted = scope::quoted(hit.span, self.text, self.quotations);
        }
        for hit in hits.iter_mut().filter(|h| h.rule.kind == Kind::Confirmed) {
            hit.veto = if hit.quoted {
                Some(Veto::Plea)
            } else {
                let narrowed = || self.links.narrowed(hit.span, self.text).then_some(Veto::OtherThing);
                self.governed(hit).or_else(narrowed)
            };
            hit.strangers = self.strangers(hit.span);
        }
        // "Ends on 30 November if the invoice is paid": money first, whatever else the sentence says.
        let money: Vec<usize> = hits
            .iter()
            .filter(|h| h.rule.kind == Kind::NeedsPayment && h.rule.weight >= 3)
            .filter_map(|h| self.sentence_number(h.span))
            .collect();
        for hit in hits.iter_mut().filter(|h| h.confirms()) {
            if self.sentence_number(hit.span).is_some_and(|s| money.contains(&s)) {
                hit.veto = Some(Veto::Condition);
            }
        }
        // "We have not cut the line and ended the contract": what is denied of one half is denied of the sentence.
        let denied: Vec<(usize, Veto)> = hits
            .iter()
            .filter(|h| !h.quoted && !h.rule.loose)
            .filter_map(|h| {
                let takes_all = |v: &Veto| matches!(v, Veto::Negation | Veto::Undated | Veto::Hedge | Veto::Plea);
                Some((self.sentence_number(h.span)?, h.veto.filter(takes_all)?))
            })
            .collect();
        for hit in hits.iter_mut().filter(|h| h.confirms()) {
            let sentence = self.sentence_number(hit.span);
            hit.veto = denied.iter().find(|(s, _)| Some(*s) == sentence).map(|(_, v)| *v);
        }
    }

    fn sentence_number(&self, span: Span) -> Option<usize> {
        self.text.tokens.get(span.first).map(|t| t.sentence)
    }

    fn spans(&self, guard: Guard) -> &[Span] {
        self.guards.get(&guard).map(Vec::as_slice).unwrap_or_default()
    }

    /// What governs a phrase of confirmation so that it confirms nothing.
    fn governed(&self, hit: &Hit<'_>) -> Option<Veto> {
        let first = self.text.tokens.get(hit.span.first)?;
        let last = self.text.tokens.get(hit.span.last.saturating_sub(1))?;
        let sentence = self.text.sentences.get(first.sentence)?;
        let within = |s: &Span| s.first >= sentence.first && s.last <= sentence.last;
        let clause_of = |s: &Span| self.text.tokens.get(s.first).map(|t| t.clause);
        let in_sentence = |g: Guard| self.spans(g).iter().any(within);
        let in_clause = |g: Guard| {
            let here = |s: &Span| clause_of(s).is_some_and(|c| (first.clause..=last.clause).contains(&c));
            self.spans(g).iter().any(|s| within(s) && here(s))
        };
        let before = |g: Guard, end: usize| {
            self.spans(g).iter().filter(|s| s.first >= sentence.first && s.last <= end).map(|s| s.first).next_back()
        };
        // "It is not, as you were told, so that the contract has ended": what governs a clause denies it from afar.
        let denied_above = before(Guard::That, hit.span.first).is_some_and(|at| before(Guard::Negator, at).is_some());
        let dated = self.tokens_of(sentence).iter().any(|t| matches!(t.kind, TokenKind::Date(_)));
        let checks = [
            (sentence.asks || in_sentence(Guard::Question), Veto::Question),
            (in_sentence(Guard::Condition), Veto::Condition),
            (before(Guard::Imperative, hit.span.first).is_some(), Veto::Order),
            (in_clause(Guard::Plea), Veto::Plea),
            (in_clause(Guard::Negator) || denied_above, Veto::Negation),
            (in_clause(Guard::Request), Veto::Request),
            (in_clause(Guard::OtherThing), Veto::OtherThing),
            (in_clause(Guard::Suspended), Veto::Suspended),
            (in_sentence(Guard::Hedge) || scope::alternative(hit.span, self.text, self.spans(Guard::Or)), Veto::Hedge),
            (in_clause(Guard::Future) && (!dated || in_sentence(Guard::ByDate)), Veto::Undated),
            (hit.rule.needs_date && (!dated || in_sentence(Guard::ByDate)), Veto::NoDay),
        ];
        checks.into_iter().find(|(met, _)| *met).map(|(_, veto)| veto)
    }

    fn tokens_of(&self, sentence: &Sentence) -> &[Token] {
        self.text.tokens.get(sentence.first..sentence.last).unwrap_or_default()
    }

    fn strangers(&self, span: Span) -> Strangers {
        let Some(familiar) = &self.familiar else { return Strangers::None };
        let tokens = &self.text.tokens;
        let (Some(first), Some(last)) = (tokens.get(span.first), tokens.get(span.last.saturating_sub(1))) else {
            return Strangers::Several;
        };
        let Some(sentence) = self.text.sentences.get(first.sentence) else { return Strangers::Several };
        let strange = |i: &usize| !familiar.get(*i).copied().unwrap_or(false);
        let clauses = first.clause..=last.clause;
        let in_clause = |i: &usize| tokens.get(*i).is_some_and(|t| clauses.contains(&t.clause));
        match (sentence.first..sentence.last).filter(strange).filter(in_clause).count() {
            0 if (sentence.first..sentence.last).any(|i| strange(&i)) => Strangers::InSentence,
            0 => Strangers::None,
            1 => Strangers::One,
            _ => Strangers::Several,
        }
    }
}
