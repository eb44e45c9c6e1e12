//! A picture as plain pixels: from PNG and JPEG bytes, turned the right way up, scaled, cropped. Sizes are known
//! before any pixel is unpacked. Called by the module.

use super::exif;
use super::{Limits, Unusable};
use std::io::Cursor;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// A side below which nothing can be read.
const SIDE_MIN: u64 = 100;
/// Pictures below this are enlarged, so that the words across them can be read.
const SIDE_SMALL: u32 = 1_400;
/// Scans of one progressive JPEG; each costs a pass over all pixels, however few bytes it has.
const SCANS_MAX: usize = 60;
/// Room for what is not pixels in a PNG file.
const PNG_ROOM: usize = 32 << 20;

/// Rows of red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    /// `3 * width * height` bytes.
    pub(super) rgb: Vec<u8>,
}

/// Refuses a size before it is allocated.
pub(super) fn check_size(width: u64, height: u64, limits: &Limits) -> Result<(), Unusable> {
    if width.saturating_mul(height) > limits.pixels_max || width.max(height) > 65_535 {
        return Err(Unusable::TooManyPixels { width, height, max: limits.pixels_max });
    }
    if width.min(height) < SIDE_MIN {
        return Err(Unusable::TooSmall { width, height });
    }
    Ok(())
}

/// Unpacks a PNG file.
pub(super) fn from_png(bytes: &[u8], limits: &Limits) -> Result<Picture, Unusable> {
    let broken = |e: png::DecodingError| Unusable::Damaged { kind: "PNG", reason: e.to_string() };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: PNG_ROOM });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let (width, height) = decoder.read_header_info().map_err(broken)?.size();
    check_size(width.into(), height.into(), limits)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let turned = reader.info().exif_metadata.as_ref().map_or(1, |tiff| exif::orientation(tiff));
    let room = reader.output_buffer_size().filter(|n| *n <= 4 * width as usize * height as usize);
    let room =
        room.ok_or(Unusable::TooManyPixels { width: width.into(), height: height.into(), max: limits.pixels_max })?;
    let mut pixels = vec![0; room];
    let frame = reader.next_frame(&mut pixels).map_err(broken)?;
    reader.finish().map_err(broken)?;
    pixels.truncate(frame.buffer_size());
    // What is see-through is shown on white paper.
    let over = |value: u8, alpha: u8| {
        let (value, alpha) = (u16::from(value), u16::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let rgb: Vec<u8> = match frame.color_type {
        png::ColorType::Rgb => pixels,
        png::ColorType::Grayscale | png::ColorType::Indexed => pixels.iter().flat_map(|g| [*g; 3]).collect(),
        png::ColorType::GrayscaleAlpha => {
            pixels.as_chunks::<2>().0.iter().flat_map(|[g, a]| [over(*g, *a); 3]).collect()
        }
        png::ColorType::Rgba => {
            let four = pixels.as_chunks::<4>().0;
            four.iter().flat_map(|[r, g, b, a]| [over(*r, *a), over(*g, *a), over(*b, *a)]).collect()
        }
    };
    whole(width, height, rgb, "PNG").map(|p| p.turned(turned))
}

/// Unpacks a JPEG file, the right way up.
pub(super) fn from_jpeg(bytes: &[u8], limits: &Limits) -> Result<Picture, Unusable> {
    unpacked(bytes, limits).map(|(picture, orientation)| picture.turned(orientation))
}

/// Unpacks a JPEG file, whatever it says of the way up.
pub(super) fn from_jpeg_as_it_is(bytes: &[u8], limits: &Limits) -> Result<Picture, Unusable> {
    unpacked(bytes, limits).map(|(picture, _)| picture)
}

fn unpacked(bytes: &[u8], limits: &Limits) -> Result<(Picture, u8), Unusable> {
    let broken = |reason: String| Unusable::Damaged { kind: "JPEG", reason };
    let frame = frame(bytes).ok_or_else(|| broken("there is no picture in it".to_owned()))?;
    check_size(frame.width.into(), frame.height.into(), limits)?;
    let coded = bytes.get(frame.scan..).unwrap_or_default();
    let marks = |mark: u8| coded.windows(2).filter(move |w| *w == [0xff, mark]);
    if marks(0xd9).next().is_none() {
        return Err(broken("its end is missing".to_owned()));
    }
    if marks(0xda).count() > SCANS_MAX {
        return Err(broken("it has more scans than a picture needs".to_owned()));
    }
    let options = DecoderOptions::default()
        .set_max_width(65_535)
        .set_max_height(65_535)
        .set_strict_mode(true)
        .jpeg_set_max_scans(SCANS_MAX + 2)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder.decode().map_err(|e| broken(one_line(&format!("{e:?}"))))?;
    let turned = decoder.exif().map_or(1, |tiff| exif::orientation(tiff));
    whole(frame.width.into(), frame.height.into(), rgb, "JPEG").map(|picture| (picture, turned))
}

/// The words of a decoder, short and in one line: it may quote the file.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '"').take(120).collect()
}

fn whole(width: u32, height: u32, rgb: Vec<u8>, kind: &'static str) -> Result<Picture, Unusable> {
    if rgb.len() == 3 * width as usize * height as usize {
        return Ok(Picture { width, height, rgb });
    }
    Err(Unusable::Damaged { kind, reason: "it holds fewer pixels than it says".to_owned() })
}

