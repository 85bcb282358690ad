//! Others are told of what happens in a shop: all of it, in order, signed, whatever breaks on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use ::actors::domain::ids::EndpointId;
use ::actors::domain::shop_event::ShopEventKind;
use ::actors::domain::webhook::{DeliveryState, EndpointState};
use ::actors::ports::Clock;
use chrono::TimeDelta;
use hawker::webhooks_out::{Change, Made};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Database, Receiver, Shop, TestApp, both, free, until};

const OPEN: [(&str, &str); 1] = [("webhooks.allow_loopback", "true")];
const DAY: Duration = Duration::from_secs(86_400);

both![
    a_played_shop_is_told_in_order_and_signed_over_outages_and_restarts,
    a_secret_is_replaced_without_a_gap,
    an_endpoint_that_is_down_for_days_is_disabled_and_goes_on_where_it_was_once_it_is_mended,
    what_was_given_up_is_delivered_once_more_on_demand,
    an_endpoint_that_wants_a_pause_is_left_alone_for_so_long,
    a_test_delivery_and_the_log_are_the_sellers_own,
    nothing_is_delivered_inside,
    connections_are_told_whatever_becomes_of_the_process,
    what_cannot_be_read_is_told_by_its_seller,
];

async fn made(app: &TestApp, shop: &Shop, receiver: &Receiver, kinds: &[ShopEventKind]) -> Made {
    app.endpoints().create(shop.seller, &receiver.url(), kinds).await.unwrap()
}

/// Waits until the receiver has taken everything that happened after this; answers what that is.
async fn all_told(app: &TestApp, shop: &Shop, receiver: &Receiver, since: i64) -> Vec<String> {
    app.settle().await;
    let wanted = app.happened(shop).await.into_iter().filter(|it| it.id > since).map(|it| it.name);
    let wanted: Vec<String> = wanted.collect();
    assert!(!wanted.is_empty());
    let told = || async {
        let taken = receiver.taken();
        wanted.iter().all(|name| taken.iter().any(|letter| letter.name == *name)).then_some(())
    };
    until(&format!("the receiver was told {wanted:?}"), told).await;
    wanted
}

async fn last(app: &TestApp, shop: &Shop) -> i64 {
    app.settle().await;
    app.happened(shop).await.last().unwrap().id
}

async fn refused(receiver: &Receiver, times: usize) {
    until("the receiver has refused", || async { (receiver.refused() >= times).then_some(()) }).await;
}

async fn a_played_shop_is_told_in_order_and_signed_over_outages_and_restarts(database: Database) {
    let mut app = TestApp::start_with(database, &OPEN).await;
    let (shop, receiver) = (app.shop_number(1, free()).await, Receiver::start().await);
    let since = last(&app, &shop).await;
    let secret = made(&app, &shop, &receiver, &[]).await.secret;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.fall_silent().await;
    all_told(&app, &shop, &receiver, since).await;

    // It is down while the shop goes on, and the process ends, in order and not.
    receiver.refuse(Some("500 Oh"));
    app.deliver(&ada.writes("and two linen shirts, blue, in M")).await;
    app.fall_silent().await;
    refused(&receiver, 2).await;
    app.restart().await;
    receiver.refuse(None);
    app.deliver(&ada.writes("thank you")).await;
    app.settle().await;
    refused(&receiver, 4).await;
    app.vanish().await;
    app.start_again().await;
    receiver.mend();
    app.deliver(&ada.writes("bye")).await;
    app.let_pass(Duration::from_secs(24 * 3600)).await;
    let wanted = all_told(&app, &shop, &receiver, since).await;

    let taken = receiver.taken();
    assert!(taken.iter().all(|letter| letter.signed_by(secret.expose()) == 1));
    let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
    for letter in &taken {
        assert_eq!(*bodies.entry(&letter.name).or_insert(&letter.body), letter.body, "the same at every try");
    }
    assert_eq!(bodies.len(), wanted.len());
    let kinds: Vec<String> = taken.iter().map(|letter| letter.kind()).collect();
    for kind in ["message.received", "lead.created", "order.drafted", "order.confirmed", "message.sent"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} is not in {kinds:?}");
    }
    let first: Vec<&str> = taken.iter().map(|letter| letter.name.as_str()).take(5).collect();
    assert_eq!(first, wanted[..5], "in order, before anything went wrong");
    app.stop().await;
}

async fn a_secret_is_replaced_without_a_gap(database: Database) {
    let app = TestApp::start_with(database, &OPEN).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let first = made(&app, &shop, &receiver, &[ShopEventKind::MessageReceived]).await;
    let hour = TimeDelta::hours(1);
    let second = app.endpoints().rotate(shop.seller, first.id, hour).await.unwrap();
    let ada = shop.customer("Ada");
    for (n, (words, secrets)) in [("hello", [1, 1]), ("hello again", [0, 1])].into_iter().enumerate() {
        app.deliver(&ada.writes(words)).await;
        let letter = until("it is told", || async { receiver.taken().into_iter().nth(n) }).await;
        let by = [&first, &second].map(|made| letter.signed_by(made.secret.expose()));
        assert_eq!(by, secrets, "{words}");
        app.clock.advance(Duration::from_secs(3600));
    }
    app.stop().await;
}

