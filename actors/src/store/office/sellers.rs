//! Sellers as the front office knows them: made, found by name, and their settings changed by one person at a time.

use entity::seller;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect};

use crate::domain::ids::SellerId;
use crate::domain::seller::Settings;
use crate::store::rows::{from_json, json, unreadable};
use crate::store::views::Page;
use crate::store::{OfficeTx, StoreError, at_most};

/// A seller's settings, and which version of them it is.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionedSettings {
    /// The settings.
    pub settings: Settings,
    /// Counts their changes, from 1.
    pub version: i64,
}

/// What became of a change of settings.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsTaken {
    /// They are this seller's to change; whoever changes them puts the new ones in this transaction.
    Taken(Settings),
    /// Somebody has changed them since; this is their version now.
    ChangedSince(i64),
    /// There is no such seller.
    NoSeller,
}

/// Makes a seller.
pub async fn create_seller(tx: &OfficeTx, settings: &Settings) -> Result<SellerId, StoreError> {
    let sql = "INSERT INTO seller (settings, search_name, caps) VALUES ($1, $2, $3) RETURNING id";
    let values = vec![json(settings).into(), settings.name.to_lowercase().into(), json(&settings.caps).into()];
    match tx.writing().query_sql(sql, values).await?.first() {
        Some(row) => Ok(SellerId(row.try_get_by_index(0)?)),
        None => Err(unreadable("seller", "no id")),
    }
}

/// Takes a seller's settings to change them, if they are of this version still. The seller's row is held until the
/// transaction ends.
pub async fn take_settings(tx: &OfficeTx, seller: SellerId, version: i64) -> Result<SettingsTaken, StoreError> {
    let sql = "UPDATE seller SET version = version WHERE id = $1 RETURNING version, settings";
    let rows = tx.writing().query_sql(sql, vec![seller.0.into()]).await?;
    let Some(row) = rows.first() else { return Ok(SettingsTaken::NoSeller) };
    match row.try_get_by_index::<i64>(0)? {
        now if now == version => Ok(SettingsTaken::Taken(settings(row, 1)?)),
        now => Ok(SettingsTaken::ChangedSince(now)),
    }
}

/// Puts settings in the place of those a seller had; says their version.
pub async fn put_settings(tx: &OfficeTx, seller: SellerId, settings: &Settings) -> Result<i64, StoreError> {
    let sql =
        "UPDATE seller SET settings = $1, search_name = $2, version = version + 1 WHERE id = $3 RETURNING version";
    let values = vec![json(settings).into(), settings.name.to_lowercase().into(), seller.0.into()];
    match tx.writing().query_sql(sql, values).await?.first() {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Err(unreadable("seller", seller)),
    }
}

/// A seller's settings; none: there is no such seller.
pub async fn settings_of(
    reads: &impl ConnectionTrait,
    seller: SellerId,
) -> Result<Option<VersionedSettings>, StoreError> {
    let row = seller::Entity::find_by_id(seller.0)
        .select_only()
        .columns([seller::Column::Settings, seller::Column::Version])
        .into_tuple::<(String, i64)>()
        .one(reads)
        .await?;
    let read = |(settings, version): (String, _)| {
        Ok(VersionedSettings { settings: from_json("settings", &settings)?, version })
    };
    row.map(read).transpose()
}

/// Sellers whose name has these letters in it, or all, oldest first.
pub async fn sellers(
    reads: &impl ConnectionTrait,
    named: Option<&str>,
    page: Page,
) -> Result<Vec<(SellerId, VersionedSettings)>, StoreError> {
    let mut query = seller::Entity::find()
        .select_only()
        .columns([seller::Column::Id, seller::Column::Settings, seller::Column::Version])
        .filter(seller::Column::Id.gt(page.after));
    if let Some(named) = named {
        // PostgreSQL refuses a question with a NUL in it, and no name has one.
        if named.contains('\0') {
            return Ok(Vec::new());
        }
        query = query.filter(Expr::col(seller::Column::SearchName).like(contains(named)));
    }
    let query = query.order_by_asc(seller::Column::Id).limit(at_most(page.limit));
    let rows = query.into_tuple::<(i64, String, i64)>().all(reads).await?;
    let read = |(id, settings, version): (_, String, _)| {
        Ok((SellerId(id), VersionedSettings { settings: from_json("settings", &settings)?, version }))
    };
    rows.into_iter().map(read).collect()
}

/// A pattern for names with these letters in them, whatever these letters mean in a pattern.
fn contains(letters: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for letter in letters.trim().to_lowercase().chars() {
        if ['%', '_', '\\'].contains(&letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}

/// Whether there is such a seller.
pub async fn is_known(reads: &impl ConnectionTrait, seller: SellerId) -> Result<bool, StoreError> {
    let found = seller::Entity::find_by_id(seller.0)
        .select_only()
        .column(seller::Column::Id)
        .into_tuple::<i64>()
        .one(reads)
        .await?;
    Ok(found.is_some())
}

/// Whether there is such a seller, for a transaction that writes for it.
pub async fn is_there(tx: &OfficeTx, seller: SellerId) -> Result<bool, StoreError> {
    let rows = tx.writing().query_sql("SELECT id FROM seller WHERE id = $1", vec![seller.0.into()]).await?;
    Ok(!rows.is_empty())
}

fn settings(row: &QueryResult, column: usize) -> Result<Settings, StoreError> {
    from_json("settings", &row.try_get_by_index::<String>(column)?)
}
