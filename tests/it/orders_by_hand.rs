//! People and other systems change orders while customers write, actors fall and the process ends.

use std::time::Duration;

use actors::domain::command::{Command, Commanded, LineWanted, OrderAt};
use actors::domain::ids::{ConversationId, OrderId};
use actors::domain::order::OrderStep;
use actors::sellers::Asked;
use serde_json::{Value, json};

use crate::support::{Database, Shop, TestApp, apron, both, free, until, wanted};

const DETAILS: &str = "My phone is +1 555 010 0199, and please deliver to 12 Harbour Street, Springfield 94110";

both![
    of_two_people_who_edit_one_draft_one_is_told,
    a_draft_edited_by_hand_stays_while_the_customer_writes_on,
    a_person_confirms_while_the_customer_writes,
    a_person_and_the_bot_confirm_one_order_once,
    a_command_given_while_the_actor_is_killed_is_done_once,
    a_command_that_a_power_cut_kept_from_being_done_is_done_afterwards,
    what_a_person_wrote_outlives_a_restart,
    a_cancelled_order_gives_its_stock_back_and_is_no_last_time,
    an_order_is_opened_confirmed_and_handed_over_by_hand,
    what_cannot_be_done_is_refused_and_changes_nothing,
];

/// A shop that needs no details, and Ada's draft of two aprons, of which there are five.
async fn two_aprons(app: &TestApp) -> (Shop, OrderId) {
    let shop = app.shop_number(1, free()).await;
    app.sell(&shop, json!([apron("19.00", Some(5))])).await;
    app.deliver(&shop.customer("Ada").writes("two canvas aprons please")).await;
    app.settle().await;
    let order = id_of(&app.order(&shop).await);
    (shop, order)
}

fn id_of(order: &Value) -> OrderId {
    OrderId(order["id"].as_i64().unwrap())
}

fn edit(order: OrderId, version: i64, lines: &[(&str, u32)]) -> Command {
    Command::EditOrder { order, version, lines: Some(lines_of(lines)), contact: None }
}

fn lines_of(lines: &[(&str, u32)]) -> Vec<LineWanted> {
    let line = |(product, quantity): &(&str, u32)| LineWanted {
        product: (*product).to_owned(),
        variant: None,
        modifiers: vec![],
        quantity: *quantity,
    };
    lines.iter().map(line).collect()
}

fn any(order: OrderId) -> OrderAt {
    OrderAt { order, version: None }
}

/// What Zoé's command is answered.
async fn ask(app: &TestApp, shop: &Shop, command: Command) -> Value {
    ask_once(app, shop, None, command).await
}

async fn ask_once(app: &TestApp, shop: &Shop, key: Option<&str>, command: Command) -> Value {
    let commanded = Commanded { by: Some("Zoé".to_owned()), command };
    match app.sellers().command(shop.seller, key, commanded).await.unwrap() {
        Asked::Answered(answer) => answer,
        other => panic!("no answer in time: {other:?}"),
    }
}

/// What happened to an order, and who did it.
async fn steps(app: &TestApp, shop: &Shop, order: OrderId) -> Vec<(OrderStep, Option<String>)> {
    let (_, history) = app.stored_order(shop, order).await;
    history.into_iter().map(|change| (change.what, change.by)).collect()
}

fn by_zoe(step: OrderStep) -> (OrderStep, Option<String>) {
    (step, Some("Zoé".to_owned()))
}

async fn of_two_people_who_edit_one_draft_one_is_told(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    let (one, other) = tokio::join!(
        ask(&app, &shop, edit(order, 1, &[("APRON", 3)])),
        ask(&app, &shop, edit(order, 1, &[("APRON", 4)])),
    );
    let (done, refused, count) = if one["version"] == 2 { (one, other, 3) } else { (other, one, 4) };
    assert_eq!(done, json!({ "order": order.0, "version": 2, "state": "draft" }));
    assert_eq!((&refused["error"], &refused["status"]), (&json!("version_conflict"), &json!(409)));
    assert!(refused["detail"].as_str().unwrap().contains("version 2"), "{refused}");
    assert_eq!(wanted(&app.order(&shop).await), [("APRON".to_owned(), count)]);
    let (stored, history) = app.stored_order(&shop, order).await;
    assert_eq!((stored.version, stored.by_hand, history.len()), (2, true, 2));
    assert_eq!((history[1].what, history[1].by.as_deref()), (OrderStep::Edited, Some("Zoé")));
    app.stop().await;
}

