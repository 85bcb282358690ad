//! The businesses that use us: settings, the fence and the id counter of each.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "seller")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Policies, as JSON.
    pub settings: String,
    /// Counts loads: only the newest incarnation of the actor may write.
    pub incarnation: i64,
    /// The last id the seller's counter has given.
    pub last_id: i64,
    /// Counts the actor's transactions, so that each of them writes something and can be flushed.
    pub turns: i64,
    /// Counts changes of the settings, so that of two people who edit the same ones the later learns of the other.
    pub version: i64,
    /// Its name in lower case, to be found by.
    pub search_name: String,
    /// The last shop event that was let go of.
    pub events_gone: i64,
    /// Caps of its own, as JSON: written by its actor.
    pub caps: String,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
