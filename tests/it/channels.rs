//! The three channels: each takes an order, answers it, and keeps Meta's rules; and one account is one by any name.

use std::time::Duration;

use ::actors::domain::ids::SellerId;
use hawker::sandbox::{Account, Echoes, Fault, Refusal, Silence, WebhookEvent};
use http::Method;
use serde_json::{Value, json};

use crate::support::{APP_SECRET, Database, Shop, TestApp, apron, both, until};

const PAGE: &str = "102030405060708";
const INSTAGRAM: &str = "17841400000000001";
const NUMBER: &str = "106540350000001";
const ADDRESS: &str = "Please deliver to 12 Harbour Street, Springfield 94110";

both![
    an_order_on_messenger_is_asked_about_and_confirmed,
    an_order_on_whatsapp_is_confirmed_without_asking_for_the_number_it_came_from,
    whoever_hides_the_number_is_asked_for_it_and_answered_all_the_same,
    one_customer_of_whatsapp_keeps_one_conversation_under_both_ids,
    nothing_is_sent_when_a_day_has_passed,
    a_text_is_as_long_as_its_channel_takes,
    a_send_on_messenger_without_an_answer_is_looked_for_and_not_sent_twice,
    a_send_on_whatsapp_without_an_answer_is_left_to_a_person,
    metas_no_is_shown_with_its_code,
    an_instagram_message_that_comes_through_the_page_too_is_one_message,
    an_instagram_message_is_answered_through_the_connected_page,
    an_account_and_what_is_linked_to_it_have_one_seller,
    an_account_that_is_disconnected_is_nobodys_until_it_is_connected_again,
    a_connection_that_makes_no_sense_is_refused,
];

/// One app of Meta's for all channels.
const ONE_APP: [(&str, &str); 2] =
    [("meta.meta_app_secret", APP_SECRET), ("meta.instagram_app_secret", "of-an-app-that-nobody-has")];

pub(crate) async fn start(database: Database) -> TestApp {
    TestApp::start_with(database, &ONE_APP).await
}

/// A shop with aprons to sell and no account yet.
async fn seller(app: &TestApp, required: Value) -> i64 {
    let new = json!({ "name": "Wool", "currency": "USD", "required": required });
    app.made("/api/v1/sellers", &new).await
}

async fn connect(app: &TestApp, seller: i64, connection: Value) -> (u16, Value) {
    let path = format!("/api/v1/sellers/{seller}/connections");
    let (status, answer) = app.call(Method::POST, &path, &connection).await;
    (status.as_u16(), answer)
}

fn page(linked: Option<&str>) -> Value {
    let mut page = json!({ "channel": "messenger", "account_id": PAGE, "username": "Wool", "token": "of-page" });
    if let Some(linked) = linked {
        page["instagram_id"] = linked.into();
    }
    page
}

fn instagram(page: Option<&str>) -> Value {
    let mut new = json!({ "channel": "instagram", "account_id": INSTAGRAM, "username": "wool", "token": "of-page" });
    if let Some(page) = page {
        new["page_id"] = page.into();
    }
    new
}

fn number() -> Value {
    json!({ "channel": "whatsapp", "account_id": NUMBER, "display_number": "+1 555 010 0999", "token": "of-number" })
}

async fn shop_on(app: &TestApp, account: Account, connection: Value, required: Value) -> Shop {
    let seller = seller(app, required).await;
    let (status, answer) = connect(app, seller, connection).await;
    assert_eq!(status, 201, "{answer}");
    let shop = Shop { seller: SellerId(seller), account };
    app.sell(&shop, json!([apron("19.00", None)])).await;
    shop
}

pub(crate) async fn page_shop(app: &TestApp, required: Value) -> Shop {
    shop_on(app, app.meta.add_page(PAGE, "Wool", "of-page"), page(None), required).await
}

