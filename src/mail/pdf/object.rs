//! Objects of a PDF file (ISO 32000-1 §7.3) and where they stand. The cross-reference table is not trusted: the file is
//! searched for its objects, which finds those of damaged files too. Called by the page and font readers.

use super::filter;
use std::cell::Cell;
use std::collections::HashMap;

/// Objects that are kept in mind.
const OBJECTS_MAX: usize = 50_000;
/// Arrays and dictionaries within each other.
const DEPTH_MAX: usize = 20;
/// Elements of one array or dictionary.
const ELEMENTS_MAX: usize = 20_000;
/// Bytes that all streams of one file may take, packed and unpacked.
const WORK_MAX: usize = 16 << 20;

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Null,
    Number(f32),
    Name(String),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    Reference(u32),
    /// An operator, or a word such as `true`.
    Word(String),
}

impl Object {
    pub(super) fn number(&self) -> Option<f32> {
        if let Self::Number(n) = self { Some(*n) } else { None }
    }

    pub(super) fn name(&self) -> Option<&str> {
        if let Self::Name(n) = self { Some(n) } else { None }
    }
}

/// A dictionary.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dict(HashMap<String, Object>);

impl Dict {
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.0.get(key)
    }

    fn is_of_type(&self, name: &str) -> bool {
        self.get("Type").and_then(Object::name) == Some(name)
    }
}

/// Reads objects from bytes.
pub(super) struct Lexer<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r' | b'\t' | 0 | 0x0c)
}

fn is_delimiter(b: u8) -> bool {
    matches!(b, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'b> Lexer<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b) = self.peek() {
            if b == b'%' {
                while self.peek().is_some_and(|b| b != b'\n' && b != b'\r') {
                    self.at += 1;
                }
            } else if is_space(b) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// The next object, or a stray closing mark as a word; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Object> {
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        self.skip_space();
        let first = self.peek()?;
        let second = self.bytes.get(self.at + 1).copied();
        match first {
            b'/' => {
                self.at += 1;
                Some(Object::Name(self.name()))
            }
            b'(' => Some(Object::Text(self.literal())),
            b'<' if second == Some(b'<') => {
                self.at += 2;
                self.dict(depth)
            }
            b'<' => Some(Object::Text(self.hex())),
            b'[' => {
                self.at += 1;
                self.array(depth)
            }
            b'>' if second == Some(b'>') => {
                self.at += 2;
                Some(Object::Word(">>".to_owned()))
            }
            b')' | b'>' | b']' | b'{' | b'}' => {
                self.at += 1;
                Some(Object::Word(char::from(first).to_string()))
            }
            _ => Some(self.word()),
        }
    }

    fn regular(&mut self) -> &'b [u8] {
        let start = self.at;
        while self.peek().is_some_and(|b| !is_space(b) && !is_delimiter(b)) {
            self.at += 1;
        }
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    fn name(&mut self) -> String {
        let raw = self.regular();
        let raw = raw.get(..127).unwrap_or(raw);
        let mut out = Vec::with_capacity(raw.len());
        let mut i = 0;
        while let Some(&b) = raw.get(i) {
            let hex = raw.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
            match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
                Some(byte) if b == b'#' => {
                    out.push(byte);
                    i += 3;
                }
                _ => {
                    out.push(b);
                    i += 1;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    fn word(&mut self) -> Object {
        let raw = self.regular();
        let text = String::from_utf8_lossy(raw.get(..40).unwrap_or(raw));
        match text.parse::<f32>() {
            Ok(number) if raw.first().is_some_and(|b| !b.is_ascii_alphabetic()) && number.is_finite() => {
                Object::Number(number)
            }
            _ if text == "null" => Object::Null,
            _ => Object::Word(text.into_owned()),
        }
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut out = Vec::new();
        let mut depth = 1;
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut out);
                    continue;
                }
                _ => {}
            }
            out.push(b);
        }
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(b) = self.peek() else { return };
        self.at += 1;
        match b {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' | b'f' | b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'0'..=b'7' => {
                let mut code = u32::from(b - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                out.push((code & 0xff) as u8);
            }
            other => out.push(other),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|b| b != b'>') {
            self.at += 1;
        }
        let out = filter::hex(self.bytes.get(start..self.at).unwrap_or_default());
        self.at += 1;
        out
    }

    fn array(&mut self, depth: usize) -> Option<Object> {
        let mut out = Vec::new();
        if depth >= DEPTH_MAX {
            return None;
        }
        while out.len() < ELEMENTS_MAX {
            match self.object(depth + 1)? {
                Object::Word(w) if w == "]" => break,
                // `12 0 R`: the two numbers become a reference.
                Object::Word(w) if w == "R" => refer(&mut out),
                Object::Word(w) if w == "endobj" || w == ">>" => break,
                object => out.push(object),
            }
        }
        Some(Object::Array(out))
    }

    fn dict(&mut self, depth: usize) -> Option<Object> {
        let mut out = HashMap::new();
        let mut values: Vec<Object> = Vec::new();
        let mut key: Option<String> = None;
        if depth >= DEPTH_MAX {
            return None;
        }
        for _ in 0..ELEMENTS_MAX {
            let object = self.object(depth + 1)?;
            match object {
                Object::Word(w) if w == ">>" || w == "endobj" || w == "stream" => break,
                Object::Word(w) if w == "R" => refer(&mut values),
                Object::Name(name) if key.is_none() || !values.is_empty() => {
                    put(&mut out, key.replace(name), &mut values);
                }
                object => values.push(object),
            }
        }
        put(&mut out, key, &mut values);
        Some(Object::Dict(Dict(out)))
    }
}

