//! Writes JPEG files: baseline, with the usual tables (ITU-T T.81 annex K), nothing in them but the picture.
//! Called by the module.

use super::picture::Picture;
use std::f32::consts::PI;

/// Of 100; small print stays sharp.
const QUALITY: u32 = 82;

const LUMINANCE: [u8; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Lengths and symbols of the Huffman tables K.3 to K.6.
struct Table {
    lengths: [u8; 16],
    symbols: &'static [u8],
}

const DC: [Table; 2] = [
    Table {
        lengths: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    },
    Table {
        lengths: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    },
];
const AC: [Table; 2] = [
    Table {
        lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
        symbols: &[
            0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
            0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72,
            0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37,
            0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
            0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
            0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3,
            0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
            0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
            0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
        ],
    },
    Table {
        lengths: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
        symbols: &[
            0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
            0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1,
            0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36,
            0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
            0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
            0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
            0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba,
            0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
            0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
        ],
    },
];

/// Code and length of each symbol.
type Codes = [(u16, u8); 256];

impl Table {
    /// §C.2: codes are counted up within a length, and doubled from one length to the next.
    fn codes(&self) -> Codes {
        let mut out = [(0, 0); 256];
        let mut symbols = self.symbols.iter();
        let mut code = 0;
        for (bits, count) in (1..).zip(self.lengths) {
            for symbol in symbols.by_ref().take(usize::from(count)) {
                if let Some(slot) = out.get_mut(usize::from(*symbol)) {
                    *slot = (code, bits);
                }
                code += 1;
            }
            code <<= 1;
        }
        out
    }
}

/// A picture as a JPEG file. Both sides must be between 1 and 65,535 pixels.
pub(super) fn encode(picture: &Picture) -> Vec<u8> {
    let tables = [scaled(&LUMINANCE), scaled(&CHROMINANCE)];
    let mut out = vec![0xff, 0xd8];
    // JFIF 1.1, no preview: viewers expect it.
    segment(&mut out, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    for (number, table) in (0u8..).zip(&tables) {
        let mut data = vec![number];
        data.extend(ZIGZAG.iter().filter_map(|i| table.get(usize::from(*i))));
        segment(&mut out, 0xdb, &data);
    }
    let [high, low] = (picture.height as u16).to_be_bytes();
    let [wide, narrow] = (picture.width as u16).to_be_bytes();
    // Colour at full resolution: thin coloured letters would blur.
    segment(&mut out, 0xc0, &[8, high, low, wide, narrow, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]);
    for (class, pair) in [(0x00, &DC), (0x10, &AC)] {
        for (number, table) in (0u8..).zip(pair) {
            let mut data = vec![class | number];
            data.extend(table.lengths);
            data.extend(table.symbols);
            segment(&mut out, 0xc4, &data);
        }
    }
    segment(&mut out, 0xda, &[3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
    scan(picture, &tables, &mut out);
    out.extend([0xff, 0xd9]);
    out
}

fn segment(out: &mut Vec<u8>, mark: u8, data: &[u8]) {
    out.extend([0xff, mark]);
    out.extend((data.len() as u16 + 2).to_be_bytes());
    out.extend(data);
}

/// The divisors for [`QUALITY`], as the reference implementation scales them.
fn scaled(table: &[u8; 64]) -> [u8; 64] {
    table.map(|q| ((u32::from(q) * (200 - 2 * QUALITY) + 50) / 100).clamp(1, 255) as u8)
}

fn scan(picture: &Picture, tables: &[[u8; 64]; 2], out: &mut Vec<u8>) {
    let mut writer = Writer {
        out,
        held: 0,
        bits: 0,
        dc: [DC[0].codes(), DC[1].codes()],
        ac: [AC[0].codes(), AC[1].codes()],
        cosines: cosines(),
    };
    let mut before = [0i32; 3];
    for top in (0..picture.height).step_by(8) {
        for left in (0..picture.width).step_by(8) {
            let blocks = blocks(picture, left, top);
            for (component, block) in blocks.iter().enumerate() {
                let class = component.min(1);
                writer.block(block, &tables[class], class, &mut before[component]);
            }
        }
    }
    writer.finish();
}

/// Eight by eight pixels as luminance and colour, the edge of the picture repeated beyond it.
fn blocks(picture: &Picture, left: u32, top: u32) -> [[f32; 64]; 3] {
    let mut out = [[0f32; 64]; 3];
    for i in 0..64u32 {
        let x = (left + i % 8).min(picture.width - 1) as usize;
        let y = (top + i / 8).min(picture.height - 1) as usize;
        let at = 3 * (y * picture.width as usize + x);
        let Some(&[r, g, b]) = picture.rgb.get(at..).and_then(|p| p.first_chunk::<3>()) else { continue };
        let (r, g, b) = (f32::from(r), f32::from(g), f32::from(b));
        let i = i as usize;
        out[0][i] = 0.299 * r + 0.587 * g + 0.114 * b - 128.0;
        out[1][i] = -0.168_736 * r - 0.331_264 * g + 0.5 * b;
        out[2][i] = 0.5 * r - 0.418_688 * g - 0.081_312 * b;
    }
    out
}

/// `c(u)/2 * cos((2x+1)uπ/16)` at `8u + x`.
fn cosines() -> [f32; 64] {
    let mut out = [0f32; 64];
    for (i, value) in out.iter_mut().enumerate() {
        let (u, x) = ((i / 8) as f32, (i % 8) as f32);
        let norm = if i < 8 { 0.5f32.sqrt() } else { 1.0 };
        *value = norm / 2.0 * ((2.0 * x + 1.0) * u * PI / 16.0).cos();
    }
    out
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    held: u32,
    bits: u8,
    dc: [Codes; 2],
    ac: [Codes; 2],
    cosines: [f32; 64],
}

impl Writer<'_> {
    fn put(&mut self, value: u16, length: u8) {
        self.held = self.held << length | u32::from(value);
        self.bits += length;
        while self.bits >= 8 {
            let byte = (self.held >> (self.bits - 8)) as u8;
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
            self.bits -= 8;
        }
        self.held &= (1 << self.bits) - 1;
    }

    /// The rest of the last byte is ones.
    fn finish(&mut self) {
        if self.bits > 0 {
            self.put(0x7f, 7);
        }
    }

    fn block(&mut self, block: &[f32; 64], table: &[u8; 64], class: usize, before: &mut i32) {
        let spectrum = self.transformed(block);
        let at = |i: u8| {
            let i = usize::from(i);
            (spectrum[i] / f32::from(table[i])).round().clamp(-1023.0, 1023.0) as i32
        };
        let first = at(0);
        let (bits, length) = magnitude(first - *before);
        *before = first;
        let (code, size) = self.dc[class][usize::from(length)];
        self.put(code, size);
        self.put(bits, length);
        let mut zeros = 0u8;
        for place in ZIGZAG.iter().skip(1) {
            let value = at(*place);
            if value == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                let (code, size) = self.ac[class][0xf0];
                self.put(code, size);
                zeros -= 16;
            }
            let (bits, length) = magnitude(value);
            let (code, size) = self.ac[class][usize::from(zeros << 4 | length)];
            self.put(code, size);
            self.put(bits, length);
            zeros = 0;
        }
        if zeros > 0 {
            let (code, size) = self.ac[class][0];
            self.put(code, size);
        }
    }

    /// The discrete cosine transform (§A.3.3), rows first.
    fn transformed(&self, block: &[f32; 64]) -> [f32; 64] {
        let mut rows = [0f32; 64];
        let mut out = [0f32; 64];
        for (i, value) in rows.iter_mut().enumerate() {
            let (line, wave) = (&block[i & !7..], &self.cosines[8 * (i % 8)..]);
            for x in 0..8 {
                *value += line[x] * wave[x];
            }
        }
        for (i, value) in out.iter_mut().enumerate() {
            let (column, wave) = (&rows[i % 8..], &self.cosines[i & !7..]);
            for y in 0..8 {
                *value += column[8 * y] * wave[y];
            }
        }
        out
    }
}

/// §F.1.2.1: how many bits a value needs, and those bits; negative ones are written one less.
fn magnitude(value: i32) -> (u16, u8) {
    let length = (32 - value.unsigned_abs().leading_zeros()) as u8;
    let bits = if value < 0 { value - 1 } else { value };
    ((bits & ((1 << length) - 1)) as u16, length)
}
