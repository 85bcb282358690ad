//! Orders are found by how far they are, by conversation and by customer, also in a shop that has a hundred
//! thousand.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Adds the indexes.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(INDEXES).await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const INDEXES: &str = "
CREATE INDEX shop_order_by_state ON shop_order (seller_id, state, id);
CREATE INDEX shop_order_of_conversation ON shop_order (seller_id, conversation_id, id);
CREATE INDEX shop_order_of_customer ON shop_order (seller_id, customer_id, id);
";

/// For SQLite's planner, as with the first tables: a thousand sellers with a thousand orders each.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('shop_order', 'shop_order_by_state', '1000000 1000 250 1'),
    ('shop_order', 'shop_order_of_conversation', '1000000 1000 1 1'),
    ('shop_order', 'shop_order_of_customer', '1000000 1000 1 1');
";
