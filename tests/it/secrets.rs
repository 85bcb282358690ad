//! What is kept sealed: it comes to a new key while the service runs and falls, opens nowhere but where it belongs, and is
//! never seen.

use ::actors::domain::ids::SellerId;
use futures::future::join;
use http::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{
    Database, ENCRYPTION_KEY, Leaks, OPERATOR_KEY, Receiver, Shop, TestApp, apron, both, free, until,
};

const NEW_KEY: &str = "/+7dzLuqmYh3ZlVEMyIRAP/u3cy7qpmId2ZVRDMiEQA=";
const OTHER_KEY: &str = "0101010101010101010101010101010101010101010101010101010101010102";
const OPEN: (&str, &str) = ("webhooks.allow_loopback", "true");

both![
    all_that_is_sealed_comes_to_a_new_key_under_load_and_kills,
    a_key_that_opens_nothing_is_told_at_the_start,
    what_was_moved_or_changed_does_not_open_and_is_named,
    a_key_that_is_gone_for_good_can_be_given_up,
];

async fn rotate(app: &TestApp) -> Value {
    let (status, done) = app.call(Method::POST, "/api/v1/secrets/rotate", &json!({})).await;
    assert_eq!(status, 200, "{done}");
    done
}

/// Makes what is sealed, asked for under a key of its own: answers how it was answered.
async fn make_endpoint(app: &TestApp, shop: &Shop, receiver: &Receiver, key: &str) -> Option<String> {
    let url = format!("http://{}/api/v1/sellers/{}/webhooks", app.address(), shop.seller);
    let body = json!({ "url": receiver.url(), "kinds": ["message.sent"] }).to_string();
    let request = app.http().post(url).bearer_auth(OPERATOR_KEY).header("Idempotency-Key", key).body(body);
    let answer = request.send().await.ok()?;
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.text().await.ok()
}

async fn write(app: &TestApp, shop: &Shop, name: &str) {
    app.deliver(&shop.customer(name).writes("one canvas apron please")).await;
}

async fn all_that_is_sealed_comes_to_a_new_key_under_load_and_kills(database: Database) {
    let mut app = TestApp::start_with(database, &[OPEN]).await;
    let receiver = Receiver::start().await;
    let (one, two) = (app.shop_number(1, free()).await, app.shop_number(2, free()).await);
    let mut answers = Vec::new();
    for n in 0..12 {
        let key = format!("before-{n}");
        answers.push((key.clone(), make_endpoint(&app, &one, &receiver, &key).await.unwrap()));
    }
    app.stop_service().await;
    app.set(&[OPEN, ("secrets.encryption_key", NEW_KEY), ("secrets.previous_encryption_key", ENCRYPTION_KEY)]);
    app.start_again().await;
    let before = app.read("/api/v1/secrets").await;
    assert!(before["outdated"].as_i64().unwrap() >= 27 && before["old_key_needed"] == true, "{before}");
    for round in 0..4 {
        write(&app, &one, &format!("Ada {round}")).await;
        // What is rotated, made and replaced at once; then everything vanishes wherever it is.
        let endpoint: Value = serde_json::from_str(&answers[round].1).unwrap();
        let path = format!("/api/v1/sellers/{}/webhooks/{}/rotate", one.seller, endpoint["id"]);
        let replaced = app.call(Method::POST, &path, &Value::Null);
        let http = app.http().clone();
        let url = format!("http://{}/api/v1/secrets/rotate", app.address());
        let resealed = tokio::spawn(http.post(url).bearer_auth(OPERATOR_KEY).body("{}").send());
        let (key, asked) = (format!("during-{round}"), make_endpoint(&app, &two, &receiver, "other"));
        let (_, _) = join(replaced, asked).await;
        if let Some(made) = make_endpoint(&app, &two, &receiver, &key).await {
            answers.push((key, made));
        }
        app.vanish().await;
        _ = resealed.await;
        app.start_again().await;
    }
    let mut done = rotate(&app).await;
    while done["done"] == false {
        done = rotate(&app).await;
    }
    assert_eq!((&done["outdated"], &done["old_key_needed"], &done["broken"]), (&json!(0), &json!(false), &json!(0)));
    app.stop_service().await;
    app.set(&[OPEN, ("secrets.encryption_key", NEW_KEY)]);
    app.start_again().await;
    // Tokens of both shops, secrets of endpoints, and kept answers.
    let sent = app.meta.sent().len();
    write(&app, &one, "Ben").await;
    write(&app, &two, "Chloé").await;
    app.fall_silent().await;
    assert!(app.meta.sent().len() >= sent + 2, "{sent}");
    until("every endpoint is told", async || (receiver.taken().len() >= 12).then_some(())).await;
    for (n, (key, answer)) in answers.iter().enumerate() {
        let shop = if n < 12 { &one } else { &two };
        assert_eq!(make_endpoint(&app, shop, &receiver, key).await.as_ref(), Some(answer), "{key}");
    }
    let rotated = rotate(&app).await;
    assert_eq!((&rotated["resealed"], &rotated["done"]), (&json!(0), &json!(true)), "it is done once");
    app.stop().await;
}

async fn a_key_that_opens_nothing_is_told_at_the_start(database: Database) {
    let mut app = TestApp::start(database).await;
    app.shop().await;
    app.stop_service().await;
    app.set(&[("secrets.encryption_key", OTHER_KEY)]);
    let why = app.why_it_does_not_start().await.unwrap();
    assert!(why.contains("opens nothing of what is stored") && !why.contains(OTHER_KEY), "{why}");
    app.set(&[("secrets.encryption_key", OTHER_KEY), ("secrets.previous_encryption_key", ENCRYPTION_KEY)]);
    assert_eq!(app.why_it_does_not_start().await, None);
    app.set(&[]);
    app.restart().await;
    app.stop().await;
}

