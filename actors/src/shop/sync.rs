//! The catalog sync as a shop decides it: runs, what they are to do next, the calls they make and what came of them.
//!
//! One call that changes items is open at a time, so that none overtakes another. What is in it is stored before it
//! leaves; until Meta is through with it, nothing newer is sent of its items.

mod answers;
mod commands;
mod drive;
mod ends;
mod prepared;
mod upkeep;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::alarm::{AlarmKey, AlarmKind};
use crate::domain::channel::Account;
use crate::domain::event::{CallResult, Happening};
use crate::domain::ids::{CatalogId, ConnectionId, OutboxId, RunId};
use crate::domain::shop_event::{Occurrence, ShopEventKind};
use crate::domain::sync::build::Making;
use crate::domain::sync::call::{CatalogAnswer, CatalogAsk};
use crate::domain::sync::catalog::MetaCatalog;
use crate::domain::sync::changes::{BatchEnd, SyncChanges};
use crate::domain::sync::errand::{Errand, ErrandState};
use crate::domain::sync::known::KnownItem;
use crate::domain::sync::run::{RunKind, SyncRun};
use crate::store::sync::{Stored, SyncKnown};
use crate::store::threads::Wanted;

use super::Shop;
use super::step::Step;

pub(crate) use prepared::{Found, Prepared, Task, Work};

/// The alarm by which a run goes on.
const GO_ON: AlarmKey = AlarmKey { kind: AlarmKind::Sync, subject: 0 };

/// How shops sync, from the settings of the process.
#[derive(Clone, Copy, Debug)]
pub struct SyncRules {
    /// Items of a batch, at most.
    pub batch_items: u32,
    /// Bytes of a batch, at most.
    pub batch_bytes: usize,
    /// Items of a page that Meta is asked for.
    pub list_items: u32,
    /// How long Meta may take over a batch before its items are sent again.
    pub handle_deadline: TimeDelta,
    /// How long after a run Meta is first asked what its review says.
    pub review_after: TimeDelta,
}

impl Default for SyncRules {
    fn default() -> Self {
        Self {
            batch_items: 3000,
            batch_bytes: 20 << 20,
            list_items: 500,
            handle_deadline: TimeDelta::minutes(15),
            review_after: TimeDelta::minutes(10),
        }
    }
}

/// The catalog, and what moves there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Syncing {
    pub(super) catalog: Option<MetaCatalog>,
    pub(super) run: Option<SyncRun>,
    /// Calls that are not over.
    pub(super) errands: BTreeMap<OutboxId, Errand>,
}

/// What a shop knows of its sync beyond what is stored.
#[derive(Default)]
pub(super) struct SyncDesk {
    pub(super) now: Syncing,
    /// What this turn knows of items, and of a catalog of earlier.
    pub(super) known: SyncKnown,
    /// What whoever prepares is to do next.
    task: Option<Task>,
    /// The run of which it is known that something is owed, while nothing can be sent.
    more: Option<RunId>,
    /// When the alarm goes off by which the run goes on; after the load of a shop with something open, some time.
    alarm: Option<DateTime<Utc>>,
    /// Claimed in this turn: to be handed over once it is stored.
    claimed: Vec<OutboxId>,
    /// Stored as claimed, and not handed over yet.
    handed: Vec<OutboxId>,
}

/// What a step changes of it, beside the values themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct SyncStep {
    pub(super) items: BTreeMap<(CatalogId, String), KnownItem>,
    pub(super) batches: Vec<BatchEnd>,
    pub(super) forgets_runs: bool,
    pub(super) claimed: Vec<OutboxId>,
    pub(super) knows_more: Option<RunId>,
    pub(super) catalogs: BTreeMap<CatalogId, MetaCatalog>,
    pub(super) runs: BTreeMap<RunId, SyncRun>,
    pub(super) errands: BTreeMap<OutboxId, Errand>,
}

impl SyncStep {
    /// Takes over what a step adds; where both name a row, the step's is newer.
    pub(super) fn add(&mut self, step: SyncStep) {
        self.items.extend(step.items);
        self.batches.extend(step.batches);
        self.forgets_runs |= step.forgets_runs;
        self.claimed.extend(step.claimed);
        self.catalogs.extend(step.catalogs);
        self.runs.extend(step.runs);
        for (id, mut errand) in step.errands {
            // What it asks is told once, when it is made.
            errand.ask = errand.ask.or_else(|| self.errands.get(&id).and_then(|known| known.ask.clone()));
            self.errands.insert(id, errand);
        }
    }

