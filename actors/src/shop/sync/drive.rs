//! Moves the sync on at the end of each turn: claims the call that may be made, says what is to be prepared, or waits and
//! says until when. Whatever goes to customers was claimed before.

use chrono::{DateTime, Utc};

use crate::domain::budget::hold::{Cause, HoldOn};
use crate::domain::budget::{Budget, Draw, Grant};
use crate::domain::ids::OutboxId;
use crate::domain::shop_event::ShopEventKind;
use crate::domain::sync::call::CatalogAsk;
use crate::domain::sync::catalog::{MetaCatalog, SyncMode};
use crate::domain::sync::errand::{Errand, ErrandKind, ErrandState, push_draw};
use crate::domain::sync::run::{Pause, PauseWhy, Phase};
use crate::shop::Shop;
use crate::shop::step::Step;

use super::{GO_ON, Task, Work};

impl Shop {
    /// Moves the sync on. `room` is how many calls more may be on the wire.
    pub(crate) fn drive_sync(&mut self, now: DateTime<Utc>) {
        if self.sync.now.catalog.is_none() {
            return;
        }
        let room = self.rules.max_in_flight.saturating_sub(self.in_flight());
        let mut step = Step::new(self, now);
        let later = step.drive(room);
        let step = step.finish();
        self.absorb(step);
        self.sync.task = self.next_task(now);
        self.set_sync_alarm(later);
    }

    pub(super) fn next_task(&self, now: DateTime<Utc>) -> Option<Task> {
        let catalog = self.sync.now.catalog.as_ref()?;
        let run = self.sync.now.run.as_ref().filter(|run| run.catalog == catalog.id)?;
        let work = self.sync.now.work((self.rules.sync.batch_items, self.rules.sync.batch_bytes))?;
        let is_blocked = || self.sync_blocked(catalog, push_of(catalog), now).is_some();
        let work = match work {
            // It may be that nothing is owed any more: then there is nothing to wait for.
            Work::Push { .. } if is_blocked() => Work::Peek,
            work => work,
        };
        Some(Task { run: run.id, catalog: catalog.id, making: self.making(catalog), work })
    }

    /// Not set twice to the same time, and not left behind: a run with an alarm is taken for one that waits, so that after
    /// a power cut nobody would go on with it before that time.
    fn set_sync_alarm(&mut self, later: Option<DateTime<Utc>>) {
        if self.turn.alarms.get(&GO_ON).is_some_and(Option::is_none) {
            self.sync.alarm = None;
        }
        if self.sync.alarm != later {
            self.turn.alarms.insert(GO_ON, later);
            self.sync.alarm = later;
        }
    }

    /// What keeps a call about the catalog from being made now, and until when.
    fn sync_blocked(
        &self,
        catalog: &MetaCatalog,
        (draw, requests): (Draw, u32),
        now: DateTime<Utc>,
    ) -> Option<(Cause, DateTime<Utc>)> {
        let on = [HoldOn::Connection(catalog.connection), HoldOn::Budget(draw.key)];
        let held = self.books().held_on(&on, now);
        let full = match self.books().ask_whole(draw, requests, now) {
            Grant::Now(_) => None,
            Grant::From(until) => Some((Cause::Cap(draw.key), until)),
        };
        held.into_iter().chain(full).max_by_key(|(_, until)| *until)
    }
}

