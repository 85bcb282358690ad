//! Customers who have said nothing for as long as their seller remembers anybody are erased, and nobody else is.

use std::time::Duration;

use http::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::{customer_of, expect_nothing_left, says, tells_everything};
use crate::support::{Database, Shop, TestApp, both, free, until};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// Events that are kept for longer than customers are remembered.
const KEPT: [(&str, &str); 2] = [("ledger.keep_handled", "400d"), ("ledger.keep_ledgered", "400d")];

both![
    what_a_dry_run_says_is_what_a_run_erases_and_what_is_open_stays,
    each_day_who_was_silent_for_too_long_is_erased_whatever_falls_meanwhile,
    a_shop_that_remembers_for_ever_loses_nothing_and_a_slip_can_be_taken_back,
    a_run_ends_once_the_shop_wants_otherwise,
    whoever_has_written_by_then_is_remembered_however_many_wait_before_them,
];

fn at(shop: &Shop, rest: &str) -> String {
    format!("/api/v1/sellers/{}/{rest}", shop.seller)
}

async fn keeps_for(app: &TestApp, shop: &Shop, days: Value) -> (StatusCode, Value) {
    let version = app.read(&at(shop, "settings")).await["version"].clone();
    app.call(Method::PATCH, &at(shop, "settings"), &json!({ "version": version, "keep_days": days })).await
}

async fn runs(app: &TestApp, shop: &Shop) -> (StatusCode, Value) {
    app.call(Method::POST, &at(shop, "retention/run"), &json!({})).await
}

/// Time passes, and whatever is due is done, piece by piece: each of them is due when the one before is over.
async fn ages(app: &TestApp, time: Duration) {
    app.clock.advance(time);
    let rows = app.database().look().await;
    until("nothing is due", async || {
        app.clock.advance(Duration::from_secs(1));
        let now = app.clock.now_ms();
        let sql = format!(
            "SELECT COUNT(*) AS n FROM (SELECT subject FROM alarm WHERE due <= {now} \
             UNION ALL SELECT id FROM erasure WHERE done_at IS NULL) AS open"
        );
        let ask = Statement::from_string(rows.get_database_backend(), sql);
        let due: i64 = rows.query_one_raw(ask).await.unwrap().unwrap().try_get("", "n").unwrap();
        (due == 0).then_some(())
    })
    .await;
    rows.close().await.unwrap();
    app.settle().await;
}

/// The erasures there were, all of them over.
async fn erasures(app: &TestApp, shop: &Shop) -> Vec<Value> {
    let all = app.read(&at(shop, "erasures?limit=100")).await["data"].as_array().unwrap().clone();
    assert!(all.iter().all(|it| it["phase"] == "done"), "{all:?}");
    all
}

async fn names(app: &TestApp, shop: &Shop) -> usize {
    let all = app.read(&at(shop, "customers?limit=500")).await;
    all["data"].as_array().unwrap().iter().filter(|it| !it["meta_id"].to_string().contains("erased")).count()
}

fn counts(would_erase: &Value) -> Value {
    let kinds = would_erase.as_object().unwrap().iter();
    Value::Object(kinds.map(|(kind, found)| (kind.clone(), found["count"].clone())).collect())
}