    pub(super) fn into_changes(self) -> Option<Box<SyncChanges>> {
        let changes = SyncChanges {
            catalogs: self.catalogs.into_values().collect(),
            runs: self.runs.into_values().collect(),
            errands: self.errands.into_values().collect(),
            items: self.items.into_iter().map(|((catalog, _), item)| (catalog, item)).collect(),
            batches: self.batches,
            forgets_runs: self.forgets_runs,
        };
        (changes != SyncChanges::default()).then(|| Box::new(changes))
    }
}

/// A call to be handed over, with all that the courier needs.
pub(crate) struct HandedErrand {
    pub(crate) id: OutboxId,
    pub(crate) attempt: i32,
    pub(crate) connection: ConnectionId,
    pub(crate) account: Account,
    pub(crate) catalog: String,
    pub(crate) ask: CatalogAsk,
}

impl SyncDesk {
    pub(super) fn loaded(stored: Stored) -> Self {
        let errands: BTreeMap<_, _> = stored.errands.into_iter().map(|errand| (errand.id, errand)).collect();
        let alarm = (stored.run.is_some() || !errands.is_empty()).then_some(DateTime::UNIX_EPOCH);
        Self { now: Syncing { catalog: stored.catalog, run: stored.run, errands }, alarm, ..Self::default() }
    }

    /// Calls on the wire.
    pub(super) fn in_flight(&self) -> usize {
        self.now.errands.values().filter(|errand| errand.is_in_flight()).count()
    }

    /// True when something was claimed that must be on disk before it leaves.
    pub(super) fn must_flush(&self) -> bool {
        !self.claimed.is_empty()
    }

    /// The turn's changes are taken: what was claimed is handed over next.
    pub(super) fn taken(&mut self) {
        self.handed = std::mem::take(&mut self.claimed);
        self.known = SyncKnown::default();
    }
}

impl Syncing {
    /// The open run, if it is this one.
    fn run_of(&mut self, errand: &Errand) -> Option<&mut SyncRun> {
        self.run.as_mut().filter(|run| Some(run.id) == errand.run)
    }

    /// True while a call is open that changes items.
    fn has_open_push(&self) -> bool {
        self.errands.values().any(Errand::is_a_push)
    }
}

impl<'a> Step<'a> {
    /// The sync, to be changed: a copy of what the shop has.
    fn syncing(&mut self) -> &mut Syncing {
        let shop: &'a Shop = self.shop;
        self.sync.get_or_insert_with(|| shop.sync.now.clone())
    }

    fn catalog_id(&mut self) -> Option<CatalogId> {
        self.syncing().catalog.as_ref().map(|catalog| catalog.id)
    }

    /// An item as this turn knows it.
    fn known_item(&mut self, retailer_id: &str) -> Option<KnownItem> {
        let catalog = self.catalog_id()?;
        let in_turn = self.shop.turn.sync.items.get(&(catalog, retailer_id.to_owned()));
        let in_step = self.out.sync.items.get(&(catalog, retailer_id.to_owned()));
        in_step.or(in_turn).or_else(|| self.shop.sync.known.items.get(retailer_id)).cloned()
    }

    fn put_item(&mut self, catalog: CatalogId, item: KnownItem) {
        self.out.sync.items.insert((catalog, item.retailer_id.clone()), item);
    }

    fn tell_of_run(&mut self, kind: ShopEventKind, run: &SyncRun) {
        // What is only asked of Meta, each hour or night, is no news.
        if run.kind != RunKind::Review {
            self.out.told.push(Occurrence::to(kind, run.id.0));
        }
    }
}

