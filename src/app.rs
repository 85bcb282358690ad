//! Wires everything together, runs it, and ends it in order.

mod accounts;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actors::domain::budget::Caps;
use actors::domain::webhook::Schedule;
use actors::herald::Plain;
use actors::ports::{Clock, Decode, Graph, Later};
use actors::root::Tree;
use actors::sellers::Sellers;
use actors::shop::{ShopRules, SyncRules};
use actors::store::ledger;
use actors::store::office as office_store;
use actors::store::unknown::Room;
use actors::store::{Boot, Store, StoreSettings};
use actors::world::{Outside, Parts, TreeSettings, World};
use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;
use url::Url;

use self::accounts::{care, login, proofs};
use crate::config::{self, Config};
use crate::connect::{Connect, ConnectParts};
use crate::doctor::Doctor;
use crate::door::{self, Objects, Secrets, SecretsSeen, VerifyTokens};
use crate::goods::Goods;
use crate::graph::{Addresses, GraphClient};
use crate::keys::{Gate, Guesses, Keys, Pace};
use crate::office::{self, Office, secrets};
use crate::server::{Server, ServerSettings};
use crate::vault::{Marks, Secret, Vault};
use crate::web::api::{self, Api};
use crate::web::body::{BodyLimits, BodyRoom};
use crate::web::callbacks::{self, Callbacks};
use crate::web::webhooks::{Keep, NotStored, WebhookLimits, Webhooks};
use crate::web::{self, Site};
use crate::webhooks_out::{Endpoints, Sender, SenderSettings};

/// How long the actors may take to end what they have in hand.
const TREE_STOP: Duration = Duration::from_secs(10);

/// The whole service, ready to run.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    store: Store,
    office: Office,
    gate: Arc<Gate>,
    endpoints: Endpoints,
    connect: Connect,
    doctor: Doctor,
    tree: Tree,
    server: Server,
    site: Site,
    serving: CancellationToken,
    clock: Arc<dyn Clock>,
    boot: Boot,
}

impl App {
    /// Opens the database, brings it up to date, and starts the actors. Nothing is served yet.
    pub async fn build(config: &Config, listener: TcpListener, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Self::build_reading(config, listener, clock, door::decode).await
    }

    /// The same, with a decoder of somebody's own: only the prover has one.
    pub(crate) async fn build_reading(
        config: &Config,
        listener: TcpListener,
        clock: Arc<dyn Clock>,
        decode: Decode,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("could not read the address listened on")?;
        let store = opened_store(config).await?;
        let opened = Opened::with(config, &store).await?;
        let (vault, marks) = (opened.vault.clone(), opened.marks.clone());
        let boot = store.boot(clock.now()).await.context("could not note the start of this process")?;
        let world = World::new(Parts { decode, ..parts(config, &store, &opened, &boot, clock.clone())? });
        let tree = Tree::start(world.clone()).await.context("could not read the connected accounts")?;
        let keys = keys(config, &store)?;
        let endpoints = Endpoints::new(store.clone(), vault.clone(), world.clone(), config.webhooks.allow_loopback);
        let office = Office::new(store.clone(), vault.clone(), world.clone(), tree.sellers.clone(), keys.clone());
        let verify = verify_tokens(config);
        let parts = ConnectParts {
            store: store.clone(),
            office: office.clone(),
            login: login(config)?,
            tokens: office::tokens(store.clone(), vault),
            world,
            clock: clock.clone(),
            verify: verify.clone(),
        };
        let seen = Arc::new(SecretsSeen::of(&secrets_of_apps(config)));
        let (connect, doctor) = care(config, parts, (&tree.sellers, &seen));
        let (gate, serving) = (Arc::new(gate(config, keys)), CancellationToken::new());
        let ways = Ways {
            store: &store,
            office: &office,
            gate: &gate,
            endpoints: &endpoints,
            connect: &connect,
            doctor: &doctor,
            seen,
            verify,
            serving: &serving,
            marks: &marks,
            address,
        };
        let site = site(config, ways, &tree, clock.clone())?;
        Ok(Self {
            listener,
            address,
            store,
            office,
            gate,
            endpoints,
            connect,
            doctor,
            tree,
            server: server(config),
            site,
            serving,
            clock,
            boot,
        })
    }

