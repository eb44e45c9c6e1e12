//! The content of a page: its text operators followed, spaces and lines made from where the strings are shown.
//! Called by the module.

use super::font::Font;
use super::object::{Dict, File, Lexer, Object};
use std::collections::HashMap;
use std::rc::Rc;

/// Forms within forms.
const FORMS_MAX: usize = 6;
/// Operators of one page, its forms included.
const OPERATORS_MAX: usize = 400_000;
/// Forms of one page that are followed, and fonts that are read.
const RUNS_MAX: usize = 300;
const FONTS_MAX: usize = 100;
/// Saved graphics states.
const STATES_MAX: usize = 64;

/// The text of a page.
pub(super) fn text(file: &File<'_>, page: &Dict, resources: &Dict) -> String {
    let mut content = Vec::new();
    match page.get("Contents").map(|c| (c, file.resolved(c))) {
        Some((_, Object::Array(parts))) => {
            for part in parts.iter().take(500) {
                if let Some((_, data)) = file.stream(part) {
                    content.extend_from_slice(&data);
                    content.push(b'\n');
                }
            }
        }
        Some((part, _)) => content = file.stream(part).map(|(_, data)| data).unwrap_or_default(),
        None => {}
    }
    let mut writer =
        Writer { file, out: String::new(), operators: 0, runs: 0, reads: 0, last: None, fonts: HashMap::new() };
    writer.run(&content, resources, State::default(), 0);
    writer.out
}

/// A matrix [a b c d e f] as in §8.3.
type Matrix = [f32; 6];

const UNIT: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

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

#[derive(Clone)]
struct State {
    page: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    leading: f32,
    char_space: f32,
    word_space: f32,
    scale: f32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            page: UNIT,
            text: UNIT,
            line: UNIT,
            font: None,
            size: 1.0,
            leading: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
        }
    }
}

struct Writer<'f, 'b> {
    file: &'f File<'b>,
    out: String,
    operators: usize,
    runs: usize,
    reads: usize,
    /// Where the last string ended, and how tall it was.
    last: Option<(f32, f32, f32)>,
    /// Fonts by the number of their object.
    fonts: HashMap<u32, Rc<Font>>,
}

impl Writer<'_, '_> {
    fn run(&mut self, content: &[u8], resources: &Dict, mut state: State, depth: usize) {
        let fonts = resources.get("Font").and_then(|f| self.file.dict(f)).unwrap_or_default();
        let mut names: HashMap<String, Rc<Font>> = HashMap::new();
        let mut saved: Vec<State> = Vec::new();
        let mut operands: Vec<Object> = Vec::new();
        let mut lexer = Lexer::new(content);
        while let Some(object) = lexer.next() {
            let Object::Word(operator) = object else {
                if operands.len() < 100 {
                    operands.push(object);
                }
                continue;
            };
            self.operators += 1;
            if self.operators > OPERATORS_MAX || self.out.len() > super::TEXT_MAX {
                return;
            }
            let n = |i: usize| operands.get(i).and_then(Object::number).unwrap_or(0.0);
            match operator.as_str() {
                "q" if saved.len() < STATES_MAX => saved.push(state.clone()),
                "Q" => state = saved.pop().unwrap_or(state),
                "cm" => state.page = times([n(0), n(1), n(2), n(3), n(4), n(5)], state.page),
                "BT" => {
                    state.text = UNIT;
                    state.line = UNIT;
                }
                "Tf" => {
                    if let Some(name) = operands.first().and_then(Object::name) {
                        if !names.contains_key(name) && names.len() < 200 {
                            let font = fonts.get(name).and_then(|f| self.font(f));
                            names.extend(font.map(|f| (name.to_owned(), f)));
                        }
                        state.font = names.get(name).cloned();
                    }
                    state.size = n(1);
                }
                "Td" => move_line(&mut state, n(0), n(1)),
                "TD" => {
                    state.leading = -n(1);
                    move_line(&mut state, n(0), n(1));
                }
                "Tm" => {
                    state.line = [n(0), n(1), n(2), n(3), n(4), n(5)];
                    state.text = state.line;
                }
                "T*" => next_line(&mut state),
                "TL" => state.leading = n(0),
                "Tc" => state.char_space = n(0),
                "Tw" => state.word_space = n(0),
                "Tz" => state.scale = n(0) / 100.0,
                "Tj" => self.show(&mut state, operands.first()),
                "'" => {
                    next_line(&mut state);
                    self.show(&mut state, operands.first());
                }
                "\"" => {
                    state.word_space = n(0);
                    state.char_space = n(1);
                    next_line(&mut state);
                    self.show(&mut state, operands.get(2));
                }
                "TJ" => {
                    if let Some(Object::Array(items)) = operands.first() {
                        for item in items {
                            match item {
                                Object::Number(back) => advance(&mut state, -back / 1_000.0, 0.0),
                                item => self.show(&mut state, Some(item)),
                            }
                        }
                    }
                }
                "Do" if depth < FORMS_MAX => {
                    let forms = resources.get("XObject").and_then(|x| self.file.dict(x));
                    let form = operands.first().and_then(Object::name).and_then(|n| forms?.get(n).cloned());
                    if let Some(form) = form {
                        self.form(&form, resources, &state, depth);
                    }
                }
                "BI" => skip_picture(&mut lexer),
                _ => {}
            }
            operands.clear();
        }
    }

