//! What can be put on any product.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "modifier")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// The seller's name for it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// As shown to customers.
    pub title: String,
    /// What it adds to the price of one, in minor units.
    pub price_minor: Option<i64>,
    /// ISO 4217; there with a price.
    pub currency: Option<String>,
    /// Other words for it, as JSON.
    pub keywords: String,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
