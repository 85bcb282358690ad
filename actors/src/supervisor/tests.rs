//! Sellers that come, fall, rest and go, on a real database.

use std::time::Duration;

use chrono::DateTime;

use super::*;
use crate::domain::channel::{Account, Channel};
use crate::domain::ids::EventSeq;
use crate::house::{House, hasty, nothing_to_put, said, said_to, until};
use crate::sellers::Asked;
use crate::status::Fault;
use crate::store::OfficeTx;
use crate::store::office::{self, NewConnection};
use crate::store::views::{self, Page};

#[test]
fn waits_double_up_to_the_cap_and_chance_shortens_them() {
    let settings = TreeSettings::default();
    let longest = |times| backoff(&settings, times, 1.0);
    assert_eq!(longest(1), Duration::from_millis(50));
    assert_eq!(longest(4), Duration::from_millis(400));
    assert_eq!(longest(u32::MAX), settings.restart_cap);
    assert_eq!(backoff(&settings, 4, 0.5), Duration::from_millis(200));
    assert_eq!(backoff(&settings, 4, 0.0), Duration::ZERO);
}

async fn slot(house: &House, seller: SellerId) -> Slot {
    house.tree.sellers.status(seller).await.unwrap().slot
}

async fn until_at(house: &House, wanted: Slot) {
    until(async || slot(house, house.seller).await == wanted).await;
}

