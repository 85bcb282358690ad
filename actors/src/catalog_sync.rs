//! The catalog sync's own actor: reads what is for sale and what is known of it at Meta, a page at a time, and prepares
//! what its seller asks for. It lives while a run moves. It decides nothing that is remembered, writes nothing and makes
//! no call: what it has prepared, the seller stores, and the courier carries.

mod ask;
mod plan;
mod push;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::{Instrument, debug, info_span};

use crate::domain::ids::{CatalogId, SellerId};
use crate::domain::sync::plan::Compare;
use crate::shop::{Found, Prepared, Task, Work};
use crate::store::{Snapshot, StoreError};
use crate::trouble::{Trouble, within};
use crate::world::World;

/// What it can be told.
pub(crate) enum CatalogSyncMsg {
    /// Prepare this.
    Prepare(Task),
}

/// Where it sits.
pub(crate) struct Bench {
    pub(crate) world: Arc<World>,
    pub(crate) seller: SellerId,
    /// Brings its seller what it has prepared.
    pub(crate) bring: Box<dyn Fn(Prepared) + Send + Sync>,
}

/// The actor.
pub(crate) struct CatalogSync;

impl Actor for CatalogSync {
    type Msg = CatalogSyncMsg;
    type State = Bench;
    type Arguments = Bench;

    async fn pre_start(&self, _me: ActorRef<CatalogSyncMsg>, bench: Bench) -> Result<Bench, ActorProcessingErr> {
        Ok(bench)
    }

    async fn handle(
        &self,
        _me: ActorRef<CatalogSyncMsg>,
        message: CatalogSyncMsg,
        bench: &mut Bench,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CatalogSyncMsg::Prepare(task) => Box::pin(bench.prepare(task)).await?,
        }
        Ok(())
    }
}

impl Bench {
    async fn prepare(&self, task: Task) -> Result<(), Trouble> {
        let span = info_span!("sync", seller.id = self.seller.0, run.id = task.run.0);
        let found = within(self.world.settings.store_timeout, self.find(&task)).instrument(span).await?;
        debug!(seller.id = self.seller.0, run.id = task.run.0, "prepared: {}", task.work.word());
        (self.bring)(Prepared { task, found });
        Ok(())
    }

    /// All of one page is of one moment: of a product that changes meanwhile, no half is of before and the other of after.
    async fn find(&self, task: &Task) -> Result<Found, StoreError> {
        let reads = self.world.store.snapshot().await?;
        let found = Look { reads: &reads, seller: self.seller, now: self.world.clock.now() }.find(task).await?;
        reads.rollback().await?;
        Ok(found)
    }
}

/// What is there at one moment.
struct Look<'a> {
    reads: &'a Snapshot,
    seller: SellerId,
    now: DateTime<Utc>,
}

impl Look<'_> {
    async fn find(&self, task: &Task) -> Result<Found, StoreError> {
        match &task.work {
            Work::Plan { is_full: true, cursor, .. } => plan::all(self, task, cursor).await,
            Work::Plan { is_full: false, since, cursor } => plan::changed(self, task, (*since, cursor)).await,
            Work::Push { items, bytes } => push::load(self, task, (*items, *bytes)).await,
            Work::Peek => push::peek(self, task).await,
            Work::Missing { cursor, since } => ask::missing(self, task, (cursor, *since)).await,
            Work::Ask { cursor } => ask::next(self, task, cursor).await,
        }
    }

    fn compare<'a>(&self, task: &'a Task, taken: &'a dyn Fn(&str) -> bool, rejected_again: bool) -> Compare<'a> {
        Compare { making: &task.making, taken, rejected_again, now: self.now }
    }

    fn of(&self, task: &Task) -> (SellerId, CatalogId) {
        (self.seller, task.catalog)
    }
}

#[cfg(test)]
mod tests;
