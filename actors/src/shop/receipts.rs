//! How far messages of ours came: told by Meta for single messages, or for all up to a time.

use chrono::{DateTime, Utc};

use crate::domain::conversation::{Message, MessageState};
use crate::domain::event::{Receipt, ReceiptOf, ReceiptStep, StoredEvent};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::told::Told;

use super::LONGEST_ID;
use super::step::Step;
use super::thread::Thread;

impl Step<'_> {
    /// What the customer has seen is no matter of the seller's own unread messages.
    pub(super) fn receipt(&mut self, event: &StoredEvent, receipt: &Receipt) -> Outcome {
        match &receipt.of {
            ReceiptOf::Mids(mids) => self.receipt_of(event, mids, &Told::reached(&receipt.step)),
            ReceiptOf::Through(time) => self.receipt_through(event, *time, &receipt.step),
        }
    }

    /// All of one conversation, where they are known.
    fn receipt_of(&mut self, event: &StoredEvent, mids: &[String], told: &Told) -> Outcome {
        if mids.iter().any(|mid| mid.len() > LONGEST_ID) {
            return Outcome::Ledgered(Reason::Unreadable);
        }
        let mut thread = mids.iter().find_map(|mid| self.thread_with(event, mid));
        let mut is_news = false;
        for mid in mids {
            is_news |= match &mut thread {
                Some(thread) if thread.recalled(mid).is_some() => self.tell_in(thread, mid, told),
                _ => self.keep_loose(event, mid, told) == Outcome::Handled,
            };
        }
        self.thread = thread.filter(|_| is_news);
        if is_news { Outcome::Handled } else { Outcome::Duplicate }
    }

    /// Kept on the conversation, for all of its messages: those in memory, those that are not, those yet to be stored.
    fn receipt_through(&mut self, event: &StoredEvent, time: DateTime<Utc>, step: &ReceiptStep) -> Outcome {
        let Some(customer) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let mut thread = self.thread_of(event, customer);
        let through = match step {
            ReceiptStep::Delivered => &mut thread.conversation.delivered_through,
            ReceiptStep::Read => &mut thread.conversation.read_through,
            // Sent says nothing that we do not know, and a failure is of one message.
            ReceiptStep::Sent | ReceiptStep::Failed { .. } => return Outcome::Ledgered(Reason::UnknownKind),
        };
        if *through >= Some(time) {
            return Outcome::Duplicate;
        }
        *through = Some(time);
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// A message of ours has its mid now: Meta took it at `at`, and what was told of it before then is put on it.
    pub(super) fn went_out(&mut self, thread: &mut Thread, message: Message, mid: &str, at: DateTime<Utc>) {
        let mut message = Message { mid: Some(mid.to_owned()), at, ..message };
        self.catch_up(thread, &mut message);
        thread.note(&message);
        self.out.messages.insert(message.id, message.clone());
        thread.recall(vec![message]);
    }
}

impl Message {
    /// As far as this, unless it is further already.
    pub(super) fn at_least(self, state: MessageState) -> Self {
        Self { state: self.state.further(state), ..self }
    }
}
