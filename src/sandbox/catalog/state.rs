//! What the sandbox keeps of a catalog: its items, what was written to it, its batches. Plain state; the time is passed in.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::batch::{Batch, Told};
use super::caps::{CatalogCall, CatalogEdge, Window};
use super::item::{self, Fields};
use super::rules::{BatchFate, CatalogRules};
use super::shown::Shown;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;

/// So many items a catalog may have before its ids run into those of the next.
const IDS_PER_CATALOG: u64 = 10_000_000;
const FIRST_ITEM: u64 = 6_012_345_678_900_000;

/// A write that came to a catalog, in the order in which they took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogWrite {
    /// The item's SKU.
    pub sku: Arc<str>,
    /// The whole item as it was then, as JSON in the names of `items_batch`, its keys in order; what was written where it
    /// was refused; none: the item was removed.
    pub content: Option<Arc<str>>,
    /// When it took effect, in Unix milliseconds.
    pub at: i64,
    /// Which batch it came in, counted from 0; none: it came by itself.
    pub batch: Option<usize>,
    /// Why it was not done; none: it was.
    pub refused: Option<String>,
}

/// All catalogs.
#[derive(Default)]
pub(in crate::sandbox) struct Catalogs {
    by_id: BTreeMap<String, CatalogState>,
    /// Items are named by numbers of which each catalog has its own.
    in_order: Vec<String>,
}

pub(in crate::sandbox) struct CatalogState {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) business: String,
    /// The accounts whose tokens reach it.
    pub(super) accounts: Vec<String>,
    pub(super) rules: CatalogRules,
    pub(super) calls: Vec<CatalogCall>,
    pub(super) writes: Vec<CatalogWrite>,
    pub(super) batches: Vec<Batch>,
    pub(super) fates: VecDeque<BatchFate>,
    /// What is to be told by webhook.
    pub(super) told: Vec<Told>,
    minute: Window,
    hour: Window,
    first_item: u64,
    next_item: u64,
    items: HashMap<Arc<str>, Item>,
    by_item_id: BTreeMap<u64, Arc<str>>,
    /// How many items each group has.
    groups: HashMap<Box<str>, usize>,
}

/// An item at Meta.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: u64,
    /// Its fields as JSON: a hundred thousand items must stay small.
    content: Arc<str>,
    /// Tells whether the same is written again, which changes nothing.
    last_written: u64,
    /// From when on its present content is looked at.
    reviewed_from: i64,
    appealed: bool,
}

/// What the review says of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pending,
    Approved,
    Rejected(String),
}

impl Verdict {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Verdict::Pending => "pending",
            Verdict::Approved => "approved",
            Verdict::Rejected(_) => "rejected",
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Verdict::Rejected(reason) => Some(reason),
            Verdict::Pending | Verdict::Approved => None,
        }
    }
}

impl Item {
    pub(super) fn fields(&self) -> Fields {
        read(&self.content)
    }
}

impl Catalogs {
    pub(super) fn add(&mut self, id: &str, name: &str, business: &str) {
        let next_item = FIRST_ITEM + self.in_order.len() as u64 * IDS_PER_CATALOG;
        self.in_order.push(id.to_owned());
        let catalog = CatalogState {
            id: id.to_owned(),
            name: name.to_owned(),
            business: business.to_owned(),
            accounts: Vec::new(),
            rules: CatalogRules::default(),
            calls: Vec::new(),
            writes: Vec::new(),
            batches: Vec::new(),
            fates: VecDeque::new(),
            told: Vec::new(),
            minute: Window::of_ms(60_000),
            hour: Window::of_ms(3_600_000),
            first_item: next_item,
            next_item,
            items: HashMap::new(),
            by_item_id: BTreeMap::new(),
            groups: HashMap::new(),
        };
        self.by_id.insert(id.to_owned(), catalog);
    }

