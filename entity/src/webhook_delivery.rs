//! What is, was and will be delivered to webhook endpoints.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whose.
    pub seller_id: i64,
    /// Where to.
    pub endpoint_id: i64,
    /// Of which shop event; none: it is a test.
    pub event_id: Option<i64>,
    /// What happened, as a word.
    pub kind: String,
    /// The bytes that are sent, the same at every try.
    pub body: Vec<u8>,
    /// `new`, `retrying`, `delivered` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it may be tried next.
    pub next_at: i64,
    /// What the last try was answered.
    pub last_status: Option<i32>,
    /// Why the last try failed, for people.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was tried last.
    pub tried_at: Option<i64>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
