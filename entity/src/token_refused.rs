//! Tokens that Meta took no more, as sellers learned it from calls: the front office reads it here.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_refused")]
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
    /// The generation of the token that was refused last; a later one is another token.
    pub generation: i64,
    /// Meta's code, or a word of ours.
    pub code: String,
    /// When.
    pub at: i64,
}

/// None: rows are joined by hand, within one seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
