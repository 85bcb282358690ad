//! Orders that a person opens, edits, confirms, cancels and hands over, while the customer goes on writing.

use serde_json::{Value, json};

use super::drafts::{cart, easy};
use super::taps::unsure;
use super::*;
use crate::domain::command::{Commanded, LineWanted, OrderAt};
use crate::domain::event::{Edited, Unsent};
use crate::domain::ids::OrderId;
use crate::domain::order::OrderStep;
use crate::domain::reading::Contact;

impl Played {
    /// What a command of Zoé's is answered.
    pub(super) fn is_asked(&mut self, command: Command) -> Value {
        let commanded = Commanded { by: Some("Zoé\0".to_owned()), command };
        let event = StoredEvent { source: Source::Command, customer: None, ..self.event("command:x", self.now) };
        self.turn(vec![(event, Ok(Happening::Command(commanded)))]);
        self.last.decided[0].answer.clone().unwrap()
    }

    /// The newest order.
    pub(super) fn newest(&self) -> &Order {
        self.orders.values().next_back().unwrap()
    }

    pub(super) fn edits_order(&mut self, version: i64, lines: &[(&str, u32)]) -> Value {
        let (order, lines) = (self.newest().id, Some(lines_wanted(lines)));
        self.is_asked(Command::EditOrder { order, version, lines, contact: None })
    }

    pub(super) fn confirms_order(&mut self) -> Value {
        let order = self.newest().id;
        self.is_asked(Command::ConfirmOrder(now(order)))
    }

    pub(super) fn cancels_order(&mut self) -> Value {
        let order = self.newest().id;
        self.is_asked(Command::CancelOrder(now(order)))
    }

    pub(super) fn stock(&self, product: &str) -> Option<i64> {
        self.shop.catalog.product(product).unwrap().stock
    }

    fn steps(&self) -> Vec<(OrderStep, Option<&str>)> {
        self.history.iter().map(|change| (change.what, change.by.as_deref())).collect()
    }

    /// What was told to the customer, once it is sent.
    fn told_customer(&mut self) -> Vec<String> {
        let handed = self.take_handed();
        for owed in &handed {
            self.ends(owed, CallResult::Accepted { mid: format!("q{}", owed.id) });
        }
        handed.iter().map(|owed| text_of(owed).to_owned()).collect()
    }
}

/// Whatever version it has by now.
fn now(order: OrderId) -> OrderAt {
    OrderAt { order, version: None }
}

/// By product, or by a variant of the shirt.
pub(super) fn lines_wanted(lines: &[(&str, u32)]) -> Vec<LineWanted> {
    let line = |(sku, quantity): &(&str, u32)| {
        let is_shirt = sku.starts_with("SHIRT-");
        LineWanted {
            product: if is_shirt { "SHIRT" } else { sku }.to_owned(),
            variant: is_shirt.then(|| (*sku).to_owned()),
            modifiers: vec![],
            quantity: *quantity,
        }
    };
    lines.iter().map(line).collect()
}

#[test]
fn of_two_who_edit_one_draft_the_second_is_told() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    let order = played.order().clone();
    assert_eq!((order.version, order.by_hand), (1, false));
    let answer = played.edits_order(1, &[("APRON", 3), ("SHIRT-Blue-M", 1)]);
    assert_eq!(answer, json!({ "order": order.id.0, "version": 2, "state": "draft" }));
    assert_eq!(played.wanted(), "3 APRON, 1 SHIRT-Blue-M");
    assert!(!played.order().lines[0].evidence.is_empty(), "the words that led to it stay with it");
    let refused = played.edits_order(1, &[("APRON", 1)]);
    assert_eq!((&refused["error"], &refused["status"]), (&json!("version_conflict"), &json!(409)));
    assert!(refused["detail"].as_str().unwrap().contains("version 2"), "{refused}");
    assert!(played.last.orders.is_empty() && played.last.conversations.is_empty());
    assert_eq!(played.wanted(), "3 APRON, 1 SHIRT-Blue-M");
    assert_eq!(played.steps(), [(OrderStep::Drafted, None), (OrderStep::Edited, Some("Zoé"))]);
    let edit = serde_json::to_value(played.history[1].edit.as_ref().unwrap()).unwrap();
    assert_eq!((&edit["lines"]["before"], &edit["lines"]["after"], edit.get("contact")), (&json!(1), &json!(2), None));
}

