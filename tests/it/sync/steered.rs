//! Runs in people's hands: started, joined, paused, resumed, cancelled, followed; and what changes while they go on.

use std::time::Duration;

use hawker::cli::{Screen, told};
use hawker::sandbox::BatchFate;
use hawker::vault::Secret;
use http::Method;
use serde_json::{Value, json};

use super::{CATALOG, MINUTE, Synced, catalog_of, product};
use crate::support::{Database, OPERATOR_KEY, TestApp, both};

both![
    a_run_is_joined_paused_resumed_and_cancelled,
    changes_go_up_by_themselves_at_the_sellers_interval,
    a_run_is_followed_across_a_restart,
    what_changes_while_it_is_with_meta_goes_up_next,
    a_shop_that_leaves_its_catalog_and_returns_finds_everything_again,
    what_was_left_with_meta_overtakes_nothing_once_the_shop_is_back,
    what_is_made_otherwise_goes_up_anew,
];

async fn does(app: &TestApp, run: &str, what: &str) -> (u16, Value) {
    let (status, answer) = app.call(Method::POST, &format!("{run}/{what}"), &json!({})).await;
    app.settle().await;
    (status.as_u16(), answer)
}

async fn puts_catalog(app: &TestApp, synced: &Synced, meta_id: &str, settings: Value) {
    let connection = app.read(&catalog_of(&synced.shop)).await["connection"].clone();
    let mut wanted = json!({ "meta_id": meta_id, "connection": connection, "drift": false, "reviews": false });
    wanted.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let (status, answer) = app.call(Method::PUT, &catalog_of(&synced.shop), &wanted).await;
    assert_eq!(status, 200, "{answer}");
    app.settle().await;
}

async fn a_run_is_joined_paused_resumed_and_cancelled(database: Database) {
    let settings = [("budgets.graph_reserve", "0"), ("budgets.graph_per_hour", "10")];
    let app = TestApp::start_with(database, &settings).await;
    let synced = app.synced(40, json!({ "mode": "one_by_one" })).await;
    app.let_pass(61 * MINUTE).await;
    let run = app.starts(&synced, "full").await;
    assert_eq!(app.starts(&synced, "incremental").await, run, "a second start joins the first");
    assert_eq!(synced.catalog.writes().len(), 10);
    assert_eq!(does(&app, &run, "pause").await.0, 200);
    let now = app.read(&run).await;
    assert_eq!(
        (&now["status"], &now["pause"]["why"], &now["eta"]),
        (&json!("paused"), &json!("by_hand"), &Value::Null)
    );
    app.let_pass(600 * MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), 10, "it waits for whoever paused it");
    assert_eq!(does(&app, &run, "resume").await.0, 200);
    assert_eq!(synced.catalog.writes().len(), 20);
    assert_eq!(does(&app, &run, "cancel").await.0, 200);
    assert_eq!(app.read(&run).await["status"], "cancelled");
    app.let_pass(600 * MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), 20);
    for what in ["pause", "resume", "cancel"] {
        let (status, problem) = does(&app, &run, what).await;
        assert_eq!((status, &problem["code"]), (409, &json!("run_is_over")), "{problem}");
    }
    let next = app.starts(&synced, "incremental").await;
    assert_eq!(app.ended(&next).await["status"], "completed", "the rest is owed to the next run");
    assert_eq!((synced.catalog.len(), synced.catalog.writes().len()), (40, 40));
    app.stop().await;
}

async fn changes_go_up_by_themselves_at_the_sellers_interval(database: Database) {
    let app = TestApp::start_with(database, &[("actors.idle_unload", "50ms")]).await;
    let synced = app.synced(3, json!({ "every_minutes": 30 })).await;
    // The first look at all of it, and what it sends.
    app.let_pass(30 * MINUTE).await;
    app.let_pass(MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), 3);
    app.sell(&synced.shop, json!([product(1, "23.00")])).await;
    app.let_pass(20 * MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), 3, "it is not time");
    app.let_pass(10 * MINUTE).await;
    app.let_pass(MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), 4);
    let runs = app.read(&format!("/api/v1/sellers/{}/sync/runs", synced.shop.seller)).await;
    let runs = runs["data"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["status"] == "completed" && run["by"].is_null()), "{runs:?}");
    assert_eq!(runs.len(), 2, "nothing else was begun");
    app.stop().await;
}

