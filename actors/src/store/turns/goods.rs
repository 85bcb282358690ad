//! What a turn changes of what is for sale, and the caps.

use chrono::{DateTime, Utc};
use entity::{item_over, modifier, product, product_details, variant};
use sea_orm::{IntoActiveModel, Value};

use crate::domain::changes::Changes;
use crate::domain::ids::SellerId;
use crate::store::StoreError;
use crate::store::pen::Writing;
use crate::store::rows::{self, json};

use super::{add, put, remove};

pub(super) async fn save(
    tx: &Writing,
    seller: SellerId,
    changes: &Changes,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // What happened to them has got a number as well, so none of an earlier turn is as great as this.
    let changed = changes.last_id;
    let Changes { products, details, products_over: over, .. } = changes;
    put::<product::Entity>(tx, products.iter().map(|product| rows::product_row(seller, product, (now, changed))))
        .await?;
    remove::<product::Entity>(tx, seller, product::Column::RetailerId, texts(over.iter())).await?;
    // Rows of all products before any is added: a variant may have gone from one to another.
    let products_then = || over.iter().chain(products.iter().map(|product| &product.retailer_id));
    remove::<variant::Entity>(tx, seller, variant::Column::Product, texts(products_then())).await?;
    let variants = products.iter().flat_map(|product| rows::variant_rows(seller, product));
    add::<variant::Entity>(tx, variants.map(IntoActiveModel::into_active_model)).await?;
    let shown_then = over.iter().chain(details.iter().map(|details| &details.product));
    remove::<product_details::Entity>(tx, seller, product_details::Column::Product, texts(shown_then)).await?;
    let shown = details.iter().flat_map(|details| rows::details_rows(seller, details));
    add::<product_details::Entity>(tx, shown.map(IntoActiveModel::into_active_model)).await?;
    put::<item_over::Entity>(tx, changes.items_over.iter().map(|over| rows::item_over_row(seller, over, changed)))
        .await?;
    put::<modifier::Entity>(tx, changes.modifiers.iter().map(|it| rows::modifier_row(seller, it))).await?;
    remove::<modifier::Entity>(tx, seller, modifier::Column::Id, texts(changes.modifiers_over.iter())).await?;
    match &changes.caps {
        Some(caps) => put_caps(tx, seller, &json(caps)).await,
        None => Ok(()),
    }
}

fn texts<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Value> {
    names.map(|name| Value::from(name.as_str())).collect()
}

async fn put_caps(tx: &Writing, seller: SellerId, caps: &str) -> Result<(), StoreError> {
    tx.execute_sql("UPDATE seller SET caps = $1 WHERE id = $2", vec![caps.into(), seller.0.into()]).await?;
    Ok(())
}
