//! The catalog on its way to Meta: all of it arrives, under the cap, and everybody is told where each item stands.

mod settled;
mod steered;
mod troubles;

use std::collections::BTreeMap;
use std::time::Duration;

use ::actors::domain::ids::SellerId;
use ::actors::ports::Clock;
use chrono::{DateTime, Utc};
use hawker::sandbox::{Catalog, Rejects};
use http::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{Database, Shop, TestApp, both};

both![
    a_catalog_goes_up_in_batches_and_then_only_what_has_changed,
    a_thousand_products_one_by_one_pause_at_the_cap_and_all_arrive,
    with_a_reserve_a_thousand_products_pause_once_more,
    a_power_cut_at_any_time_writes_nothing_else_than_was_wanted,
    what_a_review_rejects_says_why_and_goes_up_once_it_is_mended,
    what_was_changed_at_meta_is_found_and_mended_within_a_day,
    a_plan_says_what_would_be_done_and_sends_nothing,
];

const ACCOUNT: &str = "17841400000000001";
const PAGE: &str = "10200000001";
const CATALOG: &str = "800680000000001";
const MINUTE: Duration = Duration::from_secs(60);

/// A shop that goes up to a catalog.
struct Synced {
    shop: Shop,
    catalog: Catalog,
}

impl TestApp {
    async fn synced(&self, products: usize, settings: Value) -> Synced {
        let shop = self.shop_of_a_page().await;
        let catalog = shop.account.add_catalog(CATALOG, "Linen", "9010");
        for numbers in (0..products).collect::<Vec<_>>().chunks(200) {
            self.sell(&shop, numbers.iter().map(|n| product(*n, "19.00")).collect()).await;
        }
        let connections = self.read(&format!("/api/v1/sellers/{}/connections", shop.seller)).await;
        let mut wanted = json!({ "meta_id": CATALOG, "connection": connections["data"][0]["id"], "drift": false,
            "reviews": false });
        wanted.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let (status, answer) = self.call(Method::PUT, &catalog_of(&shop), &wanted).await;
        assert_eq!(status, 200, "{answer}");
        self.settle().await;
        Synced { shop, catalog }
    }

    /// A shop whose account is connected through its Page: Instagram's own login reaches no catalog.
    async fn shop_of_a_page(&self) -> Shop {
        let seller = self.made("/api/v1/sellers", &json!({ "name": "Shop", "currency": "USD" })).await;
        let account = self.meta.add_account(ACCOUNT, "shop.1", PAGE, "token-1");
        let new = json!({ "channel": "instagram", "account_id": ACCOUNT, "page_id": PAGE, "username": "shop.1",
            "token": "token-1" });
        self.made(&format!("/api/v1/sellers/{seller}/connections"), &new).await;
        Shop { seller: SellerId(seller), account }
    }

    /// Starts a run and gives its address.
    async fn starts(&self, synced: &Synced, kind: &str) -> String {
        let runs = format!("/api/v1/sellers/{}/sync/runs", synced.shop.seller);
        let (status, answer) = self.call(Method::POST, &runs, &json!({ "kind": kind })).await;
        assert!(status.is_success(), "{status} {answer}");
        self.settle().await;
        format!("{runs}/{}", answer["run"])
    }

    /// Lets time pass until a run has ended, and gives it.
    async fn ended(&self, run: &str) -> Value {
        for _ in 0..200 {
            let now = self.read(run).await;
            if !now["ended_at"].is_null() {
                return now;
            }
            self.pass_to_next_alarm().await;
        }
        panic!("it does not end: {}", self.read(run).await);
    }

    /// Time passes until the sync goes on.
    async fn pass_to_next_alarm(&self) {
        let rows = self.database().look().await;
        let sql = "SELECT MIN(due) AS due FROM alarm WHERE kind = 'sync'";
        let row = rows.query_one_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap().unwrap();
        let due: i64 = row.try_get::<Option<i64>>("", "due").unwrap().expect("nothing waits to go on");
        rows.close().await.unwrap();
        let wait = due - self.clock.now().timestamp_millis();
        self.let_pass(Duration::from_millis(wait.max(0).unsigned_abs())).await;
    }

    /// How many items are how far.
    async fn items(&self, synced: &Synced) -> Value {
        self.read(&catalog_of(&synced.shop)).await["items"].clone()
    }
}

fn catalog_of(shop: &Shop) -> String {
    format!("/api/v1/sellers/{}/catalog", shop.seller)
}

/// A product with all that Meta wants to know.
fn product(n: usize, price: &str) -> Value {
    json!({
        "retailer_id": format!("P{n:05}"), "title": format!("Woven Thing {n}"), "price": price, "stock": 7,
        "description": "Woven from long fibre, washed soft.", "link": format!("https://shop.example/{n}"),
        "images": [format!("https://cdn.example/{n}.jpg")], "brand": "Ada",
    })
}