#[tokio::test]
async fn a_seller_is_started_by_its_first_event_and_unloaded_when_it_is_quiet() {
    let house = House::build(TreeSettings { idle_unload: Duration::from_millis(30), ..hasty() }).await;
    assert_eq!(slot(&house, house.seller).await, Slot::NotLoaded);
    house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
    until_at(&house, Slot::Up).await;
    assert_eq!(house.settle().await.handled, 1);
    until_at(&house, Slot::NotLoaded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_forgotten_however_often_sellers_are_unloaded() {
    let house = House::build(TreeSettings { idle_unload: Duration::from_millis(1), ..hasty() }).await;
    house.another_seller("2").await;
    for n in 0..300 {
        let account = if n % 3 == 0 { "2" } else { "1" };
        house.tree.journal.append(vec![said_to(account, &n.to_string(), "hello")]).await.unwrap();
        if n % 7 == 0 {
            house.tree.sellers.unload(house.seller).await.unwrap();
        }
    }
    assert_eq!(house.settle().await.handled, 300);
}

#[tokio::test]
async fn one_that_is_unloaded_with_work_left_comes_back_for_it() {
    let house = House::build(TreeSettings { turn_events: 1, ..hasty() }).await;
    // The sweeps of the start are over then, and help nobody any more.
    house.tree.journal.append(vec![said("first", "hello")]).await.unwrap();
    house.settle().await;
    house.tree.sellers.unload(house.seller).await.unwrap();
    until_at(&house, Slot::NotLoaded).await;
    house.tree.journal.append((0..50).map(|n| said(&n.to_string(), "hello")).collect()).await.unwrap();
    until_at(&house, Slot::Up).await;
    house.tree.sellers.unload(house.seller).await.unwrap();
    assert_eq!(house.settle().await.handled, 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sellers_that_wake_together_take_turns() {
    let house = House::build(TreeSettings { at_work: 2, ..hasty() }).await;
    for account in 2..40 {
        house.another_seller(&account.to_string()).await;
    }
    let events = (0..400).map(|n| said_to(&(n % 40).to_string(), &n.to_string(), "hello")).collect();
    house.tree.journal.append(events).await.unwrap();
    let equation = house.settle().await;
    assert_eq!((equation.handled, equation.ledgered), (390, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_lose_nothing_and_double_nothing() {
    let house = House::build(TreeSettings { max_falls: u32::MAX, ..hasty() }).await;
    for n in 0..200 {
        let events = (0..5).map(|m| said(&format!("{n}:{m}"), "hello")).collect();
        house.tree.journal.append(events).await.unwrap();
        house.tree.sellers.kill(house.seller).await.unwrap();
    }
    assert_eq!(house.settle().await.handled, 1000);
}

#[tokio::test]
async fn a_seller_that_panics_or_fails_is_started_again() {
    let house = House::build(hasty()).await;
    house.tree.sellers.wake(house.seller);
    for fault in [Fault::Panic, Fault::Error] {
        until_at(&house, Slot::Up).await;
        let starts = house.tree.sellers.fault(house.seller, fault).await.unwrap().starts;
        until(async || house.tree.sellers.status(house.seller).await.unwrap().starts > starts).await;
    }
    house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
    assert_eq!(house.settle().await.handled, 1);
    until(async || house.tree.sellers.status(house.seller).await.unwrap().falls == 0).await;
}

#[tokio::test]
async fn one_that_only_falls_rests_delays_nobody_and_goes_on_when_resumed() {
    let house = House::build(TreeSettings { max_falls: 2, ..hasty() }).await;
    house.another_seller("2").await;
    house.tree.sellers.wake(house.seller);
    until(async || {
        let status = house.tree.sellers.fault(house.seller, Fault::Panic).await.unwrap();
        status.slot == Slot::Resting
    })
    .await;
    house.tree.journal.append(vec![said("1", "hello"), said_to("2", "1", "hello")]).await.unwrap();
    until(async || house.equation().await.handled == 1).await;
    assert_eq!(slot(&house, house.seller).await, Slot::Resting);
    assert_eq!(house.tree.sellers.resume(house.seller).await.unwrap().falls, 0);
    assert_eq!(house.settle().await.handled, 2);
}

#[tokio::test]
async fn a_paused_seller_keeps_its_events_until_it_is_resumed() {
    let house = House::build(hasty()).await;
    house.tree.sellers.wake(house.seller);
    assert!(house.tree.sellers.pause(house.seller).await.unwrap().paused);
    until_at(&house, Slot::NotLoaded).await;
    house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
    assert_eq!(slot(&house, house.seller).await, Slot::NotLoaded);
    assert_eq!(house.equation().await.pending, 1);
    assert!(!house.tree.sellers.resume(house.seller).await.unwrap().paused);
    assert_eq!(house.settle().await.handled, 1);
}

#[tokio::test]
async fn a_seller_that_does_not_exist_is_not_started_again_and_again() {
    let house = House::build(hasty()).await;
    let nobody = SellerId(4711);
    house.tree.sellers.wake(nobody);
    until(async || slot(&house, nobody).await == Slot::NotLoaded).await;
    assert_eq!(house.tree.sellers.inspect(nobody).await, Ok(None));
}

#[tokio::test]
async fn a_reloaded_seller_is_a_new_incarnation() {
    let house = House::build(hasty()).await;
    house.tree.sellers.wake(house.seller);
    until(async || house.tree.sellers.inspect(house.seller).await.unwrap().is_some()).await;
    let before = house.tree.sellers.inspect(house.seller).await.unwrap().unwrap().incarnation;
    house.tree.sellers.reload_credentials(house.seller).await.unwrap();
    let incarnation = async || house.tree.sellers.status(house.seller).await.unwrap().incarnation;
    until(async || incarnation().await.is_some_and(|now| now > before)).await;
}

#[tokio::test]
async fn a_supervisor_that_falls_takes_nobody_s_events_with_it() {
    let house = House::build(hasty()).await;
    for n in 0..20 {
        house.tree.journal.append(vec![said(&n.to_string(), "hello")]).await.unwrap();
        if n == 10 {
            house.world.posts.supervisor.holder().unwrap().kill();
        }
    }
    assert_eq!(house.settle().await.handled, 20);
}

#[tokio::test]
async fn an_event_that_makes_the_decoder_panic_is_poison_and_its_neighbours_are_handled() {
    let house = House::build(hasty()).await;
    house.tree.journal.append(vec![said("1", "hello"), said("2", "panic"), said("3", "hello")]).await.unwrap();
    let equation = house.settle().await;
    assert_eq!((equation.handled, equation.ledgered), (2, 1));
    assert_eq!(house.reasons().await, [("poison".to_owned(), 1)]);
    assert_eq!(house.tree.sellers.status(house.seller).await.unwrap().starts, 1);
}

#[tokio::test]
async fn an_event_whose_outcome_cannot_be_stored_is_poison_after_five_attempts() {
    let house = House::build(TreeSettings { max_falls: 10, ..hasty() }).await;
    let trap = "CREATE TRIGGER trap BEFORE UPDATE ON inbox_event WHEN NEW.key = 'message:2' AND NEW.state = 'handled' \
                BEGIN SELECT RAISE(ABORT, 'no'); END";
    house.behind_its_back(trap).await;
    house.tree.journal.append((0..6).map(|n| said(&n.to_string(), "hello")).collect()).await.unwrap();
    let equation = house.settle().await;
    assert_eq!((equation.handled, equation.ledgered), (5, 1));
    assert_eq!(house.reasons().await, [("poison".to_owned(), 1)]);
}

#[tokio::test]
async fn a_command_is_answered_and_asked_again_it_is_answered_the_same() {
    let house = House::build(hasty()).await;
    let ask = async || house.tree.sellers.command(house.seller, Some("k"), nothing_to_put()).await;
    let first = ask().await.unwrap();
    assert!(matches!(first, Asked::Answered(_)), "{first:?}");
    assert_eq!(ask().await.unwrap(), first);
}

#[tokio::test]
async fn a_command_to_a_paused_seller_is_accepted_and_answered_later() {
    let house = House::build(TreeSettings { answer_wait: Duration::from_millis(20), ..hasty() }).await;
    house.tree.sellers.pause(house.seller).await.unwrap();
    let asked = house.tree.sellers.command(house.seller, None, nothing_to_put()).await.unwrap();
    let Asked::Accepted(key) = asked else { panic!("a paused seller answered") };
    house.tree.sellers.resume(house.seller).await.unwrap();
    until(async || house.tree.sellers.answer(house.seller, &key).await.unwrap().is_some()).await;
}

#[tokio::test]
async fn a_due_alarm_wakes_its_seller() {
    let house = House::build(hasty()).await;
    house.another_seller("2").await;
    let row = "INSERT INTO alarm (seller_id, kind, subject, due) VALUES (2, 'send', 0, 5)";
    house.behind_its_back(row).await;
    house.world.posts.alarms.tell(AlarmsMsg::Earlier(house.now()));
    until(async || slot(&house, SellerId(2)).await == Slot::Up).await;
    assert_eq!(slot(&house, house.seller).await, Slot::NotLoaded);
    until(async || {
        crate::store::alarms::next_due(house.world.store.reads(), DateTime::UNIX_EPOCH).await.unwrap().is_none()
    })
    .await;
}

#[tokio::test]
async fn an_outage_makes_no_event_poison() {
    let house = House::build_careful(hasty(), EventSeq(100)).await;
    // The driver sorts this with all that may be better later.
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON lead BEGIN SELECT no_such_function(); END";
    house.behind_its_back(trap).await;
    house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
    until(async || house.tree.sellers.status(house.seller).await.unwrap().starts > 10).await;
    house.behind_its_back("DROP TRIGGER trap").await;
    assert_eq!(house.settle().await.handled, 1);
}

#[tokio::test]
async fn a_turn_that_the_database_forgot_is_decided_again_from_what_is_there() {
    let house = House::build(hasty()).await;
    house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
    house.settle().await;
    let forgets = "UPDATE inbox_event SET state = 'pending', decided_at = NULL; DELETE FROM message; \
                   DELETE FROM conversation; DELETE FROM customer; DELETE FROM lead; DELETE FROM shop_event; \
                   UPDATE seller SET last_id = 0, turns = turns - 1";
    house.behind_its_back(forgets).await;
    house.tree.journal.append(vec![said("2", "are you there?")]).await.unwrap();
    assert_eq!(house.settle().await.handled, 2);
    let page = Page { after: 0, limit: 10 };
    let conversations = views::conversations(house.world.store.reads(), house.seller, page).await.unwrap();
    assert_eq!(conversations.iter().map(|(conversation, _)| conversation.unread).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn two_accounts_of_a_seller_may_use_the_same_key() {
    let house = House::build(hasty()).await;
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    let account = Account::new(Channel::Instagram, "2");
    let connection = NewConnection { seller: house.seller, account, linked: None, username: "bob".to_owned() };
    office::put_connection(&tx, &connection).await.unwrap();
    tx.commit("office").await.unwrap();
    house.world.reload_directory().await.unwrap();
    house.tree.journal.append(vec![said("1", "hello"), said_to("2", "1", "hello")]).await.unwrap();
    assert_eq!(house.settle().await.handled, 2);
}

#[tokio::test]
async fn suspects_are_taken_in_hand_by_one_seller_at_a_time_who_holds_up_no_other_for_ever() {
    let settings = TreeSettings { store_timeout: Duration::from_millis(300), ..hasty() };
    let house = House::build_careful(settings, EventSeq(100)).await;
    house.another_seller("2").await;
    let held = house.world.place_with_suspects().await.unwrap();
    house.tree.journal.append(vec![said("1", "hello"), said_to("2", "2", "hello")]).await.unwrap();
    assert!(house.world.place_with_suspects().await.is_none(), "it is held, and waiting has an end");
    // Both went on without the place: whoever holds it hangs.
    assert_eq!(house.settle().await.handled, 2);
    drop(held);
    assert!(house.world.place_with_suspects().await.is_some());
}
