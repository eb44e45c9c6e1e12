//! The second reader: a linear model over character and word n-grams, over the order of what the lexicon knows, and over
//! what the rules found, trained offline by
//! `tests/train` from the invented sentences and mails of `tests/corpus`. It settles the kind of a mail that the rules
//! leave open and speaks against confirmations; it never makes one. Pure; the table is data (`config/lexicon`).

use super::Kind;
use super::concepts::Concept;
use super::normalize::{Text, TokenKind, is_cjk};
use std::ops::Range;

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

/// Bits of a bucket number: features share 2^16 buckets by their hash. Of 54 true confirmations half as many buckets lose five.
const BUCKET_BITS: u32 = 16;

/// Number of buckets.
pub const BUCKETS: usize = 1 << BUCKET_BITS;

/// Longest run of characters that is a feature.
const CHARS_MAX: usize = 5;
/// Longest run of words that is a feature.
const WORDS_MAX: usize = 3;
/// How many concepts behind one make pairs with it, how many behind a pair a third.
const PAIRED_MAX: usize = 7;
const THIRD_MAX: usize = 4;
/// Sentences looked at for the one that decided.
const EXPLAINED_MAX: usize = 60;
/// Words between concepts that stand close together.
const NEAR: usize = 3;
/// Characters of a text that are looked at: an answer says what it says near its beginning.
const TEXT_MAX: usize = 4_000;

/// Kinds of features; each is weighed by itself, so that long words do not drown short facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Runs of characters.
    Chars,
    /// Runs of words.
    Words,
    /// What the rules found.
    Found,
    /// What the words mean to the lexicon, in their order.
    Concepts,
}

/// What the model sees of one text: buckets with their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features(pub Vec<(u16, f32)>);

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
    /// One bit for each bucket.
    seen: Vec<u64>,
    buckets: Vec<u16>,
}

impl Collector {
    fn new() -> Self {
        Self { seen: vec![0; BUCKETS / 64], buckets: Vec::with_capacity(2_000) }
    }

    fn add(&mut self, hash: Hash) {
        let bucket = hash.bucket();
        let bit = 1 << (bucket % 64);
        if let Some(seen) = self.seen.get_mut(usize::from(bucket / 64)).filter(|s| **s & bit == 0) {
            *seen |= bit;
            self.buckets.push(bucket);
        }
    }
}

/// The features of a text; `concepts` is what its words mean to the lexicon, `found` what the rules made of it.
#[must_use]
pub fn features<'f>(text: &Text, concepts: &[Concept], found: impl Iterator<Item = &'f str>) -> Features {
    collect(text, 0..text.sentences.len(), concepts, found)
}

fn collect<'f>(
    text: &Text,
    sentences: Range<usize>,
    concepts: &[Concept],
    found: impl Iterator<Item = &'f str>,
) -> Features {
    let words = words_of(text, sentences.clone());
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
    let mut meant = Collector::new();
    for (number, sentence) in text.sentences.iter().enumerate().take(sentences.end).skip(sentences.start) {
        add_order(&mut meant, text, &of_sentence(text, concepts, number), sentence.asks);
    }
    let even = |n: usize| 1.0 / (n.max(1) as f32).sqrt();
    let groups = [
        (&chars, even(chars.buckets.len())),
        (&runs, even(runs.buckets.len())),
        (&facts, 1.0),
        (&meant, even(meant.buckets.len())),
    ];
    Features(groups.into_iter().flat_map(|(g, value)| g.buckets.iter().map(move |b| (*b, value))).collect())
}

fn of_sentence<'c>(text: &Text, concepts: &'c [Concept], number: usize) -> Vec<&'c Concept> {
    let sentence = |c: &&Concept| text.tokens.get(c.first).map(|t| t.sentence);
    concepts.iter().filter(|c| sentence(c) == Some(number)).collect()
}

/// Concepts of one sentence by themselves, in pairs, and in threes within a clause: which comes first, whether they
/// stand in one clause, whether close together, and whether the sentence asks.
fn add_order(out: &mut Collector, text: &Text, concepts: &[&Concept], asks: bool) {
    let clause = |c: &Concept| text.tokens.get(c.first).map(|t| t.clause);
    let mut add = |name: Hash, plain: bool| {
        out.add(name);
        if asks && plain {
            out.add(name.with(b"?"));
        }
    };
    for (i, one) in concepts.iter().enumerate() {
        let first = Hash::of(Group::Concepts).with(one.name.as_bytes());
        add(first, true);
        for (j, two) in concepts.iter().enumerate().skip(i + 1).take(PAIRED_MAX) {
            let together = clause(one) == clause(two);
            let pair = first.with(if together { b"=" } else { b"/" }).with(two.name.as_bytes());
            add(pair, true);
            if two.first - one.first <= NEAR {
                add(first.with(b"~").with(two.name.as_bytes()), true);
            }
            for three in concepts.iter().skip(j + 1).take(THIRD_MAX).filter(|t| together && clause(t) == clause(one)) {
                add(pair.with(b"=").with(three.name.as_bytes()), false);
            }
        }
    }
    if asks {
        out.add(Hash::of(Group::Concepts).with(b"?"));
    }
}