pub(crate) async fn number_shop(app: &TestApp, required: Value) -> Shop {
    let account = app.meta.add_number(NUMBER, "15550100999", "110022003300440", "of-number");
    shop_on(app, account, number(), required).await
}

pub(crate) fn nothing() -> Value {
    json!({ "phone": false, "email": false, "address": false })
}

fn phone_and_address() -> Value {
    json!({ "phone": true, "email": false, "address": true })
}

/// What the shop said, with its id at Meta.
async fn said(app: &TestApp, shop: &Shop) -> Vec<Value> {
    let messages = app.messages(shop).await.into_iter();
    messages.filter(|message| message["author"] == "bot").collect()
}

async fn an_order_on_messenger_is_asked_about_and_confirmed(database: Database) {
    let app = start(database).await;
    let shop = page_shop(&app, phone_and_address()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("two canvas aprons please")).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1, "asked for phone and address");
    app.deliver(&ada.writes(&format!("{ADDRESS}, my phone is +1 555 010 0199"))).await;
    app.fall_silent().await;
    let order = app.order(&shop).await;
    assert_eq!((&order["state"], &order["channel"]), (&json!("confirmed"), &json!("messenger")));
    assert_eq!(ada.received().len(), 2);
    app.deliver(&ada.is_answered_in_the_app("See you soon")).await;
    app.settle().await;
    let mids: Vec<Value> = said(&app, &shop).await.iter().map(|message| message["mid"].clone()).collect();
    assert_eq!(mids, ada.received().iter().map(|sent| json!(sent.mid)).collect::<Vec<_>>());
    assert_eq!(app.messages(&shop).await.last().unwrap()["author"], "elsewhere");
    app.stop().await;
}

async fn an_order_on_whatsapp_is_confirmed_without_asking_for_the_number_it_came_from(database: Database) {
    let app = start(database).await;
    let shop = number_shop(&app, phone_and_address()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes(&format!("two canvas aprons please. {ADDRESS}"))).await;
    app.fall_silent().await;
    let order = app.order(&shop).await;
    assert_eq!((&order["state"], &order["channel"]), (&json!("confirmed"), &json!("whatsapp")), "{order}");
    assert_eq!(order["contact"]["phone"], format!("+{}", ada.phone().unwrap()));
    let ([sent], [message]) = (&ada.received()[..], &said(&app, &shop).await[..]) else { panic!("one confirmation") };
    assert_eq!(message["mid"], sent.mid, "the id by which statuses will name it");
    assert!(sent.text.contains("38.00 USD"), "{}", sent.text);
    assert!(app.looks(&shop).await.is_empty());
    app.stop().await;
}

async fn whoever_hides_the_number_is_asked_for_it_and_answered_all_the_same(database: Database) {
    let app = start(database).await;
    let shop = number_shop(&app, phone_and_address()).await;
    let ada = shop.customer("Ada").without_a_number();
    app.deliver(&ada.writes(&format!("one canvas apron please. {ADDRESS}"))).await;
    app.fall_silent().await;
    let [question] = &ada.received()[..] else { panic!("{:?}", ada.received()) };
    assert!(question.text.contains("phone number"), "{}", question.text);
    app.deliver(&ada.writes("+1 555 010 0199")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["contact"]["phone"], "+15550100199");
    app.stop().await;
}

async fn one_customer_of_whatsapp_keeps_one_conversation_under_both_ids(database: Database) {
    let mut app = start(database).await;
    let shop = number_shop(&app, nothing()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.by_number_alone().writes("one canvas apron please")).await;
    app.fall_silent().await;
    app.deliver(&ada.writes("hello?")).await;
    app.settle().await;
    // What was learned of the ids is in the database, not only in memory.
    app.restart().await;
    for event in [ada.by_number_alone().writes("are you there?"), ada.without_a_number().writes("hm")] {
        app.deliver(&event).await;
    }
    app.settle().await;
    let conversation = app.conversation(&shop).await;
    assert_eq!((&conversation["unread"], &conversation["customer"]["meta_id"]), (&json!(4), &json!(ada.id())));
    assert_eq!((app.orders(&shop).await.len(), app.leads(&shop).await.len()), (1, 1));
    app.stop().await;
}

