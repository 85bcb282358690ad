//! How long a webhook waits for its 200 while many sellers have more work than they can do at once.

use std::sync::Arc;

use anyhow::ensure;

use crate::client::{self, Load, Requests};
use crate::house::{Before, House, now_ms};
use crate::measure::ms;
use crate::posts::{self, Dm};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sellers at work.
    #[arg(long, default_value_t = 2_000)]
    shops: usize,
    /// Events that wait for each when the measuring begins.
    #[arg(long, default_value_t = 64)]
    backlog: usize,
    /// Webhooks a second meanwhile, one message each.
    #[arg(long, default_value_t = 500.0)]
    pace: f64,
    /// How long, in seconds.
    #[arg(long, default_value_t = 8)]
    seconds: usize,
}

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let house = House::open(Before { shops: args.shops, old_events: 0, past: None }).await?;
    house.pause(args.shops, true).await?;
    let backlog = args.shops * args.backlog;
    house.send(requests(args, 0, backlog, 100), 4).await?;
    let probes = (args.pace * args.seconds as f64) as usize;
    let load = Load { to: house.address, connections: 64, pace: Some(args.pace) };
    let at_rest = client::send(requests(args, backlog, probes, 1), load).await?;
    house.pause(args.shops, false).await?;
    let before = house.pending().await?;
    let at_work = client::send(requests(args, backlog + probes, probes, 1), load).await?;
    let after = house.pending().await?;
    println!(
        "\n{} sellers, {} webhooks a second, {}: {before} events waited at the beginning, {after} at the end\n",
        args.shops,
        args.pace,
        house.database()
    );
    println!("| sellers | webhooks | p50 | p99 | p99.9 | longest |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (what, run) in [("at rest", at_rest), ("at work", at_work)] {
        let [p50, p99, p999, longest] = [500, 990, 999, 1000].map(|share| ms(run.waited.within(share)));
        println!("| {what} | {} | {p50} | {p99} | {p999} | {longest} |", run.waited.len());
    }
    ensure!(after > 0, "the sellers ran out of work, so nothing was measured: ask for a larger --backlog");
    house.settle().await?;
    house.check_equation().await?;
    house.close().await
}

/// Messages `first..first + count`, to one shop after the other.
fn requests(args: &Args, first: usize, count: usize, batch: usize) -> Requests {
    let now = now_ms();
    let dm = |number: usize| Dm {
        shop: 1 + number % args.shops,
        customer: number / args.shops % 16,
        number,
        at_ms: now + (number / args.shops) as i64,
        text: "Two linen shirts please, and do you ship abroad?".to_owned(),
    };
    let all: Vec<Dm> = (first..first + count).map(dm).collect();
    Arc::new(all.chunks(batch).map(posts::request).collect())
}
