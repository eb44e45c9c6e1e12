//! The stage of `odjava demo`: folders, clock, store, the real daemon run once at a time, and the post that
//! carries mails between the Maildirs. Knows no story.

use super::carrier::{CONFIG, RECORD};
use crate::cli::desk::{Desk, Place};
use crate::cli::{run, timeline};
use crate::clock::{Clock, VirtualClock};
use crate::daemon;
use crate::domain::Timestamp;
use crate::domain::address::{MessageId, Reference};
use crate::domain::schedule;
use crate::store::{CaseRow, OutboxKind};
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Zone of holder and carrier.
pub(super) const ZONE: chrono_tz::Tz = chrono_tz::Europe::Belgrade;

/// Everything that stands on it.
pub(super) struct Stage {
    /// The folder of it all.
    pub(super) folder: PathBuf,
    /// Config and store, as the commands use them.
    pub(super) desk: Desk,
    clock: Arc<VirtualClock>,
    parts: daemon::Parts,
    carried: BTreeSet<MessageId>,
    kept: u32,
}

/// A mail that left.
pub(super) struct Carried {
    /// To the holder or to the carrier.
    pub(super) is_nudge: bool,
    /// Its subject.
    pub(super) subject: String,
}

impl Stage {
    /// Sets the stage in a new or empty folder.
    pub(super) fn set(folder: &Path, at: Timestamp) -> anyhow::Result<Self> {
        if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("{} is not empty; name a new folder with --dir", folder.display());
        }
        for maildir in ["mailbox/inbox", "mailbox/inbox/.Sent", "mailbox/outgoing", "carrier"] {
            for part in ["cur", "new", "tmp"] {
                let path = folder.join(maildir).join(part);
                fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
            }
        }
        fs::create_dir_all(folder.join("mails"))?;
        fs::create_dir_all(folder.join("carriers"))?;
        fs::write(folder.join("odjava.toml"), CONFIG)?;
        fs::write(folder.join("carriers/dunavtel.toml"), RECORD)?;
        let clock = Arc::new(VirtualClock::new(at, 1));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let place = Place { config: Some(folder.join("odjava.toml")), clock: Arc::clone(&shared) };
        let desk = Desk::open(&place)?;
        let parts = run::parts(&desk.rules, &shared, daemon::start_store(desk.store.path())?)?;
        Ok(Self { folder: folder.to_owned(), desk, clock, parts, carried: BTreeSet::new(), kept: 0 })
    }

    /// The time on stage.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the time to a moment of the holder's clock.
    pub(super) fn wait_until(&self, month: u32, day: u32, hour: u32, minute: u32) -> anyhow::Result<()> {
        self.clock.set(moment(month, day, hour, minute)?);
        Ok(())
    }

    /// The case as it now is.
    pub(super) fn case(&mut self, reference: &Reference) -> anyhow::Result<CaseRow> {
        self.desk.case(reference)
    }

    /// Lets the daemon do all that is due, then lets the post carry what left. What left is returned.
    pub(super) fn work(&mut self, reference: &Reference) -> anyhow::Result<Vec<Carried>> {
        let store = self.desk.store.path().to_owned();
        run::block_on(daemon::run_once(self.parts.clone(), &store))??;
        let id = self.case(reference)?.id;
        let mails = self.desk.store.read(|tx| tx.mails_of_case(id))?;
        let mut left = Vec::new();
        for path in messages(&self.folder.join("mailbox/outgoing/new"))? {
            let raw = fs::read(&path)?;
            let mail = mails.iter().find(|m| m.raw == raw && !self.carried.contains(&m.message_id));
            left.extend(mail);
        }
        // In the order in which they were owed, which is that of cause and effect.
        left.sort_by_key(|m| m.id);
        let mut out = Vec::with_capacity(left.len());
        for mail in left {
            self.carried.insert(mail.message_id.clone());
            let is_nudge = mail.kind == OutboxKind::Nudge;
            let (to, label) = if is_nudge { ("mailbox/inbox", "to-you") } else { ("carrier", "to-carrier") };
            self.deliver(to, label, &mail.raw)?;
            out.push(Carried { is_nudge, subject: timeline::subject_of(&mail.raw) });
        }
        Ok(out)
    }

    /// Puts a mail into a Maildir, and a copy with a speaking name beside them.
    pub(super) fn deliver(&mut self, maildir: &str, label: &str, raw: &[u8]) -> anyhow::Result<()> {
        self.kept += 1;
        let at = self.now();
        let name = format!("{}.M{}P1.demo", at.timestamp(), self.kept);
        let maildir = self.folder.join(maildir);
        let (being_written, whole) = (maildir.join("tmp").join(&name), maildir.join("new").join(&name));
        fs::write(&being_written, raw)?;
        // Readers take the time of the file for the time of arrival.
        fs::File::options().write(true).open(&being_written)?.set_modified(at.into())?;
        fs::rename(&being_written, &whole)?;
        fs::write(self.folder.join("mails").join(format!("{:02}-{label}.eml", self.kept)), raw)?;
        Ok(())
    }

    /// Message-ID of the last mail that a server took.
    pub(super) fn last_sent(&mut self, reference: &Reference) -> anyhow::Result<Option<MessageId>> {
        Ok(self.case(reference)?.case.state.progress().last_sent.clone())
    }
}

/// A moment of 2026 on the holder's clock.
pub(super) fn moment(month: u32, day: u32, hour: u32, minute: u32) -> anyhow::Result<Timestamp> {
    let local = chrono::NaiveDate::from_ymd_opt(2026, month, day).and_then(|d| d.and_hms_opt(hour, minute, 0));
    Ok(schedule::instant_of(ZONE, local.context("a moment of the story does not exist")?))
}

fn messages(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
    paths.sort();
    Ok(paths)
}
