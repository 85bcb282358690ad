//! All that Meta is known to send, at its worst: everything twice, in any order, in POSTs of any size, some late. What
//! comes of it is told by the tables of the samples, and is the same whatever the order was.

use std::collections::{BTreeMap, BTreeSet};

use hawker::sandbox::{Answer, Purpose};
use serde_json::{Value, json};

use crate::samples::{INSTAGRAM, MESSENGER, Row, WHATSAPP, bodies, connected};
use crate::support::{APP_SECRET, Database, Shop, TestApp, both};

both![all_samples_twice_and_in_any_order_end_alike, all_samples_of_one_conversation_end_alike_in_any_order];

const FOLDERS: [(&str, &[Row]); 3] = [("instagram", INSTAGRAM), ("page", MESSENGER), ("whatsapp", WHATSAPP)];

/// In the order of their names, once each; that is what the others are compared with.
const CALM: Mixing = Mixing { copies: 1, seed: 0, most_per_post: 1 };
const MIXED: [Mixing; 2] =
    [Mixing { copies: 2, seed: 1, most_per_post: 12 }, Mixing { copies: 2, seed: 20_261_001, most_per_post: 40 }];

#[derive(Clone, Copy, Debug)]
struct Mixing {
    copies: usize,
    seed: u64,
    most_per_post: usize,
}

async fn all_samples_twice_and_in_any_order_end_alike(database: Database) {
    let engine = database.engine;
    let calm = end_of_each(database, CALM).await;
    for what in ["orders:", "leads:", "comments:", "{"] {
        assert!(calm.iter().filter(|line| line.starts_with(what)).count() > 4, "{what} {calm:#?}");
    }
    for mixing in MIXED {
        same(&calm, &end_of_each(Database::of(engine).await, mixing).await, mixing);
    }
}

/// What one sample edits, reads or answers is what another says.
async fn all_samples_of_one_conversation_end_alike_in_any_order(database: Database) {
    let engine = database.engine;
    let first = end_of_all(database, MIXED[0]).await;
    for seed in 2..5 {
        let mixing = Mixing { seed, ..MIXED[1] };
        same(&first, &end_of_all(Database::of(engine).await, mixing).await, mixing);
    }
}

async fn start(database: Database) -> (TestApp, [Shop; 2]) {
    let app = TestApp::start_with(database, &[("meta.meta_app_secret", APP_SECRET)]).await;
    let shops = [app.shop_number(1, json!({})).await, app.shop_number(2, json!({})).await];
    (app, shops)
}

/// Has all samples delivered, each to accounts of its own, and says how everything ended, a line each.
async fn end_of_each(database: Database, mixing: Mixing) -> BTreeSet<String> {
    let (app, shops) = start(database).await;
    let mut all = Vec::new();
    for body in FOLDERS.iter().flat_map(|(folder, _)| bodies(folder).into_values()) {
        all.push(connected(&app, shops.each_ref().map(|shop| shop.seller.0), all.len(), body).await);
    }
    deliver(&app, &all, mixing).await;
    app.fall_silent().await;
    let told: Vec<_> = FOLDERS.iter().flat_map(|(_, rows)| *rows).flat_map(|(_, ends)| *ends).collect();
    let received = &app.read("/api/v1/ledger").await["equation"]["received"];
    assert_eq!(received.as_u64().unwrap(), (told.len() * mixing.copies) as u64);
    let told = told.iter().filter(|(_, end)| *end != "known").map(|(kind, end)| outcome(kind, end));
    let found = app.inbox().await.events().await.into_iter().map(|event| outcome(&event.kind, &event.end));
    same(&numbered(told), &numbered(found), mixing);
    lines(app, &shops).await
}

/// The same, but all to the same few accounts, and each body at a time of its own: what happened at one time stands in
/// the order in which it came.
async fn end_of_all(database: Database, mixing: Mixing) -> BTreeSet<String> {
    const BETWEEN: &str = "\u{1e}";
    let (app, shops) = start(database).await;
    let files = ["instagram", "page"].into_iter().flat_map(bodies);
    // One message is told twice at two times in it; the first to come would count.
    let files = files.filter(|(name, _)| !name.starts_with("batch_"));
    let all: Vec<String> = files.enumerate().map(|(number, (_, body))| earlier(&body, 2 * number)).collect();
    let all = connected(&app, shops.each_ref().map(|shop| shop.seller.0), 0, all.join(BETWEEN)).await;
    deliver(&app, &all.split(BETWEEN).map(str::to_owned).collect::<Vec<_>>(), mixing).await;
    app.fall_silent().await;
    lines(app, &shops).await
}

/// The body, so many thousands of seconds earlier: all samples are of the same moment, give or take a second.
fn earlier(body: &str, thousands: usize) -> String {
    let (before, at) = (format!("1790{}", 855 - thousands), format!("1790{}", 856 - thousands));
    body.replace("1790855", &before).replace("1790856", &at)
}

/// What the sellers see, once nothing is left to do.
async fn lines(app: TestApp, shops: &[Shop]) -> BTreeSet<String> {
    let mut lines = Vec::new();
    for shop in shops {
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
fn same(wanted: &BTreeSet<String>, found: &BTreeSet<String>, mixing: Mixing) {
    let (lost, made_up): (Vec<_>, Vec<_>) = (wanted.difference(found).collect(), found.difference(wanted).collect());
    assert!(lost.is_empty() && made_up.is_empty(), "{mixing:?}\nlost: {lost:#?}\nmade up: {made_up:#?}");
}

/// Through the stand-in's own address, as another process would. Every POST is taken at once.
async fn deliver(app: &TestApp, bodies: &[String], mixing: Mixing) {
    let Mixing { copies, seed, most_per_post } = mixing;
    let bodies = bodies.join(",");
    let order = format!(
        r#"{{"bodies":[{bodies}],"copies":{copies},"seed":{seed},"most_per_post":{most_per_post},"within_ms":300}}"#
    );
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
    const NUMBERS: [&str; 5] = ["id", "conversation", "customer", "message", "version"];
    match value {
        Value::Object(members) => {
            members.retain(|name, value| !(NUMBERS.contains(&name.as_str()) && value.is_number()));
            members.values_mut().for_each(forget_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_numbers),
        Value::String(text) => *text = without_numbers(text),
        _ => {}
    }
}

/// The text without the number of an order, which our own buttons carry, or of a call to Meta. The preview of a confirmation ends sooner or later,
/// as the number is long or short.
fn without_numbers(text: &str) -> String {
    if text.starts_with("hawker:") {
        return "a button of ours".to_owned();
    }
    let text = text.split(", trace").next().unwrap();
    match text.strip_prefix("Your order ") {
        Some(rest) => rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).chars().take(40).collect(),
        None => text.to_owned(),
    }
}
