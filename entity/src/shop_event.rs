//! What happened in shops, in order, for whoever follows them.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shop_event")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter, in the order of commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// What happened, as a word: `order.confirmed`.
    pub kind: String,
    /// What it happened to.
    pub subject: Option<i64>,
    /// In which conversation.
    pub conversation_id: Option<i64>,
    /// When, by our clock; milliseconds since 1970.
    pub at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
