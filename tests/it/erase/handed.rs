//! All that is held of a customer is handed over, to whoever may have it; a new table cannot be forgotten.

use std::collections::BTreeSet;

use actors::store::exports::{IMPERSONAL, PERSONAL, Section};
use http::Method;
use serde_json::{Value, json};

use super::{WORDS, all_over, customer_of, forget, says, tells_everything};
use crate::support::{Database, Shop, TestApp, both, free};
use crate::talk::post_sample;

both![
    all_that_is_held_of_a_customer_is_handed_over_and_after_an_erasure_nothing_is,
    what_is_held_is_handed_over_to_nobody_else,
    of_every_table_it_is_known_whether_it_holds_persons,
    a_long_conversation_is_handed_over_whole,
];

fn path(shop: &Shop, customer: i64) -> String {
    format!("/api/v1/sellers/{}/customers/{customer}/export", shop.seller)
}

fn rows<'a>(export: &'a Value, section: &str) -> &'a Vec<Value> {
    export[section].as_array().unwrap_or_else(|| panic!("there is no {section}: {export}"))
}

async fn all_that_is_held_of_a_customer_is_handed_over_and_after_an_erasure_nothing_is(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    says(&app, &shop.customer("Ada"), "one canvas apron please, to 12 Harbour Street").await;
    let zoraida = tells_everything(&app, &shop).await;
    let words = [("5614879000000001", zoraida.id()), ("Price please! 2 of the blue one", "vintage turquoise brooch?")];
    post_sample(&app, "instagram/changes_comments", &words).await;
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    let order = app.orders(&shop).await.iter().find(|it| it["customer"] == customer).cloned();
    let before = app.read(&path(&shop, customer)).await;
    let told = before.to_string();
    for word in WORDS.iter().filter(|word| **word != "15550100177").chain([&zoraida.id()]) {
        assert!(told.contains(word), "{word} is missing: {told}");
    }
    assert!(!told.contains("Harbour") && !told.contains("seller_id"), "{told}");
    let filled = Section::ALL.into_iter().filter(|section| !matches!(section, Section::Aliases | Section::LooseEnds));
    for section in filled {
        assert!(!rows(&before, section.name()).is_empty(), "{} is empty: {before}", section.name());
    }
    let handed = &rows(&before, "orders")[0];
    assert!(!handed["lines"].as_array().unwrap().is_empty() && !handed["history"].as_array().unwrap().is_empty());
    assert!(rows(&before, "messages")[0]["at"].as_str().unwrap().starts_with("2026-"), "{before}");
    assert!(rows(&before, "events")[0]["said"].is_object(), "what Meta sent, as JSON");
    // What holds something personal is known to, and so is exported and erased.
    let known: BTreeSet<&str> = PERSONAL.iter().map(|(table, _)| *table).collect();
    for (found, _) in app.database().columns_with(&WORDS).await {
        assert!(known.contains(found.split('.').next().unwrap()), "{found}, and is not known to be personal");
    }
    let audit = app.read("/api/v1/audit?limit=5").await;
    assert!(audit.to_string().contains("customer.exported"), "{audit}");
    forget(&app, &shop, customer).await;
    all_over(&app, &shop).await;
    app.settle().await;
    let after = app.read(&path(&shop, customer)).await;
    for word in WORDS.iter().chain([&zoraida.id()]) {
        assert!(!after.to_string().contains(word), "{word} is still there: {after}");
    }
    for section in ["messages", "leads", "notes", "comments", "events"] {
        assert_eq!(rows(&after, section), &Vec::<Value>::new(), "{section}");
    }
    if order.is_some() {
        assert_eq!(rows(&after, "orders")[0]["lines"][0]["unit_minor"], handed["lines"][0]["unit_minor"]);
    }
    app.stop().await;
}

async fn key(app: &TestApp, seller: i64, scope: &str) -> String {
    let new = json!({ "name": "till", "scopes": [scope] });
    let (_, made) = app.call(Method::POST, &format!("/api/v1/sellers/{seller}/keys"), &new).await;
    made["key"].as_str().unwrap().to_owned()
}

async fn what_is_held_is_handed_over_to_nobody_else(database: Database) {
    let app = TestApp::start(database).await;
    let (one, two) = (app.shop_number(1, free()).await, app.shop_number(2, free()).await);
    let zoraida = tells_everything(&app, &one).await;
    let customer = customer_of(&app, &one, zoraida.id()).await;
    let ask = async |key: &str, path: &str| {
        let (status, answer) = app.call_as(Some(key), Method::GET, path, String::new()).await;
        assert!(status.is_success() || !answer.to_string().contains("ZORAIDA"), "{answer}");
        status.as_u16()
    };
    let own = key(&app, one.seller.0, "privacy:read").await;
    assert_eq!(ask(&own, &path(&one, customer)).await, 200);
    assert_eq!(ask(&own, &path(&one, 99_999)).await, 404);
    let narrow = key(&app, one.seller.0, "conversations:read").await;
    assert_eq!(ask(&narrow, &path(&one, customer)).await, 403);
    let others = key(&app, two.seller.0, "privacy:read").await;
    assert_eq!(ask(&others, &path(&one, customer)).await, 403);
    assert_eq!(ask(&others, &path(&two, customer)).await, 404, "an id is one shop's");
    app.stop().await;
}

async fn of_every_table_it_is_known_whether_it_holds_persons(database: Database) {
    let app = TestApp::start(database).await;
    let known = PERSONAL.iter().map(|(table, _)| *table).chain(IMPERSONAL.iter().map(|(table, _)| *table));
    let known: Vec<String> = known.map(str::to_owned).collect();
    let tables = app.database().tables().await;
    assert_eq!(known.iter().cloned().collect::<BTreeSet<_>>(), tables, "say of a new table what it holds");
    assert_eq!(known.len(), tables.len(), "one is there twice");
    app.stop().await;
}

async fn a_long_conversation_is_handed_over_whole(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = shop.customer("ZORAIDA");
    for n in 0..450 {
        says(&app, &zoraida, &format!("thing number {n}")).await;
    }
    app.settle().await;
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    let export = app.read(&path(&shop, customer)).await;
    let said = |section: &str| {
        let told: Vec<String> = rows(&export, section).iter().map(ToString::to_string).collect();
        (0..450).filter(|n| told.iter().any(|row| row.contains(&format!("thing number {n}\"")))).count()
    };
    assert_eq!((said("messages"), said("events")), (450, 450));
    assert_eq!(rows(&export, "events").len(), 450, "each of them once");
    app.stop().await;
}
