//! Pages of the lists of a shop that is years old: how long the first takes, one from deep inside, and one of the few
//! among many.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;

use crate::client::{self, Load};
use crate::house::{Before, House, OPERATOR_KEY};
use crate::measure::{Times, ms};
use crate::rows::{self, Past};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Messages, half of them in one conversation.
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Orders, with two lines each, of as many conversations.
    #[arg(long, default_value_t = 100_000)]
    orders: usize,
    /// Pages of each kind.
    #[arg(long, default_value_t = 500)]
    pages: usize,
}

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let past = Past { messages: args.messages, orders: args.orders };
    let house = House::open(Before { shops: 1, old_events: 0, past: Some(past) }).await?;
    // Ids begin at 1 in every table here.
    let (in_one, last, midst) = (args.messages / 2, args.orders - 60, args.orders / 2);
    let rows = [
        ("orders", "first", "orders?limit=50".to_owned()),
        ("orders", "in the midst", format!("orders?limit=50&after={midst}")),
        ("orders", "last", format!("orders?limit=50&after={last}")),
        ("drafts, one order in a hundred", "first", "orders?limit=50&state=draft".to_owned()),
        ("drafts, one order in a hundred", "in the midst", format!("orders?limit=50&state=draft&after={midst}")),
        ("messages of one conversation", "oldest", "conversations/1/messages?limit=50".to_owned()),
        ("messages of one conversation", "newest", "conversations/1/messages?limit=50&order=newest".to_owned()),
        ("messages of one conversation", "in the midst", said_after(in_one / 2)),
        ("messages of one conversation", "last", said_after(in_one - 60)),
        ("conversations", "first", "conversations?limit=50".to_owned()),
        ("conversations", "in the midst", format!("conversations?limit=50&after={midst}")),
        ("unread, one conversation in a thousand", "first", "conversations?limit=50&unread=true".to_owned()),
        ("to look at, none at all", "first", "conversations?limit=50&needs_look=true".to_owned()),
        ("leads, one in a hundred lost", "first", "leads?limit=50&stage=lost".to_owned()),
    ];
    println!("\n{} messages, {} orders, {}\n", args.messages, args.orders, house.database());
    println!("| pages of 50: list | page | p50 | p99 |\n| --- | --- | --- | --- |");
    for (list, page, address) in rows {
        let times = pages(&house, &address, args.pages).await?;
        let [p50, p99] = [500, 990].map(|share| ms(times.within(share)));
        println!("| {list} | {page} | {p50} | {p99} |");
    }
    house.close().await
}

fn said_after(message: usize) -> String {
    format!("conversations/1/messages?limit=50&after={}.{message}", rows::said_at(message))
}

/// How long each of so many equal requests took, one after the other over one connection.
async fn pages(house: &House, address: &str, times: usize) -> anyhow::Result<Times> {
    let request = format!(
        "GET /api/v1/sellers/1/{address} HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {OPERATOR_KEY}\r\n\r\n"
    );
    let load = Load { to: house.address, connections: 1, pace: None };
    let once = client::send(Arc::new(vec![request.clone().into_bytes()]), load).await?;
    ensure!(once.took < Duration::from_secs(5), "one page took {:?}", once.took);
    Ok(client::send(Arc::new(vec![request.into_bytes(); times]), load).await?.waited)
}
