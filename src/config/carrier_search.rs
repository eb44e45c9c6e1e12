//! Finding a carrier or a regulator by what a person types: id, name, former name, misspelling, another script,
//! a phone number or the number of a card. Called by the cli; the records are in `carriers`.

use super::carriers::Directory;
use super::spelling;
use crate::domain::carrier::{CarrierProfile, Regulator, Sourced, fold_name};
use crate::domain::identity::{Iccid, Msisdn};

/// A carrier found, and what spoke for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'d> {
    /// The record.
    pub profile: &'d CarrierProfile,
    /// Why it was found.
    pub why: Why,
}

/// What a search text met. Earlier ones are surer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The id of the record.
    Id,
    /// Its name or one of its other names, whole.
    Name(String),
    /// The beginning or a part of a name.
    PartOfName(String),
    /// A name that is spelt nearly so.
    Misspelt(String),
    /// The card was issued by this network. A travel eSIM carries the number of some foreign issuer.
    IccidPrefix(String),
    /// The number was first given to this network; numbers are portable.
    MsisdnPrefix(String),
}

impl Why {
    /// Whether only a prefix of a number speaks for the carrier, which proves nothing about the contract.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        matches!(self, Self::IccidPrefix(_) | Self::MsisdnPrefix(_))
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id => f.write_str("its id"),
            Self::Name(name) => write!(f, "known as {name}"),
            Self::PartOfName(name) => write!(f, "part of the name {name}"),
            Self::Misspelt(name) => write!(f, "spelt nearly like {name}"),
            Self::IccidPrefix(prefix) => {
                write!(f, "issuer of cards {prefix}…; a reseller may be your contract partner")
            }
            Self::MsisdnPrefix(prefix) => {
                write!(f, "original network of {prefix}… only; the number may have been moved since")
            }
        }
    }
}

impl Directory {
    /// Finds carriers by id, name, alias, former name, misspelling, phone number or ICCID, best first. Guesses are
    /// made only where nothing is met surely: beside a sure hit they are noise.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Match<'_>> {
        let wanted = fold_name(text);
        if wanted.is_empty() {
            return Vec::new();
        }
        let by_id = self.get(text).or_else(|| self.get(&wanted.replace(' ', "-")));
        if let Some(profile) = by_id {
            return vec![Match { profile, why: Why::Id }];
        }
        let by = |why: &dyn Fn(&CarrierProfile) -> Option<Why>| -> Vec<Match<'_>> {
            self.all().filter_map(|profile| why(profile).map(|why| Match { profile, why })).collect()
        };
        let mut found = by(&|p| by_name(self.folded_names(&p.id), &wanted));
        if found.is_empty() {
            found = by(&|p| by_number(p, text).or_else(|| nearly(self.folded_names(&p.id), &wanted)));
        }
        found.sort_by(|a, b| rank(&a.why).cmp(&rank(&b.why)).then(a.profile.id.cmp(&b.profile.id)));
        found
    }

    /// Finds regulators by id, name, alias or the code of their country.
    #[must_use]
    pub fn find_regulators(&self, text: &str) -> Vec<&Regulator> {
        let wanted = fold_name(text);
        let is_met = |r: &Regulator| {
            let names = fold_all([&r.name, &r.short_name].into_iter().chain(&r.aliases).map(String::as_str));
            fold_name(&r.id) == wanted || (!wanted.is_empty() && by_name(&names, &wanted).is_some())
        };
        self.regulators().filter(|r| is_met(r)).collect()
    }

    /// The records that say of such a name that it is another company's: `Yettel Bank`, `MTS Russia`.
    #[must_use]
    pub fn told_apart(&self, text: &str) -> Vec<(&CarrierProfile, &Sourced)> {
        let wanted = fold_name(text);
        let long_enough = wanted.chars().count() >= 4;
        // `MTS (Russia, Belarus)` is met by `mts russia` and by `mts belarus`: every word has to be there.
        let met = |other: &Sourced| {
            let words = fold_name(&other.value.replace([',', ';', '(', ')', '.'], " "));
            long_enough && wanted.split(' ').all(|w| words.split(' ').any(|known| known == w))
        };
        self.all().flat_map(|p| p.not_the_same.iter().filter(|o| met(o)).map(move |o| (p, o))).collect()
    }
}

fn rank(why: &Why) -> u8 {
    match why {
        Why::Id => 0,
        Why::Name(_) => 1,
        Why::PartOfName(_) => 2,
        Why::Misspelt(_) => 3,
        Why::IccidPrefix(_) => 4,
        Why::MsisdnPrefix(_) => 5,
    }
}

/// Names, each beside its folded form.
pub(super) fn fold_all<'n>(names: impl Iterator<Item = &'n str>) -> Vec<(String, String)> {
    names.map(|name| (fold_name(name), name.to_owned())).collect()
}

/// The whole of a name, its beginning or a word of it.
fn by_name(names: &[(String, String)], wanted: &str) -> Option<Why> {
    let met = |test: &dyn Fn(&str) -> bool| names.iter().find(|(folded, _)| test(folded)).map(|(_, name)| name.clone());
    let long_enough = wanted.chars().count() >= 3 || !wanted.is_ascii();
    met(&|name| name == wanted).map(Why::Name).or_else(|| {
        met(&|name| long_enough && (name.starts_with(wanted) || name.split(' ').any(|w| w == wanted)))
            .map(Why::PartOfName)
    })
}

/// A name, or a word of one, that is spelt nearly so. A short word is nobody's misspelling: `orange es` is another
/// company than `orange sa`.
fn nearly(names: &[(String, String)], wanted: &str) -> Option<Why> {
    let allowed = spelling::tolerance(wanted.chars().count());
    let near = |word: &str| spelling::distance(word, wanted) <= allowed;
    let is_short = |word: &&str| word.chars().count() <= 3;
    let keeps_short_words = |name: &str| wanted.split(' ').filter(is_short).all(|w| name.split(' ').any(|n| n == w));
    let met = |(name, _): &&(String, String)| {
        (near(name) && keeps_short_words(name)) || name.split(' ').any(|word| !is_short(&word) && near(word))
    };
    names.iter().find(met).map(|(_, name)| Why::Misspelt(name.clone()))
}

/// By a whole number or the beginning of one: `064`, `+38164`, `0641234567`, `8938103`.
fn by_number(profile: &CarrierProfile, text: &str) -> Option<Why> {
    let prefixes = profile.prefixes.as_ref()?;
    let compact: String = text.chars().filter(char::is_ascii_digit).collect();
    if compact.len() < 3 || text.chars().any(char::is_alphabetic) {
        return None;
    }
    let met = |prefixes: &[String], number: &str| prefixes.iter().find(|p| number.starts_with(p.as_str())).cloned();
    if Iccid::parse(text).is_ok() || (compact.starts_with("89") && compact.len() >= 7) {
        return met(&prefixes.iccid, &compact).map(Why::IccidPrefix);
    }
    let code = profile.calling_code.as_deref();
    let whole = Msisdn::parse(text, code).ok().map(|n| n.as_str().to_owned());
    // Too short for a number: the beginning of one.
    let beginning = || match (text.trim().starts_with('+'), compact.strip_prefix("00"), compact.strip_prefix('0')) {
        (true, _, _) => Some(format!("+{compact}")),
        (false, Some(international), _) => Some(format!("+{international}")),
        (false, None, national) => Some(format!("+{}{}", code?, national?)),
    };
    met(&prefixes.msisdn, &whole.or_else(beginning)?).map(Why::MsisdnPrefix)
}
