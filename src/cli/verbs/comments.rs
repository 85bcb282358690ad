//! `hawker comments`: what was said in public.

use clap::Subcommand;

use super::{Desk, Does};
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, account, brief, exact, number, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker comments list 1";

const COLUMNS: &[Column] = &[
    number("COMMENT", "/id"),
    exact("KIND", "/kind"),
    time("WHEN (UTC)", "/at"),
    account("ON", "/account"),
    text("BY", "/username"),
    brief("WORDS", "/text"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists comments on a shop's posts, and mentions of it.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let Verb::List { seller, page } = self;
        desk.lists(Call::get("/api/v1/sellers/{seller}/comments").of(seller), &page, COLUMNS).await
    }
}
