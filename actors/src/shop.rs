//! One seller's shop in memory: what its actor decides with. No I/O, no clock, no chance of its own.
//!
//! A decision is made on a copy (`Step`) and taken over whole, so that one that panics has changed nothing.

mod again;
mod amend;
mod answer;
mod claims;
mod closing;
mod commands;
mod comments;
mod echo;
mod known;
mod loose_ends;
mod named_orders;
mod notes;
mod receipts;
mod retention;
mod said;
mod sends;
mod step;
mod sync;
mod taps;
mod thread;
mod tokens;
mod turn;
mod wanted;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::alarm::{Alarm, AlarmKind};
use crate::domain::budget::hold::{Cause, Hold, HoldOn};
use crate::domain::budget::{Budget, BudgetKey, Caps, window};
use crate::domain::catalog::Catalog;
use crate::domain::changes::{Changes, Decided};
use crate::domain::channel::Account;
use crate::domain::comment::CommentName;
use crate::domain::conversation::Message;
use crate::domain::erasure::Erasure;
use crate::domain::event::{Echo, Happening, Source, StoredEvent};
use crate::domain::ids::{ConversationId, ErasureId, OutboxId};
use crate::domain::outbox::{Owed, OwedState};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::seller::Seller;
use crate::domain::shop_event::ShopEventKind;
use crate::domain::told::Told;
use crate::reader::CatalogIndex;
use crate::store::erasures::AgedFound;
use crate::store::sellers::Loaded;

pub(crate) use claims::News;
pub use sync::SyncRules;
pub(crate) use sync::{Found, HandedErrand, Prepared, Task, Work};
pub(crate) use thread::MAX_HEARD;

use loose_ends::LooseEnds;
use named_orders::NamedOrders;
use step::Step;
use sync::SyncDesk;
use thread::Thread;
use turn::Turn;

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
    /// What may be spent at Meta, where a seller has no caps of its own.
    pub caps: Caps,
    /// This life of the process.
    pub boot: i64,
    /// How the catalog goes up.
    pub sync: SyncRules,
}

/// Ids at Meta are shorter than this many bytes, and a database has no index for texts of any length.
const LONGEST_ID: usize = 512;

/// One seller's shop.
pub struct Shop {
    rules: ShopRules,
    seller: Seller,
    last_id: i64,
    /// The last id that was given before this turn.
    known_through: i64,
    catalog: Catalog,
    index: CatalogIndex,
    threads: HashMap<ConversationId, Thread>,
    by_customer: HashMap<(Account, String), ConversationId>,
    /// Conversations that were just read, and whose last order is wanted.
    repeating: BTreeSet<ConversationId>,
    caps: Caps,
    budgets: BTreeMap<BudgetKey, Budget>,
    holds: BTreeMap<HoldOn, Hold>,
    app_hold: Option<Hold>,
    /// What calls have been waiting for.
    pauses: BTreeSet<Cause>,
    /// When the alarm for owed calls goes off, as far as it was set since the load.
    send_alarm: Option<DateTime<Utc>>,
    open: BTreeMap<OutboxId, Open>,
    /// When the window of conversations closes that have open calls and are not in memory, as far as that is known.
    windows: BTreeMap<ConversationId, DateTime<Utc>>,
    /// All of them are in memory: a message must not ask the database whether something waits for it.
    loose_ends: LooseEnds,
    /// Erasures under way: what still comes of these persons, from before, is not kept.
    erasing: Vec<Erasure>,
    /// Whom this turn may erase for their age.
    aged: Option<AgedFound>,
    /// Comments of this turn that are known.
    comments: BTreeSet<CommentName>,
    /// Orders that this turn's commands are about.
    named: NamedOrders,
    /// What this turn knows of things that commands name.
    desk: commands::Desk,
    sync: SyncDesk,
    /// Conversations that were read for this turn.
    learned: Vec<ConversationId>,
    turn: Turn,
    /// The catalog's words changed: readings are out of date.
    reread: bool,
    /// The index was not yet made anew since.
    index_is_old: bool,
    next_alarm: Option<DateTime<Utc>>,
    /// Counts turns, to know which conversations were used last.
    turns: u64,
}

/// An owed call that is open, with the message it sends.
#[derive(Clone, Debug)]
struct Open {
    owed: Owed,
    message: Option<Message>,
}

