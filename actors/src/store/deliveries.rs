//! Deliveries to webhook endpoints: made of shop events, tried until they are taken, kept for a while as a log.

use chrono::{DateTime, Utc};
use entity::webhook_delivery;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use crate::domain::ids::{DeliveryId, EndpointId, SellerId, ShopEventId};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::webhook::{Delivery, DeliveryState, Endpoint, MISSED, PING, Tried, Verdict};

use super::insert::{self, Known, Ready};
use super::pen::{Sync, Writer, lazily};
use super::rows::{self, OfSeller, ms, time};
use super::{OfficeTx, Partial, Store, StoreError, at_most, inbox};

const NEW: Partial = Partial("state = 'new'");
const RETRYING: Partial = Partial("state = 'retrying'");

/// Deliveries that are let go of at once.
const CHUNK: u64 = 500;

/// The two ways a delivery goes. Neither waits for the other: what fails holds up nothing that comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// For the first time, in the order of events.
    First,
    /// Once more, as it becomes due.
    Again,
}

/// The body of a delivery to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Of which event.
    pub event: ShopEventId,
    /// What happened.
    pub kind: ShopEventKind,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Makes deliveries, and notes that an endpoint is told through this event; flushed. False: somebody else did so before,
/// or it is told nothing any more, and nothing is changed.
pub async fn take_up(
    store: &Store,
    endpoint: &Endpoint,
    through: ShopEventId,
    rendered: Vec<Rendered>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let row = |it: Rendered| delivery_row(endpoint, (Some(it.event), it.kind.name()), it.body, now);
    told_through(store, endpoint, through, rendered.into_iter().map(row).collect()).await
}

/// The same where nothing is left to be made deliveries of: one that says so.
pub async fn take_up_missed(
    store: &Store,
    endpoint: &Endpoint,
    through: ShopEventId,
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    told_through(store, endpoint, through, vec![delivery_row(endpoint, (None, MISSED), body, now)]).await
}

async fn told_through(
    store: &Store,
    endpoint: &Endpoint,
    through: ShopEventId,
    rows: Vec<webhook_delivery::ActiveModel>,
) -> Result<bool, StoreError> {
    let tx = store.pen().write(Writer::Office, Sync::Flushed).await?;
    let sql = "UPDATE webhook_endpoint SET told_through = $3 WHERE id = $1 AND told_through = $2 AND state = 'active'";
    let values = vec![endpoint.id.0.into(), endpoint.told_through.0.into(), through.0.into()];
    if tx.execute_sql(sql, values).await? == 0 {
        return Ok(false);
    }
    insert::rows::<webhook_delivery::Entity>(&tx, rows, Known::Refused).await?;
    tx.finish().await?;
    Ok(true)
}

