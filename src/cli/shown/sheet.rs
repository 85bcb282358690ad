//! One thing with all that is known of it: a line a member, and a table for each list within.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::{Screen, aligned, amount, clean_lines, minute, rows, text_of};

/// All that a thing has, some of it first, in this order. What is new in a later version is shown as well.
pub(in crate::cli) fn sheet(screen: Screen, thing: &Value, first: &[&str]) -> String {
    let mut lines = Vec::new();
    let mut lists = Vec::new();
    for (name, value) in in_order(thing, first) {
        take(&mut lines, &mut lists, &name, value);
    }
    let width = lines.iter().map(|(name, _): &(String, String)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in lines {
        let mut value = value.lines();
        let _ = writeln!(text, "  {name:<width$}  {}", value.next().unwrap_or_default());
        value.for_each(|line| {
            let _ = writeln!(text, "  {:<width$}  {line}", "");
        });
    }
    for (name, list) in lists {
        let _ = write!(text, "\n{}\n{}", screen.bold(&capital(&name)), table_of(screen, list));
    }
    text
}

fn take<'a>(lines: &mut Vec<(String, String)>, lists: &mut Vec<(String, &'a Value)>, name: &str, value: &'a Value) {
    match value {
        Value::Object(members) if amount(value).is_none() => {
            for (member, value) in members {
                take(lines, lists, &format!("{name} {}", spaced(member)), value);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => lists.push((name.to_owned(), value)),
        value => lines.push((name.to_owned(), shown(name, value))),
    }
}

/// Members in the order in which people look for them.
fn in_order<'a>(thing: &'a Value, first: &[&str]) -> Vec<(String, &'a Value)> {
    let members: BTreeMap<&str, &Value> =
        thing.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect();
    let named = first.iter().filter_map(|name| Some((*name, *members.get(name)?)));
    let others = members.iter().filter(|(name, _)| !first.contains(name)).map(|(name, value)| (*name, *value));
    named.chain(others).map(|(name, value)| (spaced(name), value)).collect()
}

/// A list of things as a table of all that they have.
fn table_of(screen: Screen, list: &Value) -> String {
    let things = rows(list);
    let mut names: Vec<&str> = Vec::new();
    for name in things.iter().filter_map(|thing| thing.as_object()).flat_map(|members| members.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    // What a thing is called comes before what is said of it.
    names.sort_by_key(|name| !matches!(*name, "id" | "name" | "row" | "line" | "family" | "cause" | "code"));
    let lines = things.iter().map(|thing| names.iter().map(|name| shown(name, &thing[*name])).collect());
    let mut all = vec![names.iter().map(|name| spaced(name).to_uppercase()).collect()];
    all.extend(lines);
    aligned(screen, &vec![""; names.len()], all)
}

/// A value under its name: times are known by it.
fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if is_time(name, text) => minute(value) + " UTC",
        Value::String(text) => clean_lines(text),
        value => text_of(value),
    }
}

fn is_time(name: &str, text: &str) -> bool {
    let is_named_so = ["at", "since", "until", "before"].iter().any(|end| name.ends_with(end));
    is_named_so && text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

fn spaced(name: &str) -> String {
    super::clean(&name.replace('_', " "))
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sheet_shows_all_there_is_with_the_first_things_first() {
        let thing = json!({
            "stage": "new",
            "id": 7,
            "contact": { "phone": "+1", "email": null },
            "at": "2026-10-01T12:00:00.123Z",
            "words": "one\ntwo\u{7}",
            "rows": [{ "code": "bad_price", "row": 3 }, { "row": 4, "detail": "x" }],
        });
        let shown = sheet(Screen::pipe(), &thing, &["id", "stage", "gone"]);
        let wanted = "  id             7\n  stage          new\n  at             2026-10-01 12:00 UTC\n  contact email  -\n  \
                      contact phone  +1\n  words          one\n                 two\\u{7}\n\nRows\n  CODE       ROW  DETAIL\n  \
                      bad_price  3    -\n  -          4    x\n";
        assert_eq!(shown, wanted);
    }
}
