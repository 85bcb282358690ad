//! What was told of messages that have not come themselves: kept by their mid, and put on them when they come.
//!
//! How much is kept has bounds. Of receipts the oldest gives way: they say no more than how far a message came, and a
//! tool that shares the account can bring any number of them. Anything else beyond a bound is put into the ledger.

use std::collections::BTreeMap;

use crate::domain::channel::Account;
use crate::domain::event::StoredEvent;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::told::{LooseEnd, Told};

use super::Shop;
use super::step::Step;

/// So many messages of a seller may have receipts waiting for them, and so many others something else.
pub(super) const MOST: usize = 1000;
/// So many messages of one customer may have something else than receipts waiting for them.
pub(super) const MOST_OF_ONE: usize = 100;

/// A seller's loose ends, by account and mid.
pub(super) type LooseEnds = BTreeMap<(Account, String), LooseEnd>;

impl Step<'_> {
    /// Keeps what was told of a message that is not known.
    pub(super) fn keep_loose(&mut self, event: &StoredEvent, mid: &str, told: &Told) -> Outcome {
        let name = (event.account.clone(), mid.to_owned());
        let known = self.loose_end(&name).cloned();
        let mut all = known.as_ref().map(|end| end.told.clone()).unwrap_or_default();
        if !all.join(told) {
            return Outcome::Duplicate;
        }
        let edit_key = known.as_ref().and_then(|end| end.told.edit_key.as_ref());
        self.unsay(&event.account, edit_key.filter(|key| all.edit_key.as_ref() != Some(*key)));
        let grows = known.is_none_or(|end| end.told.is_receipt() != all.is_receipt());
        if grows && !self.make_room(event, &all) {
            return Outcome::Ledgered(Reason::TooManyLooseEnds);
        }
        let (account, mid) = name.clone();
        let end = LooseEnd { account, mid, customer: event.customer.clone(), told: all, kept_at: self.now };
        self.out.loose_ends.insert(name, Some(end));
        Outcome::Handled
    }

    /// What was told of this message before it came; it is not kept any more.
    pub(super) fn take_loose(&mut self, account: &Account, mid: &str) -> Option<Told> {
        if self.shop.loose_ends.is_empty() && self.out.loose_ends.is_empty() {
            return None;
        }
        let name = (account.clone(), mid.to_owned());
        let told = self.loose_end(&name)?.told.clone();
        self.out.loose_ends.insert(name, None);
        Some(told)
    }

    fn loose_end(&self, name: &(Account, String)) -> Option<&LooseEnd> {
        match self.out.loose_ends.get(name) {
            Some(changed) => changed.as_ref(),
            None => self.shop.loose_ends.get(name),
        }
    }

    /// Lets go of what is too old and, among receipts, of the oldest. False when there is no room all the same.
    fn make_room(&mut self, event: &StoredEvent, told: &Told) -> bool {
        let stored = self.shop.loose_ends.iter().filter(|(name, _)| !self.out.loose_ends.contains_key(*name));
        let changed = self.out.loose_ends.iter().filter_map(|(name, end)| Some((name, end.as_ref()?)));
        let (old, kept): (Vec<Named>, Vec<Named>) = stored.chain(changed).partition(|(_, end)| end.is_over(self.now));
        let is_like_it = |(_, end): &Named| end.told.is_receipt() == told.is_receipt();
        let alike: Vec<Named> = kept.into_iter().filter(is_like_it).collect();
        let mut over: Vec<_> = old.into_iter().map(|(name, _)| name.clone()).collect();
        let mut has_room = alike.len() < MOST;
        if told.is_receipt() {
            let oldest = alike.iter().min_by_key(|(_, end)| end.kept_at).filter(|_| !has_room);
            over.extend(oldest.map(|(name, _)| (*name).clone()));
            has_room = true;
        } else {
            has_room &= alike.iter().filter(|(_, end)| end.customer == event.customer).count() < MOST_OF_ONE;
        }
        self.out.loose_ends.extend(over.into_iter().map(|name| (name, None)));
        has_room
    }
}

/// A loose end with its account and mid.
type Named<'a> = (&'a (Account, String), &'a LooseEnd);

fn name_of(end: &LooseEnd) -> (Account, String) {
    (end.account.clone(), end.mid.clone())
}

impl Shop {
    /// Takes over what a step kept or let go of.
    pub(super) fn tie(&mut self, changed: &BTreeMap<(Account, String), Option<LooseEnd>>) {
        for (name, end) in changed {
            match end {
                Some(end) => drop(self.loose_ends.insert(name.clone(), end.clone())),
                None => drop(self.loose_ends.remove(name)),
            }
        }
    }
}

/// Loose ends as loaded.
pub(super) fn loaded(ends: Vec<LooseEnd>) -> LooseEnds {
    ends.into_iter().map(|end| (name_of(&end), end)).collect()
}
