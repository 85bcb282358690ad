//! One shop whose products are changed all the while, over HTTP, as its staff would: whatever is killed, they ask again
//! until they are answered.

use std::collections::BTreeMap;
use std::time::Duration;

use actors::domain::ids::SellerId;
use actors::domain::sync::known::ItemState;
use actors::domain::sync::run::{RunStatus, SyncRun};
use actors::store::{Store, office, sync};
use anyhow::{Context, bail};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::super::brief;
use super::super::places::Place;
use super::super::shops::ShopPlan;
use super::truth::{Told, Truth};
use crate::config::demo;
use crate::graph::loopback_client;
use crate::sandbox::Catalog;

/// How long an answer, or the end of a run, may take.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(60);
const AGAIN_AFTER: Duration = Duration::from_millis(40);
/// Products of one request.
const AT_ONCE: usize = 200;

/// One shop.
pub(super) struct Shelf {
    plan: ShopPlan,
    catalog: Catalog,
    place: Place,
    products: u32,
    truth: Truth,
    rng: StdRng,
    is_enough: watch::Receiver<bool>,
    http: Option<reqwest::Client>,
    rounds: u32,
}

/// Meta's id of a shop's catalog.
pub(super) fn catalog_id(plan: &ShopPlan) -> String {
    format!("8006{:011}", plan.n + 1)
}

impl Shelf {
    pub(super) fn new(
        plan: &ShopPlan,
        catalog: Catalog,
        place: &Place,
        (seed, products): (u64, u32),
        is_enough: watch::Receiver<bool>,
    ) -> Self {
        let (plan, place) = (plan.clone(), place.clone());
        let rng = StdRng::seed_from_u64(seed ^ u64::from(plan.n) << 16);
        Self { plan, catalog, place, products, truth: Truth::default(), rng, is_enough, http: None, rounds: 0 }
    }

    /// Fills it, changes it round by round for as long as there are troubles, and lets it come to rest.
    pub(super) async fn keep_full(mut self) -> anyhow::Result<Self> {
        self.http = Some(loopback_client(Duration::from_secs(20))?);
        let seller = self.seller().await?;
        let connections =
            self.asks(Method::GET, &format!("/api/v1/sellers/{seller}/connections"), &Value::Null).await?;
        let mode = if self.plan.n == 0 { "one_by_one" } else { "batch" };
        let wanted = json!({ "meta_id": catalog_id(&self.plan), "connection": connections["data"][0]["id"],
            "mode": mode, "reviews": false, "drift": false });
        self.asks(Method::PUT, &format!("/api/v1/sellers/{seller}/catalog"), &wanted).await?;
        let all = self.skus();
        self.sell(seller, &all).await?;
        self.goes_up(seller, "full").await?;
        while !*self.is_enough.borrow() {
            self.rounds += 1;
            self.change(seller, &all, 3).await?;
            self.goes_up(seller, "incremental").await?;
        }
        // What was changed in the midst of the last run.
        self.goes_up(seller, "incremental").await?;
        Ok(self)
    }

    /// What came of it.
    pub(super) async fn told(&self) -> anyhow::Result<Told> {
        let name = if self.plan.n == 0 { "one by one" } else { "in batches" };
        let mut told = self.truth.compare(name, &self.catalog, self.cap());
        told.summary = format!("{}; {} rounds of changes", told.summary, self.rounds);
        let (seller, reads) = (self.seller().await?, Store::look(&self.place.store()).await?);
        let found = match sync::current(&reads, seller).await? {
            Some(catalog) => sync::by_state(&reads, (seller, catalog.id)).await?,
            None => BTreeMap::new(),
        };
        reads.close().await?;
        let (for_sale, removed) = self.truth.count();
        let count = |state: ItemState| found.get(&state).copied().unwrap_or(0);
        let known = (count(ItemState::Accepted), count(ItemState::Removed));
        // What was removed before anybody looked at it is not known of.
        if known.0 != for_sale as u64 || known.1 > removed as u64 || known.0 + known.1 != found.values().sum::<u64>() {
            told.wrong.push(format!("{name}: {for_sale} are for sale, {removed} are not; known are {found:?}"));
        }
        Ok(told)
    }

    /// The cap of both shops, made for the larger one: that which goes up in batches has a quarter of its products.
    fn cap(&self) -> u32 {
        super::cap(if self.plan.n == 0 { self.products } else { self.products * 4 })
    }

    fn skus(&self) -> Vec<String> {
        (0..self.products).map(|n| format!("SKU{n:05}")).collect()
    }

