//! One turn: read what waits, decide it one by one in memory, store all of it or nothing, then hand over the calls.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{error, info, info_span, warn};

use crate::courier;
use crate::domain::alarm::Alarm;
use crate::domain::changes::Changes;
use crate::domain::event::{Happening, StoredEvent};
use crate::domain::ids::EventSeq;
use crate::domain::outbox::OwedState;
use crate::domain::outcome::Reason;
use crate::domain::sync::errand::Errand;
use crate::post::AlarmsMsg;
use crate::shop::MAX_HEARD;
use crate::store::erasures::Stepped;
use crate::store::pen::{Fence, Files};
use crate::store::threads::Wanted;
use crate::store::turns::TurnSql;
use crate::store::{FencedTx, StoreError, Sync, alarms, comments, desk, erasures, inbox, sellers, sync, threads};
use crate::trouble::within;

use super::batch::{self, Batch};
use super::log;
use super::{Desk, Fall, Preparation};

/// How long an alarm is put off that makes the shop panic.
const PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// What came of a turn.
pub(super) struct Turn {
    /// More waits.
    pub(super) more: bool,
    /// Something was there to do.
    pub(super) did_something: bool,
}

pub(super) type Meant = (StoredEvent, Result<Happening, Reason>);

impl Desk {
    pub(super) async fn take_turn(&mut self, prepared: Option<Preparation>) -> Result<Turn, Fall> {
        let now = self.seat.world.clock.now();
        let Batch { events, more, careful } = self.next_events().await?;
        self.suspects &= more || careful;
        let meant = self.meanings(events, careful).await?;
        // A backlog of events goes first: what the customer said may do away with the alarm.
        let alarms = if more { Vec::new() } else { self.due(now).await? };
        self.read_threads(&meant, &alarms, now).await?;
        self.decide_events(&meant, now);
        let put_off = self.act_on_alarms(&alarms, now);
        self.take_prepared(prepared, now);
        self.claim(now);
        let changed = self.store(&meant, put_off, now).await?;
        self.seat.hand.puts_down();
        self.hand_over();
        let more = more || alarms.len() as u64 >= self.seat.world.settings.turn_events;
        Ok(Turn { more, did_something: changed || !meant.is_empty() })
    }

    /// Events up to here are taken one by one: an earlier incarnation, or an earlier life of the process, fell over
    /// one of them.
    pub(super) fn careful_through(&self) -> EventSeq {
        self.seat.hand.careful_through().max(self.seat.world.careful_through)
    }

    async fn next_events(&self) -> Result<Batch, Fall> {
        let (world, most) = (&self.seat.world, self.seat.world.settings.turn_events);
        let pending = inbox::pending(world.store.reads(), self.seat.seller, most);
        let batch = batch::take(within(world.settings.store_timeout, pending).await?, most, self.careful_through());
        if let Some(last) = batch.events.iter().map(|event| event.seq).max() {
            self.seat.hand.takes(last);
        }
        Ok(batch)
    }

    async fn meanings(&mut self, events: Vec<StoredEvent>, careful: bool) -> Result<Vec<Meant>, Fall> {
        let poison = match events.first() {
            Some(suspect) if careful => self.attempts_at(suspect).await? > self.seat.world.settings.max_attempts,
            _ => false,
        };
        let meaning = |event: &StoredEvent| match poison {
            true => Err(Reason::Poison),
            false => batch::meaning(event, self.seat.world.decode),
        };
        Ok(events.into_iter().map(|event| (meaning(&event), event)).map(|(meaning, event)| (event, meaning)).collect())
    }

    /// An outage or a kill in the midst of the last attempt is not the event's fault.
    async fn attempts_at(&mut self, suspect: &StoredEvent) -> Result<i32, Fall> {
        match self.seat.hand.is_excused(suspect.seq) {
            true => Ok(suspect.attempts),
            false => self.count_attempt(suspect.seq).await,
        }
    }

