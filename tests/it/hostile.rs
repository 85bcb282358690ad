//! What an enemy would try on the API, and what goes wrong by bad luck: nothing leaks, nothing happens twice, nothing is
//! silently left out.

use std::time::Duration;

use ::actors::domain::shop_event::ShopEventKind;
use ::actors::ports::Clock;
use chrono::TimeDelta;
use futures::future::join_all;
use hawker::webhooks_out::Change;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Database, OPERATOR_KEY, Receiver, Shop, TestApp, both, until};

const DAY: Duration = Duration::from_secs(86_400);
const OPEN: (&str, &str) = ("webhooks.allow_loopback", "true");

both![
    a_sellers_key_sees_no_other_shops_events_in_the_ledger,
    what_an_operator_looks_at_in_the_ledger_is_noted,
    a_replay_that_is_asked_for_again_is_answered_alike,
    a_secret_is_replaced_once_for_each_request,
    a_delivery_is_made_once_more_once_for_each_request,
    a_pause_that_is_asked_for_again_ends_nothing,
    a_stream_ends_with_the_key_that_opened_it,
    one_sellers_followers_leave_room_for_others,
    what_became_of_a_command_is_shown_to_those_it_concerns,
    a_path_that_names_itself_is_no_product,
    a_file_sent_many_times_at_once_is_taken_in_once,
    a_list_that_ends_too_early_removes_nothing,
    what_cannot_be_read_is_not_repeated_at_length,
    an_endpoint_that_was_away_for_too_long_is_told_what_it_missed,
    conversations_are_found_by_label,
];

async fn key(app: &TestApp, shop: &Shop, scopes: &[&str], expires_at: Value) -> (i64, String) {
    let new = json!({ "name": "till", "scopes": scopes, "expires_at": expires_at });
    let (status, made) = app.call(Method::POST, &format!("/api/v1/sellers/{}/keys", shop.seller), &new).await;
    assert_eq!(status, 201, "{made}");
    (made["id"].as_i64().unwrap(), made["key"].as_str().unwrap().to_owned())
}

/// Posts with an Idempotency-Key.
async fn post(app: &TestApp, path: &str, once: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}{path}", app.address());
    let request = app.http().post(url).bearer_auth(OPERATOR_KEY).header("Idempotency-Key", once);
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