impl Shop {
    /// Takes over what a step changed of the sync.
    pub(super) fn follow_sync(&mut self, now: Option<Syncing>, out: &mut SyncStep) {
        self.sync.more = out.knows_more.take().or(self.sync.more);
        let Some(after) = now else { return };
        let before = std::mem::replace(&mut self.sync.now, after);
        let after = &mut self.sync.now;
        let of_catalog = after.catalog.iter().filter(|catalog| before.catalog.as_ref() != Some(*catalog));
        out.catalogs.extend(of_catalog.map(|catalog| (catalog.id, catalog.clone())));
        let of_run = after.run.iter().filter(|run| before.run.as_ref() != Some(*run));
        out.runs.extend(of_run.map(|run| (run.id, run.clone())));
        after.run = after.run.take().filter(SyncRun::is_open);
        let of_errands = after.errands.values().filter(|errand| before.errands.get(&errand.id) != Some(*errand));
        out.errands.extend(of_errands.map(|errand| (errand.id, errand.clone())));
        if !after.errands.is_empty() || after.run.is_none() {
            self.sync.more = None;
        }
        after.errands.retain(|_, errand| errand.state != ErrandState::Over);
        self.sync.claimed.append(&mut out.claimed);
    }

    /// What must be read before the end of a call about the catalog can be decided.
    pub(super) fn want_for_errand(&self, wanted: &mut Wanted, happening: &Happening) {
        let Happening::CallEnded(ended) = happening else { return };
        let Some(errand) = self.sync.now.errands.get(&ended.outbox) else { return };
        wanted.sync.catalog = Some(errand.catalog);
        wanted.sync.items.extend(errand.subject.clone());
        let CallResult::Catalog { told } = &ended.result else { return };
        match &**told {
            CatalogAnswer::Batched { errors, .. } => {
                wanted.sync.items.extend(errors.iter().map(|fault| fault.retailer_id.clone()));
            }
            CatalogAnswer::Status { is_finished: true, invalid, errors, .. } => {
                wanted.sync.items.extend(invalid.iter().cloned());
                wanted.sync.items.extend(errors.iter().map(|fault| fault.retailer_id.clone()));
            }
            CatalogAnswer::Page { items, .. } => {
                wanted.sync.items.extend(items.iter().map(|item| item.retailer_id.clone()));
            }
            _ => {}
        }
    }

    /// Calls that have to be made again need what they ask, which was let go of.
    pub(super) fn want_bodies(&self, wanted: &mut Wanted, now: DateTime<Utc>) {
        let errands = self.sync.now.errands.values();
        let due = errands.filter(|errand| errand.lacks_its_body() && errand.not_before <= now);
        wanted.sync.bodies.extend(due.map(|errand| errand.id));
    }

    /// Takes in what was read for this turn.
    pub(crate) fn learn_sync(&mut self, mut known: SyncKnown) {
        for (id, ask) in known.bodies.drain(..) {
            if let Some(errand) = self.sync.now.errands.get_mut(&id).filter(|errand| errand.lacks_its_body()) {
                errand.ask = Some(ask);
            }
        }
        self.sync.known = known;
    }

    /// What is to be handed to the courier once the changes are stored.
    pub(crate) fn hand_over_errands(&mut self) -> Vec<HandedErrand> {
        let handed = std::mem::take(&mut self.sync.handed);
        let Some(catalog) = &self.sync.now.catalog else { return Vec::new() };
        let connection = self.seller.connections.iter().find(|connection| connection.id == catalog.connection);
        let Some(connection) = connection else { return Vec::new() };
        let errands = &mut self.sync.now.errands;
        let of = |id: OutboxId| {
            let errand = errands.get_mut(&id)?;
            let ask = errand.next_ask()?;
            let (connection, account) = (connection.id, connection.account.clone());
            Some(HandedErrand {
                id,
                attempt: errand.attempts,
                connection,
                account,
                catalog: catalog.meta_id.clone(),
                ask,
            })
        };
        handed.into_iter().filter_map(of).collect()
    }

    /// What whoever prepares is to do now.
    pub(crate) fn sync_task(&self) -> Option<&Task> {
        self.sync.task.as_ref()
    }

    /// True while a run moves: whoever prepares for it is wanted soon, if not now.
    pub(crate) fn is_sync_moving(&self) -> bool {
        self.sync.task.is_some() || (self.sync.now.run.is_some() && self.sync.in_flight() > 0)
    }

    /// What items are made with where products do not say it.
    fn making(&self, catalog: &MetaCatalog) -> Making {
        let brand = catalog.settings.brand.clone().unwrap_or_else(|| self.seller.settings.name.clone());
        Making { brand: brand.chars().take(100).collect(), condition: catalog.settings.condition }
    }
}
