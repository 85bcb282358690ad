//! What comes for an account before anybody has connected it.

use std::time::Duration;

use ::actors::domain::ids::SellerId;
use serde_json::json;

use super::browser::{self, PageOf, Person};
use super::{IG, PAGE};
use crate::support::{Database, Shop, both, until};

both![
    what_came_before_an_account_was_connected_is_taken_up_in_metas_order,
    what_came_before_is_taken_up_once_whatever_falls_meanwhile,
];

async fn what_came_before_an_account_was_connected_is_taken_up_in_metas_order(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    let account = person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) }).unwrap();
    let ada = account.customer("Ada");
    let (first, second) = (ada.writes("one apron please"), ada.writes_at("no, three aprons", app.clock_ms() + 1000));
    for event in [&second, &first, &second] {
        app.deliver(event).await;
    }
    assert_eq!(app.ledgered("unknown_account").await, 2);
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    until("it is taken up", async || (app.ledgered("unknown_account").await == 0).then_some(())).await;
    app.fall_silent().await;
    let shop = Shop { seller: SellerId(seller), account };
    assert_eq!(app.orders(&shop).await.len(), 1);
    let said: Vec<_> = app.messages(&shop).await.into_iter().map(|message| message["text"].clone()).collect();
    assert_eq!(said[..2], [json!("one apron please"), json!("no, three aprons")]);
    assert_eq!(ada.received().len(), 1);
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1, "connected anew, nothing is said anew");
    app.stop().await;
}

async fn what_came_before_is_taken_up_once_whatever_falls_meanwhile(database: Database) {
    let mut app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    let account = person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) }).unwrap();
    let customers: Vec<_> = (0..8).map(|n| account.customer(&format!("Customer {n}"))).collect();
    let second = |n: usize| app.clock_ms() + 1000 * i64::try_from(n).unwrap();
    let told = customers.iter().enumerate().map(|(n, customer)| {
        let words = [("one apron please", 0), ("no, three aprons", 10), ("no, two aprons", 20)];
        words.map(|(text, later)| customer.writes_at(text, second(n + later) - 60_000))
    });
    let events: Vec<_> = told.flatten().collect();
    // The newest first, and each twice.
    for event in events.iter().rev().chain(&events) {
        app.deliver(event).await;
    }
    assert_eq!(app.ledgered("unknown_account").await, 24);
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    for _ in 0..3 {
        app.vanish().await;
        app.start_again().await;
        // Meta goes on sending what it has sent.
        app.deliver(&events[7]).await;
        app.clock.advance(Duration::from_millis(300));
    }
    until("all of it is taken up", async || (app.ledgered("unknown_account").await == 0).then_some(())).await;
    app.fall_silent().await;
    let shop = Shop { seller: SellerId(seller), account };
    let orders = app.orders(&shop).await;
    assert_eq!(orders.len(), 8, "{orders:#?}");
    assert!(orders.iter().all(|order| order["lines"][0]["quantity"] == 2), "the last word by Meta's time: {orders:#?}");
    for customer in &customers {
        assert_eq!(customer.received().len(), 1, "{} is answered once", customer.name());
    }
    let list = app.read(&format!("/api/v1/sellers/{seller}/conversations?limit=100")).await;
    for conversation in list["data"].as_array().unwrap() {
        let path = format!("/api/v1/sellers/{seller}/conversations/{}/messages", conversation["id"]);
        let said = app.read(&path).await;
        let said: Vec<_> = said["data"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect();
        let [first, second, third] = ["one apron please", "no, three aprons", "no, two aprons"].map(|text| json!(text));
        assert_eq!(said[..3], [first, second, third], "{said:?}");
        assert_eq!(said.len(), 4, "and the answer");
    }
    app.stop().await;
}
