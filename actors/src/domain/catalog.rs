//! What a seller has for sale.

use serde::{Deserialize, Serialize};

use super::money::Money;

/// One product. Its `retailer_id` is the seller's own name for it and never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// The seller's SKU.
    pub retailer_id: String,
    /// Meta's id of the item in its catalog, where it is known.
    #[serde(default)]
    pub item_id: Option<String>,
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
    /// Meta's id of the item in its catalog, where it is known.
    #[serde(default)]
    pub item_id: Option<String>,
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

/// A product, or one of its variants.
pub type Item<'a> = (&'a Product, Option<&'a Variant>);

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

    /// What Meta or another tool names by an id without saying of what kind: Meta's item id, else an SKU. Where a
    /// product and a variant of it share one, it is the variant.
    pub fn item(&self, id: &str) -> Option<Item<'_>> {
        let items = || {
            self.products.iter().flat_map(|product| {
                let variants = product.variants.iter().map(move |variant| (product, Some(variant)));
                variants.chain([(product, None)])
            })
        };
        let item_id = |(product, variant): Item<'_>| match variant {
            Some(variant) => variant.item_id.as_deref() == Some(id),
            None => product.item_id.as_deref() == Some(id),
        };
        let sku = |(product, variant): Item<'_>| variant.map_or(&product.retailer_id, |one| &one.retailer_id) == id;
        items().find(|item| item_id(*item)).or_else(|| items().find(|item| sku(*item)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(retailer_id: &str, item_id: Option<&str>) -> Variant {
        let item_id = item_id.map(str::to_owned);
        Variant {
            retailer_id: retailer_id.into(),
            item_id,
            options: vec![],
            price: None,
            stock: None,
            keywords: vec![],
        }
    }

    fn product(retailer_id: &str, item_id: Option<&str>, variants: Vec<Variant>) -> Product {
        let price = Money { minor: 1, currency: "USD".parse().unwrap() };
        let (retailer_id, item_id) = (retailer_id.to_owned(), item_id.map(str::to_owned));
        Product { retailer_id, item_id, title: "x".into(), price, stock: None, keywords: vec![], variants }
    }

    #[test]
    fn an_id_of_either_kind_names_one_thing() {
        let products = vec![
            product("CAP", Some("900"), vec![]),
            product("LIN", Some("901"), vec![variant("LIN-M", Some("902")), variant("LIN", None)]),
            product("902", None, vec![]),
        ];
        let catalog = Catalog { products, modifiers: vec![] };
        let named = |id: &str| {
            let (product, variant) = catalog.item(id)?;
            Some((product.retailer_id.clone(), variant.map(|one| one.retailer_id.clone())))
        };
        for (id, product, variant) in [
            ("900", "CAP", None),
            ("CAP", "CAP", None),
            ("901", "LIN", None),
            ("902", "LIN", Some("LIN-M")),
            ("LIN-M", "LIN", Some("LIN-M")),
            ("LIN", "LIN", Some("LIN")),
        ] {
            assert_eq!(named(id), Some((product.to_owned(), variant.map(str::to_owned))), "{id}");
        }
        assert_eq!(named("903"), None);
    }
}
