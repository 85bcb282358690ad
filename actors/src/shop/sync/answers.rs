//! What the end of a call about the catalog means: for the call, its items, and the run it was made for.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::calls;
use crate::domain::credential::{TokenRefused, Use, cause_in_words};
use crate::domain::event::{CallEnded, CallResult};
use crate::domain::ids::OutboxId;
use crate::domain::outcome::Outcome;
use crate::domain::shop_event::ShopEventKind;
use crate::domain::sync::call::{CatalogAnswer, Denied, ItemFault};
use crate::domain::sync::catalog::{CatalogLife, SyncMode};
use crate::domain::sync::errand::{Errand, ErrandKind, ErrandState};
use crate::domain::sync::item::{Review, SeenItem};
use crate::domain::sync::known::{ItemState, KnownItem, Wants};
use crate::domain::sync::run::{Counts, PauseWhy, Phase, RunKind, SyncRun};
use crate::domain::sync::seen;
use crate::shop::Shop;
use crate::shop::step::Step;

/// The first wait before a call is made again; doubled with each try.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(2);
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(30);
/// Meta is asked how far a batch is at these distances, at most.
const LONGEST_POLL: TimeDelta = TimeDelta::minutes(1);
/// What was sent so often without any answer is given up: that takes some three hours. It may be what keeps Meta from
/// answering, and for as long as it is open nothing else goes up.
const MOST_UNANSWERED: u32 = 16;
/// Batches in a row that come to nothing before a run gives up.
const MOST_IN_VAIN: u32 = 3;
const LONGEST_REASON: usize = 1000;

