//! Opening the database: the pen, the read pool, the migrations, and the lock that keeps a second process out.

use sea_orm::DatabaseConnection;

use super::{StoreError, pen::Pen};

/// How to open the database.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite://path` or `postgres://...`
    pub url: String,
    /// Connections that only read.
    pub read_connections: u32,
    /// Connections that write (PostgreSQL; SQLite has one).
    pub write_connections: u32,
}

/// The open database. Clones share it.
#[derive(Clone)]
pub struct Store {
    pen: Pen,
    reads: DatabaseConnection,
}

impl Store {
    /// Opens the database, which must have been migrated. Refuses when another process holds it.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let _ = settings;
        unimplemented!()
    }

    /// The only way to write.
    pub fn pen(&self) -> &Pen {
        &self.pen
    }

    /// Connections that the database itself opened read-only.
    pub fn reads(&self) -> &DatabaseConnection {
        &self.reads
    }

    /// Marks a clean end and closes every connection.
    pub async fn close(self) -> Result<(), StoreError> {
        unimplemented!()
    }
}
