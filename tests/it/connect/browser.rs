//! A person with a browser, as Meta and the service see one.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use ::actors::ports::Clock;
use futures::future::BoxFuture;
use hawker::sandbox::{Account, FACEBOOK_APP, INSTAGRAM_APP};
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{APP_SECRET, Database, OPERATOR_KEY, TestApp, apron};

const HERE: &str = "http://hawker.test";

/// The service with both ways to sign in.
pub(super) async fn start(database: Database) -> TestApp {
    let settings = [
        ("meta.meta_app_id", FACEBOOK_APP),
        ("meta.meta_app_secret", APP_SECRET),
        ("meta.instagram_app_id", INSTAGRAM_APP),
        ("server.public_url", HERE),
    ];
    TestApp::start_with(database, &settings).await
}

/// A seller with aprons to sell, and no account yet.
pub(super) async fn shop(app: &TestApp) -> i64 {
    let new = json!({
        "name": "Late", "currency": "USD", "required": { "phone": false, "email": false, "address": false },
    });
    let seller = app.made("/api/v1/sellers", &new).await;
    let products = json!({ "products": [apron("19.00", None)] });
    let path = format!("/api/v1/sellers/{seller}/products");
    assert!(app.call(http::Method::PUT, &path, &products).await.0.is_success());
    seller
}

pub(super) async fn connections(app: &TestApp, seller: i64) -> Vec<Value> {
    let all = app.read(&format!("/api/v1/sellers/{seller}/connections")).await;
    all["data"].as_array().unwrap().clone()
}

pub(super) async fn connection(app: &TestApp, seller: i64) -> Value {
    let mut all = connections(app, seller).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// A customer orders, and is answered.
pub(super) async fn is_answered(app: &TestApp, seller: i64, account: &str) {
    let ada = app.meta.account(account).customer("Ada");
    app.deliver(&ada.writes("two aprons please")).await;
    app.fall_silent().await;
    assert_eq!(ada.received().len(), 1, "seller {seller} answers");
}

pub(super) async fn shakes_hands(app: &TestApp, token: &str) -> bool {
    let query = [("hub.mode", "subscribe"), ("hub.challenge", "1158201444"), ("hub.verify_token", token)];
    let asked = app.http().get(format!("http://{}/webhooks/meta", app.address())).query(&query).send();
    let answer = asked.await.unwrap();
    answer.status() == 200 && answer.text().await.unwrap() == "1158201444"
}

/// Whatever is stored of connections and of how they came to be.
pub(super) async fn all_rows(app: &TestApp) -> Vec<String> {
    let rows = app.store().reads();
    let mut all = Vec::new();
    for sql in [
        "SELECT sealed_token || scopes || COALESCE(person, '') FROM credential",
        "SELECT COALESCE(offered, '') || COALESCE(sealed, '') || COALESCE(detail, '') || state_hash FROM connecting",
        "SELECT action || detail FROM audit",
        "SELECT kind || key FROM inbox_event",
    ] {
        let found = rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
        all.extend(found.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()));
    }
    all
}

/// The same way back, with another's code.
pub(super) fn with_code_of(back: &str, other: &str) -> String {
    let code = url::Url::parse(&format!("{HERE}{other}")).unwrap();
    let code = code.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    with_code(back, &code)
}

