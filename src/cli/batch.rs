//! `odjava new --from-csv`: a case for each row of a file. All rows are checked before the first case is opened,
//! and all are opened in one transaction.

use super::arguments::New;
use super::csv;
use super::desk::Desk;
use super::facts::{FactProblem, listed};
use super::new::{Order, open_all};
use super::output::{Output, paint};
use super::{cases, view, wording};
use crate::domain::identity::Line;
use anyhow::bail;
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Names of the columns: those of the flags.
const COLUMNS: [&str; 12] = [
    "carrier",
    "name",
    "msisdn",
    "iccid",
    "eid",
    "customer-number",
    "order",
    "contract-date",
    "to",
    "attach",
    "account",
    "language",
];

/// Opens a case for each row. A row with a problem stops all, unless such rows are to be left out.
pub(super) fn from_csv(
    desk: &mut Desk,
    what: &New,
    file: &str,
    bytes: &[u8],
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let table = csv::parse(bytes).map_err(|e| anyhow::anyhow!("{file}: {e}"))?;
    let unknown: Vec<String> = table
        .columns
        .iter()
        .filter(|c| !COLUMNS.contains(&c.as_str()))
        .map(|c| format!("{file}: line 1: there is no column `{c}`; there are {}", COLUMNS.join(", ")))
        .collect();
    if !unknown.is_empty() {
        bail!("{}", listed(&unknown));
    }
    let (orders, problems) = checked(desk, what, file, &table)?;
    if !problems.is_empty() && !what.skip_bad {
        bail!("{}\nno case was opened; mend the file, or leave these rows out with --skip-bad", listed(&problems));
    }
    for problem in &problems {
        output.remark(format!("left out: {problem}"));
    }
    for order in &orders {
        order.facts.doubts().into_iter().for_each(|doubt| output.remark(doubt));
    }
    let rows = open_all(desk, &orders)?;
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

/// The rows that can be opened, and what is wrong with the others, by line and column.
fn checked(desk: &mut Desk, what: &New, file: &str, table: &csv::Table) -> anyhow::Result<(Vec<Order>, Vec<String>)> {
    let (mut orders, mut problems) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for (line, fields) in &table.rows {
        let order = match complete(desk, &row_of(what, &table.columns, fields)) {
            Ok(order) => order,
            Err(found) => {
                let column = |p: &FactProblem| p.flag.trim_start_matches("--").to_owned();
                problems.extend(found.iter().map(|p| format!("{file}: line {line}, column {}: {}", column(p), p.text)));
                continue;
            }
        };
        let (carrier, facts) = (&order.carrier.id, &order.facts);
        if let Some(reference) = desk.store.read(|tx| tx.open_case_of_line(carrier, &facts.line, None))? {
            problems.push(format!("{file}: line {line}: case {reference} already cancels this line"));
            continue;
        }
        let names = names_of(carrier, &facts.line);
        if names.iter().any(|name| seen.contains(name)) {
            problems.push(format!("{file}: line {line}: the same line stands further up"));
            continue;
        }
        seen.extend(names);
        orders.push(order);
    }
    Ok((orders, problems))
}

fn complete(desk: &Desk, row: &New) -> Result<Order, Vec<FactProblem>> {
    let order = Order::of(desk, row)?;
    let missing = order.missing_now();
    if missing.is_empty() { Ok(order) } else { Err(missing) }
}

/// What a line is called at its carrier, for finding it twice.
fn names_of(carrier: &str, line: &Line) -> Vec<String> {
    let numbers = [
        line.msisdn.as_ref().map(ToString::to_string),
        line.iccid.as_ref().map(ToString::to_string),
        line.order_number.as_ref().map(|o| o.to_lowercase()),
    ];
    numbers.into_iter().enumerate().filter_map(|(i, n)| n.map(|n| format!("{carrier} {i} {n}"))).collect()
}

fn row_of(what: &New, columns: &[String], fields: &[String]) -> New {
    let mut row = New { account: what.account.clone(), language: what.language.clone(), ..New::default() };
    for (column, field) in columns.iter().zip(fields) {
        let value = Some(field.trim().to_owned()).filter(|f| !f.is_empty());
        let Some(text) = value.clone() else { continue };
        let several = || text.split_whitespace().map(str::to_owned);
        match column.as_str() {
            "carrier" => row.carrier = value,
            "name" => row.facts.name = value,
            "msisdn" => row.facts.msisdn = value,
            "iccid" => row.facts.iccid = value,
            "eid" => row.facts.eid = value,
            "customer-number" => row.facts.customer_number = value,
            "order" => row.facts.order = value,
            "contract-date" => row.facts.contract_date = value,
            "to" => row.facts.to = several().collect(),
            "attach" => row.facts.attach = several().map(Into::into).collect(),
            "account" => row.account = value,
            _ => row.language = value,
        }
    }
    row
}
