//! How long other sellers' messages take, from the POST to their outcome, while one seller gets ten thousand at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::client::{self, Answered, Load, Requests};
use crate::house::{Before, House, now_ms};
use crate::measure::{Times, ms};
use crate::posts::{self, Dm};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sellers besides the one that is flooded.
    #[arg(long, default_value_t = 200)]
    others: usize,
    /// Events for the one seller, in POSTs of a thousand, all at once.
    #[arg(long, default_value_t = 10_000)]
    events: usize,
    /// Messages a second to the others, one in a webhook.
    #[arg(long, default_value_t = 200.0)]
    pace: f64,
    /// For how long they come, in seconds, before the flood and again with it.
    #[arg(long, default_value_t = 10)]
    seconds: usize,
}

/// As many events as Meta puts into one POST.
const PER_POST: usize = 1000;
/// Between two looks at what is pending: no time is measured more finely.
const LOOK: Duration = Duration::from_millis(4);
/// Fewer messages say nothing of one in a hundred.
const FEWEST: usize = 200;

/// What was pending at a moment.
struct Seen {
    begun: Instant,
    ended: Instant,
    /// The numbers of the others' messages.
    others: HashSet<usize>,
    /// Whether the one seller still has some.
    flood: bool,
}

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let house = House::open(Before { shops: args.others + 1, old_events: 0, past: None }).await?;
    // Every seller is loaded before anything is measured.
    house.send(others(args, 0, args.others), 4).await?;
    house.settle().await?;
    let (calm, _) = probe(&house, args, args.others).await?;
    let at_once = Load { to: house.address, connections: args.events.div_ceil(PER_POST), pace: None };
    let (requests, begun) = (flood(args), Instant::now());
    let flooding = tokio::spawn(client::send(requests, at_once));
    let (flooded, worked_off) = probe(&house, args, args.others + probes(args)).await?;
    let taken = flooding.await??.took;
    let worked_off = worked_off.context("the flood was never seen: ask for more --events")?;
    print(&house, args, [&calm, &flooded], (taken, worked_off - begun));
    house.settle().await?;
    house.check_equation().await?;
    house.close().await
}

fn print(house: &House, args: &Args, [calm, flooded]: [&Times; 2], (taken, worked_off): (Duration, Duration)) {
    println!(
        "\n{} other sellers, {} messages a second to them, {}; the flood of {} was on disk after {} and worked off after \
         {}\n",
        args.others,
        args.pace,
        house.database(),
        args.events,
        ms(taken),
        ms(worked_off)
    );
    println!("| from POST to outcome | messages | p50 | p99 | longest |");
    println!("| --- | --- | --- | --- | --- |");
    for (what, times) in [("calm", calm), ("during the flood", flooded)] {
        let [p50, p99, longest] = [500, 990, 1000].map(|share| ms(times.within(share)));
        println!("| {what} | {} | {p50} | {p99} | {longest} |", times.len());
    }
    let ratio = |share| flooded.within(share).as_secs_f64() / calm.within(share).as_secs_f64();
    println!("| ratio | | {:.2} | {:.2} | {:.2} |", ratio(500), ratio(990), ratio(1000));
}

fn probes(args: &Args) -> usize {
    (args.pace * args.seconds as f64) as usize
}

/// Sends messages at their pace, the first with this number, and says how long each took to its outcome: of those that
/// were due while the flood was pending, or of all if there was none. And when the flood was worked off.
async fn probe(house: &House, args: &Args, first: usize) -> anyhow::Result<(Times, Option<Instant>)> {
    let (requests, enough) = (others(args, first, probes(args)), CancellationToken::new());
    let looking = tokio::spawn(look(house.look().await?, enough.clone()));
    let load = Load { to: house.address, connections: 32, pace: Some(args.pace) };
    let run = client::send(requests, load).await?;
    house.settle().await?;
    enough.cancel();
    let seen = looking.await??;
    let worked_off = seen.iter().rposition(|seen| seen.flood).map(|last| seen[last].ended);
    let counts = |answered: &Answered| worked_off.is_none_or(|end| answered.due < end);
    let times = run.answered.iter().enumerate().filter(|(_, answered)| counts(answered)).map(|(place, answered)| {
        let over = |seen: &&Seen| seen.begun >= answered.at && !seen.others.contains(&(first + place));
        seen.iter().find(over).map(|seen| seen.ended - answered.due)
    });
    let times: Vec<Duration> = times.collect::<Option<_>>().context("a message never had an outcome")?;
    ensure!(times.len() >= FEWEST, "only {} messages came while the flood was pending: more --events", times.len());
    Ok((Times::new(times), worked_off))
}

/// Looks at what is pending, again and again.
async fn look(reads: DatabaseConnection, enough: CancellationToken) -> anyhow::Result<Vec<Seen>> {
    let mut all = Vec::new();
    loop {
        let (last, begun) = (enough.is_cancelled(), Instant::now());
        let others = rows(&reads, "SELECT key FROM inbox_event WHERE state = 'pending' AND seller_id > 1").await?;
        let flood =
            rows(&reads, "SELECT key FROM inbox_event WHERE state = 'pending' AND seller_id = 1 LIMIT 1").await?;
        let others = others.iter().filter_map(|key| posts::number_in(key)).collect();
        all.push(Seen { begun, ended: Instant::now(), others, flood: !flood.is_empty() });
        if last {
            reads.close().await?;
            return Ok(all);
        }
        sleep(LOOK).await;
    }
}

async fn rows(reads: &DatabaseConnection, sql: &str) -> anyhow::Result<Vec<String>> {
    let rows = reads.query_all_raw(Statement::from_string(reads.get_database_backend(), sql)).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// Messages `first..first + count`, to one after the other of the sellers that are not flooded.
fn others(args: &Args, first: usize, count: usize) -> Requests {
    let now = now_ms();
    let dm = |number: usize| said(2 + number % args.others, number / args.others % 16, number, now);
    Arc::new((first..first + count).map(|number| posts::request(&[dm(number)])).collect())
}

/// All of the flood, from a thousand customers.
fn flood(args: &Args) -> Requests {
    let now = now_ms();
    // Far beyond the numbers of the others.
    let all: Vec<Dm> =
        (0..args.events).map(|n| said(1, n % 1000, 1_000_000_000 + n, now + (n / 1000) as i64)).collect();
    Arc::new(all.chunks(PER_POST).map(posts::request).collect())
}

fn said(shop: usize, customer: usize, number: usize, at_ms: i64) -> Dm {
    Dm { shop, customer, number, at_ms, text: "Two linen shirts please, and do you ship abroad?".to_owned() }
}
