//! Orders that a person confirms, cancels and hands over: stock, what the customer is told, what comes after.

use serde_json::{Value, json};

use super::by_hand::{lines_wanted, now};
use super::drafts::easy;
use super::taps::unsure;
use super::*;
use crate::domain::command::OrderAt;
use crate::domain::ids::OrderId;
use crate::domain::order::OrderStep;

#[test]
fn a_person_confirms_without_details_and_the_customer_is_told_once() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    let answer = played.confirms_order();
    let id = played.order().id;
    assert_eq!(answer, json!({ "order": id.0, "version": 2, "state": "confirmed", "told_customer": true }));
    assert_eq!((played.stock("APRON"), played.order().confirmed_at), (Some(1), Some(played.now)));
    let told = played.told_customer();
    assert!(told.len() == 1 && told[0].contains("59.80 USD"), "{told:?}");
    played.waits(600);
    assert!(played.told_customer().is_empty(), "the bot has nothing left to ask");
    assert_eq!(played.confirms_order()["error"], "wrong_state");
    assert_eq!(
        played.is_asked(Command::ConfirmOrder(OrderAt { order: id, version: Some(1) }))["error"],
        "version_conflict"
    );
    assert_eq!(played.steps(), [(OrderStep::Drafted, None), (OrderStep::Confirmed, Some("Zoé"))]);
    played.now = at(700);
    played.says("one blue linen shirt in M please", 700);
    assert_eq!((played.orders.len(), played.wanted().as_str()), (2, "1 SHIRT-Blue-M"));
}

#[test]
fn a_person_confirms_and_the_customer_is_not_told_where_nothing_may_be_sent() {
    let late = |played: &mut Played| played.now = at(25 * 3600);
    let silent = |played: &mut Played| played.shop.seller.settings.auto_reply = false;
    let handed_over = |played: &mut Played| {
        played.shop.threads.values_mut().for_each(|thread| thread.conversation.in_other_hands = true);
    };
    let unconnected = |played: &mut Played| played.shop.seller.connections.clear();
    for change in [late as fn(&mut Played), silent, handed_over, unconnected] {
        let mut played = Played::new();
        played.says("two aprons please", 0);
        change(&mut played);
        assert_eq!(played.confirms_order()["told_customer"], false);
        assert_eq!((played.order().state, played.told_customer().len()), (OrderState::Confirmed, 0));
    }
}

#[test]
fn the_bot_and_a_person_confirm_one_order_once() {
    let mut played = easy();
    played.says("two aprons please", 0);
    let (key, due) = played.alarms.first_key_value().map(|(key, due)| (*key, *due)).unwrap();
    played.now = due;
    let order = played.order().id;
    let event = StoredEvent { source: Source::Command, ..played.event("command:x", played.now) };
    played.shop.decide(&event, &Ok(Happening::Command(Command::ConfirmOrder(now(order)).into())), played.now);
    played.shop.alarm(&Alarm { key, due }, played.now);
    played.store();
    assert_eq!(played.told_customer().len(), 1);
    let mut played = easy();
    played.says("two aprons please", 0);
    played.waits(4);
    assert_eq!(played.confirms_order()["error"], "wrong_state");
    assert_eq!((played.told_customer().len(), played.stock("APRON")), (1, Some(1)));
}

#[test]
fn more_than_there_is_is_not_confirmed_by_a_person_either() {
    let mut played = easy();
    played.says("five aprons please", 0);
    let refused = played.confirms_order();
    assert_eq!(refused["error"], "out_of_stock");
    assert!(refused["detail"].as_str().unwrap().contains("Apron only 3"), "{refused}");
    assert_eq!(played.order().state, OrderState::Draft);
    played.edits_order(1, &[("APRON", 2), ("APRON", 2)]);
    assert_eq!(played.confirms_order()["error"], "out_of_stock", "both lines are of one stock");
}

#[test]
fn a_draft_without_one_complete_line_is_not_confirmed() {
    let mut played = easy();
    played.says("a blue linen shirt please", 0);
    assert_eq!(played.confirms_order()["error"], "nothing_complete");
    played.says("and an apron", 1);
    assert_eq!(played.confirms_order()["state"], "confirmed");
    assert_eq!((played.order().lines.len(), played.stock("APRON")), (2, Some(2)));
}

#[test]
fn a_cancelled_order_gives_back_what_it_has_taken_once() {
    let mut played = easy();
    played.says("two aprons please", 0);
    played.waits(4);
    played.told_customer();
    assert_eq!(played.stock("APRON"), Some(1));
    played.restarts();
    assert_eq!(played.cancels_order()["state"], "cancelled");
    assert_eq!(played.stock("APRON"), Some(3));
    let refused = played.cancels_order();
    assert_eq!((&refused["error"], played.stock("APRON")), (&json!("wrong_state"), Some(3)));
    assert_eq!(played.steps().last(), Some(&(OrderStep::Cancelled, Some("Zoé"))));
    played.now = at(100);
    played.says(&format!("one apron please, {DETAILS}"), 100);
    played.waits(4);
    assert_eq!((played.newest().state, played.stock("APRON")), (OrderState::Confirmed, Some(2)));
}

