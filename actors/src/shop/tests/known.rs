//! Customers of WhatsApp, who go by several ids.

use super::*;
use crate::domain::event::{Profile, Renamed};
use crate::domain::outbox::OwedState;

const USER: &str = "US.1349";
const NEW_USER: &str = "US.9";
const PHONE: &str = "15550100001";

fn number() -> Account {
    Account::new(Channel::Whatsapp, "106540350000001")
}

/// Says something on WhatsApp under an id, with another beside it.
fn writes(played: &mut Played, text: &str, second: i64, customer: &str, other: Option<&str>) {
    let phone = [Some(customer), other].into_iter().flatten().find(|id| !id.contains('.')).map(str::to_owned);
    let profile = Profile { phone, other_id: other.map(str::to_owned), ..Profile::default() };
    let said = Said { mid: Some(format!("w{second}")), text: Some(text.into()), profile, ..Said::default() };
    decide(played, Happening::Said(said), &format!("message:w{second}"), second, customer);
}

fn is_renamed(played: &mut Played, from: &str, to: &str, second: i64) -> Outcome {
    let renamed = Renamed { to: to.to_owned(), phone: None };
    decide(played, Happening::Renamed(renamed), &format!("renamed:{from}:{to}:{second}"), second, from)
}

fn decide(played: &mut Played, happening: Happening, key: &str, second: i64, customer: &str) -> Outcome {
    let event = StoredEvent { account: number(), customer: Some(customer.to_owned()), ..played.event(key, at(second)) };
    played.shop.decide(&event, &Ok(happening), played.now);
    played.store();
    played.last.decided[0].outcome
}

fn on_whatsapp() -> Played {
    let mut played = Played::new();
    played.shop.seller.connections.push(Connection::working(ConnectionId(2), number(), None));
    played
}

