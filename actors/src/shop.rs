//! One seller's shop in memory: what its actor decides with. No I/O, no clock, no chance of its own.
//!
//! A decision is made on a copy (`Step`) and taken over whole, so that one that panics has changed nothing.

mod answer;
mod commands;
mod echo;
mod said;
mod sends;
mod step;
mod taps;
mod thread;
mod turn;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::alarm::{Alarm, AlarmKind};
use crate::domain::budget::{Budget, BudgetKey};
use crate::domain::catalog::Catalog;
use crate::domain::changes::{Changes, Decided};
use crate::domain::channel::Account;
use crate::domain::conversation::Message;
use crate::domain::event::{Happening, Source, StoredEvent};
use crate::domain::ids::{ConversationId, OutboxId};
use crate::domain::order::Order;
use crate::domain::outbox::{Owed, OwedCall, OwedState};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::seller::Seller;
use crate::reader::{self, CatalogIndex};
use crate::store::sellers::Loaded;
use crate::store::threads::{StoredThread, Wanted};

pub(crate) use thread::MAX_HEARD;

use step::Step;
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
    /// Texts and media in any rolling hour, for each connection.
    pub messages_per_hour: u32,
    /// Other calls in any rolling hour.
    pub graph_per_hour: u32,
    /// This life of the process.
    pub boot: i64,
}

/// The conversations of so many owed calls are read ahead of their being made.
const CALLS_AHEAD: usize = 64;

