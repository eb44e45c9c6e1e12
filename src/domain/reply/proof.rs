//! What a look at a mail's own signatures found: asked for by the assessment, made where DNS can be asked, kept with the
//! message, because keys are changed and a later look would fail.

use serde::{Deserialize, Serialize};

/// What must be looked for before a mail can be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inquiry {
    /// Domain of its only author.
    pub from_domain: String,
    /// Domains that are one organisation with the author's: those of the carrier.
    pub carrier_domains: Vec<String>,
    /// Forwarders whose sealed verdicts count.
    pub arc_sealers: Vec<String>,
}

/// How a signature fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It fits the mail and the key that its domain publishes.
    Pass,
    /// It does not fit: the mail was changed, or the signature made up.
    Fail,
    /// It proves nothing, fitting or not: expired, weak, without a key, not over the whole mail.
    Unusable,
    /// The key could not be asked for.
    Unanswered,
}

/// One signature, or one ARC chain, and how it fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Domain that signed.
    pub domain: String,
    /// Name of its key.
    pub selector: String,
    /// How it fared.
    pub finding: Finding,
    /// Why, in words that follow "its signature".
    pub note: String,
    /// The key record as it was published.
    pub key: String,
}

/// All that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Signatures that may speak for the author's domain.
    pub signatures: Vec<Checked>,
    /// The ARC chain, when its last sealer is trusted.
    pub arc: Option<Checked>,
    /// The author's domain wants signatures of the very same domain (DMARC `adkim=s`).
    pub strict: bool,
    /// Why nothing could be looked at, in words for the holder.
    pub obstacle: Option<String>,
}

impl Proof {
    /// Nothing could be looked at.
    #[must_use]
    pub fn impossible(obstacle: &str) -> Self {
        Self { obstacle: Some(obstacle.to_owned()), ..Self::default() }
    }

    /// A later look may find more: some key could not be asked for.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.signatures.iter().chain(&self.arc).any(|c| c.finding == Finding::Unanswered)
    }
}
