//! The root secret that other keys are made from, persons who are erased, and what Meta asked for on their behalf.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes them.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, is_sqlite) = (manager.get_connection(), manager.get_database_backend() == DbBackend::Sqlite);
        let clustered = if is_sqlite { " WITHOUT ROWID" } else { "" };
        connection.execute_unprepared(&TABLES.replace("{clustered}", clustered)).await?;
        if is_sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// `meta_ids` is emptied once an erasure is over; `masks`, their HMACs, stay for as long as Meta may send again.
const TABLES: &str = "
CREATE TABLE root_secret (
    id BIGINT NOT NULL,
    sealed TEXT NOT NULL,
    PRIMARY KEY (id)
){clustered};
CREATE TABLE erasure (
    seller_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    customer_id BIGINT,
    conversation_id BIGINT,
    account TEXT NOT NULL,
    meta_ids TEXT NOT NULL,
    masks TEXT NOT NULL,
    through_seq BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by TEXT,
    request TEXT,
    phase TEXT NOT NULL,
    place TEXT NOT NULL,
    counts TEXT NOT NULL,
    done_at BIGINT,
    receipt TEXT,
    PRIMARY KEY (seller_id, id)
){clustered};
CREATE INDEX erasure_of_customer ON erasure (seller_id, customer_id);
CREATE INDEX erasure_of_request ON erasure (request) WHERE request IS NOT NULL;
CREATE INDEX erasure_asked ON erasure (asked_at);
CREATE TABLE meta_request (
    code TEXT NOT NULL,
    print TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    parts INTEGER NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (code)
){clustered};
";

/// For SQLite's planner: of a thousand sellers' customers, one in a thousand was erased.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('root_secret', 'root_secret', '1 1'),
    ('erasure', 'erasure', '1000 10 1'),
    ('erasure', 'erasure_of_customer', '1000 10 1 1'),
    ('erasure', 'erasure_of_request', '500 2 1 1'),
    ('erasure', 'erasure_asked', '1000 1 1 1'),
    ('meta_request', 'meta_request', '500 1'),
    ('meta_request', 'sqlite_autoindex_meta_request_1', '500 1 1');
";
