//! The herald on a real database: everything is told at least once and in order, whoever is killed whenever.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::event::Arrival;
use crate::domain::ids::{DeliveryId, EndpointId, ShopEventId};
use crate::domain::shop_event::{ShopEvent, ShopEventKind};
use crate::domain::webhook::{Delivery, DeliveryState, Endpoint, EndpointState, Tried};
use crate::house::{House, hasty, said, until};
use crate::ports::Letter;
use crate::store::{OfficeTx, deliveries, endpoints, shop_events};
use crate::world::TreeSettings;

async fn endpoint(house: &House, kinds: &[ShopEventKind]) -> EndpointId {
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    let where_to = ("https://shop.example/hook", kinds);
    let made = endpoints::create(&tx, house.seller, where_to, house.now()).await.unwrap().unwrap();
    assert!(endpoints::put_secret(&tx, (house.seller, made), "sealed", house.now()).await.unwrap());
    tx.commit("office").await.unwrap();
    house.world.look_for_deliveries();
    made
}

async fn seen(house: &House, id: EndpointId) -> Endpoint {
    endpoints::one(house.world.store.reads(), house.seller, id).await.unwrap().unwrap()
}

async fn happened(house: &House) -> Vec<ShopEvent> {
    shop_events::after(house.world.store.reads(), house.seller, ShopEventId(0), &[], 1000).await.unwrap()
}

async fn log(house: &House, endpoint: EndpointId) -> Vec<Delivery> {
    let mut log = deliveries::log(house.world.store.reads(), (house.seller, endpoint), None, 1000).await.unwrap();
    log.reverse();
    log
}

async fn all_delivered(house: &House, endpoint: EndpointId) {
    until(async || {
        let (happened, log) = (happened(house).await, log(house, endpoint).await);
        log.len() == happened.len() && log.iter().all(|it| it.state == DeliveryState::Delivered)
    })
    .await;
}

async fn says(house: &House, words: std::ops::Range<i32>) {
    let words: Vec<Arrival> = words.map(|n| said(&n.to_string(), &format!("hello {n}"))).collect();
    house.tree.journal.append(words).await.unwrap();
    house.settle().await;
}

/// The names of what was told, each once, in the order of their first tries.
fn names(house: &House) -> Vec<String> {
    let mut known = BTreeSet::new();
    let tried = house.post.tried().into_iter().map(|(letter, _)| letter.name);
    tried.filter(|name| known.insert(name.clone())).collect()
}

fn answered(status: u16) -> Tried {
    Tried { status: Some(status), ..Tried::default() }
}

fn kill_herald(house: &House) {
    house.world.posts.herald.holder().unwrap().kill();
}

