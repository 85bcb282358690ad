//! Orders' histories.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_change")]
pub struct Model {
    /// Its place in the history of everything.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose.
    pub seller_id: i64,
    /// Which order.
    pub order_id: i64,
    /// When, by our clock.
    pub at: i64,
    /// `drafted`, `edited`, `confirmed`, `cancelled`, `fulfilled`.
    pub what: String,
    /// Who did it; none: the customer, or the service by itself.
    pub made_by: Option<String>,
    /// For edits: what was changed, as JSON.
    pub edit: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
