//! Runs from their start to their end on a real database, against a catalog that behaves as told, under a driven clock.

mod stand_in;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use stand_in::{Fault, HandClock, StandIn};

use crate::domain::budget::OwnCaps;
use crate::domain::catalog::{Details, Product};
use crate::domain::command::{CatalogWanted, Command, RunWanted};
use crate::domain::ids::{ConnectionId, EventSeq};
use crate::domain::money::Money;
use crate::domain::sync::catalog::{CatalogSettings, SyncMode};
use crate::domain::sync::item::Review;
use crate::domain::sync::known::{ItemState, KnownItem};
use crate::domain::sync::run::{PauseWhy, RunKind, RunStatus, SyncRun};
use crate::house::{FakeGraph, House, hasty, said, until};
use crate::ports::Clock;
use crate::sellers::Asked;
use crate::status::Slot;
use crate::store::sync;
use crate::world::TreeSettings;

const NOON: i64 = 1_790_856_000;

/// A house with a catalog at Meta.
struct Shop {
    house: House,
    clock: Arc<HandClock>,
    meta: Arc<StandIn>,
}

fn product(n: usize, price: i64) -> Product {
    let details = Details {
        description: Some(format!("Thing number {n}")),
        link: Some(format!("https://shop.example/{n}")),
        images: vec![format!("https://shop.example/{n}.jpg")],
        ..Details::default()
    };
    let price = Money { minor: price, currency: "EUR".parse().unwrap() };
    Product { details: details.kept(), ..Product::new(&format!("SKU{n:05}"), &format!("Thing {n}"), price) }
}

fn batch() -> CatalogSettings {
    CatalogSettings { reviews: false, drift: false, ..CatalogSettings::default() }
}

fn one_by_one() -> CatalogSettings {
    CatalogSettings { mode: SyncMode::OneByOne, ..batch() }
}

impl Shop {
    async fn with(products: usize, settings: CatalogSettings) -> Self {
        Self::patient(products, settings, hasty()).await
    }

    async fn patient(products: usize, settings: CatalogSettings, tree: TreeSettings) -> Self {
        let (clock, meta) = (HandClock::at(NOON), Arc::new(StandIn::default()));
        let outside = (clock.clone() as Arc<dyn Clock>, meta.clone() as _);
        let house = House::build_around(tree, EventSeq(0), outside, Arc::new(FakeGraph::new())).await;
        let shop = Self { house, clock, meta };
        shop.put((0..products).map(|n| product(n, 1000)).collect()).await;
        let wanted = CatalogWanted { meta_id: "800".to_owned(), connection: ConnectionId(1), settings };
        shop.obeys(Command::PutCatalog(wanted)).await;
        shop.until_asked("look").await;
        shop.passes(TimeDelta::hours(2)).await;
        shop
    }

    async fn put(&self, products: Vec<Product>) {
        for products in products.chunks(500) {
            self.obeys(Command::PutProducts { products: products.to_vec() }).await;
        }
    }

