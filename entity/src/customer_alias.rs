//! Further ids at Meta of customers: the ones they had before, or have beside.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_alias")]
pub struct Model {
    /// Whose customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Where.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// The id at Meta.
    #[sea_orm(primary_key, auto_increment = false)]
    pub alias: String,
    /// Who.
    pub customer_id: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