async fn nothing_is_sent_when_a_day_has_passed(database: Database) {
    let app = start(database).await;
    for shop in [page_shop(&app, phone_and_address()).await, number_shop(&app, phone_and_address()).await] {
        let ada = shop.customer("Ada");
        app.deliver(&ada.writes_at("one canvas apron please", app.clock.now_ms() - 24 * 3_600_000)).await;
        app.fall_silent().await;
        assert_eq!((app.order(&shop).await["state"].clone(), ada.received()), (json!("draft"), vec![]));
        assert_eq!(app.looks(&shop).await, ["too_late"]);
        // Owed within the day, and held up until it is over.
        app.meta.next_sends_to(&ada, 100, Fault::NonJson429);
        app.deliver(&ada.writes("are you there?")).await;
        app.fall_silent().await;
        app.let_pass(Duration::from_secs(24 * 3600)).await;
        app.meta.mend();
        app.let_pass(Duration::from_secs(3600)).await;
        assert_eq!(ada.received(), []);
        assert_eq!(app.outbox(&shop).await[0]["state"], "failed");
    }
    app.stop().await;
}

async fn a_text_is_as_long_as_its_channel_takes(database: Database) {
    let app = start(database).await;
    let names = ["anvil", "bellow", "chisel", "drill", "easel", "funnel", "gimlet", "hammer"];
    let product = |name: &str| {
        let title = format!("{name} of a very long name{}", " indeed".repeat(22));
        json!({ "retailer_id": name, "title": title, "price": "5", "currency": "USD", "keywords": [name] })
    };
    for shop in [page_shop(&app, nothing()).await, number_shop(&app, nothing()).await] {
        app.sell(&shop, names.iter().map(|name| product(name)).collect()).await;
        let ada = shop.customer("Ada");
        let wish: Vec<String> = names.iter().map(|name| format!("one {name}")).collect();
        app.deliver(&ada.writes(&format!("{} please", wish.join(", ")))).await;
        app.fall_silent().await;
        let [one] = &ada.received()[..] else { panic!("{} parts", ada.received().len()) };
        assert!(one.text.len() > 1000, "longer than Instagram would take");
    }
    app.stop().await;
}

async fn a_send_on_messenger_without_an_answer_is_looked_for_and_not_sent_twice(database: Database) {
    let app = TestApp::start_beside(database, &ONE_APP, |meta| {
        meta.echoes = Echoes::Off;
    })
    .await;
    let shop = page_shop(&app, nothing()).await;
    let ada = shop.customer("Ada");
    app.meta.next_sends_to(&ada, 1, Fault::DoneButNoAnswer { silence: Silence::Cut });
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.fall_silent().await;
    app.let_pass(Duration::from_secs(180)).await;
    assert_eq!(ada.received().len(), 1);
    assert_eq!(said(&app, &shop).await[0]["mid"], ada.received()[0].mid);
    app.stop().await;
}

async fn a_send_on_whatsapp_without_an_answer_is_left_to_a_person(database: Database) {
    let app = start(database).await;
    let shop = number_shop(&app, nothing()).await;
    let [ada, ben] = ["Ada", "Ben"].map(|name| shop.customer(name));
    for (customer, fault, received) in [
        (&ada, Fault::DoneButNoAnswer { silence: Silence::Cut }, 1),
        (&ben, Fault::NotDoneNoAnswer { silence: Silence::Cut }, 0),
    ] {
        app.meta.next_sends_to(customer, 1, fault);
        app.deliver(&customer.writes("one canvas apron please")).await;
        app.fall_silent().await;
        app.let_pass(Duration::from_secs(300)).await;
        assert_eq!(customer.received().len(), received, "never a second time by itself");
    }
    for conversation in app.conversations(&shop).await {
        assert_eq!(conversation["needs_look"][0]["cause"], "not_sent");
    }
    assert!(app.outbox(&shop).await.iter().all(|owed| owed["state"] == "unsettled"));
    // The conversation goes on.
    app.deliver(&ada.writes("and two canvas aprons please")).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 2);
    app.stop().await;
}

