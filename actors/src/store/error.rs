//! What can go wrong with the store, sorted once into what the caller can do about it.

use std::sync::Arc;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlxError, SqlxSqliteError};
use thiserror::Error;

use crate::failpoint::Injected;

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another incarnation of the seller's actor has taken over: stop.
    #[error("a newer incarnation of seller {0} has taken over")]
    Fenced(i64),
    /// An event was decided already by another incarnation: reload.
    #[error("an event of this turn was decided before")]
    Decided,
    /// The database refuses these very rows; the same rows will be refused again.
    #[error("the database refuses the data")]
    Data(#[source] DbErr),
    /// The database cannot be used now: full disk, lost connection, read-only. Later may be better.
    #[error("the database cannot be used now")]
    Unavailable(#[source] DbErr),
    /// A row holds what this version cannot read.
    #[error("a stored {what} cannot be read: {why}")]
    Unreadable {
        /// Which table or column.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Another process has the database open.
    #[error("another process uses this database")]
    InUse,
    /// The tables are not those of this version.
    #[error("the database is not of this version of the program")]
    NotMigrated,
    /// The address of the database cannot be used.
    #[error(
        "\"{0}\" is no address of a database: sqlite://path or postgres://user:password@host/name is expected, where a \
         password's special characters are written %40 and the like"
    )]
    Address(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match nature(&error) {
            Nature::Data => StoreError::Data(error),
            Nature::Unavailable => StoreError::Unavailable(error),
            Nature::Unreadable => StoreError::Unreadable { what: "column", why: error.to_string() },
        }
    }
}

impl From<Injected> for StoreError {
    fn from(injected: Injected) -> Self {
        StoreError::Unavailable(DbErr::Custom(injected.to_string()))
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        StoreError::Unavailable(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(SqlxError::Io(error)))))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Nature {
    Data,
    Unavailable,
    Unreadable,
}

/// In doubt "unavailable": whoever tries again later loses nothing.
fn nature(error: &DbErr) -> Nature {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Conn(RuntimeErr::SqlxError(error)) => nature_of_driver(error),
        DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => Nature::Unreadable,
        _ => Nature::Unavailable,
    }
}

fn nature_of_driver(error: &SqlxError) -> Nature {
    match error {
        SqlxError::Database(error) => nature_of_answer(error.as_ref()),
        SqlxError::Encode(_) => Nature::Data,
        SqlxError::Decode(_) | SqlxError::ColumnDecode { .. } => Nature::Unreadable,
        _ => Nature::Unavailable,
    }
}

fn nature_of_answer(error: &(dyn DatabaseError + 'static)) -> Nature {
    let code = error.code().unwrap_or_default();
    let is_data = match error.try_downcast_ref::<SqlxSqliteError>() {
        Some(_) => code.parse().is_ok_and(is_data_for_sqlite),
        None => is_data_for_postgres(&code),
    };
    if is_data { Nature::Data } else { Nature::Unavailable }
}

/// Too big, constraint, mismatch. The low byte of an extended code is the code.
fn is_data_for_sqlite(extended: i32) -> bool {
    matches!(extended & 0xff, 18..=20)
}

/// Bad value, constraint, limit exceeded: not what is said of resources, connections or operators.
fn is_data_for_postgres(code: &str) -> bool {
    ["22", "23", "54"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_codes_are_sorted_into_data_and_later() {
        for (code, data) in [
            (19, true),   // constraint
            (2067, true), // unique
            (275, true),  // check
            (18, true),   // too big
            (13, false),  // full
            (10, false),  // I/O
            (778, false), // I/O while writing
            (8, false),   // read-only
            (5, false),   // busy
            (517, false), // busy, snapshot
            (11, false),  // corrupt
            (14, false),  // cannot open
        ] {
            assert_eq!(is_data_for_sqlite(code), data, "{code}");
        }
    }

    #[test]
    fn postgres_codes_are_sorted_into_data_and_later() {
        for (code, data) in [
            ("22021", true),
            ("23505", true),
            ("23514", true),
            ("54000", true),
            ("53100", false),
            ("53300", false),
            ("57P01", false),
            ("57014", false),
            ("08006", false),
            ("25006", false),
            ("40P01", false),
        ] {
            assert_eq!(is_data_for_postgres(code), data, "{code}");
        }
    }

    #[test]
    fn a_lost_connection_is_for_later_and_a_strange_column_is_unreadable() {
        let lost = StoreError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(matches!(lost, StoreError::Unavailable(_)));
        assert!(matches!(StoreError::from(DbErr::Type("x".into())), StoreError::Unreadable { .. }));
    }
}
