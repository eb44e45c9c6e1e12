//! The holder's acts: `approve`, `edit`, `withdraw`, `hold`, `resolve`. Each becomes one event; whether it fits
//! is decided by the core.

use super::arguments::{Edit, Hold, Resolve};
use super::cases::print_case;
use super::desk::{Desk, Place, find};
use super::documents;
use super::facts::{Facts, Whose, listed};
use super::output::Output;
use crate::domain::address::Reference;
use crate::domain::case::Letter;
use crate::domain::event::{Event, ResolveAct};
use crate::domain::reply::MessageKey;
use crate::domain::{decide, schedule};
use crate::engine::EngineError;
use crate::store::CaseRow;
use anyhow::{Context, bail};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longest text a file may hold.
const TEXT_SIZE_MAX: u64 = 100 * 1024;

/// Approves the text of the given digest, or the one last shown.
pub(super) fn approve(
    place: &Place,
    reference: &Reference,
    digest: Option<&str>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    let row = approve_as_read(&mut desk, reference, digest)?;
    print_case(&mut desk, &row, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Invariant: what is approved is what a person was shown, here or in the mail that named its digest.
fn approve_as_read(desk: &mut Desk, reference: &Reference, digest: Option<&str>) -> anyhow::Result<CaseRow> {
    let row = desk.case(reference)?;
    let digest = digest.map(|d| d.trim().to_ascii_lowercase()).unwrap_or(row.read_digest);
    if digest.is_empty() && decide::awaiting_approval(&row.case).is_some() {
        bail!(
            "you have not read the text of case {reference} yet; read it with `odjava draft {reference}`, then approve it"
        );
    }
    desk.apply(reference, &Event::DraftApproved { digest })
}

/// Changes facts, or the text that waits for approval.
pub(super) fn edit(place: &Place, what: &Edit, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    let reference = &what.reference;
    let text_given = what.subject.is_some() || what.body_file.is_some();
    let facts_given = !what.facts.is_empty() || what.no_attachments;
    let mut row = desk.case(reference)?;
    if facts_given {
        row = edit_facts(&mut desk, what)?;
    }
    if text_given {
        let body = what.body_file.as_deref().map(read_text).transpose()?;
        row = edit_text(&mut desk, &row, what.subject.clone(), body)?;
    }
    if !facts_given && !text_given {
        let Some(mail) = decide::awaiting_approval(&row.case) else {
            bail!("say what to change, such as `odjava edit {reference} --to ADDRESS`; no text waits for approval");
        };
        if !output.can_ask() {
            bail!("say what to change: a fact such as --msisdn, or --subject and --body-file FILE");
        }
        let (subject, body) = in_editor(&mail.letter)?;
        row = edit_text(&mut desk, &row, Some(subject), Some(body))?;
    }
    print_case(&mut desk, &row, output)?;
    Ok(ExitCode::SUCCESS)
}

fn edit_facts(desk: &mut Desk, what: &Edit) -> anyhow::Result<CaseRow> {
    let (engine, rules, store) = desk.parts();
    store.transaction(|tx| {
        let row = find(tx, &what.reference)?;
        let carrier = rules.carrier(&row.case.carrier)?;
        let mut facts = Facts { limits: rules.config.documents.limits, ..Facts::of_case(&row.case) };
        if let Err(problems) = facts.take(&what.facts, Some(carrier)) {
            bail!("{}", listed(&problems));
        }
        if what.no_attachments {
            facts.kept.clear();
        }
        documents::still_fit(&facts.kept, &row.case.line, &facts.line)?;
        if let Some(other) = tx.open_case_of_line(&row.case.carrier, &facts.line, Some(row.id))? {
            return Err(EngineError::AlreadyOpen(other).into());
        }
        let whose = Whose {
            reference: &row.case.reference,
            account: rules.account(&row.case.account)?,
            carrier,
            carrier_name: &row.case.carrier_name,
            language: &row.case.letter_language,
            today: schedule::day_of(carrier.time_zone, engine.clock.now()),
        };
        let event = facts.event(rules, tx, &whose)?;
        Ok(engine.apply(tx, row.id, &event)?)
    })
}

fn edit_text(desk: &mut Desk, row: &CaseRow, subject: Option<String>, body: Option<String>) -> anyhow::Result<CaseRow> {
    let reference = &row.case.reference;
    let Some(mail) = decide::awaiting_approval(&row.case) else {
        bail!("no text of case {reference} waits for approval; see `odjava show {reference}`");
    };
    let subject = subject.unwrap_or_else(|| mail.letter.subject.clone());
    let body = body.unwrap_or_else(|| mail.letter.body.clone());
    if subject.trim().is_empty() || body.trim().is_empty() {
        bail!("a letter needs a subject and a text; nothing was changed");
    }
    let mut letter = Letter { subject: subject.trim().to_owned(), body, reading_aid: None };
    if letter.body == mail.letter.body && letter.subject == mail.letter.subject {
        letter.reading_aid.clone_from(&mail.letter.reading_aid);
    }
    desk.apply(reference, &Event::DraftEdited { letter })
}

/// A text from a file, or from standard input for `-`.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(TEXT_SIZE_MAX + 1).read_to_end(&mut bytes)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        file.take(TEXT_SIZE_MAX + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > TEXT_SIZE_MAX {
        bail!("{} is longer than 100 kB: that is no letter", path.display());
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("{} is not UTF-8 text; save it as UTF-8", path.display()))?;
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// Opens subject and body in the person's editor: the first line is the subject, a blank line, the body.
fn in_editor(letter: &Letter) -> anyhow::Result<(String, String)> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).context(
        "neither VISUAL nor EDITOR is set; use --subject and --body-file, or set one: EDITOR=nano odjava edit ...",
    )?;
    let path = private_text(&format!("{}\n\n{}\n", letter.subject, letter.body.trim_end()))?;
    // The variable may hold arguments ("code --wait"), so a shell parts it, as git does.
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(&path)
        .status()
        .with_context(|| format!("the editor `{editor}` cannot be started"));
    let text = read_text(&path);
    let _ = std::fs::remove_file(&path);
    if !status?.success() {
        bail!("the editor `{editor}` failed; nothing was changed");
    }
    let text = text?;
    let (subject, body) = text.split_once('\n').context("the text is gone; nothing was changed")?;
    Ok((subject.trim().to_owned(), body.trim_start_matches('\n').to_owned()))
}

