//! What a seller may still spend on calls before a given moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::ids::ConnectionId;

/// A cap of Meta's, or of ours. A call draws on exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Texts and media to customers, for each connection.
    Messages,
    /// Everything that has no family of its own.
    Graph,
}

impl Family {
    /// The word used in the database.
    pub fn name(self) -> &'static str {
        match self {
            Family::Messages => "messages",
            Family::Graph => "graph",
        }
    }

    /// The family with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Family::Messages, Family::Graph].into_iter().find(|family| family.name() == name)
    }
}

/// Whose budget: calls of a family count together for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BudgetKey {
    /// Which cap.
    pub family: Family,
    /// Which connection; 0 where a family counts for the whole seller.
    pub connection: ConnectionId,
}

/// Calls spent in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentMinute {
    /// Whose.
    pub key: BudgetKey,
    /// Minutes since 1970.
    pub minute: i64,
    /// Calls.
    pub calls: i32,
}

/// Calls of the last hour, by the minute. A minute counts until all of it is an hour old,
/// so that no rolling hour ever holds more than the cap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    minutes: BTreeMap<i64, i32>,
}

const WINDOW_MINUTES: i64 = 60;

impl Budget {
    /// Takes over a minute as stored.
    pub fn restore(&mut self, minute: i64, calls: i32) {
        self.minutes.insert(minute, calls);
    }

    /// Spends one call, or says from when on there is room for it again.
    pub fn spend(&mut self, cap: u32, now: DateTime<Utc>) -> Result<(i64, i32), DateTime<Utc>> {
        let minute = now.timestamp().div_euclid(60);
        self.minutes.retain(|spent, _| *spent >= minute - WINDOW_MINUTES);
        let spent: i64 = self.minutes.values().map(|calls| i64::from(*calls)).sum();
        if spent >= i64::from(cap) {
            return Err(self.room_from(spent - i64::from(cap), minute));
        }
        let calls = self.minutes.entry(minute).or_default();
        *calls += 1;
        Ok((minute, *calls))
    }

    /// When more than `excess` calls will have left the window.
    fn room_from(&self, excess: i64, minute: i64) -> DateTime<Utc> {
        let mut left = excess;
        let frees = self.minutes.iter().find(|(_, calls)| {
            left -= i64::from(**calls);
            left < 0
        });
        let oldest = frees.map_or(minute, |(spent, _)| *spent);
        DateTime::from_timestamp((oldest + WINDOW_MINUTES + 1) * 60, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_spent_budget_says_when_there_is_room_and_then_has_it() {
        let mut budget = Budget::default();
        budget.spend(2, at(59)).unwrap();
        budget.spend(2, at(61)).unwrap();
        let until = budget.spend(2, at(62)).unwrap_err();
        assert_eq!(until, at(61 * 60));
        assert!(budget.spend(2, until - chrono::TimeDelta::seconds(1)).is_err());
        assert!(budget.spend(2, until).is_ok());
    }

    proptest! {
        #[test]
        fn no_rolling_hour_holds_more_than_the_cap(gaps in prop::collection::vec(0_i64..900, 1..200), cap in 1_u32..20) {
            let (mut budget, mut now, mut spent) = (Budget::default(), 1_000_000_i64, Vec::new());
            for gap in gaps {
                now += gap;
                match budget.spend(cap, at(now)) {
                    Ok(_) => spent.push(now),
                    Err(until) => prop_assert!(until > at(now)),
                }
                let in_window = spent.iter().filter(|second| **second > now - 3600).count();
                prop_assert!(in_window <= usize::try_from(cap).unwrap());
            }
        }
    }
}
