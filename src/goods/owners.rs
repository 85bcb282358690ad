//! Foretells for a dry run what the shop would refuse because a name is another product's, in the order of the file.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use actors::domain::catalog::Product;
use actors::store::goods::Owners;

use super::report::Wrong;

/// A short stand-in for a name: among a million names none is likely to share it.
pub(super) fn print(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Whose the names of a file are so far.
#[derive(Default)]
pub(super) struct Claimed {
    products: HashSet<u64>,
    variants: HashMap<u64, u64>,
    items: HashMap<u64, u64>,
}

impl Claimed {
    /// Gives a product its names, unless one of them is another's. `known`: whose they are before the file.
    pub(super) fn claim(&mut self, product: &Product, known: &Owners) -> Option<Wrong> {
        let sku = product.retailer_id.as_str();
        let variants: Vec<&str> = product.variants.iter().map(|variant| variant.retailer_id.as_str()).collect();
        let items: Vec<&str> = product.item_ids().collect();
        if let Some(name) = self.taken(sku, &variants, &self.variants, &known.variants) {
            return Some(wrong("taken_sku", "variants", name));
        }
        if let Some(name) = self.taken(sku, &items, &self.items, &known.items) {
            return Some(wrong("taken_item", "item_id", name));
        }
        self.products.insert(print(sku));
        self.variants.extend(variants.into_iter().map(|name| (print(name), print(sku))));
        self.items.extend(items.into_iter().map(|name| (print(name), print(sku))));
        None
    }

    fn taken<'a>(
        &self,
        sku: &str,
        names: &[&'a str],
        claimed: &HashMap<u64, u64>,
        known: &HashMap<String, String>,
    ) -> Option<&'a str> {
        let is_taken = |name: &str| match claimed.get(&print(name)) {
            Some(owner) => *owner != print(sku),
            // A product that is put has what it claims now, and no more.
            None => known.get(name).is_some_and(|owner| owner != sku && !self.products.contains(&print(owner))),
        };
        let mut before = HashSet::new();
        names.iter().copied().find(|name| is_taken(name) || !before.insert(*name))
    }
}

fn wrong(code: &'static str, field: &str, name: &str) -> Wrong {
    Wrong::new(code, format!("{name:?} is there already, in this product or in another")).in_column(field, name)
}