impl Shop {
    /// A shop as loaded.
    pub fn new(loaded: Loaded, rules: ShopRules) -> Self {
        let budgets = window::restored(&loaded.spent);
        let open = loaded.open.into_iter().map(|(owed, message)| (owed.id, Open { owed, message })).collect();
        Self {
            rules,
            caps: rules.caps.with(&loaded.seller.settings.caps),
            // Made when words are first read: not every turn reads any, and a large catalog has many.
            index: CatalogIndex::default(),
            seller: loaded.seller,
            last_id: loaded.last_id,
            known_through: loaded.last_id,
            catalog: loaded.catalog,
            threads: HashMap::new(),
            by_customer: HashMap::new(),
            repeating: BTreeSet::new(),
            budgets,
            holds: loaded.holds.into_iter().collect(),
            app_hold: None,
            pauses: BTreeSet::new(),
            send_alarm: None,
            open,
            windows: loaded.windows.into_iter().collect(),
            loose_ends: loose_ends::loaded(loaded.loose_ends),
            erasing: loaded.erasing,
            aged: None,
            comments: BTreeSet::new(),
            named: NamedOrders::default(),
            desk: commands::Desk::default(),
            sync: SyncDesk::loaded(loaded.sync),
            learned: Vec::new(),
            turn: Turn::default(),
            reread: false,
            index_is_old: true,
            next_alarm: None,
            turns: 0,
        }
    }

    /// Decides one event. On a panic the shop is as before it.
    pub fn decide(&mut self, event: &StoredEvent, happening: &Result<Happening, Reason>, now: DateTime<Utc>) {
        let happening = match happening {
            Ok(happening) => happening,
            Err(reason) => return self.ledger(event, *reason, now),
        };
        if matches!(happening, Happening::Said(_) | Happening::Edited(_) | Happening::Unsent(_)) {
            // Products of this very turn are understood as well: turns must not matter.
            self.index_anew();
        }
        let (step, decided) = self.step_of(event, happening, now);
        let step = step.finish();
        self.absorb(step);
        self.turn.decided.push(decided);
    }

    fn step_of(&self, event: &StoredEvent, happening: &Happening, now: DateTime<Utc>) -> (Step<'_>, Decided) {
        let mut step = Step::new(self, now);
        let (outcome, answer) = match happening {
            _ if self.erasing.iter().any(|erasure| erasure.is_about(event)) => {
                (Outcome::Ledgered(Reason::Erased), None)
            }
            Happening::Command(command) => (Outcome::Handled, Some(step.obey(event, command))),
            Happening::Said(said) => (step.hear(event, said), None),
            Happening::Echo(echo) => (step.hear_echo(event, echo), None),
            Happening::Renamed(renamed) => (step.renamed(event, renamed), None),
            Happening::CallEnded(call) => (step.call_ended(call), None),
            Happening::Edited(edited) => (step.edited(event, edited), None),
            Happening::Unsent(unsent) => (step.tell(event, &unsent.mid, &Told::unsent()), None),
            Happening::Reacted(reacted) => (step.reacted(event, reacted), None),
            Happening::Receipt(receipt) => (step.receipt(event, receipt), None),
            Happening::Referred(referral) => (step.refer(event, referral), None),
            Happening::Noted(noted) => (step.note(event, noted), None),
            Happening::Commented(comment) => (step.commented(event, comment), None),
            Happening::Mentioned(mention) => (step.mentioned(event, mention), None),
            Happening::BatchTold { handle } => (step.batch_told(handle), None),
            Happening::Announced(what) => {
                if matches!(what.kind, ShopEventKind::ConnectionConnected | ShopEventKind::ConnectionChanged) {
                    step.connections_changed();
                }
                step.out.told.push(*what);
                (Outcome::Handled, None)
            }
        };
        (step, Decided { event: event.seq, outcome, answer })
    }

    /// Puts an event into the ledger. Nobody is left waiting for it: a command is answered, and a call whose result
    /// this was has an uncertain end.
    pub fn ledger(&mut self, event: &StoredEvent, reason: Reason, now: DateTime<Utc>) {
        let answer = (event.source == Source::Command)
            .then(|| serde_json::json!({ "error": reason.code(), "detail": reason.sentence() }));
        if event.source == Source::Result {
            self.lose_result(&event.key, now);
            self.lose_errand_result(&event.key, now);
        }
        self.turn.decided.push(Decided { event: event.seq, outcome: Outcome::Ledgered(reason), answer });
    }

