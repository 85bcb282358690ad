//! A seller's products over HTTP: as they are written in a request, and the values they are once they were looked at.
//!
//! Nothing that a database or a later step would refuse gets past here, so that whoever sent it learns what is wrong.

use std::collections::HashSet;
use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::catalog::{Product, Variant};
use actors::domain::command::Command;
use actors::domain::money::{Currency, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::answers::Obeyed;
use super::ask::{Ask, JsonBody, NoQuery};
use super::commands::command;
use super::endpoint::put;
use super::gate::invalid;
use crate::web::problem::Problem;
use crate::web::route::Route;

const TEXT_BYTES: usize = 200;

/// What is wrong, as a sentence.
pub(super) type Checked<T> = Result<T, String>;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    vec![
        put("/api/v1/sellers/{seller}/products", "put_products", "Adds or replaces products")
            .scope(Scope::ProductsWrite)
            .by(api, put_products),
    ]
}

/// How many products were put.
#[derive(Serialize, JsonSchema)]
struct PutOut {
    products: usize,
}

async fn put_products(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<ProductsIn>>) -> Result<Obeyed<PutOut>, Problem> {
    let products = std::mem::take(&mut ask.body.0.products);
    let products = ProductsIn { products }.checked()?;
    command(&api, &ask, Command::PutProducts { products }).await
}

/// Products as they are to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProductsIn {
    products: Vec<ProductIn>,
}

impl ProductsIn {
    /// The products, or what is wrong with the first that cannot be taken.
    fn checked(self) -> Result<Vec<Product>, Problem> {
        let mut seen = HashSet::new();
        let one = |product: ProductIn| match seen.insert(product.retailer_id.clone()) {
            true => product.checked(),
            false => Err(format!("the product {:?} is there twice", product.retailer_id)),
        };
        let products: Checked<Vec<Product>> = self.products.into_iter().map(one).collect();
        products.map_err(|detail| invalid("invalid_product", "A product cannot be taken", detail))
    }
}

/// A product as it is written in a request: prices as decimals.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProductIn {
    retailer_id: String,
    item_id: Option<String>,
    title: String,
    price: String,
    currency: Currency,
    stock: Option<i64>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    variants: Vec<VariantIn>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VariantIn {
    retailer_id: String,
    item_id: Option<String>,
    options: Vec<OptionIn>,
    price: Option<String>,
    stock: Option<i64>,
    #[serde(default)]
    keywords: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OptionIn {
    name: String,
    value: String,
}

impl ProductIn {
    fn checked(self) -> Checked<Product> {
        text("retailer_id", &self.retailer_id)?;
        let of_this = |wrong: String| format!("product {:?}: {wrong}", self.retailer_id);
        let looked_at = || {
            text("title", &self.title)?;
            item_id(self.item_id.as_deref())?;
            stock_and_words(self.stock, &self.keywords)
        };
        looked_at().map_err(of_this)?;
        let price = Money::parse(&self.price, self.currency).map_err(|error| of_this(error.to_string()))?;
        let variants = self.variants.into_iter().map(|variant| variant.checked(self.currency));
        let variants = variants.collect::<Checked<_>>().map_err(of_this)?;
        let ProductIn { retailer_id, item_id, title, stock, keywords, .. } = self;
        Ok(Product { item_id, stock, keywords, variants, ..Product::new(&retailer_id, &title, price) })
    }
}

impl VariantIn {
    fn checked(self, currency: Currency) -> Checked<Variant> {
        text("retailer_id of a variant", &self.retailer_id)?;
        let of_this = |wrong: String| format!("variant {:?}: {wrong}", self.retailer_id);
        item_id(self.item_id.as_deref()).map_err(of_this)?;
        stock_and_words(self.stock, &self.keywords).map_err(of_this)?;
        for option in &self.options {
            text("name of an option", &option.name).map_err(of_this)?;
            text("value of an option", &option.value).map_err(of_this)?;
        }
        let price = self.price.as_deref().map(|price| Money::parse(price, currency)).transpose();
        let price = price.map_err(|error| of_this(error.to_string()))?;
        let options = self.options.into_iter().map(|option| (option.name, option.value)).collect();
        let VariantIn { retailer_id, item_id, stock, keywords, .. } = self;
        Ok(Variant { retailer_id, item_id, options, price, stock, keywords, ..Variant::default() })
    }
}

fn stock_and_words(stock: Option<i64>, keywords: &[String]) -> Checked<()> {
    if stock.is_some_and(|stock| stock < 0) {
        return Err("stock is 0 or more, or left out where it is not counted".to_owned());
    }
    keywords.iter().try_for_each(|keyword| text("keyword", keyword))
}

fn item_id(id: Option<&str>) -> Checked<()> {
    id.map_or(Ok(()), |id| text("item_id", id))
}

/// Looks at a text that people will read. A control character, NUL above all, is refused by some databases.
pub(super) fn text(name: &str, text: &str) -> Checked<()> {
    let fits = !text.trim().is_empty() && text.len() <= TEXT_BYTES && !text.contains(char::is_control);
    if fits { Ok(()) } else { Err(format!("{name} has 1 to {TEXT_BYTES} bytes, and no control characters")) }
}
