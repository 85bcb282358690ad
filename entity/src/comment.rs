//! What people say in public: comments on a seller's posts, and mentions of the seller elsewhere.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// On which account.
    pub account: String,
    /// Comment or mention.
    pub kind: String,
    /// Meta's id, unique within account and kind.
    pub meta_id: String,
    /// The comment it answers.
    pub parent: Option<String>,
    /// Meta's id of the post.
    pub media: Option<String>,
    /// Meta's id of the ad that the post is.
    pub ad: Option<String>,
    /// Who wrote it, by Meta's id.
    pub customer: Option<String>,
    /// Who wrote it, by name.
    pub username: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// True when the seller's own account wrote it.
    pub is_own: bool,
    /// True when it was said during a live broadcast.
    pub is_live: bool,
    /// When it was said.
    pub at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
