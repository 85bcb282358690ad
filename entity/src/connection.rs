//! Sellers' accounts at Meta. The tokens to act for them are credentials.

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
    /// `connected` or `disconnected`.
    pub state: String,
    /// The account linked to it, which the same token may act for: a Page's Instagram account, or the other way round.
    pub linked: Option<String>,
    /// Counts up with each token that is put in or taken away.
    pub generation: i64,
    /// Since when it is connected.
    pub connected_at: Option<i64>,
    /// SHA-256 of the verify token of its own.
    pub verify_hash: Option<String>,
    /// The seller that may connect it next: its owner lets it go.
    pub released_to: Option<i64>,
    /// The webhook fields it sends us, as Meta says, with spaces between.
    pub fields: Option<String>,
    /// When Meta said so.
    pub fields_at: Option<i64>,
    /// Why they could not be asked for or read last, in our words.
    pub fields_error: Option<String>,
    /// When its webhook fields are to be looked at next; none: we have not subscribed it.
    pub look_at: Option<i64>,
    /// When all of it is to be looked at next; none: nobody has planned that yet.
    pub checkup_at: Option<i64>,
    /// When webhook fields that Meta had switched off were last switched on again.
    pub restored_at: Option<i64>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
