//! Sellers' actors come and go, by order, by idleness and by accident, and nothing of it is to be seen in the shop.

use actors::status::{Fault, Slot};
use serde_json::Value;

use crate::support::{Database, Shop, TestApp, both, until};

both![
    a_paused_seller_takes_nothing_up_until_resumed,
    an_unloaded_seller_comes_back_with_its_next_event,
    an_idle_seller_is_unloaded,
    a_killed_actor_comes_back_and_loses_nothing,
    a_reloaded_seller_writes_under_a_new_number,
    an_actor_can_be_looked_into,
    a_seller_that_falls_too_often_rests_and_others_go_on,
    an_operator_can_pause_and_resume_over_http,
];

async fn is_in(app: &TestApp, shop: &Shop, slot: Slot) {
    let there = || async { (app.sellers().status(shop.seller).await.unwrap().slot == slot).then_some(()) };
    until(&format!("the seller's actor is {slot:?}"), there).await;
}

async fn a_paused_seller_takes_nothing_up_until_resumed(database: Database) {
    let app = TestApp::start(database).await;
    let [paused, other] = [app.shop().await, second(&app).await];
    assert!(app.sellers().pause(paused.seller).await.unwrap().paused);
    app.deliver(&paused.customer("Ada").writes("one canvas apron please")).await;
    app.deliver(&other.customer("Ben").writes("one canvas apron please")).await;
    until("the other seller has its order", || async { app.orders(&other).await.pop() }).await;
    assert_eq!(app.orders(&paused).await, Vec::<Value>::new());
    assert_eq!(app.read("/api/v1/ledger").await["equation"]["pending"], 1);
    assert!(!app.sellers().resume(paused.seller).await.unwrap().paused);
    app.settle().await;
    assert_eq!(app.order(&paused).await["state"], "draft");
    app.stop().await;
}

async fn second(app: &TestApp) -> Shop {
    app.shop_number(2, serde_json::json!({})).await
}

async fn an_unloaded_seller_comes_back_with_its_next_event(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("two linen shirts please")).await;
    app.settle().await;
    app.sellers().unload(shop.seller).await.unwrap();
    is_in(&app, &shop, Slot::NotLoaded).await;
    app.deliver(&ada.writes("blue, in M")).await;
    app.settle().await;
    assert_eq!(app.order(&shop).await["lines"][0]["variant"], "SHIRT-Blue-M", "it remembers what was said before");
    assert_eq!(app.sellers().status(shop.seller).await.unwrap().slot, Slot::Up);
    app.stop().await;
}

async fn an_idle_seller_is_unloaded(database: Database) {
    let app = TestApp::start_with(database, &[("actors.idle_unload", "50ms")]).await;
    let shop = app.shop().await;
    is_in(&app, &shop, Slot::NotLoaded).await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.fall_silent().await;
    assert_eq!(app.meta.sent().len(), 1, "its alarm brings it back as well");
    is_in(&app, &shop, Slot::NotLoaded).await;
    app.stop().await;
}

async fn a_killed_actor_comes_back_and_loses_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    for number in 0..20 {
        app.deliver(&ada.writes(&format!("hello {number}"))).await;
        app.sellers().kill(shop.seller).await.unwrap();
    }
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.settle().await;
    app.sellers().kill(shop.seller).await.unwrap();
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1);
    assert_eq!(app.messages(&shop).await.len(), 22, "what she wrote, each once, and the answer");
    assert_eq!(app.order(&shop).await["lines"][0]["quantity"], 1);
    app.stop().await;
}

async fn a_reloaded_seller_writes_under_a_new_number(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    app.settle().await;
    let before = app.sellers().status(shop.seller).await.unwrap().incarnation;
    app.sellers().reload_credentials(shop.seller).await.unwrap();
    let after =
        || async { app.sellers().status(shop.seller).await.unwrap().incarnation.filter(|now| Some(*now) > before) };
    until("the seller is loaded again", after).await;
    app.stop().await;
}

async fn an_actor_can_be_looked_into(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    let seen = app.sellers().inspect(shop.seller).await.unwrap().expect("it is loaded");
    assert_eq!((seen.seller, seen.in_flight), (shop.seller, 0));
    assert!(seen.turns > 0 && seen.next_alarm.is_some(), "{seen:?}");
    app.stop().await;
}

async fn a_seller_that_falls_too_often_rests_and_others_go_on(database: Database) {
    let mut app = TestApp::start_with(database, &[("actors.max_falls", "2"), ("actors.restart_backoff", "5ms")]).await;
    app.expect_trouble("the actor of seller 1 panicked");
    app.expect_trouble("the actor of seller 1 fell");
    let [falling, other] = [app.shop().await, second(&app).await];
    for (fault, falls) in [(Fault::Panic, 1), (Fault::Error, 2), (Fault::Panic, 3)] {
        is_in(&app, &falling, Slot::Up).await;
        app.sellers().fault(falling.seller, fault).await.unwrap();
        let fell = || async { (app.sellers().status(falling.seller).await.unwrap().falls == falls).then_some(()) };
        until("it fell once more", fell).await;
    }
    is_in(&app, &falling, Slot::Resting).await;
    app.deliver(&falling.customer("Ada").writes("one canvas apron please")).await;
    app.deliver(&other.customer("Ben").writes("one canvas apron please")).await;
    until("the other seller has its order", || async { app.orders(&other).await.pop() }).await;
    assert_eq!(app.orders(&falling).await, Vec::<Value>::new());
    app.sellers().resume(falling.seller).await.unwrap();
    app.settle().await;
    assert_eq!(app.order(&falling).await["state"], "draft");
    app.stop().await;
}

async fn an_operator_can_pause_and_resume_over_http(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let path = format!("/api/v1/sellers/{}/actor", shop.seller);
    for (verb, paused) in [("pause", true), ("resume", false)] {
        let (status, answer) = app.call(http::Method::POST, &format!("{path}/{verb}"), &Value::Null).await;
        assert_eq!((status.as_u16(), &answer["paused"]), (200, &Value::from(paused)), "{verb}");
    }
    app.stop().await;
}
