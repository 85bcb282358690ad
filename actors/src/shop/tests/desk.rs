//! What staff keeps in order, and what customers do to it.

use serde_json::{Value, json};

use super::*;
use crate::domain::command::NoteOn;
use crate::domain::conversation::{Fact, LeadStage};
use crate::domain::ids::{LeadId, MessageId, NoteId, OrderId};
use crate::domain::reading::Contact;

fn error(answer: &Value) -> &str {
    answer["error"].as_str().unwrap_or("no error")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Played {
    fn note(&mut self, on: NoteOn, text: &str) -> Value {
        self.obeys(Command::Note { on, text: text.into() })
    }

    fn edits_customer(&mut self, contact: Contact, name: Option<&str>) -> Value {
        let customer = *self.customers.keys().next().unwrap();
        self.obeys(Command::EditCustomer { customer, contact, name: name.map(str::to_owned) })
    }

    fn moves_lead(&mut self, stage: LeadStage) -> Value {
        let lead = self.leads.values().next().unwrap().id;
        self.obeys(Command::MoveLead { lead, stage })
    }

    fn stage(&self) -> LeadStage {
        self.leads.values().next().unwrap().stage
    }

    fn marks_read(&mut self, through: Option<i64>) -> Value {
        let conversation = self.conversation();
        self.obeys(Command::MarkRead { conversation, through: through.map(MessageId) })
    }

    fn message_said(&self, words: &str) -> i64 {
        let said = |message: &&Message| message.text.as_deref() == Some(words);
        self.messages.values().find(said).unwrap().id.0
    }
}

#[test]
fn a_note_is_about_something_that_is_there_and_can_be_taken_away_once() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    let (conversation, order) = (played.conversation(), played.order().id);
    let customer = *played.customers.keys().next().unwrap();
    played.restarts();
    for on in [NoteOn::Conversation(conversation), NoteOn::Order(order), NoteOn::Customer(customer)] {
        let id = played.note(on, "  wants it on Friday ")["note"].as_i64().unwrap();
        let note = played.notes[&NoteId(id)].clone();
        assert_eq!((note.on, note.text.as_str(), note.by.as_deref()), (on, "wants it on Friday", Some("Bea")));
    }
    for on in [
        NoteOn::Conversation(ConversationId(order.0)),
        NoteOn::Order(OrderId(conversation.0)),
        NoteOn::Customer(CustomerId(99)),
    ] {
        assert_eq!(error(&played.note(on, "nobody")), "not_found", "{on:?}");
    }
    let on = NoteOn::Customer(customer);
    assert_eq!(error(&played.note(on, " \n")), "empty_text");
    assert_eq!(error(&played.note(on, "a\0b")), "wrong_text");
    assert_eq!(error(&played.note(on, &"é".repeat(4001))), "text_too_long");
    let note = *played.notes.keys().next().unwrap();
    assert_eq!(played.obeys(Command::RemoveNote { note }), json!({ "note": note, "removed": true }));
    assert_eq!(error(&played.obeys(Command::RemoveNote { note })), "not_found");
    assert_eq!(played.notes.len(), 2);
}

#[test]
fn a_note_is_taken_away_once_also_within_one_turn() {
    let mut played = Played::new();
    played.says("hello", 0);
    let on = NoteOn::Conversation(played.conversation());
    let next = played.last.last_id + 1;
    let note = NoteId(next);
    let commands = [Command::Note { on, text: "x".into() }, Command::RemoveNote { note }, Command::RemoveNote { note }];
    let events = commands
        .into_iter()
        .enumerate()
        .map(|(n, command)| (played.event(&format!("command:{n}"), at(1)), Ok(Happening::Command(command.into()))));
    let events = events.collect();
    played.turn(events);
    let answers: Vec<String> = played.last.decided.iter().map(|it| it.answer.clone().unwrap().to_string()).collect();
    assert!(answers[1].contains("true") && answers[2].contains("not_found"), "{answers:?}");
    assert!(played.notes.is_empty() && played.last.notes.is_empty());
}

