//! All that Meta is known to send, at its worst: everything twice, in any order, in POSTs of any size, some late. What
//! comes of it is told by the tables of the samples, and is the same whatever the order was.

use std::collections::{BTreeMap, BTreeSet};

use hawker::sandbox::{Answer, Purpose};
use serde_json::{Value, json};

use crate::samples::{INSTAGRAM, MESSENGER, Row, WHATSAPP, bodies, connected};
use crate::support::{APP_SECRET, Database, Shop, TestApp, both};

both![all_samples_twice_and_in_any_order_end_alike];

const FOLDERS: [(&str, &[Row]); 3] = [("instagram", INSTAGRAM), ("page", MESSENGER), ("whatsapp", WHATSAPP)];

async fn all_samples_twice_and_in_any_order_end_alike(database: Database) {
    let engine = database.engine;
    let calm = end(database, json!({ "copies": 1 })).await;
    for seed in [1, 20_261_001] {
        let mixing = json!({ "copies": 2, "seed": seed, "most_per_post": 12, "within_ms": 300 });
        same(&calm, &end(Database::of(engine).await, mixing.clone()).await, &mixing);
    }
}

/// Has all samples delivered, each to accounts of its own, and says how everything ended, a line each.
async fn end(database: Database, mixing: Value) -> BTreeSet<String> {
    let app = TestApp::start_with(database, &[("meta.meta_app_secret", APP_SECRET)]).await;
    let shops = [app.empty_shop(1, json!({})).await, app.empty_shop(2, json!({})).await];
    let mut all = Vec::new();
    for body in FOLDERS.iter().flat_map(|(folder, _)| bodies(folder).into_values()) {
        all.push(connected(&app, [shops[0].seller.0, shops[1].seller.0], all.len(), body).await);
    }
    deliver(&app, &all, &mixing).await;
    app.fall_silent().await;
    let told: Vec<(&str, &str)> = FOLDERS.iter().flat_map(|(_, rows)| *rows).flat_map(|(_, ends)| *ends).copied().collect();
    let received = &app.read("/api/v1/ledger").await["equation"]["received"];
    assert_eq!(received.as_u64().unwrap(), told.len() as u64 * mixing["copies"].as_u64().unwrap());
    let told = told.iter().filter(|(_, end)| *end != "known").map(|(kind, end)| outcome(kind, end));
    let found = app.inbox().await.events().await.into_iter().map(|event| outcome(&event.kind, &event.end));
    same(&numbered(told), &numbered(found), &mixing);
    let mut lines = Vec::new();
    for shop in &shops {
        lines.extend(lines_of(&app, shop).await);
    }
    app.stop().await;
    numbered(lines.into_iter())
}

/// Which of two receipts of one message says nothing new hangs on which comes first.
fn outcome(kind: &str, end: &str) -> String {
    match (kind, end) {
        ("status", "duplicate") => outcome(kind, "handled"),
        _ => format!("{kind}: {end}"),
    }
}

/// Fails with what is in one and not in the other.
fn same(wanted: &BTreeSet<String>, found: &BTreeSet<String>, mixing: &Value) {
    let (lost, made_up): (Vec<_>, Vec<_>) = (wanted.difference(found).collect(), found.difference(wanted).collect());
    assert!(lost.is_empty() && made_up.is_empty(), "{mixing}\nlost: {lost:#?}\nmade up: {made_up:#?}");
}

/// Through the stand-in's own address, as another process would. Every POST is taken at once.
async fn deliver(app: &TestApp, bodies: &[String], mixing: &Value) {
    let mut order = mixing.to_string();
    order.insert_str(1, &format!(r#""bodies":[{}],"#, bodies.join(",")));
    let answer = app.http().post(format!("{}/sandbox/deliver", app.meta.url())).body(order).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["taken"], answer["posts"], "{answer}");
    let deliveries = app.meta.deliveries().into_iter().filter(|delivery| delivery.purpose == Purpose::Event);
    assert!(deliveries.into_iter().all(|delivery| delivery.answers == [Answer::Status(200)]));
}

/// What the seller sees, without our numbers, which follow the order in which things came.
async fn lines_of(app: &TestApp, shop: &Shop) -> Vec<String> {
    let mut lines = Vec::new();
    for what in ["orders", "leads", "comments", "outbox"] {
        let all = app.read(&format!("/api/v1/sellers/{}/{what}?limit=500", shop.seller)).await;
        lines.extend(all["data"].as_array().unwrap().iter().map(|row| format!("{what}: {}", told(row))));
    }
    let conversations = app.read(&format!("/api/v1/sellers/{}/conversations?limit=500", shop.seller)).await;
    for conversation in conversations["data"].as_array().unwrap() {
        let path = format!("/api/v1/sellers/{}/conversations/{}/messages", shop.seller, conversation["id"]);
        let messages = app.read(&path).await;
        let messages = messages["data"].as_array().unwrap().iter().map(told).collect::<Vec<_>>();
        lines.push(format!("{}: {messages:#?}", told(conversation)));
    }
    lines
}

/// Lines that are alike are told apart by their count, so that a double shows.
fn numbered(lines: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut counts = BTreeMap::<String, u32>::new();
    let count = |line: String| {
        let count = counts.entry(line.clone()).or_default();
        *count += 1;
        format!("{line} ({count})")
    };
    lines.map(count).collect()
}

fn told(row: &Value) -> String {
    let mut row = row.clone();
    if row["author"] == "bot" {
        row["mid"] = Value::Null;
    }
    forget_numbers(&mut row);
    row.to_string()
}

fn forget_numbers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| !(["id", "conversation", "customer"].contains(&name.as_str()) && value.is_number()));
            members.values_mut().for_each(forget_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_numbers),
        _ => {}
    }
}
