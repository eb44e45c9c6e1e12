//! The rules and words of the configuration, as the engine asks for them: policy, domains that may answer,
//! nudges, and the letters that a case is opened with. Made once by cli and daemon; decides nothing itself.

mod plain_words;

use crate::config::account::Account;
use crate::config::carriers::Directory;
use crate::config::templates::{NudgeContext, Templates};
use crate::config::{Config, ConfigProblems, QuietHours};
use crate::domain::address::Reference;
use crate::domain::carrier::CarrierProfile;
use crate::domain::case::{Attachment, Case, Letter, Letters, Purpose, Question};
use crate::domain::draft::{AnswerKind, LetterFacts};
use crate::domain::effect::NudgeKind;
use crate::domain::identity::Line;
use crate::domain::policy::Policy;
use crate::domain::reply::Trust;
use crate::domain::{Timestamp, schedule};
use crate::engine::{self, EngineError, NudgeFacts, NudgeText, Rulebook};
use crate::store::LineKeys;
use chrono::Days;
use std::path::Path;
use std::sync::Arc;

/// Config, carrier directory and texts, loaded and checked.
#[derive(Debug)]
pub struct ConfiguredRules {
    /// `odjava.toml`.
    pub config: Arc<Config>,
    /// The carriers.
    pub directory: Directory,
    /// The texts.
    pub templates: Templates,
}

/// What a set of letters is rendered from.
#[derive(Debug, Clone)]
pub struct LetterSubject<'a> {
    /// What the case is called.
    pub reference: &'a Reference,
    /// The account it is sent from.
    pub account: &'a Account,
    /// To whom.
    pub carrier: &'a CarrierProfile,
    /// What letters call the carrier.
    pub carrier_name: &'a str,
    /// Language of the letters.
    pub language: &'a str,
    /// Whose line, as the carrier knows the name.
    pub holder_name: &'a str,
    /// Which line.
    pub line: &'a Line,
    /// What is enclosed with this letter.
    pub attachments: &'a [Attachment],
}

impl LetterSubject<'_> {
    fn facts(&self) -> LetterFacts {
        let holder = (self.holder_name, self.account.address.clone());
        let aid = &self.account.language;
        let mut facts = LetterFacts::new(self.carrier, self.language, aid, self.reference.clone(), holder, self.line);
        self.carrier_name.clone_into(&mut facts.carrier_name);
        facts.enclosed = self.attachments.iter().map(|a| a.file_name.clone()).collect();
        facts
    }
}

impl ConfiguredRules {
    /// Loads all that a config file names.
    ///
    /// # Errors
    /// Every problem of the config, or of the carrier records and templates, with file and line.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigProblems> {
        Self::of(Config::load(path, env)?)
    }

    /// Loads what a config, however it was made, names.
    ///
    /// # Errors
    /// Every problem of the carrier records and the templates.
    pub fn of(config: Config) -> Result<Self, ConfigProblems> {
        let directory = Directory::load(config.directory.carriers.as_deref());
        let templates = Templates::load(config.directory.templates.as_deref());
        match (directory, templates) {
            (Ok(directory), Ok(templates)) => Ok(Self { config: Arc::new(config), directory, templates }),
            (directory, templates) => {
                let problems = [directory.err(), templates.err()].into_iter().flatten().flat_map(|p| p.0);
                Err(ConfigProblems(problems.collect()))
            }
        }
    }

    /// The account of a case.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when it is not in the config (any more).
    pub fn account(&self, name: &str) -> Result<&Account, EngineError> {
        self.config
            .account(Some(name))
            .map_err(|e| EngineError::Rules(format!("{e}; put its section back into the config")))
    }

    /// The record of a case's carrier.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when it is not in the directory (any more).
    pub fn carrier(&self, id: &str) -> Result<&CarrierProfile, EngineError> {
        self.directory.get(id).ok_or_else(|| {
            EngineError::Rules(format!("there is no carrier `{id}` in the directory; put its record back"))
        })
    }

    /// Whom the reader of an account's mail believes.
    #[must_use]
    pub fn trust_of(&self, account: &Account) -> Trust {
        self.config.trust_for(account, self.directory.public_domains())
    }

    /// All letters of a case, with reading aids in the holder's language.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when a template fails or there is none in the language.
    pub fn letters(&self, subject: &LetterSubject<'_>) -> Result<Letters, EngineError> {
        self.templates.letters(&subject.facts()).map_err(|e| EngineError::Rules(e.to_string()))
    }

    /// An answer to a question of the carrier.
    ///
    /// # Errors
    /// [`EngineError::Rules`] when the template fails.
    pub fn answer(&self, kind: AnswerKind, subject: &LetterSubject<'_>, text: &str) -> Result<Letter, EngineError> {
        let text = Some(text.trim()).filter(|t| !t.is_empty());
        self.templates.answer(kind, &subject.facts(), text).map_err(|e| EngineError::Rules(e.to_string()))
    }

    /// The ways other than e-mail, one a line, when one of them is what the case needs.
    fn other_ways(&self, case: &Case) -> Option<String> {
        case.question().filter(|q| wants_another_way(*q))?;
        let ways = self.directory.get(&case.carrier)?.other_ways();
        Some(ways.join("\n")).filter(|list| !list.is_empty())
    }

    /// The language that letters are really written in when this one is asked for.
    #[must_use]
    pub fn letter_language(&self, asked: &str) -> String {
        self.templates.language_for(asked, Purpose::Request.name())
    }
}

