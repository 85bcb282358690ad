//! What happened in a shop as rows.

use entity::shop_event as shop_events;
use sea_orm::IntoActiveModel;

use crate::domain::ids::{ConversationId, SellerId, ShopEventId};
use crate::domain::shop_event::{Occurrence, ShopEvent, ShopEventKind};
use crate::store::StoreError;

use super::{ms, named, time};

pub(in crate::store) fn shop_event_row(seller: SellerId, event: &ShopEvent) -> shop_events::ActiveModel {
    let row = shop_events::Model {
        seller_id: seller.0,
        id: event.id.0,
        kind: event.what.kind.name().to_owned(),
        subject: event.what.subject,
        conversation_id: event.what.conversation.map(|conversation| conversation.0),
        at: ms(event.at),
    };
    row.into_active_model()
}

pub(in crate::store) fn shop_event(row: shop_events::Model) -> Result<ShopEvent, StoreError> {
    let what = Occurrence {
        kind: named("kind of shop event", &row.kind, ShopEventKind::named)?,
        subject: row.subject,
        conversation: row.conversation_id.map(ConversationId),
    };
    Ok(ShopEvent { id: ShopEventId(row.id), what, at: time(row.at)? })
}
