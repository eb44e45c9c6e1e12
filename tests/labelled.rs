//! Labelled mail and sentences as bytes to read: shared by the programs `score` and `train`.

use std::path::Path;

/// What a mail should be read as.
#[derive(Debug, Clone, Default)]
#[allow(dead_code, reason = "each program needs some of it")]
pub struct Label {
    pub name: String,
    pub kind: String,
    pub language: String,
    pub effective_date: String,
    pub authentic: String,
    pub bounce_class: String,
    pub reply_text: Option<String>,
}

/// The mails of a folder with `labels.tsv`, or the sentences of a `.tsv` file, each as the bytes of a mail.
pub fn labelled(input: &Path) -> Result<Vec<(Label, Vec<u8>)>, String> {
    if input.is_dir() { folder(input) } else { sentences(input) }
}

type Labelled = Vec<(Label, Vec<u8>)>;

fn folder(folder: &Path) -> Result<Labelled, String> {
    let table = std::fs::read_to_string(folder.join("labels.tsv")).map_err(|e| format!("labels.tsv: {e}"))?;
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    lines
        .filter(|l| !l.trim().is_empty())
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let cell = |name: &str| {
                let at = names.iter().position(|n| *n == name);
                at.and_then(|at| cells.get(at)).map_or_else(String::new, |c| (*c).to_owned())
            };
            let name = cell("file");
            let places = [folder.join(&name), folder.join("mails").join(&name)];
            let path = places.iter().find(|p| p.exists()).ok_or_else(|| format!("{name} is not there"))?;
            let raw = std::fs::read(path).map_err(|e| format!("{name}: {e}"))?;
            let label = Label {
                kind: cell("kind"),
                language: cell("lang"),
                effective_date: cell("effective_date"),
                authentic: cell("authentic"),
                bounce_class: cell("bounce_class"),
                reply_text: std::fs::read_to_string(path.with_extension("txt")).ok(),
                name: path.display().to_string(),
            };
            Ok((label, raw))
        })
        .collect()
}

fn sentences(file: &Path) -> Result<Labelled, String> {
    let table = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let read = |(number, line): (usize, &str)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let (kind, language, text) = match cells[..] {
            [kind, language, text] => (kind, language, text),
            [kind, text] => (kind, "", text),
            _ => return Err(format!("line {}: kind, language and text, parted by tabs", number + 1)),
        };
        let html = text.starts_with('<');
        let body = text.replace("\\n", "\r\n");
        let media_type = if html { "text/html" } else { "text/plain" };
        let raw = format!(
            "Return-Path: <a@dunavtel.example>\r\n\
             Authentication-Results: mx.odjava.example; dmarc=pass header.from=dunavtel.example\r\n\
             From: Info <info@dunavtel.example>\r\nTo: marko.petrovic@odjava.example\r\n\
             Date: Thu, 12 Nov 2026 10:00:00 +0100\r\nMessage-ID: <x.1@dunavtel.example>\r\n\
             In-Reply-To: <case-7Q2M.1@odjava.example>\r\nMIME-Version: 1.0\r\nSubject: Re: 7 dana\r\n\
             Content-Type: {media_type}; charset=utf-8\r\n\r\n{body}\r\n"
        );
        let label = Label {
            name: format!("{}:{}", file.display(), number + 1),
            kind: kind.to_owned(),
            language: language.to_owned(),
            ..Label::default()
        };
        Ok((label, raw.into_bytes()))
    };
    table.lines().enumerate().skip(1).filter(|(_, l)| !l.trim().is_empty()).map(read).collect()
}