/// Makes a test delivery.
pub async fn ping(
    tx: &OfficeTx,
    endpoint: &Endpoint,
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<DeliveryId, StoreError> {
    let row = Ready::<webhook_delivery::Entity>::new(vec![delivery_row(endpoint, (None, PING), body, now)]);
    let made = insert::numbered(tx.writing(), row, Known::Refused, webhook_delivery::Column::Id).await?;
    made.first().copied().map(DeliveryId).ok_or_else(|| rows::unreadable("webhook_delivery", "no id"))
}

fn delivery_row(
    endpoint: &Endpoint,
    (event, kind): (Option<ShopEventId>, &str),
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> webhook_delivery::ActiveModel {
    let row = webhook_delivery::Model {
        id: 0,
        seller_id: endpoint.seller.0,
        endpoint_id: endpoint.id.0,
        event_id: event.map(|event| event.0),
        kind: kind.to_owned(),
        body,
        state: DeliveryState::New.name().to_owned(),
        attempts: 0,
        next_at: ms(now),
        last_status: None,
        error: None,
        created_at: ms(now),
        tried_at: None,
    };
    webhook_delivery::ActiveModel { id: sea_orm::ActiveValue::NotSet, ..row.into_active_model() }
}

/// What an endpoint is to be told next on a lane, if anything.
pub async fn next(
    reads: &impl ConnectionTrait,
    endpoint: EndpointId,
    lane: Lane,
    now: DateTime<Utc>,
) -> Result<Option<Delivery>, StoreError> {
    use webhook_delivery::Column::{EndpointId as Of, Id, NextAt};
    let of_endpoint = webhook_delivery::Entity::find().filter(Of.eq(endpoint.0));
    let next = match lane {
        Lane::First => of_endpoint.filter(NEW.expr()).order_by_asc(Id),
        Lane::Again => {
            of_endpoint.filter(RETRYING.expr()).filter(NextAt.lte(ms(now))).order_by_asc(NextAt).order_by_asc(Id)
        }
    };
    next.one(reads).await?.map(rows::delivery).transpose()
}

/// Notes what came of a try. An endpoint that is disabled by it has its seller told in the same transaction. No flush:
/// after a power cut it is tried again, which is what was promised.
pub async fn note(
    store: &Store,
    delivery: &Delivery,
    (tried, verdict): (&Tried, &Verdict),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
    let sql = format!(
        "UPDATE webhook_delivery SET state = $3, attempts = attempts + 1, next_at = $4, last_status = $5, error = $6, \
         tried_at = $7 WHERE id = $1 AND attempts = $2 AND state IN ('new', 'retrying') RETURNING {}",
        lazily(&tx, Sync::Lazy)
    );
    let values = vec![
        delivery.id.0.into(),
        delivery.attempts.into(),
        verdict.state.name().into(),
        ms(verdict.next_at).into(),
        tried.status.map(i32::from).into(),
        tried.error.clone().into(),
        ms(now).into(),
    ];
    tx.query_sql(&sql, values).await?;
    let (of, now_ms) = (delivery.endpoint.0, ms(now));
    match verdict.state {
        DeliveryState::Delivered => {
            let sql = "UPDATE webhook_endpoint SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";
            tx.execute_sql(sql, vec![of.into()]).await?;
        }
        _ => {
            let not_before = verdict.not_before.map_or(0, ms);
            let sql = "UPDATE webhook_endpoint SET failing_since = COALESCE(failing_since, $2), \
                       not_before = CASE WHEN not_before < $3 THEN $3 ELSE not_before END WHERE id = $1";
            tx.execute_sql(sql, vec![of.into(), now_ms.into(), not_before.into()]).await?;
        }
    }
    if let Some(why) = verdict.disable {
        let sql = "UPDATE webhook_endpoint SET state = 'disabled', why = $2 WHERE id = $1 AND state = 'active'";
        if tx.execute_sql(sql, vec![of.into(), why.into()]).await? > 0 {
            inbox::announce_in(&tx, delivery.seller, (ShopEventKind::WebhookDisabled, of), now).await?;
        }
    }
    tx.finish().await
}

/// Active endpoints with something to be told now.
pub async fn with_work(reads: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<EndpointId>, StoreError> {
    let sql = "SELECT w.id FROM webhook_endpoint AS w WHERE w.state = 'active' AND w.not_before <= $1 AND ( \
               EXISTS (SELECT 1 FROM shop_event AS e WHERE e.seller_id = w.seller_id AND e.id > w.told_through) \
               OR EXISTS (SELECT 1 FROM webhook_delivery AS d WHERE d.endpoint_id = w.id AND d.state = 'new') \
               OR EXISTS (SELECT 1 FROM webhook_delivery AS d WHERE d.endpoint_id = w.id AND d.state = 'retrying' \
               AND d.next_at <= $1)) ORDER BY w.id";
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, [ms(now).into()]);
    let rows = reads.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(EndpointId(row.try_get_by_index(0)?))).collect()
}

/// When the next delivery to an active endpoint becomes due that is not due yet.
pub async fn next_due(reads: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let sql = "SELECT MIN(at) FROM ( \
               SELECT (SELECT d.next_at FROM webhook_delivery AS d WHERE d.state = 'retrying' AND d.next_at > $1 \
               AND EXISTS (SELECT 1 FROM webhook_endpoint AS w WHERE w.id = d.endpoint_id AND w.state = 'active') \
               ORDER BY d.next_at LIMIT 1) AS at \
               UNION ALL SELECT MIN(not_before) FROM webhook_endpoint WHERE state = 'active' AND not_before > $1) AS due";
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, [ms(now).into()]);
    let row = reads.query_one_raw(statement).await?;
    let due = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    due.map(time).transpose()
}

