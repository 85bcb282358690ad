//! What a stored turn says in the log: a line a step, with ids and never with words, names or tokens.

use tracing::info;

use crate::domain::changes::Changes;
use crate::domain::conversation::MessageState;
use crate::domain::outbox::{Owed, OwedCall, OwedState};
use crate::domain::outcome::Reason;
use crate::shop::News;

use super::turn::Meant;

pub(super) fn steps(meant: &[Meant], changes: &Changes) {
    outcomes(meant, changes);
    for change in &changes.order_changes {
        let order = changes.orders.iter().find(|order| order.id == change.order);
        let conversation = order.map(|order| order.conversation.0);
        info!(
            order.id = change.order.0,
            conversation.id = conversation,
            "order {} {}",
            change.order,
            change.what.name()
        );
    }
    for owed in &changes.outbox {
        call(owed, changes);
    }
}

fn outcomes(meant: &[Meant], changes: &Changes) {
    for decided in &changes.decided {
        let (seq, outcome) = (decided.event, decided.outcome.name());
        let event = meant.iter().map(|(event, _)| event).find(|event| event.seq == seq);
        let kind = event.map_or("unknown", |event| event.kind.as_str());
        let key = event.map(|event| event.key.as_str());
        let message = changes.messages.iter().find(|message| key.is_some() && message.source_key.as_deref() == key);
        let conversation = message.map(|message| message.conversation.0);
        let reason = decided.outcome.reason().map(Reason::code);
        info!(
            event.id = seq.0,
            kind,
            outcome,
            reason,
            conversation.id = conversation,
            "event {seq} ended as {outcome}"
        );
    }
}

fn call(owed: &Owed, changes: &Changes) {
    let (id, conversation, attempt) = (owed.id, owed.conversation.0, owed.attempts);
    let what = match owed.call {
        OwedCall::Send { .. } => "send",
        OwedCall::Find { .. } => "look-up",
    };
    let echoed = changes.messages.iter().any(|sent| sent.outbox == Some(id) && sent.state == MessageState::Confirmed);
    let step = match owed.state {
        OwedState::Owed if attempt == 0 => "is owed",
        OwedState::Owed => "is to be made again",
        OwedState::Claimed => "goes out",
        OwedState::Accepted if echoed => "was confirmed by its echo",
        OwedState::Accepted => "was accepted",
        OwedState::Unknown => "has an unknown end",
        OwedState::Unsettled => "cannot be settled: a person should look",
        OwedState::Failed => "failed: a person should look",
    };
    let error = owed.error.as_deref();
    info!(call.id = id.0, conversation.id = conversation, attempt, error, "{what} {id} {step}");
}

/// Said when it begins and when it ends, and not for each call that waits.
pub(super) fn pauses(news: &[News]) {
    for news in news {
        match news {
            News::Paused { cause, until: Some(until), waiting } => {
                info!(%until, waiting, "calls wait until {until}: {cause}");
            }
            News::Paused { cause, until: None, waiting } => {
                info!(waiting, "calls wait until one has found out whether it is over: {cause}");
            }
            News::GoesOn { cause } => info!("calls go on, it is over: {cause}"),
        }
    }
}
