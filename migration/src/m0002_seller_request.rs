//! A seller remembers the request that made it, so that the same request sent again makes no second one.

use sea_orm_migration::prelude::*;

/// Adds the column.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("ALTER TABLE seller ADD COLUMN request TEXT").await?;
        connection.execute_unprepared("CREATE UNIQUE INDEX seller_by_request ON seller (request)").await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
