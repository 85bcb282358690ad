//! One decision in the making: a copy of the conversation and the rows it adds, taken over whole or not at all.

use chrono::{DateTime, Utc};

use crate::domain::alarm::{AlarmKey, AlarmKind};
use crate::domain::button::QuickReply;
use crate::domain::channel::Channel;
use crate::domain::conversation::{Author, Message, MessageState};
use crate::domain::desk::QueuedPart;
use crate::domain::ids::{ConnectionId, ConversationId, MessageId, OrderId, OutboxId};
use crate::domain::order::{Look, Order, OrderChange, OrderEdit, OrderStep};
use crate::domain::outbox::{Aim, Owed, OwedCall, OwedState, Purpose};
use crate::domain::outgoing::Part;
use crate::domain::reply;
use crate::domain::shop_event::Occurrence;

use super::sync::Syncing;
use super::thread::Thread;
use super::turn::Turn;
use super::{Open, Shop};

pub(super) struct Step<'a> {
    pub(super) shop: &'a Shop,
    pub(super) now: DateTime<Utc>,
    pub(super) thread: Option<Thread>,
    /// Other conversations, where it works on many.
    pub(super) others: Vec<Thread>,
    pub(super) out: Turn,
    /// The catalog sync, once this step changes it.
    pub(super) sync: Option<Syncing>,
    /// Who asked for it; none: the customer, or the service by itself.
    pub(super) by: Option<String>,
    last_id: i64,
}

/// A step without its borrow of the shop.
pub(super) struct Finished {
    thread: Option<Thread>,
    others: Vec<Thread>,
    out: Turn,
    sync: Option<Syncing>,
    last_id: i64,
}

impl<'a> Step<'a> {
    pub(super) fn new(shop: &'a Shop, now: DateTime<Utc>) -> Self {
        let (out, others) = (Turn::default(), Vec::new());
        Self { shop, now, thread: None, others, out, sync: None, by: None, last_id: shop.last_id }
    }

    pub(super) fn finish(self) -> Finished {
        let Self { thread, others, out, sync, last_id, .. } = self;
        Finished { thread, others, out, sync, last_id }
    }

    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Works on a conversation that is in memory. False when it is not.
    pub(super) fn take(&mut self, id: ConversationId) -> bool {
        self.thread = self.shop.threads.get(&id).cloned();
        self.thread.is_some()
    }

    pub(super) fn set_alarm(&mut self, kind: AlarmKind, subject: i64, due: DateTime<Utc>) {
        self.out.alarms.insert(AlarmKey { kind, subject }, Some(due));
    }

    pub(super) fn clear_alarm(&mut self, kind: AlarmKind, subject: i64) {
        self.out.alarms.insert(AlarmKey { kind, subject }, None);
    }

    pub(super) fn changed(&mut self, order: OrderId, what: OrderStep) {
        self.changed_so(order, what, None);
    }

    pub(super) fn changed_so(&mut self, order: OrderId, what: OrderStep, edit: Option<OrderEdit>) {
        self.out.order_changes.push(OrderChange { order, at: self.now, what, by: self.by.clone(), edit });
    }

    /// Stores an order as it is now: whatever is stored of it anew is its next version.
    pub(super) fn put_order(&mut self, mut order: Order) -> Order {
        order.version += 1;
        self.out.orders.insert(order.id, order.clone());
        order
    }

    /// Owes the customer a text: one call a part, sent in order, the last with the buttons. False when there is no
    /// account to send it from.
    pub(super) fn owe(
        &mut self,
        thread: &mut Thread,
        text: &str,
        quick_replies: &[QuickReply],
        purpose: &Purpose,
    ) -> bool {
        let account = thread.customer.account.clone();
        let Some(connection) = self.shop.seller.connection_for(&account).map(|connection| connection.id) else {
            thread.conversation.needs(Look::NotSent);
            return false;
        };
        let limit = account.channel().unwrap_or(Channel::Instagram).text_limit();
        let parts = reply::parts(text, limit);
        let last = parts.len().saturating_sub(1);
        for (part, text) in parts.into_iter().enumerate() {
            let quick_replies = if part == last { quick_replies.to_vec() } else { Vec::new() };
            self.owe_part(thread, connection, Part { text, attachment: None, quick_replies }, purpose.part(part));
        }
        true
    }

