//! The pause that Meta's limits put the whole app under: one row for everybody, once there was one.

use sea_orm::entity::prelude::*;

/// The row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_hold")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// When it was learned.
    pub since: i64,
    /// No call before.
    pub until: i64,
    /// Pauses in a row; 0 when it is to be forgotten.
    pub times: i32,
    /// Meta's code, or the header that said it.
    pub why: String,
}

/// None: it belongs to no seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
