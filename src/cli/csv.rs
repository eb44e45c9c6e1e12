//! Rows of a CSV file by the names of its first line (RFC 4180; comma, semicolon or tab, quotes, UTF-8 with or
//! without BOM, UTF-16 with one, windows-1250). Knows no case. A parser of our own because rows and columns must
//! be named in complaints.

/// Largest file, in bytes.
pub(super) const SIZE_MAX: usize = 50_000_000;
/// Most rows.
const ROWS_MAX: usize = 100_000;

/// A file with named columns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// Names of the columns, lower case.
    pub(super) columns: Vec<String>,
    /// Rows with the number of the line each begins on.
    pub(super) rows: Vec<(usize, Vec<String>)>,
    /// Rows that are none, with what is wrong with them.
    pub(super) bad: Vec<(usize, String)>,
    /// What the person should know of how it was read.
    pub(super) remark: Option<String>,
}

/// Reads a table; `encoding` names its charset where it is no Unicode.
///
/// # Errors
/// A sentence naming the line: no text, no header, a quote that is not closed.
pub(super) fn parse(bytes: &[u8], encoding: Option<&str>) -> Result<Table, String> {
    if bytes.len() > SIZE_MAX {
        return Err("is larger than 50 MB; part it into several files".to_owned());
    }
    let (text, remark) = text_of(bytes, encoding)?;
    if let Some(at) = text.find('\0') {
        return Err(format!("line {} holds a zero byte: this is no CSV file; save it as CSV", line_of(&text, at)));
    }
    let (separator, text, first_line) = separator_of(&text);
    let mut records = records(text, separator, first_line)?.into_iter();
    let (_, header) = records.next().ok_or("the file is empty; its first line names the columns")?;
    let mut columns: Vec<String> = header.iter().map(|c| c.trim().to_lowercase().replace(['_', ' '], "-")).collect();
    // Spreadsheets write the empty columns beside a table too.
    while columns.last().is_some_and(String::is_empty) {
        columns.pop();
    }
    let mut table = Table { remark, ..Table::default() };
    for (line, mut fields) in records {
        while fields.len() > columns.len() && fields.last().is_some_and(String::is_empty) {
            fields.pop();
        }
        if fields.len() == columns.len() {
            table.rows.push((line, fields));
        } else {
            let (has, wanted) = (fields.len(), columns.len());
            table.bad.push((line, format!("has {has} fields, the first line has {wanted}")));
        }
    }
    if table.rows.len() > ROWS_MAX {
        return Err(format!("has {} rows; at most {ROWS_MAX} are taken at once", table.rows.len()));
    }
    table.columns = columns;
    Ok(table)
}

/// The text of a file, and a word when its charset was guessed.
fn text_of(bytes: &[u8], encoding: Option<&str>) -> Result<(String, Option<String>), String> {
    if let Some(name) = encoding {
        let text = crate::mail::text_in_charset(name, bytes)
            .ok_or_else(|| format!("there is no charset `{name}`; such as utf-8, windows-1250, windows-1251 or gbk"))?;
        return Ok((text.trim_start_matches('\u{feff}').to_owned(), None));
    }
    let utf_16 = match bytes {
        [0xff, 0xfe, ..] => Some("utf-16le"),
        [0xfe, 0xff, ..] => Some("utf-16be"),
        _ => None,
    };
    if let Some(text) = utf_16.and_then(|name| crate::mail::text_in_charset(name, bytes.get(2..)?)) {
        return Ok((text.trim_start_matches('\u{feff}').to_owned(), None));
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok((text.trim_start_matches('\u{feff}').to_owned(), None)),
        Err(error) => error,
    };
    // What spreadsheets in Serbia and around write. Three such letters in a row stand in no Latin word: that is
    // Cyrillic or Chinese in a charset that nobody can guess safely.
    let foreign = bytes.windows(3).any(|w| w.iter().all(|b| *b >= 0x80));
    let line = bytes.get(..error.valid_up_to()).unwrap_or_default().iter().filter(|b| **b == b'\n').count() + 1;
    let text = crate::mail::text_in_charset("windows-1250", bytes).filter(|t| !foreign && !t.contains('\u{fffd}'));
    let text = text.ok_or_else(|| {
        format!("line {line} is neither UTF-8 nor windows-1250; save the file as UTF-8, or name its charset: --csv-encoding gbk")
    })?;
    let word = text.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_ascii()).unwrap_or_default();
    let remark =
        format!("line {line} is no UTF-8; the file was read as windows-1250: please look whether `{word}` is right");
    Ok((text, Some(remark)))
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// What parts the fields: as a first line `sep=;` says, else the one that the header has most of. With it the text
/// from the header on, and the number of its line.
fn separator_of(text: &str) -> (char, &str, usize) {
    let first = text.lines().next().unwrap_or_default();
    let stated = first.trim().strip_prefix("sep=").and_then(|rest| rest.chars().next());
    if let Some(separator) = stated {
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        return (separator, rest, 2);
    }
    // Spreadsheets in countries with a decimal comma part fields by semicolons.
    let most = [',', ';', '\t'].into_iter().max_by_key(|s| (first.matches(*s).count(), *s == ','));
    (most.unwrap_or(','), text, 1)
}

/// Where the reader is in a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Plain,
    Quoted { since: usize },
    AfterQuote,
}

