//! A product as JSON, as the API takes it and as files have it: prices are decimals, options have names and values.

use actors::domain::catalog::{Availability, Condition, Details, Product, Variant};
use actors::domain::money::{Currency, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cells;
use super::gather::{availability, condition};
use super::report::Wrong;

/// A product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductJson {
    /// The seller's SKU.
    pub retailer_id: String,
    /// Meta's id of the item in its catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    /// As shown to customers.
    pub title: String,
    /// Price of one, such as `29.90`.
    pub price: String,
    /// What prices are in: the shop's currency, which it is without this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What one costs for the time being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_price: Option<String>,
    /// How many are left; without it they are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<i64>,
    /// `in stock`, `out of stock`, `preorder`, `available for order` or `discontinued`; without it, as the stock says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<String>,
    /// True while it is not offered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Other words customers use for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// What it is, in some sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its page on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Addresses of its pictures, the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// `new`, `refurbished` or `used`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Its place in the categories of Google or Facebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its place in the seller's own categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_type: Option<String>,
    /// The ways it comes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantJson>,
}

/// A way a product comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantJson {
    /// The seller's SKU.
    pub retailer_id: String,
    /// Meta's id of the item in its catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    /// What tells it apart, such as its size.
    pub options: Vec<OptionJson>,
    /// Its own price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// What one costs for the time being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_price: Option<String>,
    /// How many are left; without it they are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<i64>,
    /// As with products; without it, as the product says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<String>,
    /// Other words customers use for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// What it is, in some sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its page on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Addresses of its pictures, the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// `new`, `refurbished` or `used`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Its place in the categories of Google or Facebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its place in the seller's own categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_type: Option<String>,
}

/// An option and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionJson {
    /// Such as `Size`.
    pub name: String,
    /// Such as `M`.
    pub value: String,
}

/// The details of either: written out in both, as what is flattened would take any field.
macro_rules! details_of {
    ($json:expr) => {
        Details {
            description: $json.description,
            link: $json.link,
            images: $json.images,
            brand: $json.brand,
            condition: read("condition", $json.condition, condition)?,
            category: $json.category,
            product_type: $json.product_type,
        }
        .kept()
    };
}

fn read<T>(
    field: &'static str,
    text: Option<String>,
    read: impl FnOnce(&str) -> Result<T, Wrong>,
) -> Result<Option<T>, Wrong> {
    text.map(|text| read(&text).map_err(|wrong| wrong.in_column(field, &text))).transpose()
}

impl ProductJson {
    /// The product in a shop with this currency, or what is wrong with it, as a sentence.
    pub fn checked(self, shop: Currency) -> Result<Product, String> {
        let of_this = format!("product {:?}", super::report::short(&self.retailer_id));
        let stocks = self.variants.iter().map(|variant| variant.stock).chain([self.stock]);
        if stocks.flatten().any(|stock| stock < 0) {
            return Err(format!("{of_this}: stock is 0 or more, or left out where it is not counted"));
        }
        let read = self.product(shop).map_err(|wrong| wrong.sentence());
        let product = read.and_then(|product| match product.fits(shop) {
            Ok(()) => Ok(product),
            Err(unfit) => Err(unfit.sentence()),
        });
        product.map_err(|sentence| format!("{of_this}: {sentence}"))
    }

    /// The same, and limits are not looked at.
    pub(super) fn product(self, shop: Currency) -> Result<Product, Wrong> {
        let price = |text: &str| cells::price(text, shop);
        let currency = |text: &str| match text.parse::<Currency>() {
            Ok(found) if found == shop => Ok(()),
            _ => Err(Wrong::new("wrong_currency", format!("prices of this shop are in {shop}"))),
        };
        read("currency", self.currency, currency)?;
        let price_of_one = read("price", Some(self.price), price)?.expect("it was given");
        let variants = self.variants.into_iter().map(|variant| variant.variant(shop));
        Ok(Product {
            item_id: self.item_id,
            sale_price: read("sale_price", self.sale_price, price)?,
            stock: self.stock,
            availability: read("availability", self.availability, availability)?,
            hidden: self.hidden,
            keywords: self.keywords,
            variants: variants.collect::<Result<_, _>>()?,
            details: details_of!(self),
            ..Product::new(&self.retailer_id, &self.title, price_of_one)
        })
    }
}

impl VariantJson {
    fn variant(self, shop: Currency) -> Result<Variant, Wrong> {
        let price = |text: &str| cells::price(text, shop);
        Ok(Variant {
            options: self.options.into_iter().map(|option| (option.name, option.value)).collect(),
            price: read("price", self.price, price)?,
            sale_price: read("sale_price", self.sale_price, price)?,
            stock: self.stock,
            availability: read("availability", self.availability, availability)?,
            keywords: self.keywords,
            details: details_of!(self),
            retailer_id: self.retailer_id,
            item_id: self.item_id,
        })
    }
}

/// `29.90`
fn amount(price: Money) -> String {
    let text = price.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}

impl From<Product> for ProductJson {
    fn from(product: Product) -> Self {
        let details = product.details.map(|details| *details).unwrap_or_default();
        Self {
            retailer_id: product.retailer_id,
            item_id: product.item_id,
            title: product.title,
            price: amount(product.price),
            currency: Some(product.price.currency.to_string()),
            sale_price: product.sale_price.map(amount),
            stock: product.stock,
            availability: product.availability.map(Availability::name).map(str::to_owned),
            hidden: product.hidden,
            keywords: product.keywords,
            description: details.description,
            link: details.link,
            images: details.images,
            brand: details.brand,
            condition: details.condition.map(Condition::name).map(str::to_owned),
            category: details.category,
            product_type: details.product_type,
            variants: product.variants.into_iter().map(VariantJson::from).collect(),
        }
    }
}

impl From<Variant> for VariantJson {
    fn from(variant: Variant) -> Self {
        let details = variant.details.map(|details| *details).unwrap_or_default();
        Self {
            retailer_id: variant.retailer_id,
            item_id: variant.item_id,
            options: variant.options.into_iter().map(|(name, value)| OptionJson { name, value }).collect(),
            price: variant.price.map(amount),
            sale_price: variant.sale_price.map(amount),
            stock: variant.stock,
            availability: variant.availability.map(Availability::name).map(str::to_owned),
            keywords: variant.keywords,
            description: details.description,
            link: details.link,
            images: details.images,
            brand: details.brand,
            condition: details.condition.map(Condition::name).map(str::to_owned),
            category: details.category,
            product_type: details.product_type,
        }
    }
}