    /// A second tree of actors over the same shops, as a second process would have it: only the prover wants one.
    pub(crate) async fn rival(&self, config: &Config) -> anyhow::Result<Tree> {
        let opened = Opened::with(config, &self.store).await?;
        // No life has a number below zero, so what one of the two has claimed the other takes for another life's.
        let boot = Boot { id: -self.boot.id, ..self.boot };
        let parts = parts(config, &self.store, &opened, &boot, self.clock.clone())?;
        Tree::start(World::new(parts)).await.context("could not start the rival actors")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What time it is for the service.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The database, to look at.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Sellers and their accounts.
    pub fn office(&self) -> &Office {
        &self.office
    }

    /// What a request passes.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Whom sellers want to be told of what happens.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The sellers' actors.
    pub fn sellers(&self) -> &Sellers {
        &self.tree.sellers
    }

    /// What sellers have for sale, as files.
    pub fn goods(&self) -> Goods {
        Goods::new(self.store.clone(), self.tree.sellers.clone())
    }

    /// Serves until told to stop, or until the actors cannot go on. Then: accept nobody more and end the requests in
    /// hand, end the actors, close the database.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> anyhow::Result<()> {
        info!(address = %self.address, "listening on {}", self.address);
        let serving = self.serving;
        let server = tokio::spawn(self.server.serve(self.listener, self.site, serving.clone()));
        let upkeep = tokio::spawn(self.connect.keep_up(serving.clone()));
        let rounds = tokio::spawn(self.doctor.make_rounds(serving.clone()));
        let fallen = tokio::select! {
            () = stop.cancelled() => None,
            sentence = self.tree.fallen() => Some(sentence),
        };
        info!("stopping: no new requests");
        serving.cancel();
        server.await.context("the server panicked")?;
        upkeep.await.context("the upkeep of connections panicked")?;
        rounds.await.context("the rounds of the doctor panicked")?;
        info!("stopping: no new turns");
        self.tree.stop(TREE_STOP).await;
        self.store.close(self.clock.now()).await.context("could not close the database cleanly")?;
        info!("stopped");
        match fallen {
            Some(sentence) => bail!("{sentence}"),
            None => Ok(()),
        }
    }
}

/// What the settings' encryption key opens.
struct Opened {
    vault: Arc<Vault>,
    marks: Arc<Marks>,
}

impl Opened {
    async fn with(config: &Config, store: &Store) -> anyhow::Result<Self> {
        let keys = config.secrets.keys().context("secrets.encryption_key is not usable")?;
        let vault = Arc::new(Vault::new(keys.context("secrets.encryption_key is not set")?));
        let root = secrets::root(store, &vault, config.secrets.accept_lost_key).await;
        let root = root.context("the encryption key does not fit what is stored")?;
        Ok(Self { vault, marks: Arc::new(Marks::of(&root)) })
    }
}

