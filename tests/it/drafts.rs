//! Drafts over many messages, as customers make them: with buttons, corrections and the same again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Database, Shop, TestApp, apron, both, free, wanted};

both![
    a_missing_option_is_chosen_with_a_button,
    an_unsure_order_is_confirmed_by_its_button,
    an_unsure_order_is_confirmed_by_a_typed_yes,
    an_unsure_order_is_cancelled_by_its_button_and_ordered_anew,
    a_button_of_a_closed_order_changes_nothing,
    a_button_tapped_across_a_restart_means_the_same,
    a_sellers_own_buttons_are_understood,
    the_same_as_last_time_is_the_last_order_at_todays_price,
    what_a_button_carries_is_kept_whatever_it_is,
];

const MINUTE: Duration = Duration::from_secs(60);

/// A shop that needs no details, and a draft of two aprons that nobody is sure of.
async fn unsure(app: &TestApp) -> Shop {
    let shop = app.shop_number(1, free()).await;
    for text in ["one canvas apron please", "two canvas aprons please"] {
        app.deliver(&shop.customer("Ada").writes(text)).await;
        app.clock.advance(Duration::from_secs(1));
    }
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    shop
}

/// Ada taps a button beneath the last message that has one.
async fn tap(app: &TestApp, shop: &Shop, button: &str) {
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&shop.customer("Ada").taps(button).unwrap()).await;
    app.fall_silent().await;
}

async fn says(app: &TestApp, shop: &Shop, text: &str) {
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&shop.customer("Ada").writes(text)).await;
    app.fall_silent().await;
}

async fn states(app: &TestApp, shop: &Shop) -> Vec<Value> {
    app.orders(shop).await.into_iter().map(|order| order["state"].clone()).collect()
}

async fn a_missing_option_is_chosen_with_a_button(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    says(&app, &shop, "two blue linen shirts please").await;
    let [question] = &shop.customer("Ada").received()[..] else { panic!("one question was expected") };
    let titles: Vec<&str> = question.quick_replies.iter().map(|button| button.title.as_str()).collect();
    assert_eq!(titles, ["S", "M", "L"]);
    assert_eq!(app.outbox(&shop).await[0]["quick_replies"].as_array().unwrap().len(), 3);
    tap(&app, &shop, "L").await;
    let order = app.order(&shop).await;
    assert_eq!((wanted(&order), &order["state"]), (vec![("SHIRT-Blue-L".to_owned(), 2)], &json!("confirmed")));
    app.stop().await;
}

async fn an_unsure_order_is_confirmed_by_its_button(database: Database) {
    let app = TestApp::start(database).await;
    let shop = unsure(&app).await;
    assert_eq!(app.looks(&shop).await, ["unsure"]);
    tap(&app, &shop, "Confirm").await;
    assert_eq!(app.order(&shop).await["state"], "confirmed");
    assert_eq!(app.looks(&shop).await, Vec::<String>::new());
    assert_eq!(shop.customer("Ada").received().len(), 2, "the summary and the confirmation");
    app.stop().await;
}

async fn an_unsure_order_is_confirmed_by_a_typed_yes(database: Database) {
    let app = TestApp::start(database).await;
    let shop = unsure(&app).await;
    says(&app, &shop, "ok, thanks!").await;
    assert_eq!(app.order(&shop).await["state"], "confirmed");
    app.stop().await;
}

async fn an_unsure_order_is_cancelled_by_its_button_and_ordered_anew(database: Database) {
    let app = TestApp::start(database).await;
    let shop = unsure(&app).await;
    tap(&app, &shop, "Cancel").await;
    assert_eq!(app.order(&shop).await["state"], "cancelled");
    assert_eq!(app.looks(&shop).await, Vec::<String>::new());
    says(&app, &shop, "one market tote bag please").await;
    let order = app.order(&shop).await;
    assert_eq!((wanted(&order), &order["state"]), (vec![("TOTE".to_owned(), 1)], &json!("confirmed")));
    app.stop().await;
}

async fn a_button_of_a_closed_order_changes_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let shop = unsure(&app).await;
    tap(&app, &shop, "Confirm").await;
    let confirmed = app.orders(&shop).await;
    tap(&app, &shop, "Confirm").await;
    tap(&app, &shop, "Cancel").await;
    assert_eq!(app.orders(&shop).await, confirmed);
    assert_eq!(app.looks(&shop).await, ["change_wanted", "stale_button"]);
    assert_eq!(shop.customer("Ada").received().len(), 2);
    app.stop().await;
}

async fn a_button_tapped_across_a_restart_means_the_same(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = unsure(&app).await;
    app.restart().await;
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&shop.customer("Ada").writes("yes please")).await;
    app.settle().await;
    app.restart().await;
    app.deliver(&shop.customer("Ada").writes("what a nice day")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "confirmed", "what the yes was to is stored with it");
    app.stop().await;
}

async fn a_sellers_own_buttons_are_understood(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.presses_button("Get two aprons", "ORDER:APRON:2")).await;
    app.fall_silent().await;
    let order = app.order(&shop).await;
    assert_eq!((wanted(&order), &order["state"]), (vec![("APRON".to_owned(), 2)], &json!("confirmed")));
    app.clock.advance(MINUTE);
    app.deliver(&ada.presses_button("Get a hat", "ORDER:HAT:1")).await;
    app.fall_silent().await;
    assert_eq!((states(&app, &shop).await.len(), app.looks(&shop).await), (1, vec!["unknown_product".to_owned()]));
    app.stop().await;
}

async fn the_same_as_last_time_is_the_last_order_at_todays_price(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    says(&app, &shop, "two blue linen shirts in M and one canvas apron please").await;
    assert_eq!(app.order(&shop).await["state"], "confirmed");
    app.sell(&shop, json!([apron("21.00", None)])).await;
    app.restart().await;
    app.clock.advance(MINUTE);
    says(&app, &shop, "the same as last time please").await;
    let orders = app.orders(&shop).await;
    assert_eq!((orders.len(), wanted(&orders[1])), (2, wanted(&orders[0])));
    assert_eq!((&orders[1]["state"], &orders[1]["total"]["amount"]), (&json!("draft"), &json!("80.80")));
    let evidence = &orders[1]["lines"][0]["evidence"][0];
    assert_eq!(evidence["for"], format!("order {}", orders[0]["id"]));
    tap(&app, &shop, "Confirm").await;
    assert_eq!(states(&app, &shop).await, ["confirmed", "confirmed"]);
    app.stop().await;
}

async fn what_a_button_carries_is_kept_whatever_it_is(database: Database) {
    let app = TestApp::start(database).await;
    let shop = unsure(&app).await;
    let before = app.order(&shop).await;
    let ada = shop.customer("Ada");
    let forged = r#"hawker:1:{"do":"cancel","order":999999}"#;
    for payload in ["WHAT", "hawker:1:", r#"hawker:9:{"do":"cancel"}"#, "ORDER:APRON:0", "ORDER::", forged] {
        app.clock.advance(Duration::from_secs(1));
        app.deliver(&ada.presses_button("three canvas aprons", payload)).await;
    }
    app.fall_silent().await;
    let payloads: Vec<Value> = app.messages(&shop).await.iter().map(|message| message["payload"].clone()).collect();
    assert!(payloads.contains(&json!(forged)) && payloads.contains(&json!("WHAT")));
    assert_eq!(app.order(&shop).await, before);
    assert_eq!(app.looks(&shop).await, ["unsure", "stale_button"]);
    app.stop().await;
}
