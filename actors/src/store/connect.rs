//! How connections are opened: what each database is told before the first statement.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sea_orm::sqlx::{Connection, Executor, PgConnection, query};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, SqlxError};

use super::checkpoints::Checkpoints;
use super::log::Log;
use super::{StoreError, StoreSettings};

/// Where the database is. Not to be printed: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Address {
    /// Reads `sqlite://path` or `postgres://...`. What is neither is not repeated: it may hold a password.
    pub(super) fn read(url: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        match scheme {
            "sqlite" if !path.is_empty() && path != ":memory:" => Ok(Self::Sqlite(PathBuf::from(path))),
            // The driver parses it again, but what it says when it cannot repeats all of it.
            "postgres" | "postgresql" if server(rest).is_some() => Ok(Self::Postgres(format!("postgres:{rest}"))),
            _ => Err(StoreError::Address(format!("{scheme}:..."))),
        }
    }

    /// The file, or the server without user and password.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => {
                let server = url.strip_prefix("postgres:").and_then(server);
                server.map_or_else(String::new, |at| format!("PostgreSQL at {}:{}", at.get_host(), at.get_port()))
            }
        }
    }
}

/// What follows `postgres:`, as the driver reads it.
fn server(rest: &str) -> Option<PgConnectOptions> {
    format!("postgres:{rest}").parse().ok()
}

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The file that only one process can lock; free again when this is dropped, and when the process dies.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Locks the file beside the database. Whoever holds it is given a moment: a child that a process has just forked
    /// holds all its files until it has become another program.
    async fn patiently_beside(database: &Path) -> Result<Self, StoreError> {
        for _ in 0..LOCK_TRIES {
            match Self::beside(database) {
                Err(StoreError::InUse) => tokio::time::sleep(LOCK_PAUSE).await,
                locked => return locked,
            }
        }
        Self::beside(database)
    }

    /// Locks the file beside the database.
    pub(super) fn beside(database: &Path) -> Result<Self, StoreError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let file = private_file(Path::new(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// Opens a file, made for its owner's eyes only where it is not there. SQLite gives its other files the same mode.
pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections.max(1))
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

fn sqlite_file(options: SqliteConnectOptions, path: &Path) -> SqliteConnectOptions {
    options.filename(path).busy_timeout(Duration::from_secs(5)).foreign_keys(false).pragma("cache_size", "-16384")
}

/// So many statements a connection that writes keeps planned: those that insert have one for each number of rows.
const STATEMENTS: usize = 512;

/// SQLite's one writing connection.
pub(super) async fn sqlite_pen(path: &Path) -> Result<DatabaseConnection, StoreError> {
    let path = path.to_owned();
    let mut options = options("sqlite://store", 1);
    options.map_sqlx_sqlite_opts(move |options| {
        sqlite_file(options, &path)
            .journal_mode(SqliteJournalMode::Wal)
            .statement_cache_capacity(STATEMENTS)
            // A commit flushes nothing: whoever needs it on disk has the log flushed afterwards.
            .pragma("synchronous", "NORMAL")
            // Checkpoints have a connection of their own. This one is for when that fails. In pages.
            .pragma("wal_autocheckpoint", "40000")
            // What a statement may have to undo would go through a file otherwise, for every turn of some size.
            .pragma("temp_store", "MEMORY")
            // What is removed is overwritten, and not only not named any more.
            .pragma("secure_delete", "ON")
            .pragma("journal_size_limit", "134217728")
    });
    options.map_sqlx_sqlite_pool_opts(|pool| {
        // A commit that finds the disk full is rolled back by SQLite itself. The driver then believes for ever that a
        // transaction is open, nests the next one in it, and reports a commit that was none: replace the connection.
        pool.before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
    });
    Ok(Database::connect(options).await?)
}

/// SQLite's connection for checkpoints.
pub(super) async fn sqlite_checkpoints(path: &Path) -> Result<Checkpoints, StoreError> {
    let path = path.to_owned();
    let mut options = options("sqlite://store", 1);
    options.map_sqlx_sqlite_opts(move |options| sqlite_file(options, &path).pragma("synchronous", "NORMAL"));
    Ok(Checkpoints::new(Database::connect(options).await?))
}

/// SQLite's reading connections: the file itself is opened read-only.
pub(super) async fn sqlite_reads(path: &Path, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let path = path.to_owned();
    let mut options = options("sqlite://store", connections);
    options.map_sqlx_sqlite_opts(move |options| sqlite_file(options, &path).read_only(true).pragma("query_only", "ON"));
    Ok(Database::connect(options).await?)
}

/// As above; a server may have been restarted since the last use.
fn postgres_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.test_before_acquire_if_idle_for(Duration::from_secs(5));
    options
}

/// Whatever the server's default is, a commit waits for the disk.
fn writing(options: PgConnectOptions) -> PgConnectOptions {
    options.statement_cache_capacity(STATEMENTS).options([("synchronous_commit", "on")])
}

/// PostgreSQL's shared writing connections.
pub(super) async fn postgres_pen(url: &str, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let mut options = postgres_options(url, connections);
    options.map_sqlx_postgres_opts(writing);
    Ok(Database::connect(options).await?)
}

