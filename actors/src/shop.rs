//! One seller's shop in memory: what its actor decides with. Pure: no I/O, no clock, no chance of its own.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::alarm::Alarm;
use crate::domain::changes::Changes;
use crate::domain::event::{Happening, StoredEvent};
use crate::domain::ids::{EventSeq, OutboxId};
use crate::domain::outbox::Owed;
use crate::domain::outcome::Reason;
use crate::store::sellers::Loaded;
use crate::store::threads::{StoredThread, Wanted};

/// How shops behave, from the settings of the process.
#[derive(Clone, Copy, Debug)]
pub struct ShopRules {
    /// How long a customer must be silent before an automatic answer.
    pub reply_quiet: TimeDelta,
    /// How old a customer's last message may be for an automatic answer.
    pub reply_max_age: TimeDelta,
    /// How long to wait for an echo before asking Meta what became of a send.
    pub settle_after: TimeDelta,
    /// Conversations kept in memory.
    pub max_threads: usize,
    /// Calls in flight at most.
    pub max_in_flight: usize,
    /// Texts and media in any rolling hour, for each connection.
    pub messages_per_hour: u32,
    /// Other calls in any rolling hour.
    pub graph_per_hour: u32,
    /// This life of the process.
    pub boot: i64,
}

/// One seller's shop.
pub struct Shop {
    rules: ShopRules,
}

impl Shop {
    /// A shop as loaded.
    pub fn new(loaded: Loaded, rules: ShopRules) -> Self {
        let _ = loaded;
        Self { rules }
    }

    /// What must be read before these can be decided: conversations that are not in memory.
    pub fn wanted(&self, events: &[(StoredEvent, Result<Happening, Reason>)], alarms: &[Alarm]) -> Wanted {
        let _ = (events, alarms, self.rules);
        unimplemented!()
    }

    /// Takes in what was read.
    pub fn learn(&mut self, threads: Vec<StoredThread>) {
        let _ = threads;
        unimplemented!()
    }

    /// Decides one event. On a panic the shop is as before it.
    pub fn decide(&mut self, event: &StoredEvent, happening: &Result<Happening, Reason>, now: DateTime<Utc>) {
        let _ = (event, happening, now);
        unimplemented!()
    }

    /// Puts an event into the ledger.
    pub fn ledger(&mut self, event: EventSeq, reason: Reason) {
        let _ = (event, reason);
        unimplemented!()
    }

    /// Acts on an alarm that is due.
    pub fn alarm(&mut self, alarm: &Alarm, now: DateTime<Utc>) {
        let _ = (alarm, now);
        unimplemented!()
    }

    /// Claims what is owed and may be called now: spends budget, counts the attempt. Sets the alarm for the rest.
    pub fn claim(&mut self, now: DateTime<Utc>) {
        let _ = now;
        unimplemented!()
    }

    /// After a load: what to do with rows an earlier incarnation claimed. `running` says whether the courier has the
    /// call (by owed call and attempt). Rows claimed by an earlier life of the process become unknown; rows claimed in
    /// this life that the courier does not have and of which no result is pending were never handed over: they are
    /// handed over again.
    pub fn recover(
        &mut self,
        running: &dyn Fn(OutboxId, i32) -> bool,
        results_pending: &[(OutboxId, i32)],
        now: DateTime<Utc>,
    ) {
        let _ = (running, results_pending, now);
        unimplemented!()
    }

    /// True when what was decided must be flushed before anything leaves: something was claimed or a command answered.
    pub fn must_flush(&self) -> bool {
        unimplemented!()
    }

    /// What was decided since the last time, for the store.
    pub fn changes(&mut self) -> Changes {
        unimplemented!()
    }

    /// What to hand to the courier once the changes are stored.
    pub fn hand_over(&mut self) -> Vec<Owed> {
        unimplemented!()
    }

    /// Calls handed over and not ended.
    pub fn in_flight(&self) -> usize {
        unimplemented!()
    }

    /// When the shop wants to be woken next for its own alarms set in the last changes, so that the alarms actor can
    /// be told.
    pub fn next_alarm(&self) -> Option<DateTime<Utc>> {
        unimplemented!()
    }
}