#[test]
fn an_edit_that_changes_nothing_is_no_version() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.edits_order(1, &[("APRON", 3)]);
    assert_eq!(played.edits_order(2, &[("APRON", 3)])["version"], 2);
    assert!(played.last.orders.is_empty() && played.last.order_changes.is_empty());
}

#[test]
fn no_message_changes_what_a_person_has_written() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.edits_order(1, &[("APRON", 3)]);
    let before = played.order().clone();
    let said = ["one blue linen shirt in M", "no apron please", "cancel my order", "make it 5", "in M"];
    for (second, text) in (10..).zip(said) {
        played.says(text, second);
        assert_eq!((played.order(), played.needs_look()), (&before, vec![Look::SaidAfterEdit]), "{text}");
        played.restarts();
    }
    played.says("two aprons please", -5);
    played.hears_said(cart(&[("APRON", 9)]), 30);
    let edited = Edited { mid: "m0".into(), text: "nine aprons please".into(), revision: 1 };
    played.hears(Happening::Edited(edited), "edit:m0:1", 31);
    played.hears(Happening::Unsent(Unsent { mid: "m10".into() }), "deleted:m10", 32);
    played.waits(600);
    played.restarts();
    assert_eq!(played.order(), &before);
    assert!(played.told_customer().is_empty(), "what the customer wants otherwise is a person's business");
}

#[test]
fn what_was_said_after_an_edit_is_not_forgotten_with_the_draft() {
    for confirms in [true, false] {
        let mut played = Played::new();
        played.says("two aprons please", 0);
        played.edits_order(1, &[("APRON", 3)]);
        played.says("and a blue linen shirt in M", 1);
        assert_eq!(played.needs_look(), [Look::SaidAfterEdit]);
        let _ = if confirms { played.confirms_order() } else { played.cancels_order() };
        assert_eq!(played.needs_look(), [Look::ChangeWanted], "whoever closed it may not have seen it");
    }
}

#[test]
fn a_word_that_is_taken_back_after_the_edit_asks_for_a_look() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.edits_order(1, &[("APRON", 3)]);
    played.hears(Happening::Unsent(Unsent { mid: "m0".into() }), "deleted:m0", 32);
    assert_eq!((played.wanted().as_str(), played.needs_look()), ("3 APRON", vec![Look::SaidAfterEdit]));
}

#[test]
fn what_a_person_has_written_is_asked_about_and_agreed_to_by_the_customer() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.waits(4);
    assert!(played.told_customer()[0].contains("2 x Apron"));
    played.edits_order(1, &[("APRON", 3)]);
    played.waits(600);
    assert!(played.told_customer().is_empty(), "a person leads");
    played.now = at(610);
    played.says(DETAILS, 610);
    played.waits(4);
    let summary = played.question();
    assert!(text_of(&summary).contains("3 x Apron") && text_of(&summary).contains("Harbour Street"));
    assert!(played.needs_look().is_empty());
    played.forgets();
    played.taps(&summary, "Confirm", 620);
    played.waits(4);
    assert_eq!((played.order().state, played.stock("APRON")), (OrderState::Confirmed, Some(0)));
    assert!(played.order().contact.phone.is_some());
    assert_eq!(played.told_customer().len(), 1);
}

