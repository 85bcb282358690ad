//! Memory for each seller at work, and for each that was let go. What the allocator keeps for later counts as used.

use std::sync::Arc;

use actors::domain::ids::SellerId;
use anyhow::ensure;
use futures::{StreamExt, TryStreamExt, stream};

use crate::house::{Before, House, now_ms};
use crate::measure::resident;
use crate::posts::{self, Dm};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sellers, each with 20 products.
    #[arg(long, default_value_t = 10_000)]
    sellers: usize,
    /// Conversations of each.
    #[arg(long, default_value_t = 10)]
    conversations: usize,
}

/// Messages made at a time, so that they themselves take up little memory.
const AT_A_TIME: usize = 5_000;

/// Measures and prints. The first fifth of the sellers warms up what all share, such as the pages of the database.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let house = House::open(Before { shops: args.sellers, old_events: 0, past: None }).await?;
    let first = args.sellers / 5;
    let never = resident()?;
    work(&house, args, 0, first).await?;
    let warm = resident()?;
    work(&house, args, first, args.sellers).await?;
    let all = resident()?;
    let up = house.one("SELECT COUNT(*) FROM seller WHERE incarnation > 0").await?;
    ensure!(up == args.sellers as i64, "{up} sellers were loaded");
    stream::iter((1..=args.sellers as i64).map(SellerId).map(Ok))
        .try_for_each_concurrent(64, async |seller| house.sellers.unload(seller).await.map(drop))
        .await?;
    let mut loaded = 0;
    let mut asked =
        stream::iter((1..=args.sellers as i64).map(SellerId)).map(|seller| house.sellers.inspect(seller)).buffered(64);
    while let Some(inspection) = asked.try_next().await? {
        loaded += usize::from(inspection.is_some());
    }
    drop(asked);
    let gone = resident()?;
    let (rest, sellers) = ((args.sellers - first) as i64, args.sellers as i64);
    println!("\n{sellers} sellers, 20 products and {} conversations each, {}\n", args.conversations, house.database());
    println!("| | resident | for each seller |");
    println!("| --- | --- | --- |");
    println!("| started, none loaded | {} | |", mib(never));
    println!("| a fifth loaded | {} | |", mib(warm));
    println!("| all loaded | {} | {} bytes for each of the other four fifths |", mib(all), (all - warm) / rest);
    println!(
        "| all but {loaded} let go | {} | {} bytes more than before the first was loaded |",
        mib(gone),
        (gone - never) / sellers
    );
    house.check_equation().await?;
    house.close().await
}

fn mib(bytes: i64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Each of these sellers hears from each of its customers.
async fn work(house: &House, args: &Args, from: usize, to: usize) -> anyhow::Result<()> {
    let numbers: Vec<usize> = (from * args.conversations..to * args.conversations).collect();
    for some in numbers.chunks(AT_A_TIME) {
        let dm = |number: &usize| Dm {
            shop: 1 + number / args.conversations,
            customer: number % args.conversations,
            number: *number,
            at_ms: now_ms(),
            text: "Two linen shirts and a clay mug please".to_owned(),
        };
        let dms: Vec<Dm> = some.iter().map(dm).collect();
        house.send(Arc::new(dms.chunks(100).map(posts::request).collect()), 4).await?;
        // What waits would pile up in memory, and this is not about that.
        house.settle().await?;
    }
    Ok(())
}
