//! Accounts at Meta that events came for while nobody had connected them.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unknown_account")]
pub struct Model {
    /// `channel:Meta's id`, as the door read it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// How many of its events the ledger holds that are nobody's.
    pub kept: i64,
    /// When the first of them came; milliseconds since 1970.
    pub first_at: i64,
    /// When the last came, kept or not; milliseconds since 1970.
    pub last_at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
