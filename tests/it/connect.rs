//! Accounts connected at Meta itself, over HTTP, as a person with a browser does it; and what becomes of what was granted.

mod before;
mod browser;
mod doctor;
mod handed_over;
mod kept;
mod others;
mod taken_back;

use std::time::Duration;

use hawker::sandbox::{Consent, FACEBOOK_APP, INSTAGRAM_APP, LoginFault, LoginStep, Refusal};
use http::Method;
use serde_json::{Value, json};

use self::browser::{PageOf, Person};
use crate::support::{Database, TestApp, VERIFY_TOKEN, both, free, until};

const IG: &str = "17841400000000501";
const PAGE: &str = "102030405060501";
const OTHER_IG: &str = "17841400000000502";
const OTHER_PAGE: &str = "102030405060502";
const MINUTE: Duration = Duration::from_secs(60);

both![
    an_account_is_connected_through_facebook_and_answers_its_customers,
    an_account_is_connected_by_instagrams_own_login_and_answers_its_customers,
    whoever_refuses_connects_nothing_and_may_begin_anew,
    what_comes_back_is_taken_once_in_time_and_in_the_same_browser,
    a_code_is_good_once,
    pages_are_found_on_every_answer_and_those_without_an_account_are_named,
    rights_that_are_missing_are_named,
    one_of_several_accounts_is_chosen_on_the_page_or_over_the_api,
    an_account_of_another_seller_needs_that_sellers_word,
    messages_go_by_one_login_and_the_catalog_by_the_other,
    an_address_is_for_the_first_browser_that_opens_it,
    the_way_that_cannot_be_is_refused,
    whoever_is_cut_off_at_any_step_begins_anew_and_arrives,
    a_connection_has_a_verify_token_of_its_own,
    whoever_connects_is_noted_and_no_token_is_seen,
];

async fn an_account_is_connected_through_facebook_and_answers_its_customers(database: Database) {
    let app = browser::start(database).await;
    app.meta.require_proof();
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    let told = person.connects(seller, "way=facebook&for=both").await;
    assert_eq!(told.code(), "connected", "{told:?}");
    assert!(told.text.contains("linen.shop is connected."), "{told:?}");
    let connection = browser::connection(&app, seller).await;
    assert_eq!((&connection["state"], &connection["account_id"]), (&json!("connected"), &json!(IG)));
    assert_eq!(connection["linked"], format!("messenger:{PAGE}"));
    let held = connection["credentials"].as_array().unwrap();
    let kinds: Vec<_> = held.iter().map(|held| (held["for"].clone(), held["by"].clone())).collect();
    assert_eq!(kinds, [(json!("messages"), json!("page")), (json!("catalog"), json!("facebook_user"))]);
    assert!(held[0]["expires_at"].is_null() && !held[1]["expires_at"].is_null(), "{held:?}");
    assert!(held[1]["scopes"].as_array().unwrap().contains(&json!("catalog_management")));
    assert!(app.meta.subscribed(PAGE).contains(&"messages".to_owned()), "the Page sends us its messages");
    assert!(connection["fields"].as_array().unwrap().contains(&json!("messages")), "as Meta itself says");
    let (callback, fields) = app.meta.app_subscription(FACEBOOK_APP, "instagram").unwrap();
    assert_eq!(callback, "http://hawker.test/webhooks/meta");
    assert!(fields.contains(&"comments".to_owned()));
    browser::is_answered(&app, seller, IG).await;
    app.stop().await;
}

async fn an_account_is_connected_by_instagrams_own_login_and_answers_its_customers(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_instagram(&app, (IG, "linen.shop")));
    let told = person.connects(seller, "way=instagram").await;
    assert_eq!(told.code(), "connected", "{told:?}");
    let connection = browser::connection(&app, seller).await;
    // What webhooks name, and not the id that the account has for our app alone.
    assert_eq!((&connection["account_id"], &connection["linked"]), (&json!(IG), &Value::Null));
    assert_eq!(connection["credentials"][0]["by"], "instagram");
    assert!(app.meta.subscribed(IG).contains(&"messages".to_owned()));
    let (callback, fields) = app.meta.app_subscription(INSTAGRAM_APP, "instagram").unwrap();
    assert!(callback == "http://hawker.test/webhooks/meta" && fields.contains(&"messages".to_owned()), "{fields:?}");
    assert_eq!(app.meta.app_subscription(FACEBOOK_APP, "page"), None, "it has no Page");
    browser::is_answered(&app, seller, IG).await;
    app.stop().await;
}

