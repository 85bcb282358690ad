//! Catalogs at Meta that shops were connected to.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Meta's id.
    pub meta_id: String,
    /// With whose token it is changed.
    pub connection_id: i64,
    /// How it is kept up, as JSON.
    pub settings: String,
    /// How far it is from being seen.
    pub standing: String,
    /// Its name at Meta.
    pub name: Option<String>,
    /// How many items Meta says it has.
    pub products: Option<i64>,
    /// When Meta was last asked about it.
    pub looked_at: Option<i64>,
    /// What went wrong then.
    pub error: Option<String>,
    /// Changes of products up to this number of the seller's counter were looked at.
    pub looked_through: i64,
    /// How long ago, in seconds, what waits for Meta's review was sent when Meta was last asked about it.
    pub review_wait: i64,
    /// False once the shop was connected to another.
    pub is_current: bool,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
