//! PDF files of scanned pages: their pictures out of the old file, and a new file around the marked ones. Nothing else
//! of the old file goes over. Called by the module.

use super::picture::{self, Picture};
use super::{Limits, Unusable};
use crate::mail::pdf::scan::{self, NoScan, Pixels, Scan};

/// Long side of a page, in points: A4.
const LONG_SIDE: f32 = 842.0;

impl From<NoScan> for Unusable {
    fn from(why: NoScan) -> Self {
        match why {
            NoScan::Encrypted => Self::Encrypted,
            NoScan::Damaged(reason) => Self::Damaged { kind: "PDF", reason: reason.to_owned() },
            NoScan::TooManyPages(max) => Self::TooManyPages { max },
            NoScan::TooManyPixels(width, height) => Self::TooManyPixels { width, height, max: 0 },
            NoScan::Page { number, reason } => Self::NotScanned { page: number, reason },
        }
    }
}

/// Hands over the pictures of the pages, one at a time.
pub(super) fn pictures(bytes: &[u8], limits: &Limits, each: &mut dyn FnMut(Picture)) -> Result<(), Unusable> {
    let pages = scan::pages(bytes, limits.pages_max, limits.pixels_max, &mut |_, scan| {
        each(picture(scan, limits)?);
        Ok::<(), Unusable>(())
    });
    pages.map_err(|e| match e {
        Unusable::TooManyPages { .. } => Unusable::TooManyPages { max: limits.pages_max },
        Unusable::TooManyPixels { width, height, .. } => {
            Unusable::TooManyPixels { width, height, max: limits.pixels_max }
        }
        other => other,
    })
}

fn picture(scan: Scan<'_>, limits: &Limits) -> Result<Picture, Unusable> {
    let picture = match scan.pixels {
        // What the metadata of the picture say of its orientation counts for nothing within a PDF file.
        Pixels::Jpeg(bytes) => picture::from_jpeg_as_it_is(&bytes, limits)?,
        Pixels::Plain { width, height, channels, bytes } => {
            picture::check_size(width.into(), height.into(), limits)?;
            let rgb = if channels == 3 { bytes } else { bytes.into_iter().flat_map(|g| [g; 3]).collect() };
            Picture { width, height, rgb }
        }
    };
    let picture = picture.turned(scan.laid).with_aspect(scan.aspect);
    let (wide, high) = (picture.width as f32, picture.height as f32);
    let [left, top, right, bottom] = scan.seen;
    // Inwards: a sliver of what was cut off must not come back.
    let (left, top) = ((left * wide).ceil(), (top * high).ceil());
    let picture =
        picture.cropped(left as u32, top as u32, (right * wide).floor() as u32, (bottom * high).floor() as u32);
    let picture = picture.turned(scan.turned);
    picture::check_size(picture.width.into(), picture.height.into(), limits)?;
    Ok(picture)
}

/// A PDF file of JPEG pictures, one a page.
pub(super) fn of_pictures(pages: &[((u32, u32), Vec<u8>)]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 3 + 3 * n)).collect();
    let mut file = Writer { out: b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec(), places: Vec::new() };
    file.object("<</Type/Catalog/Pages 2 0 R>>", None);
    file.object(&format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.join(" "), pages.len()), None);
    for (n, ((width, height), jpeg)) in pages.iter().enumerate() {
        let scale = LONG_SIDE / (*width.max(height)).max(1) as f32;
        let (wide, high) = (*width as f32 * scale, *height as f32 * scale);
        let id = 3 + 3 * n;
        file.object(
            &format!(
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {wide:.2} {high:.2}]/Contents {} 0 R/Resources<</XObject<</P {} 0 R>>>>>>",
                id + 1,
                id + 2
            ),
            None,
        );
        let content = format!("q {wide:.2} 0 0 {high:.2} 0 0 cm /P Do Q");
        file.object(&format!("<</Length {}>>", content.len()), Some(content.as_bytes()));
        let head = format!(
            "<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length {}>>",
            jpeg.len()
        );
        file.object(&head, Some(jpeg));
    }
    file.finish()
}

/// A file in the making, and where its objects begin.
struct Writer {
    out: Vec<u8>,
    places: Vec<usize>,
}

impl Writer {
    fn object(&mut self, head: &str, stream: Option<&[u8]>) {
        self.places.push(self.out.len());
        self.out.extend(format!("{} 0 obj\n{head}\n", self.places.len()).bytes());
        if let Some(bytes) = stream {
            self.out.extend(b"stream\n");
            self.out.extend(bytes);
            self.out.extend(b"\nendstream\n");
        }
        self.out.extend(b"endobj\n");
    }

    /// The table of objects (§7.5.4): each line has 20 bytes.
    fn finish(mut self) -> Vec<u8> {
        let (start, size) = (self.out.len(), self.places.len() + 1);
        self.out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
        for place in &self.places {
            self.out.extend(format!("{place:010} 00000 n \n").bytes());
        }
        self.out.extend(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes());
        self.out
    }
}
