//! `hawker` without a verb: the whole service against the sandbox, with a shop, a customer, and the story told.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use actors::clock::SystemClock;
use actors::domain::catalog::{Details, Product, Variant};
use actors::domain::channel::{Account, Channel};
use actors::domain::command::{CatalogWanted, Command, RunWanted};
use actors::domain::ids::SellerId;
use actors::domain::money::Money;
use actors::domain::seller::Settings;
use actors::domain::sync::catalog::CatalogSettings;
use actors::domain::sync::run::RunKind;
use actors::ports::Clock;
use actors::store::views::{self, Page};
use actors::store::{office, sync};
use anyhow::{Context, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::story::Story;
use super::{runtime, stop_signal};
use crate::app::App;
use crate::config::{Config, demo};
use crate::keys::Caller;
use crate::office::{NewAccount, Request};
use crate::sandbox::{self, Sandbox, SandboxSettings};
use crate::telemetry;
use crate::vault::Secret;

const DATABASE: &str = "sqlite://hawker-demo.db";
const ACCOUNT: &str = "17841400000000001";
/// A Page has one token, for itself and for the Instagram account linked to it.
const TOKEN: &str = "demo-token";
const PAGE: &str = "102030405060708";
const PAGE_NAME: &str = "Linen Shop";
/// The Page's catalog at Meta, and the business that owns it.
const CATALOG: &str = "800680000000001";
const SHOPKEEPER: &str = "901230000000001";
/// Who signs in at the stand-in for Meta.
const OWNER: &str = "10220000000000001";
const OTHER_PAGE: &str = "102030405060799";
const OTHER_ACCOUNT: &str = "17841400000000099";
const NUMBER: &str = "106540350000001";
const DISPLAY_NUMBER: &str = "15550100999";
const BUSINESS: &str = "110022003300440";
const NUMBER_TOKEN: &str = "demo-token-of-the-number";
const FIRST_WORDS: &str = "Hi! Two blue linen shirts in M, please";
const DETAILS: &str = "My phone is +1 555 010 0199, and please deliver to 12 Harbour Street, Springfield 94110";
const CUSTOMERS: [&str; 8] = ["Ada", "Ben", "Chloé", "Diego", "Eva", "Farid", "Greta", "Hugo"];

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where the demo listens; on this machine only.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the demo's stand-in for Meta listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    sandbox_listen: SocketAddr,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    if !args.listen.ip().is_loopback() || !args.sandbox_listen.ip().is_loopback() {
        bail!("the demo's secrets are known to everybody, so it listens on this machine only: use 127.0.0.1");
    }
    runtime()?.block_on(demo(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn demo(args: &DemoArgs) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stop = stop_signal()?;
    let listener = listen(args.listen, "--listen").await?;
    let meta = sandbox(args, clock.clone()).await?;
    let config = settings(&meta, listener.local_addr()?)?;
    telemetry::start(&config.log)?;
    let app = App::build(&config, listener, clock).await?;
    let webhook = format!("http://{}/webhooks/meta", app.address());
    meta.deliver_to(webhook.parse().context("no webhook address")?);
    let shop = at_meta(&meta, &config, &webhook);
    let seller = shop_of(&app).await?;
    // Whoever signs a webhook by hand writes as the first of them, in any run.
    let writer = shop.customer(CUSTOMERS[0]).id().to_owned();
    let story = Story::new(app.store().clone(), seller, meta.clone(), writer);
    let (address, store) = (app.address(), app.store().clone());
    let running = tokio::spawn(app.run_until_stopped(stop.clone()));
    println!("Hawker listens on http://{address}, its stand-in for Meta on {}.\n", meta.url());
    let telling = stop.child_token();
    let told = tokio::spawn(tell(story, shop, store, seller, telling.clone()));
    let ended = running.await.context("the service panicked");
    telling.cancel();
    told.await.context("the story panicked")??;
    meta.stop().await;
    ended?
}

/// What the shop has at Meta, all set as it should be; and who signs in there.
fn at_meta(meta: &Sandbox, config: &Config, webhook: &str) -> sandbox::Account {
    let shop = meta.add_account(ACCOUNT, "linen.shop", PAGE, TOKEN);
    shop.add_catalog(CATALOG, PAGE_NAME, SHOPKEEPER);
    meta.add_page(PAGE, PAGE_NAME, TOKEN);
    meta.add_number(NUMBER, DISPLAY_NUMBER, BUSINESS, NUMBER_TOKEN);
    meta.subscribe(PAGE, &config.connect.page_fields);
    meta.subscribe_app("instagram", webhook, &config.connect.app_fields);
    meta.subscribe_app("page", webhook, &config.connect.page_fields);
    // Whoever signs in may choose: the shop's account again, or one that is connected to nobody yet.
    meta.add_person(OWNER);
    meta.add_page_of(OWNER, (PAGE, PAGE_NAME), Some((ACCOUNT, "linen.shop")));
    meta.add_page_of(OWNER, (OTHER_PAGE, "Bloom & Vine"), Some((OTHER_ACCOUNT, "bloom.and.vine")));
    shop
}

async fn listen(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    let hint = || format!("could not listen on {address}: choose another address with {option}");
    TcpListener::bind(address).await.with_context(hint)
}

async fn sandbox(args: &DemoArgs, clock: Arc<dyn Clock>) -> anyhow::Result<Sandbox> {
    let listener = listen(args.sandbox_listen, "--sandbox-listen").await?;
    let now_ms = Arc::new(move || clock.now().timestamp_millis());
    let settings = SandboxSettings::new(demo::APP_SECRET, demo::VERIFY_TOKEN, now_ms);
    // A sandbox that starts anew has not heard from the customers of earlier runs.
    let settings = SandboxSettings { window: false, ..settings };
    Sandbox::start(settings, listener).context("could not start the stand-in for Meta")
}

/// The defaults, with the demo's secrets and a shorter wait before an answer. The environment may still say what to
/// log; nothing else of it counts, least of all a real database.
fn settings(meta: &Sandbox, address: SocketAddr) -> anyhow::Result<Config> {
    let log = std::env::vars().filter(|(name, _)| name.starts_with("HAWKER__LOG__"));
    let demo = [
        ("HAWKER__LOG__FILTER", "warn"),
        ("HAWKER__DATABASE__URL", DATABASE),
        ("HAWKER__SERVER__PUBLIC_URL", &format!("http://{address}")),
        ("HAWKER__META__META_APP_ID", sandbox::FACEBOOK_APP),
        ("HAWKER__META__META_APP_SECRET", demo::APP_SECRET),
        ("HAWKER__META__VERIFY_TOKEN", demo::VERIFY_TOKEN),
        ("HAWKER__META__GRAPH_BASE_URL", &meta.url()),
        ("HAWKER__SECRETS__ENCRYPTION_KEY", demo::ENCRYPTION_KEY),
        ("HAWKER__SECRETS__OPERATOR_API_KEY", demo::OPERATOR_API_KEY),
        // Nobody but this machine reaches the demo, so it may try its own address.
        ("HAWKER__WEBHOOKS__ALLOW_LOOPBACK", "true"),
        ("HAWKER__ACTORS__REPLY_QUIET", "1s"),
        ("HAWKER__ACTORS__SETTLE_UNKNOWN_AFTER", "10s"),
        ("HAWKER__SYNC__REVIEW_AFTER", "10s"),
    ];
    let demo = demo.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load(None, demo.into_iter().chain(log));
    config.map_err(|problems| anyhow::anyhow!("the demo's settings are wrong: {problems}"))
}

/// The demo's shop; opened on the first run, and connected to whatever a later version has more of.
async fn shop_of(app: &App) -> anyhow::Result<SellerId> {
    let known = actors::store::office::directory(app.store().reads()).await?;
    let seller = match known.first() {
        Some((_, seller)) => *seller,
        None => new_shop(app).await?,
    };
    for new in accounts(seller).into_iter().filter(|new| known.iter().all(|(known, _)| *known != new.account)) {
        app.office().connect(&Request::new(&Caller::service(), app.now()), new).await?;
    }
    app.sellers().reload_credentials(seller).await.context("the shop does not learn of its accounts")?;
    connect_catalog(app, seller).await?;
    Ok(seller)
}

/// The catalog is as new as its stand-in for Meta: what earlier runs of the demo had there is missed, and owed again.
async fn connect_catalog(app: &App, seller: SellerId) -> anyhow::Result<()> {
    let known = sync::current(app.store().reads(), seller).await?;
    let command = match known {
        Some(_) => Command::StartSync(RunWanted { kind: RunKind::Drift, rejected_again: false }),
        None => {
            let account = Account::new(Channel::Instagram, ACCOUNT);
            let connections = office::connections(app.store().reads(), seller).await?;
            let connection = connections.into_iter().find(|connection| connection.account == account);
            let connection = connection.context("the shop has no account")?.id;
            let settings = CatalogSettings::default();
            Command::PutCatalog(CatalogWanted { meta_id: CATALOG.to_owned(), connection, settings })
        }
    };
    app.sellers().command(seller, None, command).await.context("the shop does not learn of its catalog")?;
    Ok(())
}

async fn new_shop(app: &App) -> anyhow::Result<SellerId> {
    let usd = "USD".parse()?;
    let (caller, settings) = (Caller::service(), Settings::new(PAGE_NAME, usd));
    let seller = app.office().create_seller(&Request::new(&caller, app.now()), &settings).await?.value;
    let products = catalog(|minor| Money { minor, currency: usd });
    app.sellers().command(seller, None, Command::PutProducts { products }).await.context("no catalog")?;
    Ok(seller)
}

/// One on each channel.
fn accounts(seller: SellerId) -> [NewAccount; 3] {
    let account = |channel, id: &str, name: &str, token: &str| NewAccount {
        seller,
        account: Account::new(channel, id),
        linked: None,
        username: name.to_owned(),
        token: Secret::from(token.to_owned()),
    };
    let page = Some(Account::new(Channel::Messenger, PAGE));
    [
        NewAccount { linked: page, ..account(Channel::Instagram, ACCOUNT, "linen.shop", TOKEN) },
        account(Channel::Messenger, PAGE, PAGE_NAME, TOKEN),
        account(Channel::Whatsapp, NUMBER, DISPLAY_NUMBER, NUMBER_TOKEN),
    ]
}

fn catalog(usd: impl Fn(i64) -> Money) -> Vec<Product> {
    let variants = |sku: &str, colors: &[&str]| {
        let sizes = ["S", "M", "L"];
        let each = colors.iter().flat_map(|color| sizes.map(|size| (*color, size)));
        let variant = |(color, size): (&str, &str)| Variant {
            retailer_id: format!("{sku}-{}-{size}", &color[..3].to_uppercase()),
            options: vec![("Color".to_owned(), color.to_owned()), ("Size".to_owned(), size.to_owned())],
            ..Variant::default()
        };
        each.map(variant).collect::<Vec<_>>()
    };
    let product = |sku: &str, title: &str, price: i64, variants: Vec<Variant>| Product {
        variants,
        ..Product::new(sku, title, usd(price))
    };
    let products = vec![
        product("SHIRT", "Linen Shirt", 2990, variants("SHIRT", &["Blue", "White", "Sand"])),
        product("DRESS", "Linen Dress", 5490, variants("DRESS", &["White", "Olive"])),
        product("APRON", "Canvas Apron", 1900, Vec::new()),
        Product { stock: Some(5), ..product("TOTE", "Market Tote Bag", 1250, Vec::new()) },
    ];
    products.into_iter().map(|product| Product { details: details(&product).kept(), ..product }).collect()
}

/// What Meta wants to know of it.
fn details(product: &Product) -> Details {
    let (title, page) = (&product.title, product.retailer_id.to_lowercase());
    Details {
        description: Some(format!("{title}, cut and sewn close to home.")),
        link: Some(format!("https://linen.example/{page}")),
        images: vec![format!("https://linen.example/{page}.jpg")],
        ..Details::default()
    }
}

async fn tell(
    mut story: Story,
    shop: sandbox::Account,
    store: actors::store::Store,
    seller: SellerId,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let met = views::conversations(store.reads(), seller, Page { after: 0, limit: 500 }).await?.len();
    let name = match met / CUSTOMERS.len() {
        0 => CUSTOMERS[met].to_owned(),
        round => format!("{} {}", CUSTOMERS[met % CUSTOMERS.len()], round + 1),
    };
    let customer = shop.customer(&name);
    story.catch_up().await?;
    let meta = story.sandbox().clone();
    meta.deliver_later(&customer.writes(FIRST_WORDS));
    if story.until(&stop, |told| told.answers_confirmed >= 1).await? {
        meta.deliver_later(&customer.writes(DETAILS));
    }
    if story.until(&stop, |told| told.orders_confirmed >= 1 && told.answers_confirmed >= 2).await? {
        story.say_how_to_go_on();
    }
    story.until(&stop, |_| false).await?;
    Ok(())
}
