//! The one thing in a photo's metadata that is needed before all of it goes: which way up it is (Exif 2.32 §4.6.4,
//! tag 0x0112). Called by `picture`.

/// The orientation, 1 to 8; 1 (as it is) where none can be read.
pub(super) fn orientation(tiff: &[u8]) -> u8 {
    read(tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff)).unwrap_or(1)
}

fn read(tiff: &[u8]) -> Option<u8> {
    let big = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let long: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let directory = (if big { u32::from_be_bytes(long) } else { u32::from_le_bytes(long) }) as usize;
    for entry in 0..usize::from(short(directory)?) {
        let at = directory.checked_add(2 + 12 * entry)?;
        if short(at)? == 0x0112 {
            let value = short(at.checked_add(8)?)?;
            return u8::try_from(value).ok().filter(|o| (1..=8).contains(o));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_up_is_read_in_both_byte_orders() {
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        assert_eq!((orientation(little), orientation(big)), (6, 8));
        for end in 0..little.len() {
            assert!((1..=8).contains(&orientation(&little[..end])));
        }
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff\x01\0"), 1);
    }
}
