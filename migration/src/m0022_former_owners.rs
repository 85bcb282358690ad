//! Remembers who had an account before, so that whoever wants their data deleted is found in that shop as well.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the table, with whoever has customers on an account that is theirs no more.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, is_sqlite) = (manager.get_connection(), manager.get_database_backend() == DbBackend::Sqlite);
        let clustered = if is_sqlite { " WITHOUT ROWID" } else { "" };
        connection.execute_unprepared(&TABLE.replace("{clustered}", clustered)).await?;
        if is_sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const TABLE: &str = "
CREATE TABLE former_owner (
    account TEXT NOT NULL,
    seller_id BIGINT NOT NULL,
    PRIMARY KEY (account, seller_id)
){clustered};
INSERT INTO former_owner (account, seller_id) SELECT DISTINCT c.account, c.seller_id FROM customer c
    WHERE NOT EXISTS (SELECT 1 FROM account_owner o WHERE o.account = c.account AND o.seller_id = c.seller_id);
";

/// For the same thousand sellers as the first statistics: few accounts ever change hands.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('former_owner', 'former_owner', '100 1 1');
";