async fn whoever_refuses_connects_nothing_and_may_begin_anew(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    app.meta.consent(Consent { denies: true, ..Consent::default() });
    let told = person.connects(seller, "way=facebook").await;
    assert_eq!(told.code(), "denied", "{told:?}");
    assert!(browser::connections(&app, seller).await.is_empty());
    let way = app.read(&format!("/api/v1/sellers/{seller}/connecting/{}", person.way)).await;
    assert_eq!((&way["stage"], &way["result"]), (&json!("refused"), &json!("denied")), "{way}");
    let mut shopkeeper = Person::at_instagram(&app, (OTHER_IG, "other.shop"));
    assert_eq!(shopkeeper.connects(seller, "way=instagram").await.code(), "denied");
    app.meta.consent(Consent::default());
    // Meta may have an error of its own; what it says of it is not shown.
    let back = person.signs_in(seller, "way=facebook").await;
    let failed = person.comes_back(&browser::with_error(&back, "<b>server_error</b>")).await;
    assert!(failed.code() == "meta_error" && !failed.text.contains("server_error"), "{failed:?}");
    assert_eq!(person.comes_back(&back).await.code(), "state_reused");
    // Neither a code nor an error.
    let back = person.signs_in(seller, "way=facebook").await;
    assert_eq!(person.comes_back(&browser::with_error(&back, "")).await.code(), "meta_error");
    let exchanges = app.meta.login_steps().iter().filter(|step| **step == LoginStep::Exchange).count();
    assert_eq!(exchanges, 0, "nothing was given for a token");
    // A role that does not include messages.
    app.meta.let_do(person.id(), PAGE, &["ADVERTISE"]);
    let told = person.connects(seller, "way=facebook").await;
    assert!(told.code() == "role_missing" && told.text.contains(&format!("Page {PAGE}")), "{told:?}");
    app.meta.let_do(person.id(), PAGE, &["MESSAGING", "MODERATE"]);
    assert_eq!(person.connects(seller, "way=facebook").await.code(), "connected");
    assert_eq!(shopkeeper.connects(seller, "way=instagram").await.code(), "connected");
    app.stop().await;
}

async fn what_comes_back_is_taken_once_in_time_and_in_the_same_browser(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    // Somebody else's browser, which has been here for a way of its own.
    let mut other = Person::at_facebook(&app);
    other.sets_out(seller, "").await;
    let back = person.signs_in(seller, "").await;
    assert_eq!(other.comes_back(&back).await.code(), "other_browser");
    assert_eq!(Person::at_facebook(&app).comes_back(&back).await.code(), "other_browser", "a browser without cookies");
    let forged = back.replace("state=", "state=x");
    assert_eq!(person.comes_back(&forged).await.code(), "state_unknown");
    assert_eq!(person.comes_back("/api/instagram/callback?code=abc").await.code(), "state_unknown");
    assert!(browser::connections(&app, seller).await.is_empty());
    // The rightful browser has lost nothing by all of that.
    assert_eq!(person.comes_back(&back).await.code(), "connected");
    let exchanges = app.meta.login_steps().iter().filter(|step| **step == LoginStep::Exchange).count();
    assert_eq!(person.comes_back(&back).await.code(), "state_reused");
    let late = person.signs_in(seller, "").await;
    app.let_pass(11 * MINUTE).await;
    assert_eq!(person.comes_back(&late).await.code(), "state_expired");
    let again = app.meta.login_steps().iter().filter(|step| **step == LoginStep::Exchange).count();
    assert_eq!(exchanges, again, "Meta is not even asked");
    app.stop().await;
}