async fn what_a_dry_run_says_is_what_a_run_erases_and_what_is_open_stays(database: Database) {
    let app = TestApp::start_with(database, &KEPT).await;
    let shop = app.shop_number(1, free()).await;
    says(&app, &shop.customer("ZORAIDA"), "two canvas aprons please").await;
    app.fall_silent().await;
    let zoraida = tells_everything(&app, &shop).await;
    let [ada, ben] = [shop.customer("Ada"), shop.customer("Ben")];
    says(&app, &ada, "one canvas apron please").await;
    // A shirt needs a colour and a size: his draft stays open.
    says(&app, &ben, "two linen shirts please").await;
    app.fall_silent().await;
    let orders = app.orders(&shop).await;
    assert!(orders.iter().any(|order| order["state"] == "draft") && orders.len() == 3, "{orders:?}");
    // On the last day she writes again.
    app.let_pass(30 * DAY - HOUR).await;
    says(&app, &ada, "thank you").await;
    app.let_pass(2 * HOUR).await;
    assert_eq!(keeps_for(&app, &shop, json!(30)).await.0, 200);
    app.settle().await;
    let dry = app.read(&at(&shop, "retention")).await;
    let found = counts(&dry["would_erase"]);
    assert_eq!((&found["customers"], &dry["keep_days"]), (&json!(1), &json!(30)), "{dry}");
    assert!(found["messages"].as_u64() >= Some(4) && found["events"].as_u64() >= Some(2), "{dry}");
    assert_eq!(app.read(&at(&shop, "retention?days=3650")).await["would_erase"]["customers"]["count"], 0);
    assert_eq!(dry, app.read(&at(&shop, "retention")).await, "it erases nothing");
    let (status, begun) = runs(&app, &shop).await;
    assert_eq!((status, &begun["already"]), (StatusCode::OK, &json!(false)), "{begun}");
    ages(&app, Duration::ZERO).await;
    let over = erasures(&app, &shop).await;
    assert_eq!(over.len(), 1, "{over:?}");
    assert_eq!((&over[0]["erased"], &over[0]["verified"]), (&found, &json!(true)), "{over:?}");
    assert_eq!(over[0]["receipt"]["aged"]["days"], 30);
    expect_nothing_left(&app, &zoraida).await;
    assert_eq!(names(&app, &shop).await, 2, "who wrote, and whose draft is open");
    // The books add up: what was ordered stays.
    let lines =
        |orders: &[Value]| -> Vec<Value> { orders.iter().map(|order| order["lines"][0]["quantity"].clone()).collect() };
    assert_eq!(lines(&app.orders(&shop).await), lines(&orders));
    customer_of(&app, &shop, ada.id()).await;
    customer_of(&app, &shop, ben.id()).await;
    let audit = app.read("/api/v1/audit?limit=20").await;
    assert!(audit.to_string().contains("keep_days") && audit.to_string().contains("retention/run"), "{audit}");
    assert_eq!(counts(&app.read(&at(&shop, "retention")).await["would_erase"])["customers"], 0);
    app.stop().await;
}

async fn each_day_who_was_silent_for_too_long_is_erased_whatever_falls_meanwhile(database: Database) {
    let settings = [KEPT[0], KEPT[1], ("actors.idle_unload", "50ms")];
    let mut app = TestApp::start_with(database, &settings).await;
    let shop = app.shop_number(1, free()).await;
    assert_eq!(keeps_for(&app, &shop, json!(30)).await.0, 200);
    app.settle().await;
    let zoraida = tells_everything(&app, &shop).await;
    for n in 0..25 {
        says(&app, &shop.customer(&format!("Chloe {n}")), "one canvas apron please").await;
    }
    app.fall_silent().await;
    let before = app.orders(&shop).await.len();
    ages(&app, 20 * DAY).await;
    says(&app, &shop.customer("Chloe 7"), "and another canvas apron please").await;
    app.fall_silent().await;
    ages(&app, 9 * DAY).await;
    assert_eq!(names(&app, &shop).await, 26, "nobody is due yet");
    // Now they are: the shop wakes by itself, and falls again and again over it.
    app.clock.advance(2 * DAY);
    for n in 0..6 {
        match n % 2 {
            0 => drop(app.sellers().kill(shop.seller).await),
            _ => {
                app.vanish().await;
                app.start_again().await;
            }
        }
        app.clock.advance(Duration::from_millis(300));
    }
    ages(&app, Duration::ZERO).await;
    expect_nothing_left(&app, &zoraida).await;
    assert_eq!(names(&app, &shop).await, 1);
    customer_of(&app, &shop, shop.customer("Chloe 7").id()).await;
    let all = erasures(&app, &shop).await;
    let erased: u64 = all.iter().map(|it| it["erased"]["customers"].as_u64().unwrap()).sum();
    assert_eq!(erased, 25, "each of them once: {all:?}");
    let for_nothing: Vec<_> = all.iter().filter(|it| it["erased"]["customers"] == 0).collect();
    assert!(!for_nothing.is_empty(), "there were days on which nobody was due: {all:?}");
    for day in for_nothing {
        assert_eq!(day["receipt"]["database_rebuilt"], false, "the files hold nothing that is to go: {day}");
    }
    // Nobody asked for it, and so the service says that it did it.
    let audit = app.read(&format!("/api/v1/sellers/{}/audit?limit=100", shop.seller)).await;
    let done = audit["data"].as_array().unwrap().iter().filter(|it| it["action"] == "retention.done");
    let done: Vec<_> = done.map(|it| it["detail"]["customers"].clone()).collect();
    assert_eq!(done, [json!(25)], "{audit}");
    assert!(app.orders(&shop).await.len() > before);
    app.stop().await;
}

