//! Messages a second on their way to orders, with an inbox that holds the events of years.

use std::sync::Arc;
use std::time::Instant;

use actors::domain::ids::SellerId;
use anyhow::{Context, ensure};

use crate::client::Requests;
use crate::house::{Before, House, now_ms};
use crate::measure::{cost, processor_time, rate};
use crate::posts::{self, Dm};
use crate::rows::PRODUCTS;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sellers.
    #[arg(long, default_value_t = 50)]
    shops: usize,
    /// Conversations of five messages each; one in three is about an order.
    #[arg(long, default_value_t = 20_000)]
    conversations: usize,
    /// Events in the inbox before.
    #[arg(long, default_value_t = 1_000_000)]
    old: usize,
    /// Messages in one webhook.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// How often it is measured; the best counts.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
}

/// What customers say who want to order, and what those say who do not.
const ORDERING: [&str; 5] = [
    "Hi there!",
    "I would like 2 {} please",
    "My phone number is +1 202 555 0143",
    "Please ship it to 12 Garden Street, Springfield",
    "Thank you so much",
];
const CHATTING: [&str; 5] =
    ["Hello", "Your pictures are lovely", "Where is your studio?", "Oh nice, I know that street", "Have a good day"];

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let house = House::open(Before { shops: args.shops, old_events: args.old, past: None }).await?;
    let messages = args.conversations * 5;
    println!("\n{messages} messages to {} sellers, {} old events, {}\n", args.shops, args.old, house.database());
    println!("| round | messages a second | processor time of one | stored after | decided after | turns | drafts |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for round in 0..args.rounds {
        let requests = requests(args, round);
        let (turns, drafts) = (turns(&house).await?, drafts(&house).await?);
        let (began, worked) = (Instant::now(), processor_time()?);
        let run = house.send(requests, 8).await?;
        house.settle().await?;
        let (took, cost) = (began.elapsed(), cost(messages, processor_time()? - worked));
        let (turns, drafts) = (self::turns(&house).await? - turns, self::drafts(&house).await? - drafts);
        let (rate, stored) = (rate(messages, took), run.took.as_secs_f64());
        let decided = took.as_secs_f64();
        println!("| {round} | {rate:.0} | {cost} | {stored:.1} s | {decided:.1} s | {turns} | {drafts} |");
        let wanted = i64::try_from(args.conversations.div_ceil(3))?;
        ensure!(drafts == wanted, "{drafts} drafts instead of {wanted}");
    }
    print_statements(&house, args).await?;
    house.check_equation().await?;
    house.close().await
}

async fn turns(house: &House) -> anyhow::Result<i64> {
    house.one("SELECT CAST(SUM(turns) AS BIGINT) FROM seller").await
}

async fn drafts(house: &House) -> anyhow::Result<i64> {
    house.one("SELECT COUNT(*) FROM shop_order WHERE state = 'draft'").await
}

/// Everybody says their first thing, then everybody their second: conversations run side by side.
fn requests(args: &Args, round: usize) -> Requests {
    let (now, mut all) = (now_ms(), Vec::with_capacity(args.conversations * 5));
    let crowd = args.shops * 20;
    for first in (0..args.conversations).step_by(crowd) {
        for word in 0..5 {
            for conversation in first..args.conversations.min(first + crowd) {
                all.push(dm(args, round, (conversation, word), now + word as i64 * 1000 + first as i64));
            }
        }
    }
    Arc::new(all.chunks(args.batch).map(posts::request).collect())
}

fn dm(args: &Args, round: usize, (conversation, word): (usize, usize), at_ms: i64) -> Dm {
    let all = args.conversations;
    let texts = if conversation.is_multiple_of(3) { ORDERING } else { CHATTING };
    Dm {
        shop: 1 + conversation % args.shops,
        customer: round * all + conversation,
        number: (round * all + conversation) * 5 + word,
        at_ms,
        text: texts[word].replace("{}", PRODUCTS[conversation % PRODUCTS.len()]),
    }
}

/// The cost of a turn must not grow with its events: a statement a table, whatever their number.
async fn print_statements(house: &House, args: &Args) -> anyhow::Result<()> {
    println!("\n| events in one webhook | statements to store | turns | statements to decide |");
    println!("| --- | --- | --- | --- |");
    let mut number = args.rounds * args.conversations;
    for events in [1, 8, 32] {
        let order = |n: usize| {
            let text = format!("2 {} please", PRODUCTS[n % PRODUCTS.len()]);
            Dm { shop: 1, customer: number + n, number: (number + n) * 5, at_ms: now_ms(), text }
        };
        let request = posts::request(&(0..events).map(order).collect::<Vec<_>>());
        number += events;
        let (turns, statements) = (seller_turns(house).await?, house.store.pen().statements());
        house.send(Arc::new(vec![request]), 1).await?;
        house.settle().await?;
        let turns = seller_turns(house).await? - turns;
        // The journal makes two: the events, and the hour's count.
        let statements = house.store.pen().statements() - statements - 2;
        println!("| {events} | 2 | {turns} | {statements} |");
    }
    Ok(())
}

async fn seller_turns(house: &House) -> anyhow::Result<u64> {
    let seller = house.sellers.inspect(SellerId(1)).await?;
    Ok(seller.context("the seller is not loaded")?.turns)
}