    pub(super) fn get(&self, id: &str) -> Option<&CatalogState> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut CatalogState> {
        self.by_id.get_mut(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &CatalogState> {
        self.in_order.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Whether an item had this number that is removed by now.
    pub(in crate::sandbox) fn have_had(&self, name: &str) -> bool {
        let had = |catalog: &CatalogState, id| (catalog.first_item + 1..=catalog.next_item).contains(&id);
        name.parse().is_ok_and(|id: u64| self.all().any(|catalog| had(catalog, id)))
    }

    /// How many there are. None is ever taken away, so that the next may be named by it.
    pub(super) fn count(&self) -> usize {
        self.in_order.len()
    }

    /// Ends the batches whose time has come.
    pub(in crate::sandbox) fn advance(&mut self, now_ms: i64) {
        self.by_id.values_mut().for_each(|catalog| catalog.end_batches(now_ms));
    }

    /// What is to be told by webhook, once.
    pub(in crate::sandbox) fn take_told(&mut self) -> Vec<Told> {
        self.by_id.values_mut().flat_map(|catalog| std::mem::take(&mut catalog.told)).collect()
    }
}

impl CatalogState {
    /// Notes a call, if its share is not used up.
    pub(super) fn spend(&mut self, edge: CatalogEdge, now_ms: i64) -> Result<(), No> {
        let (window, cap) = self.share(edge);
        let spent = window.spend(now_ms, cap);
        self.calls.push(CatalogCall { edge, at: now_ms, let_through: spent.is_ok() });
        let beyond = match edge {
            CatalogEdge::Batch => Refusal::CatalogBatchRate,
            CatalogEdge::Status | CatalogEdge::Write | CatalogEdge::Read => self.rules.beyond_the_hour,
        };
        spent.map_err(|minutes| No { minutes: Some(minutes), ..No::from(beyond) })
    }

    /// How much of its share a kind of call has used, in percent; none where there is no limit.
    pub(super) fn percent(&mut self, edge: CatalogEdge) -> Option<u32> {
        let (window, cap) = self.share(edge);
        Some(window.percent(cap?))
    }

    fn share(&mut self, edge: CatalogEdge) -> (&mut Window, Option<u32>) {
        match edge {
            CatalogEdge::Batch => (&mut self.minute, self.rules.batches_per_minute),
            CatalogEdge::Status | CatalogEdge::Write | CatalogEdge::Read => (&mut self.hour, self.rules.calls_per_hour),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn item(&self, sku: &str) -> Option<&Item> {
        self.items.get(sku)
    }

    /// The SKU of the item that goes by a name in a path: its number, or its catalog and SKU.
    pub(super) fn sku_of(&self, name: &str) -> Option<Arc<str>> {
        if let Ok(id) = name.parse() {
            return self.by_item_id.get(&id).cloned();
        }
        let encoded = name.strip_prefix("catalog:")?.strip_prefix(&self.id)?.strip_prefix(':')?;
        let sku = super::from_base64(encoded)?;
        self.items.get_key_value(sku.as_str()).map(|(sku, _)| sku.clone())
    }

    /// SKUs by the numbers of their items, after one of them.
    pub(super) fn skus_after(&self, id: u64) -> impl Iterator<Item = &Arc<str>> {
        self.by_item_id.range(id + 1..).map(|(_, sku)| sku)
    }

    /// What is known of an item, ready to be read; none if there is no such item.
    pub(super) fn look<T>(&self, sku: &str, now_ms: i64, see: impl FnOnce(&Shown<'_>) -> T) -> Option<T> {
        let item = self.items.get(sku)?;
        let fields = item.fields();
        let verdict = self.verdict(sku, item, &fields, now_ms);
        let has_broken_image = self.has_broken_image(&fields);
        Some(see(&Shown { catalog: &self.id, sku, item, fields: &fields, verdict, has_broken_image }))
    }

    fn has_broken_image(&self, fields: &Fields) -> bool {
        let image = item::image(fields).unwrap_or_default();
        self.rules.broken_images.iter().any(|word| image.contains(word))
    }

    fn verdict(&self, sku: &str, item: &Item, fields: &Fields, now_ms: i64) -> Verdict {
        let review = &self.rules.review;
        let due = item.reviewed_from.saturating_add_unsigned(review.takes_ms);
        if now_ms < due {
            return Verdict::Pending;
        }
        let text = |name| item::text(fields, name).unwrap_or_default();
        let looked_at = [sku, text("title"), text("description"), item::image(fields).unwrap_or_default()];
        let rejects = review.rejects.iter().find(|rejects| looked_at.iter().any(|text| text.contains(&rejects.word)));
        match rejects {
            Some(rejects) if !(item.appealed && review.appeals_win) => Verdict::Rejected(rejects.reason.clone()),
            _ => Verdict::Approved,
        }
    }

    /// Writes an item, and gives what it is then, or what is wrong with it.
    pub(super) fn put(
        &mut self,
        sku: &Arc<str>,
        written: &Arc<str>,
        may_create: bool,
        now_ms: i64,
    ) -> Result<Arc<str>, Vec<String>> {
        let known = self.items.get(sku.as_ref());
        if known.is_none() && !may_create {
            return Err(vec!["There is no item with this id".to_owned()]);
        }
        let last_written = digest(written);
        if let Some(known) = known.filter(|known| known.last_written == last_written) {
            return Ok(known.content.clone());
        }
        let before = known.map(Item::fields).unwrap_or_default();
        let fields = item::merged(before.clone(), &read(written));
        let mut problems = item::problems(&fields);
        let group = item::text(&fields, "item_group_id");
        if self.groups.contains_key(sku.as_ref()) || group.is_some_and(|group| self.items.contains_key(group)) {
            problems.push("RETAILER_ID_USED_BY_GROUP".to_owned());
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        self.count_group(item::text(&before, "item_group_id"), false);
        self.count_group(group, true);
        let content = text_of(&fields);
        // The same is kept once, for the item and for the record.
        let same = self.items.get(sku.as_ref()).map(|item| &item.content).filter(|known| ***known == *content);
        let content = same.cloned().unwrap_or_else(|| content.into());
        let is_reviewed = item::is_reviewed_anew(&before, &fields);
        match self.items.get_mut(sku.as_ref()) {
            Some(item) => {
                (item.content, item.last_written) = (content.clone(), last_written);
                if is_reviewed {
                    (item.reviewed_from, item.appealed) = (now_ms, false);
                }
            }
            None => {
                self.next_item += 1;
                self.by_item_id.insert(self.next_item, sku.clone());
                let item = Item {
                    id: self.next_item,
                    content: content.clone(),
                    last_written,
                    reviewed_from: now_ms,
                    appealed: false,
                };
                self.items.insert(sku.clone(), item);
            }
        }
        Ok(content)
    }

    /// Removes an item; false if it was not there.
    pub(super) fn remove(&mut self, sku: &str) -> bool {
        let Some(item) = self.items.remove(sku) else { return false };
        self.by_item_id.remove(&item.id);
        self.count_group(item::text(&item.fields(), "item_group_id"), false);
        true
    }

    /// Has a rejected item looked at again.
    pub(super) fn appeal(&mut self, sku: &str, now_ms: i64) {
        if let Some(item) = self.items.get_mut(sku) {
            (item.appealed, item.reviewed_from) = (true, now_ms);
        }
    }

    fn count_group(&mut self, group: Option<&str>, joins: bool) {
        let Some(group) = group else { return };
        if joins {
            *self.groups.entry(group.into()).or_default() += 1;
        } else if let Some(left) = self.groups.get_mut(group) {
            *left -= 1;
            if *left == 0 {
                self.groups.remove(group);
            }
        }
    }
}

/// Fields as they are kept: keys in order, no spaces.
pub(super) fn text_of(fields: &Fields) -> String {
    serde_json::to_string(fields).expect("a map of JSON is always JSON")
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn read(content: &str) -> Fields {
    serde_json::from_str(content).expect("only what text_of wrote is kept")
}