impl Step<'_> {
    /// None: it is no call about the catalog.
    pub(in crate::shop) fn errand_ended(&mut self, ended: &CallEnded) -> Option<Outcome> {
        let errand = self.shop.sync.now.errands.get(&ended.outbox)?.clone();
        if errand.attempts != ended.attempt || !errand.is_in_flight() {
            return Some(Outcome::Duplicate);
        }
        match &ended.result {
            CallResult::Again { error, after_ms } => {
                self.make_again(errand, error, (*after_ms, ended.told.holds()));
            }
            CallResult::Catalog { told } => self.answered(errand, told),
            CallResult::Unknown { error } => self.unanswered(errand, error),
            CallResult::Refused { code, error } => self.denied(errand, Denied::Other, (code, error)),
            CallResult::TokenRefused { code, generation } => self.without_token(errand, code, *generation),
            CallResult::Accepted { .. } | CallResult::Looked { .. } => {
                self.make_again(errand, "the answer is of another call", (None, false));
            }
        }
        self.tell_progress();
        Some(Outcome::Handled)
    }

    /// It was not made, or nobody knows: the same is made again, unchanged. What it asks is read back then.
    fn make_again(&mut self, errand: Errand, error: &str, (after_ms, is_held): (Option<u64>, bool)) {
        // While Meta is not to be called nobody asks, so nothing is said of the batch.
        if !is_held && errand.state == ErrandState::Asked && errand.is_to_be_given_up(self.now) {
            return self.give_up(errand);
        }
        let state = match errand.state {
            ErrandState::Asked => ErrandState::Processing,
            _ => ErrandState::Owed,
        };
        let told = after_ms.and_then(|ms| i64::try_from(ms).ok()).and_then(TimeDelta::try_milliseconds);
        // Once Meta is not to be called for a while, the pause it told of is what there is to wait for.
        let (tries, held) = if is_held { (errand.tries, errand.held + 1) } else { (errand.tries + 1, errand.held) };
        let wait = if is_held { TimeDelta::zero() } else { doubled(FIRST_WAIT, tries, LONGEST_WAIT) };
        let not_before = self.now + wait.max(told.filter(|_| !is_held).unwrap_or_default());
        let outcome = Some(error.to_owned());
        let again = Errand { state, tries, held, not_before, outcome, ask: None, ..errand };
        self.syncing().errands.insert(again.id, again);
    }

    /// Nobody knows whether it was made. What Meta has in hand has its own end.
    fn unanswered(&mut self, errand: Errand, error: &str) {
        let is_hopeless = errand.is_a_push() && errand.handle.is_none() && errand.tries + 1 >= MOST_UNANSWERED;
        if !is_hopeless {
            return self.make_again(errand, error, (None, false));
        }
        self.end_batch(&errand, false);
        self.count_in_vain(&errand, false, "no_answer", "Meta does not answer to what it is sent");
        self.end_errand(errand, &format!("given up: Meta did not answer {MOST_UNANSWERED} times"));
    }

    /// The run waits for another token; whoever keeps connections is told that this one is not taken.
    fn without_token(&mut self, errand: Errand, code: &str, generation: Option<i64>) {
        let connection = self.syncing().catalog.as_ref().map(|catalog| catalog.connection);
        if let Some((connection, generation)) = connection.zip(generation) {
            let (purpose, code, at) = (Use::Catalog, code.to_owned(), self.now);
            let refused = TokenRefused { connection, purpose, generation, code, at };
            self.out.tokens_refused.insert((connection, purpose), refused);
        }
        self.denied(errand, Denied::Reconnect, (code, cause_in_words(code)));
    }

    fn answered(&mut self, errand: Errand, told: &CatalogAnswer) {
        match told {
            CatalogAnswer::Batched { handle, errors, .. } => self.batched(errand, handle.as_deref(), errors),
            CatalogAnswer::TooMuch { error } if errand.kind == ErrandKind::Page => self.too_long(errand, error),
            CatalogAnswer::TooMuch { error } => self.too_much(errand, error),
            CatalogAnswer::Status { is_finished: false, word, .. } => self.unfinished(errand, word),
            CatalogAnswer::Status { invalid, errors, .. } => self.finished(errand, invalid, errors),
            CatalogAnswer::Put { item_id } => self.put_alone(errand, item_id.as_deref()),
            CatalogAnswer::Removed { .. } => self.put_alone(errand, None),
            CatalogAnswer::Page { items, next } => self.shown(errand, items, next.as_deref()),
            CatalogAnswer::Looked { name, products, standing } => {
                let (now, life) = (Some(self.now), CatalogLife::from(*standing));
                if let Some(catalog) = &mut self.syncing().catalog {
                    catalog.name = Some(bounded(name));
                    catalog.products = products.and_then(|products| i64::try_from(products).ok());
                    (catalog.life, catalog.looked_at, catalog.error) = (life, now, None);
                }
                self.end_errand(errand, "looked");
            }
            CatalogAnswer::Appealed => {
                // What it was made about may be owed by now, or on its way, as something else: that has its own end.
                self.change_rejected(&errand, |item| KnownItem {
                    state: ItemState::Accepted,
                    review: Some(Review::Pending),
                    reason: None,
                    ..item
                });
                self.end_errand(errand, "appealed");
            }
            CatalogAnswer::Denied { why, code, error } => self.denied(errand, *why, (code, error)),
        }
    }

    fn batched(&mut self, errand: Errand, handle: Option<&str>, errors: &[ItemFault]) {
        let faults = errors.iter().map(|fault| (fault.retailer_id.as_str(), fault.message.as_str())).collect();
        let (failed, removes) = self.reject(&errand, faults);
        let items = errand.items.saturating_sub(failed);
        let Some(handle) = handle else {
            self.end_batch(&errand, false);
            // One that Meta will not take may keep all others from being taken.
            self.count_in_vain(&errand, failed > 0, "nothing_taken", "Meta takes none of what is sent");
            return self.end_errand(errand, "nothing was taken");
        };
        let (now, deadline) = (self.now, self.shop.rules.sync.handle_deadline);
        let processing = Errand {
            state: ErrandState::Processing,
            handle: Some(handle.to_owned()),
            tries: 0,
            not_before: now + FIRST_WAIT,
            give_up_at: Some(now + deadline),
            items,
            removes: errand.removes.saturating_sub(removes),
            outcome: None,
            ask: None,
            ..errand
        };
        self.syncing().errands.insert(processing.id, processing);
    }

    /// The halves are sent next, each as it is by then.
    fn too_much(&mut self, errand: Errand, error: &str) {
        if errand.items <= 1 {
            let subject = errand.subject.clone().unwrap_or_default();
            self.reject(&errand, BTreeMap::from([(subject.as_str(), "it is too large for Meta")]));
        }
        self.end_batch(&errand, false);
        if let Some(run) = self.syncing().run_of(&errand) {
            run.cursor.batch_items = Some((errand.items / 2).max(1));
        }
        self.end_errand(errand, error);
    }

    fn unfinished(&mut self, errand: Errand, word: &str) {
        if errand.is_to_be_given_up(self.now) {
            return self.give_up(errand);
        }
        let tries = errand.tries + 1;
        let not_before = self.now + doubled(FIRST_WAIT, tries, LONGEST_POLL);
        let outcome = Some(bounded(word));
        let asked = Errand { state: ErrandState::Processing, tries, not_before, outcome, ..errand };
        self.syncing().errands.insert(asked.id, asked);
    }

    fn give_up(&mut self, errand: Errand) {
        self.end_batch(&errand, false);
        self.count_in_vain(&errand, false, "never_finished", "Meta does not finish what it was sent");
        self.end_errand(errand, "given up: Meta did not finish it in time");
    }

    /// Meta has told by itself how far a batch is: that is a reason to ask, as only the answer says what became of each
    /// item. What is told of a batch that is none of ours, or is over, means nothing.
    pub(in crate::shop) fn batch_told(&mut self, handle: &str) -> Outcome {
        let now = self.now;
        let is_meant = |errand: &&mut Errand| errand.handle.as_deref() == Some(handle);
        if let Some(errand) = self.syncing().errands.values_mut().find(is_meant) {
            match errand.state {
                ErrandState::Processing => errand.not_before = errand.not_before.min(now),
                // The answer that is on its way may be older than this: the next question comes soon.
                ErrandState::Asked => errand.tries = 0,
                ErrandState::Owed | ErrandState::Claimed | ErrandState::Over => {}
            }
        }
        Outcome::Handled
    }

    fn finished(&mut self, errand: Errand, invalid: &[String], errors: &[ItemFault]) {
        let unsaid = "Meta did not take it, and does not say why";
        let mut faults: BTreeMap<&str, &str> = invalid.iter().map(|sku| (sku.as_str(), unsaid)).collect();
        // The list of items is the authority; where there is none, what is said of single items is all there is.
        for ItemFault { retailer_id, message } in errors {
            if invalid.is_empty() || faults.contains_key(retailer_id.as_str()) {
                faults.insert(retailer_id, message);
            }
        }
        let (failed, failed_removes) = self.reject(&errand, faults);
        self.end_batch(&errand, true);
        let removed = errand.removes.saturating_sub(failed_removes);
        let accepted = errand.items.saturating_sub(failed).saturating_sub(removed);
        if let Some(run) = self.syncing().run_of(&errand) {
            run.counts.accepted += u64::from(accepted);
            run.counts.removed += u64::from(removed);
            run.cursor.in_vain = 0;
        }
        let outcome = format!("{accepted} accepted, {removed} removed, {failed} rejected");
        self.end_errand(errand, &outcome);
    }

    fn put_alone(&mut self, errand: Errand, item_id: Option<&str>) {
        let item_id = item_id.map(str::to_owned);
        let is_put = errand.kind == ErrandKind::Put;
        self.change_subject(&errand, |item| KnownItem {
            state: item.wants.done(),
            accepted: item.sent.filter(|_| is_put),
            item_id: item_id.or(item.item_id).filter(|_| is_put),
            seen: None,
            review: None,
            reason: None,
            batch: None,
            ..item
        });
        if let Some(run) = self.syncing().run_of(&errand) {
            *(if is_put { &mut run.counts.accepted } else { &mut run.counts.removed }) += 1;
            run.cursor.in_vain = 0;
        }
        self.end_errand(errand, "accepted");
    }

    /// Items that Meta will not take: how many, and how many of them were to be taken out.
    fn reject(&mut self, errand: &Errand, faults: BTreeMap<&str, &str>) -> (u32, u32) {
        let (mut failed, mut removes) = (0, 0);
        for (retailer_id, message) in faults {
            let Some(item) = self.known_item(retailer_id).filter(|item| item.batch == Some(errand.id)) else {
                continue;
            };
            failed += 1;
            let is_put = item.wants == Wants::Put;
            removes += u32::from(!is_put);
            // What cannot be taken out is most often not there. If it is, a look through all of it will find it.
            let state = if is_put { ItemState::Rejected } else { item.wants.done() };
            let accepted = item.accepted.filter(|_| is_put);
            let (reason, batch) = (Some(bounded(message)), None);
            let item_id = item.item_id.filter(|_| is_put);
            let item = KnownItem { state, accepted, item_id, reason, batch, changed_at: self.now, ..item };
            self.put_item(errand.catalog, item);
        }
        if let Some(run) = self.syncing().run_of(errand) {
            run.counts.rejected += u64::from(failed - removes);
            run.counts.removed += u64::from(removes);
        }
        (failed, removes)
    }

    fn change_subject(&mut self, errand: &Errand, change: impl FnOnce(KnownItem) -> KnownItem) {
        let Some(item) = errand.subject.as_deref().and_then(|sku| self.known_item(sku)) else { return };
        let changed = change(item.clone());
        if changed != item {
            self.put_item(errand.catalog, KnownItem { changed_at: self.now, ..changed });
        }
    }

    fn change_rejected(&mut self, errand: &Errand, change: impl FnOnce(KnownItem) -> KnownItem) {
        self.change_subject(errand, |item| match item.state {
            ItemState::Rejected => change(item),
            _ => item,
        });
    }

    fn shown(&mut self, errand: Errand, items: &[SeenItem], next: Option<&str>) {
        let (mut counts, now) = (Counts { seen: items.len() as u64, ..Counts::default() }, self.now);
        for seen in items {
            match self.known_item(&seen.retailer_id) {
                Some(known) => {
                    let item = seen::judge(&known, seen, &mut counts, now);
                    self.put_item(errand.catalog, item);
                }
                None => counts.foreign += 1,
            }
        }
        let is_circle = |run: &SyncRun| run.phase == Phase::Scan && next == Some(run.cursor.after.as_str());
        if self.syncing().run_of(&errand).is_some_and(|run| is_circle(run)) {
            self.end_errand(errand, "the page goes on at itself");
            return self.fail("pages_in_a_circle", "Meta's list of the catalog comes to no end: try again later");
        }
        if let Some(mut run) = self.syncing().run.take() {
            if errand.run == Some(run.id) {
                run.counts.add(&counts);
                match (run.phase, next) {
                    (Phase::Scan, Some(next)) => run.cursor.after = next.to_owned(),
                    (Phase::Scan, None) if run.kind == RunKind::Drift => run.enter(Phase::Missing),
                    (Phase::Scan, None) => self.complete(&mut run),
                    _ => {}
                }
            }
            self.syncing().run = Some(run);
        }
        self.end_errand(errand, "shown");
    }

    fn denied(&mut self, errand: Errand, why: Denied, (code, error): (&str, &str)) {
        let is_of_run = self.syncing().run_of(&errand).is_some();
        let said = bounded(&format!("{error} ({code})"));
        if why == Denied::Item && errand.kind != ErrandKind::Batch {
            return self.denied_item(errand, &said);
        }
        if errand.state == ErrandState::Asked {
            return self.denied_status(errand, why, &said);
        }
        if errand.is_a_push() {
            self.end_batch(&errand, false);
        }
        if let Some(catalog) = &mut self.syncing().catalog {
            catalog.error = Some(said.clone());
            match why {
                Denied::NoCatalog => catalog.life = CatalogLife::Refused,
                Denied::NoBatches => catalog.settings.mode = SyncMode::OneByOne,
                _ => {}
            }
        }
        self.end_errand(errand, &said);
        let to_do = |what: &str| format!("{said}: {what}, then start another run");
        match why {
            _ if !is_of_run => {}
            Denied::Reconnect => self.pause_run(PauseWhy::Reconnect, None, &said),
            Denied::NoBatches => {}
            Denied::NoCatalog => {
                self.fail("no_catalog", &to_do("see to it at Meta that this account may use the catalog"))
            }
            Denied::Policy => self.fail("restricted", &to_do("see at Meta why the account is restricted")),
            Denied::Item | Denied::Other => self.fail("refused", &to_do("look the code up, and mend what it means")),
        }
    }

    fn denied_item(&mut self, errand: Errand, said: &str) {
        match errand.kind {
            ErrandKind::Put | ErrandKind::Remove => {
                let subject = errand.subject.clone().unwrap_or_default();
                self.reject(&errand, BTreeMap::from([(subject.as_str(), said)]));
            }
            ErrandKind::Appeal => self.change_rejected(&errand, |item| KnownItem {
                reason: Some(format!("the appeal was not taken: {said}")),
                ..item
            }),
            _ => {}
        }
        self.end_errand(errand, said);
    }

    /// The batch itself is with Meta: only the question was refused.
    fn denied_status(&mut self, errand: Errand, why: Denied, said: &str) {
        if why != Denied::Reconnect {
            // A handle that Meta does not know any more says nothing of what became of the items.
            self.end_batch(&errand, false);
            self.count_in_vain(&errand, false, "never_finished", said);
            return self.end_errand(errand, said);
        }
        let is_of_run = self.syncing().run_of(&errand).is_some();
        let (state, outcome) = (ErrandState::Processing, Some(said.to_owned()));
        let not_before = self.now + LONGEST_POLL;
        self.syncing().errands.insert(errand.id, Errand { state, outcome, not_before, ..errand });
        if is_of_run {
            self.pause_run(PauseWhy::Reconnect, None, said);
        }
    }

    fn count_in_vain(&mut self, errand: &Errand, got_on: bool, code: &str, detail: &str) {
        let Some(run) = self.syncing().run_of(errand) else { return };
        run.cursor.in_vain = if got_on { 0 } else { run.cursor.in_vain + 1 };
        if run.cursor.in_vain >= MOST_IN_VAIN {
            self.fail(code, &format!("{detail}, {MOST_IN_VAIN} times in a row: look at the catalog at Meta"));
        }
    }

    /// Told when it is worth a line on a screen: at each part in twenty.
    fn tell_progress(&mut self) {
        let part = |counts: &Counts| counts.done() * 20 / counts.total().max(1);
        let before = self.shop.sync.now.run.as_ref().map(|run| part(&run.counts));
        let Some(run) = self.syncing().run.clone() else { return };
        if run.is_open() && before.is_some_and(|before| before != part(&run.counts)) {
            self.tell_of_run(ShopEventKind::SyncProgress, &run);
        }
    }
}