async fn a_draft_edited_by_hand_stays_while_the_customer_writes_on(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("two canvas aprons please")).await;
    app.settle().await;
    let order = id_of(&app.order(&shop).await);
    ask(&app, &shop, edit(order, 1, &[("APRON", 3)])).await;
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&ada.writes(DETAILS)).await;
    app.fall_silent().await;
    let [summary] = &ada.received()[..] else { panic!("{:?}", ada.received()) };
    assert!(summary.text.contains("3 x Canvas Apron") && summary.text.contains("Harbour"), "{}", summary.text);
    app.deliver(&ada.writes("one market tote bag too, and make it five aprons")).await;
    app.fall_silent().await;
    assert_eq!(wanted(&app.order(&shop).await), [("APRON".to_owned(), 3)]);
    assert_eq!((app.looks(&shop).await, ada.received().len()), (vec!["said_after_edit".to_owned()], 1));
    assert_eq!(ask(&app, &shop, Command::ConfirmOrder(any(order))).await["told_customer"], true);
    app.settle().await;
    let confirmed = app.order(&shop).await;
    assert_eq!((&confirmed["state"], &confirmed["total"]["amount"]), (&json!("confirmed"), &json!("57.00")));
    assert_eq!(confirmed["contact"]["phone"], "+15550100199");
    assert_eq!((app.looks(&shop).await, ada.received().len()), (vec!["change_wanted".to_owned()], 2));
    app.stop().await;
}

async fn a_person_confirms_while_the_customer_writes(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    let ada = shop.customer("Ada");
    app.clock.advance(Duration::from_secs(1));
    let more = ada.writes("and one market tote bag");
    let (answer, ()) =
        tokio::join!(ask(&app, &shop, Command::ConfirmOrder(OrderAt { order, version: Some(1) })), app.deliver(&more),);
    app.fall_silent().await;
    let orders = app.orders(&shop).await;
    let all: Vec<(String, u64)> = orders.iter().flat_map(wanted).collect();
    assert_eq!(all, [("APRON".to_owned(), 2), ("TOTE".to_owned(), 1)], "nothing said is lost");
    assert!(orders.iter().all(|order| order["state"] == "confirmed"), "{orders:?}");
    match answer["error"].as_str() {
        // The words came first, so that another draft was there than the one that was seen.
        Some(error) => assert_eq!((error, orders.len()), ("version_conflict", 1)),
        None => assert_eq!((&answer["state"], orders.len()), (&json!("confirmed"), 2)),
    }
    assert_eq!(ada.received().len(), orders.len(), "one confirmation an order");
    app.stop().await;
}

async fn a_person_and_the_bot_confirm_one_order_once(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    app.clock.advance(Duration::from_secs(4));
    let answer = ask(&app, &shop, Command::ConfirmOrder(any(order))).await;
    app.settle().await;
    assert!(answer["state"] == "confirmed" || answer["error"] == "wrong_state", "{answer}");
    let confirmations: Vec<_> =
        steps(&app, &shop, order).await.into_iter().filter(|(step, _)| *step == OrderStep::Confirmed).collect();
    assert_eq!((confirmations.len(), shop.customer("Ada").received().len()), (1, 1));
    assert_eq!(confirmations[0].1.is_some(), answer["state"] == "confirmed", "whoever was first did it");
    app.stop().await;
}