/// A new file that only its owner can read.
fn private_text(text: &str) -> anyhow::Result<PathBuf> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = std::env::temp_dir().join(format!("odjava-draft-{}.txt", std::process::id()));
    let mut file = options.open(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

/// Takes a case back.
pub(super) fn withdraw(place: &Place, reference: &Reference, output: &mut Output) -> anyhow::Result<ExitCode> {
    let done = act(place, reference, &Event::Withdrawn, output)?;
    let case = Desk::open(place)?.case(reference)?.case;
    if case.state.progress().requested_at.is_some() && !output.json() {
        output.remark(format!(
            "the request has left already, and nobody tells {} that you changed your mind: write to it if the line is \
             to stay",
            case.carrier_name
        ));
    }
    Ok(done)
}

/// Waits on purpose, or no longer.
pub(super) fn hold(place: &Place, what: &Hold, output: &mut Output) -> anyhow::Result<ExitCode> {
    act(place, &what.reference, &Event::HoldSet { until: what.until }, output)
}

fn act(place: &Place, reference: &Reference, event: &Event, output: &mut Output) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::open(place)?;
    let row = desk.apply(reference, event)?;
    print_case(&mut desk, &row, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Settles what a case asks of the holder.
pub(super) fn resolve(place: &Place, what: &Resolve, output: &mut Output) -> anyhow::Result<ExitCode> {
    if let Some(key) = what.file.or(what.trust) {
        let mut desk = Desk::open(place)?;
        let row = take_message(&mut desk, &what.reference, key, what.trust.is_some())?;
        print_case(&mut desk, &row, output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let act_of = |what: &Resolve| match what {
        w if w.keep_waiting => ResolveAct::KeepWaiting,
        w if w.confirmed => ResolveAct::Confirmed { effective_date: w.effective },
        w if w.answered => ResolveAct::Answered,
        w if w.sent => ResolveAct::Sent,
        w if w.not_sent => ResolveAct::NotSent,
        w if w.refused => ResolveAct::Refused,
        w if w.lapsed => ResolveAct::Lapsed,
        w => ResolveAct::SentBy { channel: w.sent_by.clone().unwrap_or_default() },
    };
    act(place, &what.reference, &Event::Resolved { act: act_of(what) }, output)
}

/// Reads a stored message for a case on the holder's word.
fn take_message(desk: &mut Desk, reference: &Reference, key: MessageKey, vouched: bool) -> anyhow::Result<CaseRow> {
    let row = desk.case(reference)?;
    super::run::reread(desk, key, row.id, vouched)?;
    desk.case(reference)
}