impl Shop {
    /// After a load: calls that an earlier incarnation claimed, and of which nothing more will be heard. They may have
    /// been made, and are made again as they were; a question is asked again.
    pub(crate) fn recover_errands(
        &mut self,
        running: &dyn Fn(OutboxId, i32) -> bool,
        results_pending: &[(OutboxId, i32)],
        now: DateTime<Utc>,
    ) {
        let lost = |errand: &&Errand| {
            let call = (errand.id, errand.attempts);
            errand.is_in_flight() && !results_pending.contains(&call) && !running(call.0, call.1)
        };
        let lost: Vec<Errand> = self.sync.now.errands.values().filter(lost).cloned().collect();
        for errand in lost {
            self.leave_errand_uncertain(errand, "the process ended before the answer came", now);
        }
    }

    /// A result that nobody can read: as if the call had ended without an answer.
    pub(in crate::shop) fn lose_errand_result(&mut self, key: &str, now: DateTime<Utc>) {
        let Some((outbox, attempt)) = calls::named_by(key) else { return };
        let waits = |errand: &&Errand| errand.attempts == attempt && errand.is_in_flight();
        if let Some(errand) = self.sync.now.errands.get(&outbox).filter(waits).cloned() {
            self.leave_errand_uncertain(errand, "the answer could not be read", now);
        }
    }

    fn leave_errand_uncertain(&mut self, errand: Errand, why: &str, now: DateTime<Utc>) {
        let mut step = Step::new(self, now);
        step.make_again(errand, why, (None, true));
        let step = step.finish();
        self.absorb(step);
    }
}

fn doubled(first: TimeDelta, tries: u32, longest: TimeDelta) -> TimeDelta {
    first.checked_mul(1 << tries.saturating_sub(1).min(16)).unwrap_or(longest).min(longest)
}

fn bounded(text: &str) -> String {
    text.chars().filter(|char| *char != '\0').take(LONGEST_REASON).collect()
}
