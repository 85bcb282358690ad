//! `hawker commands`: what became of a change that took its time.

use clap::Subcommand;
use serde_json::Value;

use super::{COMMAND, Desk, Does};
use crate::cli::service::{Call, Shop, name};
use crate::cli::shown::{Screen, clean, sheet};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker commands show 1 cli-4f0c           what became of it?";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Shows what became of a command, by the key it was accepted under.
    Show {
        seller: Shop,
        #[arg(value_parser = name)]
        command: String,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let Verb::Show { seller, command } = self;
        desk.shows(Call::get(COMMAND).of(seller).at("command", &command), told).await
    }
}

fn told(screen: Screen, it: &Value) -> String {
    if it["done"] != true {
        return "It waits to be done.\n".to_owned();
    }
    let answer = &it["answer"];
    match answer["error"].as_str() {
        Some(code) => {
            format!("It was not done: {} ({})\n", clean(answer["detail"].as_str().unwrap_or("-")), clean(code))
        }
        None => format!("It was done:\n{}", sheet(screen, answer, &[])),
    }
}
