//! The pen: the one way to write, and the transactions that are written with it.
//!
//! On SQLite there is one writing connection. Whoever writes holds the pen from `BEGIN` to `COMMIT`; sellers pass a
//! turnstile first, so that only one of them queues for the pen and whoever else writes waits for two turns at most.
//! The disk is flushed after the pen was given back, and one flush serves all who wait for it. Transactions of some
//! length are dictated to a scribe, who does nothing else.
//! On PostgreSQL sellers share a pool and the journal has a connection of its own.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult, SqliteTransactionMode,
    Statement, StatementBuilder, TransactionOptions, TransactionTrait, Value,
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tracing::warn;

use crate::domain::ids::SellerId;
use crate::failpoint;

use super::StoreError;
use super::checkpoints::Checkpoints;
use super::log::Log;
use super::scribe::Scribe;

/// Whether a commit is on disk (fsync) before it returns. What leaves the process on the strength of a row needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// On disk, with everything committed before it.
    Flushed,
    /// In the log; a power cut may take it, with everything after it.
    Lazy,
}

/// What is known of the database's files when a piece is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// Nothing was done about them.
    Untouched,
    /// They hold nothing any more of what was removed before.
    Clean {
        /// Whether the database was written anew from end to end.
        rebuilt: bool,
    },
}

/// Hands out writing transactions: on SQLite one at a time, on PostgreSQL from a pool.
#[derive(Clone)]
pub struct Pen {
    parts: Arc<Parts>,
}

struct Parts {
    shared: DatabaseConnection,
    journal: DatabaseConnection,
    single: Option<Single>,
    statements: AtomicU64,
    flushes: AtomicU64,
}

/// What makes one connection a pen.
struct Single {
    pen: Arc<Mutex<()>>,
    turnstile: Mutex<()>,
    log: Log,
    checkpoints: Checkpoints,
    scribe: Scribe,
}

/// Who queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    Seller,
    Journal,
    Office,
}

impl Pen {
    /// SQLite's.
    pub(super) fn single(
        connection: DatabaseConnection,
        log: Log,
        checkpoints: Checkpoints,
    ) -> Result<Self, StoreError> {
        let (pen, turnstile, scribe) = (Arc::default(), Mutex::default(), Scribe::start()?);
        let single = Single { pen, turnstile, log, checkpoints, scribe };
        Ok(Self::new(connection.clone(), connection, Some(single)))
    }

    /// PostgreSQL's.
    pub(super) fn pool(shared: DatabaseConnection, journal: DatabaseConnection) -> Self {
        Self::new(shared, journal, None)
    }

    fn new(shared: DatabaseConnection, journal: DatabaseConnection, single: Option<Single>) -> Self {
        let parts = Parts { shared, journal, single, statements: AtomicU64::default(), flushes: AtomicU64::default() };
        Self { parts: Arc::new(parts) }
    }

    /// Which database's words to use.
    pub(crate) fn backend(&self) -> DbBackend {
        self.parts.shared.get_database_backend()
    }

    /// How many statements writing transactions have made, beginnings and commits not counted.
    pub fn statements(&self) -> u64 {
        self.parts.statements.load(Ordering::Relaxed)
    }

    /// How many commits were flushed; several may have shared a flush of the disk.
    pub fn flushes(&self) -> u64 {
        self.parts.flushes.load(Ordering::Relaxed)
    }

    /// Waits until whatever was to be read before is on disk: an answer may be read that nobody has flushed yet. What
    /// PostgreSQL lets be read of a commit that waits for the disk is on it.
    pub(crate) async fn flush_seen(&self) -> Result<(), StoreError> {
        match &self.parts.single {
            Some(single) => single.log.flush_seen().await,
            None => Ok(()),
        }
    }

    /// Makes SQLite's files hold nothing of what was removed: the log is taken over and emptied, and the database, where
    /// it is not too large for that, written anew. What is removed is overwritten at once, but SQLite leaves copies of
    /// rows in the unused parts of pages when it moves them. PostgreSQL looks after its own files.
    pub(crate) async fn clean_files(&self) -> Result<Files, StoreError> {
        let Some(single) = &self.parts.single else { return Ok(Files::Clean { rebuilt: false }) };
        let _guard = single.take(Writer::Office, &self.parts.shared).await?;
        let _alone = single.checkpoints.alone().await;
        let rebuilt = database_bytes(&self.parts.shared).await? <= REBUILT_BYTES;
        if rebuilt {
            single.log.commits();
            self.parts.shared.execute_unprepared("VACUUM").await?;
            single.log.committed();
        }
        match single.log.empty(&self.parts.shared).await? {
            true => Ok(Files::Clean { rebuilt }),
            false => Ok(Files::Untouched),
        }
    }

    /// SQLite's log.
    #[cfg(test)]
    pub(crate) fn log(&self) -> &Log {
        &self.parts.single.as_ref().expect("PostgreSQL's log is its own").log
    }

