//! Documents on their way to a carrier: what a file really is, whether it can be used, and the copy of it that is
//! enclosed. The copy holds nothing but pixels: no metadata, scaled down, with words across it that tie it to this
//! one cancellation. Bytes in, bytes out; no file, no clock, no store. Called by the command line.

mod exif;
mod font;
mod jpeg;
mod pdf;
mod picture;
mod watermark;

use crate::domain::document::Limits;
use picture::Picture;

/// A copy that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Media type by content.
    pub media_type: &'static str,
    /// How its name ends.
    pub extension: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why a file cannot be enclosed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// More bytes than allowed.
    #[error("is larger than {} MB; scan it with fewer dots or as JPEG, or raise [documents] max_size", .max / 1_000_000)]
    TooLarge {
        /// The limit in bytes.
        max: u64,
    },
    /// Something else than a document, whatever its name says.
    #[error("is no PDF, JPEG or PNG but {found}, whatever its name says; carriers take nothing else: {remedy}")]
    Foreign {
        /// What it is.
        found: &'static str,
        /// How to make a picture of it.
        remedy: &'static str,
    },
    /// More pixels than allowed.
    #[error(
        "is a picture of {width} x {height} pixels, more than {} megapixels; scan it with fewer dots, or raise [documents] max_megapixels",
        .max / 1_000_000
    )]
    TooManyPixels {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
        /// The limit in pixels.
        max: u64,
    },
    /// So few pixels that nobody could read it.
    #[error(
        "is a picture of {width} x {height} pixels, on which nobody can read anything; scan or photograph it again"
    )]
    TooSmall {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
    },
    /// Cut off or broken.
    #[error("is a {kind} file that is cut off or damaged ({reason}); copy or scan it again")]
    Damaged {
        /// `JPEG`, `PNG` or `PDF`.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Locked by a password or by rights.
    #[error(
        "is an encrypted PDF file, which nobody could open at the carrier; print it into a new PDF file without a password"
    )]
    Encrypted,
    /// More pages than allowed.
    #[error("has more than {max} pages; enclose only those that were asked for, or raise [documents] max_pages")]
    TooManyPages {
        /// The limit.
        max: usize,
    },
    /// A PDF file that is not made of scanned pages.
    #[error(
        "is a PDF file whose page {page} is no single scanned picture ({reason}), and its hidden contents cannot be \
         taken out with certainty; enclose a picture of the page instead: a screenshot, a photo, or \
         `pdftoppm -r 150 -jpeg FILE page`"
    )]
    NotScanned {
        /// The page, from 1.
        page: usize,
        /// What is there instead.
        reason: &'static str,
    },
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
}

/// The kinds that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    Pdf,
}

/// Says whether a file can be enclosed. It is read to its end, so that nothing is found out later.
///
/// # Errors
/// [`Unusable`] with the remedy.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<(), Unusable> {
    match kind_of(bytes, limits)? {
        Kind::Jpeg => picture::from_jpeg(bytes, limits).map(drop),
        Kind::Png => picture::from_png(bytes, limits).map(drop),
        Kind::Pdf => pdf::pictures(bytes, limits, &mut drop),
    }
}

/// Makes the copy that is enclosed: a JPEG file of a picture, a PDF file of scanned pages, with `words` across
/// each.
///
/// # Errors
/// [`Unusable`] with the remedy.
pub fn prepare(bytes: &[u8], limits: &Limits, words: &str) -> Result<Prepared, Unusable> {
    let picture = match kind_of(bytes, limits)? {
        Kind::Jpeg => picture::from_jpeg(bytes, limits)?,
        Kind::Png => picture::from_png(bytes, limits)?,
        Kind::Pdf => {
            let mut pages = Vec::new();
            pdf::pictures(bytes, limits, &mut |picture| pages.push(marked(picture, limits, words)))?;
            let bytes = pdf::of_pictures(&pages);
            return Ok(Prepared { media_type: "application/pdf", extension: "pdf", bytes });
        }
    };
    let bytes = marked(picture, limits, words).1;
    Ok(Prepared { media_type: "image/jpeg", extension: "jpg", bytes })
}

/// Size and JPEG bytes of a picture, scaled and marked.
fn marked(picture: Picture, limits: &Limits, words: &str) -> ((u32, u32), Vec<u8>) {
    let mut picture = picture.fitted(limits.side_max);
    watermark::draw(&mut picture, words);
    ((picture.width, picture.height), jpeg::encode(&picture))
}

/// What the bytes are, whatever the file is called.
fn kind_of(bytes: &[u8], limits: &Limits) -> Result<Kind, Unusable> {
    if bytes.len() as u64 > limits.size_max {
        return Err(Unusable::TooLarge { max: limits.size_max });
    }
    if bytes.is_empty() {
        return Err(Unusable::Empty);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Kind::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Kind::Png);
    }
    if bytes.starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    let (found, remedy) = foreign(bytes);
    Err(Unusable::Foreign { found, remedy })
}

/// The name of what else it may be, and the way to a picture of it.
fn foreign(bytes: &[u8]) -> (&'static str, &'static str) {
    const CONVERT: &str = "save it as JPEG or PNG";
    let at = |place: usize, mark: &[u8]| bytes.get(place..).is_some_and(|rest| rest.starts_with(mark));
    let known: [(bool, &str, &str); 10] = [
        (
            at(4, b"ftyphei") || at(4, b"ftypmif1"),
            "a HEIC photo",
            "set the camera to “most compatible”, or save it as JPEG",
        ),
        (at(4, b"ftypavif"), "an AVIF picture", CONVERT),
        (at(0, b"RIFF") && at(8, b"WEBP"), "a WebP picture", CONVERT),
        (at(0, b"GIF8"), "a GIF picture", CONVERT),
        (at(0, b"II*\0") || at(0, b"MM\0*"), "a TIFF picture", CONVERT),
        (at(0, b"BM"), "a bitmap", CONVERT),
        (at(0, b"PK\x03\x04"), "a ZIP archive or an Office document", "make a picture of the page, or a scan"),
        (at(0, b"\xd0\xcf\x11\xe0"), "an Office document", "make a picture of the page, or a scan"),
        (at(0, b"MZ") || at(0, b"\x7fELF"), "a program", "name the document itself"),
        (at(0, b"\xff\xd8") || at(0, b"\x89PNG"), "the damaged beginning of a picture", "copy or scan it again"),
    ];
    let hit = known.into_iter().find(|(is, ..)| *is).map(|(_, found, remedy)| (found, remedy));
    let is_text = std::str::from_utf8(bytes.get(..512).unwrap_or(bytes)).is_ok();
    hit.unwrap_or(if is_text { ("text", "make a picture of it, or a scan") } else { ("something unknown", CONVERT) })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
