//! Who a customer is who goes by several ids: on WhatsApp an id of the business's and a phone number, both of which
//! may change.
//!
//! One customer has one conversation. Where that was not to be known in time, and two conversations have begun, both
//! stay as they are, drafts and orders and all, and a person is asked to look: to put them together would be to guess
//! what is agreed.

use crate::domain::conversation::{Alias, Customer};
use crate::domain::event::{Renamed, StoredEvent};
use crate::domain::ids::{ConversationId, CustomerId};
use crate::domain::order::Look;
use crate::domain::outbox::{Owed, OwedCall, OwedState};
use crate::domain::outcome::{Outcome, Reason};

use super::Shop;
use super::step::Step;
use super::thread::Thread;

impl Shop {
    /// The conversation in memory with whoever has this id on the account of the event.
    fn thread_with(&self, event: &StoredEvent, id: &str) -> Option<&Thread> {
        let known = self.by_customer.get(&(event.account.clone(), id.to_owned()))?;
        self.threads.get(known)
    }

    /// Finds a conversation under its customer's main id and these others.
    pub(super) fn know<'a>(&mut self, thread: &'a Thread, others: impl IntoIterator<Item = &'a String>) {
        let Customer { account, meta_id, .. } = &thread.customer;
        for id in others.into_iter().chain([meta_id]) {
            self.by_customer.insert((account.clone(), id.clone()), thread.conversation.id);
        }
    }

    /// Finds it no more. An id that went over to another customer is that one's.
    pub(super) fn know_no_more(&mut self, thread: &Thread) {
        let Customer { account, meta_id, .. } = &thread.customer;
        for id in thread.aliases.iter().chain([meta_id]) {
            let who = (account.clone(), id.clone());
            if self.by_customer.get(&who) == Some(&thread.conversation.id) {
                self.by_customer.remove(&who);
            }
        }
    }
}

impl Step<'_> {
    /// The customer's conversation; a new one for a new customer.
    pub(super) fn thread_of(&mut self, event: &StoredEvent, customer: &str) -> Thread {
        if let Some(thread) = self.shop.thread_with(event, customer) {
            return thread.clone();
        }
        let (who, id) = (CustomerId(self.next_id()), ConversationId(self.next_id()));
        Thread::begin(event, customer, who, id)
    }

    /// The conversation of a customer of whom Meta tells another id beside the event's own.
    pub(super) fn thread_of_either(&mut self, event: &StoredEvent, customer: &str, other: Option<&str>) -> Thread {
        let Some(other) = other.filter(|other| *other != customer) else { return self.thread_of(event, customer) };
        let under_other = self.shop.thread_with(event, other).cloned();
        if let Some(thread) = self.shop.thread_with(event, customer).cloned() {
            return self.also_known(thread, other, under_other);
        }
        match under_other {
            // So far it was known by that alone: now by the better one as well.
            Some(mut thread) if thread.customer.meta_id == other => {
                self.rename(&mut thread, customer);
                thread
            }
            // Who has got another main id since is somebody else: a phone number may have a new owner, who must not
            // read what the one before has ordered.
            _ => {
                let mut thread = self.thread_of(event, customer);
                self.alias(&mut thread, other);
                thread
            }
        }
    }

    fn also_known(&mut self, mut thread: Thread, other: &str, under_other: Option<Thread>) -> Thread {
        match under_other {
            Some(same) if same.conversation.id == thread.conversation.id => {}
            Some(second) if second.customer.meta_id == other => {
                thread.conversation.needs(Look::TwoConversations);
            }
            Some(_) | None => self.alias(&mut thread, other),
        }
        thread
    }

    /// A customer's id is another from now on. Told again, it changes nothing.
    pub(super) fn renamed(&mut self, event: &StoredEvent, renamed: &Renamed) -> Outcome {
        let Some(before) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let known = [before, &renamed.to].map(|id| self.shop.thread_with(event, id).cloned());
        let mut thread = match known {
            // Somebody who has said nothing yet; whoever comes under the new id comes for the first time.
            [None, None] => return Outcome::Handled,
            [Some(mut thread), None] => {
                self.rename(&mut thread, &renamed.to);
                thread
            }
            // The new id was first: what is still on its way under the old one belongs there, too.
            [None, Some(mut thread)] => {
                self.alias(&mut thread, before);
                thread
            }
            [Some(mut old), Some(new)] => {
                match old.conversation.id == new.conversation.id {
                    // Back to an id of earlier times.
                    true if old.customer.meta_id == *before => self.rename(&mut old, &renamed.to),
                    true => {}
                    false => old.conversation.needs(Look::TwoConversations),
                }
                old
            }
        };
        if renamed.phone.is_some() {
            thread.customer.shown.phone.clone_from(&renamed.phone);
        }
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// Gives a customer a new main id; it is still found under the old one, and what is owed goes to the new one.
    fn rename(&mut self, thread: &mut Thread, to: &str) {
        let before = std::mem::replace(&mut thread.customer.meta_id, to.to_owned());
        self.alias(thread, &before);
        for open in self.shop.open.values() {
            let is_send = matches!(open.owed.call, OwedCall::Send { .. });
            if is_send && open.owed.state == OwedState::Owed && open.owed.conversation == thread.conversation.id {
                self.out.outbox.insert(open.owed.id, Owed { recipient: to.to_owned(), ..open.owed.clone() });
            }
        }
    }

    fn alias(&mut self, thread: &mut Thread, id: &str) {
        thread.aliases.retain(|known| known != id && *known != thread.customer.meta_id);
        thread.aliases.push(id.to_owned());
        let Customer { id: customer, account, .. } = &thread.customer;
        let alias = Alias { customer: *customer, account: account.clone(), id: id.to_owned() };
        self.out.aliases.insert((account.clone(), id.to_owned()), alias);
    }
}
