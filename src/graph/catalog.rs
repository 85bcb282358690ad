//! Calls about a catalog: changes go up in batches or one by one, and what is there is read back.

mod answers;
mod item;

use actors::domain::channel::Channel;
use actors::domain::event::CallResult;
use actors::domain::sync::call::{CatalogAnswer, CatalogAsk, Denied, Standing};
use actors::domain::sync::item::{CatalogItem, ItemChange, SeenItem};
use reqwest::RequestBuilder;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::json;

use self::answers::{Batched, Eligibility, Item, Made, Named, Shop, Statuses, Success};
use super::errors::{Class, Fault, Kind, bounded};
use super::wire::{self, Page};
use super::{Errand, GraphClient};

/// More Meta never takes, however small they are.
const MOST_CHANGES: usize = 5_000;
/// Meta takes 30 million characters; some room is left.
const MOST_BYTES: usize = 28_000_000;
/// Addresses may not be long without end; so many bytes of SKUs are asked for in one.
const MOST_SKU_BYTES: usize = 4_000;
/// Pages of so few items are never too much.
const SMALLEST_PAGE: u32 = 25;
/// What is read of an item.
const FIELDS: &str = "id,retailer_id,name,price,availability,visibility,review_status,review_rejection_reasons,\
                      capability_to_review_status,image_fetch_status,errors";
const STATUS_FIELDS: &str = "handle,status,errors,errors_total_count,warnings,warnings_total_count,\
                             ids_of_invalid_requests";

/// The fail point of a call.
pub(super) fn label(ask: &CatalogAsk) -> &'static str {
    match ask {
        CatalogAsk::Batch { .. } => "graph.catalog_batch",
        CatalogAsk::Put { .. } | CatalogAsk::Remove { .. } | CatalogAsk::Appeal { .. } => "graph.catalog_item",
        CatalogAsk::Status { .. } | CatalogAsk::Page { .. } | CatalogAsk::Items { .. } | CatalogAsk::Look => {
            "graph.catalog_read"
        }
    }
}

impl GraphClient {
    /// Asks something of a catalog.
    pub(super) async fn catalog(
        &self,
        errand: &Errand<'_>,
        catalog: &str,
        ask: &CatalogAsk,
    ) -> Result<CallResult, Fault> {
        if errand.is_instagrams_own() {
            let error = "Instagram's own login reaches no catalog: connect the account through its Page";
            return Err(Fault::refused_as(Class::Reconnect, "no_catalog_access", error));
        }
        let on = On { graph: self, errand, catalog };
        let told = match ask {
            CatalogAsk::Batch { changes } => on.batch(changes).await?,
            CatalogAsk::Status { handle } => on.status(handle).await?,
            CatalogAsk::Put { item, .. } => on.put(item).await?,
            CatalogAsk::Remove { retailer_id, item_id } => on.remove(retailer_id, item_id.as_deref()).await?,
            CatalogAsk::Page { after, limit } => on.page(after.as_deref(), *limit).await?,
            CatalogAsk::Items { retailer_ids } => on.items(retailer_ids).await?,
            CatalogAsk::Look => on.look().await?,
            CatalogAsk::Appeal { item_id, reason } => on.appeal(item_id, reason).await?,
        };
        Ok(CallResult::Catalog { told: Box::new(told) })
    }
}

/// One catalog, as one errand calls it.
struct On<'a> {
    graph: &'a GraphClient,
    errand: &'a Errand<'a>,
    catalog: &'a str,
}

