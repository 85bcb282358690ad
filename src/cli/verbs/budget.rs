//! `hawker budget`: what a shop may spend at Meta, and what waits.

use std::fmt::Write;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{Desk, Does};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, Shop};
use crate::cli::shown::{Column, Screen, by, exact, number, rows, sheet, table, text, text_of, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker budget show 1
  hawker budget set 1 --messages-per-hour 100
  hawker budget set 1 --messages-per-hour default       as every shop has it
  hawker budget app-hold                                does Meta hold the whole app?";

const ONE: &str = "/api/v1/sellers/{seller}/budget";
const BUDGETS: &[Column] = &[
    text("WHAT", "/family"),
    number("OF", "/subject"),
    number("SPENT", "/spent"),
    number("CAP", "/cap"),
    by("WITHIN", window),
    number("WAITING", "/waiting"),
    time("PAUSED UNTIL (UTC)", "/paused_until"),
    time("DONE AT (UTC)", "/done_at"),
];
const HOLDS: &[Column] = &[
    exact("WHAT", "/what"),
    number("ID", "/subject"),
    time("SINCE (UTC)", "/since"),
    time("UNTIL (UTC)", "/until"),
    text("WHY", "/why"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Shows what may be spent, what was, and what waits.
    Show { seller: Shop },
    /// Gives a shop caps of its own; those that are not named stay.
    Set {
        seller: Shop,
        #[command(flatten)]
        caps: Caps,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Says whether Meta holds the whole app.
    AppHold,
}

#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = true)]
pub(in crate::cli) struct Caps {
    /// Texts and media, for each connection.
    #[arg(long, value_name = "CALLS", value_parser = cap)]
    messages_per_hour: Option<Cap>,
    /// Private answers to comments, for each connection.
    #[arg(long, value_name = "CALLS", value_parser = cap)]
    private_replies_per_hour: Option<Cap>,
    /// Batches of products, for each catalog.
    #[arg(long, value_name = "CALLS", value_parser = cap)]
    catalog_batches_per_minute: Option<Cap>,
    /// Other calls.
    #[arg(long, value_name = "CALLS", value_parser = cap)]
    graph_per_hour: Option<Cap>,
    /// Of the other calls, so many are kept from catalog pushes.
    #[arg(long, value_name = "CALLS", value_parser = cap)]
    graph_reserve: Option<Cap>,
}

/// A cap; none: as every shop has it.
#[derive(Clone, Copy, Debug)]
struct Cap(Option<u32>);

fn cap(text: &str) -> Result<Cap, String> {
    match (text, text.parse()) {
        ("default", _) => Ok(Cap(None)),
        (_, Ok(cap)) => Ok(Cap(Some(cap))),
        _ => Err("a cap is a number from 0, or `default`".to_owned()),
    }
}

impl Caps {
    /// The caps that a shop has for itself, with these in the place of those.
    fn over(self, own: &Value) -> Value {
        let mut caps: Map<String, Value> = own.as_object().cloned().unwrap_or_default();
        for (name, cap) in [
            ("messages_per_hour", self.messages_per_hour),
            ("private_replies_per_hour", self.private_replies_per_hour),
            ("catalog_batches_per_minute", self.catalog_batches_per_minute),
            ("graph_per_hour", self.graph_per_hour),
            ("graph_reserve", self.graph_reserve),
        ] {
            if let Some(Cap(cap)) = cap {
                caps.insert(name.to_owned(), json!(cap));
            }
        }
        Value::Object(caps)
    }
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::Show { seller } => desk.shows(Call::get(ONE).of(seller), told).await,
            Verb::Set { seller, caps, how } => {
                let now = desk.service.read(&Call::get(ONE).of(seller)).await?;
                let call = Call::put(ONE).of(seller).saying_all(caps.over(&now["own_caps"]));
                desk.does(call, &how, told).await
            }
            Verb::AppHold => {
                let show = |screen: Screen, it: &Value| match &it["app_hold"] {
                    Value::Null => "Meta does not hold the app.\n".to_owned(),
                    hold => format!("Meta holds the whole app:\n{}", sheet(screen, hold, &["since", "until", "why"])),
                };
                desk.shows(Call::get("/api/v1/app-hold"), show).await
            }
        }
    }
}

fn told(screen: Screen, report: &Value) -> String {
    let mut text = String::new();
    let own = &report["own_caps"];
    for (name, cap) in report["caps"].as_object().into_iter().flatten() {
        let whose = if own[name].is_null() { "" } else { "  (its own)" };
        let _ = writeln!(text, "  {:<26}  {:>7}{whose}", name.replace('_', " "), text_of(cap));
    }
    match rows(&report["budgets"]) {
        spent if spent.is_empty() => text.push_str("\nNothing was spent of late, and nothing waits.\n"),
        spent => {
            let _ = write!(text, "\n{}", table(screen, BUDGETS, spent));
        }
    }
    let held = rows(&report["holds"]).into_iter().chain(Some(&report["app_hold"]).filter(|hold| hold.is_object()));
    let held: Vec<&Value> = held.collect();
    if !held.is_empty() {
        let _ = write!(text, "\nMeta has asked to wait:\n{}", table(screen, HOLDS, held));
    }
    text
}

/// `an hour`
fn window(line: &Value) -> String {
    match line["window_seconds"].as_i64() {
        Some(3600) => "an hour".to_owned(),
        Some(60) => "a minute".to_owned(),
        Some(seconds) => format!("{seconds} s"),
        None => "-".to_owned(),
    }
}
