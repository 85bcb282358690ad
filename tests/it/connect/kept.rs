//! What was granted is kept good, and when it dies nothing is lost.

use std::time::Duration;

use hawker::sandbox::{LoginFault, LoginStep, Refusal};
use http::Method;
use serde_json::{Value, json};

use super::browser::{self, PageOf, Person};
use super::{IG, PAGE};
use crate::support::{Database, TestApp, both, until};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

both![
    a_token_that_dies_in_the_midst_of_fifty_replies_loses_none_and_doubles_none,
    a_reply_whose_window_closed_meanwhile_says_so,
    a_reply_whose_window_closes_while_it_is_held_says_so_then,
    a_token_that_ended_while_nobody_was_there_is_over_at_once,
    a_token_that_has_run_out_at_meta_cannot_be_made_anew,
    what_is_held_by_a_disconnected_account_is_sent_once_it_is_connected_again,
    a_token_is_made_anew_well_before_it_ends,
    a_token_that_cannot_be_made_anew_is_warned_of_and_ends,
    a_permission_that_is_missing_holds_what_is_to_go_out,
    a_subscription_that_was_switched_off_is_restored_within_a_day,
];

async fn state(app: &TestApp, seller: i64, wanted: &str) -> Value {
    until("the connection stands as it should", async || {
        Some(browser::connection(app, seller).await).filter(|connection| connection["state"] == wanted)
    })
    .await
}

