//! Every event, from its arrival to its outcome.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox_event")]
pub struct Model {
    /// Its place in the order of arrival, over all sellers.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// Whose it is at Meta.
    pub account: String,
    /// Unique within the account.
    pub key: String,
    /// Whose it is with us, if anybody's.
    pub seller_id: Option<i64>,
    /// `meta`, `command` or `result`.
    pub source: String,
    /// What it is, as a word.
    pub kind: String,
    /// The customer's id at Meta.
    pub customer: Option<String>,
    /// When, by its sender's clock; milliseconds since 1970.
    pub happened_at: i64,
    /// When, by our clock; milliseconds since 1970.
    pub received_at: i64,
    /// The bytes it came in.
    pub raw: Vec<u8>,
    /// `pending`, `handled`, `duplicate` or `ledgered`.
    pub state: String,
    /// Why it was ledgered, as a code.
    pub reason: Option<String>,
    /// How often it was taken in hand one by one.
    pub attempts: i32,
    /// When it ended; milliseconds since 1970.
    pub decided_at: Option<i64>,
    /// For commands: what they are answered, as JSON.
    pub answer: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
