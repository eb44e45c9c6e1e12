//! What a case is and which states exist. A state carries exactly the data that is true in it, due
//! instants included, so that the timers of a case are derived from it and never disagree with it.

use super::address::{Address, CaseSeed, MessageId, Reference};
use super::document::Held;
pub use super::identity::Fact;
use super::identity::Line;
pub use super::letter::{Attachment, Letter, Letters, Outgoing, Purpose, SentMail};
use super::reply::MessageKey;
use super::{Date, Timestamp};
use serde::{Deserialize, Serialize};

/// One line to be cancelled at one carrier. Everything in it follows from the journal of its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What people call it, `7Q2M`.
    pub reference: Reference,
    /// Source of its unguessable names.
    pub seed: CaseSeed,
    /// Name of the account in the config.
    pub account: String,
    /// Whose line it is, as the carrier knows the name.
    pub holder_name: String,
    /// Id of the carrier's record, such as `mts-rs`.
    pub carrier: String,
    /// Name of the carrier for people.
    pub carrier_name: String,
    /// Language tag of the letters to the carrier, `sr-Latn`.
    pub letter_language: String,
    /// The line.
    pub line: Line,
    /// Where the request may go, best first. A permanent bounce moves to the next.
    pub recipients: Vec<Address>,
    /// Index into `recipients` of the one in use.
    pub recipient: usize,
    /// The texts to the carrier, once rendered.
    pub letters: Option<Letters>,
    /// The follow-ups among these texts were approved, together with the request.
    #[serde(default)]
    pub follow_ups_approved: bool,
    /// Documents that the holder gave with the facts: they go with the request, or when a reply asks for them.
    pub attachments: Vec<Attachment>,
    /// The copies that the store holds, those of answers included.
    #[serde(default)]
    pub documents: Held,
    /// Mails to the carrier so far, oldest first, those not (yet) accepted included.
    pub mails: Vec<SentMail>,
    /// Ticket numbers learned from the carrier.
    pub tickets: Vec<String>,
    /// A date before which nobody is followed up; on the holder's word, before which nothing is sent.
    pub hold: Option<Hold>,
    /// The situation the case is in.
    pub state: State,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// Until when a case waits on purpose, and on whose word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// First instant at which the case may be followed up again.
    pub until: Timestamp,
    /// Who asked.
    pub by: HoldBy,
    /// Why, in a few words.
    pub reason: String,
}

/// Who asked for a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldBy {
    /// `odjava hold`.
    Holder,
    /// The carrier named a date or is absent.
    Carrier,
}

/// The situations of DESIGN §2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// A fact, a precondition or a usable contact is missing.
    Collecting {
        /// What is missing.
        missing: Vec<Fact>,
        /// When to remind the holder, while a reminder is left.
        nudge_at: Option<Timestamp>,
    },
    /// A mail is rendered and waits for approval.
    Drafted {
        /// Which mail.
        mail: Outgoing,
        /// What had happened before (empty for the first request).
        progress: Progress,
        /// When to remind the holder, while a reminder is left.
        nudge_at: Option<Timestamp>,
        /// Reminders given so far.
        nudges_given: u8,
    },
    /// Approved: final bytes are owed to the mail server.
    Sending {
        /// Message-ID of the mail owed.
        mail: MessageId,
        /// Why it is sent.
        purpose: Purpose,
        /// What had happened before.
        progress: Progress,
        /// How far the attempt is.
        attempt: Attempt,
        /// When the mail became owed.
        owed_since: Timestamp,
        /// Failed attempts so far.
        failures: u32,
    },
    /// The server took it (250).
    AwaitingReply {
        /// What has happened so far.
        progress: Progress,
        /// When the carrier's silence has lasted too long.
        follow_up_at: Timestamp,
        /// When to tell the holder that there is no sign of receipt; `None` once told or acknowledged.
        no_sign_at: Option<Timestamp>,
        /// When a temporary delivery failure counts as permanent, and for which mail.
        bounce_final_at: Option<(Timestamp, MessageId)>,
    },
    /// The ball is with the holder.
    NeedsYou {
        /// What is asked.
        question: Question,
        /// The message that asks it, if one does.
        asked_in: Option<MessageKey>,
        /// The clock that was stopped, and what resumes.
        clock: PausedClock,
        /// An answer that can be approved as it is.
        answer: Option<Outgoing>,
    },
    /// The carrier said yes, the effective date lies ahead.
    Confirmed {
        /// What proves it.
        evidence: Evidence,
        /// When the carrier said so.
        confirmed_at: Timestamp,
        /// Last day of the contract, in the carrier's time zone.
        effective_date: Date,
        /// The instant the date is over there.
        due_at: Timestamp,
        /// What had happened before.
        progress: Progress,
    },
    /// Cancelled, with the proof; aftercare runs beside it.
    Done {
        /// What proves it.
        evidence: Evidence,
        /// When the carrier said so.
        confirmed_at: Timestamp,
        /// Stated end, if one was stated.
        effective_date: Option<Date>,
        /// The two looks afterwards.
        aftercare: Aftercare,
        /// What had happened before.
        progress: Progress,
    },
    /// Over without that.
    Closed {
        /// How.
        resolution: Resolution,
        /// What had happened before.
        progress: Progress,
    },
}