fn parts(
    config: &Config,
    store: &Store,
    Opened { vault, marks }: &Opened,
    boot: &Boot,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Parts> {
    let tokens = office::tokens(store.clone(), vault.clone());
    let addresses = Addresses { graph: config.meta.graph_base_url.clone(), instagram: config.meta.instagram_url() };
    let version = config.meta.graph_version.clone();
    let graph = GraphClient::new(addresses, version, tokens).context("no Graph API client")?;
    let graph: Arc<dyn Graph> = Arc::new(graph.proving(proofs(config)));
    let rules = rules(config, boot.id)?;
    Ok(Parts {
        store: store.clone(),
        clock,
        graph,
        decode: door::decode,
        outside: outside(config, vault)?,
        rules,
        settings: tree_settings(config)?,
        keyed: marks.clone(),
        careful_through: boot.careful_through,
    })
}

fn outside(config: &Config, vault: &Arc<Vault>) -> anyhow::Result<Outside> {
    let config::Webhooks { timeout, allow_loopback, retries, disable_after, .. } = &config.webhooks;
    let settings = SenderSettings { timeout: *timeout, allow_loopback: *allow_loopback };
    let sender = Sender::new(vault.clone(), settings).context("no client for webhooks out")?;
    let waits = retries.iter().map(|wait| delta(*wait)).collect::<Result<_, _>>()?;
    let schedule = Schedule { waits, disable_after: delta(*disable_after)? };
    Ok(Outside { render: Arc::new(Plain), post: Arc::new(sender), schedule })
}

fn delta(time: Duration) -> anyhow::Result<TimeDelta> {
    TimeDelta::from_std(time).context("a duration of the settings is too long")
}

fn rules(config: &Config, boot: i64) -> anyhow::Result<ShopRules> {
    Ok(ShopRules {
        reply_quiet: delta(config.actors.reply_quiet)?,
        reply_max_age: delta(config.actors.reply_max_age)?,
        settle_after: delta(config.actors.settle_unknown_after)?,
        max_threads: config.actors.max_conversations_in_memory,
        max_in_flight: config.actors.calls_per_seller,
        caps: Caps {
            messages_per_hour: config.budgets.messages_per_hour,
            private_replies_per_hour: config.budgets.private_replies_per_hour,
            catalog_batches_per_minute: config.budgets.catalog_batches_per_minute,
            graph_per_hour: config.budgets.graph_per_hour,
            graph_reserve: config.budgets.graph_reserve,
        },
        boot,
        sync: SyncRules {
            batch_items: config.sync.batch_items,
            batch_bytes: config.sync.batch_bytes,
            list_items: config.sync.list_items,
            handle_deadline: delta(config.sync.handle_deadline)?,
            review_after: delta(config.sync.review_after)?,
        },
    })
}

fn tree_settings(config: &Config) -> anyhow::Result<TreeSettings> {
    let kept = &config.ledger;
    Ok(TreeSettings {
        turn_events: config.actors.turn_events as u64,
        idle_unload: config.actors.idle_unload,
        restart_base: config.actors.restart_backoff,
        max_falls: config.actors.max_falls,
        sweep: config.actors.sweep,
        messages_at_once: config.actors.courier_concurrency,
        calls_per_seller: config.actors.calls_per_seller,
        webhooks_at_once: config.webhooks.concurrency,
        keep_shop_events: delta(config.webhooks.keep_events)?,
        append_waiting: config.server.webhooks_in_hand,
        room: Room { of_account: kept.unknown_account_events, of_all: kept.unknown_events },
        keep: ledger::Keep {
            decided: delta(kept.keep_handled)?,
            ledgered: delta(kept.keep_ledgered)?,
            unknown_account: delta(kept.keep_unknown_account)?,
        },
        keep_office: office_store::Keep { audit: delta(config.api.keep_audit)?, ..TreeSettings::default().keep_office },
        ..TreeSettings::default()
    })
}

fn gate(config: &Config, keys: Keys) -> Gate {
    let pace = Pace::new(config.api.requests_per_second, config.api.burst);
    Gate::new(keys, pace, Guesses::new(config.api.wrong_keys_per_minute))
}

/// The database, brought up to date.
async fn opened_store(config: &Config) -> anyhow::Result<Store> {
    let settings = StoreSettings {
        url: config.database.url.expose().to_owned(),
        read_connections: config.database.read_connections,
        write_connections: config.database.write_connections,
    };
    let place = settings.place();
    let not_current = || format!("could not bring the database {place} up to date");
    Store::migrate(&settings).await.with_context(not_current)?;
    Store::open(&settings).await.with_context(|| format!("could not open the database {place}"))
}

fn keys(config: &Config, store: &Store) -> anyhow::Result<Keys> {
    let operator_key = config.secrets.operator_api_key.clone().context("secrets.operator_api_key is not set")?;
    Ok(Keys::new(store.clone(), operator_key))
}

fn server(config: &Config) -> Server {
    Server::new(ServerSettings {
        max_connections: config.server.max_connections,
        head_timeout: config.server.header_timeout,
        stop_grace: config.server.stop_timeout,
        ..ServerSettings::default()
    })
}

/// What the site is made of, beside the tree.
struct Ways<'a> {
    store: &'a Store,
    office: &'a Office,
    gate: &'a Arc<Gate>,
    endpoints: &'a Endpoints,
    connect: &'a Connect,
    doctor: &'a Doctor,
    seen: Arc<SecretsSeen>,
    verify: VerifyTokens,
    serving: &'a CancellationToken,
    marks: &'a Arc<Marks>,
    address: SocketAddr,
}

