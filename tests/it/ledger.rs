//! What is in the ledger is found, shown, and put back to work once; what ended long ago goes, and the equation holds.

use std::time::Duration;

use ::actors::domain::ids::SellerId;
use hawker::cli::Screen;
use hawker::sandbox::{Account, Answer, WebhookEvent};
use hawker::vault::Secret;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{APP_SECRET, Database, OPERATOR_KEY, Shop, TestApp, apron, both, until};

const DAY: Duration = Duration::from_secs(86_400);
const DETAILS: &str = "My phone is +1 555 010 0199, and please deliver to 12 Harbour Street, Springfield 94110";
/// A message with half a letter in it, which no version can read.
const UNREADABLE: &str = r#"{"mid":"half","text":"half a heart \ud83d"}"#;

both![
    an_account_connected_a_day_later_finds_its_first_messages_and_answers_none_of_them,
    messages_that_came_just_before_their_account_was_connected_are_answered,
    a_power_cut_while_an_account_is_taken_up_loses_nothing_and_doubles_nothing,
    beyond_the_cap_events_are_counted_and_it_shows,
    what_is_replayed_twice_happens_once,
    a_replay_that_a_power_cut_breaks_off_is_done_by_doing_it_again,
    a_replay_that_cannot_be_is_refused_with_what_to_do,
    a_dry_run_counts_and_changes_nothing,
    events_are_searched_and_shown_with_their_bytes,
    the_equation_holds_in_every_part_and_after_the_old_has_gone,
    what_cannot_be_asked_is_refused_with_a_sentence,
    people_read_the_ledger_in_a_terminal,
];

/// A seller with aprons to sell, whose account nobody has connected yet.
async fn late_shop(app: &TestApp) -> Shop {
    let account = app.meta.add_account("17841400000000099", "late.shop", "102099", "token-of-instagram");
    shop_of(app, account).await
}

async fn shop_of(app: &TestApp, account: Account) -> Shop {
    let seller = app.made("/api/v1/sellers", &json!({ "name": "Late", "currency": "USD" })).await;
    let shop = Shop { seller: SellerId(seller), account };
    app.sell(&shop, json!([apron("19.00", None)])).await;
    shop
}

async fn connect(app: &TestApp, shop: &Shop) {
    connect_on(app, shop, "instagram").await;
}

async fn connect_on(app: &TestApp, shop: &Shop, channel: &str) {
    let name = if channel == "whatsapp" { "display_number" } else { "username" };
    let (id, token) = (shop.account.id(), format!("token-of-{channel}"));
    let connection = json!({ "channel": channel, "account_id": id, name: "late", "token": token });
    app.made(&format!("/api/v1/sellers/{}/connections", shop.seller), &connection).await;
}

/// Waits until nothing is nobody's any more.
async fn taken_up(app: &TestApp) {
    let none_left = async || (app.ledgered("unknown_account").await == 0).then_some(());
    until("what came for the account is taken up", none_left).await;
    app.settle().await;
}

async fn deliver_together(app: &TestApp, events: &[WebhookEvent]) {
    let body = app.meta.body_of(&events.iter().collect::<Vec<_>>());
    let signature = app.meta.sign(&body);
    assert_eq!(app.meta.post(body, &signature).await, Answer::Status(200));
}

