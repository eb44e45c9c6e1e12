//! `odjava demo`: the whole life of a case on this machine.

use super::arguments::Demo;
use super::output::Output;
use anyhow::bail;
use std::process::ExitCode;

/// Tells the story.
pub(super) fn demo(_what: &Demo, _output: &mut Output) -> anyhow::Result<ExitCode> {
    bail!("this build has no demo yet")
}
