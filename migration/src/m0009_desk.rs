//! What staff does beside the bot: words and files of its own, notes, labels, and conversations kept from the bot.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the columns and the table.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, is_sqlite) = (manager.get_connection(), manager.get_database_backend() == DbBackend::Sqlite);
        let clustered = if is_sqlite { " WITHOUT ROWID" } else { "" };
        connection.execute_unprepared(COLUMNS).await?;
        connection.execute_unprepared(&NOTES.replace("{clustered}", clustered)).await?;
        if is_sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const COLUMNS: &str = "
ALTER TABLE conversation ADD COLUMN people_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE conversation ADD COLUMN staff_at BIGINT;
ALTER TABLE conversation ADD COLUMN labels TEXT;
ALTER TABLE conversation ADD COLUMN assignee TEXT;
ALTER TABLE conversation ADD COLUMN archived BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE customer ADD COLUMN given_name TEXT;
ALTER TABLE outbox ADD COLUMN attachment TEXT;
";

const NOTES: &str = "
CREATE TABLE note (
    seller_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    on_kind TEXT NOT NULL,
    on_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    written_by TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, id)
){clustered};
CREATE INDEX note_on ON note (seller_id, on_kind, on_id, id);
";

/// For SQLite's planner, as with the first tables: a thousand sellers with a thousand notes each.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('note', 'note', '1000000 1000 1'),
    ('note', 'note_on', '1000000 1000 400 2 1');
";
