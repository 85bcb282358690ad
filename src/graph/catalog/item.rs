//! One of our items in Meta's words, which are others in a batch than alone.

use std::borrow::Cow;

use actors::domain::money::Money;
use actors::domain::sync::item::{CatalogItem, ItemChange};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::errors::{Class, Fault};

/// What of our options Meta has a field for, and its name.
const FIELDS: [(&str, Attribute); 5] = [
    ("color", Attribute::Color),
    ("colour", Attribute::Color),
    ("size", Attribute::Size),
    ("pattern", Attribute::Pattern),
    ("material", Attribute::Material),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    Color,
    Size,
    Pattern,
    Material,
}

/// An item's options, in Meta's words: what is empty is to be nothing there.
#[derive(Debug, Default, PartialEq, Eq)]
struct Attributes<'a> {
    color: &'a str,
    size: &'a str,
    pattern: &'a str,
    material: &'a str,
    /// All others, by name.
    further: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Batch<'a> {
    item_type: &'static str,
    allow_upsert: bool,
    requests: Vec<Request<'a>>,
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Whole(Box<Whole<'a>>),
    Id { id: &'a str },
}

/// An item of a batch. What was not written keeps what it was, so that nothing is left out: empty means none.
#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    title: &'a str,
    description: &'a str,
    availability: &'a str,
    condition: &'a str,
    price: String,
    sale_price: String,
    link: &'a str,
    image_link: &'a str,
    additional_image_link: &'a [String],
    brand: &'a str,
    /// An empty number might be refused with the whole item: what is no longer counted keeps its last count at Meta.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity_to_sell_on_facebook: Option<i64>,
    item_group_id: &'a str,
    color: &'a str,
    size: &'a str,
    pattern: &'a str,
    material: &'a str,
    additional_variant_attribute: String,
    google_product_category: &'a str,
    product_type: &'a str,
}

/// The body of a batch.
pub(super) fn batch(changes: &[ItemChange]) -> Vec<u8> {
    let requests = changes.iter().map(|change| match change {
        ItemChange::Put(item) => Request { method: "UPDATE", data: Data::Whole(Box::new(Whole::of(item))) },
        ItemChange::Remove(retailer_id) => Request { method: "DELETE", data: Data::Id { id: retailer_id } },
    });
    let batch = Batch { item_type: "PRODUCT_ITEM", allow_upsert: true, requests: requests.collect() };
    serde_json::to_vec(&batch).expect("plain structs are always JSON")
}

impl<'a> Whole<'a> {
    fn of(item: &'a CatalogItem) -> Self {
        let attributes = Attributes::of(&item.options);
        let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        let (image, further_images) = images(item);
        Self {
            id: &item.retailer_id,
            title: &item.title,
            description: &item.description,
            availability: item.availability.name(),
            condition: item.condition.name(),
            price: item.price.to_string(),
            sale_price: item.sale_price.map(|price| price.to_string()).unwrap_or_default(),
            link: &item.link,
            image_link: image,
            additional_image_link: further_images,
            brand: &item.brand,
            quantity_to_sell_on_facebook: item.quantity,
            item_group_id: text(&item.group),
            color: attributes.color,
            size: attributes.size,
            pattern: attributes.pattern,
            material: attributes.material,
            additional_variant_attribute: attributes.joined(),
            google_product_category: text(&item.category),
            product_type: text(&item.product_type),
        }
    }
}

/// The body of an item alone: prices in hundredths, and other names.
pub(super) fn single(item: &CatalogItem) -> Result<Value, Fault> {
    let attributes = Attributes::of(&item.options);
    let (image, further_images) = images(item);
    let further: Map<String, Value> =
        attributes.further.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut body = json!({
        "retailer_id": item.retailer_id,
        "name": item.title,
        "description": item.description,
        "availability": item.availability.name(),
        "condition": item.condition.name(),
        "currency": item.price.currency.code(),
        "price": hundredths(item.price)?,
        // Nothing is what means that it is not on sale.
        "sale_price": item.sale_price.map_or(Ok(0), hundredths)?,
        "url": item.link,
        "image_url": image,
        "additional_image_urls": further_images,
        "brand": item.brand,
        "retailer_product_group_id": item.group.as_deref().unwrap_or_default(),
        "color": attributes.color,
        "size": attributes.size,
        "pattern": attributes.pattern,
        "material": attributes.material,
        "additional_variant_attributes": further,
        "category": item.category.as_deref().unwrap_or_default(),
        "product_type": item.product_type.as_deref().unwrap_or_default(),
        "allow_upsert": true,
    });
    if let Some(quantity) = item.quantity {
        body["quantity_to_sell_on_facebook"] = quantity.into();
    }
    Ok(body)
}

