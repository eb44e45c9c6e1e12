//! Cases, what recognises them, their journal and their timers.

use super::{StoreError, Tx, at, ms};
use crate::domain::address::{MessageId, Reference};
use crate::domain::case::{Case, Timer};
use crate::domain::decide::{Opening, serde_name};
use crate::domain::event::Event;
use crate::domain::identity::Line;
use crate::domain::policy::Policy;
use crate::domain::reply::{CaseDirectory, KnownCase};
use crate::domain::{Timestamp, decide};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;

/// Row id of a case. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId(pub i64);

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A case and where it lies.
#[derive(Debug, Clone)]
pub struct CaseRow {
    /// Its row.
    pub id: CaseId,
    /// The case.
    pub case: Case,
    /// Digest of the text a person was last shown; empty when none was.
    pub read_digest: String,
    /// Last change.
    pub updated_at: Timestamp,
}

/// One line of a journal.
#[derive(Debug, Clone)]
pub struct JournalLine {
    /// When.
    pub at: Timestamp,
    /// What happened; `None` for the opening.
    pub event: Option<Event>,
    /// The opening, on the first line.
    pub opening: Option<Opening>,
    /// Rules it was decided under; `None` for the opening.
    pub policy: Option<Policy>,
    /// State after it.
    pub state: String,
    /// Question after it, or empty.
    pub question: String,
}

/// Domains that may answer a case, from its carrier's record and from where the request went.
#[derive(Debug, Clone, Default)]
pub struct LineKeys {
    /// Domains of the record that only the carrier can send from.
    pub carrier_domains: Vec<String>,
    /// Public mailbox domains: the request may go there, but a domain of them proves nothing.
    pub public_domains: Vec<String>,
    /// Dial code of the carrier's country.
    pub country_code: Option<String>,
}

