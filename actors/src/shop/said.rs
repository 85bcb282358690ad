//! A customer said something: message, lead, draft, and the wait before the answer.

use crate::domain::alarm::AlarmKind;
use crate::domain::conversation::{Author, LeadStage, Message, MessageState};
use crate::domain::draft::{self, Heard};
use crate::domain::event::{Said, StoredEvent};
use crate::domain::ids::{MessageId, OrderId};
use crate::domain::marks::Marks;
use crate::domain::order::{Look, Order, OrderState};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::reading::{Contact, Intent, Reading};
use crate::reader;

use super::step::Step;
use super::thread::{Thread, first_words};

impl Step<'_> {
    pub(super) fn hear(&mut self, event: &StoredEvent, said: &Said) -> Outcome {
        let Some(customer) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let mut thread = self.thread_of_either(event, customer, said.profile.other_id.as_deref());
        thread.introduce(event, said);
        let mut message = self.message_of(&thread, event, said);
        let said = &*self.as_told(&mut thread, &mut message, said);
        let reading = self.read(event, said);
        thread.customer.facts.learn(&reading.contact, event.happened_at);
        if thread.conversation.closed_through.is_some_and(|closed| event.happened_at <= closed) {
            self.hear_late(&mut thread, message, &reading);
        } else {
            self.hear_in_time(&mut thread, message, reading);
        }
        self.meet(&mut thread, event, said);
        self.wait_for_quiet(&thread);
        self.thread = Some(thread);
        Outcome::Handled
    }

    /// Buttons carry the shop's own words, not the customer's.
    fn read(&self, event: &StoredEvent, said: &Said) -> Reading {
        match &said.text {
            Some(text) if event.kind != "postback" => reader::read(&self.shop.index, text),
            _ => Reading::default(),
        }
    }

    fn message_of(&mut self, thread: &Thread, event: &StoredEvent, said: &Said) -> Message {
        Message {
            id: MessageId(self.next_id()),
            conversation: thread.conversation.id,
            episode: thread.conversation.episode,
            counts: false,
            author: Author::Customer,
            source_key: Some(event.key.clone()),
            text: said.text.clone(),
            payload: said.payload.clone(),
            attachments: said.attachments.clone(),
            at: event.happened_at,
            mid: said.mid.clone(),
            state: MessageState::Received,
            outbox: None,
            marks: Marks { about: said.about.clone(), referral: said.referral.clone(), ..Marks::default() },
        }
    }

    /// Older than a closed order: it changes nothing, but a person should know.
    fn hear_late(&mut self, thread: &mut Thread, mut message: Message, reading: &Reading) {
        message.episode -= 1;
        if reading.counts() || !reading.contact.is_empty() {
            thread.conversation.needs_look = Some(Look::LateMessage);
        }
        self.keep(thread, message);
    }

    fn hear_in_time(&mut self, thread: &mut Thread, mut message: Message, reading: Reading) {
        let wants_otherwise = matches!(reading.intent, Intent::Change | Intent::Cancel);
        if reading.counts() {
            let key = message.source_key.clone().unwrap_or_default();
            let heard = Heard { message: message.id, key, at: message.at, reading };
            message.counts = thread.insert(heard);
            if !message.counts {
                thread.conversation.needs_look = Some(Look::LongThread);
            }
        }
        if !message.attachments.is_empty() && message.text.is_none() {
            thread.conversation.needs_look = Some(Look::Attachment);
        }
        if message.counts {
            self.redraft(thread);
        }
        if wants_otherwise && thread.draft.is_none() && thread.conversation.closed_through.is_some() {
            thread.conversation.needs_look = Some(Look::ChangeWanted);
        }
        self.keep(thread, message);
    }

    fn keep(&mut self, thread: &mut Thread, message: Message) {
        let conversation = &mut thread.conversation;
        conversation.last_inbound_at = conversation.last_inbound_at.max(Some(message.at));
        conversation.unread += 1;
        thread.note(&message);
        thread.recall(vec![message.clone()]);
        self.out.messages.insert(message.id, message);
    }

    /// Builds the draft anew from all that was heard.
    pub(super) fn redraft(&mut self, thread: &mut Thread) {
        let built = draft::build(&thread.heard, &self.shop.catalog);
        let confidence = built.confidence();
        let known = thread.draft.as_ref().map(|order| (order.source_key.clone(), order.opened_at));
        // Where no message names a product any more, the draft is over, and known by what it began with.
        let Some((source_key, opened_at)) = built.source.or(known) else { return };
        let state = if built.lines.is_empty() { OrderState::Cancelled } else { OrderState::Draft };
        let before = thread.draft.take();
        let was = before.as_ref().map(|order| order.state);
        let order = match before.clone() {
            Some(known) => Order { source_key, opened_at, state, lines: built.lines, confidence, ..known },
            None if built.lines.is_empty() => return,
            None => Order {
                id: OrderId(self.next_id()),
                conversation: thread.conversation.id,
                customer: thread.customer.id,
                channel: thread.customer.account.channel().unwrap_or(crate::domain::channel::Channel::Instagram),
                source_key,
                state,
                lines: built.lines,
                confidence,
                contact: Contact::default(),
                opened_at,
                confirmed_at: None,
            },
        };
        if was != Some(state) {
            self.changed(order.id, if state == OrderState::Draft { "drafted" } else { "cancelled" });
        }
        if before.as_ref() != Some(&order) {
            self.out.orders.insert(order.id, order.clone());
        }
        thread.conversation.draft = Some(order.id);
        thread.draft = Some(order);
    }

    /// One lead for each customer, from the earliest words.
    fn meet(&mut self, thread: &mut Thread, event: &StoredEvent, said: &Said) {
        let words = first_words(said.text.as_deref());
        let at = event.happened_at;
        match &mut thread.lead {
            Some(lead) if !words.is_empty() && (at < lead.at || lead.first_words.is_empty()) => {
                (lead.first_words, lead.at) = (words, at);
            }
            Some(_) => {}
            None => thread.lead = Some(self.new_lead(thread, words, at)),
        }
        if let Some(referral) = &said.referral {
            thread.credit(referral, at);
        }
        if let (Some(lead), true) = (&mut thread.lead, thread.draft.is_some()) {
            lead.stage = lead.stage.max(LeadStage::Drafted);
        }
    }

    /// Whatever the customer says puts off the answer, so that it comes once, after the last word.
    pub(super) fn wait_for_quiet(&mut self, thread: &Thread) {
        if thread.draft.as_ref().is_some_and(|order| order.state == OrderState::Draft) {
            let due = self.now + self.shop.rules.reply_quiet;
            self.set_alarm(AlarmKind::Reply, thread.conversation.id.0, due);
        }
    }
}