async fn connected(app: &TestApp) -> (i64, Person) {
    let (seller, mut person) = (browser::shop(app).await, Person::at_facebook(app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    (seller, person)
}

async fn a_token_that_dies_in_the_midst_of_fifty_replies_loses_none_and_doubles_none(database: Database) {
    let mut app = browser::start(database).await;
    let (seller, mut person) = connected(&app).await;
    let customers: Vec<_> = (0..50).map(|n| app.meta.account(IG).customer(&format!("Customer {n}"))).collect();
    for customer in &customers {
        app.deliver(&customer.writes("one apron please")).await;
    }
    app.meta.kill_tokens_after(20, Refusal::PasswordChanged);
    app.fall_silent().await;
    assert_eq!(app.meta.sent().len(), 20);
    let connection = state(&app, seller, "needs_reconnecting").await;
    assert!(connection["cause"].as_str().unwrap().contains("password"), "{connection}");
    assert_eq!(connection["credentials"][0]["code"], "190/460");
    let tried = app.meta.account(IG).send_calls().len();
    let budget = app.read(&format!("/api/v1/sellers/{seller}/budget")).await;
    let line = budget["budgets"].as_array().unwrap().iter().find(|line| line["family"] == "messages").unwrap().clone();
    assert_eq!((&line["waiting"], &line["done_at"], &line["paused_until"]), (&json!(30), &Value::Null, &Value::Null));
    assert!(line["because"].as_str().unwrap().ends_with("must be connected again"), "{line}");
    // It is not called on and on, what comes in is taken, and a power cut changes nothing.
    app.let_pass(HOUR).await;
    let eve = app.meta.account(IG).customer("Eve");
    app.deliver(&eve.writes("two aprons please")).await;
    app.vanish().await;
    app.start_again().await;
    person.at = app.address();
    app.fall_silent().await;
    assert_eq!((app.meta.sent().len(), app.meta.account(IG).send_calls().len()), (20, tried));
    let orders = app.read(&format!("/api/v1/sellers/{seller}/orders?limit=100")).await;
    assert_eq!(orders["data"].as_array().unwrap().len(), 51, "drafts are made all the same");
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.settle().await;
    state(&app, seller, "connected").await;
    assert_eq!(app.meta.sent().len(), 51);
    for customer in customers.iter().chain([&eve]) {
        assert_eq!(customer.received().len(), 1, "{} is answered once", customer.name());
    }
    app.stop().await;
}

async fn a_reply_whose_window_closed_meanwhile_says_so(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = connected(&app).await;
    let ada = app.meta.account(IG).customer("Ada");
    app.meta.kill_tokens(person.id(), Refusal::SessionInvalid);
    app.deliver(&ada.writes("one apron please")).await;
    app.fall_silent().await;
    state(&app, seller, "needs_reconnecting").await;
    app.let_pass(25 * HOUR).await;
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.settle().await;
    assert!(ada.received().is_empty());
    let outbox = app.read(&format!("/api/v1/sellers/{seller}/outbox")).await;
    let owed = &outbox["data"][0];
    assert_eq!(owed["state"], "failed", "{owed}");
    assert!(owed["error"].as_str().unwrap().contains("24 hours"), "{owed}");
    app.stop().await;
}

async fn a_reply_whose_window_closes_while_it_is_held_says_so_then(database: Database) {
    let mut app = browser::start(database).await;
    let (seller, person) = connected(&app).await;
    let customers: Vec<_> = (0..3).map(|n| app.meta.account(IG).customer(&format!("Customer {n}"))).collect();
    app.meta.kill_tokens(person.id(), Refusal::SessionInvalid);
    for customer in &customers {
        app.deliver(&customer.writes("one apron please")).await;
        app.fall_silent().await;
        app.let_pass(HOUR).await;
    }
    state(&app, seller, "needs_reconnecting").await;
    let failed = async |app: &TestApp| {
        let outbox = app.read(&format!("/api/v1/sellers/{seller}/outbox")).await;
        let all = outbox["data"].as_array().unwrap().clone();
        assert_eq!(all.len(), 3, "{all:#?}");
        let failed: Vec<_> = all.into_iter().filter(|owed| owed["state"] == "failed").collect();
        assert!(failed.iter().all(|owed| owed["error"].as_str().unwrap().contains("24 hours")), "{failed:#?}");
        failed.len()
    };
    // Nothing is in memory any more, and nobody writes or connects again.
    app.restart().await;
    app.let_pass(20 * HOUR).await;
    assert_eq!(failed(&app).await, 0);
    app.let_pass(HOUR + HOUR / 2).await;
    assert_eq!(failed(&app).await, 1, "the first window has closed");
    app.restart().await;
    app.let_pass(3 * HOUR).await;
    assert_eq!(failed(&app).await, 3);
    let all = app.read(&format!("/api/v1/sellers/{seller}/conversations")).await;
    for conversation in all["data"].as_array().unwrap() {
        assert!(conversation["needs_look"].to_string().contains("not_sent"), "{conversation}");
    }
    assert!(app.meta.sent().is_empty());
    app.stop().await;
}

async fn a_token_that_ended_while_nobody_was_there_is_over_at_once(database: Database) {
    let mut app = browser::start(database).await;
    let seller = browser::shop(&app).await;
    let mut person = Person::at_instagram(&app, (IG, "linen.shop"));
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    app.stop_service().await;
    app.clock.advance(61 * DAY);
    app.start_again().await;
    person.at = app.address();
    let ended = state(&app, seller, "needs_reconnecting").await;
    assert_eq!(ended["credentials"][0]["code"], "expired", "{ended}");
    assert!(!app.meta.login_steps().contains(&LoginStep::Refresh), "Meta makes no new one of it, and is not asked");
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    app.stop().await;
}

/// By our books it is good for a month.
async fn a_token_that_has_run_out_at_meta_cannot_be_made_anew(database: Database) {
    let app = browser::start(database).await;
    let seller = browser::shop(&app).await;
    let mut person = Person::at_instagram(&app, (IG, "linen.shop"));
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    app.meta.next_login(LoginStep::Refresh, LoginFault::Refused(Refusal::TokenExpired));
    for _ in 0..29 {
        app.let_pass(DAY).await;
    }
    assert_eq!(browser::connection(&app, seller).await["state"], "connected");
    let ended = until("it is found out", async || {
        app.let_pass(DAY / 4).await;
        Some(browser::connection(&app, seller).await).filter(|it| it["state"] == "needs_reconnecting")
    })
    .await;
    assert_eq!(app.meta.login_steps().iter().filter(|step| **step == LoginStep::Refresh).count(), 1);
    assert_eq!(ended["credentials"][0]["code"], "190/463", "{ended}");
    assert!(ended["cause"].as_str().unwrap().contains("run out"), "{ended}");
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    browser::is_answered(&app, seller, IG).await;
    app.stop().await;
}

async fn what_is_held_by_a_disconnected_account_is_sent_once_it_is_connected_again(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = connected(&app).await;
    let ada = app.meta.account(IG).customer("Ada");
    app.deliver(&ada.writes("one apron please")).await;
    app.settle().await;
    app.meta.kill_tokens(person.id(), Refusal::AppRemoved);
    app.fall_silent().await;
    let connection = state(&app, seller, "needs_reconnecting").await["id"].clone();
    let path = format!("/api/v1/sellers/{seller}/connections/{connection}");
    assert_eq!(app.call(Method::DELETE, &path, &Value::Null).await.0, 200);
    app.settle().await;
    let ended = state(&app, seller, "disconnected").await;
    assert_eq!((&ended["credentials"], &ended["fields"]), (&json!([]), &Value::Null), "{ended}");
    assert!(ada.received().is_empty());
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.settle().await;
    assert_eq!(ada.received().len(), 1);
    app.stop().await;
}

async fn a_token_is_made_anew_well_before_it_ends(database: Database) {
    let app = browser::start(database).await;
    let seller = browser::shop(&app).await;
    let mut person = Person::at_instagram(&app, (IG, "linen.shop"));
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    let end = async |app: &TestApp| browser::connection(app, seller).await["credentials"][0]["expires_at"].clone();
    let refreshes = |app: &TestApp| app.meta.login_steps().iter().filter(|it| **it == LoginStep::Refresh).count();
    let first = end(&app).await;
    for _ in 0..29 {
        app.let_pass(DAY).await;
    }
    assert_eq!((end(&app).await, refreshes(&app)), (first.clone(), 0), "not yet");
    // Meta says that it is too young, then nothing, and the next day it is done.
    app.meta.next_login(LoginStep::Refresh, LoginFault::Refused(Refusal::TokenTooYoung));
    app.let_pass(DAY).await;
    until("it is tried", async || (refreshes(&app) >= 1).then_some(())).await;
    app.meta.next_login(LoginStep::Refresh, LoginFault::Cut);
    until("it is tried again", async || {
        app.let_pass(HOUR).await;
        (refreshes(&app) >= 2).then_some(())
    })
    .await;
    until("it is made anew", async || {
        app.let_pass(HOUR).await;
        (end(&app).await != first).then_some(())
    })
    .await;
    assert_eq!(refreshes(&app), 3);
    browser::is_answered(&app, seller, IG).await;
    assert_eq!(browser::connection(&app, seller).await["state"], "connected");
    app.stop().await;
}

async fn a_token_that_cannot_be_made_anew_is_warned_of_and_ends(database: Database) {
    let app = browser::start(database).await;
    let seller = browser::shop(&app).await;
    let mut person = Person::at_instagram(&app, (IG, "linen.shop"));
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    for _ in 0..40 {
        app.meta.next_login(LoginStep::Refresh, LoginFault::Refused(Refusal::TokenTooYoung));
    }
    let mut warned = Vec::new();
    let ended = loop {
        app.let_pass(DAY / 2).await;
        let looked = app.meta.login_steps().len();
        let connection = browser::connection(&app, seller).await;
        warned.push(connection["credentials"][0]["warned_days"].clone());
        assert!(warned.len() < 500 && looked < 500, "it never ends: {connection}");
        if connection["state"] == "needs_reconnecting" {
            break connection;
        }
    };
    warned.dedup();
    assert_eq!(warned, [Value::Null, json!(14), json!(7), json!(2)]);
    assert!(ended["cause"].as_str().unwrap().contains("run out"), "{ended}");
    let events = app.read(&format!("/api/v1/sellers/{seller}/events?kinds=connection.expiring")).await;
    assert_eq!(events["data"].as_array().map(Vec::len), Some(3), "{events}");
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    state(&app, seller, "connected").await;
    app.stop().await;
}

async fn a_permission_that_is_missing_holds_what_is_to_go_out(database: Database) {
    for refusal in [Refusal::NoPermission, Refusal::MessagesSwitchedOff] {
        let engine = database.engine;
        let app = browser::start(Database::of(engine).await).await;
        let (seller, mut person) = connected(&app).await;
        let ada = app.meta.account(IG).customer("Ada");
        app.meta.next_sends(1, hawker::sandbox::Fault::fail(refusal));
        app.deliver(&ada.writes("one apron please")).await;
        app.fall_silent().await;
        let connection = state(&app, seller, "needs_reconnecting").await;
        assert!(connection["cause"].as_str().unwrap().len() > 30, "{connection}");
        assert!(ada.received().is_empty());
        assert_eq!(person.connects(seller, "").await.code(), "connected");
        app.settle().await;
        assert_eq!(ada.received().len(), 1);
        app.stop().await;
    }
}

async fn a_subscription_that_was_switched_off_is_restored_within_a_day(database: Database) {
    let app = browser::start(database).await;
    let (seller, _person) = connected(&app).await;
    app.meta.unsubscribe(PAGE);
    app.let_pass(DAY / 2).await;
    assert!(app.meta.subscribed(PAGE).is_empty());
    until("it is restored", async || {
        app.let_pass(HOUR).await;
        (!app.meta.subscribed(PAGE).is_empty()).then_some(())
    })
    .await;
    // One that Meta does not take says why, and is tried again.
    app.meta.unsubscribe(PAGE);
    for _ in 0..3 {
        app.meta.next_login(LoginStep::Subscribe, LoginFault::Refused(Refusal::Transient));
    }
    until("it says why", async || {
        app.let_pass(HOUR).await;
        browser::connection(&app, seller).await["fields_error"].is_string().then_some(())
    })
    .await;
    until("it is restored", async || {
        app.let_pass(HOUR).await;
        let connection = browser::connection(&app, seller).await;
        (connection["fields_error"].is_null() && !app.meta.subscribed(PAGE).is_empty()).then_some(())
    })
    .await;
    app.stop().await;
}
