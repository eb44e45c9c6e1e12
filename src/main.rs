//! The program `odjava`: hands the command line to `cli` and leaves with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    odjava::cli::main()
}