    async fn asks(&self, command: Command) -> Value {
        match self.house.tree.sellers.command(self.house.seller, None, command).await.unwrap() {
            Asked::Answered(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    async fn obeys(&self, command: Command) -> Value {
        let answer = self.asks(command).await;
        assert!(answer.get("error").is_none(), "{answer}");
        answer
    }

    async fn starts(&self, kind: RunKind) {
        self.obeys(Command::StartSync(RunWanted { kind, rejected_again: false })).await;
    }

    async fn runs(&self) -> Vec<SyncRun> {
        sync::runs(self.house.world.store.reads(), self.house.seller, None, 100).await.unwrap()
    }

    async fn run(&self) -> SyncRun {
        self.runs().await.remove(0)
    }

    async fn items(&self) -> Vec<KnownItem> {
        let reads = self.house.world.store.reads();
        let catalog = sync::current(reads, self.house.seller).await.unwrap().unwrap();
        sync::page(reads, (self.house.seller, catalog.id), ("", None), 10_000).await.unwrap()
    }

    async fn states(&self) -> Vec<(ItemState, usize)> {
        let mut states = std::collections::BTreeMap::new();
        for item in self.items().await {
            *states.entry(item.state).or_insert(0) += 1;
        }
        states.into_iter().collect()
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn passes(&self, time: TimeDelta) {
        self.clock.move_to(self.now() + time);
    }

    async fn until_asked(&self, word: &str) {
        until(async || self.meta.with(|meta| meta.calls.contains(&word))).await;
    }

    /// Lets the clock pass to each next alarm until the newest run is over; answers its pauses' ends.
    async fn until_over(&self) -> SyncRun {
        loop {
            let run = self.until_still().await;
            if run.ended_at.is_some() {
                return run;
            }
            self.pass_to_next_alarm().await;
        }
    }

    async fn next_alarm(&self) -> Option<DateTime<Utc>> {
        crate::store::alarms::next_due(self.house.world.store.reads(), DateTime::UNIX_EPOCH).await.unwrap()
    }

    async fn pass_to_next_alarm(&self) {
        if let Some(due) = self.next_alarm().await {
            self.clock.move_to(due.max(self.now()));
        }
    }

    /// Waits until nothing moves but by the clock: the run is over, or there is an alarm and no call on the wire.
    async fn until_still(&self) -> SyncRun {
        let (mut last, mut same) = (None, 0);
        until(async || {
            let run = self.run().await;
            let waits = self.next_alarm().await.is_some_and(|due| due > self.now());
            let is_still = run.ended_at.is_some() || (waits && self.house.world.calls.count() == 0);
            same = if is_still && last.as_ref() == Some(&run) { same + 1 } else { 0 };
            last = Some(run);
            same > 3
        })
        .await;
        last.unwrap()
    }

    fn writes(&self) -> usize {
        self.meta.with(|meta| meta.writes.len())
    }

    fn fails_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.meta.with(|meta| meta.faults.extend(faults));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_goes_up_in_batches_and_then_only_what_has_changed() {
    let shop = Shop::with(7000, batch()).await;
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.counts.create, run.counts.accepted), (RunStatus::Completed, 7000, 7000));
    assert_eq!(shop.states().await, [(ItemState::Accepted, 7000)]);
    assert_eq!(shop.meta.with(|meta| (meta.batches.clone(), meta.items.len())), (vec![3000, 3000, 1000], 7000));
    let calls = shop.meta.with(|meta| meta.calls.len());
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.counts.unchanged), (RunStatus::Completed, 7000));
    assert_eq!(shop.meta.with(|meta| meta.calls.len()), calls, "nothing has changed, so nothing is called");
    shop.put((0..100).map(|n| product(n * 70, 1100)).collect()).await;
    shop.obeys(Command::RemoveProducts { products: vec!["SKU00001".to_owned()] }).await;
    shop.starts(RunKind::Incremental).await;
    let run = shop.until_over().await;
    assert_eq!((run.counts.looked_at, run.counts.update, run.counts.delete), (101, 100, 1));
    assert_eq!((run.counts.accepted, run.counts.removed), (100, 1));
    assert_eq!(shop.meta.with(|meta| (meta.batches.clone(), meta.items.len())), (vec![3000, 3000, 1000, 101], 6999));
    assert!(shop.house.tree.sellers.status(shop.house.seller).await.unwrap().falls == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_cap_a_run_waits_until_a_told_time_and_a_reply_goes_out_meanwhile() {
    let tree = TreeSettings { idle_unload: std::time::Duration::from_millis(20), ..hasty() };
    let shop = Shop::patient(100, one_by_one(), tree).await;
    let caps = OwnCaps { graph_per_hour: Some(20), graph_reserve: Some(0), ..OwnCaps::default() };
    shop.obeys(Command::PutBudget { caps }).await;
    let began = shop.now();
    shop.starts(RunKind::Full).await;
    let mut pauses = 0;
    loop {
        let run = shop.until_still().await;
        if run.ended_at.is_some() {
            break;
        }
        pauses += 1;
        assert_eq!((run.status, run.pause.as_ref().map(|pause| pause.why)), (RunStatus::Paused, Some(PauseWhy::Cap)));
        assert_eq!(run.counts.accepted, 20 * pauses);
        until(async || shop.house.tree.sellers.status(shop.house.seller).await.unwrap().slot == Slot::NotLoaded).await;
        shop.pass_to_next_alarm().await;
    }
    let run = shop.run().await;
    assert_eq!((run.status, pauses, run.pauses.len(), shop.writes()), (RunStatus::Completed, 4, 4, 100));
    let took = run.ended_at.unwrap() - began;
    assert!(took >= TimeDelta::hours(4) && took < TimeDelta::hours(4) + TimeDelta::minutes(2), "{took}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_without_an_answer_is_sent_again_as_it_was() {
    let shop = Shop::with(5, batch()).await;
    shop.fails_next([Fault::DoneUnheard, Fault::Unheard]);
    shop.starts(RunKind::Full).await;
    shop.until_still().await;
    shop.put(vec![product(0, 2000)]).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.counts.accepted), (RunStatus::Completed, 5));
    let price = shop.meta.with(|meta| meta.items["SKU00000"].price.minor);
    assert_eq!(price, 1000, "what changed since goes up with the next run");
    shop.starts(RunKind::Incremental).await;
    shop.until_over().await;
    assert_eq!(
        shop.meta.with(|meta| (meta.items["SKU00000"].price.minor, meta.batches.clone())),
        (2000, vec![5, 5, 1])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_meta_asks_for_is_done() {
    let shop = Shop::with(8, batch()).await;
    shop.fails_next([Fault::TooMuch(3)]);
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, shop.meta.with(|meta| meta.batches.clone())), (RunStatus::Completed, vec![2, 2, 2, 2]));
    shop.meta.with(|meta| meta.faults.clear());

    shop.put(vec![product(0, 1200)]).await;
    shop.fails_next([Fault::Throttled(120)]);
    let began = shop.now();
    shop.starts(RunKind::Incremental).await;
    let run = shop.until_still().await;
    let pause = run.pause.unwrap();
    assert_eq!((pause.why, pause.until), (PauseWhy::Hold, Some(began + TimeDelta::seconds(120))));
    assert_eq!(shop.until_over().await.status, RunStatus::Completed);

    shop.put(vec![product(0, 1300)]).await;
    shop.fails_next([Fault::NothingTaken, Fault::NothingTaken, Fault::NothingTaken]);
    shop.starts(RunKind::Incremental).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.failure.unwrap().code.as_str()), (RunStatus::Failed, "nothing_taken"));
    shop.starts(RunKind::Incremental).await;
    assert_eq!(shop.until_over().await.status, RunStatus::Completed, "what was owed is owed still");
    assert_eq!(shop.meta.with(|meta| meta.items["SKU00000"].price.minor), 1300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_that_never_finishes_is_given_up_and_its_items_are_owed_again() {
    let shop = Shop::with(3, batch()).await;
    shop.fails_next([Fault::NeverFinished]);
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.failure.unwrap().code.as_str()), (RunStatus::Failed, "never_finished"));
    assert_eq!(shop.states().await, [(ItemState::Owed, 3)]);
    assert_eq!(shop.meta.with(|meta| meta.batches.clone()), [3, 3, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_never_answered_is_given_up_and_keeps_nothing_from_going_up_for_ever() {
    let shop = Shop::with(3, batch()).await;
    shop.fails_next(vec![Fault::Unheard; 48]);
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.failure.unwrap().code.as_str()), (RunStatus::Failed, "no_answer"));
    assert!(run.ended_at.unwrap() - run.started_at > TimeDelta::hours(6), "a short outage ends nothing");
    assert_eq!(shop.states().await, [(ItemState::Owed, 3)]);
    shop.fails_next(vec![Fault::Unheard; 16]);
    shop.starts(RunKind::Full).await;
    shop.until_still().await;
    shop.obeys(Command::CancelSync { run: None }).await;
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.counts.accepted, shop.writes()), (RunStatus::Completed, 3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_a_run_waits_for_the_account_and_then_goes_on() {
    let shop = Shop::with(3, batch()).await;
    shop.fails_next([Fault::Token]);
    shop.starts(RunKind::Full).await;
    until(async || shop.run().await.pause.is_some()).await;
    let pause = shop.run().await.pause.unwrap();
    assert_eq!((pause.why, pause.until), (PauseWhy::Reconnect, None));
    assert_eq!(shop.states().await, [(ItemState::Owed, 3)]);
    shop.obeys(Command::ResumeSync { run: None }).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.counts.accepted, shop.writes()), (RunStatus::Completed, 3, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_meta_will_not_take_says_why_and_goes_up_once_it_is_mended() {
    let shop = Shop::with(3, CatalogSettings { reviews: true, ..batch() }).await;
    shop.meta.with(|meta| {
        meta.refuses.insert("SKU00001".into(), "The picture is broken".into());
        meta.reviews.insert("SKU00000".into(), (Review::Approved, vec![]));
        meta.reviews.insert("SKU00002".into(), (Review::Rejected, vec!["It is a weapon".into()]));
    });
    shop.put(vec![Product { details: None, ..product(9, 1) }]).await;
    shop.starts(RunKind::Full).await;
    let run = shop.until_over().await;
    let counts = run.counts;
    assert_eq!((counts.create, counts.refused, counts.accepted, counts.rejected), (3, 1, 2, 1));
    assert_eq!((run.status, run.refusals[0].code.as_str()), (RunStatus::CompletedWithRejections, "EMPTY_DESCRIPTION"));
    // The review is asked for by itself.
    shop.pass_to_next_alarm().await;
    until(async || shop.runs().await.iter().any(|run| run.kind == RunKind::Review && run.ended_at.is_some())).await;
    let items = shop.items().await;
    let reasons: Vec<_> = items.iter().map(|item| (item.state, item.reason.as_deref().unwrap_or(""))).collect();
    assert_eq!(reasons[0], (ItemState::Live, ""));
    assert_eq!(reasons[1], (ItemState::Rejected, "The picture is broken"));
    assert_eq!(reasons[2], (ItemState::Rejected, "It is a weapon"));
    assert_eq!(reasons[3].0, ItemState::Refused);
    shop.starts(RunKind::Full).await;
    assert_eq!(shop.until_over().await.counts.total(), 0, "what was rejected is not sent again as it is");
    shop.meta.with(|meta| meta.refuses.clear());
    shop.put(vec![product(1, 1234)]).await;
    let before = shop.writes();
    shop.starts(RunKind::Incremental).await;
    assert_eq!((shop.until_over().await.counts.accepted, shop.writes() - before), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_through_all_of_it_finds_and_mends_what_was_changed_at_meta() {
    let shop = Shop::with(6, CatalogSettings { drift: true, ..batch() }).await;
    shop.starts(RunKind::Full).await;
    shop.until_over().await;
    shop.obeys(Command::RemoveProducts { products: vec!["SKU00005".to_owned()] }).await;
    shop.starts(RunKind::Incremental).await;
    shop.until_over().await;
    let (gone, foreign) = shop.meta.with(|meta| {
        let gone = meta.items.remove("SKU00001").unwrap();
        meta.items.get_mut("SKU00002").unwrap().price.minor = 1;
        let back = crate::domain::sync::item::CatalogItem { retailer_id: "SKU00005".into(), ..gone.clone() };
        meta.items.insert("SKU00005".into(), back);
        let foreign = crate::domain::sync::item::CatalogItem { retailer_id: "ELSE".into(), ..gone.clone() };
        meta.items.insert("ELSE".into(), foreign.clone());
        (gone, foreign)
    });
    let day = shop.now() + TimeDelta::days(1);
    shop.pass_to_next_alarm().await;
    until(async || shop.run().await.kind == RunKind::Drift).await;
    shop.until_over().await;
    assert!(shop.now() <= day, "within a day");
    let run = shop.runs().await.into_iter().find(|run| run.kind == RunKind::Drift).unwrap();
    let counts = run.counts;
    assert_eq!((counts.missing, counts.changed_there, counts.orphaned, counts.foreign), (1, 1, 1, 1));
    shop.meta.with(|meta| {
        assert_eq!(meta.items["SKU00001"], gone);
        assert_eq!(meta.items["SKU00002"].price.minor, 1000);
        assert_eq!(meta.items["ELSE"], foreign, "what is not ours is left alone");
        assert!(!meta.items.contains_key("SKU00005"));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_paused_resumed_and_cancelled_and_a_second_start_joins_it() {
    let shop = Shop::with(60, one_by_one()).await;
    let caps = OwnCaps { graph_per_hour: Some(10), graph_reserve: Some(0), ..OwnCaps::default() };
    shop.obeys(Command::PutBudget { caps }).await;
    shop.starts(RunKind::Full).await;
    shop.until_still().await;
    let joined = shop.obeys(Command::StartSync(RunWanted { kind: RunKind::Full, rejected_again: false })).await;
    assert_eq!((joined["joined"].as_bool(), shop.runs().await.len()), (Some(true), 1));
    let dry = shop.asks(Command::StartSync(RunWanted { kind: RunKind::DryRun, rejected_again: false })).await;
    assert_eq!(dry["error"], "run_in_progress");
    shop.obeys(Command::PauseSync { run: None }).await;
    shop.passes(TimeDelta::hours(5)).await;
    assert_eq!(shop.run().await.pause.unwrap().why, PauseWhy::ByHand);
    assert_eq!(shop.writes(), 10);
    shop.obeys(Command::ResumeSync { run: None }).await;
    until(async || shop.writes() == 20).await;
    shop.until_still().await;
    shop.obeys(Command::CancelSync { run: None }).await;
    assert_eq!(shop.run().await.status, RunStatus::Cancelled);
    assert_eq!(shop.asks(Command::CancelSync { run: None }).await["error"], "no_run");
    shop.starts(RunKind::DryRun).await;
    let run = shop.until_over().await;
    assert_eq!((run.status, run.counts.create, run.counts.unchanged), (RunStatus::Completed, 40, 20));
    assert_eq!(shop.writes(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_when_ever_the_end_is_the_same() {
    for (seed, settings) in [(1, batch()), (2, one_by_one())] {
        let shop = Shop::with(150, settings).await;
        let mut chance = StdRng::seed_from_u64(seed);
        shop.starts(RunKind::Full).await;
        for _ in 0..100 {
            for _ in 0..chance.random_range(0..400) {
                tokio::task::yield_now().await;
            }
            let _ = shop.house.tree.sellers.kill(shop.house.seller).await;
            if chance.random_bool(0.2) {
                shop.passes(TimeDelta::seconds(20)).await;
            }
        }
        shop.house.tree.sellers.resume(shop.house.seller).await.unwrap();
        let run = shop.until_over().await;
        assert_eq!((run.status, run.counts.accepted), (RunStatus::Completed, 150), "seed {seed}");
        assert_eq!(shop.states().await, [(ItemState::Accepted, 150)]);
        shop.meta.with(|meta| {
            assert_eq!(meta.items.len(), 150);
            assert!(meta.items.values().all(|item| item.price.minor == 1000));
        });
        println!("seed {seed}: {} item writes repeated", shop.writes() - 150);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_goes_before_the_catalog() {
    let shop = Shop::with(3, one_by_one()).await;
    let caps = OwnCaps { graph_per_hour: Some(1), graph_reserve: Some(0), ..OwnCaps::default() };
    shop.obeys(Command::PutBudget { caps }).await;
    shop.starts(RunKind::Full).await;
    shop.until_still().await;
    shop.house.tree.journal.append(vec![said("a", "one Thing 1 please")]).await.unwrap();
    until(async || {
        shop.passes(TimeDelta::seconds(1)).await;
        shop.meta.with(|meta| meta.calls.contains(&"send"))
    })
    .await;
    assert_eq!((shop.run().await.status, shop.writes()), (RunStatus::Paused, 1));
}