fn time(text: &Value) -> DateTime<Utc> {
    text.as_str().unwrap().parse().unwrap()
}

async fn a_catalog_goes_up_in_batches_and_then_only_what_has_changed(database: Database) {
    let app = TestApp::start_with(database, &[("sync.batch_items", "100")]).await;
    let synced = app.synced(250, json!({})).await;
    let run = app.starts(&synced, "incremental").await;
    let run = app.ended(&run).await;
    assert_eq!((&run["status"], &run["done"], &run["total"]), (&json!("completed"), &json!(250), &json!(250)), "{run}");
    assert_eq!((synced.catalog.len(), synced.catalog.batches().len()), (250, 3));
    assert_eq!(app.items(&synced).await, json!({ "accepted": 250 }));

    app.sell(&synced.shop, json!([product(7, "21.00"), product(8, "21.00")])).await;
    let (status, _) =
        app.call(Method::DELETE, &format!("/api/v1/sellers/{}/products/P00009", synced.shop.seller), &json!({})).await;
    assert_eq!(status, 200);
    let run = app.starts(&synced, "incremental").await;
    let run = app.ended(&run).await;
    assert_eq!((&run["status"], &run["total"]), (&json!("completed"), &json!(3)), "{run}");
    assert_eq!((synced.catalog.len(), synced.catalog.batches().len()), (249, 4));
    assert!(synced.catalog.item("P00007").unwrap().fields["price"].as_str().unwrap().contains("21"));

    let calls = synced.catalog.calls().len();
    let run = app.starts(&synced, "full").await;
    let run = app.ended(&run).await;
    assert_eq!((&run["status"], synced.catalog.calls().len()), (&json!("completed"), calls), "no call: {run}");
    app.stop().await;
}

async fn a_thousand_products_one_by_one_pause_at_the_cap_and_all_arrive(database: Database) {
    // All 200 of an hour may be spent on the catalog: 200, four times more, and it is done.
    a_thousand_with_a_reserve_of(database, 0, 4).await;
}

async fn with_a_reserve_a_thousand_products_pause_once_more(database: Database) {
    // Of 200 calls an hour 20 are kept, so 180 are for the catalog: 900 of the 1,000 are up after five hours' shares, of
    // which the first needs no wait, and the last 100 wait for the fifth time.
    a_thousand_with_a_reserve_of(database, 20, 5).await;
}

async fn a_thousand_with_a_reserve_of(database: Database, reserve: usize, pauses: usize) {
    let kept = reserve.to_string();
    let settings = [("budgets.graph_reserve", kept.as_str()), ("actors.idle_unload", "50ms")];
    let app = TestApp::start_with(database, &settings).await;
    let synced = app.synced(1000, json!({ "mode": "one_by_one" })).await;
    app.let_pass(61 * MINUTE).await;
    let began = app.clock.now();
    let run = app.starts(&synced, "full").await;
    let mut paused = 0;
    loop {
        let now = app.read(&run).await;
        if !now["ended_at"].is_null() {
            break;
        }
        assert_eq!((&now["status"], &now["pause"]["why"]), (&json!("paused"), &json!("cap")), "{now}");
        paused += 1;
        let written = synced.catalog.writes().len();
        assert_eq!(written, paused * (200 - reserve));
        let until = time(&now["pause"]["until"]);
        // In the midst of it a customer is answered at once, and nobody sits waiting.
        app.let_pass((until - app.clock.now()).to_std().unwrap() / 2).await;
        let (customer, sent) = (format!("Ada {paused}"), app.meta.sent().len());
        app.deliver(&synced.shop.customer(&customer).writes("one woven thing 7 please")).await;
        app.fall_silent().await;
        assert_eq!(app.meta.sent().len(), sent + 1, "a customer is answered while the sync waits");
        crate::support::until("the seller is let go of", || async {
            app.sellers().inspect(synced.shop.seller).await.unwrap().is_none().then_some(())
        })
        .await;
        assert_eq!((synced.catalog.writes().len(), app.clock.now() < until), (written, true));
        app.let_pass((until - app.clock.now()).to_std().unwrap()).await;
    }
    let now = app.read(&run).await;
    let took = time(&now["ended_at"]) - began;
    assert_eq!((paused, &now["status"]), (pauses, &json!("completed")), "{now}");
    assert_eq!(now["pauses"].as_array().unwrap().len(), pauses);
    let least = i64::try_from(pauses).unwrap() * 60;
    assert!(took.num_minutes() >= least && took.num_seconds() < (least + 2) * 60, "{took}");
    assert_eq!((synced.catalog.len(), synced.catalog.writes().len()), (1000, 1000));
    assert_eq!(app.items(&synced).await, json!({ "accepted": 1000 }));
    app.stop().await;
}

