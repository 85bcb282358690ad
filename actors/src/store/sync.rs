//! What is known of a shop's catalog at Meta: read a page at a time, and never all of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use entity::{catalog, catalog_product, product, sync_body, sync_call, sync_run, variant};
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};

use crate::domain::channel::Account;
use crate::domain::ids::{CatalogId, OutboxId, RunId, SellerId};
use crate::domain::sync::call::CatalogAsk;
use crate::domain::sync::catalog::MetaCatalog;
use crate::domain::sync::errand::Errand;
use crate::domain::sync::known::{ItemState, KnownItem};
use crate::domain::sync::run::SyncRun;

use super::rows::{self, OfSeller, ms};
use super::{Partial, StoreError, at_most};

const ENDED_AT_NONE: Partial = Partial("ended_at IS NULL");

/// SKUs of one question.
const NAMES_AT_ONCE: usize = 500;
/// Rows that are looked through in one question for the few that are wanted.
const STRETCH: u64 = 20_000;

/// What an actor starts from.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The catalog the shop goes up to.
    pub catalog: Option<MetaCatalog>,
    /// The run that is not over.
    pub run: Option<SyncRun>,
    /// Calls that are not over.
    pub errands: Vec<Errand>,
}

/// Reads it. For a shop without a catalog that is one question.
pub async fn stored(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Stored, StoreError> {
    let Some(catalog) = current(reads, seller).await? else { return Ok(Stored::default()) };
    let runs = sync_run::Entity::of_seller(seller).filter(ENDED_AT_NONE.expr());
    let run = runs.order_by_desc(sync_run::Column::Id).one(reads).await?;
    let errands = open_calls(reads, (seller, catalog.id)).await?;
    Ok(Stored { catalog: Some(catalog), run: run.map(rows::run).transpose()?, errands })
}

/// Calls about a catalog that are not over. Those about one that the shop has left wait for its return.
async fn open_calls(reads: &impl ConnectionTrait, (seller, catalog): Of) -> Result<Vec<Errand>, StoreError> {
    let calls = sync_call::Entity::of_seller(seller).filter(ENDED_AT_NONE.expr());
    let calls = calls.filter(sync_call::Column::Catalog.eq(catalog.0)).order_by_asc(sync_call::Column::Id);
    calls.all(reads).await?.into_iter().map(rows::errand).collect()
}

/// The catalog the shop goes up to.
pub async fn current(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Option<MetaCatalog>, StoreError> {
    let all = catalog::Entity::of_seller(seller).filter(catalog::Column::IsCurrent.eq(true));
    all.order_by_desc(catalog::Column::Id).one(reads).await?.map(rows::catalog).transpose()
}

/// The catalogs that shops go up to, with whose they are; those of the earliest sellers first.
pub async fn catalogs(reads: &impl ConnectionTrait) -> Result<Vec<(Account, SellerId)>, StoreError> {
    let all = catalog::Entity::find().filter(catalog::Column::IsCurrent.eq(true));
    let all = all.select_only().columns([catalog::Column::MetaId, catalog::Column::SellerId]);
    let all = all.order_by_asc(catalog::Column::SellerId).order_by_asc(catalog::Column::Id);
    let found = all.into_tuple::<(String, i64)>().all(reads).await?;
    Ok(found.into_iter().map(|(meta_id, seller)| (Account::of_catalog(&meta_id), SellerId(seller))).collect())
}

/// What a turn must know of the sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncWanted {
    /// These items, of this catalog.
    pub items: BTreeSet<String>,
    /// In which catalog.
    pub catalog: Option<CatalogId>,
    /// What these calls ask.
    pub bodies: BTreeSet<OutboxId>,
    /// The catalog with this id at Meta, if the shop was connected to it before.
    pub meta_id: Option<String>,
}

/// What there is of what a turn wants.
#[derive(Clone, Debug, Default)]
pub struct SyncKnown {
    /// The items, by SKU.
    pub items: BTreeMap<String, KnownItem>,
    /// What the calls ask.
    pub bodies: Vec<(OutboxId, CatalogAsk)>,
    /// The catalog.
    pub catalog: Option<MetaCatalog>,
    /// Its calls that are not over.
    pub errands: Vec<Errand>,
}

/// Reads what is wanted; of what is not, nothing is asked.
pub async fn known(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &SyncWanted,
) -> Result<SyncKnown, StoreError> {
    let mut known = SyncKnown::default();
    if let Some(catalog) = wanted.catalog {
        let names: Vec<&str> = wanted.items.iter().map(String::as_str).collect();
        known.items = items(reads, (seller, catalog), &names).await?;
    }
    for call in &wanted.bodies {
        let row = sync_body::Entity::of_seller(seller).filter(sync_body::Column::Call.eq(call.0)).one(reads).await?;
        let Some(row) = row else { continue };
        let ask = serde_json::from_slice(&row.body)
            .map_err(|error| StoreError::Unreadable { what: "what a call asks", why: error.to_string() })?;
        known.bodies.push((*call, ask));
    }
    if let Some(meta_id) = &wanted.meta_id {
        let named = catalog::Entity::of_seller(seller).filter(catalog::Column::MetaId.eq(meta_id));
        known.catalog = named.order_by_desc(catalog::Column::Id).one(reads).await?.map(rows::catalog).transpose()?;
        if let Some(catalog) = &known.catalog {
            known.errands = open_calls(reads, (seller, catalog.id)).await?;
        }
    }
    Ok(known)
}

type Of = (SellerId, CatalogId);

fn of_catalog((seller, catalog): Of) -> sea_orm::Select<catalog_product::Entity> {
    catalog_product::Entity::of_seller(seller).filter(catalog_product::Column::Catalog.eq(catalog.0))
}

fn by_sku(found: Vec<catalog_product::Model>) -> Result<BTreeMap<String, KnownItem>, StoreError> {
    found.into_iter().map(|row| Ok((row.retailer_id.clone(), rows::item(row)?))).collect()
}

/// The items with these SKUs, by SKU.
pub async fn items(
    reads: &impl ConnectionTrait,
    of: Of,
    names: &[&str],
) -> Result<BTreeMap<String, KnownItem>, StoreError> {
    let mut found = Vec::new();
    for names in names.chunks(NAMES_AT_ONCE) {
        let these = catalog_product::Column::RetailerId.is_in(names.iter().copied());
        found.extend(of_catalog(of).filter(these).all(reads).await?);
    }
    by_sku(found)
}

/// Items of one kind among many others.
#[derive(Clone, Debug, PartialEq)]
pub struct Few {
    /// Some of them, by SKU.
    pub items: Vec<KnownItem>,
    /// The SKU behind which there may be more; none: these were the last.
    pub next: Option<String>,
}

/// Items after this SKU that are not over, and whose product is no more.
pub async fn vanished(reads: &impl ConnectionTrait, of: Of, after: &str, limit: u64) -> Result<Few, StoreError> {
    let end = end_of_stretch(reads, of, after).await?;
    let up_to = if end.is_some() { "AND retailer_id <= $5 " } else { "" };
    let sql = format!(
        "SELECT * FROM catalog_product AS i WHERE seller_id = $1 AND catalog = $2 AND retailer_id > $3 {up_to}\
         AND state NOT IN ('hidden', 'removed') \
         AND NOT EXISTS (SELECT 1 FROM product AS p WHERE p.seller_id = $1 AND p.retailer_id = i.product) \
         ORDER BY retailer_id LIMIT $4"
    );
    let most = i64::try_from(at_most(limit)).unwrap_or(i64::MAX);
    let values: [Value; 4] = [of.0.0.into(), of.1.0.into(), after.into(), most.into()];
    let values = values.into_iter().chain(end.clone().map(Value::from));
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    few(catalog_product::Model::find_by_statement(statement).all(reads).await?, limit, end)
}

/// Where the next rows end that are looked through in one question, however few of them are wanted: with all of a large
/// catalog the question would take longer than others can wait. None: at the end of the catalog.
async fn end_of_stretch(reads: &impl ConnectionTrait, of: Of, after: &str) -> Result<Option<String>, StoreError> {
    use catalog_product::Column::RetailerId;
    let behind = of_catalog(of).select_only().column(RetailerId).filter(RetailerId.gt(after));
    let last = behind.order_by_asc(RetailerId).offset(STRETCH - 1).limit(1);
    Ok(last.into_tuple::<String>().one(reads).await?)
}

fn few(found: Vec<catalog_product::Model>, limit: u64, end: Option<String>) -> Result<Few, StoreError> {
    let last = found.last().filter(|_| found.len() as u64 >= limit).map(|last| last.retailer_id.clone());
    let items = found.into_iter().map(rows::item).collect::<Result<_, _>>()?;
    Ok(Few { items, next: last.or(end) })
}

/// The items of these products.
pub async fn items_of(
    reads: &impl ConnectionTrait,
    of: Of,
    products: &[&str],
) -> Result<BTreeMap<String, KnownItem>, StoreError> {
    let mut found = Vec::new();
    for names in products.chunks(NAMES_AT_ONCE) {
        let these = catalog_product::Column::Product.is_in(names.iter().copied());
        found.extend(of_catalog(of).filter(these).all(reads).await?);
    }
    by_sku(found)
}

/// Items that are owed, the urgent ones first.
pub async fn owed(reads: &impl ConnectionTrait, of: Of, limit: u64) -> Result<Vec<KnownItem>, StoreError> {
    let owed = of_catalog(of).filter(catalog_product::Column::State.eq(ItemState::Owed.name()));
    let owed = owed.order_by_asc(catalog_product::Column::Rank).order_by_asc(catalog_product::Column::RetailerId);
    owed.limit(at_most(limit)).all(reads).await?.into_iter().map(rows::item).collect()
}

/// Items after this SKU that Meta has accepted and has not shown since.
pub async fn unseen_since(
    reads: &impl ConnectionTrait,
    of: Of,
    (after, since): (&str, DateTime<Utc>),
    limit: u64,
) -> Result<Few, StoreError> {
    use catalog_product::Column::{Accepted, RetailerId, SeenAt, State};
    let end = end_of_stretch(reads, of, after).await?;
    let there = [ItemState::Accepted, ItemState::Live, ItemState::Rejected].map(ItemState::name);
    let mut unseen = of_catalog(of).filter(RetailerId.gt(after)).filter(SeenAt.lt(ms(since)));
    if let Some(end) = &end {
        unseen = unseen.filter(RetailerId.lte(end));
    }
    let unseen = unseen.filter(State.is_in(there)).filter(Accepted.is_not_null());
    few(unseen.order_by_asc(RetailerId).limit(at_most(limit)).all(reads).await?, limit, end)
}

/// A page of items, by SKU, in one state or in all.
pub async fn page(
    reads: &impl ConnectionTrait,
    of: Of,
    (after, state): (&str, Option<ItemState>),
    limit: u64,
) -> Result<Vec<KnownItem>, StoreError> {
    let Some(state) = state else {
        use catalog_product::Column::RetailerId;
        let page = of_catalog(of).filter(RetailerId.gt(after)).order_by_asc(RetailerId).limit(at_most(limit));
        return page.all(reads).await?.into_iter().map(rows::item).collect();
    };
    // A page of each rank, in the order of the index: else all items in that state would be sorted for every page.
    let of_rank = |rank: u8| {
        format!(
            "SELECT * FROM (SELECT * FROM catalog_product WHERE seller_id = $1 AND catalog = $2 AND state = $3 \
             AND rank = {rank} AND retailer_id > $4 ORDER BY retailer_id LIMIT $5) AS rank_{rank}"
        )
    };
    let sql = format!("{} UNION ALL {} ORDER BY retailer_id LIMIT $5", of_rank(0), of_rank(1));
    let most = i64::try_from(at_most(limit)).unwrap_or(i64::MAX);
    let values: [Value; 5] = [of.0.0.into(), of.1.0.into(), state.name().into(), after.into(), most.into()];
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    catalog_product::Model::find_by_statement(statement).all(reads).await?.into_iter().map(rows::item).collect()
}

/// How many items are in which state.
pub async fn by_state(reads: &impl ConnectionTrait, of: Of) -> Result<BTreeMap<ItemState, u64>, StoreError> {
    let states = of_catalog(of).select_only().column(catalog_product::Column::State);
    let states = states.column_as(Expr::col(catalog_product::Column::RetailerId).count(), "items");
    let found = states.group_by(catalog_product::Column::State).into_tuple::<(String, i64)>().all(reads).await?;
    let counted = |(word, count): (String, i64)| {
        Ok((rows::named("state of an item", &word, ItemState::named)?, u64::try_from(count).unwrap_or(0)))
    };
    found.into_iter().map(counted).collect()
}

/// A product that has changed.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Changed {
    /// Its SKU.
    pub retailer_id: String,
    /// The seller's counter at its last change.
    pub changed: i64,
}