/// Two shops with an event in the ledger each.
async fn two_with_trouble(app: &TestApp) -> [Shop; 2] {
    let shops = [app.empty_shop(1, json!({})).await, app.empty_shop(2, json!({})).await];
    for shop in &shops {
        app.deliver(&shop.customer("Ada").sends(r#"{"text":"half a heart \ud83d"}"#)).await;
    }
    app.settle().await;
    shops
}

async fn a_sellers_key_sees_no_other_shops_events_in_the_ledger(database: Database) {
    let app = TestApp::start(database).await;
    let [ours, theirs] = two_with_trouble(&app).await;
    let own = key(&app, &ours, &["ledger:read", "ledger:write"], Value::Null).await.1;
    let ask = async |method: Method, path: &str, body: &str| {
        let (status, answer) = app.call_as(Some(&own), method, path, body.to_owned()).await;
        (status.as_u16(), answer)
    };
    let all = app.read("/api/v1/ledger/events").await;
    let seqs = |of: &Shop| -> Vec<i64> {
        let rows = all["data"].as_array().unwrap().iter().filter(|row| row["seller"] == json!(of.seller));
        rows.map(|row| row["id"].as_i64().unwrap()).collect()
    };
    let (mine, other) = (seqs(&ours)[0], seqs(&theirs)[0]);
    let (status, seen) = ask(Method::GET, "/api/v1/ledger/events", "").await;
    let seen: Vec<&Value> = seen["data"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!((status, seen), (200, vec![&json!(mine)]));
    let elsewhere = format!("seller={}", theirs.seller);
    for (method, path, body, code) in [
        (Method::GET, "/api/v1/ledger", String::new(), "for_the_operator"),
        (Method::GET, "/api/v1/ledger/reasons", String::new(), "for_the_operator"),
        (Method::GET, "/api/v1/ledger/accounts", String::new(), "for_the_operator"),
        (Method::GET, &format!("/api/v1/ledger/events?{elsewhere}"), String::new(), "not_your_shop"),
        (Method::GET, &format!("/api/v1/ledger/equation?{elsewhere}"), String::new(), "not_your_shop"),
        (Method::GET, &format!("/api/v1/ledger/events/{other}"), String::new(), "not_found"),
        (Method::POST, &format!("/api/v1/ledger/events/{other}/replay"), String::new(), "not_found"),
        (Method::POST, "/api/v1/ledger/replay", format!(r#"{{"seller":{}}}"#, theirs.seller), "not_your_shop"),
    ] {
        let (_, problem) = ask(method, path, &body).await;
        assert_eq!(problem["code"], code, "{path}: {problem}");
    }
    assert_eq!(ask(Method::GET, &format!("/api/v1/ledger/events/{mine}"), "").await.0, 200);
    let (_, equation) = ask(Method::GET, "/api/v1/ledger/equation?by=seller", "").await;
    let sellers: Vec<&Value> = equation["data"].as_array().unwrap().iter().map(|part| &part["seller"]).collect();
    assert_eq!(sellers, [&json!(ours.seller)], "{equation}");
    let (_, replay) = ask(Method::POST, "/api/v1/ledger/replay", r#"{"reason":"unreadable","dry_run":false}"#).await;
    assert_eq!(replay["replayed"], 1, "only its own: {replay}");
    app.settle().await;
    app.stop().await;
}

async fn what_an_operator_looks_at_in_the_ledger_is_noted(database: Database) {
    let app = TestApp::start(database).await;
    let [ours, _] = two_with_trouble(&app).await;
    app.read(&format!("/api/v1/ledger/events?seller={}", ours.seller)).await;
    let all = app.read("/api/v1/ledger/events?order=oldest").await;
    app.read(&format!("/api/v1/ledger/events/{}", all["data"][0]["id"])).await;
    let (status, _) = app.call(Method::POST, "/api/v1/ledger/replay", &json!({ "reason": "unreadable" })).await;
    assert_eq!(status, 200);
    let noted = app.read(&format!("/api/v1/sellers/{}/audit", ours.seller)).await;
    let actions: Vec<&str> = noted["data"].as_array().unwrap().iter().filter_map(|it| it["action"].as_str()).collect();
    for action in ["GET /api/v1/ledger/events", "GET /api/v1/ledger/events/{event}"] {
        assert_eq!(actions.iter().filter(|noted| **noted == action).count(), 1, "{action} in {actions:?}");
    }
    let noted = app.read("/api/v1/audit").await;
    assert!(noted["data"].as_array().unwrap().iter().any(|it| it["action"] == "ledger.replayed"), "{noted}");
    app.settle().await;
    app.stop().await;
}

async fn a_replay_that_is_asked_for_again_is_answered_alike(database: Database) {
    let mut app = TestApp::start(database).await;
    two_with_trouble(&app).await;
    let ask = json!({ "reason": "unreadable" });
    let first = post(&app, "/api/v1/ledger/replay", "a", &ask).await;
    assert_eq!((first.0, &first.1["replayed"]), (200, &json!(2)), "{first:?}");
    app.settle().await;
    app.restart().await;
    assert_eq!(post(&app, "/api/v1/ledger/replay", "a", &ask).await, first, "whoever lost the answer gets it");
    let event = app.read("/api/v1/ledger/events").await["data"][0]["id"].clone();
    let one = format!("/api/v1/ledger/events/{event}/replay");
    let first = post(&app, &one, "b", &Value::Null).await;
    app.settle().await;
    assert_eq!((first.0, post(&app, &one, "b", &Value::Null).await), (200, first));
    app.settle().await;
    app.stop().await;
}

async fn webhook(app: &TestApp, shop: &Shop, url: &str) -> (String, Value) {
    let all = format!("/api/v1/sellers/{}/webhooks", shop.seller);
    let (status, made) = app.call(Method::POST, &all, &json!({ "url": url, "kinds": ["message.received"] })).await;
    assert_eq!(status, 201, "{made}");
    (format!("{all}/{}", made["id"]), made["secret"].clone())
}

async fn a_secret_is_replaced_once_for_each_request(database: Database) {
    let mut app = TestApp::start_with(database, &[OPEN]).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let (one, first) = webhook(&app, &shop, &receiver.url()).await;
    let rotate = format!("{one}/rotate");
    let nothing = json!({});
    let answers = join_all((0..10).map(|_| post(&app, &rotate, "a", &nothing))).await;
    assert!(answers.iter().all(|answer| answer.0 == 200 && *answer == answers[0]), "{answers:?}");
    app.vanish().await;
    app.start_again().await;
    assert_eq!(post(&app, &rotate, "a", &json!({})).await, answers[0]);
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    let letter = until("it is told", || async { receiver.taken().pop() }).await;
    let by = [&first, &answers[0].1["secret"]].map(|secret| letter.signed_by(secret.as_str().unwrap()));
    assert_eq!(by, [1, 1], "the secret before goes on for its day, however often the request was repeated");
    app.stop().await;
}

async fn a_delivery_is_made_once_more_once_for_each_request(database: Database) {
    let app = TestApp::start_with(database, &[OPEN]).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let (one, _) = webhook(&app, &shop, &receiver.url()).await;
    for _ in 0..3 {
        let (status, pinged) = post(&app, &format!("{one}/ping"), "a", &Value::Null).await;
        assert_eq!(status, 200, "{pinged}");
    }
    let log = async || app.read(&format!("{one}/deliveries")).await["data"].clone();
    let delivered = async || (log().await[0]["state"] == "delivered").then_some(());
    until("it is delivered", delivered).await;
    assert_eq!(log().await.as_array().unwrap().len(), 1, "three requests are one");
    let again = format!("{one}/deliveries/{}/redeliver", log().await[0]["id"]);
    for _ in 0..3 {
        assert_eq!(post(&app, &again, "b", &Value::Null).await.0, 204);
        until("it is delivered", delivered).await;
    }
    until("it came once more", || async { (receiver.taken().len() == 2).then_some(()) }).await;
    // What is told after it shows that nothing was still to come.
    assert_eq!(post(&app, &format!("{one}/ping"), "c", &Value::Null).await.0, 200);
    until("another came", || async { receiver.taken().get(2).cloned() }).await;
    let names: Vec<String> = receiver.taken().into_iter().map(|letter| letter.name).collect();
    assert!(names.len() == 3 && names[0] == names[1] && names[1] != names[2], "{names:?}");
    app.stop().await;
}

async fn a_pause_that_is_asked_for_again_ends_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let actor = format!("/api/v1/sellers/{}/actor", shop.seller);
    let paused = post(&app, &format!("{actor}/pause"), "a", &Value::Null).await;
    assert_eq!((paused.0, &paused.1["paused"]), (200, &json!(true)), "{paused:?}");
    assert_eq!(post(&app, &format!("{actor}/resume"), "b", &Value::Null).await.0, 200);
    assert_eq!(post(&app, &format!("{actor}/pause"), "a", &Value::Null).await, paused);
    assert_eq!(app.read(&actor).await["paused"], false, "somebody has resumed it since");
    app.stop().await;
}

async fn follow(app: &TestApp, shop: &Shop, key: &str) -> reqwest::Response {
    let url = format!("http://{}/api/v1/sellers/{}/events/stream", app.address(), shop.seller);
    app.http().get(url).bearer_auth(key).send().await.unwrap()
}

/// Reads until the stream ends. It fails where that takes longer than the client waits.
async fn to_its_end(mut stream: reqwest::Response) -> String {
    let mut told = Vec::new();
    while let Some(piece) = stream.chunk().await.unwrap() {
        told.extend_from_slice(&piece);
    }
    String::from_utf8(told).unwrap()
}

async fn a_stream_ends_with_the_key_that_opened_it(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let (id, revoked) = key(&app, &shop, &["events:read"], Value::Null).await;
    let until = json!(app.clock.now() + TimeDelta::hours(1));
    let (_, expiring) = key(&app, &shop, &["events:read"], until).await;
    let streams = [follow(&app, &shop, &revoked).await, follow(&app, &shop, &expiring).await];
    let (status, _) =
        app.call(Method::DELETE, &format!("/api/v1/sellers/{}/keys/{id}", shop.seller), &Value::Null).await;
    assert_eq!(status, 200);
    app.clock.advance(Duration::from_secs(3600));
    app.deliver(&shop.customer("Ada").writes("nobody else's business")).await;
    let [first, second] = streams;
    let told = tokio::join!(to_its_end(first), to_its_end(second));
    assert!(!told.0.contains("message.received") && !told.1.contains("message.received"), "{told:?}");
    assert_eq!(follow(&app, &shop, &revoked).await.status(), 401);
    app.stop().await;
}

async fn one_sellers_followers_leave_room_for_others(database: Database) {
    let app = TestApp::start(database).await;
    let [ours, theirs] = [app.empty_shop(1, json!({})).await, app.empty_shop(2, json!({})).await];
    let (_, greedy) = key(&app, &ours, &["events:read"], Value::Null).await;
    let (_, other) = key(&app, &theirs, &["events:read"], Value::Null).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        let stream = follow(&app, &ours, &greedy).await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let refused = follow(&app, &ours, &greedy).await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (429, true));
    assert_eq!(follow(&app, &theirs, &other).await.status(), 200);
    drop(streams);
    let room = || async { (follow(&app, &ours, &greedy).await.status() == 200).then_some(()) };
    until("those who have gone leave their places", room).await;
    app.stop().await;
}

async fn what_became_of_a_command_is_shown_to_those_it_concerns(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    let at = |what: &str| format!("/api/v1/sellers/{}/{what}", shop.seller);
    let (order, conversation) = (app.order(&shop).await["id"].clone(), app.conversation(&shop).await["id"].clone());
    let confirmed = post(&app, &at(&format!("orders/{order}/confirm")), "1", &json!({})).await;
    let labels = json!({ "add": ["vip"] });
    let labelled = post(&app, &at(&format!("conversations/{conversation}/labels")), "2", &labels).await;
    let refused = post(&app, &at(&format!("orders/{order}/confirm")), "3", &json!({})).await;
    assert_eq!((confirmed.0, labelled.0, refused.0), (200, 200, 409));
    let (_, orders) = key(&app, &shop, &["orders:read"], Value::Null).await;
    let (_, talks) = key(&app, &shop, &["conversations:write"], Value::Null).await;
    let (_, goods) = key(&app, &shop, &["products:read", "events:read"], Value::Null).await;
    for (command, allowed) in [("1", [200, 403, 403]), ("2", [403, 200, 403]), ("3", [200, 403, 403])] {
        for (key, status) in [&orders, &talks, &goods].into_iter().zip(allowed) {
            let path = at(&format!("commands/{command}"));
            let (answered, shown) = app.call_as(Some(key), Method::GET, &path, String::new()).await;
            assert_eq!(answered.as_u16(), status, "{command}: {shown}");
        }
    }
    assert_eq!(app.read(&at("commands/1")).await["answer"], confirmed.1);
    let (status, _) = app.call_as(Some(&goods), Method::GET, &at("commands/none"), String::new()).await;
    assert_eq!(status, 404);
    app.settle().await;
    app.stop().await;
}

async fn a_path_that_names_itself_is_no_product(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let named = |sku: &str| json!({ "retailer_id": sku, "title": sku, "price": "1.00" });
    app.sell(&shop, json!([named("export"), named("import")])).await;
    let at = |what: &str| format!("http://{}/api/v1/sellers/{}/products/{what}", app.address(), shop.seller);
    for (method, what, allow) in
        [(Method::DELETE, "export", "GET"), (Method::DELETE, "import", "POST"), (Method::GET, "import", "POST")]
    {
        let answer = app.http().request(method, at(what)).bearer_auth(OPERATOR_KEY).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &allow.parse().unwrap()), "{what}");
    }
    let answer = app.http().put(at("cap")).bearer_auth(OPERATOR_KEY).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &"GET, DELETE".parse().unwrap()));
    for method in [Method::GET, Method::DELETE] {
        let answer = app.http().request(method, at("%65xport")).bearer_auth(OPERATOR_KEY).send().await.unwrap();
        assert_eq!(answer.status(), 200, "a product that is called so is reached all the same");
    }
    let left = app.read(&format!("/api/v1/sellers/{}/products", shop.seller)).await;
    assert_eq!((left["data"].as_array().unwrap().len(), &left["data"][0]["retailer_id"]), (1, &json!("import")));
    app.stop().await;
}

