//! The clerk on a real database: nothing is left behind, whenever it is killed.

use crate::house::{House, hasty, said_to, until};
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
