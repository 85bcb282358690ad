//! Makes the items of a product as Meta wants them, or says what they lack: what Meta would refuse is not sent.

use crate::domain::catalog::{Availability, Condition, Details, Product, Variant};
use crate::domain::money::Money;
use crate::domain::print::Print;

use super::item::CatalogItem;
use super::known::Prints;
use super::run::Refusal;

/// A longer title is cut: Meta's own pages do not agree on how long it may be.
const TITLE_CHARS: usize = 100;
/// Shorter words in capitals are names, such as `USB-C`.
const SHOUTED_LETTERS: usize = 12;
/// Options that have a field of their own at Meta. All others are written together, parted by commas and colons.
const OWN_FIELDS: [&str; 8] = ["size", "color", "colour", "pattern", "material", "gender", "age group", "age_group"];

/// What items are made with where products do not say it.
#[derive(Clone, Debug, PartialEq)]
pub struct Making {
    /// Who makes them.
    pub brand: String,
    /// In what condition they are.
    pub condition: Condition,
}

/// An item of a product, or what it lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Built {
    /// Its SKU.
    pub retailer_id: String,
    /// The item.
    pub item: Result<CatalogItem, Refusal>,
}

/// The items of a product: one for each variant, or one for itself. `taken` says which SKUs are products' own.
pub fn items(product: &Product, making: &Making, taken: &dyn Fn(&str) -> bool) -> Vec<Built> {
    if product.variants.is_empty() {
        return vec![built(product, None, making, taken)];
    }
    product.variants.iter().map(|variant| built(product, Some(variant), making, taken)).collect()
}

/// The item of a product that has this SKU; none: it has none.
pub fn item(product: &Product, retailer_id: &str, making: &Making, taken: &dyn Fn(&str) -> bool) -> Option<Built> {
    match product.variant(retailer_id) {
        Some(variant) => Some(built(product, Some(variant), making, taken)),
        None if product.variants.is_empty() && product.retailer_id == retailer_id => {
            Some(built(product, None, making, taken))
        }
        None => None,
    }
}

fn built(product: &Product, variant: Option<&Variant>, making: &Making, taken: &dyn Fn(&str) -> bool) -> Built {
    let retailer_id = variant.map_or(&product.retailer_id, |variant| &variant.retailer_id).clone();
    let item = made(product, variant, making).and_then(|item| match variant.is_some() && taken(&retailer_id) {
        true => Err(Lack("RETAILER_ID_USED_BY_GROUP", "retailer_id", "is the name of a product as well: rename one")),
        false => Ok(item),
    });
    let refusal = |lack: Lack| lack.of(&retailer_id);
    Built { item: item.map_err(refusal), retailer_id }
}

