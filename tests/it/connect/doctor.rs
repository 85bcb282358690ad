//! Every line of the doctor is green where all is well, and says what is wrong where just that is broken.

use std::net::SocketAddr;
use std::time::Duration;

use ::actors::store::office::checkups;
use hawker::cli::{Screen, told};
use hawker::sandbox::{Account, FACEBOOK_APP, INSTAGRAM_APP, LoginFault, LoginStep, Refusal};
use hawker::vault::Secret;
use http::Method;
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::browser::{self, PageOf, Person};
use super::{IG, MINUTE, PAGE};
use crate::support::{APP_SECRET, Database, OPERATOR_KEY, TestApp, both, until};

const DAY: Duration = Duration::from_secs(86_400);

both![
    all_is_green_where_all_is_well,
    what_is_broken_is_said_at_its_line,
    what_meta_switched_off_is_switched_on_again,
    what_was_restored_before_the_doctor_looked_is_told_all_the_same_and_once,
    what_several_find_at_once_is_told_once,
    clocks_are_compared_by_what_comes_as_well,
    what_was_found_is_not_told_of_an_account_that_has_gone_to_another,
    without_meta_or_a_budget_it_goes_as_far_as_it_can,
    it_looks_once_a_day_and_the_shop_is_told_once,
];

/// How the world reaches the service, whatever port it has.
pub(super) struct Front {
    address: SocketAddr,
    to: watch::Sender<Option<SocketAddr>>,
}

impl Front {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, to) = (listener.local_addr().unwrap(), watch::Sender::new(None));
        let behind = to.subscribe();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let Some(address) = *behind.borrow() else { continue };
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(address).await.unwrap();
                    _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, to }
    }

    pub(super) fn leads_to(&self, address: Option<SocketAddr>) {
        self.to.send_replace(address);
    }
}

/// A shop with a connected account, to whom five people have written.
pub(super) struct Clinic {
    pub(super) app: TestApp,
    pub(super) front: Front,
    pub(super) seller: i64,
    pub(super) person: Person,
    pub(super) path: String,
}

impl Clinic {
    /// The service, reached by the world.
    pub(super) async fn service(database: Database, every: &str) -> (TestApp, Front) {
        let front = Front::new().await;
        let url = format!("http://{}", front.address);
        let settings = [
            ("meta.meta_app_id", FACEBOOK_APP),
            ("meta.meta_app_secret", APP_SECRET),
            ("meta.instagram_app_id", INSTAGRAM_APP),
            ("server.public_url", &url),
            ("webhooks.allow_loopback", "true"),
            ("doctor.every", every),
        ];
        let app = TestApp::start_with(database, &settings).await;
        front.leads_to(Some(app.address()));
        (app, front)
    }

