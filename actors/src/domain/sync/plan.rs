//! Compares what is for sale with what Meta last accepted: what is to be sent, what is not, and why.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use crate::domain::catalog::Product;

use super::build::{self, Built, Making};
use super::item::{CatalogItem, ItemChange};
use super::known::{ItemState, KnownItem, Prints, Wants};
use super::run::{Counts, Refusal};
use super::seen;

/// What a look at some products found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// How many of what.
    pub counts: Counts,
    /// Items that are otherwise known from now on.
    pub items: Vec<KnownItem>,
    /// Items that lack something.
    pub refusals: Vec<Refusal>,
}

/// What to compare by.
pub struct Compare<'a> {
    /// What items are made with.
    pub making: &'a Making,
    /// Which SKUs are products' own.
    pub taken: &'a dyn Fn(&str) -> bool,
    /// True when what Meta rejected is sent again as it is.
    pub rejected_again: bool,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Compare<'_> {
    /// Compares these products with what is known of their items, and of items that were theirs. `lives` says which SKUs
    /// of items are those of other products by now.
    pub fn products(
        &self,
        products: &[Product],
        mut known: BTreeMap<String, KnownItem>,
        lives: &dyn Fn(&str) -> bool,
    ) -> Findings {
        let mut found = Findings::default();
        for product in products {
            for Built { retailer_id, item } in build::items(product, self.making, self.taken) {
                let known = known.remove(&retailer_id);
                match product.hidden {
                    true => self.gone(known, Wants::Hide, &mut found),
                    false => self.one((product, &retailer_id), item, known, &mut found),
                }
            }
        }
        for (retailer_id, left) in known {
            if !lives(&retailer_id) {
                self.gone(Some(left), Wants::Remove, &mut found);
            }
        }
        found
    }

    fn one(
        &self,
        (product, retailer_id): (&Product, &str),
        item: Result<CatalogItem, Refusal>,
        known: Option<KnownItem>,
        found: &mut Findings,
    ) {
        found.counts.looked_at += 1;
        let before = known.unwrap_or_else(|| {
            let new = KnownItem::new(retailer_id, &product.retailer_id, self.now);
            // So that whatever it becomes is otherwise than this.
            KnownItem { state: ItemState::Removed, ..new }
        });
        if before.state == ItemState::Sent {
            // What was sent is settled first.
            found.counts.unchanged += 1;
            return;
        }
        let product = product.retailer_id.clone();
        let after = match item {
            Err(refusal) => {
                found.counts.refused += 1;
                let reason = Some(refusal.in_words());
                found.refusals.push(refusal);
                KnownItem { state: ItemState::Refused, wants: Wants::Put, reason, product, ..before.clone() }
            }
            Ok(item) => self.wanted(build::prints(&item), KnownItem { product, ..before.clone() }, &mut found.counts),
        };
        self.keep(&before, after, found);
    }

    fn wanted(&self, prints: Prints, known: KnownItem, counts: &mut Counts) -> KnownItem {
        let is_rejected = known.state == ItemState::Rejected;
        let was_refused_as_is = is_rejected && known.sent.is_some_and(|sent| sent.whole == prints.whole);
        if known.accepted == Some(prints) && !(is_rejected && self.rejected_again) {
            counts.unchanged += 1;
            let stays = matches!(known.state, ItemState::Accepted | ItemState::Live | ItemState::Rejected);
            // It is as Meta has it: what was wanted or refused meanwhile is not any more.
            let (state, reason) = if stays { (known.state, known.reason.clone()) } else { (ItemState::Accepted, None) };
            return KnownItem { state, reason, wants: Wants::Put, ..known };
        }
        if was_refused_as_is && !self.rejected_again {
            counts.unchanged += 1;
            return known;
        }
        // What Meta did not take of it may have left what was there before.
        let is_there = known.accepted.is_some() || known.item_id.is_some();
        *(if is_there { &mut counts.update } else { &mut counts.create }) += 1;
        let is_urgent = known.accepted.is_some_and(|accepted| accepted.offer != prints.offer);
        let accepted = known.accepted.filter(|accepted| *accepted != prints);
        let is_owed = known.state == ItemState::Owed && known.wants == Wants::Put;
        let mended = if is_owed { known.mended } else { 0 };
        let is_urgent = is_urgent || (is_owed && known.is_urgent);
        KnownItem { state: ItemState::Owed, wants: Wants::Put, is_urgent, accepted, mended, reason: None, ..known }
    }

    /// An item that is not to be at Meta.
    pub fn gone(&self, known: Option<KnownItem>, wants: Wants, found: &mut Findings) {
        let Some(before) = known else { return };
        found.counts.looked_at += 1;
        if before.state == ItemState::Sent {
            found.counts.unchanged += 1;
            return;
        }
        let after = match before.is_at_meta() {
            true => {
                found.counts.delete += 1;
                KnownItem { state: ItemState::Owed, wants, is_urgent: true, reason: None, ..before.clone() }
            }
            false => {
                found.counts.unchanged += 1;
                KnownItem { state: wants.done(), wants, reason: None, ..before.clone() }
            }
        };
        self.keep(&before, after, found);
    }

    fn keep(&self, before: &KnownItem, after: KnownItem, found: &mut Findings) {
        if after != *before {
            found.items.push(KnownItem { changed_at: self.now, ..after });
        }
    }
}