pub(super) fn with_code(back: &str, code: &str) -> String {
    let mut url = url::Url::parse(&format!("{HERE}{back}")).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    url.query_pairs_mut().clear().append_pair("code", code).append_pair("state", &state);
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// The same way back, with an error of Meta's in the place of a code.
pub(super) fn with_error(back: &str, error: &str) -> String {
    let mut url = url::Url::parse(&format!("{HERE}{back}")).unwrap();
    let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    url.query_pairs_mut().clear().append_pair("error", error).append_pair("state", &state);
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// A Page, with the id and the name of the Instagram account linked to it.
pub(super) struct PageOf {
    pub(super) page: &'static str,
    pub(super) account: Option<(&'static str, &'static str)>,
}

/// Somebody at a browser of their own.
pub(super) struct Person {
    pub(super) at: SocketAddr,
    /// Under which number they set out last.
    pub(super) way: i64,
    id: String,
    meta: hawker::sandbox::Sandbox,
    http: Client,
    cookie: Option<String>,
}

/// What a browser shows.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) policy: String,
}

impl Told {
    /// How it ended, as the page says in small letters.
    pub(super) fn code(&self) -> &str {
        let small = self.text.split_once("<small>").and_then(|(_, rest)| rest.split_once("</small>"));
        small.map_or("", |(code, _)| code)
    }

    async fn of(answer: Response) -> Self {
        let status = answer.status().as_u16();
        let policy = answer.headers().get(CONTENT_SECURITY_POLICY).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let policy = policy.to_owned();
        Self { status, policy, text: answer.text().await.unwrap() }
    }
}

impl Person {
    pub(super) fn at_facebook(app: &TestApp) -> Self {
        let person = Self::new(app);
        person.meta.add_person(&person.id);
        person
    }

    pub(super) fn at_instagram(app: &TestApp, account: (&str, &str)) -> Self {
        let person = Self::new(app);
        person.meta.add_instagram_person(&person.id, account);
        person
    }

    fn new(app: &TestApp) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let id = format!("1221{:011}", NEXT.fetch_add(1, Ordering::Relaxed));
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { at: app.address(), way: 0, id, meta: app.meta.clone(), http, cookie: None }
    }

    /// This person is the one at the browser from here on.
    pub(super) fn sits_down(&self) {
        self.meta.sign_in(&self.id);
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The person has a role on a Page.
    pub(super) fn runs(&mut self, of: PageOf) -> Option<Account> {
        self.meta.add_page_of(&self.id, (of.page, &format!("Page {}", of.page)), of.account);
        of.account.map(|(id, _)| self.meta.account(id))
    }

    /// The console of the shop asks where to sign in.
    pub(super) async fn sets_out(&mut self, seller: i64, query: &str) -> String {
        let url = format!("http://{}/api/instagram/oauth?seller={seller}&{query}", self.at);
        let answer = self.with_cookie(self.http.get(url).bearer_auth(OPERATOR_KEY)).send().await.unwrap();
        self.keep_cookie(&answer);
        let body: Value = answer.json().await.unwrap();
        self.way = body["connecting"].as_i64().unwrap_or_else(|| panic!("{body}"));
        body["authUrl"].as_str().unwrap().to_owned()
    }

    /// Sets out and signs in at Meta; gives where Meta sends the browser back to.
    pub(super) async fn signs_in(&mut self, seller: i64, query: &str) -> String {
        let url = self.sets_out(seller, query).await;
        self.grants(&url).await
    }

    async fn grants(&self, url: &str) -> String {
        self.sits_down();
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{}", answer.text().await.unwrap());
        // Browsers keep what is behind the hash to themselves.
        let back = url::Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    pub(super) async fn comes_back(&mut self, back: &str) -> Told {
        Told::of(self.coming_back(back).await.unwrap()).await
    }

    pub(super) fn coming_back(&self, back: &str) -> BoxFuture<'static, reqwest::Result<Response>> {
        Box::pin(self.with_cookie(self.http.get(format!("http://{}{back}", self.at))).send())
    }

    /// The whole way.
    pub(super) async fn connects(&mut self, seller: i64, query: &str) -> Told {
        let back = self.signs_in(seller, query).await;
        self.comes_back(&back).await
    }

    pub(super) async fn chooses(&self, way: i64, account: &str) -> Told {
        let url = format!("http://{}/api/instagram/callback/choose", self.at);
        let form = format!("connecting={way}&account={account}");
        Told::of(self.with_cookie(self.http.post(url).body(form)).send().await.unwrap()).await
    }

    pub(super) async fn opens(&self, address: &str) -> Told {
        let path = address.strip_prefix(HERE).unwrap();
        Told::of(self.with_cookie(self.http.get(format!("http://{}{path}", self.at))).send().await.unwrap()).await
    }

    /// Presses the button there, and signs in.
    pub(super) async fn accepts(&mut self, address: &str) -> Option<String> {
        let path = address.strip_prefix(HERE).unwrap();
        let request = self.with_cookie(self.http.post(format!("http://{}{path}", self.at)));
        let answer = request.send().await.unwrap();
        self.keep_cookie(&answer);
        let url = answer.headers().get(LOCATION)?.to_str().unwrap().to_owned();
        Some(self.grants(&url).await)
    }

    fn with_cookie(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    fn keep_cookie(&mut self, answer: &Response) {
        let told = answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        if let Some(cookie) = told {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
    }
}

impl TestApp {
    pub(super) fn clock_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }
}
