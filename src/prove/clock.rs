//! A clock that runs faster than the machine's, and alike in every process that is given the same one.

use std::time::Duration;

use actors::clock::SystemClock;
use actors::ports::{Clock, Later};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The longest single sleep.
const NAP: Duration = Duration::from_secs(1);

/// The machine's time, stretched from an origin on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ScaledClock {
    origin: DateTime<Utc>,
    factor: i32,
}

impl ScaledClock {
    /// So many times as fast as the machine's, from now on.
    pub(super) fn from_now(factor: i32) -> Self {
        Self { origin: SystemClock.now(), factor }
    }

    /// How long a time of this clock takes in fact.
    pub(super) fn really(&self, delta: TimeDelta) -> Duration {
        (delta / self.factor).to_std().unwrap_or_default()
    }

    fn at(&self, real: DateTime<Utc>) -> DateTime<Utc> {
        self.origin + (real - self.origin) * self.factor
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> DateTime<Utc> {
        // Whole microseconds, as databases keep no more.
        let now = self.at(SystemClock.now());
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    fn sleep_until(&self, due: DateTime<Utc>) -> Later<'_, ()> {
        Box::pin(async move {
            while self.now() < due {
                tokio::time::sleep(self.really(due - self.now()).min(NAP) + Duration::from_millis(1)).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_itself_in_another_process_and_runs_as_fast_as_it_says() {
        let clock = ScaledClock { origin: DateTime::UNIX_EPOCH, factor: 20 };
        let told: ScaledClock = serde_json::from_str(&serde_json::to_string(&clock).unwrap()).unwrap();
        assert_eq!(told, clock);
        let real = DateTime::UNIX_EPOCH + TimeDelta::seconds(3);
        assert_eq!(told.at(real), DateTime::UNIX_EPOCH + TimeDelta::seconds(60));
        assert_eq!(told.really(TimeDelta::seconds(60)), Duration::from_secs(3));
    }

    #[tokio::test]
    async fn it_never_wakes_before_the_time() {
        let clock = ScaledClock::from_now(1000);
        let due = clock.now() + TimeDelta::seconds(5);
        clock.sleep_until(due).await;
        assert!(clock.now() >= due);
    }
}