    /// With an account and its catalog, connected at Meta itself.
    pub(super) async fn open(database: Database, every: &str) -> Self {
        let service = Self::service(database, every).await;
        let (seller, mut person) = (browser::shop(&service.0).await, Person::at_facebook(&service.0));
        person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) });
        assert_eq!(person.connects(seller, "way=facebook&for=both").await.code(), "connected");
        let account = service.0.meta.account(IG);
        Self::of(service, seller, person, &account).await
    }

    /// With the seller's only connection.
    pub(super) async fn of((app, front): (TestApp, Front), seller: i64, person: Person, account: &Account) -> Self {
        for n in 0..5 {
            app.deliver(&account.customer(&format!("Customer {n}")).writes("hello")).await;
        }
        app.settle().await;
        let connection = browser::connection(&app, seller).await["id"].clone();
        let path = format!("/api/v1/sellers/{seller}/connections/{connection}/doctor");
        Self { app, front, seller, person, path }
    }

    pub(super) async fn checkup(&self) -> Value {
        let (status, found) = self.app.call(Method::POST, &self.path, &json!({})).await;
        assert_eq!(status, 200, "{found}");
        let text = found.to_string();
        assert!(!text.contains(APP_SECRET) && !text.contains("EAA"), "{text}");
        assert_eq!(self.app.read(&self.path).await, found, "it is kept");
        found
    }

    /// The names of what is looked at.
    pub(super) async fn names(&self) -> String {
        let found = self.checkup().await;
        let lines = found["lines"].as_array().unwrap();
        lines.iter().map(|line| line["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    /// The lines that are not green, with their sentences.
    pub(super) async fn ills(&self) -> Vec<(String, String, String)> {
        ills(&self.checkup().await)
    }

    /// Only this line says that something is wrong, with this light and these words.
    pub(super) async fn is_ill(&self, name: &str, light: &str, words: &str) {
        let ills = self.ills().await;
        let [(found, how, sentence)] = ills.as_slice() else { panic!("{name}: {ills:#?}") };
        assert!(found == name && how == light && sentence.contains(words), "{name}: {ills:#?}");
    }
}

/// How often something of this kind happened in the shop.
pub(super) async fn times(app: &TestApp, seller: i64, kind: &str) -> usize {
    let events = app.read(&format!("/api/v1/sellers/{seller}/events?kinds={kind}")).await;
    events["data"].as_array().unwrap().len()
}

fn ills(checkup: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = checkup["lines"].as_array().unwrap().iter();
    let ill = lines.filter(|line| line["light"] != "green");
    let ill: Vec<_> = ill.map(|line| (text(&line["name"]), text(&line["light"]), text(&line["sentence"]))).collect();
    for (_, _, sentence) in &ill {
        assert!(sentence.ends_with('.'), "{sentence}");
    }
    ill
}

async fn all_is_green_where_all_is_well(database: Database) {
    let clinic = Clinic::open(database, "").await;
    let app = &clinic.app;
    let (status, problem) = app.call(Method::GET, &clinic.path, &Value::Null).await;
    assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("not_found")), "{problem}");
    let found = clinic.checkup().await;
    assert_eq!(ills(&found), [], "{found:#}");
    let names: Vec<_> = found["lines"].as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap()).collect();
    let all = "token scopes app_review page_link subscription app_subscription message_access catalog app_mode last_event \
               secrets clock probe";
    assert_eq!(names, all.split_whitespace().collect::<Vec<_>>());
    let (seller, server) = (clinic.seller.to_string(), format!("http://{}", app.address()));
    for words in [&["doctor", &seller, "--server", &server][..], &["doctor", &seller, "--last", "--server", &server]] {
        let shown = told(words, Secret::from(OPERATOR_KEY), Screen::terminal(120)).await.unwrap();
        assert!(shown.contains("linen.shop: green") && shown.contains("page link"), "{shown}");
    }
    let nobody = clinic.path.replace("/connections/", "/connections/9");
    assert_eq!(app.call(Method::POST, &nobody, &json!({})).await.0, 404);
    clinic.app.stop().await;
}

async fn what_is_broken_is_said_at_its_line(database: Database) {
    let clinic = Clinic::open(database, "").await;
    let (app, meta) = (&clinic.app, &clinic.app.meta);
    meta.switch_messages_off(IG, true);
    clinic.is_ill("message_access", "red", "switched off access to messages").await;
    meta.switch_messages_off(IG, false);
    meta.approve_catalogs(IG, &[]);
    clinic.is_ill("catalog", "red", "No catalog is approved").await;
    meta.approve_catalogs(IG, &["Everything"]);
    meta.run_ahead(900);
    clinic.is_ill("clock", "red", "900 s apart").await;
    meta.run_ahead(0);
    meta.take_back(clinic.person.id(), "pages_read_engagement");
    clinic.is_ill("scopes", "amber", "pages_read_engagement").await;
    // What was found of the address holds for a while.
    clinic.front.leads_to(None);
    assert_eq!(clinic.ills().await.len(), 1);
    app.let_pass(11 * MINUTE).await;
    let ills = clinic.ills().await;
    assert!(ills.iter().any(|(name, light, _)| name == "probe" && light == "red"), "{ills:#?}");
    clinic.front.leads_to(Some(app.address()));
    app.let_pass(11 * MINUTE).await;
    meta.link_page(PAGE, None);
    let ills = clinic.ills().await;
    let link = ills.iter().find(|(name, ..)| name == "page_link").unwrap();
    assert!(link.1 == "red" && link.2.contains("not linked"), "{ills:#?}");
    meta.link_page(PAGE, Some(IG));
    app.let_pass(3 * DAY).await;
    let ills = clinic.ills().await;
    assert!(ills.iter().any(|(name, ..)| name == "scopes") && ills.len() <= 2, "{ills:#?}");
    meta.kill_tokens(clinic.person.id(), Refusal::PasswordChanged);
    let ills = clinic.ills().await;
    assert!(ills[0].0 == "token" && ills[0].1 == "red" && ills[0].2.contains("password"), "{ills:#?}");
    let connection = browser::connection(app, clinic.seller).await;
    assert_eq!(connection["state"], "needs_reconnecting", "{connection}");
    clinic.app.stop().await;
}

