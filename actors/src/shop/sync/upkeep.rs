//! What the sync does by itself: at the seller's interval, after a while, each night, and once an account is connected
//! anew.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::domain::alarm::AlarmKind;
use crate::domain::ids::{CatalogId, RunId};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::sync::catalog::MetaCatalog;
use crate::domain::sync::errand::{Errand, ErrandState};
use crate::domain::sync::run::{PauseWhy, RunKind, SyncRun};
use crate::shop::step::Step;

/// When nothing else is to be done: in the small hours, spread over two of them so that not all shops begin at once.
const NIGHT: NaiveTime = NaiveTime::from_hms_opt(1, 0, 0).expect("a time of day");
const NIGHT_SECONDS: i64 = 2 * 3600;
/// How long what finds another run open waits for it.
const AFTER_ANOTHER: TimeDelta = TimeDelta::minutes(30);

impl Step<'_> {
    /// The seller's interval is over.
    pub(in crate::shop) fn auto_due(&mut self) {
        let Some(catalog) = self.syncing().catalog.clone() else { return };
        let Some(minutes) = catalog.settings.every_minutes else { return };
        self.set_alarm(AlarmKind::SyncAuto, 0, self.now + TimeDelta::minutes(i64::from(minutes)));
        // One that is open looks at it, or the next one does.
        if self.syncing().run.is_none() {
            self.begin_run(&catalog, RunKind::Incremental, false);
        }
    }

    /// Meta may have reviewed something.
    pub(in crate::shop) fn review_due(&mut self) {
        let Some(catalog) = self.syncing().catalog.clone().filter(|catalog| catalog.settings.reviews) else { return };
        match self.syncing().run.is_none() {
            true => drop(self.begin_run(&catalog, RunKind::Review, false)),
            false => self.set_alarm(AlarmKind::SyncReview, 0, self.now + AFTER_ANOTHER),
        }
    }

    /// It is night.
    pub(in crate::shop) fn drift_due(&mut self) {
        let Some(catalog) = self.syncing().catalog.clone().filter(|catalog| catalog.settings.drift) else { return };
        let is_free = self.syncing().run.is_none();
        let next = if is_free { next_night(self.now, self.shop.seller.id.0) } else { self.now + AFTER_ANOTHER };
        self.set_alarm(AlarmKind::SyncDrift, 0, next);
        if is_free {
            self.begin_run(&catalog, RunKind::Drift, false);
        }
    }

    /// Alarms as the settings want them.
    pub(super) fn set_sync_alarms(&mut self, catalog: &MetaCatalog) {
        match catalog.settings.every_minutes {
            Some(minutes) => {
                self.set_alarm(AlarmKind::SyncAuto, 0, self.now + TimeDelta::minutes(i64::from(minutes)));
            }
            None => self.clear_alarm(AlarmKind::SyncAuto, 0),
        }
        match catalog.settings.drift {
            true => self.set_alarm(AlarmKind::SyncDrift, 0, next_night(self.now, self.shop.seller.id.0)),
            false => self.clear_alarm(AlarmKind::SyncDrift, 0),
        }
        if !catalog.settings.reviews {
            self.clear_alarm(AlarmKind::SyncReview, 0);
        }
    }

    /// Begins a run. There must be none that is open.
    pub(super) fn begin_run(&mut self, catalog: &MetaCatalog, kind: RunKind, rejected_again: bool) -> SyncRun {
        // Nothing was ever looked at, or all of it is to be: what has changed is all there is.
        let is_all = kind == RunKind::Incremental && catalog.looked_through == 0;
        let kind = if is_all { RunKind::Full } else { kind };
        let through = self.shop.last_id;
        let id = RunId(self.next_id());
        let mut run = SyncRun::begin(id, catalog.id, kind, (through, self.now));
        run.by = self.by.clone();
        run.cursor.rejected_again = rejected_again;
        if kind == RunKind::Incremental {
            run.cursor.number = catalog.looked_through;
        }
        self.out.sync.forgets_runs = true;
        self.tell_of_run(ShopEventKind::SyncStarted, &run);
        self.syncing().run = Some(run.clone());
        run
    }

    /// An account was connected, or has another token: what waited for that goes on.
    pub(in crate::shop) fn connections_changed(&mut self) {
        let waits = |run: &SyncRun| run.pause.as_ref().is_some_and(|pause| pause.why == PauseWhy::Reconnect);
        if self.shop.sync.now.run.as_ref().is_some_and(waits) {
            self.resume_run();
        }
    }

    /// The shop goes up to no catalog, or to another one. What has not left for the one it leaves is not made any more,
    /// and is owed there; what has is taken up again if the shop returns, before anything newer is sent.
    pub(super) fn leave_catalog(&mut self) -> Option<CatalogId> {
        self.cancel_run();
        let open: Vec<Errand> = self.syncing().errands.values().filter(|it| it.ended_at.is_none()).cloned().collect();
        for errand in open {
            if errand.is_a_push() && errand.attempts > 0 {
                self.leave_with_meta(errand);
                continue;
            }
            if errand.is_a_push() {
                self.end_batch(&errand, false);
            }
            self.end_errand(errand, "not followed any more: the shop has left the catalog");
        }
        let catalog = self.syncing().catalog.take()?;
        let left = MetaCatalog { is_current: false, ..catalog };
        let id = left.id;
        self.out.sync.catalogs.insert(id, left);
        for kind in [AlarmKind::Sync, AlarmKind::SyncAuto, AlarmKind::SyncReview, AlarmKind::SyncDrift] {
            self.clear_alarm(kind, 0);
        }
        Some(id)
    }

    /// It stays stored as it is, and out of memory: nothing is asked about it of another catalog.
    fn leave_with_meta(&mut self, errand: Errand) {
        let left = Errand { ask: None, ..out_of_flight(errand) };
        self.syncing().errands.remove(&left.id);
        self.out.sync.errands.insert(left.id, left);
    }

    /// The shop is back: what Meta may still have in hand goes on, so that it cannot overtake anything newer. Of what
    /// Meta has not named, nothing more comes after a while.
    pub(super) fn take_up_what_was_left(&mut self) {
        let late = self.now - self.shop.rules.sync.handle_deadline;
        for known in self.shop.sync.known.errands.clone() {
            let in_turn = self.out.sync.errands.get(&known.id).or_else(|| self.shop.turn.sync.errands.get(&known.id));
            let errand = out_of_flight(in_turn.cloned().unwrap_or(known));
            if errand.ended_at.is_some() {
                continue;
            }
            if errand.handle.is_none() && errand.claimed_at.is_none_or(|claimed_at| claimed_at < late) {
                self.end_batch(&errand, false);
                self.end_errand(errand, "not made again: the shop was away for too long");
            } else {
                self.syncing().errands.insert(errand.id, errand);
            }
        }
    }
}

/// As one that waits to be made or asked after again.
fn out_of_flight(errand: Errand) -> Errand {
    let state = match errand.state {
        ErrandState::Claimed => ErrandState::Owed,
        ErrandState::Asked => ErrandState::Processing,
        state => state,
    };
    Errand { state, ..errand }
}

/// The next small hours, by UTC, at this seller's place in them.
fn next_night(now: DateTime<Utc>, seller: i64) -> DateTime<Utc> {
    let place = TimeDelta::seconds(seller.wrapping_mul(7919).rem_euclid(NIGHT_SECONDS));
    let tonight = now.date_naive().and_time(NIGHT).and_utc() + place;
    if tonight > now { tonight } else { tonight + TimeDelta::days(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shop_has_a_night_within_a_day_and_not_all_the_same() {
        let now = DateTime::from_timestamp(1_790_856_000, 0).unwrap();
        let nights: std::collections::BTreeSet<_> = (1..=100).map(|seller| next_night(now, seller)).collect();
        assert!(nights.len() > 90);
        for night in nights {
            assert!(night > now && night <= now + TimeDelta::days(1));
            assert!(next_night(night, 1) > night);
        }
    }
}
