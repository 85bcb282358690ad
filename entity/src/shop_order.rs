//! Orders, from their first word to their hand-over.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shop_order")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: i64,
    /// Given by the seller's own counter.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Where it was said.
    pub conversation_id: i64,
    /// Who wants it.
    pub customer_id: i64,
    /// The channel of its first message.
    pub channel: String,
    /// The key of the event it began with; unique.
    pub source_key: String,
    /// How far it is.
    pub state: String,
    /// From 0 to 1.
    pub confidence: f32,
    /// Phone number: when confirmed, or set by hand.
    pub phone: Option<String>,
    /// E-mail address: likewise.
    pub email: Option<String>,
    /// Postal address: likewise.
    pub address: Option<String>,
    /// When its first message was said.
    pub opened_at: i64,
    /// When it was confirmed.
    pub confirmed_at: Option<i64>,
    /// 1 at first, and one more with every change.
    pub version: i64,
    /// True once a person has written its lines.
    pub by_hand: bool,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