/// What an item lacks: a code, a field, and what it must be.
struct Lack(&'static str, &'static str, &'static str);

impl Lack {
    fn of(self, retailer_id: &str) -> Refusal {
        let Self(code, field, must) = self;
        let (retailer_id, code, field) = (retailer_id.to_owned(), code.to_owned(), field.to_owned());
        Refusal { retailer_id, code, detail: format!("{field} {must}"), field }
    }
}

fn made(product: &Product, variant: Option<&Variant>, making: &Making) -> Result<CatalogItem, Lack> {
    let (own, common) = (variant.and_then(|variant| variant.details.as_deref()), product.details.as_deref());
    let shown = |of: fn(&Details) -> Option<&String>| own.and_then(of).or_else(|| common.and_then(of)).cloned();
    let images = own.map(|own| &own.images).filter(|images| !images.is_empty());
    let images = images.or_else(|| common.map(|common| &common.images)).cloned().unwrap_or_default();
    let condition = own.and_then(|own| own.condition).or_else(|| common.and_then(|common| common.condition));
    let availability = product.availability_of(variant);
    let item = CatalogItem {
        retailer_id: variant.map_or(&product.retailer_id, |variant| &variant.retailer_id).clone(),
        title: product.title.trim().chars().take(TITLE_CHARS).collect(),
        description: shown(|details| details.description.as_ref()).unwrap_or_default(),
        availability,
        condition: condition.unwrap_or(making.condition),
        price: variant.and_then(|variant| variant.price).unwrap_or(product.price),
        sale_price: sale_price(product, variant),
        link: shown(|details| details.link.as_ref()).unwrap_or_default(),
        images,
        brand: shown(|details| details.brand.as_ref()).unwrap_or_else(|| making.brand.clone()),
        quantity: quantity(product, variant, availability),
        group: variant.map(|_| product.retailer_id.clone()),
        options: variant.map(|variant| variant.options.clone()).unwrap_or_default(),
        category: shown(|details| details.category.as_ref()),
        product_type: shown(|details| details.product_type.as_ref()),
    };
    check(&item)?;
    Ok(item)
}

/// What a variant says of its price goes before what the product says.
fn sale_price(product: &Product, variant: Option<&Variant>) -> Option<Money> {
    match variant {
        Some(variant) if variant.sale_price.is_some() || variant.price.is_some() => variant.sale_price,
        _ => product.sale_price,
    }
}

fn quantity(product: &Product, variant: Option<&Variant>, availability: Availability) -> Option<i64> {
    let stock = variant.map_or(product.stock, |variant| variant.stock);
    stock.filter(|_| availability == Availability::InStock).map(|left| left.max(0))
}

fn check(item: &CatalogItem) -> Result<(), Lack> {
    if item.title.is_empty() {
        return Err(Lack("EMPTY_TITLE", "title", "is missing: say what it is called"));
    }
    if item.description.trim().is_empty() {
        return Err(Lack("EMPTY_DESCRIPTION", "description", "is missing: say in a sentence what it is"));
    }
    if item.brand.trim().is_empty() {
        return Err(Lack("EMPTY_BRAND", "brand", "is missing: say who makes it, here or for the whole catalog"));
    }
    for (field, text) in [("title", &item.title), ("description", &item.description)] {
        if has_html(text) {
            return Err(Lack("PROPERTY_VALUE_CONTAINS_HTML_TAGS", field, "must be plain text, without HTML"));
        }
        if is_shouted(text) {
            return Err(Lack("PROPERTY_VALUE_UPPERCASE", field, "must not be all in capitals"));
        }
    }
    check_price(item)?;
    check_links(item)?;
    let is_odd = |text: &String| text.contains([',', ':']);
    let is_parted = |name: &String| !OWN_FIELDS.contains(&name.to_lowercase().as_str());
    let has_odd = item.options.iter().any(|(name, value)| is_parted(name) && (is_odd(name) || is_odd(value)));
    match has_odd {
        true => Err(Lack("VARIANT_ATTRIBUTE_ISSUE", "options", "must have no commas and colons, in names and values")),
        false => Ok(()),
    }
}

fn check_price(item: &CatalogItem) -> Result<(), Lack> {
    if item.price.minor <= 0 {
        return Err(Lack("ITEM_PRICE_NOT_POSITIVE", "price", "must be above 0"));
    }
    match item.sale_price {
        Some(sale) if sale.minor <= 0 || sale.minor >= item.price.minor => {
            Err(Lack("INVALID_SALE_PRICE", "sale_price", "must be above 0 and below the price"))
        }
        Some(sale) if sale.currency != item.price.currency => {
            Err(Lack("PRODUCT_DOMINANT_CURRENCY_MISMATCH", "sale_price", "must be in the currency of the price"))
        }
        _ => Ok(()),
    }
}

fn check_links(item: &CatalogItem) -> Result<(), Lack> {
    if item.link.is_empty() {
        return Err(Lack("EMPTY_PRODUCT_URL", "link", "is missing: give the product's page on the web"));
    }
    let Some(rest) = item.link.strip_prefix("https://") else {
        return Err(Lack("INVALID_PRODUCT_URL", "link", "must begin with https://"));
    };
    let path = rest.split_once(['/', '?', '#']).map_or("", |(_, path)| path);
    if path.is_empty() {
        return Err(Lack(
            "PRODUCT_URL_EQUALS_DOMAIN",
            "link",
            "must lead to the product, not to the shop's front page",
        ));
    }
    if item.images.is_empty() {
        return Err(Lack("EMPTY_IMAGE_URL", "images", "are missing: give the address of one picture at least"));
    }
    match item.images.iter().all(|image| image.starts_with("https://") || image.starts_with("http://")) {
        true => Ok(()),
        false => {
            Err(Lack("IMAGE_FETCH_FAILED_LINK_BROKEN", "images", "must be full addresses, with http:// or https://"))
        }
    }
}

/// `<b>`, `</p>`, `<br/>`: a smaller-than sign before a number is none.
fn has_html(text: &str) -> bool {
    text.match_indices('<').any(|(place, _)| {
        let rest = &text[place + 1..];
        rest.starts_with(|char: char| char.is_ascii_alphabetic() || char == '/' || char == '!') && rest.contains('>')
    })
}

fn is_shouted(text: &str) -> bool {
    let letters = || text.chars().filter(|char| char.is_alphabetic());
    letters().count() >= SHOUTED_LETTERS && letters().all(char::is_uppercase)
}

/// Prints of an item, the same in every version of the program for as long as items have the same fields.
pub fn prints(item: &CatalogItem) -> Prints {
    let mut whole = Print::default();
    let texts = [&item.retailer_id, &item.title, &item.description, &item.link, &item.brand];
    texts.into_iter().for_each(|text| whole.add(text));
    whole.add(item.condition.name());
    whole.add(&format!("{} images", item.images.len()));
    item.images.iter().for_each(|image| whole.add(image));
    for (name, value) in &item.options {
        whole.add(name);
        whole.add(value);
    }
    for (name, text) in [("group", &item.group), ("category", &item.category), ("type", &item.product_type)] {
        whole.add(name);
        whole.add(text.as_deref().unwrap_or_default());
    }
    let mut offer = Print::default();
    let sale = item.sale_price.map(|sale| sale.to_string()).unwrap_or_default();
    for text in [item.price.to_string(), sale, item.availability.name().to_owned()] {
        offer.add(&text);
        whole.add(&text);
    }
    let quantity = item.quantity.map(|left| left.to_string()).unwrap_or_default();
    whole.add(&quantity);
    Prints { whole: whole.stored(), offer: offer.stored() }
}

#[cfg(test)]
mod tests;
