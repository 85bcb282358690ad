//! The sandbox over its own wire: a plain HTTP client on one side, a webhook that answers as told on the other.

mod calls;
mod catalog;
mod control;
mod delivering;
mod faults;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};
use warp::Filter;

use super::*;

const SHOP: &str = "17841400000000001";
const PAGE: &str = "102030405060708";
const TOKEN: &str = "a-token";
const START_MS: i64 = 1_790_856_000_000;
const LONG: Duration = Duration::from_secs(30);

/// A sandbox with one account, a clock to move, and a webhook to look into.
struct Scene {
    sandbox: Sandbox,
    shop: Account,
    clock: Arc<AtomicI64>,
    hook: Hook,
    http: reqwest::Client,
}

/// What was asked of a webhook, and what it answers: the statuses given, then 200.
#[derive(Clone, Default)]
struct Hook {
    seen: Arc<Mutex<Vec<(String, Bytes)>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Scene {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut SandboxSettings)) -> Self {
        let clock = Arc::new(AtomicI64::new(START_MS));
        let now = Arc::clone(&clock);
        let mut settings = SandboxSettings::new("secret", "verify", Arc::new(move || now.load(Ordering::SeqCst)));
        settings.retries =
            Retries { tries: 4, first_gap: Duration::from_millis(1), longest_gap: Duration::from_millis(2) };
        settings.answer_limit = LONG;
        let hook = Hook::default();
        settings.webhook = Some(hook.serve().await);
        change(&mut settings);
        let sandbox = Sandbox::start(settings, local().await).unwrap();
        let shop = sandbox.add_account(SHOP, "linen.shop", PAGE, TOKEN);
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().timeout(LONG).build().unwrap();
        Self { sandbox, shop, clock, hook, http }
    }

    /// A customer who has just written, so that the window is open.
    fn customer(&self, name: &str) -> Customer {
        let customer = self.shop.customer(name);
        customer.writes("hello");
        customer
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.sandbox.url());
        self.http.request(method.parse().unwrap(), url).bearer_auth(TOKEN)
    }

    async fn send(&self, customer: &Customer, text: &str) -> Result<reqwest::Response, reqwest::Error> {
        let body = json!({"recipient": {"id": customer.id()}, "message": {"text": text}});
        self.request("POST", "/v25.0/me/messages").json(&body).send().await
    }

    async fn get(&self, path: &str) -> Value {
        self.request("GET", path).send().await.unwrap().json().await.unwrap()
    }
}

impl Hook {
    async fn serve(&self) -> Url {
        let hook = self.clone();
        let post = warp::post().and(warp::header("x-hub-signature-256")).and(warp::body::bytes());
        let post = post.map(move |signature: String, body: Bytes| {
            hook.seen.lock().unwrap().push((signature, body));
            let status = hook.answers.lock().unwrap().pop_front().unwrap_or(200);
            http::Response::builder().status(status).body(r#"{"received":true}"#.to_owned()).unwrap()
        });
        let proof = warp::get().and(warp::query()).map(|query: std::collections::HashMap<String, String>| {
            let is_known = query["hub.verify_token"] == "verify" && query["hub.mode"] == "subscribe";
            let answer = if is_known { query["hub.challenge"].clone() } else { "no".to_owned() };
            http::Response::new(answer)
        });
        let listener = local().await;
        let url = format!("http://{}/webhooks/meta", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(serve::serve(listener, post.or(proof).unify().boxed(), CancellationToken::new()));
        url
    }

    fn bodies(&self) -> Vec<Value> {
        self.seen.lock().unwrap().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }

    /// The ids of all messages seen, in order.
    fn mids(&self) -> Vec<String> {
        let bodies = self.bodies();
        let entries = bodies.iter().flat_map(|body| body["entry"].as_array().unwrap());
        let items = entries.flat_map(|entry| entry["messaging"].as_array().unwrap());
        items.map(|item| item["message"]["mid"].as_str().unwrap().to_owned()).collect()
    }

    fn next_answers(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }
}

async fn local() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
