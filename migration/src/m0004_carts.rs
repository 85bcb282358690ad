//! What is wanted by id and by button: carts and product pages, Meta's item ids, quick replies of ours and the taps on
//! them.

use sea_orm_migration::prelude::*;

/// Adds the columns.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (table, column) in [
            ("message", "wishes"),
            ("message", "meant"),
            ("product", "item_id"),
            ("variant", "item_id"),
            ("outbox", "quick_replies"),
        ] {
            connection.execute_unprepared(&format!("ALTER TABLE {table} ADD COLUMN {column} TEXT")).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
