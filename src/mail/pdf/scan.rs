//! The pages of a PDF file that is a stack of scans: one picture a page and nothing else that is seen. Any other file
//! is refused with the reason, because what is taken from a page must be all that it shows and no more: a bar drawn
//! over a picture, or an edge cut off, was put there on purpose. Called by `document`.

use super::object::{Dict, File, Object, find};
use super::paint::{Rectangle, intersection, mapped, the_picture};
use super::{filter, inflate};
use std::collections::HashSet;

/// Where the end of the file must be marked (§7.5.5), in bytes from its end.
const TAIL: usize = 2_048;
/// What A4 is, in points.
const A4: Rectangle = [0.0, 0.0, 595.0, 842.0];

/// Why a file is no stack of scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoScan {
    /// It is encrypted.
    Encrypted,
    /// It is cut off or broken.
    Damaged(&'static str),
    /// It has more pages than wanted.
    TooManyPages(usize),
    /// A picture has more pixels than wanted.
    TooManyPixels(u64, u64),
    /// A page is something else than one picture.
    Page {
        /// Its number, from 1.
        number: usize,
        /// What is there instead.
        reason: &'static str,
    },
}

/// The picture of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan<'b> {
    /// Its pixels.
    pub pixels: Pixels<'b>,
    /// How it lies on the page, as an Exif orientation.
    pub laid: u8,
    /// How the page is turned to be seen, as an Exif orientation.
    pub turned: u8,
    /// What is seen of the picture as it lies: left, top, right, bottom, of 1.
    pub seen: [f32; 4],
    /// Width by height on the page.
    pub aspect: f32,
}

/// The pixels of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels<'b> {
    /// A JPEG file of one or three components.
    Jpeg(std::borrow::Cow<'b, [u8]>),
    /// Rows of grey values or of red, green and blue, a byte each.
    Plain {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// 1 or 3.
        channels: u8,
        /// The bytes, `width * height * channels` of them.
        bytes: Vec<u8>,
    },
}

/// Hands the pages of a file over in their order, one at a time.
///
/// # Errors
/// [`NoScan`] when it is anything but a stack of scans, or what `each` returns.
pub fn pages<E: From<NoScan>>(
    bytes: &[u8],
    pages_max: usize,
    pixels_max: u64,
    each: &mut dyn FnMut(usize, Scan<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if find(bytes, b"/Encrypt").is_some() {
        return Err(NoScan::Encrypted.into());
    }
    let tail = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
    if find(tail, b"%%EOF").is_none() || find(tail, b"startxref").is_none() {
        return Err(NoScan::Damaged("its end is missing").into());
    }
    let file = File::open(bytes).ok_or(NoScan::Damaged("there is nothing in it"))?;
    let catalogs = file.dicts_of_type("Catalog");
    let [catalog] = catalogs.as_slice() else {
        return Err(NoScan::Damaged("it has no table of pages, or several").into());
    };
    let mut walk = Walk { file: &file, pages: Vec::new(), seen: HashSet::new(), most: pages_max };
    if let Some(tree) = catalog.get("Pages") {
        walk.node(tree, &Page::default(), 0);
    }
    let pages = walk.pages;
    if pages.is_empty() {
        return Err(NoScan::Damaged("it has no pages").into());
    }
    if pages.len() > pages_max {
        return Err(NoScan::TooManyPages(pages_max).into());
    }
    for (number, page) in (1..).zip(&pages) {
        let scan = scan(&file, page, pixels_max).map_err(|e| match e {
            Failed::Reason(reason) => NoScan::Page { number, reason },
            Failed::Pixels(width, height) => NoScan::TooManyPixels(width, height),
        })?;
        each(number, scan)?;
    }
    Ok(())
}

/// A page with what it inherits (§7.7.3.4).
#[derive(Debug, Clone, Default)]
struct Page {
    dict: Dict,
    resources: Dict,
    media_box: Option<Rectangle>,
    crop_box: Option<Rectangle>,
    rotate: f32,
}

struct Walk<'f, 'b> {
    file: &'f File<'b>,
    pages: Vec<Page>,
    seen: HashSet<u32>,
    most: usize,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: &Object, above: &Page, depth: usize) {
        if let Object::Reference(id) = node
            && !self.seen.insert(*id)
        {
            return;
        }
        if depth > 30 || self.seen.len() > 2_000 || self.pages.len() > self.most {
            return;
        }
        let Some(dict) = self.file.dict(node) else { return };
        let mut page = above.clone();
        if let Some(own) = dict.get("Resources").and_then(|r| self.file.dict(r)) {
            page.resources = own;
        }
        page.media_box = rectangle(self.file, &dict, "MediaBox").or(page.media_box);
        page.crop_box = rectangle(self.file, &dict, "CropBox").or(page.crop_box);
        page.rotate = dict.get("Rotate").and_then(|r| self.file.resolved(r).number()).unwrap_or(page.rotate);
        match dict.get("Kids").map(|k| self.file.resolved(k)) {
            Some(Object::Array(kids)) => kids.iter().take(1_000).for_each(|kid| self.node(kid, &page, depth + 1)),
            _ => self.pages.push(Page { dict, ..page }),
        }
    }
}

