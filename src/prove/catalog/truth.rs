//! What each item should be: every version that was ever wanted, in order, and whether Meta was told anything else.

use std::collections::{BTreeMap, HashMap};

use crate::sandbox::{Catalog, CatalogCall, CatalogEdge};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// What the first version costs, in cents; each further one costs a cent more.
const FIRST_PRICE: u32 = 1_000;

/// What was wanted of the products of one shop.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    /// By SKU the versions, and whether each is for sale.
    wanted: BTreeMap<String, Vec<bool>>,
}

/// What came of one catalog.
pub(super) struct Told {
    pub(super) summary: String,
    pub(super) wrong: Vec<String>,
}

impl Truth {
    /// The next version of a product: for sale, or removed. Its price, in cents.
    pub(super) fn want(&mut self, sku: &str, is_for_sale: bool) -> u32 {
        let versions = self.wanted.entry(sku.to_owned()).or_default();
        versions.push(is_for_sale);
        FIRST_PRICE + u32::try_from(versions.len()).unwrap_or(u32::MAX)
    }

    /// Whether it is for sale now.
    pub(super) fn is_for_sale(&self, sku: &str) -> bool {
        self.wanted.get(sku).and_then(|versions| versions.last()).copied().unwrap_or(false)
    }

    /// How many there are that are for sale, and that were and are not any more.
    pub(super) fn count(&self) -> (usize, usize) {
        let for_sale = self.wanted.keys().filter(|sku| self.is_for_sale(sku)).count();
        (for_sale, self.wanted.len() - for_sale)
    }

    /// Compares it with what Meta's stand-in was told and has.
    pub(super) fn compare(&self, name: &str, catalog: &Catalog, cap: u32) -> Told {
        let (mut wrong, writes) = (Vec::new(), catalog.writes());
        let mut at: HashMap<&str, usize> = HashMap::new();
        let mut contents: HashMap<(&str, usize), &str> = HashMap::new();
        let (mut repeated, mut of_version): (usize, HashMap<(&str, usize), usize>) = (0, HashMap::new());
        for write in &writes {
            let sku = &*write.sku;
            let before = at.get(sku).copied().unwrap_or(0);
            let version = write.content.as_deref().map_or_else(|| self.removal_from(sku, before), version_of);
            let Some(version) = version.filter(|_| write.refused.is_none()) else {
                wrong.push(format!("{name}: {sku} was written as nobody wanted it: {write:?}"));
                continue;
            };
            if version < before || version > self.wanted.get(sku).map_or(0, Vec::len) {
                wrong.push(format!("{name}: {sku} was put to version {version} after {before}"));
            }
            at.insert(sku, version);
            if let Some(content) = &write.content
                && *contents.entry((sku, version)).or_insert(content) != &**content
            {
                wrong.push(format!("{name}: {sku} was written with two contents in version {version}"));
            }
            let times = of_version.entry((sku, version)).or_insert(0);
            repeated += usize::from(*times > 0);
            *times += 1;
        }
        self.compare_end(name, catalog, &mut wrong);
        let calls = catalog.calls();
        let most = most_within(&calls, HOUR_MS, |edge| edge != CatalogEdge::Batch);
        let batches = most_within(&calls, MINUTE_MS, |edge| edge == CatalogEdge::Batch);
        // A call leaves a moment after it was paid for, and so may slip into the next hour.
        if most > cap as usize + 1 || batches > 9 {
            wrong.push(format!(
                "{name}: {most} calls within an hour at a cap of {cap}, {batches} batches within a minute"
            ));
        }
        let summary = format!(
            "{name}: {} items at Meta, {} writes of items in {} calls, {repeated} of them repeated; at most {most} calls \
             within an hour",
            catalog.len(),
            writes.len(),
            calls.len(),
        );
        Told { summary, wrong }
    }

    fn compare_end(&self, name: &str, catalog: &Catalog, wrong: &mut Vec<String>) {
        let there: BTreeMap<String, Option<usize>> = catalog
            .items()
            .into_iter()
            .map(|item| (item.sku, version_in(item.fields.get("price").and_then(|price| price.as_str()))))
            .collect();
        for (sku, versions) in &self.wanted {
            let wanted = self.is_for_sale(sku).then_some(versions.len());
            let found = there.get(sku).copied();
            if found != wanted.map(Some) {
                wrong.push(format!("{name}: {sku} should be in version {wanted:?} and is in {found:?}"));
            }
        }
        let more = there.keys().filter(|sku| !self.wanted.contains_key(*sku)).count();
        if more > 0 {
            wrong.push(format!("{name}: {more} items are at Meta that nobody sells"));
        }
    }

    /// The first version from here on in which it was not for sale.
    fn removal_from(&self, sku: &str, from: usize) -> Option<usize> {
        let versions = self.wanted.get(sku)?;
        (from.max(1)..=versions.len()).find(|version| !versions[version - 1])
    }
}

fn version_of(content: &str) -> Option<usize> {
    let fields: serde_json::Value = serde_json::from_str(content).ok()?;
    version_in(fields.get("price")?.as_str())
}

/// The version that costs this much: `10.07 USD`.
fn version_in(price: Option<&str>) -> Option<usize> {
    let (amount, _) = price?.split_once(' ')?;
    let cents: u32 = amount.replace('.', "").parse().ok()?;
    cents.checked_sub(FIRST_PRICE).and_then(|version| usize::try_from(version).ok())
}

/// The most calls of a kind that were made within any span of this length.
fn most_within(calls: &[CatalogCall], span_ms: i64, is_meant: impl Fn(CatalogEdge) -> bool) -> usize {
    let times: Vec<i64> = calls.iter().filter(|call| is_meant(call.edge)).map(|call| call.at).collect();
    let mut first = 0;
    let mut most = 0;
    for (place, at) in times.iter().enumerate() {
        while times[first] + span_ms <= *at {
            first += 1;
        }
        most = most.max(place + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_off_its_price() {
        let mut truth = Truth::default();
        assert_eq!((truth.want("A", true), truth.want("A", false), truth.want("A", true)), (1_001, 1_002, 1_003));
        assert_eq!(version_of(r#"{"price":"10.03 USD"}"#), Some(3));
        assert_eq!((truth.removal_from("A", 1), truth.removal_from("A", 3)), (Some(2), None));
    }

    #[test]
    fn the_fullest_hour_counts() {
        let call = |at| CatalogCall { edge: CatalogEdge::Write, at, let_through: true };
        let calls: Vec<_> = [0, 10, 20, 105, 119, 121].map(call).into();
        assert_eq!(most_within(&calls, 100, |_| true), 4);
        assert_eq!(most_within(&calls, 100, |edge| edge == CatalogEdge::Batch), 0);
    }
}
