//! What Meta answers about a catalog, as far as we read it, and what it means.

use actors::domain::sync::call::{CatalogAnswer, ItemFault, Standing};
use actors::domain::sync::item::{Review, SeenItem};
use serde::Deserialize;

use super::super::errors::Fault;
use super::super::wire::Id;
use super::{id, words};

/// A longer one could not be asked after.
const LONGEST_HANDLE: usize = 2_000;
/// So many remarks are kept of one answer: more than one for each item of the largest batch.
const MOST_REMARKS: usize = 10_000;
/// So many reasons or errors are kept of one item.
const MOST_REASONS: usize = 10;

/// To a batch.
#[derive(Deserialize)]
pub(super) struct Batched {
    #[serde(default)]
    handles: Vec<String>,
    #[serde(default)]
    validation_status: Vec<Validated>,
}

#[derive(Deserialize)]
struct Validated {
    retailer_id: Option<Id>,
    #[serde(default)]
    errors: Vec<Remark>,
    #[serde(default)]
    warnings: Vec<Remark>,
}

/// What Meta says of an item: which one may be told beside it.
#[derive(Deserialize)]
struct Remark {
    id: Option<Id>,
    #[serde(default)]
    message: String,
}

impl Batched {
    pub(super) fn told(self) -> CatalogAnswer {
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        for validated in self.validation_status {
            let retailer_id = validated.retailer_id.as_ref().map(id).unwrap_or_default();
            let fault =
                |remark: Remark| ItemFault { retailer_id: retailer_id.clone(), message: words(&remark.message) };
            errors.extend(validated.errors.into_iter().map(fault));
            warnings.extend(validated.warnings.into_iter().map(fault));
        }
        let handle = self.handles.into_iter().find(|handle| (1..=LONGEST_HANDLE).contains(&handle.len()));
        errors.truncate(MOST_REMARKS);
        warnings.truncate(MOST_REMARKS);
        CatalogAnswer::Batched { handle, errors, warnings }
    }
}

/// How far a batch is.
#[derive(Deserialize)]
pub(super) struct Statuses {
    data: Vec<Status>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    handle: Option<String>,
    status: String,
    errors: Vec<Remark>,
    /// It is only shown, so whatever else than a number stands here keeps nothing from being settled.
    #[serde(deserialize_with = "count")]
    errors_total_count: u64,
    warnings: Vec<Remark>,
    ids_of_invalid_requests: Vec<Id>,
}

impl Statuses {
    /// Of a handle that Meta no longer knows it says nothing, which is not that it is finished. Nor is what it says of
    /// another one.
    pub(super) fn told(self, handle: &str) -> CatalogAnswer {
        let is_meant = |status: &Status| status.handle.as_deref().is_none_or(|told| told == handle);
        let status = self.data.into_iter().find(is_meant).unwrap_or_default();
        let faults = |remarks: Vec<Remark>| remarks.into_iter().take(MOST_REMARKS).map(Remark::of_item).collect();
        let word = if status.status.is_empty() { "unknown".to_owned() } else { words(&status.status) };
        CatalogAnswer::Status {
            is_finished: word.eq_ignore_ascii_case("finished"),
            word,
            invalid: status.ids_of_invalid_requests.iter().map(id).collect(),
            errors: faults(status.errors),
            errors_total: status.errors_total_count,
            warnings: faults(status.warnings),
        }
    }
}

fn count<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(serde_json::Value::deserialize(from)?.as_u64().unwrap_or(0))
}

impl Remark {
    fn of_item(self) -> ItemFault {
        ItemFault { retailer_id: self.id.as_ref().map(id).unwrap_or_default(), message: words(&self.message) }
    }
}

/// To an item that was put there.
#[derive(Deserialize)]
pub(super) struct Made {
    #[serde(default, deserialize_with = "some_id")]
    pub(super) id: Option<String>,
}

fn some_id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Id>::deserialize(from)?.as_ref().map(id))
}

/// To what is simply done.
#[derive(Deserialize)]
pub(super) struct Success {
    success: bool,
}

