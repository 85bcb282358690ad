//! Persons who are erased: nothing of them is left, whatever was under way, and they do not come back by themselves.

mod handed;
mod kept;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hawker::sandbox::Customer;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{APP_SECRET, Database, Engine, Receiver, Shop, TestApp, both, free, until};

/// Words that only Zoraida said, or that are only hers.
const WORDS: [&str; 6] =
    ["ZORAIDA", "+1 555 010 0177", "15550100177", "77 Marigold Row", "zoraida@example.org", "vintage turquoise brooch"];
const MINUTE: Duration = Duration::from_secs(61);

both![
    a_customer_is_erased_amid_traffic_and_kills_and_nothing_is_left_of_them,
    what_meta_sends_again_of_an_erased_person_is_a_duplicate_and_brings_nobody_back,
    whoever_comes_back_after_being_erased_is_somebody_new,
    meta_has_a_persons_data_deleted_and_a_page_tells_how_far_it_is,
    a_signed_request_that_is_not_right_is_refused_each_in_its_own_way,
    who_shuts_the_app_out_has_their_tokens_dropped,
    an_erasure_is_asked_for_twice_and_done_once,
    what_is_nobodys_is_erased_when_meta_asks_again_after_it_was_cut_off,
];

async fn says(app: &TestApp, customer: &Customer, text: &str) {
    app.deliver(&customer.writes(text)).await;
}

/// Zoraida tells a lot of herself, orders, and is written about.
async fn tells_everything(app: &TestApp, shop: &Shop) -> Customer {
    let zoraida = shop.customer("ZORAIDA");
    says(app, &zoraida, "ZORAIDA here: two canvas aprons please, and is there a vintage turquoise brooch?").await;
    says(app, &zoraida, "phone +1 555 010 0177, zoraida@example.org, deliver to 77 Marigold Row, Springfield").await;
    app.fall_silent().await;
    let at = |rest: &str| format!("/api/v1/sellers/{}/{rest}", shop.seller);
    let all = app.conversations(shop).await;
    let conversation = all.iter().find(|it| it["customer"]["meta_id"] == zoraida.id()).unwrap().clone();
    let (id, customer) = (&conversation["id"], &conversation["customer"]["id"]);
    let note = json!({ "text": "ZORAIDA wants a vintage turquoise brooch" });
    for on in [format!("customers/{customer}/notes"), format!("conversations/{id}/notes")] {
        let (status, said) = app.call(Method::POST, &at(&on), &note).await;
        assert!(status.is_success(), "{said}");
    }
    let edit = json!({ "name": "ZORAIDA", "phone": "+1 555 010 0177" });
    let (status, said) = app.call(Method::PATCH, &at(&format!("customers/{customer}")), &edit).await;
    assert!(status.is_success(), "{said}");
    let sent = json!({ "text": "Dear ZORAIDA, we look for the vintage turquoise brooch" });
    let (status, said) = app.call(Method::POST, &at(&format!("conversations/{id}/messages")), &sent).await;
    assert!(status.is_success(), "{said}");
    let label = json!({ "add": ["ZORAIDA"], "remove": [] });
    app.call(Method::POST, &at(&format!("conversations/{id}/labels")), &label).await;
    app.settle().await;
    zoraida
}

/// The id of the one customer with this in their row.
pub(crate) async fn customer_of(app: &TestApp, shop: &Shop, meta_id: &str) -> i64 {
    let all = app.read(&format!("/api/v1/sellers/{}/customers?limit=100", shop.seller)).await;
    let found = all["data"].as_array().unwrap().iter().find(|it| it["meta_id"] == meta_id).cloned();
    found.unwrap_or_else(|| panic!("nobody is {meta_id}: {all}"))["id"].as_i64().unwrap()
}

async fn forget(app: &TestApp, shop: &Shop, customer: i64) -> Value {
    let path = format!("/api/v1/sellers/{}/customers/{customer}/forget", shop.seller);
    let (status, begun) = app.call_as(Some(crate::support::OPERATOR_KEY), Method::POST, &path, String::new()).await;
    assert!(status.is_success(), "{status} {begun}");
    begun
}

/// Waits until every erasure is over; time passes for it.
async fn all_over(app: &TestApp, shop: &Shop) -> Vec<Value> {
    let path = format!("/api/v1/sellers/{}/erasures", shop.seller);
    until("the erasures are over", async || {
        app.clock.advance(MINUTE);
        let all = app.read(&path).await["data"].as_array().unwrap().clone();
        all.iter().all(|it| it["phase"] == "done").then_some(all)
    })
    .await
}

