//! The settings: read once, typed, and refused with every problem at once.
//!
//! They come from the built-in `config.toml`, then a file, then the environment, which is handed in: nothing here
//! reads the process's own.

mod check;
pub mod demo;
mod meta;
mod parse;
mod problems;
mod reader;
mod sync;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use self::meta::{Connect, Doctor, Meta};
pub(crate) use self::parse::is_loopback;
pub use self::problems::{Problem, Problems};
use self::reader::Reader;
pub use self::sync::Sync;
use crate::vault::Secret;

/// `config.toml` as it was when this binary was built: every setting, its default, one line of meaning.
pub const DEFAULTS: &str = include_str!("../config.toml");

/// Names that people already have in their environment, and the settings they stand for.
const KNOWN_NAMES: [(&str, &str); 9] = [
    ("INSTAGRAM_APP_ID", "HAWKER__META__INSTAGRAM_APP_ID"),
    ("META_APP_ID", "HAWKER__META__META_APP_ID"),
    ("INSTAGRAM_APP_SECRET", "HAWKER__META__INSTAGRAM_APP_SECRET"),
    ("INSTAGRAM_VERIFY_TOKEN", "HAWKER__META__VERIFY_TOKEN"),
    ("META_APP_SECRET", "HAWKER__META__META_APP_SECRET"),
    ("WHATSAPP_APP_SECRET", "HAWKER__META__WHATSAPP_APP_SECRET"),
    ("ENCRYPTION_KEY", "HAWKER__SECRETS__ENCRYPTION_KEY"),
    ("OPERATOR_API_KEY", "HAWKER__SECRETS__OPERATOR_API_KEY"),
    ("DATABASE_URL", "HAWKER__DATABASE__URL"),
];

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// Meta's app and Graph API.
    pub meta: Meta,
    /// How accounts are connected.
    pub connect: Connect,
    /// How connections are looked after.
    pub doctor: Doctor,
    /// Keys of our own.
    pub secrets: Secrets,
    /// The API, and who may use it how much.
    pub api: Api,
    /// What happens between an event and its reply.
    pub actors: Actors,
    /// What is kept of events that have ended.
    pub ledger: Ledger,
    /// What happened in shops, and who is told of it.
    pub webhooks: Webhooks,
    /// What may be spent at Meta.
    pub budgets: Budgets,
    /// How catalogs go up.
    pub sync: Sync,
    /// Logging.
    pub log: Log,
    /// What is not wrong but deserves a look, a sentence each.
    pub warnings: Vec<String>,
}

/// The HTTP server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the world reaches the server.
    pub public_url: Option<Url>,
    /// Connections held at once.
    pub max_connections: usize,
    /// For the head of a request.
    pub header_timeout: Duration,
    /// For the body of a request.
    pub body_timeout: Duration,
    /// The largest body taken.
    pub body_limit_bytes: usize,
    /// Webhooks being stored at once.
    pub webhooks_in_hand: usize,
    /// For requests in hand when the server stops.
    pub stop_timeout: Duration,
}

/// The database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its address; hidden, as it may hold a password.
    pub url: Secret,
    /// Connections that only read.
    pub read_connections: u32,
    /// Connections that write, on PostgreSQL.
    pub write_connections: u32,
}

/// Keys of our own.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Seals tokens, as written; [`Secrets::keys`] makes keys of it.
    pub encryption_key: Option<Secret>,
    /// The one before it.
    pub previous_encryption_key: Option<Secret>,
    /// Whether to start although nothing that is stored opens.
    pub accept_lost_key: bool,
    /// Opens the API.
    pub operator_api_key: Option<Secret>,
}

/// The API, and who may use it how much.
#[derive(Clone, Debug)]
pub struct Api {
    /// Requests a second, a key.
    pub requests_per_second: NonZeroU32,
    /// Requests in one go, a key.
    pub burst: NonZeroU32,
    /// Wrong keys a minute, an address.
    pub wrong_keys_per_minute: NonZeroU32,
    /// How long it is known who did what.
    pub keep_audit: Duration,
}

