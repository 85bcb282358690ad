//! Catalogs on their way up under kills: one goes up one by one at a cap, one in batches, and both must end as they
//! would have without any trouble. Products are changed and removed all the while.
//!
//! What is looked at in the end is what Meta's stand-in was really told: every item as it was last wanted, none that
//! was put back to something older, no cap passed. How many writes were repeated is told.

pub(super) mod kills;
mod shelf;
mod truth;

use std::collections::BTreeMap;
use std::time::Duration;

use actors::store::{Store, ledger};
use anyhow::Context;
use tokio::sync::watch;

use self::kills::Kills;
use self::shelf::Shelf;
use super::brief::Brief;
use super::clock::ScaledClock;
use super::keeper::{Keeper, Nursery, Tally, Trouble};
use super::places::{Place, Places};
use super::shops::ShopPlan;
use super::{ProveArgs, keeper, points, run, shops};
use crate::sandbox::{Chaos, Sandbox};

/// An hour takes four seconds.
const FACTOR: i32 = 900;
/// How many batches one catalog's products make.
const BATCHES: u32 = 10;
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// One shop a way of going up.
const SHOPS: u32 = 2;

/// Runs it and says whether all ended as it must.
pub(super) async fn prove(args: &ProveArgs, places: &Places) -> anyhow::Result<bool> {
    let place = places.place("kills").await?;
    let clock = ScaledClock::from_now(FACTOR);
    let meta = run::sandbox(args.seed, clock, false).await?;
    meta.start_chaos(chaos(args.seed));
    let plans: Vec<ShopPlan> = shops::shops(SHOPS).collect();
    let catalogs: Vec<_> = plans
        .iter()
        .map(|plan| run::account(&meta, plan).add_catalog(&shelf::catalog_id(plan), "Goods", "9010"))
        .collect();
    let nursery = nursery(args, &place, &meta, clock);
    let keeper = Keeper::start(nursery, troubles(args));
    let (enough, until) = watch::channel(false);
    let shelves = plans.iter().zip(&catalogs).map(|(plan, catalog)| {
        let part = if plan.n == 0 { 1 } else { 4 };
        Shelf::new(plan, catalog.clone(), &place, (args.seed, args.products / part), until.clone())
    });
    let filling = futures::future::try_join_all(shelves.map(Shelf::keep_full));
    let watching = watch_over(args, &place, &keeper, &enough);
    let (shelves, ()) = tokio::try_join!(filling, watching)?;
    let left = keeper.troubles_left();
    let tally = keeper.finish().await?;
    let mut wrong = tally.surprises.clone();
    if left > 0 {
        wrong.push(format!("{left} troubles did not come to pass in time"));
    }
    wrong.extend(wrong_books(&place).await?);
    wrong.extend(meta.wrong_calls().iter().map(|call| format!("a wrong call to Meta: {} {}", call.call, call.why)));
    for shelf in &shelves {
        let told = shelf.told().await?;
        println!("{}", told.summary);
        wrong.extend(told.wrong);
    }
    meta.stop().await;
    Ok(verdict(args, &place, &tally, wrong))
}

fn nursery(args: &ProveArgs, place: &Place, meta: &Sandbox, clock: ScaledClock) -> Nursery {
    let mut environment = run::environment(place, meta);
    let settings = [
        ("BUDGETS__GRAPH_PER_HOUR", cap(args.products).to_string()),
        ("BUDGETS__GRAPH_RESERVE", "0".to_owned()),
        ("SYNC__BATCH_ITEMS", (args.products / 4 / BATCHES).max(1).to_string()),
        // By this clock a start of the process takes half an hour.
        ("SYNC__HANDLE_DEADLINE", "24h".to_owned()),
        ("ACTORS__SWEEP", "10m".to_owned()),
        ("DOCTOR__EVERY", String::new()),
    ];
    environment.extend(settings.map(|(name, value)| (format!("HAWKER__{name}"), value)));
    let brief = Brief {
        dir: place.dir.clone(),
        sellers: SHOPS,
        clock,
        point: None,
        actor_kills: args.actor_kills,
        rival: false,
        stale: false,
        catalog: true,
        seed: args.seed,
    };
    Nursery { meta: meta.clone(), brief, database: place.store(), environment }
}

/// So that the first run meets it four times.
pub(super) fn cap(products: u32) -> u32 {
    (products / 5).clamp(10, 200)
}

fn chaos(seed: u64) -> Chaos {
    let slowest = Duration::from_millis(20);
    Chaos {
        seed,
        refused: 0.02,
        lost: 0.02,
        unanswered: 0.03,
        done_but_500: 0.02,
        slow: 0.1,
        slowest,
        ..Chaos::default()
    }
}

fn troubles(args: &ProveArgs) -> Vec<Trouble> {
    // Late enough for others to be killed in each life.
    let mut troubles = keeper::kills_within(args.seed, args.kills, 800..4000);
    if args.points {
        let plans = points::of_catalogs();
        let apart = troubles.len() / plans.len().max(1) + 1;
        for (n, plan) in plans.into_iter().enumerate() {
            troubles.insert((n * (apart + 1)).min(troubles.len()), Trouble::Point(plan));
        }
    }
    troubles
}

/// Says that it is enough once all that was to be killed is dead.
async fn watch_over(
    args: &ProveArgs,
    place: &Place,
    keeper: &Keeper,
    enough: &watch::Sender<bool>,
) -> anyhow::Result<()> {
    while keeper.troubles_left() > 0 || !kills::count(&place.dir).is_enough(args.actor_kills) {
        if *enough.borrow() || enough.is_closed() {
            return Ok(());
        }
        keeper.check()?;
        tokio::time::sleep(LOOK_EVERY).await;
    }
    enough.send_replace(true);
    Ok(())
}

async fn wrong_books(place: &Place) -> anyhow::Result<Vec<String>> {
    let reads = Store::look(&place.store()).await.context("could not read how it ended")?;
    let sum = ledger::equation(&reads).await?;
    let reasons: BTreeMap<_, _> = ledger::by_reason(&reads).await?.into_iter().collect();
    reads.close().await?;
    let mut wrong = Vec::new();
    if !sum.holds() || sum.pending != 0 {
        wrong.push(format!("the equation does not hold: {sum:?}"));
    }
    wrong.extend(reasons.into_iter().map(|(reason, count)| format!("{count} events are ledgered as {reason}")));
    Ok(wrong)
}

fn verdict(args: &ProveArgs, place: &Place, tally: &Tally, mut wrong: Vec<String>) -> bool {
    let Kills { syncs, sellers, supervisors } = kills::count(&place.dir);
    if args.points {
        let labels = points::LABELS_OF_CATALOGS;
        println!("\ndeaths at fail points:\n{}", points::table(&labels, &tally.points));
        wrong.extend(points::not_reached(&labels, &tally.points));
    }
    println!(
        "\nkilled from outside {} times, died at fail points {} times, started {} times; killed within: {syncs} catalog \
         syncs, {sellers} sellers, {supervisors} supervisors",
        tally.kills,
        points::count(&tally.points),
        tally.starts,
    );
    wrong.iter().take(60).for_each(|text| println!("  WRONG {text}"));
    match wrong.is_empty() {
        true => println!("PROVED: every item is at Meta as it was last wanted, and never was put back"),
        false => println!("NOT PROVED: {} findings", wrong.len()),
    }
    wrong.is_empty()
}
