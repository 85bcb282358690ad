//! Sellers' accounts at Meta, with the sealed tokens to act for them.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connection")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose.
    pub seller_id: i64,
    /// `channel:Meta's id`; unique.
    pub account: String,
    /// The account's name, for people.
    pub username: String,
    /// The token, encrypted.
    pub sealed_token: Option<String>,
    /// `connected` or `disconnected`.
    pub state: String,
    /// The account linked to it, which the same token may act for: a Page's Instagram account, or the other way round.
    pub linked: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
