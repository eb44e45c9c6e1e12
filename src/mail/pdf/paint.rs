//! What the content of a page paints: whether it is one picture and nothing else, where it lies, and how much of it is
//! seen (ISO 32000-1 §8). Called by `scan`.

use super::object::{Dict, File, Lexer, Object};

/// Operators of one page, its forms included.
const OPERATORS_MAX: usize = 200_000;
/// Forms within forms, and saved states.
const FORMS_MAX: usize = 4;
const STATES_MAX: usize = 64;
/// Bytes of the content of one page.
const CONTENT_MAX: usize = 4 << 20;

/// A matrix [a b c d e f] as in §8.3.
pub(super) type Matrix = [f32; 6];
/// Left, bottom, right, top.
pub(super) type Rectangle = [f32; 4];

/// The one picture of a page.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// The image object.
    pub(super) image: Object,
    /// Where its unit square goes.
    pub(super) matrix: Matrix,
    /// What may be seen there.
    pub(super) clip: Rectangle,
    /// Something was painted before, and lies beneath.
    pub(super) over_paint: bool,
}

pub(super) fn intersection(a: Rectangle, b: Rectangle) -> Rectangle {
    [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]
}

fn times(m: Matrix, n: Matrix) -> Matrix {
    [
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    ]
}

/// Where a rectangle goes; `None` if it would not be one with level sides.
pub(super) fn mapped(m: Matrix, r: Rectangle) -> Option<Rectangle> {
    let small = |v: f32| v.abs() < 1e-3 * m.iter().take(4).fold(1e-6f32, |most, x| most.max(x.abs()));
    if !(small(m[1]) && small(m[2]) || small(m[0]) && small(m[3])) {
        return None;
    }
    let corner = |x: f32, y: f32| (m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]);
    let ((x0, y0), (x1, y1)) = (corner(r[0], r[1]), corner(r[2], r[3]));
    Some([x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)])
}

#[derive(Clone)]
struct State {
    matrix: Matrix,
    clip: Rectangle,
    /// Text is drawn so that it cannot be seen, as text readers do with what they read.
    hides_text: bool,
}

/// The path being made.
#[derive(Default)]
struct Path {
    rectangles: Vec<Rectangle>,
    has_other: bool,
    clips: bool,
}

/// Follows the content of a page; `visible` is what of it is shown.
///
/// # Errors
/// Why it is not one picture alone.
pub(super) fn the_picture(
    file: &File<'_>,
    contents: &Object,
    resources: &Dict,
    visible: Rectangle,
) -> Result<Placed, &'static str> {
    let mut content = Vec::new();
    let parts = match file.resolved(contents) {
        Object::Array(parts) => parts,
        _ => vec![contents.clone()],
    };
    for part in parts.iter().take(100) {
        let (_, data) = file.stream(part).ok_or("its contents cannot be read")?;
        content.extend_from_slice(&data);
        content.push(b'\n');
        if content.len() > CONTENT_MAX {
            return Err("its contents are too long");
        }
    }
    let state = State { matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], clip: visible, hides_text: false };
    let mut painter = Painter { file, operators: 0, painted: false, found: None };
    painter.run(&content, resources, state, 0)?;
    painter.found.ok_or("there is no picture on it")
}

struct Painter<'f, 'b> {
    file: &'f File<'b>,
    operators: usize,
    painted: bool,
    found: Option<Placed>,
}

