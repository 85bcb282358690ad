//! An erasure may be for age: of all customers who have been silent for as long as their seller keeps anything, group by
//! group.

use sea_orm_migration::prelude::*;

/// Adds what such an erasure knows.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(COLUMNS).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// All of them are empty in the erasure of one person.
const COLUMNS: &str = "
ALTER TABLE erasure ADD COLUMN persons TEXT;
ALTER TABLE erasure ADD COLUMN keep_days INTEGER;
ALTER TABLE erasure ADD COLUMN before_at BIGINT;
ALTER TABLE erasure ADD COLUMN next_account TEXT;
ALTER TABLE erasure ADD COLUMN next_after BIGINT;
";
