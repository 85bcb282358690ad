//! What a turn has gathered so far: the rows it will store, at most one for an id.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::domain::alarm::{Alarm, AlarmKey};
use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::{BudgetKey, OwnCaps, SpentSlot};
use crate::domain::catalog::{Modifier, Product};
use crate::domain::changes::{Changes, Decided, DetailsOf, ItemOver};
use crate::domain::channel::Account;
use crate::domain::comment::{CommentName, PublicComment};
use crate::domain::conversation::{Alias, Message};
use crate::domain::credential::{TokenRefused, Use};
use crate::domain::desk::Note;
use crate::domain::erasure::{Erasure, KeepDays};
use crate::domain::ids::{ConnectionId, ConversationId, ErasureId, MessageId, NoteId, OrderId, OutboxId};
use crate::domain::order::{Order, OrderChange};
use crate::domain::outbox::Owed;
use crate::domain::shop_event::Occurrence;
use crate::domain::told::LooseEnd;

use super::claims::News;
use super::sync::SyncStep;
use super::thread::Thread;

/// Rows gathered since the last store.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) messages: BTreeMap<MessageId, Message>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) order_changes: Vec<OrderChange>,
    pub(super) outbox: BTreeMap<OutboxId, Owed>,
    pub(super) products: BTreeMap<String, Product>,
    pub(super) details: BTreeMap<String, DetailsOf>,
    pub(super) products_over: BTreeSet<String>,
    pub(super) items_over: BTreeMap<String, ItemOver>,
    /// Modifiers, or over when there is none.
    pub(super) modifiers: BTreeMap<String, Option<Modifier>>,
    pub(super) sync: SyncStep,
    pub(super) caps: Option<OwnCaps>,
    pub(super) spent: BTreeMap<(BudgetKey, i64), i32>,
    /// Pauses learned from Meta, or over.
    pub(super) holds: BTreeMap<HoldOn, Hold>,
    /// Tokens that Meta took no more.
    pub(super) tokens_refused: BTreeMap<(ConnectionId, Use), TokenRefused>,
    /// Alarms set, or over when there is no time.
    pub(super) alarms: BTreeMap<AlarmKey, Option<DateTime<Utc>>>,
    pub(super) comments: BTreeMap<CommentName, PublicComment>,
    /// Loose ends kept, or over when there is none.
    pub(super) loose_ends: BTreeMap<(Account, String), Option<LooseEnd>>,
    /// Notes written, or taken away when there is none.
    pub(super) notes: BTreeMap<NoteId, Option<Note>>,
    /// Events whose words are no more.
    pub(super) unsaid: BTreeSet<(Account, String)>,
    /// Erasures that begin.
    pub(super) erasures: Vec<Erasure>,
    /// For how long silent customers are remembered from now on.
    pub(super) keep_days: Option<Option<KeepDays>>,
    /// Erasures of which a piece is to be done.
    pub(super) erasing: BTreeSet<ErasureId>,
    /// Conversations whose customers are not found by their ids at Meta any more.
    pub(super) forgotten: BTreeSet<ConversationId>,
    /// Conversations to be stored as they are in memory at the end.
    pub(super) touched: BTreeSet<ConversationId>,
    /// Those of them whose customer is to be stored: it seldom changes, and a row costs the same, changed or not.
    pub(super) customers: BTreeSet<ConversationId>,
    /// Those of them whose lead is to be stored.
    pub(super) leads: BTreeSet<ConversationId>,
    /// Ids that customers go by from now on, too.
    pub(super) aliases: BTreeMap<(Account, String), Alias>,
    pub(super) decided: Vec<Decided>,
    /// What happened that no row tells.
    pub(super) told: Vec<Occurrence>,
    /// Claimed in this turn: to be handed over once it is stored.
    pub(super) claimed: Vec<OutboxId>,
    /// Stored and to be handed over.
    pub(super) handed: Vec<OutboxId>,
    /// What the log is to say of claims.
    pub(super) news: Vec<News>,
}

