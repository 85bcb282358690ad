//! Persons who were erased lately, in memory: the journal empties what Meta sends again of them before it is stored, so
//! that it is known for what it is and brings nobody back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::channel::Account;
use crate::domain::erasure::{Erasure, Keyed, masked_key};
use crate::domain::event::{Arrival, Source};
use crate::domain::ids::SellerId;
use crate::domain::outcome::Reason;
use crate::store::erasures::{self, Tombstone};

/// A day more than Meta tries to deliver an event.
pub(crate) const KEPT: TimeDelta = TimeDelta::days(8);

/// Whose shop an erasure is from that is from no shop.
const NOBODY: SellerId = SellerId(0);

/// By account; nearly none has any.
pub(crate) struct ErasedPersons {
    keyed: Arc<dyn Keyed>,
    buried: RwLock<HashMap<Account, Vec<Tombstone>>>,
}

impl ErasedPersons {
    pub(crate) fn new(keyed: Arc<dyn Keyed>) -> Self {
        Self { keyed, buried: RwLock::default() }
    }

    /// From now on nothing is kept in this shop of this person that is from before.
    pub(crate) fn bury_person(&self, seller: SellerId, erasure: &Erasure) {
        if erasure.aged.is_some() {
            // They have been silent for longer than Meta tries to deliver.
            return;
        }
        let masks = erasures::masks(erasure, &*self.keyed);
        self.bury(Tombstone { seller, account: erasure.account.clone(), masks, asked_at: erasure.asked_at });
    }

    pub(crate) fn bury(&self, tombstone: Tombstone) {
        let mut buried = self.buried.write().unwrap_or_else(PoisonError::into_inner);
        let here = buried.entry(tombstone.account.clone()).or_default();
        if !here.contains(&tombstone) {
            here.push(tombstone);
        }
    }

    /// Empties an arrival that is an erased person's, from before. Whether it is there already is told by its key. What
    /// one shop has erased is another's to keep that has the account by now.
    pub(crate) fn empty(&self, arrival: &mut Arrival, seller: Option<SellerId>, now: DateTime<Utc>) {
        let buried = self.buried.read().unwrap_or_else(PoisonError::into_inner);
        let Some(here) = buried.get(&arrival.account).filter(|_| arrival.source == Source::Meta) else { return };
        let Some(customer) = &arrival.customer else { return };
        let mask = self.keyed.mask(&[arrival.account.as_str(), customer]);
        let is_meant = |stone: &Tombstone| stone.seller == NOBODY || seller.is_none_or(|seller| seller == stone.seller);
        let is_theirs = |stone: &Tombstone| stone.masks.contains(&mask) && arrival.happened_at <= stone.asked_at;
        if here.iter().any(|stone| is_meant(stone) && is_theirs(stone) && now < stone.asked_at + KEPT) {
            arrival.key = masked_key(&*self.keyed, &arrival.account, &arrival.key);
            (arrival.customer, arrival.raw) = (None, Vec::new());
            arrival.ledgered = Some(Reason::Erased);
        }
    }
}
