//! Products and variants as rows.

use std::collections::HashMap;

use entity::{product as products, variant as variants};

use crate::domain::catalog::{Catalog, Product, Variant};
use crate::domain::ids::SellerId;
use crate::store::StoreError;

use super::{from_json, json, money, place};

pub(in crate::store) fn product_row(seller: SellerId, product: &Product) -> products::Model {
    products::Model {
        seller_id: seller.0,
        retailer_id: product.retailer_id.clone(),
        item_id: product.item_id.clone(),
        title: product.title.clone(),
        price_minor: product.price.minor,
        currency: product.price.currency.to_string(),
        stock: product.stock,
        keywords: json(&product.keywords),
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
        currency: variant.price.map(|price| price.currency.to_string()),
        stock: variant.stock,
        keywords: json(&variant.keywords),
    })
}

/// Puts variants, given in their products' order, to their products.
pub(in crate::store) fn catalog(
    products: Vec<products::Model>,
    variants: Vec<variants::Model>,
) -> Result<Catalog, StoreError> {
    let mut of_product: HashMap<String, Vec<Variant>> = HashMap::new();
    for mut row in variants {
        let product = std::mem::take(&mut row.product);
        of_product.entry(product).or_default().push(variant(row)?);
    }
    let products = products.into_iter().map(|row| {
        let variants = of_product.remove(&row.retailer_id).unwrap_or_default();
        product(row, variants)
    });
    Ok(Catalog { products: products.collect::<Result<_, _>>()?, modifiers: Vec::new() })
}

fn product(row: products::Model, variants: Vec<Variant>) -> Result<Product, StoreError> {
    Ok(Product {
        retailer_id: row.retailer_id,
        item_id: row.item_id,
        title: row.title,
        price: money(row.price_minor, &row.currency)?,
        stock: row.stock,
        keywords: from_json("keywords", &row.keywords)?,
        variants,
    })
}

fn variant(row: variants::Model) -> Result<Variant, StoreError> {
    let price = row.price_minor.zip(row.currency).map(|(minor, currency)| money(minor, &currency));
    Ok(Variant {
        retailer_id: row.retailer_id,
        item_id: row.item_id,
        options: from_json("options", &row.options)?,
        price: price.transpose()?,
        stock: row.stock,
        keywords: from_json("keywords", &row.keywords)?,
    })
}
