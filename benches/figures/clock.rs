//! A clock that goes on by itself, and can be put forward: nobody waits for a cap that is measured in hours.

use std::sync::Arc;

use actors::clock::SystemClock;
use actors::ports::{Clock, Later};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// The real time, and what was skipped. Clones show the same.
#[derive(Clone)]
pub(crate) struct SkippingClock(Arc<watch::Sender<TimeDelta>>);

impl SkippingClock {
    /// One that shows the real time.
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(TimeDelta::zero())))
    }

    /// Puts it forward to this time, if that is to come.
    pub(crate) fn skip_to(&self, time: DateTime<Utc>) {
        let ahead = (time - self.now()).max(TimeDelta::zero());
        self.0.send_modify(|skipped| *skipped += ahead);
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.borrow()
    }

    fn sleep_until(&self, due: DateTime<Utc>) -> Later<'_, ()> {
        let mut skipped = self.0.subscribe();
        Box::pin(async move {
            loop {
                let ahead = *skipped.borrow_and_update();
                tokio::select! {
                    () = SystemClock.sleep_until(due - ahead) => return,
                    // Fails only when the sender is gone, and the sender is a field of `self`.
                    _ = skipped.changed() => {}
                }
            }
        })
    }
}
