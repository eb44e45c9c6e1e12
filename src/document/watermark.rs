//! How words are drawn across a picture: slanted lines over all of it, dark in a bright seam, so that they can be read
//! on any ground and not be cut away. Called by the module.

use super::font::{self, CELL};
use super::picture::Picture;

/// Rise of the lines: 3 in 10, an angle no edge of a document has.
const SLANT: (f32, f32) = (0.957_826, 0.287_348);
/// Heights of a letter from one line to the next.
const PITCH: f32 = 3.6;
/// Smallest and largest side of a dot, in pixels.
const DOT: (f32, f32) = (2.0, 6.0);
/// How often the words stand in a line that crosses the picture: most lines hold them whole.
const TIMES: f32 = 1.5;
/// Share of the ink in a dot, and of the white in its seam.
const INK: f32 = 0.55;
const SEAM: f32 = 0.45;
const COLOUR: [f32; 3] = [110.0, 0.0, 40.0];

/// Draws the words across all of the picture.
pub(super) fn draw(picture: &mut Picture, words: &str) {
    let mut text = font::folded(words);
    if text.is_empty() {
        return;
    }
    text.extend_from_slice(b"   *   ");
    let layout = Layout::of(picture, text.len());
    let width = picture.width as usize;
    for (at, pixel) in picture.rgb.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let (x, y) = ((at % width) as f32, (at / width) as f32);
        let (ink, seam) = layout.cover(&text, x, y);
        for (value, colour) in pixel.iter_mut().zip(COLOUR) {
            let bright = f32::from(*value) * (1.0 - SEAM * seam) + 255.0 * SEAM * seam;
            *value = (bright * (1.0 - INK * ink) + colour * INK * ink).round() as u8;
        }
    }
}

/// How large the letters are, and where their lines run.
struct Layout {
    /// Pixels of one dot.
    dot: f32,
}

impl Layout {
    /// Letters so large that they fill a line across the picture.
    fn of(picture: &Picture, characters: usize) -> Self {
        let across = picture.width as f32 / SLANT.0;
        let dot = across / (TIMES * (characters.max(1) * CELL.0) as f32);
        Self { dot: dot.clamp(DOT.0, DOT.1) }
    }

    /// How much of a pixel is ink, and how much the seam around it, from four points within.
    fn cover(&self, text: &[u8], x: f32, y: f32) -> (f32, f32) {
        let (mut ink, mut seam) = (0.0, 0.0);
        for (right, down) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let (u, v) = ((x + right) * SLANT.0 - (y + down) * SLANT.1, (x + right) * SLANT.1 + (y + down) * SLANT.0);
            let (column, row, line) = self.place(u, v);
            if !(-1..=8).contains(&row) {
                continue;
            }
            let is = |c: i64, r: i64| self.is_dot(text, line, column + c, row + r);
            if is(0, 0) {
                ink += 0.25;
            } else if [(-1, 0), (1, 0), (0, -1), (0, 1)].into_iter().any(|(c, r)| is(c, r)) {
                seam += 0.25;
            }
        }
        (ink, seam)
    }

    /// Column and row of dots, and the line, at a place along and across the lines.
    fn place(&self, u: f32, v: f32) -> (i64, i64, i64) {
        let pitch = CELL.1 as f32 * PITCH;
        let rows = v / self.dot;
        let line = (rows / pitch).floor();
        ((u / self.dot).floor() as i64, (rows - line * pitch).floor() as i64 - 1, line as i64)
    }

    /// Each line begins elsewhere in the words, so that no edge cuts the same ones.
    fn is_dot(&self, text: &[u8], line: i64, column: i64, row: i64) -> bool {
        let wide = (text.len() * CELL.0) as i64;
        let column = (column + line * wide * 5 / 13).rem_euclid(wide.max(1)) as usize;
        let Ok(row) = usize::try_from(row) else { return false };
        text.get(column / CELL.0).is_some_and(|c| font::dot(*c, column % CELL.0, row))
    }
}

/// What is written across a picture, line by line: each cell is taken for the character whose dots are the most red
/// and whose gaps are the least.
#[cfg(test)]
pub(super) fn read_back(picture: &Picture, characters: usize) -> Vec<String> {
    let layout = Layout::of(picture, characters + 7);
    let red = |u: f32, v: f32| {
        let (x, y) = (u * SLANT.0 + v * SLANT.1, v * SLANT.0 - u * SLANT.1);
        let inside = x >= 0.0 && y >= 0.0 && x < picture.width as f32 && y < picture.height as f32;
        let at = 3 * (y.max(0.0) as usize * picture.width as usize + x.max(0.0) as usize);
        inside.then(|| f32::from(picture.rgb[at]) - f32::from(picture.rgb[at + 1]))
    };
    let pitch = CELL.1 as f32 * PITCH;
    let wide = ((characters + 7) * CELL.0) as i64;
    let mut lines = Vec::new();
    for line in 0..((picture.width + picture.height) as f32 / (layout.dot * pitch)) as i64 {
        let shift = line * wide * 5 / 13 % CELL.0 as i64;
        let mut text = String::new();
        for cell in -400..400i64 {
            let spot = |c: usize, r: usize| {
                let column = cell * CELL.0 as i64 - shift + c as i64;
                let (u, v) = (column as f32 + 0.5, line as f32 * pitch + 1.5 + r as f32);
                red(u * layout.dot, v * layout.dot)
            };
            let spots: Vec<(usize, usize, f32)> =
                (0..40).filter_map(|i| spot(i / 8, i % 8).map(|s| (i / 8, i % 8, s))).collect();
            if spots.len() < 40 {
                continue;
            }
            let mean = spots.iter().map(|s| s.2).sum::<f32>() / 40.0;
            let score = |character: u8| -> f32 {
                let has = |s: &&(usize, usize, f32)| font::dot(character, s.0, s.1);
                let count = spots.iter().filter(has).count() as f32;
                let share = count / 40.0;
                let sum: f32 = spots.iter().map(|s| (s.2 - mean) * (f32::from(u8::from(has(&s))) - share)).sum();
                if count == 0.0 { 0.0 } else { sum / (count * (1.0 - share)).sqrt() }
            };
            let scores = (b'!'..=b'~').map(|c| (score(c), c));
            let best = scores.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|b| b.0 >= 18.0);
            text.push(best.map_or(' ', |b| char::from(b.1)));
        }
        lines.push(text.trim().to_owned());
    }
    lines
}
