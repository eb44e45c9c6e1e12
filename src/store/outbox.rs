//! Mails owed: final bytes, claimed before they are handed over, settled afterwards, never deleted.

use super::{CaseId, StoreError, Tx, at, ms};
use crate::domain::Timestamp;
use crate::domain::address::{Address, MessageId};
use rusqlite::{OptionalExtension, Row, params};

/// To whom a mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxKind {
    /// To the carrier: never twice, a doubt goes to the holder.
    Carrier,
    /// To the holder.
    Nudge,
}

impl OutboxKind {
    fn name(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Nudge => "nudge",
        }
    }
}

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxStatus {
    /// Owed, not handed over.
    Queued,
    /// Being handed over: if found after a crash, its fate is unknown.
    Claimed,
    /// Taken by a server.
    Sent,
    /// Taken back.
    Cancelled,
    /// Nobody knows; the holder was asked.
    Unknown,
}

impl OutboxStatus {
    /// The name in the store and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        [Self::Queued, Self::Claimed, Self::Sent, Self::Cancelled, Self::Unknown].into_iter().find(|s| s.name() == name)
    }
}

/// A mail to be owed.
#[derive(Debug, Clone)]
pub struct NewOutgoing<'a> {
    /// The case; `None` for a mail about an account.
    pub case: Option<CaseId>,
    /// Account that sends it.
    pub account: &'a str,
    /// To whom.
    pub kind: OutboxKind,
    /// What it is for; the same cause of the same case is owed once.
    pub cause: &'a str,
    /// Its Message-ID.
    pub message_id: &'a MessageId,
    /// Envelope sender.
    pub sender: &'a Address,
    /// Envelope recipient.
    pub recipient: &'a Address,
    /// The bytes.
    pub raw: &'a [u8],
    /// Not to leave before.
    pub not_before: Timestamp,
}

/// A mail owed.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Row id.
    pub id: i64,
    /// The case, if it is about one.
    pub case: Option<CaseId>,
    /// Account that sends it.
    pub account: String,
    /// To whom.
    pub kind: OutboxKind,
    /// What it is for.
    pub cause: String,
    /// Its Message-ID.
    pub message_id: MessageId,
    /// Envelope sender.
    pub sender: Address,
    /// Envelope recipient.
    pub recipient: Address,
    /// The bytes.
    pub raw: Vec<u8>,
    /// How far it is.
    pub status: OutboxStatus,
    /// Not to leave before.
    pub not_before: Timestamp,
    /// Attempts so far.
    pub attempts: u32,
    /// What the last failure said.
    pub last_error: String,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// When it became owed.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, case_id, account, kind, cause, message_id, sender, recipient, raw, status, not_before, attempts, last_error, settled_at, created_at";

fn row_of(row: &Row<'_>) -> Result<OutboxRow, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt { what: format!("outbox, {what}") };
    let case: i64 = row.get(1)?;
    let kind: String = row.get(3)?;
    let address = |text: String| Address::parse(&text).map_err(|_| corrupt("address"));
    Ok(OutboxRow {
        id: row.get(0)?,
        case: (case != 0).then_some(CaseId(case)),
        account: row.get(2)?,
        kind: if kind == "nudge" { OutboxKind::Nudge } else { OutboxKind::Carrier },
        cause: row.get(4)?,
        message_id: MessageId::parse(&row.get::<_, String>(5)?).ok_or_else(|| corrupt("message id"))?,
        sender: address(row.get(6)?)?,
        recipient: address(row.get(7)?)?,
        raw: row.get(8)?,
        status: OutboxStatus::by_name(&row.get::<_, String>(9)?).ok_or_else(|| corrupt("status"))?,
        not_before: at(row.get(10)?).unwrap_or_default(),
        attempts: row.get(11)?,
        last_error: row.get(12)?,
        settled_at: at(row.get(13)?),
        created_at: at(row.get(14)?).unwrap_or_default(),
    })
}

