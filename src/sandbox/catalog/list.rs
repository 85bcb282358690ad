//! Reads: a catalog, one item, all items in pages and by filter.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::Ask;
use super::filter::Filter;
use super::state::CatalogState;
use crate::sandbox::fields::{self, Field};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;

const USUAL_PAGE: usize = 25;
const ERROR_PRIORITIES: [&str; 3] = ["HIGH", "MEDIUM", "LOW"];

/// What a list is asked for.
#[derive(Default)]
struct Wanted {
    fields: Option<Vec<Field>>,
    filter: Option<Filter>,
    limit: Option<usize>,
    after: u64,
    with_total: bool,
    approved_only: bool,
    error_type: Option<String>,
}

impl Wanted {
    fn of(query: &[(String, String)]) -> Result<Self, No> {
        let mut wanted = Self::default();
        for (name, value) in query {
            let wrong = || No::wrong(Refusal::InvalidParameter, format!("cannot use {name}={value}"));
            match name.as_str() {
                "fields" => wanted.fields = Some(fields::parse(value).ok_or_else(wrong)?),
                "filter" => wanted.filter = Some(Filter::of(value)?),
                "limit" => wanted.limit = Some(value.parse().map_err(|_| wrong())?),
                "after" => wanted.after = read_cursor(value).ok_or_else(wrong)?,
                "summary" => wanted.with_total = value == "true",
                "return_only_approved_products" => wanted.approved_only = value == "true",
                "error_type" => wanted.error_type = Some(value.clone()),
                // All errors that are made up here are of the same weight.
                "error_priority" if ERROR_PRIORITIES.contains(&value.as_str()) => {
                    if value != "HIGH" {
                        wanted.error_type = Some("NONE_OF_THIS_PRIORITY".to_owned());
                    }
                }
                "access_token" | "appsecret_proof" | "bulk_pagination" => {}
                _ => return Err(wrong()),
            }
        }
        Ok(wanted)
    }

    /// One item, if it is wanted and there.
    fn see(&self, catalog: &CatalogState, sku: &str, now_ms: i64) -> Result<Option<Value>, No> {
        let seen = catalog.look(sku, now_ms, |item| {
            if let Some(filter) = &self.filter
                && !filter.fits(item)?
            {
                return Ok(None);
            }
            if self.approved_only && item.field("review_status")? != "approved" {
                return Ok(None);
            }
            if let Some(wanted) = &self.error_type {
                let errors = item.field("errors")?;
                let has = |errors: &Vec<Value>| errors.iter().any(|error| error["error_type"] == wanted.as_str());
                if !errors.as_array().is_some_and(has) {
                    return Ok(None);
                }
            }
            item.with(self.fields.as_deref()).map(Some)
        });
        seen.unwrap_or(Ok(None))
    }
}

/// `GET /{catalog}/products`
pub(super) fn items(catalog: &CatalogState, ask: &Ask<'_>) -> Result<Value, No> {
    let wanted = Wanted::of(ask.query)?;
    let limit = wanted.limit.unwrap_or(USUAL_PAGE);
    if limit > catalog.rules.most_per_page {
        return Err(Refusal::ReduceData.into());
    }
    let mut data = Vec::new();
    let (mut first, mut last, mut has_more) = (None, wanted.after, false);
    for sku in candidates(catalog, &wanted) {
        let Some(item) = wanted.see(catalog, &sku, ask.now_ms)? else { continue };
        if data.len() == limit {
            has_more = true;
            break;
        }
        last = catalog.item(&sku).map_or(last, |item| item.id);
        first.get_or_insert(last);
        data.push(item);
    }
    let mut answer = json!({ "data": data });
    if let Some(first) = first {
        let after = cursor(last);
        answer["paging"] = json!({"cursors": {"before": cursor(first), "after": after}});
        if has_more {
            let next = format!("https://graph.facebook.com/v26.0/{}/products?after={after}", catalog.id);
            answer["paging"]["next"] = next.into();
        }
    }
    if wanted.with_total {
        answer["summary"] = json!({ "total_count": catalog.len() });
    }
    Ok(answer)
}

