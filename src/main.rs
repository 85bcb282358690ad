//! The `hawker` program: reads the command line and does what it says.

use std::process::ExitCode;

use clap::Parser;
use hawker::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hawker: {error:#}");
            ExitCode::FAILURE
        }
    }
}
