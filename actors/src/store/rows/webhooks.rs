//! Webhook endpoints and deliveries, read from their rows.

use entity::{webhook_delivery as deliveries, webhook_endpoint as endpoints};

use crate::domain::ids::{DeliveryId, EndpointId, SellerId, ShopEventId};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::webhook::{Delivery, DeliveryState, Endpoint, EndpointState};
use crate::store::StoreError;

use super::{from_json, maybe_time, named, time};

pub(in crate::store) fn endpoint(row: endpoints::Model) -> Result<Endpoint, StoreError> {
    let kinds: Vec<String> = row.kinds.map_or(Ok(Vec::new()), |kinds| from_json("kinds", &kinds))?;
    let kind = |word: &String| named("kind of shop event", word, ShopEventKind::named);
    Ok(Endpoint {
        id: EndpointId(row.id),
        seller: SellerId(row.seller_id),
        url: row.url,
        kinds: kinds.iter().map(kind).collect::<Result<_, _>>()?,
        state: named("state of a webhook endpoint", &row.state, EndpointState::named)?,
        why: row.why,
        told_through: ShopEventId(row.told_through),
        failing_since: maybe_time(row.failing_since)?,
        not_before: time(row.not_before)?,
        created_at: time(row.created_at)?,
    })
}

pub(in crate::store) fn delivery(row: deliveries::Model) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(row.id),
        seller: SellerId(row.seller_id),
        endpoint: EndpointId(row.endpoint_id),
        event: row.event_id.map(ShopEventId),
        kind: row.kind,
        body: row.body,
        state: named("state of a delivery", &row.state, DeliveryState::named)?,
        attempts: row.attempts,
        next_at: time(row.next_at)?,
        last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
        error: row.error,
        created_at: time(row.created_at)?,
        tried_at: maybe_time(row.tried_at)?,
    })
}
