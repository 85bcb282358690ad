//! Bodies as Meta sends them, and what the sandbox's own bodies are compared by.

use std::collections::BTreeSet;

use serde_json::Value;

/// A sample by its path below `tests/samples`.
pub(super) fn sample(path: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(path);
    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
}

/// Every path of keys in a body with the kind of value it leads to: its shape.
pub(super) fn key_paths(body: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    collect(body, String::new(), &mut paths);
    paths
}

fn collect(value: &Value, path: String, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| collect(value, format!("{path}.{key}"), paths));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, format!("{path}[]"), paths)),
        Value::String(_) => _ = paths.insert(format!("{path}: text")),
        Value::Number(_) => _ = paths.insert(format!("{path}: number")),
        Value::Bool(_) => _ = paths.insert(format!("{path}: bool")),
        Value::Null => _ = paths.insert(format!("{path}: null")),
    }
}
