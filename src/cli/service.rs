//! A running service, asked over HTTP with a key.

mod call;
mod trouble;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode, redirect};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::OnceCell;
use url::Url;

use super::key;
use crate::config::{Config, is_loopback};
use crate::vault::Secret;
use trouble::Trouble;

pub(super) use call::{Call, Shop, name};
pub(super) use trouble::Refusal;

/// One answer; sums over a large inbox take their time.
const DEADLINE: Duration = Duration::from_secs(120);
/// A stream may take as long as it likes, but is not silent for longer.
pub(super) const SILENCE: Duration = Duration::from_secs(90);
const NO_DEADLINE: Duration = Duration::from_secs(6 * 3600);
/// Before a request that may be repeated is.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// Rows of one request.
const PAGE: usize = 500;
/// Rows of a list, unless others are asked for. It is what the service gives unasked.
const ROWS: usize = 100;

#[derive(Clone, Debug, Args)]
pub(super) struct ServiceArgs {
    /// The running service.
    #[arg(long, global = true, value_name = "URL", env = "HAWKER_SERVER", help_heading = "The service")]
    #[arg(default_value = "http://127.0.0.1:8080")]
    pub(super) server: Url,
    /// The settings file of the service: beside its database lies the key, where HAWKER_API_KEY does not say it.
    #[arg(long, global = true, value_name = "FILE", help_heading = "The service")]
    config: Option<PathBuf>,
    /// Prints the service's JSON as it came, for programs.
    #[arg(long, global = true, help_heading = "The service")]
    pub(super) json: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct PageArgs {
    /// At most so many [default: 100].
    #[arg(long, value_name = "ROWS")]
    pub(super) limit: Option<usize>,
    /// Goes on where an earlier list ended, as it said.
    #[arg(long, value_name = "PLACE")]
    pub(super) after: Option<String>,
}

/// What answers, and what opens it.
pub(super) struct Service {
    server: Url,
    key: Secret,
    client: Client,
    own_shop: OnceCell<i64>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// As it came.
    pub(super) text: String,
    pub(super) value: Value,
}

/// Rows of a list, of as many pages as it took.
#[derive(Debug)]
pub(super) struct Rows {
    /// The list as it came, as one page.
    pub(super) text: String,
    pub(super) rows: Vec<Value>,
    /// Where the next begins; none: there is no more.
    pub(super) next: Option<String>,
}

impl ServiceArgs {
    /// The settings file, where one is named.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The service, with the key that is known here.
    pub(super) fn open(&self, key: Option<Secret>) -> anyhow::Result<Service> {
        let key = match key {
            Some(key) => key,
            None => known_key(&self.server, self.config.as_deref())?,
        };
        Service::new(self.server.clone(), key)
    }
}

impl Service {
    fn new(server: Url, key: Secret) -> anyhow::Result<Self> {
        if server.scheme() != "https" && !(server.scheme() == "http" && is_loopback(&server)) {
            bail!("{server} is not https, and the key would travel to it in the clear: write https://...");
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder().timeout(DEADLINE).redirect(redirect::Policy::none());
        if server.scheme() == "http" {
            client = client.no_proxy().tls_certs_only([]);
        }
        let client = client.build().context("no HTTP client")?;
        Ok(Self { server, key, client, own_shop: OnceCell::new() })
    }

    /// Where it is, for people.
    pub(super) fn address(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    /// What is answered. What may be asked twice is, where that can help.
    pub(super) async fn send(&self, call: &Call) -> anyhow::Result<Answer> {
        let path = self.path(call).await?;
        let mut pauses = PAUSES.iter();
        loop {
            let trouble = match self.exchange(&path, call).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let pause = pauses.next().filter(|_| call.may_be_repeated());
            match pause.and_then(|pause| trouble.passes_after(*pause)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(trouble.told(self.address(), call)),
            }
        }
    }

    /// What is answered, as a value.
    pub(super) async fn read(&self, call: &Call) -> anyhow::Result<Value> {
        Ok(self.send(call).await?.value)
    }

    /// Pages of a list, until as many rows are there as are asked for, or all.
    pub(super) async fn rows(&self, call: &Call, page: &PageArgs) -> anyhow::Result<Rows> {
        let most = page.limit.unwrap_or(ROWS);
        let mut found = Rows { text: String::new(), rows: Vec::new(), next: page.after.clone() };
        let mut texts = Vec::new();
        loop {
            let asked = page.limit.map(|_| (most - found.rows.len()).clamp(1, PAGE));
            let call = call.clone().asking("after", found.next.take()).asking("limit", asked);
            let answer = self.send(&call).await?;
            found.take(&answer).with_context(|| format!("{} answered with no list", self.address()))?;
            texts.push(answer.text);
            if found.next.is_none() || found.rows.len() >= most {
                break;
            }
        }
        found.text = if texts.len() == 1 { texts.swap_remove(0) } else { joined(&texts, found.next.as_deref())? };
        Ok(found)
    }

    /// An answer that is read as it comes.
    pub(super) async fn stream(&self, call: &Call) -> anyhow::Result<Response> {
        let path = self.path(call).await?;
        let request = self.request(&path, call).timeout(NO_DEADLINE);
        let sent = tokio::time::timeout(DEADLINE, request.send()).await;
        let sent = sent.with_context(|| format!("{} gives no answer", self.address()))?;
        let answer = sent.map_err(|error| Trouble::from(error).told(self.address(), call))?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => Err(Trouble::of(answer).await.told(self.address(), call)),
        }
    }

    /// Sends a body as it is read. It is sent once: what was read is gone.
    pub(super) async fn upload(&self, call: &Call, kind: &str, body: Body) -> anyhow::Result<Answer> {
        let path = self.path(call).await?;
        let request = self.request(&path, call).timeout(NO_DEADLINE).header(CONTENT_TYPE, kind).body(body);
        answered(request).await.map_err(|trouble| trouble.told(self.address(), call))
    }

    async fn exchange(&self, path: &str, call: &Call) -> Result<Answer, Trouble> {
        let mut request = self.request(path, call);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        answered(request).await
    }

    fn request(&self, path: &str, call: &Call) -> RequestBuilder {
        let address = format!("{}{path}", self.address());
        let mut request = self.client.request(call.method.clone(), address).bearer_auth(self.key.expose());
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        request
    }

    async fn path(&self, call: &Call) -> anyhow::Result<String> {
        let seller = match call.shop {
            None => None,
            Some(Shop::Of(seller)) => Some(seller),
            Some(Shop::Mine) => Some(*self.own_shop.get_or_try_init(|| self.ask_for_own_shop()).await?),
        };
        Ok(call.path(seller))
    }

    async fn ask_for_own_shop(&self) -> anyhow::Result<i64> {
        let me = Call::get("/api/v1/me");
        let answer = self.exchange(me.route, &me).await.map_err(|trouble| trouble.told(self.address(), &me))?;
        let seller = &answer.value["seller"];
        seller.as_i64().or_else(|| seller["id"].as_i64()).context(
            "this key is no single shop's, so `mine` means none: name the seller by its number, as `hawker sellers list` \
             shows it",
        )
    }
}

async fn answered(request: RequestBuilder) -> Result<Answer, Trouble> {
    let answer = request.send().await?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Trouble::of(answer).await);
    }
    let text = answer.text().await?;
    let value = if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text) };
    let value = value.map_err(|_| Trouble::Foreign(status))?;
    Ok(Answer { status, text, value })
}

