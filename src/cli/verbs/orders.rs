//! `hawker orders`: from draft to hand-over.

mod line;
mod told;

use std::path::PathBuf;

use actors::domain::order::OrderState;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::notes::{self, On};
use super::sellers::version_of;
use super::{Desk, Does, json_of, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, by, exact, money, number, text, text_of, time};
use line::Line;

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker orders list 1 --state draft
  hawker orders show 1 12                                  with the words that led to each line
  hawker orders open 1 --conversation 5 --line \"2 SHIRT SHIRT-BLU-M\" --line APRON
  hawker orders edit 1 12 --line \"3 APRON +gift\"           these are all its lines now
  hawker orders edit 1 12 --phone +15550100199
  hawker orders confirm 1 12 --version 4                   only as it was seen
  hawker orders cancel 1 12
  hawker orders fulfil 1 12
  hawker orders history 1 12
  hawker orders note 1 12 \"Leave it at the gate\"

A line is \"[QUANTITY] PRODUCT [VARIANT] [+MODIFIER]...\", each by its SKU; those with blanks in them are written as JSON.";

const ALL: &str = "/api/v1/sellers/{seller}/orders";
const ONE: &str = "/api/v1/sellers/{seller}/orders/{order}";
const COLUMNS: &[Column] = &[
    number("ORDER", "/id"),
    exact("STATE", "/state"),
    time("OPENED (UTC)", "/opened_at"),
    number("CUSTOMER", "/customer"),
    number("CONV.", "/conversation"),
    money("TOTAL", "/total"),
    by("WHAT", told::what),
];
const HISTORY: &[Column] =
    &[time("WHEN (UTC)", "/at"), text("WHAT", "/what"), text("BY", "/by"), by("HOW", told::edit)];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists orders.
    List {
        seller: Shop,
        /// Only those that are so far.
        #[arg(long, value_parser = one_of(OrderState::ALL.map(OrderState::name)))]
        state: Option<String>,
        /// Only those of this conversation.
        #[arg(long, value_name = "ID")]
        conversation: Option<i64>,
        /// Only those of this customer.
        #[arg(long, value_name = "ID")]
        customer: Option<i64>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows an order: its lines, and the words that led to each.
    Show { seller: Shop, order: i64 },
    /// Makes a draft in a conversation, by hand.
    Open {
        seller: Shop,
        /// In which conversation.
        #[arg(long, value_name = "ID")]
        conversation: i64,
        #[command(flatten)]
        lines: Lines,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Makes a draft be as given; from then on no message changes its lines.
    Edit {
        seller: Shop,
        order: i64,
        #[command(flatten)]
        lines: Lines,
        #[command(flatten)]
        contact: Contact,
        /// The version that was seen [default: what it is now].
        #[arg(long)]
        version: Option<i64>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Confirms a draft.
    Confirm(At),
    /// Ends an order that is not wanted any more.
    Cancel(At),
    /// Hands a confirmed order over.
    Fulfil(At),
    /// Shows who did what to an order, and when.
    History {
        seller: Shop,
        order: i64,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Writes a note about an order, for the staff.
    Note {
        seller: Shop,
        order: i64,
        text: String,
        #[command(flatten)]
        how: HowArgs,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct At {
    seller: Shop,
    order: i64,
    /// Only if this is still its version.
    #[arg(long)]
    version: Option<i64>,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Lines {
    /// A line of the order; as often as it has lines.
    #[arg(long = "line", value_name = "LINE")]
    lines: Vec<Line>,
    /// All lines, in a JSON file; `-` is standard input.
    #[arg(long = "lines", value_name = "FILE", conflicts_with = "lines")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Contact {
    #[arg(long)]
    phone: Option<String>,
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    address: Option<String>,
}

impl Lines {
    fn given(self) -> anyhow::Result<Option<Value>> {
        match self.file {
            Some(file) => json_of(&file).map(Some),
            None => Ok(Some(self.lines).filter(|lines| !lines.is_empty()).map(|lines| json!(lines))),
        }
    }
}

impl Contact {
    fn given(self) -> Option<Value> {
        let details = [("phone", self.phone), ("email", self.email), ("address", self.address)];
        let given = details.into_iter().filter_map(|(name, detail)| Some((name.to_owned(), json!(detail?))));
        Some(given.collect::<serde_json::Map<_, _>>()).filter(|given| !given.is_empty()).map(Value::Object)
    }
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, state, conversation, customer, page } => {
                let call = Call::get(ALL).of(seller).asking("state", state);
                let call = call.asking("conversation", conversation).asking("customer", customer);
                desk.lists(call, &page, COLUMNS).await
            }
            Verb::Show { seller, order } => desk.shows(Call::get(ONE).of(seller).at("order", order), told::order).await,
            Verb::Open { seller, conversation, lines, how } => {
                let call = Call::post(ALL).of(seller).saying("conversation", conversation);
                desk.does(call.saying("lines", lines.given()?.unwrap_or(json!([]))), &how, done).await
            }
            Verb::Edit { seller, order, lines, contact, version, how } => {
                let edited = Call::patch(ONE).of(seller).at("order", order).saying_some("lines", lines.given()?);
                edit(desk, edited.saying_some("contact", contact.given()), version, &how).await
            }
            Verb::Confirm(at) => step(desk, "/api/v1/sellers/{seller}/orders/{order}/confirm", at).await,
            Verb::Cancel(at) => step(desk, "/api/v1/sellers/{seller}/orders/{order}/cancel", at).await,
            Verb::Fulfil(at) => step(desk, "/api/v1/sellers/{seller}/orders/{order}/fulfil", at).await,
            Verb::History { seller, order, page } => {
                let call = Call::get("/api/v1/sellers/{seller}/orders/{order}/history").of(seller);
                desk.lists(call.at("order", order), &page, HISTORY).await
            }
            Verb::Note { seller, order, text, how } => notes::write(desk, seller, On::Order(order), &text, &how).await,
        }
    }
}

/// Whoever names no version means the order as it is now.
async fn edit(desk: &Desk, edited: Call, version: Option<i64>, how: &HowArgs) -> anyhow::Result<()> {
    if edited.says_nothing() {
        anyhow::bail!("say what is to be otherwise: --line, --lines, --phone, --email or --address");
    }
    let version = match version {
        Some(version) => version,
        None => version_of(desk, edited.as_get()).await?,
    };
    desk.does(edited.saying("version", version), how, done).await
}

async fn step(desk: &Desk, route: &'static str, at: At) -> anyhow::Result<()> {
    let At { seller, order, version, how } = at;
    let call = Call::post(route).of(seller).at("order", order).saying_some("version", version);
    desk.does(call, &how, done).await
}

fn done(_: crate::cli::shown::Screen, order: &Value) -> String {
    // A command names what it changed, a route may show all of it.
    let id = if order["order"].is_null() { &order["id"] } else { &order["order"] };
    let told = match order["told_customer"].as_bool() {
        Some(true) => " The customer is told.",
        Some(false) => " The customer is not told.",
        None => "",
    };
    let version = order["version"].as_i64().map(|version| format!(", version {version}")).unwrap_or_default();
    format!("Order {} is {}{version}.{told}\n", text_of(id), text_of(&order["state"]))
}
