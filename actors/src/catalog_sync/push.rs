//! Loads the next items that are owed, as they are by now.

use std::collections::{BTreeSet, HashMap};

use crate::domain::catalog::Product;
use crate::domain::sync::plan::Load;
use crate::shop::{Found, Task};
use crate::store::goods;
use crate::store::{StoreError, sync};

use super::Look;

/// Products of one question.
const PRODUCTS_AT_ONCE: usize = 500;

pub(super) async fn load(look: &Look<'_>, task: &Task, (items, bytes): (u32, usize)) -> Result<Found, StoreError> {
    let reads = look.reads;
    let owed = sync::owed(reads, look.of(task), u64::from(items)).await?;
    let names: BTreeSet<&str> = owed.iter().map(|item| item.product.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut products: HashMap<String, Product> = HashMap::with_capacity(names.len());
    for names in names.chunks(PRODUCTS_AT_ONCE) {
        products.extend(goods::with_skus(reads, look.seller, names).await?);
    }
    let these: Vec<&str> = owed.iter().map(|item| item.retailer_id.as_str()).collect();
    let living = sync::living(reads, look.seller, &these).await?;
    let taken = |sku: &str| living.products.contains(sku);
    let compare = look.compare(task, &taken, false);
    let load = Load::of(owed, &products, &compare, (items as usize, bytes));
    Ok(Found::Push { load })
}

/// Whether anything is owed still.
pub(super) async fn peek(look: &Look<'_>, task: &Task) -> Result<Found, StoreError> {
    let owed = sync::owed(look.reads, look.of(task), 1).await?;
    match owed.is_empty() {
        true => Ok(Found::Push { load: Load::default() }),
        false => Ok(Found::More),
    }
}
