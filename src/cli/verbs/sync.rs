//! `hawker sync`: the catalog at Meta, and the runs that take it up.

use std::time::Duration;

use actors::clock::SystemClock;
use actors::ports::Clock;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{Desk, Does, one_of};
use crate::cli::desk::{HowArgs, spinner};
use crate::cli::service::{Call, PageArgs, Refusal, Shop};
use crate::cli::shown::{Column, Screen, clean_line, counted, exact, minute, number, sheet, text, time};

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

/// The order in which they are told.
const COUNTS: [&str; 11] = [
    "looked_at",
    "create",
    "update",
    "delete",
    "unchanged",
    "refused",
    "accepted",
    "rejected",
    "removed",
    "dropped",
    "calls",
];
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
    exact("TAG", "/can_be_tagged"),
    exact("SHOP", "/is_in_shop"),
    text("REASON", "/reason"),
    time("SINCE (UTC)", "/changed_at"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Shows the catalog, and how far its items are.
    Catalog { seller: Shop },
    /// Connects a shop to a catalog at Meta. What is not said is as in the beginning.
    Connect {
        seller: Shop,
        #[command(flatten)]
        catalog: CatalogArgs,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Disconnects a shop from its catalog. What is at Meta stays there.
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
    /// In what condition products are that do not say it.
    #[arg(long, value_parser = one_of(["new", "refurbished", "used"]))]
    condition: Option<String>,
    /// Whether Meta is asked what its review says.
    #[arg(long, value_name = "YES")]
    reviews: Option<bool>,
    /// Whether it is looked each night for what was changed at Meta.
    #[arg(long, value_name = "YES")]
    drift: Option<bool>,
}

impl CatalogArgs {
    fn said(self, call: Call) -> Call {
        call.saying("meta_id", self.meta_id)
            .saying("connection", self.connection)
            .saying_some("mode", self.mode)
            .saying_some("every_minutes", self.every_minutes)
            .saying_some("brand", self.brand)
            .saying_some("condition", self.condition)
            .saying_some("reviews", self.reviews)
            .saying_some("drift", self.drift)
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
                None => desk.print("No run yet: begin one with `hawker sync start`.\n"),
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
    // Whoever follows a run must know that it is there.
    let how = HowArgs { wait: follow || how.wait, ..how.clone() };
    desk.does(call, &how, begun).await?;
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
    let bar = spinner("looking how far it is");
    let (call, mut away) = (Call::get(RUN).of(seller).at("run", run), 0);
    loop {
        match desk.service.read(&call).await {
            Ok(seen) => {
                away = 0;
                show(&bar, &seen);
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

/// Before it is known how much there is to do, nothing fills up.
fn show(bar: &ProgressBar, run: &Value) {
    let (done, total) = (run["done"].as_u64().unwrap_or(0), run["total"].as_u64().unwrap_or(0));
    if total > 0 && run["status"] != "planned" {
        let style = ProgressStyle::with_template("{spinner} {bar:30} {human_pos} of {human_len}  {msg}");
        bar.set_style(style.expect("a template of our own").progress_chars("=> "));
        bar.set_length(total);
        bar.set_position(done);
    }
    bar.set_message(message(run));
}

/// `3 calls left, done about 14:32 UTC`
fn message(run: &Value) -> String {
    let eta = run["eta"].as_str().map(|eta| format!(", done about {}", clock(eta))).unwrap_or_default();
    if let Some(pause) = run["pause"].as_object() {
        let word = |name: &str| pause.get(name).and_then(Value::as_str);
        let until = word("until").map(|until| format!(" until {}", clock(until))).unwrap_or_default();
        return format!("waits{until}: {}{eta}", clean_line(word("detail").unwrap_or_default()));
    }
    let looked_at = run["counts"]["looked_at"].as_u64().unwrap_or(0);
    match (run["status"].as_str(), run["calls_left"].as_u64().unwrap_or(0)) {
        (Some("planned"), _) => format!("looks at what is for sale: {} so far", counted(looked_at, "item")),
        (_, 0) => "waits for Meta".to_owned(),
        (_, left) => format!("{} left{eta}", counted(left, "call")),
    }
}

/// `14:32 UTC`, or with its day where that is not today's.
fn clock(time: &str) -> String {
    let (today, minute) = (SystemClock.now().format("%Y-%m-%d ").to_string(), minute(&time.into()));
    format!("{} UTC", minute.strip_prefix(&today).unwrap_or(&minute))
}

fn begun(_: Screen, answer: &Value) -> String {
    let run = &answer["run"];
    match answer["joined"].as_bool() {
        Some(true) => format!("Run {run} is open already: it goes on.\n"),
        _ => format!("Run {run} has begun.\n"),
    }
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
    let is_over = !run["ended_at"].is_null();
    let mut shown = run.clone();
    if let Some(fields) = shown.as_object_mut() {
        // Said below in words, or of no more use.
        let by_name = |name: &str| ["counts", "refusals", "pause", "failure"].contains(&name);
        let of_the_way = |name: &str| is_over && ["calls_left", "eta", "done", "total"].contains(&name);
        fields.retain(|name, value| !by_name(name) && !of_the_way(name) && *value != json!([]));
    }
    let first = ["id", "kind", "status", "done", "total", "calls_left", "eta", "started_at", "ended_at"];
    let first: Vec<&str> = first.into_iter().filter(|name| shown.get(name).is_some()).collect();
    let mut lines = vec![sheet(screen, &shown, &first), counts(&run["counts"])];
    for refusal in run["refusals"].as_array().into_iter().flatten() {
        let word = |name: &str| refusal[name].as_str().unwrap_or_default();
        let line = format!("not sent: {}: {} ({})", word("retailer_id"), word("detail"), word("code"));
        lines.push(format!("{}\n", clean_line(&line)));
    }
    let details = [&run["pause"]["detail"], &run["failure"]["detail"]];
    lines.extend(details.into_iter().filter_map(Value::as_str).map(|detail| format!("{}\n", clean_line(detail))));
    lines.concat()
}

/// `looked at 17, create 17, accepted 17, calls 3`
fn counts(counts: &Value) -> String {
    let told = |name: &str| {
        let count = counts[name].as_u64().filter(|count| *count > 0)?;
        Some(format!("{} {count}", name.replace('_', " ")))
    };
    let known = counts.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let rest = known.filter(|name| !COUNTS.contains(name));
    let told: Vec<String> = COUNTS.into_iter().chain(rest).filter_map(told).collect();
    if told.is_empty() { "nothing was there to do\n".to_owned() } else { format!("{}\n", told.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_follows_a_run_is_told_what_it_is_at() {
        for (run, words) in [
            (
                json!({ "status": "planned", "counts": { "looked_at": 12_000 } }),
                "looks at what is for sale: 12,000 items so far",
            ),
            (
                json!({ "status": "running", "calls_left": 3, "eta": "2026-01-02T14:32:05Z" }),
                "3 calls left, done about 2026-01-02 14:32 UTC",
            ),
            (json!({ "status": "running", "calls_left": 1 }), "1 call left"),
            (json!({ "status": "running", "calls_left": 0 }), "waits for Meta"),
            (
                json!({ "status": "paused", "eta": "2026-01-02T17:00:00Z", "pause": {
                    "until": "2026-01-02T14:32:05Z", "detail": "the cap of graph\nis reached" } }),
                "waits until 2026-01-02 14:32 UTC: the cap of graph is reached, done about 2026-01-02 17:00 UTC",
            ),
            (
                json!({ "status": "paused", "pause": { "until": null, "detail": "somebody wants it so" } }),
                "waits: somebody wants it so",
            ),
        ] {
            assert_eq!(message(&run), words);
        }
        assert_eq!(
            counts(&json!({ "accepted": 17, "foreign": 2, "create": 0, "looked_at": 17 })),
            "looked at 17, accepted 17, foreign 2\n"
        );
        let today = SystemClock.now().format("%Y-%m-%dT14:32:00Z").to_string();
        assert_eq!(clock(&today), "14:32 UTC");
    }
}
