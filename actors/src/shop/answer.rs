//! The customer has been silent long enough: ask for what is missing, ask whether it is right, or confirm.

use crate::domain::asked::{Asked, Question};
use crate::domain::button::{self, Button};
use crate::domain::draft::{self, Missing};
use crate::domain::ids::ConversationId;
use crate::domain::order::{Look, Order, OrderState};
use crate::domain::outbox::{Aim, Owed, Purpose};
use crate::domain::reply;

use super::step::Step;
use super::thread::Thread;

impl Step<'_> {
    pub(super) fn answer_due(&mut self, conversation: ConversationId) {
        if !self.take(conversation) {
            return;
        }
        let Some(mut thread) = self.thread.take() else { return };
        // The catalog may be another since the last word: products that were not known, prices.
        let built = self.redraft(&mut thread);
        let order = thread.draft.clone().filter(|order| order.state == OrderState::Draft);
        let is_ours = thread.conversation.is_ours_to_answer() && !is_a_persons(&thread);
        if let Some(order) = order.filter(|_| is_ours) {
            // What the customer said yes to is sure, what a person wrote the customer has not said, and what leaves out
            // something that was wanted never is.
            let is_sure =
                built.agreed || (!order.by_hand && order.confidence >= self.shop.seller.settings.confirm_from);
            let is_whole = !built.has(Look::UnknownProduct);
            self.answer(&mut thread, order, (is_sure, is_whole));
        }
        self.thread = Some(thread);
    }

    fn answer(&mut self, thread: &mut Thread, order: Order, (is_sure, is_whole): (bool, bool)) {
        let settings = &self.shop.seller.settings;
        let last_word = thread.conversation.last_inbound_at.unwrap_or(self.now);
        let in_time = self.now - last_word <= self.shop.rules.reply_max_age
            && thread.conversation.window_closes_at().is_some_and(|closes| self.now < closes);
        if !in_time {
            thread.conversation.needs(Look::TooLate);
            return;
        }
        if !settings.auto_reply {
            return;
        }
        if thread.is_full() {
            // What was left out may have been a "cancel".
            thread.conversation.needs(Look::LongThread);
            return;
        }
        let missing = self.missing(thread, &order);
        match (missing.is_empty(), is_whole, is_sure) {
            (false, _, _) => self.ask(thread, &order, &missing),
            (true, false, _) => thread.conversation.needs(Look::UnknownProduct),
            (true, true, true) => {
                self.confirm(thread, order, true);
            }
            (true, true, false) => self.ask_whether_right(thread, &order),
        }
    }

    pub(super) fn missing(&self, thread: &Thread, order: &Order) -> Vec<Missing> {
        let contact = thread.contact_for(order);
        draft::missing(&order.lines, &self.shop.catalog, &contact, self.shop.seller.settings.required)
    }

    /// Asks once for the same: a customer who did not answer a question is a person's business.
    fn ask(&mut self, thread: &mut Thread, order: &Order, missing: &[Missing]) {
        let about = Question::Missing(Missing::fingerprint(missing));
        if thread.conversation.asked.as_ref().is_some_and(|asked| asked.about == about) {
            // While the question has not left, the customer has left nothing unanswered.
            if !self.is_question_on_its_way(thread.conversation.id) {
                thread.conversation.needs(Look::StillMissing);
            }
            return;
        }
        let text = reply::question(self.shop.seller.settings.language, order, missing);
        let purpose = Purpose::new(Aim::Ask, format_args!("{}:{}", order.id, self.next_id()));
        if self.owe_question(thread, &text, &button::choices(order, missing), &purpose) {
            thread.conversation.asked = Some(Asked { about, at: self.now });
        }
    }

    /// Whether a question of ours waits to be sent, or nobody knows yet that it was.
    fn is_question_on_its_way(&self, conversation: ConversationId) -> bool {
        let is_it = |owed: &Owed| owed.conversation == conversation && owed.purpose.aim.is_a_question();
        self.shop.open.values().any(|open| is_it(&open.owed))
    }

    /// A draft that is complete and unsure is summed up for the customer, once as it is. A person may be quicker.
    fn ask_whether_right(&mut self, thread: &mut Thread, order: &Order) {
        if !order.by_hand {
            thread.conversation.needs(Look::Unsure);
        }
        let about = Question::Right(draft::print(&order.lines));
        if thread.conversation.asked.as_ref().is_some_and(|asked| asked.about == about) {
            return;
        }
        let contact = thread.contact_for(order);
        let text = reply::summary(self.shop.seller.settings.language, order, &contact);
        let purpose = Purpose::new(Aim::Check, format_args!("{}:{}", order.id, self.next_id()));
        let buttons = self.yes_or_no(order);
        if self.owe_question(thread, &text, &buttons, &purpose) {
            thread.conversation.asked = Some(Asked { about, at: self.now });
        }
    }

    /// The buttons beneath a summary.
    pub(super) fn yes_or_no(&self, order: &Order) -> Vec<(String, Button)> {
        let (yes, no) = reply::yes_or_no(self.shop.seller.settings.language);
        let confirm = Button::Confirm { order: order.id, print: draft::print(&order.lines) };
        vec![(yes.to_owned(), confirm), (no.to_owned(), Button::Cancel { order: order.id })]
    }
}

/// True when the customer may want otherwise what a person has written: until somebody has looked, nothing is asked or
/// agreed by itself.
fn is_a_persons(thread: &Thread) -> bool {
    thread.is_by_hand() && thread.conversation.needs_look.contains(&Look::SaidAfterEdit)
}