    fn font(&mut self, object: &Object) -> Option<Rc<Font>> {
        if let Object::Reference(id) = object
            && let Some(font) = self.fonts.get(id)
        {
            return Some(font.clone());
        }
        self.reads += 1;
        if self.reads > FONTS_MAX {
            return None;
        }
        let font = Rc::new(Font::read(self.file, &self.file.dict(object)?));
        if let Object::Reference(id) = object {
            self.fonts.insert(*id, font.clone());
        }
        Some(font)
    }

    fn form(&mut self, form: &Object, resources: &Dict, state: &State, depth: usize) {
        self.runs += 1;
        if self.runs > RUNS_MAX {
            return;
        }
        // A picture is not unpacked to learn that it is one.
        let head = self.file.dict(form);
        let subtype = head.as_ref().and_then(|d| d.get("Subtype")).and_then(Object::name);
        if subtype != Some("Form") {
            return;
        }
        let Some((dict, data)) = self.file.stream(form) else { return };
        let mut state = state.clone();
        if let Some(Object::Array(m)) = dict.get("Matrix").map(|m| self.file.resolved(m)) {
            let n = |i: usize| m.get(i).and_then(Object::number).unwrap_or(0.0);
            state.page = times([n(0), n(1), n(2), n(3), n(4), n(5)], state.page);
        }
        let own = dict.get("Resources").and_then(|r| self.file.dict(r));
        self.run(&data, own.as_ref().unwrap_or(resources), state, depth + 1);
    }

    fn show(&mut self, state: &mut State, object: Option<&Object>) {
        let Some(Object::Text(bytes)) = object else { return };
        let Some(font) = state.font.clone() else { return };
        let mut text = String::new();
        let shown = font.shown(bytes, &mut text);
        let place = times(state.text, state.page);
        let tall = (state.size * place[3].hypot(place[2])).abs().max(0.1);
        let (x, y) = (place[4], place[5]);
        if !text.is_empty() {
            self.separate(x, y, tall, &text);
            self.out.push_str(&text);
        }
        let spaces = shown.codes as f32 * state.char_space + shown.spaces as f32 * state.word_space;
        advance(state, shown.width / 1_000.0, spaces);
        if !text.is_empty() {
            let end = times(state.text, state.page);
            self.last = Some((end[4], end[5], tall));
        }
    }

    /// Writes what stands between the last string and one at `x`, `y`.
    fn separate(&mut self, x: f32, y: f32, tall: f32, text: &str) {
        let Some((end_x, end_y, last_tall)) = self.last else { return };
        let size = tall.max(last_tall);
        let down = (end_y - y).abs();
        if down > size * 0.5 {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            if down > size * 2.2 {
                self.out.push('\n');
            }
            return;
        }
        let gap = x - end_x;
        let apart = gap > size * 0.17 || gap < -size * 2.0;
        if apart && !self.out.ends_with([' ', '\n']) && !text.starts_with(' ') {
            self.out.push(' ');
        }
    }
}

fn move_line(state: &mut State, x: f32, y: f32) {
    state.line = times([1.0, 0.0, 0.0, 1.0, x, y], state.line);
    state.text = state.line;
}

fn next_line(state: &mut State) {
    let leading = state.leading;
    move_line(state, 0.0, -leading);
}

fn advance(state: &mut State, ems: f32, spaces: f32) {
    let x = (ems * state.size + spaces) * state.scale;
    state.text = times([1.0, 0.0, 0.0, 1.0, x, 0.0], state.text);
}

/// Past the data of a picture that stands in the content.
fn skip_picture(lexer: &mut Lexer<'_>) {
    let mut from = lexer.at;
    while let Some(found) = lexer.bytes.get(from..).and_then(|rest| super::object::find(rest, b"EI")) {
        let at = from + found;
        let is_space = |i: usize| lexer.bytes.get(i).is_none_or(u8::is_ascii_whitespace);
        if at > 0 && is_space(at - 1) && is_space(at + 2) {
            lexer.at = at + 2;
            return;
        }
        from = at + 2;
    }
    lexer.at = lexer.bytes.len();
}
