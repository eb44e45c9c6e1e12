//! What leaves is looked at: unpacked again by a decoder of another hand, and read.

use super::picture::{Picture, from_jpeg};
use super::*;

/// Short enough for the small copies of these tests.
const WORDS: &str = "for +381601234567 at mts";
const ALL_WORDS: &str = "only for the cancellation of +381601234567 at mts, 25 November 2026";
const LIMITS: Limits = Limits { size_max: 10_000_000, pixels_max: 4_000_000, pages_max: 3, side_max: 600 };
/// Stands for all that nobody wants to send.
const SECRET: &[u8] = b"GPS 44.8N 20.4E Pera";

/// A picture with the look of a scan: paper, lines of print, a dark photo.
fn scanned(width: u32, height: u32) -> Picture {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 28;
            let is_print = y % 40 < 12 && x % 23 < 9 && x > width / 2;
            let is_photo = x < width / 3 && y > height / 3 && y < height * 2 / 3;
            let base = if is_photo {
                50
            } else if is_print {
                30
            } else {
                215
            };
            rgb.extend([base + noise as u8; 3]);
        }
    }
    Picture { width, height, rgb }
}

/// One colour.
fn flat(width: u32, height: u32, colour: [u8; 3]) -> Picture {
    Picture { width, height, rgb: colour.repeat((width * height) as usize) }
}

fn png_of(picture: &Picture) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_text_chunk("Author".to_owned(), String::from_utf8_lossy(SECRET).into_owned()).unwrap();
    encoder.write_header().unwrap().write_image_data(&picture.rgb).unwrap();
    out.extend_from_slice(SECRET);
    out
}

/// A photo as a telephone makes it: Exif with its place and its way up, a comment, more behind the end.
fn photo_of(picture: &Picture, orientation: u8) -> Vec<u8> {
    let plain = jpeg::encode(picture);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(SECRET);
    // A preview, with an end of its own.
    exif.extend_from_slice(b"\xff\xd8\xff\xd9");
    let mut out = plain[..2].to_vec();
    for (mark, data) in [(0xe1, exif.as_slice()), (0xfe, SECRET), (0xed, SECRET)] {
        out.extend([0xff, mark]);
        out.extend((data.len() as u16 + 2).to_be_bytes());
        out.extend_from_slice(data);
    }
    out.extend_from_slice(&plain[2..]);
    out.extend_from_slice(SECRET);
    out
}

/// A scanner's file: a picture a page, with all that such files carry about.
fn pdf_of(pictures: &[Picture]) -> Vec<u8> {
    let pages: Vec<_> = pictures.iter().map(|p| ((p.width, p.height), photo_of(p, 1))).collect();
    let file = pdf::of_pictures(&pages);
    let extras = format!(
        "900 0 obj<</Author({0})/Title({0})>>endobj\n901 0 obj<</S/JavaScript/JS({0})>>endobj\n902 0 obj<</Type/Metadata/Length {1}>>stream\n{0}\nendstream endobj\n",
        String::from_utf8_lossy(SECRET),
        SECRET.len()
    );
    let text = [b"%PDF-1.4\n", extras.as_bytes(), &file[9..]].concat();
    replaced(&text, b"/Type/Catalog", b"/Type/Catalog/Metadata 902 0 R/OpenAction 901 0 R")
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

fn made(bytes: &[u8]) -> Prepared {
    prepare(bytes, &LIMITS, WORDS).unwrap()
}

/// The copy, unpacked.
fn copy_of(bytes: &[u8]) -> Picture {
    from_jpeg(&made(bytes).bytes, &LIMITS).unwrap()
}

fn refused(bytes: &[u8], words: &[&str]) {
    let error = check(bytes, &LIMITS).unwrap_err().to_string();
    assert_eq!(prepare(bytes, &LIMITS, WORDS).unwrap_err().to_string(), error);
    for word in words {
        assert!(error.contains(word), "{error}: {word}");
    }
}

/// Lines across the copy on which all the words can be read, wherever they begin, most characters without a doubt.
fn lines_read(copy: &Picture, words: &str) -> usize {
    let endless: Vec<u8> = format!("{words}   *   ").bytes().cycle().take(3 * words.len()).collect();
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).filter(|(a, b)| a == b).count() * 20 >= words.len() * 17;
    let read = |line: &String| {
        let mut windows = line.as_bytes().windows(words.len());
        windows.any(|w| endless.windows(words.len()).any(|e| same(w, e)))
    };
    watermark::read_back(copy, words.len()).iter().filter(|l| read(l)).count()
}

