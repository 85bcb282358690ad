//! All that a seller has for sale, found by any of its names without a walk.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Item, Modifier, Product, Variant};
use crate::domain::money::Money;

/// All that a seller has for sale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    products: BTreeSet<BySku>,
    modifiers: BTreeMap<String, Modifier>,
    /// The SKU of each variant, with the product it is of.
    variants: HashMap<Box<str>, Arc<str>>,
    /// Meta's ids of products and variants, with the product.
    items: HashMap<Box<str>, Arc<str>>,
}

/// A product in its place: among a hundred thousand, its name need not be kept twice.
#[derive(Clone, Debug, PartialEq)]
struct BySku(Product);

impl Eq for BySku {}

impl PartialOrd for BySku {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BySku {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.retailer_id.cmp(&other.0.retailer_id)
    }
}

impl Borrow<str> for BySku {
    fn borrow(&self) -> &str {
        &self.0.retailer_id
    }
}

impl Catalog {
    /// A catalog of these.
    pub fn new(products: impl IntoIterator<Item = Product>, modifiers: impl IntoIterator<Item = Modifier>) -> Self {
        let mut catalog = Self::default();
        products.into_iter().for_each(|product| catalog.put(product));
        modifiers.into_iter().for_each(|modifier| catalog.put_modifier(modifier));
        catalog
    }

    /// Adds a product, or puts it in the place of the one with the same SKU.
    pub fn put(&mut self, product: Product) {
        self.remove(&product.retailer_id);
        let sku: Arc<str> = product.retailer_id.as_str().into();
        for variant in &product.variants {
            self.variants.insert(variant.retailer_id.as_str().into(), sku.clone());
        }
        for item in product.item_ids() {
            self.items.insert(item.into(), sku.clone());
        }
        self.products.insert(BySku(product));
    }

    /// Takes a product out.
    pub fn remove(&mut self, retailer_id: &str) -> Option<Product> {
        let BySku(product) = self.products.take(retailer_id)?;
        // A name may have gone over to another product in the meantime: that one keeps it.
        for variant in &product.variants {
            forget(&mut self.variants, &variant.retailer_id, retailer_id);
        }
        for item in product.item_ids() {
            forget(&mut self.items, item, retailer_id);
        }
        Some(product)
    }

    /// Adds a modifier, or puts it in the place of the one with the same id.
    pub fn put_modifier(&mut self, modifier: Modifier) {
        self.modifiers.insert(modifier.id.clone(), modifier);
    }

    /// Takes a modifier out.
    pub fn remove_modifier(&mut self, id: &str) -> Option<Modifier> {
        self.modifiers.remove(id)
    }

    /// All products, by SKU.
    pub fn products(&self) -> impl ExactSizeIterator<Item = &Product> {
        self.products.iter().map(|BySku(product)| product)
    }

    /// All modifiers, by id.
    pub fn modifiers(&self) -> impl ExactSizeIterator<Item = &Modifier> {
        self.modifiers.values()
    }

    /// The product with this SKU.
    pub fn product(&self, retailer_id: &str) -> Option<&Product> {
        self.products.get(retailer_id).map(|BySku(product)| product)
    }

    /// The modifier with this id.
    pub fn modifier(&self, id: &str) -> Option<&Modifier> {
        self.modifiers.get(id)
    }

    /// The SKU of the product that has a variant with this SKU.
    pub fn owner_of_variant(&self, retailer_id: &str) -> Option<&str> {
        self.variants.get(retailer_id).map(AsRef::as_ref)
    }

    /// The SKU of the product that goes, or has a variant that goes, by this id of Meta's.
    pub fn owner_of_item(&self, item_id: &str) -> Option<&str> {
        self.items.get(item_id).map(AsRef::as_ref)
    }

    /// What Meta or another tool names by an id without saying of what kind: Meta's item id, else an SKU. Where a
    /// product and a variant of it share one, it is the variant. What is hidden is not offered, so nobody can mean it.
    pub fn item(&self, id: &str) -> Option<Item<'_>> {
        let of = |owner: &str, named: &dyn Fn(&Variant) -> bool| {
            let product = self.product(owner)?;
            Some((product, product.variants.iter().find(|variant| named(variant))))
        };
        let by_item = || of(self.owner_of_item(id)?, &|variant| variant.item_id.as_deref() == Some(id));
        let by_sku = || of(self.owner_of_variant(id)?, &|variant| variant.retailer_id == id);
        let found = by_item().or_else(by_sku).or_else(|| Some((self.product(id)?, None)));
        found.filter(|(product, _)| !product.hidden)
    }

    /// What one costs with these modifiers on it; those that are not there any more cost nothing.
    pub fn unit_price(&self, product: &Product, variant: Option<&Variant>, modifiers: &[String]) -> Money {
        let price = product.price_of(variant);
        let added = modifiers.iter().filter_map(|id| self.modifier(id)?.price).map(|added| added.minor);
        Money { minor: added.fold(price.minor, i64::saturating_add), ..price }
    }
}

