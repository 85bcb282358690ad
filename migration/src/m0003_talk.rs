//! Conversations know what happened in them besides words: edits, reactions, receipts, where a customer came from; and
//! comments have a place. Messages are found by Meta's id, whoever wrote them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the columns and the tables.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        // SQLite keeps the row in its primary key: a seller's rows lie side by side.
        let clustered = if backend == DbBackend::Sqlite { " WITHOUT ROWID" } else { "" };
        for part in [COLUMNS, BY_MID, LOOSE_ENDS, COMMENTS] {
            connection.execute_unprepared(&part.replace("{clustered}", clustered)).await?;
        }
        if backend == DbBackend::Sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const COLUMNS: &str = "
ALTER TABLE customer ADD COLUMN shown_name TEXT;
ALTER TABLE customer ADD COLUMN shown_username TEXT;
ALTER TABLE customer ADD COLUMN shown_phone TEXT;
ALTER TABLE conversation ADD COLUMN in_other_hands BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE conversation ADD COLUMN delivered_through BIGINT;
ALTER TABLE conversation ADD COLUMN read_through BIGINT;
ALTER TABLE message ADD COLUMN marks TEXT;
ALTER TABLE lead ADD COLUMN source TEXT;
";

const BY_MID: &str = "
DROP INDEX message_sent;
CREATE INDEX message_by_mid ON message (seller_id, mid) WHERE mid IS NOT NULL;
";

const LOOSE_ENDS: &str = "
CREATE TABLE loose_end (
    seller_id BIGINT NOT NULL,
    account TEXT NOT NULL,
    mid TEXT NOT NULL,
    customer TEXT,
    told TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, account, mid)
){clustered};
";

const COMMENTS: &str = "
CREATE TABLE comment (
    seller_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    meta_id TEXT NOT NULL,
    parent TEXT,
    media TEXT,
    ad TEXT,
    customer TEXT,
    username TEXT,
    text TEXT,
    is_own BOOLEAN NOT NULL,
    is_live BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, id),
    UNIQUE (seller_id, account, kind, meta_id)
){clustered};
";

/// What SQLite's planner is to believe, as it is told with the first tables.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('message', 'message_by_mid', '10000000 10000 1'),
    ('loose_end', 'loose_end', '100000 100 50 1'),
    ('comment', 'comment', '1000000 1000 1'),
    ('comment', 'sqlite_autoindex_comment_2', '1000000 1000 1000 500 1');
";
