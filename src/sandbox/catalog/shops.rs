//! Which catalogs there are, and what an account may do with their items: owners, shops, tags, appeals.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::state::{CatalogState, Verdict};
use super::{Ask, list};
use crate::sandbox::channel::Channel;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;
use crate::sandbox::world::World;

/// What is asked of someone who has catalogs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShopEdge {
    Owned,
    Clients,
    Merchant,
    Available,
    Search,
    Appeals,
    Eligibility,
}

impl ShopEdge {
    /// The edge that a path means.
    pub(super) fn of(path: &[&str], query: &[(String, String)]) -> Option<Self> {
        match path {
            [_, "owned_product_catalogs" | "product_catalogs"] => Some(Self::Owned),
            [_, "client_product_catalogs"] => Some(Self::Clients),
            [_, "commerce_merchant_settings"] => Some(Self::Merchant),
            [_, "available_catalogs"] => Some(Self::Available),
            [_, "catalog_product_search"] => Some(Self::Search),
            [_, "product_appeal"] => Some(Self::Appeals),
            [_] => {
                let asks = |(name, value): &(String, String)| {
                    name == "fields" && value.contains("shopping_product_tag_eligibility")
                };
                query.iter().any(asks).then_some(Self::Eligibility)
            }
            _ => None,
        }
    }
}

/// Answers a question to whoever has catalogs: a business, a Page, an Instagram account.
pub(super) fn read(world: &World, edge: ShopEdge, ask: &Ask<'_>) -> Result<Value, No> {
    let owner = ask.path.first().copied().unwrap_or_default();
    let catalogs: Vec<&CatalogState> = reached(world, ask, owner).collect();
    match edge {
        ShopEdge::Owned => listed(&catalogs, ask),
        ShopEdge::Clients => Ok(json!({ "data": [] })),
        ShopEdge::Merchant => Ok(json!({ "data": catalogs.iter().map(|catalog| shop(catalog)).collect::<Vec<_>>() })),
        ShopEdge::Available => {
            instagram(world, ask)?;
            let available = |catalog: &&CatalogState| {
                json!({
                    "catalog_id": catalog.id,
                    "catalog_name": catalog.name,
                    "shop_name": catalog.name,
                    "product_count": catalog.len(),
                })
            };
            Ok(json!({ "data": catalogs.iter().map(available).collect::<Vec<_>>() }))
        }
        ShopEdge::Search => {
            instagram(world, ask)?;
            search(&catalogs, ask)
        }
        ShopEdge::Appeals => {
            instagram(world, ask)?;
            appealed(&catalogs, ask)
        }
        ShopEdge::Eligibility => {
            let id = instagram(world, ask)?;
            let may_tag = catalogs.iter().any(|catalog| catalog.rules.may_tag);
            Ok(json!({"shopping_product_tag_eligibility": may_tag, "id": id}))
        }
    }
}

/// The catalogs of somebody that the caller's token reaches.
fn reached<'a>(world: &'a World, ask: &'a Ask<'_>, owner: &'a str) -> impl Iterator<Item = &'a CatalogState> {
    let is_of = move |catalog: &&CatalogState| {
        let has = |account: &String| world.account(account).is_some_and(|account| account.goes_by(owner));
        catalog.business == owner || catalog.accounts.iter().any(has)
    };
    world.catalogs.all().filter(|catalog| catalog.is_open_to(ask.callers)).filter(is_of)
}

/// The caller's Instagram account that the path names.
fn instagram<'a>(world: &'a World, ask: &Ask<'_>) -> Result<&'a str, No> {
    let owner = ask.path.first().copied().unwrap_or_default();
    let accounts = ask.callers.iter().filter_map(|id| world.account(id));
    let mut accounts = accounts.filter(|account| account.channel == Channel::Instagram && account.goes_by(owner));
    Ok(accounts.next().map(|account| account.id.as_str()).ok_or(Refusal::ObjectNotFound)?)
}

fn listed(catalogs: &[&CatalogState], ask: &Ask<'_>) -> Result<Value, No> {
    let asked = list::asked_fields(ask.query)?;
    let shown = catalogs.iter().map(|catalog| list::catalog(catalog, asked.as_deref()));
    let shown = shown.collect::<Result<Vec<_>, _>>()?;
    let mut answer = json!({ "data": shown });
    if !catalogs.is_empty() {
        answer["paging"] = json!({"cursors": {"before": "QVFIUb", "after": "QVFIUa"}});
    }
    Ok(answer)
}

fn shop(catalog: &CatalogState) -> Value {
    let status = if catalog.rules.shop_is_open { "ENABLED" } else { "EXTERNALLY_DISABLED" };
    json!({
        "id": catalog.business,
        "display_name": catalog.name,
        "merchant_status": status,
        "review_status": catalog.rules.shop_review,
    })
}

