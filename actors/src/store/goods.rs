//! What a seller has for sale, read a page at a time: no reading lasts longer than its page.

use std::collections::HashMap;

use entity::{item_over, modifier, product, product_details, variant};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use crate::domain::catalog::{Catalog, Modifier, Product};
use crate::domain::changes::ItemOver;
use crate::domain::ids::SellerId;

use super::rows::{self, OfSeller};
use super::{StoreError, at_most};

/// Products of one page of a load.
const LOAD_PAGE: u64 = 2000;

/// Whether what is shown of products is wanted with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// All there is.
    Details,
    /// What decisions depend on.
    Bare,
}

/// Products after this SKU, in the database's own order of SKUs. None is empty, so all come after that.
pub async fn page(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    after: &str,
    limit: u64,
    with: With,
) -> Result<Vec<Product>, StoreError> {
    let page = product::Entity::of_seller(seller).filter(product::Column::RetailerId.gt(after));
    let products = page.order_by_asc(product::Column::RetailerId).limit(at_most(limit)).all(reads).await?;
    let (Some(first), Some(last)) = (products.first(), products.last()) else { return Ok(Vec::new()) };
    // A page has every product between its ends.
    let (first, last) = (first.retailer_id.as_str(), last.retailer_id.as_str());
    let variants = variant::Entity::of_seller(seller).filter(variant::Column::Product.between(first, last));
    let variants = in_order(variants).all(reads).await?;
    let details = match with {
        With::Details => {
            let between = product_details::Column::Product.between(first, last);
            product_details::Entity::of_seller(seller).filter(between).all(reads).await?
        }
        With::Bare => Vec::new(),
    };
    rows::goods(products, variants, details)
}

/// The SKUs of products after this one, in the same order.
pub async fn skus(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let page = product::Entity::of_seller(seller).select_only().column(product::Column::RetailerId);
    let page = page.filter(product::Column::RetailerId.gt(after));
    let page = page.order_by_asc(product::Column::RetailerId).limit(at_most(limit));
    Ok(page.into_tuple::<String>().all(reads).await?)
}

/// The products with these SKUs, by SKU. Not more than a few hundred at a time.
pub async fn with_skus(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    skus: &[&str],
) -> Result<HashMap<String, Product>, StoreError> {
    let these = |column: product::Column| column.is_in(skus.iter().copied());
    let products = product::Entity::of_seller(seller).filter(these(product::Column::RetailerId)).all(reads).await?;
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let of_these = variant::Column::Product.is_in(skus.iter().copied());
    let variants = in_order(variant::Entity::of_seller(seller).filter(of_these)).all(reads).await?;
    let of_these = product_details::Column::Product.is_in(skus.iter().copied());
    let details = product_details::Entity::of_seller(seller).filter(of_these).all(reads).await?;
    let goods = rows::goods(products, variants, details)?;
    Ok(goods.into_iter().map(|product| (product.retailer_id.clone(), product)).collect())
}

/// One product with all that is shown of it.
pub async fn product(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    retailer_id: &str,
) -> Result<Option<Product>, StoreError> {
    Ok(with_skus(reads, seller, &[retailer_id]).await?.remove(retailer_id))
}

fn in_order(variants: sea_orm::Select<variant::Entity>) -> sea_orm::Select<variant::Entity> {
    variants.order_by_asc(variant::Column::Product).order_by_asc(variant::Column::N)
}

/// Which products names belong to: variants by SKU, and items by Meta's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// By the SKU of a variant.
    pub variants: HashMap<String, String>,
    /// By Meta's id of a product or a variant.
    pub items: HashMap<String, String>,
}

/// Whose these names are. Not more than a few thousand at a time.
pub async fn owners(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    variants: &[&str],
    items: &[&str],
) -> Result<Owners, StoreError> {
    use variant::Column::{ItemId, Product, RetailerId};
    let mut owners = Owners::default();
    if !variants.is_empty() {
        let known = variant::Entity::of_seller(seller).select_only().columns([RetailerId, Product]);
        let known = known.filter(RetailerId.is_in(variants.iter().copied())).into_tuple::<(String, String)>();
        owners.variants = known.all(reads).await?.into_iter().collect();
    }
    if !items.is_empty() {
        let known = variant::Entity::of_seller(seller).select_only().columns([ItemId, Product]);
        let known = known.filter(ItemId.is_in(items.iter().copied())).into_tuple::<(String, String)>();
        owners.items = known.all(reads).await?.into_iter().collect();
        let known = product::Entity::of_seller(seller).select_only();
        let known = known.columns([product::Column::ItemId, product::Column::RetailerId]);
        let these = product::Column::ItemId.is_in(items.iter().copied());
        owners.items.extend(known.filter(these).into_tuple::<(String, String)>().all(reads).await?);
    }
    Ok(owners)
}

/// All modifiers: there are few.
pub async fn modifiers(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<Modifier>, StoreError> {
    let rows = modifier::Entity::of_seller(seller).order_by_asc(modifier::Column::Id).all(reads).await?;
    rows.into_iter().map(rows::modifier).collect()
}

/// All that a seller's actor decides with.
pub(super) async fn catalog(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Catalog, StoreError> {
    let mut catalog = Catalog::new([], modifiers(reads, seller).await?);
    let mut after = String::new();
    loop {
        let products = page(reads, seller, &after, LOAD_PAGE, With::Bare).await?;
        let Some(last) = products.last() else { return Ok(catalog) };
        after.clone_from(&last.retailer_id);
        let is_last = (products.len() as u64) < LOAD_PAGE;
        products.into_iter().for_each(|product| catalog.put(product));
        if is_last {
            return Ok(catalog);
        }
    }
}

/// Products and variants that were for sale and are not, after this SKU: what a catalog at Meta may still have.
pub async fn over(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    after: &str,
    limit: u64,
) -> Result<Vec<ItemOver>, StoreError> {
    let sql = "SELECT seller_id, retailer_id, item_id, over_at, changed FROM item_over AS o \
               WHERE seller_id = $1 AND retailer_id > $2 \
               AND NOT EXISTS (SELECT 1 FROM product AS p WHERE p.seller_id = $1 AND p.retailer_id = o.retailer_id) \
               AND NOT EXISTS (SELECT 1 FROM variant AS v WHERE v.seller_id = $1 AND v.retailer_id = o.retailer_id) \
               ORDER BY retailer_id LIMIT $3";
    let limit = i64::try_from(at_most(limit)).unwrap_or(i64::MAX);
    let values = [seller.0.into(), after.into(), limit.into()];
    let statement = Statement::from_sql_and_values(backend(reads), sql, values);
    let rows = item_over::Model::find_by_statement(statement).all(reads).await?;
    rows.into_iter().map(rows::item_over).collect()
}

fn backend(reads: &impl ConnectionTrait) -> DbBackend {
    reads.get_database_backend()
}
