//! SQLite's write-ahead log and the disk: many commits share one flush, and nobody holds the pen for it.
//!
//! SQLite commits with `synchronous = NORMAL`: a commit writes the log and flushes nothing, a checkpoint flushes the log
//! before it touches the database and the database before the log begins anew. So a commit is durable once the log has
//! been flushed after it, by whomever, or once a checkpoint has taken it over.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::spawn_blocking;

use super::StoreError;

/// The log of one database.
pub(crate) struct Log {
    /// Commits that have begun; one that failed is counted with the next.
    begun: AtomicU64,
    /// Commits so far.
    committed: AtomicU64,
    disk: Arc<Mutex<Disk>>,
    /// A flush has failed: what the disk holds is not known any more.
    is_doubtful: Arc<AtomicBool>,
    #[cfg(test)]
    on_flush: std::sync::OnceLock<OnFlush>,
}

/// What is known of the disk. Whoever flushes it keeps this until the disk has answered, also when nobody waits any more:
/// the system tells of an error once, and that must not be missed.
struct Disk {
    path: PathBuf,
    /// Kept open: to who opens it after an error, the system may not tell of it.
    file: Option<File>,
    /// Commits that are on disk.
    flushed: u64,
}

/// Told how many bytes the log had when the flush began; may make the flush fail.
#[cfg(test)]
type OnFlush = Arc<dyn Fn(u64) -> std::io::Result<()> + Send + Sync>;

impl Log {
    /// The log beside a database.
    pub(super) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        let disk = Disk { path: path.into(), file: None, flushed: 0 };
        Self {
            begun: AtomicU64::default(),
            committed: AtomicU64::default(),
            disk: Arc::new(Mutex::new(disk)),
            is_doubtful: Arc::default(),
            #[cfg(test)]
            on_flush: std::sync::OnceLock::default(),
        }
    }

    /// Does this at the end of every flush.
    #[cfg(test)]
    pub(crate) fn on_flush(&self, act: impl Fn(u64) -> std::io::Result<()> + Send + Sync + 'static) {
        assert!(self.on_flush.set(Arc::new(act)).is_ok(), "set once");
    }

    /// How many commits there were.
    #[cfg(test)]
    pub(crate) fn commits_so_far(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    /// Says that a commit is about to be made. From then on others may read what it wrote.
    pub(super) fn commits(&self) {
        self.begun.store(self.committed.load(Ordering::Acquire) + 1, Ordering::Release);
    }

    /// Counts a commit; its place. To be called before the next one can begin.
    pub(super) fn committed(&self) -> u64 {
        self.committed.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Waits until whatever was to be read before is on disk.
    pub(super) async fn flush_seen(&self) -> Result<(), StoreError> {
        self.flush_through(self.begun.load(Ordering::Acquire)).await
    }

    /// Waits until the commit at this place is on disk. Whoever comes while the disk works shares the next flush.
    pub(super) async fn flush_through(&self, place: u64) -> Result<(), StoreError> {
        let disk = Arc::clone(&self.disk).lock_owned().await;
        if disk.flushed >= place {
            return Ok(());
        }
        if self.is_doubtful() {
            return Err(doubtful());
        }
        Ok(self.flush(disk).await?)
    }

    async fn flush(&self, mut disk: OwnedMutexGuard<Disk>) -> std::io::Result<()> {
        let (all, is_doubtful) = (self.committed.load(Ordering::Acquire), Arc::clone(&self.is_doubtful));
        #[cfg(test)]
        let on_flush = self.on_flush.get().cloned();
        let flushing = move || {
            #[cfg(test)]
            let length = std::fs::metadata(&disk.path).map_or(0, |file| file.len());
            let done = disk.flush();
            #[cfg(test)]
            let done = done.and_then(|()| on_flush.map_or(Ok(()), |act| act(length)));
            match done {
                Ok(()) => disk.flushed = all.max(disk.flushed),
                Err(_) => is_doubtful.store(true, Ordering::Release),
            }
            done
        };
        spawn_blocking(flushing).await.map_err(std::io::Error::other)?
    }

    /// Whether a flush has failed.
    pub(super) fn is_doubtful(&self) -> bool {
        self.is_doubtful.load(Ordering::Acquire)
    }

    /// After a failed flush, the system may believe pages to be on disk that are not, and flushing again would not write
    /// them. A checkpoint does: it writes all that was committed into the database itself. Whoever calls holds the pen.
    ///
    /// The log is emptied, and that flushed: with a hole in it, it would after a power cut be read up to the hole, and
    /// its older pages be taken for newer than the database's own.
    pub(super) async fn mend(&self, connection: &DatabaseConnection) -> Result<(), StoreError> {
        let disk = Arc::clone(&self.disk).lock_owned().await;
        if !checkpointed(connection).await? {
            return Err(doubtful());
        }
        self.is_doubtful.store(false, Ordering::Release);
        Ok(self.flush(disk).await?)
    }
}

impl Log {
    /// Has the log taken over into the database, and empties it. Whoever calls holds the pen. False: somebody reads what
    /// stands in it.
    pub(super) async fn empty(&self, connection: &DatabaseConnection) -> Result<bool, StoreError> {
        let disk = Arc::clone(&self.disk).lock_owned().await;
        let is_empty = checkpointed(connection).await?;
        self.flush(disk).await?;
        Ok(is_empty)
    }
}

async fn checkpointed(connection: &DatabaseConnection) -> Result<bool, StoreError> {
    let checkpoint = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
    let row = connection.query_one_raw(checkpoint).await?.ok_or_else(doubtful)?;
    let (busy, log, taken): (i32, i64, i64) =
        (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    Ok(busy == 0 && log == taken)
}

impl Disk {
    fn flush(&mut self) -> std::io::Result<()> {
        if self.file.as_ref().is_none_or(is_removed) {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                // It is removed after a checkpoint has taken everything over.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
        }
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }
}

/// Whether SQLite has removed the file, and may have begun another. In doubt it is opened anew.
fn is_removed(file: &File) -> bool {
    #[cfg(unix)]
    return file.metadata().map_or(true, |file| std::os::unix::fs::MetadataExt::nlink(&file) == 0);
    #[cfg(not(unix))]
    return true;
}

fn doubtful() -> StoreError {
    StoreError::Unavailable(DbErr::Custom("the disk could not be flushed".to_owned()))
}
