//! What the ledger needs to be searched, replayed and let go of: whose events are nobody's and how many of them are
//! kept, how many were not, and indexes over what is ledgered. Handled events, nearly all there are, are in none of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds them.
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

const TABLES: &str = "
ALTER TABLE intake ADD COLUMN not_kept BIGINT NOT NULL DEFAULT 0;
CREATE TABLE unknown_account (
    account TEXT NOT NULL PRIMARY KEY,
    kept BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
){clustered};
INSERT INTO unknown_account (account, kept, first_at, last_at)
    SELECT account, COUNT(*), MIN(received_at), MAX(received_at) FROM inbox_event
    WHERE state = 'ledgered' AND source = 'meta' AND seller_id IS NULL GROUP BY account;
CREATE INDEX inbox_event_ledgered_seq ON inbox_event (seq) WHERE state = 'ledgered';
CREATE INDEX inbox_event_ledgered_time ON inbox_event (happened_at, seq) WHERE state = 'ledgered';
CREATE INDEX inbox_event_ledgered_account ON inbox_event (account, happened_at, seq) WHERE state = 'ledgered';
";

/// What SQLite's planner is to believe of them.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('unknown_account', 'unknown_account', '1000 1'),
    ('inbox_event', 'inbox_event_ledgered_seq', '10000 1'),
    ('inbox_event', 'inbox_event_ledgered_time', '10000 1 1'),
    ('inbox_event', 'inbox_event_ledgered_account', '10000 100 1 1');
";