/// Products that changed behind this place, in the order of their changes.
pub async fn changed(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    behind: (i64, &str),
    limit: u64,
) -> Result<Vec<Changed>, StoreError> {
    changed_in(reads, "product", seller, behind, limit).await
}

/// The same of what is not for sale any more.
pub async fn changed_over(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    behind: (i64, &str),
    limit: u64,
) -> Result<Vec<Changed>, StoreError> {
    changed_in(reads, "item_over", seller, behind, limit).await
}

async fn changed_in(
    reads: &impl ConnectionTrait,
    table: &str,
    seller: SellerId,
    (number, after): (i64, &str),
    limit: u64,
) -> Result<Vec<Changed>, StoreError> {
    let sql = format!(
        "SELECT retailer_id, changed FROM {table} WHERE seller_id = $1 AND (changed, retailer_id) > ($2, $3) \
         ORDER BY changed, retailer_id LIMIT $4"
    );
    let limit = i64::try_from(at_most(limit)).unwrap_or(i64::MAX);
    let values: [Value; 4] = [seller.0.into(), number.into(), after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, values);
    Ok(Changed::find_by_statement(statement).all(reads).await?)
}

/// What is for sale under some SKUs.
#[derive(Clone, Debug, Default)]
pub struct Living {
    /// Those that are products' own.
    pub products: HashSet<String>,
    /// Those that are items: of variants, and of products without any.
    pub items: HashSet<String>,
}

