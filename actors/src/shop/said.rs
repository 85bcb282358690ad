//! A customer said something: message, lead, draft, and the wait before the answer.

use crate::domain::alarm::AlarmKind;
use crate::domain::button::Button;
use crate::domain::channel::Channel;
use crate::domain::conversation::{Author, LeadStage, Message};
use crate::domain::draft::{Draft, Heard};
use crate::domain::event::{Said, StoredEvent};
use crate::domain::ids::{MessageId, OrderId};
use crate::domain::marks::Marks;
use crate::domain::order::{Look, Order, OrderState, OrderStep};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::reading::{Contact, Intent};

use super::step::Step;
use super::taps;
use super::thread::{self, Thread, first_words};

impl Step<'_> {
    pub(super) fn hear(&mut self, event: &StoredEvent, said: &Said) -> Outcome {
        let Some(customer) = &event.customer else { return Outcome::Ledgered(Reason::Unreadable) };
        let mut thread = self.thread_of_either(event, customer, said.profile.other_id.as_deref());
        thread.introduce(event, said);
        let mut message = self.message_of(&thread, event, said);
        let said = &*self.as_told(&mut thread, &mut message, said);
        let mut heard = thread::heard(&message, &self.shop.index);
        thread.customer.facts.learn(&heard.reading.contact, event.happened_at);
        self.understand(&mut thread, &mut message, &mut heard);
        if thread.conversation.closed_through.is_some_and(|closed| event.happened_at <= closed) {
            self.hear_late(&mut thread, message, &heard);
        } else {
            self.hear_in_time(&mut thread, message, heard);
        }
        self.meet(&mut thread, event, said);
        self.wait_for_quiet(&thread);
        self.thread = Some(thread);
        Outcome::Handled
    }

    fn message_of(&mut self, thread: &Thread, event: &StoredEvent, said: &Said) -> Message {
        Message {
            source_key: Some(event.key.clone()),
            text: said.text.clone(),
            payload: said.payload.clone(),
            wishes: said.wishes.clone(),
            meant: said.payload.as_deref().and_then(Button::read),
            attachments: said.attachments.clone(),
            mid: said.mid.clone(),
            marks: Marks { about: said.about.clone(), referral: said.referral.clone(), ..Marks::default() },
            ..thread.blank(MessageId(self.next_id()), Author::Customer, event.happened_at)
        }
    }

    /// Older than a closed order: it changes nothing, but a person should know.
    fn hear_late(&mut self, thread: &mut Thread, mut message: Message, heard: &Heard) {
        message.episode -= 1;
        if heard.counts() || !heard.reading.contact.is_empty() {
            thread.conversation.needs(Look::LateMessage);
        }
        self.keep(thread, message);
    }

    fn hear_in_time(&mut self, thread: &mut Thread, mut message: Message, heard: Heard) {
        let is_empty = message.text.is_none() && message.wishes.is_empty() && message.payload.is_none();
        if !message.attachments.is_empty() && is_empty {
            thread.conversation.needs(Look::Attachment);
        }
        self.take_in(thread, &mut message, heard);
        self.keep(thread, message);
    }

    /// Gives a message of the open episode its say in the draft, and asks for a look where it takes one.
    pub(super) fn take_in(&mut self, thread: &mut Thread, message: &mut Message, heard: Heard) {
        let wants_otherwise = matches!(heard.reading.intent, Intent::Change | Intent::Cancel)
            || heard.button.as_ref().is_some_and(Button::cancels);
        let has_a_say = heard.counts();
        message.counts = has_a_say && thread.insert(heard);
        if has_a_say && !message.counts {
            thread.conversation.needs(Look::LongThread);
        }
        let built = self.redraft(thread);
        for (_, look) in built.looks.iter().filter(|(of, _)| *of == message.id) {
            thread.conversation.needs(*look);
        }
        if wants_otherwise && thread.draft.is_none() && thread.conversation.closed_through.is_some() {
            thread.conversation.needs(Look::ChangeWanted);
        }
    }

    fn keep(&mut self, thread: &mut Thread, message: Message) {
        let conversation = &mut thread.conversation;
        conversation.last_inbound_at = conversation.last_inbound_at.max(Some(message.at));
        conversation.unread += 1;
        conversation.archived = false;
        thread.note(&message);
        thread.recall(vec![message.clone()]);
        self.out.messages.insert(message.id, message);
    }

    /// Builds the draft anew from all that was heard, with the catalog as it is now. One that a person has written stays
    /// as it is.
    pub(super) fn redraft(&mut self, thread: &mut Thread) -> Draft {
        let mut built = thread.build(&self.shop.catalog);
        if thread.is_by_hand() {
            return built;
        }
        if !built.has(Look::UnknownProduct) {
            thread.conversation.needs_look.remove(&Look::UnknownProduct);
        }
        let conversation = &mut thread.conversation;
        if let (Some(at), Some(asked)) = (built.cancelled_at, &conversation.asked)
            && taps::is_after(at, asked)
        {
            conversation.asked = None;
        }
        let known = thread.draft.as_ref().map(|order| (order.source_key.clone(), order.opened_at));
        // Where no message names a product any more, the draft is over, and known by what it began with.
        let Some((source_key, opened_at)) = built.source.clone().or(known) else { return built };
        let state = if built.lines.is_empty() { OrderState::Cancelled } else { OrderState::Draft };
        let (confidence, lines) = (built.confidence(), std::mem::take(&mut built.lines));
        let before = thread.draft.take();
        let order = match before.clone() {
            Some(known) => Order { source_key, opened_at, state, lines, confidence, ..known },
            // Also one that was taken back before it was seen: it is the same as if it had been seen in between.
            None => Order { source_key, opened_at, state, lines, confidence, ..self.new_order(thread) },
        };
        if before.as_ref().map(|order| order.state) != Some(state) {
            self.turned(thread, &order);
        }
        let order = if before.as_ref() == Some(&order) { order } else { self.put_order(order) };
        thread.conversation.draft = Some(order.id);
        thread.draft = Some(order);
        built
    }

    pub(super) fn new_order(&mut self, thread: &Thread) -> Order {
        Order {
            id: OrderId(self.next_id()),
            conversation: thread.conversation.id,
            customer: thread.customer.id,
            channel: thread.customer.account.channel().unwrap_or(Channel::Instagram),
            source_key: String::new(),
            state: OrderState::Draft,
            lines: Vec::new(),
            confidence: 0.0,
            contact: Contact::default(),
            opened_at: self.now,
            confirmed_at: None,
            version: 0,
            by_hand: false,
        }
    }

    /// A draft was opened, once more perhaps, or taken back.
    fn turned(&mut self, thread: &mut Thread, order: &Order) {
        if order.state == OrderState::Draft {
            return self.changed(order.id, OrderStep::Drafted);
        }
        self.changed(order.id, OrderStep::Cancelled);
        thread.conversation.needs_look.retain(|look| !look.is_about_the_draft());
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
