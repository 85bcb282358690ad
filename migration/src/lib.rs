//! How memory changes shape: forward-only steps, never edited once released.

mod m0001_first;
mod m0002_seller_request;
mod m0004_carts;

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
            Box::new(m0004_carts::Migration),
        ]
    }
}