/// Has one delivery made once more, whatever became of it. False: the seller has none of this id.
pub async fn redeliver(
    tx: &OfficeTx,
    seller: SellerId,
    delivery: DeliveryId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE webhook_delivery SET state = 'new', attempts = 0, next_at = $3 WHERE seller_id = $1 AND id = $2";
    let values = vec![seller.0.into(), delivery.0.into(), ms(now).into()];
    Ok(tx.writing().execute_sql(sql, values).await? > 0)
}

/// Has all deliveries to an endpoint made once more that have failed for good since this time; answers how many.
pub async fn redeliver_failed(
    tx: &OfficeTx,
    (seller, endpoint): (SellerId, EndpointId),
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = "UPDATE webhook_delivery SET state = 'new', attempts = 0, next_at = $4 \
               WHERE endpoint_id = $2 AND seller_id = $1 AND state = 'failed' AND created_at >= $3";
    let values = vec![seller.0.into(), endpoint.0.into(), ms(since).into(), ms(now).into()];
    tx.writing().execute_sql(sql, values).await
}

/// A page of what was or is to be delivered to an endpoint, the newest first: those before this one, if one is named.
pub async fn log(
    reads: &impl ConnectionTrait,
    (seller, endpoint): (SellerId, EndpointId),
    before: Option<DeliveryId>,
    limit: u64,
) -> Result<Vec<Delivery>, StoreError> {
    use webhook_delivery::Column::{EndpointId as Of, Id, SellerId as Whose};
    let before = before.map_or(i64::MAX, |before| before.0);
    let page = webhook_delivery::Entity::find().filter(Of.eq(endpoint.0)).filter(Id.lt(before));
    let page = page.filter(Whose.eq(seller.0)).order_by_desc(Id).limit(at_most(limit));
    page.all(reads).await?.into_iter().map(rows::delivery).collect()
}

/// One delivery of a seller's.
pub async fn one(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    delivery: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let this = webhook_delivery::Column::Id.eq(delivery.0);
    webhook_delivery::Entity::of_seller(seller).filter(this).one(reads).await?.map(rows::delivery).transpose()
}

/// Lets go of some deliveries from before a time that are over, after this one. Answers where to go on; none: it was the
/// last. No flush: what a power cut brings back goes again.
pub async fn prune(store: &Store, after: DeliveryId, before: DateTime<Utc>) -> Result<Option<DeliveryId>, StoreError> {
    use webhook_delivery::Column::{CreatedAt, Id};
    let looked_at = webhook_delivery::Entity::find().select_only().columns([Id, CreatedAt]).filter(Id.gt(after.0));
    let looked_at = looked_at.order_by_asc(Id).limit(CHUNK).into_tuple::<(i64, i64)>().all(store.reads()).await?;
    // Ids are given as time goes by: behind one that is young, all are.
    let old: Vec<i64> =
        looked_at.into_iter().take_while(|(_, created_at)| *created_at < ms(before)).map(|(id, _)| id).collect();
    let Some(through) = old.last() else { return Ok(None) };
    let tx = store.pen().write(Writer::Office, Sync::Lazy).await?;
    let sql = format!(
        "DELETE FROM webhook_delivery WHERE id > $1 AND id <= $2 AND state IN ('delivered', 'failed') RETURNING {}",
        lazily(&tx, Sync::Lazy)
    );
    tx.query_sql(&sql, vec![after.0.into(), (*through).into()]).await?;
    tx.finish().await?;
    Ok((old.len() as u64 == CHUNK).then_some(DeliveryId(*through)))
}
