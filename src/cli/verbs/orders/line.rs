//! A line of an order as it is typed: `2 SHIRT SHIRT-BLU-M +gift`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is wanted, by SKU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    product: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    #[serde(default)]
    modifiers: Vec<String>,
    #[serde(default = "one")]
    quantity: u32,
}

fn one() -> u32 {
    1
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map_err(|error| error.to_string());
        }
        let (modifiers, mut words): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| word.starts_with('+') && word.len() > 1);
        let quantity = match words.as_slice() {
            // A word alone is a product, also where it is a number.
            [first, _, ..] => first.parse().ok(),
            _ => None,
        };
        if quantity.is_some() {
            words.remove(0);
        }
        let (product, variant) = match words.as_slice() {
            [product] => (*product, None),
            [product, variant] => (*product, Some((*variant).to_owned())),
            _ => return Err("a line is \"[QUANTITY] PRODUCT [VARIANT] [+MODIFIER]...\", as \"2 APRON\"".to_owned()),
        };
        let modifiers = modifiers.into_iter().map(|word| word[1..].to_owned()).collect();
        Ok(Self { product: product.to_owned(), variant, modifiers, quantity: quantity.unwrap_or(1) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_said() {
        for (text, wanted) in [
            ("APRON", json!({ "product": "APRON", "modifiers": [], "quantity": 1 })),
            ("42", json!({ "product": "42", "modifiers": [], "quantity": 1 })),
            ("3 42", json!({ "product": "42", "modifiers": [], "quantity": 3 })),
            ("SHIRT S-M", json!({ "product": "SHIRT", "variant": "S-M", "modifiers": [], "quantity": 1 })),
            (
                " 2 SHIRT S-M +gift +card",
                json!({ "product": "SHIRT", "variant": "S-M", "modifiers": ["gift", "card"], "quantity": 2 }),
            ),
            (r#"{"product":"a b","quantity":2}"#, json!({ "product": "a b", "modifiers": [], "quantity": 2 })),
        ] {
            assert_eq!(json!(text.parse::<Line>().unwrap()), wanted, "{text}");
        }
        for wrong in ["", "+gift", "2 A B C", r#"{"product":7}"#, r#"{"product":"a","price":1}"#] {
            assert!(wrong.parse::<Line>().is_err(), "{wrong}");
        }
    }
}