async fn a_shop_that_remembers_for_ever_loses_nothing_and_a_slip_can_be_taken_back(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = tells_everything(&app, &shop).await;
    app.let_pass(400 * DAY).await;
    let (status, problem) = runs(&app, &shop).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("nothing_ages")), "{problem}");
    let told = app.read(&at(&shop, "retention")).await;
    assert_eq!((&told["keep_days"], &told["aged"]), (&Value::Null, &Value::Null), "{told}");
    for days in [json!(29), json!(0), json!(-1), json!(4000), json!("x")] {
        assert!(keeps_for(&app, &shop, days.clone()).await.0.is_client_error(), "{days}");
    }
    // Within the day it is taken back.
    assert_eq!(keeps_for(&app, &shop, json!(365)).await.0, 200);
    app.settle().await;
    app.let_pass(23 * HOUR).await;
    assert_eq!(keeps_for(&app, &shop, Value::Null).await.0, 200);
    app.settle().await;
    app.let_pass(10 * DAY).await;
    assert_eq!(app.read(&at(&shop, "erasures")).await["data"], json!([]));
    customer_of(&app, &shop, zoraida.id()).await;
    // And where it is not, it comes to pass.
    assert_eq!(keeps_for(&app, &shop, json!(365)).await.0, 200);
    app.settle().await;
    ages(&app, 25 * HOUR).await;
    expect_nothing_left(&app, &zoraida).await;
    app.stop().await;
}

async fn a_run_ends_once_the_shop_wants_otherwise(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = tells_everything(&app, &shop).await;
    app.let_pass(40 * DAY).await;
    assert_eq!(keeps_for(&app, &shop, json!(30)).await.0, 200);
    app.settle().await;
    // Both wait in the inbox when its actor takes them up, and are one turn.
    app.sellers().pause(shop.seller).await.unwrap();
    let path = at(&shop, "retention/run");
    let (status, later) = app.call(Method::POST, &path, &json!({})).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{later}");
    assert_eq!(keeps_for(&app, &shop, Value::Null).await.0, 200);
    app.sellers().resume(shop.seller).await.unwrap();
    ages(&app, Duration::ZERO).await;
    erasures(&app, &shop).await;
    customer_of(&app, &shop, zoraida.id()).await;
    app.stop().await;
}

async fn whoever_has_written_by_then_is_remembered_however_many_wait_before_them(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let zoraida = tells_everything(&app, &shop).await;
    app.let_pass(30 * DAY - HOUR).await;
    let customer = customer_of(&app, &shop, zoraida.id()).await;
    assert_eq!(keeps_for(&app, &shop, json!(30)).await.0, 200);
    app.settle().await;
    // Its day comes while nobody works in the shop, and of those who write meanwhile she is the last.
    app.sellers().pause(shop.seller).await.unwrap();
    app.clock.advance(DAY + HOUR);
    for n in 0..200 {
        says(&app, &shop.customer(&format!("Chloe {n}")), "one canvas apron please").await;
    }
    app.clock.advance(Duration::from_secs(1));
    says(&app, &zoraida, "ZORAIDA here again").await;
    app.sellers().resume(shop.seller).await.unwrap();
    ages(&app, Duration::ZERO).await;
    assert_eq!(customer_of(&app, &shop, zoraida.id()).await, customer, "she is who she was");
    app.stop().await;
}
