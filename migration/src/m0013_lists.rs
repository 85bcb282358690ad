//! Orders, conversations and leads are found by what people look for, also in a shop that has a hundred thousand of
//! each.

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
CREATE INDEX conversation_unread ON conversation (seller_id, id) WHERE unread > 0;
CREATE INDEX conversation_to_look_at ON conversation (seller_id, id) WHERE needs_look IS NOT NULL;
CREATE INDEX conversation_archived ON conversation (seller_id, id) WHERE archived;
CREATE INDEX conversation_labelled ON conversation (seller_id, id) WHERE labels IS NOT NULL;
CREATE INDEX conversation_of_assignee ON conversation (seller_id, assignee, id) WHERE assignee IS NOT NULL;
CREATE INDEX lead_by_stage ON lead (seller_id, stage, id);
";

/// For SQLite's planner, as with the first tables: a thousand sellers with a thousand orders,
/// conversations and leads each.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('shop_order', 'shop_order_by_state', '1000000 1000 250 1'),
    ('shop_order', 'shop_order_of_conversation', '1000000 1000 1 1'),
    ('shop_order', 'shop_order_of_customer', '1000000 1000 1 1'),
    ('conversation', 'conversation_unread', '50000 50 1'),
    ('conversation', 'conversation_to_look_at', '50000 50 1'),
    ('conversation', 'conversation_archived', '500000 500 1'),
    ('conversation', 'conversation_labelled', '200000 200 1'),
    ('conversation', 'conversation_of_assignee', '200000 200 50 1'),
    ('lead', 'lead_by_stage', '1000000 1000 250 1');
";
