//! Drafts over many messages: carts, product pages, corrections, the same again, and what a reload makes of them.

use super::*;
use crate::domain::event::Wish;

impl Played {
    /// Something said in another way than by words alone, at a second that no other has.
    pub(super) fn hears_said(&mut self, said: Said, second: i64) {
        let mid = format!("m{second}");
        self.hears(Happening::Said(Said { mid: Some(mid.clone()), ..said }), &format!("message:{mid}"), second);
    }

    /// The actor is unloaded and loaded again: all that is left of conversations is what was stored.
    pub(super) fn forgets(&mut self) {
        self.shop.threads.clear();
        self.shop.by_customer.clear();
        for (id, conversation) in self.conversations.clone() {
            let of_episode = |message: &&Message| {
                message.counts && message.conversation == id && message.episode == conversation.episode
            };
            let mut heard: Vec<Message> = self.messages.values().filter(of_episode).cloned().collect();
            heard.sort_by_key(|message| (message.at, message.id));
            let draft = conversation.draft.and_then(|id| self.orders.get(&id.0)).cloned();
            let customer = self.customers[&conversation.customer].clone();
            let lead = self.leads.values().find(|lead| lead.conversation == id).cloned();
            let (aliases, recalled, orders) = (vec![], vec![], vec![]);
            let thread = StoredThread { customer, aliases, conversation, lead, heard, draft, recalled, orders };
            self.shop.learn(vec![thread]);
        }
    }

    /// Reads the last orders that are wanted, as the actor does before a turn.
    pub(super) fn reads_orders(&mut self, events: &[(StoredEvent, Result<Happening, Reason>)]) -> usize {
        let wanted = self.shop.wanted_orders(events);
        let last = |id: &ConversationId| {
            let is_agreed = |order: &Order| matches!(order.state, OrderState::Confirmed | OrderState::Fulfilled);
            let confirmed =
                |order: &&Order| order.conversation == *id && is_agreed(order) && !wanted.except.contains(&order.id);
            Some((*id, self.orders.values().filter(confirmed).max_by_key(|order| order.id.0)?.clone()))
        };
        let orders = wanted.of.iter().filter_map(last).collect();
        self.shop.learn_orders(&wanted, orders);
        wanted.of.len()
    }

    /// `2 SHIRT-Blue-M, 1 APRON` of the newest order.
    pub(super) fn wanted(&self) -> String {
        let line = |line: &crate::domain::order::OrderLine| {
            format!("{} {}", line.quantity, line.variant.as_ref().unwrap_or(&line.product))
        };
        let newest = self.orders.values().next_back();
        newest.map(|order| order.lines.iter().map(line).collect::<Vec<_>>().join(", ")).unwrap_or_default()
    }
}

/// A shop that needs no details.
pub(super) fn easy() -> Played {
    let mut played = Played::new();
    let required = &mut played.shop.seller.settings.required;
    (required.phone, required.address) = (false, false);
    played
}

pub(super) fn wish(product: &str, quantity: Option<u32>) -> Wish {
    Wish { product: product.into(), quantity }
}

pub(super) fn cart(wishes: &[(&str, u32)]) -> Said {
    Said { wishes: wishes.iter().map(|(product, n)| wish(product, Some(*n))).collect(), ..Said::default() }
}

pub(super) fn page(product: &str, text: &str) -> Said {
    Said { text: Some(text.into()), wishes: vec![wish(product, None)], ..Said::default() }
}

#[test]
fn a_cart_is_an_order_without_a_word_at_our_own_prices() {
    let mut played = easy();
    played.hears_said(cart(&[("SHIRT-Blue-M", 2), ("APRON", 1)]), 0);
    assert_eq!((played.wanted().as_str(), played.order().state), ("2 SHIRT-Blue-M, 1 APRON", OrderState::Draft));
    assert_eq!(played.order().lines[0].evidence[0].of, "cart");
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    assert_eq!(played.order().total().unwrap().minor, 3 * 2990);
}

#[test]
fn a_product_page_and_its_words_make_one_line() {
    for (product, text, expected) in [
        ("APRON", "hi, i am interested", "1 APRON"),
        ("SHIRT", "2 in blue please, size M", "2 SHIRT-Blue-M"),
        ("SHIRT-Blue-S", "one please", "1 SHIRT-Blue-S"),
        ("SHIRT-Blue-S", "3 linen shirts, and an apron", "3 SHIRT-Blue-S, 1 APRON"),
    ] {
        let mut played = easy();
        played.hears_said(page(product, text), 0);
        assert_eq!(played.wanted(), expected, "{text}");
        assert_eq!(played.messages.values().next().unwrap().wishes, [wish(product, None)]);
    }
}

#[test]
fn an_unknown_product_is_found_when_a_later_message_finds_it_in_the_catalog() {
    let mut played = easy();
    played.hears_said(cart(&[("APRON", 1), ("900777", 2)]), 0);
    assert_eq!((played.wanted().as_str(), played.needs_look()), ("1 APRON", vec![Look::UnknownProduct]));
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft, "what leaves something out is not confirmed by itself");
    assert!(played.take_handed().is_empty());
    let shirt = loaded().catalog.remove("SHIRT").unwrap();
    let variants = vec![];
    let tote = Product {
        retailer_id: "TOTE".into(),
        item_id: Some("900777".into()),
        title: "Canvas Tote".into(),
        variants,
        ..shirt
    };
    played.hears(Happening::Command(Command::PutProducts { products: vec![tote] }.into()), "command:1", 1);
    played.forgets();
    played.says("hello?", 10);
    assert_eq!((played.wanted().as_str(), played.needs_look()), ("1 APRON, 2 TOTE", vec![]));
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
}

