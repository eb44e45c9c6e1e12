//! The second reader: a linear model over character and word n-grams and over what the rules found, trained offline by
//! `tests/train` from the invented sentences and mails of `tests/corpus`. It settles the kind of a mail that the rules
//! leave open and speaks against confirmations; it never makes one. Pure; the table is data (`config/lexicon`).

use super::Kind;
use super::normalize::{Text, TokenKind, is_cjk};

/// The kinds it tells apart, in the order of its weights.
pub const KINDS: [Kind; 10] = [
    Kind::Confirmed,
    Kind::Acknowledged,
    Kind::NeedsInfo,
    Kind::NeedsPayment,
    Kind::NeedsOtherChannel,
    Kind::Refused,
    Kind::Retention,
    Kind::Billing,
    Kind::Unrelated,
    Kind::AutoReply,
];

/// Number of kinds.
pub const KIND_COUNT: usize = KINDS.len();

/// Bits of a bucket number: features share 2^15 buckets by their hash.
pub const BUCKET_BITS: u32 = 15;
const BUCKETS: usize = 1 << BUCKET_BITS;

/// Longest run of characters that is a feature.
const CHARS_MAX: usize = 5;
/// Longest run of words that is a feature.
const WORDS_MAX: usize = 3;
/// Characters of a text that are looked at: an answer says what it says near its beginning.
const TEXT_MAX: usize = 4_000;

/// Kinds of features; each is weighed by itself, so that long words do not drown short facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Runs of characters.
    Chars,
    /// Runs of words.
    Words,
    /// What the rules found.
    Found,
}

/// How many groups there are.
pub const GROUP_COUNT: usize = 3;

/// The buckets that one text falls into, by group, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// Bucket numbers per [`Group`], in order of appearance.
    pub buckets: [Vec<u16>; GROUP_COUNT],
}

/// FNV-1a, 32 bits.
#[derive(Debug, Clone, Copy)]
struct Hash(u32);

impl Hash {
    fn of(group: Group) -> Self {
        Self(0x811c_9dc5).with(&[group as u8])
    }

    fn with(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193)))
    }

    fn bucket(self) -> u16 {
        // The high bits of FNV are the better mixed ones; both halves count.
        ((self.0 >> (32 - BUCKET_BITS)) as u16) ^ (self.0 as u16 & ((1u32 << BUCKET_BITS) - 1) as u16)
    }
}

/// Collects each bucket once.
struct Collector {
    seen: Vec<bool>,
    buckets: Vec<u16>,
}

impl Collector {
    fn new() -> Self {
        Self { seen: vec![false; BUCKETS], buckets: Vec::new() }
    }

    fn add(&mut self, hash: Hash) {
        let bucket = hash.bucket();
        if let Some(seen) = self.seen.get_mut(usize::from(bucket)).filter(|s| !**s) {
            *seen = true;
            self.buckets.push(bucket);
        }
    }
}

/// The features of a text; `found` names what the rules made of it.
#[must_use]
pub fn features<'f>(text: &Text, found: impl Iterator<Item = &'f str>) -> Features {
    let words = words_of(text);
    let mut chars = Collector::new();
    let line: Vec<char> = spaced(&words).take(TEXT_MAX).collect();
    let mut utf8 = [0u8; 4];
    for start in 0..line.len() {
        let mut hash = Hash::of(Group::Chars);
        for c in line.iter().skip(start).take(CHARS_MAX) {
            hash = hash.with(c.encode_utf8(&mut utf8).as_bytes());
            chars.add(hash);
        }
    }
    let mut runs = Collector::new();
    for start in 0..words.len().min(TEXT_MAX / 2) {
        let mut hash = Hash::of(Group::Words);
        for word in words.iter().skip(start).take(WORDS_MAX) {
            hash = hash.with(word.as_bytes()).with(b" ");
            runs.add(hash);
        }
    }
    let mut facts = Collector::new();
    for name in found {
        facts.add(Hash::of(Group::Found).with(name.as_bytes()));
    }
    Features { buckets: [chars.buckets, runs.buckets, facts.buckets] }
}

/// Folded words; figures by their kind only, so that no number is learned, and marks where sentences end.
fn words_of(text: &Text) -> Vec<&str> {
    let mut out = Vec::with_capacity(text.tokens.len() + text.sentences.len());
    for sentence in &text.sentences {
        out.extend(text.tokens.iter().take(sentence.last).skip(sentence.first).map(|t| match t.kind {
            TokenKind::Number => "#",
            TokenKind::Date(_) => "#d",
            TokenKind::Phone | TokenKind::MaskedTail => "#p",
            TokenKind::Word | TokenKind::Mark(_) => t.text.as_str(),
        }));
        out.push(if sentence.asks { "?" } else { "." });
    }
    out
}

/// The words with spaces between them, but for scripts that write none.
fn spaced<'w>(words: &'w [&str]) -> impl Iterator<Item = char> + 'w {
    let starts = |w: &str| w.chars().next().is_some_and(is_cjk);
    words.iter().enumerate().flat_map(move |(i, word)| {
        let glued = starts(word) && i.checked_sub(1).and_then(|b| words.get(b)).is_some_and(|b| starts(b));
        (!glued).then_some(' ').into_iter().chain(word.chars())
    })
}