impl Step<'_> {
    /// Says when to look again, if that is a matter of time.
    fn drive(&mut self, room: usize) -> Option<DateTime<Utc>> {
        self.go_on_in_time();
        self.owe_the_next_page();
        let claimed = self.claim_errand(room);
        let pushing = self.wait_for_room_to_push();
        claimed.into_iter().chain(pushing).min()
    }

    /// A pause that has a time is over by then, or earlier if what it waited for is: that is looked at anew.
    fn go_on_in_time(&mut self) {
        let now = self.now;
        let Some(run) = self.shop.sync.now.run.as_ref() else { return };
        let Some(Pause { why, until: Some(until), .. }) = &run.pause else { return };
        let is_over = match why {
            PauseWhy::Cap | PauseWhy::Hold => *until <= now || !self.is_still_blocked(),
            PauseWhy::Trouble | PauseWhy::ByHand | PauseWhy::Reconnect => *until <= now,
        };
        if is_over {
            self.resume_run();
        }
    }

    fn is_still_blocked(&self) -> bool {
        let sync = &self.shop.sync.now;
        let Some(catalog) = &sync.catalog else { return false };
        let errand = sync.errands.values().find(|errand| sync.run.as_ref().map(|run| run.id) == errand.run);
        let next = errand.map_or_else(|| push_of(catalog), |errand| (errand.draw(), errand.requests()));
        self.shop.sync_blocked(catalog, next, self.now).is_some()
    }

    /// Goes on with a run that waited.
    pub(super) fn resume_run(&mut self) {
        let now = self.now;
        let Some(mut run) = self.syncing().run.take() else { return };
        if run.go_on(now) {
            self.tell_of_run(ShopEventKind::SyncResumed, &run);
        }
        self.syncing().run = Some(run);
    }

    /// A run waits from now on.
    pub(super) fn pause_run(&mut self, why: PauseWhy, until: Option<DateTime<Utc>>, detail: &str) {
        let now = self.now;
        let Some(mut run) = self.syncing().run.take() else { return };
        if run.wait(Pause { why, since: now, until, detail: detail.to_owned() }) {
            self.tell_of_run(ShopEventKind::SyncPaused, &run);
        }
        self.syncing().run = Some(run);
    }

    /// A run that looks through Meta's catalog reads page after page.
    fn owe_the_next_page(&mut self) {
        let most = self.shop.rules.sync.list_items;
        let Some(run) = self.shop.sync.now.run.as_ref() else { return };
        let is_waiting = run.pause.is_some() || !self.shop.sync.now.errands.is_empty();
        if run.phase == Phase::Scan && !is_waiting {
            let after = Some(run.cursor.after.clone()).filter(|after| !after.is_empty());
            let limit = run.cursor.list_items.unwrap_or(most).min(most);
            let run = run.clone();
            self.owe_errand(&run, ErrandKind::Page, CatalogAsk::Page { after, limit });
        }
    }

    /// How much of a page is too much is Meta's secret: half of it is asked for next, as a call of its own.
    pub(super) fn too_long(&mut self, errand: Errand, error: &str) {
        let most = self.shop.rules.sync.list_items;
        if let Some(run) = self.syncing().run_of(&errand) {
            run.cursor.list_items = Some((run.cursor.list_items.unwrap_or(most).min(most) / 2).max(1));
        }
        self.end_errand(errand, error);
    }

    /// Claims the next call, if there is one and it may be made; else says when it may.
    fn claim_errand(&mut self, room: usize) -> Option<DateTime<Utc>> {
        if self.syncing().errands.values().any(Errand::is_in_flight) {
            // Its end brings the next turn.
            return None;
        }
        let id = self.next_errand()?;
        let (catalog, errand) = (self.syncing().catalog.clone()?, self.syncing().errands.get(&id)?.clone());
        if errand.not_before > self.now {
            self.wait_for_errand(&errand);
            return Some(errand.not_before);
        }
        if self.is_disconnected(&catalog) {
            return None;
        }
        if let Some((cause, until)) = self.shop.sync_blocked(&catalog, (errand.draw(), errand.requests()), self.now) {
            self.wait_for_budget(&errand, cause, until);
            return Some(until);
        }
        if errand.lacks_its_body() {
            // It is read before the next turn.
            return Some(self.now);
        }
        if room == 0 {
            return None;
        }
        self.spend_on_errand(errand);
        None
    }

    /// What somebody asked for goes first, then what is open the longest. What a person has stopped, or what needs
    /// another token, waits; but what Meta has in hand is asked after.
    fn next_errand(&mut self) -> Option<OutboxId> {
        let sync = self.syncing();
        let paused = sync.run.as_ref().and_then(|run| Some((run.id, run.pause.as_ref()?.why)));
        let may = |errand: &&Errand| match paused {
            Some((run, PauseWhy::ByHand)) if errand.run == Some(run) => errand.state == ErrandState::Processing,
            Some((_, PauseWhy::Reconnect)) => false,
            _ => true,
        };
        let next = sync.errands.values().filter(may).min_by_key(|errand| (errand.draw().priority, errand.id));
        next.map(|errand| errand.id)
    }

    /// Without its connection the token is gone as well.
    fn is_disconnected(&mut self, catalog: &MetaCatalog) -> bool {
        let is_there = self.shop.seller.connections.iter().any(|connection| connection.id == catalog.connection);
        if !is_there {
            self.pause_run(PauseWhy::Reconnect, None, "the account of the catalog is not connected: connect it again");
        }
        !is_there
    }

    fn wait_for_errand(&mut self, errand: &Errand) {
        let is_of_run = self.syncing().run_of(errand).is_some_and(|run| run.pause.is_none());
        if is_of_run && errand.state == ErrandState::Owed {
            let why = "Meta could not be reached, or had trouble of its own";
            self.pause_run(PauseWhy::Trouble, Some(errand.not_before), why);
        }
    }

    fn wait_for_budget(&mut self, errand: &Errand, cause: Cause, until: DateTime<Utc>) {
        if self.syncing().run_of(errand).is_some() {
            self.pause_for(cause, until);
        }
    }

    fn pause_for(&mut self, cause: Cause, until: DateTime<Utc>) {
        let pause = self.syncing().run.as_ref().and_then(|run| run.pause.as_ref());
        // Time alone does not end such a pause.
        if pause.is_some_and(|pause| matches!(pause.why, PauseWhy::ByHand | PauseWhy::Reconnect)) {
            return;
        }
        let why = if matches!(cause, Cause::Cap(_)) { PauseWhy::Cap } else { PauseWhy::Hold };
        self.pause_run(why, Some(until), &cause.to_string());
    }

    /// Nothing is prepared that could not be sent now.
    fn wait_for_room_to_push(&mut self) -> Option<DateTime<Utc>> {
        let sync = self.syncing();
        let run = sync.run.as_ref()?;
        if run.phase != Phase::Push || sync.has_open_push() {
            return None;
        }
        if let Some(pause) = &run.pause {
            return pause.until;
        }
        let catalog = sync.catalog.clone()?;
        if self.is_disconnected(&catalog) {
            return None;
        }
        let (cause, until) = self.shop.sync_blocked(&catalog, push_of(&catalog), self.now)?;
        let knows_more =
            self.shop.sync.more.is_some_and(|more| Some(more) == self.syncing().run.as_ref().map(|run| run.id));
        if !knows_more {
            // Whoever prepares is asked first.
            return None;
        }
        self.pause_for(cause, until);
        Some(until)
    }

    fn spend_on_errand(&mut self, errand: Errand) {
        let key = errand.draw().key;
        let known = self.shop.budgets.get(&key).cloned();
        let requests = errand.requests();
        let (slot, calls) = known.unwrap_or_else(|| Budget::of(key.family)).spend(requests, self.now);
        self.out.spent.insert((key, slot), calls);
        let state = match errand.state {
            ErrandState::Processing => ErrandState::Asked,
            _ => ErrandState::Claimed,
        };
        let (claimed_at, claimed_by, attempts) = (Some(self.now), Some(self.shop.rules.boot), errand.attempts + 1);
        let id = errand.id;
        if let Some(run) = self.syncing().run_of(&errand) {
            run.counts.calls += u64::from(requests);
        }
        self.syncing().errands.insert(id, Errand { state, claimed_at, claimed_by, attempts, ..errand });
        self.out.sync.claimed.push(id);
    }
}

/// What the next changes draw on.
fn push_of(catalog: &MetaCatalog) -> (Draw, u32) {
    (push_draw(catalog.id, catalog.settings.mode == SyncMode::Batch), 1)
}

impl Work {
    /// What it is, as a word for logs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Plan { .. } => "plan",
            Self::Push { .. } => "push",
            Self::Peek => "peek",
            Self::Missing { .. } => "missing",
            Self::Ask { .. } => "ask",
        }
    }
}
