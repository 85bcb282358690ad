//! One item of a catalog at Meta: a product, or one variant of it, as it goes up and as it is seen there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::catalog::{Availability, Condition};
use crate::domain::money::Money;
use crate::domain::named::named;

/// An item as it is to be, whole. What is none or empty here is to be nothing at Meta, whatever was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogItem {
    /// The SKU: the item's name at Meta, which never changes.
    pub retailer_id: String,
    /// At most 100 characters.
    pub title: String,
    /// Plain text, at most 5000 characters.
    pub description: String,
    /// Whether it can be had.
    pub availability: Availability,
    /// In what condition it is.
    pub condition: Condition,
    /// What one costs; above 0.
    pub price: Money,
    /// What one costs for the time being; below the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_price: Option<Money>,
    /// Its page on the web: https.
    pub link: String,
    /// Addresses of its pictures, the main one first; at least one, at most 21.
    pub images: Vec<String>,
    /// Who makes it, at most 100 characters.
    pub brand: String,
    /// How many can be sold; none: not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// The SKU of the product it is a variant of; no item has it for a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Option names and values as the seller writes them, such as `Size` and `M`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<(String, String)>,
    /// Its place in the categories of Google or Facebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its place in the seller's own categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_type: Option<String>,
}

/// One change of a catalog at Meta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemChange {
    /// It is to be like this, whether it is there or not.
    Put(Box<CatalogItem>),
    /// The item of this SKU is to be no more.
    Remove(String),
}

impl ItemChange {
    /// The SKU it is about.
    pub fn retailer_id(&self) -> &str {
        match self {
            Self::Put(item) => &item.retailer_id,
            Self::Remove(retailer_id) => retailer_id,
        }
    }
}

/// An item as Meta shows it. Texts are bounded by whoever read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenItem {
    /// Meta's id of it.
    pub item_id: String,
    /// Its SKU.
    pub retailer_id: String,
    /// Its title.
    pub title: String,
    /// Its price as Meta writes it, with a symbol or a code somewhere: `$29.90`.
    pub price: String,
    /// Its availability in Meta's words.
    pub availability: String,
    /// What Meta's review says; none: nothing.
    pub review: Option<Review>,
    /// Why it was rejected, in Meta's words.
    pub reasons: Vec<String>,
    /// What else Meta finds wrong with it, such as a picture that cannot be fetched.
    pub errors: Vec<String>,
    /// Whether it can be tagged in posts; none: Meta does not say.
    pub can_be_tagged: Option<bool>,
    /// Whether it is shown in the shop; none: Meta does not say.
    pub is_in_shop: Option<bool>,
}

/// What Meta's review of an item says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// It may be shown.
    Approved,
    /// It has not been looked at.
    Pending,
    /// It may not be shown.
    Rejected,
    /// It was changed since it was looked at.
    Outdated,
}

named!(Review {
    Approved = "approved",
    Pending = "pending",
    Rejected = "rejected",
    Outdated = "outdated",
});