    /// A part of them is otherwise from now on; some are not for sale any more, or again.
    async fn change(&mut self, seller: SellerId, all: &[String], part: u32) -> anyhow::Result<()> {
        let chosen: Vec<String> = all.iter().filter(|_| self.rng.random_ratio(1, part)).cloned().collect();
        let (gone, sold): (Vec<String>, Vec<String>) =
            chosen.into_iter().partition(|sku| self.truth.is_for_sale(sku) && self.rng.random_bool(0.1));
        for sku in gone {
            self.truth.want(&sku, false);
            self.asks(Method::DELETE, &format!("/api/v1/sellers/{seller}/products/{sku}"), &json!({})).await?;
        }
        self.sell(seller, &sold).await
    }

    async fn sell(&mut self, seller: SellerId, skus: &[String]) -> anyhow::Result<()> {
        for skus in skus.chunks(AT_ONCE) {
            let products: Vec<Value> = skus.iter().map(|sku| product(sku, self.truth.want(sku, true))).collect();
            let path = format!("/api/v1/sellers/{seller}/products");
            self.asks(Method::PUT, &path, &json!({ "products": products })).await?;
        }
        Ok(())
    }

    /// A run from its start to its end. In its midst a few products change.
    async fn goes_up(&mut self, seller: SellerId, kind: &str) -> anyhow::Result<()> {
        let runs = format!("/api/v1/sellers/{seller}/sync/runs");
        self.asks(Method::POST, &runs, &json!({ "kind": kind })).await?;
        if !*self.is_enough.borrow() {
            sleep(LOOK_EVERY).await;
            self.change(seller, &self.skus(), 20).await?;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let run = self.newest_run(seller).await;
            match run {
                Some(run) if !run.is_open() && run.status == RunStatus::Completed => return Ok(()),
                Some(run) if !run.is_open() => bail!("a run ended as {}: {:?}", run.status.name(), run.failure),
                run if Instant::now() > until => bail!("a run did not end within {PATIENCE:?}: {run:?}"),
                _ => sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn newest_run(&self, seller: SellerId) -> Option<SyncRun> {
        let reads = Store::look(&self.place.store()).await.ok()?;
        let runs = sync::runs(&reads, seller, None, 1).await;
        reads.close().await.ok()?;
        runs.ok()?.pop()
    }

    /// The shop's id, once a life of the service has opened it.
    async fn seller(&self) -> anyhow::Result<SellerId> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(reads) = Store::look(&self.place.store()).await {
                let known = office::directory(&reads).await;
                reads.close().await?;
                let seller = known.unwrap_or_default().into_iter().find(|(account, _)| *account == self.plan.account());
                if let Some((_, seller)) = seller {
                    return Ok(seller);
                }
            }
            if Instant::now() > until {
                bail!("the shop {} was not opened within {PATIENCE:?}", self.plan.n);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Asks until it is answered: none of what is asked does anything more when it is done twice.
    async fn asks(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let (http, until) = (self.http.as_ref().context("no client")?, Instant::now() + PATIENCE);
        loop {
            let address = std::fs::read_to_string(brief::address(&self.place.dir)).unwrap_or_default();
            let asked = http.request(method.clone(), format!("http://{address}{path}")).json(body);
            let answer = asked.bearer_auth(demo::OPERATOR_API_KEY).send().await;
            let why = match answer {
                Ok(answer) if answer.status().is_success() => {
                    if let Ok(json) = answer.json().await {
                        return Ok(json);
                    }
                    "the answer was cut off".to_owned()
                }
                // It was removed before the answer was lost.
                Ok(answer) if method == Method::DELETE && answer.status() == 404 => return Ok(Value::Null),
                Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                    bail!("{method} {path}: {} {}", answer.status(), answer.text().await.unwrap_or_default())
                }
                Ok(answer) => answer.status().to_string(),
                Err(error) => error.to_string(),
            };
            if Instant::now() > until {
                bail!("{method} {path} was not answered within {PATIENCE:?}: {why}");
            }
            sleep(AGAIN_AFTER).await;
        }
    }
}

fn product(sku: &str, cents: u32) -> Value {
    json!({
        "retailer_id": sku, "title": format!("Woven Thing {sku}"), "price": format!("{}.{:02}", cents / 100, cents % 100),
        "stock": 7, "description": "Woven from long fibre, washed soft.", "link": format!("https://shop.example/{sku}"),
        "images": [format!("https://cdn.example/{sku}.jpg")], "brand": "Ada",
    })
}
