//! What staff wrote about conversations, orders and customers.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "note")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// `conversation`, `order` or `customer`.
    pub on_kind: String,
    /// Its id.
    pub on_id: i64,
    /// The words.
    pub text: String,
    /// Who wrote it.
    pub written_by: Option<String>,
    /// When it was written.
    pub at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