async fn a_key_that_is_gone_for_good_can_be_given_up(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    app.stop_service().await;
    app.set(&[("secrets.encryption_key", OTHER_KEY), ("secrets.accept_lost_key", "true")]);
    app.expect_trouble("sealed texts need the keys");
    app.start_again().await;
    let done = rotate(&app).await;
    assert_eq!((&done["done"], &done["old_key_needed"], &done["broken"]), (&json!(true), &json!(true), &json!(1)));
    // Connected anew, it works.
    let connection = json!({ "channel": "instagram", "account_id": shop.account.id(), "username": "shop.1",
                             "token": "token-1" });
    app.made(&format!("/api/v1/sellers/{}/connections", shop.seller), &connection).await;
    write(&app, &shop, "Ada").await;
    app.fall_silent().await;
    assert_eq!(app.meta.sent().len(), 1);
    assert_eq!(app.read("/api/v1/secrets").await["old_key_needed"], false);
    app.stop().await;
}

/// The token of one seller stands with another; that of a third is not what it was.
async fn move_and_change(app: &TestApp) {
    let hand = app.database().hand().await;
    let done = async |sql: &str| {
        hand.execute_raw(Statement::from_string(hand.get_database_backend(), sql)).await.unwrap();
    };
    done(
        "UPDATE credential SET sealed_token = (SELECT c.sealed_token FROM credential c WHERE c.seller_id = 1) \
          WHERE seller_id = 2",
    )
    .await;
    // The last character of a text has bits that are not used; the one before has none.
    done(
        "UPDATE credential SET sealed_token = substr(sealed_token, 1, length(sealed_token) - 2) \
          || CASE WHEN substr(sealed_token, length(sealed_token) - 1, 1) = 'A' THEN 'B' ELSE 'A' END \
          || substr(sealed_token, length(sealed_token)) WHERE seller_id = 3",
    )
    .await;
    hand.close().await.unwrap();
}

async fn what_was_moved_or_changed_does_not_open_and_is_named(database: Database) {
    let mut app = TestApp::start(database).await;
    for number in 1..=3 {
        app.empty_shop(number, free()).await;
    }
    app.stop_service().await;
    app.set(&[("secrets.encryption_key", NEW_KEY), ("secrets.previous_encryption_key", ENCRYPTION_KEY)]);
    move_and_change(&app).await;
    app.start_again().await;
    let done = rotate(&app).await;
    let broken: Vec<&str> = done["broken_at"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(
        broken,
        [
            "credential.sealed_token of 2/2/messages: sealed for another place than the access_token of connection 2 of \
             seller 2",
            "credential.sealed_token of 3/3/messages: changed since it was sealed for the access_token of connection 3 \
             of seller 3",
        ]
    );
    assert_eq!((&done["done"], &done["old_key_needed"], &done["outdated"]), (&json!(true), &json!(true), &json!(2)));
    // Nothing is sent with such a token, and its connection says why; with another one it goes on.
    app.expect_trouble("a token does not open");
    for (seller, code) in [(2, "token_moved"), (3, "token_changed")] {
        let shop = Shop { seller: SellerId(seller), account: app.meta.account(&format!("1784140000{seller:07}")) };
        app.sell(&shop, json!([apron("19.00", None)])).await;
        write(&app, &shop, "Ada").await;
        app.fall_silent().await;
        let path = format!("/api/v1/sellers/{seller}/connections");
        let connection = until("the connection says so", async || {
            let all = app.read(&path).await;
            Some(all["data"][0].clone()).filter(|it| it["state"] == "needs_reconnecting")
        })
        .await;
        assert_eq!(connection["credentials"][0]["code"], code, "{connection}");
        assert!(shop.customer("Ada").received().is_empty());
        let again = json!({ "channel": "instagram", "account_id": shop.account.id(), "username": "shop",
                            "token": format!("token-{seller}") });
        app.made(&path, &again).await;
        app.settle().await;
        assert_eq!(shop.customer("Ada").received().len(), 1, "{code}");
    }
    app.stop().await;
}

#[test]
fn a_secret_that_is_logged_or_answered_is_found() {
    let found = |see: &dyn Fn(&Leaks)| {
        let leaks = Leaks::default();
        leaks.guard("token-7");
        see(&leaks);
        leaks.seen().len()
    };
    for line in [
        "could not send with token-7",
        "the key 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "row v1.0a1b2c3d.0123456789ab.AAAABBBB",
        "refused EAAGm0PX4ZCpsBAKZCt",
        "key hwk_7_AAAABBBBCCCCDDDDEEEE",
    ] {
        assert!(found(&|leaks| leaks.logged(line)) > 0, "{line}");
    }
    assert!(found(&|leaks| leaks.answered("/x", r#"{"token":"token-7"}"#)) > 0);
    assert!(found(&|leaks| leaks.answered("/x", r#"{"a":"v1.0a1b2c3d.0123456789ab.AAAABBBB"}"#)) > 0);
    assert_eq!(found(&|leaks| leaks.logged("listening on 127.0.0.1, v1.2 of the key hwk_7")), 0);
    assert_eq!(found(&|leaks| leaks.answered("/keys", r#"{"key":"hwk_7_AAAABBBBCCCCDDDDEEEE"}"#)), 0);
}
