//! How far two words are apart, for "did you mean". Called by the TOML reader and the carrier search.

/// Number of letters to insert, drop, replace or swap with their neighbour to get from one word to the
/// other (optimal string alignment).
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// Letters that may differ before a word of this length is another word.
#[must_use]
pub fn tolerance(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=5 => 1,
        _ => 2,
    }
}

/// The closest of some words, when it is close enough to have been meant.
pub fn nearest<'w>(word: &str, among: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let allowed = tolerance(word.chars().count()).max(1);
    among.map(|w| (distance(word, w), w)).filter(|(d, _)| *d <= allowed).min().map(|(_, w)| w)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_one_step() {
        for (a, b, expected) in
            [("yettel", "yettel", 0), ("yetel", "yettel", 1), ("yettle", "yettel", 1), ("", "abc", 3), ("mts", "a1", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        assert_eq!(nearest("pasword", ["password", "port"].into_iter()), Some("password"));
        assert_eq!(nearest("colour", ["password", "port"].into_iter()), None);
    }
}