/// PostgreSQL's reading connections: the server itself refuses to write on them.
pub(super) async fn postgres_reads(url: &str, connections: u32) -> Result<DatabaseConnection, StoreError> {
    let mut options = postgres_options(url, connections);
    options.map_sqlx_postgres_opts(|options| options.options([("default_transaction_read_only", "on")]));
    Ok(Database::connect(options).await?)
}

/// "HAWKER", as the number of the advisory lock.
const LOCK: i64 = 0x4841_574b_4552;

/// PostgreSQL's connection of the journal. It holds the lock that keeps a second process out, and takes it again
/// should it have to be opened anew: without the lock, no event is stored.
pub(super) async fn postgres_journal(url: &str) -> Result<DatabaseConnection, StoreError> {
    let (opening, held) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let mut options = postgres_options(url, 1);
    options.map_sqlx_postgres_opts(writing);
    let flags = (Arc::clone(&opening), Arc::clone(&held));
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let (opening, held) = flags.clone();
        pool.after_connect(move |connection, _| {
            let (opening, held) = (Arc::clone(&opening), Arc::clone(&held));
            Box::pin(async move {
                held.store(take_lock(connection).await?, Ordering::Release);
                match held.load(Ordering::Acquire) || opening.load(Ordering::Acquire) {
                    true => Ok(()),
                    false => Err(SqlxError::Protocol("another process holds the lock".to_owned())),
                }
            })
        })
    });
    let connection = Database::connect(options).await?;
    opening.store(false, Ordering::Release);
    match held.load(Ordering::Acquire) {
        true => Ok(connection),
        false => {
            connection.close_by_ref().await?;
            Err(StoreError::InUse)
        }
    }
}

/// Takes the lock, unless somebody keeps it. Waits a moment: the server learns late that a connection has been closed,
/// be it ours of the migration just done, or that of a process that was killed.
async fn take_lock(connection: &mut PgConnection) -> Result<bool, SqlxError> {
    const STILL_TAKEN: &str = "55P03";
    connection.execute("SET lock_timeout = '3s'").await?;
    let asked = query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await;
    connection.execute("SET lock_timeout = 0").await?;
    match asked {
        Ok(_) => Ok(true),
        Err(SqlxError::Database(error)) if error.code().as_deref() == Some(STILL_TAKEN) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What `open` and `migrate` begin with: the lock, and the connections that write.
pub(super) enum Writers {
    /// One connection for all.
    Sqlite { pen: DatabaseConnection, log: Log, checkpoints: Checkpoints, lock: FileLock },
    /// The journal's connection holds the lock.
    Postgres { shared: DatabaseConnection, journal: DatabaseConnection },
}

impl Writers {
    /// The connection to change tables with.
    pub(super) fn first(&self) -> &DatabaseConnection {
        match self {
            Writers::Sqlite { pen, .. } => pen,
            Writers::Postgres { journal, .. } => journal,
        }
    }

    /// Closes them and gives the lock back.
    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self {
            Writers::Sqlite { pen, checkpoints, .. } => {
                checkpoints.close().await?;
                Ok(pen.close().await?)
            }
            Writers::Postgres { shared, journal } => {
                journal.close().await?;
                Ok(shared.close().await?)
            }
        }
    }
}

/// Takes the lock and opens the connections that write. Makes SQLite's file where there is none.
pub(super) async fn writers(address: &Address, settings: &StoreSettings) -> Result<Writers, StoreError> {
    match address {
        Address::Sqlite(path) => {
            let lock = FileLock::patiently_beside(path).await?;
            drop(private_file(path)?);
            let pen = sqlite_pen(path).await?;
            Ok(Writers::Sqlite { pen, log: Log::beside(path), checkpoints: sqlite_checkpoints(path).await?, lock })
        }
        Address::Postgres(url) => {
            let journal = postgres_journal(url).await?;
            Ok(Writers::Postgres { shared: postgres_pen(url, settings.write_connections).await?, journal })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_file_or_a_server() {
        for (url, path) in [
            ("sqlite://hawker.db", "hawker.db"),
            ("sqlite:///var/lib/hawker.db?mode=rwc", "/var/lib/hawker.db"),
            ("sqlite:data/hawker.db", "data/hawker.db"),
        ] {
            assert!(Address::read(url).unwrap() == Address::Sqlite(PathBuf::from(path)), "{url}");
        }
        let server = Address::Postgres("postgres://me:secret@host/db?sslmode=disable".to_owned());
        assert!(Address::read("postgresql://me:secret@host/db?sslmode=disable").unwrap() == server);
        assert_eq!(server.place(), "PostgreSQL at host:5432");
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_a_password() {
        let urls = [
            "",
            "sqlite:",
            "sqlite::memory:",
            "mysql://me:secret@host/db",
            "postgres://me:secret@host:99999/db",
            "postgres://me:sec/secret@host/db",
            "postgres://me:secret@[::1/db",
        ];
        for url in urls {
            let error = Address::read(url).err().unwrap();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