fn put(out: &mut HashMap<String, Object>, key: Option<String>, values: &mut Vec<Object>) {
    if let (Some(key), Some(value)) = (key, values.drain(..).next()) {
        out.insert(key, value);
    }
}

fn refer(out: &mut Vec<Object>) {
    if let [.., Object::Number(id), Object::Number(_)] = out.as_slice() {
        let id = *id as u32;
        out.truncate(out.len() - 2);
        out.push(Object::Reference(id));
    }
}

/// A file and where its objects stand.
pub(super) struct File<'b> {
    bytes: &'b [u8],
    /// Object number to the place behind `obj`, the last one of each number.
    places: HashMap<u32, usize>,
    /// Objects that stood in object streams, each with its size in bytes.
    packed: HashMap<u32, (Object, usize)>,
    /// Bytes of streams that may still be read.
    work: Cell<usize>,
}

impl<'b> File<'b> {
    /// Finds the objects; `None` for an encrypted file or none.
    pub(super) fn open(bytes: &'b [u8]) -> Option<Self> {
        if find(bytes, b"/Encrypt").is_some() {
            return None;
        }
        let mut file = Self { bytes, places: places(bytes), packed: HashMap::new(), work: Cell::new(WORK_MAX) };
        let mut streams: Vec<usize> = Vec::new();
        for &place in file.places.values() {
            let head = bytes.get(place..bytes.len().min(place + 300)).unwrap_or_default();
            if find(head, b"/ObjStm").is_some() {
                streams.push(place);
            }
        }
        streams.sort_unstable();
        for place in streams {
            file.unpack(place);
        }
        (!file.places.is_empty()).then_some(file)
    }

    /// §7.5.7: pairs of number and offset, then the objects.
    fn unpack(&mut self, place: usize) {
        let Some((dict, data)) = self.stream_at(place) else { return };
        let number = |key: &str| dict.get(key).and_then(Object::number).map(|n| n as usize);
        let (Some(count), Some(first)) = (number("N"), number("First")) else { return };
        let mut heads = Lexer::new(&data);
        for _ in 0..count.min(OBJECTS_MAX) {
            let (Some(Object::Number(id)), Some(Object::Number(offset))) = (heads.next(), heads.next()) else { break };
            if self.packed.len() >= OBJECTS_MAX {
                break;
            }
            let mut lexer = Lexer { bytes: &data, at: first.saturating_add(offset as usize) };
            if let Some(object) = lexer.next() {
                // Overlapping offsets must not make one byte be read many times over.
                let size = lexer.at.saturating_sub(first.saturating_add(offset as usize));
                // Objects take more room than their bytes.
                self.charge(8 * size);
                self.packed.insert(id as u32, (object, size));
            }
            if self.work.get() == 0 {
                break;
            }
        }
    }

    fn charge(&self, bytes: usize) {
        self.work.set(self.work.get().saturating_sub(bytes));
    }

    fn at(&self, place: usize) -> Option<Object> {
        let mut lexer = Lexer { bytes: self.bytes, at: place };
        let object = lexer.next();
        self.charge(lexer.at - place);
        if self.work.get() == 0 { None } else { object }
    }

    /// What a reference stands for, or the object itself.
    pub(super) fn resolved(&self, object: &Object) -> Object {
        let mut object = object.clone();
        for _ in 0..8 {
            let Object::Reference(id) = object else { return object };
            let place = self.places.get(&id).and_then(|place| self.at(*place));
            object = place.or_else(|| self.unpacked(id)).unwrap_or(Object::Null);
        }
        Object::Null
    }

