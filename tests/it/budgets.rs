//! Caps and Meta's limits: nothing leaves too early, everybody is told until when, and it goes on by itself.

use std::time::Duration;

use hawker::sandbox::{Fault, Limits, Refusal};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Database, Shop, TestApp, both};

const MINUTE: Duration = Duration::from_secs(60);
const MINUTE_MS: i64 = 60_000;

both![
    at_the_cap_a_seller_pauses_says_until_when_and_goes_on_by_itself,
    the_budget_and_a_pause_survive_a_restart_and_a_power_cut,
    a_limit_of_one_account_stops_no_other_seller,
    a_limit_of_the_whole_app_stops_everybody_and_nothing_that_comes_in,
    a_limit_of_one_customer_stops_no_other_customer,
    usage_that_reaches_a_hundred_per_cent_holds_before_meta_refuses,
    usage_near_the_limit_slows_down,
    a_seller_may_be_given_caps_of_its_own,
    pauses_grow_until_a_call_succeeds,
];

impl TestApp {
    async fn budget(&self, shop: &Shop) -> Value {
        self.read(&format!("/api/v1/sellers/{}/budget", shop.seller)).await
    }

    /// The shop's line for messages.
    async fn messages_line(&self, shop: &Shop) -> Value {
        let budget = self.budget(shop).await;
        let lines = budget["budgets"].as_array().unwrap();
        lines.iter().find(|line| line["family"] == "messages").cloned().unwrap_or_default()
    }

    fn ms_from_now(&self, time: &Value) -> i64 {
        let time: chrono::DateTime<chrono::Utc> = time.as_str().unwrap().parse().unwrap();
        time.timestamp_millis() - self.clock.now_ms()
    }

    /// Each of these orders an apron, and will be asked for details.
    async fn orders_from(&self, shop: &Shop, names: &[&str]) {
        for name in names {
            self.deliver(&shop.customer(name).writes("one canvas apron please")).await;
        }
        self.fall_silent().await;
    }

    fn sent(&self) -> usize {
        self.meta.sent().len()
    }
}

async fn at_the_cap_a_seller_pauses_says_until_when_and_goes_on_by_itself(database: Database) {
    let cap = &[("budgets.messages_per_hour", "2")];
    let app = TestApp::start_beside(database, cap, |meta| meta.messages_per_hour = Some(2)).await;
    let shop = app.shop().await;
    app.orders_from(&shop, &["Ada", "Ben", "Chloé", "Diego", "Eva"]).await;
    let line = app.messages_line(&shop).await;
    assert_eq!((&line["cap"], &line["spent"], &line["waiting"]), (&json!(2), &json!(2), &json!(3)), "{line}");
    let (until, done) = (app.ms_from_now(&line["paused_until"]), app.ms_from_now(&line["done_at"]));
    assert_eq!((until, done), (61 * MINUTE_MS - 4000, 122 * MINUTE_MS - 4000), "{line}");
    let status = app.read(&format!("/api/v1/sellers/{}/actor", shop.seller)).await;
    assert_eq!((&status["waiting"], &status["calls_paused_until"]), (&json!(3), &line["paused_until"]));
    let inside = app.sellers().inspect(shop.seller).await.unwrap().unwrap();
    assert_eq!(json!(inside.budgets[0]), line, "the actor knows what is stored");

    app.let_pass(Duration::from_millis(until.unsigned_abs() - 1)).await;
    assert_eq!(app.sent(), 2);
    app.let_pass(Duration::from_millis(1)).await;
    assert_eq!(app.sent(), 4);
    app.let_pass(61 * MINUTE).await;
    assert_eq!((app.sent(), shop.account.send_calls().len()), (5, 5), "none was refused by Meta");
    app.stop().await;
}

async fn the_budget_and_a_pause_survive_a_restart_and_a_power_cut(database: Database) {
    let cap = &[("budgets.messages_per_hour", "2")];
    let mut app = TestApp::start_beside(database, cap, |meta| meta.messages_per_hour = Some(2)).await;
    let shop = app.shop().await;
    app.orders_from(&shop, &["Ada", "Ben", "Chloé"]).await;
    let before = app.budget(&shop).await;
    app.restart().await;
    app.settle().await;
    assert_eq!(app.budget(&shop).await, before);
    app.let_pass(30 * MINUTE).await;
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    assert_eq!(app.sent(), 2);
    app.let_pass(31 * MINUTE).await;
    assert_eq!((app.sent(), shop.account.send_calls().len()), (3, 3));
    app.stop().await;
}

async fn a_limit_of_one_account_stops_no_other_seller(database: Database) {
    let app = TestApp::start(database).await;
    let (one, other) = (app.shop_number(1, json!({})).await, app.shop_number(2, json!({})).await);
    let refused = Fault::WithLimits(Limits {
        percent: Some(100),
        minutes: Some(19),
        error: Some(Refusal::InstagramRate),
        ..Limits::default()
    });
    app.meta.next_sends_to(&one.customer("Ada"), 1, refused);
    app.orders_from(&one, &["Ada"]).await;
    let hold = app.budget(&one).await["holds"][0].clone();
    assert_eq!((&hold["what"], app.ms_from_now(&hold["until"])), (&json!("connection"), 19 * MINUTE_MS), "{hold}");
    app.orders_from(&one, &["Ben"]).await;
    app.orders_from(&other, &["Eva"]).await;
    assert_eq!((one.customer("Ben").received().len(), other.customer("Eva").received().len()), (0, 1));
    let line = app.messages_line(&one).await;
    assert_eq!((&line["waiting"], &line["paused_until"]), (&json!(2), &hold["until"]), "{line}");
    app.let_pass(20 * MINUTE).await;
    assert_eq!((one.customer("Ada").received().len(), one.customer("Ben").received().len()), (1, 1));
    let owed = app.outbox(&one).await;
    assert!(owed.iter().all(|owed| owed["state"] == "accepted"), "{owed:?}");
    assert_eq!(app.budget(&one).await["holds"], json!([]));
    app.stop().await;
}

