//! What a seller has for sale.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// The seller's SKU.
    #[sea_orm(primary_key, auto_increment = false)]
    pub retailer_id: String,
    /// Meta's id of the item in its catalog.
    pub item_id: Option<String>,
    /// As shown to customers.
    pub title: String,
    /// Price of one, in minor units.
    pub price_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// How many are left, where counted.
    pub stock: Option<i64>,
    /// Other words for it, as JSON.
    pub keywords: String,
    /// Price of one for the time being, in minor units.
    pub sale_minor: Option<i64>,
    /// Whether it can be had, where that is said.
    pub availability: Option<String>,
    /// Whether it is kept from customers.
    pub hidden: bool,
    /// Counts its changes.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: i64,
    /// The seller's counter at its last change.
    pub changed: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
