//! `odjava new --from-csv`: a case for each row of a file. All rows are checked before the first case is opened,
//! and all are opened in one transaction.

use super::arguments::New;
use super::csv;
use super::desk::Desk;
use super::facts::{FactProblem, listed};
use super::new::{Order, open_all};
use super::output::{Output, paint};
use super::{cases, view, wording};
use crate::config::spelling::nearest;
use anyhow::bail;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Names of the columns: those of the flags.
const COLUMNS: [&str; 17] = [
    "carrier",
    "name",
    "msisdn",
    "iccid",
    "eid",
    "customer-number",
    "contract-number",
    "order",
    "contract-date",
    "also-named",
    "jmbg",
    "passport-number",
    "postal-address",
    "to",
    "attach",
    "account",
    "language",
];

/// So many rows are checked between two words of progress.
const PROGRESS_EVERY: usize = 100;
/// So many problems are listed; a file that is wrong throughout needs no more to be understood.
const PROBLEMS_SHOWN: usize = 200;

/// Prints the first line of a file to be filled in.
pub(super) fn header(output: &mut Output) -> anyhow::Result<ExitCode> {
    if output.json() {
        output.object(&serde_json::json!({ "columns": COLUMNS }))?;
    } else {
        output.line(COLUMNS.join(","))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a case for each row. A row with a problem stops all, unless such rows are to be left out.
pub(super) fn from_csv(
    desk: &mut Desk,
    what: &New,
    file: &str,
    bytes: &[u8],
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let table = csv::parse(bytes, what.csv_encoding.as_deref()).map_err(|e| anyhow::anyhow!("{file}: {e}"))?;
    let faults = header_faults(&table.columns);
    if !faults.is_empty() {
        let faults: Vec<String> = faults.into_iter().map(|f| format!("{file}: first line: {f}")).collect();
        bail!("{}", listed(&faults));
    }
    if let Some(remark) = &table.remark {
        output.remark(format!("{file}: {remark}"));
    }
    let (orders, problems) = checked(desk, what, file, &table, output)?;
    if !problems.is_empty() && !what.skip_bad {
        let shown = listed(problems.get(..PROBLEMS_SHOWN).unwrap_or(&problems));
        let more = match problems.len().saturating_sub(PROBLEMS_SHOWN) {
            0 => String::new(),
            n => format!("\n... and {n} more"),
        };
        bail!("{shown}{more}\nno case was opened; mend the file, or leave these rows out with --skip-bad");
    }
    for problem in &problems {
        output.remark(format!("left out: {problem}"));
    }
    if orders.is_empty() {
        bail!("{file}: no row is left to open a case for");
    }
    for order in &orders {
        order.facts.doubts().into_iter().for_each(|doubt| output.remark(doubt));
    }
    let rows = open_all(desk, &orders, output)?;
    for row in &rows {
        if output.json() {
            let value = view::full_view(desk, row)?;
            output.object(&value)?;
            desk.note_shown(row)?;
        } else {
            let (strong, plain, situation) = (paint::STRONG, paint::PLAIN, wording::situation(&row.case));
            let (carrier, line) = (&row.case.carrier_name, cases::line_of(&row.case));
            output.line(format!("{strong}{}{plain}  {carrier}  {line}  {situation}", row.case.reference))?;
        }
    }
    if !output.json() {
        output.line(format!("{} opened. Read each with `odjava draft REF`, then approve it.", rows.len()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with the names of the columns.
fn header_faults(columns: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if !COLUMNS.contains(&column.as_str()) {
            let near = nearest(column, COLUMNS.into_iter());
            let hint =
                near.map_or_else(|| format!("there are {}", COLUMNS.join(", ")), |n| format!("did you mean `{n}`?"));
            faults.push(format!("there is no column `{}`; {hint}", wording::safe(column)));
        } else if columns.iter().take(at).any(|c| c == column) {
            faults.push(format!("the column `{column}` is there twice"));
        }
    }
    if faults.is_empty() && !columns.iter().any(|c| c == "carrier") {
        faults.push("the column `carrier` is missing; `odjava new --csv-header` prints all".to_owned());
    }
    faults
}

/// The rows that can be opened, and what is wrong with the others, by line and column.
fn checked(
    desk: &mut Desk,
    what: &New,
    file: &str,
    table: &csv::Table,
    output: &mut Output,
) -> anyhow::Result<(Vec<Order>, Vec<String>)> {
    let mut orders = Vec::with_capacity(table.rows.len());
    let mut problems: Vec<(usize, String)> = table.bad.clone();
    let mut carriers: BTreeMap<String, String> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (done, (line, fields)) in table.rows.iter().enumerate() {
        if done % PROGRESS_EVERY == 0 {
            output.progress(&format!("{done} of {} rows checked", table.rows.len()));
        }
        let mut row = row_of(what, &table.columns, fields);
        let called = row.carrier.clone();
        if let Some(id) = called.as_ref().and_then(|c| carriers.get(c)) {
            row.carrier = Some(id.clone());
        }
        let order = match complete(desk, &row) {
            Ok(order) => order,
            Err(found) => {
                let column = |p: &FactProblem| p.flag.trim_start_matches("--").to_owned();
                problems.extend(found.iter().map(|p| (*line, format!("column {}: {}", column(p), p.text))));
                continue;
            }
        };
        carriers.extend(called.map(|c| (c, order.carrier.id.clone())));
        let (carrier, facts) = (&order.carrier.id, &order.facts);
        if let Some(reference) = desk.store.read(|tx| tx.open_case_of_line(carrier, &facts.line, None))? {
            problems.push((*line, format!("case {reference} already cancels this line")));
            continue;
        }
        let keys: Vec<String> = facts.line.keys().into_iter().map(|key| format!("{carrier} {key}")).collect();
        if let Some(first) = keys.iter().find_map(|key| seen.get(key)) {
            problems.push((*line, format!("the same line stands on line {first}")));
            continue;
        }
        seen.extend(keys.into_iter().map(|key| (key, *line)));
        orders.push(order);
    }
    output.progress("");
    problems.sort_by_key(|(line, _)| *line);
    let told = problems.into_iter().map(|(line, text)| {
        let sign = if text.starts_with("column") { "," } else { ":" };
        format!("{file}: line {line}{sign} {text}")
    });
    Ok((orders, told.collect()))
}

fn complete(desk: &Desk, row: &New) -> Result<Order, Vec<FactProblem>> {
    let order = Order::of(desk, row)?;
    let missing = order.missing_now();
    if missing.is_empty() { Ok(order) } else { Err(missing) }
}

fn row_of(what: &New, columns: &[String], fields: &[String]) -> New {
    let mut row = New { account: what.account.clone(), language: what.language.clone(), ..New::default() };
    for (column, field) in columns.iter().zip(fields) {
        let text = field.trim();
        if text.is_empty() {
            continue;
        }
        let value = Some(text.to_owned());
        let several = || text.split_whitespace().map(str::to_owned);
        match column.as_str() {
            "carrier" => row.carrier = value,
            "name" => row.facts.name = value,
            "msisdn" => row.facts.msisdn = value,
            "iccid" => row.facts.iccid = value,
            "eid" => row.facts.eid = value,
            "customer-number" => row.facts.customer_number = value,
            "contract-number" => row.facts.contract_number = value,
            "order" => row.facts.order = value,
            "contract-date" => row.facts.contract_date = value,
            "also-named" => row.facts.also_named = text.split('|').map(|n| n.trim().to_owned()).collect(),
            "jmbg" => row.facts.jmbg = value,
            "passport-number" => row.facts.passport_number = value,
            "postal-address" => row.facts.postal_address = value,
            "to" => row.facts.to = several().collect(),
            "attach" => row.facts.attach = several().map(Into::into).collect(),
            "account" => row.account = value,
            _ => row.language = value,
        }
    }
    row
}
