//! Keys that nobody has: how often somebody may show one, so that nobody tries them at full speed.
//!
//! Tries are counted by where they come from. The governor cannot be asked without being counted, and here whoever has a
//! good key must not be, so this counts by itself: each place has a time up to which its tries are paid for.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Wait;

/// Places kept at most; all further ones share one count.
const MOST: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);

/// Counts tries by place. None: from nobody knows where.
pub struct Guesses {
    every: Duration,
    paid_through: Mutex<HashMap<Option<IpAddr>, Instant>>,
}

impl Guesses {
    /// So many tries a minute from each place, all of them at once if need be.
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self { every: MINUTE / per_minute.get(), paid_through: Mutex::default() }
    }

    /// Whether somebody from there may try a key now.
    pub fn may_try(&self, from: Option<IpAddr>, now: Instant) -> Result<(), Wait> {
        let paid = self.paid();
        let through = paid.get(&self.count_of(&paid, from));
        // A try more must still be paid for within the minute.
        let ahead = through.map_or(Duration::ZERO, |through| through.saturating_duration_since(now)) + self.every;
        if ahead <= MINUTE { Ok(()) } else { Err(Wait(ahead - MINUTE)) }
    }

    /// Counts a try that found no key.
    pub fn count(&self, from: Option<IpAddr>, now: Instant) {
        let mut paid = self.paid();
        if paid.len() >= MOST {
            paid.retain(|_, through| *through > now);
        }
        let place = self.count_of(&paid, from);
        let through = paid.entry(place).or_insert(now);
        // However many try at once, nobody waits longer than if they had tried one after the other.
        *through = ((*through).max(now) + self.every).min(now + MINUTE);
    }

    /// Where tries from there are counted.
    fn count_of(&self, paid: &HashMap<Option<IpAddr>, Instant>, from: Option<IpAddr>) -> Option<IpAddr> {
        let from = from.map(network);
        from.filter(|_| paid.len() < MOST || paid.contains_key(&from))
    }

    fn paid(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, Instant>> {
        self.paid_through.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One household has a network of IPv6 addresses, and may call from any of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guesses(per_minute: u32) -> Guesses {
        Guesses::new(NonZeroU32::new(per_minute).unwrap())
    }

    fn from(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn after_so_many_wrong_keys_a_place_waits_and_others_do_not() {
        let (guesses, now, here) = (guesses(3), Instant::now(), from("10.0.0.1"));
        for _ in 0..3 {
            assert_eq!(guesses.may_try(here, now), Ok(()));
            guesses.count(here, now);
        }
        assert_eq!(guesses.may_try(here, now), Err(Wait(Duration::from_secs(20))));
        assert_eq!(guesses.may_try(from("10.0.0.2"), now), Ok(()));
        assert_eq!(guesses.may_try(None, now), Ok(()));
        assert_eq!(guesses.may_try(here, now + Duration::from_secs(20)), Ok(()));
    }

    #[test]
    fn good_keys_count_for_nothing() {
        let (guesses, now) = (guesses(1), Instant::now());
        assert!((0..100).all(|_| guesses.may_try(from("10.0.0.1"), now).is_ok()));
    }

    #[test]
    fn tries_that_were_under_way_at_once_do_not_add_up_to_hours() {
        let (guesses, now, here) = (guesses(60), Instant::now(), from("10.0.0.1"));
        (0..10_000).for_each(|_| guesses.count(here, now));
        assert_eq!(guesses.may_try(here, now), Err(Wait(Duration::from_secs(1))));
    }

    #[test]
    fn all_addresses_of_one_network_are_one_place() {
        let (guesses, now) = (guesses(1), Instant::now());
        guesses.count(from("2001:db8:1:2::1"), now);
        assert!(guesses.may_try(from("2001:db8:1:2:ffff::9"), now).is_err());
        assert!(guesses.may_try(from("2001:db8:1:3::1"), now).is_ok());
        guesses.count(from("::ffff:10.0.0.1"), now);
        assert!(guesses.may_try(from("10.0.0.1"), now).is_err());
    }

    #[test]
    fn however_many_places_there_are_a_bounded_number_is_kept_and_none_is_free() {
        let (guesses, now) = (guesses(1), Instant::now());
        for place in 0..2 * MOST as u32 {
            guesses.count(Some(IpAddr::from(place.to_be_bytes())), now);
        }
        assert!(guesses.paid().len() <= MOST + 1);
        assert!(guesses.may_try(from("99.99.99.99"), now).is_err(), "further ones share one count");
        guesses.count(None, now + 2 * MINUTE);
        assert_eq!(guesses.paid().len(), 1, "what is over is forgotten");
    }
}
