//! From messages to orders, as a customer and a seller see it.

use std::time::Duration;

use hawker::sandbox::{Batching, Customer, WebhookEvent};
use serde_json::{Value, json};

use crate::support::{Database, TestApp, apron, both, free, wanted};

const DETAILS: &str = "My phone is +1 555 010 0199, and please deliver to 12 Harbour Street, Springfield 94110";

both![
    a_message_makes_a_draft_with_the_words_that_led_to_each_line,
    several_messages_build_one_draft,
    details_that_come_later_complete_the_order_and_it_is_confirmed_once,
    a_complete_order_that_is_unsure_stays_a_draft_for_a_person,
    a_message_without_order_words_makes_a_conversation_and_a_lead,
    a_picture_alone_is_kept_for_a_person,
    more_than_there_is_cannot_be_ordered,
    stock_that_was_ordered_is_gone,
    messages_delivered_newest_first_make_the_same_order,
    a_message_older_than_a_confirmed_order_asks_for_a_look,
    the_shop_speaks_its_own_language,
    the_same_question_is_asked_once,
    a_second_order_is_another_order,
    a_changed_mind_cancels_the_draft,
];

async fn a_message_makes_a_draft_with_the_words_that_led_to_each_line(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("Hi! Two blue linen shirts in M, please")).await;
    app.settle().await;
    let order = app.order(&shop).await;
    assert_eq!((&order["state"], &order["channel"]), (&json!("draft"), &json!("instagram")));
    let line = &order["lines"][0];
    assert_eq!((&line["variant"], &line["quantity"]), (&json!("SHIRT-Blue-M"), &json!(2)));
    assert_eq!(order["total"]["amount"], "59.80");
    let evidence = line["evidence"].as_array().unwrap();
    for (words, of) in [("Two", "quantity"), ("blue", "option Color"), ("M", "option Size")] {
        assert!(evidence.iter().any(|said| said["words"] == words && said["for"] == of), "{words}: {evidence:?}");
    }
    assert!(evidence.iter().any(|said| said["for"] == "product"), "{evidence:?}");
    app.stop().await;
}

async fn several_messages_build_one_draft(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    for text in ["two linen shirts please", "blue", "in M", "and one canvas apron"] {
        app.deliver(&ada.writes(text)).await;
        app.clock.advance(Duration::from_secs(1));
    }
    app.settle().await;
    let order = app.order(&shop).await;
    assert_eq!(wanted(&order), [("SHIRT-Blue-M".to_owned(), 2), ("APRON".to_owned(), 1)]);
    assert_eq!(order["state"], "draft");
    app.stop().await;
}

async fn details_that_come_later_complete_the_order_and_it_is_confirmed_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("Two blue linen shirts in M, please")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    assert_eq!(ada.received().len(), 1, "the customer is asked for phone and address");
    app.deliver(&ada.writes(DETAILS)).await;
    app.fall_silent().await;
    let order = app.order(&shop).await;
    assert_eq!(order["state"], "confirmed");
    assert_eq!(order["contact"]["phone"], "+15550100199");
    assert!(order["contact"]["address"].as_str().unwrap().contains("12 Harbour Street"), "{order}");
    let [_, confirmation] = &ada.received()[..] else { panic!("{:?}", ada.received()) };
    assert!(confirmation.text.contains("59.80 USD"), "{}", confirmation.text);
    let states: Vec<String> = app.said(&shop).await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["confirmed", "confirmed"], "both echoes came back");
    assert_eq!(app.leads(&shop).await[0]["stage"], "ordered");
    app.stop().await;
}

async fn a_complete_order_that_is_unsure_stays_a_draft_for_a_person(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&ada.writes("two canvas aprons please")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    assert_eq!(app.looks(&shop).await, ["unsure"]);
    let [summary] = &ada.received()[..] else { panic!("{:?}", ada.received()) };
    assert!(summary.text.contains("2 x Canvas Apron") && summary.text.ends_with('?'), "{}", summary.text);
    app.stop().await;
}

async fn a_message_without_order_words_makes_a_conversation_and_a_lead(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("Hello! When do you open tomorrow?")).await;
    app.fall_silent().await;
    assert_eq!(app.orders(&shop).await, Vec::<Value>::new());
    assert_eq!(app.conversation(&shop).await["preview"], "Hello! When do you open tomorrow?");
    let leads = app.leads(&shop).await;
    assert_eq!((leads.len(), &leads[0]["stage"]), (1, &json!("new")));
    assert_eq!(leads[0]["first_words"], "Hello! When do you open tomorrow?");
    app.stop().await;
}

async fn a_picture_alone_is_kept_for_a_person(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.sends_image()).await;
    app.fall_silent().await;
    assert_eq!(app.looks(&shop).await, ["attachment"]);
    assert_eq!(app.messages(&shop).await[0]["attachments"], json!(["image"]));
    assert_eq!((app.orders(&shop).await.len(), ada.received().len()), (0, 0));
    app.stop().await;
}