async fn a_code_is_good_once(database: Database) {
    let app = browser::start(database).await;
    for way in ["facebook", "instagram"] {
        let seller = browser::shop(&app).await;
        let mut person = match way {
            "facebook" => Person::at_facebook(&app),
            _ => Person::at_instagram(&app, (OTHER_IG, "other.shop")),
        };
        if way == "facebook" {
            person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
        }
        let query = format!("way={way}");
        let first = person.signs_in(seller, &query).await;
        assert_eq!(person.comes_back(&first).await.code(), "connected");
        // A thief of the code has set out himself, and brings his own state with it.
        let second = person.signs_in(seller, &query).await;
        let stolen = browser::with_code_of(&second, &first);
        assert_eq!(person.comes_back(&stolen).await.code(), "code_refused", "used");
        let third = person.signs_in(seller, &query).await;
        assert_eq!(person.comes_back(&browser::with_code(&third, "none")).await.code(), "code_refused", "made up");
        let old = person.signs_in(seller, &query).await;
        app.let_pass(61 * MINUTE).await;
        let fresh = person.signs_in(seller, &query).await;
        assert_eq!(person.comes_back(&browser::with_code_of(&fresh, &old)).await.code(), "code_refused", "too old");
    }
    app.stop().await;
}

async fn pages_are_found_on_every_answer_and_those_without_an_account_are_named(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    app.meta.list_pages_by(1);
    assert_eq!(person.connects(seller, "").await.code(), "no_page");
    person.runs(PageOf { page: OTHER_PAGE, account: None });
    let told = person.connects(seller, "").await;
    assert_eq!(told.code(), "page_without_instagram");
    assert!(told.text.contains(&format!("Page {OTHER_PAGE}")), "{told:?}");
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.stop().await;
}

async fn rights_that_are_missing_are_named(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    let withheld = |scopes: &[&str]| Consent {
        withholds: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..Consent::default()
    };
    app.meta.consent(withheld(&["instagram_manage_messages", "catalog_management", "pages_read_engagement"]));
    let told = person.connects(seller, "for=both").await;
    assert_eq!(told.code(), "scopes_missing");
    assert!(told.text.contains("instagram_manage_messages, catalog_management."), "{told:?}");
    // Granted, but for another Page.
    app.meta.consent(Consent { only: Some(vec![PAGE.to_owned(), IG.to_owned()]), ..Consent::default() });
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    app.meta.consent(Consent { only: Some(vec![OTHER_PAGE.to_owned()]), ..Consent::default() });
    assert_eq!(person.connects(seller, "").await.code(), "no_page");
    let mut person = Person::at_instagram(&app, (OTHER_IG, "other.shop"));
    app.meta.consent(withheld(&["instagram_business_manage_messages"]));
    let told = person.connects(seller, "way=instagram").await;
    assert_eq!(told.code(), "scopes_missing");
    assert!(told.text.contains("instagram_business_manage_messages"), "{told:?}");
    app.stop().await;
}

async fn one_of_several_accounts_is_chosen_on_the_page_or_over_the_api(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen <b>& shop")) });
    person.runs(PageOf { page: OTHER_PAGE, account: Some((OTHER_IG, "other.shop")) });
    let told = person.connects(seller, "").await;
    assert!(told.text.contains("linen &lt;b&gt;&amp; shop") && told.text.contains("other.shop"), "{told:?}");
    assert!(!told.text.contains("<script") && told.policy.starts_with("default-src 'none'"), "{told:?}");
    assert!(browser::connections(&app, seller).await.is_empty(), "nothing is connected before somebody chooses");
    let mut stranger = Person::at_facebook(&app);
    stranger.sets_out(seller, "").await;
    assert_eq!(stranger.chooses(person.way, IG).await.status, 403, "it is another browser's to choose");
    assert_eq!(person.chooses(person.way, "1").await.code(), "choice_unknown");
    assert_eq!(person.chooses(person.way, OTHER_IG).await.code(), "connected");
    assert_eq!(browser::connection(&app, seller).await["account_id"], OTHER_IG);
    assert_eq!(person.chooses(person.way, IG).await.code(), "choice_unknown", "a choice is made once");
    // The same without a page, by whoever has a key.
    let told = person.connects(seller, "").await;
    assert!(told.text.contains("Choose"), "{told:?}");
    let path = format!("/api/v1/sellers/{seller}/connecting/{}", person.way);
    let way = app.read(&path).await;
    assert_eq!((&way["stage"], way["choices"].as_array().unwrap().len()), (&json!("choosing"), 2), "{way}");
    let (status, way) = app.call(Method::POST, &format!("{path}/choose"), &json!({ "account_id": IG })).await;
    assert_eq!((status.as_u16(), &way["stage"]), (200, &json!("connected")), "{way}");
    let (status, problem) = app.call(Method::POST, &format!("{path}/choose"), &json!({ "account_id": IG })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("choice_unknown")));
    assert_eq!(browser::connections(&app, seller).await.len(), 2);
    app.stop().await;
}

