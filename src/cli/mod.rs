//! The commands: arguments to events, cases to text. The grammar is in `arguments`, each group of commands in
//! a file of its own. No rule about cases lives here. Called by main alone.
//!
//! | file | commands |
//! |---|---|
//! | `new`, `batch`, `facts`, `csv` | `new`, and the facts that `edit` takes too |
//! | `cases` | `list`, `show`, `draft` |
//! | `acts`, `answer` | `approve`, `edit`, `withdraw`, `hold`, `answer`, `resolve` |
//! | `cautions` | what a record says to read before approving |
//! | `choose` | which carrier a text means, for `new` and `carriers` |
//! | `carriers`, `check`, `init`, `run`, `explain`, `demo` | the commands of these names |
//! | `mail_files` | the messages that `explain` is given |
//! | `documents` | what is enclosed: the copies that are kept, sent and shown |
//! | `desk` | the opened config and store that the commands work with |
//! | `view`, `timeline`, `wording` | a case as JSON and as words |
//! | `output` | where the words go |

mod acts;
mod answer;
pub mod arguments;
mod batch;
mod carriers;
mod cases;
mod cautions;
mod check;
mod choose;
mod csv;
mod demo;
mod desk;
mod documents;
mod explain;
mod fact_flags;
mod facts;
mod init;
mod mail_files;
mod new;
mod output;
mod run;
mod timeline;
mod view;
mod wording;

use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use output::Output;
use std::io;
use std::process::ExitCode;

/// Reads the command line, does what it says and returns the exit code: 0 done, 1 failed, 2 usage.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap colours its own words; a closed pipe is nobody's business.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut output = Output::new(arguments.json, arguments.color.into());
    match dispatch(arguments, &mut output) {
        Ok(code) => code,
        // The reader of a pipe has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output.complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|e| e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

fn dispatch(arguments: Arguments, output: &mut Output) -> anyhow::Result<ExitCode> {
    let place = desk::Place { config: arguments.config.clone(), clock: desk::system_clock() };
    run::set_up_logging(arguments.verbose, output.json(), matches!(arguments.command, Command::Run(_)));
    match arguments.command {
        Command::Init(what) => init::init(&place, &what, output),
        Command::Check(what) => check::check(&place, what.offline, output),
        Command::Carriers(what) => carriers::carriers(&place, &what, output),
        Command::New(what) => new::new(&place, &what, output),
        Command::List(what) => cases::list(&place, &what, output),
        Command::Show { reference } => cases::show(&place, &reference, output),
        Command::Draft { reference, save_attachments } => {
            cases::draft(&place, &reference, save_attachments.as_deref(), output)
        }
        Command::Approve { reference, digest } => acts::approve(&place, &reference, digest.as_deref(), output),
        Command::Edit(what) => acts::edit(&place, &what, output),
        Command::Withdraw { reference } => acts::withdraw(&place, &reference, output),
        Command::Hold(what) => acts::hold(&place, &what, output),
        Command::Answer(what) => answer::answer(&place, &what, output),
        Command::Resolve(what) => acts::resolve(&place, &what, output),
        Command::Run(what) => run::run(&place, what.once),
        Command::Explain(what) => explain::explain(&place, &what, output),
        Command::Demo(what) => demo::demo(&what, output),
        Command::Completions { shell } => {
            // Written by ourselves: the generator panics when the reader of a pipe is gone.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "odjava", &mut script);
            output.raw(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