/// What happens between an event and its reply.
#[derive(Clone, Debug)]
pub struct Actors {
    /// Events in one turn.
    pub turn_events: usize,
    /// For a seller with nothing to do.
    pub idle_unload: Duration,
    /// A customer's silence before the automatic answer.
    pub reply_quiet: Duration,
    /// Older events get a draft only.
    pub reply_max_age: Duration,
    /// Conversations of one seller in memory.
    pub max_conversations_in_memory: usize,
    /// After a first fall.
    pub restart_backoff: Duration,
    /// Falls in a row before a seller is left alone.
    pub max_falls: u32,
    /// Between an uncertain send and the look whether it is there.
    pub settle_unknown_after: Duration,
    /// Calls to Meta under way for one seller.
    pub calls_per_seller: usize,
    /// Calls to Meta under way for all.
    pub courier_concurrency: usize,
    /// Between two looks for forgotten work.
    pub sweep: Duration,
}

/// What is kept of events that have ended, and how long.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Events of one account that nobody has connected.
    pub unknown_account_events: u64,
    /// Events of all such accounts.
    pub unknown_events: u64,
    /// For those.
    pub keep_unknown_account: Duration,
    /// For others in the ledger.
    pub keep_ledgered: Duration,
    /// For those that did what they were to do.
    pub keep_handled: Duration,
}

/// What happened in shops, and who is told of it.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// For what happened, and the log of deliveries.
    pub keep_events: Duration,
    /// Deliveries under way.
    pub concurrency: usize,
    /// For an answer.
    pub timeout: Duration,
    /// Between tries.
    pub retries: Vec<Duration>,
    /// For an endpoint that takes nothing.
    pub disable_after: Duration,
    /// Whether plain http to this machine is allowed.
    pub allow_loopback: bool,
}

/// What may be spent at Meta in any rolling hour, or minute.
#[derive(Clone, Debug)]
pub struct Budgets {
    /// Messages, a connection.
    pub messages_per_hour: u32,
    /// Private answers to comments, a connection.
    pub private_replies_per_hour: u32,
    /// Batches of products, a catalog.
    pub catalog_batches_per_minute: u32,
    /// Other calls, a seller.
    pub graph_per_hour: u32,
    /// Of these, so many are kept from catalog pushes.
    pub graph_reserve: u32,
}