async fn replay(app: &TestApp, asked: Value) -> Value {
    let (status, answer) = app.call(Method::POST, "/api/v1/ledger/replay", &asked).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The numbers of the events that a search finds.
async fn found(app: &TestApp, query: &str) -> Vec<i64> {
    let answer = app.read(&format!("/api/v1/ledger/events?{query}")).await;
    answer["data"].as_array().unwrap().iter().map(|event| event["id"].as_i64().unwrap()).collect()
}

async fn an_account_connected_a_day_later_finds_its_first_messages_and_answers_none_of_them(database: Database) {
    let app = TestApp::start_with(database, &[("meta.meta_app_secret", APP_SECRET)]).await;
    for (channel, account) in [
        ("instagram", app.meta.add_account("17841400000000099", "late.shop", "102099", "token-of-instagram")),
        ("messenger", app.meta.add_page("102030405060799", "Late", "token-of-messenger")),
        ("whatsapp", app.meta.add_number("106540350000099", "+1 555 010 0999", "110099", "token-of-whatsapp")),
    ] {
        let shop = shop_of(&app, account).await;
        connected_a_day_late(&app, &shop, channel).await;
    }
    app.stop().await;
}

async fn connected_a_day_late(app: &TestApp, shop: &Shop, channel: &str) {
    let ada = shop.customer("Ada");
    let events = ["hello", "one canvas apron please", DETAILS].map(|words| {
        app.clock.advance(Duration::from_secs(60));
        ada.writes(words)
    });
    // Meta delivers in any order, and one of them twice.
    for event in [&events[2], &events[0], &events[1], &events[0]] {
        app.deliver(event).await;
    }
    assert_eq!(app.ledgered("unknown_account").await, 3);
    let known = app.read("/api/v1/ledger/accounts").await;
    assert_eq!((&known["data"][0]["kept"], &known["data"][0]["not_kept"]), (&json!(3), &json!(0)), "{known}");
    app.let_pass(DAY).await;
    connect_on(app, shop, channel).await;
    taken_up(app).await;
    app.fall_silent().await;
    let texts: Vec<Value> = app.messages(shop).await.iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["hello", "one canvas apron please", DETAILS], "{channel}");
    let order = app.order(shop).await;
    assert_eq!((&order["state"], &order["lines"][0]["product"]), (&json!("draft"), &json!("APRON")), "{channel}");
    assert_eq!(app.looks(shop).await, ["too_late"], "{channel}");
    assert_eq!((ada.received().len(), app.outbox(shop).await.len()), (0, 0), "nobody is answered a day late");
    assert_eq!(app.read("/api/v1/ledger/accounts").await["data"], json!([]));
    app.deliver(&ada.writes("are you there?")).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1, "who writes now is answered now, on {channel}");
}

async fn messages_that_came_just_before_their_account_was_connected_are_answered(database: Database) {
    let app = TestApp::start(database).await;
    let shop = late_shop(&app).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.let_pass(Duration::from_secs(60)).await;
    connect(&app, &shop).await;
    taken_up(&app).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1);
    app.stop().await;
}

async fn a_power_cut_while_an_account_is_taken_up_loses_nothing_and_doubles_nothing(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = late_shop(&app).await;
    let customers = ["Ada", "Ben"].map(|name| shop.customer(name));
    let events: Vec<_> = (0..40).map(|number| customers[number % 2].writes(&format!("hello {number}"))).collect();
    deliver_together(&app, &events).await;
    app.clock.advance(DAY);
    connect(&app, &shop).await;
    app.vanish().await;
    app.start_again().await;
    until("it has begun", async || (app.ledgered("unknown_account").await == 0).then_some(())).await;
    app.vanish().await;
    app.start_again().await;
    taken_up(&app).await;
    let ledger = app.read("/api/v1/ledger").await;
    assert_eq!((&ledger["equation"]["received"], &ledger["equation"]["handled"]), (&json!(40), &json!(40)));
    let unread = app.conversations(&shop).await.iter().map(|talk| talk["unread"].clone()).collect::<Vec<_>>();
    assert_eq!(unread, [20, 20], "each message once");
    app.stop().await;
}

async fn beyond_the_cap_events_are_counted_and_it_shows(database: Database) {
    let app = TestApp::start_with(database, &[("ledger.unknown_account_events", "3")]).await;
    let shop = late_shop(&app).await;
    let ada = shop.customer("Ada");
    let events: Vec<_> = (0..5).map(|number| ada.writes(&format!("hello {number}"))).collect();
    deliver_together(&app, &events).await;
    app.deliver(&events[0]).await;
    app.deliver(&events[4]).await;
    let ledger = app.read("/api/v1/ledger").await;
    let equation = json!({ "received": 7, "handled": 0, "duplicate": 1, "ledgered": 6, "pending": 0 });
    assert_eq!((&ledger["equation"], &ledger["holds"]), (&equation, &json!(true)));
    assert_eq!(ledger["unknown_accounts"], json!({ "accounts": 1, "kept": 3, "not_kept": 3 }));
    let known = app.read("/api/v1/ledger/accounts").await;
    assert_eq!((&known["data"][0]["kept"], &known["data"][0]["not_kept"]), (&json!(3), &json!(3)), "{known}");
    assert!(known["data"][0]["fix"].as_str().unwrap().contains("Connect the account"));
    connect(&app, &shop).await;
    taken_up(&app).await;
    assert_eq!(app.messages(&shop).await.len(), 3, "the first to come");
    // Once it is somebody's there is no cap, and what Meta delivers again is taken.
    app.deliver(&events[3]).await;
    app.settle().await;
    assert_eq!(app.messages(&shop).await.len(), 4);
    app.stop().await;
}

