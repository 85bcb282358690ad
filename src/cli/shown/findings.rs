//! What was looked at and how it is: a line each, and one more for what to do.

use serde_json::Value;

use super::{Column, Screen, aligned, exact, number, table, text, text_of};

const COLUMNS: &[Column] = &[
    exact("CHECK", "/name"),
    exact("LIGHT", "/light"),
    number("MS", "/milliseconds"),
    text("FOUND", "/sentence"),
    text("FIX", "/fix"),
];

/// Findings, as people and as programs read them.
pub(in crate::cli) fn findings(screen: Screen, found: &[&Value]) -> String {
    if !screen.is_terminal() {
        return table(screen, COLUMNS, found.iter().copied());
    }
    let lines = found.iter().flat_map(|finding| {
        let of = |name: &str| text_of(&finding[name]);
        let took = finding["milliseconds"].as_u64().map_or_else(String::new, |took| took.to_string());
        let told = vec![of("name").replace('_', " "), of("light"), took, of("sentence")];
        let fix = finding["fix"].as_str().map(|_| {
            let nothing = String::new();
            vec![nothing.clone(), nothing.clone(), nothing, format!("-> {}", of("fix"))]
        });
        [Some(told), fix].into_iter().flatten()
    });
    aligned(screen, &["CHECK", "LIGHT", ">MS", "FOUND"], lines.collect())
}
