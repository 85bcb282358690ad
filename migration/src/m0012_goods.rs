//! Products as a catalog at Meta needs them, modifiers, what is not for sale any more, and caps where the seller's actor
//! writes them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes them, and moves the caps there are.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let clustered = if is_sqlite { " WITHOUT ROWID" } else { "" };
        connection.execute_unprepared(WIDER).await?;
        connection.execute_unprepared(&TABLES.replace("{clustered}", clustered)).await?;
        connection.execute_unprepared(if is_sqlite { CAPS_ON_SQLITE } else { CAPS_ON_POSTGRES }).await?;
        if is_sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const WIDER: &str = "
ALTER TABLE product ADD COLUMN sale_minor BIGINT;
ALTER TABLE product ADD COLUMN availability TEXT;
ALTER TABLE product ADD COLUMN hidden BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE product ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE product ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE variant ADD COLUMN sale_minor BIGINT;
ALTER TABLE variant ADD COLUMN availability TEXT;
ALTER TABLE seller ADD COLUMN caps TEXT NOT NULL DEFAULT '{}';
";

/// What is only shown has a table of its own: an actor loads without it, and a sale writes none of it.
const TABLES: &str = "
CREATE TABLE product_details (
    seller_id BIGINT NOT NULL,
    product TEXT NOT NULL,
    variant TEXT NOT NULL,
    description TEXT,
    link TEXT,
    images TEXT NOT NULL,
    brand TEXT,
    condition TEXT,
    category TEXT,
    product_type TEXT,
    PRIMARY KEY (seller_id, product, variant)
){clustered};
CREATE TABLE item_over (
    seller_id BIGINT NOT NULL,
    retailer_id TEXT NOT NULL,
    item_id TEXT,
    over_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, retailer_id)
){clustered};
CREATE TABLE modifier (
    seller_id BIGINT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    price_minor BIGINT,
    currency TEXT,
    keywords TEXT NOT NULL,
    PRIMARY KEY (seller_id, id)
){clustered};
CREATE INDEX product_by_item ON product (seller_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX variant_by_item ON variant (seller_id, item_id) WHERE item_id IS NOT NULL;
";

const CAPS_ON_SQLITE: &str = "
UPDATE seller SET caps = json_extract(settings, '$.caps'), settings = json_remove(settings, '$.caps')
WHERE CASE WHEN json_valid(settings) THEN json_type(settings, '$.caps') = 'object' ELSE FALSE END;
";

const CAPS_ON_POSTGRES: &str = "
UPDATE seller SET caps = settings::jsonb ->> 'caps', settings = (settings::jsonb - 'caps')::text
WHERE jsonb_typeof(settings::jsonb -> 'caps') = 'object';
";

/// For SQLite's planner, as with the first tables: a thousand sellers with a hundred products each.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('product_details', 'product_details', '200000 200 2 1'),
    ('item_over', 'item_over', '10000 10 1'),
    ('modifier', 'modifier', '10000 10 1'),
    ('product', 'product_by_item', '50000 50 1'),
    ('variant', 'variant_by_item', '200000 200 1');
";
