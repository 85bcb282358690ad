//! `hawker secret`: makes a secret.

use std::process::ExitCode;

use anyhow::Context;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    println!("{}", random()?);
    Ok(ExitCode::SUCCESS)
}

/// 32 random bytes as hexadecimal digits.
pub(super) fn random() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the system gave no random bytes")?;
    Ok(hex::encode(bytes))
}
