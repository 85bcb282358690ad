//! A running service with everything around it, as a test holds it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::actors::sellers::Sellers;
use ::actors::store::Store;
use hawker::config::Config;
use hawker::goods::Goods;
use hawker::keys::Gate;
use hawker::office::Office;
use hawker::sandbox::{Answer, Sandbox, SandboxSettings, WebhookEvent};
use hawker::webhooks_out::Endpoints;
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use super::document::Document;
use super::host::Host;
use super::troubles::Troubles;
use super::{Database, ManualClock, settle, until};

pub(crate) const APP_SECRET: &str = "0123456789abcdef-of-the-tests";
pub(crate) const VERIFY_TOKEN: &str = "verify-token-of-the-tests";
pub(crate) const OPERATOR_KEY: &str = "operator-key-of-the-tests";
pub(crate) const ENCRYPTION_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// How long a customer is silent before the answer, as in the defaults.
const QUIET: Duration = Duration::from_secs(4);

pub(crate) struct TestApp {
    pub(crate) clock: ManualClock,
    pub(crate) meta: Sandbox,
    config: Config,
    host: Option<Host>,
    http: reqwest::Client,
    document: OnceCell<Document>,
    troubles: Troubles,
    expected: Vec<&'static str>,
    pub(super) database: Database,
}

impl TestApp {
    /// The service with its defaults.
    pub(crate) async fn start(database: Database) -> Self {
        Self::start_with(database, &[]).await
    }

    /// The service with some settings (`actors.idle_unload`) otherwise.
    pub(crate) async fn start_with(database: Database, settings: &[(&str, &str)]) -> Self {
        Self::start_beside(database, settings, |_| {}).await
    }

    /// The service beside a stand-in for Meta that behaves otherwise.
    pub(crate) async fn start_beside(
        database: Database,
        settings: &[(&str, &str)],
        change: impl FnOnce(&mut SandboxSettings),
    ) -> Self {
        let (clock, troubles) = (ManualClock::new(), Troubles::default());
        let meta = sandbox(&clock, change).await;
        let config = config(&database, &meta, settings);
        let host = Host::start(&config, &clock, &troubles).await.unwrap();
        meta.deliver_to(webhook(host.address));
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        Self {
            clock,
            meta,
            config,
            host: Some(host),
            http,
            document: OnceCell::new(),
            troubles,
            expected: Vec::new(),
            database,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.host().address
    }

    /// The sellers' actors.
    pub(crate) fn sellers(&self) -> &Sellers {
        &self.host().ways.sellers
    }

    /// Sellers, their accounts, settings and keys.
    pub(crate) fn office(&self) -> &Office {
        &self.host().ways.office
    }

    /// What a request passes.
    pub(crate) fn gate(&self) -> &Gate {
        &self.host().ways.gate
    }

    /// The database, as the service reads it.
    pub(crate) fn store(&self) -> &Store {
        &self.host().ways.store
    }

    /// Whom sellers want to be told of what happens.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.host().ways.endpoints
    }

    /// Products as files.
    pub(crate) fn goods(&self) -> &Goods {
        &self.host().ways.goods
    }

    fn host(&self) -> &Host {
        self.host.as_ref().expect("the service is stopped")
    }

    /// Delivers an event, which must be taken.
    pub(crate) async fn deliver(&self, event: &WebhookEvent) {
        assert_eq!(self.meta.deliver(event).await, Answer::Status(200), "{}", event.json);
    }

    /// Waits until everything that can happen at this time has happened.
    pub(crate) async fn settle(&self) {
        settle::settle(&self.database, &self.meta, &self.clock).await;
    }

    /// Everybody is silent until answers are due, and they are made.
    pub(crate) async fn fall_silent(&self) {
        self.settle().await;
        self.let_pass(QUIET).await;
    }

    /// Time passes, and what is due happens.
    pub(crate) async fn let_pass(&self, time: Duration) {
        self.clock.advance(time);
        self.settle().await;
    }

    /// This error in the log is part of the test; any other fails it.
    pub(crate) fn expect_trouble(&mut self, words: &'static str) {
        self.expected.push(words);
    }

