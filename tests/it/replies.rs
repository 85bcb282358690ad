//! What leaves: once, in time, within the caps, whatever becomes of the answer.

use std::time::Duration;

use hawker::sandbox::{Echoes, Fault, Refusal, Silence};
use serde_json::{Value, json};

use crate::support::{Database, Shop, TestApp, both};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const CUT: Silence = Silence::Cut;

both![
    an_echo_may_come_before_the_answer,
    an_echo_may_come_twice,
    a_send_without_an_answer_is_settled_by_its_echo,
    a_send_without_an_echo_is_looked_up_and_not_sent_twice,
    a_send_that_was_not_made_is_made_after_the_look,
    a_send_that_was_made_but_answered_with_an_error_is_not_made_twice,
    a_throttled_send_is_made_later_and_once,
    an_expired_token_stops_what_leaves_and_nothing_that_comes_in,
    nothing_is_sent_after_the_window_has_closed,
    no_more_is_sent_in_an_hour_than_the_cap_and_the_rest_after_it,
    old_events_get_a_draft_and_no_answer,
    what_the_seller_types_elsewhere_is_no_turn_of_the_bot,
    a_long_confirmation_is_sent_in_parts_that_fit,
    a_customer_who_goes_on_writing_is_answered_once_after_the_last_word,
];

/// Ada orders an apron, and is asked for her details.
async fn ask(app: &TestApp) -> Shop {
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    shop
}

async fn sends(app: &TestApp, shop: &Shop) -> Vec<(String, i64)> {
    let owed = app.outbox(shop).await;
    let sends = owed.iter().filter(|owed| owed["what"] == "send");
    sends.map(|owed| (owed["state"].as_str().unwrap().to_owned(), owed["attempts"].as_i64().unwrap())).collect()
}

fn states(said: Vec<(String, String)>) -> Vec<String> {
    said.into_iter().map(|(_, state)| state).collect()
}

async fn an_echo_may_come_before_the_answer(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    app.meta.next_sends(1, Fault::EchoFirst);
    app.fall_silent().await;
    assert_eq!(app.meta.sent().len(), 1);
    assert_eq!(states(app.said(&shop).await), ["confirmed"]);
    assert_eq!(sends(&app, &shop).await, [("accepted".to_owned(), 1)]);
    app.stop().await;
}

async fn an_echo_may_come_twice(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    app.meta.next_sends(1, Fault::EchoTwice);
    app.fall_silent().await;
    assert_eq!(states(app.said(&shop).await), ["confirmed"]);
    app.stop().await;
}

async fn a_send_without_an_answer_is_settled_by_its_echo(database: Database) {
    let app = TestApp::start_beside(database, &[], |meta| meta.echoes = Echoes::Held).await;
    let shop = ask(&app).await;
    app.meta.next_sends(1, Fault::DoneButNoAnswer { silence: CUT });
    app.fall_silent().await;
    assert_eq!(sends(&app, &shop).await, [("unknown".to_owned(), 1)]);
    assert_eq!(states(app.said(&shop).await), ["unconfirmed"]);
    assert_eq!(app.meta.release_echoes(), 1);
    app.settle().await;
    assert_eq!(sends(&app, &shop).await, [("accepted".to_owned(), 1)]);
    assert_eq!(states(app.said(&shop).await), ["confirmed"]);
    app.let_pass(5 * MINUTE).await;
    assert_eq!(app.meta.sent().len(), 1);
    app.stop().await;
}

async fn a_send_without_an_echo_is_looked_up_and_not_sent_twice(database: Database) {
    let app = TestApp::start_beside(database, &[], |meta| meta.echoes = Echoes::Off).await;
    let shop = ask(&app).await;
    app.meta.next_sends(1, Fault::DoneButNoAnswer { silence: CUT });
    app.fall_silent().await;
    app.let_pass(MINUTE).await;
    assert_eq!((sends(&app, &shop).await, app.meta.calls()), (vec![("unknown".to_owned(), 1)], 1));
    app.let_pass(MINUTE).await;
    assert_eq!(sends(&app, &shop).await, [("accepted".to_owned(), 1)]);
    assert_eq!(states(app.said(&shop).await), ["confirmed"]);
    assert_eq!(app.meta.sent().len(), 1);
    app.stop().await;
}

async fn a_send_that_was_not_made_is_made_after_the_look(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    app.meta.next_sends(1, Fault::NotDoneNoAnswer { silence: CUT });
    app.fall_silent().await;
    assert_eq!((sends(&app, &shop).await, app.meta.sent().len()), (vec![("unknown".to_owned(), 1)], 0));
    app.let_pass(2 * MINUTE).await;
    assert_eq!(sends(&app, &shop).await, [("accepted".to_owned(), 2)]);
    assert_eq!((app.meta.sent().len(), states(app.said(&shop).await)), (1, vec!["confirmed".to_owned()]));
    app.stop().await;
}

async fn a_send_that_was_made_but_answered_with_an_error_is_not_made_twice(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    app.meta.next_sends(1, Fault::DoneBut500);
    app.fall_silent().await;
    app.let_pass(5 * MINUTE).await;
    assert_eq!((app.meta.sent().len(), states(app.said(&shop).await)), (1, vec!["confirmed".to_owned()]));
    app.stop().await;
}

async fn a_throttled_send_is_made_later_and_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    app.meta.next_sends(2, Fault::fail(Refusal::MessagingRate));
    app.meta.next_sends(1, Fault::NonJson429);
    app.fall_silent().await;
    assert_eq!((sends(&app, &shop).await, app.meta.sent().len()), (vec![("owed".to_owned(), 1)], 0));
    for _ in 0..3 {
        app.let_pass(HOUR).await;
    }
    assert_eq!(sends(&app, &shop).await, [("accepted".to_owned(), 4)]);
    assert_eq!((app.meta.sent().len(), shop.account.send_calls().len()), (1, 4));
    app.stop().await;
}