async fn what_is_replayed_twice_happens_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = late_shop(&app).await;
    let ada = shop.customer("Ada");
    deliver_together(&app, &[ada.writes("one canvas apron please"), ada.sends(UNREADABLE)]).await;
    connect(&app, &shop).await;
    for _ in 0..3 {
        // Whoever is faster, the clerk or we: no event is taken up twice.
        replay(&app, json!({ "account": format!("instagram:{}", shop.account.id()) })).await;
    }
    app.settle().await;
    app.fall_silent().await;
    assert_eq!((app.messages(&shop).await.len(), app.orders(&shop).await.len()), (2, 1), "hers, and our question");
    assert_eq!(ada.received().len(), 1);
    let unreadable = found(&app, "reason=unreadable").await;
    assert_eq!(unreadable.len(), 1, "what cannot be read now is where it was");
    for _ in 0..2 {
        let done = replay(&app, json!({ "reason": "unreadable" })).await;
        assert_eq!((&done["replayed"], &done["next"]), (&json!(1), &Value::Null), "{done}");
        app.settle().await;
    }
    assert_eq!(found(&app, "reason=unreadable").await, unreadable);
    app.stop().await;
}

async fn a_replay_that_a_power_cut_breaks_off_is_done_by_doing_it_again(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    let unreadable = |number: i32| ada.sends(&format!(r#"{{"text":"{number} \ud83d"}}"#));
    deliver_together(&app, &(0..40).map(unreadable).collect::<Vec<_>>()).await;
    for _ in 0..2 {
        let url = format!("http://{}/api/v1/ledger/replay", app.address());
        let asked = app.http().post(url).bearer_auth(OPERATOR_KEY).body(r#"{"reason":"unreadable"}"#).send();
        let begun = until("it has begun", async || {
            let equation = app.read("/api/v1/ledger").await["equation"].clone();
            (equation["pending"] != 0 || equation["received"] != 40).then_some(())
        });
        // Whichever is first: with luck the process vanishes before anybody hears that it was done.
        drop(futures::future::select(Box::pin(asked), Box::pin(begun)).await);
        app.vanish().await;
        app.start_again().await;
    }
    app.settle().await;
    let done = replay(&app, json!({ "reason": "unreadable" })).await;
    assert_eq!((&done["replayed"], &done["next"]), (&json!(40), &Value::Null), "{done}");
    app.settle().await;
    let equation = &app.read("/api/v1/ledger").await["equation"];
    assert_eq!((&equation["received"], &equation["ledgered"]), (&json!(40), &json!(40)));
    app.stop().await;
}

async fn a_replay_that_cannot_be_is_refused_with_what_to_do(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let stranger = app.meta.add_account("17841499999999999", "stranger", "1030", "token-of-a-stranger");
    app.deliver(&shop.customer("Ada").writes("hello")).await;
    app.deliver(&stranger.customer("Ben").writes("hello")).await;
    let body = b"not json";
    assert_eq!(app.meta.post(body.to_vec(), &app.meta.sign(body)).await, Answer::Status(200));
    app.settle().await;
    let handled = found(&app, "state=handled&source=meta").await[0];
    let unknown = found(&app, "reason=unknown_account").await[0];
    let unreadable = found(&app, "reason=unreadable_body").await[0];
    for (event, status, code, word) in [
        (handled, 409, "already_handled", "not done twice"),
        (unknown, 422, "unknown_account", "connect the account"),
        (unreadable, 422, "no_account", "raw bytes"),
        (99_999, 404, "not_found", "no event 99999"),
    ] {
        let (answered, problem) =
            app.call(Method::POST, &format!("/api/v1/ledger/events/{event}/replay"), &json!({})).await;
        assert_eq!((answered.as_u16(), problem["code"].as_str().unwrap()), (status, code), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    let done = replay(&app, json!({ "since": "2026-01-01" })).await;
    assert_eq!((&done["replayed"], done["refused"].as_array().unwrap().len()), (&json!(0), 2), "{done}");
    app.stop().await;
}

async fn a_dry_run_counts_and_changes_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let stranger = app.meta.add_account("17841499999999999", "stranger", "1030", "token-of-a-stranger");
    let ada = shop.customer("Ada");
    let broken = |number: i32| ada.sends(&format!(r#"{{"text":"{number} \ud83d"}}"#));
    deliver_together(&app, &[broken(1), broken(2), stranger.customer("Ben").writes("hello")]).await;
    app.settle().await;
    let before = app.read("/api/v1/ledger").await;
    let would = replay(&app, json!({ "since": "2026-01-01", "dry_run": true })).await;
    assert_eq!((&would["replayed"], &would["dry_run"]), (&json!(2), &json!(true)), "{would}");
    assert_eq!(would["by_seller"], json!([{ "seller": shop.seller, "events": 2 }]));
    assert_eq!(would["by_reason"], json!([{ "reason": "unreadable", "events": 2 }]));
    assert_eq!((&would["refused"][0]["code"], &would["refused"][0]["events"]), (&json!("unknown_account"), &json!(1)));
    assert_eq!(app.read("/api/v1/ledger").await, before);
    app.stop().await;
}

async fn events_are_searched_and_shown_with_their_bytes(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let (ada, ben) = (shop.customer("Ada"), shop.customer("Ben"));
    let hello = ada.writes("hello");
    deliver_together(&app, &[hello.clone(), ben.writes("good day"), ben.sends(UNREADABLE)]).await;
    for body in [&b"\xff\xfe{"[..], b"\x1b[2J"] {
        assert_eq!(app.meta.post(body.to_vec(), &app.meta.sign(body)).await, Answer::Status(200));
    }
    app.settle().await;
    let meta = "state=any&source=meta&order=oldest";
    assert_eq!(found(&app, meta).await.len(), 5);
    let by = |query: String| format!("{meta}&{query}");
    for (query, count) in [
        (by(format!("customer={}", ben.id())), 2),
        (by(format!("key={}", hello.mid())), 1),
        (by(format!("account=instagram%3A{}", shop.account.id())), 3),
        (by(format!("seller={}", shop.seller)), 3),
        (by("kind=message".to_owned()), 3),
        (by("until=2020-01-01".to_owned()), 0),
        (by("since=2020-01-01T00:00:00Z".to_owned()), 5),
        ("reason=unreadable_body".to_owned(), 2),
        ("state=handled&source=meta".to_owned(), 2),
    ] {
        assert_eq!(found(&app, &query).await.len(), count, "{query}");
    }
    let page = app.read(&format!("/api/v1/ledger/events?{meta}&limit=3")).await;
    assert_eq!(found(&app, &format!("{meta}&after={}", page["next"].as_str().unwrap())).await.len(), 2);
    let handled = found(&app, &by(format!("key={}", hello.mid()))).await[0];
    let shown = app.read(&format!("/api/v1/ledger/events/{handled}")).await;
    assert!(shown["raw"]["text"].as_str().unwrap().contains("hello"), "{shown}");
    assert_eq!(
        (&shown["state"], &shown["replayable"], &shown["attempts"]),
        (&json!("handled"), &json!(false), &json!(0))
    );
    let broken = found(&app, "reason=unreadable_body&order=oldest").await[0];
    let shown = app.read(&format!("/api/v1/ledger/events/{broken}?raw=whole")).await;
    assert_eq!(
        shown["raw"],
        json!({ "bytes": 3, "whole": true, "is_text": false, "text": "\\xff\\xfe{", "base64": "//57" })
    );
    assert!(shown["sentence"].as_str().unwrap().ends_with('.') && shown["fix"].as_str().unwrap().ends_with('.'));
    let reasons = app.read("/api/v1/ledger/reasons").await;
    let counted: i64 = reasons["data"].as_array().unwrap().iter().map(|reason| reason["count"].as_i64().unwrap()).sum();
    assert_eq!(counted, 3, "{reasons}");
    app.stop().await;
}

async fn the_equation_holds_in_every_part_and_after_the_old_has_gone(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let stranger = app.meta.add_account("17841499999999999", "stranger", "1030", "token-of-a-stranger");
    let (ada, ben) = (shop.customer("Ada"), stranger.customer("Ben"));
    let hello = ada.writes("hello");
    for event in [&hello, &hello, &ben.writes("hello"), &ada.sends(UNREADABLE)] {
        app.deliver(event).await;
    }
    app.settle().await;
    let before = app.read("/api/v1/ledger").await["equation"].clone();
    assert_eq!(before["received"], 4);
    for (days, left) in [(1, 3), (7, 2), (2, 1), (25, 0)] {
        app.let_pass(DAY * days).await;
        let are_left = async || (found(&app, "state=any&source=meta").await.len() == left).then_some(());
        until("what is old has gone", are_left).await;
        let ledger = app.read("/api/v1/ledger").await;
        assert_eq!((&ledger["equation"], &ledger["holds"]), (&before, &json!(true)));
    }
    for (by, parts) in [("account", 2), ("seller", 2), ("hour", 1), ("day", 1)] {
        let answer = app.read(&format!("/api/v1/ledger/equation?by={by}")).await;
        let found = answer["data"].as_array().unwrap();
        assert!(found.len() == parts && found.iter().all(|part| part["holds"] == true), "{by}: {answer}");
    }
    let hers = app.read(&format!("/api/v1/ledger/equation?seller={}", shop.seller)).await;
    assert_eq!(hers["data"][0]["equation"]["received"], 3);
    assert_eq!(app.read("/api/v1/ledger/equation?since=2027-01-01").await["data"], json!([]));
    assert_eq!(app.messages(&shop).await.len(), 1, "her shop keeps what she wrote");
    app.stop().await;
}

async fn what_cannot_be_asked_is_refused_with_a_sentence(database: Database) {
    let app = TestApp::start(database).await;
    let (post, get) = (Method::POST, Method::GET);
    for (method, path, body, status, word) in [
        (&get, "/api/v1/ledger/events?reason=nothing", "", 400, "unknown_account"),
        (&get, "/api/v1/ledger/events?limit=0", "", 400, "1 to 500"),
        (&get, "/api/v1/ledger/events?after=x", "", 400, "next"),
        (&get, "/api/v1/ledger/events?colour=red", "", 400, "customer"),
        (&get, "/api/v1/ledger/events/x", "", 404, "whole number"),
        (&get, "/api/v1/ledger/events/7", "", 404, "no event 7"),
        (&get, "/api/v1/ledger/equation?by=moon", "", 400, "account, seller, hour, day"),
        (&get, "/api/v1/ledger/equation?by=hour&after=x", "", 400, "next"),
        (&get, "/api/v1/ledger/accounts?limit=501", "", 400, "1 to 500"),
        (&post, "/api/v1/ledger/replay", "{}", 422, "say which"),
        (&post, "/api/v1/ledger/replay", r#"{"reason":"x"}"#, 422, "poison"),
        (&post, "/api/v1/ledger/replay", r#"{"resaon":"poison"}"#, 400, "resaon"),
        (&post, "/api/v1/ledger/replay", r#"{"since":"soon"}"#, 422, "2026-10-01"),
    ] {
        let (answered, problem) = app.call_as(Some(OPERATOR_KEY), method.clone(), path, body.to_owned()).await;
        assert_eq!(answered.as_u16(), status, "{path} {body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{path} {body}: {problem}");
        let (answered, _) = app.call_as(Some("wrong"), method.clone(), path, body.to_owned()).await;
        assert_eq!(answered, StatusCode::UNAUTHORIZED, "{path}");
    }
    app.stop().await;
}

async fn people_read_the_ledger_in_a_terminal(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    deliver_together(&app, &[shop.customer("Ada").writes("hello"), shop.customer("Ben").sends(UNREADABLE)]).await;
    app.settle().await;
    let unreadable = found(&app, "reason=unreadable").await[0].to_string();
    let server = format!("http://{}", app.address());
    let run = async |key: &str, words: &[&str]| {
        let all = [&["ledger", "--server", &server][..], words].concat();
        hawker::cli::told(&all, Secret::from(key), Screen::pipe()).await.map_err(|error| format!("{error:#}"))
    };
    for (args, words) in [
        (&[][..], "The equation holds"),
        (&["by", "account"], "= HANDLED"),
        (&["by", "hour", "--since", "2026-01-01"], "Times are UTC"),
        (&["reasons"], "-> Connect the account to its seller"),
        (&["accounts"], "is connected to a seller"),
        (&["list"], "hawker ledger show EVENT"),
        (&["list", "--state", "any", "--oldest", "--limit", "1", "--json"], "\"next\": "),
        (&["show", &unreadable], "half a heart"),
        (&["replay", "--reason", "unreadable", "--dry-run"], "1 event would be put back, for 1 seller."),
        (&["replay", "--reason", "unreadable"], "1 event put back, for 1 seller."),
    ] {
        let text = run(OPERATOR_KEY, args).await.unwrap();
        assert!(text.contains(words), "{args:?}: {text}");
    }
    app.settle().await;
    for (key, args, words) in [
        ("wrong", &["reasons"][..], "set HAWKER_API_KEY"),
        (OPERATOR_KEY, &["show", "4711"], "there is no event 4711"),
        (OPERATOR_KEY, &["replay"], "say which events"),
        (OPERATOR_KEY, &["replay", "7", "--reason", "poison"], "cannot be used with"),
    ] {
        let text = run(key, args).await.unwrap_err();
        assert!(text.contains(words), "{args:?}: {text}");
    }
    for (server, words) in [("http://shop.example", "write https"), ("http://127.0.0.1:1", "is the service running")] {
        let args = ["ledger", "--server", server, "reasons"];
        let refused = hawker::cli::told(&args, Secret::from("key"), Screen::pipe()).await.unwrap_err();
        assert!(format!("{refused:#}").contains(words), "{refused:#}");
    }
    app.stop().await;
}
