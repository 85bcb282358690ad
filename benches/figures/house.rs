//! The whole service in this process, on a fresh database, with shops in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actors::clock::SystemClock;
use actors::domain::channel::{Account, Channel};
use actors::domain::ids::SellerId;
use actors::ports::Clock;
use actors::sellers::Sellers;
use actors::store::ledger::{self, Equation};
use actors::store::{Store, StoreSettings};
use anyhow::{Context, ensure};
use hawker::app::App;
use hawker::config::Config;
use hawker::keys::Caller;
use hawker::office::{NewAccount, Request};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::client::{self, Load, Requests, Run};
use crate::meta::{self, Meta};
use crate::posts;
use crate::rows::{Goods, Past, Rows};

/// Names a server whose databases may be made and dropped; without it, SQLite is measured.
const POSTGRES: &str = "HAWKER_BENCH_POSTGRES_URL";
/// Any 32 bytes that do not look like a placeholder.
const ENCRYPTION_KEY: &str = "6b1f0c9d3e7a52846f90ab13cd57e8240d9b6a7c1e3f58924ab7c60d8e1f2539";
/// Opens the API.
pub(crate) const OPERATOR_KEY: &str = "operator-key-of-the-figures";
/// How often to look whether the sellers have nothing left to do.
const LOOK: Duration = Duration::from_millis(20);

/// What there is before the service starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// Shops, each with its account and products.
    pub(crate) shops: usize,
    /// Events handled long ago.
    pub(crate) old_events: usize,
    /// What was said and ordered in the first shop.
    pub(crate) past: Option<Past>,
}

/// The running service.
pub(crate) struct House {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its database.
    pub(crate) store: Store,
    /// Its actors.
    pub(crate) sellers: Sellers,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    place: Place,
}

/// Where the database is.
enum Place {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl House {
    /// Makes the database, fills it, and starts the service.
    pub(crate) async fn open(before: Before) -> anyhow::Result<Self> {
        let place = Place::make().await?;
        let rows = place.rows().await?;
        rows.put_shops(before.shops).await?;
        rows.put_products(before.shops).await?;
        rows.put_old_events(before.old_events, before.shops).await?;
        if let Some(past) = before.past {
            rows.put_past(past).await?;
        }
        rows.close().await?;
        let app = App::build(&config(&place.url()), free_port().await?, Arc::new(SystemClock)).await?;
        Ok(Self::run(app, place))
    }

    /// The same with one shop, which sells these goods and is connected to the stand-in for Meta.
    pub(crate) async fn with_catalog(goods: Goods, meta: &Meta, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let place = Place::make().await?;
        let rows = place.rows().await?;
        rows.put_shops(1).await?;
        rows.put_goods(goods).await?;
        rows.close().await?;
        let mut config = config(&place.url());
        config.meta.graph_base_url = meta.url.clone();
        let app = App::build(&config, free_port().await?, clock).await?;
        let account = NewAccount {
            seller: SellerId(1),
            account: Account::new(Channel::Instagram, meta::SHOP),
            linked: Some(Account::new(Channel::Messenger, meta::PAGE)),
            username: "linen.shop".to_owned(),
            token: meta::TOKEN.to_owned().into(),
        };
        app.office().connect(&Request::new(&Caller::service(), app.now()), account).await?;
        Ok(Self::run(app, place))
    }

    fn run(app: App, place: Place) -> Self {
        let (address, store, sellers) = (app.address(), app.store().clone(), app.sellers().clone());
        let stop = CancellationToken::new();
        let running = tokio::spawn(app.run_until_stopped(stop.clone()));
        Self { address, store, sellers, stop, running, place }
    }

    /// `SQLite` or `PostgreSQL`.
    pub(crate) fn database(&self) -> &'static str {
        match self.place {
            Place::Sqlite(_) => "SQLite",
            Place::Postgres { .. } => "PostgreSQL",
        }
    }

    /// A connection of its own, to look with while the service's are in use.
    pub(crate) async fn look(&self) -> anyhow::Result<DatabaseConnection> {
        let settings = StoreSettings { url: self.place.url(), read_connections: 1, write_connections: 1 };
        Ok(Store::look(&settings).await?)
    }

