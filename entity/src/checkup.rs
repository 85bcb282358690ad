//! What was found when a connection was looked at last.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checkup")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Which connection.
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: i64,
    /// When.
    pub at: i64,
    /// The worst light of all lines.
    pub light: String,
    /// The lines, as JSON.
    pub lines: String,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
