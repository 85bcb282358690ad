//! `hawker me`: whose the key is, and what it may do.

use clap::Args;

use super::Stage;
use crate::cli::desk::Desk;
use crate::cli::service::{Call, ServiceArgs};
use crate::cli::shown::sheet;

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker me                 is this the key I think it is?";

#[derive(Debug, Args)]
pub(in crate::cli) struct MeArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

impl MeArgs {
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<()> {
        let desk = Desk::new(&self.service, stage)?;
        let first = ["holder", "name", "seller", "scopes"];
        desk.shows(Call::get("/api/v1/me"), |screen, me| sheet(screen, me, &first)).await
    }
}