async fn expect_nothing_left(app: &TestApp, zoraida: &Customer) {
    let words: Vec<&str> = WORDS.into_iter().chain([zoraida.id()]).collect();
    assert_eq!(app.database().columns_with(&words).await, [], "columns still hold something");
    if app.database().engine == Engine::Sqlite {
        for (file, word, times) in app.database().files_with(&words) {
            assert_eq!(times, 0, "{file} holds {word:?}");
        }
    }
}

async fn a_customer_is_erased_amid_traffic_and_kills_and_nothing_is_left_of_them(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    for n in 0..20 {
        says(&app, &shop.customer(&format!("Ada {n}")), "one canvas apron please, to 12 Harbour Street").await;
    }
    let zoraida = tells_everything(&app, &shop).await;
    let order =
        app.orders(&shop).await.iter().find(|it| it["contact"]["address"].to_string().contains("Marigold")).cloned();
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    // Everybody writes, she as well, when she is erased; then the process falls, again and again.
    for n in 0..20 {
        says(&app, &shop.customer(&format!("Ben {n}")), "two canvas aprons please").await;
    }
    says(&app, &zoraida, "ZORAIDA again: where is my vintage turquoise brooch?").await;
    forget(&app, &shop, customer).await;
    for n in 0..4 {
        says(&app, &shop.customer(&format!("Chloe {n}")), "one canvas apron please").await;
        app.vanish().await;
        app.start_again().await;
        app.clock.advance(Duration::from_millis(200));
    }
    let over = all_over(&app, &shop).await;
    app.settle().await;
    expect_nothing_left(&app, &zoraida).await;
    let erasure = &over[0];
    assert_eq!((&erasure["verified"], &erasure["receipt"]["customer"]), (&json!(true), &json!(customer)), "{erasure}");
    assert!(erasure["erased"]["messages"].as_u64().unwrap() >= 4 && erasure["erased"]["events"].as_u64().unwrap() >= 3);
    assert!(erasure["receipt"]["out_of_reach"][0].as_str().unwrap().starts_with("Backups"));
    // The books add up: the order is there, without her.
    if let Some(order) = order {
        let now = app.read(&format!("/api/v1/sellers/{}/orders/{}", shop.seller, order["id"])).await;
        assert_eq!(now["lines"][0]["quantity"], order["lines"][0]["quantity"], "{now}");
        assert!(!now.to_string().contains("Marigold"), "{now}");
    }
    // Nobody else has lost a word.
    for name in ["Ada 7", "Ben 7", "Chloe 3"] {
        customer_of(&app, &shop, shop.customer(name).id()).await;
    }
    app.stop().await;
}

async fn what_meta_sends_again_of_an_erased_person_is_a_duplicate_and_brings_nobody_back(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = shop.customer("ZORAIDA");
    let first = zoraida.writes("ZORAIDA would like a vintage turquoise brooch");
    let late = zoraida.writes("ZORAIDA lives at 77 Marigold Row");
    app.deliver(&first).await;
    app.settle().await;
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    app.clock.advance(Duration::from_secs(1));
    forget(&app, &shop, customer).await;
    // At once, in the midst of it, and long after, also when all memory is gone.
    app.deliver(&first).await;
    all_over(&app, &shop).await;
    app.deliver(&first).await;
    let before = app.read("/api/v1/ledger").await;
    app.restart().await;
    app.deliver(&first).await;
    // What was said before and never came until now is counted, and not kept.
    app.deliver(&late).await;
    app.settle().await;
    let after = app.read("/api/v1/ledger").await;
    let grown = |name: &str| after["equation"][name].as_i64().unwrap() - before["equation"][name].as_i64().unwrap();
    assert_eq!((grown("received"), grown("duplicate"), grown("ledgered"), grown("handled")), (2, 1, 1, 0), "{after}");
    assert_eq!(app.ledgered("erased").await, 1);
    let all = app.read(&format!("/api/v1/sellers/{}/customers", shop.seller)).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 1, "{all}");
    // A replay has nothing to put back.
    let (_, replayed) = app.call(Method::POST, "/api/v1/ledger/replay", &json!({ "reasons": ["erased"] })).await;
    assert!(!replayed.to_string().contains("Marigold"), "{replayed}");
    app.settle().await;
    assert_eq!(app.ledgered("erased").await, 1);
    expect_nothing_left(&app, &zoraida).await;
    app.stop().await;
}

async fn whoever_comes_back_after_being_erased_is_somebody_new(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = tells_everything(&app, &shop).await;
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    forget(&app, &shop, customer).await;
    app.clock.advance(Duration::from_secs(2));
    says(&app, &zoraida, "one canvas apron please").await;
    all_over(&app, &shop).await;
    app.settle().await;
    let again = customer_of(&app, &shop, zoraida.id()).await;
    assert!(again > customer, "{again} {customer}");
    let said = app.read(&format!("/api/v1/sellers/{}/conversations?customer={again}", shop.seller)).await;
    let conversation = &said["data"][0]["id"];
    let said = app.read(&format!("/api/v1/sellers/{}/conversations/{conversation}/messages", shop.seller)).await;
    assert!(said.to_string().contains("one canvas apron please"), "{said}");
    assert!(!said.to_string().contains("brooch"), "{said}");
    app.stop().await;
}

