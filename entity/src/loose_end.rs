//! What was told of messages that have not come themselves.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "loose_end")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// On which account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: String,
    /// Meta's id of the message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub mid: String,
    /// The customer's id at Meta.
    pub customer: Option<String>,
    /// What was told, as JSON.
    pub told: String,
    /// When it was kept last.
    pub kept_at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
