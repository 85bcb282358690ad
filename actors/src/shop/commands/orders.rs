//! Orders by hand: opened, edited, confirmed, cancelled, handed over by a person or another system.
//!
//! Whoever changes an order says which version was seen, so that of two who change the same one the second is told.

use serde_json::Value;

use crate::domain::command::{Answered, LineWanted, OrderAt, Refused};
use crate::domain::conversation::LeadStage;
use crate::domain::draft::{self, Missing};
use crate::domain::ids::ConversationId;
use crate::domain::order::{LinesEdit, Look, Order, OrderAnswer, OrderEdit, OrderLine, OrderState, OrderStep};
use crate::domain::outbox::Aim;
use crate::domain::reading::Contact;

use crate::shop::step::Step;
use crate::shop::thread::Thread;

impl Step<'_> {
    pub(super) fn open_order(&mut self, conversation: ConversationId, lines: &[LineWanted]) -> Answered {
        let Some(mut thread) = self.shop.threads.get(&conversation).cloned() else {
            return Err(Refused::not_found("unknown_conversation", format!("there is no conversation {conversation}")));
        };
        let lines = self.lines_by_hand(lines, &[])?;
        match &thread.draft {
            Some(draft) if draft.state == OrderState::Draft => {
                let detail = format!("the conversation has the draft {} already: edit that", draft.id);
                return Err(Refused::conflict("draft_open", detail));
            }
            // What the customer took back stays as it is; this is another order.
            Some(_) => self.close_episode(&mut thread),
            None => {}
        }
        let new = self.new_order(&thread);
        let source_key = format!("hand:{}", new.id);
        let order = Order { source_key, lines, confidence: 1.0, by_hand: true, ..new };
        self.changed(order.id, OrderStep::Drafted);
        let order = self.put_order(order);
        thread.conversation.draft = Some(order.id);
        if let Some(lead) = &mut thread.lead {
            lead.stage = lead.stage.max(LeadStage::Drafted);
        }
        thread.draft = Some(order.clone());
        self.thread = Some(thread);
        Ok(answer(&order, None))
    }

    pub(super) fn edit_order(
        &mut self,
        at: OrderAt,
        lines: Option<&[LineWanted]>,
        contact: Option<&Contact>,
    ) -> Answered {
        let (mut thread, before) = self.draft_at(at, "edited")?;
        if lines.is_none() && contact.is_none_or(Contact::is_empty) {
            return Err(Refused::invalid("nothing_to_change", "give lines, contact details, or both"));
        }
        let mut order = before.clone();
        if let Some(wanted) = lines {
            order.lines = self.lines_by_hand(wanted, &before.lines)?;
            (order.by_hand, order.confidence) = (true, 1.0);
        }
        let details = match contact {
            Some(put) => {
                let (contact, details) = draft::contact_by_hand(&before.contact, put)?;
                order.contact = contact;
                details
            }
            None => Vec::new(),
        };
        if order == before {
            return Ok(answer(&before, None));
        }
        self.edited_order(&before, &order, details);
        let order = self.put_order(order);
        if order.by_hand {
            // A person has read it, and written what is meant.
            thread.conversation.needs_look.remove(&Look::Unsure);
        }
        thread.draft = Some(order.clone());
        if self.withdraw_questions(&mut thread, "the order was edited") {
            self.wait_for_quiet(&thread);
        }
        self.thread = Some(thread);
        Ok(answer(&order, None))
    }

    /// Confirms a draft as it is: what is missing in it is for the person who does this to know.
    pub(super) fn confirm_order(&mut self, at: OrderAt) -> Answered {
        let (mut thread, order) = self.draft_at(at, "confirmed")?;
        let catalog = &self.shop.catalog;
        if !order.lines.iter().any(|line| draft::is_complete(line, catalog)) {
            let detail = "none of its lines says which variant is wanted: edit it first";
            return Err(Refused::conflict("nothing_complete", detail));
        }
        if let Some(Missing::Stock { label, left }) = draft::short_of_stock(&order.lines, catalog).first() {
            let detail = format!("of {label} only {left} are left: edit the order, or put more in stock");
            return Err(Refused::conflict("out_of_stock", detail));
        }
        self.withdraw_questions(&mut thread, "the order was confirmed");
        let tells = self.may_tell(&thread);
        let (order, told) = self.confirm(&mut thread, order, tells);
        self.thread = Some(thread);
        Ok(answer(&order, Some(told)))
    }

    /// True when the shop answers by itself, and what it says may be sent now.
    fn may_tell(&self, thread: &Thread) -> bool {
        let conversation = &thread.conversation;
        let is_open = conversation.window_closes_at().is_some_and(|closes| self.now < closes);
        self.shop.seller.settings.auto_reply && is_open && !conversation.in_other_hands
    }

    pub(super) fn cancel_order(&mut self, at: OrderAt) -> Answered {
        let (mut thread, order) = self.order_at(at)?;
        let mut cancelled = Order { state: OrderState::Cancelled, ..order };
        match order.state {
            OrderState::Draft => {
                self.withdraw_questions(&mut thread, "the order was cancelled");
                self.close_episode(&mut thread);
            }
            OrderState::Confirmed => self.undo_confirmation(&mut thread, &mut cancelled),
            OrderState::Cancelled | OrderState::Fulfilled => {
                return Err(wrong_state(&cancelled, order.state, "cancelled"));
            }
        }
        self.changed(cancelled.id, OrderStep::Cancelled);
        let order = self.put_order(cancelled);
        self.thread = Some(thread);
        Ok(answer(&order, None))
    }

    /// Nothing was agreed after all: stock comes back, and "the same as last time" means the order before.
    fn undo_confirmation(&mut self, thread: &mut Thread, order: &mut Order) {
        for product in draft::give_back_stock(&mut order.lines, &self.shop.catalog) {
            self.out.products.insert(product.retailer_id.clone(), product);
        }
        let its_own = format!("{}:", order.id);
        self.withdraw(thread, 0, "the order was cancelled", |purpose| {
            purpose.aim == Aim::Confirm && purpose.of.starts_with(&its_own)
        });
        if thread.last_order.as_ref().is_some_and(|last| last.id == order.id) {
            thread.last_order = self.shop.last_order_but(order.conversation, Some(order.id)).cloned();
        }
    }

    pub(super) fn fulfil_order(&mut self, at: OrderAt) -> Answered {
        let (mut thread, order) = self.order_at(at)?;
        if order.state != OrderState::Confirmed {
            return Err(wrong_state(&order, order.state, "handed over"));
        }
        self.changed(order.id, OrderStep::Fulfilled);
        let order = self.put_order(Order { state: OrderState::Fulfilled, ..order });
        if thread.last_order.as_ref().is_some_and(|last| last.id == order.id) {
            thread.last_order = Some(order.clone());
        }
        self.thread = Some(thread);
        Ok(answer(&order, None))
    }

    /// An order as it is now, with its conversation, if it is as it was seen.
    fn order_at(&self, at: OrderAt) -> Result<(Thread, Order), Refused> {
        let found = self.shop.order(at.order).cloned();
        let found = found.and_then(|order| Some((self.shop.threads.get(&order.conversation)?.clone(), order)));
        let Some((thread, order)) = found else {
            return Err(Refused::not_found("unknown_order", format!("there is no order {}", at.order)));
        };
        match at.version {
            Some(seen) if seen != order.version => {
                let detail = format!(
                    "order {} is at version {} by now, and this is about version {seen}: read it again",
                    order.id, order.version
                );
                Err(Refused::conflict("version_conflict", detail))
            }
            _ => Ok((thread, order)),
        }
    }

    fn draft_at(&self, at: OrderAt, to_be: &str) -> Result<(Thread, Order), Refused> {
        let (thread, order) = self.order_at(at)?;
        match order.state {
            OrderState::Draft => Ok((thread, order)),
            state => Err(wrong_state(&order, state, to_be)),
        }
    }

    fn lines_by_hand(&self, wanted: &[LineWanted], before: &[OrderLine]) -> Result<Vec<OrderLine>, Refused> {
        draft::lines_by_hand(wanted, &self.shop.catalog, self.shop.seller.settings.currency, before)
    }

    fn edited_order(&mut self, before: &Order, after: &Order, details: Vec<&'static str>) {
        let lines = (before.lines != after.lines || before.by_hand != after.by_hand).then(|| LinesEdit {
            before: before.lines.len(),
            after: after.lines.len(),
            total_before: before.total(),
            total_after: after.total(),
        });
        let contact = details.into_iter().map(str::to_owned).collect();
        self.changed_so(after.id, OrderStep::Edited, Some(OrderEdit { lines, contact }));
    }
}

fn wrong_state(order: &Order, state: OrderState, to_be: &str) -> Refused {
    let detail = format!("order {} is {} and cannot be {to_be}", order.id, state.name());
    Refused::conflict("wrong_state", detail)
}

fn answer(order: &Order, told_customer: Option<bool>) -> Value {
    let Order { id, version, state, .. } = *order;
    let answer = OrderAnswer { order: id, version, state, told_customer };
    serde_json::to_value(answer).expect("numbers and words are always JSON")
}
