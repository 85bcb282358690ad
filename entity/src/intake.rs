//! What the door counted, by account and hour, and what was pruned from the inbox since.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "intake")]
pub struct Model {
    /// Whose account at Meta.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// Hours since 1970.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: i64,
    /// Events that came.
    pub received: i64,
    /// Of those, what the inbox already had.
    pub duplicate: i64,
    /// Handled events that are no longer kept.
    pub pruned_handled: i64,
    /// Ledgered events that are no longer kept.
    pub pruned_ledgered: i64,
    /// Of those, what was never kept: its account is nobody's and had as much in the ledger as it may.
    pub not_kept: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
