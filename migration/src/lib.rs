//! How memory changes shape: forward-only steps, never edited once released.

mod m0001_first;
mod m0002_seller_request;
mod m0003_talk;
mod m0004_carts;
mod m0005_channels;
mod m0006_ledger;
mod m0007_budgets;
mod m0008_orders_by_hand;
mod m0009_desk;
mod m0010_shop_events;
mod m0011_keys;
mod m0012_goods;
mod m0013_lists;
mod m0014_credentials;
mod m0015_erasure;
mod m0016_sync;
mod m0017_checkups;
mod m0018_retention;
mod m0021_large_catalogs;
mod m0022_former_owners;

use sea_orm_migration::prelude::{MigrationTrait, async_trait};

pub use sea_orm_migration::MigratorTrait;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first::Migration),
            Box::new(m0002_seller_request::Migration),
            Box::new(m0003_talk::Migration),
            Box::new(m0004_carts::Migration),
            Box::new(m0005_channels::Migration),
            Box::new(m0006_ledger::Migration),
            Box::new(m0007_budgets::Migration),
            Box::new(m0008_orders_by_hand::Migration),
            Box::new(m0009_desk::Migration),
            Box::new(m0010_shop_events::Migration),
            Box::new(m0011_keys::Migration),
            Box::new(m0012_goods::Migration),
            Box::new(m0013_lists::Migration),
            Box::new(m0014_credentials::Migration),
            Box::new(m0015_erasure::Migration),
            Box::new(m0016_sync::Migration),
            Box::new(m0017_checkups::Migration),
            Box::new(m0018_retention::Migration),
            Box::new(m0021_large_catalogs::Migration),
            Box::new(m0022_former_owners::Migration),
        ]
    }
}
