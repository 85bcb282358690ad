//! Where sellers want to be told of what happens in their shops.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose.
    pub seller_id: i64,
    /// Where to.
    pub url: String,
    /// What of, as a JSON list of words; none: of everything.
    pub kinds: Option<String>,
    /// What its deliveries are signed with, encrypted.
    pub sealed_secret: Option<String>,
    /// The secret before it, encrypted.
    pub old_secret: Option<String>,
    /// Until when both sign; milliseconds since 1970.
    pub old_until: Option<i64>,
    /// `active`, `paused` or `disabled`.
    pub state: String,
    /// Why it was disabled, for people.
    pub why: Option<String>,
    /// The last shop event that deliveries were made of.
    pub told_through: i64,
    /// Since when nothing was taken any more.
    pub failing_since: Option<i64>,
    /// It asked not to be called before.
    pub not_before: i64,
    /// When it was made.
    pub created_at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
