//! The running service, asked over HTTP with the operator's key.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::{Value, json};
use url::Url;

use crate::cli::key;
use crate::config::{Config, is_loopback};
use crate::vault::Secret;

/// One answer; sums over a large inbox take their time.
const DEADLINE: Duration = Duration::from_secs(120);
/// Rows of one request.
const PAGE: usize = 500;

/// What answers, and what opens it.
pub(super) struct Service {
    server: Url,
    key: Secret,
    client: Client,
}

impl Service {
    pub(super) fn new(server: Url, key: Secret) -> anyhow::Result<Self> {
        let is_here = is_loopback(&server);
        if server.scheme() != "https" && !(server.scheme() == "http" && is_here) {
            bail!("{server} is not https, and the key would travel to it in the clear: write https://...");
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder().timeout(DEADLINE).redirect(redirect::Policy::none());
        if server.scheme() == "http" {
            client = client.no_proxy().tls_certs_only([]);
        }
        let client = client.build().context("no HTTP client")?;
        Ok(Self { server, key, client })
    }

    /// Where it is, for people.
    pub(super) fn address(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    /// What is at this place of the ledger.
    pub(super) async fn get(&self, place: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        self.answer(self.request(Method::GET, place)?.query(query)).await
    }

    /// Pages of a list, until so many rows are there, or all.
    pub(super) async fn all(
        &self,
        place: &str,
        query: Vec<(&'static str, String)>,
        most: usize,
    ) -> anyhow::Result<Value> {
        let (mut rows, mut next) = (Vec::new(), Value::Null);
        while rows.len() < most {
            let mut query = query.clone();
            query.push(("limit", (most - rows.len()).min(PAGE).to_string()));
            query.extend(text_of(&next).map(|after| ("after", after)));
            let mut page = self.get(place, &query).await?;
            rows.extend(page["data"].as_array_mut().map(std::mem::take).unwrap_or_default());
            next = page["next"].take();
            if next.is_null() {
                break;
            }
        }
        Ok(json!({ "data": rows, "next": next }))
    }

    /// Asks for something to be done.
    pub(super) async fn post(&self, place: &str, body: &Value) -> anyhow::Result<Value> {
        self.answer(self.request(Method::POST, place)?.json(body)).await
    }

    fn request(&self, method: Method, place: &str) -> anyhow::Result<RequestBuilder> {
        let path = format!("{}/api/v1/ledger/{place}", self.address());
        let address: Url = path.trim_end_matches('/').parse().context("--server is no usable address")?;
        Ok(self.client.request(method, address).bearer_auth(self.key.expose()))
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await.with_context(|| {
            format!("nobody answers at {}: is the service running, and is --server right?", self.address())
        })?;
        let status = answer.status();
        let body = answer.bytes().await.context("the answer broke off")?;
        let value: Value = serde_json::from_slice(&body)
            .with_context(|| format!("{} answered {status}, and no JSON: is it a Hawker?", self.address()))?;
        if status == 401 {
            bail!("{} does not know this key: set HAWKER_API_KEY to the operator's key", self.address());
        }
        if !status.is_success() {
            let said = |name: &str| value[name].as_str().map(super::shown::clean);
            let title = said("title").unwrap_or_else(|| status.to_string());
            bail!("{title}: {} ({})", said("detail").unwrap_or_default(), said("code").unwrap_or_default());
        }
        Ok(value)
    }
}

/// As it goes into a query.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The operator's key: from the environment, from the settings, or from beside the database.
pub(super) fn operator_key(config: Option<&Path>) -> anyhow::Result<Secret> {
    if let Some(key) = std::env::var("HAWKER_API_KEY").ok().filter(|key| !key.is_empty()) {
        return Ok(Secret::from(key));
    }
    let config = Config::load(config, std::env::vars())?;
    key::kept(&config)
}
