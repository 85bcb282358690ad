//! Meta delivers at least once, in any order, in any batch, and not always what can be read.

use futures::future::join_all;
use hawker::sandbox::{Answer, Batching, WebhookEvent};
use serde_json::{Value, json};

use crate::support::{Database, Shop, TestApp, both};

const TAKEN: Answer = Answer::Status(200);

both![
    a_message_delivered_fifty_times_at_once_makes_one_order,
    batches_that_overlap_are_taken_once_each,
    a_thousand_events_of_fifty_sellers_with_three_bad_ones_are_all_accounted_for,
    events_of_an_account_nobody_connected_are_kept,
    a_body_that_is_no_json_is_kept_once,
    kinds_not_acted_on_are_kept,
    an_entry_without_events_is_taken,
];

async fn a_message_delivered_fifty_times_at_once_makes_one_order(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    let event = ada.writes("one canvas apron please");
    let answers = join_all((0..50).map(|_| app.meta.deliver(&event))).await;
    assert!(answers.iter().all(|answer| *answer == TAKEN), "{answers:?}");
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["lines"][0]["quantity"], 1);
    assert_eq!((app.leads(&shop).await.len(), ada.received().len()), (1, 1));
    let ledger = app.read("/api/v1/ledger").await;
    // The answer's echo is the fifty-first.
    let counts = ["received", "handled", "duplicate"].map(|what| ledger["equation"][what].as_i64().unwrap());
    assert_eq!(counts, [51, 2, 49]);
    app.stop().await;
}

async fn batches_that_overlap_are_taken_once_each(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let [ada, ben] = [shop.customer("Ada"), shop.customer("Ben")];
    let events: Vec<WebhookEvent> =
        (0..6).map(|number| [&ada, &ben][number % 2].writes(&format!("hello {number}"))).collect();
    let once = app.meta.deliver_all(&events[..4], Batching::OnePost).await;
    let again = app.meta.deliver_all(&events[2..], Batching::OnePost).await;
    assert_eq!((once, again), (vec![TAKEN], vec![TAKEN]));
    app.settle().await;
    let ledger = app.read("/api/v1/ledger").await;
    assert_eq!((&ledger["equation"]["handled"], &ledger["equation"]["duplicate"]), (&json!(6), &json!(2)));
    assert_eq!(app.conversations(&shop).await.len(), 2);
    app.stop().await;
}

async fn a_thousand_events_of_fifty_sellers_with_three_bad_ones_are_all_accounted_for(database: Database) {
    let app = TestApp::start(database).await;
    let mut shops = vec![app.shop().await];
    for number in 2..=50 {
        shops.push(app.empty_shop(number, json!({})).await);
    }
    let events = a_thousand_events(&shops);
    let body = app.meta.body_of(&events.iter().collect::<Vec<_>>());
    let signature = app.meta.sign(&body);
    assert_eq!(app.meta.post(body, &signature).await, TAKEN);
    app.settle().await;
    let ledger = app.read("/api/v1/ledger").await;
    let counts = ["received", "handled", "ledgered"].map(|what| ledger["equation"][what].as_i64().unwrap());
    assert_eq!(counts, [1000, 998, 2], "{ledger}");
    assert_eq!(app.ledgered("unreadable").await, 2);
    let messages = app.messages(&shops[1]).await;
    assert!(messages.iter().any(|message| message["text"] == "before after"), "NUL is left out: {messages:?}");
    app.stop().await;
}

/// Twenty of each shop; among them a lone surrogate, a NUL, and one nested deeper than any reader goes.
fn a_thousand_events(shops: &[Shop]) -> Vec<WebhookEvent> {
    let customers: Vec<_> = shops.iter().map(|shop| shop.customer("Ada")).collect();
    let mut events: Vec<WebhookEvent> =
        (0..1000).map(|number| customers[number % 50].writes(&format!("hello {number}"))).collect();
    let deep = format!(r#"{{"text":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    events[500] = customers[0].sends(r#"{"text":"half a heart \ud83d"}"#);
    events[501] = customers[1].sends(r#"{"text":"before\u0000 after"}"#);
    events[502] = customers[2].sends(&deep);
    events
}

async fn events_of_an_account_nobody_connected_are_kept(database: Database) {
    let app = TestApp::start(database).await;
    let stranger = app.meta.add_account("17841499999999999", "stranger", "1030", "token-of-a-stranger");
    app.deliver(&stranger.customer("Ada").writes("one apron please")).await;
    app.settle().await;
    assert_eq!(app.ledgered("unknown_account").await, 1);
    app.stop().await;
}

async fn a_body_that_is_no_json_is_kept_once(database: Database) {
    let app = TestApp::start(database).await;
    for body in [&b"not json"[..], b"not json", b"\xff\xfe"] {
        assert_eq!(app.meta.post(body.to_vec(), &app.meta.sign(body)).await, TAKEN);
    }
    app.settle().await;
    assert_eq!(app.ledgered("unreadable_body").await, 2);
    let ledger = app.read("/api/v1/ledger").await;
    assert_eq!(ledger["equation"]["duplicate"], 1);
    let sentence = ledger["ledgered"][0]["sentence"].as_str();
    assert!(sentence.is_some_and(|sentence| sentence.ends_with('.')), "it says what to do: {ledger}");
    app.stop().await;
}

async fn kinds_not_acted_on_are_kept(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    let hello = ada.writes("hello");
    let about = |kind: &str, rest: &str| ada.does(&format!(r#""{kind}":{{"mid":"{}"{rest}}}"#, hello.mid()));
    let events = [
        hello.clone(),
        about("read", ""),
        about("reaction", r#","action":"react","reaction":"love","emoji":"\u2764""#),
        about("message_edit", r#","text":"hullo","num_edit":1"#),
        ada.does(r#""something_new":{"of":"next year"}"#),
    ];
    assert_eq!(app.meta.deliver_all(&events, Batching::OnePost).await, [TAKEN]);
    app.settle().await;
    assert_eq!(app.ledgered("unknown_kind").await, 1);
    assert_eq!(app.messages(&shop).await.len(), 1);
    app.stop().await;
}

async fn an_entry_without_events_is_taken(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for body in [json!({ "object": "instagram", "entry": [] }), bare_entry(shop.account.id())] {
        let body = body.to_string().into_bytes();
        let signature = app.meta.sign(&body);
        assert_eq!(app.meta.post(body, &signature).await, TAKEN);
    }
    app.settle().await;
    // Taken means counted, even where there was nothing to act on.
    assert_eq!(app.ledgered("not_used").await, 2);
    app.stop().await;
}

fn bare_entry(account: &str) -> Value {
    json!({ "object": "instagram", "entry": [{ "id": account, "time": 1_790_856_000 }] })
}
