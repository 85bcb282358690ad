//! What became of a batch: asked for at growing distances or told by Meta, and believed only where it makes sense.

use std::time::Duration;

use ::actors::ports::Clock;
use chrono::TimeDelta;
use hawker::sandbox::{BatchFate, Calls, CatalogEdge, Fault, Rejects};
use http::Method;
use serde_json::json;

use super::{MINUTE, catalog_of, product};
use crate::support::{APP_SECRET, Database, TestApp, both};

both![
    a_batch_that_meta_tells_of_is_settled_at_once,
    an_item_that_spoils_its_batch_is_named_and_the_others_go_up,
    what_goes_and_comes_back_is_taken_out_as_what_it_is_by_then,
    what_is_told_of_batches_of_others_does_no_harm,
    a_handle_that_never_finishes_is_given_up_and_its_items_go_up_again,
    a_batch_nobody_can_ask_after_is_given_up_too,
    a_handle_that_is_missing_means_that_nothing_was_taken,
    odd_answers_settle_only_what_they_are_about,
    a_slow_review_is_asked_for_and_an_appeal_is_heard,
];

/// The app whose secret signs what is told of catalogs.
const META_APP: (&str, &str) = ("meta.meta_app_secret", APP_SECRET);

async fn a_batch_that_meta_tells_of_is_settled_at_once(database: Database) {
    let app = TestApp::start_with(database, &[META_APP]).await;
    let synced = app.synced(3, json!({})).await;
    synced.catalog.rules(|rules| (rules.batch_ms, rules.tells_batches) = (100_000, true));
    let begun = app.clock.now();
    let run = app.starts(&synced, "full").await;
    while app.clock.now() < begun + TimeDelta::seconds(64) {
        app.pass_to_next_alarm().await;
    }
    let asked = || synced.catalog.calls().into_iter().filter(|call| call.edge == CatalogEdge::Status);
    let times: Vec<i64> = asked().map(|call| call.at).collect();
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() >= 4 && gaps.is_sorted() && gaps[0] < gaps[gaps.len() - 1], "{gaps:?}");
    let done = begun + TimeDelta::seconds(101);
    app.clock.advance((done - app.clock.now()).to_std().unwrap());
    assert!(app.read(&run).await["ended_at"].is_null(), "nobody asks just now");
    app.meta.advance_catalogs();
    app.settle().await;
    let now = app.read(&run).await;
    assert_eq!((&now["status"], asked().count()), (&json!("completed"), times.len() + 1), "{now}");
    assert_eq!(app.clock.now(), done);
    app.stop().await;
}

/// Meta has found one SKU twice, and takes nothing of the batch.
async fn an_item_that_spoils_its_batch_is_named_and_the_others_go_up(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(4, json!({})).await;
    let twice = json!({ "message": "Duplicate retailer_id in batch: P00002" });
    let status = json!([{ "retailer_id": "P00002", "errors": [twice], "warnings": [] }]);
    let body = json!({ "handles": [], "validation_status": status });
    synced.catalog.next_calls(1, Calls::CatalogBatches, Fault::FailWithBody { status: 200, body });
    let run = app.starts(&synced, "full").await;
    let now = app.ended(&run).await;
    assert_eq!(now["status"], "completed_with_rejections", "{now}");
    assert_eq!((&now["counts"]["accepted"], &now["counts"]["rejected"]), (&json!(3), &json!(1)), "{now}");
    assert_eq!((synced.catalog.len(), app.items(&synced).await), (3, json!({ "accepted": 3, "rejected": 1 })));
    let item = app.read(&format!("{}/items/P00002", catalog_of(&synced.shop))).await;
    assert!(item["reason"].as_str().unwrap().contains("Duplicate"), "{item}");
    let (status, answer) = app
        .call(
            Method::POST,
            &format!("/api/v1/sellers/{}/sync/runs", synced.shop.seller),
            &json!({ "kind": "full", "rejected_again": true }),
        )
        .await;
    assert!(status.is_success(), "{answer}");
    let run = format!("/api/v1/sellers/{}/sync/runs/{}", synced.shop.seller, answer["run"]);
    app.settle().await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    assert_eq!((synced.catalog.len(), synced.catalog.writes().len()), (4, 4), "only that one was sent again");
    app.stop().await;
}

