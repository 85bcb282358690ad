//! Meta says no in the middle of a run: each no leads where it should, and the run says what it waits for.

use std::time::Duration;

use ::actors::ports::Clock;
use hawker::sandbox::{Calls, CatalogEdge, Fault, Limits, Refusal};
use http::Method;
use serde_json::{Value, json};

use super::{ACCOUNT, MINUTE, PAGE, Synced, time};
use crate::support::{Database, TestApp, both, until};

both![
    a_full_share_that_meta_tells_of_is_waited_for_as_long_as_it_says,
    batches_beyond_what_meta_takes_in_a_minute_wait_for_the_next,
    a_cap_that_only_meta_knows_of_is_waited_for,
    a_token_that_dies_in_the_middle_is_waited_for_and_the_run_goes_on_with_another,
    a_catalog_that_is_taken_away_ends_the_run_with_a_sentence,
    a_catalog_that_takes_no_batches_goes_up_one_by_one,
    a_batch_that_is_too_large_is_halved_until_it_is_taken,
    a_page_that_is_too_long_is_halved_and_each_question_is_paid_for,
];

/// The run's status, why it waits, and whether it says so in words.
fn waits(run: &Value) -> (&str, &str) {
    assert!(run["pause"]["detail"].as_str().unwrap_or_default().contains(' '), "not in words: {run}");
    (run["status"].as_str().unwrap(), run["pause"]["why"].as_str().unwrap())
}

/// How many calls to its catalog a cap of Meta's refused.
fn refused(synced: &Synced) -> usize {
    synced.catalog.calls().iter().filter(|call| !call.let_through).count()
}

async fn is_whole(app: &TestApp, synced: &Synced, items: usize) {
    assert_eq!((synced.catalog.len(), synced.catalog.writes().len()), (items, items), "each was written once");
    assert_eq!(app.items(synced).await, json!({ "accepted": items }));
}

async fn a_full_share_that_meta_tells_of_is_waited_for_as_long_as_it_says(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(6, json!({ "mode": "one_by_one" })).await;
    let full = Limits { percent: Some(100), minutes: Some(3), ..Limits::default() };
    synced.catalog.next_calls(1, Calls::CatalogWrites, Fault::WithLimits(full));
    let run = app.starts(&synced, "full").await;
    let now = app.read(&run).await;
    assert_eq!(waits(&now), ("paused", "hold"));
    assert_eq!(time(&now["pause"]["until"]), app.clock.now() + Duration::from_secs(180), "{now}");
    assert_eq!(synced.catalog.writes().len(), 1, "that call was done");
    // What a catalog may do is no business of its account's messages.
    app.deliver(&synced.shop.customer("Ada").writes("one woven thing 2 please")).await;
    app.fall_silent().await;
    assert_eq!((app.meta.sent().len(), synced.catalog.writes().len()), (1, 1));
    app.let_pass(2 * MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), 1, "three minutes are not over");
    assert_eq!(app.ended(&run).await["status"], "completed");
    is_whole(&app, &synced, 6).await;
    app.stop().await;
}

async fn batches_beyond_what_meta_takes_in_a_minute_wait_for_the_next(database: Database) {
    let app = TestApp::start_with(database, &[("sync.batch_items", "5")]).await;
    let synced = app.synced(20, json!({})).await;
    let run = app.starts(&synced, "full").await;
    synced.catalog.next_calls(1, Calls::CatalogBatches, Fault::fail(Refusal::CatalogBatchRate));
    let mut now = app.read(&run).await;
    // Until the first is settled, and the next refused.
    while now["status"] == "running" {
        app.pass_to_next_alarm().await;
        now = app.read(&run).await;
    }
    assert_eq!((waits(&now), &now["counts"]["accepted"]), (("paused", "hold"), &json!(5)), "in the middle: {now}");
    let until = time(&now["pause"]["until"]);
    assert_eq!(until, app.clock.now() + MINUTE, "minutes, not hours: {now}");
    let budget = app.read(&format!("/api/v1/sellers/{}/budget", synced.shop.seller)).await;
    assert!(budget["holds"].to_string().contains("80014"), "{budget}");
    // From here on Meta takes two a minute, and says so before it refuses any.
    synced.catalog.rules(|rules| rules.batches_per_minute = Some(2));
    let now = app.ended(&run).await;
    assert_eq!(now["status"], "completed", "{now}");
    assert!(now["pauses"].as_array().unwrap().iter().all(|span| span["why"] == "hold"), "{now}");
    assert_eq!(refused(&synced), 0, "Meta was not asked before its time");
    is_whole(&app, &synced, 20).await;
    app.stop().await;
}

async fn a_cap_that_only_meta_knows_of_is_waited_for(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(9, json!({ "mode": "one_by_one" })).await;
    for refusal in [Refusal::CatalogRate, Refusal::UserRate, Refusal::AppRate] {
        let body = (0..3).map(|n| super::product(n, &format!("{}.00", 20 + refusal as u32)));
        app.sell(&synced.shop, body.collect()).await;
        synced.catalog.next_calls(1, Calls::CatalogWrites, Fault::fail(refusal));
        let run = app.starts(&synced, "incremental").await;
        let now = app.read(&run).await;
        assert_eq!(waits(&now), ("paused", "hold"), "{refusal:?}");
        assert!(time(&now["pause"]["until"]) >= app.clock.now() + MINUTE, "{now}");
        assert_eq!(app.ended(&run).await["status"], "completed", "{refusal:?}");
        assert_eq!(app.items(&synced).await, json!({ "accepted": 9 }));
    }
    app.stop().await;
}

