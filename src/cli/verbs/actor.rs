//! `hawker actor`: where a shop's worker stands.

use clap::Subcommand;

use super::{Desk, Does};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, Shop};
use crate::cli::shown::sheet;

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker actor show 1
  hawker actor pause 1              events are stored and wait
  hawker actor resume 1             after a pause, or after it fell too often
  hawker actor unload 1             lets it go; its next event brings it back";

const FIRST: [&str; 6] = ["seller", "slot", "paused", "incarnation", "starts", "falls"];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Says where a shop's actor stands.
    Show { seller: Shop },
    /// Has it take no turn until it is resumed.
    Pause { seller: Shop },
    /// Has it go on.
    Resume { seller: Shop },
    /// Lets it go until its next event.
    Unload { seller: Shop },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let told = |seller, verb| Call::post("/api/v1/sellers/{seller}/actor/{verb}").of(seller).at("verb", verb);
        let call = match self {
            Verb::Show { seller } => Call::get("/api/v1/sellers/{seller}/actor").of(seller),
            Verb::Pause { seller } => told(seller, "pause"),
            Verb::Resume { seller } => told(seller, "resume"),
            Verb::Unload { seller } => told(seller, "unload"),
        };
        desk.does(call, &HowArgs::default(), |screen, it| sheet(screen, it, &FIRST)).await
    }
}
