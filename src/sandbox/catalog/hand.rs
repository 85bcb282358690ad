//! What somebody does to a catalog at Meta by hand, and what a test or a demo sees and orders there.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::batch::CatalogBatch;
use super::caps::CatalogCall;
use super::item::{self, Fields};
use super::rules::{BatchFate, CatalogRules};
use super::state::{CatalogState, CatalogWrite, text_of};
use crate::sandbox::people::Account;
use crate::sandbox::{Fault, Sandbox, faults::Calls};

/// A catalog at Meta. Clones are handles to the same one.
#[derive(Clone)]
pub struct Catalog {
    sandbox: Sandbox,
    id: String,
}

/// An item as it is at Meta now.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogItem {
    /// Meta's number of it.
    pub id: String,
    /// The seller's SKU.
    pub sku: String,
    /// Its fields, in the names of `items_batch`.
    pub fields: Map<String, Value>,
    /// Meta's word for how far the review is.
    pub review: &'static str,
    /// Why it was rejected, if it was.
    pub rejected_for: Option<String>,
}

impl Account {
    /// A catalog of this account's business, which its token reaches.
    pub fn add_catalog(&self, id: &str, name: &str, business: &str) -> Catalog {
        let catalog = Catalog { sandbox: self.sandbox.clone(), id: id.to_owned() };
        self.sandbox.world().catalogs.add(id, name, business);
        catalog.open_to(self);
        catalog
    }
}

impl Sandbox {
    /// A catalog, by its id.
    pub fn catalog(&self, id: &str) -> Option<Catalog> {
        let is_there = self.world().catalogs.get(id).is_some();
        is_there.then(|| Catalog { sandbox: self.clone(), id: id.to_owned() })
    }

    /// The next calls of a kind go wrong.
    pub fn next_calls(&self, times: u32, calls: Calls, fault: Fault) {
        self.world().faults.order(fault, times, calls, None);
    }

    /// Ends the batches whose time has come, and sends the webhooks about them. Every call to a catalog does it too:
    /// this is for tests whose clock moves while nobody calls.
    pub fn advance_catalogs(&self) {
        let now_ms = self.now_ms();
        self.world().catalogs.advance(now_ms);
        self.tell_batches();
    }
}

impl Catalog {
    /// Its id at Meta.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// From here on the account's token reaches it, too.
    pub fn open_to(&self, account: &Account) {
        self.with(|catalog, _| catalog.accounts.push(account.id().to_owned()));
    }

    /// From here on no token reaches it but those it is opened to again.
    pub fn close(&self) {
        self.with(|catalog, _| catalog.accounts.clear());
    }

    /// Changes how it behaves.
    pub fn rules(&self, change: impl FnOnce(&mut CatalogRules)) {
        self.with(|catalog, _| change(&mut catalog.rules));
    }

    /// How it behaves.
    pub fn present_rules(&self) -> CatalogRules {
        self.with(|catalog, _| catalog.rules.clone())
    }

    /// What becomes of the next batches, in order; those after them are done as the rules say.
    pub fn next_batches(&self, fates: impl IntoIterator<Item = BatchFate>) {
        self.with(|catalog, _| catalog.fates.extend(fates));
    }

    /// The next calls of a kind to this catalog go wrong.
    pub fn next_calls(&self, times: u32, calls: Calls, fault: Fault) {
        self.sandbox.world().faults.order(fault, times, calls, Some(self.id.clone()));
    }

    /// Puts items there that nobody wrote through the API: `SEED-000001` and so on.
    pub fn seed(&self, items: usize) {
        self.with(|catalog, now_ms| {
            for number in 1..=items {
                let sku = format!("SEED-{number:06}");
                put(catalog, &sku, &seeded(&sku, number), now_ms).expect("a seeded item is right");
            }
        });
    }

    /// Changes an item by hand, or makes it: fields in the names of `items_batch`, empty ones go.
    ///
    /// # Errors
    /// What Meta finds wrong with it.
    pub fn change(&self, sku: &str, fields: &Value) -> Result<(), Vec<String>> {
        let fields = fields.as_object().cloned().unwrap_or_default();
        self.with(|catalog, now_ms| put(catalog, sku, &fields, now_ms))
    }

    /// Removes an item by hand; false if it was not there.
    pub fn remove(&self, sku: &str) -> bool {
        self.with(|catalog, _| catalog.remove(sku))
    }

    /// How many items it has.
    pub fn len(&self) -> usize {
        self.with(|catalog, _| catalog.len())
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item, as it is now.
    pub fn item(&self, sku: &str) -> Option<CatalogItem> {
        self.with(|catalog, now_ms| look(catalog, sku, now_ms))
    }

    /// All items, in the order in which they came.
    pub fn items(&self) -> Vec<CatalogItem> {
        self.with(|catalog, now_ms| catalog.skus_after(0).filter_map(|sku| look(catalog, sku, now_ms)).collect())
    }

    /// All writes that came through the API and had their effect or were refused, in order.
    pub fn writes(&self) -> Vec<CatalogWrite> {
        self.with(|catalog, _| catalog.writes.clone())
    }

    /// What one item was after each write, in order; an empty text where it was removed. Refused writes are left out.
    pub fn written_to(&self, sku: &str) -> Vec<String> {
        let is_meant = |write: &&CatalogWrite| *write.sku == *sku && write.refused.is_none();
        let content = |write: &CatalogWrite| write.content.as_deref().unwrap_or_default().to_owned();
        self.with(|catalog, _| catalog.writes.iter().filter(is_meant).map(content).collect())
    }

    /// All batches taken so far.
    pub fn batches(&self) -> Vec<CatalogBatch> {
        self.with(|catalog, _| catalog.batches.iter().map(|batch| batch.record.clone()).collect())
    }

    /// All calls so far, with those that a cap refused.
    pub fn calls(&self) -> Vec<CatalogCall> {
        self.with(|catalog, _| catalog.calls.clone())
    }

    /// Whoever looks sees what is there by now.
    fn with<T>(&self, act: impl FnOnce(&mut CatalogState, i64) -> T) -> T {
        let now_ms = self.sandbox.now_ms();
        let mut world = self.sandbox.world();
        world.catalogs.advance(now_ms);
        act(world.catalogs.get_mut(&self.id).expect("a catalog is never taken away"), now_ms)
    }
}

fn put(catalog: &mut CatalogState, sku: &str, fields: &Fields, now_ms: i64) -> Result<(), Vec<String>> {
    let content: Arc<str> = text_of(fields).into();
    catalog.put(&Arc::from(sku), &content, true, now_ms).map(drop)
}

fn look(catalog: &CatalogState, sku: &str, now_ms: i64) -> Option<CatalogItem> {
    catalog.look(sku, now_ms, |item| CatalogItem {
        id: item.item.id.to_string(),
        sku: sku.to_owned(),
        fields: item.fields.clone(),
        review: item.verdict.word(),
        rejected_for: item.verdict.reason().map(str::to_owned),
    })
}

fn seeded(sku: &str, number: usize) -> Fields {
    let fields = json!({
        "title": format!("Seeded item {number}"),
        "description": "It was there before.",
        "availability": "in stock",
        "condition": "new",
        "price": format!("{}.90 USD", number % 100 + 1),
        "link": format!("https://shop.example/p/{sku}"),
        "image_link": format!("https://cdn.shop.example/p/{sku}.jpg"),
        "brand": "Linen Shop",
    });
    item::merged(Fields::new(), fields.as_object().expect("written above"))
}
