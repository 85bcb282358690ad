//! How fast a key may be used. It is counted in memory: a restart gives everybody their burst anew.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actors::domain::ids::KeyId;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::Caller;

/// After so many requests, keys that are not used any more are forgotten.
const TIDY_EVERY: u32 = 4096;

/// What a key may still ask now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Requests in one go, at most.
    pub burst: u32,
    /// Requests it may make at once from here.
    pub requests: u32,
}

/// How long to wait before asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

/// Counts requests by key.
pub struct Pace<C: Clock = MonotonicClock> {
    limiter: RateLimiter<Option<KeyId>, DefaultKeyedStateStore<Option<KeyId>>, C, StateInformationMiddleware>,
    clock: C,
    checks: AtomicU32,
}

impl Pace {
    /// So many requests a second for each key, after a burst.
    pub fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::by(per_second, burst, MonotonicClock)
    }
}

impl<C: Clock + Clone> Pace<C> {
    fn by(per_second: NonZeroU32, burst: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let limiter = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone());
        Self { limiter, clock, checks: AtomicU32::new(0) }
    }

    /// Counts a request, or says how long to wait.
    pub fn check(&self, caller: &Caller) -> Result<Left, Wait> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        match self.limiter.check_key(&caller.key) {
            Ok(state) => {
                Ok(Left { burst: state.quota().burst_size().get(), requests: state.remaining_burst_capacity() })
            }
            Err(not_yet) => Err(Wait(not_yet.wait_time_from(self.clock.now()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn caller(key: i64) -> Caller {
        Caller { key: Some(KeyId(key)), ..Caller::operator() }
    }

    fn pace(clock: &FakeRelativeClock) -> Pace<FakeRelativeClock> {
        Pace::by(NonZeroU32::new(2).unwrap(), NonZeroU32::new(3).unwrap(), clock.clone())
    }

    #[test]
    fn a_burst_is_followed_by_a_wait_and_the_wait_is_true() {
        let clock = FakeRelativeClock::default();
        let pace = pace(&clock);
        let left: Vec<_> = (0..3).map(|_| pace.check(&caller(7)).unwrap().requests).collect();
        assert_eq!(left, [2, 1, 0]);
        let Err(Wait(wait)) = pace.check(&caller(7)) else { panic!("it is used up") };
        assert_eq!(wait, Duration::from_millis(500));
        clock.advance(wait - Duration::from_millis(1));
        assert!(pace.check(&caller(7)).is_err());
        clock.advance(Duration::from_millis(1));
        assert_eq!(pace.check(&caller(7)), Ok(Left { burst: 3, requests: 0 }));
    }

    #[test]
    fn one_key_in_a_hurry_slows_no_other() {
        let pace = pace(&FakeRelativeClock::default());
        while pace.check(&caller(7)).is_ok() {}
        assert!(pace.check(&caller(8)).is_ok() && pace.check(&Caller::operator()).is_ok());
    }

    #[test]
    fn keys_that_are_used_no_more_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let pace = pace(&clock);
        for key in 0..100 {
            pace.check(&caller(key)).unwrap();
        }
        clock.advance(Duration::from_secs(60));
        for _ in 0..TIDY_EVERY {
            let _ = pace.check(&caller(1));
        }
        assert!(pace.limiter.len() <= 2, "{} are known", pace.limiter.len());
    }
}