impl Tx<'_> {
    /// Owes a mail. A mail of the same case and cause is owed once: `false` when it already was.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn owe(&self, mail: &NewOutgoing<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let added = self.transaction.execute(
            "INSERT INTO outbox (case_id, account, kind, cause, message_id, sender, recipient, raw, status, not_before, copy_state, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'queued', ?9, 'none', ?10)
             ON CONFLICT (account, case_id, kind, cause) DO NOTHING",
            params![
                mail.case.map_or(0, |c| c.0),
                mail.account,
                mail.kind.name(),
                mail.cause,
                mail.message_id.as_str(),
                mail.sender.as_str(),
                mail.recipient.as_str(),
                mail.raw,
                ms(mail.not_before),
                ms(now)
            ],
        )?;
        Ok(added == 1)
    }

    /// Mails that may leave now: those to a carrier first, then the earliest.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn due_mails(&self, account: &str, now: Timestamp, most: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_where(
            "status = 'queued' AND account = ?1 AND not_before <= ?2 ORDER BY kind, not_before, id LIMIT ?3",
            params![account, ms(now), most],
        )
    }

    /// Mails whose handing over was begun and never settled: what a crash leaves behind.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn claimed_mails(&self, account: &str) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_where("status = 'claimed' AND account = ?1 ORDER BY id", params![account])
    }

    /// Mails that a server took and whose copy is not in the Sent folder yet.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn copies_owed(&self, account: &str, most: u32) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_where("copy_state = 'owed' AND account = ?1 ORDER BY id LIMIT ?2", params![account, most])
    }

    /// Mails of a case, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn mails_of_case(&self, case: CaseId) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_where("case_id = ?1 ORDER BY id", params![case.0])
    }

    /// Mails owed or in doubt, for `status` and `list`.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn owed_mails(&self) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_where("status IN ('queued', 'claimed') ORDER BY id", params![])
    }

    fn outbox_where(&self, rest: &'static str, values: impl rusqlite::Params) -> Result<Vec<OutboxRow>, StoreError> {
        let mut statement = self.transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE {rest}"))?;
        let mut rows = statement.query(values)?;
        let mut mails = Vec::new();
        while let Some(row) = rows.next()? {
            mails.push(row_of(row)?);
        }
        Ok(mails)
    }

    /// The mail of a Message-ID.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn mail_by_id(&self, id: &MessageId) -> Result<Option<OutboxRow>, StoreError> {
        Ok(self.outbox_where("message_id = ?1", params![id.as_str()])?.into_iter().next())
    }

    /// When the next owed mail may leave.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn next_mail_at(&self, account: &str) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = self.transaction.query_row(
            "SELECT min(not_before) FROM outbox WHERE status = 'queued' AND account = ?1",
            [account],
            |r| r.get(0),
        )?;
        Ok(next.and_then(at))
    }

    /// When the last mails to carriers at a domain left after `since`, or will leave: at most `most` of each.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn turns_taken(
        &self,
        account: &str,
        domain: &str,
        since: Timestamp,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let of_domain = "kind = 'carrier' AND lower(substr(recipient, instr(recipient, '@') + 1)) = ?2";
        let sql = format!(
            "SELECT * FROM (SELECT settled_at FROM outbox WHERE account = ?1 AND settled_at > ?3 AND status = 'sent'
                            AND {of_domain} ORDER BY settled_at DESC LIMIT ?5)
             UNION ALL
             SELECT * FROM (SELECT not_before FROM outbox WHERE status = 'queued' AND account = ?1 AND not_before > ?4
                            AND {of_domain} ORDER BY not_before DESC LIMIT ?5)
             UNION ALL
             SELECT ?4 FROM outbox WHERE status IN ('claimed', 'unknown') AND account = ?1 AND {of_domain}"
        );
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let rows = statement.query_map(params![account, domain, ms(since), ms(now), most], |r| r.get::<_, i64>(0))?;
        let mut taken = Vec::new();
        for row in rows {
            taken.extend(at(row?));
        }
        Ok(taken)
    }

    /// Claims an owed mail: from here on its fate may be unknown. `false` when it is not owed any more.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn claim(&self, id: i64) -> Result<bool, StoreError> {
        let changed = self.transaction.execute(
            "UPDATE outbox SET status = 'claimed', attempts = attempts + 1 WHERE id = ?1 AND status = 'queued'",
            [id],
        )?;
        Ok(changed == 1)
    }

    /// Counts an attempt that failed before the mail was claimed.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn count_attempt(&self, id: i64) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Settles a mail for good. A mail that a server took owes a copy to the Sent folder when `copy`.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn settle(
        &self,
        id: i64,
        status: OutboxStatus,
        copy: bool,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE outbox SET status = ?2, copy_state = CASE WHEN ?3 THEN 'owed' ELSE copy_state END, last_error = ?4, settled_at = ?5 WHERE id = ?1",
            params![id, status.name(), copy, error, ms(now)],
        )?;
        Ok(())
    }

    /// Owes a mail again, same bytes, not before an instant.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn release(&self, id: &MessageId, not_before: Timestamp, error: &str) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE outbox SET status = 'queued', not_before = ?2, last_error = CASE WHEN ?3 = '' THEN last_error ELSE ?3 END
             WHERE message_id = ?1 AND status IN ('queued', 'claimed', 'unknown')",
            params![id.as_str(), ms(not_before), error],
        )?;
        Ok(())
    }

    /// Lets a mail wait that is queued, whatever its case says; `false` when it is not.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn put_off(&self, id: &MessageId, not_before: Timestamp, error: &str) -> Result<bool, StoreError> {
        let changed = self.transaction.execute(
            "UPDATE outbox SET not_before = ?2, last_error = ?3 WHERE message_id = ?1 AND status = 'queued'",
            params![id.as_str(), ms(not_before), error],
        )?;
        Ok(changed == 1)
    }

    /// Takes a mail back that was not handed over, or that surely was not taken.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn cancel(&self, id: &MessageId, now: Timestamp) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE outbox SET status = 'cancelled', settled_at = ?2 WHERE message_id = ?1 AND status IN ('queued', 'claimed')",
            params![id.as_str(), ms(now)],
        )?;
        Ok(())
    }

    /// Replaces the bytes of a mail that is settled: what it carried is to be forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn replace_sent(&self, id: i64, raw: &[u8]) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE outbox SET raw = ?2 WHERE id = ?1 AND status NOT IN ('queued', 'claimed')",
            params![id, raw],
        )?;
        Ok(())
    }

    /// The copy is in the Sent folder.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be written.
    pub fn copy_filed(&self, id: i64) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE outbox SET copy_state = 'filed' WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Whether a Message-ID is one of ours.
    ///
    /// # Errors
    /// [`StoreError`] when the look-up fails.
    pub fn is_ours(&self, id: &MessageId) -> Result<bool, StoreError> {
        let found: Option<i64> = self
            .transaction
            .prepare_cached("SELECT 1 FROM outbox WHERE message_id = ?1")?
            .query_row([id.as_str()], |r| r.get(0))
            .optional()?;
        Ok(found.is_some())
    }
}