#[test]
fn labels_an_assignee_and_the_archive_are_of_the_conversation() {
    let mut played = Played::new();
    played.says("hello", 0);
    let conversation = played.conversation();
    played.restarts();
    let now = played.obeys(Command::Label { conversation, add: texts(&[" VIP ", "vip"]), remove: vec![] });
    assert_eq!(now["labels"], json!(["VIP"]));
    assert_eq!(played.obeys(Command::Assign { conversation, to: Some(" Bea ".into()) })["assignee"], "Bea");
    assert_eq!(played.obeys(Command::Archive { conversation, archived: true })["archived"], true);
    played.restarts();
    played.says("hello?", 10);
    let known = &played.conversations[&conversation];
    assert_eq!((&known.labels, known.assignee.as_deref(), known.archived), (&texts(&["VIP"]), Some("Bea"), false));
    assert_eq!(played.obeys(Command::Assign { conversation, to: None })["assignee"], Value::Null);
    assert_eq!(error(&played.obeys(Command::Assign { conversation, to: Some(" ".into()) })), "empty_text");
    let long = Command::Assign { conversation, to: Some("é".repeat(101)) };
    assert_eq!(error(&played.obeys(long)), "text_too_long");
    let nobody = Command::Archive { conversation: ConversationId(99), archived: true };
    assert_eq!(error(&played.obeys(nobody)), "not_found");
}

#[test]
fn what_came_after_the_last_message_that_was_seen_stays_unread() {
    let mut played = Played::new();
    played.says("one", 0);
    played.says("two", 1);
    played.says("three", 2);
    let (one, two) = (played.message_said("one"), played.message_said("two"));
    assert_eq!(played.marks_read(Some(two))["unread"], 1);
    assert_eq!(played.marks_read(Some(one))["unread"], 1, "never more than there were");
    // Earlier in Meta's time, and nobody has seen it.
    played.says("late", -5);
    assert_eq!(played.marks_read(Some(two))["unread"], 2);
    assert_eq!(error(&played.marks_read(Some(9_999))), "not_found");
    played.restarts();
    assert_eq!(played.marks_read(Some(played.message_said("three")))["unread"], 1);
    assert_eq!(played.marks_read(None)["unread"], 0);
}

#[test]
fn what_comes_in_the_turn_of_the_command_is_counted_as_well() {
    let mut played = Played::new();
    played.says("one", 0);
    let (conversation, through) = (played.conversation(), Some(MessageId(played.message_said("one"))));
    let said = |mid: &str| Said { mid: Some(mid.into()), text: Some(mid.into()), ..Said::default() };
    let event = |played: &mut Played, key: &str, happening| (played.event(key, at(5)), Ok(happening));
    let events = vec![
        event(&mut played, "message:two", Happening::Said(said("two"))),
        event(&mut played, "command:read", Happening::Command(Command::MarkRead { conversation, through }.into())),
        event(&mut played, "message:three", Happening::Said(said("three"))),
    ];
    played.turn(events);
    assert_eq!(played.last.decided[1].answer.as_ref().unwrap()["unread"], 1);
    assert_eq!(played.conversations[&conversation].unread, 2);
}

#[test]
fn only_the_looks_that_are_named_are_settled() {
    let mut played = Played::new();
    let picture = Said { mid: Some("m1".into()), attachments: vec!["image".into()], ..Said::default() };
    played.hears(Happening::Said(picture), "message:m1", 1);
    played.says("cancel that order", 2);
    let conversation = played.conversation();
    let looks = played.needs_look();
    assert!(looks.contains(&Look::Attachment), "{looks:?}");
    let now = played.obeys(Command::SettleLooks { conversation, looks: vec![Look::Attachment, Look::TooLate] });
    assert_eq!(now["needs_look"].as_array().unwrap().len(), looks.len() - 1);
    assert!(!played.needs_look().contains(&Look::Attachment));
}

