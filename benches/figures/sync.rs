//! A large catalog from the shop to Meta and kept up there: calls, time, and the memory it takes beside what the shop's
//! actor holds anyway.

use actors::domain::sync::run::RunKind;
use anyhow::ensure;

use crate::catalog::{Shop, Took};
use crate::measure::resident;
use crate::rows::Goods;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Products of the shop; measured with a tenth of them as well, in a process of its own.
    #[arg(long, default_value_t = 100_000)]
    products: usize,
    /// Products that get another price then.
    #[arg(long, default_value_t = 100)]
    changed: u64,
    /// Only this number of products.
    #[arg(long)]
    only: bool,
}

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    if !args.only {
        for products in [args.products / 10, args.products] {
            let changed = args.changed.to_string();
            crate::another(&["sync", "--only", "--products", &products.to_string(), "--changed", &changed])?;
        }
        return Ok(());
    }
    let mut shop = Shop::open(Goods { products: args.products, variants: 0, at_meta: false }).await?;
    let mut table = vec![format!("| loaded | | | | | | {} MiB | |", resident()? >> 20)];
    let all = shop.runs(RunKind::Full).await?;
    ensure!(all.seen.items == args.products, "{} items arrived", all.seen.items);
    table.push(row("full, all of it new", &all)?);
    shop.reprices((1, args.changed), 4321).await?;
    let few = shop.runs(RunKind::Incremental).await?;
    ensure!(few.run.counts.accepted == args.changed, "{:?}", few.run.counts);
    table.push(row(&format!("{} products have another price", args.changed), &few)?);
    for (what, kind) in
        [("full, nothing has changed", RunKind::Full), ("what has changed: nothing", RunKind::Incremental)]
    {
        let none = shop.runs(kind).await?;
        ensure!(none.seen.calls == 0, "it makes {} calls", none.seen.calls);
        table.push(row(what, &none)?);
    }
    println!("\n{} products, {}\n", args.products, shop.house.database());
    println!("| | batches | questions | planned in | took | by the shop's clock | resident | most meanwhile |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    println!("{}", table.join("\n"));
    shop.close().await
}

fn row(what: &str, took: &Took) -> anyhow::Result<String> {
    let (plan, all) = (took.plan.as_secs_f64(), took.all.as_secs_f64());
    let (batches, questions) = (took.seen.batches, took.seen.calls - took.seen.batches);
    let (clock, now, more) = (took.by_the_clock.num_seconds(), resident()? >> 20, took.memory >> 20);
    Ok(format!("| {what} | {batches} | {questions} | {plan:.2} s | {all:.1} s | {clock} s | {now} MiB | +{more} MiB |"))
}