/// The main picture, and the others.
fn images(item: &CatalogItem) -> (&str, &[String]) {
    match item.images.split_first() {
        Some((main, further)) => (main, further),
        None => ("", &[]),
    }
}

/// Whatever the currency, a price alone is written in hundredths of its unit.
fn hundredths(price: Money) -> Result<i64, Fault> {
    let exact = match price.currency.decimals() {
        0 => price.minor.checked_mul(100),
        3 => Some(price.minor / 10).filter(|_| price.minor % 10 == 0),
        _ => Some(price.minor),
    };
    let odd = "Meta takes single items at whole hundredths of the currency only: round the price";
    exact.ok_or_else(|| Fault::refused_as(Class::Parameter, "no_price", odd))
}

impl<'a> Attributes<'a> {
    fn of(options: &'a [(String, String)]) -> Self {
        let mut attributes = Self::default();
        for (name, value) in options {
            let lower = name.trim().to_lowercase();
            let field = FIELDS.iter().find(|(own, _)| *own == lower).map(|(_, field)| *field);
            let place = field.map(|field| attributes.place(field));
            match place {
                Some(place) if place.is_empty() => *place = value,
                // A second size, or what Meta has no field for.
                _ => attributes.further.push((plain(name).into_owned(), plain(value).into_owned())),
            }
        }
        attributes
    }

    fn place(&mut self, attribute: Attribute) -> &mut &'a str {
        match attribute {
            Attribute::Color => &mut self.color,
            Attribute::Size => &mut self.size,
            Attribute::Pattern => &mut self.pattern,
            Attribute::Material => &mut self.material,
        }
    }

    /// `Scent:Fruity,Flavor:Apple`
    fn joined(&self) -> String {
        let pairs = self.further.iter().map(|(name, value)| format!("{name}:{value}"));
        pairs.collect::<Vec<_>>().join(",")
    }
}

