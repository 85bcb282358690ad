//! Products, variants, what is shown of them, and modifiers as rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{item_over, modifier as modifiers, product as products, product_details, variant as variants};

use crate::domain::catalog::{Availability, Condition, Details, Modifier, Product, Variant};
use crate::domain::changes::{DetailsOf, ItemOver};
use crate::domain::ids::SellerId;
use crate::domain::money::Money;
use crate::store::StoreError;

use super::{from_json, json, money, ms, named, place, time};

pub(in crate::store) fn product_row(
    seller: SellerId,
    product: &Product,
    (now, changed): (DateTime<Utc>, i64),
) -> products::Model {
    products::Model {
        seller_id: seller.0,
        retailer_id: product.retailer_id.clone(),
        item_id: product.item_id.clone(),
        title: product.title.clone(),
        price_minor: product.price.minor,
        currency: product.price.currency.to_string(),
        stock: product.stock,
        keywords: json(&product.keywords),
        sale_minor: product.sale_price.map(|price| price.minor),
        availability: product.availability.map(|known| known.name().to_owned()),
        hidden: product.hidden,
        version: product.version,
        updated_at: ms(now),
        changed,
    }
}

pub(in crate::store) fn variant_rows(
    seller: SellerId,
    product: &Product,
) -> impl Iterator<Item = variants::Model> + '_ {
    product.variants.iter().enumerate().map(move |(index, variant)| variants::Model {
        seller_id: seller.0,
        retailer_id: variant.retailer_id.clone(),
        item_id: variant.item_id.clone(),
        product: product.retailer_id.clone(),
        n: place(index),
        options: json(&variant.options),
        price_minor: variant.price.map(|price| price.minor),
        currency: variant.price.or(variant.sale_price).map(|price| price.currency.to_string()),
        stock: variant.stock,
        keywords: json(&variant.keywords),
        sale_minor: variant.sale_price.map(|price| price.minor),
        availability: variant.availability.map(|known| known.name().to_owned()),
    })
}

/// A row for the product and for each variant of which something is shown.
pub(in crate::store) fn details_rows(
    seller: SellerId,
    of: &DetailsOf,
) -> impl Iterator<Item = product_details::Model> + '_ {
    let own = of.own.iter().map(|details| ("", details));
    let all = own.chain(of.variants.iter().map(|(sku, details)| (sku.as_str(), details)));
    all.map(move |(variant, details)| product_details::Model {
        seller_id: seller.0,
        product: of.product.clone(),
        variant: variant.to_owned(),
        description: details.description.clone(),
        link: details.link.clone(),
        images: json(&details.images),
        brand: details.brand.clone(),
        condition: details.condition.map(|condition| condition.name().to_owned()),
        category: details.category.clone(),
        product_type: details.product_type.clone(),
    })
}

pub(in crate::store) fn item_over_row(seller: SellerId, over: &ItemOver, changed: i64) -> item_over::Model {
    item_over::Model {
        seller_id: seller.0,
        retailer_id: over.retailer_id.clone(),
        item_id: over.item_id.clone(),
        over_at: ms(over.at),
        changed,
    }
}

pub(in crate::store) fn item_over(row: item_over::Model) -> Result<ItemOver, StoreError> {
    Ok(ItemOver { retailer_id: row.retailer_id, item_id: row.item_id, at: time(row.over_at)? })
}

pub(in crate::store) fn modifier_row(seller: SellerId, modifier: &Modifier) -> modifiers::Model {
    modifiers::Model {
        seller_id: seller.0,
        id: modifier.id.clone(),
        title: modifier.title.clone(),
        price_minor: modifier.price.map(|price| price.minor),
        currency: modifier.price.map(|price| price.currency.to_string()),
        keywords: json(&modifier.keywords),
    }
}

pub(in crate::store) fn modifier(row: modifiers::Model) -> Result<Modifier, StoreError> {
    Ok(Modifier {
        id: row.id,
        title: row.title,
        price: maybe_money(row.price_minor, row.currency.as_deref())?,
        keywords: from_json("keywords", &row.keywords)?,
    })
}

/// Puts variants, given in their products' order, and what is shown to their products.
pub(in crate::store) fn goods(
    products: Vec<products::Model>,
    variants: Vec<variants::Model>,
    details: Vec<product_details::Model>,
) -> Result<Vec<Product>, StoreError> {
    let mut shown: HashMap<(String, String), Box<Details>> = HashMap::with_capacity(details.len());
    for mut row in details {
        let of = (std::mem::take(&mut row.product), std::mem::take(&mut row.variant));
        shown.extend(details_of(row)?.kept().map(|details| (of, details)));
    }
    let mut of_product: HashMap<String, Vec<Variant>> = HashMap::with_capacity(products.len());
    for mut row in variants {
        let product = std::mem::take(&mut row.product);
        let mut variant = variant(row)?;
        variant.details = match shown.is_empty() {
            true => None,
            false => shown.remove(&(product.clone(), variant.retailer_id.clone())),
        };
        of_product.entry(product).or_default().push(variant);
    }
    let product = |row: products::Model| {
        let variants = of_product.remove(&row.retailer_id).unwrap_or_default();
        let own = (row.retailer_id.clone(), String::new());
        Ok(Product { details: shown.remove(&own), ..product(row, variants)? })
    };
    products.into_iter().map(product).collect()
}

fn product(row: products::Model, mut variants: Vec<Variant>) -> Result<Product, StoreError> {
    variants.shrink_to_fit();
    Ok(Product {
        retailer_id: row.retailer_id,
        item_id: row.item_id,
        title: row.title,
        price: money(row.price_minor, &row.currency)?,
        sale_price: maybe_money(row.sale_minor, Some(&row.currency))?,
        stock: row.stock,
        availability: row.availability.map(|word| named("availability", &word, Availability::named)).transpose()?,
        hidden: row.hidden,
        keywords: from_json("keywords", &row.keywords)?,
        variants,
        details: None,
        version: row.version,
    })
}

fn variant(row: variants::Model) -> Result<Variant, StoreError> {
    let currency = row.currency.as_deref();
    Ok(Variant {
        retailer_id: row.retailer_id,
        item_id: row.item_id,
        options: from_json("options", &row.options)?,
        price: maybe_money(row.price_minor, currency)?,
        sale_price: maybe_money(row.sale_minor, currency)?,
        stock: row.stock,
        availability: row.availability.map(|word| named("availability", &word, Availability::named)).transpose()?,
        keywords: from_json("keywords", &row.keywords)?,
        details: None,
    })
}

fn details_of(row: product_details::Model) -> Result<Details, StoreError> {
    Ok(Details {
        description: row.description,
        link: row.link,
        images: from_json("images", &row.images)?,
        brand: row.brand,
        condition: row.condition.map(|word| named("condition", &word, Condition::named)).transpose()?,
        category: row.category,
        product_type: row.product_type,
    })
}

fn maybe_money(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, StoreError> {
    minor.zip(currency).map(|(minor, currency)| money(minor, currency)).transpose()
}