async fn a_token_that_dies_in_the_middle_is_waited_for_and_the_run_goes_on_with_another(database: Database) {
    for mode in ["one_by_one", "batch"] {
        let settings = [("budgets.graph_reserve", "0"), ("sync.batch_items", "3")];
        let app = TestApp::start_with(Database::of(database.engine).await, &settings).await;
        let synced = app.synced(6, json!({ "mode": mode })).await;
        app.let_pass(61 * MINUTE).await;
        let budget = format!("/api/v1/sellers/{}/budget", synced.shop.seller);
        app.call(Method::PUT, &budget, &json!({ "graph_per_hour": 3 })).await;
        let run = app.starts(&synced, "full").await;
        assert_eq!(app.read(&run).await["status"], if mode == "batch" { "running" } else { "paused" });
        synced.shop.account.kill_token(Refusal::SessionInvalid);
        app.call(Method::PUT, &budget, &json!({ "graph_per_hour": 100 })).await;
        app.settle().await;
        if mode == "batch" {
            // It is asked how far the first batch is.
            app.pass_to_next_alarm().await;
        }
        let now = until("the run waits for another token", || async {
            let now = app.read(&run).await;
            (!now["pause"].is_null()).then_some(now)
        })
        .await;
        assert_eq!(waits(&now), ("paused", "reconnect"), "{now}");
        assert!(now["pause"]["until"].is_null() && now["eta"].is_null(), "nobody can say when: {now}");
        let (calls, written) = (app.meta.calls(), synced.catalog.writes().len());
        app.let_pass(180 * MINUTE).await;
        assert_eq!(app.meta.calls(), calls, "a dead token is not tried again");
        // Messages come in all the same.
        app.deliver(&synced.shop.customer("Ada").writes("one woven thing 2 please")).await;
        app.settle().await;
        assert_eq!(
            app.read(&format!("/api/v1/sellers/{}/orders", synced.shop.seller)).await["data"][0]["state"],
            "draft"
        );
        synced.shop.account.renew_token("token-2");
        let new = json!({ "channel": "instagram", "account_id": ACCOUNT, "page_id": PAGE, "username": "shop.1",
            "token": "token-2" });
        let path = format!("/api/v1/sellers/{}/connections", synced.shop.seller);
        let (status, answer) = app.call(Method::POST, &path, &new).await;
        assert!(status.is_success(), "{answer}");
        app.settle().await;
        let now = app.ended(&run).await;
        assert_eq!(now["status"], "completed", "{now}");
        assert!(written < 6 && now["pauses"].as_array().unwrap().iter().any(|span| span["why"] == "reconnect"));
        is_whole(&app, &synced, 6).await;
        app.stop().await;
    }
}

async fn a_catalog_that_is_taken_away_ends_the_run_with_a_sentence(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(4, json!({ "mode": "one_by_one" })).await;
    synced.catalog.close();
    let run = app.starts(&synced, "full").await;
    let now = app.ended(&run).await;
    assert_eq!((&now["status"], &now["failure"]["code"]), (&json!("failed"), &json!("no_catalog")), "{now}");
    assert!(now["failure"]["detail"].as_str().unwrap().contains(' '), "{now}");
    let catalog = app.read(&super::catalog_of(&synced.shop)).await;
    assert_eq!((&catalog["life"], &catalog["items"]), (&json!("refused"), &json!({ "owed": 4 })), "{catalog}");
    synced.catalog.open_to(&synced.shop.account);
    let run = app.starts(&synced, "incremental").await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    is_whole(&app, &synced, 4).await;
    app.stop().await;
}

async fn a_catalog_that_takes_no_batches_goes_up_one_by_one(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(5, json!({})).await;
    synced.catalog.rules(|rules| rules.takes_batches = false);
    let run = app.starts(&synced, "full").await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    let catalog = app.read(&super::catalog_of(&synced.shop)).await;
    assert_eq!(catalog["settings"]["mode"], "one_by_one", "{catalog}");
    is_whole(&app, &synced, 5).await;
    app.stop().await;
}

async fn a_batch_that_is_too_large_is_halved_until_it_is_taken(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(20, json!({})).await;
    synced.catalog.rules(|rules| rules.most_items = 6);
    let run = app.starts(&synced, "full").await;
    let now = app.ended(&run).await;
    assert_eq!(now["status"], "completed", "{now}");
    let taken: Vec<usize> = synced.catalog.batches().iter().map(|batch| batch.requests).collect();
    assert_eq!(taken, [5, 5, 5, 5]);
    let asked = synced.catalog.calls().iter().filter(|call| call.edge == CatalogEdge::Batch).count();
    assert_eq!(asked, 6, "twenty and ten were too many");
    is_whole(&app, &synced, 20).await;
    app.stop().await;
}

async fn a_page_that_is_too_long_is_halved_and_each_question_is_paid_for(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(130, json!({})).await;
    let run = app.starts(&synced, "full").await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    let reads = || synced.catalog.calls().iter().filter(|call| call.edge == CatalogEdge::Read).count();
    let before = reads();
    synced.catalog.rules(|rules| rules.most_per_page = 40);
    let run = app.starts(&synced, "drift").await;
    let now = app.ended(&run).await;
    assert_eq!((&now["status"], &now["counts"]["seen"]), (&json!("completed"), &json!(130)), "{now}");
    let asked = reads() - before;
    assert_eq!(asked, 9, "500, 250, 125 and 62 were too many; five pages of 31 are not");
    assert_eq!(now["counts"]["calls"], asked, "{now}");
    app.stop().await;
}