impl On<'_> {
    async fn batch(&self, changes: &[ItemChange]) -> Result<CatalogAnswer, Fault> {
        if changes.len() > MOST_CHANGES {
            return Err(Fault::too_much(format!("a batch has at most {MOST_CHANGES} changes")));
        }
        let body = item::batch(changes);
        if body.len() > MOST_BYTES {
            return Err(Fault::too_much(format!("a batch has at most {MOST_BYTES} bytes")));
        }
        let request = self.graph.http.post(self.url(&[self.catalog, "items_batch"]));
        let json = HeaderValue::from_static("application/json");
        Ok(self.read::<Batched>(request.header(CONTENT_TYPE, json).body(body)).await?.told())
    }

    async fn status(&self, handle: &str) -> Result<CatalogAnswer, Fault> {
        let request = self.graph.http.get(self.url(&[self.catalog, "check_batch_request_status"]));
        // Without asking for them, the list of ids is empty, whatever happened.
        let query = [("handle", handle), ("load_ids_of_invalid_requests", "true"), ("fields", STATUS_FIELDS)];
        Ok(self.read::<Statuses>(request.query(&query)).await?.told(handle))
    }

    /// By its SKU, be it there or not: one call, and no question of which id it has.
    async fn put(&self, item: &CatalogItem) -> Result<CatalogAnswer, Fault> {
        let body = item::single(item)?;
        let request = self.graph.http.post(self.url(&[self.catalog, "products"])).json(&body);
        Ok(CatalogAnswer::Put { item_id: self.read::<Made>(request).await?.id })
    }

    async fn remove(&self, retailer_id: &str, item_id: Option<&str>) -> Result<CatalogAnswer, Fault> {
        let found;
        let id = match item_id {
            Some(id) => id,
            None => {
                found = self.those(&[retailer_id]).await?;
                match found.first() {
                    Some(item) => &item.item_id,
                    None => return Ok(CatalogAnswer::Removed { was_there: false }),
                }
            }
        };
        let removed = self.read::<Success>(self.graph.http.delete(self.url(&[id]))).await;
        match removed.and_then(Success::or_uncertain) {
            Ok(()) => Ok(CatalogAnswer::Removed { was_there: true }),
            // Whoever removed it before, it is not there.
            Err(Fault::Refused { class: Class::Missing, .. }) => Ok(CatalogAnswer::Removed { was_there: false }),
            Err(fault) => Err(fault),
        }
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<CatalogAnswer, Fault> {
        let request = self.graph.http.get(self.url(&[self.catalog, "products"]));
        let mut request = request.query(&[("fields", FIELDS)]).query(&[("limit", limit)]);
        if let Some(after) = after {
            request = request.query(&[("after", after)]);
        }
        let Page { data, paging } = self.read::<Page<Item>>(request).await?;
        let next = paging.next.and(paging.cursors.after);
        Ok(CatalogAnswer::Page { items: data.into_iter().map(Item::seen).collect(), next })
    }

    async fn items(&self, retailer_ids: &[String]) -> Result<CatalogAnswer, Fault> {
        let mut items = Vec::new();
        for part in parts(retailer_ids) {
            items.extend(self.those(&part).await?);
        }
        Ok(CatalogAnswer::Page { items, next: None })
    }

    /// The items with these SKUs, as far as there are any.
    async fn those(&self, retailer_ids: &[&str]) -> Result<Vec<SeenItem>, Fault> {
        let filter = json!({"retailer_id": {"is_any": retailer_ids}}).to_string();
        let limit = retailer_ids.len().to_string();
        let request = self.graph.http.get(self.url(&[self.catalog, "products"]));
        let request = request.query(&[("fields", FIELDS), ("filter", &filter), ("limit", &limit)]);
        let page = self.read::<Page<Item>>(request).await?;
        let is_meant = |item: &SeenItem| retailer_ids.contains(&item.retailer_id.as_str());
        Ok(page.data.into_iter().map(Item::seen).filter(is_meant).collect())
    }

    async fn look(&self) -> Result<CatalogAnswer, Fault> {
        let request = self.graph.http.get(self.url(&[self.catalog])).query(&[("fields", "name,product_count")]);
        let Named { name, product_count } = self.read(request).await?;
        Ok(CatalogAnswer::Looked { name, products: product_count, standing: self.standing().await? })
    }

    /// An account that may tag items may show them; one that may not is told why by the settings of its shop. Those may
    /// be withheld, which says nothing.
    async fn standing(&self) -> Result<Standing, Fault> {
        let account = &self.errand.call.account;
        let is_instagram = account.channel() == Some(Channel::Instagram);
        if is_instagram {
            let request = self.graph.http.get(self.url(&[account.id()]));
            let request = request.query(&[("fields", "shopping_product_tag_eligibility")]);
            let may_tag = optional(self.read::<Eligibility>(request).await)?;
            if may_tag.is_some_and(|may| may.shopping_product_tag_eligibility) {
                return Ok(Standing::Active);
            }
        }
        let request = self.graph.http.get(self.url(&[self.errand.through(), "commerce_merchant_settings"]));
        let request = request.query(&[("fields", "merchant_status,review_status")]);
        let shops = optional(self.read::<Page<Shop>>(request).await)?.map(|page| page.data).unwrap_or_default();
        Ok(Shop::standing(&shops, is_instagram))
    }

    async fn appeal(&self, item_id: &str, reason: &str) -> Result<CatalogAnswer, Fault> {
        let account = &self.errand.call.account;
        if account.channel() != Some(Channel::Instagram) {
            return Err(Fault::refused("no_appeal", "only an Instagram account can appeal"));
        }
        let body = json!({"product_id": item_id, "appeal_reason": reason});
        let request = self.graph.http.post(self.url(&[account.id(), "product_appeal"])).json(&body);
        self.read::<Success>(request).await?.or_uncertain()?;
        Ok(CatalogAnswer::Appealed)
    }

    fn url(&self, parts: &[&str]) -> url::Url {
        self.graph.url(self.errand, parts)
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let read = self.graph.exchange(self.errand, request).await?.read();
        read.map_err(|fault| self.without_token(fault))
    }

    /// What Meta says of an item is shown to people: it may never repeat what opens the account.
    fn without_token(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Refused { class, code, error, words } if words.contains(self.errand.credentials.token.expose()) => {
                Fault::Refused { class, code, error, words: String::new() }
            }
            fault => fault,
        }
    }
}

