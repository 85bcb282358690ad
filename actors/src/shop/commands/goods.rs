//! Changes of the catalog that staff or another system asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::domain::catalog::Product;
use crate::domain::command::{Answered, Refused};
use crate::reader::CatalogIndex;

use crate::shop::Shop;
use crate::shop::step::Step;

impl Step<'_> {
    pub(super) fn put_products(&mut self, products: &[Product]) -> Answered {
        let wrong = wrong_text(products)
            .or_else(|| self.wrong_price(products))
            .or_else(|| self.taken_sku(products))
            .or_else(|| self.taken_item(products));
        if let Some((error, detail)) = wrong {
            return Err(Refused::invalid(error, detail));
        }
        for product in products {
            self.out.products.insert(product.retailer_id.clone(), product.clone());
        }
        Ok(json!({ "products": products.len() }))
    }

    fn wrong_price(&self, products: &[Product]) -> Option<Wrong> {
        let currency = self.shop.seller.settings.currency;
        let wrong = products.iter().find(|product| {
            let prices = product.variants.iter().filter_map(|variant| variant.price);
            std::iter::once(product.price).chain(prices).any(|price| price.currency != currency || price.minor < 0)
        })?;
        Some(("wrong_price", format!("{} must be priced in {currency}, at 0 or more", wrong.retailer_id)))
    }

    /// All products as they would be: of two with the same SKU in one command, the last one counts.
    fn products_with<'a>(&'a self, products: &'a [Product]) -> impl Iterator<Item = &'a Product> {
        let last: BTreeMap<&str, &Product> =
            products.iter().map(|product| (product.retailer_id.as_str(), product)).collect();
        let replaced: BTreeSet<&str> = last.keys().copied().collect();
        let kept = self.shop.catalog.products.iter();
        kept.filter(move |known| !replaced.contains(known.retailer_id.as_str())).chain(last.into_values())
    }

    /// A variant's SKU names one variant of one product, or orders could not tell them apart.
    fn taken_sku(&self, products: &[Product]) -> Option<Wrong> {
        let skus = self.products_with(products).flat_map(|product| &product.variants);
        let taken = twice(skus.map(|variant| variant.retailer_id.as_str()))?;
        Some(("taken_sku", format!("the variant {taken} is there twice")))
    }

    /// So does Meta's id of an item, or a cart could mean either.
    fn taken_item(&self, products: &[Product]) -> Option<Wrong> {
        let items = self.products_with(products).flat_map(|product| {
            let variants = product.variants.iter().map(|variant| &variant.item_id);
            variants.chain([&product.item_id]).filter_map(|item| item.as_deref())
        });
        let taken = twice(items)?;
        Some(("taken_item", format!("the item {taken} is there twice")))
    }
}

/// The first of these that was there before.
fn twice<'a>(mut all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    all.find(|one| !seen.insert(*one))
}

/// A code and a sentence.
type Wrong = (&'static str, String);

/// PostgreSQL refuses NUL in a text: stored as it is, it would make the seller fall.
fn wrong_text(products: &[Product]) -> Option<Wrong> {
    let has_nul = |product: &&Product| {
        let skus = product.variants.iter().flat_map(|variant| [Some(&variant.retailer_id), variant.item_id.as_ref()]);
        let own = [Some(&product.retailer_id), Some(&product.title), product.item_id.as_ref()];
        own.into_iter().chain(skus).flatten().any(|text| text.contains('\0'))
    };
    let wrong = products.iter().find(has_nul)?;
    Some(("wrong_text", format!("{:?} has a NUL in its title or in an SKU", wrong.retailer_id)))
}

impl Shop {
    /// Puts a product into the catalog. Words are read anew from here on, so conversations are read anew as well.
    pub(in crate::shop) fn put_product(&mut self, product: &Product) {
        let known = self.catalog.products.iter().position(|known| known.retailer_id == product.retailer_id);
        let same_words = known.is_some_and(|place| same_words(&self.catalog.products[place], product));
        match known {
            Some(place) => self.catalog.products[place] = product.clone(),
            None => self.catalog.products.push(product.clone()),
        }
        self.reread |= !same_words;
        self.index_is_old |= !same_words;
    }

    /// Makes the index anew, once for all products since the last time.
    pub(in crate::shop) fn index_anew(&mut self) {
        if std::mem::take(&mut self.index_is_old) {
            self.index = CatalogIndex::new(&self.catalog);
        }
    }

    /// Lets go of what was read with an old index.
    pub(in crate::shop) fn reread(&mut self) {
        self.index_anew();
        if std::mem::take(&mut self.reread) {
            self.threads.clear();
            self.by_customer.clear();
        }
    }
}

/// True when only prices or stock differ, which no reading depends on.
fn same_words(one: &Product, other: &Product) -> bool {
    let words = |product: &Product| {
        let variants = product
            .variants
            .iter()
            .map(|variant| (variant.retailer_id.clone(), variant.options.clone(), variant.keywords.clone()));
        (product.title.clone(), product.keywords.clone(), variants.collect::<Vec<_>>())
    };
    words(one) == words(other)
}