async fn an_expired_token_stops_what_leaves_and_nothing_that_comes_in(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    shop.account.expire_token();
    app.fall_silent().await;
    app.deliver(&shop.customer("Ada").writes("and a market tote bag")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["lines"].as_array().unwrap().len(), 2);
    let connections = format!("/api/v1/sellers/{}/connections", shop.seller);
    let connected = app.read(&connections).await["data"][0].clone();
    assert_eq!(connected["state"], "needs_reconnecting", "{connected}");
    assert_eq!((app.meta.sent().len(), sends(&app, &shop).await[0].0.as_str()), (0, "owed"));
    app.guard("token-again");
    shop.account.renew_token("token-again");
    let again = json!({ "channel": "instagram", "account_id": "17841400000000001",
        "username": "shop.1", "token": "token-again" });
    app.made(&connections, &again).await;
    app.settle().await;
    assert_eq!(states(app.said(&shop).await), ["confirmed"]);
    assert_eq!(app.meta.sent().len(), 1, "what was owed is sent once");
    app.stop().await;
}

async fn nothing_is_sent_after_the_window_has_closed(database: Database) {
    let app = TestApp::start(database).await;
    let shop = ask(&app).await;
    app.meta.next_sends(u32::MAX, Fault::fail(Refusal::MessagingRate));
    app.fall_silent().await;
    app.let_pass(23 * HOUR).await;
    let tried = shop.account.send_calls().len();
    app.meta.mend();
    app.let_pass(2 * HOUR).await;
    assert_eq!((app.meta.sent().len(), shop.account.send_calls().len()), (0, tried));
    assert_eq!(sends(&app, &shop).await[0].0, "failed");
    assert_eq!(states(app.said(&shop).await), ["failed"]);
    assert_eq!(app.looks(&shop).await, ["not_sent"]);
    app.stop().await;
}

async fn no_more_is_sent_in_an_hour_than_the_cap_and_the_rest_after_it(database: Database) {
    let cap = &[("budgets.messages_per_hour", "3")];
    let app = TestApp::start_beside(database, cap, |meta| meta.messages_per_hour = Some(3)).await;
    let shop = app.shop().await;
    for name in ["Ada", "Ben", "Chloé", "Diego", "Eva"] {
        app.deliver(&shop.customer(name).writes("one canvas apron please")).await;
    }
    app.fall_silent().await;
    assert_eq!(app.meta.sent().len(), 3);
    app.let_pass(59 * MINUTE).await;
    assert_eq!(app.meta.sent().len(), 3);
    app.let_pass(2 * MINUTE).await;
    assert_eq!(app.meta.sent().len(), 5);
    assert_eq!(shop.account.send_calls().len(), 5, "none was refused by Meta");
    app.stop().await;
}

async fn old_events_get_a_draft_and_no_answer(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let two_hours_ago = app.clock.now_ms() - 2 * 3_600_000;
    app.deliver(&shop.customer("Ada").writes_at("one canvas apron please", two_hours_ago)).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    assert_eq!(app.looks(&shop).await, ["too_late"]);
    assert_eq!(app.meta.calls(), 0);
    app.stop().await;
}

async fn what_the_seller_types_elsewhere_is_no_turn_of_the_bot(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.is_answered_in_the_app("I will put two canvas aprons aside for you")).await;
    app.fall_silent().await;
    let messages = app.messages(&shop).await;
    assert_eq!((messages.len(), &messages[0]["author"]), (1, &json!("elsewhere")));
    assert_eq!((app.orders(&shop).await.len(), app.leads(&shop).await.len()), (0, 0));
    assert_eq!(app.meta.calls(), 0);
    app.stop().await;
}

async fn a_long_confirmation_is_sent_in_parts_that_fit(database: Database) {
    let app = TestApp::start(database).await;
    let required = json!({ "phone": false, "email": false, "address": false });
    let shop = app.empty_shop(1, json!({ "required": required })).await;
    let names = ["anvil", "bellow", "chisel", "drill", "easel", "funnel", "gimlet", "hammer"];
    app.sell(&shop, names.iter().map(|name| long_product(name)).collect()).await;
    let ada = shop.customer("Ada");
    let wish: Vec<String> = names.iter().map(|name| format!("one {name}")).collect();
    app.deliver(&ada.writes(&format!("{} please", wish.join(", ")))).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "confirmed");
    let parts = ada.received();
    assert!(parts.len() > 1 && parts.iter().all(|part| part.text.len() <= 1000), "{parts:?}");
    let all = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
    let places: Vec<_> = names.iter().map(|name| all.find(&format!("{name} of"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "all of it, in order: {all}");
    app.stop().await;
}

fn long_product(name: &str) -> Value {
    let title = format!("{name} of a very long name{}", " indeed".repeat(22));
    json!({ "retailer_id": name, "title": title, "price": "5", "currency": "USD", "keywords": [name] })
}

async fn a_customer_who_goes_on_writing_is_answered_once_after_the_last_word(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    for text in ["one canvas apron", "hm", "let me think", "yes, please"] {
        app.deliver(&ada.writes(text)).await;
        app.settle().await;
        app.let_pass(Duration::from_secs(3)).await;
        assert_eq!(ada.received(), [], "{text}");
    }
    app.let_pass(Duration::from_secs(1)).await;
    assert_eq!(ada.received().len(), 1);
    app.stop().await;
}