fn main_ids(played: &Played) -> Vec<&str> {
    let mut ids: Vec<_> = played.shop.threads.values().map(|thread| thread.customer.meta_id.as_str()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn whoever_was_known_by_phone_alone_keeps_one_conversation_under_the_better_id() {
    let mut played = on_whatsapp();
    writes(&mut played, "two shirts", 0, PHONE, None);
    writes(&mut played, "blue, M", 1, USER, Some(PHONE));
    assert_eq!(main_ids(&played), [USER]);
    writes(&mut played, "hello?", 2, PHONE, None);
    writes(&mut played, "hello!", 3, USER, None);
    assert_eq!(main_ids(&played), [USER]);
    assert_eq!(played.shop.threads.values().map(|thread| thread.conversation.unread).sum::<i32>(), 4);
    assert_eq!(played.orders.len(), 1, "the draft went on");
}

#[test]
fn the_phone_of_the_profile_counts_until_the_customer_gives_one() {
    let mut played = on_whatsapp();
    let phone = |played: &Played| played.shop.threads.values().next().unwrap().customer.contact().phone;
    writes(&mut played, "hi", 10, USER, Some(PHONE));
    assert_eq!(phone(&played).as_deref(), Some("+15550100001"));
    // Said before, and come late: what was said by word still counts for more.
    writes(&mut played, "my phone is +1 555 010 0777", 5, USER, Some(PHONE));
    writes(&mut played, "hi again", 20, USER, Some("15550100002"));
    assert_eq!(phone(&played).as_deref(), Some("+15550100777"));
}

#[test]
fn a_new_id_is_the_same_customer_however_often_it_is_told() {
    let mut played = on_whatsapp();
    writes(&mut played, "two shirts", 0, USER, Some(PHONE));
    for second in [1, 2] {
        assert_eq!(is_renamed(&mut played, USER, NEW_USER, second), Outcome::Handled);
    }
    for id in [NEW_USER, USER, PHONE] {
        writes(&mut played, "blue, M", 3, id, None);
    }
    assert_eq!(main_ids(&played), [NEW_USER]);
    assert_eq!(is_renamed(&mut played, NEW_USER, USER, 4), Outcome::Handled);
    assert_eq!(main_ids(&played), [USER], "back to the first");
}

#[test]
fn a_new_id_that_came_first_takes_in_what_is_late_under_the_old_one() {
    let mut played = on_whatsapp();
    writes(&mut played, "two shirts", 5, NEW_USER, None);
    is_renamed(&mut played, USER, NEW_USER, 4);
    writes(&mut played, "blue, M", 3, USER, None);
    assert_eq!(main_ids(&played), [NEW_USER]);
}

#[test]
fn two_conversations_of_one_customer_stay_as_they_are_and_ask_for_a_look() {
    let mut played = on_whatsapp();
    writes(&mut played, "two shirts", 0, USER, None);
    writes(&mut played, "one apron", 1, NEW_USER, None);
    let before = played.orders.clone();
    assert_eq!(is_renamed(&mut played, USER, NEW_USER, 2), Outcome::Handled);
    assert_eq!(main_ids(&played), [USER, NEW_USER]);
    let looks: Vec<_> =
        played.shop.threads.values().flat_map(|thread| thread.conversation.needs_look.clone()).collect();
    assert_eq!((looks, played.orders == before), (vec![Look::TwoConversations], true));
}

#[test]
fn the_next_owner_of_a_phone_number_is_a_stranger() {
    let mut played = on_whatsapp();
    writes(&mut played, "two blue shirts in M", 0, USER, Some(PHONE));
    writes(&mut played, "what did I order?", 1, "FR.7", Some(PHONE));
    assert_eq!(main_ids(&played), ["FR.7", USER]);
    writes(&mut played, "one more thing", 2, USER, None);
    writes(&mut played, "are you there?", 3, PHONE, None);
    let unread = |id: &str| {
        let thread = played.shop.threads.values().find(|thread| thread.customer.meta_id == id);
        thread.unwrap().conversation.unread
    };
    assert_eq!((unread(USER), unread("FR.7")), (2, 2), "the number is the new owner's");
}

#[test]
fn somebody_who_never_wrote_may_be_renamed() {
    let mut played = on_whatsapp();
    assert_eq!(is_renamed(&mut played, USER, NEW_USER, 0), Outcome::Handled);
    assert!(played.shop.threads.is_empty());
}

#[test]
fn an_owed_message_goes_to_the_new_id() {
    let mut played = on_whatsapp();
    played.shop.caps.messages_per_hour = 0;
    writes(&mut played, "two blue shirts in M please", 0, USER, Some(PHONE));
    played.waits(4);
    assert!(played.outbox.values().all(|owed| owed.state == OwedState::Owed && owed.recipient == USER));
    is_renamed(&mut played, USER, NEW_USER, 5);
    let recipients: Vec<_> = played.outbox.values().map(|owed| owed.recipient.as_str()).collect();
    assert_eq!(recipients, [NEW_USER]);
}

#[test]
fn an_uncertain_send_on_whatsapp_is_left_to_a_person() {
    let mut played = on_whatsapp();
    writes(&mut played, "two blue shirts in M please", 0, USER, Some(PHONE));
    played.waits(4);
    let question = played.take_handed().remove(0);
    assert_eq!(question.account, number());
    let ended = CallEnded {
        outbox: question.id,
        attempt: 1,
        result: CallResult::Unknown { error: "silence".into() },
        told: LimitsTold::default(),
    };
    decide(&mut played, Happening::CallEnded(ended), "call", 5, USER);
    played.waits(120);
    assert_eq!(played.outbox[&question.id.0].state, OwedState::Unsettled);
    assert_eq!(played.outbox.len(), 1, "nobody is asked, and nothing is sent again");
    let thread = played.shop.threads.values().next().unwrap();
    assert_eq!(thread.conversation.needs_look, [Look::NotSent].into());
}
