//! `hawker secret`: makes a secret.

use std::process::ExitCode;

use anyhow::Context;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the system gave no random bytes")?;
    println!("{}", hex::encode(bytes));
    Ok(ExitCode::SUCCESS)
}
