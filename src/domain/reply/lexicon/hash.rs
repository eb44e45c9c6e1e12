//! A quick hash for tables whose keys are the lexicon's own: mail only looks things up in them, so that nobody can fill
//! them with keys that collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A table with quick look-ups.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;
/// A set with quick look-ups.
pub type Set<K> = HashSet<K, BuildHasherDefault<Quick>>;

/// Multiplies and turns eight bytes at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        // 2^64 divided by the golden ratio: an odd number whose bits are well spread.
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|w| self.add(u64::from_le_bytes(*w)));
        if !rest.is_empty() {
            self.add(rest.iter().fold(0, |all, b| all << 8 | u64::from(*b)));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes its place from the low bits and a tag from the high ones.
        self.0 ^ (self.0 >> 32)
    }
}