/// Commas and colons are what parts the attributes.
fn plain(text: &str) -> Cow<'_, str> {
    match text.contains([',', ':']) {
        true => text.replace([',', ':'], " ").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use actors::domain::catalog::{Availability, Condition};

    use super::*;

    macro_rules! sample {
        ($name:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!("../../../tests/samples/graph/", $name))).unwrap()
        };
    }

    fn money(minor: i64, currency: &str) -> Money {
        Money { minor, currency: currency.parse().unwrap() }
    }

    fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn shirt() -> CatalogItem {
        CatalogItem {
            retailer_id: "LIN-BLU-M".into(),
            title: "Blue linen shirt".into(),
            description: "Regular fit linen shirt.".into(),
            availability: Availability::InStock,
            condition: Condition::New,
            price: money(2990, "USD"),
            sale_price: None,
            link: "https://shop.example/p/1?size=M".into(),
            images: vec!["https://cdn.shop.example/p/1.jpg".into()],
            brand: "Linen Shop".into(),
            quantity: Some(12),
            group: Some("LIN-BLU".into()),
            options: options(&[("Size", "M"), ("Colour", "blue")]),
            category: None,
            product_type: None,
        }
    }

    /// What is said of the one item of a batch, without what is empty.
    fn said(item: CatalogItem) -> Value {
        let body: Value = serde_json::from_slice(&batch(&[ItemChange::Put(Box::new(item))])).unwrap();
        let mut data = body["requests"][0]["data"].clone();
        data.as_object_mut().unwrap().retain(|_, value| *value != "" && *value != json!([]));
        data
    }

    #[test]
    fn an_item_goes_up_in_a_batch_as_it_is_documented() {
        assert_eq!(said(shirt()), sample!("items_batch_request_create.json")["requests"][0]["data"]);
    }

    #[test]
    fn what_is_none_is_written_as_nothing_because_what_is_not_written_stays() {
        let whole = CatalogItem {
            sale_price: Some(money(2400, "USD")),
            images: vec!["https://a/1.jpg".into(), "https://a/2.jpg".into()],
            options: options(&[
                ("size", "M"),
                ("color", "blue"),
                ("pattern", "dots"),
                ("material", "linen"),
                ("Fit", "slim"),
            ]),
            category: Some("Apparel".into()),
            product_type: Some("Shirts".into()),
            ..shirt()
        };
        let bare = CatalogItem { group: None, options: vec![], ..shirt() };
        let names = |item: CatalogItem| {
            let body: Value = serde_json::from_slice(&batch(&[ItemChange::Put(Box::new(item))])).unwrap();
            body["requests"][0]["data"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(whole.clone()), names(bare.clone()));
        assert_eq!(said(whole).as_object().unwrap().len(), 20);
        assert_eq!(said(bare.clone()).as_object().unwrap().len(), 10);
        assert_eq!(said(CatalogItem { quantity: None, ..bare }).as_object().unwrap().len(), 9);
    }

    #[test]
    fn a_batch_has_one_request_a_change() {
        let changes = [ItemChange::Put(Box::new(shirt())), ItemChange::Remove("OLD-SKU-9".into())];
        let body: Value = serde_json::from_slice(&batch(&changes)).unwrap();
        let documented = sample!("items_batch_request_mixed.json");
        assert_eq!(body["requests"][1], documented["requests"][2]);
        for member in ["item_type", "allow_upsert"] {
            assert_eq!(body[member], documented[member]);
        }
        assert_eq!(body["requests"][0]["method"], "UPDATE");
    }

    #[test]
    fn prices_are_decimals_in_a_batch_and_hundredths_alone() {
        for (price, batch, alone) in [
            (money(2990, "USD"), "29.90 USD", Some(2990)),
            (money(1_000_005, "EUR"), "10000.05 EUR", Some(1_000_005)),
            (money(500, "JPY"), "500 JPY", Some(50_000)),
            (money(1_230, "KWD"), "1.230 KWD", Some(123)),
            (money(1_234, "KWD"), "1.234 KWD", None),
        ] {
            let item = CatalogItem { price, sale_price: Some(price), ..shirt() };
            assert_eq!(
                (&said(item.clone())["price"], &said(item.clone())["sale_price"]),
                (&json!(batch), &json!(batch))
            );
            let body = single(&item);
            assert_eq!(body.as_ref().ok().and_then(|body| body["price"].as_i64()), alone, "{batch}");
            assert_eq!(body.ok().and_then(|body| body["sale_price"].as_i64()), alone, "{batch}");
        }
    }

    #[test]
    fn an_item_alone_goes_up_as_it_is_documented() {
        let body = single(&shirt()).unwrap();
        let documented = sample!("product_create_request.json");
        for (name, value) in documented.as_object().unwrap() {
            let own = if name == "url" { json!("https://shop.example/p/1?size=M") } else { value.clone() };
            assert_eq!(body[name], own, "{name}");
        }
        assert_eq!((&body["sale_price"], &body["retailer_product_group_id"]), (&json!(0), &json!("LIN-BLU")));
    }

    #[test]
    fn options_go_into_the_fields_meta_has_for_them() {
        let given = options(&[
            ("Size", "M"),
            ("COLOR ", "blue"),
            ("Shoe size", "42"),
            ("Size", "tall"),
            ("Scent: kind", "Fruity, fresh"),
        ]);
        let attributes = Attributes::of(&given);
        assert_eq!((attributes.size, attributes.color, attributes.pattern), ("M", "blue", ""));
        assert_eq!(attributes.joined(), "Shoe size:42,Size:tall,Scent  kind:Fruity  fresh");
    }
}
