//! What a button stands for: the payloads of our own quick replies, and those of sellers' tools that we understand.
//!
//! A payload is a customer's input like any other words: it says which order it was made for, and whoever acts on it
//! checks that against the conversation it came in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draft::Missing;
use super::ids::OrderId;
use super::order::Order;

/// Opens our own payloads; the number is the version of what follows.
const OURS: &str = "hawker:1:";
/// Meta takes payloads of so many characters, titles of so many, and so many quick replies.
const PAYLOAD_LIMIT: usize = 1000;
const TITLE_LIMIT: usize = 20;
const MOST_REPLIES: usize = 13;

/// What somebody wants who taps a button, or answers our question in words that mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Button {
    /// This order, as it was summed up.
    Confirm {
        /// The order.
        order: OrderId,
        /// What was summed up: [`super::draft::print`] of the lines.
        print: String,
    },
    /// This order no more.
    Cancel {
        /// The order.
        order: OrderId,
    },
    /// This value for an option of a line.
    Choose {
        /// The order.
        order: OrderId,
        /// The line's product.
        product: String,
        /// The options the line had when it was asked for.
        with: Vec<(String, String)>,
        /// The option.
        name: String,
        /// Its value.
        value: String,
    },
    /// Whatever is in the draft: a seller's own `CONFIRM`.
    Agree,
    /// Nothing: a seller's own `CANCEL`.
    Withdraw,
    /// So many of a product: a seller's own `ORDER:<sku>:<quantity>`.
    Order {
        /// Meta's product item id, or the seller's SKU.
        product: String,
        /// How many.
        quantity: u32,
    },
}

/// A button beneath a message of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuickReply {
    /// What it says.
    pub title: String,
    /// What comes back when it is tapped.
    pub payload: String,
}

impl Button {
    /// What a payload stands for; none for those of others, which are kept and nothing more.
    pub fn read(payload: &str) -> Option<Self> {
        let payload = payload.trim();
        if let Some(ours) = payload.strip_prefix(OURS) {
            return serde_json::from_str(ours).ok();
        }
        if payload.eq_ignore_ascii_case("confirm") {
            return Some(Button::Agree);
        }
        if payload.eq_ignore_ascii_case("cancel") {
            return Some(Button::Withdraw);
        }
        // A SKU may hold colons, a quantity never does.
        let (product, quantity) = payload.strip_prefix("ORDER:")?.rsplit_once(':')?;
        let quantity = quantity.parse().ok().filter(|quantity| *quantity > 0)?;
        (!product.is_empty()).then(|| Button::Order { product: product.to_owned(), quantity })
    }

    /// As a payload.
    fn payload(&self) -> String {
        let json = serde_json::to_string(self).expect("texts and numbers are always JSON");
        format!("{OURS}{json}")
    }

    /// The order it was made for, where it says.
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Button::Confirm { order, .. } | Button::Cancel { order } | Button::Choose { order, .. } => Some(*order),
            Button::Agree | Button::Withdraw | Button::Order { .. } => None,
        }
    }

    /// True when an order is not wanted any more.
    pub fn cancels(&self) -> bool {
        matches!(self, Button::Cancel { .. } | Button::Withdraw)
    }
}

/// The buttons for the first option that is missing.
pub fn choices(order: &Order, missing: &[Missing]) -> Vec<(String, Button)> {
    let option = missing.iter().find_map(|need| match need {
        Missing::Option { product, with, name, choices, .. } => Some((product, with, name, choices)),
        _ => None,
    });
    let Some((product, with, name, choices)) = option else { return Vec::new() };
    let choose = |value: &String| Button::Choose {
        order: order.id,
        product: product.clone(),
        with: with.clone(),
        name: name.clone(),
        value: value.clone(),
    };
    choices.iter().map(|value| (value.clone(), choose(value))).collect()
}

/// As quick replies: those that Meta takes, or none when two would look the same.
pub fn quick_replies(buttons: &[(String, Button)]) -> Vec<QuickReply> {
    let reply = |(title, button): &(String, Button)| QuickReply { title: short(title), payload: button.payload() };
    let replies: Vec<QuickReply> = buttons.iter().take(MOST_REPLIES).map(reply).collect();
    let alike = |place: usize| replies[..place].iter().any(|other| other.title == replies[place].title);
    let fits = |reply: &QuickReply| reply.payload.chars().count() <= PAYLOAD_LIMIT && !reply.title.is_empty();
    match replies.iter().all(fits) && !(0..replies.len()).any(alike) {
        true => replies,
        false => Vec::new(),
    }
}

fn short(title: &str) -> String {
    match title.chars().count() > TITLE_LIMIT {
        true => title.chars().take(TITLE_LIMIT - 1).chain(['…']).collect(),
        false => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choose(value: &str) -> Button {
        let with = vec![("Color".to_owned(), "Blue: \"sky\"".to_owned())];
        let (product, name) = ("LIN:1".to_owned(), "Size".to_owned());
        Button::Choose { order: OrderId(7), product, with, name, value: value.to_owned() }
    }

    #[test]
    fn a_payload_of_ours_comes_back_as_it_went() {
        for button in [
            Button::Confirm { order: OrderId(7), print: "00ff".into() },
            Button::Cancel { order: OrderId(7) },
            choose("M"),
        ] {
            assert_eq!(Button::read(&button.payload()), Some(button));
        }
    }

    #[test]
    fn payloads_of_sellers_tools_are_understood_and_others_are_not() {
        let order = |product: &str, quantity| Some(Button::Order { product: product.into(), quantity });
        for (payload, expected) in [
            ("CONFIRM", Some(Button::Agree)),
            (" cancel ", Some(Button::Withdraw)),
            ("ORDER:APRON:2", order("APRON", 2)),
            ("ORDER:a:b:12", order("a:b", 12)),
            ("ORDER:APRON:0", None),
            ("ORDER:APRON:-1", None),
            ("ORDER:APRON:99999999999", None),
            ("ORDER:APRON", None),
            ("ORDER::2", None),
            ("ORDER_CONFIRM:ord_7f3a", None),
            ("hawker:2:{}", None),
            ("hawker:1:{\"do\":\"confirm\"}", None),
            ("hawker:1:{\"do\":\"drop\",\"order\":7}", None),
            ("", None),
        ] {
            assert_eq!(Button::read(payload), expected, "{payload}");
        }
    }

    #[test]
    fn quick_replies_are_within_metas_limits_or_none() {
        let many: Vec<_> = (0..20).map(|n| (format!("Size {n}"), choose(&n.to_string()))).collect();
        assert_eq!(quick_replies(&many).len(), 13);
        let long = [("A very long name of a value".to_owned(), choose("x"))];
        assert_eq!(quick_replies(&long)[0].title, "A very long name of…");
        let alike = ["A very long name of a value", "A very long name of another value"];
        assert!(quick_replies(&alike.map(|title| (title.to_owned(), choose(title)))).is_empty());
        assert!(quick_replies(&[("M".to_owned(), choose(&"é".repeat(1000)))]).is_empty());
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_fall(payload in ".{0,60}", tail in "[a-z0-9:\"{}]{0,40}") {
            let _ = (Button::read(&payload), Button::read(&format!("hawker:1:{tail}")), Button::read(&format!("ORDER:{tail}")));
        }
    }
}
