//! The process ends, in order or between two awaits, and the next one goes on where it was.

use std::time::Duration;

use hawker::sandbox::{Fault, Silence};
use serde_json::json;

use crate::support::{Database, Shop, TestApp, both, until};

const DETAILS: &str = "My phone is +1 555 010 0199, and please deliver to 12 Harbour Street, Springfield 94110";
const QUIET: Duration = Duration::from_secs(4);
const HANG: Silence = Silence::Hang;

both![
    a_conversation_goes_on_after_a_restart,
    what_was_stored_and_not_taken_up_is_taken_up_after_a_power_cut,
    a_send_on_the_wire_at_a_power_cut_is_settled_by_its_echo,
    a_send_that_a_power_cut_kept_from_being_made_is_made_once,
    meta_sends_again_what_a_power_cut_kept_from_being_taken,
    an_answer_that_was_due_during_the_outage_is_made_afterwards,
];

async fn a_conversation_goes_on_after_a_restart(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("two linen shirts please")).await;
    app.fall_silent().await;
    app.restart().await;
    app.deliver(&ada.writes("blue, in M")).await;
    app.settle().await;
    app.restart().await;
    app.deliver(&ada.writes(DETAILS)).await;
    app.fall_silent().await;
    let order = app.order(&shop).await;
    assert_eq!((&order["state"], &order["lines"][0]["variant"]), (&json!("confirmed"), &json!("SHIRT-Blue-M")));
    assert_eq!(ada.received().len(), 2, "a question and a confirmation: {:?}", ada.received());
    app.stop().await;
}

async fn what_was_stored_and_not_taken_up_is_taken_up_after_a_power_cut(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.sellers().pause(shop.seller).await.unwrap();
    for number in 0..10 {
        app.deliver(&shop.customer("Ada").writes(&format!("hello {number}"))).await;
    }
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    assert_eq!(app.messages(&shop).await.len(), 10);
    app.stop().await;
}

/// Ada's order is answered, and the call that does it goes wrong in this way.
async fn answer_that(app: &TestApp, fault: Fault) -> Shop {
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    app.meta.next_sends(1, fault);
    app.clock.advance(QUIET);
    until("the answer is on the wire", || async { (app.meta.calls() > 0).then_some(()) }).await;
    shop
}

async fn a_send_on_the_wire_at_a_power_cut_is_settled_by_its_echo(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = answer_that(&app, Fault::DoneButNoAnswer { silence: HANG }).await;
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    app.let_pass(Duration::from_secs(300)).await;
    assert_eq!(app.meta.sent().len(), 1);
    assert_eq!(app.said(&shop).await[0].1, "confirmed");
    assert_eq!(app.outbox(&shop).await[0]["state"], "accepted");
    app.stop().await;
}

async fn a_send_that_a_power_cut_kept_from_being_made_is_made_once(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = answer_that(&app, Fault::NotDoneNoAnswer { silence: HANG }).await;
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    assert_eq!(app.outbox(&shop).await[0]["state"], "unknown", "it may have been made");
    app.let_pass(Duration::from_secs(120)).await;
    assert_eq!((app.meta.sent().len(), app.said(&shop).await.len()), (1, 1));
    assert_eq!(app.said(&shop).await[0].1, "confirmed");
    app.stop().await;
}

async fn meta_sends_again_what_a_power_cut_kept_from_being_taken(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.vanish().await;
    app.meta.deliver_later(&shop.customer("Ada").writes("one canvas apron please"));
    app.start_again().await;
    app.settle().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    app.stop().await;
}

async fn an_answer_that_was_due_during_the_outage_is_made_afterwards(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.settle().await;
    app.stop_service().await;
    app.clock.advance(Duration::from_secs(600));
    app.start_again().await;
    app.settle().await;
    assert_eq!((ada.received().len(), app.order(&shop).await["state"].clone()), (1, json!("draft")));
    app.stop().await;
}