async fn what_meta_switched_off_is_switched_on_again(database: Database) {
    let clinic = Clinic::open(database, "").await;
    let meta = &clinic.app.meta;
    meta.unsubscribe(PAGE);
    clinic.is_ill("subscription", "amber", "switched on again by itself").await;
    assert!(meta.subscribed(PAGE).contains(&"messages".to_owned()));
    clinic.is_ill("subscription", "amber", "switched on again by itself").await;
    clinic.app.let_pass(8 * DAY).await;
    let ills = clinic.ills().await;
    assert!(ills.iter().all(|(name, ..)| name != "subscription"), "{ills:#?}");
    meta.forget_app_subscriptions();
    let ills = clinic.ills().await;
    let app = ills.iter().find(|(name, ..)| name == "app_subscription").unwrap();
    assert!(app.1 == "amber" && app.2.contains("no webhooks of Instagram"), "{ills:#?}");
    assert!(meta.app_subscription(FACEBOOK_APP, "instagram").is_some(), "it is there again");
    clinic.app.stop().await;
}

async fn what_was_restored_before_the_doctor_looked_is_told_all_the_same_and_once(database: Database) {
    let mut clinic = Clinic::open(database, "").await;
    let seller = clinic.seller;
    clinic.app.meta.unsubscribe(PAGE);
    // It is switched on again, and the power fails before anybody knows that.
    clinic.app.meta.next_login(LoginStep::Subscribe, LoginFault::DoneButNoAnswer);
    let before = clinic.app.meta.login_steps().len();
    until("it is switched on", async || {
        clinic.app.let_pass(60 * MINUTE).await;
        clinic.app.meta.login_steps()[before..].contains(&LoginStep::Subscribe).then_some(())
    })
    .await;
    assert_eq!(times(&clinic.app, seller, "connection.restored").await, 0);
    clinic.app.vanish().await;
    clinic.app.start_again().await;
    clinic.front.leads_to(Some(clinic.app.address()));
    assert!(!clinic.app.meta.subscribed(PAGE).is_empty(), "at Meta all looks well");
    until("the shop is told", async || {
        clinic.app.let_pass(30 * MINUTE).await;
        (times(&clinic.app, seller, "connection.restored").await > 0).then_some(())
    })
    .await;
    clinic.is_ill("subscription", "amber", "switched on again by itself on").await;
    for _ in 0..3 {
        clinic.app.let_pass(DAY).await;
    }
    assert_eq!(times(&clinic.app, seller, "connection.restored").await, 1);
    clinic.app.stop().await;
}

async fn clocks_are_compared_by_what_comes_as_well(database: Database) {
    let clinic = Clinic::open(database, "").await;
    let (app, meta) = (&clinic.app, &clinic.app.meta);
    let clock = async || {
        let found = clinic.checkup().await;
        let line = found["lines"].as_array().unwrap().iter().find(|line| line["name"] == "clock").unwrap().clone();
        (line["light"].as_str().unwrap().to_owned(), line["sentence"].as_str().unwrap().to_owned())
    };
    meta.go_away(true);
    let (light, sentence) = clock().await;
    assert!(light == "green" && sentence.contains("bears times that agree"), "{light} {sentence}");
    meta.run_ahead(90);
    app.deliver(&meta.account(IG).customer("Eve").writes("hello")).await;
    let (light, sentence) = clock().await;
    assert!(light == "amber" && sentence.contains("90 s ahead"), "{light} {sentence}");
    // A message that a test of ours sends says nothing of Meta's clock, and what is long past neither.
    app.let_pass(130 * MINUTE).await;
    let (light, sentence) = clock().await;
    assert!(light == "amber" && sentence.contains("not known"), "{light} {sentence}");
    app.settle().await;
    clinic.app.stop().await;
}

