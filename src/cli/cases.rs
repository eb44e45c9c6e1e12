//! `list`, `show` and `draft`: cases as people and scripts read them.

use super::arguments::List;
use super::desk::{Desk, Place, find};
use super::output::{Output, paint};
use super::{documents, new, timeline, view, wording};
use crate::config::carriers::Directory;
use crate::domain::address::Reference;
use crate::domain::carrier::{CarrierProfile, ChannelKind};
use crate::domain::case::{Attempt, Case, Outgoing, State};
use crate::domain::decide;
use crate::engine;
use crate::rulebook::wants_another_way;
use crate::store::{CaseRow, DaemonLock};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Messages shown by `list --unfiled`.
const UNFILED_MAX: u32 = 200;
/// Columns of the table.
const COLUMNS: [&str; 7] = ["", "case", "carrier", "line", "account", "state", "next"];
/// Width of the table where no terminal says its own.
const TABLE_WIDTH: u16 = 110;

/// The cases as a table or as JSON lines.
pub(super) fn list(place: &Place, what: &List, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    if what.unfiled {
        return unfiled(&mut desk, output);
    }
    let (engine, rules, store) = desk.parts();
    let now = engine.clock.now();
    let ended_too = what.all || what.state.is_some();
    let (cases, waiting) = store.read(|tx| {
        let mut rows = tx.cases(false)?;
        rows.retain(|r| {
            let wanted = what.state.as_deref().is_none_or(|s| s == r.case.state.name());
            wanted && (ended_too || r.case.is_open() || view::is_yours(&r.case))
        });
        let mut cases = Vec::with_capacity(rows.len());
        for row in rows {
            let seen = view::case_view(tx, &row)?;
            let next_at = view::next_action_at(tx, &row.case)?;
            cases.push((row, seen, next_at));
        }
        // Newest first; for people those that wait for them stand on top.
        if !output.json() {
            cases.sort_by_key(|(row, ..)| !view::is_yours(&row.case));
        }
        Ok::<_, engine::EngineError>((cases, tx.unfiled_messages(UNFILED_MAX)?.len()))
    })?;
    if output.json() {
        for (_, seen, _) in &cases {
            output.object(seen)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if cases.is_empty() {
        output.line(if ended_too {
            "There are no such cases."
        } else {
            "There are no open cases. `odjava new` opens one, `odjava list --all` shows ended ones."
        })?;
    } else {
        let zone_of = |case: &Case| rules.config.accounts.get(&case.account).map_or(chrono_tz::UTC, |a| a.time_zone);
        let accounts: BTreeSet<&str> = cases.iter().map(|(row, ..)| row.case.account.as_str()).collect();
        let rows = cases.iter().map(|(row, _, next_at)| {
            let way = other_way(&rules.directory, &row.case);
            table_row(&row.case, wording::next(&row.case, *next_at, zone_of(&row.case), now, way))
        });
        print_table(rows.collect(), accounts.len() > 1, output)?;
    }
    if waiting > 0 {
        output.line(format!(
            "{}{waiting} {} that no case claims:{} odjava list --unfiled",
            paint::YOURS,
            if waiting == 1 { "message" } else { "messages" },
            paint::PLAIN
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The channel, as `resolve --sent-by` takes it, by which a request goes where the carrier refuses e-mail.
fn other_way(directory: &Directory, case: &Case) -> Option<&'static str> {
    directory.get(&case.carrier).and_then(CarrierProfile::way_instead_of_email).map(ChannelKind::name)
}

fn table_row(case: &Case, next: String) -> [String; COLUMNS.len()] {
    [
        if view::is_yours(case) { "!" } else { "" }.to_owned(),
        case.reference.to_string(),
        wording::safe(&case.carrier_name),
        line_of(case),
        case.account.clone(),
        wording::situation(case),
        next,
    ]
}

/// The line as its holder calls it, masked: terminals are looked at and copied from. `--json` and the letter itself
/// have it in full.
pub(super) fn line_of(case: &Case) -> String {
    case.line.label_masked()
}

/// The account is worth a column only where there are several.
fn print_table(rows: Vec<[String; COLUMNS.len()]>, with_account: bool, output: &mut Output) -> io::Result<()> {
    let shown = |cells: Vec<String>| {
        let wanted = |name: &str| with_account || name != "account";
        COLUMNS.iter().zip(cells).filter(|(name, _)| wanted(name)).map(|(_, cell)| cell).collect::<Vec<_>>()
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(terminal_width().unwrap_or(TABLE_WIDTH));
    table.set_header(shown(COLUMNS.map(str::to_owned).to_vec()));
    table.add_rows(rows.into_iter().map(|r| shown(r.to_vec())));
    for (i, line) in table.lines().enumerate() {
        let paint = match line.trim_start().starts_with('!') {
            _ if i == 0 => paint::FAINT,
            true => paint::YOURS,
            false => "",
        };
        let line = line.trim_end();
        output.line(if paint.is_empty() { line.to_owned() } else { format!("{paint}{line}{}", paint::PLAIN) })?;
    }
    Ok(())
}

/// Columns of the terminal, as shells export them.
fn terminal_width() -> Option<u16> {
    let (_, columns) = dialoguer::console::Term::stdout().size_checked()?;
    Some(columns).filter(|c| *c >= 60)
}

fn unfiled(desk: &mut Desk, output: &mut Output) -> anyhow::Result<ExitCode> {
    let rows = desk.store.read(|tx| tx.unfiled_messages(UNFILED_MAX))?;
    let none = rows.is_empty();
    if none && !output.json() {
        output.line("Every message has found its case.")?;
    }
    for row in rows {
        let zone = desk.rules.config.accounts.get(&row.account).map_or(chrono_tz::UTC, |a| a.time_zone);
        let reading: serde_json::Value = serde_json::from_str(&row.reading).unwrap_or_default();
        let subject = timeline::subject_of(&row.raw);
        let from = reading.get("from_domain").and_then(|d| d.as_str()).unwrap_or("?").to_owned();
        if output.json() {
            output.object(&json!({"message": row.key.0, "account": row.account, "folder": row.folder,
                "at": row.received_at, "subject": subject, "from_domain": from, "status": row.status.name(),
                "guesses": reading.get("guesses")}))?;
        } else {
            let at = wording::local(row.received_at, zone);
            output.line(format!("#{}  {at}  {}  {subject}", row.key.0, wording::safe(&from)))?;
        }
    }
    if !output.json() && !none {
        output.line("To file one: odjava resolve REF --file NUMBER")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One case with its story.
pub(super) fn show(place: &Place, reference: &Reference, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    let row = desk.case(reference)?;
    if output.json() {
        let value = view::full_view(&mut desk, &row)?;
        output.object(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    print_head(&mut desk, &row, output)?;
    let zone = desk.rules.account(&row.case.account).map_or(chrono_tz::UTC, |a| a.time_zone);
    print_ways(&desk, &row.case, output)?;
    let (_, _, store) = desk.parts();
    let (steps, messages) = store.read(|tx| {
        let row = find(tx, reference)?;
        anyhow::Ok((timeline::of_case(tx, &row)?, timeline::messages(tx, &row)?))
    })?;
    output.line(format!("\n{}Timeline{}", paint::STRONG, paint::PLAIN))?;
    let last = steps.len();
    for (i, step) in steps.iter().enumerate() {
        // The outcome follows at once; only a mail that is on its way right now is worth a line.
        if step.event == "submit_started" && i + 1 < last {
            continue;
        }
        output.line(format!("  {}{}{}  {}", paint::FAINT, wording::local(step.at, zone), paint::PLAIN, step.text))?;
    }
    if !messages.is_empty() {
        output.line(format!("\n{}Messages{}", paint::STRONG, paint::PLAIN))?;
        for message in messages {
            output.line(format!("  {}", message.told(zone)))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The ways other than e-mail, where one of them is what the case needs.
fn print_ways(desk: &Desk, case: &Case, output: &mut Output) -> anyhow::Result<()> {
    let wanted = case.question().is_some_and(wants_another_way);
    let ways = desk.rules.directory.get(&case.carrier).filter(|_| wanted).map(CarrierProfile::other_ways);
    let Some(ways) = ways.filter(|w| !w.is_empty()) else { return Ok(()) };
    output.line(format!("\n{}Other ways{}", paint::STRONG, paint::PLAIN))?;
    for way in ways {
        output.line(format!("  {}", wording::safe(&way)))?;
    }
    output.line(format!("  with their sources: odjava carriers show {}", case.carrier))?;
    Ok(())
}

/// The text that waits for approval.
pub(super) fn draft(
    place: &Place,
    reference: &Reference,
    save_to: Option<&Path>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    let row = desk.case(reference)?;
    let Some(mail) = decide::awaiting_approval(&row.case) else {
        anyhow::bail!(
            "no text of case {reference} waits for approval; it is `{}`: see `odjava show {reference}`",
            row.case.state.name()
        );
    };
    if let Some(folder) = save_to {
        // Also those that wait to be asked for.
        let all = if mail.attachments.is_empty() { &row.case.attachments } else { &mail.attachments };
        for path in desk.store.read(|tx| documents::save(tx, all, folder))? {
            output.remark(format!("written: {path}"));
        }
    }
    print_case(&mut desk, &row, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a case as it now is: JSON, or its head and the text that waits for approval. A text that was
/// printed counts as read.
pub(super) fn print_case(desk: &mut Desk, row: &CaseRow, output: &mut Output) -> anyhow::Result<()> {
    if output.json() {
        let value = view::full_view(desk, row)?;
        output.object(&value)?;
        return desk.note_shown(row);
    }
    print_head(desk, row, output)?;
    if let Some(told) = new::address_wanted(desk, &row.case) {
        output.line(format!("\n{told}"))?;
        print_cautions(desk, &row.case, output)?;
    }
    if let Some(mail) = decide::awaiting_approval(&row.case).cloned() {
        print_draft(desk, &row.case, &mail, output)?;
        desk.note_shown(row)?;
    }
    tell_if_nobody_sends(desk, row, output);
    Ok(())
}

/// Says so when a mail is owed and no daemon runs that would send it.
fn tell_if_nobody_sends(desk: &Desk, row: &CaseRow, output: &mut Output) {
    let owed = matches!(row.case.state, State::Sending { attempt: Attempt::Waiting, .. });
    if owed && !output.json() && !DaemonLock::is_held(desk.store.path()) {
        output.remark(
            "odjava is not running: the mail leaves when `odjava run` (or `odjava run --once`) runs, not before",
        );
    }
}

/// What the carrier's record says to read before the letter is approved.
fn print_cautions(desk: &Desk, case: &Case, output: &mut Output) -> io::Result<()> {
    for caution in view::cautions(desk, case) {
        output.line(format!("  {}Note:{} {}", paint::YOURS, paint::PLAIN, wording::safe(&caution)))?;
    }
    Ok(())
}

fn print_head(desk: &mut Desk, row: &CaseRow, output: &mut Output) -> anyhow::Result<()> {
    let case = &row.case;
    let (engine, rules, store) = desk.parts();
    let zone = rules.config.accounts.get(&case.account).map_or(chrono_tz::UTC, |a| a.time_zone);
    let now = engine.clock.now();
    let next_at = store.read(|tx| view::next_action_at(tx, case))?;
    let paint = if view::is_yours(case) { paint::YOURS } else { paint::GOOD };
    output.line(format!(
        "{}{}{}  {}  {}  {paint}{}{}",
        paint::STRONG,
        case.reference,
        paint::PLAIN,
        wording::safe(&case.carrier_name),
        line_of(case),
        wording::situation(case),
        paint::PLAIN
    ))?;
    let next = wording::next(case, next_at, zone, now, other_way(&rules.directory, case));
    let mut facts = vec![("next", next), ("holder", case.holder_name.clone())];
    facts.push(("account", case.account.clone()));
    if let Some(to) = case.to() {
        facts.push(("to", to.to_string()));
    }
    let progress = case.state.progress();
    facts.extend(progress.acknowledged_at.map(|at| ("received by the carrier", wording::local(at, zone))));
    facts.extend(case.tickets.last().map(|t| ("ticket", wording::safe(t))));
    facts.extend(case.effective_date().map(|d| ("effective", d.to_string())));
    facts
        .extend(case.hold.as_ref().filter(|h| h.until > now).map(|h| ("on hold until", wording::local(h.until, zone))));
    for (name, value) in facts {
        output.line(format!("  {}{name}:{} {value}", paint::FAINT, paint::PLAIN))?;
    }
    Ok(())
}

fn print_draft(desk: &Desk, case: &Case, mail: &Outgoing, output: &mut Output) -> anyhow::Result<()> {
    let policy = crate::engine::Rulebook::policy(desk.rules.as_ref(), case)?;
    let heading = |text: &str| format!("\n{}{text}{}", paint::STRONG, paint::PLAIN);
    output.line(heading(&format!("The {}", wording::purpose(mail.purpose))))?;
    output.line(format!("  From: {} <{}>", case.holder_name, policy.from))?;
    if let Some(to) = case.to() {
        output.line(format!("  To: {to}"))?;
    }
    let fall_backs: Vec<&str> = case.recipients.iter().skip(case.recipient + 1).map(|a| a.as_str()).collect();
    if !fall_backs.is_empty() && mail.purpose == crate::domain::case::Purpose::Request {
        output.line(format!("  If that comes back, to: {}", fall_backs.join(", then ")))?;
    }
    output.line(format!("  Subject: {}", engine::preview(&mail.letter.subject)))?;
    for document in &mail.attachments {
        output.line(format!(
            "  Enclosed: {} ({}, {} kB)",
            wording::safe(&document.file_name),
            document.media_type,
            document.size.div_ceil(1024)
        ))?;
    }
    if let Some(told) = documents::kept_back(case, desk.rules.directory.get(&case.carrier)) {
        output.line(format!("  {told}"))?;
    }
    print_cautions(desk, case, output)?;
    output.line(format!("\n{}", indented(&engine::preview(&mail.letter.body))))?;
    if let Some(aid) = &mail.letter.reading_aid {
        output.line(heading("The same in your language (not sent)"))?;
        output.line(format!("{}{}{}", paint::FAINT, indented(&engine::preview(aid)), paint::PLAIN))?;
    }
    if let Some(letters) = decide::covered_letters(case, mail, &policy) {
        output.line(heading("Approving covers these reminders as well, sent only while the carrier is silent"))?;
        let later = [
            ("first reminder", policy.follow_up_after, &letters.follow_up_1),
            ("second reminder", policy.second_after, &letters.follow_up_2),
            ("formal notice", policy.notice_after, &letters.notice),
        ];
        for (name, after, letter) in later {
            output.line(format!(
                "\n  {}{name}{}, after {after} of silence: {}",
                paint::STRONG,
                paint::PLAIN,
                engine::preview(&letter.subject)
            ))?;
            output.line(format!("\n{}", indented(&engine::preview(&letter.body))))?;
            if let Some(aid) = &letter.reading_aid {
                output.line(format!("  {}the same in your language{}\n", paint::STRONG, paint::PLAIN))?;
                output.line(format!("{}{}{}", paint::FAINT, indented(&engine::preview(aid)), paint::PLAIN))?;
            }
        }
    }
    let digest = decide::approval_digest(case, mail, &policy);
    output.line(format!("\n{}digest {digest}{}", paint::FAINT, paint::PLAIN))?;
    output.line(format!("approve with: {}odjava approve {}{}", paint::STRONG, case.reference, paint::PLAIN))?;
    Ok(())
}

fn indented(text: &str) -> String {
    let safe = wording::safe_lines(text);
    safe.lines().map(|l| if l.is_empty() { String::new() } else { format!("    {l}") }).collect::<Vec<_>>().join("\n")
}
