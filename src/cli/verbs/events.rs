//! `hawker events`: what happens in a shop, also as it happens.

mod follow;
mod stream;

use clap::Subcommand;
use serde_json::Value;

use super::{Desk, Does};
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, by, number, text_of};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker events list 1 --kind order.confirmed
  hawker events list 1 --after 4711                 what came after that event
  hawker events follow 1                            until it is interrupted
  hawker events follow 1 --after 4711 --json        everything since then, a line of JSON each";

const COLUMNS: &[Column] = &[
    number("EVENT", "/data/id"),
    by("WHEN (UTC)", when),
    by("WHAT", kind),
    by("TO", subject),
    by("CONV.", conversation),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists what happened, oldest first.
    List {
        seller: Shop,
        /// Only this kind: order.confirmed, message.received, ...
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Follows what happens, as it happens; after a broken connection it goes on where it was.
    Follow(follow::FollowArgs),
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, kind, page } => {
                let call = Call::get("/api/v1/sellers/{seller}/events").of(seller).asking("kinds", kind);
                desk.lists(call, &page, COLUMNS).await
            }
            Verb::Follow(args) => follow::run(desk, args).await,
        }
    }
}

/// What an event says under the first of these names, itself or in its data.
fn said<'a>(event: &'a Value, names: &[&str]) -> &'a Value {
    let all = names.iter().flat_map(|name| [&event[*name], &event["data"][*name]]);
    all.into_iter().find(|value| !value.is_null()).unwrap_or(&Value::Null)
}

fn when(event: &Value) -> String {
    crate::cli::shown::short_time(said(event, &["at", "timestamp"]))
}

fn kind(event: &Value) -> String {
    text_of(said(event, &["kind", "type"]))
}

fn subject(event: &Value) -> String {
    text_of(said(event, &["subject", "subject_id"]))
}

fn conversation(event: &Value) -> String {
    text_of(said(event, &["conversation", "conversation_id"]))
}
