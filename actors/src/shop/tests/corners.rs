//! Where two things happen at once, or more happens than anybody expects.

use super::*;
use crate::domain::conversation::Author;

fn said(mid: &str, text: &str) -> Happening {
    Happening::Said(Said { mid: Some(mid.into()), text: Some(text.into()), ..Said::default() })
}

fn tote() -> Product {
    Product::new("TOTE", "Canvas Tote", Money { minor: 1250, currency: "USD".parse().unwrap() })
}

fn picture() -> Happening {
    Happening::Said(Said { attachments: vec!["image".into()], ..Said::default() })
}

/// Asks for an apron's missing details; answers the question as it was handed over.
fn asked(played: &mut Played) -> Owed {
    played.says("an apron please", 0);
    played.waits(4);
    played.take_handed().remove(0)
}

#[test]
fn what_is_said_in_the_same_turn_as_new_products_is_read_with_them() {
    let mut played = Played::new();
    let command = played.event("command:1", at(0));
    let put = Happening::Command(Command::PutProducts { products: vec![tote()] }.into());
    played.shop.decide(&command, &Ok(put), played.now);
    let event = played.event("message:1", at(1));
    played.shop.decide(&event, &Ok(said("1", "two canvas totes please")), played.now);
    played.store();
    assert_eq!(played.order().lines[0].product, "TOTE");
}

#[test]
fn a_shop_without_automatic_answers_keeps_its_reasons_to_look() {
    let mut played = Played::new();
    played.shop.seller.settings.auto_reply = false;
    played.says("an apron please", 0);
    played.hears(picture(), "message:picture", 1);
    played.waits(10);
    assert_eq!(played.needs_look(), [Look::Attachment]);
}

#[test]
fn a_confirmed_order_does_not_take_away_reasons_to_look_that_are_not_about_it() {
    let mut played = Played::new();
    played.says(&format!("two aprons please, {DETAILS}"), 0);
    played.hears(picture(), "message:picture", 1);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    assert_eq!(played.needs_look(), [Look::Attachment]);
    played.says("please change my order", 10);
    assert_eq!(played.needs_look(), [Look::Attachment, Look::ChangeWanted]);
    played.says("and one blue linen shirt in M", 20);
    played.waits(4);
    assert!(played.orders.values().all(|order| order.state == OrderState::Confirmed));
    assert_eq!(played.needs_look(), [Look::Attachment, Look::ChangeWanted]);
}

#[test]
fn a_draft_that_leaves_out_something_said_is_not_confirmed_by_itself() {
    let mut played = Played::new();
    played.shop.seller.settings.confirm_from = 0.0;
    for n in 0..i64::try_from(thread::MAX_HEARD).unwrap() {
        played.says("an apron please", n);
    }
    played.says("cancel my order please", 200);
    played.says(DETAILS, 201);
    played.waits(10);
    assert_eq!(played.order().state, OrderState::Draft);
    assert_eq!(played.needs_look(), [Look::LongThread]);
}

#[test]
fn a_question_that_no_account_could_send_is_asked_again() {
    let mut played = Played::new();
    let connections = std::mem::take(&mut played.shop.seller.connections);
    played.says("an apron please", 0);
    played.waits(4);
    assert!(played.take_handed().is_empty());
    assert_eq!(played.needs_look(), [Look::NotSent]);
    played.shop.seller.connections = connections;
    played.says("hello?", 10);
    played.waits(4);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn many_echoes_in_one_turn_are_each_known() {
    let mut played = Played::new();
    let question = asked(&mut played);
    played.ends(&question, CallResult::Accepted { mid: "q".into() });
    let known = played.messages.values().find(|message| message.author == Author::Bot).unwrap().clone();
    let id = known.conversation;
    let sent = (0..32).map(|n| Message {
        id: crate::domain::ids::MessageId(1000 + n),
        mid: Some(format!("e{n}")),
        ..known.clone()
    });
    let thread = played.shop.threads[&id].clone();
    let stored = StoredThread {
        customer: thread.customer,
        aliases: vec![],
        conversation: thread.conversation,
        lead: thread.lead,
        heard: vec![],
        draft: thread.draft,
        recalled: sent.collect(),
        orders: vec![],
    };
    played.shop.learn(vec![stored]);
    for n in 0..32 {
        let event = played.event(&format!("message:e{n}"), at(20));
        let echo = Echo { mid: format!("e{n}"), text: known.text.clone(), attachments: vec![] };
        played.shop.decide(&event, &Ok(Happening::Echo(echo)), played.now);
    }
    played.store();
    assert!(played.messages.values().all(|message| message.author != Author::Elsewhere));
    assert!(played.shop.threads[&id].recalled.len() <= 16, "they are not kept for ever");
}

#[test]
fn a_send_is_looked_for_from_a_little_before_our_clock_says_it_was_made() {
    let mut played = Played::new();
    let question = asked(&mut played);
    played.ends(&question, CallResult::Unknown { error: "no answer".into() });
    played.waits(120);
    let look = played.take_handed().remove(0);
    let OwedCall::Find { since, .. } = look.call else { panic!("not a look: {look:?}") };
    assert!(since < question.claimed_at.unwrap(), "Meta's clock may be behind ours");
}

#[test]
fn a_send_whose_result_cannot_be_read_is_uncertain_not_forgotten() {
    let mut played = Played::new();
    let question = asked(&mut played);
    let event = StoredEvent {
        source: Source::Result,
        ..played.event(&format!("call:{}:{}", question.id, question.attempts), at(10))
    };
    played.shop.ledger(&event, Reason::Poison, played.now);
    played.store();
    assert_eq!(played.outbox[&question.id.0].state, OwedState::Unknown);
    played.waits(120);
    assert!(matches!(played.take_handed()[0].call, OwedCall::Find { .. }));
}

#[test]
fn a_command_that_is_put_into_the_ledger_is_answered() {
    let mut played = Played::new();
    let event = StoredEvent { source: Source::Command, ..played.event("command:1", at(0)) };
    played.shop.ledger(&event, Reason::Poison, played.now);
    assert!(played.shop.must_flush());
    played.store();
    assert_eq!(played.last.decided[0].answer.as_ref().unwrap()["error"], "poison");
}

#[test]
fn a_look_with_the_answer_of_another_call_does_not_leave_its_send_uncertain_for_ever() {
    let mut played = Played::new();
    let question = asked(&mut played);
    played.ends(&question, CallResult::Unknown { error: "no answer".into() });
    played.waits(120);
    let look = played.take_handed().remove(0);
    played.ends(&look, CallResult::Accepted { mid: "x".into() });
    assert_eq!(played.outbox[&question.id.0].state, OwedState::Unsettled);
}

#[test]
fn a_product_that_a_database_would_refuse_is_refused_with_an_answer() {
    let variant = Variant { retailer_id: "TOTE-\0".into(), ..Variant::default() };
    for product in [
        Product { title: "Canvas\0Tote".into(), ..tote() },
        Product { retailer_id: "\0".into(), ..tote() },
        Product { variants: vec![variant], ..tote() },
    ] {
        let mut played = Played::new();
        played.hears(Happening::Command(Command::PutProducts { products: vec![product] }.into()), "command:1", 1);
        assert_eq!(played.last.decided[0].answer.as_ref().unwrap()["error"], "wrong_text");
        assert!(played.last.products.is_empty());
    }
}
