//! Changes of the shop that staff or another system asked for.

use serde_json::{Value, json};

use crate::domain::catalog::Product;
use crate::domain::event::Command;
use crate::reader::CatalogIndex;

use super::Shop;
use super::step::Step;

impl Step<'_> {
    /// Does it, or says why not; the answer is kept for who asked.
    pub(super) fn obey(&mut self, command: &Command) -> Value {
        match command {
            Command::PutProducts { products } => self.put_products(products),
        }
    }

    fn put_products(&mut self, products: &[Product]) -> Value {
        let currency = self.shop.seller.settings.currency;
        let wrong = products.iter().find(|product| {
            let prices = product.variants.iter().filter_map(|variant| variant.price);
            std::iter::once(product.price).chain(prices).any(|price| price.currency != currency || price.minor < 0)
        });
        if let Some(product) = wrong {
            let detail = format!("{} must be priced in {currency}, at 0 or more", product.retailer_id);
            return json!({ "error": "wrong_price", "detail": detail });
        }
        for product in products {
            self.out.products.insert(product.retailer_id.clone(), product.clone());
        }
        json!({ "products": products.len() })
    }
}

impl Shop {
    /// Puts a product into the catalog. Words are read anew from here on, so conversations are read anew as well.
    pub(super) fn put_product(&mut self, product: &Product) {
        let known = self.catalog.products.iter().position(|known| known.retailer_id == product.retailer_id);
        let same_words = known.is_some_and(|place| same_words(&self.catalog.products[place], product));
        match known {
            Some(place) => self.catalog.products[place] = product.clone(),
            None => self.catalog.products.push(product.clone()),
        }
        self.reread |= !same_words;
    }

    /// Makes the index anew, once for all products of a turn, and lets go of what was read with the old one.
    pub(super) fn reread(&mut self) {
        if std::mem::take(&mut self.reread) {
            self.index = CatalogIndex::new(&self.catalog);
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