async fn a_run_is_followed_across_a_restart(database: Database) {
    let settings = [("budgets.graph_reserve", "0"), ("budgets.graph_per_hour", "10")];
    let mut app = TestApp::start_with(database, &settings).await;
    let synced = app.synced(25, json!({ "mode": "one_by_one" })).await;
    app.let_pass(61 * MINUTE).await;
    let run = app.starts(&synced, "full").await;
    let now = app.read(&run).await;
    assert_eq!((&now["done"], &now["total"], &now["calls_left"]), (&json!(10), &json!(25), &json!(15)), "{now}");
    assert!(now["eta"].is_string() && now["pause"]["until"].is_string(), "{now}");
    let before = heard(&app, &synced, 0, "sync.paused").await;
    app.vanish().await;
    app.start_again().await;
    assert_eq!(app.read(&run).await["pause"], now["pause"], "it waits for the same");
    assert_eq!(app.ended(&run).await["status"], "completed");
    let after = heard(&app, &synced, before.last().unwrap().0, "sync.completed").await;
    let count = |all: &[(i64, String)], kind: &str| all.iter().filter(|(_, told)| told == kind).count();
    assert_eq!((count(&before, "sync.started"), count(&after, "sync.started")), (1, 0));
    assert_eq!((count(&after, "sync.resumed"), count(&after, "sync.paused")), (2, 1));
    assert!(count(&after, "sync.progress") > 5, "{after:?}");
    assert_eq!(synced.catalog.writes().len(), 25);
    // In a terminal the same run is followed to its end.
    let (seller, number) = (synced.shop.seller.to_string(), run.rsplit('/').next().unwrap());
    let server = format!("http://{}", app.address());
    let words = ["sync", "follow", &seller, number, "--server", &server];
    let shown = told(&words, Secret::from(OPERATOR_KEY), Screen::pipe()).await.unwrap();
    assert!(shown.contains("completed"), "{shown}");
    app.stop().await;
}

/// What is told live after an event, up to the first of this kind.
async fn heard(app: &TestApp, synced: &Synced, after: i64, last: &str) -> Vec<(i64, String)> {
    let url = format!("http://{}/api/v1/sellers/{}/events/stream?after=0", app.address(), synced.shop.seller);
    let request = app.http().get(url).bearer_auth(OPERATOR_KEY).header("Last-Event-ID", after);
    let mut answer = request.send().await.unwrap();
    let mut text = String::new();
    loop {
        text.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let data = whole.lines().filter_map(|line| line.strip_prefix("data:"));
        let events = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
        let told: Vec<_> = events
            .map(|event| (event["data"]["id"].as_i64().unwrap(), event["type"].as_str().unwrap().to_owned()))
            .collect();
        if let Some(place) = told.iter().position(|(_, kind)| kind == last) {
            return told[..=place].to_vec();
        }
    }
}

async fn what_changes_while_it_is_with_meta_goes_up_next(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(4, json!({})).await;
    synced.catalog.rules(|rules| rules.batch_ms = 60_000);
    let run = app.starts(&synced, "full").await;
    assert_eq!(app.items(&synced).await, json!({ "sent": 4 }));
    app.sell(&synced.shop, json!([product(0, "21.00")])).await;
    let gone = format!("/api/v1/sellers/{}/products/P00001", synced.shop.seller);
    assert_eq!(app.call(Method::DELETE, &gone, &json!({})).await.0, 200);
    assert_eq!(app.ended(&run).await["status"], "completed");
    let run = app.starts(&synced, "incremental").await;
    let now = app.ended(&run).await;
    assert_eq!((&now["counts"]["update"], &now["counts"]["delete"]), (&json!(1), &json!(1)), "{now}");
    assert_eq!(synced.catalog.written_to("P00000").len(), 2, "first as it was, then as it is");
    assert!(synced.catalog.item("P00000").unwrap().fields["price"].as_str().unwrap().starts_with("21"));
    assert_eq!((synced.catalog.len(), synced.catalog.item("P00001")), (3, None));
    assert_eq!(app.items(&synced).await, json!({ "accepted": 3, "removed": 1 }));
    app.stop().await;
}

