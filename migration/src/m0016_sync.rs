//! The catalog at Meta, what is known of each item there, runs of the sync, and the calls they make. Products say which
//! change was their last, so that a run need not look at all of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes them.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        let (clustered, bytes) = if is_sqlite { (" WITHOUT ROWID", "BLOB") } else { ("", "BYTEA") };
        connection.execute_unprepared(CHANGES).await?;
        connection.execute_unprepared(&TABLES.replace("{clustered}", clustered).replace("{bytes}", bytes)).await?;
        connection.execute_unprepared(FINER_SLOTS).await?;
        if is_sqlite {
            connection.execute_unprepared(STATISTICS).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Counted by the seller's own counter: no clock that is put back can hide a change.
const CHANGES: &str = "
ALTER TABLE product ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE item_over ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX product_by_change ON product (seller_id, changed, retailer_id);
CREATE INDEX item_over_by_change ON item_over (seller_id, changed, retailer_id);
";

const TABLES: &str = "
CREATE TABLE catalog (
    seller_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    meta_id TEXT NOT NULL,
    connection_id BIGINT NOT NULL,
    settings TEXT NOT NULL,
    standing TEXT NOT NULL,
    name TEXT,
    products BIGINT,
    looked_at BIGINT,
    error TEXT,
    looked_through BIGINT NOT NULL,
    review_wait BIGINT NOT NULL,
    is_current BOOLEAN NOT NULL,
    PRIMARY KEY (seller_id, id)
){clustered};
CREATE TABLE catalog_product (
    seller_id BIGINT NOT NULL,
    catalog BIGINT NOT NULL,
    retailer_id TEXT NOT NULL,
    product TEXT NOT NULL,
    item_id TEXT,
    state TEXT NOT NULL,
    rank INTEGER NOT NULL,
    wants TEXT NOT NULL,
    batch BIGINT,
    accepted BIGINT,
    offered BIGINT,
    sent BIGINT,
    offers BIGINT,
    expected BIGINT,
    seen BIGINT,
    seen_at BIGINT NOT NULL,
    mended INTEGER NOT NULL,
    reason TEXT,
    review TEXT,
    can_be_tagged BOOLEAN,
    is_in_shop BOOLEAN,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (seller_id, catalog, retailer_id)
){clustered};
CREATE INDEX catalog_product_of_product ON catalog_product (seller_id, catalog, product);
CREATE INDEX catalog_product_by_state ON catalog_product (seller_id, catalog, state, rank, retailer_id);
CREATE INDEX catalog_product_of_batch ON catalog_product (seller_id, catalog, batch) WHERE batch IS NOT NULL;
CREATE TABLE sync_run (
    seller_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    catalog BIGINT NOT NULL,
    kind TEXT NOT NULL,
    asked_by TEXT,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    cursor TEXT NOT NULL,
    through BIGINT NOT NULL,
    counts TEXT NOT NULL,
    refusals TEXT NOT NULL,
    pause TEXT,
    pauses TEXT NOT NULL,
    failure TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (seller_id, id)
){clustered};
CREATE INDEX sync_run_open ON sync_run (seller_id, id) WHERE ended_at IS NULL;
CREATE TABLE sync_call (
    seller_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    catalog BIGINT NOT NULL,
    run BIGINT,
    kind TEXT NOT NULL,
    subject TEXT,
    state TEXT NOT NULL,
    items INTEGER NOT NULL,
    removes INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    held INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    claimed_at BIGINT,
    claimed_by BIGINT,
    not_before BIGINT NOT NULL,
    give_up_at BIGINT,
    handle TEXT,
    outcome TEXT,
    made_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (seller_id, id)
){clustered};
CREATE INDEX sync_call_open ON sync_call (seller_id, id) WHERE ended_at IS NULL;
CREATE INDEX sync_call_of_run ON sync_call (seller_id, run, id);
CREATE TABLE sync_body (
    seller_id BIGINT NOT NULL,
    call BIGINT NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (seller_id, call)
);
";

/// An hour is told apart by quarters of a minute from now on. What was spent in a minute counts to its end.
const FINER_SLOTS: &str = "
UPDATE rate_window SET slot = slot * 4 + 3 WHERE family = 'graph' AND slot < 100000000;
";

/// For SQLite's planner, as with the first tables: a thousand sellers with a hundred products each.
const STATISTICS: &str = "
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('product', 'product_by_change', '100000 100 2 1'),
    ('item_over', 'item_over_by_change', '10000 10 2 1'),
    ('catalog', 'catalog', '1000 1 1'),
    ('catalog_product', 'catalog_product', '200000 200 200 1'),
    ('catalog_product', 'catalog_product_of_product', '200000 200 200 2'),
    ('catalog_product', 'catalog_product_by_state', '200000 200 200 40 20 1'),
    ('catalog_product', 'catalog_product_of_batch', '3000 1000 1000 500'),
    ('sync_run', 'sync_run', '100000 100 1'),
    ('sync_run', 'sync_run_open', '1000 1 1'),
    ('sync_call', 'sync_call', '100000 100 1'),
    ('sync_call', 'sync_call_open', '1000 1 1'),
    ('sync_call', 'sync_call_of_run', '100000 100 2 1');
";
