//! Events as rows.

use chrono::{DateTime, Utc};
use entity::inbox_event as inbox_events;
use sea_orm::ActiveValue::{NotSet, Set};

use crate::domain::channel::Account;
use crate::domain::event::{Source, StoredEvent};
use crate::domain::ids::EventSeq;
use crate::domain::outcome::Reason;
use crate::store::StoreError;
use crate::store::inbox::Routed;

use super::{ms, named, time};

/// Nobody's events go straight to the ledger: nobody would ever take them in hand. A seller's own actor ledgers the
/// others that cannot be read, for the reason they are stored with.
pub(in crate::store) fn arrival_row(routed: &Routed, now: DateTime<Utc>) -> inbox_events::ActiveModel {
    let Routed { arrival, seller } = routed;
    let is_nobodys = seller.is_none();
    let reason = arrival.ledgered.or(is_nobodys.then_some(Reason::UnknownAccount));
    inbox_events::ActiveModel {
        seq: NotSet,
        account: Set(arrival.account.as_str().to_owned()),
        key: Set(arrival.key.clone()),
        seller_id: Set(seller.map(|seller| seller.0)),
        source: Set(arrival.source.name().to_owned()),
        kind: Set(arrival.kind.clone()),
        customer: Set(arrival.customer.clone()),
        happened_at: Set(ms(arrival.happened_at)),
        received_at: Set(ms(now)),
        raw: Set(arrival.raw.clone()),
        state: Set(if is_nobodys { "ledgered" } else { "pending" }.to_owned()),
        reason: Set(reason.map(|reason| reason.code().to_owned())),
        attempts: NotSet,
        decided_at: Set(is_nobodys.then_some(ms(now))),
        answer: NotSet,
    }
}

pub(in crate::store) fn stored_event(row: inbox_events::Model) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        seq: EventSeq(row.seq),
        account: Account::stored(row.account),
        key: row.key,
        source: named("source", &row.source, Source::named)?,
        kind: row.kind,
        customer: row.customer,
        happened_at: time(row.happened_at)?,
        raw: row.raw,
        attempts: row.attempts,
        preset: row.reason.map(|code| named("reason", &code, Reason::coded)).transpose()?,
    })
}
