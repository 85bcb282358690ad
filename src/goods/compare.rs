//! What a file would change: what it leaves open is as it is known, and the rest is compared field by field.

use actors::domain::catalog::{Details, Product, Variant};
use actors::domain::money::{Currency, Money};

use super::columns::{Column, Given};
use super::read::Parsed;
use super::report::Wrong;

/// So many fields of a product are named.
const MOST_FIELDS: usize = 20;

/// Puts what is known into the fields that have no column.
macro_rules! keep {
    ($given:expr, $to:expr, $known:expr, $($column:ident => $field:ident),+) => {
        $(if !$given.has(Column::$column) {
            $to.$field.clone_from(&$known.$field);
        })+
    };
}

/// Names the fields that differ.
macro_rules! differing {
    ($names:expr, $prefix:expr, $one:expr, $other:expr, $($field:ident),+) => {
        $(if $one.$field != $other.$field {
            $names.push(format!("{}{}", $prefix, stringify!($field)));
        })+
    };
}

/// A product as it will be: what the file has no column for stays.
pub(super) fn completed(parsed: &Parsed, known: Option<&Product>) -> Product {
    let (mut product, given) = (parsed.product.clone(), parsed.given);
    let Some(known) = known.filter(|_| given != Given::ALL) else { return product };
    keep!(given, product, known, ItemId => item_id, Title => title, Price => price, SalePrice => sale_price,
        Stock => stock, Availability => availability, Hidden => hidden, Keywords => keywords);
    product.details = completed_details(product.details.take(), known.details.as_deref(), given);
    if !given.has(Column::Group) {
        product.variants.clone_from(&known.variants);
        return product;
    }
    for variant in &mut product.variants {
        if let Some(known) = known.variant(&variant.retailer_id) {
            complete_variant(variant, known, given);
        }
    }
    product
}

fn complete_variant(variant: &mut Variant, known: &Variant, given: Given) {
    keep!(given, variant, known, ItemId => item_id, Price => price, SalePrice => sale_price, Stock => stock,
        Availability => availability, Keywords => keywords, Options => options);
    variant.details = completed_details(variant.details.take(), known.details.as_deref(), given);
}

fn completed_details(own: Option<Box<Details>>, known: Option<&Details>, given: Given) -> Option<Box<Details>> {
    let (mut details, nothing) = (own.map(|own| *own).unwrap_or_default(), Details::default());
    let known = known.unwrap_or(&nothing);
    keep!(given, details, known, Description => description, Link => link, Brand => brand, Condition => condition,
        Category => category, ProductType => product_type);
    let (main, more) = known.images.split_at(known.images.len().min(1));
    match (given.has(Column::Image), given.has(Column::MoreImages)) {
        (true, true) => {}
        (true, false) => details.images.extend_from_slice(more),
        (false, true) => {
            details.images.splice(0..0, main.iter().cloned());
        }
        (false, false) => details.images.clone_from(&known.images),
    }
    details.kept()
}

/// The names of the fields in which two products differ.
pub(super) fn differences(known: &Product, product: &Product) -> Vec<String> {
    let mut names = Vec::new();
    differing!(names, "", known, product, item_id, title, price, sale_price, stock, availability, hidden, keywords);
    details(&mut names, "", known.details.as_deref(), product.details.as_deref());
    for variant in &product.variants {
        match known.variant(&variant.retailer_id) {
            Some(known) => of_variant(&mut names, known, variant),
            None => names.push(format!("variants[{}]", variant.retailer_id)),
        }
    }
    let gone = known.variants.iter().filter(|variant| product.variant(&variant.retailer_id).is_none());
    names.extend(gone.map(|variant| format!("variants[{}]", variant.retailer_id)));
    if names.is_empty() && known.variants != product.variants {
        names.push("variants".to_owned());
    }
    names.truncate(MOST_FIELDS);
    names
}

fn of_variant(names: &mut Vec<String>, known: &Variant, variant: &Variant) {
    let prefix = format!("variants[{}].", variant.retailer_id);
    differing!(names, prefix, known, variant, item_id, options, price, sale_price, stock, availability, keywords);
    details(names, &prefix, known.details.as_deref(), variant.details.as_deref());
}

