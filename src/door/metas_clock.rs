//! How long ago by our clock what comes was sent by Meta's: nothing comes before it was sent, and of many the quickest
//! tells how far the clocks are apart.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// What is further away than this is no time at which anything was sent.
const FARTHEST: TimeDelta = TimeDelta::days(1);

/// What was heard of Meta's clock in this hour and the one before.
#[derive(Debug, Default)]
pub struct MetasClock {
    hours: Mutex<[Option<Hour>; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Hour {
    /// Counted from 1970, by our clock.
    number: i64,
    heard: Heard,
}

/// How the clocks stand to each other, by what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// How long the quickest was on its way. Less than nothing: our clock is behind.
    pub quickest: TimeDelta,
    /// How many requests told a time.
    pub requests: u32,
}

impl MetasClock {
    /// Something came now that was sent at this time by Meta's clock.
    pub fn note(&self, sent_at: DateTime<Utc>, now: DateTime<Utc>) {
        let (took, number) = (now - sent_at, now.timestamp().div_euclid(3600));
        if took.abs() > FARTHEST {
            return;
        }
        let mut hours = self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut hours[0] {
            Some(hour) if hour.number == number => {
                hour.heard.quickest = hour.heard.quickest.min(took);
                hour.heard.requests = hour.heard.requests.saturating_add(1);
            }
            before => {
                hours[1] = before.take();
                hours[0] = Some(Hour { number, heard: Heard { quickest: took, requests: 1 } });
            }
        }
    }

    /// What was heard of late; none: nothing came that told a time.
    pub fn heard(&self, now: DateTime<Utc>) -> Option<Heard> {
        let number = now.timestamp().div_euclid(3600);
        let hours = *self.hours.lock().unwrap_or_else(PoisonError::into_inner);
        let late = hours.into_iter().flatten().filter(|hour| (number - 1..=number).contains(&hour.number));
        late.map(|hour| hour.heard).reduce(|one, other| Heard {
            quickest: one.quickest.min(other.quickest),
            requests: one.requests.saturating_add(other.requests),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_856_000 + seconds, 0).unwrap()
    }

    #[test]
    fn of_the_last_hours_the_quickest_counts() {
        let clock = MetasClock::default();
        assert_eq!(clock.heard(at(0)), None);
        clock.note(at(-40), at(0));
        clock.note(at(5), at(10));
        clock.note(at(-1_000_000), at(20));
        let heard = |seconds, requests| Some(Heard { quickest: TimeDelta::seconds(seconds), requests });
        assert_eq!(clock.heard(at(30)), heard(5, 2), "what was sent days ago tells nothing");
        clock.note(at(3700), at(3690));
        assert_eq!(clock.heard(at(3700)), heard(-10, 3), "it comes from the future");
        assert_eq!(clock.heard(at(2 * 3600)), heard(-10, 1), "the hour before is over");
        assert_eq!(clock.heard(at(9 * 3600)), None);
    }
}
