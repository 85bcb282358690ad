//! Falls of the six, and the end in order, on a real database.

use super::*;
use crate::courier::hand_over;
use crate::domain::event::Source;
use crate::house::{House, claimed, hasty, said, until};
use crate::store::inbox;

fn kill(house: &House, place: Place) {
    let posts = &house.world.posts;
    match place {
        Place::Journal => posts.journal.holder().unwrap().kill(),
        Place::Courier => posts.courier.holder().unwrap().kill(),
        Place::Supervisor => posts.supervisor.holder().unwrap().kill(),
        Place::Alarms => posts.alarms.holder().unwrap().kill(),
        Place::Clerk => posts.clerk.holder().unwrap().kill(),
        Place::Herald => posts.herald.holder().unwrap().kill(),
    }
}

fn holder(house: &House, place: Place) -> ActorId {
    let posts = &house.world.posts;
    match place {
        Place::Journal => posts.journal.holder().unwrap().get_id(),
        Place::Courier => posts.courier.holder().unwrap().get_id(),
        Place::Supervisor => posts.supervisor.holder().unwrap().get_id(),
        Place::Alarms => posts.alarms.holder().unwrap().get_id(),
        Place::Clerk => posts.clerk.holder().unwrap().get_id(),
        Place::Herald => posts.herald.holder().unwrap().get_id(),
    }
}

#[tokio::test]
async fn each_of_the_six_comes_back_and_the_others_stay() {
    for place in Place::ALL {
        let house = House::build(hasty()).await;
        let before = Place::ALL.map(|place| holder(&house, place));
        kill(&house, place);
        until(async || holder(&house, place) != before[place as usize]).await;
        for other in Place::ALL.into_iter().filter(|other| *other != place) {
            assert_eq!(holder(&house, other), before[other as usize]);
        }
        house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
        assert_eq!(house.settle().await.handled, 1);
    }
}

#[tokio::test]
async fn three_falls_within_a_minute_end_it_with_a_sentence() {
    let house = House::build(hasty()).await;
    let fallen = house.tree.fallen();
    for place in [Place::Journal, Place::Alarms] {
        let before = holder(&house, place);
        kill(&house, place);
        until(async || holder(&house, place) != before).await;
    }
    kill(&house, Place::Alarms);
    let sentence = fallen.await;
    assert!(sentence.contains("alarms") && sentence.contains("3 falls"), "{sentence}");
}

#[tokio::test]
async fn falls_are_forgotten_after_a_minute() {
    let (says, _fallen) = watch::channel(None);
    let world = House::build(hasty()).await.world;
    let mut state = RootState { world, says, who: HashMap::new(), falls: VecDeque::new() };
    let start = Instant::now();
    assert_eq!(state.count_fall(start), 1);
    assert_eq!(state.count_fall(start + Duration::from_secs(59)), 2);
    assert_eq!(state.count_fall(start + Duration::from_secs(61)), 2);
}

#[tokio::test]
async fn an_end_in_order_waits_for_calls_and_stores_what_came_of_them() {
    let house = House::build(hasty()).await;
    house.tree.journal.append(vec![said("1", "hello")]).await.unwrap();
    house.settle().await;
    hand_over(&house.world, house.seller, i64::MAX, vec![claimed(5, "hello")]);
    until(async || house.graph.calls().len() == 1).await;
    let (world, graph) = (house.world.clone(), house.graph.clone());
    let (sellers, fallen) = (house.tree.sellers.clone(), house.tree.fallen());
    let ending = tokio::spawn(house.tree.stop(Duration::from_secs(20)));
    until(async || world.is_stopping()).await;
    graph.gate.add_permits(1);
    ending.await.unwrap();
    let keys = inbox::pending_keys(world.store.reads(), house.seller, Source::Result).await.unwrap();
    assert_eq!(keys, ["call:5:1"]);
    assert!(sellers.status(house.seller).await.is_err());
    assert_eq!(fallen.await, "the root of the actors ended");
}

#[tokio::test]
async fn an_end_does_not_wait_for_ever() {
    let house = House::build(hasty()).await;
    hand_over(&house.world, house.seller, 1, vec![claimed(5, "never")]);
    until(async || house.graph.calls().len() == 1).await;
    house.tree.stop(Duration::from_millis(50)).await;
    assert_eq!(house.world.calls.count(), 1);
}
