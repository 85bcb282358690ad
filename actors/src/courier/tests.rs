//! Calls, their results, and falls in between, on a real database.

use super::*;
use crate::domain::budget::hold::Hold;
use crate::domain::event::Source;
use crate::domain::ids::OutboxId;
use crate::house::{House, claimed, hasty, until};
use crate::store::inbox;
use crate::world::TreeSettings;

/// A house whose seller is paused, so that results stay to be looked at.
async fn house(settings: TreeSettings) -> House {
    let house = House::build(settings).await;
    house.tree.sellers.pause(house.seller).await.unwrap();
    house
}

async fn results(house: &House) -> Vec<String> {
    let mut keys = inbox::pending_keys(house.world.store.reads(), house.seller, Source::Result).await.unwrap();
    keys.sort();
    keys
}

async fn result(house: &House) -> String {
    until(async || results(house).await.len() == 1).await;
    let events = inbox::pending(house.world.store.reads(), house.seller, 9).await.unwrap();
    String::from_utf8(events[0].raw.clone()).unwrap()
}

fn texts(house: &House) -> Vec<String> {
    let text = |call: GraphCall| match call.request {
        GraphRequest::SendText { text, .. }
        | GraphRequest::SendAttachment { caption: text, .. }
        | GraphRequest::FindMessage { text, .. } => text,
        GraphRequest::Catalog { ask, .. } => ask.word().to_owned(),
    };
    house.graph.calls().into_iter().map(text).collect()
}

#[tokio::test]
async fn what_came_of_a_call_goes_to_the_inbox_and_then_it_is_let_go() {
    let house = house(hasty()).await;
    hand_over(&house.world, house.seller, 1, vec![claimed(5, "hello")]);
    until(async || texts(&house) == ["hello"]).await;
    assert_eq!(house.world.calls.take_over(house.seller, 1).into_iter().collect::<Vec<_>>(), [(OutboxId(5), 1)]);
    house.graph.gate.add_permits(1);
    house.world.calls.all_over().await;
    assert_eq!(results(&house).await, ["call:5:1"]);
    assert!(result(&house).await.contains("\"accepted\""));
}

#[tokio::test]
async fn a_call_handed_over_twice_is_made_once() {
    let house = house(hasty()).await;
    hand_over(&house.world, house.seller, 1, vec![claimed(5, "hello"), claimed(5, "hello")]);
    hand_over(&house.world, house.seller, 2, vec![claimed(5, "hello")]);
    house.graph.gate.add_permits(9);
    house.world.calls.all_over().await;
    assert_eq!(texts(&house), ["hello"]);
}

#[tokio::test]
async fn a_client_that_panics_or_never_answers_leaves_the_call_unknown() {
    for (text, permits) in [("panic", 1), ("never", 0)] {
        let house = house(TreeSettings { call_timeout: std::time::Duration::from_millis(50), ..hasty() }).await;
        house.graph.gate.add_permits(permits);
        hand_over(&house.world, house.seller, 1, vec![claimed(5, text)]);
        assert!(result(&house).await.contains("\"unknown\""));
    }
}

#[tokio::test]
async fn a_courier_that_is_killed_loses_no_call_and_makes_none_twice() {
    let house = house(TreeSettings { messages_at_once: 1, ..hasty() }).await;
    let courier = house.world.posts.courier.holder().unwrap();
    hand_over(&house.world, house.seller, 1, (1..=4).map(|n| claimed(n, &n.to_string())).collect());
    until(async || texts(&house) == ["1"]).await;
    courier.kill();
    house.graph.gate.add_permits(4);
    house.world.calls.all_over().await;
    assert_eq!(texts(&house), ["1", "2", "3", "4"]);
    assert_eq!(results(&house).await.len(), 4);
}

#[tokio::test]
async fn a_result_waits_for_a_journal_that_is_away() {
    let house = house(hasty()).await;
    house.graph.gate.add_permits(1);
    house.world.posts.journal.holder().unwrap().kill();
    hand_over(&house.world, house.seller, 1, vec![claimed(5, "hello")]);
    assert!(result(&house).await.contains("\"accepted\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_owed_text_is_sent_once_whoever_is_killed_meanwhile() {
    let house = House::build(TreeSettings { max_falls: u32::MAX, ..hasty() }).await;
    house.owe_texts(30).await;
    house.graph.gate.add_permits(1000);
    let mut rounds = 0;
    until(async || {
        rounds += 1;
        match rounds {
            25 => house.world.posts.courier.holder().unwrap().kill(),
            50 => house.world.posts.supervisor.holder().unwrap().kill(),
            // Between two kills there is time enough for a turn or two: where it is hit, chance decides.
            _ if rounds % 5 == 0 => house.tree.sellers.kill(house.seller).await.map(drop).unwrap_or_default(),
            _ => house.tree.sellers.wake(house.seller),
        }
        house.accepted().await == 30
    })
    .await;
    let mut sent: Vec<i64> = texts(&house).iter().map(|text| text.parse().unwrap()).collect();
    sent.sort_unstable();
    assert_eq!(sent, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_call_that_comes_to_the_wire_while_the_app_is_held_is_not_made() {
    let house = house(hasty()).await;
    let until = house.now() + chrono::TimeDelta::hours(1);
    let hold = Hold { since: house.now(), until, times: 1, why: "4".to_owned() };
    house.world.app_hold.restore(Some(hold));
    house.graph.gate.add_permits(9);
    hand_over(&house.world, house.seller, 1, vec![claimed(5, "hello")]);
    house.world.calls.all_over().await;
    assert!(texts(&house).is_empty());
    let result = result(&house).await;
    assert!(result.contains("\"again\"") && result.contains("\"reach\":\"app\""), "{result}");
}
