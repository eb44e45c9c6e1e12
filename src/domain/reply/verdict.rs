//! What a message would do to a waiting case, in one word: shown by `explain`, the same distinctions as in `decide`.

use super::{BounceClass, Kind, Reply};
use crate::domain::Date;

/// What would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WouldDo {
    /// The case is done.
    Done,
    /// Confirmed for a day ahead.
    Confirmed,
    /// Wait on.
    KeepWaiting,
    /// Hold until the person is back.
    Hold,
    /// Note it, nothing else.
    Note,
    /// Kept for the holder to look at; moves nothing.
    Review,
    /// The ball is with the holder; the question's name.
    NeedsYou(&'static str),
}

impl WouldDo {
    /// The name used in JSON: `keep_waiting`, `needs_you:payment`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Done => "done".to_owned(),
            Self::Confirmed => "confirmed".to_owned(),
            Self::KeepWaiting => "keep_waiting".to_owned(),
            Self::Hold => "hold".to_owned(),
            Self::Note => "note".to_owned(),
            Self::Review => "review".to_owned(),
            Self::NeedsYou(question) => format!("needs_you:{question}"),
        }
    }
}

/// What `reply` would do to a case that waits for an answer. `matched` says that a rung named one case.
#[must_use]
pub fn would_do(reply: &Reply, matched: bool, today: Date) -> WouldDo {
    if reply.kind == Kind::Bounce {
        // A bounce is rarely authentic: it counts when it carries an id of ours.
        let ours = matched && reply.bounce.as_ref().is_some_and(|b| b.original.is_some());
        return match reply.bounce.as_ref().map(|b| b.class) {
            Some(BounceClass::Permanent) if ours => WouldDo::NeedsYou("undeliverable"),
            Some(BounceClass::Temporary) if ours => WouldDo::Note,
            _ => WouldDo::Review,
        };
    }
    // Anyone can write a From header: a claim without proof goes to a person.
    if !matched || !reply.authenticity.is_proven() {
        return WouldDo::Review;
    }
    match reply.kind {
        Kind::Confirmed if !reply.certain => WouldDo::NeedsYou("unclear_reply"),
        Kind::Confirmed if reply.effective_date.is_some_and(|d| d > today) => WouldDo::Confirmed,
        Kind::Confirmed => WouldDo::Done,
        Kind::Acknowledged => WouldDo::KeepWaiting,
        Kind::NeedsInfo if reply.wants_id_document => WouldDo::NeedsYou("id_document"),
        Kind::NeedsInfo => WouldDo::NeedsYou("missing_info"),
        Kind::NeedsPayment => WouldDo::NeedsYou("payment"),
        Kind::NeedsOtherChannel => WouldDo::NeedsYou("other_channel"),
        Kind::Refused => WouldDo::NeedsYou("refused"),
        Kind::Retention => WouldDo::NeedsYou("retention_offer"),
        Kind::Billing | Kind::Unrelated => WouldDo::Note,
        Kind::AutoReply => WouldDo::Hold,
        Kind::Bounce => WouldDo::Review,
        Kind::Unclear => WouldDo::NeedsYou("unclear_reply"),
    }
}
