//! When sellers are to be woken, and for what.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alarm")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// What it is about.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The id within the kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: i64,
    /// When it goes off.
    pub due: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