#[tokio::test]
async fn what_happens_is_told_in_order_and_only_what_is_wanted() {
    let house = House::build(hasty()).await;
    let all = endpoint(&house, &[]).await;
    let leads = endpoint(&house, &[ShopEventKind::LeadCreated]).await;
    says(&house, 0..3).await;
    all_delivered(&house, all).await;
    let happened = happened(&house).await;
    let wanted: Vec<String> = happened.iter().map(|event| format!("evt_{}_{}", house.seller, event.id)).collect();
    let letters: Vec<Letter> =
        house.post.tried().into_iter().map(|it| it.0).filter(|letter| letter.endpoint == all).collect();
    assert_eq!(letters.iter().map(|letter| letter.name.as_str()).collect::<Vec<_>>(), wanted);
    let kinds: Vec<&str> = happened.iter().map(|event| event.what.kind.name()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "message.received").count(), 3);
    until(async || log(&house, leads).await.len() == 1).await;
    assert_eq!(log(&house, leads).await[0].kind, "lead.created");
    let body: serde_json::Value = serde_json::from_slice(&letters[0].body).unwrap();
    assert_eq!((&body["type"], &body["data"]["id"]), (&kinds[0].into(), &happened[0].id.0.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_herald_that_is_killed_at_every_step_tells_everything_in_order_with_the_same_bytes() {
    let house = House::build(hasty()).await;
    let endpoint = endpoint(&house, &[]).await;
    let gate = house.post.hold(0);
    says(&house, 0..20).await;
    // Two falls, one less than those that end the process: before a try reached anybody, and with its answer lost.
    until(async || house.post.begun() == 1).await;
    assert!(house.post.tried().is_empty());
    kill_herald(&house);
    until(async || house.post.begun() == 2).await;
    gate.add_permits(7);
    until(async || house.post.tried().len() >= 7).await;
    kill_herald(&house);
    gate.add_permits(1000);
    all_delivered(&house, endpoint).await;
    let wanted: Vec<String> = log(&house, endpoint).await.iter().map(Delivery::name).collect();
    assert_eq!(names(&house), wanted);
    for (letter, _) in house.post.tried() {
        let kept = log(&house, endpoint).await.into_iter().find(|it| it.name() == letter.name).unwrap();
        assert_eq!(kept.body, letter.body);
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_beside_what_comes_after_it_and_given_up_in_the_end() {
    let house = House::build(hasty()).await;
    let endpoint = endpoint(&house, &[ShopEventKind::MessageReceived]).await;
    house.post.answer([500, 204, 500, 204].map(answered));
    says(&house, 0..2).await;
    until(async || log(&house, endpoint).await.iter().filter(|it| it.state == DeliveryState::Delivered).count() == 2)
        .await;
    let attempts: i32 = log(&house, endpoint).await.iter().map(|it| it.attempts).sum();
    assert_eq!((attempts, house.post.tried().len()), (4, 4));
    assert_eq!(seen(&house, endpoint).await.failing_since, None);
    house.post.answer([500, 500, 500].map(answered));
    says(&house, 2..3).await;
    let is = async |state| log(&house, endpoint).await.get(2).is_some_and(|it| it.state == state);
    until(async || is(DeliveryState::Failed).await).await;
    let given_up = &log(&house, endpoint).await[2];
    assert_eq!((given_up.attempts, given_up.last_status), (3, Some(500)));
    assert!(seen(&house, endpoint).await.failing_since.is_some());
    redeliver_failed(&house, endpoint).await;
    until(async || is(DeliveryState::Delivered).await).await;
}

async fn redeliver_failed(house: &House, endpoint: EndpointId) {
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    let since = house.now() - TimeDelta::hours(1);
    let again = deliveries::redeliver_failed(&tx, (house.seller, endpoint), since, house.now()).await.unwrap();
    assert_eq!(again, 1);
    tx.commit("office").await.unwrap();
    house.world.look_for_deliveries();
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_its_shop_told() {
    let house = House::build(hasty()).await;
    let endpoint = endpoint(&house, &[]).await;
    house.post.answer([answered(410)]);
    says(&house, 0..3).await;
    let disabled =
        || async { happened(&house).await.into_iter().find(|event| event.what.kind == ShopEventKind::WebhookDisabled) };
    until(async || disabled().await.is_some()).await;
    assert_eq!(disabled().await.unwrap().what.subject, Some(endpoint.0));
    let seen = seen(&house, endpoint).await;
    assert_eq!((seen.state, house.post.tried().len()), (EndpointState::Disabled, 1));
    assert!(seen.why.is_some());
    // Somebody mends it: it goes on where it was.
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    let active = endpoints::Change { state: Some(EndpointState::Active), ..endpoints::Change::default() };
    assert!(endpoints::change(&tx, (house.seller, endpoint), &active).await.unwrap());
    tx.commit("office").await.unwrap();
    house.world.look_for_deliveries();
    until(async || house.post.tried().len() == happened(&house).await.len()).await;
}

#[tokio::test]
async fn an_endpoint_that_wants_a_pause_gets_it() {
    let house = House::build(hasty()).await;
    let endpoint = endpoint(&house, &[]).await;
    house.post.answer([Tried { after: Some(TimeDelta::milliseconds(300)), ..answered(429) }]);
    says(&house, 0..3).await;
    all_delivered(&house, endpoint).await;
    let at: Vec<_> = house.post.tried().iter().map(|(letter, _)| letter.at).collect();
    assert!(at[1..].iter().all(|later| *later - at[0] >= TimeDelta::milliseconds(295)), "{at:?}");
}

#[tokio::test]
async fn a_test_delivery_goes_to_one_endpoint_alone() {
    let house = House::build(hasty()).await;
    let [one, other] = [endpoint(&house, &[]).await, endpoint(&house, &[]).await];
    let tx = OfficeTx::begin(house.world.store.pen()).await.unwrap();
    let seen = seen(&house, one).await;
    let ping: DeliveryId = deliveries::ping(&tx, &seen, b"{}".to_vec(), house.now()).await.unwrap();
    tx.commit("office").await.unwrap();
    house.world.look_for_deliveries();
    until(async || house.post.tried().len() == 1).await;
    assert_eq!(house.post.tried()[0].0.name, format!("ping_{ping}"));
    assert!(log(&house, other).await.is_empty() && happened(&house).await.is_empty());
}

#[tokio::test]
async fn endpoints_that_fail_leave_room_for_those_that_do_not() {
    let house = House::build(TreeSettings { webhooks_at_once: 2, ..hasty() }).await;
    let kinds = [ShopEventKind::MessageReceived];
    let down = [endpoint(&house, &kinds).await, endpoint(&house, &kinds).await];
    // However soon they are tried again.
    house.post.answer(vec![answered(500); 1000]);
    says(&house, 0..1).await;
    let failing = async |id| seen(&house, id).await.failing_since.is_some();
    until(async || failing(down[0]).await && failing(down[1]).await).await;
    let begun = house.post.begun();
    house.post.silence(&down);
    house.world.look_for_deliveries();
    until(async || house.post.begun() > begun).await;
    house.post.take_all();
    let works = endpoint(&house, &kinds).await;
    says(&house, 1..2).await;
    until(async || log(&house, works).await.iter().any(|it| it.state == DeliveryState::Delivered)).await;
}