/// What has happened in the exchange so far; kept through `sending` and `needs_you`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Last mail that a server took.
    pub last_sent: Option<MessageId>,
    /// When it was taken.
    pub last_sent_at: Option<Timestamp>,
    /// When the request itself was taken (or sent by another channel).
    pub requested_at: Option<Timestamp>,
    /// Last sign of life of the carrier.
    pub last_sign_at: Option<Timestamp>,
    /// First sign of receipt.
    pub acknowledged_at: Option<Timestamp>,
    /// A date by which the carrier promised something.
    pub promised: Option<Date>,
    /// Follow-ups taken by the server; the formal notice is the third.
    pub follow_ups_sent: u8,
    /// Automatic absence replies that moved the clock.
    pub absences: u8,
}

/// How far a submission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Not handed over: it may still be taken back.
    Waiting,
    /// Being handed to the server; the outcome is not known yet.
    InFlight,
    /// As `InFlight`, and the holder has withdrawn meanwhile.
    InFlightWithdrawn,
}

/// A stopped follow-up clock and the situation it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PausedClock {
    /// Milliseconds that were left until the follow-up, when one was running.
    pub remaining_ms: Option<i64>,
    /// What the case goes back to when the holder says "keep waiting".
    pub resume: Resume,
}

/// What a case goes back to from `needs_you`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Resume {
    /// Waiting for the carrier.
    Waiting {
        /// What had happened.
        progress: Progress,
    },
    /// Owing a mail of which nobody knows whether it left.
    Unsettled {
        /// That mail.
        mail: MessageId,
        /// Why it was sent.
        purpose: Purpose,
        /// What had happened before it.
        progress: Progress,
    },
    /// `confirmed`, `done` or `closed`, as it was.
    Ended {
        /// That state.
        state: Box<State>,
    },
}

impl Resume {
    /// What had happened so far.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        match self {
            Self::Waiting { progress } | Self::Unsettled { progress, .. } => progress,
            Self::Ended { state } => state.progress(),
        }
    }
}

/// What the holder must decide or do (DESIGN §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The carrier wants data.
    MissingInfo,
    /// The carrier wants a copy of an identity document.
    IdDocument,
    /// Something must be paid first.
    Payment,
    /// The carrier wants another way than e-mail.
    OtherChannel,
    /// An offer to stay.
    RetentionOffer,
    /// The carrier said no.
    Refused,
    /// No address is left that takes our mail.
    Undeliverable,
    /// Nobody knows whether a mail left.
    SendUnknown,
    /// A reply that odjava cannot read with certainty.
    UnclearReply,
    /// A reply after the end.
    LateReply,
    /// A bill after the end.
    BilledAfterEnd,
    /// Silence through all follow-ups.
    NoAnswer,
}

/// How a case ended without a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The holder took it back.
    Withdrawn,
    /// The line ended by itself.
    Lapsed,
    /// The carrier refused and the holder accepted that.
    Refused,
    /// Given up after all ways were tried.
    Abandoned,
}

/// What makes a case confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Evidence {
    /// A mail of the carrier.
    Mail {
        /// The stored message.
        message: MessageKey,
    },
    /// The holder's own word (`resolve --confirmed`), with the message it was about, if any.
    Holder {
        /// That message.
        message: Option<MessageKey>,
    },
}

/// The two looks after the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftercare {
    /// When to ask whether the profile is off the phone; `None` once asked.
    pub device_check_at: Option<Timestamp>,
    /// When to stop watching for bills; `None` once over.
    pub bill_watch_at: Option<Timestamp>,
}

/// The alarms a case can have set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Remind of what is missing or waits for approval.
    Reminder,
    /// No sign of receipt.
    NoSign,
    /// The carrier is silent for too long.
    FollowUp,
    /// A temporary delivery failure becomes permanent.
    BounceFinal,
    /// The effective date is over.
    EffectiveDate,
    /// Is the profile off the phone?
    DeviceCheck,
    /// The bill watch ends.
    BillWatch,
    /// The copies of documents have been kept for long enough after the end.
    DeleteDocuments,
}

impl Timer {
    /// The name used in the store and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::NoSign => "no_sign",
            Self::FollowUp => "follow_up",
            Self::BounceFinal => "bounce_final",
            Self::EffectiveDate => "effective_date",
            Self::DeviceCheck => "device_check",
            Self::BillWatch => "bill_watch",
            Self::DeleteDocuments => "delete_documents",
        }
    }

    /// The timer of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [
            Self::Reminder,
            Self::NoSign,
            Self::FollowUp,
            Self::BounceFinal,
            Self::EffectiveDate,
            Self::DeviceCheck,
            Self::BillWatch,
            Self::DeleteDocuments,
        ]
        .into_iter()
        .find(|t| t.name() == name)
    }
}