/// The SKUs to look at, in the order of their items' numbers.
fn candidates<'a>(catalog: &'a CatalogState, wanted: &Wanted) -> Box<dyn Iterator<Item = Arc<str>> + 'a> {
    let Some(skus) = wanted.filter.as_ref().and_then(Filter::skus) else {
        return Box::new(catalog.skus_after(wanted.after).cloned());
    };
    let after = wanted.after;
    let known = skus.iter().filter_map(|sku| catalog.item(sku).map(|item| (item.id, Arc::from(sku.as_str()))));
    let mut known: Vec<(u64, Arc<str>)> = known.filter(|(id, _)| *id > after).collect();
    known.sort_unstable();
    known.dedup();
    Box::new(known.into_iter().map(|(_, sku)| sku))
}

/// `GET /{item}`
pub(super) fn item(catalog: &CatalogState, sku: &str, ask: &Ask<'_>) -> Result<Value, No> {
    let asked = asked_fields(ask.query)?;
    catalog.look(sku, ask.now_ms, |item| item.with(asked.as_deref())).ok_or(Refusal::ObjectNotFound)?
}

/// `GET /{catalog}`, and one of a list of catalogs.
pub(super) fn catalog(catalog: &CatalogState, asked: Option<&[Field]>) -> Result<Value, No> {
    let names: Vec<&str> = match asked {
        Some(asked) => asked.iter().map(|field| field.name.as_str()).collect(),
        None => vec!["name"],
    };
    let mut shown = Map::from_iter([("id".to_owned(), catalog.id.clone().into())]);
    for name in names {
        let value = match name {
            "id" => continue,
            "name" => catalog.name.clone().into(),
            "vertical" => "commerce".into(),
            "product_count" => catalog.len().into(),
            "business" => json!({"id": catalog.business, "name": catalog.name}),
            name => return Err(No::wrong(Refusal::InvalidParameter, format!("there is no field {name}"))),
        };
        shown.insert(name.to_owned(), value);
    }
    Ok(shown.into())
}

/// `GET /{catalog}/diagnostics`: what is wrong with how many items.
pub(super) fn diagnostics(catalog: &CatalogState, now_ms: i64) -> Result<Value, No> {
    let mut found: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for sku in catalog.skus_after(0) {
        let errors = catalog.look(sku, now_ms, |item| item.field("errors")).unwrap_or(Ok(Value::Null))?;
        for error in errors.as_array().into_iter().flatten() {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            found.entry(text("error_type")).or_insert_with(|| (text("title"), 0)).1 += 1;
        }
    }
    let group = |(kind, (title, items)): (String, (String, usize))| {
        let kind = if kind == "PRODUCT_NOT_APPROVED" { "POLICY_VIOLATION" } else { "IMAGE_QUALITY" };
        json!({"type": kind, "severity": "MUST_FIX", "title": title, "number_of_affected_items": items})
    };
    Ok(json!({ "data": found.into_iter().map(group).collect::<Vec<_>>() }))
}

/// The fields a query asks for; nothing else may stand in it.
pub(super) fn asked_fields(query: &[(String, String)]) -> Result<Option<Vec<Field>>, No> {
    let mut asked = None;
    for (name, value) in query {
        let wrong = || No::wrong(Refusal::InvalidParameter, format!("cannot use {name}={value}"));
        match name.as_str() {
            "fields" => asked = Some(fields::parse(value).ok_or_else(wrong)?),
            "access_token" | "appsecret_proof" | "limit" => {}
            _ => return Err(wrong()),
        }
    }
    Ok(asked)
}

fn cursor(id: u64) -> String {
    URL_SAFE_NO_PAD.encode(id.to_string())
}

fn read_cursor(text: &str) -> Option<u64> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?.parse().ok()
}