/// What is to be sent of items that are owed, as what they are of is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// The changes, no two of one SKU.
    pub changes: Vec<ItemChange>,
    /// The items they are of, as known once they are sent.
    pub sent: Vec<KnownItem>,
    /// Items of which nothing needs to be sent any more.
    pub dropped: Vec<KnownItem>,
    /// Items that lack something by now.
    pub refusals: Vec<Refusal>,
}

impl Load {
    /// Loads what is owed, up to so many items and bytes. One item is loaded, however large it is.
    pub fn of(
        owed: Vec<KnownItem>,
        products: &HashMap<String, Product>,
        compare: &Compare<'_>,
        (most_items, most_bytes): (usize, usize),
    ) -> Self {
        let (mut load, mut bytes) = (Self::default(), 0);
        for known in owed {
            let change = change(&known, products.get(&known.product), compare);
            let size = match &change {
                Ok((change, _)) => serde_json::to_vec(change).map_or(0, |json| json.len()),
                Err(_) => 0,
            };
            let is_full = load.changes.len() >= most_items || (bytes + size > most_bytes && !load.changes.is_empty());
            if is_full && change.is_ok() {
                break;
            }
            bytes += size;
            match change {
                Ok((change, item)) => {
                    load.changes.push(change);
                    load.sent.push(KnownItem { changed_at: compare.now, ..item });
                }
                Err((item, refusal)) => {
                    load.dropped.push(KnownItem { changed_at: compare.now, is_urgent: false, ..*item });
                    load.refusals.extend(refusal);
                }
            }
        }
        load
    }
}

type Change = Result<(ItemChange, KnownItem), (Box<KnownItem>, Option<Refusal>)>;

/// What is to be sent of one item; else how it is known from now on. What is on its way may be done without our ever
/// hearing of it, so that from here on nobody knows what Meta has, until Meta says it.
fn change(known: &KnownItem, product: Option<&Product>, compare: &Compare<'_>) -> Change {
    let gone = |wants: Wants| match known.is_at_meta() {
        true => {
            let item = KnownItem { state: ItemState::Sent, wants, accepted: None, reason: None, ..known.clone() };
            Ok((ItemChange::Remove(known.retailer_id.clone()), item))
        }
        false => Err((Box::new(KnownItem { state: wants.done(), wants, reason: None, ..known.clone() }), None)),
    };
    let Some(product) = product else { return gone(Wants::Remove) };
    let Some(built) = build::item(product, &known.retailer_id, compare.making, compare.taken) else {
        return gone(Wants::Remove);
    };
    if product.hidden {
        return gone(Wants::Hide);
    }
    match built.item {
        Err(refusal) => {
            let reason = Some(refusal.in_words());
            let item = KnownItem { state: ItemState::Refused, wants: Wants::Put, reason, ..known.clone() };
            Err((Box::new(item), Some(refusal)))
        }
        Ok(item) => {
            let prints = build::prints(&item);
            let known = KnownItem { wants: Wants::Put, reason: None, ..known.clone() };
            if known.accepted == Some(prints) {
                return Err((Box::new(KnownItem { state: ItemState::Accepted, ..known }), None));
            }
            let (sent, expected) = (Some(prints), Some(seen::expected(&item)));
            let known = KnownItem { state: ItemState::Sent, accepted: None, sent, expected, ..known };
            Ok((ItemChange::Put(Box::new(item)), known))
        }
    }
}

#[cfg(test)]
mod tests;
