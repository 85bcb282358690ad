//! What the API tells of messages besides their words, and of what is said in public.

use std::fs;
use std::time::Duration;

use hawker::sandbox::Answer;
use serde_json::{Value, json};

use crate::channels;
use crate::support::{Database, TestApp, both, free, wanted};

both![
    a_message_shows_what_is_known_of_it,
    comments_are_listed_by_seller,
    an_edit_and_an_unsend_change_the_draft_and_a_reaction_is_shown,
    a_receipt_moves_a_message_of_ours,
    a_cart_on_whatsapp_becomes_a_confirmed_order,
    what_another_app_answers_is_drafted_and_not_answered,
    an_ad_is_the_source_of_its_lead_and_a_comment_is_listed,
];

/// Posts a sample of Meta's about the first shop's account, with some words in it replaced.
pub(crate) async fn post_sample(app: &TestApp, name: &str, words: &[(&str, &str)]) {
    let mut body = fs::read_to_string(format!("{}/tests/samples/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (from, to) in words {
        assert!(body.contains(from), "{name} says {from}");
        body = body.replace(from, to);
    }
    let signature = app.meta.sign(body.as_bytes());
    assert_eq!(app.meta.post(body.into_bytes(), &signature).await, Answer::Status(200), "{name}");
    app.settle().await;
}

async fn a_message_shows_what_is_known_of_it(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.meta.deliver(&shop.customer("Ada").writes("good morning")).await;
    app.fall_silent().await;
    let message = app.messages(&shop).await.remove(0);
    assert_eq!((&message["edited"], &message["unsent"]), (&json!(false), &json!(false)), "{message}");
    assert_eq!((&message["state"], &message["reactions"]), (&json!("received"), &json!([])), "{message}");
    for unknown in ["revision", "about", "referral", "failure"] {
        assert_eq!(message.get(unknown), Some(&Value::Null), "{message}");
    }
    let conversation = app.conversation(&shop).await;
    assert_eq!(conversation["in_other_hands"], false, "{conversation}");
    assert_eq!(app.leads(&shop).await[0].get("source"), Some(&Value::Null));
    app.stop().await;
}

async fn comments_are_listed_by_seller(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let comments = app.read(&format!("/api/v1/sellers/{}/comments", shop.seller)).await;
    assert_eq!(comments, json!({ "data": [], "next": null }));
    app.stop().await;
}

async fn an_edit_and_an_unsend_change_the_draft_and_a_reaction_is_shown(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    let (aprons, totes) = (ada.writes("two canvas aprons please"), ada.writes("one market tote bag please"));
    app.deliver(&aprons).await;
    app.deliver(&totes).await;
    app.settle().await;
    app.restart().await;
    let edit = json!({ "mid": aprons.mid(), "text": "three canvas aprons please", "num_edit": "1" });
    app.deliver(&ada.does(&format!(r#""message_edit":{edit}"#))).await;
    let reaction = json!({ "mid": aprons.mid(), "action": "react", "reaction": "love", "emoji": "❤️" });
    app.deliver(&ada.does(&format!(r#""reaction":{reaction}"#))).await;
    let unsend = json!({ "mid": totes.mid(), "is_deleted": true });
    app.deliver(&ada.does(&format!(r#""message":{unsend}"#))).await;
    app.settle().await;
    assert_eq!(wanted(&app.order(&shop).await), [("APRON".to_owned(), 3)]);
    let messages = app.messages(&shop).await;
    assert_eq!((&messages[0]["text"], &messages[0]["edited"]), (&json!("three canvas aprons please"), &json!(true)));
    assert_eq!(messages[0]["reactions"][0]["emoji"], "❤️", "{}", messages[0]);
    assert_eq!((&messages[1]["text"], &messages[1]["unsent"]), (&Value::Null, &json!(true)));
    app.fall_silent().await;
    assert_eq!((app.order(&shop).await["state"].clone(), ada.received().len()), (json!("confirmed"), 1));
    app.stop().await;
}

async fn a_receipt_moves_a_message_of_ours(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("two canvas aprons please")).await;
    app.fall_silent().await;
    app.deliver(&ada.reads(&ada.received()[0].mid)).await;
    app.settle().await;
    assert_eq!(app.said(&shop).await[0].1, "read");
    app.stop().await;
}

async fn a_cart_on_whatsapp_becomes_a_confirmed_order(database: Database) {
    let app = channels::start(database).await;
    let shop = channels::number_shop(&app, channels::nothing()).await;
    let ada = shop.customer("Ada");
    let cart = |items: Value| {
        let order = json!({ "catalog_id": "800680000000001", "text": "", "product_items": items });
        ada.sends(&format!(r#"{{"order":{order},"type":"order"}}"#))
    };
    let of = |sku: &str, quantity: Value| json!({ "product_retailer_id": sku, "quantity": quantity });
    // Quantities that are none name nothing that could be agreed on.
    for odd in [json!(-2), json!(99_999_999_999_i64), json!("many")] {
        app.deliver(&cart(json!([of("APRON", odd)]))).await;
    }
    app.settle().await;
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&cart(json!([of("APRON", json!("2"))]))).await;
    app.fall_silent().await;
    let order = app.order(&shop).await;
    assert_eq!((wanted(&order), &order["state"]), (vec![("APRON".to_owned(), 2)], &json!("confirmed")), "{order}");
    assert!(ada.received()[0].text.contains("38.00 USD"), "at our own price: {}", ada.received()[0].text);
    app.stop().await;
}

async fn what_another_app_answers_is_drafted_and_not_answered(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let words = [("human agent owns this thread now", "two canvas aprons please")];
    post_sample(&app, "instagram/standby_message", &words).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    assert_eq!((app.outbox(&shop).await.len(), &app.conversation(&shop).await["in_other_hands"]), (0, &json!(true)));
    app.stop().await;
}

async fn an_ad_is_the_source_of_its_lead_and_a_comment_is_listed(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    post_sample(&app, "instagram/message_referral_ad", &[]).await;
    let lead = app.leads(&shop).await.remove(0);
    assert_eq!(lead["source"]["referral"]["ad"], "120210000000000025", "{lead}");
    post_sample(&app, "instagram/changes_comments", &[]).await;
    post_sample(&app, "instagram/changes_comments", &[("1790856000", "1790856009")]).await;
    let comments = app.read(&format!("/api/v1/sellers/{}/comments", shop.seller)).await;
    assert_eq!(comments["data"].as_array().unwrap().len(), 1, "{comments}");
    assert_eq!(comments["data"][0]["text"], "Price please! 2 of the blue one");
    assert!(app.orders(&shop).await.is_empty() && app.outbox(&shop).await.is_empty());
    app.stop().await;
}