    /// Owes one call that says this, and keeps it as a message.
    pub(super) fn owe_part(
        &mut self,
        thread: &mut Thread,
        connection: ConnectionId,
        part: Part,
        purpose: Purpose,
    ) -> QueuedPart {
        let Part { text, attachment, quick_replies } = part;
        let (message, outbox) = (MessageId(self.next_id()), OutboxId(self.next_id()));
        let author = if purpose.aim == Aim::Say { Author::Staff } else { Author::Bot };
        let kind = attachment.as_ref().map(|attachment| attachment.kind);
        let said = Message {
            text: Some(text.clone()).filter(|text| !text.is_empty()),
            attachments: kind.iter().map(|kind| kind.name().to_owned()).collect(),
            state: MessageState::Queued,
            outbox: Some(outbox),
            ..thread.blank(message, author, self.now)
        };
        let owed = Owed {
            id: outbox,
            purpose,
            connection,
            account: thread.customer.account.clone(),
            conversation: thread.conversation.id,
            recipient: thread.customer.meta_id.clone(),
            call: OwedCall::Send { message, text, attachment, quick_replies },
            state: OwedState::Owed,
            attempts: 0,
            held: 0,
            claimed_at: None,
            claimed_by: None,
            not_before: self.now,
            mid: None,
            error: None,
        };
        thread.note(&said);
        self.out.messages.insert(message, said);
        self.out.outbox.insert(outbox, owed);
        QueuedPart { message, outbox, attachment: kind, state: MessageState::Queued }
    }
}

impl Shop {
    /// Takes over a step that came to its end.
    pub(super) fn absorb(&mut self, mut step: Finished) {
        self.last_id = step.last_id;
        for mut thread in step.thread.into_iter().chain(step.others) {
            thread.used = self.turns;
            let id = thread.conversation.id;
            if step.out.forgotten.contains(&id) {
                let before = self.threads.get(&id).cloned();
                before.iter().for_each(|before| self.know_no_more(before));
            }
            self.know(&thread, step.out.aliases.values().map(|alias| &alias.id));
            let known = self.threads.get(&id);
            if known.is_none_or(|known| known.customer != thread.customer) {
                self.turn.customers.insert(id);
            }
            if known.is_none_or(|known| known.lead != thread.lead) {
                self.turn.leads.insert(id);
            }
            let before = known.map(|known| &known.conversation);
            self.turn.told.extend(Occurrence::of_conversation(before, &thread.conversation));
            self.turn.touched.insert(id);
            self.threads.insert(id, thread);
        }
        for owed in step.out.outbox.values() {
            self.follow(owed, &step.out);
        }
        self.tie(&step.out.loose_ends);
        self.follow_erasures(&step.out);
        self.comments.extend(step.out.comments.keys().cloned());
        self.desk.follow(&step.out);
        self.holds.extend(step.out.holds.iter().map(|(on, hold)| (*on, hold.clone())));
        self.spend(&step.out);
        self.stop_using(&step.out);
        self.sell(&step.out);
        self.spend(&step.out);
        self.follow_sync(step.sync, &mut step.out.sync);
        self.turn.add(step.out);
    }

    /// Keeps open calls in memory and lets go of ended ones.
    fn follow(&mut self, owed: &Owed, out: &Turn) {
        if !owed.state.is_open() {
            self.open.remove(&owed.id);
            return;
        }
        let message = match &owed.call {
            OwedCall::Send { message, .. } => out.messages.get(message).cloned(),
            OwedCall::Find { .. } => None,
        };
        let open = self.open.entry(owed.id).or_insert_with(|| Open { owed: owed.clone(), message: None });
        open.owed = owed.clone();
        open.message = message.or_else(|| open.message.take());
    }
}
