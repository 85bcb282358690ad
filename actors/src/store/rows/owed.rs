//! Owed calls, spent minutes and alarms as rows.

use entity::{
    alarm as alarms, app_hold as app_holds, hold as holds, outbox as outboxes, rate_window as rate_windows,
    token_refused,
};

use crate::domain::alarm::{Alarm, AlarmKey, AlarmKind};
use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::{BudgetKey, Family, SpentSlot};
use crate::domain::channel::Account;
use crate::domain::credential::TokenRefused;
use crate::domain::ids::{ConnectionId, ConversationId, MessageId, OutboxId, SellerId};
use crate::domain::outbox::{Owed, OwedCall, OwedState, Purpose};
use crate::store::StoreError;

use super::{from_json, json, maybe_time, ms, named, time, unreadable};

pub(in crate::store) fn owed_row(seller: SellerId, owed: &Owed) -> outboxes::Model {
    let (kind, message_id, send_id, since) = match &owed.call {
        OwedCall::Send { message, .. } => ("send", Some(message.0), None, None),
        OwedCall::Find { send, since, .. } => ("find", None, Some(send.0), Some(ms(*since))),
    };
    let (OwedCall::Send { text, attachment, .. } | OwedCall::Find { text, attachment, .. }) = &owed.call;
    let quick_replies = match &owed.call {
        OwedCall::Send { quick_replies, .. } if !quick_replies.is_empty() => Some(json(quick_replies)),
        OwedCall::Send { .. } | OwedCall::Find { .. } => None,
    };
    outboxes::Model {
        seller_id: seller.0,
        id: owed.id.0,
        purpose: owed.purpose.to_string(),
        connection_id: owed.connection.0,
        account: owed.account.to_string(),
        conversation_id: owed.conversation.0,
        recipient: owed.recipient.clone(),
        kind: kind.to_owned(),
        message_id,
        send_id,
        text: text.clone(),
        attachment: attachment.as_ref().map(json),
        quick_replies,
        since,
        state: owed.state.name().to_owned(),
        attempts: owed.attempts,
        held: owed.held,
        claimed_at: owed.claimed_at.map(ms),
        claimed_by: owed.claimed_by,
        not_before: ms(owed.not_before),
        mid: owed.mid.clone(),
        error: owed.error.clone(),
    }
}

pub(in crate::store) fn owed(row: outboxes::Model) -> Result<Owed, StoreError> {
    let replies = row.quick_replies.map(|replies| from_json("quick replies", &replies)).transpose()?;
    let (text, quick_replies) = (row.text, replies.unwrap_or_default());
    let attachment = row.attachment.map(|attachment| from_json("attachment", &attachment)).transpose()?;
    let call = match (row.kind.as_str(), row.message_id, row.send_id, maybe_time(row.since)?) {
        ("send", Some(id), _, _) => OwedCall::Send { message: MessageId(id), text, attachment, quick_replies },
        ("find", _, Some(id), Some(since)) => OwedCall::Find { send: OutboxId(id), text, attachment, since },
        _ => return Err(unreadable("owed call", row.kind)),
    };
    Ok(Owed {
        id: OutboxId(row.id),
        purpose: named("purpose", &row.purpose, Purpose::named)?,
        connection: ConnectionId(row.connection_id),
        account: Account::stored(row.account),
        conversation: ConversationId(row.conversation_id),
        recipient: row.recipient,
        call,
        state: named("state of an owed call", &row.state, OwedState::named)?,
        attempts: row.attempts,
        held: row.held,
        claimed_at: maybe_time(row.claimed_at)?,
        claimed_by: row.claimed_by,
        not_before: time(row.not_before)?,
        mid: row.mid,
        error: row.error,
    })
}

pub(in crate::store) fn spent_row(seller: SellerId, spent: &SpentSlot) -> rate_windows::Model {
    rate_windows::Model {
        seller_id: seller.0,
        family: spent.key.family.name().to_owned(),
        subject: spent.key.subject,
        slot: spent.slot,
        calls: spent.calls,
    }
}

pub(in crate::store) fn spent(row: rate_windows::Model) -> Result<SpentSlot, StoreError> {
    let family = named("family", &row.family, Family::named)?;
    Ok(SpentSlot { key: BudgetKey { family, subject: row.subject }, slot: row.slot, calls: row.calls })
}

pub(in crate::store) fn hold_row(seller: SellerId, (on, hold): &(HoldOn, Hold)) -> holds::Model {
    let (kind, subject) = on.parts();
    holds::Model {
        seller_id: seller.0,
        kind: kind.to_owned(),
        subject,
        since: ms(hold.since),
        until: ms(hold.until),
        times: i32::try_from(hold.times).unwrap_or(i32::MAX),
        why: hold.why.clone(),
    }
}

pub(in crate::store) fn hold(row: holds::Model) -> Result<(HoldOn, Hold), StoreError> {
    let on = named("hold", &row.kind, |kind| HoldOn::named(kind, row.subject))?;
    let times = u32::try_from(row.times).unwrap_or(0);
    Ok((on, Hold { since: time(row.since)?, until: time(row.until)?, times, why: row.why }))
}

pub(in crate::store) fn refused_row(seller: SellerId, refused: &TokenRefused) -> token_refused::Model {
    token_refused::Model {
        seller_id: seller.0,
        connection_id: refused.connection.0,
        purpose: refused.purpose.name().to_owned(),
        generation: refused.generation,
        code: refused.code.clone(),
        at: ms(refused.at),
    }
}

pub(in crate::store) fn app_hold_row(hold: &Hold) -> app_holds::Model {
    let times = i32::try_from(hold.times).unwrap_or(i32::MAX);
    app_holds::Model { id: 1, since: ms(hold.since), until: ms(hold.until), times, why: hold.why.clone() }
}

pub(in crate::store) fn app_hold(row: app_holds::Model) -> Result<Hold, StoreError> {
    let times = u32::try_from(row.times).unwrap_or(0);
    Ok(Hold { since: time(row.since)?, until: time(row.until)?, times, why: row.why })
}

pub(in crate::store) fn alarm_row(seller: SellerId, alarm: &Alarm) -> alarms::Model {
    alarms::Model {
        seller_id: seller.0,
        kind: alarm.key.kind.name().to_owned(),
        subject: alarm.key.subject,
        due: ms(alarm.due),
    }
}

pub(in crate::store) fn alarm(row: alarms::Model) -> Result<Alarm, StoreError> {
    let kind = named("alarm kind", &row.kind, AlarmKind::named)?;
    Ok(Alarm { key: AlarmKey { kind, subject: row.subject }, due: time(row.due)? })
}
