//! Exactly one carrier by what a person calls it. Where several are meant, or only a prefix speaks for one, a person
//! at the terminal picks and a script gets the list. Called by `new` and `carriers`.

use super::output::Output;
use super::wording;
use crate::config::carrier_search::{Match, Why};
use crate::config::carriers::Directory;
use crate::domain::carrier::{CarrierProfile, OTHER, Sourced, fold_name};
use crate::domain::identity::masked;

/// Why no single carrier is meant.
pub(super) enum Unclear<'d> {
    /// Nothing in the directory is called so; the text says what is near.
    Unknown(String),
    /// Several are.
    Several(Vec<Match<'d>>),
    /// A number was first given to this network, or a card issued by it: that names no contract partner.
    OnlyPrefix(Vec<Match<'d>>),
}

impl std::fmt::Display for Unclear<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(text) => f.write_str(text),
            Self::Several(all) => {
                f.write_str("which one is meant? Name it by its id:")?;
                all.iter().try_for_each(|m| write!(f, "\n  {}", candidate(m)))
            }
            Self::OnlyPrefix(all) => {
                f.write_str(
                    "a prefix shows only the original network; if your contract is with it, name it by its id:",
                )?;
                all.iter().try_for_each(|m| write!(f, "\n  {}", candidate(m)))
            }
        }
    }
}

impl<'d> Unclear<'d> {
    /// Those among whom a person could pick.
    fn candidates(&self) -> &[Match<'d>] {
        match self {
            Self::Unknown(_) => &[],
            Self::Several(all) | Self::OnlyPrefix(all) => all,
        }
    }
}

/// One carrier in a list: `a1-rs  A1 Srbija, RS (known as A1)`.
fn candidate(found: &Match<'_>) -> String {
    format!("{:<20} {} ({})", found.profile.id, called(found.profile), found.why)
}

/// Name and country.
fn called(profile: &CarrierProfile) -> String {
    profile.country.as_deref().map_or_else(|| profile.name.clone(), |c| format!("{}, {c}", profile.name))
}

/// The one carrier that a text means.
pub(super) fn choose<'d>(directory: &'d Directory, text: &str) -> Result<Match<'d>, Unclear<'d>> {
    let mut found = directory.find(text);
    let exact = found.iter().filter(|m| matches!(m.why, Why::Name(_))).count();
    match found.as_slice() {
        [] => Err(Unclear::Unknown(unknown(directory, text))),
        [first, ..] if first.why == Why::Id || exact == 1 => Ok(found.swap_remove(0)),
        [first, ..] if first.why.is_prefix() => Err(Unclear::OnlyPrefix(found)),
        [_] => Ok(found.swap_remove(0)),
        _ => Err(Unclear::Several(found)),
    }
}

/// As [`choose`], asking the person at the terminal where several could be meant.
pub(super) fn pick<'d>(directory: &'d Directory, text: &str, output: &mut Output) -> anyhow::Result<Match<'d>> {
    let unclear = match choose(directory, text) {
        Ok(found) => return Ok(found),
        Err(unclear) => unclear,
    };
    let candidates = unclear.candidates();
    if candidates.is_empty() || !output.can_ask() {
        anyhow::bail!("--carrier: {unclear}");
    }
    let prompt = match unclear {
        Unclear::OnlyPrefix(_) => "A prefix shows only the original network; with whom is your contract",
        _ => "Which one is meant",
    };
    let mut items: Vec<String> = candidates.iter().map(candidate).collect();
    items.push("none of these".to_owned());
    // Whoever only presses Enter has not said that the original network is still the right one.
    let first = if matches!(unclear, Unclear::OnlyPrefix(_)) { items.len() - 1 } else { 0 };
    let at = dialoguer::Select::new().with_prompt(prompt).items(&items).default(first).interact()?;
    candidates.get(at).cloned().ok_or_else(|| {
        anyhow::anyhow!(
            "`odjava carriers` lists all; `odjava new --carrier other --to ADDRESS` writes to one that is not among them"
        )
    })
}

/// What a person should know about the choice: how a misspelling was read, and who is often mixed up with it.
pub(super) fn remarks(found: &Match<'_>, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    if matches!(found.why, Why::Misspelt(_) | Why::PartOfName(_)) {
        out.push(format!("`{}` is taken for {} ({})", wording::safe(text), called(found.profile), found.profile.id));
    }
    if found.why != Why::Id && !found.profile.not_the_same.is_empty() {
        let others: Vec<&str> = found.profile.not_the_same.iter().map(|o| o.value.as_str()).collect();
        out.push(format!("{} is meant; not the same: {}", called(found.profile), others.join("; ")));
    }
    out
}

fn unknown(directory: &Directory, text: &str) -> String {
    // In a shifted table the text may be a passport number.
    let is_number = text.chars().filter(char::is_ascii_digit).count() >= 6;
    let shown = if is_number { masked(text) } else { wording::safe(text) };
    if let Some(regulator) = directory.find_regulators(text).first() {
        return format!(
            "`{shown}` is a regulator, not a carrier; `odjava carriers show {}` says how to turn to it",
            regulator.id
        );
    }
    let apart = directory.told_apart(text);
    let hint = if apart.is_empty() {
        nearest(directory, text)
    } else {
        let told = |(p, o): &(&CarrierProfile, &Sourced)| format!("{} is not {}", p.id, o.value);
        format!("{}; ", apart.iter().map(told).collect::<Vec<_>>().join(", "))
    };
    format!(
        "no carrier `{shown}` is in the directory; {hint}`--carrier {OTHER} --to ADDRESS` writes to one that is not in it"
    )
}

fn nearest(directory: &Directory, name: &str) -> String {
    use crate::config::spelling::distance;
    let wanted = fold_name(name);
    let mut near: Vec<(usize, &str)> = directory
        .all()
        .map(|p| {
            let names = p.all_names().chain(std::iter::once(p.id.as_str()));
            (names.map(|n| distance(&fold_name(n), &wanted)).min().unwrap_or(usize::MAX), p.id.as_str())
        })
        .collect();
    near.sort_unstable();
    let ids: Vec<&str> = near.into_iter().take(3).map(|(_, id)| id).collect();
    if ids.is_empty() { String::new() } else { format!("nearest are {}; ", ids.join(", ")) }
}
