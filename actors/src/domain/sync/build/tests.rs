//! What products become at Meta, and what they lack.

use proptest::prelude::*;

use super::*;
use crate::domain::money::Money;

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse().unwrap() }
}

fn making() -> Making {
    Making { brand: "Ada's".into(), condition: Condition::New }
}

fn details() -> Details {
    Details {
        description: Some("A linen shirt".into()),
        link: Some("https://shop.example/shirt".into()),
        images: vec!["https://shop.example/shirt.jpg".into()],
        ..Details::default()
    }
}

fn shirt() -> Product {
    Product { details: details().kept(), ..Product::new("LIN", "Linen shirt", usd(2990)) }
}

fn one(product: &Product) -> Result<CatalogItem, Refusal> {
    items(product, &making(), &|_| false).remove(0).item
}

#[test]
fn what_meta_would_refuse_says_which_field_and_why() {
    let with = |change: &dyn Fn(&mut Details)| {
        let mut details = details();
        change(&mut details);
        Product { details: details.kept(), ..shirt() }
    };
    let option = |name: &str, value: &str| Product {
        variants: vec![Variant {
            retailer_id: "LIN-M".into(),
            options: vec![(name.into(), value.into())],
            ..Variant::default()
        }],
        ..shirt()
    };
    for (product, code, field) in [
        (with(&|it| it.description = None), "EMPTY_DESCRIPTION", "description"),
        (with(&|it| it.description = Some("<b>Linen</b>".into())), "PROPERTY_VALUE_CONTAINS_HTML_TAGS", "description"),
        (with(&|it| it.link = None), "EMPTY_PRODUCT_URL", "link"),
        (with(&|it| it.link = Some("http://shop.example/a".into())), "INVALID_PRODUCT_URL", "link"),
        (with(&|it| it.link = Some("https://shop.example/".into())), "PRODUCT_URL_EQUALS_DOMAIN", "link"),
        (with(&|it| it.images.clear()), "EMPTY_IMAGE_URL", "images"),
        (Product { title: "LINEN SHIRT IN BLUE".into(), ..shirt() }, "PROPERTY_VALUE_UPPERCASE", "title"),
        (Product { price: usd(0), ..shirt() }, "ITEM_PRICE_NOT_POSITIVE", "price"),
        (Product { sale_price: Some(usd(2990)), ..shirt() }, "INVALID_SALE_PRICE", "sale_price"),
        (option("Scent", "fruit, fresh"), "VARIANT_ATTRIBUTE_ISSUE", "options"),
    ] {
        let refusal = one(&product).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.field.as_str()), (code, field), "{}", refusal.detail);
    }
    for fine in [shirt(), option("Size", "8, 10"), with(&|it| it.description = Some("3 < 5, USB".into()))] {
        one(&fine).unwrap();
    }
}

#[test]
fn a_variant_has_what_it_says_and_else_what_its_product_says() {
    let variant = Variant {
        retailer_id: "LIN-M".into(),
        options: vec![("Size".into(), "M".into())],
        price: Some(usd(3100)),
        stock: Some(-1),
        details: Details { images: vec!["https://shop.example/m.jpg".into()], ..Details::default() }.kept(),
        ..Variant::default()
    };
    let product = Product { sale_price: Some(usd(1990)), variants: vec![variant], ..shirt() };
    let item = one(&product).unwrap();
    assert_eq!((item.retailer_id.as_str(), item.group.as_deref()), ("LIN-M", Some("LIN")));
    assert_eq!((item.price, item.sale_price), (usd(3100), None), "its own price goes before the product's sale");
    assert_eq!((item.availability, item.quantity), (Availability::OutOfStock, None));
    assert_eq!(
        (item.link.as_str(), item.images[0].as_str()),
        ("https://shop.example/shirt", "https://shop.example/m.jpg")
    );
    assert_eq!(item.brand, "Ada's");
    let named = items(&product, &making(), &|sku| sku == "LIN-M").remove(0).item.unwrap_err();
    assert_eq!(named.code, "RETAILER_ID_USED_BY_GROUP");
    assert!(super::item(&product, "LIN", &making(), &|_| false).is_none(), "a product with variants is no item");
}

#[test]
fn prints_tell_what_was_printed_before_and_an_offer_is_price_and_availability() {
    let before = prints(&one(&shirt()).unwrap());
    assert_eq!(before, prints(&one(&shirt()).unwrap()));
    let retitled = prints(&one(&Product { title: "Shirt".into(), ..shirt() }).unwrap());
    assert_ne!(retitled.whole, before.whole);
    assert_eq!(retitled.offer, before.offer);
    for dearer in [
        Product { price: usd(3000), ..shirt() },
        Product { sale_price: Some(usd(1000)), ..shirt() },
        Product { stock: Some(0), ..shirt() },
    ] {
        let prints = prints(&one(&dearer).unwrap());
        assert!(prints.whole != before.whole && prints.offer != before.offer);
    }
    let fewer = prints(&one(&Product { stock: Some(3), ..shirt() }).unwrap());
    assert!(fewer.whole != before.whole && fewer.offer == before.offer);
}

proptest! {
    #[test]
    fn whatever_a_product_says_an_item_of_it_is_within_metas_limits(title in "\\PC{0,150}", minor in -5_i64..500) {
        let product = Product { title, price: usd(minor), ..shirt() };
        if let Ok(item) = one(&product) {
            prop_assert!((1..=TITLE_CHARS).contains(&item.title.chars().count()));
            prop_assert!(item.price.minor > 0);
        }
    }
}