async fn what_was_found_is_not_told_of_an_account_that_has_gone_to_another(database: Database) {
    let mut clinic = Clinic::open(database, "").await;
    clinic.checkup().await;
    let next = browser::shop(&clinic.app).await;
    let release = clinic.path.replace("/doctor", "/release");
    assert_eq!(clinic.app.call(Method::POST, &release, &json!({ "to": next })).await.0, 200);
    assert_eq!(clinic.person.connects(next, "").await.code(), "connected");
    for method in [Method::GET, Method::POST] {
        let (status, problem) = clinic.app.call(method, &clinic.path, &json!({})).await;
        assert_eq!(status, 404, "{problem}");
    }
    clinic.app.settle().await;
    clinic.app.stop().await;
}

async fn without_meta_or_a_budget_it_goes_as_far_as_it_can(database: Database) {
    let clinic = Clinic::open(database, "").await;
    clinic.app.meta.go_away(true);
    let found = clinic.checkup().await;
    let names: Vec<_> = ills(&found).into_iter().map(|(name, light, _)| (name, light)).collect();
    let amber = ["token", "page_link", "subscription", "app_subscription", "message_access", "catalog"];
    assert_eq!(names, amber.map(|name| (name.to_owned(), "amber".to_owned())), "{found:#}");
    clinic.app.meta.go_away(false);
    let caps = json!({ "graph_per_hour": 3 });
    let budget = format!("/api/v1/sellers/{}/budget", clinic.seller);
    assert!(clinic.app.call(Method::PUT, &budget, &caps).await.0.is_success());
    let ills = clinic.ills().await;
    let short: Vec<_> = ills.iter().filter(|ill| ill.2.contains("budget")).map(|ill| ill.0.as_str()).collect();
    assert_eq!(short, ["page_link", "subscription", "message_access", "catalog"], "{ills:#?}");
    assert_eq!(ills.len(), 4, "what the app asks in its own name is asked: {ills:#?}");
    clinic.app.stop().await;
}

/// Whether every connection has a time at which it is looked at.
async fn is_planned(app: &TestApp) -> bool {
    !checkups::is_any_unplanned(app.store().reads()).await.unwrap()
}

async fn it_looks_once_a_day_and_the_shop_is_told_once(database: Database) {
    let clinic = Clinic::open(database, "24h").await;
    let app = &clinic.app;
    app.meta.unsubscribe(PAGE);
    app.meta.approve_catalogs(IG, &[]);
    for _ in 0..2 {
        let before = app.clock.now_ms();
        app.let_pass(2 * MINUTE).await;
        until("a day for it is planned", async || is_planned(app).await.then_some(())).await;
        app.let_pass(DAY).await;
        let found = until("it was looked at", async || {
            let (status, found) = app.call(Method::GET, &clinic.path, &Value::Null).await;
            let at = found["at"].as_str().and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok());
            (status == 200 && at.is_some_and(|at| at.timestamp_millis() > before)).then_some(found)
        })
        .await;
        let ills = ills(&found);
        let is_said = |name: &str, words: &str| ills.iter().any(|ill| ill.0 == name && ill.2.contains(words));
        // Whoever looks first switches it on again, this or the upkeep of connections.
        assert!(is_said("catalog", "approved") && is_said("subscription", "on again by itself"), "{ills:#?}");
        assert!(app.meta.subscribed(PAGE).contains(&"messages".to_owned()));
        app.settle().await;
    }
    let events = app.read(&format!("/api/v1/sellers/{}/events?kinds=connection.unwell", clinic.seller)).await;
    assert_eq!(events["data"].as_array().unwrap().len(), 1, "{events:#}");
    clinic.app.stop().await;
}

async fn what_several_find_at_once_is_told_once(database: Database) {
    let mut clinic = Clinic::open(database, "").await;
    let (seller, path) = (clinic.seller, clinic.path.clone());
    for round in 1..=5 {
        clinic.app.meta.unsubscribe(PAGE);
        let back = clinic.person.signs_in(seller, "").await;
        // Whoever connects it anew looks as well.
        let look = clinic.app.call(Method::POST, &path, &Value::Null);
        let (coming, (status, found)) = tokio::join!(clinic.person.coming_back(&back), look);
        assert!(coming.unwrap().status().is_success() && status == 200, "{found}");
        clinic.app.settle().await;
        assert_eq!(times(&clinic.app, seller, "connection.restored").await, round);
    }
    clinic.app.stop().await;
}