async fn an_account_of_another_seller_needs_that_sellers_word(database: Database) {
    let app = browser::start(database).await;
    let (owner, next) = (browser::shop(&app).await, browser::shop(&app).await);
    let mut person = Person::at_facebook(&app);
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    assert_eq!(person.connects(owner, "").await.code(), "connected");
    assert_eq!(person.connects(next, "").await.code(), "account_taken");
    let mut shopkeeper = Person::at_instagram(&app, (IG, "linen.shop"));
    assert_eq!(shopkeeper.connects(next, "way=instagram").await.code(), "account_taken", "whichever way");
    let connection = browser::connection(&app, owner).await["id"].clone();
    let release = format!("/api/v1/sellers/{owner}/connections/{connection}/release");
    let (status, _) = app.call(Method::POST, &release, &json!({ "to": owner })).await;
    assert_eq!(status, 422, "not to itself");
    assert_eq!(app.call(Method::POST, &release, &json!({ "to": next })).await.0, 200);
    // Its owner's word alone changes nothing yet, and may be taken back.
    assert_eq!(browser::connection(&app, owner).await["state"], "connected");
    assert_eq!(app.call(Method::POST, &release, &json!({ "to": null })).await.0, 200);
    assert_eq!(person.connects(next, "").await.code(), "account_taken");
    assert_eq!(app.call(Method::POST, &release, &json!({ "to": next })).await.0, 200);
    assert_eq!(person.connects(next, "").await.code(), "connected");
    assert!(browser::connections(&app, owner).await.is_empty());
    assert_eq!(browser::connection(&app, next).await["account_id"], IG);
    browser::is_answered(&app, next, IG).await;
    assert_eq!(person.connects(owner, "").await.code(), "account_taken", "it is not both's");
    app.stop().await;
}

async fn messages_go_by_one_login_and_the_catalog_by_the_other(database: Database) {
    let app = browser::start(database).await;
    let seller = browser::shop(&app).await;
    let mut person = Person::at_facebook(&app);
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    let mut shopkeeper = Person::at_instagram(&app, (IG, "linen.shop"));
    assert_eq!(shopkeeper.connects(seller, "way=instagram").await.code(), "connected");
    assert_eq!(person.connects(seller, "for=catalog").await.code(), "connected");
    let connection = browser::connection(&app, seller).await;
    let held = connection["credentials"].as_array().unwrap();
    let kinds: Vec<_> = held.iter().map(|held| (held["for"].clone(), held["by"].clone())).collect();
    assert_eq!(kinds, [(json!("messages"), json!("instagram")), (json!("catalog"), json!("facebook_user"))]);
    browser::is_answered(&app, seller, IG).await;
    // The other login's messages take over, and the Page that it told of stays known when the first comes back.
    assert_eq!(person.connects(seller, "").await.code(), "connected");
    assert_eq!(browser::connection(&app, seller).await["credentials"][0]["by"], "page");
    assert_eq!(shopkeeper.connects(seller, "way=instagram").await.code(), "connected");
    let connection = browser::connection(&app, seller).await;
    assert_eq!(connection["linked"], format!("messenger:{PAGE}"));
    assert_eq!(connection["credentials"][0]["by"], "instagram");
    app.stop().await;
}