/// What Meta made of an item the first time is not what it made of it the second time.
async fn what_goes_and_comes_back_is_taken_out_as_what_it_is_by_then(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(2, json!({ "reviews": true })).await;
    let run = app.starts(&synced, "full").await;
    app.ended(&run).await;
    app.let_pass(30 * MINUTE).await;
    assert_eq!(app.items(&synced).await, json!({ "live": 2 }), "Meta has shown it, and under which id");
    let gone = format!("/api/v1/sellers/{}/products/P00000", synced.shop.seller);
    for left in [1, 2, 1] {
        match left {
            1 => assert_eq!(app.call(Method::DELETE, &gone, &json!({})).await.0, 200),
            _ => app.sell(&synced.shop, json!([product(0, "19.00")])).await,
        }
        let run = app.starts(&synced, "incremental").await;
        assert_eq!(app.ended(&run).await["status"], "completed");
        assert_eq!(synced.catalog.len(), left);
        // The last time it goes alone, by its id or its SKU.
        let connection = app.read(&catalog_of(&synced.shop)).await["connection"].clone();
        let mode = if left == 2 { "one_by_one" } else { "batch" };
        let wanted = json!({ "meta_id": super::CATALOG, "connection": connection, "mode": mode });
        assert_eq!(app.call(Method::PUT, &catalog_of(&synced.shop), &wanted).await.0, 200);
    }
    app.stop().await;
}

/// A webhook about a batch, as Meta signs it.
async fn tells(app: &TestApp, catalog: &str, handle: &str) {
    let value = json!({ "catalog_id": catalog, "handle": handle, "status": "finished" });
    let entry = json!({ "id": catalog, "time": 1, "changes": [{ "field": "items_batch", "value": value }] });
    let body = json!({ "object": "catalog", "entry": [entry] }).to_string().into_bytes();
    let signature = app.meta.sign(&body);
    assert!(app.meta.post(body, &signature).await.is_taken());
}

async fn what_is_told_of_batches_of_others_does_no_harm(database: Database) {
    let app = TestApp::start_with(database, &[META_APP]).await;
    let synced = app.synced(3, json!({})).await;
    synced.catalog.rules(|rules| rules.batch_ms = 10_000);
    let run = app.starts(&synced, "full").await;
    let calls = synced.catalog.calls().len();
    tells(&app, super::CATALOG, "Acy_of_another").await;
    tells(&app, "800680000009999", "Acy_of_nobody").await;
    app.settle().await;
    assert_eq!(synced.catalog.calls().len(), calls);
    assert_eq!(app.ledgered("unknown_account").await, 1, "a catalog that is nobody's");
    // Told before its time, Meta is asked, and says that it is not finished.
    let handle = synced.catalog.batches()[0].handle.clone();
    tells(&app, super::CATALOG, &handle).await;
    tells(&app, super::CATALOG, &handle).await;
    app.settle().await;
    assert_eq!(synced.catalog.calls().len(), calls + 1);
    assert!(app.read(&run).await["ended_at"].is_null());
    assert_eq!(app.ended(&run).await["status"], "completed");
    assert_eq!(synced.catalog.writes().len(), 3);
    app.stop().await;
}

async fn a_handle_that_never_finishes_is_given_up_and_its_items_go_up_again(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(3, json!({})).await;
    synced.catalog.next_batches([BatchFate::NeverFinishes, BatchFate::IsForgotten]);
    let begun = app.clock.now();
    let run = app.starts(&synced, "full").await;
    let now = app.ended(&run).await;
    assert_eq!(now["status"], "completed", "{now}");
    let outcomes: Vec<&str> =
        now["batches"].as_array().unwrap().iter().map(|batch| batch["outcome"].as_str().unwrap()).collect();
    let [never, forgotten, done] = outcomes[..] else { panic!("{outcomes:?}") };
    assert!(never.starts_with("given up") && forgotten.starts_with("given up") && done.starts_with("3 accepted"));
    assert!(app.clock.now() < begun + TimeDelta::minutes(33), "a deadline each, of a quarter of an hour");
    assert!(now["counts"]["calls"].as_u64().unwrap() < 60, "not asked without end: {now}");
    assert_eq!(app.items(&synced).await, json!({ "accepted": 3 }));
    app.stop().await;
}

async fn a_batch_nobody_can_ask_after_is_given_up_too(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(3, json!({})).await;
    let garbage = Fault::FailWithBody { status: 200, body: json!("<html>") };
    synced.catalog.next_calls(10_000, Calls::CatalogStatus, garbage);
    let run = app.starts(&synced, "full").await;
    let now = app.ended(&run).await;
    assert_eq!((&now["status"], &now["failure"]["code"]), (&json!("failed"), &json!("never_finished")), "{now}");
    assert!(now["failure"]["detail"].as_str().unwrap().contains("3 times in a row"), "{now}");
    assert_eq!(app.items(&synced).await, json!({ "owed": 3 }));
    app.meta.mend();
    let run = app.starts(&synced, "incremental").await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    for sku in ["P00000", "P00001", "P00002"] {
        let mut contents = synced.catalog.written_to(sku);
        contents.dedup();
        assert_eq!(contents.len(), 1, "written again as it was");
    }
    app.stop().await;
}

