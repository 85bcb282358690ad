//! Items one by one: written in the names they are read with, and prices in hundredths.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::Ask;
use super::item::{self, Fields};
use super::state::{CatalogState, CatalogWrite, Item, text_of};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;

/// How each field is called in a batch.
const NAMES: [(&str, &str); 6] = [
    ("name", "title"),
    ("url", "link"),
    ("image_url", "image_link"),
    ("retailer_product_group_id", "item_group_id"),
    ("category", "google_product_category"),
    ("ordering_index", "internal_label"),
];
/// What is called the same in a batch.
const SAME: [&str; 17] = [
    "age_group",
    "availability",
    "brand",
    "color",
    "condition",
    "description",
    "gender",
    "gtin",
    "inventory",
    "material",
    "pattern",
    "product_type",
    "quantity_to_sell_on_facebook",
    "size",
    "visibility",
    "custom_label_0",
    "google_product_category",
];

/// A single item as it is written.
struct Written {
    fields: Fields,
    sku: Option<String>,
    may_update: bool,
}

/// `POST /{catalog}/products`
pub(super) fn create(catalog: &mut CatalogState, ask: &Ask<'_>, is_done: bool) -> Result<Value, No> {
    let Written { mut fields, sku, may_update } = read(ask, None)?;
    let sku = sku.ok_or_else(|| No::wrong(Refusal::InvalidParameter, "retailer_id is missing"))?;
    if catalog.item(&sku).is_some() && !may_update {
        return Err(Refusal::DuplicateRetailerId.into());
    }
    // Alone, an item is shown by its name where nothing describes it.
    if let (None, None, Some(name)) =
        (catalog.item(&sku), item::text(&fields, "description"), fields.get("title").cloned())
    {
        fields.insert("description".to_owned(), name);
    }
    write(catalog, &sku.into(), &fields, ask.now_ms, is_done)
}

/// `POST /{item}`
pub(super) fn update(catalog: &mut CatalogState, sku: &Arc<str>, ask: &Ask<'_>, is_done: bool) -> Result<Value, No> {
    let known = catalog.item(sku).map(Item::fields);
    let Written { fields, .. } = read(ask, known.as_ref())?;
    write(catalog, sku, &fields, ask.now_ms, is_done)?;
    Ok(json!({"success": true}))
}

/// `DELETE /{item}`
pub(super) fn remove(catalog: &mut CatalogState, sku: &Arc<str>, now_ms: i64, is_done: bool) -> Value {
    if is_done {
        catalog.remove(sku);
        catalog.writes.push(CatalogWrite { sku: sku.clone(), content: None, at: now_ms, batch: None, refused: None });
    }
    json!({"success": true})
}

fn write(catalog: &mut CatalogState, sku: &Arc<str>, fields: &Fields, now_ms: i64, is_done: bool) -> Result<Value, No> {
    if !is_done {
        return Ok(Value::Null);
    }
    let content: Arc<str> = text_of(fields).into();
    let (content, problems) = match catalog.put(sku, &content, true, now_ms) {
        Ok(content) => (content, None),
        Err(problems) => (content, Some(problems.join("; "))),
    };
    let refused = problems.clone();
    catalog.writes.push(CatalogWrite { sku: sku.clone(), content: Some(content), at: now_ms, batch: None, refused });
    match problems {
        // The item's fault and not the call's.
        Some(problems) => Err(No { detail: Some(problems), ..No::from(Refusal::InvalidParameter) }),
        None => {
            let id = catalog.item(sku).map(|item| item.id.to_string());
            Ok(json!({ "id": id.unwrap_or_default() }))
        }
    }
}

fn read(ask: &Ask<'_>, known: Option<&Fields>) -> Result<Written, No> {
    let wrong = |why: String| No::wrong(Refusal::InvalidParameter, why);
    let members = members(ask).map_err(|error| wrong(error.to_string()))?;
    let known_currency = known.and_then(|known| Some(item::price(item::text(known, "price")?)?.1.to_owned()));
    let currency = members.get("currency").and_then(Value::as_str).map(str::to_owned).or(known_currency);
    let mut written = Written { fields: Map::new(), sku: None, may_update: true };
    for (name, value) in members {
        match name.as_str() {
            "retailer_id" => written.sku = value.as_str().filter(|sku| !sku.is_empty()).map(str::to_owned),
            "allow_upsert" => written.may_update = value.as_bool() != Some(false) && value.as_str() != Some("false"),
            "currency" | "access_token" => {}
            "price" | "sale_price" => {
                let hundredths = value.as_i64().or_else(|| value.as_str()?.parse().ok());
                let hundredths = hundredths.ok_or_else(|| wrong(format!("{name} is a number of hundredths")))?;
                // What costs nothing on sale is not on sale.
                if name == "sale_price" && hundredths == 0 {
                    written.fields.insert(name, "".into());
                    continue;
                }
                let currency = currency.as_ref().ok_or_else(|| wrong("in which currency?".to_owned()))?;
                let price = format!("{}.{:02} {currency}", hundredths / 100, hundredths % 100);
                written.fields.insert(name, price.into());
            }
            "additional_image_urls" => {
                let is_list = value.as_array().is_some_and(|urls| urls.iter().all(Value::is_string));
                if !is_list {
                    return Err(wrong(format!("{name} is a list")));
                }
                written.fields.insert("additional_image_link".to_owned(), value);
            }
            "additional_variant_attributes" => {
                let pairs = value.as_object().ok_or_else(|| wrong(format!("{name} are names with values")))?;
                let pair = |(name, value): (&String, &Value)| Some(format!("{name}:{}", value.as_str()?));
                let joined = pairs.iter().filter_map(pair).collect::<Vec<_>>().join(",");
                written.fields.insert("additional_variant_attribute".to_owned(), joined.into());
            }
            name => {
                let renamed = NAMES.iter().find(|(own, _)| *own == name).map(|(_, batch)| *batch);
                let renamed = renamed.or_else(|| SAME.iter().find(|same| **same == name).copied());
                let renamed = renamed.ok_or_else(|| wrong(format!("there is no field {name}")))?;
                written.fields.insert(renamed.to_owned(), value);
            }
        }
    }
    Ok(written)
}

/// The members of a body, be it JSON or a form; in a form lists are written as JSON.
fn members(ask: &Ask<'_>) -> serde_json::Result<BTreeMap<String, Value>> {
    if !ask.is_form {
        return serde_json::from_slice(ask.body);
    }
    let pairs = form_urlencoded::parse(ask.body).map(|(name, value)| {
        let list = value.starts_with('[').then(|| serde_json::from_str(&value).ok()).flatten();
        (name.into_owned(), list.unwrap_or_else(|| value.into_owned().into()))
    });
    Ok(pairs.collect())
}
