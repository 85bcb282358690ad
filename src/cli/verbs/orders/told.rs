//! Orders as people read them.

use std::fmt::Write;

use serde_json::Value;

use crate::cli::shown::{Screen, aligned, clean_line, minute, rows, text_of};

/// `2 x Linen Shirt (Blue, M), 1 x Canvas Apron`
pub(super) fn what(order: &Value) -> String {
    let lines = rows(&order["lines"]).into_iter();
    lines.map(|line| format!("{} x {}", text_of(&line["quantity"]), label(line))).collect::<Vec<_>>().join(", ")
}

/// `Linen Shirt (Blue, M) + gift`
fn label(line: &Value) -> String {
    let mut label = text_of(&line["title"]);
    let options: Vec<String> = rows(&line["options"]).iter().map(|option| text_of(&option["value"])).collect();
    if !options.is_empty() {
        let _ = write!(label, " ({})", options.join(", "));
    }
    for modifier in rows(&line["modifiers"]) {
        let _ = write!(label, " + {}", text_of(modifier));
    }
    label
}

/// An order with its lines, and the words that led to each.
pub(super) fn order(screen: Screen, order: &Value) -> String {
    let head = format!("Order {}, {}", text_of(&order["id"]), text_of(&order["state"]));
    let mut text = format!("{}\n", screen.bold(&head));
    let sure = order["confidence"].as_f64().map_or("-".to_owned(), |sure| format!("{:.0} %", sure * 100.0));
    let opened = format!("{} UTC", minute(&order["opened_at"]));
    let when = |name: &str| Some(&order[name]).filter(|at| at.is_string()).map(|at| format!("{} UTC", minute(at)));
    let contact = |name: &str| order["contact"][name].as_str().map(clean_line);
    let known = [
        ("customer", Some(format!("{} on {}", text_of(&order["customer"]), text_of(&order["channel"])))),
        ("conversation", Some(text_of(&order["conversation"]))),
        ("phone", contact("phone")),
        ("e-mail", contact("email")),
        ("address", contact("address")),
        ("opened", Some(opened)),
        ("confirmed", when("confirmed_at")),
        ("cancelled", when("cancelled_at")),
        ("fulfilled", when("fulfilled_at")),
        ("sure", Some(sure)),
        ("by hand", order["by_hand"].as_bool().filter(|by_hand| *by_hand).map(|_| "yes".to_owned())),
        ("version", Some(&order["version"]).filter(|version| version.is_i64()).map(text_of)),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name:<12}  {value}");
        }
    }
    text.push('\n');
    text.push_str(&lines(screen, order));
    text.push_str(&evidence(screen, order));
    text
}

fn lines(screen: Screen, order: &Value) -> String {
    let lines = rows(&order["lines"]);
    if lines.is_empty() {
        return "It has no lines yet.\n".to_owned();
    }
    let mut shown: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let sku = if line["variant"].is_null() { &line["product"] } else { &line["variant"] };
            let (each, total) = (text_of(&line["unit_price"]), text_of(&line["total"]));
            vec![text_of(&line["quantity"]), label(line), text_of(sku), each, total]
        })
        .collect();
    let empty = String::new;
    shown.push(vec![empty(), empty(), empty(), "together".to_owned(), text_of(&order["total"])]);
    aligned(screen, &[">QUANTITY", "WHAT", "SKU", ">EACH", ">TOTAL"], shown)
}

fn evidence(screen: Screen, order: &Value) -> String {
    let mut said = Vec::new();
    for line in rows(&order["lines"]) {
        for words in rows(&line["evidence"]) {
            let quoted = format!("\"{}\"", clean_line(words["words"].as_str().unwrap_or_default()));
            said.push(vec![label(line), quoted, text_of(&words["for"]), text_of(&words["message"])]);
        }
    }
    match said.is_empty() {
        true => String::new(),
        false => format!("\n{}", aligned(screen, &["LINE", "BECAUSE OF THE WORDS", "TAKEN FOR", ">MESSAGE"], said)),
    }
}

/// What an edit has changed, in short.
pub(super) fn edit(change: &Value) -> String {
    let edit = &change["edit"];
    let mut told = Vec::new();
    if let Some(lines) = edit["lines"].as_object() {
        let count = |name: &str| lines.get(name).map_or("-".to_owned(), text_of);
        let (before, after) = (count("total_before"), count("total_after"));
        told.push(format!("{} -> {} lines, {before} -> {after}", count("before"), count("after")));
    }
    told.extend(rows(&edit["contact"]).into_iter().map(|name| format!("another {}", text_of(name))));
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_shows_its_lines_and_why_they_are_there() {
        let money = |amount: &str| json!({ "amount": amount, "currency": "USD" });
        let it = json!({
            "id": 12, "state": "draft", "customer": 3, "channel": "instagram", "conversation": 5,
            "contact": { "phone": "+1555", "email": null, "address": null },
            "opened_at": "2026-10-01T12:00:30Z", "confirmed_at": null, "confidence": 0.98, "version": 4,
            "total": money("59.80"),
            "lines": [{
                "product": "SHIRT", "variant": "SHIRT-BLU-M", "title": "Linen Shirt", "modifiers": ["gift"],
                "options": [{ "name": "Color", "value": "Blue" }, { "name": "Size", "value": "M" }],
                "quantity": 2, "unit_price": money("29.90"), "total": money("59.80"),
                "evidence": [{ "message": 7, "words": "Two", "for": "quantity" }],
            }],
        });
        assert_eq!(what(&it), "2 x Linen Shirt (Blue, M) + gift");
        let wanted = "\
Order 12, draft
  customer      3 on instagram
  conversation  5
  phone         +1555
  opened        2026-10-01 12:00 UTC
  sure          98 %
  version       4

  QUANTITY  WHAT                          SKU               EACH      TOTAL
         2  Linen Shirt (Blue, M) + gift  SHIRT-BLU-M  29.90 USD  59.80 USD
                                                        together  59.80 USD

  LINE                          BECAUSE OF THE WORDS  TAKEN FOR  MESSAGE
  Linen Shirt (Blue, M) + gift  \"Two\"                 quantity         7
";
        assert_eq!(order(Screen::terminal(100), &it), wanted);
    }

    #[test]
    fn an_edit_is_told_in_short() {
        let change =
            json!({ "edit": { "lines": { "before": 1, "after": 2, "total_after": null }, "contact": ["phone"] } });
        assert_eq!(edit(&change), "1 -> 2 lines, - -> -, another phone");
        assert_eq!(edit(&json!({ "what": "confirmed" })), "");
    }
}
