//! Edits and unsends of what answered a question, was read as an answer, or asked for the same again.

use super::drafts::{cart, easy};
use super::taps::unsure;
use super::*;

const AGAIN: &str = "the same as last time please";

/// A shop on WhatsApp that needs no details.
fn on_whatsapp() -> Played {
    let mut played = easy();
    played.shop.seller.connections[0].account = whatsapp();
    played
}

fn whatsapp() -> Account {
    Account::new(Channel::Whatsapp, "1")
}

/// Something happens on WhatsApp.
fn hears(played: &mut Played, happening: Happening, second: i64) {
    let event = StoredEvent { account: whatsapp(), ..played.event(&format!("message:m{second}"), at(second)) };
    played.turn(vec![(event, Ok(happening))]);
}

fn writes(played: &mut Played, text: &str, second: i64) {
    let said = Said { mid: Some(format!("m{second}")), text: Some(text.into()), ..Said::default() };
    hears(played, Happening::Said(said), second);
}

fn edits(played: &mut Played, mid: &str, text: &str, second: i64) {
    let edited = crate::domain::event::Edited { mid: mid.into(), text: text.into(), revision: 1 };
    hears(played, Happening::Edited(edited), second);
}

#[test]
fn an_answer_is_what_its_last_words_are() {
    for (first, then, state) in [
        ("yes", "yes please!", OrderState::Confirmed),
        ("hm", "yes", OrderState::Confirmed),
        ("yes", "is it blue?", OrderState::Draft),
        ("yes", "no", OrderState::Draft),
    ] {
        let (mut played, _) = unsure();
        played.says(first, 10);
        played.edits("m10", then, 1);
        played.forgets();
        played.waits(4);
        assert_eq!(played.order().state, state, "{first} -> {then}");
        assert_eq!(played.needs_look().contains(&Look::ChangeWanted), then == "no", "{first} -> {then}");
    }
}

#[test]
fn a_yes_or_a_tap_that_was_taken_back_agrees_to_nothing() {
    for taps in [false, true] {
        let (mut played, summary) = unsure();
        match taps {
            true => played.taps(&summary, "Confirm", 10),
            false => played.says("yes", 10),
        }
        played.unsends("m10");
        played.forgets();
        played.waits(4);
        assert_eq!(played.order().state, OrderState::Draft);
    }
}

#[test]
fn a_tap_stays_one_whatever_its_words_are_changed_to() {
    let (mut played, summary) = unsure();
    played.edits("m10", "nine aprons please", 1);
    played.taps(&summary, "Confirm", 10);
    played.edits("m10", "eight aprons please", 2);
    played.waits(4);
    assert_eq!((played.order().state, played.wanted().as_str()), (OrderState::Confirmed, "2 APRON"));
}

#[test]
fn a_number_said_with_a_yes_is_forgotten_with_it() {
    let (mut played, _) = unsure();
    played.says("yes, my phone is +1 555 010 0199", 10);
    assert!(played.thread().customer.facts.phone.is_some());
    played.unsends("m10");
    assert_eq!(played.thread().customer.facts.phone, None);
}

#[test]
fn a_cart_taken_back_is_no_order_and_one_that_was_agreed_on_is_a_persons_business() {
    for agreed in [false, true] {
        let mut played = easy();
        played.hears_said(cart(&[("SHIRT-White-M", 2)]), 0);
        played.waits(if agreed { 4 } else { 1 });
        played.unsends("m0");
        played.restarts();
        played.waits(10);
        let (state, looks) = match agreed {
            true => (OrderState::Confirmed, vec![Look::ChangeWanted]),
            false => (OrderState::Cancelled, vec![]),
        };
        let conversation = played.conversations.values().next().unwrap();
        assert_eq!((played.order().state, conversation.needs_look.iter().copied().collect::<Vec<_>>()), (state, looks));
        assert!(played.messages.values().all(|message| message.wishes.is_empty()));
    }
}

#[test]
fn words_edited_into_the_same_again_are_the_last_order_whatever_is_in_memory() {
    for comes_first in [false, true] {
        let mut played = easy();
        played.says("one apron please", 0);
        played.waits(4);
        played.forgets();
        if comes_first {
            played.edits("m20", AGAIN, 1);
            played.says("hello", 20);
        } else {
            played.says("hello", 20);
            played.forgets();
            played.edits("m20", AGAIN, 1);
        }
        assert_eq!((played.orders.len(), played.wanted().as_str()), (2, "1 APRON"));
        assert!(played.needs_look().is_empty());
    }
}

#[test]
fn words_edited_into_the_same_again_of_nothing_ask_for_a_look() {
    let mut played = easy();
    played.says("hello", 0);
    played.edits("m0", AGAIN, 1);
    assert_eq!(played.needs_look(), [Look::NothingToRepeat]);
}

#[test]
fn of_several_questions_that_have_not_left_none_is_asked_about_words_that_are_no_more() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says("an apron please", 0);
    played.waits(4);
    played.says("and a linen shirt", 5);
    played.waits(4);
    assert_eq!(played.outbox.len(), 2);
    played.edits("m5", "and two linen shirts", 1);
    assert!(played.outbox.values().all(|owed| owed.state == OwedState::Failed));
    played.shop.caps.messages_per_hour = 10;
    played.waits(61 * 60);
    assert!(played.take_handed().len() <= 1, "nobody is asked the same twice");
}

#[test]
fn a_number_of_a_line_is_what_it_was_edited_to() {
    let mut played = on_whatsapp();
    writes(&mut played, "a blue linen shirt", 0);
    played.waits(4);
    played.question();
    writes(&mut played, "1", 10);
    assert_eq!(played.wanted(), "1 SHIRT-Blue-S");
    edits(&mut played, "m10", "2", 11);
    assert_eq!(played.wanted(), "1 SHIRT-Blue-M");
    edits(&mut played, "m10", "one moment", 12);
    assert_eq!(played.order().lines[0].variant.as_deref(), Some("SHIRT-Blue-M"), "a revision that is known");
}

#[test]
fn a_number_means_a_line_only_of_a_list_that_would_be_sent_now() {
    let sum_up = || {
        let mut played = on_whatsapp();
        writes(&mut played, "one apron please", 0);
        writes(&mut played, "two aprons please", 1);
        played.waits(4);
        played.question();
        played
    };
    let mut played = sum_up();
    writes(&mut played, "and a blue linen shirt in M", 10);
    writes(&mut played, "2", 11);
    assert_eq!(played.order().state, OrderState::Draft, "2 is not \"Cancel\" any more: {}", played.wanted());
    assert_eq!(played.wanted(), "2 APRON, 2 SHIRT-Blue-M");
    let mut played = sum_up();
    writes(&mut played, "+1", 10);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft, "one more, perhaps");
}
