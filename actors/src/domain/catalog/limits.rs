//! What products and modifiers may be: lengths that Meta or a database takes, and numbers that make sense.

use super::{Details, Modifier, Product, Variant};
use crate::domain::money::{Currency, Money};

/// Products that a seller may have.
pub const MOST_PRODUCTS: usize = 200_000;
/// Variants that a product may have.
pub const MOST_VARIANTS: usize = 250;
/// Pictures that a product may have.
pub const MOST_IMAGES: usize = 21;
const MOST_KEYWORDS: usize = 50;
const MOST_OPTIONS: usize = 10;
/// So much of anything is a mistake.
const MOST_STOCK: i64 = 1_000_000_000;
const MOST_MINOR: i64 = 1_000_000_000_000;
const LINK_BYTES: usize = 2000;

/// Why something cannot be sold as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// A stable code.
    pub code: &'static str,
    /// The field it is about.
    pub field: &'static str,
    /// What the field must be, as the rest of a sentence that begins with it.
    pub must: String,
}

impl Unfit {
    /// `title has 1 to 200 characters`
    pub fn sentence(&self) -> String {
        format!("{} {}", self.field, self.must)
    }
}

type Fits = Result<(), Unfit>;

fn unfit(code: &'static str, field: &'static str, must: impl Into<String>) -> Fits {
    Err(Unfit { code, field, must: must.into() })
}

impl Product {
    /// Looks whether it can be sold in this currency.
    pub fn fits(&self, currency: Currency) -> Fits {
        text("retailer_id", &self.retailer_id, 100)?;
        text("title", &self.title, 200)?;
        price("price", Some(self.price), currency)?;
        common(&(&self.item_id, self.sale_price, self.stock, &self.keywords, &self.details), currency)?;
        many("variants", self.variants.len(), MOST_VARIANTS)?;
        self.variants.iter().try_for_each(|variant| variant.fits(currency))
    }
}

impl Variant {
    /// Looks whether it can be sold in this currency.
    fn fits(&self, currency: Currency) -> Fits {
        text("retailer_id", &self.retailer_id, 100)?;
        many("options", self.options.len(), MOST_OPTIONS)?;
        for (name, value) in &self.options {
            text("options", name, 100)?;
            text("options", value, 200)?;
        }
        price("price", self.price, currency)?;
        common(&(&self.item_id, self.sale_price, self.stock, &self.keywords, &self.details), currency)
    }
}

impl Modifier {
    /// Looks whether it can be sold in this currency.
    pub fn fits(&self, currency: Currency) -> Fits {
        text("id", &self.id, 100)?;
        text("title", &self.title, 200)?;
        price("price", self.price, currency)?;
        keywords(&self.keywords)
    }
}

/// What products and variants both have: item id, price on sale, stock, keywords, details.
type Common<'a> = (&'a Option<String>, Option<Money>, Option<i64>, &'a Vec<String>, &'a Option<Box<Details>>);

fn common((item_id, sale_price, stock, words, details): &Common<'_>, currency: Currency) -> Fits {
    maybe_text("item_id", item_id, 100)?;
    price("sale_price", *sale_price, currency)?;
    if stock.is_some_and(|stock| stock.abs() > MOST_STOCK) {
        return unfit("wrong_stock", "stock", format!("is at most {MOST_STOCK}"));
    }
    keywords(words)?;
    details.as_ref().map_or(Ok(()), |details| details.fit())
}

impl Details {
    fn fit(&self) -> Fits {
        if let Some(description) = &self.description {
            let is_odd = |char: char| char.is_control() && !matches!(char, '\n' | '\r' | '\t');
            if !has_length(description, 5000) || description.contains(is_odd) {
                return unfit("wrong_text", "description", "has 1 to 5000 characters of plain text");
            }
        }
        maybe_text("brand", &self.brand, 100)?;
        maybe_text("category", &self.category, 250)?;
        maybe_text("product_type", &self.product_type, 750)?;
        self.link.as_deref().map_or(Ok(()), |address| link("link", address))?;
        many("images", self.images.len(), MOST_IMAGES)?;
        for image in &self.images {
            link("images", image)?;
            // Lists of them are parted by commas.
            if image.contains(',') {
                return unfit("wrong_link", "images", "has addresses without a comma: write %2C");
            }
        }
        Ok(())
    }
}

fn keywords(words: &[String]) -> Fits {
    many("keywords", words.len(), MOST_KEYWORDS)?;
    words.iter().try_for_each(|word| text("keywords", word, 100))
}

/// NUL above all is refused by some databases: stored as it is, it would make the seller fall.
fn text(field: &'static str, text: &str, most: usize) -> Fits {
    match has_length(text, most) && !text.contains(char::is_control) {
        true => Ok(()),
        false => unfit("wrong_text", field, format!("has 1 to {most} characters, and no control characters")),
    }
}