async fn a_handle_that_is_missing_means_that_nothing_was_taken(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(3, json!({})).await;
    let nothing = || Fault::FailWithBody { status: 200, body: json!({ "handles": [] }) };
    synced.catalog.next_calls(2, Calls::CatalogBatches, nothing());
    let run = app.starts(&synced, "full").await;
    assert_eq!(app.ended(&run).await["status"], "completed", "the third time it is taken");
    assert_eq!(synced.catalog.writes().len(), 3);
    app.sell(&synced.shop, json!([product(0, "21.00")])).await;
    synced.catalog.next_calls(3, Calls::CatalogBatches, nothing());
    let run = app.starts(&synced, "incremental").await;
    let now = app.ended(&run).await;
    assert_eq!((&now["status"], &now["failure"]["code"]), (&json!("failed"), &json!("nothing_taken")), "{now}");
    assert_eq!(app.items(&synced).await, json!({ "accepted": 2, "owed": 1 }));
    let run = app.starts(&synced, "incremental").await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    assert_eq!(synced.catalog.writes().len(), 4);
    app.stop().await;
}

async fn odd_answers_settle_only_what_they_are_about(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(4, json!({})).await;
    let others = json!({ "data": [{ "handle": "Acy_of_another", "status": "finished" }] });
    let long = "It is not good. ".repeat(1 << 16);
    let errors = json!([{ "line": "x", "id": "P00001", "message": long }, { "id": null, "message": 7.5 }]);
    let odd = json!({ "data": [{ "status": "FINISHED", "errors_total_count": "NaN", "errors": [errors[0]],
        "warnings_total_count": -1, "ids_of_invalid_requests": ["P00001", "NOBODYS"] }] });
    for body in [others, json!({ "data": [] }), json!({ "data": [{ "errors": errors }] }), odd] {
        synced.catalog.next_calls(1, Calls::CatalogStatus, Fault::FailWithBody { status: 200, body });
    }
    let run = app.starts(&synced, "full").await;
    let now = app.ended(&run).await;
    assert_eq!(now["status"], "completed_with_rejections", "{now}");
    assert_eq!((&now["counts"]["accepted"], &now["counts"]["rejected"]), (&json!(3), &json!(1)), "{now}");
    assert_eq!(app.items(&synced).await, json!({ "accepted": 3, "rejected": 1 }));
    let item = app.read(&format!("{}/items/P00001", catalog_of(&synced.shop))).await;
    let reason = item["reason"].as_str().unwrap();
    assert!(reason.starts_with("It is not good.") && reason.len() <= 1000, "{}", reason.len());
    app.stop().await;
}

async fn a_slow_review_is_asked_for_and_an_appeal_is_heard(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(3, json!({ "reviews": true })).await;
    let rejects = Rejects { word: "Thing 1".to_owned(), reason: "WEAPONS".to_owned() };
    synced.catalog.rules(|rules| {
        (rules.review.takes_ms, rules.review.appeals_win) = (3 * 3_600_000, true);
        rules.review.rejects = vec![rejects];
    });
    let run = app.starts(&synced, "full").await;
    assert_eq!(app.ended(&run).await["status"], "completed");
    app.let_pass(90 * MINUTE).await;
    assert_eq!(app.items(&synced).await, json!({ "accepted": 3 }), "completed is not visible");
    pass(&app, Duration::from_secs(6 * 3600)).await;
    assert_eq!(app.items(&synced).await, json!({ "live": 2, "rejected": 1 }));
    let item = format!("{}/items/P00001", catalog_of(&synced.shop));
    assert_eq!(
        app.read(&item).await["reason"].as_str().map(|reason| reason.to_lowercase().contains("weapons")),
        Some(true)
    );
    let reason = json!({ "reason": "It is a scarf, as the picture shows" });
    let (status, answer) = app.call(Method::POST, &format!("{item}/appeal"), &reason).await;
    assert_eq!(status, 200, "{answer}");
    app.settle().await;
    assert_eq!(app.read(&item).await["review"], "pending");
    // Nobody is told when it is heard: the next look tells.
    let run = app.starts(&synced, "drift").await;
    app.ended(&run).await;
    pass(&app, Duration::from_secs(24 * 3600)).await;
    let run = app.starts(&synced, "drift").await;
    app.ended(&run).await;
    assert_eq!(app.read(&item).await["state"], "live");
    let (status, problem) = app.call(Method::POST, &format!("{item}/appeal"), &reason).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("not_rejected")), "{problem}");
    assert_eq!(synced.catalog.writes().len(), 3, "nothing was sent for it");
    app.stop().await;
}

/// Time passes an hour at a time, so that what is due in between is done.
async fn pass(app: &TestApp, time: Duration) {
    for _ in 0..time.as_secs() / 3600 {
        app.let_pass(60 * MINUTE).await;
    }
}
