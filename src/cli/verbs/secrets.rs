//! `hawker secrets`: what is kept sealed, and a change of the encryption key.

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::Value;

use super::{Desk, Does};
use crate::cli::desk::{HowArgs, keyed};
use crate::cli::service::Call;
use crate::cli::shown::{Screen, clean, sheet, text_of};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker secrets show
  hawker secrets rotate

To change the encryption key: make one with `hawker secret`, set it as ENCRYPTION_KEY and the one before as
HAWKER__SECRETS__PREVIOUS_ENCRYPTION_KEY, restart, and run `hawker secrets rotate` until it says that the old key is not
needed any more. It may be stopped at any time, and goes on where it was.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Shows how much is sealed with which encryption key.
    Show,
    /// Seals with the current encryption key what older ones have sealed, while the service runs.
    Rotate,
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::Show => desk.shows(Call::get("/api/v1/secrets"), shown).await,
            Verb::Rotate => rotate(desk).await,
        }
    }
}

fn shown(screen: Screen, kept: &Value) -> String {
    sheet(screen, kept, &["current_key", "outdated", "old_key_needed", "keys"])
}

/// Asks until it is done. An answer that got lost does no harm: whatever was sealed anew stays so.
pub(super) async fn rotate(desk: &Desk) -> anyhow::Result<()> {
    let mut resealed = 0;
    loop {
        let answer = desk.service.send(&keyed(Call::post("/api/v1/secrets/rotate"), &HowArgs::default())?).await?;
        let now = &answer.value;
        resealed += now["resealed"].as_u64().unwrap_or_default();
        if !now["done"].as_bool().context("the answer does not say whether it is done")? {
            eprintln!("{resealed} secrets are sealed anew, {} are left", text_of(&now["outdated"]));
            continue;
        }
        desk.tell(&answer.text, || told(resealed, now))?;
        if now["old_key_needed"] == true {
            bail!("{} secrets could not be sealed anew", text_of(&now["outdated"]));
        }
        return Ok(());
    }
}

fn told(resealed: u64, now: &Value) -> String {
    let key = clean(now["current_key"].as_str().unwrap_or_default());
    if now["old_key_needed"] != true {
        return format!(
            "{resealed} secrets were sealed anew with the key {key}. No other key is needed any more: remove the previous \
             encryption key from the settings.\n"
        );
    }
    let broken = now["broken_at"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let broken: String = broken.map(|place| format!("  {}\n", clean(place))).collect();
    format!("{resealed} secrets were sealed anew with the key {key}. These do not open:\n{broken}")
}