async fn more_than_there_is_cannot_be_ordered(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("six market tote bags please")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "draft");
    let [question] = &ada.received()[..] else { panic!("{:?}", ada.received()) };
    assert!(question.text.contains('5'), "it says how many are left: {}", question.text);
    app.stop().await;
}

async fn stock_that_was_ordered_is_gone(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    app.sell(&shop, json!([apron("19.00", Some(3))])).await;
    for name in ["Ada", "Ben"] {
        app.deliver(&shop.customer(name).writes("two canvas aprons please")).await;
        app.fall_silent().await;
    }
    let states: Vec<Value> = app.orders(&shop).await.into_iter().map(|order| order["state"].clone()).collect();
    assert_eq!(states, ["confirmed", "draft"]);
    assert!(shop.customer("Ben").received()[0].text.contains('1'), "{:?}", shop.customer("Ben").received());
    app.stop().await;
}

async fn messages_delivered_newest_first_make_the_same_order(database: Database) {
    let app = TestApp::start(database).await;
    let [in_order, reversed] = [app.shop_number(1, free()).await, app.shop_number(2, free()).await];
    for (shop, batching) in [(&in_order, Batching::OneByOne), (&reversed, Batching::NewestFirst)] {
        let events = story(&shop.customer("Ada"), app.clock.now_ms());
        app.meta.deliver_all(&events, batching).await;
    }
    app.fall_silent().await;
    let [one, other] = [app.order(&in_order).await, app.order(&reversed).await];
    assert_eq!(wanted(&one), [("SHIRT-White-L".to_owned(), 2), ("APRON".to_owned(), 3)]);
    assert_eq!(wanted(&one), wanted(&other));
    assert_eq!((&one["state"], &one["total"]), (&other["state"], &other["total"]));
    assert_eq!(one["opened_at"], other["opened_at"]);
    app.stop().await;
}

fn story(customer: &Customer, now_ms: i64) -> Vec<WebhookEvent> {
    let texts = ["two linen shirts please", "white", "in L", "and three canvas aprons"];
    let at = |place: usize| now_ms - 10_000 + 1000 * i64::try_from(place).unwrap();
    texts.iter().enumerate().map(|(place, text)| customer.writes_at(text, at(place))).collect()
}

async fn a_message_older_than_a_confirmed_order_asks_for_a_look(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    let before = app.clock.now_ms() - 5000;
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.fall_silent().await;
    let confirmed = app.order(&shop).await;
    assert_eq!(confirmed["state"], "confirmed");
    app.deliver(&ada.writes_at("two market tote bags please", before)).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await, confirmed);
    assert_eq!(app.looks(&shop).await, ["late_message"]);
    assert_eq!(ada.received().len(), 1);
    app.stop().await;
}

async fn the_shop_speaks_its_own_language(database: Database) {
    let app = TestApp::start(database).await;
    for (number, language, asks, confirms) in [
        (1, "en", "your phone number", "is confirmed"),
        (2, "fr", "votre numéro de téléphone", "est confirmée"),
        (3, "es", "tu número de teléfono", "está confirmado"),
        (4, "pt", "o seu número de telefone", "está confirmado"),
    ] {
        let required = json!({ "phone": true, "email": false, "address": false });
        let shop = app.shop_number(number, json!({ "language": language, "required": required })).await;
        let ada = shop.customer("Ada");
        app.deliver(&ada.writes("one canvas apron please")).await;
        app.fall_silent().await;
        app.deliver(&ada.writes("+1 555 010 0199")).await;
        app.fall_silent().await;
        let [question, confirmation] = &ada.received()[..] else { panic!("{language}: {:?}", ada.received()) };
        assert!(question.text.contains(asks), "{}", question.text);
        assert!(confirmation.text.contains(confirms), "{}", confirmation.text);
    }
    app.stop().await;
}

async fn the_same_question_is_asked_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.fall_silent().await;
    app.deliver(&ada.writes("are you there?")).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1, "{:?}", ada.received());
    assert_eq!(app.looks(&shop).await, ["still_missing"]);
    app.deliver(&ada.writes("+1 555 010 0199")).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 2, "less is missing, so what is left is asked for");
    app.stop().await;
}

async fn a_second_order_is_another_order(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    for text in ["one canvas apron please", "and now two market tote bags please"] {
        app.deliver(&ada.writes(text)).await;
        app.fall_silent().await;
    }
    let orders = app.orders(&shop).await;
    let all: Vec<_> = orders.iter().map(wanted).collect();
    assert_eq!(all, [[("APRON".to_owned(), 1)], [("TOTE".to_owned(), 2)]]);
    assert!(orders.iter().all(|order| order["state"] == "confirmed"));
    assert_eq!((app.leads(&shop).await.len(), ada.received().len()), (1, 2));
    app.stop().await;
}

async fn a_changed_mind_cancels_the_draft(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("one canvas apron please")).await;
    app.clock.advance(Duration::from_secs(1));
    app.deliver(&ada.writes("please cancel my order")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["state"], "cancelled");
    assert_eq!(ada.received(), []);
    app.stop().await;
}
