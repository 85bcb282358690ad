//! Taking SQLite's log over into the database. It flushes the disk twice; within a commit, everybody would wait for it
//! with the pen in hand. So it has a connection of its own and goes on while others write.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::{Mutex, MutexGuard};

use super::StoreError;

/// It is done every so many commits. In between, pages that change in each are written once.
const COMMITS: u64 = 32;

/// A log of so many pages is to begin anew. For that, nobody may write while the last few of them are taken over.
const LONG: i64 = if cfg!(test) { 300 } else { 12_000 };

/// The connection that does it; none once it is closed. Whoever has it is alone with it.
pub(crate) struct Checkpoints(Mutex<Option<DatabaseConnection>>);

impl Checkpoints {
    pub(super) fn new(connection: DatabaseConnection) -> Self {
        Self(Mutex::new(Some(connection)))
    }

    /// Whether it is time for one after this commit.
    pub(crate) fn are_due(commit: u64) -> bool {
        commit.is_multiple_of(COMMITS)
    }

    /// Waits for one that goes on, and keeps others from it.
    pub(super) async fn alone(&self) -> MutexGuard<'_, Option<DatabaseConnection>> {
        self.0.lock().await
    }

    /// Takes over what there is while others write; only once the log has grown long, with the pen in hand.
    pub(super) async fn take_over(&self, pen: &Mutex<()>) -> Result<(), StoreError> {
        let pages = match self.0.try_lock() {
            Ok(connection) => checkpoint(connection.as_ref()).await?,
            Err(_goes_on) => return Ok(()),
        };
        if pages > LONG {
            // The pen first: whoever mends the log has it already when he comes here.
            let _pen = pen.lock().await;
            checkpoint(self.alone().await.as_ref()).await?;
        }
        Ok(())
    }

    /// Closes the connection, once nobody has it any more.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        match self.alone().await.take() {
            Some(connection) => Ok(connection.close().await?),
            None => Ok(()),
        }
    }
}

/// Never waits for whoever reads or writes; says how many pages the log has.
async fn checkpoint(connection: Option<&DatabaseConnection>) -> Result<i64, StoreError> {
    let Some(connection) = connection else { return Ok(0) };
    let passive = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)");
    let row = connection.query_one_raw(passive).await?;
    let row = row.ok_or_else(|| DbErr::Custom("a checkpoint answered nothing".to_owned()))?;
    Ok(row.try_get_by_index(1)?)
}
