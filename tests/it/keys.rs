//! Keys, requests that come again, who did what, and settings that two people change.

use std::time::Duration;

use actors::domain::access::{Holder, Scope, Scopes};
use actors::domain::ids::{KeyId, SellerId};
use actors::domain::seller::{Settings, SettingsPatch};
use actors::ports::Clock;
use actors::store::office::audit::{self, KeptDeed};
use actors::store::office::keys as rows;
use actors::store::office::{self, VersionedSettings};
use actors::store::views::Page;
use chrono::TimeDelta;
use futures::future::join_all;
use hawker::keys::{Admitted, Caller, NoCaller, NotAdmitted};
use hawker::office::{MadeKey, NewKey, OfficeError, Print, Request};
use hawker::vault::Secret;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Database, TestApp, both, until};

const DAY: Duration = Duration::from_secs(86_400);
const ALL: Page = Page { after: 0, limit: 100 };

both![
    the_same_request_twenty_times_at_once_has_one_effect_and_one_answer,
    the_same_request_over_http_makes_one_seller_and_another_body_is_refused,
    a_request_that_a_power_cut_interrupts_is_done_once,
    a_key_is_shown_again_to_the_request_that_made_it_and_to_no_other_key,
    a_request_that_was_refused_may_be_made_again,
    a_kept_answer_goes_after_a_week,
    a_key_opens_its_own_shop_until_the_moment_it_expires,
    a_revoked_key_opens_nothing_from_that_moment_on,
    a_seller_revokes_its_own_keys_and_no_others,
    wrong_keys_make_strangers_wait_and_nobody_else,
    a_key_that_is_used_too_fast_waits,
    when_a_key_was_last_used_is_known_to_the_hour,
    of_two_people_who_change_settings_the_later_learns_of_the_other,
    a_shop_goes_by_its_new_settings_at_once,
    whatever_the_front_office_changes_is_noted_with_who_did_it,
    what_was_done_is_forgotten_after_the_time_that_is_set,
];

fn print(body: &str) -> Print {
    Print::of("POST", "/api/v1/keys", body.as_bytes())
}

fn key(holder: Holder, scopes: &[Scope]) -> NewKey {
    let scopes: Scopes = scopes.iter().copied().collect();
    NewKey { holder, name: "till at the shop".to_owned(), scopes, expires_at: None }
}

async fn make(app: &TestApp, new: &NewKey) -> MadeKey {
    let operator = Caller::operator();
    app.office().make_key(&Request::new(&operator, app.clock.now()), new).await.unwrap().value
}

async fn admit(app: &TestApp, key: &Secret) -> Result<Admitted, NotAdmitted> {
    app.gate().admit(key, Some([10, 0, 0, 1].into()), app.clock.now()).await
}

async fn caller(app: &TestApp, key: &Secret) -> Caller {
    admit(app, key).await.unwrap().caller
}

async fn deeds(app: &TestApp, seller: Option<SellerId>) -> Vec<KeptDeed> {
    audit::page(app.store().reads(), seller, None, 100).await.unwrap()
}

async fn sellers(app: &TestApp) -> usize {
    office::sellers(app.store().reads(), None, ALL).await.unwrap().len()
}

fn shop() -> Settings {
    Settings::new("Linen", "USD".parse().unwrap())
}