    /// A call of the operator, with what comes back.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call_as(Some(OPERATOR_KEY), method, path, body.to_string()).await
    }

    /// A call with some key or none and any body.
    pub(crate) async fn call_as(
        &self,
        key: Option<&str>,
        method: Method,
        path: &str,
        body: String,
    ) -> (StatusCode, Value) {
        let mut request = self.http.request(method.clone(), format!("http://{}{path}", self.address())).body(body);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let answer = answer.bytes().await.unwrap();
        self.troubles.leaks.answered(path, &String::from_utf8_lossy(&answer));
        let answer = serde_json::from_slice(&answer).unwrap_or(Value::Null);
        self.document().await.expect(&method, path, status, &answer);
        (status, answer)
    }

    /// What the service says of itself.
    pub(crate) async fn document(&self) -> &Document {
        let read = || async {
            let path = format!("http://{}/api/openapi.json", self.address());
            Document::new(self.http.get(path).send().await.unwrap().json().await.unwrap())
        };
        self.document.get_or_init(read).await
    }

    /// What the operator reads at an address.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A secret that must not be logged, and not be answered.
    pub(crate) fn guard(&self, secret: &str) {
        self.troubles.leaks.guard(secret);
    }

    /// From now on with other settings, once it is started again.
    pub(crate) fn set(&mut self, settings: &[(&str, &str)]) {
        self.config = config(&self.database, &self.meta, settings);
    }

    /// Any request, by hand.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// How many events were ledgered for a reason.
    pub(crate) async fn ledgered(&self, reason: &str) -> i64 {
        let ledger = self.read("/api/v1/ledger").await;
        let reasons = ledger["ledgered"].as_array().unwrap();
        reasons.iter().find(|found| found["reason"] == reason).map_or(0, |found| found["count"].as_i64().unwrap())
    }

    /// Ends the service in order and starts it again on the same database.
    pub(crate) async fn restart(&mut self) {
        self.stop_service().await;
        self.start_again().await;
    }

    /// The service vanishes between two awaits, as in a power cut. Meta goes on.
    pub(crate) async fn vanish(&mut self) {
        self.host.take().expect("it runs").vanish().await;
    }

    /// Why the service, which is stopped, does not start; none when it does.
    pub(crate) async fn why_it_does_not_start(&mut self) -> Option<String> {
        match Host::start(&self.config, &self.clock, &self.troubles).await {
            Ok(host) => {
                self.meta.deliver_to(webhook(host.address));
                self.host = Some(host);
                None
            }
            Err(error) => Some(format!("{error:#}")),
        }
    }

    /// The database, past the service.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Ends the service in order.
    pub(crate) async fn stop_service(&mut self) {
        self.host.take().expect("it runs").stop().await.unwrap();
    }

    /// The service is back, at another port. PostgreSQL may take a moment to see that the one before is gone.
    pub(crate) async fn start_again(&mut self) {
        let (config, clock, troubles) = (&self.config, &self.clock, &self.troubles);
        let start = || async { Host::start(config, clock, troubles).await.ok() };
        let host = until("the service starts on the database it had", start).await;
        self.meta.deliver_to(webhook(host.address));
        self.host = Some(host);
    }

    /// Why another service beside this one, with the same settings, does not start; none when it does.
    pub(crate) async fn second(&self) -> Option<String> {
        match Host::start(&self.config, &self.clock, &self.troubles).await {
            Ok(second) => {
                second.stop().await.unwrap();
                None
            }
            Err(error) => Some(format!("{error:#}")),
        }
    }

    /// The end of every test: nothing is open, lost, made up or wrong, and the service ends in order.
    pub(crate) async fn stop(mut self) {
        self.settle().await;
        let ledger = self.read("/api/v1/ledger").await;
        assert_eq!(ledger["holds"], true, "received is not what became of it: {ledger}");
        assert_eq!(ledger["equation"]["pending"], 0, "{ledger}");
        assert_eq!(self.meta.wrong_calls(), [], "calls a correct client never makes");
        self.database.expect_all_sealed_is_listed().await;
        self.stop_service().await;
        self.meta.stop().await;
        assert_eq!(self.troubles.leaks.seen(), [""; 0], "secrets were seen");
        let troubles = self.troubles.all();
        let unexpected = |line: &&String| !self.expected.iter().any(|words| line.contains(words));
        let unexpected: Vec<_> = troubles.iter().filter(unexpected).collect();
        assert!(unexpected.is_empty(), "errors were logged:\n{unexpected:#?}");
        for words in &self.expected {
            assert!(troubles.iter().any(|line| line.contains(words)), "nobody logged the error \"{words}\"");
        }
    }
}

async fn sandbox(clock: &ManualClock, change: impl FnOnce(&mut SandboxSettings)) -> Sandbox {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = clock.clone();
    let mut settings = SandboxSettings::new(APP_SECRET, VERIFY_TOKEN, Arc::new(move || clock.now_ms()));
    change(&mut settings);
    Sandbox::start(settings, listener).unwrap()
}

fn config(database: &Database, meta: &Sandbox, settings: &[(&str, &str)]) -> Config {
    let url = meta.url();
    let ours = [
        ("database.url", database.url.as_str()),
        // A slow machine must not make the server close a connection in the moment in which it is used again.
        ("server.header_timeout", "120s"),
        ("database.read_connections", "2"),
        ("database.write_connections", "3"),
        ("meta.instagram_app_secret", APP_SECRET),
        // Else tests that let days pass see calls that are not theirs.
        ("doctor.every", ""),
        ("meta.verify_token", VERIFY_TOKEN),
        ("meta.graph_base_url", &url),
        ("secrets.encryption_key", ENCRYPTION_KEY),
        ("secrets.operator_api_key", OPERATOR_KEY),
    ];
    let name = |key: &str| format!("HAWKER__{}", key.replace('.', "__").to_uppercase());
    let all = ours.iter().chain(settings).map(|(key, value)| (name(key), (*value).to_owned()));
    Config::load(None, all).unwrap()
}

fn webhook(address: SocketAddr) -> url::Url {
    format!("http://{address}/webhooks/meta").parse().unwrap()
}