async fn an_address_is_for_the_first_browser_that_opens_it(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    let path = format!("/api/v1/sellers/{seller}/connecting");
    let (status, made) = app.call(Method::POST, &path, &json!({})).await;
    assert_eq!(status, 201, "{made}");
    let open = made["open"].as_str().unwrap();
    let shown = person.opens(open).await;
    assert!(shown.text.contains("Late") && shown.text.contains("<form"), "{shown:?}");
    let back = person.accepts(open).await.unwrap();
    let mut second = Person::at_facebook(&app);
    assert_eq!(second.opens(open).await.status, 403);
    assert!(second.accepts(open).await.is_none());
    assert_eq!(second.comes_back(&back).await.code(), "other_browser");
    assert_eq!(person.comes_back(&back).await.code(), "connected");
    let way = app.read(&format!("{path}/{}", made["id"])).await;
    assert_eq!((&way["stage"], way["connection"].is_number()), (&json!("connected"), true), "{way}");
    // To be connected again, and by another account's mistake.
    let connection = browser::connection(&app, seller).await["id"].clone();
    let again = format!("/api/v1/sellers/{seller}/connections/{connection}/reconnect");
    let mut other = Person::at_instagram(&app, (OTHER_IG, "other.shop"));
    let (_, made) = app.call(Method::POST, &again, &json!({ "way": "instagram" })).await;
    let back = other.accepts(made["open"].as_str().unwrap()).await.unwrap();
    assert_eq!(other.comes_back(&back).await.code(), "other_account");
    app.stop().await;
}

async fn the_way_that_cannot_be_is_refused(database: Database) {
    let app = browser::start(database).await;
    let seller = browser::shop(&app).await;
    for (query, code) in [
        ("way=instagram&for=catalog", "no_catalog_this_way"),
        ("way=moon", "invalid_query"),
        ("connection=77", "invalid"),
        ("connection=0", "invalid_query"),
    ] {
        let path = format!("/api/instagram/oauth?seller={seller}&{query}");
        let (_, problem) = app.call(Method::GET, &path, &Value::Null).await;
        assert_eq!(problem["code"], code, "{query}: {problem}");
    }
    assert_eq!(app.call(Method::GET, "/api/instagram/oauth", &Value::Null).await.1["code"], "seller_needed");
    app.stop().await;
    let app = TestApp::start(Database::of(crate::support::Engine::Sqlite).await).await;
    let seller = browser::shop(&app).await;
    let path = format!("/api/v1/sellers/{seller}/connecting");
    let (status, problem) = app.call(Method::POST, &path, &json!({})).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("not_set_up")), "{problem}");
    app.stop().await;
}

/// The power fails while Meta is asked for each thing in turn, before it was done and after.
async fn whoever_is_cut_off_at_any_step_begins_anew_and_arrives(database: Database) {
    use LoginStep::{
        Exchange, Extend, Inspect, Me, Pages, ReadAppSubscription, ReadSubscription, Subscribe, SubscribeApp,
    };
    let mut app = browser::start(database).await;
    let facebook = [Exchange, Extend, Inspect, Pages, ReadSubscription, Subscribe, SubscribeApp, ReadAppSubscription];
    let seller = browser::shop(&app).await;
    let mut person = Person::at_facebook(&app);
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    let mut shopkeeper = Person::at_instagram(&app, (OTHER_IG, "other.shop"));
    let own = [Exchange, Extend, Me, ReadSubscription, Subscribe, SubscribeApp, ReadAppSubscription];
    let ways = facebook.map(|step| ("way=facebook", step)).into_iter().chain(own.map(|step| ("way=instagram", step)));
    for (n, (query, step)) in ways.enumerate() {
        // What the service knows only in memory is not to help.
        app.restart().await;
        let person = if query == "way=facebook" { &mut person } else { &mut shopkeeper };
        person.at = app.address();
        app.meta.unsubscribe(PAGE);
        app.meta.unsubscribe(OTHER_IG);
        app.meta.forget_app_subscriptions();
        let back = person.signs_in(seller, query).await;
        let before = app.meta.login_steps().len();
        let fault = if n % 2 == 0 { LoginFault::DoneButNoAnswer } else { LoginFault::NotDoneNoAnswer };
        app.meta.next_login(step, fault);
        let coming = tokio::spawn(person.coming_back(&back));
        until("Meta is asked", async || app.meta.login_steps()[before..].contains(&step).then_some(())).await;
        app.vanish().await;
        _ = coming.await;
        app.start_again().await;
        person.at = app.address();
        assert_ne!(person.comes_back(&back).await.code(), "connected", "what was cut off is over");
        assert_eq!(person.connects(seller, query).await.code(), "connected", "{query} {step:?}");
    }
    assert_eq!(browser::connections(&app, seller).await.len(), 2);
    until("both send us their messages", async || {
        let all = browser::connections(&app, seller).await;
        all.iter().all(|it| it["fields"].is_array() && it["fields_error"].is_null()).then_some(())
    })
    .await;
    app.stop().await;
}