async fn a_limit_of_the_whole_app_stops_everybody_and_nothing_that_comes_in(database: Database) {
    let mut app = TestApp::start(database).await;
    let (one, other) = (app.shop_number(1, json!({})).await, app.shop_number(2, json!({})).await);
    app.meta.next_sends(1, Fault::fail(Refusal::AppRate));
    app.orders_from(&one, &["Ada"]).await;
    let held = app.read("/api/v1/app-hold").await["app_hold"].clone();
    assert_eq!((&held["why"], app.ms_from_now(&held["until"])), (&json!("4"), MINUTE_MS), "{held}");
    app.orders_from(&other, &["Eva"]).await;
    assert_eq!((app.orders(&other).await.len(), app.sent(), app.meta.calls()), (1, 0, 1));
    assert_eq!(app.messages_line(&other).await["because"], "Meta holds the whole app");
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    assert_eq!(app.read("/api/v1/app-hold").await["app_hold"], held, "it survives a power cut");
    assert_eq!(app.meta.calls(), 1);
    app.let_pass(MINUTE).await;
    assert_eq!(app.sent(), 2);
    assert_eq!(app.read("/api/v1/app-hold").await["app_hold"], Value::Null);
    app.stop().await;
}

async fn a_limit_of_one_customer_stops_no_other_customer(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    app.meta.next_sends_to(&shop.customer("Ada"), 1, Fault::fail(Refusal::PairRate));
    app.orders_from(&shop, &["Ben"]).await;
    assert_eq!((shop.customer("Ada").received().len(), shop.customer("Ben").received().len()), (0, 1));
    app.let_pass(Duration::from_secs(6)).await;
    assert_eq!(shop.customer("Ada").received().len(), 1);
    app.stop().await;
}

async fn usage_that_reaches_a_hundred_per_cent_holds_before_meta_refuses(database: Database) {
    let app = TestApp::start_with(database, &[("actors.calls_per_seller", "1")]).await;
    let shop = app.shop().await;
    app.meta.next_sends(1, Fault::WithLimits(Limits { percent: Some(100), ..Limits::default() }));
    app.orders_from(&shop, &["Ada", "Ben"]).await;
    assert_eq!(app.sent(), 1, "the first was sent and said that it is enough");
    app.let_pass(MINUTE).await;
    assert_eq!(app.sent(), 2);
    let all = Limits { app_percent: Some(100), ..Limits::default() };
    app.meta.next_sends(1, Fault::WithLimits(all));
    app.orders_from(&shop, &["Chloé", "Diego"]).await;
    assert_eq!(app.sent(), 3);
    assert_eq!(app.read("/api/v1/app-hold").await["app_hold"]["why"], "x-app-usage");
    app.let_pass(MINUTE).await;
    assert_eq!(app.sent(), 4);
    app.stop().await;
}

async fn usage_near_the_limit_slows_down(database: Database) {
    let app = TestApp::start_with(database, &[("actors.calls_per_seller", "1")]).await;
    let shop = app.shop().await;
    let near = Limits { percent: Some(90), ..Limits::default() };
    app.meta.next_sends(3, Fault::WithLimits(near));
    app.orders_from(&shop, &["Ada", "Ben", "Chloé"]).await;
    let mut sent = vec![app.sent()];
    for _ in 0..2 {
        app.let_pass(Duration::from_secs(33)).await;
        sent.push(app.sent());
    }
    assert_eq!(sent, [1, 2, 3]);
    app.stop().await;
}

async fn a_seller_may_be_given_caps_of_its_own(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, json!({ "caps": { "messages_per_hour": 1 } })).await;
    app.orders_from(&shop, &["Ada", "Ben"]).await;
    assert_eq!(app.sent(), 1);
    let path = format!("/api/v1/sellers/{}/budget", shop.seller);
    for wrong in [json!({ "messages_per_hour": 1_000_001 }), json!({ "messages": 1 }), json!({ "graph_reserve": -1 })] {
        let (status, answer) = app.call(Method::PUT, &path, &wrong).await;
        assert!(status.is_client_error(), "{wrong}: {status} {answer}");
    }
    let (status, answer) = app.call(Method::PUT, &path, &json!({ "graph_per_hour": 9 })).await;
    assert_eq!((status.as_u16(), &answer["caps"]["graph_per_hour"]), (200, &json!(9)), "{answer}");
    assert_eq!(answer["caps"]["messages_per_hour"], 250);
    app.settle().await;
    app.deliver(&shop.customer("Ada").writes("hello?")).await;
    app.settle().await;
    assert_eq!(app.sent(), 2, "what waited for the old cap has left");
    app.stop().await;
}

async fn pauses_grow_until_a_call_succeeds(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.meta.next_sends(3, Fault::fail(Refusal::MessagingRate));
    app.orders_from(&shop, &["Ada"]).await;
    let mut pauses = Vec::new();
    while app.sent() == 0 {
        let until = app.messages_line(&shop).await["paused_until"].clone();
        let pause = app.ms_from_now(&until);
        pauses.push(pause / MINUTE_MS);
        app.let_pass(Duration::from_millis(pause.unsigned_abs())).await;
    }
    assert_eq!(pauses, [1, 2, 4]);
    assert_eq!(app.outbox(&shop).await[0]["attempts"], 4);
    app.stop().await;
}