#[test]
fn a_yes_to_what_was_before_the_edit_is_none() {
    let (mut played, summary) = unsure();
    played.edits_order(played.order().version, &[("APRON", 3)]);
    assert!(played.needs_look().is_empty(), "a person has read it");
    played.taps(&summary, "Confirm", 10);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
    let again = played.question();
    assert!(text_of(&again).contains("3 x Apron"));
    played.says("yes", 20);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
}

#[test]
fn a_question_that_has_not_left_is_asked_anew_after_an_edit() {
    let mut played = Played::new();
    played.shop.caps = Caps { messages_per_hour: 0, ..played.shop.caps };
    played.says("a blue linen shirt please", 0);
    played.waits(4);
    assert_eq!(played.outbox.values().next().unwrap().state, OwedState::Owed);
    played.edits_order(1, &[("SHIRT-Blue-S", 1)]);
    played.shop.caps = rules().caps;
    played.waits(4);
    let told = played.told_customer();
    assert!(told.len() == 1 && !told[0].contains("Size") && told[0].contains("phone"), "{told:?}");
}

#[test]
fn contact_details_set_by_hand_stay_and_leave_the_lines_to_the_customer() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    let phone = |phone: &str| Some(Contact { phone: Some(phone.to_owned()), ..Contact::default() });
    let order = played.order().id;
    let edit = |version, contact| Command::EditOrder { order, version, lines: None, contact };
    assert_eq!(played.is_asked(edit(1, None))["error"], "nothing_to_change");
    assert_eq!(played.is_asked(edit(1, phone("+1 555")))["version"], 2);
    played.says("make it 3", 10);
    assert_eq!((played.wanted().as_str(), played.order().version), ("3 APRON", 3));
    played.says(DETAILS, 11);
    played.forgets();
    played.waits(4);
    let contact = &played.order().contact;
    assert_eq!((played.order().state, contact.phone.as_deref()), (OrderState::Confirmed, Some("+1 555")));
    assert!(contact.address.as_ref().unwrap().contains("Harbour Street"));
}

#[test]
fn a_draft_is_opened_by_hand_where_there_is_none() {
    let mut played = Played::new();
    played.says("hello there", 0);
    let conversation = *played.conversations.keys().next().unwrap();
    let open = |conversation, lines: &[(&str, u32)]| Command::OpenOrder { conversation, lines: lines_wanted(lines) };
    assert_eq!(played.is_asked(open(ConversationId(999), &[("APRON", 1)]))["error"], "unknown_conversation");
    assert_eq!(played.is_asked(open(conversation, &[]))["error"], "no_lines");
    played.restarts();
    let answer = played.is_asked(open(conversation, &[("APRON", 1)]));
    assert_eq!((&answer["version"], &answer["state"]), (&json!(1), &json!("draft")));
    assert_eq!(played.is_asked(open(conversation, &[("APRON", 1)]))["error"], "draft_open");
    played.restarts();
    played.says("two blue linen shirts in M", 10);
    assert_eq!((played.wanted().as_str(), played.needs_look()), ("1 APRON", vec![Look::SaidAfterEdit]));
    assert_eq!(played.steps(), [(OrderStep::Drafted, Some("Zoé"))]);
}

#[test]
fn what_a_customer_took_back_stays_so_when_a_person_opens_another() {
    let mut played = easy();
    played.says("two aprons please", 0);
    played.says("cancel my order", 1);
    let conversation = *played.conversations.keys().next().unwrap();
    let refused = played.edits_order(2, &[("APRON", 1)]);
    assert_eq!(refused["error"], "wrong_state");
    assert!(refused["detail"].as_str().unwrap().contains("is cancelled"), "{refused}");
    played.is_asked(Command::OpenOrder { conversation, lines: lines_wanted(&[("APRON", 1)]) });
    played.restarts();
    played.says("thanks", 10);
    let states: Vec<_> = played.orders.values().map(|order| order.state).collect();
    assert_eq!(states, [OrderState::Cancelled, OrderState::Draft]);
}

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
