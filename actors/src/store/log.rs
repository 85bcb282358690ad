//! SQLite's write-ahead log and the disk: many commits share one flush, and nobody holds the pen for it.
//!
//! SQLite commits with `synchronous = NORMAL`: a commit writes the log and flushes nothing, a checkpoint flushes the log
//! before it touches the database and the database before the log begins anew. So a commit is durable once the log has
//! been flushed after it, by whomever, or once a checkpoint has taken it over.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::StoreError;

/// The log of one database.
pub(crate) struct Log {
    file: PathBuf,
    /// Commits so far.
    committed: AtomicU64,
    /// Commits that are on disk.
    flushed: Mutex<u64>,
    /// A flush has failed: what the disk holds is not known any more.
    is_doubtful: AtomicBool,
    #[cfg(test)]
    on_flush: std::sync::OnceLock<OnFlush>,
}

/// Told how many bytes the log had when the flush began; may make the flush fail.
#[cfg(test)]
type OnFlush = Box<dyn Fn(u64) -> std::io::Result<()> + Send + Sync>;

impl Log {
    /// The log beside a database.
    pub(super) fn beside(database: &Path) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        Self {
            file: file.into(),
            committed: AtomicU64::default(),
            flushed: Mutex::default(),
            is_doubtful: AtomicBool::default(),
            #[cfg(test)]
            on_flush: std::sync::OnceLock::default(),
        }
    }

    /// Does this at the end of every flush.
    #[cfg(test)]
    pub(crate) fn on_flush(&self, act: impl Fn(u64) -> std::io::Result<()> + Send + Sync + 'static) {
        assert!(self.on_flush.set(Box::new(act)).is_ok(), "set once");
    }

    /// Counts a commit; its place. To be called before the next one can begin.
    pub(super) fn committed(&self) -> u64 {
        self.committed.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Waits until the commit at this place is on disk. Whoever comes while the disk works shares the next flush.
    pub(super) async fn flush_through(&self, place: u64) -> Result<(), StoreError> {
        let mut flushed = self.flushed.lock().await;
        if *flushed >= place {
            return Ok(());
        }
        if self.is_doubtful.load(Ordering::Acquire) {
            return Err(doubtful());
        }
        let all = self.committed.load(Ordering::Acquire);
        match self.flush().await {
            Ok(()) => {
                *flushed = all;
                Ok(())
            }
            Err(error) => {
                self.is_doubtful.store(true, Ordering::Release);
                Err(error.into())
            }
        }
    }

    async fn flush(&self) -> std::io::Result<()> {
        #[cfg(test)]
        let length = std::fs::metadata(&self.file).map_or(0, |file| file.len());
        let file = self.file.clone();
        spawn_blocking(move || flush(&file)).await.map_err(std::io::Error::other)??;
        #[cfg(test)]
        self.on_flush.get().map_or(Ok(()), |act| act(length))?;
        Ok(())
    }

    /// After a failed flush, the system may believe pages to be on disk that are not, and flushing again would not write
    /// them. A checkpoint does: it writes all that was committed into the database itself. Whoever calls holds the pen.
    pub(super) async fn mend(&self, connection: &DatabaseConnection) -> Result<(), StoreError> {
        if !self.is_doubtful.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut flushed = self.flushed.lock().await;
        let checkpoint = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(FULL)");
        let row = connection.query_one_raw(checkpoint).await?.ok_or_else(doubtful)?;
        let (busy, log, taken): (i32, i64, i64) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if busy != 0 || log != taken {
            return Err(doubtful());
        }
        *flushed = self.committed.load(Ordering::Acquire);
        self.is_doubtful.store(false, Ordering::Release);
        Ok(())
    }
}

/// The file is opened anew each time: SQLite may have removed it and begun another.
fn flush(file: &Path) -> std::io::Result<()> {
    match File::open(file) {
        Ok(log) => log.sync_data(),
        // It is removed after a checkpoint has taken everything over.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn doubtful() -> StoreError {
    StoreError::Unavailable(DbErr::Custom("the disk could not be flushed".to_owned()))
}