fn site(config: &Config, ways: Ways<'_>, tree: &Tree, clock: Arc<dyn Clock>) -> anyhow::Result<Site> {
    let body = BodyLimits { bytes: config.server.body_limit_bytes, deadline: config.server.body_timeout };
    let limits = WebhookLimits { body, requests_in_hand: config.server.webhooks_in_hand, ..WebhookLimits::default() };
    let webhooks =
        Webhooks::new(secrets_of_apps(config), ways.verify.clone(), keep(tree, ways.office), clock.clone(), limits);
    let mut routes = web::routes(&Arc::new(webhooks.noting(ways.seen.clone())));
    routes.extend(web::connect::routes(ways.connect));
    routes.extend(callbacks::routes(&Arc::new(callbacks(config, &ways, clock.clone())?)));
    routes.extend(api::routes(&Arc::new(Api {
        store: ways.store.clone(),
        office: ways.office.clone(),
        goods: Goods::new(ways.store.clone(), tree.sellers.clone()),
        endpoints: ways.endpoints.clone(),
        lasting: api::Lasting::default(),
        connect: ways.connect.clone(),
        doctor: ways.doctor.clone(),
        stopping: ways.serving.clone(),
        sellers: tree.sellers.clone(),
        ledger: tree.ledger.clone(),
        gate: ways.gate.clone(),
        marks: ways.marks.clone(),
        clock,
        room: BodyRoom::new(64 << 20),
        limits: BodyLimits { bytes: 1 << 20, ..body },
    })));
    Ok(web::site(web::with_document(routes)))
}

/// Each app's secret, with the objects it may sign.
fn secrets_of_apps(config: &Config) -> Secrets {
    let only = |object: &str| Objects::Only(vec![object.to_owned()]);
    let candidates = [
        ("instagram_app_secret", &config.meta.instagram_app_secret, only("instagram")),
        ("meta_app_secret", &config.meta.meta_app_secret, Objects::Any),
        ("whatsapp_app_secret", &config.meta.whatsapp_app_secret, only("whatsapp_business_account")),
    ];
    let known = candidates.into_iter().filter_map(|(label, secret, objects)| {
        secret.as_ref().and_then(|secret: &Secret| door::Secret::new(label, secret.expose(), objects))
    });
    Secrets::new(known)
}

fn verify_tokens(config: &Config) -> VerifyTokens {
    VerifyTokens::new(config.meta.verify_token.iter().map(Secret::expose))
}

fn callbacks(config: &Config, ways: &Ways<'_>, clock: Arc<dyn Clock>) -> anyhow::Result<Callbacks> {
    let here = || Url::parse(&format!("http://{}", ways.address)).context("the address listened on is no address");
    Ok(Callbacks {
        secrets: secrets_of_apps(config),
        office: ways.office.clone(),
        clock,
        public_url: config.server.public_url.clone().map_or_else(here, Ok)?,
        room: BodyRoom::new(8 << 20),
    })
}

/// Hands events to the journal, which answers once they are on disk. Permissions that are taken back concern tokens, which
/// are the front office's: it is told first, so that what is acknowledged has had its effect.
fn keep(tree: &Tree, office: &Office) -> Keep {
    let (journal, office) = (tree.journal.clone(), office.clone());
    Arc::new(move |events| {
        let (journal, office) = (journal.clone(), office.clone());
        Box::pin(async move {
            let of_permissions = events.iter().filter(|event| event.kind == door::PERMISSIONS);
            for taken in of_permissions.filter_map(|event| door::taken_back(&event.raw)) {
                office.permissions_taken_back(&taken).await.map_err(|error| NotStored(Box::new(error)))?;
            }
            journal.append(events).await.map_err(|error| NotStored(Box::new(error)))
        }) as Later<'static, Result<(), NotStored>>
    })
}