/// What is for sale under these SKUs.
pub async fn living(reads: &impl ConnectionTrait, seller: SellerId, names: &[&str]) -> Result<Living, StoreError> {
    let mut living = Living::default();
    for names in names.chunks(NAMES_AT_ONCE) {
        let these = || names.iter().copied();
        let own = product::Entity::of_seller(seller).select_only().column(product::Column::RetailerId);
        let own: Vec<String> = own.filter(product::Column::RetailerId.is_in(these())).into_tuple().all(reads).await?;
        let groups = variant::Entity::of_seller(seller).select_only().column(variant::Column::Product).distinct();
        let groups: Vec<String> =
            groups.filter(variant::Column::Product.is_in(these())).into_tuple().all(reads).await?;
        let variants = variant::Entity::of_seller(seller).select_only().column(variant::Column::RetailerId);
        let variants: Vec<String> =
            variants.filter(variant::Column::RetailerId.is_in(these())).into_tuple().all(reads).await?;
        living.items.extend(own.iter().filter(|sku| !groups.contains(sku)).cloned());
        living.items.extend(variants);
        living.products.extend(own);
    }
    Ok(living)
}

/// Runs before this one, the newest first.
pub async fn runs(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    before: Option<RunId>,
    limit: u64,
) -> Result<Vec<SyncRun>, StoreError> {
    let mut runs = sync_run::Entity::of_seller(seller);
    if let Some(before) = before {
        runs = runs.filter(sync_run::Column::Id.lt(before.0));
    }
    let runs = runs.order_by(sync_run::Column::Id, Order::Desc).limit(at_most(limit)).all(reads).await?;
    runs.into_iter().map(rows::run).collect()
}

/// One run.
pub async fn run(reads: &impl ConnectionTrait, seller: SellerId, run: RunId) -> Result<Option<SyncRun>, StoreError> {
    let one = sync_run::Entity::of_seller(seller).filter(sync_run::Column::Id.eq(run.0)).one(reads).await?;
    one.map(rows::run).transpose()
}

/// The calls of a run that are kept: its batches, and what is not over.
pub async fn calls(reads: &impl ConnectionTrait, seller: SellerId, run: RunId) -> Result<Vec<Errand>, StoreError> {
    let calls = sync_call::Entity::of_seller(seller).filter(sync_call::Column::Run.eq(run.0));
    let calls = calls.order_by_asc(sync_call::Column::Id).limit(1000).all(reads).await?;
    calls.into_iter().map(rows::errand).collect()
}