async fn an_endpoint_that_is_down_for_days_is_disabled_and_goes_on_where_it_was_once_it_is_mended(database: Database) {
    let app = TestApp::start_with(database, &OPEN).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let since = last(&app, &shop).await;
    let endpoint = made(&app, &shop, &receiver, &[]).await.id;
    receiver.refuse(Some("500 Oh"));
    let ada = shop.customer("Ada");
    for day in 0..7 {
        app.deliver(&ada.writes(&format!("day {day}"))).await;
        let refused = || async {
            let is_active = seen(&app, &shop, endpoint).await.0 == EndpointState::Active;
            (receiver.refused() > day || !is_active).then_some(())
        };
        until("it has refused, if it is still asked", refused).await;
        app.let_pass(DAY).await;
    }
    let disabled = || async { (seen(&app, &shop, endpoint).await.0 == EndpointState::Disabled).then_some(()) };
    until("the endpoint is disabled", disabled).await;
    assert!(seen(&app, &shop, endpoint).await.1.is_some_and(|why| why.contains("days")));
    let told = || async { app.happened(&shop).await.into_iter().find(|it| it.kind == "webhook.disabled") };
    until("the shop is told", told).await;
    receiver.mend();
    let active = Change { paused: Some(false), ..Change::default() };
    app.endpoints().change(shop.seller, endpoint, active).await.unwrap();
    all_told(&app, &shop, &receiver, since).await;
    app.stop().await;
}

async fn seen(app: &TestApp, shop: &Shop, endpoint: EndpointId) -> (EndpointState, Option<String>) {
    let seen = app.endpoints().one(shop.seller, endpoint).await.unwrap();
    (seen.state, seen.why)
}

async fn what_was_given_up_is_delivered_once_more_on_demand(database: Database) {
    let settings = [OPEN[0], ("webhooks.retries", "1s")];
    let app = TestApp::start_with(database, &settings).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let endpoint = made(&app, &shop, &receiver, &[ShopEventKind::MessageReceived]).await.id;
    receiver.refuse(Some("302 Elsewhere\r\nLocation: http://127.0.0.1:1/"));
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    refused(&receiver, 1).await;
    let log = || async { app.endpoints().log((shop.seller, endpoint), None, 10).await.unwrap() };
    let is = |state| {
        let log = log();
        async move { log.await.into_iter().next().filter(|it| it.state == state) }
    };
    until("it is to be tried again", || is(DeliveryState::Retrying)).await;
    app.clock.advance(Duration::from_secs(2));
    let given_up = until("it is given up", || is(DeliveryState::Failed)).await;
    assert_eq!((given_up.attempts, given_up.last_status, receiver.refused()), (2, Some(302), 2), "not followed");
    receiver.mend();
    let since = given_up.created_at;
    assert_eq!(app.endpoints().redeliver_failed(shop.seller, endpoint, since).await.unwrap(), 1);
    until("it is delivered", || is(DeliveryState::Delivered)).await;
    app.endpoints().redeliver(shop.seller, given_up.id).await.unwrap();
    until("it came once more", || async { (receiver.taken().len() == 2).then_some(()) }).await;
    let taken = receiver.taken();
    assert_eq!((&taken[0].name, &taken[0].body), (&taken[1].name, &taken[1].body));
    app.stop().await;
}

async fn an_endpoint_that_wants_a_pause_is_left_alone_for_so_long(database: Database) {
    let app = TestApp::start_with(database, &OPEN).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let endpoint = made(&app, &shop, &receiver, &[ShopEventKind::MessageReceived]).await.id;
    // Its wish counts from when it is noted, which is a moment after it was answered.
    let noted = || async {
        let log = app.endpoints().log((shop.seller, endpoint), None, 1).await.unwrap();
        log.first().filter(|it| it.state == DeliveryState::Retrying).map(|_| ())
    };
    receiver.refuse(Some("429 Slowly\r\nRetry-After: 600"));
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("hello")).await;
    refused(&receiver, 1).await;
    until("its wish is noted", noted).await;
    app.deliver(&ada.writes("are you there?")).await;
    app.let_pass(Duration::from_secs(590)).await;
    assert_eq!(receiver.refused(), 1);
    receiver.mend();
    app.let_pass(Duration::from_secs(20)).await;
    until("both are told", || async { (receiver.taken().len() == 2).then_some(()) }).await;
    // A date says it as well.
    let date = (app.clock.now() + TimeDelta::minutes(10)).format("%a, %d %b %Y %H:%M:%S GMT");
    receiver.refuse(Some(&format!("503 Closed\r\nRetry-After: {date}")));
    app.deliver(&ada.writes("and now?")).await;
    refused(&receiver, 2).await;
    until("its wish is noted", noted).await;
    app.let_pass(Duration::from_secs(590)).await;
    assert_eq!(receiver.refused(), 2);
    receiver.mend();
    app.let_pass(Duration::from_secs(20)).await;
    until("that is told, too", || async { (receiver.taken().len() == 3).then_some(()) }).await;
    app.stop().await;
}

