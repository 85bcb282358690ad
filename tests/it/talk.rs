//! What the API tells of messages besides their words, and of what is said in public.

use serde_json::{Value, json};

use crate::support::{Database, TestApp, both};

both![a_message_shows_what_is_known_of_it, comments_are_listed_by_seller];

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
