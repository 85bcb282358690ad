//! Which names the products of a command lay claim to: a variant's SKU and Meta's id of an item each name one thing, or
//! orders and carts could mean either.

use std::collections::HashMap;

use crate::domain::catalog::{Catalog, Product};
use crate::domain::command::Refused;

/// A catalog with the products of a command laid over it.
pub(super) struct Claims<'a> {
    catalog: &'a Catalog,
    /// Products of the command that are put, and what each name of theirs is of.
    put: HashMap<&'a str, &'a Product>,
    variants: HashMap<&'a str, &'a str>,
    items: HashMap<&'a str, &'a str>,
}

impl<'a> Claims<'a> {
    /// All products are put together: what one gives up, another may take.
    pub(super) fn of_all(catalog: &'a Catalog, products: &'a [Product]) -> Self {
        let put = products.iter().map(|product| (product.retailer_id.as_str(), product)).collect();
        Self { put, ..Self::one_by_one(catalog) }
    }

    /// Products are put one after the other.
    pub(super) fn one_by_one(catalog: &'a Catalog) -> Self {
        Self { catalog, put: HashMap::new(), variants: HashMap::new(), items: HashMap::new() }
    }

    /// Those that are put, each SKU once, by SKU.
    pub(super) fn products(&self) -> impl Iterator<Item = &'a Product> + use<'a> {
        let mut products: Vec<&Product> = self.put.values().copied().collect();
        products.sort_unstable_by_key(|product| &product.retailer_id);
        products.into_iter()
    }

    /// Says that a product is put.
    pub(super) fn put(&mut self, product: &'a Product) {
        self.put.insert(&product.retailer_id, product);
    }

    /// Gives a product its names, unless one of them is another's.
    pub(super) fn claim(&mut self, product: &'a Product) -> Result<(), Refused> {
        let sku = product.retailer_id.as_str();
        let variants: Vec<&str> = product.variants.iter().map(|variant| variant.retailer_id.as_str()).collect();
        let items: Vec<&str> = product.item_ids().collect();
        let of_variant = |name: &str| self.owner(sku, self.variants.get(name), self.catalog.owner_of_variant(name));
        let of_item = |name: &str| self.owner(sku, self.items.get(name), self.catalog.owner_of_item(name));
        if let Some((name, owner)) = taken(&variants, of_variant) {
            return Err(wrong("taken_sku", sku, &format!("the variant {name:?} is of {}", whose(owner, sku))));
        }
        if let Some((name, owner)) = taken(&items, of_item) {
            return Err(wrong("taken_item", sku, &format!("the item {name:?} is of {}", whose(owner, sku))));
        }
        self.variants.extend(variants.into_iter().map(|name| (name, sku)));
        self.items.extend(items.into_iter().map(|name| (name, sku)));
        Ok(())
    }

    /// Whose a name is, unless it is this product's. A product that is put has what it claims now, and no more.
    fn owner<'b>(&self, sku: &str, claimed: Option<&&'b str>, known: Option<&'b str>) -> Option<&'b str> {
        let kept = known.filter(|owner| !self.put.contains_key(owner));
        claimed.copied().or(kept).filter(|owner| *owner != sku)
    }
}

/// The first name that is another's, or that is there twice, with whose it is.
fn taken<'a, 'b>(names: &[&'a str], owner: impl Fn(&str) -> Option<&'b str>) -> Option<(&'a str, Option<&'b str>)> {
    let twice = |place: usize| names[..place].contains(&names[place]);
    names.iter().enumerate().find_map(|(place, name)| {
        let owner = owner(name);
        (owner.is_some() || twice(place)).then_some((*name, owner))
    })
}

fn whose(owner: Option<&str>, sku: &str) -> String {
    match owner {
        Some(owner) => format!("the product {owner:?}"),
        None => format!("{sku:?} twice"),
    }
}

/// A refusal that names the product or modifier.
pub(super) fn wrong(code: &'static str, name: &str, what: &str) -> Refused {
    Refused::invalid(code, format!("{name:?}: {what}"))
}