async fn a_power_cut_at_any_time_writes_nothing_else_than_was_wanted(database: Database) {
    let mut app = TestApp::start_with(database, &[("sync.batch_items", "40")]).await;
    let synced = app.synced(200, json!({})).await;
    let runs = format!("/api/v1/sellers/{}/sync/runs", synced.shop.seller);
    let (status, answer) = app.call(Method::POST, &runs, &json!({ "kind": "full" })).await;
    assert!(status.is_success(), "{answer}");
    let run = format!("{runs}/{}", answer["run"]);
    for cut in 0..12 {
        // Not when all is still: in the midst of whatever goes on.
        let calls = app.meta.calls();
        crate::support::until("something moves", || async {
            (app.meta.calls() != calls || cut % 3 == 0).then_some(())
        })
        .await;
        app.vanish().await;
        app.start_again().await;
        app.settle().await;
        if !app.read(&run).await["ended_at"].is_null() {
            break;
        }
        app.clock.advance(Duration::from_secs(150));
    }
    app.settle().await;
    let run = app.ended(&run).await;
    assert_eq!(run["status"], "completed", "{run}");
    assert_eq!(app.items(&synced).await, json!({ "accepted": 200 }));
    let mut contents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for write in synced.catalog.writes() {
        contents.entry(write.sku.to_string()).or_default().push(write.content.expect("none was removed").to_string());
    }
    assert_eq!(contents.len(), 200);
    for (sku, mut written) in contents {
        written.dedup();
        assert_eq!(written.len(), 1, "{sku} was written with other content");
    }
    app.stop().await;
}

async fn what_a_review_rejects_says_why_and_goes_up_once_it_is_mended(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(5, json!({ "reviews": true })).await;
    let rejects = Rejects { word: "Thing 3".to_owned(), reason: "PROHIBITED_CONTENT".to_owned() };
    synced.catalog.rules(|rules| rules.review.rejects = vec![rejects]);
    let run = app.starts(&synced, "full").await;
    app.ended(&run).await;
    app.let_pass(30 * MINUTE).await;
    let item = format!("{}/items/P00003", catalog_of(&synced.shop));
    let shown = app.read(&item).await;
    assert_eq!(shown["state"], "rejected", "{shown}");
    assert!(shown["reason"].as_str().unwrap().to_lowercase().contains("prohibited"), "{shown}");
    synced.catalog.rules(|rules| rules.review.rejects.clear());
    let writes = synced.catalog.writes().len();
    let mut mended = product(3, "19.00");
    mended["title"] = json!("Soft Cloth");
    app.sell(&synced.shop, json!([mended])).await;
    let run = app.starts(&synced, "incremental").await;
    app.ended(&run).await;
    app.let_pass(30 * MINUTE).await;
    assert_eq!(synced.catalog.writes().len(), writes + 1, "only that one");
    let shown = app.read(&item).await;
    assert!(["accepted", "live"].contains(&shown["state"].as_str().unwrap()), "{shown}");
    app.stop().await;
}

async fn what_was_changed_at_meta_is_found_and_mended_within_a_day(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(20, json!({ "drift": true })).await;
    let run = app.starts(&synced, "full").await;
    app.ended(&run).await;
    assert!(synced.catalog.remove("P00004"));
    synced.catalog.change("P00005", &json!({ "price": "1.00 USD" })).unwrap();
    for _ in 0..26 {
        app.let_pass(60 * MINUTE).await;
    }
    assert_eq!(synced.catalog.len(), 20);
    assert_eq!(
        synced.catalog.item("P00005").unwrap().fields["price"],
        synced.catalog.item("P00006").unwrap().fields["price"]
    );
    app.stop().await;
}

async fn a_plan_says_what_would_be_done_and_sends_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let synced = app.synced(3, json!({})).await;
    app.sell(&synced.shop, json!([{ "retailer_id": "BARE", "title": "Bare", "price": "1.00" }])).await;
    let calls = synced.catalog.calls().len();
    let run = app.starts(&synced, "dry_run").await;
    let run = app.ended(&run).await;
    assert_eq!((&run["counts"]["create"], &run["counts"]["refused"]), (&json!(3), &json!(1)), "{run}");
    assert_eq!(run["refusals"][0]["retailer_id"], "BARE", "{run}");
    assert_eq!((synced.catalog.calls().len(), synced.catalog.len()), (calls, 0));
    app.stop().await;
}