    /// Acts on an alarm that is due.
    pub fn alarm(&mut self, alarm: &Alarm, now: DateTime<Utc>) {
        // An event of this very turn has put it off, as the customer was not silent after all, or done away with it.
        if self.turn.alarms.get(&alarm.key).is_some_and(|due| due.is_none_or(|due| due > now)) {
            return;
        }
        let mut step = Step::new(self, now);
        step.out.alarms.insert(alarm.key, None);
        match alarm.key.kind {
            AlarmKind::Reply => step.answer_due(ConversationId(alarm.key.subject)),
            AlarmKind::Settle => step.settle_due(OutboxId(alarm.key.subject)),
            AlarmKind::Retain => step.retain_due(),
            AlarmKind::Erase => drop(step.out.erasing.insert(ErasureId(alarm.key.subject))),
            AlarmKind::SyncAuto => step.auto_due(),
            AlarmKind::SyncReview => step.review_due(),
            AlarmKind::SyncDrift => step.drift_due(),
            // What waits is looked at in each turn.
            AlarmKind::Send | AlarmKind::Sync => {}
        }
        let step = step.finish();
        self.absorb(step);
    }

    /// True when what was decided must be flushed before anything leaves: something was claimed or a command answered.
    pub fn must_flush(&self) -> bool {
        !self.turn.claimed.is_empty()
            || self.sync.must_flush()
            || self.turn.decided.iter().any(|decided| decided.answer.is_some())
    }

    /// What was decided since the last time, for the store.
    pub fn changes(&mut self, now: DateTime<Utc>) -> Changes {
        let claimed = std::mem::take(&mut self.turn.claimed);
        let mut turn = std::mem::take(&mut self.turn);
        self.turn.handed = claimed;
        self.turn.news = std::mem::take(&mut turn.news);
        self.next_alarm = turn.alarms.values().flatten().min().copied();
        self.turns += 1;
        self.comments.clear();
        self.named = NamedOrders::default();
        self.desk = commands::Desk::default();
        self.aged = None;
        self.sync.taken();
        for id in turn.touched.iter().chain(&std::mem::take(&mut self.learned)) {
            if let Some(thread) = self.threads.get_mut(id) {
                thread.forget_recalled();
            }
        }
        let told = std::mem::take(&mut turn.told);
        let mut changes = turn.into_changes(self.last_id, &self.threads);
        changes.write_down(told, self.known_through, now);
        (self.last_id, self.known_through) = (changes.last_id, changes.last_id);
        self.reread();
        self.forget_least_used();
        changes
    }

    /// What to hand to the courier once the changes are stored.
    pub fn hand_over(&mut self) -> Vec<Owed> {
        let handed = std::mem::take(&mut self.turn.handed);
        handed.iter().filter_map(|id| self.open.get(id)).map(|open| open.owed.clone()).collect()
    }

    /// An erasure is over: whatever comes of that person is said by somebody new.
    pub fn erased(&mut self, id: ErasureId) {
        self.erasing.retain(|erasure| erasure.id != id);
    }

    /// Calls handed over and not ended.
    pub fn in_flight(&self) -> usize {
        self.open.values().filter(|open| open.owed.state == OwedState::Claimed).count() + self.sync.in_flight()
    }

    /// The earliest alarm set by the last changes.
    pub fn next_alarm(&self) -> Option<DateTime<Utc>> {
        self.next_alarm
    }

    /// How many conversations are in memory.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    fn forget_least_used(&mut self) {
        if self.threads.len() <= self.rules.max_threads {
            return;
        }
        let mut ages: Vec<(u64, ConversationId)> = self.threads.iter().map(|(id, thread)| (thread.used, *id)).collect();
        ages.sort_unstable();
        // A quarter at a time, so that a shop at its limit does not sort on every turn.
        for (_, id) in ages.into_iter().take(self.threads.len() - self.rules.max_threads * 3 / 4) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: ConversationId) {
        if let Some(thread) = self.threads.remove(&id) {
            self.know_no_more(&thread);
            self.keep_window_of(&thread.conversation);
        }
    }

    /// The send of ours in this conversation that this would be the echo of.
    fn send_in_question(&self, conversation: ConversationId, echo: &Echo) -> Option<&Open> {
        self.open.values().find(|open| {
            let maybe_sent = match open.owed.state {
                OwedState::Claimed | OwedState::Unknown => true,
                OwedState::Owed => open.owed.attempts > 0,
                OwedState::Accepted | OwedState::Unsettled | OwedState::Failed => false,
            };
            open.owed.conversation == conversation && maybe_sent && echo::is_of(echo, &open.owed.call)
        })
    }
}

#[cfg(test)]
mod tests;
