//! What staff or another system asks of the sync.

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::command::{Answered, CatalogWanted, Refused, RunWanted};
use crate::domain::ids::{CatalogId, ConnectionId, OutboxId, RunId};
use crate::domain::sync::call::CatalogAsk;
use crate::domain::sync::catalog::{CatalogLife, MetaCatalog};
use crate::domain::sync::errand::{Errand, ErrandKind};
use crate::domain::sync::known::ItemState;
use crate::domain::sync::run::{PauseWhy, Phase, RunKind, SyncRun};
use crate::shop::step::Step;

/// Calls that somebody asked for and that wait to be made.
const MOST_WAITING: usize = 100;

impl Step<'_> {
    /// The shop goes up to this catalog from now on, and is kept up like this.
    pub(in crate::shop) fn put_catalog(&mut self, wanted: &CatalogWanted) -> Answered {
        let settings = wanted.settings.clone().checked();
        let settings = settings.map_err(|detail| Refused::invalid("invalid_catalog", detail))?;
        let meta_id = wanted.meta_id.trim();
        if meta_id.is_empty() || meta_id.len() > 64 || !meta_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused::invalid("invalid_catalog", "meta_id is the catalog's id at Meta: up to 64 digits"));
        }
        self.has_connection(wanted.connection)?;
        let before = self.syncing().catalog.clone();
        let (same, asks) = match before {
            Some(same) if same.meta_id == meta_id => {
                let asks = same.connection != wanted.connection;
                (same, asks)
            }
            _ => (self.another_catalog(meta_id, wanted.connection), true),
        };
        // Made of it otherwise, all of it has to be looked at, also what an open run has looked at already.
        let is_made_otherwise = same.settings.makes_other_items(&settings);
        let looked_through = if is_made_otherwise { 0 } else { same.looked_through };
        if let Some(run) = self.syncing().run.as_mut().filter(|run| is_made_otherwise && run.phase == Phase::Plan) {
            run.look_anew();
        }
        let catalog = MetaCatalog { connection: wanted.connection, settings, looked_through, ..same };
        self.set_sync_alarms(&catalog);
        let id = catalog.id;
        self.syncing().catalog = Some(catalog);
        if asks {
            self.ask_for(id, ErrandKind::Look, None, CatalogAsk::Look);
            self.connections_changed();
        }
        Ok(json!({ "catalog": id }))
    }

    fn has_connection(&self, connection: ConnectionId) -> Result<(), Refused> {
        match self.shop.seller.connections.iter().any(|known| known.id == connection) {
            true => Ok(()),
            false => Err(Refused::not_found(
                "no_such_connection",
                format!("no connected account has the id {connection}: the list of connections shows their ids"),
            )),
        }
    }

    /// What was known of a catalog the shop went up to earlier is known still.
    fn another_catalog(&mut self, meta_id: &str, connection: ConnectionId) -> MetaCatalog {
        self.leave_catalog();
        let known = self.shop.sync.known.catalog.clone().filter(|known| known.meta_id == meta_id);
        if let Some(known) = known {
            self.take_up_what_was_left();
            return MetaCatalog { is_current: true, looked_through: 0, ..known };
        }
        MetaCatalog {
            id: CatalogId(self.next_id()),
            meta_id: meta_id.to_owned(),
            connection,
            settings: Default::default(),
            life: CatalogLife::NotConnected,
            name: None,
            products: None,
            looked_at: None,
            error: None,
            looked_through: 0,
            review_wait: TimeDelta::zero(),
            is_current: true,
        }
    }

    /// The shop goes up to no catalog any more. What is at Meta stays there.
    pub(in crate::shop) fn remove_catalog(&mut self) -> Answered {
        match self.leave_catalog() {
            Some(id) => Ok(json!({ "catalog": id })),
            None => Err(no_catalog()),
        }
    }

    /// Meta is asked about the catalog.
    pub(in crate::shop) fn check_catalog(&mut self) -> Answered {
        let id = self.catalog_id().ok_or_else(no_catalog)?;
        let is_asked = self.syncing().errands.values().any(|errand| errand.kind == ErrandKind::Look);
        if !is_asked {
            self.ask_for(id, ErrandKind::Look, None, CatalogAsk::Look);
        }
        Ok(json!({ "catalog": id }))
    }

    /// Starts a run, or joins the one that is open.
    pub(in crate::shop) fn start_sync(&mut self, wanted: &RunWanted) -> Answered {
        let catalog = self.syncing().catalog.clone().ok_or_else(no_catalog)?;
        self.has_connection(catalog.connection)?;
        if let Some(open) = self.syncing().run.clone() {
            if !matches!(open.kind, RunKind::Review | RunKind::Drift) {
                return match (wanted.kind, open.kind) {
                    (RunKind::DryRun, RunKind::DryRun) => Ok(answer(&open, true)),
                    (RunKind::DryRun, _) | (_, RunKind::DryRun) => Err(Refused::conflict(
                        "run_in_progress",
                        format!("run {} is not over: wait for it, or cancel it", open.id),
                    )),
                    _ => Ok(answer(&open, true)),
                };
            }
            // Whoever asks goes before what is done by itself: that is done later.
            self.cancel_run();
            self.store_closed_run();
            self.put_off(open.kind);
        }
        let run = self.begin_run(&catalog, wanted.kind, wanted.rejected_again);
        Ok(answer(&run, false))
    }

    fn put_off(&mut self, kind: RunKind) {
        use crate::domain::alarm::AlarmKind::{SyncDrift, SyncReview};
        let alarm = if kind == RunKind::Drift { SyncDrift } else { SyncReview };
        self.set_alarm(alarm, 0, self.now + TimeDelta::hours(1));
    }

    /// The run that was ended gives its place to another within one step.
    fn store_closed_run(&mut self) {
        if let Some(closed) = self.syncing().run.take() {
            self.out.sync.runs.insert(closed.id, closed);
        }
    }

    /// Lets a run wait until somebody resumes it.
    pub(in crate::shop) fn pause_sync(&mut self, run: Option<RunId>) -> Answered {
        let open = self.open_run(run)?;
        self.pause_run(PauseWhy::ByHand, None, "somebody has paused it: it goes on once it is resumed");
        Ok(answer(&open, false))
    }

    /// Goes on with a run that waits, whatever for: if that is not over, it waits again.
    pub(in crate::shop) fn resume_sync(&mut self, run: Option<RunId>) -> Answered {
        let open = self.open_run(run)?;
        self.resume_run();
        Ok(answer(&open, false))
    }

    /// Ends a run.
    pub(in crate::shop) fn cancel_sync(&mut self, run: Option<RunId>) -> Answered {
        let open = self.open_run(run)?;
        self.cancel_run();
        Ok(answer(&open, false))
    }

    fn open_run(&mut self, run: Option<RunId>) -> Result<SyncRun, Refused> {
        let open = self.syncing().run.clone().filter(|open| open.is_open());
        let open = open.filter(|open| run.is_none_or(|run| run == open.id));
        open.ok_or_else(|| match run {
            Some(run) => Refused::conflict(
                "run_is_over",
                format!("run {run} is over, or there never was one: the list of runs shows which is open"),
            ),
            None => Refused::conflict("no_run", "no run is open: start one first"),
        })
    }

    /// Asks Meta for another review of a rejected item.
    pub(in crate::shop) fn appeal(&mut self, retailer_id: &str, reason: &str) -> Answered {
        let catalog = self.catalog_id().ok_or_else(no_catalog)?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 1000 {
            return Err(Refused::invalid("invalid_reason", "reason has 1 to 1000 characters"));
        }
        let Some(item) = self.known_item(retailer_id) else {
            return Err(Refused::not_found("no_such_item", format!("the catalog has no item {retailer_id:?}")));
        };
        let Some(item_id) = item.item_id.filter(|_| item.state == ItemState::Rejected) else {
            let detail = format!("{retailer_id:?} was not rejected by Meta's review: there is nothing to appeal");
            return Err(Refused::conflict("not_rejected", detail));
        };
        if self.syncing().errands.len() >= MOST_WAITING {
            return Err(Refused::conflict("too_many_waiting", "too many appeals wait to be made: try again later"));
        }
        let ask = CatalogAsk::Appeal { item_id, reason: reason.to_owned() };
        self.ask_for(catalog, ErrandKind::Appeal, Some(retailer_id), ask);
        Ok(json!({ "retailer_id": retailer_id }))
    }

    /// Owes a call that belongs to no run.
    fn ask_for(&mut self, catalog: CatalogId, kind: ErrandKind, subject: Option<&str>, ask: CatalogAsk) {
        let id = OutboxId(self.next_id());
        let subject = subject.map(str::to_owned);
        let errand = Errand { ask: Some(ask), subject, ..Errand::new(id, catalog, kind, self.now) };
        self.syncing().errands.insert(id, errand);
    }
}

fn no_catalog() -> Refused {
    Refused::conflict("no_catalog", "the shop is connected to no catalog at Meta: connect it to one first")
}

fn answer(run: &SyncRun, joined: bool) -> serde_json::Value {
    json!({ "run": run.id, "joined": joined })
}
