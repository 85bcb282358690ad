//! A large catalog through the client to the stand-in for Meta and read back: calls, time, and memory of both together.
//! It is what a sync takes that costs nothing itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use actors::domain::catalog::{Availability, Condition};
use actors::domain::channel::{Account, Channel};
use actors::domain::event::CallResult;
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::money::Money;
use actors::domain::sync::call::{CatalogAnswer, CatalogAsk};
use actors::domain::sync::item::{CatalogItem, ItemChange};
use actors::ports::{Graph, GraphCall, GraphRequest, Later};
use anyhow::{Context, bail, ensure};
use hawker::graph::{Addresses, Credentials, GraphClient};
use hawker::sandbox::{Catalog, Sandbox, SandboxSettings};
use tokio::net::TcpListener;

use crate::house::now_ms;
use crate::measure::{most_resident, resident};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Items that go up.
    #[arg(long, default_value_t = 100_000)]
    items: usize,
    /// Items in a batch.
    #[arg(long, default_value_t = 3_000)]
    per_batch: usize,
    /// Items in a page, when they are read back.
    #[arg(long, default_value_t = 1_000)]
    per_page: u32,
}

const SHOP: &str = "17841400000000001";
const PAGE: &str = "102030405060708";
const CATALOG: &str = "800680000000001";
/// Longer than any batch takes there.
const PAUSE_MS: i64 = 10_000;

/// Client and stand-in, and a clock between them that is moved by hand.
struct Meta {
    graph: GraphClient,
    sandbox: Sandbox,
    catalog: Catalog,
    clock: Arc<AtomicI64>,
}

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let meta = Meta::start().await?;
    let mut table = Table::default();
    table.add("started", &meta, Duration::ZERO)?;
    for what in ["all items, new", "all items, as they are already"] {
        let began = Instant::now();
        let slowest = meta.send_all(args).await?;
        table.add(
            &format!("{what}; slowest batch {:.0} ms", slowest.as_secs_f64() * 1000.0),
            &meta,
            began.elapsed(),
        )?;
        ensure!(meta.catalog.len() == args.items, "{} items arrived", meta.catalog.len());
    }
    let began = Instant::now();
    let seen = meta.read_all(args.per_page).await?;
    ensure!(seen == args.items, "{seen} items were read");
    table.add(&format!("read back, {} a page", args.per_page), &meta, began.elapsed())?;
    ensure!(meta.sandbox.wrong_calls().is_empty(), "{:?}", meta.sandbox.wrong_calls());
    println!("\n{} items, {} in a batch\n", args.items, args.per_batch);
    println!("| | calls so far | took | resident | most so far |\n| --- | --- | --- | --- | --- |");
    println!("{}", table.0.join("\n"));
    meta.sandbox.stop().await;
    Ok(())
}

impl Meta {
    async fn start() -> anyhow::Result<Self> {
        let clock = Arc::new(AtomicI64::new(now_ms()));
        let now = Arc::clone(&clock);
        let settings = SandboxSettings::new("secret", "verify", Arc::new(move || now.load(Ordering::SeqCst)));
        let sandbox = Sandbox::start(settings, TcpListener::bind("127.0.0.1:0").await?)?;
        let catalog = sandbox.add_account(SHOP, "linen.shop", PAGE, "a-token").add_catalog(CATALOG, "Linen", "901");
        let url: url::Url = sandbox.url().parse()?;
        let addresses = Addresses { graph: url.clone(), instagram: url };
        let credentials =
            Credentials { token: "a-token".to_owned().into(), page: Some(PAGE.to_owned()), generation: 1 };
        let tokens = Arc::new(move |_, _, _| {
            let credentials = credentials.clone();
            Box::pin(async move { Ok(credentials) }) as Later<'static, _>
        });
        let graph = GraphClient::new(addresses, "v26.0".to_owned(), tokens)?;
        Ok(Self { graph, sandbox, catalog, clock })
    }

    async fn ask(&self, ask: CatalogAsk) -> anyhow::Result<CatalogAnswer> {
        let account = Account::new(Channel::Instagram, SHOP);
        let request = GraphRequest::Catalog { catalog: CATALOG.to_owned(), ask };
        let call = GraphCall { seller: SellerId(1), connection: ConnectionId(1), account, request };
        match self.graph.call(&call).await {
            CallResult::Catalog { told } => Ok(*told),
            result => bail!("no answer: {result:?}"),
        }
    }

    /// Sends everything, a batch after the other, and says how long the slowest took until it was known to be done.
    async fn send_all(&self, args: &Args) -> anyhow::Result<Duration> {
        let mut slowest = Duration::ZERO;
        for first in (0..args.items).step_by(args.per_batch) {
            let last = (first + args.per_batch).min(args.items);
            let changes = (first..last).map(|number| ItemChange::Put(Box::new(item(number)))).collect();
            let began = Instant::now();
            let taken = self.ask(CatalogAsk::Batch { changes }).await?;
            let CatalogAnswer::Batched { handle: Some(handle), .. } = taken else { bail!("{taken:?}") };
            self.clock.fetch_add(PAUSE_MS, Ordering::SeqCst);
            let told = self.ask(CatalogAsk::Status { handle }).await?;
            let CatalogAnswer::Status { is_finished: true, errors_total: 0, .. } = told else { bail!("{told:?}") };
            slowest = slowest.max(began.elapsed());
        }
        Ok(slowest)
    }

    async fn read_all(&self, limit: u32) -> anyhow::Result<usize> {
        let (mut seen, mut after) = (0, None);
        loop {
            let told = self.ask(CatalogAsk::Page { after, limit }).await?;
            let CatalogAnswer::Page { items, next } = told else { bail!("{told:?}") };
            seen += items.len();
            after = next;
            if after.is_none() {
                return Ok(seen);
            }
        }
    }
}

#[derive(Default)]
struct Table(Vec<String>);

impl Table {
    fn add(&mut self, what: &str, meta: &Meta, took: Duration) -> anyhow::Result<()> {
        let (now, most) = (resident().context("memory")? >> 20, most_resident()? >> 20);
        let (calls, seconds) = (meta.sandbox.calls(), took.as_secs_f64());
        self.0.push(format!("| {what} | {calls} | {seconds:.1} s | {now} MiB | {most} MiB |"));
        Ok(())
    }
}

/// One of which every fourth is on sale.
fn item(number: usize) -> CatalogItem {
    let minor = 500 + (number % 90) as i64;
    let price = |minor| Money { minor, currency: "USD".parse().expect("three letters") };
    CatalogItem {
        retailer_id: format!("T{number}"),
        title: format!("Woven Thing Number {number}"),
        description: "Woven from long-staple fibre; washed soft and sewn close to home. ".repeat(4),
        availability: Availability::InStock,
        condition: Condition::New,
        price: price(minor),
        sale_price: number.is_multiple_of(4).then(|| price(minor - 100)),
        link: format!("https://shop.example/{number}"),
        images: vec![format!("https://cdn.example/{number}.jpg")],
        brand: "Ada".to_owned(),
        quantity: Some(3),
        group: Some(format!("G{}", number / 3)),
        options: vec![("Size".to_owned(), ["S", "M", "L"][number % 3].to_owned())],
        category: None,
        product_type: None,
    }
}
