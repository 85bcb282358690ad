//! `hawker outbox`: calls that are owed to Meta.

use clap::Subcommand;

use super::{Desk, Does};
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, exact, number, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker outbox list 1              what is owed, was sent, or failed";

const COLUMNS: &[Column] = &[
    number("CALL", "/id"),
    exact("WHAT", "/what"),
    number("CONV.", "/conversation"),
    exact("STATE", "/state"),
    number("TRIES", "/attempts"),
    time("NOT BEFORE (UTC)", "/not_before"),
    text("WENT WRONG", "/error"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists calls that are owed to Meta.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let Verb::List { seller, page } = self;
        desk.lists(Call::get("/api/v1/sellers/{seller}/outbox").of(seller), &page, COLUMNS).await
    }
}