async fn a_test_delivery_and_the_log_are_the_sellers_own(database: Database) {
    let app = TestApp::start_with(database, &OPEN).await;
    let [mine, other] = [app.empty_shop(1, json!({})).await, app.empty_shop(2, json!({})).await];
    let receiver = Receiver::start().await;
    let endpoint = made(&app, &mine, &receiver, &[ShopEventKind::OrderConfirmed]).await.id;
    let ping = app.endpoints().ping(mine.seller, endpoint).await.unwrap();
    let letter = until("it came", || async { receiver.taken().pop() }).await;
    assert_eq!((letter.kind(), letter.name), ("ping".to_owned(), format!("ping_{ping}")));
    assert_eq!(app.endpoints().delivery(mine.seller, ping).await.unwrap().body, letter.body.into_bytes());
    assert_eq!(app.endpoints().list(other.seller).await.unwrap(), []);
    assert!(app.endpoints().ping(other.seller, endpoint).await.is_err());
    assert!(app.endpoints().log((other.seller, endpoint), None, 9).await.is_err());
    assert!(app.endpoints().delivery(other.seller, ping).await.is_err());
    assert!(app.endpoints().redeliver(other.seller, ping).await.is_err());
    assert!(app.endpoints().rotate(other.seller, endpoint, TimeDelta::hours(1)).await.is_err());
    assert!(app.endpoints().delete(other.seller, endpoint).await.is_err());
    app.endpoints().delete(mine.seller, endpoint).await.unwrap();
    assert!(app.endpoints().one(mine.seller, endpoint).await.is_err());
    app.stop().await;
}

async fn nothing_is_delivered_inside(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    for url in
        [receiver.url().as_str(), "http://shop.example/", "https://10.0.0.1/", "https://[::1]/", "https://localhost/"]
    {
        let refused = app.endpoints().create(shop.seller, url, &[]).await.unwrap_err();
        assert_eq!(refused.code(), "address_not_allowed", "{url}");
    }
    // A name that leads inside shows only when a connection is made.
    let (kinds, name) = ([ShopEventKind::MessageReceived], "https://hooks.localhost:1/");
    let endpoint = app.endpoints().create(shop.seller, name, &kinds).await.unwrap().id;
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    let tried = || async {
        let log = app.endpoints().log((shop.seller, endpoint), None, 9).await.unwrap();
        log.into_iter().next().and_then(|delivery| delivery.error)
    };
    let error = until("it was tried", tried).await;
    assert!(error.contains("private") || error.contains("connection"), "{error}");
    assert!(receiver.taken().is_empty());
    app.stop().await;
}

async fn connections_are_told_whatever_becomes_of_the_process(database: Database) {
    let mut app = TestApp::start_with(database, &OPEN).await;
    let shop = app.empty_shop(1, json!({})).await;
    // Stored with the connection itself, and taken up by whoever comes after.
    app.sellers().pause(shop.seller).await.unwrap();
    let path = format!("/api/v1/sellers/{}/connections", shop.seller);
    let connection = app.read(&path).await["data"][0]["id"].as_i64().unwrap();
    for _ in 0..2 {
        let (status, answer) = app.call(Method::DELETE, &format!("{path}/{connection}"), &Value::Null).await;
        assert!(status.is_success(), "{answer}");
    }
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    let happened = app.happened(&shop).await;
    let kinds: Vec<(&str, Option<i64>)> = happened.iter().map(|it| (it.kind.as_str(), it.subject)).collect();
    assert_eq!(kinds, [("connection.connected", Some(connection)), ("connection.disconnected", Some(connection))]);
    app.stop().await;
}

async fn what_cannot_be_read_is_told_by_its_seller(database: Database) {
    let app = TestApp::start_with(database, &OPEN).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    made(&app, &shop, &receiver, &[ShopEventKind::EventLedgered]).await;
    app.deliver(&shop.customer("Ada").sends(r#"{"text":"half a heart \ud83d"}"#)).await;
    app.settle().await;
    assert_eq!(app.ledgered("unreadable").await, 1);
    let letter = until("it is told", || async { receiver.taken().pop() }).await;
    let body: Value = serde_json::from_str(&letter.body).unwrap();
    assert_eq!(letter.kind(), "event.ledgered");
    let event = app.read(&format!("/api/v1/ledger/events/{}", body["data"]["subject_id"])).await;
    assert_eq!(event["reason"], "unreadable", "{event}");
    app.stop().await;
}
