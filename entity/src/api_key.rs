//! Keys that open the API. Of the secret there is only a hash.

use sea_orm::entity::prelude::*;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The seller whose it is; none: the operator's.
    pub seller_id: Option<i64>,
    /// What people call it.
    pub name: String,
    /// How its secret begins, for people to know it by.
    pub prefix: String,
    /// SHA-256 of its secret, as hexadecimal digits; unique.
    pub hash: String,
    /// What it may do: names of scopes with spaces between.
    pub scopes: String,
    /// When it was made.
    pub created_at: i64,
    /// From when on it opens nothing; none: it does not expire.
    pub expires_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<i64>,
    /// Who made it, as histories name them.
    pub made_by: String,
}

/// None: rows are joined by hand.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