fn maybe_text(field: &'static str, maybe: &Option<String>, most: usize) -> Fits {
    maybe.as_deref().map_or(Ok(()), |given| text(field, given, most))
}

fn has_length(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().take(most + 1).count() <= most
}

fn many(field: &'static str, found: usize, most: usize) -> Fits {
    match found <= most {
        true => Ok(()),
        false => unfit("too_many", field, format!("has at most {most}")),
    }
}

fn price(field: &'static str, price: Option<Money>, currency: Currency) -> Fits {
    let fits = |price: Money| price.currency == currency && (0..=MOST_MINOR).contains(&price.minor);
    match price.is_none_or(fits) {
        true => Ok(()),
        false => unfit(
            "wrong_price",
            field,
            format!("must be in {currency}, from 0 to {}", Money { minor: MOST_MINOR, currency }),
        ),
    }
}

fn link(field: &'static str, address: &str) -> Fits {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let is_odd = |char: char| char.is_whitespace() || char.is_control();
    match host.is_some_and(|host| !host.is_empty()) && address.len() <= LINK_BYTES && !address.contains(is_odd) {
        true => Ok(()),
        false => unfit("wrong_link", field, format!("is a full https:// address of at most {LINK_BYTES} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money { minor, currency: "USD".parse().unwrap() }
    }

    fn cap() -> Product {
        Product::new("CAP", "Cap", usd(1))
    }

    fn shown(details: Details) -> Product {
        Product { details: details.kept(), ..cap() }
    }

    fn in_variant(variant: Variant) -> Product {
        let named = Variant { retailer_id: "CAP-S".into(), ..variant };
        Product { variants: vec![named], ..cap() }
    }

    #[test]
    fn what_cannot_be_sold_says_which_field_and_why() {
        let eur = Money { minor: 1, currency: "EUR".parse().unwrap() };
        let link = |link: &str| shown(Details { link: Some(link.into()), ..Details::default() });
        let images = |images: &[&str]| {
            shown(Details { images: images.iter().map(|it| (*it).to_owned()).collect(), ..Details::default() })
        };
        for (product, code, field) in [
            (Product { title: "Cap\0".into(), ..cap() }, "wrong_text", "title"),
            (Product { title: "x".repeat(201), ..cap() }, "wrong_text", "title"),
            (Product { title: " ".into(), ..cap() }, "wrong_text", "title"),
            (Product { retailer_id: "é".repeat(101), ..cap() }, "wrong_text", "retailer_id"),
            (Product { price: eur, ..cap() }, "wrong_price", "price"),
            (Product { price: usd(-1), ..cap() }, "wrong_price", "price"),
            (Product { sale_price: Some(eur), ..cap() }, "wrong_price", "sale_price"),
            (Product { stock: Some(i64::MAX), ..cap() }, "wrong_stock", "stock"),
            (Product { keywords: vec![String::new()], ..cap() }, "wrong_text", "keywords"),
            (Product { keywords: vec!["x".into(); 51], ..cap() }, "too_many", "keywords"),
            (Product { variants: vec![Variant::default(); 251], ..cap() }, "too_many", "variants"),
            (in_variant(Variant { price: Some(eur), ..Variant::default() }), "wrong_price", "price"),
            (
                in_variant(Variant { options: vec![("Size".into(), String::new())], ..Variant::default() }),
                "wrong_text",
                "options",
            ),
            (link("ftp://shop.example/cap"), "wrong_link", "link"),
            (link("https://"), "wrong_link", "link"),
            (link("https://shop.example/a cap"), "wrong_link", "link"),
            (images(&["https://shop.example/a,b.jpg"]), "wrong_link", "images"),
            (images(&["https://shop.example/a.jpg"; 22]), "too_many", "images"),
            (shown(Details { description: Some("x".repeat(5001)), ..Details::default() }), "wrong_text", "description"),
            (shown(Details { brand: Some("x".repeat(101)), ..Details::default() }), "wrong_text", "brand"),
        ] {
            let unfit = product.fits("USD".parse().unwrap()).unwrap_err();
            assert_eq!((unfit.code, unfit.field), (code, field), "{}", unfit.sentence());
        }
    }

    #[test]
    fn what_is_just_short_enough_is_sold() {
        let details = Details {
            description: Some(format!("{}\n\ttabs and lines", "é".repeat(4000))),
            link: Some("https://shop.example/cap?a=1,2".into()),
            images: vec!["https://shop.example/a%2Cb.jpg".into(); 21],
            ..Details::default()
        };
        let product =
            Product { title: "é".repeat(200), stock: Some(-2), keywords: vec!["x".into(); 50], ..shown(details) };
        assert_eq!(product.fits("USD".parse().unwrap()), Ok(()));
    }
}
