//! Keys that open the API, as rows.

use chrono::{DateTime, TimeDelta, Utc};
use entity::api_key;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::access::{Holder, Scopes};
use crate::domain::ids::{KeyId, SellerId};
use crate::store::pen::{Sync, Writer, lazily};
use crate::store::rows::{maybe_time, ms, time, unreadable};
use crate::store::views::Page;
use crate::store::{OfficeTx, Store, StoreError, at_most};

/// How precisely it is known when a key was last used: a write for every request would cost more than the knowledge is
/// worth.
pub const USE_KNOWN_TO: TimeDelta = TimeDelta::hours(1);

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey<'a> {
    /// Whose.
    pub holder: Holder,
    /// What people call it.
    pub name: &'a str,
    /// How its secret begins.
    pub prefix: &'a str,
    /// SHA-256 of its secret, as hexadecimal digits.
    pub hash: &'a str,
    /// What it may do.
    pub scopes: Scopes,
    /// From when on it opens nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who makes it, as histories name them.
    pub made_by: &'a str,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// Whose.
    pub holder: Holder,
    /// What people call it.
    pub name: String,
    /// How its secret begins.
    pub prefix: String,
    /// SHA-256 of its secret, as hexadecimal digits.
    pub hash: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it opens nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, about.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Who made it, as histories name them.
    pub made_by: String,
}

/// Makes a key.
pub async fn insert(tx: &OfficeTx, new: &NewApiKey<'_>, now: DateTime<Utc>) -> Result<KeyId, StoreError> {
    let sql = "INSERT INTO api_key (seller_id, name, prefix, hash, scopes, created_at, expires_at, made_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
    let values = vec![
        new.holder.only().map(|seller| seller.0).into(),
        new.name.into(),
        new.prefix.into(),
        new.hash.into(),
        new.scopes.to_words().into(),
        ms(now).into(),
        new.expires_at.map(ms).into(),
        new.made_by.into(),
    ];
    match tx.writing().query_sql(sql, values).await?.first() {
        Some(row) => Ok(KeyId(row.try_get_by_index(0)?)),
        None => Err(unreadable("api_key", "no id")),
    }
}

/// How many keys of a holder open something now.
pub async fn count_valid(tx: &OfficeTx, holder: Holder, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let (whose, mut values) = whose(holder, 2);
    let sql = format!(
        "SELECT COUNT(*) FROM api_key WHERE {whose} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)"
    );
    values.insert(0, ms(now).into());
    match tx.writing().query_sql(&sql, values).await?.first() {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Ok(0),
    }
}

/// Revokes a holder's key. It says since when it is revoked, whoever revoked it first; none: the holder has no such key.
pub async fn revoke(
    tx: &OfficeTx,
    holder: Holder,
    key: KeyId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let (whose, mut values) = whose(holder, 3);
    let sql = format!(
        "UPDATE api_key SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2 AND {whose} RETURNING revoked_at"
    );
    values.splice(0..0, [ms(now).into(), key.0.into()]);
    let rows = tx.writing().query_sql(&sql, values).await?;
    rows.first().map(|row| time(row.try_get_by_index(0)?)).transpose()
}

fn whose(holder: Holder, place: usize) -> (String, Vec<sea_orm::Value>) {
    match holder.only() {
        Some(seller) => (format!("seller_id = ${place}"), vec![seller.0.into()]),
        None => ("seller_id IS NULL".to_owned(), Vec::new()),
    }
}

/// A key; none: there is no such key.
pub async fn find(reads: &impl ConnectionTrait, key: KeyId) -> Result<Option<ApiKey>, StoreError> {
    api_key::Entity::find_by_id(key.0).one(reads).await?.map(read).transpose()
}

/// A holder's keys, those that open nothing any more among them, oldest first.
pub async fn of_holder(reads: &impl ConnectionTrait, holder: Holder, page: Page) -> Result<Vec<ApiKey>, StoreError> {
    let whose = match holder.only() {
        Some(seller) => api_key::Column::SellerId.eq(seller.0),
        None => api_key::Column::SellerId.is_null(),
    };
    let rows = api_key::Entity::find()
        .filter(whose)
        .filter(api_key::Column::Id.gt(page.after))
        .order_by_asc(api_key::Column::Id)
        .limit(at_most(page.limit))
        .all(reads)
        .await?;
    rows.into_iter().map(read).collect()
}

/// Notes that a key is used, unless that is known already. No flush: what a power cut takes is noted again.
pub async fn note_use(store: &Store, key: KeyId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
    let sql = format!(
        "UPDATE api_key SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1) \
         RETURNING {}",
        lazily(&tx, Sync::Lazy)
    );
    tx.query_sql(&sql, vec![ms(now).into(), key.0.into()]).await?;
    tx.finish().await
}

fn read(row: api_key::Model) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: KeyId(row.id),
        holder: row.seller_id.map(SellerId).into(),
        name: row.name,
        prefix: row.prefix,
        hash: row.hash,
        scopes: Scopes::from_words(&row.scopes),
        created_at: time(row.created_at)?,
        expires_at: maybe_time(row.expires_at)?,
        revoked_at: maybe_time(row.revoked_at)?,
        last_used_at: maybe_time(row.last_used_at)?,
        made_by: row.made_by,
    })
}