#[test]
fn the_words_can_be_read_across_the_copy() {
    for picture in [scanned(600, 430), scanned(400, 570), flat(240, 180, [0; 3]), flat(150, 100, [255; 3])] {
        let copy = copy_of(&png_of(&picture));
        assert!(lines_read(&copy, WORDS) >= 3, "{:?}", watermark::read_back(&copy, WORDS.len()));
    }
    // As large as a copy really is.
    let limits = Limits { side_max: 1_400, ..LIMITS };
    let copy = prepare(&png_of(&scanned(1_400, 400)), &limits, ALL_WORDS).unwrap();
    assert!(lines_read(&from_jpeg(&copy.bytes, &limits).unwrap(), ALL_WORDS) >= 3);
    let blank = prepare(&png_of(&scanned(600, 430)), &LIMITS, "").unwrap();
    assert_eq!(lines_read(&from_jpeg(&blank.bytes, &LIMITS).unwrap(), WORDS), 0, "the reader reads what is there");
}

#[test]
fn the_words_go_over_all_of_the_picture() {
    let (plain, copy) = (scanned(600, 400), copy_of(&png_of(&scanned(600, 400))));
    assert_eq!((copy.width, copy.height), (600, 400));
    for (left, top) in (0..6).flat_map(|x| (0..4).map(move |y| (x * 100, y * 100))) {
        let places = (0..100).flat_map(|x| (0..100).map(move |y| 3 * ((top + y) * 600 + left + x)));
        let changed = places.filter(|at| plain.rgb[at + 1].abs_diff(copy.rgb[at + 1]) > 25).count();
        assert!(changed > 200, "{changed} of 10,000 at {left}, {top}");
    }
}

