//! Products and variants that were for sale: what a catalog at Meta may still have.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item_over")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// The SKU. It may be for sale again.
    #[sea_orm(primary_key, auto_increment = false)]
    pub retailer_id: String,
    /// Meta's id of the item in its catalog.
    pub item_id: Option<String>,
    /// Until when it was for sale.
    pub over_at: i64,
    /// The seller's counter at that time.
    pub changed: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
