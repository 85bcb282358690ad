//! Changes of the catalog that staff or another system asked for. Looking at a command costs what the command is,
//! however much is for sale.

use std::collections::BTreeSet;

use serde_json::json;

use super::claims::{Claims, wrong};
use crate::domain::catalog::{MOST_PRODUCTS, Modifier, Product};
use crate::domain::changes::{DetailsOf, ItemOver};
use crate::domain::command::{Answered, Block, Refused};
use crate::domain::money::Currency;
use crate::reader::CatalogIndex;
use crate::shop::Shop;
use crate::shop::step::Step;
use crate::shop::turn::Turn;

/// Modifiers that a seller may have.
const MOST_MODIFIERS: usize = 1000;

impl Step<'_> {
    /// All of them or none. Of two with the same SKU in one command, the last one counts.
    pub(super) fn put_products(&mut self, products: &[Product]) -> Answered {
        let shop = self.shop;
        let mut claims = Claims::of_all(&shop.catalog, products);
        let last: Vec<&Product> = claims.products().collect();
        for product in &last {
            self.fits(product)?;
            self.is_as_seen(product)?;
            claims.claim(product)?;
        }
        let fresh = last.iter().filter(|product| self.shop.catalog.product(&product.retailer_id).is_none());
        self.has_room(fresh.count())?;
        for product in last {
            self.put(product);
        }
        Ok(json!({ "products": products.len() }))
    }

    /// One by one, in the order of the file.
    pub(super) fn import_products(&mut self, block: &Block) -> Answered {
        let shop = self.shop;
        let (mut created, mut changed, mut refused) = (0, 0, Vec::new());
        let mut claims = Claims::one_by_one(&shop.catalog);
        for product in &block.products {
            let is_fresh = self.shop.catalog.product(&product.retailer_id).is_none();
            let taken = self.fits(product).and_then(|()| self.has_room(created + usize::from(is_fresh)));
            match taken.and_then(|()| claims.claim(product)) {
                Ok(()) => {
                    claims.put(product);
                    *(if is_fresh { &mut created } else { &mut changed }) += 1;
                    match block.keeps_stock {
                        true => self.put(&self.with_stock_as_known(product)),
                        false => self.put(product),
                    }
                }
                Err(Refused { code, detail, .. }) => {
                    refused.push(json!({ "product": product.retailer_id, "code": code, "detail": detail }));
                }
            }
        }
        Ok(json!({ "created": created, "changed": changed, "refused": refused }))
    }

    /// What is not there is gone already. Only when none of them is there, somebody must have meant something else.
    pub(super) fn remove_products(&mut self, products: &[String]) -> Answered {
        let (shop, names) = (self.shop, products.iter().collect::<BTreeSet<_>>());
        let known: Vec<&Product> = names.into_iter().filter_map(|sku| shop.catalog.product(sku)).collect();
        if let (true, Some(first)) = (known.is_empty(), products.first()) {
            return Err(Refused::not_found("no_such_product", format!("there is no product {first:?}")));
        }
        for product in &known {
            self.end_items(product, None);
            self.out.products_over.insert(product.retailer_id.clone());
        }
        Ok(json!({ "removed": known.len() }))
    }

    /// All of them or none.
    pub(super) fn put_modifiers(&mut self, modifiers: &[Modifier]) -> Answered {
        let currency = self.shop.seller.settings.currency;
        for modifier in modifiers {
            modifier.fits(currency).map_err(|unfit| wrong(unfit.code, &modifier.id, &unfit.sentence()))?;
        }
        let fresh = modifiers.iter().filter(|modifier| self.shop.catalog.modifier(&modifier.id).is_none()).count();
        if self.shop.catalog.modifiers().len() + fresh > MOST_MODIFIERS {
            let detail = format!("a seller has at most {MOST_MODIFIERS} modifiers: remove some first");
            return Err(Refused::invalid("too_many_modifiers", detail));
        }
        let put = modifiers.iter().map(|modifier| (modifier.id.clone(), Some(modifier.clone())));
        self.out.modifiers.extend(put);
        Ok(json!({ "modifiers": modifiers.len() }))
    }

    /// As with products.
    pub(super) fn remove_modifiers(&mut self, modifiers: &[String]) -> Answered {
        let names: BTreeSet<&String> = modifiers.iter().collect();
        let known: Vec<&String> = names.into_iter().filter(|id| self.shop.catalog.modifier(id).is_some()).collect();
        if let (true, Some(first)) = (known.is_empty(), modifiers.first()) {
            return Err(Refused::not_found("no_such_modifier", format!("there is no modifier {first:?}")));
        }
        let removed = known.len();
        self.out.modifiers.extend(known.into_iter().map(|id| (id.clone(), None)));
        Ok(json!({ "removed": removed }))
    }

    fn fits(&self, product: &Product) -> Result<(), Refused> {
        let currency: Currency = self.shop.seller.settings.currency;
        product.fits(currency).map_err(|unfit| wrong(unfit.code, &product.retailer_id, &unfit.sentence()))
    }

    /// Whoever edits a product has seen what it replaces.
    fn is_as_seen(&self, product: &Product) -> Result<(), Refused> {
        let known = self.shop.catalog.product(&product.retailer_id).map_or(0, |known| known.version);
        match product.version == 0 || product.version == known {
            true => Ok(()),
            false => {
                let detail = format!("{:?} was changed meanwhile: look at it and try again", product.retailer_id);
                Err(Refused::conflict("version_mismatch", detail))
            }
        }
    }

    fn has_room(&self, fresh: usize) -> Result<(), Refused> {
        match self.shop.catalog.products().len() + fresh <= MOST_PRODUCTS {
            true => Ok(()),
            false => {
                let detail = format!("a seller has at most {MOST_PRODUCTS} products: remove some first");
                Err(Refused::invalid("too_many_products", detail))
            }
        }
    }

    fn put(&mut self, product: &Product) {
        let shop = self.shop;
        let known = shop.catalog.product(&product.retailer_id);
        if let Some(known) = known {
            self.end_items(known, Some(product));
        }
        let version = known.map_or(0, |known| known.version) + 1;
        let sku = &product.retailer_id;
        self.out.details.insert(sku.clone(), DetailsOf::product(product));
        self.out.products.insert(sku.clone(), Product { version, ..product.without_details() });
    }

    /// What is in Meta's catalog of a product, and will have to leave it: not what the product still is.
    fn end_items(&mut self, known: &Product, now: Option<&Product>) {
        let variants = known.variants.iter().map(|variant| (&variant.retailer_id, &variant.item_id));
        for (retailer_id, item_id) in variants.chain([(&known.retailer_id, &known.item_id)]) {
            let stays = now.is_some_and(|now| now.retailer_id == *retailer_id || now.variant(retailer_id).is_some());
            if !stays {
                let over = ItemOver { retailer_id: retailer_id.clone(), item_id: item_id.clone(), at: self.now };
                self.out.items_over.insert(retailer_id.clone(), over);
            }
        }
    }

    /// A file that says nothing of stock must not bring back what was sold while it was read.
    fn with_stock_as_known(&self, product: &Product) -> Product {
        let mut product = product.clone();
        if let Some(known) = self.shop.catalog.product(&product.retailer_id) {
            product.stock = known.stock;
            for variant in &mut product.variants {
                variant.stock = known.variant(&variant.retailer_id).and_then(|known| known.stock);
            }
        }
        product
    }
}