impl Rows {
    fn take(&mut self, answer: &Answer) -> Option<()> {
        let rows = answer.value["data"].as_array()?;
        self.rows.extend_from_slice(rows);
        self.next = match &answer.value["next"] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        Some(())
    }
}

/// Pages as one, each row as it came.
fn joined(pages: &[String], next: Option<&str>) -> anyhow::Result<String> {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
    }
    let mut rows = Vec::new();
    for page in pages {
        rows.extend(serde_json::from_str::<Page<'_>>(page)?.data.into_iter().map(RawValue::get));
    }
    Ok(format!("{{\"data\":[{}],\"next\":{}}}", rows.join(","), serde_json::to_string(&next)?))
}

/// The key: from the environment, from the settings, or from beside the database. What lies here opens what runs here,
/// and is shown to nobody else.
fn known_key(server: &Url, config: Option<&Path>) -> anyhow::Result<Secret> {
    if let Some(key) = std::env::var("HAWKER_API_KEY").ok().filter(|key| !key.is_empty()) {
        return Ok(Secret::from(key));
    }
    if !is_loopback(server) {
        bail!("no key for {server}: set HAWKER_API_KEY");
    }
    let config = Config::load(config, std::env::vars())?;
    key::kept(&config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_become_one_with_each_row_as_it_came() {
        let pages = [r#"{"data":[{"b":1,"a":0.10}],"next":"1"}"#, r#"{"next":"2", "data":[ 7 ]}"#];
        let joined = joined(&pages.map(str::to_owned), Some("2")).unwrap();
        assert_eq!(joined, r#"{"data":[{"b":1,"a":0.10},7],"next":"2"}"#);
    }

    #[test]
    fn a_key_that_lies_here_is_shown_to_nobody_elsewhere() {
        if std::env::var("HAWKER_API_KEY").is_ok() {
            return;
        }
        let refused = known_key(&"https://shop.example".parse().unwrap(), None).unwrap_err();
        assert!(refused.to_string().contains("HAWKER_API_KEY"), "{refused}");
    }
}
