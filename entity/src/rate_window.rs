//! Calls spent, by the slot: a sixtieth of the window that a cap is for.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_window")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Which cap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub family: String,
    /// Which connection or catalog; 0 for the whole seller.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: i64,
    /// Counted from 1970 in the family's slots: minutes, or seconds for a cap on a minute.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot: i64,
    /// Calls.
    pub calls: i32,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