impl Turn {
    /// Takes over what a step adds; where both name a row, the step's is newer.
    pub(super) fn add(&mut self, step: Turn) {
        self.messages.extend(step.messages);
        self.orders.extend(step.orders);
        self.order_changes.extend(step.order_changes);
        self.outbox.extend(step.outbox);
        for over in &step.products_over {
            self.products.remove(over);
            self.details.remove(over);
        }
        // Put after it was taken out: whatever is left of it is replaced.
        self.products_over.extend(step.products_over);
        self.products_over.retain(|over| !step.products.contains_key(over));
        self.products.extend(step.products);
        self.details.extend(step.details);
        self.items_over.extend(step.items_over);
        self.modifiers.extend(step.modifiers);
        self.sync.add(step.sync);
        self.caps = step.caps.or(self.caps);
        self.spent.extend(step.spent);
        self.holds.extend(step.holds);
        self.tokens_refused.extend(step.tokens_refused);
        self.alarms.extend(step.alarms);
        self.comments.extend(step.comments);
        self.loose_ends.extend(step.loose_ends);
        self.notes.extend(step.notes);
        self.unsaid.extend(step.unsaid);
        self.erasures.extend(step.erasures);
        self.erasing.extend(step.erasing);
        self.touched.extend(step.touched);
        self.customers.extend(step.customers);
        self.leads.extend(step.leads);
        self.aliases.extend(step.aliases);
        self.decided.extend(step.decided);
        self.told.extend(step.told);
        self.claimed.extend(step.claimed);
    }

    pub(super) fn into_changes(self, last_id: i64, threads: &HashMap<ConversationId, Thread>) -> Changes {
        let of =
            |ids: &BTreeSet<ConversationId>| -> Vec<&Thread> { ids.iter().filter_map(|id| threads.get(id)).collect() };
        let (set, over): (Vec<_>, Vec<_>) = self.alarms.into_iter().partition(|(_, due)| due.is_some());
        let (sold, unsold): (Vec<_>, Vec<_>) = self.modifiers.into_iter().partition(|(_, modifier)| modifier.is_some());
        let (kept, tied): (Vec<_>, Vec<_>) = self.loose_ends.into_iter().partition(|(_, end)| end.is_some());
        let (written, removed): (Vec<_>, Vec<_>) = self.notes.into_iter().partition(|(_, note)| note.is_some());
        Changes {
            last_id,
            customers: of(&self.customers).iter().map(|thread| thread.customer.clone()).collect(),
            aliases: self.aliases.into_values().collect(),
            conversations: of(&self.touched).iter().map(|thread| thread.conversation.clone()).collect(),
            leads: of(&self.leads).iter().filter_map(|thread| thread.lead.clone()).collect(),
            messages: self.messages.into_values().collect(),
            orders: self.orders.into_values().collect(),
            order_changes: self.order_changes,
            outbox: self.outbox.into_values().collect(),
            products: self.products.into_values().collect(),
            details: self.details.into_values().collect(),
            products_over: self.products_over.into_iter().collect(),
            items_over: self.items_over.into_values().collect(),
            modifiers: sold.into_iter().filter_map(|(_, modifier)| modifier).collect(),
            modifiers_over: unsold.into_iter().map(|(id, _)| id).collect(),
            sync: self.sync.into_changes(),
            caps: self.caps,
            spent: self.spent.into_iter().map(|((key, slot), calls)| SpentSlot { key, slot, calls }).collect(),
            holds: self.holds.into_iter().collect(),
            tokens_refused: self.tokens_refused.into_values().collect(),
            alarms: set.into_iter().filter_map(|(key, due)| due.map(|due| Alarm { key, due })).collect(),
            alarms_over: over.into_iter().map(|(key, _)| key).collect(),
            comments: self.comments.into_values().collect(),
            loose_ends: kept.into_iter().filter_map(|(_, end)| end).collect(),
            loose_ends_over: tied.into_iter().map(|(name, _)| name).collect(),
            notes: written.into_iter().filter_map(|(_, note)| note).collect(),
            notes_over: removed.into_iter().map(|(id, _)| id).collect(),
            unsaid: self.unsaid.into_iter().collect(),
            decided: self.decided,
            erasures: self.erasures,
            erasing: self.erasing.into_iter().collect(),
            events: Vec::new(),
        }
    }
}