impl Tx<'_> {
    /// Adds a case that was just opened, with the first line of its journal.
    ///
    /// # Errors
    /// [`StoreError`] when the reference is taken or the file cannot be written.
    pub fn insert_case(&self, case: &Case, opening: &Opening, now: Timestamp) -> Result<CaseId, StoreError> {
        self.transaction.execute(
            "INSERT INTO cases (reference, account, carrier, state, is_open, next_action_at, json, opened_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, 1, 0, ?5, ?6, ?6)",
            params![case.reference.as_str(), case.account, case.carrier, case.state.name(), serde_json::to_string(case)?, ms(now)],
        )?;
        let id = CaseId(self.transaction.last_insert_rowid());
        self.transaction.execute(
            "INSERT INTO journal (case_id, at, event, policy_digest, state, question) VALUES (?1, ?2, ?3, '', ?4, '')",
            params![id.0, ms(now), serde_json::to_string(opening)?, case.state.name()],
        )?;
        Ok(id)
    }

    /// Writes a case as it now is, its recognition keys and its timers.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn save_case(&self, id: CaseId, case: &Case, keys: &LineKeys, now: Timestamp) -> Result<(), StoreError> {
        let timers = case.timers();
        let next = timers.iter().map(|(_, due)| ms(*due)).min().unwrap_or(0);
        self.transaction.prepare_cached(
            "UPDATE cases SET state = ?2, is_open = ?3, next_action_at = ?4, json = ?5, updated_at = ?6 WHERE id = ?1",
        )?.execute(params![
            id.0,
            case.state.name(),
            case.is_open(),
            next,
            serde_json::to_string(case)?,
            ms(now)
        ])?;
        self.transaction.prepare_cached("DELETE FROM timers WHERE case_id = ?1")?.execute([id.0])?;
        for (timer, due) in timers {
            self.transaction
                .prepare_cached("INSERT INTO timers (case_id, timer, due_at) VALUES (?1, ?2, ?3)")?
                .execute(params![id.0, timer.name(), ms(due)])?;
        }
        self.save_keys(id, case, keys)
    }

    fn save_keys(&self, id: CaseId, case: &Case, keys: &LineKeys) -> Result<(), StoreError> {
        let mut wanted: BTreeSet<(&str, String)> = BTreeSet::new();
        let domain = case.mails.first().map(|m| domain_of(m.message_id.as_str()));
        if let Some(domain) = domain {
            wanted.insert(("message_id", case.seed.thread_id(&case.reference, &domain).as_str().to_owned()));
        }
        wanted.extend(case.mails.iter().map(|m| ("message_id", m.message_id.as_str().to_owned())));
        wanted.extend(keys.carrier_domains.iter().map(|d| ("carrier_domain", d.to_lowercase())));
        let asked = case.recipients.iter().map(crate::domain::address::Address::domain);
        wanted.extend(asked.filter(|d| !keys.public_domains.contains(d)).map(|d| ("asked_domain", d)));
        wanted.extend(case.recipients.iter().map(|r| ("asked_address", r.as_str().to_lowercase())));
        wanted.extend(keys.country_code.iter().map(|c| ("country_code", c.clone())));
        wanted.extend(case.line.keys().into_iter().map(|k| ("line", k)));
        wanted.extend(case.documents.digests.iter().map(|d| ("document", d.clone())));
        let known: BTreeSet<(String, String)> = {
            let mut statement =
                self.transaction.prepare_cached("SELECT kind, value FROM case_keys WHERE case_id = ?1")?;
            let rows = statement.query_map([id.0], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect::<Result<_, _>>()?
        };
        for (kind, value) in &wanted {
            if !known.contains(&((*kind).to_owned(), value.clone())) {
                self.transaction
                    .prepare_cached("INSERT OR IGNORE INTO case_keys (case_id, kind, value) VALUES (?1, ?2, ?3)")?
                    .execute(params![id.0, kind, value])?;
            }
        }
        for (kind, value) in known.iter().filter(|(k, v)| !wanted.contains(&(k.as_str(), v.clone()))) {
            self.transaction.execute(
                "DELETE FROM case_keys WHERE case_id = ?1 AND kind = ?2 AND value = ?3",
                params![id.0, kind, value],
            )?;
        }
        Ok(())
    }

    /// Adds a line to the journal.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn append_journal(
        &self,
        id: CaseId,
        at: Timestamp,
        event: &Event,
        policy: &Policy,
        after: &Case,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_string(policy)?;
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, json.as_bytes()).as_ref(), 16);
        self.transaction
            .prepare_cached("INSERT OR IGNORE INTO policies (digest, json) VALUES (?1, ?2)")?
            .execute(params![digest, json])?;
        let question = after.question().map(|q| serde_name(&q)).unwrap_or_default();
        self.transaction
            .prepare_cached("INSERT INTO journal (case_id, at, event, policy_digest, state, question) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![id.0, ms(at), serde_json::to_string(event)?, digest, after.state.name(), question])?;
        Ok(())
    }

    /// The journal of a case, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn journal(&self, id: CaseId) -> Result<Vec<JournalLine>, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT j.at, j.event, j.policy_digest, coalesce(p.json, ''), j.state, j.question
             FROM journal j LEFT JOIN policies p ON p.digest = j.policy_digest WHERE j.case_id = ?1 ORDER BY j.id",
        )?;
        let mut rows = statement.query([id.0])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let event: String = row.get(1)?;
            let is_opening = row.get::<_, String>(2)?.is_empty();
            let policy: String = row.get(3)?;
            lines.push(JournalLine {
                at: at(row.get(0)?).unwrap_or_default(),
                event: if is_opening { None } else { Some(serde_json::from_str(&event)?) },
                opening: if is_opening { Some(serde_json::from_str(&event)?) } else { None },
                policy: if policy.is_empty() { None } else { Some(serde_json::from_str(&policy)?) },
                state: row.get(4)?,
                question: row.get(5)?,
            });
        }
        Ok(lines)
    }

    /// The case of a row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when there is none.
    pub fn case(&self, id: CaseId) -> Result<CaseRow, StoreError> {
        self.case_where("id = ?1", &id.0)?.ok_or_else(|| StoreError::Corrupt { what: format!("case {id} is missing") })
    }

    /// The case of a reference.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn case_by_reference(&self, reference: &Reference) -> Result<Option<CaseRow>, StoreError> {
        self.case_where("reference = ?1", &reference.as_str())
    }

    fn case_where(&self, condition: &'static str, value: &dyn rusqlite::ToSql) -> Result<Option<CaseRow>, StoreError> {
        // `condition` is one of two constants of this file; the value is a parameter.
        let sql = format!("SELECT id, json, read_digest, updated_at FROM cases WHERE {condition}");
        let row = self
            .transaction
            .prepare_cached(&sql)?
            .query_row([value], |r| {
                Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?))
            })
            .optional()?;
        row.map(|(id, json, read_digest, updated)| {
            Ok(CaseRow {
                id: CaseId(id),
                case: serde_json::from_str(&json)?,
                read_digest,
                updated_at: at(updated).unwrap_or_default(),
            })
        })
        .transpose()
    }

    /// All cases, newest first; only open ones when `open_only`.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn cases(&self, open_only: bool) -> Result<Vec<CaseRow>, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT id, json, read_digest, updated_at FROM cases WHERE is_open = 1 OR NOT ?1 ORDER BY id DESC",
        )?;
        let mut rows = statement.query([open_only])?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            cases.push(CaseRow {
                id: CaseId(row.get(0)?),
                case: serde_json::from_str(&row.get::<_, String>(1)?)?,
                read_digest: row.get(2)?,
                updated_at: at(row.get(3)?).unwrap_or_default(),
            });
        }
        Ok(cases)
    }

    /// Number of cases by state.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn count_by_state(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let mut statement =
            self.transaction.prepare_cached("SELECT state, count(*) FROM cases GROUP BY state ORDER BY state")?;
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers which text a person was shown.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn note_read(&self, id: CaseId, digest: &str) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE cases SET read_digest = ?2 WHERE id = ?1", params![id.0, digest])?;
        Ok(())
    }

    /// An open case of the same line at the same carrier, other than `except`.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn open_case_of_line(
        &self,
        carrier: &str,
        line: &Line,
        except: Option<CaseId>,
    ) -> Result<Option<Reference>, StoreError> {
        for key in line.keys() {
            let found: Option<String> = self
                .transaction
                .prepare_cached(
                    "SELECT c.reference FROM case_keys k JOIN cases c ON c.id = k.case_id
                     WHERE k.kind = 'line' AND k.value = ?1 AND c.carrier = ?2 AND c.is_open = 1 AND c.id <> ?3",
                )?
                .query_row(params![key, carrier, except.map_or(0, |c| c.0)], |r| r.get(0))
                .optional()?;
            if let Some(reference) = found.as_deref().and_then(Reference::parse) {
                return Ok(Some(reference));
            }
        }
        Ok(None)
    }

    /// Cases with an alarm due, earliest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn due_timers(&self, now: Timestamp, most: u32) -> Result<Vec<(CaseId, Timer)>, StoreError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT case_id, timer FROM timers WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?;
        let rows = statement.query_map(params![ms(now), most], |r| Ok((r.get(0)?, r.get::<_, String>(1)?)))?;
        let mut due = Vec::new();
        for row in rows {
            let (id, name) = row?;
            let timer = Timer::by_name(&name).ok_or_else(|| StoreError::Corrupt { what: format!("timer `{name}`") })?;
            due.push((CaseId(id), timer));
        }
        Ok(due)
    }

    /// The earliest alarm of all.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn next_timer_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = self.transaction.query_row("SELECT min(due_at) FROM timers", [], |r| r.get(0))?;
        Ok(next.and_then(at))
    }

    /// Puts off the alarms of a case that could not be decided, without touching the case.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn postpone_timers(&self, id: CaseId, until: Timestamp) -> Result<(), StoreError> {
        self.transaction
            .execute("UPDATE timers SET due_at = max(due_at, ?2) WHERE case_id = ?1", params![id.0, ms(until)])?;
        Ok(())
    }

    /// Since when mail of an account may concern a case: the opening of its oldest case that is open or
    /// watched for bills. `None` when there is no such case.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn watched_since(&self, account: &str) -> Result<Option<Timestamp>, StoreError> {
        let oldest: Option<i64> = self.transaction.query_row(
            "SELECT min(opened_at) FROM cases WHERE account = ?1 AND (is_open = 1 OR next_action_at <> 0 OR state = 'needs_you')",
            [account],
            |r| r.get(0),
        )?;
        Ok(oldest.and_then(at))
    }

    /// References of open cases of an account, at most `most`, latest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn open_references(&self, account: &str, most: u32) -> Result<Vec<String>, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT reference FROM cases WHERE account = ?1 AND is_open = 1 ORDER BY id DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![account, most], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a domain, or a parent of it, belongs to any case.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn knows_domain(&self, domain: &str) -> Result<bool, StoreError> {
        for parent in parents(domain) {
            let found: bool = self
                .transaction
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM case_keys WHERE kind IN ('carrier_domain', 'asked_domain') AND value = ?1)")?
                .query_row([parent], |r| r.get(0))?;
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a request went to this very address.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn knows_address(&self, address: &str) -> Result<bool, StoreError> {
        Ok(self
            .transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM case_keys WHERE kind = 'asked_address' AND value = ?1)")?
            .query_row([address.to_lowercase()], |r| r.get(0))?)
    }

    /// Stores a document under its digest and returns that.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn put_document(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref(), 32);
        self.transaction
            .execute("INSERT OR IGNORE INTO documents (digest, bytes) VALUES (?1, ?2)", params![digest, bytes])?;
        Ok(digest)
    }

    /// A document's bytes.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not there.
    pub fn document(&self, digest: &str) -> Result<Vec<u8>, StoreError> {
        self.transaction
            .query_row("SELECT bytes FROM documents WHERE digest = ?1", [digest], |r| r.get(0))
            .optional()?
            .ok_or_else(|| StoreError::Corrupt { what: "an attached document is missing".to_owned() })
    }

    /// Deletes a document for good, unless another case holds it too.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn delete_document(&self, digest: &str, case: CaseId) -> Result<(), StoreError> {
        self.transaction.execute(
            "DELETE FROM documents WHERE digest = ?1 AND NOT EXISTS
             (SELECT 1 FROM case_keys WHERE kind = 'document' AND value = ?1 AND case_id <> ?2)",
            params![digest, case.0],
        )?;
        Ok(())
    }

    fn known_case(&self, id: CaseId) -> Result<KnownCase, StoreError> {
        let row = self.case(id)?;
        let mut statement = self.transaction.prepare_cached("SELECT kind, value FROM case_keys WHERE case_id = ?1")?;
        let keys: Vec<(String, String)> =
            statement.query_map([id.0], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        let of = |kind: &str| keys.iter().filter(|(k, _)| k == kind).map(|(_, v)| v.clone()).collect::<Vec<_>>();
        Ok(KnownCase {
            reply_tag: Some(row.case.seed.reply_tag(&row.case.reference)),
            open: row.case.is_open(),
            message_ids: of("message_id").iter().filter_map(|m| MessageId::parse(m)).collect(),
            tickets: row.case.tickets.clone(),
            carrier_domains: of("carrier_domain"),
            asked_domains: of("asked_domain"),
            line: row.case.line.clone(),
            holder_name: row.case.holder_name.clone(),
            country_code: of("country_code").into_iter().next(),
            reference: row.case.reference,
        })
    }
}