/// Size of a JPEG picture, and where its coded data begin.
struct Frame {
    width: u16,
    height: u16,
    scan: usize,
}

/// Walks the segments (ITU-T T.81 §B.1) up to the first scan. A preview in the metadata lies within a segment and is
/// stepped over.
fn frame(bytes: &[u8]) -> Option<Frame> {
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?));
    let mut at = 2;
    let mut size = None;
    loop {
        while bytes.get(at) == Some(&0xff) && bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let [0xff, mark] = *bytes.get(at..at + 2)? else { return None };
        match mark {
            0x01 | 0xd0..=0xd8 => at += 2,
            0xd9 => return None,
            // SOF0 to SOF15 without DHT, JPG and DAC.
            0xc0..=0xcf if !matches!(mark, 0xc4 | 0xc8 | 0xcc) => {
                size = Some((word(at + 7)?, word(at + 5)?));
                at += 2 + usize::from(word(at + 2)?.max(2));
            }
            0xda => return size.map(|(width, height)| Frame { width, height, scan: at + 2 }),
            _ => at += 2 + usize::from(word(at + 2)?.max(2)),
        }
    }
}

impl Picture {
    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = 3 * (y as usize * self.width as usize + x as usize);
        self.rgb.get(at..at + 3).and_then(|p| p.try_into().ok()).unwrap_or([255; 3])
    }

    /// The picture as an Exif orientation wants it seen.
    pub(super) fn turned(self, orientation: u8) -> Self {
        let (w, h) = (self.width, self.height);
        // Where the pixel of a place of the result lies.
        let from: fn(u32, u32, u32, u32) -> (u32, u32) = match orientation {
            2 => |x, y, w, _| (w - 1 - x, y),
            3 => |x, y, w, h| (w - 1 - x, h - 1 - y),
            4 => |x, y, _, h| (x, h - 1 - y),
            5 => |x, y, _, _| (y, x),
            6 => |x, y, _, h| (y, h - 1 - x),
            7 => |x, y, w, h| (w - 1 - y, h - 1 - x),
            8 => |x, y, w, _| (w - 1 - y, x),
            _ => return self,
        };
        let (width, height) = if orientation >= 5 { (h, w) } else { (w, h) };
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..height {
            for x in 0..width {
                let (from_x, from_y) = from(x, y, w, h);
                rgb.extend(self.pixel(from_x, from_y));
            }
        }
        Self { width, height, rgb }
    }

    /// The part between two corners, which lie within.
    pub(super) fn cropped(self, left: u32, top: u32, right: u32, bottom: u32) -> Self {
        let (right, bottom) = (right.min(self.width), bottom.min(self.height));
        if (left, top, right, bottom) == (0, 0, self.width, self.height) || left >= right || top >= bottom {
            return self;
        }
        let mut rgb = Vec::with_capacity(3 * (right - left) as usize * (bottom - top) as usize);
        for y in top..bottom {
            let row = 3 * y as usize * self.width as usize;
            rgb.extend_from_slice(self.rgb.get(row + 3 * left as usize..row + 3 * right as usize).unwrap_or_default());
        }
        Self { width: right - left, height: bottom - top, rgb }
    }

    /// Scaled so that its longest side is at most `side_max`; a very small one is enlarged.
    pub(super) fn fitted(self, side_max: u32) -> Self {
        let long = self.width.max(self.height).max(1);
        let wanted = if long > side_max {
            side_max
        } else if long < SIDE_SMALL.min(side_max) {
            SIDE_SMALL.min(side_max)
        } else {
            return self;
        };
        let scaled = |side: u32| (u64::from(side) * u64::from(wanted)).div_ceil(u64::from(long)).max(1) as u32;
        let (width, height) = (scaled(self.width), scaled(self.height));
        self.scaled(width, height)
    }

    /// With pixels as high as they are wide, where a fax or a form stretched them; `aspect` is width by height.
    pub(super) fn with_aspect(self, aspect: f32) -> Self {
        let height = (self.width as f32 / aspect).round().clamp(1.0, 65_535.0);
        let stretched = (height / self.height as f32 - 1.0).abs();
        // Beyond a factor of four it is no scan that was stretched.
        if !(0.03..4.0).contains(&stretched) || f64::from(self.width) * f64::from(height) > 1e8 {
            return self;
        }
        let width = self.width;
        self.scaled(width, height as u32)
    }

    /// Each pixel of the result is the mean of those that it covers.
    fn scaled(self, width: u32, height: u32) -> Self {
        let span = |i: u32, from: u32, to: u32| {
            let start = (u64::from(i) * u64::from(from) / u64::from(to)) as u32;
            let end = (u64::from(i + 1) * u64::from(from)).div_ceil(u64::from(to)) as u32;
            start..end.min(from).max(start + 1)
        };
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        for y in 0..height {
            let rows = span(y, self.height, height);
            for x in 0..width {
                let columns = span(x, self.width, width);
                let mut sum = [0u32; 3];
                let mut count = 0;
                for row in rows.clone() {
                    let start = 3 * (row as usize * self.width as usize + columns.start as usize);
                    let end = start + 3 * columns.len();
                    for pixel in self.rgb.get(start..end).unwrap_or_default().as_chunks::<3>().0 {
                        sum.iter_mut().zip(pixel).for_each(|(s, p)| *s += u32::from(*p));
                        count += 1;
                    }
                }
                rgb.extend(sum.map(|s| (s / count.max(1)) as u8));
            }
        }
        Self { width, height, rgb }
    }
}
