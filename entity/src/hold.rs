//! Pauses that sellers learned from Meta's limits.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hold")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// What is held: `conversation`, `connection`, or a budget's family.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Its id within the kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: i64,
    /// When it was learned.
    pub since: i64,
    /// No call before.
    pub until: i64,
    /// Pauses in a row; 0 when it is to be forgotten.
    pub times: i32,
    /// Meta's code, or the header that said it.
    pub why: String,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
