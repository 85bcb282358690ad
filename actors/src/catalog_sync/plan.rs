//! Looks at what is for sale: all of it, or what has changed; and at what is not for sale any more.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::catalog::Product;
use crate::domain::sync::known::{KnownItem, Wants};
use crate::domain::sync::plan::Findings;
use crate::domain::sync::run::Cursor;
use crate::shop::{Found, Task};
use crate::store::StoreError;
use crate::store::goods::{self, With};
use crate::store::sync::{self, Living};

use super::Look;

/// Products of one page: no more of them are in memory at a time.
const PAGE: u64 = 500;

/// The next page of a look at all of it.
pub(super) async fn all(look: &Look<'_>, task: &Task, cursor: &Cursor) -> Result<Found, StoreError> {
    let reads = look.reads;
    if cursor.over {
        return vanished(look, task, cursor).await;
    }
    let products = goods::page(reads, look.seller, &cursor.after, PAGE, With::Details).await?;
    let is_last = (products.len() as u64) < PAGE;
    let next = match products.last() {
        Some(last) if !is_last => Cursor { after: last.retailer_id.clone(), ..cursor.clone() },
        _ => Cursor { after: String::new(), over: true, ..cursor.clone() },
    };
    let findings = compared(look, task, (&products, cursor)).await?;
    Ok(Found::Plan { findings, next: Some(next) })
}

/// Items whose product is no more, whatever is remembered of its end.
async fn vanished(look: &Look<'_>, task: &Task, cursor: &Cursor) -> Result<Found, StoreError> {
    let found = sync::vanished(look.reads, look.of(task), &cursor.after, PAGE).await?;
    let next = found.next.map(|after| Cursor { after, ..cursor.clone() });
    let findings = gone(look, task, (found.items, cursor)).await?;
    Ok(Found::Plan { findings, next })
}

/// The next page of a look at what has changed.
pub(super) async fn changed(
    look: &Look<'_>,
    task: &Task,
    (since, cursor): (i64, &Cursor),
) -> Result<Found, StoreError> {
    let (reads, behind) = (look.reads, (cursor.number, cursor.after.as_str()));
    let changed = match cursor.over {
        false => sync::changed(reads, look.seller, behind, PAGE).await?,
        true => sync::changed_over(reads, look.seller, behind, PAGE).await?,
    };
    let more = changed.last().filter(|_| changed.len() as u64 == PAGE);
    let next = match more {
        Some(last) => Some(Cursor { number: last.changed, after: last.retailer_id.clone(), ..cursor.clone() }),
        None if !cursor.over => Some(Cursor { number: since, after: String::new(), over: true, ..cursor.clone() }),
        None => None,
    };
    let names: Vec<&str> = changed.iter().map(|changed| changed.retailer_id.as_str()).collect();
    let findings = match cursor.over {
        false => {
            let products = goods::with_skus(reads, look.seller, &names).await?;
            let products: Vec<Product> = products.into_values().collect();
            compared(look, task, (&products, cursor)).await?
        }
        true => {
            let found = sync::items(reads, look.of(task), &names).await?.into_values().collect();
            gone(look, task, (found, cursor)).await?
        }
    };
    Ok(Found::Plan { findings, next })
}

async fn compared(
    look: &Look<'_>,
    task: &Task,
    (products, cursor): (&[Product], &Cursor),
) -> Result<Findings, StoreError> {
    let reads = look.reads;
    let own: Vec<&str> = products.iter().map(|product| product.retailer_id.as_str()).collect();
    let items: BTreeSet<&str> = products.iter().flat_map(items_of).collect();
    let mut known = sync::items_of(reads, look.of(task), &own).await?;
    // What a variant was before it went from one product to another is known by its own name alone.
    let moved: Vec<&str> = items.iter().copied().filter(|sku| !known.contains_key(*sku)).collect();
    known.append(&mut sync::items(reads, look.of(task), &moved).await?);
    let living = living(look, &known, &items).await?;
    let taken = |sku: &str| living.products.contains(sku);
    let compare = look.compare(task, &taken, cursor.rejected_again);
    Ok(compare.products(products, known, &|sku| living.items.contains(sku)))
}

/// What is for sale under the names of variants, and of what is known and is of none of these products.
async fn living(
    look: &Look<'_>,
    known: &BTreeMap<String, KnownItem>,
    items: &BTreeSet<&str>,
) -> Result<Living, StoreError> {
    let left = known.keys().map(String::as_str).filter(|sku| !items.contains(sku));
    let names: Vec<&str> = items.iter().copied().chain(left).collect();
    sync::living(look.reads, look.seller, &names).await
}

async fn gone(
    look: &Look<'_>,
    task: &Task,
    (found, cursor): (Vec<KnownItem>, &Cursor),
) -> Result<Findings, StoreError> {
    let names: Vec<&str> = found.iter().map(|item| item.retailer_id.as_str()).collect();
    let living = sync::living(look.reads, look.seller, &names).await?;
    let compare = look.compare(task, &|_| false, cursor.rejected_again);
    let mut findings = Findings::default();
    for item in found {
        // It may be for sale again.
        if !living.items.contains(&item.retailer_id) {
            compare.gone(Some(item), Wants::Remove, &mut findings);
        }
    }
    Ok(findings)
}

/// The SKUs of a product's items.
fn items_of(product: &Product) -> Vec<&str> {
    match product.variants.is_empty() {
        true => vec![&product.retailer_id],
        false => product.variants.iter().map(|variant| variant.retailer_id.as_str()).collect(),
    }
}
