//! A conversation as people read it: who it is with, what is to be looked at, and what was said, day by day.

use std::fmt::Write;

use serde_json::Value;

use super::name_of;
use crate::cli::service::Rows;
use crate::cli::shown::{Screen, aligned, clean, clean_lines, minute, rows, text_of};

/// The whole of it, the newest below.
pub(super) fn transcript(screen: Screen, conversation: &Value, said: &Rows) -> String {
    let customer = &conversation["customer"];
    let name = name_of(customer);
    let mut text = head(screen, conversation, &name);
    if let Some(next) = &said.next {
        let _ = writeln!(text, "\nThere is more before this: --after {} shows it.", clean(next));
    }
    let mut messages: Vec<&Value> = said.rows.iter().collect();
    // Pages come newest first, or oldest first from an older service.
    messages.sort_by_key(|message| (message["at"].as_str().unwrap_or_default(), message["id"].as_i64()));
    for day in messages.chunk_by(|one, other| day_of(one) == day_of(other)) {
        let _ = write!(text, "\n{}\n", screen.faint(&day_of(day[0])));
        let lines = day.iter().map(|message| {
            let time = minute(&message["at"]).chars().skip(11).collect();
            vec![time, author(message, &name), words(message), state(message)]
        });
        text.push_str(&aligned(screen, &["", "", "", ""], lines.collect()));
    }
    if messages.is_empty() {
        text.push_str("\nNothing was said yet.\n");
    }
    text
}

fn head(screen: Screen, conversation: &Value, name: &str) -> String {
    let title = format!("Conversation {} with {name}", text_of(&conversation["id"]));
    let mut text = format!("{}\n", screen.bold(&title));
    let customer = &conversation["customer"];
    let there = |value: &Value| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Array(list) if list.is_empty() => None,
        value => Some(text_of(value)),
    };
    let closes = there(&conversation["window_closes_at"]).map(|_| minute(&conversation["window_closes_at"]) + " UTC");
    let people = ["people_only", "in_other_hands"].iter().any(|name| conversation[*name] == true);
    for (label, value) in [
        ("account", there(&conversation["account"])),
        ("customer", there(&customer["id"])),
        ("phone", there(&customer["contact"]["phone"])),
        ("e-mail", there(&customer["contact"]["email"])),
        ("address", there(&customer["contact"]["address"])),
        ("labels", there(&conversation["labels"])),
        ("given to", there(&conversation["assignee"])),
        ("answered by", people.then(|| "people only".to_owned())),
        ("put away", there(&conversation["archived"])),
        ("unread", there(&conversation["unread"]).filter(|unread| unread != "0")),
        ("free words until", closes),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {label:<16}  {value}");
        }
    }
    for look in rows(&conversation["needs_look"]) {
        let _ = writeln!(text, "  ! {}: {}", text_of(&look["cause"]), text_of(&look["sentence"]));
    }
    text
}

fn day_of(message: &Value) -> String {
    minute(&message["at"]).chars().take(10).collect()
}

fn author(message: &Value, customer: &str) -> String {
    match message["author"].as_str().unwrap_or_default() {
        "customer" => customer.to_owned(),
        "bot" => "the shop".to_owned(),
        other => clean(other),
    }
}

fn words(message: &Value) -> String {
    let mut parts = Vec::new();
    parts.extend(message["text"].as_str().map(clean_lines));
    parts.extend(rows(&message["attachments"]).into_iter().map(|kind| {
        let kind = if kind.is_object() { &kind["kind"] } else { kind };
        format!("[{}]", text_of(kind))
    }));
    for wish in rows(&message["wishes"]) {
        parts.push(format!("[picked {}]", text_of(&wish["product"])));
    }
    let reactions = rows(&message["reactions"]).into_iter().map(|reaction| text_of(&reaction["emoji"]));
    parts.extend(reactions.map(|emoji| format!("({emoji})")));
    if parts.is_empty() {
        parts.extend(message["payload"].as_str().map(|payload| format!("[tapped {}]", clean(payload))));
    }
    parts.join("\n")
}

fn state(message: &Value) -> String {
    let state = match message["state"].as_str() {
        // What came in, and what surely went out, needs no word.
        None | Some("received" | "confirmed") => None,
        Some(state) => Some(clean(state)),
    };
    let marks = [("edited", "edited"), ("unsent", "taken back")];
    let marks = marks.iter().filter(|(name, _)| message[*name] == true).map(|(_, word)| (*word).to_owned());
    let failure = message["failure"].as_str().map(clean);
    marks.chain(state).chain(failure).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_conversation_is_read_from_above() {
        let conversation = json!({
            "id": 5, "account": "instagram:1", "unread": 1, "labels": ["vip"], "assignee": null,
            "customer": { "id": 3, "name": "Ada", "contact": { "phone": "+1555" } },
            "needs_look": [{ "cause": "unsure", "sentence": "Read it." }],
            "window_closes_at": "2026-10-02T12:00:00Z",
        });
        let message = |id: i64, at: &str, author: &str, text: &str, state: &str| json!({ "id": id, "at": at, "author": author, "text": text, "state": state });
        let mut picture = message(9, "2026-10-02T08:00:00Z", "customer", "", "received");
        picture["text"] = Value::Null;
        picture["attachments"] = json!(["image"]);
        let said = Rows {
            text: String::new(),
            rows: vec![
                picture,
                message(8, "2026-10-01T12:00:05Z", "bot", "Which size?\nS or M?", "read"),
                message(7, "2026-10-01T12:00:00Z", "customer", "a shirt \u{1b}[2J", "received"),
            ],
            next: None,
        };
        let wanted = "\
Conversation 5 with Ada
  account           instagram:1
  customer          3
  phone             +1555
  labels            vip
  unread            1
  free words until  2026-10-02 12:00 UTC
  ! unsure: Read it.

2026-10-01
  12:00  Ada       a shirt \\u{1b}[2J
  12:00  the shop  Which size?        read
                   S or M?

2026-10-02
  08:00  Ada  [image]
";
        assert_eq!(transcript(Screen::terminal(80), &conversation, &said), wanted);
    }
}
