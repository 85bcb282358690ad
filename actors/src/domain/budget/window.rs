//! What was spent in the last hour or minute, exactly, whatever the clock does.
//!
//! Spends are counted by slots, many to a window. A slot counts until all of it is a window old, and a slot that the
//! clock has not reached counts as well: a clock that is put back must not give anything back. Slots stay known for a
//! day, so that a clock that jumps ahead and back finds what it left.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{BudgetKey, Family};

/// So far the clock may be wrong without anything being forgotten.
const KNOWN_SECONDS: i64 = 24 * 3600;

/// Calls spent in one slot, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentSlot {
    /// Whose.
    pub key: BudgetKey,
    /// Counted from 1970 in the family's slots.
    pub slot: i64,
    /// Calls; 0 for a slot that says nothing any more.
    pub calls: i32,
}

/// What is known of one budget's spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    slot_seconds: i64,
    /// Slots of a window.
    window: i64,
    slots: BTreeMap<i64, i32>,
}

/// The answer to "may so many calls be made now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// So many of them, at least one.
    Now(u32),
    /// None before this moment.
    From(DateTime<Utc>),
}

/// What is known of each budget, from its slots as stored.
pub fn restored(spent: &[SpentSlot]) -> BTreeMap<BudgetKey, Budget> {
    let mut budgets: BTreeMap<BudgetKey, Budget> = BTreeMap::new();
    for SpentSlot { key, slot, calls } in spent {
        budgets.entry(*key).or_insert_with(|| Budget::of(key.family)).restore(*slot, *calls);
    }
    budgets
}

/// The first slot of a family that may still matter: older ones need not be kept.
pub fn first_known_slot(family: Family, now: DateTime<Utc>) -> i64 {
    (now.timestamp() - KNOWN_SECONDS).div_euclid(family.slot_seconds())
}

impl Budget {
    /// One of which nothing is spent.
    pub fn of(family: Family) -> Self {
        let slot_seconds = family.slot_seconds();
        Self { slot_seconds, window: family.window_seconds() / slot_seconds, slots: BTreeMap::new() }
    }

    /// Takes over a slot as stored.
    pub fn restore(&mut self, slot: i64, calls: i32) {
        if calls > 0 {
            self.slots.insert(slot, calls);
        }
    }

    /// How many of `wants` calls may be made now if the window may hold `cap`.
    pub fn ask(&self, cap: u32, wants: u32, now: DateTime<Utc>) -> Grant {
        let room = i64::from(cap) - self.spent(now);
        match u32::try_from(room) {
            Ok(room @ 1..) => Grant::Now(room.min(wants.max(1))),
            _ => Grant::From(self.room_from(-room, now)),
        }
    }

    /// How many calls count now.
    pub fn spent(&self, now: DateTime<Utc>) -> i64 {
        self.counting(now).map(|(_, calls)| i64::from(*calls)).sum()
    }

    /// Spends calls; answers the slot as it is then, to be stored.
    pub fn spend(&mut self, calls: u32, now: DateTime<Utc>) -> (i64, i32) {
        let slot = self.slot(now);
        let oldest = slot - KNOWN_SECONDS.div_euclid(self.slot_seconds);
        while self.slots.first_key_value().is_some_and(|(known, _)| *known < oldest) {
            self.slots.pop_first();
        }
        let spent = self.slots.entry(slot).or_default();
        *spent = spent.saturating_add(i32::try_from(calls).unwrap_or(i32::MAX));
        (slot, *spent)
    }

    /// Slots that lie more than a day ahead were spent under a clock that was wrong by far. They were spent before
    /// now, so they count from now, and hold up nobody for years. Answers the slots that changed, to be stored.
    pub fn bring_back(&mut self, now: DateTime<Utc>) -> Vec<(i64, i32)> {
        let farthest = (now.timestamp() + KNOWN_SECONDS).div_euclid(self.slot_seconds);
        if self.slots.last_key_value().is_none_or(|(slot, _)| *slot <= farthest) {
            return Vec::new();
        }
        let wrong = self.slots.split_off(&(farthest + 1));
        let calls = wrong.values().fold(0_u32, |sum, calls| sum.saturating_add(calls.unsigned_abs()));
        let now_spent = self.spend(calls, now);
        wrong.into_keys().map(|slot| (slot, 0)).chain([now_spent]).collect()
    }

    fn slot(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp().div_euclid(self.slot_seconds)
    }

    fn counting(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&i64, &i32)> {
        self.slots.range(self.slot(now) - self.window..)
    }

    /// When more than `excess` calls will have left the window.
    fn room_from(&self, excess: i64, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut left = excess;
        let frees = self.counting(now).find(|(_, calls)| {
            left -= i64::from(**calls);
            left < 0
        });
        let oldest = frees.map_or_else(|| self.slot(now), |(slot, _)| *slot);
        DateTime::from_timestamp((oldest + self.window + 1) * self.slot_seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[cfg(test)]
mod tests;
