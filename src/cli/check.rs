//! `hawker check`: says what is missing or wrong in the settings, without starting.

use std::process::ExitCode;

use super::ServeArgs;
use crate::config::Problems;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    match args.load() {
        Ok(config) => {
            for warning in &config.warnings {
                println!("note: {warning}");
            }
            println!("ready to serve on {}", config.server.listen);
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            print(&problems);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Everything that is wrong, a line each.
pub(super) fn print(problems: &Problems) {
    eprintln!("not ready to serve:");
    for problem in &problems.0 {
        eprintln!("  {}: {}", problem.key, problem.text);
    }
    eprintln!("`config.toml` says what each setting means; `hawker secret` makes a secret.");
}
