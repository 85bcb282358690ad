//! Opening the database: the pen, the read pool, the migrations, and the lock that keeps a second process out.

use std::fmt;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, QueryResult,
    TransactionOptions, TransactionTrait,
};

use crate::domain::ids::EventSeq;

use super::connect::{Address, FileLock, Writers, postgres_reads, sqlite_reads, writers};
use super::pen::{Sync, Writer, Writing};
use super::rows::ms;
use super::{StoreError, pen::Pen};

/// How to open the database.
#[derive(Clone)]
pub struct StoreSettings {
    /// `sqlite://path` or `postgres://...`
    pub url: String,
    /// Connections that only read.
    pub read_connections: u32,
    /// Connections that write (PostgreSQL; SQLite has one).
    pub write_connections: u32,
}

/// The address may hold a password.
impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        write!(f, "StoreSettings({scheme}, {} reading, {} writing)", self.read_connections, self.write_connections)
    }
}

/// The open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    pen: Pen,
    reads: DatabaseConnection,
    process: Arc<Process>,
}

/// What is there at one moment. It should not be held for long: what is removed meanwhile takes its room still.
pub(crate) type Snapshot = DatabaseTransaction;

impl StoreSettings {
    /// Where the database is, as people may be told it: without user and password.
    pub fn place(&self) -> String {
        Address::read(&self.url).map_or_else(|_| "of database.url".to_owned(), |address| address.place())
    }
}

/// What this process holds of the database.
struct Process {
    life: OnceLock<i64>,
    _lock: Option<FileLock>,
}

/// How this life of the process begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its number.
    pub id: i64,
    /// True when the life before had no clean end.
    pub unclean: bool,
    /// After an unclean end: the last event stored before this life. Up to here, events are taken one by one.
    pub careful_through: EventSeq,
}

impl Store {
    /// Brings the tables up to this version; makes SQLite's file where there is none.
    pub async fn migrate(settings: &StoreSettings) -> Result<(), StoreError> {
        let writers = writers(&Address::read(&settings.url)?, settings).await?;
        let done = Migrator::up(writers.first(), None).await;
        writers.close().await?;
        Ok(done?)
    }

    /// Opens the database, which must have been migrated. Refuses when another process holds it.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let address = Address::read(&settings.url)?;
        let writers = writers(&address, settings).await?;
        if !is_current(writers.first()).await? {
            writers.close().await?;
            return Err(StoreError::NotMigrated);
        }
        let reads = readers(&address, settings).await?;
        let (pen, lock) = match writers {
            Writers::Sqlite { pen, log, checkpoints, lock } => (Pen::single(pen, log, checkpoints)?, Some(lock)),
            Writers::Postgres { shared, journal } => (Pen::pool(shared, journal), None),
        };
        Ok(Self { pen, reads, process: Arc::new(Process { life: OnceLock::new(), _lock: lock }) })
    }

    /// Connections that only read, beside the process that holds the database.
    pub async fn look(settings: &StoreSettings) -> Result<DatabaseConnection, StoreError> {
        readers(&Address::read(&settings.url)?, settings).await
    }

    /// Begins a life of the process. Once, after opening.
    pub async fn boot(&self, now: DateTime<Utc>) -> Result<Boot, StoreError> {
        let tx = self.pen.write(Writer::Office, Sync::Flushed).await?;
        let before = "SELECT CAST(ended_at IS NULL AS INTEGER) FROM process_life ORDER BY id DESC LIMIT 1";
        let unclean = number::<i32>(&tx.query_sql(before, vec![]).await?)?.is_some_and(|fell| fell == 1);
        let last = "SELECT CAST(COALESCE(MAX(seq), 0) AS BIGINT) FROM inbox_event";
        let last = number(&tx.query_sql(last, vec![]).await?)?.unwrap_or(0);
        let id = begin_life(&tx, now).await?;
        tx.finish().await?;
        // A second boot of one store is a bug of the caller; the first life is the one to end.
        let id = *self.process.life.get_or_init(|| id);
        Ok(Boot { id, unclean, careful_through: EventSeq(if unclean { last } else { 0 }) })
    }

    /// The only way to write.
    pub fn pen(&self) -> &Pen {
        &self.pen
    }

    /// Connections that the database itself opened read-only.
    pub fn reads(&self) -> &DatabaseConnection {
        &self.reads
    }

    /// The same, as everything is at one moment: from the first question to the last.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        // SQLite knows no other way to read; PostgreSQL would read anew for each question.
        let is_postgres = self.reads.get_database_backend() == DbBackend::Postgres;
        let isolation_level = is_postgres.then_some(IsolationLevel::RepeatableRead);
        let options = TransactionOptions { isolation_level, ..TransactionOptions::default() };
        Ok(self.reads.begin_with_options(options).await?)
    }

    /// Marks a clean end and closes every connection.
    pub async fn close(self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let ended = match self.process.life.get() {
            Some(life) => end_life(&self.pen, *life, now).await,
            None => Ok(()),
        };
        // Readers first: the last to leave tidies SQLite's log away, and a reader may not.
        self.reads.close_by_ref().await?;
        self.pen.close().await?;
        ended
    }
}

async fn readers(address: &Address, settings: &StoreSettings) -> Result<DatabaseConnection, StoreError> {
    match address {
        Address::Sqlite(path) => sqlite_reads(path, settings.read_connections).await,
        Address::Postgres(url) => postgres_reads(url, settings.read_connections).await,
    }
}

async fn begin_life(tx: &Writing, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let sql = "INSERT INTO process_life (started_at) VALUES ($1) RETURNING id";
    let id = number(&tx.query_sql(sql, vec![ms(now).into()]).await?)?;
    id.ok_or_else(|| StoreError::Unreadable { what: "process_life", why: "no id was given".to_owned() })
}

async fn end_life(pen: &Pen, life: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let tx = pen.write(Writer::Office, Sync::Flushed).await?;
    let sql = "UPDATE process_life SET ended_at = $1 WHERE id = $2";
    tx.execute_sql(sql, vec![ms(now).into(), life.into()]).await?;
    tx.finish().await
}

/// The first column of the first row.
fn number<T: sea_orm::TryGetable>(rows: &[QueryResult]) -> Result<Option<T>, StoreError> {
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

/// A database of a newer version, or without any table, is not current either.
async fn is_current(connection: &DatabaseConnection) -> Result<bool, StoreError> {
    // Asks for something, so that a database that cannot be used is not mistaken for one that is not migrated.
    connection.execute_unprepared("SELECT 1").await?;
    Ok(Migrator::get_pending_migrations_read_only(connection).await.is_ok_and(|pending| pending.is_empty()))
}
