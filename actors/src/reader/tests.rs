//! Readings of whole messages, put to a small shop of our own.

mod asked;
mod contacts;
mod ordered;
mod properties;
mod turned;

use super::{CatalogIndex, read};
use crate::domain::{
    catalog::{Catalog, Modifier, Product, Variant},
    money::Money,
    reading::{LineChange, Reading},
};

/// A shop with clothes in sizes and colours, sweets in flavours, and things that come in one form only.
pub(super) fn shop() -> CatalogIndex {
    CatalogIndex::new(&catalog())
}

pub(super) fn catalog() -> Catalog {
    let mut apron = Vec::new();
    for colour in ["Blue", "Red", "Green"] {
        for size in ["S", "M", "L"] {
            apron.push(variant(&format!("AP-{colour}-{size}"), &[("Color", colour), ("Size", size)]));
        }
    }
    let boots = [("38", "BO-38"), ("40", "BO-40"), ("42", "BO-42")].map(|(size, sku)| variant(sku, &[("Size", size)]));
    let jam = ["Plum", "Fig"].map(|taste| variant(&format!("JAM-{taste}"), &[("Flavour", taste)]));
    let honey = [("250 g", "HO-250"), ("500 g", "HO-500")].map(|(weight, sku)| variant(sku, &[("Weight", weight)]));
    Catalog::new(
        [
            product("AP", "Waxed Apron", &[], apron),
            product("BO", "Rubber Boots", &[], boots.to_vec()),
            product("JAM", "Farm Jam", &["mermelada", "confiture", "geleia"], jam.to_vec()),
            product("HO", "Heather Honey", &[], honey.to_vec()),
            product("TE", "Herb Teapot", &[], vec![]),
            product("TR", "Seed Tray (set of 6)", &[], vec![]),
            product("CAP", "Wool Cap", &["beanie"], vec![]),
            product("TO", "Garden Toast", &["toastie"], vec![]),
        ],
        [
            Modifier { id: "pesto".into(), title: "Pesto".into(), price: None, keywords: vec![] },
            Modifier {
                id: "goat".into(),
                title: "Goat Cheese".into(),
                price: None,
                keywords: vec!["goats cheese".into()],
            },
        ],
    )
}

fn product(sku: &str, title: &str, keywords: &[&str], variants: Vec<Variant>) -> Product {
    let price = Money::parse("12.00", "EUR".parse().unwrap()).unwrap();
    let keywords = keywords.iter().map(|keyword| (*keyword).to_owned()).collect();
    Product { keywords, variants, ..Product::new(sku, title, price) }
}

fn variant(sku: &str, options: &[(&str, &str)]) -> Variant {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Variant { retailer_id: sku.into(), options, ..Variant::default() }
}

/// `2 AP-Blue-M, 1 CAP`; a line that takes away has a minus, one that sets an `=`.
pub(super) fn summary(reading: &Reading) -> String {
    let lines = reading.lines.iter().map(|line| {
        let sign = match line.change {
            LineChange::Add => "",
            LineChange::Set => "=",
            LineChange::Remove => "-",
        };
        format!("{sign}{} {}", line.quantity, line.variant.as_ref().unwrap_or(&line.product))
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// Reads each message and compares intent and lines, and shows all that differ.
pub(super) fn check(cases: &[(&str, crate::domain::reading::Intent, &str)]) {
    let shop = shop();
    let mut wrong = Vec::new();
    for (text, intent, lines) in cases {
        let reading = read(&shop, text);
        if reading.intent != *intent || summary(&reading) != *lines {
            wrong.push(format!("{text:?}: {:?} [{}], not {intent:?} [{lines}]", reading.intent, summary(&reading)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
