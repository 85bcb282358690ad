//! Proves that kills lose nothing and double nothing: the same seeded history of customers is run undisturbed and
//! under kills, and both must end alike.
//!
//! The prover holds the stand-in for Meta and outlives its child, which is the real service on a faster clock. The
//! child is killed from outside (`kill -9`), dies at its own fail points, and has its sellers' actors killed; Meta's
//! stand-in refuses, loses answers, doubles and shuffles. What is compared at the end is what people would see:
//! orders, leads, messages in Meta's order, notes of the staff, and what customers really received.
//!
//! With `--catalog` nobody writes: catalogs go up, and what is compared is what Meta was told of each item with what was
//! last wanted of it.
//!
//! With `--poison` nobody kills it: one event ends the process whenever it is read, and must cost five starts and no
//! other event.
//!
//! That the prover can fail is shown by building a deliberate bug into the service. `claim_again` makes a call again
//! that an earlier life of the process may have made, which ends of the process show; `no_fence` lets an actor write
//! that another has replaced, which takes a rival to show; `no_pending_guard` has an event decided again that was decided
//! before, which takes readings that lag behind.
//!
//! ```text
//! cargo run --release -- prove --catalog --points --kills 30 --actor-kills 90
//! RUSTFLAGS='--cfg hawker_mutant="claim_again"' cargo run --target-dir target/mutant -- prove --points
//! RUSTFLAGS='--cfg hawker_mutant="no_fence"' cargo run --target-dir target/mutant -- prove --rival
//! RUSTFLAGS='--cfg hawker_mutant="no_pending_guard"' cargo run --target-dir target/mutant -- prove --stale
//! ```

mod actor_kills;
mod brief;
mod catalog;
pub mod child;
mod clock;
mod deliver;
mod end;
mod history;
mod keeper;
mod look;
mod places;
mod points;
mod poison;
mod run;
mod shops;
mod staff;

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::sync::watch;

use self::keeper::Trouble;
use self::places::Places;
use self::run::{Outcome, Pace, Rounds, Setup};

/// How long at most the history is continued for troubles that have not come to pass.
const MOST_ROUNDS: u32 = 20;

/// What to prove, and how hard to try.
#[derive(Clone, Debug, Args)]
pub struct ProveArgs {
    /// Makes history and troubles come out alike again.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sellers.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
    sellers: u32,
    /// New customers of each seller in each round; a customer writes about five messages.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    customers: u32,
    /// How often the process is killed from outside, as by `kill -9`.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=500))]
    kills: u32,
    /// How often an actor of a seller is killed or made to fall.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    actor_kills: u32,
    /// A PostgreSQL server on which databases may be made; without it SQLite is used.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The process also dies once at every fail point: before, during and after each.
    #[arg(long)]
    points: bool,
    /// A second tree of actors works on the same shops, as if a second process had got in: the fence keeps them apart.
    #[arg(long)]
    rival: bool,
    /// Now and then a seller is shown as pending what it decided last, as by a replica that lags behind.
    #[arg(long)]
    stale: bool,
    /// Instead of kills: one event ends the process whenever it is read. It must end in the ledger, and cost no other.
    #[arg(long, conflicts_with_all = ["points", "rival", "stale"])]
    poison: bool,
    /// Instead of customers who write: catalogs that go up, one by one at the cap and in batches. Of the actors killed,
    /// a third each are catalog syncs, sellers and supervisors.
    #[arg(long, conflicts_with_all = ["poison", "rival"])]
    catalog: bool,
    /// How many products go up one by one; a quarter of it in batches.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    products: u32,
}

/// Runs the history twice and says whether both ends are alike.
pub fn run(args: &ProveArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let passed = runtime.context("could not start the runtime")?.block_on(prove(args))?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn prove(args: &ProveArgs) -> anyhow::Result<bool> {
    let places = Places::make(args.database.as_deref()).await?;
    let told = match () {
        () if args.catalog => catalog::prove(args, &places).await,
        () if args.poison => poison::prove(args, &places).await,
        () => {
            println!("seed {}, {} sellers, {} customers each a round", args.seed, args.sellers, args.customers);
            both(args, &places).await
        }
    };
    if let Ok(true) = told {
        places.remove().await?;
    } else {
        println!("what was written is kept in {}", places.dir().display());
    }
    told
}

/// Runs both at once: most of the time they wait. The run under kills leads, as only it knows how many rounds it takes.
async fn both(args: &ProveArgs, places: &Places) -> anyhow::Result<bool> {
    let (lead, follow) = watch::channel(Rounds::default());
    let setup = |place, pace, troubles| Setup { args: args.clone(), place, pace, troubles };
    let rough = setup(places.place("kills").await?, Pace::Lead(lead), troubles(args));
    let calm = setup(places.place("calm").await?, Pace::Follow(follow), Vec::new());
    let rough = async { run::run(rough).await.context("the run under kills did not come to its end") };
    let calm = async { run::run(calm).await.context("the undisturbed run did not come to its end") };
    let (rough, calm) = tokio::try_join!(rough, calm)?;
    Ok(verdict(args, &rough, &calm))
}

/// Deaths at fail points in their order, and kills from outside spread among them.
fn troubles(args: &ProveArgs) -> Vec<Trouble> {
    let mut groups: Vec<Vec<Trouble>> = match args.points {
        true => points::all().into_iter().map(|group| group.into_iter().map(Trouble::Point).collect()).collect(),
        false => vec![Vec::new()],
    };
    let (kills, places) = (keeper::shuffled_kills(args.seed, args.kills), groups.len());
    for (n, kill) in kills.into_iter().enumerate() {
        // Never before the first of a group: the first of all are those at which shops are opened.
        groups[n % places].push(kill);
    }
    if args.points {
        groups.iter_mut().for_each(|group| group.push(Trouble::Breath));
    }
    groups.concat()
}

fn verdict(args: &ProveArgs, rough: &Outcome, calm: &Outcome) -> bool {
    let mut wrong = Vec::new();
    wrong.extend(calm.wrong.iter().map(|text| format!("undisturbed: {text}")));
    wrong.extend(rough.wrong.iter().map(|text| format!("under kills: {text}")));
    wrong.extend(end::differences(&calm.end, &rough.end, &rough.loose));
    if args.points {
        println!("\ndeaths at fail points:\n{}", points::table(&points::labels(), &rough.tally.points));
        wrong.extend(points::not_reached(&points::labels(), &rough.tally.points));
    }
    println!("\n{}", rough.summary());
    for text in wrong.iter().take(60) {
        println!("  WRONG {text}");
    }
    if wrong.len() > 60 {
        println!("  ... and {} more", wrong.len() - 60);
    }
    match wrong.is_empty() {
        true => println!("PROVED: both runs end alike, nothing lost and nothing doubled"),
        false => println!("NOT PROVED: {} findings", wrong.len()),
    }
    wrong.is_empty()
}
