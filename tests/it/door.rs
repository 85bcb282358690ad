//! Who gets in: the handshake, signatures, and bodies that are too large, too slow or sent in the wrong way.

use hawker::sandbox::Answer;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::Value;
use sha2::Sha256;

use crate::support::{APP_SECRET, Database, TestApp, VERIFY_TOKEN, both, exchange};

const ADDRESSES: [&str; 3] = ["/webhooks/meta", "/api/instagram/webhook", "/api/instagram/dm/webhook"];

both![
    the_handshake_is_answered_on_every_address,
    a_handshake_with_another_token_is_refused,
    events_are_taken_on_every_address,
    only_bodies_signed_by_our_app_get_in,
    other_methods_are_told_which_there_are,
    a_body_too_large_is_refused,
    a_body_too_slow_is_refused,
];

async fn the_handshake_is_answered_on_every_address(database: Database) {
    let app = TestApp::start(database).await;
    assert!(app.meta.verify_webhook().await);
    for path in ADDRESSES {
        let query = format!("?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY_TOKEN}");
        let answer = app.http().get(format!("http://{}{path}{query}", app.address())).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "1158201444"), "{path}");
    }
    app.stop().await;
}

async fn a_handshake_with_another_token_is_refused(database: Database) {
    let app = TestApp::start(database).await;
    for query in [
        "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=guessed",
        "?hub.mode=subscribe&hub.challenge=1158201444",
        "",
    ] {
        let (status, _) = app.call_as(None, Method::GET, &format!("{}{query}", ADDRESSES[0]), String::new()).await;
        assert_eq!(status, 403, "{query}");
    }
    app.stop().await;
}

async fn events_are_taken_on_every_address(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for path in ADDRESSES {
        app.meta.deliver_to(format!("http://{}{path}", app.address()).parse().unwrap());
        app.deliver(&shop.customer("Ada").writes(path)).await;
    }
    app.settle().await;
    assert_eq!(app.messages(&shop).await.len(), 3);
    app.stop().await;
}

async fn only_bodies_signed_by_our_app_get_in(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let event = shop.customer("Ada").writes("one apron");
    let body = app.meta.body_of(&[&event]);
    let good = app.meta.sign(&body);
    assert_eq!(good, signature(APP_SECRET, &body), "Meta's signature, computed by hand");
    let hex = good.trim_start_matches("sha256=");
    for wrong in [
        String::new(),
        hex.to_owned(),
        format!("sha1={}", &hex[..40]),
        format!("sha256={}", &hex[..40]),
        format!("sha256={}", "0".repeat(64)),
        format!("sha256={}", hex.to_uppercase()),
        signature("another app's secret", &body),
        app.meta.sign(b"another body"),
    ] {
        assert_eq!(app.meta.post(body.clone(), &wrong).await, Answer::Status(403), "{wrong}");
    }
    let unsigned = app.http().post(format!("http://{}{}", app.address(), ADDRESSES[0])).body(body.clone());
    assert_eq!(unsigned.send().await.unwrap().status(), 403);
    app.settle().await;
    assert_eq!(app.conversations(&shop).await, Vec::<Value>::new());
    assert_eq!(app.meta.post(body, &good).await, Answer::Status(200));
    app.settle().await;
    assert_eq!(app.messages(&shop).await.len(), 1);
    app.stop().await;
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn other_methods_are_told_which_there_are(database: Database) {
    let app = TestApp::start(database).await;
    for path in ADDRESSES {
        let answer = app.http().delete(format!("http://{}{path}", app.address())).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        let allow = answer.headers()["allow"].to_str().unwrap().to_owned();
        assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let (status, problem) = app.call(Method::GET, "/nowhere", &Value::Null).await;
    assert_eq!((status.as_u16(), &problem["code"]), (404, &Value::from("not_found")));
    app.stop().await;
}

async fn a_body_too_large_is_refused(database: Database) {
    let app = TestApp::start_with(database, &[("server.body_limit_bytes", "2048")]).await;
    let shop = app.shop().await;
    let body = app.meta.body_of(&[&shop.customer("Ada").writes(&"long ".repeat(500))]);
    let signature = app.meta.sign(&body);
    assert_eq!(app.meta.post(body, &signature).await, Answer::Status(413));
    app.settle().await;
    assert_eq!(app.conversations(&shop).await, Vec::<Value>::new());
    app.stop().await;
}

async fn a_body_too_slow_is_refused(database: Database) {
    let app = TestApp::start_with(database, &[("server.body_timeout", "100ms")]).await;
    let signature = app.meta.sign(b"{}");
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: hawker\r\nContent-Length: 1000\r\nX-Hub-Signature-256: {signature}\r\n\r\n{{",
        ADDRESSES[0]
    );
    let answer = exchange(app.address(), head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    app.stop().await;
}
