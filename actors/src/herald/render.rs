//! What a delivery says where nobody shows more: what happened, when, and to what, by their ids.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::domain::ids::{SellerId, ShopEventId};
use crate::domain::shop_event::ShopEvent;
use crate::domain::webhook::{Endpoint, MISSED};
use crate::ports::{Later, Render};

/// Shows ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Render for Plain {
    fn render<'a>(&'a self, seller: SellerId, events: &'a [ShopEvent]) -> Later<'a, Result<Vec<Vec<u8>>, String>> {
        Box::pin(async move { Ok(events.iter().map(|event| body(seller, event)).collect()) })
    }
}

/// What an endpoint is told that was away for longer than events are kept: after which, and through which, none is left.
pub(super) fn missed(endpoint: &Endpoint, through: ShopEventId, now: DateTime<Utc>) -> Vec<u8> {
    let body = json!({
        "type": MISSED,
        "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": { "seller_id": endpoint.seller, "after": endpoint.told_through, "through": through },
    });
    body.to_string().into_bytes()
}

fn body(seller: SellerId, event: &ShopEvent) -> Vec<u8> {
    let body = json!({
        "type": event.what.kind.name(),
        "timestamp": event.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": {
            "id": event.id,
            "seller_id": seller,
            "subject_id": event.what.subject,
            "conversation_id": event.what.conversation,
        },
    });
    body.to_string().into_bytes()
}
