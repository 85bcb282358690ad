//! When nothing can be stored nothing is acknowledged, and when it can again nothing is lost or doubled.

use std::time::Duration;

use hawker::sandbox::Answer;
use serde_json::Value;

use crate::support::{Database, Engine, Proxy, Shop, SmallDisk, TestApp, run, until};

const NOT_STORED: Answer = Answer::Status(503);

#[test]
fn on_a_full_disk_nothing_is_acknowledged_and_with_room_again_nothing_is_missing() {
    run(Engine::Sqlite, |_| async {
        let disk = SmallDisk::mount("24m");
        let mut app = TestApp::start(Database::in_folder(disk.folder())).await;
        app.expect_trouble("could not store webhook events");
        let shop = app.shop().await;
        app.deliver(&shop.customer("Ada").writes("two linen shirts please")).await;
        app.settle().await;
        disk.fill();
        let event = shop.customer("Ada").writes("blue, in M");
        until("an event is refused", || async { (app.meta.deliver(&event).await == NOT_STORED).then_some(()) }).await;
        disk.make_room();
        is_whole_again(&app, &shop, &event).await;
        app.stop().await;
    });
}

#[test]
fn on_a_read_only_disk_it_does_not_start_and_afterwards_it_goes_on() {
    run(Engine::Sqlite, |_| async {
        let disk = SmallDisk::mount("24m");
        let mut app = TestApp::start(Database::in_folder(disk.folder())).await;
        let shop = app.shop().await;
        app.deliver(&shop.customer("Ada").writes("two linen shirts please")).await;
        app.settle().await;
        app.stop_service().await;
        disk.make_read_only();
        let refusal = app.second().await.expect("it cannot be served from a disk that takes nothing");
        assert!(refusal.contains("database"), "{refusal}");
        disk.make_writable();
        app.start_again().await;
        app.deliver(&shop.customer("Ada").writes("blue, in M")).await;
        app.settle().await;
        assert_eq!(app.order(&shop).await["lines"][0]["variant"], "SHIRT-Blue-M");
        app.stop().await;
    });
}

#[test]
fn without_its_connections_nothing_is_acknowledged_and_with_new_ones_nothing_is_missing() {
    run(Engine::Postgres, |database| async {
        let proxy = Proxy::to(database.port()).await;
        let mut app = TestApp::start(database.through_port(proxy.port())).await;
        app.expect_trouble("could not store webhook events");
        let shop = app.shop().await;
        app.deliver(&shop.customer("Ada").writes("two linen shirts please")).await;
        app.settle().await;
        proxy.cut();
        let event = shop.customer("Ada").writes("blue, in M");
        assert_eq!(app.meta.deliver(&event).await, NOT_STORED);
        proxy.mend();
        is_whole_again(&app, &shop, &event).await;
        app.stop().await;
    });
}

/// Meta sends again until it is taken; then everything is there, once.
async fn is_whole_again(app: &TestApp, shop: &Shop, event: &hawker::sandbox::WebhookEvent) {
    let taken = || async { (app.meta.deliver(event).await == Answer::Status(200)).then_some(()) };
    until("the event is taken", taken).await;
    assert_eq!(app.meta.deliver(event).await, Answer::Status(200));
    app.clock.advance(Duration::from_secs(2));
    app.fall_silent().await;
    assert_eq!(app.order(shop).await["lines"][0]["variant"], "SHIRT-Blue-M");
    let from_ada: Vec<Value> = app.messages(shop).await;
    assert_eq!(from_ada.iter().filter(|message| message["author"] == "customer").count(), 2);
    assert_eq!(app.meta.sent().len(), 1);
}
