//! Inflate (RFC 1951) in its zlib wrapping (RFC 1950), bounded: what a damaged stream gave up to its fault is kept.
//! Checksums are not looked at. Called by the filters.

/// Longest code of Deflate.
const BITS_MAX: usize = 15;

/// Unpacks at most `room` bytes.
pub(super) fn inflated(packed: &[u8], room: usize) -> Vec<u8> {
    let is_zlib = matches!(packed, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) * 256 + u16::from(*second)) % 31 == 0);
    let mut bits =
        Bits { bytes: if is_zlib { packed.get(2..).unwrap_or_default() } else { packed }, held: 0, count: 0 };
    let mut out = Vec::new();
    while out.len() < room {
        let (Some(last), Some(kind)) = (bits.take(1), bits.take(2)) else { break };
        let done = match kind {
            0 => stored(&mut bits, &mut out, room),
            1 => fixed().and_then(|(literals, distances)| block(&mut bits, &mut out, room, &literals, &distances)),
            2 => dynamic(&mut bits)
                .and_then(|(literals, distances)| block(&mut bits, &mut out, room, &literals, &distances)),
            _ => None,
        };
        if done.is_none() || last == 1 {
            break;
        }
    }
    out
}

struct Bits<'b> {
    bytes: &'b [u8],
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next `n` bits, at most 16.
    fn take(&mut self, n: u32) -> Option<u32> {
        while self.count < n {
            let (first, rest) = self.bytes.split_first()?;
            self.held |= u32::from(*first) << self.count;
            self.count += 8;
            self.bytes = rest;
        }
        let value = self.held & ((1 << n) - 1);
        self.held >>= n;
        self.count -= n;
        Some(value)
    }
}

/// A canonical Huffman code: how many codes there are of each length, and the symbols in order.
struct Code {
    counts: [u16; BITS_MAX + 1],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0u16; BITS_MAX + 1];
        for &length in lengths {
            *counts.get_mut(usize::from(length))? += 1;
        }
        counts[0] = 0;
        let mut offsets = [0usize; BITS_MAX + 2];
        for (length, count) in counts.iter().enumerate() {
            offsets[length + 1] = offsets[length] + usize::from(*count);
        }
        let mut symbols = vec![0u16; offsets[BITS_MAX + 1]];
        for (symbol, &length) in lengths.iter().enumerate().filter(|(_, l)| **l > 0) {
            let place = offsets.get_mut(usize::from(length))?;
            *symbols.get_mut(*place)? = symbol as u16;
            *place += 1;
        }
        Some(Self { counts, symbols })
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for count in self.counts.iter().skip(1) {
            code |= bits.take(1)? as i32;
            let count = i32::from(*count);
            if code - count < first {
                return self.symbols.get(usize::try_from(index + code - first).ok()?).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>, room: usize) -> Option<()> {
    // The rest of the byte is unused; whole bytes may have been taken ahead.
    let spare = bits.count % 8;
    bits.take(spare)?;
    let length = bits.take(16)?;
    bits.take(16)?;
    for _ in 0..length {
        if out.len() >= room {
            return None;
        }
        out.push(bits.take(8)? as u8);
    }
    Some(())
}

fn fixed() -> Option<(Code, Code)> {
    let mut lengths = [8u8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    Some((Code::new(&lengths)?, Code::new(&[5; 30])?))
}

fn dynamic(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let count = bits.take(4)? as usize + 4;
    let mut lengths = [0u8; 19];
    for place in ORDER.iter().take(count) {
        lengths[*place] = bits.take(3)? as u8;
    }
    let code = Code::new(&lengths)?;
    let mut all: Vec<u8> = Vec::with_capacity(literals + distances);
    while all.len() < literals + distances {
        let (value, times) = match code.symbol(bits)? {
            symbol @ 0..=15 => (symbol as u8, 1),
            16 => (*all.last()?, bits.take(2)? as usize + 3),
            17 => (0, bits.take(3)? as usize + 3),
            _ => (0, bits.take(7)? as usize + 11),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    let second = all.get(literals..literals + distances)?;
    Some((Code::new(all.get(..literals)?)?, Code::new(second)?))
}

fn block(bits: &mut Bits<'_>, out: &mut Vec<u8>, room: usize, literals: &Code, distances: &Code) -> Option<()> {
    const LENGTHS: [u16; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ];
    const LENGTH_BITS: [u8; 29] =
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    const DISTANCES: [u16; 30] = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12289, 16385, 24577,
    ];
    while out.len() < room {
        let symbol = literals.symbol(bits)?;
        match symbol {
            0..=255 => out.push(symbol as u8),
            256 => return Some(()),
            _ => {
                let at = usize::from(symbol - 257);
                let extra = bits.take(u32::from(*LENGTH_BITS.get(at)?))?;
                let length = usize::from(*LENGTHS.get(at)?) + extra as usize;
                let at = usize::from(distances.symbol(bits)?);
                let extra = bits.take((at as u32 / 2).saturating_sub(1))?;
                let distance = usize::from(*DISTANCES.get(at)?) + extra as usize;
                let start = out.len().checked_sub(distance)?;
                for i in start..start + length {
                    let byte = *out.get(i)?;
                    out.push(byte);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_are_unpacked() {
        // Stored, fixed, and the zlib wrapping.
        assert_eq!(inflated(&[1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c'], 100), b"abc");
        assert_eq!(inflated(&[0x78, 0x9c, 0x4b, 0x4c, 0x84, 0x01, 0x00, 0x14, 0xe1, 0x03, 0xcb], 100), b"aaaaaaaaaa");
    }

    #[test]
    fn the_room_is_kept_and_noise_is_borne() {
        assert_eq!(inflated(&[0x78, 0x9c, 0x4b, 0x4c, 0x84, 0x01, 0x00], 4).len().min(4), 4);
        for seed in 0..200u32 {
            let noise: Vec<u8> =
                (0..300u32).map(|i| (seed.wrapping_mul(2_654_435_761).wrapping_add(i * i) >> 7) as u8).collect();
            assert!(inflated(&noise, 1_000).len() < 1_300);
        }
    }
}
