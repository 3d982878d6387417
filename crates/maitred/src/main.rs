//! The `maitred` command: see [`maitred::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    maitred::cli::main()
}