/// Items an Instagram account may tag, by a word of their name or their SKU.
fn search(catalogs: &[&CatalogState], ask: &Ask<'_>) -> Result<Value, No> {
    let value = |name: &str| ask.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let id = value("catalog_id").ok_or_else(|| No::wrong(Refusal::InvalidParameter, "in which catalog?"))?;
    let word = value("q").unwrap_or_default().to_lowercase();
    let catalog = catalogs.iter().find(|catalog| catalog.id == id).ok_or(Refusal::ObjectNotFound)?;
    let found = catalog.skus_after(0).filter_map(|sku| {
        let seen = catalog.look(sku, ask.now_ms, |item| {
            let name = item.field("name").unwrap_or_default();
            let fits = [name.as_str().unwrap_or_default(), sku].iter().any(|text| text.to_lowercase().contains(&word));
            fits.then(|| {
                json!({
                    "product_id": item.item.id,
                    "merchant_id": 901_000_000_000_001_u64,
                    "product_name": name,
                    "image_url": item.field("image_url").unwrap_or_default(),
                    "retailer_id": **sku,
                    "review_status": item.verdict.word(),
                    "is_checkout_flow": false,
                    "product_variants": [{"product_id": item.item.id, "variant_name": item.field("size").unwrap_or_default()}],
                })
            })
        });
        seen.flatten()
    });
    Ok(json!({ "data": found.take(25).collect::<Vec<_>>() }))
}

/// `GET /{instagram account}/product_appeal`
fn appealed(catalogs: &[&CatalogState], ask: &Ask<'_>) -> Result<Value, No> {
    let product = ask.query.iter().find(|(key, _)| key == "product_id").map(|(_, value)| value.as_str());
    let (catalog, sku) = of_product(catalogs, product)?;
    let verdict = catalog.look(&sku, ask.now_ms, |item| item.verdict.clone()).ok_or(Refusal::ObjectNotFound)?;
    let answer = json!({
        "product_id": product,
        "review_status": verdict.word(),
        "eligible_for_appeal": matches!(verdict, Verdict::Rejected(_)),
    });
    Ok(json!({ "data": [answer] }))
}

fn of_product<'a>(catalogs: &[&'a CatalogState], product: Option<&str>) -> Result<(&'a CatalogState, Arc<str>), No> {
    let product = product.ok_or_else(|| No::wrong(Refusal::InvalidParameter, "which product_id?"))?;
    let found = catalogs.iter().find_map(|catalog| Some((*catalog, catalog.sku_of(product)?)));
    Ok(found.ok_or(Refusal::ObjectNotFound)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Appeal {
    product_id: Value,
    appeal_reason: String,
}

/// `POST /{instagram account}/product_appeal`
pub(super) fn appeal(world: &mut World, ask: &Ask<'_>, is_done: bool) -> Result<Value, No> {
    let wrong = |why: String| No::wrong(Refusal::InvalidParameter, why);
    instagram(world, ask)?;
    let appeal = match ask.is_form {
        true => {
            let pairs = form_urlencoded::parse(ask.body).into_owned();
            Appeal::deserialize(Value::Object(pairs.map(|(name, value)| (name, value.into())).collect()))
        }
        false => serde_json::from_slice(ask.body),
    };
    let appeal = appeal.map_err(|error| wrong(error.to_string()))?;
    if appeal.appeal_reason.is_empty() {
        return Err(wrong("an appeal has a reason".to_owned()));
    }
    let product = match &appeal.product_id {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let owner = ask.path.first().copied().unwrap_or_default();
    let catalogs: Vec<&CatalogState> = reached(world, ask, owner).collect();
    let (catalog, sku) = of_product(&catalogs, Some(&product))?;
    let is_rejected = |verdict: Verdict| matches!(verdict, Verdict::Rejected(_));
    if !catalog.look(&sku, ask.now_ms, |item| item.verdict.clone()).is_some_and(is_rejected) {
        return Err(wrong("only a rejected item can be appealed for".to_owned()));
    }
    let catalog = catalog.id.clone();
    if let (true, Some(catalog)) = (is_done, world.catalogs.get_mut(&catalog)) {
        catalog.appeal(&sku, ask.now_ms);
    }
    Ok(json!({"success": true}))
}

/// `POST /{business}/owned_product_catalogs`: a new catalog, reached by the accounts of the caller.
pub(super) fn create(world: &mut World, ask: &Ask<'_>, is_done: bool) -> Result<Value, No> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct New {
        name: String,
        #[serde(default)]
        vertical: Option<String>,
    }
    let wrong = |why: String| No::wrong(Refusal::InvalidParameter, why);
    let new: New = serde_json::from_slice(ask.body).map_err(|error| wrong(error.to_string()))?;
    if new.name.is_empty() || new.vertical.is_some_and(|vertical| vertical != "commerce") {
        return Err(wrong("a catalog has a name, and is for commerce".to_owned()));
    }
    let id = format!("{}", 800_690_000_000_001 + world.catalogs.count() as u64);
    if is_done {
        let business = ask.path.first().copied().unwrap_or_default();
        world.catalogs.add(&id, &new.name, business);
        if let Some(catalog) = world.catalogs.get_mut(&id) {
            catalog.accounts = ask.callers.to_vec();
        }
    }
    Ok(json!({ "id": id }))
}
