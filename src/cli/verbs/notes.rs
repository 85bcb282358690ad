//! `hawker notes`: what the staff wrote about conversations, orders and customers.

use clap::{Args, Subcommand};

use super::{Desk, Does};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, number, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker notes list 1 --order 12
  hawker notes remove 1 33

`hawker orders note`, `hawker conversations note` and `hawker customers note` write them.";

const COLUMNS: &[Column] =
    &[number("NOTE", "/id"), time("WHEN (UTC)", "/at"), text("BY", "/by"), text("NOTE", "/text")];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists the notes about something, newest first.
    List {
        seller: Shop,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Takes a note away.
    Remove {
        seller: Shop,
        note: i64,
        #[command(flatten)]
        how: HowArgs,
    },
}

#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct About {
    /// Those about this conversation.
    #[arg(long, value_name = "ID")]
    conversation: Option<i64>,
    /// Those about this order.
    #[arg(long, value_name = "ID")]
    order: Option<i64>,
    /// Those about this customer.
    #[arg(long, value_name = "ID")]
    customer: Option<i64>,
}

/// What a note is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    Conversation(i64),
    Order(i64),
    Customer(i64),
}

impl On {
    fn call(self, call: fn(&'static str) -> Call) -> Call {
        match self {
            On::Conversation(id) => {
                call("/api/v1/sellers/{seller}/conversations/{conversation}/notes").at("conversation", id)
            }
            On::Order(id) => call("/api/v1/sellers/{seller}/orders/{order}/notes").at("order", id),
            On::Customer(id) => call("/api/v1/sellers/{seller}/customers/{customer}/notes").at("customer", id),
        }
    }
}

impl About {
    fn on(self) -> On {
        match self {
            About { conversation: Some(id), .. } => On::Conversation(id),
            About { order: Some(id), .. } => On::Order(id),
            About { customer, .. } => On::Customer(customer.unwrap_or_default()),
        }
    }
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, about, page } => {
                desk.lists(about.on().call(Call::get).of(seller), &page, COLUMNS).await
            }
            Verb::Remove { seller, note, how } => {
                let call = Call::delete("/api/v1/sellers/{seller}/notes/{note}").of(seller).at("note", note);
                desk.does(call, &how, |_, _| format!("Note {note} was removed.\n")).await
            }
        }
    }
}

/// Writes a note.
pub(super) async fn write(desk: &Desk, seller: Shop, on: On, text: &str, how: &HowArgs) -> anyhow::Result<()> {
    let call = on.call(Call::post).of(seller).saying("text", text);
    desk.does(call, how, |_, _| "The note was written.\n".to_owned()).await
}
