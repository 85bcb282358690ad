//! Orders that people change: their versions, who took which step, and what they have taken from stock.

use sea_orm_migration::prelude::*;

/// Adds the columns.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(COLUMNS).await?;
        connection.execute_unprepared(TAKEN).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const COLUMNS: &str = "
ALTER TABLE shop_order ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE shop_order ADD COLUMN by_hand BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE order_line ADD COLUMN stock_taken BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE order_change ADD COLUMN made_by TEXT;
ALTER TABLE order_change ADD COLUMN edit TEXT;
";

/// What was confirmed before this was written down has taken its stock, wherever that was counted: what is not counted
/// is given nothing back.
const TAKEN: &str = "
UPDATE order_line SET stock_taken = TRUE WHERE EXISTS (
    SELECT 1 FROM shop_order AS o
    WHERE o.seller_id = order_line.seller_id AND o.id = order_line.order_id AND o.state = 'confirmed'
);
";