impl Rulebook for ConfiguredRules {
    fn policy(&self, case: &Case) -> Result<Policy, EngineError> {
        Ok(self.config.policy_for(self.account(&case.account)?, self.carrier(&case.carrier)?))
    }

    fn line_keys(&self, case: &Case) -> LineKeys {
        let profile = self.directory.get(&case.carrier);
        LineKeys {
            carrier_domains: profile.map(|p| p.proving_domains().map(str::to_owned).collect()).unwrap_or_default(),
            public_domains: self.directory.public_domains(),
            country_code: profile.and_then(|p| p.calling_code.clone()),
        }
    }

    fn wants(&self, _account: &str, kind: NudgeKind) -> bool {
        match kind {
            NudgeKind::Sent => self.config.nudge.on_sent,
            NudgeKind::FollowedUp => self.config.nudge.on_followed_up,
            _ => true,
        }
    }

    fn nudge(&self, account: &str, facts: &NudgeFacts<'_>, now: Timestamp) -> Result<NudgeText, EngineError> {
        let account = self.account(account)?;
        let mut told = facts.facts.clone();
        if let Some(ways) = facts.case.and_then(|case| self.other_ways(case)) {
            told.entry("list".to_owned()).or_insert(ways);
        }
        // A letter that waits shows its slots as words, as `odjava draft` does.
        if let Some(text) = told.get_mut("text") {
            *text = engine::preview(text);
        }
        let context = NudgeContext {
            kind: Some(facts.kind),
            reference: facts.case.map(|c| c.reference.to_string()),
            carrier_name: facts.case.map(|c| c.carrier_name.clone()),
            line: facts.case.map(|c| c.line.label_masked()),
            question: facts.case.and_then(Case::question),
            facts: told,
        };
        let (subject, body) = self.templates.nudge(&account.language, &context).unwrap_or_else(|error| {
            tracing::warn!(%error, "a template failed; the holder is told in plain words");
            plain_words::nudge(facts, account)
        });
        Ok(NudgeText {
            from: account.address.clone(),
            to: account.nudge_to.clone().unwrap_or_else(|| account.address.clone()),
            subject,
            body,
            not_before: after_quiet_hours(self.config.nudge.quiet_hours, account.time_zone, now),
        })
    }
}

/// Whether the answer to a question may be to go another way than e-mail.
#[must_use]
pub fn wants_another_way(question: Question) -> bool {
    matches!(question, Question::OtherChannel | Question::NoAnswer | Question::Undeliverable)
}

/// The first instant from `now` on that lies outside the quiet hours.
fn after_quiet_hours(quiet: Option<QuietHours>, zone: chrono_tz::Tz, now: Timestamp) -> Timestamp {
    let here = now.with_timezone(&zone).naive_local();
    let Some(hours) = quiet.filter(|q| q.contains(here.time())) else { return now };
    let day = if here.time() < hours.to { here.date() } else { here.date() + Days::new(1) };
    schedule::instant_of(zone, day.and_time(hours.to)).max(now)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_nudge_of_the_night_leaves_in_the_morning() {
        let zone: chrono_tz::Tz = "Europe/Belgrade".parse().unwrap();
        let quiet = Some(QuietHours::parse("22:00-07:00").unwrap());
        let check = |now: &str, expected: &str| {
            let leaves = after_quiet_hours(quiet, zone, now.parse().unwrap());
            assert_eq!(leaves, expected.parse::<Timestamp>().unwrap(), "{now}");
        };
        check("2026-11-09T22:30:00Z", "2026-11-10T06:00:00Z");
        check("2026-11-10T03:00:00Z", "2026-11-10T06:00:00Z");
        check("2026-11-10T06:00:00Z", "2026-11-10T06:00:00Z");
        check("2026-11-10T12:00:00Z", "2026-11-10T12:00:00Z");
        assert_eq!(
            after_quiet_hours(None, zone, "2026-11-09T22:30:00Z".parse().unwrap()),
            "2026-11-09T22:30:00Z".parse::<Timestamp>().unwrap()
        );
    }
}
