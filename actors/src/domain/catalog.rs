//! What a seller has for sale: products and the ways they come, and what is put on them.

mod limits;
mod whole;

use serde::{Deserialize, Serialize};

use super::money::Money;
use super::named::named;

pub use limits::{MOST_IMAGES, MOST_PRODUCTS, MOST_VARIANTS, Unfit};
pub use whole::Catalog;

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
    /// What one costs for the time being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_price: Option<Money>,
    /// How many are left; none: not counted.
    #[serde(default)]
    pub stock: Option<i64>,
    /// Whether it can be had; none: as its stock says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
    /// True while it is not offered: no words of a customer mean it, and it is in no catalog at Meta.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Other words customers use for it.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Its variants; none: it is sold as it is.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// What is shown of it; none: nothing more. A shop decides without it, and keeps none of it in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
    /// Counts its changes, from 1. In a command: the version that it was edited from; 0: whatever it is by now.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub version: i64,
}

/// One way a product comes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// What one costs for the time being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_price: Option<Money>,
    /// How many are left; none: not counted.
    #[serde(default)]
    pub stock: Option<i64>,
    /// Whether it can be had; none: as the product says, or its stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
    /// Other words customers use for it.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// What is shown of it in the place of what is shown of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
}

/// What is shown of a product, and no decision depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// What it is, in some sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its page on the web.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Addresses of its pictures, the main one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Who makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// In what condition it is sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Its place in the categories of Google or Facebook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its place in the seller's own categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_type: Option<String>,
}

/// Whether something can be had, in Meta's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Availability {
    /// It is there.
    #[serde(rename = "in stock")]
    InStock,
    /// It is not there now.
    #[serde(rename = "out of stock")]
    OutOfStock,
    /// It can be ordered before it is there.
    #[serde(rename = "preorder")]
    Preorder,
    /// It is made or got once it is ordered.
    #[serde(rename = "available for order")]
    AvailableForOrder,
    /// It will not come again.
    #[serde(rename = "discontinued")]
    Discontinued,
}

named!(Availability {
    InStock = "in stock",
    OutOfStock = "out of stock",
    Preorder = "preorder",
    AvailableForOrder = "available for order",
    Discontinued = "discontinued",
});

/// In what condition something is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Never used.
    New,
    /// Used, and made good again.
    Refurbished,
    /// Used.
    Used,
}

named!(Condition { New = "new", Refurbished = "refurbished", Used = "used", });

/// Something that can be put on any product: a topping, an engraving.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Modifier {
    /// The seller's name for it.
    pub id: String,
    /// As shown to customers.
    pub title: String,
    /// What it adds to the price of one; none: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Other words customers use for it.
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// A product, or one of its variants.
pub type Item<'a> = (&'a Product, Option<&'a Variant>);

impl Product {
    /// A product of which no more is known than this.
    pub fn new(retailer_id: &str, title: &str, price: Money) -> Self {
        Self {
            retailer_id: retailer_id.to_owned(),
            item_id: None,
            title: title.to_owned(),
            price,
            sale_price: None,
            stock: None,
            availability: None,
            hidden: false,
            keywords: Vec::new(),
            variants: Vec::new(),
            details: None,
            version: 0,
        }
    }

    /// The variant with this SKU.
    pub fn variant(&self, retailer_id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.retailer_id == retailer_id)
    }

    /// The price of one, as this variant: on sale, what it costs now. What a variant says goes before what the product
    /// says.
    pub fn price_of(&self, variant: Option<&Variant>) -> Money {
        let own = variant.and_then(|variant| variant.sale_price.or(variant.price));
        own.or(self.sale_price).unwrap_or(self.price)
    }

    /// Whether it can be had, as this variant. What is counted and gone is not there, whatever is said.
    pub fn availability_of(&self, variant: Option<&Variant>) -> Availability {
        let (said, stock) = match variant {
            Some(variant) => (variant.availability.or(self.availability), variant.stock),
            None => (self.availability, self.stock),
        };
        match said {
            None | Some(Availability::InStock) if stock.is_some_and(|left| left <= 0) => Availability::OutOfStock,
            said => said.unwrap_or(Availability::InStock),
        }
    }

    /// How many can be had, as this variant; none: any number.
    pub fn left(&self, variant: Option<&Variant>) -> Option<i64> {
        match self.availability_of(variant) {
            Availability::InStock => variant.map_or(self.stock, |variant| variant.stock),
            Availability::OutOfStock | Availability::Discontinued => Some(0),
            Availability::Preorder | Availability::AvailableForOrder => None,
        }
    }

    /// Every id of Meta's that it goes by, its variants' included.
    pub fn item_ids(&self) -> impl Iterator<Item = &str> {
        let variants = self.variants.iter().filter_map(|variant| variant.item_id.as_deref());
        variants.chain(self.item_id.as_deref())
    }

    /// Without what is only shown.
    pub fn without_details(&self) -> Self {
        let bare = |variant: &Variant| Variant { details: None, ..variant.clone() };
        // The details are not copied first: they may be the most of it.
        Self {
            retailer_id: self.retailer_id.clone(),
            item_id: self.item_id.clone(),
            title: self.title.clone(),
            keywords: self.keywords.clone(),
            variants: self.variants.iter().map(bare).collect(),
            details: None,
            ..*self
        }
    }
}