/// Folded words; figures by their kind only, so that no number is learned, and marks where sentences end.
fn words_of(text: &Text, sentences: Range<usize>) -> Vec<&str> {
    let mut out = Vec::with_capacity(text.tokens.len() + text.sentences.len());
    for sentence in text.sentences.get(sentences).unwrap_or_default() {
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

/// The trained table.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Step of a weight, per kind.
    scales: [f32; KIND_COUNT],
    biases: [f32; KIND_COUNT],
    /// Weights by bucket, then kind.
    weights: Vec<i8>,
}

/// How a table file begins; another beginning is another layout.
const MAGIC: &[u8] = b"odjava second reader 1\n";

impl Statistics {
    /// Rounds a model to a table; `weights` by bucket, then kind.
    #[must_use]
    pub fn of_model(weights: &[f32], biases: [f32; KIND_COUNT]) -> Self {
        let mut scales = [0.0f32; KIND_COUNT];
        for row in weights.chunks(KIND_COUNT) {
            scales.iter_mut().zip(row).for_each(|(s, w)| *s = s.max(w.abs() / 127.0));
        }
        let rounded = |(w, s): (&f32, &f32)| if *s > 0.0 { (w / s).round().clamp(-127.0, 127.0) as i8 } else { 0 };
        let weights = weights.chunks(KIND_COUNT).flat_map(|row| row.iter().zip(&scales).map(rounded)).collect();
        Self { scales, biases, weights }
    }

    /// Reads a table file; `None` when it is none of this layout.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let mut floats = [0.0f32; 2 * KIND_COUNT];
        for float in &mut floats {
            let (four, after) = rest.split_first_chunk::<4>()?;
            *float = f32::from_le_bytes(*four);
            rest = after;
        }
        let (scales, biases) = floats.split_at(KIND_COUNT);
        let weights: Vec<i8> = rest.iter().map(|b| i8::from_le_bytes([*b])).collect();
        (weights.len() == BUCKETS * KIND_COUNT && floats.iter().all(|f| f.is_finite())).then_some(Self {
            scales: scales.try_into().ok()?,
            biases: biases.try_into().ok()?,
            weights,
        })
    }

    /// The table as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        self.scales.iter().chain(&self.biases).for_each(|f| out.extend(f.to_le_bytes()));
        out.extend(self.weights.iter().flat_map(|w| w.to_le_bytes()));
        out
    }

    /// The probability of each kind, in the order of [`KINDS`].
    #[must_use]
    pub fn read(&self, features: &Features) -> [f32; KIND_COUNT] {
        softmax(self.logits(features))
    }

    /// The sentence that by itself speaks most for the kind at this place in [`KINDS`].
    #[must_use]
    pub fn strongest_sentence(&self, text: &Text, concepts: &[Concept], kind: usize) -> Option<usize> {
        let speaks = |number: usize| {
            let features = collect(text, number..number + 1, concepts, std::iter::empty());
            let logits = self.logits(&features);
            let rest = logits.iter().enumerate().filter(|(k, _)| *k != kind).map(|(_, l)| *l).fold(f32::MIN, f32::max);
            logits.get(kind).map_or(f32::MIN, |l| l - rest)
        };
        let scored = (0..text.sentences.len().min(EXPLAINED_MAX)).map(|number| (speaks(number), number));
        scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, number)| number)
    }

    fn logits(&self, features: &Features) -> [f32; KIND_COUNT] {
        let mut sums = [0.0f32; KIND_COUNT];
        for (bucket, value) in &features.0 {
            let at = usize::from(*bucket) * KIND_COUNT;
            let row = self.weights.get(at..at + KIND_COUNT).unwrap_or_default();
            sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += value * f32::from(*w));
        }
        let mut logits = [0.0f32; KIND_COUNT];
        for (i, logit) in logits.iter_mut().enumerate() {
            *logit = sums[i] * self.scales[i] + self.biases[i];
        }
        logits
    }
}

/// Logits to probabilities.
#[must_use]
pub fn softmax(logits: [f32; KIND_COUNT]) -> [f32; KIND_COUNT] {
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let powers = logits.map(|l| (l - most).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|p| p / sum)
}
