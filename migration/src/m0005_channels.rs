//! Channels beside each other: a connection may name the account linked to its own, every account of Meta's has one
//! seller, and a customer may be known under several ids.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the column and the tables.
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
ALTER TABLE connection ADD COLUMN linked TEXT;
CREATE TABLE account_owner (
    account TEXT NOT NULL PRIMARY KEY,
    seller_id BIGINT NOT NULL
){clustered};
CREATE INDEX account_owner_of_seller ON account_owner (seller_id);
INSERT INTO account_owner (account, seller_id) SELECT account, seller_id FROM connection;
CREATE TABLE customer_alias (
    seller_id BIGINT NOT NULL,
    account TEXT NOT NULL,
    alias TEXT NOT NULL,
    customer_id BIGINT NOT NULL,
    PRIMARY KEY (seller_id, account, alias)
){clustered};
CREATE INDEX customer_alias_of_customer ON customer_alias (seller_id, customer_id);
";

/// For the same thousand sellers as the first statistics, each with a thousand customers of two ids.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('account_owner', 'account_owner', '3000 1'),
    ('account_owner', 'account_owner_of_seller', '3000 3'),
    ('customer_alias', 'customer_alias', '1000000 1000 1000 1'),
    ('customer_alias', 'customer_alias_of_customer', '1000000 1000 1');
";
