//! Every route of the API with keys that may not use it, and the routes that stand on commands, events and webhooks.

use std::collections::BTreeSet;

use ::actors::ports::Clock;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Database, OPERATOR_KEY, Shop, TestApp, both, until};

both![
    no_route_opens_to_a_key_that_may_not_use_it,
    of_two_people_who_edit_one_draft_the_later_is_told,
    lists_hold_what_is_looked_for,
    what_happens_is_followed_live_and_again_from_where_it_was,
    a_message_is_sent_under_its_old_address,
    a_webhook_endpoint_is_made_once_for_each_request,
    a_file_of_products_comes_in_and_goes_out_unchanged,
];

/// Every operation that needs a key, with ids that are one seller's.
async fn operations(app: &TestApp, seller: i64) -> Vec<(Method, String, String)> {
    let document = app.read("/api/openapi.json").await;
    let mut found = Vec::new();
    for (pattern, item) in document["paths"].as_object().unwrap() {
        let path: Vec<String> = pattern.split('/').map(|segment| segment_of(segment, seller)).collect();
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"].as_array().is_some_and(|security| !security.is_empty()) {
                let method = method.to_uppercase().parse().unwrap();
                found.push((method, path.join("/"), operation["x-scope"].as_str().unwrap_or_default().to_owned()));
            }
        }
    }
    found
}

fn segment_of(segment: &str, seller: i64) -> String {
    match segment {
        "{seller}" => seller.to_string(),
        "{verb}" => "pause".to_owned(),
        segment if segment.starts_with('{') => "1".to_owned(),
        segment => segment.to_owned(),
    }
}

/// Whether no seller's key may have it.
fn is_operators(scope: &str) -> bool {
    ["sellers:", "actors:", "secrets:", "service:"].iter().any(|area| scope.starts_with(area))
}

async fn key(app: &TestApp, seller: i64, scopes: &[&str], expires_at: Value) -> String {
    let new = json!({ "name": "till", "scopes": scopes, "expires_at": expires_at });
    let (status, made) = app.call(Method::POST, &format!("/api/v1/sellers/{seller}/keys"), &new).await;
    assert_eq!(status, 201, "{made}");
    made["key"].as_str().unwrap().to_owned()
}

