//! Products in orders.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Which order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: i64,
    /// Its place in the order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub n: i32,
    /// The product's SKU.
    pub product: String,
    /// The variant's SKU.
    pub variant: Option<String>,
    /// The product's title, then.
    pub title: String,
    /// Option values, as JSON.
    pub options: String,
    /// Modifier ids, as JSON.
    pub modifiers: String,
    /// How many.
    pub quantity: i64,
    /// Price of one, then, in minor units.
    pub unit_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// The words that led here, as JSON.
    pub evidence: String,
    /// From 0 to 1.
    pub confidence: f32,
    /// True while its quantity is missing in the stock for it.
    pub stock_taken: bool,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
