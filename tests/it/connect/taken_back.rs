//! Permissions that people take back, as Meta's webhooks tell of them.

use ::actors::domain::ids::SellerId;
use ::actors::ports::Clock;
use ::actors::store::office::credentials;
use hawker::office::GrantedToken;
use hawker::sandbox::Refusal;
use hawker::vault::Secret;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::browser::{self, PageOf, Person};
use super::doctor::times;
use super::{IG, MINUTE, PAGE};
use crate::erase::{calls_back, request_of};
use crate::support::{APP_SECRET, Database, TestApp, both};

both![
    what_is_to_go_out_waits_until_a_permission_is_granted_again,
    what_is_granted_or_is_nobodys_changes_nothing,
    who_shut_the_app_out_and_connected_again_is_not_shut_out_by_what_comes_late,
    a_token_made_anew_does_not_take_the_place_of_one_that_was_taken_back_meanwhile,
];

/// Meta tells of a permission, signed.
async fn tells(app: &TestApp, person: &str, change: &Value) -> u16 {
    sends(app, &body_of(app, person, change)).await
}

fn body_of(app: &TestApp, person: &str, change: &Value) -> String {
    let entry = json!({ "id": person, "uid": person, "time": app.clock_ms() / 1000, "changes": [change] });
    json!({ "object": "permissions", "entry": [entry] }).to_string()
}

async fn sends(app: &TestApp, body: &str) -> u16 {
    let mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap().chain_update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = app.http().post(format!("http://{}/webhooks/meta", app.address()));
    request.header("x-hub-signature-256", signature).body(body.to_owned()).send().await.unwrap().status().as_u16()
}

fn revoked(permission: &str) -> Value {
    json!({ "field": permission, "value": { "verb": "revoked", "target_ids": [IG] } })
}

async fn connected(app: &TestApp) -> (i64, Person) {
    let (seller, mut person) = (browser::shop(app).await, Person::at_facebook(app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.settle().await;
    (seller, person)
}

async fn what_is_to_go_out_waits_until_a_permission_is_granted_again(database: Database) {
    let mut app = browser::start(database).await;
    let (seller, mut person) = connected(&app).await;
    let body = body_of(&app, person.id(), &revoked("instagram_manage_messages"));
    assert_eq!(sends(&app, &body).await, 200);
    // What is acknowledged holds, whatever falls then.
    app.vanish().await;
    app.start_again().await;
    person.at = app.address();
    let connection = browser::connection(&app, seller).await;
    assert_eq!(connection["state"], "needs_reconnecting", "{connection}");
    assert_eq!(connection["credentials"][0]["code"], "permission_revoked");
    assert!(connection["cause"].as_str().unwrap().contains("took a permission back"), "{connection}");
    app.settle().await;
    let told = times(&app, seller, "connection.changed").await;
    // Meta sends it again, and takes further ones back: that is known.
    assert_eq!(sends(&app, &body).await, 200);
    assert_eq!(tells(&app, person.id(), &revoked("pages_messaging")).await, 200);
    let ada = app.meta.account(IG).customer("Ada");
    app.deliver(&ada.writes("one apron please")).await;
    app.fall_silent().await;
    assert_eq!(times(&app, seller, "connection.changed").await, told, "it is told once");
    assert!(ada.received().is_empty(), "what comes in is taken, and what is to go out waits");
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.settle().await;
    assert_eq!(ada.received().len(), 1);
    // The same again, by Meta's retry: the permission was granted anew since.
    assert_eq!(sends(&app, &body).await, 200);
    app.settle().await;
    assert_eq!(browser::connection(&app, seller).await["state"], "connected");
    app.stop().await;
}

async fn what_is_granted_or_is_nobodys_changes_nothing(database: Database) {
    let app = browser::start(database).await;
    let (seller, person) = connected(&app).await;
    let granted = json!({ "field": "instagram_manage_messages", "value": { "verb": "granted" } });
    assert_eq!(tells(&app, person.id(), &granted).await, 200);
    assert_eq!(tells(&app, "122100000000001", &revoked("instagram_manage_messages")).await, 200);
    assert_eq!(tells(&app, "0", &json!({ "field": "connected", "verb": "granted" })).await, 200);
    assert_eq!(tells(&app, "0", &json!({ "field": "connected", "verb": "revoked" })).await, 200);
    app.settle().await;
    assert_eq!(browser::connection(&app, seller).await["state"], "connected");
    browser::is_answered(&app, seller, IG).await;
    app.stop().await;
}

async fn who_shut_the_app_out_and_connected_again_is_not_shut_out_by_what_comes_late(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = connected(&app).await;
    app.let_pass(MINUTE).await;
    let late = ["/meta/deauthorize", "/meta/data-deletion"].map(|path| (path, request_of(&app, person.id())));
    app.meta.kill_tokens(person.id(), Refusal::AppRemoved);
    app.let_pass(MINUTE).await;
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    for (path, signed) in &late {
        let (status, told) = calls_back(&app, path, signed).await;
        assert_eq!(status, 200, "{told}");
        app.settle().await;
        let connection = browser::connection(&app, seller).await;
        assert_eq!(connection["state"], "connected", "{path}: {connection}");
    }
    browser::is_answered(&app, seller, IG).await;
    // What was granted by then is dropped, and whose it was is known to the end.
    app.let_pass(MINUTE).await;
    assert_eq!(calls_back(&app, "/meta/deauthorize", &request_of(&app, person.id())).await.0, 200);
    assert_eq!(browser::connection(&app, seller).await["credentials"][0]["code"], "revoked");
    app.stop().await;
}

async fn a_token_made_anew_does_not_take_the_place_of_one_that_was_taken_back_meanwhile(database: Database) {
    let app = browser::start(database).await;
    let (seller, person) = connected(&app).await;
    // As whoever keeps tokens good has it when Meta's request comes.
    let held = credentials::of_seller(app.store().reads(), SellerId(seller)).await.unwrap().remove(0);
    app.let_pass(MINUTE).await;
    let (status, told) = calls_back(&app, "/meta/data-deletion", &request_of(&app, person.id())).await;
    assert_eq!(status, 200, "{told}");
    let token = GrantedToken {
        purpose: held.purpose,
        kind: held.kind,
        token: Secret::from("made-of-one-that-was-taken-back"),
        person: held.person.clone(),
        scopes: held.scopes.clone(),
        expires_at: None,
        data_access_expires_at: None,
    };
    assert!(!app.office().refreshed(&held, &token).await.unwrap(), "it is not kept");
    app.office().put_off_token(&held, (Some(app.clock.now()), None)).await.unwrap();
    let now = credentials::of_seller(app.store().reads(), SellerId(seller)).await.unwrap().remove(0);
    assert_eq!((now.cause.as_deref(), now.person, now.look_at), (Some("data_deleted"), None, None));
    app.settle().await;
    assert_eq!(browser::connection(&app, seller).await["state"], "needs_reconnecting");
    app.stop().await;
}