async fn metas_no_is_shown_with_its_code(database: Database) {
    let app = start(database).await;
    let (page, number) = (page_shop(&app, nothing()).await, number_shop(&app, nothing()).await);
    for (shop, refusal, code) in
        [(&page, Refusal::OutsidePageWindow, "10/2018278"), (&number, Refusal::ReEngagement, "131047")]
    {
        let ada = shop.customer("Ada");
        app.meta.next_sends_to(&ada, 1, Fault::fail(refusal));
        app.deliver(&ada.writes("one canvas apron please")).await;
        app.fall_silent().await;
        let owed = &app.outbox(shop).await[0];
        assert_eq!(owed["state"], "failed", "{owed}");
        assert!(owed["error"].as_str().unwrap().contains(code), "{owed}");
        assert_eq!(app.looks(shop).await, ["not_sent"]);
    }
    app.stop().await;
}

/// The same message as the Page's webhook tells it, under either id.
fn through_the_page(event: &WebhookEvent, entry: &str) -> WebhookEvent {
    let channel = hawker::sandbox::Channel::Messenger;
    WebhookEvent { channel, entry: entry.to_owned(), ..event.clone() }
}

async fn an_instagram_message_that_comes_through_the_page_too_is_one_message(database: Database) {
    let app = start(database).await;
    let account = app.meta.add_account(INSTAGRAM, "wool", PAGE, "of-page");
    let shop = shop_on(&app, account, instagram(Some(PAGE)), nothing()).await;
    let ada = shop.customer("Ada");
    comes_three_ways(&app, &ada.writes("one canvas apron please")).await;
    let order = app.order(&shop).await;
    assert_eq!((&order["state"], &order["channel"]), (&json!("confirmed"), &json!("instagram")));
    assert_eq!((ada.received().len(), app.messages(&shop).await.len()), (1, 2));
    // With the Page connected beside it, the message itself tells which of the two is meant.
    app.meta.add_page(PAGE, "Wool", "of-page");
    let (status, answer) = connect(&app, shop.seller.0, page(Some(INSTAGRAM))).await;
    assert_eq!(status, 201, "{answer}");
    comes_three_ways(&app, &ada.writes("and two canvas aprons please")).await;
    assert_eq!((ada.received().len(), app.messages(&shop).await.len()), (2, 4));
    assert_eq!(app.conversation(&shop).await["account"], format!("instagram:{INSTAGRAM}"));
    app.stop().await;
}

async fn comes_three_ways(app: &TestApp, event: &WebhookEvent) {
    for event in [through_the_page(event, PAGE), event.clone(), through_the_page(event, INSTAGRAM)] {
        app.deliver(&event).await;
    }
    app.fall_silent().await;
}