async fn a_connection_has_a_verify_token_of_its_own(database: Database) {
    let mut app = browser::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    let connection = browser::connection(&app, shop.seller.0).await["id"].clone();
    let path = format!("/api/v1/sellers/{}/connections/{connection}/verify-token", shop.seller);
    let (status, made) = app.call(Method::POST, &path, &Value::Null).await;
    assert_eq!(status, 201, "{made}");
    let own = made["verify_token"].as_str().unwrap().to_owned();
    assert!(browser::connection(&app, shop.seller.0).await["has_verify_token"].as_bool().unwrap());
    for _ in 0..2 {
        assert!(browser::shakes_hands(&app, &own).await && browser::shakes_hands(&app, VERIFY_TOKEN).await);
        assert!(!browser::shakes_hands(&app, "another-token-of-nobody").await);
        app.restart().await;
        until("it is known again", async || browser::shakes_hands(&app, &own).await.then_some(())).await;
    }
    assert_eq!(app.call(Method::DELETE, &path, &Value::Null).await.0, 204);
    assert!(!browser::shakes_hands(&app, &own).await && browser::shakes_hands(&app, VERIFY_TOKEN).await);
    assert_eq!(app.call(Method::POST, &path.replace(&format!("/{connection}/"), "/77/"), &Value::Null).await.0, 404);
    app.stop().await;
}

async fn whoever_connects_is_noted_and_no_token_is_seen(database: Database) {
    let app = browser::start(database).await;
    let (seller, mut person) = (browser::shop(&app).await, Person::at_facebook(&app));
    person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
    person.runs(PageOf { page: OTHER_PAGE, account: Some((OTHER_IG, "other.shop")) });
    let told = person.connects(seller, "for=both").await;
    let chosen = person.chooses(person.way, IG).await;
    assert_eq!(chosen.code(), "connected");
    app.meta.next_login(LoginStep::Exchange, LoginFault::Refused(Refusal::Unknown));
    let failed = person.connects(seller, "").await;
    assert_eq!(failed.code(), "meta_unavailable");
    let audit = app.read(&format!("/api/v1/sellers/{seller}/audit")).await.to_string();
    assert!(audit.contains("connection.connected"), "{audit}");
    let list = app.read(&format!("/api/v1/sellers/{seller}/connections")).await.to_string();
    let way = app.read(&format!("/api/v1/sellers/{seller}/connecting/{}", person.way)).await.to_string();
    let mut seen = vec![told.text, chosen.text, failed.text, audit, list, way];
    seen.extend(browser::all_rows(&app).await);
    let tokens = app.meta.all_tokens();
    assert!(tokens.len() >= 4, "one of the person and one of each Page, short and long");
    for token in &tokens {
        assert!(seen.iter().all(|text| !text.contains(token.as_str())), "{token} is seen");
    }
    // The log is looked through at the end of every test.
    app.stop().await;
}
