//! What is prepared for a run outside of its shop, where pages may be read: what is to be done, and what was found.

use chrono::{DateTime, Utc};

use crate::domain::ids::{CatalogId, OutboxId, RunId};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::sync::build::Making;
use crate::domain::sync::call::CatalogAsk;
use crate::domain::sync::catalog::SyncMode;
use crate::domain::sync::errand::{Errand, ErrandKind};
use crate::domain::sync::item::ItemChange;
use crate::domain::sync::known::{ItemState, KnownItem, Wants};
use crate::domain::sync::plan::{Findings, Load};
use crate::domain::sync::run::{Cursor, Phase, RunKind, SyncRun};

use super::{Step, Syncing};
use crate::shop::Shop;

/// Something to prepare.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) run: RunId,
    pub(crate) catalog: CatalogId,
    pub(crate) making: Making,
    pub(crate) work: Work,
}

/// What is to be prepared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Work {
    /// A look at the next products: all of them, or those that changed since.
    Plan { is_full: bool, since: i64, cursor: Cursor },
    /// The next items that are owed, up to so many items and bytes.
    Push { items: u32, bytes: usize },
    /// Whether anything is owed still: nothing can be sent just now.
    Peek,
    /// The next items that Meta has not shown since.
    Missing { cursor: Cursor, since: DateTime<Utc> },
    /// The next items that wait for Meta's review.
    Ask { cursor: Cursor },
}

/// What was prepared. What was asked for comes back with it: by the time it comes the run may be elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prepared {
    pub(crate) task: Task,
    pub(crate) found: Found,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// How products compare, and where to go on; none: that was all.
    Plan { findings: Findings, next: Option<Cursor> },
    /// What is to be sent; nothing when nothing is owed any more.
    Push { load: Load },
    /// Something is owed still.
    More,
    /// What Meta has lost, and where to go on.
    Missing { items: Vec<KnownItem>, next: Option<Cursor> },
    /// Which items to ask about, and where to go on behind them. None: that was all.
    Ask { retailer_ids: Vec<String>, next: Cursor },
    /// So many wait that looking through all that is at Meta takes fewer calls.
    Many,
}

impl Shop {
    /// Takes what was prepared, unless the run has gone elsewhere since: also by an event of this very turn, which may
    /// have put another run in its place, or have sent it back to its start.
    pub(crate) fn take_prepared(&mut self, prepared: Prepared, now: DateTime<Utc>) {
        if self.sync.task.as_ref() != Some(&prepared.task) {
            return;
        }
        self.sync.task = None;
        if self.next_task(now).as_ref() != Some(&prepared.task) {
            return;
        }
        let mut step = Step::new(self, now);
        step.take_found(prepared);
        let step = step.finish();
        self.absorb(step);
    }
}

