//! Following a shop on a real database, over kills and pruning.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::timeout;

use super::*;
use crate::domain::event::Arrival;
use crate::domain::outcome::Reason;
use crate::house::{House, hasty, said, until};
use crate::store::inbox;
use crate::store::pen::OfficeTx;

const SOON: Duration = Duration::from_secs(20);

async fn says(house: &House, words: std::ops::Range<i32>) {
    for n in words {
        house.tree.journal.append(vec![said(&n.to_string(), &format!("hello {n}"))]).await.unwrap();
    }
}

async fn stored(house: &House) -> Vec<ShopEvent> {
    shop_events::after(house.world.store.reads(), house.seller, ShopEventId(0), &[], 10_000).await.unwrap()
}

async fn page(feed: &mut Feed) -> Option<Vec<ShopEvent>> {
    timeout(SOON, feed.next_page()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_after_each_break_and_every_kill_misses_nothing_and_sees_nothing_twice() {
    let house = House::build(hasty()).await;
    let (mut seen, mut place) = (Vec::new(), ShopEventId(0));
    for round in 0..10 {
        says(&house, round * 10..round * 10 + 10).await;
        let _ = house.tree.sellers.kill(house.seller).await;
        let mut feed = house.tree.sellers.feed(house.seller, Some(place), vec![]).await.unwrap();
        seen.extend(page(&mut feed).await.unwrap());
        place = feed.place();
    }
    house.settle().await;
    let mut feed = house.tree.sellers.feed(house.seller, Some(place), vec![]).await.unwrap();
    let stored = stored(&house).await;
    while seen.len() < stored.len() {
        seen.extend(page(&mut feed).await.unwrap());
    }
    assert_eq!(seen, stored);
    let received = seen.iter().filter(|event| event.what.kind == ShopEventKind::MessageReceived);
    assert_eq!(received.count(), 100);
}

#[tokio::test]
async fn a_listener_hears_at_once_what_it_wants_and_the_end() {
    let house = House::build(hasty()).await;
    says(&house, 0..1).await;
    house.settle().await;
    let mut feed = house.tree.sellers.feed(house.seller, None, vec![ShopEventKind::MessageReceived]).await.unwrap();
    let waiting = tokio::spawn(async move { (page(&mut feed).await, feed) });
    says(&house, 1..2).await;
    let (page_of_one, mut feed) = waiting.await.unwrap();
    assert_eq!(page_of_one.unwrap().len(), 1);
    let ending = tokio::spawn(async move { page(&mut feed).await });
    house.tree.stop(Duration::from_secs(5)).await;
    assert_eq!(ending.await.unwrap(), None);
}

#[tokio::test]
async fn a_place_before_what_was_let_go_of_is_too_old() {
    let house = House::build(hasty()).await;
    says(&house, 0..3).await;
    house.settle().await;
    until(async || stored(&house).await.len() >= 4).await;
    let last = stored(&house).await.last().unwrap().id;
    let store = &house.world.store;
    let later = house.now() + TimeDelta::days(1);
    let mut next = Some(SellerId(0));
    while let Some(after) = next {
        next = shop_events::prune(store, after, later).await.unwrap();
    }
    assert!(stored(&house).await.is_empty());
    let sellers = &house.tree.sellers;
    for too_old in [0, last.0 - 1] {
        let refused = sellers.feed(house.seller, Some(ShopEventId(too_old)), vec![]).await.err().unwrap();
        assert_eq!(refused.code(), "resume_too_old", "{refused}");
    }
    let mut feed = sellers.feed(house.seller, Some(last), vec![]).await.unwrap();
    assert!(sellers.feed(SellerId(99), None, vec![]).await.is_err());
    says(&house, 3..4).await;
    assert!(page(&mut feed).await.unwrap().iter().all(|event| event.id > last));
}

#[tokio::test]
async fn who_is_so_slow_that_what_follows_is_let_go_of_is_told_and_skips_nothing() {
    let house = House::build(hasty()).await;
    says(&house, 0..3).await;
    house.settle().await;
    let first = stored(&house).await[0].id;
    let mut feed = house.tree.sellers.feed(house.seller, Some(first), vec![]).await.unwrap();
    let (store, later) = (&house.world.store, house.now() + TimeDelta::days(1));
    let mut next = Some(SellerId(0));
    while let Some(after) = next {
        next = shop_events::prune(store, after, later).await.unwrap();
    }
    says(&house, 3..4).await;
    house.settle().await;
    let refused = feed.next_page().await.unwrap_err();
    assert_eq!((refused.code(), feed.place()), ("resume_too_old", first), "{refused}");
}

#[tokio::test]
async fn what_the_door_could_not_read_is_ledgered_by_its_seller_and_told() {
    let house = House::build(hasty()).await;
    let unreadable = Arrival { ledgered: Some(Reason::GroupMessage), ..said("1", "not to be read: panic") };
    house.tree.journal.append(vec![unreadable, said("2", "hello")]).await.unwrap();
    let equation = house.settle().await;
    assert_eq!((equation.handled, equation.ledgered), (1, 1));
    assert_eq!(house.reasons().await, [("group_message".to_owned(), 1)]);
    let stored = stored(&house).await;
    let ledgered: Vec<_> = stored.iter().filter(|event| event.what.kind == ShopEventKind::EventLedgered).collect();
    assert_eq!((ledgered.len(), ledgered[0].what.subject), (1, Some(1)));
}

#[tokio::test]
async fn what_the_office_did_is_told_although_the_process_ended_right_after_it() {
    let house = House::build(hasty()).await;
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    inbox::announce(&tx, house.seller, (ShopEventKind::ConnectionConnected, 1), house.now()).await.unwrap();
    tx.commit("office").await.unwrap();
    // Nobody was woken: whoever should have is gone. The next sweep finds it.
    house.world.posts.alarms.tell(crate::post::AlarmsMsg::Sweep);
    until(async || !stored(&house).await.is_empty()).await;
    let what = stored(&house).await[0].what;
    assert_eq!((what.kind, what.subject), (ShopEventKind::ConnectionConnected, Some(1)));
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    inbox::announce(&tx, house.seller, (ShopEventKind::ConnectionChanged, 1), house.now()).await.unwrap();
    drop(tx);
    house.world.wake(vec![house.seller]);
    says(&house, 0..1).await;
    house.settle().await;
    assert!(stored(&house).await.iter().all(|event| event.what.kind != ShopEventKind::ConnectionChanged));
}