async fn a_shop_that_leaves_its_catalog_and_returns_finds_everything_again(database: Database) {
    for leaves in ["for another", "for none"] {
        let app = TestApp::start(Database::of(database.engine).await).await;
        let synced = app.synced(4, json!({})).await;
        synced.catalog.rules(|rules| rules.batch_ms = 60_000);
        let other = synced.shop.account.add_catalog("800680000000002", "Cotton", "9010");
        let first = app.starts(&synced, "full").await;
        assert_eq!(app.items(&synced).await, json!({ "sent": 4 }), "it is with Meta");
        let connection = app.read(&catalog_of(&synced.shop)).await["connection"].clone();
        if leaves == "for another" {
            puts_catalog(&app, &synced, "800680000000002", json!({})).await;
            let run = app.starts(&synced, "full").await;
            assert_eq!(app.ended(&run).await["status"], "completed");
            assert_eq!((other.len(), other.batches().len(), other.writes().len()), (4, 1, 4));
        } else {
            assert_eq!(app.call(Method::DELETE, &catalog_of(&synced.shop), &json!({})).await.0, 200);
        }
        assert_eq!(app.read(&first).await["status"], "cancelled");
        app.let_pass(10 * MINUTE).await;
        let wanted = json!({ "meta_id": CATALOG, "connection": connection, "drift": false, "reviews": false });
        assert_eq!(app.call(Method::PUT, &catalog_of(&synced.shop), &wanted).await.0, 200);
        app.settle().await;
        let run = app.starts(&synced, "incremental").await;
        let now = app.ended(&run).await;
        assert_eq!(
            (&now["status"], app.items(&synced).await),
            (&json!("completed"), json!({ "accepted": 4 })),
            "{leaves}"
        );
        assert_eq!(synced.catalog.len(), 4);
        app.stop().await;
    }
}

async fn what_was_left_with_meta_overtakes_nothing_once_the_shop_is_back(database: Database) {
    for is_unloaded in [false, true] {
        let mut app = TestApp::start(Database::of(database.engine).await).await;
        let synced = app.synced(3, json!({})).await;
        synced.catalog.rules(|rules| rules.batch_ms = 60_000);
        app.starts(&synced, "full").await;
        let connection = app.read(&catalog_of(&synced.shop)).await["connection"].clone();
        assert_eq!(app.call(Method::DELETE, &catalog_of(&synced.shop), &json!({})).await.0, 200);
        app.sell(&synced.shop, json!([product(0, "21.00")])).await;
        if is_unloaded {
            app.vanish().await;
            app.start_again().await;
        }
        // Meta is quick by now, and has the first batch in hand still.
        synced.catalog.next_batches([BatchFate::Takes(1000)]);
        let wanted = json!({ "meta_id": CATALOG, "connection": connection, "drift": false, "reviews": false });
        assert_eq!(app.call(Method::PUT, &catalog_of(&synced.shop), &wanted).await.0, 200);
        app.settle().await;
        let run = app.starts(&synced, "full").await;
        assert_eq!(app.ended(&run).await["status"], "completed");
        app.let_pass(2 * MINUTE).await;
        assert!(synced.catalog.item("P00000").unwrap().fields["price"].as_str().unwrap().starts_with("21"));
        assert_eq!(app.items(&synced).await, json!({ "accepted": 3 }));
        assert_eq!(synced.catalog.writes().len(), 4, "what was in hand was not sent again");
        app.stop().await;
    }
}

async fn what_is_made_otherwise_goes_up_anew(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(0, json!({})).await;
    let mut bare = product(1, "19.00");
    bare.as_object_mut().unwrap().remove("brand");
    app.sell(&synced.shop, json!([bare, product(2, "19.00")])).await;
    let run = app.starts(&synced, "full").await;
    app.ended(&run).await;
    puts_catalog(&app, &synced, CATALOG, json!({ "brand": "Weavers" })).await;
    app.let_pass(Duration::from_secs(60)).await;
    let run = app.starts(&synced, "incremental").await;
    let now = app.ended(&run).await;
    assert_eq!((&now["kind"], &now["counts"]["update"]), (&json!("full"), &json!(1)), "{now}");
    assert_eq!(synced.catalog.item("P00001").unwrap().fields["brand"], "Weavers");
    app.stop().await;
}
