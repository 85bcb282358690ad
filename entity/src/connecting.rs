//! People on their way to connect an account: from the address they are given to the end of it.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "connecting")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// For whose shop.
    pub seller_id: i64,
    /// The connection that is to work again; none: any account.
    pub connection_id: Option<i64>,
    /// SHA-256 of the ticket that our own address holds, until it is used.
    pub ticket_hash: Option<String>,
    /// SHA-256 of the `state` that comes back from Meta.
    pub state_hash: String,
    /// SHA-256 of what the browser's cookie holds; none: no browser has opened our address yet.
    pub browser_hash: Option<String>,
    /// `facebook` or `instagram`.
    pub way: String,
    /// `messages`, `catalog`, or both with a space between.
    pub uses: String,
    /// `asked`, `taken`, `choosing`, `connected` or `refused`.
    pub stage: String,
    /// How it ended, as a code.
    pub outcome: Option<String>,
    /// The same as a sentence of ours.
    pub detail: Option<String>,
    /// The accounts to choose from, as JSON; or the connections made.
    pub offered: Option<String>,
    /// Their tokens, encrypted, until one is chosen.
    pub sealed: Option<String>,
    /// With which key it was asked for.
    pub key_id: Option<i64>,
    /// What people call the key.
    pub named: String,
    /// Whose key it was.
    pub holder_id: Option<i64>,
    /// When.
    pub at: i64,
    /// Until when the next step may be taken.
    pub expires_at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