async fn the_same_request_twenty_times_at_once_has_one_effect_and_one_answer(database: Database) {
    let app = TestApp::start(database).await;
    let (operator, now) = (Caller::operator(), app.clock.now());
    let new = key(Holder::Operator, &[Scope::OrdersRead]);
    let ask = async |_| app.office().make_key(&Request::new(&operator, now).once(Some("a"), print("x")), &new).await;
    let made: Vec<_> = join_all((0..20).map(ask)).await.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|other| other.value.text == made[0].value.text), "one answer");
    assert_eq!(made.iter().filter(|made| !made.again).count(), 1, "one effect");
    assert_eq!(rows::of_holder(app.store().reads(), Holder::Operator, ALL).await.unwrap().len(), 1);
    assert_eq!(deeds(&app, None).await.len(), 1, "noted once");
    assert_eq!(caller(&app, &made[0].value.text).await.key, Some(made[0].value.id));
    let ask = async |_| {
        let request = Request::new(&operator, now).once(Some("b"), print("x"));
        app.office().once_at_least(&request, async || Ok::<_, OfficeError>(rand::random::<u64>().to_string())).await
    };
    let drawn: Vec<_> = join_all((0..20).map(ask)).await.into_iter().map(|drawn| drawn.unwrap().value).collect();
    assert!(drawn.iter().all(|other| *other == drawn[0]), "whoever was first answers for all: {drawn:?}");
    app.stop().await;
}