async fn no_route_opens_to_a_key_that_may_not_use_it(database: Database) {
    let fast = [("api.requests_per_second", "1000"), ("api.burst", "1000"), ("api.wrong_keys_per_minute", "1000")];
    let app = TestApp::start_with(database, &fast).await;
    let (ours, theirs) = (app.empty_shop(1, json!({})).await.seller.0, app.empty_shop(2, json!({})).await.seller.0);
    let operations = operations(&app, ours).await;
    assert!(operations.len() > 80, "{}", operations.len());
    let own_scopes: BTreeSet<&str> = operations.iter().map(|(.., scope)| scope.as_str()).collect();
    let all: Vec<&str> = own_scopes.into_iter().filter(|scope| !scope.is_empty() && !is_operators(scope)).collect();
    let (wrong, own) = (key(&app, theirs, &all, Value::Null).await, key(&app, ours, &all, Value::Null).await);
    let expiring = key(&app, ours, &all, json!(app.clock.now() + chrono::TimeDelta::minutes(1))).await;
    app.clock.advance(std::time::Duration::from_secs(61));
    for (method, path, scope) in &operations {
        let ask = async |key: Option<&str>| {
            let (status, problem) = app.call_as(key, method.clone(), path, "{}".to_owned()).await;
            (status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
        };
        let of_a_seller = path.starts_with("/api/v1/sellers/");
        assert_eq!(ask(None).await, (401, "unauthorized".to_owned()), "{method} {path} without a key");
        assert_eq!(ask(Some("hwk_1_no")).await.0, 401, "{method} {path} with a made-up key");
        assert_eq!(ask(Some(&expiring)).await, (401, "key_expired".to_owned()), "{method} {path} with an old key");
        if of_a_seller {
            let (status, code) = ask(Some(&wrong)).await;
            assert!(status == 403 && code != "ok", "{method} {path} with another's key: {status} {code}");
        }
        if is_operators(scope) {
            assert_eq!(ask(Some(&own)).await, (403, "scope_missing".to_owned()), "{method} {path} with a seller's key");
        }
        if !scope.is_empty() {
            let other = if scope == "audit:read" { "events:read" } else { "audit:read" };
            let narrow = narrow_key(&app, ours, other).await;
            assert_eq!(ask(Some(&narrow)).await, (403, "scope_missing".to_owned()), "{method} {path} for {other}");
        }
    }
    app.stop().await;
}

/// One key for each scope is enough for all routes.
async fn narrow_key(app: &TestApp, seller: i64, scope: &str) -> String {
    let path = format!("http://{}/api/v1/sellers/{seller}/keys", app.address());
    let new = json!({ "name": "narrow", "scopes": [scope] }).to_string();
    let request = app.http().post(path).bearer_auth(OPERATOR_KEY).header("Idempotency-Key", scope.replace(':', "-"));
    let made: Value = serde_json::from_slice(&request.body(new).send().await.unwrap().bytes().await.unwrap()).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

async fn draft(app: &TestApp, shop: &Shop) -> Value {
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    app.order(shop).await
}

async fn of_two_people_who_edit_one_draft_the_later_is_told(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let order = draft(&app, &shop).await;
    let path = format!("/api/v1/sellers/{}/orders/{}", shop.seller, order["id"]);
    let edit =
        |quantity: u32| json!({ "version": order["version"], "lines": [{ "product": "APRON", "quantity": quantity }] });
    let (status, first) = app.call(Method::PATCH, &path, &edit(2)).await;
    assert_eq!(status, 200, "{first}");
    let (status, second) = app.call(Method::PATCH, &path, &edit(3)).await;
    assert_eq!((status.as_u16(), &second["code"]), (409, &json!("version_conflict")), "{second}");
    let shown = app.read(&path).await;
    assert_eq!((&shown["version"], &shown["lines"][0]["quantity"]), (&first["version"], &json!(2)));
    let (status, confirmed) = app.call(Method::POST, &format!("{path}/confirm"), &Value::Null).await;
    assert_eq!(status, 400, "null is no object: {confirmed}");
    let (status, confirmed) =
        app.call_as(Some(OPERATOR_KEY), Method::POST, &format!("{path}/confirm"), String::new()).await;
    assert_eq!((status.as_u16(), &confirmed["state"]), (200, &json!("confirmed")), "{confirmed}");
    let history = app.read(&format!("{path}/history")).await;
    let steps: Vec<&str> =
        history["data"].as_array().unwrap().iter().filter_map(|step| step["what"].as_str()).collect();
    assert_eq!(steps, ["drafted", "edited", "confirmed"]);
    app.settle().await;
    app.stop().await;
}

async fn lists_hold_what_is_looked_for(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for name in ["Ada", "Ben", "Chloé"] {
        app.deliver(&shop.customer(name).writes("one canvas apron please")).await;
        app.deliver(&shop.customer(name).writes("thank you")).await;
    }
    app.settle().await;
    let at = |what: &str| format!("/api/v1/sellers/{}/{what}", shop.seller);
    let ids = async |what: &str| -> Vec<i64> {
        let found = app.read(&at(what)).await;
        found["data"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let (orders, conversations) = (ids("orders").await, ids("conversations").await);
    assert_eq!(
        (orders.len(), ids("orders?state=draft").await.len(), ids("orders?state=confirmed").await.len()),
        (3, 3, 0)
    );
    assert_eq!(ids(&format!("orders?conversation={}", conversations[1])).await, [orders[1]]);
    let (status, _) = app
        .call(Method::POST, &at(&format!("conversations/{}/archive", conversations[0])), &json!({ "archived": true }))
        .await;
    assert_eq!(status, 200);
    assert_eq!(ids("conversations?archived=true").await, [conversations[0]]);
    assert_eq!(ids("conversations?archived=false&unread=true").await, conversations[1..]);
    let said = format!("conversations/{}/messages", conversations[0]);
    let (oldest, mut newest) = (ids(&said).await, ids(&format!("{said}?order=newest")).await);
    newest.reverse();
    assert_eq!((oldest.len(), &oldest), (2, &newest));
    let first = app.read(&at(&format!("{said}?limit=1"))).await;
    let rest = format!("{said}?limit=1&after={}", first["next"].as_str().unwrap());
    assert_eq!(ids(&rest).await, oldest[1..]);
    let (status, problem) = app.call(Method::GET, &at("orders?state=lost"), &Value::Null).await;
    assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("invalid_query")), "{problem}");
    app.stop().await;
}

/// The first events that are told live after one, as ids and kinds.
async fn followed(app: &TestApp, shop: &Shop, after: Option<i64>, count: usize) -> Vec<(i64, String)> {
    let url = format!("http://{}/api/v1/sellers/{}/events/stream?after=0", app.address(), shop.seller);
    let mut request = app.http().get(url).bearer_auth(OPERATOR_KEY);
    if let Some(after) = after {
        request = request.header("Last-Event-ID", after);
    }
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while text.matches("\ndata:").count() + usize::from(text.starts_with("data:")) < count {
        text.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let events = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
    let shown = |event: Value| (event["data"]["id"].as_i64().unwrap(), event["type"].as_str().unwrap().to_owned());
    events.map(shown).take(count).collect()
}

async fn what_happens_is_followed_live_and_again_from_where_it_was(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop().await;
    draft(&app, &shop).await;
    let listed = app.read(&format!("/api/v1/sellers/{}/events", shop.seller)).await;
    let all: Vec<i64> =
        listed["data"].as_array().unwrap().iter().map(|it| it["data"]["id"].as_i64().unwrap()).collect();
    let told = followed(&app, &shop, None, all.len()).await;
    assert_eq!(told.iter().map(|(id, _)| *id).collect::<Vec<_>>(), all);
    for kind in ["connection.connected", "product.changed", "message.received", "order.drafted", "lead.created"] {
        assert!(told.iter().any(|(_, told)| told == kind), "{kind} in {told:?}");
    }
    app.vanish().await;
    app.start_again().await;
    assert_eq!(followed(&app, &shop, Some(all[1]), all.len() - 2).await, told[2..]);
    app.stop().await;
}

async fn a_message_is_sent_under_its_old_address(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    app.settle().await;
    let ada = app.conversation(&shop).await["customer"]["meta_id"].clone();
    let status = app.read(&format!("/api/instagram/status?seller={}", shop.seller)).await;
    assert_eq!((&status["connected"], &status["accountId"]), (&json!(true), &json!(shop.account.id())));
    let own = key(&app, shop.seller.0, &["conversations:write", "connections:read"], Value::Null).await;
    let send = json!({ "recipientId": ada, "message": "Hello Ada, we are open until six." }).to_string();
    let path = "/api/instagram/messages/send";
    let (code, sent) = app.call_as(Some(&own), Method::POST, path, send.clone()).await;
    assert!((code == 200 && sent["messageId"].is_string()) || (code == 202 && sent["messageId"].is_null()), "{sent}");
    assert_eq!(sent["success"], true);
    let (code, problem) = app.call_as(Some(OPERATOR_KEY), Method::POST, path, send).await;
    assert_eq!((code.as_u16(), &problem["code"]), (422, &json!("seller_needed")));
    app.settle().await;
    assert_eq!(shop.customer("Ada").received().len(), 1);
    app.stop().await;
}

async fn a_webhook_endpoint_is_made_once_for_each_request(database: Database) {
    let app = TestApp::start_with(database, &[("webhooks.allow_loopback", "true")]).await;
    let shop = app.empty_shop(1, json!({})).await;
    let path = format!("/api/v1/sellers/{}/webhooks", shop.seller);
    let make = || {
        let new = json!({ "url": "http://127.0.0.1:9/hook", "kinds": ["order.confirmed"] }).to_string();
        let url = format!("http://{}{path}", app.address());
        app.http().post(url).bearer_auth(OPERATOR_KEY).header("Idempotency-Key", "a").body(new).send()
    };
    let made = futures::future::join_all((0..20).map(|_| make())).await;
    let mut answers = BTreeSet::new();
    for answer in made {
        answers.insert(answer.unwrap().text().await.unwrap());
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let listed = app.read(&path).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let one = format!("{path}/{}", listed["data"][0]["id"]);
    let (status, changed) = app.call(Method::PATCH, &one, &json!({ "paused": true })).await;
    assert_eq!((status.as_u16(), &changed["state"]), (200, &json!("paused")), "{changed}");
    let (status, problem) = app.call(Method::POST, &path, &json!({ "url": "http://10.0.0.1/" })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("address_not_allowed")), "{problem}");
    assert_eq!(app.call(Method::DELETE, &one, &Value::Null).await.0, 204);
    app.stop().await;
}

async fn a_file_of_products_comes_in_and_goes_out_unchanged(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let at = |what: &str| format!("http://{}/api/v1/sellers/{}/products/{what}", app.address(), shop.seller);
    let send = async |query: &str, media: &str, file: String| -> Value {
        let request = app.http().post(at(&format!("import?{query}"))).bearer_auth(OPERATOR_KEY);
        let answer = request.header("Content-Type", media).body(file).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    };
    let mut file = "id,title,price,availability\n".to_owned();
    (0..1200).for_each(|n| file.push_str(&format!("P{n},\"Cap, number {n}\",{n}.50 USD,in stock\n")));
    file.push_str("BAD,,x,y\n");
    let report = send("", "text/csv", file.clone()).await;
    assert_eq!((&report["created"], &report["refused"]), (&json!(1200), &json!(1)), "{report}");
    until("all of it is there", async || {
        let page = app.read(&format!("/api/v1/sellers/{}/products?limit=500", shop.seller)).await;
        (page["data"].as_array().unwrap().len() == 500).then_some(())
    })
    .await;
    for (format, media) in [("csv", "text/csv"), ("json", "application/json"), ("ndjson", "application/x-ndjson")] {
        let url = at(&format!("export?format={format}"));
        let answer = app.http().get(url).bearer_auth(OPERATOR_KEY).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], media);
        let exported = answer.text().await.unwrap();
        let report = send("mode=replace&dry_run=true", media, exported).await;
        let counts = ["created", "changed", "removed", "refused", "unchanged"].map(|name| report[name].clone());
        assert_eq!(counts, [0, 0, 0, 0, 1200].map(|count| json!(count)), "{format}: {report}");
    }
    app.stop().await;
}
