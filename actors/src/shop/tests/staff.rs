//! Staff speaks with customers: what leaves, once and in order, and how the bot steps back.

use serde_json::{Value, json};

use super::*;
use crate::domain::alarm::AlarmKind;
use crate::domain::command::{Commanded, Recipient};
use crate::domain::desk::{ConversationNow, Queued};
use crate::domain::outbox::Aim;
use crate::domain::outgoing::{Outgoing, OutgoingKind};

impl Played {
    /// Gives a command, and takes what it is answered.
    pub(super) fn obeys(&mut self, command: Command) -> Value {
        let commanded = Commanded { by: Some("Bea".into()), command };
        let key = format!("command:{}", self.seq);
        self.hears(Happening::Command(commanded), &key, (self.now - at(0)).num_seconds());
        self.last.decided[0].answer.clone().unwrap()
    }

    fn says_to_customer(&mut self, text: Option<&str>, attachment: Option<Outgoing>) -> Value {
        let to = Recipient::Conversation(self.conversation());
        self.obeys(Command::Send { to, text: text.map(str::to_owned), attachment })
    }

    pub(super) fn conversation(&self) -> ConversationId {
        *self.conversations.keys().next().unwrap()
    }

    fn hands_over(&mut self, people_only: bool) -> ConversationNow {
        let now = self.obeys(Command::HandOver { conversation: self.conversation(), people_only });
        serde_json::from_value(now).unwrap()
    }

    fn echo_of_a_file(&mut self, mid: &str, kind: &str) {
        let echo = Echo { mid: mid.into(), text: None, attachments: vec![kind.into()] };
        self.hears(Happening::Echo(echo), &format!("message:{mid}"), (self.now - at(0)).num_seconds());
    }

    fn taken(&mut self, owed: &Owed, mid: &str) {
        assert_eq!(self.ends(owed, CallResult::Accepted { mid: mid.into() }), Outcome::Handled);
    }
}

fn picture() -> Outgoing {
    Outgoing { kind: OutgoingKind::Image, url: "https://shop.example/apron.jpg".into() }
}

fn queued(answer: Value) -> Queued {
    serde_json::from_value(answer).unwrap()
}

fn code(answer: &Value) -> (&str, u64) {
    (answer["error"].as_str().unwrap_or("no error"), answer["status"].as_u64().unwrap_or(0))
}

#[test]
fn words_of_the_staff_are_queued_sent_and_known_by_whoever_wrote_them() {
    let mut played = Played::new();
    played.says("good morning", 0);
    let answer = queued(played.says_to_customer(Some("Good morning!"), None));
    let ada = *played.customers.keys().next().unwrap();
    assert_eq!((answer.customer, answer.account, answer.parts.len()), (ada, account(), 1));
    let owed = played.take_handed().remove(0);
    assert_eq!((owed.id, owed.purpose.aim, text_of(&owed)), (answer.parts[0].outbox, Aim::Say, "Good morning!"));
    let message = &played.messages[&answer.parts[0].message.0];
    assert_eq!((message.author, message.state), (Author::Staff, MessageState::Queued));
    assert_eq!((message.text.as_deref(), message.marks.by.as_deref()), (Some("Good morning!"), Some("Bea")));
    played.taken(&owed, "s1");
    assert_eq!(played.conversations[&played.conversation()].preview, "Good morning!");
}

#[test]
fn a_file_and_words_go_one_after_the_other() {
    let mut played = Played::new();
    played.says("do you have aprons?", 0);
    let answer = queued(played.says_to_customer(Some("This one"), Some(picture())));
    let kinds: Vec<_> = answer.parts.iter().map(|part| part.attachment).collect();
    assert_eq!(kinds, [Some(OutgoingKind::Image), None]);
    let file = played.take_handed().remove(0);
    assert!(
        matches!(&file.call, OwedCall::Send { text, attachment: Some(sent), .. } if text.is_empty() && *sent == picture())
    );
    assert!(played.take_handed().is_empty(), "one at a time");
    assert_eq!(played.messages[&answer.parts[0].message.0].attachments, ["image"]);
    played.taken(&file, "s1");
    let words = played.take_handed().remove(0);
    assert_eq!((words.id, text_of(&words)), (answer.parts[1].outbox, "This one"));
}

#[test]
fn the_echo_of_a_file_confirms_it_before_the_answer_or_without_one() {
    for answered in [false, true] {
        let mut played = Played::new();
        played.says("hello", 0);
        let answer = queued(played.says_to_customer(None, Some(picture())));
        let file = played.take_handed().remove(0);
        if !answered {
            played.ends(&file, CallResult::Unknown { error: "no answer".into() });
        }
        played.echo_of_a_file("e1", "video");
        assert_eq!(played.messages[&answer.parts[0].message.0].mid, None, "somebody else's video is not ours");
        played.echo_of_a_file("s1", "image");
        assert_eq!(played.messages[&answer.parts[0].message.0].mid.as_deref(), Some("s1"));
        assert_eq!(played.outbox[&file.id.0].state, OwedState::Accepted);
        played.waits(600);
        assert!(played.take_handed().is_empty());
    }
}

