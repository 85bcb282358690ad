//! What a seller has for sale.

use serde::{Deserialize, Serialize};

use super::money::Money;

/// One product. Its `retailer_id` is the seller's own name for it and never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The seller's SKU.
    pub retailer_id: String,
    /// As shown to customers.
    pub title: String,
    /// Price of one, unless a variant has its own.
    pub price: Money,
    /// How many are left; none: not counted.
    #[serde(default)]
    pub stock: Option<i64>,
    /// Other words customers use for it.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Its variants; none: it is sold as it is.
    #[serde(default)]
    pub variants: Vec<Variant>,
}

/// One way a product comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The seller's SKU.
    pub retailer_id: String,
    /// Option names and values, such as `Size` and `M`, in the seller's order.
    pub options: Vec<(String, String)>,
    /// Its own price.
    #[serde(default)]
    pub price: Option<Money>,
    /// How many are left; none: not counted.
    #[serde(default)]
    pub stock: Option<i64>,
    /// Other words customers use for it.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// Something that can be put on any product: a topping, an engraving.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Modifier {
    /// The seller's name for it.
    pub id: String,
    /// As shown to customers.
    pub title: String,
    /// Other words customers use for it.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// All that a seller has for sale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// Products, by `retailer_id`.
    pub products: Vec<Product>,
    /// Modifiers.
    pub modifiers: Vec<Modifier>,
}

impl Product {
    /// The variant with this SKU.
    pub fn variant(&self, retailer_id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.retailer_id == retailer_id)
    }

    /// The price of one, as this variant.
    pub fn price_of(&self, variant: Option<&Variant>) -> Money {
        variant.and_then(|variant| variant.price).unwrap_or(self.price)
    }
}

impl Variant {
    /// `blue, M`
    pub fn label(&self) -> String {
        self.options.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Catalog {
    /// The product with this SKU.
    pub fn product(&self, retailer_id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.retailer_id == retailer_id)
    }
}
