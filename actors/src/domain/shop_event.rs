//! What happened in a shop, as others are told of it: what, to what, when. It is derived here, from what a turn changes,
//! and nowhere else: whoever adds a command need not think of it. What a thing is like is read when it is shown.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::changes::Changes;
use super::conversation::{Author, Conversation, Lead, Message};
use super::ids::{ConversationId, OrderId, OutboxId, ShopEventId};
use super::named::named;
use super::order::{Order, OrderChange};
use super::outbox::{OwedCall, OwedState};
use super::outcome::Outcome;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShopEventKind {
    /// A customer said something.
    MessageReceived,
    /// A message went to a customer: one of ours has left, or somebody wrote one elsewhere.
    MessageSent,
    /// A known message is further, has other words, was taken back, or got a reaction.
    MessageUpdated,
    /// A conversation became a draft, or one again.
    OrderDrafted,
    /// An order is otherwise, at the same step.
    OrderUpdated,
    /// It was agreed.
    OrderConfirmed,
    /// It is not wanted any more.
    OrderCancelled,
    /// It was handed over.
    OrderFulfilled,
    /// A customer wrote for the first time.
    LeadCreated,
    /// A lead is otherwise.
    LeadUpdated,
    /// Something else than its messages is otherwise in a conversation: looks, labels, who has it, what was read.
    ConversationUpdated,
    /// A name or contact details are otherwise.
    CustomerUpdated,
    /// A customer was erased: whoever was told of them is to erase them, too.
    CustomerErased,
    /// Somebody commented on a post of the seller's, or mentioned it.
    CommentReceived,
    /// The staff wrote something down for itself.
    NoteCreated,
    /// That was taken away.
    NoteRemoved,
    /// Products or modifiers are otherwise: once for all of a turn, however many they are.
    ProductChanged,
    /// An event is kept in the ledger.
    EventLedgered,
    /// An account was connected.
    ConnectionConnected,
    /// A connection was ended.
    ConnectionDisconnected,
    /// A connection has another token or name, or needs another token.
    ConnectionChanged,
    /// A connection's token runs out in some days.
    ConnectionExpiring,
    /// Something about a connection does not work that did before, as its checkup says.
    ConnectionUnwell,
    /// Meta had stopped sending what comes to an account, and was asked for it again: what was said meanwhile is lost.
    ConnectionRestored,
    /// A webhook endpoint took nothing for too long, and is told nothing any more.
    WebhookDisabled,
    /// The catalog is on its way up.
    SyncStarted,
    /// It is known what there is to do.
    SyncPlanned,
    /// A part of it is done.
    SyncProgress,
    /// It waits, and says for what.
    SyncPaused,
    /// It goes on.
    SyncResumed,
    /// Meta has processed all of it.
    SyncCompleted,
    /// It came to an end before that.
    SyncFailed,
    /// Somebody ended it.
    SyncCancelled,
}

named!(ShopEventKind {
    MessageReceived = "message.received",
    MessageSent = "message.sent",
    MessageUpdated = "message.updated",
    OrderDrafted = "order.drafted",
    OrderUpdated = "order.updated",
    OrderConfirmed = "order.confirmed",
    OrderCancelled = "order.cancelled",
    OrderFulfilled = "order.fulfilled",
    LeadCreated = "lead.created",
    LeadUpdated = "lead.updated",
    ConversationUpdated = "conversation.updated",
    CustomerUpdated = "customer.updated",
    CustomerErased = "customer.erased",
    CommentReceived = "comment.received",
    NoteCreated = "note.created",
    NoteRemoved = "note.removed",
    ProductChanged = "product.changed",
    EventLedgered = "event.ledgered",
    ConnectionConnected = "connection.connected",
    ConnectionDisconnected = "connection.disconnected",
    ConnectionChanged = "connection.changed",
    ConnectionExpiring = "connection.expiring",
    ConnectionUnwell = "connection.unwell",
    ConnectionRestored = "connection.restored",
    WebhookDisabled = "webhook.disabled",
    SyncStarted = "sync.started",
    SyncPlanned = "sync.planned",
    SyncProgress = "sync.progress",
    SyncPaused = "sync.paused",
    SyncResumed = "sync.resumed",
    SyncCompleted = "sync.completed",
    SyncFailed = "sync.failed",
    SyncCancelled = "sync.cancelled",
});

impl ShopEventKind {
    /// True when a connection is otherwise, or its token.
    pub fn is_of_connection(self) -> bool {
        matches!(self, Self::ConnectionConnected | Self::ConnectionDisconnected | Self::ConnectionChanged)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopEvent {
    /// Its place in the shop's order of things.
    pub id: ShopEventId,
    /// What.
    pub what: Occurrence,
    /// When, by our clock.
    pub at: DateTime<Utc>,
}

/// What happened, without place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// What.
    pub kind: ShopEventKind,
    /// To what: the id of the message, order, lead, conversation, customer, comment, note, connection or endpoint, or the
    /// place of the ledgered event. None: to many things at once.
    pub subject: Option<i64>,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
}

impl Occurrence {
    /// To this, in no conversation.
    pub fn to(kind: ShopEventKind, subject: i64) -> Self {
        Self { kind, subject: Some(subject), conversation: None }
    }

    fn within(self, conversation: ConversationId) -> Self {
        Self { conversation: Some(conversation), ..self }
    }