fn records(text: &str, separator: char, first_line: usize) -> Result<Vec<(usize, Vec<String>)>, String> {
    let mut out = Vec::new();
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut line, mut begun_on, mut at) = (first_line, first_line, Field::Plain);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Field::Quoted { .. } = at {
            match c {
                '"' if chars.next_if_eq(&'"').is_some() => field.push('"'),
                '"' => at = Field::AfterQuote,
                c => {
                    line += usize::from(c == '\n' || (c == '\r' && chars.peek() != Some(&'\n')));
                    field.push(c);
                }
            }
            continue;
        }
        match c {
            '"' if at == Field::Plain && field.trim().is_empty() => {
                field.clear();
                at = Field::Quoted { since: line };
            }
            c if c == separator => fields.push(take(&mut field, &mut at)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                fields.push(take(&mut field, &mut at));
                push(&mut out, begun_on, &mut fields);
                line += 1;
                begun_on = line;
            }
            ' ' if at == Field::AfterQuote => {}
            _ if at == Field::AfterQuote => {
                return Err(format!(
                    "line {line}: text stands behind a closing quote; a quote within quotes is doubled"
                ));
            }
            c => field.push(c),
        }
    }
    if let Field::Quoted { since } = at {
        return Err(format!("a quote that begins on line {since} is not closed"));
    }
    if !field.is_empty() || !fields.is_empty() || at == Field::AfterQuote {
        fields.push(take(&mut field, &mut at));
        push(&mut out, begun_on, &mut fields);
    }
    Ok(out)
}

fn take(field: &mut String, at: &mut Field) -> String {
    let text = std::mem::take(field);
    if std::mem::replace(at, Field::Plain) == Field::AfterQuote { text } else { text.trim().to_owned() }
}

/// Lines with nothing on them are no rows.
fn push(out: &mut Vec<(usize, Vec<String>)>, line: usize, fields: &mut Vec<String>) {
    let fields = std::mem::take(fields);
    if fields.iter().any(|f| !f.trim().is_empty()) {
        out.push((line, fields));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rows(bytes: &[u8], encoding: Option<&str>) -> Vec<String> {
        let table = parse(bytes, encoding).unwrap();
        table.rows.iter().map(|(line, fields)| format!("{line} {}", fields.join("|"))).collect()
    }

    #[test]
    fn spreadsheets_of_all_sorts_are_read() {
        let check = |text: &str, expected: &[&str]| assert_eq!(rows(text.as_bytes(), None), expected, "{text}");
        check("carrier,name\nmts, Li Wei \n", &["2 mts|Li Wei"]);
        check("\u{feff}carrier;name\r\nmts;\"Li; \"\"Wei\"\"\"\r\n\r\n", &["2 mts|Li; \"Wei\""]);
        check("carrier\tname\nmts\tLi, Wei\n", &["2 mts|Li, Wei"]);
        check("sep=;\ncarrier;name\nmts;Li\n", &["3 mts|Li"]);
        check("carrier,name\rmts,Li\ra1,Wei", &["2 mts|Li", "3 a1|Wei"]);
        check("carrier,name\nmts,\"a\nb\"\nmts,c", &["2 mts|a\nb", "4 mts|c"]);
        check("carrier;name;;\nmts;Li;;\n;;;\n", &["2 mts|Li"]);
        check("carrier,name\nmts,\"\"", &["2 mts|"]);
    }

    #[test]
    fn charsets_of_spreadsheets_are_read() {
        let latin = b"carrier;name\nmts;Petar Petrovi\xe6 \x8aar\xe8evi\xe6\n";
        assert_eq!(rows(latin, None), ["2 mts|Petar Petrović Šarčević"]);
        let remark = parse(latin, None).unwrap().remark.unwrap();
        assert!(remark.contains("line 2") && remark.contains("Petrović"), "{remark}");
        let utf_16: Vec<u8> = "\u{feff}carrier\tname\nmts\t李伟\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(rows(&utf_16, None), ["2 mts|李伟"]);
        assert_eq!(rows(b"carrier,name\nmts,\xc0\xee\xce\xb0\n", Some("gbk")), ["2 mts|李伟"]);
        assert_eq!(rows(b"carrier,name\nmts,\xcf\xe5\xf2\xe0\xf0\n", Some("windows-1251")), ["2 mts|Петар"]);
    }

    #[test]
    fn a_complaint_names_the_line() {
        let check = |bytes: &[u8], part: &str| {
            let told = parse(bytes, None).unwrap_err();
            assert!(told.contains(part), "{told}");
        };
        check(b"a,b\n1,\"x\ny\n", "line 2 is not closed");
        check(b"a,b\n1,\"x\"y\n", "line 2: text stands behind");
        check(b"a,b\n1,2\n\xc0\xee\xce\xb0,1\n", "line 3 is neither UTF-8 nor windows-1250");
        check(b"PK\x03\x04\x00\x00", "line 1 holds a zero byte");
        check(b"", "the file is empty");
        check(b"\xef\xbb\xbf\n\n", "the file is empty");
        assert!(parse(b"a\n1", Some("klingon")).unwrap_err().contains("no charset `klingon`"));
        assert_eq!(parse(b"a,b\n1\n1,2,3\n1,2\n", None).unwrap().bad.len(), 2);
    }
}
