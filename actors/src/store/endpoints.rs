//! Webhook endpoints: what the front office writes of them, and what may be read.

use chrono::{DateTime, Utc};
use entity::webhook_endpoint;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::ids::{EndpointId, SellerId};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::webhook::{Endpoint, EndpointState};

use super::rows::{self, OfSeller, json, maybe_time, ms, unreadable};
use super::{OfficeTx, StoreError};

/// More than any shop has other systems.
pub const MOST: i64 = 20;

/// Makes an endpoint that is told of whatever happens from now on; its secret is put once the id is known. None: the
/// seller has as many as there may be, or is not there.
pub async fn create(
    tx: &OfficeTx,
    seller: SellerId,
    (url, kinds): (&str, &[ShopEventKind]),
    now: DateTime<Utc>,
) -> Result<Option<EndpointId>, StoreError> {
    // The seller's row is taken first, so that of two who count, the second counts what the first has made.
    let hold = "UPDATE seller SET settings = settings WHERE id = $1";
    tx.writing().execute_sql(hold, vec![seller.0.into()]).await?;
    let sql = "INSERT INTO webhook_endpoint (seller_id, url, kinds, state, told_through, created_at) \
               SELECT s.id, $2, $3, 'active', \
               COALESCE((SELECT MAX(e.id) FROM shop_event AS e WHERE e.seller_id = s.id), s.events_gone), $4 \
               FROM seller AS s WHERE s.id = $1 \
               AND (SELECT COUNT(*) FROM webhook_endpoint AS w WHERE w.seller_id = s.id) < $5 RETURNING id";
    let values = vec![seller.0.into(), url.into(), words(kinds).into(), ms(now).into(), MOST.into()];
    let rows = tx.writing().query_sql(sql, values).await?;
    rows.first().map(|row| Ok(EndpointId(row.try_get_by_index(0)?))).transpose()
}

/// Everything, as no list.
fn words(kinds: &[ShopEventKind]) -> Option<String> {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    (!words.is_empty()).then(|| json(&words))
}

/// Gives an endpoint this sealed secret. The one it had signs as well, until this time.
pub async fn put_secret(
    tx: &OfficeTx,
    (seller, endpoint): (SellerId, EndpointId),
    sealed: &str,
    old_until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE webhook_endpoint SET old_secret = sealed_secret, old_until = $4, sealed_secret = $3 \
               WHERE seller_id = $1 AND id = $2";
    let values = vec![seller.0.into(), endpoint.0.into(), sealed.into(), ms(old_until).into()];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// What is to be otherwise about an endpoint; none: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Where to.
    pub url: Option<String>,
    /// What of.
    pub kinds: Option<Vec<ShopEventKind>>,
    /// Whether it is told.
    pub state: Option<EndpointState>,
}

/// Changes an endpoint. One that is made active begins with a clean record. False: the seller has no such endpoint.
pub async fn change(
    tx: &OfficeTx,
    (seller, endpoint): (SellerId, EndpointId),
    change: &Change,
) -> Result<bool, StoreError> {
    let sql = "UPDATE webhook_endpoint SET url = COALESCE($3, url), \
               kinds = CASE WHEN $4 = 1 THEN $5 ELSE kinds END, state = COALESCE($6, state), \
               why = CASE WHEN $7 = 1 THEN NULL ELSE why END, \
               failing_since = CASE WHEN $7 = 1 THEN NULL ELSE failing_since END, \
               not_before = CASE WHEN $7 = 1 THEN 0 ELSE not_before END \
               WHERE seller_id = $1 AND id = $2";
    let values = vec![
        seller.0.into(),
        endpoint.0.into(),
        change.url.clone().into(),
        i32::from(change.kinds.is_some()).into(),
        change.kinds.as_deref().and_then(words).into(),
        change.state.map(|state| state.name().to_owned()).into(),
        i32::from(change.state == Some(EndpointState::Active)).into(),
    ];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Removes an endpoint with all that was or was to be delivered to it. False: the seller has no such endpoint.
pub async fn delete(tx: &OfficeTx, seller: SellerId, endpoint: EndpointId) -> Result<bool, StoreError> {
    let values = || vec![seller.0.into(), endpoint.0.into()];
    let sql = "DELETE FROM webhook_delivery WHERE seller_id = $1 AND endpoint_id = $2";
    tx.writing().execute_sql(sql, values()).await?;
    let sql = "DELETE FROM webhook_endpoint WHERE seller_id = $1 AND id = $2";
    Ok(tx.writing().execute_sql(sql, values()).await? > 0)
}

/// A seller's endpoints.
pub async fn of_seller(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<Endpoint>, StoreError> {
    let rows =
        webhook_endpoint::Entity::of_seller(seller).order_by_asc(webhook_endpoint::Column::Id).all(reads).await?;
    rows.into_iter().map(rows::endpoint).collect()
}

/// One of a seller's endpoints.
pub async fn one(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    endpoint: EndpointId,
) -> Result<Option<Endpoint>, StoreError> {
    let this = webhook_endpoint::Column::Id.eq(endpoint.0);
    webhook_endpoint::Entity::of_seller(seller).filter(this).one(reads).await?.map(rows::endpoint).transpose()
}

/// An endpoint with the sealed secrets that sign for it now, the newest first.
pub async fn with_secrets(
    reads: &impl ConnectionTrait,
    endpoint: EndpointId,
    now: DateTime<Utc>,
) -> Result<Option<(Endpoint, Vec<String>)>, StoreError> {
    let Some(mut row) = webhook_endpoint::Entity::find_by_id(endpoint.0).one(reads).await? else { return Ok(None) };
    let is_valid = maybe_time(row.old_until)?.is_some_and(|until| now < until);
    let old = row.old_secret.take().filter(|_| is_valid);
    let newest = row.sealed_secret.take().ok_or_else(|| unreadable("secret of webhook endpoint", endpoint))?;
    let secrets = [Some(newest), old].into_iter().flatten().collect();
    Ok(Some((rows::endpoint(row)?, secrets)))
}

/// Every endpoint that is told, with whose it is.
pub async fn active(reads: &impl ConnectionTrait) -> Result<Vec<(SellerId, EndpointId)>, StoreError> {
    let rows = webhook_endpoint::Entity::find()
        .select_only()
        .columns([webhook_endpoint::Column::SellerId, webhook_endpoint::Column::Id])
        .filter(webhook_endpoint::Column::State.eq(EndpointState::Active.name()))
        .order_by_asc(webhook_endpoint::Column::Id)
        .into_tuple::<(i64, i64)>()
        .all(reads)
        .await?;
    Ok(rows.into_iter().map(|(seller, endpoint)| (SellerId(seller), EndpointId(endpoint))).collect())
}
