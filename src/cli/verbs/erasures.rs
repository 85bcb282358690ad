//! `hawker erasures`: who was erased from a shop, and what the service signed for it.

use clap::Subcommand;

use super::{Desk, Does};
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, account, number, sheet, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker erasures list 1
  hawker erasures show 1 42
  hawker erasures show 1 42 --json >receipt.json

A receipt says what was erased, what is kept, and what could not be reached. `verified` says that it is this service's.";

const COLUMNS: &[Column] = &[
    number("ERASURE", "/id"),
    number("CUSTOMER", "/customer"),
    number("AFTER DAYS", "/aged/days"),
    account("ON", "/account"),
    time("ASKED FOR (UTC)", "/asked_at"),
    text("BY", "/asked_by"),
    text("STATE", "/phase"),
    time("DONE (UTC)", "/done_at"),
];
const FIRST: [&str; 6] = ["id", "customer", "phase", "asked_at", "done_at", "verified"];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists erasures.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows an erasure with its receipt.
    Show { seller: Shop, erasure: i64 },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => {
                desk.lists(Call::get("/api/v1/sellers/{seller}/erasures").of(seller), &page, COLUMNS).await
            }
            Verb::Show { seller, erasure } => {
                let call = Call::get("/api/v1/sellers/{seller}/erasures/{erasure}").of(seller);
                desk.shows(call.at("erasure", erasure), |screen, it| sheet(screen, it, &FIRST)).await
            }
        }
    }
}