fn details(names: &mut Vec<String>, prefix: &str, known: Option<&Details>, now: Option<&Details>) {
    let nothing = Details::default();
    let (known, now) = (known.unwrap_or(&nothing), now.unwrap_or(&nothing));
    differing!(names, prefix, known, now, description, link, images, brand, condition, category, product_type);
}

/// Why a product of a file cannot be sold, as far as the file alone tells.
pub(super) fn unfit(parsed: &Parsed, currency: Currency) -> Option<Wrong> {
    let (lacks_title, lacks_price) = (!parsed.given.has(Column::Title), !parsed.given.has(Column::Price));
    if !lacks_title && !lacks_price {
        return why_unfit(&parsed.product, currency);
    }
    let mut product = parsed.product.clone();
    if lacks_title {
        "known already".clone_into(&mut product.title);
    }
    if lacks_price {
        product.price = Money { minor: 0, currency };
    }
    why_unfit(&product, currency)
}

/// Why a product cannot be sold.
pub(super) fn why_unfit(product: &Product, currency: Currency) -> Option<Wrong> {
    let unfit = product.fits(currency).err()?;
    Some(Wrong { column: Some(unfit.field.to_owned()), ..Wrong::new(unfit.code, unfit.sentence()) })
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::read::Found;
    use super::super::read::tests::{read, usd};
    use super::*;

    fn parsed(file: &str) -> Parsed {
        match read(Format::Csv, file).remove(0) {
            Found::Product(parsed) => *parsed,
            other => panic!("{other:?}"),
        }
    }

    fn known() -> Product {
        let variant = |sku: &str, size: &str| Variant {
            retailer_id: sku.into(),
            options: vec![("Size".into(), size.into())],
            stock: Some(3),
            ..Variant::default()
        };
        let images = ["https://a.example/1.jpg", "https://a.example/2.jpg"].map(str::to_owned).into();
        Product {
            keywords: vec!["camisa".into()],
            variants: vec![variant("LIN-S", "S"), variant("LIN-M", "M")],
            details: Details { images, brand: Some("Ada".into()), ..Details::default() }.kept(),
            version: 7,
            ..Product::new("LIN", "Linen", Money { minor: 3000, currency: usd() })
        }
    }

    #[test]
    fn what_a_file_has_no_column_for_stays_and_an_empty_cell_says_none() {
        for (file, differ) in [
            ("id,price\nLIN,30\n", vec![]),
            ("id,price\nLIN,31\n", vec!["price"]),
            ("id,title,keywords\nLIN,Linen,\n", vec!["keywords"]),
            ("id,brand\nLIN,\n", vec!["brand"]),
            ("id,image_link\nLIN,https://a.example/1.jpg\n", vec![]),
            ("id,image_link\nLIN,https://a.example/3.jpg\n", vec!["images"]),
            ("id,item_group_id,stock\nLIN-S,LIN,3\nLIN-M,LIN,2\n", vec!["variants[LIN-M].stock"]),
            ("id,item_group_id\nLIN-M,LIN\nLIN-S,LIN\n", vec!["variants"]),
            ("id,item_group_id\nLIN-M,LIN\nLIN-L,LIN\n", vec!["variants[LIN-L]", "variants[LIN-S]"]),
        ] {
            let parsed = parsed(file);
            assert!(unfit(&parsed, usd()).is_none(), "{file}");
            assert_eq!(differences(&known(), &completed(&parsed, Some(&known()))), differ, "{file}");
        }
    }

    #[test]
    fn a_product_nobody_knows_needs_a_title_and_a_price() {
        for file in ["id,title\nCAP,Cap\n", "id,price\nCAP,1\n"] {
            let parsed = parsed(file);
            assert!(unfit(&parsed, usd()).is_none());
            assert!(why_unfit(&completed(&parsed, None), usd()).is_some(), "{file}");
        }
        assert_eq!(unfit(&parsed("id,title,price\nCAP,Cap,\n"), usd()).unwrap().code, "wrong_price");
    }
}
