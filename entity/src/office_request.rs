//! Requests to the front office that may come again, with what they were answered.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "office_request")]
pub struct Model {
    /// Whose: `operator`, or `key:7`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub caller: String,
    /// Its Idempotency-Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of what was asked, as hexadecimal digits.
    pub print: String,
    /// What was answered, sealed. Only the transaction that makes the row sees it without.
    pub answer: Option<String>,
    /// When it was asked.
    pub at: i64,
}

/// None: it belongs to nobody's shop.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
