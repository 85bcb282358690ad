//! Orders that commands name: read before a turn that is to decide on them, and known to that turn alone. What is
//! decided in it is newer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::command::{Command, OrderAt};
use crate::domain::event::{Happening, StoredEvent};
use crate::domain::ids::{ConversationId, OrderId};
use crate::domain::order::{Order, OrderState};
use crate::domain::outcome::Reason;

use super::Shop;

/// What was read of orders for one turn.
#[derive(Debug, Default)]
pub(super) struct NamedOrders {
    /// Those that commands name.
    pub(super) orders: BTreeMap<OrderId, Order>,
    /// The last confirmed one of a conversation, leaving out those that commands cancel.
    pub(super) earlier: HashMap<ConversationId, Order>,
}

/// The order that a command is about.
pub(super) fn named_by(command: &Command) -> Option<OrderId> {
    match command {
        Command::EditOrder { order, .. }
        | Command::ConfirmOrder(OrderAt { order, .. })
        | Command::CancelOrder(OrderAt { order, .. })
        | Command::FulfilOrder(OrderAt { order, .. }) => Some(*order),
        _ => None,
    }
}

/// The orders that these would cancel.
pub(super) fn cancelled_by(events: &[(StoredEvent, Result<Happening, Reason>)]) -> BTreeSet<OrderId> {
    let cancelled = |happening: &Result<Happening, Reason>| match happening {
        Ok(Happening::Command(commanded)) => match &commanded.command {
            Command::CancelOrder(at) => Some(at.order),
            _ => None,
        },
        _ => None,
    };
    events.iter().filter_map(|(_, happening)| cancelled(happening)).collect()
}

impl Shop {
    /// An order as it is by now, if it is in memory.
    pub(super) fn order(&self, id: OrderId) -> Option<&Order> {
        let drafts = || self.threads.values().filter_map(|thread| thread.draft.as_ref());
        let changed = self.turn.orders.get(&id);
        changed.or_else(|| drafts().find(|order| order.id == id)).or_else(|| self.named.orders.get(&id))
    }

    /// The last confirmed order of a conversation, as far as this turn knows: not this one.
    pub(super) fn last_order_but(&self, conversation: ConversationId, not: Option<OrderId>) -> Option<&Order> {
        let ids = self.named.orders.keys().chain(self.turn.orders.keys());
        let known = ids.filter_map(|id| self.order(*id)).chain(self.named.earlier.get(&conversation));
        let is_agreed = |order: &&Order| matches!(order.state, OrderState::Confirmed | OrderState::Fulfilled);
        known
            .filter(|order| order.conversation == conversation && Some(order.id) != not)
            .filter(is_agreed)
            .max_by_key(|order| (order.confirmed_at, order.id))
    }
}
