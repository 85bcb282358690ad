//! Calls owed to Meta.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// What it was decided for; unique.
    pub purpose: String,
    /// With whose token.
    pub connection_id: i64,
    /// On which account.
    pub account: String,
    /// In which conversation.
    pub conversation_id: i64,
    /// The customer's id at Meta.
    pub recipient: String,
    /// `send` or `find`.
    pub kind: String,
    /// For `send`: the message row it becomes.
    pub message_id: Option<i64>,
    /// For `find`: the send in question.
    pub send_id: Option<i64>,
    /// The words.
    pub text: String,
    /// The file that is sent or looked for, as JSON.
    pub attachment: Option<String>,
    /// For `send`: the buttons beneath the words, as JSON.
    pub quick_replies: Option<String>,
    /// For `find`: when the send was claimed.
    pub since: Option<i64>,
    /// How far it is.
    pub state: String,
    /// How often it was claimed.
    pub attempts: i32,
    /// How often of these Meta refused it for calling too much.
    pub held: i32,
    /// When it was claimed last.
    pub claimed_at: Option<i64>,
    /// Which life of the process claimed it last.
    pub claimed_by: Option<i64>,
    /// Not to be claimed before.
    pub not_before: i64,
    /// Meta's message id, once accepted.
    pub mid: Option<String>,
    /// What went wrong last.
    pub error: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