    /// Sends requests as fast as they are answered.
    pub(crate) async fn send(&self, requests: Requests, connections: usize) -> anyhow::Result<Run> {
        client::send(requests, Load { to: self.address, connections, pace: None }).await
    }

    /// Lets sellers take no turn, or take turns again.
    pub(crate) async fn pause(&self, shops: usize, paused: bool) -> anyhow::Result<()> {
        for shop in 1..=shops {
            let seller = SellerId(i64::try_from(shop)?);
            if paused {
                self.sellers.pause(seller).await?
            } else {
                self.sellers.resume(seller).await?
            };
        }
        Ok(())
    }

    /// Waits until no event is pending, and says how long that took.
    pub(crate) async fn settle(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        while self.one("SELECT COUNT(*) FROM (SELECT 1 FROM inbox_event WHERE state = 'pending' LIMIT 1) AS p").await?
            > 0
        {
            ensure!(began.elapsed() < Duration::from_secs(600), "events are left after ten minutes");
            sleep(LOOK).await;
        }
        Ok(began.elapsed())
    }

    /// How many events wait for their sellers.
    pub(crate) async fn pending(&self) -> anyhow::Result<i64> {
        self.one("SELECT COUNT(*) FROM inbox_event WHERE state = 'pending'").await
    }

    /// The one number that a query answers.
    pub(crate) async fn one(&self, sql: &str) -> anyhow::Result<i64> {
        let reads = self.store.reads();
        let row = reads.query_one_raw(Statement::from_string(reads.get_database_backend(), sql)).await?;
        Ok(row.context("no row")?.try_get_by_index(0)?)
    }

    /// Fails when an event is lost or made up: a figure of a service that forgets would be worth nothing.
    pub(crate) async fn check_equation(&self) -> anyhow::Result<Equation> {
        let equation = ledger::equation(self.store.reads()).await?;
        ensure!(equation.holds() && equation.ledgered == 0 && equation.duplicate == 0, "{equation:?}");
        Ok(equation)
    }

    /// Stops the service and removes the database.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.running.await??;
        // Its connections go with it.
        drop((self.store, self.sellers));
        self.place.remove().await
    }
}

impl Place {
    async fn make() -> anyhow::Result<Self> {
        let Ok(server) = std::env::var(POSTGRES) else { return Ok(Self::Sqlite(TempDir::new()?)) };
        let name = format!("hawker_figures_{}", std::process::id());
        let connection = Database::connect(&server).await.context("could not reach PostgreSQL")?;
        connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        connection.close().await?;
        Ok(Self::Postgres { server, name })
    }

    /// Gives it its tables.
    async fn rows(&self) -> anyhow::Result<Rows> {
        let settings = StoreSettings { url: self.url(), read_connections: 1, write_connections: 1 };
        Store::migrate(&settings).await?;
        Rows::open(&self.url()).await
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/hawker.db", folder.path().display()),
            Self::Postgres { server, name } => match url::Url::parse(server) {
                Ok(mut url) => {
                    url.set_path(name);
                    url.into()
                }
                Err(_) => server.clone(),
            },
        }
    }

    async fn remove(self) -> anyhow::Result<()> {
        if let Self::Postgres { server, name } = self {
            let connection = Database::connect(&server).await?;
            connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
            connection.close().await?;
        }
        Ok(())
    }
}

async fn free_port() -> anyhow::Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

/// The defaults, except that no answer leaves: what is measured is the way in.
fn config(url: &str) -> Config {
    let mut config = Config::default();
    config.database.url = url.to_owned().into();
    config.meta.instagram_app_secret = Some(posts::APP_SECRET.to_owned().into());
    config.secrets.encryption_key = Some(ENCRYPTION_KEY.to_owned().into());
    config.secrets.operator_api_key = Some(OPERATOR_KEY.to_owned().into());
    config.api.requests_per_second = std::num::NonZeroU32::MAX;
    config.api.burst = std::num::NonZeroU32::MAX;
    config.actors.reply_quiet = Duration::from_secs(3600);
    config.actors.idle_unload = Duration::from_secs(3600);
    config
}

/// The time, for what customers say.
pub(crate) fn now_ms() -> i64 {
    SystemClock.now().timestamp_millis()
}
