//! What is held to act for an account at Meta: one token for each thing it is for.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credential")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Of which connection.
    #[sea_orm(primary_key, auto_increment = false)]
    pub connection_id: i64,
    /// `messages` or `catalog`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    /// `given`, `page`, `facebook_user` or `instagram`.
    pub kind: String,
    /// The connection's generation when it was put here.
    pub generation: i64,
    /// The token, encrypted.
    pub sealed_token: String,
    /// The app-scoped id of the person who granted it.
    pub person: Option<String>,
    /// What it may do, in Meta's words, with spaces between.
    pub scopes: String,
    /// Since when it is this token; none: given by hand.
    pub got_at: Option<i64>,
    /// When it ends by itself.
    pub expires_at: Option<i64>,
    /// Until when it reads data without the person being asked again.
    pub data_access_expires_at: Option<i64>,
    /// At how many days before its end it was warned of last.
    pub warned_days: Option<i32>,
    /// When there is something to do for it next.
    pub look_at: Option<i64>,
    /// Meta's code for why it is taken no more, or a word of ours.
    pub cause: Option<String>,
    /// Since when.
    pub cause_at: Option<i64>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