    /// Something else than messages is otherwise in a conversation, if that is so. None before: it is new.
    pub(crate) fn of_conversation(before: Option<&Conversation>, after: &Conversation) -> Option<Self> {
        looks_otherwise(before, after).then(|| conversation_updated(after.id))
    }
}

fn conversation_updated(id: ConversationId) -> Occurrence {
    Occurrence::to(ShopEventKind::ConversationUpdated, id.0).within(id)
}

/// What moves with every message says nothing that the message does not.
fn looks_otherwise(before: Option<&Conversation>, after: &Conversation) -> bool {
    let Some(before) = before else { return !after.needs_look.is_empty() };
    let moved = before.clone();
    let after_but_for_messages = Conversation {
        last_inbound_at: moved.last_inbound_at,
        last_message_at: moved.last_message_at,
        preview: moved.preview,
        unread: moved.unread,
        episode: moved.episode,
        closed_through: moved.closed_through,
        draft: moved.draft,
        asked: moved.asked,
        staff_at: moved.staff_at,
        ..after.clone()
    };
    after.unread < before.unread || after_but_for_messages != *before
}

impl Changes {
    /// Writes down what happened in this turn: what the rows tell, and what was told beside them. Ids above
    /// `known_through` are new.
    pub(crate) fn write_down(&mut self, told: Vec<Occurrence>, known_through: i64, at: DateTime<Utc>) {
        use ShopEventKind::{CommentReceived, ConversationUpdated, CustomerUpdated, EventLedgered};
        let is_new = |id: i64| id > known_through;
        let customers = self.customers.iter().filter(|customer| !is_new(customer.id.0));
        let ledgered = self.decided.iter().filter(|decided| matches!(decided.outcome, Outcome::Ledgered(_)));
        let mut happened = self.of_messages(is_new);
        happened.extend(told);
        happened.extend(customers.map(|customer| Occurrence::to(CustomerUpdated, customer.id.0)));
        happened.extend(self.of_leads(is_new));
        happened.extend(self.of_orders());
        happened.extend(self.comments.iter().map(|comment| Occurrence::to(CommentReceived, comment.id.0)));
        happened.extend(self.of_notes());
        happened.extend(self.of_products());
        happened.extend(ledgered.map(|decided| Occurrence::to(EventLedgered, decided.event.0)));
        let mut updated = BTreeSet::new();
        happened.retain(|one| one.kind != ConversationUpdated || updated.insert(one.subject));
        for what in happened {
            self.last_id += 1;
            self.events.push(ShopEvent { id: ShopEventId(self.last_id), what, at });
        }
    }

    fn of_messages(&self, is_new: impl Fn(i64) -> bool) -> Vec<Occurrence> {
        let accepted = self.outbox.iter().filter(|owed| owed.state == OwedState::Accepted);
        let left: BTreeSet<OutboxId> =
            accepted.filter(|owed| matches!(owed.call, OwedCall::Send { .. })).map(|owed| owed.id).collect();
        let has_left = |message: &Message| message.outbox.is_some_and(|outbox| left.contains(&outbox));
        let of = |message: &Message| {
            let is_new = is_new(message.id.0);
            let kind = match message.author {
                _ if has_left(message) => ShopEventKind::MessageSent,
                _ if !is_new => ShopEventKind::MessageUpdated,
                // It waits to leave: it is no news before it has.
                _ if message.outbox.is_some() => return None,
                Author::Customer => ShopEventKind::MessageReceived,
                // A line about the conversation that nobody said.
                Author::Meta => return Some(conversation_updated(message.conversation)),
                _ => ShopEventKind::MessageSent,
            };
            Some(Occurrence::to(kind, message.id.0).within(message.conversation))
        };
        self.messages.iter().filter_map(of).collect()
    }

    fn of_leads(&self, is_new: impl Fn(i64) -> bool) -> Vec<Occurrence> {
        let of = |lead: &Lead| {
            let kind = if is_new(lead.id.0) { ShopEventKind::LeadCreated } else { ShopEventKind::LeadUpdated };
            Occurrence::to(kind, lead.id.0).within(lead.conversation)
        };
        self.leads.iter().map(of).collect()
    }

    fn of_notes(&self) -> impl Iterator<Item = Occurrence> + '_ {
        let made = self.notes.iter().map(|note| (ShopEventKind::NoteCreated, note.id));
        let removed = self.notes_over.iter().map(|note| (ShopEventKind::NoteRemoved, *note));
        made.chain(removed).map(|(kind, note)| Occurrence::to(kind, note.0))
    }

    fn of_products(&self) -> Option<Occurrence> {
        let Self { products, details, products_over, modifiers, modifiers_over, .. } = self;
        let is_as_it_was = products.is_empty() && details.is_empty() && products_over.is_empty();
        let is_as_it_was = is_as_it_was && modifiers.is_empty() && modifiers_over.is_empty();
        let what = Occurrence { kind: ShopEventKind::ProductChanged, subject: None, conversation: None };
        (!is_as_it_was).then_some(what)
    }

    /// Steps are told as they were taken; an order without one is told once.
    fn of_orders(&self) -> Vec<Occurrence> {
        let step = |change: &OrderChange| {
            let kind = ShopEventKind::named(&format!("order.{}", change.what.name()));
            let order = self.orders.iter().find(|order| order.id == change.order);
            let happened = Occurrence::to(kind.unwrap_or(ShopEventKind::OrderUpdated), change.order.0);
            Occurrence { conversation: order.map(|order| order.conversation), ..happened }
        };
        let stepped: BTreeSet<OrderId> = self.order_changes.iter().map(|change| change.order).collect();
        let others = self.orders.iter().filter(|order| !stepped.contains(&order.id));
        let update = |order: &Order| Occurrence::to(ShopEventKind::OrderUpdated, order.id.0).within(order.conversation);
        self.order_changes.iter().map(step).chain(others.map(update)).collect()
    }
}
