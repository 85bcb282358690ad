//! `hawker sync`: the catalog at Meta, and the runs that take it up.

use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{Desk, Does, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Refusal, Shop};
use crate::cli::shown::{Column, Screen, exact, number, sheet, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker sync catalog 1                                 the catalog, and how far its items are
  hawker sync connect 1 --meta-id 800680000000001 --connection 2 --every-minutes 60
  hawker sync plan 1 --follow                           what would be done, and why not
  hawker sync start 1 --follow
  hawker sync follow 1 57                               a run that somebody else started
  hawker sync status 1
  hawker sync runs 1
  hawker sync items 1 --state rejected                  what Meta will not take, and why
  hawker sync item 1 APRON
  hawker sync appeal 1 APRON --reason \"It is cotton, as the picture shows\"
  hawker sync pause 1 57
  hawker sync resume 1 57
  hawker sync cancel 1 57
  hawker sync check 1                                   asks Meta about the catalog
  hawker sync disconnect 1                              what is at Meta stays there";

const CATALOG: &str = "/api/v1/sellers/{seller}/catalog";
const RUNS: &str = "/api/v1/sellers/{seller}/sync/runs";
const RUN: &str = "/api/v1/sellers/{seller}/sync/runs/{run}";
/// How often a run that is followed is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// So often in a row the service may be away, as when it is started anew.
const MOST_AWAY: u32 = 120;

const RUN_COLUMNS: &[Column] = &[
    number("ID", "/id"),
    exact("KIND", "/kind"),
    exact("STATUS", "/status"),
    number("DONE", "/done"),
    number("TOTAL", "/total"),
    number("CALLS", "/counts/calls"),
    time("PAUSED UNTIL (UTC)", "/pause/until"),
    time("STARTED (UTC)", "/started_at"),
    time("ENDED (UTC)", "/ended_at"),
];
const ITEMS: &[Column] = &[
    exact("SKU", "/retailer_id"),
    exact("STATE", "/state"),
    exact("REVIEW", "/review"),
    text("REASON", "/reason"),
    time("SINCE (UTC)", "/changed_at"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Shows the catalog, and how far its items are.
    Catalog { seller: Shop },
    /// Lets a shop go up to a catalog at Meta.
    Connect {
        seller: Shop,
        #[command(flatten)]
        catalog: CatalogArgs,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Lets a shop go up to no catalog. What is at Meta stays there.
    Disconnect {
        seller: Shop,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Asks Meta about the catalog.
    Check {
        seller: Shop,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Starts a run, or joins the one that is open.
    Start {
        seller: Shop,
        /// Looks at all that is for sale, not only at what has changed.
        #[arg(long)]
        full: bool,
        /// Sends items again that Meta rejected, as they are.
        #[arg(long)]
        rejected_again: bool,
        /// Shows how far it is, until it is over; across a restart of the service as well.
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Finds out what a run would do. Nothing is sent.
    Plan {
        seller: Shop,
        /// Waits until it is known.
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Shows a run; the newest unless one is named.
    Status { seller: Shop, run: Option<i64> },
    /// Follows a run that is open.
    Follow { seller: Shop, run: i64 },
    /// Lists runs, the newest first.
    Runs {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Lets a run wait until it is resumed.
    Pause {
        seller: Shop,
        run: i64,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Goes on with a run that waits.
    Resume {
        seller: Shop,
        run: i64,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Ends a run.
    Cancel {
        seller: Shop,
        run: i64,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Lists how items are at Meta, and why.
    Items {
        seller: Shop,
        /// Only those that are this far.
        #[arg(long, value_parser = one_of(["owed", "sent", "accepted", "rejected", "refused", "live", "hidden", "removed"]))]
        state: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows how one item is at Meta.
    Item { seller: Shop, item: String },
    /// Asks Meta for another review of a rejected item.
    Appeal {
        seller: Shop,
        item: String,
        /// Why it should be shown.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        how: HowArgs,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CatalogArgs {
    /// Meta's id of the catalog.
    #[arg(long)]
    meta_id: String,
    /// The connected account whose token may change it.
    #[arg(long)]
    connection: i64,
    /// Thousands of changes a call, or one.
    #[arg(long, value_parser = one_of(["batch", "one_by_one"]))]
    mode: Option<String>,
    /// Changes go up by themselves after so many minutes.
    #[arg(long)]
    every_minutes: Option<u32>,
    /// Who makes products that do not say it.
    #[arg(long)]
    brand: Option<String>,
}

impl CatalogArgs {
    fn said(self, call: Call) -> Call {
        call.saying("meta_id", self.meta_id)
            .saying("connection", self.connection)
            .saying_some("mode", self.mode)
            .saying_some("every_minutes", self.every_minutes)
            .saying_some("brand", self.brand)
    }
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let on = |seller: Shop, run: i64, route: &'static str| Call::post(route).of(seller).at("run", run);
        match self {
            Verb::Catalog { seller } => desk.shows(Call::get(CATALOG).of(seller), catalog).await,
            Verb::Connect { seller, catalog, how } => {
                desk.does(catalog.said(Call::put(CATALOG).of(seller)), &how, plain).await
            }
            Verb::Disconnect { seller, how } => desk.does(Call::delete(CATALOG).of(seller), &how, plain).await,
            Verb::Check { seller, how } => {
                let check = Call::post("/api/v1/sellers/{seller}/catalog/check").of(seller);
                desk.does(check, &how, plain).await
            }
            Verb::Start { seller, full, rejected_again, follow, how } => {
                let kind = if full { "full" } else { "incremental" };
                let call = Call::post(RUNS).of(seller).saying("kind", kind).saying("rejected_again", rejected_again);
                start(desk, (seller, call), follow, &how).await
            }
            Verb::Plan { seller, follow, how } => {
                let call = Call::post(RUNS).of(seller).saying("kind", "dry_run");
                start(desk, (seller, call), follow, &how).await
            }
            Verb::Status { seller, run: Some(run) } => desk.shows(Call::get(RUN).of(seller).at("run", run), told).await,
            Verb::Status { seller, run: None } => match newest(desk, seller).await? {
                Some(run) => desk.shows(Call::get(RUN).of(seller).at("run", run), told).await,
                None => desk.print("No run yet.\n"),
            },
            Verb::Follow { seller, run } => followed(desk, seller, run).await,
            Verb::Runs { seller, page } => desk.lists(Call::get(RUNS).of(seller), &page, RUN_COLUMNS).await,
            Verb::Pause { seller, run, how } => {
                desk.does(on(seller, run, "/api/v1/sellers/{seller}/sync/runs/{run}/pause"), &how, plain).await
            }
            Verb::Resume { seller, run, how } => {
                desk.does(on(seller, run, "/api/v1/sellers/{seller}/sync/runs/{run}/resume"), &how, plain).await
            }
            Verb::Cancel { seller, run, how } => {
                desk.does(on(seller, run, "/api/v1/sellers/{seller}/sync/runs/{run}/cancel"), &how, plain).await
            }
            Verb::Items { seller, state, page } => {
                let call = Call::get("/api/v1/sellers/{seller}/catalog/items").of(seller).asking("state", state);
                desk.lists(call, &page, ITEMS).await
            }
            Verb::Item { seller, item } => {
                let call = Call::get("/api/v1/sellers/{seller}/catalog/items/{item}").of(seller).at("item", item);
                desk.shows(call, plain).await
            }
            Verb::Appeal { seller, item, reason, how } => {
                let call = Call::post("/api/v1/sellers/{seller}/catalog/items/{item}/appeal").of(seller);
                desk.does(call.at("item", item).saying("reason", reason), &how, plain).await
            }
        }
    }
}

async fn start(desk: &Desk, (seller, call): (Shop, Call), follow: bool, how: &HowArgs) -> anyhow::Result<()> {
    desk.does(call, how, plain).await?;
    match newest(desk, seller).await? {
        Some(run) if follow => followed(desk, seller, run).await,
        _ => Ok(()),
    }
}

async fn newest(desk: &Desk, seller: Shop) -> anyhow::Result<Option<i64>> {
    let newest = desk.service.read(&Call::get(RUNS).of(seller).asking("limit", Some(1))).await?;
    Ok(newest["data"][0]["id"].as_i64())
}

/// Looks at the run until it is over. A service that is away for a while is waited for: the run goes on without us.
async fn followed(desk: &Desk, seller: Shop, run: i64) -> anyhow::Result<()> {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}").expect("a template of our own");
    bar.set_style(style);
    let (call, mut away) = (Call::get(RUN).of(seller).at("run", run), 0);
    loop {
        match desk.service.read(&call).await {
            Ok(seen) => {
                away = 0;
                bar.set_length(seen["total"].as_u64().unwrap_or(0));
                bar.set_position(seen["done"].as_u64().unwrap_or(0));
                bar.set_message(message(&seen));
                if !seen["ended_at"].is_null() {
                    bar.finish_and_clear();
                    return desk.shows(call, told).await;
                }
            }
            Err(error) if error.is::<Refusal>() || away >= MOST_AWAY => return Err(error),
            Err(_) => {
                away += 1;
                bar.set_message("the service is away: waiting for it");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// `running, 3 calls left, done at 2026-10-01T14:32:00Z`
fn message(run: &Value) -> String {
    let status = run["status"].as_str().unwrap_or_default();
    if let Some(pause) = run["pause"].as_object() {
        let detail = pause.get("detail").and_then(Value::as_str).unwrap_or_default();
        let until = pause.get("until").and_then(Value::as_str).map(|until| format!(" until {until}"));
        let eta = run["eta"].as_str().map(|eta| format!(", done at {eta}")).unwrap_or_default();
        return format!("paused{}: {detail}{eta}", until.unwrap_or_default());
    }
    let calls = run["calls_left"].as_u64().unwrap_or(0);
    let eta = run["eta"].as_str().map(|eta| format!(", done at {eta}")).unwrap_or_default();
    format!("{status}, {calls} calls left{eta}")
}

fn plain(screen: Screen, answer: &Value) -> String {
    let names: Vec<&str> = answer.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    sheet(screen, answer, &names)
}

fn catalog(screen: Screen, found: &Value) -> String {
    let mut text =
        sheet(screen, found, &["meta_id", "name", "life", "connection", "products", "looked_at", "error", "run"]);
    for (state, count) in found["items"].as_object().into_iter().flatten() {
        text.push_str(&format!("{state}: {count}\n"));
    }
    text
}

fn told(screen: Screen, run: &Value) -> String {
    let mut text =
        sheet(screen, run, &["id", "kind", "status", "done", "total", "calls_left", "eta", "started_at", "ended_at"]);
    for (name, count) in run["counts"].as_object().into_iter().flatten() {
        if count.as_u64() != Some(0) {
            text.push_str(&format!("{name}: {count}\n"));
        }
    }
    for refusal in run["refusals"].as_array().into_iter().flatten() {
        let word = |name: &str| refusal[name].as_str().unwrap_or_default();
        let line = format!("not sent: {}: {} ({})", word("retailer_id"), word("detail"), word("code"));
        text.push_str(&crate::cli::shown::clean_line(&line));
        text.push('\n');
    }
    let said = |text: &mut String, what: &Value| {
        if let Some(detail) = what["detail"].as_str() {
            text.push_str(&crate::cli::shown::clean_line(detail));
            text.push('\n');
        }
    };
    said(&mut text, &run["pause"]);
    said(&mut text, &run["failure"]);
    text
}