    fn unpacked(&self, id: u32) -> Option<Object> {
        let (object, size) = self.packed.get(&id)?;
        self.charge(*size);
        (self.work.get() > 0).then(|| object.clone())
    }

    pub(super) fn dict(&self, object: &Object) -> Option<Dict> {
        if let Object::Dict(dict) = self.resolved(object) { Some(dict) } else { None }
    }

    /// The dictionaries of a type in the order of their numbers.
    pub(super) fn dicts_of_type(&self, name: &str) -> Vec<Dict> {
        let mark = format!("/{name}");
        let mut ids: Vec<u32> = self.packed.keys().copied().collect();
        let near = |place: usize| self.bytes.get(place..self.bytes.len().min(place + 600)).unwrap_or_default();
        ids.extend(self.places.iter().filter(|(_, p)| find(near(**p), mark.as_bytes()).is_some()).map(|(id, _)| *id));
        ids.sort_unstable();
        ids.dedup();
        let dicts = ids.into_iter().filter_map(|id| self.dict(&Object::Reference(id)));
        dicts.filter(|d| d.is_of_type(name)).take(200).collect()
    }

    /// The decoded bytes of a stream.
    pub(super) fn stream(&self, object: &Object) -> Option<(Dict, Vec<u8>)> {
        let Object::Reference(id) = object else { return None };
        self.stream_at(*self.places.get(id)?)
    }

    /// The bytes of a stream as they stand in the file; `None` where its stated length is wrong.
    pub(super) fn raw(&self, object: &Object) -> Option<(Dict, &'b [u8])> {
        let Object::Reference(id) = object else { return None };
        let (dict, rest) = self.head_at(*self.places.get(id)?)?;
        let length = self.stated_length(&dict, rest)?;
        Some((dict, rest.get(..length)?))
    }

    /// The dictionary of a stream, and the file from its first byte on.
    fn head_at(&self, place: usize) -> Option<(Dict, &'b [u8])> {
        let mut lexer = Lexer { bytes: self.bytes, at: place };
        let Some(Object::Dict(dict)) = lexer.next() else { return None };
        lexer.skip_space();
        let rest = self.bytes.get(lexer.at..)?.strip_prefix(b"stream")?;
        Some((dict, rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest)))
    }

    /// The length that the dictionary states, if the stream ends there.
    fn stated_length(&self, dict: &Dict, rest: &[u8]) -> Option<usize> {
        let claimed = dict.get("Length").and_then(|l| self.resolved(l).number()).map(|l| l as usize);
        claimed.filter(|length| {
            let tail = rest.get(*length..rest.len().min(length.saturating_add(20))).unwrap_or_default();
            tail.trim_ascii_start().starts_with(b"endstream")
        })
    }

    fn stream_at(&self, place: usize) -> Option<(Dict, Vec<u8>)> {
        let (dict, rest) = self.head_at(place)?;
        let length = match self.stated_length(&dict, rest) {
            Some(length) => length,
            None => {
                self.charge(rest.len().min(1 << 20));
                find(rest.get(..1 << 20).unwrap_or(rest), b"endstream").unwrap_or(rest.len().min(1 << 20))
            }
        };
        let raw = rest.get(..length)?;
        self.charge(raw.len());
        let data = filter::decoded(self, &dict, raw, self.work.get())?;
        self.charge(data.len());
        (self.work.get() > 0).then_some((dict, data))
    }
}

/// Every `12 0 obj` of the file.
fn places(bytes: &[u8]) -> HashMap<u32, usize> {
    let mut out = HashMap::new();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| find(rest, b"obj")) {
        let start = at + found;
        at = start + 3;
        if let Some(id) = number_before(bytes, start)
            && (out.len() < OBJECTS_MAX || out.contains_key(&id))
        {
            out.insert(id, at);
        }
    }
    out
}

/// The object number of the `obj` at `end`.
fn number_before(bytes: &[u8], end: usize) -> Option<u32> {
    let head = bytes.get(end.saturating_sub(24)..end)?.trim_ascii_end();
    let digits = |text: &[u8]| text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let generation = digits(head);
    let head = head.get(..head.len() - generation)?;
    let trimmed = head.trim_ascii_end();
    let length = digits(trimmed);
    if generation == 0 || trimmed.len() == head.len() || !(1..=9).contains(&length) {
        return None;
    }
    std::str::from_utf8(trimmed.get(trimmed.len() - length..)?).ok()?.parse().ok()
}

/// Place of `needle`, which begins with a byte that is rare enough.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(found) = bytes.get(at..)?.iter().position(|b| *b == first) {
        let start = at + found;
        if bytes.get(start..start + needle.len()) == Some(needle) {
            return Some(start);
        }
        at = start + 1;
    }
    None
}
