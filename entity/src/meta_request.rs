//! What Meta asked for on behalf of persons: each signed request is taken once.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meta_request")]
pub struct Model {
    /// The confirmation code, which nobody can guess.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// SHA-256 of the signed request, as hexadecimal digits; unique.
    pub print: String,
    /// `deauthorize` or `data_deletion`.
    pub kind: String,
    /// When it came.
    pub at: i64,
    /// In how many erasures it ends.
    pub parts: i32,
    /// How many connections were ended for it.
    pub done: i32,
}

/// None: it belongs to no seller.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
