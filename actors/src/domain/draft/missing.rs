//! What a draft still needs before it can be confirmed: options, stock, contact details; and stock as it comes and goes.

use super::OrderLine;
use super::lines::candidates;
use crate::domain::catalog::{Catalog, Product, Variant};
use crate::domain::reading::Contact;
use crate::domain::seller::Required;

/// What is still needed before an order can be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// An option of a product, with the values there are.
    Option {
        /// The product's SKU.
        product: String,
        /// The product's title.
        title: String,
        /// The options said so far.
        with: Vec<(String, String)>,
        /// The option's name.
        name: String,
        /// Its values.
        choices: Vec<String>,
    },
    /// More is wanted than there is.
    Stock {
        /// The line's label.
        label: String,
        /// How many are left.
        left: i64,
    },
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A postal address.
    Address,
}

impl Missing {
    /// A short text that is equal for equal needs, to see whether the same was asked before. What can be chosen is part
    /// of it: a number that answers for a line of one list means nothing in another.
    pub fn fingerprint(missing: &[Missing]) -> String {
        let word = |need: &Missing| match need {
            Missing::Option { title, name, choices, .. } => format!("option {title} {name}: {}", choices.join(", ")),
            Missing::Stock { label, left } => format!("stock {label} {left}"),
            Missing::Phone => "phone".to_owned(),
            Missing::Email => "email".to_owned(),
            Missing::Address => "address".to_owned(),
        };
        missing.iter().map(word).collect::<Vec<_>>().join("; ")
    }
}

/// What these lines still need, in the order it is asked for.
pub fn missing(lines: &[OrderLine], catalog: &Catalog, known: &Contact, required: Required) -> Vec<Missing> {
    let mut missing: Vec<Missing> = lines.iter().filter_map(|line| missing_option(line, catalog)).collect();
    missing.extend(short_of_stock(lines, catalog));
    let details = [
        (required.phone && known.phone.is_none(), Missing::Phone),
        (required.email && known.email.is_none(), Missing::Email),
        (required.address && known.address.is_none(), Missing::Address),
    ];
    missing.extend(details.into_iter().filter(|(lacks, _)| *lacks).map(|(_, need)| need));
    missing
}

/// True when a line leaves nothing open that could be asked for.
pub fn is_complete(line: &OrderLine, catalog: &Catalog) -> bool {
    missing_option(line, catalog).is_none()
}

fn missing_option(line: &OrderLine, catalog: &Catalog) -> Option<Missing> {
    let product = catalog.product(&line.product)?;
    if product.variants.is_empty() || line.variant.is_some() {
        return None;
    }
    let mut left = candidates(line, product);
    if left.is_empty() {
        left = product.variants.iter().collect();
    }
    let names = left.iter().flat_map(|variant| &variant.options).map(|(name, _)| name);
    let name = names.into_iter().find(|name| distinct(&left, name).len() > 1)?.clone();
    let choices = distinct(&left, &name);
    let (product, title, with) = (line.product.clone(), line.title.clone(), line.options.clone());
    Some(Missing::Option { product, title, with, name, choices })
}

fn distinct(variants: &[&Variant], name: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for (_, value) in variants.iter().flat_map(|variant| &variant.options).filter(|(known, _)| known == name) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    values
}

/// Of what these lines want more than there is, as far as that can be known.
pub fn short_of_stock(lines: &[OrderLine], catalog: &Catalog) -> Vec<Missing> {
    let mut short: Vec<Missing> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let same = |other: &&OrderLine| other.product == line.product && other.variant == line.variant;
        let seen_before = lines[..place].iter().any(|other| same(&other));
        let wanted: i64 = lines.iter().filter(same).map(|line| i64::from(line.quantity)).sum();
        if let Some(left) = left_of(line, catalog)
            && wanted > left
            && !seen_before
        {
            short.push(Missing::Stock { label: line.label(), left: left.max(0) });
        }
    }
    short
}

/// How many of it can be had; none: any number, or nobody knows of what yet.
fn left_of(line: &OrderLine, catalog: &Catalog) -> Option<i64> {
    let product = catalog.product(&line.product)?;
    match line.variant.as_deref().and_then(|id| product.variant(id)) {
        Some(variant) => product.left(Some(variant)),
        None if product.variants.is_empty() => product.left(None),
        None => None,
    }
}

fn stock_of(line: &OrderLine, catalog: &Catalog) -> Option<i64> {
    let product = catalog.product(&line.product)?;
    match line.variant.as_deref().and_then(|id| product.variant(id)) {
        Some(variant) => variant.stock,
        None if product.variants.is_empty() => product.stock,
        None => None,
    }
}

/// Takes what these lines want from stock, where it is counted. The products as they are then.
pub fn take_stock(lines: &mut [OrderLine], catalog: &Catalog) -> Vec<Product> {
    let mut changed = Vec::new();
    for line in lines {
        line.stock_taken = add_to_stock(&mut changed, catalog, line, -i64::from(line.quantity));
    }
    changed
}

/// Gives back what these lines have taken. What is not counted any more, or not sold, has no stock to give it to.
pub fn give_back_stock(lines: &mut [OrderLine], catalog: &Catalog) -> Vec<Product> {
    let mut changed = Vec::new();
    for line in lines.iter_mut().filter(|line| line.stock_taken) {
        add_to_stock(&mut changed, catalog, line, i64::from(line.quantity));
        line.stock_taken = false;
    }
    changed
}

/// False when there is no stock that is counted.
fn add_to_stock(changed: &mut Vec<Product>, catalog: &Catalog, line: &OrderLine, count: i64) -> bool {
    if stock_of(line, catalog).is_none() {
        return false;
    }
    if !changed.iter().any(|product| product.retailer_id == line.product) {
        changed.extend(catalog.product(&line.product).map(restocked));
    }
    let product = changed.iter_mut().find(|product| product.retailer_id == line.product);
    let stock = product.and_then(|product| match &line.variant {
        Some(id) => product.variants.iter_mut().find(|variant| variant.retailer_id == *id)?.stock.as_mut(),
        None => product.stock.as_mut(),
    });
    let Some(stock) = stock else { return false };
    *stock = stock.saturating_add(count);
    true
}

/// What is sold or given back is a change of the product, like any other.
fn restocked(product: &Product) -> Product {
    Product { version: product.version + 1, ..product.clone() }
}