#[test]
fn a_confirmation_that_has_not_left_is_not_sent_for_a_cancelled_order() {
    let mut played = easy();
    played.shop.caps = Caps { messages_per_hour: 0, ..played.shop.caps };
    played.says("two aprons please", 0);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    played.cancels_order();
    played.shop.caps = rules().caps;
    played.waits(600);
    assert!(played.told_customer().is_empty());
    let message = played.messages.values().find(|message| message.author == Author::Bot).unwrap();
    assert_eq!(message.state, MessageState::Failed);
}

#[test]
fn a_draft_that_a_person_cancels_is_over_and_the_next_word_begins_another() {
    let mut played = easy();
    played.says("two aprons please", 0);
    assert_eq!(played.cancels_order()["state"], "cancelled");
    played.waits(600);
    assert!(played.told_customer().is_empty());
    played.restarts();
    played.now = at(610);
    played.says("in M please", 610);
    assert_eq!(played.order().state, OrderState::Cancelled, "nothing of it comes back");
    played.says("one apron", -1);
    assert_eq!(played.needs_look(), [Look::LateMessage]);
    played.says("one blue linen shirt in M", 611);
    assert_eq!((played.orders.len(), played.wanted().as_str()), (2, "1 SHIRT-Blue-M"));
}

#[test]
fn only_a_confirmed_order_is_handed_over_and_then_it_stays() {
    let mut played = easy();
    played.says("two aprons please", 0);
    let fulfil = |played: &mut Played| {
        let order = played.order().id;
        played.is_asked(Command::FulfilOrder(now(order)))
    };
    assert_eq!(fulfil(&mut played)["error"], "wrong_state");
    played.confirms_order();
    assert_eq!(fulfil(&mut played)["state"], "fulfilled");
    for answer in
        [fulfil(&mut played), played.cancels_order(), played.confirms_order(), played.edits_order(3, &[("APRON", 1)])]
    {
        assert_eq!(answer["error"], "wrong_state", "{answer}");
    }
    assert_eq!(played.is_asked(Command::FulfilOrder(now(OrderId(999))))["error"], "unknown_order");
    assert_eq!(played.stock("APRON"), Some(1));
}

#[test]
fn the_same_as_last_time_is_the_last_order_that_stands() {
    for restarts in [false, true] {
        let mut played = easy();
        for (second, text) in [(0, "one apron please"), (100, "one blue linen shirt in M please")] {
            played.now = at(second);
            played.says(text, second);
            played.confirms_order();
        }
        if restarts {
            played.restarts();
        }
        let order = played.newest().id;
        let said = Said { text: Some("the same as last time please".into()), ..Said::default() };
        let command = Happening::Command(Command::CancelOrder(now(order)).into());
        played.now = at(200);
        let events = vec![
            (played.event("command:1", at(200)), Ok(command)),
            (played.event("message:a", at(200)), Ok(Happening::Said(said))),
        ];
        played.turn(events);
        assert_eq!(played.wanted(), "1 APRON", "also in the turn in which the last one is cancelled");
        played.confirms_order();
        played.cancels_order();
        played.now = at(300);
        played.says("the same as last time please", 300);
        assert_eq!(played.wanted(), "1 APRON");
        assert!(played.newest().lines.iter().all(|line| !line.stock_taken));
        assert_eq!(played.stock("APRON"), Some(2));
    }
}

#[test]
fn buttons_of_an_order_that_a_person_has_closed_change_nothing() {
    for confirms in [true, false] {
        let (mut played, summary) = unsure();
        let answer = if confirms { played.confirms_order() } else { played.cancels_order() };
        let state = answer["state"].clone();
        played.told_customer();
        played.now = at(20);
        for (second, button) in [(20, "Confirm"), (21, "Cancel")] {
            played.taps(&summary, button, second);
            played.waits(4);
        }
        assert_eq!(json!(played.order().state), state);
        assert!(played.needs_look().contains(&Look::StaleButton) && played.told_customer().is_empty());
    }
}

#[test]
fn a_command_sees_what_was_decided_in_the_same_turn() {
    let mut played = easy();
    played.says("two aprons please", 0);
    let order = played.order().id;
    let edit = Command::EditOrder { order, version: 1, lines: Some(lines_wanted(&[("APRON", 3)])), contact: None };
    let at_version = |version| OrderAt { order, version: Some(version) };
    let commands = [
        edit.clone(),
        edit,
        Command::ConfirmOrder(at_version(2)),
        Command::FulfilOrder(at_version(2)),
        Command::CancelOrder(at_version(3)),
        Command::FulfilOrder(now(order)),
    ];
    let events = commands.map(|command| (played.event("command:1", at(1)), Ok(Happening::Command(command.into()))));
    played.turn(events.into());
    let answers: Vec<Value> = played.last.decided.iter().map(|decided| decided.answer.clone().unwrap()).collect();
    let words: Vec<&str> =
        answers.iter().map(|answer| answer["error"].as_str().or(answer["state"].as_str()).unwrap()).collect();
    assert_eq!(words, ["draft", "version_conflict", "confirmed", "version_conflict", "cancelled", "wrong_state"]);
    assert_eq!((played.order().version, played.stock("APRON")), (4, Some(3)));
    assert!(played.told_customer().is_empty(), "nothing was agreed in the end");
}
