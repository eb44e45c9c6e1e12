//! A source file as the rules of `architecture` look at it: code without comments, texts and test module; the paths
//! it names, grouped and relative ones written out. No full parser: what it does not understand it reports too much of.

use std::fs;
use std::path::Path;

/// A source file.
pub struct Source {
    /// Path below its root, `domain/decide/mod.rs`.
    pub name: String,
    /// The modules it is, `domain`, `decide`; none for `lib.rs`.
    pub modules: Vec<String>,
    /// The whole text.
    pub text: String,
    /// Its code: no comments, empty string literals, no test modules.
    pub code: String,
    /// Its string literals outside of test modules.
    pub texts: Vec<String>,
}

/// All `.rs` files below a folder.
pub fn sources(root: &Path) -> Vec<Source> {
    let mut out = Vec::new();
    collect(root, root, &mut out);
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn collect(root: &Path, at: &Path, out: &mut Vec<Source>) {
    for entry in fs::read_dir(at).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            out.push(Source::new(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Whether code names something, as a whole word or path.
pub fn mentions(code: &str, word: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word)
        .any(|(at, _)| !is_word(code[..at].chars().next_back()) && !is_word(code[at + word.len()..].chars().next()))
}

impl Source {
    /// Reads a file; `name` is its path below `src/` or `tests/`.
    pub fn new(name: &str, text: &str) -> Self {
        let mut modules: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if modules.last().is_some_and(|last| last == "mod" || last == "lib") {
            modules.pop();
        }
        let (code, texts) = without_texts(text);
        let (code, texts) = without_tests(&code, &texts);
        Self { name: name.to_owned(), modules, text: text.to_owned(), code, texts }
    }

    /// The paths that the code names, `crate::…` written out from `super::…` and `self::…`.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let tokens = tokens(&self.code);
        let mut out = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "use" {
                let end = tokens[at..].iter().position(|t| t == ";").map_or(tokens.len(), |n| at + n);
                let mut trees = Vec::new();
                expand(&tokens[at + 1..end], &[], &mut trees);
                out.extend(trees.iter().map(|path| self.resolved(path)));
                at = end;
            } else if is_name(&tokens[at]) && tokens.get(at + 1).is_some_and(|t| t == "::") {
                let mut path = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|t| t == "::") && tokens.get(at + 2).is_some_and(|t| is_name(t)) {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                out.push(self.resolved(&path));
                at += 1;
            } else {
                at += 1;
            }
        }
        out
    }

    fn resolved(&self, path: &[String]) -> Vec<String> {
        let first = path.first().map_or("", String::as_str);
        if first != "super" && first != "self" {
            return path.to_vec();
        }
        let mut here = self.modules.clone();
        let mut rest = path;
        while let Some((word, after)) = rest.split_first() {
            match word.as_str() {
                "super" => drop(here.pop()),
                "self" => {}
                _ => break,
            }
            rest = after;
        }
        ["crate".to_owned()].into_iter().chain(here).chain(rest.iter().cloned()).collect()
    }
}

fn is_name(token: &str) -> bool {
    token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single signs.
fn tokens(code: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut token = c.to_string();
        if c.is_alphanumeric() || c == '_' {
            while let Some(next) = chars.next_if(|n| n.is_alphanumeric() || *n == '_') {
                token.push(next);
            }
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            token.push(':');
        }
        out.push(token);
    }
    out
}

/// Writes out a use tree: `a::{b, c::{self, d}}` is `a::b`, `a::c`, `a::c::d`.
fn expand(tree: &[String], before: &[String], out: &mut Vec<Vec<String>>) {
    let mut depth = 0;
    let mut start = 0;
    let mut branches = Vec::new();
    for (at, token) in tree.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                branches.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[start..]);
    for branch in branches {
        let mut path = before.to_vec();
        let group = branch.iter().position(|t| t == "{").unwrap_or(branch.len());
        let names = branch[..group].iter().take_while(|t| *t != "as").filter(|t| is_name(t) || *t == "*");
        path.extend(names.cloned());
        if group < branch.len() {
            expand(&branch[group + 1..branch.len() - 1], &path, out);
        } else if path.len() > before.len() {
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            out.push(path);
        }
    }
}

/// Code with comments left out and its string literals taken out: each leaves `"n"`, its number.
fn without_texts(text: &str) -> (String, Vec<String>) {
    let mut code = String::new();
    let mut texts = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, word: &str| word.chars().enumerate().all(|(n, c)| chars.get(at + n) == Some(&c));
    let mut at = 0;
    while at < chars.len() {
        let after_word = code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if starts(at, "//") {
            at += chars[at..].iter().take_while(|c| **c != '\n').count();
        } else if starts(at, "/*") {
            at += 2;
            while at < chars.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if chars[at] == 'r' && !after_word && (starts(at, "r\"") || starts(at, "r#")) {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            let end = format!("\"{}", "#".repeat(hashes));
            let from = at + 2 + hashes;
            at = (from..chars.len()).find(|n| starts(*n, &end)).unwrap_or(chars.len());
            push_text(&mut code, &mut texts, chars[from.min(at)..at].iter().collect());
            at += end.len();
        } else if chars[at] == '"' {
            let from = at + 1;
            at = from;
            while at < chars.len() && chars[at] != '"' {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            let end = at.min(chars.len());
            push_text(&mut code, &mut texts, chars[from..end].iter().collect());
            at += 1;
        } else if chars[at] == '\'' && (starts(at + 1, "\\") || chars.get(at + 2) == Some(&'\'')) {
            // A character, not a lifetime.
            at += if starts(at + 1, "\\") { 3 } else { 2 };
            at += chars[at..].iter().take_while(|c| **c != '\'').count() + 1;
        } else {
            code.push(chars[at]);
            at += 1;
        }
    }
    (code, texts)
}

fn push_text(code: &mut String, texts: &mut Vec<String>, text: String) {
    code.push_str(&format!("\"{}\"", texts.len()));
    texts.push(text);
}

/// Leaves out every `#[cfg(test)] … { … }` and the texts in it; what comes after such a block stays.
fn without_tests(code: &str, texts: &[String]) -> (String, Vec<String>) {
    let mut kept = String::new();
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        kept.push_str(before);
        let mut depth = 0;
        let mut end = after.len();
        for (at, c) in after.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            let is_over = depth == 0 && matches!(c, '}' | ';');
            if is_over {
                end = at + 1;
                break;
            }
        }
        rest = &after[end..];
    }
    kept.push_str(rest);
    let numbers: Vec<usize> = kept.split('"').skip(1).step_by(2).filter_map(|n| n.parse().ok()).collect();
    (kept, numbers.into_iter().filter_map(|n| texts.get(n).cloned()).collect())
}