impl Painter<'_, '_> {
    /// Something is painted that is no picture. What lies over the picture may be there to cover it.
    fn paint(&mut self) -> Result<(), &'static str> {
        if self.found.is_some() {
            return Err("something is drawn over the picture");
        }
        self.painted = true;
        Ok(())
    }

    fn run(&mut self, content: &[u8], resources: &Dict, mut state: State, depth: usize) -> Result<(), &'static str> {
        let mut saved: Vec<State> = Vec::new();
        let mut operands: Vec<Object> = Vec::new();
        let mut path = Path::default();
        let mut lexer = Lexer::new(content);
        while let Some(object) = lexer.next() {
            let Object::Word(operator) = object else {
                if operands.len() < 100 {
                    operands.push(object);
                }
                continue;
            };
            self.operators += 1;
            if self.operators > OPERATORS_MAX {
                return Err("its contents are too long");
            }
            let n = |i: usize| operands.get(i).and_then(Object::number).unwrap_or(0.0);
            let name = operands.first().and_then(Object::name);
            match operator.as_str() {
                "q" if saved.len() >= STATES_MAX => return Err("its contents are too deep"),
                "q" => saved.push(state.clone()),
                "Q" => state = saved.pop().unwrap_or(state),
                "cm" => state.matrix = times([n(0), n(1), n(2), n(3), n(4), n(5)], state.matrix),
                "re" if path.rectangles.len() < 4 => {
                    let (x, y) = (n(0), n(1));
                    match mapped(state.matrix, [x, y, x + n(2), y + n(3)]) {
                        Some(rectangle) => path.rectangles.push(rectangle),
                        None => path.has_other = true,
                    }
                }
                "re" | "m" | "l" | "c" | "v" | "y" => path.has_other = true,
                "W" | "W*" => path.clips = true,
                "n" => clip(&mut state, &std::mem::take(&mut path))?,
                "S" | "s" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" => {
                    self.paint()?;
                    clip(&mut state, &std::mem::take(&mut path))?;
                }
                "sh" | "BI" => {
                    self.paint()?;
                    if operator == "BI" {
                        return Err("a picture stands within its contents");
                    }
                }
                "Tr" if n(0) > 3.5 => return Err("it is cut to the shape of letters"),
                "Tr" => state.hides_text = (n(0) - 3.0).abs() < 0.5,
                "Tj" | "TJ" | "'" | "\"" if !state.hides_text => self.paint()?,
                "gs" => self.check_state(name, resources)?,
                "BDC" if name == Some("OC") => return Err("it has layers that can be hidden"),
                "Do" => self.object(name, resources, &state, depth)?,
                _ => {}
            }
            operands.clear();
        }
        Ok(())
    }

    fn entry(&self, kind: &str, name: Option<&str>, resources: &Dict) -> Option<Object> {
        resources.get(kind).and_then(|r| self.file.dict(r))?.get(name?).cloned()
    }

    /// What makes a picture see-through, or takes it away in part, is not followed.
    fn check_state(&self, name: Option<&str>, resources: &Dict) -> Result<(), &'static str> {
        let Some(dict) = self.entry("ExtGState", name, resources).and_then(|g| self.file.dict(&g)) else {
            return Ok(());
        };
        let plain = |key: &str, names: &[&str]| {
            dict.get(key).is_none_or(|v| self.file.resolved(v).name().is_some_and(|n| names.contains(&n)))
        };
        let opaque = |key: &str| dict.get(key).is_none_or(|v| self.file.resolved(v).number().is_some_and(|a| a > 0.99));
        if plain("SMask", &["None"]) && plain("BM", &["Normal", "Compatible"]) && opaque("ca") && opaque("CA") {
            return Ok(());
        }
        Err("its picture is see-through")
    }

    fn object(
        &mut self,
        name: Option<&str>,
        resources: &Dict,
        state: &State,
        depth: usize,
    ) -> Result<(), &'static str> {
        let object = self.entry("XObject", name, resources).ok_or("its picture is missing")?;
        let head = self.file.dict(&object).ok_or("its picture cannot be read")?;
        if head.get("OC").is_some() {
            return Err("it has layers that can be hidden");
        }
        match head.get("Subtype").and_then(Object::name) {
            Some("Image") if self.found.is_some() => Err("several pictures make it up"),
            Some("Image") => {
                let (matrix, clip) = (state.matrix, state.clip);
                self.found = Some(Placed { image: object, matrix, clip, over_paint: self.painted });
                Ok(())
            }
            Some("Form") if depth < FORMS_MAX => {
                let (dict, data) = self.file.stream(&object).ok_or("its contents cannot be read")?;
                let numbers = |key: &str| match dict.get(key).map(|m| self.file.resolved(m)) {
                    Some(Object::Array(all)) => all.iter().filter_map(|o| self.file.resolved(o).number()).collect(),
                    _ => Vec::new(),
                };
                let mut inner = state.clone();
                if let Ok(matrix) = <Matrix>::try_from(numbers("Matrix")) {
                    inner.matrix = times(matrix, inner.matrix);
                }
                if let Ok([x0, y0, x1, y1]) = <Rectangle>::try_from(numbers("BBox")) {
                    let place = mapped(inner.matrix, [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)]);
                    inner.clip = intersection(inner.clip, place.ok_or("it is cut to a shape")?);
                }
                let own = dict.get("Resources").and_then(|r| self.file.dict(r));
                self.run(&data, own.as_ref().unwrap_or(resources), inner, depth + 1)
            }
            _ => Err("its picture cannot be read"),
        }
    }
}

/// Ends a path: what it cuts away is not seen.
fn clip(state: &mut State, path: &Path) -> Result<(), &'static str> {
    match path.rectangles.as_slice() {
        _ if !path.clips => {}
        [one] if !path.has_other => state.clip = intersection(state.clip, *one),
        _ => return Err("it is cut to a shape"),
    }
    Ok(())
}
