//! What a delivery says where nobody shows more: what happened, when, and to what, by their ids.

use chrono::SecondsFormat;
use serde_json::json;

use crate::domain::ids::SellerId;
use crate::domain::shop_event::ShopEvent;
use crate::ports::{Later, Render};

/// Shows ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Render for Plain {
    fn render<'a>(&'a self, seller: SellerId, events: &'a [ShopEvent]) -> Later<'a, Result<Vec<Vec<u8>>, String>> {
        Box::pin(async move { Ok(events.iter().map(|event| body(seller, event)).collect()) })
    }
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
