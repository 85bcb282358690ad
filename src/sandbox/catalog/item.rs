//! An item as it is written: its fields in the names of `items_batch`, and what Meta finds wrong with them.

use serde_json::{Map, Value};

/// The fields of an item, in the names of `items_batch`.
pub(super) type Fields = Map<String, Value>;

/// How the complaint about a missing field begins.
pub(super) const MISSING: &str = "Required field missing";
/// The fields an item cannot be without.
const REQUIRED: [&str; 7] = ["title", "description", "availability", "condition", "price", "link", "brand"];
/// All others that are known; what is not is warned of.
const OPTIONAL: [&str; 39] = [
    "id",
    "additional_image_link",
    "additional_variant_attribute",
    "age_group",
    "category",
    "color",
    "custom_label_0",
    "custom_label_1",
    "custom_label_2",
    "custom_label_3",
    "custom_label_4",
    "disabled_capabilities",
    "fb_product_category",
    "gender",
    "google_product_category",
    "gtin",
    "image",
    "image_link",
    "importer_address",
    "importer_name",
    "internal_label",
    "inventory",
    "item_group_id",
    "manufacturer_info",
    "material",
    "mpn",
    "origin_country",
    "pattern",
    "product_type",
    "quantity_to_sell_on_facebook",
    "rich_text_description",
    "sale_price",
    "sale_price_effective_date",
    "shipping",
    "shipping_weight",
    "size",
    "status",
    "style",
    "visibility",
];
const AVAILABILITIES: [&str; 6] =
    ["in stock", "out of stock", "available for order", "discontinued", "preorder", "pending"];
/// What a change of does not ask for another review.
const NOT_REVIEWED: [&str; 11] = [
    "availability",
    "custom_label_0",
    "custom_label_1",
    "custom_label_2",
    "custom_label_3",
    "custom_label_4",
    "internal_label",
    "inventory",
    "price",
    "quantity_to_sell_on_facebook",
    "sale_price",
];

/// The fields nobody knows.
pub(super) fn unknown(fields: &Fields) -> impl Iterator<Item = &str> {
    let is_known = |name: &&String| REQUIRED.contains(&name.as_str()) || OPTIONAL.contains(&name.as_str());
    fields.keys().filter(move |name| !is_known(name)).map(String::as_str)
}

/// What is wrong with an item as a whole; its id goes without saying.
pub(super) fn problems(fields: &Fields) -> Vec<String> {
    let missing = REQUIRED.into_iter().filter(|name| text(fields, name).is_none());
    let mut problems: Vec<String> = missing.map(|name| format!("{MISSING}: {name}")).collect();
    if image(fields).is_none() {
        problems.push(format!("{MISSING}: image_link"));
    }
    problems.extend(wrong_values(fields));
    problems
}

fn wrong_values(fields: &Fields) -> impl Iterator<Item = String> {
    let price = text(fields, "price").and_then(price);
    let sale = text(fields, "sale_price").and_then(self::price);
    let is_https = |name| text(fields, name).is_none_or(|link| link.starts_with("https://"));
    let title = text(fields, "title").unwrap_or_default();
    let has_words = title.chars().any(char::is_lowercase) || !title.chars().any(char::is_uppercase);
    let checks = [
        (has_one_of(fields, "availability", &AVAILABILITIES), "availability: no such value"),
        (has_one_of(fields, "condition", &["new", "refurbished", "used"]), "condition: no such value"),
        (is_empty(fields, "price") || price.is_some(), "price: write 29.90 USD"),
        (price.is_none_or(|(minor, _)| minor > 0), "ITEM_PRICE_NOT_POSITIVE"),
        (is_empty(fields, "sale_price") || sale.is_some(), "sale_price: write 29.90 USD"),
        (sale.is_none_or(|(sale, _)| price.is_some_and(|(full, _)| sale < full)), "INVALID_SALE_PRICE"),
        (is_https("link") && is_https("image_link"), "a link is a full https address"),
        (title.chars().count() <= 200, "PROPERTY_VALUE_STRING_EXCEEDS_LENGTH: title"),
        (has_words, "PROPERTY_VALUE_UPPERCASE: title"),
        (!["title", "description"].iter().any(|name| has_html(fields, name)), "PROPERTY_VALUE_CONTAINS_HTML_TAGS"),
    ];
    checks.into_iter().filter(|(is_right, _)| !is_right).map(|(_, problem)| problem.to_owned())
}

