//! Things said, either way.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Where it was said.
    pub conversation_id: i64,
    /// The episode it belongs to.
    pub episode: i32,
    /// True when it has a say in the episode's draft.
    pub counts: bool,
    /// Who wrote it.
    pub author: String,
    /// The key of its event.
    pub source_key: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// What a quick reply or button carried.
    pub payload: Option<String>,
    /// Products it names by id, as JSON.
    pub wishes: Option<String>,
    /// The button it taps or answers for, as JSON.
    pub meant: Option<String>,
    /// Meta's type words, as JSON.
    pub attachments: String,
    /// When it was said.
    pub at: i64,
    /// Meta's message id.
    pub mid: Option<String>,
    /// How far it is.
    pub state: String,
    /// The owed call that sends it.
    pub outbox_id: Option<i64>,
    /// What is known of it besides its words, as JSON.
    pub marks: Option<String>,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