    /// Does work that writes where nobody else's work is in its way. PostgreSQL has many who write, and needs no such place.
    pub(crate) async fn dictate<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.parts.single {
            Some(single) => single.scribe.does(work).await,
            None => work.await,
        }
    }

    /// Takes SQLite's log over into the database, if it is time after this commit.
    fn checkpoint_after(&self, commit: u64) {
        let Some(single) = self.parts.single.as_ref().filter(|_| Checkpoints::are_due(commit)) else { return };
        let parts = Arc::clone(&self.parts);
        single.scribe.sets_about(async move {
            let Some(single) = parts.single.as_ref().filter(|single| !single.log.is_doubtful()) else { return };
            if let Err(error) = single.checkpoints.take_over(&single.pen).await {
                warn!(error = &error as &dyn Error, "could not take the database's log over; it grows meanwhile");
            }
        });
    }

    /// Begins to write.
    pub(super) async fn write(&self, writer: Writer, sync: Sync) -> Result<Writing, StoreError> {
        let guard = match &self.parts.single {
            Some(single) => Some(single.take(writer, &self.parts.shared).await?),
            None => None,
        };
        let connection = if writer == Writer::Journal { &self.parts.journal } else { &self.parts.shared };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = connection.begin_with_options(options).await?;
        Ok(Writing { tx, guard, pen: self.clone(), sync, spoiled: AtomicBool::new(false) })
    }

    /// Closes the connections.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        if let Some(single) = &self.parts.single {
            single.checkpoints.close().await?;
        }
        self.parts.journal.close_by_ref().await?;
        Ok(self.parts.shared.close_by_ref().await?)
    }
}

/// A database of up to so many bytes is written anew after an erasure: a second or two, in which nobody else writes.
const REBUILT_BYTES: i64 = 256 << 20;

async fn database_bytes(connection: &DatabaseConnection) -> Result<i64, StoreError> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(i64::MAX))
}

impl Single {
    async fn take(&self, writer: Writer, connection: &DatabaseConnection) -> Result<OwnedMutexGuard<()>, StoreError> {
        let turnstile = if writer == Writer::Seller { Some(self.turnstile.lock().await) } else { None };
        let guard = Arc::clone(&self.pen).lock_owned().await;
        drop(turnstile);
        if self.log.is_doubtful() {
            let _alone = self.checkpoints.alone().await;
            self.log.mend(connection).await?;
        }
        Ok(guard)
    }
}

/// A writing transaction. Dropped without a commit, it rolls back; the pen is free once that is on its way.
pub(super) struct Writing {
    // Before the guard: fields are dropped in this order, and the rollback must be queued when the pen is given back.
    tx: DatabaseTransaction,
    guard: Option<OwnedMutexGuard<()>>,
    pen: Pen,
    sync: Sync,
    spoiled: AtomicBool,
}

impl Writing {
    /// Makes a statement; says how many rows it touched.
    pub(super) async fn execute(&self, statement: &impl StatementBuilder) -> Result<u64, StoreError> {
        self.make(statement.build(&self.backend())).await
    }

    /// Makes a statement that is written already; says how many rows it touched.
    pub(super) async fn make(&self, statement: Statement) -> Result<u64, StoreError> {
        let done = self.counted(self.tx.execute_raw(statement).await)?;
        Ok(done.rows_affected())
    }

    /// Makes a statement that answers with rows.
    pub(super) async fn query(&self, statement: &impl StatementBuilder) -> Result<Vec<QueryResult>, StoreError> {
        let statement = statement.build(&self.backend());
        self.counted(self.tx.query_all_raw(statement).await)
    }

    /// Makes a statement written as SQL, with `$1` for the first value on either database.
    pub(super) async fn execute_sql(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        self.make(Statement::from_sql_and_values(self.backend(), sql, values)).await
    }

    /// Makes a statement written as SQL that answers with rows.
    pub(super) async fn query_sql(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, StoreError> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        self.counted(self.tx.query_all_raw(statement).await)
    }

    fn counted<T>(&self, result: Result<T, DbErr>) -> Result<T, StoreError> {
        self.pen.parts.statements.fetch_add(1, Ordering::Relaxed);
        result.inspect_err(|_| self.spoil()).map_err(StoreError::from)
    }

    /// Makes a statement that inserts into a table which counts its rows; says how many it inserted, and the last one's
    /// number. For SQLite.
    pub(super) async fn insert_sql(&self, sql: &str, values: Vec<Value>) -> Result<(i64, i64), StoreError> {
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let done = self.counted(self.tx.execute_raw(statement).await)?;
        Ok((done.rows_affected().cast_signed(), done.last_insert_id().cast_signed()))
    }

    /// Makes sure that this is never committed.
    pub(super) fn spoil(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }

    /// How many rows of so many columns fit into one statement.
    pub(super) fn rows_at_once(&self, columns: usize) -> usize {
        rows_at_once(self.backend(), columns)
    }

    /// Which database's words to use.
    pub(super) fn backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    /// Commits, passing the fail point.
    pub(super) async fn commit(self, label: &'static str) -> Result<(), StoreError> {
        failpoint::around(label, self.finish()).await
    }

