//! The catalog sync's actor as its seller keeps it: there while a run moves, started again after a fall, given one thing
//! to prepare at a time.

use ractor::{Actor, ActorId, ActorRef};
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::catalog_sync::{Bench, CatalogSync, CatalogSyncMsg};
use crate::shop::{Prepared, Task};
use crate::world::TreeSettings;

use super::{Seat, SellerMsg};

/// What a turn is told of what was to be prepared.
pub(super) enum Preparation {
    /// It is there.
    Done(Box<Prepared>),
    /// It cannot be prepared, however often it is tried.
    Hopeless,
}

/// The actor, if there is one.
#[derive(Default)]
pub(super) struct Helper {
    actor: Option<ActorRef<CatalogSyncMsg>>,
    /// What it prepares now.
    given: Option<Task>,
    /// Falls since anything was prepared.
    falls: u32,
    again: Option<Again>,
}

/// A timer that does not outlive its actor.
struct Again(JoinHandle<Result<(), ractor::MessagingErr<SellerMsg>>>);

impl Drop for Again {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Helper {
    /// True while it lives.
    pub(super) fn is_there(&self) -> bool {
        self.actor.is_some()
    }

    /// Gives it this to prepare, unless it does so already or has just fallen over something.
    pub(super) async fn give(&mut self, me: &ActorRef<SellerMsg>, seat: &Seat, task: &Task) {
        if self.again.is_some() || self.given.as_ref() == Some(task) {
            return;
        }
        if self.actor.is_none() {
            let seller = me.clone();
            // A seller that is gone starts another helper once it is there again.
            let bring = move |prepared| _ = seller.cast(SellerMsg::Prepared(Box::new(prepared)));
            let bench = Bench { world: seat.world.clone(), seller: seat.seller, bring: Box::new(bring) };
            match CatalogSync::spawn_linked(None, CatalogSync, bench, me.get_cell()).await {
                Ok((actor, _task)) => self.actor = Some(actor),
                // Its seller is on its way out: the next one starts another.
                Err(_) => return debug!("the catalog sync is not started: its seller ends"),
            }
        }
        let given = self.actor.as_ref().map(|actor| actor.cast(CatalogSyncMsg::Prepare(task.clone())));
        // One that ended a moment ago tells so next, and is started again then.
        self.given = given.is_some_and(|given| given.is_ok()).then(|| task.clone());
    }

    /// After a fall it may be started again.
    pub(super) fn has_rested(&mut self) {
        self.again = None;
    }

    /// It has prepared what it was given.
    pub(super) fn is_done(&mut self) {
        self.given = None;
        self.falls = 0;
    }

    /// Ends it in the midst of whatever it does, as a rehearsal.
    pub(super) fn kill(&self) {
        if let Some(actor) = &self.actor {
            actor.kill();
        }
    }

    /// It is not needed any more.
    pub(super) fn end(&mut self) {
        (self.given, self.again) = (None, None);
        if let Some(actor) = self.actor.take() {
            actor.stop(None);
        }
    }

    /// It has ended without being asked to: it is started again later. True when that is no use any more.
    pub(super) fn fell(&mut self, me: &ActorRef<SellerMsg>, actor: ActorId, settings: &TreeSettings) -> bool {
        if self.actor.as_ref().is_none_or(|known| known.get_id() != actor) {
            return false;
        }
        (self.actor, self.given) = (None, None);
        self.falls += 1;
        if self.falls > settings.max_falls {
            self.falls = 0;
            return true;
        }
        let wait = settings.restart_base.saturating_mul(1 << self.falls.min(20)).min(settings.restart_cap);
        warn!("the catalog sync fell ({} times since it prepared anything), again in {wait:?}", self.falls);
        self.again = Some(Again(me.send_after(wait, || SellerMsg::PrepareAgain)));
        false
    }
}
