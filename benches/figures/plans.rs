//! How long it takes to find out what has changed, and how that grows with what has not.

use actors::domain::sync::run::RunKind;
use anyhow::ensure;

use crate::catalog::Shop;
use crate::measure::{Times, ms, resident};
use crate::rows::Goods;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rows of the catalog, each number in a process of its own.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    rows: Vec<usize>,
    /// Products that change each time.
    #[arg(long, default_value_t = 100)]
    changed: u64,
    /// How often they do.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

/// Rows of a product: it comes in so many ways.
const VARIANTS: usize = 8;

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let (changed, rounds) = (args.changed.to_string(), args.rounds.to_string());
    match args.rows[..] {
        [rows] => one(rows, args).await,
        _ => args.rows.iter().try_for_each(|rows| {
            crate::another(&["plans", "--rows", &rows.to_string(), "--changed", &changed, "--rounds", &rounds])
        }),
    }
}

async fn one(rows: usize, args: &Args) -> anyhow::Result<()> {
    let goods = Goods { products: rows / VARIANTS, variants: VARIANTS, at_meta: true };
    let mut shop = Shop::open(goods).await?;
    let (mut plans, mut wholes, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let loaded = resident()? >> 20;
    for round in 0..args.rounds {
        // Each time others, all over the shop.
        let first = round * goods.products / args.rounds;
        shop.reprices((first, args.changed), 4321).await?;
        let took = shop.runs(RunKind::Incremental).await?;
        let items = took.run.counts.update;
        ensure!(took.run.kind == RunKind::Incremental && items == args.changed * VARIANTS as u64, "{:?}", took.run);
        plans.push(took.plan);
        wholes.push(took.all);
        memory.push(took.memory);
    }
    let (plans, wholes) = (Times::new(plans), Times::new(wholes));
    let most = memory.iter().max().map_or(0, |bytes| bytes >> 20);
    println!("\n{rows} rows of a catalog, {} products changed each time, {}\n", args.changed, shop.house.database());
    println!("| rows | planned in, p50 | worst | sent and settled, p50 | resident before | most meanwhile |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let (median, worst, whole) = (ms(plans.within(500)), ms(plans.within(1000)), ms(wholes.within(500)));
    println!("| {rows} | {median} | {worst} | {whole} | {loaded} MiB | +{most} MiB |");
    shop.close().await
}
