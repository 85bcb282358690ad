//! Tells SQLite's planner that a shop with a catalog at Meta has many items there. Taken for two hundred, all of them were
//! walked through for each page of products.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes them.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager.get_connection().execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A hundred shops with a hundred thousand items each.
const STATISTICS: &str = "
UPDATE sqlite_stat1 SET stat = '10000000 100000 100000 1' WHERE idx = 'catalog_product';
UPDATE sqlite_stat1 SET stat = '10000000 100000 100000 2' WHERE idx = 'catalog_product_of_product';
UPDATE sqlite_stat1 SET stat = '10000000 100000 100000 20000 10000 1' WHERE idx = 'catalog_product_by_state';
";
