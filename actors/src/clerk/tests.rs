//! The clerk and the replay on a real database: nothing is left behind, whoever is killed whenever.

use crate::domain::event::Arrival;
use crate::domain::outcome::Reason;
use crate::house::{House, hasty, said, said_to, until};
use crate::post::ClerkMsg;
use crate::store::ledger::Selection;
use crate::store::unknown::Room;
use crate::world::TreeSettings;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clerk_that_is_killed_again_and_again_takes_up_all_that_came_before_its_account() {
    let house = House::build(hasty()).await;
    let events = (0..2_300).map(|n| said_to("2", &n.to_string(), "hello")).collect();
    house.tree.journal.append(events).await.unwrap();
    assert_eq!(house.equation().await.ledgered, 2_300);
    let late = house.another_seller("2").await;
    // One fall less than those that end the process.
    for handled in [1, 600] {
        until(async || house.equation().await.handled >= handled).await;
        house.world.posts.clerk.holder().unwrap().kill();
    }
    until(async || house.equation().await.ledgered == 0).await;
    let equation = house.settle().await;
    assert_eq!((equation.received, equation.handled), (2_300, 2_300));
    assert!(house.tree.sellers.inspect(late).await.unwrap().is_some(), "it was woken");
}

#[tokio::test]
async fn an_account_that_was_connected_and_nobody_told_is_found() {
    let house = House::build(hasty()).await;
    house.tree.journal.append(vec![said_to("2", "1", "hello")]).await.unwrap();
    let connected = "INSERT INTO connection (seller_id, account, username, state) \
                     VALUES (1, 'instagram:2', 'ada', 'connected')";
    house.behind_its_back(connected).await;
    assert!(house.world.posts.clerk.tell(ClerkMsg::Look));
    until(async || house.equation().await.handled == 1).await;
    house.tree.journal.append(vec![said_to("2", "2", "hello")]).await.unwrap();
    assert_eq!(house.settle().await.handled, 2);
}

#[tokio::test]
async fn an_account_that_is_full_makes_room_once_it_is_connected() {
    let house = House::build(TreeSettings { room: Room { of_account: 2, of_all: 10 }, ..hasty() }).await;
    let words = |range: std::ops::Range<i64>| range.map(|n| said_to("2", &n.to_string(), "hello")).collect();
    house.tree.journal.append(words(0..5)).await.unwrap();
    assert_eq!(house.equation().await.ledgered, 5);
    house.another_seller("2").await;
    until(async || house.equation().await.handled == 2).await;
    house.tree.journal.append(words(0..5)).await.unwrap();
    let equation = house.settle().await;
    assert_eq!((equation.received, equation.handled, equation.duplicate, equation.ledgered), (10, 5, 2, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_replay_goes_on_where_it_stopped_and_each_event_comes_up_once() {
    let house = House::build(hasty()).await;
    let unreadable = |n: i32| Arrival { raw: vec![0xff], ..said(&n.to_string(), "") };
    house.tree.journal.append((0..1_300).map(unreadable).collect()).await.unwrap();
    assert_eq!(house.settle().await.ledgered, 1_300);
    let unreadable = Selection { reason: Some(Reason::Unreadable), ..Selection::default() };
    let before = house.world.store.pen().statements();
    let tally = house.tree.ledger.preview(&unreadable).await.unwrap();
    assert_eq!((tally.replayed(), house.world.store.pen().statements() - before), (1_300, 0), "it writes nothing");
    let (mut after, mut parts) = (None, Vec::new());
    loop {
        let part = house.tree.ledger.replay(&unreadable, after, 400).await.unwrap();
        parts.push(part.tally.replayed());
        let _ = house.tree.sellers.kill(house.seller).await;
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(parts, [500, 500, 300], "what was ledgered again behind us is not met again");
    assert_eq!(house.settle().await.ledgered, 1_300);
}