impl CaseDirectory for Tx<'_> {
    type Error = StoreError;

    fn by_message_id(&self, id: &MessageId) -> Result<Option<KnownCase>, StoreError> {
        let found: Option<i64> = self
            .transaction
            .prepare_cached("SELECT case_id FROM case_keys WHERE kind = 'message_id' AND value = ?1")?
            .query_row([id.as_str()], |r| r.get(0))
            .optional()?;
        found.map(|c| self.known_case(CaseId(c))).transpose()
    }

    fn by_reference(&self, reference: &Reference) -> Result<Option<KnownCase>, StoreError> {
        let found = self.case_by_reference(reference)?;
        found.map(|row| self.known_case(row.id)).transpose()
    }

    fn by_domain(&self, domain: &str) -> Result<Vec<KnownCase>, StoreError> {
        let mut ids = BTreeSet::new();
        for parent in parents(domain) {
            let mut statement = self.transaction.prepare_cached(
                "SELECT DISTINCT c.id, c.is_open FROM case_keys k JOIN cases c ON c.id = k.case_id
                 WHERE k.kind IN ('carrier_domain', 'asked_domain') AND k.value = ?1 ORDER BY c.is_open DESC, c.id DESC LIMIT 200",
            )?;
            let rows = statement.query_map([parent], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, bool>(1)?)))?;
            for row in rows {
                let (id, open) = row?;
                ids.insert((!open, -id));
            }
        }
        ids.into_iter().take(200).map(|(_, id)| self.known_case(CaseId(-id))).collect()
    }
}