async fn an_erasure_is_asked_for_twice_and_done_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = tells_everything(&app, &shop).await;
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    let first = forget(&app, &shop, customer).await;
    assert_eq!(first["already"], false);
    let second = forget(&app, &shop, customer).await;
    assert_eq!((&second["already"], &second["erasure"]), (&json!(true), &Value::Null));
    let path = format!("/api/v1/sellers/{}/customers/99999/forget", shop.seller);
    let (status, problem) = app.call(Method::POST, &path, &json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("no_such_customer")));
    assert_eq!(all_over(&app, &shop).await.len(), 1);
    app.stop().await;
}

fn signed_by(secret: &str, payload: &Value) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

pub(crate) fn request_of(app: &TestApp, person: &str) -> String {
    let issued_at = app.clock.now_ms() / 1000;
    signed_by(APP_SECRET, &json!({ "user_id": person, "algorithm": "HMAC-SHA256", "issued_at": issued_at }))
}

pub(crate) async fn calls_back(app: &TestApp, path: &str, signed: &str) -> (u16, Value) {
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("signed_request", signed).finish();
    let request = app.http().post(format!("http://{}{path}", app.address()));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

async fn meta_has_a_persons_data_deleted_and_a_page_tells_how_far_it_is(database: Database) {
    let app = TestApp::start_with(database, &[("webhooks.allow_loopback", "true")]).await;
    let shop = app.shop_number(1, free()).await;
    let receiver = Receiver::start().await;
    app.made(&format!("/api/v1/sellers/{}/webhooks", shop.seller), &json!({ "url": receiver.url() })).await;
    let zoraida = tells_everything(&app, &shop).await;
    let signed = request_of(&app, zoraida.id());
    let (status, answer) = calls_back(&app, "/meta/data-deletion", &signed).await;
    assert_eq!(status, 200, "{answer}");
    let (url, code) = (answer["url"].as_str().unwrap(), answer["confirmation_code"].as_str().unwrap());
    assert!(url.ends_with(&format!("/meta/data-deletion/{code}")) && code.len() == 32, "{answer}");
    assert_eq!(calls_back(&app, "/meta/data-deletion", &signed).await, (200, answer.clone()), "again is the same");
    let show = async |accept: &str| {
        let request = app.http().get(format!("http://{}/meta/data-deletion/{code}", app.address()));
        request.header("accept", accept).send().await.unwrap()
    };
    all_over(&app, &shop).await;
    app.settle().await;
    let told: Value = show("application/json").await.json().await.unwrap();
    assert_eq!(
        (&told["state"], &told["places"], &told["places_done"]),
        (&json!("done"), &json!(1), &json!(1)),
        "{told}"
    );
    let page = show("text/html").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains("Nothing of you is left here") && page.contains(code) && !page.contains("<script"), "{page}");
    let request = app.http().get(format!("http://{}/meta/data-deletion/{}", app.address(), "0".repeat(32)));
    assert_eq!(request.send().await.unwrap().status().as_u16(), 404);
    expect_nothing_left(&app, &zoraida).await;
    until("others are told", async || {
        receiver.taken().iter().any(|letter| letter.kind() == "customer.erased").then_some(())
    })
    .await;
    // Whoever is unknown has their request taken all the same.
    let (status, answer) = calls_back(&app, "/meta/data-deletion", &request_of(&app, "122100000000001")).await;
    assert_eq!(status, 200, "{answer}");
    let code = answer["confirmation_code"].as_str().unwrap();
    let told = app.http().get(format!("http://{}/meta/data-deletion/{code}", app.address()));
    let told: Value = told.header("accept", "application/json").send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["state"], &told["places"]), (&json!("done"), &json!(0)), "{told}");
    app.stop().await;
}