async fn a_command_given_while_the_actor_is_killed_is_done_once(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    for version in 1..=8 {
        let (key, lines) = (format!("edit-{version}"), [("APRON", u32::try_from(version % 4 + 1).unwrap())]);
        let command = || edit(order, version, &lines);
        let (answer, _) = tokio::join!(ask_once(&app, &shop, Some(&key), command()), app.sellers().kill(shop.seller));
        assert_eq!(answer["version"], version + 1, "{answer}");
        app.sellers().kill(shop.seller).await.unwrap();
        assert_eq!(ask_once(&app, &shop, Some(&key), command()).await, answer, "the same key is the same command");
    }
    let confirm = || ask_once(&app, &shop, Some("confirm"), Command::ConfirmOrder(any(order)));
    let (answer, _) = tokio::join!(confirm(), app.sellers().kill(shop.seller));
    assert_eq!((&answer, &answer["state"]), (&confirm().await, &json!("confirmed")));
    app.fall_silent().await;
    let all = steps(&app, &shop, order).await;
    assert_eq!((all.len(), all.last()), (10, Some(&by_zoe(OrderStep::Confirmed))));
    assert_eq!(shop.customer("Ada").received().len(), 1);
    app.stop().await;
}

async fn a_command_that_a_power_cut_kept_from_being_done_is_done_afterwards(database: Database) {
    let mut app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    app.sellers().pause(shop.seller).await.unwrap();
    let (sellers, seller) = (app.sellers().clone(), shop.seller);
    let confirm = move || Commanded { by: Some("Zoé".to_owned()), command: Command::ConfirmOrder(any(order)) };
    let waiting = tokio::spawn(async move { sellers.command(seller, Some("k"), confirm()).await });
    let inbox = app.inbox().await;
    let is_stored = || async { inbox.has_command("k").await.then_some(()) };
    until("the command is stored", is_stored).await;
    waiting.abort();
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    let answer = app.sellers().answer(shop.seller, "k").await.unwrap().unwrap();
    assert_eq!((&answer["state"], &answer["told_customer"]), (&json!("confirmed"), &json!(true)));
    assert_eq!(ask_once(&app, &shop, Some("k"), Command::ConfirmOrder(any(order))).await, answer);
    app.fall_silent().await;
    assert_eq!(steps(&app, &shop, order).await.len(), 2);
    assert_eq!(shop.customer("Ada").received().len(), 1);
    app.stop().await;
}

async fn what_a_person_wrote_outlives_a_restart(database: Database) {
    let mut app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    let ada = shop.customer("Ada");
    ask(&app, &shop, edit(order, 1, &[("APRON", 1), ("TOTE", 2)])).await;
    app.restart().await;
    app.deliver(&ada.writes("three canvas aprons please")).await;
    app.settle().await;
    app.restart().await;
    let answer = ask(&app, &shop, edit(order, 1, &[("APRON", 9)])).await;
    assert_eq!(answer["error"], "version_conflict");
    let (stored, history) = app.stored_order(&shop, order).await;
    assert_eq!((stored.version, stored.lines.len(), history.len()), (2, 2, 2));
    assert_eq!(stored.lines[0].evidence.len(), 2, "the words that led to it are still there");
    assert_eq!(app.looks(&shop).await, ["said_after_edit"]);
    app.stop().await;
}

async fn a_cancelled_order_gives_its_stock_back_and_is_no_last_time(database: Database) {
    let mut app = TestApp::start(database).await;
    let (shop, first) = two_aprons(&app).await;
    let ada = shop.customer("Ada");
    app.fall_silent().await;
    app.clock.advance(Duration::from_secs(60));
    app.deliver(&ada.writes("three canvas aprons please")).await;
    app.fall_silent().await;
    let second = id_of(&app.orders(&shop).await[1]);
    app.restart().await;
    let answer = ask(&app, &shop, Command::CancelOrder(any(second))).await;
    assert_eq!(answer, json!({ "order": second.0, "version": 3, "state": "cancelled" }));
    assert_eq!(ask(&app, &shop, Command::CancelOrder(any(second))).await["error"], "wrong_state");
    app.clock.advance(Duration::from_secs(60));
    app.deliver(&ada.writes("the same as last time please")).await;
    app.fall_silent().await;
    let orders = app.orders(&shop).await;
    assert_eq!(wanted(&orders[2]), wanted(&orders[0]));
    assert_eq!(orders[2]["state"], "confirmed", "of five, two are gone, and three came back");
    assert_eq!(ask(&app, &shop, Command::CancelOrder(any(first))).await["state"], "cancelled");
    let states: Vec<Value> = app.orders(&shop).await.into_iter().map(|order| order["state"].clone()).collect();
    assert_eq!(states, ["cancelled", "cancelled", "confirmed"]);
    app.stop().await;
}

