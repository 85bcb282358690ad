//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::time::Duration;

use actors::ports::{Clock, Later};
use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// In the autumn of 2026, at a full minute.
const START_SECOND: i64 = 1_790_856_000;

/// Clones show the same time.
#[derive(Clone)]
pub(crate) struct ManualClock(Arc<watch::Sender<DateTime<Utc>>>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        let start = DateTime::from_timestamp(START_SECOND, 0).unwrap();
        Self(Arc::new(watch::Sender::new(start)))
    }

    /// Moves it on, and wakes whoever waited for what is past now.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }

    /// The time in Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now().timestamp_millis()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.borrow()
    }

    fn sleep_until(&self, due: DateTime<Utc>) -> Later<'_, ()> {
        let mut time = self.0.subscribe();
        Box::pin(async move {
            // Fails only when the sender is gone, and the sender is a field of `self`.
            _ = time.wait_for(|now| *now >= due).await;
        })
    }
}
