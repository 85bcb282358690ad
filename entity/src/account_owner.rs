//! Whose each of Meta's accounts is, connected itself or named as the one linked to a connected one.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_owner")]
pub struct Model {
    /// `channel:Meta's id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// Whose.
    pub seller_id: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
