//! The end of an episode: its order is agreed, or not wanted any more, and what is said from then on is about another.

use crate::domain::alarm::AlarmKind;
use crate::domain::conversation::{LeadStage, MessageState};
use crate::domain::draft;
use crate::domain::order::{Look, Order, OrderState, OrderStep};
use crate::domain::outbox::{Aim, OwedState, Purpose};
use crate::domain::reply;

use super::step::Step;
use super::thread::Thread;

impl Step<'_> {
    /// Confirms a draft and closes its episode. The order as it is then, and whether the customer is told.
    pub(super) fn confirm(&mut self, thread: &mut Thread, order: Order, tells: bool) -> (Order, bool) {
        let contact = thread.contact_for(&order);
        let mut order = Order { state: OrderState::Confirmed, confirmed_at: Some(self.now), contact, ..order };
        for product in draft::take_stock(&mut order.lines, &self.shop.catalog) {
            self.out.products.insert(product.retailer_id.clone(), product);
        }
        let text = reply::confirmation(self.shop.seller.settings.language, &order, &order.contact);
        let told = tells && self.owe_text(thread, &text, &Purpose::new(Aim::Confirm, order.id));
        self.changed(order.id, OrderStep::Confirmed);
        let order = self.put_order(order);
        self.close_episode(thread);
        (thread.last_order, thread.knows_last_order) = (Some(order.clone()), true);
        if let Some(lead) = &mut thread.lead {
            lead.stage = LeadStage::Ordered;
        }
        (order, told)
    }

    /// What is said from now on begins a new draft.
    pub(super) fn close_episode(&mut self, thread: &mut Thread) {
        let conversation = &mut thread.conversation;
        conversation.episode += 1;
        conversation.closed_through = conversation.last_inbound_at;
        conversation.draft = None;
        conversation.asked = None;
        conversation.needs_look.retain(|look| !look.is_about_the_draft());
        if conversation.needs_look.remove(&Look::SaidAfterEdit) {
            // Whoever closed it may not have seen that.
            conversation.needs(Look::ChangeWanted);
        }
        thread.heard.clear();
        thread.draft = None;
        self.clear_alarm(AlarmKind::Reply, thread.conversation.id.0);
    }

    /// Takes back questions that have not left: what they are about is settled. True when there was one.
    pub(super) fn withdraw_questions(&mut self, thread: &mut Thread, why: &str) -> bool {
        self.take_back_questions(thread, 0, why)
    }

    /// Takes back texts of ours that have not left, and were not tried more often than this.
    pub(super) fn withdraw(
        &mut self,
        thread: &Thread,
        most_tries: i32,
        why: &str,
        which: impl Fn(&Purpose) -> bool,
    ) -> bool {
        let unmade = self.shop.unmade(thread.conversation.id, most_tries, which);
        for open in &unmade {
            self.end(open, OwedState::Failed, None, Some(why));
            self.mark(open, MessageState::Failed);
        }
        !unmade.is_empty()
    }
}
