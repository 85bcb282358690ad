//! A database of a test's own, of either kind.

use std::path::Path;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;

use super::postgres;

/// Which kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database nobody else uses; empty, or migrated already.
pub(crate) struct Database {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    /// Goes with its files when it is dropped.
    _files: Option<TempDir>,
}

impl Database {
    pub(crate) async fn of(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let files = tempfile::tempdir().unwrap();
                Self { url: Self::in_folder(files.path()).url, engine, _files: Some(files) }
            }
            Engine::Postgres => Self { engine, url: postgres::new_database().await, _files: None },
        }
    }

    /// SQLite in a folder that somebody else keeps.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let url = format!("sqlite://{}", folder.join("hawker.db").display());
        Self { engine: Engine::Sqlite, url, _files: None }
    }

    /// Where its server listens.
    pub(crate) fn port(&self) -> u16 {
        port_of(&self.url)
    }

    /// The same database, reached on another port.
    pub(crate) fn through_port(self, port: u16) -> Self {
        Self { url: on_port(&self.url, port), ..self }
    }

    /// One connection to look at what is stored, past the service.
    pub(crate) async fn look(&self) -> DatabaseConnection {
        let url = match self.engine {
            Engine::Sqlite => format!("{}?mode=rw", self.url),
            Engine::Postgres => self.url.clone(),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let connection = sea_orm::Database::connect(options).await.unwrap();
        if self.engine == Engine::Sqlite {
            connection.execute_unprepared("PRAGMA query_only = ON").await.unwrap();
        }
        connection
    }
}

/// Where the server of this address listens.
fn port_of(url: &str) -> u16 {
    url.parse::<url::Url>().unwrap().port().unwrap()
}

/// The same address with another port.
fn on_port(url: &str, port: u16) -> String {
    let mut url: url::Url = url.parse().unwrap();
    url.set_port(Some(port)).unwrap();
    url.to_string()
}
