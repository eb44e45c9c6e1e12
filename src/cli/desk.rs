//! The opened config and store that commands work with, and the one way in which an act of the holder is
//! applied. Knows no command.

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::domain::address::Reference;
use crate::domain::event::Event;
use crate::engine::{Engine, EngineError};
use crate::rulebook::ConfiguredRules;
use crate::store::{CaseRow, Store, Tx};
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a command finds its config, and its time.
pub(super) struct Place {
    /// `--config`.
    pub(super) config: Option<PathBuf>,
    /// Time and randomness.
    pub(super) clock: Arc<dyn Clock>,
}

/// The machine's clock.
pub(super) fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The environment of the process.
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Place {
    /// The config file: as given, or where it usually lies.
    pub(super) fn config_path(&self) -> anyhow::Result<PathBuf> {
        self.config
            .clone()
            .or_else(|| Config::usual_path(&env))
            .context("neither XDG_CONFIG_HOME nor HOME is set: name the config file with --config PATH")
    }

    /// Config, directory and texts.
    pub(super) fn rules(&self) -> anyhow::Result<ConfiguredRules> {
        Ok(ConfiguredRules::load(&self.config_path()?, &env)?)
    }
}

/// Everything a command on cases needs.
pub(super) struct Desk {
    /// Rules and words.
    pub(super) rules: Arc<ConfiguredRules>,
    /// The store.
    pub(super) store: Store,
    /// Time and randomness.
    pub(super) clock: Arc<dyn Clock>,
}

impl Desk {
    /// Reads the config and opens its store.
    pub(super) fn open(place: &Place) -> anyhow::Result<Self> {
        let rules = Arc::new(place.rules()?);
        let store = Store::open(&rules.config.store.path)?;
        Ok(Self { rules, store, clock: Arc::clone(&place.clock) })
    }

    /// The engine over these rules, and the store beside it.
    pub(super) fn parts(&mut self) -> (Engine<'_>, &ConfiguredRules, &mut Store) {
        (Engine { rules: self.rules.as_ref(), clock: self.clock.as_ref() }, &self.rules, &mut self.store)
    }

    /// The case of a reference.
    pub(super) fn case(&mut self, reference: &Reference) -> anyhow::Result<CaseRow> {
        self.store.read(|tx| find(tx, reference))
    }

    /// Applies one event to a case.
    pub(super) fn apply(&mut self, reference: &Reference, event: &Event) -> anyhow::Result<CaseRow> {
        let (engine, _, store) = self.parts();
        store.transaction(|tx| {
            let row = find(tx, reference)?;
            Ok(engine.apply(tx, row.id, event)?)
        })
    }

    /// Notes that the text that now waits for approval was shown.
    pub(super) fn note_shown(&mut self, row: &CaseRow) -> anyhow::Result<()> {
        let (engine, _, store) = self.parts();
        if let Some(digest) = engine.approval_digest(&row.case)? {
            store.transaction(|tx| tx.note_read(row.id, &digest).map_err(EngineError::from))?;
        }
        Ok(())
    }
}

/// The case of a reference, or a word on where to look.
pub(super) fn find(tx: &Tx<'_>, reference: &Reference) -> anyhow::Result<CaseRow> {
    tx.case_by_reference(reference)?
        .with_context(|| format!("there is no case {reference}; `odjava list --all` shows those there are"))
}
