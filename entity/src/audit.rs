//! Who did what: every use of an operator's key on a shop, and every change that the front office made.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// Its place, in the order in which things were noted.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When.
    pub at: i64,
    /// With which key; none: the operator's key of the settings, or the service itself.
    pub key_id: Option<i64>,
    /// Who, as histories name them.
    pub named: String,
    /// The seller whose key it was; none: the operator's.
    pub holder_id: Option<i64>,
    /// The shop it was about; none: no single one.
    pub seller_id: Option<i64>,
    /// What was done: a change by its name, or a request by its method and address.
    pub action: String,
    /// What there is to say of it, as JSON.
    pub detail: String,
}

/// None: rows are joined by hand.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
