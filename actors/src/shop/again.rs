//! The same again: whose last confirmed order must be read before a turn is decided.

use std::collections::HashMap;

use crate::domain::event::{Happening, StoredEvent};
use crate::domain::ids::ConversationId;
use crate::domain::order::Order;
use crate::domain::outcome::Reason;
use crate::reader;
use crate::store::threads::LastWanted;

use super::{Shop, named_orders};

impl Shop {
    /// Whose last order must be read before these can be decided: of those who want the same again, and of those whose
    /// order is cancelled. To be asked once all that is wanted besides is in memory.
    pub fn wanted_orders(&self, events: &[(StoredEvent, Result<Happening, Reason>)]) -> LastWanted {
        let mut wanted = self.repeating.clone();
        if events.iter().any(|(event, happening)| self.says_again(event, happening)) {
            // Also of whom the others name: by which id somebody goes at the end of the turn is not known yet.
            let known = events.iter().flat_map(|(event, happening)| self.named_by(event, happening));
            wanted.extend(known.filter(|id| self.threads.get(id).is_some_and(|thread| !thread.knows_last_order)));
        }
        // Who loses the last order has another last one.
        let except = named_orders::cancelled_by(events);
        wanted.extend(except.iter().filter_map(|id| Some(self.order(*id)?.conversation)));
        LastWanted { of: wanted.into_iter().collect(), except }
    }

    /// True when somebody wants the same again, in a message or in the words that it has by now.
    fn says_again(&self, event: &StoredEvent, happening: &Result<Happening, Reason>) -> bool {
        match happening {
            Ok(Happening::Edited(edited)) => reader::says_again(&edited.text),
            Ok(Happening::Said(said)) => {
                let mid = said.mid.as_ref().filter(|_| !self.loose_ends.is_empty());
                let end = mid.and_then(|mid| self.loose_ends.get(&(event.account.clone(), mid.clone())));
                let edit = end.and_then(|end| end.told.edit.as_ref()).map(|(_, text)| text);
                said.text.iter().chain(edit).any(|text| reader::says_again(text))
            }
            _ => false,
        }
    }

    /// The conversations in memory of those whom an event names.
    fn named_by(&self, event: &StoredEvent, happening: &Result<Happening, Reason>) -> Vec<ConversationId> {
        let (other, mid) = match happening {
            Ok(Happening::Said(said)) => (said.profile.other_id.as_ref(), None),
            Ok(Happening::Renamed(renamed)) => (Some(&renamed.to), None),
            Ok(Happening::Edited(edited)) => (None, Some(&edited.mid)),
            _ => return Vec::new(),
        };
        let known = |id: &String| self.by_customer.get(&(event.account.clone(), id.clone())).copied();
        let people = event.customer.iter().chain(other).filter_map(known);
        people.chain(mid.and_then(|mid| self.with_mid(event, mid))).collect()
    }

    /// Takes in the last confirmed orders of these; who is not among them has none.
    pub fn learn_orders(&mut self, wanted: &LastWanted, orders: HashMap<ConversationId, Order>) {
        self.repeating.clear();
        self.named.earlier = orders;
        for id in &wanted.of {
            let last = self.last_order_but(*id, None).cloned();
            if let Some(thread) = self.threads.get_mut(id) {
                (thread.last_order, thread.knows_last_order) = (last, true);
            }
        }
    }
}
