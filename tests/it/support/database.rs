//! A database of a test's own, of either kind.

use std::path::Path;

use ::actors::store::sealed;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, QueryResult, Statement, Value};
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
        let connection = self.hand().await;
        if self.engine == Engine::Sqlite {
            connection.execute_unprepared("PRAGMA query_only = ON").await.unwrap();
        }
        connection
    }

    /// One connection to change what is stored, as somebody does who has got at the database.
    pub(crate) async fn hand(&self) -> DatabaseConnection {
        let url = match self.engine {
            Engine::Sqlite => format!("{}?mode=rw", self.url),
            Engine::Postgres => self.url.clone(),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        sea_orm::Database::connect(options).await.unwrap()
    }
}

/// Looking through everything that is stored.
impl Database {
    /// Every column of text or bytes, with its table.
    async fn columns(&self, rows: &DatabaseConnection) -> Vec<(String, String, bool)> {
        let sql = match self.engine {
            Engine::Sqlite => {
                "SELECT m.name AS t, c.name AS c, c.type AS k FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c \
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND c.type IN ('TEXT', 'BLOB') ORDER BY 1, 2"
            }
            Engine::Postgres => {
                "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS k FROM information_schema.columns \
                 WHERE table_schema = 'public' AND data_type IN ('text', 'bytea', 'character varying') ORDER BY 1, 2"
            }
        };
        let found = rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
        let read = |name: &str, row: &QueryResult| row.try_get::<String>("", name).unwrap();
        found.iter().map(|row| (read("t", row), read("c", row), read("k", row) == "bytea")).collect()
    }

    /// Every table there is.
    pub(crate) async fn tables(&self) -> std::collections::BTreeSet<String> {
        let rows = self.look().await;
        let sql = match self.engine {
            Engine::Sqlite => "SELECT name AS t FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            Engine::Postgres => {
                "SELECT table_name::text AS t FROM information_schema.tables WHERE table_schema = 'public'"
            }
        };
        let found = rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await.unwrap();
        rows.close().await.unwrap();
        found.iter().map(|row| row.try_get("", "t").unwrap()).collect()
    }

    /// The columns that hold any of these words, with how often.
    pub(crate) async fn columns_with(&self, words: &[&str]) -> Vec<(String, i64)> {
        let rows = self.look().await;
        let mut found = Vec::new();
        for (table, column, is_bytes) in self.columns(&rows).await {
            for word in words {
                let holds = match self.engine {
                    Engine::Sqlite => format!("instr(CAST(\"{column}\" AS BLOB), CAST($1 AS BLOB)) > 0"),
                    Engine::Postgres if is_bytes => format!("position(convert_to($1, 'UTF8') IN \"{column}\") > 0"),
                    Engine::Postgres => format!("position($1 IN \"{column}\") > 0"),
                };
                let sql = format!("SELECT COUNT(*) AS n FROM \"{table}\" WHERE {holds}");
                let ask = Statement::from_sql_and_values(rows.get_database_backend(), sql, [Value::from(*word)]);
                let n: i64 = rows.query_one_raw(ask).await.unwrap().unwrap().try_get("", "n").unwrap();
                found.extend((n > 0).then(|| (format!("{table}.{column} has {word:?}"), n)));
            }
        }
        rows.close().await.unwrap();
        found
    }

    /// How often each of SQLite's files holds each of these words.
    pub(crate) fn files_with(&self, words: &[&str]) -> Vec<(String, String, usize)> {
        let path = self.url.strip_prefix("sqlite://").unwrap();
        let mut found = Vec::new();
        for file in [path.to_owned(), format!("{path}-wal"), format!("{path}-shm")] {
            let Ok(bytes) = std::fs::read(&file) else { continue };
            for word in words {
                let times = bytes.windows(word.len()).filter(|window| *window == word.as_bytes()).count();
                found.push((file.clone(), (*word).to_owned(), times));
            }
        }
        found
    }

    /// What looks sealed stands in a column that a new encryption key reaches.
    pub(super) async fn expect_all_sealed_is_listed(&self) {
        let rows = self.look().await;
        for (table, column, is_bytes) in self.columns(&rows).await {
            if is_bytes {
                continue;
            }
            let is_listed = sealed::ALL.iter().any(|of| (of.table, of.column) == (&*table, &*column));
            let text = match self.engine {
                Engine::Sqlite => format!("CAST(\"{column}\" AS TEXT) GLOB 'v1.????????.????????????.*'"),
                Engine::Postgres => {
                    format!("CAST(\"{column}\" AS TEXT) ~ '^v1[.][0-9a-f]{{8}}[.][0-9a-f]{{12}}[.]'")
                }
            };
            let sql = format!("SELECT COUNT(*) AS n FROM \"{table}\" WHERE {text}");
            let ask = Statement::from_string(rows.get_database_backend(), sql);
            let n: i64 = rows.query_one_raw(ask).await.unwrap().unwrap().try_get("", "n").unwrap();
            assert!(n == 0 || is_listed, "{table}.{column} holds sealed texts and is not in the list of such columns");
        }
        rows.close().await.unwrap();
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