#[test]
fn two_products_cannot_be_the_same_item() {
    let mut played = Played::new();
    let products = loaded().catalog;
    let same = products.products().cloned().map(|product| Product { item_id: Some("900".into()), ..product }).collect();
    played.hears(Happening::Command(Command::PutProducts { products: same }.into()), "command:1", 1);
    assert_eq!(played.last.decided[0].answer.as_ref().unwrap()["error"], "taken_item");
    assert!(played.last.products.is_empty());
}

#[test]
fn a_reload_folds_the_same_draft() {
    let mut played = easy();
    played.hears_said(cart(&[("SHIRT-Blue-M", 2), ("777", 1)]), 0);
    played.hears_said(page("APRON", "2 please"), 1);
    let press =
        Said { text: Some("2 linen shirts".into()), payload: Some("ORDER:SHIRT-White-M:4".into()), ..cart(&[]) };
    played.hears(Happening::Said(press), "postback:p", 2);
    let before = played.order().clone();
    assert_eq!(played.wanted(), "2 SHIRT-Blue-M, 2 APRON, 4 SHIRT-White-M");
    played.forgets();
    played.says("hello?", 3);
    assert_eq!(*played.order(), before);
}

#[test]
fn a_late_cart_asks_for_a_look_and_changes_nothing() {
    let mut played = easy();
    played.says("two aprons please", 10);
    played.waits(4);
    let before = played.order().clone();
    played.hears_said(cart(&[("SHIRT-Blue-M", 2)]), 5);
    played.waits(10);
    assert_eq!((played.order().clone(), played.needs_look()), (before, vec![Look::LateMessage]));
}

#[test]
fn what_is_said_over_many_messages_adds_up() {
    for (said, expected) in [
        (&["two aprons please", "one more apron please"][..], "3 APRON"),
        (&["two aprons please", "and another one please"], "3 APRON"),
        (&["two aprons please", "make it 3"], "3 APRON"),
        (&["two aprons please", "add 1 blue linen shirt in M"], "2 APRON, 1 SHIRT-Blue-M"),
        (&["two aprons and a blue linen shirt in M", "no apron please"], "1 SHIRT-Blue-M"),
        (&["a blue linen shirt in M", "in S please"], "1 SHIRT-Blue-S"),
        (&["two aprons please", "swap the apron for a blue linen shirt in M"], "1 SHIRT-Blue-M"),
        (&["two aprons please", "cancel my order please", "one blue linen shirt in M"], "1 SHIRT-Blue-M"),
    ] {
        let mut played = easy();
        (0..).zip(said).for_each(|(second, text)| played.says(text, second));
        assert_eq!(played.wanted(), expected, "{said:?}");
    }
}

#[test]
fn a_cancelled_draft_that_is_wanted_again_is_the_same_order() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.says("cancel my order please", 10);
    assert_eq!(played.order().state, OrderState::Cancelled);
    played.says("sorry, one apron please", 20);
    assert_eq!(played.order().state, OrderState::Draft);
}

#[test]
fn the_same_again_is_read_once_wanted_and_confirmed_once_sure() {
    let mut played = easy();
    played.says("one apron please", 0);
    played.waits(4);
    played.take_handed();
    played.forgets();
    let event = |text: &str, played: &mut Played| {
        let said = Said { text: Some(text.into()), ..Said::default() };
        vec![(played.event("message:again", at(60)), Ok(Happening::Said(said)))]
    };
    let hello = event("hello", &mut played);
    assert_eq!(played.reads_orders(&hello), 0, "no order is read for words that do not want it");
    let again = event("the usual please", &mut played);
    assert_eq!(played.reads_orders(&again), 1);
    assert_eq!(played.reads_orders(&again), 0, "once is enough");
    played.now = at(60);
    played.says("the usual please", 60);
    assert_eq!((played.orders.len(), played.wanted().as_str()), (2, "1 APRON"));
    played.waits(4);
    assert!(played.orders.values().all(|order| order.state == OrderState::Confirmed));
}

#[test]
fn a_reload_reads_the_last_order_for_a_draft_that_repeats_it() {
    let mut played = easy();
    played.says("two aprons please", 0);
    played.waits(4);
    played.now = at(60);
    played.says("same as last time please", 60);
    played.forgets();
    assert_eq!(played.reads_orders(&[]), 1);
    played.says("and a blue linen shirt in M", 61);
    assert_eq!(played.wanted(), "2 APRON, 1 SHIRT-Blue-M");
}

#[test]
fn the_same_again_without_an_earlier_order_asks_for_a_look() {
    let mut played = easy();
    played.says("the same as last time please", 0);
    played.waits(4);
    assert!(played.orders.is_empty());
    assert_eq!(played.needs_look(), [Look::NothingToRepeat]);
}

#[test]
fn reasons_to_look_stand_side_by_side() {
    let mut played = easy();
    played.hears_said(Said { attachments: vec!["image".into()], ..Said::default() }, 0);
    played.hears_said(cart(&[("777", 1)]), 1);
    assert_eq!(played.needs_look(), [Look::Attachment, Look::UnknownProduct]);
    assert_eq!(played.messages.len(), 2, "both are kept");
}
