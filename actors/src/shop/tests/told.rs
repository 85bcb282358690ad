//! What others are told of a turn: derived from its rows, whoever made them.

use super::*;
use crate::domain::command::NoteOn;
use crate::domain::shop_event::{Occurrence, ShopEventKind};

impl Played {
    fn news(&self) -> Vec<&'static str> {
        self.last.events.iter().map(|event| event.what.kind.name()).collect()
    }
}

#[test]
fn a_first_order_is_told_from_its_first_word_to_the_answer() {
    let mut played = Played::new();
    played.says("one apron please", 0);
    assert_eq!(played.news(), ["message.received", "lead.created", "order.drafted"]);
    let first = played.last.events[0].clone();
    let message = &played.last.messages[0];
    assert_eq!(first.what.subject, Some(message.id.0));
    assert_eq!((first.what.conversation, first.at), (Some(message.conversation), played.now));
    assert!(first.id.0 > message.id.0 && played.last.events.last().unwrap().id.0 == played.last.last_id);
    played.says("two aprons, I mean", 1);
    assert_eq!(played.news(), ["message.received", "order.updated"]);
    played.waits(4);
    assert_eq!(played.news(), [""; 0], "what waits to leave is no news yet");
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Accepted { mid: "q".into() });
    assert_eq!(played.news(), ["message.sent"]);
    played.echo("q", "whatever it says");
    assert_eq!(played.news(), ["message.updated"]);
}

#[test]
fn what_somebody_writes_elsewhere_was_sent() {
    let mut played = Played::new();
    played.says("hello", 0);
    played.echo("elsewhere", "good morning");
    assert_eq!(played.news(), ["message.sent"]);
}

#[test]
fn ids_go_up_over_turns_and_restarts() {
    let mut played = Played::new();
    let mut last = 0;
    for second in 0..5 {
        played.says("hello", second);
        for event in &played.last.events {
            assert!(event.id.0 > last);
            last = event.id.0;
        }
        played.restarts();
    }
}

#[test]
fn a_ledgered_event_is_told_and_so_is_what_the_office_announces() {
    let mut played = Played::new();
    let event = played.event("message:1", at(0));
    played.turn(vec![(event, Err(Reason::Unreadable))]);
    assert_eq!(played.news(), ["event.ledgered"]);
    assert_eq!(played.last.events[0].what.subject, Some(1));
    let connected = Occurrence::to(ShopEventKind::ConnectionConnected, 7);
    played.hears(Happening::Announced(connected), "connection.connected:7:1", 0);
    assert_eq!(played.last.events[0].what, connected);
}

#[test]
fn many_products_of_one_command_are_told_once() {
    let mut played = Played::new();
    let products: Vec<_> = (0..500)
        .map(|n| Product { retailer_id: format!("P{n}"), ..loaded().catalog.products().next().unwrap().clone() })
        .collect();
    let put = Command::PutProducts { products };
    played.hears(Happening::Command(put.into()), "command:1", 0);
    assert_eq!(played.news(), ["product.changed"]);
}

#[test]
fn a_look_that_is_needed_is_told_once_a_turn() {
    let mut played = Played::new();
    let picture = |key: &str| Said { mid: Some(key.into()), attachments: vec!["image".into()], ..Said::default() };
    played.hears(Happening::Said(picture("1")), "message:1", 0);
    assert_eq!(played.news(), ["message.received", "conversation.updated", "lead.created"]);
    played.hears(Happening::Said(picture("2")), "message:2", 1);
    assert_eq!(played.news(), ["message.received"], "it was needed already");
}

#[test]
fn what_the_staff_does_is_told_although_no_command_thinks_of_it() {
    let mut played = Played::new();
    played.says("hello", 0);
    let conversation = played.last.conversations[0].id;
    let note = Command::Note { on: NoteOn::Conversation(conversation), text: "a friend of Ben's".into() };
    let label = Command::Label { conversation, add: vec!["friends".into()], remove: vec![] };
    let gone = Command::RemoveProducts { products: vec!["APRON".into()] };
    let wanted = [(note, "note.created"), (label, "conversation.updated"), (gone, "product.changed")];
    for (n, (command, told)) in wanted.into_iter().enumerate() {
        played.hears(Happening::Command(command.into()), &format!("command:{n}"), 1);
        assert_eq!(played.news(), [told]);
    }
}
