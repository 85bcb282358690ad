//! One seller's shop in memory: what its actor decides with. No I/O, no clock, no chance of its own.
//!
//! A decision is made on a copy (`Step`) and taken over whole, so that one that panics has changed nothing.

mod again;
mod amend;
mod answer;
mod claims;
mod commands;
mod comments;
mod echo;
mod known;
mod loose_ends;
mod notes;
mod receipts;
mod said;
mod sends;
mod step;
mod taps;
mod thread;
mod turn;

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
use crate::domain::event::{Happening, Receipt, ReceiptOf, Source, StoredEvent};
use crate::domain::ids::{ConversationId, OutboxId};
use crate::domain::outbox::{Owed, OwedCall, OwedState};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::seller::Seller;
use crate::domain::told::Told;
use crate::reader::CatalogIndex;
use crate::store::sellers::Loaded;
use crate::store::threads::{StoredThread, Wanted};

pub(crate) use claims::News;
pub(crate) use thread::MAX_HEARD;

use loose_ends::LooseEnds;
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
    /// What may be spent at Meta, where a seller has no caps of its own.
    pub caps: Caps,
    /// This life of the process.
    pub boot: i64,
}

/// Ids at Meta are shorter than this many bytes, and a database has no index for texts of any length.
const LONGEST_ID: usize = 512;

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
    caps: Caps,
    budgets: BTreeMap<BudgetKey, Budget>,
    holds: BTreeMap<HoldOn, Hold>,
    app_hold: Option<Hold>,
    /// What calls have been waiting for.
    pauses: BTreeSet<Cause>,
    /// When the alarm for owed calls goes off, as far as it was set since the load.
    send_alarm: Option<DateTime<Utc>>,
    open: BTreeMap<OutboxId, Open>,
    /// All of them are in memory: a message must not ask the database whether something waits for it.
    loose_ends: LooseEnds,
    /// Comments of this turn that are known.
    comments: BTreeSet<CommentName>,
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
            index: CatalogIndex::new(&loaded.catalog),
            seller: loaded.seller,
            last_id: loaded.last_id,
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
            loose_ends: loose_ends::loaded(loaded.loose_ends),
            comments: BTreeSet::new(),
            learned: Vec::new(),
            turn: Turn::default(),
            reread: false,
            index_is_old: false,
            next_alarm: None,
            turns: 0,
        }
    }

    /// What must be read before these can be decided: whatever is not in memory.
    pub fn wanted(
        &self,
        events: &[(StoredEvent, Result<Happening, Reason>)],
        alarms: &[Alarm],
        now: DateTime<Utc>,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        for (event, happening) in events {
            match happening {
                Ok(Happening::Said(said)) => {
                    self.want_customer(&mut wanted, event);
                    self.want_other(&mut wanted, event, said.profile.other_id.as_deref());
                }
                Ok(Happening::Renamed(renamed)) => {
                    self.want_customer(&mut wanted, event);
                    self.want_other(&mut wanted, event, Some(&renamed.to));
                }
                Ok(Happening::Referred(_) | Happening::Noted(_)) => {
                    self.want_customer(&mut wanted, event);
                }
                Ok(Happening::Echo(echo)) => {
                    self.want_customer(&mut wanted, event);
                    self.want_message(&mut wanted, event, &echo.mid);
                }
                Ok(Happening::Edited(edited)) => self.want_message(&mut wanted, event, &edited.mid),
                Ok(Happening::Unsent(unsent)) => self.want_message(&mut wanted, event, &unsent.mid),
                Ok(Happening::Reacted(reacted)) => self.want_message(&mut wanted, event, &reacted.mid),
                Ok(Happening::Receipt(Receipt { of: ReceiptOf::Mids(mids), .. })) => {
                    mids.iter().for_each(|mid| self.want_message(&mut wanted, event, mid));
                }
                Ok(Happening::Receipt(Receipt { of: ReceiptOf::Through(_), .. })) => {
                    self.want_customer(&mut wanted, event);
                }
                Ok(Happening::CallEnded(ended)) => self.want_thread_of(&mut wanted, ended.outbox),
                Ok(happening @ (Happening::Commented(_) | Happening::Mentioned(_))) => {
                    wanted.comments.extend(comments::named_by(event, happening));
                }
                Ok(Happening::Command(_)) | Err(_) => {}
            }
        }
        for alarm in alarms {
            match alarm.key.kind {
                AlarmKind::Reply => self.want_thread(&mut wanted, ConversationId(alarm.key.subject)),
                AlarmKind::Settle => self.want_thread_of(&mut wanted, OutboxId(alarm.key.subject)),
                AlarmKind::Send => {}
            }
        }
        for conversation in self.next_free_calls(now).take(CALLS_AHEAD) {
            self.want_thread(&mut wanted, conversation);
        }
        wanted.customers.sort();
        wanted.customers.dedup();
        wanted.conversations.sort();
        wanted.conversations.dedup();
        wanted
    }

    fn want_message(&self, wanted: &mut Wanted, event: &StoredEvent, mid: &str) {
        if self.with_mid(event, mid).is_none() {
            wanted.mids.insert(mid.to_owned());
        }
    }

    fn want_customer(&self, wanted: &mut Wanted, event: &StoredEvent) {
        self.want_other(wanted, event, event.customer.as_deref());
    }

    /// Whoever has this id on the account of the event.
    fn want_other(&self, wanted: &mut Wanted, event: &StoredEvent, id: Option<&str>) {
        let who = id.map(|id| (event.account.clone(), id.to_owned()));
        wanted.customers.extend(who.filter(|who| !self.by_customer.contains_key(who)));
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
            let (id, recalled) = (stored.conversation.id, stored.recalled.clone());
            if !self.threads.contains_key(&id) {
                let thread = Thread::read(stored, &self.index);
                self.know(&thread, &thread.aliases);
                self.threads.insert(id, thread);
            }
            if let Some(thread) = self.threads.get_mut(&id) {
                thread.recall(recalled);
                if thread.wants_last_order() {
                    self.repeating.insert(id);
                }
            }
            self.learned.push(id);
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
            Happening::Command(command) => (Outcome::Handled, Some(step.obey(command))),
            Happening::Said(said) => (step.hear(event, said), None),
            Happening::Echo(echo) => (step.hear_echo(event, echo), None),
            Happening::Renamed(renamed) => (step.renamed(event, renamed), None),
            Happening::CallEnded(call) => (step.call_ended(call), None),
            Happening::Edited(edited) => (step.tell(event, &edited.mid, &Told::edited(edited)), None),
            Happening::Unsent(unsent) => (step.tell(event, &unsent.mid, &Told::unsent()), None),
            Happening::Reacted(reacted) => (step.reacted(event, reacted), None),
            Happening::Receipt(receipt) => (step.receipt(event, receipt), None),
            Happening::Referred(referral) => (step.refer(event, referral), None),
            Happening::Noted(noted) => (step.note(event, noted), None),
            Happening::Commented(comment) => (step.commented(event, comment), None),
            Happening::Mentioned(mention) => (step.mentioned(event, mention), None),
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
        let mut turn = std::mem::take(&mut self.turn);
        self.turn.handed = claimed;
        self.turn.news = std::mem::take(&mut turn.news);
        self.next_alarm = turn.alarms.values().flatten().min().copied();
        self.turns += 1;
        self.comments.clear();
        for id in turn.touched.iter().chain(&std::mem::take(&mut self.learned)) {
            if let Some(thread) = self.threads.get_mut(id) {
                thread.forget_recalled();
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
            self.know_no_more(&thread);
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
