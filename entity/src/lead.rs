//! Customers' interest in a shop.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lead")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Who.
    pub customer_id: i64,
    /// Where it began.
    pub conversation_id: i64,
    /// How far it is.
    pub stage: String,
    /// The first words.
    pub first_words: String,
    /// When they were said.
    pub at: i64,
    /// The link or ad the customer came through, as JSON.
    pub source: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
