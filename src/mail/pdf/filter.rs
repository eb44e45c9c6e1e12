//! The filters of PDF streams (ISO 32000-1 §7.4) that hold text: Flate, hexadecimal and base 85. Called by the object
//! reader.

use super::inflate::inflated;
use super::object::{Dict, File, Object};

/// Undoes the filters of a stream; `None` for one that is not known here.
pub(super) fn decoded(file: &File<'_>, dict: &Dict, raw: &[u8], room: usize) -> Option<Vec<u8>> {
    let filters: Vec<String> = match dict.get("Filter").or_else(|| dict.get("F")).map(|f| file.resolved(f)) {
        None | Some(Object::Null) => Vec::new(),
        Some(Object::Name(name)) => vec![name],
        Some(Object::Array(names)) => names.iter().take(5).filter_map(|n| n.name().map(str::to_owned)).collect(),
        Some(_) => return None,
    };
    let predicted = dict
        .get("DecodeParms")
        .and_then(|p| file.dict(p))
        .is_some_and(|p| p.get("Predictor").and_then(Object::number).is_some_and(|n| n > 1.0));
    if predicted {
        // Pictures and cross-reference streams; no text.
        return None;
    }
    let mut data = raw.get(..room).unwrap_or(raw).to_vec();
    for filter in filters {
        data = match filter.as_str() {
            "FlateDecode" | "Fl" => inflated(&data, room),
            "ASCIIHexDecode" | "AHx" => hex(&data),
            "ASCII85Decode" | "A85" => base85(&data),
            _ => return None,
        };
    }
    Some(data)
}

/// Hexadecimal digits up to ">"; a missing last digit is 0.
pub(super) fn hex(text: &[u8]) -> Vec<u8> {
    let digits = text.iter().take_while(|b| **b != b'>').filter_map(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for digit in digits {
        match high.take() {
            None => high = Some(digit),
            Some(h) => out.push((h * 16 + digit) as u8),
        }
    }
    out.extend(high.map(|h| (h * 16) as u8));
    out
}

/// Undoes the prediction of rows (PNG specification §9), each with a byte before it; `pixel` is the bytes of one.
pub(super) fn unpredicted(data: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    for coded in data.chunks_exact(row + 1) {
        let Some((how, values)) = coded.split_first() else { break };
        let start = out.len();
        let of = |out: &[u8], at: Option<usize>| at.and_then(|a| out.get(a).copied()).unwrap_or(0);
        for (i, value) in values.iter().enumerate() {
            let here = start + i;
            let left = of(&out, here.checked_sub(pixel).filter(|a| *a >= start));
            let up = of(&out, here.checked_sub(row));
            let corner = of(&out, here.checked_sub(row + pixel).filter(|_| i >= pixel));
            let guess = match how {
                1 => left,
                2 => up,
                3 => (u16::from(left).midpoint(u16::from(up))) as u8,
                4 => paeth(left, up, corner),
                _ => 0,
            };
            out.push(value.wrapping_add(guess));
        }
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |value: u8| (guess - i16::from(value)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

fn base85(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut group: Vec<u32> = Vec::with_capacity(5);
    let value = |group: &[u32]| {
        let padded = group.iter().copied().chain(std::iter::repeat(84)).take(5);
        padded.fold(0u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(digit)).to_be_bytes()
    };
    for &b in text {
        match b {
            b'~' => break,
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => {
                group.push(u32::from(b - b'!'));
                if group.len() == 5 {
                    out.extend(value(&group));
                    group.clear();
                }
            }
            _ => {}
        }
    }
    if group.len() > 1 {
        out.extend(value(&group).iter().take(group.len() - 1));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_bytes() {
        assert_eq!(hex(b"48 65 6c6C 6f>21"), b"Hello");
        assert_eq!(hex(b"7"), b"p");
        assert_eq!(base85(b"87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(base85(b"87cUR~>"), b"Hell");
    }
}