#[test]
fn only_pixels_leave() {
    let picture = scanned(300, 220);
    for file in [png_of(&picture), photo_of(&picture, 1), pdf_of(&[picture])] {
        assert!(has(&file, SECRET));
        let copy = made(&file).bytes;
        for trace in [SECRET, b"Exif", b"Pera", b"JavaScript", b"Metadata", b"Author"] {
            assert!(!has(&copy, trace), "{}", String::from_utf8_lossy(trace));
        }
    }
    let copy = made(&photo_of(&scanned(300, 220), 1)).bytes;
    let (mut at, mut marks) = (2, Vec::new());
    while copy[at + 1] != 0xda {
        marks.push(copy[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([copy[at + 2], copy[at + 3]]));
    }
    assert_eq!(marks, [0xe0, 0xdb, 0xdb, 0xc0, 0xc4, 0xc4, 0xc4, 0xc4]);
}

#[test]
fn a_photo_is_turned_the_right_way_up() {
    // Dark above, bright below; where the dark is in the copy.
    let mut picture = flat(300, 200, [20; 3]);
    picture.rgb[3 * 300 * 100..].fill(230);
    let check = |orientation: u8, size: (u32, u32), dark: (usize, usize)| {
        let copy = from_jpeg(&prepare(&photo_of(&picture, orientation), &LIMITS, "").unwrap().bytes, &LIMITS).unwrap();
        // Enlarged to where words can be read.
        assert_eq!((copy.width, copy.height), size, "{orientation}");
        let at = |x: usize, y: usize| copy.rgb[3 * (y * copy.width as usize + x)];
        let (w, h) = (copy.width as usize, copy.height as usize);
        assert!(at(dark.0 * w / 8, dark.1 * h / 8) < 60, "{orientation}");
        assert!(at((8 - dark.0) * w / 8, (8 - dark.1) * h / 8) > 190, "{orientation}");
    };
    check(1, (600, 400), (4, 1));
    check(3, (600, 400), (4, 7));
    check(6, (400, 600), (7, 4));
    check(8, (400, 600), (1, 4));
}

#[test]
fn colours_stay_what_they_are() {
    for colour in [[255, 255, 255], [0, 0, 0], [200, 30, 40], [20, 160, 70], [60, 60, 220]] {
        let copy = prepare(&png_of(&flat(600, 104, colour)), &LIMITS, "").unwrap();
        let copy = from_jpeg(&copy.bytes, &LIMITS).unwrap();
        let far = copy.rgb.chunks(3).map(|p| (0..3).map(|i| p[i].abs_diff(colour[i])).max().unwrap()).max();
        assert!(far.unwrap() <= 4, "{colour:?}: {far:?}");
    }
    let noisy = scanned(500, 350);
    let copy = from_jpeg(&jpeg::encode(&noisy), &LIMITS).unwrap();
    let sum: u64 = noisy.rgb.iter().zip(&copy.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(sum / (noisy.rgb.len() as u64) < 8, "{}", sum / noisy.rgb.len() as u64);
}

#[test]
fn a_large_picture_is_scaled_down_and_a_huge_one_never_unpacked() {
    let copy = copy_of(&png_of(&scanned(1_050, 450)));
    assert_eq!((copy.width, copy.height), (600, 258));
    // 400 megapixels in 60 bytes; and in a JPEG header.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x06\0\0\0".to_vec();
    png.extend(crc(&png[12..]).to_be_bytes());
    png.extend(b"\0\0\0\x04IDAT....");
    refused(&png, &["20000 x 20000", "more than 4 megapixels", "fewer dots", "max_megapixels"]);
    let jpeg = jpeg::encode(&flat(120, 120, [9; 3]));
    let huge =
        replaced(&jpeg, &[0xff, 0xc0, 0, 17, 8, 0, 120, 0, 120], &[0xff, 0xc0, 0, 17, 8, 0x75, 0x30, 0x75, 0x30]);
    refused(&huge, &["30000 x 30000", "megapixels"]);
    refused(&png_of(&flat(60, 900, [9; 3])), &["60 x 900", "again"]);
    refused(&vec![b'%'; 10_000_001], &["larger than 10 MB", "max_size"]);
}

/// CRC-32 as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(!0u32, |crc, b| (0..8).fold(crc ^ u32::from(*b), step))
}

#[test]
fn a_file_is_what_its_bytes_say() {
    refused(b"MZ\x90\0 program", &["no PDF, JPEG or PNG but a program", "whatever its name says"]);
    refused(b"\0\0\0\x18ftypheic....", &["a HEIC photo", "most compatible"]);
    refused(b"RIFF\0\0\0\0WEBPVP8 ", &["a WebP picture", "save it as JPEG"]);
    refused(b"PK\x03\x04word/document.xml", &["Office document"]);
    refused("Dear Sir, my passport".as_bytes(), &["but text"]);
    refused(b"", &["is empty"]);
    refused(b"\xff\xd8\xff\xe0 not a picture at all", &["JPEG file that is cut off or damaged"]);
    refused(b"\x89PNG\r\n\x1a\n not a picture", &["PNG file that is cut off or damaged"]);
    refused(b"%PDF-1.7 not a document", &["PDF file that is cut off or damaged", "its end is missing"]);
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let picture = scanned(160, 120);
    let (png, photo, pdf) = (png_of(&picture), photo_of(&picture, 1), pdf_of(&[picture]));
    // Behind the picture itself only the secret is lost.
    for (file, whole) in [(&png, png.len() - SECRET.len()), (&photo, photo.len() - SECRET.len()), (&pdf, pdf.len() - 1)]
    {
        assert!(check(file, &LIMITS).is_ok());
        for end in (0..whole).step_by(whole / 61 + 1).chain([whole - 1, whole - 3]) {
            assert!(check(&file[..end], &LIMITS).is_err(), "{end} of {whole}");
        }
    }
}

#[test]
fn noise_in_a_file_is_borne() {
    let picture = scanned(160, 120);
    for file in [png_of(&picture), jpeg::encode(&picture), pdf_of(&[picture])] {
        for seed in 0..40usize {
            let mut noisy = file.clone();
            for i in 0..8 {
                let at = (seed * 7_919 + i * 104_729) % noisy.len();
                noisy[at] = noisy[at].wrapping_add((seed * 31 + i * 17) as u8 | 1);
            }
            let _ = check(&noisy, &LIMITS);
        }
    }
}

#[test]
fn a_stack_of_scans_becomes_one_of_copies() {
    let file = pdf_of(&[scanned(450, 600), scanned(600, 450)]);
    let copy = made(&file);
    assert_eq!((copy.media_type, copy.extension), ("application/pdf", "pdf"));
    let mut pages = Vec::new();
    pdf::pictures(&copy.bytes, &LIMITS, &mut |page| pages.push(page)).unwrap();
    assert_eq!(pages.iter().map(|p| (p.width, p.height)).collect::<Vec<_>>(), [(450, 600), (600, 450)]);
    assert!(pages.iter().all(|p| lines_read(p, WORDS) >= 3));
}

#[test]
fn a_page_that_is_more_than_a_scan_is_refused() {
    let file = pdf_of(&[scanned(300, 400)]);
    let with = |from: &str, to: &str| replaced(&file, from.as_bytes(), to.as_bytes());
    // What is drawn over the picture may be there to hide what lies beneath.
    let content = "q 631.50 0 0 842.00 0 0 cm /P Do Q";
    let drawn = |rest: &str| {
        let new = format!("{content} {rest}");
        let file = with(content, &new);
        replaced(&file, format!("/Length {}", content.len()).as_bytes(), format!("/Length {}", new.len()).as_bytes())
    };
    let remedy = &["page 1", "pdftoppm"];
    for (rest, reason) in [
        ("0 g 100 100 200 40 re f", "drawn over"),
        ("BT /F 12 Tf (text) Tj ET", "drawn over"),
        ("/P Do", "several pictures"),
        ("BI /W 1 /H 1 ID x EI", "drawn over"),
    ] {
        refused(&drawn(rest), &[remedy[0], remedy[1], reason]);
    }
    assert!(check(&drawn("BT 3 Tr /F 12 Tf (what a text reader read) Tj ET"), &LIMITS).is_ok());
    refused(&with("/MediaBox", "/Annots[<</Subtype/FreeText>>]/MediaBox"), &["notes, stamps"]);
    refused(&with("/Height", "/SMask 5 0 R/Height"), &["see-through"]);
    refused(&with("/DeviceRGB", "/DeviceCMYK"), &["colours"]);
    refused(&with("/DCTDecode", "/JPXDecode"), &["packed"]);
    refused(&with("trailer\n<<", "trailer\n<</Encrypt 9 0 R"), &["encrypted PDF", "without a password"]);
    refused(&pdf_of(&vec![scanned(120, 120); 4]), &["more than 3 pages", "max_pages"]);
}

#[test]
fn what_a_page_does_not_show_does_not_leave() {
    // Left half black, right half white; the page shows the right half only.
    let mut picture = flat(400, 400, [0; 3]);
    picture
        .rgb
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .enumerate()
        .filter(|(i, _)| i % 400 >= 200)
        .for_each(|(_, p)| *p = [255; 3]);
    let file = pdf_of(&[picture]);
    let check = |from: &str, to: &str, size: (u32, u32)| {
        let mut pages = Vec::new();
        pdf::pictures(&replaced(&file, from.as_bytes(), to.as_bytes()), &LIMITS, &mut |p| pages.push(p)).unwrap();
        assert_eq!((pages[0].width, pages[0].height), size, "{to}");
        pages.remove(0)
    };
    let page = check("/MediaBox", "/CropBox[429 0 842 842]/MediaBox", (196, 400));
    assert!(page.rgb.iter().all(|v| *v > 240));
    let turned = check("/MediaBox", "/Rotate 90/CropBox[429 421 842 842]/MediaBox", (200, 196));
    assert!(turned.rgb.iter().all(|v| *v > 240));
}

#[test]
fn pixels_that_a_scanner_packed_itself_are_read() {
    let plain = scanned(200, 150);
    let (mut stored, mut predicted) = (Vec::new(), Vec::new());
    for row in plain.rgb.chunks(600) {
        predicted.push(2u8);
        let above = &stored[stored.len().saturating_sub(600)..];
        predicted.extend(row.iter().enumerate().map(|(i, v)| v.wrapping_sub(above.get(i).copied().unwrap_or(0))));
        stored.extend_from_slice(row);
    }
    let check = |head: &str, bytes: &[u8]| {
        let file = pdf_of(std::slice::from_ref(&plain));
        let start = file.windows(11).rposition(|w| w == b"/DCTDecode/").unwrap();
        let end = file.windows(9).rposition(|w| w == b"endstream").unwrap();
        let head = format!("{head}/Length {}>>\nstream\n", bytes.len());
        let cut = start - "/Filter".len();
        let file = [&file[..cut], head.as_bytes(), bytes, b"\n", &file[end..]].concat();
        let mut pages = Vec::new();
        pdf::pictures(&file, &LIMITS, &mut |p| pages.push(p)).unwrap();
        assert!(pages[0] == plain, "{head}");
    };
    check("", &stored);
    check("/Filter/FlateDecode", &zlib(&stored));
    check("/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors 3/Columns 200>>", &zlib(&predicted));
}

/// Stored blocks in a zlib wrapping.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = bytes.chunks(60_000);
    let last = blocks.len() - 1;
    for (i, block) in blocks.enumerate() {
        out.push(u8::from(i == last));
        out.extend((block.len() as u16).to_le_bytes());
        out.extend((!(block.len() as u16)).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend([0; 4]);
    out
}