impl Variant {
    /// `blue, M`
    pub fn label(&self) -> String {
        self.options.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Details {
    /// As a product keeps them: none when they say nothing.
    pub fn kept(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

fn is_zero(version: &i64) -> bool {
    *version == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money { minor, currency: "USD".parse().unwrap() }
    }

    #[test]
    fn what_a_variant_says_of_its_price_goes_before_what_the_product_says() {
        let product =
            |sale: Option<i64>| Product { sale_price: sale.map(usd), ..Product::new("LIN", "Linen", usd(30)) };
        let variant = |price: Option<i64>, sale: Option<i64>| Variant {
            price: price.map(usd),
            sale_price: sale.map(usd),
            ..Variant::default()
        };
        for (sale, of_variant, price) in [
            (None, None, 30),
            (Some(20), None, 20),
            (None, Some(variant(None, None)), 30),
            (Some(20), Some(variant(None, None)), 20),
            (Some(20), Some(variant(Some(40), None)), 40),
            (Some(20), Some(variant(Some(40), Some(35))), 35),
            (None, Some(variant(None, Some(25))), 25),
        ] {
            assert_eq!(product(sale).price_of(of_variant.as_ref()), usd(price), "{sale:?} {of_variant:?}");
        }
    }

    #[test]
    fn what_can_be_had_follows_the_stock_unless_something_else_is_said() {
        use Availability::{AvailableForOrder, Discontinued, InStock, OutOfStock, Preorder};
        for (said, stock, availability, left) in [
            (None, None, InStock, None),
            (None, Some(3), InStock, Some(3)),
            (None, Some(0), OutOfStock, Some(0)),
            (Some(InStock), Some(0), OutOfStock, Some(0)),
            (Some(OutOfStock), Some(3), OutOfStock, Some(0)),
            (Some(Discontinued), None, Discontinued, Some(0)),
            (Some(Preorder), Some(0), Preorder, None),
            (Some(AvailableForOrder), None, AvailableForOrder, None),
        ] {
            let cap = Product { stock, availability: said, ..Product::new("CAP", "Cap", usd(1)) };
            assert_eq!((cap.availability_of(None), cap.left(None)), (availability, left), "{said:?} {stock:?}");
            let variant = Variant { stock, ..Variant::default() };
            let shirt = Product { availability: said, ..Product::new("LIN", "Linen", usd(1)) };
            assert_eq!(shirt.availability_of(Some(&variant)), availability, "{said:?} {stock:?}, by the product");
        }
    }

    #[test]
    fn a_product_of_an_older_command_is_read_and_said_no_longer_than_it_was() {
        let old = r#"{"retailer_id":"CAP","item_id":null,"title":"Cap","price":{"minor":1,"currency":"USD"},"stock":2,"keywords":[],"variants":[{"retailer_id":"CAP-S","options":[["Size","S"]]}]}"#;
        let read: Product = serde_json::from_str(old).unwrap();
        let variants = vec![Variant {
            retailer_id: "CAP-S".into(),
            options: vec![("Size".into(), "S".into())],
            ..Variant::default()
        }];
        assert_eq!(read, Product { stock: Some(2), variants, ..Product::new("CAP", "Cap", usd(1)) });
        let plain = Product { variants: vec![], ..read };
        let said = serde_json::to_value(&plain).unwrap();
        assert_eq!(said.as_object().unwrap().len(), 7, "{said}");
    }
}
