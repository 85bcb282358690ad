//! An item as it is read: other names than it is written with, a price with a symbol, and what the review said.

use serde_json::{Value, json};

use super::item::{self, Fields};
use super::state::{Item, Verdict};
use crate::sandbox::fields::Field;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;

/// What reading an item needs beside it.
pub(super) struct Shown<'a> {
    pub(super) catalog: &'a str,
    pub(super) sku: &'a str,
    pub(super) item: &'a Item,
    pub(super) fields: &'a Fields,
    pub(super) verdict: Verdict,
    pub(super) has_broken_image: bool,
}

/// What is read under the name it was written with.
const SAME: [&str; 20] = [
    "age_group",
    "availability",
    "brand",
    "color",
    "condition",
    "custom_label_0",
    "custom_label_1",
    "custom_label_2",
    "custom_label_3",
    "custom_label_4",
    "description",
    "gender",
    "google_product_category",
    "gtin",
    "inventory",
    "material",
    "pattern",
    "product_type",
    "quantity_to_sell_on_facebook",
    "size",
];

impl Shown<'_> {
    /// The item with the fields asked for. Meta leaves out what there is none of.
    pub(super) fn with(&self, asked: Option<&[Field]>) -> Result<Value, No> {
        let usual = ["retailer_id", "name"];
        let names: Vec<&str> = match asked {
            Some(asked) => asked.iter().map(|field| field.name.as_str()).collect(),
            None => usual.to_vec(),
        };
        let mut shown = serde_json::Map::from_iter([("id".to_owned(), self.item.id.to_string().into())]);
        for name in names {
            match self.field(name)? {
                Value::Null => {}
                value => _ = shown.insert(name.to_owned(), value),
            }
        }
        Ok(shown.into())
    }

    /// One field; null where there is none of it.
    pub(super) fn field(&self, name: &str) -> Result<Value, No> {
        let written = |name: &str| self.fields.get(name).cloned().unwrap_or_default();
        Ok(match name {
            "id" => self.item.id.to_string().into(),
            "retailer_id" => self.sku.into(),
            "name" => written("title"),
            "url" => written("link"),
            "image_url" => item::image(self.fields).into(),
            "additional_image_urls" => self.further_images(),
            "retailer_product_group_id" => written("item_group_id"),
            "price" | "sale_price" => item::text(self.fields, name).and_then(item::price).map(with_symbol).into(),
            "currency" => item::text(self.fields, "price").and_then(item::price).map(|(_, currency)| currency).into(),
            "visibility" => self.visibility().into(),
            "review_status" => self.verdict.word().into(),
            "review_rejection_reasons" => self.verdict.reason().map(|reason| json!([reason])).into(),
            "capability_to_review_status" => self.by_surface(),
            "image_fetch_status" => self.image_status().into(),
            "errors" => self.errors(),
            "product_catalog" => json!({ "id": self.catalog }),
            name if SAME.contains(&name) => written(name),
            name => return Err(No::wrong(Refusal::InvalidParameter, format!("there is no field {name}"))),
        })
    }

    fn further_images(&self) -> Value {
        match self.fields.get("image").and_then(Value::as_array) {
            Some(images) => images.iter().skip(1).filter_map(|image| image.get("url")).cloned().collect(),
            None => match self.fields.get("additional_image_link") {
                Some(Value::String(joined)) => joined.split(',').collect(),
                given => given.cloned().unwrap_or_default(),
            },
        }
    }

    fn visibility(&self) -> &'static str {
        let is_put_away = item::text(self.fields, "status") == Some("archived");
        let is_staged = item::text(self.fields, "visibility").is_some_and(|visibility| visibility != "published");
        if is_put_away || is_staged { "staging" } else { "published" }
    }

    fn by_surface(&self) -> Value {
        let status = self.verdict.word().to_uppercase();
        let status = |key: &str| json!({"key": key, "value": status});
        ["shops", "ig_product_tagging"].map(status).to_vec().into()
    }

    fn image_status(&self) -> &'static str {
        match (self.has_broken_image, &self.verdict) {
            (true, _) => "FETCH_FAILED",
            (false, Verdict::Pending) => "NO_STATUS",
            (false, _) => "FETCHED",
        }
    }

    fn errors(&self) -> Value {
        let error = |title: &str, description: &str, kind: &str| json!({"title": title, "description": description, "error_type": kind, "error_priority": "HIGH"});
        let broken = || {
            let kind = "IMAGE_FETCH_FAILED_LINK_BROKEN";
            error("Image could not be downloaded", "Check the image link", kind)
        };
        let rejected = || {
            let kind = "PRODUCT_NOT_APPROVED";
            error("This item was not approved", "It does not comply with the commerce policies", kind)
        };
        let broken = self.has_broken_image.then(broken);
        let errors: Vec<Value> = broken.into_iter().chain(self.verdict.reason().map(|_| rejected())).collect();
        if errors.is_empty() { Value::Null } else { errors.into() }
    }
}

/// `$1,299.00`, or `AED30.00` where there is no symbol.
fn with_symbol((hundredths, currency): (i64, &str)) -> String {
    let symbol = match currency {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "INR" => "₹",
        "BRL" => "R$",
        code => code,
    };
    let digits = (hundredths / 100).to_string();
    let mut whole = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            whole.push(',');
        }
        whole.push(digit);
    }
    format!("{symbol}{whole}.{:02}", hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_shown_with_a_symbol_and_in_thousands() {
        for (price, shown) in [
            ((2990, "USD"), "$29.90"),
            ((3000, "AED"), "AED30.00"),
            ((129_900_005, "EUR"), "€1,299,000.05"),
            ((99, "USD"), "$0.99"),
        ] {
            assert_eq!(with_symbol(price), shown);
        }
    }
}