async fn an_order_is_opened_confirmed_and_handed_over_by_hand(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("hello, I was in your shop yesterday")).await;
    app.fall_silent().await;
    let conversation = ConversationId(app.conversation(&shop).await["id"].as_i64().unwrap());
    let open = Command::OpenOrder { conversation, lines: lines_of(&[("APRON", 1), ("TOTE", 5)]) };
    let order = OrderId(ask(&app, &shop, open.clone()).await["order"].as_i64().unwrap());
    assert_eq!(ask(&app, &shop, open).await["error"], "draft_open");
    let confirmed = ask(&app, &shop, Command::ConfirmOrder(OrderAt { order, version: Some(1) })).await;
    assert_eq!(confirmed, json!({ "order": order.0, "version": 2, "state": "confirmed", "told_customer": true }));
    app.settle().await;
    app.let_pass(Duration::from_secs(25 * 3600)).await;
    let fulfilled = ask(&app, &shop, Command::FulfilOrder(OrderAt { order, version: Some(2) })).await;
    assert_eq!(fulfilled, json!({ "order": order.0, "version": 3, "state": "fulfilled" }));
    assert_eq!(ask(&app, &shop, Command::CancelOrder(any(order))).await["error"], "wrong_state");
    let expected = [OrderStep::Drafted, OrderStep::Confirmed, OrderStep::Fulfilled].map(by_zoe);
    assert_eq!(steps(&app, &shop, order).await, expected);
    assert_eq!(ada.received().len(), 1);
    app.stop().await;
}

async fn what_cannot_be_done_is_refused_and_changes_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, order) = two_aprons(&app).await;
    let before = app.stored_order(&shop, order).await;
    for (command, error) in [
        (edit(order, 1, &[("NONE", 1)]), "unknown_product"),
        (edit(order, 1, &[("SHIRT", 1)]), "variant_needed"),
        (edit(order, 1, &[("APRON\0", 1)]), "wrong_text"),
        (edit(order, 1, &[("APRON", 0)]), "wrong_quantity"),
        (edit(order, 1, &[("APRON", u32::MAX)]), "wrong_quantity"),
        (edit(order, 1, &[]), "no_lines"),
        (edit(order, 7, &[("APRON", 1)]), "version_conflict"),
        (edit(OrderId(99_999), 1, &[("APRON", 1)]), "unknown_order"),
        (Command::EditOrder { order, version: 1, lines: None, contact: None }, "nothing_to_change"),
        (Command::FulfilOrder(any(order)), "wrong_state"),
        (Command::CancelOrder(any(OrderId(-1))), "unknown_order"),
        (
            Command::OpenOrder { conversation: ConversationId(0), lines: lines_of(&[("APRON", 1)]) },
            "unknown_conversation",
        ),
    ] {
        let answer = ask(&app, &shop, command).await;
        assert_eq!(answer["error"], error, "{answer}");
        assert!(answer["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{answer}");
    }
    assert_eq!(app.stored_order(&shop, order).await, before);
    ask(&app, &shop, edit(order, 1, &[("APRON", 6)])).await;
    assert_eq!(ask(&app, &shop, Command::ConfirmOrder(any(order))).await["error"], "out_of_stock");
    app.stop().await;
}