/// A domain and its parents down to two labels.
fn parents(domain: &str) -> Vec<String> {
    let lower = domain.to_lowercase();
    let labels: Vec<&str> = lower.split('.').collect();
    (0..labels.len().saturating_sub(1)).filter_map(|i| labels.get(i..).map(|l| l.join("."))).collect()
}

fn domain_of(id: &str) -> String {
    id.rsplit_once('@').map_or_else(String::new, |(_, d)| d.to_owned())
}

/// The first `bytes` bytes in lower-case hex.
fn hex(hash: &[u8], bytes: usize) -> String {
    hash.iter().take(bytes).map(|b| format!("{b:02x}")).collect()
}

/// Plays a journal again and returns the case it leads to.
///
/// # Errors
/// [`StoreError::Corrupt`] when the journal does not begin with an opening or holds an event that the
/// rules of its time refuse.
pub fn replay(lines: &[JournalLine]) -> Result<Case, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt { what: what.to_owned() };
    let mut lines = lines.iter();
    let first = lines.next().ok_or_else(|| corrupt("an empty journal"))?;
    let opening = first.opening.as_ref().ok_or_else(|| corrupt("a journal without its opening"))?;
    let mut case = decide::open(opening, first.at);
    for line in lines {
        if let (Some(event), Some(policy)) = (&line.event, &line.policy) {
            let decision = decide::decide(&case, event, policy, line.at)
                .map_err(|_| corrupt("a journal line that cannot have happened"))?;
            case = decision.next;
        }
    }
    Ok(case)
}
