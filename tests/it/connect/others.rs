//! The doctor at accounts that were not connected through a Page: by Instagram's own login, on WhatsApp, and with tokens
//! that somebody gave by hand.

use hawker::sandbox::{FACEBOOK_APP, INSTAGRAM_APP, Refusal};
use http::Method;
use serde_json::{Value, json};

use super::browser::{self, Person};
use super::doctor::{Clinic, times};
use super::{IG, MINUTE, PAGE};
use crate::support::{Database, TestApp, both};

const NUMBER: &str = "106540350000501";

both![
    an_account_of_instagrams_own_login_is_looked_at_whole,
    a_number_of_whatsapp_is_looked_at_as_far_as_that_goes,
    a_token_that_was_given_by_hand_is_looked_at_and_nothing_is_changed,
];

async fn clinic_of_instagram(database: Database) -> Clinic {
    let service = Clinic::service(database, "").await;
    let seller = browser::shop(&service.0).await;
    let mut person = Person::at_instagram(&service.0, (IG, "linen.shop"));
    assert_eq!(person.connects(seller, "way=instagram").await.code(), "connected");
    let account = service.0.meta.account(IG);
    Clinic::of(service, seller, person, &account).await
}

async fn an_account_of_instagrams_own_login_is_looked_at_whole(database: Database) {
    let clinic = clinic_of_instagram(database).await;
    let (app, meta) = (&clinic.app, &clinic.app.meta);
    assert_eq!(clinic.ills().await, []);
    let all = "token scopes app_review page_link subscription app_subscription message_access catalog app_mode \
               last_event secrets clock probe";
    assert_eq!(clinic.names().await, all);
    meta.switch_messages_off(IG, true);
    clinic.is_ill("message_access", "red", "switched off access to messages").await;
    meta.switch_messages_off(IG, false);
    // Its app has a subscription of its own.
    meta.forget_app_subscriptions();
    clinic.is_ill("app_subscription", "amber", "no webhooks of Instagram").await;
    assert!(meta.app_subscription(INSTAGRAM_APP, "instagram").is_some(), "it is there again");
    assert_eq!(clinic.ills().await, []);
    // Where Meta knows none by that id, it is that of the app beside it.
    meta.hide_app(INSTAGRAM_APP);
    meta.forget_app_subscriptions();
    clinic.is_ill("app_subscription", "amber", "no webhooks of Instagram").await;
    assert!(meta.app_subscription(FACEBOOK_APP, "instagram").is_some());
    assert_eq!(clinic.ills().await, []);
    // Where Meta knows neither, only the dashboard tells, and nothing is wrong with the account.
    meta.hide_app(FACEBOOK_APP);
    clinic.is_ill("app_subscription", "amber", "only its dashboard").await;
    assert!(browser::connection(app, clinic.seller).await["fields_error"].is_null());
    meta.show_apps();
    clinic.is_ill("app_subscription", "amber", "no webhooks of Instagram").await;
    meta.unsubscribe(IG);
    clinic.is_ill("subscription", "amber", "switched on again by itself").await;
    assert!(meta.subscribed(IG).contains(&"messages".to_owned()));
    app.settle().await;
    assert_eq!(times(app, clinic.seller, "connection.restored").await, 1);
    meta.take_back(clinic.person.id(), "instagram_business_manage_messages");
    let ills = clinic.ills().await;
    assert!(ills[0].0 == "scopes" && ills[0].1 == "red" && ills[0].2.contains("manage_messages"), "{ills:#?}");
    meta.kill_tokens(clinic.person.id(), Refusal::PasswordChanged);
    let ills = clinic.ills().await;
    assert!(ills[0].0 == "token" && ills[0].1 == "red" && ills[0].2.contains("password"), "{ills:#?}");
    assert_eq!(browser::connection(app, clinic.seller).await["state"], "needs_reconnecting");
    clinic.app.settle().await;
    clinic.app.stop().await;
}

async fn connect(app: &TestApp, connection: &Value) -> i64 {
    let seller = browser::shop(app).await;
    app.made(&format!("/api/v1/sellers/{seller}/connections"), connection).await;
    seller
}

async fn a_number_of_whatsapp_is_looked_at_as_far_as_that_goes(database: Database) {
    let service = Clinic::service(database, "").await;
    let account = service.0.meta.add_number(NUMBER, "15550100999", "110022003300440", "of-number");
    let connection = json!({ "channel": "whatsapp", "account_id": NUMBER, "display_number": "+1 555 010 0999", "token": "of-number" });
    let (seller, person) = (connect(&service.0, &connection).await, Person::at_facebook(&service.0));
    let clinic = Clinic::of(service, seller, person, &account).await;
    assert_eq!(clinic.ills().await, []);
    assert_eq!(clinic.names().await, "token scopes app_mode last_event secrets clock probe");
    account.kill_token(Refusal::SessionInvalid);
    let ills = clinic.ills().await;
    assert!(ills[0].0 == "token" && ills[0].1 == "red", "{ills:#?}");
    assert_eq!(browser::connection(&clinic.app, seller).await["state"], "needs_reconnecting");
    clinic.app.settle().await;
    clinic.app.stop().await;
}

async fn a_token_that_was_given_by_hand_is_looked_at_and_nothing_is_changed(database: Database) {
    let service = Clinic::service(database, "").await;
    let account = service.0.meta.add_account(IG, "linen.shop", PAGE, "of-hand");
    let connection = json!({ "channel": "instagram", "account_id": IG, "username": "linen.shop", "page_id": PAGE,
                             "token": "of-hand" });
    let (seller, person) = (connect(&service.0, &connection).await, Person::at_facebook(&service.0));
    let clinic = Clinic::of(service, seller, person, &account).await;
    let app = &clinic.app;
    let lights = async || {
        let ills = clinic.ills().await.into_iter();
        ills.map(|(name, light, _)| (name, light)).collect::<Vec<_>>()
    };
    let ill = |name: &str, light: &str| (name.to_owned(), light.to_owned());
    // Whoever gave it sees to the subscriptions: that is said, and nothing is done.
    assert_eq!(lights().await, [ill("subscription", "red"), ill("app_subscription", "amber")]);
    assert!(app.meta.subscribed(PAGE).is_empty() && app.meta.app_subscription(FACEBOOK_APP, "instagram").is_none());
    let fields = "messages,messaging_postbacks,messaging_optins,message_deliveries,message_reads,message_echoes";
    let url = format!("{}/v25.0/{PAGE}/subscribed_apps?subscribed_fields={fields}", app.meta.url());
    let done = app.http().post(url).bearer_auth("of-hand").send().await.unwrap();
    assert_eq!(done.status(), 200);
    let found = clinic.checkup().await;
    let line = found["lines"].as_array().unwrap().iter().find(|line| line["name"] == "subscription").unwrap().clone();
    assert_ne!(line["light"], "red", "{line}");
    app.let_pass(11 * MINUTE).await;
    assert_eq!(browser::connection(app, seller).await["state"], "connected", "a look kills nothing");
    let (_, told) = app.call(Method::GET, &clinic.path, &Value::Null).await;
    assert!(!told.to_string().contains("of-hand"), "{told}");
    app.settle().await;
    clinic.app.stop().await;
}