#[test]
fn what_staff_writes_of_a_customer_stands_until_the_customer_says_otherwise_later() {
    let mut played = Played::new();
    played.says(DETAILS, 0);
    played.now = at(10);
    let contact = Contact { phone: Some(" +1 555 0000 ".into()), email: Some(String::new()), address: None };
    let now = played.edits_customer(contact, Some(" Ada L. "));
    assert_eq!((&now["contact"]["phone"], &now["name"]), (&json!("+1 555 0000"), &json!("Ada L.")));
    assert!(now["contact"]["address"].as_str().unwrap().contains("Harbour"));
    played.says("my phone is +1 555 010 7777", 5);
    played.restarts();
    assert_eq!(
        played.edits_customer(Contact::default(), None)["contact"]["phone"],
        "+1 555 0000",
        "it was said before"
    );
    played.says("my phone is +1 555 010 8888", 20);
    let now = played.edits_customer(Contact { address: Some(" ".into()), ..Contact::default() }, Some(""));
    assert!(now["contact"]["phone"].as_str().unwrap().contains("8888"), "{now}");
    assert_eq!((&now["contact"]["address"], &now["name"]), (&Value::Null, &Value::Null));
}

#[test]
fn details_that_are_none_are_refused() {
    let mut played = Played::new();
    played.says("hello", 0);
    let phone = |phone: &str| Contact { phone: Some(phone.into()), ..Contact::default() };
    let email = |email: &str| Contact { email: Some(email.into()), ..Contact::default() };
    for (contact, name, code) in [
        (phone("call me"), None, "wrong_contact"),
        (phone(&"5".repeat(51)), None, "text_too_long"),
        (email("ada"), None, "wrong_contact"),
        (email("a\0@b"), None, "wrong_text"),
        (Contact::default(), Some("a\0".to_owned()), "wrong_text"),
        (phone("+1 555"), Some("é".repeat(101)), "text_too_long"),
    ] {
        assert_eq!(error(&played.edits_customer(contact, name.as_deref())), code);
    }
    let nobody = Command::EditCustomer { customer: CustomerId(99), contact: phone("+1 555"), name: None };
    assert_eq!(error(&played.obeys(nobody)), "not_found");
    assert_eq!(played.customers.values().next().unwrap().facts.phone, None);
}

proptest! {
    /// Whatever comes in which order: of what was said and what was written by hand, the later stands.
    #[test]
    fn of_what_is_said_and_what_is_written_the_later_stands(
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
        by_hand in 0_i64..40,
    ) {
        let mut facts = crate::domain::conversation::Facts::default();
        let said = |second: i64| Contact { phone: Some(format!("said at {second}")), ..Contact::default() };
        let hand = Contact { phone: Some("by hand".into()), ..Contact::default() };
        let mut known = Vec::new();
        for place in order {
            match place {
                0 => {
                    facts.put(&hand, at(by_hand));
                    // Whoever writes it knows what is known then.
                    let newest = known.iter().copied().max().unwrap_or(by_hand);
                    known.push(by_hand.max(newest));
                }
                place => {
                    let second = place as i64 * 10;
                    facts.learn(&said(second), at(second));
                    known.push(second);
                }
            }
        }
        let Some(Fact { at: stands, .. }) = facts.phone else { panic!("something is known") };
        prop_assert!(known.iter().all(|second| at(*second) <= stands));
    }
}

#[test]
fn a_lead_moved_by_hand_is_moved_on_by_orders_alone() {
    for (stage, after_a_draft) in [
        (LeadStage::Contacted, LeadStage::Drafted),
        (LeadStage::Ordered, LeadStage::Ordered),
        (LeadStage::Lost, LeadStage::Lost),
    ] {
        let mut played = Played::new();
        played.says("hello", 0);
        played.restarts();
        assert_eq!(played.moves_lead(stage)["stage"], stage.name());
        played.says("how are you?", 1);
        assert_eq!(played.stage(), stage, "a word alone moves nothing");
        played.says("two aprons please", 2);
        assert_eq!(played.stage(), after_a_draft);
        played.says(DETAILS, 3);
        played.waits(4);
        assert_eq!(played.stage(), LeadStage::Ordered, "whatever it was");
    }
    let mut played = Played::new();
    played.says("hello", 0);
    let nobody = Command::MoveLead { lead: LeadId(99), stage: LeadStage::Lost };
    assert_eq!(error(&played.obeys(nobody)), "not_found");
}
