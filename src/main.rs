//! The `hawker` program: reads the command line and does what it says.

use std::process::ExitCode;

use hawker::cli::Cli;
use mimalloc::MiMalloc;

/// Requests and turns make and drop many small values on many threads. It serves SQLite as well.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::read().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hawker: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// What went wrong and why, without what a cause repeats: some libraries print the next one within themselves.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match () {
        () if said.is_empty() => cause,
        () if said.ends_with(&cause) => said,
        () => format!("{said}: {cause}"),
    })
}