async fn import(app: &TestApp, shop: &Shop, query: &str, (media, once): (&str, &str), file: String) -> (u16, Value) {
    let url = format!("http://{}/api/v1/sellers/{}/products/import?{query}", app.address(), shop.seller);
    let request = app.http().post(url).bearer_auth(OPERATOR_KEY).header("Content-Type", media);
    let answer = request.header("Idempotency-Key", once).body(file).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

async fn a_file_sent_many_times_at_once_is_taken_in_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    app.sell(&shop, json!([{ "retailer_id": "OLD", "title": "Old", "price": "1.00" }])).await;
    let mut file = "id,title,price,stock\n".to_owned();
    (0..1200).for_each(|n| file.push_str(&format!("P{n},Cap {n},{n}.50,{n}\n")));
    let send = |_| import(&app, &shop, "mode=replace", ("text/csv", "monday"), file.clone());
    let reports = join_all((0..6).map(send)).await;
    for (status, report) in &reports {
        let counts = ["created", "refused", "removed"].map(|name| report[name].as_u64());
        assert_eq!((*status, counts), (200, [Some(1200), Some(0), Some(1)]), "{report}");
    }
    let other = import(&app, &shop, "mode=replace", ("text/csv", "monday"), file.replace("Cap 7,", "Hat 7,")).await;
    assert_eq!((other.0, &other.1["code"]), (422, &json!("idempotency_key_reused")));
    app.stop().await;
}

