//! Persons who are or were erased from a shop.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasure")]
pub struct Model {
    /// From whose shop; 0: from what is nobody's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Who it was, if it was a customer.
    pub customer_id: Option<i64>,
    /// What passed between them.
    pub conversation_id: Option<i64>,
    /// On which account.
    pub account: String,
    /// The ids at Meta, as JSON; none once it is over.
    pub meta_ids: String,
    /// Their HMACs, as JSON.
    pub masks: String,
    /// Events up to here are about the person as they were.
    pub through_seq: i64,
    /// When it was asked for.
    pub asked_at: i64,
    /// Who asked for it.
    pub asked_by: Option<String>,
    /// The confirmation code of Meta's request.
    pub request: Option<String>,
    /// Which part is next.
    pub phase: String,
    /// How far that part is.
    pub place: String,
    /// How much was erased, as JSON.
    pub counts: String,
    /// When it was over.
    pub done_at: Option<i64>,
    /// What was done, signed, as JSON.
    pub receipt: Option<String>,
    /// For age: who is erased now, as JSON.
    pub persons: Option<String>,
    /// For age: how many days are kept.
    pub keep_days: Option<i32>,
    /// For age: what was said up to then goes.
    pub before_at: Option<i64>,
    /// For age: on which account others are looked for; none: nowhere any more.
    pub next_account: Option<String>,
    /// For age: after which conversation.
    pub next_after: Option<i64>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