async fn an_instagram_message_is_answered_through_the_connected_page(database: Database) {
    let app = start(database).await;
    let account = app.meta.add_account(INSTAGRAM, "wool", PAGE, "of-page");
    app.meta.add_page(PAGE, "Wool", "of-page");
    let shop = shop_on(&app, account, page(Some(INSTAGRAM)), nothing()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.fall_silent().await;
    assert_eq!((ada.received().len(), app.order(&shop).await["channel"].clone()), (1, json!("instagram")));
    app.stop().await;
}

async fn an_account_and_what_is_linked_to_it_have_one_seller(database: Database) {
    let app = start(database).await;
    let (ours, theirs) = (seller(&app, nothing()).await, seller(&app, nothing()).await);
    assert_eq!(connect(&app, ours, instagram(Some(PAGE))).await.0, 201);
    for taken in [page(None), page(Some("17841499999999999")), instagram(None), instagram(Some("99"))] {
        let (status, problem) = connect(&app, theirs, taken.clone()).await;
        assert_eq!((status, &problem["code"]), (409, &json!("account_taken")), "{taken}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("another seller"), "{problem}");
    }
    assert_eq!(app.read(&format!("/api/v1/sellers/{theirs}/connections")).await["data"], json!([]));
    assert_eq!(connect(&app, ours, page(Some(INSTAGRAM))).await.0, 201, "the same seller may have both");
    // A link named by mistake is free again once it is put right.
    let mistaken =
        json!({ "channel": "messenger", "account_id": "77", "username": "x", "token": "t", "instagram_id": "88" });
    assert_eq!(connect(&app, ours, mistaken.clone()).await.0, 201);
    let true_owner = json!({ "channel": "instagram", "account_id": "88", "username": "x", "token": "t" });
    assert_eq!(connect(&app, theirs, true_owner.clone()).await.0, 409);
    let mut right = mistaken;
    right["instagram_id"] = Value::Null;
    assert_eq!(connect(&app, ours, right).await.0, 201);
    assert_eq!(connect(&app, theirs, true_owner).await.0, 201);
    app.stop().await;
}

async fn an_account_that_is_disconnected_is_nobodys_until_it_is_connected_again(database: Database) {
    let app = start(database).await;
    let shop = number_shop(&app, nothing()).await;
    let ada = shop.customer("Ada");
    let path = format!("/api/v1/sellers/{}/connections", shop.seller);
    let shown = app.read(&path).await["data"][0].clone();
    assert_eq!((&shown["channel"], &shown["state"]), (&json!("whatsapp"), &json!("connected")), "{shown}");
    assert!(!shown.to_string().contains("of-number"), "{shown}");
    let one = format!("{path}/{}", shown["id"]);
    assert_eq!(app.call(Method::DELETE, &one, &Value::Null).await.0, 200);
    assert_eq!(app.call(Method::DELETE, &format!("{path}/99"), &Value::Null).await.0, 404);
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.fall_silent().await;
    assert_eq!((app.ledgered("unknown_account").await, app.orders(&shop).await.len()), (1, 0));
    let theirs = seller(&app, nothing()).await;
    assert_eq!(connect(&app, theirs, number()).await.0, 409, "its conversations are another seller's");
    assert_eq!(connect(&app, shop.seller.0, number()).await, (201, json!({ "id": shown["id"] })));
    // What came meanwhile is taken up.
    until("it is answered", async || {
        app.fall_silent().await;
        (!ada.received().is_empty()).then_some(())
    })
    .await;
    assert_eq!(app.orders(&shop).await.len(), 1);
    app.stop().await;
}

async fn a_connection_that_makes_no_sense_is_refused(database: Database) {
    let app = start(database).await;
    let seller = seller(&app, nothing()).await;
    let with = |mut connection: Value, name: &str, value: Value| {
        connection[name] = value;
        connection
    };
    for wrong in [
        with(number(), "page_id", json!(PAGE)),
        with(number(), "display_number", Value::Null),
        with(number(), "username", json!("wool")),
        with(page(None), "page_id", json!("5")),
        with(page(None), "display_number", json!("+1 555 010 0999")),
        with(page(None), "username", Value::Null),
        with(page(None), "instagram_id", json!("wool")),
        with(page(None), "instagram_id", json!(PAGE)),
        with(instagram(Some(PAGE)), "instagram_id", json!("5")),
        with(instagram(None), "page_id", json!("")),
    ] {
        let (status, problem) = connect(&app, seller, wrong.clone()).await;
        assert_eq!((status, &problem["code"]), (422, &json!("invalid_connection")), "{wrong}");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
    }
    let (status, problem) = connect(&app, seller, with(page(None), "channel", json!("telegram"))).await;
    assert_eq!((status, &problem["code"]), (400, &json!("invalid_body")), "{problem}");
    app.stop().await;
}