impl Shop {
    /// Takes over what a step changes of the catalog and the caps. Words are read anew once they are others.
    pub(in crate::shop) fn sell(&mut self, step: &Turn) {
        let mut other_words = false;
        for sku in &step.products_over {
            other_words |= self.catalog.remove(sku).is_some();
        }
        for product in step.products.values() {
            let known = self.catalog.product(&product.retailer_id);
            other_words |= known.is_none_or(|known| !same_words(known, product));
            self.catalog.put(product.clone());
        }
        for (id, modifier) in &step.modifiers {
            // A price is put on lines whenever they are built; it is no word.
            other_words = true;
            match modifier {
                Some(modifier) => self.catalog.put_modifier(modifier.clone()),
                None => drop(self.catalog.remove_modifier(id)),
            }
        }
        self.reread |= other_words;
        self.index_is_old |= other_words;
        if let Some(caps) = step.caps {
            self.seller.settings.caps = caps;
            self.caps = self.rules.caps.with(&caps);
        }
    }

    /// Makes the index anew, once for all that has changed since the last time. Only who is about to read words asks
    /// for it: among a hundred thousand products it is the dearest thing a shop does.
    pub(in crate::shop) fn index_anew(&mut self) {
        if std::mem::take(&mut self.index_is_old) {
            self.index = CatalogIndex::new(&self.catalog);
        }
    }

    /// Lets go of what was read with an old index.
    pub(in crate::shop) fn reread(&mut self) {
        if std::mem::take(&mut self.reread) {
            self.threads.clear();
            self.by_customer.clear();
        }
    }
}

/// True when only prices, stock or ids differ, which no reading depends on.
fn same_words(one: &Product, other: &Product) -> bool {
    let mut variants = one.variants.iter().zip(&other.variants);
    one.title == other.title
        && one.hidden == other.hidden
        && one.keywords == other.keywords
        && one.variants.len() == other.variants.len()
        && variants.all(|(one, other)| {
            one.retailer_id == other.retailer_id && one.options == other.options && one.keywords == other.keywords
        })
}
