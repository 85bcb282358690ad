//! Which of the waiting events a turn takes, and what they mean.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;
use tracing::error;

use crate::domain::event::{Happening, Source, StoredEvent};
use crate::domain::ids::EventSeq;
use crate::domain::outcome::Reason;
use crate::domain::shop_event::{Occurrence, ShopEventKind};
use crate::ports::Decode;

/// The events of a turn.
pub(super) struct Batch {
    pub(super) events: Vec<StoredEvent>,
    /// True when more events wait behind them.
    pub(super) more: bool,
    /// True when it is one event that may have made somebody fall.
    pub(super) careful: bool,
}

/// Takes what waits, in its order. An event up to `careful_through` comes alone, so that if it makes us fall again
/// we know which it was.
pub(super) fn take(mut waiting: Vec<StoredEvent>, most: u64, careful_through: EventSeq) -> Batch {
    let suspect = |event: &StoredEvent| event.seq <= careful_through;
    let all = waiting.len();
    let careful = waiting.first().is_some_and(suspect);
    let few = if careful { 1 } else { waiting.iter().position(suspect).unwrap_or(all) };
    waiting.truncate(few);
    Batch { events: waiting, more: few < all || all as u64 >= most, careful }
}

/// What an event means. A decoder that panics has met a poison event.
pub(super) fn meaning(event: &StoredEvent, decode: Decode) -> Result<Happening, Reason> {
    if let Some(reason) = event.preset {
        return Err(reason);
    }
    let meant = catch_unwind(AssertUnwindSafe(|| match event.source {
        Source::Meta => decode(event),
        Source::Command => parsed(event).map(Happening::Command),
        Source::Result => parsed(event).map(Happening::CallEnded),
        Source::Office => announced(event).map(Happening::Announced),
    }));
    meant.unwrap_or_else(|_panic| {
        error!(event.id = event.seq.0, "decoding event {} panicked", event.seq);
        Err(Reason::Poison)
    })
}

/// The kind of the event says what happened, its bytes to what.
fn announced(event: &StoredEvent) -> Result<Occurrence, Reason> {
    let kind = ShopEventKind::named(&event.kind).ok_or(Reason::UnknownKind)?;
    Ok(Occurrence::to(kind, parsed(event)?))
}

fn parsed<T: DeserializeOwned>(event: &StoredEvent) -> Result<T, Reason> {
    serde_json::from_slice(&event.raw).map_err(|_| Reason::Unreadable)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::budget::hold::LimitsTold;
    use crate::domain::channel::Account;
    use crate::domain::event::{CallEnded, CallResult};
    use crate::domain::ids::OutboxId;

    fn event(seq: i64) -> StoredEvent {
        StoredEvent {
            seq: EventSeq(seq),
            account: Account::stored("instagram:1".to_owned()),
            key: format!("message:{seq}"),
            source: Source::Meta,
            kind: "message".to_owned(),
            customer: None,
            happened_at: DateTime::UNIX_EPOCH,
            raw: Vec::new(),
            attempts: 0,
            preset: None,
        }
    }

    fn taken(seqs: &[i64], careful_through: i64) -> (Vec<i64>, bool, bool) {
        let batch = take(seqs.iter().copied().map(event).collect(), 4, EventSeq(careful_through));
        (batch.events.iter().map(|event| event.seq.0).collect(), batch.more, batch.careful)
    }

    #[test]
    fn a_turn_takes_all_unless_one_is_suspect() {
        assert_eq!(taken(&[], 9), (vec![], false, false));
        assert_eq!(taken(&[3, 4, 5], 0), (vec![3, 4, 5], false, false));
        assert_eq!(taken(&[3, 4, 5, 6], 0), (vec![3, 4, 5, 6], true, false));
        assert_eq!(taken(&[3, 4, 5], 4), (vec![3], true, true));
        assert_eq!(taken(&[5, 6, 4], 4), (vec![5, 6], true, false));
        assert_eq!(taken(&[4], 4), (vec![4], false, true));
    }

    #[test]
    fn our_own_events_are_read_here_and_a_panic_in_the_decoder_is_poison() {
        let ended = CallEnded {
            outbox: OutboxId(1),
            attempt: 2,
            result: CallResult::Looked { found: None },
            told: LimitsTold::default(),
        };
        let mut result = StoredEvent { source: Source::Result, raw: serde_json::to_vec(&ended).unwrap(), ..event(1) };
        let never: Decode = |_| panic!("not for this");
        assert_eq!(meaning(&result, never), Ok(Happening::CallEnded(ended)));
        result.raw.pop();
        assert_eq!(meaning(&result, never), Err(Reason::Unreadable));
        assert_eq!(meaning(&event(1), never), Err(Reason::Poison));
    }
}
