//! The system's clock: the only place that asks the machine what time it is.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::ports::{Clock, Later};

/// The machine's own time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest single sleep: a machine that was suspended, or whose time was set, notices within this.
const NAP: Duration = Duration::from_secs(10);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is to ask")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep_until(&self, due: DateTime<Utc>) -> Later<'_, ()> {
        Box::pin(async move {
            while let Some(left) = (due - self.now()).to_std().ok().filter(|left| !left.is_zero()) {
                // Timers count whole milliseconds; the extra one keeps the last nap from ending a little early.
                tokio::time::sleep(left.min(NAP) + Duration::from_millis(1)).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[tokio::test]
    async fn it_never_wakes_before_the_time() {
        let clock = SystemClock;
        let due = clock.now() + TimeDelta::milliseconds(5);
        clock.sleep_until(due).await;
        assert!(clock.now() >= due);
        clock.sleep_until(due - TimeDelta::hours(1)).await;
    }
}