fn rectangle(file: &File<'_>, dict: &Dict, key: &str) -> Option<Rectangle> {
    let Object::Array(all) = file.resolved(dict.get(key)?) else { return None };
    let numbers: Vec<f32> = all.iter().filter_map(|o| file.resolved(o).number()).collect();
    let [x0, y0, x1, y1] = numbers.try_into().ok()?;
    Some([x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)])
}

enum Failed {
    Reason(&'static str),
    Pixels(u64, u64),
}

impl From<&'static str> for Failed {
    fn from(reason: &'static str) -> Self {
        Self::Reason(reason)
    }
}

fn scan<'b>(file: &File<'b>, page: &Page, pixels_max: u64) -> Result<Scan<'b>, Failed> {
    if has_notes(file, &page.dict) {
        return Err("notes, stamps or form fields lie on it".into());
    }
    let media = page.media_box.unwrap_or(A4);
    let visible = intersection(media, page.crop_box.unwrap_or(media));
    let contents = page.dict.get("Contents").ok_or("it is empty")?;
    let placed = the_picture(file, contents, &page.resources, visible)?;
    let lies = mapped(placed.matrix, [0.0, 0.0, 1.0, 1.0]).ok_or("its picture lies askew")?;
    let laid = laid(placed.matrix).ok_or("its picture is mirrored")?;
    let (wide, high) = (lies[2] - lies[0], lies[3] - lies[1]);
    let shown = intersection(placed.clip, lies);
    if !(wide > 0.1 && high > 0.1) || shown[2] - shown[0] < 0.01 * wide || shown[3] - shown[1] < 0.01 * high {
        return Err("its picture is not seen".into());
    }
    let near = |a: f32, b: f32| (a - b).abs() < 0.01 * (visible[2] - visible[0]).max(visible[3] - visible[1]);
    if placed.over_paint && !(0..4).all(|side| near(shown[side], visible[side])) {
        return Err("there is more on it than a picture".into());
    }
    let share = |value: f32, from: f32, size: f32| ((value - from) / size).clamp(0.0, 1.0);
    let seen = [
        share(shown[0], lies[0], wide),
        1.0 - share(shown[3], lies[1], high),
        share(shown[2], lies[0], wide),
        1.0 - share(shown[1], lies[1], high),
    ];
    let turned = match (page.rotate.rem_euclid(360.0) / 90.0).round() as u8 {
        1 => 6,
        2 => 3,
        3 => 8,
        _ => 1,
    };
    Ok(Scan { pixels: pixels(file, &placed.image, pixels_max)?, laid, turned, seen, aspect: wide / high })
}

/// Links are no contents; anything else that is put onto a page may be.
fn has_notes(file: &File<'_>, page: &Dict) -> bool {
    let Some(Object::Array(notes)) = page.get("Annots").map(|a| file.resolved(a)) else { return false };
    notes.iter().any(|note| {
        let kind = file.dict(note).and_then(|n| n.get("Subtype").and_then(Object::name).map(str::to_owned));
        !matches!(kind.as_deref(), Some("Link" | "Popup"))
    })
}

/// A quarter turn as an Exif orientation: which way up the picture is put onto the page.
fn laid(m: [f32; 6]) -> Option<u8> {
    let across = m[0].abs() > m[1].abs();
    match (across, m[0] > 0.0, m[3] > 0.0, m[1] > 0.0, m[2] > 0.0) {
        (true, true, true, ..) => Some(1),
        (true, false, false, ..) => Some(3),
        (false, _, _, true, false) => Some(8),
        (false, _, _, false, true) => Some(6),
        _ => None,
    }
}

