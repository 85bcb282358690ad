//! Runs of the catalog sync.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_run")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Of which catalog.
    pub catalog: i64,
    /// What kind of run.
    pub kind: String,
    /// Who asked for it; none: the service by itself.
    pub asked_by: Option<String>,
    /// How it stands.
    pub status: String,
    /// What it is at.
    pub phase: String,
    /// How far it is in that.
    pub cursor: String,
    /// The seller's counter when it began.
    pub through: i64,
    /// What it has counted, as JSON.
    pub counts: String,
    /// The first items that were refused here, as JSON.
    pub refusals: String,
    /// What it waits for, as JSON.
    pub pause: Option<String>,
    /// What it has waited for, as JSON.
    pub pauses: String,
    /// Why it failed, as JSON.
    pub failure: Option<String>,
    /// When it began.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
