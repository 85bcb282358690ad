//! Who had an account of Meta's before: what was said to them on it is still theirs.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "former_owner")]
pub struct Model {
    /// `channel:Meta's id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// Whose it was.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