fn pixels<'b>(file: &File<'b>, image: &Object, pixels_max: u64) -> Result<Pixels<'b>, Failed> {
    let (dict, raw) = file.raw(image).ok_or("its picture is cut off or cannot be found")?;
    let get = |key: &str| dict.get(key).map(|v| file.resolved(v));
    let number =
        |key: &str| get(key).and_then(|n| n.number()).filter(|n| (1.0..65_536.0).contains(n)).map(|n| n as u32);
    let (Some(width), Some(height)) = (number("Width"), number("Height")) else {
        return Err("its picture has no size".into());
    };
    if u64::from(width) * u64::from(height) > pixels_max {
        return Err(Failed::Pixels(width.into(), height.into()));
    }
    if ["SMask", "Mask", "Decode"].iter().any(|key| get(key).is_some_and(|v| v != Object::Null))
        || get("ImageMask") == Some(Object::Word("true".to_owned()))
    {
        return Err("its picture is a mask or see-through".into());
    }
    let channels = channels(file, get("ColorSpace")).ok_or("its picture has colours that are not for screens")?;
    let filters: Vec<String> = match get("Filter") {
        None | Some(Object::Null) => Vec::new(),
        Some(Object::Name(name)) => vec![name],
        Some(Object::Array(names)) => names.iter().filter_map(|n| file.resolved(n).name().map(str::to_owned)).collect(),
        Some(_) => return Err("its picture cannot be read".into()),
    };
    let predictor = parameters(file, get("DecodeParms"), "Predictor").unwrap_or(1.0);
    let bits = number("BitsPerComponent").unwrap_or(8);
    let row = (width as usize * usize::from(channels) * bits as usize).div_ceil(8);
    // A predicted row has one byte before it that tells how.
    let before = usize::from(predictor >= 10.0);
    let room = (row + before) * height as usize;
    let names: Vec<&str> = filters.iter().map(String::as_str).collect();
    let data = match names.as_slice() {
        ["DCTDecode" | "DCT"] => return Ok(Pixels::Jpeg(raw.into())),
        ["FlateDecode" | "Fl", "DCTDecode" | "DCT"] => {
            return Ok(Pixels::Jpeg(inflate::inflated(raw, raw.len().saturating_mul(4)).into()));
        }
        [] => raw.get(..room).unwrap_or_default().to_vec(),
        ["FlateDecode" | "Fl"] if predictor < 1.5 || before == 1 => inflate::inflated(raw, room),
        _ => return Err("its picture is packed in a way that odjava does not read".into()),
    };
    if data.len() < room {
        return Err("its picture is cut off or damaged".into());
    }
    let data = if before == 1 {
        filter::unpredicted(&data, row, usize::from(channels) * (bits as usize).div_ceil(8))
    } else {
        data
    };
    let bytes = match (bits, channels) {
        (8, _) => data,
        (1, 1) => {
            let dots = data
                .chunks(row)
                .flat_map(|r| (0..width as usize).map(|x| r.get(x / 8).map_or(0, |b| b >> (7 - x % 8) & 1) * 255));
            dots.collect()
        }
        _ => return Err("its picture has colours that odjava does not read".into()),
    };
    Ok(Pixels::Plain { width, height, channels, bytes })
}

fn parameters(file: &File<'_>, given: Option<Object>, key: &str) -> Option<f32> {
    let dict = match given? {
        Object::Array(all) => file.dict(all.first()?)?,
        other => file.dict(&other)?,
    };
    file.resolved(dict.get(key)?).number()
}

/// 1 for grey, 3 for red, green and blue; a picture without a colour space has that of its own file.
fn channels(file: &File<'_>, space: Option<Object>) -> Option<u8> {
    match space {
        None => Some(3),
        Some(Object::Name(name)) => match name.as_str() {
            "DeviceGray" | "CalGray" | "G" => Some(1),
            "DeviceRGB" | "CalRGB" | "RGB" => Some(3),
            _ => None,
        },
        Some(Object::Array(parts)) => match file.resolved(parts.first()?).name()? {
            "CalGray" => Some(1),
            "CalRGB" => Some(3),
            "ICCBased" => {
                let (profile, _) = file.raw(parts.get(1)?)?;
                match file.resolved(profile.get("N")?).number()? as u8 {
                    1 => Some(1),
                    3 => Some(3),
                    _ => None,
                }
            }
            _ => None,
        },
        Some(_) => None,
    }
}
