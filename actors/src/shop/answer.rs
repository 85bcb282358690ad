//! The customer has been silent long enough: ask for what is missing, or confirm.

use crate::domain::conversation::LeadStage;
use crate::domain::draft::{self, Missing};
use crate::domain::ids::ConversationId;
use crate::domain::order::{Look, Order, OrderState};
use crate::domain::reply;

use super::step::Step;
use super::thread::Thread;

impl Step<'_> {
    pub(super) fn answer_due(&mut self, conversation: ConversationId) {
        if !self.take(conversation) {
            return;
        }
        let Some(mut thread) = self.thread.take() else { return };
        let order = thread.draft.clone().filter(|order| order.state == OrderState::Draft);
        if let Some(order) = order.filter(|_| !thread.conversation.in_other_hands) {
            self.answer(&mut thread, order);
        }
        self.thread = Some(thread);
    }

    fn answer(&mut self, thread: &mut Thread, order: Order) {
        let settings = &self.shop.seller.settings;
        let last_word = thread.conversation.last_inbound_at.unwrap_or(self.now);
        let in_time = self.now - last_word <= self.shop.rules.reply_max_age
            && thread.conversation.window_closes_at().is_some_and(|closes| self.now < closes);
        if !in_time {
            thread.conversation.needs_look = Some(Look::TooLate);
            return;
        }
        if !settings.auto_reply {
            return;
        }
        if thread.is_full() {
            // What was left out may have been a "cancel".
            thread.conversation.needs_look = Some(Look::LongThread);
            return;
        }
        let contact = thread.customer.contact();
        let missing = draft::missing(&order.lines, &self.shop.catalog, &contact, settings.required);
        if !missing.is_empty() {
            self.ask(thread, &order, &missing);
        } else if order.confidence >= settings.confirm_from {
            self.confirm(thread, order);
        } else {
            thread.conversation.needs_look = Some(Look::Unsure);
        }
    }

    /// Asks once for the same: a customer who did not answer a question is a person's business.
    fn ask(&mut self, thread: &mut Thread, order: &Order, missing: &[Missing]) {
        let fingerprint = Missing::fingerprint(missing);
        if thread.conversation.asked.as_ref() == Some(&fingerprint) {
            thread.conversation.needs_look = Some(Look::StillMissing);
            return;
        }
        let text = reply::question(self.shop.seller.settings.language, order, missing);
        let purpose = format!("ask:{}:{}", order.id, self.next_id());
        if self.owe_text(thread, &text, &purpose) {
            thread.conversation.asked = Some(fingerprint);
        }
    }

    /// Closes the episode: what is said from now on begins a new draft.
    fn confirm(&mut self, thread: &mut Thread, order: Order) {
        let contact = thread.customer.contact();
        let order = Order { state: OrderState::Confirmed, confirmed_at: Some(self.now), contact, ..order };
        for product in draft::take_stock(&order.lines, &self.shop.catalog) {
            self.out.products.insert(product.retailer_id.clone(), product);
        }
        let text = reply::confirmation(self.shop.seller.settings.language, &order, &order.contact);
        self.owe_text(thread, &text, &format!("confirm:{}", order.id));
        self.changed(order.id, "confirmed");
        self.out.orders.insert(order.id, order);
        let conversation = &mut thread.conversation;
        conversation.episode += 1;
        conversation.closed_through = conversation.last_inbound_at;
        conversation.draft = None;
        conversation.asked = None;
        conversation.needs_look = conversation.needs_look.filter(|look| !look.is_over_once_confirmed());
        thread.heard.clear();
        thread.draft = None;
        if let Some(lead) = &mut thread.lead {
            lead.stage = LeadStage::Ordered;
        }
    }
}