    /// Commits without a fail point.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        let sync = self.sync;
        let committed = self.commit_unflushed().await?;
        match sync {
            Sync::Flushed => committed.flush().await,
            Sync::Lazy => Ok(()),
        }
    }

    /// Commits and gives the pen back, so that others write while this one is flushed.
    pub(super) async fn commit_unflushed(self) -> Result<Committed, StoreError> {
        // PostgreSQL answers the commit of a failed transaction with a silent rollback, SQLite with half of it.
        if self.spoiled.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable(DbErr::Custom("a statement of this transaction failed".to_owned())));
        }
        let Self { tx, guard, pen, .. } = self;
        if let Some(single) = &pen.parts.single {
            single.log.commits();
        }
        tx.commit().await?;
        let place = pen.parts.single.as_ref().map_or(0, |single| single.log.committed());
        drop(guard);
        pen.checkpoint_after(place);
        Ok(Committed { pen, place })
    }
}

/// How many rows of so many columns fit into one statement.
pub(super) fn rows_at_once(backend: DbBackend, columns: usize) -> usize {
    let values = match backend {
        DbBackend::Sqlite => 32_766,
        _ => 65_535,
    };
    (values / columns.max(1)).max(1)
}

/// A commit that is in the log, and not yet known to be on disk. Nothing may leave on its strength.
#[must_use = "what is not flushed, a power cut takes"]
pub struct Committed {
    pen: Pen,
    /// Its place in SQLite's log.
    place: u64,
}

impl Committed {
    /// Waits until it is on disk, with everything committed before it. On PostgreSQL its commit has waited for that.
    pub async fn flush(self) -> Result<(), StoreError> {
        if let Some(single) = &self.pen.parts.single {
            single.log.flush_through(self.place).await?;
        }
        self.pen.parts.flushes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A writing transaction of one seller's actor, good only while no newer incarnation has loaded.
pub struct FencedTx {
    writing: Writing,
    seller: SellerId,
    /// This transaction's own number.
    turn: i64,
}

/// What a seller's transaction must find, and what it leaves.
#[derive(Clone, Copy, Debug)]
pub struct Fence {
    /// The incarnation that writes.
    pub incarnation: i64,
    /// The last id its counter has given.
    pub last_id: i64,
}

/// The same statement checks the fence, holds the row against the next load, stores the counter, and changes
/// something in any case: a commit that changes nothing would flush nothing.
const PASS_FENCE: &str = "UPDATE seller SET last_id = $1, turns = turns + 1 WHERE id = $2";

impl FencedTx {
    /// Opens it, checks the fence and stores the seller's id counter in the same statement.
    pub async fn begin(pen: &Pen, seller: SellerId, fence: Fence, sync: Sync) -> Result<Self, StoreError> {
        let writing = pen.write(Writer::Seller, sync).await?;
        // The deliberate bug of the prover: it names the number and does not look at it.
        let check = if cfg!(hawker_mutant = "no_fence") { "$3 >= 0" } else { "incarnation = $3" };
        let sql = format!("{PASS_FENCE} AND {check} RETURNING turns, {}", lazily(&writing, sync));
        let values = vec![fence.last_id.into(), seller.0.into(), fence.incarnation.into()];
        let rows = writing.query_sql(&sql, values).await?;
        let passed = rows.first().ok_or(StoreError::Fenced(seller.0))?;
        let turn = passed.try_get_by_index(0)?;
        Ok(Self { writing, seller, turn })
    }

    /// Refuses to go on unless so many turns are stored. A database server that falls may forget what was not flushed,
    /// while this process lives on: a memory that is ahead of the database must be read anew.
    pub fn following(self, turns: i64) -> Result<Self, StoreError> {
        // The deliberate bug of the prover would otherwise be caught here.
        match self.turn == turns + 1 || cfg!(hawker_mutant = "no_fence") {
            true => Ok(self),
            false => Err(StoreError::Fenced(self.seller.0)),
        }
    }

    /// Commits; `label` names the fail point.
    pub async fn commit(self, label: &'static str) -> Result<(), StoreError> {
        self.writing.commit(label).await
    }

    /// Whose.
    pub(super) fn seller(&self) -> SellerId {
        self.seller
    }

    /// To write with.
    pub(super) fn writing(&self) -> &Writing {
        &self.writing
    }
}

/// A column that makes PostgreSQL's commit not wait for the disk; SQLite's never does, and is flushed afterwards.
pub(super) fn lazily(writing: &Writing, sync: Sync) -> &'static str {
    match (writing.backend(), sync) {
        (DbBackend::Postgres, Sync::Lazy) => "set_config('synchronous_commit', 'off', true)",
        _ => "1",
    }
}

/// A writing transaction of the front office: sellers, connections, keys, settings. Always flushed.
pub struct OfficeTx {
    writing: Writing,
}

impl OfficeTx {
    /// Opens it.
    pub async fn begin(pen: &Pen) -> Result<Self, StoreError> {
        Ok(Self { writing: pen.write(Writer::Office, Sync::Flushed).await? })
    }

    /// Commits; `label` names the fail point.
    pub async fn commit(self, label: &'static str) -> Result<(), StoreError> {
        self.writing.commit(label).await
    }

    /// To write with.
    pub(super) fn writing(&self) -> &Writing {
        &self.writing
    }
}