impl Success {
    pub(super) fn or_uncertain(self) -> Result<(), Fault> {
        match self.success {
            true => Ok(()),
            false => Err(Fault::uncertain("Meta says that it did not succeed, and not why")),
        }
    }
}

/// A catalog.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
    #[serde(default)]
    pub(super) product_count: Option<u64>,
}

/// What an Instagram account may do.
#[derive(Deserialize)]
pub(super) struct Eligibility {
    pub(super) shopping_product_tag_eligibility: bool,
}

/// A shop.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Shop {
    merchant_status: String,
    review_status: String,
}

impl Shop {
    /// How far the shops of an account are. An Instagram account that may not tag waits for it, even if its shop is open.
    pub(super) fn standing(shops: &[Self], is_instagram: bool) -> Standing {
        let has = |word: &str, of: fn(&Self) -> &String| shops.iter().any(|shop| of(shop).eq_ignore_ascii_case(word));
        let is_open = has("enabled", |shop| &shop.merchant_status);
        if has("rejected", |shop| &shop.review_status) {
            Standing::Refused
        } else if !is_open && has("externally_disabled", |shop| &shop.merchant_status) {
            Standing::Disabled
        } else if is_open && !is_instagram {
            Standing::Active
        } else {
            Standing::Pending
        }
    }
}

/// An item. Meta leaves out what there is none of, and writes an empty text for a review that is not needed.
#[derive(Deserialize)]
pub(super) struct Item {
    id: Id,
    #[serde(default)]
    retailer_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    price: String,
    #[serde(default)]
    availability: String,
    #[serde(default)]
    visibility: String,
    #[serde(default)]
    review_status: String,
    #[serde(default)]
    review_rejection_reasons: Vec<String>,
    #[serde(default)]
    capability_to_review_status: Vec<Surface>,
    #[serde(default)]
    image_fetch_status: String,
    #[serde(default)]
    errors: Vec<Problem>,
}

/// What the review says of one place in which items are shown.
#[derive(Deserialize)]
struct Surface {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Problem {
    title: String,
    description: String,
    error_type: String,
}

impl Item {
    pub(super) fn seen(self) -> SeenItem {
        let is_hidden = !self.visibility.is_empty() && self.visibility != "published";
        let has_no_picture = self.image_fetch_status == "FETCH_FAILED";
        let may = |key: &str| {
            let surface = self.capability_to_review_status.iter().find(|surface| surface.key == key)?;
            Some(matches!(surface.value.as_str(), "APPROVED" | "NO_REVIEW") && !is_hidden && !has_no_picture)
        };
        let (can_be_tagged, is_in_shop) = (may("ig_product_tagging"), may("shops"));
        let mut errors: Vec<String> = self.errors.iter().take(MOST_REASONS).map(Problem::sentence).collect();
        if has_no_picture && errors.is_empty() {
            errors.push("the picture could not be fetched".to_owned());
        }
        SeenItem {
            item_id: id(&self.id),
            retailer_id: self.retailer_id,
            title: words(&self.name),
            price: words(&self.price),
            availability: words(&self.availability),
            review: review(&self.review_status),
            reasons: self.review_rejection_reasons.iter().take(MOST_REASONS).map(|reason| words(reason)).collect(),
            errors,
            can_be_tagged,
            is_in_shop,
        }
    }
}

impl Problem {
    fn sentence(&self) -> String {
        match (self.title.is_empty(), self.description.is_empty()) {
            (false, false) => words(&format!("{}: {}", self.title, self.description)),
            (false, true) => words(&self.title),
            (true, false) => words(&self.description),
            (true, true) => words(&self.error_type),
        }
    }
}

fn review(word: &str) -> Option<Review> {
    match word.to_ascii_lowercase().as_str() {
        "approved" => Some(Review::Approved),
        "pending" => Some(Review::Pending),
        "rejected" => Some(Review::Rejected),
        "outdated" => Some(Review::Outdated),
        _ => None,
    }
}