    /// Counted before the event is taken in hand, and committed, because whoever falls counts nothing.
    async fn count_attempt(&mut self, event: EventSeq) -> Result<i32, Fall> {
        let (world, fence) = (&self.seat.world, self.fence(self.last_id));
        let (pen, seller, stored_turns) = (world.store.pen().clone(), self.seat.seller, self.stored_turns);
        let count = async move {
            let tx = FencedTx::begin(&pen, seller, fence, Sync::Lazy).await?.following(stored_turns)?;
            let attempts = inbox::count_attempt(&tx, event).await?;
            tx.commit("seller.attempt").await?;
            Ok(attempts)
        };
        let attempts = within(world.settings.store_timeout, world.store.pen().dictate(count)).await?;
        self.stored_turns += 1;
        Ok(attempts)
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<Alarm>, Fall> {
        let world = &self.seat.world;
        let due = alarms::due_of(world.store.reads(), self.seat.seller, now, world.settings.turn_events);
        Ok(within(world.settings.store_timeout, due).await?)
    }

    async fn read_threads(&mut self, meant: &[Meant], alarms: &[Alarm], now: DateTime<Utc>) -> Result<(), Fall> {
        let (world, seller) = (self.seat.world.clone(), self.seat.seller);
        let (reads, limit) = (world.store.reads(), world.settings.store_timeout);
        self.shop.learn_app_hold(world.app_hold.at(now));
        let mut wanted = self.shop.wanted(meant, alarms, now);
        if let Some((before, place)) = wanted.aged.take() {
            let found = within(limit, erasures::look(reads, seller, before, &place)).await?;
            wanted.conversations.extend(self.shop.learn_aged(found));
        }
        if wanted != Wanted::default() {
            let read = async {
                let known = comments::known(reads, seller, &wanted.comments).await?;
                let desk = desk::known(reads, seller, &wanted.desk).await?;
                let sync = sync::known(reads, seller, &wanted.sync).await?;
                let connections = sellers::connections_if(reads, seller, wanted.connections).await?;
                let threads = threads::read(reads, seller, &wanted, MAX_HEARD as u64).await?;
                Ok((threads, known, desk, sync, connections))
            };
            let (threads, known, desk, sync, connections) = within(limit, read).await?;
            self.shop.learn_connections(connections);
            self.shop.learn_sync(sync);
            self.shop.learn(threads);
            self.shop.learn_comments(known);
            self.shop.learn_desk(desk);
        }
        let repeating = self.shop.wanted_orders(meant);
        if !repeating.of.is_empty() {
            let read = threads::last_orders(reads, seller, &repeating);
            self.shop.learn_orders(&repeating, within(limit, read).await?);
        }
        Ok(())
    }

    fn decide_events(&mut self, meant: &[Meant], now: DateTime<Utc>) {
        let seller = self.seat.seller.0;
        for (event, meaning) in meant {
            let span = info_span!("event", seller.id = seller, event.id = event.seq.0);
            span.in_scope(|| self.decide_event(event, meaning, now));
        }
    }

    /// A panic over one event is that event's end, not the seller's: the shop is as it was before it.
    fn decide_event(&mut self, event: &StoredEvent, meaning: &Result<Happening, Reason>, now: DateTime<Utc>) {
        let seq = event.seq;
        if catch_unwind(AssertUnwindSafe(|| self.shop.decide(event, meaning, now))).is_err() {
            error!("deciding event {seq} panicked: it is in the ledger as poison");
            self.shop.ledger(event, Reason::Poison, now);
        }
    }

    /// Alarms that make the shop panic are put off, so that they neither vanish nor go off for ever.
    fn act_on_alarms(&mut self, alarms: &[Alarm], now: DateTime<Utc>) -> Vec<Alarm> {
        let mut put_off = Vec::new();
        for alarm in alarms {
            if catch_unwind(AssertUnwindSafe(|| self.shop.alarm(alarm, now))).is_err() {
                let (kind, subject) = (alarm.key.kind.name(), alarm.key.subject);
                error!("acting on the {kind} alarm of {subject} panicked: it is put off");
                put_off.push(Alarm { due: now + PUT_OFF, ..*alarm });
            }
        }
        put_off
    }

    /// What was prepared is decided like an event, and a panic over it ends the run: it would come again.
    fn take_prepared(&mut self, prepared: Option<Preparation>, now: DateTime<Utc>) {
        let taken = match prepared {
            Some(Preparation::Done(prepared)) => {
                catch_unwind(AssertUnwindSafe(|| self.shop.take_prepared(*prepared, now))).is_ok()
            }
            Some(Preparation::Hopeless) => false,
            None => return,
        };
        if !taken {
            error!("what the catalog sync needs cannot be prepared: its run fails");
            self.shop.fail_sync(now);
        }
    }

    /// What comes in never depends on what goes out: a shop that panics here claims nothing more until it is loaded
    /// again, which also settles what it half did.
    fn claim(&mut self, now: DateTime<Utc>) {
        if !self.claims || self.seat.world.is_stopping() {
            return;
        }
        let claim = || {
            self.shop.claim(now);
            // Customers first: what is left of the calls under way is the catalog's.
            self.shop.drive_sync(now);
        };
        if catch_unwind(AssertUnwindSafe(claim)).is_err() {
            error!("claiming owed calls panicked: none is made until the seller is loaded again");
            self.claims = false;
        }
    }

    /// Stores the turn, unless there is nothing to store; says whether there was.
    async fn store(&mut self, meant: &[Meant], put_off: Vec<Alarm>, now: DateTime<Utc>) -> Result<bool, Fall> {
        let must_flush = self.shop.must_flush();
        let mut changes = self.shop.changes(now);
        // Before it is stored: what comes of these persons from now on is not to be kept.
        changes.erasures.iter().for_each(|erasure| self.seat.world.erased.bury_person(self.seat.seller, erasure));
        let files = self.clean_files(&changes).await;
        let set = |alarm: &Alarm| changes.alarms.iter().any(|other| other.key == alarm.key);
        let put_off: Vec<_> = put_off.into_iter().filter(|alarm| !set(alarm)).collect();
        changes.alarms_over.retain(|over| !put_off.iter().any(|alarm| alarm.key == *over));
        changes.alarms.extend(put_off);
        self.next_alarm = self.shop.next_alarm();
        if nothing_in(&changes) {
            return Ok(false);
        }
        let sync = if must_flush { Sync::Flushed } else { Sync::Lazy };
        let stepped = within(self.seat.world.settings.store_timeout, self.save((&changes, files), sync, now)).await?;
        self.last_id = changes.last_id;
        self.stored_turns += 1;
        self.turns += 1;
        self.seat.hand.got_on();
        log::steps(meant, &changes);
        log::pauses(&self.shop.take_news());
        self.tell(&changes);
        self.follow_erasures(&stepped);
        Ok(true)
    }

    /// Cleans the database's files, where an erasure waits for nothing else. Nobody can read them in the meantime, or it
    /// is tried again later.
    async fn clean_files(&mut self, changes: &Changes) -> Files {
        let is_wanted = changes.erasing.iter().any(|id| self.wants_files.contains(id));
        if !is_wanted {
            return Files::Untouched;
        }
        match self.seat.world.store.pen().clean_files().await {
            Ok(files) => files,
            Err(error) => {
                warn!(error = &error as &dyn Error, "could not clean the database's files; it is tried again");
                Files::Untouched
            }
        }
    }

    fn follow_erasures(&mut self, stepped: &[Stepped]) {
        for Stepped { id, next, wants_files } in stepped {
            self.wants_files.remove(id);
            self.wants_files.extend(wants_files.then_some(*id));
            match next {
                Some(due) => drop(self.seat.world.posts.alarms.tell(AlarmsMsg::Earlier(*due))),
                None => {
                    info!("erasure {id} is over");
                    self.shop.erased(*id);
                }
            }
        }
    }

    async fn save(
        &self,
        (changes, files): (&Changes, Files),
        sync: Sync,
        now: DateTime<Utc>,
    ) -> Result<Vec<Stepped>, StoreError> {
        let (world, seller, stored_turns) = (&self.seat.world, self.seat.seller, self.stored_turns);
        let (pen, keyed) = (world.store.pen().clone(), Arc::clone(&world.keyed));
        let (turn, fence) = (TurnSql::new(pen.backend(), seller, changes, now), self.fence(changes.last_id));
        let (erasures, erasing) = (changes.erasures.clone(), changes.erasing.clone());
        let claims = changes.outbox.iter().any(|owed| owed.state == OwedState::Claimed)
            || changes.sync.iter().flat_map(|sync| &sync.errands).any(Errand::is_in_flight);
        let writing = async move {
            let tx = FencedTx::begin(&pen, seller, fence, sync).await?.following(stored_turns)?;
            turn.save(&tx).await?;
            erasures::begin(&tx, &erasures, &*keyed).await?;
            let mut stepped = Vec::new();
            for id in erasing {
                stepped.push(erasures::step(&tx, (id, files), &*keyed, now).await?);
            }
            tx.commit(if claims { "seller.claim" } else { "seller.turn" }).await?;
            Ok(stepped)
        };
        world.store.pen().dictate(writing).await
    }

    fn fence(&self, last_id: i64) -> Fence {
        Fence { incarnation: self.incarnation, last_id }
    }

    /// Tells whoever waits for what is stored now.
    fn tell(&self, changes: &Changes) {
        let world = &self.seat.world;
        if let Some(due) = changes.alarms.iter().map(|alarm| alarm.due).min() {
            world.posts.alarms.tell(AlarmsMsg::Earlier(due));
        }
        let has_left = changes.outbox.iter().any(|owed| matches!(owed.state, OwedState::Accepted | OwedState::Failed));
        if has_left || changes.decided.iter().any(|decided| decided.answer.is_some()) {
            // Nobody may be waiting.
            let _ = world.answered.send(self.seat.seller);
        }
        if !changes.tokens_refused.is_empty() {
            world.tokens_refused.notify_one();
        }
        if !changes.events.is_empty() {
            world.tell_news(self.seat.seller);
        }
    }

    /// Also after a turn that stored nothing: a load may have found calls that were claimed and never handed over.
    fn hand_over(&mut self) {
        let calls = self.shop.hand_over();
        if !calls.is_empty() {
            courier::hand_over(&self.seat.world, self.seat.seller, self.incarnation, calls);
        }
        let errands = self.shop.hand_over_errands();
        if !errands.is_empty() {
            courier::hand_over_errands(&self.seat.world, self.seat.seller, self.incarnation, errands);
        }
        self.seat.hand.show_in_flight(self.shop.in_flight());
        let (waiting, paused_until) = self.shop.pause();
        self.seat.hand.show_pause(waiting, paused_until);
    }
}

fn nothing_in(changes: &Changes) -> bool {
    *changes == Changes { last_id: changes.last_id, ..Changes::default() }
}
