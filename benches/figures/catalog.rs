//! A shop with a catalog at the stand-in for Meta, and its runs from their start to their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::domain::command::{CatalogWanted, Command, RunWanted};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::sync::catalog::CatalogSettings;
use actors::domain::sync::run::{Phase, RunKind, RunStatus, SyncRun};
use actors::ports::Clock;
use actors::sellers::Asked;
use actors::store::goods::{self, With};
use actors::store::sync;
use anyhow::{Context, bail, ensure};
use chrono::{DateTime, TimeDelta};
use tokio::time::sleep;

use crate::clock::SkippingClock;
use crate::house::House;
use crate::measure::{forget_most, most_resident, resident};
use crate::meta::{CATALOG, Meta, Seen};
use crate::rows::Goods;

const SELLER: SellerId = SellerId(1);
/// How often to look how far a run is.
const LOOK: Duration = Duration::from_millis(1);
/// Longer than any run takes.
const PATIENCE: Duration = Duration::from_secs(1800);

/// How a catalog of the figures is kept up: only when somebody asks.
pub(crate) fn settings() -> CatalogSettings {
    CatalogSettings { reviews: false, drift: false, ..CatalogSettings::default() }
}

/// The shop, the stand-in, and the clock of the shop.
pub(crate) struct Shop {
    pub(crate) house: House,
    pub(crate) meta: Meta,
    clock: SkippingClock,
}

/// What a run took.
pub(crate) struct Took {
    /// As it ended.
    pub(crate) run: SyncRun,
    /// Until nothing was left to be looked at.
    pub(crate) plan: Duration,
    /// Until its end.
    pub(crate) all: Duration,
    /// The same by the shop's clock, with all that it waited for.
    pub(crate) by_the_clock: TimeDelta,
    /// Bytes held more than before, at most.
    pub(crate) memory: i64,
    /// Calls and batches that came to the stand-in meanwhile, and its items by now.
    pub(crate) seen: Seen,
}

impl Shop {
    /// Opens it with these goods.
    pub(crate) async fn open(goods: Goods) -> anyhow::Result<Self> {
        let (clock, meta) = (SkippingClock::new(), Meta::start()?);
        let house = House::with_catalog(goods, &meta, Arc::new(clock.clone())).await?;
        let shop = Self { house, meta, clock };
        if !goods.at_meta {
            let connection = ConnectionId(shop.house.one("SELECT id FROM connection WHERE seller_id = 1").await?);
            let wanted = CatalogWanted { meta_id: CATALOG.to_owned(), connection, settings: settings() };
            shop.asks(Command::PutCatalog(wanted)).await?;
        }
        // So that its actor has its products in memory, whatever is measured next.
        shop.asks(Command::PutProducts { products: Vec::new() }).await?;
        Ok(shop)
    }

    async fn asks(&self, command: Command) -> anyhow::Result<()> {
        match self.house.sellers.command(SELLER, None, command).await? {
            Asked::Answered(answer) => ensure!(answer.get("error").is_none(), "{answer}"),
            // A large shop takes a while until it is loaded.
            Asked::Accepted(key) => {
                while self.house.sellers.answer(SELLER, &key).await?.is_none() {
                    sleep(LOOK).await;
                }
            }
            Asked::KeyOfAnother(key) => bail!("{key} was used before"),
        }
        Ok(())
    }

    /// Gives so many products another price, from this place on.
    pub(crate) async fn reprices(&self, (first, products): (usize, u64), price: i64) -> anyhow::Result<()> {
        let (reads, after) = (self.house.store.reads(), Goods::sku(first));
        let mut products = goods::page(reads, SELLER, &after, products, With::Details).await?;
        products.iter_mut().for_each(|product| (product.price.minor, product.version) = (price, 0));
        self.asks(Command::PutProducts { products }).await
    }

    /// Starts a run and sees it to its end. Whatever it waits for comes at once.
    pub(crate) async fn runs(&mut self, kind: RunKind) -> anyhow::Result<Took> {
        let before = self.meta.seen()?;
        forget_most()?;
        let (held, began, first) = (resident()?, Instant::now(), self.clock.now());
        self.asks(Command::StartSync(RunWanted { kind, rejected_again: false })).await?;
        let mut plan = None;
        let run = loop {
            let newest = sync::runs(self.house.store.reads(), SELLER, None, 1).await?.pop();
            let run = newest.context("it did not begin")?;
            if run.phase != Phase::Plan && plan.is_none() {
                plan = Some(began.elapsed());
            }
            if !run.is_open() {
                break run;
            }
            ensure!(began.elapsed() < PATIENCE, "it does not end: {run:?}");
            self.skip_what_it_waits_for().await?;
            sleep(LOOK).await;
        };
        ensure!(run.status == RunStatus::Completed, "{run:?}");
        let (all, by_the_clock, memory) = (began.elapsed(), self.clock.now() - first, most_resident()? - held);
        let now = self.meta.seen()?;
        ensure!(now.wrong == 0, "Meta does not want to be called so");
        let seen = Seen { batches: now.batches - before.batches, calls: now.calls - before.calls, ..now };
        Ok(Took { run, plan: plan.unwrap_or(all), all, by_the_clock, memory, seen })
    }

    async fn skip_what_it_waits_for(&self) -> anyhow::Result<()> {
        let due =
            self.house.one("SELECT COALESCE(MIN(due), 0) FROM alarm WHERE seller_id = 1 AND kind = 'sync'").await?;
        self.clock.skip_to(DateTime::from_timestamp_millis(due).context("no time")?);
        Ok(())
    }

    /// Closes it.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.house.close().await
    }
}