/// What cannot be read is not known; what may be read later is.
fn optional<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Refused { class: Class::Reconnect, code, error, words }) => {
            Err(Fault::Refused { class: Class::Reconnect, code, error, words })
        }
        Err(Fault::Refused { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// SKUs in parts that fit into an address.
fn parts(retailer_ids: &[String]) -> Vec<Vec<&str>> {
    let (mut parts, mut bytes) = (vec![Vec::new()], 0);
    for retailer_id in retailer_ids {
        bytes += retailer_id.len() + 3;
        if bytes > MOST_SKU_BYTES {
            parts.push(Vec::new());
            bytes = retailer_id.len() + 3;
        }
        if let Some(part) = parts.last_mut() {
            part.push(retailer_id.as_str());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// What a call about a catalog that went wrong means to those who asked.
pub(super) fn failed(fault: Fault, ask: &CatalogAsk, asked_with: Option<i64>) -> CallResult {
    let told = |answer: CatalogAnswer| CallResult::Catalog { told: Box::new(answer) };
    match (fault, ask) {
        (Fault::TooMuch { error, .. }, CatalogAsk::Batch { .. }) => told(CatalogAnswer::TooMuch { error }),
        (Fault::TooMuch { error, .. }, CatalogAsk::Page { limit, .. }) if *limit > SMALLEST_PAGE => {
            told(CatalogAnswer::TooMuch { error })
        }
        (Fault::Refused { class, code, error, words }, ask) => {
            let why = denied(class, &code, ask);
            let error = match why {
                Denied::Item if !words.is_empty() => words,
                _ => error,
            };
            told(CatalogAnswer::Denied { why, code, error })
        }
        (fault, ask) => fault.result(ask_kind(ask), asked_with),
    }
}

fn ask_kind(ask: &CatalogAsk) -> Kind {
    match ask {
        // Whether it was done is to be found out before anything newer is written.
        CatalogAsk::Batch { .. } | CatalogAsk::Put { .. } | CatalogAsk::Remove { .. } | CatalogAsk::Appeal { .. } => {
            Kind::Send
        }
        CatalogAsk::Status { .. } | CatalogAsk::Page { .. } | CatalogAsk::Items { .. } | CatalogAsk::Look => Kind::Read,
    }
}

fn denied(class: Class, code: &str, ask: &CatalogAsk) -> Denied {
    let is_batch = matches!(ask, CatalogAsk::Batch { .. });
    let is_of_one = matches!(ask, CatalogAsk::Put { .. } | CatalogAsk::Remove { .. } | CatalogAsk::Appeal { .. });
    match class {
        // A capability the app has not, for batches alone.
        Class::Permission if is_batch && code == "3" => Denied::NoBatches,
        Class::Reconnect | Class::Permission => Denied::Reconnect,
        Class::Policy => Denied::Policy,
        Class::Missing if matches!(ask, CatalogAsk::Appeal { .. }) => Denied::Item,
        Class::Missing => Denied::NoCatalog,
        // A batch that is wrong as a whole goes through, or shows what is wrong with it, one by one.
        Class::Parameter if is_batch => Denied::NoBatches,
        Class::Parameter if is_of_one => Denied::Item,
        _ => Denied::Other,
    }
}

/// Meta's words, as long as a person reads them.
fn words(text: &str) -> String {
    bounded(text, 300)
}

/// An id, which comes as a text or as a number.
fn id(value: &wire::Id) -> String {
    value.0.clone()
}
