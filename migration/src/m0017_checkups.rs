//! What was found when connections were looked at, when to look again, and which secret signed webhooks last.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes them.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        let clustered = if backend == DbBackend::Sqlite { " WITHOUT ROWID" } else { "" };
        connection.execute_unprepared(&TABLES.replace("{clustered}", clustered)).await?;
        if backend == DbBackend::Sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const TABLES: &str = "
ALTER TABLE connection ADD COLUMN checkup_at BIGINT;
ALTER TABLE connection ADD COLUMN restored_at BIGINT;
CREATE INDEX connection_to_check ON connection (checkup_at);
CREATE TABLE checkup (
    seller_id BIGINT NOT NULL,
    connection_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    light TEXT NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (seller_id, connection_id)
){clustered};
CREATE TABLE secret_seen (
    label TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
){clustered};
";

/// For SQLite's planner, as with the first tables: a thousand sellers with ten accounts each, of which a few are due.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('connection', 'connection_to_check', '10000 1'),
    ('checkup', 'checkup', '10000 10 1'),
    ('secret_seen', 'secret_seen', '4 1');
";
