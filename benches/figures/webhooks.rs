//! Signed webhooks stored a second: the door, the journal and the disk, beside a route that does nothing.

use std::sync::Arc;

use bytes::Bytes;
use hawker::server::{Server, ServerSettings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::{Filter, Reply};

use crate::client::{self, Load, Requests, Run};
use crate::house::{Before, House, now_ms};
use crate::measure::{cost, ms, rate};
use crate::posts::{self, Dm};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Connections that send at once, one run for each number.
    #[arg(long, value_delimiter = ',', default_value = "64,512")]
    connections: Vec<usize>,
    /// Webhooks of one run, each with one message.
    #[arg(long, default_value_t = 30_000)]
    webhooks: usize,
    /// Shops they are for.
    #[arg(long, default_value_t = 50)]
    shops: usize,
    /// How often everything is measured; the best counts.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
}

/// One line of the table.
struct Line {
    what: &'static str,
    run: Run,
    flushes: u64,
}

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let house = House::open(Before { shops: args.shops, old_events: 0, past: None }).await?;
    let bare = Bare::start().await?;
    println!("\n{} webhooks a run, one message each, {}, best of {}\n", args.webhooks, house.database(), args.rounds);
    println!("| connections | | a second | of bare | p50 | p99 | processor time of one | flushes |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut number = 0;
    for &connections in &args.connections {
        let mut lines: [Option<Line>; 3] = [None, None, None];
        for _ in 0..args.rounds {
            let mut fresh = || requests(args, &mut number);
            let (first, second) = (fresh(), fresh());
            let load = Load { to: bare.address, connections, pace: None };
            keep(&mut lines[0], Line { what: "bare route", run: client::send(first.clone(), load).await?, flushes: 0 });
            house.pause(args.shops, true).await?;
            keep(&mut lines[1], stored(&house, "stored", first, connections).await?);
            house.pause(args.shops, false).await?;
            house.settle().await?;
            keep(&mut lines[2], stored(&house, "stored, sellers at work", second, connections).await?);
            house.settle().await?;
        }
        print(connections, args.webhooks, lines.iter().flatten());
    }
    house.check_equation().await?;
    bare.stop.cancel();
    house.close().await
}

async fn stored(house: &House, what: &'static str, requests: Requests, connections: usize) -> anyhow::Result<Line> {
    let before = house.store.pen().flushes();
    let run = house.send(requests, connections).await?;
    Ok(Line { what, run, flushes: house.store.pen().flushes() - before })
}

fn keep(best: &mut Option<Line>, line: Line) {
    if best.as_ref().is_none_or(|best| line.run.took < best.run.took) {
        *best = Some(line);
    }
}

fn print<'a>(connections: usize, webhooks: usize, lines: impl Iterator<Item = &'a Line>) {
    let mut bare = None;
    for Line { what, run, flushes } in lines {
        let rate = rate(webhooks, run.took);
        let share = rate / *bare.get_or_insert(rate);
        let (p50, p99) = (ms(run.waited.within(500)), ms(run.waited.within(990)));
        let cost = cost(webhooks, run.worked);
        println!("| {connections} | {what} | {rate:.0} | {share:.2} | {p50} | {p99} | {cost} | {flushes} |");
    }
}

fn requests(args: &Args, number: &mut usize) -> Requests {
    let now = now_ms();
    let mut request = |n: usize| {
        *number += 1;
        let text = "Do you have the linen shirt in blue?".to_owned();
        let dm = Dm { shop: 1 + n % args.shops, customer: n / 5, number: *number, at_ms: now + n as i64 / 100, text };
        posts::request(&[dm])
    };
    Arc::new((0..args.webhooks).map(&mut request).collect())
}

/// A route that takes the same body and gives the same answer, on the same server.
struct Bare {
    address: std::net::SocketAddr,
    stop: CancellationToken,
}

impl Bare {
    async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        let answer = |_: Bytes| warp::reply::with_header(r#"{"received":true}"#, "content-type", "application/json");
        let route = warp::path!("webhooks" / "meta").and(warp::post()).and(warp::body::bytes()).map(answer);
        let site = route.map(Reply::into_response).boxed();
        tokio::spawn(Server::new(ServerSettings::default()).serve(listener, site, stop.clone()));
        Ok(Self { address, stop })
    }
}