/// One seller's shop.
pub struct Shop {
    rules: ShopRules,
    seller: Seller,
    last_id: i64,
    catalog: Catalog,
    index: CatalogIndex,
    threads: HashMap<ConversationId, Thread>,
    by_customer: HashMap<(Account, String), ConversationId>,
    /// Conversations that were just read, and whose last order is wanted.
    repeating: BTreeSet<ConversationId>,
    budgets: HashMap<BudgetKey, Budget>,
    open: BTreeMap<OutboxId, Open>,
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
        let mut budgets: HashMap<BudgetKey, Budget> = HashMap::new();
        for spent in &loaded.spent {
            budgets.entry(spent.key).or_default().restore(spent.minute, spent.calls);
        }
        let open = loaded.open.into_iter().map(|(owed, message)| (owed.id, Open { owed, message })).collect();
        Self {
            rules,
            index: CatalogIndex::new(&loaded.catalog),
            seller: loaded.seller,
            last_id: loaded.last_id,
            catalog: loaded.catalog,
            threads: HashMap::new(),
            by_customer: HashMap::new(),
            repeating: BTreeSet::new(),
            budgets,
            open,
            turn: Turn::default(),
            reread: false,
            index_is_old: false,
            next_alarm: None,
            turns: 0,
        }
    }

    /// What must be read before these can be decided: whatever is not in memory.
    pub fn wanted(&self, events: &[(StoredEvent, Result<Happening, Reason>)], alarms: &[Alarm]) -> Wanted {
        let mut wanted = Wanted::default();
        for (event, happening) in events {
            match happening {
                Ok(Happening::Said(_)) => self.want_customer(&mut wanted, event),
                Ok(Happening::Echo(echo)) => {
                    self.want_customer(&mut wanted, event);
                    if !self.remembers(event, &echo.mid) {
                        wanted.mids.push(echo.mid.clone());
                    }
                }
                Ok(Happening::CallEnded(ended)) => self.want_thread_of(&mut wanted, ended.outbox),
                Ok(
                    Happening::Edited(_)
                    | Happening::Unsent(_)
                    | Happening::Reacted(_)
                    | Happening::Receipt(_)
                    | Happening::Referred(_)
                    | Happening::Noted(_)
                    | Happening::Renamed(_)
                    | Happening::Commented(_)
                    | Happening::Mentioned(_)
                    | Happening::Command(_),
                )
                | Err(_) => {}
            }
        }
        for alarm in alarms {
            match alarm.key.kind {
                AlarmKind::Reply => self.want_thread(&mut wanted, ConversationId(alarm.key.subject)),
                AlarmKind::Settle => self.want_thread_of(&mut wanted, OutboxId(alarm.key.subject)),
                AlarmKind::Send => {}
            }
        }
        for (_, conversation) in self.next_calls().into_iter().take(CALLS_AHEAD) {
            self.want_thread(&mut wanted, conversation);
        }
        wanted.customers.sort();
        wanted.customers.dedup();
        wanted.conversations.sort();
        wanted.conversations.dedup();
        wanted
    }

    /// True when the message that this is the echo of is in memory.
    fn remembers(&self, event: &StoredEvent, mid: &str) -> bool {
        let who = event.customer.as_ref().map(|customer| (event.account.clone(), customer.clone()));
        let thread = who.and_then(|who| self.by_customer.get(&who)).and_then(|id| self.threads.get(id));
        thread.is_some_and(|thread| thread.sent.iter().any(|message| message.mid.as_deref() == Some(mid)))
    }

    fn want_customer(&self, wanted: &mut Wanted, event: &StoredEvent) {
        if let Some(customer) = &event.customer {
            let who = (event.account.clone(), customer.clone());
            if !self.by_customer.contains_key(&who) {
                wanted.customers.push(who);
            }
        }
    }

    fn want_thread_of(&self, wanted: &mut Wanted, outbox: OutboxId) {
        if let Some(open) = self.open.get(&outbox) {
            self.want_thread(wanted, open.owed.conversation);
        }
    }

    fn want_thread(&self, wanted: &mut Wanted, conversation: ConversationId) {
        if !self.threads.contains_key(&conversation) {
            wanted.conversations.push(conversation);
        }
    }

    /// Takes in what was read; what is in memory already is newer.
    pub fn learn(&mut self, threads: Vec<StoredThread>) {
        for stored in threads {
            let (id, sent) = (stored.conversation.id, stored.sent.clone());
            let thread = self.threads.entry(id).or_insert_with(|| Thread::read(stored, &self.index));
            self.by_customer.insert((thread.customer.account.clone(), thread.customer.meta_id.clone()), id);
            thread.recall(sent);
            if thread.wants_last_order() {
                self.repeating.insert(id);
            }
        }
    }

    /// Whose last order must be read before these can be decided: of those who want the same again. To be asked once
    /// all that is wanted besides is in memory.
    pub fn wanted_orders(&self, events: &[(StoredEvent, Result<Happening, Reason>)]) -> Vec<ConversationId> {
        let mut wanted = self.repeating.clone();
        for (event, happening) in events {
            let (Ok(Happening::Said(said)), Some(customer)) = (happening, &event.customer) else { continue };
            let thread = self.by_customer.get(&(event.account.clone(), customer.clone()));
            let thread = thread.and_then(|id| self.threads.get(id)).filter(|thread| !thread.knows_last_order);
            if let (Some(thread), Some(text)) = (thread, &said.text)
                && reader::says_again(text)
            {
                wanted.insert(thread.conversation.id);
            }
        }
        wanted.into_iter().collect()
    }

    /// Takes in the last confirmed orders of these; who is not among them has none.
    pub fn learn_orders(&mut self, of: &[ConversationId], mut orders: HashMap<ConversationId, Order>) {
        self.repeating.clear();
        for id in of {
            if let Some(thread) = self.threads.get_mut(id) {
                (thread.last_order, thread.knows_last_order) = (orders.remove(id), true);
            }
        }
    }

    /// Decides one event. On a panic the shop is as before it.
    pub fn decide(&mut self, event: &StoredEvent, happening: &Result<Happening, Reason>, now: DateTime<Utc>) {
        let happening = match happening {
            Ok(happening) => happening,
            Err(reason) => return self.ledger(event, *reason, now),
        };
        if matches!(happening, Happening::Said(_)) {
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
            Happening::Command(command) => (Outcome::Handled, Some(step.obey(command))),
            Happening::Said(said) => (step.hear(event, said), None),
            Happening::Echo(echo) => (step.hear_echo(event, echo), None),
            Happening::CallEnded(call) => (step.call_ended(call), None),
            Happening::Edited(_)
            | Happening::Unsent(_)
            | Happening::Reacted(_)
            | Happening::Receipt(_)
            | Happening::Referred(_)
            | Happening::Noted(_)
            | Happening::Renamed(_)
            | Happening::Commented(_)
            | Happening::Mentioned(_) => (Outcome::Ledgered(Reason::NotYetHandled), None),
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
        }
        self.turn.decided.push(Decided { event: event.seq, outcome: Outcome::Ledgered(reason), answer });
    }

    /// Acts on an alarm that is due.
    pub fn alarm(&mut self, alarm: &Alarm, now: DateTime<Utc>) {
        // An event of this very turn has put it off: the customer was not silent after all.
        if self.turn.alarms.get(&alarm.key).is_some_and(|due| due.is_some_and(|due| due > now)) {
            return;
        }
        let mut step = Step::new(self, now);
        step.out.alarms.insert(alarm.key, None);
        match alarm.key.kind {
            AlarmKind::Reply => step.answer_due(ConversationId(alarm.key.subject)),
            AlarmKind::Settle => step.settle_due(OutboxId(alarm.key.subject)),
            AlarmKind::Send => {}
        }
        let step = step.finish();
        self.absorb(step);
    }

    /// True when what was decided must be flushed before anything leaves: something was claimed or a command answered.
    pub fn must_flush(&self) -> bool {
        !self.turn.claimed.is_empty() || self.turn.decided.iter().any(|decided| decided.answer.is_some())
    }

    /// What was decided since the last time, for the store.
    pub fn changes(&mut self) -> Changes {
        let claimed = std::mem::take(&mut self.turn.claimed);
        let turn = std::mem::take(&mut self.turn);
        self.turn.handed = claimed;
        self.next_alarm = turn.alarms.values().flatten().min().copied();
        self.turns += 1;
        for id in &turn.touched {
            if let Some(thread) = self.threads.get_mut(id) {
                thread.forget_old_sent();
            }
        }
        let changes = turn.into_changes(self.last_id, &self.threads);
        self.reread();
        self.forget_least_used();
        changes
    }

    /// What to hand to the courier once the changes are stored.
    pub fn hand_over(&mut self) -> Vec<Owed> {
        let handed = std::mem::take(&mut self.turn.handed);
        handed.iter().filter_map(|id| self.open.get(id)).map(|open| open.owed.clone()).collect()
    }

    /// Calls handed over and not ended.
    pub fn in_flight(&self) -> usize {
        self.open.values().filter(|open| open.owed.state == OwedState::Claimed).count()
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
            self.by_customer.remove(&(thread.customer.account, thread.customer.meta_id));
        }
    }

    /// The send of ours in this conversation that an echo with these words would be of.
    fn send_in_question(&self, conversation: ConversationId, words: &str) -> Option<&Open> {
        self.open.values().find(|open| {
            let maybe_sent = match open.owed.state {
                OwedState::Claimed | OwedState::Unknown => true,
                OwedState::Owed => open.owed.attempts > 0,
                OwedState::Accepted | OwedState::Unsettled | OwedState::Failed => false,
            };
            let same_words = matches!(&open.owed.call, OwedCall::Send { text, .. } if thread::same_words(text, words));
            open.owed.conversation == conversation && maybe_sent && same_words
        })
    }
}

#[cfg(test)]
mod tests;
