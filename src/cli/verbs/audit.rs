//! `hawker audit`: who did what over the API, and when.

use clap::Args;

use super::Stage;
use crate::cli::desk::Desk;
use crate::cli::service::{Call, PageArgs, ServiceArgs, Shop};
use crate::cli::shown::{Column, number, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker audit                      the newest, in all shops
  hawker audit --seller 1           in one of them";

const COLUMNS: &[Column] = &[
    time("WHEN (UTC)", "/at"),
    text("WHO", "/by"),
    text("WHAT", "/action"),
    number("SELLER", "/seller"),
    text("DETAIL", "/detail"),
];

#[derive(Debug, Args)]
pub(in crate::cli) struct AuditArgs {
    /// Only this shop.
    #[arg(long, value_name = "SELLER")]
    seller: Option<Shop>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    service: ServiceArgs,
}

impl AuditArgs {
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<()> {
        let desk = Desk::new(&self.service, stage)?;
        let call = match self.seller {
            Some(seller) => Call::get("/api/v1/sellers/{seller}/audit").of(seller),
            None => Call::get("/api/v1/audit"),
        };
        desk.lists(call, &self.page, COLUMNS).await
    }
}