fn has_one_of(fields: &Fields, name: &str, values: &[&str]) -> bool {
    text(fields, name).is_none_or(|value| values.contains(&value))
}

fn is_empty(fields: &Fields, name: &str) -> bool {
    text(fields, name).is_none()
}

fn has_html(fields: &Fields, name: &str) -> bool {
    text(fields, name).is_some_and(|text| text.contains("</") || text.contains("/>"))
}

/// A field that says something, as text.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The address of the main picture.
pub(super) fn image(fields: &Fields) -> Option<&str> {
    let of_list = || fields.get("image")?.as_array()?.first()?.get("url")?.as_str();
    of_list().or_else(|| text(fields, "image_link"))
}

/// `29.90 USD` in hundredths, with the currency.
pub(super) fn price(text: &str) -> Option<(i64, &str)> {
    let (amount, currency) = text.split_once(' ')?;
    if currency.len() != 3 || !currency.chars().all(|letter| letter.is_ascii_uppercase()) {
        return None;
    }
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 3 {
        return None;
    }
    let hundredths: i64 = format!("{part:0<2}").get(..2)?.parse().ok()?;
    Some((whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(hundredths)?, currency))
}

/// `known` with what is new in `written`; what is written empty is taken away.
pub(super) fn merged(mut known: Fields, written: &Fields) -> Fields {
    for (name, value) in written {
        match value {
            Value::Null => _ = known.remove(name),
            Value::String(text) if text.is_empty() => _ = known.remove(name),
            Value::Array(list) if list.is_empty() => _ = known.remove(name),
            value => _ = known.insert(name.clone(), value.clone()),
        }
    }
    known
}

/// Whether the difference between two states of an item asks for another review.
pub(super) fn is_reviewed_anew(before: &Fields, after: &Fields) -> bool {
    let differs = |name: &String| !NOT_REVIEWED.contains(&name.as_str()) && before.get(name) != after.get(name);
    before.keys().chain(after.keys()).any(differs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::samples::sample;

    fn fields(of: Value) -> Fields {
        of.as_object().unwrap().clone()
    }

    fn shirt() -> Fields {
        fields(sample("graph/items_batch_request_create.json")["requests"][0]["data"].clone())
    }

    #[test]
    fn the_documented_item_is_right_and_known() {
        assert_eq!(problems(&shirt()), Vec::<String>::new());
        assert_eq!(unknown(&shirt()).count(), 0);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (change, problem) in [
            (serde_json::json!({"price": null}), "Required field missing: price"),
            (serde_json::json!({"image_link": ""}), "Required field missing: image_link"),
            (serde_json::json!({"price": "$29.90"}), "price: write 29.90 USD"),
            (serde_json::json!({"price": "0.00 USD"}), "ITEM_PRICE_NOT_POSITIVE"),
            (serde_json::json!({"sale_price": "29.90 USD"}), "INVALID_SALE_PRICE"),
            (serde_json::json!({"availability": "In Stock"}), "availability: no such value"),
            (serde_json::json!({"title": "BLUE SHIRT"}), "PROPERTY_VALUE_UPPERCASE: title"),
            (serde_json::json!({"description": "<b>Blue</b>"}), "PROPERTY_VALUE_CONTAINS_HTML_TAGS"),
            (serde_json::json!({"link": "http://shop.example"}), "a link is a full https address"),
        ] {
            assert_eq!(problems(&merged(shirt(), &fields(change))), [problem]);
        }
    }

    #[test]
    fn prices_are_read_as_written() {
        for (text, read) in [
            ("29.90 USD", Some((2990, "USD"))),
            ("29.9 USD", Some((2990, "USD"))),
            ("500 JPY", Some((50_000, "JPY"))),
            ("1.234 KWD", Some((123, "KWD"))),
            ("29,90 USD", None),
            ("29.90 usd", None),
            ("USD 29.90", None),
            (".5 USD", None),
        ] {
            assert_eq!(price(text), read, "{text}");
        }
    }

    #[test]
    fn a_change_of_price_or_stock_is_not_reviewed() {
        let changed = |change| is_reviewed_anew(&shirt(), &merged(shirt(), &fields(change)));
        assert!(!changed(serde_json::json!({"price": "27.50 USD", "availability": "out of stock"})));
        assert!(changed(serde_json::json!({"title": "Red linen shirt"})));
    }
}