#[test]
fn a_file_without_an_answer_or_an_echo_is_looked_for_by_its_kind() {
    for found in [None, Some("s1".to_owned())] {
        let mut played = Played::new();
        played.says("hello", 0);
        played.says_to_customer(None, Some(picture()));
        let file = played.take_handed().remove(0);
        played.ends(&file, CallResult::Unknown { error: "no answer".into() });
        played.restarts();
        played.waits(120);
        let look = played.take_handed().remove(0);
        assert!(matches!(&look.call, OwedCall::Find { attachment: Some(sought), .. } if *sought == picture()));
        played.ends(&look, CallResult::Looked { found: found.clone() });
        assert_eq!(played.take_handed().len(), usize::from(found.is_none()));
    }
}

#[test]
fn what_meta_would_refuse_is_refused_and_nothing_is_owed() {
    let mut played = Played::new();
    let to = |id: &str| Recipient::MetaId(id.into());
    let say = |to| Command::Send { to, text: Some("hi".into()), attachment: None };
    played.says("hello", 0);
    for nobody in [to("bob"), to(""), to("a\0"), to(&"9".repeat(600)), Recipient::Conversation(ConversationId(77))] {
        assert_eq!(code(&played.obeys(say(nobody))), ("unknown_recipient", 404));
    }
    let long = played.says_to_customer(Some(&"é".repeat(501)), None);
    assert_eq!(code(&long), ("text_too_long", 422));
    assert!(long["detail"].as_str().unwrap().contains("1000 bytes"), "{long}");
    played.now = at(24 * 3600);
    let closed = played.obeys(say(to("ada")));
    assert_eq!(code(&closed), ("window_closed", 409));
    assert!(closed["detail"].as_str().unwrap().contains("2026-10-02T12:00:00Z"), "{closed}");
    played.now = at(60);
    played.shop.seller.connections.clear();
    assert_eq!(code(&played.obeys(say(to("ada")))), ("not_connected", 409));
    assert!(played.outbox.is_empty() && played.messages.len() == 1);
}

#[test]
fn a_customer_is_found_by_the_id_at_meta_also_after_a_restart() {
    let mut played = Played::new();
    played.says("hello", 0);
    played.restarts();
    let command = Command::Send { to: Recipient::MetaId("ada".into()), text: Some("hi".into()), attachment: None };
    assert_eq!(queued(played.obeys(command)).conversation, played.conversation());
    assert_eq!(played.take_handed()[0].recipient, "ada");
}

#[test]
fn after_a_person_has_answered_the_bot_waits_for_the_next_word() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.now = at(3);
    played.says_to_customer(Some("Of course! One moment"), None);
    let words = played.take_handed().remove(0);
    played.taken(&words, "s1");
    assert!(played.alarms.keys().all(|key| key.kind != AlarmKind::Reply));
    played.waits(60);
    // Said before and come late, it is what the person answered, too.
    played.says("a white one", 0);
    played.waits(60);
    assert!(played.take_handed().is_empty());
    played.says("any news?", 130);
    played.waits(4);
    assert!(text_of(&played.take_handed()[0]).contains("phone number"));
}

#[test]
fn a_question_that_waits_is_not_asked_once_a_person_has_answered() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says("an apron please", 0);
    played.waits(4);
    played.says_to_customer(Some("Which one?"), None);
    played.shop.caps.messages_per_hour = 10;
    played.waits(61 * 60);
    let handed = played.take_handed();
    assert_eq!(handed.iter().map(text_of).collect::<Vec<_>>(), ["Which one?"]);
    assert!(played.needs_look().is_empty(), "{:?}", played.needs_look());
}

#[test]
fn a_question_whose_end_was_unknown_is_not_asked_again_after_a_person() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Unknown { error: "no answer".into() });
    played.waits(10);
    played.says_to_customer(Some("Which one?"), None);
    assert!(played.take_handed().is_empty(), "its words could not be told from those");
    played.waits(120);
    let look = played.take_handed().remove(0);
    played.ends(&look, CallResult::Looked { found: None });
    let words = played.take_handed();
    assert_eq!(words.iter().map(text_of).collect::<Vec<_>>(), ["Which one?"]);
    played.taken(&words[0], "s1");
    played.waits(600);
    assert!(played.take_handed().is_empty());
    assert_eq!(played.outbox[&question.id.0].state, OwedState::Failed);
}