impl Step<'_> {
    fn take_found(&mut self, Prepared { task, found }: Prepared) {
        let Some(mut run) = self.syncing().run.take() else { return };
        match found {
            Found::Plan { findings, next } => self.planned(&mut run, findings, next),
            Found::Push { load } => self.loaded(&mut run, load),
            Found::Missing { items, next } => {
                run.counts.missing += items.len() as u64;
                items.into_iter().for_each(|item| self.put_item(task.catalog, item));
                match next {
                    Some(next) => run.cursor = next,
                    None => run.enter(Phase::Push),
                }
            }
            Found::More => self.out.sync.knows_more = Some(run.id),
            Found::Many => run.enter(Phase::Scan),
            Found::Ask { retailer_ids, next } => {
                run.cursor = next;
                run.counts.looked_at += retailer_ids.len() as u64;
                match retailer_ids.is_empty() {
                    true => self.complete(&mut run),
                    false => {
                        let ask = CatalogAsk::Items { retailer_ids };
                        self.owe_errand(&run, ErrandKind::Items, ask);
                    }
                }
            }
        }
        self.syncing().run = Some(run);
    }

    fn planned(&mut self, run: &mut SyncRun, findings: Findings, next: Option<Cursor>) {
        let Findings { counts, items, refusals } = findings;
        run.counts.add(&counts);
        run.refuse(refusals);
        if run.kind != RunKind::DryRun {
            items.into_iter().for_each(|item| self.put_item(run.catalog, item));
        }
        if let Some(next) = next {
            run.cursor = next;
            return;
        }
        if run.kind == RunKind::DryRun {
            return self.complete(run);
        }
        if let Some(catalog) = &mut self.syncing().catalog {
            catalog.looked_through = run.through;
        }
        run.enter(Phase::Push);
        self.tell_of_run(ShopEventKind::SyncPlanned, run);
    }

    /// What is to be sent is stored with the call that will carry it, in one turn.
    fn loaded(&mut self, run: &mut SyncRun, load: Load) {
        let Load { changes, sent, dropped, refusals } = load;
        if changes.is_empty() && dropped.is_empty() {
            return self.complete(run);
        }
        run.counts.dropped += dropped.len() as u64;
        run.counts.refused += refusals.len() as u64;
        run.refuse(refusals);
        dropped.into_iter().for_each(|item| self.put_item(run.catalog, item));
        let mode = self.syncing().catalog.as_ref().map(|catalog| catalog.settings.mode);
        let Some(mode) = mode.filter(|_| !changes.is_empty()) else { return };
        let id = OutboxId(self.next_id());
        let items = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        let removes = sent.iter().filter(|item| item.wants != Wants::Put).count();
        let subject = changes.first().filter(|_| items == 1).map(|change| change.retailer_id().to_owned());
        let (kind, ask) = asked(mode, changes, &sent);
        for item in sent {
            self.put_item(run.catalog, KnownItem { state: ItemState::Sent, batch: Some(id), ..item });
        }
        let errand = Errand {
            run: Some(run.id),
            ask: Some(ask),
            subject,
            items,
            removes: u32::try_from(removes).unwrap_or(u32::MAX),
            ..Errand::new(id, run.catalog, kind, self.now)
        };
        self.syncing().errands.insert(id, errand);
    }

    /// Owes a call that reads, for a run.
    pub(super) fn owe_errand(&mut self, run: &SyncRun, kind: ErrandKind, ask: CatalogAsk) {
        let id = OutboxId(self.next_id());
        let errand = Errand { run: Some(run.id), ask: Some(ask), ..Errand::new(id, run.catalog, kind, self.now) };
        self.syncing().errands.insert(id, errand);
    }
}

fn asked(mode: SyncMode, mut changes: Vec<ItemChange>, sent: &[KnownItem]) -> (ErrandKind, CatalogAsk) {
    if mode == SyncMode::Batch || changes.len() > 1 {
        return (ErrandKind::Batch, CatalogAsk::Batch { changes });
    }
    let item_id = sent.first().and_then(|item| item.item_id.clone());
    match changes.pop() {
        Some(ItemChange::Put(item)) => (ErrandKind::Put, CatalogAsk::Put { item, item_id }),
        Some(ItemChange::Remove(retailer_id)) => (ErrandKind::Remove, CatalogAsk::Remove { retailer_id, item_id }),
        None => (ErrandKind::Batch, CatalogAsk::Batch { changes }),
    }
}

impl Syncing {
    /// What is to be prepared now: none while something is open that it would depend on.
    pub(super) fn work(&self, (items, bytes): (u32, usize)) -> Option<Work> {
        let run = self.run.as_ref()?;
        let is_waiting =
            run.pause.is_some() || self.has_open_push() || self.errands.values().any(|it| it.run == Some(run.id));
        if is_waiting {
            return None;
        }
        let cursor = run.cursor.clone();
        let is_one_by_one = self.catalog.as_ref().is_some_and(|it| it.settings.mode == SyncMode::OneByOne);
        let items = if is_one_by_one { 1 } else { cursor.batch_items.unwrap_or(items).clamp(1, items) };
        match run.phase {
            Phase::Plan => {
                let since = self.catalog.as_ref().map_or(0, |catalog| catalog.looked_through);
                Some(Work::Plan { is_full: run.kind != RunKind::Incremental, since, cursor })
            }
            Phase::Push => Some(Work::Push { items, bytes }),
            Phase::Missing => Some(Work::Missing { cursor, since: run.started_at }),
            Phase::Ask => Some(Work::Ask { cursor }),
            Phase::Scan | Phase::Over => None,
        }
    }
}