/// Logging.
#[derive(Clone, Debug)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged, as tracing's filter directives; known to be well formed.
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Config {
    /// Reads the settings from the defaults, `file` (else the one `HAWKER_CONFIG` names) and the environment.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        let (config, problems) = Self::read(file, env);
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    /// As [`Config::load`], and refuses what must not be served to the world: see [`Config::check_serve`].
    pub fn load_to_serve(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let (config, mut problems) = Self::read(file, env);
        for problem in config.check_serve() {
            // A setting that could not be read was replaced by its default: what is wrong with that is no news.
            if problems.iter().all(|known| known.key != problem.key) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    fn read(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<Problem>) {
        let mut env: BTreeMap<String, String> = env.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let warnings = check::warnings(&env);
        for (known, name) in KNOWN_NAMES {
            if let Some(value) = env.get(known).cloned() {
                env.entry(name.to_owned()).or_insert(value);
            }
        }
        let file = file.map(Path::to_owned).or_else(|| env.get("HAWKER_CONFIG").map(PathBuf::from));
        let mut reader = Reader::new(file.as_deref(), env);
        let config = Self {
            server: Server::read(&mut reader),
            database: Database::read(&mut reader),
            meta: Meta::read(&mut reader),
            connect: Connect::read(&mut reader),
            doctor: Doctor::read(&mut reader),
            secrets: Secrets::read(&mut reader),
            api: Api::read(&mut reader),
            actors: Actors::read(&mut reader),
            ledger: Ledger::read(&mut reader),
            webhooks: Webhooks::read(&mut reader),
            budgets: Budgets::read(&mut reader),
            sync: Sync::read(&mut reader),
            log: Log::read(&mut reader),
            warnings,
        };
        (config, reader.problems())
    }
}

impl Default for Config {
    /// The defaults alone.
    fn default() -> Self {
        Self::read(None, []).0
    }
}

impl Server {
    fn read(from: &mut Reader) -> Self {
        Self {
            listen: from.take("server.listen", parse::address),
            public_url: from.take("server.public_url", parse::optional(parse::url)),
            max_connections: from.take("server.max_connections", parse::whole(1..=1_000_000)),
            header_timeout: from.take("server.header_timeout", parse::duration),
            body_timeout: from.take("server.body_timeout", parse::duration),
            body_limit_bytes: from.take("server.body_limit_bytes", parse::whole(1024..=1 << 30)),
            webhooks_in_hand: from.take("server.webhooks_in_hand", parse::whole(1..=1_000_000)),
            stop_timeout: from.take("server.stop_timeout", parse::duration),
        }
    }
}

impl Database {
    fn read(from: &mut Reader) -> Self {
        Self {
            url: from.take("database.url", parse::database_url),
            read_connections: from.take("database.read_connections", parse::whole(1..=1000)),
            write_connections: from.take("database.write_connections", parse::whole(1..=1000)),
        }
    }
}

impl Secrets {
    fn read(from: &mut Reader) -> Self {
        Self {
            encryption_key: from.take("secrets.encryption_key", parse::optional(parse::secret)),
            previous_encryption_key: from.take("secrets.previous_encryption_key", parse::optional(parse::secret)),
            accept_lost_key: from.take("secrets.accept_lost_key", parse::yes_or_no),
            operator_api_key: from.take("secrets.operator_api_key", parse::optional(parse::secret)),
        }
    }
}

const MOST_REQUESTS: NonZeroU32 = NonZeroU32::new(1_000_000).expect("it is not 0");

impl Api {
    fn read(from: &mut Reader) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        let some = || parse::whole(NonZeroU32::MIN..=MOST_REQUESTS);
        Self {
            requests_per_second: from.take("api.requests_per_second", some()),
            burst: from.take("api.burst", some()),
            wrong_keys_per_minute: from.take("api.wrong_keys_per_minute", some()),
            keep_audit: from.take("api.keep_audit", parse::duration_from(DAY)),
        }
    }
}

impl Actors {
    fn read(from: &mut Reader) -> Self {
        Self {
            turn_events: from.take("actors.turn_events", parse::whole(1..=1000)),
            idle_unload: from.take("actors.idle_unload", parse::duration),
            reply_quiet: from.take("actors.reply_quiet", parse::duration_or_none),
            reply_max_age: from.take("actors.reply_max_age", parse::duration),
            max_conversations_in_memory: from.take("actors.max_conversations_in_memory", parse::whole(1..=1_000_000)),
            restart_backoff: from.take("actors.restart_backoff", parse::duration),
            max_falls: from.take("actors.max_falls", parse::whole(1..=1000)),
            settle_unknown_after: from.take("actors.settle_unknown_after", parse::duration),
            calls_per_seller: from.take("actors.calls_per_seller", parse::whole(1..=1000)),
            courier_concurrency: from.take("actors.courier_concurrency", parse::whole(1..=100_000)),
            sweep: from.take("actors.sweep", parse::duration),
        }
    }
}

impl Ledger {
    fn read(from: &mut Reader) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            unknown_account_events: from.take("ledger.unknown_account_events", parse::whole(0..=1_000_000_000)),
            unknown_events: from.take("ledger.unknown_events", parse::whole(0..=1_000_000_000)),
            keep_unknown_account: from.take("ledger.keep_unknown_account", parse::duration_from(DAY)),
            keep_ledgered: from.take("ledger.keep_ledgered", parse::duration_from(DAY)),
            keep_handled: from.take("ledger.keep_handled", parse::duration_from(8 * DAY)),
        }
    }
}

impl Webhooks {
    fn read(from: &mut Reader) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            keep_events: from.take("webhooks.keep_events", parse::duration_from(DAY)),
            concurrency: from.take("webhooks.concurrency", parse::whole(1..=100_000)),
            timeout: from.take("webhooks.timeout", parse::duration),
            retries: from.take("webhooks.retries", parse::durations),
            disable_after: from.take("webhooks.disable_after", parse::duration),
            allow_loopback: from.take("webhooks.allow_loopback", parse::yes_or_no),
        }
    }
}

/// More than any account may do at Meta.
const MOST_CALLS: u32 = 1_000_000;

impl Budgets {
    fn read(from: &mut Reader) -> Self {
        Self {
            messages_per_hour: from.take("budgets.messages_per_hour", parse::whole(0..=MOST_CALLS)),
            private_replies_per_hour: from.take("budgets.private_replies_per_hour", parse::whole(0..=MOST_CALLS)),
            catalog_batches_per_minute: from.take("budgets.catalog_batches_per_minute", parse::whole(0..=MOST_CALLS)),
            graph_per_hour: from.take("budgets.graph_per_hour", parse::whole(0..=MOST_CALLS)),
            graph_reserve: from.take("budgets.graph_reserve", parse::whole(0..=MOST_CALLS)),
        }
    }
}

impl Log {
    fn read(from: &mut Reader) -> Self {
        Self { format: from.take("log.format", parse::log_format), filter: from.take("log.filter", parse::log_filter) }
    }
}

#[cfg(test)]
mod tests;
