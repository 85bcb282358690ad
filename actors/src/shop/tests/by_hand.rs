//! Drafts that a person opens and edits while the customer goes on writing.

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

    pub(super) fn steps(&self) -> Vec<(OrderStep, Option<&str>)> {
        self.history.iter().map(|change| (change.what, change.by.as_deref())).collect()
    }

    /// What was told to the customer, once it is sent.
    pub(super) fn told_customer(&mut self) -> Vec<String> {
        let handed = self.take_handed();
        for owed in &handed {
            self.ends(owed, CallResult::Accepted { mid: format!("q{}", owed.id) });
        }
        handed.iter().map(|owed| text_of(owed).to_owned()).collect()
    }
}

/// Whatever version it has by now.
pub(super) fn now(order: OrderId) -> OrderAt {
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