impl State {
    /// The name of DESIGN §2.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Collecting { .. } => "collecting",
            Self::Drafted { .. } => "drafted",
            Self::Sending { .. } => "sending",
            Self::AwaitingReply { .. } => "awaiting_reply",
            Self::NeedsYou { .. } => "needs_you",
            Self::Confirmed { .. } => "confirmed",
            Self::Done { .. } => "done",
            Self::Closed { .. } => "closed",
        }
    }

    /// What has happened so far.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        static NOTHING: Progress = Progress {
            last_sent: None,
            last_sent_at: None,
            requested_at: None,
            last_sign_at: None,
            acknowledged_at: None,
            promised: None,
            follow_ups_sent: 0,
            absences: 0,
        };
        match self {
            Self::Collecting { .. } => &NOTHING,
            Self::Drafted { progress, .. }
            | Self::Sending { progress, .. }
            | Self::AwaitingReply { progress, .. }
            | Self::Confirmed { progress, .. }
            | Self::Done { progress, .. }
            | Self::Closed { progress, .. } => progress,
            Self::NeedsYou { clock, .. } => clock.resume.progress(),
        }
    }

    /// What has happened so far, to be corrected; none in `collecting` and in what was put aside after the end.
    pub(crate) fn progress_mut(&mut self) -> Option<&mut Progress> {
        match self {
            Self::Collecting { .. } => None,
            Self::Drafted { progress, .. }
            | Self::Sending { progress, .. }
            | Self::AwaitingReply { progress, .. }
            | Self::Confirmed { progress, .. }
            | Self::Done { progress, .. }
            | Self::Closed { progress, .. } => Some(progress),
            Self::NeedsYou { clock, .. } => match &mut clock.resume {
                Resume::Waiting { progress } | Resume::Unsettled { progress, .. } => Some(progress),
                Resume::Ended { .. } => None,
            },
        }
    }
}

impl Case {
    /// The address in use, if there is one.
    #[must_use]
    pub fn to(&self) -> Option<&Address> {
        self.recipients.get(self.recipient)
    }

    /// The alarms that are set. Derived from the state, so that a stale alarm can always be told.
    #[must_use]
    pub fn timers(&self) -> Vec<(Timer, Timestamp)> {
        let mut out: Vec<_> = self.documents.delete_at.map(|at| (Timer::DeleteDocuments, at)).into_iter().collect();
        match &self.state {
            State::Collecting { nudge_at, .. } | State::Drafted { nudge_at, .. } => {
                out.extend(nudge_at.map(|at| (Timer::Reminder, at)));
            }
            State::Sending { .. } | State::NeedsYou { .. } | State::Closed { .. } => {}
            State::AwaitingReply { follow_up_at, no_sign_at, bounce_final_at, .. } => {
                out.push((Timer::FollowUp, *follow_up_at));
                out.extend(no_sign_at.map(|at| (Timer::NoSign, at)));
                out.extend(bounce_final_at.as_ref().map(|(at, _)| (Timer::BounceFinal, *at)));
            }
            State::Confirmed { due_at, .. } => out.push((Timer::EffectiveDate, *due_at)),
            State::Done { aftercare, .. } => {
                out.extend(aftercare.device_check_at.map(|at| (Timer::DeviceCheck, at)));
                out.extend(aftercare.bill_watch_at.map(|at| (Timer::BillWatch, at)));
            }
        }
        out
    }

    /// The question asked of the holder, in `needs_you`.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        match &self.state {
            State::NeedsYou { question, .. } => Some(*question),
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::Confirmed { .. }
            | State::Done { .. }
            | State::Closed { .. } => None,
        }
    }

    /// Whether the line still counts as one being cancelled (a second case for it is refused).
    #[must_use]
    pub fn is_open(&self) -> bool {
        match &self.state {
            State::Collecting { .. }
            | State::Drafted { .. }
            | State::Sending { .. }
            | State::AwaitingReply { .. }
            | State::Confirmed { .. } => true,
            State::NeedsYou { clock, .. } => match &clock.resume {
                Resume::Waiting { .. } | Resume::Unsettled { .. } => true,
                Resume::Ended { state } => matches!(**state, State::Confirmed { .. }),
            },
            State::Done { .. } | State::Closed { .. } => false,
        }
    }

    /// The day the line ended or will end, if the carrier stated it.
    #[must_use]
    pub fn effective_date(&self) -> Option<Date> {
        match &self.state {
            State::Confirmed { effective_date, .. } => Some(*effective_date),
            State::Done { effective_date, .. } => *effective_date,
            State::NeedsYou { clock: PausedClock { resume: Resume::Ended { state }, .. }, .. } => {
                match state.as_ref() {
                    State::Confirmed { effective_date, .. } => Some(*effective_date),
                    State::Done { effective_date, .. } => *effective_date,
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
