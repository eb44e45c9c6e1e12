//! Rows of a CSV file (RFC 4180, comma or semicolon, quotes, UTF-8 with or without BOM) by the names of its
//! first line. Knows no case. A parser of our own because rows and columns must be named in complaints, and
//! two hundred rows need no speed.

/// A file with named columns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// Names of the columns, lower case.
    pub(super) columns: Vec<String>,
    /// Rows with the number of the line each begins on.
    pub(super) rows: Vec<(usize, Vec<String>)>,
}

/// Reads a table.
///
/// # Errors
/// A sentence naming the line: not UTF-8, no header, a quote that is not closed, too few or too many fields.
pub(super) fn parse(bytes: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes.get(..e.valid_up_to()).unwrap_or_default().iter().filter(|b| **b == b'\n').count() + 1;
        format!("line {line} is not UTF-8 text; save the file as UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    // Spreadsheets in countries with a decimal comma part fields by semicolons.
    let separator = if first.matches(';').count() > first.matches(',').count() { ';' } else { ',' };
    let mut records = records(text, separator)?.into_iter();
    let (_, header) = records.next().ok_or("the file is empty; its first line names the columns")?;
    let columns: Vec<String> = header.iter().map(|c| c.trim().to_lowercase().replace(['_', ' '], "-")).collect();
    let mut rows = Vec::new();
    for (line, fields) in records {
        if fields.len() != columns.len() {
            return Err(format!("line {line} has {} fields, the first line has {}", fields.len(), columns.len()));
        }
        rows.push((line, fields));
    }
    Ok(Table { columns, rows })
}

fn records(text: &str, separator: char) -> Result<Vec<(usize, Vec<String>)>, String> {
    let mut out = Vec::new();
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut line, mut begun_on, mut quoted, mut was_quoted) = (1, 1, false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                (quoted, was_quoted) = (true, true);
            }
            c if quoted => {
                line += usize::from(c == '\n');
                field.push(c);
            }
            '\r' => {}
            '\n' => {
                fields.push(take(&mut field, &mut was_quoted));
                push(&mut out, begun_on, &mut fields);
                line += 1;
                begun_on = line;
            }
            c if c == separator => fields.push(take(&mut field, &mut was_quoted)),
            c => field.push(c),
        }
    }
    if quoted {
        return Err(format!("a quote that begins on line {begun_on} is not closed"));
    }
    if !field.is_empty() || !fields.is_empty() {
        fields.push(take(&mut field, &mut was_quoted));
        push(&mut out, begun_on, &mut fields);
    }
    Ok(out)
}

fn take(field: &mut String, was_quoted: &mut bool) -> String {
    let text = std::mem::take(field);
    if std::mem::take(was_quoted) { text } else { text.trim().to_owned() }
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

    #[test]
    fn spreadsheets_of_all_sorts_are_read() {
        let check = |text: &str, expected: &[&[&str]]| {
            let table = parse(text.as_bytes()).unwrap();
            let rows: Vec<Vec<&str>> = table.rows.iter().map(|(_, f)| f.iter().map(String::as_str).collect()).collect();
            assert_eq!(rows, expected, "{text}");
        };
        check("carrier,name\nmts, Li Wei \n", &[&["mts", "Li Wei"]]);
        check("\u{feff}carrier;name\r\nmts;\"Li; \"\"Wei\"\"\"\r\n\r\n", &[&["mts", "Li; \"Wei\""]]);
        check("carrier,name\nmts,\"a\nb\"", &[&["mts", "a\nb"]]);
    }

    #[test]
    fn a_complaint_names_the_line() {
        let check = |bytes: &[u8], part: &str| assert!(parse(bytes).unwrap_err().contains(part), "{part}");
        check(b"a,b\n1\n", "line 2 has 1 fields");
        check(b"a,b\n1,\"x\n", "line 2 is not closed");
        check(b"a,b\n\xff,1\n", "line 2 is not UTF-8");
        check(b"", "the file is empty");
    }
}