async fn a_signed_request_that_is_not_right_is_refused_each_in_its_own_way(database: Database) {
    let app = TestApp::start(database).await;
    app.shop().await;
    let good = request_of(&app, "122100000000001");
    let now = app.clock.now_ms() / 1000;
    let payload =
        |algorithm: &str, issued_at: i64| json!({ "user_id": "7", "algorithm": algorithm, "issued_at": issued_at });
    let flipped = format!("{}A{}", &good[..3], &good[4..]);
    let cases = [
        ("x".to_owned(), 400, "signed_request_malformed"),
        (String::new(), 400, "signed_request_malformed"),
        (flipped, 403, "bad_signature"),
        (signed_by("not ours", &payload("HMAC-SHA256", now)), 403, "bad_signature"),
        (signed_by(APP_SECRET, &payload("none", now)), 400, "signed_request_algorithm"),
        (signed_by(APP_SECRET, &payload("HMAC-SHA256", now - 100_000)), 400, "signed_request_expired"),
        (signed_by(APP_SECRET, &payload("HMAC-SHA256", now + 3600)), 400, "signed_request_from_the_future"),
        (signed_by(APP_SECRET, &json!([])), 400, "signed_request_malformed"),
    ];
    for path in ["/meta/deauthorize", "/meta/data-deletion"] {
        for (signed, status, code) in &cases {
            let (found, problem) = calls_back(&app, path, signed).await;
            assert_eq!((found, &problem["code"]), (*status, &json!(code)), "{path} {signed}: {problem}");
        }
        let other = app.http().post(format!("http://{}{path}", app.address())).body("a=b").send().await.unwrap();
        assert_eq!(other.status().as_u16(), 400);
    }
    assert_eq!(calls_back(&app, "/meta/deauthorize", &good).await.0, 200);
    let (status, problem) = calls_back(&app, "/meta/deauthorize", &good).await;
    assert_eq!((status, &problem["code"]), (409, &json!("signed_request_replayed")));
    app.stop().await;
}

async fn who_shuts_the_app_out_has_their_tokens_dropped(database: Database) {
    let mut app = TestApp::start(database).await;
    let (one, two) = (app.shop_number(1, free()).await, app.shop_number(2, free()).await);
    // As after a login at Meta: the token is one person's.
    app.stop_service().await;
    let hand = app.database().hand().await;
    let granted = "UPDATE credential SET person = '122100000000001' WHERE seller_id = 1";
    hand.execute_raw(Statement::from_string(hand.get_database_backend(), granted)).await.unwrap();
    hand.close().await.unwrap();
    app.start_again().await;
    let (status, answer) = calls_back(&app, "/meta/deauthorize", &request_of(&app, "122100000000001")).await;
    assert_eq!(status, 200, "{answer}");
    for shop in [&one, &two] {
        says(&app, &shop.customer("Ada"), "one canvas apron please").await;
    }
    app.fall_silent().await;
    assert_eq!((app.meta.sent().len(), app.orders(&one).await.len()), (1, 1), "held, and nothing that came is lost");
    let held = app.outbox(&one).await;
    assert!(held.iter().all(|call| call["state"] == "owed"), "{held:?}");
    assert_eq!(app.read("/api/v1/secrets").await["old_key_needed"], false, "what was dropped is no sealed text");
    // Connected anew, what waited is sent.
    let connection = json!({ "channel": "instagram", "account_id": one.account.id(), "username": "shop.1",
                             "token": "token-1" });
    app.made(&format!("/api/v1/sellers/{}/connections", one.seller), &connection).await;
    app.fall_silent().await;
    assert_eq!(app.meta.sent().len(), 2);
    app.stop().await;
}

async fn what_is_nobodys_is_erased_when_meta_asks_again_after_it_was_cut_off(database: Database) {
    let mut app = TestApp::start(database).await;
    app.shop_number(1, free()).await;
    // An account that nobody has connected.
    let zoraida = app.meta.add_account("17841400000000999", "nobody", "102030405060999", "none").customer("ZORAIDA");
    says(&app, &zoraida, "ZORAIDA wants a vintage turquoise brooch").await;
    let before = raw_of(&app).await;
    app.clock.advance(Duration::from_secs(1));
    let signed = request_of(&app, zoraida.id());
    let (status, answer) = calls_back(&app, "/meta/data-deletion", &signed).await;
    assert_eq!(status, 200, "{answer}");
    expect_nothing_left(&app, &zoraida).await;
    // As if it had been cut off when it was taken.
    app.stop_service().await;
    let hand = app.database().hand().await;
    let undone = "UPDATE inbox_event SET reason = 'unknown_account', customer = $1, raw = $2 WHERE reason = 'erased'";
    let values = [zoraida.id().into(), before.into()];
    hand.execute_raw(Statement::from_sql_and_values(hand.get_database_backend(), undone, values)).await.unwrap();
    hand.execute_unprepared("DELETE FROM erasure").await.unwrap();
    hand.close().await.unwrap();
    app.start_again().await;
    let (status, again) = calls_back(&app, "/meta/data-deletion", &signed).await;
    assert_eq!((status, &again["confirmation_code"]), (200, &answer["confirmation_code"]));
    assert_eq!(app.database().columns_with(&[zoraida.id(), "brooch"]).await, []);
    app.stop().await;
}

async fn raw_of(app: &TestApp) -> Vec<u8> {
    let rows = app.store().reads();
    let sql = "SELECT raw FROM inbox_event WHERE reason = 'unknown_account'";
    let row = rows.query_one_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get("", "raw").unwrap()
}
