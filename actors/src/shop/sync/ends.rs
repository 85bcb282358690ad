//! How runs come to their end.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::alarm::AlarmKind;
use crate::domain::shop_event::ShopEventKind;
use crate::domain::sync::changes::BatchEnd;
use crate::domain::sync::errand::{Errand, ErrandState};
use crate::domain::sync::run::{Failure, RunKind, RunStatus, SyncRun};
use crate::shop::Shop;
use crate::shop::step::Step;

/// Meta is asked what its review says at longer and longer distances, and at no longer ones than this.
const LONGEST_REVIEW_WAIT: TimeDelta = TimeDelta::hours(12);

impl Step<'_> {
    /// All of it is done, or all that Meta would take.
    pub(super) fn complete(&mut self, run: &mut SyncRun) {
        let is_whole = run.counts.rejected == 0 && (run.counts.refused == 0 || run.kind == RunKind::DryRun);
        let status = if is_whole { RunStatus::Completed } else { RunStatus::CompletedWithRejections };
        run.end(status, self.now);
        self.tell_of_run(ShopEventKind::SyncCompleted, run);
        self.ask_for_reviews(run);
    }

    /// What was sent is reviewed sooner or later; what was asked after is asked again, less and less soon. What is not
    /// reviewed by then is seen each night.
    fn ask_for_reviews(&mut self, run: &SyncRun) {
        let first = self.shop.rules.sync.review_after;
        let now = self.now;
        let Some(catalog) = self.syncing().catalog.as_mut().filter(|catalog| catalog.settings.reviews) else { return };
        let wait = match run.kind {
            RunKind::Full | RunKind::Incremental | RunKind::Drift if run.counts.accepted > 0 => first,
            RunKind::Review if run.counts.looked_at > 0 => (catalog.review_wait * 2).max(first),
            _ => return,
        };
        catalog.review_wait = wait;
        if wait <= LONGEST_REVIEW_WAIT {
            self.set_alarm(AlarmKind::SyncReview, 0, now + wait);
        }
    }

    /// It cannot go on.
    pub(super) fn fail(&mut self, code: &str, detail: &str) {
        let now = self.now;
        let Some(mut run) = self.syncing().run.take() else { return };
        self.let_go(&run);
        run.failure = Some(Failure { code: code.to_owned(), detail: detail.to_owned() });
        run.end(RunStatus::Failed, now);
        self.tell_of_run(ShopEventKind::SyncFailed, &run);
        self.syncing().run = Some(run);
    }

    /// Somebody ends it. What Meta has in hand is settled all the same, and the rest is owed to the next run.
    pub(super) fn cancel_run(&mut self) -> Option<SyncRun> {
        let now = self.now;
        let mut run = self.syncing().run.take()?;
        run.end(RunStatus::Cancelled, now);
        self.tell_of_run(ShopEventKind::SyncCancelled, &run);
        self.let_go(&run);
        self.syncing().run = Some(run.clone());
        Some(run)
    }

    /// What has not left is not made any more. What may have is settled: only then can anything newer be sent.
    fn let_go(&mut self, run: &SyncRun) {
        let errands = self.syncing().errands.values();
        let unmade = errands.filter(|errand| errand.run == Some(run.id) && errand.state == ErrandState::Owed);
        let unmade: Vec<Errand> =
            unmade.filter(|errand| !errand.is_a_push() || errand.attempts == 0).cloned().collect();
        for errand in unmade {
            if errand.is_a_push() {
                self.end_batch(&errand, false);
            }
            self.end_errand(errand, "not made: the run was ended");
        }
    }

    /// Nothing more comes of a call.
    pub(super) fn end_errand(&mut self, errand: Errand, outcome: &str) {
        let (outcome, ended_at) = (Some(outcome.to_owned()), Some(self.now));
        let over = Errand { state: ErrandState::Over, outcome, ended_at, ask: None, ..errand };
        self.syncing().errands.insert(over.id, over);
    }

    /// What is left of a call's items was accepted, or is owed again.
    pub(super) fn end_batch(&mut self, errand: &Errand, is_taken: bool) {
        self.out.sync.batches.push(BatchEnd { catalog: errand.catalog, call: errand.id, is_taken });
    }
}

impl Shop {
    /// What a run needs cannot be prepared, however often it is tried.
    pub(crate) fn fail_sync(&mut self, now: DateTime<Utc>) {
        let mut step = Step::new(self, now);
        let detail = "what is to be sent could not be made out: the log says why; start again once that is mended";
        step.fail("cannot_prepare", detail);
        let step = step.finish();
        self.absorb(step);
    }
}