async fn a_list_that_ends_too_early_removes_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let apron = r#"{"retailer_id":"APRON","title":"Canvas Apron","price":"19.00"}"#;
    let sold = async || app.read(&format!("/api/v1/sellers/{}/products", shop.seller)).await["data"].clone();
    let before = sold().await.as_array().unwrap().len();
    for (once, file, code) in [
        ("a", format!("[{apron},"), "cut_off"),
        ("b", format!("[{apron}"), "cut_off"),
        ("c", format!("{{\"products\":[{apron}"), "cut_off"),
        ("d", format!("[{apron}]\n[{{\"retailer_id\":\"TOTE\"}}]"), "after_the_list"),
    ] {
        let (status, report) = import(&app, &shop, "mode=replace", ("application/json", once), file.clone()).await;
        assert_eq!((status, &report["removed"]), (200, &json!(0)), "{file}: {report}");
        assert_eq!(
            (&report["refused"], &report["problems"]["lines"][0]["code"]),
            (&json!(1), &json!(code)),
            "{report}"
        );
        assert!(report["not_removed"].is_string(), "{report}");
    }
    assert_eq!(sold().await.as_array().unwrap().len(), before);
    app.stop().await;
}

async fn what_cannot_be_read_is_not_repeated_at_length(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let long = "x".repeat(1_000_000);
    let wrong = format!(r#"{{"retailer_id":"A","title":"A","price":"1","stock":"{long}"}}"#);
    let unknown = format!(r#"{{"{long}":1}}"#);
    let file = format!("{wrong}\n{unknown}\n{wrong}\n{unknown}\n");
    let (status, report) = import(&app, &shop, "", ("application/x-ndjson", "a"), file).await;
    assert_eq!((status, &report["refused"]), (200, &json!(4)));
    assert!(report.to_string().len() < 10_000, "{} bytes", report.to_string().len());
    let path = format!("/api/v1/sellers/{}/products", shop.seller);
    for body in [format!(r#"{{"products":"{long}"}}"#), unknown] {
        let (status, problem) = app.call_as(Some(OPERATOR_KEY), Method::PUT, &path, body).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("invalid_body")));
        assert!(problem.to_string().len() < 2_000, "{} bytes", problem.to_string().len());
    }
    app.stop().await;
}

async fn an_endpoint_that_was_away_for_too_long_is_told_what_it_missed(database: Database) {
    let app = TestApp::start_with(database, &[OPEN, ("webhooks.keep_events", "3d")]).await;
    let (shop, receiver) = (app.empty_shop(1, json!({})).await, Receiver::start().await);
    let kinds = [ShopEventKind::MessageReceived];
    let made = app.endpoints().create(shop.seller, &receiver.url(), &kinds).await.unwrap();
    let pause = |paused| Change { paused: Some(paused), ..Change::default() };
    app.endpoints().change(shop.seller, made.id, pause(true)).await.unwrap();
    let told_through = app.endpoints().one(shop.seller, made.id).await.unwrap().told_through;
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    app.settle().await;
    let last = app.happened(&shop).await.last().unwrap().id;
    until("what happened is let go of", || async {
        app.let_pass(DAY).await;
        app.happened(&shop).await.is_empty().then_some(())
    })
    .await;
    app.deliver(&shop.customer("Ada").writes("hello again")).await;
    app.settle().await;
    app.endpoints().change(shop.seller, made.id, pause(false)).await.unwrap();
    let told = until("both are told", || async { Some(receiver.taken()).filter(|taken| taken.len() == 2) }).await;
    assert_eq!([told[0].kind(), told[1].kind()], ["events.missed", "message.received"]);
    let missed: Value = serde_json::from_str(&told[0].body).unwrap();
    assert_eq!(
        (&missed["data"]["after"], &missed["data"]["through"]),
        (&json!(told_through), &json!(last)),
        "{missed}"
    );
    assert_eq!(told[0].signed_by(made.secret.expose()), 1);
    app.stop().await;
}

async fn conversations_are_found_by_label(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    for name in ["Ada", "Ben", "Chloé"] {
        app.deliver(&shop.customer(name).writes("hello")).await;
    }
    app.settle().await;
    let at = |what: &str| format!("/api/v1/sellers/{}/{what}", shop.seller);
    let all = app.conversations(&shop).await;
    for (conversation, labels) in all.iter().zip([&["VIP", "a \"quoted\", one"][..], &["vip", "vi"], &[]]) {
        let path = at(&format!("conversations/{}/labels", conversation["id"]));
        assert_eq!(app.call(Method::POST, &path, &json!({ "add": labels })).await.0, 200);
    }
    for (label, found) in [
        ("vip", vec![0, 1]),
        ("VIP", vec![0, 1]),
        ("vi", vec![1]),
        ("a%20%22quoted%22,%20one", vec![0]),
        ("quoted", vec![]),
    ] {
        let listed = app.read(&at(&format!("conversations?label={label}"))).await;
        let ids: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
        let wanted: Vec<&Value> = found.iter().map(|place: &usize| &all[*place]["id"]).collect();
        assert_eq!(ids, wanted, "{label}");
    }
    let lead = app.read(&at("leads")).await["data"][0].clone();
    assert_eq!(app.read(&at(&format!("leads/{}", lead["id"]))).await, lead);
    assert_eq!(app.call(Method::GET, &at("leads/999999"), &Value::Null).await.0, 404);
    app.stop().await;
}
