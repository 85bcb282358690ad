//! Budgets for more than connections and minutes, and the pauses that Meta's limits ask for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes them.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let clustered = if is_sqlite { " WITHOUT ROWID" } else { "" };
        connection.execute_unprepared(&HOLDS.replace("{clustered}", clustered)).await?;
        connection.execute_unprepared(WIDER).await?;
        if is_sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const HOLDS: &str = "
CREATE TABLE hold (
    seller_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    times INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (seller_id, kind, subject)
){clustered};
CREATE TABLE app_hold (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    times INTEGER NOT NULL,
    why TEXT NOT NULL
);
";

/// What was spent before stays spent: the connections of the families there were are subjects now, and their minutes
/// are slots.
const WIDER: &str = "
ALTER TABLE rate_window RENAME COLUMN connection_id TO subject;
ALTER TABLE rate_window RENAME COLUMN minute TO slot;
ALTER TABLE outbox ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
";

/// For SQLite's planner, as with the first tables: a thousand sellers with a few pauses each.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('hold', 'hold', '10000 10 5 1');
";