fn forget(names: &mut HashMap<Box<str>, Arc<str>>, name: &str, product: &str) {
    if names.get(name).is_some_and(|owner| &**owner == product) {
        names.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money { minor, currency: "USD".parse().unwrap() }
    }

    fn variant(retailer_id: &str, item_id: Option<&str>) -> Variant {
        Variant { retailer_id: retailer_id.into(), item_id: item_id.map(str::to_owned), ..Variant::default() }
    }

    fn product(retailer_id: &str, item_id: Option<&str>, variants: Vec<Variant>) -> Product {
        Product { item_id: item_id.map(str::to_owned), variants, ..Product::new(retailer_id, "x", usd(1)) }
    }

    #[test]
    fn an_id_of_either_kind_names_one_thing() {
        let hidden = Product { hidden: true, ..product("OLD", Some("999"), vec![]) };
        let catalog = Catalog::new(
            [
                product("CAP", Some("900"), vec![]),
                product("LIN", Some("901"), vec![variant("LIN-M", Some("902")), variant("LIN", None)]),
                product("902", None, vec![]),
                hidden,
            ],
            [],
        );
        let named = |id: &str| {
            let (product, variant) = catalog.item(id)?;
            Some((product.retailer_id.clone(), variant.map(|one| one.retailer_id.clone())))
        };
        for (id, product, variant) in [
            ("900", "CAP", None),
            ("CAP", "CAP", None),
            ("901", "LIN", None),
            ("902", "LIN", Some("LIN-M")),
            ("LIN-M", "LIN", Some("LIN-M")),
            ("LIN", "LIN", Some("LIN")),
        ] {
            assert_eq!(named(id), Some((product.to_owned(), variant.map(str::to_owned))), "{id}");
        }
        for nothing in ["903", "OLD", "999"] {
            assert_eq!(named(nothing), None);
        }
        assert!(catalog.product("OLD").is_some(), "staff still see it");
    }

    #[test]
    fn a_modifier_with_a_price_makes_one_dearer() {
        let modifier = |id: &str, price| Modifier { id: id.into(), title: id.into(), price, keywords: vec![] };
        let catalog = Catalog::new([], [modifier("gift", Some(usd(300))), modifier("card", None)]);
        let modifiers: Vec<String> = ["gift", "card", "gone"].map(str::to_owned).into();
        let cap = product("CAP", None, vec![]);
        assert_eq!(catalog.unit_price(&cap, None, &modifiers), usd(301));
        assert_eq!(catalog.unit_price(&cap, None, &[]), usd(1));
    }

    proptest! {
        #[test]
        fn names_are_found_as_a_walk_would_find_them(
            steps in proptest::collection::vec((0..4_u8, proptest::collection::btree_set(0..6_u8, 0..3), any::<bool>()), 0..12)
        ) {
            let mut catalog = Catalog::default();
            for (sku, variants, stays) in steps {
                let sku = format!("P{sku}");
                let name = |n: &u8| variant(&format!("V{n}"), Some(&format!("9{n}")));
                let free = |n: &&u8| catalog.owner_of_variant(&format!("V{n}")).is_none_or(|owner| owner == sku);
                let variants = variants.iter().filter(free).map(name).collect();
                match stays {
                    true => catalog.put(product(&sku, Some(&format!("9{sku}")), variants)),
                    false => drop(catalog.remove(&sku)),
                }
            }
            prop_assert_eq!(&catalog, &Catalog::new(catalog.products().cloned(), []));
            for n in 0..6_u8 {
                let name = format!("V{n}");
                let owner = catalog.products().find(|product| product.variant(&name).is_some());
                prop_assert_eq!(catalog.owner_of_variant(&name), owner.map(|owner| owner.retailer_id.as_str()));
            }
        }
    }
}