#[test]
fn a_yes_to_a_person_is_no_yes_to_the_bot() {
    let mut played = Played::new();
    played.shop.seller.settings.confirm_from = 2.0;
    played.says(&format!("two aprons please, {DETAILS}"), 0);
    played.waits(4);
    let summary = played.take_handed().remove(0);
    assert_eq!(summary.purpose.aim, Aim::Check);
    played.taken(&summary, "q1");
    played.now = at(30);
    played.says_to_customer(Some("Shall we make them white?"), None);
    let words = played.take_handed().remove(0);
    played.taken(&words, "s1");
    played.says("yes", 40);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
    let again = played.take_handed().remove(0);
    assert_eq!(again.purpose.aim, Aim::Check, "the bot sums up what is known now");
    played.taken(&again, "q2");
    played.says("yes", 60);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
}

#[test]
fn handed_over_a_conversation_gets_drafts_and_no_answer_until_it_is_handed_back() {
    let mut played = Played::new();
    played.says("good morning", 0);
    assert!(played.hands_over(true).people_only);
    played.says(&format!("two aprons please, {DETAILS}"), 10);
    played.waits(60);
    assert_eq!((played.order().state, played.take_handed().len()), (OrderState::Draft, 0));
    played.restarts();
    played.says("and hurry", 80);
    played.waits(60);
    assert!(played.take_handed().is_empty());
    queued(played.says_to_customer(Some("We do"), None));
    let words = played.take_handed().remove(0);
    played.taken(&words, "s1");
    assert!(!played.hands_over(false).people_only);
    played.waits(60);
    assert!(played.take_handed().is_empty(), "from the next word on");
    played.says("thanks", 300);
    played.waits(4);
    assert_eq!((played.order().state, played.take_handed().len()), (OrderState::Confirmed, 1));
}

#[test]
fn what_staff_says_waits_for_nothing_that_is_held_for_another_app() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says(&format!("two aprons please, {DETAILS}"), 0);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    let standby = Said { mid: Some("m9".into()), text: Some("hello?".into()), standby: true, ..Said::default() };
    played.hears(Happening::Said(standby), "message:m9", 9);
    played.shop.caps.messages_per_hour = 10;
    played.now = at(3700);
    played.says_to_customer(Some("We are here"), None);
    let handed = played.take_handed();
    assert_eq!(handed.iter().map(text_of).collect::<Vec<_>>(), ["We are here"]);
}

#[test]
fn an_alarm_that_is_due_in_the_turn_of_the_answer_is_done_away_with() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    let (key, due) = played.alarms.first_key_value().map(|(key, due)| (*key, *due)).unwrap();
    played.now = due;
    let to = Recipient::Conversation(played.conversation());
    let command = Command::Send { to, text: Some("Of course".into()), attachment: None };
    let event = played.event("command:1", due);
    played.shop.decide(&event, &Ok(Happening::Command(command.into())), played.now);
    played.shop.alarm(&Alarm { key, due }, played.now);
    played.store();
    assert_eq!(played.take_handed().iter().map(text_of).collect::<Vec<_>>(), ["Of course"]);
}

proptest! {
    /// What was said before a person answered, in whatever order and turns it comes, is not answered by the bot.
    #[test]
    fn whatever_comes_late_is_answered_by_nobody_else(
        late in Just(vec!["an apron please", DETAILS, "a white shirt", "thanks"]).prop_shuffle(),
        before in 0_usize..4,
        pauses in prop::collection::vec(0_i64..20, 4),
    ) {
        let mut played = Played::new();
        played.says("hello", -100);
        for (place, words) in late.iter().enumerate() {
            if place == before {
                played.now = played.now.max(at(20));
                prop_assert_eq!(queued(played.says_to_customer(Some("We are on it"), None)).parts.len(), 1);
            }
            // Nothing is due before the person has answered.
            played.says(words, place as i64 - 50);
            if place >= before {
                played.waits(pauses[place]);
            }
        }
        played.waits(600);
        let bots = played.outbox.values().filter(|owed| owed.purpose.aim != Aim::Say).count();
        prop_assert_eq!(bots, 0);
    }
}

#[test]
fn the_answer_of_a_send_names_all_that_was_queued() {
    let mut played = Played::new();
    played.says("hello", 0);
    let answer = played.says_to_customer(Some("hi"), Some(picture()));
    let part = |place: usize| {
        let part = &answer["parts"][place];
        (part["attachment"].clone(), part["state"].clone(), part["message"].is_i64() && part["outbox"].is_i64())
    };
    assert_eq!(part(0), (json!("image"), json!("queued"), true));
    assert_eq!(part(1), (Value::Null, json!("queued"), true));
}