/// Posts with an Idempotency-Key; none: nobody answered.
async fn post(app: &TestApp, path: &str, idempotency_key: &str, body: &Value) -> Option<(u16, Value)> {
    let url = format!("http://{}{path}", app.address());
    let request = app.http().post(url).bearer_auth(crate::support::OPERATOR_KEY);
    let answer = request.header("Idempotency-Key", idempotency_key).body(body.to_string()).send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

async fn the_same_request_over_http_makes_one_seller_and_another_body_is_refused(database: Database) {
    let app = TestApp::start(database).await;
    let new = json!({ "name": "Linen", "currency": "USD" });
    let answers = join_all((0..20).map(|_| post(&app, "/api/v1/sellers", "a", &new))).await;
    let answers: Vec<_> = answers.into_iter().map(Option::unwrap).collect();
    assert!(answers.iter().all(|answer| answer.0 == 201 && *answer == answers[0]), "{answers:?}");
    assert_eq!(sellers(&app).await, 1);
    let other = json!({ "name": "Wool", "currency": "USD" });
    let (status, problem) = post(&app, "/api/v1/sellers", "a", &other).await.unwrap();
    assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(post(&app, "/api/v1/sellers", "b", &other).await.unwrap().0, 201);
    assert_eq!(sellers(&app).await, 2);
    app.stop().await;
}

async fn a_request_that_a_power_cut_interrupts_is_done_once(database: Database) {
    let mut app = TestApp::start(database).await;
    for round in ["a", "b", "c"] {
        let before = sellers(&app).await;
        let new = json!({ "name": "Linen", "currency": "USD" });
        let (http, url) = (app.http().clone(), format!("http://{}/api/v1/sellers", app.address()));
        let ask = move |_| {
            let request = http.post(&url).bearer_auth(crate::support::OPERATOR_KEY);
            tokio::spawn(request.header("Idempotency-Key", round).body(new.to_string()).send())
        };
        let asked: Vec<_> = (0..20).map(ask).collect();
        // One answer has left, and the others are wherever they are.
        until("somebody is answered", async || asked.iter().any(|asked| asked.is_finished()).then_some(())).await;
        app.vanish().await;
        join_all(asked).await;
        app.start_again().await;
        let new = json!({ "name": "Linen", "currency": "USD" });
        let again = join_all((0..3).map(|_| post(&app, "/api/v1/sellers", round, &new))).await;
        assert!(again.iter().all(|answer| answer.is_some() && *answer == again[0]), "{again:?}");
        assert_eq!(sellers(&app).await, before + 1);
    }
    app.stop().await;
}

async fn a_key_is_shown_again_to_the_request_that_made_it_and_to_no_other_key(database: Database) {
    let mut app = TestApp::start(database).await;
    let operator = Caller::operator();
    let wide = key(Holder::Operator, &Scope::ALL);
    let request = |caller, app: &TestApp| Request::new(caller, app.clock.now());
    let made = app.office().make_key(&request(&operator, &app).once(Some("a"), print("x")), &wide).await.unwrap();
    app.restart().await;
    let again = app.office().make_key(&request(&operator, &app).once(Some("a"), print("x")), &wide).await.unwrap();
    assert!(again.again && again.value.text == made.value.text);
    let other = app.office().make_key(&request(&operator, &app).once(Some("a"), print("y")), &wide).await;
    assert!(matches!(other, Err(OfficeError::RequestReused)));
    // A key that may do little asks what one that may do all has asked.
    let narrow = make(&app, &key(Holder::Operator, &[Scope::KeysWrite])).await;
    let narrow = caller(&app, &narrow.text).await;
    let stolen = app.office().make_key(&request(&narrow, &app).once(Some("a"), print("x")), &wide).await;
    assert!(matches!(stolen, Err(OfficeError::Invalid(_))), "{stolen:?}");
    let unreadable = app.office().make_key(&request(&operator, &app).once(Some("a\0"), print("x")), &wide).await;
    assert!(matches!(unreadable, Err(OfficeError::RequestUnreadable)));
    app.stop().await;
}

async fn a_request_that_was_refused_may_be_made_again(database: Database) {
    let app = TestApp::start(database).await;
    let operator = Caller::operator();
    let request = Request::new(&operator, app.clock.now()).once(Some("a"), print("x"));
    let new = key(Holder::Seller(SellerId(1)), &[Scope::OrdersRead]);
    let refused = app.office().make_key(&request, &new).await;
    assert!(matches!(refused, Err(OfficeError::NoSeller(SellerId(1)))), "{refused:?}");
    let seller = app.office().create_seller(&Request::new(&operator, app.clock.now()), &shop()).await.unwrap();
    assert_eq!(seller.value, SellerId(1));
    assert!(!app.office().make_key(&request, &new).await.unwrap().again);
    app.stop().await;
}

async fn a_kept_answer_goes_after_a_week(database: Database) {
    let app = TestApp::start(database).await;
    let operator = Caller::operator();
    let ask = async || {
        let request = Request::new(&operator, app.clock.now()).once(Some("a"), print("x"));
        app.office().create_seller(&request, &shop()).await.unwrap()
    };
    let first = ask().await;
    app.let_pass(6 * DAY).await;
    assert_eq!((ask().await.value, ask().await.again), (first.value, true));
    app.let_pass(2 * DAY).await;
    until("the answer is gone", async || {
        app.clock.advance(Duration::from_secs(60));
        let other = Request::new(&operator, app.clock.now()).once(Some("a"), print("y"));
        app.office().create_seller(&other, &shop()).await.ok()
    })
    .await;
    app.stop().await;
}

async fn a_key_opens_its_own_shop_until_the_moment_it_expires(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let until = app.clock.now() + TimeDelta::hours(1);
    let new = NewKey { expires_at: Some(until), ..key(Holder::Seller(shop.seller), &[Scope::OrdersRead]) };
    let made = make(&app, &new).await;
    let who = caller(&app, &made.text).await;
    assert_eq!(who.named(), format!("key {} (till at the shop)", made.id));
    assert!(who.may(Scope::OrdersRead) && !who.may(Scope::OrdersWrite) && !who.may(Scope::AuditRead));
    assert!(who.may_see(shop.seller) && !who.may_see(SellerId(99)));
    app.clock.advance(Duration::from_millis(3_599_999));
    caller(&app, &made.text).await;
    app.clock.advance(Duration::from_millis(1));
    let refused = admit(&app, &made.text).await;
    assert!(matches!(refused, Err(NotAdmitted::NoCaller(NoCaller::Expired(at))) if at == until), "{refused:?}");
    app.stop().await;
}

async fn a_revoked_key_opens_nothing_from_that_moment_on(database: Database) {
    let app = TestApp::start(database).await;
    let made = make(&app, &key(Holder::Operator, &[Scope::OrdersRead])).await;
    caller(&app, &made.text).await;
    let operator = Caller::operator();
    let revoke = async |key| {
        let request = Request::new(&operator, app.clock.now());
        app.office().revoke_key(&request, Holder::Operator, key).await.unwrap()
    };
    // Others look it up all the while.
    let since = {
        let look = async || while admit(&app, &made.text).await.is_ok() {};
        let (since, ..) = tokio::join!(revoke(made.id), look(), look());
        since.unwrap()
    };
    for _ in 0..3 {
        let refused = admit(&app, &made.text).await;
        assert!(matches!(refused, Err(NotAdmitted::NoCaller(NoCaller::Revoked(at))) if at == since), "{refused:?}");
    }
    app.clock.advance(DAY);
    assert_eq!(revoke(made.id).await, Some(since), "it was revoked before");
    assert_eq!(revoke(KeyId(99)).await, None);
    // Whoever does not show its secret is not told what became of it.
    let text = made.text.expose();
    let forged = Secret::from(format!("{}{}", &text[..text.len() - 1], if text.ends_with('A') { 'B' } else { 'A' }));
    assert!(matches!(admit(&app, &forged).await, Err(NotAdmitted::NoCaller(NoCaller::Unknown))));
    app.stop().await;
}

async fn a_seller_revokes_its_own_keys_and_no_others(database: Database) {
    let app = TestApp::start(database).await;
    let (one, two) = (app.empty_shop(1, json!({})).await.seller, app.empty_shop(2, json!({})).await.seller);
    let own = make(&app, &key(Holder::Seller(one), &[Scope::KeysWrite, Scope::OrdersRead])).await;
    let theirs = make(&app, &key(Holder::Seller(two), &[Scope::OrdersRead])).await;
    let operators = make(&app, &key(Holder::Operator, &[Scope::OrdersRead])).await;
    let me = caller(&app, &own.text).await;
    let request = Request::new(&me, app.clock.now());
    let revoke = async |holder, key| app.office().revoke_key(&request, holder, key).await;
    assert!(
        matches!(revoke(Holder::Seller(two), theirs.id).await, Err(OfficeError::NotTheirs(seller)) if seller == two)
    );
    assert!(matches!(revoke(Holder::Operator, operators.id).await, Err(OfficeError::NotAllowed(_))));
    assert_eq!(revoke(Holder::Seller(one), theirs.id).await.unwrap(), None);
    assert_eq!(revoke(Holder::Seller(one), operators.id).await.unwrap(), None);
    let made = app.office().make_key(&request, &key(Holder::Seller(one), &[Scope::OrdersRead])).await.unwrap().value;
    assert!(revoke(Holder::Seller(one), made.id).await.unwrap().is_some());
    for new in [key(Holder::Seller(two), &[Scope::OrdersRead]), key(Holder::Operator, &[Scope::OrdersRead])] {
        let refused = app.office().make_key(&request, &new).await;
        assert!(matches!(refused, Err(OfficeError::NotTheirs(_) | OfficeError::NotAllowed(_))), "{refused:?}");
    }
    assert!(matches!(
        app.office().create_seller(&request, &shop()).await,
        Err(OfficeError::NotAllowed(Scope::SellersWrite))
    ));
    app.stop().await;
}

async fn wrong_keys_make_strangers_wait_and_nobody_else(database: Database) {
    let app = TestApp::start_with(database, &[("api.wrong_keys_per_minute", "3")]).await;
    let (good, new) = (key(Holder::Operator, &[Scope::OrdersRead]), key(Holder::Operator, &[Scope::OrdersRead]));
    let (good, new) = (make(&app, &good).await, make(&app, &new).await);
    caller(&app, &good.text).await;
    let wrong = ["", "operator", "hwk_99_0123456789012345678901234567890123456789012"].map(Secret::from);
    for wrong in &wrong {
        let refused = admit(&app, wrong).await;
        assert!(matches!(refused, Err(NotAdmitted::NoCaller(NoCaller::Unknown | NoCaller::Unreadable))), "{refused:?}");
    }
    for stranger in [&wrong[2], &new.text, &Secret::from(crate::support::OPERATOR_KEY)] {
        let refused = admit(&app, stranger).await;
        assert!(matches!(refused, Err(NotAdmitted::TooManyGuesses(_))), "{refused:?}");
    }
    assert_eq!(caller(&app, &good.text).await.key, Some(good.id), "it was known");
    let elsewhere = app.gate().admit(&new.text, Some([10, 0, 0, 2].into()), app.clock.now()).await.unwrap();
    assert_eq!(elsewhere.caller.key, Some(new.id));
    assert_eq!(caller(&app, &new.text).await.key, Some(new.id), "by now it is known, too");
    app.stop().await;
}

async fn a_key_that_is_used_too_fast_waits(database: Database) {
    let app = TestApp::start_with(database, &[("api.requests_per_second", "1"), ("api.burst", "5")]).await;
    let hasty = make(&app, &key(Holder::Operator, &[Scope::OrdersRead])).await;
    let other = make(&app, &key(Holder::Operator, &[Scope::OrdersRead])).await;
    let asked = join_all((0..50).map(|_| admit(&app, &hasty.text))).await;
    let admitted = asked.iter().filter(|asked| asked.is_ok()).count();
    assert!((5..50).contains(&admitted), "{admitted} of 50");
    for refused in asked.into_iter().filter_map(Result::err) {
        assert!(matches!(&refused, NotAdmitted::TooFast(wait) if wait.0 <= Duration::from_secs(1)), "{refused:?}");
    }
    assert_eq!(admit(&app, &other.text).await.unwrap().left.burst, 5);
    app.stop().await;
}

async fn when_a_key_was_last_used_is_known_to_the_hour(database: Database) {
    let app = TestApp::start(database).await;
    let made = make(&app, &key(Holder::Operator, &[Scope::OrdersRead])).await;
    let last_used = async || rows::find(app.store().reads(), made.id).await.unwrap().unwrap().last_used_at;
    assert_eq!(last_used().await, None);
    let first = app.clock.now();
    join_all((0..20).map(|_| caller(&app, &made.text))).await;
    until("the use is noted", async || (last_used().await == Some(first)).then_some(())).await;
    app.stop().await;
}

async fn settings_of(app: &TestApp, seller: SellerId) -> VersionedSettings {
    office::settings_of(app.store().reads(), seller).await.unwrap().unwrap()
}

async fn of_two_people_who_change_settings_the_later_learns_of_the_other(database: Database) {
    let app = TestApp::start(database).await;
    let seller = app.empty_shop(1, json!({ "language": "fr" })).await.seller;
    let operator = Caller::operator();
    let change = async |patch: SettingsPatch, version| {
        app.office().change_settings(&Request::new(&operator, app.clock.now()), seller, (patch, version)).await
    };
    let before = settings_of(&app, seller).await;
    let named = |name: &str| SettingsPatch { name: Some(name.to_owned()), ..SettingsPatch::default() };
    let quiet = SettingsPatch { auto_reply: Some(false), ..SettingsPatch::default() };
    let first = change(named("Ada's"), before.version).await.unwrap();
    let late = change(quiet.clone(), before.version).await;
    assert!(matches!(late, Err(OfficeError::VersionConflict { now }) if now == first.version), "{late:?}");
    let second = change(quiet, first.version).await.unwrap();
    let wanted = Settings { name: "Ada's".to_owned(), auto_reply: false, ..before.settings };
    assert_eq!(second, VersionedSettings { settings: wanted, version: before.version + 2 });
    assert_eq!(settings_of(&app, seller).await, second);
    assert!(matches!(change(named("a\0"), second.version).await, Err(OfficeError::Invalid(_))));
    assert_eq!(settings_of(&app, seller).await, second);
    let found = office::sellers(app.store().reads(), Some("ada'S"), ALL).await.unwrap();
    assert_eq!(found.len(), 1, "it is found by its new name");
    app.stop().await;
}

async fn a_shop_goes_by_its_new_settings_at_once(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.fall_silent().await;
    assert_eq!(app.said(&shop).await.len(), 1, "the shop is in memory, and answers");
    let operator = Caller::operator();
    let quiet = SettingsPatch { auto_reply: Some(false), ..SettingsPatch::default() };
    let version = settings_of(&app, shop.seller).await.version;
    let request = Request::new(&operator, app.clock.now());
    app.office().change_settings(&request, shop.seller, (quiet, version)).await.unwrap();
    app.deliver(&shop.customer("Ada").writes("and a tote bag")).await;
    app.fall_silent().await;
    assert_eq!(app.said(&shop).await.len(), 1, "people answer now");
    app.stop().await;
}

async fn whatever_the_front_office_changes_is_noted_with_who_did_it(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let made = make(&app, &key(Holder::Operator, &Scope::ALL)).await;
    let me = caller(&app, &made.text).await;
    let request = Request::new(&me, app.clock.now());
    let office = app.office();
    let till = office.make_key(&request, &key(Holder::Seller(shop.seller), &[Scope::OrdersRead])).await.unwrap().value;
    office.revoke_key(&request, Holder::Seller(shop.seller), till.id).await.unwrap();
    let name = SettingsPatch { name: Some("Ada's".to_owned()), ..SettingsPatch::default() };
    office.change_settings(&request, shop.seller, (name, 1)).await.unwrap();
    let connections = office::connections(app.store().reads(), shop.seller).await.unwrap();
    assert!(office.disconnect(&request, shop.seller, connections[0].id).await.unwrap());
    let read = "GET /api/v1/sellers/{seller}/orders";
    office.note(&me, (Some(shop.seller), read), json!({}), app.clock.now()).await.unwrap();
    let deeds = deeds(&app, Some(shop.seller)).await;
    let actions: Vec<_> = deeds.iter().map(|deed| deed.action.as_str()).collect();
    let wanted = [
        read,
        "connection.disconnected",
        "settings.changed",
        "key.revoked",
        "key.made",
        "connection.connected",
        "POST /api/v1/sellers/{seller}/connections",
        "seller.made",
    ];
    assert_eq!(actions, wanted);
    assert!(deeds[..5].iter().all(|deed| deed.named == me.named() && deed.key == me.key));
    assert_eq!((deeds[7].named.as_str(), deeds[7].key), ("operator", None));
    assert_eq!(deeds[2].detail["name"], json!({ "from": "Shop 1", "to": "Ada's" }));
    let told = format!("{deeds:?}");
    assert!(!told.contains(&till.text.expose()[8..]) && !told.contains("token-1"), "no secret is noted: {told}");
    let listed = app.read("/api/v1/sellers/1/connections").await;
    assert_eq!(listed["data"][0]["state"], "disconnected");
    let (status, _) = app.call(Method::DELETE, "/api/v1/sellers/1/connections/99", &Value::Null).await;
    assert_eq!(status, 404);
    app.stop().await;
}

async fn what_was_done_is_forgotten_after_the_time_that_is_set(database: Database) {
    let app = TestApp::start_with(database, &[("api.keep_audit", "30d")]).await;
    let shop = app.empty_shop(1, json!({})).await;
    app.let_pass(29 * DAY).await;
    app.office().note(&Caller::operator(), (None, "late"), json!({}), app.clock.now()).await.unwrap();
    assert_eq!(deeds(&app, None).await.len(), 4);
    app.let_pass(2 * DAY).await;
    until("what is old is gone", async || {
        app.clock.advance(Duration::from_secs(60));
        deeds(&app, Some(shop.seller)).await.is_empty().then_some(())
    })
    .await;
    assert_eq!(deeds(&app, None).await.len(), 1);
    app.stop().await;
}
